/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bits, against the definitions written out bit by bit. */
#include "core/bits.h"

static uint64_t reference_extract(uint64_t v, unsigned start, unsigned length)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < length; i++) {
        r |= (v >> (start + i) & 1) << i;
    }
    return r;
}

static const uint64_t values[] = {
    0, 1, UINT64_MAX, 0x8000000000000000, 0x7fffffffffffffff, 0x0123456789abcdef, 0xfedcba9876543210, 0x80000000,
    0xaaaaaaaaaaaaaaaa, 0x5555555555555555,
};

static void test_fields(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
        uint64_t v = values[i];

        for (unsigned start = 0; start < 64; start++) {
            for (unsigned length = 1; start + length <= 64; length++) {
                uint64_t field = reference_extract(v, start, length);
                uint64_t sign = field >> (length - 1) & 1 && length < 64 ? ~UINT64_C(0) << length : 0;
                uint64_t mask = reference_extract(UINT64_MAX, start, length) << start;

                g_assert_cmphex(mask64(start, length), ==, mask);
                g_assert_cmphex(extract64(v, start, length), ==, field);
                g_assert_cmphex((uint64_t)sextract64(v, start, length), ==, field | sign);
                g_assert_cmphex(deposit64(v, start, length, ~v), ==, (v & ~mask) | (~v << start & mask));
                if (start + length <= 32) {
                    g_assert_cmphex(extract32((uint32_t)v, start, length), ==, field);
                    g_assert_cmphex((uint32_t)sextract32((uint32_t)v, start, length), ==, (uint32_t)(field | sign));
                    g_assert_cmphex(deposit32((uint32_t)v, start, length, 0x5a5a5a5a), ==,
                                    (uint32_t)((v & ~mask) | (UINT64_C(0x5a5a5a5a) << start & mask)));
                }
            }
        }
    }
    g_assert_cmphex(mask64(5, 0), ==, 0);
    g_assert_cmphex(mask32(5, 0), ==, 0);
    g_assert_cmpint(sign_extend64(0x80, 8), ==, -128);
    g_assert_cmpint(sign_extend32(0x7f, 8), ==, 127);
}

static void test_counts(void)
{
    g_assert_cmpuint(clz64(0), ==, 64);
    g_assert_cmpuint(next_bit((const uint64_t[]){ 0, 1 }, 128, 0), ==, 64);
    g_assert_cmpuint(next_bit((const uint64_t[]){ 5, UINT64_C(1) << 63 }, 128, 1), ==, 2);
    g_assert_cmpuint(next_bit((const uint64_t[]){ 5, UINT64_C(1) << 63 }, 128, 3), ==, 127);
    g_assert_cmpuint(next_bit((const uint64_t[]){ 5, 0 }, 128, 3), ==, 128);
    g_assert_cmpuint(next_bit((const uint64_t[]){ 5, 1 }, 128, 128), ==, 128);
    g_assert_cmpuint(ctz64(0), ==, 64);
    g_assert_cmpuint(clz32(0), ==, 32);
    g_assert_cmpuint(ctz32(0), ==, 32);
    for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
        uint64_t v = values[i], reversed = 0;
        unsigned ones = 0, leading = 0;

        for (unsigned b = 0; b < 64; b++) {
            ones += v >> b & 1;
            reversed |= (v >> b & 1) << (63 - b);
        }
        while (leading < 63 && (v >> (62 - leading) & 1) == v >> 63) {
            leading++;
        }
        g_assert_cmpuint(ctpop64(v), ==, ones);
        g_assert_cmphex(bitrev64(v), ==, reversed);
        g_assert_cmphex(bitrev32((uint32_t)v), ==, reversed >> 32);
        g_assert_cmpuint(cls64(v), ==, leading);
        if (v) {
            g_assert_cmpuint(clz64(v), ==, ctz64(reversed));
        }
        for (unsigned n = 0; n < 64; n++) {
            g_assert_cmphex(ror64(rol64(v, n), n), ==, v);
            g_assert_cmphex(rol64(v, n), ==, n ? v << n | v >> (64 - n) : v);
            g_assert_cmphex(ror32((uint32_t)v, n), ==, (uint32_t)((v << 32 | (uint32_t)v) >> (n % 32)));
        }
    }
    g_assert_cmpuint(cls32(0), ==, 31);
    g_assert_cmpuint(cls32(0xc0000000), ==, 1);
    g_assert_true(is_pow2(1) && is_pow2(BIT64(63)) && !is_pow2(0) && !is_pow2(6));
    g_assert_cmphex(pow2_ceil(1), ==, 1);
    g_assert_cmphex(pow2_ceil(4097), ==, 8192);
    g_assert_cmphex(pow2_ceil(BIT64(63)), ==, BIT64(63));
    g_assert_cmphex(align_up(4097, 4096), ==, 8192);
    g_assert_cmphex(align_down(8191, 4096), ==, 4096);
}

static void test_bytes(void)
{
    static const uint8_t bytes[] = { 0xff, 0x81, 0x82, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88 };
    uint8_t out[9];

    g_assert_cmphex(ldl_le_p(bytes + 1), ==, 0x04038281);
    g_assert_cmphex(ldl_be_p(bytes + 1), ==, 0x81820304);
    g_assert_cmphex(ldq_le_p(bytes + 1), ==, 0x8807060504038281);
    g_assert_cmphex(ldq_be_p(bytes + 1), ==, 0x8182030405060788);
    g_assert_cmphex(lduw_be_p(bytes + 1), ==, 0x8182);
    g_assert_cmpint(ldsw_le_p(bytes + 1), ==, (int16_t)0x8281);
    g_assert_cmpint(ldsw_be_p(bytes + 1), ==, (int16_t)0x8182);
    g_assert_cmpint(ldsb_p(bytes), ==, -1);
    g_assert_cmpuint(ldub_p(bytes), ==, 255);
    for (unsigned size = 1; size <= 8; size *= 2) {
        stn_le_p(out + 1, ldn_le_p(bytes + 1, size), size);
        g_assert_cmpmem(out + 1, size, bytes + 1, size);
        stn_be_p(out + 1, ldn_be_p(bytes + 1, size), size);
        g_assert_cmpmem(out + 1, size, bytes + 1, size);
        g_assert_cmphex(bswap_size(ldn_le_p(bytes, size), size), ==, ldn_be_p(bytes, size));
    }
    stq_be_p(out, 0x0102030405060708);
    g_assert_cmphex(ldq_le_p(out), ==, 0x0807060504030201);
    stw_le_p(out, 0x1234);
    g_assert_cmphex(out[0], ==, 0x34);
    stl_be_p(out, 0x12345678);
    g_assert_cmphex(out[0], ==, 0x12);
    stb_p(out, 9);
    g_assert_cmphex(out[0], ==, 9);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bits/fields", test_fields);
    g_test_add_func("/bits/counts", test_counts);
    g_test_add_func("/bits/bytes", test_bytes);
    return g_test_run();
}
