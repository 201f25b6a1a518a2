/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floating point (Intel SDM volume 1, chapters 4 and 11): one host instruction, and what finds the results that a guest
 * may want otherwise: NaNs, whose payloads and signs architectures choose differently, integers that did not fit, and
 * the smallest normal number where it may come of rounding up: this host looks for tiny results after it has rounded,
 * others before. Those go out of line, to the helper that the operation names. The flags that the host has raised by
 * then are right in all these cases, but for infinity times zero and a quiet NaN: by way of double Invalid is raised, and
 * a fused instruction leaves that to the helper. A guest for which it is not invalid cannot use the former.
 *
 * VEX forms alone, so AVX; with it FMA, AVX2 and BMI2, which came together. AVX-512 has what converts vectors of 64-bit and
 * unsigned integers, which others do by way of general registers or larger integers; AVX512_FP16 has, in forms of EVEX, what
 * half precision is computed with. Hosts that only convert to it and from
 * it compute by way of single or double precision: see emit_by_single and emit_by_double.
 */
#include "core/tcg/backend/x86_64/emit_int.h"

enum { XS = XSCRATCH };

#define V(map, op) ((map) | P_66 | (op))
enum {
    ADD = 0x58, MUL = 0x59, CVT = 0x5a, SUB = 0x5c, MIN = 0x5d, DIV = 0x5e, MAX = 0x5f, SQRT = 0x51,
    ANDPS = M_0F | 0x54, ORPS = M_0F | 0x56, PXOR = V(M_0F, 0xef), PAND = V(M_0F, 0xdb),
    POR = V(M_0F, 0xeb), PCMPEQW = V(M_0F, 0x75), PCMPEQD = V(M_0F, 0x76), PCMPEQQ = V(M_38, 0x29),
    PADDW = V(M_0F, 0xfd), PADDD = V(M_0F, 0xfe), PADDQ = V(M_0F, 0xd4), MOVMSKPS = M_0F | 0x50, KORTESTB = V(M_0F, 0x98),
    MOVQ = M_0F | P_F3 | 0x7e, INSERTPS = V(M_3A, 0x21), MOVD_FROM = V(M_0F, 0x7e), MOVD_TO = V(M_0F, 0x6e),
    PMOVMSKB = V(M_0F, 0xd7), PCMPGTW = V(M_0F, 0x65), PCMPGTD = V(M_0F, 0x66), PCMPGTQ = V(M_38, 0x37),
    PEXTRW = V(M_0F, 0xc5), PBLENDW = V(M_3A, 0x0e), PUNPCKLQDQ = V(M_0F, 0x6c), PUNPCKHQDQ = V(M_0F, 0x6d),
    PMOVM2W = M_38 | P_F3 | X_W | 0x28, CVTPH2PS = V(M_38, 0x13), CVTPS2PH = V(M_3A, 0x1d), CVTPS2PD = M_0F | CVT,
    CVTPD2PS = V(M_0F, CVT), PSHUFD = V(M_0F, 0x70), PINSRD = V(M_3A, 0x22), PEXTRD = V(M_3A, 0x16),
    PACKSSDW = V(M_0F, 0x6b), PSRAW = V(M_0F, 0x71), DIGIT_SAR = 4, PMINSW = V(M_0F, 0xea), PMAXSW = V(M_0F, 0xee),
    PSRLD = V(M_0F, 0x72), DIGIT_SHR = 2, CVTDQ2PS = M_0F | 0x5b, CVTTPS2DQ = M_0F | P_F3 | 0x5b,
    MOVUPS = M_0F | 0x10, MOVUPS_TO = M_0F | 0x11, RSQRTPS = M_0F | 0x52, RCPPS = M_0F | 0x53, PSUBD = V(M_0F, 0xfa),
    PMADDWD = V(M_0F, 0xf5), PMULLD = V(M_38, 0x40), PSLLD = V(M_0F, 0x72), DIGIT_SHL = 6,
    SILENT = 8, TOWARDS_ZERO = 3,               /* of round_lanes' immediate */
    MXCSR_ROUNDS = 4,                           /* the immediate of cvtps2ph */
    UNORDERED = 3,                              /* the predicate of cmpps */
};
static const unsigned padd[4] = { 0, PADDW, PADDD, PADDQ };
static const unsigned pcmpeq[4] = { 0, PCMPEQW, PCMPEQD, PCMPEQQ };
static const unsigned pcmpgt[4] = { 0, PCMPGTW, PCMPGTD, PCMPGTQ };

/* What a host has of half precision that can only convert it. */
static bool has_by_single(const TcgNode *n)
{
    unsigned es = tcg_fp_es(n->aux);

    if (n->op == OP_fp_to_int) {
        return tcg_fp_to_round(n->aux) != TCG_ROUND_AWAY;
    }
    switch (tcg_fp_op(n->aux)) {
    case TCG_FP_ADD: case TCG_FP_SUB: case TCG_FP_MUL: case TCG_FP_DIV: case TCG_FP_SQRT:
    case TCG_FP_MADD: case TCG_FP_MSUB: case TCG_FP_NMADD: case TCG_FP_NMSUB:
    case TCG_FP_MAX: case TCG_FP_MIN: case TCG_FP_MAXNUM: case TCG_FP_MINNUM:
    case TCG_FP_EQ: case TCG_FP_GE: case TCG_FP_GT:
        return true;
    case TCG_FP_RINT:
        return tcg_fp_round(n->aux) <= TCG_ROUND_STATE;
    case TCG_FP_CVT:
        /* a double would be rounded twice; two halves are converted with two others */
        return es != tcg_fp_to(n->aux) && es < 3 && (n->aux & TCG_FP_SCALAR || tcg_fp_to(n->aux) < 3);
    default:
        return n->op > OP_fp_to_int;
    }
}

bool tcg_x86_has_fp(const TcgBackend *be, const TcgNode *n)
{
    unsigned es = tcg_fp_es(n->aux), to = tcg_fp_to(n->aux);
    bool wide = tcg_x86_host_has(be, HOST_AVX512), scalar = n->aux & TCG_FP_SCALAR;

    if (es == 0 || to == 0 || !tcg_x86_host_has(be, HOST_FMA)) {
        return false;
    }
    if (n->op == OP_fp && tcg_fp_op(n->aux) <= TCG_FP_NMSUB && es != to) {
        return tcg_x86_host_has(be, HOST_F16C);
    }
    if ((es == 1 || to == 1) && !tcg_x86_host_has(be, HOST_FP16)) {
        return tcg_x86_host_has(be, HOST_F16C) && has_by_single(n);
    }
    if (n->op != OP_fp) {
        return true;
    }
    switch (tcg_fp_op(n->aux)) {
    case TCG_FP_SCALE: case TCG_FP_RINTN:
        return es > 1;
    case TCG_FP_RECPE: case TCG_FP_RSQRTE:
        return es == 2;
    case TCG_FP_CVT:
        return es != to;
    case TCG_FP_FROM_I: case TCG_FP_FROM_U:
        if (es == 1 && to != 1) {
            return false;
        }
        return wide || scalar || es == to || (es == 2 && tcg_fp_op(n->aux) == TCG_FP_FROM_I);
    case TCG_FP_TO_I: case TCG_FP_TO_U:
        return es == to && (wide || es == 2 || scalar || tcg_fp_op(n->aux) == TCG_FP_TO_I);
    case TCG_FP_RINT:
        return tcg_fp_round(n->aux) <= TCG_ROUND_AWAY;
    default:
        return true;
    }
}

/* An opcode of the 0F map in its form for lanes of a size, scalar or packed. */
static unsigned form(TcgFp f, unsigned es, unsigned opc)
{
    opc |= M_0F | (es == 1 ? X_HALF : 0);
    if (f & TCG_FP_SCALAR) {
        return opc | (es == 3 ? P_F2 : P_F3);
    }
    return opc | (es == 3 ? P_66 : 0);
}

static void op3(Emit *e, unsigned opc, unsigned d, unsigned a, unsigned b)
{
    if (opc & X_HALF) {
        evex_rr(&e->a, opc, d, a, b);
    } else {
        vex_rr(&e->a, opc, d, a, b);
    }
}

static void op3i(Emit *e, unsigned opc, unsigned d, unsigned a, unsigned b, unsigned imm)
{
    vex_rr(&e->a, opc, d, a, b);
    put8(&e->a, imm);
}

static void opm(Emit *e, unsigned opc, unsigned d, unsigned a, Mem m)
{
    if (opc & X_HALF) {
        evex_rip(&e->a, opc, d, a, m.target);
    } else {
        vex_rm(&e->a, opc, d, a, m);
    }
}

static void ucomis(Emit *e, unsigned es, bool signal, unsigned a, unsigned b)
{
    op3(e, form(0, es, signal ? 0x2f : 0x2e), a, 0, b);
}

static unsigned vreg(const TcgNode *n, unsigned i)
{
    g_assert(in_reg(n, i));
    return loc_num(n->in[i]) - FIRST_VREG;
}

/* -- results that go out of line ------------------------------------------------------------------------------------ */

/* Lane 0: a NaN, or the smallest normal number of either sign. An unordered comparison says equal too. */
static void check_tiny(Emit *e, Stub *s, unsigned es, unsigned d)
{
    vex_rm(&e->a, ANDPS, XS, d, vconst(e, VC_ABS16 + es - 1));
    opm(e, form(0, es, 0x2e), XS, 0, vconst(e, VC_MIN16 + es - 1));
    tcg_x86_stub_jump(e, s, CC_E);
}

/* Mask register k = comparison of lanes. */
static void compare_lanes(Emit *e, unsigned es, unsigned k, unsigned a, unsigned b, TcgFp scalar, unsigned predicate)
{
    if (es == 1) {
        evex_rr(&e->a, M_3A | (scalar ? P_F3 : 0) | 0xc2, k, a, b);
    } else {
        evex_rr(&e->a, form(scalar, es, 0xc2) | (es == 3 ? X_W : 0), k, a, b);
    }
    put8(&e->a, predicate);
}

/* Any lane of a and b unordered; tiny: or any lane of a the smallest normal number. */
static void check_lanes(Emit *e, Stub *s, unsigned es, unsigned a, unsigned b, bool tiny)
{
    unsigned cmp = M_0F | (es == 3 ? P_66 : 0) | 0xc2;
    Mem min = vconst(e, VC_TWICE_MIN16 + es - 1);

    if (have(e, HOST_AVX512)) {
        compare_lanes(e, es, KSCRATCH2, a, b, 0, UNORDERED);
        if (tiny) {
            op3(e, padd[es], XS, a, a);
            evex_rip(&e->a, pcmpeq[es] | (es == 3 ? X_W : 0), KSCRATCH, XS, min.target);
        }
        vex_rr(&e->a, KORTESTB, KSCRATCH2, 0, tiny ? KSCRATCH : KSCRATCH2);
    } else {
        op3i(e, cmp, XS, a, b, UNORDERED);
        vex_rr(&e->a, MOVMSKPS, RAX, 0, XS);
        if (tiny) {
            op3(e, padd[es], XS, a, a);
            vex_rm(&e->a, pcmpeq[es], XS, XS, min);
            vex_rr(&e->a, MOVMSKPS, RDX, 0, XS);
            alu_rr(&e->a, ALU_OR, 0, RAX, RDX);
        } else {
            test_rr(&e->a, 0, RAX, RAX);
        }
    }
    tcg_x86_stub_jump(e, s, CC_NE);
}

/* The same of half precision, by integers: a host that cannot compare it. */
static void check_halves(Emit *e, Stub *s, unsigned d, bool scalar)
{
    if (scalar) {
        op3i(e, PEXTRW, RAX, 0, d, 0);
        alu_ri(&e->a, ALU_AND, 0, RAX, 0x7fff);
        alu_ri(&e->a, ALU_CMP, 0, RAX, 0x0400);
        tcg_x86_stub_jump(e, s, CC_E);
        alu_ri(&e->a, ALU_CMP, 0, RAX, 0x7c00);
        tcg_x86_stub_jump(e, s, CC_G);
        return;
    }
    vex_rm(&e->a, PAND, XS, d, vconst(e, VC_ABS16));
    vex_rm(&e->a, PCMPGTW, XS, XS, vconst(e, VC_INFINITY16));
    vex_rr(&e->a, PMOVMSKB, RAX, 0, XS);
    op3(e, PADDW, XS, d, d);
    vex_rm(&e->a, PCMPEQW, XS, XS, vconst(e, VC_TWICE_MIN16));
    vex_rr(&e->a, PMOVMSKB, RDX, 0, XS);
    alu_rr(&e->a, ALU_OR, 0, RAX, RDX);
    tcg_x86_stub_jump(e, s, CC_NE);
}

static void check_result(Emit *e, Stub *s, TcgFp f, unsigned es, unsigned d, bool tiny)
{
    if (es == 1 && !have(e, HOST_FP16)) {
        check_halves(e, s, d, f & TCG_FP_SCALAR);
    } else if (!(f & TCG_FP_SCALAR)) {
        check_lanes(e, s, es, d, d, tiny);
    } else if (tiny) {
        check_tiny(e, s, es, d);
    } else {
        ucomis(e, es, false, d, d);
        tcg_x86_stub_jump(e, s, CC_P);
    }
}

/* Results of conversions to integers that say that there is none: the sign bit alone, or all ones. */
static void check_integers(Emit *e, Stub *s, unsigned es, bool is_unsigned, unsigned d)
{
    if (is_unsigned) {
        op3(e, PCMPEQD, XS, XS, XS);
        op3(e, pcmpeq[es], XS, XS, d);
    } else {
        vex_rm(&e->a, pcmpeq[es], XS, d, vconst(e, VC_SIGN16 + es - 1));
    }
    vex_rr(&e->a, es == 1 ? PMOVMSKB : MOVMSKPS, RAX, 0, XS);
    test_rr(&e->a, 0, RAX, RAX);
    tcg_x86_stub_jump(e, s, CC_NE);
}

/* Whether a scalar's result may be the smallest normal number by rounding: sums of two are exact there. */
static bool may_be_tiny(TcgFp f)
{
    switch (tcg_fp_op(f)) {
    case TCG_FP_MUL: case TCG_FP_DIV: case TCG_FP_MADD: case TCG_FP_MSUB: case TCG_FP_NMADD: case TCG_FP_NMSUB:
        return true;
    case TCG_FP_CVT:
        return tcg_fp_to(f) < tcg_fp_es(f);
    default:
        return false;
    }
}

/* -- operations ------------------------------------------------------------------------------------------------------- */

/* Equal operands may be zeros of two signs: each is the answer of one order, and both together the right one. */
static void emit_minmax(Emit *e, Stub *s, TcgFp f, unsigned d, unsigned a, unsigned b)
{
    bool max = tcg_fp_op(f) == TCG_FP_MAX || tcg_fp_op(f) == TCG_FP_MAXNUM;
    unsigned es = tcg_fp_es(f), opc = form(f, es, max ? MAX : MIN);

    if (f & TCG_FP_SCALAR) {                    /* before the instruction, which finds a quiet NaN invalid */
        ucomis(e, es, false, a, b);
        tcg_x86_stub_jump(e, s, CC_P);
    } else {
        check_lanes(e, s, es, a, b, false);
    }
    op3(e, opc, d, a, b);
    op3(e, opc, XS, b, a);
    if (f & TCG_FP_SCALAR) {
        op3(e, max ? ANDPS : ORPS, XS, XS, d);
        op3(e, form(f, es, 0x10), d, a, XS);    /* movsh, movss, movsd */
    } else {
        op3(e, max ? ANDPS : ORPS, d, d, XS);
    }
}

/* d = a to integral values, lane 0 alone if scalar, else that and the rest of `rest`. */
static void round_lanes(Emit *e, bool scalar, unsigned es, unsigned d, unsigned rest, unsigned a, unsigned control)
{
    if (es == 1) {
        evex_rr(&e->a, M_3A | 0x08 | (scalar ? 2 : 0), d, rest, a);
        put8(&e->a, control);
    } else {
        op3i(e, V(M_3A, 0x08) | (scalar ? 2 : 0) | (es == 3 ? 1 : 0), d, rest, a, control);
    }
}

static const uint8_t rounding[] = {             /* the immediates of roundps */
    [TCG_ROUND_EVEN] = 0, [TCG_ROUND_UP] = 2, [TCG_ROUND_DOWN] = 1, [TCG_ROUND_ZERO] = TOWARDS_ZERO, [TCG_ROUND_STATE] = 4,
};

static void emit_rint(Emit *e, TcgFp f, unsigned d, unsigned a)
{
    bool scalar = f & TCG_FP_SCALAR;

    round_lanes(e, scalar, tcg_fp_es(f), d, scalar ? a : 0, a, rounding[tcg_fp_round(f)] | (tcg_fp_exact(f) ? 0 : SILENT));
}

/* Lane 0 of d = a to an integral value, by one of the immediate's modes; d keeps the rest of a. */
static void rounds(Emit *e, unsigned es, unsigned d, unsigned a, unsigned control)
{
    round_lanes(e, true, es, d, a, a, control);
}

/*
 * Ties away from zero, for AVX-512, lane 0: the largest number below a half is added, with a's sign, and the fraction dropped.
 * The sum is rounded to nearest, whatever the mode, and raises nothing ({rn-sae}): it reaches the next integer where a is half
 * way to it or further, since what is lacking then is half of its last bit or less; large numbers, which have no fraction, stay
 * as they are. d may be XS.
 */
static void away_lane(Emit *e, unsigned es, unsigned d, unsigned a)
{
    vex_rm(&e->a, PAND, XS, a, vconst(e, VC_SIGN16 + es - 1));
    vex_rm(&e->a, POR, XS, XS, vconst(e, VC_HALF16 + es - 1));
    evex_rr(&e->a, form(TCG_FP_SCALAR, es, ADD) | (es == 3 ? X_W : 0), d, a, XS);
    e->a.p[-3] |= 0x10;                         /* EVEX.b: rounding by EVEX.L'L, 0: to nearest */
    rounds(e, es, d, d, TOWARDS_ZERO | SILENT);
}

/* A lane of |XS| or |d|, as integers, above a constant: of lane 0 if scalar. */
static void check_above(Emit *e, Stub *s, bool scalar, unsigned es, Mem limit, unsigned d, bool both)
{
    vex_rm(&e->a, PAND, XS, XS, vconst(e, VC_ABS16 + es - 1));
    vex_rm(&e->a, pcmpgt[es], XS, XS, limit);
    if (both) {
        vex_rm(&e->a, PAND, d, d, vconst(e, VC_ABS16 + es - 1));
        vex_rm(&e->a, pcmpgt[es], d, d, limit);
        op3(e, POR, XS, XS, d);
    }
    vex_rr(&e->a, es == 1 ? PMOVMSKB : MOVMSKPS, RAX, 0, XS);
    test_ri(&e->a, 0, RAX, scalar ? 1 : 0xffff);
    tcg_x86_stub_jump(e, s, CC_NE);
}

/*
 * ... for others, and of all lanes: the integer towards zero, and that of twice what is left, which is 1, 0 or -1. All of it is
 * exact; what is not finite is invalid, and a zero's sign may be wrong. d is neither a nor XS.
 */
static void away_lanes(Emit *e, bool scalar, unsigned es, unsigned d, unsigned a)
{
    TcgFp f = scalar ? TCG_FP_SCALAR : 0;

    if (scalar && have(e, HOST_AVX512)) {
        away_lane(e, es, d, a);
        return;
    }
    round_lanes(e, scalar, es, XS, scalar ? a : 0, a, TOWARDS_ZERO | SILENT);
    op3(e, form(f, es, SUB), d, a, XS);
    op3(e, form(f, es, ADD), d, d, d);
    round_lanes(e, scalar, es, d, scalar ? d : 0, d, TOWARDS_ZERO | SILENT);
    op3(e, form(f, es, ADD), d, XS, d);
}

static void emit_rint_away(Emit *e, Stub *s, TcgFp f, unsigned d, unsigned a)
{
    unsigned es = tcg_fp_es(f);
    bool scalar = f & TCG_FP_SCALAR;

    if (scalar && have(e, HOST_AVX512)) {
        ucomis(e, es, false, a, a);
        tcg_x86_stub_jump(e, s, CC_P);
        away_lane(e, es, d, a);
    } else {
        tcg_x86_vmov(e, XS, a);
        check_above(e, s, scalar, es, vconst(e, VC_FINITE16 + es - 1), d, false);
        away_lanes(e, scalar, es, d, a);
        vex_rm(&e->a, PAND, XS, a, vconst(e, VC_SIGN16 + es - 1));
        vex_rm(&e->a, PAND, d, d, vconst(e, VC_ABS16 + es - 1));
        op3(e, POR, d, d, XS);
    }
    if (tcg_fp_exact(f)) {
        round_lanes(e, scalar, es, XS, scalar ? a : 0, a, TOWARDS_ZERO);
    }
}

/*
 * Infinity times zero is not invalid here, so infinities are found before, and NaNs with them; for RSQRTS all whose product may
 * be too large before it is halved. What the steps compute is never tiny.
 */
static void emit_step(Emit *e, Stub *s, TcgFp f, unsigned d, unsigned a, unsigned b)
{
    TcgFpOp op = tcg_fp_op(f);
    unsigned es = tcg_fp_es(f);
    bool scalar = f & TCG_FP_SCALAR;

    tcg_x86_vmov(e, XS, a);
    tcg_x86_vmov(e, d, b);
    check_above(e, s, scalar, es, vconst(e, (op == TCG_FP_RSQRTS ? VC_ROOT16 : VC_FINITE16) + es - 1), d, true);
    if (op == TCG_FP_MULX) {
        op3(e, form(f, es, MUL), d, a, b);
        check_result(e, s, f, es, d, true);
        return;
    }
    tcg_x86_vmov(e, d, a);
    opm(e, V(M_38, 0xac) | (scalar ? 1 : 0) | (es == 3 ? X_W : es == 1 ? X_HALF : 0), d, b,         /* vfnmadd213ps */
        vconst(e, (op == TCG_FP_RSQRTS ? VC_THREE16 : VC_TWO16) + es - 1));
    if (op == TCG_FP_RSQRTS) {
        opm(e, form(f, es, MUL), d, d, vconst(e, VC_POINT5_16 + es - 1));
    }
}

/* To an integral value in silence, and with its exception when it is known to fit. */
static void emit_rintn(Emit *e, Stub *s, TcgFp f, unsigned d, unsigned a)
{
    unsigned es = tcg_fp_es(f), control = rounding[tcg_fp_round(f)];
    bool scalar = f & TCG_FP_SCALAR, bits64 = f >> 14 & 1;

    round_lanes(e, scalar, es, XS, scalar ? a : 0, a, control | SILENT);
    check_above(e, s, scalar, es, vconst(e, (bits64 ? VC_BELOW_2P63 : VC_BELOW_2P31) + es - 2), d, false);
    round_lanes(e, scalar, es, d, scalar ? a : 0, a, control);
}

/*
 * The host's estimate, which hosts choose and which raises nothing, is off by less than 2^-11. So its first 10 bits, made odd,
 * are p = 2 u - 1 where the result is u or u - 1: the latter if p times what it is the reciprocal of is too large.
 */
static void emit_estimate(Emit *e, Stub *s, TcgFp f, unsigned d, unsigned a)
{
    bool root = tcg_fp_op(f) == TCG_FP_RSQRTE, scalar = f & TCG_FP_SCALAR;
    int by_op = root ? VC_ABOVE_RSQRTE - VC_ABOVE_RECPE : 0;

    if (!root) {
        vex_rm(&e->a, PAND, XS, a, vconst(e, VC_ABS32));
    }
    vex_rm(&e->a, PADDD, XS, root ? a : XS, vconst(e, VC_INFINITY32));          /* from the smallest normal number on, signed */
    vex_rm(&e->a, PCMPGTD, XS, XS, vconst(e, VC_ABOVE_RECPE + by_op));
    vex_rr(&e->a, MOVMSKPS, RAX, 0, XS);
    test_ri(&e->a, 0, RAX, scalar ? 1 : 15);
    tcg_x86_stub_jump(e, s, CC_NE);
    vex_rm(&e->a, PAND, XS, a, vconst(e, VC_FIRST_RECPE + by_op));
    vex_rm(&e->a, POR, XS, XS, vconst(e, VC_MIDDLE_RECPE + by_op));
    vex_rr(&e->a, root ? RSQRTPS : RCPPS, d, 0, XS);
    op3i(e, PSRLD, DIGIT_SHR, d, d, 14);
    vex_rm(&e->a, PAND, d, d, vconst(e, VC_0x1FF));
    vex_rm(&e->a, POR, d, d, vconst(e, VC_0x201));
    op3i(e, PSRLD, DIGIT_SHR, XS, XS, root ? 15 : 14);
    vex_rm(&e->a, PAND, XS, XS, vconst(e, root ? VC_0xFF : VC_0x1FF));
    vex_rm(&e->a, POR, XS, XS, vconst(e, root ? VC_0x100 : VC_0x201));
    if (root) {                                 /* p squared; the limit is twice as large where the exponent is odd */
        vex_rm(&e->a, MOVUPS_TO, d, 0, mem(RSP, FRAME_V0));
        op3(e, PMADDWD, d, d, d);
        op3(e, PMULLD, XS, XS, d);
        vex_rm(&e->a, PAND, d, a, vconst(e, VC_MIN32));
        op3i(e, PSLLD, DIGIT_SHL, d, d, 4);
        vex_rm(&e->a, PADDD, d, d, vconst(e, VC_LIMIT_RSQRTE));
        op3(e, PCMPGTD, XS, XS, d);
        vex_rm(&e->a, MOVUPS, d, 0, mem(RSP, FRAME_V0));
    } else {
        op3(e, PMADDWD, XS, XS, d);
        vex_rm(&e->a, PCMPGTD, XS, XS, vconst(e, VC_LIMIT_RECPE));
    }
    op3i(e, PSLLD, DIGIT_SHL, d, d, 14);
    op3i(e, PSLLD, DIGIT_SHL, XS, XS, 15);
    op3(e, PADDD, d, d, XS);
    if (root) {
        vex_rm(&e->a, PADDD, XS, a, vconst(e, VC_MIN32));
        op3i(e, PSRLD, DIGIT_SHR, XS, XS, 1);
        vex_rm(&e->a, PAND, XS, XS, vconst(e, VC_INFINITY32));
    } else {
        vex_rm(&e->a, PAND, XS, a, vconst(e, VC_EXPONENT32));
    }
    op3(e, PSUBD, d, d, XS);
    vex_rm(&e->a, PADDD, d, d, vconst(e, VC_BIAS_RECPE + by_op));
    if (scalar) {
        op3(e, form(f, 2, 0x10), d, a, d);      /* movss */
    }
}

/* Between the limits, times a power of two. A NaN is the second operand of the comparisons, and so their result. */
static void emit_scale(Emit *e, TcgFp f, unsigned d, unsigned a, unsigned b)
{
    unsigned es = tcg_fp_es(f);

    vex_rm(&e->a, MOVUPS, XS, 0, vconst(e, VC_2P63_32 + es - 2));
    op3(e, form(f, es, MIN), d, XS, a);
    vex_rm(&e->a, MOVUPS, XS, 0, vconst(e, VC_MINUS_2P63_32 + es - 2));
    op3(e, form(f, es, MAX), d, XS, d);
    op3(e, form(f, es, MUL), d, d, b);
    if (f & TCG_FP_SCALAR) {
        op3(e, form(f, es, 0x10), d, a, d);     /* movss, movsd */
    }
}

/* The register with a scalar's lane 0 and zeros: what packed forms can take. */
static unsigned alone(Emit *e, const TcgNode *n, unsigned es, unsigned a)
{
    if (!(n->aux & TCG_FP_SCALAR) || tcg_zero_above(e->fn, n->arg[0], es)) {
        return a;
    }
    if (es == 3) {
        vex_rr(&e->a, MOVQ, XS, 0, a);
    } else if (es == 2) {
        op3i(e, INSERTPS, XS, a, a, 0x0e);
    } else {
        op3(e, PXOR, XS, XS, XS);
        op3i(e, PBLENDW, XS, XS, a, 1);
    }
    return XS;
}

static void emit_cvt(Emit *e, const TcgNode *n, unsigned d, unsigned a)
{
    TcgFp f = n->aux;
    unsigned es = tcg_fp_es(f), to = tcg_fp_to(f), opc = form(f, es, CVT) | (es == 3 && to == 1 ? X_W | X_HALF : 0);
    bool packed = !(f & TCG_FP_SCALAR);

    if (es == 1 && ((packed && to == 2) || !have(e, HOST_FP16))) {
        a = alone(e, n, es, a);
        vex_rr(&e->a, CVTPH2PS, to == 2 ? d : XS, 0, a);
        if (to == 3) {
            vex_rr(&e->a, CVTPS2PD, d, 0, XS);
        }
    } else if (es == 2 && to == 1 && (packed || !have(e, HOST_FP16))) {
        vex_rr(&e->a, CVTPS2PH, alone(e, n, es, a), 0, d);
        put8(&e->a, MXCSR_ROUNDS);
    } else if (packed) {
        op3(e, opc, d, 0, a);
    } else {
        opc = to == 2 && es == 1 ? M_38 | X_HALF | 0x13 : to == 1 && es == 2 ? M_0F | X_HALF | 0x1d : opc;
        op3(e, PXOR, XS, XS, XS);
        op3(e, opc, d, XS, a);
    }
}

/* Integers of 64 bits, and an unsigned one of 32, by way of general registers; what is above their signed ones is rare. */
static void emit_from_general(Emit *e, Stub *s, const TcgNode *n, unsigned d, unsigned a)
{
    unsigned es = tcg_fp_es(n->aux), cvt = form(TCG_FP_SCALAR, tcg_fp_to(n->aux), 0x2a) | X_W;
    bool two = !(n->aux & TCG_FP_SCALAR);

    vex_rr(&e->a, MOVD_FROM | (es == 3 ? X_W : 0), a, 0, RAX);
    if (two) {
        op3i(e, PEXTRD | X_W, a, 0, RDX, 1);
    }
    if (es == 3 && tcg_fp_op(n->aux) == TCG_FP_FROM_U) {
        test_rr(&e->a, X_W, RAX, RAX);
        tcg_x86_stub_jump(e, s, CC_S);
        if (two) {
            test_rr(&e->a, X_W, RDX, RDX);
            tcg_x86_stub_jump(e, s, CC_S);
        }
    }
    op3(e, PXOR, d, d, d);
    if (two) {
        vex_rr(&e->a, cvt, XS, d, RDX);
    }
    vex_rr(&e->a, cvt, d, d, RAX);
    if (two) {
        op3(e, PUNPCKLQDQ, d, d, XS);
    }
}

static void emit_from_int(Emit *e, Stub *s, const TcgNode *n, unsigned d, unsigned a)
{
    static const uint16_t half[2][3] = {        /* unsigned, from */
        { M_0F | P_F3 | X_HALF | 0x7d, M_0F | X_HALF | 0x5b, M_0F | X_W | X_HALF | 0x5b },
        { M_0F | P_F2 | X_HALF | 0x7d, M_0F | P_F2 | X_HALF | 0x7a, M_0F | P_F2 | X_W | X_HALF | 0x7a },
    };
    static const struct { uint16_t opc; bool evex; } forms[2][2][2] = {       /* unsigned, from, to */
        { { { M_0F | 0x5b, false }, { M_0F | P_F3 | 0xe6, false } },
          { { M_0F | X_W | 0x5b, true }, { M_0F | P_F3 | X_W | 0xe6, true } } },
        { { { M_0F | P_F2 | 0x7a, true }, { M_0F | P_F3 | 0x7a, true } },
          { { M_0F | P_F2 | X_W | 0x7a, true }, { M_0F | P_F3 | X_W | 0x7a, true } } },
    };
    unsigned es = tcg_fp_es(n->aux), to = tcg_fp_to(n->aux), u = tcg_fp_op(n->aux) == TCG_FP_FROM_U;

    if (!have(e, HOST_AVX512) && forms[u][es - 2][to - 2].evex) {
        if (n->aux & TCG_FP_SCALAR || es == 3) {
            emit_from_general(e, s, n, d, a);
            return;
        }
        op3i(e, PSRLD, DIGIT_SHR, XS, a, 16);   /* both halves are exact, and so is what they are multiplied with */
        vex_rr(&e->a, CVTDQ2PS, XS, 0, XS);
        vex_rm(&e->a, form(0, 2, MUL), XS, XS, vconst(e, VC_2P16));
        vex_rm(&e->a, PAND, d, a, vconst(e, VC_LOWWORDS));
        vex_rr(&e->a, CVTDQ2PS, d, 0, d);
        op3(e, form(0, 2, ADD), d, d, XS);
        return;
    }
    a = alone(e, n, es, a);
    if (to == 1) {
        evex_rr(&e->a, half[u][es - 1], d, 0, a);
    } else if (forms[u][es - 2][to - 2].evex) {
        evex_rr(&e->a, forms[u][es - 2][to - 2].opc, d, 0, a);
    } else {
        vex_rr(&e->a, forms[u][es - 2][to - 2].opc, d, 0, a);
    }
}

static void single(Emit *e, const TcgNode *n, unsigned i);

/*
 * Lane 0 of a to integer register d. Where it is rounded first, to a number whose conversion is exact, the exception for what
 * was lost is raised when it is known that the integer fits. A host without AVX-512 converts to a signed integer of 64 bits.
 * half: a is XS, lane 0 of the operation's operand made single.
 */
static void to_general(Emit *e, Stub *s, const TcgNode *n, unsigned es, unsigned w, unsigned d, unsigned a, bool half)
{
    bool is_unsigned = tcg_fp_op(n->aux) == TCG_FP_TO_U, larger = is_unsigned && !have(e, HOST_AVX512);
    TcgFpRound round = tcg_fp_to_round(n->aux);
    unsigned opc = form(TCG_FP_SCALAR, es, 0) | w, from = a;
    bool twice = larger || round != TCG_ROUND_ZERO;

    if (round == TCG_ROUND_AWAY && have(e, HOST_AVX512)) {
        away_lane(e, es, XS, a);
        from = XS;
    } else if (round == TCG_ROUND_AWAY) {       /* as away_lanes does */
        Mem twice_left = mem(RSP, FRAME_V0);

        rounds(e, es, XS, a, TOWARDS_ZERO | SILENT);
        op3(e, form(TCG_FP_SCALAR, es, SUB), XS, a, XS);
        op3(e, form(TCG_FP_SCALAR, es, ADD), XS, XS, XS);
        rounds(e, es, XS, XS, TOWARDS_ZERO | SILENT);
        vex_rm(&e->a, form(TCG_FP_SCALAR, es, 0x11), XS, 0, twice_left);
        rounds(e, es, XS, a, TOWARDS_ZERO | SILENT);
        vex_rm(&e->a, form(TCG_FP_SCALAR, es, ADD), XS, XS, twice_left);
        from = XS;
    } else if (twice) {
        rounds(e, es, XS, a, rounding[round] | SILENT);
        from = XS;
    }
    if (larger) {
        if (w) {                                /* the host's is invalid from 2^63 on, the guest's may not be */
            opm(e, form(0, es, 0x2e), from, 0, vconst(e, VC_2P63_32 + es - 2));
            tcg_x86_stub_jump(e, s, CC_AE);
        }
        op3(e, opc | X_W | 0x2c, d, 0, from);
        if (w) {
            test_rr(&e->a, w, d, d);
            tcg_x86_stub_jump(e, s, CC_S);
        } else {
            mov_rr(&e->a, 0, RAX, d);
            alu_rr(&e->a, ALU_CMP, X_W, RAX, d);
            tcg_x86_stub_jump(e, s, CC_NE);
        }
    } else if (is_unsigned) {
        evex_rr(&e->a, opc | 0x78, d, 0, from);
        alu_ri(&e->a, ALU_CMP, w, d, -1);
        tcg_x86_stub_jump(e, s, CC_E);
    } else {
        op3(e, opc | 0x2c, d, 0, from);
        alu_ri(&e->a, ALU_CMP, w, d, 1);        /* only the sign bit alone minus one overflows */
        tcg_x86_stub_jump(e, s, CC_O);
    }
    if (twice) {
        if (half) {
            single(e, n, 0);
        }
        rounds(e, es, XS, a, TOWARDS_ZERO);
    }
}

static void emit_to_ints(Emit *e, Stub *s, const TcgNode *n, unsigned d, unsigned a)
{
    unsigned es = tcg_fp_es(n->aux), from = a;
    bool scalar = n->aux & TCG_FP_SCALAR, is_unsigned = tcg_fp_op(n->aux) == TCG_FP_TO_U, wide = have(e, HOST_AVX512);
    TcgFpRound round = tcg_fp_to_round(n->aux);
    bool twice = round != TCG_ROUND_ZERO || (is_unsigned && !wide);

    if (!wide && es == 3) {
        to_general(e, s, n, es, X_W, RAX, a, false);
        if (!scalar) {
            op3(e, PUNPCKHQDQ, d, a, a);
            to_general(e, s, n, es, X_W, RDX, d, false);
            vex_rr(&e->a, MOVD_TO | X_W, XS, 0, RDX);
        }
        vex_rr(&e->a, MOVD_TO | X_W, d, 0, RAX);
        if (!scalar) {
            op3(e, PUNPCKLQDQ, d, d, XS);
        }
        return;
    }
    if (round == TCG_ROUND_AWAY) {
        away_lanes(e, scalar, es, d, a);
        if (scalar) {
            op3(e, PXOR, XS, XS, XS);
            if (es == 1) {
                op3i(e, PBLENDW, XS, XS, d, 1);
            } else {
                op3(e, form(n->aux, es, 0x10), XS, XS, d);
            }
        }
        from = scalar ? XS : d;
    } else if (twice) {
        if (scalar) {
            op3(e, PXOR, XS, XS, XS);
        }
        round_lanes(e, scalar, es, XS, scalar ? XS : 0, a, rounding[round] | SILENT);
        from = XS;
    } else {
        from = alone(e, n, es, a);
    }
    if (is_unsigned && !wide) {                 /* what is not below 2^31 may fit, and must not be found invalid */
        if (from == d) {
            tcg_x86_vmov(e, XS, d);
        }
        vex_rm(&e->a, PCMPGTD, d, XS, vconst(e, VC_BELOW_2P31));
        vex_rr(&e->a, MOVMSKPS, RAX, 0, d);
        test_rr(&e->a, 0, RAX, RAX);
        tcg_x86_stub_jump(e, s, CC_NE);
        vex_rr(&e->a, CVTTPS2DQ, d, 0, XS);
        vex_rr(&e->a, MOVMSKPS, RAX, 0, d);
        test_rr(&e->a, 0, RAX, RAX);
        tcg_x86_stub_jump(e, s, CC_NE);
    } else {
        if (es == 1) {
            evex_rr(&e->a, M_0F | X_HALF | (is_unsigned ? 0 : P_66) | 0x7c, d, 0, from);
        } else if (is_unsigned) {
            evex_rr(&e->a, M_0F | (es == 3 ? P_66 | X_W : 0) | 0x78, d, 0, from);
        } else if (es == 3) {
            evex_rr(&e->a, M_0F | P_66 | X_W | 0x7a, d, 0, from);
        } else {
            vex_rr(&e->a, CVTTPS2DQ, d, 0, from);
        }
        check_integers(e, s, es, is_unsigned, d);
    }
    if (twice) {
        round_lanes(e, scalar, es, XS, scalar ? a : 0, a, TOWARDS_ZERO);
    }
}

static const uint8_t simple[] = {
    [TCG_FP_ADD] = ADD, [TCG_FP_SUB] = SUB, [TCG_FP_MUL] = MUL, [TCG_FP_DIV] = DIV, [TCG_FP_SQRT] = SQRT,
};
static const uint8_t predicate[] = { [TCG_FP_EQ] = 0x00, [TCG_FP_GE] = 0x0d, [TCG_FP_GT] = 0x0e };

/* The integers whose order is that of numbers of half precision, and numbers from them: d, which is not a. */
static void order_halves(Emit *e, unsigned d, unsigned a)
{
    op3i(e, PSRAW, DIGIT_SAR, d, a, 15);
    vex_rm(&e->a, PAND, d, d, vconst(e, VC_ABS16));
    op3(e, PXOR, d, d, a);
}

static void emit_minmax_halves(Emit *e, Stub *s, const TcgNode *n, unsigned d, unsigned a, unsigned b)
{
    bool max = tcg_fp_op(n->aux) == TCG_FP_MAX || tcg_fp_op(n->aux) == TCG_FP_MAXNUM, scalar = n->aux & TCG_FP_SCALAR;

    vex_rm(&e->a, PAND, XS, a, vconst(e, VC_ABS16));
    vex_rm(&e->a, PAND, d, b, vconst(e, VC_ABS16));
    op3(e, PMAXSW, XS, XS, d);
    vex_rm(&e->a, PCMPGTW, XS, XS, vconst(e, VC_INFINITY16));
    vex_rr(&e->a, PMOVMSKB, RAX, 0, XS);
    test_ri(&e->a, 0, RAX, scalar ? 1 : 0xffff);
    tcg_x86_stub_jump(e, s, CC_NE);
    order_halves(e, XS, a);
    order_halves(e, d, b);
    op3(e, max ? PMAXSW : PMINSW, XS, XS, d);
    order_halves(e, d, XS);
    if (scalar) {
        op3i(e, PBLENDW, d, a, d, 1);
    }
}

/*
 * Half precision by way of single: 24 bits are twice 11 and two more, enough that to round twice is to round once, in any
 * mode. The second step finds the underflows too: what is tiny is exact in single precision if it is a sum or a product, and
 * a quotient of 11 bits by 11 bits is never rounded to a number of 11 bits that it is not. All else here is exact.
 */
static void emit_by_single(Emit *e, const TcgNode *n, unsigned d, unsigned a, unsigned b)
{
    TcgFpOp op = tcg_fp_op(n->aux);
    bool scalar = n->aux & TCG_FP_SCALAR, unary = op == TCG_FP_SQRT || op == TCG_FP_RINT;
    bool lanes = op == TCG_FP_EQ || op == TCG_FP_GE || op == TCG_FP_GT;

    for (unsigned high = 0; high < (scalar ? 1 : 2); high++) {
        if (!unary) {
            unsigned from = b;

            if (high) {
                op3(e, PUNPCKHQDQ, d, b, b);
                from = d;
            } else if (scalar && !tcg_zero_above(e->fn, n->arg[1], 1)) {
                op3(e, PXOR, d, d, d);
                op3i(e, PBLENDW, d, d, b, 1);
                from = d;
            }
            vex_rr(&e->a, CVTPH2PS, d, 0, from);
        }
        if (high) {
            op3(e, PUNPCKHQDQ, XS, a, a);
        }
        vex_rr(&e->a, CVTPH2PS, XS, 0, high ? XS : alone(e, n, 1, a));
        if (op == TCG_FP_RINT) {
            emit_rint(e, (TcgFp)(n->aux ^ TCG_FP(0, 1, 1) ^ TCG_FP(0, 2, 2)), XS, XS);
        } else if (lanes) {
            op3i(e, form(n->aux, 2, 0xc2), XS, XS, d, predicate[op]);
        } else {
            op3(e, form(n->aux, 2, simple[op]), XS, unary && !scalar ? 0 : XS, unary ? XS : d);
        }
        if (lanes) {
            op3(e, PACKSSDW, XS, XS, XS);
        } else {
            vex_rr(&e->a, CVTPS2PH, XS, 0, XS);
            put8(&e->a, MXCSR_ROUNDS);
        }
        if (!scalar && !high) {
            vex_rr(&e->a, MOVD_FROM | X_W, XS, 0, RAX);
        }
    }
    if (scalar) {
        op3i(e, PBLENDW, d, a, XS, 1);
    } else {
        vex_rr(&e->a, MOVD_TO | X_W, d, 0, RAX);
        op3(e, PUNPCKLQDQ, d, d, XS);
    }
}

/* Lanes 2i and 2i + 1 of a, or lane 0 and zeros, in double precision. */
static void two_doubles(Emit *e, const TcgNode *n, unsigned arg, unsigned i, unsigned d, unsigned a)
{
    if (n->aux & TCG_FP_SCALAR && !tcg_zero_above(e->fn, n->arg[arg], 1)) {
        op3(e, PXOR, d, d, d);
        op3i(e, PBLENDW, d, d, a, 1);
        a = d;
    } else if (i) {
        op3i(e, PSHUFD, d, 0, a, 0x55 * i);
        a = d;
    }
    vex_rr(&e->a, CVTPH2PS, d, 0, a);
    vex_rr(&e->a, CVTPS2PD, d, 0, d);
}

/*
 * Half precision by way of double: products are exact, and where a sum with one is not, its 53 bits are so near a number of
 * half precision, or so far above all, that they are rounded to what the exact sum is. On the way through single precision
 * the last bit says whether something was lost (rounding to odd): that keeps the direction and the underflow.
 */
static void emit_by_double(Emit *e, const TcgNode *n, unsigned d, unsigned a, unsigned b, unsigned c)
{
    TcgFpOp op = tcg_fp_op(n->aux);
    bool scalar = n->aux & TCG_FP_SCALAR;

    for (unsigned i = 0; i < (scalar ? 1 : 4); i++) {
        two_doubles(e, n, 0, i, XS, a);
        two_doubles(e, n, 1, i, d, b);
        op3(e, V(M_0F, MUL), XS, XS, d);
        if (op == TCG_FP_NMADD) {
            vex_rm(&e->a, PXOR, XS, XS, vconst(e, VC_SIGN64));
        }
        two_doubles(e, n, 2, i, d, c);
        if (op == TCG_FP_MADD) {
            op3(e, V(M_0F, ADD), XS, XS, d);
        } else {
            op3(e, V(M_0F, SUB), XS, op == TCG_FP_MSUB ? d : XS, op == TCG_FP_MSUB ? XS : d);
        }
        vex_rm(&e->a, PAND, d, XS, vconst(e, VC_LOST));
        vex_rm(&e->a, PADDQ, d, d, vconst(e, VC_LOST));
        op3(e, POR, XS, XS, d);
        vex_rm(&e->a, PAND, XS, XS, vconst(e, VC_KEPT));
        vex_rr(&e->a, CVTPD2PS, XS, 0, XS);
        vex_rr(&e->a, CVTPS2PH, XS, 0, XS);
        put8(&e->a, MXCSR_ROUNDS);
        if (scalar) {
            op3i(e, PBLENDW, d, a, XS, 1);
        } else if (i < 3) {
            vex_rr(&e->a, MOVD_FROM, XS, 0, i ? RDX : RAX);
        }
        if (!scalar && i == 1) {
            sh_ri(&e->a, SH_SHL, X_W, RDX, 32);
            alu_rr(&e->a, ALU_OR, X_W, RAX, RDX);
        }
    }
    if (!scalar) {
        vex_rr(&e->a, MOVD_TO | X_W, d, 0, RAX);
        op3i(e, PINSRD, d, d, RDX, 2);
        vex_rr(&e->a, MOVD_FROM, XS, 0, RDX);
        op3i(e, PINSRD, d, d, RDX, 3);
    }
}

static void emit_fp(Emit *e, Stub *s, const TcgNode *n)
{
    /* the forms whose destination is the first factor */
    static const uint8_t fused[] = {
        [TCG_FP_MADD] = 0xa8, [TCG_FP_MSUB] = 0xac, [TCG_FP_NMADD] = 0xae, [TCG_FP_NMSUB] = 0xaa,
    };
    TcgFp f = n->aux;
    TcgFpOp op = tcg_fp_op(f);
    unsigned es = tcg_fp_es(f), d = loc_num(n->out) - FIRST_VREG, a = vreg(n, 0), b = vreg(n, 1), c = vreg(n, 2);
    bool scalar = f & TCG_FP_SCALAR;

    if (es == 1 && tcg_fp_to(f) == 1 && op <= TCG_FP_RINT && !have(e, HOST_FP16)) {
        if (op >= TCG_FP_MAX && op <= TCG_FP_MINNUM) {
            emit_minmax_halves(e, s, n, d, a, b);
            return;
        }
        if (op >= TCG_FP_MADD && op <= TCG_FP_NMSUB) {
            emit_by_double(e, n, d, a, b, c);
        } else {
            emit_by_single(e, n, d, a, b);
        }
        if (op < TCG_FP_EQ || op == TCG_FP_RINT) {
            check_halves(e, s, d, scalar);
        }
        return;
    }
    switch (op) {
    case TCG_FP_ADD: case TCG_FP_SUB: case TCG_FP_MUL: case TCG_FP_DIV:
        op3(e, form(f, es, simple[op]), d, a, b);
        break;
    case TCG_FP_SQRT:
        op3(e, form(f, es, SQRT), d, scalar ? a : 0, a);
        break;
    case TCG_FP_MADD: case TCG_FP_MSUB: case TCG_FP_NMADD: case TCG_FP_NMSUB:
        if (es != tcg_fp_to(f)) {
            vex_rr(&e->a, CVTPH2PS, XS, 0, a);
            vex_rr(&e->a, CVTPH2PS, d, 0, b);
            op3(e, V(M_38, fused[op]), d, XS, c);
            break;
        }
        tcg_x86_vmov(e, d, a);
        op3(e, V(M_38, fused[op]) | (scalar ? 1 : 0) | (es == 3 ? X_W : es == 1 ? X_HALF : 0), d, b, c);
        break;
    case TCG_FP_MAX: case TCG_FP_MIN: case TCG_FP_MAXNUM: case TCG_FP_MINNUM:
        emit_minmax(e, s, f, d, a, b);
        return;
    case TCG_FP_EQ: case TCG_FP_GE: case TCG_FP_GT:
        if (es == 1) {
            compare_lanes(e, es, KSCRATCH2, a, b, f & TCG_FP_SCALAR, predicate[op]);
            evex_rr(&e->a, PMOVM2W, scalar ? XS : d, 0, KSCRATCH2);
            if (scalar) {
                op3i(e, PBLENDW, d, a, XS, 1);
            }
            return;
        }
        op3i(e, form(f, es, 0xc2), d, a, b, predicate[op]);
        return;
    case TCG_FP_RINT:
        if (tcg_fp_round(f) == TCG_ROUND_AWAY) {
            emit_rint_away(e, s, f, d, a);
            return;
        }
        emit_rint(e, f, d, a);
        break;
    case TCG_FP_CVT:
        emit_cvt(e, n, d, a);
        break;
    case TCG_FP_MULX: case TCG_FP_RECPS: case TCG_FP_RSQRTS:
        emit_step(e, s, f, d, a, b);
        return;
    case TCG_FP_RECPE: case TCG_FP_RSQRTE:
        emit_estimate(e, s, f, d, a);
        return;
    case TCG_FP_RINTN:
        emit_rintn(e, s, f, d, a);
        return;
    case TCG_FP_SCALE:
        emit_scale(e, f, d, a, b);
        return;
    case TCG_FP_FROM_I: case TCG_FP_FROM_U:
        emit_from_int(e, s, n, d, a);
        return;
    default:
        emit_to_ints(e, s, n, d, a);
        return;
    }
    check_result(e, s, f, tcg_fp_to(f), d, may_be_tiny(f));
}

/* Lane 0 of an argument, half precision, in single precision: XS. */
static void single(Emit *e, const TcgNode *n, unsigned i)
{
    unsigned a = vreg(n, i);

    if (!tcg_zero_above(e->fn, n->arg[i], 1)) {
        op3(e, PXOR, XS, XS, XS);
        op3i(e, PBLENDW, XS, XS, a, 1);
        a = XS;
    }
    vex_rr(&e->a, CVTPH2PS, XS, 0, a);
}

/* Compares lanes 0 of arguments i and j. */
static void compare(Emit *e, const TcgNode *n, bool signal, unsigned i, unsigned j)
{
    unsigned es = tcg_fp_es(n->aux);

    if (es == 1 && !have(e, HOST_FP16)) {       /* a signalling NaN is found invalid as it is converted */
        single(e, n, j);
        vex_rm(&e->a, M_0F | P_F3 | 0x11, XS, 0, mem(RSP, FRAME_V0));          /* movss */
        single(e, n, i);
        vex_rm(&e->a, form(0, 2, signal ? 0x2f : 0x2e), XS, 0, mem(RSP, FRAME_V0));
    } else {
        ucomis(e, es, signal, vreg(n, i), vreg(n, j));
    }
}

static void emit_to_int(Emit *e, Stub *s, const TcgNode *n)
{
    unsigned es = tcg_fp_es(n->aux);
    bool half = es == 1 && !have(e, HOST_FP16);

    if (half) {
        single(e, n, 0);
    }
    to_general(e, s, n, half ? 2 : es, width_w(n->type), loc_num(n->out), half ? XS : vreg(n, 0), half);
}

/*
 * The operation that compares what an OP_fp_cmp does for its flags, if nothing between them could see that the exceptions
 * are not raised yet: it raises them. Else NULL.
 */
static const TcgNode *compares_again(const Emit *e, const TcgNode *n)
{
    for (TcgId id = n->next; id; id = fn_node(e->fn, id)->next) {
        const TcgNode *o = fn_node(e->fn, id);

        if ((o->op == OP_br_fp || (o->op == OP_flags_fp && loc_kind(o->out) == LOC_REG)) &&
            tcg_fp_es(o->aux) == tcg_fp_es(n->aux) && o->arg[0] == n->arg[0] && o->arg[1] == n->arg[1]) {
            return o;
        }
        if (!(tcg_op_def[o->op].flags & TCGF_PURE) && o->op != OP_insn_start) {
            return NULL;
        }
    }
    return NULL;
}

/* Whether a comparison for flags is to raise the exceptions of one that finds any NaN invalid. */
static bool signals(const Emit *e, const TcgNode *n)
{
    return e->raises == n && e->raises_signal;
}

/* CF, PF, ZF: four cases, each with its nzcv in a table that is a constant. */
static void emit_flags(Emit *e, const TcgNode *n)
{
    alu_rr(&e->a, ALU_XOR, 0, RAX, RAX);
    compare(e, n, signals(e, n), 0, 1);
    put8(&e->a, 0x9f);                          /* lahf: CF is bit 8 of EAX, ZF 14 */
    /* greater 0, less 4, equal 8, unordered 12 */
    if (have(e, HOST_PEXT)) {
        mov_ri(&e->a, RDX, 0x4103);
        vex_rr(&e->a, M_38 | P_F3 | 0xf5, RAX, RAX, RDX);       /* pext */
    } else {
        /* Bits 8 and 14 times 2^5 + 1 are 13 and 14 after one product each; what else is left is above 4: shrx ignores it. */
        alu_ri(&e->a, ALU_AND, 0, RAX, 0x4100);
        op_rr(&e->a, 0x69, RAX, RAX);           /* imul */
        put32(&e->a, 33);
        sh_ri(&e->a, SH_SHR, 0, RAX, 11);
    }
    mov_ri(&e->a, RDX, FLAG_C | FLAG_N << 4 | (FLAG_Z | FLAG_C) << 8 | (FLAG_C | FLAG_V) << 12);
    vex_rr(&e->a, M_38 | P_F2 | 0xf7, RDX, RAX, RDX);           /* shrx */
    alu_ri(&e->a, ALU_AND, 0, RDX, 15);
    mov_rr(&e->a, 0, loc_num(n->out), RDX);
}

unsigned tcg_x86_emit_fp_cond(Emit *e, const TcgNode *n, TcgFlagCond cond)
{
    static const struct { uint8_t cc; bool swap; } how[] = {
        [FC_EQ] = { CC_E, false }, [FC_NE] = { CC_NE, false }, [FC_CS] = { CC_BE, true }, [FC_CC] = { CC_A, true },
        [FC_MI] = { CC_A, true }, [FC_PL] = { CC_BE, true }, [FC_VS] = { CC_P, false }, [FC_VC] = { CC_NP, false },
        [FC_HI] = { CC_B, true }, [FC_LS] = { CC_AE, true }, [FC_GE] = { CC_AE, false }, [FC_LT] = { CC_B, false },
        [FC_GT] = { CC_A, false }, [FC_LE] = { CC_BE, false },
    };
    bool swap = how[cond].swap;

    compare(e, n, signals(e, n), swap, !swap);
    return how[cond].cc;
}

/* Conversions that are exact, of any operand. */
static bool never_raises(const TcgNode *n)
{
    TcgFpOp op = tcg_fp_op(n->aux);

    return n->op == OP_fp && (op == TCG_FP_FROM_I || op == TCG_FP_FROM_U) && tcg_fp_es(n->aux) < tcg_fp_to(n->aux);
}

void tcg_x86_emit_fp(Emit *e, TcgId id, const TcgNode *n)
{
    Stub *s;

    switch (n->op) {
    case OP_fp_cmp:
        e->raises = compares_again(e, n);
        e->raises_signal = n->aux & TCG_FP_SIGNAL;
        if (!e->raises) {
            compare(e, n, n->aux & TCG_FP_SIGNAL, 0, 1);
        }
        return;
    case OP_flags_fp:
        emit_flags(e, n);
        return;
    }
    if (loc_kind(n->out) != LOC_REG && never_raises(n)) {
        return;
    }
    s = tcg_x86_stub(e, STUB_FP, id);
    if (loc_kind(n->out) != LOC_REG) {          /* for its flags alone */
        s->from[0] = jmp_fwd32(&e->a);
    } else if (n->op == OP_fp) {
        emit_fp(e, s, n);
    } else {
        emit_to_int(e, s, n);
    }
    s->back = e->a.p;
}

void tcg_x86_emit_fp_stub(Emit *e, Stub *s)
{
    const TcgNode *n = fn_node(e->fn, s->node);
    bool vector = n->op == OP_fp, wanted = loc_kind(n->out) == LOC_REG;
    unsigned d = !wanted ? FIRST_VREG + XS : loc_num(n->out);
    bool counted = e->fn->config->costs;
    unsigned size = counted ? sizeof(FpRec) : offsetof(FpRec, cost);
    uint8_t *at;
    bool swapped = vector && tcg_fp_may_swap(n->aux) && n->aux & TCG_FP_SWAPPED;
    FpRec rec = { .fn = call_helper(n)->fn, .desc = n->aux & ~(swapped ? TCG_FP_SWAPPED : 0u) };

    if (!s->from[0]) {
        return;                                 /* an operation that always knows */
    }
    for (unsigned i = 0; i < (vector ? 3 : 1); i++) {
        rec.vec[i] = 16 * vreg(n, swapped && i < 2 ? 1 - i : i);
    }
    rec.vec[3] = vector ? 16 * (d - FIRST_VREG) : 0;
    if (e->wide) {
        call_rel(&e->a, thunk_rw(e, THUNK_SAVE_WIDE));
    }
    lea(&e->a, X_W, RDX, mem_rip(e->a.p));
    at = e->a.p - 4;
    if (G_UNLIKELY(counted)) {
        rec.cost = tcg_x86_cost_place(e, call_helper(n));
        rec.costs_offset = (uint32_t)e->layout->costs_offset;
    }
    call_rel(&e->a, thunk_rw(e, (vector ? THUNK_FP : THUNK_FP_TO_INT) + (counted ? THUNK_FP_COST - THUNK_FP : 0)));
    if (e->wide) {
        call_rel(&e->a, thunk_rw(e, THUNK_LOAD_WIDE));
    }
    if (!vector && wanted) {
        mov_rr(&e->a, width_w(n->type), d, RAX);
    } else if (swapped && wanted) {
        tcg_x86_emit_lane0(e, tcg_fp_es(n->aux), d - FIRST_VREG, d - FIRST_VREG);
    }
    jmp(&e->a, s->back);
    fix32(at, e->a.p);
    memcpy(e->a.p, &rec, size);
    e->a.p += size;
}

void tcg_x86_constraints_fp(const TcgNode *n, TcgConstraint *ret)
{
    for (unsigned i = 0; i < TCG_MAX_OPERANDS; i++) {
        ret->arg[i] = X86_VEC_REGS;
    }
    ret->out = n->op == OP_fp ? X86_VEC_REGS : X86_INT_REGS;
    ret->out_early = n->op == OP_fp;            /* the helper wants the operands as they were */
}
