/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory tagging: FEAT_MTE, MTE2 and MTE3 (Arm DDI 0487, D8.12 and C6.2). Tags are kept beside RAM (ram_tags). */
#ifndef TARGETS_ARM_MTE_H
#define TARGETS_ARM_MTE_H

#include "targets/arm/cpu.h"

enum { MTE_GRANULE = 16, MTE_GMID_BS = 4 };     /* LDGM and STGM: 4 << BS bytes */

/* AArch64_AllocationTagAccessIsEnabled. */
bool arm_mte_access(const ARMCPU *cpu, unsigned el);
/* Whether accesses made as EL0 (user) or as the current level are checked at all. */
bool arm_mte_active(const ARMCPU *cpu, bool user);
/* The tag check of [addr, addr + size). False: an exception is recorded; asynchronous faults are noted only. */
bool arm_check_tags(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu);
/* arm_check_tags, if accesses by regime mmu are checked now. */
bool arm_check_tags_if_active(ARMCPU *cpu, vaddr addr, unsigned size, AccessType type, unsigned mmu);
/* AArch64_MemTag_set of a granule. False: an exception is recorded. */
bool arm_set_tag(ARMCPU *cpu, vaddr addr, unsigned tag, unsigned mmu);
/*
 * After a DC ZVA, GVA or GZVA of address addr has recorded an exception: an abort reports what Xt holds, not where the block
 * begins; watchpoints and tag checks report where they hit (AArch64.DataMemZero, AArch64.TagMemZero).
 */
void arm_dc_zero_far(ARMCPU *cpu, vaddr addr);

#endif
