/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module against this host's own floating point, which shares no code with it: SSE and, where the host
 * has them, FMA, F16C and AVX-512, with the settings for x86 of docs/fpu.md. Results are compared bit for
 * bit, NaNs included, and all six flags. Arguments: [--times N], N times as many random operands.
 */
#include <immintrin.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "modules/fpu/fpu_int.h"
#include "modules/fpu/tests/operands_int.h"

enum { CSR_FLAGS = 0x3f, CSR_MASKS = 0x1f80, CSR_DAZ = 1 << 6, CSR_FTZ = 1 << 15, CSR_RC = 13 };

static const Layout layout_f16 = { 5, 10 }, layout_f32 = { 8, 23 }, layout_f64 = { 11, 52 };

/* One instruction between loading and storing MXCSR, so that nothing can move in between. */
#define BRACKET(insn) "ldmxcsr %[csr]\n\t" insn "\n\tstmxcsr %[csr]\n\tldmxcsr %[saved]"
#define BRACKET_IN [saved] "m"(saved)

#define HOST_BINARY(name, insn, type)                                                                      \
    static type name(type a, type b, unsigned *csr)                                                        \
    {                                                                                                      \
        const unsigned saved = CSR_MASKS;                                                                  \
        __m128i x = { a }, y = { b };                                                                      \
        asm volatile(BRACKET(insn " %[y], %[x]") : [x] "+x"(x), [csr] "+m"(*csr) : [y] "x"(y), BRACKET_IN);\
        return x[0];                                                                                       \
    }

#define HOST_UNARY(name, insn, result, type)                                                               \
    static result name(type a, unsigned *csr)                                                              \
    {                                                                                                      \
        const unsigned saved = CSR_MASKS;                                                                  \
        __m128i x = { 0 }, y = { a };                                                                      \
        asm volatile(BRACKET(insn " %[y], %[x]") : [x] "+x"(x), [csr] "+m"(*csr) : [y] "x"(y), BRACKET_IN);\
        return x[0];                                                                                       \
    }

#define HOST_TO_INT(name, insn, result, type)                                                              \
    static result name(type a, unsigned *csr)                                                              \
    {                                                                                                      \
        const unsigned saved = CSR_MASKS;                                                                  \
        __m128i y = { a };                                                                                 \
        result x;                                                                                          \
        asm volatile(BRACKET(insn " %[y], %[x]") : [x] "=r"(x), [csr] "+m"(*csr) : [y] "x"(y), BRACKET_IN);\
        return x;                                                                                          \
    }

#define HOST_FROM_INT(name, insn, result)                                                                  \
    static result name(int64_t a, unsigned *csr)                                                           \
    {                                                                                                      \
        const unsigned saved = CSR_MASKS;                                                                  \
        __m128i x = { 0 };                                                                                 \
        asm volatile(BRACKET(insn " %[y], %[x]") : [x] "+x"(x), [csr] "+m"(*csr) : [y] "r"(a), BRACKET_IN);\
        return x[0];                                                                                       \
    }

#define HOST_FMA(name, insn, type)                                                                         \
    static type name(type a, type b, type c, unsigned *csr)                                                \
    {                                                                                                      \
        const unsigned saved = CSR_MASKS;                                                                  \
        __m128i x = { a }, y = { b }, z = { c };                                                           \
        asm volatile(BRACKET(insn " %[z], %[y], %[x]")                                                     \
                     : [x] "+x"(x), [csr] "+m"(*csr) : [y] "x"(y), [z] "x"(z), BRACKET_IN);                \
        return x[0];                                                                                       \
    }

#define HOST_COMPARE(name, insn, type)                                                                     \
    static FloatRel name(type a, type b, unsigned *csr)                                                    \
    {                                                                                                      \
        const unsigned saved = CSR_MASKS;                                                                  \
        __m128i x = { a }, y = { b };                                                                      \
        uint8_t above, below, parity;                                                                      \
        asm volatile("ldmxcsr %[csr]\n\t" insn " %[y], %[x]\n\tsetp %[p]\n\tseta %[a]\n\tsetb %[b]\n\t"    \
                     "stmxcsr %[csr]\n\tldmxcsr %[saved]"                                                  \
                     : [csr] "+m"(*csr), [p] "=&r"(parity), [a] "=&r"(above), [b] "=&r"(below)             \
                     : [x] "x"(x), [y] "x"(y), BRACKET_IN : "cc");                                         \
        return parity ? FLOAT_UNORDERED : above ? FLOAT_GREATER : below ? FLOAT_LESS : FLOAT_EQUAL;        \
    }

HOST_BINARY(host_f32_add, "addss", float32)
HOST_BINARY(host_f32_sub, "subss", float32)
HOST_BINARY(host_f32_mul, "mulss", float32)
HOST_BINARY(host_f32_div, "divss", float32)
HOST_BINARY(host_f32_min, "minss", float32)
HOST_BINARY(host_f32_max, "maxss", float32)
HOST_BINARY(host_f64_add, "addsd", float64)
HOST_BINARY(host_f64_sub, "subsd", float64)
HOST_BINARY(host_f64_mul, "mulsd", float64)
HOST_BINARY(host_f64_div, "divsd", float64)
HOST_BINARY(host_f64_min, "minsd", float64)
HOST_BINARY(host_f64_max, "maxsd", float64)
HOST_UNARY(host_f32_sqrt, "sqrtss", float32, float32)
HOST_UNARY(host_f64_sqrt, "sqrtsd", float64, float64)
HOST_UNARY(host_f32_to_f64, "cvtss2sd", float64, float32)
HOST_UNARY(host_f64_to_f32, "cvtsd2ss", float32, float64)
HOST_UNARY(host_f16_to_f32, "vcvtph2ps", float32, float16)
HOST_UNARY(host_f32_to_f16, "vcvtps2ph $4,", float16, float32)
HOST_UNARY(host_f32_round_exact, "roundss $4,", float32, float32)
HOST_UNARY(host_f64_round_exact, "roundsd $4,", float64, float64)
HOST_UNARY(host_f32_round_quiet, "roundss $12,", float32, float32)
HOST_UNARY(host_f64_round_quiet, "roundsd $12,", float64, float64)
HOST_TO_INT(host_f32_to_i32, "cvtss2si", int32_t, float32)
HOST_TO_INT(host_f32_to_i64, "cvtss2si", int64_t, float32)
HOST_TO_INT(host_f64_to_i32, "cvtsd2si", int32_t, float64)
HOST_TO_INT(host_f64_to_i64, "cvtsd2si", int64_t, float64)
HOST_TO_INT(host_f32_to_u32, "vcvtss2usi", uint32_t, float32)
HOST_TO_INT(host_f32_to_u64, "vcvtss2usi", uint64_t, float32)
HOST_TO_INT(host_f64_to_u32, "vcvtsd2usi", uint32_t, float64)
HOST_TO_INT(host_f64_to_u64, "vcvtsd2usi", uint64_t, float64)
HOST_FROM_INT(host_f32_from_i64, "cvtsi2ssq", float32)
HOST_FROM_INT(host_f64_from_i64, "cvtsi2sdq", float64)
/* x = x * z + y and so on: the order in which NaNs count is the first factor, the second, the addend. */
HOST_FMA(host_f32_fmadd, "vfmadd132ss", float32)
HOST_FMA(host_f32_fmsub, "vfmsub132ss", float32)
HOST_FMA(host_f32_fnmadd, "vfnmadd132ss", float32)
HOST_FMA(host_f32_fnmsub, "vfnmsub132ss", float32)
HOST_FMA(host_f64_fmadd, "vfmadd132sd", float64)
HOST_FMA(host_f64_fmsub, "vfmsub132sd", float64)
HOST_FMA(host_f64_fnmadd, "vfnmadd132sd", float64)
HOST_FMA(host_f64_fnmsub, "vfnmsub132sd", float64)
HOST_COMPARE(host_f32_compare, "ucomiss", float32)
HOST_COMPARE(host_f32_compare_signal, "comiss", float32)
HOST_COMPARE(host_f64_compare, "ucomisd", float64)
HOST_COMPARE(host_f64_compare_signal, "comisd", float64)

enum { NUM_RANDOM = 20000 };

typedef struct Mode {
    FloatStatus status;
    unsigned    csr;
} Mode;

enum { NUM_MODES = 16 };

static Mode mode_of(unsigned i)
{
    static const uint8_t rounds[] = {
        FLOAT_ROUND_TIE_EVEN, FLOAT_ROUND_DOWN, FLOAT_ROUND_UP, FLOAT_ROUND_ZERO,
    };
    bool daz = i & 4, ftz = i & 8;

    return (Mode){
        .csr = CSR_MASKS | (i & 3) << CSR_RC | (daz ? CSR_DAZ : 0) | (ftz ? CSR_FTZ : 0),
        .status = {
            .round = rounds[i & 3], .nan_rule = FLOAT_NAN_FIRST, .default_nan_sign = true,
            .neg_keeps_nan = true, .infzero_keeps_nan = true, .minmax_second = true,
            .denormal_rule = FLOAT_DENORMAL_USED,
            .flush_inputs = daz, .flush_outputs = ftz, .tiny_after_round = true,
            .int_rule = FLOAT_INT_INDEFINITE,
        },
    };
}

static unsigned flags_of_csr(unsigned csr)
{
    static const uint8_t flags[] = { FLOAT_INVALID, FLOAT_INPUT_DENORMAL, FLOAT_DIVBYZERO, FLOAT_OVERFLOW,
                                     FLOAT_UNDERFLOW, FLOAT_INEXACT };
    unsigned result = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++) {
        result |= csr >> i & 1 ? flags[i] : 0;
    }
    return result;
}

static void check(const char *name, unsigned i, uint64_t a, uint64_t b, uint64_t c,
                  uint64_t got, unsigned got_flags, uint64_t want, unsigned csr)
{
    unsigned want_flags = flags_of_csr(csr);

    if (got != want || got_flags != want_flags) {
        g_error("%s mode %u (%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 "): %#" PRIx64 " flags %#x, "
                "host %#" PRIx64 " flags %#x", name, i, a, b, c, got, got_flags, want, want_flags);
    }
}

/* Every pair of edges, then random pairs; body sees a, b, the mode m and its number i. */
#define FOR_OPERANDS(layout, body)                                                                         \
    do {                                                                                                   \
        uint64_t seed = 1;                                                                                 \
        for (unsigned i = 0; i < NUM_MODES; i++) {                                                         \
            for (unsigned n = 0; n < NUM_EDGES * NUM_EDGES + NUM_RANDOM * *(const unsigned *)times; n++) { \
                bool edges = n < NUM_EDGES * NUM_EDGES;                                                    \
                uint64_t a = edges ? edge_value(layout, n / NUM_EDGES) : random_value(layout, &seed);      \
                uint64_t b = edges ? edge_value(layout, n % NUM_EDGES) : random_value(layout, &seed);      \
                Mode m = mode_of(i);                                                                       \
                body;                                                                                      \
            }                                                                                              \
        }                                                                                                  \
    } while (0)

#define TEST_BINARY(f, op)                                                                                 \
    static void test_##f##_##op(gconstpointer times)                                                       \
    {                                                                                                      \
        FOR_OPERANDS(layout_##f, {                                                             \
            uint64_t got = fpu_ops.f##_##op(a, b, &m.status);                                              \
            uint64_t want = host_##f##_##op(a, b, &m.csr);                                                 \
            check(#f "_" #op, i, a, b, 0, got, m.status.flags, want, m.csr);                               \
        });                                                                                                \
    }

#define TEST_UNARY(f, op)                                                                                  \
    static void test_##f##_##op(gconstpointer times)                                                       \
    {                                                                                                      \
        FOR_OPERANDS(layout_##f, {                                                             \
            uint64_t got = fpu_ops.f##_##op(a, &m.status);                                                 \
            uint64_t want = host_##f##_##op(a, &m.csr);                                                    \
            (void)b;                                                                                       \
            check(#f "_" #op, i, a, 0, 0, got, m.status.flags, want, m.csr);                               \
        });                                                                                                \
    }

#define TEST_TO_INT(f, op)                                                                                 \
    static void test_##f##_##op(gconstpointer times)                                                       \
    {                                                                                                      \
        FOR_OPERANDS(layout_##f, {                                                             \
            uint64_t got = fpu_ops.f##_##op(a, 0, m.status.round, &m.status);                              \
            uint64_t want = host_##f##_##op(a, &m.csr);                                                    \
            (void)b;                                                                                       \
            check(#f "_" #op, i, a, 0, 0, got, m.status.flags, want, m.csr);                               \
        });                                                                                                \
    }

#define TEST_FROM_INT(f)                                                                                   \
    static void test_##f##_from_i64(gconstpointer times)                                                   \
    {                                                                                                      \
        FOR_OPERANDS(layout_f64, {                                                             \
            int64_t v = (int64_t)a >> (b & 63);                                                            \
            uint64_t got = fpu_ops.f##_from_i64(v, 0, &m.status);                                          \
            uint64_t want = host_##f##_from_i64(v, &m.csr);                                                \
            check(#f "_from_i64", i, v, 0, 0, got, m.status.flags, want, m.csr);                           \
        });                                                                                                \
    }

#define TEST_ROUND_INT(f)                                                                                  \
    static void test_##f##_round_int(gconstpointer times)                                                  \
    {                                                                                                      \
        FOR_OPERANDS(layout_##f, {                                                             \
            bool exact = b & 1;                                                                            \
            uint64_t got = fpu_ops.f##_round_int(a, m.status.round, exact, &m.status);                     \
            uint64_t want = exact ? host_##f##_round_exact(a, &m.csr) : host_##f##_round_quiet(a, &m.csr); \
            check(#f "_round_int", i, a, exact, 0, got, m.status.flags, want, m.csr);                      \
        });                                                                                                \
    }

#define TEST_FMA(f)                                                                                        \
    static void test_##f##_muladd(gconstpointer times)                                                     \
    {                                                                                                      \
        uint64_t third = 2;                                                                                \
        FOR_OPERANDS(layout_##f, {                                                             \
            uint64_t c = edges ? edge_value(layout_##f, random_bits(&third) % NUM_EDGES)                   \
                               : random_value(layout_##f, &third);                                         \
            unsigned mods = random_bits(&third) & 3;                                                       \
            uint64_t got = fpu_ops.f##_muladd(a, b, c, mods, &m.status);                                   \
            uint64_t want = mods == 0 ? host_##f##_fmadd(a, c, b, &m.csr)                                  \
                            : mods == FLOAT_NEG_PRODUCT ? host_##f##_fnmadd(a, c, b, &m.csr)               \
                            : mods == FLOAT_NEG_ADDEND ? host_##f##_fmsub(a, c, b, &m.csr)                 \
                            : host_##f##_fnmsub(a, c, b, &m.csr);                                          \
            check(#f "_muladd", i | mods << 8, a, b, c, got, m.status.flags, want, m.csr);                 \
        });                                                                                                \
    }

TEST_BINARY(f32, add) TEST_BINARY(f32, sub) TEST_BINARY(f32, mul) TEST_BINARY(f32, div) TEST_BINARY(f32, min)
TEST_BINARY(f32, max) TEST_BINARY(f32, compare) TEST_BINARY(f32, compare_signal)
TEST_BINARY(f64, add) TEST_BINARY(f64, sub) TEST_BINARY(f64, mul) TEST_BINARY(f64, div) TEST_BINARY(f64, min)
TEST_BINARY(f64, max) TEST_BINARY(f64, compare) TEST_BINARY(f64, compare_signal)
TEST_UNARY(f32, sqrt) TEST_UNARY(f64, sqrt) TEST_UNARY(f32, to_f64) TEST_UNARY(f64, to_f32)
TEST_ROUND_INT(f32) TEST_ROUND_INT(f64) TEST_FROM_INT(f32) TEST_FROM_INT(f64) TEST_FMA(f32) TEST_FMA(f64)
TEST_TO_INT(f32, to_i32) TEST_TO_INT(f32, to_i64) TEST_TO_INT(f64, to_i32) TEST_TO_INT(f64, to_i64)
TEST_TO_INT(f32, to_u32) TEST_TO_INT(f32, to_u64) TEST_TO_INT(f64, to_u32) TEST_TO_INT(f64, to_u64)

/* Every half; DAZ does not apply to it, and no flag tells of a denormal one. */
static void test_f16_to_f32(gconstpointer unused)
{
    for (unsigned i = 0; i < NUM_MODES; i++) {
        for (unsigned a = 0; a <= UINT16_MAX; a++) {
            Mode m = mode_of(i);
            uint64_t got = fpu_ops.f16_to_f32(a, &m.status);
            uint64_t want = host_f16_to_f32(a, &m.csr);

            check("f16_to_f32", i, a, 0, 0, got, m.status.flags, want, m.csr);
        }
    }
}

/* FTZ does not apply to a half result. */
static void test_f32_to_f16(gconstpointer times)
{
    uint64_t seed = 3;

    for (unsigned i = 0; i < NUM_MODES; i++) {
        for (unsigned n = 0; n < 10 * NUM_RANDOM * *(const unsigned *)times; n++) {
            Mode m = mode_of(i);
            float32 half = f16_to_f32(random_value(layout_f16, &seed), &(FloatStatus){ 0 });
            float32 near = half + (random_bits(&seed) & 0x1fff) - 0x1000;
            float32 a = n & 1 ? random_value(layout_f32, &seed) : near;
            uint64_t got = fpu_ops.f32_to_f16(a, &m.status);
            uint64_t want = host_f32_to_f16(a, &m.csr) & 0xffff;

            check("f32_to_f16", i, a, 0, 0, got, m.status.flags, want, m.csr);
        }
    }
}

int main(int argc, char **argv)
{
    unsigned times;

    g_test_init(&argc, &argv, NULL);
    times = argc == 3 && !strcmp(argv[1], "--times") ? atoi(argv[2]) : 1;
#define ADD(name) g_test_add_data_func("/fpu/host/" #name, &times, test_##name)
    ADD(f32_add); ADD(f32_sub); ADD(f32_mul); ADD(f32_div); ADD(f32_sqrt); ADD(f32_min); ADD(f32_max);
    ADD(f64_add); ADD(f64_sub); ADD(f64_mul); ADD(f64_div); ADD(f64_sqrt); ADD(f64_min); ADD(f64_max);
    ADD(f32_compare); ADD(f32_compare_signal); ADD(f64_compare); ADD(f64_compare_signal);
    ADD(f32_to_f64); ADD(f64_to_f32); ADD(f32_from_i64); ADD(f64_from_i64);
    ADD(f32_to_i32); ADD(f32_to_i64); ADD(f64_to_i32); ADD(f64_to_i64);
    if (__builtin_cpu_supports("sse4.1")) {
        ADD(f32_round_int); ADD(f64_round_int);
    }
    if (__builtin_cpu_supports("fma")) {
        ADD(f32_muladd); ADD(f64_muladd);
    }
    if (__builtin_cpu_supports("avx2")) {           /* every processor with AVX2 has F16C */
        ADD(f16_to_f32); ADD(f32_to_f16);
    }
    if (__builtin_cpu_supports("avx512f")) {
        ADD(f32_to_u32); ADD(f32_to_u64); ADD(f64_to_u32); ADD(f64_to_u64);
    }
    return g_test_run();
}
