/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conversions between formats, and the one to an integer modulo 2^32. A half-precision side is never flushed
 * and may be in the alternative format, whose greatest exponent holds numbers: it has no NaN or infinity to
 * become.
 */
#include "modules/fpu/fpu_int.h"
#include "modules/fpu/integer_int.h"

static ALWAYS_INLINE uint64_t convert(uint64_t op, const FloatFormat *from, const FloatFormat *to,
                                      FloatStatus *s)
{
    bool alt_to = to->half && s->alt_half;
    Parts a = unpack_as(op, from, !from->half && s->flush_inputs, from->half && s->alt_half, s);

    if (is_nan(a) || a.cls == CLASS_INFINITY) {
        if (alt_to) {
            raise_flags(s, FLOAT_INVALID);
            return is_nan(a) ? format_sign(to, a.sign) : format_sign(to, a.sign) + format_sign(to, true) - 1;
        }
        return is_nan(a) ? nan_of_one(a, to, s) : format_infinity(to, a.sign);
    }
    if (a.cls == CLASS_ZERO) {
        return format_sign(to, a.sign);
    }
    use_denormals(a.denormal, s);
    return round_pack_as(a, to, s->round, !to->half && s->flush_outputs, alt_to, s);
}

float32 f16_to_f32(float16 a, FloatStatus *s)
{
    return convert(a, &format_f16, &format_f32, s);
}

float64 f16_to_f64(float16 a, FloatStatus *s)
{
    return convert(a, &format_f16, &format_f64, s);
}

float32 bf16_to_f32(bfloat16 a, FloatStatus *s)
{
    return convert(a, &format_bf16, &format_f32, s);
}

float16 f32_to_f16(float32 a, FloatStatus *s)
{
    return convert(a, &format_f32, &format_f16, s);
}

float64 f32_to_f64(float32 a, FloatStatus *s)
{
    return convert(a, &format_f32, &format_f64, s);
}

float16 f64_to_f16(float64 a, FloatStatus *s)
{
    return convert(a, &format_f64, &format_f16, s);
}

float32 f64_to_f32(float64 a, FloatStatus *s)
{
    return convert(a, &format_f64, &format_f32, s);
}

bfloat16 f32_to_bf16(float32 a, FloatStatus *s)
{
    FloatStatus own = begin_approx(s);
    bfloat16 result = convert(a, &format_f32, &format_bf16, &own);

    end_approx(&own, s);
    return result;
}

int32_t f64_to_i32_modular(float64 op, bool *ret_exact, FloatStatus *s)
{
    Parts a = unpack(op, &format_f64, s);
    bool inexact = false;
    bool fits = a.cls <= CLASS_NORMAL;
    uint32_t low = 0;

    if (a.cls == CLASS_NORMAL && a.exp < 64) {
        uint64_t mag = round_to_integer(a, a.exp, FLOAT_ROUND_ZERO, &inexact);

        fits = mag < (UINT64_C(1) << 31) + a.sign;
        low = a.sign ? -mag : mag;
    } else if (a.cls == CLASS_NORMAL) {
        int up = a.exp - 63;                        /* frac has 53 bits at the top of 64 */

        fits = false;
        low = up < 32 ? (uint32_t)a.frac << up : 0;
        low = a.sign ? -low : low;
    }
    if (!fits) {
        raise_flags(s, FLOAT_INVALID);
    } else if (inexact) {
        raise_flags(s, FLOAT_INEXACT);
    }
    *ret_exact = fits && !inexact && !(a.cls == CLASS_ZERO && op != 0);
    return low;
}
