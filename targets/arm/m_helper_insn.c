/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arithmetic of T16 and T32 instructions that is too long to be inline (Armv8-M ARM, DDI 0553, C2.4, E1; Armv7-M ARM,
 * DDI 0403, A7.7). Floating point is by the operations of core/fpu.h under the rules of the CPU's FPSCR.
 */
#include "core/bits.h"
#include "targets/arm/m_cpu.h"
#include "targets/arm/m_fp.h"
#include "core/tcg/helper_def.h"

#define HELPER(name, ret, flags, reads, writes, ...) HELPER_PROTOTYPE(ARMMCPU, name, ret, ##__VA_ARGS__)
#include "targets/arm/m_helper_insn.def"
#undef HELPER
#define HELPER(name, ret, flags, reads, writes, ...) HELPER_ROW(arm_helper_, name, ret, flags, reads, writes, ##__VA_ARGS__)
#include "targets/arm/m_helper_insn.def"
#undef HELPER

/* -- saturation ------------------------------------------------------------------------------------------------------------- */

/* SignedSatQ(), UnsignedSatQ(): the value, and whether it is another. */
static int64_t signed_sat(int64_t v, unsigned bits, bool *q)
{
    int64_t max = (INT64_C(1) << (bits - 1)) - 1, r = v > max ? max : v < -max - 1 ? -max - 1 : v;

    *q |= r != v;
    return r;
}

static int64_t unsigned_sat(int64_t v, unsigned bits, bool *q)
{
    int64_t max = (INT64_C(1) << bits) - 1, r = v > max ? max : v < 0 ? 0 : v;

    *q |= r != v;
    return r;
}

static uint64_t result(uint32_t v, uint32_t high)
{
    return v | (uint64_t)high << 32;
}

uint64_t helper_m_ssat(ARMMCPU *cpu G_GNUC_UNUSED, uint32_t v, uint32_t bits)
{
    bool q = false;
    uint32_t r = (uint32_t)signed_sat((int32_t)v, bits, &q);

    return result(r, q);
}

uint64_t helper_m_usat(ARMMCPU *cpu G_GNUC_UNUSED, uint32_t v, uint32_t bits)
{
    bool q = false;
    uint32_t r = (uint32_t)unsigned_sat((int32_t)v, bits, &q);

    return result(r, q);
}

uint64_t helper_m_ssat16(ARMMCPU *cpu G_GNUC_UNUSED, uint32_t v, uint32_t bits)
{
    bool q = false;
    uint16_t lo = (uint16_t)signed_sat((int16_t)v, bits, &q), hi = (uint16_t)signed_sat((int16_t)(v >> 16), bits, &q);

    return result(lo | (uint32_t)hi << 16, q);
}

uint64_t helper_m_usat16(ARMMCPU *cpu G_GNUC_UNUSED, uint32_t v, uint32_t bits)
{
    bool q = false;
    uint16_t lo = (uint16_t)unsigned_sat((int16_t)v, bits, &q), hi = (uint16_t)unsigned_sat((int16_t)(v >> 16), bits, &q);

    return result(lo | (uint32_t)hi << 16, q);
}

uint64_t helper_m_qaddsub(ARMMCPU *cpu G_GNUC_UNUSED, uint32_t m, uint32_t n, uint32_t desc)
{
    bool q = false;
    int64_t b = (int32_t)n;
    uint32_t r;

    if (desc & 2) {
        b = signed_sat(2 * b, 32, &q);
    }
    r = (uint32_t)signed_sat(desc & 1 ? (int32_t)m - b : (int32_t)m + b, 32, &q);
    return result(r, q);
}

/* -- parallel --------------------------------------------------------------------------------------------------------------- */

/* One lane of `bits`: the result, and its GE bit. kind: 0 plain, 1 saturating, 2 halving; + 4 unsigned. */
static uint32_t lane(int a, int b, bool sub, unsigned bits, unsigned kind, bool *ret_ge)
{
    int sum = sub ? a - b : a + b;
    bool q;

    /* an unsigned sum that carries, a signed or subtracted one that is not negative */
    *ret_ge = kind & 4 && !sub ? sum >> bits != 0 : sum >= 0;
    switch (kind & 3) {
    case 0:
        break;
    case 1:
        sum = (int)(kind & 4 ? unsigned_sat(sum, bits, &q) : signed_sat(sum, bits, &q));
        break;
    default:
        sum >>= 1;
        break;
    }
    return (uint32_t)sum & ((1u << bits) - 1);
}

static int element(uint32_t v, unsigned i, unsigned bits, bool uns)
{
    return uns ? (int)extract32(v, i * bits, bits) : sextract32(v, i * bits, bits);
}

uint64_t helper_m_parallel(ARMMCPU *cpu G_GNUC_UNUSED, uint32_t n, uint32_t m, uint32_t desc)
{
    unsigned op = desc & 7, kind = desc >> 4, bits = op == 0 || op == 4 ? 8 : 16;
    bool uns = kind & 4, exchange = op == 2 || op == 6;
    uint32_t v = 0, ge = 0;

    for (unsigned i = 0; i < 32 / bits; i++) {
        /* ASX subtracts below and adds above, SAX the other way */
        bool sub = op == 2 ? i == 0 : op == 6 ? i == 1 : op & 4, lane_ge;
        int b = element(m, exchange ? !i : i, bits, uns);

        v |= lane(element(n, i, bits, uns), b, sub, bits, kind, &lane_ge) << (i * bits);
        if (lane_ge) {
            ge |= (bits == 8 ? 1u : 3u) << (i * bits / 8);
        }
    }
    return result(v, ge);
}

uint32_t helper_m_sel(ARMMCPU *cpu G_GNUC_UNUSED, uint32_t n, uint32_t m, uint32_t ge)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < 4; i++) {
        mask |= ge >> i & 1 ? 0xffu << (8 * i) : 0;
    }
    return (n & mask) | (m & ~mask);
}

uint32_t helper_m_usad8(ARMMCPU *cpu G_GNUC_UNUSED, uint32_t n, uint32_t m)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < 32; i += 8) {
        int a = extract32(n, i, 8), b = extract32(m, i, 8);

        sum += (uint32_t)(a > b ? a - b : b - a);
    }
    return sum;
}

/* -- floating point --------------------------------------------------------------------------------------------------------- */

/* f(args) of the FloatOps table, by precision. */
#define BY(dp, op, ...) ((dp) ? (uint64_t)cpu->fpu->f64_##op(__VA_ARGS__) : (uint64_t)cpu->fpu->f32_##op(__VA_ARGS__))

static FloatRound rounding(const ARMMCPU *cpu, unsigned aux)
{
    return (aux & 15) == M_FP_CURRENT ? (FloatRound)cpu->fp.round : (FloatRound)(aux & 15);
}

static uint64_t to_integer(ARMMCPU *cpu, bool dp, uint64_t a, unsigned bits, int fbits, FloatRound round, bool uns)
{
    if (bits == 16) {
        return uns ? (uint16_t)BY(dp, to_u16, a, fbits, round, &cpu->fp) : (uint16_t)BY(dp, to_i16, a, fbits, round, &cpu->fp);
    }
    return uns ? (uint32_t)BY(dp, to_u32, a, fbits, round, &cpu->fp) : (uint32_t)BY(dp, to_i32, a, fbits, round, &cpu->fp);
}

static uint64_t from_integer(ARMMCPU *cpu, bool dp, uint64_t a, unsigned bits, int fbits, bool uns)
{
    return uns ? BY(dp, from_u64, extract64(a, 0, bits), fbits, &cpu->fp) :
           BY(dp, from_i64, sextract64(a, 0, bits), fbits, &cpu->fp);
}

/* A fixed-point result fills the register: signed ones with their sign. */
static uint64_t to_fixed(ARMMCPU *cpu, bool dp, uint64_t a, unsigned aux)
{
    unsigned bits = aux >> 11 & 1 ? 32 : 16;
    bool uns = aux & M_FP_UNSIGNED;
    uint64_t v = to_integer(cpu, dp, a, bits, aux >> 5 & 63, FLOAT_ROUND_ZERO, uns);

    return uns ? v : (uint64_t)sextract64(v, 0, bits);
}

/* FixedToFP() of VCVT rounds to nearest, whatever FPSCR says. */
static uint64_t from_fixed(ARMMCPU *cpu, bool dp, uint64_t a, unsigned aux)
{
    uint8_t round = cpu->fp.round;
    uint64_t v;

    cpu->fp.round = FLOAT_ROUND_TIE_EVEN;
    v = from_integer(cpu, dp, a, aux >> 11 & 1 ? 32 : 16, aux >> 5 & 63, aux & M_FP_UNSIGNED);
    cpu->fp.round = round;
    return v;
}

uint64_t helper_m_fp2(ARMMCPU *cpu, uint64_t a, uint64_t b, uint32_t desc)
{
    bool dp = desc >> 8 & 1;
    unsigned aux = desc >> 12;
    FloatStatus *st = &cpu->fp;

    switch ((MFpOp)(desc & 0xff)) {
    case M_FP_ADD:
        return BY(dp, add, a, b, st);
    case M_FP_SUB:
        return BY(dp, sub, a, b, st);
    case M_FP_MUL:
        return BY(dp, mul, a, b, st);
    case M_FP_NMUL:
        return BY(dp, mul, a, b, st) ^ (dp ? UINT64_C(1) << 63 : UINT64_C(1) << 31);
    case M_FP_DIV:
        return BY(dp, div, a, b, st);
    case M_FP_MAXNM:
        return BY(dp, maxnum, a, b, st);
    case M_FP_MINNM:
        return BY(dp, minnum, a, b, st);
    case M_FP_SQRT:
        return BY(dp, sqrt, a, st);
    case M_FP_RINT:
        return BY(dp, round_int, a, rounding(cpu, aux), aux & M_FP_EXACT, st);
    case M_FP_TO_INT:
        return to_integer(cpu, dp, a, 32, 0, rounding(cpu, aux), aux & M_FP_UNSIGNED);
    case M_FP_FROM_INT:
        return from_integer(cpu, dp, a, 32, 0, aux & M_FP_UNSIGNED);
    case M_FP_TO_FIXED:
        return to_fixed(cpu, dp, a, aux);
    case M_FP_FROM_FIXED:
        return from_fixed(cpu, dp, a, aux);
    case M_FP_TO_F32:
        return cpu->fpu->f64_to_f32(a, st);
    case M_FP_TO_F64:
        return cpu->fpu->f32_to_f64((float32)a, st);
    case M_FP_TO_F16:
        return dp ? cpu->fpu->f64_to_f16(a, st) : cpu->fpu->f32_to_f16((float32)a, st);
    case M_FP_FROM_F16:
        return dp ? cpu->fpu->f16_to_f64((float16)a, st) : cpu->fpu->f16_to_f32((float16)a, st);
    default:
        g_assert_not_reached();
    }
}

static uint64_t negated(bool dp, uint64_t v)
{
    return v ^ (dp ? UINT64_C(1) << 63 : UINT64_C(1) << 31);
}

/* Chained ones round the product, and negate NaNs; fused ones round once. */
uint64_t helper_m_fp3(ARMMCPU *cpu, uint64_t a, uint64_t b, uint64_t c, uint32_t desc)
{
    bool dp = desc >> 8 & 1;
    FloatStatus *st = &cpu->fp;

    switch ((MFpOp)(desc & 0xff)) {
    case M_FP_MLA:
        return BY(dp, add, c, BY(dp, mul, a, b, st), st);
    case M_FP_MLS:
        return BY(dp, add, c, negated(dp, BY(dp, mul, a, b, st)), st);
    case M_FP_NMLA:
        return BY(dp, add, negated(dp, c), negated(dp, BY(dp, mul, a, b, st)), st);
    case M_FP_NMLS:
        return BY(dp, add, negated(dp, c), BY(dp, mul, a, b, st), st);
    case M_FP_FMA:
        return BY(dp, muladd, a, b, c, 0, st);
    case M_FP_FMS:
        return BY(dp, muladd, a, b, c, FLOAT_NEG_PRODUCT, st);
    case M_FP_FNMA:
        return BY(dp, muladd, a, b, c, FLOAT_NEG_PRODUCT | FLOAT_NEG_ADDEND, st);
    case M_FP_FNMS:
        return BY(dp, muladd, a, b, c, FLOAT_NEG_ADDEND, st);
    default:
        g_assert_not_reached();
    }
}

void helper_m_vcmp(ARMMCPU *cpu, uint64_t a, uint64_t b, uint32_t desc)
{
    bool dp = desc & 1;
    FloatRel rel;
    uint32_t nzcv;

    if (desc >> 1 & 1) {
        rel = dp ? cpu->fpu->f64_compare_signal(a, b, &cpu->fp) : cpu->fpu->f32_compare_signal((float32)a, (float32)b, &cpu->fp);
    } else {
        rel = dp ? cpu->fpu->f64_compare(a, b, &cpu->fp) : cpu->fpu->f32_compare((float32)a, (float32)b, &cpu->fp);
    }
    nzcv = rel == FLOAT_EQUAL ? 6 : rel == FLOAT_LESS ? 8 : rel == FLOAT_GREATER ? 2 : 3;
    cpu->fpscr = deposit32(cpu->fpscr, 28, 4, nzcv);
}
