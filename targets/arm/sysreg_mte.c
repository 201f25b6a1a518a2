/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory tagging: its registers (Arm DDI 0487, D23.2). TCO is in sysreg_pstate.c, DC GVA and GZVA in sysreg_cache.c. */
#include "targets/arm/hcr.h"
#include "targets/arm/mte.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

#define SCR_ATA  (UINT64_C(1) << 26)

/* SCR_EL3.ATA and HCR_EL2.ATA trap what is there only for tagging. */
static ArmTrap ata_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el == 1 && arm_el2_enabled(cpu) && !(arm_hcr_e2h(cpu) && cpu->hcr_el2 & HCR_TGE) && !(cpu->hcr_el2 & HCR_ATA)) {
        return TRAP_EL2;
    }
    return cpu->el < 3 && cpu->has_el3 && !(cpu->scr_el3 & SCR_ATA) ? TRAP_EL3 : TRAP_NONE;
}

static ArmTrap tfsr_el12_check(ARMCPU *cpu, const SysReg *r, bool write)
{
    return arm_hcr_e2h(cpu) ? ata_check(cpu, r, write) : TRAP_UNDEFINED;
}

static ArmTrap gmid_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->el == 1 && arm_el2_enabled(cpu) && cpu->hcr_el2 & HCR_TID5 ? TRAP_EL2 : TRAP_NONE;
}

static const SysReg mte_regs[] = {
    SR("RGSR_EL1", 3, 0, 1, 0, 5, SR_RW1, SR_FIELD_RW(rgsr_el1, 0xffff0f), SR_NEEDS(MTE2), .check = ata_check),
    SR("GCR_EL1", 3, 0, 1, 0, 6, SR_RW1, SR_FIELD_RW(gcr_el1, 0x1ffff), SR_NEEDS(MTE2), .check = ata_check),
    SR("TFSR_EL1", 3, 0, 5, 6, 0, SR_RW1, SR_FIELD_RW(tfsr_el[1], 3), SR_NEEDS(MTE2), .check = ata_check,
       .e2h_redirect = SYSREG(3, 4, 5, 6, 0)),
    SR("TFSRE0_EL1", 3, 0, 5, 6, 1, SR_RW1, SR_FIELD_RW(tfsr_el[0], 3), SR_NEEDS(MTE2), .check = ata_check),
    SR("TFSR_EL2", 3, 4, 5, 6, 0, SR_RW2, SR_FIELD_RW(tfsr_el[2], 3), .needs_el = 2, SR_NEEDS(MTE2), .check = ata_check),
    SR("TFSR_EL12", 3, 5, 5, 6, 0, SR_RW2, SR_FIELD_RW(tfsr_el[1], 3), .is_alias = true, .needs_el = 2, SR_NEEDS(MTE2),
       .check = tfsr_el12_check, .no_gdb = true),
    SR("TFSR_EL3", 3, 6, 5, 6, 0, SR_RW3, SR_FIELD_RW(tfsr_el[3], 1), .needs_el = 3, SR_NEEDS(MTE2)),
    SR("GMID_EL1", 3, 1, 0, 0, 4, SR_R1, SR_CONST(MTE_GMID_BS), SR_NEEDS(MTE2), .check = gmid_check),
};
const SysRegGroup arm_sysregs_mte = { mte_regs, G_N_ELEMENTS(mte_regs) };
