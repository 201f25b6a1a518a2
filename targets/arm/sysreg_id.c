/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Identification registers: what the CPU model says of itself (Arm DDI 0487, D23.2). All of op0 3, op1 0, CRn 0,
 * CRm 1-7 exists: what is not allocated reads as zero. */
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

static uint64_t midr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->el == 1 && arm_el2_enabled(cpu) ? cpu->vpidr_el2 : cpu->midr;
}

static uint64_t mpidr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->el == 1 && arm_el2_enabled(cpu) ? cpu->vmpidr_el2 : cpu->mpidr;
}

static uint64_t idreg_read(ARMCPU *cpu, const SysReg *r)
{
    return cpu->idreg[ARM_IDREG(r->enc >> 3 & 15, r->enc & 7)];
}

#define ID(name_, crm, op2) SR(name_, 3, 0, 0, crm, op2, SR_R1, .read = idreg_read)
/* Reserved, RAZ. */
#define RAZ(crm, op2) SR("S3_0_C0_C" #crm "_" #op2, 3, 0, 0, crm, op2, SR_R1, .read = idreg_read, .no_gdb = true)

static const SysReg id_regs[] = {
    SR("MIDR_EL1", 3, 0, 0, 0, 0, SR_R1, .read = midr_read),
    SR("MPIDR_EL1", 3, 0, 0, 0, 5, SR_R1, .read = mpidr_read),
    SR("REVIDR_EL1", 3, 0, 0, 0, 6, SR_R1, SR_FIELD_RO(revidr), .is_alias = true),
    SR("AIDR_EL1", 3, 1, 0, 0, 7, SR_R1, SR_CONST(0)),

    ID("ID_PFR0_EL1", 1, 0), ID("ID_PFR1_EL1", 1, 1), ID("ID_DFR0_EL1", 1, 2), ID("ID_AFR0_EL1", 1, 3),
    ID("ID_MMFR0_EL1", 1, 4), ID("ID_MMFR1_EL1", 1, 5), ID("ID_MMFR2_EL1", 1, 6), ID("ID_MMFR3_EL1", 1, 7),
    ID("ID_ISAR0_EL1", 2, 0), ID("ID_ISAR1_EL1", 2, 1), ID("ID_ISAR2_EL1", 2, 2), ID("ID_ISAR3_EL1", 2, 3),
    ID("ID_ISAR4_EL1", 2, 4), ID("ID_ISAR5_EL1", 2, 5), ID("ID_MMFR4_EL1", 2, 6), ID("ID_ISAR6_EL1", 2, 7),
    ID("MVFR0_EL1", 3, 0), ID("MVFR1_EL1", 3, 1), ID("MVFR2_EL1", 3, 2), RAZ(3, 3), ID("ID_PFR2_EL1", 3, 4),
    ID("ID_DFR1_EL1", 3, 5), ID("ID_MMFR5_EL1", 3, 6), RAZ(3, 7),
    ID("ID_AA64PFR0_EL1", 4, 0), ID("ID_AA64PFR1_EL1", 4, 1), ID("ID_AA64PFR2_EL1", 4, 2), RAZ(4, 3),
    ID("ID_AA64ZFR0_EL1", 4, 4), ID("ID_AA64SMFR0_EL1", 4, 5), RAZ(4, 6), ID("ID_AA64FPFR0_EL1", 4, 7),
    ID("ID_AA64DFR0_EL1", 5, 0), ID("ID_AA64DFR1_EL1", 5, 1), ID("ID_AA64DFR2_EL1", 5, 2), RAZ(5, 3),
    ID("ID_AA64AFR0_EL1", 5, 4), ID("ID_AA64AFR1_EL1", 5, 5), RAZ(5, 6), RAZ(5, 7),
    ID("ID_AA64ISAR0_EL1", 6, 0), ID("ID_AA64ISAR1_EL1", 6, 1), ID("ID_AA64ISAR2_EL1", 6, 2),
    ID("ID_AA64ISAR3_EL1", 6, 3), RAZ(6, 4), RAZ(6, 5), RAZ(6, 6), RAZ(6, 7),
    ID("ID_AA64MMFR0_EL1", 7, 0), ID("ID_AA64MMFR1_EL1", 7, 1), ID("ID_AA64MMFR2_EL1", 7, 2),
    ID("ID_AA64MMFR3_EL1", 7, 3), ID("ID_AA64MMFR4_EL1", 7, 4), RAZ(7, 5), RAZ(7, 6), RAZ(7, 7),
};
const SysRegGroup arm_sysregs_id = { id_regs, G_N_ELEMENTS(id_regs) };
