/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hypervisor control: EL2's own registers (Arm DDI 0487, D23.2). Pairs with an EL1 twin are in sysreg_vmsa.c. */
#include "core/bits.h"
#include "targets/arm/pmu.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

#define SCR_HXEN (UINT64_C(1) << 38)
#define HCRX_FNXS (UINT64_C(1) << 3)
#define HCRX_MCE2 (UINT64_C(1) << 10)
#define HCRX_D128EN (UINT64_C(1) << 17)
#define HCRX_MSCEN (UINT64_C(1) << 11)

/* Bits of HCR_EL2 that a CPU without the feature reads as zero. */
static void hcr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    uint64_t rw = mask64(0, 32) & ~(UINT64_C(1) << 31);

    rw |= UINT64_C(3) << 32;                    /* CD, ID */
    rw |= arm_feature(cpu, FEAT_VHE) ? UINT64_C(1) << 34 : 0;
    rw |= arm_feature(cpu, FEAT_LOR) ? UINT64_C(1) << 35 : 0;
    rw |= arm_feature(cpu, FEAT_RAS) ? UINT64_C(3) << 36 : 0;
    rw |= arm_feature(cpu, FEAT_PAuth) ? UINT64_C(3) << 40 : 0;
    /* TID4, TICAB, TOCU; in version 2 TTLBIS and TTLBOS */
    rw |= arm_feature(cpu, FEAT_EVT) ? UINT64_C(0x0b) << 49 : 0;
    rw |= extract64(cpu->idreg[ARM_ID_AA64MMFR2_EL1], 56, 4) >= 2 ? UINT64_C(3) << 54 : 0;
    rw |= arm_feature(cpu, FEAT_MTE2) ? UINT64_C(7) << 56 : 0;
    rw |= arm_feature(cpu, FEAT_S2FWB) ? UINT64_C(1) << 46 : 0;
    /* EL1 is AArch64 only: RW is RAO */
    cpu->hcr_el2 = (value & rw) | UINT64_C(1) << 31;
}

static void hcr_reset(ARMCPU *cpu, const SysReg *r)
{
    hcr_write(cpu, r, 0);
}

static void mdcr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    arm_pmu_set_mdcr_el2(cpu, value);
}

/* HPMN is the number of event counters: none is EL2's own. */
static void mdcr_reset(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    cpu->mdcr_el2 = arm_pmu_num_counters(cpu);
}

/* What virtual machines read as MIDR_EL1 and MPIDR_EL1. */
static void vpidr_reset(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    cpu->vpidr_el2 = cpu->midr;
}

static void vmpidr_reset(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    cpu->vmpidr_el2 = cpu->mpidr;
}

static ArmTrap cptr_el2_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->el == 2 && cpu->has_el3 && cpu->cptr_el3 >> 31 & 1 ? TRAP_EL3 : TRAP_NONE;
}

/* The bits of what is implemented; the others are RES0. */
static void hcrx_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    uint64_t rw = 0;

    rw |= arm_feature(cpu, FEAT_LS64) ? UINT64_C(1) << 1 : 0;                /* EnALS */
    rw |= arm_feature(cpu, FEAT_LS64_V) ? UINT64_C(1) << 2 : 0;              /* EnASR */
    rw |= arm_feature(cpu, FEAT_LS64_ACCDATA) ? UINT64_C(1) << 0 : 0;        /* EnAS0 */
    rw |= arm_feature(cpu, FEAT_XS) ? HCRX_FNXS : 0;
    rw |= arm_feature(cpu, FEAT_MOPS) ? HCRX_MCE2 | HCRX_MSCEN : 0;
    rw |= arm_feature(cpu, FEAT_TCR2) ? UINT64_C(1) << 14 : 0;               /* TCR2En */
    rw |= arm_feature(cpu, FEAT_SCTLR2) ? UINT64_C(1) << 15 : 0;             /* SCTLR2En */
    rw |= arm_feature(cpu, FEAT_THE) ? UINT64_C(1) << 16 : 0;                /* PTTWI */
    rw |= arm_feature(cpu, FEAT_D128) ? HCRX_D128EN : 0;
    rw |= arm_feature(cpu, FEAT_SYSREG128) ? UINT64_C(1) << 21 : 0;          /* EnIDCP128 */
    rw |= arm_feature(cpu, FEAT_GCS) ? UINT64_C(1) << 22 : 0;                /* GCSEn */
    cpu->hcrx_el2 = value & rw;
}

static ArmTrap hcrx_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->el == 2 && cpu->has_el3 && !(cpu->scr_el3 & SCR_HXEN) ? TRAP_EL3 : TRAP_NONE;
}

#define CTX SRC_TLB | SRC_KEY

static const SysReg el2_regs[] = {
    SR("HCR_EL2", 3, 4, 1, 1, 0, SR_RW2, SR_FIELD(hcr_el2), .write = hcr_write, .reset_fn = hcr_reset,
       .changes = CTX | SRC_IRQ, .needs_el = 2),
    SR("HCRX_EL2", 3, 4, 1, 2, 2, SR_RW2, SR_FIELD(hcrx_el2), .write = hcrx_write, .changes = CTX,
       .needs_el = 2, SR_NEEDS(HCX), .check = hcrx_check),
    SR("MDCR_EL2", 3, 4, 1, 1, 1, SR_RW2, SR_FIELD(mdcr_el2), .write = mdcr_write, .reset_fn = mdcr_reset,
       .changes = SRC_KEY, .needs_el = 2),
    SR("CPTR_EL2", 3, 4, 1, 1, 2, SR_RW2, SR_FIELD(cptr_el2), .changes = SRC_KEY, .needs_el = 2,
       .check = cptr_el2_check),
    SR("HSTR_EL2", 3, 4, 1, 1, 3, SR_RW2, SR_FIELD_RW(hstr_el2, 0xffff), .changes = SRC_KEY, .needs_el = 2),
    SR("HACR_EL2", 3, 4, 1, 1, 7, SR_RW2, SR_FIELD_RW(hacr_el2, 0), .needs_el = 2),
    SR("VTTBR_EL2", 3, 4, 2, 1, 0, SR_RW2, SR_FIELD(vttbr_el2), SR_WIDE(vttbr_hi_el2), .changes = CTX, .needs_el = 2),
    SR("VTCR_EL2", 3, 4, 2, 1, 2, SR_RW2, SR_FIELD(vtcr_el2), .changes = CTX, .needs_el = 2),
    SR("HPFAR_EL2", 3, 4, 6, 0, 4, SR_RW2, SR_FIELD(hpfar_el2), .needs_el = 2),
    SR("VPIDR_EL2", 3, 4, 0, 0, 0, SR_RW2, SR_FIELD_RW(vpidr_el2, 0xffffffff), .reset_fn = vpidr_reset, .needs_el = 2),
    SR("VMPIDR_EL2", 3, 4, 0, 0, 5, SR_RW2, SR_FIELD(vmpidr_el2), .reset_fn = vmpidr_reset, .needs_el = 2),
    SR("DACR32_EL2", 3, 4, 3, 0, 0, SR_RW2, SR_FIELD_RW(dacr32_el2, 0xffffffff), .needs_el = 2, SR_NEEDS(AA32EL1)),
    SR("IFSR32_EL2", 3, 4, 5, 0, 1, SR_RW2, SR_FIELD_RW(ifsr32_el2, 0xffffffff), .needs_el = 2, SR_NEEDS(AA32EL1)),
    SR("FPEXC32_EL2", 3, 4, 5, 3, 0, SR_RW2, SR_FIELD_RW(fpexc32_el2, 0x40000000), .needs_el = 2, SR_NEEDS(AA32EL1)),
};
const SysRegGroup arm_sysregs_el2 = { el2_regs, G_N_ELEMENTS(el2_regs) };
