/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exceptions to AArch64: recording, routing, entry and return, interrupt masking (Arm DDI 0487, D1.3 and D1.4).
 * Not modelled (docs/CAVEATS.md): AArch32 states, NMIs, double fault features.
 */
#include <inttypes.h>

#include "core/bits.h"
#include "core/log.h"
#include "targets/arm/debug.h"
#include "targets/arm/gcs.h"
#include "targets/arm/hcr.h"

#define SCR_IRQ  (UINT64_C(1) << 1)
#define SCR_FIQ  (UINT64_C(1) << 2)
#define SCR_EA   (UINT64_C(1) << 3)
#define SCR_RW   (UINT64_C(1) << 10)
#define SCTLR_SPAN (UINT64_C(1) << 23)
#define SCTLR_DSSBS (UINT64_C(1) << 44)

/* -- recording ---------------------------------------------------------------------------------------------------- */

unsigned arm_default_target_el(const ARMCPU *cpu)
{
    if (cpu->el == 0) {
        return arm_el2_enabled(cpu) && cpu->hcr_el2 & HCR_TGE ? 2 : 1;
    }
    return cpu->el;
}

void arm_raise(ARMCPU *cpu, unsigned target_el, uint32_t syndrome)
{
    if (target_el == 0) {
        target_el = arm_default_target_el(cpu);
    }
    g_assert(target_el >= cpu->el && target_el <= 3);
    cpu->exc = (ArmException){ .kind = ARM_EXC_SYNC, .target_el = target_el, .syndrome = syndrome };
    cpu_raise(&cpu->parent);
}

void arm_raise_undefined(ARMCPU *cpu)
{
    arm_raise(cpu, 0, ARM_SYNDROME(EC_UNKNOWN, 0));
}

unsigned arm_fp_trap_el(const ARMCPU *cpu)
{
    unsigned el = cpu->el;
    bool host = arm_is_in_host(cpu);

    /* CPACR_EL1.FPEN, or CPTR_EL2's under E2H: 00 and 10 trap EL0 and EL1; 01 traps EL0 */
    if (el < 2 && !host) {
        unsigned fpen = extract64(cpu->cpacr_el1, 20, 2);

        if (!(fpen & 1) || (fpen == 1 && el == 0)) {
            return 1;
        }
    }
    if (el <= 2 && arm_el2_enabled(cpu)) {
        if (arm_hcr_e2h(cpu)) {
            unsigned fpen = extract64(cpu->cptr_el2, 20, 2);

            if (!(fpen & 1) || (fpen == 1 && el == 0 && cpu->hcr_el2 & HCR_TGE)) {
                return 2;
            }
        } else if (cpu->cptr_el2 >> 10 & 1) {
            return 2;
        }
    }
    return cpu->has_el3 && cpu->cptr_el3 >> 10 & 1 ? 3 : 0;
}

void arm_raise_fp_trap(ARMCPU *cpu)
{
    unsigned el = arm_fp_trap_el(cpu);

    /* what goes to EL2 in EL1's place has no class of its own there */
    if (el == 1 && arm_el2_enabled(cpu) && cpu->hcr_el2 & HCR_TGE) {
        arm_raise(cpu, 2, ARM_SYNDROME(EC_UNKNOWN, 0));
    } else {
        arm_raise(cpu, el, ARM_SYNDROME(EC_FP_ASIMD, 1u << 24 | 0xe << 20));
    }
}

/* -- entry -------------------------------------------------------------------------------------------------------- */

static const char *exc_name(const ArmException *e)
{
    static const char *const name[] = {
        [ARM_EXC_NONE] = "none", [ARM_EXC_SYNC] = "synchronous", [ARM_EXC_IRQ] = "IRQ", [ARM_EXC_FIQ] = "FIQ",
        [ARM_EXC_SERROR] = "SError",
    };

    return name[e->kind];
}

static void enter(ARMCPU *cpu, const ArmException *e)
{
    static const uint16_t vector[] = {
        [ARM_EXC_SYNC] = 0x000, [ARM_EXC_IRQ] = 0x080, [ARM_EXC_FIQ] = 0x100, [ARM_EXC_SERROR] = 0x180,
    };
    unsigned target = e->target_el, from = cpu->el;
    uint64_t offset = vector[e->kind] + (target > from ? 0x400 : cpu->spsel ? 0x200 : 0x000);
    uint32_t syndrome = e->syndrome;
    uint64_t spsr;
    bool in_host = arm_hcr_e2h(cpu) && cpu->hcr_el2 & HCR_TGE && arm_el2_enabled(cpu);

    if (e->return_next) {
        cpu->ss = 0;                            /* SVC, HVC, SMC: the step is done */
    }
    if (e->has_hpfar && syndrome >> 26 == EC_DABORT_LOWER && !(syndrome & (1 << 7 | 1 << 8))) {     /* S1PTW, CM */
        syndrome |= arm_access_syndrome(cpu);
    }
    spsr = arm_pstate_get(cpu);
    log_printf(LOG_INT, "arm: cpu %u: %s exception from EL%u to EL%u, ESR 0x%08" PRIx32 " (EC 0x%02x), PC 0x%" PRIx64
               ", FAR 0x%" PRIx64 "\n", cpu->parent.index, exc_name(e), from, target, syndrome, syndrome >> 26,
               cpu->pc, e->has_far ? e->far : 0);
    cpu->spsr_el[target] = spsr;
    cpu->elr_el[target] = cpu->pc + (e->return_next ? 4 : 0);
    if (e->kind == ARM_EXC_SYNC || e->kind == ARM_EXC_SERROR) {
        cpu->esr_el[target] = (uint64_t)e->iss2 << 32 | syndrome;
    }
    if (e->has_far) {
        cpu->far_el[target] = e->far;
    }
    if (e->has_hpfar) {
        cpu->hpfar_el2 = e->hpfar;
    }
    cpu->exlock = target == from && arm_gcs_exlock_enabled(cpu);
    arm_switch_sp(cpu, target, 1);
    cpu->daif = DAIF_D | DAIF_A | DAIF_I | DAIF_F;
    cpu->il = 0;
    cpu->ss = 0;
    cpu->step_did = ARM_STEP_NONE;
    cpu->btype = 0;
    if (arm_feature(cpu, FEAT_UAO)) {
        cpu->uao = 0;
    }
    if (arm_feature(cpu, FEAT_PAN) && !(cpu->sctlr_el[target] & SCTLR_SPAN) &&
        (target == 1 || (target == 2 && in_host))) {
        cpu->pan = 1;
    }
    if (arm_feature(cpu, FEAT_SSBS)) {
        cpu->ssbs = !!(cpu->sctlr_el[target] & SCTLR_DSSBS);
    }
    if (arm_feature(cpu, FEAT_MTE2)) {
        cpu->tco = 1;
    }
    cpu->pc = cpu->vbar_el[target] + offset;
    cpu_mode_changed(&cpu->parent);
}

void arm_do_exception(CPUState *cs)
{
    ARMCPU *cpu = (ARMCPU *)cs;
    ArmException e = cpu->exc;

    g_assert(e.kind != ARM_EXC_NONE);
    cpu->exc.kind = ARM_EXC_NONE;
    enter(cpu, &e);
}

/* -- interrupts --------------------------------------------------------------------------------------------------- */

/* Where a physical interrupt of one kind goes, by its SCR_EL3 and HCR_EL2 routing bits (D1.3.6). */
static unsigned physical_target(const ARMCPU *cpu, uint64_t scr_bit, uint64_t hcr_bit)
{
    if (cpu->has_el3 && cpu->scr_el3 & scr_bit) {
        return 3;
    }
    if (arm_el2_enabled(cpu) && cpu->hcr_el2 & (hcr_bit | HCR_TGE)) {
        return 2;
    }
    return cpu->el == 3 ? 0 : 1;                /* at EL3 and routed below it: stays pending */
}

/* Whether a physical interrupt for `target` is taken now; mask: its PSTATE.DAIF bit. */
static bool physical_taken(const ARMCPU *cpu, unsigned target, unsigned mask)
{
    if (target == 0 || target < cpu->el) {
        return false;
    }
    if (target > cpu->el) {
        bool in_host = target == 2 && arm_hcr_e2h(cpu) && cpu->hcr_el2 & HCR_TGE;

        /* to EL2 or EL3 from below PSTATE does not mask, unless EL2 is the host of this EL0 */
        if ((target == 2 && !in_host) || target == 3) {
            return true;
        }
        if (target == 1 && cpu->el != 0) {
            return true;
        }
    }
    return !(cpu->daif & mask);
}

static bool virtual_taken(const ARMCPU *cpu, uint64_t hcr_bit, unsigned mask)
{
    return cpu->el < 2 && arm_el2_enabled(cpu) && cpu->hcr_el2 & hcr_bit && !(cpu->hcr_el2 & HCR_TGE) &&
           !(cpu->daif & mask);
}

/* The interrupt to take now, by the architecture's usual priority: *ret filled. */
static bool next_interrupt(const ARMCPU *cpu, ArmException *ret)
{
    uint32_t lines = __atomic_load_n(&cpu->parent.irq_lines, __ATOMIC_ACQUIRE);
    uint64_t hcr = cpu->hcr_el2;
    unsigned target;

    if (lines & 1 << ARM_LINE_FIQ) {
        target = physical_target(cpu, SCR_FIQ, HCR_FMO);
        if (physical_taken(cpu, target, DAIF_F)) {
            *ret = (ArmException){ .kind = ARM_EXC_FIQ, .target_el = target };
            return true;
        }
    }
    if (lines & 1 << ARM_LINE_IRQ) {
        target = physical_target(cpu, SCR_IRQ, HCR_IMO);
        if (physical_taken(cpu, target, DAIF_I)) {
            *ret = (ArmException){ .kind = ARM_EXC_IRQ, .target_el = target };
            return true;
        }
    }
    if ((lines & 1 << ARM_LINE_VFIQ || hcr & HCR_VF) && virtual_taken(cpu, HCR_FMO, DAIF_F)) {
        *ret = (ArmException){ .kind = ARM_EXC_FIQ, .target_el = 1 };
        return true;
    }
    if ((lines & 1 << ARM_LINE_VIRQ || hcr & HCR_VI) && virtual_taken(cpu, HCR_IMO, DAIF_I)) {
        *ret = (ArmException){ .kind = ARM_EXC_IRQ, .target_el = 1 };
        return true;
    }
    if (lines & 1 << ARM_LINE_SERROR) {
        target = physical_target(cpu, SCR_EA, HCR_AMO);
        if (physical_taken(cpu, target, DAIF_A)) {
            *ret = (ArmException){ .kind = ARM_EXC_SERROR, .target_el = target,
                                   .syndrome = ARM_SYNDROME(EC_SERROR, 0) };
            return true;
        }
    }
    if (hcr & HCR_VSE && virtual_taken(cpu, HCR_AMO, DAIF_A)) {
        *ret = (ArmException){ .kind = ARM_EXC_SERROR, .target_el = 1,
                               .syndrome = ARM_SYNDROME(EC_SERROR, cpu->vsesr_el2 & 0x1ffffff), .takes_vse = true };
        return true;
    }
    return false;
}

bool arm_take_interrupt(CPUState *cs)
{
    ARMCPU *cpu = ARM_CPU(cs);
    ArmException e;

    if (!next_interrupt(cpu, &e)) {
        return false;
    }
    if (e.takes_vse) {
        cpu->hcr_el2 &= ~HCR_VSE;
    }
    enter(cpu, &e);
    return true;
}

/* WFI ends on a pending interrupt even if PSTATE masks it (D1.6.2): what counts is the line, not the mask. */
bool arm_has_work(CPUState *cs)
{
    ARMCPU *cpu = ARM_CPU(cs);
    uint32_t lines = __atomic_load_n(&cs->irq_lines, __ATOMIC_ACQUIRE);
    uint64_t hcr = cpu->hcr_el2;

    if (lines & (1 << ARM_LINE_IRQ | 1 << ARM_LINE_FIQ | 1 << ARM_LINE_SERROR)) {
        return true;
    }
    if ((cpu->waits_for & ARM_WAIT_EVENT && __atomic_load_n(&cpu->event_register, __ATOMIC_ACQUIRE)) ||
        (cpu->waits_for & ARM_WAIT_TIME && __atomic_load_n(&cpu->time_has_come, __ATOMIC_ACQUIRE))) {
        return true;
    }
    return cpu->el < 2 && arm_el2_enabled(cpu) && !(hcr & HCR_TGE) &&
           ((hcr & HCR_IMO && (lines & 1 << ARM_LINE_VIRQ || hcr & HCR_VI)) ||
            (hcr & HCR_FMO && (lines & 1 << ARM_LINE_VFIQ || hcr & HCR_VF)) || (hcr & HCR_AMO && hcr & HCR_VSE));
}

/* -- return --------------------------------------------------------------------------------------------------------- */

/* IllegalExceptionReturn(): the state that SPSR asks for cannot be returned to from here. */
static bool illegal_return(const ARMCPU *cpu, uint64_t spsr)
{
    unsigned el = extract64(spsr, 2, 2);

    if (spsr & SPSR_NRW || spsr & 2) {
        return true;                            /* AArch32, or M<1> set */
    }
    if (el == 0 && spsr & 1) {
        return true;
    }
    if (el > cpu->el || (el == 2 && !cpu->has_el2) || (el == 3 && !cpu->has_el3)) {
        return true;
    }
    if (el == 2 && arm_is_secure_below_el3(cpu) && !(cpu->scr_el3 >> 18 & 1)) {
        return true;                            /* Secure EL2 is not enabled */
    }
    if (el == 1 && cpu->hcr_el2 & HCR_TGE && cpu->has_el2 &&
        (cpu->el == 3 ? (cpu->scr_el3 & 1 || cpu->scr_el3 >> 18 & 1) : arm_el2_enabled(cpu))) {
        return true;
    }
    return el == cpu->el && !cpu->exlock && arm_gcs_exlock_enabled(cpu);       /* not by GCSPOPCX */
}

void arm_exception_return(ARMCPU *cpu, uint64_t new_pc, uint64_t spsr)
{
    bool illegal = illegal_return(cpu, spsr);
    bool ss = arm_debug_return_ss(cpu, spsr, illegal ? cpu->el : extract64(spsr, 2, 2));
    unsigned from = cpu->el;

    cpu->excl_addr = UINT64_MAX;                /* ClearExclusiveLocal, EventRegisterSet */
    __atomic_store_n(&cpu->event_register, 1, __ATOMIC_RELEASE);
    if (illegal) {
        /* PSTATE.IL is set; EL, SPSel and the rest stay, flags and masks come from SPSR */
        cpu->nzcv = extract64(spsr, 28, 4);
        cpu->daif = extract64(spsr, 6, 4);
        if (arm_feature(cpu, FEAT_PAN)) {
            cpu->pan = !!(spsr & SPSR_PAN);
        }
        if (arm_feature(cpu, FEAT_UAO)) {
            cpu->uao = !!(spsr & SPSR_UAO);
        }
        if (arm_feature(cpu, FEAT_DIT)) {
            cpu->dit = !!(spsr & SPSR_DIT);
        }
        cpu->il = 1;
        cpu->pc = new_pc;
        log_guest_error("arm: cpu %u: illegal exception return from EL%u with SPSR 0x%" PRIx64 "\n", cpu->parent.index, from,
                        spsr);
    } else {
        arm_pstate_set(cpu, spsr);
        cpu->pc = new_pc;
        log_printf(LOG_INT, "arm: cpu %u: return from EL%u to EL%u, PC 0x%" PRIx64 "\n", cpu->parent.index, from, cpu->el,
                   new_pc);
    }
    cpu->ss = ss;
    cpu->step_did = ARM_STEP_NONE;
    cpu_mode_changed(&cpu->parent);
}
