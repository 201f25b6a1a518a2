/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Security state, PSTATE, stack pointers, FPCR and FPSR, and the key that translations are kept under. */
#include <string.h>

#include "core/bits.h"
#include "targets/arm/debug.h"
#include "targets/arm/hcr.h"
#include "targets/arm/mmu.h"
#include "targets/arm/gcs.h"
#include "targets/arm/mte.h"
#include "targets/arm/pac.h"
#include "targets/arm/pmu.h"

#define SCR_HXEN (UINT64_C(1) << 38)
#define SCTLR_MSCEN (UINT64_C(1) << 33)
#define HCRX_MSCEN (UINT64_C(1) << 11)

/* -- security ------------------------------------------------------------------------------------------------------ */

bool arm_is_secure_below_el3(const ARMCPU *cpu)
{
    return cpu->has_el3 && !(cpu->scr_el3 & 1);
}

bool arm_is_secure(const ARMCPU *cpu)
{
    return cpu->el == 3 || arm_is_secure_below_el3(cpu);
}

bool arm_el2_enabled(const ARMCPU *cpu)
{
    return cpu->has_el2 && (!arm_is_secure_below_el3(cpu) || (cpu->scr_el3 >> 18 & 1 && arm_feature(cpu, FEAT_SEL2)));
}

uint64_t arm_hcr_el2_eff(const ARMCPU *cpu)
{
    uint64_t hcr = cpu->hcr_el2;

    if (!arm_el2_enabled(cpu)) {
        return 0;
    }
    if (hcr & HCR_TGE) {
        /* TGE: fields that only concern EL1 act as 0, routing fields as 1 (D23.2.50) */
        hcr |= UINT64_C(7) << 3;
        if (arm_hcr_e2h(cpu)) {
            hcr &= ~(UINT64_C(1) << 0 | UINT64_C(1) << 1 | UINT64_C(1) << 9 | UINT64_C(3) << 10 | UINT64_C(1) << 12 |
                     UINT64_C(3) << 13 | UINT64_C(0xfff) << 15 | UINT64_C(1) << 28 | UINT64_C(3) << 29 |
                     UINT64_C(3) << 32 | UINT64_C(1) << 25 | UINT64_C(1) << 26 | UINT64_C(1) << 31);
            hcr |= HCR_TGE;
        } else {
            hcr &= ~(UINT64_C(3) << 0 | UINT64_C(1) << 12);
        }
    }
    return hcr;
}

uint64_t arm_hcrx_el2_eff(const ARMCPU *cpu)
{
    bool enabled = arm_feature(cpu, FEAT_HCX) && !(cpu->has_el3 && !(cpu->scr_el3 & SCR_HXEN)) && arm_el2_enabled(cpu);

    return enabled ? cpu->hcrx_el2 : 0;
}

bool arm_is_in_host(const ARMCPU *cpu)
{
    return arm_el2_enabled(cpu) && arm_hcr_e2h(cpu) && (cpu->el == 2 || (cpu->el == 0 && cpu->hcr_el2 & HCR_TGE));
}

/* -- stack pointers and PSTATE ------------------------------------------------------------------------------------ */

void arm_switch_sp(ARMCPU *cpu, unsigned new_el, unsigned new_spsel)
{
    bool el3 = (cpu->el == 3) != (new_el == 3);
    bool counts = cpu->pmcnten && new_el != cpu->el && arm_pmu_level_begin(cpu);

    cpu->sp_el[cpu->spsel ? cpu->el : 0] = cpu->sp;
    cpu->el = new_el;
    cpu->spsel = new_spsel;
    cpu->sp = cpu->sp_el[new_spsel ? new_el : 0];
    if (counts) {
        arm_pmu_level_end(cpu);
    }
    if (el3) {
        arm_gic_state_changed(cpu);
    }
}

uint64_t arm_pstate_get(const ARMCPU *cpu)
{
    return (uint64_t)cpu->exlock << 34 | (uint64_t)cpu->nzcv << 28 | (uint64_t)cpu->tco << 25 |
           (uint64_t)cpu->dit << 24 | (uint64_t)cpu->uao << 23 | (uint64_t)cpu->pan << 22 | (uint64_t)cpu->ss << 21 |
           (uint64_t)cpu->il << 20 | (uint64_t)cpu->allint << 13 | (uint64_t)cpu->ssbs << 12 |
           (uint64_t)cpu->btype << SPSR_BTYPE_SHIFT | (uint64_t)cpu->daif << 6 | (uint64_t)cpu->nrw << 4 |
           (uint64_t)cpu->el << 2 | cpu->spsel;
}

void arm_pstate_set(ARMCPU *cpu, uint64_t spsr)
{
    cpu->nzcv = extract64(spsr, 28, 4);
    cpu->daif = extract64(spsr, 6, 4);
    cpu->il = spsr >> 20 & 1;
    cpu->ss = spsr >> 21 & 1;
    cpu->pan = arm_feature(cpu, FEAT_PAN) && spsr & SPSR_PAN;
    cpu->uao = arm_feature(cpu, FEAT_UAO) && spsr & SPSR_UAO;
    cpu->dit = arm_feature(cpu, FEAT_DIT) && spsr & SPSR_DIT;
    cpu->ssbs = arm_feature(cpu, FEAT_SSBS) && spsr & SPSR_SSBS;
    cpu->tco = arm_feature(cpu, FEAT_MTE) && spsr & SPSR_TCO;
    cpu->exlock = arm_feature(cpu, FEAT_GCS) && spsr & SPSR_EXLOCK;
    cpu->btype = arm_feature(cpu, FEAT_BTI) ? extract64(spsr, SPSR_BTYPE_SHIFT, 2) : 0;
    arm_switch_sp(cpu, extract64(spsr, 2, 2), spsr & 1);
    cpu_mode_changed(&cpu->parent);
}

/* -- floating point control ---------------------------------------------------------------------------------------- */

void arm_set_fpcr(ARMCPU *cpu, uint32_t value)
{
    uint32_t rw = FPCR_FZ | FPCR_DN | FPCR_AHP | 3u << FPCR_RMODE_SHIFT;
    bool ah, fz;

    if (arm_feature(cpu, FEAT_FP16)) {
        rw |= FPCR_FZ16;
    }
    if (arm_feature(cpu, FEAT_AFP)) {
        rw |= FPCR_FIZ | FPCR_AH | FPCR_NEP;
    }
    if (arm_feature(cpu, FEAT_EBF16)) {
        rw |= FPCR_EBF;
    }
    value &= rw;
    ah = value & FPCR_AH;
    fz = value & FPCR_FZ;
    cpu->fpcr = value;
    /* the settings of docs/fpu.md */
    cpu->fp = (FloatStatus){
        .round = value >> FPCR_RMODE_SHIFT & 3, .flags = cpu->fp.flags,
        .nan_rule = ah ? FLOAT_NAN_FIRST : FLOAT_NAN_SIGNALLING,
        .default_nan = value & FPCR_DN, .default_nan_sign = ah, .neg_keeps_nan = ah, .infzero_keeps_nan = ah,
        .minmax_second = ah,
        .denormal_rule = ah ? FLOAT_DENORMAL_USED : fz ? FLOAT_DENORMAL_FLUSHED : FLOAT_DENORMAL_SILENT,
        .flush_inputs = value & FPCR_FIZ || (fz && !ah), .flush_outputs = fz,
        .flush_inputs_f16 = value & FPCR_FZ16, .flush_outputs_f16 = value & FPCR_FZ16,
        .tiny_after_round = ah, .int_rule = FLOAT_INT_NAN_ZERO, .alt_half = value & FPCR_AHP,
        .quiet_approx = ah, .estimate12 = arm_feature(cpu, FEAT_RPRES),
    };
    tcg_fp_set_round(&cpu->parent.fp, value >> FPCR_RMODE_SHIFT & 3);
    cpu_key_changed(&cpu->parent);
}

/* The cumulative flags have FPSR's bit positions, and so do those of inline code. */
uint32_t arm_get_fpsr(ARMCPU *cpu)
{
    return (cpu->qc[0] | cpu->qc[1] ? FPSR_QC : cpu->fpsr & FPSR_QC) | cpu->fp.flags | tcg_fp_flags(&cpu->parent.fp);
}
G_STATIC_ASSERT((int)TCG_FP_INVALID == FPSR_IOC && (int)TCG_FP_DIVBYZERO == FPSR_DZC && (int)TCG_FP_OVERFLOW == FPSR_OFC &&
                (int)TCG_FP_UNDERFLOW == FPSR_UFC && (int)TCG_FP_INEXACT == FPSR_IXC);
G_STATIC_ASSERT((int)TCG_ROUND_EVEN == FLOAT_ROUND_TIE_EVEN && (int)TCG_ROUND_UP == FLOAT_ROUND_UP &&
                (int)TCG_ROUND_DOWN == FLOAT_ROUND_DOWN && (int)TCG_ROUND_ZERO == FLOAT_ROUND_ZERO);

void arm_set_fpsr(ARMCPU *cpu, uint32_t value)
{
    tcg_fp_clear_flags(&cpu->parent.fp);
    cpu->fpsr = value & FPSR_QC;
    cpu->qc[0] = cpu->qc[1] = 0;
    cpu->fp.flags = value & (FPSR_IOC | FPSR_DZC | FPSR_OFC | FPSR_UFC | FPSR_IXC | FPSR_IDC);
}

/* -- the key ------------------------------------------------------------------------------------------------------- */

/* Any control that traps system registers which EL0 or EL1 could otherwise use, or redirects them. */
static bool sysregs_are_trapped(const ARMCPU *cpu)
{
    const uint64_t hcr_traps = UINT64_C(0x1f) << 15 | UINT64_C(0x7) << 20 | UINT64_C(0xf) << 23 | UINT64_C(1) << 30 |
                               UINT64_C(3) << 35 | UINT64_C(1) << 40 | UINT64_C(7) << 42 | UINT64_C(0x1f) << 49;

    if (arm_el2_enabled(cpu) && cpu->el < 2 &&
        (arm_hcr_el2_eff(cpu) & hcr_traps || cpu->mdcr_el2 & ~UINT64_C(0x1f) || cpu->hstr_el2 ||
         arm_feature(cpu, FEAT_FGT))) {
        return true;
    }
    return false;
}

static unsigned data_mmu(const ARMCPU *cpu)
{
    bool pan = cpu->pan;

    switch (cpu->el) {
    case 0:
        return arm_is_in_host(cpu) ? ARM_MMU_EL20_0 : ARM_MMU_EL10_0;
    case 1:
        return pan ? ARM_MMU_EL10_1_PAN : ARM_MMU_EL10_1;
    case 2:
        return !arm_hcr_e2h(cpu) ? ARM_MMU_EL2 : pan ? ARM_MMU_EL20_2_PAN : ARM_MMU_EL20_2;
    default:
        return ARM_MMU_EL3;
    }
}

static unsigned unprivileged_mmu(const ARMCPU *cpu, unsigned normal)
{
    bool host = cpu->el == 2 && arm_hcr_e2h(cpu) && cpu->hcr_el2 & HCR_TGE && arm_el2_enabled(cpu);

    if (cpu->uao || (cpu->el != 1 && !host)) {
        return normal;
    }
    return host ? ARM_MMU_EL20_0 : ARM_MMU_EL10_0;
}

static unsigned fetch_mmu(unsigned data)
{
    return data == ARM_MMU_EL10_1_PAN ? ARM_MMU_EL10_1 : data == ARM_MMU_EL20_2_PAN ? ARM_MMU_EL20_2 : data;
}

/* EL1&0 of a guest, or of an OS below a hypervisor that is not its host: HCRX_EL2 has its say. */
static bool below_el2(const ARMCPU *cpu)
{
    return cpu->el < 2 && arm_el2_enabled(cpu) && !(arm_hcr_e2h(cpu) && cpu->hcr_el2 & HCR_TGE);
}

/* CheckMOPSEnabled. */
static bool mops_enabled(const ARMCPU *cpu)
{
    if (below_el2(cpu) && !(arm_hcrx_el2_eff(cpu) & HCRX_MSCEN)) {
        return false;
    }
    return cpu->el > 0 || cpu->sctlr_el[arm_is_in_host(cpu) ? 2 : 1] & SCTLR_MSCEN;
}

static ArmKey make_key(ARMCPU *cpu)
{
    unsigned mmu = data_mmu(cpu), regime = arm_regime_el(cpu, mmu);
    uint64_t sctlr = cpu->sctlr_el[regime];
    bool step = arm_step_active(cpu);
    ArmKey key = {
        .el = cpu->el,
        .data_mmu = mmu, .fetch_mmu = fetch_mmu(mmu), .unpriv_mmu = unprivileged_mmu(cpu, mmu),
        .align_check = sctlr >> 1 & 1,
        .sp_align_check = sctlr >> (cpu->el == 0 ? 4 : 3) & 1,
        .big_endian = sctlr >> (cpu->el == 0 ? 24 : 25) & 1,
        .fp_trap_el = arm_fp_trap_el(cpu),
        .il = cpu->il, .btype = cpu->btype, .spsel = cpu->spsel,
        .ss_active = step, .pstate_ss = step && cpu->ss, .bp_active = arm_breakpoints_active(cpu),
        .sysreg_slow = sysregs_are_trapped(cpu),
        .fpcr_ah = !!(cpu->fpcr & FPCR_AH), .fpcr_nep = !!(cpu->fpcr & FPCR_NEP),
        .fp_inline = !(cpu->fpcr & (FPCR_FZ | FPCR_FIZ | FPCR_AH | FPCR_NEP)),
        .fp_inline_half = !(cpu->fpcr & (FPCR_FZ16 | FPCR_AHP | FPCR_AH | FPCR_NEP)),
        .e2h = arm_el2_enabled(cpu) && arm_hcr_e2h(cpu),
        .mops = mops_enabled(cpu), .zva = arm_zva_allowed(cpu), .d128 = arm_d128_enabled(cpu),
        .mte_active = arm_mte_active(cpu, false), .mte_unpriv = arm_mte_active(cpu, unprivileged_mmu(cpu, mmu) != mmu),
        .naa = arm_feature(cpu, FEAT_LSE2) && sctlr >> 6 & 1,
        .gcs = arm_gcs_enabled(cpu), .gcs_check = arm_gcs_enabled(cpu) && cpu->gcscr_el[cpu->el] & GCSCR_RVCHKEN,
        .exlock = cpu->exlock && arm_gcs_exlock_enabled(cpu),
    };

    if (arm_feature(cpu, FEAT_PAuth)) {
        key.pauth = arm_pac_enabled(sctlr);
        if (cpu->el && key.pauth & 1) {         /* what an OS switches with its tasks: asked at run time (pac_is_asked) */
            key.pauth = 0xf;
        }
        key.apk = arm_pac_keys_trap(cpu) == TRAP_NONE;
        key.pauth_inline = arm_feature(cpu, FEAT_PACIMP) && arm_feature(cpu, FEAT_CONSTPACFIELD) &&
                           arm_feature(cpu, FEAT_FPACCOMBINE) && !arm_pac_trap_el(cpu);
        arm_pac_layout(cpu);
    }
    if (arm_feature(cpu, FEAT_BTI)) {
        key.unguarded = cpu->unguarded;
        key.bti_enabled = cpu->el == 0 ? sctlr >> 35 & 1 : sctlr >> 36 & 1;
    }
    return key;
}

/* All of PSTATE that is in the key, but for what debugging makes of it. */
static uint32_t key_mode(const ARMCPU *cpu)
{
    return 1u << 31 | (uint32_t)cpu->el << 10 | (uint32_t)cpu->btype << 8 | (uint32_t)cpu->tco << 5 |
           (uint32_t)cpu->exlock << 4 | (uint32_t)cpu->il << 3 | (uint32_t)cpu->uao << 2 | (uint32_t)cpu->pan << 1 |
           (uint32_t)cpu->spsel;
}

/*
 * Exceptions and returns go to and fro between a few modes: their keys are kept, while nothing else of what makes them
 * changes. Where PACs are may be another level's.
 */
void arm_get_key(CPUState *cs, CPUKey *ret_key, unsigned *ret_fetch_mmu)
{
    ARMCPU *cpu = (ARMCPU *)cs;
    bool keep = !(cpu->mdscr_el1 & (MDSCR_SS | MDSCR_MDE));
    uint32_t mode = key_mode(cpu);
    ArmKeyRow *row = &cpu->key_row[mode * 0x9e3779b1 >> 29];
    ArmKey key;

    if (keep && row->mode == mode && row->changes == cs->key_changes) {
        key = row->key;
        if (arm_feature(cpu, FEAT_PAuth)) {
            arm_pac_layout(cpu);
        }
    } else {
        key = make_key(cpu);
        if (keep) {
            *row = (ArmKeyRow){ .changes = cs->key_changes, .mode = mode, .key = key };
        }
    }
    ret_key->w[0] = 0;
    memcpy(&ret_key->w[0], &key, sizeof(key));
    ret_key->w[1] = cpu->features_hash;
    *ret_fetch_mmu = key.fetch_mmu;
}

/* -- PC ---------------------------------------------------------------------------------------------------------------- */

/* AArch64.BranchAddr(): a tagged target loses its tag where the regime ignores it for instructions. */
bool arm_check_pc(CPUState *cs)
{
    ARMCPU *cpu = ARM_CPU(cs);
    ArmMmu mmu = fetch_mmu(data_mmu(cpu));
    uint64_t tcr = cpu->tcr_el[arm_regime_el(cpu, mmu)], pc = cpu->pc;
    bool high = pc >> 55 & 1, tbi, tbid;

    if (mmu != ARM_MMU_EL2 && mmu != ARM_MMU_EL3) {
        tbi = tcr >> (high ? 38 : 37) & 1;
        tbid = arm_feature(cpu, FEAT_PAuth) && tcr >> (high ? 52 : 51) & 1;
        if (tbi && !tbid) {
            pc = (uint64_t)sextract64(pc, 0, 56);
        }
    } else {
        tbi = tcr >> 20 & 1;
        tbid = arm_feature(cpu, FEAT_PAuth) && tcr >> 29 & 1;
        if (tbi && !tbid) {
            pc = extract64(pc, 0, 56);
        }
    }
    cpu->pc = pc;
    if (arm_step_active(cpu) && !cpu->ss) {
        arm_raise_step(cpu);                    /* it comes before what the fetch may raise */
        return false;
    }
    if (pc & 3) {
        arm_raise(cpu, 0, ARM_SYNDROME(EC_PC_ALIGN, 0));
        cpu->exc.has_far = true;
        cpu->exc.far = pc;
        return false;
    }
    return true;
}
