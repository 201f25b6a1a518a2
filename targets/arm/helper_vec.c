/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Advanced SIMD integer instructions lane by lane (Arm DDI 0487, C7.2).
 *
 * A row gives an operation as an expression of lanes a, b of `bits` bits, computed in 64 bits, or
 * for doublewords in 128. SSAT and USAT limit to the lane's signed and unsigned range and note saturation
 * for FPSR.QC.
 */
#include <string.h>

#include "core/bits.h"
#include "targets/arm/helper.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

__extension__ typedef __int128 Int128;

typedef union Vec {
    uint8_t b[16];
    uint16_t h[8];
    uint32_t s[4];
    uint64_t d[2];
} Vec;

/* -- lanes ------------------------------------------------------------------------------------- */

static ALWAYS_INLINE uint64_t lane_u(const Vec *v, unsigned es, unsigned i)
{
    return es == 0 ? v->b[i] : es == 1 ? v->h[i] : es == 2 ? v->s[i] : v->d[i];
}

static ALWAYS_INLINE int64_t lane_s(const Vec *v, unsigned es, unsigned i)
{
    return es == 0 ? (int8_t)v->b[i] : es == 1 ? (int16_t)v->h[i] : es == 2 ? (int32_t)v->s[i] :
           (int64_t)v->d[i];
}

static ALWAYS_INLINE void lane_set(Vec *v, unsigned es, unsigned i, uint64_t x)
{
    switch (es) {
    case 0:
        v->b[i] = x;
        break;
    case 1:
        v->h[i] = x;
        break;
    case 2:
        v->s[i] = x;
        break;
    default:
        v->d[i] = x;
    }
}

/* -- saturation and shifts, in both widths of computation -------------------------------------- */

#define LIMIT(name, T) \
    static ALWAYS_INLINE T name(T x, T min, T max, bool *qc) \
    { \
        if (x < min || x > max) { \
            *qc = true; \
            return x < min ? min : max; \
        } \
        return x; \
    }
LIMIT(limit_small, int64_t)
LIMIT(limit_big, Int128)

/*
 * x << sh, or for a negative sh x >> -sh, rounded half up. What is shifted out on the left stays a large
 * number.
 */
#define SHIFT_BY(name, T, width) \
    static ALWAYS_INLINE T name(T x, int sh, bool round) \
    { \
        int n = MIN(-sh, (width) + 1); \
        T huge = (T)1 << ((width) * 2 - 2); \
        if (sh >= (width)) { \
            return x == 0 ? 0 : x < 0 ? -huge : huge; \
        } \
        return sh >= 0 ? x * ((T)1 << sh) : (x + (round ? (T)1 << (n - 1) : 0)) >> n; \
    }
SHIFT_BY(shift_small, int64_t, 32)
SHIFT_BY(shift_big, Int128, 64)

#define ONE ((__typeof__(a))1)
#define LIMITED(x, min, max) _Generic((a), Int128: limit_big, default: limit_small)(x, min, max, &qc)
#define SSAT(x) LIMITED(x, -(ONE << (bits - 1)), (ONE << (bits - 1)) - 1)
#define USAT(x) LIMITED(x, 0, ONE * 2 * ((ONE << (bits - 1)) - 1) + 1)
#define SHIFTED(x, sh, round) _Generic((a), Int128: shift_big, default: shift_small)(x, sh, round)

/* -- loops over lanes -------------------------------------------------------------------------- */

/* A loop is compiled once an element size: small computes in 64 bits, big in 128. */
#define BY_SIZE(es, name, ...) \
    ((es) == 0 ? name##_small(__VA_ARGS__, 0) : (es) == 1 ? name##_small(__VA_ARGS__, 1) : \
     (es) == 2 ? name##_small(__VA_ARGS__, 2) : name##_big(__VA_ARGS__, 3))

static void finish(ARMCPU *cpu, bool qc, const Vec *r, void *ret)
{
    if (qc) {
        cpu->fpsr |= FPSR_QC;
    }
    memcpy(ret, r, sizeof(*r));
}

#define UNARY_LOOP(name, T, get, expr) \
    static ALWAYS_INLINE bool name(const Vec *n, Vec *r, unsigned es) \
    { \
        const int bits G_GNUC_UNUSED = 8 << es; \
        bool qc = false; \
        for (unsigned i = 0; i < 16u >> es; i++) { \
            T a = get(n, es, i); \
            lane_set(r, es, i, expr); \
        } \
        return qc; \
    }
#define UNARY(name, get, expr) \
    UNARY_LOOP(name##_small, int64_t, get, expr) \
    UNARY_LOOP(name##_big, Int128, get, expr) \
    void helper_v_##name(ARMCPU *cpu, const void *n, uint32_t es, void *ret) \
    { \
        Vec r; \
        finish(cpu, BY_SIZE(es, name, n, &r), &r, ret); \
    }

#define BINARY_LOOP(name, T, getn, getm, expr) \
    static ALWAYS_INLINE bool name(const Vec *n, const Vec *m, Vec *r, unsigned es) \
    { \
        const int bits G_GNUC_UNUSED = 8 << es; \
        bool qc = false; \
        for (unsigned i = 0; i < 16u >> es; i++) { \
            T a = getn(n, es, i), b = getm(m, es, i); \
            lane_set(r, es, i, expr); \
        } \
        return qc; \
    }
#define BINARY(name, getn, getm, expr) \
    BINARY_LOOP(name##_small, int64_t, getn, getm, expr) \
    BINARY_LOOP(name##_big, Int128, getn, getm, expr) \
    void helper_v_##name(ARMCPU *cpu, const void *n, const void *m, uint32_t es, void *ret) \
    { \
        Vec r; \
        finish(cpu, BY_SIZE(es, name, n, m, &r), &r, ret); \
    }

/* -- one operand ------------------------------------------------------------------------------- */

/* UnsignedRecipEstimate(), UnsignedRSqrtEstimate(): fixed point, from the 9 most significant bits. */
static uint32_t recip_estimate(uint32_t x)
{
    uint32_t a = (x >> 23) * 2 + 1;

    return x >> 31 ? ((1u << 19) / a + 1) / 2 << 23 : UINT32_MAX;
}

static uint32_t rsqrt_estimate(uint32_t x)
{
    uint32_t a = x >> 23, b = 512;

    if (!(x >> 30)) {
        return UINT32_MAX;
    }
    /* the interval's middle, in units of 1/512 */
    a = a < 256 ? a * 2 + 1 : ((a >> 1 << 1) + 1) * 2;
    while (a * (b + 1) * (b + 1) < 1u << 28) {
        b++;
    }
    return (b + 1) / 2 << 23;
}

UNARY(urecpe, lane_u, recip_estimate(a))
UNARY(ursqrte, lane_u, rsqrt_estimate(a))

/* -- two operands ------------------------------------------------------------------------------ */

/* The count is the signed low byte of the second operand's lane. */
BINARY(sshl, lane_s, lane_s, SHIFTED(a, (int8_t)b, false))
BINARY(ushl, lane_u, lane_s, SHIFTED(a, (int8_t)b, false))
BINARY(srshl, lane_s, lane_s, SHIFTED(a, (int8_t)b, true))
BINARY(urshl, lane_u, lane_s, SHIFTED(a, (int8_t)b, true))
BINARY(sqshl, lane_s, lane_s, SSAT(SHIFTED(a, (int8_t)b, false)))
BINARY(uqshl, lane_u, lane_s, USAT(SHIFTED(a, (int8_t)b, false)))
BINARY(sqrshl, lane_s, lane_s, SSAT(SHIFTED(a, (int8_t)b, true)))
BINARY(uqrshl, lane_u, lane_s, USAT(SHIFTED(a, (int8_t)b, true)))
