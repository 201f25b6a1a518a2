/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RAS: no error records are implemented, so ERRIDR_EL1.NUM is zero and there is nothing behind ERRSELR_EL1
 * (Arm DDI 0587). */
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

static const SysReg ras_regs[] = {
    SR("ERRIDR_EL1", 3, 0, 5, 3, 0, SR_R1, SR_CONST(0), SR_NEEDS(RAS)),
    SR("ERRSELR_EL1", 3, 0, 5, 3, 1, SR_RW1, SR_FIELD_RW(errselr_el1, 0), SR_NEEDS(RAS)),
    SR("DISR_EL1", 3, 0, 12, 1, 1, SR_RW1, SR_FIELD(disr_el1), SR_NEEDS(RAS)),
    SR("VDISR_EL2", 3, 4, 12, 1, 1, SR_RW2, SR_FIELD(vdisr_el2), SR_NEEDS(RAS), .needs_el = 2),
    SR("VSESR_EL2", 3, 4, 5, 2, 3, SR_RW2, SR_FIELD_RW(vsesr_el2, 0x1ffffff), SR_NEEDS(RAS), .needs_el = 2),
    /* limited ordering regions: none can be made, so all memory is one */
    SR("LORSA_EL1", 3, 0, 10, 4, 0, SR_RW1, SR_CONST(0), SR_NEEDS(LOR)),
    SR("LOREA_EL1", 3, 0, 10, 4, 1, SR_RW1, SR_CONST(0), SR_NEEDS(LOR)),
    SR("LORN_EL1", 3, 0, 10, 4, 2, SR_RW1, SR_CONST(0), SR_NEEDS(LOR)),
    SR("LORC_EL1", 3, 0, 10, 4, 3, SR_RW1, SR_CONST(0), SR_NEEDS(LOR)),
    SR("LORID_EL1", 3, 0, 10, 4, 7, SR_R1, SR_CONST(0), SR_NEEDS(LOR)),
};
const SysRegGroup arm_sysregs_ras = { ras_regs, G_N_ELEMENTS(ras_regs) };
