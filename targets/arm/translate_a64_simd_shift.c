/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A64: Advanced SIMD shifts by immediate (Arm DDI 0487, C4.1.96): which operation of translate_simd.h each
 * is.
 */
#include "targets/arm/arm_a64_simd_shift.trans.h"
#include "targets/arm/translate_simd.h"

/* -- forms ------------------------------------------------------------------------------------- */

static void vector(DisasContext *dc, const arg_SSHR_vi *a, VecShiftFn *fn)
{
    vec_set(dc, vec_bytes(a->q), a->rd, fn(dc, a->esz, a64_get_v(dc, a->rd), a64_get_v(dc, a->rn), a->shift));
}

/* Saturating operations see zeros, which do not saturate, where the form has no lanes. */
static void vector_sat(DisasContext *dc, const arg_SSHR_vi *a, VecShiftFn *fn)
{
    a64_set_v(dc, a->rd, fn(dc, a->esz, TCG_NOVAL, vec_get(dc, vec_bytes(a->q), a->rn), a->shift));
}

static void scalar(DisasContext *dc, const arg_SSHR_si *a, VecShiftFn *fn)
{
    unsigned bytes = 1u << a->esz;

    vec_set(dc, bytes, a->rd, fn(dc, a->esz, a64_get_v(dc, a->rd), vec_get(dc, bytes, a->rn), a->shift));
}

static void narrow(DisasContext *dc, const arg_SHRN_vi *a, VecShiftFn *fn)
{
    vec_set_narrow(dc, a->q, a->rd, fn(dc, a->esz, TCG_NOVAL, a64_get_v(dc, a->rn), a->shift));
}

static void scalar_narrow(DisasContext *dc, const arg_SQSHRN_si *a, VecShiftFn *fn)
{
    a64_set_v(dc, a->rd, fn(dc, a->esz, TCG_NOVAL, vec_get(dc, 2u << a->esz, a->rn), a->shift));
}

static void widen(DisasContext *dc, const arg_SSHLL_vi *a, bool sign)
{
    TcgVal v = vec_widen(dc, a->esz, a->q, sign, a64_get_v(dc, a->rn));

    a64_set_v(dc, a->rd, vec_shl(dc, a->esz + 1, TCG_NOVAL, v, a->shift));
}

/* -- instructions ------------------------------------------------------------------------------ */

TRANS(SHL_vi, vector(dc, a, vec_shl))
TRANS(SHL_si, scalar(dc, a, vec_shl))
TRANS(SSHR_vi, vector(dc, a, vec_sshr))
TRANS(SSHR_si, scalar(dc, a, vec_sshr))
TRANS(USHR_vi, vector(dc, a, vec_ushr))
TRANS(USHR_si, scalar(dc, a, vec_ushr))
TRANS(SSRA_vi, vector(dc, a, vec_ssra))
TRANS(SSRA_si, scalar(dc, a, vec_ssra))
TRANS(USRA_vi, vector(dc, a, vec_usra))
TRANS(USRA_si, scalar(dc, a, vec_usra))
TRANS(SRSHR_vi, vector(dc, a, vec_srshr))
TRANS(SRSHR_si, scalar(dc, a, vec_srshr))
TRANS(URSHR_vi, vector(dc, a, vec_urshr))
TRANS(URSHR_si, scalar(dc, a, vec_urshr))
TRANS(SRSRA_vi, vector(dc, a, vec_srsra))
TRANS(SRSRA_si, scalar(dc, a, vec_srsra))
TRANS(URSRA_vi, vector(dc, a, vec_ursra))
TRANS(URSRA_si, scalar(dc, a, vec_ursra))
TRANS(SLI_vi, vector(dc, a, vec_sli))
TRANS(SLI_si, scalar(dc, a, vec_sli))
TRANS(SRI_vi, vector(dc, a, vec_sri))
TRANS(SRI_si, scalar(dc, a, vec_sri))
TRANS(SQSHL_vi, vector_sat(dc, a, vec_sqshl_i))
TRANS(SQSHL_si, scalar(dc, a, vec_sqshl_i))
TRANS(UQSHL_vi, vector_sat(dc, a, vec_uqshl_i))
TRANS(UQSHL_si, scalar(dc, a, vec_uqshl_i))
TRANS(SQSHLU_vi, vector_sat(dc, a, vec_sqshlu_i))
TRANS(SQSHLU_si, scalar(dc, a, vec_sqshlu_i))
TRANS(SSHLL_vi, widen(dc, a, true))
TRANS(USHLL_vi, widen(dc, a, false))
TRANS(SHRN_vi, narrow(dc, a, vec_shrn))
TRANS(RSHRN_vi, narrow(dc, a, vec_rshrn))
TRANS(SQSHRN_vi, narrow(dc, a, vec_sqshrn))
TRANS(SQSHRN_si, scalar_narrow(dc, a, vec_sqshrn))
TRANS(SQRSHRN_vi, narrow(dc, a, vec_sqrshrn))
TRANS(SQRSHRN_si, scalar_narrow(dc, a, vec_sqrshrn))
TRANS(UQSHRN_vi, narrow(dc, a, vec_uqshrn))
TRANS(UQSHRN_si, scalar_narrow(dc, a, vec_uqshrn))
TRANS(UQRSHRN_vi, narrow(dc, a, vec_uqrshrn))
TRANS(UQRSHRN_si, scalar_narrow(dc, a, vec_uqrshrn))
TRANS(SQSHRUN_vi, narrow(dc, a, vec_sqshrun))
TRANS(SQSHRUN_si, scalar_narrow(dc, a, vec_sqshrun))
TRANS(SQRSHRUN_vi, narrow(dc, a, vec_sqrshrun))
TRANS(SQRSHRUN_si, scalar_narrow(dc, a, vec_sqrshrun))
