/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* T32: data processing, and its arithmetic for T16 (Armv8-M ARM, DDI 0553, C2.4; Armv7-M ARM, DDI 0403, A7.7). */
#include "targets/arm/arm_t32_dp.trans.h"
#include "targets/arm/translate_t32.h"

/* -- operands -------------------------------------------------------------------------------------------------------------- */

T32Operand t32_shift_imm(DisasContext *dc, TcgVal m, unsigned shift, unsigned imm)
{
    TcgGen *g = dc->g;

    switch (shift) {
    case 0:
        return imm == 0 ? t32_plain(m) :
               (T32Operand){ tcg_shli(g, TCG_I32, m, imm), tcg_extract(g, TCG_I32, m, 32 - imm, 1) };
    case 1:
        return imm == 0 ? (T32Operand){ t32_const(dc, 0), tcg_extract(g, TCG_I32, m, 31, 1) } :
               (T32Operand){ tcg_shri(g, TCG_I32, m, imm), tcg_extract(g, TCG_I32, m, imm - 1, 1) };
    case 2:
        return imm == 0 ? (T32Operand){ tcg_sari(g, TCG_I32, m, 31), tcg_extract(g, TCG_I32, m, 31, 1) } :
               (T32Operand){ tcg_sari(g, TCG_I32, m, imm), tcg_extract(g, TCG_I32, m, imm - 1, 1) };
    default:
        if (imm == 0) {                         /* RRX */
            return (T32Operand){ tcg_deposit(g, TCG_I32, tcg_shri(g, TCG_I32, m, 1), t32_carry(dc), 31, 1),
                                 tcg_extract(g, TCG_I32, m, 0, 1) };
        }
        return (T32Operand){ tcg_rori(g, TCG_I32, m, imm), tcg_extract(g, TCG_I32, m, imm - 1, 1) };
    }
}

/*
 * In 64 bits, with room for the bit that is shifted out: counts above 32 act as 33 does. A count of zero leaves the carry.
 */
T32Operand t32_shift_reg(DisasContext *dc, TcgVal m, unsigned shift, TcgVal count)
{
    TcgGen *g = dc->g;
    TcgVal n = tcg_extract(g, TCG_I32, count, 0, 8), zero = t32_const(dc, 0);
    TcgVal most = t32_const(dc, 33);
    TcgVal wide, v, carry;

    if (shift == 3) {
        v = tcg_ror(g, TCG_I32, m, tcg_andi(g, TCG_I32, n, 31));
        carry = tcg_extract(g, TCG_I32, v, 31, 1);
    } else {
        TcgVal by = tcg_zext(g, tcg_select_cmp(g, TCG_I32, TCG_I32, COND_LTU, n, most, n, most));

        if (shift == 0) {
            wide = tcg_shl(g, TCG_I64, tcg_zext(g, m), by);
            v = tcg_trunc(g, wide);
            carry = tcg_trunc(g, tcg_extract(g, TCG_I64, wide, 32, 1));
        } else {
            wide = tcg_shli(g, TCG_I64, tcg_zext(g, m), 32);
            wide = shift == 1 ? tcg_shr(g, TCG_I64, wide, by) : tcg_sar(g, TCG_I64, wide, by);
            v = tcg_trunc(g, tcg_shri(g, TCG_I64, wide, 32));
            carry = tcg_trunc(g, tcg_extract(g, TCG_I64, wide, 31, 1));
        }
    }
    carry = tcg_select_cmp(g, TCG_I32, TCG_I32, COND_EQ, n, zero, t32_carry(dc), carry);
    return (T32Operand){ v, carry };
}

/* ThumbExpandImm_C(). */
static T32Operand expand_imm(DisasContext *dc, uint32_t imm12)
{
    uint32_t imm8 = imm12 & 0xff, v;

    switch (imm12 >> 8) {
    case 0:
        return t32_plain(t32_const(dc, imm8));
    case 1:
        return t32_plain(t32_const(dc, imm8 << 16 | imm8));
    case 2:
        return t32_plain(t32_const(dc, imm8 << 24 | imm8 << 8));
    case 3:
        return t32_plain(t32_const(dc, imm8 * 0x01010101u));
    default:
        v = ror32(0x80 | (imm12 & 0x7f), imm12 >> 7);
        return (T32Operand){ t32_const(dc, v), t32_const(dc, v >> 31) };
    }
}

/* -- the operations -------------------------------------------------------------------------------------------------------- */

/* N and Z of v, C of the shifter, V as it was. */
static void logic_flags(DisasContext *dc, TcgVal v, TcgVal carry)
{
    TcgVal nz = tcg_flags_logic(dc->g, TCG_I32, v), old = t32_nzcv(dc);

    if (carry.id) {
        old = tcg_deposit(dc->g, TCG_I32, tcg_andi(dc->g, TCG_I32, old, FLAG_V), carry, 1, 1);
    } else {
        old = tcg_andi(dc->g, TCG_I32, old, FLAG_C | FLAG_V);
    }
    t32_set_nzcv(dc, tcg_or(dc->g, TCG_I32, nz, old));
}

static TcgVal add_with_carry(DisasContext *dc, TcgVal n, TcgVal m, bool s)
{
    TcgVal c = t32_carry(dc);

    if (s) {
        t32_set_nzcv(dc, tcg_flags_adc(dc->g, TCG_I32, n, m, c));
    }
    return tcg_add(dc->g, TCG_I32, tcg_add(dc->g, TCG_I32, n, m), c);
}

static TcgVal subtract(DisasContext *dc, TcgVal n, TcgVal m, bool s)
{
    if (s) {
        t32_set_nzcv(dc, tcg_flags_sub(dc->g, TCG_I32, n, m));
    }
    return tcg_sub(dc->g, TCG_I32, n, m);
}

TcgVal t32_alu(DisasContext *dc, T32Op op, TcgVal n, T32Operand m, bool s)
{
    TcgGen *g = dc->g;
    TcgVal v;

    switch (op) {
    case T32_AND:
        v = tcg_and(g, TCG_I32, n, m.v);
        break;
    case T32_BIC:
        v = tcg_andn(g, TCG_I32, n, m.v);
        break;
    case T32_ORR:
        v = tcg_or(g, TCG_I32, n, m.v);
        break;
    case T32_ORN:
        v = tcg_orn(g, TCG_I32, n, m.v);
        break;
    case T32_EOR:
        v = tcg_xor(g, TCG_I32, n, m.v);
        break;
    case T32_MOV:
        v = m.v;
        break;
    case T32_MVN:
        v = tcg_not(g, TCG_I32, m.v);
        break;
    case T32_ADD:
        if (s) {
            t32_set_nzcv(dc, tcg_flags_add(g, TCG_I32, n, m.v));
        }
        return tcg_add(g, TCG_I32, n, m.v);
    case T32_ADC:
        return add_with_carry(dc, n, m.v, s);
    case T32_SUB:
        return subtract(dc, n, m.v, s);
    case T32_SBC:
        return add_with_carry(dc, n, tcg_not(g, TCG_I32, m.v), s);
    default:
        return subtract(dc, m.v, n, s);
    }
    if (s) {
        logic_flags(dc, v, m.carry);
    }
    return v;
}

/* The flags are set last: a limit check of SP comes before anything changes. */
static bool alu(DisasContext *dc, T32Op op, unsigned rd, TcgVal n, T32Operand m, bool s)
{
    if (rd == 13 && dc->key.splim_check) {
        t32_check_sp(dc, rd, t32_alu(dc, op, n, m, false));
    }
    t32_set(dc, rd, t32_alu(dc, op, n, m, s));
    return true;
}

static bool alu_i(DisasContext *dc, const arg_T32_AND_i *a, T32Op op)
{
    return alu(dc, op, a->rd, t32_get(dc, a->rn), expand_imm(dc, a->imm), a->s);
}

bool trans_T32_AND_i(DisasContext *dc, const arg_T32_AND_i *a) { return alu_i(dc, a, T32_AND); }
bool trans_T32_BIC_i(DisasContext *dc, const arg_T32_BIC_i *a) { return alu_i(dc, a, T32_BIC); }
bool trans_T32_ORR_i(DisasContext *dc, const arg_T32_ORR_i *a) { return alu_i(dc, a, T32_ORR); }
bool trans_T32_ORN_i(DisasContext *dc, const arg_T32_ORN_i *a) { return alu_i(dc, a, T32_ORN); }
bool trans_T32_EOR_i(DisasContext *dc, const arg_T32_EOR_i *a) { return alu_i(dc, a, T32_EOR); }
bool trans_T32_ADD_i(DisasContext *dc, const arg_T32_ADD_i *a) { return alu_i(dc, a, T32_ADD); }
bool trans_T32_ADC_i(DisasContext *dc, const arg_T32_ADC_i *a) { return alu_i(dc, a, T32_ADC); }
bool trans_T32_SBC_i(DisasContext *dc, const arg_T32_SBC_i *a) { return alu_i(dc, a, T32_SBC); }
bool trans_T32_SUB_i(DisasContext *dc, const arg_T32_SUB_i *a) { return alu_i(dc, a, T32_SUB); }
bool trans_T32_RSB_i(DisasContext *dc, const arg_T32_RSB_i *a) { return alu_i(dc, a, T32_RSB); }

static bool move_i(DisasContext *dc, const arg_T32_MOV_i *a, T32Op op)
{
    T32Operand m = expand_imm(dc, a->imm);

    return alu(dc, op, a->rd, m.v, m, a->s);
}

bool trans_T32_MOV_i(DisasContext *dc, const arg_T32_MOV_i *a) { return move_i(dc, a, T32_MOV); }
bool trans_T32_MVN_i(DisasContext *dc, const arg_T32_MVN_i *a) { return move_i(dc, a, T32_MVN); }

static bool test_i(DisasContext *dc, const arg_T32_TST_i *a, T32Op op)
{
    t32_alu(dc, op, t32_get(dc, a->rn), expand_imm(dc, a->imm), true);
    return true;
}

bool trans_T32_TST_i(DisasContext *dc, const arg_T32_TST_i *a) { return test_i(dc, a, T32_AND); }
bool trans_T32_TEQ_i(DisasContext *dc, const arg_T32_TEQ_i *a) { return test_i(dc, a, T32_EOR); }
bool trans_T32_CMN_i(DisasContext *dc, const arg_T32_CMN_i *a) { return test_i(dc, a, T32_ADD); }
bool trans_T32_CMP_i(DisasContext *dc, const arg_T32_CMP_i *a) { return test_i(dc, a, T32_SUB); }

static bool alu_r(DisasContext *dc, const arg_T32_AND_r *a, T32Op op)
{
    T32Operand m = t32_shift_imm(dc, t32_get(dc, a->rm), a->shift, a->imm);

    return alu(dc, op, a->rd, t32_get(dc, a->rn), m, a->s);
}

bool trans_T32_AND_r(DisasContext *dc, const arg_T32_AND_r *a) { return alu_r(dc, a, T32_AND); }
bool trans_T32_BIC_r(DisasContext *dc, const arg_T32_BIC_r *a) { return alu_r(dc, a, T32_BIC); }
bool trans_T32_ORR_r(DisasContext *dc, const arg_T32_ORR_r *a) { return alu_r(dc, a, T32_ORR); }
bool trans_T32_ORN_r(DisasContext *dc, const arg_T32_ORN_r *a) { return alu_r(dc, a, T32_ORN); }
bool trans_T32_EOR_r(DisasContext *dc, const arg_T32_EOR_r *a) { return alu_r(dc, a, T32_EOR); }
bool trans_T32_ADD_r(DisasContext *dc, const arg_T32_ADD_r *a) { return alu_r(dc, a, T32_ADD); }
bool trans_T32_ADC_r(DisasContext *dc, const arg_T32_ADC_r *a) { return alu_r(dc, a, T32_ADC); }
bool trans_T32_SBC_r(DisasContext *dc, const arg_T32_SBC_r *a) { return alu_r(dc, a, T32_SBC); }
bool trans_T32_SUB_r(DisasContext *dc, const arg_T32_SUB_r *a) { return alu_r(dc, a, T32_SUB); }
bool trans_T32_RSB_r(DisasContext *dc, const arg_T32_RSB_r *a) { return alu_r(dc, a, T32_RSB); }

static bool move_r(DisasContext *dc, const arg_T32_MOV_r *a, T32Op op)
{
    T32Operand m = t32_shift_imm(dc, t32_get(dc, a->rm), a->shift, a->imm);

    return alu(dc, op, a->rd, m.v, m, a->s);
}

bool trans_T32_MOV_r(DisasContext *dc, const arg_T32_MOV_r *a) { return move_r(dc, a, T32_MOV); }
bool trans_T32_MVN_r(DisasContext *dc, const arg_T32_MVN_r *a) { return move_r(dc, a, T32_MVN); }

static bool test_r(DisasContext *dc, const arg_T32_TST_r *a, T32Op op)
{
    T32Operand m = t32_shift_imm(dc, t32_get(dc, a->rm), a->shift, a->imm);

    t32_alu(dc, op, t32_get(dc, a->rn), m, true);
    return true;
}

bool trans_T32_TST_r(DisasContext *dc, const arg_T32_TST_r *a) { return test_r(dc, a, T32_AND); }
bool trans_T32_TEQ_r(DisasContext *dc, const arg_T32_TEQ_r *a) { return test_r(dc, a, T32_EOR); }
bool trans_T32_CMN_r(DisasContext *dc, const arg_T32_CMN_r *a) { return test_r(dc, a, T32_ADD); }
bool trans_T32_CMP_r(DisasContext *dc, const arg_T32_CMP_r *a) { return test_r(dc, a, T32_SUB); }

bool trans_T32_SHIFT(DisasContext *dc, const arg_T32_SHIFT *a)
{
    T32Operand m = t32_shift_reg(dc, t32_get(dc, a->rn), a->shift, t32_get(dc, a->rm));

    return alu(dc, T32_MOV, a->rd, m.v, m, a->s);
}

/* -- plain immediates ------------------------------------------------------------------------------------------------------ */

bool trans_T32_ADDW(DisasContext *dc, const arg_T32_ADDW *a)
{
    return alu(dc, T32_ADD, a->rd, t32_get(dc, a->rn), t32_plain(t32_const(dc, a->imm)), false);
}

bool trans_T32_SUBW(DisasContext *dc, const arg_T32_SUBW *a)
{
    return alu(dc, T32_SUB, a->rd, t32_get(dc, a->rn), t32_plain(t32_const(dc, a->imm)), false);
}

bool trans_T32_ADR_add(DisasContext *dc, const arg_T32_ADR_add *a)
{
    t32_set(dc, a->rd, t32_pc_aligned(dc, a->imm));
    return true;
}

bool trans_T32_ADR_sub(DisasContext *dc, const arg_T32_ADR_sub *a)
{
    t32_set(dc, a->rd, t32_pc_aligned(dc, -a->imm));
    return true;
}

bool trans_T32_MOVW(DisasContext *dc, const arg_T32_MOVW *a)
{
    t32_set(dc, a->rd, t32_const(dc, a->imm));
    return true;
}

bool trans_T32_MOVT(DisasContext *dc, const arg_T32_MOVT *a)
{
    t32_set(dc, a->rd, tcg_deposit(dc->g, TCG_I32, t32_get(dc, a->rd), t32_const(dc, a->imm), 16, 16));
    return true;
}

/* -- saturation ------------------------------------------------------------------------------------------------------------- */

/* The result is the low half; the high half says whether it saturated. */
static bool set_saturated(DisasContext *dc, unsigned rd, TcgVal v)
{
    t32_saturated(dc, tcg_trunc(dc->g, tcg_shri(dc->g, TCG_I64, v, 32)));
    t32_set(dc, rd, tcg_trunc(dc->g, v));
    return true;
}

bool trans_T32_SSAT(DisasContext *dc, const arg_T32_SSAT *a)
{
    T32Operand n = t32_shift_imm(dc, t32_get(dc, a->rn), a->sh ? 2 : 0, a->imm);

    return set_saturated(dc, a->rd, t32_call(dc, m_ssat, n.v, t32_const(dc, a->sat)));
}

bool trans_T32_USAT(DisasContext *dc, const arg_T32_USAT *a)
{
    T32Operand n = t32_shift_imm(dc, t32_get(dc, a->rn), a->sh ? 2 : 0, a->imm);

    return set_saturated(dc, a->rd, t32_call(dc, m_usat, n.v, t32_const(dc, a->sat)));
}

bool trans_T32_SSAT16(DisasContext *dc, const arg_T32_SSAT16 *a)
{
    return set_saturated(dc, a->rd, t32_call(dc, m_ssat16, t32_get(dc, a->rn), t32_const(dc, a->sat)));
}

bool trans_T32_USAT16(DisasContext *dc, const arg_T32_USAT16 *a)
{
    return set_saturated(dc, a->rd, t32_call(dc, m_usat16, t32_get(dc, a->rn), t32_const(dc, a->sat)));
}

/* -- bit fields ------------------------------------------------------------------------------------------------------------- */

bool trans_T32_SBFX(DisasContext *dc, const arg_T32_SBFX *a)
{
    unsigned len = MIN(a->widthm1 + 1, 32 - a->lsb);

    t32_set(dc, a->rd, tcg_sextract(dc->g, TCG_I32, t32_get(dc, a->rn), a->lsb, len));
    return true;
}

bool trans_T32_UBFX(DisasContext *dc, const arg_T32_UBFX *a)
{
    unsigned len = MIN(a->widthm1 + 1, 32 - a->lsb);

    t32_set(dc, a->rd, tcg_extract(dc->g, TCG_I32, t32_get(dc, a->rn), a->lsb, len));
    return true;
}

bool trans_T32_BFI(DisasContext *dc, const arg_T32_BFI *a)
{
    TcgVal n = a->rn == 15 ? t32_const(dc, 0) : t32_get(dc, a->rn);

    if (a->msb >= a->lsb) {
        t32_set(dc, a->rd, tcg_deposit(dc->g, TCG_I32, t32_get(dc, a->rd), n, a->lsb, a->msb - a->lsb + 1));
    }
    return true;
}

bool trans_T32_PKH(DisasContext *dc, const arg_T32_PKH *a)
{
    T32Operand m = t32_shift_imm(dc, t32_get(dc, a->rm), a->tb ? 2 : 0, a->imm);
    TcgVal n = t32_get(dc, a->rn);

    t32_set(dc, a->rd, a->tb ? tcg_deposit(dc->g, TCG_I32, n, m.v, 0, 16) : tcg_deposit(dc->g, TCG_I32, m.v, n, 0, 16));
    return true;
}

/* -- extension and reversal --------------------------------------------------------------------------------------------------- */

TcgVal t32_extend(DisasContext *dc, TcgVal v, unsigned size, bool sign)
{
    return sign ? tcg_sextract(dc->g, TCG_I32, v, 0, 8u << size) : tcg_extract(dc->g, TCG_I32, v, 0, 8u << size);
}

static TcgVal rotated(DisasContext *dc, unsigned rm, unsigned rot)
{
    TcgVal m = t32_get(dc, rm);

    return rot ? tcg_rori(dc->g, TCG_I32, m, 8 * rot) : m;
}

bool trans_T32_SXTA(DisasContext *dc, const arg_T32_SXTA *a)
{
    TcgVal v = t32_extend(dc, rotated(dc, a->rm, a->rot), a->size, a->sign);

    t32_set(dc, a->rd, a->rn == 15 ? v : tcg_add(dc->g, TCG_I32, t32_get(dc, a->rn), v));
    return true;
}

/* Bytes 0 and 2, to halfwords that are added one by one. */
bool trans_T32_SXTA16(DisasContext *dc, const arg_T32_SXTA16 *a)
{
    TcgGen *g = dc->g;
    TcgVal m = rotated(dc, a->rm, a->rot);
    TcgVal lo = t32_extend(dc, m, 0, a->sign);
    TcgVal hi = t32_extend(dc, tcg_shri(g, TCG_I32, m, 16), 0, a->sign);

    if (a->rn != 15) {
        TcgVal n = t32_get(dc, a->rn);

        lo = tcg_add(g, TCG_I32, lo, n);
        hi = tcg_add(g, TCG_I32, hi, tcg_shri(g, TCG_I32, n, 16));
    }
    t32_set(dc, a->rd, tcg_deposit(g, TCG_I32, lo, hi, 16, 16));
    return true;
}

TcgVal t32_rev16(DisasContext *dc, TcgVal v)
{
    return tcg_rori(dc->g, TCG_I32, tcg_bswap(dc->g, TCG_I32, v), 16);
}

TcgVal t32_revsh(DisasContext *dc, TcgVal v)
{
    return tcg_sari(dc->g, TCG_I32, tcg_bswap(dc->g, TCG_I32, v), 16);
}

bool trans_T32_REV(DisasContext *dc, const arg_T32_REV *a)
{
    t32_set(dc, a->rd, tcg_bswap(dc->g, TCG_I32, t32_get(dc, a->rm)));
    return true;
}

bool trans_T32_REV16(DisasContext *dc, const arg_T32_REV16 *a)
{
    t32_set(dc, a->rd, t32_rev16(dc, t32_get(dc, a->rm)));
    return true;
}

bool trans_T32_REVSH(DisasContext *dc, const arg_T32_REVSH *a)
{
    t32_set(dc, a->rd, t32_revsh(dc, t32_get(dc, a->rm)));
    return true;
}

bool trans_T32_RBIT(DisasContext *dc, const arg_T32_RBIT *a)
{
    t32_set(dc, a->rd, tcg_rbit(dc->g, TCG_I32, t32_get(dc, a->rm)));
    return true;
}

bool trans_T32_CLZ(DisasContext *dc, const arg_T32_CLZ *a)
{
    t32_set(dc, a->rd, tcg_clz(dc->g, TCG_I32, t32_get(dc, a->rm)));
    return true;
}
