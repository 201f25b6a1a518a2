/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: Advanced SIMD copies, permutations, tables and modified immediates (Arm DDI 0487, C4.1.96). */
#include "targets/arm/arm_a64_simd_copy.trans.h"
#include "targets/arm/translate_simd.h"

static TcgVal permute(DisasContext *dc, TcgOpcode op, unsigned es, TcgVal a, TcgVal b)
{
    return tcg_vec2(dc->g, op, es, a, b, 0);
}

/* -- permutations ------------------------------------------------------------------------------ */

static void zip(DisasContext *dc, const arg_ZIP1 *a, TcgOpcode op)
{
    TcgVal n = a64_get_v(dc, a->rn), m = a64_get_v(dc, a->rm);

    if (!a->q && op == OP_vzip2) {
        /* the upper halves of 64-bit vectors: what follows the lower ones in the whole */
        TcgVal r = permute(dc, OP_vzip1, a->esz, n, m);

        vec_set(dc, 8, a->rd, vec_high(dc, 1, r));
    } else {
        vec_set(dc, vec_bytes(a->q), a->rd, permute(dc, op, a->esz, n, m));
    }
}

static void unzip(DisasContext *dc, const arg_UZP1 *a, TcgOpcode op)
{
    TcgVal n = a64_get_v(dc, a->rn), m = a64_get_v(dc, a->rm);

    if (!a->q) {
        n = m = vec_join(dc, n, m);
    }
    vec_set(dc, vec_bytes(a->q), a->rd, permute(dc, op, a->esz, n, m));
}

/* Even (TRN1) or odd elements of n, each followed by that of m. */
static void transpose(DisasContext *dc, const arg_TRN1 *a, bool odd)
{
    TcgVal n = a64_get_v(dc, a->rn), m = a64_get_v(dc, a->rm), r;
    unsigned bits = 8u << a->esz;

    if (a->esz == 3) {
        r = permute(dc, odd ? OP_vzip2 : OP_vzip1, 3, n, m);
    } else {
        if (odd) {
            n = tcg_vec1(dc->g, OP_vshr, a->esz + 1, n, bits);
        } else {
            m = tcg_vec1(dc->g, OP_vshl, a->esz + 1, m, bits);
        }
        r = tcg_vbitsel(dc->g, vec_const(dc, a->esz + 1, UINT64_MAX >> (64 - bits)), n, m);
    }
    vec_set(dc, vec_bytes(a->q), a->rd, r);
}

static void extract(DisasContext *dc, const arg_EXT *a)
{
    TcgVal n = a64_get_v(dc, a->rn), m = a64_get_v(dc, a->rm);

    if (!a->q) {
        n = m = vec_join(dc, n, m);
    }
    vec_set(dc, vec_bytes(a->q), a->rd, tcg_vec2(dc->g, OP_vext, 0, n, m, a->imm));
}

TRANS(ZIP1, zip(dc, a, OP_vzip1))
TRANS(ZIP2, zip(dc, a, OP_vzip2))
TRANS(UZP1, unzip(dc, a, OP_vuzp1))
TRANS(UZP2, unzip(dc, a, OP_vuzp2))
TRANS(TRN1, transpose(dc, a, false))
TRANS(TRN2, transpose(dc, a, true))
TRANS(EXT, extract(dc, a))

/* -- tables ------------------------------------------------------------------------------------ */

/*
 * Each register of the table is looked up with the indices less its first; an index outside of it gives
 * zero.
 */
static void table(DisasContext *dc, const arg_TBL *a, bool keep)
{
    TcgVal index = a64_get_v(dc, a->rm), r = TCG_NOVAL;

    for (int k = 0; k <= a->len; k++) {
        TcgVal i = k ? permute(dc, OP_vsub, 0, index, vec_const(dc, 0, 16 * k)) : index;
        TcgVal part = permute(dc, OP_vtbl, 0, a64_get_v(dc, (a->rn + k) % 32), i);

        r = k ? permute(dc, OP_vor, 0, r, part) : part;
    }
    if (keep) {
        TcgVal in = tcg_vec2(dc->g, OP_vcmp, 0, index, vec_const(dc, 0, 16 * (a->len + 1)), COND_LTU);

        r = tcg_vbitsel(dc->g, in, r, a64_get_v(dc, a->rd));
    }
    vec_set(dc, vec_bytes(a->q), a->rd, r);
}

TRANS(TBL, table(dc, a, false))
TRANS(TBX, table(dc, a, true))

/* -- copies ------------------------------------------------------------------------------------ */

static TcgVal lane(DisasContext *dc, unsigned es, unsigned rn, unsigned index)
{
    return tcg_vget(dc->g, es, a64_get_v(dc, rn), index);
}

static void insert(DisasContext *dc, unsigned es, unsigned rd, unsigned index, TcgVal x)
{
    a64_set_v(dc, rd, tcg_vec2(dc->g, OP_vset, es, a64_get_v(dc, rd), x, index));
}

static void signed_move(DisasContext *dc, const arg_SMOV *a)
{
    TcgVal v = lane(dc, a->esz, a->rn, a->index);

    if (a->esz < 2) {
        v = tcg_sextract(dc->g, TCG_I32, v, 0, 8u << a->esz);
    }
    a64_set(dc, a->rd, a->q ? tcg_sext(dc->g, v) : v);
}

TRANS(DUP_ve, vec_set(dc, vec_bytes(a->q), a->rd,
                      tcg_vec1(dc->g, OP_vdup_lane, a->esz, a64_get_v(dc, a->rn), a->index)))
TRANS(DUP_se, a64_set_fp(dc, a->esz, a->rd, lane(dc, a->esz, a->rn, a->index)))
TRANS(DUP_g, vec_set(dc, vec_bytes(a->q), a->rd,
                     tcg_vec1(dc->g, OP_vdup, a->esz, a64_get(dc, a->esz == 3, a->rn), 0)))
TRANS(SMOV, signed_move(dc, a))
TRANS(UMOV, a64_set(dc, a->rd, lane(dc, a->esz, a->rn, a->index)))
TRANS(INS_g, insert(dc, a->esz, a->rd, a->index, a64_get(dc, a->esz == 3, a->rn)))
TRANS(INS_e, insert(dc, a->esz, a->rd, a->dst, lane(dc, a->esz, a->rn, a->src)))

/* -- modified immediates ----------------------------------------------------------------------- */

/* AdvSIMDExpandImm() without the floating-point forms. */
static uint64_t expand_imm(unsigned op, unsigned cmode, uint64_t imm)
{
    switch (cmode >> 1) {
    case 0: case 1: case 2: case 3:
        return imm << (cmode >> 1) * 8 << 32 | imm << (cmode >> 1) * 8;
    case 4: case 5:
        return (imm << (cmode >> 1 & 1) * 8) * UINT64_C(0x0001000100010001);
    case 6:
        /* shifting ones */
        return (cmode & 1 ? imm << 16 | 0xffff : imm << 8 | 0xff) * UINT64_C(0x100000001);
    default:
        if (!op) {
            return imm * UINT64_C(0x0101010101010101);
        }
        /* a bit to a byte */
        imm = (imm | imm << 28) & UINT64_C(0x0000000f0000000f);
        imm = (imm | imm << 14) & UINT64_C(0x0003000300030003);
        imm = (imm | imm << 7) & UINT64_C(0x0101010101010101);
        return imm * 0xff;
    }
}

static void move_imm(DisasContext *dc, unsigned q, unsigned rd, uint64_t imm)
{
    a64_set_v(dc, rd, tcg_const_v(dc->g, imm, q ? imm : 0));
}

static void logic_imm(DisasContext *dc, const arg_ORR_vi *a, TcgOpcode op)
{
    uint64_t imm = expand_imm(0, a->cmode, a->imm);

    vec_set(dc, vec_bytes(a->q), a->rd, permute(dc, op, 3, a64_get_v(dc, a->rd), vec_const(dc, 3, imm)));
}

/* VFPExpandImm(): sign, three bits of exponent, four of fraction; then to every lane. */
static uint64_t expand_fp(unsigned es, unsigned imm)
{
    static const unsigned exponent_bits[] = { 0, 5, 8, 11 };
    unsigned bits = 8u << es, e = exponent_bits[es], f = bits - e - 1;
    uint64_t exponent = (imm >> 6 & 1 ? mask64(2, e - 3) : UINT64_C(1) << (e - 1)) | (imm >> 4 & 3);
    uint64_t v = (uint64_t)(imm >> 7) << (bits - 1) | exponent << f | (uint64_t)(imm & 15) << (f - 4);

    return v * (UINT64_MAX / (UINT64_MAX >> (64 - bits)));
}

TRANS(MOVI, move_imm(dc, a->q, a->rd, expand_imm(a->op, a->cmode, a->imm)))
TRANS(MVNI, move_imm(dc, a->q, a->rd, ~expand_imm(0, a->cmode, a->imm)))
TRANS(ORR_vi, logic_imm(dc, a, OP_vor))
TRANS(BIC_vi, logic_imm(dc, a, OP_vandn))
TRANS(FMOV_vi, move_imm(dc, a->q, a->rd, expand_fp(a->esz, a->imm)))
