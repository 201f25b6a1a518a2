/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cache of translations, and how writes find what they change.
 *
 * Each RAM block has a table of its 4 KiB pages that hold code. A page has its blocks, a bitmap of 64-byte granules
 * that they cover, and a generation that each write into such a granule moves on, so that a translation made of bytes
 * which changed meanwhile is not published.
 *
 * A store by generated code reaches us only if its TLB entry says TLB_CODE. When a page becomes code, entries that
 * let stores pass are on their way out of the other CPUs' TLBs (a posted request), not gone: until every CPU has been
 * outside generated code once, stores may pass unseen and the page is suspected. What was translated of it is compared
 * with memory at the end of that time, and whenever a CPU synchronizes (tb_sync): a store of code that its architecture
 * makes visible with a barrier is noticed by then. To ask nobody where nobody stores, `writable` has the pages that
 * some TLB may store to. Each of these pairs is a store and then a load of what the other side stores:
 *
 *     filling an entry:  writable += it; flagged?        becoming code:  flagged := 1; writable?; read the bytes
 *     a store that we see:  store the bytes; flagged?    synchronizing:  (stores before it) num_suspects?
 */
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/bits.h"
#include "core/exec/memory_int.h"
#include "core/exec/tb_int.h"
#include "core/log.h"

enum {
    BUCKETS = 1 << 17,
    BUCKET_BITS = 6,                            /* bytes of code that have a bucket */
    TABLE_BITS = BUCKET_BITS + 17,              /* that fill the table once */
    GRANULE_BITS = CODE_PAGE_BITS - 6,
    NOTE_ROWS = 1024,
    MAX_MISSES = 256,                           /* stores beside the code of a page until its code is given up */
    GROUP = 512,                                /* pages whose places in RamCode.page are a page of the host */
};

/*
 * A block of a bucket, and above its address a bit for each kind of place (place_of) that it and those behind it have: who
 * looks for one that is not there passes by the others, which are seldom in the host's caches. 0: the end. Bits of what
 * went may stay.
 */
typedef uint64_t TbLink;
enum { LINK_ADDRESS_BITS = 48 };

typedef struct Place {
    unsigned bucket;
    TbLink bit;
} Place;

static inline TranslationBlock *link_block(TbLink link)
{
    return (TranslationBlock *)(uintptr_t)(link & mask64(0, LINK_ADDRESS_BITS));
}

typedef struct PageCode {
    bool flagged;                               /* atomic: stores must come to us */
    uint64_t granules;                          /* atomic: that blocks or running translations cover */
    uint64_t pending;                           /* of running translations alone */
    uint64_t blocks;                            /* of blocks alone */
    unsigned translating;
    bool changes;                               /* a region came too late */
    uint64_t generation;
    unsigned misses;
    TranslationBlock *first;
    struct PageCode *next;                      /* of the cache's spare ones */
} PageCode;

typedef struct RamCode {
    ExecMachine *x;
    uint64_t num_pages;
    PageCode **page;                            /* atomic pointers */
    uint16_t *used;                             /* how many pages of each GROUP have one */
    uint64_t num_used;
    uint32_t *writable;                         /* atomic: for tlb_set_code_page, the slots of entries that let stores pass */
} RamCode;

typedef struct Suspect {
    ExecMachine *x;
    RamBlock *rb;                               /* NULL: it was freed meanwhile */
    uint64_t page;
    bool due;                                   /* atomic: every CPU has been outside since it was asked */
} Suspect;

struct TbCache {
    TbLink *bucket;                             /* atomic */
    GPtrArray *rams;                            /* (RamBlock *) with a RamCode */
    GPtrArray *suspects;                        /* (Suspect *) */
    PageCode *spare;                            /* that were given back: who read where one was may still look at it */
    unsigned late;                              /* under stress: regions that might have been */
    unsigned num_suspects;                      /* atomic copy of suspects->len */
};

static void *zero_pages(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    g_assert(p != MAP_FAILED);
    return p;
}

/* -- memory for blocks --------------------------------------------------------------------------------------------- */

/*
 * A chunk's pages are there from the start: a page fault costs more than a page. Who needs many gets them out of slabs,
 * which are huge pages.
 */
enum { SLAB = 2 << 20, FEW_CHUNKS = 32 };
enum { CHUNK = 64 << 10, CHUNK_HEAD = TCG_OWNER_ALIGN, CHUNK_BLOCKS = (CHUNK - CHUNK_HEAD) / sizeof(TranslationBlock) };
G_STATIC_ASSERT(sizeof(TranslationBlock) % TCG_OWNER_ALIGN == 0);

/* At the start of each chunk. */
typedef struct TbChunk {
    TbPool *pool;
} TbChunk;

/* Rows for blocks that jump by registers: all 0 until they are taken. */
typedef struct Notes {
    uint8_t row[NOTE_ROWS][TCG_NOTES];
    TranslationBlock *owner[NOTE_ROWS];         /* NULL: free, or yet to be told */
    uint16_t free[NOTE_ROWS];                   /* rows that were given back */
    unsigned num_free;
    unsigned taken;                             /* that were not given back; from NOTE_ROWS on, again */
} Notes;

struct TbPool {
    GMutex lock;                                /* a leaf */
    GPtrArray *chunks;                          /* (TbChunk *) */
    GPtrArray *memory;                          /* what they are in: the first ones each by itself, then slabs */
    unsigned left;                              /* of the last slab's chunks */
    unsigned taken;                             /* of the last chunk's blocks */
    TranslationBlock *free;                     /* by next */
    Notes *notes;
};

TbPool *tb_pool_new(void)
{
    TbPool *p = g_new0(TbPool, 1);

    g_mutex_init(&p->lock);
    p->chunks = g_ptr_array_new();
    p->memory = g_ptr_array_new_with_free_func(g_aligned_free);
    p->taken = CHUNK_BLOCKS;
    p->notes = zero_pages(sizeof(Notes));
    return p;
}

static void free_edges(TranslationBlock *tb)
{
    if (tb->edge != tb->few_edges) {
        g_free(tb->edge);
    }
    tb->edge = NULL;
}

void tb_pool_free(TbPool *p)
{
    for (unsigned i = 0; i < p->chunks->len; i++) {
        TranslationBlock *first = (TranslationBlock *)((uint8_t *)p->chunks->pdata[i] + CHUNK_HEAD);

        ASAN_UNPOISON_MEMORY_REGION(p->chunks->pdata[i], CHUNK);
        for (unsigned n = 0; n < (i + 1 < p->chunks->len ? (unsigned)CHUNK_BLOCKS : p->taken); n++) {
            free_edges(&first[n]);
        }
    }
    g_ptr_array_unref(p->chunks);
    g_ptr_array_unref(p->memory);
    munmap(p->notes, sizeof(Notes));
    g_mutex_clear(&p->lock);
    g_free(p);
}

static TbChunk *chunk_new(TbPool *p)
{
    uint8_t *m;

    if (p->chunks->len >= FEW_CHUNKS && p->left) {
        return (TbChunk *)((uint8_t *)p->memory->pdata[p->memory->len - 1] + SLAB - CHUNK * p->left--);
    }
    if (p->chunks->len >= FEW_CHUNKS) {
        m = g_aligned_alloc(1, SLAB, SLAB);
        madvise(m, SLAB, MADV_HUGEPAGE);
        p->left = SLAB / CHUNK - 1;
    } else {
        m = g_aligned_alloc(1, CHUNK, CHUNK);
        madvise(m, CHUNK, MADV_POPULATE_WRITE);                 /* a kernel that cannot leaves it to faults */
    }
    g_ptr_array_add(p->memory, m);
    return (TbChunk *)m;
}

TranslationBlock *tb_alloc(TbPool *p)
{
    TranslationBlock *tb;

    g_mutex_lock(&p->lock);
    tb = p->free;
    if (tb) {
        ASAN_UNPOISON_MEMORY_REGION(tb, sizeof(*tb));
        p->free = link_block(tb->next);
    } else {
        TbChunk *c;

        if (p->taken == CHUNK_BLOCKS) {
            c = chunk_new(p);
            g_assert((uintptr_t)c >> LINK_ADDRESS_BITS == 0);
            c->pool = p;
            g_ptr_array_add(p->chunks, c);
            p->taken = 0;
        }
        c = p->chunks->pdata[p->chunks->len - 1];
        tb = (TranslationBlock *)((uint8_t *)c + CHUNK_HEAD) + p->taken++;
    }
    g_mutex_unlock(&p->lock);
    memset(tb, 0, sizeof(*tb));
    return tb;
}

static unsigned note_row(const Notes *t, const uint8_t *row)
{
    return (unsigned)(row - t->row[0]) / TCG_NOTES;
}

/* Nothing of tb runs any more. Another block may have its row by now. */
static void give_notes(Notes *t, const TranslationBlock *tb)
{
    unsigned n = note_row(t, tb->notes);

    if (t->owner[n] == tb) {
        t->owner[n] = NULL;
        t->free[t->num_free++] = (uint16_t)n;
    }
}

uint8_t *tb_new_notes(TbPool *p)
{
    Notes *t = p->notes;
    bool again;
    unsigned n;

    g_mutex_lock(&p->lock);
    again = t->num_free || t->taken >= NOTE_ROWS;
    n = t->num_free ? t->free[--t->num_free] : t->taken++ % NOTE_ROWS;
    t->owner[n] = NULL;
    g_mutex_unlock(&p->lock);
    for (unsigned i = 0; again && i < TCG_NOTES; i++) {
        __atomic_store_n(&t->row[n][i], 0, __ATOMIC_RELAXED);
    }
    return t->row[n];
}

void tb_set_notes(TbPool *p, TranslationBlock *tb, uint8_t *row)
{
    g_mutex_lock(&p->lock);
    p->notes->owner[note_row(p->notes, row)] = tb;
    tb->notes = row;
    g_mutex_unlock(&p->lock);
}

void tb_free(void *opaque)
{
    TranslationBlock *tb = opaque;
    TbPool *p = ((TbChunk *)((uintptr_t)tb & ~(uintptr_t)(CHUNK - 1)))->pool;

    free_edges(tb);
    g_mutex_lock(&p->lock);
    if (tb->notes) {
        give_notes(p->notes, tb);
    }
    tb->next = (uintptr_t)p->free;
    p->free = tb;
    ASAN_POISON_MEMORY_REGION(tb, sizeof(*tb));
    g_mutex_unlock(&p->lock);
}

void tb_pool_lock(TbPool *p)
{
    g_mutex_lock(&p->lock);
}

void tb_pool_unlock(TbPool *p)
{
    g_mutex_unlock(&p->lock);
}

/* -- the cache ------------------------------------------------------------------------------------------------------ */

/* Private memory that is given back is zero when it is touched again: a fork's child, which touches little, copies nothing. */
static void clear_buckets(struct TbCache *c)
{
    if (madvise(c->bucket, BUCKETS * sizeof(*c->bucket), MADV_DONTNEED) < 0) {
        memset(c->bucket, 0, BUCKETS * sizeof(*c->bucket));
    }
}

struct TbCache *tb_cache_new(void)
{
    struct TbCache *c = g_new0(struct TbCache, 1);

    c->bucket = zero_pages(BUCKETS * sizeof(*c->bucket));
    c->rams = g_ptr_array_new();
    c->suspects = g_ptr_array_new();
    return c;
}

/* The first page from n on that has or had code; num_pages: none. */
static uint64_t next_used(const RamCode *rc, uint64_t n)
{
    while (n < rc->num_pages && rc->num_used) {
        if (!rc->used[n / GROUP]) {
            n = (n / GROUP + 1) * GROUP;
        } else if (rc->page[n]) {
            return n;
        } else {
            n++;
        }
    }
    return rc->num_pages;
}

static void ram_code_free(RamCode *rc)
{
    for (uint64_t n = next_used(rc, 0); n < rc->num_pages; n = next_used(rc, n + 1)) {
        g_free(rc->page[n]);
    }
    g_free(rc->used);
    munmap(rc->page, rc->num_pages * sizeof(*rc->page));
    munmap(rc->writable, rc->num_pages * sizeof(*rc->writable));
    g_free(rc);
}

void tb_cache_free(struct TbCache *c)
{
    if (!c) {
        return;
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        while (c->bucket[i]) {
            TranslationBlock *tb = link_block(c->bucket[i]);

            c->bucket[i] = tb->next;
            tb_free(tb);
        }
    }
    for (unsigned i = 0; i < c->rams->len; i++) {
        RamBlock *rb = c->rams->pdata[i];

        ram_code_free(rb->code);
        rb->code = NULL;
    }
    munmap(c->bucket, BUCKETS * sizeof(*c->bucket));
    g_ptr_array_unref(c->rams);
    for (unsigned i = 0; i < c->suspects->len; i++) {
        Suspect *s = c->suspects->pdata[i];

        if (s->due) {                           /* else its epoch frees it */
            g_free(s);
        }
    }
    g_ptr_array_unref(c->suspects);
    for (PageCode *p = c->spare, *next; p; p = next) {
        next = p->next;
        g_free(p);
    }
    g_free(c);
}

static void invalidate(ExecMachine *x, CPUState *cs, RamBlock *rb, ram_addr offset, uint64_t len);
static void forget_all(ExecMachine *x);

/* The fence is ram_written's. */
static void on_write(RamBlock *rb, ram_addr offset, uint64_t len)
{
    RamCode *rc = rb->code;

    invalidate(rc->x, NULL, rb, offset, len);
}

static void on_free(RamBlock *rb)
{
    RamCode *rc = rb->code;
    TbWorker *w = rc->x->worker;

    tb_worker_hold(w);
    tb_worker_drop(w, rb);
    if (rc->x->threads->len == 0) {
        forget_all(rc->x);
    }
    tb_invalidate(rc->x, NULL, rb, 0, rb->size);
    tb_worker_release(w);                       /* no CPU runs code of rb, so none comes */
    g_mutex_lock(&rc->x->tb_lock);
    g_ptr_array_remove(rc->x->tbs->rams, rb);
    for (unsigned i = 0; i < rc->x->tbs->suspects->len; i++) {
        Suspect *s = rc->x->tbs->suspects->pdata[i];

        s->rb = s->rb == rb ? NULL : s->rb;
    }
    g_mutex_unlock(&rc->x->tb_lock);
    rb->code = NULL;
    ram_code_free(rc);
}

static RamCode *ram_code(ExecMachine *x, RamBlock *rb)
{
    RamCode *rc = __atomic_load_n((RamCode **)&rb->code, __ATOMIC_ACQUIRE);

    if (!rc) {
        g_mutex_lock(&x->tb_lock);
        rc = rb->code;
        if (!rc) {
            rc = g_new0(RamCode, 1);
            rc->x = x;
            rc->num_pages = (rb->size + CODE_PAGE - 1) >> CODE_PAGE_BITS;
            rc->page = zero_pages(rc->num_pages * sizeof(*rc->page));
            rc->used = g_new0(uint16_t, (rc->num_pages + GROUP - 1) / GROUP);
            rc->writable = zero_pages(rc->num_pages * sizeof(*rc->writable));
            rb->on_write = on_write;
            rb->on_free = on_free;
            g_ptr_array_add(x->tbs->rams, rb);
            __atomic_store_n((RamCode **)&rb->code, rc, __ATOMIC_RELEASE);
        }
        g_mutex_unlock(&x->tb_lock);
    }
    g_assert(rc->x == x);
    return rc;
}

static PageCode *page_of(const RamCode *rc, uint64_t n)
{
    return __atomic_load_n(&rc->page[n], __ATOMIC_ACQUIRE);
}

static uint64_t granule_mask(ram_addr first, ram_addr last)
{
    unsigned a = (first & (CODE_PAGE - 1)) >> GRANULE_BITS, b = (last & (CODE_PAGE - 1)) >> GRANULE_BITS;

    return mask64(a, b - a + 1);
}

/* What is there already need not be stored again: whoever takes it away after this asks, and we serve that when we entered. */
static void add_slot(uint32_t *slots, uint32_t slot)
{
    uint32_t old = __atomic_load_n(slots, __ATOMIC_SEQ_CST), new;

    do {
        if (old == TLB_ANY_SLOT || (old & 0xffff) == slot || old >> 16 == slot) {
            return;
        }
        new = !old ? slot : old >> 16 ? TLB_ANY_SLOT : old | slot << 16;
    } while (!__atomic_compare_exchange_n(slots, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}

bool tb_will_be_written(ExecMachine *x, RamBlock *rb, ram_addr offset, uint64_t len, unsigned slot)
{
    RamCode *rc = ram_code(x, rb);
    bool code = false;

    for (uint64_t n = offset >> CODE_PAGE_BITS; n <= (offset + len - 1) >> CODE_PAGE_BITS; n++) {
        const PageCode *p;

        add_slot(&rc->writable[n], slot + 1);
        p = __atomic_load_n(&rc->page[n], __ATOMIC_SEQ_CST);
        code |= p && __atomic_load_n(&p->flagged, __ATOMIC_SEQ_CST);
    }
    return code;
}

/* -- blocks in and out of their structures; all under tb_lock ------------------------------------------------------ */

/*
 * Neighbours in memory are neighbours in the table, so that a program touches little of it: a bucket is 64 bytes of
 * code, those of 2048 pages that follow each other lie side by side.
 */
static Place place_of(const CPUClass *cc, const CPUKey *key, const RamBlock *rb, ram_addr offset)
{
    uint64_t h = (uintptr_t)cc * UINT64_C(0x9e3779b97f4a7c15);

    h = (h ^ key->w[0]) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 32 ^ key->w[1]) * UINT64_C(0xc4ceb9fe1a85ec53);
    h = (h ^ h >> 29 ^ (uintptr_t)rb) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 32 ^ offset >> TABLE_BITS) * UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    return (Place){
        (h + (offset >> BUCKET_BITS)) & (BUCKETS - 1),
        BIT64(LINK_ADDRESS_BITS + ((h >> 60) ^ (offset >> 2 & 15))),
    };
}

uint64_t tb_hash_bytes(const uint8_t *p, unsigned len)
{
    uint64_t h = len;

    for (; len >= 8; p += 8, len -= 8) {
        h = (h ^ ldq_le_p(p)) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    for (; len; p++, len--) {
        h = (h ^ *p) * UINT64_C(0x100000001b3);
    }
    return h ^ h >> 32;
}

static inline TranslationBlock *look(const struct TbCache *c, Place place, const CPUClass *cc, const CPUKey *key,
                                     const RamBlock *rb, ram_addr offset, uint64_t cut, ram_addr first, ram_addr last)
{
    TbLink link = __atomic_load_n(&c->bucket[place.bucket], __ATOMIC_ACQUIRE);

    while (link & place.bit) {
        TranslationBlock *tb = link_block(link);

        if (tb->offset == offset && tb->rb == rb && tb->cc == cc && tb->key.w[0] == key->w[0] &&
            tb->key.w[1] == key->w[1] && tb->cut == cut && tb->start >= first && tb->start + tb->bytes - 1 <= last) {
            return tb;
        }
        link = __atomic_load_n(&tb->next, __ATOMIC_ACQUIRE);
    }
    return NULL;
}

TranslationBlock *tb_lookup(ExecMachine *x, const CPUClass *cc, const CPUKey *key, RamBlock *rb, ram_addr offset,
                            uint64_t cut, ram_addr first, ram_addr last)
{
    return look(x->tbs, place_of(cc, key, rb, offset), cc, key, rb, offset, cut, first, last);
}

enum { SLOT_MASK = TCG_OWNER_ALIGN - 1 };
G_STATIC_ASSERT((int)TCG_MAX_CHAINS <= (int)TCG_OWNER_ALIGN);

static TbEdge *edge_of(uintptr_t source)
{
    return &((TranslationBlock *)(source & ~(uintptr_t)SLOT_MASK))->edge[source & SLOT_MASK];
}

static void unlink_edge(ExecMachine *x, uintptr_t source)
{
    TranslationBlock *from = (TranslationBlock *)(source & ~(uintptr_t)SLOT_MASK);
    TbEdge *edge = edge_of(source);
    uintptr_t *p;

    if (!edge->to) {
        return;
    }
    tcg_chain(x->be, x->buf, &from->code, source & SLOT_MASK, NULL);
    for (p = &edge->to->in; *p != source;) {
        p = &edge_of(*p)->next;
    }
    *p = edge->next;
    edge->to = NULL;
}

static void unlink_in(ExecMachine *x, TranslationBlock *tb)
{
    while (tb->in) {
        unlink_edge(x, tb->in);
    }
}

static void unlink_all(ExecMachine *x, TranslationBlock *tb)
{
    unlink_in(x, tb);
    for (unsigned n = 0; n < tb->code.num_chains; n++) {
        unlink_edge(x, (uintptr_t)tb | n);
    }
}

static void remove_block(ExecMachine *x, TranslationBlock *tb)
{
    TbLink *p = &x->tbs->bucket[place_of(tb->cc, &tb->key, tb->rb, tb->offset).bucket];

    tb->valid = false;
    if (tb->cold) {
        __atomic_store_n(&tb->cold->region, NULL, __ATOMIC_RELAXED);
    }
    while (link_block(*p) != tb) {
        p = &link_block(*p)->next;
    }
    __atomic_store_n(p, tb->next, __ATOMIC_RELEASE);
    unlink_all(x, tb);
}

static void set_granules(PageCode *p)
{
    p->pending = p->translating ? p->pending : 0;
    __atomic_store_n(&p->granules, p->blocks | p->pending, __ATOMIC_RELAXED);
}

/* After blocks went. */
static void update_granules(PageCode *p)
{
    p->blocks = 0;
    for (const TranslationBlock *tb = p->first; tb; tb = tb->page_next) {
        p->blocks |= granule_mask(tb->start, tb->start + tb->bytes - 1);
    }
    set_granules(p);
}

static bool overlaps(const TranslationBlock *tb, ram_addr first, ram_addr last)
{
    return tb->start <= last && tb->start + tb->bytes - 1 >= first;
}

/* Blocks of the page that overlap go, to the list *gone; how many. */
static unsigned remove_overlapping(ExecMachine *x, PageCode *p, ram_addr first, ram_addr last, TranslationBlock **gone)
{
    TranslationBlock **q = &p->first;
    unsigned n = 0;

    while (*q) {
        TranslationBlock *tb = *q;

        if (overlaps(tb, first, last)) {
            *q = tb->page_next;
            remove_block(x, tb);
            tb->page_next = *gone;
            *gone = tb;
            n++;
        } else {
            q = &tb->page_next;
        }
    }
    if (n) {
        update_granules(p);
    }
    return n;
}

/* Jump caches may have the blocks that went: to be called before those are retired, so that who was outside since
 * then has been told. */
static void forget_jumps(ExecMachine *x, CPUState *cs, const TranslationBlock *gone)
{
    g_mutex_lock(&x->lock);                     /* user mode's threads come and go */
    for (unsigned i = 0; i < x->threads->len; i++) {
        ExecThread *t = x->threads->pdata[i];

        for (unsigned k = 0; k < t->cpus->len; k++) {
            jc_forget(t->cpus->pdata[k], t->cpus->pdata[k] == cs, gone);
        }
    }
    g_mutex_unlock(&x->lock);
}

static void free_list(void *p)
{
    for (TranslationBlock *tb = p, *next; tb; tb = next) {
        next = tb->page_next;
        tb_free(tb);
    }
}

/* Without tb_lock: what was removed, after jump caches were told. */
static void retire(ExecMachine *x, CPUState *cs, TranslationBlock *gone, unsigned num)
{
    if (gone) {
        forget_jumps(x, cs, gone);
        epoch_retire(x->epoch, free_list, gone);
        if (cs) {
            stats_add(&cs->exec->stats, STAT_tb_invalidated, num);
        }
    }
}

/* -- writes ---------------------------------------------------------------------------------------------------------- */

bool tb_store_hits(ExecMachine *x, RamBlock *rb, ram_addr offset, uint64_t len)
{
    RamCode *rc = ram_code(x, rb);
    ram_addr end = offset + len - 1;
    bool hit = false;

    for (uint64_t n = offset >> CODE_PAGE_BITS; n <= end >> CODE_PAGE_BITS; n++) {
        PageCode *p = page_of(rc, n);
        ram_addr first = MAX(offset, n << CODE_PAGE_BITS), last = MIN(end, (n << CODE_PAGE_BITS) + CODE_PAGE - 1);

        if (!p || !__atomic_load_n(&p->flagged, __ATOMIC_RELAXED)) {
            continue;
        }
        if (__atomic_load_n(&p->granules, __ATOMIC_RELAXED) & granule_mask(first, last)) {
            g_mutex_lock(&x->tb_lock);
            for (const TranslationBlock *tb = p->first; tb && !hit; tb = tb->page_next) {
                hit = overlaps(tb, first, last);
            }
            g_mutex_unlock(&x->tb_lock);
        }
    }
    return hit;
}

static void invalidate(ExecMachine *x, CPUState *cs, RamBlock *rb, ram_addr offset, uint64_t len)
{
    RamCode *rc = __atomic_load_n((RamCode **)&rb->code, __ATOMIC_ACQUIRE);
    ram_addr end = offset + len - 1;
    TranslationBlock *gone = NULL;
    unsigned num = 0;

    if (!rc || !len) {
        return;
    }
    for (uint64_t n = offset >> CODE_PAGE_BITS; n <= end >> CODE_PAGE_BITS && n < rc->num_pages; n++) {
        PageCode *p = page_of(rc, n);
        ram_addr first = MAX(offset, n << CODE_PAGE_BITS), last = MIN(end, (n << CODE_PAGE_BITS) + CODE_PAGE - 1);

        if (!p || !__atomic_load_n(&p->flagged, __ATOMIC_SEQ_CST)) {
            continue;
        }
        g_mutex_lock(&x->tb_lock);
        if (page_of(rc, n) != p) {              /* given back, and code since the bytes changed if it is code again */
            g_mutex_unlock(&x->tb_lock);
            continue;
        }
        if (p->granules & granule_mask(first, last)) {
            p->generation++;
            num += remove_overlapping(x, p, first, last, &gone);
        } else if (cs && ++p->misses > MAX_MISSES && !p->translating) {
            num += remove_overlapping(x, p, n << CODE_PAGE_BITS, (n << CODE_PAGE_BITS) + CODE_PAGE - 1, &gone);
        }
        if (!p->first && !p->translating) {
            p->misses = 0;
            __atomic_store_n(&p->granules, 0, __ATOMIC_RELAXED);
            __atomic_store_n(&p->flagged, false, __ATOMIC_SEQ_CST);
        }
        g_mutex_unlock(&x->tb_lock);
    }
    retire(x, cs, gone, num);
}

void tb_invalidate(ExecMachine *x, CPUState *cs, RamBlock *rb, ram_addr offset, uint64_t len)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);    /* the store, then what it may have changed */
    invalidate(x, cs, rb, offset, len);
}

/* Under tb_lock. */
static PageCode *page_take(struct TbCache *c, RamCode *rc, uint64_t n)
{
    PageCode *p = c->spare;

    if (p) {
        c->spare = p->next;
        p->next = NULL;
    } else {
        p = g_new0(PageCode, 1);
    }
    rc->used[n / GROUP]++;
    rc->num_used++;
    __atomic_store_n(&rc->page[n], p, __ATOMIC_SEQ_CST);
    return p;
}

/* Under tb_lock: a page that has no code, and of which none is being made. */
static void page_give_back(struct TbCache *c, RamCode *rc, uint64_t n)
{
    PageCode *p = rc->page[n];
    size_t group = GROUP * sizeof(*rc->page);

    __atomic_store_n(&rc->page[n], NULL, __ATOMIC_SEQ_CST);
    __atomic_store_n(&p->flagged, false, __ATOMIC_SEQ_CST);
    p->generation++;                            /* which goes on, whatever page it is next */
    update_granules(p);
    p->next = c->spare;
    c->spare = p;
    rc->num_used--;
    if (--rc->used[n / GROUP] == 0 && (size_t)getpagesize() == group) {
        madvise(&rc->page[n / GROUP * GROUP], group, MADV_DONTNEED);
    }
}

void tb_forget_pages(ExecMachine *x, RamBlock *rb, ram_addr offset, uint64_t len)
{
    RamCode *rc = __atomic_load_n((RamCode **)&rb->code, __ATOMIC_ACQUIRE);
    uint64_t last = (offset + len - 1) >> CODE_PAGE_BITS;

    g_assert(x->user);                          /* elsewhere suspects name pages */
    if (!rc || !len) {
        return;
    }
    g_mutex_lock(&x->tb_lock);
    for (uint64_t n = next_used(rc, offset >> CODE_PAGE_BITS); n < rc->num_pages && n <= last; n = next_used(rc, n + 1)) {
        if (!rc->page[n]->first && !rc->page[n]->translating) {
            page_give_back(x->tbs, rc, n);
        }
    }
    g_mutex_unlock(&x->tb_lock);
}

/* -- becoming code --------------------------------------------------------------------------------------------------- */

/* Every CPU has been outside since it was asked. Called wherever epochs end: only notes it. */
static void suspect_due(void *opaque)
{
    Suspect *s = opaque;
    ExecMachine *x = s->x;

    if (!x->tbs) {
        g_free(s);
        return;
    }
    __atomic_store_n(&s->due, true, __ATOMIC_RELEASE);      /* it may be freed from now on */
    __atomic_store_n(&x->verify_due, true, __ATOMIC_RELEASE);
}

/* Under tb_lock: what is not of the bytes in memory goes, to the list *gone; how many. */
static unsigned compare(ExecMachine *x, const Suspect *s, TranslationBlock **gone)
{
    unsigned num = 0;
    PageCode *p;

    if (!s->rb) {
        return 0;
    }
    p = page_of(s->rb->code, s->page);
    p->generation++;                            /* whoever translates now read too early */
    for (TranslationBlock *tb = p->first, *next; tb; tb = next) {
        uint8_t bytes[CODE_PAGE];

        next = tb->page_next;
        ram_read(s->rb->host + tb->start, bytes, tb->bytes);
        if (tb_hash_bytes(bytes, tb->bytes) != tb->hash) {
            num += remove_overlapping(x, p, tb->start, tb->start + tb->bytes - 1, gone);
            next = p->first;                    /* its neighbours may have gone with it */
        }
    }
    return num;
}

void tb_verify(ExecMachine *x, CPUState *cs)
{
    struct TbCache *c = x->tbs;
    TranslationBlock *gone = NULL;
    unsigned num = 0, kept = 0;

    g_mutex_lock(&x->tb_lock);
    __atomic_store_n(&x->verify_due, false, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < c->suspects->len; i++) {
        Suspect *s = c->suspects->pdata[i];

        if (__atomic_load_n(&s->due, __ATOMIC_ACQUIRE)) {
            num += compare(x, s, &gone);
            g_free(s);
        } else {
            c->suspects->pdata[kept++] = s;
        }
    }
    g_ptr_array_set_size(c->suspects, (int)kept);
    __atomic_store_n(&c->num_suspects, kept, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&x->tb_lock);
    retire(x, cs, gone, num);
}

void tb_sync(ExecMachine *x, CPUState *cs)
{
    struct TbCache *c = x->tbs;
    TranslationBlock *gone = NULL;
    unsigned num = 0;

    if (__atomic_load_n(&c->num_suspects, __ATOMIC_SEQ_CST) == 0) {
        return;
    }
    g_mutex_lock(&x->tb_lock);
    for (unsigned i = 0; i < c->suspects->len; i++) {
        num += compare(x, c->suspects->pdata[i], &gone);
    }
    g_mutex_unlock(&x->tb_lock);
    retire(x, cs, gone, num);
}

/* Every CPU's TLB will send us stores to page n of rb. */
static void ask(ExecMachine *x, CPUState *cs, RamBlock *rb, uint64_t n, uint32_t slots)
{
    for (unsigned i = 0; i < x->threads->len; i++) {
        ExecThread *t = x->threads->pdata[i];

        for (unsigned k = 0; k < t->cpus->len; k++) {
            CPUState *other = t->cpus->pdata[k];

            if (other == cs) {
                tlb_set_code_page(cs, rb, n << CODE_PAGE_BITS, slots);
            } else {
                tlb_post_code_page(other, rb, n << CODE_PAGE_BITS, slots);
            }
        }
    }
}

uint64_t tb_begin(ExecMachine *x, CPUState *cs, RamBlock *rb, ram_addr offset, unsigned len)
{
    RamCode *rc = ram_code(x, rb);
    uint64_t n = offset >> CODE_PAGE_BITS;
    uint64_t generation;
    Suspect *suspect = NULL;
    uint32_t slots = 0;
    PageCode *p;

    g_mutex_lock(&x->tb_lock);
    p = rc->page[n];
    p = p ? p : page_take(x->tbs, rc, n);
    p->translating++;
    p->pending |= granule_mask(offset, offset + len - 1);
    __atomic_store_n(&p->granules, p->granules | p->pending, __ATOMIC_SEQ_CST);
    generation = p->generation;
    if (!p->flagged) {
        p->misses = 0;
        p->changes = false;
        __atomic_store_n(&p->flagged, true, __ATOMIC_SEQ_CST);
        slots = x->user ? 0 : __atomic_exchange_n(&rc->writable[n], 0, __ATOMIC_SEQ_CST);
        if (slots && x->threads->len > 1) {
            suspect = g_new(Suspect, 1);
            *suspect = (Suspect){ x, rb, n, false };
            g_ptr_array_add(x->tbs->suspects, suspect);
            __atomic_store_n(&x->tbs->num_suspects, x->tbs->suspects->len, __ATOMIC_SEQ_CST);
        }
    }
    g_mutex_unlock(&x->tb_lock);
    if (slots) {
        ask(x, cs, rb, n, slots);
    }
    if (suspect) {                              /* who is outside after this serves what was asked before it goes on */
        epoch_retire(x->epoch, suspect_due, suspect);
    }
    return generation;
}

bool tb_is_valid(ExecMachine *x, const TranslationBlock *tb)
{
    bool valid;

    g_mutex_lock(&x->tb_lock);
    valid = tb->valid;
    g_mutex_unlock(&x->tb_lock);
    return valid;
}

/* A translation of the page has ended. */
static void end(PageCode *p)
{
    p->translating--;
    set_granules(p);
}

void tb_abandon(ExecMachine *x, RamBlock *rb, ram_addr offset)
{
    g_mutex_lock(&x->tb_lock);
    end(page_of(rb->code, offset >> CODE_PAGE_BITS));
    g_mutex_unlock(&x->tb_lock);
}

/* Under tb_lock. */
static void put_in(struct TbCache *c, Place place, PageCode *p, TranslationBlock *tb)
{
    TbLink *b = &c->bucket[place.bucket];

    tb->valid = true;
    tb->page_next = p->first;
    p->first = tb;
    p->blocks |= granule_mask(tb->start, tb->start + tb->bytes - 1);
    tb->next = *b;
    __atomic_store_n(b, (uintptr_t)tb | place.bit | (tb->next & ~mask64(0, LINK_ADDRESS_BITS)), __ATOMIC_RELEASE);
}

bool tb_insert(ExecMachine *x, TranslationBlock *tb, uint64_t generation, TranslationBlock **ret)
{
    PageCode *p = page_of(tb->rb->code, tb->offset >> CODE_PAGE_BITS);
    Place place = place_of(tb->cc, &tb->key, tb->rb, tb->offset);
    bool ok;

    g_mutex_lock(&x->tb_lock);
    ok = p->generation == generation;
    if (ok) {
        *ret = look(x->tbs, place, tb->cc, &tb->key, tb->rb, tb->offset, tb->cut, tb->start, tb->start + tb->bytes - 1);
        if (!*ret) {
            *ret = tb;
            put_in(x->tbs, place, p, tb);
        }
    }
    end(p);
    g_mutex_unlock(&x->tb_lock);
    return ok;
}

bool tb_supersede(ExecMachine *x, TranslationBlock *region, uint64_t generation)
{
    PageCode *p = page_of(region->rb->code, region->offset >> CODE_PAGE_BITS);
    bool ok;

    g_mutex_lock(&x->tb_lock);
    if (x->config.stress & ACCEL_STRESS_LATE && ++x->tbs->late % 2) {
        p->generation++;                        /* as a store to its bytes does */
    }
    p->changes |= p->generation != generation;
    ok = p->generation == generation && region->cold->valid && !region->cold->region;
    g_assert(!ok || (region->cold->offset == region->offset && region->cold->rb == region->rb));
    if (ok) {
        put_in(x->tbs, place_of(region->cc, &region->key, region->rb, region->offset), p, region);
        __atomic_store_n(&region->cold->region, region, __ATOMIC_RELEASE);
        unlink_in(x, region->cold);             /* they ask for it anew */
    }
    end(p);
    g_mutex_unlock(&x->tb_lock);
    return ok;
}

bool tb_is_outdated(ExecMachine *x, const TranslationBlock *region, uint64_t generation)
{
    PageCode *p = page_of(region->rb->code, region->offset >> CODE_PAGE_BITS);
    bool changed;

    g_mutex_lock(&x->tb_lock);
    changed = p->generation != generation;
    p->changes |= changed;
    g_mutex_unlock(&x->tb_lock);
    return changed;
}

bool tb_changes(ExecMachine *x, const TranslationBlock *tb)
{
    const PageCode *p;
    bool changes;

    g_mutex_lock(&x->tb_lock);
    p = page_of(tb->rb->code, tb->offset >> CODE_PAGE_BITS);
    changes = p && p->changes;
    g_mutex_unlock(&x->tb_lock);
    return changes;
}

/* Whether an edge between them holds whatever maps their page, and whatever the key of who comes along it. */
static bool linkable(const ExecMachine *x, const TranslationBlock *from, const TranslationBlock *to)
{
    CPUKey key = tb_key_inside(from->cc, &from->key);
    bool same_page = from->rb == to->rb && (from->offset ^ to->offset) >> CODE_PAGE_BITS == 0;

    return from->rb && (same_page || x->user) && from->cc == to->cc && from->cut == to->cut &&
           key.w[0] == to->key.w[0] && key.w[1] == to->key.w[1] && from->whole_page && to->whole_page;
}

/* All that is asked of `from` is asked under the lock: a CPU may have come to it by another's edge, and never seen it. */
bool tb_link(ExecMachine *x, CPUState *cs, TranslationBlock *from, unsigned n, TranslationBlock *to)
{
    bool ok;

    g_mutex_lock(&x->tb_lock);
    to = to->region ? to->region : to;
    ok = from->valid && to->valid && !from->edge[n].to && linkable(x, from, to);
    if (ok) {
        from->edge[n] = (TbEdge){ to, to->in };
        to->in = (uintptr_t)from | n;
        tcg_chain(x->be, x->buf, &from->code, n, to->code.entry);
        stats_inc(&cs->exec->stats, STAT_tb_chained);
    }
    g_mutex_unlock(&x->tb_lock);
    return ok;
}

void tb_unlink(ExecMachine *x, TranslationBlock *tb)
{
    g_mutex_lock(&x->tb_lock);
    if (tb->valid) {
        unlink_all(x, tb);
    }
    g_mutex_unlock(&x->tb_lock);
}

void tb_reset(ExecMachine *x)
{
    struct TbCache *c = x->tbs;
    TranslationBlock *gone = NULL;

    tb_worker_hold(x->worker);
    tb_worker_drop(x->worker, NULL);
    g_mutex_lock(&x->tb_lock);
    for (unsigned i = 0; i < c->rams->len; i++) {
        RamCode *rc = ((RamBlock *)c->rams->pdata[i])->code;

        for (uint64_t n = next_used(rc, 0); n < rc->num_pages; n = next_used(rc, n + 1)) {
            PageCode *p = rc->page[n];

            while (p->first) {
                TranslationBlock *tb = p->first;

                p->first = tb->page_next;
                tb->valid = false;
                tb->page_next = gone;
                gone = tb;
            }
            update_granules(p);
        }
    }
    clear_buckets(c);
    tcg_codebuf_reset(x->buf);
    g_mutex_unlock(&x->tb_lock);
    tb_worker_release(x->worker);
    retire(x, NULL, gone, 0);
}

/* Nobody runs blocks any more: they go with their pool. */
static void forget_all(ExecMachine *x)
{
    struct TbCache *c = x->tbs;

    g_mutex_lock(&x->tb_lock);
    for (unsigned i = 0; i < c->rams->len; i++) {
        RamCode *rc = ((RamBlock *)c->rams->pdata[i])->code;

        for (uint64_t n = next_used(rc, 0); n < rc->num_pages; n = next_used(rc, n + 1)) {
            rc->page[n]->first = NULL;
            update_granules(rc->page[n]);
        }
    }
    clear_buckets(c);
    g_mutex_unlock(&x->tb_lock);
}

static void add_up(TbCacheSummary *s, const TranslationBlock *tb)
{
    s->num++;
    s->bytes += tb->bytes;
    s->max_bytes = MAX(s->max_bytes, tb->bytes);
    s->host_bytes += tb->code.size;
    s->slots += tb->code.num_chains;
    for (unsigned n = 0; n < tb->code.num_chains; n++) {
        s->linked += tb->edge[n].to != NULL;
    }
    if (tb->cold) {
        s->regions++;
        s->region_insns += tb->insns;
        s->region_host_bytes += tb->code.size;
    }
}

void tb_cache_summary(ExecMachine *x, TbCacheSummary *ret)
{
    *ret = (TbCacheSummary){ 0 };
    g_mutex_lock(&x->tb_lock);
    for (unsigned i = 0; i < x->tbs->rams->len; i++) {
        const RamCode *rc = ((RamBlock *)x->tbs->rams->pdata[i])->code;

        for (uint64_t n = next_used(rc, 0); n < rc->num_pages; n = next_used(rc, n + 1)) {
            for (const TranslationBlock *tb = rc->page[n]->first; tb; tb = tb->page_next) {
                add_up(ret, tb);
            }
        }
    }
    g_mutex_unlock(&x->tb_lock);
}
