/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * T32: loads and stores (Armv8-M ARM, DDI 0553, C2.4, B7; Armv7-M ARM, DDI 0403, A3.2, A3.4, A7.7). What an instruction
 * of several accesses has loaded is forgotten when one of them faults, and so is the written base.
 */
#include "targets/arm/arm_t32_ldst.trans.h"
#include "targets/arm/translate_t32.h"

/* -- one register ------------------------------------------------------------------------------------------------------------ */

bool t32_ldr(DisasContext *dc, unsigned rt, TcgVal addr, MemOp mo)
{
    TcgVal v;

    if (rt == 15) {
        if (!t32_may_branch(dc)) {
            return false;
        }
        t32_bx(dc, t32_load(dc, addr, (mo & ~(MemOp)MO_ALIGN) | MO_ALIGN_4), true);
        return true;
    }
    v = t32_load(dc, addr, mo);
    t32_set(dc, rt, v);
    return true;
}

bool t32_str(DisasContext *dc, unsigned rt, TcgVal addr, MemOp mo)
{
    t32_store(dc, addr, t32_get(dc, rt), mo);
    return true;
}

static TcgVal offset_imm(DisasContext *dc, unsigned rn, int imm)
{
    return tcg_addi(dc->g, TCG_I32, t32_get(dc, rn), (uint32_t)imm);
}

static TcgVal offset_reg(DisasContext *dc, unsigned rn, unsigned rm, unsigned shift)
{
    TcgVal m = t32_get(dc, rm);

    return tcg_add(dc->g, TCG_I32, t32_get(dc, rn), shift ? tcg_shli(dc->g, TCG_I32, m, shift) : m);
}

bool trans_T32_STR_reg(DisasContext *dc, const arg_T32_STR_reg *a)
{
    return t32_str(dc, a->rt, offset_reg(dc, a->rn, a->rm, a->shift), t32_memop(dc, a->size, false));
}

bool trans_T32_STR_imm(DisasContext *dc, const arg_T32_STR_imm *a)
{
    return t32_str(dc, a->rt, offset_imm(dc, a->rn, a->imm), t32_memop(dc, a->size, false));
}

bool trans_T32_STRT(DisasContext *dc, const arg_T32_STRT *a)
{
    return t32_str(dc, a->rt, offset_imm(dc, a->rn, a->imm), t32_memop_unpriv(dc, a->size, false));
}

/* p: the offset comes before the access; w: the base is written back, which is checked before the access is made. */
bool trans_T32_STR_idx(DisasContext *dc, const arg_T32_STR_idx *a)
{
    TcgVal moved = offset_imm(dc, a->rn, a->u ? a->imm : -a->imm);

    if (a->w) {
        t32_check_sp(dc, a->rn, moved);
    }
    t32_str(dc, a->rt, a->p ? moved : t32_get(dc, a->rn), t32_memop(dc, a->size, false));
    if (a->w) {
        t32_set(dc, a->rn, moved);
    }
    return true;
}

bool trans_T32_LDR_reg(DisasContext *dc, const arg_T32_LDR_reg *a)
{
    return t32_ldr(dc, a->rt, offset_reg(dc, a->rn, a->rm, a->shift), t32_memop(dc, a->size, a->sign));
}

bool trans_T32_LDR_imm(DisasContext *dc, const arg_T32_LDR_imm *a)
{
    return t32_ldr(dc, a->rt, offset_imm(dc, a->rn, a->imm), t32_memop(dc, a->size, a->sign));
}

bool trans_T32_LDRT(DisasContext *dc, const arg_T32_LDRT *a)
{
    return t32_ldr(dc, a->rt, offset_imm(dc, a->rn, a->imm), t32_memop_unpriv(dc, a->size, a->sign));
}

bool trans_T32_LDR_idx(DisasContext *dc, const arg_T32_LDR_idx *a)
{
    TcgVal moved = offset_imm(dc, a->rn, a->u ? a->imm : -a->imm), addr = a->p ? moved : t32_get(dc, a->rn), v;
    MemOp mo = t32_memop(dc, a->size, a->sign);

    if (a->rt == 15 && !t32_may_branch(dc)) {
        return false;
    }
    if (a->w) {
        t32_check_sp(dc, a->rn, moved);
    }
    v = t32_load(dc, addr, a->rt == 15 ? (mo & ~(MemOp)MO_ALIGN) | MO_ALIGN_4 : mo);
    if (a->w) {
        t32_set(dc, a->rn, moved);
    }
    if (a->rt == 15) {
        t32_bx(dc, v, true);
    } else {
        t32_set(dc, a->rt, v);
    }
    return true;
}

bool trans_T32_LDR_lit(DisasContext *dc, const arg_T32_LDR_lit *a)
{
    return t32_ldr(dc, a->rt, t32_pc_aligned(dc, a->u ? a->imm : -a->imm), t32_memop(dc, a->size, a->sign));
}

bool trans_T32_PLD(DisasContext *dc G_GNUC_UNUSED, const arg_T32_PLD *a G_GNUC_UNUSED) { return true; }
bool trans_T32_PLI(DisasContext *dc G_GNUC_UNUSED, const arg_T32_PLI *a G_GNUC_UNUSED) { return true; }
bool trans_T32_MEM_HINT(DisasContext *dc G_GNUC_UNUSED, const arg_T32_MEM_HINT *a G_GNUC_UNUSED) { return true; }

/* -- pairs ------------------------------------------------------------------------------------------------------------------- */

bool trans_T32_STRD(DisasContext *dc, const arg_T32_STRD *a)
{
    MemOp mo = t32_memop_aligned(dc, 2, false);
    TcgVal moved = offset_imm(dc, a->rn, a->u ? a->imm : -a->imm), addr = a->p ? moved : t32_get(dc, a->rn);

    if (a->w) {
        t32_check_sp(dc, a->rn, moved);
    }
    t32_store(dc, addr, t32_get(dc, a->rt), mo);
    t32_store(dc, tcg_addi(dc->g, TCG_I32, addr, 4), t32_get(dc, a->rt2), mo);
    if (a->w) {
        t32_set(dc, a->rn, moved);
    }
    return true;
}

static void load_pair(DisasContext *dc, unsigned rt, unsigned rt2, TcgVal addr)
{
    MemOp mo = t32_memop_aligned(dc, 2, false);
    TcgVal first = t32_load(dc, addr, mo), second = t32_load(dc, tcg_addi(dc->g, TCG_I32, addr, 4), mo);

    t32_set(dc, rt, first);
    t32_set(dc, rt2, second);
}

bool trans_T32_LDRD(DisasContext *dc, const arg_T32_LDRD *a)
{
    TcgVal moved = offset_imm(dc, a->rn, a->u ? a->imm : -a->imm);

    if (a->w) {
        t32_check_sp(dc, a->rn, moved);
    }
    load_pair(dc, a->rt, a->rt2, a->p ? moved : t32_get(dc, a->rn));
    if (a->w) {
        t32_set(dc, a->rn, moved);
    }
    return true;
}

bool trans_T32_LDRD_lit(DisasContext *dc, const arg_T32_LDRD_lit *a)
{
    load_pair(dc, a->rt, a->rt2, t32_pc_aligned(dc, a->u ? a->imm : -a->imm));
    return true;
}

/* -- several registers ------------------------------------------------------------------------------------------------------- */

static TcgVal list_start(DisasContext *dc, TcgVal base, unsigned count, bool down)
{
    return down ? tcg_subi(dc->g, TCG_I32, base, 4 * count) : base;
}

static TcgVal list_end(DisasContext *dc, TcgVal base, unsigned count, bool down)
{
    return down ? tcg_subi(dc->g, TCG_I32, base, 4 * count) : tcg_addi(dc->g, TCG_I32, base, 4 * count);
}

bool t32_ldm(DisasContext *dc, unsigned rn, uint32_t list, bool wb, bool down)
{
    unsigned count = __builtin_popcount(list), at = 0;
    TcgVal base = t32_get(dc, rn), addr = list_start(dc, base, count, down), end = list_end(dc, base, count, down);
    TcgVal v[16];

    if (list >> 15 && !t32_may_branch(dc)) {
        return false;
    }
    if (wb) {
        t32_check_sp(dc, rn, end);
    }
    for (unsigned i = 0; i < 16; i++) {
        if (list >> i & 1) {
            v[i] = t32_load(dc, tcg_addi(dc->g, TCG_I32, addr, at), t32_memop_aligned(dc, 2, false));
            at += 4;
        }
    }
    if (wb) {
        t32_set(dc, rn, end);
    }
    for (unsigned i = 0; i < 15; i++) {
        if (list >> i & 1) {
            t32_set(dc, i, v[i]);
        }
    }
    if (list >> 15) {
        t32_bx(dc, v[15], true);
    }
    return true;
}

bool t32_stm(DisasContext *dc, unsigned rn, uint32_t list, bool wb, bool down)
{
    unsigned count = __builtin_popcount(list), at = 0;
    TcgVal base = t32_get(dc, rn), addr = list_start(dc, base, count, down), end = list_end(dc, base, count, down);

    if (wb) {
        t32_check_sp(dc, rn, end);
    }
    for (unsigned i = 0; i < 15; i++) {
        if (list >> i & 1) {
            t32_store(dc, tcg_addi(dc->g, TCG_I32, addr, at), t32_get(dc, i), t32_memop_aligned(dc, 2, false));
            at += 4;
        }
    }
    if (wb) {
        t32_set(dc, rn, end);
    }
    return true;
}

/* A list that has the base, which is written back, is UNPREDICTABLE. */
static bool list_allowed(unsigned rn, uint32_t list, bool wb)
{
    return !(wb && list >> rn & 1);
}

bool trans_T32_STM(DisasContext *dc, const arg_T32_STM *a)
{
    return list_allowed(a->rn, a->list, a->wb) && t32_stm(dc, a->rn, a->list, a->wb, false);
}

bool trans_T32_LDM(DisasContext *dc, const arg_T32_LDM *a)
{
    return list_allowed(a->rn, a->list, a->wb) && t32_ldm(dc, a->rn, a->list, a->wb, false);
}

bool trans_T32_STMDB(DisasContext *dc, const arg_T32_STMDB *a)
{
    return list_allowed(a->rn, a->list, a->wb) && t32_stm(dc, a->rn, a->list, a->wb, true);
}

bool trans_T32_LDMDB(DisasContext *dc, const arg_T32_LDMDB *a)
{
    return list_allowed(a->rn, a->list, a->wb) && t32_ldm(dc, a->rn, a->list, a->wb, true);
}

/* -- exclusive and ordered --------------------------------------------------------------------------------------------------- */

/*
 * The local monitor is the address, size and value of the last load-exclusive; a store-exclusive is a compare and swap
 * with that value (docs/CAVEATS.md: blind to A-B-A).
 */
static MemOp exclusive_memop(DisasContext *dc, unsigned size, MemOp order)
{
    return t32_memop_aligned(dc, size, false) | MO_EXCLUSIVE | order;
}

static bool load_exclusive(DisasContext *dc, unsigned size, unsigned rt, TcgVal addr, MemOp order)
{
    TcgVal v = t32_load(dc, addr, exclusive_memop(dc, size, order));

    tcg_st_env(dc->g, addr, MO_32, offsetof(ARMMCPU, excl_addr));
    tcg_st_env(dc->g, v, MO_32, offsetof(ARMMCPU, excl_value));
    tcg_st_env(dc->g, t32_const(dc, 1u << size), MO_32, offsetof(ARMMCPU, excl_size));
    t32_set(dc, rt, v);
    return true;
}

/* Rd := 0 if the monitor was armed for the address and the memory has what was loaded, else 1. */
static bool store_exclusive(DisasContext *dc, unsigned size, unsigned rd, unsigned rt, TcgVal addr, MemOp order)
{
    TcgGen *g = dc->g;
    TcgBlockRef same = tcg_block(g), armed = tcg_block(g), idle = tcg_block(g);
    TcgBlockRef fail = tcg_block(g), done = tcg_block(g);
    unsigned status = tcg_local(g, TCG_I32);
    TcgVal value = t32_get(dc, rt), old, expect;

    if (size < 2) {
        value = tcg_extract(g, TCG_I32, value, 0, 8u << size);
    }
    tcg_brcond(g, TCG_I32, COND_EQ, tcg_ld_env(g, TCG_I32, MO_32, offsetof(ARMMCPU, excl_addr)), addr, same, idle);

    tcg_block_start(g, same);
    tcg_brcond(g, TCG_I32, COND_EQ, tcg_ld_env(g, TCG_I32, MO_32, offsetof(ARMMCPU, excl_size)), t32_const(dc, 1u << size),
               armed, idle);

    tcg_block_start(g, armed);
    expect = tcg_ld_env(g, TCG_I32, MO_32, offsetof(ARMMCPU, excl_value));
    old = tcg_guest_cas(g, TCG_I32, tcg_zext(g, addr), expect, value, exclusive_memop(dc, size, order));
    tcg_set_reg(g, status, tcg_setcond(g, TCG_I32, COND_NE, old, expect));
    tcg_br(g, done);

    /* not armed: nothing is stored, but misalignment is seen all the same */
    tcg_block_start(g, idle);
    if (size) {
        TcgBlockRef bad = tcg_block(g);

        tcg_brcond(g, TCG_I32, COND_TSTNE, addr, t32_const(dc, (1u << size) - 1), bad, fail);
        tcg_block_start(g, bad);
        t32_call(dc, m_raise, t32_const(dc, M_FAULT_UNALIGNED));
    } else {
        tcg_br(g, fail);
    }
    tcg_block_start(g, fail);
    tcg_set_reg(g, status, t32_const(dc, 1));
    tcg_br(g, done);

    tcg_block_start(g, done);
    tcg_st_env(g, t32_const(dc, 0), MO_32, offsetof(ARMMCPU, excl_size));
    t32_set(dc, rd, tcg_get_reg(g, status));
    return true;
}

bool trans_T32_LDREX(DisasContext *dc, const arg_T32_LDREX *a)
{
    return load_exclusive(dc, 2, a->rt, offset_imm(dc, a->rn, a->imm), 0);
}

bool trans_T32_STREX(DisasContext *dc, const arg_T32_STREX *a)
{
    return store_exclusive(dc, 2, a->rd, a->rt, offset_imm(dc, a->rn, a->imm), 0);
}

bool trans_T32_LDREXBH(DisasContext *dc, const arg_T32_LDREXBH *a)
{
    return load_exclusive(dc, a->size, a->rt, t32_get(dc, a->rn), a->acq ? MO_ACQUIRE : 0);
}

bool trans_T32_STREXBH(DisasContext *dc, const arg_T32_STREXBH *a)
{
    return store_exclusive(dc, a->size, a->rd, a->rt, t32_get(dc, a->rn), a->rel ? MO_RELEASE : 0);
}

bool trans_T32_STL(DisasContext *dc, const arg_T32_STL *a)
{
    return t32_str(dc, a->rt, t32_get(dc, a->rn), t32_memop_aligned(dc, a->size, false) | MO_RELEASE);
}

bool trans_T32_LDA(DisasContext *dc, const arg_T32_LDA *a)
{
    return t32_ldr(dc, a->rt, t32_get(dc, a->rn), t32_memop_aligned(dc, a->size, false) | MO_ACQUIRE);
}
