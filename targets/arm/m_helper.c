/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What generated code of M-profile calls for the system's sake: exceptions, sleep and events, branches between Security
 * states, special registers, the floating-point context (Armv8-M ARM, DDI 0553, C2.4, B3.29; Armv7-M ARM, DDI 0403, B5.2).
 */
#include "core/exec/semihost.h"
#include "core/qom/machine.h"
#include "core/tcg/helper_def.h"
#include "targets/arm/m_int.h"

#define HELPER(name, ret, flags, reads, writes, ...) HELPER_PROTOTYPE(ARMMCPU, name, ret, ##__VA_ARGS__)
#include "targets/arm/m_helper.def"
#undef HELPER
#define HELPER(name, ret, flags, reads, writes, ...) HELPER_ROW(arm_helper_, name, ret, flags, reads, writes, ##__VA_ARGS__)
#include "targets/arm/m_helper.def"
#undef HELPER

#define FNC_RETURN 0xfefffffeu                  /* bit 0 is not compared */
#define FNC_RETURN_LR 0xfeffffffu
enum { BLXNS_SFPA = 1 << 20, BKPT_SEMIHOST = 0xab };

/* A fault that is no ArmMFault. */
static void raise_info(ARMMCPU *cpu, ArmMFaultInfo f)
{
    arm_m_raise(cpu, M_FAULT_UNDEFINSTR);
    cpu->system->own_fault = f;
}

/* -- exceptions ------------------------------------------------------------------------------------------------------ */

void helper_m_raise(ARMMCPU *cpu, uint32_t fault)
{
    arm_m_raise(cpu, fault);
}

/* What the code was made for has changed; the next block can be found at once. */
static void changed(ARMMCPU *cpu)
{
    cpu_key_changed(&cpu->parent);
    cpu_update_key(&cpu->parent);
}

void helper_m_bkpt(ARMMCPU *cpu, uint32_t imm)
{
    bool privileged = m_is_privileged(cpu);
    SemihostCall call = { .op = cpu->r[0], .param = cpu->r[1], .word = 4, .privileged = privileged };
    uint64_t value;

    if (imm == BKPT_SEMIHOST) {
        call.mmu = arm_m_mmu(cpu, cpu->secure, privileged);
        switch (semihost_call(&cpu->parent, &call, &value)) {
        case SEMIHOST_OFF:
            break;
        case SEMIHOST_DONE:
            cpu->r[0] = (uint32_t)value;
            cpu->pc = (uint32_t)(cpu->pc + 2);
            cpu->it = arm_m_it_next(cpu->it);
            changed(cpu);
            return;
        case SEMIHOST_WAIT:
            cpu->waits_for_event = false;
            return;
        }
    }
    arm_m_raise(cpu, M_FAULT_BKPT);
}

void helper_m_svc(ARMMCPU *cpu)
{
    arm_m_raise(cpu, M_FAULT_SVC);
    cpu_take_exception(&cpu->parent);
}

/* -- waiting ----------------------------------------------------------------------------------------------------------- */

void helper_m_wfi(ARMMCPU *cpu)
{
    cpu->waits_for_event = false;
    if (!arm_m_has_work(&cpu->parent)) {
        cpu_halt(&cpu->parent);
    }
}

void helper_m_wfe(ARMMCPU *cpu)
{
    cpu->waits_for_event = true;
    if (__atomic_exchange_n(&cpu->event_register, 0, __ATOMIC_ACQ_REL) || arm_m_has_work(&cpu->parent)) {
        return;
    }
    if (cpu->excl_size) {
        /* another's plain store to what the monitor watches is an event that we do not see come: it is looked at again */
        cpu_leave(&cpu->parent);
    } else {
        cpu_halt(&cpu->parent);
    }
}

void arm_m_send_event(ARMMCPU *cpu)
{
    __atomic_store_n(&cpu->event_register, 1, __ATOMIC_SEQ_CST);
    cpu_wake(&cpu->parent);
}

void helper_m_sev(ARMMCPU *cpu)
{
    Machine *m = cpu->parent.parent.machine;

    if (!cpu_exact(&cpu->parent)) {
        return;
    }
    arm_send_event_to_all(m);
    if (cpu->txev.num_sinks) {
        machine_lock(m);
        irq_pulse(&cpu->txev);
        machine_unlock(m);
    }
}

void helper_m_dsb(ARMMCPU *cpu)
{
    tlb_sync(&cpu->parent);
}

/* -- branches ------------------------------------------------------------------------------------------------------------ */

static void set_secure(ARMMCPU *cpu, bool secure)
{
    arm_m_bank_sp(cpu);
    cpu->secure = secure;
    arm_m_load_sp(cpu);
}

/* FunctionReturn(): from a Non-secure function back to the Secure code that called it. */
static void function_return(ARMMCPU *cpu)
{
    unsigned which = cpu->exception == 0 && cpu->control[M_S] & CONTROL_SPSEL;
    bool privileged = cpu->exception || !(cpu->control[M_S] & CONTROL_nPRIV);
    uint32_t frame[2];
    ArmMFaultInfo f;

    arm_m_bank_sp(cpu);
    f = arm_m_stack_words(cpu, cpu->sp[M_S][which], frame, 2, arm_m_mmu(cpu, true, privileged), M_STACK_POP);
    if (f.number) {
        raise_info(cpu, f);
        return;
    }
    /* IPSR was hidden as 1 from a function that a handler called */
    if (cpu->exception != !!(frame[1] & 0x1ff)) {
        raise_info(cpu, (ArmMFaultInfo){ M_EXC_USAGE, M_S, CFSR_INVPC });
        return;
    }
    cpu->sp[M_S][which] += 8;
    cpu->secure = true;
    cpu->exception = frame[1] & 0x1ff;
    cpu->control[M_S] = (cpu->control[M_S] & ~(uint32_t)CONTROL_SFPA) | (frame[1] & BLXNS_SFPA ? CONTROL_SFPA : 0);
    cpu->it = 0;
    cpu->epsr_t = frame[0] & 1;
    cpu->pc = frame[0] & ~1u;
    arm_m_load_sp(cpu);
}

void helper_m_bx_return(ARMMCPU *cpu, uint32_t value)
{
    if (cpu->has_security && (value & ~1u) == FNC_RETURN) {
        function_return(cpu);
    } else {
        arm_m_exception_return(cpu, value);
    }
    if (!cpu->parent.raised) {
        changed(cpu);
    }
}

static bool is_return(const ARMMCPU *cpu, uint32_t target)
{
    return (cpu->exception && target >> 24 == 0xff) || (target & ~1u) == FNC_RETURN;
}

void helper_m_bxns(ARMMCPU *cpu, uint32_t target)
{
    if (is_return(cpu, target)) {
        helper_m_bx_return(cpu, target);
        return;
    }
    if (!(target & 1)) {
        set_secure(cpu, false);
        cpu->control[M_S] &= ~(uint32_t)CONTROL_SFPA;
    }
    cpu->epsr_t = 1;
    cpu->pc = target & ~1u;
    changed(cpu);
}

void helper_m_blxns(ARMMCPU *cpu, uint32_t target, uint32_t return_address)
{
    uint32_t frame[2] = { return_address | 1, cpu->exception | (cpu->control[M_S] & CONTROL_SFPA ? BLXNS_SFPA : 0) };
    uint32_t sp = cpu->r[13] - 8;
    ArmMFaultInfo f;

    if (target & 1) {
        cpu->r[14] = return_address | 1;
    } else {
        if (arm_m_splim_violated(cpu, M_S, m_sp_index(cpu), sp)) {
            arm_m_raise(cpu, M_FAULT_STKOF);
            return;
        }
        f = arm_m_stack_words(cpu, sp, frame, 2, arm_m_mmu(cpu, true, m_is_privileged(cpu)), M_STACK_PUSH);
        if (f.number) {
            raise_info(cpu, f);
            return;
        }
        cpu->r[13] = sp;
        cpu->r[14] = FNC_RETURN_LR;
        set_secure(cpu, false);
        if (cpu->exception) {
            cpu->exception = 1;
        }
        cpu->control[M_S] &= ~(uint32_t)CONTROL_SFPA;
        arm_m_load_sp(cpu);
    }
    cpu->epsr_t = 1;
    cpu->pc = target & ~1u;
    changed(cpu);
}

void helper_m_sg(ARMMCPU *cpu)
{
    ArmMSecurity sec;

    if (!cpu->has_security || cpu->secure) {
        return;
    }
    arm_m_security_check(cpu, cpu->pc, true, false, &sec);
    if (!sec.ns && sec.nsc) {
        set_secure(cpu, true);
        cpu->r[14] &= ~1u;
        cpu->control[M_S] &= ~(uint32_t)CONTROL_SFPA;
        cpu->it = 0;
        cpu_key_changed(&cpu->parent);
    }
}

uint32_t helper_m_tt(ARMMCPU *cpu, uint32_t addr, uint32_t flags)
{
    return arm_m_tt(cpu, addr, flags & 1, flags & 2);
}

/* -- special registers ---------------------------------------------------------------------------------------------------- */

/* The bank that SYSm names; false: it cannot be named from here. */
static bool sysm_bank(const ARMMCPU *cpu, uint32_t sysm, unsigned *ret_bank)
{
    *ret_bank = sysm & M_SYSM_NS ? M_NS : m_bank(cpu);
    return !(sysm & M_SYSM_NS) || (cpu->has_security && cpu->secure);
}

/* Baseline has limits for Secure stacks alone. */
static bool has_splim(const ARMMCPU *cpu, unsigned bank)
{
    return m_has(cpu, ARM_M_HAS_V8) && (m_has(cpu, ARM_M_HAS_MAIN) || bank == M_S);
}

static uint32_t control_of(const ARMMCPU *cpu, unsigned bank)
{
    uint32_t v = cpu->control[bank] & (CONTROL_nPRIV | CONTROL_SPSEL);

    v |= cpu->control[M_S] & CONTROL_FPCA;
    return bank == M_S ? v | (cpu->control[M_S] & CONTROL_SFPA) : v;
}

uint32_t helper_m_mrs(ARMMCPU *cpu, uint32_t sysm)
{
    unsigned bank, which;
    bool privileged = m_is_privileged(cpu), named = sysm_bank(cpu, sysm, &bank);
    uint32_t psr;

    if (sysm < 8) {
        psr = arm_m_get_xpsr(cpu);
        return (sysm & 4 ? 0 : psr & 0xf80f0000) | (sysm & 1 ? psr & 0x1ff : 0);
    }
    if (!named) {
        return 0;
    }
    if ((sysm & 0x7f) == M_SYSM_CONTROL) {
        return control_of(cpu, bank);
    }
    if (!privileged) {
        return 0;
    }
    switch (sysm & 0x7f) {
    case M_SYSM_MSP:
    case M_SYSM_PSP:
        arm_m_bank_sp(cpu);
        return cpu->sp[bank][(sysm & 0x7f) - M_SYSM_MSP];
    case M_SYSM_MSPLIM:
    case M_SYSM_PSPLIM:
        return has_splim(cpu, bank) ? cpu->splim[bank][(sysm & 0x7f) - M_SYSM_MSPLIM] : 0;
    case M_SYSM_PRIMASK:
        return cpu->primask[bank];
    case M_SYSM_BASEPRI:
    case M_SYSM_BASEPRI_MAX:
        return m_has(cpu, ARM_M_HAS_MAIN) ? cpu->basepri[bank] : 0;
    case M_SYSM_FAULTMASK:
        return m_has(cpu, ARM_M_HAS_MAIN) ? cpu->faultmask[bank] : 0;
    case M_SYSM_SP_NS:
        which = !cpu->exception && cpu->control[M_NS] & CONTROL_SPSEL;
        return sysm & M_SYSM_NS ? cpu->sp[M_NS][which] : 0;
    default:
        log_guest_error("arm: cpu %u: MRS of special register %u\n", cpu->parent.index, sysm);
        return 0;
    }
}

/* What could not be taken may be now. */
static void mask_changed(ARMMCPU *cpu)
{
    arm_m_priority_changed(cpu);
    cpu_check_interrupts(&cpu->parent);
}

static void set_control(ARMMCPU *cpu, uint32_t sysm, unsigned bank, uint32_t value)
{
    bool unprivileged_exists = cpu->model->id[M_ID_MMFR0] || m_has(cpu, ARM_M_HAS_MAIN | ARM_M_HAS_V8) ||
                               cpu->system->has & (ARM_M_HAS_MPU | ARM_M_HAS_VTOR);
    uint32_t rw = unprivileged_exists ? CONTROL_nPRIV : 0;

    arm_m_bank_sp(cpu);
    /* in Handler mode Armv8-M takes SPSEL, which has no effect there; Armv7-M does not (DDI 0403, B5.2.3) */
    if (!cpu->exception || m_has(cpu, ARM_M_HAS_V8)) {
        rw |= CONTROL_SPSEL;
    }
    cpu->control[bank] = (cpu->control[bank] & ~rw) | (value & rw);
    if (cpu->has_fp && (!cpu->has_security || cpu->secure || *m_reg1(cpu, MR_NSACR) & 1 << 10)) {
        cpu->control[M_S] = (cpu->control[M_S] & ~(uint32_t)CONTROL_FPCA) | (value & CONTROL_FPCA);
    }
    if (cpu->has_fp && cpu->secure && !(sysm & M_SYSM_NS)) {
        cpu->control[M_S] = (cpu->control[M_S] & ~(uint32_t)CONTROL_SFPA) | (value & CONTROL_SFPA);
    }
    arm_m_load_sp(cpu);
}

void helper_m_msr(ARMMCPU *cpu, uint32_t sysm, uint32_t mask, uint32_t value)
{
    bool main = m_has(cpu, ARM_M_HAS_MAIN);
    unsigned bank, which;

    if (sysm < 8) {
        if (!(sysm & 4) && mask & 2) {
            cpu->nzcv = value >> 28;
            cpu->q = main && value >> 27 & 1;
        }
        if (!(sysm & 4) && mask & 1 && arm_m_feature(cpu, FEAT_M_DSP)) {
            cpu->ge = extract32(value, 16, 4);
        }
        return;
    }
    if (!m_is_privileged(cpu) || !sysm_bank(cpu, sysm, &bank)) {
        return;
    }
    switch (sysm & 0x7f) {
    case M_SYSM_MSP:
    case M_SYSM_PSP:
        arm_m_bank_sp(cpu);
        cpu->sp[bank][(sysm & 0x7f) - M_SYSM_MSP] = value & ~3u;
        arm_m_load_sp(cpu);
        return;
    case M_SYSM_MSPLIM:
    case M_SYSM_PSPLIM:
        if (has_splim(cpu, bank)) {
            cpu->splim[bank][(sysm & 0x7f) - M_SYSM_MSPLIM] = value & ~7u;
        }
        break;
    case M_SYSM_PRIMASK:
        cpu->primask[bank] = value & 1;
        mask_changed(cpu);
        return;
    case M_SYSM_BASEPRI:
        cpu->basepri[bank] = main ? value & cpu->nvic->prio_mask : 0;
        mask_changed(cpu);
        return;
    case M_SYSM_BASEPRI_MAX:
        value &= cpu->nvic->prio_mask;
        if (main && value && (value < cpu->basepri[bank] || !cpu->basepri[bank])) {
            cpu->basepri[bank] = value;
            mask_changed(cpu);
        }
        return;
    case M_SYSM_FAULTMASK:
        if (main && (!(value & 1) || cpu->nvic->exec_prio > -1)) {
            cpu->faultmask[bank] = value & 1;
        }
        break;
    case M_SYSM_CONTROL:
        set_control(cpu, sysm, bank, value);
        break;
    case M_SYSM_SP_NS:
        which = !cpu->exception && cpu->control[M_NS] & CONTROL_SPSEL;
        if (!(sysm & M_SYSM_NS)) {
            break;
        }
        if (arm_m_splim_violated(cpu, M_NS, which, value)) {
            arm_m_raise(cpu, M_FAULT_STKOF);
            return;
        }
        cpu->sp[M_NS][which] = value & ~3u;
        return;
    default:
        log_guest_error("arm: cpu %u: MSR of special register %u\n", cpu->parent.index, sysm);
        return;
    }
    mask_changed(cpu);
    cpu_key_changed(&cpu->parent);
}

void helper_m_cps(ARMMCPU *cpu, uint32_t enable, uint32_t mask)
{
    unsigned bank = m_bank(cpu);

    if (!m_is_privileged(cpu)) {
        return;
    }
    if (mask & 2) {
        cpu->primask[bank] = !enable;
    }
    if (mask & 1 && m_has(cpu, ARM_M_HAS_MAIN) && (enable || cpu->nvic->exec_prio > -1)) {
        cpu->faultmask[bank] = !enable;
    }
    mask_changed(cpu);
}

void helper_m_splim(ARMMCPU *cpu, uint32_t sp)
{
    if (arm_m_splim_violated(cpu, m_bank(cpu), m_sp_index(cpu), sp)) {
        arm_m_raise(cpu, M_FAULT_STKOF);
    }
}

/* -- floating point ------------------------------------------------------------------------------------------------------ */

void helper_m_fp_prepare(ARMMCPU *cpu)
{
    unsigned bank;
    bool new_context = m_reg(cpu, MR_FPCCR, m_bank(cpu)) & FPCCR_ASPEN &&
                       (!m_fpca(cpu) || (cpu->secure && !(cpu->control[M_S] & CONTROL_SFPA)));

    if (arm_m_fp_lspact(cpu, &bank)) {
        ArmMFaultInfo f = arm_m_fp_preserve(cpu);

        if (f.number) {
            raise_info(cpu, f);
            return;
        }
    }
    if (new_context) {
        arm_m_set_fpscr(cpu, m_reg(cpu, MR_FPDSCR, m_bank(cpu)) & 0x07c00000);
        cpu->control[M_S] |= CONTROL_FPCA | (cpu->secure ? CONTROL_SFPA : 0);
    }
    cpu_key_changed(&cpu->parent);
}

/* What VLSTM and VLLDM have in common; false: there is nothing to do, or a fault is recorded. */
static bool lazy_begin(ARMMCPU *cpu, uint32_t addr)
{
    unsigned bank;

    if (!cpu->has_security || !cpu->secure) {
        arm_m_raise(cpu, M_FAULT_UNDEFINSTR);
        return false;
    }
    if (!cpu->has_fp || !(cpu->control[M_S] & CONTROL_SFPA)) {
        return false;
    }
    if (!arm_m_fp_enabled(cpu, true, m_is_privileged(cpu), &bank)) {
        arm_m_raise(cpu, M_FAULT_NOCP);
        return false;
    }
    if (addr & 7) {
        arm_m_raise(cpu, M_FAULT_UNALIGNED);
        return false;
    }
    return true;
}

void helper_m_vlstm(ARMMCPU *cpu, uint32_t addr)
{
    bool all = *m_reg1(cpu, MR_FPCCR) & FPCCR_TS;
    uint32_t words[34];
    unsigned n;

    if (!lazy_begin(cpu, addr)) {
        return;
    }
    if (m_reg(cpu, MR_FPCCR, M_S) & FPCCR_LSPACT) {
        raise_info(cpu, (ArmMFaultInfo){ M_EXC_SECURE, M_S, SFSR_LSERR });
        return;
    }
    if (*m_reg1(cpu, MR_FPCCR) & FPCCR_LSPEN) {
        arm_m_fp_defer(cpu, addr - 0x20, false);
    } else {
        ArmMFaultInfo f;

        n = arm_m_fp_save(cpu, words, all);
        f = arm_m_stack_words(cpu, addr, words, n, arm_m_mmu(cpu, true, m_is_privileged(cpu)), M_STACK_PUSH);
        if (f.number) {
            raise_info(cpu, f);
            return;
        }
        memset(cpu->s, 0, all ? 128 : 64);
        arm_m_set_fpscr(cpu, 0);
    }
    cpu->control[M_S] &= ~(uint32_t)CONTROL_FPCA;
    cpu_key_changed(&cpu->parent);
}

void helper_m_vlldm(ARMMCPU *cpu, uint32_t addr)
{
    bool all = *m_reg1(cpu, MR_FPCCR) & FPCCR_TS;
    uint32_t *fpccr = &cpu->system->reg[MR_FPCCR][M_S], words[34];

    if (!lazy_begin(cpu, addr)) {
        return;
    }
    if (*fpccr & FPCCR_LSPACT) {
        *fpccr &= ~(uint32_t)FPCCR_LSPACT;      /* nobody has touched the registers */
    } else {
        ArmMFaultInfo f = arm_m_stack_words(cpu, addr, words, all ? 34 : 18, arm_m_mmu(cpu, true, m_is_privileged(cpu)),
                                            M_STACK_POP);

        if (f.number) {
            raise_info(cpu, f);
            return;
        }
        arm_m_fp_restore(cpu, words, all);
    }
    cpu->control[M_S] |= CONTROL_FPCA;
    cpu_key_changed(&cpu->parent);
}

uint32_t helper_m_vmrs(ARMMCPU *cpu)
{
    return arm_m_get_fpscr(cpu);
}

void helper_m_vmsr(ARMMCPU *cpu, uint32_t value)
{
    arm_m_set_fpscr(cpu, value);
}
