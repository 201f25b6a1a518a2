/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every operation of core/fpu.def, in every rounding mode and combination of FPCR bits, against the Arm
 * pseudocode in exact arithmetic (pseudocode.c): result and flags. The modes are turned into a FloatStatus as
 * docs/fpu.md says. A line added to fpu.def does not compile here before it has a reference. Half and
 * bfloat16 operations of one operand are tried on all 65,536 values. Argument: [--times N], N times as many
 * cases.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "modules/fpu/fpu_int.h"
#include "modules/fpu/tests/operands_int.h"
#include "modules/fpu/tests/pseudocode_int.h"

enum { MAX_ARGS = 5 };

static const Layout layout_f16 = { 5, 10 }, layout_bf16 = { 8, 7 };
static const Layout layout_f32 = { 8, 23 }, layout_f64 = { 11, 52 };
static const Layout layout_u32 = { 3, 28 }, layout_u64 = { 11, 52 };     /* integers, as bit patterns */

/* What one trial gives an operation: values, and for those who want them, the other arguments. */
typedef struct Trial {
    uint64_t   v[MAX_ARGS];
    unsigned   mods;
    int        fbits;
    int64_t    n;
    FloatRound round;           /* one for integers */
    bool       flag;
} Trial;

typedef struct Answer {
    uint64_t got, want;
} Answer;

typedef Answer TryFn(const Trial *t, FloatStatus *s, Ref *r);

typedef struct Case {
    const char   *name;
    TryFn        *try;
    const Layout *args[MAX_ARGS];
} Case;

#define ANSWER(f, got_expr, want_expr)  \
    uint64_t got = got_expr;            \
    uint64_t want = want_expr;          \
    return (Answer){ got, want }

#define TRY_UNARY(f, op)      ANSWER(f, fpu_ops.f##_##op(t->v[0], s), ref_##op(r, &ref_##f, t->v[0]))
#define TRY_BINARY(f, op)     ANSWER(f, fpu_ops.f##_##op(t->v[0], t->v[1], s), \
                                     ref_##op(r, &ref_##f, t->v[0], t->v[1]))
#define TRY_COMPARE(f, op)    TRY_BINARY(f, op)
#define TRY_MULADD(f, op)     ANSWER(f, fpu_ops.f##_##op(t->v[0], t->v[1], t->v[2], t->mods, s), \
                                     ref_##op(r, &ref_##f, t->v[0], t->v[1], t->v[2], t->mods))
#define TRY_SCALE(f, op)      ANSWER(f, fpu_ops.f##_##op(t->v[0], t->n, s), \
                                     ref_##op(r, &ref_##f, t->v[0], t->n))
#define TRY_LOGB(f, op)       TRY_UNARY(f, op)
#define TRY_ROUND_INT(f, op)  ANSWER(f, fpu_ops.f##_##op(t->v[0], t->round, t->flag, s), \
                                     ref_##op(r, &ref_##f, t->v[0], t->round, t->flag))
#define TRY_ROUND_INTN(f, op) ANSWER(f, fpu_ops.f##_##op(t->v[0], t->round, t->flag ? 64 : 32, s), \
                                     ref_##op(r, &ref_##f, t->v[0], t->round, t->flag ? 64 : 32))
#define TRY_TO_INT(f, op, m, is_unsigned) \
                              ANSWER(f, fpu_ops.f##_##op(t->v[0], t->fbits, t->round, s), \
                                     ref_to_int(r, &ref_##f, t->v[0], t->fbits, t->round, m, is_unsigned))
#define TRY_TO_I16(f, op)     TRY_TO_INT(f, op, 16, false)
#define TRY_TO_U16(f, op)     TRY_TO_INT(f, op, 16, true)
#define TRY_TO_I32(f, op)     TRY_TO_INT(f, op, 32, false)
#define TRY_TO_U32(f, op)     TRY_TO_INT(f, op, 32, true)
#define TRY_TO_I64(f, op)     TRY_TO_INT(f, op, 64, false)
#define TRY_TO_U64(f, op)     TRY_TO_INT(f, op, 64, true)
#define TRY_FROM_I64(f, op)   ANSWER(f, fpu_ops.f##_##op((int64_t)t->v[0] >> (t->n & 63), t->fbits, s), \
                                     ref_##op(r, &ref_##f, (int64_t)t->v[0] >> (t->n & 63), t->fbits))
#define TRY_FROM_U64(f, op)   ANSWER(f, fpu_ops.f##_##op(t->v[0] >> (t->n & 63), t->fbits, s), \
                                     ref_##op(r, &ref_##f, t->v[0] >> (t->n & 63), t->fbits))

#define FLOAT_ENTRY(f, op, shape)                                           \
    static Answer try_##f##_##op(const Trial *t, FloatStatus *s, Ref *r)    \
    {                                                                       \
        TRY_##shape(f, op);                                                 \
    }
#include "core/fpu.def"

#define TRY(name, got_expr, want_expr)                                      \
    static Answer try_##name(const Trial *t, FloatStatus *s, Ref *r)        \
    {                                                                       \
        ANSWER(name, got_expr, want_expr);                                  \
    }

#define TRY_CONVERT(from, to) \
    TRY(from##_to_##to, fpu_ops.from##_to_##to(t->v[0], s), ref_convert(r, &ref_##from, &ref_##to, t->v[0]))

TRY_CONVERT(f16, f32) TRY_CONVERT(f16, f64) TRY_CONVERT(bf16, f32) TRY_CONVERT(f32, f16)
TRY_CONVERT(f32, f64) TRY_CONVERT(f64, f16) TRY_CONVERT(f64, f32)
TRY(f32_to_bf16, fpu_ops.f32_to_bf16(t->v[0], s), ref_convert_bf(r, t->v[0]))
TRY(f32_muladd_f16, fpu_ops.f32_muladd_f16(t->v[0], t->v[1], t->v[2], t->mods, s),
    ref_muladd_h(r, t->v[0], t->v[1], t->v[2], t->mods))
TRY(f32_muladd_bf16, fpu_ops.f32_muladd_bf16(t->v[0], t->v[1], t->v[2], t->mods, s),
    ref_bf_muladd_h(r, t->v[0], t->v[1], t->v[2], t->mods))
TRY(u32_recip_estimate, fpu_ops.u32_recip_estimate(t->v[0]), ref_unsigned_recip_estimate(t->v[0]))
TRY(u32_rsqrt_estimate, fpu_ops.u32_rsqrt_estimate(t->v[0]), ref_unsigned_rsqrt_estimate(t->v[0]))

#define TRY_DOTADD(name, ref, ...)                                                                  \
    static Answer try_##name(const Trial *t, FloatStatus *s, Ref *r)                                \
    {                                                                                               \
        const uint16_t a[] = { t->v[1], t->v[2] }, b[] = { t->v[3], t->v[4] };                      \
        ANSWER(name, fpu_ops.name(t->v[0], a[0], a[1], b[0], b[1], s),                              \
               ref(r, t->v[0], a, b, ##__VA_ARGS__));                                               \
    }

TRY_DOTADD(f32_dotadd_f16, ref_dot_add)
TRY_DOTADD(f32_dotadd_bf16, ref_bf_dot_add, false)
TRY_DOTADD(f32_dotadd_bf16_fused, ref_bf_dot_add, true)

static Answer try_f64_to_i32_modular(const Trial *t, FloatStatus *s, Ref *r)
{
    bool got_exact, want_exact;
    uint32_t got = fpu_ops.f64_to_i32_modular(t->v[0], &got_exact, s);
    uint32_t want = ref_to_fixed_js(r, t->v[0], &want_exact);

    return (Answer){ got | (uint64_t)got_exact << 32, want | (uint64_t)want_exact << 32 };
}

#define ARGS_UNARY(f)      { &layout_##f }
#define ARGS_BINARY(f)     { &layout_##f, &layout_##f }
#define ARGS_MULADD(f)     { &layout_##f, &layout_##f, &layout_##f }
#define ARGS_COMPARE(f)    ARGS_BINARY(f)
#define ARGS_SCALE(f)      ARGS_UNARY(f)
#define ARGS_LOGB(f)       ARGS_UNARY(f)
#define ARGS_ROUND_INT(f)  ARGS_UNARY(f)
#define ARGS_ROUND_INTN(f) ARGS_UNARY(f)
#define ARGS_TO_I16(f)     ARGS_UNARY(f)
#define ARGS_TO_U16(f)     ARGS_UNARY(f)
#define ARGS_TO_I32(f)     ARGS_UNARY(f)
#define ARGS_TO_U32(f)     ARGS_UNARY(f)
#define ARGS_TO_I64(f)     ARGS_UNARY(f)
#define ARGS_TO_U64(f)     ARGS_UNARY(f)
#define ARGS_FROM_I64(f)   { &layout_u64 }
#define ARGS_FROM_U64(f)   { &layout_u64 }

#define ARGS_f16_to_f32            ARGS_UNARY(f16)
#define ARGS_f16_to_f64            ARGS_UNARY(f16)
#define ARGS_bf16_to_f32           ARGS_UNARY(bf16)
#define ARGS_f32_to_f16            ARGS_UNARY(f32)
#define ARGS_f32_to_bf16           ARGS_UNARY(f32)
#define ARGS_f32_to_f64            ARGS_UNARY(f32)
#define ARGS_f64_to_f16            ARGS_UNARY(f64)
#define ARGS_f64_to_f32            ARGS_UNARY(f64)
#define ARGS_f64_to_i32_modular    ARGS_UNARY(f64)
#define ARGS_u32_recip_estimate    ARGS_UNARY(u32)
#define ARGS_u32_rsqrt_estimate    ARGS_UNARY(u32)
#define ARGS_f32_muladd_f16        { &layout_f16, &layout_f16, &layout_f32 }
#define ARGS_f32_muladd_bf16       { &layout_bf16, &layout_bf16, &layout_f32 }
#define ARGS_f32_dotadd_f16        { &layout_f32, &layout_f16, &layout_f16, &layout_f16, &layout_f16 }
#define ARGS_f32_dotadd_bf16       { &layout_f32, &layout_bf16, &layout_bf16, &layout_bf16, &layout_bf16 }
#define ARGS_f32_dotadd_bf16_fused ARGS_f32_dotadd_bf16

static const Case cases[] = {
#define FLOAT_ENTRY(f, op, shape)        { #f "_" #op, try_##f##_##op, ARGS_##shape(f) },
#define FLOAT_SPECIAL(name, result, ...) { #name, try_##name, ARGS_##name },
#include "core/fpu.def"
};

typedef struct Run {
    const Case *c;
    unsigned    times;          /* --times */
} Run;

/* Each FPCR bit is set in one of four modes. */
static Fpcr random_mode(uint64_t *seed)
{
    uint64_t bits = random_bits(seed) & random_bits(seed);

    return (Fpcr){
        .round = random_bits(seed) % 6,
        .fz = bits & 1, .fz16 = bits & 2, .fiz = bits & 4, .ah = bits >> 3 & 3,
        .dn = bits & 32, .ahp = bits & 64, .ufe = bits & 128, .rpres = bits & 256,
    };
}

/* docs/fpu.md, the first two columns */
static FloatStatus status_of(Fpcr fpcr)
{
    return (FloatStatus){
        .round = fpcr.round,
        .nan_rule = fpcr.ah ? FLOAT_NAN_FIRST : FLOAT_NAN_SIGNALLING,
        .default_nan = fpcr.dn,
        .default_nan_sign = fpcr.ah,
        .neg_keeps_nan = fpcr.ah,
        .infzero_keeps_nan = fpcr.ah,
        .minmax_second = fpcr.ah,
        .denormal_rule = fpcr.ah ? FLOAT_DENORMAL_USED
                         : fpcr.fz ? FLOAT_DENORMAL_FLUSHED : FLOAT_DENORMAL_SILENT,
        .flush_inputs = fpcr.ah ? fpcr.fiz : fpcr.fz || fpcr.fiz,
        .flush_outputs = fpcr.fz,
        .flush_inputs_f16 = fpcr.fz16,
        .flush_outputs_f16 = fpcr.fz16,
        .tiny_after_round = fpcr.ah,
        .underflow_exact = fpcr.ufe,
        .int_rule = FLOAT_INT_NAN_ZERO,
        .alt_half = fpcr.ahp,
        .quiet_approx = fpcr.ah,
        .estimate12 = fpcr.rpres,
    };
}

static bool try_one(Ref *ref, const Case *c, Trial *t, uint64_t *seed)
{
    static const uint8_t fbits[] = { 0, 0, 1, 8, 15, 16, 31, 32, 52, 63, 64 };
    Fpcr fpcr = random_mode(seed);
    uint64_t bits = random_bits(seed);
    FloatStatus s;
    Answer answer;

    if (g_str_has_suffix(c->name, "_chained")) {
        fpcr.ah = false;        /* instructions of AArch32, which has no FPCR.AH */
    }
    s = status_of(fpcr);
    t->mods = bits & 7;
    t->fbits = fbits[(bits >> 8) % G_N_ELEMENTS(fbits)];
    t->n = (int64_t)(bits >> 32 & 127) - 64;
    if (bits >> 16 & 1) {
        t->n = (int64_t)random_bits(seed) >> (bits >> 20 & 63);
    }
    t->round = (bits >> 40) % FLOAT_ROUND_ODD;
    t->flag = bits >> 48 & 1;
    ref->fpcr = fpcr;
    ref->fpsr = 0;
    answer = c->try(t, &s, ref);
    if (answer.got != answer.want || s.flags != ref->fpsr) {
        g_test_message("%s(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ") mods %u "
                "fbits %d n %" PRId64 " round %d flag %d, FPCR round %d%s%s%s%s%s%s%s%s: %#" PRIx64
                " flags %#x, should be %#" PRIx64 " flags %#x", c->name, t->v[0], t->v[1], t->v[2], t->v[3],
                t->v[4], t->mods, t->fbits, t->n, t->round, t->flag, fpcr.round, fpcr.fz ? " FZ" : "",
                fpcr.fz16 ? " FZ16" : "", fpcr.fiz ? " FIZ" : "",
                fpcr.ah ? " AH" : "", fpcr.dn ? " DN" : "", fpcr.ahp ? " AHP" : "", fpcr.ufe ? " UFE" : "",
                fpcr.rpres ? " RPRES" : "", answer.got, s.flags, answer.want, ref->fpsr);
        g_test_fail();
        return false;
    }
    return true;
}

static void run_case(const Run *run, Ref *ref)
{
    const Case *c = run->c;
    uint64_t seed = 1;
    unsigned num_args = 0;
    Trial t = { { 0 } };

    while (num_args < MAX_ARGS && c->args[num_args] != NULL) {
        num_args++;
    }

    bool narrow = num_args == 1 && c->args[0]->exp_bits + c->args[0]->frac_bits == 15;
    unsigned num_values = narrow ? UINT16_MAX + 1 : 10000;
    unsigned num_pairs = num_args == 1 ? NUM_EDGES : NUM_EDGES * NUM_EDGES;

    for (unsigned i = 0; i < num_values * run->times; i++) {
        for (unsigned k = 0; k < num_args; k++) {
            t.v[k] = narrow ? i & UINT16_MAX : random_value(*c->args[k], &seed);
        }
        if (!try_one(ref, c, &t, &seed)) {
            return;
        }
    }
    for (unsigned i = 0; i < num_pairs * 2 * run->times; i++) {
        t.v[0] = edge_value(*c->args[0], i % NUM_EDGES);
        if (num_args > 1) {
            t.v[1] = edge_value(*c->args[1], i / NUM_EDGES % NUM_EDGES);
        }
        for (unsigned k = 2; k < num_args; k++) {
            t.v[k] = edge_value(*c->args[k], random_bits(&seed) % NUM_EDGES);
        }
        if (!try_one(ref, c, &t, &seed)) {
            return;
        }
    }
}

static void test_case(gconstpointer data)
{
    Ref ref;

    ref_init(&ref);
    run_case(data, &ref);
    ref_clear(&ref);
}

/*
 * Every entry of both estimate tables, of 8 bits and of 12: the upper fraction bits and the exponent's
 * parity.
 */
static void test_estimate_tables(void)
{
    Ref ref;

    ref_init(&ref);
    for (unsigned i = 0; i < 4 << 13; i++) {
        float32 a = (UINT32_C(0x3f) << 24) + (i >> 1 << 10);
        FloatStatus s;

        ref.fpcr = (Fpcr){ .ah = i & 1, .rpres = i & 1 };
        s = status_of(ref.fpcr);
        g_assert_cmphex(fpu_ops.f32_recip_estimate(a, &s), ==, ref_recip_estimate(&ref, &ref_f32, a));
        g_assert_cmphex(fpu_ops.f32_rsqrt_estimate(a, &s), ==, ref_rsqrt_estimate(&ref, &ref_f32, a));
    }
    ref_clear(&ref);
}

int main(int argc, char **argv)
{
    Run runs[G_N_ELEMENTS(cases)];
    unsigned times;
    int result;

    g_test_init(&argc, &argv, NULL);
    times = argc == 3 && !strcmp(argv[1], "--times") ? atoi(argv[2]) : 1;
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *path = g_strdup_printf("/fpu/rules/%s", cases[i].name);

        runs[i] = (Run){ &cases[i], times };
        g_test_add_data_func(path, &runs[i], test_case);
        g_free(path);
    }
    g_test_add_func("/fpu/rules/estimate_tables", test_estimate_tables);
    result = g_test_run();
    mpfr_free_cache();
    return result;
}
