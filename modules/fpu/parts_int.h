/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers taken apart: the form in which every format is computed, how it comes out of a bit pattern, and the
 * one place where it is rounded back into one. NaNs and denormals, the matters on which architectures differ,
 * are settled here too. The functions are inline and get a constant FloatFormat, so each format compiles to
 * code of its own.
 */
#ifndef FPU_PARTS_INT_H
#define FPU_PARTS_INT_H

#include <limits.h>
#include <stddef.h>
#include "core/fpu.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
/* What is rare is there once for each format, not in every operation. */
#define RARE __attribute__((noinline, cold, unused))
/* What several of the less frequent operations of a format have in common. */
#define SHARED __attribute__((noinline, unused))

typedef struct FloatFormat {
    int  exp_bits;
    int  frac_bits;
    bool half;                  /* has its own flush switches and never raises FLOAT_INPUT_DENORMAL */
} FloatFormat;

/* Half of a 64-bit fraction holds a significand, so that products are whole in 64 bits. */
static ALWAYS_INLINE bool is_narrow(const FloatFormat *f)
{
    return f->frac_bits < 32;
}

static const FloatFormat format_f16  = { f16_EXP_BITS,  f16_FRAC_BITS,  true };
static const FloatFormat format_bf16 = { bf16_EXP_BITS, bf16_FRAC_BITS, false };
static const FloatFormat format_f32  = { f32_EXP_BITS,  f32_FRAC_BITS,  false };
static const FloatFormat format_f64  = { f64_EXP_BITS,  f64_FRAC_BITS,  false };

/* In this order: is_nan() compares. */
typedef enum FloatClass { CLASS_ZERO, CLASS_NORMAL, CLASS_INFINITY, CLASS_QNAN, CLASS_SNAN } FloatClass;

/*
 * A normal number (denormals are normalised) is frac * 2^(exp - 63), with bit 63 of frac set; what does not
 * fit into frac is or-ed into bit 0 ("sticky"). Zero and infinity have an exp at either end, so that
 * magnitudes compare by (exp, frac) in every class but the NaNs. The fraction of a NaN is in the upper bits
 * of frac, the quiet bit in bit 63.
 */
typedef struct Parts {
    uint64_t frac;
    int      exp;
    uint8_t  cls;               /* FloatClass */
    bool     sign;
    bool     denormal;          /* was denormal, and using it may raise FLOAT_INPUT_DENORMAL */
} Parts;

#define TOP_BIT (UINT64_C(1) << 63)
enum { EXP_ZERO = INT_MIN / 4, EXP_INFINITY = INT_MAX / 4 };

static ALWAYS_INLINE void raise_flags(FloatStatus *s, int flags)
{
    s->flags |= flags;
}

static ALWAYS_INLINE bool is_nan(Parts p)
{
    return p.cls >= CLASS_QNAN;
}

static ALWAYS_INLINE int format_bias(const FloatFormat *f)
{
    return (1 << (f->exp_bits - 1)) - 1;
}

/* The exponent field of infinities and NaNs. */
static ALWAYS_INLINE uint64_t format_max_exp(const FloatFormat *f)
{
    return (UINT64_C(1) << f->exp_bits) - 1;
}

static ALWAYS_INLINE uint64_t format_sign(const FloatFormat *f, bool sign)
{
    return (uint64_t)sign << (f->exp_bits + f->frac_bits);
}

static ALWAYS_INLINE uint64_t format_infinity(const FloatFormat *f, bool sign)
{
    return format_sign(f, sign) | format_max_exp(f) << f->frac_bits;
}

static ALWAYS_INLINE uint64_t format_max_normal(const FloatFormat *f, bool sign)
{
    return format_infinity(f, sign) - 1;
}

static ALWAYS_INLINE bool flushes_inputs(const FloatFormat *f, const FloatStatus *s)
{
    return f->half ? s->flush_inputs_f16 : s->flush_inputs;
}

static ALWAYS_INLINE bool flushes_outputs(const FloatFormat *f, const FloatStatus *s)
{
    return f->half ? s->flush_outputs_f16 : s->flush_outputs;
}

/* x >> n, with the bits that fall out or-ed into bit 0; n >= 0. */
static ALWAYS_INLINE uint64_t shift_right_sticky(uint64_t x, int n)
{
    if (n == 0) {
        return x;
    }
    return n < 64 ? x >> n | (x << (64 - n) != 0) : x != 0;
}

/* Builders. */
static ALWAYS_INLINE Parts parts_zero(bool sign)
{
    return (Parts){ .cls = CLASS_ZERO, .sign = sign, .exp = EXP_ZERO };
}

/* mag * 2^exp, exactly; mag is not zero. */
static ALWAYS_INLINE Parts parts_from_int(bool sign, uint64_t mag, int exp)
{
    int lead = __builtin_clzll(mag);

    return (Parts){ .cls = CLASS_NORMAL, .sign = sign, .frac = mag << lead, .exp = exp + 63 - lead };
}

/* An exponent field of zero or of all ones: everything but normal numbers. */
static RARE Parts unpack_special(uint64_t exp, uint64_t frac, bool sign, const FloatFormat *f,
                                          bool flush, FloatStatus *s)
{
    Parts p = parts_zero(sign);

    if (exp != 0) {
        p.exp = EXP_INFINITY;
        p.frac = frac;
        p.cls = frac == 0 ? CLASS_INFINITY : frac & TOP_BIT ? CLASS_QNAN : CLASS_SNAN;
    } else if (frac != 0 && flush) {
        if (!f->half && s->denormal_rule == FLOAT_DENORMAL_FLUSHED) {
            raise_flags(s, FLOAT_INPUT_DENORMAL);
        }
    } else if (frac != 0) {
        p = parts_from_int(sign, frac, 1 - format_bias(f) - 64);
        p.denormal = !f->half;
    }
    return p;
}

/* alt: the alternative half precision, where the greatest exponent is one of normal numbers. */
static ALWAYS_INLINE Parts unpack_as(uint64_t bits, const FloatFormat *f, bool flush, bool alt,
                                     FloatStatus *s)
{
    bool sign = bits >> (f->exp_bits + f->frac_bits) & 1;
    uint64_t exp = bits >> f->frac_bits & format_max_exp(f);
    uint64_t frac = bits << (64 - f->frac_bits);

    if (__builtin_expect(exp == 0 || (exp == format_max_exp(f) && !alt), 0)) {
        return unpack_special(exp, frac, sign, f, flush, s);
    }
    return (Parts){ .cls = CLASS_NORMAL, .sign = sign, .frac = TOP_BIT | frac >> 1,
                    .exp = (int)exp - format_bias(f) };
}

static ALWAYS_INLINE Parts unpack(uint64_t bits, const FloatFormat *f, FloatStatus *s)
{
    return unpack_as(bits, f, flushes_inputs(f, s), false, s);
}

/* To be called with the denormal members of the operands that an operation uses. */
static ALWAYS_INLINE void use_denormals(bool any, FloatStatus *s)
{
    if (__builtin_expect(any, 0) && s->denormal_rule == FLOAT_DENORMAL_USED) {
        raise_flags(s, FLOAT_INPUT_DENORMAL);
    }
}

/* Whether to increment the magnitude `low` in front of the dropped bits `rem`, of which half is one half. */
static ALWAYS_INLINE bool rounds_up(FloatRound round, bool sign, uint64_t low, uint64_t rem, uint64_t half)
{
    switch (round) {
    case FLOAT_ROUND_TIE_EVEN:
        return rem > half - (low & 1);
    case FLOAT_ROUND_TIE_AWAY:
        return rem >= half;
    case FLOAT_ROUND_UP:
        return rem != 0 && !sign;
    case FLOAT_ROUND_DOWN:
        return rem != 0 && sign;
    case FLOAT_ROUND_ODD:
        return rem != 0 && !(low & 1);
    case FLOAT_ROUND_ZERO:
        break;
    }
    return false;
}

/* Arithmetic is nearly always done in one rounding mode. */
static RARE bool rounds_up_otherwise(FloatRound round, bool sign, uint64_t low, uint64_t rem, uint64_t half)
{
    return rounds_up(round, sign, low, rem, half);
}

static ALWAYS_INLINE bool overflows_to_infinity(FloatRound round, bool sign)
{
    switch (round) {
    case FLOAT_ROUND_TIE_EVEN:
    case FLOAT_ROUND_TIE_AWAY:
        return true;
    case FLOAT_ROUND_UP:
        return !sign;
    case FLOAT_ROUND_DOWN:
        return sign;
    case FLOAT_ROUND_ZERO:
    case FLOAT_ROUND_ODD:
        break;
    }
    return false;
}

/* The magnitude |p| is below the least normal number: round_pack() of that case. */
static RARE uint64_t round_pack_tiny(Parts p, const FloatFormat *f, FloatRound round, bool flush,
                                              FloatStatus *s)
{
    const int drop = 63 - f->frac_bits;
    const uint64_t half = UINT64_C(1) << (drop - 1);
    int biased = p.exp + format_bias(f);
    bool tiny = true;

    if (s->tiny_after_round && biased == 0) {
        /*
         * With an unbounded exponent only the greatest significand rounds up to the least normal; odd never
         * does.
         */
        uint64_t low = p.frac >> drop;
        bool all_ones = low == (UINT64_C(2) << f->frac_bits) - 1;

        tiny = !(all_ones && rounds_up(round, p.sign, low, p.frac & (2 * half - 1), half));
    }
    if (tiny && flush) {
        raise_flags(s, s->tiny_after_round ? FLOAT_UNDERFLOW | FLOAT_INEXACT : FLOAT_UNDERFLOW);
        return format_sign(f, p.sign);
    }

    p.frac = shift_right_sticky(p.frac, 1 - biased);

    uint64_t mag = p.frac >> drop;
    uint64_t rem = p.frac & (2 * half - 1);

    if (rem != 0) {
        raise_flags(s, FLOAT_INEXACT);
    }
    if (tiny && (rem != 0 || s->underflow_exact)) {
        raise_flags(s, FLOAT_UNDERFLOW);
    }
    /* A carry out of the fraction is the exponent field of the least normal. */
    return format_sign(f, p.sign) | (mag + rounds_up(round, p.sign, mag, rem, half));
}

static RARE uint64_t overflow(bool sign, const FloatFormat *f, FloatRound round, bool alt,
                                       FloatStatus *s)
{
    if (alt) {
        raise_flags(s, FLOAT_INVALID);
        return format_sign(f, true) - 1 + format_sign(f, sign);
    }
    raise_flags(s, FLOAT_OVERFLOW | FLOAT_INEXACT);
    return overflows_to_infinity(round, sign) ? format_infinity(f, sign) : format_max_normal(f, sign);
}

/* The bit pattern of a normal p, rounded. flush: tiny results become zero. alt: as for unpack_as(). */
static ALWAYS_INLINE uint64_t round_pack_as(Parts p, const FloatFormat *f, FloatRound round, bool flush,
                                            bool alt, FloatStatus *s)
{
    const int drop = 63 - f->frac_bits;
    const uint64_t half = UINT64_C(1) << (drop - 1);
    int biased = p.exp + format_bias(f);

    if (__builtin_expect(biased < 1, 0)) {
        return round_pack_tiny(p, f, round, flush, s);
    }

    uint64_t mag = p.frac >> drop;
    uint64_t rem = p.frac & (2 * half - 1);

    if (__builtin_expect(round == FLOAT_ROUND_TIE_EVEN, 1)) {
        mag += rounds_up(FLOAT_ROUND_TIE_EVEN, p.sign, mag, rem, half);
    } else {
        mag += rounds_up_otherwise(round, p.sign, mag, rem, half);
    }
    biased += mag >> (f->frac_bits + 1);        /* then the fraction is zero, with or without a shift */
    if (__builtin_expect(biased >= (int)format_max_exp(f) + alt, 0)) {
        return overflow(p.sign, f, round, alt, s);
    }
    if (rem != 0) {
        raise_flags(s, FLOAT_INEXACT);
    }
    return format_sign(f, p.sign) | (uint64_t)biased << f->frac_bits
           | (mag & ((UINT64_C(1) << f->frac_bits) - 1));
}

static ALWAYS_INLINE uint64_t round_pack(Parts p, const FloatFormat *f, FloatStatus *s)
{
    return round_pack_as(p, f, s->round, flushes_outputs(f, s), false, s);
}

/* NaNs as results. */
static ALWAYS_INLINE uint64_t default_nan(const FloatFormat *f, const FloatStatus *s)
{
    return format_infinity(f, s->default_nan_sign) | UINT64_C(1) << (f->frac_bits - 1);
}

static ALWAYS_INLINE uint64_t invalid_nan(const FloatFormat *f, FloatStatus *s)
{
    raise_flags(s, FLOAT_INVALID);
    return default_nan(f, s);
}

/* The NaN p made quiet; of its payload what f has room for. */
static ALWAYS_INLINE uint64_t nan_of_one(Parts p, const FloatFormat *f, FloatStatus *s)
{
    if (p.cls == CLASS_SNAN) {
        raise_flags(s, FLOAT_INVALID);
    }
    return s->default_nan ? default_nan(f, s)
                          : format_infinity(f, p.sign) | (p.frac | TOP_BIT) >> (64 - f->frac_bits);
}

/* The first operand of the greatest NaN class, by order of the array; at least one is a NaN. */
static inline Parts nan_signalling_first(const Parts *p, size_t n)
{
    Parts found = p[0];

    for (size_t i = 1; i < n; i++) {
        if (is_nan(p[i]) && p[i].cls > found.cls) {
            found = p[i];
        }
    }
    return found;
}

static ALWAYS_INLINE void raise_for_snan(const Parts *p, size_t n, FloatStatus *s)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i].cls == CLASS_SNAN) {
            raise_flags(s, FLOAT_INVALID);
        }
    }
}

/* Either is a NaN. */
static RARE uint64_t nan_of_two(Parts a, Parts b, const FloatFormat *f, FloatStatus *s)
{
    const Parts p[] = { a, b };

    raise_for_snan(p, 2, s);
    if (s->nan_rule == FLOAT_NAN_FIRST) {
        return nan_of_one(is_nan(a) ? a : b, f, s);
    }
    return nan_of_one(nan_signalling_first(p, 2), f, s);
}

/* One of a * b + c is a NaN. */
static RARE uint64_t nan_of_three(Parts a, Parts b, Parts c, const FloatFormat *f, FloatStatus *s)
{
    const Parts p[] = { c, a, b };

    raise_for_snan(p, 3, s);
    if (s->nan_rule == FLOAT_NAN_FIRST) {
        return nan_of_one(is_nan(a) ? a : is_nan(b) ? b : c, f, s);
    }
    return nan_of_one(nan_signalling_first(p, 3), f, s);
}

/* The sign of a sum that is exactly zero, of terms that are not zeros of one sign. */
static ALWAYS_INLINE bool zero_sum_sign(FloatRound round)
{
    return round == FLOAT_ROUND_DOWN;
}

/* The rules of the approximating operations (FloatStatus.quiet_approx); their flags go to end_approx(). */
static ALWAYS_INLINE FloatStatus begin_approx(const FloatStatus *s)
{
    FloatStatus own = *s;

    if (s->quiet_approx) {
        own.round = FLOAT_ROUND_TIE_EVEN;
        own.flush_inputs = own.flush_outputs = true;
    }
    return own;
}

static ALWAYS_INLINE void end_approx(const FloatStatus *own, FloatStatus *s)
{
    if (!s->quiet_approx) {
        raise_flags(s, own->flags);
    }
}

#endif
