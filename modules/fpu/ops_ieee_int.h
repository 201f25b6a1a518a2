/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations that f16, f32 and f64 have beyond those of every format: integers, scaling, reciprocals. A
 * template as ops_int.h, which the includer includes first; FMT_BITS is the format's width.
 */
#include "modules/fpu/integer_int.h"

TYPE OP(mulx)(TYPE op1, TYPE op2, FloatStatus *s)
{
    Parts a = parts_of(op1, s);
    Parts b = parts_of(op2, s);

    if (is_infinity_times_zero(a, b)) {
        return rounded(parts_from_int(a.sign ^ b.sign, 2, 0), s);
    }
    return OP(mul)(op1, op2, s);
}

TYPE OP(scale)(TYPE op, int64_t n, FloatStatus *s)
{
    const int enough = 4 << FORMAT->exp_bits;       /* from any number past either end of the format */
    Parts a = parts_of(op, s);

    if (is_nan(a)) {
        return nan_of_one(a, FORMAT, s);
    }
    if (a.cls != CLASS_NORMAL) {
        return a.cls == CLASS_ZERO ? zero(a.sign) : infinity(a.sign);
    }
    use_denormals(a.denormal, s);
    a.exp += n < -enough ? -enough : n > enough ? enough : n;
    return rounded(a, s);
}

int64_t OP(logb)(TYPE op, FloatStatus *s)
{
    Parts a = parts_of(op, s);

    if (is_nan(a) || a.cls == CLASS_ZERO) {
        raise_flags(s, FLOAT_INVALID);
        return -(TOP_BIT >> (64 - FMT_BITS));
    }
    if (a.cls == CLASS_INFINITY) {
        return (TOP_BIT >> (64 - FMT_BITS)) - 1;
    }
    use_denormals(a.denormal, s);
    return a.exp;
}

TYPE OP(round_int)(TYPE op, FloatRound round, bool exact, FloatStatus *s)
{
    Parts a = parts_of(op, s);
    bool inexact;

    if (is_nan(a)) {
        return nan_of_one(a, FORMAT, s);
    }
    if (a.cls != CLASS_NORMAL) {
        return a.cls == CLASS_ZERO ? zero(a.sign) : infinity(a.sign);
    }
    if (a.exp >= FORMAT->frac_bits) {
        return op;
    }

    uint64_t mag = round_to_integer(a, a.exp, round, &inexact);

    if (inexact && exact) {
        raise_flags(s, FLOAT_INEXACT);
    }
    return mag == 0 ? zero(a.sign) : rounded(parts_from_int(a.sign, mag, 0), s);
}

#if FMT_BITS >= 32
TYPE OP(round_intn)(TYPE op, FloatRound round, unsigned bits, FloatStatus *s)
{
    Parts a = parts_of(op, s);
    uint64_t limit = TOP_BIT >> (64 - bits);
    uint64_t mag = 0;
    bool inexact = false;
    bool fits = !is_nan(a) && a.cls != CLASS_INFINITY && a.exp < 64;

    if (a.cls == CLASS_ZERO) {
        return zero(a.sign);
    }
    if (fits) {
        mag = round_to_integer(a, a.exp, round, &inexact);
        fits = mag < limit + a.sign;
    }
    if (!fits) {
        raise_flags(s, FLOAT_INVALID);
        return rounded(parts_from_int(true, limit, 0), s);
    }
    if (inexact) {
        raise_flags(s, FLOAT_INEXACT);
    }
    return mag == 0 ? zero(a.sign) : rounded(parts_from_int(a.sign, mag, 0), s);
}
#endif

#define TO_INT(name, type, to_int, width, is_signed)                                        \
    type OP(name)(TYPE a, int fbits, FloatRound round, FloatStatus *s)                     \
    {                                                                                      \
        return to_int(parts_of(a, s), fbits, round, width, is_signed, s);                  \
    }

/* The one for all widths that are rare. */
static SHARED int64_t parts_to_any_int(Parts p, int fbits, FloatRound round, int width, bool is_signed,
                                       FloatStatus *s)
{
    return parts_to_int(p, fbits, round, width, is_signed, s);
}

TO_INT(to_i16, int16_t,  parts_to_any_int, 16, true)
TO_INT(to_u16, uint16_t, parts_to_any_int, 16, false)
TO_INT(to_i32, int32_t,  parts_to_int,     32, true)
TO_INT(to_u32, uint32_t, parts_to_int,     32, false)
TO_INT(to_i64, int64_t,  parts_to_int,     64, true)
TO_INT(to_u64, uint64_t, parts_to_int,     64, false)

TYPE OP(from_i64)(int64_t v, int fbits, FloatStatus *s)
{
    uint64_t mag = v < 0 ? -(uint64_t)v : (uint64_t)v;

    return v == 0 ? 0 : rounded(parts_from_int(v < 0, mag, -fbits), s);
}

TYPE OP(from_u64)(uint64_t v, int fbits, FloatStatus *s)
{
    return v == 0 ? 0 : rounded(parts_from_int(false, v, -fbits), s);
}

/* The fraction of f from the bits below the leading one of an estimate of 9 or 13 bits. */
static ALWAYS_INLINE uint64_t estimate_fraction(unsigned estimate, bool precise)
{
    return (uint64_t)estimate << (precise ? 52 : 56);
}

/*
 * a is unpacked, so that "below the least normal" needs no care here: the operand is scaled * 2^(exp + 1)
 * with scaled in [0.5, 1), the result estimate * 2^(-exp - 1) with estimate in [1, 2), put together without
 * rounding: a denormal result loses bits.
 */
TYPE OP(recip_estimate)(TYPE op, FloatStatus *s)
{
    FloatStatus own = begin_approx(s);
    Parts a = parts_of(op, &own);
    bool precise = FMT_BITS == 32 && s->quiet_approx && s->estimate12;
    int bias = format_bias(FORMAT);
    TYPE result;

    if (is_nan(a)) {
        result = nan_of_one(a, FORMAT, &own);
    } else if (a.cls == CLASS_INFINITY) {
        result = zero(a.sign);
    } else if (a.cls == CLASS_ZERO) {
        raise_flags(&own, FLOAT_DIVBYZERO);
        result = infinity(a.sign);
    } else if (a.exp < -bias - 1) {
        result = overflow(a.sign, FORMAT, own.round, false, &own);
    } else if (flushes_outputs(FORMAT, &own) && a.exp >= bias - 1) {
        raise_flags(&own, FLOAT_UNDERFLOW);
        result = zero(a.sign);
    } else {
        unsigned estimate = recip_table(a.frac >> (precise ? 52 : 55), precise);
        int exp = bias - 1 - a.exp;                 /* the exponent field */
        uint64_t frac = TOP_BIT | estimate_fraction(estimate, precise) >> 1;

        if (exp > 0) {
            frac <<= 1;
        } else {
            frac >>= -exp;
            exp = 0;
        }
        result = format_sign(FORMAT, a.sign) | (uint64_t)exp << FORMAT->frac_bits
                 | frac >> (64 - FORMAT->frac_bits);
    }
    end_approx(&own, s);
    return result;
}

TYPE OP(rsqrt_estimate)(TYPE op, FloatStatus *s)
{
    FloatStatus own = begin_approx(s);
    Parts a = parts_of(op, &own);
    bool precise = FMT_BITS == 32 && s->quiet_approx && s->estimate12;
    TYPE result;

    if (is_nan(a)) {
        result = nan_of_one(a, FORMAT, &own);
    } else if (a.cls == CLASS_ZERO) {
        raise_flags(&own, FLOAT_DIVBYZERO);
        result = infinity(a.sign);
    } else if (a.sign) {
        result = invalid_nan(FORMAT, &own);
    } else if (a.cls == CLASS_INFINITY) {
        result = zero(false);
    } else {
        /* a = scaled * 2^(2 * half_exp), scaled in [0.25, 1); then 1 / sqrt(a) = estimate * 2^-half_exp. */
        int half_exp = (a.exp + 2) >> 1;
        bool quarter = !(a.exp & 1);
        unsigned scaled = a.frac >> ((precise ? 52 : 55) + quarter);
        unsigned estimate = rsqrt_table(scaled, precise);
        uint64_t exp = format_bias(FORMAT) - half_exp;

        result = exp << FORMAT->frac_bits | estimate_fraction(estimate, precise) >> (64 - FORMAT->frac_bits);
    }
    end_approx(&own, s);
    return result;
}

TYPE OP(recip_exponent)(TYPE op, FloatStatus *s)
{
    FloatStatus own = begin_approx(s);
    Parts a = parts_of(op, &own);
    uint64_t exp = op >> FORMAT->frac_bits & format_max_exp(FORMAT);
    TYPE result;

    if (is_nan(a)) {
        result = nan_of_one(a, FORMAT, &own);
    } else {
        exp = exp == 0 ? format_max_exp(FORMAT) - 1 : format_max_exp(FORMAT) - exp;
        result = format_sign(FORMAT, a.sign) | exp << FORMAT->frac_bits;
    }
    end_approx(&own, s);
    return result;
}

/* constant - a * b, halved by mods, rounded once; infinity times zero counts as zero. */
static SHARED TYPE newton_step(TYPE op1, TYPE op2, int constant, unsigned mods, FloatStatus *s)
{
    FloatStatus own = begin_approx(s);
    Parts a = parts_of(op1, &own);
    Parts b = parts_of(op2, &own);
    TYPE result;

    if (!is_nan(a) || !s->neg_keeps_nan) {
        a.sign ^= 1;
    }
    if (is_nan(a) || is_nan(b)) {
        result = nan_of_two(a, b, FORMAT, &own);
    } else {
        if (a.cls == CLASS_ZERO || b.cls == CLASS_ZERO) {
            a = b = parts_zero(false);
        }
        result = muladd_numbers(a, b, parts_from_int(false, constant, 0), mods, FORMAT, &own);
    }
    end_approx(&own, s);
    return result;
}

TYPE OP(recip_step)(TYPE a, TYPE b, FloatStatus *s)
{
    return newton_step(a, b, 2, 0, s);
}

TYPE OP(rsqrt_step)(TYPE a, TYPE b, FloatStatus *s)
{
    return newton_step(a, b, 3, FLOAT_HALVE, s);
}

#if FMT_BITS <= 32
static SHARED TYPE newton_step_chained(TYPE op1, TYPE op2, int constant, unsigned mods, FloatStatus *s)
{
    Parts a = parts_of(op1, s);
    Parts b = parts_of(op2, s);
    Parts one = parts_from_int(false, 1, 0);

    if (is_nan(a) || is_nan(b)) {
        return nan_of_two(a, b, FORMAT, s);
    }

    Parts product = parts_zero(false);

    if (a.cls == CLASS_NORMAL || b.cls == CLASS_NORMAL || a.cls == b.cls) {
        product = parts_of(OP(mul)(op1, op2, s), s);
    }
    product.sign ^= 1;
    return muladd_numbers(product, one, parts_from_int(false, constant, 0), mods, FORMAT, s);
}

TYPE OP(recip_step_chained)(TYPE a, TYPE b, FloatStatus *s)
{
    return newton_step_chained(a, b, 2, 0, s);
}

TYPE OP(rsqrt_step_chained)(TYPE a, TYPE b, FloatStatus *s)
{
    return newton_step_chained(a, b, 3, FLOAT_HALVE, s);
}
#endif
