/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * T32: floating point of scalars (Armv8-M ARM, DDI 0553, C2.4 and E1; Armv7-M ARM, DDI 0403, A2.5 and A7.7). Arithmetic is
 * by helpers that know FPSCR (m_helper_insn.c); moves and signs are inline. Alignment is checked as for LDM.
 */
#include "targets/arm/arm_t32_coproc.trans.h"
#include "targets/arm/arm_t32_fp.trans.h"
#include "targets/arm/m_fp.h"
#include "targets/arm/translate_t32.h"

/*
 * ExecuteFPCheck(): false: the instruction is NOCP, which has been generated. What the check saves or makes anew changes
 * the key, so the block ends with the instruction.
 */
static bool fp_access(DisasContext *dc)
{
    if (dc->key.fp_trap) {
        t32_raise(dc, M_FAULT_NOCP);
        return false;
    }
    if (dc->key.fp_prepare) {
        t32_call(dc, m_fp_prepare);
        dc->key_changed = true;
    }
    return true;
}

/* -- registers --------------------------------------------------------------------------------------------------------------- */

static TcgVal get_s(DisasContext *dc, unsigned n)
{
    return tcg_get_reg(dc->g, ARM_M_REG_S0 + n);
}

static void set_s(DisasContext *dc, unsigned n, TcgVal v)
{
    tcg_set_reg(dc->g, ARM_M_REG_S0 + n, v);
}

static TcgVal join(DisasContext *dc, TcgVal lo, TcgVal hi)
{
    return tcg_deposit(dc->g, TCG_I64, tcg_zext(dc->g, lo), tcg_zext(dc->g, hi), 32, 32);
}

/* As i64; a single-precision value in the low half. */
static TcgVal get_fp(DisasContext *dc, unsigned dp, unsigned n)
{
    return dp ? join(dc, get_s(dc, 2 * n), get_s(dc, 2 * n + 1)) : tcg_zext(dc->g, get_s(dc, n));
}

static void set_fp(DisasContext *dc, unsigned dp, unsigned n, TcgVal v)
{
    if (dp) {
        set_s(dc, 2 * n, tcg_trunc(dc->g, v));
        set_s(dc, 2 * n + 1, tcg_trunc(dc->g, tcg_shri(dc->g, TCG_I64, v, 32)));
    } else {
        set_s(dc, n, tcg_trunc(dc->g, v));
    }
}

/* -- arithmetic -------------------------------------------------------------------------------------------------------------- */

static TcgVal call2(DisasContext *dc, MFpOp op, unsigned dp, uint32_t aux, TcgVal a, TcgVal b)
{
    return t32_call(dc, m_fp2, a, b, t32_const(dc, M_FP_DESC(op, dp, aux)));
}

static bool two(DisasContext *dc, const arg_T32_VADD *a, MFpOp op)
{
    if (fp_access(dc)) {
        set_fp(dc, a->dp, a->rd, call2(dc, op, a->dp, 0, get_fp(dc, a->dp, a->rn), get_fp(dc, a->dp, a->rm)));
    }
    return true;
}

static bool one(DisasContext *dc, const arg_T32_VSQRT *a, MFpOp op, uint32_t aux)
{
    if (fp_access(dc)) {
        TcgVal m = get_fp(dc, a->dp, a->rm);

        set_fp(dc, a->dp, a->rd, call2(dc, op, a->dp, aux, m, m));
    }
    return true;
}

static bool three(DisasContext *dc, const arg_T32_VADD *a, MFpOp op)
{
    if (fp_access(dc)) {
        set_fp(dc, a->dp, a->rd, t32_call(dc, m_fp3, get_fp(dc, a->dp, a->rn), get_fp(dc, a->dp, a->rm),
                                          get_fp(dc, a->dp, a->rd), t32_const(dc, M_FP_DESC(op, a->dp, 0))));
    }
    return true;
}

bool trans_T32_VADD(DisasContext *dc, const arg_T32_VADD *a) { return two(dc, a, M_FP_ADD); }
bool trans_T32_VSUB(DisasContext *dc, const arg_T32_VSUB *a) { return two(dc, a, M_FP_SUB); }
bool trans_T32_VMUL(DisasContext *dc, const arg_T32_VMUL *a) { return two(dc, a, M_FP_MUL); }
bool trans_T32_VNMUL(DisasContext *dc, const arg_T32_VNMUL *a) { return two(dc, a, M_FP_NMUL); }
bool trans_T32_VDIV(DisasContext *dc, const arg_T32_VDIV *a) { return two(dc, a, M_FP_DIV); }
bool trans_T32_VMAXNM(DisasContext *dc, const arg_T32_VMAXNM *a) { return two(dc, a, M_FP_MAXNM); }
bool trans_T32_VMINNM(DisasContext *dc, const arg_T32_VMINNM *a) { return two(dc, a, M_FP_MINNM); }
bool trans_T32_VMLA(DisasContext *dc, const arg_T32_VMLA *a) { return three(dc, a, M_FP_MLA); }
bool trans_T32_VMLS(DisasContext *dc, const arg_T32_VMLS *a) { return three(dc, a, M_FP_MLS); }
bool trans_T32_VNMLA(DisasContext *dc, const arg_T32_VNMLA *a) { return three(dc, a, M_FP_NMLA); }
bool trans_T32_VNMLS(DisasContext *dc, const arg_T32_VNMLS *a) { return three(dc, a, M_FP_NMLS); }
bool trans_T32_VFMA(DisasContext *dc, const arg_T32_VFMA *a) { return three(dc, a, M_FP_FMA); }
bool trans_T32_VFMS(DisasContext *dc, const arg_T32_VFMS *a) { return three(dc, a, M_FP_FMS); }
bool trans_T32_VFNMA(DisasContext *dc, const arg_T32_VFNMA *a) { return three(dc, a, M_FP_FNMA); }
bool trans_T32_VFNMS(DisasContext *dc, const arg_T32_VFNMS *a) { return three(dc, a, M_FP_FNMS); }
bool trans_T32_VSQRT(DisasContext *dc, const arg_T32_VSQRT *a) { return one(dc, a, M_FP_SQRT, 0); }

/* cc: EQ, VS, GE, GT of APSR. Not in an IT block. */
bool trans_T32_VSEL(DisasContext *dc, const arg_T32_VSEL *a)
{
    static const TcgFlagCond conds[4] = { FC_EQ, FC_VS, FC_GE, FC_GT };

    if (t32_in_it(dc)) {
        return false;
    }
    if (fp_access(dc)) {
        set_fp(dc, a->dp, a->rd, tcg_select_fc(dc->g, TCG_I64, conds[a->cc], t32_nzcv(dc), get_fp(dc, a->dp, a->rn),
                                               get_fp(dc, a->dp, a->rm)));
    }
    return true;
}

/* -- moves and signs --------------------------------------------------------------------------------------------------------- */

/* VFPExpandImm(). */
bool trans_T32_VMOV_imm(DisasContext *dc, const arg_T32_VMOV_imm *a)
{
    uint64_t sign = a->imm >> 7, b = a->imm >> 6 & 1, low = a->imm & 63;
    uint64_t v = a->dp ? sign << 63 | (b ? UINT64_C(0xff) << 54 : UINT64_C(1) << 62) | low << 48 :
                 sign << 31 | (b ? UINT64_C(0x1f) << 25 : UINT64_C(1) << 30) | low << 19;

    if (fp_access(dc)) {
        set_fp(dc, a->dp, a->rd, tcg_const(dc->g, TCG_I64, v));
    }
    return true;
}

bool trans_T32_VMOV_reg(DisasContext *dc, const arg_T32_VMOV_reg *a)
{
    if (fp_access(dc)) {
        set_fp(dc, a->dp, a->rd, get_fp(dc, a->dp, a->rm));
    }
    return true;
}

static uint64_t sign_bit(unsigned dp)
{
    return dp ? UINT64_C(1) << 63 : UINT64_C(1) << 31;
}

bool trans_T32_VABS(DisasContext *dc, const arg_T32_VABS *a)
{
    if (fp_access(dc)) {
        set_fp(dc, a->dp, a->rd, tcg_andi(dc->g, TCG_I64, get_fp(dc, a->dp, a->rm), ~sign_bit(a->dp)));
    }
    return true;
}

bool trans_T32_VNEG(DisasContext *dc, const arg_T32_VNEG *a)
{
    if (fp_access(dc)) {
        set_fp(dc, a->dp, a->rd, tcg_xori(dc->g, TCG_I64, get_fp(dc, a->dp, a->rm), sign_bit(a->dp)));
    }
    return true;
}

/* -- comparison -------------------------------------------------------------------------------------------------------------- */

static bool compare(DisasContext *dc, unsigned dp, unsigned rd, TcgVal m, unsigned e)
{
    t32_call(dc, m_vcmp, get_fp(dc, dp, rd), m, t32_const(dc, dp | e << 1));
    return true;
}

bool trans_T32_VCMP(DisasContext *dc, const arg_T32_VCMP *a)
{
    return !fp_access(dc) || compare(dc, a->dp, a->rd, get_fp(dc, a->dp, a->rm), a->e);
}

bool trans_T32_VCMP_0(DisasContext *dc, const arg_T32_VCMP_0 *a)
{
    return !fp_access(dc) || compare(dc, a->dp, a->rd, tcg_const(dc->g, TCG_I64, 0), a->e);
}

/* -- rounding and conversion ------------------------------------------------------------------------------------------------- */

/* The modes of the pattern file. */
static const uint8_t rounding[7] = {
    FLOAT_ROUND_TIE_AWAY, FLOAT_ROUND_TIE_EVEN, FLOAT_ROUND_UP, FLOAT_ROUND_DOWN, FLOAT_ROUND_ZERO,
    M_FP_CURRENT, M_FP_CURRENT | M_FP_EXACT,
};

/* Those with a rounding of their own in the encoding are not to be in an IT block. */
bool trans_T32_VRINT(DisasContext *dc, const arg_T32_VRINT *a)
{
    TcgVal m;

    if (a->mode < 4 && t32_in_it(dc)) {
        return false;
    }
    if (fp_access(dc)) {
        m = get_fp(dc, a->dp, a->rm);
        set_fp(dc, a->dp, a->rd, call2(dc, M_FP_RINT, a->dp, rounding[a->mode], m, m));
    }
    return true;
}

static bool to_int(DisasContext *dc, unsigned rd, unsigned rm, unsigned dp, bool uns, unsigned round)
{
    if (fp_access(dc)) {
        TcgVal m = get_fp(dc, dp, rm);

        set_fp(dc, 0, rd, call2(dc, M_FP_TO_INT, dp, round | (uns ? M_FP_UNSIGNED : 0), m, m));
    }
    return true;
}

/* mode 1: toward zero; 0: as FPSCR says (VCVTR). */
bool trans_T32_VCVT_to(DisasContext *dc, const arg_T32_VCVT_to *a)
{
    return to_int(dc, a->rd, a->rm, a->dp, !a->sgn, a->mode ? FLOAT_ROUND_ZERO : M_FP_CURRENT);
}

bool trans_T32_VCVTA(DisasContext *dc, const arg_T32_VCVTA *a)
{
    return !t32_in_it(dc) && to_int(dc, a->rd, a->rm, a->dp, !a->sgn, rounding[a->mode]);
}

bool trans_T32_VCVT_from(DisasContext *dc, const arg_T32_VCVT_from *a)
{
    if (fp_access(dc)) {
        TcgVal m = get_fp(dc, 0, a->rm);

        set_fp(dc, a->dp, a->rd, call2(dc, M_FP_FROM_INT, a->dp, a->sgn ? 0 : M_FP_UNSIGNED, m, m));
    }
    return true;
}

/* In place; imm is what is left of 16 or 32 bits before the binary point. */
bool trans_T32_VCVT_fixed(DisasContext *dc, const arg_T32_VCVT_fixed *a)
{
    unsigned fbits = (a->word ? 32 : 16) - a->imm;

    if (fp_access(dc)) {
        TcgVal d = get_fp(dc, a->dp, a->rd);

        set_fp(dc, a->dp, a->rd, call2(dc, a->to ? M_FP_TO_FIXED : M_FP_FROM_FIXED, a->dp,
                                       M_FP_AUX_FIXED(fbits, a->uns, a->word), d, d));
    }
    return true;
}

bool trans_T32_VCVT_ds(DisasContext *dc, const arg_T32_VCVT_ds *a)
{
    if (fp_access(dc)) {
        TcgVal m = get_fp(dc, !a->to_dp, a->rm);

        set_fp(dc, a->to_dp, a->rd, call2(dc, a->to_dp ? M_FP_TO_F64 : M_FP_TO_F32, !a->to_dp, 0, m, m));
    }
    return true;
}

/* A half-precision value is one half of a single-precision register, whose other half stays. */
bool trans_T32_VCVT_h(DisasContext *dc, const arg_T32_VCVT_h *a)
{
    unsigned pos = a->top ? 16 : 0;
    TcgVal m;

    if (!fp_access(dc)) {
        return true;
    }
    if (a->to_half) {
        m = get_fp(dc, a->dp, a->rm);
        m = tcg_trunc(dc->g, call2(dc, M_FP_TO_F16, a->dp, 0, m, m));
        set_s(dc, a->rd, tcg_deposit(dc->g, TCG_I32, get_s(dc, a->rd), m, pos, 16));
    } else {
        m = tcg_zext(dc->g, tcg_extract(dc->g, TCG_I32, get_s(dc, a->rm), pos, 16));
        set_fp(dc, a->dp, a->rd, call2(dc, M_FP_FROM_F16, a->dp, 0, m, m));
    }
    return true;
}

/* -- between register files -------------------------------------------------------------------------------------------------- */

static bool move_two(DisasContext *dc, unsigned rt, unsigned rt2, unsigned s, bool to_arm)
{
    if (fp_access(dc)) {
        if (to_arm) {
            t32_set(dc, rt, get_s(dc, s));
            t32_set(dc, rt2, get_s(dc, s + 1));
        } else {
            set_s(dc, s, t32_get(dc, rt));
            set_s(dc, s + 1, t32_get(dc, rt2));
        }
    }
    return true;
}

bool trans_T32_VMOV_ss(DisasContext *dc, const arg_T32_VMOV_ss *a) { return move_two(dc, a->rt, a->rt2, a->rm, a->to_arm); }
bool trans_T32_VMOV_d(DisasContext *dc, const arg_T32_VMOV_d *a) { return move_two(dc, a->rt, a->rt2, 2 * a->rm, a->to_arm); }

static bool move_one(DisasContext *dc, const arg_T32_VMOV_s *a)
{
    if (fp_access(dc)) {
        if (a->to_arm) {
            t32_set(dc, a->rt, get_s(dc, a->rn));
        } else {
            set_s(dc, a->rn, t32_get(dc, a->rt));
        }
    }
    return true;
}

bool trans_T32_VMOV_s(DisasContext *dc, const arg_T32_VMOV_s *a) { return move_one(dc, a); }
/* A half of a double-precision register, which has a number of its own. */
bool trans_T32_VMOV_h(DisasContext *dc, const arg_T32_VMOV_h *a) { return move_one(dc, a); }

bool trans_T32_VMRS(DisasContext *dc, const arg_T32_VMRS *a)
{
    if (fp_access(dc)) {
        TcgVal v = t32_call(dc, m_vmrs);

        if (a->rt == 15) {
            t32_set_nzcv(dc, tcg_shri(dc->g, TCG_I32, v, 28));
        } else {
            t32_set(dc, a->rt, v);
        }
    }
    return true;
}

bool trans_T32_VMSR(DisasContext *dc, const arg_T32_VMSR *a)
{
    if (fp_access(dc)) {
        t32_call(dc, m_vmsr, t32_get(dc, a->rt));
    }
    return true;
}

/* -- loads and stores -------------------------------------------------------------------------------------------------------- */

static TcgVal load_s(DisasContext *dc, TcgVal addr, unsigned at)
{
    return t32_load(dc, tcg_addi(dc->g, TCG_I32, addr, at), t32_memop_aligned(dc, 2, false));
}

static void store_s(DisasContext *dc, TcgVal addr, unsigned at, TcgVal v)
{
    t32_store(dc, tcg_addi(dc->g, TCG_I32, addr, at), v, t32_memop_aligned(dc, 2, false));
}

static TcgVal base(DisasContext *dc, unsigned rn, bool u, int imm)
{
    int offset = u ? imm : -imm;

    return rn == 15 ? t32_pc_aligned(dc, offset) : tcg_addi(dc->g, TCG_I32, t32_get(dc, rn), (uint32_t)offset);
}

/* Registers s, s + 1 ... */
static void load_many(DisasContext *dc, TcgVal addr, unsigned s, unsigned count)
{
    TcgVal v[32];

    for (unsigned i = 0; i < count; i++) {
        v[i] = load_s(dc, addr, 4 * i);
    }
    for (unsigned i = 0; i < count; i++) {
        set_s(dc, s + i, v[i]);
    }
}

bool trans_T32_VLDR(DisasContext *dc, const arg_T32_VLDR *a)
{
    if (fp_access(dc)) {
        load_many(dc, base(dc, a->rn, a->u, a->imm), a->rd << a->dp, 1u << a->dp);
    }
    return true;
}

bool trans_T32_VSTR(DisasContext *dc, const arg_T32_VSTR *a)
{
    if (fp_access(dc)) {
        TcgVal addr = base(dc, a->rn, a->u, a->imm);

        for (unsigned i = 0; i < 1u << a->dp; i++) {
            store_s(dc, addr, 4 * i, get_s(dc, (a->rd << a->dp) + i));
        }
    }
    return true;
}

/*
 * imm: words. An odd number for double precision (FLDMX, FSTMX) moves the base by one word more than is transferred. A
 * list beyond the last register is UNPREDICTABLE.
 */
static bool multiple(DisasContext *dc, const arg_T32_VLDM *a, bool load)
{
    unsigned s = a->rd << a->dp, count = a->imm & ~a->dp;
    TcgVal old, moved, addr;

    if (s + count > 32) {
        return false;
    }
    if (!fp_access(dc)) {
        return true;
    }
    old = t32_get(dc, a->rn);
    moved = a->u ? tcg_addi(dc->g, TCG_I32, old, 4 * a->imm) : tcg_subi(dc->g, TCG_I32, old, 4 * a->imm);
    addr = a->u ? old : moved;
    if (a->w) {
        t32_check_sp(dc, a->rn, moved);
    }
    if (load) {
        load_many(dc, addr, s, count);
    } else {
        for (unsigned i = 0; i < count; i++) {
            store_s(dc, addr, 4 * i, get_s(dc, s + i));
        }
    }
    if (a->w) {
        t32_set(dc, a->rn, moved);
    }
    return true;
}

bool trans_T32_VLDM(DisasContext *dc, const arg_T32_VLDM *a) { return multiple(dc, a, true); }
bool trans_T32_VSTM(DisasContext *dc, const arg_T32_VSTM *a) { return multiple(dc, a, false); }

/* -- the rest of the coprocessor space --------------------------------------------------------------------------------------- */

bool trans_T32_COPROC(DisasContext *dc, const arg_T32_COPROC *a)
{
    bool fp = (a->coproc == 10 || a->coproc == 11) && dc_feature(dc, FEAT_VFP);

    if (fp && !dc->key.fp_trap) {
        return false;
    }
    t32_raise(dc, M_FAULT_NOCP);
    return true;
}

/* UNDEFINED in Non-secure state. They make their own check of the FP extension. */
bool trans_T32_VLSTM(DisasContext *dc, const arg_T32_VLSTM *a)
{
    if (!dc->key.secure) {
        return false;
    }
    t32_call(dc, m_vlstm, t32_get(dc, a->rn));
    dc->key_changed = true;
    return true;
}

bool trans_T32_VLLDM(DisasContext *dc, const arg_T32_VLLDM *a)
{
    if (!dc->key.secure) {
        return false;
    }
    t32_call(dc, m_vlldm, t32_get(dc, a->rn));
    dc->key_changed = true;
    return true;
}
