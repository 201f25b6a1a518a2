/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rounding to an integer, and conversion to one of a given width. */
#ifndef FPU_INTEGER_INT_H
#define FPU_INTEGER_INT_H

#include "modules/fpu/parts_int.h"

/* The normal p with exponent exp (< 64) in place of its own, rounded to an integer magnitude. */
static ALWAYS_INLINE uint64_t round_to_integer(Parts p, int exp, FloatRound round, bool *ret_inexact)
{
    int drop = 63 - exp;
    uint64_t mag = drop < 64 ? p.frac >> drop : 0;
    uint64_t rem = drop == 0 ? 0 : drop <= 64 ? p.frac << (64 - drop) : 1;

    *ret_inexact = rem != 0;
    return mag + rounds_up(round, p.sign, mag, rem, TOP_BIT);
}

/* p * 2^fbits as an integer of width bits; out of range by s->int_rule. Signed results are sign-extended. */
static ALWAYS_INLINE int64_t parts_to_int(Parts p, int fbits, FloatRound round, int width, bool is_signed,
                                          FloatStatus *s)
{
    uint64_t greatest = UINT64_MAX >> (64 - width + is_signed);
    uint64_t least = is_signed ? greatest + 1 : 0;          /* its magnitude */
    uint64_t limit = p.sign ? least : greatest;
    uint64_t mag = 0;
    bool inexact = false;
    bool fits = p.cls <= CLASS_NORMAL && (p.cls == CLASS_ZERO || p.exp + fbits < 64);

    if (fits && p.cls == CLASS_NORMAL) {
        mag = round_to_integer(p, p.exp + fbits, round, &inexact);
        fits = mag <= limit;
    }
    if (!fits) {
        raise_flags(s, FLOAT_INVALID);
        if (s->int_rule == FLOAT_INT_INDEFINITE) {
            return is_signed ? -least : greatest;
        }
        if (is_nan(p)) {
            return s->int_rule == FLOAT_INT_NAN_MAX ? greatest : 0;
        }
        mag = limit;
    } else if (inexact) {
        raise_flags(s, FLOAT_INEXACT);
    }
    return p.sign ? -mag : mag;
}

#endif
