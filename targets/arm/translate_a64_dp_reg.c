/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: data processing, register (Arm DDI 0487, C4.1.95). */
#include "targets/arm/arm_a64_dp_reg.trans.h"
#include "targets/arm/translate.h"

/* -- two sources ---------------------------------------------------------------------------------------------- */

typedef TcgVal Gen2(TcgGen *g, TcgType t, TcgVal a, TcgVal b);

static bool two_sources(DisasContext *dc, const arg_UDIV *a, Gen2 *gen)
{
    a64_set(dc, a->rd, gen(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn), a64_get(dc, a->sf, a->rm)));
    return true;
}

bool trans_UDIV(DisasContext *dc, const arg_UDIV *a) { return two_sources(dc, a, tcg_divu); }
bool trans_SDIV(DisasContext *dc, const arg_SDIV *a) { return two_sources(dc, a, tcg_divs); }
/* The count is taken modulo the width, as the IR does. */
bool trans_LSLV(DisasContext *dc, const arg_LSLV *a) { return two_sources(dc, a, tcg_shl); }
bool trans_LSRV(DisasContext *dc, const arg_LSRV *a) { return two_sources(dc, a, tcg_shr); }
bool trans_ASRV(DisasContext *dc, const arg_ASRV *a) { return two_sources(dc, a, tcg_sar); }
bool trans_RORV(DisasContext *dc, const arg_RORV *a) { return two_sources(dc, a, tcg_ror); }

static bool minmax_r(DisasContext *dc, const arg_SMAX_r *a, TcgCond first_wins)
{
    TcgType t = sf_type(a->sf);
    TcgVal n = a64_get(dc, a->sf, a->rn), m = a64_get(dc, a->sf, a->rm);

    a64_set(dc, a->rd, tcg_select_cmp(dc->g, t, t, first_wins, n, m, n, m));
    return true;
}

bool trans_SMAX_r(DisasContext *dc, const arg_SMAX_r *a) { return minmax_r(dc, a, COND_GE); }
bool trans_UMAX_r(DisasContext *dc, const arg_UMAX_r *a) { return minmax_r(dc, a, COND_GEU); }
bool trans_SMIN_r(DisasContext *dc, const arg_SMIN_r *a) { return minmax_r(dc, a, COND_LE); }
bool trans_UMIN_r(DisasContext *dc, const arg_UMIN_r *a) { return minmax_r(dc, a, COND_LEU); }

/*
 * The remainder of x times 2^32 by a polynomial P, all reflected, by Barrett's method: the quotient is the part without
 * fraction of x times mu, which is 2^96 / P over 2^64; the remainder is what the quotient times P has below 2^32. Those
 * are the product's low and high doublewords. mu's lowest coefficient is beyond both.
 */
static void crc_inline(DisasContext *dc, const arg_CRC32 *a, uint64_t mu, uint64_t poly)
{
    unsigned bits = 8u << a->sz;
    TcgVal acc = a64_get(dc, 0, a->rn), data = a64_get(dc, 1, a->rm), r;

    r = tcg_shli(dc->g, TCG_I64, tcg_xor(dc->g, TCG_I64, data, tcg_zext(dc->g, acc)), 64 - bits);
    r = tcg_vec1(dc->g, OP_vfrom, 3, r, 0);
    r = tcg_vec2(dc->g, OP_vclmul, 3, r, tcg_const_v(dc->g, mu, 0), 0);
    r = tcg_vec2(dc->g, OP_vclmul, 3, r, tcg_const_v(dc->g, poly, 0), 0);
    r = tcg_vget(dc->g, 2, r, 2);
    a64_set(dc, a->rd, bits < 32 ? tcg_xor(dc->g, TCG_I32, r, tcg_shri(dc->g, TCG_I32, acc, bits)) : r);
}

bool trans_CRC32(DisasContext *dc, const arg_CRC32 *a)
{
    if (tcg_has(dc->g, OP_vclmul, 3)) {
        crc_inline(dc, a, UINT64_C(0xb4e5b025f7011641), UINT64_C(0x1db710641));
    } else {
        a64_set(dc, a->rd, a64_call(dc, crc32, a64_get(dc, 0, a->rn), a64_get(dc, 1, a->rm),
                                    tcg_const(dc->g, TCG_I32, 1u << a->sz)));
    }
    return true;
}

bool trans_CRC32C(DisasContext *dc, const arg_CRC32C *a)
{
    if (tcg_has(dc->g, OP_vclmul, 3)) {
        crc_inline(dc, a, UINT64_C(0x4869ec38dea713f1), UINT64_C(0x105ec76f1));
    } else {
        a64_set(dc, a->rd, a64_call(dc, crc32c, a64_get(dc, 0, a->rn), a64_get(dc, 1, a->rm),
                                    tcg_const(dc->g, TCG_I32, 1u << a->sz)));
    }
    return true;
}

/* -- one source ------------------------------------------------------------------------------------------------- */

bool trans_RBIT(DisasContext *dc, const arg_RBIT *a)
{
    a64_set(dc, a->rd, tcg_rbit(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn)));
    return true;
}

bool trans_REV(DisasContext *dc, const arg_REV *a)
{
    a64_set(dc, a->rd, tcg_bswap(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn)));
    return true;
}

bool trans_REV16(DisasContext *dc, const arg_REV16 *a)
{
    TcgType t = sf_type(a->sf);
    TcgVal n = a64_get(dc, a->sf, a->rn);
    TcgVal mask = tcg_const(dc->g, t, a->sf ? UINT64_C(0x00ff00ff00ff00ff) : 0x00ff00ff);

    a64_set(dc, a->rd, tcg_or(dc->g, t, tcg_shli(dc->g, t, tcg_and(dc->g, t, n, mask), 8),
                              tcg_and(dc->g, t, tcg_shri(dc->g, t, n, 8), mask)));
    return true;
}

/* Bytes of each word: those of the doubleword reversed, and the words swapped back. */
bool trans_REV32(DisasContext *dc, const arg_REV32 *a)
{
    a64_set(dc, a->rd, tcg_rori(dc->g, TCG_I64, tcg_bswap(dc->g, TCG_I64, a64_get(dc, 1, a->rn)), 32));
    return true;
}

bool trans_CLZ(DisasContext *dc, const arg_CLZ *a)
{
    a64_set(dc, a->rd, tcg_clz(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn)));
    return true;
}

/* Leading bits equal to the sign: leading zeros of x ^ (x >> 1 arithmetic), less the sign itself. */
bool trans_CLS(DisasContext *dc, const arg_CLS *a)
{
    TcgType t = sf_type(a->sf);
    TcgVal n = a64_get(dc, a->sf, a->rn);
    TcgVal diff = tcg_xor(dc->g, t, n, tcg_sari(dc->g, t, n, 1));

    a64_set(dc, a->rd, tcg_subi(dc->g, t, tcg_clz(dc->g, t, diff), 1));
    return true;
}

bool trans_CTZ(DisasContext *dc, const arg_CTZ *a)
{
    a64_set(dc, a->rd, tcg_ctz(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn)));
    return true;
}

bool trans_CNT(DisasContext *dc, const arg_CNT *a)
{
    a64_set(dc, a->rd, tcg_popcnt(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn)));
    return true;
}

bool trans_ABS(DisasContext *dc, const arg_ABS *a)
{
    TcgType t = sf_type(a->sf);
    TcgVal n = a64_get(dc, a->sf, a->rn);

    a64_set(dc, a->rd, tcg_select_cmp(dc->g, t, t, COND_LT, n, tcg_const(dc->g, t, 0), tcg_neg(dc->g, t, n), n));
    return true;
}

/* -- shifted and extended registers ---------------------------------------------------------------------------- */

static TcgVal shifted(DisasContext *dc, unsigned sf, unsigned rm, unsigned shift, unsigned imm)
{
    static Gen2 *const gen[4] = { tcg_shl, tcg_shr, tcg_sar, tcg_ror };
    TcgType t = sf_type(sf);
    TcgVal m = a64_get(dc, sf, rm);

    return imm == 0 ? m : gen[shift](dc->g, t, m, tcg_const(dc->g, t, imm));
}

static bool logical(DisasContext *dc, const arg_AND_r *a, Gen2 *gen, bool flags)
{
    TcgType t = sf_type(a->sf);
    TcgVal v = gen(dc->g, t, a64_get(dc, a->sf, a->rn), shifted(dc, a->sf, a->rm, a->shift, a->imm));

    if (flags) {
        tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_flags_logic(dc->g, t, v));
    }
    a64_set(dc, a->rd, v);
    return true;
}

static TcgVal gen_eon(TcgGen *g, TcgType t, TcgVal a, TcgVal b)
{
    return tcg_xor(g, t, a, tcg_not(g, t, b));
}

bool trans_AND_r(DisasContext *dc, const arg_AND_r *a) { return logical(dc, a, tcg_and, false); }
bool trans_BIC_r(DisasContext *dc, const arg_BIC_r *a) { return logical(dc, a, tcg_andn, false); }
bool trans_ORR_r(DisasContext *dc, const arg_ORR_r *a)
{
    if (a->rn == 31) {                          /* MOV */
        a64_set(dc, a->rd, shifted(dc, a->sf, a->rm, a->shift, a->imm));
        return true;
    }
    return logical(dc, a, tcg_or, false);
}
bool trans_ORN_r(DisasContext *dc, const arg_ORN_r *a) { return logical(dc, a, tcg_orn, false); }
bool trans_EOR_r(DisasContext *dc, const arg_EOR_r *a) { return logical(dc, a, tcg_xor, false); }
bool trans_EON_r(DisasContext *dc, const arg_EON_r *a) { return logical(dc, a, gen_eon, false); }
bool trans_ANDS_r(DisasContext *dc, const arg_ANDS_r *a) { return logical(dc, a, tcg_and, true); }
bool trans_BICS_r(DisasContext *dc, const arg_BICS_r *a) { return logical(dc, a, tcg_andn, true); }

static void addsub_flags(DisasContext *dc, unsigned sf, unsigned rd, TcgVal n, TcgVal m, bool sub)
{
    TcgType t = sf_type(sf);

    tcg_set_reg(dc->g, ARM_REG_NZCV, sub ? tcg_flags_sub(dc->g, t, n, m) : tcg_flags_add(dc->g, t, n, m));
    if (rd != 31) {
        a64_set(dc, rd, sub ? tcg_sub(dc->g, t, n, m) : tcg_add(dc->g, t, n, m));
    }
}

bool trans_ADD_r(DisasContext *dc, const arg_ADD_r *a)
{
    a64_set(dc, a->rd, tcg_add(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn),
                               shifted(dc, a->sf, a->rm, a->shift, a->imm)));
    return true;
}

bool trans_SUB_r(DisasContext *dc, const arg_SUB_r *a)
{
    a64_set(dc, a->rd, tcg_sub(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn),
                               shifted(dc, a->sf, a->rm, a->shift, a->imm)));
    return true;
}

bool trans_ADDS_r(DisasContext *dc, const arg_ADDS_r *a)
{
    addsub_flags(dc, a->sf, a->rd, a64_get(dc, a->sf, a->rn), shifted(dc, a->sf, a->rm, a->shift, a->imm), false);
    return true;
}

bool trans_SUBS_r(DisasContext *dc, const arg_SUBS_r *a)
{
    addsub_flags(dc, a->sf, a->rd, a64_get(dc, a->sf, a->rn), shifted(dc, a->sf, a->rm, a->shift, a->imm), true);
    return true;
}

bool trans_ADD_ext(DisasContext *dc, const arg_ADD_ext *a)
{
    a64_set_sp(dc, a->rd, tcg_add(dc->g, sf_type(a->sf), a64_get_sp(dc, a->sf, a->rn),
                                  a64_extend(dc, a->sf, a->rm, a->option, a->shift)));
    return true;
}

bool trans_SUB_ext(DisasContext *dc, const arg_SUB_ext *a)
{
    a64_set_sp(dc, a->rd, tcg_sub(dc->g, sf_type(a->sf), a64_get_sp(dc, a->sf, a->rn),
                                  a64_extend(dc, a->sf, a->rm, a->option, a->shift)));
    return true;
}

bool trans_ADDS_ext(DisasContext *dc, const arg_ADDS_ext *a)
{
    addsub_flags(dc, a->sf, a->rd, a64_get_sp(dc, a->sf, a->rn),
                 a64_extend(dc, a->sf, a->rm, a->option, a->shift), false);
    return true;
}

bool trans_SUBS_ext(DisasContext *dc, const arg_SUBS_ext *a)
{
    addsub_flags(dc, a->sf, a->rd, a64_get_sp(dc, a->sf, a->rn),
                 a64_extend(dc, a->sf, a->rm, a->option, a->shift), true);
    return true;
}

/* -- with carry, flags ------------------------------------------------------------------------------------------- */

static bool addsub_carry(DisasContext *dc, const arg_ADC *a, bool sub, bool flags)
{
    TcgType t = sf_type(a->sf);
    TcgVal n = a64_get(dc, a->sf, a->rn), m = a64_get(dc, a->sf, a->rm);
    TcgVal c = tcg_extract(dc->g, TCG_I32, tcg_get_reg(dc->g, ARM_REG_NZCV), 1, 1);

    if (sub) {
        m = tcg_not(dc->g, t, m);
    }
    if (a->sf) {
        c = tcg_zext(dc->g, c);
    }
    if (flags) {
        tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_flags_adc(dc->g, t, n, m, c));
    }
    a64_set(dc, a->rd, tcg_add(dc->g, t, tcg_add(dc->g, t, n, m), c));
    return true;
}

bool trans_ADC(DisasContext *dc, const arg_ADC *a) { return addsub_carry(dc, a, false, false); }
bool trans_ADCS(DisasContext *dc, const arg_ADCS *a) { return addsub_carry(dc, a, false, true); }
bool trans_SBC(DisasContext *dc, const arg_SBC *a) { return addsub_carry(dc, a, true, false); }
bool trans_SBCS(DisasContext *dc, const arg_SBCS *a) { return addsub_carry(dc, a, true, true); }

bool trans_RMIF(DisasContext *dc, const arg_RMIF *a)
{
    TcgVal bits = tcg_trunc(dc->g, tcg_rori(dc->g, TCG_I64, a64_get(dc, 1, a->rn), a->imm));
    TcgVal old = tcg_get_reg(dc->g, ARM_REG_NZCV);

    tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_or(dc->g, TCG_I32, tcg_andi(dc->g, TCG_I32, bits, a->mask),
                                            tcg_andi(dc->g, TCG_I32, old, ~a->mask & 15)));
    return true;
}

/* SETF8, SETF16: N and Z of the low bits, V if the two bits at their top differ; C stays. */
bool trans_SETF(DisasContext *dc, const arg_SETF *a)
{
    unsigned len = 8u << a->sz;
    TcgVal n = a64_get(dc, 0, a->rn);
    TcgVal top = tcg_shli(dc->g, TCG_I32, n, 32 - len);
    TcgVal nz = tcg_andi(dc->g, TCG_I32, tcg_flags_logic(dc->g, TCG_I32, top), FLAG_N | FLAG_Z);
    TcgVal v = tcg_xor(dc->g, TCG_I32, tcg_extract(dc->g, TCG_I32, n, len, 1),
                       tcg_extract(dc->g, TCG_I32, n, len - 1, 1));
    TcgVal c = tcg_andi(dc->g, TCG_I32, tcg_get_reg(dc->g, ARM_REG_NZCV), FLAG_C);

    tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_or(dc->g, TCG_I32, tcg_or(dc->g, TCG_I32, nz, c), v));
    return true;
}

/* -- conditional compare and select ---------------------------------------------------------------------------- */

static bool cond_compare(DisasContext *dc, unsigned sf, unsigned rn, TcgVal m, unsigned cond, unsigned nzcv, bool sub)
{
    TcgType t = sf_type(sf);
    TcgVal n = a64_get(dc, sf, rn);
    TcgVal flags = sub ? tcg_flags_sub(dc->g, t, n, m) : tcg_flags_add(dc->g, t, n, m);

    tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_select_fc(dc->g, TCG_I32, cond, tcg_get_reg(dc->g, ARM_REG_NZCV), flags,
                                                   tcg_const(dc->g, TCG_I32, nzcv)));
    return true;
}

bool trans_CCMN_r(DisasContext *dc, const arg_CCMN_r *a)
{
    return cond_compare(dc, a->sf, a->rn, a64_get(dc, a->sf, a->rm), a->cond, a->nzcv, false);
}

bool trans_CCMN_i(DisasContext *dc, const arg_CCMN_i *a)
{
    return cond_compare(dc, a->sf, a->rn, tcg_const(dc->g, sf_type(a->sf), a->imm), a->cond, a->nzcv, false);
}

bool trans_CCMP_r(DisasContext *dc, const arg_CCMP_r *a)
{
    return cond_compare(dc, a->sf, a->rn, a64_get(dc, a->sf, a->rm), a->cond, a->nzcv, true);
}

bool trans_CCMP_i(DisasContext *dc, const arg_CCMP_i *a)
{
    return cond_compare(dc, a->sf, a->rn, tcg_const(dc->g, sf_type(a->sf), a->imm), a->cond, a->nzcv, true);
}

static bool cond_select(DisasContext *dc, const arg_CSEL *a, bool invert, bool increment)
{
    TcgType t = sf_type(a->sf);
    TcgVal n = a64_get(dc, a->sf, a->rn), m = a64_get(dc, a->sf, a->rm);

    if (invert && increment) {
        m = tcg_neg(dc->g, t, m);
    } else if (invert) {
        m = tcg_not(dc->g, t, m);
    } else if (increment) {
        m = tcg_addi(dc->g, t, m, 1);
    }
    a64_set(dc, a->rd, tcg_select_fc(dc->g, t, a->cond, tcg_get_reg(dc->g, ARM_REG_NZCV), n, m));
    return true;
}

bool trans_CSEL(DisasContext *dc, const arg_CSEL *a) { return cond_select(dc, a, false, false); }
bool trans_CSINC(DisasContext *dc, const arg_CSINC *a) { return cond_select(dc, a, false, true); }
bool trans_CSINV(DisasContext *dc, const arg_CSINV *a) { return cond_select(dc, a, true, false); }
bool trans_CSNEG(DisasContext *dc, const arg_CSNEG *a) { return cond_select(dc, a, true, true); }

/* -- three sources -------------------------------------------------------------------------------------------------- */

static void accumulate(DisasContext *dc, unsigned sf, unsigned rd, unsigned ra, TcgVal product, bool sub)
{
    TcgType t = sf_type(sf);
    TcgVal acc = a64_get(dc, sf, ra);

    a64_set(dc, rd, sub ? tcg_sub(dc->g, t, acc, product) : tcg_add(dc->g, t, acc, product));
}

bool trans_MADD(DisasContext *dc, const arg_MADD *a)
{
    accumulate(dc, a->sf, a->rd, a->ra,
               tcg_mul(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn), a64_get(dc, a->sf, a->rm)), false);
    return true;
}

bool trans_MSUB(DisasContext *dc, const arg_MSUB *a)
{
    accumulate(dc, a->sf, a->rd, a->ra,
               tcg_mul(dc->g, sf_type(a->sf), a64_get(dc, a->sf, a->rn), a64_get(dc, a->sf, a->rm)), true);
    return true;
}

static bool widening(DisasContext *dc, const arg_SMADDL *a, TcgVal extend(TcgGen *g, TcgVal v), bool sub)
{
    TcgVal n = extend(dc->g, a64_get(dc, 0, a->rn)), m = extend(dc->g, a64_get(dc, 0, a->rm));

    accumulate(dc, 1, a->rd, a->ra, tcg_mul(dc->g, TCG_I64, n, m), sub);
    return true;
}

bool trans_SMADDL(DisasContext *dc, const arg_SMADDL *a) { return widening(dc, a, tcg_sext, false); }
bool trans_SMSUBL(DisasContext *dc, const arg_SMSUBL *a) { return widening(dc, a, tcg_sext, true); }
bool trans_UMADDL(DisasContext *dc, const arg_UMADDL *a) { return widening(dc, a, tcg_zext, false); }
bool trans_UMSUBL(DisasContext *dc, const arg_UMSUBL *a) { return widening(dc, a, tcg_zext, true); }

bool trans_SMULH(DisasContext *dc, const arg_SMULH *a)
{
    a64_set(dc, a->rd, tcg_mulhs(dc->g, TCG_I64, a64_get(dc, 1, a->rn), a64_get(dc, 1, a->rm)));
    return true;
}

bool trans_UMULH(DisasContext *dc, const arg_UMULH *a)
{
    a64_set(dc, a->rd, tcg_mulhu(dc->g, TCG_I64, a64_get(dc, 1, a->rn), a64_get(dc, 1, a->rm)));
    return true;
}

/* -- tags of addresses --------------------------------------------------------------------------------------------- */

static void subtract_addresses(DisasContext *dc, const arg_SUBP *a, bool flags)
{
    TcgVal n = tcg_sextract(dc->g, TCG_I64, a64_get_sp(dc, 1, a->rn), 0, 56);
    TcgVal m = tcg_sextract(dc->g, TCG_I64, a64_get_sp(dc, 1, a->rm), 0, 56);

    a64_set(dc, a->rd, tcg_sub(dc->g, TCG_I64, n, m));
    if (flags) {
        tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_flags_sub(dc->g, TCG_I64, n, m));
    }
}

bool trans_SUBP(DisasContext *dc, const arg_SUBP *a)
{
    subtract_addresses(dc, a, false);
    return true;
}

bool trans_SUBPS(DisasContext *dc, const arg_SUBPS *a)
{
    subtract_addresses(dc, a, true);
    return true;
}

bool trans_IRG(DisasContext *dc, const arg_IRG *a)
{
    a64_set_sp(dc, a->rd, a64_call(dc, mte_irg, a64_get_sp(dc, 1, a->rn), a64_get(dc, 1, a->rm)));
    return true;
}

bool trans_GMI(DisasContext *dc, const arg_GMI *a)
{
    TcgVal tag = tcg_extract(dc->g, TCG_I64, a64_get_sp(dc, 1, a->rn), 56, 4);
    TcgVal bit = tcg_shl(dc->g, TCG_I64, tcg_const(dc->g, TCG_I64, 1), tag);

    a64_set(dc, a->rd, tcg_or(dc->g, TCG_I64, a64_get(dc, 1, a->rm), bit));
    return true;
}
