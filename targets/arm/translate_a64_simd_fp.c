/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: Advanced SIMD floating point, vectors and scalars (Arm DDI 0487, C4.1.96), by element too. */
#include "targets/arm/arm_a64_simd_elem.trans.h"
#include "targets/arm/arm_a64_simd_fp.trans.h"
#include "targets/arm/translate_fp.h"

/* aux of FP_RINT and FP_RINTN. */
enum { EXACT = 1 << 3, CURRENT = 1 << 4 };

bool a64_fp_call(DisasContext *dc, const TcgHelper *h, unsigned rd, unsigned rn, unsigned rm, unsigned ra, unsigned num_args,
                 const uint32_t *args)
{
    const uint16_t reads[4] = { ARM_REG_V0 + rn, ARM_REG_V0 + rm, ARM_REG_V0 + ra, ARM_REG_V0 + rd };
    const uint16_t writes[1] = { ARM_REG_V0 + rd };
    TcgVal vals[3];

    if (a64_fp_access(dc)) {
        vals[0] = tcg_const(dc->g, TCG_I32, FP_REGS(rd, rn, rm, ra));
        for (unsigned i = 0; i < num_args; i++) {
            vals[i + 1] = tcg_const(dc->g, TCG_I32, args[i]);
        }
        tcg_call_regs(dc->g, h, vals, reads, 4, writes, 1);
    }
    return true;
}

/* The inline operation that an operation is, but for what inline_lanes adds; false: there is none. */
static bool inline_op(FpOp op, unsigned esz, unsigned aux, TcgFp *ret)
{
    static const uint8_t same[FP_NUM_OPS] = {   /* plus one */
        [FP_ADD] = 1 + TCG_FP_ADD, [FP_SUB] = 1 + TCG_FP_SUB, [FP_MUL] = 1 + TCG_FP_MUL, [FP_DIV] = 1 + TCG_FP_DIV,
        [FP_NMUL] = 1 + TCG_FP_MUL, [FP_ABD] = 1 + TCG_FP_SUB, [FP_SQRT] = 1 + TCG_FP_SQRT,
        [FP_MAX] = 1 + TCG_FP_MAX, [FP_MIN] = 1 + TCG_FP_MIN, [FP_MAXNM] = 1 + TCG_FP_MAXNUM, [FP_MINNM] = 1 + TCG_FP_MINNUM,
        [FP_MULX] = 1 + TCG_FP_MULX, [FP_RECPS] = 1 + TCG_FP_RECPS, [FP_RSQRTS] = 1 + TCG_FP_RSQRTS,
        [FP_RECPE] = 1 + TCG_FP_RECPE, [FP_RSQRTE] = 1 + TCG_FP_RSQRTE,
        [FP_CMEQ] = 1 + TCG_FP_EQ, [FP_CMGE] = 1 + TCG_FP_GE, [FP_CMGT] = 1 + TCG_FP_GT,
        [FP_ACGE] = 1 + TCG_FP_GE, [FP_ACGT] = 1 + TCG_FP_GT,
        [FP_CMEQ0] = 1 + TCG_FP_EQ, [FP_CMGE0] = 1 + TCG_FP_GE, [FP_CMGT0] = 1 + TCG_FP_GT,
        [FP_CMLE0] = 1 + TCG_FP_GE, [FP_CMLT0] = 1 + TCG_FP_GT,
    };
    static const uint8_t fused[4] = {
        [0] = TCG_FP_MADD, [FLOAT_NEG_PRODUCT] = TCG_FP_MSUB, [FLOAT_NEG_ADDEND] = TCG_FP_NMSUB,
        [FLOAT_NEG_PRODUCT | FLOAT_NEG_ADDEND] = TCG_FP_NMADD,
    };
    bool uns = aux >> 12 & 1;

    switch (op) {
    case FP_MULADD:
        *ret = TCG_FP(fused[aux & 3], esz, esz);
        return aux < 4;
    case FP_RINT:
        *ret = TCG_FP_RINT(esz, aux & CURRENT ? TCG_ROUND_STATE : a64_fp_round(aux & 7), !!(aux & EXACT));
        return aux & CURRENT || (aux & 7) <= FLOAT_ROUND_TIE_AWAY;
    case FP_RINTN:
        *ret = TCG_FP_RINTN(esz, aux & CURRENT ? TCG_ROUND_STATE : a64_fp_round(aux & 7), aux >> 8 == 64);
        return true;
    case FP_TO_INT:
        *ret = TCG_FP_TO(uns ? TCG_FP_TO_U : TCG_FP_TO_I, esz, esz, a64_fp_round(aux >> 8 & 15));
        return (aux & 0xff) == 0 || esz > 1;
    case FP_FROM_INT:
        *ret = TCG_FP(uns ? TCG_FP_FROM_U : TCG_FP_FROM_I, esz, esz);
        return (aux & 0xff) == 0 || esz > 1;
    default:
        *ret = TCG_FP(same[op] - 1, esz, esz);
        return same[op];
    }
}

static TcgVal all_lanes(DisasContext *dc, unsigned esz, uint64_t d, uint32_t s, uint16_t h)
{
    uint64_t v = esz == 3 ? d : esz == 2 ? s * UINT64_C(0x100000001) : h * UINT64_C(0x1000100010001);

    return tcg_const_v(dc->g, v, v);
}

TcgVal a64_fp_scale(DisasContext *dc, TcgFpOp op, unsigned esz, TcgFp scalar, TcgVal v, int exponent)
{
    TcgVal factor = all_lanes(dc, esz, (uint64_t)(1023 + exponent) << 52, (uint32_t)(127 + exponent) << 23, 0);

    return tcg_fp(dc->g, &arm_helper_fp, TCG_FP(op, esz, esz) | scalar, v, factor, TCG_NOVAL);
}

static TcgVal fp_abs(DisasContext *dc, unsigned esz, TcgVal v)
{
    return a64_fp_sign(dc, OP_vand, esz, v);
}

static void inline_lanes(DisasContext *dc, TcgFp f, FpOp op, FpShape shape, unsigned esz, unsigned lanes, unsigned index,
                         uint32_t aux, unsigned rd, unsigned rn, unsigned rm, unsigned ra)
{
    TcgVal a = a64_get_v(dc, rn), b = a64_get_v(dc, rm), c = op == FP_MULADD ? a64_get_v(dc, ra) : TCG_NOVAL, r;
    TcgFp scalar = lanes == 1 ? TCG_FP_SCALAR : 0;
    bool half = lanes > 1 && lanes << esz == 8;

    if (shape == FP_ELEMENT) {
        b = tcg_vec1(dc->g, OP_vdup_lane, esz, b, index);
    } else if (shape == FP_PAIRS && lanes == 1) {
        b = tcg_vec1(dc->g, OP_vdup_lane, esz, a, 1);
    } else if (shape == FP_PAIRS) {
        TcgVal n = half ? tcg_vec2(dc->g, OP_vzip1, 3, a, b, 0) : a;

        b = half ? tcg_const_v(dc->g, 0, 0) : b;
        a = tcg_vec2(dc->g, OP_vuzp1, esz, n, b, 0);
        b = tcg_vec2(dc->g, OP_vuzp2, esz, n, b, 0);
    }
    if (half && shape != FP_PAIRS) {            /* what lanes beyond those of a 64-bit vector do must raise nothing */
        TcgVal ones = all_lanes(dc, esz, UINT64_C(0x3ff) << 52, 0x3f800000, 0x3c00);

        a = op != FP_RECPE && op != FP_RSQRTE ? tcg_vec1(dc->g, OP_vmovz, 3, a, 0) :
            tcg_vec2(dc->g, OP_vzip1, 3, a, ones, 0);
        b = op != FP_DIV ? tcg_vec1(dc->g, OP_vmovz, 3, b, 0) : tcg_vec2(dc->g, OP_vzip1, 3, b, ones, 0);
        c = op == FP_MULADD ? tcg_vec1(dc->g, OP_vmovz, 3, c, 0) : TCG_NOVAL;
    }
    switch (op) {
    case FP_ACGE: case FP_ACGT:
        a = fp_abs(dc, esz, a);
        b = fp_abs(dc, esz, b);
        break;
    case FP_CMEQ0: case FP_CMGE0: case FP_CMGT0:
        b = tcg_const_v(dc->g, 0, 0);
        break;
    case FP_CMLE0: case FP_CMLT0:
        b = a;
        a = tcg_const_v(dc->g, 0, 0);
        break;
    case FP_TO_INT:
        a = aux & 0xff ? a64_fp_scale(dc, TCG_FP_SCALE, esz, scalar, a, aux & 0xff) : a;
        break;
    default:
        break;
    }
    r = tcg_fp(dc->g, &arm_helper_fp, f | scalar, a, b, c);
    if (op == FP_NMUL) {
        r = a64_fp_sign(dc, OP_vxor, esz, r);
    } else if (op == FP_ABD) {
        r = fp_abs(dc, esz, r);
    } else if (op == FP_FROM_INT && aux & 0xff) {               /* exact */
        r = a64_fp_scale(dc, TCG_FP_MUL, esz, scalar, r, -(int)(aux & 0xff));
    }
    if (lanes == 1 || half) {
        r = tcg_vec1(dc->g, OP_vmovz, half ? 3 : esz, r, 0);
    }
    a64_set_v(dc, rd, r);
}

/* Reduce(): neighbours, until there is one. Lanes that are no more are zero. */
static void inline_reduce(DisasContext *dc, TcgFp f, unsigned esz, unsigned lanes, unsigned rd, unsigned rn)
{
    TcgVal v = a64_get_v(dc, rn), zero = tcg_const_v(dc->g, 0, 0);

    if (lanes << esz == 8) {
        v = tcg_vec1(dc->g, OP_vmovz, 3, v, 0);
    }
    for (; lanes > 1; lanes /= 2) {
        TcgVal even = tcg_vec2(dc->g, OP_vuzp1, esz, v, zero, 0);

        v = tcg_fp(dc->g, &arm_helper_fp, f, even, tcg_vec2(dc->g, OP_vuzp2, esz, v, zero, 0), TCG_NOVAL);
    }
    a64_set_v(dc, rd, v);
}

bool a64_fp_lanes(DisasContext *dc, FpOp op, FpShape shape, unsigned esz, unsigned lanes, unsigned index, uint32_t aux,
                  unsigned rd, unsigned rn, unsigned rm, unsigned ra)
{
    TcgFp f;

    if (a64_fp_inline(dc, esz) && inline_op(op, esz, aux, &f) &&
        tcg_has(dc->g, OP_fp, lanes == 1 && shape != FP_REDUCE ? f | TCG_FP_SCALAR : f)) {
        if (!a64_fp_access(dc)) {
            return true;
        }
        if (shape == FP_REDUCE) {
            inline_reduce(dc, f, esz, lanes, rd, rn);
        } else {
            inline_lanes(dc, f, op, shape, esz, lanes, index, aux, rd, rn, rm, ra);
        }
        return true;
    }
    return a64_fp_call(dc, &arm_helper_fp_lanes, rd, rn, rm, ra, 2,
                       (const uint32_t[]){ FP_DESC(op, shape, esz, lanes, index), aux });
}

void a64_set_fp_merged(DisasContext *dc, unsigned esz, unsigned rd, TcgVal v, TcgVal upper)
{
    if (dc->key.fpcr_nep) {
        a64_set_v(dc, rd, tcg_vec2(dc->g, OP_vset, esz, upper, v, 0));
    } else {
        a64_set_fp(dc, esz, rd, v);
    }
}

bool a64_fp_scalar(DisasContext *dc, FpOp op, FpShape shape, unsigned esz, unsigned index, uint32_t aux, unsigned rd,
                   unsigned rn, unsigned rm, unsigned ra, unsigned merge)
{
    if (a64_fp_access(dc)) {
        TcgVal upper = dc->key.fpcr_nep ? a64_get_v(dc, merge) : TCG_NOVAL;

        a64_fp_lanes(dc, op, shape, esz, 1, index, aux, rd, rn, rm, ra);
        if (dc->key.fpcr_nep) {
            a64_set_fp_merged(dc, esz, rd, a64_get_fp(dc, esz, rd), upper);
        }
    }
    return true;
}

static unsigned num_lanes(unsigned q, unsigned esz)
{
    return (q ? 16u : 8u) >> esz;
}

/* -- three registers ----------------------------------------------------------------------------------------------- */

static bool vec3(DisasContext *dc, const arg_FADD_v *a, FpOp op, FpShape shape, unsigned aux)
{
    if (a->esz == 3 && !a->q) {
        return false;
    }
    return a64_fp_lanes(dc, op, shape, a->esz, num_lanes(a->q, a->esz), 0, aux, a->rd, a->rn, a->rm, a->rd);
}

static bool scalar3(DisasContext *dc, const arg_FMULX_s *a, FpOp op, unsigned merge)
{
    return a64_fp_scalar(dc, op, FP_LANES, a->esz, 0, 0, a->rd, a->rn, a->rm, a->rn, merge);
}

#define V3(name, op, shape, aux) \
    bool trans_##name##_v(DisasContext *dc, const arg_##name##_v *a) { return vec3(dc, a, op, shape, aux); }
V3(FADD, FP_ADD, FP_LANES, 0)
V3(FSUB, FP_SUB, FP_LANES, 0)
V3(FMUL, FP_MUL, FP_LANES, 0)
V3(FMULX, FP_MULX, FP_LANES, 0)
V3(FDIV, FP_DIV, FP_LANES, 0)
V3(FABD, FP_ABD, FP_LANES, 0)
V3(FMAX, FP_MAX, FP_LANES, 0)
V3(FMIN, FP_MIN, FP_LANES, 0)
V3(FMAXNM, FP_MAXNM, FP_LANES, 0)
V3(FMINNM, FP_MINNM, FP_LANES, 0)
V3(FMLA, FP_MULADD, FP_LANES, 0)
V3(FMLS, FP_MULADD, FP_LANES, FLOAT_NEG_PRODUCT)
V3(FRECPS, FP_RECPS, FP_LANES, 0)
V3(FRSQRTS, FP_RSQRTS, FP_LANES, 0)
V3(FCMEQ, FP_CMEQ, FP_LANES, 0)
V3(FCMGE, FP_CMGE, FP_LANES, 0)
V3(FCMGT, FP_CMGT, FP_LANES, 0)
V3(FACGE, FP_ACGE, FP_LANES, 0)
V3(FACGT, FP_ACGT, FP_LANES, 0)
V3(FADDP, FP_ADD, FP_PAIRS, 0)
V3(FMAXP, FP_MAX, FP_PAIRS, 0)
V3(FMINP, FP_MIN, FP_PAIRS, 0)
V3(FMAXNMP, FP_MAXNM, FP_PAIRS, 0)
V3(FMINNMP, FP_MINNM, FP_PAIRS, 0)

#define S3(name, op, merge) \
    bool trans_##name##_s(DisasContext *dc, const arg_##name##_s *a) { return scalar3(dc, a, op, merge); }
S3(FMULX, FP_MULX, a->rn)
S3(FRECPS, FP_RECPS, a->rn)
S3(FRSQRTS, FP_RSQRTS, a->rn)
S3(FABD, FP_ABD, a->rn)
S3(FCMEQ, FP_CMEQ, a->rm)
S3(FCMGE, FP_CMGE, a->rm)
S3(FCMGT, FP_CMGT, a->rm)
S3(FACGE, FP_ACGE, a->rm)
S3(FACGT, FP_ACGT, a->rm)

/* -- two registers ----------------------------------------------------------------------------------------------------- */

static bool lanes1(DisasContext *dc, FpOp op, unsigned esz, unsigned lanes, unsigned aux, unsigned rd, unsigned rn)
{
    return a64_fp_lanes(dc, op, FP_LANES, esz, lanes, 0, aux, rd, rn, rn, rn);
}

#define V2(name, op, aux) \
    bool trans_##name##_v(DisasContext *dc, const arg_##name##_v *a) \
    { \
        return !(a->esz == 3 && !a->q) && lanes1(dc, op, a->esz, num_lanes(a->q, a->esz), aux, a->rd, a->rn); \
    }
#define S2(name, op, aux) \
    bool trans_##name##_s(DisasContext *dc, const arg_##name##_s *a) \
    { \
        return a64_fp_scalar(dc, op, FP_LANES, a->esz, 0, aux, a->rd, a->rn, a->rn, a->rn, a->rd); \
    }
/* Comparisons with zero do not merge. */
#define S2_CMP0(name, op) \
    bool trans_##name##_s(DisasContext *dc, const arg_##name##_s *a) \
    { \
        return lanes1(dc, op, a->esz, 1, 0, a->rd, a->rn); \
    }
#define VS2_CMP0(name, op) V2(name, op, 0) S2_CMP0(name, op)
#define VS2(name, op, aux) V2(name, op, aux) S2(name, op, aux)
V2(FSQRT, FP_SQRT, 0)
V2(FRINTN, FP_RINT, FLOAT_ROUND_TIE_EVEN)
V2(FRINTP, FP_RINT, FLOAT_ROUND_UP)
V2(FRINTM, FP_RINT, FLOAT_ROUND_DOWN)
V2(FRINTZ, FP_RINT, FLOAT_ROUND_ZERO)
V2(FRINTA, FP_RINT, FLOAT_ROUND_TIE_AWAY)
V2(FRINTX, FP_RINT, CURRENT | EXACT)
V2(FRINTI, FP_RINT, CURRENT)
V2(FRINT32Z, FP_RINTN, FLOAT_ROUND_ZERO | 32 << 8)
V2(FRINT32X, FP_RINTN, CURRENT | 32 << 8)
V2(FRINT64Z, FP_RINTN, FLOAT_ROUND_ZERO | 64 << 8)
V2(FRINT64X, FP_RINTN, CURRENT | 64 << 8)
VS2(FRECPE, FP_RECPE, 0)
VS2(FRSQRTE, FP_RSQRTE, 0)
S2(FRECPX, FP_RECPX, 0)
VS2_CMP0(FCMGT0, FP_CMGT0)
VS2_CMP0(FCMGE0, FP_CMGE0)
VS2_CMP0(FCMEQ0, FP_CMEQ0)
VS2_CMP0(FCMLE0, FP_CMLE0)
VS2_CMP0(FCMLT0, FP_CMLT0)
VS2(FCVTNS, FP_TO_INT, FP_AUX_INT(0, FLOAT_ROUND_TIE_EVEN, 0))
VS2(FCVTNU, FP_TO_INT, FP_AUX_INT(0, FLOAT_ROUND_TIE_EVEN, 1))
VS2(FCVTMS, FP_TO_INT, FP_AUX_INT(0, FLOAT_ROUND_DOWN, 0))
VS2(FCVTMU, FP_TO_INT, FP_AUX_INT(0, FLOAT_ROUND_DOWN, 1))
VS2(FCVTPS, FP_TO_INT, FP_AUX_INT(0, FLOAT_ROUND_UP, 0))
VS2(FCVTPU, FP_TO_INT, FP_AUX_INT(0, FLOAT_ROUND_UP, 1))
VS2(FCVTAS, FP_TO_INT, FP_AUX_INT(0, FLOAT_ROUND_TIE_AWAY, 0))
VS2(FCVTAU, FP_TO_INT, FP_AUX_INT(0, FLOAT_ROUND_TIE_AWAY, 1))
VS2(FCVTZS, FP_TO_INT, FP_AUX_INT(a->fbits, FLOAT_ROUND_ZERO, 0))
VS2(FCVTZU, FP_TO_INT, FP_AUX_INT(a->fbits, FLOAT_ROUND_ZERO, 1))
VS2(SCVTF, FP_FROM_INT, FP_AUX_INT(a->fbits, 0, 0))
VS2(UCVTF, FP_FROM_INT, FP_AUX_INT(a->fbits, 0, 1))

TcgVal a64_fp_sign(DisasContext *dc, TcgOpcode op, unsigned esz, TcgVal v)
{
    TcgVal rest = all_lanes(dc, esz, INT64_MAX, INT32_MAX, INT16_MAX);
    TcgVal sign = all_lanes(dc, esz, UINT64_C(1) << 63, UINT32_C(1) << 31, 1u << 15);
    TcgVal result = tcg_vec2(dc->g, op, 3, v, op == OP_vand ? rest : sign, 0);

    if (dc->key.fpcr_ah) {
        TcgVal infinity = all_lanes(dc, esz, UINT64_C(0x7ff) << 52, 0x7f800000, 0x7c00);
        TcgVal nan = tcg_vec2(dc->g, OP_vcmp, esz, tcg_vec2(dc->g, OP_vand, 3, v, rest, 0), infinity, COND_GT);

        result = tcg_vbitsel(dc->g, nan, v, result);
    }
    return result;
}

static bool sign_op(DisasContext *dc, const arg_FABS_v *a, TcgOpcode op)
{
    if (a->esz == 3 && !a->q) {
        return false;
    }
    if (a64_fp_access(dc)) {
        TcgVal v = a64_fp_sign(dc, op, a->esz, a64_get_v(dc, a->rn));

        if (a->q) {
            a64_set_v(dc, a->rd, v);
        } else {
            a64_set_v_low(dc, a->rd, v);
        }
    }
    return true;
}

bool trans_FABS_v(DisasContext *dc, const arg_FABS_v *a) { return sign_op(dc, a, OP_vand); }
bool trans_FNEG_v(DisasContext *dc, const arg_FNEG_v *a) { return sign_op(dc, a, OP_vxor); }

/* -- across lanes, scalar pairs ---------------------------------------------------------------------------------------- */

#define REDUCE(name, op) \
    bool trans_##name(DisasContext *dc, const arg_##name *a) \
    { \
        return a64_fp_lanes(dc, op, FP_REDUCE, a->esz, num_lanes(a->q, a->esz), 0, 0, a->rd, a->rn, a->rn, a->rn); \
    }
REDUCE(FMAXV, FP_MAX)
REDUCE(FMINV, FP_MIN)
REDUCE(FMAXNMV, FP_MAXNM)
REDUCE(FMINNMV, FP_MINNM)

#define PAIR(name, op) \
    bool trans_##name##_s(DisasContext *dc, const arg_##name##_s *a) \
    { \
        return a64_fp_lanes(dc, op, FP_PAIRS, a->esz, 1, 0, 0, a->rd, a->rn, a->rn, a->rn); \
    }
PAIR(FADDP, FP_ADD)
PAIR(FMAXP, FP_MAX)
PAIR(FMINP, FP_MIN)
PAIR(FMAXNMP, FP_MAXNM)
PAIR(FMINNMP, FP_MINNM)

/* -- lanes that change size ---------------------------------------------------------------------------------------------- */

static bool resize(DisasContext *dc, const TcgHelper *h, unsigned rd, unsigned rn, uint32_t desc)
{
    return a64_fp_call(dc, h, rd, rn, rn, rd, 1, &desc);
}

/* esz is that of the narrow lanes in the table; q names the upper half. */
bool trans_FCVTL_v(DisasContext *dc, const arg_FCVTL_v *a)
{
    if (a64_fp_inline_both(dc, a->esz, a->esz + 1)) {
        if (a64_fp_access(dc)) {
            TcgFp f = TCG_FP(TCG_FP_CVT, a->esz, a->esz + 1);
            TcgVal v = a64_get_v(dc, a->rn);

            v = a->q ? tcg_vec1(dc->g, OP_vdup_lane, 3, v, 1) : v;
            a64_set_v(dc, a->rd, tcg_fp(dc->g, &arm_helper_fp, f, v, TCG_NOVAL, TCG_NOVAL));
        }
        return true;
    }
    return resize(dc, &arm_helper_fcvtl, a->rd, a->rn, (a->esz + 1) | a->q << 4);
}

bool trans_FCVTN_v(DisasContext *dc, const arg_FCVTN_v *a)
{
    if (a64_fp_inline_both(dc, a->esz, a->esz + 1)) {
        if (a64_fp_access(dc)) {
            TcgFp f = TCG_FP(TCG_FP_CVT, a->esz + 1, a->esz);
            TcgVal v = a64_get_v(dc, a->rn), d = a64_get_v(dc, a->rd);

            v = tcg_fp(dc->g, &arm_helper_fp, f, v, TCG_NOVAL, TCG_NOVAL);
            a64_set_v(dc, a->rd, a->q ? tcg_vec2(dc->g, OP_vzip1, 3, d, v, 0) : v);
        }
        return true;
    }
    return resize(dc, &arm_helper_fcvtn, a->rd, a->rn, (a->esz + 1) | a->q << 4);
}

bool trans_FCVTXN_v(DisasContext *dc, const arg_FCVTXN_v *a)
{
    return resize(dc, &arm_helper_fcvtxn, a->rd, a->rn, 3 | a->q << 4);
}

bool trans_FCVTXN_s(DisasContext *dc, const arg_FCVTXN_s *a)
{
    if (a64_fp_access(dc)) {
        TcgVal upper = a64_get_v(dc, a->rd);

        resize(dc, &arm_helper_fcvtxn, a->rd, a->rn, 3 | 1 << 5);
        a64_set_fp_merged(dc, 2, a->rd, a64_get_fp(dc, 2, a->rd), upper);
    }
    return true;
}

bool trans_BFCVTN_v(DisasContext *dc, const arg_BFCVTN_v *a)
{
    return resize(dc, &arm_helper_bfcvtn, a->rd, a->rn, 2 | a->q << 4);
}

bool trans_BFCVT(DisasContext *dc, const arg_BFCVT *a)
{
    if (a64_fp_access(dc)) {
        TcgVal upper = a64_get_v(dc, a->rd);
        TcgVal v = a64_call(dc, bfcvt, tcg_zext(dc->g, a64_get_fp(dc, 2, a->rn)));

        a64_set_fp_merged(dc, 1, a->rd, tcg_trunc(dc->g, v), upper);
    }
    return true;
}

/* -- wider sums, complex numbers --------------------------------------------------------------------------------------- */

static bool wide(DisasContext *dc, const TcgHelper *h, unsigned rd, unsigned rn, unsigned rm, uint32_t desc)
{
    return a64_fp_call(dc, h, rd, rn, rm, rd, 1, &desc);
}

enum { TOP = 1, SUBTRACT = 2, ELEMENT = 3, INDEX = 4 };

/* All of a vector, or its half, with zeros above: what is not there is to raise nothing, and to be nothing. */
static TcgVal low_half(DisasContext *dc, bool q, TcgVal v)
{
    return q ? v : tcg_vec1(dc->g, OP_vmovz, 3, v, 0);
}

/* The lower or the upper half of a vector's numbers of half precision, low and with zeros above. */
static TcgVal some_halves(DisasContext *dc, bool q, bool top, TcgVal v)
{
    if (q) {
        return top ? tcg_vec1(dc->g, OP_vdup_lane, 3, v, 1) : v;
    }
    return tcg_vec1(dc->g, OP_vmovz, 2, top ? tcg_vec1(dc->g, OP_vshr, 3, v, 32) : v, 0);
}

/* desc: what helper_fmlal takes. */
static bool fmlal(DisasContext *dc, unsigned rd, unsigned rn, unsigned rm, uint32_t desc)
{
    bool q = desc & 1, top = desc >> TOP & 1, element = desc >> ELEMENT & 1;
    TcgFp f = TCG_FP(desc >> SUBTRACT & 1 ? TCG_FP_MSUB : TCG_FP_MADD, 1, 2);

    if (!a64_fp_inline_both(dc, 1, 2)) {
        return wide(dc, &arm_helper_fmlal, rd, rn, rm, desc);
    }
    if (a64_fp_access(dc)) {
        TcgVal n = some_halves(dc, q, top, a64_get_v(dc, rn)), m = a64_get_v(dc, rm), d = low_half(dc, q, a64_get_v(dc, rd));

        m = element ? tcg_vec1(dc->g, OP_vdup_lane, 1, m, desc >> INDEX) : m;
        m = some_halves(dc, q, top && !element, m);
        a64_set_v(dc, rd, low_half(dc, q, tcg_fp(dc->g, &arm_helper_fp, f, n, m, d)));
    }
    return true;
}

bool trans_FMLAL_v(DisasContext *dc, const arg_FMLAL_v *a)
{
    return fmlal(dc, a->rd, a->rn, a->rm, a->q | a->top << TOP);
}

bool trans_FMLSL_v(DisasContext *dc, const arg_FMLSL_v *a)
{
    return fmlal(dc, a->rd, a->rn, a->rm, a->q | a->top << TOP | 1 << SUBTRACT);
}

bool trans_FMLAL_ve(DisasContext *dc, const arg_FMLAL_ve *a)
{
    return fmlal(dc, a->rd, a->rn, a->rm, a->q | a->top << TOP | 1 << ELEMENT | a->index << INDEX);
}

bool trans_FMLSL_ve(DisasContext *dc, const arg_FMLSL_ve *a)
{
    return fmlal(dc, a->rd, a->rn, a->rm, a->q | a->top << TOP | 1 << SUBTRACT | 1 << ELEMENT | a->index << INDEX);
}

bool trans_BFDOT_v(DisasContext *dc, const arg_BFDOT_v *a)
{
    return wide(dc, &arm_helper_bfdot, a->rd, a->rn, a->rm, a->q);
}

bool trans_BFDOT_ve(DisasContext *dc, const arg_BFDOT_ve *a)
{
    return wide(dc, &arm_helper_bfdot, a->rd, a->rn, a->rm, a->q | 1 << ELEMENT | a->index << INDEX);
}

/* BFMLALB, BFMLALT: q names the odd lanes. */
bool trans_BFMLAL_v(DisasContext *dc, const arg_BFMLAL_v *a)
{
    return wide(dc, &arm_helper_bfmlal, a->rd, a->rn, a->rm, 1 | a->q << TOP);
}

bool trans_BFMLAL_ve(DisasContext *dc, const arg_BFMLAL_ve *a)
{
    return wide(dc, &arm_helper_bfmlal, a->rd, a->rn, a->rm, 1 | a->q << TOP | 1 << ELEMENT | a->index << INDEX);
}

bool trans_BFMMLA(DisasContext *dc, const arg_BFMMLA *a)
{
    return a64_fp_call(dc, &arm_helper_bfmmla, a->rd, a->rn, a->rm, a->rd, 0, NULL);
}

/* Real and imaginary parts, the other way round. */
static TcgVal swap_parts(DisasContext *dc, unsigned esz, TcgVal v)
{
    return esz == 3 ? tcg_vec2(dc->g, OP_vext, 0, v, v, 8) : tcg_vec1(dc->g, OP_vbyterev, esz, v, esz + 1);
}

/* Real (part 0) or imaginary parts, twice. */
static TcgVal both_parts(DisasContext *dc, unsigned esz, unsigned part, TcgVal v)
{
    unsigned bits = 8u << esz;

    if (esz == 3) {
        return tcg_vec1(dc->g, OP_vdup_lane, 3, v, part);
    }
    if (esz == 2 && tcg_has(dc->g, OP_vshuf, 2)) {
        return tcg_vec2(dc->g, OP_vshuf, 2, v, v, 0xa0 + 0x55 * part);
    }
    return tcg_vbitsel(dc->g, all_lanes(dc, esz + 1, UINT32_MAX, UINT16_MAX, 0),
                       part ? tcg_vec1(dc->g, OP_vshr, esz + 1, v, bits) : v,
                       part ? v : tcg_vec1(dc->g, OP_vshl, esz + 1, v, bits));
}

/* v with real parts, or imaginary ones, or both negated. */
static TcgVal negate_parts(DisasContext *dc, unsigned esz, bool real, bool imaginary, TcgVal v)
{
    uint64_t sign = UINT64_C(1) << ((8u << esz) - 1), even = real ? sign : 0, odd = imaginary ? sign : 0;

    if (esz < 3) {
        even |= odd << (8u << esz);
        even = esz == 2 ? even : even | even << 32;
        odd = even;
    }
    return even | odd ? tcg_vec2(dc->g, OP_vxor, 3, v, tcg_const_v(dc->g, even, odd), 0) : v;
}

/* m: Vm, or its element in all lanes. */
static void inline_fcmla(DisasContext *dc, unsigned esz, bool q, unsigned rot, unsigned rd, unsigned rn, TcgVal m)
{
    TcgVal x = both_parts(dc, esz, rot & 1, low_half(dc, q, a64_get_v(dc, rn))), d = low_half(dc, q, a64_get_v(dc, rd));

    m = rot & 1 ? swap_parts(dc, esz, low_half(dc, q, m)) : low_half(dc, q, m);
    m = negate_parts(dc, esz, rot == 1 || rot == 2, rot >= 2, m);
    a64_set_v(dc, rd, low_half(dc, q, tcg_fp(dc->g, &arm_helper_fp, TCG_FP(TCG_FP_MADD, esz, esz), x, m, d)));
}

bool trans_FCMLA_v(DisasContext *dc, const arg_FCMLA_v *a)
{
    if (a->esz == 0 || (a->esz == 3 && !a->q)) {
        return false;
    }
    if (a64_fp_inline(dc, a->esz)) {
        if (a64_fp_access(dc)) {
            inline_fcmla(dc, a->esz, a->q, a->rot, a->rd, a->rn, a64_get_v(dc, a->rm));
        }
        return true;
    }
    return wide(dc, &arm_helper_fcmla, a->rd, a->rn, a->rm, a->esz | num_lanes(a->q, a->esz) << 4 | a->rot << 12);
}

bool trans_FCADD_v(DisasContext *dc, const arg_FCADD_v *a)
{
    if (a->esz == 0 || (a->esz == 3 && !a->q)) {
        return false;
    }
    if (a64_fp_inline(dc, a->esz)) {
        if (a64_fp_access(dc)) {
            TcgVal m = swap_parts(dc, a->esz, low_half(dc, a->q, a64_get_v(dc, a->rm)));

            m = tcg_fp(dc->g, &arm_helper_fp, TCG_FP(TCG_FP_ADD, a->esz, a->esz), low_half(dc, a->q, a64_get_v(dc, a->rn)),
                       negate_parts(dc, a->esz, !a->rot, a->rot, m), TCG_NOVAL);
            a64_set_v(dc, a->rd, low_half(dc, a->q, m));
        }
        return true;
    }
    return wide(dc, &arm_helper_fcadd, a->rd, a->rn, a->rm, a->esz | num_lanes(a->q, a->esz) << 4 | a->rot << 12);
}

bool trans_FCMLA_ve(DisasContext *dc, const arg_FCMLA_ve *a)
{
    if (a64_fp_inline(dc, a->esz)) {
        if (a64_fp_access(dc)) {
            TcgVal m = tcg_vec1(dc->g, OP_vdup_lane, a->esz + 1, a64_get_v(dc, a->rm), a->index);

            inline_fcmla(dc, a->esz, a->q, a->rot, a->rd, a->rn, m);
        }
        return true;
    }
    return wide(dc, &arm_helper_fcmla, a->rd, a->rn, a->rm,
                a->esz | num_lanes(a->q, a->esz) << 4 | a->rot << 12 | 1 << 16 | a->index << 20);
}

/* -- by element --------------------------------------------------------------------------------------------------- */

#define ELEMENTS(name, op, aux, merge) \
    bool trans_##name##_ve(DisasContext *dc, const arg_##name##_ve *a) \
    { \
        return !(a->esz == 3 && !a->q) && \
               a64_fp_lanes(dc, op, FP_ELEMENT, a->esz, num_lanes(a->q, a->esz), a->index, aux, a->rd, a->rn, a->rm, a->rd); \
    } \
    bool trans_##name##_se(DisasContext *dc, const arg_##name##_se *a) \
    { \
        return a64_fp_scalar(dc, op, FP_ELEMENT, a->esz, a->index, aux, a->rd, a->rn, a->rm, a->rd, merge); \
    }
ELEMENTS(FMUL, FP_MUL, 0, a->rn)
ELEMENTS(FMULX, FP_MULX, 0, a->rn)
ELEMENTS(FMLA, FP_MULADD, 0, a->rd)
ELEMENTS(FMLS, FP_MULADD, FLOAT_NEG_PRODUCT, a->rd)
