/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instruction sets that the module offers to chimera --decode. */
#ifndef TARGETS_ARM_ISA_H
#define TARGETS_ARM_ISA_H

#include "core/isa.h"

extern const IsaInfo arm_isa_aarch64;

#endif
