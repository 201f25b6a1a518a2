/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interpreter's bytecode. A piece of code is a TciCode, then instructions; after them state maps and descriptions
 * of calls. An instruction is one 8-byte word, then words of its own: the list below says which. Registers are the
 * allocator's: d, a, b, c index the integer or the vector file. An integer register holds an i32 zero-extended.
 *
 * The instruction's name ends in 32 or 64, the width; then r or i: the last operand is register b or a word.
 */
#ifndef CORE_TCG_BACKEND_TCI_ASM_H
#define CORE_TCG_BACKEND_TCI_ASM_H

#include "core/tcg/backend.h"

enum { TCI_SLOTS = 512 };                       /* of the frame: 8 bytes each */

/* name, expression of a and b; T is the unsigned type, S the signed one, BITS its width */
#define TCI_BINARY(X) \
    X(add, a + b) X(sub, a - b) X(mul, a * b) X(and, a & b) X(or, a | b) X(xor, a ^ b) \
    X(andn, a & ~b) X(orn, a | ~b) \
    X(shl, a << (b & (BITS - 1))) X(shr, a >> (b & (BITS - 1))) X(sar, (T)((S)a >> (b & (BITS - 1)))) \
    X(ror, (a >> (b & (BITS - 1))) | (a << (-b & (BITS - 1)))) \
    X(divu, b ? a / b : 0) X(divs, b == 0 ? 0 : b == (T)-1 ? -a : (T)((S)a / (S)b)) \
    X(flags_add, flags_add(a, b, BITS)) X(flags_sub, flags_sub(a, b, BITS))
#define TCI_UNARY(X) \
    X(not, ~a) X(neg, -a) X(bswap, BITS == 32 ? __builtin_bswap32((uint32_t)a) : (T)__builtin_bswap64(a)) \
    X(clz, a ? (T)__builtin_clzll(a) - (64 - BITS) : BITS) X(ctz, a ? (T)__builtin_ctzll(a) : BITS) \
    X(flags_logic, flags_logic(a, BITS))
#define TCI_CONDS(X) \
    X(EQ, a == b) X(NE, a != b) X(LT, (S)a < (S)b) X(GE, (S)a >= (S)b) X(LE, (S)a <= (S)b) X(GT, (S)a > (S)b) \
    X(LTU, a < b) X(GEU, a >= b) X(LEU, a <= b) X(GTU, a > b) X(TSTEQ, (a & b) == 0) X(TSTNE, (a & b) != 0)

/* All instructions; X(name). */
#define TCI_B4_(name, expr) TCI_X(name##_32r) TCI_X(name##_32i) TCI_X(name##_64r) TCI_X(name##_64i)
#define TCI_U2_(name, expr) TCI_X(name##_32) TCI_X(name##_64)
#define TCI_C_(name, expr) \
    TCI_X(setcond_##name##_32r) TCI_X(setcond_##name##_32i) TCI_X(setcond_##name##_64r) TCI_X(setcond_##name##_64i) \
    TCI_X(brcond_##name##_32r) TCI_X(brcond_##name##_32i) TCI_X(brcond_##name##_64r) TCI_X(brcond_##name##_64i) \
    TCI_X(select_##name##_32) TCI_X(select_##name##_64)
#define TCI_INSNS \
    TCI_BINARY(TCI_B4_) TCI_UNARY(TCI_U2_) TCI_CONDS(TCI_C_) \
    /* copies. x: slot */ \
    TCI_X(mov) TCI_X(mov32) TCI_X(movi)                     /* d = a; its low half; word 1 */ \
    TCI_X(movv) TCI_X(moviv)                                /* words 1, 2 */ \
    TCI_X(spill) TCI_X(reload) TCI_X(spillv) TCI_X(reloadv) /* slot x = a; d = slot x */ \
    TCI_X(slot_slot) TCI_X(slot_slotv)                      /* slot x = slot in word 1 */ \
    TCI_X(slot_const) TCI_X(slot_constv)                    /* slot x = words */ \
    TCI_X(movw) TCI_X(moviw)                                /* wide vectors; words 1, 2 over and over */ \
    TCI_X(spillw) TCI_X(reloadw) TCI_X(slot_slotw) TCI_X(slot_constw)       /* c: bytes */ \
    /* fields: x is aux */ \
    TCI_X(extract) TCI_X(sextract_32) TCI_X(sextract_64) TCI_X(deposit) TCI_X(extract2_32) TCI_X(extract2_64) \
    TCI_X(sext) \
    TCI_X(select) TCI_X(select_fc) TCI_X(flags_cond)        /* d = a ? b : c; x: the condition's truth table */ \
    TCI_X(eval) TCI_X(evalw)                                /* any pure op: words as TciEval; evalw: with wide vectors */ \
    /* the CPU object: word 1 is the offset */ \
    TCI_X(ld_env8) TCI_X(ld_env16) TCI_X(ld_env32) TCI_X(ld_env64) TCI_X(ld_env128) \
    TCI_X(ld_env8s) TCI_X(ld_env16s) TCI_X(ld_env32s)       /* sign-extended to 64 bits */ \
    TCI_X(st_env8) TCI_X(st_env16) TCI_X(st_env32) TCI_X(st_env64) TCI_X(st_env128) \
    TCI_X(ld_envw) TCI_X(st_envw)                           /* c: bytes */ \
    TCI_X(st_env8i) TCI_X(st_env16i) TCI_X(st_env32i) TCI_X(st_env64i)      /* word 2 is the value */ \
    /* guest memory: x is the type; word 1: MemOp, then the map's offset from the code's start */ \
    TCI_X(ld8) TCI_X(ld16) TCI_X(ld32) TCI_X(ld64)          /* plain, little-endian, zero-extended, by the TLB */ \
    TCI_X(st8) TCI_X(st16) TCI_X(st32) TCI_X(st64) \
    TCI_X(ld) TCI_X(ldv) TCI_X(st) TCI_X(stv) \
    TCI_X(ldw) TCI_X(stw)                                   /* wide, masked: c: predicate + 1, x: lane's log2, + 16: V128 */ \
    TCI_X(rmw) TCI_X(cas) TCI_X(casv)                       /* rmw: c is the operation; cas: b expected, c new */ \
    TCI_X(fence)                                            /* x: pairs */ \
    TCI_X(call)                                             /* x: type; words as TciCall */ \
    TCI_X(vand) TCI_X(vor) TCI_X(vxor) \
    /* control: word 1 (2 after a word) is the distance from here in words */ \
    TCI_X(br) TCI_X(brflag)                                 /* x: truth table */ \
    TCI_X(poll)                                             /* x: has a map; word 1: instructions, map; 2: heat */ \
    TCI_X(goto_tb) TCI_X(goto_ptr) TCI_X(exit) TCI_X(raise_exit)

typedef enum TciOp {
#define TCI_X(name) TCI_##name,
    TCI_INSNS
#undef TCI_X
    TCI_NUM_OPS
} TciOp;

typedef struct TciInsn {
    uint16_t op;
    uint8_t d, a, b, c;
    uint16_t x;
} TciInsn;
G_STATIC_ASSERT(sizeof(TciInsn) == 8);

typedef struct TciEval {
    uint8_t op, type, fourth;                   /* register of the fourth argument */
    uint8_t vectors;                            /* bit i: argument i is a vector, bit 4: the result is */
    uint16_t aux;
    uint16_t wide;                              /* the same of wide vectors */
    uint64_t imm;
} TciEval;

/* An argument of a call. */
typedef struct TciArg {
    uint32_t loc;                               /* TcgLoc; of a constant the value follows */
    uint32_t type;
    uint64_t value;
} TciArg;

typedef struct TciCall {
    const TcgHelper *helper;
    uint32_t cif, map;                          /* offsets from the code's start; map 0: none */
    uint32_t costs_offset, cost;                /* where calls are counted (costs.h): else costs_offset is 0 */
    TciArg arg[];                               /* insn->b of them */
} TciCall;

/* What a piece of code starts with. entry points here. */
typedef struct TciCode {
    uintptr_t owner;
    const void *chain[TCG_MAX_CHAINS];          /* TciCode to go on at, atomic; NULL: not linked */
    TcgLayout layout;
    uint32_t pc_offset;
    uint32_t num_words;                         /* of insns */
    uint8_t pc_type, page_bits;
    TciInsn insns[] __attribute__((aligned(8)));
} TciCode;

bool tcg_tci_emit(const TcgBackend *be, const TcgFn *fn, TcgCodeBuf *buf, TcgCode *ret);
/* The instruction's length in words. */
unsigned tcg_tci_length(const TciInsn *insn);
extern const char *const tcg_tci_name[TCI_NUM_OPS];



#endif
