/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Examples, each a row of a manual: the settings of docs/fpu.md that no other test reaches (RISC-V), the
 * header's functions on bit patterns, and that operations only add flags.
 */
#include <glib.h>
#include "modules/fpu/fpu_int.h"

static const float64 NAN64 = UINT64_C(0x7ff8000000000000), SNAN64 = UINT64_C(0x7ff0000000000001);
static const float64 INF64 = UINT64_C(0x7ff0000000000000), ONE64 = UINT64_C(0x3ff0000000000000);
static const float64 HUGE64 = UINT64_C(0x43f0000000000000);                    /* 2^64 */
static const float64 MINUS64 = UINT64_C(0x8000000000000000);

static const FloatStatus riscv = {
    .default_nan = true, .tiny_after_round = true, .int_rule = FLOAT_INT_NAN_MAX,
};

/* RISC-V unprivileged ISA, "Domains of float-to-integer conversions and behavior for invalid inputs" */
static void test_riscv_to_int(void)
{
    static const struct {
        float64  value;
        int32_t  i32;
        uint32_t u32;
        int64_t  i64;
        uint64_t u64;
    } rows[] = {
        { HUGE64,           INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX },
        { INF64,            INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX },
        { NAN64,            INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX },
        { NAN64 | MINUS64,  INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX },
        { HUGE64 | MINUS64, INT32_MIN, 0,          INT64_MIN, 0 },
        { INF64 | MINUS64,  INT32_MIN, 0,          INT64_MIN, 0 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        FloatStatus s[4] = { riscv, riscv, riscv, riscv };

        g_assert_cmpint(fpu_ops.f64_to_i32(rows[i].value, 0, FLOAT_ROUND_ZERO, &s[0]), ==, rows[i].i32);
        g_assert_cmpuint(fpu_ops.f64_to_u32(rows[i].value, 0, FLOAT_ROUND_ZERO, &s[1]), ==, rows[i].u32);
        g_assert_cmpint(fpu_ops.f64_to_i64(rows[i].value, 0, FLOAT_ROUND_ZERO, &s[2]), ==, rows[i].i64);
        g_assert_cmpuint(fpu_ops.f64_to_u64(rows[i].value, 0, FLOAT_ROUND_ZERO, &s[3]), ==, rows[i].u64);
        for (unsigned k = 0; k < 4; k++) {
            g_assert_cmphex(s[k].flags, ==, FLOAT_INVALID);
        }
    }
}

/* "A negative fraction converted to an unsigned integer is zero and inexact, not invalid." */
static void test_riscv_to_unsigned(void)
{
    const float64 fraction = UINT64_C(0xbfe8000000000000);                      /* -0.75 */
    FloatStatus s = riscv;

    g_assert_cmpuint(fpu_ops.f64_to_u32(fraction, 0, FLOAT_ROUND_ZERO, &s), ==, 0);
    g_assert_cmphex(s.flags, ==, FLOAT_INEXACT);
    g_assert_cmpuint(fpu_ops.f64_to_u32(ONE64 | MINUS64, 0, FLOAT_ROUND_ZERO, &s), ==, 0);
    g_assert_cmphex(s.flags, ==, FLOAT_INEXACT | FLOAT_INVALID);
}

/* FMIN, FMAX: one NaN gives way, two make the canonical NaN, signalling ones raise invalid. */
static void test_riscv_min_max(void)
{
    FloatStatus s = riscv;

    g_assert_cmphex(fpu_ops.f64_minimum_number(NAN64, ONE64, &s), ==, ONE64);
    g_assert_cmphex(fpu_ops.f64_maximum_number(MINUS64, 0, &s), ==, 0);
    g_assert_cmphex(fpu_ops.f64_minimum_number(0, MINUS64, &s), ==, MINUS64);
    g_assert_cmphex(fpu_ops.f64_minimum_number(NAN64 | MINUS64, NAN64 + 5, &s), ==, NAN64);
    g_assert_cmphex(s.flags, ==, 0);
    g_assert_cmphex(fpu_ops.f64_maximum_number(ONE64, SNAN64, &s), ==, ONE64);
    g_assert_cmphex(s.flags, ==, FLOAT_INVALID);
}

/* Infinity times zero is invalid even if the addend is a quiet NaN. */
static void test_riscv_muladd(void)
{
    FloatStatus s = riscv;

    g_assert_cmphex(fpu_ops.f64_muladd(INF64, 0, NAN64, 0, &s), ==, NAN64);
    g_assert_cmphex(s.flags, ==, FLOAT_INVALID);
}

/* Round to nearest, ties to maximum magnitude (RMM). */
static void test_tie_away(void)
{
    FloatStatus s = { .round = FLOAT_ROUND_TIE_AWAY };
    const uint64_t tie = (UINT64_C(1) << 53) + 1;

    g_assert_cmphex(fpu_ops.f64_from_u64(tie, 0, &s), ==, UINT64_C(0x4340000000000001));
    g_assert_cmphex(fpu_ops.f64_from_i64(-(int64_t)tie, 0, &s), ==, UINT64_C(0xc340000000000001));
    s.round = FLOAT_ROUND_TIE_EVEN;
    g_assert_cmphex(fpu_ops.f64_from_u64(tie, 0, &s), ==, UINT64_C(0x4340000000000000));
}

/*
 * A product of 106 bits, 2^-52 + d * 2^-157 with 0 < d < 2^30, added to 2 - 2^-52: the carry moves the last
 * bit of a 128-bit sum out, and only that bit tells that the sum is more than 2.
 */
static void test_fused_carry(void)
{
    const float64 a = UINT64_C(0x3ffff7d04a6811b7), b = UINT64_C(0x3ca00418e7219352);
    const float64 c = UINT64_C(0x3fffffffffffffff);
    FloatStatus s = { .round = FLOAT_ROUND_UP };

    g_assert_cmphex(fpu_ops.f64_muladd(a, b, c, 0, &s), ==, UINT64_C(0x4000000000000001));
    g_assert_cmphex(s.flags, ==, FLOAT_INEXACT);
}

static void test_bit_functions(void)
{
    g_assert_true(f64_is_nan(NAN64) && !f64_is_snan(NAN64) && f64_is_snan(SNAN64 | MINUS64));
    g_assert_false(f64_is_nan(INF64) || f64_is_infinity(NAN64) || f64_is_denormal(0) || f64_is_zero(1));
    g_assert_true(f64_is_infinity(INF64 | MINUS64) && f64_is_negative(MINUS64) && f64_is_zero(MINUS64));
    g_assert_true(f64_is_denormal(1) && !f64_is_denormal(UINT64_C(0x0010000000000000)));
    g_assert_cmphex(f64_neg(ONE64), ==, ONE64 | MINUS64);
    g_assert_cmphex(f64_abs(ONE64 | MINUS64), ==, ONE64);
    g_assert_cmphex(f16_infinity(true), ==, 0xfc00);
    g_assert_cmphex(bf16_infinity(false), ==, 0x7f80);
    g_assert_cmphex(f32_infinity(true), ==, 0xff800000);
    g_assert_true(f16_is_snan(0x7c01) && bf16_is_snan(0xff81) && f32_is_snan(0x7f800001));
    g_assert_true(f16_is_denormal(0x03ff) && !f16_is_denormal(0x0400) && bf16_is_denormal(0x007f));
}

static void test_flags_accumulate(void)
{
    FloatStatus s = { .flags = FLOAT_OVERFLOW };

    fpu_ops.f64_add(ONE64, ONE64, &s);
    g_assert_cmphex(s.flags, ==, FLOAT_OVERFLOW);
    fpu_ops.f64_div(ONE64, 0, &s);
    g_assert_cmphex(s.flags, ==, FLOAT_OVERFLOW | FLOAT_DIVBYZERO);
}

/* The table has no holes. */
static void test_table(void)
{
    void *const *entry = (void *const *)&fpu_ops;

    for (unsigned i = 0; i < sizeof(fpu_ops) / sizeof(*entry); i++) {
        g_assert_nonnull(entry[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fpu/examples/riscv_to_int", test_riscv_to_int);
    g_test_add_func("/fpu/examples/riscv_to_unsigned", test_riscv_to_unsigned);
    g_test_add_func("/fpu/examples/riscv_min_max", test_riscv_min_max);
    g_test_add_func("/fpu/examples/riscv_muladd", test_riscv_muladd);
    g_test_add_func("/fpu/examples/tie_away", test_tie_away);
    g_test_add_func("/fpu/examples/fused_carry", test_fused_carry);
    g_test_add_func("/fpu/examples/bit_functions", test_bit_functions);
    g_test_add_func("/fpu/examples/flags_accumulate", test_flags_accumulate);
    g_test_add_func("/fpu/examples/table", test_table);
    return g_test_run();
}
