/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products and their sum rounded once: a * b + c with every special operand, in a format f that is c's. */
#ifndef FPU_FUSED_INT_H
#define FPU_FUSED_INT_H

#include "modules/fpu/arith_int.h"

/* The sum of a product and c, which may be zero. */
static ALWAYS_INLINE Parts muladd_exact(Parts a, Parts b, Parts c, const FloatFormat *f)
{
    if (is_narrow(f)) {
        Parts product = mul_parts(a, b);

        return c.cls == CLASS_ZERO ? product : add_parts(product, c);
    }

    Wide product = mul_wide(a, b);

    return parts_from_wide(c.cls == CLASS_ZERO ? product : add_wide(product, wide_from_parts(c)));
}

static ALWAYS_INLINE uint64_t round_fused(Parts sum, unsigned mods, const FloatFormat *f, FloatStatus *s)
{
    if (sum.cls == CLASS_ZERO) {
        return format_sign(f, zero_sum_sign(s->round));
    }
    sum.exp -= mods & FLOAT_HALVE ? 1 : 0;
    return round_pack(sum, f, s);
}

static ALWAYS_INLINE bool is_infinity_times_zero(Parts a, Parts b)
{
    return (a.cls == CLASS_INFINITY && b.cls == CLASS_ZERO)
           || (a.cls == CLASS_ZERO && b.cls == CLASS_INFINITY);
}

/* No operand is a NaN; FLOAT_HALVE is the only one of mods that counts here. */
static ALWAYS_INLINE uint64_t muladd_numbers(Parts a, Parts b, Parts c, unsigned mods, const FloatFormat *f,
                                             FloatStatus *s)
{
    bool sign = a.sign ^ b.sign;
    bool infinite = a.cls == CLASS_INFINITY || b.cls == CLASS_INFINITY;

    if (__builtin_expect(a.cls == CLASS_NORMAL && b.cls == CLASS_NORMAL && c.cls <= CLASS_NORMAL, 1)) {
        return round_fused(muladd_exact(a, b, c, f), mods, f, s);
    }
    if (is_infinity_times_zero(a, b) || (infinite && c.cls == CLASS_INFINITY && sign != c.sign)) {
        return invalid_nan(f, s);
    }
    if (infinite || c.cls == CLASS_INFINITY) {
        return format_infinity(f, infinite ? sign : c.sign);
    }
    if (c.cls == CLASS_ZERO) {
        return format_sign(f, sign == c.sign ? sign : zero_sum_sign(s->round));
    }
    return round_fused(c, mods, f, s);
}

/* mods is any of FloatMods. The factors may be of a narrower format than c and the result. */
static ALWAYS_INLINE uint64_t muladd_parts(Parts a, Parts b, Parts c, unsigned mods, const FloatFormat *f,
                                           FloatStatus *s)
{
    if ((mods & FLOAT_NEG_PRODUCT) && !(is_nan(a) && s->neg_keeps_nan)) {
        a.sign ^= 1;
    }
    if ((mods & FLOAT_NEG_ADDEND) && !(is_nan(c) && s->neg_keeps_nan)) {
        c.sign ^= 1;
    }
    if (is_nan(a) || is_nan(b) || is_nan(c)) {
        if (c.cls == CLASS_QNAN && is_infinity_times_zero(a, b) && !s->infzero_keeps_nan) {
            return invalid_nan(f, s);
        }
        return nan_of_three(a, b, c, f, s);
    }
    if (__builtin_expect(a.denormal | b.denormal | c.denormal, 0)) {
        bool infinite = a.cls == CLASS_INFINITY || b.cls == CLASS_INFINITY;
        bool opposed = c.cls == CLASS_INFINITY && c.sign != (a.sign ^ b.sign);

        use_denormals(!is_infinity_times_zero(a, b) && !(infinite && opposed), s);
    }
    return muladd_numbers(a, b, c, mods, f, s);
}

#endif
