/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Multiply-add and dot products of half-precision or bfloat16 factors into a single-precision sum. */
#include "modules/fpu/fpu_int.h"
#include "modules/fpu/fused_int.h"

float32 f32_muladd_f16(float16 a, float16 b, float32 c, unsigned mods, FloatStatus *s)
{
    return muladd_parts(unpack(a, &format_f16, s), unpack(b, &format_f16, s), unpack(c, &format_f32, s), mods,
                        &format_f32, s);
}

float32 f32_muladd_bf16(bfloat16 a, bfloat16 b, float32 c, unsigned mods, FloatStatus *s)
{
    FloatStatus own = begin_approx(s);
    float32 result = f32_muladd((float32)a << 16, (float32)b << 16, c, mods, &own);

    end_approx(&own, s);
    return result;
}

/* What a product of two numbers contributes to a sum; a zero stays the zero it is. */
static Parts product_class(Parts a, Parts b)
{
    Parts p = parts_zero(a.sign ^ b.sign);

    if (a.cls == CLASS_INFINITY || b.cls == CLASS_INFINITY) {
        p.cls = CLASS_INFINITY;
    } else if (a.cls == CLASS_NORMAL && b.cls == CLASS_NORMAL) {
        p = mul_parts(a, b);
    }
    return p;
}

/*
 * a0 * b0 + a1 * b1 in single precision, rounded once. The factors are of format f, which has at most 11
 * bits.
 */
static float32 dot2(uint16_t op_a0, uint16_t op_a1, uint16_t op_b0, uint16_t op_b1, const FloatFormat *f,
                    FloatStatus *s)
{
    Parts a0 = unpack(op_a0, f, s);
    Parts a1 = unpack(op_a1, f, s);
    Parts b0 = unpack(op_b0, f, s);
    Parts b1 = unpack(op_b1, f, s);
    const Parts all[] = { a0, a1, b0, b1 };

    if (is_nan(a0) || is_nan(a1) || is_nan(b0) || is_nan(b1)) {
        return nan_of_one(nan_signalling_first(all, 4), &format_f32, s);
    }

    Parts p = product_class(a0, b0);
    Parts q = product_class(a1, b1);

    if (is_infinity_times_zero(a0, b0) || is_infinity_times_zero(a1, b1)
        || (p.cls == CLASS_INFINITY && q.cls == CLASS_INFINITY && p.sign != q.sign)) {
        return invalid_nan(&format_f32, s);
    }
    if (p.cls == CLASS_INFINITY || q.cls == CLASS_INFINITY) {
        return f32_infinity(p.cls == CLASS_INFINITY ? p.sign : q.sign);
    }
    if (p.cls == CLASS_ZERO && q.cls == CLASS_ZERO) {
        return f32_zero(p.sign == q.sign ? p.sign : zero_sum_sign(s->round));
    }

    Parts sum = p.cls == CLASS_ZERO ? q : q.cls == CLASS_ZERO ? p : add_parts(p, q);

    if (sum.cls == CLASS_ZERO) {
        return f32_zero(zero_sum_sign(s->round));
    }
    return round_pack(sum, &format_f32, s);
}

float32 f32_dotadd_f16(float32 c, float16 a0, float16 a1, float16 b0, float16 b1, FloatStatus *s)
{
    return f32_add(c, dot2(a0, a1, b0, b1, &format_f16, s), s);
}

float32 f32_dotadd_bf16_fused(float32 c, bfloat16 a0, bfloat16 a1, bfloat16 b0, bfloat16 b1, FloatStatus *s)
{
    FloatStatus own = *s;

    own.default_nan = true;
    return f32_add(c, dot2(a0, a1, b0, b1, &format_bf16, &own), &own);
}

/* One step of a bfloat16 dot product: rounded to odd, denormals flushed both ways, overflow to infinity. */
static float32 bf16_dot_step(float32 (*op)(float32, float32, FloatStatus *), float32 a, float32 b,
                             const FloatStatus *s)
{
    FloatStatus own = {
        .round = FLOAT_ROUND_ODD, .flush_inputs = true, .flush_outputs = true,
        .default_nan = true, .default_nan_sign = s->default_nan_sign,
    };
    float32 result = op(a, b, &own);

    return own.flags & FLOAT_OVERFLOW ? f32_infinity(f32_is_negative(result)) : result;
}

float32 f32_dotadd_bf16(float32 c, bfloat16 a0, bfloat16 a1, bfloat16 b0, bfloat16 b1, FloatStatus *s)
{
    float32 p = bf16_dot_step(f32_mul, (float32)a0 << 16, (float32)b0 << 16, s);
    float32 q = bf16_dot_step(f32_mul, (float32)a1 << 16, (float32)b1 << 16, s);

    return bf16_dot_step(f32_add, c, bf16_dot_step(f32_add, p, q, s), s);
}
