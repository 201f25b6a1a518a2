/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations that translators ask of helper_m_fp2 and helper_m_fp3. */
#ifndef TARGETS_ARM_M_FP_H
#define TARGETS_ARM_M_FP_H

/* Of a and b; SQRT and what follows it of a alone. TO_F..: from the precision that dp names. */
#define M_FP_OPS2(X) \
    X(ADD) X(SUB) X(MUL) X(NMUL) X(DIV) X(MAXNM) X(MINNM) X(SQRT) X(RINT) X(TO_INT) X(FROM_INT) X(TO_F32) X(TO_F64) \
    X(TO_F16) X(FROM_F16) X(TO_FIXED) X(FROM_FIXED)
/* Of a, b and the accumulator c: not fused, fused. N..: the product is negated; ..N: the accumulator. */
#define M_FP_OPS3(X) X(MLA) X(MLS) X(NMLA) X(NMLS) X(FMA) X(FMS) X(FNMA) X(FNMS)
typedef enum MFpOp {
#define X(name) M_FP_##name,
    M_FP_OPS2(X)
    M_FP_OPS3(X)
#undef X
} MFpOp;

#define M_FP_DESC(op, dp, aux) ((op) | (dp) << 8 | (uint32_t)(aux) << 12)
/*
 * aux of RINT: rounding (M_FP_CURRENT: FPSCR's) | exact << 4; of the conversions: rounding | unsigned << 4 | fbits << 5 |
 * word << 11.
 */
enum { M_FP_CURRENT = 15, M_FP_EXACT = 1 << 4, M_FP_UNSIGNED = 1 << 4 };
#define M_FP_AUX_FIXED(fbits, uns, word) ((fbits) << 5 | (uns) << 4 | (word) << 11)

#endif
