/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this backend share.
 *
 * Registers: RBP is the CPU object, RSP the frame. RAX, RDX, XMM15, ZMM31, K0 and K3 are emit's own and never allocated; all
 * others are. An i32 in a register has undefined upper bits; in a slot only its low four bytes count. i32 operations write
 * a 32-bit register and so clear the upper half, which zext relies on (upper_is_zero).
 *
 * Frame, from RSP, 16-byte aligned: see FRAME_*. The entry thunk makes it; thunks called from a block find it eight
 * bytes higher.
 *
 * Vectors are VEX-encoded whenever the host has AVX, and only then: the two kinds are never mixed in one process run.
 * What is wider than 128 bits is in registers 16-31, which only AVX-512 has and legacy instructions do not know of: so upper
 * halves of the others stay clean and C may be called without VZEROUPPER. Wide vectors and predicates are nobody's
 * across calls; the thunks of slow paths do not keep them: stubs of code that has any call THUNK_SAVE_WIDE and
 * THUNK_LOAD_WIDE around them.
 */
#ifndef CORE_TCG_BACKEND_X86_64_EMIT_INT_H
#define CORE_TCG_BACKEND_X86_64_EMIT_INT_H

#include "core/tcg/backend.h"
#include "core/bits.h"
#include "core/tcg/backend/x86_64/asm.h"

/* TcgBackend.features: extensions beyond x86-64-v2 that emit knows. */
enum {
    HOST_AVX = 1 << 0,                          /* and OSXSAVE says that the system keeps its state */
    HOST_AVX2 = 1 << 1,
    HOST_BMI1 = 1 << 2,                         /* andn */
    HOST_BMI2 = 1 << 3,                         /* shlx, rorx */
    HOST_LZCNT = 1 << 4,
    HOST_MOVBE = 1 << 5,
    HOST_AVX512 = 1 << 6,                       /* F, VL, BW, DQ, CD */
    HOST_BITALG = 1 << 7,
    HOST_GFNI = 1 << 8,
    HOST_FMA = 1 << 9,                          /* and AVX2 and BMI2: floating point is inline */
    HOST_AES = 1 << 10,                         /* and PCLMULQDQ */
    HOST_PAD_JUMPS = 1 << 11,                   /* jumps are not to touch the ends of 32 bytes */
    HOST_SHA = 1 << 12,
    HOST_F16C = 1 << 13,                        /* and FMA: half precision by way of single is inline */
    HOST_FP16 = 1 << 14,                        /* AVX512_FP16, and AVX512 and F16C */
    HOST_VNNI = 1 << 15,                        /* AVX512_VNNI, or AVX-VNNI without AVX512 */
    HOST_PEXT = 1 << 16,                        /* BMI2, and pext is not microcode */
    HOST_ALL = (1 << 17) - 1,
    HOST_V2 = 1 << 17,                          /* x86-64-v2 itself, which is no extension */
    HOST_ANY = 1 << 18,                         /* TcgBackend.features: all that are named, whatever the host has */
    HOST_PAD_ALWAYS = 1 << 19,                  /* ... jumps are padded, though the host may do without */
};
/* What this host has, from CPUID. */
uint64_t tcg_x86_host_features(void);
/* What of it a backend may use. */
static inline uint64_t tcg_x86_features(const TcgBackend *be)
{
    uint64_t has = be->features & HOST_ANY ? UINT64_MAX : tcg_x86_host_features();

    return be->features & (has | (be->features & HOST_PAD_ALWAYS ? HOST_PAD_JUMPS : 0));
}

enum {
    NUM_SLOTS = 256,
    XSCRATCH = 15,                              /* XMM15 */
    WSCRATCH = 31,                              /* ZMM31 */
    KSCRATCH = 0,                               /* K0: no instruction can be masked by it */
    KSCRATCH2 = 3,                              /* K3: what is asked next, by a branch, say */
    FRAME_OUT = 0,                              /* arguments of a C call beyond the sixth */
    FRAME_ADDR = 16,                            /* a slow path's operands, near: there are many stubs */
    FRAME_VAL = FRAME_ADDR + 8,
    FRAME_SLOTS = 32,
    FRAME_VAL2 = FRAME_SLOTS + 8 * NUM_SLOTS,
    FRAME_COST = FRAME_VAL2 + 24,               /* THUNK_COST's three words, perhaps 16 bytes lower */
    FRAME_V0 = FRAME_VAL2 + 48,                 /* V128 operands and results of slow paths and calls */
    FRAME_INT = FRAME_V0 + 16 * (TCG_HELPER_MAX_ARGS + 1),      /* registers saved for slow paths and maps */
    FRAME_VEC = FRAME_INT + 8 * 32,
    FRAME_W0 = FRAME_VEC + 16 * 16,             /* after XMM0-15: wide operands and results, as FRAME_V0 */
    FRAME_WIDE = FRAME_W0 + 64 * (TCG_HELPER_MAX_ARGS + 1),     /* ZMM16-31 */
    FRAME_SIZE = FRAME_WIDE + 64 * 16,
};
G_STATIC_ASSERT(FRAME_SIZE % 16 == 0 && FRAME_V0 % 16 == 0 && FRAME_VEC % 16 == 0);

/* TcgCodeBuf.thunk[]. The memory thunks are called by a slow path's stub with RDX = its SlowRec. */
enum {
    THUNK_ENTER,                                /* C: uintptr_t (CPUState *, const void *entry) */
    THUNK_EXIT,                                 /* jumped to with RAX = what run returns */
    THUNK_FIND,                                 /* jumped to with RAX = what run returns, RDX = find: goes on or exits */
    THUNK_LEAVE,                                /* jumped to with RDX = SlowRec: restores its map and exits */
    THUNK_RAISE,                                /* the same, after a call of RAX with the CPU */
    THUNK_BARE,                                 /* called by a BareSite */
    THUNK_LD, THUNK_ST, THUNK_LD128, THUNK_ST128, THUNK_RMW, THUNK_CAS, THUNK_CAS128, THUNK_LDV, THUNK_STV,
    THUNK_FP, THUNK_FP_TO_INT,                  /* called with RDX = FpRec */
    THUNK_FP_COST, THUNK_FP_TO_INT_COST,        /* the same, counted */
    THUNK_COST,                                 /* called instead of RAX: R11 = costs, R10 = the helper's place among them */
    THUNK_SAVE_WIDE, THUNK_LOAD_WIDE,           /* called: wide vectors and predicates to the frame, and back; with AVX-512 */
    THUNK_CONSTS,                               /* VConst[] */
    NUM_THUNKS,
};
G_STATIC_ASSERT(NUM_THUNKS <= G_N_ELEMENTS(((TcgCodeBuf *)0)->thunk));

/*
 * What the shared part of a slow path must know, beside the code: an access's, and what all of one emission share. The
 * map's bytes follow.
 */
typedef struct SlowRec {
    uint32_t mo;                                /* MemOp, and above */
    int32_t head;                               /* the SlowHead's place, from here */
    uint8_t map[];
} SlowRec;
enum { SLOW_RMW_SHIFT = 24, SLOW_POLL = 1u << 31 };    /* TcgRmw, in SlowRec.mo; code leaves by TCG_EXIT_POLL */
typedef struct SlowHead {
    uintptr_t owner;
    const TcgMemOps *mem;
    uint32_t raised_offset, left_offset;        /* of TcgLayout */
    uint32_t pc_offset, pc_type;                /* the PC's row: for maps that are made of a BareSite */
} SlowHead;

/* An operation on floating point whose answer inline code does not have, beside its stub. */
typedef struct FpRec {
    const void *fn;                             /* of its TcgHelper */
    uint32_t desc;                              /* TcgFp */
    uint32_t vec[4];                            /* 16 times the registers of a, b, c and the result */
    uint32_t cost, costs_offset;                /* where calls are counted, else left out */
} FpRec;

/* Vector constants, at THUNK_CONSTS. */
typedef enum VConst {
    VC_BYTEREV1, VC_BYTEREV2, VC_BYTEREV3, VC_BYTEREV4,         /* pshufb masks: containers of 2, 4, 8, 16 bytes */
    VC_WORDREV2, VC_WORDREV3, VC_WORDREV4,      /* ... whose words are turned round */
    VC_LOWBYTES,                                /* 0x00ff in each 16 bits */
    VC_LOWWORDS,                                /* 0x0000ffff in each 32 bits */
    VC_EVENWORDS,                               /* pshufb mask: even words to the low half, zero above */
    VC_EVENS1, VC_EVENS2, VC_ODDS1, VC_ODDS2,   /* ... even or odd elements to both halves */
    VC_NIBBLES,                                 /* 0x0f bytes */
    VC_POPCNT,                                  /* bits set in 0..15 */
    VC_SIGN16, VC_SIGN32, VC_SIGN64,            /* the top bit of each 16, 32, 64 */
    VC_TWICE_MIN16, VC_TWICE_MIN32, VC_TWICE_MIN64,             /* twice the bits of the smallest normal number */
    VC_ABS16, VC_ABS32, VC_ABS64,               /* all bits but the sign */
    VC_MIN16, VC_MIN32, VC_MIN64,               /* the smallest normal number */
    VC_HALF16, VC_HALF32, VC_HALF64,            /* the largest number below a half */
    VC_INFINITY16,
    VC_POINT5_16, VC_POINT5_32, VC_POINT5_64,
    VC_TWO16, VC_TWO32, VC_TWO64,
    VC_THREE16, VC_THREE32, VC_THREE64,
    VC_FINITE16, VC_FINITE32, VC_FINITE64,      /* the largest number */
    VC_ROOT16, VC_ROOT32, VC_ROOT64,            /* one whose square is finite, and less than half of it */
    VC_2P16,                                    /* powers of two, in single precision unless they say so */
    VC_BELOW_2P31, VC_BELOW_2P31_64,            /* the largest number below 2^31 */
    VC_BELOW_2P63, VC_BELOW_2P63_64,
    VC_2P63_32, VC_2P63_64,
    VC_MINUS_2P63_32, VC_MINUS_2P63_64,
    VC_INFINITY32, VC_EXPONENT32,               /* the exponent; and the sign */
    VC_ABOVE_RECPE, VC_FIRST_RECPE, VC_MIDDLE_RECPE, VC_LIMIT_RECPE, VC_BIAS_RECPE,         /* see emit_estimate */
    VC_ABOVE_RSQRTE, VC_FIRST_RSQRTE, VC_MIDDLE_RSQRTE, VC_LIMIT_RSQRTE, VC_BIAS_RSQRTE,
    VC_0x1FF, VC_0x201, VC_0xFF, VC_0x100,      /* 32 bits */
    VC_LOST, VC_KEPT,                           /* the bits of a double that a single has not, and those that it has */
    VC_0x70,                                    /* bytes */
    VC_BITREV,                                  /* gf2p8affineqb matrix: bits of a byte the other way round */
    VC_SHL8,                                    /* 0xff << n bytes, n = 0..7 */
    VC_SHR8 = VC_SHL8 + 8,                      /* 0xff >> n bytes */
    VC_SAR8 = VC_SHR8 + 8,                      /* gf2p8affineqb matrices: bytes shifted right by n, with their sign */
    NUM_VCONSTS = VC_SAR8 + 8,
} VConst;

/*
 * A direct layout's emission begins with a FaultTable; its sites lie at its end, in order of address. All are offsets from
 * the table.
 */
typedef struct FaultTable {
    uint32_t sites, num, bares, num_bares;
} FaultTable;
typedef struct FaultSite {
    uint32_t first, end;                        /* code of one access */
    uint32_t stub;                              /* its slow path */
} FaultSite;
enum { FAULT_TABLE_SIZE = 16 };
G_STATIC_ASSERT(sizeof(FaultTable) == FAULT_TABLE_SIZE);
/*
 * What code at once has instead of a slow path for a plain access: a host fault, or a miss in the TLB, leads to its call of
 * THUNK_BARE, which reads the rest. Offsets are from here, and from the emission's start until it is put behind the code.
 */
typedef struct __attribute__((packed)) BareSite {
    int16_t end;                                /* of the access's code */
    int16_t head;                               /* the SlowHead */
    union {
        struct {
            int16_t pc_delta;                   /* its map has this alone */
            uint16_t insns;
        };
        int32_t rec;                            /* BARE_REC: its SlowRec; at first from where records are going to be */
    };
    uint32_t mo;
    uint8_t len;                                /* of the access's code */
    uint8_t base;                               /* the register with the address */
    uint8_t value;                              /* the register or frame slot of what is loaded or stored */
    uint8_t how;                                /* BARE_... */
    int16_t offset;                             /* to the address */
    uint8_t call;                               /* the instruction */
    int32_t thunk;
    uint8_t after[1];
} BareSite;
/* NONE: stores 0, or loads for nothing; LOW: an i32; REC: what it leaves by is no plain map */
enum { BARE_STORE = 1, BARE_SLOT = 2, BARE_NONE = 4, BARE_LOW = 8, BARE_REC = 16 };
G_STATIC_ASSERT(sizeof(BareSite) == 24);
const void *tcg_x86_fault_resume(const TcgBackend *be, const TcgCodeBuf *buf, const void *pc);

/* A cold part at the end of the region. */
typedef struct Stub {
    enum { STUB_MEM, STUB_PAGE, STUB_CALL, STUB_RAISE, STUB_POLL, STUB_FP } kind;
    TcgId node;
    uint8_t *from[3];                           /* 32-bit displacements that jump here */
    uint8_t *back;                              /* where the hot path goes on; NULL: in the next stub */
    uint8_t *at, *entry;                        /* an access of the direct layout: it begins; this stub does */
    uint8_t *rec_at;                            /* displacement that wants its SlowRec */
} Stub;

typedef struct Emit {
    Asm a;
    const TcgFn *fn;
    const TcgLayout *layout;
    TcgCodeBuf *buf;
    TcgCode *code;
    uint8_t *start, *limit;                     /* emission of a node may begin only below limit */
    uint8_t *entry;                             /* of the code */
    uint64_t features;
    bool avx;
    bool wide;                                  /* there have been wide vectors or predicates */
    bool bare;                                  /* code at once: there have not */
    uint8_t **block_at;                         /* start of each emitted block, or NULL */
    struct { uint8_t *at; uint32_t block; } *jumps;     /* forward jumps to blocks */
    unsigned num_jumps;
    Stub *stubs;
    unsigned num_stubs, num_sites;              /* sites: stubs with `at` */
    struct { uint8_t *at; TcgId node; } *consts;        /* rip displacements that want a V128 constant */
    unsigned num_consts;
    TcgChain *chain;                            /* code->num_chains of them */
    const TcgNode *raises;                      /* emit_fp.c: the comparison that raises an earlier one's exceptions */
    bool raises_signal;
    uint8_t *polls[2];                          /* code at once: displacements of jumps that leave with what it began with */
    uint8_t *heat_at;                           /* how much an entry counts heat down */
    uint32_t *placed;                           /* blocks in the order of their code */
    bool *due_at;                               /* by block: a fence may be due where it begins */
    bool fence_due;                             /* ... and here */
    struct {                                    /* what the host's flags say of code that has just been emitted */
        uint8_t *end;                           /* up to where: elsewhere they say nothing */
        TcgLoc a, b;                            /* of comparing these; b is LOC_NONE: 0, with a register */
        uint8_t w;                              /* X_W or 0 */
        bool zero_alone;                        /* a sum's: ZF alone is that */
    } flags;
    BareSite *bares;                            /* code at once: those so far, */
    uint8_t **misses;                           /* and the 32-bit displacements that jump there, or NULL */
    unsigned num_bares;
    bool no_rec;                                /* the node needs no record */
    uint8_t *recs;                              /* code at once: a SlowHead and records; else NULL */
    uint32_t recs_size;
    const uint8_t *recs_at;                     /* where they have been put */
} Emit;

static inline bool have(const Emit *e, unsigned feature) { return e->features & feature; }
static inline unsigned width_w(unsigned type) { return type == TCG_I64 ? X_W : 0; }
static inline int32_t slot_disp(TcgLoc l) { return FRAME_SLOTS + 8 * (int32_t)loc_num(l); }
static inline Mem slot_mem(TcgLoc l) { return mem(RSP, slot_disp(l)); }
static inline bool in_reg(const TcgNode *n, unsigned i) { return loc_kind(n->in[i]) == LOC_REG; }
static inline const uint8_t *thunk_rw(const Emit *e, unsigned n)
{
    return e->buf->rw + ((const uint8_t *)e->buf->thunk[n] - e->buf->rx);
}
static inline Mem vconst(const Emit *e, unsigned c) { return mem_rip(thunk_rw(e, THUNK_CONSTS) + 16 * c); }
/* A constant at a location, sign-extended from the type it is used as. */
static inline int64_t loc_const(const Emit *e, TcgLoc l, unsigned type)
{
    uint64_t v = fn_node(e->fn, loc_num(l))->imm;

    return type == TCG_I64 ? (int64_t)v : (int32_t)v;
}

static inline bool is_const(const TcgNode *n, unsigned i)
{
    return loc_kind(n->in[i]) == LOC_CONST;
}

static inline int64_t arg_const(const Emit *e, const TcgNode *n, unsigned i, unsigned type)
{
    return loc_const(e, n->in[i], type);
}

static inline bool reg_is(const TcgNode *n, unsigned i, unsigned r)
{
    return in_reg(n, i) && loc_num(n->in[i]) == r;
}

/* Earlier stores before later loads. A word at RSP + at is there to be written. */
static inline void tcg_x86_full_fence(Emit *e, int32_t at)
{
    put8(&e->a, 0xf0);
    alu_mi(&e->a, ALU_OR, 0, mem(RSP, at), 0);
}

static inline Stub *tcg_x86_stub(Emit *e, unsigned kind, TcgId node)
{
    Stub *s = &e->stubs[e->num_stubs++];

    *s = (Stub){ .kind = kind, .node = node };
    return s;
}

/* Before a jump of some bytes, for hosts that want it. */
void tcg_x86_pad_jump(Emit *e, unsigned size);
static inline void pad_jump(Emit *e, unsigned size)
{
    if (G_UNLIKELY(have(e, HOST_PAD_JUMPS))) {
        tcg_x86_pad_jump(e, size);
    }
}

/* To the stub: if cc; always where it is negative. */
static inline void tcg_x86_stub_jump(Emit *e, Stub *s, int cc)
{
    unsigned i = 0;

    while (s->from[i]) {
        i++;
    }
    pad_jump(e, cc < 0 ? 5 : 6);
    s->from[i] = cc < 0 ? jmp_fwd32(&e->a) : jcc_fwd32(&e->a, (unsigned)cc);
}

/* The flags are those of comparing register r with 0. */
static inline void flags_are(Emit *e, unsigned r, unsigned w, bool zero_alone)
{
    e->flags.end = e->a.p;
    e->flags.a = TCG_LOC(LOC_REG, r);
    e->flags.b = LOC_NONE;
    e->flags.w = w != 0;
    e->flags.zero_alone = zero_alone;
}

/* What was emitted since `from` left the flags alone, and wrote location d or none. */
static inline void flags_kept(Emit *e, const uint8_t *from, TcgLoc d)
{
    if (e->flags.end == from && (d == LOC_NONE || (e->flags.a != d && e->flags.b != d))) {
        e->flags.end = e->a.p;
    }
}

/* The value of argument i in a register: its own, or scratch after loading it there. */
unsigned tcg_x86_use(Emit *e, const TcgNode *n, unsigned i, unsigned scratch);
/* Argument i to register dst, for a value of the given type; leaves the flags alone. */
void tcg_x86_load(Emit *e, const TcgNode *n, unsigned i, unsigned type, unsigned dst);
unsigned tcg_x86_vuse(Emit *e, const TcgNode *n, unsigned i, unsigned scratch);
void tcg_x86_vload(Emit *e, const TcgNode *n, unsigned i, unsigned dst);
void tcg_x86_vmov(Emit *e, unsigned dst, unsigned src);
/* An OP_mov; leaves the host's flags alone but for an integer 0. */
void tcg_x86_emit_mov(Emit *e, const TcgNode *n);
void tcg_x86_vmov_rm(Emit *e, unsigned dst, Mem m);
void tcg_x86_vmov_mr(Emit *e, Mem m, unsigned src);

/* emit_alu.c: pure integer operations, selects and flags */
void tcg_x86_emit_alu(Emit *e, const TcgNode *n);
/* Compares arguments 0 and 1 (tests a flag condition on argument 0); returns the condition code. Uses RAX, RDX. */
unsigned tcg_x86_emit_cmp(Emit *e, const TcgNode *n, unsigned type, unsigned cond);
unsigned tcg_x86_emit_fc(Emit *e, const TcgNode *n, unsigned fc);
/* Whether the i32 operation of a node clears the upper half of its result's register. */
bool tcg_x86_upper_is_zero(const TcgFn *fn, TcgId id);
/* emit_mem.c */
void tcg_x86_emit_mem(Emit *e, TcgId id, const TcgNode *n);
void tcg_x86_emit_mem_stub(Emit *e, Stub *s);
void tcg_x86_put_bares(Emit *e);             /* at the end of code at once, whose records have been put */
void tcg_x86_emit_page(Emit *e, TcgId id, const TcgNode *n);
void tcg_x86_emit_page_stub(Emit *e, Stub *s);
/* Whether it is a locked instruction. */
bool tcg_x86_is_locked(const Emit *e, const TcgNode *n);
void tcg_x86_constraints_mem(const TcgFn *fn, const TcgNode *n, TcgConstraint *ret);
/* emit_vec.c */
void tcg_x86_emit_vec(Emit *e, const TcgNode *n);
/* d = lane 0 of a, of 1 << es bytes, zero above; es: 1 to 3. */
void tcg_x86_emit_lane0(Emit *e, unsigned es, unsigned d, unsigned a);
unsigned tcg_x86_emit_vec_zero(Emit *e, const TcgNode *n);       /* OP_br_vec; returns the condition code */
/* Whether n is an operation of emit_vec's or emit_wide's; of the latter's; whether emit_vec has its form. */
static inline bool is_vec(const TcgNode *n) { return n->op >= OP_vadd && n->op <= OP_ptest; }
static inline bool is_wide(const TcgNode *n) { return n->op >= OP_vlow || n->type > TCG_V128; }
/* The opcode of an operation lane by lane that is one of EVEX, of one or two vectors, digit: of a shift; else 0. */
unsigned tcg_x86_lane_opcode(unsigned op, unsigned es, unsigned *ret_digit);
bool tcg_x86_has_vec(const TcgBackend *be, const TcgNode *n);
void tcg_x86_constraints_vec(const TcgFn *fn, const TcgNode *n, TcgConstraint *ret);
/* emit_wide.c: wide vectors, predicates, and vectors under predicates */
void tcg_x86_emit_wide(Emit *e, const TcgNode *n);
bool tcg_x86_has_wide(const TcgBackend *be, const TcgNode *n);
void tcg_x86_constraints_wide(const TcgFn *fn, const TcgNode *n, TcgConstraint *ret);
/* OP_mov, OP_ld_env and OP_st_env of their types; a register and a field. */
void tcg_x86_emit_wide_mov(Emit *e, const TcgNode *n);
void tcg_x86_emit_wide_env(Emit *e, const TcgNode *n);
void tcg_x86_wide_field(Emit *e, bool store, TcgType type, Mem m, unsigned reg);
/* Between a vector of any type, in register v (0-31), and memory. */
void tcg_x86_wide_rm(Emit *e, TcgType type, unsigned v, Mem m);
void tcg_x86_wide_mr(Emit *e, TcgType type, Mem m, unsigned v);
/* The vector at a location, for a call, to memory. */
void tcg_x86_wide_arg(Emit *e, TcgType type, TcgLoc l, Mem m);
/* An access, wide or masked, once its address is known; its operands and its result on the slow path. */
void tcg_x86_wide_access(Emit *e, const TcgNode *n, Mem m);
void tcg_x86_wide_slow(Emit *e, const TcgNode *n, bool after);
static inline bool is_wide_access(const TcgNode *n)
{
    return n->type > TCG_V128 || n->op == OP_guest_ldm || n->op == OP_guest_stm;
}
/* emit_fp.c */
bool tcg_x86_has_fp(const TcgBackend *be, const TcgNode *n);
void tcg_x86_emit_fp(Emit *e, TcgId id, const TcgNode *n);
void tcg_x86_emit_fp_stub(Emit *e, Stub *s);
void tcg_x86_constraints_fp(const TcgNode *n, TcgConstraint *ret);
/* Compares lanes 0; returns the condition code for `cond` on the flags, which for EQ and NE holds if CC_P does not. */
unsigned tcg_x86_emit_fp_cond(Emit *e, const TcgNode *n, TcgFlagCond cond);
/* emit.c */
/* Where the cost of a helper is among all, if calls are counted. */
unsigned tcg_x86_cost_place(const Emit *e, const TcgHelper *h);
bool tcg_x86_emit(const TcgBackend *be, const TcgFn *fn, TcgCodeBuf *buf, TcgCode *ret);
void *tcg_x86_once_new(const TcgBackend *be, const TcgFn *fn);
bool tcg_x86_once_begin(void *once, TcgCodeBuf *buf);
void tcg_x86_once_block(void *once, uint32_t block);
bool tcg_x86_once_node(void *once, TcgId id, const TcgNode *n, uint32_t next);
bool tcg_x86_once_raise(void *once, TcgId id, const TcgNode *n);
bool tcg_x86_once_end(void *once, TcgCode *ret);
bool tcg_x86_once_poll(void *once, int heat);
bool tcg_x86_once_field(void *once, bool store, unsigned type, MemOp mo, uint32_t offset, unsigned reg);
bool tcg_x86_once_goto(void *once, const TcgReg *pc, int64_t step, unsigned slot, int64_t delta, int64_t back);
void tcg_x86_constraints(const TcgBackend *be, const TcgFn *fn, const TcgNode *n, TcgConstraint *ret);
bool tcg_x86_has_op(const TcgBackend *be, const TcgNode *n);
/* Whether the backend may use an extension, HOST_..., and the host has it. */
bool tcg_x86_host_has(const TcgBackend *be, unsigned feature);
/* Sets of registers that constraints name. */
#define REG_BIT(r) ((TcgRegSet)1 << (r))
#define VREG_BIT(r) ((TcgRegSet)1 << (32 + (r)))
enum { FIRST_VREG = 32 };
#define X86_INT_REGS ((TcgRegSet)(0xffff & ~(1 << RAX | 1 << RDX | 1 << RSP | 1 << RBP)))
#define X86_VEC_REGS ((TcgRegSet)0x7fff << FIRST_VREG)
#define X86_WIDE_REGS ((TcgRegSet)0x7fff << TCG_FIRST_WIDE)
#define X86_PRED_REGS ((TcgRegSet)0xf6 << TCG_FIRST_PRED)
#define X86_CALLEE_SAVED ((TcgRegSet)(1 << RBX | 1 << R12 | 1 << R13 | 1 << R14 | 1 << R15))

#endif
