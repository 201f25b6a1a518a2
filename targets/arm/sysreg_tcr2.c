/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The second control registers of translation, permission indirection and overlays, and the second memory attributes
 * (Arm DDI 0487, D8.4 and D23.2; FEAT_TCR2, FEAT_SCTLR2, FEAT_AIE, FEAT_S1PIE, FEAT_S2PIE, FEAT_S1POE, FEAT_S2POE).
 */
#include "core/bits.h"
#include "targets/arm/mmu.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

#define SCR_TCR2EN   (UINT64_C(1) << 43)
#define SCR_SCTLR2EN (UINT64_C(1) << 44)
#define SCR_PIEN     (UINT64_C(1) << 45)
#define SCR_AIEN     (UINT64_C(1) << 46)
#define HCRX_TCR2EN  (UINT64_C(1) << 14)
#define HCRX_SCTLR2EN (UINT64_C(1) << 15)
#define CPACR_E0POE  (UINT64_C(1) << 29)

/* What HCRX_EL2 (EL1's names from EL1) and SCR_EL3 enable; hcrx 0: EL2 has no control. _EL12 names need E2H first. */
static ArmTrap enabled_check(ARMCPU *cpu, const SysReg *r, bool write, uint64_t hcrx, uint64_t scr)
{
    if ((r->enc >> 11 & 7) == 5 && arm_el12_check(cpu, r, write) != TRAP_NONE) {
        return TRAP_UNDEFINED;
    }
    if (cpu->el == 1 && hcrx && arm_el2_enabled(cpu) && !(arm_hcrx_el2_eff(cpu) & hcrx)) {
        return TRAP_EL2;
    }
    return cpu->el < 3 && cpu->has_el3 && !(cpu->scr_el3 & scr) ? TRAP_EL3 : TRAP_NONE;
}

static ArmTrap tcr2_check(ARMCPU *cpu, const SysReg *r, bool write)
{
    return enabled_check(cpu, r, write, HCRX_TCR2EN, SCR_TCR2EN);
}

static ArmTrap sctlr2_check(ARMCPU *cpu, const SysReg *r, bool write)
{
    return enabled_check(cpu, r, write, HCRX_SCTLR2EN, SCR_SCTLR2EN);
}

static ArmTrap pie_check(ARMCPU *cpu, const SysReg *r, bool write)
{
    return enabled_check(cpu, r, write, 0, SCR_PIEN);
}

static ArmTrap aie_check(ARMCPU *cpu, const SysReg *r, bool write)
{
    return enabled_check(cpu, r, write, 0, SCR_AIEN);
}

/* EL0's overlays are EL0's to write where CPACR_EL1.E0POE, or CPTR_EL2's for a host, says so. */
static ArmTrap por_el0_check(ARMCPU *cpu, const SysReg *r, bool write)
{
    if (cpu->el == 0) {
        if (arm_is_in_host(cpu)) {
            if (!(cpu->cptr_el2 & CPACR_E0POE)) {
                return TRAP_EL2;
            }
        } else if (!(cpu->cpacr_el1 & CPACR_E0POE)) {
            return TRAP_EL1;
        }
    }
    return enabled_check(cpu, r, write, 0, SCR_PIEN);
}

/* Bits of what is not implemented are RES0. */
static void tcr2_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    unsigned el = r->offset == offsetof(ARMCPU, tcr2_el[2]) ? 2 : 1;

    cpu->tcr2_el[el] = value & arm_tcr2_implemented(cpu);
}

static void sctlr2_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    uint64_t *field = (uint64_t *)((uint8_t *)cpu + r->offset);

    /* EnIDCP128, of registers that there are none of; the other fields are of features that are not implemented */
    *field = value & (field != &cpu->sctlr2_el[3] && arm_feature(cpu, FEAT_SYSREG128) ? UINT64_C(1) << 6 : 0);
}

#define CTX SRC_TLB | SRC_KEY
/* Registers of EL1, which with E2H mean EL2's at EL2, and their _EL12 names. */
#define EL1_EL12(name, crn, crm, op2, to, f, ...) \
    SR(name "_EL1", 3, 0, crn, crm, op2, SR_RW1, SR_FIELD(f[1]), .e2h_redirect = to, ##__VA_ARGS__), \
    SR(name "_EL12", 3, 5, crn, crm, op2, SR_RW2, SR_ALIAS(f[1]), .needs_el = 2, .no_gdb = true, ##__VA_ARGS__)
#define EL2(name, crn, crm, op2, f, ...) \
    SR(name "_EL2", 3, 4, crn, crm, op2, SR_RW2, SR_FIELD(f[2]), .needs_el = 2, ##__VA_ARGS__)
#define EL3(name, crn, crm, op2, f, ...) \
    SR(name "_EL3", 3, 6, crn, crm, op2, SR_RW3, SR_FIELD(f[3]), .needs_el = 3, ##__VA_ARGS__)
#define TCR2 SR_NEEDS(TCR2), .check = tcr2_check, .write = tcr2_write, .changes = CTX
#define SCTLR2 SR_NEEDS(SCTLR2), .check = sctlr2_check, .write = sctlr2_write
#define AIE SR_NEEDS(AIE), .check = aie_check
#define PIE SR_NEEDS(S1PIE), .check = pie_check
#define POE SR_NEEDS(S1POE), .check = pie_check, .changes = CTX

static const SysReg tcr2_regs[] = {
    EL1_EL12("TCR2", 2, 0, 3, SYSREG(3, 4, 2, 0, 3), tcr2_el, TCR2),
    EL2("TCR2", 2, 0, 3, tcr2_el, TCR2),
    EL1_EL12("SCTLR2", 1, 0, 3, SYSREG(3, 4, 1, 0, 3), sctlr2_el, SCTLR2),
    EL2("SCTLR2", 1, 0, 3, sctlr2_el, SCTLR2),
    EL3("SCTLR2", 1, 0, 3, sctlr2_el, SCTLR2),
    EL1_EL12("MAIR2", 10, 2, 1, SYSREG(3, 4, 10, 1, 1), mair2_el, AIE),
    EL2("MAIR2", 10, 1, 1, mair2_el, AIE),
    EL3("MAIR2", 10, 1, 1, mair2_el, AIE),
    EL1_EL12("AMAIR2", 10, 3, 1, SYSREG(3, 4, 10, 3, 1), amair2_el, AIE),
    EL2("AMAIR2", 10, 3, 1, amair2_el, AIE),
    EL3("AMAIR2", 10, 3, 1, amair2_el, AIE),
    EL1_EL12("PIRE0", 10, 2, 2, SYSREG(3, 4, 10, 2, 2), pire0_el, PIE),
    EL2("PIRE0", 10, 2, 2, pire0_el, PIE),
    EL1_EL12("PIR", 10, 2, 3, SYSREG(3, 4, 10, 2, 3), pir_el, PIE),
    EL2("PIR", 10, 2, 3, pir_el, PIE),
    EL3("PIR", 10, 2, 3, pir_el, PIE),
    SR("POR_EL0", 3, 3, 10, 2, 4, SR_RW0, SR_FIELD(por_el[0]), SR_NEEDS(S1POE), .check = por_el0_check, .changes = CTX),
    EL1_EL12("POR", 10, 2, 4, SYSREG(3, 4, 10, 2, 4), por_el, POE),
    EL2("POR", 10, 2, 4, por_el, POE),
    EL3("POR", 10, 2, 4, por_el, POE),
    SR("S2PIR_EL2", 3, 4, 10, 2, 5, SR_RW2, SR_FIELD(s2pir_el2), SR_NEEDS(S2PIE), .check = pie_check, .needs_el = 2),
    SR("S2POR_EL1", 3, 0, 10, 2, 5, SR_RW1, SR_FIELD(s2por_el1), SR_NEEDS(S2POE), .check = pie_check, .changes = CTX),
};
const SysRegGroup arm_sysregs_tcr2 = { tcr2_regs, G_N_ELEMENTS(tcr2_regs) };
