/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the A64 translators share: the context of the block being translated, register views, addresses, exceptions.
 * Values of W registers are i32; X are i64. A write of a W register zero-extends.
 */
#ifndef TARGETS_ARM_TRANSLATE_H
#define TARGETS_ARM_TRANSLATE_H

#include "core/bits.h"
#include "core/tcg/gen.h"
#include "targets/arm/cpu.h"

/* How the current instruction left the block. */
typedef enum DisasEnd {
    DISAS_NEXT,                                 /* go on with the next instruction */
    DISAS_STOP,                                 /* the translator ended the block itself */
    DISAS_EXIT_NEXT,                            /* end here: PC := next, leave to the loop (key or interrupts may have changed) */
} DisasEnd;

struct DisasContext {
    TcgGen *g;
    const uint64_t *features;                   /* ArmFeatures.bits */
    ARMCPU *cpu;                                /* constant facts only (model, sysreg rows); never its state */
    const TranslateInput *in;
    ArmKey key;
    uint32_t insn;
    int64_t delta;                              /* the instruction's offset from the block's start */
    MemOp memop;                                /* what all of the block's accesses have */
    DisasEnd end;
    bool fp_checked;                            /* this instruction has checked that FP is enabled */
    bool sp_checked;                            /* SP is a multiple of 16: an instruction before checked it */
};

static inline const uint64_t *dc_features(const DisasContext *dc)
{
    return dc->features;
}
static inline bool dc_feature(const DisasContext *dc, ArmFeature f)
{
    return dc->features[f / 64] >> (f % 64) & 1;
}

/* -- general registers ------------------------------------------------------------------------------------------------ */
static inline TcgType sf_type(unsigned sf)
{
    return sf ? TCG_I64 : TCG_I32;
}
/* Reads register n as W (i32) or X (i64); 31 is zero, respectively SP. */
TcgVal a64_get(DisasContext *dc, unsigned sf, unsigned n);
TcgVal a64_get_sp(DisasContext *dc, unsigned sf, unsigned n);
static inline TcgVal a64_get_x(DisasContext *dc, unsigned n)
{
    return a64_get(dc, 1, n);
}
/* Writes by the value's own type: i32 zero-extends. 31 is discarded, respectively SP. */
void a64_set(DisasContext *dc, unsigned n, TcgVal v);
void a64_set_sp(DisasContext *dc, unsigned n, TcgVal v);
/* The same where v is what register m was, plus or minus offset. */
void a64_set_sp_moved(DisasContext *dc, unsigned n, unsigned m, uint64_t offset, TcgVal v);

/* ExtendReg(): option 0-3 unsigned, 4-7 signed bytes, halfwords, words, doublewords; then shifted left. */
TcgVal a64_extend(DisasContext *dc, unsigned sf, unsigned rm, unsigned option, unsigned shift);

/* -- PC, branches --------------------------------------------------------------------------------------------------- */
/* The instruction's own address plus offset. */
static inline TcgVal a64_pc(DisasContext *dc, int64_t offset)
{
    return tcg_pc(dc->g, dc->delta + offset);
}
/* Whether a jump to the instruction's address + offset is always to the same block. */
bool a64_is_edge(const DisasContext *dc, int64_t offset);
/* Ends the current IR block with a jump to the instruction's address + offset, by chain slot. */
void a64_goto(DisasContext *dc, bool call, int64_t offset);
/* PSTATE.BTYPE := btype, at run time and for the block that comes next (before OP_goto_ptr) or for the rest of this. */
void a64_switch_btype(DisasContext *dc, unsigned btype);
/* Ends with a jump to what ARM_REG_PC was set to. */
void a64_goto_pc(DisasContext *dc);
/* Ends with a jump to a value. */
void a64_goto_reg(DisasContext *dc, TcgVal target);

/* -- exceptions ---------------------------------------------------------------------------------------------------------- */
/* Ends the block with the exception; the preferred return address is this instruction. target_el 0: the default. */
void a64_raise(DisasContext *dc, unsigned target_el, uint32_t syndrome);
/* FP and SIMD: false when access is trapped, and then the exception has been generated: return true at once. */
bool a64_fp_access(DisasContext *dc);

/* -- pointer authentication (translate_a64_pac.c) -------------------------------------------------------------------- */
/*
 * AuthIA() to AuthDB() where the key (pac.h) is enabled, else the pointer. combined: the instruction does more than that.
 * It may begin a block of its own: no value made before is to be used after it.
 */
TcgVal a64_authenticate(DisasContext *dc, TcgVal ptr, TcgVal modifier, unsigned key, bool combined);

/* -- memory ---------------------------------------------------------------------------------------------------------------- */
/* MemOp of a normal access of 1 << size bytes at the current privilege: byte order, SCTLR.A alignment. */
MemOp a64_memop(DisasContext *dc, unsigned size, bool sign);
/* Load-acquire, store-release: aligned, or with FEAT_LSE2 within 16 bytes, unless SCTLR_ELx.nAA allows more. */
MemOp a64_memop_ordered(DisasContext *dc, unsigned size, bool sign, MemOp order);
MemOp a64_memop_mmu(DisasContext *dc, unsigned size, bool sign, unsigned mmu);
/* Base register Xn|SP, with the SP alignment check where enabled. Before any branch of the instruction's own. */
TcgVal a64_base(DisasContext *dc, unsigned n);

/* -- vector registers -------------------------------------------------------------------------------------------------- */
static inline TcgVal a64_get_v(DisasContext *dc, unsigned n)            /* all 128 bits */
{
    return tcg_get_reg(dc->g, ARM_REG_V0 + n);
}
/* Writes 128 bits (a Q result; bits above 127 of Z become zero). */
void a64_set_v(DisasContext *dc, unsigned n, TcgVal v);
/* Writes the low 64 bits; the rest becomes zero. */
void a64_set_v_low(DisasContext *dc, unsigned n, TcgVal v);
/* Scalars: es 0-3 (B H S D): i32 (zero-extended) or i64. A write zeroes the rest of the register. */
TcgVal a64_get_fp(DisasContext *dc, unsigned es, unsigned n);
void a64_set_fp(DisasContext *dc, unsigned es, unsigned n, TcgVal v);

bool decode_a64(DisasContext *dc, uint32_t insn);

/* -- helpers (helper.def): a TcgHelper row each, arm_helper_NAME; the functions are in helper_*.c -------------- */
#include "core/tcg/helper_def.h"
#define HELPER(name, ret, flags, reads, writes, ...) extern const TcgHelper arm_helper_##name;
#include "targets/arm/helper.def"
#undef HELPER
#define a64_call(dc, name, ...) tcg_call((dc)->g, &arm_helper_##name, (const TcgVal[]){ TCG_NOVAL, ##__VA_ARGS__ } + 1)

#endif
