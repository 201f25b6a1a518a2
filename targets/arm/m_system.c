/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system space, 0xe0000000 to 0xe00fffff, as one table (Armv8-M ARM, DDI 0553, B14 and D1.2; Armv7-M ARM, DDI 0403,
 * B3 and C1; Armv6-M ARM, DDI 0419, B3): system control, NVIC, MPU, SAU, debug; SysTick, DWT and ITM have files of
 * their own. 0xe002exxx shows Secure software what Non-secure software sees at 0xe000exxx.
 *
 * Only the CPU itself sees this space, so it takes no lock. A register that is not banked keeps its value in the
 * Non-secure column; one that is banked bit by bit keeps the bits that are not there.
 *
 * Not modelled (docs/CAVEATS.md): halting debug, the flash patch unit, identification registers of components.
 */
#include <string.h>

#include "core/keyval.h"
#include "core/qom/machine.h"
#include "targets/arm/m_int.h"

enum {
    FPCCR_BANKED = FPCCR_LSPACT | FPCCR_USER | FPCCR_THREAD | FPCCR_MMRDY | FPCCR_UFRDY | FPCCR_SPLIMVIOL,
    AIRCR_PRIGROUP = 7 << 8, AIRCR_SYSRESETREQ = 1 << 2,
    ICSR_NMIPENDSET = 1 << 31, ICSR_NMIPENDCLR = 1 << 30, ICSR_PENDSVSET = 1 << 28, ICSR_PENDSVCLR = 1 << 27,
    ICSR_PENDSTSET = 1 << 26, ICSR_PENDSTCLR = 1 << 25, ICSR_ISRPENDING = 1 << 22, ICSR_RETTOBASE = 1 << 11,
    DEMCR_MON_PEND = 1 << 17,
};

/* What generated code was made for has changed: it leaves at the next block. */
static void context_changed(ARMMCPU *cpu)
{
    cpu_key_changed(&cpu->parent);
    cpu_leave(&cpu->parent);
}

static uint32_t merge(uint32_t old, uint32_t value, uint32_t mask)
{
    return (old & ~mask) | (value & mask);
}

/* -- NVIC ------------------------------------------------------------------------------------------------------------ */

/* Interrupts 32n to 32n + 31 as bits of a bitmap by slot. */
static uint32_t irq_word(const uint64_t *words, unsigned n)
{
    return (uint32_t)(words[(n + 1) / 2] >> (32 * ((n + 1) & 1)));
}

/* Those of the 32 that are there and that this bank may touch. */
static uint32_t irq_mask(const ARMMCPU *cpu, unsigned n, unsigned bank)
{
    unsigned num = cpu->nvic->num_irq;
    uint32_t m = num >= 32 * n + 32 ? UINT32_MAX : num <= 32 * n ? 0 : mask32(0, num - 32 * n);

    return cpu->has_security && bank == M_NS ? m & irq_word(cpu->nvic->itns, n) : m;
}

static uint32_t nvic_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank)
{
    const ArmMNvic *v = cpu->nvic;

    arm_m_nvic_drain(cpu);
    switch ((ArmMRegId)(r - arm_m_regs)) {
    case MR_NVIC_ISER:
    case MR_NVIC_ICER:
        return irq_word(v->enabled, n) & irq_mask(cpu, n, bank);
    case MR_NVIC_ISPR:
    case MR_NVIC_ICPR:
        return irq_word(v->pending, n) & irq_mask(cpu, n, bank);
    case MR_NVIC_IABR:
        return irq_word(v->active, n) & irq_mask(cpu, n, bank);
    default:
        return irq_word(v->itns, n) & irq_mask(cpu, n, bank);
    }
}

static void nvic_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank, uint32_t value, uint32_t lanes)
{
    ArmMRegId id = r - arm_m_regs;
    uint32_t mask = irq_mask(cpu, n, bank) & lanes;

    arm_m_nvic_drain(cpu);
    for (uint32_t bits = id == MR_NVIC_ITNS ? mask : value & mask; bits; bits &= bits - 1) {
        unsigned b = ctz32(bits), slot = M_SLOT_IRQ(32 * n + b);

        switch (id) {
        case MR_NVIC_ISER:
        case MR_NVIC_ICER:
            arm_m_nvic_set_enabled(cpu, slot, id == MR_NVIC_ISER);
            break;
        case MR_NVIC_ISPR:
            arm_m_nvic_set_pending(cpu, slot, true);
            break;
        case MR_NVIC_ICPR:
            arm_m_nvic_set_pending(cpu, slot, arm_m_nvic_is_high(cpu->nvic, slot));
            break;
        case MR_NVIC_ITNS:
            arm_m_nvic_set_itns(cpu, slot, value >> b & 1);
            break;
        default:
            break;
        }
    }
}

static uint32_t ipr_read(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n, unsigned bank)
{
    uint32_t may = irq_mask(cpu, n / 8, bank) >> (4 * (n % 8)), v = 0;

    for (unsigned i = 0; i < 4; i++) {
        if (may >> i & 1) {
            v |= (uint32_t)cpu->nvic->prio[M_SLOT_IRQ(4 * n + i)] << (8 * i);
        }
    }
    return v;
}

static void ipr_write(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n, unsigned bank, uint32_t value, uint32_t lanes)
{
    uint32_t may = irq_mask(cpu, n / 8, bank) >> (4 * (n % 8));

    arm_m_nvic_drain(cpu);
    for (unsigned i = 0; i < 4; i++) {
        if (may >> i & 1 && lanes >> (8 * i) & 1) {
            arm_m_nvic_set_prio(cpu, M_SLOT_IRQ(4 * n + i), value >> (8 * i));
        }
    }
}

static void stir_write(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value,
                       uint32_t lanes G_GNUC_UNUSED)
{
    unsigned irq = value & 0x1ff;

    if (irq < cpu->nvic->num_irq && irq_mask(cpu, irq / 32, bank) >> (irq % 32) & 1) {
        arm_m_nvic_set_pending(cpu, M_SLOT_IRQ(irq), true);
    }
}

/* -- system control -------------------------------------------------------------------------------------------------- */

static uint32_t ictr_read(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank G_GNUC_UNUSED)
{
    return MAX(cpu->nvic->num_irq, 1) / 32 - (MAX(cpu->nvic->num_irq, 1) % 32 == 0);
}

static uint32_t id_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank G_GNUC_UNUSED)
{
    switch ((ArmMRegId)(r - arm_m_regs)) {
    case MR_CPUID:
        return cpu->id[M_CPUID];
    case MR_ID:
        return cpu->id[M_ID_PFR0 + n];
    case MR_CLIDR:
        return cpu->id[M_CLIDR];
    case MR_CTR:
        return cpu->id[M_CTR];
    case MR_CCSIDR:
        return cpu->id[*m_reg1(cpu, MR_CSSELR) & 1 ? M_CCSIDR1 : M_CCSIDR0];
    default:
        return cpu->id[M_MVFR0 + n];
    }
}

/* NMI is Secure software's unless BFHFNMINS gives it away. */
static bool may_nmi(const ARMMCPU *cpu, unsigned bank)
{
    return !cpu->has_security || bank == M_S || m_bfhfnmins(cpu);
}

static uint32_t icsr_read(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank)
{
    const ArmMNvic *v = cpu->nvic;
    uint32_t value = cpu->exception;
    unsigned best;
    int prio;

    arm_m_nvic_drain(cpu);
    arm_m_systick_sync(cpu, bank);
    best = arm_m_nvic_best(cpu, &prio);
    if (best != M_NO_SLOT) {
        bool hidden = cpu->has_security && bank == M_NS && arm_m_slot_bank(cpu, best) == M_S;

        value |= (hidden ? 1 : m_slot_number(best)) << 12;
    }
    if (m_has(cpu, ARM_M_HAS_MAIN) && v->num_active <= 1) {
        value |= ICSR_RETTOBASE;
    }
    for (unsigned i = 0; i < (v->num_irq + 31) / 32; i++) {
        if (irq_word(v->pending, i) & irq_mask(cpu, i, bank)) {
            value |= ICSR_ISRPENDING;
        }
    }
    if (m_bit(v->pending, M_SLOT(M_EXC_NMI, M_NS)) && may_nmi(cpu, bank)) {
        value |= ICSR_NMIPENDSET;
    }
    if (m_bit(v->pending, M_SLOT(M_EXC_PENDSV, bank))) {
        value |= ICSR_PENDSVSET;
    }
    if (m_bit(v->pending, M_SLOT(M_EXC_SYSTICK, bank))) {
        value |= ICSR_PENDSTSET;
    }
    return value;
}

static void icsr_write(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value,
                       uint32_t lanes G_GNUC_UNUSED)
{
    arm_m_nvic_drain(cpu);
    if (may_nmi(cpu, bank)) {
        if (value & ICSR_NMIPENDSET) {
            arm_m_nvic_set_pending(cpu, M_SLOT(M_EXC_NMI, M_NS), true);
        } else if (value & ICSR_NMIPENDCLR && m_has(cpu, ARM_M_HAS_V8)) {
            arm_m_nvic_set_pending(cpu, M_SLOT(M_EXC_NMI, M_NS), false);
        }
    }
    if (value & (ICSR_PENDSVSET | ICSR_PENDSVCLR)) {
        arm_m_nvic_set_pending(cpu, M_SLOT(M_EXC_PENDSV, bank), value & ICSR_PENDSVSET);
    }
    if (value & (ICSR_PENDSTSET | ICSR_PENDSTCLR)) {
        arm_m_systick_sync(cpu, bank);
        arm_m_nvic_set_pending(cpu, M_SLOT(M_EXC_SYSTICK, bank), value & ICSR_PENDSTSET);
    }
}

static void vtor_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value, uint32_t lanes)
{
    uint32_t *v = &cpu->system->reg[r - arm_m_regs][bank];

    *v = merge(*v, value, lanes & cpu->model->vtor_mask);
}

static uint32_t aircr_read(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank)
{
    uint32_t all = *m_reg1(cpu, MR_AIRCR);
    uint32_t value = 0xfa050000u | (m_reg(cpu, MR_AIRCR, bank) & AIRCR_PRIGROUP);

    value |= m_has(cpu, ARM_M_HAS_V8) ? all & AIRCR_BFHFNMINS : 0;

    return bank == M_S ? value | (all & (AIRCR_PRIS | AIRCR_SYSRESETREQS)) : value;
}

/* The chip's reset, or the machine's if nobody is there to do it. */
static void request_reset(ARMMCPU *cpu)
{
    Machine *m = cpu->parent.parent.machine;

    machine_lock(m);
    if (cpu->sysresetreq.num_sinks) {
        irq_pulse(&cpu->sysresetreq);
    } else if (m) {
        machine_request_reset(m);
    }
    machine_unlock(m);
}

static void aircr_write(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value,
                        uint32_t lanes)
{
    uint32_t *own = &cpu->system->reg[MR_AIRCR][bank], *all = m_reg1(cpu, MR_AIRCR);

    if (value >> 16 != 0x05fa) {
        log_guest_error("arm: cpu %u: write of 0x%08x to AIRCR without the key\n", cpu->parent.index, value);
        return;
    }
    if (m_has(cpu, ARM_M_HAS_MAIN)) {
        *own = merge(*own, value, lanes & AIRCR_PRIGROUP);
    }
    if (bank == M_S) {
        *all = merge(*all, value, lanes & (AIRCR_PRIS | AIRCR_BFHFNMINS | AIRCR_SYSRESETREQS));
        /* HardFault, BusFault and NMI change hands; NS HardFault is only taken while it has its own */
        arm_m_nvic_set_enabled(cpu, M_SLOT(M_EXC_HARD, M_NS), *all & AIRCR_BFHFNMINS);
    }
    arm_m_nvic_rebuild(cpu);
    context_changed(cpu);
    if (value & AIRCR_SYSRESETREQ && (bank == M_S || !cpu->has_security || !(*all & AIRCR_SYSRESETREQS))) {
        request_reset(cpu);
    }
}

static uint32_t scr_read(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank)
{
    uint32_t s = m_reg(cpu, MR_SCR, M_S), value = m_reg(cpu, MR_SCR, bank) & (SCR_SLEEPONEXIT | SCR_SEVONPEND);
    bool hidden = cpu->has_security && bank == M_NS && s & SCR_SLEEPDEEPS;

    value |= hidden ? 0 : *m_reg1(cpu, MR_SCR) & SCR_SLEEPDEEP;
    return bank == M_S ? value | (s & SCR_SLEEPDEEPS) : value;
}

static void scr_write(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value,
                      uint32_t lanes)
{
    uint32_t *own = &cpu->system->reg[MR_SCR][bank], *all = m_reg1(cpu, MR_SCR);
    bool hidden = cpu->has_security && bank == M_NS && m_reg(cpu, MR_SCR, M_S) & SCR_SLEEPDEEPS;

    *own = merge(*own, value, lanes & (SCR_SLEEPONEXIT | SCR_SEVONPEND | (bank == M_S ? SCR_SLEEPDEEPS : 0)));
    if (!hidden) {
        *all = merge(*all, value, lanes & SCR_SLEEPDEEP);
    }
}

/* BFHFNMIGN is one bit for both states. */
static uint32_t ccr_read(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank)
{
    uint32_t value = m_reg(cpu, MR_CCR, bank) & ~CCR_BFHFNMIGN;

    if (may_nmi(cpu, bank)) {
        value |= *m_reg1(cpu, MR_CCR) & CCR_BFHFNMIGN;
    }
    return value;
}

static void ccr_write(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value,
                      uint32_t lanes)
{
    uint32_t *own = &cpu->system->reg[MR_CCR][bank], rw = 0;

    if (m_has(cpu, ARM_M_HAS_MAIN)) {
        rw = CCR_USERSETMPEND | CCR_UNALIGN_TRP | CCR_DIV_0_TRP;
        rw |= m_has(cpu, ARM_M_HAS_V8) ? CCR_STKOFHFNMIGN : CCR_NONBASETHRDENA | CCR_STKALIGN;
        if (may_nmi(cpu, bank)) {
            *m_reg1(cpu, MR_CCR) = merge(*m_reg1(cpu, MR_CCR), value, lanes & CCR_BFHFNMIGN);
        }
        if (cpu->id[M_CLIDR]) {
            rw |= 3 << 16;                      /* IC, DC */
        }
    } else if (m_has(cpu, ARM_M_HAS_V8)) {
        rw = CCR_STKOFHFNMIGN;
    }
    *own = merge(*own, value, lanes & rw);
    context_changed(cpu);
}

static uint32_t ccr_reset(const ARMMCPU *cpu)
{
    if (m_has(cpu, ARM_M_HAS_V8)) {
        return CCR_STKALIGN | CCR_NONBASETHRDENA | (m_has(cpu, ARM_M_HAS_MAIN) ? 0 : CCR_UNALIGN_TRP);
    }
    if (!m_has(cpu, ARM_M_HAS_MAIN)) {
        return CCR_STKALIGN | CCR_UNALIGN_TRP;
    }
    return CCR_STKALIGN | (cpu->id[M_CLIDR] ? 1 << 18 : 0);
}

/* Bytes of SHPR1 to SHPR3: exceptions 4 to 15. */
static bool shpr_slot(const ARMMCPU *cpu, unsigned number, unsigned bank, unsigned *ret_slot)
{
    bool ok;

    *ret_slot = arm_m_slot_of(number, bank);
    switch (number) {
    case M_EXC_MEM:
    case M_EXC_USAGE:
        ok = m_has(cpu, ARM_M_HAS_MAIN);
        break;
    case M_EXC_BUS:
        ok = m_has(cpu, ARM_M_HAS_MAIN) && may_nmi(cpu, bank);
        break;
    case M_EXC_SECURE:
        ok = m_has(cpu, ARM_M_HAS_MAIN | ARM_M_HAS_SEC) && bank == M_S;
        break;
    case M_EXC_DEBUG:
        ok = m_has(cpu, ARM_M_HAS_MAIN) && (!cpu->has_security || bank == M_S || !(*m_reg1(cpu, MR_DEMCR) & DEMCR_SDME));
        break;
    case M_EXC_SVC:
    case M_EXC_PENDSV:
    case M_EXC_SYSTICK:
        ok = true;
        break;
    default:
        ok = false;
        break;
    }
    return ok;
}

static uint32_t shpr_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n G_GNUC_UNUSED, unsigned bank)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned slot;

        if (shpr_slot(cpu, 4 * (r - &arm_m_regs[MR_SHPR1]) + 4 + i, bank, &slot)) {
            value |= (uint32_t)cpu->nvic->prio[slot] << (8 * i);
        }
    }
    return value;
}

static void shpr_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value, uint32_t lanes)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned slot;

        if (lanes >> (8 * i) & 1 && shpr_slot(cpu, 4 * (r - &arm_m_regs[MR_SHPR1]) + 4 + i, bank, &slot)) {
            arm_m_nvic_set_prio(cpu, slot, value >> (8 * i));
        }
    }
}

/* Bits of SHCSR: which bitmap of the NVIC, which exception. */
typedef struct ShcsrBit {
    uint8_t bit, number;
    enum { ACT, PENDED, ENA } what;
    bool v8;
} ShcsrBit;
static const ShcsrBit shcsr_bits[] = {
    { 0, M_EXC_MEM, ACT }, { 1, M_EXC_BUS, ACT }, { 2, M_EXC_HARD, ACT, true }, { 3, M_EXC_USAGE, ACT },
    { 4, M_EXC_SECURE, ACT, true }, { 5, M_EXC_NMI, ACT, true }, { 7, M_EXC_SVC, ACT }, { 8, M_EXC_DEBUG, ACT },
    { 10, M_EXC_PENDSV, ACT }, { 11, M_EXC_SYSTICK, ACT }, { 12, M_EXC_USAGE, PENDED }, { 13, M_EXC_MEM, PENDED },
    { 14, M_EXC_BUS, PENDED }, { 15, M_EXC_SVC, PENDED }, { 16, M_EXC_MEM, ENA }, { 17, M_EXC_BUS, ENA },
    { 18, M_EXC_USAGE, ENA }, { 19, M_EXC_SECURE, ENA, true }, { 20, M_EXC_SECURE, PENDED, true },
    { 21, M_EXC_HARD, PENDED, true },
};

static bool shcsr_may(const ARMMCPU *cpu, const ShcsrBit *b, unsigned bank)
{
    if (!m_has(cpu, ARM_M_HAS_MAIN)) {
        /* Armv6-M has SVCALLPENDED; Armv8-M Baseline what it has exceptions for */
        return b->number == M_EXC_SVC ? b->what == PENDED || m_has(cpu, ARM_M_HAS_V8) :
               m_has(cpu, ARM_M_HAS_V8) && (b->number == M_EXC_HARD || b->number == M_EXC_NMI || b->number == M_EXC_PENDSV ||
                                            b->number == M_EXC_SYSTICK);
    }
    if (b->v8 && !m_has(cpu, ARM_M_HAS_V8)) {
        return false;
    }
    switch (b->number) {
    case M_EXC_SECURE:
        return cpu->has_security && bank == M_S;
    case M_EXC_BUS:
    case M_EXC_NMI:
        return may_nmi(cpu, bank);
    case M_EXC_DEBUG:
        return !cpu->has_security || bank == M_S || !(*m_reg1(cpu, MR_DEMCR) & DEMCR_SDME);
    default:
        return true;
    }
}

static uint32_t shcsr_read(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank)
{
    const uint64_t *const words[] = { cpu->nvic->active, cpu->nvic->pending, cpu->nvic->enabled };
    uint32_t value = 0;

    arm_m_nvic_drain(cpu);
    for (unsigned i = 0; i < G_N_ELEMENTS(shcsr_bits); i++) {
        const ShcsrBit *b = &shcsr_bits[i];

        if (shcsr_may(cpu, b, bank) && m_bit(words[b->what], arm_m_slot_of(b->number, bank))) {
            value |= BIT32(b->bit);
        }
    }
    return value;
}

static void shcsr_write(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value,
                        uint32_t lanes)
{
    arm_m_nvic_drain(cpu);
    for (unsigned i = 0; i < G_N_ELEMENTS(shcsr_bits); i++) {
        const ShcsrBit *b = &shcsr_bits[i];
        unsigned slot = arm_m_slot_of(b->number, bank);
        bool on = value >> b->bit & 1;

        if (!(lanes >> b->bit & 1) || !shcsr_may(cpu, b, bank)) {
            continue;
        }
        switch (b->what) {
        case ACT:
            /* HARDFAULTACT and NMIACT can be cleared (by Secure software), not set */
            if ((b->number != M_EXC_HARD && b->number != M_EXC_NMI) || (!on && may_nmi(cpu, bank))) {
                arm_m_nvic_set_active(cpu, slot, on);
            }
            break;
        case PENDED:
            arm_m_nvic_set_pending(cpu, slot, on);
            break;
        case ENA:
            arm_m_nvic_set_enabled(cpu, slot, on);
            break;
        }
    }
}

/* BFSR is one for both states. */
static uint32_t cfsr_read(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank)
{
    uint32_t value = m_reg(cpu, MR_CFSR, bank) & ~CFSR_BFSR;

    return may_nmi(cpu, bank) ? value | (*m_reg1(cpu, MR_CFSR) & CFSR_BFSR) : value;
}

static void cfsr_write(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value,
                       uint32_t lanes G_GNUC_UNUSED)
{
    cpu->system->reg[MR_CFSR][bank] &= ~value | CFSR_BFSR;
    if (may_nmi(cpu, bank)) {
        *m_reg1(cpu, MR_CFSR) &= ~value | ~CFSR_BFSR;
    }
}

static void context_after(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned bank G_GNUC_UNUSED)
{
    context_changed(cpu);
}

static void actlr_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value, uint32_t lanes)
{
    uint32_t *v = &cpu->system->reg[r - arm_m_regs][bank];

    *v = merge(*v, value, lanes & cpu->model->actlr_mask);
}

static void dhcsr_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n G_GNUC_UNUSED, unsigned bank G_GNUC_UNUSED, uint32_t value,
                        uint32_t lanes G_GNUC_UNUSED)
{
    /* C_DEBUGEN is a debugger's alone: software finds that none is there */
    log_unimp("arm: cpu %u: write of 0x%08x to %s: no halting debug\n", cpu->parent.index, value, r->name);
}

/*
 * SecureDebugMonitorAllowed(): by SPIDENSEL it is INTSPIDEN that says it, else a line that nobody drives. DEMCR.SDME follows
 * while DebugMonitor is neither pending nor active.
 */
static void dauthctrl_after(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned bank G_GNUC_UNUSED)
{
    unsigned slot = M_SLOT(M_EXC_DEBUG, M_NS);
    uint32_t *demcr = m_reg1(cpu, MR_DEMCR);
    bool allowed = (*m_reg1(cpu, MR_DAUTHCTRL) & 3) == 3;

    if (!m_bit(cpu->nvic->active, slot) && !m_bit(cpu->nvic->pending, slot)) {
        *demcr = (*demcr & ~(uint32_t)DEMCR_SDME) | (allowed ? DEMCR_SDME : 0);
        arm_m_nvic_rebuild(cpu);
    }
}

/* Bits of DebugMonitor that a bank does not see: while SDME is 1 they are Secure software's. */
static uint32_t demcr_hidden(const ARMMCPU *cpu, unsigned bank)
{
    bool hidden = cpu->has_security && bank == M_NS;

    return !hidden ? 0 : *m_reg1(cpu, MR_DEMCR) & DEMCR_SDME ? DEMCR_SDME | 0xf << 16 : DEMCR_SDME;
}

static uint32_t demcr_read(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank)
{
    uint32_t value = *m_reg1(cpu, MR_DEMCR) & ~DEMCR_MON_PEND;

    value |= m_bit(cpu->nvic->pending, M_SLOT(M_EXC_DEBUG, M_NS)) ? DEMCR_MON_PEND : 0;
    return value & ~demcr_hidden(cpu, bank);
}

static void demcr_write(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value,
                        uint32_t lanes)
{
    uint32_t *v = m_reg1(cpu, MR_DEMCR), was = *v;
    uint32_t rw = DEMCR_TRCENA;

    lanes &= ~demcr_hidden(cpu, bank);
    if (m_has(cpu, ARM_M_HAS_MAIN)) {
        rw |= DEMCR_MON_EN | 1 << 19 | 0x7f1;   /* MON_REQ, VC_* */
        if (value & lanes & 1 << 18) {
            log_unimp("arm: cpu %u: DEMCR.MON_STEP is not supported\n", cpu->parent.index);
        }
        if (lanes & DEMCR_MON_PEND) {
            arm_m_nvic_set_pending(cpu, M_SLOT(M_EXC_DEBUG, M_NS), value & DEMCR_MON_PEND);
        }
    }
    if ((was ^ value) & lanes & (DEMCR_TRCENA | DEMCR_MON_EN)) {
        *v = merge(*v, value, lanes & rw);
        arm_m_dwt_changed(cpu);
    }
    *v = merge(*v, value, lanes & rw);
}

/* -- floating point ------------------------------------------------------------------------------------------------------ */

static uint32_t fpccr_read(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank)
{
    uint32_t banked = FPCCR_BANKED | FPCCR_ASPEN;
    uint32_t value = (m_reg(cpu, MR_FPCCR, bank) & banked) | (*m_reg1(cpu, MR_FPCCR) & ~banked);

    if (cpu->has_security && bank == M_NS) {
        value &= ~(uint32_t)(FPCCR_S | FPCCR_TS | FPCCR_CLRONRETS | FPCCR_LSPENS | FPCCR_SFRDY);
        if (!m_bfhfnmins(cpu)) {
            value &= ~(uint32_t)(FPCCR_BFRDY | FPCCR_HFRDY);
        }
    }
    return value;
}

static void fpccr_write(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value,
                        uint32_t lanes)
{
    uint32_t *own = &cpu->system->reg[MR_FPCCR][bank], *all = m_reg1(cpu, MR_FPCCR);
    uint32_t banked = FPCCR_LSPACT | FPCCR_USER | FPCCR_THREAD | FPCCR_MMRDY | FPCCR_ASPEN;
    uint32_t shared = FPCCR_MONRDY | FPCCR_LSPEN | FPCCR_BFRDY | FPCCR_HFRDY;

    if (m_has(cpu, ARM_M_HAS_V8)) {
        banked |= FPCCR_UFRDY | FPCCR_SPLIMVIOL;
        shared |= FPCCR_CLRONRET;
    }
    if (cpu->has_security && bank == M_S) {
        shared |= FPCCR_S | FPCCR_TS | FPCCR_CLRONRETS | FPCCR_LSPENS | FPCCR_SFRDY;
    } else if (cpu->has_security) {
        shared &= m_bfhfnmins(cpu) ? ~0u : ~(uint32_t)(FPCCR_BFRDY | FPCCR_HFRDY);
        shared &= *all & FPCCR_LSPENS ? ~(uint32_t)FPCCR_LSPEN : ~0u;
        shared &= *all & FPCCR_CLRONRETS ? ~(uint32_t)FPCCR_CLRONRET : ~0u;
    }
    *own = merge(*own, value, lanes & banked);
    *all = merge(*all, value, lanes & shared);
    context_changed(cpu);
}

static void cpacr_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n G_GNUC_UNUSED, unsigned bank, uint32_t value, uint32_t lanes)
{
    uint32_t *v = &cpu->system->reg[r - arm_m_regs][bank];

    *v = merge(*v, value, cpu->has_fp ? lanes & (r - arm_m_regs == MR_CPACR ? 0xf << 20 : 3 << 10) : 0);
    context_changed(cpu);
}

/* -- the table ----------------------------------------------------------------------------------------------------------- */

#define MAIN ARM_M_HAS_MAIN
#define V8   ARM_M_HAS_V8
#define V7   ARM_M_HAS_V7
#define SEC  ARM_M_HAS_SEC
#define FP   ARM_M_HAS_FP
#define IDS  ARM_M_HAS_IDS
#define MPU  ARM_M_HAS_MPU
#define DWT  ARM_M_HAS_DWT
#define ITM  ARM_M_HAS_ITM
#define B    ARM_M_REG_BANKED
#define S    ARM_M_REG_SECURE
#define BF   ARM_M_REG_BF
#define NS   ARM_M_REG_NO_STORE
#define ALL  UINT32_MAX
const ArmMReg arm_m_regs[M_NUM_REGS] = {
    [MR_ICTR]       = { 0xe004, "ICTR", 1, IDS, NS, .read = ictr_read },
    [MR_ACTLR]      = { 0xe008, "ACTLR", 1, 0, B, .write = actlr_write },
    [MR_CPPWR]      = { 0xe00c, "CPPWR", 1, MAIN | V8, 0 },
    [MR_SYST_CSR]   = { 0xe010, "SYST_CSR", 1, 0, B, .rw = 7, .read = arm_m_syst_read, .write = arm_m_syst_write },
    [MR_SYST_RVR]   = { 0xe014, "SYST_RVR", 1, 0, B, .rw = 0xffffff, .write = arm_m_syst_write },
    [MR_SYST_CVR]   = { 0xe018, "SYST_CVR", 1, 0, B | NS, .read = arm_m_syst_read, .write = arm_m_syst_write },
    [MR_SYST_CALIB] = { 0xe01c, "SYST_CALIB", 1, 0, B | NS, .read = arm_m_syst_read },
    [MR_NVIC_ISER]  = { 0xe100, "NVIC_ISER", 16, 0, NS, .read = nvic_read, .write = nvic_write },
    [MR_NVIC_ICER]  = { 0xe180, "NVIC_ICER", 16, 0, NS, .read = nvic_read, .write = nvic_write },
    [MR_NVIC_ISPR]  = { 0xe200, "NVIC_ISPR", 16, 0, NS, .read = nvic_read, .write = nvic_write },
    [MR_NVIC_ICPR]  = { 0xe280, "NVIC_ICPR", 16, 0, NS, .read = nvic_read, .write = nvic_write },
    [MR_NVIC_IABR]  = { 0xe300, "NVIC_IABR", 16, IDS, NS, .read = nvic_read },
    [MR_NVIC_ITNS]  = { 0xe380, "NVIC_ITNS", 16, SEC, S | NS, .read = nvic_read, .write = nvic_write },
    [MR_NVIC_IPR]   = { 0xe400, "NVIC_IPR", 124, 0, NS, .read = ipr_read, .write = ipr_write },
    [MR_CPUID]      = { 0xed00, "CPUID", 1, 0, NS, .read = id_read },
    [MR_ICSR]       = { 0xed04, "ICSR", 1, 0, NS, .read = icsr_read, .write = icsr_write },
    [MR_VTOR]       = { 0xed08, "VTOR", 1, ARM_M_HAS_VTOR, B, .write = vtor_write },
    [MR_AIRCR]      = { 0xed0c, "AIRCR", 1, 0, B, .read = aircr_read, .write = aircr_write },
    [MR_SCR]        = { 0xed10, "SCR", 1, 0, B, .read = scr_read, .write = scr_write },
    [MR_CCR]        = { 0xed14, "CCR", 1, 0, B, .read = ccr_read, .write = ccr_write },
    [MR_SHPR1]      = { 0xed18, "SHPR1", 1, MAIN, NS, .read = shpr_read, .write = shpr_write },
    [MR_SHPR2]      = { 0xed1c, "SHPR2", 1, 0, NS, .read = shpr_read, .write = shpr_write },
    [MR_SHPR3]      = { 0xed20, "SHPR3", 1, 0, NS, .read = shpr_read, .write = shpr_write },
    [MR_SHCSR]      = { 0xed24, "SHCSR", 1, 0, NS, .read = shcsr_read, .write = shcsr_write },
    [MR_CFSR]       = { 0xed28, "CFSR", 1, MAIN, B, .read = cfsr_read, .write = cfsr_write },
    [MR_HFSR]       = { 0xed2c, "HFSR", 1, MAIN, BF, .w1c = HFSR_DEBUGEVT | HFSR_FORCED | HFSR_VECTTBL },
    [MR_DFSR]       = { 0xed30, "DFSR", 1, 0, 0, .w1c = 0x1f },
    [MR_MMFAR]      = { 0xed34, "MMFAR", 1, MAIN, B, .rw = ALL },
    [MR_BFAR]       = { 0xed38, "BFAR", 1, MAIN, BF, .rw = ALL },
    [MR_AFSR]       = { 0xed3c, "AFSR", 1, MAIN, 0 },
    [MR_ID]         = { 0xed40, "ID", 14, IDS, NS, .read = id_read },
    [MR_CLIDR]      = { 0xed78, "CLIDR", 1, IDS, NS, .read = id_read },
    [MR_CTR]        = { 0xed7c, "CTR", 1, IDS, NS, .read = id_read },
    [MR_CCSIDR]     = { 0xed80, "CCSIDR", 1, MAIN, NS, .read = id_read },
    [MR_CSSELR]     = { 0xed84, "CSSELR", 1, MAIN, 0, .rw = 0xf },
    [MR_CPACR]      = { 0xed88, "CPACR", 1, MAIN, B, .write = cpacr_write },
    [MR_NSACR]      = { 0xed8c, "NSACR", 1, MAIN | SEC, S, .write = cpacr_write },
    [MR_MPU_TYPE]   = { 0xed90, "MPU_TYPE", 1, 0, B | NS, .read = arm_m_mpu_read },
    [MR_MPU_CTRL]   = { 0xed94, "MPU_CTRL", 1, MPU, B, .rw = 7, .after = arm_m_mpu_ctrl_changed },
    [MR_MPU_RNR]    = { 0xed98, "MPU_RNR", 1, MPU, B, .rw = 0xff },
    [MR_MPU_RBAR]   = { 0xed9c, "MPU_RBAR", 8, MPU | V7, B | NS, .read = arm_m_mpu_read, .write = arm_m_mpu_write },
    [MR_MPU_RBAR_V8] = { 0xed9c, "MPU_RBAR", 8, MPU | V8, B | NS, .read = arm_m_mpu_read, .write = arm_m_mpu_write },
    [MR_MPU_MAIR]   = { 0xedc0, "MPU_MAIR", 2, MPU | V8, B | NS, .read = arm_m_mpu_read, .write = arm_m_mpu_write },
    [MR_SAU_CTRL]   = { 0xedd0, "SAU_CTRL", 1, SEC, S, .write = arm_m_sau_write },
    [MR_SAU_TYPE]   = { 0xedd4, "SAU_TYPE", 1, SEC, S | NS, .read = arm_m_sau_read },
    [MR_SAU_RNR]    = { 0xedd8, "SAU_RNR", 1, SEC, S, .rw = 0xff },
    [MR_SAU_RBAR]   = { 0xeddc, "SAU_RBAR", 1, SEC, S | NS, .read = arm_m_sau_read, .write = arm_m_sau_write },
    [MR_SAU_RLAR]   = { 0xede0, "SAU_RLAR", 1, SEC, S | NS, .read = arm_m_sau_read, .write = arm_m_sau_write },
    [MR_SFSR]       = { 0xede4, "SFSR", 1, MAIN | SEC, S, .w1c = 0xff },
    [MR_SFAR]       = { 0xede8, "SFAR", 1, MAIN | SEC, S, .rw = ALL },
    [MR_DHCSR]      = { 0xedf0, "DHCSR", 1, 0, NS, .write = dhcsr_write },
    [MR_DCRSR]      = { 0xedf4, "DCRSR", 1, 0, NS, .write = dhcsr_write },
    [MR_DCRDR]      = { 0xedf8, "DCRDR", 1, 0, 0, .rw = ALL },
    [MR_DEMCR]      = { 0xedfc, "DEMCR", 1, 0, B, .read = demcr_read, .write = demcr_write },
    [MR_DAUTHCTRL]  = { 0xee04, "DAUTHCTRL", 1, MAIN | SEC, S, .rw = 0xf, .after = dauthctrl_after },
    [MR_DSCSR]      = { 0xee08, "DSCSR", 1, SEC, S },
    [MR_STIR]       = { 0xef00, "STIR", 1, MAIN, NS | ARM_M_REG_UNPRIV, .write = stir_write },
    [MR_FPCCR]      = { 0xef34, "FPCCR", 1, FP, B, .reset = FPCCR_ASPEN | FPCCR_LSPEN, .read = fpccr_read,
                        .write = fpccr_write },
    [MR_FPCAR]      = { 0xef38, "FPCAR", 1, FP, B, .rw = ~7u },
    [MR_FPDSCR]     = { 0xef3c, "FPDSCR", 1, FP, B, .rw = 0x1f << 22, .after = context_after },
    [MR_MVFR]       = { 0xef40, "MVFR", 3, FP, NS, .read = id_read },
    [MR_CACHE]      = { 0xef50, "ICIALLU", 11, MAIN, NS },
    [MR_DWT_CTRL]   = { 0x1000, "DWT_CTRL", 1, DWT, 0, .read = arm_m_dwt_read, .write = arm_m_dwt_write },
    [MR_DWT_CYCCNT] = { 0x1004, "DWT_CYCCNT", 1, DWT | MAIN, 0, .read = arm_m_dwt_read, .write = arm_m_dwt_write },
    [MR_DWT_COUNTERS] = { 0x1008, "DWT_CPICNT", 5, DWT | MAIN, NS },
    [MR_DWT_PCSR]   = { 0x101c, "DWT_PCSR", 1, DWT, NS, .read = arm_m_dwt_read },
    [MR_DWT_COMP]   = { 0x1020, "DWT_COMP", 4 * M_NUM_DWT, DWT, NS, .read = arm_m_dwt_read, .write = arm_m_dwt_write },
    [MR_FP_CTRL]    = { 0x2000, "FP_CTRL", 1, DWT | MAIN, 0, .rw = 1 },
    [MR_ITM_STIM]   = { 0x0000, "ITM_STIM", 256, ITM, NS | ARM_M_REG_UNPRIV, .read = arm_m_itm_read, .write = arm_m_itm_write },
    [MR_ITM_TER]    = { 0x0e00, "ITM_TER", 1, ITM, ARM_M_REG_UNPRIV, .rw = ALL, .write = arm_m_itm_write },
    [MR_ITM_TPR]    = { 0x0e40, "ITM_TPR", 1, ITM, ARM_M_REG_UNPRIV, .rw = 0xf, .write = arm_m_itm_write },
    [MR_ITM_TCR]    = { 0x0e80, "ITM_TCR", 1, ITM, ARM_M_REG_UNPRIV, .rw = 0x007f0f1f, .write = arm_m_itm_write },
    [MR_ITM_LAR]    = { 0x0fb0, "ITM_LAR", 1, ITM | V7, NS, .write = arm_m_itm_write },
    [MR_ITM_LSR]    = { 0x0fb4, "ITM_LSR", 1, ITM | V7, NS, .read = arm_m_itm_read },
};

/* -- access -------------------------------------------------------------------------------------------------------------- */

static const ArmMReg *find(const ArmMSystem *s, uint32_t offset, unsigned *ret_n)
{
    const uint8_t *page = s->page[offset >> 12 & 0xff];
    unsigned row = page ? page[offset >> 2 & 0x3ff] : 0;

    if (!row) {
        return NULL;
    }
    *ret_n = (offset - arm_m_regs[row - 1].offset) / 4;
    return &arm_m_regs[row - 1];
}

static uint32_t load(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank)
{
    if (r->read) {
        return r->read(cpu, r, n, bank);
    }
    return r->flags & ARM_M_REG_NO_STORE ? 0 : m_reg(cpu, r - arm_m_regs, r->flags & ARM_M_REG_BANKED ? bank : M_NS);
}

static void store(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank, uint32_t value, uint32_t lanes)
{
    uint32_t *v = &cpu->system->reg[r - arm_m_regs][r->flags & ARM_M_REG_BANKED ? bank : M_NS];

    if (r->write) {
        r->write(cpu, r, n, r->flags & (ARM_M_REG_BANKED | ARM_M_REG_NO_STORE) ? bank : M_NS, value, lanes);
        return;
    }
    *v = merge(*v, value, r->rw & lanes) & ~(value & r->w1c & lanes);
    if (r->after) {
        r->after(cpu, r, r->flags & ARM_M_REG_BANKED ? bank : M_NS);
    }
}

MemTxResult arm_m_system_access(ARMMCPU *cpu, uint32_t offset, unsigned size, uint64_t *value, MemTxAttrs attrs, bool write)
{
    ArmMSystem *s = cpu->system;
    unsigned bank = cpu->has_security && attrs.pas == PAS_SECURE ? M_S : M_NS, n = 0, shift = 8 * (offset & 3);
    uint32_t lanes = mask32(shift, 8 * size);
    bool alias = offset >> 12 == 0x2e, hidden = false;
    const ArmMReg *r;

    if (!write) {
        *value = 0;
    }
    if (alias) {
        offset -= 0x20000;
        hidden = bank == M_NS;
        bank = M_NS;
    }
    r = alias && !cpu->has_security ? NULL : find(s, offset, &n);
    if (!attrs.privileged && !(r && r->flags & ARM_M_REG_UNPRIV)) {
        return MEMTX_ERROR;
    }
    if (!attrs.privileged && r - arm_m_regs == MR_STIR && !(m_reg(cpu, MR_CCR, bank) & CCR_USERSETMPEND)) {
        return MEMTX_ERROR;
    }
    if (!r) {
        log_guest_error("arm: cpu %u: %s of the system space at 0x%08x, where no register is\n", cpu->parent.index,
                        write ? "write" : "read", 0xe0000000u + offset);
        return MEMTX_OK;
    }
    if (hidden || (cpu->has_security && bank == M_NS &&
                   (r->flags & ARM_M_REG_SECURE || (r->flags & ARM_M_REG_BF && !m_bfhfnmins(cpu))))) {
        return MEMTX_OK;
    }
    s->unprivileged = !attrs.privileged;
    if (write) {
        if (!r->write && !r->rw && !r->w1c && !r->after && !(r - arm_m_regs == MR_CACHE)) {
            log_guest_error("arm: cpu %u: write of 0x%08x to the read-only %s\n", cpu->parent.index, (uint32_t)*value, r->name);
        }
        store(cpu, r, n, bank, (uint32_t)*value << shift & lanes, lanes);
    } else {
        *value = (load(cpu, r, n, bank) & lanes) >> shift;
    }
    return MEMTX_OK;
}

static MemTxResult space_read(void *opaque, hwaddr addr, unsigned size, uint64_t *ret_value, MemTxAttrs attrs)
{
    return arm_m_system_access(opaque, addr, size, ret_value, attrs, false);
}

static MemTxResult space_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    return arm_m_system_access(opaque, addr, size, &value, attrs, true);
}

static const MemoryRegionOps space_ops = { .read = space_read, .write = space_write, .min_size = 1, .max_size = 4 };

/* -- life ------------------------------------------------------------------------------------------------------------------ */

static uint32_t what_it_has(const ARMMCPU *cpu)
{
    const ArmMModel *m = cpu->model;
    bool main = extract32(cpu->id[M_CPUID], 16, 4) == 0xf, v8 = extract32(cpu->id[M_ID_MMFR0], 4, 4) == 4;

    return (main ? ARM_M_HAS_MAIN : 0) | (v8 ? ARM_M_HAS_V8 : ARM_M_HAS_V7) | (cpu->has_security ? ARM_M_HAS_SEC : 0) |
           (cpu->has_fp ? ARM_M_HAS_FP : 0) | (main || v8 ? ARM_M_HAS_IDS : 0) | (m->vtor_mask ? ARM_M_HAS_VTOR : 0) |
           (m->dwt_ctrl ? ARM_M_HAS_DWT : 0) | (m->itm ? ARM_M_HAS_ITM : 0) |
           (cpu->prop_mpu_regions || cpu->prop_mpu_ns_regions ? ARM_M_HAS_MPU : 0);
}

bool arm_m_system_init(ARMMCPU *cpu, GError **error)
{
    ArmMSystem *s = g_new0(ArmMSystem, 1);
    Object *obj = &cpu->parent.parent.parent;
    Machine *m = cpu->parent.parent.machine;
    g_autofree char *name = NULL;

    cpu->system = s;
    s->cpu = cpu;
    s->has = what_it_has(cpu);
    s->num_regions[M_NS] = cpu->has_security ? cpu->prop_mpu_ns_regions : cpu->prop_mpu_regions;
    s->num_regions[M_S] = cpu->has_security ? cpu->prop_mpu_regions : 0;
    s->num_sau = cpu->has_security ? cpu->prop_sau_regions : 0;
    for (unsigned i = 0; i < M_NUM_REGS; i++) {
        const ArmMReg *r = &arm_m_regs[i];

        for (unsigned n = 0; (s->has & r->needs) == r->needs && n < MAX(r->count, 1); n++) {
            uint32_t at = r->offset + 4 * n;

            if (!s->page[at >> 12]) {
                s->page[at >> 12] = g_new0(uint8_t, 1024);
            }
            g_assert(!s->page[at >> 12][at >> 2 & 0x3ff]);      /* two rows at one offset */
            s->page[at >> 12][at >> 2 & 0x3ff] = i + 1;
        }
    }
    G_STATIC_ASSERT(M_NUM_REGS < 255);
    arm_m_systick_init(cpu);
    if (!cpu->parent.cluster) {
        return true;                            /* a unit test: no memory */
    }
    /* the private overlay over what the cluster sees, or what the board has given this CPU instead */
    name = g_strdup_printf("%s.cpu%u", cpu->parent.cluster->name, cpu->parent.index);
    memory_region_init(&s->root, obj, name, UINT64_C(1) << 32);
    memory_region_init_alias(&s->cluster, obj, "cluster-memory", address_space_root(cpu->parent.as), 0,
                             UINT64_C(1) << 32);
    memory_region_init_io(&s->space, obj, &space_ops, cpu, "system-space", 0x100000);
    s->space.lockless = true;
    memory_region_add(&s->root, 0, &s->cluster, 0);
    memory_region_add(&s->root, 0xe0000000, &s->space, 2);
    if (cpu->prop_bitband) {
        arm_m_bitband_init(cpu);
    }
    s->as = address_space_new(m, &s->root, name);
    cpu_set_address_space(&cpu->parent, s->as);
    return true;
}

void arm_m_system_free(ARMMCPU *cpu)
{
    ArmMSystem *s = cpu->system;

    if (!s) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        timer_del(&s->systick[i].timer);
    }
    if (s->as) {
        memory_region_destroy(&s->bitband[0]);
        memory_region_destroy(&s->bitband[1]);
        memory_region_destroy(&s->space);
        memory_region_destroy(&s->cluster);
        memory_region_destroy(&s->root);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(s->page); i++) {
        g_free(s->page[i]);
    }
    g_clear_pointer(&cpu->system, g_free);
}

void arm_m_set_vtor(ARMMCPU *cpu)
{
    uint32_t *vtor = cpu->system->reg[MR_VTOR], mask = cpu->model->vtor_mask;

    vtor[M_NS] = (cpu->has_security ? cpu->prop_init_nsvtor : cpu->prop_init_svtor) & mask;
    vtor[M_S] = cpu->prop_init_svtor & mask;
}

void arm_m_system_reset(ARMMCPU *cpu)
{
    ArmMSystem *s = cpu->system;

    for (unsigned i = 0; i < M_NUM_REGS; i++) {
        s->reg[i][M_NS] = s->reg[i][M_S] = arm_m_regs[i].reset;
    }
    s->reg[MR_CCR][M_NS] = s->reg[MR_CCR][M_S] = ccr_reset(cpu);
    arm_m_set_vtor(cpu);
    if (cpu->has_security) {
        s->reg[MR_FPCCR][M_NS] |= FPCCR_S;
    } else {
        s->reg[MR_AIRCR][M_NS] = AIRCR_BFHFNMINS;       /* as if: all is in the Non-secure column */
    }
    memset(s->region, 0, sizeof(s->region));
    memset(s->sau, 0, sizeof(s->sau));
    memset(s->mair, 0, sizeof(s->mair));
    memset(s->dwt_comp, 0, sizeof(s->dwt_comp));
    s->cyccnt_base = 0;
    s->itm_unlocked = false;
    arm_m_systick_reset(cpu);
}

/* -- saved by name ----------------------------------------------------------------------------------------------------------- */

static const VMStateField region_fields[] = {
    VMSTATE_UINT(ArmMRegion, rbar), VMSTATE_UINT(ArmMRegion, rlar), VMSTATE_END
};

static bool systick_loaded(void *s, GError **error G_GNUC_UNUSED)
{
    arm_m_systick_loaded(((ArmMSystem *)s)->cpu);
    return true;
}

static const VMStateField systick_fields[] = {
    VMSTATE_UINT(ArmMSysTick, base), VMSTATE_UINT(ArmMSysTick, value), VMSTATE_BOOL(ArmMSysTick, countflag), VMSTATE_END
};
static const VMStateField system_fields[] = {
    { .name = "mpu_ns", .kind = VMS_STRUCT, .offset = offsetof(ArmMSystem, region[0]), .size = sizeof(ArmMRegion),
      .count = M_MAX_REGIONS, .sub = region_fields },
    { .name = "mpu_s", .kind = VMS_STRUCT, .offset = offsetof(ArmMSystem, region[1]), .size = sizeof(ArmMRegion),
      .count = M_MAX_REGIONS, .sub = region_fields },
    VMSTATE_STRUCT_ARRAY(ArmMSystem, sau, region_fields),
    VMSTATE_BYTES(ArmMSystem, mair),
    VMSTATE_STRUCT_ARRAY(ArmMSystem, systick, systick_fields),
    VMSTATE_UINT(ArmMSystem, cyccnt_base),
    VMSTATE_BYTES(ArmMSystem, dwt_comp),
    VMSTATE_BOOL(ArmMSystem, itm_unlocked),
    VMSTATE_POST_LOAD(systick_loaded),
    VMSTATE_END
};

static bool is_stored(const ArmMSystem *s, const ArmMReg *r)
{
    return !(r->flags & ARM_M_REG_NO_STORE) && (s->has & r->needs) == r->needs;
}

static GVariant *save(const void *field)
{
    ArmMSystem *s = *(ArmMSystem *const *)field;
    GVariantBuilder out, regs;

    g_variant_builder_init(&regs, G_VARIANT_TYPE("a{s(uu)}"));
    for (unsigned i = 0; i < M_NUM_REGS; i++) {
        if (is_stored(s, &arm_m_regs[i])) {
            g_variant_builder_add(&regs, "{s(uu)}", arm_m_regs[i].name, s->reg[i][M_NS], s->reg[i][M_S]);
        }
    }
    g_variant_builder_init(&out, G_VARIANT_TYPE("(a{s(uu)}a{sv})"));
    g_variant_builder_add_value(&out, g_variant_builder_end(&regs));
    g_variant_builder_add_value(&out, vmstate_save(system_fields, s));
    return g_variant_builder_end(&out);
}

static bool load_state(void *field, GVariant *state, GError **error)
{
    ArmMSystem *s = *(ArmMSystem **)field;
    g_autoptr(GVariant) regs = NULL, rest = NULL;

    if (!g_variant_is_of_type(state, G_VARIANT_TYPE("(a{s(uu)}a{sv})"))) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "not a system space");
        return false;
    }
    regs = g_variant_get_child_value(state, 0);
    rest = g_variant_get_child_value(state, 1);
    for (unsigned i = 0; i < M_NUM_REGS; i++) {
        if (is_stored(s, &arm_m_regs[i]) &&
            !g_variant_lookup(regs, arm_m_regs[i].name, "(uu)", &s->reg[i][M_NS], &s->reg[i][M_S])) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s is missing", arm_m_regs[i].name);
            return false;
        }
    }
    return vmstate_load(system_fields, s, rest, error);
}

const VMStateOps arm_m_system_vmstate_ops = { save, load_state };
