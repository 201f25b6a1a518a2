/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CPU object as core/exec and its architecture share it, and the class that describes an architecture to core/.
 *
 * CPUState comes first in the architecture's own CPU struct; generated code's pinned pointer points here, and every
 * register row of the class's TcgTarget is an offset from here.
 *
 * Life of a CPU thread (cpu_loop.c): take requests and interrupts -> find the block for (key, PC) -> run -> act on how
 * it left. Exceptions are recorded by the architecture's own fields plus cpu_raise(), never longjmped.
 */
#ifndef CORE_EXEC_CPU_H
#define CORE_EXEC_CPU_H

#include "core/exec/memory.h"
#include "core/qom/device.h"
#include "core/tcg/tcg.h"
#include "core/exec/tlb.h"

#define TYPE_CPU "cpu"

/* All that translation looked at, beside the bytes: interpreted by the class alone. */
typedef struct CPUKey { uint64_t w[2]; } CPUKey;

/* What a translator is given. */
typedef struct TranslateInput {
    CPUKey key;
    const uint8_t *bytes;                       /* guest code from the block's first instruction on */
    unsigned len;                               /* bytes that may be looked at: to the end of the checked range */
    unsigned max_insns;                         /* 1 for single step, MMIO code and stress */
    vaddr pc;                                   /* of the region's entry; for logs only: code must not depend on it (tcg_pc) ... */
    bool pc_is_constant;                        /* ... unless this says so (user mode) */
    int64_t delta;                              /* of the block from the region's entry: what tcg_pc adds to */
    ram_addr page_offset;                       /* of the region's entry: its address modulo the page size of the class */
} TranslateInput;
/*
 * What a translator may assume and must keep: a block is translated once for all virtual addresses of its page, so
 * tcg_goto is for targets in the block's own page (page_offset + delta within the page) under an unchanged key; every
 * other branch sets the PC row and takes tcg_goto_ptr. A block never goes beyond `len`. An instruction that does not
 * fit ends the block before it; if it is the first, bytes = 0 asks for more (the call comes again with a larger len).
 */
typedef struct TranslateResult {
    unsigned bytes;                             /* guest bytes translated */
    unsigned insns;
} TranslateResult;

typedef enum AccessType { ACCESS_LOAD, ACCESS_STORE, ACCESS_FETCH, ACCESS_RMW } AccessType;

/* Why user mode's memory refuses an access: nothing is mapped, not like that, or the file behind it ends. */
typedef enum UserFault { USER_FAULT_UNMAPPED, USER_FAULT_PROTECTED, USER_FAULT_BUS } UserFault;

struct CPUClass {
    DeviceClass parent;
    const char *arch;                           /* "aarch64": -cpu help groups by it */
    uint16_t elf_machine;                       /* e_machine of an ELF file for it (little-endian); 0: there is no such */
    bool elf64;
    const TcgTarget *tcg;
    unsigned insn_align;                        /* log2: jump cache shift */
    /*
     * Bits of key.w[0], by position; 0: there are none. variant: two bits that generated code changes by itself, in the
     * state that get_key makes them of and in jc_tag (below); they say how a block is come to, and are 0 behind its first
     * instruction. page: set by core for a page whose TlbPage.user has bit 0 set, so that a translator knows it of the page
     * that it reads.
     */
    uint8_t key_variant_shift, key_page_shift;

    vaddr (*get_pc)(CPUState *cs);
    /* As firmware leaves a CPU to an operating system: at pc, the protocol's level and modes, args in its registers. */
    void (*boot)(CPUState *cs, vaddr pc, const uint64_t args[4]);
    void (*set_pc)(CPUState *cs, vaddr pc);     /* reset vectors, loaders, gdb; may pick an instruction set by low bits */
    /*
     * Called on the slow way to a block, before the PC is fetched from: makes it canonical (address tags) and checks
     * its alignment; false: the exception is recorded. May be NULL. Only such PCs enter the jump cache.
     */
    bool (*check_pc)(CPUState *cs);
    /* Recomputed only after cpu_key_changed(). *ret_fetch_mmu: the regime that fetches. */
    void (*get_key)(CPUState *cs, CPUKey *ret_key, unsigned *ret_fetch_mmu);
    void (*translate)(CPUState *cs, TcgGen *g, const TranslateInput *in, TranslateResult *ret);
    /*
     * Translates addr and calls tlb_set_page; false: the exception is recorded (cpu_raise), or, for probe, nothing.
     * size: bytes of the access, for fault details. Called without the machine lock.
     */
    bool (*tlb_fill)(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu, bool probe);
    /*
     * May be NULL. What tells apart contexts of a regime whose code is not found alike from addresses and memory; false:
     * this one is like no other. And a walk for code there, with what it read; false: it cannot be told.
     */
    bool (*code_group)(CPUState *cs, unsigned mmu, CodeGroup *ret);
    bool (*walk_code)(CPUState *cs, vaddr addr, unsigned mmu, TlbWalk *ret);
    /* An access that cannot be done as asked: misaligned by its rule; MMIO or nothing answered with an error. */
    void (*unaligned)(CPUState *cs, vaddr addr, AccessType type, unsigned mmu);
    /* User mode: the host refused an access; records what the system's kernel would get. May be NULL: no user mode. */
    void (*user_fault)(CPUState *cs, vaddr addr, AccessType type, UserFault why);
    /* Of accesses with MO_TAGGED, after alignment; false: the exception is recorded. NULL: there are no such accesses. */
    bool (*check_tags)(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu);
    void (*bus_error)(CPUState *cs, vaddr addr, hwaddr paddr, AccessType type, unsigned mmu, MemTxResult why);
    /*
     * May be NULL. Before an access to a page that was entered as watched: true if it may be done, false: an exception
     * was recorded.
     */
    bool (*watch)(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu);
    /* Delivers the recorded exception (env is precise) and clears it. */
    void (*do_exception)(CPUState *cs);
    /* An interrupt line or virtual interrupt is pending and unmasked: deliver it and return true. */
    bool (*take_interrupt)(CPUState *cs);
    bool (*has_work)(CPUState *cs);             /* a halted CPU wakes; called often, must be cheap and thread-safe */
    /* Reads a virtual address as the debugger does: the physical address, or false. */
    bool (*debug_translate)(CPUState *cs, vaddr addr, hwaddr *ret_paddr, MemTxAttrs *ret_attrs);
    /* Makes cs->frequency hz, and what the CPU itself counts with it go on from where it is. NULL: it counts nothing. */
    void (*set_frequency)(CPUState *cs, uint64_t hz);
    void (*dump)(CPUState *cs, GString *out);   /* registers, for -d cpu and info registers */
    /*
     * Debuggers (debug.h): the architecture's name for gdb, and what registers there are: appends DebugFeature rows, that
     * of the core registers first. On any thread, of a realized CPU. NULL: there is no description.
     */
    const char *debug_arch;
    void (*debug_features)(CPUState *cs, GArray *ret);
    /* One line "mnemonic or words" for -d in_asm; may be NULL: bytes only. */
    void (*describe_insn)(CPUState *cs, const uint8_t *bytes, unsigned len, GString *out, unsigned *ret_len);
};

/* Requests to a CPU thread: bits of cs->requests, set with cpu_request() from any thread. */
enum {
    CPU_REQ_INTERRUPT = 1 << 0,                 /* look at take_interrupt */
    CPU_REQ_TLB = 1 << 1,                       /* TLB flush requests are posted */
    CPU_REQ_WORK = 1 << 2,                      /* cpu_run_on queue */
};

enum { CPU_HEAT_WORDS = 2048 };

struct CPUState {
    Device parent;
    /* -- what generated code touches, close together */
    int32_t poll;                               /* negative: leave at the next region entry */
    uint32_t raised;                            /* non-zero: an exception is recorded */
    uint32_t left;                              /* how many instructions of a block ran, when a state map left it */
    uint32_t jc_mask;                           /* TcgLayout.jc_mask_offset */
    uint64_t jc_tag;                            /* tag of the indirect-branch cache: (key, fetch context) interned */
    TcgJumpEntry *jc;
    uintptr_t direct_base;                      /* user mode */
    TcgFpState fp;                              /* of generated code */
    TcgTlbFast tlb[TLB_MAX_MMU];                /* current contexts' inline tables */
    /* -- the rest */
    uint32_t requests;                          /* atomic */
    uint32_t irq_lines;                         /* atomic: the architecture's own bits (cpu_set_line) */
    bool halted;                                /* WFI: waiting for has_work; own thread only */
    uint32_t nap_us;                            /* ... but no longer; 0: without limit */
    bool powered_off;                           /* atomic: held by PSCI, a reset controller; own thread sleeps */
    bool key_valid;
    bool starting;                              /* atomic: cpu_power_on was accepted and is under way */
    bool counted;                               /* virtual time is what CPUs retire (-icount) */
    unsigned index;                             /* in the machine */
    Cluster *cluster;
    AddressSpace *as;                           /* the root space this CPU sees */
    CPUKey key;
    uint64_t key_changes;                       /* calls of cpu_key_changed */
    unsigned fetch_mmu;
    uint64_t map_changes;                       /* own thread: flushes of all of the TLB, as a change of memory's map is */
    struct CPUTlb *tlb_state;                   /* tlb.c */
    struct CPUExec *exec;                       /* cpu_loop.c: thread, generator, buffers */
    struct TcgCost *costs;                      /* -d stats: what helpers cost, by number; else NULL */
    uint64_t frequency;                         /* property: Hz; counted: an instruction a cycle; 0: as -icount says */
    uint64_t insns;                             /* counted mode: retired before the turn under way */
    int32_t heat[CPU_HEAT_WORDS];               /* what is left of AccelConfig.heat, by a few bits of a block's place */
};

DECLARE_OBJECT(CPUState, CPU, TYPE_CPU)
DECLARE_CLASS(CPUClass, CPU, TYPE_CPU)
extern const TypeInfo cpu_type;

/* The CPU's own thread (helpers, hooks): an exception is recorded in the architecture's fields; leave. */
static inline void cpu_raise(CPUState *cs)
{
    cs->raised = 1;
}
/*
 * Own thread: something in the key may have changed; the caller's helper ends the block. goto_ptr then misses, and the
 * loop recomputes the key; cpu_update_key does so at once, for a helper whose block ends in goto_ptr.
 */
static inline void cpu_key_changed(CPUState *cs)
{
    cs->key_changes++;
    cs->key_valid = false;
    cs->jc_tag = 0;
}
/*
 * The same where nothing changed but what get_key looks at each time. A class may keep what else its key is made of while
 * key_changes stays the same.
 */
static inline void cpu_mode_changed(CPUState *cs)
{
    cs->key_valid = false;
    cs->jc_tag = 0;
}
void cpu_update_key(CPUState *cs);
/*
 * The low bits of jc_tag are the key's variant. Generated code that switches it before OP_goto_ptr, and a block that
 * leaves it behind, write these bits of the tag and set key_valid to 0 (offsets for tcg_st_env).
 */
enum { CPU_TAG_VARIANT = 3 };
/* Own thread: leave at the next block's entry. */
void cpu_leave(CPUState *cs);
/*
 * Own thread: an interrupt that was masked when it came may be taken now (the mask was cleared, a priority lowered).
 * Leaves at the next block's entry if there is any.
 */
static inline void cpu_check_interrupts(CPUState *cs)
{
    if (__atomic_load_n(&cs->irq_lines, __ATOMIC_RELAXED)) {
        cpu_leave(cs);
    }
}
/*
 * Own thread, in a machine: takes the exception that is recorded at once, and updates the key; for a helper that is not
 * HELPER_MAY_RAISE and whose block ends in goto_ptr.
 */
void cpu_take_exception(CPUState *cs);
/*
 * Own thread, a helper that may raise, before it looks at time or does what others see: false: return at once, the
 * instruction is run again as a block of its own. (In counted mode a block's instructions are counted as it is entered.)
 */
bool cpu_exact_counted(CPUState *cs);
static inline bool cpu_exact(CPUState *cs)
{
    return !cs->counted || cpu_exact_counted(cs);
}
/*
 * Under the machine lock, on the CPU's own thread (a register that it writes) or while it does not run: from now on. hz 0:
 * what -icount says.
 */
void cpu_set_frequency(CPUState *cs, uint64_t hz);
/* Any thread: sets request bits and makes generated code leave; wakes a sleeping CPU. */
void cpu_request(CPUState *cs, uint32_t bits);
/* Any thread: an interrupt line of the CPU (bit number of irq_lines) changed; kicks when it rises. */
void cpu_set_line(CPUState *cs, unsigned bit, int level);
/* Any thread: wakes a CPU that sleeps in WFE/WFI without any request (SEV, timer). */
void cpu_wake(CPUState *cs);
/* Any thread: power on, with fn(cs, opaque) run first on the CPU's own thread; false if it is on or being so already. */
bool cpu_power_on(CPUState *cs, void (*fn)(CPUState *cs, void *opaque), void *opaque);
void cpu_power_off_self(CPUState *cs);          /* own thread */
/* Runs fn on the CPU's thread between blocks; async, or waits (never called with a CPU's own thread waiting on itself). */
void cpu_run_on(CPUState *cs, void (*fn)(CPUState *cs, void *opaque), void *opaque, bool wait);
/* Own thread, WFI-like: sleep in the loop until has_work() or a request. */
static inline void cpu_halt(CPUState *cs)
{
    cs->halted = true;
    cs->nap_us = 0;
}
/* The same for some microseconds at most: what it waits for may come unseen. */
static inline void cpu_nap(CPUState *cs, unsigned us)
{
    cs->halted = true;
    cs->nap_us = us;
}

/* -- guest memory from helpers (C code): faults are recorded, `ok` false ------------------------------------------- */
/* The helper must be HELPER_MAY_RAISE and return at once when these return false (ld: *ret_ok). */
uint64_t cpu_ld(CPUState *cs, vaddr addr, MemOp mo, bool *ret_ok);
bool cpu_st(CPUState *cs, vaddr addr, uint64_t value, MemOp mo);
/* Compare and swap of up to 16 bytes: numbers, low half first. expect_ret becomes what was there. */
bool cpu_cas(CPUState *cs, vaddr addr, uint64_t expect_ret[2], const uint64_t value[2], MemOp mo);
/* Host pointer to a whole access of [addr, addr+size) within one page of plain RAM, having checked and filled as an
 * access of `type` would; NULL with *ret_ok true: it is not plain RAM, use cpu_ld/cpu_st; false: raised. */
void *cpu_probe(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu, bool *ret_ok);
/*
 * fn(opaque), which accesses what cpu_probe found. False: in user mode another thread has taken the memory away meanwhile.
 * Nothing is raised, part of it may be done; cpu_probe, cpu_ld and cpu_st of what is not say how it goes on.
 */
bool cpu_access_host(CPUState *cs, void (*fn)(void *opaque), void *opaque);
/* What an address leads to, filling and checking as an access of one byte would. False: raised. */
typedef struct CPUPage {
    RamBlock *rb;                               /* NULL: not RAM */
    ram_addr offset;                            /* of the address in it */
    uint8_t user;                               /* TlbPage.user */
} CPUPage;
bool cpu_find_page(CPUState *cs, vaddr addr, AccessType type, unsigned mmu, CPUPage *ret);
/*
 * The guest says that [addr, addr + len) will be fetched anew (instruction cache maintenance). In user mode what was
 * translated of it goes; elsewhere stores have seen to that already.
 */
void cpu_code_changed(CPUState *cs, vaddr addr, uint64_t len);

/* -- clusters ------------------------------------------------------------------------------------------------------ */
struct Cluster {
    Object parent;
    char *name;
    AddressSpace *as;
    GPtrArray *cpus;                            /* (CPUState *) */
    struct ClusterDebug *debug;                 /* debug.c: breakpoints and watchpoints; NULL: none */
    int hosts;                                  /* atomic: debuggers that serve its semihosting calls */
};
#define TYPE_CLUSTER "cluster"
extern const TypeInfo cluster_type;
Cluster *cluster_new(Machine *m, const char *name, AddressSpace *as);
/*
 * Creates a CPU of "TYPE[,feature=on|off...]" below the cluster; not realized, so that the board can set properties.
 * The type is looked up as given (with the architecture's suffix when ambiguous). NULL with GError.
 */
CPUState *cluster_add_cpu(Cluster *c, const char *cpu, GError **error);
/* Before the CPU runs: the space it sees instead of its cluster's (a private overlay over it). */
void cpu_set_address_space(CPUState *cs, AddressSpace *as);

#endif
