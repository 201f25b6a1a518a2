/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exceptions, hints, PSTATE and system registers as generated code asks for them (Arm DDI 0487, C5.6 and D1.6). */
#include "core/bits.h"
#include "core/exec/exec.h"
#include "core/exec/semihost.h"
#include "core/log.h"
#include "core/qom/machine.h"
#include "targets/arm/debug.h"
#include "targets/arm/gtimer.h"
#include "targets/arm/hcr.h"
#include "targets/arm/helper.h"
#include "targets/arm/m_cpu.h"
#include "targets/arm/pac.h"
#include "targets/arm/psci.h"
#include "targets/arm/sysreg.h"

#define DISR_A  (UINT64_C(1) << 31)
#define SCR_SMD (UINT64_C(1) << 7)
#define SCR_HCE (UINT64_C(1) << 8)
#define SCR_TWI (UINT64_C(1) << 12)
#define SCR_TWE (UINT64_C(1) << 13)

/* -- exceptions ----------------------------------------------------------------------------------------------------- */

void helper_raise(ARMCPU *cpu, uint32_t target_el, uint32_t syndrome)
{
    arm_raise(cpu, target_el, syndrome);
}

void helper_fp_trap(ARMCPU *cpu)
{
    arm_raise_fp_trap(cpu);
}

void helper_raise_undefined(ARMCPU *cpu)
{
    arm_raise_undefined(cpu);
}

void helper_sp_misaligned(ARMCPU *cpu)
{
    arm_raise(cpu, 0, ARM_SYNDROME(EC_SP_ALIGN, 0));
}

void helper_brk(ARMCPU *cpu, uint32_t imm)
{
    unsigned target = arm_el2_enabled(cpu) && cpu->el < 2 && (cpu->mdcr_el2 >> 8 & 1 || cpu->hcr_el2 & HCR_TGE) ? 2 :
                      MAX(cpu->el, 1);

    arm_raise(cpu, target, ARM_SYNDROME(EC_BRK64, imm));
}

void helper_semihost(ARMCPU *cpu)
{
    SemihostCall call = { .op = (uint32_t)cpu->x[0], .param = cpu->x[1], .word = 8, .privileged = cpu->el > 0 };
    unsigned fetch_mmu;
    uint64_t value;
    CPUKey bits;
    ArmKey key;

    arm_get_key(&cpu->parent, &bits, &fetch_mmu);
    memcpy(&key, &bits.w[0], sizeof(key));
    call.mmu = key.data_mmu;
    call.big_endian = key.big_endian;
    switch (semihost_call(&cpu->parent, &call, &value)) {
    case SEMIHOST_OFF:
        arm_raise_undefined(cpu);
        break;
    case SEMIHOST_DONE:
        cpu->x[0] = value;
        cpu->pc += 4;
        break;
    case SEMIHOST_WAIT:
        arm_wait_for(cpu, ARM_WAIT_INTERRUPT);
        break;
    }
}

void helper_svc(ARMCPU *cpu, uint32_t imm)
{
    arm_raise(cpu, 0, ARM_SYNDROME(EC_SVC64, imm));
    cpu->exc.return_next = true;
}

void helper_svc_take(ARMCPU *cpu, uint32_t imm)
{
    helper_svc(cpu, imm);
    cpu_take_exception(&cpu->parent);
}

void helper_hvc(ARMCPU *cpu, uint32_t imm)
{
    if (cpu->psci_conduit == ARM_PSCI_HVC) {
        arm_psci_call(cpu);
        return;
    }
    /* HCE where there is EL3, HCD where there is not, and EL2 in this security state */
    if (!cpu->has_el2 || (cpu->has_el3 ? !(cpu->scr_el3 & SCR_HCE) : !!(cpu->hcr_el2 & HCR_HCD)) ||
        (cpu->el < 3 && !arm_el2_enabled(cpu))) {
        arm_raise_undefined(cpu);
        return;
    }
    arm_raise(cpu, MAX(cpu->el, 2), ARM_SYNDROME(EC_HVC64, imm));
    cpu->exc.return_next = true;
}

void helper_smc(ARMCPU *cpu, uint32_t imm)
{
    if (cpu->psci_conduit == ARM_PSCI_SMC) {
        if (cpu->el == 1 && arm_hcr_el2_eff(cpu) & HCR_TSC) {
            arm_raise(cpu, 2, ARM_SYNDROME(EC_SMC64, imm));
        } else {
            arm_psci_call(cpu);
        }
        return;
    }
    if (cpu->el == 1 && arm_hcr_el2_eff(cpu) & HCR_TSC && cpu->has_el3) {
        arm_raise(cpu, 2, ARM_SYNDROME(EC_SMC64, imm));
        return;
    }
    if (!cpu->has_el3 || cpu->scr_el3 & SCR_SMD) {
        arm_raise_undefined(cpu);
        return;
    }
    arm_raise(cpu, 3, ARM_SYNDROME(EC_SMC64, imm));
    cpu->exc.return_next = true;
}

void helper_eret(ARMCPU *cpu, uint32_t key)
{
    uint64_t pc = cpu->elr_el[cpu->el];

    if (key) {
        bool enabled = cpu->sctlr_el[arm_is_in_host(cpu) && cpu->el == 0 ? 2 : cpu->el] >> (key == 1 ? 31 : 30) & 1;

        if (enabled) {
            pc = helper_pac_auth(cpu, pc, cpu->sp, (key - 1) | PAC_COMBINED);
            if (cpu->parent.raised) {
                return;
            }
        }
    }
    arm_exception_return(cpu, pc, cpu->spsr_el[cpu->el]);
    cpu_update_key(&cpu->parent);
    arm_check_interrupts(cpu);
}

/* -- waiting ---------------------------------------------------------------------------------------------------------- */

/* Traps of WFI (ti 0), WFE (1), WFIT (2), WFET (3), with the rest of the syndrome. True: the exception is recorded. */
static bool wfx_traps(ARMCPU *cpu, unsigned ti, uint32_t iss)
{
    bool e = ti & 1;
    uint32_t syndrome = ARM_SYNDROME(EC_WFX, 1u << 24 | 0xe << 20 | iss | ti);
    unsigned regime = arm_is_in_host(cpu) ? 2 : 1;

    if (cpu->el == 0 && !(cpu->sctlr_el[regime] >> (e ? 18 : 16) & 1)) {
        arm_raise(cpu, arm_default_target_el(cpu), syndrome);
        return true;
    }
    if (cpu->el < 2 && arm_hcr_el2_eff(cpu) & (e ? HCR_TWE : HCR_TWI)) {
        arm_raise(cpu, 2, syndrome);
        return true;
    }
    if (cpu->el < 3 && cpu->has_el3 && cpu->scr_el3 & (e ? SCR_TWE : SCR_TWI)) {
        arm_raise(cpu, 3, syndrome);
        return true;
    }
    return false;
}

void helper_wfi(ARMCPU *cpu)
{
    arm_wait_for(cpu, ARM_WAIT_INTERRUPT);
    if (arm_has_work(&cpu->parent)) {
        cpu->pc += 4;
        cpu_request(&cpu->parent, CPU_REQ_INTERRUPT);
        return;
    }
    if (!wfx_traps(cpu, 0, 0)) {
        cpu->pc += 4;
        cpu_halt(&cpu->parent);
    }
}

enum { WFE_SPINS = 50, WFE_NAP_US = 50, WFE_ROW_US = 20 };

/* Whether what is monitored has been found as it is so often that it will not change soon. */
static bool spins_long(ARMCPU *cpu)
{
    int64_t now, gap;

    if (cpu->parent.counted) {
        return false;
    }
    now = g_get_monotonic_time();
    gap = now - cpu->spun_at;
    cpu->spun_at = now;
    /* a lock that is fought for again has the same word and value as the time before */
    if (cpu->excl_addr != cpu->spun_addr || cpu->excl_value[0] != cpu->spun_value ||
        gap > (cpu->spins > WFE_SPINS ? 4 * WFE_NAP_US : WFE_ROW_US)) {
        cpu->spun_addr = cpu->excl_addr;
        cpu->spun_value = cpu->excl_value[0];
        cpu->spins = 0;
    }
    return ++cpu->spins > WFE_SPINS;
}

/*
 * With the event register set it is consumed. With a monitor armed a plain store of another CPU would end the wait,
 * which is not seen here: then it is a yield, and a short sleep if it comes again and again. Otherwise the CPU sleeps
 * until an event, as arm_has_work tells.
 */
void helper_wfe(ARMCPU *cpu)
{
    if (!arm_gtimer_events(cpu)) {
        return;
    }
    if (__atomic_exchange_n(&cpu->event_register, 0, __ATOMIC_ACQ_REL)) {
        cpu->pc += 4;
        return;
    }
    if (wfx_traps(cpu, 1, 0)) {
        return;
    }
    cpu->pc += 4;
    arm_wait_for(cpu, ARM_WAIT_EVENT);
    if (cpu->excl_addr == UINT64_MAX && !arm_has_work(&cpu->parent)) {
        arm_gtimer_wait_event(cpu);
        cpu_halt(&cpu->parent);
    } else if (spins_long(cpu)) {
        cpu_nap(&cpu->parent, WFE_NAP_US);
    } else {
        cpu_request(&cpu->parent, CPU_REQ_INTERRUPT);
    }
}

/* WFIT (2), WFET (3), with Rt << 2: until CNTVCT_EL0 reaches the operand at the latest. */
void helper_wfxt(ARMCPU *cpu, uint64_t until, uint32_t which)
{
    unsigned ti = which & 3;
    uint64_t now;

    if (!cpu_exact(&cpu->parent) || (ti & 1 && !arm_gtimer_events(cpu))) {
        return;
    }
    now = arm_gtimer_virtual_count(cpu);
    arm_wait_for(cpu, ARM_WAIT_INTERRUPT);
    if (ti & 1 ? __atomic_exchange_n(&cpu->event_register, 0, __ATOMIC_ACQ_REL) : arm_has_work(&cpu->parent)) {
        cpu->pc += 4;
        cpu_request(&cpu->parent, CPU_REQ_INTERRUPT);
        return;
    }
    if (wfx_traps(cpu, ti, (which >> 2) << 5 | 1 << 2)) {
        return;
    }
    cpu->pc += 4;
    if (now < until) {
        arm_wait_for(cpu, ARM_WAIT_TIME | (ti & 1 ? ARM_WAIT_EVENT : 0));
        arm_gtimer_wait(cpu, until - now);
        if (ti & 1) {
            arm_gtimer_wait_event(cpu);
        }
        cpu_halt(&cpu->parent);
    }
}

/* Nothing to do here: the translator ends the block, and single-threaded execution goes on to the next CPU. */
void helper_yield(ARMCPU *cpu)
{
    cpu_request(&cpu->parent, CPU_REQ_INTERRUPT);
}

void arm_wait_for(ARMCPU *cpu, unsigned what)
{
    cpu->waits_for = what;
    __atomic_store_n(&cpu->time_has_come, 0, __ATOMIC_RELEASE);
}

void arm_send_event(ARMCPU *cpu)
{
    __atomic_store_n(&cpu->event_register, 1, __ATOMIC_RELEASE);
    cpu_wake(&cpu->parent);
}

/* What an event does there is each CPU's own business. */
static void event_comes(CPUState *cs)
{
    if (object_is_a(&cs->parent.parent, TYPE_ARM_CPU)) {
        arm_send_event(ARM_CPU(cs));
    } else if (object_is_a(&cs->parent.parent, TYPE_ARM_M_CPU)) {
        arm_m_send_event(ARM_M_CPU(cs));
    }
}

void arm_send_event_to_all(Machine *m)
{
    for (unsigned i = 0; i < m->cpus->len; i++) {
        exec_send_event(g_ptr_array_index(m->cpus, i), event_comes);
    }
}

void helper_sev(ARMCPU *cpu)
{
    if (cpu_exact(&cpu->parent)) {
        arm_send_event_to_all(cpu->parent.parent.machine);
    }
}

void helper_sevl(ARMCPU *cpu)
{
    __atomic_store_n(&cpu->event_register, 1, __ATOMIC_RELEASE);
}

/*
 * A pending virtual SError that is masked is deferred to VDISR_EL2 (AArch64.vESBOperation); what is not masked is taken
 * next. The serror line's errors are asynchronous: they stay pending, and DISR_EL1 as it is.
 */
void helper_esb(ARMCPU *cpu)
{
    uint64_t hcr = arm_hcr_el2_eff(cpu);

    if (!arm_feature(cpu, FEAT_RAS)) {
        return;
    }
    if (cpu->el < 2 && !(hcr & HCR_TGE) && hcr & HCR_AMO && hcr & HCR_VSE && cpu->daif & DAIF_A) {
        cpu->vdisr_el2 = DISR_A | (cpu->vsesr_el2 & 0x1ffffff);
        cpu->hcr_el2 &= ~HCR_VSE;
    }
    arm_check_interrupts(cpu);
}

void helper_dsb(ARMCPU *cpu)
{
    tlb_sync(&cpu->parent);
}

void helper_key_changed(ARMCPU *cpu)
{
    cpu_key_changed(&cpu->parent);
}

/* -- PSTATE -------------------------------------------------------------------------------------------------------------- */

void helper_daif_changed(ARMCPU *cpu)
{
    arm_check_interrupts(cpu);
    if (cpu->mdscr_el1 & MDSCR_KDE) {
        cpu_key_changed(&cpu->parent);
        cpu_update_key(&cpu->parent);
    }
}

void helper_msr_i(ARMCPU *cpu, uint32_t field, uint32_t imm)
{
    unsigned regime = arm_is_in_host(cpu) ? 2 : 1;

    switch (field) {
    case 0 << 3 | 3:
        cpu->uao = imm & 1;
        break;
    case 0 << 3 | 4:
        cpu->pan = imm & 1;
        break;
    case 0 << 3 | 5:
        arm_switch_sp(cpu, cpu->el, imm & 1);
        break;
    case 3 << 3 | 4:
        cpu->tco = imm & 1;
        break;
    case 3 << 3 | 6:
    case 3 << 3 | 7:
        if (cpu->el == 0 && !(cpu->sctlr_el[regime] >> 9 & 1)) {
            /* UMA: trapped as the MSR (immediate) that it is: op0 0, CRn 4, CRm imm, Rt 31 */
            arm_raise(cpu, 0, ARM_SYNDROME(EC_SYSREG, (field & 7) << 17 | (field >> 3) << 14 | 4 << 10 | 31 << 5 | imm << 1));
            return;
        }
        cpu->daif = (field & 7) == 6 ? cpu->daif | imm : cpu->daif & ~imm;
        arm_check_interrupts(cpu);
        if (!(cpu->mdscr_el1 & MDSCR_KDE)) {
            return;                             /* else D: software step may start or end */
        }
        break;
    default:
        g_assert_not_reached();
    }
    cpu_update_key(&cpu->parent);
}

/* -- system registers --------------------------------------------------------------------------------------------------- */

uint64_t helper_sysreg_read(ARMCPU *cpu, uint32_t enc_rt)
{
    uint64_t value = 0;

    if (cpu_exact(&cpu->parent)) {
        arm_sysreg_access(cpu, enc_rt & 0xffff, false, enc_rt >> 16, &value);
    }
    return value;
}

void helper_sysreg_write(ARMCPU *cpu, uint32_t enc_rt, uint64_t value)
{
    if (cpu_exact(&cpu->parent) && arm_sysreg_access(cpu, enc_rt & 0xffff, true, enc_rt >> 16, &value) &&
        !cpu->parent.key_valid) {
        cpu_update_key(&cpu->parent);
    }
}

void helper_sysreg_read128(ARMCPU *cpu, uint32_t enc_rt)
{
    unsigned rt = enc_rt >> 16;
    uint64_t value[2];

    if (cpu_exact(&cpu->parent) && arm_sysreg_access128(cpu, enc_rt & 0xffff, false, rt, value)) {
        cpu->x[rt] = value[0];                  /* Rt is even: X30 has no partner */
        if (rt < 30) {
            cpu->x[rt + 1] = value[1];
        }
    }
}

void helper_sysreg_write128(ARMCPU *cpu, uint32_t enc_rt)
{
    unsigned rt = enc_rt >> 16;
    uint64_t value[2] = { rt < 31 ? cpu->x[rt] : 0, rt < 30 ? cpu->x[rt + 1] : 0 };

    if (cpu_exact(&cpu->parent)) {
        arm_sysreg_access128(cpu, enc_rt & 0xffff, true, rt, value);
    }
}
