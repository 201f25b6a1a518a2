/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The algebra: what one PURE operation is equal to, given the operations that make its arguments. Used as the
 * translator emits, and by fold. Nothing is created but constants, so a rule either names an existing value, or turns
 * the operation into another one.
 *
 * Laws that the rules keep: constants stand on the right of what commutes and of comparisons; x - c is x + -c; a mask
 * of the low 8, 16 or 32 bits is an extract; a comparison of (x & y) with 0 is TSTEQ or TSTNE. Each rule is tested by
 * evaluating both sides (tests/test_fold.c).
 */
#include "core/tcg/backend.h"

static inline unsigned width(TcgType t)
{
    return t == TCG_I32 ? 32 : 64;
}

static inline uint64_t mask_of(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

static inline bool is_k(const TcgFn *fn, TcgId id, uint64_t *ret)
{
    const TcgNode *n = fn_node(fn, id);

    *ret = n->imm;
    return n->op == OP_const;
}

static inline bool is_value(const TcgFn *fn, TcgId id, uint64_t value)
{
    const TcgNode *n = fn_node(fn, id);

    return n->op == OP_const && n->imm == value && n->imm2 == 0;
}

/* How many low bits of an integer value may be set; the rest are known to be zero. */
static unsigned bits_of(const TcgFn *fn, TcgId id, unsigned depth)
{
    const TcgNode *n = fn_node(fn, id);
    unsigned w = width(node_type(n));
    uint64_t k;

    switch (n->op) {
    case OP_const:
        return n->imm ? 64 - __builtin_clzll(n->imm) : 0;
    case OP_zext: case OP_trunc:
        return depth ? MIN(32, bits_of(fn, n->arg[0], depth - 1)) : 32;
    case OP_extract:
        return n->aux >> 8;
    case OP_setcond: case OP_flags_cond:
        return 1;
    case OP_flags_add: case OP_flags_sub: case OP_flags_adc: case OP_flags_logic:
        return 4;
    case OP_and:
        return !is_k(fn, n->arg[1], &k) ? w : k ? 64u - __builtin_clzll(k) : 0;
    case OP_shr:
        return is_k(fn, n->arg[1], &k) ? w - (k & (w - 1)) : w;
    case OP_clz: case OP_ctz: case OP_popcnt:
        return 7;
    case OP_vget:
        return 8u << n->aux;
    case OP_guest_ld: case OP_guest_ldx: case OP_guest_ldh: case OP_guest_ldn: case OP_guest_rmw: case OP_guest_cas:
        return n->imm & MO_SIGN ? w : 8 * memop_size(n->imm);
    case OP_ld_env:
        return n->aux & MO_SIGN ? w : MIN(w, 8u << (n->aux & MO_SIZE));
    default:
        return w;
    }
}

/* 0: it is no constant that there is. */
static __attribute__((noinline)) TcgId all_const_wide(TcgFn *fn, const TcgProto *p, unsigned args)
{
    TcgType result = tcg_op_def[p->op].result ? (TcgType)tcg_op_def[p->op].result : (TcgType)p->type;
    TcgWideVal v[4], r;

    for (unsigned i = 0; i < args; i++) {
        v[i] = tcg_const_value(fn_node(fn, p->arg[i]));
    }
    tcg_eval_wide(p->op, p->type, p->aux, p->imm, v, &r);
    if (!tcg_type_is_vec(result)) {
        return tcg_fn_const(fn, result, r.u64[0]);
    }
    for (unsigned i = 2; i < tcg_type_size(result) / 8; i++) {
        if (r.u64[i] != r.u64[i & 1]) {
            return 0;
        }
    }
    return tcg_fn_const_wide(fn, result, r.u64[0], r.u64[1]);
}

static inline TcgId all_const(TcgFn *fn, const TcgProto *p, unsigned args)
{
    bool argt = tcg_op_def[p->op].flags & TCGF_ARGT;
    TcgVecVal v[4], r;

    if (G_UNLIKELY(p->type > TCG_V128 || (p->op >= OP_vlow && p->op <= OP_ptest))) {
        return all_const_wide(fn, p, args);
    }
    for (unsigned i = 0; i < args; i++) {
        const TcgNode *n = fn_node(fn, p->arg[i]);

        v[i].u64[0] = n->imm;
        v[i].u64[1] = n->imm2;
    }
    tcg_eval(p->op, p->type, p->aux, p->imm, v, &r);
    return !argt && p->type == TCG_V128 ? tcg_fn_const_v(fn, r.u64[0], r.u64[1])
                                        : tcg_fn_const(fn, argt ? TCG_I32 : p->type, r.u64[0]);
}

/* Rewrites p to another operation of its type. */
static void become(TcgProto *p, TcgOpcode op, TcgId a, TcgId b)
{
    p->op = op;
    p->aux = 0;
    p->imm = 0;
    p->arg[0] = a;
    p->arg[1] = b;
    p->arg[2] = p->arg[3] = 0;
    p->changed = true;
}

static void become_field(TcgProto *p, TcgOpcode op, TcgId a, unsigned pos, unsigned len)
{
    become(p, op, a, 0);
    p->aux = pos | len << 8;
}

/* -- comparisons ---------------------------------------------------------------------------------------------------- */

static const uint8_t swapped_cond[TCG_NUM_CONDS] = {
    [COND_EQ] = COND_EQ, [COND_NE] = COND_NE, [COND_LT] = COND_GT, [COND_GE] = COND_LE, [COND_LE] = COND_GE,
    [COND_GT] = COND_LT, [COND_LTU] = COND_GTU, [COND_GEU] = COND_LEU, [COND_LEU] = COND_GEU, [COND_GTU] = COND_LTU,
    [COND_TSTEQ] = COND_TSTEQ, [COND_TSTNE] = COND_TSTNE,
};

int tcg_simplify_compare(TcgFn *fn, TcgCompare *c)
{
    for (unsigned round = 0; round < 4; round++) {
        const TcgNode *a = fn_node(fn, c->a), *b = fn_node(fn, c->b);
        uint64_t k, m;

        if (a->op == OP_const && b->op == OP_const) {
            return tcg_eval_cond(c->cond, width(c->type), a->imm, b->imm);
        }
        if (a->op == OP_const) {
            TcgId t = c->a;

            c->a = c->b;
            c->b = t;
            c->cond = swapped_cond[c->cond];
            continue;
        }
        if (c->a == c->b) {
            switch (c->cond) {
            case COND_EQ: case COND_GE: case COND_LE: case COND_GEU: case COND_LEU: return 1;
            case COND_NE: case COND_LT: case COND_GT: case COND_LTU: case COND_GTU: return 0;
            default:
                c->cond = c->cond == COND_TSTEQ ? COND_EQ : COND_NE;
                c->b = tcg_fn_const(fn, c->type, 0);
                continue;
            }
        }
        if (b->op != OP_const) {
            return -1;
        }
        k = b->imm;
        if (c->cond == COND_TSTEQ || c->cond == COND_TSTNE) {
            if (k == 0) {
                return c->cond == COND_TSTEQ;
            }
            if (k == mask_of(width(c->type))) {
                c->cond = c->cond == COND_TSTEQ ? COND_EQ : COND_NE;
                c->b = tcg_fn_const(fn, c->type, 0);
                continue;
            }
            return -1;
        }
        if (k <= 1 && c->cond >= COND_LTU && c->cond <= COND_GTU) {
            static const int8_t with0[4] = { -2, -3, COND_EQ, COND_NE };    /* LTU: never, GEU: always */
            static const int8_t with1[4] = { COND_EQ, COND_NE, -1, -1 };
            int to = (k ? with1 : with0)[c->cond - COND_LTU];

            if (to <= -2) {
                return to == -3;
            }
            if (to >= 0) {
                c->cond = to;
                c->b = tcg_fn_const(fn, c->type, 0);
                continue;
            }
        }
        if (c->cond != COND_EQ && c->cond != COND_NE) {
            return -1;
        }
        if (a->op == OP_add && is_k(fn, a->arg[1], &m)) {               /* x + m == k: x == k - m */
            c->a = a->arg[0];
            c->b = tcg_fn_const(fn, c->type, k - m);
            continue;
        }
        if (a->op == OP_zext) {
            if (k >> 32) {
                return c->cond == COND_NE;
            }
            c->a = a->arg[0];
            c->type = TCG_I32;
            c->b = tcg_fn_const(fn, TCG_I32, k);
            continue;
        }
        if (k != 0) {
            return -1;
        }
        if (a->op == OP_and) {
            c->cond = c->cond == COND_EQ ? COND_TSTEQ : COND_TSTNE;
            c->a = a->arg[0];
            c->b = a->arg[1];
            continue;
        }
        if (a->op == OP_extract) {
            c->cond = c->cond == COND_EQ ? COND_TSTEQ : COND_TSTNE;
            c->a = a->arg[0];
            c->b = tcg_fn_const(fn, c->type, mask_of(a->aux >> 8) << (a->aux & 0xff));
            continue;
        }
        if (a->op == OP_sub || a->op == OP_xor) {
            c->a = a->arg[0];
            c->b = a->arg[1];
            continue;
        }
        if (a->op == OP_neg || a->op == OP_sext) {
            c->type = a->op == OP_sext ? TCG_I32 : c->type;
            c->a = a->arg[0];
            c->b = tcg_fn_const(fn, c->type, 0);
            continue;
        }
        if (a->op == OP_setcond) {
            c->type = a->type;
            c->cond = a->aux ^ (c->cond == COND_EQ);
            c->a = a->arg[0];
            c->b = a->arg[1];
            continue;
        }
        return -1;
    }
    return -1;
}

int tcg_compare_of_flags(TcgFn *fn, TcgFlagCond fc, TcgId nzcv, TcgCompare *ret)
{
    static const int8_t of_sub[16] = {
        [FC_EQ] = COND_EQ, [FC_NE] = COND_NE, [FC_CS] = COND_GEU, [FC_CC] = COND_LTU, [FC_MI] = -1, [FC_PL] = -1,
        [FC_VS] = -1, [FC_VC] = -1, [FC_HI] = COND_GTU, [FC_LS] = COND_LEU, [FC_GE] = COND_GE, [FC_LT] = COND_LT,
        [FC_GT] = COND_GT, [FC_LE] = COND_LE, [FC_AL] = -1, [FC_NV] = -1,
    };
    /* Of a value with C = V = 0, compared with 0; -2: never, -3: always. */
    static const int8_t of_logic[16] = {
        [FC_EQ] = COND_EQ, [FC_NE] = COND_NE, [FC_CS] = -2, [FC_CC] = -3, [FC_MI] = COND_LT, [FC_PL] = COND_GE,
        [FC_VS] = -2, [FC_VC] = -3, [FC_HI] = -2, [FC_LS] = -3, [FC_GE] = COND_GE, [FC_LT] = COND_LT,
        [FC_GT] = COND_GT, [FC_LE] = COND_LE, [FC_AL] = -3, [FC_NV] = -3,
    };
    const TcgNode *n = fn_node(fn, nzcv);
    int to;

    if (fc >= FC_AL) {
        return 1;
    }
    switch (n->op) {
    case OP_const:
        return tcg_flag_truth[fc] >> (n->imm & 15) & 1;
    case OP_flags_sub:
        to = of_sub[fc];
        if (to < 0 && is_value(fn, n->arg[1], 0)) {
            to = of_logic[fc];                  /* MI, PL, VS, VC of x - 0 */
        }
        break;
    case OP_flags_logic:
        to = of_logic[fc];
        break;
    case OP_flags_add: {
        uint64_t k;

        if ((fc == FC_EQ || fc == FC_NE) && is_k(fn, n->arg[1], &k)) {
            *ret = (TcgCompare){ fc == FC_EQ ? COND_EQ : COND_NE, n->type, n->arg[0], 0 };
            ret->b = tcg_fn_const(fn, ret->type, -k);
            return -1;
        }
        return -2;
    }
    case OP_ptest: {
        const TcgNode *among = fn_node(fn, n->arg[0]), *count = fn_node(fn, n->arg[1]);
        /* with `to` as of_logic's, but that C is count < lanes */
        static const int8_t of_while[16] = {
            [FC_EQ] = COND_EQ, [FC_NE] = COND_NE, [FC_CS] = COND_LTU, [FC_CC] = COND_GEU,
            [FC_MI] = COND_NE, [FC_PL] = COND_EQ, [FC_VS] = -2, [FC_VC] = -3, [FC_HI] = -1, [FC_LS] = -1,
            [FC_GE] = COND_EQ, [FC_LT] = COND_NE, [FC_GT] = -2, [FC_LE] = -3,
        };

        if (count->op != OP_pwhile || among->op != OP_const || among->imm != tcg_lanes_mask((unsigned)count->imm) ||
            of_while[fc] == -1) {
            return -2;
        }
        if (of_while[fc] < 0) {
            return of_while[fc] == -3;
        }
        *ret = (TcgCompare){ (uint8_t)of_while[fc], TCG_I64, count->arg[0], 0 };
        ret->b = tcg_fn_const(fn, TCG_I64, fc == FC_CS || fc == FC_CC ? fn_node(fn, n->arg[1])->imm : 0);
        return -1;
    }
    default:
        return -2;
    }
    if (to == -1) {
        return -2;
    }
    if (to < 0) {
        return to == -3;
    }
    *ret = (TcgCompare){ to, n->type, n->arg[0], n->arg[1] };
    if (n->op == OP_flags_logic) {
        ret->b = tcg_fn_const(fn, ret->type, 0);
    }
    return -1;
}

/* -- integer operations ------------------------------------------------------------------------------------------- */

/* Each returns the value that p is equal to, 0 if p stays or was rewritten. */

static TcgId add_sub(TcgFn *fn, TcgProto *p)
{
    const TcgNode *a = fn_node(fn, p->arg[0]), *b = fn_node(fn, p->arg[1]);
    uint64_t k, m;

    if (b->op == OP_const) {
        k = b->imm;
        if (p->op == OP_sub) {
            k = -k & mask_of(width(p->type));
        }
        if (k == 0) {
            return p->arg[0];
        }
        if (a->op == OP_add && is_k(fn, a->arg[1], &m)) {
            TcgId x = a->arg[0];

            become(p, OP_add, x, tcg_fn_const(fn, p->type, k + m));
        } else if (p->op == OP_sub) {
            become(p, OP_add, p->arg[0], tcg_fn_const(fn, p->type, k));
        }
        return 0;
    }
    if (p->op == OP_sub) {
        if (p->arg[0] == p->arg[1]) {
            return tcg_fn_const(fn, p->type, 0);
        }
        if (a->op == OP_const && a->imm == 0) {
            become(p, OP_neg, p->arg[1], 0);
        } else if (b->op == OP_neg) {
            become(p, OP_add, p->arg[0], b->arg[0]);
        } else if (a->op == OP_add && a->arg[0] == p->arg[1]) {
            return a->arg[1];
        } else if (a->op == OP_add && a->arg[1] == p->arg[1]) {
            return a->arg[0];
        }
    } else if (b->op == OP_neg) {
        become(p, OP_sub, p->arg[0], b->arg[0]);
    } else if (a->op == OP_neg) {
        become(p, OP_sub, p->arg[1], a->arg[0]);
    } else if (b->op == OP_sub && b->arg[1] == p->arg[0]) {
        return b->arg[0];
    }
    return 0;
}

static TcgId multiply(TcgFn *fn, TcgProto *p)
{
    uint64_t k;

    if (!is_k(fn, p->arg[1], &k)) {
        return 0;
    }
    if (k == 0) {
        return p->arg[1];
    }
    if (k == 1) {
        return p->arg[0];
    }
    if (k == mask_of(width(p->type))) {
        become(p, OP_neg, p->arg[0], 0);
    } else if ((k & (k - 1)) == 0) {
        become(p, OP_shl, p->arg[0], tcg_fn_const(fn, p->type, __builtin_ctzll(k)));
    }
    return 0;
}

static TcgId divide(TcgFn *fn, TcgProto *p)
{
    uint64_t k;

    if (is_value(fn, p->arg[0], 0)) {
        return p->arg[0];
    }
    if (!is_k(fn, p->arg[1], &k)) {
        return 0;
    }
    if (k == 0) {
        return p->arg[1];
    }
    if (k == 1) {
        return p->arg[0];
    }
    if (p->op == OP_divu && (k & (k - 1)) == 0) {
        become(p, OP_shr, p->arg[0], tcg_fn_const(fn, p->type, __builtin_ctzll(k)));
    }
    return 0;
}

static TcgId logic(TcgFn *fn, TcgProto *p)
{
    const TcgNode *a = fn_node(fn, p->arg[0]), *b = fn_node(fn, p->arg[1]);
    uint64_t all = mask_of(width(p->type)), k = b->imm, m;
    bool by_k = b->op == OP_const;

    if (p->arg[0] == p->arg[1]) {
        switch (p->op) {
        case OP_and: case OP_or: return p->arg[0];
        case OP_orn: return tcg_fn_const(fn, p->type, all);
        default: return tcg_fn_const(fn, p->type, 0);
        }
    }
    if (p->op == OP_andn || p->op == OP_orn) {
        TcgOpcode plain = p->op == OP_andn ? OP_and : OP_or;

        if (by_k) {
            become(p, plain, p->arg[0], tcg_fn_const(fn, p->type, ~k));
        } else if (b->op == OP_not) {
            become(p, plain, p->arg[0], b->arg[0]);
        } else if (a->op == OP_const && a->imm == (p->op == OP_andn ? 0 : all)) {
            return p->arg[0];
        } else if (a->op == OP_const && a->imm == (p->op == OP_andn ? all : 0)) {
            become(p, OP_not, p->arg[1], 0);
        }
        return 0;
    }
    if (by_k && a->op == p->op && is_k(fn, a->arg[1], &m)) {
        TcgId x = a->arg[0];

        k = p->op == OP_and ? k & m : p->op == OP_or ? k | m : k ^ m;
        become(p, p->op, x, tcg_fn_const(fn, p->type, k));
        return 0;
    }
    if (by_k) {
        switch (p->op) {
        case OP_and:
            if (k == 0) {
                return p->arg[1];
            }
            if ((mask_of(bits_of(fn, p->arg[0], 1)) & ~k) == 0) {
                return p->arg[0];
            }
            if (k == 0xff || k == 0xffff || k == 0xffffffff) {
                become_field(p, OP_extract, p->arg[0], 0, __builtin_popcountll(k));
            }
            return 0;
        case OP_or:
            return k == 0 ? p->arg[0] : k == all ? p->arg[1] : 0;
        default:
            if (k == 0) {
                return p->arg[0];
            }
            if (k == all) {
                become(p, OP_not, p->arg[0], 0);
            }
            return 0;
        }
    }
    if (p->op == OP_and && b->op == OP_not) {
        become(p, OP_andn, p->arg[0], b->arg[0]);
    } else if (p->op == OP_and && a->op == OP_not) {
        become(p, OP_andn, p->arg[1], a->arg[0]);
    } else if (p->op == OP_or && b->op == OP_not) {
        become(p, OP_orn, p->arg[0], b->arg[0]);
    } else if (p->op == OP_or && a->op == OP_not) {
        become(p, OP_orn, p->arg[1], a->arg[0]);
    }
    return 0;
}

static TcgId shift(TcgFn *fn, TcgProto *p)
{
    const TcgNode *a = fn_node(fn, p->arg[0]);
    unsigned w = width(p->type), c1, c2;
    uint64_t k, m;
    TcgId x;

    if (a->op == OP_const && (a->imm == 0 || (a->imm == mask_of(w) && (p->op == OP_sar || p->op == OP_ror)))) {
        return p->arg[0];
    }
    if (!is_k(fn, p->arg[1], &k)) {
        return 0;
    }
    c2 = k & (w - 1);
    if (c2 == 0) {
        return p->arg[0];
    }
    if (k != c2) {
        p->arg[1] = tcg_fn_const(fn, p->type, c2);
        a = fn_node(fn, p->arg[0]);
    }
    if (p->op == OP_shl && (a->op == OP_extract || a->op == OP_sextract) && (a->aux & 0xff) == 0 && (a->aux >> 8) + c2 >= w) {
        p->arg[0] = a->arg[0];                  /* what the field leaves out is shifted out */
        p->changed = true;
        return 0;
    }
    if ((a->op != OP_shl && a->op != OP_shr && a->op != OP_sar && a->op != OP_ror) || !is_k(fn, a->arg[1], &m)) {
        return 0;
    }
    c1 = m & (w - 1);
    x = a->arg[0];
    if (a->op == p->op) {
        if (p->op == OP_ror) {
            become(p, OP_ror, x, tcg_fn_const(fn, p->type, (c1 + c2) & (w - 1)));
        } else if (p->op == OP_sar) {
            become(p, OP_sar, x, tcg_fn_const(fn, p->type, MIN(c1 + c2, w - 1)));
        } else if (c1 + c2 >= w) {
            return tcg_fn_const(fn, p->type, 0);
        } else {
            become(p, p->op, x, tcg_fn_const(fn, p->type, c1 + c2));
        }
    } else if (a->op == OP_shl && c2 >= c1 && (p->op == OP_shr || p->op == OP_sar)) {
        become_field(p, p->op == OP_shr ? OP_extract : OP_sextract, x, c2 - c1, w - c2);
    } else if (p->op == OP_shl && (a->op == OP_shr || a->op == OP_sar) && c1 == c2) {
        become(p, OP_and, x, tcg_fn_const(fn, p->type, mask_of(w) << c1));
    }
    return 0;
}

/* extract and sextract */
static TcgId field(TcgFn *fn, TcgProto *p)
{
    TcgId src = p->arg[0];
    const TcgNode *a = fn_node(fn, src);
    unsigned w = width(p->type), pos = p->aux & 0xff, len = p->aux >> 8, apos = a->aux & 0xff, alen = a->aux >> 8, bits;
    bool sign = p->op == OP_sextract;
    uint64_t k;

    if (len == w) {
        return src;
    }
    bits = bits_of(fn, src, 1);
    if (pos >= bits) {
        return tcg_fn_const(fn, p->type, 0);
    }
    if (pos == 0 && bits + sign <= len) {
        return src;
    }
    if (sign && pos + len > bits) {             /* the sign is known to be 0 */
        become_field(p, OP_extract, src, pos, len);
        return 0;
    }
    if (!sign && pos + len > bits) {
        become_field(p, OP_extract, src, pos, bits - pos);
        return 0;
    }
    switch (a->op) {
    case OP_extract:                            /* pos + len <= alen here */
        become_field(p, p->op, a->arg[0], apos + pos, len);
        break;
    case OP_sextract:
        if (pos + len <= alen) {
            become_field(p, p->op, a->arg[0], apos + pos, len);
        } else if (sign && pos == 0) {
            return src;
        }
        break;
    case OP_shr:
        if (is_k(fn, a->arg[1], &k) && pos + len + (k & (w - 1)) <= w) {
            become_field(p, p->op, a->arg[0], pos + (k & (w - 1)), len);
        }
        break;
    case OP_sar:
        if (is_k(fn, a->arg[1], &k) && pos + len + (k & (w - 1)) <= w) {
            become_field(p, p->op, a->arg[0], pos + (k & (w - 1)), len);
        }
        break;
    case OP_shl:
        if (is_k(fn, a->arg[1], &k)) {
            k &= w - 1;
            if (pos >= k) {
                become_field(p, p->op, a->arg[0], pos - k, len);
            } else if (pos + len <= k) {
                return tcg_fn_const(fn, p->type, 0);
            }
        }
        break;
    case OP_and:
        if (is_k(fn, a->arg[1], &k) && (k >> pos & mask_of(len)) == mask_of(len)) {
            become_field(p, p->op, a->arg[0], pos, len);
        }
        break;
    case OP_deposit:
        if (pos >= apos && pos + len <= apos + alen) {
            become_field(p, p->op, a->arg[1], pos - apos, len);
        } else if (pos + len <= apos || pos >= apos + alen) {
            become_field(p, p->op, a->arg[0], pos, len);
        }
        break;
    case OP_zext:
        if (sign && pos == 0 && len == 32) {
            become(p, OP_sext, a->arg[0], 0);
        }
        break;
    case OP_sext:
        if (!sign && pos == 0 && len == 32) {
            become(p, OP_zext, a->arg[0], 0);
        } else if (sign && pos == 0 && len >= 32) {
            return src;
        }
        break;
    case OP_guest_ld:
        if (sign && pos == 0 && a->imm & MO_SIGN && 8 * memop_size(a->imm) <= len) {
            return src;
        }
        break;
    case OP_flags_add: case OP_flags_sub: case OP_flags_adc: case OP_flags_logic:
        if (!sign && len == 1) {
            static const uint8_t fc[4] = { FC_VS, FC_CS, FC_EQ, FC_MI };

            become(p, OP_flags_cond, src, 0);
            p->aux = fc[pos];
        }
        break;
    default:
        break;
    }
    return 0;
}

static TcgId deposit(TcgFn *fn, TcgProto *p)
{
    const TcgNode *a = fn_node(fn, p->arg[0]), *b = fn_node(fn, p->arg[1]);
    unsigned w = width(p->type), pos = p->aux & 0xff, len = p->aux >> 8;
    uint64_t field_mask = mask_of(len) << pos;

    if (len == w) {
        return p->arg[1];
    }
    if (b->op == OP_const && (b->imm & mask_of(len)) == 0) {
        become(p, OP_and, p->arg[0], tcg_fn_const(fn, p->type, ~field_mask));
    } else if (b->op == OP_const && (b->imm & mask_of(len)) == mask_of(len)) {
        become(p, OP_or, p->arg[0], tcg_fn_const(fn, p->type, field_mask));
    } else if (a->op == OP_const && a->imm == 0 && pos == 0) {
        become_field(p, OP_extract, p->arg[1], 0, len);
    } else if (a->op == OP_const && a->imm == 0 && pos + len == w) {
        become(p, OP_shl, p->arg[1], tcg_fn_const(fn, p->type, pos));
    } else if (b->op == OP_extract && b->arg[0] == p->arg[0] && b->aux == p->aux) {
        return p->arg[0];
    } else if ((b->op == OP_extract || b->op == OP_sextract) && (b->aux & 0xff) == 0 && (b->aux >> 8) >= len) {
        p->arg[1] = b->arg[0];                  /* bits above the field do not matter */
        p->changed = true;
    } else if (b->op == OP_and && fn_node(fn, b->arg[1])->op == OP_const &&
               (fn_node(fn, b->arg[1])->imm & mask_of(len)) == mask_of(len)) {
        p->arg[1] = b->arg[0];
        p->changed = true;
    }
    return 0;
}

static TcgId convert(TcgFn *fn, TcgProto *p)
{
    const TcgNode *a = fn_node(fn, p->arg[0]);
    TcgId x = a->arg[0];

    if (p->op == OP_trunc) {
        if (a->op == OP_zext || a->op == OP_sext) {
            return x;
        }
        if ((a->op == OP_extract || a->op == OP_sextract) && (a->aux & 0xff) == 0 && a->aux >> 8 >= 32) {
            become(p, OP_trunc, x, 0);
        } else if (a->op == OP_deposit && (a->aux & 0xff) >= 32) {
            become(p, OP_trunc, x, 0);
        }
        return 0;
    }
    if (a->op == OP_trunc) {
        if (p->op == OP_zext && bits_of(fn, x, 1) <= 32) {
            return x;
        }
        if (bits_of(fn, x, 1) <= 31) {
            return x;
        }
        become_field(p, p->op == OP_zext ? OP_extract : OP_sextract, x, 0, 32);
    } else if (p->op == OP_sext && bits_of(fn, p->arg[0], 1) < 32) {
        become(p, OP_zext, p->arg[0], 0);
    }
    return 0;
}

static TcgId truth(TcgFn *fn, const TcgProto *p, bool value)
{
    switch (p->op) {
    case OP_select: case OP_select_fc: return p->arg[value ? 1 : 2];
    case OP_select_cmp: return p->arg[value ? 2 : 3];
    default: return tcg_fn_const(fn, TCG_I32, value);
    }
}

static TcgId compare(TcgFn *fn, TcgProto *p)
{
    bool select = p->op == OP_select_cmp;
    TcgCompare c = { p->aux, select ? p->imm : p->type, p->arg[0], p->arg[1] };
    int known;

    if (select && p->arg[2] == p->arg[3]) {
        return p->arg[2];
    }
    /* A boolean that is compared with 0 is itself, or its opposite. */
    if (!select && c.cond == COND_NE && c.type == TCG_I32 && is_value(fn, c.b, 0) &&
        (fn_node(fn, c.a)->op == OP_setcond || fn_node(fn, c.a)->op == OP_flags_cond)) {
        return c.a;
    }
    known = tcg_simplify_compare(fn, &c);
    if (known >= 0) {
        return truth(fn, p, known);
    }
    p->aux = c.cond;
    p->arg[0] = c.a;
    p->arg[1] = c.b;
    if (!select) {
        p->type = c.type;
        return 0;
    }
    p->imm = c.type;
    if (p->type == TCG_I32 && is_value(fn, p->arg[2], 1) && is_value(fn, p->arg[3], 0)) {
        become(p, OP_setcond, c.a, c.b);
        p->aux = c.cond;
        p->type = c.type;
    } else if (p->type == TCG_I32 && is_value(fn, p->arg[2], 0) && is_value(fn, p->arg[3], 1)) {
        become(p, OP_setcond, c.a, c.b);
        p->aux = c.cond ^ 1;
        p->type = c.type;
    }
    return 0;
}

/* select, select_fc, flags_cond */
static TcgId choose(TcgFn *fn, TcgProto *p)
{
    const TcgNode *a = fn_node(fn, p->arg[0]);
    TcgId x = p->arg[1], y = p->arg[2];
    TcgCompare c = { 0 };
    int known;

    if (p->op != OP_flags_cond && x == y) {
        return x;
    }
    if (p->op == OP_select) {
        if (a->op == OP_const) {
            return truth(fn, p, a->imm != 0);
        }
        if (a->op == OP_flags_cond) {
            p->op = OP_select_fc;
            p->aux = a->aux;
            p->arg[0] = a->arg[0];
            p->changed = true;
            return 0;
        }
        c = (TcgCompare){ COND_NE, TCG_I32, p->arg[0], tcg_fn_const(fn, TCG_I32, 0) };
        known = tcg_simplify_compare(fn, &c);
        if (known == -1 && c.a == p->arg[0]) {
            return 0;
        }
    } else {
        known = tcg_compare_of_flags(fn, p->aux, p->arg[0], &c);
        if (known == -2) {
            return 0;
        }
    }
    if (known >= 0) {
        return truth(fn, p, known);
    }
    if (p->op == OP_flags_cond) {
        become(p, OP_setcond, c.a, c.b);
        p->aux = c.cond;
        p->type = c.type;
        return 0;
    }
    p->op = OP_select_cmp;
    p->aux = c.cond;
    p->imm = c.type;
    p->arg[0] = c.a;
    p->arg[1] = c.b;
    p->arg[2] = x;
    p->arg[3] = y;
    p->changed = true;
    return 0;
}

static TcgId flags(TcgFn *fn, TcgProto *p)
{
    uint64_t k, m;

    if (p->op == OP_flags_sub && p->arg[0] == p->arg[1]) {
        return tcg_fn_const(fn, TCG_I32, FLAG_Z | FLAG_C);
    }
    if (p->op == OP_flags_adc && is_k(fn, p->arg[2], &k)) {
        const TcgNode *b = fn_node(fn, p->arg[1]);

        if (!(k & 1)) {
            become(p, OP_flags_add, p->arg[0], p->arg[1]);
        } else if (b->op == OP_not) {
            become(p, OP_flags_sub, p->arg[0], b->arg[0]);
        } else if (is_k(fn, p->arg[1], &m)) {
            become(p, OP_flags_sub, p->arg[0], tcg_fn_const(fn, p->type, ~m));
        }
    }
    return 0;
}

/* -- vectors -------------------------------------------------------------------------------------------------------- */

static TcgId vget(TcgFn *fn, TcgProto *p)
{
    const TcgNode *v = fn_node(fn, p->arg[0]);
    unsigned es = p->aux, lane = p->imm;
    TcgId x = 0;

    switch (v->op) {
    case OP_vpair:
        x = es == 3 ? v->arg[lane] : 0;
        break;
    case OP_vfrom:
        if ((lane << es) >= 1u << v->aux) {
            return tcg_fn_const(fn, p->type, 0);
        }
        if (lane == 0 && (es == v->aux || (es < 2 && v->aux == 2))) {
            x = v->arg[0];
        } else if (lane == 0 && es >= 2) {
            become(p, es == 3 ? OP_zext : OP_trunc, v->arg[0], 0);
        }
        break;
    case OP_vdup:
        x = es == v->aux ? v->arg[0] : 0;
        break;
    case OP_vset:
        if (es == v->aux && lane != v->imm) {
            p->arg[0] = v->arg[0];
            p->changed = true;
            return 0;
        }
        x = es == v->aux ? v->arg[1] : 0;
        break;
    case OP_vmovz:
        if (lane << es >= 1u << v->aux) {
            return tcg_fn_const(fn, p->type, 0);
        }
        if (es > v->aux) {
            return 0;
        }
        p->arg[0] = v->arg[0];
        p->changed = true;
        return 0;
    default:
        return 0;
    }
    if (x && es < 2) {
        become_field(p, OP_extract, x, 0, 8u << es);
        return 0;
    }
    return x;
}

static bool zero_above(const TcgFn *fn, TcgId v, unsigned es, unsigned depth)
{
    const TcgNode *n = fn_node(fn, v);

    switch (n->op) {
    case OP_const:
        return n->imm2 == 0 && (es == 3 || n->imm >> (8 << es) == 0);
    case OP_vpopcnt8:
        return depth && zero_above(fn, n->arg[0], es, depth - 1);
    case OP_vfrom:
        return n->aux <= es || (depth && zero_above(fn, n->arg[0], es, depth - 1));
    case OP_extract:                            /* an operand of vfrom */
        return n->aux >> 8 <= 8u << es;
    case OP_vmovz:
        return n->aux <= es;
    case OP_guest_ld: case OP_guest_ldx: case OP_guest_ldh: case OP_guest_ldn:
        return (n->imm & MO_SIZE) <= es && !(n->imm & MO_SIGN);
    case OP_fp:
        if (!(n->aux & TCG_FP_SCALAR) || tcg_fp_to(n->aux) > es) {
            return false;
        }
        return tcg_fp_resizes(n->aux) || (depth && zero_above(fn, n->arg[0], es, depth - 1));
    case OP_vand:
        return depth && (zero_above(fn, n->arg[0], es, depth - 1) || zero_above(fn, n->arg[1], es, depth - 1));
    case OP_vor: case OP_vxor:
        return depth && zero_above(fn, n->arg[0], es, depth - 1) && zero_above(fn, n->arg[1], es, depth - 1);
    default:
        return false;
    }
}

bool tcg_zero_above(const TcgFn *fn, TcgId v, unsigned es)
{
    return zero_above(fn, v, es, 4);
}

/* Of lanes that come from another shuffle: from where that has them, if two and two still come from one value. */
static TcgId shuffle(TcgFn *fn, TcgProto *p)
{
    TcgId from[4];
    unsigned imm = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned lane = p->imm >> 2 * i & 3;
        const TcgNode *n = fn_node(fn, p->arg[i / 2]);

        from[i] = p->arg[i / 2];
        if (n->op == OP_vshuf) {
            from[i] = n->arg[lane / 2];
            lane = n->imm >> 2 * lane & 3;
        }
        imm |= lane << 2 * i;
    }
    if (from[0] != from[1] || from[2] != from[3]) {
        return 0;
    }
    if (from[0] == from[2] && imm == 0xe4) {
        return from[0];
    }
    p->changed |= from[0] != p->arg[0] || from[2] != p->arg[1];
    p->arg[0] = from[0];
    p->arg[1] = from[2];
    p->imm = imm;
    return 0;
}

/* A value shifted to the right, and to the left by the rest of its lanes' bits, put together: a rotation. */
static void rotation(TcgFn *fn, TcgProto *p, TcgId one, TcgId other)
{
    const TcgNode *r = fn_node(fn, one), *l = fn_node(fn, other);
    const TcgBackend *be = fn->config->backend;
    unsigned es = r->aux, bits = 8u << es;
    TcgNode ror = { .op = OP_vror, .type = TCG_V128, .aux = es };
    uint64_t count = r->imm;

    if (r->op != OP_vshr || l->op != OP_vshl || r->arg[0] != l->arg[0] || es != l->aux || es < 2 || count + l->imm != bits ||
        !be->has_op(be, &ror)) {
        return;
    }
    become(p, OP_vror, r->arg[0], 0);
    p->aux = (uint16_t)es;
    p->imm = count % bits;
}

static bool is_shift(const TcgNode *n)
{
    return n->op == OP_vshl || n->op == OP_vshr;
}

/* Of two shifts, one that takes the place of the other's zeros (SLI, SRI). */
static void insertion(TcgFn *fn, TcgProto *p)
{
    const TcgNode *mask = fn_node(fn, p->arg[0]), *n = fn_node(fn, p->arg[1]), *rest = fn_node(fn, p->arg[2]);
    uint64_t lane, ones;

    if (!is_shift(n) || !is_shift(rest) || mask->op != OP_const || mask->imm != mask->imm2 || n->aux < 2) {
        return;
    }
    ones = UINT64_MAX >> (64 - (8 << n->aux));
    lane = n->imm >= 8u << n->aux ? 0 : n->op == OP_vshl ? ones << n->imm & ones : ones >> n->imm;
    if (mask->imm == lane * (UINT64_MAX / ones)) {
        rotation(fn, p, n->op == OP_vshr ? p->arg[1] : p->arg[2], n->op == OP_vshr ? p->arg[2] : p->arg[1]);
    }
}

static TcgId vector(TcgFn *fn, TcgProto *p)
{
    const TcgNode *a = fn_node(fn, p->arg[0]), *b = fn_node(fn, p->arg[1]);
    bool same = p->arg[0] == p->arg[1];

    switch (p->op) {
    case OP_vand: case OP_vor:
        if (same) {
            return p->arg[0];
        }
        if (b->op == OP_const && b->imm == b->imm2 && (b->imm == 0 || b->imm == UINT64_MAX)) {
            return (b->imm == 0) == (p->op == OP_vand) ? p->arg[1] : p->arg[0];
        }
        if (p->op == OP_vor && is_shift(a) && is_shift(b)) {
            rotation(fn, p, p->arg[a->op == OP_vshl], p->arg[a->op != OP_vshl]);
        }
        return 0;
    case OP_vxor:
        if (same || is_value(fn, p->arg[1], 0)) {
            return same ? tcg_fn_const(fn, p->type, 0) : p->arg[0];
        }
        if (is_shift(a) && is_shift(b)) {
            rotation(fn, p, p->arg[a->op == OP_vshl], p->arg[a->op != OP_vshl]);
            return 0;
        }
        for (unsigned i = 0; i < 2; i++) {      /* the key of a round of AES that has none yet */
            const TcgNode *x = i ? b : a;

            if (x->op >= OP_vaesenc && x->op <= OP_vaesdecl && is_value(fn, x->arg[1], 0)) {
                TcgId key = p->arg[1 - i];

                become(p, x->op, x->arg[0], key);
                break;
            }
        }
        return 0;
    case OP_vaesmc: case OP_vaesimc:
        if (a->op == (p->op == OP_vaesmc ? OP_vaesencl : OP_vaesdecl) && is_value(fn, a->arg[1], 0)) {
            become(p, p->op == OP_vaesmc ? OP_vaesenc : OP_vaesdec, a->arg[0], a->arg[1]);
        }
        return 0;
    case OP_vsub: case OP_vandn:
        return same ? tcg_fn_const(fn, p->type, 0) : is_value(fn, p->arg[1], 0) ? p->arg[0] : 0;
    case OP_vadd:
        if (is_shift(a) && is_shift(b) && p->aux == a->aux) {
            rotation(fn, p, p->arg[a->op == OP_vshl], p->arg[a->op != OP_vshl]);
            return 0;
        }
        return is_value(fn, p->arg[1], 0) ? p->arg[0] : 0;
    case OP_vnot:
        return a->op == OP_vnot ? a->arg[0] : 0;
    case OP_vbitsel:
        if (p->arg[1] == p->arg[2]) {
            return p->arg[1];
        }
        insertion(fn, p);
        return 0;
    case OP_vshl: case OP_vshr: case OP_vsar:
        return p->imm == 0 ? p->arg[0] : 0;
    case OP_vext:
        return p->imm == 0 ? p->arg[0] : 0;
    case OP_vshuf:
        return shuffle(fn, p);
    case OP_vpair:
        if (is_value(fn, p->arg[1], 0)) {
            become(p, OP_vfrom, p->arg[0], 0);
            p->aux = 3;
        } else if (a->op == OP_vget && b->op == OP_vget && a->aux == 3 && b->aux == 3 && a->imm == 0 && b->imm == 1 &&
                   a->arg[0] == b->arg[0]) {
            return a->arg[0];
        }
        return 0;
    case OP_vfrom:
        if (a->op == OP_vget && p->aux == 3 && a->aux == 3 && a->imm == 1) {
            TcgId high = a->arg[0];

            become(p, OP_vzip2, high, tcg_fn_const_v(fn, 0, 0));
            p->aux = 3;
        } else if (a->op == OP_vget && p->aux == 3 && a->aux == 3) {
            become(p, OP_vmovz, a->arg[0], 0);
            p->aux = 3;
        } else if (a->op == OP_zext && p->aux == 3) {
            p->aux = 2;
            p->arg[0] = a->arg[0];
            p->changed = true;
        }
        return 0;
    case OP_vmovz:
        if (tcg_zero_above(fn, p->arg[0], p->aux)) {
            return p->arg[0];
        }
        if (a->op == OP_vpair && p->aux == 3) {
            become(p, OP_vfrom, a->arg[0], 0);
            p->aux = 3;
        }
        return 0;
    default:
        return 0;
    }
}

/* Whether a predicate has none of the first n lanes, or all. */
static bool is_pred(const TcgFn *fn, TcgId id, unsigned lanes, bool all)
{
    const TcgNode *n = fn_node(fn, id);

    return n->op == OP_const && (n->imm & tcg_lanes_mask(lanes)) == (all ? tcg_lanes_mask(lanes) : 0);
}

/* How many lanes a predicate may have. */
static unsigned lanes_of(const TcgFn *fn, TcgId id, unsigned depth)
{
    const TcgNode *n = fn_node(fn, id);

    switch (n->op) {
    case OP_const:
        return n->imm ? 64u - (unsigned)__builtin_clzll(n->imm) : 0;
    case OP_pfrom:
        return 64u >> n->aux;
    case OP_pcmp:
        return tcg_type_size(n->type) >> n->aux;
    case OP_pnot: case OP_pwhile:
        return (unsigned)n->imm;
    case OP_pand:
        return depth ? MIN(lanes_of(fn, n->arg[0], depth - 1), lanes_of(fn, n->arg[1], depth - 1)) : 64;
    case OP_por: case OP_pxor:
        return depth ? MAX(lanes_of(fn, n->arg[0], depth - 1), lanes_of(fn, n->arg[1], depth - 1)) : 64;
    case OP_pandn:
        return depth ? lanes_of(fn, n->arg[0], depth - 1) : 64;
    default:
        return 64;
    }
}

/* Parts of wide vectors, and what has to do with predicates. */
static TcgId wide(TcgFn *fn, TcgProto *p)
{
    const TcgNode *a = fn_node(fn, p->arg[0]), *b = fn_node(fn, p->arg[1]);
    unsigned lanes = tcg_type_is_vec(p->type) ? tcg_type_size(p->type) >> p->aux : 64;
    bool same = p->arg[0] == p->arg[1];

    switch (p->op) {
    case OP_vlow: case OP_vhigh:
        if (a->op == OP_vcat) {
            return a->arg[p->op == OP_vhigh];
        }
        if (a->op == OP_vdup) {
            unsigned es = a->aux;

            become(p, OP_vdup, a->arg[0], 0);
            p->aux = (uint16_t)es;
        }
        return a->op == OP_const ? tcg_fn_const_wide(fn, p->type, a->imm, a->imm2) : 0;
    case OP_vcat:
        if (a->op == OP_vlow && b->op == OP_vhigh && a->arg[0] == b->arg[0]) {
            return a->arg[0];
        }
        if (same && a->op == OP_vdup) {
            unsigned es = a->aux;

            become(p, OP_vdup, a->arg[0], 0);
            p->aux = (uint16_t)es;
        }
        return same && a->op == OP_const ? tcg_fn_const_wide(fn, p->type, a->imm, a->imm2) : 0;
    case OP_vsel:
        if (p->arg[1] == p->arg[2] || is_pred(fn, p->arg[0], lanes, true)) {
            return p->arg[1];
        }
        return is_pred(fn, p->arg[0], lanes, false) ? p->arg[2] : 0;
    case OP_pfrom:
        return a->op == OP_pto && a->aux == p->aux && lanes_of(fn, a->arg[0], 3) <= 64u >> p->aux ? a->arg[0] : 0;
    case OP_pto:
        if (a->op == OP_pfrom && a->aux == p->aux) {
            static const uint64_t lowest[4] = { UINT64_MAX, 0x5555555555555555, 0x1111111111111111, 0x0101010101010101 };

            if (p->aux == 0) {
                return a->arg[0];
            }
            TcgId bits = a->arg[0], mask = tcg_fn_const(fn, TCG_I64, lowest[a->aux]);

            become(p, OP_and, bits, mask);
        }
        return 0;
    case OP_pand:
        return same || is_pred(fn, p->arg[1], 64, true) ? p->arg[0] : is_pred(fn, p->arg[1], 64, false) ? p->arg[1] : 0;
    case OP_por:
        return same || is_pred(fn, p->arg[1], 64, false) ? p->arg[0] : 0;
    case OP_pxor:
        return same ? tcg_fn_const(fn, TCG_PRED, 0) : is_pred(fn, p->arg[1], 64, false) ? p->arg[0] : 0;
    case OP_pandn:
        return same ? tcg_fn_const(fn, TCG_PRED, 0) : is_pred(fn, p->arg[1], 64, false) ? p->arg[0] : 0;
    case OP_pnot:
        if (a->op == OP_pnot && p->imm == 64 && a->imm == 64) {
            return a->arg[0];
        }
        return 0;
    default:
        return 0;
    }
}

/* -- one step, and the way in ------------------------------------------------------------------------------------- */

static TcgId step(TcgFn *fn, TcgProto *p)
{
    const TcgNode *a;

    switch (p->op) {
    case OP_mov:
        return p->arg[0];
    case OP_add: case OP_sub:
        return add_sub(fn, p);
    case OP_mul:
        return multiply(fn, p);
    case OP_mulhu: case OP_mulhs:
        return is_value(fn, p->arg[1], 0) ? p->arg[1] : 0;
    case OP_divu: case OP_divs:
        return divide(fn, p);
    case OP_and: case OP_or: case OP_xor: case OP_andn: case OP_orn:
        return logic(fn, p);
    case OP_not: case OP_neg: case OP_bswap: case OP_rbit:
        a = fn_node(fn, p->arg[0]);
        return a->op == p->op ? a->arg[0] : 0;
    case OP_clz: case OP_ctz:
        a = fn_node(fn, p->arg[0]);
        if (a->op == OP_rbit) {
            become(p, p->op == OP_clz ? OP_ctz : OP_clz, a->arg[0], 0);
        }
        return 0;
    case OP_shl: case OP_shr: case OP_sar: case OP_ror:
        return shift(fn, p);
    case OP_extract: case OP_sextract:
        return field(fn, p);
    case OP_deposit:
        return deposit(fn, p);
    case OP_extract2:
        if (p->aux == 0) {
            return p->arg[0];
        }
        if (p->arg[0] == p->arg[1]) {
            become(p, OP_ror, p->arg[0], tcg_fn_const(fn, p->type, p->aux));
        } else if (is_value(fn, p->arg[1], 0)) {
            become(p, OP_shr, p->arg[0], tcg_fn_const(fn, p->type, p->aux));
        }
        return 0;
    case OP_trunc: case OP_zext: case OP_sext:
        return convert(fn, p);
    case OP_setcond: case OP_select_cmp:
        return compare(fn, p);
    case OP_select: case OP_select_fc: case OP_flags_cond:
        return choose(fn, p);
    case OP_flags_sub: case OP_flags_adc:
        return flags(fn, p);
    case OP_vget:
        return vget(fn, p);
    default:
        return p->op >= OP_vlow && p->op <= OP_ptest ? wide(fn, p) : tcg_type_is_vec(p->type) ? vector(fn, p) : 0;
    }
}

TcgId tcg_simplify(TcgFn *fn, TcgProto *p)
{
    for (unsigned round = 0; round < 4; round++) {
        const TcgOpDef *def = &tcg_op_def[p->op];
        unsigned args = def->args, consts = 0;
        TcgId r;

        if (args == 0) {
            return 0;
        }
        for (unsigned i = 0; i < args; i++) {
            consts += fn_node(fn, p->arg[i])->op == OP_const;
        }
        if (consts == args) {
            return all_const(fn, p, args);
        }
        if (consts && def->flags & TCGF_COMM && fn_node(fn, p->arg[0])->op == OP_const) {
            TcgId t = p->arg[0];

            p->arg[0] = p->arg[1];
            p->arg[1] = t;
        }
        p->changed = false;
        r = step(fn, p);
        if (r || !p->changed) {
            return r;
        }
    }
    return 0;
}
