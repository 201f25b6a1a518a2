/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLBs. Level 1 is what generated code looks at: a direct-mapped table for each translation context, from a pool of
 * the CPU's, grown while entries push each other out. Level 2 is one set-associative table per CPU, which refills
 * level 1 without a walk. Its entries belong to a space: what one context has of its own, or the global translations
 * that contexts share; they are tagged with the space's generation, so that a flush of all that a space has is a new
 * generation, and nothing is gone through.
 *
 * Translations larger than the page are entered page by page. A table has each of which there may be entries, so that a
 * flush of one address takes all of the large translation that it belongs to. What the table has no room for is flushed.
 */
#include "core/bits.h"
#include "core/exec/exec_int.h"
#include "core/exec/memory_int.h"
#include "core/exec/tb_int.h"
#include "core/log.h"

enum {
    POOL = 48,                                  /* contexts with a level 1 table */
    SPACES = 256,                               /* 2 * POOL are in use at most */
    NO_ENTRIES = 1,                             /* of the level 1 table of a context that none has been written to */
    MIN_ENTRIES = 256, MAX_BEGIN = 1024, MAX_ENTRIES = 8192,
    SETS = 1024, WAYS = 8,                      /* level 2 */
    MAX_ASKED = 64,                             /* a range of more blocks or pages is not gone through one by one */
    MAX_POSTED = 64,                            /* beyond, everything is flushed */
    FLAGS = 31,                                 /* low bits of a comparator */
};

#define ANY_SPACE UINT64_MAX                     /* a generation */

/* Whose translations are. */
typedef struct Space {
    uint64_t id, mask;                          /* the contexts': (context id & mask) == id */
    uint64_t generation;                        /* a number that was never used before, the row in its low bits; 0: free */
    uint64_t used;                              /* when, for replacement */
    uint64_t first[2], last[2];                 /* by bit 55, addresses without tag: no entry lies outside; first > last: none */
    unsigned mmu;
    unsigned refs;                              /* contexts of the pool */
    bool shared;                                /* global translations; else one context's own, and mask is all ones */
} Space;

typedef struct Context {
    uint64_t id, global_mask;
    uint64_t used;                              /* when, for replacement; 0: never */
    unsigned mmu;
    unsigned entries;
    unsigned filled;                            /* writes of entries since all were cleared */
    unsigned evictions;                         /* since the table was made */
    bool stale;                                 /* is to be cleared before it is used again */
    Space *own, *shared;
    TlbAlike alike;
    struct Context *after;                      /* what was set last in its place, where to look first; NULL: nothing yet */
    TcgTlbEntry *fast;
    TlbInfo *info;
} Context;

typedef struct Tag {
    uint64_t page;                              /* page number + 1; 0: empty */
    uint64_t generation;                        /* its space's; another: empty */
} Tag;

/* A translation larger than the page, of which there may be entries. */
typedef struct Large {
    uint64_t block;                             /* its address without tag >> shift */
    uint64_t generation;                        /* as in Tag; ANY_SPACE: whichever's it is */
    uint8_t shift;                              /* log2 bytes; 0: the row is free */
} Large;

/* Virtual addresses, both ends included. */
typedef struct Range {
    vaddr first, last;
} Range;

typedef struct Posted {
    TlbFlush flush;
    RamBlock *code;                             /* not NULL: a page that holds code now, at flush.addr */
    uint32_t slots;                             /* of it */
} Posted;

/* Which contexts of the pool a kind of flush concerns, as bits: a process's flushes come one after the other, or by
 * turns with those of the same addresses under another ASID. */
typedef struct Concerned {
    uint64_t mask, value;                       /* TlbFlush */
    bool globals;
    bool known;                                 /* until a context becomes another */
    uint64_t own, shared;                       /* all it has; of the others, what they share */
    uint64_t space[SPACES / 64];                /* that those share */
} Concerned;

typedef struct CPUTlb {
    unsigned page_bits;
    uint64_t page_size;
    uint64_t now;
    uint64_t last_generation;
    bool shared_gone;                           /* a shared space was taken away: nobody knows what of it the jump cache has */
    unsigned num_spaces;                        /* that have been used */
    Space space[SPACES];
    uint64_t space_generation[SPACES];          /* as in each, close together */
    uint64_t space_filled[SPACES / 64];         /* bits: of those there may be entries */
    Context pool[POOL];
    Context *cur[TLB_MAX_MMU];
    unsigned begin[TLB_MAX_MMU];                /* entries of a regime's new table: what the last had that grew */
    Concerned concerned[4];                     /* by the last flushes of ranges */
    unsigned next_concerned;
    uint8_t next_way[SETS];
    Tag tag[SETS][WAYS];
    TlbInfo info[SETS][WAYS];
    Large large[SETS][WAYS];                    /* by block */
    uint8_t next_large[SETS];
    unsigned num_large[64];                     /* by shift: rows that are not free */
    uint64_t large_shifts;                      /* bit n: num_large[n] is not 0 */
    /* posted by others */
    GMutex lock;
    GArray *queue;                              /* Posted */
    bool overflow;
    uint64_t posted;                            /* atomic: requests so far; written under lock */
    uint64_t done;                              /* atomic: served so far; written by the owner */
} CPUTlb;

static CPUTlb *tlb_of(CPUState *cs)
{
    return (CPUTlb *)cs->tlb_state;
}

static void clear_entries(TcgTlbEntry *e, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        e[i] = (TcgTlbEntry){ UINT64_MAX, UINT64_MAX, UINT64_MAX, 0 };
    }
}

static void context_alloc(Context *c, unsigned entries)
{
    c->entries = entries;
    c->filled = 0;
    c->stale = false;
    c->evictions = 0;
    c->fast = g_aligned_alloc(entries, sizeof(TcgTlbEntry), 64);
    c->info = g_new(TlbInfo, entries);          /* of what is in fast alone */
    clear_entries(c->fast, entries);
}

static void context_release(Context *c)
{
    g_aligned_free(c->fast);
    g_free(c->info);
    c->fast = NULL;
    c->info = NULL;
}

static void context_use(CPUState *cs, unsigned mmu, Context *c)
{
    cs->tlb[mmu].table = c->fast;
    cs->tlb[mmu].mask = (uintptr_t)(c->entries - 1) * sizeof(TcgTlbEntry);
}

static void context_clear(Context *c)
{
    if (c->filled) {
        clear_entries(c->fast, c->entries);
        c->filled = 0;
    }
    c->stale = false;
}

static bool is_empty(const TcgTlbEntry *e)
{
    return e->read & e->write & e->code & TLB_INVALID;
}

/* -- spaces ---------------------------------------------------------------------------------------------------------- */

/* What is tagged with earlier generations of s is gone. */
static void space_renew(CPUTlb *t, Space *s)
{
    s->generation = ++t->last_generation * SPACES | (uint64_t)(s - t->space);
    t->space_generation[s - t->space] = s->generation;
    t->space_filled[(s - t->space) / 64] &= ~BIT64((s - t->space) % 64);
    s->first[0] = s->first[1] = UINT64_MAX;
    s->last[0] = s->last[1] = 0;
}

/* The space that has this generation now, or NULL. */
static Space *space_of(CPUTlb *t, uint64_t generation)
{
    unsigned n = generation % SPACES;

    return generation && t->space_generation[n] == generation ? &t->space[n] : NULL;
}

static Space *space_get(CPUTlb *t, uint64_t id, uint64_t mask, unsigned mmu, bool shared)
{
    Space *found = NULL;

    for (unsigned i = 0; i < t->num_spaces; i++) {
        Space *s = &t->space[i];

        if (s->generation && s->id == id && s->mask == mask && s->mmu == mmu && s->shared == shared) {
            s->refs++;
            return s;
        }
        if (!s->refs && (!found || s->used < found->used)) {
            found = s;
        }
    }
    if (t->num_spaces < SPACES) {
        found = &t->space[t->num_spaces++];     /* never used */
    }
    t->shared_gone |= found->generation && found->shared;
    *found = (Space){ .id = id, .mask = mask, .mmu = mmu, .shared = shared, .refs = 1 };
    space_renew(t, found);
    return found;
}

static void space_put(CPUTlb *t, Space *s)
{
    s->refs--;
    s->used = t->now;
}

/* Whether a flush concerns what contexts with this id have of their own, and what they share. */
static bool hits(const TlbFlush *f, uint64_t id)
{
    return ((id ^ f->value) & f->mask) == 0;
}

static bool hits_global(const TlbFlush *f, uint64_t id, uint64_t global_mask)
{
    return f->globals && ((id ^ f->value) & f->mask & global_mask) == 0;
}

static bool hits_space(const TlbFlush *f, const Space *s)
{
    return s->shared ? hits_global(f, s->id, s->mask) : hits(f, s->id);
}

/* -- contexts -------------------------------------------------------------------------------------------------------- */

static void context_become(CPUTlb *t, Context *c, uint64_t id, uint64_t global_mask, unsigned mmu)
{
    Space *own = c->own, *shared = c->shared;

    c->id = id;
    c->mmu = mmu;
    c->global_mask = global_mask;
    c->alike.serial = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(t->concerned); i++) {
        t->concerned[i].known = false;
    }
    c->own = space_get(t, id, UINT64_MAX, mmu, false);
    c->shared = space_get(t, id & global_mask, global_mask, mmu, true);
    if (own) {
        space_put(t, own);
        space_put(t, shared);
    }
}

static bool context_is(const Context *c, unsigned mmu, uint64_t id, uint64_t global_mask)
{
    return c->used && c->id == id && c->mmu == mmu && c->global_mask == global_mask;
}

/* The context of the pool that has this id, or the one that is longest out of use. */
static Context *context_find(CPUTlb *t, unsigned mmu, uint64_t id, uint64_t global_mask)
{
    Context *oldest = NULL;

    for (unsigned i = 0; i < POOL; i++) {
        Context *p = &t->pool[i];

        if (context_is(p, mmu, id, global_mask)) {
            return p;
        }
        if (p != t->cur[p->mmu] && (!oldest || p->used < oldest->used)) {
            oldest = p;
        }
    }
    return oldest;
}

static unsigned new_entries(const CPUTlb *t, unsigned mmu)
{
    return MAX(t->begin[mmu], MIN_ENTRIES);
}

void tlb_set_context(CPUState *cs, unsigned mmu, uint64_t id, uint64_t global_mask)
{
    CPUTlb *t = tlb_of(cs);
    Context *from = t->cur[mmu], *c = from->after;

    g_assert(mmu < TLB_MAX_MMU);
    if (from->id == id && from->global_mask == global_mask) {
        return;
    }
    cs->jc_tag = 0;                             /* recomputed if this regime fetches */
    cs->key_valid = false;
    if (!c || !context_is(c, mmu, id, global_mask)) {
        c = context_find(t, mmu, id, global_mask);
        from->after = c;
    }
    if (!context_is(c, mmu, id, global_mask)) {
        if (!c->fast || (c->entries != NO_ENTRIES && c->entries != new_entries(t, mmu))) {
            context_release(c);
            context_alloc(c, NO_ENTRIES);
        } else {
            context_clear(c);
        }
        context_become(t, c, id, global_mask, mmu);
        if (t->shared_gone) {
            t->shared_gone = false;
            jc_flush(cs);
        }
    }
    if (c->stale) {
        context_clear(c);
    }
    c->used = ++t->now;
    t->cur[mmu] = c;
    context_use(cs, mmu, c);
}

uint64_t tlb_context_id(CPUState *cs, unsigned mmu, bool shared)
{
    const Context *c = tlb_of(cs)->cur[mmu];

    return shared ? c->shared->id : c->id;
}

void tlb_init(CPUState *cs, unsigned page_bits)
{
    CPUTlb *t = g_new0(CPUTlb, 1);

    g_assert(page_bits >= TLB_MIN_PAGE_BITS && page_bits <= 12);
    cs->tlb_state = t;
    t->page_bits = page_bits;
    t->page_size = BIT64(page_bits);
    t->queue = g_array_new(FALSE, FALSE, sizeof(Posted));
    g_mutex_init(&t->lock);
    for (unsigned i = 0; i < TLB_MAX_MMU; i++) {
        Context *c = &t->pool[i];

        context_alloc(c, NO_ENTRIES);
        context_become(t, c, 0, 0, i);
        c->used = ++t->now;
        t->cur[i] = c;
        context_use(cs, i, c);
    }
}

void tlb_free(CPUState *cs)
{
    CPUTlb *t = tlb_of(cs);

    for (unsigned i = 0; i < POOL; i++) {
        context_release(&t->pool[i]);
    }
    g_array_unref(t->queue);
    g_mutex_clear(&t->lock);
    g_free(t);
    cs->tlb_state = NULL;
}

/* -- filling --------------------------------------------------------------------------------------------------------- */

static unsigned index_of(const CPUTlb *t, const Context *c, vaddr addr)
{
    return (addr >> t->page_bits) & (c->entries - 1);
}

/* Where an entry is in the largest table; in smaller ones its low bits tell. */
static unsigned slot_of(const CPUTlb *t, vaddr page)
{
    return (page >> t->page_bits) & (MAX_ENTRIES - 1);
}

/* Enters what info says into its slot. */
static void write_entry(CPUState *cs, CPUTlb *t, Context *c, const TlbInfo *info)
{
    unsigned i = index_of(t, c, info->page);
    TcgTlbEntry e = { UINT64_MAX, UINT64_MAX, UINT64_MAX, 0 };
    bool slow = cs->exec->x->config.stress & ACCEL_STRESS_SLOW;
    uint64_t sub = info->lo > 0 || info->hi < t->page_size - 1 || slow ? TLB_SUBPAGE : 0;
    uint64_t watch = info->watched ? TLB_WATCH : 0;
    const MemoryRegion *mr = info->mr;
    bool reads = mr && memory_region_is_ram(mr, false);
    bool writes = mr && memory_region_is_ram(mr, true) && !info->readonly;

    if (reads || writes) {
        e.addend = (uintptr_t)mr->ram->host + info->offset - info->page;
    }
    if (info->prot & PROT_R) {
        e.read = info->page | sub | watch | (reads ? 0 : TLB_MMIO);
    }
    if (info->prot & PROT_X) {
        e.code = info->page | sub | (reads ? 0 : TLB_MMIO);
    }
    if (info->prot & PROT_W) {
        e.write = info->page | sub | watch | (writes ? 0 : TLB_MMIO);
        if (writes) {
            ram_addr start = info->offset + info->lo;

            /* First say that this page may be stored to, then ask whether it holds code: see tb_cache.c. */
            if (tb_will_be_written(cs->exec->x, mr->ram, start, info->hi - info->lo + 1, slot_of(t, info->page))) {
                e.write |= TLB_CODE;
            }
        }
    }
    c->fast[i] = e;
    c->info[i] = *info;
    c->filled++;
}

static void grow(CPUState *cs, CPUTlb *t, Context *c)
{
    Context old = *c;

    context_alloc(c, old.entries == NO_ENTRIES ? new_entries(t, c->mmu) : old.entries * 2);
    t->begin[c->mmu] = MIN(c->entries, MAX_BEGIN);
    for (unsigned i = 0; i < old.entries; i++) {
        const TcgTlbEntry *e = &old.fast[i];

        if (!is_empty(e)) {
            unsigned n = index_of(t, c, old.info[i].page);

            c->fast[n] = *e;
            c->info[n] = old.info[i];
            c->filled++;
        }
    }
    context_release(&old);
    if (t->cur[c->mmu] == c) {
        context_use(cs, c->mmu, c);
    }
    if (old.entries != NO_ENTRIES) {
        stats_inc(&cs->exec->stats, STAT_tlb_resize);
    }
}

static void install(CPUState *cs, Context *c, const TlbInfo *info)
{
    CPUTlb *t = tlb_of(cs);
    const TcgTlbEntry *e = &c->fast[index_of(t, c, info->page)];

    if (c->entries == NO_ENTRIES) {
        grow(cs, t, c);
    } else if (!is_empty(e) &&
        c->info[index_of(t, c, info->page)].page != info->page && ++c->evictions > c->entries / 2 &&
        c->entries < MAX_ENTRIES) {
        grow(cs, t, c);
    }
    write_entry(cs, t, c, info);
}

/* An address without its tag byte: what flushes compare. */
static vaddr untagged(vaddr addr)
{
    return addr & (BIT64(56) - 1);
}

static unsigned set_of(const CPUTlb *t, vaddr page)
{
    uint64_t n = untagged(page) >> t->page_bits;

    return (n ^ n >> 10 ^ n >> 22) & (SETS - 1);
}

/* -- large translations ---------------------------------------------------------------------------------------------- */

static unsigned large_set(uint64_t block, unsigned shift)
{
    return (block ^ block >> 10 ^ block >> 20 ^ shift * 37) & (SETS - 1);
}

static void large_free(CPUTlb *t, Large *l)
{
    if (--t->num_large[l->shift] == 0) {
        t->large_shifts &= ~BIT64(l->shift);
    }
    l->shift = 0;
}

static void flush_ranges(CPUState *cs, const TlbFlush *f, Range own, Range global);

/* A block that several spaces have, as all do where a kernel is: one row for them all takes the place of theirs. */
static bool merge_large(CPUTlb *t, Large set[WAYS], const Large *new)
{
    Large *one = NULL;
    bool merged = false;

    for (unsigned way = 0; way < WAYS; way++) {
        Large *row = &set[way];

        if (row->block != new->block || row->shift != new->shift) {
            continue;
        }
        if (one) {
            large_free(t, row);
            one->generation = ANY_SPACE;
            merged = true;
        } else {
            one = row;
        }
    }
    return merged;
}

static void remember_large(CPUState *cs, vaddr addr, unsigned shift, const Space *space)
{
    CPUTlb *t = tlb_of(cs);
    Large new = { .block = untagged(addr) >> shift, .generation = space->generation, .shift = (uint8_t)shift };
    unsigned set = large_set(new.block, shift);
    Large *l = NULL;

    for (unsigned way = 0; way < WAYS; way++) {
        Large *row = &t->large[set][way];

        if (row->shift && row->generation != ANY_SPACE && !space_of(t, row->generation)) {
            large_free(t, row);
        }
        if (!row->shift) {
            l = row;
        } else if (row->block == new.block && row->shift == shift &&
                   (row->generation == new.generation || row->generation == ANY_SPACE)) {
            return;
        }
    }
    if (!l && merge_large(t, t->large[set], &new)) {
        return;
    }
    if (!l) {
        const Space *s;
        TlbFlush f = { .globals = true };
        Range r;

        l = &t->large[set][t->next_large[set]++ % WAYS];
        s = space_of(t, l->generation);
        r.first = l->block << l->shift;
        r.last = r.first + mask64(0, l->shift);
        if (s) {
            f = (TlbFlush){ .mask = s->mask, .value = s->id, .globals = s->shared };
        }
        flush_ranges(cs, &f, r, r);
        large_free(t, l);
    }
    *l = new;
    t->num_large[shift]++;
    t->large_shifts |= BIT64(shift);
}

/* Whether there may be an entry of s in a range. */
static bool may_have(const Space *s, Range r)
{
    uint64_t first = untagged(r.first), last = untagged(r.last);
    bool all = first > last || r.last - r.first > untagged(UINT64_MAX);

    for (unsigned half = 0; half < 2; half++) {
        if (s->first[half] <= s->last[half] && (all || (first <= s->last[half] && s->first[half] <= last))) {
            return true;
        }
    }
    return false;
}

/* The first space from i on that may have entries; SPACES: there is none. */
static unsigned next_filled(const CPUTlb *t, unsigned i)
{
    return next_bit(t->space_filled, SPACES, i);
}

/* Whether no entry in a range is of a space that f does not concern. */
static bool hits_all(const CPUTlb *t, const TlbFlush *f, Range r)
{
    for (unsigned i = next_filled(t, 0); i < SPACES; i = next_filled(t, i + 1)) {
        if (!hits_space(f, &t->space[i]) && may_have(&t->space[i], r)) {
            return false;
        }
    }
    return true;
}

/*
 * Widens what a flush takes of entries of one context (own) and of shared ones (global) by the large translations that
 * it hits, which the table then forgets.
 */
static void widen_by_large(CPUTlb *t, const TlbFlush *f, Range *own, Range *global)
{
    vaddr lo = own->first, hi = own->last;

    for (uint64_t shifts = t->large_shifts; shifts; shifts &= shifts - 1) {
        unsigned shift = ctz64(shifts);
        uint64_t mask = BIT64(shift) - 1, first = untagged(lo) >> shift, blocks = ((hi - (lo & ~mask)) >> shift) + 1;
        bool some = blocks <= MAX_ASKED, hit_own = !some, hit_global = !some;

        for (uint64_t n = 0; some && n < blocks; n++) {
            uint64_t block = (first + n) & (untagged(UINT64_MAX) >> shift);
            Large *set = t->large[large_set(block, shift)];

            for (unsigned way = 0; way < WAYS; way++) {
                Large *l = &set[way];

                if (l->shift == shift && l->block == block) {
                    const Space *s = space_of(t, l->generation);

                    if (l->generation == ANY_SPACE) {
                        hit_own = hit_global = true;
                        if (hits_all(t, f, (Range){ block << shift, block << shift | mask })) {
                            large_free(t, l);
                        }
                    } else if (s && hits_space(f, s)) {
                        hit_own |= !s->shared;
                        hit_global |= s->shared;
                        large_free(t, l);
                    }
                }
            }
        }
        if (hit_own) {
            *own = (Range){ MIN(own->first, lo & ~mask), MAX(own->last, hi | mask) };
        }
        if (hit_global) {
            *global = (Range){ MIN(global->first, lo & ~mask), MAX(global->last, hi | mask) };
        }
    }
}

void tlb_set_page(CPUState *cs, unsigned mmu, const TlbPage *p)
{
    CPUTlb *t = tlb_of(cs);
    Context *c = t->cur[mmu];
    uint64_t mask = t->page_size - 1;
    uint64_t in_page = p->vaddr & mask;
    MemorySection s = address_space_lookup(cs->as, p->paddr, p->attrs.pas);
    Space *space = p->global ? c->shared : c->own;
    unsigned set, half, way = WAYS;
    TlbInfo info = {
        .page = p->vaddr - in_page, .paddr = p->paddr - in_page, .mr = s.mr, .offset = s.offset - in_page,
        .lo = 0, .hi = mask, .attrs = p->attrs, .prot = p->prot, .user = p->user, .watched = p->watched, .global = p->global,
        .readonly = s.readonly,
    };

    g_assert(is_pow2(p->size));
    if (cs->cluster && cs->cluster->debug) {
        info.watched |= debug_page_watched(cs, info.page, t->page_size);
    }
    if (p->size < t->page_size) {
        info.lo = in_page & ~(p->size - 1);
        info.hi = info.lo + p->size - 1;
    } else if (p->size > t->page_size) {
        remember_large(cs, p->vaddr, ctz64(p->size), space);
    }
    /* Where the region ends inside the page. */
    info.lo = MAX(info.lo, in_page - MIN(in_page, p->paddr - s.start));
    info.hi = MIN(info.hi, in_page + MIN(mask - in_page, s.last - p->paddr));

    set = set_of(t, info.page);
    for (unsigned w = 0; w < WAYS; w++) {
        const Tag *g = &t->tag[set][w];

        if (g->page == (info.page >> t->page_bits) + 1 && g->generation == space->generation) {
            way = w;
            break;
        }
        if (!g->page || !space_of(t, g->generation)) {
            way = w;                            /* unless it is there already */
        }
    }
    if (way == WAYS) {
        way = t->next_way[set]++ % WAYS;
    }
    t->tag[set][way] = (Tag){ (info.page >> t->page_bits) + 1, space->generation };
    t->space_filled[(space - t->space) / 64] |= BIT64((space - t->space) % 64);
    half = info.page >> 55 & 1;
    space->first[half] = MIN(space->first[half], untagged(info.page));
    space->last[half] = MAX(space->last[half], untagged(info.page));
    t->info[set][way] = info;
    install(cs, c, &info);
}

/* -- finding --------------------------------------------------------------------------------------------------------- */

static bool permits(const TlbInfo *info, AccessType type)
{
    static const uint8_t need[] = {
        [ACCESS_LOAD] = PROT_R, [ACCESS_STORE] = PROT_W, [ACCESS_FETCH] = PROT_X, [ACCESS_RMW] = PROT_R | PROT_W,
    };

    return (info->prot & need[type]) == need[type];
}

/* An access that runs over the end of a part of a page is decided by its first byte's part. */
static bool covers(const CPUTlb *t, const TlbInfo *info, vaddr addr)
{
    uint64_t in_page = addr & (t->page_size - 1);

    return info->page == addr - in_page && info->lo <= in_page && in_page <= info->hi;
}

static const TlbInfo *find_level1(CPUTlb *t, const Context *c, vaddr addr, AccessType type)
{
    unsigned i = index_of(t, c, addr);
    const TcgTlbEntry *e = &c->fast[i];
    const TlbInfo *info = &c->info[i];

    return is_empty(e) || !covers(t, info, addr) || !permits(info, type) ? NULL : info;
}

static const TlbInfo *find_level2(CPUTlb *t, const Context *c, vaddr addr, AccessType type)
{
    uint64_t page = (addr >> t->page_bits) + 1;
    unsigned set = set_of(t, addr);

    for (unsigned way = 0; way < WAYS; way++) {
        const Tag *g = &t->tag[set][way];
        const TlbInfo *info = &t->info[set][way];

        if (g->page == page && (g->generation == c->own->generation || g->generation == c->shared->generation) &&
            covers(t, info, addr) && permits(info, type)) {
            return info;
        }
    }
    return NULL;
}

/* What level 1 has of an access, filling as need be. NULL: raised, or the probe found nothing. */
static const TlbInfo *find(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu, bool probe)
{
    CPUTlb *t = tlb_of(cs);
    Context *c = t->cur[mmu];
    const TlbInfo *info = find_level1(t, c, addr, type);

    if (info) {
        return info;
    }
    info = find_level2(t, c, addr, type);
    if (info) {
        stats_inc(&cs->exec->stats, STAT_tlb_refill);
        install(cs, c, info);
    } else {
        stats_inc(&cs->exec->stats, STAT_tlb_fill);
        if (!cs->exec->ec->cc->tlb_fill(cs, addr, size, type, mmu, probe)) {
            return NULL;
        }
        c = t->cur[mmu];
    }
    info = find_level1(t, c, addr, type);
    g_assert(info);                             /* else tlb_fill said yes and entered something else */
    return info;
}

bool tlb_find(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu, bool probe, TlbInfo *ret)
{
    const TlbInfo *info;

    if (cs->exec->x->user) {
        return user_find(cs, addr, size, type, probe, ret);
    }
    info = find(cs, addr, size, type, mmu, probe);
    if (info) {
        *ret = *info;
    }
    return info;
}

bool tlb_enter(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu)
{
    return find(cs, addr, size, type, mmu, false);
}

bool tlb_may_load(CPUState *cs, vaddr addr, unsigned mmu)
{
    CPUTlb *t = tlb_of(cs);
    Context *c = t->cur[mmu];

    return c->fast && c->fast[index_of(t, c, addr)].read == (addr & ~(t->page_size - 1));
}

bool tlb_is_global(CPUState *cs, vaddr addr, unsigned mmu)
{
    CPUTlb *t = tlb_of(cs);
    const Context *c = t->cur[mmu];
    unsigned i = index_of(t, c, addr);

    return !(c->fast[i].code & TLB_INVALID) && covers(t, &c->info[i], addr) && c->info[i].global;
}

bool tlb_is_as(CPUState *cs, const TlbPage *page, unsigned mmu)
{
    CPUTlb *t = tlb_of(cs);
    const Context *c = t->cur[mmu];
    const TlbInfo *info = &c->info[index_of(t, c, page->vaddr)];

    return !(c->fast[index_of(t, c, page->vaddr)].code & TLB_INVALID) && covers(t, info, page->vaddr) &&
           info->paddr + (page->vaddr - info->page) == page->paddr && info->prot == page->prot && info->user == page->user &&
           info->global == page->global && info->attrs.pas == page->attrs.pas;
}

TlbAlike *tlb_alike(CPUState *cs, unsigned mmu)
{
    return &tlb_of(cs)->cur[mmu]->alike;
}

void tlb_clear_code(CPUState *cs, vaddr addr, unsigned mmu)
{
    CPUTlb *t = tlb_of(cs);
    Context *c = t->cur[mmu];
    unsigned i = index_of(t, c, addr);
    TlbInfo info = c->info[i];

    if (!(c->fast[i].write & TLB_INVALID) && info.page == (addr & ~(t->page_size - 1))) {
        write_entry(cs, t, c, &info);               /* asks again */
    }
}

/* -- flushing -------------------------------------------------------------------------------------------------------- */

static bool in_range(vaddr page, vaddr first, vaddr last)
{
    return untagged(page - first) <= last - first;
}

static void flush_level2(CPUTlb *t, const TlbFlush *f, vaddr first, vaddr last)
{
    uint64_t pages = (last - first) >> t->page_bits;
    bool some = pages < SETS;                   /* else every set */

    for (uint64_t n = 0; n < (some ? pages + 1 : SETS); n++) {
        unsigned set = some ? set_of(t, first + (n << t->page_bits)) : n;

        for (unsigned way = 0; way < WAYS; way++) {
            Tag *g = &t->tag[set][way];

            if (g->page && in_range((g->page - 1) << t->page_bits, first, last)) {
                const Space *s = space_of(t, g->generation);

                if (!s || hits_space(f, s)) {
                    g->page = 0;
                }
            }
        }
    }
}

static void flush_level1(CPUTlb *t, Context *c, Range r)
{
    uint64_t pages = (r.last - r.first) >> t->page_bits;

    if (!c->filled) {
        return;
    }
    if (pages >= c->entries) {
        for (unsigned n = 0; n < c->entries; n++) {
            if (!is_empty(&c->fast[n]) && in_range(c->info[n].page, r.first, r.last)) {
                clear_entries(&c->fast[n], 1);
            }
        }
        return;
    }
    for (uint64_t n = 0; n <= pages; n++) {
        vaddr page = r.first + (n << t->page_bits);
        unsigned k = index_of(t, c, page);

        if (!is_empty(&c->fast[k]) && untagged(c->info[k].page ^ page) == 0) {
            clear_entries(&c->fast[k], 1);
        }
    }
}

/* Whether what contexts share, as f names them, may have an entry in a range: if not, no global code is there either. */
static bool shared_may_have(const CPUTlb *t, const TlbFlush *f, Range r)
{
    for (unsigned i = next_filled(t, 0); f->globals && i < SPACES; i = next_filled(t, i + 1)) {
        const Space *s = &t->space[i];

        if (s->shared && hits_space(f, s) && may_have(s, r)) {
            return true;
        }
    }
    return false;
}

static const Concerned *concerned_by(CPUTlb *t, const TlbFlush *f)
{
    Concerned *k = t->concerned;

    for (unsigned i = 0; i < G_N_ELEMENTS(t->concerned); i++, k++) {
        if (k->known && k->value == f->value && k->mask == f->mask && k->globals == f->globals) {
            return k;
        }
    }
    k = &t->concerned[t->next_concerned++ % G_N_ELEMENTS(t->concerned)];
    *k = (Concerned){ .mask = f->mask, .value = f->value, .globals = f->globals, .known = true };
    for (unsigned i = 0; i < POOL; i++) {
        const Context *c = &t->pool[i];
        unsigned n = c->shared ? c->shared - t->space : 0;

        if (c->used && hits(f, c->id)) {
            k->own |= BIT64(i);
        } else if (c->used && hits_global(f, c->id, c->global_mask)) {
            k->shared |= BIT64(i);
            k->space[n / 64] |= BIT64(n % 64);
        }
    }
    return k;
}

/* The entries in own of contexts that f names, and those in global that such contexts share, if f has them. */
static void flush_ranges(CPUState *cs, const TlbFlush *f, Range own, Range global)
{
    CPUTlb *t = tlb_of(cs);
    Range both = f->globals ? (Range){ MIN(own.first, global.first), MAX(own.last, global.last) } : own;
    const Concerned *k = concerned_by(t, f);
    bool shared = false;

    for (uint64_t left = k->own; left; left &= left - 1) {
        Context *c = &t->pool[ctz64(left)];

        if (may_have(c->own, both) || may_have(c->shared, both)) {
            flush_level1(t, c, both);
        }
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(k->space) && !shared; n++) {
        for (uint64_t left = k->space[n] & t->space_filled[n]; left && !shared; left &= left - 1) {
            shared = may_have(&t->space[64 * n + ctz64(left)], global);
        }
    }
    for (uint64_t left = shared ? k->shared : 0; left; left &= left - 1) {
        Context *c = &t->pool[ctz64(left)];

        if (may_have(c->shared, global)) {
            flush_level1(t, c, global);
        }
    }
    flush_level2(t, f, both.first, both.last);
    if ((both.last - both.first) >> t->page_bits >= MAX_ASKED) {
        if (shared_may_have(t, f, global)) {
            jc_flush(cs);
        } else {
            jc_flush_contexts(cs, f->mask, f->value);
        }
        return;
    }
    jc_flush_page(cs, both.first, both.last - both.first + 1);
}

/* All addresses. Level 1 tables that it concerns in part are refilled from level 2. */
static void flush_spaces(CPUState *cs, const TlbFlush *f)
{
    CPUTlb *t = tlb_of(cs);

    for (unsigned i = next_filled(t, 0); i < SPACES; i = next_filled(t, i + 1)) {
        if (hits_space(f, &t->space[i])) {
            space_renew(t, &t->space[i]);
        }
    }
    for (unsigned i = 0; i < POOL; i++) {
        Context *c = &t->pool[i];

        if (c->used && hits(f, c->id)) {
            c->alike.serial = 0;
        }
        if (c->filled && (hits(f, c->id) || hits_global(f, c->id, c->global_mask))) {
            if (c == t->cur[c->mmu]) {
                context_clear(c);
            } else {
                c->stale = true;                /* perhaps nobody comes back to it */
            }
        }
    }
    if (f->globals) {
        jc_flush(cs);
    } else {
        jc_flush_contexts(cs, f->mask, f->value);
    }
}

void tlb_flush(CPUState *cs, const TlbFlush *f)
{
    CPUTlb *t = tlb_of(cs);
    Range own, global;

    stats_inc(&cs->exec->stats, STAT_tlb_flush);
    if (!f->size) {
        flush_spaces(cs, f);
        if (!f->mask) {
            alike_forget(cs);                   /* perhaps memory is not where it was */
            cs->map_changes++;
        }
        return;
    }
    own.first = f->addr & ~(t->page_size - 1);
    own.last = f->addr + (f->size - 1);
    own.last = own.last < f->addr ? UINT64_MAX : own.last;
    global = own;
    alike_flush(cs, own.first, own.last);
    widen_by_large(t, f, &own, &global);
    flush_ranges(cs, f, own, global);
}

void tlb_flush_all(CPUState *cs)
{
    static const TlbFlush all = { .globals = true };

    tlb_flush(cs, &all);
}

void tlb_dump(CPUState *cs, GString *out)
{
    CPUTlb *t = tlb_of(cs);

    for (unsigned set = 0; set < SETS; set++) {
        for (unsigned way = 0; way < WAYS; way++) {
            const TlbInfo *i = &t->info[set][way];
            const Space *s = space_of(t, t->tag[set][way].generation);

            if (t->tag[set][way].page && s) {
                g_string_append_printf(out, "%016" G_GINT64_MODIFIER "x -> %012" G_GINT64_MODIFIER "x %c%c%c%c mmu %u context %"
                                       G_GINT64_MODIFIER "x\n", i->page, i->paddr, i->prot & PROT_R ? 'r' : '-',
                                       i->prot & PROT_W ? 'w' : '-', i->prot & PROT_X ? 'x' : '-', i->global ? 'g' : '-',
                                       s->mmu, s->id);
            }
        }
    }
}

/* -- code pages ------------------------------------------------------------------------------------------------------ */

static void set_code(const CPUTlb *t, TcgTlbEntry *e, uintptr_t first)
{
    uintptr_t host = (e->write & ~(uint64_t)FLAGS) + e->addend;

    if (!(e->write & (TLB_INVALID | TLB_MMIO)) && host <= first + 4095 && host + (t->page_size - 1) >= first) {
        e->write |= TLB_CODE;
    }
}

void tlb_set_code_page(CPUState *cs, RamBlock *rb, ram_addr offset, uint32_t slots)
{
    CPUTlb *t = tlb_of(cs);
    uintptr_t first = (uintptr_t)rb->host + offset;

    for (unsigned i = 0; i < POOL; i++) {
        Context *c = &t->pool[i];

        if (c->filled && slots == TLB_ANY_SLOT) {
            for (unsigned n = 0; n < c->entries; n++) {
                set_code(t, &c->fast[n], first);
            }
        }
        for (uint32_t left = slots; c->filled && left && slots != TLB_ANY_SLOT; left >>= 16) {
            set_code(t, &c->fast[((left & 0xffff) - 1) & (c->entries - 1)], first);
        }
    }
}

/* -- others' requests ------------------------------------------------------------------------------------------------ */

static void post(CPUState *cs, const Posted *p)
{
    CPUTlb *t = tlb_of(cs);

    g_mutex_lock(&t->lock);
    if (t->queue->len >= MAX_POSTED) {
        t->overflow = true;
    } else {
        g_array_append_val(t->queue, *p);
    }
    __atomic_store_n(&t->posted, t->posted + 1, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&t->lock);
    cpu_request_quiet(cs, CPU_REQ_TLB);
}

void tlb_post(CPUState *cs, const TlbFlush *f)
{
    Posted p = { .flush = *f };

    post(cs, &p);
}

void tlb_post_code_page(CPUState *cs, RamBlock *rb, ram_addr offset, uint32_t slots)
{
    Posted p = { .code = rb, .flush.addr = offset, .slots = slots };

    post(cs, &p);
}

void tlb_serve(CPUState *cs)
{
    CPUTlb *t = tlb_of(cs);
    Posted todo[MAX_POSTED];
    unsigned num;
    bool overflow;
    uint64_t upto;

    g_mutex_lock(&t->lock);
    num = t->queue->len;
    if (num) {                                  /* an empty array has no data */
        memcpy(todo, t->queue->data, num * sizeof(Posted));
    }
    overflow = t->overflow;
    upto = t->posted;
    g_array_set_size(t->queue, 0);
    t->overflow = false;
    g_mutex_unlock(&t->lock);
    if (overflow) {
        tlb_flush_all(cs);                      /* refilling asks which pages hold code */
    } else {
        for (unsigned i = 0; i < num; i++) {
            if (todo[i].code) {
                tlb_set_code_page(cs, todo[i].code, todo[i].flush.addr, todo[i].slots);
            } else {
                tlb_flush(cs, &todo[i].flush);
            }
        }
    }
    __atomic_store_n(&t->done, upto, __ATOMIC_SEQ_CST);
}

void tlb_flush_broadcast(CPUState *cs, const TlbFlush *f)
{
    tlb_flush(cs, f);
    for (unsigned i = 0; i < cs->cluster->cpus->len; i++) {
        CPUState *other = cs->cluster->cpus->pdata[i];

        if (other != cs) {
            tlb_post(other, f);
        }
    }
}

bool tlb_sync_is_needed(CPUState *cs)
{
    const ExecMachine *x = cs->exec ? cs->exec->x : NULL;

    return !x || x->user || x->threads->len > 1;
}

void tlb_sync(CPUState *cs)
{
    tb_sync(cs->exec->x, cs);
    if (cs->exec->x->user) {
        return;                                 /* nothing is posted; and CPUs come and go */
    }
    for (unsigned i = 0; i < cs->cluster->cpus->len; i++) {
        CPUState *other = cs->cluster->cpus->pdata[i];
        CPUTlb *t = tlb_of(other);
        uint64_t want;
        unsigned spins = 0;

        if (other == cs || other->exec->thread == cs->exec->thread) {
            continue;                           /* serves before it runs */
        }
        want = __atomic_load_n(&t->posted, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&t->done, __ATOMIC_SEQ_CST) < want &&
               __atomic_load_n(&other->exec->thread->running, __ATOMIC_SEQ_CST)) {
            tlb_serve(cs);                      /* who waits for us does not wait for ever */
            if (++spins > 64) {
                g_usleep(10);
            }
        }
    }
}
