/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dead code: what neither code nor a state map needs goes. What maps alone need becomes a recipe where it can.
 *
 * Marking runs from the operations that have an effect; it counts `uses`. Then the maps are walked: a value that is
 * not marked, is PURE and no phi, is left to be computed when the map is written back, and its operands are asked the
 * same question; any other is marked as if the map were code. A recipe is at most MAX_HEIGHT operations deep.
 *
 * Flags in loops need more. The flags that a loop's last instruction left are, for a map in the next iteration, a phi
 * of the flags on entry and a flags operation; and the exit stores them. Computed as written, that is a flags
 * operation an iteration which nothing reads. So (1) a use of a flags value (or of an element of a vector) outside the
 * loop that computes it gets its own copy there, and (2) a phi that no code needs is decomposed: into a phi of which
 * kind of operation it was, if there are several, and phis of the operands of each; the flags are then a recipe of these.
 */
#include "core/tcg/ir_int.h"

#include <string.h>

enum { MAX_HEIGHT = 4, MAX_WEB = 16, MAX_KINDS = 3, MAX_PARTS = 4 };

typedef struct Deferred {
    TcgId user, value;
    uint32_t arg;                               /* index of the argument, or of the list word */
} Deferred;

typedef struct Dce {
    TcgFn *fn;
    TcgId *stack;                               /* in scratch slot 0 */
    uint32_t top, cap;
    uint32_t num_deferred, num_placed;          /* in scratch slot 1 */
} Dce;

/* While this pass runs, a node's pos says whether it was visited, and out how high a recipe it is. */

static void grow(Dce *d)
{
    d->cap = 2 * d->cap + d->fn->nodes->len;
    d->stack = tcg_fn_scratch(d->fn, 0, d->cap * sizeof(TcgId));
}

static inline void push(Dce *d, TcgId id)
{
    if (G_UNLIKELY(d->top == d->cap)) {
        grow(d);
    }
    d->stack[d->top++] = id;
}

static inline void use(Dce *d, TcgId v)
{
    TcgNode *n = fn_node(d->fn, v);

    n->uses++;
    if (!n->pos && n->op != OP_const) {
        n->pos = 1;
        push(d, v);
    }
}

/* If n chooses between a flags operation and a constant: which argument is the former; else 0. */
static unsigned flags_choice(const TcgFn *fn, const TcgNode *n)
{
    if (n->op == OP_select_cmp && n->type == TCG_I32) {
        for (unsigned arm = 2; arm < 4; arm++) {
            const TcgNode *x = fn_node(fn, n->arg[arm]);

            if (tcg_op_def[x->op].flags & TCGF_FLAGS && tcg_op_def[x->op].args <= 2 &&
                fn_node(fn, n->arg[5 - arm])->op == OP_const) {
                return arm;
            }
        }
    }
    return 0;
}

/*
 * Whether a use of n in block `at` can have a copy of its own there, that runs less often than n. A flags_fp raises what its
 * comparison raised, again; but it passes no helper that takes that away, since one writes all registers (ir.md).
 */
static bool may_defer(const TcgFn *fn, const TcgNode *n, uint32_t at)
{
    bool left = fn_block(fn, at)->loop_depth < fn_block(fn, n->block)->loop_depth;
    bool leaves = at != n->block && fn_block(fn, at)->num_succ == 0;

    return (left || leaves) && (tcg_op_def[n->op].flags & TCGF_FLAGS || n->op == OP_vget || flags_choice(fn, n) ||
                                (left && n->op == OP_phi && n->type == TCG_I32));
}

/* A use by code in block `at`: put off if it is one that can have its own copy there. */
static inline void use_at(Dce *d, TcgId user, uint32_t arg, TcgId v, uint32_t at)
{
    TcgFn *fn = d->fn;
    const TcgNode *n = fn_node(fn, v);

    if (n->block && !n->pos && may_defer(fn, n, at)) {
        if (fn->scratch[1]->len < (d->num_deferred + 1) * sizeof(Deferred)) {
            g_byte_array_set_size(fn->scratch[1], 2 * (d->num_deferred + 1) * sizeof(Deferred) + 256);
        }
        ((Deferred *)fn->scratch[1]->data)[d->num_deferred++] = (Deferred){ user, v, arg };
        return;
    }
    use(d, v);
}

static void drain(Dce *d)
{
    TcgFn *fn = d->fn;

    while (d->top) {
        TcgId id = d->stack[--d->top];
        const TcgNode *n = fn_node(fn, id);
        const TcgIrBlock *b = fn_block(fn, n->block);
        unsigned args = tcg_op_def[n->op].args;

        for (unsigned i = 0; i < args; i++) {
            use_at(d, id, i, n->arg[i], n->block);
        }
        for (uint32_t i = 0; i < n->list_len; i++) {
            use_at(d, id, i, *fn_list(fn, n->list + i), n->op == OP_phi ? *fn_list(fn, b->preds + i) : n->block);
        }
    }
}

static bool is_root(const TcgNode *n)
{
    if (n->op == OP_call) {
        return !(call_helper(n)->flags & HELPER_PURE);
    }
    return tcg_op_def[n->op].flags & (TCGF_EFFECT | TCGF_END);
}

/* -- decomposing phis of flags ------------------------------------------------------------------------------------ */

/*
 * One kind of leaf of a web of phis: a flags operation, or (op is OP_const) a value as it is. Or a choice, by a
 * comparison, between a flags operation and a constant: then its first two operands are what is compared.
 */
typedef struct Kind {
    uint8_t op, type;
    uint16_t aux;
    unsigned num_args;
    bool choice;
    uint8_t cond, cond_type;
    uint8_t arm;                                /* which of the select_cmp's arguments is the flags operation: 2 or 3 */
    TcgId other;                                /* the constant */
} Kind;

typedef struct Web {
    TcgId phi[MAX_WEB];
    unsigned num;
    Kind kind[MAX_KINDS];
    unsigned num_kinds;
    TcgId select[MAX_WEB];                      /* the phi that says which kind */
    TcgId part[MAX_WEB][MAX_KINDS][MAX_PARTS];  /* the phis of the operands */
} Web;

static int web_index(const Web *w, TcgId id)
{
    for (unsigned i = 0; i < w->num; i++) {
        if (w->phi[i] == id) {
            return i;
        }
    }
    return -1;
}

static bool is_unmarked_phi(const TcgNode *n)
{
    return n->op == OP_phi && !n->pos && n->type == TCG_I32;
}

static Kind kind_of(const TcgFn *fn, const TcgNode *n)
{
    unsigned arm = n->pos ? 0 : flags_choice(fn, n);

    if (tcg_op_def[n->op].flags & TCGF_FLAGS && !n->pos) {
        return (Kind){ .op = n->op, .type = n->type, .aux = n->aux, .num_args = tcg_op_def[n->op].args };
    }
    if (arm) {
        const TcgNode *x = fn_node(fn, n->arg[arm]);

        return (Kind){ .op = x->op, .type = x->type, .aux = x->aux, .num_args = 2 + tcg_op_def[x->op].args, .choice = true,
                       .cond = (uint8_t)n->aux, .cond_type = (uint8_t)n->imm, .arm = (uint8_t)arm,
                       .other = n->arg[5 - arm] };
    }
    return (Kind){ .op = OP_const, .type = TCG_I32, .num_args = 1 };
}

static int leaf_kind(const TcgFn *fn, const Web *w, const TcgNode *n)
{
    Kind a = kind_of(fn, n);

    for (unsigned k = 0; k < w->num_kinds; k++) {
        const Kind *b = &w->kind[k];

        if (a.op == b->op && a.type == b->type && a.aux == b->aux && a.choice == b->choice && a.cond == b->cond &&
            a.cond_type == b->cond_type && a.arm == b->arm &&
            (!a.choice || fn_node(fn, a.other)->imm == fn_node(fn, b->other)->imm)) {
            return k;
        }
    }
    return -1;
}

/* Operand j of a leaf v of a kind, and its type. */
static TcgId leaf_operand(const TcgFn *fn, const Kind *k, TcgId v, unsigned j)
{
    const TcgNode *n = fn_node(fn, v);

    if (k->op == OP_const) {
        return v;
    }
    if (k->choice && j >= 2) {
        return fn_node(fn, n->arg[k->arm])->arg[j - 2];
    }
    return n->arg[j];
}

static TcgType operand_type(const Kind *k, unsigned j)
{
    return k->choice && j < 2 ? k->cond_type : k->type;
}

/* Adds the phis that have one of the web among their arguments. False: there are too many. */
static bool web_add_users(const TcgFn *fn, Web *w)
{
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        TcgId id = fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->first;

        for (; id && fn_node(fn, id)->op == OP_phi; id = fn_node(fn, id)->next) {
            const TcgNode *p = fn_node(fn, id);

            for (uint32_t a = 0; a < p->list_len && is_unmarked_phi(p) && web_index(w, id) < 0; a++) {
                if (web_index(w, *fn_list(fn, p->list + a)) >= 0) {
                    if (w->num == MAX_WEB) {
                        return false;
                    }
                    w->phi[w->num++] = id;
                }
            }
        }
    }
    return true;
}

/* The phis that `phi` is connected to through phis alone, and the kinds of their other arguments. */
static bool web_collect(Dce *d, TcgId phi, Web *w)
{
    TcgFn *fn = d->fn;
    bool any_flags = false;

    w->num = 1;
    w->phi[0] = phi;
    w->num_kinds = 0;
    for (unsigned i = 0; i < w->num; i++) {
        const TcgNode *p = fn_node(fn, w->phi[i]);

        for (uint32_t a = 0; a < p->list_len; a++) {
            TcgId v = *fn_list(fn, p->list + a);

            if (is_unmarked_phi(fn_node(fn, v)) && web_index(w, v) < 0) {
                if (w->num == MAX_WEB) {
                    return false;
                }
                w->phi[w->num++] = v;
            }
        }
        if (i == w->num - 1 && !web_add_users(fn, w)) {
            return false;
        }
    }
    for (unsigned i = 0; i < w->num; i++) {
        const TcgNode *p = fn_node(fn, w->phi[i]);

        for (uint32_t a = 0; a < p->list_len; a++) {
            TcgId v = *fn_list(fn, p->list + a);
            const TcgNode *n = fn_node(fn, v);

            if (web_index(w, v) < 0 && leaf_kind(fn, w, n) < 0) {
                if (w->num_kinds == MAX_KINDS) {
                    return false;
                }
                w->kind[w->num_kinds] = kind_of(fn, n);
                any_flags |= w->kind[w->num_kinds++].op != OP_const;
            }
        }
    }
    return any_flags;
}

static TcgId new_phi(TcgFn *fn, TcgId like, TcgType type)
{
    TcgId id = tcg_fn_node_new(fn, OP_phi, type);
    uint32_t len = fn_node(fn, like)->list_len, list = tcg_fn_list_new(fn, len);

    fn_node(fn, id)->list = list;
    fn_node(fn, id)->list_len = len;
    tcg_fn_insert_before(fn, like, id);
    return id;
}

/*
 * The one value that operand j of kind k always has, if it is the same wherever that kind comes from and is defined
 * above every phi of the web; else 0.
 */
static TcgId common_operand(TcgFn *fn, const Web *w, unsigned k, unsigned j)
{
    TcgId only = 0;

    for (unsigned i = 0; i < w->num; i++) {
        const TcgNode *p = fn_node(fn, w->phi[i]);

        for (uint32_t a = 0; a < p->list_len; a++) {
            TcgId v = *fn_list(fn, p->list + a);
            const TcgNode *n = fn_node(fn, v);

            if (web_index(w, v) >= 0 || leaf_kind(fn, w, n) != (int)k) {
                continue;
            }
            v = leaf_operand(fn, &w->kind[k], v, j);
            if (only && v != only) {
                return 0;
            }
            only = v;
        }
    }
    for (unsigned i = 0; i < w->num; i++) {
        uint32_t at = fn_node(fn, w->phi[i])->block, def = fn_node(fn, only)->block;

        if (def && (def == at || !tcg_fn_dominates(fn, def, at))) {
            return 0;
        }
    }
    return only;
}

/*
 * Whether phi `as` is operand j of kind k wherever phi i of the web is of that kind: what it is elsewhere does not
 * matter. What that says of other phis of the web is noted in part.
 */
static bool serves(const TcgFn *fn, const Web *w, TcgId *part, unsigned i, TcgId as, unsigned k, unsigned j)
{
    const TcgNode *p = fn_node(fn, w->phi[i]), *q = fn_node(fn, as);

    if (part[i]) {
        return part[i] == as;
    }
    if (q->op != OP_phi || q->block != p->block || web_index(w, as) >= 0) {
        return false;
    }
    part[i] = as;
    for (uint32_t a = 0; a < p->list_len; a++) {
        TcgId v = *fn_list(fn, p->list + a), u = *fn_list(fn, q->list + a);
        const TcgNode *n = fn_node(fn, v);
        int from = web_index(w, v);

        if (from >= 0 ? !serves(fn, w, part, from, u, k, j)
                      : leaf_kind(fn, w, n) == (int)k && u != leaf_operand(fn, &w->kind[k], v, j)) {
            return false;
        }
    }
    return true;
}

static bool fits(const TcgFn *fn, TcgType have, TcgType want)
{
    return have == want || (fn->done & PROP_WIDTHS && have <= TCG_I64 && want <= TCG_I64);
}

/* Finds phis that are there already for operand j of kind k: in w->part, 0 where there is none. */
static void find_parts(const TcgFn *fn, Web *w, unsigned k, unsigned j)
{
    for (unsigned i = 0; i < w->num; i++) {
        TcgId id = w->part[i][k][j] ? 0 : fn_block(fn, fn_node(fn, w->phi[i])->block)->first;

        for (; id && fn_node(fn, id)->op == OP_phi && !w->part[i][k][j]; id = fn_node(fn, id)->next) {
            TcgId part[MAX_WEB];

            for (unsigned m = 0; m < w->num; m++) {
                part[m] = w->part[m][k][j];
            }
            if (fits(fn, fn_node(fn, id)->type, operand_type(&w->kind[k], j)) &&
                serves(fn, w, part, i, id, k, j)) {
                for (unsigned m = 0; m < w->num; m++) {
                    w->part[m][k][j] = part[m];
                }
            }
        }
    }
}

static TcgId flags_node(TcgFn *fn, const Kind *k, const TcgId *arg)
{
    TcgId id = tcg_fn_node_new(fn, k->op, k->type);

    fn_node(fn, id)->aux = k->aux;
    memcpy(fn_node(fn, id)->arg, arg, tcg_op_def[k->op].args * sizeof(TcgId));
    return id;
}

/* The choice of a kind as node id (0: a new one). */
static TcgId choice_node(TcgFn *fn, const Kind *k, TcgId id, const TcgId *arg, TcgId flags)
{
    TcgNode *n;

    id = id ? id : tcg_fn_node_new(fn, OP_select_cmp, TCG_I32);
    n = fn_node(fn, id);
    n->op = OP_select_cmp;
    n->type = TCG_I32;
    n->aux = k->cond;
    n->imm = k->cond_type;
    n->arg[0] = arg[0];
    n->arg[1] = arg[1];
    n->arg[k->arm] = flags;
    n->arg[5 - k->arm] = k->other;
    return id;
}

/* Turns phi i of the web into the operation that its parts describe, behind the phis of its block. */
static void web_rewrite(TcgFn *fn, const Web *w, unsigned i)
{
    TcgId id = w->phi[i], at, value = 0;

    tcg_fn_remove(fn, id);
    at = tcg_fn_after_phis(fn, fn_node(fn, w->select[i])->block);
    for (unsigned k = 0; k < w->num_kinds; k++) {
        const Kind *kind = &w->kind[k];
        bool last = k == w->num_kinds - 1;
        TcgId v;

        if (kind->op == OP_const) {
            v = w->part[i][k][0];
        } else if (kind->choice) {
            v = flags_node(fn, kind, w->part[i][k] + 2);
            tcg_fn_insert_before(fn, at, v);
            v = choice_node(fn, kind, last && k == 0 ? id : 0, w->part[i][k], v);
            tcg_fn_insert_before(fn, at, v);
        } else if (last && k == 0) {
            v = id;
            fn_node(fn, id)->op = kind->op;
            fn_node(fn, id)->type = kind->type;
            fn_node(fn, id)->aux = kind->aux;
            memcpy(fn_node(fn, id)->arg, w->part[i][k], 3 * sizeof(TcgId));
            tcg_fn_insert_before(fn, at, id);
        } else {
            v = flags_node(fn, kind, w->part[i][k]);
            tcg_fn_insert_before(fn, at, v);
        }
        if (k) {
            /* Kind k if the selector says so, else what the ones before it make. */
            TcgId sel = last ? id : tcg_fn_node_new(fn, OP_select_cmp, TCG_I32);
            TcgId number = tcg_fn_const(fn, TCG_I32, k);
            TcgNode *n = fn_node(fn, sel);

            n->op = OP_select_cmp;
            n->type = TCG_I32;
            n->aux = COND_EQ;
            n->imm = TCG_I32;
            n->arg[0] = w->select[i];
            n->arg[1] = number;
            n->arg[2] = v;
            n->arg[3] = value;
            tcg_fn_insert_before(fn, at, sel);
            v = sel;
        }
        value = v;
    }
    fn_node(fn, id)->list = fn_node(fn, id)->list_len = 0;
}

/* True if phi is no phi any more. */
static bool web_split(Dce *d, TcgId phi)
{
    TcgFn *fn = d->fn;
    TcgId common[MAX_KINDS][MAX_PARTS] = { 0 };
    bool made[MAX_WEB][MAX_KINDS][MAX_PARTS] = { 0 };
    Web w = { 0 };

    if (!web_collect(d, phi, &w)) {
        return false;
    }
    for (unsigned k = 0; k < w.num_kinds; k++) {
        /* floats are compared on paths of other kinds as well: with operands of their own, zeros there, that raises nothing */
        for (unsigned j = 0; j < w.kind[k].num_args && (w.kind[k].op != OP_flags_fp || w.num_kinds == 1); j++) {
            common[k][j] = common_operand(fn, &w, k, j);
            if (!common[k][j]) {
                find_parts(fn, &w, k, j);
            }
        }
    }
    for (unsigned i = 0; i < w.num; i++) {
        /* One phi at least stays where the old one was, to find the place by. */
        w.select[i] = new_phi(fn, w.phi[i], TCG_I32);
        for (unsigned k = 0; k < w.num_kinds; k++) {
            for (unsigned j = 0; j < w.kind[k].num_args; j++) {
                if (common[k][j]) {
                    w.part[i][k][j] = common[k][j];
                } else if (!w.part[i][k][j]) {
                    w.part[i][k][j] = new_phi(fn, w.phi[i], operand_type(&w.kind[k], j));
                    made[i][k][j] = true;
                }
            }
        }
    }
    for (unsigned i = 0; i < w.num; i++) {
        uint32_t len = fn_node(fn, w.phi[i])->list_len;

        for (uint32_t a = 0; a < len; a++) {
            TcgId v = *fn_list(fn, fn_node(fn, w.phi[i])->list + a);
            int from = web_index(&w, v);
            int kind = from < 0 ? leaf_kind(fn, &w, fn_node(fn, v)) : 0;
            TcgId which = from >= 0 ? w.select[from] : tcg_fn_const(fn, TCG_I32, kind);

            *fn_list(fn, fn_node(fn, w.select[i])->list + a) = which;
            for (unsigned k = 0; k < w.num_kinds; k++) {
                for (unsigned j = 0; j < w.kind[k].num_args; j++) {
                    TcgId part;

                    if (!made[i][k][j]) {
                        continue;
                    }
                    if (from >= 0) {
                        part = w.part[from][k][j];
                    } else if ((int)k != kind) {
                        part = tcg_fn_const(fn, operand_type(&w.kind[k], j), 0);
                    } else {
                        part = leaf_operand(fn, &w.kind[k], v, j);
                    }
                    *fn_list(fn, fn_node(fn, w.part[i][k][j])->list + a) = part;
                }
            }
        }
    }
    for (unsigned i = 0; i < w.num; i++) {
        web_rewrite(fn, &w, i);
    }
    /* What is a phi now stays one: it is code, if anything asks for it. */
    return true;
}

/* -- maps ------------------------------------------------------------------------------------------------------------ */

/* Returns the height of v as a recipe: 0 if it is a constant or code computes it. */
static unsigned map_use(Dce *d, TcgId v, bool sinkable)
{
    TcgFn *fn = d->fn;
    TcgNode *n = fn_node(fn, v);
    unsigned height = 0;

    n->map_uses++;
    if (n->op == OP_const || n->pos) {
        return 0;
    }
    if (n->out) {
        return n->out;
    }
    if (!tcg_may_be_recipe(n) && !(sinkable && is_unmarked_phi(n) && web_split(d, v))) {
        use(d, v);
        drain(d);
        return 0;
    }
    for (unsigned i = 0; i < tcg_op_def[fn_node(fn, v)->op].args; i++) {
        TcgId arg = fn_node(fn, v)->arg[i];
        unsigned h = map_use(d, arg, sinkable && fn_node(fn, v)->op != OP_select_cmp);

        if (h >= MAX_HEIGHT) {
            use(d, arg);
            drain(d);
            h = 0;
        }
        height = MAX(height, h);
    }
    if (fn_node(fn, v)->pos) {                  /* marking an operand came back to it */
        return 0;
    }
    fn_node(fn, v)->out = height + 1;
    return height + 1;
}

/* -- copies outside loops ---------------------------------------------------------------------------------------------- */

/* v as code before node `at`: a copy of the flags operation that it is, with its operands; others are used as is. */
static TcgId copy_before(Dce *d, TcgId v, TcgId at)
{
    TcgFn *fn = d->fn;
    TcgNode *n = fn_node(fn, v);
    TcgId id, arg[4];
    unsigned args;

    if (n->op == OP_const || n->pos ||
        !(tcg_op_def[n->op].flags & TCGF_FLAGS || n->op == OP_select_cmp || n->op == OP_vget || is_unmarked_phi(n)) ||
        (n->op == OP_phi && !web_split(d, v))) {
        use(d, v);
        drain(d);
        return v;
    }
    n = fn_node(fn, v);
    args = tcg_op_def[n->op].args;
    for (unsigned i = 0; i < args; i++) {
        TcgId a = fn_node(fn, v)->arg[i];

        /* A selector and operands that are phis are code. */
        if (fn_node(fn, a)->op == OP_phi) {
            use(d, a);
            drain(d);
            arg[i] = a;
        } else {
            arg[i] = copy_before(d, a, at);
        }
    }
    id = tcg_fn_node_new(fn, OP_const, TCG_VOID);
    n = fn_node(fn, id);
    *n = *fn_node(fn, v);
    n->uses = 1;
    n->map_uses = 0;
    n->pos = 1;
    n->out = LOC_NONE;
    memcpy(n->arg, arg, args * sizeof(TcgId));
    tcg_fn_insert_before(fn, at, id);
    return id;
}

static void place_copies(Dce *d)
{
    TcgFn *fn = d->fn;

    while (d->num_placed < d->num_deferred) {
        Deferred f = ((Deferred *)fn->scratch[1]->data)[d->num_placed++];
        const TcgNode *user = fn_node(fn, f.user);
        bool phi = user->op == OP_phi, list = user->list_len != 0;
        TcgId at = tcg_fn_after_phis(fn, user->block), v;              /* a call behind it may clear what comparing raised */

        if (phi) {
            uint32_t pred = *fn_list(fn, fn_block(fn, user->block)->preds + f.arg);

            at = fn_block(fn, pred)->last;
        }
        v = copy_before(d, f.value, at);
        if (list) {
            *fn_list(fn, fn_node(fn, f.user)->list + f.arg) = v;
        } else {
            fn_node(fn, f.user)->arg[f.arg] = v;
        }
    }
}

/* -- the pass ------------------------------------------------------------------------------------------------------------ */

void tcg_dce(TcgFn *fn)
{
    Dce d = { .fn = fn };
    uint32_t num = fn->nodes->len;

    grow(&d);
    if (fn->counted) {
        for (TcgId id = 1; id < num; id++) {
            TcgNode *n = fn_node(fn, id);

            n->uses = n->map_uses = n->pos = 0;
            n->out = LOC_NONE;
        }
    }
    fn->counted = true;
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);

        for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
            TcgNode *n = fn_node(fn, id);

            if (is_root(n)) {
                n->pos = 1;
                push(&d, id);
            }
        }
    }
    drain(&d);
    place_copies(&d);
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);

        for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
            const TcgNode *n = fn_node(fn, id);
            const TcgStateMap *m = fn_map(fn, n->map);
            uint32_t first = m->first, len = n->map && n->pos ? m->num : 0;

            for (uint32_t e = 0; e < len; e++) {
                map_use(&d, fn_map_entry(fn, first + e)->value, true);
            }
        }
    }
    place_copies(&d);
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);
        TcgId next;

        for (TcgId id = fn_block(fn, block)->first; id; id = next) {
            TcgNode *n = fn_node(fn, id);

            next = n->next;
            if (!n->pos && !n->map_uses) {
                tcg_fn_remove(fn, id);
            } else {
                n->pos = 0;
                n->out = LOC_NONE;
            }
        }
    }
}
