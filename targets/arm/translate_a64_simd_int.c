/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A64: Advanced SIMD integer instructions (Arm DDI 0487, C4.1.96): which operation of translate_simd.h each
 * is, and how its operands are taken.
 */
#include "targets/arm/arm_a64_simd_int.trans.h"
#include "targets/arm/translate_simd.h"

/* -- forms ------------------------------------------------------------------------------------- */

/* Whole registers, and their low bytes with zeros above. */
#define V(field) a64_get_v(dc, a->field)
#define LOW(bytes, field) vec_get(dc, bytes, a->field)

/* Three vectors of a size. */
static void three(DisasContext *dc, const arg_ADD_v *a, VecFn *fn)
{
    vec_set(dc, vec_bytes(a->q), a->rd, fn(dc, a->esz, V(rd), V(rn), V(rm)));
}

static void logic(DisasContext *dc, const arg_AND_v *a, VecFn *fn)
{
    three(dc, &(arg_ADD_v){ .q = a->q, .rd = a->rd, .rn = a->rn, .rm = a->rm, .esz = 3 }, fn);
}

/* Saturating operations see zeros, which do not saturate, where the form has no lanes. */
static void three_sat(DisasContext *dc, const arg_ADD_v *a, VecFn *fn)
{
    unsigned bytes = vec_bytes(a->q);

    a64_set_v(dc, a->rd, fn(dc, a->esz, LOW(bytes, rd), LOW(bytes, rn), LOW(bytes, rm)));
}

static void three_scalar(DisasContext *dc, const arg_ADD_s *a, VecFn *fn)
{
    unsigned bytes = 1u << a->esz;

    vec_set(dc, bytes, a->rd, fn(dc, a->esz, LOW(bytes, rd), LOW(bytes, rn), LOW(bytes, rm)));
}

static void two(DisasContext *dc, const arg_ABS_v *a, VecFn *fn)
{
    vec_set(dc, vec_bytes(a->q), a->rd, fn(dc, a->esz, V(rd), V(rn), TCG_NOVAL));
}

static void two_sat(DisasContext *dc, const arg_ABS_v *a, VecFn *fn)
{
    unsigned bytes = vec_bytes(a->q);

    a64_set_v(dc, a->rd, fn(dc, a->esz, LOW(bytes, rd), LOW(bytes, rn), TCG_NOVAL));
}

static void two_scalar(DisasContext *dc, const arg_ABS_s *a, VecFn *fn)
{
    unsigned bytes = 1u << a->esz;

    vec_set(dc, bytes, a->rd, fn(dc, a->esz, LOW(bytes, rd), LOW(bytes, rn), TCG_NOVAL));
}

/* Bits alone, whatever the element. */
static void two_bits(DisasContext *dc, const arg_NOT_v *a, VecFn *fn)
{
    vec_set(dc, vec_bytes(a->q), a->rd, fn(dc, 0, TCG_NOVAL, V(rn), TCG_NOVAL));
}

/* Wide result; both operands, or only m, are the halves that q says of narrow vectors. */
static void three_long(DisasContext *dc, const arg_SADDL_v *a, bool sign, VecFn *fn)
{
    a64_set_v(dc, a->rd, fn(dc, a->esz + 1, V(rd), vec_widen(dc, a->esz, a->q, sign, V(rn)),
                            vec_widen(dc, a->esz, a->q, sign, V(rm))));
}

/* Differences without sign, which fit the narrow lanes. */
static void differences_long(DisasContext *dc, const arg_SADDL_v *a, VecFn *fn, bool accumulate)
{
    TcgVal v = vec_widen(dc, a->esz, a->q, false, fn(dc, a->esz, TCG_NOVAL, V(rn), V(rm)));

    a64_set_v(dc, a->rd, accumulate ? tcg_vec2(dc->g, OP_vadd, a->esz + 1, V(rd), v, 0) : v);
}

/* Products, added to or subtracted from the destination (op is OP_mov: neither). */
static void multiply_long(DisasContext *dc, const arg_SMULL_v *a, bool sign, TcgOpcode op)
{
    TcgVal v = vec_mull(dc, a->esz, a->q, sign, V(rn), V(rm));

    a64_set_v(dc, a->rd, op == OP_mov ? v : tcg_vec2(dc->g, op, a->esz + 1, V(rd), v, 0));
}

static void three_wide(DisasContext *dc, const arg_SADDL_v *a, bool sign, VecFn *fn)
{
    a64_set_v(dc, a->rd, fn(dc, a->esz + 1, TCG_NOVAL, V(rn), vec_widen(dc, a->esz, a->q, sign, V(rm))));
}

static void scalar_long(DisasContext *dc, const arg_ADD_s *a, VecFn *fn)
{
    unsigned bytes = 1u << a->esz;

    vec_set(dc, bytes * 2, a->rd, fn(dc, a->esz + 1, LOW(bytes * 2, rd),
                                     vec_widen(dc, a->esz, 0, true, LOW(bytes, rn)),
                                     vec_widen(dc, a->esz, 0, true, LOW(bytes, rm))));
}

/* The high halves of the wide result, perhaps rounded. */
static void three_narrow(DisasContext *dc, const arg_ADDHN_v *a, bool round, VecFn *fn)
{
    unsigned bits = 8u << a->esz;
    TcgVal v = fn(dc, a->esz + 1, TCG_NOVAL, V(rn), V(rm));

    vec_set_narrow(dc, a->q, a->rd, (round ? vec_rshrn : vec_shrn)(dc, a->esz, TCG_NOVAL, v, bits));
}

static void two_narrow(DisasContext *dc, const arg_SQXTN_v *a, VecFn *fn)
{
    vec_set_narrow(dc, a->q, a->rd, fn(dc, a->esz, TCG_NOVAL, V(rn), TCG_NOVAL));
}

static void scalar_narrow(DisasContext *dc, const arg_SQXTN_s *a, VecFn *fn)
{
    a64_set_v(dc, a->rd, fn(dc, a->esz, TCG_NOVAL, LOW(2u << a->esz, rn), TCG_NOVAL));
}

/* Neighbours of n and then of m. */
static void pairwise(DisasContext *dc, const arg_ADDP_v *a, VecFn *fn)
{
    TcgVal n = V(rn), m = V(rm);
    bool same = a->rn == a->rm && a->esz < 2;

    if (!a->q && !same) {
        n = m = vec_join(dc, n, m);
    }
    if (same) {
        /* even elements in the low half, odd ones in the high half, and the other way round */
        uint64_t even = a->esz ? UINT64_C(0x0d0c090805040100) : UINT64_C(0x0e0c0a0806040200);
        uint64_t odd = even + UINT64_C(0x0101010101010101) * (1u << a->esz);

        if (!a->q) {                            /* of the low half alone, twice */
            even = deposit64(even, 32, 32, even);
            odd = deposit64(odd, 32, 32, odd);
        }
        vec_set(dc, vec_bytes(a->q), a->rd,
                fn(dc, a->esz, TCG_NOVAL, tcg_vec2(dc->g, OP_vtbl, 0, n, tcg_const_v(dc->g, even, odd), 0),
                   tcg_vec2(dc->g, OP_vtbl, 0, n, tcg_const_v(dc->g, odd, even), 0)));
        return;
    }
    vec_set(dc, vec_bytes(a->q), a->rd, fn(dc, a->esz, TCG_NOVAL, tcg_vec2(dc->g, OP_vuzp1, a->esz, n, m, 0),
                                           tcg_vec2(dc->g, OP_vuzp2, a->esz, n, m, 0)));
}

/* An operation of its own for bytes: strings are looked for by it. */
static void umaxp(DisasContext *dc, const arg_ADDP_v *a)
{
    if (a->q && a->esz == 0) {
        vec_set(dc, 16, a->rd, tcg_vec2(dc->g, OP_vumaxp, 0, V(rn), V(rm), 0));
    } else {
        pairwise(dc, a, vec_umax);
    }
}

/* All lanes to one, by halves; v's lanes of 1 << es bytes. */
static void reduce(DisasContext *dc, unsigned q, unsigned es, unsigned rd, TcgVal v, VecFn *fn)
{
    for (unsigned step = q ? 8 : 4; step >= 1u << es; step /= 2) {
        v = fn(dc, es, TCG_NOVAL, v, tcg_vec2(dc->g, OP_vext, 0, v, v, step));
    }
    vec_set(dc, 1u << es, rd, v);
}

static void across(DisasContext *dc, const arg_ADDV *a, VecFn *fn)
{
    reduce(dc, a->q, a->esz, a->rd, V(rn), fn);
}

/* The sum's low bits to a register. */
static void set_sum(DisasContext *dc, unsigned rd, TcgVal sum, unsigned bits)
{
    a64_set_v(dc, rd, tcg_vec1(dc->g, OP_vfrom, 2, tcg_extract(dc->g, TCG_I32, sum, 0, bits), 0));
}

static void add_across(DisasContext *dc, const arg_ADDV *a)
{
    if (a->esz == 0) {
        set_sum(dc, a->rd, vec_sum_bytes(dc, a->q, false, V(rn)), 8);
    } else {
        across(dc, a, vec_add);
    }
}

static void across_long(DisasContext *dc, const arg_SADDLV *a, VecFn *pairs)
{
    if (a->esz == 0) {
        set_sum(dc, a->rd, vec_sum_bytes(dc, a->q, pairs == vec_saddlp, V(rn)), 16);
        return;
    }
    reduce(dc, a->q, a->esz + 1, a->rd, pairs(dc, a->esz, TCG_NOVAL, V(rn), TCG_NOVAL), vec_add);
}

static void dot(DisasContext *dc, const arg_SDOT_v *a, VecFn *fn)
{
    three(dc, &(arg_ADD_v){ .q = a->q, .rd = a->rd, .rn = a->rn, .rm = a->rm, .esz = 2 }, fn);
}

static void mmla(DisasContext *dc, const arg_SMMLA *a, VecFn *fn)
{
    three(dc, &(arg_ADD_v){ .q = 1, .rd = a->rd, .rn = a->rn, .rm = a->rm, .esz = 2 }, fn);
}

static void polynomial_long(DisasContext *dc, const arg_PMULL_v *a)
{
    if (a->esz == 0) {
        a64_set_v(dc, a->rd, vec_pmull(dc, a->q, V(rn), V(rm)));
        return;
    }
    if (tcg_has(dc->g, OP_vclmul, 3)) {
        a64_set_v(dc, a->rd, tcg_vec2(dc->g, OP_vclmul, 3, V(rn), V(rm), a->q ? 0x11 : 0));
        return;
    }
    a64_set_v(dc, a->rd, a64_call(dc, pmull64, vec_high(dc, a->q, V(rn)), vec_high(dc, a->q, V(rm))));
}

static void shift_long(DisasContext *dc, const arg_SHLL_v *a)
{
    TcgVal v = V(rn);

    a64_set_v(dc, a->rd, tcg_vec2(dc->g, a->q ? OP_vzip2 : OP_vzip1, a->esz, tcg_const_v(dc->g, 0, 0), v, 0));
}

static void add_pair(DisasContext *dc, const arg_ADDP_s *a)
{
    TcgVal v = V(rn);

    a64_set_fp(dc, 3, a->rd, tcg_add(dc->g, TCG_I64, tcg_vget(dc->g, 3, v, 0), tcg_vget(dc->g, 3, v, 1)));
}

/* -- three registers --------------------------------------------------------------------------- */

TRANS(AND_v, logic(dc, a, vec_and))
TRANS(BIC_v, logic(dc, a, vec_bic))
TRANS(ORR_v, logic(dc, a, vec_orr))
TRANS(ORN_v, logic(dc, a, vec_orn))
TRANS(EOR_v, logic(dc, a, vec_eor))
TRANS(BSL_v, logic(dc, a, vec_bsl))
TRANS(BIT_v, logic(dc, a, vec_bit))
TRANS(BIF_v, logic(dc, a, vec_bif))
TRANS(ADD_v, three(dc, a, vec_add))
TRANS(ADD_s, three_scalar(dc, a, vec_add))
TRANS(SUB_v, three(dc, a, vec_sub))
TRANS(SUB_s, three_scalar(dc, a, vec_sub))
TRANS(CMEQ_v, three(dc, a, vec_cmeq))
TRANS(CMEQ_s, three_scalar(dc, a, vec_cmeq))
TRANS(CMGT_v, three(dc, a, vec_cmgt))
TRANS(CMGT_s, three_scalar(dc, a, vec_cmgt))
TRANS(CMGE_v, three(dc, a, vec_cmge))
TRANS(CMGE_s, three_scalar(dc, a, vec_cmge))
TRANS(CMHI_v, three(dc, a, vec_cmhi))
TRANS(CMHI_s, three_scalar(dc, a, vec_cmhi))
TRANS(CMHS_v, three(dc, a, vec_cmhs))
TRANS(CMHS_s, three_scalar(dc, a, vec_cmhs))
TRANS(CMTST_v, three(dc, a, vec_cmtst))
TRANS(CMTST_s, three_scalar(dc, a, vec_cmtst))
TRANS(SMAX_v, three(dc, a, vec_smax))
TRANS(SMIN_v, three(dc, a, vec_smin))
TRANS(UMAX_v, three(dc, a, vec_umax))
TRANS(UMIN_v, three(dc, a, vec_umin))
TRANS(SABD_v, three(dc, a, vec_sabd))
TRANS(UABD_v, three(dc, a, vec_uabd))
TRANS(SABA_v, three(dc, a, vec_saba))
TRANS(UABA_v, three(dc, a, vec_uaba))
TRANS(MUL_v, three(dc, a, vec_mul))
TRANS(MLA_v, three(dc, a, vec_mla))
TRANS(MLS_v, three(dc, a, vec_mls))
TRANS(PMUL_v, three(dc, a, vec_pmul))
TRANS(SHADD_v, three(dc, a, vec_shadd))
TRANS(UHADD_v, three(dc, a, vec_uhadd))
TRANS(SRHADD_v, three(dc, a, vec_srhadd))
TRANS(URHADD_v, three(dc, a, vec_urhadd))
TRANS(SHSUB_v, three(dc, a, vec_shsub))
TRANS(UHSUB_v, three(dc, a, vec_uhsub))
TRANS(SSHL_v, three(dc, a, vec_sshl))
TRANS(SSHL_s, three_scalar(dc, a, vec_sshl))
TRANS(USHL_v, three(dc, a, vec_ushl))
TRANS(USHL_s, three_scalar(dc, a, vec_ushl))
TRANS(SRSHL_v, three(dc, a, vec_srshl))
TRANS(SRSHL_s, three_scalar(dc, a, vec_srshl))
TRANS(URSHL_v, three(dc, a, vec_urshl))
TRANS(URSHL_s, three_scalar(dc, a, vec_urshl))
TRANS(SQADD_v, three_sat(dc, a, vec_sqadd))
TRANS(SQADD_s, three_scalar(dc, a, vec_sqadd))
TRANS(UQADD_v, three_sat(dc, a, vec_uqadd))
TRANS(UQADD_s, three_scalar(dc, a, vec_uqadd))
TRANS(SQSUB_v, three_sat(dc, a, vec_sqsub))
TRANS(SQSUB_s, three_scalar(dc, a, vec_sqsub))
TRANS(UQSUB_v, three_sat(dc, a, vec_uqsub))
TRANS(UQSUB_s, three_scalar(dc, a, vec_uqsub))
TRANS(SQSHL_v, three_sat(dc, a, vec_sqshl))
TRANS(SQSHL_s, three_scalar(dc, a, vec_sqshl))
TRANS(UQSHL_v, three_sat(dc, a, vec_uqshl))
TRANS(UQSHL_s, three_scalar(dc, a, vec_uqshl))
TRANS(SQRSHL_v, three_sat(dc, a, vec_sqrshl))
TRANS(SQRSHL_s, three_scalar(dc, a, vec_sqrshl))
TRANS(UQRSHL_v, three_sat(dc, a, vec_uqrshl))
TRANS(UQRSHL_s, three_scalar(dc, a, vec_uqrshl))
TRANS(SQDMULH_v, three_sat(dc, a, vec_sqdmulh))
TRANS(SQDMULH_s, three_scalar(dc, a, vec_sqdmulh))
TRANS(SQRDMULH_v, three_sat(dc, a, vec_sqrdmulh))
TRANS(SQRDMULH_s, three_scalar(dc, a, vec_sqrdmulh))
TRANS(SQRDMLAH_v, three_sat(dc, a, vec_sqrdmlah))
TRANS(SQRDMLAH_s, three_scalar(dc, a, vec_sqrdmlah))
TRANS(SQRDMLSH_v, three_sat(dc, a, vec_sqrdmlsh))
TRANS(SQRDMLSH_s, three_scalar(dc, a, vec_sqrdmlsh))
TRANS(SDOT_v, dot(dc, a, vec_sdot))
TRANS(UDOT_v, dot(dc, a, vec_udot))
TRANS(USDOT_v, dot(dc, a, vec_usdot))
TRANS(SMMLA, mmla(dc, a, vec_smmla))
TRANS(UMMLA, mmla(dc, a, vec_ummla))
TRANS(USMMLA, mmla(dc, a, vec_usmmla))

/* Pairs */
TRANS(ADDP_v, pairwise(dc, a, vec_add))
TRANS(ADDP_s, add_pair(dc, a))
TRANS(SMAXP_v, pairwise(dc, a, vec_smax))
TRANS(SMINP_v, pairwise(dc, a, vec_smin))
TRANS(UMAXP_v, umaxp(dc, a))
TRANS(UMINP_v, pairwise(dc, a, vec_umin))

/* Of different sizes */
TRANS(SADDL_v, three_long(dc, a, true, vec_add))
TRANS(UADDL_v, three_long(dc, a, false, vec_add))
TRANS(SSUBL_v, three_long(dc, a, true, vec_sub))
TRANS(USUBL_v, three_long(dc, a, false, vec_sub))
TRANS(SADDW_v, three_wide(dc, a, true, vec_add))
TRANS(UADDW_v, three_wide(dc, a, false, vec_add))
TRANS(SSUBW_v, three_wide(dc, a, true, vec_sub))
TRANS(USUBW_v, three_wide(dc, a, false, vec_sub))
TRANS(SABDL_v, differences_long(dc, a, vec_sabd, false))
TRANS(UABDL_v, differences_long(dc, a, vec_uabd, false))
TRANS(SABAL_v, differences_long(dc, a, vec_sabd, true))
TRANS(UABAL_v, differences_long(dc, a, vec_uabd, true))
TRANS(SMULL_v, multiply_long(dc, a, true, OP_mov))
TRANS(UMULL_v, multiply_long(dc, a, false, OP_mov))
TRANS(SMLAL_v, multiply_long(dc, a, true, OP_vadd))
TRANS(UMLAL_v, multiply_long(dc, a, false, OP_vadd))
TRANS(SMLSL_v, multiply_long(dc, a, true, OP_vsub))
TRANS(UMLSL_v, multiply_long(dc, a, false, OP_vsub))
TRANS(SQDMULL_v, three_long(dc, a, true, vec_sqdmull))
TRANS(SQDMULL_s, scalar_long(dc, a, vec_sqdmull))
TRANS(SQDMLAL_v, three_long(dc, a, true, vec_sqdmlal))
TRANS(SQDMLAL_s, scalar_long(dc, a, vec_sqdmlal))
TRANS(SQDMLSL_v, three_long(dc, a, true, vec_sqdmlsl))
TRANS(SQDMLSL_s, scalar_long(dc, a, vec_sqdmlsl))
TRANS(PMULL_v, polynomial_long(dc, a))
TRANS(ADDHN_v, three_narrow(dc, a, false, vec_add))
TRANS(RADDHN_v, three_narrow(dc, a, true, vec_add))
TRANS(SUBHN_v, three_narrow(dc, a, false, vec_sub))
TRANS(RSUBHN_v, three_narrow(dc, a, true, vec_sub))

/* -- two registers ----------------------------------------------------------------------------- */

TRANS(REV16_v, two(dc, a, vec_rev16))
TRANS(REV32_v, two(dc, a, vec_rev32))
TRANS(REV64_v, two(dc, a, vec_rev64))
TRANS(CLS_v, two(dc, a, vec_cls))
TRANS(CLZ_v, two(dc, a, vec_clz))
TRANS(CNT_v, two(dc, a, vec_cnt))
TRANS(NOT_v, two_bits(dc, a, vec_not))
TRANS(RBIT_v, two_bits(dc, a, vec_rbit))
TRANS(CMGT0_v, two(dc, a, vec_cmgt0))
TRANS(CMGT0_s, two_scalar(dc, a, vec_cmgt0))
TRANS(CMGE0_v, two(dc, a, vec_cmge0))
TRANS(CMGE0_s, two_scalar(dc, a, vec_cmge0))
TRANS(CMEQ0_v, two(dc, a, vec_cmeq0))
TRANS(CMEQ0_s, two_scalar(dc, a, vec_cmeq0))
TRANS(CMLE0_v, two(dc, a, vec_cmle0))
TRANS(CMLE0_s, two_scalar(dc, a, vec_cmle0))
TRANS(CMLT0_v, two(dc, a, vec_cmlt0))
TRANS(CMLT0_s, two_scalar(dc, a, vec_cmlt0))
TRANS(ABS_v, two(dc, a, vec_abs))
TRANS(ABS_s, two_scalar(dc, a, vec_abs))
TRANS(NEG_v, two(dc, a, vec_neg))
TRANS(NEG_s, two_scalar(dc, a, vec_neg))
TRANS(SUQADD_v, two_sat(dc, a, vec_suqadd))
TRANS(SUQADD_s, two_scalar(dc, a, vec_suqadd))
TRANS(USQADD_v, two_sat(dc, a, vec_usqadd))
TRANS(USQADD_s, two_scalar(dc, a, vec_usqadd))
TRANS(SQABS_v, two_sat(dc, a, vec_sqabs))
TRANS(SQABS_s, two_scalar(dc, a, vec_sqabs))
TRANS(SQNEG_v, two_sat(dc, a, vec_sqneg))
TRANS(SQNEG_s, two_scalar(dc, a, vec_sqneg))
TRANS(URECPE_v, two(dc, a, vec_urecpe))
TRANS(URSQRTE_v, two(dc, a, vec_ursqrte))
TRANS(SADDLP_v, two(dc, a, vec_saddlp))
TRANS(UADDLP_v, two(dc, a, vec_uaddlp))
TRANS(SADALP_v, two(dc, a, vec_sadalp))
TRANS(UADALP_v, two(dc, a, vec_uadalp))
TRANS(SHLL_v, shift_long(dc, a))
TRANS(XTN_v, vec_set_narrow(dc, a->q, a->rd, vec_narrow(dc, a->esz, V(rn))))
TRANS(SQXTN_v, two_narrow(dc, a, vec_sqxtn))
TRANS(SQXTN_s, scalar_narrow(dc, a, vec_sqxtn))
TRANS(UQXTN_v, two_narrow(dc, a, vec_uqxtn))
TRANS(UQXTN_s, scalar_narrow(dc, a, vec_uqxtn))
TRANS(SQXTUN_v, two_narrow(dc, a, vec_sqxtun))
TRANS(SQXTUN_s, scalar_narrow(dc, a, vec_sqxtun))

/* -- across lanes ------------------------------------------------------------------------------ */

TRANS(ADDV, add_across(dc, a))
TRANS(SMAXV, across(dc, a, vec_smax))
TRANS(SMINV, across(dc, a, vec_smin))
TRANS(UMAXV, across(dc, a, vec_umax))
TRANS(UMINV, across(dc, a, vec_umin))
TRANS(SADDLV, across_long(dc, a, vec_saddlp))
TRANS(UADDLV, across_long(dc, a, vec_uaddlp))
