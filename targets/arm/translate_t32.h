/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the translators of T16 and T32 share. The instructions' semantics are one for M-profile and (to come) the
 * A-profile's T32; what differs by profile - exceptions, the PC's interworking, system instructions - is behind the
 * functions here, whose M-profile side is translate_m.c.
 *
 * Values of registers are i32. ITSTATE is known when code is translated: the row ARM_M_REG_IT gets constants, and an
 * instruction in an IT block is a block of the region that its condition leads to.
 */
#ifndef TARGETS_ARM_TRANSLATE_T32_H
#define TARGETS_ARM_TRANSLATE_T32_H

#include "core/bits.h"
#include "core/tcg/gen.h"
#include "targets/arm/m_cpu.h"

/* How the current instruction left the block. */
typedef enum DisasEnd {
    DISAS_NEXT,                                 /* go on with the next instruction */
    DISAS_STOP,                                 /* the translator ended the block itself */
    DISAS_EXIT_NEXT,                            /* end here: PC := next, leave to the loop (the key may have changed) */
    DISAS_LOOK_NEXT,                            /* end here: PC := next, after a look at what others want (interrupts) */
} DisasEnd;

struct DisasContext {
    TcgGen *g;
    const uint64_t *features;                   /* ArmFeatures.bits */
    const TranslateInput *in;
    ArmMKey key;
    uint32_t insn;
    unsigned insn_bytes;                        /* 2 or 4 */
    int64_t delta;                              /* the instruction's offset from the block's start */
    uint32_t it;                                /* ITSTATE of this instruction */
    uint32_t next_it;                           /* ... of what follows it */
    DisasEnd end;
    bool key_changed;                           /* what was done on some path changed the key: nothing is chained */
};

static inline const uint64_t *dc_features(const DisasContext *dc)
{
    return dc->features;
}
static inline bool dc_feature(const DisasContext *dc, ArmFeature f)
{
    return dc->features[f / 64] >> (f % 64) & 1;
}
static inline bool t32_in_it(const DisasContext *dc)
{
    return dc->it != 0;
}
/* Whether the instruction may change the PC here: outside an IT block, or last in one. */
static inline bool t32_may_branch(const DisasContext *dc)
{
    return (dc->it & 7) == 0;
}

/* -- registers ------------------------------------------------------------------------------------------------------------ */
static inline TcgVal t32_const(DisasContext *dc, uint32_t v)
{
    return tcg_const(dc->g, TCG_I32, v);
}
/* R0 to R14; the PC reads as this instruction's address + 4. */
TcgVal t32_get(DisasContext *dc, unsigned n);
/* Align(PC, 4), plus offset. */
TcgVal t32_pc_aligned(DisasContext *dc, int32_t offset);
/* R0 to R14. SP is written as by a load: no limit is checked. */
void t32_set(DisasContext *dc, unsigned n, TcgVal v);
/* R0 to R14, where an instruction computes SP or writes a base back: its limit is checked. Before what it guards. */
void t32_set_checked(DisasContext *dc, unsigned n, TcgVal v);
/* The check alone: for stores that come before the write. */
void t32_check_sp(DisasContext *dc, unsigned n, TcgVal v);
static inline TcgVal t32_nzcv(DisasContext *dc)
{
    return tcg_get_reg(dc->g, ARM_M_REG_NZCV);
}
static inline void t32_set_nzcv(DisasContext *dc, TcgVal v)
{
    tcg_set_reg(dc->g, ARM_M_REG_NZCV, v);
}
/* APSR.C as 0 or 1. */
TcgVal t32_carry(DisasContext *dc);
/* APSR.Q |= v (0 or 1). */
void t32_saturated(DisasContext *dc, TcgVal v);

/* -- branches -------------------------------------------------------------------------------------------------------------- */
/* Ends the IR block with a jump to the instruction's address + offset, by chain slot. */
void t32_goto(DisasContext *dc, bool call, int64_t offset);
/* Ends the block: BranchWritePC(), to a value whose bit 0 does not matter. */
void t32_branch(DisasContext *dc, TcgVal target);
/* Ends the block: BXWritePC(), LoadWritePC(); exception and function returns if `returns`. */
void t32_bx(DisasContext *dc, TcgVal target, bool returns);
/* Ends the block after a helper that has set the PC, or will not return: everything is looked at anew. */
void t32_leave(DisasContext *dc);
/* To the PC that a helper has set, under the key that it has left (cpu_update_key). */
void t32_goto_set(DisasContext *dc);
/* PC and IT rows := what follows the instruction. */
void t32_set_next(DisasContext *dc);
/* Ends the block with a fault of this instruction. */
void t32_raise(DisasContext *dc, ArmMFault fault);

/* -- memory ---------------------------------------------------------------------------------------------------------------- */
/* Of a normal access of 1 << size bytes: alignment as configured. */
MemOp t32_memop(DisasContext *dc, unsigned size, bool sign);
/* Of an access that must always be aligned, to 4 bytes or to its own size if that is less. */
MemOp t32_memop_aligned(DisasContext *dc, unsigned size, bool sign);
MemOp t32_memop_unpriv(DisasContext *dc, unsigned size, bool sign);
TcgVal t32_load(DisasContext *dc, TcgVal addr, MemOp mo);
void t32_store(DisasContext *dc, TcgVal addr, TcgVal v, MemOp mo);

/* -- data processing (translate_t32_dp.c) ---------------------------------------------------------------------------------- */
typedef enum T32Op {
    T32_AND, T32_BIC, T32_ORR, T32_ORN, T32_EOR, T32_MOV, T32_MVN, T32_ADD, T32_ADC, T32_SUB, T32_SBC, T32_RSB
} T32Op;
/* A second operand; carry is the shifter's, no value if it is APSR.C. */
typedef struct T32Operand { TcgVal v, carry; } T32Operand;
static inline T32Operand t32_plain(TcgVal v)
{
    return (T32Operand){ v, TCG_NOVAL };
}
/* The result; with s the flags are set. */
TcgVal t32_alu(DisasContext *dc, T32Op op, TcgVal n, T32Operand m, bool s);
/* DecodeImmShift() and Shift_C(): shift 0-3, imm 0-31. */
T32Operand t32_shift_imm(DisasContext *dc, TcgVal m, unsigned shift, unsigned imm);
/* By the low byte of `count`. */
T32Operand t32_shift_reg(DisasContext *dc, TcgVal m, unsigned shift, TcgVal count);
TcgVal t32_rev16(DisasContext *dc, TcgVal v);
TcgVal t32_revsh(DisasContext *dc, TcgVal v);
TcgVal t32_extend(DisasContext *dc, TcgVal v, unsigned size, bool sign);

/* -- loads and stores (translate_t32_ldst.c) ------------------------------------------------------------------------------ */
/* Registers of the list, ascending from base or (down) ending before it. rn is written back if wb. Always true. */
bool t32_ldm(DisasContext *dc, unsigned rn, uint32_t list, bool wb, bool down);
bool t32_stm(DisasContext *dc, unsigned rn, uint32_t list, bool wb, bool down);
bool t32_ldr(DisasContext *dc, unsigned rt, TcgVal addr, MemOp mo);
bool t32_str(DisasContext *dc, unsigned rt, TcgVal addr, MemOp mo);

/* -- branches and system (translate_t32_branch_system.c) ------------------------------------------------------------------- */
bool t32_b_cond(DisasContext *dc, unsigned cond, int32_t offset);
bool t32_wait(DisasContext *dc, bool for_event);
bool t32_cps(DisasContext *dc, bool disable, unsigned mask);

bool decode_thumb(DisasContext *dc, uint32_t insn);
bool decode_thumb16(DisasContext *dc, uint32_t insn);

/* -- helpers: a TcgHelper row each, arm_helper_NAME -------------------------------------------------------------------------- */
#include "core/tcg/helper_def.h"
#define HELPER(name, ret, flags, reads, writes, ...) extern const TcgHelper arm_helper_##name;
#include "targets/arm/m_helper.def"
#include "targets/arm/m_helper_insn.def"
#undef HELPER
#define t32_call(dc, name, ...) tcg_call((dc)->g, &arm_helper_##name, (const TcgVal[]){ TCG_NOVAL, ##__VA_ARGS__ } + 1)

#endif
