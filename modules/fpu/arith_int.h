/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exact arithmetic on Parts of class normal, before rounding: sums, products, quotients, square roots, and
 * products kept whole in 128 bits for fused operations. Results are correct to the bit under any rounding
 * because operands have at most 53 significant bits at the top of 64, so that bits are only ever lost into
 * the sticky bit, and a sum that cancels more than one leading bit has lost none.
 */
#ifndef FPU_ARITH_INT_H
#define FPU_ARITH_INT_H

#include "modules/fpu/parts_int.h"

typedef unsigned __int128 uint128;

/* frac * 2^(exp - 127), with bit 127 set, or zero; bit 0 is sticky. */
typedef struct Wide {
    uint128 frac;
    int     exp;
    bool    sign;
} Wide;

static ALWAYS_INLINE Wide wide_from_parts(Parts p)
{
    return (Wide){ .frac = (uint128)p.frac << 64, .exp = p.exp, .sign = p.sign };
}

/* Zero is a Parts of CLASS_ZERO; who adds decides about its sign. */
static ALWAYS_INLINE Parts parts_from_wide(Wide w)
{
    return (Parts){ .cls = w.frac != 0 ? CLASS_NORMAL : CLASS_ZERO, .sign = w.sign, .exp = w.exp,
                    .frac = (uint64_t)(w.frac >> 64) | ((uint64_t)w.frac != 0) };
}

static ALWAYS_INLINE uint128 shift_right_sticky_128(uint128 x, int n)
{
    if (n == 0) {
        return x;
    }
    return n < 128 ? x >> n | (x << (128 - n) != 0) : x != 0;
}

static ALWAYS_INLINE int clz128(uint128 x)
{
    uint64_t high = x >> 64;

    return high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)x);
}

/* Signs are part of the operands. Neither is zero; the sum may be (CLASS_ZERO). */
static ALWAYS_INLINE Parts add_parts(Parts a, Parts b)
{
    if (a.exp < b.exp || (a.exp == b.exp && a.frac < b.frac)) {
        Parts greater = b;

        b = a;
        a = greater;
    }
    b.frac = shift_right_sticky(b.frac, a.exp - b.exp);
    if (a.sign == b.sign) {
        if (__builtin_add_overflow(a.frac, b.frac, &a.frac)) {
            a.frac = a.frac >> 1 | (a.frac & 1) | TOP_BIT;
            a.exp++;
        }
        return a;
    }
    a.frac -= b.frac;
    if (a.frac == 0) {
        return parts_zero(false);
    }
    return parts_from_int(a.sign, a.frac, a.exp - 63);
}

static ALWAYS_INLINE Wide add_wide(Wide a, Wide b)
{
    if (a.exp < b.exp || (a.exp == b.exp && a.frac < b.frac)) {
        Wide greater = b;

        b = a;
        a = greater;
    }
    b.frac = shift_right_sticky_128(b.frac, a.exp - b.exp);
    if (a.sign == b.sign) {
        a.frac += b.frac;
        if (a.frac < b.frac) {
            a.frac = a.frac >> 1 | (a.frac & 1) | (uint128)1 << 127;
            a.exp++;
        }
        return a;
    }
    a.frac -= b.frac;
    if (a.frac != 0) {
        int lead = clz128(a.frac);

        a.frac <<= lead;
        a.exp -= lead;
    }
    return a;
}

static ALWAYS_INLINE Wide mul_wide(Parts a, Parts b)
{
    Wide p = { .frac = (uint128)a.frac * b.frac, .exp = a.exp + b.exp + 1, .sign = a.sign ^ b.sign };

    if (!(p.frac >> 127)) {
        p.frac <<= 1;
        p.exp--;
    }
    return p;
}

static ALWAYS_INLINE Parts mul_parts(Parts a, Parts b)
{
    return parts_from_wide(mul_wide(a, b));
}

static ALWAYS_INLINE Parts div_parts(Parts a, Parts b, const FloatFormat *f)
{
    if (is_narrow(f)) {
        uint64_t divisor = b.frac >> 32;
        uint64_t quotient = a.frac / divisor;       /* 32 or 33 bits */

        quotient |= quotient * divisor != a.frac;
        return parts_from_int(a.sign ^ b.sign, quotient, a.exp - b.exp - 32);
    }

    bool less = a.frac < b.frac;
    uint128 dividend = (uint128)a.frac << (63 + less);
    Parts q = { .cls = CLASS_NORMAL, .sign = a.sign ^ b.sign, .exp = a.exp - b.exp - less,
                .frac = dividend / b.frac };

    q.frac |= (uint128)q.frac * b.frac != dividend;
    return q;
}

/*
 * One step of the recursive square root of P. Zimmermann ("Karatsuba Square Root", INRIA RR-3805): from
 * high = root^2 + rem, the root of high:low, where low has 2 * bits bits and root has bits bits, at most 32.
 */
static ALWAYS_INLINE uint128 sqrt_step(uint64_t root, uint64_t rem, uint64_t low, int bits, __int128 *ret_rem)
{
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint128 numerator = (uint128)rem << bits | low >> bits;
    uint64_t q = (uint64_t)(numerator >> 1) / root;
    uint128 result = ((uint128)root << bits) + q;
    __int128 r = (__int128)(((numerator - (uint128)q * 2 * root) << bits) + (low & mask))
                 - (__int128)((uint128)q * q);

    if (r < 0) {
        r += 2 * (__int128)result - 1;
        result--;
    }
    *ret_rem = r;
    return result;
}

/* floor(sqrt(x)) for x >= 2^126; sets *ret_exact if x is its square. */
static inline uint64_t sqrt128(uint128 x, bool *ret_exact)
{
    uint32_t top = x >> 96;
    uint32_t root = 1 << 15;
    __int128 rem;

    for (uint32_t bit = 1 << 14; bit != 0; bit >>= 1) {
        uint32_t next = root | bit;

        root = next * next <= top ? next : root;
    }
    uint64_t root32 = sqrt_step(root, top - root * root, (uint32_t)(x >> 64), 16, &rem);
    uint64_t root64 = sqrt_step(root32, (uint64_t)rem, (uint64_t)x, 32, &rem);

    *ret_exact = rem == 0;
    return root64;
}

/* a is positive. */
static ALWAYS_INLINE Parts sqrt_parts(Parts a)
{
    bool odd = a.exp & 1;
    bool exact;

    a.exp = (a.exp - odd) / 2;
    a.frac = sqrt128((uint128)a.frac << (63 + odd), &exact);
    a.frac |= !exact;
    return a;
}

/* The order of magnitudes and of values; not for NaNs. */
static ALWAYS_INLINE int compare_parts(Parts a, Parts b)
{
    if (a.cls == CLASS_ZERO && b.cls == CLASS_ZERO) {
        return 0;
    }
    if (a.sign != b.sign) {
        return a.sign ? -1 : 1;
    }

    int magnitude = a.exp != b.exp ? (a.exp > b.exp ? 1 : -1) : (a.frac > b.frac) - (a.frac < b.frac);

    return a.sign ? -magnitude : magnitude;
}

#endif
