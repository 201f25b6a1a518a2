/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: scalar floating point (Arm DDI 0487, C4.1.96). Arithmetic is by helpers that know FPCR (helper_fp.c). */
#include "targets/arm/arm_a64_fp.trans.h"
#include "targets/arm/fp.h"
#include "targets/arm/translate.h"
#include "targets/arm/translate_fp.h"

/* -- moves and signs ----------------------------------------------------------------------------------------------- */

bool trans_FMOV_s(DisasContext *dc, const arg_FMOV_s *a)
{
    if (a64_fp_access(dc)) {
        a64_set_fp(dc, a->esz, a->rd, a64_get_fp(dc, a->esz, a->rn));
    }
    return true;
}

static bool sign_op(DisasContext *dc, const arg_FABS_s *a, TcgOpcode op)
{
    if (a64_fp_access(dc)) {
        TcgVal upper = a64_get_v(dc, a->rd), v = a64_fp_sign(dc, op, a->esz, a64_get_v(dc, a->rn));

        a64_set_fp_merged(dc, a->esz, a->rd, tcg_vget(dc->g, a->esz, v, 0), upper);
    }
    return true;
}

bool trans_FABS_s(DisasContext *dc, const arg_FABS_s *a) { return sign_op(dc, a, OP_vand); }
bool trans_FNEG_s(DisasContext *dc, const arg_FNEG_s *a) { return sign_op(dc, a, OP_vxor); }

static TcgType fp_type(unsigned esz)
{
    return esz == 3 ? TCG_I64 : TCG_I32;
}

/* VFPExpandImm(). */
static uint64_t expand_imm(unsigned esz, unsigned imm)
{
    static const uint8_t exp_bits[4] = { 0, 5, 8, 11 };
    unsigned bits = 8u << esz, e = exp_bits[esz], f = bits - e - 1;
    uint64_t exp = (uint64_t)!(imm >> 6 & 1) << (e - 1) | (imm >> 6 & 1 ? mask64(2, e - 3) : 0) | (imm >> 4 & 3);

    return (uint64_t)(imm >> 7) << (bits - 1) | exp << f | (uint64_t)(imm & 15) << (f - 4);
}

bool trans_FMOV_si(DisasContext *dc, const arg_FMOV_si *a)
{
    if (a64_fp_access(dc)) {
        a64_set_fp(dc, a->esz, a->rd, tcg_const(dc->g, fp_type(a->esz), expand_imm(a->esz, a->imm)));
    }
    return true;
}

/* Between general and FP registers, as bits. hi: the upper half of a Q register. */
bool trans_FMOV_gs(DisasContext *dc, const arg_FMOV_gs *a)
{
    if (a64_fp_access(dc)) {
        a64_set(dc, a->rd, tcg_vget(dc->g, a->esz, a64_get_v(dc, a->rn), a->hi));
    }
    return true;
}

bool trans_FMOV_sg(DisasContext *dc, const arg_FMOV_sg *a)
{
    if (a64_fp_access(dc)) {
        if (a->hi) {
            a64_set_v(dc, a->rd, tcg_vec2(dc->g, OP_vset, 3, a64_get_v(dc, a->rd), a64_get(dc, 1, a->rn), 1));
        } else {
            a64_set_fp(dc, a->esz, a->rd, a64_get(dc, a->esz == 3, a->rn));
        }
    }
    return true;
}

/* -- arithmetic ------------------------------------------------------------------------------------------------------ */

static bool scalar1(DisasContext *dc, const arg_FSQRT_s *a, FpOp op, unsigned aux)
{
    return a64_fp_scalar(dc, op, FP_LANES, a->esz, 0, aux, a->rd, a->rn, a->rn, a->rn, a->rd);
}

static bool scalar2(DisasContext *dc, const arg_FADD_s *a, FpOp op)
{
    return a64_fp_scalar(dc, op, FP_LANES, a->esz, 0, 0, a->rd, a->rn, a->rm, a->rn, a->rn);
}

static bool scalar3(DisasContext *dc, const arg_FMADD_s *a, unsigned mods)
{
    return a64_fp_scalar(dc, FP_MULADD, FP_LANES, a->esz, 0, mods, a->rd, a->rn, a->rm, a->ra, a->ra);
}

enum { EXACT = 1 << 3, CURRENT = 1 << 4 };
bool trans_FSQRT_s(DisasContext *dc, const arg_FSQRT_s *a) { return scalar1(dc, a, FP_SQRT, 0); }
bool trans_FRINTN_s(DisasContext *dc, const arg_FRINTN_s *a) { return scalar1(dc, a, FP_RINT, FLOAT_ROUND_TIE_EVEN); }
bool trans_FRINTP_s(DisasContext *dc, const arg_FRINTP_s *a) { return scalar1(dc, a, FP_RINT, FLOAT_ROUND_UP); }
bool trans_FRINTM_s(DisasContext *dc, const arg_FRINTM_s *a) { return scalar1(dc, a, FP_RINT, FLOAT_ROUND_DOWN); }
bool trans_FRINTZ_s(DisasContext *dc, const arg_FRINTZ_s *a) { return scalar1(dc, a, FP_RINT, FLOAT_ROUND_ZERO); }
bool trans_FRINTA_s(DisasContext *dc, const arg_FRINTA_s *a) { return scalar1(dc, a, FP_RINT, FLOAT_ROUND_TIE_AWAY); }
bool trans_FRINTX_s(DisasContext *dc, const arg_FRINTX_s *a) { return scalar1(dc, a, FP_RINT, CURRENT | EXACT); }
bool trans_FRINTI_s(DisasContext *dc, const arg_FRINTI_s *a) { return scalar1(dc, a, FP_RINT, CURRENT); }
bool trans_FRINT32Z_s(DisasContext *dc, const arg_FRINT32Z_s *a) { return scalar1(dc, a, FP_RINTN, FLOAT_ROUND_ZERO | 32 << 8); }
bool trans_FRINT32X_s(DisasContext *dc, const arg_FRINT32X_s *a) { return scalar1(dc, a, FP_RINTN, CURRENT | 32 << 8); }
bool trans_FRINT64Z_s(DisasContext *dc, const arg_FRINT64Z_s *a) { return scalar1(dc, a, FP_RINTN, FLOAT_ROUND_ZERO | 64 << 8); }
bool trans_FRINT64X_s(DisasContext *dc, const arg_FRINT64X_s *a) { return scalar1(dc, a, FP_RINTN, CURRENT | 64 << 8); }
bool trans_FADD_s(DisasContext *dc, const arg_FADD_s *a) { return scalar2(dc, a, FP_ADD); }
bool trans_FSUB_s(DisasContext *dc, const arg_FSUB_s *a) { return scalar2(dc, a, FP_SUB); }
bool trans_FMUL_s(DisasContext *dc, const arg_FMUL_s *a) { return scalar2(dc, a, FP_MUL); }
bool trans_FDIV_s(DisasContext *dc, const arg_FDIV_s *a) { return scalar2(dc, a, FP_DIV); }
bool trans_FMAX_s(DisasContext *dc, const arg_FMAX_s *a) { return scalar2(dc, a, FP_MAX); }
bool trans_FMIN_s(DisasContext *dc, const arg_FMIN_s *a) { return scalar2(dc, a, FP_MIN); }
bool trans_FMAXNM_s(DisasContext *dc, const arg_FMAXNM_s *a) { return scalar2(dc, a, FP_MAXNM); }
bool trans_FMINNM_s(DisasContext *dc, const arg_FMINNM_s *a) { return scalar2(dc, a, FP_MINNM); }
bool trans_FNMUL_s(DisasContext *dc, const arg_FNMUL_s *a) { return scalar2(dc, a, FP_NMUL); }
bool trans_FMADD_s(DisasContext *dc, const arg_FMADD_s *a) { return scalar3(dc, a, 0); }
bool trans_FMSUB_s(DisasContext *dc, const arg_FMSUB_s *a) { return scalar3(dc, a, FLOAT_NEG_PRODUCT); }
bool trans_FNMADD_s(DisasContext *dc, const arg_FNMADD_s *a) { return scalar3(dc, a, FLOAT_NEG_PRODUCT | FLOAT_NEG_ADDEND); }
bool trans_FNMSUB_s(DisasContext *dc, const arg_FNMSUB_s *a) { return scalar3(dc, a, FLOAT_NEG_ADDEND); }

static TcgVal get_wide(DisasContext *dc, unsigned esz, unsigned n)
{
    TcgVal v = a64_get_fp(dc, esz, n);

    return esz == 3 ? v : tcg_zext(dc->g, v);
}

static void set_wide(DisasContext *dc, unsigned esz, unsigned n, TcgVal v)
{
    a64_set_fp_merged(dc, esz, n, esz == 3 ? v : tcg_trunc(dc->g, v), a64_get_v(dc, n));
}

bool trans_FCVT_s(DisasContext *dc, const arg_FCVT_s *a)
{
    if (a->esz == a->dsz || a->esz == 0 || a->dsz == 0) {
        return false;
    }
    if (a64_fp_access(dc)) {
        TcgFp f = TCG_FP(TCG_FP_CVT, a->esz, a->dsz) | TCG_FP_SCALAR;
        TcgVal v = a64_get_v(dc, a->rn);

        if (a64_fp_inline_both(dc, a->esz, a->dsz)) {
            a64_set_v(dc, a->rd, tcg_fp(dc->g, &arm_helper_fp, f, v, TCG_NOVAL, TCG_NOVAL));
            return true;
        }
        v = a64_call(dc, fp, tcg_const(dc->g, TCG_I32, f), v, v, v);
        a64_set_fp_merged(dc, a->dsz, a->rd, tcg_vget(dc->g, a->dsz, v, 0), a64_get_v(dc, a->rd));
    }
    return true;
}

/* -- comparisons ------------------------------------------------------------------------------------------------------ */

/* NZCV; e: any NaN is invalid. */
static TcgVal compare(DisasContext *dc, unsigned esz, unsigned rn, unsigned rm, bool zero, unsigned e)
{
    TcgVal n = a64_get_v(dc, rn), m = zero ? tcg_const_v(dc->g, 0, 0) : a64_get_v(dc, rm);

    if (a64_fp_inline(dc, esz)) {
        return tcg_fp_compare(dc->g, &arm_helper_fp_compare, esz, e, n, m);
    }
    return a64_call(dc, fp_compare, tcg_const(dc->g, TCG_I32, TCG_FP(0, esz, esz) | (e ? TCG_FP_SIGNAL : 0)), n, m);
}

bool trans_FCMP_s(DisasContext *dc, const arg_FCMP_s *a)
{
    if (a64_fp_access(dc)) {
        tcg_set_reg(dc->g, ARM_REG_NZCV, compare(dc, a->esz, a->rn, a->rm, a->zero, a->e));
    }
    return true;
}

/* The comparison is made, and its exceptions are seen, only if the condition holds. */
bool trans_FCCMP_s(DisasContext *dc, const arg_FCCMP_s *a)
{
    if (a64_fp_access(dc)) {
        TcgBlockRef holds = tcg_block(dc->g), fails = tcg_block(dc->g), done = tcg_block(dc->g);

        if (a->cond >= FC_AL) {
            tcg_br(dc->g, holds);
        } else {
            tcg_brflag(dc->g, a->cond, tcg_get_reg(dc->g, ARM_REG_NZCV), holds, fails);
        }
        tcg_block_start(dc->g, holds);
        tcg_set_reg(dc->g, ARM_REG_NZCV, compare(dc, a->esz, a->rn, a->rm, false, a->e));
        tcg_br(dc->g, done);
        tcg_block_start(dc->g, fails);
        tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_const(dc->g, TCG_I32, a->nzcv));
        tcg_br(dc->g, done);
        tcg_block_start(dc->g, done);
    }
    return true;
}

bool trans_FCSEL_s(DisasContext *dc, const arg_FCSEL_s *a)
{
    if (a64_fp_access(dc)) {
        a64_set_fp(dc, a->esz, a->rd, tcg_select_fc(dc->g, fp_type(a->esz), a->cond, tcg_get_reg(dc->g, ARM_REG_NZCV),
                                                    a64_get_fp(dc, a->esz, a->rn), a64_get_fp(dc, a->esz, a->rm)));
    }
    return true;
}

/* -- integers -------------------------------------------------------------------------------------------------------- */

static bool to_general(DisasContext *dc, const arg_FCVTNS_g *a, FloatRound round, bool uns)
{
    if (a64_fp_access(dc)) {
        TcgFp f = TCG_FP_TO(uns ? TCG_FP_TO_U : TCG_FP_TO_I, a->esz, a->sf ? 3 : 2, a64_fp_round(round));

        if (a64_fp_inline(dc, a->esz) && (a->fbits == 0 || a->esz > 1) && tcg_has(dc->g, OP_fp_to_int, f)) {
            TcgVal v = a64_get_v(dc, a->rn);

            v = a->fbits ? a64_fp_scale(dc, TCG_FP_SCALE, a->esz, TCG_FP_SCALAR, v, (int)a->fbits) : v;
            a64_set(dc, a->rd, tcg_fp_to_int(dc->g, &arm_helper_fp_to_int, f, v));
            return true;
        }
        TcgVal v = a64_call(dc, fcvt_to_g, get_wide(dc, a->esz, a->rn),
                            tcg_const(dc->g, TCG_I32, a->esz | a->sf << 4 | FP_AUX_INT(a->fbits, round, uns) << 8));

        a64_set(dc, a->rd, v);
    }
    return true;
}

static bool from_general(DisasContext *dc, const arg_SCVTF_g *a, bool uns)
{
    if (a64_fp_access(dc)) {
        if (a64_fp_inline(dc, a->esz) && (a->fbits == 0 || a->esz > 1)) {
            unsigned from = a->sf ? 3 : 2;
            TcgVal v = tcg_vec1(dc->g, OP_vfrom, from, a64_get(dc, a->sf, a->rn), 0);

            v = tcg_fp(dc->g, &arm_helper_fp,
                       TCG_FP(uns ? TCG_FP_FROM_U : TCG_FP_FROM_I, from, a->esz) | TCG_FP_SCALAR, v, TCG_NOVAL, TCG_NOVAL);
            v = a->fbits ? a64_fp_scale(dc, TCG_FP_MUL, a->esz, TCG_FP_SCALAR, v, -(int)a->fbits) : v;
            a64_set_v(dc, a->rd, v);
            return true;
        }
        set_wide(dc, a->esz, a->rd,
                 a64_call(dc, fcvt_from_g, a64_get(dc, 1, a->rn),
                          tcg_const(dc->g, TCG_I32, a->esz | a->sf << 4 | FP_AUX_INT(a->fbits, 0, uns) << 8)));
    }
    return true;
}

bool trans_FCVTNS_g(DisasContext *dc, const arg_FCVTNS_g *a) { return to_general(dc, a, FLOAT_ROUND_TIE_EVEN, false); }
bool trans_FCVTNU_g(DisasContext *dc, const arg_FCVTNU_g *a) { return to_general(dc, a, FLOAT_ROUND_TIE_EVEN, true); }
bool trans_FCVTAS_g(DisasContext *dc, const arg_FCVTAS_g *a) { return to_general(dc, a, FLOAT_ROUND_TIE_AWAY, false); }
bool trans_FCVTAU_g(DisasContext *dc, const arg_FCVTAU_g *a) { return to_general(dc, a, FLOAT_ROUND_TIE_AWAY, true); }
bool trans_FCVTPS_g(DisasContext *dc, const arg_FCVTPS_g *a) { return to_general(dc, a, FLOAT_ROUND_UP, false); }
bool trans_FCVTPU_g(DisasContext *dc, const arg_FCVTPU_g *a) { return to_general(dc, a, FLOAT_ROUND_UP, true); }
bool trans_FCVTMS_g(DisasContext *dc, const arg_FCVTMS_g *a) { return to_general(dc, a, FLOAT_ROUND_DOWN, false); }
bool trans_FCVTMU_g(DisasContext *dc, const arg_FCVTMU_g *a) { return to_general(dc, a, FLOAT_ROUND_DOWN, true); }
bool trans_FCVTZS_g(DisasContext *dc, const arg_FCVTZS_g *a) { return to_general(dc, a, FLOAT_ROUND_ZERO, false); }
bool trans_FCVTZU_g(DisasContext *dc, const arg_FCVTZU_g *a) { return to_general(dc, a, FLOAT_ROUND_ZERO, true); }
bool trans_SCVTF_g(DisasContext *dc, const arg_SCVTF_g *a) { return from_general(dc, a, false); }
bool trans_UCVTF_g(DisasContext *dc, const arg_UCVTF_g *a) { return from_general(dc, a, true); }

bool trans_FJCVTZS(DisasContext *dc, const arg_FJCVTZS *a)
{
    if (!a64_fp_access(dc)) {
        return true;
    }
    if (a64_fp_inline(dc, 3)) {                 /* Z: what the integer is, is what was converted, bit by bit */
        TcgVal n = a64_get_v(dc, a->rn);
        TcgVal i = tcg_fp_to_int(dc->g, &arm_helper_fp_to_modular, TCG_FP(TCG_FP_TO_I, 3, 2), n);
        TcgVal v = tcg_vec1(dc->g, OP_vfrom, 2, i, 0);

        v = tcg_fp(dc->g, &arm_helper_fp, TCG_FP(TCG_FP_FROM_I, 2, 3) | TCG_FP_SCALAR, v, TCG_NOVAL, TCG_NOVAL);
        v = tcg_setcond(dc->g, TCG_I64, COND_EQ, tcg_vget(dc->g, 3, v, 0), tcg_vget(dc->g, 3, n, 0));
        a64_set(dc, a->rd, i);
        tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_shli(dc->g, TCG_I32, v, 2));
    } else {
        TcgVal v = a64_call(dc, fjcvtzs, a64_get_fp(dc, 3, a->rn));
        TcgVal exact = tcg_trunc(dc->g, tcg_shri(dc->g, TCG_I64, v, 32));

        a64_set(dc, a->rd, tcg_trunc(dc->g, v));
        tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_shli(dc->g, TCG_I32, exact, 2));
    }
    return true;
}
