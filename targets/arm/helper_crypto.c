/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cryptographic instructions (Arm DDI 0487, C7.2; FIPS 180-4, FIPS 197, GB/T 32905 SM3, GB/T 32907 SM4) and
 * polynomial multiplication. Words and doublewords of a vector are numbered from the lowest.
 *
 * Not modelled: time that does not depend on data. Tables are indexed by it.
 */
#include <string.h>

#include "core/bits.h"
#include "targets/arm/helper.h"

typedef union Vec {
    uint8_t b[16];
    uint16_t h[8];
    uint32_t s[4];
    uint64_t d[2];
} Vec;

static Vec load(const void *p)
{
    Vec v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static void store(void *p, Vec v)
{
    memcpy(p, &v, sizeof(v));
}

/* -- polynomials over {0, 1} ------------------------------------------------------------------- */

void helper_pmull8(ARMCPU *cpu, const void *np, const void *mp, void *ret)
{
    Vec n = load(np), m = load(mp), r = { .d = { 0, 0 } };

    for (unsigned i = 0; i < 64; i++) {
        r.h[i / 8] ^= m.b[i / 8] >> i % 8 & 1 ? n.b[i / 8] << i % 8 : 0;
    }
    store(ret, r);
}

/* Four bits of m at a time, from the top. */
void helper_pmull64(ARMCPU *cpu, const void *np, const void *mp, void *ret)
{
    uint64_t n = load(np).d[0], m = load(mp).d[0];
    Vec r = { .d = { 0, 0 } };
    uint64_t lo[16] = { 0, n }, hi[16] = { 0, 0 };

    for (unsigned i = 2; i < 16; i += 2) {
        lo[i] = lo[i / 2] << 1;
        hi[i] = hi[i / 2] << 1 | lo[i / 2] >> 63;
        lo[i + 1] = lo[i] ^ n;
        hi[i + 1] = hi[i];
    }
    for (int i = 60; i >= 0; i -= 4) {
        unsigned k = m >> i & 15;

        r.d[1] = (r.d[1] << 4 | r.d[0] >> 60) ^ hi[k];
        r.d[0] = r.d[0] << 4 ^ lo[k];
    }
    store(ret, r);
}

/* -- AES: bytes of the state by columns -------------------------------------------------------- */

static const uint8_t aes_sbox[256] = {
    0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b, 0xfe, 0xd7, 0xab, 0x76,
    0xca, 0x82, 0xc9, 0x7d, 0xfa, 0x59, 0x47, 0xf0, 0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4, 0x72, 0xc0,
    0xb7, 0xfd, 0x93, 0x26, 0x36, 0x3f, 0xf7, 0xcc, 0x34, 0xa5, 0xe5, 0xf1, 0x71, 0xd8, 0x31, 0x15,
    0x04, 0xc7, 0x23, 0xc3, 0x18, 0x96, 0x05, 0x9a, 0x07, 0x12, 0x80, 0xe2, 0xeb, 0x27, 0xb2, 0x75,
    0x09, 0x83, 0x2c, 0x1a, 0x1b, 0x6e, 0x5a, 0xa0, 0x52, 0x3b, 0xd6, 0xb3, 0x29, 0xe3, 0x2f, 0x84,
    0x53, 0xd1, 0x00, 0xed, 0x20, 0xfc, 0xb1, 0x5b, 0x6a, 0xcb, 0xbe, 0x39, 0x4a, 0x4c, 0x58, 0xcf,
    0xd0, 0xef, 0xaa, 0xfb, 0x43, 0x4d, 0x33, 0x85, 0x45, 0xf9, 0x02, 0x7f, 0x50, 0x3c, 0x9f, 0xa8,
    0x51, 0xa3, 0x40, 0x8f, 0x92, 0x9d, 0x38, 0xf5, 0xbc, 0xb6, 0xda, 0x21, 0x10, 0xff, 0xf3, 0xd2,
    0xcd, 0x0c, 0x13, 0xec, 0x5f, 0x97, 0x44, 0x17, 0xc4, 0xa7, 0x7e, 0x3d, 0x64, 0x5d, 0x19, 0x73,
    0x60, 0x81, 0x4f, 0xdc, 0x22, 0x2a, 0x90, 0x88, 0x46, 0xee, 0xb8, 0x14, 0xde, 0x5e, 0x0b, 0xdb,
    0xe0, 0x32, 0x3a, 0x0a, 0x49, 0x06, 0x24, 0x5c, 0xc2, 0xd3, 0xac, 0x62, 0x91, 0x95, 0xe4, 0x79,
    0xe7, 0xc8, 0x37, 0x6d, 0x8d, 0xd5, 0x4e, 0xa9, 0x6c, 0x56, 0xf4, 0xea, 0x65, 0x7a, 0xae, 0x08,
    0xba, 0x78, 0x25, 0x2e, 0x1c, 0xa6, 0xb4, 0xc6, 0xe8, 0xdd, 0x74, 0x1f, 0x4b, 0xbd, 0x8b, 0x8a,
    0x70, 0x3e, 0xb5, 0x66, 0x48, 0x03, 0xf6, 0x0e, 0x61, 0x35, 0x57, 0xb9, 0x86, 0xc1, 0x1d, 0x9e,
    0xe1, 0xf8, 0x98, 0x11, 0x69, 0xd9, 0x8e, 0x94, 0x9b, 0x1e, 0x87, 0xe9, 0xce, 0x55, 0x28, 0xdf,
    0x8c, 0xa1, 0x89, 0x0d, 0xbf, 0xe6, 0x42, 0x68, 0x41, 0x99, 0x2d, 0x0f, 0xb0, 0x54, 0xbb, 0x16,
};

static const uint8_t aes_inv_sbox[256] = {
    0x52, 0x09, 0x6a, 0xd5, 0x30, 0x36, 0xa5, 0x38, 0xbf, 0x40, 0xa3, 0x9e, 0x81, 0xf3, 0xd7, 0xfb,
    0x7c, 0xe3, 0x39, 0x82, 0x9b, 0x2f, 0xff, 0x87, 0x34, 0x8e, 0x43, 0x44, 0xc4, 0xde, 0xe9, 0xcb,
    0x54, 0x7b, 0x94, 0x32, 0xa6, 0xc2, 0x23, 0x3d, 0xee, 0x4c, 0x95, 0x0b, 0x42, 0xfa, 0xc3, 0x4e,
    0x08, 0x2e, 0xa1, 0x66, 0x28, 0xd9, 0x24, 0xb2, 0x76, 0x5b, 0xa2, 0x49, 0x6d, 0x8b, 0xd1, 0x25,
    0x72, 0xf8, 0xf6, 0x64, 0x86, 0x68, 0x98, 0x16, 0xd4, 0xa4, 0x5c, 0xcc, 0x5d, 0x65, 0xb6, 0x92,
    0x6c, 0x70, 0x48, 0x50, 0xfd, 0xed, 0xb9, 0xda, 0x5e, 0x15, 0x46, 0x57, 0xa7, 0x8d, 0x9d, 0x84,
    0x90, 0xd8, 0xab, 0x00, 0x8c, 0xbc, 0xd3, 0x0a, 0xf7, 0xe4, 0x58, 0x05, 0xb8, 0xb3, 0x45, 0x06,
    0xd0, 0x2c, 0x1e, 0x8f, 0xca, 0x3f, 0x0f, 0x02, 0xc1, 0xaf, 0xbd, 0x03, 0x01, 0x13, 0x8a, 0x6b,
    0x3a, 0x91, 0x11, 0x41, 0x4f, 0x67, 0xdc, 0xea, 0x97, 0xf2, 0xcf, 0xce, 0xf0, 0xb4, 0xe6, 0x73,
    0x96, 0xac, 0x74, 0x22, 0xe7, 0xad, 0x35, 0x85, 0xe2, 0xf9, 0x37, 0xe8, 0x1c, 0x75, 0xdf, 0x6e,
    0x47, 0xf1, 0x1a, 0x71, 0x1d, 0x29, 0xc5, 0x89, 0x6f, 0xb7, 0x62, 0x0e, 0xaa, 0x18, 0xbe, 0x1b,
    0xfc, 0x56, 0x3e, 0x4b, 0xc6, 0xd2, 0x79, 0x20, 0x9a, 0xdb, 0xc0, 0xfe, 0x78, 0xcd, 0x5a, 0xf4,
    0x1f, 0xdd, 0xa8, 0x33, 0x88, 0x07, 0xc7, 0x31, 0xb1, 0x12, 0x10, 0x59, 0x27, 0x80, 0xec, 0x5f,
    0x60, 0x51, 0x7f, 0xa9, 0x19, 0xb5, 0x4a, 0x0d, 0x2d, 0xe5, 0x7a, 0x9f, 0x93, 0xc9, 0x9c, 0xef,
    0xa0, 0xe0, 0x3b, 0x4d, 0xae, 0x2a, 0xf5, 0xb0, 0xc8, 0xeb, 0xbb, 0x3c, 0x83, 0x53, 0x99, 0x61,
    0x17, 0x2b, 0x04, 0x7e, 0xba, 0x77, 0xd6, 0x26, 0xe1, 0x69, 0x14, 0x63, 0x55, 0x21, 0x0c, 0x7d,
};

/* AddRoundKey has been done: ShiftRows and SubBytes, or their inverses. */
void helper_aese(ARMCPU *cpu, const void *p, void *ret)
{
    Vec v = load(p), r;

    for (unsigned i = 0; i < 16; i++) {
        r.b[i] = aes_sbox[v.b[(i + i % 4 * 4) % 16]];
    }
    store(ret, r);
}

void helper_aesd(ARMCPU *cpu, const void *p, void *ret)
{
    Vec v = load(p), r;

    for (unsigned i = 0; i < 16; i++) {
        r.b[i] = aes_inv_sbox[v.b[(i - i % 4 * 4) % 16]];
    }
    store(ret, r);
}

/* Each byte of a column times 2 in GF(2^8). */
static uint32_t times2(uint32_t column)
{
    return (column & 0x7f7f7f7f) << 1 ^ (column >> 7 & 0x01010101) * 0x1b;
}

/* A column times the matrix of rows 2 3 1 1, 1 2 3 1, ... */
static uint32_t mix_column(uint32_t c)
{
    uint32_t c2 = times2(c);

    return c2 ^ ror32(c2 ^ c, 8) ^ ror32(c, 16) ^ ror32(c, 24);
}

void helper_aesmc(ARMCPU *cpu, const void *p, void *ret)
{
    Vec v = load(p);

    for (unsigned i = 0; i < 4; i++) {
        v.s[i] = mix_column(v.s[i]);
    }
    store(ret, v);
}

/* The inverse matrix (14 11 13 9) is the matrix times (5 0 4 0). */
void helper_aesimc(ARMCPU *cpu, const void *p, void *ret)
{
    Vec v = load(p);

    for (unsigned i = 0; i < 4; i++) {
        uint32_t c = v.s[i], c4 = times2(times2(c));

        v.s[i] = mix_column(c ^ c4 ^ ror32(c4, 16));
    }
    store(ret, v);
}

/* -- SHA-1 ------------------------------------------------------------------------------------- */

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return ((y ^ z) & x) ^ z;
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | ((x | y) & z);
}

/* Four rounds: x is A to D, y's word 0 is E, w the schedule with the constants added. */
#define SHA1_HASH(name, f) \
    void helper_##name(ARMCPU *cpu, const void *xp, const void *yp, const void *wp, void *ret) \
    { \
        Vec x = load(xp), w = load(wp); \
        uint32_t e = load(yp).s[0]; \
        for (unsigned i = 0; i < 4; i++) { \
            uint32_t t = e + rol32(x.s[0], 5) + f(x.s[1], x.s[2], x.s[3]) + w.s[i]; \
            e = x.s[3]; \
            x = (Vec){ .s = { t, x.s[0], rol32(x.s[1], 30), x.s[2] } }; \
        } \
        store(ret, x); \
    }
SHA1_HASH(sha1c, choose)
SHA1_HASH(sha1p, parity)
SHA1_HASH(sha1m, majority)

void helper_sha1su0(ARMCPU *cpu, const void *dp, const void *np, const void *mp, void *ret)
{
    Vec d = load(dp), n = load(np), m = load(mp);

    store(ret, (Vec){ .d = { d.d[1] ^ d.d[0] ^ m.d[0], n.d[0] ^ d.d[1] ^ m.d[1] } });
}

void helper_sha1su1(ARMCPU *cpu, const void *dp, const void *np, void *ret)
{
    Vec d = load(dp), n = load(np), r;

    for (unsigned i = 0; i < 4; i++) {
        r.s[i] = rol32(d.s[i] ^ (i < 3 ? n.s[i + 1] : 0), 1);
    }
    r.s[3] ^= rol32(r.s[0], 1);
    store(ret, r);
}

/* -- SHA-256 ----------------------------------------------------------------------------------- */

/* Four rounds: x is A to D, y is E to H; both are updated. */
static void sha256_rounds(Vec *x, Vec *y, Vec w)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t e = y->s[0], a = x->s[0];
        uint32_t t1 = y->s[3] + (ror32(e, 6) ^ ror32(e, 11) ^ ror32(e, 25)) + choose(e, y->s[1], y->s[2]) +
                      w.s[i];
        uint32_t t2 = (ror32(a, 2) ^ ror32(a, 13) ^ ror32(a, 22)) + majority(a, x->s[1], x->s[2]);

        *y = (Vec){ .s = { x->s[3] + t1, e, y->s[1], y->s[2] } };
        *x = (Vec){ .s = { t1 + t2, a, x->s[1], x->s[2] } };
    }
}

void helper_sha256h(ARMCPU *cpu, const void *xp, const void *yp, const void *wp, void *ret)
{
    Vec x = load(xp), y = load(yp);

    sha256_rounds(&x, &y, load(wp));
    store(ret, x);
}

void helper_sha256h2(ARMCPU *cpu, const void *yp, const void *xp, const void *wp, void *ret)
{
    Vec x = load(xp), y = load(yp);

    sha256_rounds(&x, &y, load(wp));
    store(ret, y);
}

void helper_sha256su0(ARMCPU *cpu, const void *dp, const void *np, void *ret)
{
    Vec d = load(dp), n = load(np), r;

    for (unsigned i = 0; i < 4; i++) {
        uint32_t t = i < 3 ? d.s[i + 1] : n.s[0];

        r.s[i] = d.s[i] + (ror32(t, 7) ^ ror32(t, 18) ^ t >> 3);
    }
    store(ret, r);
}

void helper_sha256su1(ARMCPU *cpu, const void *dp, const void *np, const void *mp, void *ret)
{
    Vec d = load(dp), n = load(np), m = load(mp), r;

    for (unsigned i = 0; i < 4; i++) {
        uint32_t t = i < 2 ? m.s[i + 2] : r.s[i - 2];

        r.s[i] = d.s[i] + (i < 3 ? n.s[i + 1] : m.s[0]) + (ror32(t, 17) ^ ror32(t, 19) ^ t >> 10);
    }
    store(ret, r);
}

/* -- SHA-512 ----------------------------------------------------------------------------------- */

static uint64_t sum512(uint64_t x, unsigned a, unsigned b, unsigned c)
{
    return ror64(x, a) ^ ror64(x, b) ^ ror64(x, c);
}

void helper_sha512h(ARMCPU *cpu, const void *wp, const void *xp, const void *yp, void *ret)
{
    Vec w = load(wp), x = load(xp), y = load(yp), r;
    uint64_t e;

    r.d[1] = w.d[1] + sum512(y.d[1], 14, 18, 41) + ((y.d[1] & x.d[0]) ^ (~y.d[1] & x.d[1]));
    e = r.d[1] + y.d[0];
    r.d[0] = w.d[0] + sum512(e, 14, 18, 41) + ((e & y.d[1]) ^ (~e & x.d[0]));
    store(ret, r);
}

static uint64_t majority64(uint64_t x, uint64_t y, uint64_t z)
{
    return (x & y) ^ (x & z) ^ (y & z);
}

void helper_sha512h2(ARMCPU *cpu, const void *wp, const void *xp, const void *yp, void *ret)
{
    Vec w = load(wp), x = load(xp), y = load(yp), r;

    r.d[1] = w.d[1] + sum512(y.d[0], 28, 34, 39) + majority64(x.d[0], y.d[1], y.d[0]);
    r.d[0] = w.d[0] + sum512(r.d[1], 28, 34, 39) + majority64(r.d[1], y.d[0], y.d[1]);
    store(ret, r);
}

void helper_sha512su0(ARMCPU *cpu, const void *wp, const void *xp, void *ret)
{
    Vec w = load(wp), x = load(xp);
    uint64_t t[2] = { w.d[1], x.d[0] };

    for (unsigned i = 0; i < 2; i++) {
        w.d[i] += ror64(t[i], 1) ^ ror64(t[i], 8) ^ t[i] >> 7;
    }
    store(ret, w);
}

void helper_sha512su1(ARMCPU *cpu, const void *wp, const void *xp, const void *yp, void *ret)
{
    Vec w = load(wp), x = load(xp), y = load(yp);

    for (unsigned i = 0; i < 2; i++) {
        w.d[i] += y.d[i] + (ror64(x.d[i], 19) ^ ror64(x.d[i], 61) ^ x.d[i] >> 6);
    }
    store(ret, w);
}

/* -- SM3 --------------------------------------------------------------------------------------- */

void helper_sm3ss1(ARMCPU *cpu, const void *np, const void *mp, const void *ap, void *ret)
{
    uint32_t n = load(np).s[3], m = load(mp).s[3], a = load(ap).s[3];

    store(ret, (Vec){ .s = { 0, 0, 0, rol32(rol32(n, 12) + m + a, 7) } });
}

/* which: bit 1 is TT2 (else TT1), bit 0 the functions of rounds 16 to 63 (B). */
void helper_sm3tt(ARMCPU *cpu, const void *dp, const void *np, const void *mp, uint32_t which, uint32_t lane,
                  void *ret)
{
    Vec d = load(dp);
    bool tt2 = which & 2, b = which & 1;
    uint32_t x = d.s[3], y = d.s[2], z = d.s[1], n = load(np).s[3], t;

    t = !b ? parity(x, y, z) : tt2 ? choose(x, y, z) : majority(x, y, z);
    t += d.s[0] + load(mp).s[lane] + (tt2 ? n : n ^ rol32(x, 12));
    store(ret, (Vec){ .s = { z, rol32(y, tt2 ? 19 : 9), x, tt2 ? t ^ rol32(t, 9) ^ rol32(t, 17) : t } });
}

/* The permutation P1. */
static uint32_t sm3_p1(uint32_t x)
{
    return x ^ rol32(x, 15) ^ rol32(x, 23);
}

void helper_sm3partw1(ARMCPU *cpu, const void *dp, const void *np, const void *mp, void *ret)
{
    Vec d = load(dp), n = load(np), m = load(mp), r;

    for (unsigned i = 0; i < 4; i++) {
        r.s[i] = sm3_p1(d.s[i] ^ n.s[i] ^ rol32(i < 3 ? m.s[i + 1] : r.s[0], 15));
    }
    store(ret, r);
}

void helper_sm3partw2(ARMCPU *cpu, const void *dp, const void *np, const void *mp, void *ret)
{
    Vec d = load(dp), n = load(np), m = load(mp), t;

    for (unsigned i = 0; i < 4; i++) {
        t.s[i] = n.s[i] ^ rol32(m.s[i], 7);
        d.s[i] ^= t.s[i];
    }
    d.s[3] ^= sm3_p1(rol32(t.s[0], 15));
    store(ret, d);
}

/* -- SM4 --------------------------------------------------------------------------------------- */

static const uint8_t sm4_sbox[256] = {
    0xd6, 0x90, 0xe9, 0xfe, 0xcc, 0xe1, 0x3d, 0xb7, 0x16, 0xb6, 0x14, 0xc2, 0x28, 0xfb, 0x2c, 0x05,
    0x2b, 0x67, 0x9a, 0x76, 0x2a, 0xbe, 0x04, 0xc3, 0xaa, 0x44, 0x13, 0x26, 0x49, 0x86, 0x06, 0x99,
    0x9c, 0x42, 0x50, 0xf4, 0x91, 0xef, 0x98, 0x7a, 0x33, 0x54, 0x0b, 0x43, 0xed, 0xcf, 0xac, 0x62,
    0xe4, 0xb3, 0x1c, 0xa9, 0xc9, 0x08, 0xe8, 0x95, 0x80, 0xdf, 0x94, 0xfa, 0x75, 0x8f, 0x3f, 0xa6,
    0x47, 0x07, 0xa7, 0xfc, 0xf3, 0x73, 0x17, 0xba, 0x83, 0x59, 0x3c, 0x19, 0xe6, 0x85, 0x4f, 0xa8,
    0x68, 0x6b, 0x81, 0xb2, 0x71, 0x64, 0xda, 0x8b, 0xf8, 0xeb, 0x0f, 0x4b, 0x70, 0x56, 0x9d, 0x35,
    0x1e, 0x24, 0x0e, 0x5e, 0x63, 0x58, 0xd1, 0xa2, 0x25, 0x22, 0x7c, 0x3b, 0x01, 0x21, 0x78, 0x87,
    0xd4, 0x00, 0x46, 0x57, 0x9f, 0xd3, 0x27, 0x52, 0x4c, 0x36, 0x02, 0xe7, 0xa0, 0xc4, 0xc8, 0x9e,
    0xea, 0xbf, 0x8a, 0xd2, 0x40, 0xc7, 0x38, 0xb5, 0xa3, 0xf7, 0xf2, 0xce, 0xf9, 0x61, 0x15, 0xa1,
    0xe0, 0xae, 0x5d, 0xa4, 0x9b, 0x34, 0x1a, 0x55, 0xad, 0x93, 0x32, 0x30, 0xf5, 0x8c, 0xb1, 0xe3,
    0x1d, 0xf6, 0xe2, 0x2e, 0x82, 0x66, 0xca, 0x60, 0xc0, 0x29, 0x23, 0xab, 0x0d, 0x53, 0x4e, 0x6f,
    0xd5, 0xdb, 0x37, 0x45, 0xde, 0xfd, 0x8e, 0x2f, 0x03, 0xff, 0x6a, 0x72, 0x6d, 0x6c, 0x5b, 0x51,
    0x8d, 0x1b, 0xaf, 0x92, 0xbb, 0xdd, 0xbc, 0x7f, 0x11, 0xd9, 0x5c, 0x41, 0x1f, 0x10, 0x5a, 0xd8,
    0x0a, 0xc1, 0x31, 0x88, 0xa5, 0xcd, 0x7b, 0xbd, 0x2d, 0x74, 0xd0, 0x12, 0xb8, 0xe5, 0xb4, 0xb0,
    0x89, 0x69, 0x97, 0x4a, 0x0c, 0x96, 0x77, 0x7e, 0x65, 0xb9, 0xf1, 0x09, 0xc5, 0x6e, 0xc6, 0x84,
    0x18, 0xf0, 0x7d, 0xec, 0x3a, 0xdc, 0x4d, 0x20, 0x79, 0xee, 0x5f, 0x3e, 0xd7, 0xcb, 0x39, 0x48,
};

static uint32_t sm4_substitute(uint32_t x)
{
    return sm4_sbox[x & 255] | sm4_sbox[x >> 8 & 255] << 8 | sm4_sbox[x >> 16 & 255] << 16 |
           (uint32_t)sm4_sbox[x >> 24] << 24;
}

/* Four rounds on v with keys (or, for the key schedule, constants) k. */
static Vec sm4_rounds(Vec v, Vec k, bool schedule)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t t = sm4_substitute(v.s[3] ^ v.s[2] ^ v.s[1] ^ k.s[i]);

        t ^= schedule ? rol32(t, 13) ^ rol32(t, 23) :
                        rol32(t, 2) ^ rol32(t, 10) ^ rol32(t, 18) ^ rol32(t, 24);
        v = (Vec){ .s = { v.s[1], v.s[2], v.s[3], v.s[0] ^ t } };
    }
    return v;
}

void helper_sm4e(ARMCPU *cpu, const void *d, const void *n, void *ret)
{
    store(ret, sm4_rounds(load(d), load(n), false));
}

void helper_sm4ekey(ARMCPU *cpu, const void *n, const void *m, void *ret)
{
    store(ret, sm4_rounds(load(n), load(m), true));
}
