/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLBs. A translation context is what a set of cached translations belongs to: a number the architecture makes of
 * regime, physical address space, VMID and ASID. Each has an inline table of its own from a per-CPU pool, so a switch
 * moves a pointer and flushes nothing; behind them is one larger tagged table per CPU that refills them without a walk.
 * Only the owner writes a CPU's tables; others post requests.
 */
#ifndef CORE_EXEC_TLB_H
#define CORE_EXEC_TLB_H

#include "core/exec/memory.h"
#include "core/tcg/tcg.h"

enum { TLB_MAX_MMU = 16 };

/*
 * Low bits of a comparator that make the inline check fail and tell the slow path why. They are above those that an
 * address of too little alignment sets in what it is compared with (16 bytes), and below the smallest page.
 */
enum {
    TLB_INVALID = 1 << 5,
    TLB_MMIO = 1 << 6,
    TLB_CODE = 1 << 7,                          /* a store: the page holds translated code */
    TLB_SUBPAGE = 1 << 8,                       /* covers less than the page: go to the range check */
    TLB_WATCH = 1 << 9,                         /* watchpoints: CPUClass.watch decides */
    TLB_MIN_PAGE_BITS = 10,
};

typedef enum TlbProt { PROT_R = 1, PROT_W = 2, PROT_X = 4 } TlbProt;

/* What tlb_fill found. */
typedef struct TlbPage {
    vaddr vaddr;                                /* any address in it */
    hwaddr paddr;                               /* of vaddr */
    uint64_t size;                              /* bytes, a power of two: the translation's own size (may be below the page) */
    unsigned prot;                              /* TlbProt */
    bool global;                                /* belongs to every context with the same (context & global_mask) */
    MemTxAttrs attrs;
    bool watched;                               /* data accesses ask CPUClass.watch first */
    uint8_t user;                               /* the architecture's own bits (memory type), back with tlb_find */
} TlbPage;

/* What a walk for code read, and what it found. */
enum { TLB_MAX_WALK = 5 };
typedef struct TlbWalk {
    TlbPage page;
    unsigned num;
    const uint64_t *at[TLB_MAX_WALK];           /* in RAM */
    uint64_t value[TLB_MAX_WALK];
} TlbWalk;

/* All that a walk for code at addresses from first on depends on, but for the context's id and what the walk reads. */
typedef struct CodeGroup {
    vaddr first;
    uint64_t id[4];
} CodeGroup;

/*
 * Own thread: regime mmu now uses context id. global_mask: which bits of the id tell apart contexts that do not share
 * global entries (id without the ASID).
 */
void tlb_set_context(CPUState *cs, unsigned mmu, uint64_t id, uint64_t global_mask);
void tlb_set_page(CPUState *cs, unsigned mmu, const TlbPage *page);
void tlb_dump(CPUState *cs, GString *out);      /* own thread: the translations that are kept, a line each */

/* A flush: contexts with (id & mask) == value; a range of virtual addresses, or all (size 0). */
typedef struct TlbFlush {
    uint64_t mask, value;
    vaddr addr;                                 /* compared without bits 63:56: address tags do not hide an entry */
    uint64_t size;                              /* bytes; 0: everything */
    bool globals;                               /* also global entries that those contexts share */
} TlbFlush;
void tlb_flush(CPUState *cs, const TlbFlush *f);                /* own thread, this CPU */
/*
 * Own thread: this CPU now, and posts to every other CPU of the cluster; tlb_sync (the DSB) waits until all posted
 * requests were acknowledged, serving its own meanwhile, and that code which was stored before it will be noticed: the
 * caller's generated code has a full fence before it. Hold no lock.
 */
void tlb_flush_broadcast(CPUState *cs, const TlbFlush *f);
void tlb_sync(CPUState *cs);
/* Who translates for cs: whether its code need call tlb_sync at all. Where all CPUs share a thread, it never waits. */
bool tlb_sync_is_needed(CPUState *cs);
/*
 * Own thread: whether a load at addr is known to be allowed and unwatched, of memory. False: tlb_find tells. For
 * maintenance by address, which accesses nothing.
 */
bool tlb_may_load(CPUState *cs, vaddr addr, unsigned mmu);

#endif
