/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Generic Timer: counters, the five timers of a CPU and their interrupts (Arm DDI 0487, D12 and D23.10).
 * The physical count is the machine's virtual clock at CNTFRQ_EL0's rate at reset. Timer lines are driven under the
 * machine lock, as every line into the interrupt controller is.
 */
#include "core/bits.h"
#include "core/qom/machine.h"
#include "targets/arm/gtimer.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

enum { CTL_ENABLE = 1, CTL_IMASK = 2, CTL_ISTATUS = 4 };
/* FEAT_ECV: bits of CNTHCTL_EL2 that trap, at EL1 and EL0 below it; the event stream's scale, in CNTKCTL_EL1 too. */
enum { EL1TVT = 13, EL1TVCT = 14, EVNTIS = 17 };
#define NS_PER_S 1000000000u

/* -- counting ----------------------------------------------------------------------------------------------------- */

uint64_t arm_gtimer_count(ARMCPU *cpu)
{
    Clock *clock = device_clock(&cpu->parent.parent);

    return muldiv64(clock ? clock_now(clock) : 0, cpu->prop_cntfrq, NS_PER_S);
}

/* What a timer subtracts from the physical count. */
static uint64_t timer_offset(const ARMCPU *cpu, ArmGtimer t)
{
    return t == GTIMER_VIRT && cpu->has_el2 ? cpu->cntvoff_el2 : 0;
}

/* CNTVCT as seen from the current level: the offset does not apply to a host EL2 or its EL0. */
uint64_t arm_gtimer_virtual_count(ARMCPU *cpu)
{
    bool host = (cpu->el == 2 && arm_hcr_e2h(cpu)) || (cpu->el == 0 && arm_is_in_host(cpu));

    return arm_gtimer_count(cpu) - (cpu->has_el2 && !host ? cpu->cntvoff_el2 : 0);
}

/* The first nanosecond at which the physical count has advanced by counts. */
static int64_t time_of_count(ARMCPU *cpu, uint64_t counts)
{
    unsigned __int128 at = (unsigned __int128)arm_gtimer_count(cpu) + counts;
    unsigned __int128 ns = (at * NS_PER_S + cpu->prop_cntfrq - 1) / cpu->prop_cntfrq;

    return ns > INT64_MAX - 1 ? INT64_MAX - 1 : (int64_t)ns;
}

/* A timer's registers are written by its CPU's thread under the machine lock, which expiry, on another one, takes. */
void arm_gtimer_update(ARMCPU *cpu, ArmGtimer t)
{
    ArmGtimerState *s = &cpu->gtimer[t];
    Machine *m = cpu->parent.parent.machine;
    uint64_t count;
    bool fired;

    machine_lock(m);
    count = arm_gtimer_count(cpu) - timer_offset(cpu, t);
    fired = s->ctl & CTL_ENABLE && count >= s->cval;
    irq_set(&cpu->timer_irq[t], fired && !(s->ctl & CTL_IMASK));
    if (!(s->ctl & CTL_ENABLE) || fired) {
        timer_del(&cpu->gtimer_timer[t]);
    } else {
        timer_mod(&cpu->gtimer_timer[t], time_of_count(cpu, s->cval - count));
    }
    machine_unlock(m);
}

#define EXPIRED(name, t) \
    static void name(void *opaque) \
    { \
        arm_gtimer_update(opaque, t); \
    }
EXPIRED(phys_expired, GTIMER_PHYS)
EXPIRED(virt_expired, GTIMER_VIRT)
EXPIRED(hyp_expired, GTIMER_HYP)
EXPIRED(sec_expired, GTIMER_SEC)
EXPIRED(hypvirt_expired, GTIMER_HYPVIRT)

/*
 * Event streams: a transition of one bit of a count sets the event register (D12.2.6): of the virtual count by
 * CNTKCTL_EL1, of the physical one by CNTHCTL_EL2. Only a WFE sees it: it asks for transitions since it last did, and
 * a timer runs only while it waits.
 */
typedef struct EventStream {
    uint64_t count, phase;                      /* now; the count at which one of its periods begins */
    unsigned shift;                             /* a period is 2^shift counts */
} EventStream;

static uint64_t event_stream_ctl(const ARMCPU *cpu, unsigned n)
{
    return n == 0 ? cpu->cntkctl_el1 : cpu->has_el2 ? cpu->cnthctl_el2 : 0;
}

/* False: it is off. */
static bool event_stream(ARMCPU *cpu, unsigned n, EventStream *ret)
{
    uint64_t ctl = event_stream_ctl(cpu, n);

    if (!(ctl >> 2 & 1)) {
        return false;
    }
    /* EVNTI picks the bit (plus 8 with EVNTIS), EVNTDIR the direction: one event every 2^(bit + 1) counts */
    ret->shift = extract64(ctl, 4, 4) + (ctl >> EVNTIS & 1 ? 8 : 0) + 1;
    ret->phase = ctl >> 3 & 1 ? 0 : UINT64_C(1) << (ret->shift - 1);
    ret->count = arm_gtimer_count(cpu) - (n == 0 ? timer_offset(cpu, GTIMER_VIRT) : 0);
    return true;
}

static uint64_t event_stream_transitions(const EventStream *s)
{
    return (s->count - s->phase) >> s->shift;
}

/* Transitions so far reach the event register. */
static void event_streams_look(ARMCPU *cpu)
{
    EventStream s;

    for (unsigned n = 0; n < G_N_ELEMENTS(cpu->event_stream_seen); n++) {
        if (event_stream(cpu, n, &s) && event_stream_transitions(&s) != cpu->event_stream_seen[n]) {
            cpu->event_stream_seen[n] = event_stream_transitions(&s);
            __atomic_store_n(&cpu->event_register, 1, __ATOMIC_RELEASE);
        }
    }
}

/* After a write of what they depend on, with event_streams_look before it: they begin anew. */
static void event_streams_begin(ARMCPU *cpu)
{
    EventStream s;

    for (unsigned n = 0; n < G_N_ELEMENTS(cpu->event_stream_seen); n++) {
        timer_del(&cpu->event_stream_timer[n]);
        if (event_stream(cpu, n, &s)) {
            cpu->event_stream_seen[n] = event_stream_transitions(&s);
        }
    }
}

bool arm_gtimer_events(ARMCPU *cpu)
{
    if (!((event_stream_ctl(cpu, 0) | event_stream_ctl(cpu, 1)) >> 2 & 1)) {
        return true;
    }
    if (!cpu_exact(&cpu->parent)) {
        return false;
    }
    event_streams_look(cpu);
    return true;
}

void arm_gtimer_wait_event(ARMCPU *cpu)
{
    EventStream s;

    for (unsigned n = 0; n < G_N_ELEMENTS(cpu->event_stream_seen); n++) {
        if (event_stream(cpu, n, &s)) {
            uint64_t next = ((cpu->event_stream_seen[n] + 1) << s.shift) + s.phase;
            uint64_t left = (int64_t)(next - s.count) > 0 ? next - s.count : 0;         /* 0: it came meanwhile */

            timer_mod(&cpu->event_stream_timer[n], time_of_count(cpu, left));
        }
    }
}

static void event_stream_expired(void *opaque)
{
    arm_send_event(opaque);
}

static void wait_expired(void *opaque)
{
    ARMCPU *cpu = opaque;

    __atomic_store_n(&cpu->time_has_come, 1, __ATOMIC_RELEASE);
    cpu_wake(&cpu->parent);
}

void arm_gtimer_wait(ARMCPU *cpu, uint64_t counts)
{
    timer_mod(&cpu->wfxt_timer, time_of_count(cpu, counts));
}

void arm_gtimer_init(ARMCPU *cpu)
{
    static TimerFn *const fn[NUM_GTIMERS] = {
        [GTIMER_PHYS] = phys_expired, [GTIMER_VIRT] = virt_expired, [GTIMER_HYP] = hyp_expired,
        [GTIMER_SEC] = sec_expired, [GTIMER_HYPVIRT] = hypvirt_expired,
    };
    Clock *clock = device_clock(&cpu->parent.parent);

    for (unsigned t = 0; t < NUM_GTIMERS; t++) {
        timer_init(&cpu->gtimer_timer[t], clock, fn[t], cpu);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(cpu->event_stream_timer); i++) {
        timer_init(&cpu->event_stream_timer[i], clock, event_stream_expired, cpu);
    }
    timer_init(&cpu->wfxt_timer, clock, wait_expired, cpu);
}

void arm_gtimer_reset(ARMCPU *cpu)
{
    for (unsigned t = 0; t < NUM_GTIMERS; t++) {
        cpu->gtimer[t] = (ArmGtimerState){ 0 };
        timer_del(&cpu->gtimer_timer[t]);
        irq_set(&cpu->timer_irq[t], 0);
    }
    timer_del(&cpu->event_stream_timer[0]);
    timer_del(&cpu->event_stream_timer[1]);
    timer_del(&cpu->wfxt_timer);
    cpu->cntfrq_el0 = cpu->prop_cntfrq;
}

/* -- access controls ------------------------------------------------------------------------------------------------ */

/* CNTKCTL_EL1, or CNTHCTL_EL2 for the EL0 of a host, bit n: EL0 may. */
static bool el0_allowed(const ARMCPU *cpu, unsigned n)
{
    return (arm_is_in_host(cpu) ? cpu->cnthctl_el2 : cpu->cntkctl_el1) >> n & 1;
}

/* CNTHCTL_EL2's control of EL1 (and EL0 under it): bit n without E2H, n + 10 with it. */
static bool el2_allows(const ARMCPU *cpu, unsigned n)
{
    if (cpu->el >= 2 || !arm_el2_enabled(cpu) || arm_is_in_host(cpu)) {
        return true;
    }
    return cpu->cnthctl_el2 >> (arm_hcr_e2h(cpu) ? n + 10 : n) & 1;
}

static bool el2_traps(const ARMCPU *cpu, unsigned n)
{
    return cpu->el < 2 && arm_el2_enabled(cpu) && !arm_is_in_host(cpu) && cpu->cnthctl_el2 >> n & 1;
}

static ArmTrap pct_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el == 0 && !el0_allowed(cpu, 0)) {
        return TRAP_EL1;
    }
    return el2_allows(cpu, 0) ? TRAP_NONE : TRAP_EL2;
}

static ArmTrap vct_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el == 0 && !el0_allowed(cpu, 1)) {
        return TRAP_EL1;
    }
    return el2_traps(cpu, EL1TVCT) ? TRAP_EL2 : TRAP_NONE;
}

static ArmTrap frq_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write)
{
    if (write) {
        /* only the highest level writes it */
        unsigned highest = cpu->has_el3 ? 3 : cpu->has_el2 ? 2 : 1;

        return cpu->el == highest ? TRAP_NONE : TRAP_UNDEFINED;
    }
    return cpu->el == 0 && !el0_allowed(cpu, 0) && !el0_allowed(cpu, 1) ? TRAP_EL1 : TRAP_NONE;
}

static ArmTrap ptimer_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el == 0 && !el0_allowed(cpu, 9)) {
        return TRAP_EL1;
    }
    return el2_allows(cpu, 1) ? TRAP_NONE : TRAP_EL2;
}

static ArmTrap vtimer_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el == 0 && !el0_allowed(cpu, 8)) {
        return TRAP_EL1;
    }
    return el2_traps(cpu, EL1TVT) ? TRAP_EL2 : TRAP_NONE;
}

/* CNTPS: Secure EL1 when SCR_EL3.ST allows, and EL3. */
static ArmTrap stimer_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el == 1) {
        return !arm_is_secure(cpu) ? TRAP_UNDEFINED : cpu->scr_el3 >> 11 & 1 ? TRAP_NONE : TRAP_EL3;
    }
    return cpu->el == 2 ? TRAP_UNDEFINED : TRAP_NONE;
}

static ArmTrap el02_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return arm_hcr_e2h(cpu) ? TRAP_NONE : TRAP_UNDEFINED;
}

/* -- registers --------------------------------------------------------------------------------------------------------- */

static uint64_t cntpct_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return arm_gtimer_count(cpu);
}

static uint64_t cntvct_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return arm_gtimer_virtual_count(cpu);
}

/* The timer that a register means: for a host, EL2 and its EL0, the EL0 names are EL2's timers. */
static ArmGtimer timer_of(const ARMCPU *cpu, const SysReg *r)
{
    unsigned op1 = r->enc >> 11 & 7, crm = r->enc >> 3 & 15;
    bool host = arm_is_in_host(cpu);

    switch (op1) {
    case 3:
        return crm == 2 ? (host ? GTIMER_HYP : GTIMER_PHYS) : (host ? GTIMER_HYPVIRT : GTIMER_VIRT);
    case 4:
        return crm == 2 ? GTIMER_HYP : GTIMER_HYPVIRT;
    case 5:
        return crm == 2 ? GTIMER_PHYS : GTIMER_VIRT;
    default:
        return GTIMER_SEC;
    }
}

static uint64_t tval_read(ARMCPU *cpu, const SysReg *r)
{
    ArmGtimer t = timer_of(cpu, r);

    return (uint32_t)(cpu->gtimer[t].cval - (arm_gtimer_count(cpu) - timer_offset(cpu, t)));
}

static void tval_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    ArmGtimer t = timer_of(cpu, r);

    machine_lock(cpu->parent.parent.machine);
    cpu->gtimer[t].cval = arm_gtimer_count(cpu) - timer_offset(cpu, t) + (int32_t)value;
    arm_gtimer_update(cpu, t);
    machine_unlock(cpu->parent.parent.machine);
}

static uint64_t cval_read(ARMCPU *cpu, const SysReg *r)
{
    return cpu->gtimer[timer_of(cpu, r)].cval;
}

static void cval_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    ArmGtimer t = timer_of(cpu, r);

    machine_lock(cpu->parent.parent.machine);
    cpu->gtimer[t].cval = value;
    arm_gtimer_update(cpu, t);
    machine_unlock(cpu->parent.parent.machine);
}

static uint64_t ctl_read(ARMCPU *cpu, const SysReg *r)
{
    ArmGtimer t = timer_of(cpu, r);
    uint64_t ctl = cpu->gtimer[t].ctl & (CTL_ENABLE | CTL_IMASK);
    bool fired = arm_gtimer_count(cpu) - timer_offset(cpu, t) >= cpu->gtimer[t].cval;

    return ctl | (ctl & CTL_ENABLE && fired ? CTL_ISTATUS : 0);
}

static void ctl_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    ArmGtimer t = timer_of(cpu, r);

    machine_lock(cpu->parent.parent.machine);
    cpu->gtimer[t].ctl = value & (CTL_ENABLE | CTL_IMASK);
    arm_gtimer_update(cpu, t);
    machine_unlock(cpu->parent.parent.machine);
}

static void cntvoff_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    machine_lock(cpu->parent.parent.machine);
    event_streams_look(cpu);
    cpu->cntvoff_el2 = value;
    arm_gtimer_update(cpu, GTIMER_VIRT);
    event_streams_begin(cpu);
    machine_unlock(cpu->parent.parent.machine);
}

static void cntkctl_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    event_streams_look(cpu);
    cpu->cntkctl_el1 = value & (0x3ff | (arm_feature(cpu, FEAT_ECV) ? 1 << EVNTIS : 0));
    event_streams_begin(cpu);
}

static void cnthctl_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    uint64_t ecv = UINT64_C(1) << EL1TVT | UINT64_C(1) << EL1TVCT | UINT64_C(1) << EVNTIS;

    event_streams_look(cpu);
    cpu->cnthctl_el2 = value & (0xfff | (arm_feature(cpu, FEAT_ECV) ? ecv : 0));
    event_streams_begin(cpu);
}

static void gtimer_reset(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    arm_gtimer_reset(cpu);
}

/* TVAL, CTL and CVAL of one timer. */
#define TIMER3(pre, post, op1, crm, acc, chk, ...) \
    SR(pre "_TVAL_" post, 3, op1, 14, crm, 0, acc, .read = tval_read, .write = tval_write, .check = chk, ##__VA_ARGS__), \
    SR(pre "_CTL_" post, 3, op1, 14, crm, 1, acc, .read = ctl_read, .write = ctl_write, .check = chk, ##__VA_ARGS__), \
    SR(pre "_CVAL_" post, 3, op1, 14, crm, 2, acc, .read = cval_read, .write = cval_write, .check = chk, ##__VA_ARGS__)

static const SysReg gtimer_regs[] = {
    SR("CNTFRQ_EL0", 3, 3, 14, 0, 0, SR_R0 | SR_W1, SR_FIELD_RW(cntfrq_el0, 0xffffffff), .check = frq_check,
       .reset_fn = gtimer_reset),
    SR("CNTPCT_EL0", 3, 3, 14, 0, 1, SR_R0, .read = cntpct_read, .check = pct_check),
    SR("CNTVCT_EL0", 3, 3, 14, 0, 2, SR_R0, .read = cntvct_read, .check = vct_check),
    SR("CNTPCTSS_EL0", 3, 3, 14, 0, 5, SR_R0, .read = cntpct_read, .check = pct_check, SR_NEEDS(ECV)),
    SR("CNTVCTSS_EL0", 3, 3, 14, 0, 6, SR_R0, .read = cntvct_read, .check = vct_check, SR_NEEDS(ECV)),
    SR("CNTKCTL_EL1", 3, 0, 14, 1, 0, SR_RW1, SR_FIELD(cntkctl_el1), .write = cntkctl_write,
       .e2h_redirect = SYSREG(3, 4, 14, 1, 0)),
    SR("CNTKCTL_EL12", 3, 5, 14, 1, 0, SR_RW2, SR_ALIAS(cntkctl_el1), .write = cntkctl_write, .needs_el = 2,
       SR_NEEDS(VHE), .check = el02_check, .no_gdb = true),
    SR("CNTHCTL_EL2", 3, 4, 14, 1, 0, SR_RW2, SR_FIELD(cnthctl_el2), .write = cnthctl_write, .reset = 3,
       .needs_el = 2),
    SR("CNTVOFF_EL2", 3, 4, 14, 0, 3, SR_RW2, SR_FIELD(cntvoff_el2), .write = cntvoff_write, .needs_el = 2),
    TIMER3("CNTP", "EL0", 3, 2, SR_RW0, ptimer_check),
    TIMER3("CNTV", "EL0", 3, 3, SR_RW0, vtimer_check),
    TIMER3("CNTHP", "EL2", 4, 2, SR_RW2, NULL, .needs_el = 2),
    TIMER3("CNTHV", "EL2", 4, 3, SR_RW2, NULL, .needs_el = 2, SR_NEEDS(VHE)),
    TIMER3("CNTP", "EL02", 5, 2, SR_RW2, el02_check, .needs_el = 2, SR_NEEDS(VHE), .no_gdb = true),
    TIMER3("CNTV", "EL02", 5, 3, SR_RW2, el02_check, .needs_el = 2, SR_NEEDS(VHE), .no_gdb = true),
    TIMER3("CNTPS", "EL1", 7, 2, SR_RW1, stimer_check, .needs_el = 3),
};
const SysRegGroup arm_sysregs_gtimer = { gtimer_regs, G_N_ELEMENTS(gtimer_regs) };
