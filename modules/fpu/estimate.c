/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of the reciprocal estimates, which the Arm architecture defines by formula (DDI 0487,
 * RecipEstimate and RecipSqrtEstimate), computed here from those formulas in integers: the entry for an
 * interval is the reciprocal of its middle, rounded to nearest.
 */
#include "modules/fpu/arith_int.h"
#include "modules/fpu/fpu_int.h"

unsigned recip_table(unsigned a, bool precise)
{
    unsigned middle = 2 * a + 1;
    unsigned scale = precise ? 1 << 26 : 1 << 19;

    return (scale / middle + 1) / 2;
}

/*
 * In two roundings, both to nearest: sqrt(middle) to 53 bits, then its reciprocal to 13. Neither can be a
 * tie. middle is an odd multiple of a half; shifts keep one bit below the result, for rounding.
 */
static unsigned rsqrt_precise(unsigned twice_middle)
{
    bool exact;
    uint64_t root = (sqrt128((uint128)twice_middle << 115, &exact) >> 10) + 1;  /* 2^48 * sqrt(middle) */
    uint64_t reciprocal = ((uint128)1 << 66) / (root >> 1);

    return (reciprocal + 1) >> 1;
}

unsigned rsqrt_table(unsigned a, bool precise)
{
    unsigned half = precise ? 2048 : 256;           /* below, a has one bit less */
    unsigned middle = a < half ? 2 * a + 1 : ((a & ~1u) + 1) * 2;
    unsigned root = 512;

    if (precise) {
        return rsqrt_precise(middle);
    }
    for (unsigned bit = 256; bit != 0; bit >>= 1) {
        if (middle * (root + bit) * (root + bit) < 1u << 28) {
            root += bit;
        }
    }
    return (root + 1) / 2;
}

uint32_t u32_recip_estimate(uint32_t a)
{
    return a >> 31 ? recip_table(a >> 23, false) << 23 : UINT32_MAX;
}

uint32_t u32_rsqrt_estimate(uint32_t a)
{
    return a >> 30 ? rsqrt_table(a >> 23, false) << 23 : UINT32_MAX;
}
