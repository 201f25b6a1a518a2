/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PSTATE fields, saved state, stack pointers and floating-point control as registers (Arm DDI 0487, C5.2). */
#include "core/bits.h"
#include "targets/arm/debug.h"
#include "targets/arm/hcr.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

static uint64_t nzcv_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return (uint64_t)cpu->nzcv << 28;
}

static void nzcv_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->nzcv = extract64(value, 28, 4);
}

/* EL0 may use DAIF only with SCTLR_EL1.UMA. */
static ArmTrap daif_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    unsigned regime = arm_is_in_host(cpu) ? 2 : 1;

    return cpu->el == 0 && !(cpu->sctlr_el[regime] >> 9 & 1) ? TRAP_EL1 : TRAP_NONE;
}

static uint64_t daif_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return (uint64_t)cpu->daif << 6;
}

static void daif_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->daif = extract64(value, 6, 4);
    if (cpu->mdscr_el1 & MDSCR_KDE) {
        cpu_key_changed(&cpu->parent);          /* D: software step may start or end */
    }
}

static uint64_t currentel_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->el << 2;
}

static uint64_t spsel_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->spsel;
}

static void spsel_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    arm_switch_sp(cpu, cpu->el, value & 1);
}

static uint64_t pan_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return (uint64_t)cpu->pan << 22;
}

static void pan_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->pan = value >> 22 & 1;
}

static uint64_t uao_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return (uint64_t)cpu->uao << 23;
}

static void uao_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->uao = value >> 23 & 1;
}

static uint64_t dit_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return (uint64_t)cpu->dit << 24;
}

static void dit_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->dit = value >> 24 & 1;
}

static uint64_t tco_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return (uint64_t)cpu->tco << 25;
}

static void tco_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->tco = value >> 25 & 1;
}

static uint64_t ssbs_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return (uint64_t)cpu->ssbs << 12;
}

static void ssbs_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->ssbs = value >> 12 & 1;
}

/* What is pending, whatever masks it; at EL1 under EL2's routing the virtual interrupts. */
static uint64_t isr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    uint32_t lines = __atomic_load_n(&cpu->parent.irq_lines, __ATOMIC_ACQUIRE);
    uint64_t hcr = cpu->el == 1 ? arm_hcr_el2_eff(cpu) : 0;
    bool f = hcr & HCR_FMO ? lines >> ARM_LINE_VFIQ & 1 || hcr & HCR_VF : lines >> ARM_LINE_FIQ & 1;
    bool i = hcr & HCR_IMO ? lines >> ARM_LINE_VIRQ & 1 || hcr & HCR_VI : lines >> ARM_LINE_IRQ & 1;
    bool a = hcr & HCR_AMO ? hcr & HCR_VSE : lines >> ARM_LINE_SERROR & 1;

    return (uint64_t)a << 8 | i << 7 | f << 6;
}

/* SP_EL0 while it is the current SP is UNDEFINED to name. */
static ArmTrap sp_el0_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->spsel == 0 ? TRAP_UNDEFINED : TRAP_NONE;
}

/* Floating point disabled traps its registers too, as an FP access does (EC 0x07). */
static ArmTrap fp_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return arm_fp_trap_el(cpu) ? TRAP_FP : TRAP_NONE;
}

static uint64_t fpcr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->fpcr;
}

static void fpcr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    arm_set_fpcr(cpu, value);
}

static void fpcr_reset(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    arm_set_fpcr(cpu, 0);
}

static uint64_t fpsr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return arm_get_fpsr(cpu);
}

static void fpsr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    arm_set_fpsr(cpu, value);
}

/* SCR_EL3.ADEn. */
static ArmTrap accdata_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->el < 3 && cpu->has_el3 && !(cpu->scr_el3 >> 37 & 1) ? TRAP_EL3 : TRAP_NONE;
}

static const SysReg pstate_regs[] = {
    SR("NZCV", 3, 3, 4, 2, 0, SR_RW0, .read = nzcv_read, .write = nzcv_write),
    SR("DAIF", 3, 3, 4, 2, 1, SR_RW0, .read = daif_read, .write = daif_write, .check = daif_check, .changes = SRC_IRQ),
    SR("CurrentEL", 3, 0, 4, 2, 2, SR_R1, .read = currentel_read),
    SR("ISR_EL1", 3, 0, 12, 1, 0, SR_R1, .read = isr_read),
    SR("SPSel", 3, 0, 4, 2, 0, SR_RW1, .read = spsel_read, .write = spsel_write, .changes = SRC_KEY),
    SR("PAN", 3, 0, 4, 2, 3, SR_RW1, .read = pan_read, .write = pan_write, .changes = SRC_KEY, SR_NEEDS(PAN)),
    SR("UAO", 3, 0, 4, 2, 4, SR_RW1, .read = uao_read, .write = uao_write, .changes = SRC_KEY, SR_NEEDS(UAO)),
    SR("DIT", 3, 3, 4, 2, 5, SR_RW0, .read = dit_read, .write = dit_write, SR_NEEDS(DIT)),
    SR("SSBS", 3, 3, 4, 2, 6, SR_RW0, .read = ssbs_read, .write = ssbs_write, SR_NEEDS(SSBS)),
    SR("ACCDATA_EL1", 3, 0, 13, 0, 5, SR_RW1, SR_FIELD_RW(accdata_el1, 0xffffffff), SR_NEEDS(LS64_ACCDATA),
       .check = accdata_check),
    SR("TCO", 3, 3, 4, 2, 7, SR_RW0, .read = tco_read, .write = tco_write, .changes = SRC_KEY, SR_NEEDS(MTE)),
    SR("SPSR_EL1", 3, 0, 4, 0, 0, SR_RW1, SR_FIELD(spsr_el[1]), .exlock = true, .e2h_redirect = SYSREG(3, 4, 4, 0, 0)),
    SR("SPSR_EL2", 3, 4, 4, 0, 0, SR_RW2, SR_FIELD(spsr_el[2]), .exlock = true, .needs_el = 2),
    SR("SPSR_EL12", 3, 5, 4, 0, 0, SR_RW2, SR_ALIAS(spsr_el[1]), .needs_el = 2, SR_NEEDS(VHE), .check = arm_el12_check,
       .no_gdb = true),
    SR("SPSR_EL3", 3, 6, 4, 0, 0, SR_RW3, SR_FIELD(spsr_el[3]), .exlock = true, .needs_el = 3),
    SR("ELR_EL1", 3, 0, 4, 0, 1, SR_RW1, SR_FIELD(elr_el[1]), .exlock = true, .e2h_redirect = SYSREG(3, 4, 4, 0, 1)),
    SR("ELR_EL2", 3, 4, 4, 0, 1, SR_RW2, SR_FIELD(elr_el[2]), .exlock = true, .needs_el = 2),
    SR("ELR_EL12", 3, 5, 4, 0, 1, SR_RW2, SR_ALIAS(elr_el[1]), .needs_el = 2, SR_NEEDS(VHE), .check = arm_el12_check,
       .no_gdb = true),
    SR("ELR_EL3", 3, 6, 4, 0, 1, SR_RW3, SR_FIELD(elr_el[3]), .exlock = true, .needs_el = 3),
    SR("SP_EL0", 3, 0, 4, 1, 0, SR_RW1, SR_FIELD(sp_el[0]), .check = sp_el0_check,
       .check_passes = SR_PASSES_SPSEL),
    SR("SP_EL1", 3, 4, 4, 1, 0, SR_RW2, SR_FIELD(sp_el[1])),
    SR("SP_EL2", 3, 6, 4, 1, 0, SR_RW3, SR_FIELD(sp_el[2]), .needs_el = 2),
    SR("SPSR_irq", 3, 4, 4, 3, 0, SR_RW2, SR_FIELD(spsr_irq), .needs_el = 2, SR_NEEDS(AA32EL1)),
    SR("SPSR_abt", 3, 4, 4, 3, 1, SR_RW2, SR_FIELD(spsr_abt), .needs_el = 2, SR_NEEDS(AA32EL1)),
    SR("SPSR_und", 3, 4, 4, 3, 2, SR_RW2, SR_FIELD(spsr_und), .needs_el = 2, SR_NEEDS(AA32EL1)),
    SR("SPSR_fiq", 3, 4, 4, 3, 3, SR_RW2, SR_FIELD(spsr_fiq), .needs_el = 2, SR_NEEDS(AA32EL1)),
    SR("FPCR", 3, 3, 4, 4, 0, SR_RW0, .read = fpcr_read, .write = fpcr_write, .check = fp_check, .changes = SRC_KEY,
       .reset_fn = fpcr_reset),
    SR("FPSR", 3, 3, 4, 4, 1, SR_RW0, .read = fpsr_read, .write = fpsr_write, .check = fp_check),
};
const SysRegGroup arm_sysregs_pstate = { pstate_regs, G_N_ELEMENTS(pstate_regs) };
