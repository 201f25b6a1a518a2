/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A64: Advanced SIMD integer instructions by element (Arm DDI 0487, C4.1.96): those of vectors with one
 * element of the second operand in every lane.
 */
#include "targets/arm/arm_a64_simd_elem.trans.h"
#include "targets/arm/translate_simd.h"

/* -- forms ------------------------------------------------------------------------------------- */

static TcgVal element(DisasContext *dc, unsigned es, unsigned rm, unsigned index)
{
    return tcg_vec1(dc->g, OP_vdup_lane, es, a64_get_v(dc, rm), index);
}

/* The element alone, zeros above. */
static TcgVal scalar_element(DisasContext *dc, unsigned es, unsigned rm, unsigned index)
{
    return tcg_vec1(dc->g, OP_vfrom, 2, tcg_vget(dc->g, es, a64_get_v(dc, rm), index), 0);
}

/* The inputs' unused lanes are zeros, so that they do not saturate. */
static void vector(DisasContext *dc, const arg_MUL_ve *a, VecFn *fn)
{
    unsigned bytes = vec_bytes(a->q);

    vec_set(dc, bytes, a->rd, fn(dc, a->esz, vec_get(dc, bytes, a->rd), vec_get(dc, bytes, a->rn),
                                 element(dc, a->esz, a->rm, a->index)));
}

static void scalar(DisasContext *dc, const arg_SQDMULH_se *a, VecFn *fn)
{
    unsigned bytes = 1u << a->esz;

    vec_set(dc, bytes, a->rd, fn(dc, a->esz, vec_get(dc, bytes, a->rd), vec_get(dc, bytes, a->rn),
                                 scalar_element(dc, a->esz, a->rm, a->index)));
}

/* Products, added to or subtracted from the destination (op is OP_mov: neither). */
static void multiply_long(DisasContext *dc, const arg_SMULL_ve *a, bool sign, TcgOpcode op)
{
    TcgVal m = element(dc, a->esz, a->rm, a->index);
    TcgVal v = vec_mull(dc, a->esz, a->q, sign, a64_get_v(dc, a->rn), m);

    a64_set_v(dc, a->rd, op == OP_mov ? v : tcg_vec2(dc->g, op, a->esz + 1, a64_get_v(dc, a->rd), v, 0));
}

static void vector_long(DisasContext *dc, const arg_SMULL_ve *a, VecFn *fn)
{
    TcgVal n = vec_widen(dc, a->esz, a->q, true, a64_get_v(dc, a->rn));
    TcgVal m = vec_widen(dc, a->esz, 0, true, element(dc, a->esz, a->rm, a->index));

    a64_set_v(dc, a->rd, fn(dc, a->esz + 1, a64_get_v(dc, a->rd), n, m));
}

static void scalar_long(DisasContext *dc, const arg_SQDMULL_se *a, VecFn *fn)
{
    unsigned bytes = 1u << a->esz;
    TcgVal n = vec_widen(dc, a->esz, 0, true, vec_get(dc, bytes, a->rn));
    TcgVal m = vec_widen(dc, a->esz, 0, true, scalar_element(dc, a->esz, a->rm, a->index));

    vec_set(dc, bytes * 2, a->rd, fn(dc, a->esz + 1, vec_get(dc, bytes * 2, a->rd), n, m));
}

/* index is of groups of four bytes. swapped: the element is the unsigned operand. */
static void dot(DisasContext *dc, const arg_SDOT_ve *a, VecFn *fn, bool swapped)
{
    TcgVal d = a64_get_v(dc, a->rd), n = a64_get_v(dc, a->rn), m = element(dc, 2, a->rm, a->index);

    vec_set(dc, vec_bytes(a->q), a->rd, swapped ? fn(dc, 2, d, m, n) : fn(dc, 2, d, n, m));
}

/* -- instructions ------------------------------------------------------------------------------ */

TRANS(MUL_ve, vector(dc, a, vec_mul))
TRANS(MLA_ve, vector(dc, a, vec_mla))
TRANS(MLS_ve, vector(dc, a, vec_mls))
TRANS(SMULL_ve, multiply_long(dc, a, true, OP_mov))
TRANS(UMULL_ve, multiply_long(dc, a, false, OP_mov))
TRANS(SMLAL_ve, multiply_long(dc, a, true, OP_vadd))
TRANS(UMLAL_ve, multiply_long(dc, a, false, OP_vadd))
TRANS(SMLSL_ve, multiply_long(dc, a, true, OP_vsub))
TRANS(UMLSL_ve, multiply_long(dc, a, false, OP_vsub))
TRANS(SQDMULL_ve, vector_long(dc, a, vec_sqdmull))
TRANS(SQDMULL_se, scalar_long(dc, a, vec_sqdmull))
TRANS(SQDMLAL_ve, vector_long(dc, a, vec_sqdmlal))
TRANS(SQDMLAL_se, scalar_long(dc, a, vec_sqdmlal))
TRANS(SQDMLSL_ve, vector_long(dc, a, vec_sqdmlsl))
TRANS(SQDMLSL_se, scalar_long(dc, a, vec_sqdmlsl))
TRANS(SQDMULH_ve, vector(dc, a, vec_sqdmulh))
TRANS(SQDMULH_se, scalar(dc, a, vec_sqdmulh))
TRANS(SQRDMULH_ve, vector(dc, a, vec_sqrdmulh))
TRANS(SQRDMULH_se, scalar(dc, a, vec_sqrdmulh))
TRANS(SQRDMLAH_ve, vector(dc, a, vec_sqrdmlah))
TRANS(SQRDMLAH_se, scalar(dc, a, vec_sqrdmlah))
TRANS(SQRDMLSH_ve, vector(dc, a, vec_sqrdmlsh))
TRANS(SQRDMLSH_se, scalar(dc, a, vec_sqrdmlsh))
TRANS(SDOT_ve, dot(dc, a, vec_sdot, false))
TRANS(UDOT_ve, dot(dc, a, vec_udot, false))
TRANS(USDOT_ve, dot(dc, a, vec_usdot, false))
TRANS(SUDOT_ve, dot(dc, a, vec_usdot, true))
