/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registers of self-hosted debug (Arm DDI 0487, D23.3); debug.c has what they do. External debug is not modelled:
 * nothing is at the other end of the debug communications channel.
 */
#include "core/bits.h"
#include "targets/arm/debug.h"
#include "targets/arm/hcr.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

#define MDSCR_TDCC (1 << 12)
#define MDCR_TDCC (1 << 27)

/* MDCR_EL2.TDA and TDOSA, MDCR_EL3.TDA and TDOSA. */
static ArmTrap tda_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el < 2 && arm_el2_enabled(cpu) && (cpu->mdcr_el2 & (1 << 9 | 1 << 8) || cpu->hcr_el2 & HCR_TGE)) {
        return TRAP_EL2;
    }
    return cpu->el < 3 && cpu->has_el3 && cpu->mdcr_el3 >> 9 & 1 ? TRAP_EL3 : TRAP_NONE;
}

static ArmTrap tdosa_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el < 2 && arm_el2_enabled(cpu) && (cpu->mdcr_el2 & (1 << 10 | 1 << 8) || cpu->hcr_el2 & HCR_TGE)) {
        return TRAP_EL2;
    }
    return cpu->el < 3 && cpu->has_el3 && cpu->mdcr_el3 >> 10 & 1 ? TRAP_EL3 : TRAP_NONE;
}

/* MDCR_EL2.TDRA. */
static ArmTrap tdra_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el < 2 && arm_el2_enabled(cpu) && (cpu->mdcr_el2 & (1 << 11 | 1 << 8) || cpu->hcr_el2 & HCR_TGE)) {
        return TRAP_EL2;
    }
    return cpu->el < 3 && cpu->has_el3 && cpu->mdcr_el3 >> 9 & 1 ? TRAP_EL3 : TRAP_NONE;
}

/* The communications channel: MDSCR_EL1.TDCC for EL0; FEAT_FGT's TDCC of MDCR_EL2 and MDCR_EL3. */
static ArmTrap dcc_check(ARMCPU *cpu, const SysReg *r, bool write)
{
    bool fgt = arm_feature(cpu, FEAT_FGT);
    ArmTrap t;

    if (cpu->el == 0 && cpu->mdscr_el1 & MDSCR_TDCC) {
        return TRAP_EL1;
    }
    if (fgt && cpu->el < 2 && arm_el2_enabled(cpu) && cpu->mdcr_el2 & MDCR_TDCC) {
        return TRAP_EL2;
    }
    t = tda_check(cpu, r, write);
    return t == TRAP_NONE && fgt && cpu->el < 3 && cpu->has_el3 && cpu->mdcr_el3 & MDCR_TDCC ? TRAP_EL3 : t;
}

/* Nobody fills DTRRX, and what is in DTRTX counts as taken at once: MDCCSR_EL0 says that both are empty. */
static uint64_t dtr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->dbgdtrtx << 32 | cpu->dbgdtrrx;
}

static void dtr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->dbgdtrrx = value >> 32;
    cpu->dbgdtrtx = (uint32_t)value;
}

/* One name for two: reads take from DTRRX, writes go to DTRTX. */
static uint64_t dtrrx_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->dbgdtrrx;
}

static void dtrtx_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->dbgdtrtx = (uint32_t)value;
}

/* OS lock: OSLAR_EL1 sets and clears OSLSR_EL1.OSLK. */
static void oslar_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->oslsr_el1 = (cpu->oslsr_el1 & ~UINT64_C(2)) | (value & 1) << 1;
}

static void claimset_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->dbgclaim |= value & 0xff;
}

static uint64_t claimset_read(ARMCPU *cpu G_GNUC_UNUSED, const SysReg *r G_GNUC_UNUSED)
{
    return 0xff;
}

static uint64_t claimclr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->dbgclaim;
}

static void claimclr_write(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    cpu->dbgclaim &= ~(value & 0xff);
}

/* Register n of an array exists if ID_AA64DFR0_EL1 counts it. */
static ArmTrap bp_check(ARMCPU *cpu, const SysReg *r, bool write)
{
    return (r->enc >> 3 & 15) <= extract64(cpu->idreg[ARM_ID_AA64DFR0_EL1], 12, 4) ? tda_check(cpu, r, write) :
           TRAP_UNDEFINED;
}

static ArmTrap wp_check(ARMCPU *cpu, const SysReg *r, bool write)
{
    return (r->enc >> 3 & 15) <= extract64(cpu->idreg[ARM_ID_AA64DFR0_EL1], 20, 4) ? tda_check(cpu, r, write) :
           TRAP_UNDEFINED;
}

/* An enabled watchpoint is a property of TLB entries: those of its addresses go before and after it changes. */
static void wvr_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    unsigned n = r->enc >> 3 & 15;

    arm_watchpoint_flush(cpu, n);
    cpu->dbgwvr_el1[n] = value & ~UINT64_C(3);
    arm_watchpoint_flush(cpu, n);
}

static void wcr_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    unsigned n = r->enc >> 3 & 15;

    arm_watchpoint_flush(cpu, n);
    cpu->dbgwcr_el1[n] = value & 0x1fffffff;
    arm_watchpoint_flush(cpu, n);
}

#define DBG4(n) \
    SR("DBGBVR" #n "_EL1", 2, 0, 0, n, 4, SR_RW1, SR_FIELD(dbgbvr_el1[n]), .check = bp_check), \
    SR("DBGBCR" #n "_EL1", 2, 0, 0, n, 5, SR_RW1, SR_FIELD_RW(dbgbcr_el1[n], 0xffe1e7), \
       .changes = SRC_KEY, .check = bp_check), \
    SR("DBGWVR" #n "_EL1", 2, 0, 0, n, 6, SR_RW1, SR_FIELD(dbgwvr_el1[n]), .write = wvr_write, \
       .changes = SRC_EXIT, .check = wp_check), \
    SR("DBGWCR" #n "_EL1", 2, 0, 0, n, 7, SR_RW1, SR_FIELD_RW(dbgwcr_el1[n], 0x1fffffff), \
       .write = wcr_write, .changes = SRC_EXIT, .check = wp_check)

static const SysReg debug_regs[] = {
    SR("MDSCR_EL1", 2, 0, 0, 2, 2, SR_RW1, SR_FIELD(mdscr_el1), .changes = SRC_KEY, .check = tda_check),
    SR("MDCCINT_EL1", 2, 0, 0, 2, 0, SR_RW1, SR_FIELD_RW(mdccint_el1, 0x60000000), .check = dcc_check),
    SR("MDCCSR_EL0", 2, 3, 0, 1, 0, SR_R0, SR_CONST(0), .check = dcc_check),
    SR("DBGDTR_EL0", 2, 3, 0, 4, 0, SR_RW0, .read = dtr_read, .write = dtr_write, .check = dcc_check, .no_gdb = true),
    SR("DBGDTRRX_EL0", 2, 3, 0, 5, 0, SR_RW0, .read = dtrrx_read, .write = dtrtx_write, .check = dcc_check,
       .no_gdb = true),
    SR("OSDTRRX_EL1", 2, 0, 0, 0, 2, SR_RW1, SR_FIELD_RW(dbgdtrrx, 0xffffffff), .check = dcc_check),
    SR("OSDTRTX_EL1", 2, 0, 0, 3, 2, SR_RW1, SR_FIELD_RW(dbgdtrtx, 0xffffffff), .check = dcc_check),
    SR("OSECCR_EL1", 2, 0, 0, 6, 2, SR_RW1, SR_CONST(0), .check = tda_check),
    SR("MDRAR_EL1", 2, 0, 1, 0, 0, SR_R1, SR_CONST(0), .check = tdra_check),
    SR("OSLAR_EL1", 2, 0, 1, 0, 4, SR_W1, .write = oslar_write, .changes = SRC_KEY, .check = tdosa_check),
    SR("OSLSR_EL1", 2, 0, 1, 1, 4, SR_R1, SR_FIELD_RO(oslsr_el1), .reset = 10, .check = tdosa_check),
    SR("OSDLR_EL1", 2, 0, 1, 3, 4, SR_RW1, SR_FIELD_RW(osdlr_el1, 1), .check = tdosa_check),
    SR("DBGPRCR_EL1", 2, 0, 1, 4, 4, SR_RW1, SR_CONST(0), .check = tdosa_check),
    SR("DBGCLAIMSET_EL1", 2, 0, 7, 8, 6, SR_RW1, .read = claimset_read, .write = claimset_write, .check = tda_check),
    SR("DBGCLAIMCLR_EL1", 2, 0, 7, 9, 6, SR_RW1, .read = claimclr_read, .write = claimclr_write, .check = tda_check),
    SR("DBGAUTHSTATUS_EL1", 2, 0, 7, 14, 6, SR_R1, SR_CONST(0xaa), .check = tda_check),
    DBG4(0), DBG4(1), DBG4(2), DBG4(3), DBG4(4), DBG4(5), DBG4(6), DBG4(7), DBG4(8), DBG4(9), DBG4(10), DBG4(11),
    DBG4(12), DBG4(13), DBG4(14), DBG4(15),
};
const SysRegGroup arm_sysregs_debug = { debug_regs, G_N_ELEMENTS(debug_regs) };
