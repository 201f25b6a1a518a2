/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floating point: the contract between those who need IEEE 754 arithmetic bit for bit (instruction helpers,
 * the constant folder) and the module that computes it in integers (modules/fpu).
 *
 * A FloatStatus says by which rules to compute and collects the exception flags. FloatOps is the table of
 * operations, one member for each line of core/fpu.def:
 *
 *     const FloatOps *fp = ...;      the interface of the module "fpu", got once (core/module.h)
 *     FloatStatus st = { .round = FLOAT_ROUND_ZERO };
 *     float64 sum = fp->f64_add(a, b, &st);
 *     if (st.flags & FLOAT_INEXACT) ...
 *
 * No operation touches the host's floating-point state. Values travel as their bit patterns, so that no host
 * instruction can quiet a NaN on the way. A status is plain data: copy it to compute under other rules.
 *
 * Not here: 80-bit and 128-bit formats, decimal, traps (a caller compares flags before and after), NaNs whose
 * top fraction bit means signalling.
 */
#ifndef CORE_FPU_H
#define CORE_FPU_H

#include "core/forward.h"

typedef uint16_t float16;       /* IEEE binary16: 5 exponent and 10 fraction bits */
typedef uint16_t bfloat16;      /* the upper half of a binary32: 8 and 7 */
typedef uint32_t float32;       /* IEEE binary32: 8 and 23 */
typedef uint64_t float64;       /* IEEE binary64: 11 and 52 */

/* How a result that does not fit is rounded. */
typedef enum FloatRound {
    FLOAT_ROUND_TIE_EVEN,       /* to nearest, a tie to the even neighbour */
    FLOAT_ROUND_UP,             /* toward plus infinity */
    FLOAT_ROUND_DOWN,           /* toward minus infinity */
    FLOAT_ROUND_ZERO,           /* toward zero */
    FLOAT_ROUND_TIE_AWAY,       /* to nearest, a tie away from zero */
    FLOAT_ROUND_ODD,            /* to the neighbour with an odd fraction; never to infinity or integers */
} FloatRound;

/* Exceptions, collected in FloatStatus.flags: set by operations, never cleared by them. */
enum {
    FLOAT_INVALID        = 1 << 0,
    FLOAT_DIVBYZERO      = 1 << 1,
    FLOAT_OVERFLOW       = 1 << 2,
    FLOAT_UNDERFLOW      = 1 << 3,
    FLOAT_INEXACT        = 1 << 4,
    FLOAT_INPUT_DENORMAL = 1 << 7,
};

/* Which of several NaN operands becomes the result (quieted), unless FloatStatus.default_nan. */
typedef enum FloatNaNRule {
    FLOAT_NAN_SIGNALLING,       /* the first signalling NaN, else the first quiet one; order (c,) a, b */
    FLOAT_NAN_FIRST,            /* the first NaN of either kind; order a, b (, c) */
} FloatNaNRule;

/* When FLOAT_INPUT_DENORMAL is raised. Half-precision operands never raise it. */
typedef enum FloatDenormalRule {
    FLOAT_DENORMAL_SILENT,      /* never */
    FLOAT_DENORMAL_FLUSHED,     /* an input was flushed to zero */
    FLOAT_DENORMAL_USED,        /* arithmetic, a comparison or a conversion used one as it is */
} FloatDenormalRule;

/* What conversion to an integer gives (with FLOAT_INVALID) for a NaN, and for a number out of range. */
typedef enum FloatIntRule {
    FLOAT_INT_NAN_ZERO,         /* zero; the nearest integer of the type */
    FLOAT_INT_NAN_MAX,          /* the greatest integer; the nearest integer */
    FLOAT_INT_INDEFINITE,       /* both: the least integer, or for an unsigned type the greatest */
} FloatIntRule;

/*
 * The rules and the flags. All zero is IEEE 754 with nearest-even rounding, NaN payloads kept and tininess
 * detected before rounding. docs/fpu.md lists the settings of each architecture.
 */
struct FloatStatus {
    uint8_t round;              /* FloatRound, of every operation that is not given one */
    uint8_t flags;              /* FLOAT_INVALID and so on */

    /* NaNs */
    uint8_t nan_rule;           /* FloatNaNRule */
    bool    default_nan;        /* a NaN result is always the default NaN */
    bool    default_nan_sign;   /* the default NaN (quiet, no payload) is negative */
    bool    neg_keeps_nan;      /* FLOAT_NEG_* leave a NaN's sign alone */
    bool    infzero_keeps_nan;  /* infinity * 0 + quiet NaN is that NaN; else invalid and the default NaN */
    bool    minmax_second;      /* min, max: b if either is a NaN (and invalid) or both are zeros */

    /* Numbers below the least normal. f16 has switches of its own; conversions ignore those. */
    uint8_t denormal_rule;      /* FloatDenormalRule */
    bool    flush_inputs;       /* denormal operands count as zeros of their sign: f32, f64, bf16 */
    bool    flush_inputs_f16;
    bool    flush_outputs;      /* tiny results become zeros of their sign and raise underflow */
    bool    flush_outputs_f16;
    bool    tiny_after_round;   /* tiny means after rounding, and a flushed result is inexact as well */
    bool    underflow_exact;    /* a tiny result raises underflow even if exact (its trap is enabled) */

    /* Conversions and approximations */
    uint8_t int_rule;           /* FloatIntRule */
    bool    alt_half;           /* conversions: f16 has neither infinities nor NaNs, but one more binade */
    bool    quiet_approx;       /* estimates, steps, f32_to_bf16 and f32_muladd_bf16: flush f32 and f64 both
                                   ways, round to nearest even, raise nothing */
    bool    estimate12;         /* with quiet_approx, f32 estimates have 12 bits, not 8 */
};

/* Changes to a fused multiply-add, a * b + c; any combination. */
typedef enum FloatMods {
    FLOAT_NEG_PRODUCT = 1 << 0, /* negate a */
    FLOAT_NEG_ADDEND  = 1 << 1, /* negate c */
    FLOAT_HALVE       = 1 << 2, /* divide the exact sum by two */
} FloatMods;

/* What a comparison finds; FLOAT_UNORDERED if either operand is a NaN. */
typedef enum FloatRel {
    FLOAT_LESS      = -1,
    FLOAT_EQUAL     = 0,
    FLOAT_GREATER   = 1,
    FLOAT_UNORDERED = 2,
} FloatRel;

/*
 * The shapes of fpu.def. fbits is the number of fraction bits of a fixed-point integer, 0 to 64. logb gives
 * the least N-bit integer (with invalid) for zero and NaN and the greatest for infinity, where N is the
 * format's width.
 */
#define FLOAT_TYPE_f16  float16
#define FLOAT_TYPE_bf16 bfloat16
#define FLOAT_TYPE_f32  float32
#define FLOAT_TYPE_f64  float64

#define FLOAT_RET_UNARY(f)       FLOAT_TYPE_##f
#define FLOAT_RET_BINARY(f)      FLOAT_TYPE_##f
#define FLOAT_RET_MULADD(f)      FLOAT_TYPE_##f
#define FLOAT_RET_SCALE(f)       FLOAT_TYPE_##f
#define FLOAT_RET_LOGB(f)        int64_t
#define FLOAT_RET_COMPARE(f)     FloatRel
#define FLOAT_RET_ROUND_INT(f)   FLOAT_TYPE_##f
#define FLOAT_RET_ROUND_INTN(f)  FLOAT_TYPE_##f
#define FLOAT_RET_TO_I16(f)      int16_t
#define FLOAT_RET_TO_U16(f)      uint16_t
#define FLOAT_RET_TO_I32(f)      int32_t
#define FLOAT_RET_TO_U32(f)      uint32_t
#define FLOAT_RET_TO_I64(f)      int64_t
#define FLOAT_RET_TO_U64(f)      uint64_t
#define FLOAT_RET_FROM_I64(f)    FLOAT_TYPE_##f
#define FLOAT_RET_FROM_U64(f)    FLOAT_TYPE_##f

#define FLOAT_ARGS_UNARY(f)      (FLOAT_TYPE_##f a, FloatStatus *s)
#define FLOAT_ARGS_BINARY(f)     (FLOAT_TYPE_##f a, FLOAT_TYPE_##f b, FloatStatus *s)
#define FLOAT_ARGS_MULADD(f)     (FLOAT_TYPE_##f a, FLOAT_TYPE_##f b, FLOAT_TYPE_##f c, unsigned mods, \
                                  FloatStatus *s)
#define FLOAT_ARGS_SCALE(f)      (FLOAT_TYPE_##f a, int64_t n, FloatStatus *s)
#define FLOAT_ARGS_LOGB(f)       (FLOAT_TYPE_##f a, FloatStatus *s)
#define FLOAT_ARGS_COMPARE(f)    (FLOAT_TYPE_##f a, FLOAT_TYPE_##f b, FloatStatus *s)
#define FLOAT_ARGS_ROUND_INT(f)  (FLOAT_TYPE_##f a, FloatRound round, bool exact, FloatStatus *s)
#define FLOAT_ARGS_ROUND_INTN(f) (FLOAT_TYPE_##f a, FloatRound round, unsigned bits, FloatStatus *s)
#define FLOAT_ARGS_TO_INT(f)     (FLOAT_TYPE_##f a, int fbits, FloatRound round, FloatStatus *s)
#define FLOAT_ARGS_TO_I16(f)     FLOAT_ARGS_TO_INT(f)
#define FLOAT_ARGS_TO_U16(f)     FLOAT_ARGS_TO_INT(f)
#define FLOAT_ARGS_TO_I32(f)     FLOAT_ARGS_TO_INT(f)
#define FLOAT_ARGS_TO_U32(f)     FLOAT_ARGS_TO_INT(f)
#define FLOAT_ARGS_TO_I64(f)     FLOAT_ARGS_TO_INT(f)
#define FLOAT_ARGS_TO_U64(f)     FLOAT_ARGS_TO_INT(f)
#define FLOAT_ARGS_FROM_I64(f)   (int64_t v, int fbits, FloatStatus *s)
#define FLOAT_ARGS_FROM_U64(f)   (uint64_t v, int fbits, FloatStatus *s)

struct FloatOps {
#define FLOAT_ENTRY(f, op, shape)         FLOAT_RET_##shape(f) (*f##_##op) FLOAT_ARGS_##shape(f);
#define FLOAT_SPECIAL(name, result, args) result (*name) args;
#include "core/fpu.def"
};

/*
 * Bit-pattern questions and answers that need no rules: f16_is_nan, f32_is_snan, f64_neg, bf16_abs, ...
 * neg and abs act on the sign bit alone, of NaNs too.
 */
#define FLOAT_BIT_FUNCTIONS(f, exp_bits, frac_bits)                                                          \
    enum { f##_EXP_BITS = exp_bits, f##_FRAC_BITS = frac_bits };                                             \
    static inline FLOAT_TYPE_##f f##_sign_mask(void)                                                         \
    {                                                                                                        \
        return (FLOAT_TYPE_##f)((uint64_t)1 << (exp_bits + frac_bits));                                      \
    }                                                                                                        \
    static inline FLOAT_TYPE_##f f##_neg(FLOAT_TYPE_##f a) { return a ^ f##_sign_mask(); }                   \
    static inline FLOAT_TYPE_##f f##_abs(FLOAT_TYPE_##f a) { return a & (f##_sign_mask() - 1); }             \
    static inline FLOAT_TYPE_##f f##_zero(bool sign) { return sign ? f##_sign_mask() : 0; }                  \
    static inline FLOAT_TYPE_##f f##_infinity(bool sign)                                                     \
    {                                                                                                        \
        return f##_zero(sign) | (FLOAT_TYPE_##f)((((uint64_t)1 << exp_bits) - 1) << frac_bits);              \
    }                                                                                                        \
    static inline bool f##_is_negative(FLOAT_TYPE_##f a) { return (a & f##_sign_mask()) != 0; }              \
    static inline bool f##_is_zero(FLOAT_TYPE_##f a) { return f##_abs(a) == 0; }                             \
    static inline bool f##_is_infinity(FLOAT_TYPE_##f a) { return f##_abs(a) == f##_infinity(false); }       \
    static inline bool f##_is_nan(FLOAT_TYPE_##f a) { return f##_abs(a) > f##_infinity(false); }             \
    static inline bool f##_is_snan(FLOAT_TYPE_##f a)                                                         \
    {                                                                                                        \
        return f##_is_nan(a) && !(a >> (frac_bits - 1) & 1);                                                 \
    }                                                                                                        \
    static inline bool f##_is_denormal(FLOAT_TYPE_##f a)                                                     \
    {                                                                                                        \
        return !f##_is_zero(a) && f##_abs(a) >> frac_bits == 0;                                              \
    }

FLOAT_BIT_FUNCTIONS(f16, 5, 10)
FLOAT_BIT_FUNCTIONS(bf16, 8, 7)
FLOAT_BIT_FUNCTIONS(f32, 8, 23)
FLOAT_BIT_FUNCTIONS(f64, 11, 52)

#endif
