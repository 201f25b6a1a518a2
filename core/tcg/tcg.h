/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The translation library: guest semantics in (gen.h), host code out. Knows no CPU, no memory map, no device.
 *
 *   translator -> gen.h -> IR region (ir_int.h) -> pipeline.c -> backend -> TcgCode in a TcgCodeBuf
 *
 * What varies by guest is a TcgTarget; what core/exec lays out in its CPU object is a TcgLayout. Both are constant
 * while a TcgGen uses them. A TcgGen belongs to one thread at a time; there is no hidden state.
 *
 * Generated code runs with one pinned pointer: the CPU object ("cs"). Every register row, and every field that a
 * TcgLayout names, is an offset from it.
 */
#ifndef CORE_TCG_TCG_H
#define CORE_TCG_TCG_H

#include <glib.h>
#include "core/forward.h"

/* -- types ------------------------------------------------------------------------------------------------- */

typedef enum TcgType {
    TCG_VOID,
    TCG_I32,
    TCG_I64,
    TCG_V128,                                   /* 16 bytes: lanes little-endian, lane 0 lowest; also i128 */
    TCG_V256, TCG_V512,                         /* wide vectors: the same of 32 and 64 bytes */
    TCG_PRED,                                   /* a predicate: bit i is lane i of what it is used with; others are 0 */
    TCG_NUM_TYPES
} TcgType;

static inline unsigned tcg_type_size(TcgType t)
{
    static const uint8_t size[TCG_NUM_TYPES] = { 0, 4, 8, 16, 32, 64, 8 };
    return size[t];
}
static inline bool tcg_type_is_wide(TcgType t)
{
    return t == TCG_V256 || t == TCG_V512;
}
static inline bool tcg_type_is_vec(TcgType t)
{
    return t >= TCG_V128 && t <= TCG_V512;
}

/* A pair differs in bit 0 and is each other's negation. */
typedef enum TcgCond {
    COND_EQ, COND_NE, COND_LT, COND_GE, COND_LE, COND_GT, COND_LTU, COND_GEU, COND_LEU, COND_GTU,
    COND_TSTEQ, COND_TSTNE,                     /* (a & b) == 0, != 0 */
    TCG_NUM_CONDS
} TcgCond;
G_STATIC_ASSERT((COND_EQ ^ 1) == COND_NE && (COND_LT ^ 1) == COND_GE && (COND_LE ^ 1) == COND_GT &&
                (COND_LTU ^ 1) == COND_GEU && (COND_LEU ^ 1) == COND_GTU && (COND_TSTEQ ^ 1) == COND_TSTNE);

/*
 * Flags values (OP_flags_*): an i32 with N, Z, C, V in bits 3..0, C being the carry out (for a subtraction: no
 * borrow). Conditions on them; a pair negates by bit 0, as above. AL and its twin are both true.
 */
typedef enum TcgFlagCond {
    FC_EQ, FC_NE, FC_CS, FC_CC, FC_MI, FC_PL, FC_VS, FC_VC, FC_HI, FC_LS, FC_GE, FC_LT, FC_GT, FC_LE, FC_AL, FC_NV,
} TcgFlagCond;
enum { FLAG_V = 1, FLAG_C = 2, FLAG_Z = 4, FLAG_N = 8 };
/* Bit nzcv of tcg_flag_truth[c] says whether c holds. */
extern const uint16_t tcg_flag_truth[16];

/* -- memory operations ------------------------------------------------------------------------------------- */

/*
 * A MemOp says all about one guest access except its address. Packed in 32 bits:
 * size (log2 bytes 0-6), sign extension, byte order, alignment rule, atomicity, ordering, kind, regime (mmu index).
 */
typedef uint32_t MemOp;
enum {
    MO_8 = 0, MO_16 = 1, MO_32 = 2, MO_64 = 3, MO_128 = 4,
    MO_256 = 5, MO_512 = 6,                     /* of wide vectors: little-endian, atomic by 16 bytes at most */
    MO_SIZE = 7,
    MO_SIGN = 1 << 3,                           /* a load extends the sign to the value's type; else zero */
    MO_BE = 1 << 4,
    MO_ALIGN_SHIFT = 5,                         /* 3 bits */
    MO_ALIGN = 7 << MO_ALIGN_SHIFT,
    MO_ALIGN_NONE = 0,
    MO_ALIGN_NATURAL = 1 << MO_ALIGN_SHIFT,     /* to the access's size */
    MO_ALIGN_WITHIN16 = 2 << MO_ALIGN_SHIFT,    /* must not cross a 16-byte boundary (FEAT_LSE2) */
    MO_ALIGN_4 = 3 << MO_ALIGN_SHIFT, MO_ALIGN_8 = 4 << MO_ALIGN_SHIFT, MO_ALIGN_16 = 5 << MO_ALIGN_SHIFT,
    MO_ATOM_SHIFT = 8,                          /* 2 bits */
    MO_ATOM = 3 << MO_ATOM_SHIFT,
    MO_ATOM_ALIGNED = 0,                        /* single-copy atomic when naturally aligned (8 bytes at most) */
    MO_ATOM_NONE = 1 << MO_ATOM_SHIFT,
    MO_ATOM_WITHIN16 = 2 << MO_ATOM_SHIFT,      /* atomic whenever it lies within 16 aligned bytes */
    MO_ATOM_PAIR = 3 << MO_ATOM_SHIFT,          /* two halves, each atomic when aligned to its size */
    MO_ORDER_SHIFT = 10,                        /* 2 bits */
    MO_ORDER = 3 << MO_ORDER_SHIFT,
    MO_RELAXED = 0,
    MO_ACQUIRE = 1 << MO_ORDER_SHIFT,           /* loads and RMW: acquire; RCsc: ordered after earlier releases */
    MO_RELEASE = 2 << MO_ORDER_SHIFT,           /* stores and RMW */
    MO_ACQ_REL = 3 << MO_ORDER_SHIFT,           /* RMW; on a plain load: acquirePC (RCpc) */
    MO_KIND_SHIFT = 12,                         /* 3 bits */
    MO_KIND = 7 << MO_KIND_SHIFT,
    MO_PLAIN = 0,
    MO_PROBE = 1 << MO_KIND_SHIFT,              /* returns instead of raising (first-fault loads) */
    MO_TAGGED = 2 << MO_KIND_SHIFT,             /* the access checks allocation tags */
    MO_EXCLUSIVE = 3 << MO_KIND_SHIFT,          /* a load that the exclusive monitor will pair with a store */
    MO_MMU_SHIFT = 16,                          /* 8 bits: the regime, an index the target's CPU class defines */
    MO_MMU = 0xff << MO_MMU_SHIFT,
};
static inline unsigned memop_size(MemOp m)
{
    return 1u << (m & MO_SIZE);
}
static inline unsigned memop_mmu(MemOp m)
{
    return (m & MO_MMU) >> MO_MMU_SHIFT;
}

typedef enum TcgRmw {
    RMW_SWP, RMW_ADD, RMW_AND, RMW_OR, RMW_XOR, RMW_SMAX, RMW_SMIN, RMW_UMAX, RMW_UMIN, TCG_NUM_RMWS
} TcgRmw;

/* Fences name the pairs that they order: earlier loads/stores before later loads/stores. */
enum { FENCE_LD_LD = 1, FENCE_LD_ST = 2, FENCE_ST_LD = 4, FENCE_ST_ST = 8, FENCE_ALL = 15 };

/* -- floating point ---------------------------------------------------------------------------------------- */

/*
 * IEEE 754 arithmetic on the lanes of V128 values, by the rounding mode of TcgFpState, nothing flushed to zero,
 * exceptions as sticky flags: a guest whose rules differ where a result is a NaN, or tiny before it was rounded, has its
 * helper called there. A scalar operation computes lane 0; other lanes of its result are those of a, or zero where
 * lanes change size.
 *
 * Fixed-point numbers are made of what TCG_FP_SCALE makes: it is exact, since what is beyond 2^63 counts as that, which
 * does not fit then either. A NaN stays one, quiet, and is invalid.
 */
typedef enum TcgFpOp {
    TCG_FP_ADD, TCG_FP_SUB, TCG_FP_MUL, TCG_FP_DIV, TCG_FP_SQRT,
    TCG_FP_MADD, TCG_FP_MSUB, TCG_FP_NMADD, TCG_FP_NMSUB,      /* fused: a * b + c, -(a * b) + c, -(a * b) - c, a * b - c;
                                                   the first two also of a's and b's low halves, es 1, with c, es 2 */
    TCG_FP_MAX, TCG_FP_MIN, TCG_FP_MAXNUM, TCG_FP_MINNUM,      /* +0 is greater than -0; a NaN wins, or loses to a number */
    TCG_FP_EQ, TCG_FP_GE, TCG_FP_GT,            /* all ones where it holds; GE and GT are invalid for any NaN */
    TCG_FP_RINT,                                /* to an integral value, by TCG_FP_ROUND; TCG_FP_EXACT: inexact is seen */
    TCG_FP_SCALE,                               /* for TO: a * b, b a power of two, 2 to 2^64; see below; es 2, 3 */
    TCG_FP_MULX, TCG_FP_RECPS, TCG_FP_RSQRTS,   /* a * b, 2 - a * b, (3 - a * b) / 2, rounded once; inf by zero: 2, 2, 1.5 */
    TCG_FP_RINTN,                               /* RINT, by TCG_FP_RINTN; inexact is seen, invalid if no such integer */
    TCG_FP_RECPE, TCG_FP_RSQRTE,                /* estimates of 1 / a, 1 / sqrt(a), of normal numbers, es 2: (b + 1) / 2, b the
                                                   first 10 bits of that of x, the middle of what has a's first 9 bits, or 8 */
    TCG_FP_CVT,                                 /* to the size of a result's lane */
    TCG_FP_FROM_I, TCG_FP_FROM_U, TCG_FP_TO_I, TCG_FP_TO_U,    /* integers; to: by TCG_FP_TO, invalid if it does not fit */
    TCG_NUM_FP_OPS
} TcgFpOp;
/* STATE: TcgFpState's, of TCG_FP_RINT alone; AWAY: to nearest with ties away from zero, of that and TCG_FP_TO. */
typedef enum TcgFpRound {
    TCG_ROUND_EVEN, TCG_ROUND_UP, TCG_ROUND_DOWN, TCG_ROUND_ZERO, TCG_ROUND_STATE, TCG_ROUND_AWAY,
} TcgFpRound;

/* An operation with its lanes: 16 bits. es, to: log2 bytes of an operand's and a result's lane, 1 to 3. */
typedef uint16_t TcgFp;
enum { TCG_FP_SCALAR = 1 << 9, TCG_FP_SIGNAL = 1 << 10 /* fp_cmp: invalid for any NaN */, TCG_FP_COND_SHIFT = 12 };
#define TCG_FP(op, es, to) ((TcgFp)((op) | (es) << 5 | (to) << 7))
#define TCG_FP_RINT(es, round, exact) ((TcgFp)(TCG_FP(TCG_FP_RINT, es, es) | (round) << 11 | (exact) << 14))
/* op: TCG_FP_TO_I or TCG_FP_TO_U; TCG_FP makes these round towards zero. */
#define TCG_FP_TO(op, es, to, round) ((TcgFp)(TCG_FP(op, es, to) | ((round) ^ TCG_ROUND_ZERO) << 11))
/* bits64: those of 64 bits, else 32. */
#define TCG_FP_RINTN(es, round, bits64) ((TcgFp)(TCG_FP(TCG_FP_RINTN, es, es) | (round) << 11 | (bits64) << 14))
static inline TcgFpOp tcg_fp_op(TcgFp f) { return f & 31; }
static inline unsigned tcg_fp_es(TcgFp f) { return f >> 5 & 3; }
static inline unsigned tcg_fp_to(TcgFp f) { return f >> 7 & 3; }
/* Lanes change size or meaning. */
static inline bool tcg_fp_resizes(TcgFp f) { return tcg_fp_op(f) >= TCG_FP_CVT; }
static inline TcgFpRound tcg_fp_round(TcgFp f) { return f >> 11 & 7; }
static inline TcgFpRound tcg_fp_to_round(TcgFp f) { return tcg_fp_round(f) ^ TCG_ROUND_ZERO; }
static inline bool tcg_fp_exact(TcgFp f) { return f >> 14 & 1; }

/* Exceptions, as flags; IEEE 754's order. */
enum { TCG_FP_INVALID = 1, TCG_FP_DIVBYZERO = 2, TCG_FP_OVERFLOW = 4, TCG_FP_UNDERFLOW = 8, TCG_FP_INEXACT = 16 };

/* What a CPU object keeps of it. Its own thread's, or a stopped CPU's. */
typedef struct TcgFpState {
    const TcgBackend *inside;                   /* code runs: round and flags are in the host's registers too */
    uint8_t round;                              /* TcgFpRound */
    uint8_t flags;                              /* raised; see tcg_fp_flags */
} TcgFpState;
void tcg_fp_set_round(TcgFpState *fp, TcgFpRound round);
unsigned tcg_fp_flags(TcgFpState *fp);
void tcg_fp_clear_flags(TcgFpState *fp);
/*
 * Around what computes in floating point on its own, called from generated code: a device's registers, say. Helpers and
 * slow paths run with the guest's rounding, and what they raise would be the guest's. pause returns what resume takes.
 */
const TcgBackend *tcg_fp_pause(TcgFpState *fp);
void tcg_fp_resume(TcgFpState *fp, const TcgBackend *inside);

/* -- guest registers and helpers: rows of the target's tables ---------------------------------------------- */

struct TcgReg {
    const char *name;                           /* as the manual spells it; golden files and logs use it */
    TcgType type;
    uint32_t offset;                            /* from the CPU object */
};

/* Which registers a helper reads or writes, beyond its arguments. */
typedef enum TcgHelperRegs { HREGS_NONE, HREGS_ALL, HREGS_LISTED } TcgHelperRegs;

enum {
    HELPER_MAY_RAISE = 1 << 0,                  /* may set the raised word: its call carries a state map */
    HELPER_PURE = 1 << 1,                       /* same arguments, same result; no effect: may be removed or folded */
    HELPER_NO_RETURN = 1 << 2,                  /* always raises: ends the block */
};

/* Arguments by value are i32 or i64; a vector argument or result is passed by pointer to a copy in the frame. */
enum { TCG_HELPER_MAX_ARGS = 6 };
struct TcgHelper {
    const char *name;
    void *fn;                                   /* first C argument is always the CPU object */
    uint8_t num_args;                           /* without the CPU object */
    uint8_t ret;                                /* TcgType; TCG_VOID for none. A vector: written through a last pointer */
    uint8_t args[TCG_HELPER_MAX_ARGS];          /* TcgType */
    uint8_t flags;
    TcgHelperRegs reads, writes;                /* HREGS_LISTED: the call site lists register rows */
};

/* The guest as the translation library sees it. */
struct TcgTarget {
    const char *name;
    const TcgReg *regs;                         /* row numbers are what tcg_get_reg takes */
    unsigned num_regs;
    unsigned pc_reg;                            /* row of the virtual PC */
    unsigned page_bits;                         /* the smallest page that the inline TLB check distinguishes */
    const TcgHelper *helpers;                   /* by name, for IR as text only; may be NULL */
    unsigned num_helpers;
};

/* -- what core/exec lays out ------------------------------------------------------------------------------- */

/*
 * Slow paths return normally; when they raise, they have set the word at raised_offset to non-zero, and generated
 * code branches to its cold stub, which writes the state map back and leaves with TCG_EXIT_RAISED.
 * map identifies the access's state map (tcg_map_* below), so that the slow path can learn the exact instruction.
 */
typedef struct TcgMemOps {
    uint64_t (*ld)(CPUState *cs, vaddr addr, MemOp mo, const void *map);                        /* up to 8 bytes */
    void (*st)(CPUState *cs, vaddr addr, uint64_t value, MemOp mo, const void *map);
    void (*ld128)(CPUState *cs, vaddr addr, void *ret, MemOp mo, const void *map);
    void (*st128)(CPUState *cs, vaddr addr, const void *value, MemOp mo, const void *map);
    /*
     * Vectors of up to 64 bytes: of byte i if bit i of bytes is set; those that are not loaded are 0. All or nothing is
     * stored, but for what comes before a device that refuses.
     */
    void (*ldv)(CPUState *cs, vaddr addr, void *ret, MemOp mo, uint64_t bytes, const void *map);
    void (*stv)(CPUState *cs, vaddr addr, const void *value, MemOp mo, uint64_t bytes, const void *map);
    /* Returns the old value, zero extended (or by MO_SIGN). */
    uint64_t (*rmw)(CPUState *cs, vaddr addr, uint64_t value, MemOp mo, TcgRmw op, const void *map);
    uint64_t (*cas)(CPUState *cs, vaddr addr, uint64_t expect, uint64_t value, MemOp mo, const void *map);
    void (*cas128)(CPUState *cs, vaddr addr, void *expect_ret, const void *value, MemOp mo, const void *map);
} TcgMemOps;

/* The inline TLB entry: 32 bytes; a comparator is the page's address, or has low bits set so that it never matches. */
typedef struct TcgTlbEntry {
    uint64_t read, write, code;                 /* page address | TLB_* flags in the low page bits */
    uintptr_t addend;                           /* host address = guest address + addend */
} TcgTlbEntry;
/* A table as generated code finds it: one per regime in the CPU object, 16 bytes each. */
typedef struct TcgTlbFast {
    uintptr_t mask;                             /* (entries - 1) * sizeof(TcgTlbEntry) */
    TcgTlbEntry *table;
} TcgTlbFast;

/* The indirect-branch cache in the CPU object: direct mapped by (pc & mask) >> jc_shift. Matches when pc and tag do. */
typedef struct TcgJumpEntry {
    vaddr pc;
    uint64_t tag;
    const void *code;                           /* entry to jump to */
    void *tb;
} TcgJumpEntry;

struct TcgLayout {
    bool direct;                                /* true: host address = guest address + value at direct_base_offset */
    int32_t direct_base_offset;
    int32_t tlb_offset;                         /* TcgTlbFast[] in the CPU object, indexed by memop_mmu() */
    int32_t raised_offset;                      /* uint32_t */
    int32_t left_offset;                        /* uint32_t: leaving by a state map writes its tcg_map_insns() */
    int32_t poll_offset;                        /* int32_t: negative asks generated code to leave (OP_poll) */
    int32_t heat_offset;                        /* int32_t[]: what tcg_gen_poll counts down */
    bool counted;                               /* OP_poll subtracts the block's instructions from the poll word */
    int32_t jc_offset;                          /* TcgJumpEntry *: pointer to the cache */
    int32_t jc_tag_offset;                      /* uint64_t: the current tag */
    int32_t jc_mask_offset;                     /* uint32_t: (entries - 1) << jc_shift */
    unsigned jc_shift;
    /* Code to go on with where goto_ptr found none in the cache, all being in the CPU object; NULL: leave. May be NULL. */
    const void *(*find)(CPUState *cs);
    const TcgMemOps *mem;
    int32_t costs_offset;                       /* TcgCost *: with TcgConfig.costs, by helper (costs.h) */
};

/* -- code -------------------------------------------------------------------------------------------------- */

enum { TCG_MAX_CHAINS = 16 };

/* An OP_goto_tb: it goes to the entry PC + delta, through a jump that tcg_chain changes. */
typedef struct TcgChain {
    uint32_t patch;                             /* backend's patch place; 0: unused */
    int32_t delta;
    int32_t back;                               /* a call: the delta of where it returns to; else delta */
} TcgChain;

/* What one translation became. The caller's TranslationBlock embeds it. */
struct TcgCode {
    const void *entry;                          /* executable address (tci: bytecode) */
    uint32_t size;                              /* bytes of code and map data */
    uint32_t hot_size, text_size;               /* of its start: what runs usually; code */
    bool returns;                               /* it may leave by tcg_return */
    bool jumps;                                 /* ... by tcg_goto_ptr_noted */
    int32_t jump_back;                          /* ... which is a call: the delta of where it returns to; else 0 */
    uint32_t num_chains;
    const TcgChain *chain;                      /* by OP_goto_tb's slot, beside the code */
};

/*
 * How generated code came back: the low bits of what run() returns; the rest is the `owner` pointer given to
 * tcg_gen_begin (TCG_OWNER_ALIGN bytes aligned), of the block that was left.
 */
typedef enum TcgExit {
    TCG_EXIT_LOOKUP,                            /* goto_ptr missed, or a plain exit: look up env's PC */
    TCG_EXIT_POLL,                              /* the poll word was negative: env is the state at the OP_poll */
    TCG_EXIT_RAISED,                            /* an exception is recorded; env is the state it is precise for */
    TCG_EXIT_CHAIN = 16,                        /* + slot: left by an unlinked chain: link it, go on at env's PC */
    TCG_EXIT_MASK = TCG_EXIT_CHAIN + TCG_MAX_CHAINS - 1,
} TcgExit;
enum { TCG_OWNER_ALIGN = TCG_EXIT_MASK + 1 };

/* W^X code memory, mapped twice. Allocation is a bump; when full the owner recycles (tcg_codebuf_reset). */
TcgCodeBuf *tcg_codebuf_new(size_t size, const TcgBackend *be, GError **error);
void tcg_codebuf_free(TcgCodeBuf *buf);
/* Forgets all code. The owner has made sure that no thread is inside or will re-enter old code. */
void tcg_codebuf_reset(TcgCodeBuf *buf);
size_t tcg_codebuf_used(const TcgCodeBuf *buf);
size_t tcg_codebuf_size(const TcgCodeBuf *buf);
/* What all its code shares. */
const void *tcg_codebuf_thunks(const TcgCodeBuf *buf, size_t *ret_size);

/* Backends by name: "tcg" (x86-64) and "tci". NULL if the host has none of that name. */
const TcgBackend *tcg_backend_find(const char *name);
const char *tcg_backend_name(const TcgBackend *be);

/*
 * Runs code until it leaves. Returns owner | TcgExit. cs is the pinned pointer, fp the CPU's floating-point state. The
 * code is of `buf`.
 */
uintptr_t tcg_run(const TcgBackend *be, TcgCodeBuf *buf, CPUState *cs, const void *entry, TcgFpState *fp);
/* The direct layout: on the thread that calls, code runs with this value at direct_base_offset from now on. */
void tcg_set_direct(const TcgBackend *be, uintptr_t base);
/* Links chain slot n of code to entry (NULL: unlinks). Atomic with respect to threads that run it. */
void tcg_chain(const TcgBackend *be, TcgCodeBuf *buf, const TcgCode *code, unsigned n, const void *entry);

/* What a state map says of its access: guest instructions retired since the block's entry, before this one. */
unsigned tcg_map_insns(const void *map);

/*
 * The direct layout: the host refused an access at pc, an address in code of buf. Returns where to go on with all
 * registers as they are: the access's slow path, which does it again by TcgMemOps; NULL: pc is no access. For a signal
 * handler of the thread that runs the code.
 */
bool tcg_backend_has_faults(const TcgBackend *be);              /* whether it can */
const void *tcg_fault_resume(const TcgBackend *be, const TcgCodeBuf *buf, const void *pc);

/* -- translation contexts ---------------------------------------------------------------------------------- */

typedef struct TcgConfig {
    const TcgBackend *backend;
    const TcgTarget *target;
    const TcgLayout *layout;
    bool naive;                                 /* one store to env per register write, no optimisation: the reference */
    bool verify;                                /* run the verifier between passes */
    TcgCosts *costs;                            /* calls of helpers are counted and timed (costs.h); NULL: they are not */
} TcgConfig;

TcgGen *tcg_gen_new(const TcgConfig *config);
void tcg_gen_free(TcgGen *g);
/* Starts a region. owner: see TcgExit. */
void tcg_gen_begin(TcgGen *g, void *owner);
/* What follows until the next tcg_gen_begin enters no other code: its goto_ptr is an exit. */
void tcg_gen_alone(TcgGen *g);
/* What follows until the next tcg_gen_begin is to be translated fast, rather than well. */
void tcg_gen_quick(TcgGen *g);
/*
 * What follows until the next tcg_gen_begin may be emitted to buf while it is generated, if the backend can: after all the
 * other tcg_gen_ calls, which say what is made, and before what is generated. tcg_gen_end then comes before
 * tcg_gen_finish; if it returns false, the same is to be generated again from tcg_gen_begin on, without this.
 */
void tcg_gen_at_once(TcgGen *g, TcgCodeBuf *buf);
bool tcg_gen_end(TcgGen *g);
/* What follows until the next tcg_gen_begin is entered with this PC alone. */
void tcg_gen_at(TcgGen *g, uint64_t pc);
/* The poll at the entry. heat: the word of TcgLayout.heat_offset that counts instructions down, leaving below 0; -1: none. */
void tcg_gen_poll(TcgGen *g, int heat);
/* Its tcg_goto_ptr_noted notes where it goes to: in the row, 1 at the place that bits 11:2 of the PC say. */
enum { TCG_NOTES = 1024 };
void tcg_gen_notes(TcgGen *g, uint8_t row[TCG_NOTES]);
/*
 * A block of guest instructions that is part of the region. The region has one for each place and call of a procedure: call
 * 0 is what the region begins in, others are calls in it. A tcg_goto to delta from the entry PC, in a block of the same
 * call, leads there and does not leave; so does a tcg_goto_call in one that makes the call. A tcg_return leads to blocks that
 * the call it is in returns to; a tcg_jump_inside to those that are jumped to, of its call, or if it is one, of that.
 *
 * The blocks of a small loop may be emitted several times, so that it polls and copies values between registers less often:
 * in a copy, a tcg_goto to the loop's first block leads to the next copy of that, and to other blocks of it to this one.
 */
enum { TCG_NO_CALL = -1, TCG_MAX_COPIES = 8 };
typedef struct TcgRegionBlock {
    int64_t delta;
    int call;
    int calls;                                  /* the call that it makes; or TCG_NO_CALL: that leaves, if there is one */
    int returned_from;                          /* the call that returns to it, or TCG_NO_CALL */
    bool jumped_to;
    bool stays;                                 /* its tcg_jump_inside is expected to find a block; else it does not look */
    bool poll;                                  /* something leads back to it */
    unsigned copies;                            /* 1 or more */
    int64_t loop_first, loop_end;               /* more: deltas of the loop's blocks, which is entered anew at the first */
} TcgRegionBlock;

/* Before emission goes on in any of them. They are numbered in the order in which they are made known, from 0. */
void tcg_region_block(TcgGen *g, const TcgRegionBlock *b);
/* Emission goes on in block n, or a copy of it. */
void tcg_region_start(TcgGen *g, unsigned n, unsigned copy);
/*
 * Optimises and emits what was generated since begin. False: the buffer has no room (nothing was published); call
 * again after a reset, with the same region still in g. ret_code->entry is NULL if its values find no place in the frame:
 * it is to be made of less. Thread-safe against other TcgGens on one buffer.
 */
bool tcg_gen_finish(TcgGen *g, TcgCodeBuf *buf, TcgCode *ret_code);
/* The region as text, as it is now: as generated, or after tcg_gen_finish as emitted; for -d ir. */
void tcg_gen_dump(TcgGen *g, GString *out);
/* From now on finish appends the region to out after each pass whose letter is in `letters` (NULL: none). */
void tcg_gen_dump_after(TcgGen *g, const char *letters, GString *out);
/* Host code as hex bytes or disassembly-free listing; for -d out_asm. */
void tcg_code_dump(const TcgBackend *be, const TcgCode *code, GString *out);

#endif
