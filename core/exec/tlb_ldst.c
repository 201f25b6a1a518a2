/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guest accesses that generated code does not do inline, and accesses by C code: everything that is not an aligned
 * access to plain RAM in level 1 of the TLB.
 *
 * RAM is accessed with host atomics of the access's size, so that what the guest is promised as single-copy atomic is.
 * An access that crosses a page has both pages checked first. A device is called under its lock, in sizes that it
 * accepts. A store that changes translated code leaves before its instruction (redo), which is then run alone.
 */
#include "core/bits.h"
#include "core/exec/host16_int.h"
#include "core/exec/memory_int.h"
#include "core/exec/tb_int.h"
#include "core/log.h"

static uint64_t page_mask(CPUState *cs)
{
    return BIT64(cs->exec->ec->cc->tcg->page_bits) - 1;
}

/* -- the host's accesses --------------------------------------------------------------------------------------------- */

static uint64_t host_load(const void *p, unsigned size)
{
    switch (size) {
    case 1:
        return __atomic_load_n((const uint8_t *)p, __ATOMIC_ACQUIRE);
    case 2:
        return __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE);
    case 4:
        return __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
    default:
        return __atomic_load_n((const uint64_t *)p, __ATOMIC_ACQUIRE);
    }
}

/* As an atomic operation, which thread checkers know. */
static void full_fence(void)
{
    unsigned word = 0;

    __atomic_exchange_n(&word, 1, __ATOMIC_SEQ_CST);
}

static void host_store(void *p, uint64_t v, unsigned size, bool release)
{
    switch (size) {
    case 1:
        __atomic_store_n((uint8_t *)p, v, __ATOMIC_RELEASE);
        break;
    case 2:
        __atomic_store_n((uint16_t *)p, v, __ATOMIC_RELEASE);
        break;
    case 4:
        __atomic_store_n((uint32_t *)p, v, __ATOMIC_RELEASE);
        break;
    default:
        __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELEASE);
        break;
    }
    if (release) {                              /* ordered before later acquiring loads too */
        full_fence();
    }
}

static void host_store16(void *p, u128 v)
{
    u128 old = host_load16(p);

    while (!host_cas16(p, &old, v)) {
    }
}

/* Any alignment. within16: at once if it lies in 16 aligned bytes; else byte by byte, aligned halves whole. */
static void load_bytes(const uint8_t *p, void *ret, unsigned size, MemOp mo)
{
    if (((uintptr_t)p & 15) + size <= 16 && (mo & MO_ATOM) == MO_ATOM_WITHIN16) {
        u128 v = host_load16((void *)((uintptr_t)p & ~(uintptr_t)15));

        memcpy(ret, (uint8_t *)&v + ((uintptr_t)p & 15), size);
    } else if (size == 16 && ((uintptr_t)p & 7) == 0) {
        uint64_t v[2] = { host_load(p, 8), host_load(p + 8, 8) };

        memcpy(ret, v, 16);
    } else {
        ram_read(p, ret, size);
    }
}

static void store_bytes(uint8_t *p, const void *value, unsigned size, MemOp mo)
{
    if (((uintptr_t)p & 15) + size <= 16 && (mo & MO_ATOM) == MO_ATOM_WITHIN16) {
        void *block = (void *)((uintptr_t)p & ~(uintptr_t)15);
        u128 old, v;

        if (size == 16) {
            memcpy(&v, value, 16);
            host_store16(block, v);
            return;
        }
        old = host_load16(block);
        do {
            v = old;
            memcpy((uint8_t *)&v + ((uintptr_t)p & 15), value, size);
        } while (!host_cas16(block, &old, v));
    } else if (size == 16 && ((uintptr_t)p & 7) == 0) {
        host_store(p, ldq_le_p(value), 8, false);
        host_store(p + 8, ldq_le_p((const uint8_t *)value + 8), 8, false);
    } else {
        ram_write(p, value, size);
    }
}

/* -- what every access asks first --------------------------------------------------------------------------------- */

static bool aligned(CPUState *cs, vaddr addr, MemOp mo, AccessType type)
{
    unsigned size = memop_size(mo);
    bool ok;

    switch (mo & MO_ALIGN) {
    case MO_ALIGN_NATURAL:
        ok = (addr & (size - 1)) == 0;
        break;
    case MO_ALIGN_WITHIN16:
        ok = (addr & 15) + size <= 16;
        break;
    case MO_ALIGN_4:
        ok = (addr & 3) == 0;
        break;
    case MO_ALIGN_8:
        ok = (addr & 7) == 0;
        break;
    case MO_ALIGN_16:
        ok = (addr & 15) == 0;
        break;
    default:
        ok = true;
        break;
    }
    if (ok && (mo & MO_KIND) == MO_TAGGED) {
        return cs->exec->ec->cc->check_tags(cs, addr, size, type, memop_mmu(mo));
    }
    if (!ok && (mo & MO_KIND) != MO_PROBE) {
        cs->exec->ec->cc->unaligned(cs, addr, type, memop_mmu(mo));
    }
    return ok;
}

static void redo_alone(CPUState *cs)
{
    cs->exec->redo = REDO_ALONE;
    cs->raised = 1;
}

/*
 * Whether what runs may be of the page that is stored to. Blocks have one page, edges between them and regions lead nowhere
 * else but in user mode, and who jumps by a register has stored the PC: so that tells the page.
 */
static bool runs_there(CPUState *cs, const TlbInfo *info, uint64_t in_page)
{
    const CPUClass *cc = cs->exec->ec->cc;
    vaddr pc = cc->get_pc(cs);
    TlbInfo code;

    if (cs->exec->x->user || !tlb_find(cs, pc, 1u << cc->insn_align, ACCESS_FETCH, cs->fetch_mmu, true, &code)) {
        return true;
    }
    return code.mr && code.mr->ram == info->mr->ram &&
           (code.offset + (pc & page_mask(cs))) / CODE_PAGE == (info->offset + in_page) / CODE_PAGE;
}

/* Before a store to RAM. False: leave; the instruction will be run alone. Code of other pages goes while this goes on. */
static bool may_store(CPUState *cs, const TlbInfo *info, uint64_t in_page, unsigned size)
{
    if (!cs->exec->alone && tb_store_hits(cs->exec->x, info->mr->ram, info->offset + in_page, size) &&
        runs_there(cs, info, in_page)) {
        redo_alone(cs);
        return false;
    }
    return true;
}

/* After it: what was translated goes, or the page turns out to hold no code any more. */
static void stored(CPUState *cs, const TlbInfo *info, vaddr addr, unsigned size, unsigned mmu)
{
    uint64_t in_page = addr - info->page;

    tb_invalidate(cs->exec->x, cs, info->mr->ram, info->offset + in_page, size);
    tlb_clear_code(cs, addr, mmu);
}

/* -- parts: what lies in one piece of one page, in memory order ------------------------------------------------------ */

static bool device(CPUState *cs, const TlbInfo *info, vaddr addr, uint8_t *buf, unsigned len, AccessType type, MemOp mo,
                   bool write)
{
    uint64_t in_page = addr - info->page;
    MemTxResult r = MEMTX_OK;
    const TcgBackend *inside;
    unsigned done = 0;

    if ((mo & MO_KIND) != MO_PROBE && !cpu_exact(cs)) {
        return false;
    }
    while (r == MEMTX_OK && done < len) {
        hwaddr offset = info->offset + in_page + done;
        unsigned n = len - done > 8 ? 8 : len - done;
        uint64_t v = 0;

        if (!is_pow2(n) || (offset & (n - 1))) {
            /* A piece of an access that crosses a page: what the device takes. */
            n = info->mr && info->mr->ops ? memory_region_best_size(info->mr, offset, n) : 1;
        }
        if (!info->mr) {
            log_guest_error("cpu %u: %s at 0x%" G_GINT64_MODIFIER "x, where nothing is\n", cs->index,
                            write ? "store" : "load", info->paddr + in_page);
            r = MEMTX_DECODE_ERROR;
        } else if (!info->mr->ops) {
            if (info->mr->kind == MR_RAM && write) {    /* ROM */
                log_guest_error("cpu %u: store to ROM at 0x%" G_GINT64_MODIFIER "x ignored\n", cs->index,
                                info->paddr + in_page);
                return true;
            }
            r = MEMTX_DECODE_ERROR;
        } else if (n == 0) {
            r = MEMTX_DECODE_ERROR;
        } else {
            if (write) {
                memcpy(&v, buf + done, n);
                stats_inc(&cs->exec->stats, STAT_mmio_write);
            } else {
                stats_inc(&cs->exec->stats, STAT_mmio_read);
            }
            inside = tcg_fp_pause(&cs->fp);
            r = memory_region_access(info->mr, offset, n, &v, info->attrs, write);
            tcg_fp_resume(&cs->fp, inside);
            if (!write) {
                memcpy(buf + done, &v, n);
            }
            if (log_enabled(LOG_TRACE_HASH)) {
                trace_event(cs, write ? TRACE_WRITE : TRACE_READ, info->paddr + in_page + done, v);
            }
        }
        if (r == MEMTX_OK) {
            done += n;
        }
    }
    if (r != MEMTX_OK) {
        if ((mo & MO_KIND) != MO_PROBE) {
            cs->exec->ec->cc->bus_error(cs, addr + done, info->paddr + in_page + done, type, memop_mmu(mo), r);
        }
        return false;
    }
    return true;
}

static bool is_ram(const TlbInfo *info, bool write)
{
    return info->mr && memory_region_is_ram(info->mr, write) && !(write && info->readonly);
}

/* RAM of the host that an access goes to, and what it reads or writes. */
typedef struct HostAccess {
    uint8_t *p;
    void *buf;
    unsigned size;
    MemOp mo;
    TcgRmw op;
    bool done;
} HostAccess;

static uint8_t *host_of(const TlbInfo *info, vaddr addr)
{
    return info->mr->ram->host + info->offset + (addr - info->page);
}

/*
 * In user mode another thread may take the memory away after it was found: it is looked for again, which raises unless it
 * is there again. False: raised, or a probe that found nothing.
 */
static inline bool access_ram(CPUState *cs, void (*fn)(void *opaque), HostAccess *a, vaddr addr, AccessType type)
{
    TlbInfo again;

    if (!cs->exec->x->user) {
        fn(a);
        return true;
    }
    while (!user_try(cs, fn, a)) {
        if (!tlb_find(cs, addr, a->size, type, memop_mmu(a->mo), (a->mo & MO_KIND) == MO_PROBE, &again)) {
            return false;
        }
    }
    return true;
}

static void load_ram(void *opaque)
{
    const HostAccess *a = opaque;

    load_bytes(a->p, a->buf, a->size, a->mo);
}

static void store_ram(void *opaque)
{
    const HostAccess *a = opaque;

    store_bytes(a->p, a->buf, a->size, a->mo);
}

static bool load_part(CPUState *cs, const TlbInfo *info, vaddr addr, void *buf, unsigned len, MemOp mo)
{
    if (is_ram(info, false)) {
        HostAccess a = { .p = host_of(info, addr), .buf = buf, .size = len, .mo = mo };

        return access_ram(cs, load_ram, &a, addr, ACCESS_LOAD);
    }
    return device(cs, info, addr, buf, len, ACCESS_LOAD, mo, false);
}

static bool store_part(CPUState *cs, const TlbInfo *info, vaddr addr, const void *buf, unsigned len, MemOp mo)
{
    if (is_ram(info, true)) {
        HostAccess a = { .p = host_of(info, addr), .buf = (void *)buf, .size = len, .mo = mo };

        if (!access_ram(cs, store_ram, &a, addr, ACCESS_STORE)) {
            return false;
        }
        stored(cs, info, addr, len, memop_mmu(mo));
        return true;
    }
    return device(cs, info, addr, (uint8_t *)buf, len, ACCESS_STORE, mo, true);
}

/* Watchpoints. False: raised. */
static bool watch_allows(CPUState *cs, const TlbInfo *info, vaddr addr, unsigned size, AccessType type, unsigned mmu)
{
    const CPUClass *cc = cs->exec->ec->cc;

    if (!info->watched) {
        return true;
    }
    return !(cs->cluster->debug && !debug_watch(cs, addr, size, type)) &&
           (!cc->watch || cc->watch(cs, addr, size, type, mmu));
}

/*
 * The pieces that an access of size bytes at addr consists of: one, or two when it goes on in another page or part of
 * one; 3: more than that. 0: raised, or the probe found nothing.
 */
static unsigned find_parts(CPUState *cs, vaddr addr, unsigned size, AccessType type, MemOp mo, TlbInfo info[2],
                           unsigned *ret_first)
{
    bool probe = (mo & MO_KIND) == MO_PROBE;
    uint64_t in_page = addr & page_mask(cs);

    if (!tlb_find(cs, addr, size, type, memop_mmu(mo), probe, &info[0])) {
        return 0;
    }
    if (in_page + size - 1 <= info[0].hi) {
        *ret_first = size;
        return 1;
    }
    *ret_first = info[0].hi - in_page + 1;
    if (!tlb_find(cs, addr + *ret_first, size - *ret_first, type, memop_mmu(mo), probe, &info[1])) {
        return 0;
    }
    if (info[1].hi - ((addr + *ret_first) & page_mask(cs)) + 1 < size - *ret_first) {
        for (unsigned i = *ret_first; i < size; i++) {
            TlbInfo each;

            if (!tlb_find(cs, addr + i, 1, type, memop_mmu(mo), probe, &each)) {
                return 0;
            }
        }
        return 3;                               /* the second is not the last either: they are found again, byte by byte */
    }
    return 2;
}

/*
 * Watchpoints of the parts: once nothing else keeps the access from being done, as what they pend would come before it is
 * tried again. False: raised.
 */
static bool watch_parts(CPUState *cs, const TlbInfo info[2], unsigned parts, vaddr addr, unsigned size, AccessType type,
                        MemOp mo)
{
    uint64_t left = page_mask(cs) + 1 - (addr & page_mask(cs));
    const TlbInfo *second = &info[1];
    bool store = type == ACCESS_STORE, in_ram;
    TlbInfo last;

    if ((mo & MO_KIND) == MO_PROBE) {
        return true;
    }
    if (parts == 3 && info[1].page == info[0].page && size > left) {
        if (!tlb_find(cs, addr + left, (unsigned)(size - left), type, memop_mmu(mo), false, &last)) {
            return false;
        }
        second = &last;
    }
    if (!info[0].watched && (parts == 1 || !second->watched)) {
        return true;
    }
    in_ram = is_ram(&info[0], store) && (parts == 1 || (is_ram(&info[1], store) && is_ram(second, store)));
    if (!in_ram && !cpu_exact(cs)) {
        return false;
    }
    return watch_allows(cs, &info[0], addr, MIN(size, left), type, memop_mmu(mo)) &&
           (parts == 1 || second->page == info[0].page ||
            watch_allows(cs, second, second->page, size - left, type, memop_mmu(mo)));
}

/*
 * Before a store to a device of which memory is read, and may not be read behind it: code may still know what it found there.
 * False: leave; the instruction will be run alone.
 */
static bool may_remap(CPUState *cs, const TlbInfo *info)
{
    if (info->mr && info->mr->kind == MR_ROM_DEVICE && info->mr->rom_reads && !cs->exec->alone) {
        redo_alone(cs);
        return false;
    }
    return true;
}

static bool may_store_part(CPUState *cs, const TlbInfo *info, vaddr addr, unsigned len)
{
    return is_ram(info, true) ? may_store(cs, info, addr - info->page, len) : cpu_exact(cs) && may_remap(cs, info);
}

/* Whether a store whose parts were found is to be done here and now, wherever it goes. False: raised, or leave. */
static bool may_store_all(CPUState *cs, const TlbInfo info[2], unsigned parts, vaddr addr, unsigned first, unsigned size,
                          MemOp mo)
{
    if (parts != 3) {
        return may_store_part(cs, &info[0], addr, first) &&
               (parts == 1 || may_store_part(cs, &info[1], addr + first, size - first));
    }
    for (unsigned i = 0; i < size; i++) {
        TlbInfo each;

        if (!tlb_find(cs, addr + i, 1, ACCESS_STORE, memop_mmu(mo), false, &each) ||
            !may_store_part(cs, &each, addr + i, 1)) {
            return false;
        }
    }
    return true;
}

/* What was found, in memory order, each byte alone where there are more than two parts. False: raised, by a device. */
static bool load_found(CPUState *cs, const TlbInfo info[2], unsigned parts, vaddr addr, uint8_t *buf, unsigned first,
                       unsigned size, MemOp mo)
{
    if (parts != 3) {
        return load_part(cs, &info[0], addr, buf, first, mo) &&
               (parts == 1 || load_part(cs, &info[1], addr + first, buf + first, size - first, mo));
    }
    for (unsigned i = 0; i < size; i++) {
        TlbInfo each;

        if (!tlb_find(cs, addr + i, 1, ACCESS_LOAD, memop_mmu(mo), (mo & MO_KIND) == MO_PROBE, &each) ||
            !load_part(cs, &each, addr + i, buf + i, 1, mo)) {
            return false;
        }
    }
    return true;
}

static bool store_found(CPUState *cs, const TlbInfo info[2], unsigned parts, vaddr addr, const uint8_t *buf, unsigned first,
                        unsigned size, MemOp mo)
{
    if (parts != 3) {
        return store_part(cs, &info[0], addr, buf, first, mo) &&
               (parts == 1 || store_part(cs, &info[1], addr + first, buf + first, size - first, mo));
    }
    for (unsigned i = 0; i < size; i++) {
        TlbInfo each;

        if (!tlb_find(cs, addr + i, 1, ACCESS_STORE, memop_mmu(mo), false, &each) ||
            !store_part(cs, &each, addr + i, buf + i, 1, mo)) {
            return false;
        }
    }
    return true;
}

static bool load_any(CPUState *cs, vaddr addr, void *buf, unsigned size, MemOp mo)
{
    TlbInfo info[2];
    unsigned first, parts = find_parts(cs, addr, size, ACCESS_LOAD, mo, info, &first);

    return parts && watch_parts(cs, info, parts, addr, size, ACCESS_LOAD, mo) &&
           load_found(cs, info, parts, addr, buf, first, size, mo);
}

static bool store_any(CPUState *cs, vaddr addr, const void *buf, unsigned size, MemOp mo)
{
    TlbInfo info[2];
    unsigned first, parts = find_parts(cs, addr, size, ACCESS_STORE, mo, info, &first);

    return parts && may_store_all(cs, info, parts, addr, first, size, mo) &&
           watch_parts(cs, info, parts, addr, size, ACCESS_STORE, mo) &&
           store_found(cs, info, parts, addr, buf, first, size, mo);
}

/* -- the slow paths ----------------------------------------------------------------------------------------------------- */

/* From the bytes in memory, lowest first, to the guest's number, and back. */
static uint64_t to_guest(uint64_t v, MemOp mo)
{
    unsigned size = memop_size(mo);

    v &= mask64(0, 8 * size);
    if (mo & MO_BE) {
        v = bswap_size(v, size);
    }
    return mo & MO_SIGN ? (uint64_t)sign_extend64(v, 8 * size) : v;
}

static uint64_t from_guest(uint64_t v, MemOp mo)
{
    v &= mask64(0, 8 * memop_size(mo));
    return mo & MO_BE ? bswap_size(v, memop_size(mo)) : v;
}

static const TcgTlbEntry *entry_of(CPUState *cs, vaddr addr, MemOp mo)
{
    const TcgTlbFast *f = &cs->tlb[memop_mmu(mo)];
    unsigned bits = cs->exec->ec->cc->tcg->page_bits;

    return (const TcgTlbEntry *)((const char *)f->table + (((addr >> bits) * sizeof(TcgTlbEntry)) & f->mask));
}

/* Whether generated code could do it if level 1 of the TLB had the page, which is most of what comes here. */
static bool may_be_direct(CPUState *cs, vaddr addr, MemOp mo)
{
    return (addr & (memop_size(mo) - 1)) == 0 && (mo & MO_KIND) != MO_PROBE && !cs->exec->x->user;
}

static uint64_t slow_ld(CPUState *cs, vaddr addr, MemOp mo, const void *map)
{
    unsigned size = memop_size(mo);
    uint64_t v = 0;

    stats_inc(&cs->exec->stats, STAT_tlb_slow);
    if (!aligned(cs, addr, mo, ACCESS_LOAD)) {
        return 0;
    }
    if (may_be_direct(cs, addr, mo)) {
        const TcgTlbEntry *e;

        if (!tlb_enter(cs, addr, size, ACCESS_LOAD, memop_mmu(mo))) {
            return 0;
        }
        e = entry_of(cs, addr, mo);
        if (e->read == (addr & ~page_mask(cs))) {
            return to_guest(host_load((const void *)(uintptr_t)(addr + e->addend), size), mo);
        }
    }
    return load_any(cs, addr, &v, size, mo) ? to_guest(v, mo) : 0;
}

static void slow_st(CPUState *cs, vaddr addr, uint64_t value, MemOp mo, const void *map)
{
    uint64_t v = from_guest(value, mo);
    unsigned size = memop_size(mo);

    stats_inc(&cs->exec->stats, STAT_tlb_slow);
    if (!aligned(cs, addr, mo, ACCESS_STORE)) {
        return;
    }
    if (may_be_direct(cs, addr, mo)) {
        const TcgTlbEntry *e;

        if (!tlb_enter(cs, addr, size, ACCESS_STORE, memop_mmu(mo))) {
            return;
        }
        e = entry_of(cs, addr, mo);
        if (e->write == (addr & ~page_mask(cs))) {
            host_store((void *)(uintptr_t)(addr + e->addend), v, size, mo & MO_RELEASE);
            return;
        }
    }
    if (store_any(cs, addr, &v, size, mo) && (mo & MO_RELEASE)) {
        full_fence();
    }
}

static void swap16(uint8_t *p, MemOp mo)
{
    if (mo & MO_BE) {
        uint64_t lo = ldq_be_p(p), hi = ldq_be_p(p + 8);

        stq_le_p(p, hi);
        stq_le_p(p + 8, lo);
    }
}

static void slow_ld128(CPUState *cs, vaddr addr, void *ret, MemOp mo, const void *map)
{
    uint8_t buf[16] = { 0 };

    stats_inc(&cs->exec->stats, STAT_tlb_slow);
    if (aligned(cs, addr, mo, ACCESS_LOAD) && load_any(cs, addr, buf, 16, mo)) {
        swap16(buf, mo);
    }
    memcpy(ret, buf, 16);
}

static void slow_st128(CPUState *cs, vaddr addr, const void *value, MemOp mo, const void *map)
{
    uint8_t buf[16];

    stats_inc(&cs->exec->stats, STAT_tlb_slow);
    memcpy(buf, value, 16);
    swap16(buf, mo);
    if (aligned(cs, addr, mo, ACCESS_STORE) && store_any(cs, addr, buf, 16, mo) && (mo & MO_RELEASE)) {
        full_fence();
    }
}

/* -- vectors ------------------------------------------------------------------------------------------------------------- */

/* A run of bytes of a vector that are accessed, 16 at most, and where they are. */
typedef struct Run {
    TlbInfo info[2];
    unsigned at, len, first, parts;
} Run;
enum { MAX_RUNS = 32 };

static vaddr run_addr(vaddr addr, const Run *r)
{
    return addr + r->at;
}

/* Finds all of them before anything is done. -1: raised. */
static int find_runs(CPUState *cs, vaddr addr, uint64_t bytes, AccessType type, MemOp mo, Run *runs)
{
    int num = 0;

    while (bytes) {
        unsigned at = ctz64(bytes), len = 0;
        Run *r = &runs[num++];

        while (at + len < 64 && len < 16 && bytes >> (at + len) & 1) {
            len++;
        }
        bytes &= ~(mask64(0, len) << at);
        r->at = at;
        r->len = len;
        r->parts = find_parts(cs, addr + at, len, type, mo, r->info, &r->first);
        if (r->parts == 0) {
            return -1;
        }
    }
    return num;
}

static bool watch_runs(CPUState *cs, vaddr addr, const Run *runs, int num, AccessType type, MemOp mo)
{
    for (int i = 0; i < num; i++) {
        if (!watch_parts(cs, runs[i].info, runs[i].parts, run_addr(addr, &runs[i]), runs[i].len, type, mo)) {
            return false;
        }
    }
    return num >= 0;
}

static bool load_runs(CPUState *cs, vaddr addr, uint8_t *buf, uint64_t bytes, MemOp mo)
{
    Run runs[MAX_RUNS];
    int num = find_runs(cs, addr, bytes, ACCESS_LOAD, mo, runs);

    if (!watch_runs(cs, addr, runs, num, ACCESS_LOAD, mo)) {
        return false;
    }
    for (int i = 0; i < num; i++) {
        const Run *r = &runs[i];

        if (!load_found(cs, r->info, r->parts, run_addr(addr, r), buf + r->at, r->first, r->len, mo)) {
            return false;
        }
    }
    return true;
}

/* Nothing is stored unless all may be; what a device refuses is only known when it does, and ends it there. */
static bool store_runs(CPUState *cs, vaddr addr, const uint8_t *buf, uint64_t bytes, MemOp mo)
{
    Run runs[MAX_RUNS];
    int num = find_runs(cs, addr, bytes, ACCESS_STORE, mo, runs);

    for (int i = 0; i < num; i++) {
        const Run *r = &runs[i];

        if (!may_store_all(cs, r->info, r->parts, run_addr(addr, r), r->first, r->len, mo)) {
            return false;
        }
    }
    if (!watch_runs(cs, addr, runs, num, ACCESS_STORE, mo)) {
        return false;
    }
    for (int i = 0; i < num; i++) {
        const Run *r = &runs[i];

        if (!store_found(cs, r->info, r->parts, run_addr(addr, r), buf + r->at, r->first, r->len, mo)) {
            return false;
        }
    }
    return true;
}

static void slow_ldv(CPUState *cs, vaddr addr, void *ret, MemOp mo, uint64_t bytes, const void *map)
{
    unsigned size = memop_size(mo);
    uint8_t buf[64] = { 0 };

    stats_inc(&cs->exec->stats, STAT_tlb_slow);
    bytes &= mask64(0, size);
    if (bytes && aligned(cs, addr, mo, ACCESS_LOAD)) {
        load_runs(cs, addr, buf, bytes, mo);
    }
    memcpy(ret, buf, size);
}

static void slow_stv(CPUState *cs, vaddr addr, const void *value, MemOp mo, uint64_t bytes, const void *map)
{
    unsigned size = memop_size(mo);

    stats_inc(&cs->exec->stats, STAT_tlb_slow);
    bytes &= mask64(0, size);
    if (!bytes || !aligned(cs, addr, mo, ACCESS_STORE)) {
        return;
    }
    if (store_runs(cs, addr, value, bytes, mo) && (mo & MO_RELEASE)) {
        full_fence();
    }
}

/* -- atomics ------------------------------------------------------------------------------------------------------------ */

static uint64_t combine(TcgRmw op, uint64_t old, uint64_t v, unsigned size)
{
    int64_t so = sign_extend64(old, 8 * size), sv = sign_extend64(v, 8 * size);

    switch (op) {
    case RMW_SWP:
        return v;
    case RMW_ADD:
        return old + v;
    case RMW_AND:
        return old & v;
    case RMW_OR:
        return old | v;
    case RMW_XOR:
        return old ^ v;
    case RMW_SMAX:
        return so > sv ? old : v;
    case RMW_SMIN:
        return so < sv ? old : v;
    case RMW_UMAX:
        return old > v ? old : v;
    case RMW_UMIN:
        return old < v ? old : v;
    default:
        g_assert_not_reached();
    }
}

/* Compare and swap of up to 8 bytes within 16 aligned ones; *expect becomes what was there. Memory order. */
static bool ram_cas(uint8_t *p, uint64_t *expect, uint64_t v, unsigned size)
{
    if (((uintptr_t)p & (size - 1)) == 0) {
        switch (size) {
        case 1: {
            uint8_t e = *expect;
            bool ok = __atomic_compare_exchange_n(p, &e, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);

            *expect = e;
            return ok;
        }
        case 2: {
            uint16_t e = *expect;
            bool ok = __atomic_compare_exchange_n((uint16_t *)p, &e, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);

            *expect = e;
            return ok;
        }
        case 4: {
            uint32_t e = *expect;
            bool ok = __atomic_compare_exchange_n((uint32_t *)p, &e, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);

            *expect = e;
            return ok;
        }
        default:
            return __atomic_compare_exchange_n((uint64_t *)p, expect, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        }
    } else {
        unsigned at = (uintptr_t)p & 15;
        void *block = p - at;
        u128 old = host_load16(block);

        for (;;) {
            uint64_t here = 0;
            u128 n = old;

            memcpy(&here, (uint8_t *)&old + at, size);
            if (here != *expect) {
                *expect = here;
                return false;
            }
            memcpy((uint8_t *)&n + at, &v, size);
            if (host_cas16(block, &old, n)) {
                return true;
            }
        }
    }
}

bool cpu_find_page(CPUState *cs, vaddr addr, AccessType type, unsigned mmu, CPUPage *ret)
{
    TlbInfo info;

    if (!tlb_find(cs, addr, 1, type, mmu, false, &info)) {
        return false;
    }
    *ret = (CPUPage){
        .rb = is_ram(&info, false) ? info.mr->ram : NULL, .offset = info.offset + (addr - info.page), .user = info.user,
    };
    return true;
}

/* A store-exclusive is an atomic too, but faults as the store that it is. */
static AccessType atomic_type(MemOp mo)
{
    return (mo & MO_KIND) == MO_EXCLUSIVE ? ACCESS_STORE : ACCESS_RMW;
}

/* Finds where an atomic goes. False: raised. */
static bool find_atomic(CPUState *cs, vaddr addr, unsigned size, MemOp mo, TlbInfo *info)
{
    AccessType type = atomic_type(mo);
    uint64_t in_page = addr & page_mask(cs);

    stats_inc(&cs->exec->stats, STAT_tlb_slow);
    if (!aligned(cs, addr, mo, type)) {
        return false;
    }
    if ((addr & 15) + size > 16) {              /* cannot be done at once */
        cs->exec->ec->cc->unaligned(cs, addr, type, memop_mmu(mo));
        return false;
    }
    if (!tlb_find(cs, addr, size, type, memop_mmu(mo), false, info)) {
        return false;
    }
    if (in_page + size - 1 > info->hi) {
        cs->exec->ec->cc->unaligned(cs, addr, type, memop_mmu(mo));
        return false;
    }
    return (is_ram(info, true) ? may_store(cs, info, in_page, size) : cpu_exact(cs) && may_remap(cs, info)) &&
           watch_allows(cs, info, addr, size, type, memop_mmu(mo));
}

static void lock_region(const TlbInfo *info)
{
    if (info->mr && info->mr->lock) {
        g_rec_mutex_lock(info->mr->lock);
    } else if (info->mr) {
        machine_lock(info->mr->machine);
    }
}

static void unlock_region(const TlbInfo *info)
{
    if (info->mr && info->mr->lock) {
        g_rec_mutex_unlock(info->mr->lock);
    } else if (info->mr) {
        machine_unlock(info->mr->machine);
    }
}

/* buf: the operand first, then what was there. */
static void rmw_ram(void *opaque)
{
    HostAccess *a = opaque;
    MemOp plain = a->mo & ~MO_SIGN;
    uint64_t *old = a->buf, value = old[1], v;

    ram_read(a->p, old, a->size);               /* only a guess */
    do {
        v = from_guest(combine(a->op, to_guest(*old, plain), value, a->size), a->mo);
    } while (!ram_cas(a->p, old, v, a->size));
}

static void cas_ram(void *opaque)
{
    HostAccess *a = opaque;
    uint64_t *old = a->buf;

    a->done = ram_cas(a->p, old, old[1], a->size);
}

static void cas16_ram(void *opaque)
{
    HostAccess *a = opaque;
    u128 *old = a->buf;

    a->done = host_cas16(a->p, old, old[1]);
}

static uint64_t slow_rmw(CPUState *cs, vaddr addr, uint64_t value, MemOp mo, TcgRmw op, const void *map)
{
    unsigned size = memop_size(mo);
    MemOp plain = mo & ~MO_SIGN;
    uint64_t old[2] = { 0, value & mask64(0, 8 * size) }, v;
    TlbInfo info;

    if (!find_atomic(cs, addr, size, mo, &info)) {
        return 0;
    }
    if (is_ram(&info, true)) {
        HostAccess a = { .p = host_of(&info, addr), .buf = old, .size = size, .mo = mo, .op = op };

        if (!access_ram(cs, rmw_ram, &a, addr, atomic_type(mo))) {
            return 0;
        }
        stored(cs, &info, addr, size, memop_mmu(mo));
    } else {
        lock_region(&info);
        if (load_part(cs, &info, addr, old, size, mo)) {
            v = from_guest(combine(op, to_guest(*old, plain), old[1], size), mo);
            device(cs, &info, addr, (uint8_t *)&v, size, ACCESS_RMW, mo, true);
        }
        unlock_region(&info);
    }
    return to_guest(*old, mo);
}

static uint64_t slow_cas(CPUState *cs, vaddr addr, uint64_t expect, uint64_t value, MemOp mo, const void *map)
{
    unsigned size = memop_size(mo);
    uint64_t old[2] = { from_guest(expect, mo), from_guest(value, mo) }, want = *old;
    TlbInfo info;

    if (!find_atomic(cs, addr, size, mo, &info)) {
        return 0;
    }
    if (is_ram(&info, true)) {
        HostAccess a = { .p = host_of(&info, addr), .buf = old, .size = size, .mo = mo };

        if (!access_ram(cs, cas_ram, &a, addr, atomic_type(mo))) {
            return 0;
        }
        if (a.done) {
            stored(cs, &info, addr, size, memop_mmu(mo));
        }
    } else {
        lock_region(&info);
        *old = 0;
        if (load_part(cs, &info, addr, old, size, mo) && *old == want) {
            device(cs, &info, addr, (uint8_t *)&old[1], size, ACCESS_RMW, mo, true);
        }
        unlock_region(&info);
    }
    return to_guest(*old, mo);
}

static void slow_cas128(CPUState *cs, vaddr addr, void *expect_ret, const void *value, MemOp mo, const void *map)
{
    uint8_t expect[16], v[16];
    TlbInfo info;
    u128 old[2];

    memcpy(expect, expect_ret, 16);
    memcpy(v, value, 16);
    swap16(expect, mo);
    swap16(v, mo);
    if (!find_atomic(cs, addr, 16, mo, &info)) {
        return;
    }
    memcpy(&old[0], expect, 16);
    memcpy(&old[1], v, 16);
    if (is_ram(&info, true)) {
        HostAccess a = { .p = host_of(&info, addr), .buf = old, .size = 16, .mo = mo };

        if (!access_ram(cs, cas16_ram, &a, addr, atomic_type(mo))) {
            return;
        }
        if (a.done) {
            stored(cs, &info, addr, 16, memop_mmu(mo));
        }
    } else {
        u128 was = 0;

        lock_region(&info);
        if (load_part(cs, &info, addr, &was, 16, mo)) {
            if (was == *old) {
                device(cs, &info, addr, v, 16, ACCESS_RMW, mo, true);
            }
            *old = was;
        }
        unlock_region(&info);
    }
    memcpy(expect, old, 16);
    swap16(expect, mo);
    memcpy(expect_ret, expect, 16);
}

const TcgMemOps tlb_mem_ops = {
    .ld = slow_ld, .st = slow_st, .ld128 = slow_ld128, .st128 = slow_st128, .ldv = slow_ldv, .stv = slow_stv, .rmw = slow_rmw,
    .cas = slow_cas,
    .cas128 = slow_cas128,
};

/* -- accesses by C code --------------------------------------------------------------------------------------------- */

uint64_t cpu_ld(CPUState *cs, vaddr addr, MemOp mo, bool *ret_ok)
{
    unsigned size = memop_size(mo);
    const TcgTlbEntry *e = entry_of(cs, addr, mo);
    uint64_t v;

    if (e->read == (addr & ~page_mask(cs)) && (addr & (size - 1)) == 0) {
        *ret_ok = true;
        return to_guest(host_load((const void *)(uintptr_t)(addr + e->addend), size), mo);
    }
    v = slow_ld(cs, addr, mo, NULL);
    *ret_ok = !cs->raised;
    return v;
}

bool cpu_st(CPUState *cs, vaddr addr, uint64_t value, MemOp mo)
{
    unsigned size = memop_size(mo);
    const TcgTlbEntry *e = entry_of(cs, addr, mo);

    if (e->write == (addr & ~page_mask(cs)) && (addr & (size - 1)) == 0) {
        host_store((void *)(uintptr_t)(addr + e->addend), from_guest(value, mo), size, mo & MO_RELEASE);
        return true;
    }
    slow_st(cs, addr, value, mo, NULL);
    return !cs->raised;
}

bool cpu_cas(CPUState *cs, vaddr addr, uint64_t expect_ret[2], const uint64_t value[2], MemOp mo)
{
    if (memop_size(mo) == 16) {
        slow_cas128(cs, addr, expect_ret, value, mo, NULL);
    } else {
        expect_ret[0] = slow_cas(cs, addr, expect_ret[0], value[0], mo, NULL);
    }
    return !cs->raised;
}

void *cpu_probe(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu, bool *ret_ok)
{
    bool write = type == ACCESS_STORE || type == ACCESS_RMW;
    uint64_t in_page = addr & page_mask(cs);
    TlbInfo info;

    *ret_ok = tlb_find(cs, addr, size, type, mmu, false, &info) && watch_allows(cs, &info, addr, size, type, mmu);
    if (!*ret_ok || in_page + size - 1 > info.hi || !is_ram(&info, write) ||
        (type == ACCESS_RMW && !is_ram(&info, false))) {
        return NULL;
    }
    if (write && tb_will_be_written(cs->exec->x, info.mr->ram, info.offset + in_page, size, 0)) {
        return NULL;                            /* it holds code: by cpu_st, which looks */
    }
    return info.mr->ram->host + info.offset + in_page;
}

bool cpu_access_host(CPUState *cs, void (*fn)(void *opaque), void *opaque)
{
    if (cs->exec->x->user) {
        return user_try(cs, fn, opaque);
    }
    fn(opaque);
    return true;
}
