/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registers of M-profile that are more than storage: xPSR, banked stack pointers, FPSCR, and the key of translations
 * (Armv8-M ARM, DDI 0553, B3.5 to B3.8, D1.2).
 */
#include <string.h>

#include "targets/arm/m_int.h"

enum { FPSCR_RW = 0xf7c00000, FPSCR_FLAGS = 0x9f };

/* -- stack pointers ---------------------------------------------------------------------------------------------------- */

void arm_m_bank_sp(ARMMCPU *cpu)
{
    cpu->sp[m_bank(cpu)][m_sp_index(cpu)] = cpu->r[13];
}

void arm_m_load_sp(ARMMCPU *cpu)
{
    cpu->r[13] = cpu->sp[m_bank(cpu)][m_sp_index(cpu)];
}

bool arm_m_splim_violated(const ARMMCPU *cpu, unsigned bank, unsigned which, uint32_t sp)
{
    uint32_t limit = cpu->splim[bank][which];

    return limit && sp < limit && !(m_reg(cpu, MR_CCR, bank) & CCR_STKOFHFNMIGN && cpu->nvic->neg[bank]);
}

/* -- xPSR --------------------------------------------------------------------------------------------------------------- */

uint32_t arm_m_get_xpsr(const ARMMCPU *cpu)
{
    return cpu->nzcv << 28 | cpu->q << 27 | (cpu->it & 3) << 25 | cpu->epsr_t << 24 | cpu->ge << 16 | (cpu->it >> 2) << 10 |
           cpu->exception;
}

void arm_m_set_xpsr(ARMMCPU *cpu, uint32_t value)
{
    bool main = m_has(cpu, ARM_M_HAS_MAIN);

    cpu->nzcv = value >> 28;
    cpu->q = main && value >> 27 & 1;
    cpu->it = main ? extract32(value, 25, 2) | extract32(value, 10, 6) << 2 : 0;
    cpu->epsr_t = value >> 24 & 1;
    cpu->ge = arm_m_feature(cpu, FEAT_M_DSP) ? extract32(value, 16, 4) : 0;
    cpu->exception = value & 0x1ff;
    cpu_key_changed(&cpu->parent);
}

/* -- FPSCR --------------------------------------------------------------------------------------------------------------- */

uint32_t arm_m_get_fpscr(const ARMMCPU *cpu)
{
    return (cpu->fpscr & FPSCR_RW) | cpu->fp.flags;
}

void arm_m_set_fpscr(ARMMCPU *cpu, uint32_t value)
{
    bool fz = value >> 24 & 1;

    cpu->fpscr = value & FPSCR_RW;
    cpu->fp = (FloatStatus){
        .round = extract32(value, 22, 2), .flags = value & FPSCR_FLAGS, .nan_rule = FLOAT_NAN_SIGNALLING,
        .default_nan = value >> 25 & 1, .denormal_rule = fz ? FLOAT_DENORMAL_FLUSHED : FLOAT_DENORMAL_SILENT,
        .flush_inputs = fz, .flush_outputs = fz, .int_rule = FLOAT_INT_NAN_ZERO, .alt_half = value >> 26 & 1,
    };
}

/* -- the key -------------------------------------------------------------------------------------------------------------- */

unsigned arm_m_mmu(const ARMMCPU *cpu, bool secure, bool privileged)
{
    unsigned bank = secure ? M_S : M_NS;
    bool off = !(m_reg(cpu, MR_MPU_CTRL, bank) & MPU_CTRL_HFNMIENA) && cpu->nvic->neg[bank];

    return (off ? ARM_M_MMU_NEG_UNPRIV : ARM_M_MMU_UNPRIV) | (secure ? ARM_M_MMU_S_UNPRIV : 0) | privileged;
}
G_STATIC_ASSERT(ARM_M_MMU_UNPRIV == 0 && ARM_M_MMU_PRIV == 1 && ARM_M_MMU_S_UNPRIV == 2 && ARM_M_MMU_NEG_UNPRIV == 4 &&
                ARM_M_MMU_S_NEG == 7);

/* Whether an FP instruction has something to do first (ExecuteFPCheck). */
static bool fp_prepare(const ARMMCPU *cpu)
{
    unsigned bank;

    if (arm_m_fp_lspact(cpu, &bank)) {
        return true;
    }
    return m_reg(cpu, MR_FPCCR, m_bank(cpu)) & FPCCR_ASPEN &&
           (!m_fpca(cpu) || (cpu->secure && !(cpu->control[M_S] & CONTROL_SFPA)));
}

void arm_m_get_key(CPUState *cs, CPUKey *ret_key, unsigned *ret_fetch_mmu)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);
    unsigned bank = m_bank(cpu), fp_bank;
    bool privileged = m_is_privileged(cpu), enabled = cpu->has_fp && arm_m_fp_enabled(cpu, cpu->secure, privileged, &fp_bank);
    uint32_t ccr = m_reg(cpu, MR_CCR, bank);
    ArmMKey key = {
        .mmu = arm_m_mmu(cpu, cpu->secure, privileged), .unpriv_mmu = arm_m_mmu(cpu, cpu->secure, false),
        .privileged = privileged, .secure = cpu->secure, .handler = cpu->exception != 0, .it = cpu->it,
        .invstate = !cpu->epsr_t, .splim_check = cpu->splim[bank][m_sp_index(cpu)] != 0,
        .unalign_trap = !!(ccr & CCR_UNALIGN_TRP), .div0_trap = !!(ccr & CCR_DIV_0_TRP),
        .fp_trap = !enabled, .fp_prepare = enabled && fp_prepare(cpu),
    };

    *ret_key = (CPUKey){ { 0, cpu->features_hash } };
    memcpy(&ret_key->w[0], &key, sizeof(key));
    *ret_fetch_mmu = key.mmu;
}
