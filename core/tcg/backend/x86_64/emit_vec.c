/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Vectors of 128 bits (wider ones: emit_wide.c): each operation in its VEX form, or with two operands where the host has no
 * AVX; a few have an AVX-512 instruction of their own. XMM15 is scratch; operations of several steps take a result
 * register that differs from their arguments' (is_early), and one takes XMM14 as well.
 */
#include "core/tcg/backend/x86_64/emit_int.h"

enum { XS = XSCRATCH, XTEMP = 14 };

#define V(map, op) ((map) | P_66 | (op))

/* By log2 of the element size; 0: there is none. */
static const uint16_t op_add[4] = { V(M_0F, 0xfc), V(M_0F, 0xfd), V(M_0F, 0xfe), V(M_0F, 0xd4) };
static const uint16_t op_sub[4] = { V(M_0F, 0xf8), V(M_0F, 0xf9), V(M_0F, 0xfa), V(M_0F, 0xfb) };
static const uint16_t op_eq[4] = { V(M_0F, 0x74), V(M_0F, 0x75), V(M_0F, 0x76), V(M_38, 0x29) };
static const uint16_t op_gt[4] = { V(M_0F, 0x64), V(M_0F, 0x65), V(M_0F, 0x66), V(M_38, 0x37) };
/* The fourth of these are EVEX alone. */
static const uint16_t op_smin[4] = { V(M_38, 0x38), V(M_0F, 0xea), V(M_38, 0x39), V(M_38, 0x39) };
static const uint16_t op_smax[4] = { V(M_38, 0x3c), V(M_0F, 0xee), V(M_38, 0x3d), V(M_38, 0x3d) };
static const uint16_t op_umin[4] = { V(M_0F, 0xda), V(M_38, 0x3a), V(M_38, 0x3b), V(M_38, 0x3b) };
static const uint16_t op_umax[4] = { V(M_0F, 0xde), V(M_38, 0x3e), V(M_38, 0x3f), V(M_38, 0x3f) };
static const uint16_t op_abs[4] = { V(M_38, 0x1c), V(M_38, 0x1d), V(M_38, 0x1e), V(M_38, 0x1f) };
static const uint16_t op_sadds[2] = { V(M_0F, 0xec), V(M_0F, 0xed) };
static const uint16_t op_uadds[2] = { V(M_0F, 0xdc), V(M_0F, 0xdd) };
static const uint16_t op_ssubs[2] = { V(M_0F, 0xe8), V(M_0F, 0xe9) };
static const uint16_t op_usubs[2] = { V(M_0F, 0xd8), V(M_0F, 0xd9) };
static const uint16_t op_zip1[4] = { V(M_0F, 0x60), V(M_0F, 0x61), V(M_0F, 0x62), V(M_0F, 0x6c) };
static const uint16_t op_zip2[4] = { V(M_0F, 0x68), V(M_0F, 0x69), V(M_0F, 0x6a), V(M_0F, 0x6d) };
static const uint16_t op_sext[3] = { V(M_38, 0x20), V(M_38, 0x23), V(M_38, 0x25) };
static const uint16_t op_broadcast[4] = { V(M_38, 0x78), V(M_38, 0x79), V(M_38, 0x58), V(M_38, 0x59) };
enum {
    PAND = V(M_0F, 0xdb), PANDN = V(M_0F, 0xdf), POR = V(M_0F, 0xeb), PXOR = V(M_0F, 0xef), PSHUFB = V(M_38, 0x00),
    PMULLW = V(M_0F, 0xd5), PMULLD = V(M_38, 0x40), PMULUDQ = V(M_0F, 0xf4), PACKUSWB = V(M_0F, 0x67),
    PACKSSWB = V(M_0F, 0x63), PACKSSDW = V(M_0F, 0x6b), PUNPCKLQDQ = V(M_0F, 0x6c), PSHUFD = V(M_0F, 0x70),
    PSHUFLW = M_0F | P_F2 | 0x70, PSHUFHW = M_0F | P_F3 | 0x70, SHUFPS = M_0F | 0xc6, PALIGNR = V(M_3A, 0x0f),
    PTEST = V(M_38, 0x17), PMOVMSKB = V(M_0F, 0xd7),
    PMULHW = V(M_0F, 0xe5), PMULHUW = V(M_0F, 0xe4), PMULHRSW = V(M_38, 0x0b), PMADDWD = V(M_0F, 0xf5),
    PMADDUBSW = V(M_38, 0x04), PSADBW = V(M_0F, 0xf6), PMULDQ = V(M_38, 0x28),
    PACKUSDW = V(M_38, 0x2b), PCLMULQDQ = V(M_3A, 0x44), VPDPBUSD = V(M_38, 0x50), GF2P8MULB = V(M_38, 0xcf),
    GF2P8AFFINEQB = V(M_3A, 0xce) | X_W, GF2P8AFFINEINVQB = V(M_3A, 0xcf) | X_W,
    AESIMC = V(M_38, 0xdb), AESENC = V(M_38, 0xdc), AESENCLAST = V(M_38, 0xdd),
    AESDEC = V(M_38, 0xde), AESDECLAST = V(M_38, 0xdf),
    PLZCNT = V(M_38, 0x44), PSLLV = V(M_38, 0x47), PSRLV = V(M_38, 0x45), PSRAV = V(M_38, 0x46),
    TERNLOG = V(M_3A, 0x25), PBLENDW = V(M_3A, 0x0e), PSLLVW = V(M_38, 0x12), PSRLVW = V(M_38, 0x10), PSRAVW = V(M_38, 0x11),
    SHA1RNDS4 = M_3A | 0xcc, SHA256RNDS2 = M_38 | 0xcb, SHA256MSG1 = M_38 | 0xcc, SHA256MSG2 = M_38 | 0xcd,
    KORTESTW = M_0F | 0x98, MOVQ = M_0F | P_F3 | 0x7e, MOVD_TO = V(M_0F, 0x6e), MOVD_FROM = V(M_0F, 0x7e),
};
/* Shifts by an immediate: the opcode is 0x70 + element size log2, the digit says which. */
enum { DIGIT_ROR = 0, DIGIT_SHR = 2, DIGIT_SAR = 4, DIGIT_SHL = 6, DIGIT_BYTES_SHR = 3 };

/* d = op(a); an immediate may follow. */
static void v1(Emit *e, unsigned opc, unsigned d, unsigned a)
{
    if (e->avx) {
        vex_rr(&e->a, opc, d, 0, a);
    } else {
        op_rr(&e->a, opc, d, a);
    }
}

/*
 * d = op(a, b). Without AVX, d == b goes through XS (which then must be free), except for those that commute.
 */
static void v2(Emit *e, unsigned opc, unsigned d, unsigned a, unsigned b)
{
    if (e->avx) {
        vex_rr(&e->a, opc, d, a, b);
    } else if (d == b && d != a) {
        g_assert(b != XS);
        tcg_x86_vmov(e, XS, a);
        op_rr(&e->a, opc, XS, b);
        tcg_x86_vmov(e, d, XS);
    } else {
        tcg_x86_vmov(e, d, a);
        op_rr(&e->a, opc, d, b);
    }
}

static void v2c(Emit *e, unsigned opc, unsigned d, unsigned a, unsigned b)
{
    if (d == b) {
        v2(e, opc, d, b, a);
    } else {
        v2(e, opc, d, a, b);
    }
}

/* As v2, with an immediate (one byte follows at once, so it cannot be the last step of v2 itself). */
static void v2i(Emit *e, unsigned opc, unsigned d, unsigned a, unsigned b, unsigned imm)
{
    bool through = !e->avx && d == b && d != a;
    unsigned t = through ? XS : d;

    if (through) {
        tcg_x86_vmov(e, XS, a);
        a = XS;
    }
    v2(e, opc, t, a, b);
    put8(&e->a, imm);
    tcg_x86_vmov(e, d, t);
}

/* d = op(a, 16 aligned bytes). */
static void v2m(Emit *e, unsigned opc, unsigned d, unsigned a, Mem m)
{
    if (e->avx) {
        vex_rm(&e->a, opc, d, a, m);
    } else {
        tcg_x86_vmov(e, d, a);
        op_rm(&e->a, opc, d, m);
    }
}

static void v1i(Emit *e, unsigned opc, unsigned d, unsigned a, unsigned imm)
{
    v1(e, opc, d, a);
    put8(&e->a, imm);
}

static void zero(Emit *e, unsigned d)
{
    v2(e, PXOR, d, d, d);
}

/* Whether each byte is all ones or none. */
static bool is_mask(const TcgFn *fn, TcgId id, unsigned depth)
{
    const TcgNode *n = fn_node(fn, id);

    switch (n->op) {
    case OP_vcmp:
        return true;
    case OP_vand: case OP_vor:
        return depth && is_mask(fn, n->arg[0], depth - 1) && is_mask(fn, n->arg[1], depth - 1);
    default:
        return false;
    }
}

/*
 * Whether a comparison is for the branch at its block's end alone, and would take several instructions: then it is made in
 * a mask register.
 */
static bool is_masked(const Emit *e, const TcgNode *n)
{
    const TcgNode *end = fn_node(e->fn, fn_block(e->fn, n->block)->last);

    if (n->op != OP_vcmp || !have(e, HOST_AVX512) || n->imm == COND_EQ || n->imm == COND_GT || n->imm >= COND_TSTEQ ||
        n->uses != 1 || n->map_uses || end->op != OP_br_vec || fn_node(e->fn, end->arg[0]) != n) {
        return false;
    }
    for (const TcgNode *o = fn_node(e->fn, n->next); o != end; o = fn_node(e->fn, o->next)) {
        if (o->op == OP_mov ? fn_node(e->fn, o->arg[0]) == n
                            : o->op != OP_insn_start && !(tcg_op_def[o->op].flags & TCGF_PURE)) {
            return false;
        }
    }
    return true;
}

static void emit_masked(Emit *e, const TcgNode *n, unsigned a, unsigned b)
{
    static const uint8_t predicate[] = {
        [COND_NE] = 4, [COND_LT] = 1, [COND_GE] = 5, [COND_LE] = 2, [COND_LTU] = 1, [COND_GEU] = 5,
        [COND_LEU] = 2, [COND_GTU] = 6,
    };
    unsigned es = n->aux, opc = (es < 2 ? 0x3e : 0x1e) | (n->imm < COND_LTU);

    evex_rr(&e->a, V(M_3A, opc) | (es & 1 ? X_W : 0), KSCRATCH2, a, b);         /* vpcmpub and the like */
    put8(&e->a, predicate[n->imm]);
}

unsigned tcg_x86_emit_vec_zero(Emit *e, const TcgNode *n)
{
    if (is_masked(e, fn_node(e->fn, n->arg[0]))) {
        vex_rr(&e->a, KORTESTW, KSCRATCH2, 0, KSCRATCH2);
    } else if (is_mask(e->fn, n->arg[0], 2)) {         /* fewer operations than PTEST is inside */
        v1(e, PMOVMSKB, RAX, loc_num(n->in[0]));
        test_rr(&e->a, 0, RAX, RAX);
    } else {
        v1(e, PTEST, loc_num(n->in[0]), loc_num(n->in[0]));
    }
    return n->aux == COND_EQ ? CC_E : CC_NE;
}

static void ones(Emit *e, unsigned d)
{
    v2(e, op_eq[2], d, d, d);
}

/* d = a shifted, elements of 2 (es 1), 4 or 8 bytes. */
static void shift(Emit *e, unsigned es, unsigned digit, unsigned d, unsigned a, unsigned count)
{
    if (e->avx) {
        vex_rr(&e->a, V(M_0F, 0x70 | es), digit, d, a);
    } else {
        tcg_x86_vmov(e, d, a);
        op_rr(&e->a, V(M_0F, 0x70 | es), digit, d);
    }
    put8(&e->a, count);
}

/* An EVEX instruction of 64-bit elements. */
static void evex64(Emit *e, unsigned opc, unsigned d, unsigned a, unsigned b)
{
    evex_rr(&e->a, opc | X_W, d, a, b);
}

static void invert(Emit *e, unsigned d)
{
    if (have(e, HOST_AVX512)) {
        evex64(e, TERNLOG, d, d, d);
        put8(&e->a, 0x55);                      /* not the third */
        return;
    }
    ones(e, XS);
    v2(e, PXOR, d, d, XS);
}

unsigned tcg_x86_lane_opcode(unsigned op, unsigned es, unsigned *ret_digit)
{
    static const uint16_t mul[4] = { 0, PMULLW, PMULLD, PMULLD };
    static const uint16_t shl[4] = { 0, PSLLVW | X_W, PSLLV, PSLLV }, shr[4] = { 0, PSRLVW | X_W, PSRLV, PSRLV };
    static const uint16_t sar[4] = { 0, PSRAVW | X_W, PSRAV, PSRAV };
    unsigned w = es == 3 ? X_W : 0;

    *ret_digit = 0;
    switch (op) {
    case OP_vadd: return op_add[es] | w;
    case OP_vneg:                               /* from 0 */
    case OP_vsub: return op_sub[es] | w;
    case OP_vmul: return mul[es] ? mul[es] | w : 0;
    case OP_vabs: return op_abs[es] | w;
    case OP_vand: return PAND | w;
    case OP_vor: return POR | w;
    case OP_vxor: return PXOR | w;
    case OP_vandn: return PANDN | w;
    case OP_vsmin: return op_smin[es] | w;
    case OP_vsmax: return op_smax[es] | w;
    case OP_vumin: return op_umin[es] | w;
    case OP_vumax: return op_umax[es] | w;
    case OP_vsadds: return op_sadds[es];
    case OP_vuadds: return op_uadds[es];
    case OP_vssubs: return op_ssubs[es];
    case OP_vusubs: return op_usubs[es];
    case OP_vmulhs: return PMULHW;
    case OP_vmulhu: return PMULHUW;
    case OP_vmulrs: return PMULHRSW;
    case OP_vshlv: return shl[es] | w;
    case OP_vshrv: return shr[es] | w;
    case OP_vsarv: return sar[es] | w;
    case OP_vclz: return es >= 2 ? PLZCNT | w : 0;
    case OP_vpopcnt8: return V(M_38, 0x54);
    case OP_vshl:
        *ret_digit = DIGIT_SHL;
        return es ? V(M_0F, 0x70 | es) | w : 0;
    case OP_vshr:
        *ret_digit = DIGIT_SHR;
        return es ? V(M_0F, 0x70 | es) | w : 0;
    case OP_vsar:
        *ret_digit = DIGIT_SAR;
        return es ? V(M_0F, 0x70 | MIN(es, 2)) | w : 0;
    case OP_vror:
        *ret_digit = DIGIT_ROR;
        return V(M_0F, 0x72) | w;
    default: return 0;
    }
}

/* -- one operation each; d, a, b are registers ----------------------------------------------------------- */
static void emit_vmul(Emit *e, unsigned es, unsigned d, unsigned a, unsigned b)
{
    switch (es) {
    case 0:                                     /* odd bytes in the high halves of words, even ones in the low */
        shift(e, 1, DIGIT_SHR, XS, a, 8);
        shift(e, 1, DIGIT_SHR, d, b, 8);
        v2(e, PMULLW, XS, XS, d);
        shift(e, 1, DIGIT_SHL, XS, XS, 8);
        v2(e, PMULLW, d, a, b);
        v2m(e, PAND, d, d, vconst(e, VC_LOWBYTES));
        v2(e, POR, d, d, XS);
        break;
    case 1:
        v2c(e, PMULLW, d, a, b);
        break;
    case 2:
        v2c(e, PMULLD, d, a, b);
        break;
    default:
        if (have(e, HOST_AVX512)) {
            evex64(e, PMULLD, d, a, b);
            return;
        }
        shift(e, 3, DIGIT_SHR, XS, a, 32);
        v2(e, PMULUDQ, XS, XS, b);
        shift(e, 3, DIGIT_SHR, d, b, 32);
        v2(e, PMULUDQ, d, d, a);
        v2(e, op_add[3], XS, XS, d);
        shift(e, 3, DIGIT_SHL, XS, XS, 32);
        v2(e, PMULUDQ, d, a, b);
        v2(e, op_add[3], d, d, XS);
    }
}

static void emit_vabs(Emit *e, unsigned es, unsigned d, unsigned a)
{
    if (es < 3) {
        v1(e, op_abs[es], d, a);
    } else if (have(e, HOST_AVX512)) {
        evex64(e, op_abs[3], d, 0, a);
    } else {
        zero(e, XS);
        v2(e, op_gt[3], XS, XS, a);
        v2(e, PXOR, d, a, XS);
        v2(e, op_sub[3], d, d, XS);
    }
}

/* Bits by the table of truth of three operands: the instruction's result is its first. */
static void emit_vtern(Emit *e, unsigned truth, unsigned d, unsigned a, unsigned b, unsigned c)
{
    unsigned turned = 0, at_b = d == b && d != a, at_c = d == c && d != a && !at_b;

    if (at_b || at_c) {                         /* a changes places with b or c, and so do their bits in numbers */
        for (unsigned i = 0; i < 8; i++) {
            unsigned other = at_b ? (i & 1) | (i & 4) >> 1 | (i & 2) << 1 : (i & 2) | (i & 4) >> 2 | (i & 1) << 2;

            turned |= (truth >> other & 1) << i;
        }
        truth = turned;
        b = at_b ? a : b;
        c = at_c ? a : c;
    } else {
        tcg_x86_vmov(e, d, a);
    }
    evex64(e, TERNLOG, d, b, c);
    put8(&e->a, truth);
}

static void emit_vbitsel(Emit *e, unsigned d, unsigned m, unsigned b, unsigned c)
{
    if (have(e, HOST_AVX512)) {
        emit_vtern(e, 0xca, d, m, b, c);        /* first ? second : third */
        return;
    }
    v2(e, PANDN, XS, m, c);
    v2c(e, PAND, d, m, b);
    v2(e, POR, d, d, XS);
}

/* XS = a > b of 8-byte elements, unsigned; d is lost. */
static void gtu64(Emit *e, unsigned d, unsigned a, unsigned b)
{
    v2m(e, PXOR, XS, a, vconst(e, VC_SIGN64));
    v2m(e, PXOR, d, b, vconst(e, VC_SIGN64));
    v2(e, op_gt[3], XS, XS, d);
}

static void emit_vcmp(Emit *e, unsigned cond, unsigned es, unsigned d, unsigned a, unsigned b)
{
    bool negate = false;

    switch (cond) {
    case COND_NE:
        negate = true;
        /* fall through */
    case COND_EQ:
        v2c(e, op_eq[es], d, a, b);
        break;
    case COND_LE:
        negate = true;
        /* fall through */
    case COND_GT:
        v2(e, op_gt[es], d, a, b);
        break;
    case COND_GE:
        negate = true;
        /* fall through */
    case COND_LT:
        v2(e, op_gt[es], d, b, a);
        break;
    case COND_LTU:
    case COND_GEU:
        negate = cond == COND_LTU;
        if (es < 3) {
            v2(e, op_umax[es], d, a, b);
            v2(e, op_eq[es], d, d, a);
        } else {
            gtu64(e, d, b, a);
            tcg_x86_vmov(e, d, XS);
            negate = !negate;
        }
        break;
    case COND_GTU:
    case COND_LEU:
        negate = cond == COND_GTU;
        if (es < 3) {
            v2(e, op_umin[es], d, a, b);
            v2(e, op_eq[es], d, d, a);
        } else {
            gtu64(e, d, a, b);
            tcg_x86_vmov(e, d, XS);
            negate = !negate;
        }
        break;
    default:
        v2(e, PAND, d, a, b);
        zero(e, XS);
        v2(e, op_eq[es], d, d, XS);
        negate = cond == COND_TSTNE;
    }
    if (negate) {
        invert(e, d);
    }
}

static void emit_vminmax(Emit *e, const uint16_t *opc, bool is_unsigned, bool max, unsigned es, unsigned d,
                         unsigned a, unsigned b)
{
    if (es < 3) {
        v2c(e, opc[es], d, a, b);
        return;
    }
    if (have(e, HOST_AVX512)) {
        evex64(e, opc[3], d, a, b);
        return;
    }
    if (is_unsigned) {
        gtu64(e, d, a, b);
    } else {
        v2(e, op_gt[3], XS, a, b);
    }
    v2(e, PAND, d, XS, max ? a : b);            /* where a > b */
    v2(e, PANDN, XS, XS, max ? b : a);
    v2(e, POR, d, d, XS);
}

static void emit_vshl(Emit *e, unsigned es, unsigned d, unsigned a, unsigned count)
{
    shift(e, es ? es : 1, DIGIT_SHL, d, a, count);
    if (es == 0) {
        v2m(e, PAND, d, d, vconst(e, VC_SHL8 + (count & 7)));
    }
}

static void emit_vshr(Emit *e, unsigned es, unsigned d, unsigned a, unsigned count)
{
    if (count >= 8u << es) {
        zero(e, d);
        return;
    }
    shift(e, es ? es : 1, DIGIT_SHR, d, a, count);
    if (es == 0) {
        v2m(e, PAND, d, d, vconst(e, VC_SHR8 + count));
    }
}

static void emit_vsar(Emit *e, unsigned es, unsigned d, unsigned a, unsigned count)
{
    count = MIN(count, (8u << es) - 1);
    switch (es) {
    case 0:                                     /* each byte in both halves of a word */
        if (e->avx && have(e, HOST_GFNI)) {
            vex_rm_imm(&e->a, GF2P8AFFINEQB, d, a, vconst(e, VC_SAR8 + count), 1);
            put8(&e->a, 0);
            break;
        }
        v2(e, op_zip2[0], XS, a, a);
        v2(e, op_zip1[0], d, a, a);
        shift(e, 1, DIGIT_SAR, XS, XS, 8 + count);
        shift(e, 1, DIGIT_SAR, d, d, 8 + count);
        v2(e, PACKSSWB, d, d, XS);
        break;
    case 1:
    case 2:
        shift(e, es, DIGIT_SAR, d, a, count);
        break;
    default:
        if (have(e, HOST_AVX512)) {
            evex_rr(&e->a, V(M_0F, 0x72) | X_W, DIGIT_SAR, d, a);
            put8(&e->a, count);
        } else if (count == 0) {
            tcg_x86_vmov(e, d, a);
        } else {
            zero(e, XS);
            v2(e, op_gt[3], XS, XS, a);
            shift(e, 3, DIGIT_SHR, d, a, count);
            shift(e, 3, DIGIT_SHL, XS, XS, 64 - count);
            v2(e, POR, d, d, XS);
        }
    }
}

/* Lane 0 of d to all. */
static void broadcast(Emit *e, unsigned es, unsigned d, unsigned a)
{
    if (have(e, HOST_AVX2)) {
        v1(e, op_broadcast[es], d, a);
        return;
    }
    switch (es) {
    case 0:
        zero(e, XS);
        v2(e, PSHUFB, d, a, XS);
        break;
    case 1:
        v1i(e, PSHUFLW, d, a, 0);
        v1i(e, PSHUFD, d, d, 0);
        break;
    default:
        v1i(e, PSHUFD, d, a, es == 2 ? 0 : 0x44);
    }
}

static void emit_vdup(Emit *e, unsigned es, unsigned d, unsigned r)
{
    static const uint16_t from_int[4] = { V(M_38, 0x7a), V(M_38, 0x7b), V(M_38, 0x7c), V(M_38, 0x7c) };

    if (have(e, HOST_AVX512)) {
        evex_rr(&e->a, from_int[es] | (es == 3 ? X_W : 0), d, 0, r);
        return;
    }
    v1(e, MOVD_TO | (es == 3 ? X_W : 0), d, r);
    broadcast(e, es, d, d);
}

static void emit_vdup_lane(Emit *e, unsigned es, unsigned d, unsigned a, unsigned lane)
{
    if (lane == 0) {
        broadcast(e, es, d, a);
        return;
    }
    switch (es) {
    case 0:
        shift(e, 3, DIGIT_BYTES_SHR, d, a, lane);
        broadcast(e, 0, d, d);
        break;
    case 1:
        v1i(e, lane < 4 ? PSHUFLW : PSHUFHW, d, a, (lane & 3) * 0x55);
        v1i(e, PSHUFD, d, d, lane < 4 ? 0x00 : 0xaa);
        break;
    case 2:
        v1i(e, PSHUFD, d, a, lane * 0x55);
        break;
    default:
        v1i(e, PSHUFD, d, a, 0xee);
    }
}

static void emit_vget(Emit *e, unsigned es, unsigned d, unsigned a, unsigned lane)
{
    switch (es) {
    case 0:
        v1i(e, V(M_3A, 0x14), a, d, lane);
        break;
    case 1:
        v1i(e, V(M_0F, 0xc5), d, a, lane);
        break;
    default:
        if (lane == 0) {
            v1(e, MOVD_FROM | (es == 3 ? X_W : 0), a, d);
        } else {
            v1i(e, V(M_3A, 0x16) | (es == 3 ? X_W : 0), a, d, lane);
        }
    }
}

/* d = a with the lane replaced by integer register r. */
static void insert(Emit *e, unsigned es, unsigned d, unsigned a, unsigned r, unsigned lane)
{
    static const unsigned opc[4] = { V(M_3A, 0x20), V(M_0F, 0xc4), V(M_3A, 0x22), V(M_3A, 0x22) | X_W };

    if (e->avx) {
        vex_rr(&e->a, opc[es], d, a, r);
    } else {
        tcg_x86_vmov(e, d, a);
        op_rr(&e->a, opc[es], d, r);
    }
    put8(&e->a, lane);
}

static void emit_vuzp(Emit *e, bool odd, unsigned es, unsigned d, unsigned a, unsigned b)
{
    if (a == b && es < 2) {
        v2m(e, PSHUFB, d, a, vconst(e, (odd ? VC_ODDS1 : VC_EVENS1) + es));
        return;
    }
    switch (es) {
    case 0:
        if (odd) {
            shift(e, 1, DIGIT_SHR, XS, b, 8);
            shift(e, 1, DIGIT_SHR, d, a, 8);
        } else {
            v2m(e, PAND, XS, b, vconst(e, VC_LOWBYTES));
            v2m(e, PAND, d, a, vconst(e, VC_LOWBYTES));
        }
        v2(e, PACKUSWB, d, d, XS);
        break;
    case 1:
        if (odd) {
            shift(e, 2, DIGIT_SAR, XS, b, 16);
            shift(e, 2, DIGIT_SAR, d, a, 16);
            v2(e, PACKSSDW, d, d, XS);
        } else {
            v2m(e, PSHUFB, XS, b, vconst(e, VC_EVENWORDS));
            v2m(e, PSHUFB, d, a, vconst(e, VC_EVENWORDS));
            v2(e, PUNPCKLQDQ, d, d, XS);
        }
        break;
    case 2:
        v2i(e, SHUFPS, d, a, b, odd ? 0xdd : 0x88);
        break;
    default:
        v2(e, odd ? op_zip2[3] : op_zip1[3], d, a, b);
    }
}

static void emit_vumaxp(Emit *e, unsigned d, unsigned a, unsigned b)
{
    if (a == b) {
        v2m(e, PSHUFB, XS, a, vconst(e, VC_ODDS1));
        v2m(e, PSHUFB, d, a, vconst(e, VC_EVENS1));
        v2(e, op_umax[0], d, d, XS);
        return;
    }
    shift(e, 1, DIGIT_SHR, XS, b, 8);           /* the larger one in each low byte */
    shift(e, 1, DIGIT_SHR, d, a, 8);
    v2(e, op_umax[0], XS, XS, b);
    v2(e, op_umax[0], d, d, a);
    v2m(e, PAND, XS, XS, vconst(e, VC_LOWBYTES));
    v2m(e, PAND, d, d, vconst(e, VC_LOWBYTES));
    v2(e, PACKUSWB, d, d, XS);
}

static void emit_vbyterev(Emit *e, unsigned es, unsigned container, unsigned d, unsigned a)
{
    if (container == es) {
        tcg_x86_vmov(e, d, a);
        return;
    }
    switch (es) {
    case 0:
        v2m(e, PSHUFB, d, a, vconst(e, VC_BYTEREV1 + container - 1));
        break;
    case 1:
        v2m(e, PSHUFB, d, a, vconst(e, VC_WORDREV2 + container - 2));
        break;
    case 2:
        v1i(e, PSHUFD, d, a, container == 3 ? 0xb1 : 0x1b);
        break;
    default:
        v1i(e, PSHUFD, d, a, 0x4e);
    }
}

static void emit_vpopcnt8(Emit *e, unsigned d, unsigned a)
{
    if (have(e, HOST_BITALG)) {
        evex_rr(&e->a, V(M_38, 0x54), d, 0, a);
        return;
    }
    shift(e, 1, DIGIT_SHR, XS, a, 4);
    v2m(e, PAND, XS, XS, vconst(e, VC_NIBBLES));
    v2m(e, PAND, d, a, vconst(e, VC_NIBBLES));
    tcg_x86_vmov_rm(e, XTEMP, vconst(e, VC_POPCNT));
    v2(e, PSHUFB, XTEMP, XTEMP, XS);
    tcg_x86_vmov_rm(e, XS, vconst(e, VC_POPCNT));
    v2(e, PSHUFB, XS, XS, d);
    v2(e, op_add[0], d, XTEMP, XS);
}

/* Whether all indices of a constant table look-up are below 16 or have the top bit. */
static bool is_shuffle(const TcgNode *n)
{
    const uint64_t some = UINT64_C(0x7070707070707070), top = UINT64_C(0x8080808080808080);
    uint64_t lo = (n->imm & some) + some, hi = (n->imm2 & some) + some;

    return n->op == OP_const && !(((lo & ~n->imm) | (hi & ~n->imm2)) & top);
}

/* Whether no index reaches 16 but with the top bit. */
static bool is_index(const TcgFn *fn, const TcgNode *n)
{
    if (n->op == OP_vand) {
        const TcgNode *m = fn_node(fn, n->arg[1]);

        return m->op == OP_const && !((m->imm | m->imm2) & UINT64_C(0xf0f0f0f0f0f0f0f0));
    }
    return is_shuffle(n) || (n->op == OP_vshr && n->aux == 0 && n->imm >= 4);
}

/* Shifts by a vector that AVX2 lacks: words as doublewords, odd ones and even ones. */
static void shift_words_by(Emit *e, unsigned op, unsigned d, unsigned a, unsigned b)
{
    shift(e, 2, DIGIT_SHR, XS, b, 16);
    if (op == PSLLV) {
        shift(e, 2, DIGIT_SHR, XTEMP, a, 16);
        vex_rr(&e->a, op, XS, XTEMP, XS);
        shift(e, 2, DIGIT_SHL, XS, XS, 16);
    } else {
        vex_rr(&e->a, op, XS, a, XS);
    }
    v2m(e, PAND, XTEMP, b, vconst(e, VC_LOWWORDS));
    if (op == PSLLV) {
        vex_rr(&e->a, op, d, a, XTEMP);
    } else if (op == PSRLV) {
        v2m(e, PAND, d, a, vconst(e, VC_LOWWORDS));
        vex_rr(&e->a, op, d, d, XTEMP);
    } else {
        shift(e, 2, DIGIT_SHL, d, a, 16);
        vex_rr(&e->a, op, d, d, XTEMP);
        shift(e, 2, DIGIT_SHR, d, d, 16);
    }
    v2i(e, PBLENDW, d, d, XS, 0xaa);
}

/* ... and doublewords by sign: of negative ones the complement is shifted. */
static void shift_signed_by(Emit *e, unsigned d, unsigned a, unsigned b)
{
    zero(e, XS);
    v2(e, op_gt[3], XS, XS, a);
    v2(e, PXOR, d, a, XS);
    vex_rr(&e->a, PSRLV | X_W, d, d, b);
    v2(e, PXOR, d, d, XS);
}

/* Counts from a vector: shifts of words are EVEX alone, as is the arithmetic one of doublewords. */
static void emit_shift_by(Emit *e, unsigned op, unsigned word, unsigned es, unsigned d, unsigned a, unsigned b)
{
    bool evex = es == 1 || (es == 3 && op == PSRAV);

    if (!evex) {
        vex_rr(&e->a, op | (es == 3 ? X_W : 0), d, a, b);
    } else if (have(e, HOST_AVX512)) {
        evex64(e, es == 1 ? word : op, d, a, b);
    } else if (es == 1) {
        shift_words_by(e, op, d, a, b);
    } else {
        shift_signed_by(e, d, a, b);
    }
}

/* The columns mixed alone: the last round back leaves the rest of a round to undo. */
static void emit_vaesmc(Emit *e, unsigned d, unsigned a)
{
    zero(e, XS);
    v2(e, AESDECLAST, d, a, XS);
    v2(e, AESENC, d, d, XS);
}

/* The opcode of an operation that is one instruction, whose second operand may then be in memory; else 0. */
static unsigned memory_form(const TcgFn *fn, const TcgNode *n)
{
    unsigned es = n->aux;

    switch (n->op) {
    case OP_vadd: return op_add[es];
    case OP_vsub: return op_sub[es];
    case OP_vand: return PAND;
    case OP_vor: return POR;
    case OP_vxor: return PXOR;
    case OP_vcmp: return n->imm == COND_EQ ? op_eq[es] : n->imm == COND_GT ? op_gt[es] : 0;
    case OP_vsmin: return es < 3 ? op_smin[es] : 0;
    case OP_vsmax: return es < 3 ? op_smax[es] : 0;
    case OP_vumin: return es < 3 ? op_umin[es] : 0;
    case OP_vumax: return es < 3 ? op_umax[es] : 0;
    case OP_vmadd: return PMADDWD;
    case OP_vmaddus: return PMADDUBSW;
    case OP_vsad: return PSADBW;
    case OP_vtbl: return n->arg[1] && is_shuffle(fn_node(fn, n->arg[1])) ? PSHUFB : 0;
    default: return 0;
    }
}

/* With its second operand in a slot or a constant. */
static void emit_with_memory(Emit *e, const TcgNode *n)
{
    unsigned d = loc_num(n->out) - FIRST_VREG, a = loc_num(n->in[0]) - FIRST_VREG, opc = memory_form(e->fn, n);
    bool is_slot = loc_kind(n->in[1]) == LOC_SLOT;

    g_assert(in_reg(n, 0) && opc);
    v2m(e, opc, d, a, is_slot ? slot_mem(n->in[1]) : mem_rip(e->a.p));
    if (!is_slot) {
        e->consts[e->num_consts].at = e->a.p - 4;
        e->consts[e->num_consts++].node = loc_num(n->in[1]);
    }
}

void tcg_x86_emit_lane0(Emit *e, unsigned es, unsigned d, unsigned a)
{
    if (es == 3) {
        v1(e, MOVQ, d, a);
    } else if (es == 1) {
        v2(e, PXOR, XS, XS, XS);
        v2i(e, PBLENDW, d, XS, a, 1);
    } else {
        v2i(e, V(M_3A, 0x21), d, a, a, 0x0e);   /* insertps: lane 0 to lane 0, the others zero */
    }
}

void tcg_x86_emit_vec(Emit *e, const TcgNode *n)
{
    static const uint16_t signed_pack[2] = { PACKSSWB, PACKSSDW }, unsigned_pack[2] = { PACKUSWB, PACKUSDW };
    unsigned es = n->aux, d = loc_num(n->out), x[3], imm = (unsigned)n->imm;

    if (tcg_op_def[n->op].args == 2 && !in_reg(n, 1)) {
        emit_with_memory(e, n);
        return;
    }
    if (n->op != OP_vget) {
        d -= FIRST_VREG;
    }
    for (unsigned i = 0; i < tcg_op_def[n->op].args; i++) {
        g_assert(in_reg(n, i));
        x[i] = loc_num(n->in[i]) & (FIRST_VREG - 1);
    }
    switch (n->op) {
    case OP_vadd:
        v2c(e, op_add[es], d, x[0], x[1]);
        break;
    case OP_vsub:
        v2(e, op_sub[es], d, x[0], x[1]);
        break;
    case OP_vmul:
        emit_vmul(e, es, d, x[0], x[1]);
        break;
    case OP_vneg:
        zero(e, XS);
        v2(e, op_sub[es], d, XS, x[0]);
        break;
    case OP_vabs:
        emit_vabs(e, es, d, x[0]);
        break;
    case OP_vand:
        v2c(e, PAND, d, x[0], x[1]);
        break;
    case OP_vor:
        v2c(e, POR, d, x[0], x[1]);
        break;
    case OP_vxor:
        v2c(e, PXOR, d, x[0], x[1]);
        break;
    case OP_vandn:
        v2(e, PANDN, d, x[1], x[0]);
        break;
    case OP_vnot:
        ones(e, XS);
        v2c(e, PXOR, d, x[0], XS);
        break;
    case OP_vbitsel:
        emit_vbitsel(e, d, x[0], x[1], x[2]);
        break;
    case OP_vtern:
        emit_vtern(e, imm, d, x[0], x[1], x[2]);
        break;
    case OP_vcmp:
        if (is_masked(e, n)) {
            emit_masked(e, n, x[0], x[1]);
        } else {
            emit_vcmp(e, imm, es, d, x[0], x[1]);
        }
        break;
    case OP_vsmin:
        emit_vminmax(e, op_smin, false, false, es, d, x[0], x[1]);
        break;
    case OP_vsmax:
        emit_vminmax(e, op_smax, false, true, es, d, x[0], x[1]);
        break;
    case OP_vumin:
        emit_vminmax(e, op_umin, true, false, es, d, x[0], x[1]);
        break;
    case OP_vumax:
        emit_vminmax(e, op_umax, true, true, es, d, x[0], x[1]);
        break;
    case OP_vshl:
        emit_vshl(e, es, d, x[0], imm);
        break;
    case OP_vshr:
        emit_vshr(e, es, d, x[0], imm);
        break;
    case OP_vsar:
        emit_vsar(e, es, d, x[0], imm);
        break;
    case OP_vsadds:
        v2c(e, op_sadds[es], d, x[0], x[1]);
        break;
    case OP_vuadds:
        v2c(e, op_uadds[es], d, x[0], x[1]);
        break;
    case OP_vssubs:
        v2(e, op_ssubs[es], d, x[0], x[1]);
        break;
    case OP_vusubs:
        v2(e, op_usubs[es], d, x[0], x[1]);
        break;
    case OP_vdup:
        emit_vdup(e, es, d, x[0]);
        break;
    case OP_vdup_lane:
        emit_vdup_lane(e, es, d, x[0], imm);
        break;
    case OP_vget:
        emit_vget(e, es, d, x[0], imm);
        break;
    case OP_vset:
        insert(e, es, d, x[0], x[1], imm);
        break;
    case OP_vfrom:
        v1(e, MOVD_TO | (es == 3 ? X_W : 0), d, x[0]);
        break;
    case OP_vpair:
        v1(e, MOVD_TO | X_W, d, x[0]);
        insert(e, 3, d, d, x[1], 1);
        break;
    case OP_vzip1:
        v2(e, op_zip1[es], d, x[0], x[1]);
        break;
    case OP_vzip2:
        v2(e, op_zip2[es], d, x[0], x[1]);
        break;
    case OP_vuzp1:
        emit_vuzp(e, false, es, d, x[0], x[1]);
        break;
    case OP_vuzp2:
        emit_vuzp(e, true, es, d, x[0], x[1]);
        break;
    case OP_vsext:
        v1(e, op_sext[es], d, x[0]);
        break;
    case OP_vumaxp:
        emit_vumaxp(e, d, x[0], x[1]);
        break;
    case OP_vext:
        if (imm == 0) {
            tcg_x86_vmov(e, d, x[0]);
        } else {
            v2i(e, PALIGNR, d, x[1], x[0], imm);
        }
        break;
    case OP_vbyterev:
        emit_vbyterev(e, es, imm, d, x[0]);
        break;
    case OP_vtbl:
        if (!is_index(e->fn, fn_node(e->fn, n->arg[1]))) {
            v2m(e, V(M_0F, 0xdc), XS, x[1], vconst(e, VC_0x70));    /* 16 and more to 128 and more: pshufb gives 0 */
            x[1] = XS;
        }
        v2(e, PSHUFB, d, x[0], x[1]);
        break;
    case OP_vpopcnt8:
        emit_vpopcnt8(e, d, x[0]);
        break;
    case OP_vmovz:
        tcg_x86_emit_lane0(e, es, d, x[0]);
        break;
    case OP_vror:
        evex_rr(&e->a, V(M_0F, 0x72) | (es == 3 ? X_W : 0), DIGIT_ROR, d, x[0]);
        put8(&e->a, imm);
        break;
    case OP_vmulhs:
        v2c(e, PMULHW, d, x[0], x[1]);
        break;
    case OP_vmulhu:
        v2c(e, PMULHUW, d, x[0], x[1]);
        break;
    case OP_vmulrs:
        v2c(e, PMULHRSW, d, x[0], x[1]);
        break;
    case OP_vmadd:
        v2c(e, PMADDWD, d, x[0], x[1]);
        break;
    case OP_vmaddus:
        v2(e, PMADDUBSW, d, x[0], x[1]);
        break;
    case OP_vsad:
        v2c(e, PSADBW, d, x[0], x[1]);
        break;
    case OP_vmulls:
        v2c(e, PMULDQ, d, x[0], x[1]);
        break;
    case OP_vmullu:
        v2c(e, PMULUDQ, d, x[0], x[1]);
        break;
    case OP_vspack:
        v2(e, signed_pack[es], d, x[0], x[1]);
        break;
    case OP_vupack:
        v2(e, unsigned_pack[es], d, x[0], x[1]);
        break;
    case OP_vshlv:
        emit_shift_by(e, PSLLV, PSLLVW, es, d, x[0], x[1]);
        break;
    case OP_vshrv:
        emit_shift_by(e, PSRLV, PSRLVW, es, d, x[0], x[1]);
        break;
    case OP_vsarv:
        emit_shift_by(e, PSRAV, PSRAVW, es, d, x[0], x[1]);
        break;
    case OP_vclz:
        evex_rr(&e->a, PLZCNT | (es == 3 ? X_W : 0), d, 0, x[0]);
        break;
    case OP_vclmul:
        v2i(e, PCLMULQDQ, d, x[0], x[1], imm);
        break;
    case OP_vdotus:
        g_assert(d == x[0]);
        if (have(e, HOST_AVX512)) {
            evex_rr(&e->a, VPDPBUSD, d, x[1], x[2]);
        } else {
            vex_rr(&e->a, VPDPBUSD, d, x[1], x[2]);
        }
        break;
    case OP_vgfmul:
        v2c(e, GF2P8MULB, d, x[0], x[1]);
        break;
    case OP_vgfaff:
        v2i(e, imm & 256 ? GF2P8AFFINEINVQB : GF2P8AFFINEQB, d, x[0], x[1], imm & 255);
        break;
    case OP_vaesenc:
        v2(e, AESENC, d, x[0], x[1]);
        break;
    case OP_vaesencl:
        v2(e, AESENCLAST, d, x[0], x[1]);
        break;
    case OP_vaesdec:
        v2(e, AESDEC, d, x[0], x[1]);
        break;
    case OP_vaesdecl:
        v2(e, AESDECLAST, d, x[0], x[1]);
        break;
    case OP_vaesmc:
        emit_vaesmc(e, d, x[0]);
        break;
    case OP_vaesimc:
        v1(e, AESIMC, d, x[0]);
        break;
    case OP_vshuf:
        if (x[0] == x[1]) {
            v1i(e, PSHUFD, d, x[0], imm);
        } else {
            v2i(e, SHUFPS, d, x[0], x[1], imm);
        }
        break;
    case OP_vsha1r:
        g_assert(d == x[0]);                    /* these have no VEX forms */
        op_rr(&e->a, SHA1RNDS4, d, x[1]);
        put8(&e->a, imm);
        break;
    case OP_vsha256r:
        g_assert(d == x[0]);
        op_rr(&e->a, SHA256RNDS2, d, x[1]);
        break;
    case OP_vsha256m1:
        g_assert(d == x[0]);
        op_rr(&e->a, SHA256MSG1, d, x[1]);
        break;
    case OP_vsha256m2:
        g_assert(d == x[0]);
        op_rr(&e->a, SHA256MSG2, d, x[1]);
        break;
    default:
        g_assert_not_reached();
    }
}

/* Whether the operation writes its result before it has read all arguments. */
static bool is_early(const TcgNode *n)
{
    switch (n->op) {
    case OP_vmul:
        return n->aux == 0 || n->aux == 3;
    case OP_vcmp:
        return n->imm > COND_NE;
    case OP_vumaxp:
        return n->arg[0] != n->arg[1];
    case OP_vsmin: case OP_vsmax: case OP_vumin: case OP_vumax:
        return n->aux == 3;
    default:
        return false;
    }
}

bool tcg_x86_has_vec(const TcgBackend *be, const TcgNode *n)
{
    switch (n->op) {
    case OP_vshlv: case OP_vshrv: case OP_vsarv:
        return tcg_x86_host_has(be, HOST_AVX2);
    case OP_vror: case OP_vclz: case OP_vtern:
        return tcg_x86_host_has(be, HOST_AVX512);
    case OP_vdotus:
        return tcg_x86_host_has(be, HOST_VNNI) && tcg_x86_host_has(be, HOST_AVX);
    case OP_vgfmul: case OP_vgfaff:
        return tcg_x86_host_has(be, HOST_GFNI) && tcg_x86_host_has(be, HOST_AVX);
    case OP_vclmul: case OP_vaesenc: case OP_vaesencl: case OP_vaesdec: case OP_vaesdecl: case OP_vaesmc: case OP_vaesimc:
        return tcg_x86_host_has(be, HOST_AES);
    case OP_vsha1r: case OP_vsha256r: case OP_vsha256m1: case OP_vsha256m2:
        return tcg_x86_host_has(be, HOST_SHA);
    default:
        return true;
    }
}
G_STATIC_ASSERT(OP_vadd == OP_call + 1 && OP_vlow == OP_vsha256m2 + 1 && OP_br == OP_ptest + 1);

static void clobber_temp(TcgConstraint *ret)
{
    ret->clobbers = VREG_BIT(XTEMP);
    ret->arg[0] &= ~ret->clobbers;
    ret->arg[1] &= ~ret->clobbers;
    ret->out &= ~ret->clobbers;
}

void tcg_x86_constraints_vec(const TcgFn *fn, const TcgNode *n, TcgConstraint *ret)
{
    for (unsigned i = 0; i < TCG_MAX_OPERANDS; i++) {
        ret->arg[i] = X86_VEC_REGS;
    }
    ret->out = X86_VEC_REGS;
    ret->out_early = is_early(n);
    ret->arg_const[1] = ret->arg_slot[1] = memory_form(fn, n) != 0;
    switch (n->op) {
    case OP_vdup:
    case OP_vfrom:
        ret->arg[0] = X86_INT_REGS;
        break;
    case OP_vpair:
        ret->arg[0] = ret->arg[1] = X86_INT_REGS;
        break;
    case OP_vset:
        ret->arg[1] = X86_INT_REGS;
        break;
    case OP_vget:
        ret->out = X86_INT_REGS;
        break;
    case OP_vsha256r:
        ret->arg[0] = ret->arg[1] = ret->out = X86_VEC_REGS & ~VREG_BIT(0);
        ret->arg[2] = VREG_BIT(0);
        ret->out_same_as = 0;
        break;
    case OP_vdotus: case OP_vsha1r: case OP_vsha256m1: case OP_vsha256m2:
        ret->out_same_as = 0;
        break;
    case OP_vshlv: case OP_vshrv: case OP_vsarv:
        if (!tcg_x86_host_has(fn->config->backend, HOST_AVX512)) {
            if (n->aux == 1) {
                clobber_temp(ret);
            }
            ret->out_early = n->op == OP_vsarv && n->aux == 3;
        }
        break;
    case OP_vpopcnt8:
        if (!tcg_x86_host_has(fn->config->backend, HOST_BITALG)) {
            clobber_temp(ret);
        }
        break;
    }
}
