/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FEAT_RNG: random numbers (Arm DDI 0487, D23.2 RNDR and RNDRRS), the host's or -seed's. NZCV says whether there was one. */
#include "core/qom/machine.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

#define FLAG_Z 4

/* Both names: the host's source is reseeded as it sees fit. */
static uint64_t rndr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    uint64_t value = 0;
    bool ok = machine_random(cpu->parent.parent.machine, &value, sizeof(value));

    cpu->nzcv = ok ? 0 : FLAG_Z;
    return ok ? value : 0;
}

static const SysReg rng_regs[] = {
    SR("RNDR", 3, 3, 2, 4, 0, SR_R0, .read = rndr_read, SR_NEEDS(RNG), .no_gdb = true),
    SR("RNDRRS", 3, 3, 2, 4, 1, SR_R0, .read = rndr_read, SR_NEEDS(RNG), .no_gdb = true),
};
const SysRegGroup arm_sysregs_rng = { rng_regs, G_N_ELEMENTS(rng_regs) };
