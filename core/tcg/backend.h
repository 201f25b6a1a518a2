/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backend is a value: what registers there are, what an op wants of them, and how an allocated region becomes code.
 * Three files each: asm.h (encodings), emit.c (ops), backend.c (descriptor, entry thunk, chaining).
 */
#ifndef CORE_TCG_BACKEND_H
#define CORE_TCG_BACKEND_H

#include "core/tcg/ir_int.h"

/*
 * What an ALLOCATED region promises to emit (regalloc's output, every backend's input):
 *
 * - Blocks are emitted in the order of fn->rpo. Phis emit nothing: copies (OP_mov) stand at the ends of the
 *   predecessors, before the node that ends the block. Critical edges were split.
 * - OP_mov copies in[0] (register, slot or constant arg[0]) to out (register or slot; slot to slot too). Cycles of
 *   parallel copies were broken through a slot or a free register.
 * - in[i] says where arg[i] is when the node starts: LOC_REG; LOC_SLOT or LOC_CONST where the constraint allows.
 *   arg[i] == 0 has LOC_NONE. out is LOC_REG, or LOC_NONE if the result has no use: a PURE or ld_env node whose out
 *   is LOC_NONE emits nothing (dead, a recipe, or a constant that every user takes as an immediate).
 * - out may share an argument's register unless out_early. If out_same_as >= 0 and that argument is in a register, out is
 *   that register, which holds a copy if the argument does not die here. Of TCG_PLAIN operations it is only a wish.
 * - clobbers hold nothing that is needed after the node, and no argument whose arg[] set leaves them out.
 * - call: fn->lists[n->arg_locs + i] is the TcgLoc of list[i]: any register, slot or constant (vectors: register or
 *   slot). emit moves them where the C call wants them and takes the result from there to out. A vector goes by pointer
 *   to a copy that emit makes.
 * - Locations in the map of a guest access hold at its start; out is not written if the access raises, so out may
 *   be a register whose value the map uses. Locations in the map of a call hold after it returned (not in clobbers).
 * - fn->frame_slots <= num_slots.
 */
typedef uint64_t TcgRegSet;                     /* bit n: register n */
enum { TCG_NUM_HOST_REGS = 64, TCG_FIRST_PRED = 24, TCG_FIRST_VEC = 32, TCG_FIRST_WIDE = 48 };
#define INT_REGS UINT64_C(0x0000000000ffffff)
#define PRED_REGS UINT64_C(0x00000000ff000000)
#define VEC_REGS UINT64_C(0x0000ffff00000000)   /* of 16 bytes */
#define WIDE_REGS UINT64_C(0xffff000000000000)

static inline TcgRegSet tcg_regs_of(TcgType t)
{
    static const TcgRegSet of[TCG_NUM_TYPES] = { 0, INT_REGS, INT_REGS, VEC_REGS, WIDE_REGS, WIDE_REGS, PRED_REGS };

    return of[t];
}

static inline TcgRegSet reg_bit(unsigned r)
{
    return UINT64_C(1) << r;
}

static inline bool is_single(TcgRegSet s)
{
    return s && !(s & (s - 1));
}

enum { TCG_MAX_OPERANDS = 4 };

/* What one op wants. A call's list arguments are described by call_args instead. */
typedef struct TcgConstraint {
    TcgRegSet arg[TCG_MAX_OPERANDS];            /* registers an argument may be in */
    bool arg_const[TCG_MAX_OPERANDS];           /* a constant argument may stay a constant (immediate) */
    bool arg_slot[TCG_MAX_OPERANDS];            /* ... may be read from its frame slot */
    TcgRegSet out;
    int8_t out_same_as;                         /* index of the argument whose register the result takes, or -1; see above */
    bool out_early;                             /* the result's register must differ from all arguments' */
    TcgRegSet clobbers;                         /* destroyed by the op; arguments that may be in them are used first */
} TcgConstraint;

/*
 * An operation in TcgBackend.plain: TCG_PLAIN, and bit k for each argument k that must be in a register. TCG_HAS: has_op
 * is true of each of its forms; TCG_HAS_INT: of those whose type is no vector's.
 */
enum { TCG_PLAIN = 1 << TCG_MAX_OPERANDS, TCG_HAS = TCG_PLAIN << 1, TCG_HAS_INT = TCG_PLAIN << 2 };

struct TcgBackend {
    const char *name;
    TcgRegSet allocatable, callee_saved;
    uint16_t num_slots;                         /* 8-byte frame slots there are */
    uint64_t features;                          /* host extensions it may use (a backend's own bits), if the host has */
    /* Whether this host can run it; NULL: every host can. */
    bool (*usable)(void);
    /* False: lower.c must rewrite the op (imm, aux and type of the node decide too). */
    bool (*has_op)(const TcgBackend *be, const TcgNode *n);
    /*
     * By op, what an allocator in a hurry takes for its constraints: arguments in any registers of their types or as
     * constants or slots, the result in any register of its type (rather argument 0's), nothing destroyed. 0: ask.
     */
    uint8_t plain[TCG_NUM_OPS];
    /*
     * Whether the i32 operation of a node clears the upper half of its result's register. A backend that has this takes
     * i32 operands from registers whatever their upper halves hold; copies are then of whole registers. NULL: neither.
     */
    bool (*upper_is_zero)(const TcgFn *fn, TcgId id);
    bool access_offset;                         /* guest_ld and guest_st add (int16_t)aux to their address */
    bool access_index;                          /* in the direct layout, there is guest_ldx and guest_stx */
    bool access_page;                           /* where there are TLBs, guest_page, guest_ldh, guest_sth, guest_ldn, guest_stn */
    void (*constraints)(const TcgBackend *be, const TcgFn *fn, const TcgNode *n, TcgConstraint *ret);
    /* Emits an ALLOCATED region. False: the buffer is full; nothing was published. */
    bool (*emit)(const TcgBackend *be, const TcgFn *fn, TcgCodeBuf *buf, TcgCode *ret);
    /*
     * Emission of one node after the other, each before the next is made (once.c); NULL: there is none. A node has its
     * places as an allocated one, its map is complete and may change afterwards; next: the block that comes next, for one
     * that ends a block. False: it does not fit. once_end with NULL: nothing is published.
     */
    void *(*once_new)(const TcgBackend *be, const TcgFn *fn);
    bool (*once_begin)(void *once, TcgCodeBuf *buf);
    void (*once_block)(void *once, uint32_t block);
    bool (*once_node)(void *once, TcgId id, const TcgNode *n, uint32_t next);
    bool (*once_end)(void *once, TcgCode *ret);
    /* A poll that counts down a heat word (-1: none), as the first operation; pc += step, and a goto_tb. False: as once_node. */
    bool (*once_poll)(void *once, int heat);
    /* A field of the CPU object to a register, or a register's value to it. */
    bool (*once_field)(void *once, bool store, unsigned type, MemOp mo, uint32_t offset, unsigned reg);
    /* An OP_brcond that leads nowhere: if it holds, imm is called with the CPU, and the code is left through the map. */
    bool (*once_raise)(void *once, TcgId id, const TcgNode *n);
    bool (*once_goto)(void *once, const TcgReg *pc, int64_t step, unsigned slot, int64_t delta, int64_t back);
    uintptr_t (*run)(const TcgBackend *be, TcgCodeBuf *buf, CPUState *cs, const void *entry);
    /*
     * OP_fp's rounding is the host's from fp_enter, which clears the host's exception flags, to fp_leave, which returns
     * them (TCG_FP_INVALID and so on) and gives C its own state back. NULL: it has no such operation.
     */
    void (*fp_enter)(TcgFpRound round);
    unsigned (*fp_leave)(void);
    /* The value at direct_base_offset, for the thread that will run code of a direct layout. May be NULL. */
    void (*set_direct)(uintptr_t base);
    void (*chain)(const TcgBackend *be, TcgCodeBuf *buf, const TcgCode *code, unsigned n, const void *entry);
    /* Called when a buffer is created or reset: writes the thunks that all code shares; returns bytes used. */
    size_t (*init_buf)(const TcgBackend *be, TcgCodeBuf *buf);
    void (*dump)(const TcgBackend *be, const TcgCode *code, GString *out);
    /* As tcg_fault_resume; NULL: its code makes no access that the host could refuse. Async-signal-safe. */
    const void *(*fault_resume)(const TcgBackend *be, const TcgCodeBuf *buf, const void *pc);
};

/* Whether it has values of a type. */
static inline bool tcg_backend_has_type(const TcgBackend *be, TcgType type)
{
    TcgNode n = { .op = OP_mov, .type = type };

    return type <= TCG_V128 || be->has_op(be, &n);
}

extern const TcgBackend tcg_backend_x86_64, tcg_backend_tci;
/*
 * tcg_backend_x86_64 for a host of x86-64-v3 with AES and SHA, and nothing else, whatever this one is: its code is the same
 * everywhere, to be looked at and not to be run.
 */
void tcg_x86_some_host(TcgBackend *ret);

/* -- codebuf.c ----------------------------------------------------------------------------------------------------- */
enum {
    TCG_CODE_TURNS = 8,                         /* pieces that one thread takes turns in */
    TCG_CODE_PIECES = 32,                       /* places for them, and for what more threads at the same time have */
};
struct TcgCodeBuf {
    uint8_t *rw;                                /* writable view */
    const uint8_t *rx;                          /* executable view of the same memory */
    size_t size;
    size_t used;                                /* atomic bump */
    size_t present;                             /* atomic: pages below are there, or need not be */
    size_t thunks;                              /* bytes at the start that reset keeps */
    const TcgBackend *be;
    uint64_t features;                          /* host extensions in use: be->features that the host has */
    const void *thunk[24];                      /* backend's own: addresses in rx of shared routines */
    unsigned turn;                              /* atomic */
    uint64_t pieces[TCG_CODE_PIECES];           /* atomic: what is left of each, its start and its end << 32; codebuf.c */
    uint64_t *starts;                           /* atomic bits: a direct layout's emissions start at 16 bytes times n */
};
/*
 * Reserves max bytes (16-aligned) in the writable view for one emission; NULL if there is no room. commit gives what
 * is after end back, unless another thread has reserved meanwhile: then it stays unused until the next reset.
 */
uint8_t *tcg_codebuf_reserve(TcgCodeBuf *buf, size_t max);
void tcg_codebuf_commit(TcgCodeBuf *buf, uint8_t *start, size_t max, uint8_t *end);
/*
 * The same for code that is made between runs of other code as new: from several pieces by turns, whatever is left of one.
 * A processor fetches what is behind the code that it executes, and is slow to store to what it has fetched.
 */
typedef struct TcgCodeTaken {
    uint8_t *start;
    size_t max;                                 /* bytes there are */
    unsigned turn;
} TcgCodeTaken;
bool tcg_codebuf_take(TcgCodeBuf *buf, TcgCodeTaken *ret);
void tcg_codebuf_give_back(TcgCodeBuf *buf, const TcgCodeTaken *taken, const uint8_t *end);
/* What starts at p can be found from an address in it: by tcg_codebuf_start, which is async-signal-safe. */
void tcg_codebuf_mark(TcgCodeBuf *buf, const uint8_t *p);
const uint8_t *tcg_codebuf_start(const TcgCodeBuf *buf, const void *pc);
static inline const void *tcg_codebuf_rx(const TcgCodeBuf *buf, const void *rw)
{
    return buf->rx + ((const uint8_t *)rw - buf->rw);
}

/* -- statemap.c: maps as bytes beside the code ----------------------------------------------------------------------- */
/*
 * Writes map m of an allocated region to p and returns the end. Entries: row offset and type, then the location;
 * a recipe is its op with its operands' locations, nested.
 */
uint8_t *tcg_map_write(const TcgFn *fn, uint32_t map, uint8_t *p);
size_t tcg_map_max_size(const TcgFn *fn, uint32_t map);
/* A map that has nothing but the PC. */
enum { TCG_PLAIN_MAP_MAX = 32 };
void tcg_map_write_plain(uint8_t *map, uint32_t insns, int64_t pc_delta, uint32_t pc_offset, TcgType pc_type);
/*
 * Writes a map back into the CPU object. int_regs (and predicates), vec_regs and, from TCG_FIRST_WIDE on, wide_regs are the
 * host registers when the code left; frame is the base of its slots. All values are read before any is written. Returns
 * tcg_map_insns(map).
 */
unsigned tcg_map_restore(const void *map, CPUState *cs, const uint64_t *int_regs, const TcgVecVal *vec_regs,
                         const uint64_t *frame, const TcgWideVal *wide_regs);

/* -- helper.c ----------------------------------------------------------------------------------------------------------- */
enum { TCG_HELPER_CIF_SIZE = 128 };
struct TcgHelperCif;                            /* at most TCG_HELPER_CIF_SIZE bytes, 8-aligned; lives beside the code */
/* Describes the helper's C call once; calls may then be made from several threads. */
void tcg_helper_prepare(const TcgHelper *h, struct TcgHelperCif *cif);
/* Calls a helper through libffi. args[i] and ret: where values are; vectors are passed by these pointers. */
void tcg_helper_call(const TcgHelper *h, const struct TcgHelperCif *cif, CPUState *cs, const void *const *args, void *ret);

#endif
