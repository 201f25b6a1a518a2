/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The GICv3 CPU interface: encodings only; the GIC answers (targets/arm/iface/gicv3_cpu.h). */
#include "targets/arm/iface/gicv3_cpu.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

static GICv3Context context(const ARMCPU *cpu)
{
    return (GICv3Context){
        .el = cpu->el, .secure = cpu->has_el3 && !(cpu->scr_el3 & 1), .have_el3 = cpu->has_el3,
        .scr_el3 = cpu->has_el3 ? cpu->scr_el3 : 0, .hcr_el2 = arm_hcr_el2_eff(cpu),
    };
}

static void act(ARMCPU *cpu, const SysReg *r, GICv3Result res, bool write)
{
    switch (res) {
    case GICV3_OK:
        break;
    case GICV3_UNDEFINED:
        arm_raise_undefined(cpu);
        break;
    case GICV3_TRAP_EL2:
    case GICV3_TRAP_EL3:
        arm_sysreg_trap(cpu, r, res == GICV3_TRAP_EL2 ? 2 : 3, write);
        break;
    }
}

/* Without a GICv3 there are no such registers. */
static ArmTrap gic_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->gic_cpuif ? TRAP_NONE : TRAP_UNDEFINED;
}

/* A debugger may ask a CPU that has none. */
static uint64_t gic_read(ARMCPU *cpu, const SysReg *r)
{
    GICv3Context ctx = context(cpu);
    uint64_t value = 0;
    GICv3CpuIf *c;

    if (!cpu->gic_cpuif) {
        arm_raise_undefined(cpu);
        return 0;
    }
    c = GICV3_CPUIF(cpu->gic_cpuif);
    act(cpu, r, c->ops->access(c, &ctx, r->value, false, &value), false);
    return value;
}

static void gic_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    GICv3Context ctx = context(cpu);
    GICv3CpuIf *c;

    if (!cpu->gic_cpuif) {
        arm_raise_undefined(cpu);
        return;
    }
    c = GICV3_CPUIF(cpu->gic_cpuif);
    act(cpu, r, c->ops->access(c, &ctx, r->value, true, &value), true);
}

#define G(name_, op1, crn, crm, op2, acc, reg, ...) \
    SR(name_, 3, op1, crn, crm, op2, acc, .check = gic_check, .read = gic_read, .write = gic_write, \
       .value = GICV3_##reg, .changes = SRC_IRQ, ##__VA_ARGS__)
#define ICC(name, crn, crm, op2, acc) G(#name, 0, crn, crm, op2, acc, name)
/* To read one acknowledges the interrupt. */
#define IAR(name, crn, crm, op2) G(#name, 0, crn, crm, op2, SR_R1, name, .no_gdb = true)
#define ICH(name, crm, op2, acc) G(#name, 4, 12, crm, op2, acc, name, .needs_el = 2)
#define LR(n) \
    G("ICH_LR" #n "_EL2", 4, 12, 12 + n / 8, n % 8, SR_RW2, ICH_LR0_EL2 + n, .needs_el = 2)

static const SysReg gic_regs[] = {
    ICC(ICC_PMR_EL1, 4, 6, 0, SR_RW1),
    IAR(ICC_IAR0_EL1, 12, 8, 0), ICC(ICC_EOIR0_EL1, 12, 8, 1, SR_W1), ICC(ICC_HPPIR0_EL1, 12, 8, 2, SR_R1),
    ICC(ICC_BPR0_EL1, 12, 8, 3, SR_RW1),
    ICC(ICC_AP0R0_EL1, 12, 8, 4, SR_RW1), ICC(ICC_AP0R1_EL1, 12, 8, 5, SR_RW1), ICC(ICC_AP0R2_EL1, 12, 8, 6, SR_RW1),
    ICC(ICC_AP0R3_EL1, 12, 8, 7, SR_RW1),
    ICC(ICC_AP1R0_EL1, 12, 9, 0, SR_RW1), ICC(ICC_AP1R1_EL1, 12, 9, 1, SR_RW1), ICC(ICC_AP1R2_EL1, 12, 9, 2, SR_RW1),
    ICC(ICC_AP1R3_EL1, 12, 9, 3, SR_RW1),
    ICC(ICC_DIR_EL1, 12, 11, 1, SR_W1), ICC(ICC_RPR_EL1, 12, 11, 3, SR_R1),
    ICC(ICC_SGI1R_EL1, 12, 11, 5, SR_W1), ICC(ICC_ASGI1R_EL1, 12, 11, 6, SR_W1), ICC(ICC_SGI0R_EL1, 12, 11, 7, SR_W1),
    IAR(ICC_IAR1_EL1, 12, 12, 0), ICC(ICC_EOIR1_EL1, 12, 12, 1, SR_W1), ICC(ICC_HPPIR1_EL1, 12, 12, 2, SR_R1),
    ICC(ICC_BPR1_EL1, 12, 12, 3, SR_RW1), ICC(ICC_CTLR_EL1, 12, 12, 4, SR_RW1), ICC(ICC_SRE_EL1, 12, 12, 5, SR_RW1),
    ICC(ICC_IGRPEN0_EL1, 12, 12, 6, SR_RW1), ICC(ICC_IGRPEN1_EL1, 12, 12, 7, SR_RW1),
    G("ICC_SRE_EL2", 4, 12, 9, 5, SR_RW2, ICC_SRE_EL2, .needs_el = 2),
    G("ICC_CTLR_EL3", 6, 12, 12, 4, SR_RW3, ICC_CTLR_EL3, .needs_el = 3),
    G("ICC_SRE_EL3", 6, 12, 12, 5, SR_RW3, ICC_SRE_EL3, .needs_el = 3),
    G("ICC_IGRPEN1_EL3", 6, 12, 12, 7, SR_RW3, ICC_IGRPEN1_EL3, .needs_el = 3),
    ICH(ICH_AP0R0_EL2, 8, 0, SR_RW2), ICH(ICH_AP0R1_EL2, 8, 1, SR_RW2), ICH(ICH_AP0R2_EL2, 8, 2, SR_RW2),
    ICH(ICH_AP0R3_EL2, 8, 3, SR_RW2),
    ICH(ICH_AP1R0_EL2, 9, 0, SR_RW2), ICH(ICH_AP1R1_EL2, 9, 1, SR_RW2), ICH(ICH_AP1R2_EL2, 9, 2, SR_RW2),
    ICH(ICH_AP1R3_EL2, 9, 3, SR_RW2),
    ICH(ICH_HCR_EL2, 11, 0, SR_RW2), ICH(ICH_VTR_EL2, 11, 1, SR_R2), ICH(ICH_MISR_EL2, 11, 2, SR_R2),
    ICH(ICH_EISR_EL2, 11, 3, SR_R2), ICH(ICH_ELRSR_EL2, 11, 5, SR_R2), ICH(ICH_VMCR_EL2, 11, 7, SR_RW2),
    LR(0), LR(1), LR(2), LR(3), LR(4), LR(5), LR(6), LR(7), LR(8), LR(9), LR(10), LR(11), LR(12), LR(13), LR(14), LR(15),
};
const SysRegGroup arm_sysregs_gic = { gic_regs, G_N_ELEMENTS(gic_regs) };
