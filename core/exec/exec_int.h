/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a machine and a CPU have of core/exec: private to this folder.
 *
 * Locks, outermost first: the machine lock (and regions' own); ExecMachine.tb_lock; leaf locks (a thread's, a TLB's
 * queue). Nobody waits for a CPU while holding any.
 *
 * ExecThread.running says that a thread may be inside generated code. A thread sets it and then looks at the poll word
 * and at x->exclusive; whoever wants something of a CPU sets those first and then looks at running. So either the CPU
 * sees the request before it runs, or the requester sees that it must wait.
 */
#ifndef CORE_EXEC_EXEC_INT_H
#define CORE_EXEC_EXEC_INT_H

#include <setjmp.h>
#include "core/exec/clock.h"
#include "core/exec/counted.h"
#include "core/exec/cpu.h"
#include "core/exec/debug.h"
#include "core/exec/epoch.h"
#include "core/exec/exec.h"
#include "core/exec/memory.h"
#include "core/exec/user.h"
#include "core/qom/machine.h"
#include "core/stats.h"
#include "core/tcg/costs.h"

/* One per CPU class in use: what all its CPUs' code shares. */
typedef struct ExecClass {
    const CPUClass *cc;
    unsigned index;                             /* in ExecMachine.classes */
    TcgLayout layout;
    TcgConfig config;
    TcgLayout checked_layout;                   /* user mode with watchpoints: every access takes the slow path */
    TcgConfig checked_config;
} ExecClass;

typedef struct ExecMachine ExecMachine;

typedef struct ExecThread {
    ExecMachine *x;
    GThread *thread;
    GThread *self;                              /* atomic: the same, set by itself */
    GPtrArray *cpus;                            /* (CPUState *) that it runs */
    EpochThread epoch;
    GMutex lock;
    GCond cond;                                 /* something to do */
    bool sleeping;                              /* atomic; set under lock */
    bool running;                               /* atomic */
    bool parked;                                /* under x->lock: stands between instructions until x->paused ends */
    bool outside;                               /* under x->lock: user mode: in the host's kernel, which is as good */
    CPUState *current;                          /* atomic: whom the slice timer kicks */
} ExecThread;

struct TbCache;
typedef struct TbWorker TbWorker;

struct ExecMachine {
    Machine *machine;                           /* NULL in a unit test without one */
    EpochDomain *epoch;
    GPtrArray *spaces;                          /* (AddressSpace *) */
    unsigned tx_depth;                          /* memory_transaction_begin; under the machine lock */
    /* execution: from exec_init on */
    AccelConfig config;
    const TcgBackend *be;
    TcgCodeBuf *buf;
    struct TbCache *tbs;
    struct TbPool *tb_pool;
    TbWorker *worker;
    GPtrArray *classes;                         /* (ExecClass *) under tb_lock */
    GPtrArray *threads;                         /* (ExecThread *) fixed by exec_start */
    GMutex tb_lock;                             /* the translation cache's structure */
    GMutex lock;                                /* pausing and exclusive sections */
    GCond cond;
    bool exclusive;                             /* atomic: somebody wants everybody outside */
    bool paused;                                /* atomic */
    bool stopping;                              /* atomic: threads end */
    struct ExecUser *user;                      /* user mode: user.c; NULL: a whole machine */
    GThread *slicer;                            /* one thread for several CPUs: ends turns */
    bool verify_due;                            /* atomic: tb_verify has something to do */
    Counted *counted;                           /* counted mode, or NULL */
    TcgCosts *costs;                            /* -d stats: code counts what it calls (jit_stats.c); else NULL */
    uint64_t clock_ns;                          /* ... what asking for a thread's CPU time takes */
    uint64_t ticks_began;                       /* ... tcg_ticks then, and the host's clock */
    int64_t ns_began;
    struct Perf *perf;                          /* perf.h; NULL: perf is not told */
    /* debugging (debug.c) */
    bool stop_pending;                          /* under lock: a CPU set paused, and why is in stop */
    DebugStop stop;
    GPtrArray *clients;                         /* (DebugClient *) main loop */
    bool told_running;                          /* what they were told last */
    void (*notify)(void *opaque);               /* user mode with a debugger: debug_poll is to be called; else NULL */
    void *notify_opaque;
};

/*
 * An interned (key, fetch context): a row of a small set-associative table. A shared one is what the context shares with
 * others, and its entries are of global translations: so a kernel's code is found in every process. One of a group's
 * (alike.c) has its serial number for a context, and entries of what is found alike by others of the group.
 */
typedef enum JcKind { JC_SHARED, JC_GROUP, JC_OWN } JcKind;
typedef struct JcTag {
    CPUKey key;
    uint64_t context;
    JcKind kind;
    uint64_t tag;                               /* 0: empty */
    uint64_t used;                              /* when, for replacement */
} JcTag;
/* Entries of a part. A program's one starts with few, since it may be a small one, and becomes larger (jc_is_small). */
enum { JC_BITS = 15, JC_PARTS = 4, JC_USER_BITS = 10, JC_USER_MAX_BITS = 16, JC_GROWS_BY = 2, JC_HUGE = 2 << 20 };
enum { NUM_JC_TAGS = 64, JC_TAG_WAYS = 4, JC_COUNTS = 32768, JC_RUN = 255, JC_GONE = 64 };

/* A block that jump caches are to forget. It may have been freed: its address is compared, no more. */
typedef struct JcGone {
    const TranslationBlock *tb;
    ram_addr offset;
} JcGone;

typedef struct CpuWork {
    void (*fn)(CPUState *cs, void *opaque);
    void *opaque;
    bool *done;                                 /* under x->lock; NULL: nobody waits */
} CpuWork;

/* Why an instruction is left before it did anything: it changes code, or needs the exact time. */
typedef enum Redo { REDO_NONE, REDO_ALONE, REDO_SINGLE } Redo;

typedef struct Alike Alike;

typedef struct CPUExec {
    ExecMachine *x;
    ExecThread *thread;
    ExecClass *ec;
    TcgGen *gen, *checked_gen;                  /* checked_gen: made when first needed */
    uint8_t *notes;                             /* a row for the next block that jumps by a register; NULL: none yet */
    Stats stats;
    GMutex work_lock;
    GQueue work;                                /* (CpuWork *) */
    JcTag jc_tags[NUM_JC_TAGS];
    JcTag *jc_last[TLB_MAX_MMU];                /* by fetch_mmu: what was the tag last; NULL: nothing yet */
    uint64_t last_tag, tag_uses;
    TcgJumpEntry *jc_table;                     /* JC_PARTS caches, one in user mode: each tag has its part (CPUState.jc) */
    unsigned jc_bits, jc_parts, jc_other;       /* jc_other: the bit of indices in which two places of one PC differ */
    unsigned jc_entered, jc_lost;               /* entries made; those that lived and whose places others took */
    uint64_t jc_dead;                           /* tags up to that are never looked for again */
    JcKind jc_kind;                             /* of the present tag */
    /*
     * By regime: tags are the context's own until so many more blocks were entered; else they are a group's, or the
     * context's own if it is in none, until so many more in a row are global; else they are shared.
     */
    uint8_t jc_own[TLB_MAX_MMU], jc_group[TLB_MAX_MMU];
    Alike *alike;                               /* NULL: not needed yet */
    uint32_t jc_count[2][JC_COUNTS];            /* by two hashes of the virtual page: entries that the jump cache has */
    JcGone jc_gone[JC_GONE];                    /* under work_lock: for CPU_REQ_JC_GONE */
    unsigned num_jc_gone;
    unsigned recycled;                          /* how often this CPU asked for room: blocks that it held are gone */
    bool alone;                                 /* running one instruction by itself: it may change code */
    Redo redo;                                  /* raised by us: run the instruction again */
    DebugRun debug_run;                         /* debug.h; changed while paused */
    vaddr step_first, step_end;
    DebugStop watch_hit;                        /* cs not NULL: raised by us: stop before the instruction */
    bool single;                                /* counted mode: ... as a block of its own, next */
    CpuTime time;                               /* counted mode */
    uint64_t trace;                             /* -d trace-hash */
    sigjmp_buf *recover;                        /* user mode: where a host fault in C code goes on; NULL: it is ours */
    UserFault fault;                            /* ... and what it was */
    struct UserFetch *fetch;                    /* ... what it knows of the page that code was found in last */
    unsigned stress_turns, stress_blocks, stress_accesses;     /* counted, while the machine is under stress */
    bool exempt;                                /* user mode: no point stops it */
    bool redirected;                            /* ... a debugger wrote registers of it, standing; under x->lock */
    bool reporting;                             /* ... it stopped for a signal; under x->lock */
    int resume_sig;                             /* ... debug_set_signal; under x->lock */
} CPUExec;

enum {                                          /* requests beyond cpu.h's */
    CPU_REQ_JC = 1 << 16,                       /* forget the jump cache */
    CPU_REQ_JC_GONE = 1 << 17,                  /* forget what jc_gone has */
};

/* exec_machine.c: the machine's, made when first asked for and freed with the machine. */
ExecMachine *exec_machine(Machine *m);
ExecMachine *exec_machine_new(Machine *m);
void exec_machine_free(ExecMachine *x);

/* cpu_loop.c */
ExecThread *exec_thread_new(ExecMachine *x);
void exec_thread_free(ExecThread *t);           /* it was joined, or is another's and gone */
void exec_attach(ExecMachine *x, CPUState *cs); /* under x->lock, or before anything runs */
uint32_t exec_serve(CPUState *cs);              /* does what others posted; returns the bits */
void exec_run_inside(CPUState *cs);             /* until something outside, an exception or a halt ends it */
void exec_wait_exclusive(ExecMachine *x);       /* outside: lets another's exclusive section end */
bool exec_turn(CPUState *cs);                   /* serves, delivers, runs; false: the CPU has nothing to do */
bool exec_has_reason(CPUState *cs);             /* a turn would do something */
/* Until a CPU has a reason or control is wanted, or ns nanoseconds of the host; negative: without limit. */
void exec_sleep(ExecThread *t, int64_t ns);
/* The main loop wants to pause, reset or end; a thread that holds no lock gives way until it has. */
bool exec_wants_control(ExecMachine *x);
void exec_give_control(ExecThread *t);
/* Own thread, outside generated code, no lock: returns when every other thread is outside; they stay there until end. */
void exec_exclusive_begin(ExecMachine *x, ExecThread *self);
void exec_exclusive_end(ExecMachine *x, ExecThread *self);
void exec_watch_space(ExecMachine *x, AddressSpace *as);        /* CPUs look at it: a change flushes their TLBs */
/* As cpu_request, for what a sleeping CPU may do when it wakes for another reason. */
void cpu_request_quiet(CPUState *cs, uint32_t bits);
/* At once, of a CPU that stands or whose turn it is. */
void cpu_change_line(CPUState *cs, unsigned bit, int level);
/* Makes whoever runs cs look at its requests. Any thread. */
void cpu_kick(CPUState *cs);
void exec_kick_all(ExecMachine *x);

/*
 * debug.c, on the CPU's thread, of a cluster that has points. Whether a breakpoint is at pc; if not, *ret_stops says
 * which there are in its page (0: none), and *len is cut to end before the next one.
 */
bool debug_break_at(CPUState *cs, vaddr pc, uint64_t page_mask, uint64_t *ret_stops, unsigned *len,
                    DebugPointKind *ret_kind);
bool debug_page_watched(CPUState *cs, vaddr page, uint64_t size);
bool debug_has_watches(const CPUState *cs);
/* Before an access. False: it is watched; cs->exec->watch_hit is set, and the CPU leaves before the instruction. */
bool debug_watch(CPUState *cs, vaddr addr, unsigned size, AccessType type);
/* On the CPU's thread, outside generated code: pauses the machine for a reason, unless somebody was first. */
void debug_stop(CPUState *cs, DebugStopKind kind, DebugPointKind at, vaddr addr);
void debug_notify(ExecMachine *x);              /* x->stop was set: everybody stops, and the main loop comes to know */
void debug_stepped(CPUState *cs);               /* an instruction, or the entry to an exception, was done */
void debug_tell(ExecMachine *x, bool running);  /* the main loop: clients hear of it, if it is news */

/* tlb.c */
void tlb_init(CPUState *cs, unsigned page_bits);
void tlb_free(CPUState *cs);
void tlb_serve(CPUState *cs);                   /* own thread: does what was posted */
void tlb_post(CPUState *cs, const TlbFlush *f); /* any thread */
void tlb_flush_all(CPUState *cs);               /* own thread */
/*
 * Any thread: cs must notice stores into [offset, offset + 4096) of rb from now on. Own thread: at once. Where entries are
 * that let them pass: two slots of tb_will_be_written plus 1, 0 for none, or TLB_ANY_SLOT.
 */
enum { TLB_ANY_SLOT = 0xffff };
void tlb_post_code_page(CPUState *cs, RamBlock *rb, ram_addr offset, uint32_t slots);
void tlb_set_code_page(CPUState *cs, RamBlock *rb, ram_addr offset, uint32_t slots);
/* Of the regime's context, or of what it shares with others. */
uint64_t tlb_context_id(CPUState *cs, unsigned mmu, bool shared);
bool tlb_is_global(CPUState *cs, vaddr addr, unsigned mmu);     /* addr was fetched from just now, by a global entry */
bool tlb_is_as(CPUState *cs, const TlbPage *page, unsigned mmu);        /* ... by an entry that says the same */
/* Which of a group's descriptors the regime's context was looked at with; serial 0: with none, as a flush makes it. */
typedef struct TlbAlike {
    uint64_t serial;
    unsigned upto;
} TlbAlike;
TlbAlike *tlb_alike(CPUState *cs, unsigned mmu);

/* alike.c; all on the own thread */
/* The serial number of the group that what fetches now belongs to, 0: none. */
uint64_t alike_group(CPUState *cs);
/* In a group: whether code at pc, which was fetched just now, is found alike by all of it from now on. */
bool alike_has(CPUState *cs, vaddr pc);
void alike_flush(CPUState *cs, vaddr first, vaddr last);
void alike_forget(CPUState *cs);                /* all groups */
void alike_free(CPUState *cs);

/* What the slow paths know of a page. */
typedef struct TlbInfo {
    vaddr page;
    hwaddr paddr;                               /* of the page's start */
    MemoryRegion *mr;                           /* NULL: nothing is there */
    uint64_t offset;                            /* in mr, or its RamBlock, of the page's start (may be "negative") */
    uint32_t lo, hi;                            /* bytes of the page that are alike: first, last */
    MemTxAttrs attrs;
    uint8_t prot;                               /* TlbProt */
    uint8_t user;
    bool global;
    bool readonly;
    bool watched;
} TlbInfo;
/*
 * The page of an access that lies in one page, filling as need be. False: raised (or, for a probe, nothing is).
 * *ret is a copy: tables move.
 */
bool tlb_find(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu, bool probe, TlbInfo *ret);
/* A machine's: level 1 has the page then, and generated code may find that it can do the access. False: raised. */
bool tlb_enter(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu);
/* Own thread: the page holds no code any more: its entry may store directly. */
void tlb_clear_code(CPUState *cs, vaddr addr, unsigned mmu);

/* user.c: what a file is mapped to at addr, of which the byte at ret->start is at ret->offset; false: no file is. */
bool exec_user_mapping(ExecMachine *x, vaddr addr, UserMapping *ret);
uint64_t exec_user_mask(const ExecMachine *x);

/* user.c: tlb_find for user mode, where a page is what the host lets be accessed */
bool user_find(CPUState *cs, vaddr addr, unsigned size, AccessType type, bool probe, TlbInfo *ret);
/* debug_read and debug_write */
/* A breakpoint came there or went: code of other pages that leads to the page directly asks anew. Everybody stands. */
void user_break_changed(CPUState *cs, vaddr addr);
size_t user_debug_rw(CPUState *cs, vaddr addr, void *buf, size_t len, bool write);
/* Copies code; false: raised. */
bool user_fetch(CPUState *cs, vaddr pc, uint8_t *buf, unsigned len);

/* trace.c: -d trace-hash. What a CPU did, at its time. */
typedef enum TraceKind { TRACE_EXCEPTION = 1, TRACE_INTERRUPT, TRACE_READ, TRACE_WRITE, TRACE_REGISTERS } TraceKind;
void trace_event(CPUState *cs, TraceKind kind, uint64_t a, uint64_t b);
void trace_registers(CPUState *cs);

/* cpu.c: what an exception or an instruction under way left is forgotten; before a reset, or after it. Own thread, or it
 * does not run. */
void cpu_begin_anew(CPUState *cs);

/* tlb_ldst.c */
extern const TcgMemOps tlb_mem_ops;

/* stress.c: -accel tcg,stress=...; each turn of the CPU loop, what it is to run, and each block that is to be translated. */
bool stress_parse(const char *text, unsigned *ret, GError **error);
void stress_turn(CPUState *cs);
void stress_found(CPUState *cs, TranslationBlock *tb);
bool stress_recycles(CPUState *cs);             /* the code buffer is to be emptied first */
void stress_access(CPUState *cs);               /* an access on the slow path begins */

/* jit_stats.c: asked for, a machine's code counts what it calls; a CPU's table of that; the slow paths, timed and under stress. */
void exec_costs_init(ExecMachine *x);
void exec_costs_attach(CPUState *cs);
extern const TcgMemOps watched_mem_ops;

/* The jump cache forgets everything; what one page of virtual addresses has; what contexts have. Own thread. */
void jc_flush(CPUState *cs);
/*
 * tb is expected to be come to by a return to pc, which is on the page where code was fetched from just now, or in user mode
 * on any that code may be fetched from.
 */
void jc_enter_ahead(CPUState *cs, vaddr pc, TranslationBlock *tb);
/* What of it leads to the blocks of a list (page_next): own thread's CPU at once, another when it looks at requests. */
void jc_forget(CPUState *cs, bool own, const TranslationBlock *gone);
void jc_flush_page(CPUState *cs, vaddr page, uint64_t size);
void jc_flush_contexts(CPUState *cs, uint64_t mask, uint64_t value);

#endif
