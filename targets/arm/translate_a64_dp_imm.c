/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: data processing, immediate (Arm DDI 0487, C4.1.86). */
#include "targets/arm/arm_a64_dp_imm.trans.h"
#include "targets/arm/translate.h"

bool trans_ADR(DisasContext *dc, const arg_ADR *a)
{
    a64_set(dc, a->rd, a64_pc(dc, a->imm));
    return true;
}

bool trans_ADRP(DisasContext *dc, const arg_ADRP *a)
{
    /* whatever maps the code, where it is in 4 KiB is known */
    int64_t in_page = (int64_t)((dc->in->page_offset + (uint64_t)dc->delta) & 0xfff);

    a64_set(dc, a->rd, a64_pc(dc, (int64_t)a->imm * 4096 - in_page));
    return true;
}

static uint64_t addsub_imm(const arg_ADD_i *a)
{
    return (uint64_t)a->imm << (a->sh ? 12 : 0);
}

bool trans_ADD_i(DisasContext *dc, const arg_ADD_i *a)
{
    TcgVal n = a64_get_sp(dc, a->sf, a->rn);

    a64_set_sp_moved(dc, a->rd, a->rn, addsub_imm(a), a->imm ? tcg_addi(dc->g, sf_type(a->sf), n, addsub_imm(a)) : n);
    return true;
}

bool trans_SUB_i(DisasContext *dc, const arg_SUB_i *a)
{
    a64_set_sp_moved(dc, a->rd, a->rn, addsub_imm(a),
                     tcg_addi(dc->g, sf_type(a->sf), a64_get_sp(dc, a->sf, a->rn), -addsub_imm(a)));
    return true;
}

bool trans_ADDS_i(DisasContext *dc, const arg_ADDS_i *a)
{
    TcgType t = sf_type(a->sf);
    TcgVal n = a64_get_sp(dc, a->sf, a->rn), imm = tcg_const(dc->g, t, addsub_imm(a));

    tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_flags_add(dc->g, t, n, imm));
    if (a->rd != 31) {
        a64_set(dc, a->rd, tcg_add(dc->g, t, n, imm));
    }
    return true;
}

bool trans_SUBS_i(DisasContext *dc, const arg_SUBS_i *a)
{
    TcgType t = sf_type(a->sf);
    TcgVal n = a64_get_sp(dc, a->sf, a->rn), imm = tcg_const(dc->g, t, addsub_imm(a));

    tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_flags_sub(dc->g, t, n, imm));
    if (a->rd != 31) {
        a64_set(dc, a->rd, tcg_sub(dc->g, t, n, imm));
    }
    return true;
}

/* Minimum and maximum: the register forms are in translate_a64_dp_reg.c. */
static bool minmax_i(DisasContext *dc, const arg_SMAX_i *a, TcgCond first_wins)
{
    TcgType t = sf_type(a->sf);
    TcgVal n = a64_get(dc, a->sf, a->rn), m = tcg_const(dc->g, t, (int64_t)a->imm);

    a64_set(dc, a->rd, tcg_select_cmp(dc->g, t, t, first_wins, n, m, n, m));
    return true;
}

bool trans_SMAX_i(DisasContext *dc, const arg_SMAX_i *a)
{
    return minmax_i(dc, a, COND_GE);
}

bool trans_UMAX_i(DisasContext *dc, const arg_UMAX_i *a)
{
    return minmax_i(dc, a, COND_GEU);
}

bool trans_SMIN_i(DisasContext *dc, const arg_SMIN_i *a)
{
    return minmax_i(dc, a, COND_LE);
}

bool trans_UMIN_i(DisasContext *dc, const arg_UMIN_i *a)
{
    return minmax_i(dc, a, COND_LEU);
}

/* DecodeBitMasks(), the wmask: the table has excluded the reserved encodings. */
static uint64_t bit_mask(unsigned n, unsigned immr, unsigned imms)
{
    unsigned len = 31 - clz32(n << 6 | (~imms & 0x3f));
    unsigned esize = 1u << len, levels = esize - 1;
    unsigned s = imms & levels, r = immr & levels;
    uint64_t elem = mask64(0, s + 1);

    if (r) {
        elem = (elem >> r | elem << (esize - r)) & mask64(0, esize);
    }
    for (unsigned size = esize; size < 64; size *= 2) {
        elem |= elem << size;
    }
    return elem;
}

static TcgVal logical_i_mask(DisasContext *dc, const arg_AND_i *a)
{
    uint64_t mask = bit_mask(a->n, a->immr, a->imms);

    return tcg_const(dc->g, sf_type(a->sf), a->sf ? mask : (uint32_t)mask);
}

bool trans_AND_i(DisasContext *dc, const arg_AND_i *a)
{
    a64_set_sp(dc, a->rd, tcg_and(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn), logical_i_mask(dc, a)));
    return true;
}

bool trans_ORR_i(DisasContext *dc, const arg_ORR_i *a)
{
    a64_set_sp(dc, a->rd, tcg_or(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn), logical_i_mask(dc, a)));
    return true;
}

bool trans_EOR_i(DisasContext *dc, const arg_EOR_i *a)
{
    a64_set_sp(dc, a->rd, tcg_xor(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn), logical_i_mask(dc, a)));
    return true;
}

bool trans_ANDS_i(DisasContext *dc, const arg_ANDS_i *a)
{
    TcgType t = sf_type(a->sf);
    TcgVal v = tcg_and(dc->g, t, a64_get(dc, a->sf, a->rn), logical_i_mask(dc, a));

    tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_flags_logic(dc->g, t, v));
    a64_set(dc, a->rd, v);
    return true;
}

bool trans_MOVN(DisasContext *dc, const arg_MOVN *a)
{
    uint64_t v = ~((uint64_t)a->imm << a->shift);

    a64_set(dc, a->rd, tcg_const(dc->g, TCG_I64, a->sf ? v : (uint32_t)v));
    return true;
}

bool trans_MOVZ(DisasContext *dc, const arg_MOVZ *a)
{
    a64_set(dc, a->rd, tcg_const(dc->g, TCG_I64, (uint64_t)a->imm << a->shift));
    return true;
}

bool trans_MOVK(DisasContext *dc, const arg_MOVK *a)
{
    TcgType t = sf_type(a->sf);

    a64_set(dc, a->rd, tcg_deposit(dc->g, t, a64_get(dc, a->sf, a->rd), tcg_const(dc->g, t, a->imm), a->shift, 16));
    return true;
}

bool trans_SBFM(DisasContext *dc, const arg_SBFM *a)
{
    TcgType t = sf_type(a->sf);
    unsigned width = a->sf ? 64 : 32;
    TcgVal n = a64_get(dc, a->sf, a->rn);

    if (a->imms >= a->immr) {
        n = tcg_sextract(dc->g, t, n, a->immr, a->imms - a->immr + 1);
    } else {
        n = tcg_shli(dc->g, t, tcg_sextract(dc->g, t, n, 0, a->imms + 1), width - a->immr);
    }
    a64_set(dc, a->rd, n);
    return true;
}

bool trans_UBFM(DisasContext *dc, const arg_UBFM *a)
{
    TcgType t = sf_type(a->sf);
    unsigned width = a->sf ? 64 : 32;
    TcgVal n = a64_get(dc, a->sf, a->rn);

    if (a->imms >= a->immr) {
        n = tcg_extract(dc->g, t, n, a->immr, a->imms - a->immr + 1);
    } else {
        n = tcg_shli(dc->g, t, tcg_extract(dc->g, t, n, 0, a->imms + 1), width - a->immr);
    }
    a64_set(dc, a->rd, n);
    return true;
}

bool trans_BFM(DisasContext *dc, const arg_BFM *a)
{
    TcgType t = sf_type(a->sf);
    unsigned width = a->sf ? 64 : 32;
    TcgVal n = a64_get(dc, a->sf, a->rn), d = a64_get(dc, a->sf, a->rd);

    if (a->imms >= a->immr) {
        n = tcg_deposit(dc->g, t, d, tcg_shri(dc->g, t, n, a->immr), 0, a->imms - a->immr + 1);
    } else {
        n = tcg_deposit(dc->g, t, d, n, width - a->immr, a->imms + 1);
    }
    a64_set(dc, a->rd, n);
    return true;
}

bool trans_EXTR(DisasContext *dc, const arg_EXTR *a)
{
    TcgVal lo = a64_get(dc, a->sf, a->rm), hi = a64_get(dc, a->sf, a->rn);

    a64_set(dc, a->rd, tcg_extract2(dc->g, sf_type(a->sf), lo, hi, a->imms));
    return true;
}

/* -- addresses with tags ------------------------------------------------------------------------------------------- */

static bool add_tagged(DisasContext *dc, const arg_ADDG *a, int64_t imm)
{
    TcgVal n = a64_get_sp(dc, 1, a->rn);

    a64_set_sp(dc, a->rd, a64_call(dc, mte_add, n, tcg_addi(dc->g, TCG_I64, n, imm), tcg_const(dc->g, TCG_I32, a->tag)));
    return true;
}

bool trans_ADDG(DisasContext *dc, const arg_ADDG *a) { return add_tagged(dc, a, (int64_t)a->imm); }
bool trans_SUBG(DisasContext *dc, const arg_SUBG *a) { return add_tagged(dc, a, -(int64_t)a->imm); }
