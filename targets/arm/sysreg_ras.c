/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RAS: no error records are implemented, so ERRIDR_EL1.NUM is zero and there is nothing behind ERRSELR_EL1
 * (Arm DDI 0587); DISR_EL1 and VDISR_EL2, where ESB defers an SError (Arm DDI 0487, D23.2). Limited ordering regions.
 */
#include "targets/arm/hcr.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

#define SCR_EA   (UINT64_C(1) << 3)
#define SCR_TLOR (UINT64_C(1) << 14)
#define SCR_TERR (UINT64_C(1) << 15)

static ArmTrap traps(const ARMCPU *cpu, uint64_t hcr_bit, uint64_t scr_bit)
{
    if (cpu->el == 1 && arm_hcr_el2_eff(cpu) & hcr_bit) {
        return TRAP_EL2;
    }
    return cpu->el < 3 && cpu->has_el3 && cpu->scr_el3 & scr_bit ? TRAP_EL3 : TRAP_NONE;
}

static ArmTrap err_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return traps(cpu, HCR_TERR, SCR_TERR);
}

static ArmTrap lor_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return traps(cpu, HCR_TLOR, SCR_TLOR);
}

/* What DISR_EL1 is at this level: VDISR_EL2 for a guest, NULL (RAZ/WI) where EL3 has the SErrors. */
static uint64_t *disr(ARMCPU *cpu)
{
    if (cpu->el == 1 && arm_hcr_el2_eff(cpu) & HCR_AMO) {
        return &cpu->vdisr_el2;
    }
    return cpu->el < 3 && cpu->has_el3 && cpu->scr_el3 & SCR_EA ? NULL : &cpu->disr_el1;
}

static uint64_t disr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    const uint64_t *p = disr(cpu);

    return p ? *p : 0;
}

static void disr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    uint64_t *p = disr(cpu);

    if (p) {
        *p = value;
    }
}

static const SysReg ras_regs[] = {
    SR("ERRIDR_EL1", 3, 0, 5, 3, 0, SR_R1, SR_CONST(0), SR_NEEDS(RAS), .check = err_check),
    SR("ERRSELR_EL1", 3, 0, 5, 3, 1, SR_RW1, SR_CONST(0), SR_NEEDS(RAS), .check = err_check),
    SR("DISR_EL1", 3, 0, 12, 1, 1, SR_RW1, SR_FIELD(disr_el1), .read = disr_read, .write = disr_write, SR_NEEDS(RAS)),
    SR("VDISR_EL2", 3, 4, 12, 1, 1, SR_RW2, SR_FIELD(vdisr_el2), SR_NEEDS(RAS), .needs_el = 2),
    SR("VSESR_EL2", 3, 4, 5, 2, 3, SR_RW2, SR_FIELD_RW(vsesr_el2, 0x1ffffff), SR_NEEDS(RAS), .needs_el = 2),
    /* limited ordering regions: none can be made, so all memory is one */
    SR("LORSA_EL1", 3, 0, 10, 4, 0, SR_RW1, SR_CONST(0), SR_NEEDS(LOR), .check = lor_check),
    SR("LOREA_EL1", 3, 0, 10, 4, 1, SR_RW1, SR_CONST(0), SR_NEEDS(LOR), .check = lor_check),
    SR("LORN_EL1", 3, 0, 10, 4, 2, SR_RW1, SR_CONST(0), SR_NEEDS(LOR), .check = lor_check),
    SR("LORC_EL1", 3, 0, 10, 4, 3, SR_RW1, SR_CONST(0), SR_NEEDS(LOR), .check = lor_check),
    SR("LORID_EL1", 3, 0, 10, 4, 7, SR_R1, SR_CONST(0), SR_NEEDS(LOR), .check = lor_check),
};
const SysRegGroup arm_sysregs_ras = { ras_regs, G_N_ELEMENTS(ras_regs) };
