/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* T32: the DSP extension, multiplication and division (Armv8-M ARM, DDI 0553, C2.4; Armv7-M ARM, DDI 0403, A7.7). */
#include "targets/arm/arm_t32_dsp.trans.h"
#include "targets/arm/translate_t32.h"

static TcgVal high_half(DisasContext *dc, TcgVal v)
{
    return tcg_trunc(dc->g, tcg_shri(dc->g, TCG_I64, v, 32));
}

/* -- parallel and saturating ------------------------------------------------------------------------------------------------ */

/* Signed and unsigned ones set GE; saturating and halving ones do not. */
bool trans_T32_PARALLEL(DisasContext *dc, const arg_T32_PARALLEL *a)
{
    TcgVal v = t32_call(dc, m_parallel, t32_get(dc, a->rn), t32_get(dc, a->rm), t32_const(dc, a->op | a->kind << 4));

    if ((a->kind & 3) == 0) {
        tcg_set_reg(dc->g, ARM_M_REG_GE, high_half(dc, v));
    }
    t32_set(dc, a->rd, tcg_trunc(dc->g, v));
    return true;
}

static bool saturating(DisasContext *dc, const arg_T32_QADD *a, bool sub)
{
    TcgVal v = t32_call(dc, m_qaddsub, t32_get(dc, a->rm), t32_get(dc, a->rn), t32_const(dc, sub | a->dbl << 1));

    t32_saturated(dc, high_half(dc, v));
    t32_set(dc, a->rd, tcg_trunc(dc->g, v));
    return true;
}

bool trans_T32_QADD(DisasContext *dc, const arg_T32_QADD *a) { return saturating(dc, a, false); }
bool trans_T32_QSUB(DisasContext *dc, const arg_T32_QSUB *a) { return saturating(dc, a, true); }

bool trans_T32_SEL(DisasContext *dc, const arg_T32_SEL *a)
{
    t32_set(dc, a->rd, t32_call(dc, m_sel, t32_get(dc, a->rn), t32_get(dc, a->rm), tcg_get_reg(dc->g, ARM_M_REG_GE)));
    return true;
}

/* -- multiplication --------------------------------------------------------------------------------------------------------- */

bool trans_T32_MLA(DisasContext *dc, const arg_T32_MLA *a)
{
    TcgVal v = tcg_mul(dc->g, TCG_I32, t32_get(dc, a->rn), t32_get(dc, a->rm));

    t32_set(dc, a->rd, a->ra == 15 ? v : tcg_add(dc->g, TCG_I32, v, t32_get(dc, a->ra)));
    return true;
}

bool trans_T32_MLS(DisasContext *dc, const arg_T32_MLS *a)
{
    t32_set(dc, a->rd, tcg_sub(dc->g, TCG_I32, t32_get(dc, a->ra),
                               tcg_mul(dc->g, TCG_I32, t32_get(dc, a->rn), t32_get(dc, a->rm))));
    return true;
}

/* A halfword as a signed i64. */
static TcgVal half(DisasContext *dc, TcgVal v, bool top)
{
    return tcg_sext(dc->g, tcg_sextract(dc->g, TCG_I32, v, top ? 16 : 0, 16));
}

static TcgVal product(DisasContext *dc, TcgVal n, bool nh, TcgVal m, bool mh)
{
    return tcg_mul(dc->g, TCG_I64, half(dc, n, nh), half(dc, m, mh));
}

/* Rd := sum + Ra (none if it is 15); Q if that does not fit in 32 bits. */
static bool accumulate(DisasContext *dc, unsigned rd, unsigned ra, TcgVal sum)
{
    TcgGen *g = dc->g;
    TcgVal v;

    if (ra != 15) {
        sum = tcg_add(g, TCG_I64, sum, tcg_sext(g, t32_get(dc, ra)));
    }
    v = tcg_trunc(g, sum);
    t32_saturated(dc, tcg_setcond(g, TCG_I64, COND_NE, tcg_sext(g, v), sum));
    t32_set(dc, rd, v);
    return true;
}

bool trans_T32_SMLAxy(DisasContext *dc, const arg_T32_SMLAxy *a)
{
    return accumulate(dc, a->rd, a->ra, product(dc, t32_get(dc, a->rn), a->nh, t32_get(dc, a->rm), a->mh));
}

/* Two products of halfwords, those of rm exchanged if `swap`. */
static TcgVal dual(DisasContext *dc, unsigned rn, unsigned rm, bool swap, bool sub)
{
    TcgVal n = t32_get(dc, rn), m = t32_get(dc, rm);
    TcgVal lo = product(dc, n, false, m, swap), hi = product(dc, n, true, m, !swap);

    return sub ? tcg_sub(dc->g, TCG_I64, lo, hi) : tcg_add(dc->g, TCG_I64, lo, hi);
}

bool trans_T32_SMLAD(DisasContext *dc, const arg_T32_SMLAD *a)
{
    return accumulate(dc, a->rd, a->ra, dual(dc, a->rn, a->rm, a->swap, false));
}

bool trans_T32_SMLSD(DisasContext *dc, const arg_T32_SMLSD *a)
{
    return accumulate(dc, a->rd, a->ra, dual(dc, a->rn, a->rm, a->swap, true));
}

/* The upper 32 bits of 48. */
bool trans_T32_SMLAW(DisasContext *dc, const arg_T32_SMLAW *a)
{
    TcgVal n = tcg_sext(dc->g, t32_get(dc, a->rn));
    TcgVal v = tcg_mul(dc->g, TCG_I64, n, half(dc, t32_get(dc, a->rm), a->mh));

    return accumulate(dc, a->rd, a->ra, tcg_sari(dc->g, TCG_I64, v, 16));
}

static bool most_significant(DisasContext *dc, const arg_T32_SMMLA *a, bool sub)
{
    TcgGen *g = dc->g;
    TcgVal v = tcg_mul(g, TCG_I64, tcg_sext(g, t32_get(dc, a->rn)), tcg_sext(g, t32_get(dc, a->rm)));

    if (a->ra != 15) {
        TcgVal acc = tcg_shli(g, TCG_I64, tcg_zext(g, t32_get(dc, a->ra)), 32);

        v = sub ? tcg_sub(g, TCG_I64, acc, v) : tcg_add(g, TCG_I64, acc, v);
    }
    if (a->round) {
        v = tcg_addi(g, TCG_I64, v, UINT64_C(0x80000000));
    }
    t32_set(dc, a->rd, high_half(dc, v));
    return true;
}

bool trans_T32_SMMLA(DisasContext *dc, const arg_T32_SMMLA *a) { return most_significant(dc, a, false); }
bool trans_T32_SMMLS(DisasContext *dc, const arg_T32_SMMLS *a) { return most_significant(dc, a, true); }

bool trans_T32_USADA8(DisasContext *dc, const arg_T32_USADA8 *a)
{
    TcgVal v = t32_call(dc, m_usad8, t32_get(dc, a->rn), t32_get(dc, a->rm));

    t32_set(dc, a->rd, a->ra == 15 ? v : tcg_add(dc->g, TCG_I32, v, t32_get(dc, a->ra)));
    return true;
}

/* -- long ------------------------------------------------------------------------------------------------------------------- */

static TcgVal get_long(DisasContext *dc, unsigned rlo, unsigned rhi)
{
    return tcg_deposit(dc->g, TCG_I64, tcg_zext(dc->g, t32_get(dc, rlo)), tcg_zext(dc->g, t32_get(dc, rhi)), 32, 32);
}

static bool set_long(DisasContext *dc, unsigned rlo, unsigned rhi, TcgVal v)
{
    t32_set(dc, rlo, tcg_trunc(dc->g, v));
    t32_set(dc, rhi, high_half(dc, v));
    return true;
}

static bool multiply_long(DisasContext *dc, const arg_T32_SMULL *a, bool sign, bool acc)
{
    TcgGen *g = dc->g;
    TcgVal n = t32_get(dc, a->rn), m = t32_get(dc, a->rm), v;

    v = sign ? tcg_mul(g, TCG_I64, tcg_sext(g, n), tcg_sext(g, m)) : tcg_mul(g, TCG_I64, tcg_zext(g, n), tcg_zext(g, m));
    if (acc) {
        v = tcg_add(g, TCG_I64, v, get_long(dc, a->rlo, a->rhi));
    }
    return set_long(dc, a->rlo, a->rhi, v);
}

bool trans_T32_SMULL(DisasContext *dc, const arg_T32_SMULL *a) { return multiply_long(dc, a, true, false); }
bool trans_T32_UMULL(DisasContext *dc, const arg_T32_UMULL *a) { return multiply_long(dc, a, false, false); }
bool trans_T32_SMLAL(DisasContext *dc, const arg_T32_SMLAL *a) { return multiply_long(dc, a, true, true); }
bool trans_T32_UMLAL(DisasContext *dc, const arg_T32_UMLAL *a) { return multiply_long(dc, a, false, true); }

bool trans_T32_UMAAL(DisasContext *dc, const arg_T32_UMAAL *a)
{
    TcgGen *g = dc->g;
    TcgVal v = tcg_mul(g, TCG_I64, tcg_zext(g, t32_get(dc, a->rn)), tcg_zext(g, t32_get(dc, a->rm)));

    v = tcg_add(g, TCG_I64, v, tcg_zext(g, t32_get(dc, a->rlo)));
    return set_long(dc, a->rlo, a->rhi, tcg_add(g, TCG_I64, v, tcg_zext(g, t32_get(dc, a->rhi))));
}

static bool accumulate_long(DisasContext *dc, unsigned rlo, unsigned rhi, TcgVal v)
{
    return set_long(dc, rlo, rhi, tcg_add(dc->g, TCG_I64, get_long(dc, rlo, rhi), v));
}

bool trans_T32_SMLALxy(DisasContext *dc, const arg_T32_SMLALxy *a)
{
    return accumulate_long(dc, a->rlo, a->rhi, product(dc, t32_get(dc, a->rn), a->nh, t32_get(dc, a->rm), a->mh));
}

bool trans_T32_SMLALD(DisasContext *dc, const arg_T32_SMLALD *a)
{
    return accumulate_long(dc, a->rlo, a->rhi, dual(dc, a->rn, a->rm, a->swap, false));
}

bool trans_T32_SMLSLD(DisasContext *dc, const arg_T32_SMLSLD *a)
{
    return accumulate_long(dc, a->rlo, a->rhi, dual(dc, a->rn, a->rm, a->swap, true));
}

/* -- division --------------------------------------------------------------------------------------------------------------- */

/* By zero the result is zero, or with CCR.DIV_0_TRP a fault. */
static void check_divisor(DisasContext *dc, TcgVal m)
{
    if (dc->key.div0_trap) {
        TcgBlockRef zero = tcg_block(dc->g), other = tcg_block(dc->g);

        tcg_brcond(dc->g, TCG_I32, COND_EQ, m, t32_const(dc, 0), zero, other);
        tcg_block_start(dc->g, zero);
        t32_call(dc, m_raise, t32_const(dc, M_FAULT_DIVBYZERO));
        tcg_block_start(dc->g, other);
    }
}

bool trans_T32_SDIV(DisasContext *dc, const arg_T32_SDIV *a)
{
    TcgVal m = t32_get(dc, a->rm);

    check_divisor(dc, m);
    t32_set(dc, a->rd, tcg_divs(dc->g, TCG_I32, t32_get(dc, a->rn), m));
    return true;
}

bool trans_T32_UDIV(DisasContext *dc, const arg_T32_UDIV *a)
{
    TcgVal m = t32_get(dc, a->rm);

    check_divisor(dc, m);
    t32_set(dc, a->rd, tcg_divu(dc->g, TCG_I32, t32_get(dc, a->rn), m));
    return true;
}
