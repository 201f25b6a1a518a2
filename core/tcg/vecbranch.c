/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loops over strings ask whether a comparison of 16 bytes found anything: neighbours are folded to their maximum (UMAXP), and
 * so are two vectors or four, the low half moves to an integer, and that is compared with 0. The vectors can be asked
 * themselves, all at once. Where they are 0 so are what they were folded to and the half; elsewhere these are computed behind
 * the branch, as is what depends on them.
 *
 * Where the half is compared only if something else holds (CCMP: there are bytes left), there are two branches then.
 *
 * So there are where a word is asked whether it has a byte of 0, and if it has none, whether it is another one's equal: the
 * first question is (a & ~(x | k)) == 0, which is (a & ~x & ~k) == 0, without x | k in between.
 */
#include "core/tcg/ir_int.h"

#include <string.h>

enum { MAX_FOLDED = 8, MAX_MOVED = 16, ZERO = 0, OTHER = 1 };

/* A branch on whether vectors are zero, and what has been made of the vectors. */
typedef struct VecBranch {
    uint32_t block, to[2];                      /* where it is; where it leads if they are, and else */
    uint32_t from;                              /* where it was */
    TcgId vec[MAX_FOLDED];                      /* what is asked */
    TcgId value[MAX_FOLDED];                    /* the half and what is folded, that are 0 where that is */
    unsigned num_vecs, num_values;
    TcgId moved[MAX_MOVED], there[2][MAX_MOVED];        /* the values, what else is made of them in `from`; copies of that */
    bool stays[MAX_MOVED], mapped[MAX_MOVED];   /* wanted elsewhere, by code; by maps, as recipes */
    bool wanted[2][MAX_MOVED];
    TcgId with[2];                              /* what else is computed where it is wanted; or 0 */
    TcgId zero;                                 /* made before uses are walked: nodes may move */
    unsigned num_moved;
} VecBranch;

static int index_of(const TcgId *list, unsigned num, TcgId id)
{
    for (unsigned i = 0; i < num; i++) {
        if (list[i] == id) {
            return (int)i;
        }
    }
    return -1;
}

/* What must be 0 for v to be. False: it is too much. */
static bool ask(const TcgFn *fn, TcgId v, VecBranch *ret)
{
    const TcgNode *n = fn_node(fn, v);

    if (n->op != OP_vumaxp) {
        ret->vec[ret->num_vecs++] = v;
        return ret->num_vecs < MAX_FOLDED;
    }
    if (ret->num_values == MAX_FOLDED) {
        return false;
    }
    ret->value[ret->num_values++] = v;
    return ask(fn, n->arg[0], ret) && (n->arg[0] == n->arg[1] || ask(fn, n->arg[1], ret));
}

/* Whether n, a comparison, is one of a folded vector's half with 0; then what that asks. */
static bool is_asked(const TcgFn *fn, const TcgNode *n, VecBranch *ret)
{
    const TcgNode *half = fn_node(fn, n->arg[0]), *zero = fn_node(fn, n->arg[1]), *folded = fn_node(fn, half->arg[0]);

    ret->num_values = ret->num_vecs = 0;
    if (n->type != TCG_I64 || n->aux > COND_NE || zero->op != OP_const || zero->imm != 0 || half->op != OP_vget ||
        half->aux != 3 || half->imm != 0 || folded->op != OP_vumaxp) {
        return false;
    }
    ret->value[ret->num_values++] = n->arg[0];
    if (folded->arg[0] == folded->arg[1]) {
        ret->value[ret->num_values++] = half->arg[0];
    }
    return ask(fn, folded->arg[0], ret);        /* the other one's is the high half */
}

/* Whether a branch on two comparisons, both of which must hold, has such a one: which argument it is. */
static bool has_asked(const TcgFn *fn, const TcgNode *n, VecBranch *ret, unsigned *ret_arg)
{
    if (n->type != TCG_I32 || (n->aux != COND_TSTEQ && n->aux != COND_TSTNE)) {
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        const TcgNode *s = fn_node(fn, n->arg[i]);

        if (s->op == OP_setcond && s->aux == COND_EQ && fn_node(fn, n->arg[1 - i])->op == OP_setcond && is_asked(fn, s, ret)) {
            *ret_arg = i;
            return true;
        }
    }
    return false;
}

static bool is_i64(const TcgNode *n, TcgOpcode op)
{
    return n->op == op && n->type == TCG_I64;
}

/* Whether a branch asks if a value is 0 and two are equal, where that one is as in this file's head: which argument it is. */
static bool has_bytes(const TcgFn *fn, const TcgNode *n, unsigned *ret_arg)
{
    const TcgNode *either = fn_node(fn, n->arg[0]), *zero = fn_node(fn, n->arg[1]);

    if (n->type != TCG_I64 || n->aux > COND_NE || zero->op != OP_const || zero->imm != 0 || !is_i64(either, OP_or)) {
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        const TcgNode *bytes = fn_node(fn, either->arg[i]), *with = fn_node(fn, bytes->arg[1]);
        const TcgNode *equal = fn_node(fn, either->arg[1 - i]);

        /* operands of 32 bits may have anything above them */
        if (is_i64(bytes, OP_andn) && is_i64(with, OP_or) && fn_node(fn, with->arg[1])->op == OP_const &&
            is_i64(equal, OP_xor)) {
            *ret_arg = i;
            return true;
        }
    }
    return false;
}

/* An edge to a block that has no phis. */
static void add_edge(TcgFn *fn, uint32_t from, uint32_t to)
{
    TcgIrBlock *b = fn_block(fn, to);
    uint32_t num = b->num_preds, list = tcg_fn_list_new(fn, num + 1);

    for (uint32_t i = 0; i < num; i++) {
        *fn_list(fn, list + i) = *fn_list(fn, b->preds + i);
    }
    *fn_list(fn, list + num) = from;
    b->preds = list;
    b->num_preds = num + 1;
    fn_block(fn, from)->succ[fn_block(fn, from)->num_succ++] = to;
}

/* Successor e, after a block of its own if others lead there as well, or if it has phis. */
static uint32_t own_successor(TcgFn *fn, uint32_t block, unsigned e)
{
    uint32_t to = fn_block(fn, block)->succ[e];

    if (fn_block(fn, to)->num_preds == 1 && fn_node(fn, fn_block(fn, to)->first)->op != OP_phi) {
        return to;
    }
    return tcg_fn_split_edge(fn, block, e);
}

/*
 * Makes two branches of the one at the end of v->from: the second one, in v->block, where what the first asks holds. They
 * lead to two blocks of their own. zero: the successor where both hold.
 */
static void make_two(TcgFn *fn, VecBranch *v, unsigned zero)
{
    v->to[OTHER] = own_successor(fn, v->from, !zero);
    v->block = tcg_fn_split_edge(fn, v->from, zero);
    add_edge(fn, v->block, v->to[OTHER]);
    fn_block(fn, v->from)->succ[0] = v->block;
    fn_block(fn, v->from)->succ[1] = v->to[OTHER];
    v->to[ZERO] = own_successor(fn, v->block, 0);
}

static void set_branch(TcgFn *fn, uint32_t block, TcgOpcode op, TcgType type, unsigned aux, TcgId a, TcgId b)
{
    TcgNode *n = fn_node(fn, fn_block(fn, block)->last);

    n->op = op;
    n->type = type;
    n->aux = (uint16_t)aux;
    n->arg[0] = a;
    n->arg[1] = b;
}

static TcgId new_before(TcgFn *fn, TcgId before, TcgOpcode op, TcgType type, TcgId a, TcgId b)
{
    TcgId id = tcg_fn_node_new(fn, op, type);

    fn_node(fn, id)->arg[0] = a;
    fn_node(fn, id)->arg[1] = b;
    tcg_fn_insert_before(fn, before, id);
    return id;
}

static void convert_bytes(TcgFn *fn, VecBranch *v, unsigned second)
{
    TcgId last = fn_block(fn, v->from)->last, either = fn_node(fn, last)->arg[0], bytes = fn_node(fn, either)->arg[second];
    TcgId equal = fn_node(fn, either)->arg[1 - second], with = fn_node(fn, bytes)->arg[1], x = fn_node(fn, with)->arg[0];
    uint64_t k = fn_node(fn, fn_node(fn, with)->arg[1])->imm;
    const TcgId pair[2] = { fn_node(fn, equal)->arg[0], fn_node(fn, equal)->arg[1] };
    TcgId a;

    make_two(fn, v, fn_node(fn, last)->aux != COND_EQ);
    v->value[v->num_values++] = bytes;
    v->with[0] = with;
    v->with[1] = equal;
    a = new_before(fn, last, OP_andn, TCG_I64, fn_node(fn, bytes)->arg[0], x);
    set_branch(fn, v->from, OP_brcond, TCG_I64, COND_TSTEQ, a, tcg_fn_const(fn, TCG_I64, ~k));
    set_branch(fn, v->block, OP_brcond, TCG_I64, COND_EQ, pair[0], pair[1]);
}

/* Turns the branch at the end of a block into one on vectors, or two on words, if it is one that asks for that. */
static bool convert(TcgFn *fn, uint32_t block, VecBranch *ret)
{
    const TcgNode *n = fn_node(fn, fn_block(fn, block)->last);
    VecBranch v = { .block = block, .from = block };
    unsigned second, aux = n->aux;
    TcgId all, last;

    if (n->op != OP_brcond || fn_block(fn, block)->succ[0] == fn_block(fn, block)->succ[1]) {
        return false;
    }
    if (has_bytes(fn, n, &second)) {
        convert_bytes(fn, &v, second);
        tcg_fn_update_graph(fn);
        *ret = v;
        return true;
    }
    if (is_asked(fn, n, &v)) {
        v.to[OTHER] = own_successor(fn, block, aux == COND_EQ);
        v.to[ZERO] = own_successor(fn, block, aux != COND_EQ);
    } else {
        TcgNode first;

        if (!has_asked(fn, n, &v, &second)) {
            return false;
        }
        first = *fn_node(fn, n->arg[1 - second]);
        make_two(fn, &v, aux != COND_TSTNE);
        set_branch(fn, block, OP_brcond, first.type, first.aux, first.arg[0], first.arg[1]);
        aux = COND_EQ;
    }
    last = fn_block(fn, v.block)->last;
    all = v.vec[0];
    for (unsigned i = 1; i < v.num_vecs; i++) {
        all = new_before(fn, last, OP_vor, TCG_V128, all, v.vec[i]);
    }
    set_branch(fn, v.block, OP_br_vec, TCG_V128, aux, all, 0);
    if (fn_node(fn, all)->op == OP_vcmp && fn_node(fn, all)->imm != COND_EQ && fn_node(fn, all)->imm != COND_GT) {
        v.with[0] = all;                        /* it may take less if the branch alone wants it */
    }
    tcg_fn_update_graph(fn);
    *ret = v;
    return true;
}

/* A visitor of a value's uses: who uses it, in which block that is wanted (a phi's: at that predecessor's end). */
typedef void UseFn(TcgFn *fn, VecBranch *v, TcgId user, uint32_t block, TcgId *use, bool map);

static void each_use(TcgFn *fn, VecBranch *v, UseFn *visit)
{
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);

        for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
            TcgNode *n = fn_node(fn, id);

            for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
                visit(fn, v, id, block, &n->arg[k], false);
            }
            for (uint32_t k = 0; k < n->list_len; k++) {
                visit(fn, v, id, n->op == OP_phi ? *fn_list(fn, fn_block(fn, block)->preds + k) : block,
                      fn_list(fn, n->list + k), false);
            }
            for (uint32_t k = 0; n->map && k < fn_map(fn, n->map)->num; k++) {
                visit(fn, v, id, block, &fn_map_entry(fn, fn_map(fn, n->map)->first + k)->value, true);
            }
        }
    }
}

/* The values, and what is made of them where they are. */
static void collect(TcgFn *fn, VecBranch *v)
{
    for (TcgId id = fn_block(fn, v->from)->first; id && v->num_moved < MAX_MOVED; id = fn_node(fn, id)->next) {
        const TcgNode *n = fn_node(fn, id);
        bool depends = index_of(v->value, v->num_values, id) >= 0 || id == v->with[0] || id == v->with[1];

        for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
            depends |= index_of(v->moved, v->num_moved, n->arg[k]) >= 0;
        }
        if (depends && tcg_op_def[n->op].flags & TCGF_PURE && n->op != OP_phi) {
            v->moved[v->num_moved++] = id;
        }
    }
}

static void note_use(TcgFn *fn, VecBranch *v, TcgId user, uint32_t block, TcgId *use, bool map)
{
    int i = index_of(v->moved, v->num_moved, *use);

    if (i >= 0 && index_of(v->moved, v->num_moved, user) < 0) {
        if (tcg_fn_dominates(fn, v->to[ZERO], block)) {
            v->wanted[ZERO][i] = true;
        } else if (tcg_fn_dominates(fn, v->to[OTHER], block)) {
            v->wanted[OTHER][i] = true;
        } else {
            *(map ? &v->mapped[i] : &v->stays[i]) = true;
        }
    }
}

static void use_there(TcgFn *fn, VecBranch *v, TcgId user, uint32_t block, TcgId *use, bool map)
{
    int i = index_of(v->moved, v->num_moved, *use);

    if (i >= 0 ? index_of(v->moved, v->num_moved, user) < 0 : index_of(v->vec, v->num_vecs, *use) >= 0) {
        if (tcg_fn_dominates(fn, v->to[ZERO], block)) {
            *use = i >= 0 ? v->there[ZERO][i] : v->zero;
        } else if (i >= 0 && tcg_fn_dominates(fn, v->to[OTHER], block)) {
            *use = v->there[OTHER][i];
        }
    }
}

/* Copies of what is wanted at the beginning of a successor. */
static void place(TcgFn *fn, VecBranch *v, unsigned side)
{
    TcgId before = tcg_fn_after_phis(fn, v->to[side]);

    for (unsigned i = 0; i < v->num_moved; i++) {
        bool zero = side == ZERO && (index_of(v->value, v->num_values, v->moved[i]) >= 0 ||
                                     index_of(v->vec, v->num_vecs, v->moved[i]) >= 0);
        bool again = v->moved[i] == v->with[0] || v->moved[i] == v->with[1];
        TcgId id = v->moved[i];

        if (zero) {
            id = tcg_fn_const(fn, fn_node(fn, id)->type == TCG_V128 ? TCG_V128 : TCG_I64, 0);
        } else if (v->wanted[side][i] && (side == ZERO || !v->stays[i] || again)) {
            TcgNode *n;

            id = tcg_fn_node_new(fn, OP_const, TCG_VOID);
            n = fn_node(fn, id);
            *n = *fn_node(fn, v->moved[i]);
            n->block = n->next = n->prev = 0;
            for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
                int from = index_of(v->moved, i, n->arg[k]);

                n->arg[k] = from >= 0 ? v->there[side][from] : n->arg[k];
            }
            tcg_fn_insert_before(fn, before, id);
        }
        v->there[side][i] = id;
    }
}

void tcg_vec_branch(TcgFn *fn)
{
    for (uint32_t i = 0; !fn->config->naive && i < fn->rpo->len; i++) {
        VecBranch v;

        if (!convert(fn, g_array_index(fn->rpo, uint32_t, i), &v)) {
            continue;
        }
        i = 0;                                  /* the order is another one */
        collect(fn, &v);
        each_use(fn, &v, note_use);
        for (unsigned m = v.num_moved; m-- > 0;) {
            const TcgNode *n = fn_node(fn, v.moved[m]);

            for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
                int from = index_of(v.moved, m, n->arg[k]);

                if (from >= 0) {                /* as what it is made of */
                    v.stays[from] |= v.stays[m];
                    v.mapped[from] |= v.mapped[m];
                    v.wanted[ZERO][from] |= v.wanted[ZERO][m];
                    v.wanted[OTHER][from] |= v.wanted[OTHER][m];
                }
            }
        }
        place(fn, &v, ZERO);
        place(fn, &v, OTHER);
        v.zero = tcg_fn_const_v(fn, 0, 0);
        each_use(fn, &v, use_there);
        for (unsigned m = v.num_moved; m-- > 0;) {
            if (!v.stays[m] && !v.mapped[m]) {
                tcg_fn_remove(fn, v.moved[m]);
            }
        }
    }
}
