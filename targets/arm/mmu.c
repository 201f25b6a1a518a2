/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VMSAv8-64 and VMSAv9-128: stage 1 and stage 2 translation with 4, 16 and 64 KiB granules (Arm DDI 0487, D8), direct and
 * indirect permissions, overlays, translation hardening, the faults it reports, hardware update of the Access flag and
 * dirty state, and the TLB contexts that core/exec caches results under.
 *
 * What a context's translations are cached with, they are for the overlay registers' values of then: those values are
 * part of the context (arm_tlb_contexts_changed), as a write of POR_EL0 needs no invalidation. Everything else that
 * gives permissions (TCR2_ELx, PIR_ELx) may be cached in a TLB by the manual as well.
 *
 * Not modelled (docs/CAVEATS.md): memory types do not change how RAM behaves, and an unaligned access to Device memory
 * that is RAM does not fault; table descriptors' access flag, the Contiguous bit.
 */
#include <inttypes.h>
#include <string.h>

#include "core/bits.h"
#include "core/log.h"
#include "targets/arm/debug.h"
#include "targets/arm/gcs.h"
#include "targets/arm/hcr.h"
#include "targets/arm/mmu.h"

/* HCR_EL2, SCTLR_ELx and TCR_ELx bits that matter here. */
#define SCTLR_M  (UINT64_C(1) << 0)
#define SCTLR_WXN (UINT64_C(1) << 19)
#define SCTLR_EE (UINT64_C(1) << 25)
#define SCTLR_EPAN (UINT64_C(1) << 57)
#define SCR_SIF  (UINT64_C(1) << 9)
#define SCR_TCR2EN (UINT64_C(1) << 43)
#define HCRX_TCR2EN (UINT64_C(1) << 14)
#define TCR_EL3_D128 (UINT64_C(1) << 38)
#define VTCR_S2PIE (UINT64_C(1) << 36)
#define VTCR_S2POE (UINT64_C(1) << 37)
#define VTCR_GCSH (UINT64_C(1) << 40)           /* RES0 without FEAT_GCS, which these accesses come with */
#define VTCR_ASSURED_ONLY (UINT64_C(1) << 34)
#define VTCR_TL1 (UINT64_C(1) << 35)
#define VTCR_D128 (UINT64_C(1) << 38)
#define VTCR_TL0 (UINT64_C(1) << 41)

/* Fault status codes (ISS of data and instruction aborts), level in the low bits. */
enum {
    FSC_ADDRESS_SIZE = 0x00, FSC_TRANSLATION = 0x04, FSC_ACCESS_FLAG = 0x08, FSC_PERMISSION = 0x0c,
    FSC_SYNC_EXTERNAL = 0x10, FSC_SYNC_EXTERNAL_WALK = 0x14, FSC_TAG_CHECK = 0x11,
    FSC_ALIGNMENT = 0x21, FSC_ATOMIC_UNSUPPORTED = 0x35,
};

/* -- regimes and contexts ---------------------------------------------------------------------------------------- */

unsigned arm_regime_el(const ARMCPU *cpu G_GNUC_UNUSED, ArmMmu mmu)
{
    static const uint8_t el[ARM_NUM_MMU] = {
        [ARM_MMU_EL10_0] = 1, [ARM_MMU_EL10_1] = 1, [ARM_MMU_EL10_1_PAN] = 1, [ARM_MMU_EL2] = 2,
        [ARM_MMU_EL20_0] = 2, [ARM_MMU_EL20_2] = 2, [ARM_MMU_EL20_2_PAN] = 2, [ARM_MMU_EL3] = 3,
        [ARM_MMU_EL10_0_GCS] = 1, [ARM_MMU_EL10_1_GCS] = 1, [ARM_MMU_EL2_GCS] = 2, [ARM_MMU_EL20_0_GCS] = 2,
        [ARM_MMU_EL20_2_GCS] = 2, [ARM_MMU_EL3_GCS] = 3,
    };

    return el[mmu];
}

unsigned arm_current_vmid(const ARMCPU *cpu)
{
    unsigned bits = cpu->vtcr_el2 >> 19 & 1 && arm_feature(cpu, FEAT_VMID16) ? 16 : 8;

    return arm_el2_enabled(cpu) ? extract64(cpu->vttbr_el2, 48, bits) : 0;
}

static unsigned asid(const ARMCPU *cpu, unsigned el)
{
    uint64_t tcr = cpu->tcr_el[el];
    uint64_t ttbr = tcr >> 22 & 1 ? cpu->ttbr1_el[el] : cpu->ttbr0_el[el];
    unsigned bits = tcr >> 36 & 1 && arm_feature(cpu, FEAT_ASID16) ? 16 : 8;

    return extract64(ttbr, 48, bits);
}

/* Whether stage 1 of a regime is on (AArch64.S1Enabled). */
static bool s1_enabled(const ARMCPU *cpu, ArmMmu mmu)
{
    unsigned el = arm_regime_el(cpu, mmu);

    if (el == 1 && arm_el2_enabled(cpu) && cpu->hcr_el2 & (HCR_TGE | HCR_DC)) {
        return false;
    }
    return cpu->sctlr_el[el] & SCTLR_M;
}

static bool s2_enabled(const ARMCPU *cpu, ArmMmu mmu)
{
    return arm_regime_el(cpu, mmu) == 1 && arm_el2_enabled(cpu) && !(cpu->hcr_el2 & HCR_TGE) &&
           cpu->hcr_el2 & (HCR_VM | HCR_DC);
}

/* The physical address space that accesses of a regime start from. */
static unsigned regime_pas(const ARMCPU *cpu, ArmMmu mmu)
{
    return arm_regime_el(cpu, mmu) == 3 || arm_is_secure_below_el3(cpu) ? PAS_SECURE : PAS_NONSECURE;
}

uint64_t arm_tcr2_implemented(const ARMCPU *cpu)
{
    uint64_t bits = 0;

    bits |= arm_feature(cpu, FEAT_S1PIE) ? TCR2_PIE : 0;
    bits |= arm_feature(cpu, FEAT_S1POE) ? TCR2_E0POE | TCR2_POE : 0;
    bits |= arm_feature(cpu, FEAT_AIE) ? TCR2_AIE : 0;
    bits |= arm_feature(cpu, FEAT_THE) ? TCR2_PNCH | TCR2_PTTWI : 0;
    bits |= arm_feature(cpu, FEAT_D128) ? TCR2_D128 | TCR2_DISCH : 0;
    return bits;
}

/* What TCR2_ELx says of a regime, or TCR_EL3 in its place, or 0 where a higher level has not enabled it. */
static uint64_t tcr2(const ARMCPU *cpu, unsigned el)
{
    if (!arm_feature(cpu, FEAT_TCR2)) {
        return 0;
    }
    if (el == 3) {
        uint64_t t = cpu->tcr_el[3] >> 34;      /* PnCH, PIE, POE, AIE, D128 */

        return ((t & 3) | (t & 0x1c) << 1) & arm_tcr2_implemented(cpu);
    }
    if (cpu->has_el3 && !(cpu->scr_el3 & SCR_TCR2EN)) {
        return 0;
    }
    if (el == 1) {
        return !arm_el2_enabled(cpu) || arm_hcrx_el2_eff(cpu) & HCRX_TCR2EN ? cpu->tcr2_el[1] : 0;
    }
    return arm_el2_enabled(cpu) ? cpu->tcr2_el[2] : 0;
}

bool arm_d128_enabled(const ARMCPU *cpu)
{
    unsigned el = cpu->el > 0 ? cpu->el : arm_is_in_host(cpu) ? 2 : 1;

    return (el != 2 || arm_hcr_e2h(cpu)) && tcr2(cpu, el) & TCR2_D128;
}

bool arm_protection_enabled(const ARMCPU *cpu)
{
    unsigned el = cpu->el > 0 ? cpu->el : arm_is_in_host(cpu) ? 2 : 1;

    return arm_d128_enabled(cpu) || tcr2(cpu, el) & TCR2_PNCH;
}

void arm_forget_rcw_page(ARMCPU *cpu, vaddr addr)
{
    TlbFlush f = { .addr = addr & ~UINT64_C(4095), .size = 4096, .globals = true };

    if (cpu->rcw_page) {
        cpu->rcw_page = false;
        tlb_flush(&cpu->parent, &f);
    }
}

/* -- overlays' part of the context -- */

/* Whether stage 1 overlays apply to a regime (S1POEnabled, S1E0POEnabled), and with which register's value. */
static bool s1_overlays(const ARMCPU *cpu, uint64_t tcr2, ArmMmu mmu, uint64_t *ret_por)
{
    unsigned el = arm_regime_el(cpu, mmu);
    bool user = arm_mmu_is_user(mmu);

    if (!(tcr2 & (user ? TCR2_E0POE : TCR2_POE))) {
        return false;
    }
    *ret_por = cpu->por_el[user ? 0 : el];
    return true;
}

static bool s2_d128(const ARMCPU *cpu)
{
    return cpu->vtcr_el2 & VTCR_D128 && arm_feature(cpu, FEAT_D128);
}

static bool s2_indirect(const ARMCPU *cpu)
{
    return (cpu->vtcr_el2 & VTCR_S2PIE && arm_feature(cpu, FEAT_S2PIE)) || s2_d128(cpu);
}

static bool s2_overlays(const ARMCPU *cpu)
{
    return s2_indirect(cpu) && cpu->vtcr_el2 & VTCR_S2POE && arm_feature(cpu, FEAT_S2POE);
}

/* A number for the values of the overlay registers that a regime's accesses are checked with now; 0: no overlays. */
static unsigned overlay_number(ARMCPU *cpu, ArmMmu mmu)
{
    ArmOverlay o = { 0 };

    o.stage1 = s1_enabled(cpu, mmu) && s1_overlays(cpu, tcr2(cpu, arm_regime_el(cpu, mmu)), mmu, &o.por);
    if (s2_enabled(cpu, mmu) && s2_overlays(cpu)) {
        o.stage2 = true;
        o.s2por = cpu->s2por_el1;
    }
    if (!o.stage1 && !o.stage2) {
        return 0;
    }
    for (unsigned i = 0; i < cpu->num_overlays; i++) {
        const ArmOverlay *have = &cpu->overlay[i];

        if (have->por == o.por && have->s2por == o.s2por && have->stage1 == o.stage1 && have->stage2 == o.stage2) {
            return i + 1;
        }
    }
    cpu->overlay[cpu->num_overlays++] = o;
    return cpu->num_overlays;
}

void arm_tlb_contexts_changed(ARMCPU *cpu)
{
    static const TlbFlush all = { .globals = true };
    CPUState *cs = &cpu->parent;

    if (cpu->num_overlays + ARM_NUM_MMU > ARM_MAX_OVERLAYS) {
        cpu->num_overlays = 0;                  /* the numbers begin again: nothing is left of the old ones */
        tlb_flush(cs, &all);
    }
    for (unsigned mmu = 0; mmu < ARM_NUM_MMU; mmu++) {
        unsigned el = arm_regime_el(cpu, mmu);
        uint64_t id = ARM_CTX_REGIME(el) | ARM_CTX_PAS(regime_pas(cpu, mmu)) | ARM_CTX_MMU(mmu);

        if ((el == 3 && !cpu->has_el3) || (el == 2 && !cpu->has_el2) ||
            (arm_mmu_is_gcs(mmu) && !arm_gcs_has_context(cpu, mmu))) {
            continue;
        }
        if (arm_mmu_two_ranges(mmu)) {
            id |= ARM_CTX_ASID(asid(cpu, el)) | (el == 2 ? ARM_CTX_E2H : 0);
        }
        if (el == 1) {
            id |= ARM_CTX_VMID(arm_current_vmid(cpu));
        }
        id |= s1_enabled(cpu, mmu) ? ARM_CTX_S1ON : 0;
        id |= s2_enabled(cpu, mmu) ? ARM_CTX_S2ON : 0;
        id |= ARM_CTX_OVERLAY(overlay_number(cpu, mmu));
        if (cpu->ctx_id[mmu] != id) {
            cpu->ctx_id[mmu] = id;
            tlb_set_context(cs, mmu, id, ~ARM_CTX_ALL_ASID);
        }
    }
}

void arm_tlb_asid_changed(ARMCPU *cpu)
{
    for (unsigned mmu = 0; mmu < ARM_NUM_MMU; mmu++) {
        uint64_t id = cpu->ctx_id[mmu];

        if (id != UINT64_MAX && arm_mmu_two_ranges(mmu)) {
            id = (id & ~ARM_CTX_ALL_ASID) | ARM_CTX_ASID(asid(cpu, arm_regime_el(cpu, mmu)));
            if (cpu->ctx_id[mmu] != id) {
                cpu->ctx_id[mmu] = id;
                tlb_set_context(&cpu->parent, mmu, id, ~ARM_CTX_ALL_ASID);
            }
        }
    }
    cpu_mode_changed(&cpu->parent);             /* code that is alike is of other tables, whatever the ASID */
}

/* -- walks --------------------------------------------------------------------------------------------------------- */

static bool fail(ArmFault *f, unsigned fsc, int level)
{
    f->valid = true;
    if (level < 0) {
        /* level -1 has codes of its own */
        fsc = fsc == FSC_TRANSLATION ? 0x2b : fsc == FSC_ADDRESS_SIZE ? 0x29 : 0x13;
        level = 0;
    }
    f->fsc = fsc | level;
    f->level = level;
    return false;
}

/* Parameters of a walk, from TCR_ELx or VTCR_EL2. */
typedef struct Walk {
    unsigned txsz;
    unsigned granule;                           /* bits: 12, 14, 16 */
    unsigned pa_bits;                           /* output size */
    bool d128;                                  /* descriptors of 128 bits */
    bool lpa;                                   /* descriptors of 64K granules have 52-bit addresses */
    bool ds;                                    /* 52-bit addresses with 4K and 16K granules */
    bool ha, hd;
    bool big_endian;
    uint64_t ttbr, ttbr_high;
    int start_level;
    unsigned pas;                               /* of the tables */
    bool stage2;
    bool under_stage2;                          /* stage 1 whose tables are at addresses that stage 2 translates */
    uint64_t tcr2;                              /* stage 1: tcr2() of the regime */
    bool hpd;                                   /* table descriptors' permissions are ignored */
    bool indirect;                              /* permissions by PIR_ELx, S2PIR_EL2 */
    bool aie;                                   /* 16 memory attributes */
    bool high;                                  /* stage 1: the upper range */
    bool protect;                               /* stage 1: descriptors have a Protected bit (PnCH, and those of 128 bits) */
    ArmWalkMemo *memo;                          /* NULL: nothing is kept */
} Walk;

/*
 * What walks have in common is kept: what registers say of a regime, by their values; and where a walk of stage 1 alone came
 * to before its last table, by the descriptors that led there, which are looked at again. So nobody can tell, and no
 * invalidation concerns it but that of memory's map (CPUState.map_changes), as descriptors are known by where the host has them.
 */
enum { MEMO_ROWS = 64, MEMO_DESCS = 5 };

typedef struct RegimeMemo {
    bool known;
    uint64_t said[6];                           /* registers */
    Walk w;                                     /* but for ttbr, start_level and memo */
    int start_level;                            /* unless TTBRn_ELx says more */
    bool never;                                 /* every address faults */
    uint8_t input_bits, top;                    /* of an address; the highest bit that is checked */
} RegimeMemo;

typedef struct TableMemo {
    uint64_t map_changes;
    uint64_t base, params;                      /* of the first table; of the walk */
    uint64_t page;                              /* the address, without what the last table decodes and what is in a page */
    unsigned num;                               /* descriptors; 0: the row is free */
    const uint64_t *at[MEMO_DESCS];
    uint64_t value[MEMO_DESCS];
    uint64_t last, table;                       /* the last table, and what was gathered on the way (Leaf) */
    unsigned pas;                               /* ... of it */
} TableMemo;

struct ArmWalkMemo {
    RegimeMemo regime[ARM_NUM_MMU][2][2];       /* by range, and whether for a fetch */
    TableMemo row[MEMO_ROWS];
};

/* AArch64.PhysicalAddressSize(): more than 48 bits need FEAT_LPA and 64K granules, LPA2, or descriptors of 128 bits. */
static void set_output_size(const ARMCPU *cpu, Walk *w, unsigned field)
{
    static const uint8_t bits[8] = { 32, 36, 40, 42, 44, 48, 52, 56 };

    if (w->d128) {
        w->pa_bits = MIN(bits[field & 7], cpu->pa_bits);
        return;
    }
    w->lpa = w->granule == 16 && arm_feature(cpu, FEAT_LPA);
    w->pa_bits = MIN(bits[field & 7], w->lpa || arm_feature(cpu, FEAT_LPA2) ? cpu->pa_bits : MIN(cpu->pa_bits, 48));
}

/* A granule field as TG0 has it (0: 4K, 1: 64K, 2: 16K), or 4K for what is reserved or not implemented. */
static unsigned tg0_bits(unsigned tg)
{
    return tg == 1 ? 16 : tg == 2 ? 14 : 12;
}

static unsigned tg1_bits(unsigned tg)
{
    return tg == 3 ? 16 : tg == 1 ? 14 : 12;
}

/* What stage 2 is asked for: a walk of stage 1, its first table, or an access by an address that is assured or not. */
typedef struct S2Access {
    AccessType type;
    bool walk, top_level, high;
    bool assured;
    bool at;                                    /* an AT instruction's */
} S2Access;

static bool translate_stage2(ARMCPU *cpu, uint64_t ipa, unsigned ipa_pas, const S2Access *access, ArmMmu mmu,
                             ArmXlat *ret, ArmFault *fault);

static void note(ARMCPU *cpu, const Walk *w, uint64_t addr, MemTxAttrs attrs, uint64_t desc)
{
    const uint64_t *at = address_space_ram_ptr(cpu->parent.as, addr, 8, attrs);

    if (!at || w->stage2 || w->d128 || w->big_endian || cpu->walk->num >= TLB_MAX_WALK) {
        cpu->walk->num = TLB_MAX_WALK + 1;
        return;
    }
    cpu->walk->at[cpu->walk->num] = at;
    cpu->walk->value[cpu->walk->num++] = desc;
}

/*
 * Loads a descriptor. A stage 1 table's address is itself translated by stage 2 where that is on; *ret_mro: and is mostly
 * read-only there.
 */
static bool load_descriptor(ARMCPU *cpu, const Walk *w, uint64_t addr, int level, ArmMmu mmu, uint64_t ret_desc[2],
                            uint64_t *ret_pa, MemTxAttrs *ret_attrs, bool *ret_mro, ArmFault *fault)
{
    MemTxAttrs attrs = { .pas = w->pas, .privileged = 1, .requester = cpu->parent.index };
    MemTxResult res;

    *ret_mro = false;
    if (w->under_stage2) {
        S2Access access = { .type = ACCESS_LOAD, .walk = true, .top_level = level == w->start_level, .high = w->high };
        ArmXlat x;

        if (!translate_stage2(cpu, addr, w->pas, &access, mmu, &x, fault)) {
            fault->s1ptw = true;
            return false;
        }
        addr = x.pa;
        attrs.pas = x.pas;
        *ret_mro = x.mostly_readonly;
    }
    if (w->d128) {
        address_space_ld128(cpu->parent.as, addr, w->big_endian, attrs, ret_desc, &res);
    } else {
        ret_desc[0] = address_space_ld(cpu->parent.as, addr, 8, w->big_endian, attrs, &res);
        ret_desc[1] = 0;
    }
    if (res != MEMTX_OK) {
        fault->ea = true;
        return fail(fault, FSC_SYNC_EXTERNAL_WALK, level);
    }
    *ret_pa = addr;
    *ret_attrs = attrs;
    if (cpu->walk) {
        note(cpu, w, addr, attrs, ret_desc[0]);
    }
    return true;
}

typedef struct Leaf {
    uint64_t desc, desc_high;                   /* high: of one of 128 bits */
    bool assured;                               /* ArmXlat */
    uint64_t table;                             /* NSTable, APTable, XNTable, PXNTable gathered, as bits 63:59 */
    uint64_t pa;                                /* of the block or page */
    uint64_t size;
    int level;
    uint64_t desc_ipa, desc_pa;                 /* of the descriptor, before and after stage 2 */
    unsigned desc_pas;                          /* of desc_ipa */
    MemTxAttrs desc_attrs;
    unsigned pas;
} Leaf;

/* Changes the low half of a descriptor if all is still what was read. False: read it again (or it is not RAM: *failed). */
static bool update_descriptor(ARMCPU *cpu, const Walk *w, const Leaf *leaf, uint64_t new, bool *failed)
{
    uint64_t old = leaf->desc;
    MemTxResult res;
    bool same;

    if (w->d128) {
        uint64_t expect[2] = { old, leaf->desc_high }, value[2] = { new, leaf->desc_high };

        same = address_space_cas128(cpu->parent.as, leaf->desc_pa, w->big_endian, expect, value, leaf->desc_attrs, &res);
    } else {
        if (w->big_endian) {
            old = bswap64(old);
            new = bswap64(new);
        }
        same = address_space_cas(cpu->parent.as, leaf->desc_pa, 8, old, new, leaf->desc_attrs, &res) == old;
    }
    *failed = res != MEMTX_OK;
    return same && !*failed;
}

static uint64_t descriptor_address(const Walk *w, uint64_t desc, unsigned low_bits)
{
    uint64_t addr = desc & mask64(low_bits, 48 - low_bits);

    if (w->d128) {
        return desc & mask64(low_bits, 56 - low_bits);
    }
    if (w->ds) {
        addr = (desc & mask64(low_bits, 50 - low_bits)) | (uint64_t)extract64(desc, 8, 2) << 50;
    } else if (w->lpa) {
        addr |= (uint64_t)extract64(desc, 12, 4) << 48;
    }
    return addr;
}

/* Levels at which a block may be. */
static bool block_allowed(const Walk *w, int level)
{
    switch (w->granule) {
    case 12:
        return level == 2 || level == 1 || (level == 0 && w->ds);
    case 14:
        return level == 2 || (level == 1 && w->ds);
    default:
        return level == 2 || (level == 1 && w->lpa);
    }
}

/* Where the first table is (S1TTBaseAddress, S2TTBaseAddress); size: log2 of its bytes. */
static uint64_t table_base(const Walk *w, unsigned size)
{
    uint64_t base = w->ttbr & mask64(1, 47);

    if (w->d128) {
        base = (w->ttbr & mask64(5, 43)) | (uint64_t)extract64(w->ttbr_high, 16, 8) << 48;
    } else if (w->ds || (w->lpa && w->pa_bits == 52)) {
        base = (w->ttbr & mask64(6, 42)) | (uint64_t)extract64(w->ttbr, 2, 4) << 48;
    }
    return base & ~mask64(0, MIN(size, 56));
}

static bool out_of_range(const Walk *w, uint64_t addr)
{
    return (w->pa_bits < 52 || w->d128) && addr >> w->pa_bits;
}

/*
 * DecodeDescriptorType: 0, or what the descriptor is. Those of 128 bits say how many levels they skip, of tables that are
 * larger so, and are a block or page where that leads to the last level.
 */
typedef enum DescType { DESC_INVALID, DESC_LEAF, DESC_TABLE } DescType;

static DescType descriptor_type(const Walk *w, const uint64_t desc[2], int level, unsigned *ret_skip)
{
    *ret_skip = 0;
    if (!(desc[0] & 1)) {
        return DESC_INVALID;
    }
    if (w->d128) {
        *ret_skip = extract64(desc[1], 45, 2);
        return (w->granule != 12 && *ret_skip == 3) || level + (int)*ret_skip > 3 ? DESC_INVALID :
               level + (int)*ret_skip == 3 ? DESC_LEAF : DESC_TABLE;
    }
    if (desc[0] & 2) {
        return level == 3 ? DESC_LEAF : DESC_TABLE;
    }
    return level < 3 && block_allowed(w, level) ? DESC_LEAF : DESC_INVALID;
}

/* Bits of an address that the last table decodes, or that are in a page. */
static unsigned memo_shift(const Walk *w)
{
    return 2 * w->granule - 3;
}

static TableMemo *memo_row(const Walk *w, uint64_t va, uint64_t base)
{
    return &w->memo->row[(va >> memo_shift(w) ^ base >> w->granule) % MEMO_ROWS];
}

/* All that leads from the first table to the last but the address and the descriptors. */
static uint64_t memo_params(const Walk *w)
{
    return (uint64_t)w->pas << 40 | w->ds << 25 | w->lpa << 24 | w->pa_bits << 16 | w->granule << 8 | w->txsz;
}

static bool memo_holds(const ARMCPU *cpu, const Walk *w, const TableMemo *m, uint64_t va, uint64_t base)
{
    if (!m->num || m->page != va >> memo_shift(w) || m->base != base || m->params != memo_params(w) ||
        m->map_changes != cpu->parent.map_changes) {
        return false;
    }
    for (unsigned i = 0; i < m->num; i++) {
        if (__atomic_load_n(m->at[i], __ATOMIC_RELAXED) != m->value[i]) {
            return false;
        }
    }
    return true;
}

static bool walk(ARMCPU *cpu, const Walk *w, uint64_t va, ArmMmu mmu, Leaf *leaf, ArmFault *fault)
{
    unsigned desc_log2 = w->d128 ? 4 : 3, stride = w->granule - desc_log2, input_bits = 64 - w->txsz;
    Walk tables = *w;
    int level = w->start_level;
    uint64_t table = 0;
    bool assured = w->protect;
    TableMemo *memo = NULL;                     /* is being made: until it is whole it holds for no walk */
    unsigned noted = 0;

    /* the first table holds what of the input address is above the levels below it */
    unsigned top = w->granule + stride * (3 - level);
    unsigned bits = input_bits - top, skip;
    uint64_t base = table_base(w, bits + desc_log2);
    if ((w->pa_bits < 48 || w->d128) && base >> w->pa_bits) {
        return fail(fault, FSC_ADDRESS_SIZE, 0);
    }
    if (w->memo) {
        TableMemo *m = memo_row(w, va, base);

        if (memo_holds(cpu, w, m, va, base)) {
            level = 3;
            bits = stride;
            assured = false;                    /* as after each table that stage 2 says nothing of */
            base = m->last;
            table = m->table;
            tables.pas = m->pas;
        } else if (level < 3) {
            memo = m;
            *memo = (TableMemo){ .map_changes = cpu->parent.map_changes, .base = base, .params = memo_params(w),
                                 .page = va >> memo_shift(w) };
        }
    }
    for (;; bits = stride * (1 + skip)) {
        unsigned shift = w->granule + stride * (3 - level);
        uint64_t addr = base | (uint64_t)extract64(va, shift, bits) << desc_log2;
        uint64_t desc[2];
        bool mro;

        if (!load_descriptor(cpu, &tables, addr, level, mmu, desc, &leaf->desc_pa, &leaf->desc_attrs, &mro, fault)) {
            return false;
        }
        assured = assured && mro && (w->d128 ? desc[1] >> 50 : desc[0] >> 52) & 1;
        switch (descriptor_type(w, desc, level, &skip)) {
        case DESC_INVALID:
            return fail(fault, FSC_TRANSLATION, level);
        case DESC_LEAF:
            leaf->desc = desc[0];
            leaf->desc_high = desc[1];
            leaf->assured = assured;
            leaf->table = table;
            /* of a block that is larger than the output size, the part that this address is in */
            leaf->size = BIT64(MIN(shift, w->pa_bits));
            leaf->pa = (descriptor_address(w, desc[0], shift) | (va & mask64(0, shift))) & ~(leaf->size - 1);
            leaf->level = level;
            leaf->pas = tables.pas;
            leaf->desc_ipa = addr;
            leaf->desc_pas = tables.pas;
            return !out_of_range(w, leaf->pa) || fail(fault, FSC_ADDRESS_SIZE, level);
        case DESC_TABLE:
            break;
        }
        base = descriptor_address(w, desc[0], w->granule);
        if (out_of_range(w, base)) {
            return fail(fault, FSC_ADDRESS_SIZE, level);
        }
        if (!w->stage2) {
            uint64_t attrs = w->d128 ? desc[1] : desc[0];

            table |= attrs & mask64(59, 5);
            if (attrs >> 63 && tables.pas == PAS_SECURE) {
                tables.pas = PAS_NONSECURE;
            }
        }
        level += 1 + (int)skip;
        if (memo) {
            memo->at[noted] = address_space_ram_ptr(cpu->parent.as, addr, 8, leaf->desc_attrs);
            memo->value[noted] = desc[0];
            memo = memo->at[noted++] && noted < MEMO_DESCS ? memo : NULL;
        }
        if (memo && level == 3) {
            memo->num = noted;
            memo->last = base;
            memo->table = table;
            memo->pas = tables.pas;
        }
    }
}

/* What descriptors of 64 and of 128 bits have in places of their own. */
static unsigned permission_index(const Walk *w, const Leaf *l)
{
    return w->d128 ? extract64(l->desc_high, 51, 4) :
                     extract64(l->desc, 53, 2) << 2 | extract64(l->desc, 51, 1) << 1 | extract64(l->desc, 6, 1);
}

static unsigned overlay_index(const Walk *w, const Leaf *l)
{
    return w->d128 ? extract64(l->desc_high, 57, 4) : w->stage2 ? extract64(l->desc, 59, 4) : extract64(l->desc, 60, 3);
}

static bool not_secure(const Walk *w, const Leaf *l)
{
    return w->d128 ? l->desc_high >> 63 : l->desc >> 5 & 1;
}

static bool is_guarded(const Walk *w, const Leaf *l)
{
    return (w->d128 ? l->desc_high >> 49 : l->desc >> 50) & 1;
}

/*
 * Sets the Access flag, and the dirty state for a write, where hardware does that. False: *fault or walk again. What
 * writes a descriptor of stage 1 needs stage 2's permission.
 */
static bool update_flags(ARMCPU *cpu, const Walk *w, ArmMmu mmu, Leaf *leaf, bool dirty, uint64_t dirty_clear,
                         uint64_t dirty_set, ArmFault *fault, bool *again)
{
    uint64_t desc = leaf->desc;
    bool failed = false, write = fault->write;
    ArmXlat x;

    *again = false;
    if (!(desc & 1 << 10)) {
        if (!w->ha) {
            return fail(fault, FSC_ACCESS_FLAG, leaf->level);
        }
        desc |= 1 << 10;
    }
    if (dirty) {
        desc = (desc & ~dirty_clear) | dirty_set;
    }
    if (desc != leaf->desc) {
        S2Access access = { .type = ACCESS_RMW, .walk = true };

        if (w->under_stage2 &&
            !translate_stage2(cpu, leaf->desc_ipa, leaf->desc_pas, &access, mmu, &x, fault)) {
            fault->s1ptw = true;
            fault->write = write;
            return false;
        }
        if (!update_descriptor(cpu, w, leaf, desc, &failed)) {
            if (failed) {
                fault->ea = true;
                return fail(fault, FSC_SYNC_EXTERNAL_WALK, leaf->level);
            }
            *again = true;
            return false;
        }
        leaf->desc = desc;
    }
    return true;
}

static bool needs_read(AccessType type)
{
    return type == ACCESS_LOAD || type == ACCESS_RMW;
}

static bool needs_write(AccessType type)
{
    return type == ACCESS_STORE || type == ACCESS_RMW;
}

/*
 * ISS.WnR of a fault that a read has as well (D23.2.37): an atomic that reads and writes is told apart from a read
 * only where reading alone is allowed.
 */
static bool faults_as_write(AccessType type)
{
    return type == ACCESS_STORE;
}

/* -- permissions -------------------------------------------------------------------------------------------------- */

enum {
    PERM_R = PROT_R, PERM_W = PROT_W, PERM_X = PROT_X,          /* stage 2: X of EL1 */
    PERM_UX = 1 << 3,                                           /* stage 2: X of EL0 */
    PERM_W_WALK = 1 << 4,                                       /* stage 2: writes of table walks, and of RCW */
    PERM_WXN = 1 << 5,                                          /* stage 1: not both of W and X */
    PERM_NO_OVERLAY = 1 << 6,                                   /* stage 1: overlays do not apply */
    PERM_GCS = 1 << 7,                                          /* stage 1: a guarded control stack */
    PERM_RWX = PERM_R | PERM_W | PERM_X,
};

/* What an access needs both of; overlay is PERM_RWX where there is none. */
typedef struct Perms {
    unsigned base, overlay;
} Perms;

/* Fields of PIR_ELx and PIRE0_ELx. */
static const uint8_t s1_indirect_perms[16] = {
    0, PERM_R, PERM_X, PERM_R | PERM_X, 0, PERM_R | PERM_W, PERM_RWX | PERM_WXN, PERM_RWX,
    PERM_R, PERM_R | PERM_GCS, PERM_R | PERM_X, 0, PERM_R | PERM_W, 0, PERM_RWX, 0,
};

/* Fields of POR_ELx. */
static const uint8_t s1_overlay_perms[16] = {
    0, PERM_R, PERM_X, PERM_R | PERM_X, PERM_W, PERM_R | PERM_W, PERM_W | PERM_X, PERM_RWX,
};

/* Fields of S2PIR_EL2 and S2POR_EL1. */
static const uint8_t s2_perms[16] = {
    0, 0, PERM_R | PERM_W_WALK, PERM_R | PERM_W_WALK, PERM_W, 0, PERM_R | PERM_W_WALK, PERM_R | PERM_W_WALK,
    PERM_R, PERM_R | PERM_UX, PERM_R | PERM_X, PERM_R | PERM_X | PERM_UX,
    PERM_R | PERM_W | PERM_W_WALK, PERM_R | PERM_W | PERM_W_WALK | PERM_UX, PERM_RWX | PERM_W_WALK,
    PERM_RWX | PERM_W_WALK | PERM_UX,
};

/*
 * Overlays are looked at before what they lie over, reads before writes (S1CheckPermissions, S2CheckPermissions). False:
 * *fault, without a status code.
 */
static bool check_perms(AccessType type, Perms p, ArmFault *fault)
{
    const unsigned perms[2] = { p.overlay, p.base };

    for (unsigned i = 0; i < 2; i++) {
        bool read = needs_read(type) && !(perms[i] & PERM_R);
        bool write = needs_write(type) && !(perms[i] & PERM_W);

        if (type == ACCESS_FETCH ? !(perms[i] & PERM_X) : read || write) {
            fault->overlay = i == 0;
            fault->write = !read && write;
            return false;
        }
    }
    return true;
}

/* -- stage 2 ---------------------------------------------------------------------------------------------------------- */

/* TopLevel0 in bit 0 and TopLevel1 in bit 1, of a field of S2PIR_EL2 or S2POR_EL1. */
static unsigned top_level(unsigned field)
{
    return field == 6 ? 1 : field == 3 ? 2 : field == 7 ? 3 : 0;
}

/*
 * What a leaf of stage 2 allows (S2ComputePermissions). clean: a write that is allowed needs the dirty state set first, by
 * hardware or by software.
 */
typedef struct S2Perms {
    Perms p;
    bool clean, mostly_readonly;
    unsigned top_level;
} S2Perms;

static S2Perms s2_leaf_perms(const ARMCPU *cpu, const Walk *w, const Leaf *leaf, bool user, bool walk_or_rcw)
{
    S2Perms s = { .p.overlay = PERM_RWX };
    uint64_t d = leaf->desc;
    unsigned base;

    if (w->indirect) {
        unsigned field[2] = { extract64(cpu->s2pir_el2, 4 * permission_index(w, leaf), 4),
                              extract64(cpu->s2por_el1, 4 * overlay_index(w, leaf), 4) };
        unsigned *both[2] = { &s.p.base, &s.p.overlay };
        bool overlays = s2_overlays(cpu);
        unsigned all;

        s.p.base = s2_perms[field[0]];
        s.p.overlay = overlays ? s2_perms[field[1]] : ~0u;
        all = s.p.base & s.p.overlay;
        s.mostly_readonly = !(all & PERM_W) && all & PERM_W_WALK;
        s.top_level = top_level(field[0]);
        if (overlays) {
            s.top_level = s.mostly_readonly ? s.top_level | top_level(field[1]) : 0;
        }
        for (unsigned i = 0; i < 2; i++) {
            base = *both[i];
            *both[i] = (base & PERM_R) | (base & (walk_or_rcw ? PERM_W_WALK : PERM_W) ? PERM_W : 0) |
                       (base & (user ? PERM_UX : PERM_X) ? PERM_X : 0);
        }
        s.clean = !(d >> 7 & 1);
        return s;
    }

    unsigned s2ap = extract64(d, 6, 2), xn = extract64(d, 53, 2);
    bool dbm = w->hd && d >> 51 & 1, x;

    base = (s2ap & 1 ? PERM_R : 0) | (s2ap & 2 || dbm ? PERM_W : 0);
    if (arm_feature(cpu, FEAT_XNX)) {
        x = xn == 0 || (xn == 1 && user) || (xn == 3 && !user);
    } else {
        x = !(xn & 2);
    }
    s.p.base = base | (x && s2ap & 1 ? PERM_X : 0);
    s.clean = dbm && !(s2ap & 2);
    return s;
}

/* VTCR_EL2.TL0 and TL1: the first tables of stage 1 lie only where stage 2 says that those of their range may. */
static bool top_level_allows(const ARMCPU *cpu, const S2Access *access, unsigned top)
{
    bool own = cpu->vtcr_el2 & (access->high ? VTCR_TL1 : VTCR_TL0);
    bool other = cpu->vtcr_el2 & (access->high ? VTCR_TL0 : VTCR_TL1);
    unsigned own_bit = access->high ? 2 : 1;

    if (!arm_feature(cpu, FEAT_THE) || !access->walk || !access->top_level) {
        return true;
    }
    return !(own && !(top & own_bit)) && !(other && top == (own_bit ^ 3));
}

/* Descriptors that only assured addresses may use. */
static bool assured_only(const ARMCPU *cpu, const Walk *w, const Leaf *leaf)
{
    return w->d128 ? leaf->desc_high >> 50 & 1 :
                     cpu->vtcr_el2 & VTCR_ASSURED_ONLY && arm_feature(cpu, FEAT_THE) && leaf->desc >> 58 & 1;
}

/* The level of the first table, and whether the sizes go together; false: *ret_level is that of the fault. */
static bool s2_start(const ARMCPU *cpu, Walk *w, int *ret_level)
{
    unsigned sl0 = extract64(cpu->vtcr_el2, 6, 2), input_bits = 64 - w->txsz;

    if (w->d128) {
        unsigned stride = w->granule - 4;

        *ret_level = 0;
        if (input_bits <= w->granule || input_bits > cpu->pa_bits || w->txsz > 48) {
            return false;
        }
        w->start_level = 3 - (int)((input_bits - 1 - w->granule) / stride) + (int)extract64(w->ttbr, 1, 2);
        return w->start_level <= 3;
    }
    w->start_level = w->granule == 12 ? 2 - (int)sl0 : 3 - (int)sl0;
    if (w->granule == 12 && sl0 == 3) {
        w->start_level = 3;
    }
    unsigned stride = w->granule - 3, below = w->granule + stride * (3 - w->start_level);

    *ret_level = MAX(w->start_level, 0);
    /* too many or too few bits for the start level, or more than there are physical address bits */
    return w->start_level >= 0 && input_bits <= 52 && w->txsz <= 48 && input_bits > below &&
           input_bits <= below + stride + 4;
}

static bool translate_stage2(ARMCPU *cpu, uint64_t ipa, unsigned ipa_pas, const S2Access *access, ArmMmu mmu,
                             ArmXlat *ret, ArmFault *fault)
{
    uint64_t vtcr = cpu->vtcr_el2, hcr = cpu->hcr_el2;
    unsigned granule = tg0_bits(extract64(vtcr, 14, 2));
    Walk w = {
        .txsz = extract64(vtcr, 0, 6), .granule = granule, .d128 = s2_d128(cpu),
        .ds = vtcr >> 32 & 1 && arm_feature(cpu, FEAT_LPA2) && granule != 16,
        .ha = vtcr >> 21 & 1 && arm_feature(cpu, FEAT_HAFDBS), .hd = vtcr >> 22 & 1 && arm_feature(cpu, FEAT_HAFDBS),
        .big_endian = cpu->sctlr_el[2] & SCTLR_EE, .ttbr = cpu->vttbr_el2, .ttbr_high = cpu->vttbr_hi_el2,
        .pas = ipa_pas, .stage2 = true, .indirect = s2_indirect(cpu),
    };
    bool for_walk = access->walk;
    AccessType type = access->type;
    int level;
    Leaf leaf;
    bool again;

    w.hd = w.hd && w.ha;
    fault->ipa = ipa;
    fault->ns = ipa_pas == PAS_NONSECURE;
    if (!(hcr & HCR_VM)) {
        *ret = (ArmXlat){ .pa = ipa, .page_size = 4096, .prot = PROT_R | PROT_W | PROT_X, .pas = ipa_pas, .global = true };
        return true;
    }
    set_output_size(cpu, &w, extract64(vtcr, 16, 3));
    if (!s2_start(cpu, &w, &level)) {
        fault->stage2 = true;
        return fail(fault, FSC_TRANSLATION, level);
    }
    if (ipa >> (64 - w.txsz)) {
        fault->stage2 = true;
        return fail(fault, FSC_TRANSLATION, 0);
    }
    do {
        again = false;
        if (!walk(cpu, &w, ipa, mmu, &leaf, fault)) {
            fault->stage2 = true;
            return false;
        }
        uint64_t d = leaf.desc;
        S2Perms perms = s2_leaf_perms(cpu, &w, &leaf, arm_mmu_is_user(mmu), for_walk || cpu->rcw);
        unsigned memattr = extract64(d, 2, 4), prot = perms.p.base & perms.p.overlay & PERM_RWX;
        bool write = fault->write;

        if (!update_flags(cpu, &w, mmu, &leaf, false, 0, 0, fault, &again)) {
            fault->stage2 = true;
            if (!again) {
                return false;
            }
            continue;
        }
        if (!top_level_allows(cpu, access, perms.top_level)) {
            fault->stage2 = fault->top_level = true;
            return fail(fault, FSC_PERMISSION, leaf.level);
        }
        bool only = assured_only(cpu, &w, &leaf);

        /* GCSH: EL1's guarded control stacks are in such pages alone */
        if (!for_walk && (only ? !access->assured : vtcr & VTCR_GCSH && arm_mmu_is_gcs(mmu) && !arm_mmu_is_user(mmu))) {
            fault->stage2 = fault->assured_only = true;
            return fail(fault, FSC_PERMISSION, leaf.level);
        }
        if ((for_walk && hcr & HCR_PTW && memattr < 4) || !check_perms(type, perms.p, fault)) {
            fault->stage2 = true;
            fault->write = for_walk ? write : fault->write;
            return fail(fault, FSC_PERMISSION, leaf.level);
        }
        if (perms.clean && needs_write(type)) {
            if (!w.hd) {
                fault->stage2 = fault->dirty = true;
                fault->write = fault->write || !for_walk;
                return fail(fault, FSC_PERMISSION, leaf.level);
            }
            if (!access->at && !update_flags(cpu, &w, mmu, &leaf, true, 0, UINT64_C(1) << 7, fault, &again)) {
                fault->stage2 = true;
                if (!again) {
                    return false;
                }
                continue;
            }
        } else if (perms.clean) {
            prot &= ~PROT_W;
        }
        *ret = (ArmXlat){
            .pa = leaf.pa | (ipa & (leaf.size - 1)), .page_size = leaf.size, .prot = prot, .pas = ipa_pas,
            .attrs = memattr, .sh = extract64(d, 8, 2), .device = memattr < 4, .global = true,
            .mostly_readonly = perms.mostly_readonly,
        };
        return true;
    } while (again);
    g_assert_not_reached();
}

/* -- stage 1 ---------------------------------------------------------------------------------------------------------- */

/* S1DirectBasePermissions, with PERM_WXN where SCTLR_ELx.WXN has its say. */
static unsigned s1_direct(const ARMCPU *cpu, ArmMmu mmu, const Leaf *leaf, bool writable_by_dbm)
{
    uint64_t d = leaf->desc, t = leaf->table, sctlr = cpu->sctlr_el[arm_regime_el(cpu, mmu)];
    bool ap1 = d >> 6 & 1, ap2 = d >> 7 & 1 && !writable_by_dbm;
    bool xn = d >> 54 & 1, pxn = d >> 53 & 1;
    unsigned perms;

    if (arm_mmu_two_ranges(mmu)) {
        ap1 = ap1 && !(t >> 61 & 1);
        ap2 = ap2 || t >> 62 & 1;
        xn = xn || t >> 60 & 1;
        pxn = pxn || t >> 59 & 1;
        if (arm_mmu_is_user(mmu)) {
            perms = ap1 ? PERM_R | (ap2 ? 0 : PERM_W) : 0;
            perms |= xn ? 0 : PERM_X;
        } else {
            bool user_x = !xn && sctlr & SCTLR_EPAN && arm_feature(cpu, FEAT_PAN3);

            perms = PERM_R | (ap2 ? 0 : PERM_W);
            /* what EL0 can write is never executable at EL1 */
            perms |= pxn || (ap1 && !ap2) ? 0 : PERM_X;
            if (arm_mmu_is_pan(mmu) && (ap1 || user_x)) {
                perms &= ~(PERM_R | PERM_W);
            }
        }
    } else {
        ap2 = ap2 || t >> 62 & 1;
        xn = xn || t >> 60 & 1;
        perms = PERM_R | (ap2 ? 0 : PERM_W) | (xn ? 0 : PERM_X);
    }
    return perms | (sctlr & SCTLR_WXN && perms & PERM_W && perms & PERM_X ? PERM_WXN : 0);
}

/* S1IndirectBasePermissions. */
static unsigned s1_indirect(const ARMCPU *cpu, ArmMmu mmu, unsigned pi)
{
    unsigned el = arm_regime_el(cpu, mmu);
    unsigned ppi = extract64(cpu->pir_el[el], 4 * pi, 4), upi = extract64(cpu->pire0_el[el], 4 * pi, 4);
    unsigned p = s1_indirect_perms[ppi] | (ppi & 8 ? PERM_NO_OVERLAY : 0);
    unsigned u = s1_indirect_perms[upi] | (upi & 8 ? PERM_NO_OVERLAY : 0);

    if (!arm_mmu_two_ranges(mmu)) {
        return p;
    }
    /* what EL0 can write and EL1 execute, or either's guarded stack, nobody can use */
    if (p & (PERM_X | PERM_GCS) && u & (PERM_W | PERM_GCS)) {
        p &= ~(PERM_RWX | PERM_GCS);
        u &= ~(PERM_RWX | PERM_GCS);
    }
    if (arm_mmu_is_pan(mmu) && upi != 0) {
        p &= ~(PERM_R | PERM_W);
    }
    return arm_mmu_is_user(mmu) ? u : p;
}

/* What the leaf allows this regime (S1ComputePermissions); *ret_clean as for stage 2. */
static Perms s1_leaf_perms(const ARMCPU *cpu, const Walk *w, ArmMmu mmu, const Leaf *leaf, bool *ret_clean)
{
    uint64_t d = leaf->desc, por;
    unsigned base;
    bool wxn;
    Perms p;

    if (w->indirect) {
        *ret_clean = d >> 7 & 1;
        base = s1_indirect(cpu, mmu, permission_index(w, leaf));
    } else {
        *ret_clean = w->hd && d >> 51 & 1 && d >> 7 & 1;
        base = s1_direct(cpu, mmu, leaf, *ret_clean);
    }
    /* Non-secure memory from Secure state: never a guarded control stack, and no code if SIF says so */
    if (regime_pas(cpu, mmu) != PAS_NONSECURE && (leaf->pas == PAS_NONSECURE || not_secure(w, leaf))) {
        base &= ~(PERM_GCS | (cpu->scr_el3 & SCR_SIF ? PERM_X : 0));
    }
    if (arm_mmu_is_gcs(mmu)) {                  /* overlays say nothing of these */
        return (Perms){ .base = base & PERM_GCS ? PERM_R | PERM_W : 0, .overlay = PERM_RWX };
    }
    wxn = base & PERM_WXN;
    p = (Perms){ .base = base & PERM_RWX, .overlay = PERM_RWX };
    if (!(base & PERM_NO_OVERLAY) && s1_overlays(cpu, w->tcr2, mmu, &por)) {
        p.overlay = s1_overlay_perms[extract64(por, 4 * overlay_index(w, leaf), 4)];
        if (wxn && p.overlay & PERM_X) {
            p.overlay &= ~PERM_W;
            wxn = false;
        }
    }
    if (wxn) {
        p.base &= ~PERM_X;
    }
    return p;
}

/* What registers say of a range of a regime, for fetches or data: all of s1_params but for the address and TTBRn_ELx. */
static void s1_regime(const ARMCPU *cpu, ArmMmu mmu, bool high, bool fetch, RegimeMemo *ret)
{
    unsigned el = arm_regime_el(cpu, mmu);
    uint64_t tcr = cpu->tcr_el[el];
    bool tbi, hpd, epd = false, e0pd = false, user = arm_mmu_is_user(mmu);
    unsigned min_txsz = 16, max_txsz = arm_feature(cpu, FEAT_TTST) ? 48 : 39;
    Walk *w = &ret->w;

    *w = (Walk){
        .big_endian = cpu->sctlr_el[el] & SCTLR_EE, .pas = regime_pas(cpu, mmu), .high = high, .tcr2 = tcr2(cpu, el),
        .under_stage2 = s2_enabled(cpu, mmu),
    };
    w->d128 = w->tcr2 & TCR2_D128 && mmu != ARM_MMU_EL2;
    if (arm_mmu_two_ranges(mmu)) {
        w->txsz = extract64(tcr, high ? 16 : 0, 6);
        w->granule = high ? tg1_bits(extract64(tcr, 30, 2)) : tg0_bits(extract64(tcr, 14, 2));
        set_output_size(cpu, w, extract64(tcr, 32, 3));
        w->ds = tcr >> 59 & 1;
        w->ha = tcr >> 39 & 1;
        w->hd = tcr >> 40 & 1;
        tbi = tcr >> (high ? 38 : 37) & 1;
        if (fetch && arm_feature(cpu, FEAT_PAuth) && tcr >> (high ? 52 : 51) & 1) {
            tbi = false;
        }
        hpd = tcr >> (high ? 42 : 41) & 1;
        epd = tcr >> (high ? 23 : 7) & 1;
        e0pd = user && arm_feature(cpu, FEAT_E0PD) && tcr >> (high ? 56 : 55) & 1;
    } else {
        w->txsz = extract64(tcr, 0, 6);
        w->granule = tg0_bits(extract64(tcr, 14, 2));
        set_output_size(cpu, w, extract64(tcr, 16, 3));
        w->ds = tcr >> 32 & 1;
        w->ha = tcr >> 21 & 1;
        w->hd = tcr >> 22 & 1;
        tbi = tcr >> 20 & 1;
        if (fetch && arm_feature(cpu, FEAT_PAuth) && tcr >> 29 & 1) {
            tbi = false;
        }
        hpd = tcr >> 24 & 1;
    }
    w->ds = w->ds && arm_feature(cpu, FEAT_LPA2) && w->granule != 16 && !w->d128;
    w->ha = w->ha && arm_feature(cpu, FEAT_HAFDBS);
    w->hd = w->hd && w->ha;
    if (!arm_feature(cpu, FEAT_HPDS)) {
        hpd = false;
    }
    if ((w->granule == 16 && arm_feature(cpu, FEAT_LVA)) || w->ds) {
        min_txsz = 12;
    }
    w->indirect = w->d128 || w->tcr2 & TCR2_PIE;
    w->protect = w->d128 || w->tcr2 & TCR2_PNCH;
    w->aie = w->tcr2 & TCR2_AIE;
    w->txsz = CLAMP(w->txsz, min_txsz, max_txsz);
    w->hpd = hpd;
    ret->never = epd || e0pd;
    ret->input_bits = 64 - w->txsz;
    ret->top = tbi ? 55 : 63;
    unsigned stride = w->granule - (w->d128 ? 4 : 3);

    ret->start_level = 4 - (int)((ret->input_bits - w->granule + stride - 1) / stride);
}

/* The parameters for a virtual address, in memo or, if that is NULL, in own; NULL: *fault. */
static const Walk *s1_params(const ARMCPU *cpu, vaddr va, AccessType type, ArmMmu mmu, ArmWalkMemo *memo, RegimeMemo *own,
                             uint64_t *ret_va, ArmFault *fault)
{
    unsigned el = arm_regime_el(cpu, mmu);
    bool two = arm_mmu_two_ranges(mmu), high = two && va >> 55 & 1, fetch = type == ACCESS_FETCH;
    const uint64_t said[] = { cpu->tcr_el[el], cpu->sctlr_el[el], cpu->hcr_el2, cpu->scr_el3, cpu->tcr2_el[el], cpu->hcrx_el2 };
    RegimeMemo *r = memo ? &memo->regime[mmu][high][fetch] : own;
    Walk *w = &r->w;
    int level;

    G_STATIC_ASSERT(sizeof(said) == sizeof(r->said));
    if (!memo || !r->known || memcmp(r->said, said, sizeof(said)) != 0) {
        s1_regime(cpu, mmu, high, fetch, r);
        memcpy(r->said, said, sizeof(said));
        r->known = true;
    }
    if (two) {
        w->ttbr = high ? cpu->ttbr1_el[el] : cpu->ttbr0_el[el];
        w->ttbr_high = high ? cpu->ttbr1_hi_el[el] : cpu->ttbr0_hi_el[el];
    } else {
        w->ttbr = cpu->ttbr0_el[el];
        w->ttbr_high = extract64(w->ttbr, 48, 8) << 16;         /* TTBR0_EL3 has 64 bits and no ASID */
    }
    /* all bits above the input size equal bit 55 of a two-range address (those that are a tag aside), else zero */
    unsigned above = r->top - r->input_bits + 1;

    if (extract64(va, r->input_bits, above) != (high ? mask64(0, above) : 0) || r->never) {
        fail(fault, FSC_TRANSLATION, 0);
        return NULL;
    }
    level = r->start_level + (w->d128 ? (int)extract64(w->ttbr, 1, 2) : 0);        /* SKL */
    if (level > 3) {
        fail(fault, FSC_TRANSLATION, 0);
        return NULL;
    }
    w->start_level = level;
    w->memo = w->d128 || w->big_endian || w->under_stage2 ? NULL : memo;
    *ret_va = extract64(va, 0, r->input_bits);
    return w;
}

/* Stage 1 switched off: the address is the output; data is Device-nGnRnE (or Normal under HCR_EL2.DC). */
static bool s1_off(const ARMCPU *cpu, vaddr va, AccessType type, ArmMmu mmu, ArmXlat *ret, ArmFault *fault)
{
    unsigned el = arm_regime_el(cpu, mmu);
    uint64_t tcr = cpu->tcr_el[el];
    bool dc = el == 1 && arm_el2_enabled(cpu) && cpu->hcr_el2 & HCR_DC;
    bool tbi = arm_mmu_two_ranges(mmu) ? tcr >> (va >> 55 & 1 ? 38 : 37) & 1 : tcr >> 20 & 1;
    unsigned top = tbi ? 55 : 63;

    if (extract64(va, cpu->pa_bits, top - cpu->pa_bits + 1)) {
        return fail(fault, FSC_ADDRESS_SIZE, 0);
    }
    *ret = (ArmXlat){
        .pa = extract64(va, 0, cpu->pa_bits), .page_size = 4096, .prot = PROT_R | PROT_W | PROT_X,
        .pas = regime_pas(cpu, mmu), .attrs = dc ? 0xff : type == ACCESS_FETCH ? 0x44 : 0x00, .sh = dc ? 0 : 2,
        .global = true, .device = !dc && type != ACCESS_FETCH, .tagged = dc && cpu->hcr_el2 & HCR_DCT,
    };
    return true;
}

/* memo: the CPU's, for its own accesses; else NULL. */
static bool translate(ARMCPU *cpu, vaddr va, AccessType type, ArmMmu mmu, ArmXlatScope scope, ArmWalkMemo *memo, ArmXlat *ret,
                      ArmFault *fault)
{
    unsigned el = arm_regime_el(cpu, mmu);
    ArmXlat x;

    *fault = (ArmFault){ .write = faults_as_write(type) };
    if (!s1_enabled(cpu, mmu)) {
        if (!s1_off(cpu, va, type, mmu, &x, fault)) {
            return false;
        }
    } else {
        RegimeMemo own;
        const Walk *w;
        Leaf leaf;
        uint64_t in;
        bool again;

        w = s1_params(cpu, va, type, mmu, memo, &own, &in, fault);
        if (!w) {
            return false;
        }
        do {
            again = false;
            if (!walk(cpu, w, in, mmu, &leaf, fault)) {
                return false;
            }
            if (w->hpd || w->indirect) {
                leaf.table &= UINT64_C(1) << 63;
            }
            bool clean;
            Perms perms = s1_leaf_perms(cpu, w, mmu, &leaf, &clean);
            unsigned prot = perms.base & perms.overlay;

            if (!update_flags(cpu, w, mmu, &leaf, false, 0, 0, fault, &again)) {
                if (again) {
                    continue;
                }
                return false;
            }
            if (scope != XLAT_AT_ANY && !check_perms(type, perms, fault)) {
                return fail(fault, FSC_PERMISSION, leaf.level);
            }
            if (clean && needs_write(type) && !w->hd && scope != XLAT_AT_ANY) {
                fault->dirty = fault->write = true;
                return fail(fault, FSC_PERMISSION, leaf.level);
            }
            if (clean && needs_write(type) && scope == XLAT_ACCESS) {
                if (!update_flags(cpu, w, mmu, &leaf, true, UINT64_C(1) << 7, 0, fault, &again)) {
                    if (again) {
                        continue;
                    }
                    return false;
                }
            } else if (clean) {
                prot &= ~PROT_W;
            }
            unsigned index = extract64(leaf.desc, 2, 3);
            uint64_t mair = w->aie && leaf.desc >> (w->d128 ? 5 : 59) & 1 ? cpu->mair2_el[el] : cpu->mair_el[el];
            uint8_t attr = mair >> (8 * index);
            x = (ArmXlat){
                .pa = leaf.pa | (in & (leaf.size - 1)), .page_size = leaf.size, .prot = prot,
                .pas = leaf.pas == PAS_SECURE && not_secure(w, &leaf) ? PAS_NONSECURE : leaf.pas,
                .attrs = attr, .sh = w->ds ? extract64(cpu->tcr_el[el], 12, 2) : extract64(leaf.desc, 8, 2),
                .tagged = attr == 0xf0 && arm_feature(cpu, FEAT_MTE2),
                .device = (attr & 0xf0) == 0, .guarded = is_guarded(w, &leaf) && arm_feature(cpu, FEAT_BTI),
                .assured = leaf.assured,
                .global = !arm_mmu_two_ranges(mmu) ||
                          !(leaf.desc >> 11 & 1 || (leaf.table >> 63 && regime_pas(cpu, mmu) == PAS_SECURE)),
            };
        } while (again);
    }
    if (scope != XLAT_AT_STAGE_1 && scope != XLAT_AT_ANY && s2_enabled(cpu, mmu)) {
        S2Access access = { .type = type, .assured = x.assured, .at = scope != XLAT_ACCESS };
        ArmXlat s2;

        if (!translate_stage2(cpu, x.pa, x.pas, &access, mmu, &s2, fault)) {
            return false;
        }
        s2.prot &= x.prot;
        s2.page_size = MIN(s2.page_size, x.page_size);
        s2.global = x.global;
        s2.guarded = x.guarded;
        s2.tagged = x.tagged && s2.attrs == 15; /* Normal, write-back at stage 2 too */
        s2.device = s2.device || x.device;
        s2.attrs = x.attrs;
        s2.sh = MAX(s2.sh, x.sh);
        x = s2;
    }
    *ret = x;
    return true;
}

bool arm_translate_address(ARMCPU *cpu, vaddr va, AccessType type, ArmMmu mmu, ArmXlatScope scope, ArmXlat *ret,
                           ArmFault *fault)
{
    return translate(cpu, va, type, mmu, scope, NULL, ret, fault);
}

/* -- faults ------------------------------------------------------------------------------------------------------------ */

/* Records an abort of the current instruction: target level, ISS, FAR, HPFAR. */
static void raise_abort(ARMCPU *cpu, vaddr va, AccessType type, ArmMmu mmu, const ArmFault *f)
{
    unsigned target = arm_default_target_el(cpu);
    unsigned regime = arm_regime_el(cpu, mmu);
    bool fetch = type == ACCESS_FETCH;
    uint32_t iss, ec;

    /* LDTR at EL2 uses the EL2&0 regime; every stage 1 fault goes to the level that controls the regime or above */
    target = MAX(target, MAX(regime, cpu->el));
    if (f->stage2 || (regime == 1 && arm_el2_enabled(cpu) && cpu->hcr_el2 & HCR_TGE)) {
        target = MAX(target, 2);
    }
    if (f->ea) {
        if (cpu->has_el3 && cpu->scr_el3 >> 3 & 1) {
            target = 3;
        } else if (cpu->el < 2 && arm_el2_enabled(cpu) && arm_hcr_el2_eff(cpu) >> 37 & 1) {
            target = 2;
        }
    }
    iss = f->fsc | f->s1ptw << 7 | f->top_level << 21;
    if (!fetch) {
        iss |= f->write << 6 | f->cm << 8;
        ec = target > cpu->el ? EC_DABORT_LOWER : EC_DABORT_SAME;
    } else {
        ec = target > cpu->el ? EC_IABORT_LOWER : EC_IABORT_SAME;
    }
    arm_raise(cpu, target, ARM_SYNDROME(ec, iss));
    cpu->exc.iss2 = arm_mmu_is_gcs(mmu) << 8;
    if ((f->fsc & 0x3c) == FSC_PERMISSION) {
        cpu->exc.iss2 |= f->dirty << 5 | f->overlay << 6 | f->assured_only << 7;
    }
    cpu->exc.has_far = true;
    cpu->exc.far = va;
    if (f->stage2) {
        cpu->exc.has_hpfar = true;
        cpu->exc.hpfar = extract64(f->ipa, 12, 40) << 4 | (f->ns && arm_is_secure(cpu) ? UINT64_C(1) << 63 : 0);
    }
    log_printf(LOG_MMU, "arm: cpu %u: %s fault at 0x%" PRIx64 ": fsc 0x%02x%s, to EL%u\n", cpu->parent.index,
               fetch ? "fetch" : f->write ? "store" : "load", va, f->fsc, f->stage2 ? " (stage 2)" : "", target);
}

/* The fields from ISV down to AR for a load or store of one general register, as stage 2 aborts report it; else 0. */
static uint32_t access_syndrome(uint32_t insn)
{
    unsigned size = insn >> 30, opc = extract32(insn, 22, 2);
    bool release = false;

    if ((insn & 0x3f000000) == 0x18000000) {                    /* LDR, LDRSW (literal) */
        size = size == 1 ? 3 : 2;
        opc = insn >> 30 == 2 ? 2 : insn >> 30 == 3 ? 4 : 1;
    } else if ((insn & 0x3fa00000) == 0x08800000) {             /* LDAR, STLR, LDLAR, STLLR */
        opc &= 1;
        release = insn >> 15 & 1;
    } else if ((insn & 0x3f200c00) == 0x19000000) {             /* LDAPUR, STLUR */
        release = true;
    } else if ((insn & 0x3ffffc00) == 0x38bfc000) {             /* LDAPR */
        opc = 1;
        release = true;
    } else if ((insn & 0x3f000000) != 0x39000000 &&             /* unsigned offset */
               (insn & 0x3f200c00) != 0x38000000 &&             /* unscaled */
               (insn & 0x3f200c00) != 0x38000800 &&             /* unprivileged */
               (insn & 0x3f200c00) != 0x38200800) {             /* register offset */
        return 0;
    }
    if (opc == 4 || (size == 3 && opc >= 2)) {                  /* PRFM */
        return 0;
    }
    return 1u << 24 | size << 22 | (uint32_t)(opc >= 2) << 21 | extract32(insn, 0, 5) << 16 |
           (uint32_t)(size == 3 || opc == 2) << 15 | (uint32_t)release << 14;
}

uint32_t arm_access_syndrome(ARMCPU *cpu)
{
    MemTxAttrs attrs = { .privileged = 1, .requester = cpu->parent.index, .fetch = 1 };
    MemTxResult res;
    uint32_t insn;
    ArmXlat x;
    ArmFault f;

    if (!arm_translate_address(cpu, cpu->pc, ACCESS_FETCH, cpu->parent.fetch_mmu, XLAT_ACCESS, &x, &f)) {
        return 0;
    }
    attrs.pas = x.pas;
    insn = (uint32_t)address_space_ld(cpu->parent.as, x.pa, 4, false, attrs, &res);
    return res == MEMTX_OK ? access_syndrome(insn) : 0;
}

static TlbPage page_of(ARMCPU *cpu, vaddr addr, unsigned mmu, const ArmXlat *x)
{
    return (TlbPage){
        .vaddr = addr, .paddr = x->pa, .size = x->page_size, .prot = x->prot, .global = x->global,
        .attrs = { .pas = x->pas, .privileged = !arm_mmu_is_user(mmu), .requester = cpu->parent.index },
        .user = (x->guarded ? ARM_PAGE_GUARDED : 0) | (x->device ? ARM_PAGE_DEVICE : 0) | (x->tagged ? ARM_PAGE_TAGGED : 0) |
                (x->device || x->attrs == 0x44 ? 0 : ARM_PAGE_CACHEABLE),
        .watched = arm_page_watched(cpu, addr & ~mask64(0, arm_tcg_target.page_bits), BIT64(arm_tcg_target.page_bits)),
    };
}

/* The upper range of EL1&0, where no overlays and no stage 2 have a say. What MAIR_EL1 tells does not matter to a fetch. */
bool arm_code_group(CPUState *cs, unsigned mmu, CodeGroup *ret)
{
    const ARMCPU *cpu = ARM_CPU(cs);
    uint64_t id = cpu->ctx_id[mmu];

    if ((mmu != ARM_MMU_EL10_1 && mmu != ARM_MMU_EL10_1_PAN) || (id & (ARM_CTX_S1ON | ARM_CTX_S2ON)) != ARM_CTX_S1ON ||
        (id & ARM_CTX_ALL_PAS) != ARM_CTX_PAS(PAS_NONSECURE) || tcr2(cpu, 1)) {
        return false;
    }
    ret->first = UINT64_C(1) << 63;
    ret->id[0] = id & ~ARM_CTX_ALL_ASID;
    ret->id[1] = cpu->ttbr1_el[1] & mask64(0, 48);
    ret->id[2] = cpu->tcr_el[1];
    ret->id[3] = cpu->sctlr_el[1];
    return true;
}

bool arm_walk_code(CPUState *cs, vaddr addr, unsigned mmu, TlbWalk *ret)
{
    ARMCPU *cpu = ARM_CPU(cs);
    ArmXlat x;
    ArmFault f;
    bool ok;

    cpu->walk = ret;
    ok = arm_translate_address(cpu, addr, ACCESS_FETCH, mmu, XLAT_ACCESS, &x, &f);
    cpu->walk = NULL;
    if (!ok || ret->num > TLB_MAX_WALK) {
        return false;
    }
    ret->page = page_of(cpu, addr, mmu, &x);
    return true;
}

bool arm_tlb_fill(CPUState *cs, vaddr addr, unsigned size G_GNUC_UNUSED, AccessType type, unsigned mmu, bool probe)
{
    ARMCPU *cpu = ARM_CPU(cs);
    ArmXlat x;
    ArmFault f;

    if (!cpu->walk_memo) {
        cpu->walk_memo = g_new0(ArmWalkMemo, 1);
    }
    if (!translate(cpu, addr, type, mmu, XLAT_ACCESS, cpu->walk_memo, &x, &f)) {
        if (!probe) {
            raise_abort(cpu, addr, type, mmu, &f);
        }
        return false;
    }
    log_printf(LOG_MMU, "arm: cpu %u: 0x%" PRIx64 " -> 0x%" PRIx64 " size 0x%" PRIx64 " prot %u mmu %u\n", cs->index,
               addr, x.pa, x.page_size, x.prot, mmu);
    cpu->rcw_page = cpu->rcw_page || (cpu->rcw && x.mostly_readonly);
    TlbPage page = page_of(cpu, addr, mmu, &x);

    tlb_set_page(cs, mmu, &page);
    return true;
}

void arm_tag_fault(ARMCPU *cpu, vaddr addr, AccessType type, unsigned mmu)
{
    ArmFault f = { .fsc = FSC_TAG_CHECK, .write = type == ACCESS_STORE };

    raise_abort(cpu, addr, type, mmu, &f);
}

void arm_unsupported_access(ARMCPU *cpu, vaddr addr, AccessType type, unsigned mmu)
{
    ArmFault f = { .fsc = FSC_ATOMIC_UNSUPPORTED, .write = type == ACCESS_STORE };

    raise_abort(cpu, addr, type, mmu, &f);
}

void arm_unaligned(CPUState *cs, vaddr addr, AccessType type, unsigned mmu)
{
    ArmFault f = { .fsc = FSC_ALIGNMENT, .write = faults_as_write(type) };

    raise_abort(ARM_CPU(cs), addr, type, mmu, &f);
}

void arm_bus_error(CPUState *cs, vaddr addr, hwaddr paddr, AccessType type, unsigned mmu, MemTxResult why)
{
    ArmFault f = { .fsc = FSC_SYNC_EXTERNAL, .write = faults_as_write(type), .ea = true };

    log_guest_error("arm: cpu %u: %s of 0x%" PRIx64 " (physical 0x%" PRIx64 "): %s: external abort\n", cs->index,
                    type == ACCESS_FETCH ? "fetch" : needs_write(type) ? "store" : "load", addr, paddr,
                    why == MEMTX_DECODE_ERROR ? "nothing is there" : "refused by the device");
    raise_abort(ARM_CPU(cs), addr, type, mmu, &f);
}

bool arm_debug_translate(CPUState *cs, vaddr addr, hwaddr *ret_paddr, MemTxAttrs *ret_attrs)
{
    ARMCPU *cpu = ARM_CPU(cs);
    ArmMmu mmu = cpu->el == 3 ? ARM_MMU_EL3 : cpu->el == 2 ? (arm_hcr_e2h(cpu) ? ARM_MMU_EL20_2 : ARM_MMU_EL2) :
                 arm_is_in_host(cpu) ? ARM_MMU_EL20_2 : ARM_MMU_EL10_1;
    ArmXlat x;
    ArmFault f;

    if (!arm_translate_address(cpu, addr, ACCESS_LOAD, mmu, XLAT_ACCESS, &x, &f)) {
        return false;
    }
    *ret_paddr = x.pa;
    *ret_attrs = (MemTxAttrs){ .pas = x.pas, .privileged = 1, .debug = 1, .requester = MEMTX_NO_REQUESTER };
    return true;
}

/* isPARFormatD128: registers as they are, whatever enables them. */
static bool par_is_wide(const ARMCPU *cpu, ArmMmu mmu, ArmXlatScope scope)
{
    unsigned el = arm_regime_el(cpu, mmu);

    if (!arm_feature(cpu, FEAT_D128) || mmu == ARM_MMU_EL2) {
        return false;
    }
    if (el == 3) {
        return cpu->tcr_el[3] & TCR_EL3_D128;
    }
    if (el == 1 && scope == XLAT_AT && arm_el2_enabled(cpu) && cpu->hcr_el2 & (HCR_VM | HCR_DC)) {
        return cpu->vtcr_el2 & VTCR_D128;
    }
    return cpu->tcr2_el[el] & TCR2_D128;
}

void arm_at(ARMCPU *cpu, vaddr va, AccessType type, ArmMmu mmu, ArmXlatScope scope)
{
    bool wide = par_is_wide(cpu, mmu, scope);
    ArmXlat x;
    ArmFault f;

    if (arm_translate_address(cpu, va, type, mmu, scope, &x, &f)) {
        uint64_t page = x.pa & mask64(12, 44);

        cpu->par_el1 = (wide ? 0 : page) | (uint64_t)x.attrs << 56 | (x.device ? 2 : x.sh) << 7 |
                       (x.pas == PAS_NONSECURE) << 9 | 1 << 11;
        cpu->par_hi_el1 = wide ? page | 1 : 0;
    } else if (f.ea || (cpu->el == 1 && f.s1ptw)) {
        f.cm = f.write = true;
        raise_abort(cpu, va, type, mmu, &f);
    } else {
        cpu->par_el1 = 1 | f.fsc << 1 | f.s1ptw << 8 | f.stage2 << 9 | 1 << 11 | f.assured_only << 12 |
                       f.top_level << 13 | f.overlay << 14 | f.dirty << 15;
        cpu->par_hi_el1 = wide;
    }
}
