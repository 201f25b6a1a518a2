/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions as text: --decode and -d in_asm. */
#ifndef TARGETS_ARM_ISA_H
#define TARGETS_ARM_ISA_H

#include "core/isa.h"
#include "targets/arm/cpu.h"

extern const IsaInfo arm_isa_aarch64, arm_isa_thumb_m;
void arm_describe_insn(CPUState *cs, const uint8_t *bytes, unsigned len, GString *out, unsigned *ret_len);

#endif
