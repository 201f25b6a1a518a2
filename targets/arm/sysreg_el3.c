/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secure monitor control: EL3's own registers (Arm DDI 0487, D23.2). */
#include "core/bits.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

static void scr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    uint64_t rw = UINT64_C(0x2f8f) & ~(UINT64_C(3) << 4);

    rw |= UINT64_C(1) << 12;                    /* TWI; TWE is in 0x2000 */
    rw |= arm_feature(cpu, FEAT_LOR) ? UINT64_C(1) << 14 : 0;
    rw |= arm_feature(cpu, FEAT_RAS) ? UINT64_C(3) << 15 & ~(UINT64_C(1) << 16) : 0;
    rw |= arm_feature(cpu, FEAT_PAuth) ? UINT64_C(3) << 16 : 0;
    rw |= arm_feature(cpu, FEAT_SEL2) ? UINT64_C(1) << 18 : 0;
    rw |= arm_feature(cpu, FEAT_MTE2) ? UINT64_C(1) << 26 : 0;
    rw |= arm_feature(cpu, FEAT_LS64_ACCDATA) ? UINT64_C(3) << 36 : 0;      /* EnAS0, ADEn */
    rw |= arm_feature(cpu, FEAT_FGT) ? UINT64_C(1) << 27 : 0;
    rw |= arm_feature(cpu, FEAT_ECV) ? UINT64_C(1) << 28 : 0;
    rw |= arm_feature(cpu, FEAT_HCX) ? UINT64_C(1) << 38 : 0;
    rw |= arm_feature(cpu, FEAT_GCS) ? UINT64_C(1) << 39 : 0;
    rw |= arm_feature(cpu, FEAT_TCR2) ? UINT64_C(1) << 43 : 0;
    rw |= arm_feature(cpu, FEAT_SCTLR2) ? UINT64_C(1) << 44 : 0;
    rw |= arm_feature(cpu, FEAT_S1PIE) || arm_feature(cpu, FEAT_S2PIE) || arm_feature(cpu, FEAT_S1POE) ?
          UINT64_C(1) << 45 : 0;                /* PIEn */
    rw |= arm_feature(cpu, FEAT_AIE) ? UINT64_C(1) << 46 : 0;
    rw |= arm_feature(cpu, FEAT_THE) ? UINT64_C(1) << 42 : 0;               /* RCWMASKEn */
    rw |= arm_feature(cpu, FEAT_D128) ? UINT64_C(1) << 47 : 0;              /* D128En */
    rw |= arm_feature(cpu, FEAT_SYSREG128) ? UINT64_C(1) << 55 : 0;         /* EnIDCP128 */
    /* lower levels are AArch64 only: RW (bit 10) is RAO; bits 5:4 are RES1 */
    cpu->scr_el3 = (value & rw) | UINT64_C(1) << 10 | UINT64_C(3) << 4;
    arm_gic_state_changed(cpu);
}

static void scr_reset(ARMCPU *cpu, const SysReg *r)
{
    scr_write(cpu, r, 0);
}

#define CTX SRC_TLB | SRC_KEY

static const SysReg el3_regs[] = {
    SR("SCR_EL3", 3, 6, 1, 1, 0, SR_RW3, SR_FIELD(scr_el3), .write = scr_write, .reset_fn = scr_reset,
       .changes = CTX | SRC_IRQ, .needs_el = 3),
    SR("SDER32_EL3", 3, 6, 1, 1, 1, SR_RW3, SR_FIELD_RW(sder32_el3, 3), .needs_el = 3, SR_NEEDS(AA32EL1)),
    SR("CPTR_EL3", 3, 6, 1, 1, 2, SR_RW3, SR_FIELD_RW(cptr_el3, UINT64_C(0xc0100400)), .changes = SRC_KEY,
       .needs_el = 3),
    SR("MDCR_EL3", 3, 6, 1, 3, 1, SR_RW3, SR_FIELD(mdcr_el3), .changes = SRC_KEY, .needs_el = 3),
};
const SysRegGroup arm_sysregs_el3 = { el3_regs, G_N_ELEMENTS(el3_regs) };
