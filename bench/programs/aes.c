/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AES-128 (FIPS 197) in counter mode with the processor's instructions: four blocks a turn. Without the instructions
 * it ends with status 77.
 */
#include "bench/programs/bench.h"

#ifdef __aarch64__
#include <arm_neon.h>
#include <sys/auxv.h>

#define USES __attribute__((target("+crypto")))
typedef uint8x16_t Block;

static int available(void)
{
    return (getauxval(AT_HWCAP) >> 3 & 1) != 0;         /* HWCAP_AES */
}

static USES Block load(const uint8_t *p)
{
    return vld1q_u8(p);
}

static USES void store(uint8_t *p, Block b)
{
    vst1q_u8(p, b);
}

static USES Block exclusive_or(Block a, Block b)
{
    return veorq_u8(a, b);
}

static USES void encrypt(Block *b, unsigned n, const uint8_t keys[11][16])
{
    Block k[11];

    for (int i = 0; i < 11; i++) {
        k[i] = load(keys[i]);
    }
    for (int i = 0; i < 9; i++) {
        for (unsigned m = 0; m < n; m++) {
            b[m] = vaesmcq_u8(vaeseq_u8(b[m], k[i]));
        }
    }
    for (unsigned m = 0; m < n; m++) {
        b[m] = veorq_u8(vaeseq_u8(b[m], k[9]), k[10]);
    }
}
#else
#include <wmmintrin.h>

#define USES __attribute__((target("aes,sse4.1")))
typedef __m128i Block;

static int available(void)
{
    return __builtin_cpu_supports("aes");
}

static USES Block load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

static USES void store(uint8_t *p, Block b)
{
    _mm_storeu_si128((__m128i *)p, b);
}

static USES Block exclusive_or(Block a, Block b)
{
    return _mm_xor_si128(a, b);
}

static USES void encrypt(Block *b, unsigned n, const uint8_t keys[11][16])
{
    Block k[11];

    for (int i = 0; i < 11; i++) {
        k[i] = load(keys[i]);
    }
    for (unsigned m = 0; m < n; m++) {
        b[m] = _mm_xor_si128(b[m], k[0]);
    }
    for (int i = 1; i < 10; i++) {
        for (unsigned m = 0; m < n; m++) {
            b[m] = _mm_aesenc_si128(b[m], k[i]);
        }
    }
    for (unsigned m = 0; m < n; m++) {
        b[m] = _mm_aesenclast_si128(b[m], k[10]);
    }
}
#endif

enum { SIZE = 4096 };

static uint8_t times2(uint8_t x)
{
    return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b);
}

/* The S-box by its definition (FIPS 197, 5.1.1), since keys need it. */
static uint8_t sbox(uint8_t x)
{
    uint8_t inverse = 0, s;

    for (int y = 1; y < 256 && x; y++) {
        uint8_t product = 0, a = x;

        for (int bits = y; bits; bits >>= 1, a = times2(a)) {
            product ^= bits & 1 ? a : 0;
        }
        if (product == 1) {
            inverse = (uint8_t)y;
            break;
        }
    }
    s = inverse;
    for (int i = 1; i < 5; i++) {
        s ^= (uint8_t)(inverse << i | inverse >> (8 - i));
    }
    return s ^ 0x63;
}

static void expand(const uint8_t key[16], uint8_t keys[11][16])
{
    uint8_t *k = keys[0], rcon = 1;

    memcpy(k, key, 16);
    for (int i = 16; i < 176; i += 4) {
        uint8_t t[4];

        memcpy(t, k + i - 4, 4);
        if (i % 16 == 0) {
            uint8_t first = t[0];

            t[0] = sbox(t[1]) ^ rcon;
            t[1] = sbox(t[2]);
            t[2] = sbox(t[3]);
            t[3] = sbox(first);
            rcon = times2(rcon);
        }
        for (int n = 0; n < 4; n++) {
            k[i + n] = k[i + n - 16] ^ t[n];
        }
    }
}

/* FIPS 197, appendix C.1 */
static USES int self_test(void)
{
    static const uint8_t expected[16] = { 0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
                                          0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a };
    uint8_t key[16], text[16], keys[11][16];
    Block b[1];

    for (int i = 0; i < 16; i++) {
        key[i] = (uint8_t)i;
        text[i] = (uint8_t)(i * 0x11);
    }
    expand(key, keys);
    b[0] = load(text);
    encrypt(b, 1, keys);
    store(text, b[0]);
    return memcmp(text, expected, 16) == 0;
}

static USES void counter_mode(uint8_t *data, uint64_t count, const uint8_t keys[11][16])
{
    for (int at = 0; at < SIZE; at += 64) {
        Block b[4];

        for (int i = 0; i < 4; i++) {
            uint64_t word[2] = { 0x1122334455667788, count++ };

            b[i] = load((const uint8_t *)word);
        }
        encrypt(b, 4, keys);
        for (int i = 0; i < 4; i++) {
            store(data + at + i * 16, exclusive_or(load(data + at + i * 16), b[i]));
        }
    }
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    static uint8_t data[SIZE];
    uint8_t key[16] = "a key for tests", keys[11][16];
    uint64_t sum = 0, word;

    if (!available()) {
        return 77;
    }
    if (!self_test()) {
        return 1;
    }
    expand(key, keys);
    for (unsigned long r = 0; r < rounds; r++) {
        counter_mode(data, r * (SIZE / 16), keys);
    }
    for (int i = 0; i < SIZE; i += 8) {
        memcpy(&word, data + i, 8);
        sum = bench_mix(sum, word);
    }
    return bench_result(sum);
}
