/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLB maintenance and address translation instructions (Arm DDI 0487, C5.4 and C5.5).
 * A TLBI invalidates at least what it must: last-level forms do what the plain forms do, and by-IPA forms drop all
 * combined translations of the VMID. The nXS forms (CRn 9) wait for as much as the others. TLBIP (FEAT_D128) is of the
 * same encodings as a SYSP, and has the address in the high half of its operand.
 */
#include "core/bits.h"
#include "targets/arm/hcr.h"
#include "targets/arm/mmu.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

/* CRm tells how far a TLBI goes: 3 and 2 inner shareable, 1 and 5 outer, 7 and 6 this PE; 0 and 4: by IPA. */
static bool is_shareable(const SysReg *r)
{
    unsigned crm = r->enc >> 3 & 15, op2 = r->enc & 7, op1 = r->enc >> 11 & 7;

    if (op1 == 4 && (crm == 0 || crm == 4)) {
        return crm == 0 || op2 == 0 || op2 == 3 || op2 == 4 || op2 == 7;
    }
    return crm == 1 || crm == 2 || crm == 3 || crm == 5;
}

static ArmTrap tlbi_check(ARMCPU *cpu, const SysReg *r, bool write G_GNUC_UNUSED)
{
    unsigned crm = r->enc >> 3 & 15;
    uint64_t hcr = arm_hcr_el2_eff(cpu);

    if (cpu->el == 1) {
        if (hcr & HCR_TTLB || (hcr & HCR_TTLBIS && (crm == 3 || crm == 2)) || (hcr & HCR_TTLBOS && (crm == 1 || crm == 5))) {
            return TRAP_EL2;
        }
    }
    return TRAP_NONE;
}

static void flush(ARMCPU *cpu, const SysReg *r, const TlbFlush *f)
{
    bool broadcast = is_shareable(r) || (cpu->el == 1 && arm_hcr_el2_eff(cpu) & HCR_FB);

    if (broadcast) {
        tlb_flush_broadcast(&cpu->parent, f);
    } else {
        tlb_flush(&cpu->parent, f);
    }
}

/* The regime that an EL1-encoded TLBI means: EL1&0 with the current VMID, or EL2&0 from a host EL2 (E2H, TGE). */
static void el1_contexts(ARMCPU *cpu, uint64_t *ret_mask, uint64_t *ret_value)
{
    unsigned pas = arm_is_secure_below_el3(cpu) ? PAS_SECURE : PAS_NONSECURE;
    bool host = arm_el2_enabled(cpu) && arm_hcr_e2h(cpu) && cpu->hcr_el2 & HCR_TGE;

    *ret_mask = ARM_CTX_ALL_REGIME | ARM_CTX_ALL_PAS;
    *ret_value = ARM_CTX_REGIME(host ? 2 : 1) | ARM_CTX_PAS(pas);
    if (!host) {
        *ret_mask |= ARM_CTX_ALL_VMID;
        *ret_value |= ARM_CTX_VMID(arm_current_vmid(cpu));
    }
}

static void el23_contexts(const ARMCPU *cpu, unsigned el, uint64_t *ret_mask, uint64_t *ret_value)
{
    *ret_mask = ARM_CTX_ALL_REGIME;
    *ret_value = ARM_CTX_REGIME(el);
    if (el == 2) {
        *ret_mask |= ARM_CTX_ALL_PAS;
        *ret_value |= ARM_CTX_PAS(arm_is_secure_below_el3(cpu) ? PAS_SECURE : PAS_NONSECURE);
    }
}

/* VA[55:12] of a by-address operand; addresses are compared without the tag byte. The smallest granule is flushed with
 * what it belongs to: entries of larger pages overlap it. */
static vaddr operand_va(uint64_t value)
{
    return (uint64_t)sextract64(value, 0, 44) << 12;
}

static void by_asid(ARMCPU *cpu, uint64_t value, uint64_t *mask, uint64_t *ctx)
{
    unsigned el = *ctx & ARM_CTX_REGIME(2) ? 2 : 1;
    bool as16 = cpu->tcr_el[el] >> 36 & 1 && arm_feature(cpu, FEAT_ASID16);

    *mask |= ARM_CTX_ALL_ASID;
    *ctx |= ARM_CTX_ASID(extract64(value, 48, as16 ? 16 : 8));
}

/* VMALLE1, VMALLS12E1: all of the current VMID, stage 1 and combined. */
static void tlbi_vmalle1(ARMCPU *cpu, const SysReg *r, uint64_t value G_GNUC_UNUSED)
{
    TlbFlush f = { .globals = true };

    el1_contexts(cpu, &f.mask, &f.value);
    flush(cpu, r, &f);
}

static void tlbi_vae1(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    TlbFlush f = { .addr = operand_va(value), .size = 4096, .globals = true };

    el1_contexts(cpu, &f.mask, &f.value);
    by_asid(cpu, value, &f.mask, &f.value);
    flush(cpu, r, &f);
}

static void tlbi_aside1(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    TlbFlush f = { .globals = false };

    el1_contexts(cpu, &f.mask, &f.value);
    by_asid(cpu, value, &f.mask, &f.value);
    flush(cpu, r, &f);
}

static void tlbi_vaae1(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    TlbFlush f = { .addr = operand_va(value), .size = 4096, .globals = true };

    el1_contexts(cpu, &f.mask, &f.value);
    flush(cpu, r, &f);
}

/* IPAS2E1, IPAS2LE1: what stage 2 contributed to; combined entries are not found by IPA, so the VMID goes. */
static void tlbi_ipas2e1(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    unsigned pas = arm_is_secure_below_el3(cpu) && !(value >> 63) ? PAS_SECURE : PAS_NONSECURE;
    TlbFlush f = {
        .mask = ARM_CTX_ALL_REGIME | ARM_CTX_ALL_PAS | ARM_CTX_ALL_VMID,
        .value = ARM_CTX_REGIME(1) | ARM_CTX_PAS(pas) | ARM_CTX_VMID(arm_current_vmid(cpu)), .globals = true,
    };

    flush(cpu, r, &f);
}

/* ALLE1: every VMID of EL1&0. */
static void tlbi_alle1(ARMCPU *cpu, const SysReg *r, uint64_t value G_GNUC_UNUSED)
{
    unsigned pas = arm_is_secure_below_el3(cpu) ? PAS_SECURE : PAS_NONSECURE;
    TlbFlush f = { .mask = ARM_CTX_ALL_REGIME | ARM_CTX_ALL_PAS, .value = ARM_CTX_REGIME(1) | ARM_CTX_PAS(pas),
                   .globals = true };

    flush(cpu, r, &f);
}

static void tlbi_alle23(ARMCPU *cpu, const SysReg *r, uint64_t value G_GNUC_UNUSED)
{
    TlbFlush f = { .globals = true };

    el23_contexts(cpu, (r->enc >> 11 & 7) == 6 ? 3 : 2, &f.mask, &f.value);
    flush(cpu, r, &f);
}

static void tlbi_vae23(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    unsigned el = (r->enc >> 11 & 7) == 6 ? 3 : 2;
    TlbFlush f = { .addr = operand_va(value), .size = 4096, .globals = true };

    el23_contexts(cpu, el, &f.mask, &f.value);
    if (el == 2 && arm_hcr_e2h(cpu)) {
        by_asid(cpu, value, &f.mask, &f.value);
    }
    flush(cpu, r, &f);
}

/*
 * Range operands: BaseADDR[36:0], TTL, NUM[43:39], SCALE[45:44], TG[47:46], ASID[63:48]; of TLBIP, address[55:12] is in
 * the high half. A reserved TG invalidates all.
 */
static void range(uint64_t value, const uint64_t *high, TlbFlush *f)
{
    static const uint8_t granule[4] = { 0, 12, 14, 16 };
    unsigned shift = granule[extract64(value, 46, 2)];
    unsigned scale = extract64(value, 44, 2), num = extract64(value, 39, 5);

    if (shift == 0) {
        f->size = 0;
        return;
    }
    f->addr = high ? operand_va(*high) & ~mask64(0, shift) : (uint64_t)sextract64(value, 0, 37) << shift;
    f->size = (uint64_t)(num + 1) << (5 * scale + 1) << shift;
}

static void rvae1(ARMCPU *cpu, const SysReg *r, uint64_t value, const uint64_t *high)
{
    TlbFlush f = { .globals = true };

    el1_contexts(cpu, &f.mask, &f.value);
    by_asid(cpu, value, &f.mask, &f.value);
    range(value, high, &f);
    flush(cpu, r, &f);
}

static void rvaae1(ARMCPU *cpu, const SysReg *r, uint64_t value, const uint64_t *high)
{
    TlbFlush f = { .globals = true };

    el1_contexts(cpu, &f.mask, &f.value);
    range(value, high, &f);
    flush(cpu, r, &f);
}

static void rvae23(ARMCPU *cpu, const SysReg *r, uint64_t value, const uint64_t *high)
{
    unsigned el = (r->enc >> 11 & 7) == 6 ? 3 : 2;
    TlbFlush f = { .globals = true };

    el23_contexts(cpu, el, &f.mask, &f.value);
    if (el == 2 && arm_hcr_e2h(cpu)) {
        by_asid(cpu, value, &f.mask, &f.value);
    }
    range(value, high, &f);
    flush(cpu, r, &f);
}

static void tlbi_rvae1(ARMCPU *cpu, const SysReg *r, uint64_t v) { rvae1(cpu, r, v, NULL); }
static void tlbi_rvaae1(ARMCPU *cpu, const SysReg *r, uint64_t v) { rvaae1(cpu, r, v, NULL); }
static void tlbi_rvae23(ARMCPU *cpu, const SysReg *r, uint64_t v) { rvae23(cpu, r, v, NULL); }
static void tlbip_rvae1(ARMCPU *cpu, const SysReg *r, const uint64_t v[2]) { rvae1(cpu, r, v[0], &v[1]); }
static void tlbip_rvaae1(ARMCPU *cpu, const SysReg *r, const uint64_t v[2]) { rvaae1(cpu, r, v[0], &v[1]); }
static void tlbip_rvae23(ARMCPU *cpu, const SysReg *r, const uint64_t v[2]) { rvae23(cpu, r, v[0], &v[1]); }

/* By VA or IPA: bits 43:0 of the high half are what bits 43:0 of a TLBI's operand are. */
static void tlbip(ARMCPU *cpu, const SysReg *r, const uint64_t v[2])
{
    r->write(cpu, r, deposit64(v[0], 0, 44, v[1]));
}

/* -- AT --------------------------------------------------------------------------------------------------------------- */

static ArmTrap at_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return cpu->el == 1 && arm_hcr_el2_eff(cpu) & HCR_AT ? TRAP_EL2 : TRAP_NONE;
}

/* S1E1R.., S1E0.., S1E1RP/WP, S1E1A, S12E..: which regime and whether stage 2 takes part follow from op1, CRm and op2. */
static void at(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    unsigned op1 = r->enc >> 11 & 7, crm = r->enc >> 3 & 15, op2 = r->enc & 7;
    AccessType type = op2 & 1 ? ACCESS_STORE : ACCESS_LOAD;
    bool host = cpu->el >= 2 && arm_el2_enabled(cpu) && arm_hcr_e2h(cpu) && cpu->hcr_el2 & HCR_TGE;
    ArmXlatScope scope = XLAT_AT_STAGE_1;
    ArmMmu mmu;

    if (op1 == 6) {
        mmu = ARM_MMU_EL3;
    } else if (op1 == 4 && op2 < 4) {
        mmu = arm_hcr_e2h(cpu) ? ARM_MMU_EL20_2 : ARM_MMU_EL2;
    } else if (op1 == 4) {                      /* S12E1R, S12E1W, S12E0R, S12E0W */
        mmu = op2 >= 6 ? ARM_MMU_EL10_0 : ARM_MMU_EL10_1;
        scope = arm_el2_enabled(cpu) ? XLAT_AT : XLAT_AT_STAGE_1;
    } else if (op2 >= 2 && crm == 8) {
        mmu = host ? ARM_MMU_EL20_0 : ARM_MMU_EL10_0;
    } else if (crm == 9 && op2 < 2 && cpu->pan) {
        mmu = host ? ARM_MMU_EL20_2_PAN : ARM_MMU_EL10_1_PAN;
    } else {
        mmu = host ? ARM_MMU_EL20_2 : ARM_MMU_EL10_1;
    }
    arm_at(cpu, value, type, mmu, crm == 9 && op2 == 2 ? XLAT_AT_ANY : scope);
}

/* -- rows -------------------------------------------------------------------------------------------------------------- */

#define TLBI(name_, op1, crn, crm, op2, acc, fn, ...) \
    { .name = "TLBI " name_, .enc = SYSREG(1, op1, crn, crm, op2), .access = acc, .check = tlbi_check, .write = fn, \
      .no_gdb = true, __VA_ARGS__ }
#define NEEDS(f) .feature = FEAT_##f + 1

#define TLBI_SET(sfx, crn, crm, ...) \
    TLBI("VMALLE1" sfx, 0, crn, crm, 0, SR_W1, tlbi_vmalle1, __VA_ARGS__), \
    TLBI("VAE1" sfx, 0, crn, crm, 1, SR_W1, tlbi_vae1, .write128 = tlbip, __VA_ARGS__), \
    TLBI("ASIDE1" sfx, 0, crn, crm, 2, SR_W1, tlbi_aside1, __VA_ARGS__), \
    TLBI("VAAE1" sfx, 0, crn, crm, 3, SR_W1, tlbi_vaae1, .write128 = tlbip, __VA_ARGS__), \
    TLBI("VALE1" sfx, 0, crn, crm, 5, SR_W1, tlbi_vae1, .write128 = tlbip, __VA_ARGS__), \
    TLBI("VAALE1" sfx, 0, crn, crm, 7, SR_W1, tlbi_vaae1, .write128 = tlbip, __VA_ARGS__), \
    TLBI("ALLE2" sfx, 4, crn, crm, 0, SR_W2, tlbi_alle23, .needs_el = 2, __VA_ARGS__), \
    TLBI("VAE2" sfx, 4, crn, crm, 1, SR_W2, tlbi_vae23, .write128 = tlbip, .needs_el = 2, __VA_ARGS__), \
    TLBI("ALLE1" sfx, 4, crn, crm, 4, SR_W2, tlbi_alle1, .needs_el = 2, __VA_ARGS__), \
    TLBI("VALE2" sfx, 4, crn, crm, 5, SR_W2, tlbi_vae23, .write128 = tlbip, .needs_el = 2, __VA_ARGS__), \
    TLBI("VMALLS12E1" sfx, 4, crn, crm, 6, SR_W2, tlbi_vmalle1, .needs_el = 2, __VA_ARGS__), \
    TLBI("ALLE3" sfx, 6, crn, crm, 0, SR_W3, tlbi_alle23, .needs_el = 3, __VA_ARGS__), \
    TLBI("VAE3" sfx, 6, crn, crm, 1, SR_W3, tlbi_vae23, .write128 = tlbip, .needs_el = 3, __VA_ARGS__), \
    TLBI("VALE3" sfx, 6, crn, crm, 5, SR_W3, tlbi_vae23, .write128 = tlbip, .needs_el = 3, __VA_ARGS__)
#define TLBI_RANGES(sfx, crn, crm, ...) \
    TLBI("RVAE1" sfx, 0, crn, crm, 1, SR_W1, tlbi_rvae1, .write128 = tlbip_rvae1, __VA_ARGS__), \
    TLBI("RVAAE1" sfx, 0, crn, crm, 3, SR_W1, tlbi_rvaae1, .write128 = tlbip_rvaae1, __VA_ARGS__), \
    TLBI("RVALE1" sfx, 0, crn, crm, 5, SR_W1, tlbi_rvae1, .write128 = tlbip_rvae1, __VA_ARGS__), \
    TLBI("RVAALE1" sfx, 0, crn, crm, 7, SR_W1, tlbi_rvaae1, .write128 = tlbip_rvaae1, __VA_ARGS__), \
    TLBI("RVAE2" sfx, 4, crn, crm, 1, SR_W2, tlbi_rvae23, .write128 = tlbip_rvae23, .needs_el = 2, __VA_ARGS__), \
    TLBI("RVALE2" sfx, 4, crn, crm, 5, SR_W2, tlbi_rvae23, .write128 = tlbip_rvae23, .needs_el = 2, __VA_ARGS__), \
    TLBI("RVAE3" sfx, 6, crn, crm, 1, SR_W3, tlbi_rvae23, .write128 = tlbip_rvae23, .needs_el = 3, __VA_ARGS__), \
    TLBI("RVALE3" sfx, 6, crn, crm, 5, SR_W3, tlbi_rvae23, .write128 = tlbip_rvae23, .needs_el = 3, __VA_ARGS__)
#define TLBI_IPA(sfx, crn, crm, op2, ...) \
    TLBI("IPAS2E1" sfx, 4, crn, crm, op2, SR_W2, tlbi_ipas2e1, .write128 = tlbip, .needs_el = 2, __VA_ARGS__), \
    TLBI("IPAS2LE1" sfx, 4, crn, crm, op2 + 4, SR_W2, tlbi_ipas2e1, .write128 = tlbip, .needs_el = 2, __VA_ARGS__)
#define TLBI_IPA_RANGE(sfx, crn, crm, op2, ...) \
    TLBI("RIPAS2E1" sfx, 4, crn, crm, op2, SR_W2, tlbi_ipas2e1, .write128 = tlbip, .needs_el = 2, __VA_ARGS__), \
    TLBI("RIPAS2LE1" sfx, 4, crn, crm, op2 + 4, SR_W2, tlbi_ipas2e1, .write128 = tlbip, .needs_el = 2, __VA_ARGS__)
#define AT(name_, op1, crm, op2, acc, ...) \
    { .name = "AT " name_, .enc = SYSREG(1, op1, 7, crm, op2), .access = acc, .check = at_check, .write = at, \
      .no_gdb = true, __VA_ARGS__ }

static const SysReg tlbi_regs[] = {
    TLBI_SET("", 8, 7),
    TLBI_SET("IS", 8, 3),
    TLBI_SET("OS", 8, 1, NEEDS(TLBIOS)),
    TLBI_IPA("IS", 8, 0, 1),
    TLBI_IPA("", 8, 4, 1),
    TLBI_IPA("OS", 8, 4, 0, NEEDS(TLBIOS)),
    TLBI_RANGES("IS", 8, 2, NEEDS(TLBIRANGE)),
    TLBI_RANGES("OS", 8, 5, NEEDS(TLBIRANGE)),
    TLBI_RANGES("", 8, 6, NEEDS(TLBIRANGE)),
    TLBI_IPA_RANGE("IS", 8, 0, 2, NEEDS(TLBIRANGE)),
    TLBI_IPA_RANGE("", 8, 4, 2, NEEDS(TLBIRANGE)),
    TLBI_IPA_RANGE("OS", 8, 4, 3, NEEDS(TLBIRANGE)),
    TLBI_SET("NXS", 9, 7, NEEDS(XS)),
    TLBI_SET("ISNXS", 9, 3, NEEDS(XS)),
    TLBI_SET("OSNXS", 9, 1, NEEDS(XS)),
    TLBI_IPA("ISNXS", 9, 0, 1, NEEDS(XS)),
    TLBI_IPA("NXS", 9, 4, 1, NEEDS(XS)),
    TLBI_IPA("OSNXS", 9, 4, 0, NEEDS(XS)),
    TLBI_RANGES("ISNXS", 9, 2, NEEDS(XS)),
    TLBI_RANGES("OSNXS", 9, 5, NEEDS(XS)),
    TLBI_RANGES("NXS", 9, 6, NEEDS(XS)),
    TLBI_IPA_RANGE("ISNXS", 9, 0, 2, NEEDS(XS)),
    TLBI_IPA_RANGE("NXS", 9, 4, 2, NEEDS(XS)),
    TLBI_IPA_RANGE("OSNXS", 9, 4, 3, NEEDS(XS)),

    AT("S1E1R", 0, 8, 0, SR_W1),
    AT("S1E1W", 0, 8, 1, SR_W1),
    AT("S1E0R", 0, 8, 2, SR_W1),
    AT("S1E0W", 0, 8, 3, SR_W1),
    AT("S1E1RP", 0, 9, 0, SR_W1, NEEDS(PAN2)),
    AT("S1E1WP", 0, 9, 1, SR_W1, NEEDS(PAN2)),
    AT("S1E2R", 4, 8, 0, SR_W2, .needs_el = 2),
    AT("S1E2W", 4, 8, 1, SR_W2, .needs_el = 2),
    AT("S12E1R", 4, 8, 4, SR_W2, .needs_el = 2),
    AT("S12E1W", 4, 8, 5, SR_W2, .needs_el = 2),
    AT("S12E0R", 4, 8, 6, SR_W2, .needs_el = 2),
    AT("S12E0W", 4, 8, 7, SR_W2, .needs_el = 2),
    AT("S1E1A", 0, 9, 2, SR_W1, NEEDS(ATS1A)),
    AT("S1E2A", 4, 9, 2, SR_W2, .needs_el = 2, NEEDS(ATS1A)),
    AT("S1E3A", 6, 9, 2, SR_W3, .needs_el = 3, NEEDS(ATS1A)),
    AT("S1E3R", 6, 8, 0, SR_W3, .needs_el = 3),
    AT("S1E3W", 6, 8, 1, SR_W3, .needs_el = 3),
};
const SysRegGroup arm_sysregs_tlbi = { tlbi_regs, G_N_ELEMENTS(tlbi_regs) };
