/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Performance Monitors, for the rest of this target. */
#ifndef TARGETS_ARM_PMU_H
#define TARGETS_ARM_PMU_H

#include "targets/arm/cpu.h"

enum { PMU_COUNTERS = 6 };                      /* event counters of a CPU with PMUv3 */

void arm_pmu_init(ARMCPU *cpu);
unsigned arm_pmu_num_counters(const ARMCPU *cpu);
/*
 * Own thread, around a change of the exception level, if `begin` says so: what counts only at some levels counts up to
 * here, and goes on or stops.
 */
bool arm_pmu_level_begin(ARMCPU *cpu);
void arm_pmu_level_end(ARMCPU *cpu);
/* After its registers were loaded: the counters go on, and the line follows. */
void arm_pmu_restart(ARMCPU *cpu);
/* Own thread: writes MDCR_EL2, which enables EL2's counters. */
void arm_pmu_set_mdcr_el2(ARMCPU *cpu, uint64_t value);

#endif
