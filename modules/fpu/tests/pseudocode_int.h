/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A second implementation to test against: the floating-point functions of the Arm architecture's pseudocode
 * (DDI 0487, "Shared Pseudocode"), statement by statement in exact real arithmetic. Slow and plain on
 * purpose, with the manual's names and FPCR bits; rounding to odd and ties away are admitted everywhere.
 */
#ifndef FPU_TESTS_PSEUDOCODE_INT_H
#define FPU_TESTS_PSEUDOCODE_INT_H

#include <mpfr.h>
#include "core/fpu.h"

typedef struct Fpcr {
    FloatRound round;           /* RMode, with the two modes that it cannot name */
    bool fz, fz16, fiz, ah, dn, ahp, ufe;
    bool rpres;                 /* FEAT_RPRES is implemented */
} Fpcr;

typedef struct RefFormat {
    int  n, e, f;               /* N, E, F */
    bool half;                  /* N == 16, not bfloat16 */
} RefFormat;

extern const RefFormat ref_f16, ref_bf16, ref_f32, ref_f64;

typedef enum FPType {
    FPType_Zero, FPType_Denormal, FPType_Nonzero, FPType_Infinity, FPType_QNaN, FPType_SNaN,
} FPType;

typedef struct RefValue {
    FPType type;
    bool   sign;
    mpfr_t real;
} RefValue;

/* A processor: its FPCR, the flags it raised, and room for numbers. */
typedef struct Ref {
    Fpcr     fpcr;
    unsigned fpsr;              /* FLOAT_INVALID and so on: the positions are FPSR's */
    RefValue v[4];
    mpfr_t   result, mantissa, error, tmp, quotient;
} Ref;

void ref_init(Ref *r);
void ref_clear(Ref *r);

uint64_t ref_add(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_sub(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_mul(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_mulx(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_div(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_sqrt(Ref *r, const RefFormat *f, uint64_t a);
uint64_t ref_muladd(Ref *r, const RefFormat *f, uint64_t a, uint64_t b, uint64_t c, unsigned mods);
uint64_t ref_scale(Ref *r, const RefFormat *f, uint64_t a, int64_t n);
int64_t  ref_logb(Ref *r, const RefFormat *f, uint64_t a);
FloatRel ref_compare(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
FloatRel ref_compare_signal(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_min(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_max(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_minnum(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_maxnum(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_minimum_number(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_maximum_number(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_round_int(Ref *r, const RefFormat *f, uint64_t a, FloatRound rounding, bool inexact);
uint64_t ref_round_intn(Ref *r, const RefFormat *f, uint64_t a, FloatRound rounding, int intsize);
int64_t  ref_to_int(Ref *r, const RefFormat *f, uint64_t a, int fbits, FloatRound rounding, int m,
                    bool is_unsigned);
uint64_t ref_from_i64(Ref *r, const RefFormat *f, int64_t v, int fbits);
uint64_t ref_from_u64(Ref *r, const RefFormat *f, uint64_t v, int fbits);
uint64_t ref_recip_estimate(Ref *r, const RefFormat *f, uint64_t a);
uint64_t ref_rsqrt_estimate(Ref *r, const RefFormat *f, uint64_t a);
uint64_t ref_recip_exponent(Ref *r, const RefFormat *f, uint64_t a);
uint64_t ref_recip_step(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_rsqrt_step(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_recip_step_chained(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_rsqrt_step_chained(Ref *r, const RefFormat *f, uint64_t a, uint64_t b);
uint64_t ref_convert(Ref *r, const RefFormat *from, const RefFormat *to, uint64_t a);
uint64_t ref_convert_bf(Ref *r, uint64_t a);
int32_t  ref_to_fixed_js(Ref *r, uint64_t a, bool *ret_z);
uint64_t ref_muladd_h(Ref *r, uint64_t a, uint64_t b, uint64_t c, unsigned mods);
uint64_t ref_bf_muladd_h(Ref *r, uint64_t a, uint64_t b, uint64_t c, unsigned mods);
uint64_t ref_dot_add(Ref *r, uint64_t c, const uint16_t *op1, const uint16_t *op2);
uint64_t ref_bf_dot_add(Ref *r, uint64_t c, const uint16_t *op1, const uint16_t *op2, bool ebf);
uint32_t ref_unsigned_recip_estimate(uint32_t a);
uint32_t ref_unsigned_rsqrt_estimate(uint32_t a);

#endif
