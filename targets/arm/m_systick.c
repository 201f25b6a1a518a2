/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SysTick (Armv8-M ARM, DDI 0553, B11; Armv7-M ARM, DDI 0403, B3.3): a 24-bit counter for each security state.
 *
 * The counter is never counted: it is the number of ticks since it had a known value. The CPU looks at it
 * (arm_m_systick_sync) when software does, and when the clock's timer says that it has run down.
 */
#include "core/exec/clock.h"
#include "targets/arm/m_int.h"

enum { CSR_ENABLE = 1, CSR_TICKINT = 2, CSR_CLKSOURCE = 4, CSR_COUNTFLAG = 1 << 16 };
enum { NS_PER_S = 1000000000 };

static int64_t now(const ARMMCPU *cpu)
{
    Clock *c = device_clock((Device *)&cpu->parent.parent);

    return c ? clock_now(c) : 0;
}

uint64_t arm_m_ticks(ARMMCPU *cpu, uint64_t frequency)
{
    return (unsigned __int128)now(cpu) * frequency / NS_PER_S;
}

/* The first nanosecond at which arm_m_ticks is `tick`. */
static int64_t time_of(uint64_t tick, uint64_t frequency)
{
    unsigned __int128 t = ((unsigned __int128)tick * NS_PER_S + frequency - 1) / frequency;

    return t > INT64_MAX ? INT64_MAX - 1 : (int64_t)t;
}

static uint64_t frequency_of(const ARMMCPU *cpu, unsigned bank)
{
    return m_reg(cpu, MR_SYST_CSR, bank) & CSR_CLKSOURCE || !cpu->prop_refclk ? cpu->parent.frequency : cpu->prop_refclk;
}

static void arm_timer(ARMMCPU *cpu, unsigned bank)
{
    ArmMSysTick *t = &cpu->system->systick[bank];
    uint32_t csr = m_reg(cpu, MR_SYST_CSR, bank);
    uint64_t ticks = counter_until_zero(t->value, m_reg(cpu, MR_SYST_RVR, bank));

    if (!t->timer.clock) {
        return;
    }
    if ((csr & (CSR_ENABLE | CSR_TICKINT)) == (CSR_ENABLE | CSR_TICKINT) && ticks) {
        timer_mod(&t->timer, time_of(t->base + ticks, frequency_of(cpu, bank)));
    } else {
        timer_del(&t->timer);
    }
}

void arm_m_systick_sync(ARMMCPU *cpu, unsigned bank)
{
    ArmMSysTick *t = &cpu->system->systick[bank];
    uint32_t csr = m_reg(cpu, MR_SYST_CSR, bank);
    uint64_t tick, past;

    if (!(csr & CSR_ENABLE)) {
        return;
    }
    tick = arm_m_ticks(cpu, frequency_of(cpu, bank));
    past = tick - t->base;
    t->base = tick;
    if (counter_run(&t->value, m_reg(cpu, MR_SYST_RVR, bank), past)) {
        t->countflag = true;
        if (csr & CSR_TICKINT) {
            arm_m_nvic_set_pending(cpu, M_SLOT(M_EXC_SYSTICK, bank), true);
        }
        arm_timer(cpu, bank);
    }
}

static void expired_ns(void *opaque)
{
    arm_m_nvic_post(opaque, M_SLOT(M_EXC_SYSTICK, M_NS));
}

static void expired_s(void *opaque)
{
    arm_m_nvic_post(opaque, M_SLOT(M_EXC_SYSTICK, M_S));
}

void arm_m_systick_init(ARMMCPU *cpu)
{
    Clock *c = device_clock(&cpu->parent.parent);

    timer_init(&cpu->system->systick[M_NS].timer, c, expired_ns, cpu);
    timer_init(&cpu->system->systick[M_S].timer, c, expired_s, cpu);
}

void arm_m_systick_reset(ARMMCPU *cpu)
{
    for (unsigned bank = 0; bank < 2; bank++) {
        ArmMSysTick *t = &cpu->system->systick[bank];

        timer_del(&t->timer);
        t->base = 0;
        t->value = 0;
        t->countflag = false;
        cpu->system->reg[MR_SYST_CSR][bank] = cpu->prop_refclk ? 0 : CSR_CLKSOURCE;
    }
}

void arm_m_systick_loaded(ARMMCPU *cpu)
{
    arm_timer(cpu, M_NS);
    arm_timer(cpu, M_S);
}

void arm_m_set_frequency(CPUState *cs, uint64_t hz)
{
    ARMMCPU *cpu = (ARMMCPU *)cs;
    uint32_t cycles = arm_m_cyccnt(cpu);

    g_assert(hz);
    if (hz == cs->frequency) {
        return;
    }
    arm_m_systick_sync(cpu, M_NS);
    arm_m_systick_sync(cpu, M_S);
    cs->frequency = hz;
    arm_m_cyccnt_set(cpu, cycles);
    for (unsigned bank = 0; bank < 2; bank++) {
        cpu->system->systick[bank].base = arm_m_ticks(cpu, frequency_of(cpu, bank));
        arm_timer(cpu, bank);
    }
}

uint32_t arm_m_syst_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n G_GNUC_UNUSED, unsigned bank)
{
    ArmMSysTick *t = &cpu->system->systick[bank];
    uint32_t value;

    switch ((ArmMRegId)(r - arm_m_regs)) {
    case MR_SYST_CSR:
        arm_m_systick_sync(cpu, bank);
        value = m_reg(cpu, MR_SYST_CSR, bank) | (t->countflag ? CSR_COUNTFLAG : 0);
        t->countflag = false;
        return value;
    case MR_SYST_CVR:
        arm_m_systick_sync(cpu, bank);
        return t->value;
    default:
        /* NOREF: there is no reference clock */
        return (cpu->prop_systick_calib & 0x40ffffff) | (cpu->prop_refclk ? 0 : BIT32(31));
    }
}

void arm_m_syst_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value, uint32_t lanes)
{
    ArmMSysTick *t = &cpu->system->systick[bank];
    uint32_t *csr = &cpu->system->reg[MR_SYST_CSR][bank], *rvr = &cpu->system->reg[MR_SYST_RVR][bank], was = *csr;

    arm_m_systick_sync(cpu, bank);
    switch ((ArmMRegId)(r - arm_m_regs)) {
    case MR_SYST_CSR:
        *csr = (*csr & ~(7 & lanes)) | (value & lanes & 7);
        if (!cpu->prop_refclk) {
            *csr |= CSR_CLKSOURCE;
        }
        if ((was ^ *csr) & (CSR_ENABLE | CSR_CLKSOURCE)) {
            t->base = arm_m_ticks(cpu, frequency_of(cpu, bank));
        }
        break;
    case MR_SYST_RVR:
        *rvr = (*rvr & ~(0xffffff & lanes)) | (value & lanes & 0xffffff);
        break;
    default:
        t->value = 0;                           /* whatever is written */
        t->countflag = false;
        t->base = arm_m_ticks(cpu, frequency_of(cpu, bank));
        break;
    }
    arm_timer(cpu, bank);
}
