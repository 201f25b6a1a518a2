/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translation blocks and their cache: private to this folder.
 *
 * A block is found by (class, key, RAM block, offset): no virtual address is in it, so one translation serves every
 * mapping. Looking up takes no lock; blocks that went are retired by epoch. Everything else is under tb_lock.
 *
 * A block that runs often (it counts its instructions down in a heat word of its CPU) is translated again as a region:
 * with the blocks of its page that it leads to and that have run, and their loops. From then on the region is found
 * in its place.
 */
#ifndef CORE_EXEC_TB_INT_H
#define CORE_EXEC_TB_INT_H

#include "core/exec/exec_int.h"

enum { CODE_PAGE_BITS = 12, CODE_PAGE = 1 << CODE_PAGE_BITS, TB_MAX_BYTES = 320 };

/* A direct edge: where a chain slot jumps to, and the next in the list of those that jump there. */
typedef struct TbEdge {
    TranslationBlock *to;
    uintptr_t next;                             /* a source | its slot; 0: the end */
} TbEdge;

#define JC_PCS UINT64_MAX

struct TranslationBlock {
    uint64_t next;                              /* atomic: in its bucket (TbLink); looking one up reads what is first */
    ram_addr offset;                            /* where it is entered */
    RamBlock *rb;                               /* NULL: not cached (one instruction, run once) */
    const CPUClass *cc;
    CPUKey key;
    uint64_t cut;                               /* what ends it early: tb.c's word; 0: nothing */
    TranslationBlock *region;                   /* atomic: that block's, while there is one */
    ram_addr start;                             /* of the bytes that it was made of: offset, but for a region */
    uint32_t bytes, insns;
    uint64_t jc_pc;                             /* atomic: where jump caches have it; 0: nowhere, JC_PCS: at several places */
    uint64_t hash;                              /* of the guest bytes */
    TranslationBlock *cold;                     /* a region: the block that it replaces, which goes no sooner; else NULL */
    uint8_t *notes;                             /* atomic: a row of tcg_gen_notes; NULL if it jumps by no register */
    int heat;                                   /* heat word that it counts down; -1: none */
    bool valid;                                 /* under tb_lock */
    bool whole_page;                            /* its page was checked as one: may be chained */
    TcgCode code;
    TranslationBlock *page_next;                /* in its page */
    uintptr_t in;                               /* edges that lead here: a source | its slot, and TbEdge.next */
    TbEdge *edge;                               /* by slot: code.num_chains of them */
    TbEdge few_edges[2];                        /* room for them where they suffice */
} __attribute__((aligned(TCG_OWNER_ALIGN)));

typedef struct TbPool TbPool;
typedef struct TbRegion TbRegion;               /* a region that is to be made, with all that it is made of */

struct TbCache *tb_cache_new(void);
void tb_cache_free(struct TbCache *c);

/*
 * [offset, offset + len) of rb will be stored to without further notice, by an entry of a TLB's that is or would be at
 * place `slot` of the largest table; true: no, it holds code, so let the slow path see every store.
 */
bool tb_will_be_written(ExecMachine *x, RamBlock *rb, ram_addr offset, uint64_t len, unsigned slot);
/* Whether a store there would change translated code. */
bool tb_store_hits(ExecMachine *x, RamBlock *rb, ram_addr offset, uint64_t len);
/*
 * After a store: translations made of [offset, offset + len) go. cs: whose store it was, on its thread; NULL: another's.
 */
void tb_invalidate(ExecMachine *x, CPUState *cs, RamBlock *rb, ram_addr offset, uint64_t len);
/* Compares what was translated while other CPUs could still store unseen. By a CPU thread, outside. */
void tb_verify(ExecMachine *x, CPUState *cs);
/* cs's thread, after a full barrier: no CPU finds translations older than the stores before it from now on. */
void tb_sync(ExecMachine *x, CPUState *cs);

/* Memory for blocks, which any thread may take and give back; with the pool goes all of it. */
TbPool *tb_pool_new(void);
void tb_pool_free(TbPool *p);
TranslationBlock *tb_alloc(TbPool *p);          /* zeroed */
void tb_free(void *tb);
/*
 * A row for a block that jumps by a register, all 0; which block is said later. Rows of blocks that are freed come
 * back. There are many, and when they are used up the oldest is taken away from its block, which may go on to write
 * there: what is noted is looked up, and compared with when the region runs.
 */
uint8_t *tb_new_notes(TbPool *p);
void tb_set_notes(TbPool *p, TranslationBlock *tb, uint8_t *row);
void tb_pool_lock(TbPool *p);                   /* around fork(2) */
void tb_pool_unlock(TbPool *p);

/* first, last: all bytes of the block are from there to there. */
TranslationBlock *tb_lookup(ExecMachine *x, const CPUClass *cc, const CPUKey *key, RamBlock *rb, ram_addr offset,
                            uint64_t cut, ram_addr first, ram_addr last);
/* Whether it is still found, and will be until its page's generation moves on. */
bool tb_is_valid(ExecMachine *x, const TranslationBlock *tb);
/* Before reading the bytes: they are code from now on. Returns the page's generation. */
uint64_t tb_begin(ExecMachine *x, CPUState *cs, RamBlock *rb, ram_addr offset, unsigned len);
/* False: the page was written meanwhile. *ret may be an equal block that was first. */
bool tb_insert(ExecMachine *x, TranslationBlock *tb, uint64_t generation, TranslationBlock **ret);
void tb_abandon(ExecMachine *x, RamBlock *rb, ram_addr offset);
/*
 * The same for a region, which is found instead of its cold block from now on. False: either has changed, or another CPU
 * was first. The cold block need not exist any more: then the generation is another.
 */
bool tb_supersede(ExecMachine *x, TranslationBlock *region, uint64_t generation);
/* Whether that would be false by now. */
bool tb_is_outdated(ExecMachine *x, const TranslationBlock *region, uint64_t generation);
/* User mode: pages that are not mapped any more, and whose code went before; what is known of them goes too. */
void tb_forget_pages(ExecMachine *x, RamBlock *rb, ram_addr offset, uint64_t len);
/* Whether a region of the page came too late for its bytes. */
bool tb_changes(ExecMachine *x, const TranslationBlock *tb);
/*
 * Links slot n of from to `to`, if both are still valid and the edge stays in one key and one page of RAM, or in user
 * mode, where a place in RAM is an address. Whether it did.
 */
bool tb_link(ExecMachine *x, CPUState *cs, TranslationBlock *from, unsigned n, TranslationBlock *to);
/* Direct jumps to tb, and its own, go where nobody knows; they are linked again as they are taken. */
void tb_unlink(ExecMachine *x, TranslationBlock *tb);
/* Every thread is outside: all blocks go, and the code buffer is empty again. */
void tb_reset(ExecMachine *x);
uint64_t tb_hash_bytes(const uint8_t *p, unsigned len);
/* The key behind a block's first instruction. */
static inline CPUKey tb_key_inside(const CPUClass *cc, const CPUKey *key)
{
    uint64_t variant = cc->key_variant_shift ? (uint64_t)CPU_TAG_VARIANT << cc->key_variant_shift : 0;

    return (CPUKey){ { key->w[0] & ~variant, key->w[1] } };
}

/* What the cache has now. */
typedef struct TbCacheSummary {
    unsigned num, regions;                      /* num: both */
    uint64_t bytes, max_bytes, host_bytes;      /* of guest code, the most that one has, of host code */
    uint64_t slots, linked;                     /* direct jumps that there are, and those that lead somewhere */
    uint64_t region_insns, region_host_bytes;
} TbCacheSummary;
void tb_cache_summary(ExecMachine *x, TbCacheSummary *ret);

/*
 * tb.c: the block at cs's PC under its key, or its first instruction as a block; NULL: fetching raised, or a breakpoint
 * is there. Own thread, outside.
 */
TranslationBlock *tb_get(CPUState *cs, bool single);
/* The same from inside generated code that has left everything in the CPU object: NULL if it must be made, too. */
TranslationBlock *tb_get_cached(CPUState *cs);
/* Nanoseconds that asking for a thread's CPU time takes, which translation is measured by. */
uint64_t tb_clock_cost(void);
/* The instruction at cs's PC as a block of its own that is not in the cache; NULL as above. tb_put it. */
TranslationBlock *tb_get_alone(CPUState *cs);
void tb_put(CPUState *cs, TranslationBlock *tb);
/*
 * A cached block at cs's PC has run often: makes a region of it if that can be done, or has it made. Own thread, outside, the
 * page being mapped as it was when the block was left.
 */
void tb_make_region(CPUState *cs, TranslationBlock *tb);

/* What the worker does with it, on its own thread: makes it and puts it in, and g_free; or drops it, which frees it. */
void tb_region_make(ExecMachine *x, TbRegion *r, TcgGen *g, Stats *stats);
void tb_region_drop(ExecMachine *x, TbRegion *r);
/* Whether it is made of tb, or of a block that had that address. */
bool tb_region_has(const TbRegion *r, const TranslationBlock *tb);
const RamBlock *tb_region_ram(const TbRegion *r);
const ExecClass *tb_region_class(const TbRegion *r);

/* tb_worker.c */
typedef enum TbWorkerSays {
    TB_WORKER_DOES,
    TB_WORKER_BUSY,                             /* with others, or with one that has the block: not now */
    TB_WORKER_DOES_NOT,                         /* who asks is to make it */
} TbWorkerSays;

TbWorker *tb_worker_new(ExecMachine *x);
void tb_worker_free(TbWorker *w);
/* Whether it would make a region of this block, and to take one. Any thread. */
TbWorkerSays tb_worker_ask(TbWorker *w, const TranslationBlock *tb);
TbWorkerSays tb_worker_post(TbWorker *w, TbRegion *r, const TranslationBlock *tb);
/* Holding no lock that is inside tb_lock, nor that: it makes nothing when this returns, until release. They nest. */
void tb_worker_hold(TbWorker *w);
void tb_worker_release(TbWorker *w);
void tb_worker_drop(TbWorker *w, const RamBlock *rb);           /* held: what is queued of rb, or all of it, is not made */
void tb_worker_stop(TbWorker *w);               /* the thread ends; another begins when it is needed */
/* Around fork(2): it is held, and nobody has its lock. */
void tb_worker_fork_lock(TbWorker *w);
void tb_worker_fork_unlock(TbWorker *w, bool child);
const Stats *tb_worker_stats(const TbWorker *w);

#endif
