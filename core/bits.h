/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bits: field extract and deposit, sign extension, counts, rotates, byte swaps, and unaligned loads and stores in a
 * given byte order. Widths of 0 and shifts by the whole width are the caller's mistake and are asserted, except
 * where a comment says otherwise. Hosts are little-endian.
 */
#ifndef CORE_BITS_H
#define CORE_BITS_H

#include <glib.h>
#include <string.h>
#include "core/forward.h"

G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);

#define BIT32(n) ((uint32_t)1 << (n))
#define BIT64(n) ((uint64_t)1 << (n))

/* -- fields ------------------------------------------------------------------------------------------------ */

/* length ones at start; a length of 0 gives 0. */
static inline uint64_t mask64(unsigned start, unsigned length)
{
    g_assert(start + length <= 64);
    return length ? (~UINT64_C(0) >> (64 - length)) << start : 0;
}

static inline uint32_t mask32(unsigned start, unsigned length)
{
    g_assert(start + length <= 32);
    return length ? (~UINT32_C(0) >> (32 - length)) << start : 0;
}

static inline uint32_t extract32(uint32_t value, unsigned start, unsigned length)
{
    g_assert(length > 0 && start + length <= 32);
    return (value >> start) & (~UINT32_C(0) >> (32 - length));
}

static inline uint64_t extract64(uint64_t value, unsigned start, unsigned length)
{
    g_assert(length > 0 && start + length <= 64);
    return (value >> start) & (~UINT64_C(0) >> (64 - length));
}

/* As extract, with the field's top bit as its sign. */
static inline int32_t sextract32(uint32_t value, unsigned start, unsigned length)
{
    g_assert(length > 0 && start + length <= 32);
    return (int32_t)(value << (32 - length - start)) >> (32 - length);
}

static inline int64_t sextract64(uint64_t value, unsigned start, unsigned length)
{
    g_assert(length > 0 && start + length <= 64);
    return (int64_t)(value << (64 - length - start)) >> (64 - length);
}

/* value with the field replaced by the low bits of field. */
static inline uint32_t deposit32(uint32_t value, unsigned start, unsigned length, uint32_t field)
{
    uint32_t mask = mask32(start, length);

    return (value & ~mask) | ((field << (start & 31)) & mask);
}

static inline uint64_t deposit64(uint64_t value, unsigned start, unsigned length, uint64_t field)
{
    uint64_t mask = mask64(start, length);

    return (value & ~mask) | ((field << (start & 63)) & mask);
}

/* The low `bits` bits of value (1 to 64), sign-extended. */
static inline int64_t sign_extend64(uint64_t value, unsigned bits)
{
    return sextract64(value, 0, bits);
}

static inline int32_t sign_extend32(uint32_t value, unsigned bits)
{
    return sextract32(value, 0, bits);
}

/* -- counts and rotates: 0 has as many leading and trailing zeros as it has bits ---------------------------- */

static inline unsigned clz32(uint32_t v)
{
    return v ? (unsigned)__builtin_clz(v) : 32;
}

static inline unsigned clz64(uint64_t v)
{
    return v ? (unsigned)__builtin_clzll(v) : 64;
}

static inline unsigned ctz32(uint32_t v)
{
    return v ? (unsigned)__builtin_ctz(v) : 32;
}

static inline unsigned ctz64(uint64_t v)
{
    return v ? (unsigned)__builtin_ctzll(v) : 64;
}

/* The lowest bit that is set in an array, of those from i on; num, how many it has (64 a word), if there is none. */
static inline unsigned next_bit(const uint64_t *words, unsigned num, unsigned i)
{
    for (; i < num; i = (i | 63) + 1) {
        uint64_t left = words[i / 64] >> i % 64;

        if (left) {
            return i + ctz64(left);
        }
    }
    return num;
}

/* Leading copies of the sign bit, not counting it: 0 to width - 1. */
static inline unsigned cls32(uint32_t v)
{
    return clz32((v ^ (v << 1)) | 1);
}

static inline unsigned cls64(uint64_t v)
{
    return clz64((v ^ (v << 1)) | 1);
}

static inline unsigned ctpop32(uint32_t v)
{
    return (unsigned)__builtin_popcount(v);
}

static inline unsigned ctpop64(uint64_t v)
{
    return (unsigned)__builtin_popcountll(v);
}

/* n is taken modulo the width. */
static inline uint32_t rol32(uint32_t v, unsigned n)
{
    return (v << (n & 31)) | (v >> (-n & 31));
}

static inline uint32_t ror32(uint32_t v, unsigned n)
{
    return (v >> (n & 31)) | (v << (-n & 31));
}

static inline uint64_t rol64(uint64_t v, unsigned n)
{
    return (v << (n & 63)) | (v >> (-n & 63));
}

static inline uint64_t ror64(uint64_t v, unsigned n)
{
    return (v >> (n & 63)) | (v << (-n & 63));
}

/* The bits in opposite order. */
static inline uint32_t bitrev32(uint32_t v)
{
    v = __builtin_bswap32(v);
    v = ((v & 0x0f0f0f0f) << 4) | ((v >> 4) & 0x0f0f0f0f);
    v = ((v & 0x33333333) << 2) | ((v >> 2) & 0x33333333);
    return ((v & 0x55555555) << 1) | ((v >> 1) & 0x55555555);
}

static inline uint64_t bitrev64(uint64_t v)
{
    return (uint64_t)bitrev32((uint32_t)v) << 32 | bitrev32((uint32_t)(v >> 32));
}

static inline bool is_pow2(uint64_t v)
{
    return v && !(v & (v - 1));
}

/* The least power of two that is at least v; v is 1 to 2^63. */
static inline uint64_t pow2_ceil(uint64_t v)
{
    g_assert(v > 0 && v <= BIT64(63));
    return v == 1 ? 1 : BIT64(64 - clz64(v - 1));
}

/* align is a power of two. */
static inline uint64_t align_down(uint64_t v, uint64_t align)
{
    return v & ~(align - 1);
}

static inline uint64_t align_up(uint64_t v, uint64_t align)
{
    return (v + align - 1) & ~(align - 1);
}

/* -- bytes ------------------------------------------------------------------------------------------------- */

static inline uint16_t bswap16(uint16_t v)
{
    return __builtin_bswap16(v);
}

static inline uint32_t bswap32(uint32_t v)
{
    return __builtin_bswap32(v);
}

static inline uint64_t bswap64(uint64_t v)
{
    return __builtin_bswap64(v);
}

/* The low `size` bytes (1, 2, 4, 8) of v in opposite order. */
static inline uint64_t bswap_size(uint64_t v, unsigned size)
{
    g_assert(size == 1 || size == 2 || size == 4 || size == 8);
    return __builtin_bswap64(v) >> (64 - 8 * size);
}

/*
 * Loads and stores at any alignment: ld / st, size (ub: 1 byte, uw: 2, l: 4, q: 8; sw and sb sign-extend to int),
 * byte order (le, be), p for a host pointer.
 */
static inline unsigned ldub_p(const void *p)
{
    return *(const uint8_t *)p;
}

static inline int ldsb_p(const void *p)
{
    return *(const int8_t *)p;
}

static inline void stb_p(void *p, uint8_t v)
{
    *(uint8_t *)p = v;
}

#define BITS_DEFINE_ACCESS(load, store, type, swap) \
    static inline type load##_le_p(const void *p) \
    { \
        type v; \
        memcpy(&v, p, sizeof(v)); \
        return v; \
    } \
    static inline type load##_be_p(const void *p) \
    { \
        return swap(load##_le_p(p)); \
    } \
    static inline void store##_le_p(void *p, type v) \
    { \
        memcpy(p, &v, sizeof(v)); \
    } \
    static inline void store##_be_p(void *p, type v) \
    { \
        store##_le_p(p, swap(v)); \
    }
BITS_DEFINE_ACCESS(lduw, stw, uint16_t, bswap16)
BITS_DEFINE_ACCESS(ldl, stl, uint32_t, bswap32)
BITS_DEFINE_ACCESS(ldq, stq, uint64_t, bswap64)
#undef BITS_DEFINE_ACCESS

static inline int ldsw_le_p(const void *p)
{
    return (int16_t)lduw_le_p(p);
}

static inline int ldsw_be_p(const void *p)
{
    return (int16_t)lduw_be_p(p);
}

/* `size` (1, 2, 4, 8) bytes, zero-extended. */
static inline uint64_t ldn_le_p(const void *p, unsigned size)
{
    uint64_t v = 0;

    g_assert(size == 1 || size == 2 || size == 4 || size == 8);
    memcpy(&v, p, size);
    return v;
}

static inline uint64_t ldn_be_p(const void *p, unsigned size)
{
    return bswap_size(ldn_le_p(p, size), size);
}

static inline void stn_le_p(void *p, uint64_t v, unsigned size)
{
    g_assert(size == 1 || size == 2 || size == 4 || size == 8);
    memcpy(p, &v, size);
}

static inline void stn_be_p(void *p, uint64_t v, unsigned size)
{
    stn_le_p(p, bswap_size(v, size), size);
}

#endif
