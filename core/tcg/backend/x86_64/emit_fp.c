/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floating point (Intel SDM volume 1, chapters 4 and 11): one host instruction, and what finds the results that a guest
 * may want otherwise: NaNs, whose payloads and signs architectures choose differently, integers that did not fit, and
 * the smallest normal number where it may come of rounding up: this host looks for tiny results after it has rounded,
 * others before. Those go out of line, to the helper that the operation names. The flags that the host has raised by
 * then are right in all these cases.
 *
 * VEX forms alone, so AVX; with it FMA, AVX2 and BMI2, which came together. AVX-512 has what converts 64-bit and unsigned
 * integers.
 */
#include "core/tcg/backend/x86_64/emit_int.h"

enum { XS = XSCRATCH };
enum { K1 = 1, K2 = 2 };                        /* mask registers, which nothing else uses */

#define V(map, op) ((map) | P_66 | (op))
enum {
    ADD = 0x58, MUL = 0x59, CVT = 0x5a, SUB = 0x5c, MIN = 0x5d, DIV = 0x5e, MAX = 0x5f, SQRT = 0x51,
    ANDPS = M_0F | 0x54, ORPS = M_0F | 0x56, PXOR = V(M_0F, 0xef), PAND = V(M_0F, 0xdb),
    POR = V(M_0F, 0xeb), PCMPEQD = V(M_0F, 0x76), PCMPEQQ = V(M_38, 0x29),
    PADDD = V(M_0F, 0xfe), PADDQ = V(M_0F, 0xd4), MOVMSKPS = M_0F | 0x50, KORTESTB = V(M_0F, 0x98),
    MOVQ = M_0F | P_F3 | 0x7e, INSERTPS = V(M_3A, 0x21), MOVD_FROM = V(M_0F, 0x7e),
    UNORDERED = 3,                              /* the predicate of cmpps */
};

bool tcg_x86_has_fp(const TcgBackend *be, const TcgNode *n)
{
    TcgFpOp op = tcg_fp_op(n->aux);
    unsigned es = tcg_fp_es(n->aux), to = tcg_fp_to(n->aux);
    bool plain;

    if (es < 2 || to < 2 || !tcg_x86_host_has(be, HOST_FMA)) {
        return false;
    }
    if (n->op > OP_fp_to_int) {
        return true;
    }
    switch (op) {
    case TCG_FP_CVT:
        return es != to;
    case TCG_FP_FROM_I:
        plain = es == 2;
        break;
    case TCG_FP_TO_I:
        if (n->op == OP_fp && es != to) {
            return false;
        }
        plain = es == 2 || n->op == OP_fp_to_int;
        break;
    case TCG_FP_TO_U:
        if (n->op == OP_fp && es != to) {
            return false;
        }
        /* fall through */
    case TCG_FP_FROM_U:
        plain = false;
        break;
    case TCG_FP_RINT:
        return tcg_fp_round(n->aux) <= TCG_ROUND_STATE ||
               (tcg_fp_round(n->aux) == TCG_ROUND_AWAY && n->aux & TCG_FP_SCALAR && tcg_x86_host_has(be, HOST_AVX512));
    default:
        return true;
    }
    return plain || tcg_x86_host_has(be, HOST_AVX512);
}

/* An opcode of the 0F map in its form for lanes of a size, scalar or packed. */
static unsigned form(TcgFp f, unsigned es, unsigned opc)
{
    if (f & TCG_FP_SCALAR) {
        return M_0F | (es == 3 ? P_F2 : P_F3) | opc;
    }
    return M_0F | (es == 3 ? P_66 : 0) | opc;
}

static void op3(Emit *e, unsigned opc, unsigned d, unsigned a, unsigned b)
{
    vex_rr(&e->a, opc, d, a, b);
}

static void op3i(Emit *e, unsigned opc, unsigned d, unsigned a, unsigned b, unsigned imm)
{
    vex_rr(&e->a, opc, d, a, b);
    put8(&e->a, imm);
}

static void ucomis(Emit *e, unsigned es, bool signal, unsigned a, unsigned b)
{
    vex_rr(&e->a, M_0F | (es == 3 ? P_66 : 0) | (signal ? 0x2f : 0x2e), a, 0, b);
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
    vex_rm(&e->a, ANDPS, XS, d, vconst(e, es == 3 ? VC_ABS64 : VC_ABS32));
    vex_rm(&e->a, M_0F | (es == 3 ? P_66 : 0) | 0x2e, XS, 0, vconst(e, es == 3 ? VC_MIN64 : VC_MIN32));
    tcg_x86_stub_jump(e, s, CC_E);
}

/* Mask register k = comparison of a and b, or of a and memory. */
static void evex_mask(Emit *e, unsigned opc, unsigned k, unsigned a, const uint8_t *constant)
{
    put8(&e->a, 0x62);
    put8(&e->a, 0xf0 | (opc & M_MASK) >> 8);
    put8(&e->a, (opc & X_W ? 0x80 : 0) | (~a & 15) << 3 | 4 | (opc & P_MASK) >> 10);
    put8(&e->a, 0x08);
    put8(&e->a, opc);
    e->a.p = enc_mem(e->a.p, k, mem_rip(constant), 0);
}

/* Any lane of a and b unordered; tiny: or any lane of a the smallest normal number. */
static void check_lanes(Emit *e, Stub *s, unsigned es, unsigned a, unsigned b, bool tiny)
{
    unsigned cmp = M_0F | (es == 3 ? P_66 : 0) | 0xc2;
    Mem min = vconst(e, es == 3 ? VC_TWICE_MIN64 : VC_TWICE_MIN32);

    if (have(e, HOST_AVX512)) {
        evex_rr(&e->a, cmp | (es == 3 ? X_W : 0), K1, a, b);
        put8(&e->a, UNORDERED);
        if (tiny) {
            op3(e, es == 3 ? PADDQ : PADDD, XS, a, a);
            evex_mask(e, es == 3 ? PCMPEQQ | X_W : PCMPEQD, K2, XS, min.target);
        }
        vex_rr(&e->a, KORTESTB, K1, 0, tiny ? K2 : K1);
    } else {
        op3i(e, cmp, XS, a, b, UNORDERED);
        vex_rr(&e->a, MOVMSKPS, RAX, 0, XS);
        if (tiny) {
            op3(e, es == 3 ? PADDQ : PADDD, XS, a, a);
            vex_rm(&e->a, es == 3 ? PCMPEQQ : PCMPEQD, XS, XS, min);
            vex_rr(&e->a, MOVMSKPS, RDX, 0, XS);
            alu_rr(&e->a, ALU_OR, 0, RAX, RDX);
        } else {
            test_rr(&e->a, 0, RAX, RAX);
        }
    }
    tcg_x86_stub_jump(e, s, CC_NE);
}

static void check_result(Emit *e, Stub *s, TcgFp f, unsigned es, unsigned d, bool tiny)
{
    if (!(f & TCG_FP_SCALAR)) {
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
    unsigned eq = es == 3 ? PCMPEQQ : PCMPEQD;

    if (is_unsigned) {
        op3(e, PCMPEQD, XS, XS, XS);
        op3(e, eq, XS, XS, d);
    } else {
        vex_rm(&e->a, eq, XS, d, vconst(e, es == 3 ? VC_SIGN64 : VC_SIGN32));
    }
    vex_rr(&e->a, MOVMSKPS, RAX, 0, XS);
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
        op3(e, form(f, es, 0x10), d, a, XS);    /* movss, movsd */
    } else {
        op3(e, max ? ANDPS : ORPS, d, d, XS);
    }
}

static void emit_rint(Emit *e, TcgFp f, unsigned d, unsigned a)
{
    static const uint8_t control[] = {
        [TCG_ROUND_EVEN] = 0, [TCG_ROUND_UP] = 2, [TCG_ROUND_DOWN] = 1, [TCG_ROUND_ZERO] = 3, [TCG_ROUND_STATE] = 4,
    };
    bool scalar = f & TCG_FP_SCALAR;

    op3i(e, V(M_3A, 0x08) | (scalar ? 2 : 0) | (tcg_fp_es(f) == 3 ? 1 : 0), d, scalar ? a : 0, a,
         control[tcg_fp_round(f)] | (tcg_fp_exact(f) ? 0 : 8));
}

/* Lane 0 of d = a to an integral value, by one of the immediate's modes; d keeps the rest of a. */
static void rounds(Emit *e, unsigned es, unsigned d, unsigned a, unsigned control)
{
    op3i(e, V(M_3A, 0x0a) | (es == 3 ? 1 : 0), d, a, a, control);
}

/*
 * Ties away from zero: the largest number below a half is added, with a's sign, and the fraction dropped. The sum is
 * rounded to nearest, whatever the mode, and raises nothing ({rn-sae}): it reaches the next integer where a is half way
 * to it or further, since what is lacking then is half of its last bit or less; large numbers, which have no fraction,
 * stay as they are.
 */
static void emit_rint_away(Emit *e, Stub *s, TcgFp f, unsigned d, unsigned a)
{
    unsigned es = tcg_fp_es(f);

    ucomis(e, es, false, a, a);
    tcg_x86_stub_jump(e, s, CC_P);
    vex_rm(&e->a, PAND, XS, a, vconst(e, es == 3 ? VC_SIGN64 : VC_SIGN32));
    vex_rm(&e->a, POR, XS, XS, vconst(e, es == 3 ? VC_HALF64 : VC_HALF32));
    evex_rr(&e->a, form(f, es, ADD) | (es == 3 ? X_W : 0), d, a, XS);
    e->a.p[-3] |= 0x10;                         /* EVEX.b: rounding by EVEX.L'L, 0: to nearest */
    rounds(e, es, d, d, 3 | 8);
    if (tcg_fp_exact(f)) {
        rounds(e, es, XS, a, 3);
    }
}

static void emit_cvt(Emit *e, TcgFp f, unsigned d, unsigned a)
{
    unsigned opc = form(f, tcg_fp_es(f), CVT);

    if (f & TCG_FP_SCALAR) {
        op3(e, PXOR, XS, XS, XS);
        op3(e, opc, d, XS, a);
    } else {
        vex_rr(&e->a, opc, d, 0, a);
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
    } else {
        op3i(e, INSERTPS, XS, a, a, 0x0e);
    }
    return XS;
}

static void emit_from_int(Emit *e, const TcgNode *n, unsigned d, unsigned a)
{
    static const struct { uint16_t opc; bool evex; } forms[2][2][2] = {       /* unsigned, from, to */
        { { { M_0F | 0x5b, false }, { M_0F | P_F3 | 0xe6, false } },
          { { M_0F | X_W | 0x5b, true }, { M_0F | P_F3 | X_W | 0xe6, true } } },
        { { { M_0F | P_F2 | 0x7a, true }, { M_0F | P_F3 | 0x7a, true } },
          { { M_0F | P_F2 | X_W | 0x7a, true }, { M_0F | P_F3 | X_W | 0x7a, true } } },
    };
    unsigned es = tcg_fp_es(n->aux), to = tcg_fp_to(n->aux), u = tcg_fp_op(n->aux) == TCG_FP_FROM_U;

    a = alone(e, n, es, a);
    if (forms[u][es - 2][to - 2].evex) {
        evex_rr(&e->a, forms[u][es - 2][to - 2].opc, d, 0, a);
    } else {
        vex_rr(&e->a, forms[u][es - 2][to - 2].opc, d, 0, a);
    }
}

static void emit_to_ints(Emit *e, const TcgNode *n, unsigned d, unsigned a)
{
    unsigned es = tcg_fp_es(n->aux);

    a = alone(e, n, es, a);
    if (tcg_fp_op(n->aux) == TCG_FP_TO_U) {
        evex_rr(&e->a, M_0F | (es == 3 ? P_66 | X_W : 0) | 0x78, d, 0, a);
    } else if (es == 3) {
        evex_rr(&e->a, M_0F | P_66 | X_W | 0x7a, d, 0, a);
    } else {
        vex_rr(&e->a, M_0F | P_F3 | 0x5b, d, 0, a);
    }
}

static void emit_fp(Emit *e, Stub *s, const TcgNode *n)
{
    static const uint8_t simple[] = {
        [TCG_FP_ADD] = ADD, [TCG_FP_SUB] = SUB, [TCG_FP_MUL] = MUL, [TCG_FP_DIV] = DIV,
    };
    /* the forms whose destination is the first factor */
    static const uint8_t fused[] = {
        [TCG_FP_MADD] = 0xa8, [TCG_FP_MSUB] = 0xac, [TCG_FP_NMADD] = 0xae, [TCG_FP_NMSUB] = 0xaa,
    };
    static const uint8_t predicate[] = { [TCG_FP_EQ] = 0x00, [TCG_FP_GE] = 0x0d, [TCG_FP_GT] = 0x0e };
    TcgFp f = n->aux;
    TcgFpOp op = tcg_fp_op(f);
    unsigned es = tcg_fp_es(f), d = loc_num(n->out) - FIRST_VREG, a = vreg(n, 0), b = vreg(n, 1), c = vreg(n, 2);
    bool scalar = f & TCG_FP_SCALAR;

    switch (op) {
    case TCG_FP_ADD: case TCG_FP_SUB: case TCG_FP_MUL: case TCG_FP_DIV:
        op3(e, form(f, es, simple[op]), d, a, b);
        break;
    case TCG_FP_SQRT:
        op3(e, form(f, es, SQRT), d, scalar ? a : 0, a);
        break;
    case TCG_FP_MADD: case TCG_FP_MSUB: case TCG_FP_NMADD: case TCG_FP_NMSUB:
        tcg_x86_vmov(e, d, a);
        op3(e, V(M_38, fused[op]) | (scalar ? 1 : 0) | (es == 3 ? X_W : 0), d, b, c);
        break;
    case TCG_FP_MAX: case TCG_FP_MIN: case TCG_FP_MAXNUM: case TCG_FP_MINNUM:
        emit_minmax(e, s, f, d, a, b);
        return;
    case TCG_FP_EQ: case TCG_FP_GE: case TCG_FP_GT:
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
        emit_cvt(e, f, d, a);
        break;
    case TCG_FP_FROM_I: case TCG_FP_FROM_U:
        emit_from_int(e, n, d, a);
        return;
    default:
        emit_to_ints(e, n, d, a);
        check_integers(e, s, es, op == TCG_FP_TO_U, d);
        return;
    }
    check_result(e, s, f, tcg_fp_to(f), d, may_be_tiny(f));
}

static void emit_to_int(Emit *e, Stub *s, const TcgNode *n)
{
    unsigned w = width_w(n->type), d = loc_num(n->out);
    unsigned opc = M_0F | (tcg_fp_es(n->aux) == 3 ? P_F2 : P_F3) | w;

    if (tcg_fp_op(n->aux) == TCG_FP_TO_U) {
        evex_rr(&e->a, opc | 0x78, d, 0, vreg(n, 0));
        alu_ri(&e->a, ALU_CMP, w, d, -1);
        tcg_x86_stub_jump(e, s, CC_E);
    } else {
        vex_rr(&e->a, opc | 0x2c, d, 0, vreg(n, 0));
        alu_ri(&e->a, ALU_CMP, w, d, 1);        /* only the sign bit alone minus one overflows */
        tcg_x86_stub_jump(e, s, CC_O);
    }
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
    ucomis(e, tcg_fp_es(n->aux), signals(e, n), vreg(n, 0), vreg(n, 1));
    put8(&e->a, 0x9f);                          /* lahf: CF is bit 8 of EAX, ZF 14 */
    mov_ri(&e->a, RDX, 0x4103);
    vex_rr(&e->a, M_38 | P_F3 | 0xf5, RAX, RAX, RDX);           /* pext: greater 0, less 4, equal 8, unordered 12 */
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

    ucomis(e, tcg_fp_es(n->aux), signals(e, n), vreg(n, swap), vreg(n, !swap));
    return how[cond].cc;
}

void tcg_x86_emit_fp(Emit *e, TcgId id, const TcgNode *n)
{
    Stub *s;

    switch (n->op) {
    case OP_fp_cmp:
        e->raises = compares_again(e, n);
        e->raises_signal = n->aux & TCG_FP_SIGNAL;
        if (!e->raises) {
            ucomis(e, tcg_fp_es(n->aux), n->aux & TCG_FP_SIGNAL, vreg(n, 0), vreg(n, 1));
        }
        return;
    case OP_flags_fp:
        emit_flags(e, n);
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
    FpRec rec = { .fn = call_helper(n)->fn, .desc = n->aux };

    if (!s->from[0]) {
        return;                                 /* an operation that always knows */
    }
    for (unsigned i = 0; i < (vector ? 3 : 1); i++) {
        rec.vec[i] = 16 * vreg(n, i);
    }
    rec.vec[3] = vector ? 16 * (d - FIRST_VREG) : 0;
    lea(&e->a, X_W, RDX, mem_rip(e->a.p));
    at = e->a.p - 4;
    if (G_UNLIKELY(counted)) {
        rec.cost = tcg_x86_cost_place(e, call_helper(n));
        rec.costs_offset = (uint32_t)e->layout->costs_offset;
    }
    call_rel(&e->a, thunk_rw(e, (vector ? THUNK_FP : THUNK_FP_TO_INT) + (counted ? THUNK_FP_COST - THUNK_FP : 0)));
    if (!vector && wanted) {
        mov_rr(&e->a, width_w(n->type), d, RAX);
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
