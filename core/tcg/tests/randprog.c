/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random programs through gen.h. */
#include "core/tcg/tests/randprog.h"

#include <string.h>

enum { POOL = 6 };

typedef struct Prog {
    TcgGen *g;
    const RandProg *shape;
    uint64_t *seed;
    TcgVal pool[TCG_NUM_TYPES][POOL];           /* values that the current block may use */
    unsigned num[TCG_NUM_TYPES];
    unsigned local[TCG_NUM_TYPES];
    uint64_t delta;
    bool wide, preds, masked;
    bool quiet;                                 /* no row but locals is set */
} Prog;

static unsigned below(Prog *p, unsigned n)
{
    return (test_rand(p->seed) >> 33) % n;
}

static void keep(Prog *p, TcgType t, TcgVal v)
{
    if (p->num[t] < POOL) {
        p->pool[t][p->num[t]++] = v;
    } else {
        p->pool[t][below(p, POOL)] = v;
    }
}

static void forget(Prog *p)
{
    memset(p->num, 0, sizeof(p->num));
}

static unsigned row_of(Prog *p, TcgType t)
{
    if (below(p, 8) == 0) {
        return p->local[t];
    }
    switch (t) {
    case TCG_V256: return TEST_Y0 + below(p, 2);
    case TCG_V512: return TEST_Z0 + below(p, 3);
    case TCG_PRED: return TEST_P0 + below(p, 3);
    default: break;
    }
    return t == TCG_I32 ? TEST_NZCV : t == TCG_I64 ? TEST_X0 + below(p, 8) : TEST_V0 + below(p, 4);
}

static TcgVal value(Prog *p, TcgType t)
{
    unsigned r = below(p, 10);

    if (r < 5 && p->num[t]) {
        return p->pool[t][below(p, p->num[t])];
    }
    if (r < 8) {
        return tcg_get_reg(p->g, row_of(p, t));
    }
    if (tcg_type_is_vec(t)) {
        uint64_t lo = test_rand_edge(p->seed);

        return tcg_const_wide(p->g, t, lo, below(p, 3) ? lo : test_rand_edge(p->seed));
    }
    return tcg_const(p->g, t, test_rand_edge(p->seed));
}

static TcgType int_type(Prog *p)
{
    return below(p, 2) ? TCG_I32 : TCG_I64;
}

static TcgVal flags(Prog *p)
{
    TcgType t = int_type(p);

    if (p->preds && below(p, 6) == 0) {
        TcgVal while_ = tcg_pwhile(p->g, value(p, TCG_I64), 16), all = tcg_const(p->g, TCG_PRED, 0xffff);

        return below(p, 2) ? tcg_ptest(p->g, all, while_) : tcg_ptest(p->g, value(p, TCG_PRED), value(p, TCG_PRED));
    }
    switch (below(p, 8)) {
    case 6: case 7: {                           /* as conditional comparisons make them */
        TcgVal k = tcg_const(p->g, TCG_I32, below(p, 16)), cond = flags(p), cmp = flags(p);
        bool swap = below(p, 4) == 0;

        return tcg_select_fc(p->g, TCG_I32, below(p, 16), cond, swap ? k : cmp, swap ? cmp : k);
    }
    case 0: return tcg_flags_add(p->g, t, value(p, t), value(p, t));
    case 1: case 2: return tcg_flags_sub(p->g, t, value(p, t), value(p, t));
    case 3: return tcg_flags_logic(p->g, t, value(p, t));
    case 4: return tcg_flags_adc(p->g, t, value(p, t), value(p, t), tcg_andi(p->g, t, value(p, t), 1));
    default: return tcg_andi(p->g, TCG_I32, tcg_get_reg(p->g, TEST_NZCV), 15);
    }
}

static TcgVal random_int(Prog *p, TcgType t)
{
    static const TcgOpcode two[] = {
        OP_add, OP_add, OP_sub, OP_mul, OP_mulhu, OP_mulhs, OP_divu, OP_divs, OP_and, OP_or, OP_xor, OP_andn, OP_orn,
        OP_shl, OP_shr, OP_sar, OP_ror,
    };
    static const TcgOpcode one[] = { OP_not, OP_neg, OP_clz, OP_ctz, OP_popcnt, OP_bswap, OP_rbit };
    unsigned w = t == TCG_I32 ? 32 : 64, pos = below(p, w), len = 1 + below(p, w - pos);
    TcgType o = int_type(p);

    switch (below(p, 16)) {
    default:
        return tcg_emit(p->g, two[below(p, G_N_ELEMENTS(two))], t, 0, 0, value(p, t), value(p, t), TCG_NOVAL, TCG_NOVAL);
    case 0:
        return tcg_emit(p->g, one[below(p, G_N_ELEMENTS(one))], t, 0, 0, value(p, t), TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
    case 1: return tcg_extract(p->g, t, value(p, t), pos, len);
    case 2: return tcg_sextract(p->g, t, value(p, t), pos, len);
    case 3: return tcg_deposit(p->g, t, value(p, t), value(p, t), pos, len);
    case 4: return tcg_extract2(p->g, t, value(p, t), value(p, t), pos);
    case 5:
        if (t == TCG_I32) {
            return tcg_trunc(p->g, value(p, TCG_I64));
        }
        return below(p, 2) ? tcg_zext(p->g, value(p, TCG_I32)) : tcg_sext(p->g, value(p, TCG_I32));
    case 6:
        o = int_type(p);
        return t == TCG_I64 ? tcg_zext(p->g, tcg_setcond(p->g, o, below(p, TCG_NUM_CONDS), value(p, o), value(p, o)))
                            : tcg_setcond(p->g, o, below(p, TCG_NUM_CONDS), value(p, o), value(p, o));
    case 7: return tcg_select(p->g, t, value(p, TCG_I32), value(p, t), value(p, t));
    case 8:
        return tcg_select_cmp(p->g, t, o, below(p, TCG_NUM_CONDS), value(p, o), value(p, o), value(p, t), value(p, t));
    case 9: return tcg_select_fc(p->g, t, below(p, 16), flags(p), value(p, t), value(p, t));
    case 10:
        return t == TCG_I32 ? tcg_flags_cond(p->g, below(p, 16), flags(p)) : tcg_zext(p->g, tcg_flags_cond(p->g,
                                                                                         below(p, 16), flags(p)));
    case 11:
        if (p->shape->vectors) {
            unsigned es = t == TCG_I64 ? 3 : below(p, 3);

            return tcg_vget(p->g, es, value(p, TCG_V128), below(p, 16 >> es));
        }
        return value(p, t);
    }
}

static TcgVal random_vec(Prog *p)
{
    static const TcgOpcode two[] = {
        OP_vadd, OP_vsub, OP_vand, OP_vor, OP_vxor, OP_vandn, OP_vsmin, OP_vsmax, OP_vumin, OP_vumax, OP_vzip1, OP_vzip2,
        OP_vuzp1, OP_vuzp2,
    };
    static const TcgOpcode one[] = { OP_vneg, OP_vabs, OP_vnot };
    static const TcgOpcode sat[] = { OP_vsadds, OP_vuadds, OP_vssubs, OP_vusubs };
    static const TcgOpcode sized[] = {
        OP_vmulhs, OP_vmulhu, OP_vmulrs, OP_vmadd, OP_vmaddus, OP_vsad, OP_vmulls, OP_vmullu, OP_vspack, OP_vupack, OP_vror,
        OP_vumaxp, OP_vsext,
    };
    unsigned es = below(p, 4);
    TcgVal a = value(p, TCG_V128), b = value(p, TCG_V128);
    TcgOpcode op;

    switch (below(p, 19)) {
    case 17:
        op = sized[below(p, G_N_ELEMENTS(sized))];
        while (!(tcg_vec_sizes(op) >> es & 1)) {
            es = below(p, 4);
        }
        return tcg_op_def[op].args == 2 ? tcg_vec2(p->g, op, es, a, b, 0) :
                                          tcg_vec1(p->g, op, es, a, op == OP_vror ? below(p, 8u << es) : 0);
    default: return tcg_vec2(p->g, two[below(p, G_N_ELEMENTS(two))], es, a, b, 0);
    case 0: return tcg_vec1(p->g, one[below(p, G_N_ELEMENTS(one))], es, a, 0);
    case 1: return tcg_vec2(p->g, sat[below(p, 4)], es & 1, a, b, 0);
    case 2: return tcg_vec1(p->g, below(p, 2) ? OP_vshr : OP_vsar, es, a, below(p, (8u << es) + 1));
    case 3: return tcg_vec1(p->g, OP_vshl, es, a, below(p, 8u << es));
    case 4: return tcg_vec2(p->g, OP_vcmp, es, a, b, below(p, TCG_NUM_CONDS));
    case 5: return tcg_vec1(p->g, OP_vdup, es, value(p, es == 3 ? TCG_I64 : TCG_I32), 0);
    case 6: return tcg_vec1(p->g, OP_vdup_lane, es, a, below(p, 16 >> es));
    case 7: return tcg_vec2(p->g, OP_vset, es, a, value(p, es == 3 ? TCG_I64 : TCG_I32), below(p, 16 >> es));
    case 8: es |= 2; return tcg_vec1(p->g, OP_vfrom, es, value(p, es == 3 ? TCG_I64 : TCG_I32), 0);
    case 9: return tcg_vec2(p->g, OP_vpair, 0, value(p, TCG_I64), value(p, TCG_I64), 0);
    case 10: return tcg_vec2(p->g, OP_vext, 0, a, b, below(p, 16));
    case 11: es = below(p, 3); return tcg_vec1(p->g, OP_vbyterev, es, a, es + 1 + below(p, 3 - es));
    case 12: return tcg_vec2(p->g, OP_vtbl, 0, a, b, 0);
    case 13: return below(p, 2) ? tcg_vec1(p->g, OP_vpopcnt8, 0, a, 0) : tcg_vec1(p->g, OP_vmovz, MAX(es, 1), a, 0);
    case 14: return tcg_vbitsel(p->g, a, b, value(p, TCG_V128));
    case 15: return tcg_vec2(p->g, OP_vmul, below(p, 3), a, b, 0);
    case 16: return tcg_select(p->g, TCG_V128, value(p, TCG_I32), a, b);
    }
}

static TcgType vec_type(Prog *p)
{
    return p->wide && below(p, 2) ? TCG_V256 + below(p, 2) : TCG_V128;
}

/* What is of any width. */
static TcgVal random_wide(Prog *p, TcgType t)
{
    static const TcgOpcode two[] = {
        OP_vadd, OP_vsub, OP_vmul, OP_vand, OP_vor, OP_vxor, OP_vandn, OP_vsmin, OP_vsmax, OP_vumin, OP_vumax, OP_vsadds, OP_vuadds,
        OP_vssubs, OP_vusubs, OP_vmulhs, OP_vmulrs, OP_vshlv, OP_vshrv, OP_vsarv,
    };
    static const TcgOpcode one[] = { OP_vneg, OP_vabs, OP_vnot, OP_vpopcnt8, OP_vclz };
    static const TcgOpcode shift[] = { OP_vshl, OP_vshr, OP_vsar, OP_vror };
    TcgOpcode op = below(p, 3) ? two[below(p, G_N_ELEMENTS(two))] : one[below(p, G_N_ELEMENTS(one))];
    TcgVal a = value(p, t), b = value(p, t), r;
    unsigned es;
    bool has;

    switch (below(p, 10)) {
    case 0: return tcg_emit(p->g, OP_vdup, t, 2, 0, value(p, TCG_I32), TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
    case 1: return tcg_emit(p->g, OP_vdup, t, 3, 0, value(p, TCG_I64), TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
    case 2: return tcg_emit(p->g, OP_vbitsel, t, 3, 0, a, b, value(p, t), TCG_NOVAL);
    case 3: return tcg_emit(p->g, OP_vcmp, t, below(p, 4), below(p, TCG_NUM_CONDS), a, b, TCG_NOVAL, TCG_NOVAL);
    case 4:
        if (t != TCG_V512 && p->wide) {
            return tcg_emit(p->g, below(p, 2) ? OP_vlow : OP_vhigh, t, 0, 0, value(p, t + 1), TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
        }
        /* fallthrough */
    case 5:
        if (t != TCG_V128) {
            return tcg_emit(p->g, OP_vcat, t, 0, 0, value(p, t - 1), value(p, t - 1), TCG_NOVAL, TCG_NOVAL);
        }
        return a;
    case 6:
        if (below(p, 2)) {
            return tcg_select_fc(p->g, t, below(p, 16), flags(p), a, b);
        }
        return tcg_select(p->g, t, value(p, TCG_I32), a, b);
    default:
        if (below(p, 4) == 0) {
            op = shift[below(p, G_N_ELEMENTS(shift))];
        }
        do {
            es = below(p, 4);
        } while (!(tcg_vec_sizes(op) >> es & 1) || (op == OP_vpopcnt8 && es));
        has = !tcg_op_optional(op) || tcg_has(p->g, op, es);
        r = tcg_emit(p->g, has ? op : OP_vadd, t, es, op == OP_vshl || op == OP_vshr || op == OP_vsar || op == OP_vror
                                                      ? below(p, 8u << es) : 0, a, b, TCG_NOVAL, TCG_NOVAL);
        if (below(p, 2)) {
            TcgVal pred = value(p, TCG_PRED);

            return tcg_vsel(p->g, t, es, pred, r, below(p, 2) ? value(p, t) : tcg_const(p->g, t, 0));
        }
        return r;
    }
}

static TcgVal random_pred(Prog *p)
{
    static const TcgOpcode two[] = { OP_pand, OP_por, OP_pxor, OP_pandn };
    TcgType t = vec_type(p);

    switch (below(p, 8)) {
    case 0: return tcg_pnot(p->g, value(p, TCG_PRED), 1 + below(p, 64));
    case 1: return tcg_pnot(p->g, value(p, TCG_PRED), 8u << below(p, 4));
    case 2: return tcg_pwhile(p->g, value(p, TCG_I64), 1 + below(p, 64));
    case 3: return tcg_pfrom(p->g, below(p, 4), value(p, TCG_I64));
    case 4: return tcg_select(p->g, TCG_PRED, value(p, TCG_I32), value(p, TCG_PRED), value(p, TCG_PRED));
    case 5: case 6: return tcg_pcmp(p->g, t, below(p, TCG_NUM_CONDS), below(p, 4), value(p, t), value(p, t));
    default: return tcg_pred2(p->g, two[below(p, 4)], value(p, TCG_PRED), value(p, TCG_PRED));
    }
}

static void wide_step(Prog *p)
{
    TcgType t = vec_type(p);

    switch (below(p, 4)) {
    case 0:
        keep(p, TCG_PRED, random_pred(p));
        break;
    case 1:
        keep(p, TCG_I64, tcg_pto(p->g, below(p, 4), value(p, TCG_PRED)));
        break;
    default:
        keep(p, t, random_wide(p, t));
    }
}

static TcgVal address(Prog *p)
{
    TcgVal a = value(p, TCG_I64);

    if (below(p, 16) == 0) {
        return a;                               /* mostly a fault */
    }
    return tcg_addi(p->g, TCG_I64, tcg_andi(p->g, TCG_I64, a, 0x1ff0), TEST_MEM_BASE);
}

static MemOp random_memop(Prog *p, TcgType t, bool load)
{
    MemOp mo = t == TCG_V128 ? MO_128 : below(p, t == TCG_I64 ? 4 : 3);

    return mo | (load && t != TCG_V128 && below(p, 2) ? MO_SIGN : 0) | (below(p, 4) ? 0 : MO_BE);
}

/* Two registers as one access. */
static void pair_access(Prog *p, TcgVal a)
{
    unsigned first = TEST_X0 + 2 * below(p, 2);

    if (below(p, 2)) {
        TcgVal v = tcg_guest_ld(p->g, TCG_V128, a, MO_128);

        tcg_set_reg(p->g, first, tcg_vget(p->g, 3, v, 0));
        tcg_set_reg(p->g, first + 1, tcg_vget(p->g, 3, v, 1));
    } else {
        TcgVal lo = tcg_get_reg(p->g, first), hi = tcg_get_reg(p->g, first + 1);

        tcg_guest_st(p->g, a, tcg_vec2(p->g, OP_vpair, 0, lo, hi, 0), MO_128);
    }
}

static void wide_access(Prog *p)
{
    TcgType t = vec_type(p);
    TcgVal a = address(p);
    MemOp mo = tcg_type_mo(t);

    if (below(p, 4) == 0) {
        a = tcg_addi(p->g, TCG_I64, a, below(p, 64));
    }
    switch (below(p, 4)) {
    case 0:
        keep(p, t, tcg_guest_ld(p->g, t, a, mo));
        break;
    case 1:
        tcg_guest_st(p->g, a, value(p, t), mo);
        break;
    case 2:
        keep(p, t, tcg_guest_ldm(p->g, t, below(p, 4), a, value(p, TCG_PRED), mo));
        break;
    default:
        tcg_guest_stm(p->g, below(p, 4), a, value(p, t), value(p, TCG_PRED), mo);
    }
}

static void guest_access(Prog *p)
{
    TcgType t = p->shape->vectors && below(p, 4) == 0 ? TCG_V128 : int_type(p);
    TcgVal a;

    if (p->masked && below(p, 2)) {
        wide_access(p);
        return;
    }
    a = address(p);
    switch (below(p, p->shape->vectors ? 10 : 8)) {
    case 8: case 9:
        if (!p->quiet) {
            pair_access(p, a);
        }
        break;
    case 0: case 1: case 2:
        tcg_guest_st(p->g, a, value(p, t), random_memop(p, t, false));
        break;
    case 3:
        if (t != TCG_V128) {
            keep(p, t, tcg_guest_rmw(p->g, t, below(p, TCG_NUM_RMWS), a, value(p, t), random_memop(p, t, true)));
            break;
        }
        /* fallthrough */
    case 4:
        keep(p, t, tcg_guest_cas(p->g, t, a, value(p, t), value(p, t), random_memop(p, t, true)));
        break;
    default:
        keep(p, t, tcg_guest_ld(p->g, t, a, random_memop(p, t, true)));
    }
}

static void call(Prog *p)
{
    unsigned which = below(p, TEST_NUM_HELPERS);
    const TcgHelper *h = &test_helpers[which];
    TcgVal args[TCG_HELPER_MAX_ARGS], r;
    uint16_t reads = TEST_X0 + 1, writes = TEST_X0 + 2;

    if (h->flags & HELPER_NO_RETURN || (tcg_type_is_wide(h->ret) && !p->wide)) {
        return;
    }
    for (unsigned i = 0; i < h->num_args; i++) {
        args[i] = value(p, h->args[i]);
    }
    if (h->flags & HELPER_MAY_RAISE && below(p, 8)) {
        args[0] = tcg_shli(p->g, TCG_I64, args[0], 1);          /* even: does not raise */
    }
    r = h->reads == HREGS_LISTED ? tcg_call_regs(p->g, h, args, &reads, 1, &writes, 1) : tcg_call(p->g, h, args);
    if (h->ret != TCG_VOID) {
        keep(p, h->ret, r);
    }
}

static void write_some(Prog *p)
{
    TcgType t = p->shape->vectors && below(p, 4) == 0 ? TCG_V128 : below(p, 3) ? TCG_I64 : TCG_I32;

    if (p->preds && below(p, 3) == 0) {
        t = p->wide ? TCG_V256 + below(p, 3) : TCG_PRED;
    }
    if (p->quiet) {
        tcg_set_reg(p->g, p->local[t], value(p, t));
    } else if (t == TCG_I32) {
        tcg_set_reg(p->g, below(p, 8) ? TEST_NZCV : p->local[t], flags(p));
    } else {
        tcg_set_reg(p->g, row_of(p, t), value(p, t));
    }
}

static void step(Prog *p)
{
    unsigned r = below(p, 16);
    TcgType t;

    if (p->preds && below(p, 3) == 0) {
        wide_step(p);
    } else if (r < 3) {
        guest_access(p);
    } else if (r == 3 && p->shape->calls && !p->quiet) {
        call(p);
    } else if (r < 8) {
        write_some(p);
    } else if (r == 8) {
        if (below(p, 2)) {
            tcg_st_env(p->g, value(p, TCG_I32), below(p, 3), offsetof(TestCpu, scratch));
        } else {
            MemOp mo = below(p, 3) | (below(p, 2) ? MO_SIGN : 0);

            keep(p, TCG_I32, tcg_ld_env(p->g, TCG_I32, mo, offsetof(TestCpu, scratch)));
        }
    } else if (r < 11 && p->shape->vectors) {
        keep(p, TCG_V128, random_vec(p));
    } else {
        t = int_type(p);
        keep(p, t, random_int(p, t));
    }
}

static void leave(Prog *p);

/* The low half of neighbours folded to the larger, of what mostly is 0. */
static TcgVal folded(Prog *p)
{
    unsigned es = below(p, 4);
    TcgVal a = tcg_vec2(p->g, OP_vcmp, es, value(p, TCG_V128), value(p, TCG_V128), COND_EQ);

    for (unsigned n = 1 + below(p, 3); n-- > 0;) {
        TcgVal b = below(p, 2) ? a : value(p, TCG_V128);

        a = below(p, 8) ? tcg_vec2(p->g, OP_vumaxp, 0, a, b, 0) : tcg_vec2(p->g, OP_vumaxp, 0, b, a, 0);
        keep(p, TCG_V128, a);
    }
    return tcg_vget(p->g, 3, a, 0);
}

static void branch(Prog *p, TcgBlockRef a, TcgBlockRef b)
{
    if (p->shape->vectors && below(p, 6) == 0) {
        TcgVal v = folded(p);

        keep(p, TCG_I64, v);
        tcg_brcond(p->g, TCG_I64, below(p, 2) ? COND_EQ : COND_NE, v, tcg_const(p->g, TCG_I64, 0), a, b);
    } else if (below(p, 2)) {
        tcg_brflag(p->g, below(p, 16), below(p, 3) ? tcg_get_reg(p->g, TEST_NZCV) : flags(p), a, b);
    } else {
        TcgType t = int_type(p);

        tcg_brcond(p->g, t, below(p, TCG_NUM_CONDS), value(p, t), value(p, t), a, b);
    }
}

/* A check inside one instruction, as of a stack pointer. */
static void check(Prog *p)
{
    TcgBlockRef bad = tcg_block(p->g), good = tcg_block(p->g);
    Prog before;

    branch(p, bad, good);
    before = *p;
    tcg_block_start(p->g, bad);
    if (below(p, 2)) {
        step(p);
    }
    leave(p);
    *p = before;
    tcg_block_start(p->g, good);
}

/* Two checks; what fails the first comes before what passes the second. */
static void check_twice(Prog *p)
{
    TcgBlockRef bad[2], good[2];
    Prog at[2];

    for (unsigned i = 0; i < 2; i++) {
        bad[i] = tcg_block(p->g);
        good[i] = tcg_block(p->g);
        step(p);
        write_some(p);
        branch(p, bad[i], good[i]);
        at[i] = *p;
        tcg_block_start(p->g, i ? bad[1] : good[0]);
    }
    write_some(p);
    leave(p);
    *p = at[0];
    tcg_block_start(p->g, bad[0]);
    write_some(p);
    step(p);
    leave(p);
    *p = at[1];
    tcg_block_start(p->g, good[1]);
}

static void diamond(Prog *p, unsigned depth);

/* Two ways to `end` that both set a local, and what else they like. */
static void two_arms(Prog *p, unsigned depth, unsigned local, TcgType t, TcgBlockRef end)
{
    TcgBlockRef arm[2] = { tcg_block(p->g), tcg_block(p->g) };
    Prog at;

    branch(p, arm[0], arm[1]);
    at = *p;
    for (unsigned i = 0; i < 2; i++) {
        tcg_block_start(p->g, arm[i]);
        *p = at;
        for (unsigned n = below(p, 3); n-- > 0;) {
            step(p);
        }
        if (depth && below(p, 4) == 0) {
            diamond(p, depth - 1);
        }
        write_some(p);
        tcg_set_reg(p->g, local, value(p, t));
        tcg_br(p->g, end);
    }
}

/*
 * A diamond inside one instruction that has set no row yet: what comes of it is in locals, one of which is its own. late:
 * what leaves before it comes after its arms.
 */
static void diamond(Prog *p, unsigned depth)
{
    TcgBlockRef end = tcg_block(p->g);
    bool quiet = p->quiet, late = below(p, 4) == 0;
    TcgType t = int_type(p);
    unsigned own = tcg_local(p->g, t), spare = below(p, 2) ? tcg_local(p->g, TCG_I64) : 0;
    TcgBlockRef bad, good;
    Prog before;

    p->quiet = true;
    if (late) {
        bad = tcg_block(p->g);
        good = tcg_block(p->g);
        branch(p, bad, good);
        before = *p;
        tcg_block_start(p->g, good);
    }
    two_arms(p, depth, own, t, end);
    if (late) {
        *p = before;
        tcg_block_start(p->g, bad);
        if (below(p, 2)) {
            write_some(p);
        }
        if (spare) {
            tcg_set_reg(p->g, spare, value(p, TCG_I64));
            p->quiet = quiet;
            tcg_set_reg(p->g, row_of(p, TCG_I64), tcg_get_reg(p->g, spare));
            p->quiet = true;
        }
        leave(p);
    }
    tcg_block_start(p->g, end);
    forget(p);
    keep(p, t, tcg_get_reg(p->g, own));
    for (unsigned type = TCG_I32; type <= TCG_V128; type++) {
        if (below(p, 2)) {
            keep(p, type, tcg_get_reg(p->g, p->local[type]));
        }
    }
    if (spare) {
        end = tcg_block(p->g);
        two_arms(p, depth, spare, TCG_I64, end);
        tcg_block_start(p->g, end);
        forget(p);
        keep(p, TCG_I64, tcg_get_reg(p->g, spare));
    }
    p->quiet = quiet;
}

/* Control flow inside one instruction: a diamond, or a loop that a local counts. */
static void inner(Prog *p)
{
    TcgBlockRef a = tcg_block(p->g), b = tcg_block(p->g), end = tcg_block(p->g);

    if (below(p, 2)) {
        branch(p, a, b);
        tcg_block_start(p->g, a);
        forget(p);
        step(p);
        write_some(p);
        tcg_br(p->g, end);
        tcg_block_start(p->g, b);
        forget(p);
        if (below(p, 2)) {
            step(p);
        }
        tcg_br(p->g, end);
    } else {
        unsigned n = tcg_local(p->g, TCG_I32);

        tcg_set_reg(p->g, n, tcg_const(p->g, TCG_I32, 1 + below(p, 3)));
        tcg_br(p->g, a);
        tcg_block_start(p->g, a);
        forget(p);
        step(p);
        step(p);
        write_some(p);
        tcg_set_reg(p->g, n, tcg_subi(p->g, TCG_I32, tcg_get_reg(p->g, n), 1));
        tcg_brcond(p->g, TCG_I32, COND_NE, tcg_get_reg(p->g, n), tcg_const(p->g, TCG_I32, 0), a, end);
        tcg_block_start(p->g, b);
        tcg_exit(p->g);                         /* nothing leads here */
    }
    tcg_block_start(p->g, end);
    forget(p);
    step(p);
}

static void insn(Prog *p)
{
    unsigned n = 1 + below(p, 4);

    if (p->shape->brief) {
        forget(p);
    }
    tcg_insn_start(p->g, p->delta);
    p->delta += 4;
    if (p->shape->joins && below(p, 3) == 0) {
        diamond(p, 2);
    }
    while (n--) {
        step(p);
    }
    if (p->shape->inner && below(p, 8) == 0) {
        inner(p);
    }
    if (p->shape->breadth && below(p, 4) == 0) {
        check_twice(p);
    }
    if (p->shape->tree && below(p, 8) == 0) {
        check(p);
    }
    write_some(p);
}

static void leave(Prog *p)
{
    static const TcgHelper *const raise = &test_helpers[TEST_H_RAISE];
    unsigned r = below(p, 10);

    if (r == 0 && p->shape->calls) {
        tcg_call(p->g, raise, NULL);
        return;
    }
    tcg_set_reg(p->g, TEST_PC, r < 3 ? value(p, TCG_I64) : tcg_pc(p->g, p->delta));
    if (r < 3) {
        tcg_goto_ptr(p->g);
    } else if (r < 5) {
        tcg_exit(p->g);
    } else {
        tcg_goto_tb(p->g, r & 1, 0, 0);
    }
}

/* Where block i may go. */
static unsigned target(Prog *p, unsigned i)
{
    return p->shape->forward ? i + 1 + below(p, p->shape->blocks - i - 1) : below(p, p->shape->blocks);
}

/* A block that nothing else leads to, and what it leads to. */
static void grow(Prog *p, TcgBlockRef block, unsigned depth)
{
    unsigned n = 1 + below(p, p->shape->insns);
    Prog here;

    tcg_block_start(p->g, block);
    forget(p);
    while (n--) {
        insn(p);
    }
    if (depth && below(p, 4)) {
        TcgBlockRef a = tcg_block(p->g), b = tcg_block(p->g);
        bool swap = below(p, 2);

        branch(p, a, b);
        here = *p;
        grow(p, swap ? b : a, depth - 1);
        p->delta = here.delta;
        grow(p, swap ? a : b, depth - 1);
    } else {
        leave(p);
    }
}

void rand_prog(TcgGen *g, const RandProg *shape, uint64_t *seed)
{
    Prog p = { .g = g, .shape = shape, .seed = seed };
    TcgBlockRef *blocks = g_new(TcgBlockRef, shape->blocks);

    p.masked = shape->wide && tcg_has_masked(g);
    p.wide = p.masked && tcg_has_type(g, TCG_V512);
    p.preds = shape->wide || shape->preds;
    for (unsigned t = TCG_I32; t <= (p.preds ? TCG_PRED : TCG_V128); t++) {
        p.local[t] = tcg_local(g, t);
    }
    for (unsigned i = 0; i < shape->blocks; i++) {
        blocks[i] = tcg_block(g);
    }
    if (below(&p, 2)) {
        tcg_poll(g);
    }
    for (unsigned t = TCG_I32; t <= (p.preds ? TCG_PRED : TCG_V128); t++) {
        if (tcg_type_is_wide(t) && !p.wide) {
            continue;
        }
        tcg_set_reg(g, p.local[t], tcg_type_is_vec(t) ? tcg_const_wide(g, t, 1, 2) : tcg_const(g, t, t));
    }
    insn(&p);
    tcg_br(g, blocks[0]);
    if (shape->tree) {
        grow(&p, blocks[0], shape->blocks);
    }
    for (unsigned i = 0; i < shape->blocks && !shape->tree; i++) {
        unsigned n = 1 + below(&p, shape->insns);

        tcg_block_start(g, blocks[i]);
        forget(&p);
        tcg_insn_start(g, p.delta);
        tcg_poll(g);
        while (n--) {
            insn(&p);
        }
        if (shape->forward && i + 1 == shape->blocks) {
            leave(&p);
            break;
        }
        switch (below(&p, 6)) {
        case 0:
            leave(&p);
            break;
        case 1:
            tcg_br(g, blocks[target(&p, i)]);
            break;
        default:
            branch(&p, blocks[target(&p, i)], blocks[below(&p, 2) ? target(&p, i) : (i + 1) % shape->blocks]);
        }
    }
    g_free(blocks);
}
