/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the backend says that it lacks (has_op) becomes what it has.
 *
 * A backend always has, in both integer types where they apply: ld_env, st_env, add, sub, mul, divu, divs, and, or,
 * xor, shl, shr, sar, trunc, zext, sext, setcond and brcond of the conditions EQ to GTU, select, flags_add, flags_sub,
 * flags_adc, flags_logic, and all that is not PURE (of floating point gen.h makes only what it has); of vectors vadd, vsub,
 * vand, vor, vxor, vcmp of EQ and GT, vshl and vshr of elements of 2 to 8 bytes, vmul of 2 and 4, vpair, vget, vdup, vset,
 * vzip1, vzip2, vuzp1, vuzp2, vtbl, vmulhs, vmulhu, vmulrs, vmadd, vmaddus, vsad, vmulls, vmullu, vspack, vupack. Those that
 * tcg_op_optional names come only if it has them.
 * Every other PURE operation has an expansion here, which may itself be expanded further. (The expansions of vector
 * operations by lanes of 8 bytes serve where a vcmp GT of 8 bytes is missing.)
 *
 * Wide vectors, where a backend has any: what is lane by lane and has no expansion here, or none that the backend has, is
 * done by halves; vlow, vhigh and vcat it must have. A backend that has predicates (an OP_mov of them) must have pfrom
 * and pto of aux 0; for one that has none they become integers, and their operations, guest_ldm and guest_stm aside,
 * what these have. vmasked is made here, of a vsel and what that alone uses, where the backend has it.
 *
 * Recipes stay as they are: they are evaluated, not emitted.
 */
#include "core/tcg/backend.h"

#include <string.h>

typedef struct Lower {
    TcgFn *fn;
    const TcgBackend *be;
    TcgId at;                                   /* new operations go before it */
    TcgType vec;                                /* of the vectors that are being expanded */
    bool no_preds;                              /* predicates are integers */
} Lower;

static TcgId expand(Lower *l, const TcgNode *n);

static TcgId emit(Lower *l, TcgOpcode op, TcgType type, unsigned aux, uint64_t imm, TcgId a, TcgId b, TcgId c, TcgId d)
{
    TcgProto p = { .op = op, .type = type, .aux = aux, .imm = imm, .arg = { a, b, c, d } };
    TcgId id = tcg_fn_node_new(l->fn, p.op, p.type);
    TcgNode *n = fn_node(l->fn, id);

    n->aux = p.aux;
    n->imm = p.imm;
    memcpy(n->arg, p.arg, sizeof(n->arg));
    if (!l->be->has_op(l->be, n)) {
        TcgNode copy = *n;

        return expand(l, &copy);
    }
    tcg_fn_insert_before(l->fn, l->at, id);
    return id;
}

static TcgId op1(Lower *l, TcgOpcode op, TcgType t, TcgId a)
{
    return emit(l, op, t, 0, 0, a, 0, 0, 0);
}

static TcgId op2(Lower *l, TcgOpcode op, TcgType t, TcgId a, TcgId b)
{
    return emit(l, op, t, 0, 0, a, b, 0, 0);
}

static TcgId k(Lower *l, TcgType t, uint64_t v)
{
    return tcg_fn_const(l->fn, t, v);
}

static TcgId opk(Lower *l, TcgOpcode op, TcgType t, TcgId a, uint64_t v)
{
    return op2(l, op, t, a, k(l, t, v));
}

/* Vector operations: es is log2 of an element's bytes. */
static TcgId v1(Lower *l, TcgOpcode op, unsigned es, TcgId a, uint64_t imm)
{
    return emit(l, op, l->vec, es, imm, a, 0, 0, 0);
}

static TcgId v2(Lower *l, TcgOpcode op, unsigned es, TcgId a, TcgId b)
{
    return emit(l, op, l->vec, es, 0, a, b, 0, 0);
}

static TcgId vbitsel(Lower *l, TcgId mask, TcgId a, TcgId b)
{
    return emit(l, OP_vbitsel, l->vec, 3, 0, mask, a, b, 0);
}

static TcgId vcmp(Lower *l, TcgCond c, unsigned es, TcgId a, TcgId b)
{
    return emit(l, OP_vcmp, l->vec, es, c, a, b, 0, 0);
}

static TcgId vget(Lower *l, unsigned es, TcgId v, unsigned lane)
{
    return emit(l, OP_vget, es == 3 ? TCG_I64 : TCG_I32, es, lane, v, 0, 0, 0);
}

/* The constant with `v` in every element. */
static TcgId vk(Lower *l, unsigned es, uint64_t v)
{
    for (unsigned bits = 8u << es; bits < 64; bits *= 2) {
        v = (v & ((1ull << bits) - 1)) | v << bits;
    }
    return tcg_fn_const_wide(l->fn, l->vec, v, v);
}

/* -- integers ----------------------------------------------------------------------------------------------------- */

/* Where an operation has two new arguments, these are named first: C leaves the order of a call's arguments open. */

/* (x & m) << s | (x >> s) & m */
static TcgId swap_groups(Lower *l, TcgType t, TcgId x, unsigned s, uint64_t m)
{
    TcgId up = opk(l, OP_shl, t, opk(l, OP_and, t, x, m), s);
    TcgId down = opk(l, OP_and, t, opk(l, OP_shr, t, x, s), m);

    return op2(l, OP_or, t, up, down);
}

static TcgId expand_bswap(Lower *l, TcgType t, TcgId x)
{
    unsigned half = t == TCG_I64 ? 32 : 16;
    TcgId up, down;

    x = swap_groups(l, t, x, 8, 0x00ff00ff00ff00ff);
    if (t == TCG_I64) {
        x = swap_groups(l, t, x, 16, 0x0000ffff0000ffff);
    }
    up = opk(l, OP_shl, t, x, half);
    down = opk(l, OP_shr, t, x, half);
    return op2(l, OP_or, t, up, down);
}

static TcgId expand_rbit(Lower *l, TcgType t, TcgId x)
{
    x = op1(l, OP_bswap, t, x);
    x = swap_groups(l, t, x, 4, 0x0f0f0f0f0f0f0f0f);
    x = swap_groups(l, t, x, 2, 0x3333333333333333);
    return swap_groups(l, t, x, 1, 0x5555555555555555);
}

static TcgId expand_popcnt(Lower *l, TcgType t, TcgId x)
{
    uint64_t ones = 0x0101010101010101;
    TcgId even, odd;

    x = op2(l, OP_sub, t, x, opk(l, OP_and, t, opk(l, OP_shr, t, x, 1), 0x55 * ones));
    even = opk(l, OP_and, t, x, 0x33 * ones);
    odd = opk(l, OP_and, t, opk(l, OP_shr, t, x, 2), 0x33 * ones);
    x = op2(l, OP_add, t, even, odd);
    x = opk(l, OP_and, t, op2(l, OP_add, t, x, opk(l, OP_shr, t, x, 4)), 0x0f * ones);
    return opk(l, OP_shr, t, opk(l, OP_mul, t, x, ones), t == TCG_I64 ? 56 : 24);
}

static TcgId expand_clz(Lower *l, TcgType t, TcgId x)
{
    unsigned w = t == TCG_I64 ? 64 : 32;

    for (unsigned s = 1; s < w; s *= 2) {       /* every bit below the highest one set too */
        x = op2(l, OP_or, t, x, opk(l, OP_shr, t, x, s));
    }
    return op2(l, OP_sub, t, k(l, t, w), op1(l, OP_popcnt, t, x));
}

/* The high half of a 64-bit product, from four products of halves. */
static TcgId expand_mulh64(Lower *l, TcgId a, TcgId b, bool is_signed)
{
    TcgType t = TCG_I64;
    TcgId a0 = opk(l, OP_and, t, a, UINT32_MAX), a1 = opk(l, OP_shr, t, a, 32);
    TcgId b0 = opk(l, OP_and, t, b, UINT32_MAX), b1 = opk(l, OP_shr, t, b, 32);
    TcgId low = opk(l, OP_shr, t, op2(l, OP_mul, t, a0, b0), 32);
    TcgId m1 = op2(l, OP_add, t, op2(l, OP_mul, t, a1, b0), low);
    TcgId m1_low = opk(l, OP_and, t, m1, UINT32_MAX), m1_high = opk(l, OP_shr, t, m1, 32);
    TcgId m2 = op2(l, OP_add, t, op2(l, OP_mul, t, a0, b1), m1_low);
    TcgId r = op2(l, OP_add, t, op2(l, OP_mul, t, a1, b1), m1_high);

    r = op2(l, OP_add, t, r, opk(l, OP_shr, t, m2, 32));
    if (is_signed) {                            /* less b where a is negative, less a where b is */
        r = op2(l, OP_sub, t, r, op2(l, OP_and, t, opk(l, OP_sar, t, a, 63), b));
        r = op2(l, OP_sub, t, r, op2(l, OP_and, t, opk(l, OP_sar, t, b, 63), a));
    }
    return r;
}

static TcgId expand_mulh(Lower *l, TcgType t, TcgId a, TcgId b, bool is_signed)
{
    TcgOpcode ext = is_signed ? OP_sext : OP_zext;

    if (t == TCG_I64) {
        return expand_mulh64(l, a, b, is_signed);
    }
    a = op1(l, ext, TCG_I64, a);
    b = op1(l, ext, TCG_I64, b);
    a = op2(l, OP_mul, TCG_I64, a, b);
    return op1(l, OP_trunc, TCG_I32, opk(l, OP_shr, TCG_I64, a, 32));
}

static TcgId expand_deposit(Lower *l, const TcgNode *n)
{
    unsigned pos = n->aux & 0xff, len = n->aux >> 8;
    uint64_t mask = len >= 64 ? UINT64_MAX : (1ull << len) - 1;
    TcgId field = opk(l, OP_and, n->type, n->arg[1], mask);

    if (pos) {
        field = opk(l, OP_shl, n->type, field, pos);
    }
    return op2(l, OP_or, n->type, opk(l, OP_and, n->type, n->arg[0], ~(mask << pos)), field);
}

static TcgId expand_field(Lower *l, const TcgNode *n)
{
    unsigned w = n->type == TCG_I64 ? 64 : 32, pos = n->aux & 0xff, len = n->aux >> 8;
    TcgId x = n->arg[0];

    if (pos + len < w) {
        x = opk(l, OP_shl, n->type, x, w - pos - len);
    }
    return opk(l, n->op == OP_extract ? OP_shr : OP_sar, n->type, x, w - len);
}

static TcgId expand_rotate(Lower *l, TcgType t, TcgId lo, TcgId hi, TcgId count)
{
    TcgId up = op2(l, OP_shl, t, hi, op2(l, OP_sub, t, k(l, t, 0), count));

    return op2(l, OP_or, t, op2(l, OP_shr, t, lo, count), up);
}

static TcgId setcond(Lower *l, TcgType t, TcgCond c, TcgId a, TcgId b)
{
    return emit(l, OP_setcond, t, c, 0, a, b, 0, 0);
}

static TcgId expand_int(Lower *l, const TcgNode *n)
{
    TcgType t = n->type;
    TcgId a = n->arg[0], b = n->arg[1];

    switch (n->op) {
    case OP_andn: return op2(l, OP_and, t, a, op1(l, OP_not, t, b));
    case OP_orn: return op2(l, OP_or, t, a, op1(l, OP_not, t, b));
    case OP_not: return opk(l, OP_xor, t, a, UINT64_MAX);
    case OP_neg: return op2(l, OP_sub, t, k(l, t, 0), a);
    case OP_ror: return expand_rotate(l, t, a, a, b);
    case OP_addshl: return op2(l, OP_add, t, a, opk(l, OP_shl, t, b, n->aux));
    case OP_extract2:                           /* its position is not 0, or it is a */
        return n->aux ? expand_rotate(l, t, a, b, k(l, t, n->aux)) : a;
    case OP_clz: return expand_clz(l, t, a);
    case OP_ctz:
        return op1(l, OP_popcnt, t, op2(l, OP_andn, t, opk(l, OP_sub, t, a, 1), a));
    case OP_popcnt: return expand_popcnt(l, t, a);
    case OP_bswap: return expand_bswap(l, t, a);
    case OP_rbit: return expand_rbit(l, t, a);
    case OP_mulhu: case OP_mulhs: return expand_mulh(l, t, a, b, n->op == OP_mulhs);
    case OP_extract: case OP_sextract: return expand_field(l, n);
    case OP_deposit: return expand_deposit(l, n);
    case OP_setcond:                            /* TSTEQ, TSTNE */
        return setcond(l, t, n->aux == COND_TSTEQ ? COND_EQ : COND_NE, op2(l, OP_and, t, a, b), k(l, t, 0));
    case OP_select_cmp: {
        TcgId c = setcond(l, n->imm, n->aux, a, b);

        return emit(l, OP_select, t, 0, 0, c, n->arg[2], n->arg[3], 0);
    }
    case OP_select_fc: {
        TcgId c = emit(l, OP_flags_cond, TCG_I32, n->aux, 0, a, 0, 0, 0);

        return emit(l, OP_select, t, 0, 0, c, b, n->arg[2], 0);
    }
    case OP_flags_cond:                         /* the table of truth, shifted by the flags */
        return opk(l, OP_and, TCG_I32, op2(l, OP_shr, TCG_I32, k(l, TCG_I32, tcg_flag_truth[n->aux]), a), 1);
    default:
        return 0;
    }
}

/* -- vectors ------------------------------------------------------------------------------------------------------- */

static TcgId expand_vcmp(Lower *l, unsigned es, TcgCond c, TcgId a, TcgId b)
{
    TcgId r;

    switch (c) {
    case COND_NE: return v1(l, OP_vnot, es, vcmp(l, COND_EQ, es, a, b), 0);
    case COND_LT: return vcmp(l, COND_GT, es, b, a);
    case COND_GE: return v1(l, OP_vnot, es, vcmp(l, COND_GT, es, b, a), 0);
    case COND_LE: return v1(l, OP_vnot, es, vcmp(l, COND_GT, es, a, b), 0);
    case COND_LTU: return vcmp(l, COND_GTU, es, b, a);
    case COND_GEU: return v1(l, OP_vnot, es, vcmp(l, COND_GTU, es, b, a), 0);
    case COND_LEU: return v1(l, OP_vnot, es, vcmp(l, COND_GTU, es, a, b), 0);
    case COND_GTU:
        r = vk(l, es, 1ull << ((8u << es) - 1));
        a = v2(l, OP_vxor, es, a, r);
        b = v2(l, OP_vxor, es, b, r);
        return vcmp(l, COND_GT, es, a, b);
    case COND_TSTEQ: return vcmp(l, COND_EQ, es, v2(l, OP_vand, es, a, b), vk(l, es, 0));
    case COND_TSTNE: return v1(l, OP_vnot, es, vcmp(l, COND_TSTEQ, es, a, b), 0);
    default:                                    /* EQ, GT of 8 bytes: by halves */
        if (es != 3 || l->vec != TCG_V128) {
            return 0;
        }
        r = 0;
        for (unsigned lane = 0; lane < 2; lane++) {
            TcgId x = vget(l, 3, a, lane), y = vget(l, 3, b, lane), one = setcond(l, TCG_I64, c, x, y);

            one = op2(l, OP_sub, TCG_I64, k(l, TCG_I64, 0), op1(l, OP_zext, TCG_I64, one));
            r = lane ? emit(l, OP_vpair, TCG_V128, 0, 0, r, one, 0, 0) : one;
        }
        return r;
    }
}

/* Products of bytes as products of 2 bytes: those of even elements, and those of odd ones. */
static TcgId expand_vmul1(Lower *l, TcgId a, TcgId b)
{
    TcgId even = v2(l, OP_vand, 1, v2(l, OP_vmul, 1, a, b), vk(l, 1, 0x00ff));
    TcgId a1 = v1(l, OP_vshr, 1, a, 8), b1 = v1(l, OP_vshr, 1, b, 8), odd = v2(l, OP_vmul, 1, a1, b1);

    return v2(l, OP_vor, 1, even, v1(l, OP_vshl, 1, odd, 8));
}

static TcgId expand_vshift(Lower *l, const TcgNode *n)
{
    unsigned es = n->aux, bits = 8u << es, c = n->imm;
    uint64_t sign = 1ull << (bits - 1);
    TcgId x = n->arg[0];

    if (n->op == OP_vsar) {
        c = MIN(c, bits - 1);
        x = v1(l, OP_vshr, es, x, c);
        return v2(l, OP_vsub, es, v2(l, OP_vxor, es, x, vk(l, es, sign >> c)), vk(l, es, sign >> c));
    }
    if (c >= bits) {
        return vk(l, es, 0);
    }
    if (es != 0) {
        return 0;
    }
    x = v1(l, n->op, 1, x, c);
    return v2(l, OP_vand, 0, x, vk(l, 0, n->op == OP_vshl ? 0xff << c & 0xff : 0xff >> c));
}

static TcgId expand_vsat(Lower *l, const TcgNode *n)
{
    unsigned es = n->aux, bits = 8u << es;
    TcgId a = n->arg[0], b = n->arg[1], r, lost, limit;

    switch (n->op) {
    case OP_vuadds: return v2(l, OP_vadd, es, a, v2(l, OP_vumin, es, b, v1(l, OP_vnot, es, a, 0)));
    case OP_vusubs: return v2(l, OP_vsub, es, v2(l, OP_vumax, es, a, b), b);
    default:
        /* Overflow: the result's sign differs from a's, though b's is one that should keep it. */
        r = v2(l, n->op == OP_vsadds ? OP_vadd : OP_vsub, es, a, b);
        lost = v2(l, OP_vxor, es, a, n->op == OP_vsadds ? r : b);
        lost = v2(l, OP_vand, es, lost, v2(l, OP_vxor, es, n->op == OP_vsadds ? b : a, r));
        limit = v2(l, OP_vxor, es, v1(l, OP_vsar, es, a, bits - 1), vk(l, es, (1ull << (bits - 1)) - 1));
        lost = v1(l, OP_vsar, es, lost, bits - 1);
        return vbitsel(l, lost, limit, r);
    }
}

/* Swaps neighbours of ever larger size: elements in pairs, pairs in fours. */
static TcgId expand_vbyterev(Lower *l, const TcgNode *n)
{
    TcgId x = n->arg[0];

    for (unsigned s = n->aux; s < n->imm; s++) {
        TcgId up = v1(l, OP_vshl, s + 1, x, 8u << s), down = v1(l, OP_vshr, s + 1, x, 8u << s);

        x = v2(l, OP_vor, 3, up, down);
    }
    return x;
}

static TcgId expand_vpopcnt8(Lower *l, TcgId x)
{
    TcgId m2 = vk(l, 0, 0x33), even, odd;

    x = v2(l, OP_vsub, 0, x, v2(l, OP_vand, 0, v1(l, OP_vshr, 3, x, 1), vk(l, 0, 0x55)));
    even = v2(l, OP_vand, 0, x, m2);
    odd = v2(l, OP_vand, 0, v1(l, OP_vshr, 3, x, 2), m2);
    x = v2(l, OP_vadd, 0, even, odd);
    return v2(l, OP_vand, 0, v2(l, OP_vadd, 0, x, v1(l, OP_vshr, 3, x, 4)), vk(l, 0, 0x0f));
}

static TcgId expand_vext(Lower *l, const TcgNode *n)
{
    TcgId half[4], r[2];
    unsigned first = n->imm / 8, bits = n->imm % 8 * 8;

    for (unsigned i = 0; i < 4; i++) {
        half[i] = i >= first && i <= first + 2 ? vget(l, 3, n->arg[i / 2], i & 1) : 0;
    }
    for (unsigned i = 0; i < 2; i++) {
        TcgId lo = half[first + i];

        r[i] = bits ? emit(l, OP_extract2, TCG_I64, bits, 0, lo, half[first + i + 1], 0, 0) : lo;
    }
    return emit(l, OP_vpair, TCG_V128, 0, 0, r[0], r[1], 0, 0);
}

static TcgId expand_minmax(Lower *l, const TcgNode *n)
{
    bool is_signed = n->op == OP_vsmin || n->op == OP_vsmax, max = n->op == OP_vsmax || n->op == OP_vumax;
    TcgId greater = vcmp(l, is_signed ? COND_GT : COND_GTU, n->aux, n->arg[0], n->arg[1]);

    return vbitsel(l, greater, n->arg[!max], n->arg[max]);
}

static TcgId expand_vec(Lower *l, const TcgNode *n)
{
    unsigned es = n->aux;
    TcgId a = n->arg[0], b = n->arg[1];

    switch (n->op) {
    case OP_vneg: return v2(l, OP_vsub, es, vk(l, es, 0), a);
    case OP_vabs: {
        TcgId sign = v1(l, OP_vsar, es, a, (8u << es) - 1);

        return v2(l, OP_vsub, es, v2(l, OP_vxor, es, a, sign), sign);
    }
    case OP_vnot: return v2(l, OP_vxor, es, a, vk(l, 3, UINT64_MAX));
    case OP_vandn: return v2(l, OP_vand, es, a, v1(l, OP_vnot, es, b, 0));
    case OP_vbitsel:
        b = v2(l, OP_vand, es, b, a);
        return v2(l, OP_vor, es, b, v2(l, OP_vandn, es, n->arg[2], a));
    case OP_vcmp: return expand_vcmp(l, es, n->imm, a, b);
    case OP_vmul: return es == 0 ? expand_vmul1(l, a, b) : 0;
    case OP_vsmin: case OP_vsmax: case OP_vumin: case OP_vumax: return expand_minmax(l, n);
    case OP_vshl: case OP_vshr: case OP_vsar: return expand_vshift(l, n);
    case OP_vsadds: case OP_vuadds: case OP_vssubs: case OP_vusubs: return expand_vsat(l, n);
    case OP_vdup_lane: return v1(l, OP_vdup, es, vget(l, es, a, n->imm), 0);
    case OP_vfrom:
        a = es == 2 ? op1(l, OP_zext, TCG_I64, a) : a;
        return emit(l, OP_vpair, TCG_V128, 0, 0, a, k(l, TCG_I64, 0), 0, 0);
    case OP_vumaxp: return v2(l, OP_vumax, es, v2(l, OP_vuzp1, es, a, b), v2(l, OP_vuzp2, es, a, b));
    case OP_vsext: return v1(l, OP_vsar, es + 1, v2(l, OP_vzip1, es, vk(l, 3, 0), a), 8u << es);
    case OP_vext: return expand_vext(l, n);
    case OP_vbyterev: return expand_vbyterev(l, n);
    case OP_vpopcnt8: return expand_vpopcnt8(l, a);
    case OP_vror: {
        unsigned bits = 8u << es, c = (unsigned)n->imm;
        TcgId low = v1(l, OP_vshr, es, a, c);

        return c ? v2(l, OP_vor, es, low, v1(l, OP_vshl, es, a, bits - c)) : a;
    }
    case OP_vmovz: return v2(l, OP_vand, 3, a, tcg_fn_const_v(l->fn, UINT64_MAX >> (64 - (8 << es)), 0));
    case OP_select: {                           /* all ones or none, by which bits are chosen */
        TcgId c = setcond(l, TCG_I32, COND_NE, a, k(l, TCG_I32, 0));

        c = op2(l, OP_sub, TCG_I64, k(l, TCG_I64, 0), op1(l, OP_zext, TCG_I64, c));
        return vbitsel(l, v1(l, OP_vdup, 3, c, 0), b, n->arg[2]);
    }
    default:
        return 0;
    }
}

/* Numbers as integers whose order is theirs, but for NaNs and two zeros. */
static TcgId expand_flags_fp(Lower *l, const TcgNode *n)
{
    static const uint64_t infinity[4] = { 0, UINT64_C(0x1f) << 58, UINT64_C(0xff) << 55, UINT64_C(0x7ff) << 52 };
    const TcgType t = TCG_I64;
    unsigned es = tcg_fp_es(n->aux);
    TcgId bits[2], magnitude[2], key[2], nan[2], zeros, same, equal, less, r;

    for (unsigned i = 0; i < 2; i++) {
        bits[i] = vget(l, es, n->arg[i], 0);
        if (es < 3) {
            bits[i] = opk(l, OP_shl, t, op1(l, OP_zext, t, bits[i]), 64 - (8 << es));
        }
        magnitude[i] = opk(l, OP_and, t, bits[i], INT64_MAX);
        key[i] = opk(l, OP_and, t, opk(l, OP_sar, t, bits[i], 63), INT64_MAX);
        key[i] = op2(l, OP_xor, t, bits[i], key[i]);
        nan[i] = setcond(l, t, COND_GTU, magnitude[i], k(l, t, infinity[es]));
    }
    zeros = setcond(l, t, COND_EQ, op2(l, OP_or, t, magnitude[0], magnitude[1]), k(l, t, 0));
    same = setcond(l, t, COND_EQ, bits[0], bits[1]);
    equal = op2(l, OP_or, TCG_I32, zeros, same);
    less = setcond(l, t, COND_LT, key[0], key[1]);
    r = emit(l, OP_select, TCG_I32, 0, 0, less, k(l, TCG_I32, FLAG_N), k(l, TCG_I32, FLAG_C), 0);
    r = emit(l, OP_select, TCG_I32, 0, 0, equal, k(l, TCG_I32, FLAG_Z | FLAG_C), r, 0);
    nan[0] = op2(l, OP_or, TCG_I32, nan[0], nan[1]);
    return emit(l, OP_select, TCG_I32, 0, 0, nan[0], k(l, TCG_I32, FLAG_C | FLAG_V), r, 0);
}

/* -- halves of wide vectors, predicates ---------------------------------------------------------------------------- */

static TcgId to_bits(Lower *l, TcgId p, unsigned es)
{
    return emit(l, OP_pto, TCG_I64, es, 0, p, 0, 0, 0);
}

static TcgId from_bits(Lower *l, TcgId v)
{
    return emit(l, OP_pfrom, TCG_PRED, 0, 0, v, 0, 0, 0);
}

static TcgId half_of(Lower *l, TcgId v, unsigned h)
{
    const TcgNode *n = fn_node(l->fn, v);

    if (n->op == OP_vcat) {
        return n->arg[h];
    }
    return n->op == OP_const ? tcg_fn_const_wide(l->fn, (TcgType)(n->type - 1), n->imm, n->imm2)
                             : emit(l, h ? OP_vhigh : OP_vlow, (TcgType)(n->type - 1), 0, 0, v, 0, 0, 0);
}

/* Lane by lane, or a choice of all of it: first of the lower halves. */
static TcgId expand_halves(Lower *l, const TcgNode *n)
{
    TcgType half = (TcgType)(n->type - 1);
    unsigned lanes = tcg_type_size(half) >> n->aux;
    TcgId part[2], bits;

    for (unsigned h = 0; h < 2; h++) {
        TcgId arg[4] = { 0 };

        for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
            TcgType t = node_type(fn_node(l->fn, n->arg[k]));

            arg[k] = n->arg[k];
            if (t == n->type) {
                arg[k] = half_of(l, arg[k], h);
            } else if (t == TCG_PRED && h) {
                arg[k] = from_bits(l, opk(l, OP_shr, TCG_I64, to_bits(l, arg[k], 0), lanes));
            }
        }
        part[h] = emit(l, n->op, half, n->aux, n->imm, arg[0], arg[1], arg[2], arg[3]);
    }
    if (n->op != OP_pcmp) {
        return emit(l, OP_vcat, n->type, 0, 0, part[0], part[1], 0, 0);
    }
    bits = opk(l, OP_shl, TCG_I64, to_bits(l, part[1], 0), lanes);
    return from_bits(l, op2(l, OP_or, TCG_I64, to_bits(l, part[0], 0), bits));
}

/* The bits of an i64 at multiples of 1 << es to its low bits, or the other way round. */
static TcgId move_bits(Lower *l, TcgId x, unsigned es, bool gather)
{
    static const uint64_t groups[] = {
        0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f, 0x00ff00ff00ff00ff,
        0x0000ffff0000ffff, 0x00000000ffffffff,
    };

    /* every other bit, es times: by groups of 1 << i bits that grow together, or part */
    for (unsigned s = 0; s < es && gather; s++) {
        x = opk(l, OP_and, TCG_I64, x, groups[0]);
        for (unsigned i = 0; i < 5; i++) {
            x = opk(l, OP_and, TCG_I64, op2(l, OP_or, TCG_I64, x, opk(l, OP_shr, TCG_I64, x, 1u << i)), groups[i + 1]);
        }
    }
    for (unsigned s = 0; s < es && !gather; s++) {
        x = opk(l, OP_and, TCG_I64, x, groups[5]);
        for (unsigned i = 5; i-- > 0;) {
            x = opk(l, OP_and, TCG_I64, op2(l, OP_or, TCG_I64, x, opk(l, OP_shl, TCG_I64, x, 1u << i)), groups[i]);
        }
    }
    return x;
}

/* All ones in the lanes of a V128 that the predicate has. */
static TcgId lanes_to_mask(Lower *l, unsigned es, TcgId p)
{
    static const uint64_t one_of[4][2] = {
        { 0x8040201008040201, 0x8040201008040201 }, { 0x0008000400020001, 0x0080004000200010 }, { 0x200000001, 0x800000004 },
        { 1, 2 },
    };
    TcgId bits = to_bits(l, p, 0), each = tcg_fn_const_v(l->fn, one_of[es][0], one_of[es][1]), x;

    if (es == 0) {                              /* the first eight to each byte below, the others above */
        TcgId lo = opk(l, OP_mul, TCG_I64, opk(l, OP_and, TCG_I64, bits, 0xff), 0x0101010101010101);
        TcgId hi = opk(l, OP_and, TCG_I64, opk(l, OP_shr, TCG_I64, bits, 8), 0xff);

        x = emit(l, OP_vpair, TCG_V128, 0, 0, lo, opk(l, OP_mul, TCG_I64, hi, 0x0101010101010101), 0, 0);
    } else {
        x = v1(l, OP_vdup, es, es == 3 ? bits : op1(l, OP_trunc, TCG_I32, bits), 0);
    }
    return vcmp(l, COND_EQ, es, v2(l, OP_vand, es, x, each), each);
}

/* A bit for each lane of a V128 that is all ones or none. */
static TcgId mask_to_lanes(Lower *l, unsigned es, TcgId mask)
{
    TcgId r = 0;

    for (unsigned i = 0; i < 16u >> es; i++) {
        TcgId lane = vget(l, es, mask, i);

        lane = opk(l, OP_and, TCG_I64, es == 3 ? lane : op1(l, OP_zext, TCG_I64, lane), 1);
        lane = i ? opk(l, OP_shl, TCG_I64, lane, i) : lane;
        r = r ? op2(l, OP_or, TCG_I64, r, lane) : lane;
    }
    return from_bits(l, r);
}

static TcgId expand_ptest(Lower *l, TcgId among, TcgId p)
{
    const TcgType t = TCG_I64;
    TcgId g = to_bits(l, among, 0), zero = k(l, t, 0), r, none, first, last;

    r = op2(l, OP_and, t, to_bits(l, p, 0), g);
    none = setcond(l, t, COND_EQ, r, zero);
    first = op2(l, OP_and, t, r, op2(l, OP_sub, t, zero, g));
    first = setcond(l, t, COND_NE, op2(l, OP_and, t, first, g), zero);
    last = setcond(l, t, COND_GEU, op2(l, OP_xor, t, g, r), r);         /* their highest bits differ */
    first = opk(l, OP_shl, TCG_I32, first, 3);
    none = opk(l, OP_shl, TCG_I32, none, 2);
    last = opk(l, OP_shl, TCG_I32, last, 1);
    return op2(l, OP_or, TCG_I32, op2(l, OP_or, TCG_I32, first, none), last);
}

static TcgId expand_pred(Lower *l, const TcgNode *n)
{
    TcgId a = n->arg[0], b = n->arg[1], bits, below;

    switch (n->op) {
    case OP_pfrom: return n->aux ? from_bits(l, move_bits(l, a, n->aux, true)) : l->no_preds ? a : 0;
    case OP_pto: return n->aux ? move_bits(l, to_bits(l, a, 0), n->aux, false) : l->no_preds ? a : 0;
    case OP_pand: case OP_por: case OP_pxor: case OP_pandn: {
        TcgOpcode op = n->op == OP_pand ? OP_and : n->op == OP_por ? OP_or : n->op == OP_pxor ? OP_xor : OP_andn;

        a = to_bits(l, a, 0);
        return from_bits(l, op2(l, op, TCG_I64, a, to_bits(l, b, 0)));
    }
    case OP_pnot:
        bits = k(l, TCG_I64, tcg_lanes_mask((unsigned)n->imm));
        return from_bits(l, op2(l, OP_andn, TCG_I64, bits, to_bits(l, a, 0)));
    case OP_pwhile:                             /* 1 << count, less 1 */
        bits = op2(l, OP_shl, TCG_I64, k(l, TCG_I64, 1), a);
        bits = opk(l, OP_sub, TCG_I64, bits, 1);
        below = setcond(l, TCG_I64, COND_LTU, a, k(l, TCG_I64, n->imm));
        return from_bits(l, emit(l, OP_select, TCG_I64, 0, 0, below, bits,
                                 k(l, TCG_I64, tcg_lanes_mask((unsigned)n->imm)), 0));
    case OP_ptest: return expand_ptest(l, a, b);
    case OP_vsel: return n->type == TCG_V128 ? vbitsel(l, lanes_to_mask(l, n->aux, a), b, n->arg[2]) : 0;
    case OP_pcmp: return n->type == TCG_V128 ? mask_to_lanes(l, n->aux, vcmp(l, n->imm, n->aux, a, b)) : 0;
    case OP_select: case OP_select_fc: case OP_select_cmp: {
        unsigned first = tcg_op_def[n->op].args - 2;
        TcgId arg[4] = { n->arg[0], n->arg[1], n->arg[2], n->arg[3] };

        arg[first] = to_bits(l, arg[first], 0);
        arg[first + 1] = to_bits(l, arg[first + 1], 0);
        return n->type == TCG_PRED ? from_bits(l, emit(l, n->op, TCG_I64, n->aux, n->imm, arg[0], arg[1], arg[2], arg[3]))
                                   : 0;
    }
    default: return 0;
    }
}

static bool of_preds(const TcgNode *n)
{
    return n->type == TCG_PRED || (n->op >= OP_vsel && n->op <= OP_ptest);
}

static TcgId expand(Lower *l, const TcgNode *n)
{
    TcgType outer = l->vec;
    TcgId r = 0;

    l->vec = tcg_type_is_vec(n->type) ? n->type : TCG_V128;
    if (n->op == OP_flags_fp) {
        r = expand_flags_fp(l, n);
    } else if (of_preds(n)) {
        r = expand_pred(l, n);
    } else if (tcg_type_is_vec(n->type)) {
        r = expand_vec(l, n);
    }
    if (!r && tcg_type_is_wide(n->type) && (tcg_op_lanewise(n->op) || n->op == OP_select || n->op == OP_select_fc ||
                                            n->op == OP_select_cmp)) {
        r = expand_halves(l, n);
    }
    if (!r) {
        r = expand_int(l, n);
    }
    l->vec = outer;
    if (!r) {
        char *why = g_strdup_printf("backend %s lacks %s (type %u, aux %u), which every backend must have", l->be->name,
                                    tcg_op_def[n->op].name, n->type, n->aux);

        g_assertion_message(G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, why);
    }
    return r;
}

/* -- the pass ------------------------------------------------------------------------------------------------------- */

static TcgId current(const TcgFn *fn, TcgId v)
{
    const TcgNode *n = fn_node(fn, v);

    return n->op == OP_get_reg ? n->arg[0] : v;
}

/* brcond of TSTEQ and TSTNE, brflag, br_fp, br_vec */
static void expand_branch(Lower *l, TcgId id)
{
    TcgNode *n = fn_node(l->fn, id);
    TcgType t = n->type;
    TcgId a, zero;

    if (n->op == OP_brflag) {
        a = emit(l, OP_flags_cond, TCG_I32, n->aux, 0, n->arg[0], 0, 0, 0);
    } else if (n->op == OP_br_fp) {
        TcgNode flags = *n;

        for (unsigned i = 0; i < 2; i++) {
            flags.arg[i] = current(l->fn, n->arg[i]);
        }
        a = emit(l, OP_flags_cond, TCG_I32, flags.aux >> TCG_FP_COND_SHIFT, 0, expand_flags_fp(l, &flags), 0, 0, 0);
        t = TCG_I32;
    } else if (n->op == OP_br_vec) {
        TcgId vec = current(l->fn, n->arg[0]), lo = vget(l, 3, vec, 0);

        a = op2(l, OP_or, TCG_I64, lo, vget(l, 3, vec, 1));
        t = TCG_I64;
    } else {
        g_assert(n->aux >= COND_TSTEQ);
        a = op2(l, OP_and, t, n->arg[0], n->arg[1]);
    }
    zero = k(l, t, 0);
    n = fn_node(l->fn, id);
    n->type = t;
    if (n->op != OP_br_vec) {
        n->aux = n->op == OP_brcond && n->aux == COND_TSTEQ ? COND_EQ : COND_NE;
    }
    n->op = OP_brcond;
    n->arg[0] = a;
    n->arg[1] = zero;
}

static void rename_all(TcgFn *fn)
{
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        for (TcgId id = fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->first; id; id = fn_node(fn, id)->next) {
            TcgNode *n = fn_node(fn, id);

            for (unsigned a = 0; a < tcg_op_def[n->op].args; a++) {
                n->arg[a] = current(fn, n->arg[a]);
            }
            for (uint32_t a = 0; a < n->list_len; a++) {
                *fn_list(fn, n->list + a) = current(fn, *fn_list(fn, n->list + a));
            }
        }
    }
    for (uint32_t e = 0; e < fn->map_entries->len; e++) {
        fn_map_entry(fn, e)->value = current(fn, fn_map_entry(fn, e)->value);
    }
}

/* A choice between an operation that nothing else wants and something becomes one operation. */
static bool fuse_mask(Lower *l, TcgId id)
{
    TcgNode *n = fn_node(l->fn, id), *of = fn_node(l->fn, n->arg[1]), masked = *n;

    if (node_is_recipe(n) || of->uses != 1 || of->map_uses || of->block != n->block || !tcg_op_lanewise(of->op) ||
        of->op == OP_vdup || of->op == OP_vmasked || of->aux != n->aux || tcg_op_def[of->op].args > 2 ||
        of->type != n->type || node_type(of) != n->type) {
        return false;
    }
    masked.op = OP_vmasked;
    masked.imm = tcg_masked_imm(of->op, of->imm);
    masked.arg[1] = n->arg[2];
    masked.arg[2] = of->arg[0];
    masked.arg[3] = of->arg[tcg_op_def[of->op].args - 1];
    if (!l->be->has_op(l->be, &masked)) {
        return false;
    }
    tcg_fn_remove(l->fn, n->arg[1]);
    of->op = OP_const;                          /* nobody's */
    n->op = OP_vmasked;
    n->imm = masked.imm;
    memcpy(n->arg, masked.arg, sizeof(n->arg));
    return true;
}

/* The backend has no predicates: from now on they are i64. */
static void preds_to_integers(Lower *l)
{
    l->no_preds = true;
    for (TcgId id = 1; id < l->fn->nodes->len; id++) {
        TcgNode *n = fn_node(l->fn, id);

        n->type = n->type == TCG_PRED ? TCG_I64 : n->type;
    }
    memset(l->fn->const_cache, 0, sizeof(l->fn->const_cache));
}

void tcg_lower(TcgFn *fn)
{
    Lower l = { .fn = fn, .be = fn->config->backend, .vec = TCG_V128 };
    bool changed = false;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        TcgId next;

        for (TcgId id = fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->first; id; id = next) {
            const TcgNode *n = fn_node(fn, id);
            TcgNode copy;
            TcgId by;

            next = n->next;
            if (G_UNLIKELY(n->op == OP_vsel)) {
                changed |= fuse_mask(&l, id);
                n = fn_node(fn, id);
            }
            if (G_UNLIKELY(of_preds(n)) && !l.no_preds && !tcg_backend_has_type(l.be, TCG_PRED)) {
                preds_to_integers(&l);
                n = fn_node(fn, id);
            }
            /* a recipe that grows too large is code after all, and must not be of predicates then */
            if (n->op == OP_phi || (node_is_recipe(n) && !(l.no_preds && of_preds(n))) || l.be->has_op(l.be, n)) {
                continue;
            }
            l.at = id;
            changed = true;
            if (tcg_op_def[n->op].flags & TCGF_END) {
                expand_branch(&l, id);
                continue;
            }
            copy = *n;
            for (unsigned a = 0; a < tcg_op_def[n->op].args; a++) {
                copy.arg[a] = current(fn, copy.arg[a]);
            }
            by = expand(&l, &copy);
            tcg_fn_remove(fn, id);
            fn_node(fn, id)->op = OP_get_reg;
            fn_node(fn, id)->arg[0] = by;
        }
    }
    if (changed) {
        rename_all(fn);
        tcg_dce(fn);                            /* counts uses anew */
    }
}
