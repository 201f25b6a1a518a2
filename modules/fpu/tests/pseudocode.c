/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The architecture's floating-point pseudocode in exact arithmetic; see pseudocode_int.h. */
#include <math.h>
#include <glib.h>
#include "modules/fpu/tests/pseudocode_int.h"

/* Enough for a * b + c in double precision without rounding. */
enum { EXACT_BITS = 4500, QUOTIENT_BITS = 256 };

const RefFormat ref_f16  = { 16, 5, 10, true };
const RefFormat ref_bf16 = { 16, 8, 7, false };
const RefFormat ref_f32  = { 32, 8, 23, false };
const RefFormat ref_f64  = { 64, 11, 52, false };

void ref_init(Ref *r)
{
    for (int i = 0; i < 4; i++) {
        mpfr_init2(r->v[i].real, EXACT_BITS);
    }
    mpfr_inits2(EXACT_BITS, r->result, r->mantissa, r->error, r->tmp, (mpfr_ptr)0);
    mpfr_init2(r->quotient, QUOTIENT_BITS);
}

void ref_clear(Ref *r)
{
    for (int i = 0; i < 4; i++) {
        mpfr_clear(r->v[i].real);
    }
    mpfr_clears(r->result, r->mantissa, r->error, r->tmp, r->quotient, (mpfr_ptr)0);
}

static void process_exception(Ref *r, unsigned flag, bool fpexc)
{
    if (fpexc) {
        r->fpsr |= flag;
    }
}

/* What MPFR had to round is our mistake: every sum and product must be exact. */
static void exact(int ternary)
{
    g_assert(ternary == 0);
}

static uint64_t ones(int n)
{
    return n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

static uint64_t fp_bits(const RefFormat *f, bool sign, uint64_t exp, uint64_t frac)
{
    return (uint64_t)sign << (f->n - 1) | (exp & ones(f->e)) << f->f | frac;
}

static uint64_t fp_infinity(const RefFormat *f, bool sign)
{
    return fp_bits(f, sign, ones(f->e), 0);
}

static uint64_t fp_max_normal(const RefFormat *f, bool sign)
{
    return fp_bits(f, sign, ones(f->e) - 1, ones(f->f));
}

static uint64_t fp_zero(const RefFormat *f, bool sign)
{
    return fp_bits(f, sign, 0, 0);
}

static uint64_t fp_default_nan(const RefFormat *f, Fpcr fpcr)
{
    return fp_bits(f, fpcr.ah, ones(f->e), UINT64_C(1) << (f->f - 1));
}

static bool is_nan_type(FPType type)
{
    return type == FPType_QNaN || type == FPType_SNaN;
}

static bool flush_bit(const RefFormat *f, Fpcr fpcr)
{
    return f->half ? fpcr.fz16 : fpcr.fz;
}

static uint64_t fp_neg(const RefFormat *f, uint64_t op, Fpcr fpcr)
{
    bool nan = (op & ones(f->n - 1)) > fp_infinity(f, false);

    return fpcr.ah && nan ? op : op ^ UINT64_C(1) << (f->n - 1);
}

/* FPUnpackBase */
static void unpack_base(Ref *r, const RefFormat *f, uint64_t fpval, Fpcr fpcr, bool fpexc, RefValue *v)
{
    uint64_t exp = fpval >> f->f & ones(f->e);
    uint64_t frac = fpval & ones(f->f);
    int bias = ones(f->e - 1);
    bool fiz = fpcr.fiz;
    bool fz = fpcr.fz && !fpcr.ah;

    v->sign = fpval >> (f->n - 1) & 1;
    mpfr_set_ui(v->real, 0, MPFR_RNDN);
    if (exp == 0) {
        if (frac == 0) {
            v->type = FPType_Zero;
        } else if (f->half ? fpcr.fz16 : fz || fiz) {
            v->type = FPType_Zero;
            if (!f->half && fz) {
                process_exception(r, FLOAT_INPUT_DENORMAL, fpexc);
            }
        } else {
            v->type = FPType_Denormal;
            exact(mpfr_set_ui_2exp(v->real, frac, 1 - bias - f->f, MPFR_RNDN));
        }
    } else if (exp == ones(f->e) && !(f->half && fpcr.ahp)) {
        if (frac == 0) {
            v->type = FPType_Infinity;
            exact(mpfr_set_ui_2exp(v->real, 1, 1000000, MPFR_RNDN));
        } else {
            v->type = frac >> (f->f - 1) ? FPType_QNaN : FPType_SNaN;
        }
    } else {
        v->type = FPType_Nonzero;
        exact(mpfr_set_ui_2exp(v->real, (UINT64_C(1) << f->f) + frac, (int)exp - bias - f->f, MPFR_RNDN));
    }
    if (v->sign) {
        mpfr_neg(v->real, v->real, MPFR_RNDN);
    }
}

static void unpack(Ref *r, const RefFormat *f, uint64_t fpval, Fpcr fpcr, bool fpexc, RefValue *v)
{
    fpcr.ahp = false;
    unpack_base(r, f, fpval, fpcr, fpexc, v);
}

static bool decide_round_up(FloatRound rounding, mpfr_t error, bool odd, bool sign)
{
    int half = mpfr_cmp_d(error, 0.5);

    switch (rounding) {
    case FLOAT_ROUND_TIE_EVEN: return half > 0 || (half == 0 && odd);
    case FLOAT_ROUND_TIE_AWAY: return half >= 0;
    case FLOAT_ROUND_UP:       return !mpfr_zero_p(error) && !sign;
    case FLOAT_ROUND_DOWN:     return !mpfr_zero_p(error) && sign;
    default:                   return false;
    }
}

static bool decide_overflow_to_inf(FloatRound rounding, bool sign)
{
    switch (rounding) {
    case FLOAT_ROUND_TIE_EVEN: return true;
    case FLOAT_ROUND_TIE_AWAY: return true;
    case FLOAT_ROUND_UP:       return !sign;
    case FLOAT_ROUND_DOWN:     return sign;
    default:                   return false;
    }
}

/* FPRoundBase; op is not zero */
static uint64_t round_base(Ref *r, const RefFormat *f, mpfr_t op, Fpcr fpcr, FloatRound rounding, bool fpexc)
{
    int minimum_exp = 2 - (1 << (f->e - 1));
    bool sign = mpfr_sgn(op) < 0;
    int exponent = mpfr_get_exp(op) - 1;
    bool altfp = fpcr.ah;
    bool error_nonzero;
    uint64_t result;

    g_assert(!mpfr_zero_p(op));
    mpfr_abs(r->mantissa, op, MPFR_RNDN);
    mpfr_mul_2si(r->mantissa, r->mantissa, -exponent, MPFR_RNDN);       /* [1, 2) */
    if (!altfp && flush_bit(f, fpcr) && exponent < minimum_exp) {
        process_exception(r, FLOAT_UNDERFLOW, fpexc);
        return fp_zero(f, sign);
    }

    int biased_exp_unconstrained = exponent - minimum_exp + 1;
    mpfr_mul_2si(r->tmp, r->mantissa, f->f, MPFR_RNDN);
    uint64_t int_mant_unconstrained = mpfr_get_ui(r->tmp, MPFR_RNDD);
    exact(mpfr_sub_ui(r->error, r->tmp, int_mant_unconstrained, MPFR_RNDN));
    bool round_up_unconstrained = decide_round_up(rounding, r->error, int_mant_unconstrained & 1, sign);

    int biased_exp = MAX(exponent - minimum_exp + 1, 0);
    if (biased_exp == 0) {
        mpfr_mul_2si(r->mantissa, r->mantissa, -(minimum_exp - exponent), MPFR_RNDN);
    }
    mpfr_mul_2si(r->tmp, r->mantissa, f->f, MPFR_RNDN);
    uint64_t int_mant = mpfr_get_ui(r->tmp, MPFR_RNDD);
    exact(mpfr_sub_ui(r->error, r->tmp, int_mant, MPFR_RNDN));
    error_nonzero = !mpfr_zero_p(r->error);

    bool trapped_uf = fpcr.ufe;
    if (!altfp && biased_exp == 0 && (error_nonzero || trapped_uf)) {
        process_exception(r, FLOAT_UNDERFLOW, fpexc);
    }
    bool round_up = decide_round_up(rounding, r->error, int_mant & 1, sign);
    bool overflow_to_inf = decide_overflow_to_inf(rounding, sign);
    if (altfp) {
        if (round_up_unconstrained) {
            int_mant_unconstrained++;
            if (int_mant_unconstrained == UINT64_C(1) << (f->f + 1)) {
                biased_exp_unconstrained++;
                int_mant_unconstrained /= 2;
            }
        }
        if (biased_exp_unconstrained < 1 && int_mant_unconstrained != 0) {
            if (flush_bit(f, fpcr)) {
                process_exception(r, FLOAT_UNDERFLOW | FLOAT_INEXACT, fpexc);
                return fp_zero(f, sign);
            } else if (error_nonzero || trapped_uf) {
                process_exception(r, FLOAT_UNDERFLOW, fpexc);
            }
        }
    }
    if (round_up) {
        int_mant++;
        if (int_mant == UINT64_C(1) << f->f) {
            biased_exp = 1;
        }
        if (int_mant == UINT64_C(1) << (f->f + 1)) {
            biased_exp++;
            int_mant /= 2;
        }
    }
    if (error_nonzero && rounding == FLOAT_ROUND_ODD) {
        int_mant |= 1;
    }
    if (!f->half || !fpcr.ahp) {
        if (biased_exp >= (int)ones(f->e)) {
            result = overflow_to_inf ? fp_infinity(f, sign) : fp_max_normal(f, sign);
            process_exception(r, FLOAT_OVERFLOW, fpexc);
            error_nonzero = true;
        } else {
            result = fp_bits(f, sign, biased_exp, int_mant & ones(f->f));
        }
    } else {
        if (biased_exp >= 1 << f->e) {
            result = fp_bits(f, sign, ones(f->e), ones(f->f));
            process_exception(r, FLOAT_INVALID, fpexc);
            error_nonzero = false;
        } else {
            result = fp_bits(f, sign, biased_exp, int_mant & ones(f->f));
        }
    }
    if (error_nonzero) {
        process_exception(r, FLOAT_INEXACT, fpexc);
    }
    return result;
}

static uint64_t round_real(Ref *r, const RefFormat *f, mpfr_t op, Fpcr fpcr, bool fpexc)
{
    fpcr.ahp = false;
    return round_base(r, f, op, fpcr, fpcr.round, fpexc);
}

/* A sum, which may be zero. */
static uint64_t round_sum(Ref *r, const RefFormat *f, mpfr_t op, Fpcr fpcr, bool fpexc)
{
    if (mpfr_zero_p(op)) {
        return fp_zero(f, fpcr.round == FLOAT_ROUND_DOWN);
    }
    return round_real(r, f, op, fpcr, fpexc);
}

static void process_denorms(Ref *r, const RefFormat *f, Fpcr fpcr, FPType t1, FPType t2, FPType t3)
{
    if (fpcr.ah && !f->half && (t1 == FPType_Denormal || t2 == FPType_Denormal || t3 == FPType_Denormal)) {
        process_exception(r, FLOAT_INPUT_DENORMAL, true);
    }
}

/* FPConvertNaN */
static uint64_t convert_nan(const RefFormat *from, const RefFormat *to, uint64_t op)
{
    uint64_t frac = (op & ones(from->f - 1)) << (51 - (from->f - 1));   /* 51 bits */

    return fp_bits(to, op >> (from->n - 1), ones(to->e), UINT64_C(1) << (to->f - 1) | frac >> (52 - to->f));
}

/* FPProcessNaN */
static uint64_t process_nan(Ref *r, const RefFormat *f, FPType type, uint64_t op, Fpcr fpcr, bool fpexc)
{
    g_assert(is_nan_type(type));
    if (type == FPType_SNaN) {
        op |= UINT64_C(1) << (f->f - 1);
        process_exception(r, FLOAT_INVALID, fpexc);
    }
    return fpcr.dn ? fp_default_nan(f, fpcr) : op;
}

/* FPProcessNaNs */
static bool process_nans(Ref *r, const RefFormat *f, FPType type1, FPType type2, uint64_t op1, uint64_t op2,
                         Fpcr fpcr, bool fpexc, uint64_t *result)
{
    bool any_snan = type1 == FPType_SNaN || type2 == FPType_SNaN;
    FPType type_nan = any_snan ? FPType_SNaN : FPType_QNaN;

    if (fpcr.ah && is_nan_type(type1) && is_nan_type(type2)) {
        *result = process_nan(r, f, type_nan, op1, fpcr, fpexc);
    } else if (type1 == FPType_SNaN) {
        *result = process_nan(r, f, type1, op1, fpcr, fpexc);
    } else if (type2 == FPType_SNaN) {
        *result = process_nan(r, f, type2, op2, fpcr, fpexc);
    } else if (type1 == FPType_QNaN) {
        *result = process_nan(r, f, type1, op1, fpcr, fpexc);
    } else if (type2 == FPType_QNaN) {
        *result = process_nan(r, f, type2, op2, fpcr, fpexc);
    } else {
        return false;
    }
    return true;
}

/* FPProcessNaNs3 and, where the formats differ, FPProcessNaNs3H: f is that of op1 and the result. */
static bool process_nans3(Ref *r, const RefFormat *f, const RefFormat *factor, FPType type1, FPType type2,
                          FPType type3, uint64_t op1, uint64_t op2, uint64_t op3, Fpcr fpcr, bool fpexc,
                          uint64_t *result)
{
    bool op1_nan = is_nan_type(type1), op2_nan = is_nan_type(type2), op3_nan = is_nan_type(type3);
    bool any_snan = type1 == FPType_SNaN || type2 == FPType_SNaN || type3 == FPType_SNaN;
    FPType type_nan = any_snan ? FPType_SNaN : FPType_QNaN;
    int chosen;
    FPType type;

    if (fpcr.ah && op1_nan && op2_nan && op3_nan) {
        chosen = 2, type = type_nan;
    } else if (fpcr.ah && op2_nan && (op1_nan || op3_nan)) {
        chosen = 2, type = type_nan;
    } else if (fpcr.ah && op3_nan && op1_nan) {
        chosen = 3, type = type_nan;
    } else if (type1 == FPType_SNaN) {
        chosen = 1, type = type1;
    } else if (type2 == FPType_SNaN) {
        chosen = 2, type = type2;
    } else if (type3 == FPType_SNaN) {
        chosen = 3, type = type3;
    } else if (type1 == FPType_QNaN) {
        chosen = 1, type = type1;
    } else if (type2 == FPType_QNaN) {
        chosen = 2, type = type2;
    } else if (type3 == FPType_QNaN) {
        chosen = 3, type = type3;
    } else {
        return false;
    }
    if (chosen == 1) {
        *result = process_nan(r, f, type, op1, fpcr, fpexc);
    } else {
        *result = process_nan(r, factor, type, chosen == 2 ? op2 : op3, fpcr, fpexc);
        if (f != factor) {
            *result = convert_nan(factor, f, *result);
        }
    }
    return true;
}

/* FPAdd, FPSub, FPHalvedSub */
static uint64_t add_sub(Ref *r, const RefFormat *f, uint64_t op1, uint64_t op2, Fpcr fpcr, bool fpexc,
                        bool sub, bool halve)
{
    RefValue *v1 = &r->v[0], *v2 = &r->v[1];
    uint64_t result;

    unpack(r, f, op1, fpcr, fpexc, v1);
    unpack(r, f, op2, fpcr, fpexc, v2);
    if (process_nans(r, f, v1->type, v2->type, op1, op2, fpcr, fpexc, &result)) {
        return result;
    }

    bool inf1 = v1->type == FPType_Infinity, inf2 = v2->type == FPType_Infinity;
    bool zero1 = v1->type == FPType_Zero, zero2 = v2->type == FPType_Zero;
    bool sign1 = v1->sign, sign2 = v2->sign ^ sub;

    if (inf1 && inf2 && sign1 != sign2) {
        result = fp_default_nan(f, fpcr);
        process_exception(r, FLOAT_INVALID, fpexc);
    } else if ((inf1 && !sign1) || (inf2 && !sign2)) {
        result = fp_infinity(f, false);
    } else if ((inf1 && sign1) || (inf2 && sign2)) {
        result = fp_infinity(f, true);
    } else if (zero1 && zero2 && sign1 == sign2) {
        result = fp_zero(f, sign1);
    } else {
        exact((sub ? mpfr_sub : mpfr_add)(r->result, v1->real, v2->real, MPFR_RNDN));
        mpfr_div_2ui(r->result, r->result, halve, MPFR_RNDN);
        result = round_sum(r, f, r->result, fpcr, fpexc);
    }
    if (fpexc && !halve) {
        process_denorms(r, f, fpcr, v1->type, v2->type, FPType_Zero);
    }
    return result;
}

uint64_t ref_add(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return add_sub(r, f, a, b, r->fpcr, true, false, false);
}

uint64_t ref_sub(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return add_sub(r, f, a, b, r->fpcr, true, true, false);
}

/* FPMul, FPMulX */
static uint64_t mul(Ref *r, const RefFormat *f, uint64_t op1, uint64_t op2, bool extended)
{
    RefValue *v1 = &r->v[0], *v2 = &r->v[1];
    Fpcr fpcr = r->fpcr;
    uint64_t result;

    unpack(r, f, op1, fpcr, true, v1);
    unpack(r, f, op2, fpcr, true, v2);
    if (process_nans(r, f, v1->type, v2->type, op1, op2, fpcr, true, &result)) {
        return result;
    }

    bool inf1 = v1->type == FPType_Infinity, inf2 = v2->type == FPType_Infinity;
    bool zero1 = v1->type == FPType_Zero, zero2 = v2->type == FPType_Zero;
    bool sign = v1->sign ^ v2->sign;

    if ((inf1 && zero2) || (zero1 && inf2)) {
        if (extended) {
            result = fp_bits(f, sign, UINT64_C(1) << (f->e - 1), 0);
        } else {
            result = fp_default_nan(f, fpcr);
            process_exception(r, FLOAT_INVALID, true);
        }
    } else if (inf1 || inf2) {
        result = fp_infinity(f, sign);
    } else if (zero1 || zero2) {
        result = fp_zero(f, sign);
    } else {
        exact(mpfr_mul(r->result, v1->real, v2->real, MPFR_RNDN));
        result = round_real(r, f, r->result, fpcr, true);
    }
    process_denorms(r, f, fpcr, v1->type, v2->type, FPType_Zero);
    return result;
}

uint64_t ref_mul(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return mul(r, f, a, b, false);
}

uint64_t ref_mulx(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return mul(r, f, a, b, true);
}

/* A quotient or root was cut to QUOTIENT_BITS: put the result between its neighbours of that precision. */
static void set_inexact_result(Ref *r, int ternary)
{
    exact(mpfr_set(r->result, r->quotient, MPFR_RNDN));
    if (ternary != 0) {
        mpfr_set_ui_2exp(r->tmp, 1, mpfr_get_exp(r->quotient) - QUOTIENT_BITS - 8, MPFR_RNDN);
        mpfr_setsign(r->tmp, r->tmp, mpfr_signbit(r->quotient), MPFR_RNDN);
        exact(mpfr_add(r->result, r->result, r->tmp, MPFR_RNDN));
    }
}

uint64_t ref_div(Ref *r, const RefFormat *f, uint64_t op1, uint64_t op2)
{
    RefValue *v1 = &r->v[0], *v2 = &r->v[1];
    Fpcr fpcr = r->fpcr;
    uint64_t result;

    unpack(r, f, op1, fpcr, true, v1);
    unpack(r, f, op2, fpcr, true, v2);
    if (process_nans(r, f, v1->type, v2->type, op1, op2, fpcr, true, &result)) {
        return result;
    }

    bool inf1 = v1->type == FPType_Infinity, inf2 = v2->type == FPType_Infinity;
    bool zero1 = v1->type == FPType_Zero, zero2 = v2->type == FPType_Zero;
    bool sign = v1->sign ^ v2->sign;

    if ((inf1 && inf2) || (zero1 && zero2)) {
        result = fp_default_nan(f, fpcr);
        process_exception(r, FLOAT_INVALID, true);
    } else if (inf1 || zero2) {
        result = fp_infinity(f, sign);
        if (!inf1) {
            process_exception(r, FLOAT_DIVBYZERO, true);
        }
    } else if (zero1 || inf2) {
        result = fp_zero(f, sign);
    } else {
        set_inexact_result(r, mpfr_div(r->quotient, v1->real, v2->real, MPFR_RNDZ));
        result = round_real(r, f, r->result, fpcr, true);
    }
    if (!zero2) {
        process_denorms(r, f, fpcr, v1->type, v2->type, FPType_Zero);
    }
    return result;
}

uint64_t ref_sqrt(Ref *r, const RefFormat *f, uint64_t op)
{
    RefValue *v = &r->v[0];
    uint64_t result;

    unpack(r, f, op, r->fpcr, true, v);
    if (is_nan_type(v->type)) {
        result = process_nan(r, f, v->type, op, r->fpcr, true);
    } else if (v->type == FPType_Zero) {
        result = fp_zero(f, v->sign);
    } else if (v->type == FPType_Infinity && !v->sign) {
        result = fp_infinity(f, v->sign);
    } else if (v->sign) {
        result = fp_default_nan(f, r->fpcr);
        process_exception(r, FLOAT_INVALID, true);
    } else {
        set_inexact_result(r, mpfr_sqrt(r->quotient, v->real, MPFR_RNDZ));
        result = round_real(r, f, r->result, r->fpcr, true);
        process_denorms(r, f, r->fpcr, v->type, FPType_Zero, FPType_Zero);
    }
    return result;
}

/* FPMulAdd and FPMulAddH: op1 and op2 are of format factor; halved by the caller's wish. */
static uint64_t mul_add(Ref *r, const RefFormat *f, const RefFormat *factor, uint64_t addend, uint64_t op1,
                        uint64_t op2, Fpcr fpcr, bool fpexc, bool halve)
{
    RefValue *va = &r->v[0], *v1 = &r->v[1], *v2 = &r->v[2];
    uint64_t result = 0;

    unpack(r, f, addend, fpcr, fpexc, va);
    unpack(r, factor, op1, fpcr, fpexc, v1);
    unpack(r, factor, op2, fpcr, fpexc, v2);

    bool inf1 = v1->type == FPType_Infinity, inf2 = v2->type == FPType_Infinity;
    bool zero1 = v1->type == FPType_Zero, zero2 = v2->type == FPType_Zero;
    bool done = process_nans3(r, f, factor, va->type, v1->type, v2->type, addend, op1, op2, fpcr, fpexc,
                              &result);

    if (!fpcr.ah && va->type == FPType_QNaN && ((inf1 && zero2) || (zero1 && inf2))) {
        result = fp_default_nan(f, fpcr);
        process_exception(r, FLOAT_INVALID, fpexc);
    }
    if (done) {
        return result;
    }

    bool inf_a = va->type == FPType_Infinity, zero_a = va->type == FPType_Zero, sign_a = va->sign;
    bool sign_p = v1->sign ^ v2->sign, inf_p = inf1 || inf2, zero_p = zero1 || zero2;
    bool invalidop = (inf1 && zero2) || (zero1 && inf2) || (inf_a && inf_p && sign_a != sign_p);

    if (invalidop) {
        result = fp_default_nan(f, fpcr);
        process_exception(r, FLOAT_INVALID, fpexc);
    } else if ((inf_a && !sign_a) || (inf_p && !sign_p)) {
        result = fp_infinity(f, false);
    } else if ((inf_a && sign_a) || (inf_p && sign_p)) {
        result = fp_infinity(f, true);
    } else if (zero_a && zero_p && sign_a == sign_p) {
        result = fp_zero(f, sign_a);
    } else {
        exact(mpfr_mul(r->result, v1->real, v2->real, MPFR_RNDN));
        exact(mpfr_add(r->result, r->result, va->real, MPFR_RNDN));
        mpfr_div_2ui(r->result, r->result, halve, MPFR_RNDN);
        result = round_sum(r, f, r->result, fpcr, fpexc);
    }
    if (!invalidop && fpexc) {
        bool same = f == factor;

        process_denorms(r, f, fpcr, va->type, same ? v1->type : FPType_Zero, same ? v2->type : FPType_Zero);
    }
    return result;
}

uint64_t ref_muladd(Ref *r, const RefFormat *f, uint64_t a, uint64_t b, uint64_t c, unsigned mods)
{
    a = mods & FLOAT_NEG_PRODUCT ? fp_neg(f, a, r->fpcr) : a;
    c = mods & FLOAT_NEG_ADDEND ? fp_neg(f, c, r->fpcr) : c;
    return mul_add(r, f, f, c, a, b, r->fpcr, true, mods & FLOAT_HALVE);
}

uint64_t ref_muladd_h(Ref *r, uint64_t a, uint64_t b, uint64_t c, unsigned mods)
{
    a = mods & FLOAT_NEG_PRODUCT ? fp_neg(&ref_f16, a, r->fpcr) : a;
    c = mods & FLOAT_NEG_ADDEND ? fp_neg(&ref_f32, c, r->fpcr) : c;
    return mul_add(r, &ref_f32, &ref_f16, c, a, b, r->fpcr, true, mods & FLOAT_HALVE);
}

uint64_t ref_bf_muladd_h(Ref *r, uint64_t a, uint64_t b, uint64_t c, unsigned mods)
{
    Fpcr fpcr = r->fpcr;

    if (fpcr.ah) {
        fpcr.fiz = fpcr.fz = true;
        fpcr.round = FLOAT_ROUND_TIE_EVEN;
    }
    a = mods & FLOAT_NEG_PRODUCT ? fp_neg(&ref_bf16, a, fpcr) : a;
    c = mods & FLOAT_NEG_ADDEND ? fp_neg(&ref_f32, c, fpcr) : c;
    return mul_add(r, &ref_f32, &ref_f32, c, a << 16, b << 16, fpcr, !fpcr.ah, mods & FLOAT_HALVE);
}

/* The exponent that GetOptimizedScale keeps within bounds needs none here. */
uint64_t ref_scale(Ref *r, const RefFormat *f, uint64_t op, int64_t scale)
{
    RefValue *v = &r->v[0];
    uint64_t result;

    unpack(r, f, op, r->fpcr, true, v);
    if (is_nan_type(v->type)) {
        result = process_nan(r, f, v->type, op, r->fpcr, true);
    } else if (v->type == FPType_Zero) {
        result = fp_zero(f, v->sign);
    } else if (v->type == FPType_Infinity) {
        result = fp_infinity(f, v->sign);
    } else {
        exact(mpfr_mul_2si(r->result, v->real, CLAMP(scale, -1000000, 1000000), MPFR_RNDN));
        result = round_real(r, f, r->result, r->fpcr, true);
        process_denorms(r, f, r->fpcr, v->type, FPType_Zero, FPType_Zero);
    }
    return result;
}

int64_t ref_logb(Ref *r, const RefFormat *f, uint64_t op)
{
    RefValue *v = &r->v[0];

    unpack(r, f, op, r->fpcr, true, v);
    if (is_nan_type(v->type) || v->type == FPType_Zero) {
        process_exception(r, FLOAT_INVALID, true);
        return -(int64_t)ones(f->n - 1) - 1;
    }
    if (v->type == FPType_Infinity) {
        return ones(f->n - 1);
    }
    process_denorms(r, f, r->fpcr, v->type, FPType_Zero, FPType_Zero);
    return mpfr_get_exp(v->real) - 1;
}

static FloatRel compare(Ref *r, const RefFormat *f, uint64_t op1, uint64_t op2, bool signal_nans)
{
    RefValue *v1 = &r->v[0], *v2 = &r->v[1];

    unpack(r, f, op1, r->fpcr, true, v1);
    unpack(r, f, op2, r->fpcr, true, v2);
    if (is_nan_type(v1->type) || is_nan_type(v2->type)) {
        if (v1->type == FPType_SNaN || v2->type == FPType_SNaN || signal_nans) {
            process_exception(r, FLOAT_INVALID, true);
        }
        return FLOAT_UNORDERED;
    }
    process_denorms(r, f, r->fpcr, v1->type, v2->type, FPType_Zero);
    if (mpfr_equal_p(v1->real, v2->real)) {
        return FLOAT_EQUAL;
    }
    return mpfr_less_p(v1->real, v2->real) ? FLOAT_LESS : FLOAT_GREATER;
}

FloatRel ref_compare(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return compare(r, f, a, b, false);
}

FloatRel ref_compare_signal(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return compare(r, f, a, b, true);
}

/* FPMax and FPMin */
static uint64_t max_min(Ref *r, const RefFormat *f, uint64_t op1, uint64_t op2, bool max, bool altfp)
{
    RefValue *v1 = &r->v[0], *v2 = &r->v[1];
    Fpcr fpcr = r->fpcr;
    uint64_t result;

    unpack(r, f, op1, fpcr, true, v1);
    unpack(r, f, op2, fpcr, true, v2);
    if (altfp && v1->type == FPType_Zero && v2->type == FPType_Zero && v1->sign != v2->sign) {
        return fp_zero(f, v2->sign);
    } else if (altfp && (is_nan_type(v1->type) || is_nan_type(v2->type))) {
        process_exception(r, FLOAT_INVALID, true);
        return v2->type == FPType_Zero ? fp_zero(f, v2->sign) : op2;
    }
    if (process_nans(r, f, v1->type, v2->type, op1, op2, fpcr, true, &result)) {
        return result;
    }

    bool first = max ? mpfr_greater_p(v1->real, v2->real) : mpfr_less_p(v1->real, v2->real);
    RefValue *v = first ? v1 : v2;

    if (v->type == FPType_Infinity) {
        result = fp_infinity(f, v->sign);
    } else if (v->type == FPType_Zero) {
        result = fp_zero(f, max ? v1->sign && v2->sign : v1->sign || v2->sign);
    } else {
        if (altfp) {
            fpcr.fz = fpcr.fz16 = false;
        }
        result = round_real(r, f, v->real, fpcr, true);
    }
    process_denorms(r, f, fpcr, v1->type, v2->type, FPType_Zero);
    return result;
}

uint64_t ref_min(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return max_min(r, f, a, b, false, r->fpcr.ah);
}

uint64_t ref_max(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return max_min(r, f, a, b, true, r->fpcr.ah);
}

/* FPMaxNum and FPMinNum */
static uint64_t max_min_num(Ref *r, const RefFormat *f, uint64_t op1, uint64_t op2, bool max)
{
    unpack(r, f, op1, r->fpcr, true, &r->v[0]);
    unpack(r, f, op2, r->fpcr, true, &r->v[1]);

    FPType type1 = r->v[0].type, type2 = r->v[1].type;

    if (!(r->fpcr.ah && is_nan_type(type1) && is_nan_type(type2))) {
        if (type1 == FPType_QNaN && type2 != FPType_QNaN) {
            op1 = fp_infinity(f, max);
        } else if (type1 != FPType_QNaN && type2 == FPType_QNaN) {
            op2 = fp_infinity(f, max);
        }
    }
    return max_min(r, f, op1, op2, max, false);
}

uint64_t ref_minnum(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return max_min_num(r, f, a, b, false);
}

uint64_t ref_maxnum(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return max_min_num(r, f, a, b, true);
}

/* Not Arm's: IEEE 754-2019, 9.6. A lone NaN gives way, a signalling one after raising invalid. */
static uint64_t max_min_number(Ref *r, const RefFormat *f, uint64_t op1, uint64_t op2, bool max)
{
    unpack(r, f, op1, r->fpcr, true, &r->v[0]);
    unpack(r, f, op2, r->fpcr, true, &r->v[1]);

    FPType type1 = r->v[0].type, type2 = r->v[1].type;

    if (is_nan_type(type1) != is_nan_type(type2)) {
        if (type1 == FPType_SNaN || type2 == FPType_SNaN) {
            process_exception(r, FLOAT_INVALID, true);
        }
        op1 = op2 = is_nan_type(type1) ? op2 : op1;
    }
    return max_min(r, f, op1, op2, max, false);
}

uint64_t ref_minimum_number(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return max_min_number(r, f, a, b, false);
}

uint64_t ref_maximum_number(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return max_min_number(r, f, a, b, true);
}

/* int_result = value rounded, left in r->result; true if that changed it. */
static bool round_to_int(Ref *r, mpfr_t value, FloatRound rounding)
{
    mpfr_floor(r->result, value);
    exact(mpfr_sub(r->error, value, r->result, MPFR_RNDN));
    mpfr_div_2ui(r->tmp, r->result, 1, MPFR_RNDN);

    int half = mpfr_cmp_d(r->error, 0.5);
    bool odd = !mpfr_integer_p(r->tmp), error = !mpfr_zero_p(r->error), negative = mpfr_sgn(r->result) < 0;
    bool round_up = false;

    switch (rounding) {
    case FLOAT_ROUND_TIE_EVEN: round_up = half > 0 || (half == 0 && odd); break;
    case FLOAT_ROUND_UP:       round_up = error; break;
    case FLOAT_ROUND_DOWN:     round_up = false; break;
    case FLOAT_ROUND_ZERO:     round_up = error && negative; break;
    case FLOAT_ROUND_TIE_AWAY: round_up = half > 0 || (half == 0 && !negative); break;
    case FLOAT_ROUND_ODD:      g_assert_not_reached();
    }
    exact(mpfr_add_ui(r->result, r->result, round_up, MPFR_RNDN));
    return error;
}

static uint64_t round_integral(Ref *r, const RefFormat *f, bool sign)
{
    Fpcr fpcr = r->fpcr;

    if (mpfr_zero_p(r->result)) {
        return fp_zero(f, sign);
    }
    fpcr.round = FLOAT_ROUND_ZERO;
    mpfr_set(r->v[3].real, r->result, MPFR_RNDN);
    return round_real(r, f, r->v[3].real, fpcr, true);
}

uint64_t ref_round_int(Ref *r, const RefFormat *f, uint64_t op, FloatRound rounding, bool inexact)
{
    RefValue *v = &r->v[0];
    uint64_t result;

    unpack(r, f, op, r->fpcr, !r->fpcr.ah, v);
    if (is_nan_type(v->type)) {
        result = process_nan(r, f, v->type, op, r->fpcr, true);
    } else if (v->type == FPType_Infinity) {
        result = fp_infinity(f, v->sign);
    } else if (v->type == FPType_Zero) {
        result = fp_zero(f, v->sign);
    } else {
        bool error = round_to_int(r, v->real, rounding);

        result = round_integral(r, f, v->sign);
        if (error && inexact) {
            process_exception(r, FLOAT_INEXACT, true);
        }
    }
    return result;
}

uint64_t ref_round_intn(Ref *r, const RefFormat *f, uint64_t op, FloatRound rounding, int intsize)
{
    RefValue *v = &r->v[0];
    uint64_t too_big = fp_bits(f, true, (f->n == 32 ? 126 : 1022) + intsize, 0);

    unpack(r, f, op, r->fpcr, !r->fpcr.ah, v);
    if (is_nan_type(v->type) || v->type == FPType_Infinity) {
        process_exception(r, FLOAT_INVALID, true);
        return too_big;
    } else if (v->type == FPType_Zero) {
        return fp_zero(f, v->sign);
    }

    bool error = round_to_int(r, v->real, rounding);
    bool overflow = mpfr_cmp_ui_2exp(r->result, 1, intsize - 1) >= 0
                    || mpfr_cmp_si_2exp(r->result, -1, intsize - 1) < 0;

    if (overflow) {
        process_exception(r, FLOAT_INVALID, true);
        return too_big;
    }
    if (error) {
        process_exception(r, FLOAT_INEXACT, true);
    }
    return round_integral(r, f, v->sign);
}

/* FPToFixed; the result's low m bits count */
int64_t ref_to_int(Ref *r, const RefFormat *f, uint64_t op, int fbits, FloatRound rounding, int m,
                   bool is_unsigned)
{
    RefValue *v = &r->v[0];

    unpack(r, f, op, r->fpcr, !r->fpcr.ah, v);
    if (is_nan_type(v->type)) {
        process_exception(r, FLOAT_INVALID, true);
    }
    mpfr_mul_2si(v->real, v->real, fbits, MPFR_RNDN);

    bool error = round_to_int(r, v->real, rounding);

    /* SatQ */
    if (mpfr_cmp_ui_2exp(r->result, 1, is_unsigned ? m : m - 1) >= 0) {
        process_exception(r, FLOAT_INVALID, true);
        return ones(is_unsigned ? m : m - 1);
    }
    if (is_unsigned ? mpfr_sgn(r->result) < 0 : mpfr_cmp_si_2exp(r->result, -1, m - 1) < 0) {
        process_exception(r, FLOAT_INVALID, true);
        return is_unsigned ? 0 : -(int64_t)ones(m - 1) - 1;
    }
    if (error) {
        process_exception(r, FLOAT_INEXACT, true);
    }
    return is_unsigned ? (int64_t)mpfr_get_ui(r->result, MPFR_RNDN) : mpfr_get_si(r->result, MPFR_RNDN);
}

/* FixedToFP of the integer in v[3] */
static uint64_t fixed_to_fp(Ref *r, const RefFormat *f, int fbits)
{
    if (mpfr_zero_p(r->v[3].real)) {
        return fp_zero(f, false);
    }
    mpfr_mul_2si(r->v[3].real, r->v[3].real, -fbits, MPFR_RNDN);
    return round_real(r, f, r->v[3].real, r->fpcr, true);
}

uint64_t ref_from_i64(Ref *r, const RefFormat *f, int64_t v, int fbits)
{
    mpfr_set_si(r->v[3].real, v, MPFR_RNDN);
    return fixed_to_fp(r, f, fbits);
}

uint64_t ref_from_u64(Ref *r, const RefFormat *f, uint64_t v, int fbits)
{
    mpfr_set_ui(r->v[3].real, v, MPFR_RNDN);
    return fixed_to_fp(r, f, fbits);
}

/* FPToFixedJS */
int32_t ref_to_fixed_js(Ref *r, uint64_t op, bool *ret_z)
{
    RefValue *v = &r->v[0];
    bool z = true;
    int64_t low;

    unpack(r, &ref_f64, op, r->fpcr, !r->fpcr.ah, v);
    if (is_nan_type(v->type)) {
        process_exception(r, FLOAT_INVALID, true);
        z = false;
    }

    bool error = round_to_int(r, v->real, FLOAT_ROUND_ZERO);
    bool zero = mpfr_zero_p(v->real);

    /* int_result minus 2^32 times its quotient by 2^32 rounded toward zero */
    mpfr_div_2ui(r->tmp, r->result, 32, MPFR_RNDN);
    mpfr_trunc(r->tmp, r->tmp);
    mpfr_mul_2ui(r->tmp, r->tmp, 32, MPFR_RNDN);
    exact(mpfr_sub(r->tmp, r->result, r->tmp, MPFR_RNDN));
    low = mpfr_get_si(r->tmp, MPFR_RNDN);
    if (mpfr_cmp_si_2exp(r->result, -1, 31) < 0 || mpfr_cmp_ui_2exp(r->result, 1, 31) >= 0) {
        process_exception(r, FLOAT_INVALID, true);
        z = false;
    } else if (error) {
        process_exception(r, FLOAT_INEXACT, true);
        z = false;
    } else if (v->sign && zero) {
        z = false;
    } else if (!v->sign && zero && (op & ones(52)) != 0) {
        z = false;
    }
    *ret_z = z;
    return v->type == FPType_Infinity ? 0 : low;
}

/* FPConvert, with FPUnpackCV and FPRoundCV */
uint64_t ref_convert(Ref *r, const RefFormat *from, const RefFormat *to, uint64_t op)
{
    RefValue *v = &r->v[0];
    Fpcr fpcr = r->fpcr;
    bool alt_hp = to->half && fpcr.ahp;
    uint64_t result;

    fpcr.fz16 = false;
    unpack_base(r, from, op, fpcr, true, v);
    if (is_nan_type(v->type)) {
        if (alt_hp) {
            result = fp_zero(to, v->sign);
        } else if (fpcr.dn) {
            result = fp_default_nan(to, fpcr);
        } else {
            result = convert_nan(from, to, op);
        }
        if (v->type == FPType_SNaN || alt_hp) {
            process_exception(r, FLOAT_INVALID, true);
        }
    } else if (v->type == FPType_Infinity) {
        if (alt_hp) {
            result = fp_bits(to, v->sign, ones(to->e), ones(to->f));
            process_exception(r, FLOAT_INVALID, true);
        } else {
            result = fp_infinity(to, v->sign);
        }
    } else if (v->type == FPType_Zero) {
        result = fp_zero(to, v->sign);
    } else {
        result = round_base(r, to, v->real, fpcr, fpcr.round, true);
        process_denorms(r, from, fpcr, v->type, FPType_Zero, FPType_Zero);
    }
    return result;
}

/* FPConvertBF */
uint64_t ref_convert_bf(Ref *r, uint64_t op)
{
    RefValue *v = &r->v[0];
    Fpcr fpcr = r->fpcr;
    bool fpexc = !fpcr.ah;
    uint64_t result;

    if (fpcr.ah) {
        fpcr.fiz = fpcr.fz = true;
        fpcr.round = FLOAT_ROUND_TIE_EVEN;
    }
    unpack(r, &ref_f32, op, fpcr, fpexc, v);
    if (is_nan_type(v->type)) {
        result = fpcr.dn ? fp_default_nan(&ref_bf16, fpcr) : convert_nan(&ref_f32, &ref_bf16, op);
        if (v->type == FPType_SNaN) {
            process_exception(r, FLOAT_INVALID, fpexc);
        }
    } else if (v->type == FPType_Infinity) {
        result = fp_infinity(&ref_bf16, v->sign);
    } else if (v->type == FPType_Zero) {
        result = fp_zero(&ref_bf16, v->sign);
    } else {
        result = round_base(r, &ref_bf16, v->real, fpcr, fpcr.round, fpexc);
    }
    return result;
}

/* RecipEstimate */
static unsigned recip_estimate(unsigned a, bool increasedprecision)
{
    if (!increasedprecision) {
        unsigned b = (1 << 19) / (a * 2 + 1);

        return (b + 1) / 2;
    }

    double real = 0x1p25 / (a * 2 + 1), floored = floor(real);

    return floored + (real - floored > 0.5);
}

/* RecipSqrtEstimate */
static unsigned rsqrt_estimate(unsigned a, bool increasedprecision)
{
    if (!increasedprecision) {
        uint64_t b = 512;

        a = a < 256 ? a * 2 + 1 : (((a >> 1) << 1) + 1) * 2;
        while (a * (b + 1) * (b + 1) < UINT64_C(1) << 28) {
            b++;
        }
        return (b + 1) / 2;
    }

    /*
     * The exact root and its reciprocal are nowhere near a tie of 53 bits, so that long double decides as
     * reals do.
     */
    long double real = a < 2048 ? (a * 2 + 1) / 2.0L : ((a >> 1) << 1) + 1;
    long double root = sqrtl(real) * 0x1p47L, whole = floorl(root);

    whole += root - whole > 0.5L;
    real = 0x1p65L / whole;
    return floorl(real) + (real - floorl(real) > 0.5L);
}

uint32_t ref_unsigned_recip_estimate(uint32_t a)
{
    return a >> 31 == 0 ? UINT32_MAX : recip_estimate(a >> 23, false) << 23;
}

uint32_t ref_unsigned_rsqrt_estimate(uint32_t a)
{
    return a >> 30 == 0 ? UINT32_MAX : rsqrt_estimate(a >> 23, false) << 23;
}

/* FPRecipEstimate */
uint64_t ref_recip_estimate(Ref *r, const RefFormat *f, uint64_t operand)
{
    RefValue *v = &r->v[0];
    Fpcr fpcr = r->fpcr;
    bool fpexc = !fpcr.ah;
    int lowest = f->n == 16 ? -16 : f->n == 32 ? -128 : -1024;
    int highest = f->n == 16 ? 14 : f->n == 32 ? 126 : 1022;

    if (fpcr.ah) {
        fpcr.fiz = fpcr.fz = true;
        fpcr.round = FLOAT_ROUND_TIE_EVEN;
    }
    unpack(r, f, operand, fpcr, fpexc, v);
    if (is_nan_type(v->type)) {
        return process_nan(r, f, v->type, operand, fpcr, fpexc);
    } else if (v->type == FPType_Infinity) {
        return fp_zero(f, v->sign);
    } else if (v->type == FPType_Zero) {
        process_exception(r, FLOAT_DIVBYZERO, fpexc);
        return fp_infinity(f, v->sign);
    }
    mpfr_abs(r->tmp, v->real, MPFR_RNDN);
    if (mpfr_cmp_ui_2exp(r->tmp, 1, lowest) < 0) {
        process_exception(r, FLOAT_OVERFLOW | FLOAT_INEXACT, fpexc);
        return decide_overflow_to_inf(fpcr.round, v->sign) ? fp_infinity(f, v->sign)
                                                           : fp_max_normal(f, v->sign);
    } else if (flush_bit(f, fpcr) && mpfr_cmp_ui_2exp(r->tmp, 1, highest) >= 0) {
        process_exception(r, FLOAT_UNDERFLOW, fpexc);
        return fp_zero(f, v->sign);
    }

    uint64_t fraction = (operand & ones(f->f)) << (52 - f->f);
    int exp = operand >> f->f & ones(f->e);

    if (exp == 0) {
        if (!(fraction >> 51)) {
            exp = -1;
            fraction = (fraction & ones(50)) << 2;
        } else {
            fraction = (fraction & ones(51)) << 1;
        }
    }

    bool increased = f->n == 32 && fpcr.rpres && fpcr.ah;
    unsigned scaled = increased ? 2048 | fraction >> 41 : 256 | fraction >> 44;
    int result_exp = (f->n == 16 ? 29 : f->n == 32 ? 253 : 2045) - exp;
    unsigned estimate = recip_estimate(scaled, increased);

    fraction = increased ? (uint64_t)(estimate & 4095) << 40 : (uint64_t)(estimate & 255) << 44;
    if (result_exp == 0) {
        fraction = UINT64_C(1) << 51 | fraction >> 1;
    } else if (result_exp == -1) {
        fraction = UINT64_C(1) << 50 | fraction >> 2;
        result_exp = 0;
    }
    return fp_bits(f, v->sign, result_exp, fraction >> (52 - f->f));
}

/* FPRSqrtEstimate */
uint64_t ref_rsqrt_estimate(Ref *r, const RefFormat *f, uint64_t operand)
{
    RefValue *v = &r->v[0];
    Fpcr fpcr = r->fpcr;
    bool fpexc = !fpcr.ah;

    if (fpcr.ah) {
        fpcr.fiz = fpcr.fz = true;
    }
    unpack(r, f, operand, fpcr, fpexc, v);
    if (is_nan_type(v->type)) {
        return process_nan(r, f, v->type, operand, fpcr, fpexc);
    } else if (v->type == FPType_Zero) {
        process_exception(r, FLOAT_DIVBYZERO, fpexc);
        return fp_infinity(f, v->sign);
    } else if (v->sign) {
        process_exception(r, FLOAT_INVALID, fpexc);
        return fp_default_nan(f, fpcr);
    } else if (v->type == FPType_Infinity) {
        return fp_zero(f, false);
    }

    uint64_t fraction = (operand & ones(f->f)) << (52 - f->f);
    int exp = operand >> f->f & ones(f->e);

    if (exp == 0) {
        while (!(fraction >> 51)) {
            fraction = (fraction & ones(51)) << 1;
            exp--;
        }
        fraction = (fraction & ones(51)) << 1;
    }

    bool increased = f->n == 32 && fpcr.rpres && fpcr.ah;
    unsigned scaled = increased ? (exp & 1 ? 1024 | fraction >> 42 : 2048 | fraction >> 41)
                                : (exp & 1 ? 128 | fraction >> 45 : 256 | fraction >> 44);
    int result_exp = ((f->n == 16 ? 44 : f->n == 32 ? 380 : 3068) - exp) / 2;
    unsigned estimate = rsqrt_estimate(scaled, increased);
    uint64_t frac = increased ? (uint64_t)(estimate & 4095) << 11 : (uint64_t)(estimate & 255) << (f->f - 8);

    return fp_bits(f, false, result_exp, frac);
}

/* FPRecpX */
uint64_t ref_recip_exponent(Ref *r, const RefFormat *f, uint64_t op)
{
    RefValue *v = &r->v[0];
    Fpcr fpcr = r->fpcr;
    uint64_t exp = op >> f->f & ones(f->e);

    if (fpcr.ah) {
        fpcr.fiz = fpcr.fz = true;
    }
    unpack(r, f, op, fpcr, !fpcr.ah, v);
    if (is_nan_type(v->type)) {
        return process_nan(r, f, v->type, op, fpcr, !fpcr.ah);
    }
    return fp_bits(f, v->sign, exp == 0 ? ones(f->e) - 1 : ~exp, 0);
}

/* FPRecipStepFused and FPRSqrtStepFused */
static uint64_t step_fused(Ref *r, const RefFormat *f, uint64_t op1, uint64_t op2, bool rsqrt)
{
    RefValue *v1 = &r->v[0], *v2 = &r->v[1];
    Fpcr fpcr = r->fpcr;
    bool fpexc = !fpcr.ah;
    uint64_t result;

    op1 = fp_neg(f, op1, fpcr);
    if (fpcr.ah) {
        fpcr.fiz = fpcr.fz = true;
        fpcr.round = FLOAT_ROUND_TIE_EVEN;
    }
    unpack(r, f, op1, fpcr, fpexc, v1);
    unpack(r, f, op2, fpcr, fpexc, v2);
    if (process_nans(r, f, v1->type, v2->type, op1, op2, fpcr, fpexc, &result)) {
        return result;
    }

    bool inf1 = v1->type == FPType_Infinity, inf2 = v2->type == FPType_Infinity;
    bool zero1 = v1->type == FPType_Zero, zero2 = v2->type == FPType_Zero;

    if ((inf1 && zero2) || (zero1 && inf2)) {
        return rsqrt ? fp_bits(f, false, ones(f->e - 1), UINT64_C(1) << (f->f - 1))         /* 1.5 */
                     : fp_bits(f, false, UINT64_C(1) << (f->e - 1), 0);                     /* 2.0 */
    } else if (inf1 || inf2) {
        return fp_infinity(f, v1->sign ^ v2->sign);
    }
    exact(mpfr_mul(r->result, v1->real, v2->real, MPFR_RNDN));
    exact(mpfr_add_ui(r->result, r->result, rsqrt ? 3 : 2, MPFR_RNDN));
    mpfr_div_2ui(r->result, r->result, rsqrt, MPFR_RNDN);
    return round_sum(r, f, r->result, fpcr, fpexc);
}

uint64_t ref_recip_step(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return step_fused(r, f, a, b, false);
}

uint64_t ref_rsqrt_step(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return step_fused(r, f, a, b, true);
}

/* FPRecipStep and FPRSqrtStep of AArch32 */
static uint64_t step_chained(Ref *r, const RefFormat *f, uint64_t op1, uint64_t op2, bool rsqrt)
{
    RefValue *v1 = &r->v[0], *v2 = &r->v[1];
    uint64_t two = fp_bits(f, false, UINT64_C(1) << (f->e - 1), 0);
    uint64_t three = fp_bits(f, false, UINT64_C(1) << (f->e - 1), UINT64_C(1) << (f->f - 1));
    uint64_t result, product;

    unpack(r, f, op1, r->fpcr, true, v1);
    unpack(r, f, op2, r->fpcr, true, v2);
    if (process_nans(r, f, v1->type, v2->type, op1, op2, r->fpcr, true, &result)) {
        return result;
    }

    bool inf1 = v1->type == FPType_Infinity, inf2 = v2->type == FPType_Infinity;
    bool zero1 = v1->type == FPType_Zero, zero2 = v2->type == FPType_Zero;

    product = (inf1 && zero2) || (zero1 && inf2) ? fp_zero(f, false) : ref_mul(r, f, op1, op2);
    return add_sub(r, f, rsqrt ? three : two, product, r->fpcr, true, true, rsqrt);
}

uint64_t ref_recip_step_chained(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return step_chained(r, f, a, b, false);
}

uint64_t ref_rsqrt_step_chained(Ref *r, const RefFormat *f, uint64_t a, uint64_t b)
{
    return step_chained(r, f, a, b, true);
}

/* FPDot: op1[0] * op2[0] + op1[1] * op2[1] */
static uint64_t dot(Ref *r, const RefFormat *f, const uint16_t *op1, const uint16_t *op2, Fpcr fpcr,
                    bool fpexc)
{
    RefValue *v = r->v;                                 /* 1_a, 1_b, 2_a, 2_b */
    const uint16_t ops[4] = { op1[0], op1[1], op2[0], op2[1] };

    fpcr.ahp = false;
    for (int i = 0; i < 4; i++) {
        unpack_base(r, f, ops[i], fpcr, fpexc, &v[i]);
    }
    for (FPType type = FPType_SNaN; type >= FPType_QNaN; type--) {      /* FPProcessNaNs4 */
        for (int i = 0; i < 4; i++) {
            if (v[i].type == type) {
                return convert_nan(f, &ref_f32, process_nan(r, f, type, ops[i], fpcr, fpexc));
            }
        }
    }

    bool inf_p[2], zero_p[2], sign_p[2], invalidop = false;

    for (int i = 0; i < 2; i++) {
        bool inf1 = v[i].type == FPType_Infinity, inf2 = v[i + 2].type == FPType_Infinity;
        bool zero1 = v[i].type == FPType_Zero, zero2 = v[i + 2].type == FPType_Zero;

        inf_p[i] = inf1 || inf2;
        zero_p[i] = zero1 || zero2;
        sign_p[i] = v[i].sign ^ v[i + 2].sign;
        invalidop |= (inf1 && zero2) || (zero1 && inf2);
    }
    invalidop |= inf_p[0] && inf_p[1] && sign_p[0] != sign_p[1];
    if (invalidop) {
        process_exception(r, FLOAT_INVALID, fpexc);
        return fp_default_nan(&ref_f32, fpcr);
    } else if ((inf_p[0] && !sign_p[0]) || (inf_p[1] && !sign_p[1])) {
        return fp_infinity(&ref_f32, false);
    } else if (inf_p[0] || inf_p[1]) {
        return fp_infinity(&ref_f32, true);
    } else if (zero_p[0] && zero_p[1] && sign_p[0] == sign_p[1]) {
        return fp_zero(&ref_f32, sign_p[0]);
    }
    exact(mpfr_fmma(r->result, v[0].real, v[2].real, v[1].real, v[3].real, MPFR_RNDN));
    return round_sum(r, &ref_f32, r->result, fpcr, fpexc);
}

uint64_t ref_dot_add(Ref *r, uint64_t c, const uint16_t *op1, const uint16_t *op2)
{
    uint64_t prod = dot(r, &ref_f16, op1, op2, r->fpcr, true);

    return add_sub(r, &ref_f32, c, prod, r->fpcr, true, false, false);
}

/* BFRound */
static uint64_t bf_round(Ref *r, mpfr_t op)
{
    bool sign = mpfr_sgn(op) < 0;
    int exponent = mpfr_get_exp(op) - 1;
    int biased_exp = exponent + 127;

    if (exponent < -126) {
        return fp_zero(&ref_f32, sign);
    }
    mpfr_abs(r->mantissa, op, MPFR_RNDN);
    mpfr_mul_2si(r->mantissa, r->mantissa, 23 - exponent, MPFR_RNDN);

    uint64_t int_mant = mpfr_get_ui(r->mantissa, MPFR_RNDD);

    if (mpfr_cmp_ui(r->mantissa, int_mant) != 0) {
        int_mant |= 1;
    }
    return biased_exp >= 255 ? fp_infinity(&ref_f32, sign)
                             : fp_bits(&ref_f32, sign, biased_exp, int_mant & ones(23));
}

/* BFUnpack; BFMulH widens its operands first, which changes nothing */
static void bf_unpack(uint32_t op, RefValue *v)
{
    uint64_t exp = op >> 23 & 255;

    v->sign = op >> 31;
    mpfr_set_ui(v->real, 0, MPFR_RNDN);
    if (exp == 0) {
        v->type = FPType_Zero;
    } else if (exp == 255) {
        v->type = op & ones(23) ? FPType_QNaN : FPType_Infinity;
    } else {
        v->type = FPType_Nonzero;
        mpfr_set_si_2exp(v->real, (op & ones(23)) + (1 << 23), (int)exp - 150, MPFR_RNDN);
        mpfr_setsign(v->real, v->real, v->sign, MPFR_RNDN);
    }
}

/* BFMulH and FPAdd_BF16 */
static uint64_t bf_step(Ref *r, uint32_t op1, uint32_t op2, bool add)
{
    RefValue *v1 = &r->v[0], *v2 = &r->v[1];

    bf_unpack(op1, v1);
    bf_unpack(op2, v2);
    if (is_nan_type(v1->type) || is_nan_type(v2->type)) {
        return fp_default_nan(&ref_f32, r->fpcr);
    }

    bool inf1 = v1->type == FPType_Infinity, inf2 = v2->type == FPType_Infinity;
    bool zero1 = v1->type == FPType_Zero, zero2 = v2->type == FPType_Zero;

    if (add) {
        if (inf1 && inf2 && v1->sign != v2->sign) {
            return fp_default_nan(&ref_f32, r->fpcr);
        } else if (inf1 || inf2) {
            return fp_infinity(&ref_f32, inf1 ? v1->sign : v2->sign);
        } else if (zero1 && zero2 && v1->sign == v2->sign) {
            return fp_zero(&ref_f32, v1->sign);
        }
        exact(mpfr_add(r->result, v1->real, v2->real, MPFR_RNDN));
        return mpfr_zero_p(r->result) ? fp_zero(&ref_f32, false) : bf_round(r, r->result);
    }
    if ((inf1 && zero2) || (zero1 && inf2)) {
        return fp_default_nan(&ref_f32, r->fpcr);
    } else if (inf1 || inf2) {
        return fp_infinity(&ref_f32, v1->sign ^ v2->sign);
    } else if (zero1 || zero2) {
        return fp_zero(&ref_f32, v1->sign ^ v2->sign);
    }
    exact(mpfr_mul(r->result, v1->real, v2->real, MPFR_RNDN));
    return bf_round(r, r->result);
}

/* BFDotAdd */
uint64_t ref_bf_dot_add(Ref *r, uint64_t c, const uint16_t *op1, const uint16_t *op2, bool ebf)
{
    Fpcr fpcr = r->fpcr;

    if (!ebf) {
        uint64_t p = bf_step(r, (uint32_t)op1[0] << 16, (uint32_t)op2[0] << 16, false);
        uint64_t q = bf_step(r, (uint32_t)op1[1] << 16, (uint32_t)op2[1] << 16, false);

        return bf_step(r, c, bf_step(r, p, q, true), true);
    }
    fpcr.dn = true;

    uint64_t prod = dot(r, &ref_bf16, op1, op2, fpcr, false);

    return add_sub(r, &ref_f32, c, prod, fpcr, false, false, false);
}
