/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floating-point operations against C's, on each engine and in each rounding mode: results and exceptions. The guest here
 * differs from the host in what inline code must hand over: a NaN has bits of its own, integers that do not fit are
 * 0x1234..., and the smallest normal number, if it was rounded, is an underflow.
 */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "core/tcg/tests/optest.h"

#define OWNER ((void *)0x1000)
#define OFF(field) ((uint32_t)offsetof(OpCpu, field))

static const uint64_t special_nan[4] = { 0, 0x7f12, 0x7fd12345, 0x7ffd123456789abc };
static const uint64_t no_integer = 0x1234567812345678;

/* -- the guest's arithmetic: one lane -------------------------------------------------------------------------------- */

static uint64_t lane(const TcgVecVal *v, unsigned es, unsigned i)
{
    return es == 3 ? v->u64[i] : es == 2 ? v->u32[i] : v->u16[i];
}

static void set_lane(TcgVecVal *v, unsigned es, unsigned i, uint64_t x)
{
    if (es == 3) {
        v->u64[i] = x;
    } else if (es == 2) {
        v->u32[i] = (uint32_t)x;
    } else {
        v->u16[i] = (uint16_t)x;
    }
}

static double to_double(uint64_t x)
{
    double d;

    memcpy(&d, &x, sizeof(d));
    return d;
}

static float to_float(uint64_t x)
{
    uint32_t bits = (uint32_t)x;
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

static uint64_t of_double(double d)
{
    uint64_t x;

    memcpy(&x, &d, sizeof(x));
    return x;
}

static uint64_t of_float(float f)
{
    uint32_t x;

    memcpy(&x, &f, sizeof(x));
    return x;
}

/* Reads and writes of volatile keep an operation between the fenv calls around it; functions that are called are not inlined. */
#define ARITHMETIC(T, bits_of, from_bits, fma_, sqrt_, rint_, nearbyint_, round_) \
    volatile T x = from_bits(a), y = from_bits(b), z = from_bits(c), r = 0; \
    T (*volatile round_exact)(T) = rint_, (*volatile round_plain)(T) = nearbyint_, (*volatile round_away)(T) = round_; \
    switch (tcg_fp_op(f)) { \
    case TCG_FP_ADD: r = x + y; break; \
    case TCG_FP_SUB: r = x - y; break; \
    case TCG_FP_MUL: case TCG_FP_MULX: r = x * y; break; \
    case TCG_FP_DIV: r = x / y; break; \
    case TCG_FP_SQRT: r = sqrt_(x); break; \
    case TCG_FP_MADD: r = fma_(x, y, z); break; \
    case TCG_FP_MSUB: x = -x; r = fma_(x, y, z); break; \
    case TCG_FP_NMADD: x = -x; z = -z; r = fma_(x, y, z); break; \
    case TCG_FP_NMSUB: z = -z; r = fma_(x, y, z); break; \
    case TCG_FP_RINT: \
        if (tcg_fp_round(f) < TCG_ROUND_STATE) { \
            fesetround(fe_round[tcg_fp_round(f)]); \
        } \
        r = tcg_fp_exact(f) ? round_exact(x) : round_plain(x);      /* its exceptions are those of any mode */ \
        if (tcg_fp_round(f) == TCG_ROUND_AWAY) { \
            r = round_away(x); \
        } \
        break; \
    case TCG_FP_RECPS: x = -x; r = fma_(x, y, 2); break; \
    case TCG_FP_RSQRTS: \
        if (isgreater(y, 1) || isless(y, -1)) {                /* the larger is halved before, if that is exact */ \
            x = from_bits(b); \
            y = from_bits(a); \
        } \
        x = -x; \
        r = isgreater(x, 1) || isless(x, -1) ? fma_(x / 2, y, (T)1.5) : fma_(x, y, 3) / 2; \
        break; \
    case TCG_FP_FROM_I: r = es == 3 ? (T)(int64_t)a : (T)(int32_t)a; break; \
    case TCG_FP_FROM_U: r = es == 3 ? (T)a : (T)(uint32_t)a; break; \
    default: r = x; break; \
    } \
    return bits_of(r);

static const int fe_round[] = {
    [TCG_ROUND_EVEN] = FE_TONEAREST, [TCG_ROUND_UP] = FE_UPWARD, [TCG_ROUND_DOWN] = FE_DOWNWARD,
    [TCG_ROUND_ZERO] = FE_TOWARDZERO,
};

static uint64_t plain_double(TcgFp f, uint64_t a, uint64_t b, uint64_t c)
{
    unsigned es = tcg_fp_es(f);

    ARITHMETIC(double, of_double, to_double, fma, sqrt, rint, nearbyint, round)
}

static uint64_t plain_float(TcgFp f, uint64_t a, uint64_t b, uint64_t c)
{
    unsigned es = tcg_fp_es(f);

    ARITHMETIC(float, of_float, to_float, fmaf, sqrtf, rintf, nearbyintf, roundf)
}

static bool is_nan(uint64_t x, unsigned es)
{
    return es == 3 ? (x & INT64_MAX) > UINT64_C(0x7ff) << 52 : es == 2 ? (x & INT32_MAX) > UINT32_C(0xff) << 23 :
           (x & INT16_MAX) > 0x7c00;
}

static bool is_signalling(uint64_t x, unsigned es)
{
    return is_nan(x, es) && !(x >> (es == 3 ? 51 : es == 2 ? 22 : 9) & 1);
}

/* The number, exactly, unless it is a signalling NaN. */
static double value(uint64_t x, unsigned es)
{
    unsigned e = x >> 10 & 31, fraction = x & 0x3ff;
    double d;

    if (es > 1) {
        return es == 3 ? to_double(x) : (double)to_float(x);
    }
    d = e == 31 ? fraction ? (double)NAN : HUGE_VAL : ldexp(e ? fraction + 0x400 : fraction, (int)MAX(e, 1) - 25);
    return copysign(d, x >> 15 & 1 ? -1 : 1);
}

static unsigned c_flags(void)
{
    int e = fetestexcept(FE_ALL_EXCEPT);

    return (e & FE_INVALID ? TCG_FP_INVALID : 0) | (e & FE_DIVBYZERO ? TCG_FP_DIVBYZERO : 0) |
           (e & FE_OVERFLOW ? TCG_FP_OVERFLOW : 0) | (e & FE_UNDERFLOW ? TCG_FP_UNDERFLOW : 0) |
           (e & FE_INEXACT ? TCG_FP_INEXACT : 0);
}

static uint64_t choose(TcgFp f, uint64_t a, uint64_t b, unsigned *flags)
{
    unsigned es = tcg_fp_es(f);
    TcgFpOp op = tcg_fp_op(f);
    bool nan = is_nan(a, es) || is_nan(b, es), max = op == TCG_FP_MAX || op == TCG_FP_MAXNUM, less;
    double x = value(a, es), y = value(b, es);
    bool invalid = is_signalling(a, es) || is_signalling(b, es);

    if (op >= TCG_FP_EQ) {
        *flags |= op == TCG_FP_EQ ? (invalid ? TCG_FP_INVALID : 0) : nan ? TCG_FP_INVALID : 0;
        return !nan && (op == TCG_FP_EQ ? x == y : op == TCG_FP_GE ? x >= y : x > y) ? UINT64_MAX : 0;
    }
    *flags |= invalid ? TCG_FP_INVALID : 0;
    if (nan) {
        return special_nan[es];
    }
    less = x < y || (x == y && signbit(x) && !signbit(y));
    return less == max ? b : a;
}

static double round_even(double x)
{
    double whole = round(x);

    return fabs(x - trunc(x)) == 0.5 ? 2 * round(x / 2) : whole;
}

static double (*const to_round[])(double) = {
    [TCG_ROUND_EVEN] = round_even, [TCG_ROUND_UP] = ceil, [TCG_ROUND_DOWN] = floor, [TCG_ROUND_ZERO] = trunc,
    [TCG_ROUND_AWAY] = round,
};

/* Between -2^63 and 2^63, and times b. */
static uint64_t scale(unsigned es, uint64_t a, uint64_t b, unsigned *flags)
{
    if (is_nan(a, es)) {
        *flags |= TCG_FP_INVALID;
        return a | UINT64_C(1) << (es == 3 ? 51 : 22);
    }
    double r = fmax(fmin(value(a, es), 0x1p63), -0x1p63) * value(b, es);

    return es == 3 ? of_double(r) : of_float((float)r);
}

static uint64_t to_integer(TcgFp f, uint64_t a, unsigned *flags)
{
    unsigned es = tcg_fp_es(f), to = tcg_fp_to(f);
    double x = value(a, es), whole = to_round[tcg_fp_to_round(f)](x);
    bool is_unsigned = tcg_fp_op(f) == TCG_FP_TO_U;
    double high = ldexp(is_unsigned ? 2 : 1, (8 << to) - 1), low = is_unsigned ? 0 : -high;

    if (is_nan(a, es) || whole < low || whole >= high) {
        *flags |= TCG_FP_INVALID;
        return no_integer;
    }
    *flags |= whole != x ? TCG_FP_INEXACT : 0;
    return is_unsigned ? (uint64_t)whole : (uint64_t)(int64_t)whole;
}

/* A number that was rounded to zero, `lost` if it was not exact. */
static uint64_t round_to_half(double d, bool inexact, TcgFpRound round, unsigned *flags)
{
    uint64_t sign = signbit(d) ? 0x8000 : 0, m, keep, rest, middle, h;
    int e, shift;
    bool up, lost;

    if (isinf(d) || d == 0) {
        return sign | (d == 0 ? 0 : 0x7c00);
    }
    m = (uint64_t)ldexp(frexp(fabs(d), &e), 53);                /* times 2 to the power of e - 53 */
    shift = MIN(MAX(42, 29 - e), 60);
    keep = m >> shift;
    rest = m & ((UINT64_C(1) << shift) - 1);
    middle = UINT64_C(1) << (shift - 1);
    lost = inexact || rest;
    up = round == TCG_ROUND_EVEN ? rest > middle || (rest == middle && (keep & 1 || inexact)) :
         lost && (round == TCG_ROUND_UP ? !sign : round == TCG_ROUND_DOWN && sign);
    h = keep + up + (uint64_t)(MAX(e + 13, 0) << 10);
    if (h >= 0x7c00) {
        *flags |= TCG_FP_OVERFLOW | TCG_FP_INEXACT;
        return sign | (round == TCG_ROUND_EVEN || round == (sign ? TCG_ROUND_DOWN : TCG_ROUND_UP) ? 0x7c00 : 0x7bff);
    }
    *flags |= lost ? TCG_FP_INEXACT : 0;
    *flags |= lost && (fabs(d) < 0x1p-14 || h == 0x400) ? TCG_FP_UNDERFLOW : 0;
    return sign | h;
}

/* From, to or of half precision: in double precision, which is enough to be rounded once more if what is lost is known. */
static uint64_t half_lane(TcgFp f, TcgFpRound round, uint64_t a, uint64_t b, uint64_t c, unsigned *flags)
{
    unsigned es = tcg_fp_es(f), to = tcg_fp_to(f), raised = 0;
    TcgFpOp op = tcg_fp_op(f);
    TcgFp as = TCG_FP(op, 3, 3) | (f & ~TCG_FP(31, 3, 3));
    bool integer = op == TCG_FP_FROM_I || op == TCG_FP_FROM_U, three = op >= TCG_FP_MADD && op <= TCG_FP_NMSUB;
    bool two = three || op <= TCG_FP_DIV || (op >= TCG_FP_MULX && op <= TCG_FP_RSQRTS);
    fenv_t host;
    uint64_t r;

    if (integer) {
        as = TCG_FP(op, 3, 3);
        a = op == TCG_FP_FROM_U ? a : es == 3 ? a : es == 2 ? (uint64_t)(int32_t)a : (uint64_t)(int16_t)a;
    } else {
        *flags |= is_signalling(a, es) || (two && is_signalling(b, es)) || (three && is_signalling(c, es)) ?
                  TCG_FP_INVALID : 0;
        a = of_double(value(a, es));
        b = of_double(value(b, es));
        c = of_double(value(c, es));
    }
    feholdexcept(&host);
    fesetround(op == TCG_FP_RINT ? fe_round[round] : FE_TOWARDZERO);
    r = plain_double(as, a, b, c);
    raised = c_flags();
    if (r << 1 == 0) {                          /* whose sign depends on the mode */
        fesetround(fe_round[round]);
        r = plain_double(as, a, b, c);
    }
    fesetenv(&host);
    *flags |= raised & (TCG_FP_INVALID | TCG_FP_DIVBYZERO);
    if (is_nan(r, 3)) {
        return special_nan[to];
    }
    if (op == TCG_FP_RINT) {
        *flags |= raised & TCG_FP_INEXACT;
        raised = 0;
    }
    return to == 3 ? r : to == 2 ? of_float((float)to_double(r)) :
           round_to_half(to_double(r), raised & TCG_FP_INEXACT, round, flags);
}

static bool infinite_by_zero(unsigned es, uint64_t a, uint64_t b)
{
    double x = value(a, es), y = value(b, es);

    return (isinf(x) && y == 0) || (x == 0 && isinf(y));
}

static int sign_of(unsigned es, uint64_t a, uint64_t b)
{
    return (a ^ b) >> ((8 << es) - 1) & 1 ? -1 : 1;
}

static uint64_t round_in_range(TcgFp f, TcgFpRound round, uint64_t a, unsigned *flags)
{
    unsigned es = tcg_fp_es(f);
    double x = value(a, es), limit = f >> 14 & 1 ? 0x1p63 : 0x1p31, whole;

    whole = to_round[tcg_fp_round(f) == TCG_ROUND_STATE ? round : tcg_fp_round(f)](x);
    if (is_nan(a, es) || whole < -limit || whole >= limit) {
        *flags |= TCG_FP_INVALID;
        whole = -limit;
    } else {
        *flags |= whole != x ? TCG_FP_INEXACT : 0;
        whole = copysign(whole, x);
    }
    return es == 3 ? of_double(whole) : of_float((float)whole);
}

static uint64_t estimate(TcgFpOp op, uint32_t a)
{
    unsigned e = a >> 23 & 255, x = 257 + 2 * (a >> 16 & 127), b = 511;

    if (e == 0 || e > (op == TCG_FP_RECPE ? 252 : 254) || (op == TCG_FP_RSQRTE && a >> 31)) {
        return 0x12345678;
    }
    if (op == TCG_FP_RECPE) {
        b = (1u << 19) / (513 + 2 * (a >> 15 & 255));
        e = 253 - e;
    } else {
        x = e & 1 ? x : 2 * x;
        while (x * (b + 1) * (b + 1) < 1u << 28) {
            b++;
        }
        e = (380 - e) / 2;
    }
    return (a & UINT32_C(1) << 31) | e << 23 | (((b + 1) / 2) & 255) << 15;
}

static uint64_t guest_lane(TcgFp f, TcgFpRound round, uint64_t a, uint64_t b, uint64_t c, unsigned *flags)
{
    unsigned es = tcg_fp_es(f), to = tcg_fp_to(f), raised;
    TcgFpOp op = tcg_fp_op(f);
    fenv_t host;
    uint64_t r;

    if (op >= TCG_FP_MAX && op <= TCG_FP_GT) {
        return choose(f, a, b, flags);
    }
    if (op == TCG_FP_TO_I || op == TCG_FP_TO_U) {
        return to_integer(f, a, flags);
    }
    if (op == TCG_FP_SCALE) {
        return scale(es, a, b, flags);
    }
    if (op >= TCG_FP_MULX && op <= TCG_FP_RSQRTS && infinite_by_zero(es, a, b)) {
        return es == 3 ? of_double(op == TCG_FP_RSQRTS ? 1.5 : op == TCG_FP_MULX ? 2 * sign_of(es, a, b) : 2) :
               es == 2 ? of_float(op == TCG_FP_RSQRTS ? 1.5f : op == TCG_FP_MULX ? 2 * (float)sign_of(es, a, b) : 2) :
               op == TCG_FP_RSQRTS ? 0x3e00 : op == TCG_FP_MULX && sign_of(es, a, b) < 0 ? 0xc000 : 0x4000;
    }
    if (op == TCG_FP_RECPE || op == TCG_FP_RSQRTE) {
        return estimate(op, (uint32_t)a);
    }
    if (op == TCG_FP_RINTN) {
        return round_in_range(f, round, a, flags);
    }
    if (op >= TCG_FP_MADD && op <= TCG_FP_NMSUB && infinite_by_zero(es, a, b)) {
        *flags |= TCG_FP_INVALID;               /* as this guest has it of a sum with a NaN too, where hosts differ */
    }
    if (op <= TCG_FP_NMSUB && es != to) {
        *flags |= is_signalling(a, es) || is_signalling(b, es) ? TCG_FP_INVALID : 0;
        return guest_lane(TCG_FP(op, to, to), round, of_float((float)value(a, es)), of_float((float)value(b, es)), c, flags);
    }
    if (es == 1 || to == 1) {
        return half_lane(f, round, a, b, c, flags);
    }
    feholdexcept(&host);
    fesetround(fe_round[round]);
    if (op == TCG_FP_CVT) {
        volatile double d;
        volatile float s;

        if (es == 3) {
            d = to_double(a);
            s = (float)d;
            r = of_float(s);
        } else {
            s = to_float(a);
            d = (double)s;
            r = of_double(d);
        }
    } else {
        r = to == 3 ? plain_double(f, a, b, c) : plain_float(f, a, b, c);
    }
    raised = c_flags();
    fesetenv(&host);
    if (is_nan(r, to)) {
        r = special_nan[to];
    } else if ((r << 1 == UINT64_C(1) << 53 || (to == 2 && (uint32_t)r << 1 == UINT32_C(1) << 24)) &&
               raised & TCG_FP_INEXACT) {
        raised |= TCG_FP_UNDERFLOW;
    }
    *flags |= raised;
    return r;
}

static TcgVecVal guest_fp(TcgFp f, TcgFpRound round, const TcgVecVal *a, const TcgVecVal *b, const TcgVecVal *c,
                          unsigned *flags)
{
    unsigned es = tcg_fp_es(f), to = tcg_fp_to(f), lanes = f & TCG_FP_SCALAR ? 1 : 16u >> MAX(es, to);
    TcgVecVal r = { { 0 } };

    if (f & TCG_FP_SCALAR && !tcg_fp_resizes(f)) {
        r = *a;
    }
    for (unsigned i = 0; i < lanes; i++) {
        set_lane(&r, to, i, guest_lane(f, round, lane(a, es, i), lane(b, es, i), lane(c, to, i), flags));
    }
    return r;
}

static unsigned guest_compare(TcgFp f, uint64_t a, uint64_t b, unsigned *flags)
{
    unsigned es = tcg_fp_es(f);
    double x = value(a, es), y = value(b, es);

    if (is_nan(a, es) || is_nan(b, es)) {
        *flags |= f & TCG_FP_SIGNAL || is_signalling(a, es) || is_signalling(b, es) ? TCG_FP_INVALID : 0;
        return FLAG_C | FLAG_V;
    }
    return x < y ? FLAG_N : x == y ? FLAG_Z | FLAG_C : FLAG_C;
}

/* -- its helpers --------------------------------------------------------------------------------------------------------- */

static void helper_fp(OpCpu *cpu, uint32_t desc, const TcgVecVal *a, const TcgVecVal *b, const TcgVecVal *c, TcgVecVal *ret)
{
    const TcgBackend *inside = tcg_fp_pause(&cpu->cpu.fp);
    unsigned flags = 0;

    *ret = guest_fp(desc, cpu->cpu.fp.round, a, b, c, &flags);
    cpu->cpu.fp.flags |= flags;
    tcg_fp_resume(&cpu->cpu.fp, inside);
    cpu->cpu.num_calls++;
}

static uint64_t helper_fp_to_int(OpCpu *cpu, uint32_t desc, const TcgVecVal *a)
{
    const TcgBackend *inside = tcg_fp_pause(&cpu->cpu.fp);
    unsigned flags = 0;
    uint64_t r = to_integer(desc, lane(a, tcg_fp_es(desc), 0), &flags);

    cpu->cpu.fp.flags |= flags;
    tcg_fp_resume(&cpu->cpu.fp, inside);
    cpu->cpu.num_calls++;
    return r;
}

static uint32_t helper_fp_compare(OpCpu *cpu, uint32_t desc, const TcgVecVal *a, const TcgVecVal *b)
{
    const TcgBackend *inside = tcg_fp_pause(&cpu->cpu.fp);
    unsigned flags = 0, es = tcg_fp_es(desc), r = guest_compare(desc, lane(a, es, 0), lane(b, es, 0), &flags);

    cpu->cpu.fp.flags |= flags;
    tcg_fp_resume(&cpu->cpu.fp, inside);
    return r;
}

static const TcgHelper fp = { "fp", helper_fp, 4, TCG_V128, { TCG_I32, TCG_V128, TCG_V128, TCG_V128 } };
static const TcgHelper fp_to_int = { "fp_to_int", helper_fp_to_int, 2, TCG_I64, { TCG_I32, TCG_V128 } };
static const TcgHelper fp_compare = { "fp_compare", helper_fp_compare, 3, TCG_I32, { TCG_I32, TCG_V128, TCG_V128 } };

/* -- operands ----------------------------------------------------------------------------------------------------------- */

static uint64_t number(unsigned es, uint64_t *seed)
{
    static const uint64_t edge64[] = {
        0, 1, 0x000fffffffffffff, 0x0010000000000000, 0x0010000000000001, 0x001fffffffffffff, 0x3cb0000000000000,
        0x3fe0000000000000, 0x3fefffffffffffff, 0x3ff0000000000000, 0x3ff0000000000001, 0x3ff8000000000000,
        0x4000000000000000, 0x41dfffffffc00000, 0x41e0000000000000, 0x43e0000000000000, 0x43f0000000000000,
        0x7fefffffffffffff, 0x7ff0000000000000, 0x7ff0000000000001, 0x7ff8000000000000, 0x7fffffffffffffff,
        0x380fffffffffffff, 0x3810000000000000, 0x47efffffffffffff, 0x1ff0000000000000, 0x2000000000000000,
    };
    static const uint32_t edge32[] = {
        0, 1, 0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x3f000000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fc00000,
        0x40000000, 0x4effffff, 0x4f000000, 0x5f000000, 0x5f800000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000,
        0x7fffffff, 0x1fffffff, 0x20000000,
    };
    static const uint16_t edge16[] = {
        0, 1, 0x03ff, 0x0400, 0x0401, 0x07ff, 0x1000, 0x1400, 0x2c00, 0x3800, 0x37ff, 0x3bff, 0x3c00, 0x3c01, 0x3e00, 0x4000,
        0x5c00, 0x6400, 0x7000, 0x7800, 0x77ff, 0x7bff, 0x7c00, 0x7c01, 0x7e00, 0x7fff,
    };
    uint64_t r = test_rand(seed), x;

    switch (r >> 62) {
    case 0:
        x = test_rand(seed);
        break;
    case 1:                                     /* of like size, so that sums are interesting */
        x = es == 3 ? (UINT64_C(0x3fe) + (r & 3)) << 52 | test_rand(seed) >> 12 :
            es == 2 ? (0x7e + (r & 3)) << 23 | (r >> 8 & 0x7fffff) : (14 + (r & 3)) << 10 | (r >> 8 & 0x3ff);
        break;
    default:
        x = es == 3 ? edge64[(r & 0xffff) % G_N_ELEMENTS(edge64)] :
            es == 2 ? edge32[(r & 0xffff) % G_N_ELEMENTS(edge32)] : edge16[(r & 0xffff) % G_N_ELEMENTS(edge16)];
        x += (r >> 20 & 7) == 0 ? (r >> 24 & 3) - 1 : 0;
    }
    return r >> 32 & 1 ? x ^ UINT64_C(1) << ((8u << es) - 1) : x;
}

static TcgVecVal operand(unsigned es, uint64_t *seed)
{
    TcgVecVal v;

    for (unsigned i = 0; i < 16u >> es; i++) {
        set_lane(&v, es, i, number(es, seed));
    }
    return v;
}

/* -- the tests ---------------------------------------------------------------------------------------------------- */

typedef enum Use { USE_VALUE, USE_FLAGS, USE_SAME, NUM_USES } Use;

static void run_fp(Engine *e, TcgFp f, Use use, unsigned count, uint64_t *seed)
{
    OpCpu *cpu = test_new0(OpCpu);
    TcgGen *g = engine_begin(e, OWNER);
    TcgVal arg[3], r;
    TcgCode code;

    test_cpu_init(&cpu->cpu, 1);
    tcg_insn_start(g, 0);
    for (unsigned k = 0; k < 3; k++) {
        arg[k] = use == USE_SAME && k ? arg[0] : tcg_ld_env(g, TCG_V128, MO_128, OFF(in[k]));
    }
    r = tcg_fp(g, &fp, f, arg[0], arg[1], arg[2]);
    if (use != USE_FLAGS) {
        tcg_st_env(g, r, MO_128, OFF(out));
        tcg_st_env(g, arg[2], MO_128, OFF(kept[1][0]));
    }
    tcg_exit(g);
    engine_finish(e, &code);
    for (unsigned i = 0; i < count; i++) {
        TcgFpRound round = i & 3;
        unsigned flags = 0;
        TcgVecVal want;

        for (unsigned k = 0; k < 3; k++) {
            cpu->in[k] = use == USE_SAME && k ? cpu->in[0] : operand(k == 2 ? tcg_fp_to(f) : tcg_fp_es(f), seed);
        }
        if (tcg_fp_op(f) == TCG_FP_SCALE) {
            for (unsigned j = 0; j < 16u >> tcg_fp_es(f); j++) {
                double factor = ldexp(1, 1 + (int)(test_rand(seed) & 63));

                set_lane(&cpu->in[1], tcg_fp_es(f), j, tcg_fp_es(f) == 3 ? of_double(factor) : of_float((float)factor));
            }
        }
        if ((tcg_fp_op(f) == TCG_FP_TO_I || tcg_fp_op(f) == TCG_FP_TO_U) && i & 4) {         /* that mostly fit */
            for (unsigned j = 0; j < 16u >> tcg_fp_es(f); j++) {
                unsigned es = tcg_fp_es(f), ignored = 0;
                double d = (double)(int64_t)test_rand(seed) * ldexp(1, 1 - (int)(test_rand(seed) & 127));

                d = i & 8 ? fabs(d) : d;
                set_lane(&cpu->in[0], es, j, es == 3 ? of_double(d) : es == 2 ? of_float((float)d) :
                         round_to_half(d, false, TCG_ROUND_EVEN, &ignored));
            }
        }
        tcg_fp_clear_flags(&cpu->cpu.fp);
        tcg_fp_set_round(&cpu->cpu.fp, round);
        want = guest_fp(f, round, &cpu->in[0], &cpu->in[1], &cpu->in[2], &flags);
        g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
        if ((use != USE_FLAGS && memcmp(&want, &cpu->out, 16)) || tcg_fp_flags(&cpu->cpu.fp) != flags) {
            g_error("%s: fp 0x%x round %u of %lx:%lx, %lx:%lx, %lx:%lx: %lx:%lx flags %x, not %lx:%lx flags %x", e->name, f,
                    round, (long)cpu->in[0].u64[1], (long)cpu->in[0].u64[0], (long)cpu->in[1].u64[1],
                    (long)cpu->in[1].u64[0], (long)cpu->in[2].u64[1], (long)cpu->in[2].u64[0], (long)cpu->out.u64[1],
                    (long)cpu->out.u64[0], tcg_fp_flags(&cpu->cpu.fp), (long)want.u64[1], (long)want.u64[0], flags);
        }
        if (use == USE_VALUE) {
            g_assert_true(memcmp(&cpu->in[2], &cpu->kept[1][0], 16) == 0);
        }
    }
    g_aligned_free(cpu);
}

static bool exists(TcgFp f)
{
    unsigned es = tcg_fp_es(f), to = tcg_fp_to(f);

    switch (tcg_fp_op(f)) {
    case TCG_FP_CVT:
        return es != to;
    case TCG_FP_SCALE: case TCG_FP_RINTN:
        return es == to && es > 1;
    case TCG_FP_RECPE: case TCG_FP_RSQRTE:
        return es == 2 && to == 2;
    case TCG_FP_MADD: case TCG_FP_MSUB:
        return es == to || (es == 1 && to == 2 && !(f & TCG_FP_SCALAR));
    case TCG_FP_FROM_I: case TCG_FP_FROM_U:
        return es > 1 || to == 1;
    default:
        return es == to;
    }
}

static void test_lanes(void)
{
    GPtrArray *all = engines_new(&test_layout);
    uint64_t seed = 17;

    for (unsigned i = 0; i < all->len; i++) {
        for (unsigned op = 0; op < TCG_NUM_FP_OPS; op++) {
            for (unsigned form = 0; form < 18; form++) {
                TcgFp f = TCG_FP(op, 1 + form % 3, 1 + form / 3 % 3) | (form / 9 ? TCG_FP_SCALAR : 0);

                for (Use use = 0; use < (op == TCG_FP_SCALE ? 1 : NUM_USES) && exists(f); use++) {
                    run_fp(all->pdata[i], f, use, use ? 100 : 400, &seed);
                }
            }
        }
    }
    g_ptr_array_unref(all);
}

/* Estimates of all that they depend on. */
static void test_estimates(void)
{
    GPtrArray *all = engines_new(&test_layout);

    for (unsigned i = 0; i < all->len; i++) {
        Engine *e = all->pdata[i];

        for (TcgFpOp op = TCG_FP_RECPE; op <= TCG_FP_RSQRTE; op++) {
            OpCpu *cpu = test_new0(OpCpu);
            TcgFp f = TCG_FP(op, 2, 2);
            TcgGen *g = engine_begin(e, OWNER);
            TcgCode code;

            test_cpu_init(&cpu->cpu, 1);
            tcg_insn_start(g, 0);
            tcg_st_env(g, tcg_fp(g, &fp, f, tcg_ld_env(g, TCG_V128, MO_128, OFF(in[0])), TCG_NOVAL, TCG_NOVAL), MO_128,
                       OFF(out));
            tcg_exit(g);
            engine_finish(e, &code);
            for (uint32_t k = 0; k < 1024; k++) {
                for (unsigned j = 0; j < 4; j++) {
                    cpu->in[0].u32[j] = (126 << 23) + (k << 15) + (j & 1 ? 0x7fff : 0) + (j & 2 ? 17 << 24 : 0);
                }
                g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
                for (unsigned j = 0; j < 4; j++) {
                    g_assert_cmphex(cpu->out.u32[j], ==, estimate(op, cpu->in[0].u32[j]));
                }
            }
            g_aligned_free(cpu);
        }
    }
    g_ptr_array_unref(all);
}

static void test_rint(void)
{
    GPtrArray *all = engines_new(&test_layout);
    uint64_t seed = 18;

    for (unsigned i = 0; i < all->len; i++) {
        for (unsigned form = 0; form < 12; form++) {
            for (unsigned round = 0; round <= TCG_ROUND_AWAY; round++) {
                run_fp(all->pdata[i], TCG_FP_RINT(1 + form / 4, round, form & 1) | (form & 2 ? TCG_FP_SCALAR : 0),
                       USE_VALUE, 200, &seed);
                if (form >= 4 && round <= TCG_ROUND_STATE) {
                    run_fp(all->pdata[i], TCG_FP_RINTN(1 + form / 4, round, form & 1) | (form & 2 ? TCG_FP_SCALAR : 0),
                           USE_VALUE, 200, &seed);
                }
            }
        }
    }
    g_ptr_array_unref(all);
}

/* To integers by each rounding. */
static void test_to_lanes(void)
{
    GPtrArray *all = engines_new(&test_layout);
    uint64_t seed = 21;

    for (unsigned i = 0; i < all->len; i++) {
        for (unsigned form = 0; form < 12; form++) {
            for (unsigned round = 0; round <= TCG_ROUND_AWAY; round++) {
                unsigned es = 1 + form / 4;

                if (round != TCG_ROUND_STATE) {
                    run_fp(all->pdata[i], TCG_FP_TO(form & 1 ? TCG_FP_TO_U : TCG_FP_TO_I, es, es, round) |
                           (form & 2 ? TCG_FP_SCALAR : 0), USE_VALUE, 400, &seed);
                }
            }
        }
    }
    g_ptr_array_unref(all);
}

static void run_to_int(Engine *e, TcgFp f, bool used, uint64_t *seed)
{
    OpCpu *cpu = test_new0(OpCpu);
    TcgGen *g = engine_begin(e, OWNER);
    unsigned es = tcg_fp_es(f);
    TcgCode code;
    TcgVal r;

    test_cpu_init(&cpu->cpu, 1);
    tcg_insn_start(g, 0);
    r = tcg_fp_to_int(g, &fp_to_int, f, tcg_ld_env(g, TCG_V128, MO_128, OFF(in[0])));
    if (used) {
        tcg_st_env(g, r, tcg_fp_to(f) == 3 ? MO_64 : MO_32, OFF(out));
    }
    tcg_exit(g);
    engine_finish(e, &code);
    for (unsigned i = 0; i < 400; i++) {
        unsigned flags = 0;
        uint64_t want;

        cpu->in[0] = operand(es, seed);
        if (i & 1) {                            /* numbers that mostly fit */
            double d = (double)(int64_t)test_rand(seed) * (i & 2 ? 0x1p-32 : 0x1p-1);

            unsigned ignored = 0;

            cpu->in[0].u64[0] = es == 3 ? of_double(d) : es == 2 ? of_float((float)d) :
                                round_to_half(d * (i & 2 ? 0x1p-20 : 0x1p-46), false, TCG_ROUND_EVEN, &ignored);
        }
        tcg_fp_clear_flags(&cpu->cpu.fp);
        want = to_integer(f, lane(&cpu->in[0], es, 0), &flags);
        want = tcg_fp_to(f) == 3 ? want : (uint32_t)want;
        g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
        if ((used && cpu->out.u64[0] != want) || tcg_fp_flags(&cpu->cpu.fp) != flags) {
            g_error("%s: fp 0x%x of %lx: %lx flags %x, not %lx flags %x", e->name, f, (long)cpu->in[0].u64[0],
                    (long)cpu->out.u64[0], tcg_fp_flags(&cpu->cpu.fp), (long)want, flags);
        }
    }
    g_aligned_free(cpu);
}

static void test_to_int(void)
{
    GPtrArray *all = engines_new(&test_layout);
    uint64_t seed = 19;

    for (unsigned i = 0; i < all->len; i++) {
        for (unsigned form = 0; form < 24; form++) {
            for (unsigned round = 0; round <= TCG_ROUND_AWAY; round++) {
                if (round != TCG_ROUND_STATE) {
                    run_to_int(all->pdata[i], TCG_FP_TO(form & 1 ? TCG_FP_TO_U : TCG_FP_TO_I, 1 + form / 8,
                                                        2 + (form >> 1 & 1), round), form & 4, &seed);
                }
            }
        }
    }
    g_ptr_array_unref(all);
}

/* cond: 16: the flags as a value; else a branch on them. */
static void run_compare(Engine *e, unsigned es, bool signal, unsigned cond, uint64_t *seed)
{
    OpCpu *cpu = test_new0(OpCpu);
    TcgGen *g = engine_begin(e, OWNER);
    TcgCode code;
    TcgVal nzcv;

    test_cpu_init(&cpu->cpu, 1);
    tcg_insn_start(g, 0);
    nzcv = tcg_fp_compare(g, &fp_compare, es, signal, tcg_ld_env(g, TCG_V128, MO_128, OFF(in[0])),
                          tcg_ld_env(g, TCG_V128, MO_128, OFF(in[1])));
    if (cond == 16) {
        tcg_st_env(g, nzcv, MO_32, OFF(out));
    } else {
        TcgBlockRef yes = tcg_block(g), no = tcg_block(g);

        tcg_brflag(g, cond, nzcv, yes, no);
        tcg_block_start(g, yes);
        tcg_st_env(g, tcg_const(g, TCG_I32, 1), MO_32, OFF(out));
        tcg_exit(g);
        tcg_block_start(g, no);
        tcg_st_env(g, tcg_const(g, TCG_I32, 0), MO_32, OFF(out));
    }
    tcg_exit(g);
    engine_finish(e, &code);
    for (unsigned i = 0; i < 200; i++) {
        unsigned flags = 0, want;

        cpu->in[0] = operand(es, seed);
        cpu->in[1] = i & 3 ? operand(es, seed) : cpu->in[0];
        tcg_fp_clear_flags(&cpu->cpu.fp);
        want = guest_compare(signal ? TCG_FP(0, es, es) | TCG_FP_SIGNAL : TCG_FP(0, es, es), lane(&cpu->in[0], es, 0),
                             lane(&cpu->in[1], es, 0), &flags);
        want = cond == 16 ? want : tcg_flag_truth[cond] >> want & 1u;
        g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
        if (cpu->out.u32[0] != want || tcg_fp_flags(&cpu->cpu.fp) != flags) {
            g_error("%s: es %u cond %u of %lx, %lx: %x flags %x, not %x flags %x", e->name, es, cond,
                    (long)cpu->in[0].u64[0], (long)cpu->in[1].u64[0], cpu->out.u32[0], tcg_fp_flags(&cpu->cpu.fp), want,
                    flags);
        }
    }
    g_aligned_free(cpu);
}

static void test_compare(void)
{
    GPtrArray *all = engines_new(&test_layout);
    uint64_t seed = 20;

    for (unsigned i = 0; i < all->len; i++) {
        for (unsigned cond = 0; cond <= 16; cond++) {
            for (unsigned form = 0; form < 6; form++) {
                run_compare(all->pdata[i], 1 + form / 2, form & 1, cond, &seed);
            }
        }
    }
    g_ptr_array_unref(all);
}

/* Numbers that are neither NaNs nor near the smallest one need no call where the host has it all. */
static void test_no_calls(void)
{
    const TcgBackend *native = tcg_backend_find("tcg");
    const TcgNode has = { .op = OP_fp, .type = TCG_V128, .aux = TCG_FP(TCG_FP_FROM_U, 3, 3) };
    const TcgNode half = { .op = OP_fp, .type = TCG_V128, .aux = TCG_FP(TCG_FP_FROM_U, 1, 1) };
    GPtrArray *all = engines_new(&test_layout);

    if (!native || !native->has_op(native, &has)) {
        g_test_skip("the host has no AVX2");
        return;
    }
    for (unsigned op = 0; op < TCG_NUM_FP_OPS; op++) {
        bool estimates = op == TCG_FP_RECPE || op == TCG_FP_RSQRTE, no_half = estimates || op == TCG_FP_SCALE || op == TCG_FP_RINTN;

        for (unsigned form = native->has_op(native, &half) && !no_half ? 0 : 2; form < (estimates ? 4 : 6); form++) {
            TcgFp f = TCG_FP(op, 1 + form / 2, 1 + form / 2) | (form & 1 ? TCG_FP_SCALAR : 0);
            OpCpu *cpu = test_new0(OpCpu);
            Engine *e = all->pdata[2];          /* after the interpreter, optimising and not */
            TcgGen *g = engine_begin(e, OWNER);
            TcgCode code;
            TcgVal v;

            test_cpu_init(&cpu->cpu, 1);
            cpu->in[0].u64[0] = cpu->in[0].u64[1] = form < 2 ? UINT64_C(0x4008420040404208) : UINT64_C(0x4008000040400000);
            tcg_insn_start(g, 0);
            v = tcg_ld_env(g, TCG_V128, MO_128, OFF(in[0]));
            if (!exists(f)) {
                f ^= form < 2 ? 3 << 7 : 1 << 7;                /* a conversion to another size */
            }
            tcg_st_env(g, tcg_fp(g, &fp, f, v, v, v), MO_128, OFF(out));
            tcg_exit(g);
            engine_finish(e, &code);
            g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
            g_assert_cmpuint(cpu->cpu.num_calls, ==, 0);
            g_aligned_free(cpu);
        }
    }
    g_ptr_array_unref(all);
}

/* Lanes of a scalar's result that are those of a constant, or of something narrow: they are made zero if they are not. */
static void test_rest(void)
{
    GPtrArray *all = engines_new(&test_layout);

    for (unsigned i = 0; i < all->len; i++) {
        for (unsigned form = 0; form < 15; form++) {
            static const uint64_t ones[4] = { 0, 0x3c00, 0x3f800000, UINT64_C(0x3ff) << 52 };
            static const uint64_t twos[4] = { 0, 0x4000, 0x40000000, UINT64_C(1) << 62 };
            unsigned es = 1 + form % 3, bits = 8 << es;
            uint64_t above = es == 3 ? 0 : UINT64_C(0x123) << (form / 3 == 1 && es == 1 ? 2 * bits : bits);
            OpCpu *cpu = test_new0(OpCpu);
            Engine *e = all->pdata[i];
            TcgGen *g = engine_begin(e, OWNER);
            TcgVal v, w;
            TcgCode code;

            test_cpu_init(&cpu->cpu, 1);
            cpu->in[0].u64[0] = ones[es] | above;
            cpu->in[0].u64[1] = 5;
            cpu->in[1] = cpu->in[0];
            tcg_insn_start(g, 0);
            w = tcg_ld_env(g, TCG_V128, MO_128, OFF(in[1]));
            switch (form / 3) {
            case 0: case 1:
                v = tcg_const_v(g, ones[es] | above, form & 1 ? 5 : 0);
                break;
            case 2:
                v = tcg_vec1(g, OP_vfrom, 3, tcg_ld_env(g, TCG_I64, MO_64, OFF(in[0])), 0);
                break;
            case 3:
                v = tcg_vec1(g, OP_vfrom, 3, tcg_extract(g, TCG_I64, tcg_ld_env(g, TCG_I64, MO_64, OFF(in[0])), 0, bits), 0);
                break;
            default:
                v = tcg_vec1(g, OP_vmovz, es, w, 0);
                break;
            }
            v = tcg_fp(g, &fp, TCG_FP(TCG_FP_ADD, es, es) | TCG_FP_SCALAR, v, w, TCG_NOVAL);
            tcg_st_env(g, tcg_vec1(g, OP_vmovz, es, v, 0), MO_128, OFF(out));
            tcg_exit(g);
            engine_finish(e, &code);
            g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
            g_assert_cmphex(cpu->out.u64[0], ==, twos[es]);
            g_assert_cmphex(cpu->out.u64[1], ==, 0);
            g_aligned_free(cpu);
        }
    }
    g_ptr_array_unref(all);
}

/* Predicates are where they were, whether a helper is called or not. */
static void test_predicates(void)
{
    static const uint64_t numbers[2][4] = {
        { 0, 0x3c00, 0x3f800000, UINT64_C(0x3ff) << 52 },       /* 1 */
        { 0, 0x7e01, 0x7fc00001, UINT64_C(0x7ff8000000000001) },
    };
    enum { PREDS = 6 };
    GPtrArray *all = engines_new(&test_layout);
    uint64_t seed = 11;

    for (unsigned i = 0; i < all->len * TCG_NUM_FP_OPS * 6; i++) {
        Engine *e = all->pdata[i / 6 / TCG_NUM_FP_OPS];
        unsigned es = 1 + i % 3;
        TcgFp f = TCG_FP(i / 6 % TCG_NUM_FP_OPS, es, es) | (i % 6 < 3 ? TCG_FP_SCALAR : 0);
        OpCpu *cpu;
        TcgVal v, p[PREDS];
        TcgGen *g;
        TcgCode code;

        if (!exists(f) || !tcg_has_type(e->gen, TCG_PRED)) {
            continue;
        }
        cpu = test_new0(OpCpu);
        test_cpu_init(&cpu->cpu, 1);
        g = engine_begin(e, OWNER);
        tcg_insn_start(g, 0);
        v = tcg_ld_env(g, TCG_V128, MO_128, OFF(in[0]));
        for (unsigned k = 0; k < PREDS; k++) {
            p[k] = tcg_ld_env(g, TCG_PRED, MO_64, OFF(kept[0][k]));
        }
        tcg_st_env(g, tcg_fp(g, &fp, f, v, v, v), MO_128, OFF(out));
        for (unsigned k = 0; k < PREDS; k++) {
            tcg_st_env(g, p[k], MO_64, OFF(kept[1][k]));
        }
        tcg_exit(g);
        engine_finish(e, &code);
        for (unsigned n = 0; n < 2; n++) {
            for (unsigned k = 0; k < 16u >> es; k++) {
                set_lane(&cpu->in[0], es, k, numbers[n][es]);
            }
            for (unsigned k = 0; k < PREDS; k++) {
                cpu->kept[0][k].u64[0] = test_rand(&seed);
            }
            g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
            for (unsigned k = 0; k < PREDS; k++) {
                g_assert_cmphex(cpu->kept[1][k].u64[0], ==, cpu->kept[0][k].u64[0]);
            }
        }
        g_aligned_free(cpu);
    }
    g_ptr_array_unref(all);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/fp/predicates", test_predicates);
    g_test_add_func("/tcg/fp/lanes", test_lanes);
    g_test_add_func("/tcg/fp/estimates", test_estimates);
    g_test_add_func("/tcg/fp/rint", test_rint);
    g_test_add_func("/tcg/fp/to-lanes", test_to_lanes);
    g_test_add_func("/tcg/fp/to-int", test_to_int);
    g_test_add_func("/tcg/fp/compare", test_compare);
    g_test_add_func("/tcg/fp/no-calls", test_no_calls);
    g_test_add_func("/tcg/fp/rest", test_rest);
    return g_test_run();
}
