/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory protection and security attribution: the default memory map, PMSAv6, v7 and v8, SAU, IDAU and TT (Armv8-M ARM,
 * DDI 0553, B9 and B8; Armv7-M ARM, DDI 0403, B3.5; Armv6-M ARM, DDI 0419, B3.5).
 *
 * Virtual addresses are physical. What an access may do is found once for a piece of memory in which all is alike and
 * kept in the TLB, whose page is 1 KiB: smaller pieces are entries for a part of a page. MPU_CTRL is part of the
 * translation context, so that an RTOS that turns the MPU off and on flushes nothing; a change of a region flushes
 * what the region covers.
 */
#include "targets/arm/m_int.h"

enum { PAGE = 1 << ARM_M_PAGE_BITS };
enum { SG_INSN = 0xe97fe97f };

/* -- pieces ---------------------------------------------------------------------------------------------------------- */

/* Cuts [*lo, *hi] around addr at the borders of [first, last]; returns whether addr is in that. */
static bool cut(uint32_t addr, uint32_t first, uint32_t last, uint32_t *lo, uint32_t *hi)
{
    if (addr < first) {
        *hi = MIN(*hi, first - 1);
        return false;
    }
    if (addr > last) {
        *lo = MAX(*lo, last + 1);
        return false;
    }
    *lo = MAX(*lo, first);
    *hi = MIN(*hi, last);
    return true;
}

static bool is_system_space(uint32_t addr)
{
    return addr >> 20 == 0xe00;
}

/* The default memory map: rights of privileged and other software alike. */
static unsigned default_prot(uint32_t addr)
{
    static const uint8_t executable = 0x1b;     /* by 512 MiB: code, SRAM, external RAM */

    return PROT_R | PROT_W | (executable >> (addr >> 29) & 1 ? PROT_X : 0);
}

/* Devices, the system space, and what a vendor adds to it. */
static bool default_is_device(uint32_t addr)
{
    static const uint8_t device = 0xe4;

    return device >> (addr >> 29) & 1;
}

/* -- MPU --------------------------------------------------------------------------------------------------------------- */

static unsigned prot_of_ap(unsigned ap, bool privileged)
{
    static const uint8_t rights[2][8] = {
        { 0, 0, PROT_R, PROT_R | PROT_W, 0, 0, PROT_R, PROT_R },
        { 0, PROT_R | PROT_W, PROT_R | PROT_W, PROT_R | PROT_W, 0, PROT_R, PROT_R, PROT_R },
    };

    return rights[privileged][ap];
}

/* Armv6-M, Armv7-M: the region of the highest number decides; parts of one can be left out. */
static int find_region_v7(const ARMMCPU *cpu, uint32_t addr, uint32_t *lo, uint32_t *hi)
{
    for (int i = (int)cpu->system->num_regions[M_NS] - 1; i >= 0; i--) {
        const ArmMRegion *r = &cpu->system->region[M_NS][i];
        unsigned bits = extract32(r->rlar, 1, 5) + 1;
        uint32_t mask, base;

        if (!(r->rlar & 1) || bits < 5) {
            continue;
        }
        mask = bits == 32 ? UINT32_MAX : mask32(0, bits);
        base = r->rbar & ~mask;
        if (!cut(addr, base, base | mask, lo, hi)) {
            continue;
        }
        if (bits >= 8 && r->rlar & 0xff00) {
            unsigned sub = (addr & mask) >> (bits - 3);
            uint32_t sub_mask = mask >> 3, start = base + sub * (sub_mask + 1);

            cut(addr, start, start | sub_mask, lo, hi);
            if (r->rlar >> (8 + sub) & 1) {
                continue;
            }
        }
        return i;
    }
    return -1;
}

/* Armv8-M: two regions at one address are none. */
static int find_region_v8(const ARMMCPU *cpu, uint32_t addr, unsigned bank, bool *ret_several, uint32_t *lo, uint32_t *hi)
{
    int found = -1;

    *ret_several = false;
    for (unsigned i = 0; i < cpu->system->num_regions[bank]; i++) {
        const ArmMRegion *r = &cpu->system->region[bank][i];

        if (r->rlar & 1 && (r->rbar & ~31u) <= (r->rlar | 31) && cut(addr, r->rbar & ~31u, r->rlar | 31, lo, hi)) {
            *ret_several |= found >= 0;
            found = i;
        }
    }
    return *ret_several ? -1 : found;
}

void arm_m_mpu_check(const ARMMCPU *cpu, uint32_t addr, unsigned bank, bool privileged, bool enabled, ArmMPermission *ret)
{
    uint32_t ctrl = m_reg(cpu, MR_MPU_CTRL, bank), lo = addr & ~(uint32_t)(PAGE - 1), hi = addr | (PAGE - 1);
    unsigned prot = default_prot(addr);
    bool several = false;
    int i;

    ret->region = -1;
    ret->device = default_is_device(addr);
    if (!(ctrl & MPU_CTRL_ENABLE) || !enabled || is_system_space(addr)) {
        ret->prot = prot;
        ret->lo = lo;
        ret->hi = hi;
        return;
    }
    i = m_has(cpu, ARM_M_HAS_V8) ? find_region_v8(cpu, addr, bank, &several, &lo, &hi) : find_region_v7(cpu, addr, &lo, &hi);
    if (i >= 0) {
        const ArmMRegion *r = &cpu->system->region[bank][i];

        if (m_has(cpu, ARM_M_HAS_V8)) {
            /* AP[2:1]: read-only, and for both */
            prot = r->rbar & 2 || privileged ? PROT_R | (r->rbar & 4 ? 0 : PROT_W) : 0;
            prot |= prot && !(r->rbar & 1) ? PROT_X : 0;
            ret->device = !(cpu->system->mair[bank][extract32(r->rlar, 3, 1)] >> (8 * extract32(r->rlar, 1, 2)) & 0xf0);
        } else {
            prot = prot_of_ap(extract32(r->rlar, 24, 3), privileged);
            prot |= prot && !(r->rlar >> 28 & 1) ? PROT_X : 0;
        }
        ret->region = i;
    } else if (several || !(ctrl & MPU_CTRL_PRIVDEFENA) || !privileged) {
        prot = 0;
    }
    if (addr >= 0xe0000000) {
        prot &= ~(unsigned)PROT_X;              /* whatever a region says */
    }
    ret->prot = prot;
    ret->lo = lo;
    ret->hi = hi;
}

/* -- SAU and IDAU ---------------------------------------------------------------------------------------------------- */

/* What belongs to whoever asks: the processor's own registers, and the ROM table. */
static bool is_exempt(uint32_t addr)
{
    uint32_t page = addr >> 12;

    return page == 0xe0000 || page == 0xe0001 || page == 0xe0002 || page == 0xe000e || page == 0xe002e ||
           page == 0xe0040 || page == 0xe0041 || page == 0xe00ff;
}

void arm_m_security_check(ARMMCPU *cpu, uint32_t addr, bool fetch, bool secure, ArmMSecurity *ret)
{
    const ArmMSystem *s = cpu->system;
    ArmIdauResult idau = { .ns = true, .region = -1 };
    uint32_t ctrl = *m_reg1(cpu, MR_SAU_CTRL);
    bool several = false;

    *ret = (ArmMSecurity){
        .sregion = -1, .iregion = -1, .lo = addr & ~(uint32_t)(PAGE - 1), .hi = addr | (PAGE - 1),
    };
    if (!cpu->has_security) {
        ret->ns = true;
        return;
    }
    if (cpu->idau) {
        ArmIdau *i = ARM_IDAU(cpu->idau);

        idau = i->check(i, addr);
        ret->iregion = idau.region;
    }
    if (fetch && addr >= 0xf0000000) {
        return;
    }
    if (is_exempt(addr) || idau.exempt) {
        ret->ns = !secure;
        return;
    }
    if (ctrl & 1) {
        for (unsigned i = 0; i < s->num_sau; i++) {
            const ArmMRegion *r = &s->sau[i];

            if (r->rlar & 1 && (r->rbar & ~31u) <= (r->rlar | 31) &&
                cut(addr, r->rbar & ~31u, r->rlar | 31, &ret->lo, &ret->hi)) {
                several |= ret->sregion >= 0;
                ret->sregion = i;
                ret->nsc = r->rlar & 2;
                ret->ns = !ret->nsc;
            }
        }
        if (several) {
            ret->sregion = -1;
            ret->ns = ret->nsc = false;
        }
    } else {
        ret->ns = ctrl & 2;                     /* ALLNS */
    }
    /* the stricter of the two */
    if (!idau.ns && (ret->ns || (ret->nsc && !idau.nsc))) {
        ret->ns = false;
        ret->nsc = idau.nsc;
    }
}

/* -- TLB --------------------------------------------------------------------------------------------------------------- */

typedef struct Access {
    unsigned prot;
    MemTxAttrs attrs;
    ArmMFault fault;                            /* of a type that prot lacks */
    bool device;
    uint32_t lo, hi;
} Access;

/* Non-secure software at the Secure address of an entry point: SG in memory that Non-secure software may call. */
static bool is_entry(ARMMCPU *cpu, uint32_t addr, const ArmMSecurity *sec)
{
    MemTxAttrs attrs = { .pas = PAS_SECURE, .privileged = 1, .fetch = 1, .requester = cpu->parent.index };
    MemTxResult r;

    if (!sec->nsc || sec->hi - addr < 3) {
        return false;
    }
    return address_space_ld(cpu->parent.as, addr, 2, false, attrs, &r) == (SG_INSN & 0xffff) && r == MEMTX_OK &&
           address_space_ld(cpu->parent.as, addr + 2, 2, false, attrs, &r) == SG_INSN >> 16 && r == MEMTX_OK;
}

static void find(ARMMCPU *cpu, uint32_t addr, AccessType type, unsigned mmu, Access *ret)
{
    bool secure = m_mmu_is_secure(mmu), neg = m_mmu_is_neg(mmu), privileged = m_mmu_is_privileged(mmu);
    bool fetch = type == ACCESS_FETCH;
    ArmMSecurity sec;
    ArmMPermission mpu;
    unsigned may = PROT_R | PROT_W | PROT_X;

    arm_m_security_check(cpu, addr, fetch, secure, &sec);
    arm_m_mpu_check(cpu, addr, secure ? M_S : M_NS, privileged, !neg, &mpu);
    ret->fault = fetch ? M_FAULT_IACCVIOL : M_FAULT_DACCVIOL;
    if (cpu->has_security && secure && sec.ns) {
        may = PROT_R | PROT_W;
        if (fetch) {
            ret->fault = M_FAULT_INVTRAN;
        }
    } else if (cpu->has_security && !secure && !sec.ns) {
        /* only an SG may be fetched, by the rights of the state that it leads to */
        may = fetch && sec.nsc ? PROT_X : 0;
        ret->fault = fetch ? M_FAULT_INVEP : M_FAULT_AUVIOL;
        if (may) {
            arm_m_mpu_check(cpu, addr, M_S, privileged, !neg, &mpu);
            ret->fault = M_FAULT_IACCVIOL;
        }
    }
    ret->prot = mpu.prot & may;
    ret->attrs = (MemTxAttrs){
        .pas = sec.ns ? PAS_NONSECURE : PAS_SECURE, .privileged = privileged, .requester = cpu->parent.index,
    };
    ret->device = mpu.device;
    ret->lo = MAX(sec.lo, mpu.lo);
    ret->hi = MIN(sec.hi, mpu.hi);
}

static bool permits(unsigned prot, AccessType type)
{
    static const uint8_t need[] = {
        [ACCESS_LOAD] = PROT_R, [ACCESS_STORE] = PROT_W, [ACCESS_FETCH] = PROT_X, [ACCESS_RMW] = PROT_R | PROT_W,
    };

    return (prot & need[type]) == need[type];
}

bool arm_m_access(ARMMCPU *cpu, uint32_t addr, AccessType type, unsigned mmu, MemTxAttrs *ret_attrs, ArmMFault *ret_fault)
{
    Access a;

    find(cpu, addr, type, mmu, &a);
    *ret_attrs = a.attrs;
    *ret_fault = a.fault;
    return permits(a.prot, type);
}

bool arm_m_tlb_fill(CPUState *cs, vaddr addr, unsigned size G_GNUC_UNUSED, AccessType type, unsigned mmu, bool probe)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);
    Access a = { .fault = type == ACCESS_FETCH ? M_FAULT_IACCVIOL : M_FAULT_DACCVIOL };
    uint64_t piece = PAGE;

    if (addr <= UINT32_MAX) {
        find(cpu, addr, type, mmu, &a);
    }
    if (!permits(a.prot, type)) {
        if (!probe) {
            arm_m_raise_at(cpu, a.fault, addr);
        }
        return false;
    }
    /* the largest aligned power of two that is alike */
    while (piece > 32 && ((addr & ~(piece - 1)) < a.lo || (addr | (piece - 1)) > a.hi)) {
        piece >>= 1;
    }
    tlb_set_page(cs, mmu, &(TlbPage){
        .vaddr = addr, .paddr = addr, .size = piece, .prot = a.prot, .attrs = a.attrs,
        .watched = (a.device && m_has(cpu, ARM_M_HAS_V8)) || arm_m_dwt_watches(cpu, addr & ~(uint32_t)(PAGE - 1), PAGE),
    });
    return true;
}

bool arm_m_is_device(const ARMMCPU *cpu, uint32_t addr, unsigned mmu)
{
    ArmMPermission mpu;

    arm_m_mpu_check(cpu, addr, m_mmu_is_secure(mmu) ? M_S : M_NS, m_mmu_is_privileged(mmu), !m_mmu_is_neg(mmu), &mpu);
    return mpu.device;
}

bool arm_m_check_pc(CPUState *cs)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);
    ArmMSecurity sec;

    cpu->pc &= UINT32_MAX - 1;
    if (!cpu->has_security || cpu->secure) {
        return true;
    }
    arm_m_security_check(cpu, cpu->pc, true, false, &sec);
    if (sec.ns || is_entry(cpu, cpu->pc, &sec)) {
        return true;
    }
    arm_m_raise_at(cpu, M_FAULT_INVEP, cpu->pc);
    return false;
}

bool arm_m_debug_translate(CPUState *cs, vaddr addr, hwaddr *ret_paddr, MemTxAttrs *ret_attrs)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);
    ArmMSecurity sec;

    arm_m_security_check(cpu, addr, false, cpu->secure, &sec);
    *ret_paddr = addr & UINT32_MAX;
    *ret_attrs = MEMTX_ATTRS_DEBUG;
    ret_attrs->pas = sec.ns ? PAS_NONSECURE : PAS_SECURE;
    return true;
}

/* -- changes ------------------------------------------------------------------------------------------------------------ */

void arm_m_flush_all(ARMMCPU *cpu)
{
    static const TlbFlush all = { .globals = true };

    tlb_flush(&cpu->parent, &all);
    cpu_leave(&cpu->parent);
}

/* What [first, last] was entered as is not any more. */
static void flush_range(ARMMCPU *cpu, uint32_t first, uint32_t last)
{
    TlbFlush f = { .addr = first, .size = (uint64_t)last - first + 1 };

    if (first <= last) {
        tlb_flush(&cpu->parent, &f);
        cpu_leave(&cpu->parent);
    }
}

static void flush_region(ARMMCPU *cpu, unsigned bank, const ArmMRegion *r)
{
    if (!(r->rlar & 1) || !(m_reg(cpu, MR_MPU_CTRL, bank) & MPU_CTRL_ENABLE)) {
        return;
    }
    if (m_has(cpu, ARM_M_HAS_V8)) {
        flush_range(cpu, r->rbar & ~31u, r->rlar | 31);
    } else {
        unsigned bits = extract32(r->rlar, 1, 5) + 1;
        uint32_t mask = bits == 32 ? UINT32_MAX : mask32(0, bits);

        flush_range(cpu, r->rbar & ~mask, r->rbar | mask);
    }
}

void arm_m_mpu_ctrl_changed(ARMMCPU *cpu, const ArmMReg *r G_GNUC_UNUSED, unsigned bank)
{
    static const uint8_t regimes[2][2] = {
        { ARM_M_MMU_UNPRIV, ARM_M_MMU_PRIV }, { ARM_M_MMU_S_UNPRIV, ARM_M_MMU_S_PRIV },
    };
    uint32_t ctrl = m_reg(cpu, MR_MPU_CTRL, bank), *generation = &cpu->mpu_generation[bank];

    /* while it was off, changes of regions flushed nothing: what was entered then belongs to no context any more */
    if (ctrl & MPU_CTRL_ENABLE && cpu->mpu_changed[bank]) {
        (*generation)++;
        cpu->mpu_changed[bank] = false;
    }
    for (unsigned i = 0; i < 2; i++) {
        uint64_t id = ctrl & MPU_CTRL_ENABLE ? (uint64_t)*generation << 8 | 8 | ctrl : 0;

        tlb_set_context(&cpu->parent, regimes[bank][i], id, id);
    }
    cpu_key_changed(&cpu->parent);
    cpu_leave(&cpu->parent);
}

/* The region that word n of the RBAR/RASR/RLAR rows and aliases names. */
static ArmMRegion *region_of(ARMMCPU *cpu, unsigned n, unsigned bank)
{
    unsigned i = m_reg(cpu, MR_MPU_RNR, bank);

    if (m_has(cpu, ARM_M_HAS_V8) && n >= 2) {
        i = (i & ~3u) + n / 2;                  /* aliases: the others of four */
    }
    return i < cpu->system->num_regions[bank] ? &cpu->system->region[bank][i] : NULL;
}

uint32_t arm_m_mpu_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank)
{
    const ArmMSystem *s = cpu->system;
    const ArmMRegion *g;

    switch ((ArmMRegId)(r - arm_m_regs)) {
    case MR_MPU_TYPE:
        return s->num_regions[bank] << 8;
    case MR_MPU_MAIR:
        return s->mair[bank][n];
    default:
        g = region_of(cpu, n, bank);
        if (!g) {
            return 0;
        }
        if (n & 1) {
            return g->rlar;
        }
        return m_has(cpu, ARM_M_HAS_V8) ? g->rbar : (g->rbar & ~31u) | (m_reg(cpu, MR_MPU_RNR, bank) & 15);
    }
}

void arm_m_mpu_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank, uint32_t value, uint32_t lanes)
{
    ArmMSystem *s = cpu->system;
    bool v8 = m_has(cpu, ARM_M_HAS_V8), main = m_has(cpu, ARM_M_HAS_MAIN);
    ArmMRegion *g, was;

    if (r - arm_m_regs == MR_MPU_MAIR) {
        s->mair[bank][n] = (s->mair[bank][n] & ~lanes) | value;
        arm_m_flush_all(cpu);                   /* what is Device memory */
        return;
    }
    if (!v8 && !(n & 1) && value & 1 << 4) {
        s->reg[MR_MPU_RNR][bank] = value & 15;  /* VALID: REGION is the number */
    }
    g = region_of(cpu, n, bank);
    if (!g) {
        log_guest_error("arm: cpu %u: MPU region %u does not exist\n", cpu->parent.index, m_reg(cpu, MR_MPU_RNR, bank));
        return;
    }
    was = *g;
    if (n & 1) {
        /* Armv6-M has no TEX */
        uint32_t rw = v8 ? UINT32_MAX & ~(1u << 4) : main ? 0x173fff3f : 0x1707ff3f;

        g->rlar = (g->rlar & ~(lanes & rw)) | (value & lanes & rw);
    } else {
        /* Armv6-M has regions of 256 bytes and more */
        uint32_t rw = v8 ? UINT32_MAX : main ? ~31u : ~255u;

        g->rbar = (g->rbar & ~(lanes & rw)) | (value & lanes & rw);
    }
    if (was.rbar == g->rbar && was.rlar == g->rlar) {
        return;
    }
    if (m_reg(cpu, MR_MPU_CTRL, bank) & MPU_CTRL_ENABLE) {
        flush_region(cpu, bank, &was);
        flush_region(cpu, bank, g);
    } else {
        cpu->mpu_changed[bank] = true;
    }
}

uint32_t arm_m_sau_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n G_GNUC_UNUSED, unsigned bank G_GNUC_UNUSED)
{
    const ArmMSystem *s = cpu->system;
    unsigned i = *m_reg1(cpu, MR_SAU_RNR);

    switch ((ArmMRegId)(r - arm_m_regs)) {
    case MR_SAU_TYPE:
        return s->num_sau;
    case MR_SAU_RBAR:
        return i < s->num_sau ? s->sau[i].rbar : 0;
    default:
        return i < s->num_sau ? s->sau[i].rlar : 0;
    }
}

void arm_m_sau_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n G_GNUC_UNUSED, unsigned bank G_GNUC_UNUSED, uint32_t value,
                     uint32_t lanes)
{
    ArmMSystem *s = cpu->system;
    unsigned i = *m_reg1(cpu, MR_SAU_RNR);
    uint32_t *ctrl = m_reg1(cpu, MR_SAU_CTRL);

    if (r - arm_m_regs == MR_SAU_CTRL) {
        *ctrl = (*ctrl & ~(lanes & 3)) | (value & lanes & 3);
    } else if (i >= s->num_sau) {
        log_guest_error("arm: cpu %u: SAU region %u does not exist\n", cpu->parent.index, i);
        return;
    } else if (r - arm_m_regs == MR_SAU_RBAR) {
        s->sau[i].rbar = ((s->sau[i].rbar & ~lanes) | (value & lanes)) & ~31u;
    } else {
        s->sau[i].rlar = ((s->sau[i].rlar & ~lanes) | (value & lanes)) & ~28u;
    }
    arm_m_flush_all(cpu);
    cpu_key_changed(&cpu->parent);
}

/* -- TT ------------------------------------------------------------------------------------------------------------------ */

uint32_t arm_m_tt(ARMMCPU *cpu, uint32_t addr, bool unprivileged, bool alternate)
{
    unsigned bank = alternate ? M_NS : m_bank(cpu);
    bool thread_privileged = !(cpu->control[bank] & CONTROL_nPRIV);
    bool privileged = !unprivileged && (cpu->exception || thread_privileged);
    unsigned mmu = arm_m_mmu(cpu, bank == M_S, privileged);
    ArmMPermission mpu;
    ArmMSecurity sec;
    uint32_t resp = 0;

    arm_m_mpu_check(cpu, addr, bank, privileged, !m_mmu_is_neg(mmu), &mpu);
    arm_m_security_check(cpu, addr, false, cpu->secure, &sec);
    if (m_is_privileged(cpu) || alternate) {
        if (mpu.region >= 0) {
            resp |= mpu.region | 1 << 16;
        }
        resp |= mpu.prot & PROT_R ? 1 << 18 : 0;
        resp |= (mpu.prot & (PROT_R | PROT_W)) == (PROT_R | PROT_W) ? 1 << 19 : 0;
    }
    if (cpu->has_security && cpu->secure) {
        resp |= sec.sregion >= 0 ? sec.sregion << 8 | 1 << 17 : 0;
        resp |= sec.ns && resp & 1 << 18 ? 1 << 20 : 0;
        resp |= sec.ns && resp & 1 << 19 ? 1 << 21 : 0;
        resp |= sec.ns ? 0 : 1 << 22;
        resp |= sec.iregion >= 0 ? 1 << 23 | (uint32_t)sec.iregion << 24 : 0;
    }
    return resp;
}
