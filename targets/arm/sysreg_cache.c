/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Caches: identification, and maintenance by address or set and way (Arm DDI 0487, C5.3 and D23.2).
 * Memory is always coherent and translated code is tracked by content, so maintenance does nothing but check and fault.
 * Nothing is predicted, so restricting predictions (C5.6) does nothing either.
 */
#include <string.h>

#include "core/bits.h"
#include "targets/arm/hcr.h"
#include "targets/arm/helper.h"
#include "targets/arm/mmu.h"
#include "targets/arm/mte.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

/* The SCTLR that controls what EL0 may do. */
static uint64_t el0_sctlr(const ARMCPU *cpu)
{
    return cpu->sctlr_el[arm_is_in_host(cpu) ? 2 : 1];
}

static ArmTrap ctr_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->el == 0 && !(el0_sctlr(cpu) >> 15 & 1) ? TRAP_EL1 : TRAP_NONE;          /* UCT */
}

static uint64_t ctr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->ctr_el0;
}

bool arm_zva_allowed(const ARMCPU *cpu)
{
    return !(cpu->el == 0 && !(el0_sctlr(cpu) >> 14 & 1)) && !(cpu->el < 2 && arm_hcr_el2_eff(cpu) & HCR_TDZ);
}

static uint64_t dczid_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->dczid_el0 | !arm_zva_allowed(cpu) << 4;
}

static uint64_t clidr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->clidr_el1;
}

static uint64_t ccsidr_read(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    return cpu->ccsidr[cpu->csselr_el1 & 15];
}

/* To the point of coherency or persistence, and invalidation, by address. */
static ArmTrap poc_check(ARMCPU *cpu, const SysReg *r, bool write G_GNUC_UNUSED)
{
    if (cpu->el == 0 && !(el0_sctlr(cpu) >> 26 & 1)) {
        return TRAP_EL1;                        /* UCI */
    }
    if (cpu->el < 2) {
        uint64_t hcr = arm_hcr_el2_eff(cpu);
        bool pou = (r->enc >> 3 & 15) == 11 || (r->enc >> 3 & 15) == 5;

        if (pou ? hcr & (HCR_TPU | HCR_TOCU) : hcr & HCR_TPCP) {
            return TRAP_EL2;
        }
    }
    return TRAP_NONE;
}

static ArmTrap ic_all_check(ARMCPU *cpu, const SysReg *r, bool write G_GNUC_UNUSED)
{
    uint64_t hcr = arm_hcr_el2_eff(cpu);
    bool is = (r->enc >> 3 & 15) == 1;

    return cpu->el == 1 && hcr & (HCR_TPU | (is ? HCR_TICAB : HCR_TOCU)) ? TRAP_EL2 : TRAP_NONE;
}

static ArmTrap sw_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->el == 1 && arm_hcr_el2_eff(cpu) & HCR_TSW ? TRAP_EL2 : TRAP_NONE;
}

static ArmTrap zva_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    if (cpu->el == 0 && !(el0_sctlr(cpu) >> 14 & 1)) {
        return TRAP_EL1;                        /* DZE */
    }
    return cpu->el < 2 && arm_hcr_el2_eff(cpu) & HCR_TDZ ? TRAP_EL2 : TRAP_NONE;
}

static ArmTrap rctx_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->el == 0 && !(el0_sctlr(cpu) >> 10 & 1) ? TRAP_EL1 : TRAP_NONE;          /* EnRCTX */
}

static void nothing(ARMCPU *cpu G_GNUC_UNUSED, const SysReg *r G_GNUC_UNUSED, uint64_t value G_GNUC_UNUSED)
{
}

static ArmKey current_key(ARMCPU *cpu)
{
    ArmKey key;
    CPUKey k;
    unsigned fetch;

    arm_get_key(&cpu->parent, &k, &fetch);
    memcpy(&key, &k.w[0], sizeof(key));
    return key;
}

/*
 * By address: translation faults are seen, but not PSTATE.PAN's; DC IVAC needs write permission as well, and is what
 * watchpoints see: others access no byte. CM is set in the syndrome.
 */
static void by_address(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    bool ivac = (r->enc >> 3 & 15) == 6, ok;

    cpu_probe(&cpu->parent, value, ivac, ivac ? ACCESS_STORE : ACCESS_LOAD, current_key(cpu).fetch_mmu, &ok);
    if (!ok && cpu->exc.kind == ARM_EXC_SYNC) {
        cpu->exc.syndrome |= 1 << 8 | 1 << 6;
    }
}

/* The line's instructions are fetched anew. */
static void ic_ivau(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    uint64_t line = UINT64_C(4) << extract64(cpu->ctr_el0, 0, 4);

    by_address(cpu, r, value);
    if (!cpu->parent.raised) {
        cpu_code_changed(&cpu->parent, value & ~(line - 1), line);
    }
}

void helper_cache_line(ARMCPU *cpu, uint64_t addr, uint32_t enc_mmu)
{
    if (!tlb_may_load(&cpu->parent, addr, enc_mmu >> 16)) {
        const SysReg *r = arm_sysreg_find(cpu, enc_mmu & 0xffff);

        r->write(cpu, r, addr);
    }
}

static void zva(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    helper_dc_zva(cpu, value, current_key(cpu).data_mmu);
}

/* DC GVA, GZVA: the block gets the tag of the address, and zeroes. */
static void gva(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    helper_mte_block(cpu, value, extract64(value, 56, 4), current_key(cpu).data_mmu | ((r->enc & 7) == 4) << 8);
    if (cpu->parent.raised) {
        arm_dc_zero_far(cpu, value);
    }
}

#define OP(name_, op1, crm, op2, acc, chk, fn, ...) \
    SR(name_, 1, op1, 7, crm, op2, acc, .check = chk, .write = fn, .no_gdb = true, ##__VA_ARGS__)

static const SysReg cache_regs[] = {
    SR("CTR_EL0", 3, 3, 0, 0, 1, SR_R0, .read = ctr_read, .check = ctr_check),
    SR("DCZID_EL0", 3, 3, 0, 0, 7, SR_R0, .read = dczid_read),
    SR("CLIDR_EL1", 3, 1, 0, 0, 1, SR_R1, .read = clidr_read),
    SR("CCSIDR_EL1", 3, 1, 0, 0, 0, SR_R1, .read = ccsidr_read),
    SR("CSSELR_EL1", 3, 2, 0, 0, 0, SR_RW1, SR_FIELD_RW(csselr_el1, 15)),

    OP("IC IALLUIS", 0, 1, 0, SR_W1, ic_all_check, nothing),
    OP("IC IALLU", 0, 5, 0, SR_W1, ic_all_check, nothing),
    OP("IC IVAU", 3, 5, 1, SR_W0, poc_check, ic_ivau),
    OP("DC IVAC", 0, 6, 1, SR_W1, poc_check, by_address),
    OP("DC ISW", 0, 6, 2, SR_W1, sw_check, nothing),
    OP("DC CSW", 0, 10, 2, SR_W1, sw_check, nothing),
    OP("DC CISW", 0, 14, 2, SR_W1, sw_check, nothing),
    OP("DC CVAC", 3, 10, 1, SR_W0, poc_check, by_address),
    OP("DC CVAU", 3, 11, 1, SR_W0, poc_check, by_address),
    OP("DC CVAP", 3, 12, 1, SR_W0, poc_check, by_address, SR_NEEDS(DPB)),
    OP("DC CVADP", 3, 13, 1, SR_W0, poc_check, by_address, SR_NEEDS(DPB2)),
    OP("DC CIVAC", 3, 14, 1, SR_W0, poc_check, by_address),
    OP("DC ZVA", 3, 4, 1, SR_W0, zva_check, zva),
    OP("DC IGVAC", 0, 6, 3, SR_W1, poc_check, by_address, SR_NEEDS(MTE2)),
    OP("DC IGSW", 0, 6, 4, SR_W1, sw_check, nothing, SR_NEEDS(MTE2)),
    OP("DC IGDVAC", 0, 6, 5, SR_W1, poc_check, by_address, SR_NEEDS(MTE2)),
    OP("DC IGDSW", 0, 6, 6, SR_W1, sw_check, nothing, SR_NEEDS(MTE2)),
    OP("DC CGSW", 0, 10, 4, SR_W1, sw_check, nothing, SR_NEEDS(MTE2)),
    OP("DC CGDSW", 0, 10, 6, SR_W1, sw_check, nothing, SR_NEEDS(MTE2)),
    OP("DC CIGSW", 0, 14, 4, SR_W1, sw_check, nothing, SR_NEEDS(MTE2)),
    OP("DC CIGDSW", 0, 14, 6, SR_W1, sw_check, nothing, SR_NEEDS(MTE2)),
    OP("DC GVA", 3, 4, 3, SR_W0, zva_check, gva, SR_NEEDS(MTE)),
    OP("DC GZVA", 3, 4, 4, SR_W0, zva_check, gva, SR_NEEDS(MTE)),
    OP("DC CGVAC", 3, 10, 3, SR_W0, poc_check, by_address, SR_NEEDS(MTE)),
    OP("DC CGDVAC", 3, 10, 5, SR_W0, poc_check, by_address, SR_NEEDS(MTE)),
    OP("DC CGVAP", 3, 12, 3, SR_W0, poc_check, by_address, SR_NEEDS(MTE)),
    OP("DC CGDVAP", 3, 12, 5, SR_W0, poc_check, by_address, SR_NEEDS(MTE)),
    OP("DC CGVADP", 3, 13, 3, SR_W0, poc_check, by_address, SR_NEEDS(MTE)),
    OP("DC CGDVADP", 3, 13, 5, SR_W0, poc_check, by_address, SR_NEEDS(MTE)),
    OP("DC CIGVAC", 3, 14, 3, SR_W0, poc_check, by_address, SR_NEEDS(MTE)),
    OP("DC CIGDVAC", 3, 14, 5, SR_W0, poc_check, by_address, SR_NEEDS(MTE)),
    OP("CFP RCTX", 3, 3, 4, SR_W0, rctx_check, nothing, SR_NEEDS(SPECRES)),
    OP("DVP RCTX", 3, 3, 5, SR_W0, rctx_check, nothing, SR_NEEDS(SPECRES)),
    OP("COSP RCTX", 3, 3, 6, SR_W0, rctx_check, nothing, SR_NEEDS(SPECRES2)),
    OP("CPP RCTX", 3, 3, 7, SR_W0, rctx_check, nothing, SR_NEEDS(SPECRES)),
};
const SysRegGroup arm_sysregs_cache = { cache_regs, G_N_ELEMENTS(cache_regs) };
