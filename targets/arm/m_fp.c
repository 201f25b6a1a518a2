/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floating-point context of M-profile (Armv8-M ARM, DDI 0553, B3.20 to B3.24; Armv7-M ARM, DDI 0403, B1.5.7): who may
 * use it, and the state that an exception entry or VLSTM leaves in the registers until somebody else needs them.
 */
#include "targets/arm/m_int.h"

enum { FRAME_S0 = 0x20 };

bool arm_m_fp_enabled(const ARMMCPU *cpu, bool secure, bool privileged, unsigned *ret_bank)
{
    unsigned bank = secure ? M_S : M_NS, cp10 = extract32(m_reg(cpu, MR_CPACR, bank), 20, 2);

    *ret_bank = bank;
    if (!(cp10 & 1) || (cp10 == 1 && !privileged)) {
        return false;
    }
    if (cpu->has_security && !secure && !(*m_reg1(cpu, MR_NSACR) & 1 << 10)) {
        *ret_bank = M_S;
        return false;
    }
    return true;
}

bool arm_m_fp_lspact(const ARMMCPU *cpu, unsigned *ret_bank)
{
    *ret_bank = cpu->has_security && *m_reg1(cpu, MR_FPCCR) & FPCCR_S ? M_S : M_NS;
    return m_reg(cpu, MR_FPCCR, *ret_bank) & FPCCR_LSPACT;
}

/* -- the state as words ---------------------------------------------------------------------------------------------- */

unsigned arm_m_fp_save(const ARMMCPU *cpu, uint32_t *words, bool all)
{
    memcpy(words, cpu->s, 64);
    words[16] = arm_m_get_fpscr(cpu);
    words[17] = 0;
    if (all) {
        memcpy(words + 18, cpu->s + 16, 64);
    }
    return all ? 34 : 18;
}

void arm_m_fp_restore(ARMMCPU *cpu, const uint32_t *words, bool all)
{
    memcpy(cpu->s, words, 64);
    arm_m_set_fpscr(cpu, words[16]);
    if (all) {
        memcpy(cpu->s + 16, words + 18, 64);
    }
}

/* -- deferred ---------------------------------------------------------------------------------------------------------- */

/* Whether an exception of this number could be taken from here, as if it came now. */
static bool is_ready(const ARMMCPU *cpu, unsigned number, unsigned bank)
{
    unsigned slot = arm_m_slot_of(number, bank);

    return m_bit(cpu->nvic->enabled, slot) && arm_m_slot_priority(cpu, slot, true) < cpu->nvic->exec_prio;
}

void arm_m_fp_defer(ARMMCPU *cpu, uint32_t frameptr, bool splimviol)
{
    unsigned bank = m_bank(cpu);
    uint32_t *own = &cpu->system->reg[MR_FPCCR][bank], *all = m_reg1(cpu, MR_FPCCR);

    cpu->system->reg[MR_FPCAR][bank] = (frameptr + FRAME_S0) & ~7u;
    *own &= ~(uint32_t)(FPCCR_USER | FPCCR_THREAD | FPCCR_MMRDY | FPCCR_UFRDY | FPCCR_SPLIMVIOL);
    *all &= ~(uint32_t)(FPCCR_S | FPCCR_HFRDY | FPCCR_BFRDY | FPCCR_SFRDY | FPCCR_MONRDY);
    *own |= FPCCR_LSPACT | (m_is_privileged(cpu) ? 0 : FPCCR_USER) | (cpu->exception ? 0 : FPCCR_THREAD);
    *own |= is_ready(cpu, M_EXC_MEM, bank) ? FPCCR_MMRDY : 0;
    *all |= is_ready(cpu, M_EXC_HARD, cpu->has_security && !m_bfhfnmins(cpu) ? M_S : bank) ? FPCCR_HFRDY : 0;
    *all |= is_ready(cpu, M_EXC_BUS, bank) ? FPCCR_BFRDY : 0;
    *all |= *m_reg1(cpu, MR_DEMCR) & DEMCR_MON_EN && is_ready(cpu, M_EXC_DEBUG, bank) ? FPCCR_MONRDY : 0;
    if (m_has(cpu, ARM_M_HAS_V8)) {
        *own |= (is_ready(cpu, M_EXC_USAGE, bank) ? FPCCR_UFRDY : 0) | (splimviol ? FPCCR_SPLIMVIOL : 0);
    }
    if (cpu->has_security) {
        *all |= (cpu->secure ? FPCCR_S : 0) | (is_ready(cpu, M_EXC_SECURE, M_S) ? FPCCR_SFRDY : 0);
    }
}

/* Whether the exception that a fault of the deferred store is may be taken: it was when the frame was made. */
static bool was_ready(const ARMMCPU *cpu, unsigned number, unsigned bank)
{
    uint32_t own = m_reg(cpu, MR_FPCCR, bank), all = *m_reg1(cpu, MR_FPCCR);

    switch (number) {
    case M_EXC_MEM:
        return own & FPCCR_MMRDY;
    case M_EXC_BUS:
        return all & FPCCR_BFRDY;
    case M_EXC_USAGE:
        return own & FPCCR_UFRDY;
    default:
        return all & FPCCR_SFRDY;
    }
}

ArmMFaultInfo arm_m_fp_preserve(ARMMCPU *cpu)
{
    unsigned bank, nocp_bank;
    bool deferred = arm_m_fp_lspact(cpu, &bank), secure = bank == M_S;
    uint32_t own = m_reg(cpu, MR_FPCCR, bank), words[34];
    bool privileged = !(own & FPCCR_USER), all = secure && *m_reg1(cpu, MR_FPCCR) & FPCCR_TS;
    ArmMFaultInfo f = { 0 };

    g_assert(deferred);
    if (!arm_m_fp_enabled(cpu, secure, privileged, &nocp_bank)) {
        f = (ArmMFaultInfo){ M_EXC_USAGE, nocp_bank, CFSR_NOCP };
    } else if (!(own & FPCCR_SPLIMVIOL)) {
        unsigned n = arm_m_fp_save(cpu, words, all);

        f = arm_m_stack_words(cpu, m_reg(cpu, MR_FPCAR, bank), words, n, arm_m_mmu(cpu, secure, privileged), M_STACK_LAZY);
    }
    if (f.number) {
        /* still deferred: the instruction comes again when the handler has put things right */
        f.escalate = !was_ready(cpu, f.number, f.bank);
        return f;
    }
    cpu->system->reg[MR_FPCCR][bank] &= ~(uint32_t)FPCCR_LSPACT;
    if (all) {
        memset(cpu->s, 0, sizeof(cpu->s));
        arm_m_set_fpscr(cpu, 0);
    }
    cpu_key_changed(&cpu->parent);
    return f;
}
