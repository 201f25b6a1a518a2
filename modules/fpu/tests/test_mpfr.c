/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The arithmetic of each format against MPFR's own rounding: the format's precision and exponent range are
 * set in MPFR, which rounds the operation, denormals included (mpfr_subnormalize), and tells by its ternary
 * value whether it was inexact. Tininess, before and after rounding, is found from two roundings in an
 * unbounded range. For numbers only; NaNs and infinities belong to test_rules.c. Argument: [--times N], N
 * times as many operands.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include <mpfr.h>
#include "modules/fpu/fpu_int.h"
#include "modules/fpu/tests/operands_int.h"

enum { NUM_RANDOM = 8000 };

typedef uint64_t DoFn(const uint64_t *v, FloatStatus *s);

#define DO(f)                                                                                           \
    static uint64_t f##_do_add(const uint64_t *v, FloatStatus *s) { return f##_add(v[0], v[1], s); }    \
    static uint64_t f##_do_sub(const uint64_t *v, FloatStatus *s) { return f##_sub(v[0], v[1], s); }    \
    static uint64_t f##_do_mul(const uint64_t *v, FloatStatus *s) { return f##_mul(v[0], v[1], s); }    \
    static uint64_t f##_do_div(const uint64_t *v, FloatStatus *s) { return f##_div(v[0], v[1], s); }    \
    static uint64_t f##_do_sqrt(const uint64_t *v, FloatStatus *s) { return f##_sqrt(v[0], s); }        \
    static uint64_t f##_do_muladd(const uint64_t *v, FloatStatus *s)                                    \
    {                                                                                                   \
        return f##_muladd(v[0], v[1], v[2], 0, s);                                                      \
    }
DO(f16) DO(bf16) DO(f32) DO(f64)

typedef struct Operation {
    const char *name;
    Layout      layout;
    DoFn       *fn;
} Operation;

#define OPERATIONS(f, e, m)                                                                             \
    { #f "/add", { e, m }, f##_do_add }, { #f "/sub", { e, m }, f##_do_sub },                           \
    { #f "/mul", { e, m }, f##_do_mul }, { #f "/div", { e, m }, f##_do_div },                           \
    { #f "/sqrt", { e, m }, f##_do_sqrt }, { #f "/muladd", { e, m }, f##_do_muladd }
static const Operation operations[] = {
    OPERATIONS(f16, 5, 10), OPERATIONS(bf16, 8, 7), OPERATIONS(f32, 8, 23), OPERATIONS(f64, 11, 52),
};

typedef struct Run {
    const Operation *op;
    unsigned         times;
} Run;

static int layout_bias(Layout l)
{
    return (1 << (l.exp_bits - 1)) - 1;
}

/* False for infinities and NaNs. */
static bool to_mpfr(mpfr_t x, uint64_t bits, Layout l)
{
    int exp = low_bits(bits >> l.frac_bits, l.exp_bits);
    uint64_t frac = low_bits(bits, l.frac_bits);
    bool sign = bits >> (l.exp_bits + l.frac_bits) & 1;

    if (exp == (1 << l.exp_bits) - 1) {
        return false;
    }
    frac |= exp == 0 ? 0 : UINT64_C(1) << l.frac_bits;
    mpfr_set_ui_2exp(x, frac, MAX(exp, 1) - layout_bias(l) - l.frac_bits, MPFR_RNDN);
    mpfr_setsign(x, x, sign, MPFR_RNDN);
    return true;
}

static uint64_t from_mpfr(mpfr_t x, Layout l)
{
    uint64_t sign = (uint64_t)(mpfr_signbit(x) != 0) << (l.exp_bits + l.frac_bits);
    int least = 1 - layout_bias(l);
    long exp;
    double significand;

    if (mpfr_inf_p(x)) {
        return sign | low_bits(UINT64_MAX, l.exp_bits) << l.frac_bits;
    } else if (mpfr_zero_p(x)) {
        return sign;
    }
    significand = fabs(mpfr_get_d_2exp(&exp, x, MPFR_RNDN)) * 2;        /* [1, 2) */
    exp--;
    if (exp < least) {
        return sign | (uint64_t)ldexp(significand, exp - least + l.frac_bits);
    }
    return sign + ((uint64_t)(exp - least) << l.frac_bits) + (uint64_t)ldexp(significand, l.frac_bits);
}

static int compute(const char *name, mpfr_t result, mpfr_t *x, mpfr_rnd_t round)
{
    switch (name[0]) {
    case 'a': return mpfr_add(result, x[0], x[1], round);
    case 'd': return mpfr_div(result, x[0], x[1], round);
    case 's': return name[1] == 'u' ? mpfr_sub(result, x[0], x[1], round) : mpfr_sqrt(result, x[0], round);
    default:  return name[3] == 0 ? mpfr_mul(result, x[0], x[1], round)
                                  : mpfr_fma(result, x[0], x[1], x[2], round);
    }
}

static void try_one(const Operation *op, const uint64_t *v, FloatRound round, bool after, mpfr_t *x,
                    mpfr_t result)
{
    static const mpfr_rnd_t rounds[] = { MPFR_RNDN, MPFR_RNDU, MPFR_RNDD, MPFR_RNDZ };
    const char *name = strchr(op->name, '/') + 1;
    int bias = layout_bias(op->layout);
    FloatStatus s = { .round = round, .tiny_after_round = after };
    uint64_t got = op->fn(v, &s), want;
    unsigned flags = 0;

    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
    for (int i = 0; i < 3; i++) {
        if (!to_mpfr(x[i], v[i], op->layout)) {
            return;
        }
    }
    compute(name, result, x, after ? rounds[round] : MPFR_RNDZ);

    bool tiny = mpfr_regular_p(result) && mpfr_get_exp(result) - 1 < 1 - bias;

    mpfr_set_emin(2 - bias - op->layout.frac_bits);
    mpfr_set_emax(bias + 1);
    mpfr_clear_flags();

    int ternary = compute(name, result, x, rounds[round]);
    ternary = mpfr_subnormalize(result, ternary, rounds[round]);
    if (mpfr_nan_p(result)) {
        return;
    }
    flags |= mpfr_divby0_p() ? FLOAT_DIVBYZERO : 0;
    flags |= mpfr_overflow_p() ? FLOAT_OVERFLOW : 0;
    flags |= ternary != 0 ? FLOAT_INEXACT : 0;
    flags |= ternary != 0 && tiny ? FLOAT_UNDERFLOW : 0;
    want = from_mpfr(result, op->layout);
    if (got != want || s.flags != flags) {
        g_test_message("%s(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ") round %d, tiny %s: %#" PRIx64
                       " flags %#x, should be %#" PRIx64 " flags %#x", op->name, v[0], v[1], v[2], round,
                       after ? "after" : "before", got, s.flags, want, flags);
        g_test_fail();
    }
}

static void test_operation(gconstpointer data)
{
    const Run *run = data;
    Layout l = run->op->layout;
    uint64_t seed = 7;
    mpfr_t x[3], result;

    for (int i = 0; i < 3; i++) {
        mpfr_init2(x[i], l.frac_bits + 1);
    }
    mpfr_init2(result, l.frac_bits + 1);
    for (unsigned n = 0; n < (NUM_EDGES * NUM_EDGES + NUM_RANDOM) * run->times && !g_test_failed(); n++) {
        uint64_t v[3] = { edge_value(l, n % NUM_EDGES), edge_value(l, n / NUM_EDGES % NUM_EDGES),
                          edge_value(l, random_bits(&seed) % NUM_EDGES) };

        for (int i = 0; i < 3 && n >= NUM_EDGES * NUM_EDGES; i++) {
            v[i] = random_value(l, &seed);
        }
        for (unsigned mode = 0; mode < 8; mode++) {
            try_one(run->op, v, mode & 3, mode & 4, x, result);
        }
    }
    for (int i = 0; i < 3; i++) {
        mpfr_clear(x[i]);
    }
    mpfr_clear(result);
}

int main(int argc, char **argv)
{
    Run runs[G_N_ELEMENTS(operations)];
    unsigned times;
    int result;

    g_test_init(&argc, &argv, NULL);
    times = argc == 3 && !strcmp(argv[1], "--times") ? atoi(argv[2]) : 1;
    for (unsigned i = 0; i < G_N_ELEMENTS(operations); i++) {
        char *path = g_strdup_printf("/fpu/mpfr/%s", operations[i].name);

        runs[i] = (Run){ &operations[i], times };
        g_test_add_data_func(path, &runs[i], test_operation);
        g_free(path);
    }
    result = g_test_run();
    mpfr_free_cache();
    return result;
}
