/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations that every format has, as a template: the includer defines FMT, a prefix such as f32, and
 * FMT_RARE if the format's operations shall be small rather than fast.
 * Special operands first, then exact arithmetic on Parts, then one rounding.
 */
#include "modules/fpu/fused_int.h"
#include "modules/fpu/fpu_int.h"

#define PASTE2(a, b) a##_##b
#define PASTE(a, b)  PASTE2(a, b)
#define OP(name)     PASTE(FMT, name)
#define TYPE         PASTE(FLOAT_TYPE, FMT)
#define FORMAT       (&PASTE(format, FMT))
#ifdef FMT_RARE
#define INLINE       SHARED
#else
#define INLINE       ALWAYS_INLINE
#endif

static INLINE Parts parts_of(TYPE op, FloatStatus *s)
{
    return unpack(op, FORMAT, s);
}

static INLINE TYPE rounded(Parts p, FloatStatus *s)
{
    return round_pack(p, FORMAT, s);
}

static ALWAYS_INLINE TYPE zero(bool sign)
{
    return OP(zero)(sign);
}

static ALWAYS_INLINE TYPE infinity(bool sign)
{
    return OP(infinity)(sign);
}

/* A sum that arithmetic left as normal or, where everything cancelled, as zero. */
static ALWAYS_INLINE TYPE round_sum(Parts sum, FloatStatus *s)
{
    if (sum.cls == CLASS_ZERO) {
        return zero(zero_sum_sign(s->round));
    }
    return rounded(sum, s);
}

static INLINE TYPE add_signed(TYPE op1, TYPE op2, bool subtract, FloatStatus *s)
{
    Parts a = parts_of(op1, s);
    Parts b = parts_of(op2, s);

    if (is_nan(a) || is_nan(b)) {
        return nan_of_two(a, b, FORMAT, s);
    }
    use_denormals(a.denormal | b.denormal, s);
    b.sign ^= subtract;
    if (__builtin_expect(a.cls == CLASS_NORMAL && b.cls == CLASS_NORMAL, 1)) {
        return round_sum(add_parts(a, b), s);
    }
    if (a.cls == CLASS_INFINITY && b.cls == CLASS_INFINITY && a.sign != b.sign) {
        return invalid_nan(FORMAT, s);
    }
    if (a.cls == CLASS_INFINITY || b.cls == CLASS_INFINITY) {
        return infinity(a.cls == CLASS_INFINITY ? a.sign : b.sign);
    }
    if (a.cls == CLASS_ZERO && b.cls == CLASS_ZERO) {
        return zero(a.sign == b.sign ? a.sign : zero_sum_sign(s->round));
    }
    return rounded(a.cls == CLASS_ZERO ? b : a, s);
}

TYPE OP(add)(TYPE a, TYPE b, FloatStatus *s)
{
    return add_signed(a, b, false, s);
}

TYPE OP(sub)(TYPE a, TYPE b, FloatStatus *s)
{
    return add_signed(a, b, true, s);
}

TYPE OP(mul)(TYPE op1, TYPE op2, FloatStatus *s)
{
    Parts a = parts_of(op1, s);
    Parts b = parts_of(op2, s);
    bool sign = a.sign ^ b.sign;

    if (is_nan(a) || is_nan(b)) {
        return nan_of_two(a, b, FORMAT, s);
    }
    use_denormals(a.denormal | b.denormal, s);
    if (__builtin_expect(a.cls == CLASS_NORMAL && b.cls == CLASS_NORMAL, 1)) {
        return rounded(mul_parts(a, b), s);
    }
    if (a.cls == CLASS_INFINITY || b.cls == CLASS_INFINITY) {
        return a.cls == CLASS_ZERO || b.cls == CLASS_ZERO ? invalid_nan(FORMAT, s) : infinity(sign);
    }
    return zero(sign);
}

TYPE OP(div)(TYPE op1, TYPE op2, FloatStatus *s)
{
    Parts a = parts_of(op1, s);
    Parts b = parts_of(op2, s);
    bool sign = a.sign ^ b.sign;

    if (is_nan(a) || is_nan(b)) {
        return nan_of_two(a, b, FORMAT, s);
    }
    use_denormals((a.denormal | b.denormal) && b.cls != CLASS_ZERO, s);
    if (__builtin_expect(a.cls == CLASS_NORMAL && b.cls == CLASS_NORMAL, 1)) {
        return rounded(div_parts(a, b, FORMAT), s);
    }
    if (a.cls == b.cls) {
        return invalid_nan(FORMAT, s);
    }
    if (a.cls == CLASS_INFINITY) {
        return infinity(sign);
    }
    if (b.cls == CLASS_ZERO) {
        raise_flags(s, FLOAT_DIVBYZERO);
        return infinity(sign);
    }
    return zero(sign);
}

TYPE OP(sqrt)(TYPE op, FloatStatus *s)
{
    Parts a = parts_of(op, s);

    if (is_nan(a)) {
        return nan_of_one(a, FORMAT, s);
    }
    if (a.cls == CLASS_ZERO) {
        return zero(a.sign);
    }
    if (a.sign) {
        return invalid_nan(FORMAT, s);
    }
    if (a.cls == CLASS_INFINITY) {
        return infinity(false);
    }
    use_denormals(a.denormal, s);
    return rounded(sqrt_parts(a), s);
}

TYPE OP(muladd)(TYPE op1, TYPE op2, TYPE op3, unsigned mods, FloatStatus *s)
{
    Parts a = parts_of(op1, s);
    Parts b = parts_of(op2, s);
    Parts c = parts_of(op3, s);

    return muladd_parts(a, b, c, mods, FORMAT, s);
}

static INLINE FloatRel compare(TYPE op1, TYPE op2, bool signal, FloatStatus *s)
{
    Parts a = parts_of(op1, s);
    Parts b = parts_of(op2, s);

    if (is_nan(a) || is_nan(b)) {
        if (signal || a.cls == CLASS_SNAN || b.cls == CLASS_SNAN) {
            raise_flags(s, FLOAT_INVALID);
        }
        return FLOAT_UNORDERED;
    }
    use_denormals(a.denormal | b.denormal, s);
    return compare_parts(a, b);
}

FloatRel OP(compare)(TYPE a, TYPE b, FloatStatus *s)
{
    return compare(a, b, false, s);
}

FloatRel OP(compare_signal)(TYPE a, TYPE b, FloatStatus *s)
{
    return compare(a, b, true, s);
}

/*
 * The greater of op1 and op2, which are a and b, if sign is 1, the lesser if it is -1; neither is a NaN. -0 is
 * less than +0.
 */
static ALWAYS_INLINE TYPE select_ordered(TYPE op1, TYPE op2, Parts a, Parts b, int sign, bool flush,
                                         FloatStatus *s)
{
    bool first = compare_parts(a, b) == sign;
    Parts chosen = first ? a : b;

    use_denormals(a.denormal | b.denormal, s);
    switch (chosen.cls) {
    case CLASS_ZERO:
        return zero(sign > 0 ? a.sign & b.sign : a.sign | b.sign);
    case CLASS_INFINITY:
        return infinity(chosen.sign);
    default:
        return chosen.exp < 1 - format_bias(FORMAT) ? round_pack_tiny(chosen, FORMAT, s->round, flush, s)
                                                    : first ? op1 : op2;
    }
}

static SHARED TYPE minmax(TYPE op1, TYPE op2, int sign, FloatStatus *s)
{
    Parts a = parts_of(op1, s);
    Parts b = parts_of(op2, s);
    bool any_nan = is_nan(a) || is_nan(b);

    if (s->minmax_second) {
        if (any_nan) {
            raise_flags(s, FLOAT_INVALID);
            return b.cls == CLASS_ZERO ? zero(b.sign) : op2;
        }
        if (a.cls == CLASS_ZERO && b.cls == CLASS_ZERO) {
            return zero(b.sign);
        }
        return select_ordered(op1, op2, a, b, sign, false, s);
    }
    if (any_nan) {
        return nan_of_two(a, b, FORMAT, s);
    }
    return select_ordered(op1, op2, a, b, sign, flushes_outputs(FORMAT, s), s);
}

/* The 2008 operations prefer a number to a quiet NaN only, those of 2019 to any. */
static SHARED TYPE minmax_number(TYPE op1, TYPE op2, int sign, bool any, FloatStatus *s)
{
    Parts a = parts_of(op1, s);
    Parts b = parts_of(op2, s);
    const Parts both[] = { a, b };

    if (is_nan(a) && is_nan(b)) {
        return nan_of_two(a, b, FORMAT, s);
    }
    if (is_nan(a) || is_nan(b)) {
        if (!any && (a.cls == CLASS_SNAN || b.cls == CLASS_SNAN)) {
            return nan_of_two(a, b, FORMAT, s);
        }
        raise_for_snan(both, 2, s);
        if (is_nan(a)) {
            a = b;
            op1 = op2;
        } else {
            b = a;
            op2 = op1;
        }
    }
    return select_ordered(op1, op2, a, b, sign, flushes_outputs(FORMAT, s), s);
}

TYPE OP(min)(TYPE a, TYPE b, FloatStatus *s)
{
    return minmax(a, b, -1, s);
}

TYPE OP(max)(TYPE a, TYPE b, FloatStatus *s)
{
    return minmax(a, b, 1, s);
}

TYPE OP(minnum)(TYPE a, TYPE b, FloatStatus *s)
{
    return minmax_number(a, b, -1, false, s);
}

TYPE OP(maxnum)(TYPE a, TYPE b, FloatStatus *s)
{
    return minmax_number(a, b, 1, false, s);
}

TYPE OP(minimum_number)(TYPE a, TYPE b, FloatStatus *s)
{
    return minmax_number(a, b, -1, true, s);
}

TYPE OP(maximum_number)(TYPE a, TYPE b, FloatStatus *s)
{
    return minmax_number(a, b, 1, true, s);
}
