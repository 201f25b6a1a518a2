/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual memory control, exception syndromes, thread and context numbers of EL1, and what VHE makes of their names
 * (Arm DDI 0487, D23.2). */
#include "core/bits.h"
#include "targets/arm/pac.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

#define SCR_RCWMASKEN (UINT64_C(1) << 42)

/* Reset registers are those of the highest level alone. */
static ArmTrap highest_check(ARMCPU *cpu, const SysReg *r, bool write G_GNUC_UNUSED)
{
    unsigned op1 = r->enc >> 11 & 7, el = op1 == 0 ? 1 : op1 / 2;

    return el == (cpu->has_el3 ? 3 : cpu->has_el2 ? 2 : 1) ? TRAP_NONE : TRAP_UNDEFINED;
}

static ArmTrap cpacr_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el < 2 && arm_el2_enabled(cpu) && cpu->cptr_el2 >> 31 & 1) {
        return TRAP_EL2;                        /* TCPAC */
    }
    return cpu->el < 3 && cpu->has_el3 && cpu->cptr_el3 >> 31 & 1 ? TRAP_EL3 : TRAP_NONE;
}

static ArmTrap key_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return arm_pac_keys_trap(cpu);
}

static ArmTrap rcwmask_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->el < 3 && cpu->has_el3 && !(cpu->scr_el3 & SCR_RCWMASKEN) ? TRAP_EL3 : TRAP_NONE;
}

static void sctlr_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    uint64_t *field = (uint64_t *)((uint8_t *)cpu + r->offset);

    *field = value;
}

/* What a physical CPU of this class keeps set; a reset value too. */
#define SCTLR_EL1_RES1 UINT64_C(0x30d00800)
#define SCTLR_EL2_RES1 UINT64_C(0x30c50830)
#define VBAR_MASK (~UINT64_C(0x7ff))

#define CTX SRC_TLB | SRC_KEY
/* An EL1 register with its EL2 twin under E2H and its _EL12 name. */
#define EL1_EL2(name1, name2, crn, crm, op2, f1, f2, chg, ...) \
    SR(name1 "_EL1", 3, 0, crn, crm, op2, SR_RW1, SR_FIELD(f1), .changes = chg, \
       .e2h_redirect = SYSREG(3, 4, crn, crm, op2), ##__VA_ARGS__), \
    SR(name2 "_EL2", 3, 4, crn, crm, op2, SR_RW2, SR_FIELD(f2), .changes = chg, .needs_el = 2, ##__VA_ARGS__), \
    SR(name1 "_EL12", 3, 5, crn, crm, op2, SR_RW2, SR_ALIAS(f1), .changes = chg, .needs_el = 2, \
       .feature = FEAT_VHE + 1, .check = arm_el12_check, .no_gdb = true)
#define EL3(name, crn, crm, op2, f, chg, ...) \
    SR(name "_EL3", 3, 6, crn, crm, op2, SR_RW3, SR_FIELD(f), .changes = chg, .needs_el = 3, ##__VA_ARGS__)

static const SysReg vmsa_regs[] = {
    SR("SCTLR_EL1", 3, 0, 1, 0, 0, SR_RW1, SR_FIELD(sctlr_el[1]), .reset = SCTLR_EL1_RES1, .changes = CTX,
       .write = sctlr_write, .e2h_redirect = SYSREG(3, 4, 1, 0, 0)),
    SR("SCTLR_EL2", 3, 4, 1, 0, 0, SR_RW2, SR_FIELD(sctlr_el[2]), .reset = SCTLR_EL2_RES1, .changes = CTX,
       .write = sctlr_write, .needs_el = 2),
    SR("SCTLR_EL12", 3, 5, 1, 0, 0, SR_RW2, SR_ALIAS(sctlr_el[1]), .changes = CTX, .write = sctlr_write,
       .needs_el = 2, SR_NEEDS(VHE), .check = arm_el12_check, .no_gdb = true),
    SR("SCTLR_EL3", 3, 6, 1, 0, 0, SR_RW3, SR_FIELD(sctlr_el[3]), .reset = SCTLR_EL2_RES1, .changes = CTX,
       .write = sctlr_write, .needs_el = 3),
    SR("ACTLR_EL1", 3, 0, 1, 0, 1, SR_RW1, SR_FIELD(actlr_el[1])),
    SR("ACTLR_EL2", 3, 4, 1, 0, 1, SR_RW2, SR_FIELD(actlr_el[2]), .needs_el = 2),
    SR("ACTLR_EL3", 3, 6, 1, 0, 1, SR_RW3, SR_FIELD(actlr_el[3]), .needs_el = 3),
    SR("CPACR_EL1", 3, 0, 1, 0, 2, SR_RW1, SR_FIELD(cpacr_el1), .changes = SRC_KEY, .check = cpacr_check,
       .e2h_redirect = SYSREG(3, 4, 1, 1, 2)),
    SR("CPACR_EL12", 3, 5, 1, 0, 2, SR_RW2, SR_ALIAS(cpacr_el1), .changes = SRC_KEY, .needs_el = 2, SR_NEEDS(VHE),
       .check = arm_el12_check, .no_gdb = true),

    SR("TTBR0_EL1", 3, 0, 2, 0, 0, SR_RW1, SR_FIELD(ttbr0_el[1]), SR_WIDE(ttbr0_hi_el[1]), .changes = SRC_ASID,
       .e2h_redirect = SYSREG(3, 4, 2, 0, 0)),
    SR("TTBR0_EL2", 3, 4, 2, 0, 0, SR_RW2, SR_FIELD(ttbr0_el[2]), SR_WIDE(ttbr0_hi_el[2]), .changes = SRC_ASID,
       .needs_el = 2),
    SR("TTBR0_EL12", 3, 5, 2, 0, 0, SR_RW2, SR_ALIAS(ttbr0_el[1]), SR_WIDE(ttbr0_hi_el[1]), .changes = SRC_ASID,
       .needs_el = 2, SR_NEEDS(VHE), .check = arm_el12_check, .no_gdb = true),
    EL3("TTBR0", 2, 0, 0, ttbr0_el[3], CTX),
    SR("TTBR1_EL1", 3, 0, 2, 0, 1, SR_RW1, SR_FIELD(ttbr1_el[1]), SR_WIDE(ttbr1_hi_el[1]), .changes = SRC_ASID,
       .e2h_redirect = SYSREG(3, 4, 2, 0, 1)),
    SR("TTBR1_EL2", 3, 4, 2, 0, 1, SR_RW2, SR_FIELD(ttbr1_el[2]), SR_WIDE(ttbr1_hi_el[2]), .changes = SRC_ASID,
       .needs_el = 2, SR_NEEDS(VHE)),
    SR("TTBR1_EL12", 3, 5, 2, 0, 1, SR_RW2, SR_ALIAS(ttbr1_el[1]), SR_WIDE(ttbr1_hi_el[1]), .changes = SRC_ASID,
       .needs_el = 2, SR_NEEDS(VHE), .check = arm_el12_check, .no_gdb = true),
    EL1_EL2("TCR", "TCR", 2, 0, 2, tcr_el[1], tcr_el[2], CTX),
    EL3("TCR", 2, 0, 2, tcr_el[3], CTX),
    EL1_EL2("MAIR", "MAIR", 10, 2, 0, mair_el[1], mair_el[2], 0),
    EL3("MAIR", 10, 2, 0, mair_el[3], 0),
    EL1_EL2("AMAIR", "AMAIR", 10, 3, 0, amair_el[1], amair_el[2], 0),
    EL3("AMAIR", 10, 3, 0, amair_el[3], 0),
    SR("VBAR_EL1", 3, 0, 12, 0, 0, SR_RW1, SR_FIELD_RW(vbar_el[1], VBAR_MASK), .e2h_redirect = SYSREG(3, 4, 12, 0, 0)),
    SR("VBAR_EL2", 3, 4, 12, 0, 0, SR_RW2, SR_FIELD_RW(vbar_el[2], VBAR_MASK), .needs_el = 2),
    SR("VBAR_EL12", 3, 5, 12, 0, 0, SR_RW2, SR_FIELD_RW(vbar_el[1], VBAR_MASK), .is_alias = true, .needs_el = 2,
       SR_NEEDS(VHE), .check = arm_el12_check, .no_gdb = true),
    SR("VBAR_EL3", 3, 6, 12, 0, 0, SR_RW3, SR_FIELD_RW(vbar_el[3], VBAR_MASK), .needs_el = 3),
    EL1_EL2("ESR", "ESR", 5, 2, 0, esr_el[1], esr_el[2], 0),
    EL3("ESR", 5, 2, 0, esr_el[3], 0),
    EL1_EL2("FAR", "FAR", 6, 0, 0, far_el[1], far_el[2], 0),
    EL3("FAR", 6, 0, 0, far_el[3], 0),
    EL1_EL2("AFSR0", "AFSR0", 5, 1, 0, afsr0_el[1], afsr0_el[2], 0),
    EL3("AFSR0", 5, 1, 0, afsr0_el[3], 0),
    EL1_EL2("AFSR1", "AFSR1", 5, 1, 1, afsr1_el[1], afsr1_el[2], 0),
    EL3("AFSR1", 5, 1, 1, afsr1_el[3], 0),
    SR("CONTEXTIDR_EL1", 3, 0, 13, 0, 1, SR_RW1, SR_FIELD(contextidr_el[1]), .e2h_redirect = SYSREG(3, 4, 13, 0, 1)),
    SR("CONTEXTIDR_EL2", 3, 4, 13, 0, 1, SR_RW2, SR_FIELD(contextidr_el[2]), .needs_el = 2, SR_NEEDS(VHE)),
    SR("CONTEXTIDR_EL12", 3, 5, 13, 0, 1, SR_RW2, SR_ALIAS(contextidr_el[1]), .needs_el = 2, SR_NEEDS(VHE),
       .check = arm_el12_check, .no_gdb = true),
    SR("PAR_EL1", 3, 0, 7, 4, 0, SR_RW1, SR_FIELD(par_el1), SR_WIDE(par_hi_el1)),
    SR("RCWMASK_EL1", 3, 0, 13, 0, 6, SR_RW1, SR_FIELD(rcwmask_el1[0]), SR_WIDE(rcwmask_el1[1]), SR_NEEDS(THE),
       .check = rcwmask_check),
    SR("RCWSMASK_EL1", 3, 0, 13, 0, 3, SR_RW1, SR_FIELD(rcwsmask_el1[0]), SR_WIDE(rcwsmask_el1[1]), SR_NEEDS(THE),
       .check = rcwmask_check),
    SR("TPIDR_EL0", 3, 3, 13, 0, 2, SR_RW0, SR_FIELD(tpidr_el[0])),
    SR("TPIDRRO_EL0", 3, 3, 13, 0, 3, SR_R0 | SR_W1, SR_FIELD(tpidrro_el0)),
    SR("TPIDR_EL1", 3, 0, 13, 0, 4, SR_RW1, SR_FIELD(tpidr_el[1])),
    SR("TPIDR_EL2", 3, 4, 13, 0, 2, SR_RW2, SR_FIELD(tpidr_el[2]), .needs_el = 2),
    SR("TPIDR_EL3", 3, 6, 13, 0, 2, SR_RW3, SR_FIELD(tpidr_el[3]), .needs_el = 3),

    SR("RVBAR_EL1", 3, 0, 12, 0, 1, SR_R1, SR_FIELD_RO(rvbar), .is_alias = true, .check = highest_check),
    SR("RVBAR_EL2", 3, 4, 12, 0, 1, SR_R2, SR_FIELD_RO(rvbar), .is_alias = true, .check = highest_check, .needs_el = 2),
    SR("RVBAR_EL3", 3, 6, 12, 0, 1, SR_R3, SR_FIELD_RO(rvbar), .is_alias = true, .needs_el = 3),
    SR("RMR_EL1", 3, 0, 12, 0, 2, SR_RW1, SR_CONST(1), .check = highest_check),
    SR("RMR_EL2", 3, 4, 12, 0, 2, SR_RW2, SR_CONST(1), .check = highest_check, .needs_el = 2),
    SR("RMR_EL3", 3, 6, 12, 0, 2, SR_RW3, SR_CONST(1), .needs_el = 3),

    /* pointer authentication keys */
#define KEY_CHECK .check = key_check, .check_passes = SR_PASSES_APK
    SR("APIAKeyLo_EL1", 3, 0, 2, 1, 0, SR_RW1, SR_FIELD(apkey[0]), SR_NEEDS(PAuth), KEY_CHECK),
    SR("APIAKeyHi_EL1", 3, 0, 2, 1, 1, SR_RW1, SR_FIELD(apkey[1]), SR_NEEDS(PAuth), KEY_CHECK),
    SR("APIBKeyLo_EL1", 3, 0, 2, 1, 2, SR_RW1, SR_FIELD(apkey[2]), SR_NEEDS(PAuth), KEY_CHECK),
    SR("APIBKeyHi_EL1", 3, 0, 2, 1, 3, SR_RW1, SR_FIELD(apkey[3]), SR_NEEDS(PAuth), KEY_CHECK),
    SR("APDAKeyLo_EL1", 3, 0, 2, 2, 0, SR_RW1, SR_FIELD(apkey[4]), SR_NEEDS(PAuth), KEY_CHECK),
    SR("APDAKeyHi_EL1", 3, 0, 2, 2, 1, SR_RW1, SR_FIELD(apkey[5]), SR_NEEDS(PAuth), KEY_CHECK),
    SR("APDBKeyLo_EL1", 3, 0, 2, 2, 2, SR_RW1, SR_FIELD(apkey[6]), SR_NEEDS(PAuth), KEY_CHECK),
    SR("APDBKeyHi_EL1", 3, 0, 2, 2, 3, SR_RW1, SR_FIELD(apkey[7]), SR_NEEDS(PAuth), KEY_CHECK),
    SR("APGAKeyLo_EL1", 3, 0, 2, 3, 0, SR_RW1, SR_FIELD(apkey[8]), SR_NEEDS(PAuth), KEY_CHECK),
    SR("APGAKeyHi_EL1", 3, 0, 2, 3, 1, SR_RW1, SR_FIELD(apkey[9]), SR_NEEDS(PAuth), KEY_CHECK),
};
const SysRegGroup arm_sysregs_vmsa = { vmsa_regs, G_N_ELEMENTS(vmsa_regs) };
