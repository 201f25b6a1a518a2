/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Advanced SIMD integer operations on values (Arm DDI 0487, C7.2): IR where a few operations do, else
 * helpers.
 */
#include "targets/arm/translate_simd.h"

/* -- registers --------------------------------------------------------------------------------- */

TcgVal vec_get(DisasContext *dc, unsigned bytes, unsigned n)
{
    TcgVal v = a64_get_v(dc, n);

    switch (bytes) {
    case 16:
        return v;
    case 8:
        return tcg_vec1(dc->g, OP_vmovz, 3, v, 0);
    default:
        return tcg_vec1(dc->g, OP_vfrom, 2, tcg_vget(dc->g, ctz32(bytes), v, 0), 0);
    }
}

void vec_set(DisasContext *dc, unsigned bytes, unsigned n, TcgVal v)
{
    switch (bytes) {
    case 16:
        a64_set_v(dc, n, v);
        break;
    case 8:
        a64_set_v_low(dc, n, v);
        break;
    default:
        a64_set_v(dc, n, tcg_vec1(dc->g, OP_vfrom, 2, tcg_vget(dc->g, ctz32(bytes), v, 0), 0));
    }
}

void vec_set_narrow(DisasContext *dc, unsigned q, unsigned n, TcgVal v)
{
    if (q) {
        a64_set_v(dc, n, vec_join(dc, a64_get_v(dc, n), v));
    } else {
        a64_set_v_low(dc, n, v);
    }
}

/* -- parts and constants ----------------------------------------------------------------------- */

static TcgVal op1(DisasContext *dc, TcgOpcode op, unsigned es, TcgVal a, uint64_t imm)
{
    return tcg_vec1(dc->g, op, es, a, imm);
}

static TcgVal op2(DisasContext *dc, TcgOpcode op, unsigned es, TcgVal a, TcgVal b)
{
    return tcg_vec2(dc->g, op, es, a, b, 0);
}

static TcgVal imm32(DisasContext *dc, uint32_t v)
{
    return tcg_const(dc->g, TCG_I32, v);
}

static unsigned lane_bits(unsigned es)
{
    return 8u << es;
}

static uint64_t lane_mask(unsigned es)
{
    return UINT64_MAX >> (64 - lane_bits(es));
}

TcgVal vec_const(DisasContext *dc, unsigned es, uint64_t lane)
{
    uint64_t v = (lane & lane_mask(es)) * (UINT64_MAX / lane_mask(es));

    return tcg_const_v(dc->g, v, v);
}

TcgVal vec_join(DisasContext *dc, TcgVal lo, TcgVal hi)
{
    return op2(dc, OP_vzip1, 3, lo, hi);
}

TcgVal vec_high(DisasContext *dc, unsigned q, TcgVal v)
{
    return q ? op2(dc, OP_vzip2, 3, v, v) : v;
}

TcgVal vec_widen(DisasContext *dc, unsigned es, unsigned q, bool sign, TcgVal v)
{
    TcgOpcode zip = q ? OP_vzip2 : OP_vzip1;
    TcgVal zero = tcg_const_v(dc->g, 0, 0);

    return sign ? op1(dc, OP_vsar, es + 1, op2(dc, zip, es, zero, v), lane_bits(es)) :
                  op2(dc, zip, es, v, zero);
}

TcgVal vec_narrow(DisasContext *dc, unsigned es, TcgVal v)
{
    return op2(dc, OP_vuzp1, es, v, v);
}

/* -- operations that are IR -------------------------------------------------------------------- */

#define VEC(name, ...) \
    TcgVal vec_##name(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, TcgVal m) \
    { \
        return __VA_ARGS__; \
    }
#define OP(op, a, b) op2(dc, OP_##op, es, a, b)
#define OPI(op, a, imm) op1(dc, OP_##op, es, a, imm)
#define CMP(cond, a, b) tcg_vec2(dc->g, OP_vcmp, es, a, b, COND_##cond)
#define ZERO tcg_const_v(dc->g, 0, 0)

VEC(add, OP(vadd, n, m))
VEC(sub, OP(vsub, n, m))
VEC(smax, OP(vsmax, n, m))
VEC(smin, OP(vsmin, n, m))
VEC(umax, OP(vumax, n, m))
VEC(umin, OP(vumin, n, m))
VEC(and, OP(vand, n, m))
VEC(bic, OP(vandn, n, m))
VEC(orr, OP(vor, n, m))
VEC(orn, OP(vor, n, OPI(vnot, m, 0)))
VEC(eor, OP(vxor, n, m))
VEC(not, OPI(vnot, n, 0))
VEC(bsl, tcg_vbitsel(dc->g, d, n, m))
VEC(bit, tcg_vbitsel(dc->g, m, n, d))
VEC(bif, tcg_vbitsel(dc->g, m, d, n))
VEC(cmeq, CMP(EQ, n, m))
VEC(cmgt, CMP(GT, n, m))
VEC(cmge, CMP(GE, n, m))
VEC(cmhi, CMP(GTU, n, m))
VEC(cmhs, CMP(GEU, n, m))
VEC(cmtst, CMP(TSTNE, n, m))
VEC(cmeq0, CMP(EQ, n, ZERO))
VEC(cmgt0, CMP(GT, n, ZERO))
VEC(cmge0, CMP(GE, n, ZERO))
VEC(cmle0, CMP(LE, n, ZERO))
VEC(cmlt0, CMP(LT, n, ZERO))
VEC(abs, OPI(vabs, n, 0))
VEC(neg, OPI(vneg, n, 0))
VEC(cnt, op1(dc, OP_vpopcnt8, 0, n, 0))
VEC(rev16, OPI(vbyterev, n, 1))
VEC(rev32, OPI(vbyterev, n, 2))
VEC(rev64, OPI(vbyterev, n, 3))

/* Doublewords by the integer unit. */
static TcgVal mul64(DisasContext *dc, TcgVal n, TcgVal m)
{
    TcgVal lo = tcg_mul(dc->g, TCG_I64, tcg_vget(dc->g, 3, n, 0), tcg_vget(dc->g, 3, m, 0));
    TcgVal hi = tcg_mul(dc->g, TCG_I64, tcg_vget(dc->g, 3, n, 1), tcg_vget(dc->g, 3, m, 1));

    return op2(dc, OP_vpair, 0, lo, hi);
}

VEC(mul, es == 3 ? mul64(dc, n, m) : OP(vmul, n, m))
VEC(mla, OP(vadd, d, vec_mul(dc, es, d, n, m)))
VEC(mls, OP(vsub, d, vec_mul(dc, es, d, n, m)))

/* |n - m|: in doublewords, which only long forms have, the difference itself does not overflow. */
VEC(sabd, es == 3 ? OPI(vabs, OP(vsub, n, m), 0) : OP(vsub, OP(vsmax, n, m), OP(vsmin, n, m)))
VEC(uabd, es == 3 ? OPI(vabs, OP(vsub, n, m), 0) : OP(vsub, OP(vumax, n, m), OP(vumin, n, m)))
VEC(saba, OP(vadd, d, vec_sabd(dc, es, d, n, m)))
VEC(uaba, OP(vadd, d, vec_uabd(dc, es, d, n, m)))

/* Halves of sums and differences without the carry: n + m = 2(n & m) + (n ^ m) = 2(n | m) - (n ^ m). */
VEC(shadd, OP(vadd, OP(vand, n, m), OPI(vsar, OP(vxor, n, m), 1)))
VEC(uhadd, OP(vadd, OP(vand, n, m), OPI(vshr, OP(vxor, n, m), 1)))
VEC(srhadd, OP(vsub, OP(vor, n, m), OPI(vsar, OP(vxor, n, m), 1)))
VEC(urhadd, OP(vsub, OP(vor, n, m), OPI(vshr, OP(vxor, n, m), 1)))
VEC(shsub, OP(vsub, OPI(vsar, OP(vxor, n, m), 1), OP(vandn, m, n)))
VEC(uhsub, OP(vsub, OPI(vshr, OP(vxor, n, m), 1), OP(vandn, m, n)))

/* Sums of neighbours at twice the size; es is of the narrow elements. */
static TcgVal add_long_pairs(DisasContext *dc, unsigned es, bool sign, TcgVal n)
{
    unsigned bits = lane_bits(es);
    TcgVal odd = op1(dc, sign ? OP_vsar : OP_vshr, es + 1, n, bits);
    TcgVal even = sign ? op1(dc, OP_vsar, es + 1, op1(dc, OP_vshl, es + 1, n, bits), bits) :
                         op2(dc, OP_vand, es, n, vec_const(dc, es + 1, lane_mask(es)));

    return op2(dc, OP_vadd, es + 1, even, odd);
}

VEC(saddlp, add_long_pairs(dc, es, true, n))
VEC(uaddlp, add_long_pairs(dc, es, false, n))
VEC(sadalp, op2(dc, OP_vadd, es + 1, d, add_long_pairs(dc, es, true, n)))
VEC(uadalp, op2(dc, OP_vadd, es + 1, d, add_long_pairs(dc, es, false, n)))

/* Bits of bytes reversed, by nibbles. */
TcgVal vec_rbit(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, TcgVal m)
{
    TcgVal table = tcg_const_v(dc->g, UINT64_C(0xe060a020c0408000), UINT64_C(0xf070b030d0509010));
    TcgVal lo = op2(dc, OP_vtbl, 0, table, op2(dc, OP_vand, 0, n, vec_const(dc, 0, 15)));
    TcgVal hi = op2(dc, OP_vtbl, 0, table, op1(dc, OP_vshr, 0, n, 4));

    return op2(dc, OP_vor, 0, lo, op1(dc, OP_vshr, 0, hi, 4));
}

/* -- shifts by immediate ----------------------------------------------------------------------- */

#define SHIFT(name, ...) \
    TcgVal vec_##name(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, unsigned shift) \
    { \
        return __VA_ARGS__; \
    }

/* Rounded: the last bit that is shifted out is added. */
static TcgVal round_shr(DisasContext *dc, TcgOpcode op, unsigned es, TcgVal n, unsigned shift)
{
    TcgVal carry = op2(dc, OP_vand, es, op1(dc, OP_vshr, es, n, shift - 1), vec_const(dc, es, 1));

    return op2(dc, OP_vadd, es, op1(dc, op, es, n, shift), carry);
}

SHIFT(shl, OPI(vshl, n, shift))
SHIFT(sshr, OPI(vsar, n, shift))
SHIFT(ushr, OPI(vshr, n, shift))
SHIFT(srshr, round_shr(dc, OP_vsar, es, n, shift))
SHIFT(urshr, round_shr(dc, OP_vshr, es, n, shift))
SHIFT(ssra, OP(vadd, d, vec_sshr(dc, es, d, n, shift)))
SHIFT(usra, OP(vadd, d, vec_ushr(dc, es, d, n, shift)))
SHIFT(srsra, OP(vadd, d, vec_srshr(dc, es, d, n, shift)))
SHIFT(ursra, OP(vadd, d, vec_urshr(dc, es, d, n, shift)))
SHIFT(sli, tcg_vbitsel(dc->g, vec_const(dc, es, UINT64_MAX << shift), OPI(vshl, n, shift), d))
SHIFT(sri, tcg_vbitsel(dc->g, vec_const(dc, es, shift == lane_bits(es) ? 0 : lane_mask(es) >> shift),
                       OPI(vshr, n, shift), d))
SHIFT(shrn, vec_narrow(dc, es, op1(dc, OP_vshr, es + 1, n, shift)))
/* a carry out of the wide element is in none of the bits that stay */
SHIFT(rshrn, vec_shrn(dc, es, d, op2(dc, OP_vadd, es + 1, n, vec_const(dc, es + 1, UINT64_C(1) << (shift - 1))),
                      shift))

/* -- operations that are helpers --------------------------------------------------------------- */

#define CALL1(name) VEC(name, a64_call(dc, v_##name, n, imm32(dc, es)))
#define CALL2(name) VEC(name, a64_call(dc, v_##name, n, m, imm32(dc, es)))
#define CALL3(name) VEC(name, a64_call(dc, v_##name, d, n, m, imm32(dc, es)))
#define CALL_SHIFT(name, helper) SHIFT(name, a64_call(dc, v_##helper, n, imm32(dc, es), imm32(dc, shift)))

CALL1(clz)
CALL1(cls)
CALL1(urecpe)
CALL1(ursqrte)
CALL1(sqabs)
CALL1(sqneg)
CALL1(sqxtn)
CALL1(uqxtn)
CALL1(sqxtun)
CALL2(sshl)
CALL2(ushl)
CALL2(srshl)
CALL2(urshl)
CALL2(sqshl)
CALL2(uqshl)
CALL2(sqrshl)
CALL2(uqrshl)
CALL2(pmul)
CALL2(sqadd)
CALL2(uqadd)
CALL2(sqsub)
CALL2(uqsub)
CALL2(sqdmulh)
CALL2(sqrdmulh)
CALL2(sqdmull)
CALL3(sqdmlal)
CALL3(sqdmlsl)
CALL3(sqrdmlah)
CALL3(sqrdmlsh)
CALL3(sdot)
CALL3(udot)
CALL3(usdot)
CALL3(smmla)
CALL3(ummla)
CALL3(usmmla)
VEC(suqadd, a64_call(dc, v_suqadd, d, n, imm32(dc, es)))
VEC(usqadd, a64_call(dc, v_usqadd, d, n, imm32(dc, es)))

SHIFT(sqshl_i, a64_call(dc, v_sqshl, n, vec_const(dc, es, shift), imm32(dc, es)))
SHIFT(uqshl_i, a64_call(dc, v_uqshl, n, vec_const(dc, es, shift), imm32(dc, es)))
SHIFT(sqshlu_i, a64_call(dc, v_sqshlu, n, vec_const(dc, es, shift), imm32(dc, es)))
CALL_SHIFT(sqshrn, sqshrn)
CALL_SHIFT(sqrshrn, sqrshrn)
CALL_SHIFT(uqshrn, uqshrn)
CALL_SHIFT(uqrshrn, uqrshrn)
CALL_SHIFT(sqshrun, sqshrun)
CALL_SHIFT(sqrshrun, sqrshrun)
