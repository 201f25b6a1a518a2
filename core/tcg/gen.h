/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What translators call. Each call emits one operation into the current block and returns its value.
 *
 * The translator's contract:
 * - tcg_insn_start() at each guest instruction. What a fault undoes is everything set since then, except rows that a
 *   helper may have written through the CPU object in between: what it left there stays.
 * - Registers are read and written by row; narrower views are extract and insert (a translator's own helpers).
 *   Writes are visible to later reads at once. Nothing is stored to the CPU object until an exit, a helper that
 *   reads the register, or a fault needs it.
 * - The PC row is not written per instruction; tcg_pc(g, delta) is the entry PC plus delta, and before an exit other
 *   than tcg_goto the translator sets the PC row (tcg_set_reg) to where execution goes on.
 * - tcg_poll() belongs, after the tcg_insn_start, at each block that a branch back leads to (core/exec sees to it at the
 *   entry and between guest blocks); it leaves with the state at the start of that instruction.
 * - A block that is reached from different guest instructions begins with tcg_insn_start (or only exits).
 * - Values may be used only where their block dominates the use; what must cross a join goes through a register or
 *   a local (tcg_local).
 * - A block ends with br, brcond, brflag, goto, goto_ptr, exit, or a HELPER_NO_RETURN call.
 * - Guest accesses are performed exactly as written, in order.
 *
 * The sink behind g may build a region (tier 2) or emit host code at once (tier 1); translators cannot tell.
 */
#ifndef CORE_TCG_GEN_H
#define CORE_TCG_GEN_H

#include "core/tcg/tcg.h"

typedef struct TcgVal { uint32_t id; } TcgVal;          /* id 0: no value */
typedef struct TcgBlockRef { uint32_t id; } TcgBlockRef;

typedef enum TcgOpcode {
#define OP(name, out, in, flags) OP_##name,
#include "core/tcg/ops.def"
#undef OP
    TCG_NUM_OPS
} TcgOpcode;

/*
 * The one way in; everything below is a spelling of it. What goes into registers is fast: the operation, its type << 8 and
 * aux << 16; the values in pairs, the first in the lower half.
 */
TcgVal tcg_emit_packed(TcgGen *g, uint32_t op_type_aux, uint64_t imm, uint64_t ab, uint64_t cd);
static inline uint32_t tcg_packed(unsigned op, unsigned type, unsigned aux)
{
    return op | type << 8 | aux << 16;
}
static inline uint64_t tcg_pair(uint32_t a, uint32_t b)
{
    return a | (uint64_t)b << 32;
}
static inline TcgVal tcg_emit(TcgGen *g, TcgOpcode op, TcgType type, unsigned aux, uint64_t imm, TcgVal a, TcgVal b, TcgVal c,
                              TcgVal d)
{
    return tcg_emit_packed(g, tcg_packed(op, type, aux), imm, tcg_pair(a.id, b.id), tcg_pair(c.id, d.id));
}

#define TCG_NOVAL ((TcgVal){ 0 })

/* -- constants, registers, CPU object ------------------------------------------------------------------------ */
TcgVal tcg_const(TcgGen *g, TcgType type, uint64_t value);
TcgVal tcg_const_v(TcgGen *g, uint64_t lo, uint64_t hi);
/* A vector of any type whose 16 bytes are these, each time. */
TcgVal tcg_const_wide(TcgGen *g, TcgType type, uint64_t lo, uint64_t hi);
TcgType tcg_val_type(TcgGen *g, TcgVal v);
TcgVal tcg_get_reg(TcgGen *g, unsigned row);
void tcg_set_reg(TcgGen *g, unsigned row, TcgVal v);
/* The lower half of an i64 row; sets one to an i64, or to an i32 with zeros above. */
TcgVal tcg_get_reg_low(TcgGen *g, unsigned row);
void tcg_set_reg_wide(TcgGen *g, unsigned row, TcgVal v);
/* A variable of the region that is no guest register: undefined until set on every path to a get. */
unsigned tcg_local(TcgGen *g, TcgType type);            /* returns a row number for get_reg and set_reg */
/* Fields of the CPU object that are no register row. mo: MO_8..MO_64 with MO_SIGN; the result has `type`. */
TcgVal tcg_ld_env(TcgGen *g, TcgType type, MemOp mo, uint32_t offset);
void tcg_st_env(TcgGen *g, TcgVal v, MemOp mo, uint32_t offset);
void tcg_insn_start(TcgGen *g, uint64_t pc_delta);
/* The region's entry PC + delta. */
TcgVal tcg_pc(TcgGen *g, int64_t delta);

/* -- integers, flags, vectors: tcg_OP(g, type, a, b...) ------------------------------------------------------- */
#define TCG_GEN1(name) static inline TcgVal tcg_##name(TcgGen *g, TcgType t, TcgVal a) \
    { return tcg_emit(g, OP_##name, t, 0, 0, a, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL); }
#define TCG_GEN2(name) static inline TcgVal tcg_##name(TcgGen *g, TcgType t, TcgVal a, TcgVal b) \
    { return tcg_emit(g, OP_##name, t, 0, 0, a, b, TCG_NOVAL, TCG_NOVAL); } \
    static inline TcgVal tcg_##name##i(TcgGen *g, TcgType t, TcgVal a, uint64_t b) \
    { return tcg_emit(g, OP_##name, t, 0, 0, a, tcg_const(g, t, b), TCG_NOVAL, TCG_NOVAL); }
TCG_GEN2(add) TCG_GEN2(sub) TCG_GEN2(mul) TCG_GEN2(mulhu) TCG_GEN2(mulhs) TCG_GEN2(divu) TCG_GEN2(divs)
TCG_GEN2(and) TCG_GEN2(or) TCG_GEN2(xor) TCG_GEN2(andn) TCG_GEN2(orn)
TCG_GEN1(not) TCG_GEN1(neg)
TCG_GEN2(shl) TCG_GEN2(shr) TCG_GEN2(sar) TCG_GEN2(ror)
TCG_GEN1(clz) TCG_GEN1(ctz) TCG_GEN1(popcnt) TCG_GEN1(bswap) TCG_GEN1(rbit)
#undef TCG_GEN1
#undef TCG_GEN2

#define TCG_OP_(g, op, t, aux, imm, a, b, c, d) tcg_emit(g, OP_##op, t, aux, imm, a, b, c, d)
static inline TcgVal tcg_extract(TcgGen *g, TcgType t, TcgVal a, unsigned pos, unsigned len)
{
    return TCG_OP_(g, extract, t, pos | len << 8, 0, a, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_sextract(TcgGen *g, TcgType t, TcgVal a, unsigned pos, unsigned len)
{
    return TCG_OP_(g, sextract, t, pos | len << 8, 0, a, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_deposit(TcgGen *g, TcgType t, TcgVal a, TcgVal b, unsigned pos, unsigned len)
{
    return TCG_OP_(g, deposit, t, pos | len << 8, 0, a, b, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_extract2(TcgGen *g, TcgType t, TcgVal lo, TcgVal hi, unsigned pos)
{
    return TCG_OP_(g, extract2, t, pos, 0, lo, hi, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_trunc(TcgGen *g, TcgVal a)
{
    return TCG_OP_(g, trunc, TCG_I32, 0, 0, a, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_zext(TcgGen *g, TcgVal a)
{
    return TCG_OP_(g, zext, TCG_I64, 0, 0, a, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_sext(TcgGen *g, TcgVal a)
{
    return TCG_OP_(g, sext, TCG_I64, 0, 0, a, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
/* t: type of a and b; the result is i32. */
static inline TcgVal tcg_setcond(TcgGen *g, TcgType t, TcgCond c, TcgVal a, TcgVal b)
{
    return TCG_OP_(g, setcond, t, c, 0, a, b, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_select(TcgGen *g, TcgType t, TcgVal c, TcgVal if_true, TcgVal if_false)
{
    return TCG_OP_(g, select, t, 0, 0, c, if_true, if_false, TCG_NOVAL);
}
static inline TcgVal tcg_select_cmp(TcgGen *g, TcgType t, TcgType tcmp, TcgCond c, TcgVal a, TcgVal b,
                                    TcgVal if_true, TcgVal if_false)
{
    return TCG_OP_(g, select_cmp, t, c, tcmp, a, b, if_true, if_false);
}
static inline TcgVal tcg_select_fc(TcgGen *g, TcgType t, TcgFlagCond c, TcgVal nzcv, TcgVal if_true, TcgVal if_false)
{
    return TCG_OP_(g, select_fc, t, c, 0, nzcv, if_true, if_false, TCG_NOVAL);
}
/* t: type of a and b; the result is an nzcv value (i32). */
static inline TcgVal tcg_flags_add(TcgGen *g, TcgType t, TcgVal a, TcgVal b)
{
    return TCG_OP_(g, flags_add, t, 0, 0, a, b, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_flags_sub(TcgGen *g, TcgType t, TcgVal a, TcgVal b)
{
    return TCG_OP_(g, flags_sub, t, 0, 0, a, b, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_flags_adc(TcgGen *g, TcgType t, TcgVal a, TcgVal b, TcgVal carry)
{
    return TCG_OP_(g, flags_adc, t, 0, 0, a, b, carry, TCG_NOVAL);
}
static inline TcgVal tcg_flags_logic(TcgGen *g, TcgType t, TcgVal a)
{
    return TCG_OP_(g, flags_logic, t, 0, 0, a, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_flags_cond(TcgGen *g, TcgFlagCond c, TcgVal nzcv)
{
    return TCG_OP_(g, flags_cond, TCG_I32, c, 0, nzcv, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
/* Vector ops are few enough to be spelled out by opcode: tcg_vec2(g, OP_vadd, esize_log2, a, b). */
static inline TcgVal tcg_vec1(TcgGen *g, TcgOpcode op, unsigned es, TcgVal a, uint64_t imm)
{
    return tcg_emit(g, op, TCG_V128, es, imm, a, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_vec2(TcgGen *g, TcgOpcode op, unsigned es, TcgVal a, TcgVal b, uint64_t imm)
{
    return tcg_emit(g, op, TCG_V128, es, imm, a, b, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_vec3(TcgGen *g, TcgOpcode op, unsigned es, TcgVal a, TcgVal b, TcgVal c)
{
    return tcg_emit(g, op, TCG_V128, es, 0, a, b, c, TCG_NOVAL);
}
static inline TcgVal tcg_vbitsel(TcgGen *g, TcgVal mask, TcgVal if_one, TcgVal if_zero)
{
    return tcg_emit(g, OP_vbitsel, TCG_V128, 3, 0, mask, if_one, if_zero, TCG_NOVAL);
}
/* The result is i32 for es 0-2, i64 for es 3. */
static inline TcgVal tcg_vget(TcgGen *g, unsigned es, TcgVal v, unsigned lane)
{
    return tcg_emit(g, OP_vget, es == 3 ? TCG_I64 : TCG_I32, es, lane, v, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}

/* Whether the backend has an operation on vectors that not all have (ops.def says which); es: its aux, so a TcgFp of fp's. */
bool tcg_has(const TcgGen *g, TcgOpcode op, unsigned es);

/* -- vectors of any width, predicates ---------------------------------------------------------------------------- */
/* Whether the backend has values of a type: TCG_V256, TCG_V512 and TCG_PRED are not everywhere. */
bool tcg_has_type(const TcgGen *g, TcgType type);
/* ... and tcg_guest_ldm and tcg_guest_stm. */
bool tcg_has_masked(const TcgGen *g);
/* Predicates: lane i from bit i << es of an i64, and back. */
static inline TcgVal tcg_pfrom(TcgGen *g, unsigned es, TcgVal bits)
{
    return TCG_OP_(g, pfrom, TCG_PRED, es, 0, bits, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_pto(TcgGen *g, unsigned es, TcgVal p)
{
    return TCG_OP_(g, pto, TCG_I64, es, 0, p, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
/* OP_pand, OP_por, OP_pxor, OP_pandn */
static inline TcgVal tcg_pred2(TcgGen *g, TcgOpcode op, TcgVal a, TcgVal b)
{
    return tcg_emit(g, op, TCG_PRED, 0, 0, a, b, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_pnot(TcgGen *g, TcgVal p, unsigned lanes)
{
    return TCG_OP_(g, pnot, TCG_PRED, 0, lanes, p, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
/* The first `count` lanes, an i64. */
static inline TcgVal tcg_pwhile(TcgGen *g, TcgVal count, unsigned lanes)
{
    return TCG_OP_(g, pwhile, TCG_PRED, 0, lanes, count, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}
/* nzcv of p among the lanes of `among`: N: the first is set, Z: none is, C: the last is not. */
static inline TcgVal tcg_ptest(TcgGen *g, TcgVal among, TcgVal p)
{
    return TCG_OP_(g, ptest, TCG_PRED, 0, 0, among, p, TCG_NOVAL, TCG_NOVAL);
}
/* t: type of a and b. */
static inline TcgVal tcg_pcmp(TcgGen *g, TcgType t, TcgCond c, unsigned es, TcgVal a, TcgVal b)
{
    return TCG_OP_(g, pcmp, t, es, c, a, b, TCG_NOVAL, TCG_NOVAL);
}
static inline TcgVal tcg_vsel(TcgGen *g, TcgType t, unsigned es, TcgVal p, TcgVal if_set, TcgVal if_clear)
{
    return TCG_OP_(g, vsel, t, es, 0, p, if_set, if_clear, TCG_NOVAL);
}
/* Of lanes (1 << es bytes) in a predicate; the others are 0, or left alone, and no access. mo: of the whole vector. */
TcgVal tcg_guest_ldm(TcgGen *g, TcgType t, unsigned es, TcgVal addr, TcgVal pred, MemOp mo);
void tcg_guest_stm(TcgGen *g, unsigned es, TcgVal addr, TcgVal v, TcgVal pred, MemOp mo);

/*
 * A vector of 16 to 256 bytes, or a predicate for one, in parts of the widest type that the backend has. It is split as it
 * is generated: what emits at once has no later pass that could.
 */
enum { TCG_VEC_PARTS = 16 };
typedef struct TcgVec {
    TcgType type;                               /* of a part */
    unsigned num;
    TcgVal part[TCG_VEC_PARTS];
} TcgVec;
/* Without values. */
TcgVec tcg_vec_shape(const TcgGen *g, unsigned bytes);
/* An operation that is lane by lane, on each part; the last operand given has the vectors' type. Also on predicates. */
TcgVec tcg_vecs(TcgGen *g, TcgOpcode op, unsigned es, uint64_t imm, const TcgVec *a, const TcgVec *b, const TcgVec *c);
TcgVec tcg_vecs_ld_env(TcgGen *g, unsigned bytes, uint32_t offset);
void tcg_vecs_st_env(TcgGen *g, const TcgVec *v, uint32_t offset);
/* A predicate for a vector of so many bytes: a bit a byte in i64s, of which the lowest of each lane counts; and back. */
TcgVec tcg_vecs_pred(TcgGen *g, unsigned bytes, unsigned es, const TcgVal *words);
void tcg_vecs_pred_words(TcgGen *g, unsigned bytes, unsigned es, const TcgVec *p, TcgVal *ret);
/* The first `count` lanes. */
TcgVec tcg_vecs_while(TcgGen *g, unsigned bytes, unsigned es, TcgVal count);

/* -- floating point; the helpers' arguments are given with each ----------------------------------------------- */
/* helper: v128 (i32 TcgFp, v128 a, v128 b, v128 c). What the operation does not have of b and c is TCG_NOVAL. */
TcgVal tcg_fp(TcgGen *g, const TcgHelper *helper, TcgFp f, TcgVal a, TcgVal b, TcgVal c);
/* Lane 0 to an integer; f: TCG_FP_TO or TCG_FP of TCG_FP_TO_I or TCG_FP_TO_U. helper: i64 (i32 TcgFp, v128 a). */
TcgVal tcg_fp_to_int(TcgGen *g, const TcgHelper *helper, TcgFp f, TcgVal a);
/* nzcv of comparing lanes 0; signal: any NaN is invalid. helper: i32 (i32 TcgFp, v128 a, v128 b). */
TcgVal tcg_fp_compare(TcgGen *g, const TcgHelper *helper, unsigned es, bool signal, TcgVal a, TcgVal b);

/* -- guest memory ------------------------------------------------------------------------------------------- */
/* V128 with MO_32 or MO_64: lane 0, with zeros above on a load. */
TcgVal tcg_guest_ld(TcgGen *g, TcgType t, TcgVal addr, MemOp mo);
void tcg_guest_st(TcgGen *g, TcgVal addr, TcgVal v, MemOp mo);
/* base + offset for these two, next: they may add it themselves. */
TcgVal tcg_address_at(TcgGen *g, TcgVal base, int64_t offset);
TcgVal tcg_guest_rmw(TcgGen *g, TcgType t, TcgRmw op, TcgVal addr, TcgVal v, MemOp mo);
TcgVal tcg_guest_cas(TcgGen *g, TcgType t, TcgVal addr, TcgVal expect, TcgVal v, MemOp mo);
void tcg_fence(TcgGen *g, unsigned pairs);

/* -- calls ---------------------------------------------------------------------------------------------------- */
/* args has helper->num_args values. Returns TCG_NOVAL for a helper without result. */
TcgVal tcg_call(TcgGen *g, const TcgHelper *helper, const TcgVal *args);
/* For HREGS_LISTED: rows read and written through the CPU object. */
TcgVal tcg_call_regs(TcgGen *g, const TcgHelper *helper, const TcgVal *args, const uint16_t *reads, unsigned num_reads,
                     const uint16_t *writes, unsigned num_writes);

/* -- control ---------------------------------------------------------------------------------------------------- */
TcgBlockRef tcg_block(TcgGen *g);                       /* a new, empty block, not yet placed */
void tcg_block_start(TcgGen *g, TcgBlockRef b);         /* emission goes on in b; an open block falls through to it */
void tcg_br(TcgGen *g, TcgBlockRef to);
void tcg_brcond(TcgGen *g, TcgType t, TcgCond c, TcgVal a, TcgVal b, TcgBlockRef if_true, TcgBlockRef if_false);
void tcg_brflag(TcgGen *g, TcgFlagCond c, TcgVal nzcv, TcgBlockRef if_true, TcgBlockRef if_false);
/* The same, to where only a tcg_goto follows: true before false. */
void tcg_brcond_goto(TcgGen *g, TcgType t, TcgCond c, TcgVal a, TcgVal b, int64_t if_true, int64_t if_false);
void tcg_brflag_goto(TcgGen *g, TcgFlagCond c, TcgVal nzcv, int64_t if_true, int64_t if_false);
/* Where a c b, a helper without arguments is called that does not come back. Returns a, as it is to be used from here on. */
TcgVal tcg_raise_if(TcgGen *g, TcgType t, TcgCond c, TcgVal a, TcgVal b, const TcgHelper *helper);
void tcg_poll(TcgGen *g);
/*
 * Goes on at the entry PC + delta, under the same key, and sets the PC row to it where that leaves the region: to the
 * region's block there, by a chained jump, or, beyond TCG_MAX_CHAINS of them, as goto_ptr.
 */
void tcg_goto(TcgGen *g, int64_t delta);
/* The same for a call that is expected to come back, by tcg_return, to the entry PC + back. */
void tcg_goto_call(TcgGen *g, int64_t delta, int64_t back);
/* Goes on at a PC that is expected to be behind a call: sets the PC row and is a goto_ptr where it leaves the region. */
void tcg_return(TcgGen *g, TcgVal pc);
/*
 * Goes to the region's block at pc if it has one that is jumped to; what follows is where it has none, with what is returned
 * as the PC. back: it is a call, which is expected to come back, by tcg_return, to the entry PC + back; else 0.
 */
TcgVal tcg_jump_inside(TcgGen *g, TcgVal pc, int64_t back);
/* By chain slot 0..TCG_MAX_CHAINS - 1; the PC row is set. delta and back are noted in the slot's TcgChain. */
void tcg_goto_tb(TcgGen *g, unsigned slot, int64_t delta, int64_t back);
void tcg_goto_ptr(TcgGen *g);
/* The same, and where it goes is noted (tcg_gen_notes), so that a region may do it by tcg_jump_inside; back: as there. */
void tcg_goto_ptr_noted(TcgGen *g, int64_t back);
void tcg_exit(TcgGen *g);

#endif
