/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Performance Monitors, PMUv3 (Arm DDI 0487, D13 and D23.5): the cycle counter and event counters for SW_INCR and
 * CPU_CYCLES. A cycle is a nanosecond of virtual time. Other events count nothing, as PMCEID0_EL0 says. Not modelled:
 * where MDCR_EL2 and MDCR_EL3 prohibit counting (docs/CAVEATS.md).
 *
 * Registers are accessed by their CPU's thread and overflows come on another one: both under the machine's lock.
 */
#include <string.h>

#include "core/bits.h"
#include "core/qom/machine.h"
#include "targets/arm/pmu.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

enum { PMCR_E = 1, PMCR_P = 2, PMCR_C = 4, PMCR_D = 1 << 3, PMCR_LC = 1 << 6 };
/* PMCCFILTR_EL0 and PMEVTYPERn_EL0. */
enum { FILTER_P = 31, FILTER_U = 30, FILTER_NSK = 29, FILTER_NSU = 28, FILTER_NSH = 27, FILTER_M = 26 };
enum { EVENT_SW_INCR = 0x00, EVENT_CPU_CYCLES = 0x11 };
enum { MDCR_HPMN = 31, MDCR_TPMCR = 1 << 5, MDCR_HPME = 1 << 7 };
#define CYCLE UINT64_C(0x80000000)              /* the cycle counter's bit in the set and clear registers */

unsigned arm_pmu_num_counters(const ARMCPU *cpu)
{
    return extract64(cpu->idreg[ARM_ID_AA64DFR0_EL1], 8, 4) ? PMU_COUNTERS : 0;
}

/* AArch64.GetNumEventCountersAccessible(): MDCR_EL2.HPMN keeps the others for EL2. */
static unsigned num_accessible(const ARMCPU *cpu)
{
    unsigned n = arm_pmu_num_counters(cpu);

    return cpu->el < 2 && arm_el2_enabled(cpu) ? MIN(n, cpu->mdcr_el2 & MDCR_HPMN) : n;
}

/* Of the registers with a bit for each counter, those that are there at this level. */
static uint64_t counter_mask(const ARMCPU *cpu)
{
    return CYCLE | mask64(0, num_accessible(cpu));
}

static uint64_t cycles(ARMCPU *cpu)
{
    Clock *clock = device_clock(&cpu->parent.parent);

    return clock ? clock_now(clock) : 0;
}

/* PMCR_EL0.E, or MDCR_EL2.HPME for EL2's own (PMUCounterIsHyp). Counter 31 is the cycle counter. */
static bool group_enabled(const ARMCPU *cpu, unsigned n)
{
    if (cpu->has_el2 && n < 31 && n >= (cpu->mdcr_el2 & MDCR_HPMN)) {
        return cpu->mdcr_el2 & MDCR_HPME;
    }
    return cpu->pmcr_el0 & PMCR_E;
}

static uint64_t filter(const ARMCPU *cpu, unsigned n)
{
    return n == 31 ? cpu->pmccfiltr_el0 : cpu->pmevtyper[n];
}

/* AArch64.CountPMUEvents(): the counter does not count at this level. Bits of levels that are not there are zero. */
static bool filtered(const ARMCPU *cpu, unsigned n)
{
    uint64_t f = filter(cpu, n);
    bool p = f >> FILTER_P & 1, u = f >> FILTER_U & 1;

    switch (cpu->el) {
    case 0:
        return arm_is_secure(cpu) ? u : u != (cpu->has_el3 && f >> FILTER_NSU & 1);
    case 1:
        return arm_is_secure(cpu) ? p : p != (cpu->has_el3 && f >> FILTER_NSK & 1);
    case 2:
        return !(f >> FILTER_NSH & 1);
    default:
        return p != (f >> FILTER_M & 1);
    }
}

/* At some level. */
static bool enabled(const ARMCPU *cpu, unsigned n, unsigned event)
{
    return cpu->pmcnten >> n & 1 && group_enabled(cpu, n) && (n == 31 || extract64(cpu->pmevtyper[n], 0, 16) == event);
}

static bool counts(const ARMCPU *cpu, unsigned n, unsigned event)
{
    return enabled(cpu, n, event) && !filtered(cpu, n);
}

/* Nanoseconds for each step of a counter, as a power of 2: PMCR_EL0.D, for a cycle counter that is not long. */
static unsigned divider(const ARMCPU *cpu, unsigned n)
{
    return n == 31 && (cpu->pmcr_el0 & (PMCR_D | PMCR_LC)) == PMCR_D ? 6 : 0;
}

static uint64_t *counter(ARMCPU *cpu, unsigned n)
{
    return n == 31 ? &cpu->pmccntr_base : &cpu->pmevcntr[n];
}

/* The value at which counter n overflows: 2^64 for the long cycle counter, else 2^32. */
static bool overflows(const ARMCPU *cpu, unsigned n, uint64_t before, uint64_t after)
{
    if (n == 31 && cpu->pmcr_el0 & PMCR_LC) {
        return after < before;
    }
    return before >> 32 != after >> 32 || after < before;
}

static void update_line(ARMCPU *cpu)
{
    bool on = false;

    for (uint64_t left = cpu->pmovs & cpu->pminten; left; left &= left - 1) {
        on |= group_enabled(cpu, ctz64(left));
    }
    irq_set(&cpu->pmu_irq, on);
}

/* Brings the counters that count cycles up to now. pmccntr_delta is the time of the last call. */
static void catch_up(ARMCPU *cpu)
{
    uint64_t now = cycles(cpu), last = cpu->pmccntr_delta;

    cpu->pmccntr_delta = now;
    for (unsigned n = 0; n < 32; n++) {
        if ((n == 31 || n < arm_pmu_num_counters(cpu)) && counts(cpu, n, EVENT_CPU_CYCLES)) {
            unsigned shift = divider(cpu, n);
            uint64_t *c = counter(cpu, n), before = *c, after = before + (now >> shift) - (last >> shift);

            if (overflows(cpu, n, before, after)) {
                cpu->pmovs |= UINT64_C(1) << n;
            }
            *c = n == 31 ? after : (uint32_t)after;
        }
    }
}

/* The next overflow that interrupts, as a timer. */
static void schedule(ARMCPU *cpu)
{
    uint64_t now = cpu->pmccntr_delta, next = UINT64_MAX;

    for (unsigned n = 0; n < 32; n++) {
        if ((n == 31 || n < arm_pmu_num_counters(cpu)) && counts(cpu, n, EVENT_CPU_CYCLES) && cpu->pminten >> n & 1) {
            uint64_t value = *counter(cpu, n);
            uint64_t left = n == 31 && cpu->pmcr_el0 & PMCR_LC ? -value : (UINT64_C(1) << 32) - (uint32_t)value;

            left -= left == 0;
            if (divider(cpu, n)) {
                left = (left << divider(cpu, n)) - extract64(now, 0, divider(cpu, n));
            }
            next = MIN(next, left);
        }
    }
    if (next < (uint64_t)INT64_MAX / 2) {
        timer_mod(&cpu->pmu_timer, now + next);
    } else {
        timer_del(&cpu->pmu_timer);
    }
    update_line(cpu);
}

static void overflow_due(void *opaque)
{
    ARMCPU *cpu = opaque;

    catch_up(cpu);
    schedule(cpu);
}

/* Around what a register access reads and changes. */
static void begin(ARMCPU *cpu)
{
    machine_lock(cpu->parent.parent.machine);
    catch_up(cpu);
}

static void end(ARMCPU *cpu)
{
    schedule(cpu);
    machine_unlock(cpu->parent.parent.machine);
}

/* Instead of end, where nothing was changed: the time of the next overflow is as it was. */
static uint64_t end_read(ARMCPU *cpu, uint64_t value)
{
    machine_unlock(cpu->parent.parent.machine);
    return value;
}

void arm_pmu_set_mdcr_el2(ARMCPU *cpu, uint64_t value)
{
    begin(cpu);
    cpu->mdcr_el2 = value;
    end(cpu);
}

void arm_pmu_restart(ARMCPU *cpu)
{
    begin(cpu);
    end(cpu);
}

void arm_pmu_init(ARMCPU *cpu)
{
    timer_init(&cpu->pmu_timer, device_clock(&cpu->parent.parent), overflow_due, cpu);
}

bool arm_pmu_level_begin(ARMCPU *cpu)
{
    for (uint64_t left = cpu->pmcnten; left; left &= left - 1) {
        unsigned n = ctz64(left);

        /* EL2 is a level at which it does not count by default */
        if (enabled(cpu, n, EVENT_CPU_CYCLES) && (filter(cpu, n) >> FILTER_M || cpu->has_el2)) {
            begin(cpu);
            return true;
        }
    }
    return false;
}

void arm_pmu_level_end(ARMCPU *cpu)
{
    end(cpu);
}

/* -- controls --------------------------------------------------------------------------------------------------------- */

/* MDCR_EL2 and MDCR_EL3, TPM. */
static ArmTrap el_check(const ARMCPU *cpu)
{
    if (cpu->el < 2 && arm_el2_enabled(cpu) && cpu->mdcr_el2 >> 6 & 1) {
        return TRAP_EL2;
    }
    return cpu->el < 3 && cpu->has_el3 && cpu->mdcr_el3 >> 6 & 1 ? TRAP_EL3 : TRAP_NONE;
}

/* PMUSERENR_EL0 for EL0: EN, or the bit for this register. */
static ArmTrap check(const ARMCPU *cpu, unsigned user_bits)
{
    return cpu->el == 0 && !(cpu->pmuserenr_el0 & (1 | user_bits)) ? TRAP_EL1 : el_check(cpu);
}

/* MDCR_EL2.TPMCR traps this one alone. */
static ArmTrap pmcr_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    ArmTrap t = check(cpu, 0);

    return t != TRAP_EL1 && cpu->el < 2 && arm_el2_enabled(cpu) && cpu->mdcr_el2 & MDCR_TPMCR ? TRAP_EL2 : t;
}

static ArmTrap pm_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return check(cpu, 0);
}

static ArmTrap swinc_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return check(cpu, 2);
}

static ArmTrap cycle_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write)
{
    return check(cpu, write ? 0 : 4);
}

static ArmTrap event_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write)
{
    return check(cpu, write ? 0 : 8);
}

static ArmTrap select_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return check(cpu, 8);
}

/* PMUSERENR_EL0 itself can be read at EL0 always. */
static ArmTrap user_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return el_check(cpu);
}

/* -- registers ------------------------------------------------------------------------------------------------------------ */

/* PMCR_EL0.IDCODE is the core's own (its technical reference manual); of others their part number. */
static uint64_t idcode(const ARMCPU *cpu)
{
    switch (extract64(cpu->midr, 4, 12)) {
    case 0xd04:                                 /* Cortex-A35 */
        return 0x0a;
    case 0xd05:                                 /* A55 */
        return 0x45;
    case 0xd07:                                 /* A57 */
        return 0x01;
    case 0xd08:                                 /* A72 */
        return 0x02;
    default:
        return extract64(cpu->midr, 4, 8);
    }
}

static uint64_t pmcr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    uint64_t imp = extract64(cpu->midr, 24, 8);

    return imp << 24 | idcode(cpu) << 16 | num_accessible(cpu) << 11 | cpu->pmcr_el0;
}

static void pmcr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    begin(cpu);
    if (value & PMCR_C) {
        cpu->pmccntr_base = 0;
    }
    if (value & PMCR_P) {
        memset(cpu->pmevcntr, 0, num_accessible(cpu) * sizeof(cpu->pmevcntr[0]));
    }
    cpu->pmcr_el0 = value & 0x79;
    end(cpu);
}

static uint64_t cnten_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->pmcnten & counter_mask(cpu);
}

static void cntenset_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    begin(cpu);
    cpu->pmcnten |= value & counter_mask(cpu);
    end(cpu);
}

static void cntenclr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    begin(cpu);
    cpu->pmcnten &= ~(value & counter_mask(cpu));
    end(cpu);
}

static uint64_t inten_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->pminten & counter_mask(cpu);
}

static void intenset_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    begin(cpu);
    cpu->pminten |= value & counter_mask(cpu);
    end(cpu);
}

static void intenclr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    begin(cpu);
    cpu->pminten &= ~(value & counter_mask(cpu));
    end(cpu);
}

static uint64_t ovs_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    begin(cpu);
    return end_read(cpu, cpu->pmovs & counter_mask(cpu));
}

static void ovsset_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    begin(cpu);
    cpu->pmovs |= value & counter_mask(cpu);
    end(cpu);
}

static void ovsclr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    begin(cpu);
    cpu->pmovs &= ~(value & counter_mask(cpu));
    end(cpu);
}

static void swinc_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    begin(cpu);
    for (unsigned n = 0; n < num_accessible(cpu); n++) {
        if (value >> n & 1 && counts(cpu, n, EVENT_SW_INCR)) {
            cpu->pmevcntr[n] = (uint32_t)(cpu->pmevcntr[n] + 1);
            if (cpu->pmevcntr[n] == 0) {
                cpu->pmovs |= UINT64_C(1) << n;
            }
        }
    }
    end(cpu);
}

static uint64_t ccntr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    begin(cpu);
    return end_read(cpu, cpu->pmccntr_base);
}

static void ccntr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    begin(cpu);
    cpu->pmccntr_base = value;
    end(cpu);
}

static uint64_t ceid0_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return arm_pmu_num_counters(cpu) ? 1u << EVENT_SW_INCR | 1u << EVENT_CPU_CYCLES : 0;
}

/* PMEVCNTRn and PMEVTYPERn have n in CRm<1:0>:op2; PMXEV* take it from PMSELR_EL0. */
static unsigned event_number(const ARMCPU *cpu, const SysReg *r)
{
    return (r->enc >> 7 & 15) == 9 ? cpu->pmselr_el0 & 31 : (r->enc & 0x1f);
}

static uint64_t evcntr_read(ARMCPU *cpu, const SysReg *r)
{
    unsigned n = event_number(cpu, r);
    begin(cpu);
    return end_read(cpu, n < num_accessible(cpu) ? cpu->pmevcntr[n] : 0);
}

static void evcntr_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    unsigned n = event_number(cpu, r);

    begin(cpu);
    if (n < num_accessible(cpu)) {
        cpu->pmevcntr[n] = (uint32_t)value;
    }
    end(cpu);
}

static uint64_t evtyper_read(ARMCPU *cpu, const SysReg *r)
{
    unsigned n = event_number(cpu, r);

    return n == 31 ? cpu->pmccfiltr_el0 : n < num_accessible(cpu) ? cpu->pmevtyper[n] : 0;
}

static void evtyper_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    unsigned n = event_number(cpu, r);

    begin(cpu);
    if (n == 31) {
        cpu->pmccfiltr_el0 = value & 0xfc000000;
    } else if (n < num_accessible(cpu)) {
        cpu->pmevtyper[n] = value & 0xfe00ffff;
    }
    end(cpu);
}

#define P(name_, op1, crn, crm, op2, acc, chk, ...) \
    SR(name_, 3, op1, crn, crm, op2, acc, .check = chk, SR_NEEDS(PMUv3), ##__VA_ARGS__)
#define EV(n) \
    P("PMEVCNTR" #n "_EL0", 3, 14, 8 + n / 8, n % 8, SR_RW0, event_check, .read = evcntr_read, .write = evcntr_write), \
    P("PMEVTYPER" #n "_EL0", 3, 14, 12 + n / 8, n % 8, SR_RW0, pm_check, .read = evtyper_read, .write = evtyper_write)

static const SysReg pmu_regs[] = {
    P("PMCR_EL0", 3, 9, 12, 0, SR_RW0, pmcr_check, SR_FIELD(pmcr_el0), .read = pmcr_read, .write = pmcr_write),
    P("PMCNTENSET_EL0", 3, 9, 12, 1, SR_RW0, pm_check, SR_FIELD(pmcnten), .read = cnten_read, .write = cntenset_write),
    P("PMCNTENCLR_EL0", 3, 9, 12, 2, SR_RW0, pm_check, SR_ALIAS(pmcnten), .read = cnten_read, .write = cntenclr_write),
    P("PMOVSCLR_EL0", 3, 9, 12, 3, SR_RW0, pm_check, SR_FIELD(pmovs), .read = ovs_read, .write = ovsclr_write),
    P("PMOVSSET_EL0", 3, 9, 14, 3, SR_RW0, pm_check, SR_ALIAS(pmovs), .read = ovs_read, .write = ovsset_write),
    P("PMSWINC_EL0", 3, 9, 12, 4, SR_W0, swinc_check, .write = swinc_write),
    P("PMSELR_EL0", 3, 9, 12, 5, SR_RW0, select_check, SR_FIELD_RW(pmselr_el0, 31)),
    P("PMCEID0_EL0", 3, 9, 12, 6, SR_R0, pm_check, .read = ceid0_read),
    P("PMCEID1_EL0", 3, 9, 12, 7, SR_R0, pm_check, SR_CONST(0)),
    P("PMCCNTR_EL0", 3, 9, 13, 0, SR_RW0, cycle_check, SR_FIELD(pmccntr_base), .read = ccntr_read, .write = ccntr_write),
    P("PMXEVTYPER_EL0", 3, 9, 13, 1, SR_RW0, pm_check, .read = evtyper_read, .write = evtyper_write, .no_gdb = true),
    P("PMXEVCNTR_EL0", 3, 9, 13, 2, SR_RW0, event_check, .read = evcntr_read, .write = evcntr_write, .no_gdb = true),
    P("PMUSERENR_EL0", 3, 9, 14, 0, SR_R0 | SR_W1, user_check, SR_FIELD_RW(pmuserenr_el0, 15)),
    P("PMINTENSET_EL1", 0, 9, 14, 1, SR_RW1, pm_check, SR_FIELD(pminten), .read = inten_read, .write = intenset_write),
    P("PMINTENCLR_EL1", 0, 9, 14, 2, SR_RW1, pm_check, SR_ALIAS(pminten), .read = inten_read, .write = intenclr_write),
    SR("PMMIR_EL1", 3, 0, 9, 14, 6, SR_R1, .check = pm_check, SR_CONST(0), SR_NEEDS(PMUv3p4)),
    P("PMCCFILTR_EL0", 3, 14, 15, 7, SR_RW0, pm_check, SR_FIELD(pmccfiltr_el0), .read = evtyper_read,
      .write = evtyper_write),
    EV(0), EV(1), EV(2), EV(3), EV(4), EV(5),
};
const SysRegGroup arm_sysregs_pmu = { pmu_regs, G_N_ELEMENTS(pmu_regs) };
