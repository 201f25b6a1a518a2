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

    if (sign && !q) {
        return op1(dc, OP_vsext, es, v, 0);
    }
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

VEC(mul, OP(vmul, n, m))
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
    TcgVal odd, even;

    if (es == 0) {
        return sign ? op2(dc, OP_vmaddus, 0, vec_const(dc, 0, 1), n) : op2(dc, OP_vmaddus, 0, n, vec_const(dc, 0, 1));
    }
    if (es == 1 && sign) {
        return op2(dc, OP_vmadd, 1, n, vec_const(dc, 1, 1));
    }
    odd = op1(dc, sign ? OP_vsar : OP_vshr, es + 1, n, bits);
    even = sign ? op1(dc, OP_vsar, es + 1, op1(dc, OP_vshl, es + 1, n, bits), bits) :
                  op2(dc, OP_vand, es, n, vec_const(dc, es + 1, lane_mask(es)));
    return op2(dc, OP_vadd, es + 1, even, odd);
}

VEC(saddlp, add_long_pairs(dc, es, true, n))
VEC(uaddlp, add_long_pairs(dc, es, false, n))
VEC(sadalp, op2(dc, OP_vadd, es + 1, d, add_long_pairs(dc, es, true, n)))
VEC(uadalp, op2(dc, OP_vadd, es + 1, d, add_long_pairs(dc, es, false, n)))

TcgVal vec_sum_bytes(DisasContext *dc, unsigned q, bool sign, TcgVal n)
{
    TcgVal r;

    n = sign ? op2(dc, OP_vxor, 0, n, vec_const(dc, 0, 0x80)) : n;
    r = op2(dc, OP_vsad, 0, n, ZERO);
    r = q ? op2(dc, OP_vadd, 3, r, vec_high(dc, 1, r)) : r;
    r = tcg_vget(dc->g, 2, r, 0);
    return sign ? tcg_addi(dc->g, TCG_I32, r, q ? -2048 : -1024) : r;
}

/* Bits of bytes reversed, by nibbles. */
TcgVal vec_rbit(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, TcgVal m)
{
    if (tcg_has(dc->g, OP_vgfaff, 0)) {
        return op2(dc, OP_vgfaff, 0, n, vec_const(dc, 3, UINT64_C(0x8040201008040201)));
    }
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

/* -- shifts by registers: the count is the signed low byte of m's lane, negative to the right ------ */

static bool has_shifts(const DisasContext *dc, unsigned es)
{
    es = MAX(es, 1);
    return tcg_has(dc->g, OP_vshlv, es) && tcg_has(dc->g, OP_vshrv, es) && tcg_has(dc->g, OP_vsarv, es);
}

/*
 * The low bytes of m and of -m are counts that leave nothing where they are meant to be the other's; a count of 0
 * leaves n, twice.
 */
static TcgVal shift_by(DisasContext *dc, unsigned es, bool sign, bool round, TcgVal n, TcgVal m)
{
    TcgVal byte = vec_const(dc, es, 255), one = vec_const(dc, es, 1);
    TcgVal left = op2(dc, OP_vand, es, m, byte), right = op2(dc, OP_vand, es, op1(dc, OP_vneg, es, m, 0), byte);
    TcgOpcode op = sign ? OP_vsarv : OP_vshrv;
    TcgVal r = op2(dc, op, es, n, right);

    if (round) {                                /* the last bit shifted out; by a count less one that wraps: none */
        TcgVal last = op2(dc, op, es, n, op2(dc, OP_vsub, es, right, one));

        r = op2(dc, OP_vadd, es, r, op2(dc, OP_vand, es, last, one));
    }
    if (sign) {                                 /* only to the right are there copies of the sign */
        unsigned up = lane_bits(es) - 8;

        r = op2(dc, OP_vand, es, r, op1(dc, OP_vsar, es, op1(dc, OP_vshl, es, m, up), lane_bits(es) - 1));
    }
    return op2(dc, OP_vor, es, op2(dc, OP_vshlv, es, n, left), r);
}

static TcgVal shift_lanes(DisasContext *dc, unsigned es, bool sign, bool round, TcgVal n, TcgVal m)
{
    TcgVal half[2];

    if (es) {
        return shift_by(dc, es, sign, round, n, m);
    }
    for (unsigned q = 0; q < 2; q++) {          /* bytes in halfwords */
        half[q] = shift_by(dc, 1, sign, round, vec_widen(dc, 0, q, sign, n), vec_widen(dc, 0, q, true, m));
    }
    return op2(dc, OP_vuzp1, 0, half[0], half[1]);
}

#define VEC_SHIFT(name, sign, round) \
    VEC(name, has_shifts(dc, es) ? shift_lanes(dc, es, sign, round, n, m) : \
              a64_call(dc, v_##name, n, m, imm32(dc, es)))
VEC_SHIFT(sshl, true, false)
VEC_SHIFT(ushl, false, false)
VEC_SHIFT(srshl, true, true)
VEC_SHIFT(urshl, false, true)

/* -- leading zeros ----------------------------------------------------------------------------- */

/* Of bytes, by nibbles: the upper one decides unless it is 0; then its table has the most. */
static TcgVal clz_bytes(DisasContext *dc, TcgVal n)
{
    TcgVal upper = tcg_const_v(dc->g, UINT64_C(0x0101010102020308), 0);
    TcgVal lower = tcg_const_v(dc->g, UINT64_C(0x0505050506060708), UINT64_C(0x0404040404040404));
    TcgVal hi = op2(dc, OP_vtbl, 0, upper, op1(dc, OP_vshr, 0, n, 4));
    TcgVal lo = op2(dc, OP_vtbl, 0, lower, op2(dc, OP_vand, 0, n, vec_const(dc, 0, 15)));

    return op2(dc, OP_vumin, 0, hi, lo);
}

/* The upper halves' zeros, and where that is all of them the lower ones'. */
TcgVal vec_clz(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, TcgVal m)
{
    TcgVal half, hi, lo;
    unsigned bits = lane_bits(es) / 2;

    if (es >= 2 && tcg_has(dc->g, OP_vclz, es)) {
        return op1(dc, OP_vclz, es, n, 0);
    }
    if (es == 0) {
        return clz_bytes(dc, n);
    }
    half = vec_clz(dc, es - 1, d, n, m);
    hi = op1(dc, OP_vshr, es, half, bits);
    lo = op2(dc, OP_vand, es, half, CMP(EQ, hi, vec_const(dc, es, bits)));
    return op2(dc, OP_vadd, es, hi, op2(dc, OP_vand, es, lo, vec_const(dc, es, lane_mask(es - 1))));
}

/* As many as the sign, without the sign itself. */
VEC(cls, OP(vsub, vec_clz(dc, es, d, OP(vxor, n, OPI(vsar, n, 1)), m), vec_const(dc, es, 1)))

/* -- products ---------------------------------------------------------------------------------- */

TcgVal vec_mull(DisasContext *dc, unsigned es, unsigned q, bool sign, TcgVal n, TcgVal m)
{
    bool widen_sign = sign && es == 0;          /* of the others the low half of a lane is all that counts */

    if (es == 1 && !sign) {
        return op2(dc, q ? OP_vzip2 : OP_vzip1, 1, op2(dc, OP_vmul, 1, n, m), op2(dc, OP_vmulhu, 1, n, m));
    }
    n = vec_widen(dc, es, q, widen_sign, n);
    m = vec_widen(dc, es, q, widen_sign, m);
    if (es == 2) {
        return op2(dc, sign ? OP_vmulls : OP_vmullu, 2, n, m);
    }
    return es == 1 && sign ? op2(dc, OP_vmadd, 1, n, m) : op2(dc, OP_vmul, es + 1, n, m);
}

/* Bytes of a parity as halfwords. */
static TcgVal byte_of_pair(DisasContext *dc, bool odd, bool sign, TcgVal v)
{
    TcgOpcode shr = sign ? OP_vsar : OP_vshr;

    return op1(dc, shr, 1, odd ? v : op1(dc, OP_vshl, 1, v, 8), 8);
}

static TcgVal dot(DisasContext *dc, bool n_sign, bool m_sign, TcgVal d, TcgVal n, TcgVal m)
{
    if (tcg_has(dc->g, OP_vdotus, 2)) {
        /* one operand 128 more or less than it is, to be unsigned or signed: that times the other is taken back */
        TcgVal low = vec_const(dc, 0, 0x80), u = n_sign ? op2(dc, OP_vxor, 0, n, low) : n;
        TcgVal s = m_sign ? m : op2(dc, OP_vxor, 0, m, low);

        d = tcg_vec3(dc->g, OP_vdotus, 2, d, u, s);
        if (n_sign == m_sign) {
            TcgVal more = tcg_vec3(dc->g, OP_vdotus, 2, ZERO, n_sign ? low : n, n_sign ? m : low);

            d = op2(dc, OP_vsub, 2, d, more);
        }
        return d;
    }
    for (unsigned odd = 0; odd < 2; odd++) {
        d = op2(dc, OP_vadd, 2, d, op2(dc, OP_vmadd, 1, byte_of_pair(dc, odd, n_sign, n),
                                       byte_of_pair(dc, odd, m_sign, m)));
    }
    return d;
}

VEC(sdot, dot(dc, true, true, d, n, m))
VEC(udot, dot(dc, false, false, d, n, m))
VEC(usdot, dot(dc, false, true, d, n, m))

/* Each row of n with both columns of m, whose halves are then added. */
static TcgVal mmla(DisasContext *dc, bool n_sign, bool m_sign, TcgVal d, TcgVal n, TcgVal m)
{
    TcgVal r0 = dot(dc, n_sign, m_sign, ZERO, op1(dc, OP_vdup_lane, 3, n, 0), m);
    TcgVal r1 = dot(dc, n_sign, m_sign, ZERO, op1(dc, OP_vdup_lane, 3, n, 1), m);

    d = op2(dc, OP_vadd, 2, d, op2(dc, OP_vuzp1, 2, r0, r1));
    return op2(dc, OP_vadd, 2, d, op2(dc, OP_vuzp2, 2, r0, r1));
}

VEC(smmla, mmla(dc, true, true, d, n, m))
VEC(ummla, mmla(dc, false, false, d, n, m))
VEC(usmmla, mmla(dc, false, true, d, n, m))

/* -- polynomials over {0, 1} of bytes ------------------------------------------------------------ */

static TcgVal xor(DisasContext *dc, TcgVal a, TcgVal b)
{
    return op2(dc, OP_vxor, 3, a, b);
}

/* By halves of bytes, whose products are what they are in the field: the lower halves', the upper ones', both others' sum. */
static void half_products(DisasContext *dc, TcgVal n, TcgVal m, TcgVal *low, TcgVal *middle, TcgVal *high)
{
    TcgVal nl = op2(dc, OP_vand, 0, n, vec_const(dc, 0, 15)), ml = op2(dc, OP_vand, 0, m, vec_const(dc, 0, 15));
    TcgVal nh = op1(dc, OP_vshr, 0, n, 4), mh = op1(dc, OP_vshr, 0, m, 4);

    *low = op2(dc, OP_vgfmul, 0, nl, ml);
    *middle = xor(dc, op2(dc, OP_vgfmul, 0, nl, mh), op2(dc, OP_vgfmul, 0, nh, ml));
    if (high) {
        *high = op2(dc, OP_vgfmul, 0, nh, mh);
    }
}

TcgVal vec_pmul(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, TcgVal m)
{
    TcgVal r = ZERO, middle;

    if (tcg_has(dc->g, OP_vgfmul, 0)) {
        half_products(dc, n, m, &r, &middle, NULL);
        return xor(dc, r, op1(dc, OP_vshl, 0, middle, 4));
    }
    for (unsigned bit = 0; bit < 8; bit++) {    /* of m, from the highest */
        r = bit ? op2(dc, OP_vadd, 0, r, r) : r;
        r = xor(dc, r, op2(dc, OP_vand, 0, n, tcg_vec2(dc->g, OP_vcmp, 0, ZERO, m, COND_GT)));
        m = op2(dc, OP_vadd, 0, m, m);
    }
    return r;
}

/* Every third bit: sums of up to three products of such bits do not reach the next of them. */
static TcgVal every_third(DisasContext *dc, unsigned from, TcgVal v)
{
    return op2(dc, OP_vand, 1, v, vec_const(dc, 1, UINT64_C(0x9249) << from));
}

TcgVal vec_pmull(DisasContext *dc, unsigned q, TcgVal n, TcgVal m)
{
    TcgVal low, middle, high, r = TCG_NOVAL, a[3], b[3];

    if (tcg_has(dc->g, OP_vgfmul, 0)) {
        half_products(dc, n, m, &low, &middle, &high);
        low = xor(dc, low, op1(dc, OP_vshl, 0, middle, 4));
        high = xor(dc, high, op1(dc, OP_vshr, 0, middle, 4));
        return op2(dc, q ? OP_vzip2 : OP_vzip1, 0, low, high);
    }
    n = vec_widen(dc, 0, q, false, n);
    m = vec_widen(dc, 0, q, false, m);
    for (unsigned i = 0; i < 3; i++) {
        a[i] = every_third(dc, i, n);
        b[i] = every_third(dc, i, m);
    }
    for (unsigned i = 0; i < 3; i++) {
        TcgVal sum = op2(dc, OP_vmul, 1, a[0], b[i]);

        sum = xor(dc, sum, op2(dc, OP_vmul, 1, a[1], b[(i + 2) % 3]));
        sum = xor(dc, sum, op2(dc, OP_vmul, 1, a[2], b[(i + 1) % 3]));
        sum = every_third(dc, i, sum);
        r = i ? op2(dc, OP_vor, 1, r, sum) : sum;
    }
    return r;
}

/* -- saturation -------------------------------------------------------------------------------- */

/* Any bit of v says that something saturated: FPSR.QC. Returns r. */
static TcgVal saturated(DisasContext *dc, TcgVal v, TcgVal r)
{
    tcg_set_reg(dc->g, ARM_REG_QC, op2(dc, OP_vor, 3, tcg_get_reg(dc->g, ARM_REG_QC), v));
    return r;
}

static TcgVal lowest(DisasContext *dc, unsigned es)
{
    return vec_const(dc, es, UINT64_C(1) << (lane_bits(es) - 1));
}

/* The limit on the side of n's sign. */
static TcgVal limit(DisasContext *dc, unsigned es, TcgVal n)
{
    return op2(dc, OP_vxor, es, op1(dc, OP_vsar, es, n, lane_bits(es) - 1),
               vec_const(dc, es, lane_mask(es) >> 1));
}

static TcgVal sat_sum(DisasContext *dc, unsigned es, bool sign, bool sub, TcgVal n, TcgVal m)
{
    static const TcgOpcode sat[2][2] = { { OP_vuadds, OP_vusubs }, { OP_vsadds, OP_vssubs } };
    TcgVal r = op2(dc, sub ? OP_vsub : OP_vadd, es, n, m), lost;

    if (es < 2) {
        TcgVal s = op2(dc, sat[sign][sub], es, n, m);

        return saturated(dc, op2(dc, OP_vxor, es, s, r), s);
    }
    if (!sign) {                                /* all ones or zeros where a carry or borrow was lost */
        lost = sub ? CMP(LTU, n, m) : CMP(LTU, r, n);
        return saturated(dc, lost, op2(dc, sub ? OP_vandn : OP_vor, es, r, lost));
    }
    /* the result's sign is not n's, though m's is one that should keep it */
    lost = op2(dc, OP_vand, es, op2(dc, OP_vxor, es, n, sub ? m : r), op2(dc, OP_vxor, es, sub ? n : m, r));
    lost = op1(dc, OP_vsar, es, lost, lane_bits(es) - 1);
    return saturated(dc, lost, tcg_vbitsel(dc->g, lost, limit(dc, es, n), r));
}

VEC(sqadd, sat_sum(dc, es, true, false, n, m))
VEC(uqadd, sat_sum(dc, es, false, false, n, m))
VEC(sqsub, sat_sum(dc, es, true, true, n, m))
VEC(uqsub, sat_sum(dc, es, false, true, n, m))

/* What can be the lowest number only by overflow becomes the highest. */
static TcgVal sat_lowest(DisasContext *dc, unsigned es, TcgVal r)
{
    TcgVal lost = CMP(EQ, r, lowest(dc, es));

    return saturated(dc, lost, op2(dc, OP_vxor, es, r, lost));
}

VEC(sqabs, sat_lowest(dc, es, OPI(vabs, n, 0)))

TcgVal vec_sqneg(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, TcgVal m)
{
    return sat_lowest(dc, es, op1(dc, OP_vneg, es, n, 0));
}

/* The high half of twice the product. */
static TcgVal double_high(DisasContext *dc, unsigned es, bool round, TcgVal n, TcgVal m)
{
    TcgVal even, odd;

    if (es == 1) {
        return round ? op2(dc, OP_vmulrs, 1, n, m) :
                       op2(dc, OP_vor, 1, op1(dc, OP_vshl, 1, op2(dc, OP_vmulhs, 1, n, m), 1),
                           op1(dc, OP_vshr, 1, op2(dc, OP_vmul, 1, n, m), 15));
    }
    even = op2(dc, OP_vmulls, 2, n, m);
    odd = op2(dc, OP_vmulls, 2, op1(dc, OP_vshr, 3, n, 32), op1(dc, OP_vshr, 3, m, 32));
    if (round) {
        even = op2(dc, OP_vadd, 3, even, vec_const(dc, 3, UINT64_C(1) << 30));
        odd = op2(dc, OP_vadd, 3, odd, vec_const(dc, 3, UINT64_C(1) << 30));
    }
    return tcg_vbitsel(dc->g, vec_const(dc, 3, UINT32_MAX), op1(dc, OP_vshr, 3, even, 31), op1(dc, OP_vshl, 3, odd, 1));
}

VEC(sqdmulh, sat_lowest(dc, es, double_high(dc, es, false, n, m)))
VEC(sqrdmulh, sat_lowest(dc, es, double_high(dc, es, true, n, m)))

/* Operands are widened with their signs. */
TcgVal vec_sqdmull(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, TcgVal m)
{
    TcgVal p = es == 3 ? op2(dc, OP_vmulls, 2, n, m) :
                         op2(dc, OP_vmadd, 1, op2(dc, OP_vand, 2, n, vec_const(dc, 2, UINT16_MAX)), m);

    return sat_lowest(dc, es, op1(dc, OP_vshl, es, p, 1));
}

VEC(sqdmlal, sat_sum(dc, es, true, false, d, vec_sqdmull(dc, es, d, n, m)))
VEC(sqdmlsl, sat_sum(dc, es, true, true, d, vec_sqdmull(dc, es, d, n, m)))

/* Wide elements to narrow ones, zeros in the high half; they are signed if `from` is, and the results if `to` is. */
static TcgVal sat_narrow(DisasContext *dc, unsigned es, bool from, bool to, TcgVal n)
{
    uint64_t max = lane_mask(es) >> to;
    TcgVal r = op2(dc, from ? OP_vsmin : OP_vumin, es + 1, n, vec_const(dc, es + 1, max));

    if (from) {
        r = op2(dc, OP_vsmax, es + 1, r, vec_const(dc, es + 1, to ? ~max : 0));
    }
    saturated(dc, op2(dc, OP_vxor, 3, r, n), r);
    return op2(dc, es == 2 ? OP_vuzp1 : to ? OP_vspack : OP_vupack, es, r, ZERO);
}

VEC(sqxtn, sat_narrow(dc, es, true, true, n))
VEC(uqxtn, sat_narrow(dc, es, false, false, n))
VEC(sqxtun, sat_narrow(dc, es, true, false, n))
SHIFT(sqshrn, sat_narrow(dc, es, true, true, op1(dc, OP_vsar, es + 1, n, shift)))
SHIFT(sqrshrn, sat_narrow(dc, es, true, true, round_shr(dc, OP_vsar, es + 1, n, shift)))
SHIFT(uqshrn, sat_narrow(dc, es, false, false, op1(dc, OP_vshr, es + 1, n, shift)))
SHIFT(uqrshrn, sat_narrow(dc, es, false, false, round_shr(dc, OP_vshr, es + 1, n, shift)))
SHIFT(sqshrun, sat_narrow(dc, es, true, false, op1(dc, OP_vsar, es + 1, n, shift)))
SHIFT(sqrshrun, sat_narrow(dc, es, true, false, round_shr(dc, OP_vsar, es + 1, n, shift)))

/* To the left, by less than a lane: bits are lost if the way back does not lead to n. */
static TcgVal sat_shl(DisasContext *dc, unsigned es, bool sign, TcgVal n, unsigned shift)
{
    TcgVal r = op1(dc, OP_vshl, es, n, shift), back = op1(dc, sign ? OP_vsar : OP_vshr, es, r, shift);
    TcgVal lost = CMP(NE, back, n);

    return saturated(dc, lost, sign ? tcg_vbitsel(dc->g, lost, limit(dc, es, n), r) : op2(dc, OP_vor, es, r, lost));
}

SHIFT(sqshl_i, sat_shl(dc, es, true, n, shift))
SHIFT(uqshl_i, sat_shl(dc, es, false, n, shift))

TcgVal vec_sqshlu_i(DisasContext *dc, unsigned es, TcgVal d, TcgVal n, unsigned shift)
{
    TcgVal positive = op2(dc, OP_vsmax, es, n, ZERO);

    saturated(dc, op2(dc, OP_vxor, es, positive, n), positive);
    return sat_shl(dc, es, false, positive, shift);
}

/* -- saturating shifts by registers ------------------------------------------------------------- */

/*
 * top: m with the count in each lane's highest byte. To the left first, by 0 where the count is negative, then to the right.
 * Bytes are in the upper halves of halfwords (unit 256), and what leaves them to the right in the lower ones.
 */
static TcgVal sat_shift_by(DisasContext *dc, unsigned es, uint64_t unit, bool sign, bool round, TcgVal n, TcgVal top,
                           TcgVal *lost)
{
    TcgOpcode shr = sign ? OP_vsarv : OP_vshrv;
    TcgVal count = op1(dc, OP_vsar, es, top, lane_bits(es) - 8), left = op2(dc, OP_vsmax, es, count, ZERO);
    TcgVal right = op2(dc, OP_vsub, es, left, count);
    TcgVal l = op2(dc, OP_vshlv, es, n, left), back = op2(dc, shr, es, l, left), same, r;

    *lost = op2(dc, OP_vxor, es, back, n);      /* bits are lost if the way back does not lead to n */
    if (sign) {
        same = CMP(EQ, back, n);
        l = tcg_vbitsel(dc->g, same, l, limit(dc, es, n));
    } else {
        l = op2(dc, OP_vor, es, l, CMP(NE, back, n));
    }
    r = op2(dc, shr, es, l, right);
    if (round) {                                /* the last bit that leaves, if any does */
        TcgVal last = op2(dc, shr, es, l, op2(dc, OP_vsub, es, right, vec_const(dc, es, 1)));
        TcgVal add = unit == 1 ? op1(dc, OP_vshr, es, top, lane_bits(es) - 1) :
                                 op2(dc, OP_vand, es, count, vec_const(dc, es, unit));

        r = op2(dc, OP_vadd, es, r, op2(dc, OP_vand, es, last, add));
    }
    return r;
}

static TcgVal sat_shift_lanes(DisasContext *dc, unsigned es, bool sign, bool round, TcgVal n, TcgVal m)
{
    TcgVal half[2], lost[2];

    if (es) {
        half[0] = sat_shift_by(dc, es, 1, sign, round, n, op1(dc, OP_vshl, es, m, lane_bits(es) - 8), lost);
        return saturated(dc, lost[0], half[0]);
    }
    for (unsigned q = 0; q < 2; q++) {
        TcgOpcode zip = q ? OP_vzip2 : OP_vzip1;

        half[q] = sat_shift_by(dc, 1, 256, sign, round, op2(dc, zip, 0, ZERO, n), op2(dc, zip, 0, ZERO, m), &lost[q]);
    }
    return saturated(dc, op2(dc, OP_vor, 3, lost[0], lost[1]), op2(dc, OP_vuzp2, 0, half[0], half[1]));
}

#define VEC_SAT_SHIFT(name, sign, round) \
    VEC(name, has_shifts(dc, es) ? sat_shift_lanes(dc, es, sign, round, n, m) : \
              a64_call(dc, v_##name, n, m, imm32(dc, es)))
VEC_SAT_SHIFT(sqshl, true, false)
VEC_SAT_SHIFT(uqshl, false, false)
VEC_SAT_SHIFT(sqrshl, true, true)
VEC_SAT_SHIFT(uqrshl, false, true)

/* -- saturating sums with numbers of the other sign, with products ------------------------------- */

/* A number less 2^(bits - 1) is signed if it was not, and the other way round; so are the limits of a sum. */
static TcgVal sum_of_both(DisasContext *dc, unsigned es, bool sign, TcgVal d, TcgVal n)
{
    TcgVal low = lowest(dc, es);

    return op2(dc, OP_vxor, es, sat_sum(dc, es, sign, false, op2(dc, OP_vxor, es, d, low), n), low);
}

VEC(suqadd, sum_of_both(dc, es, false, d, n))
VEC(usqadd, sum_of_both(dc, es, true, d, n))

/*
 * Halfwords: the rounded high half of twice the product, which is then added or subtracted. It is 2^15 for the lowest
 * numbers, one more than a lane holds, so it is added in two steps.
 */
static TcgVal add_high_16(DisasContext *dc, bool sub, TcgVal d, TcgVal n, TcgVal m)
{
    static const TcgOpcode sat[2] = { OP_vsadds, OP_vssubs };
    const unsigned es = 1;
    TcgVal h = op2(dc, OP_vmulrs, 1, n, m), r, s, most;

    if (sub) {                                  /* what is subtracted is rounded down at half */
        TcgVal fraction = op1(dc, OP_vshl, 1, op2(dc, OP_vmul, 1, n, m), 1);

        h = op2(dc, OP_vadd, 1, h, CMP(EQ, fraction, lowest(dc, 1)));
    }
    most = CMP(EQ, h, lowest(dc, 1));
    r = op2(dc, sub ? OP_vsub : OP_vadd, 1, d, h);
    s = op2(dc, sat[sub], 1, d, op2(dc, OP_vadd, 1, h, most));
    s = op2(dc, sat[!sub], 1, s, most);
    return saturated(dc, op2(dc, OP_vxor, 1, s, r), s);
}

/* Words, in doublewords: (d << 31) + nm + (1 << 30) before the shift by 31. */
static TcgVal add_high_32(DisasContext *dc, bool sub, TcgVal d, TcgVal n, TcgVal m)
{
    TcgVal low = vec_const(dc, 3, UINT32_MAX), half = vec_const(dc, 3, UINT64_C(1) << 30), sum[2], r, upper, lost;

    for (unsigned odd = 0; odd < 2; odd++) {
        TcgVal p = op2(dc, OP_vmulls, 2, n, m), t = op2(dc, OP_vmulls, 2, d, lowest(dc, 2));        /* -(d << 31) */

        sum[odd] = sub ? op2(dc, OP_vsub, 3, op2(dc, OP_vsub, 3, half, t), p) :
                         op2(dc, OP_vadd, 3, op2(dc, OP_vsub, 3, p, t), half);
        d = op1(dc, OP_vshr, 3, d, 32);
        n = op1(dc, OP_vshr, 3, n, 32);
        m = op1(dc, OP_vshr, 3, m, 32);
    }
    r = tcg_vbitsel(dc->g, low, op1(dc, OP_vshr, 3, sum[0], 31), op1(dc, OP_vshl, 3, sum[1], 1));
    upper = tcg_vbitsel(dc->g, low, op1(dc, OP_vshr, 3, sum[0], 32), sum[1]);
    lost = op1(dc, OP_vsar, 2, op2(dc, OP_vxor, 2, upper, r), 31);
    return saturated(dc, lost, tcg_vbitsel(dc->g, lost, limit(dc, 2, upper), r));
}

VEC(sqrdmlah, es == 1 ? add_high_16(dc, false, d, n, m) : add_high_32(dc, false, d, n, m))
VEC(sqrdmlsh, es == 1 ? add_high_16(dc, true, d, n, m) : add_high_32(dc, true, d, n, m))

/* -- operations that are helpers --------------------------------------------------------------- */

#define CALL1(name) VEC(name, a64_call(dc, v_##name, n, imm32(dc, es)))

CALL1(urecpe)
CALL1(ursqrte)
