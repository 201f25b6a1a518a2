/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations that every format has, as a template: the includer defines FMT, a prefix such as f32.
 * Special operands first, then exact arithmetic on Parts, then one rounding.
 */
#include "modules/fpu/fused_int.h"
#include "modules/fpu/fpu_int.h"

#define PASTE2(a, b) a##_##b
#define PASTE(a, b)  PASTE2(a, b)
#define OP(name)     PASTE(FMT, name)
#define TYPE         PASTE(FLOAT_TYPE, FMT)
#define FORMAT       (&PASTE(format, FMT))

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
    return round_pack(sum, FORMAT, s);
}

static ALWAYS_INLINE TYPE add_signed(TYPE op1, TYPE op2, bool subtract, FloatStatus *s)
{
    Parts a = unpack(op1, FORMAT, s);
    Parts b = unpack(op2, FORMAT, s);

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
    return round_pack(a.cls == CLASS_ZERO ? b : a, FORMAT, s);
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
    Parts a = unpack(op1, FORMAT, s);
    Parts b = unpack(op2, FORMAT, s);
    bool sign = a.sign ^ b.sign;

    if (is_nan(a) || is_nan(b)) {
        return nan_of_two(a, b, FORMAT, s);
    }
    use_denormals(a.denormal | b.denormal, s);
    if (__builtin_expect(a.cls == CLASS_NORMAL && b.cls == CLASS_NORMAL, 1)) {
        return round_pack(mul_parts(a, b), FORMAT, s);
    }
    if (a.cls == CLASS_INFINITY || b.cls == CLASS_INFINITY) {
        return a.cls == CLASS_ZERO || b.cls == CLASS_ZERO ? invalid_nan(FORMAT, s) : infinity(sign);
    }
    return zero(sign);
}

TYPE OP(div)(TYPE op1, TYPE op2, FloatStatus *s)
{
    Parts a = unpack(op1, FORMAT, s);
    Parts b = unpack(op2, FORMAT, s);
    bool sign = a.sign ^ b.sign;

    if (is_nan(a) || is_nan(b)) {
        return nan_of_two(a, b, FORMAT, s);
    }
    use_denormals((a.denormal | b.denormal) && b.cls != CLASS_ZERO, s);
    if (__builtin_expect(a.cls == CLASS_NORMAL && b.cls == CLASS_NORMAL, 1)) {
        return round_pack(div_parts(a, b, FORMAT), FORMAT, s);
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
    Parts a = unpack(op, FORMAT, s);

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
    return round_pack(sqrt_parts(a), FORMAT, s);
}

TYPE OP(muladd)(TYPE op1, TYPE op2, TYPE op3, unsigned mods, FloatStatus *s)
{
    Parts a = unpack(op1, FORMAT, s);
    Parts b = unpack(op2, FORMAT, s);
    Parts c = unpack(op3, FORMAT, s);

    return muladd_parts(a, b, c, mods, FORMAT, s);
}

static ALWAYS_INLINE FloatRel compare(TYPE op1, TYPE op2, bool signal, FloatStatus *s)
{
    Parts a = unpack(op1, FORMAT, s);
    Parts b = unpack(op2, FORMAT, s);

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

/* The greater of a and b if sign is 1, the lesser if it is -1; neither is a NaN. -0 is less than +0. */
static ALWAYS_INLINE TYPE select_ordered(Parts a, Parts b, int sign, bool flush, FloatStatus *s)
{
    Parts chosen = compare_parts(a, b) == sign ? a : b;

    use_denormals(a.denormal | b.denormal, s);
    switch (chosen.cls) {
    case CLASS_ZERO:
        return zero(sign > 0 ? a.sign & b.sign : a.sign | b.sign);
    case CLASS_INFINITY:
        return infinity(chosen.sign);
    default:
        return round_pack_as(chosen, FORMAT, s->round, flush, false, s);
    }
}

static ALWAYS_INLINE TYPE minmax(TYPE op1, TYPE op2, int sign, FloatStatus *s)
{
    Parts a = unpack(op1, FORMAT, s);
    Parts b = unpack(op2, FORMAT, s);
    bool any_nan = is_nan(a) || is_nan(b);

    if (s->minmax_second) {
        if (any_nan) {
            raise_flags(s, FLOAT_INVALID);
            return b.cls == CLASS_ZERO ? zero(b.sign) : op2;
        }
        if (a.cls == CLASS_ZERO && b.cls == CLASS_ZERO) {
            return zero(b.sign);
        }
        return select_ordered(a, b, sign, false, s);
    }
    if (any_nan) {
        return nan_of_two(a, b, FORMAT, s);
    }
    return select_ordered(a, b, sign, flushes_outputs(FORMAT, s), s);
}

/* The 2008 operations prefer a number to a quiet NaN only, those of 2019 to any. */
static ALWAYS_INLINE TYPE minmax_number(TYPE op1, TYPE op2, int sign, bool any, FloatStatus *s)
{
    Parts a = unpack(op1, FORMAT, s);
    Parts b = unpack(op2, FORMAT, s);
    const Parts both[] = { a, b };

    if (is_nan(a) && is_nan(b)) {
        return nan_of_two(a, b, FORMAT, s);
    }
    if (is_nan(a) || is_nan(b)) {
        if (!any && (a.cls == CLASS_SNAN || b.cls == CLASS_SNAN)) {
            return nan_of_two(a, b, FORMAT, s);
        }
        raise_for_snan(both, 2, s);
        a = b = is_nan(a) ? b : a;
    }
    return select_ordered(a, b, sign, flushes_outputs(FORMAT, s), s);
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
