/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Floating point of AArch64 on the operations of core/fpu.h (Arm DDI 0487, C7.2 and the FP functions of J1.3). */
#include <string.h>

#include "targets/arm/fp.h"
#include "targets/arm/helper.h"

/* -- lanes ------------------------------------------------------------------------------------------------------- */

static uint64_t lane(const ARMVector *v, unsigned esz, unsigned i)
{
    return esz == 3 ? v->d[i] : esz == 2 ? v->s[i] : esz == 1 ? v->h[i] : v->b[i];
}

/* The result of up to 128 bits; what is not set is zero. */
typedef union Result {
    uint64_t d[2];
    uint32_t s[4];
    uint16_t h[8];
} Result;

static void result_set(Result *r, unsigned esz, unsigned i, uint64_t x)
{
    switch (esz) {
    case 3:
        r->d[i] = x;
        break;
    case 2:
        r->s[i] = x;
        break;
    default:
        r->h[i] = x;
        break;
    }
}

static void write_result(ARMCPU *cpu, unsigned rd, const Result *r)
{
    memcpy(cpu->v[rd].d, r->d, sizeof(r->d));
}

/* -- one operation ------------------------------------------------------------------------------------------------- */

/* a, b, c are lanes; the result is one. esz: 1 half, 2 single, 3 double precision. */
typedef uint64_t FpFn(ARMCPU *cpu, unsigned esz, unsigned aux, uint64_t a, uint64_t b, uint64_t c);

/* By format: f(args) of the FloatOps table. */
#define BY_FORMAT(op, ...) \
    (esz == 3 ? (uint64_t)cpu->fpu->f64_##op(__VA_ARGS__) : esz == 2 ? (uint64_t)cpu->fpu->f32_##op(__VA_ARGS__) : \
     (uint64_t)cpu->fpu->f16_##op(__VA_ARGS__))
#define FN(name, expr) \
    static uint64_t fp_##name(ARMCPU *cpu G_GNUC_UNUSED, unsigned esz G_GNUC_UNUSED, unsigned aux G_GNUC_UNUSED, \
                              uint64_t a G_GNUC_UNUSED, uint64_t b G_GNUC_UNUSED, uint64_t c G_GNUC_UNUSED) \
    { \
        return expr; \
    }
#define BINARY(name, op) FN(name, BY_FORMAT(op, a, b, &cpu->fp))
#define UNARY(name, op) FN(name, BY_FORMAT(op, a, &cpu->fp))

static uint64_t sign_bit(unsigned esz)
{
    return UINT64_C(1) << ((8u << esz) - 1);
}

static bool is_nan(unsigned esz, uint64_t a)
{
    return esz == 3 ? f64_is_nan(a) : esz == 2 ? f32_is_nan(a) : f16_is_nan(a);
}

/* FPNeg and FPAbs: with FPCR.AH NaNs keep their sign. */
static uint64_t neg(const ARMCPU *cpu, unsigned esz, uint64_t a)
{
    return cpu->fpcr & FPCR_AH && is_nan(esz, a) ? a : a ^ sign_bit(esz);
}

static uint64_t absolute(const ARMCPU *cpu, unsigned esz, uint64_t a)
{
    return cpu->fpcr & FPCR_AH && is_nan(esz, a) ? a : a & ~sign_bit(esz);
}

static uint64_t mask(unsigned esz, bool holds)
{
    return holds ? ~UINT64_C(0) >> (64 - (8u << esz)) : 0;
}

static FloatRel quiet(ARMCPU *cpu, unsigned esz, uint64_t a, uint64_t b)
{
    return esz == 3 ? cpu->fpu->f64_compare(a, b, &cpu->fp) : esz == 2 ? cpu->fpu->f32_compare(a, b, &cpu->fp) :
           cpu->fpu->f16_compare(a, b, &cpu->fp);
}

static FloatRel signalling(ARMCPU *cpu, unsigned esz, uint64_t a, uint64_t b)
{
    return esz == 3 ? cpu->fpu->f64_compare_signal(a, b, &cpu->fp) : esz == 2 ?
           cpu->fpu->f32_compare_signal(a, b, &cpu->fp) : cpu->fpu->f16_compare_signal(a, b, &cpu->fp);
}

static bool at_least(FloatRel r)
{
    return r == FLOAT_GREATER || r == FLOAT_EQUAL;
}

BINARY(ADD, add)
BINARY(SUB, sub)
BINARY(MUL, mul)
BINARY(MULX, mulx)
BINARY(DIV, div)
FN(NMUL, neg(cpu, esz, BY_FORMAT(mul, a, b, &cpu->fp)))
FN(ABD, absolute(cpu, esz, BY_FORMAT(sub, a, b, &cpu->fp)))
BINARY(MAX, max)
BINARY(MIN, min)
BINARY(MAXNM, maxnum)
BINARY(MINNM, minnum)
BINARY(RECPS, recip_step)
BINARY(RSQRTS, rsqrt_step)
FN(CMEQ, mask(esz, quiet(cpu, esz, a, b) == FLOAT_EQUAL))
FN(CMGE, mask(esz, at_least(signalling(cpu, esz, a, b))))
FN(CMGT, mask(esz, signalling(cpu, esz, a, b) == FLOAT_GREATER))
FN(ACGE, mask(esz, at_least(signalling(cpu, esz, absolute(cpu, esz, a), absolute(cpu, esz, b)))))
FN(ACGT, mask(esz, signalling(cpu, esz, absolute(cpu, esz, a), absolute(cpu, esz, b)) == FLOAT_GREATER))
FN(CMEQ0, mask(esz, quiet(cpu, esz, a, 0) == FLOAT_EQUAL))
FN(CMGE0, mask(esz, at_least(signalling(cpu, esz, a, 0))))
FN(CMGT0, mask(esz, signalling(cpu, esz, a, 0) == FLOAT_GREATER))
FN(CMLE0, mask(esz, at_least(signalling(cpu, esz, 0, a))))
FN(CMLT0, mask(esz, signalling(cpu, esz, 0, a) == FLOAT_GREATER))
UNARY(SQRT, sqrt)
UNARY(RECPE, recip_estimate)
UNARY(RSQRTE, rsqrt_estimate)
UNARY(RECPX, recip_exponent)
FN(MULADD, BY_FORMAT(muladd, a, b, c, aux, &cpu->fp))

static FloatRound rounding(const ARMCPU *cpu, unsigned aux)
{
    return aux >> 4 & 1 ? (FloatRound)cpu->fp.round : (FloatRound)(aux & 7);
}

FN(RINT, BY_FORMAT(round_int, a, rounding(cpu, aux), aux >> 3 & 1, &cpu->fp))

static uint64_t fp_RINTN(ARMCPU *cpu, unsigned esz, unsigned aux, uint64_t a, uint64_t b G_GNUC_UNUSED,
                         uint64_t c G_GNUC_UNUSED)
{
    return esz == 3 ? cpu->fpu->f64_round_intn(a, rounding(cpu, aux), aux >> 8, &cpu->fp) :
           cpu->fpu->f32_round_intn(a, rounding(cpu, aux), aux >> 8, &cpu->fp);
}

/* To an integer of `bits`; the format is esz. */
static uint64_t to_int(ARMCPU *cpu, unsigned esz, unsigned bits, uint64_t a, unsigned aux)
{
    int fbits = aux & 0xff;
    FloatRound round = aux >> 8 & 15;
    bool uns = aux >> 12 & 1;

    switch (bits) {
    case 16:
        return uns ? (uint16_t)BY_FORMAT(to_u16, a, fbits, round, &cpu->fp) :
               (uint16_t)BY_FORMAT(to_i16, a, fbits, round, &cpu->fp);
    case 32:
        return uns ? (uint32_t)BY_FORMAT(to_u32, a, fbits, round, &cpu->fp) :
               (uint32_t)BY_FORMAT(to_i32, a, fbits, round, &cpu->fp);
    default:
        return uns ? BY_FORMAT(to_u64, a, fbits, round, &cpu->fp) : BY_FORMAT(to_i64, a, fbits, round, &cpu->fp);
    }
}

static uint64_t from_int(ARMCPU *cpu, unsigned esz, unsigned bits, uint64_t a, unsigned aux)
{
    int fbits = aux & 0xff;

    if (aux >> 12 & 1) {
        uint64_t v = bits == 64 ? a : a & ((UINT64_C(1) << bits) - 1);

        return BY_FORMAT(from_u64, v, fbits, &cpu->fp);
    }
    int64_t v = (int64_t)(a << (64 - bits)) >> (64 - bits);
    return BY_FORMAT(from_i64, v, fbits, &cpu->fp);
}

FN(TO_INT, to_int(cpu, esz, 8u << esz, a, aux))
FN(FROM_INT, from_int(cpu, esz, 8u << esz, a, aux))

static FpFn *const fp_fns[FP_NUM_OPS] = {
#define X(name) [FP_##name] = fp_##name,
    FP_OPS(X)
#undef X
};

/* -- all lanes ------------------------------------------------------------------------------------------------------- */

/* Reduce(): the two halves, each reduced. */
static uint64_t reduce(ARMCPU *cpu, FpFn *fn, unsigned esz, const ARMVector *v, unsigned first, unsigned lanes)
{
    if (lanes == 1) {
        return lane(v, esz, first);
    }
    uint64_t lo = reduce(cpu, fn, esz, v, first, lanes / 2), hi = reduce(cpu, fn, esz, v, first + lanes / 2, lanes / 2);

    return fn(cpu, esz, 0, lo, hi, 0);
}

void helper_fp_lanes(ARMCPU *cpu, uint32_t regs, uint32_t desc, uint32_t aux)
{
    unsigned rd = regs & 31, esz = desc >> 12 & 3, lanes = desc >> 16 & 31, index = desc >> 24;
    const ARMVector *n = &cpu->v[regs >> 5 & 31], *m = &cpu->v[regs >> 10 & 31], *a = &cpu->v[regs >> 15 & 31];
    FpShape shape = desc >> 8 & 15;
    FpFn *fn = fp_fns[desc & 0xff];
    Result r = { .d = { 0, 0 } };

    if (shape == FP_REDUCE) {
        result_set(&r, esz, 0, reduce(cpu, fn, esz, n, 0, lanes));
    } else if (shape == FP_PAIRS) {
        for (unsigned i = 0; i < lanes; i++) {
            const ARMVector *v = lanes == 1 || i < lanes / 2 ? n : m;
            unsigned first = lanes == 1 ? 0 : 2 * i % lanes;

            result_set(&r, esz, i, fn(cpu, esz, aux, lane(v, esz, first), lane(v, esz, first + 1), 0));
        }
    } else {
        for (unsigned i = 0; i < lanes; i++) {
            result_set(&r, esz, i, fn(cpu, esz, aux, lane(n, esz, i), lane(m, esz, shape == FP_ELEMENT ? index : i),
                                      lane(a, esz, i)));
        }
    }
    write_result(cpu, rd, &r);
}

/* -- operations of OP_fp ----------------------------------------------------------------------------------------------- */

static uint64_t convert(ARMCPU *cpu, unsigned from, unsigned to, uint64_t a)
{
    switch (from << 2 | to) {
    case 1 << 2 | 2:
        return cpu->fpu->f16_to_f32(a, &cpu->fp);
    case 1 << 2 | 3:
        return cpu->fpu->f16_to_f64(a, &cpu->fp);
    case 2 << 2 | 1:
        return cpu->fpu->f32_to_f16(a, &cpu->fp);
    case 2 << 2 | 3:
        return cpu->fpu->f32_to_f64(a, &cpu->fp);
    case 3 << 2 | 1:
        return cpu->fpu->f64_to_f16(a, &cpu->fp);
    default:
        return cpu->fpu->f64_to_f32(a, &cpu->fp);
    }
}

/* TCG_FP_SCALE. */
static uint64_t scale(ARMCPU *cpu, unsigned esz, uint64_t a, uint64_t b)
{
    uint64_t limit = esz == 3 ? UINT64_C(0x43e) << 52 : 0x5f000000, sign = a & sign_bit(esz);

    if (is_nan(esz, a)) {
        cpu->fp.flags |= FLOAT_INVALID;
        return a | UINT64_C(1) << (esz == 3 ? 51 : 22);
    }
    return BY_FORMAT(mul, MIN(a ^ sign, limit) | sign, b, &cpu->fp);
}

static uint64_t inline_op(ARMCPU *cpu, TcgFp f, uint64_t a, uint64_t b, uint64_t c)
{
    static FpFn *const fns[TCG_NUM_FP_OPS] = {
        [TCG_FP_ADD] = fp_ADD, [TCG_FP_SUB] = fp_SUB, [TCG_FP_MUL] = fp_MUL, [TCG_FP_DIV] = fp_DIV, [TCG_FP_SQRT] = fp_SQRT,
        [TCG_FP_MADD] = fp_MULADD, [TCG_FP_MSUB] = fp_MULADD, [TCG_FP_NMADD] = fp_MULADD, [TCG_FP_NMSUB] = fp_MULADD,
        [TCG_FP_MAX] = fp_MAX, [TCG_FP_MIN] = fp_MIN, [TCG_FP_MAXNUM] = fp_MAXNM, [TCG_FP_MINNUM] = fp_MINNM,
        [TCG_FP_EQ] = fp_CMEQ, [TCG_FP_GE] = fp_CMGE, [TCG_FP_GT] = fp_CMGT, [TCG_FP_RINT] = fp_RINT,
        [TCG_FP_MULX] = fp_MULX, [TCG_FP_RECPS] = fp_RECPS, [TCG_FP_RSQRTS] = fp_RSQRTS, [TCG_FP_RINTN] = fp_RINTN,
        [TCG_FP_RECPE] = fp_RECPE, [TCG_FP_RSQRTE] = fp_RSQRTE,
    };
    static const uint8_t mods[TCG_NUM_FP_OPS] = {
        [TCG_FP_MSUB] = FLOAT_NEG_PRODUCT, [TCG_FP_NMADD] = FLOAT_NEG_PRODUCT | FLOAT_NEG_ADDEND,
        [TCG_FP_NMSUB] = FLOAT_NEG_ADDEND,
    };
    TcgFpOp op = tcg_fp_op(f);
    unsigned es = tcg_fp_es(f), to = tcg_fp_to(f), aux = mods[op];

    switch (op) {
    case TCG_FP_CVT:
        return convert(cpu, es, to, a);
    case TCG_FP_FROM_I: case TCG_FP_FROM_U:
        return from_int(cpu, to, 8u << es, a, FP_AUX_INT(0, 0, op == TCG_FP_FROM_U));
    case TCG_FP_TO_I: case TCG_FP_TO_U:
        aux = tcg_fp_to_round(f) == TCG_ROUND_AWAY ? FLOAT_ROUND_TIE_AWAY : (unsigned)tcg_fp_to_round(f);
        return to_int(cpu, es, 8u << to, a, FP_AUX_INT(0, aux, op == TCG_FP_TO_U));
    case TCG_FP_SCALE:
        return scale(cpu, es, a, b);
    case TCG_FP_MADD: case TCG_FP_MSUB:
        if (es != to) {
            return cpu->fpu->f32_muladd_f16(a, b, c, aux, &cpu->fp);
        }
        break;
    case TCG_FP_RINTN:
        aux = (tcg_fp_round(f) == TCG_ROUND_STATE ? 1 << 4 : (unsigned)tcg_fp_round(f)) | (f >> 14 & 1 ? 64 << 8 : 32 << 8);
        break;
    case TCG_FP_RINT:
        aux = tcg_fp_round(f) == TCG_ROUND_STATE ? 1 << 4 :
              tcg_fp_round(f) == TCG_ROUND_AWAY ? FLOAT_ROUND_TIE_AWAY : (unsigned)tcg_fp_round(f);
        aux |= tcg_fp_exact(f) << 3;
        break;
    default:
        break;
    }
    return fns[op](cpu, es, aux, a, b, c);
}

void helper_fp(ARMCPU *cpu, uint32_t desc, const void *a, const void *b, const void *c, void *ret)
{
    TcgFp f = desc;
    unsigned es = tcg_fp_es(f), to = tcg_fp_to(f), lanes = f & TCG_FP_SCALAR ? 1 : 16u >> MAX(es, to);
    Result r = { .d = { 0, 0 } };

    if (f & TCG_FP_SCALAR && !tcg_fp_resizes(f)) {
        memcpy(&r, a, sizeof(r));
    }
    for (unsigned i = 0; i < lanes; i++) {
        result_set(&r, to, i, inline_op(cpu, f, lane(a, es, i), lane(b, es, i), lane(c, to, i)));
    }
    memcpy(ret, &r, sizeof(r));
}

uint64_t helper_fp_to_int(ARMCPU *cpu, uint32_t desc, const void *a)
{
    return inline_op(cpu, desc, lane(a, tcg_fp_es(desc), 0), 0, 0);
}

static uint32_t nzcv(FloatRel r)
{
    switch (r) {
    case FLOAT_EQUAL:
        return FLAG_Z | FLAG_C;
    case FLOAT_LESS:
        return FLAG_N;
    case FLOAT_GREATER:
        return FLAG_C;
    default:
        return FLAG_C | FLAG_V;
    }
}

uint32_t helper_fp_compare(ARMCPU *cpu, uint32_t desc, const void *a, const void *b)
{
    unsigned es = tcg_fp_es(desc);
    uint64_t x = lane(a, es, 0), y = lane(b, es, 0);

    return nzcv(desc & TCG_FP_SIGNAL ? signalling(cpu, es, x, y) : quiet(cpu, es, x, y));
}

/* -- scalars and general registers -------------------------------------------------------------------------- */

uint64_t helper_fcvt_to_g(ARMCPU *cpu, uint64_t a, uint32_t desc)
{
    return to_int(cpu, desc & 3, desc >> 4 & 1 ? 64 : 32, a, desc >> 8);
}

uint64_t helper_fcvt_from_g(ARMCPU *cpu, uint64_t a, uint32_t desc)
{
    return from_int(cpu, desc & 3, desc >> 4 & 1 ? 64 : 32, a, desc >> 8);
}

/* As fp_to_int, but modulo 2^32. */
uint64_t helper_fp_to_modular(ARMCPU *cpu, uint32_t desc G_GNUC_UNUSED, const void *a)
{
    bool exact;

    return (uint32_t)cpu->fpu->f64_to_i32_modular(lane(a, 3, 0), &exact, &cpu->fp);
}

/* Result in bits 31:0; bit 32: it was exact (Z). */
uint64_t helper_fjcvtzs(ARMCPU *cpu, uint64_t a)
{
    bool exact;
    uint32_t v = cpu->fpu->f64_to_i32_modular(a, &exact, &cpu->fp);

    return v | (uint64_t)exact << 32;
}

/* -- lanes that change size ------------------------------------------------------------------------------------------ */

void helper_fcvtl(ARMCPU *cpu, uint32_t regs, uint32_t desc)
{
    unsigned esz = desc & 3, lanes = 16u >> esz, first = desc >> 4 & 1 ? lanes : 0;
    const ARMVector *n = &cpu->v[regs >> 5 & 31];
    Result r = { .d = { 0, 0 } };

    for (unsigned i = 0; i < lanes; i++) {
        result_set(&r, esz, i, convert(cpu, esz - 1, esz, lane(n, esz - 1, first + i)));
    }
    write_result(cpu, regs & 31, &r);
}

/* Narrowing keeps the lower half of Vd when it writes the upper, and zeroes the upper when it writes the lower. */
static void narrow(ARMCPU *cpu, uint32_t regs, uint32_t desc, uint64_t fn(ARMCPU *cpu, unsigned esz, uint64_t a))
{
    unsigned esz = desc & 3, lanes = 16u >> esz, upper = desc >> 4 & 1;
    const ARMVector *n = &cpu->v[regs >> 5 & 31];
    Result r = { .d = { 0, 0 } };

    if (upper) {
        r.d[0] = cpu->v[regs & 31].d[0];
    }
    for (unsigned i = 0; i < lanes; i++) {
        result_set(&r, esz - 1, (upper ? lanes : 0) + i, fn(cpu, esz, lane(n, esz, i)));
    }
    write_result(cpu, regs & 31, &r);
}

static uint64_t narrow_plain(ARMCPU *cpu, unsigned esz, uint64_t a)
{
    return convert(cpu, esz, esz - 1, a);
}

static uint64_t narrow_odd(ARMCPU *cpu, unsigned esz G_GNUC_UNUSED, uint64_t a)
{
    FloatStatus s = cpu->fp;
    uint64_t v;

    s.round = FLOAT_ROUND_ODD;
    v = cpu->fpu->f64_to_f32(a, &s);
    cpu->fp.flags = s.flags;
    return v;
}

static uint64_t narrow_bf16(ARMCPU *cpu, unsigned esz G_GNUC_UNUSED, uint64_t a)
{
    return cpu->fpu->f32_to_bf16(a, &cpu->fp);
}

void helper_fcvtn(ARMCPU *cpu, uint32_t regs, uint32_t desc)
{
    narrow(cpu, regs, desc, narrow_plain);
}

void helper_fcvtxn(ARMCPU *cpu, uint32_t regs, uint32_t desc)
{
    if (desc >> 5 & 1) {                        /* scalar */
        Result r = { .d = { narrow_odd(cpu, 3, cpu->v[regs >> 5 & 31].d[0]), 0 } };

        write_result(cpu, regs & 31, &r);
        return;
    }
    narrow(cpu, regs, desc, narrow_odd);
}

void helper_bfcvtn(ARMCPU *cpu, uint32_t regs, uint32_t desc)
{
    narrow(cpu, regs, desc, narrow_bf16);
}

uint64_t helper_bfcvt(ARMCPU *cpu, uint64_t a)
{
    return cpu->fpu->f32_to_bf16(a, &cpu->fp);
}

/* -- multiply-add with wider sums --------------------------------------------------------------------------------------- */

void helper_fmlal(ARMCPU *cpu, uint32_t regs, uint32_t desc)
{
    bool q = desc & 1, top = desc >> 1 & 1, sub = desc >> 2 & 1, element = desc >> 3 & 1;
    unsigned lanes = q ? 4 : 2, index = desc >> 4, first = top ? lanes : 0;
    const ARMVector *n = &cpu->v[regs >> 5 & 31], *m = &cpu->v[regs >> 10 & 31], *d = &cpu->v[regs & 31];
    Result r = { .d = { 0, 0 } };

    for (unsigned i = 0; i < lanes; i++) {
        r.s[i] = cpu->fpu->f32_muladd_f16(n->h[first + i], m->h[element ? index : first + i], d->s[i],
                                          sub ? FLOAT_NEG_PRODUCT : 0, &cpu->fp);
    }
    write_result(cpu, regs & 31, &r);
}

static uint32_t dot(ARMCPU *cpu, uint32_t c, uint16_t a0, uint16_t a1, uint16_t b0, uint16_t b1)
{
    return cpu->fpcr & FPCR_EBF ? cpu->fpu->f32_dotadd_bf16_fused(c, a0, a1, b0, b1, &cpu->fp) :
           cpu->fpu->f32_dotadd_bf16(c, a0, a1, b0, b1, &cpu->fp);
}

void helper_bfdot(ARMCPU *cpu, uint32_t regs, uint32_t desc)
{
    bool element = desc >> 3 & 1;
    unsigned lanes = desc & 1 ? 4 : 2, index = desc >> 4;
    const ARMVector *n = &cpu->v[regs >> 5 & 31], *m = &cpu->v[regs >> 10 & 31], *d = &cpu->v[regs & 31];
    Result r = { .d = { 0, 0 } };

    for (unsigned i = 0; i < lanes; i++) {
        unsigned j = element ? index : i;

        r.s[i] = dot(cpu, d->s[i], n->h[2 * i], n->h[2 * i + 1], m->h[2 * j], m->h[2 * j + 1]);
    }
    write_result(cpu, regs & 31, &r);
}

void helper_bfmlal(ARMCPU *cpu, uint32_t regs, uint32_t desc)
{
    bool top = desc >> 1 & 1, element = desc >> 3 & 1;
    unsigned index = desc >> 4;
    const ARMVector *n = &cpu->v[regs >> 5 & 31], *m = &cpu->v[regs >> 10 & 31], *d = &cpu->v[regs & 31];
    Result r = { .d = { 0, 0 } };

    for (unsigned i = 0; i < 4; i++) {
        r.s[i] = cpu->fpu->f32_muladd_bf16(n->h[2 * i + top], m->h[element ? index : 2 * i + top], d->s[i], 0, &cpu->fp);
    }
    write_result(cpu, regs & 31, &r);
}

/* A 2x4 by 4x2 matrix product, each element the sum of two pairs' dot products in turn. */
void helper_bfmmla(ARMCPU *cpu, uint32_t regs)
{
    const ARMVector *n = &cpu->v[regs >> 5 & 31], *m = &cpu->v[regs >> 10 & 31], *d = &cpu->v[regs & 31];
    Result r = { .d = { 0, 0 } };

    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < 2; j++) {
            uint32_t sum = d->s[2 * i + j];

            for (unsigned k = 0; k < 2; k++) {
                sum = dot(cpu, sum, n->h[4 * i + 2 * k], n->h[4 * i + 2 * k + 1], m->h[4 * j + 2 * k],
                          m->h[4 * j + 2 * k + 1]);
            }
            r.s[2 * i + j] = sum;
        }
    }
    write_result(cpu, regs & 31, &r);
}

/* -- complex numbers ------------------------------------------------------------------------------------------------------ */

void helper_fcmla(ARMCPU *cpu, uint32_t regs, uint32_t desc)
{
    unsigned esz = desc & 3, lanes = desc >> 4 & 31, rot = desc >> 12 & 3, index = desc >> 20;
    bool element = desc >> 16 & 1;
    const ARMVector *n = &cpu->v[regs >> 5 & 31], *m = &cpu->v[regs >> 10 & 31], *d = &cpu->v[regs & 31];
    Result r = { .d = { 0, 0 } };

    for (unsigned i = 0; i < lanes; i += 2) {
        unsigned j = element ? 2 * index : i;
        uint64_t real = lane(m, esz, j), imag = lane(m, esz, j + 1);
        /* rotations by 0 and 180 degrees take Vn's real part, by 90 and 270 its imaginary part */
        uint64_t x = lane(n, esz, i + (rot & 1));
        uint64_t first = rot & 1 ? imag : real, second = rot & 1 ? real : imag;

        /* the element is negated, also if it is a NaN */
        first = rot == 1 || rot == 2 ? neg(cpu, esz, first) : first;
        second = rot >= 2 ? neg(cpu, esz, second) : second;
        result_set(&r, esz, i, BY_FORMAT(muladd, x, first, lane(d, esz, i), 0, &cpu->fp));
        result_set(&r, esz, i + 1, BY_FORMAT(muladd, x, second, lane(d, esz, i + 1), 0, &cpu->fp));
    }
    write_result(cpu, regs & 31, &r);
}

void helper_fcadd(ARMCPU *cpu, uint32_t regs, uint32_t desc)
{
    unsigned esz = desc & 3, lanes = desc >> 4 & 31, rot = desc >> 12 & 1;
    const ARMVector *n = &cpu->v[regs >> 5 & 31], *m = &cpu->v[regs >> 10 & 31];
    Result r = { .d = { 0, 0 } };

    for (unsigned i = 0; i < lanes; i += 2) {
        uint64_t real = lane(m, esz, i), imag = lane(m, esz, i + 1);

        /* 90 degrees: minus the imaginary part to the real one, the real part to the imaginary one; 270: the reverse */
        uint64_t to_real = rot ? imag : neg(cpu, esz, imag), to_imag = rot ? neg(cpu, esz, real) : real;

        result_set(&r, esz, i, BY_FORMAT(add, lane(n, esz, i), to_real, &cpu->fp));
        result_set(&r, esz, i + 1, BY_FORMAT(add, lane(n, esz, i + 1), to_imag, &cpu->fp));
    }
    write_result(cpu, regs & 31, &r);
}
