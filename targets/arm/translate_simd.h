/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Advanced SIMD on values: what instructions compute, for every form in which they come (vectors, scalars,
 * by element, by immediate). Values are V128; `es` is log2 of an element's bytes. All lanes are computed;
 * the caller keeps what the form has. A vec_ function of a long or narrow operation works on the wide
 * elements, which the caller widens.
 */
#ifndef TARGETS_ARM_TRANSLATE_SIMD_H
#define TARGETS_ARM_TRANSLATE_SIMD_H

#include "targets/arm/translate.h"

/* d: the destination's old value, for those that accumulate or insert. One-operand operations ignore m. */
typedef TcgVal VecFn(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, TcgVal m);
/* Shifts by immediate. */
typedef TcgVal VecShiftFn(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, unsigned shift);

/* The translator of NAME: the statements run if FP and SIMD are enabled. */
#define TRANS(NAME, ...) \
    bool trans_##NAME(DisasContext *dc, const arg_##NAME *a) \
    { \
        if (a64_fp_access(dc)) { \
            __VA_ARGS__; \
        } \
        return true; \
    }

/* The low `bytes` bytes (1, 2, 4, 8, 16) of a register, zeros above. */
TcgVal vec_get(DisasContext *dc, unsigned bytes, unsigned n);
/* Writes the low `bytes` bytes, zeros above. */
void vec_set(DisasContext *dc, unsigned bytes, unsigned n, TcgVal v);
static inline unsigned vec_bytes(unsigned q)
{
    return q ? 16 : 8;
}
/*
 * Writes a narrowed result, which is in v's low half: to the low half, or with q to the high half, keeping
 * the low.
 */
void vec_set_narrow(DisasContext *dc, unsigned q, unsigned n, TcgVal v);

TcgVal vec_const(DisasContext *dc, unsigned es, uint64_t lane);          /* to every lane */
/* The low half's elements, or with q the high half's, at twice their size. */
TcgVal vec_widen(DisasContext *dc, unsigned es, unsigned q, bool sign, TcgVal v);
/*
 * The low halves of the wide elements (2 << es bytes), in the low half; what is in the high half does not
 * matter.
 */
TcgVal vec_narrow(DisasContext *dc, unsigned es, TcgVal v);
/* The low halves of two registers in one. */
TcgVal vec_join(DisasContext *dc, TcgVal lo, TcgVal hi);
/* The high half in the low half. */
TcgVal vec_high(DisasContext *dc, unsigned q, TcgVal v);

/*
 * Products of the low half's elements, or with q the high half's, of 1 << es bytes, at twice their size.
 */
TcgVal vec_mull(DisasContext *dc, unsigned es, unsigned q, bool sign, TcgVal n, TcgVal m);

/* The sum of the low half's bytes, or with q of all, as an i32. */
TcgVal vec_sum_bytes(DisasContext *dc, unsigned q, bool sign, TcgVal n);
/* Products of polynomials over {0, 1}: of the low half's bytes, or with q the high half's. */
TcgVal vec_pmull(DisasContext *dc, unsigned q, TcgVal n, TcgVal m);

VecFn vec_add, vec_sub, vec_mul, vec_mla, vec_mls, vec_smax, vec_smin, vec_umax, vec_umin;
VecFn vec_and, vec_bic, vec_orr, vec_orn, vec_eor, vec_bsl, vec_bit, vec_bif, vec_not;
VecFn vec_cmeq, vec_cmgt, vec_cmge, vec_cmhi, vec_cmhs, vec_cmtst;
VecFn vec_cmeq0, vec_cmgt0, vec_cmge0, vec_cmle0, vec_cmlt0;
VecFn vec_abs, vec_neg, vec_sabd, vec_uabd, vec_saba, vec_uaba;
VecFn vec_shadd, vec_uhadd, vec_srhadd, vec_urhadd, vec_shsub, vec_uhsub;
VecFn vec_saddlp, vec_uaddlp, vec_sadalp, vec_uadalp;
VecFn vec_clz, vec_cls, vec_cnt, vec_rbit, vec_rev16, vec_rev32, vec_rev64, vec_urecpe, vec_ursqrte;
VecFn vec_sshl, vec_ushl, vec_srshl, vec_urshl, vec_pmul;
/* saturating: FPSR.QC */
VecFn vec_sqadd, vec_uqadd, vec_sqsub, vec_uqsub, vec_suqadd, vec_usqadd, vec_sqabs, vec_sqneg;
VecFn vec_sqshl, vec_uqshl, vec_sqrshl, vec_uqrshl;
VecFn vec_sqdmulh, vec_sqrdmulh, vec_sqrdmlah, vec_sqrdmlsh;
/* long: es and the operands are of the wide elements */
VecFn vec_sqdmull, vec_sqdmlal, vec_sqdmlsl;
/* narrowing, saturating: es is of the narrow elements; the result is in the low half */
VecFn vec_sqxtn, vec_uqxtn, vec_sqxtun;
/* sums of products into 32-bit lanes; usdot and usmmla: n unsigned, m signed */
VecFn vec_sdot, vec_udot, vec_usdot, vec_smmla, vec_ummla, vec_usmmla;

VecShiftFn vec_shl, vec_sshr, vec_ushr, vec_srshr, vec_urshr, vec_ssra, vec_usra, vec_srsra, vec_ursra;
VecShiftFn vec_sli, vec_sri;
VecShiftFn vec_sqshl_i, vec_uqshl_i, vec_sqshlu_i;
/* narrowing: es is of the narrow elements; the result is in the low half */
VecShiftFn vec_shrn, vec_rshrn, vec_sqshrn, vec_sqrshrn, vec_uqshrn, vec_uqrshrn, vec_sqshrun, vec_sqrshrun;

#endif
