/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the translators of T16 and T32 share. The instructions' semantics are one for M-profile and (to come) the
 * A-profile's T32; what differs by profile - exceptions, the PC's interworking, system instructions - is behind the
 * functions here, whose M-profile side is translate_m.c.
 */
#ifndef TARGETS_ARM_TRANSLATE_T32_H
#define TARGETS_ARM_TRANSLATE_T32_H

#include "core/bits.h"
#include "core/tcg/gen.h"
#include "targets/arm/m_cpu.h"

#endif
