/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loops over strings ask whether a comparison of 16 bytes found anything: neighbours are folded to their maximum (UMAXP), the
 * low half moves to an integer, and that is compared with 0. The vector itself can be asked. Where it is 0 so are the folded
 * vector and its half; what computes them moves to where they are not.
 */
#include "core/tcg/ir_int.h"

enum { NUM_VALUES = 4, NUM_ZERO = 2 };

/* A branch on whether a vector is zero, and what has been made of the vector. */
typedef struct VecBranch {
    uint32_t block, zero, other;                /* where it is, and its successors */
    TcgId vec;
    TcgId value[NUM_VALUES];                    /* half, folded, two tables, of vec at last; NUM_ZERO are 0 where it is */
} VecBranch;

static const TcgNode *is_table(const TcgFn *fn, TcgId v)
{
    const TcgNode *n = fn_node(fn, v);

    return n->op == OP_vtbl && fn_node(fn, n->arg[1])->op == OP_const ? n : NULL;
}

/* If the low half of v is 0 just where another vector is: that vector, and what it is made by in between; else 0. */
static TcgId asked_of(const TcgFn *fn, TcgId v, TcgId ret_between[2])
{
    const TcgNode *max = fn_node(fn, v), *a, *b;
    uint32_t seen = 0;

    if (max->op != OP_vumax || max->aux != 0) {
        return 0;
    }
    a = is_table(fn, max->arg[0]);
    b = is_table(fn, max->arg[1]);
    if (!a || !b || a->arg[0] != b->arg[0]) {
        return 0;
    }
    for (unsigned i = 0; i < 8; i++) {
        uint8_t x = (uint8_t)(fn_node(fn, a->arg[1])->imm >> 8 * i), y = (uint8_t)(fn_node(fn, b->arg[1])->imm >> 8 * i);

        seen |= (x < 16 ? 1u << x : 0) | (y < 16 ? 1u << y : 0);
    }
    ret_between[0] = max->arg[0];
    ret_between[1] = max->arg[1];
    return seen == 0xffff ? a->arg[0] : 0;
}

static bool find(const TcgFn *fn, uint32_t block, VecBranch *ret)
{
    const TcgIrBlock *b = fn_block(fn, block);
    const TcgNode *n = fn_node(fn, b->last), *half;
    TcgId between[2], vec;

    if (n->op != OP_brcond || n->type != TCG_I64 || n->aux > COND_NE || b->succ[0] == b->succ[1] ||
        fn_node(fn, n->arg[1])->op != OP_const || fn_node(fn, n->arg[1])->imm != 0) {
        return false;
    }
    half = fn_node(fn, n->arg[0]);
    if (half->op != OP_vget || half->aux != 3 || half->imm != 0) {
        return false;
    }
    vec = asked_of(fn, half->arg[0], between);
    if (!vec) {
        return false;
    }
    *ret = (VecBranch){
        .vec = vec, .block = block, .zero = b->succ[n->aux != COND_EQ], .other = b->succ[n->aux == COND_EQ],
        .value = { n->arg[0], half->arg[0], between[0], between[1] },
    };
    return true;
}

/* Whether the edge to `to`, from its only predecessor, is on every way to block `at`. */
static bool is_behind(const TcgFn *fn, uint32_t to, uint32_t at)
{
    return fn_block(fn, to)->num_preds == 1 && tcg_fn_dominates(fn, to, at);
}

/* A visitor of a value's uses: in which block it is wanted (a phi's: at that predecessor's end), of which phi's block. */
typedef void UseFn(TcgFn *fn, VecBranch *v, uint32_t block, uint32_t phi_block, TcgId *use, void *opaque);

static void each_use(TcgFn *fn, VecBranch *v, UseFn *visit, void *opaque)
{
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);

        for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
            TcgNode *n = fn_node(fn, id);
            bool phi = n->op == OP_phi;

            for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
                visit(fn, v, block, 0, &n->arg[k], opaque);
            }
            for (uint32_t k = 0; k < n->list_len; k++) {
                uint32_t at = phi ? *fn_list(fn, fn_block(fn, block)->preds + k) : block;

                visit(fn, v, at, phi ? block : 0, fn_list(fn, n->list + k), opaque);
            }
            for (uint32_t k = 0; n->map && k < fn_map(fn, n->map)->num; k++) {
                visit(fn, v, block, 0, &fn_map_entry(fn, fn_map(fn, n->map)->first + k)->value, opaque);
            }
        }
    }
}

static void use_zero(TcgFn *fn, VecBranch *v, uint32_t block, uint32_t phi_block, TcgId *use, void *opaque)
{
    const TcgId *zero = opaque;
    bool on_edge = phi_block == v->zero && block == v->block;

    for (unsigned i = 0; i < NUM_ZERO; i++) {
        if (*use == v->value[i] && (on_edge || is_behind(fn, v->zero, block))) {
            *use = zero[fn_node(fn, *use)->type == TCG_V128];
        }
    }
}

typedef struct Wanted {
    TcgId value;
    uint32_t to;
    bool elsewhere;
} Wanted;

static void note_use(TcgFn *fn, VecBranch *v, uint32_t block, uint32_t phi_block, TcgId *use, void *opaque)
{
    Wanted *w = opaque;

    w->elsewhere |= *use == w->value && !is_behind(fn, w->to, block);
}

static void sink(TcgFn *fn, VecBranch *v)
{
    for (unsigned i = 0; i < NUM_VALUES; i++) {
        Wanted w = { v->value[i], v->other, false };
        TcgId before;

        each_use(fn, v, note_use, &w);
        if (w.elsewhere) {
            return;                             /* and so is what it is made of */
        }
        for (before = fn_block(fn, v->other)->first; fn_node(fn, before)->op == OP_phi;) {
            before = fn_node(fn, before)->next;
        }
        tcg_fn_remove(fn, w.value);
        tcg_fn_insert_before(fn, before, w.value);
    }
}

void tcg_vec_branch(TcgFn *fn)
{
    for (uint32_t i = 0; !fn->config->naive && i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);
        VecBranch v;
        TcgNode *n;
        TcgId zero[2];

        if (!find(fn, block, &v)) {
            continue;
        }
        zero[0] = tcg_fn_const(fn, TCG_I64, 0);
        zero[1] = tcg_fn_const_v(fn, 0, 0);
        n = fn_node(fn, fn_block(fn, block)->last);
        n->op = OP_br_vec;
        n->type = TCG_V128;
        n->arg[0] = v.vec;
        n->arg[1] = 0;
        each_use(fn, &v, use_zero, zero);
        if (fn_block(fn, v.other)->num_preds > 1) {
            v.other = tcg_fn_split_edge(fn, block, fn_block(fn, block)->succ[1] == v.other);
            tcg_fn_update_graph(fn);
            i = 0;                              /* the order is another one */
        }
        sink(fn, &v);
    }
}
