/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module against AArch64 instructions: a program for an Arm processor, or an emulator of one, in which
 * each operation of the module and the instruction that it stands for compute the same thing. Result and FPSR
 * must be equal in every rounding mode with FZ, FZ16, DN and AHP at random. Built and run by arm_oracle.py.
 * FPCR.AH and FIZ are left alone: an older processor has none. Plain C, so that it needs no library there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "modules/fpu/fpu_int.h"
#include "modules/fpu/tests/operands_int.h"

enum { FPSR_FLAGS = 0x9f, FPCR_FZ16 = 1 << 19, FPCR_RMODE = 22, FPCR_FZ = 1 << 24, FPCR_DN = 1 << 25,
       FPCR_AHP = 1 << 26 };

typedef struct Trial {
    uint64_t    a, b, c, d, e;
    uint64_t    fpcr, fpsr;
    FloatStatus s;
} Trial;

/* A format's register name and general register. */
#define R_f16  "h"
#define R_bf16 "h"
#define R_f32  "s"
#define R_f64  "d"
#define G_f16  "w"
#define G_bf16 "w"
#define G_f32  "w"
#define G_f64  "x"

#define IN(r, g, n, name) "fmov " r n ", %" g "[" name "]\n\t"
#define BEGIN "msr fpcr, %[cr]\n\tmsr fpsr, xzr\n\t"
#define END   "\n\tmrs %[sr], fpsr\n\tmsr fpcr, xzr\n\t"

/* insn works on registers 0 (a), 1 (b) and 2 (c), and leaves its result in register 0. */
#define ARM_VECTOR(in, insn, out)                                                                       \
    asm volatile(in BEGIN insn END out                                                                  \
                 : [r] "=r"(result), [sr] "=r"(t->fpsr)                                                 \
                 : [a] "r"(t->a), [b] "r"(t->b), [c] "r"(t->c), [d] "r"(t->d), [e] "r"(t->e),           \
                   [cr] "r"(t->fpcr)                                                                    \
                 : "v0", "v1", "v2", "x9", "cc")

/* One test: the instruction's result is computed first, then the module's is returned through want. */
#define ARM(name, fa, fb, fc, fr, insn, expr)                                                           \
    static uint64_t arm_##name(Trial *t, uint64_t *ret_module)                                          \
    {                                                                                                   \
        FloatStatus *s = &t->s;                                                                         \
        uint64_t a = t->a, b = t->b, c = t->c, result;                                                  \
        (void)a, (void)b, (void)c, (void)s;                                                             \
        ARM_VECTOR(IN(R_##fa, G_##fa, "0", "a") IN(R_##fb, G_##fb, "1", "b")                            \
                   IN(R_##fc, G_##fc, "2", "c"), insn, "fmov %" G_##fr "[r], " R_##fr "0");             \
        *ret_module = expr;                                                                             \
        return result;                                                                                  \
    }
/* ... the result, of width w or x, in a general register */
#define ARM_GENERAL(name, f, insn, expr)                                                                \
    static uint64_t arm_##name(Trial *t, uint64_t *ret_module)                                          \
    {                                                                                                   \
        FloatStatus *s = &t->s;                                                                         \
        uint64_t a = t->a, b = t->b, result;                                                            \
        (void)b;                                                                                        \
        ARM_VECTOR(IN(R_##f, G_##f, "0", "a") IN(R_##f, G_##f, "1", "b"), insn, "");                    \
        *ret_module = expr;                                                                             \
        return result;                                                                                  \
    }

#define SCALAR1(f, insn) insn " " R_##f "0, " R_##f "0"
#define SCALAR2(f, insn) insn " " R_##f "0, " R_##f "0, " R_##f "1"
#define SCALAR3(f, insn) insn " " R_##f "0, " R_##f "0, " R_##f "1, " R_##f "2"

#define UNARY(f, op, insn)  ARM(f##_##op, f, f, f, f, SCALAR1(f, insn), f##_##op(a, s))
#define BINARY(f, op, insn) ARM(f##_##op, f, f, f, f, SCALAR2(f, insn), f##_##op(a, b, s))
#define FUSED(f, insn, mods) ARM(f##_##insn, f, f, f, f, SCALAR3(f, #insn), f##_muladd(a, b, c, mods, s))
#define ROUND(f, insn, round, exact) \
    ARM(f##_##insn, f, f, f, f, SCALAR1(f, #insn), f##_round_int(a, round, exact, s))
#define TO_INT(f, insn, mode) \
    ARM_GENERAL(f##_##insn##s_w, f, #insn "s %w[r], " R_##f "0", (uint32_t)f##_to_i32(a, 0, mode, s)) \
    ARM_GENERAL(f##_##insn##s_x, f, #insn "s %x[r], " R_##f "0", f##_to_i64(a, 0, mode, s))           \
    ARM_GENERAL(f##_##insn##u_w, f, #insn "u %w[r], " R_##f "0", f##_to_u32(a, 0, mode, s))           \
    ARM_GENERAL(f##_##insn##u_x, f, #insn "u %x[r], " R_##f "0", f##_to_u64(a, 0, mode, s))

/* NZCV of a comparison */
static uint64_t nzcv(FloatRel rel)
{
    static const uint8_t flags[] = { 8, 6, 2, 3 };

    return (uint64_t)flags[rel + 1] << 28;
}

#define IEEE(f)                                                                                         \
    BINARY(f, add, "fadd") BINARY(f, sub, "fsub") BINARY(f, mul, "fmul") BINARY(f, mulx, "fmulx")       \
    BINARY(f, div, "fdiv") BINARY(f, min, "fmin") BINARY(f, max, "fmax") BINARY(f, minnum, "fminnm")    \
    BINARY(f, maxnum, "fmaxnm") BINARY(f, recip_step, "frecps") BINARY(f, rsqrt_step, "frsqrts")        \
    UNARY(f, sqrt, "fsqrt") UNARY(f, recip_estimate, "frecpe") UNARY(f, rsqrt_estimate, "frsqrte")      \
    UNARY(f, recip_exponent, "frecpx")                                                                  \
    FUSED(f, fmadd, 0) FUSED(f, fmsub, FLOAT_NEG_PRODUCT)                                               \
    FUSED(f, fnmadd, FLOAT_NEG_PRODUCT | FLOAT_NEG_ADDEND) FUSED(f, fnmsub, FLOAT_NEG_ADDEND)           \
    ROUND(f, frintn, FLOAT_ROUND_TIE_EVEN, false) ROUND(f, frintp, FLOAT_ROUND_UP, false)               \
    ROUND(f, frintm, FLOAT_ROUND_DOWN, false) ROUND(f, frintz, FLOAT_ROUND_ZERO, false)                 \
    ROUND(f, frinta, FLOAT_ROUND_TIE_AWAY, false) ROUND(f, frintx, s->round, true)                      \
    ROUND(f, frinti, s->round, false)                                                                   \
    TO_INT(f, fcvtn, FLOAT_ROUND_TIE_EVEN) TO_INT(f, fcvtp, FLOAT_ROUND_UP)                             \
    TO_INT(f, fcvtm, FLOAT_ROUND_DOWN) TO_INT(f, fcvtz, FLOAT_ROUND_ZERO)                               \
    TO_INT(f, fcvta, FLOAT_ROUND_TIE_AWAY)                                                              \
    ARM_GENERAL(f##_fixed_s, f, "fcvtzs %w[r], " R_##f "0, #13",                                        \
                (uint32_t)f##_to_i32(a, 13, FLOAT_ROUND_ZERO, s))                                       \
    ARM_GENERAL(f##_fixed_u, f, "fcvtzu %x[r], " R_##f "0, #64",                                        \
                f##_to_u64(a, 64, FLOAT_ROUND_ZERO, s))                                                 \
    ARM_GENERAL(f##_compare, f, "fcmp " R_##f "0, " R_##f "1\n\tmrs %[r], nzcv",                        \
                nzcv(f##_compare(a, b, s)))                                                             \
    ARM_GENERAL(f##_compare_signal, f, "fcmpe " R_##f "0, " R_##f "1\n\tmrs %[r], nzcv",                \
                nzcv(f##_compare_signal(a, b, s)))                                                      \
    ARM(f##_scvtf, f64, f64, f64, f, "scvtf " R_##f "0, %x[a]", f##_from_i64(a, 0, s))                  \
    ARM(f##_ucvtf, f64, f64, f64, f, "ucvtf " R_##f "0, %x[a]", f##_from_u64(a, 0, s))                  \
    ARM(f##_scvtf_fixed, f64, f64, f64, f, "scvtf " R_##f "0, %x[a], #40", f##_from_i64(a, 40, s))      \
    ARM(f##_ucvtf_fixed, f64, f64, f64, f, "ucvtf " R_##f "0, %w[a], #32",                              \
        f##_from_u64((uint32_t)a, 32, s))

#define CONVERT(from, to) \
    ARM(from##_to_##to, from, from, from, to, "fcvt " R_##to "0, " R_##from "0", from##_to_##to(a, s))

#define FRINTN(f, insn, mode, bits) \
    ARM(f##_##insn, f, f, f, f, SCALAR1(f, #insn), f##_round_intn(a, mode, bits, s))

IEEE(f16) IEEE(f32) IEEE(f64)
CONVERT(f16, f32) CONVERT(f16, f64) CONVERT(f32, f16) CONVERT(f32, f64) CONVERT(f64, f16) CONVERT(f64, f32)
FRINTN(f32, frint32z, FLOAT_ROUND_ZERO, 32) FRINTN(f32, frint32x, s->round, 32)
FRINTN(f32, frint64z, FLOAT_ROUND_ZERO, 64) FRINTN(f32, frint64x, s->round, 64)
FRINTN(f64, frint32z, FLOAT_ROUND_ZERO, 32) FRINTN(f64, frint32x, s->round, 32)
FRINTN(f64, frint64z, FLOAT_ROUND_ZERO, 64) FRINTN(f64, frint64x, s->round, 64)
ARM(f32_to_bf16, f32, f32, f32, bf16, "bfcvt h0, s0", f32_to_bf16(a, s))
ARM(f64_to_f32_odd, f64, f64, f64, f32, "fcvtxn s0, d0", (s->round = FLOAT_ROUND_ODD, f64_to_f32(a, s)))
ARM(f32_fmlal, f16, f16, f32, f32, "fmlal v2.2s, v0.2h, v1.2h\n\tmov v0.16b, v2.16b",
    f32_muladd_f16(a, b, c, 0, s))
ARM(f32_fmlsl, f16, f16, f32, f32, "fmlsl v2.2s, v0.2h, v1.2h\n\tmov v0.16b, v2.16b",
    f32_muladd_f16(a, b, c, FLOAT_NEG_PRODUCT, s))
ARM(f32_bfmlalb, bf16, bf16, f32, f32, "bfmlalb v2.4s, v0.8h, v1.8h\n\tmov v0.16b, v2.16b",
    f32_muladd_bf16(a, b, c, 0, s))
ARM(f32_bfdot, f32, f32, f32, f32, "bfdot v2.2s, v0.4h, v1.4h\n\tmov v0.16b, v2.16b",
    f32_dotadd_bf16(c, a, a >> 16, b, b >> 16, s))
ARM(u32_urecpe, f32, f32, f32, f32, "urecpe v0.2s, v0.2s", u32_recip_estimate(a))
ARM(u32_ursqrte, f32, f32, f32, f32, "ursqrte v0.2s, v0.2s", u32_rsqrt_estimate(a))

static uint64_t module_fjcvtzs(uint64_t a, FloatStatus *s)
{
    bool exact;
    uint32_t low = f64_to_i32_modular(a, &exact, s);

    return low | (uint64_t)exact << 62;
}

ARM_GENERAL(f64_fjcvtzs, f64, "fjcvtzs %w[r], d0\n\tmrs x9, nzcv\n\torr %[r], %[r], x9, lsl #32",
            module_fjcvtzs(a, s))

typedef struct Case {
    const char *name;
    uint64_t  (*fn)(Trial *t, uint64_t *ret_module);
    Layout      a, b, c;
} Case;

#define HALF   { 5, 10 }
#define BRAIN  { 8, 7 }
#define SINGLE { 8, 23 }
#define DOUBLE { 11, 52 }
#define L_f16  HALF
#define L_f32  SINGLE
#define L_f64  DOUBLE
#define C1(f, name) { #f "_" #name, arm_##f##_##name, L_##f, L_##f, L_##f }
#define CI(f, name) { #f "_" #name, arm_##f##_##name, DOUBLE, DOUBLE, DOUBLE }
#define C_TO_INT(f, insn) C1(f, insn##s_w), C1(f, insn##s_x), C1(f, insn##u_w), C1(f, insn##u_x)
#define C_IEEE(f)                                                                                       \
    C1(f, add), C1(f, sub), C1(f, mul), C1(f, mulx), C1(f, div), C1(f, min), C1(f, max), C1(f, minnum), \
    C1(f, maxnum), C1(f, recip_step), C1(f, rsqrt_step), C1(f, sqrt), C1(f, recip_estimate),            \
    C1(f, rsqrt_estimate), C1(f, recip_exponent), C1(f, fmadd), C1(f, fmsub), C1(f, fnmadd),            \
    C1(f, fnmsub), C1(f, frintn), C1(f, frintp), C1(f, frintm), C1(f, frintz), C1(f, frinta),           \
    C1(f, frintx), C1(f, frinti), C_TO_INT(f, fcvtn), C_TO_INT(f, fcvtp), C_TO_INT(f, fcvtm),           \
    C_TO_INT(f, fcvtz), C_TO_INT(f, fcvta), C1(f, fixed_s), C1(f, fixed_u), C1(f, compare),             \
    C1(f, compare_signal), CI(f, scvtf), CI(f, ucvtf), CI(f, scvtf_fixed), CI(f, ucvtf_fixed)

static const Case cases[] = {
    C_IEEE(f16), C_IEEE(f32), C_IEEE(f64),
    C1(f16, to_f32), C1(f16, to_f64), C1(f32, to_f16), C1(f32, to_f64), C1(f64, to_f16), C1(f64, to_f32),
    C1(f32, frint32z), C1(f32, frint32x), C1(f32, frint64z), C1(f32, frint64x),
    C1(f64, frint32z), C1(f64, frint32x), C1(f64, frint64z), C1(f64, frint64x),
    C1(f32, to_bf16), C1(f64, to_f32_odd), C1(f64, fjcvtzs),
    { "f32_fmlal", arm_f32_fmlal, HALF, HALF, SINGLE }, { "f32_fmlsl", arm_f32_fmlsl, HALF, HALF, SINGLE },
    { "f32_bfmlalb", arm_f32_bfmlalb, BRAIN, BRAIN, SINGLE },
    { "f32_bfdot", arm_f32_bfdot, BRAIN, BRAIN, SINGLE },
    { "u32_urecpe", arm_u32_urecpe, { 3, 28 }, SINGLE, SINGLE },
    { "u32_ursqrte", arm_u32_ursqrte, { 3, 28 }, SINGLE, SINGLE },
};

static void set_mode(Trial *t, uint64_t *seed)
{
    uint64_t bits = random_bits(seed) & random_bits(seed);
    bool fz = bits & 1, fz16 = bits & 2, dn = bits & 4, ahp = bits & 8;
    unsigned rmode = random_bits(seed) & 3;

    t->fpcr = (uint64_t)rmode << FPCR_RMODE | (fz ? FPCR_FZ : 0) | (fz16 ? FPCR_FZ16 : 0) | (dn ? FPCR_DN : 0)
              | (ahp ? FPCR_AHP : 0);
    t->s = (FloatStatus){
        .round = rmode, .default_nan = dn,
        .denormal_rule = fz ? FLOAT_DENORMAL_FLUSHED : FLOAT_DENORMAL_SILENT,
        .flush_inputs = fz, .flush_outputs = fz, .flush_inputs_f16 = fz16, .flush_outputs_f16 = fz16,
        .alt_half = ahp,
    };
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? atoi(argv[1]) : 10000;
    int failed = 0;

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const Case *c = &cases[i];
        uint64_t seed = 11;

        for (unsigned n = 0; n < count; n++) {
            Trial t = { .a = random_value(c->a, &seed), .b = random_value(c->b, &seed),
                        .c = random_value(c->c, &seed) };
            uint64_t module, arm;

            if (c->fn == arm_f32_bfdot) {
                t.a |= random_value(c->a, &seed) << 16;
                t.b |= random_value(c->b, &seed) << 16;
            }
            set_mode(&t, &seed);
            if (c->fn == arm_f64_fjcvtzs) {
                /*
                 * Whether a flushed operand counts as exact is not answered alike: the manual's pseudocode
                 * says no.
                 */
                t.fpcr &= ~(uint64_t)FPCR_FZ;
                t.s.flush_inputs = false;
            }
            arm = c->fn(&t, &module);
            if (arm != module || (t.fpsr & FPSR_FLAGS) != t.s.flags) {
                printf("%s(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ") FPCR %#" PRIx64 ": %#" PRIx64
                       " flags %#x, instruction %#" PRIx64 " flags %#" PRIx64 "\n",
                       c->name, t.a, t.b, t.c, t.fpcr, module, t.s.flags, arm, t.fpsr & FPSR_FLAGS);
                failed = 1;
                break;
            }
        }
    }
    return failed;
}
