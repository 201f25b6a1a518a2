/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Generic Timer, for the rest of this target. */
#ifndef TARGETS_ARM_GTIMER_H
#define TARGETS_ARM_GTIMER_H

#include "targets/arm/cpu.h"

void arm_gtimer_init(ARMCPU *cpu);              /* at realize, when the clock is known */
void arm_gtimer_reset(ARMCPU *cpu);
uint64_t arm_gtimer_count(ARMCPU *cpu);         /* the physical count now */
uint64_t arm_gtimer_virtual_count(ARMCPU *cpu); /* CNTVCT_EL0 as the current level reads it */
/* Recomputes a timer's status, line and next expiry. */
void arm_gtimer_update(ARMCPU *cpu, ArmGtimer t);
/* Ends a wait for ARM_WAIT_TIME in that many counts (WFET, WFIT). */
void arm_gtimer_wait(ARMCPU *cpu, uint64_t counts);
/*
 * Own thread, from a helper that may raise: sets the event register if an event stream had an event since the last call.
 * False: return at once (cpu_exact).
 */
bool arm_gtimer_events(ARMCPU *cpu);
/* Own thread, before the CPU halts: the event streams' next events set the event register and wake it. */
void arm_gtimer_wait_event(ARMCPU *cpu);

#endif
