/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One walk in reverse postorder that simplifies each operation (simplify.c has the rules), merges it with an equal
 * one that dominates it, turns compare and branch into one, and drops branches that are decided.
 *
 * Merging uses a direct-mapped table without chains: what it forgets is merely computed twice.
 */
#include "core/tcg/ir_int.h"

#include <string.h>

enum { TABLE_BITS = 7 };

typedef struct Fold {
    TcgFn *fn;
    TcgId table[1 << TABLE_BITS];
    bool graph_changed, replaced, narrow;
} Fold;

/* A node that was replaced is a get_reg, in no block, of its value: as in ssa. */
static inline TcgId current(const TcgFn *fn, TcgId v)
{
    const TcgNode *n = fn_node(fn, v);

    while (n->op == OP_get_reg) {
        v = n->arg[0];
        n = fn_node(fn, v);
    }
    return v;
}

static void replace(Fold *f, TcgId id, TcgId by)
{
    TcgNode *n = fn_node(f->fn, id);

    tcg_fn_remove(f->fn, id);
    n->op = OP_get_reg;
    n->arg[0] = by;
    f->replaced = true;
}

static bool same_value(const TcgNode *a, const TcgNode *b)
{
    return a->op == b->op && a->type == b->type && a->aux == b->aux && a->imm == b->imm &&
           !memcmp(a->arg, b->arg, sizeof(a->arg));
}

/* An equal value that dominates node id, or 0; id is remembered. */
static TcgId find_equal(Fold *f, TcgId id)
{
    const TcgNode *n = fn_node(f->fn, id);
    uint64_t h = n->op | n->type << 8 | (uint64_t)n->aux << 16 | (uint64_t)n->arg[0] << 32;
    TcgId *slot, old;

    h = (h ^ n->imm) * 0x9e3779b97f4a7c15ull;
    h = (h ^ n->arg[1] ^ (uint64_t)n->arg[2] << 20 ^ (uint64_t)n->arg[3] << 40) * 0x9e3779b97f4a7c15ull;
    slot = &f->table[h >> (64 - TABLE_BITS)];
    old = *slot;
    if (old && same_value(fn_node(f->fn, old), n) && fn_node(f->fn, old)->block &&
        (fn_node(f->fn, old)->block == n->block || tcg_fn_dominates(f->fn, fn_node(f->fn, old)->block, n->block))) {
        return old;
    }
    *slot = id;
    return 0;
}

static TcgId insert_proto(Fold *f, TcgId before, TcgProto *p)
{
    TcgId id = tcg_simplify(f->fn, p), equal;
    TcgNode *n;

    if (id) {
        return id;
    }
    id = tcg_fn_node_new(f->fn, p->op, p->type);
    n = fn_node(f->fn, id);
    n->aux = p->aux;
    n->imm = p->imm;
    memcpy(n->arg, p->arg, sizeof(n->arg));
    tcg_fn_insert_before(f->fn, before, id);
    equal = find_equal(f, id);
    if (equal) {
        tcg_fn_remove(f->fn, id);
        return equal;
    }
    return id;
}

static TcgId insert_op(Fold *f, TcgId before, TcgOpcode op, TcgType type, TcgId a, TcgId b)
{
    TcgProto p = { .op = op, .type = type, .arg = { a, b } };

    return insert_proto(f, before, &p);
}

/* As tcg_compare_of_flags, but may compute the sum or difference anew before node `at`. */
static int compare_of_flags(Fold *f, TcgFlagCond fc, TcgId nzcv, TcgId at, TcgCompare *ret)
{
    int known = tcg_compare_of_flags(f->fn, fc, nzcv, ret);
    const TcgNode *n = fn_node(f->fn, nzcv);
    TcgType type = n->type;
    bool add = n->op == OP_flags_add;
    TcgId a = n->arg[0], r;

    if (known != -2 || (!add && n->op != OP_flags_sub)) {
        return known;
    }
    if (fc == FC_VS || fc == FC_VC || (add && fc >= FC_HI)) {
        return -2;
    }
    r = insert_op(f, at, add ? OP_add : OP_sub, type, a, n->arg[1]);
    switch (fc) {
    case FC_EQ: case FC_NE: case FC_MI: case FC_PL: {
        static const uint8_t cond[] = {
            [FC_EQ] = COND_EQ, [FC_NE] = COND_NE, [FC_MI] = COND_LT, [FC_PL] = COND_GE,
        };

        *ret = (TcgCompare){ cond[fc], type, r, 0 };
        ret->b = tcg_fn_const(f->fn, type, 0);
        return -1;
    }
    default:                                    /* the carry out of a sum: it is less than what was added */
        *ret = (TcgCompare){ fc == FC_CS ? COND_LTU : COND_GEU, type, r, a };
        return -1;
    }
}

static TcgId insert_compare(Fold *f, TcgId before, const TcgCompare *c, bool opposite)
{
    TcgProto p = { .op = OP_setcond, .type = c->type, .aux = c->cond ^ opposite, .arg = { c->a, c->b } };

    return insert_proto(f, before, &p);
}

/*
 * As compare_of_flags, of flags that a conditional comparison made: a constant's, or those of a comparison if another one
 * holds. What then holds if both do, or either, is one comparison again.
 */
static int compare_of_choice(Fold *f, TcgFlagCond fc, TcgId nzcv, TcgId at, TcgCompare *ret)
{
    TcgFn *fn = f->fn;
    const TcgNode *n = fn_node(fn, nzcv);
    int known = compare_of_flags(f, fc, nzcv, at, ret);
    TcgCompare first, second;
    TcgId x, y;
    bool always;

    if (known != -2 || n->op != OP_select_cmp) {
        return known;
    }
    n = fn_node(fn, nzcv);
    first = (TcgCompare){ n->aux, n->imm, n->arg[0], n->arg[1] };
    x = n->arg[2];
    y = n->arg[3];
    if (fn_node(fn, x)->op == OP_const) {
        first.cond ^= 1;
        x = n->arg[3];
        y = n->arg[2];
    }
    if (fn_node(fn, y)->op != OP_const) {
        return -2;
    }
    always = tcg_flag_truth[fc] >> (fn_node(fn, y)->imm & 15) & 1;
    known = compare_of_choice(f, fc, x, at, &second);
    if (known == -2) {
        return -2;
    }
    if (known >= 0) {
        *ret = first;
        ret->cond ^= known == 0;
        return known == always ? known : -1;
    }
    if (first.cond == COND_EQ && second.cond == (always ? COND_NE : COND_EQ) && first.type == second.type) {
        x = insert_op(f, at, OP_xor, first.type, first.a, first.b);
        y = insert_op(f, at, OP_xor, first.type, second.a, second.b);
        *ret = (TcgCompare){ second.cond, first.type, insert_op(f, at, OP_or, first.type, x, y), 0 };
        ret->b = tcg_fn_const(fn, first.type, 0);
        return -1;
    }
    x = insert_compare(f, at, &first, false);
    y = insert_compare(f, at, &second, always);         /* not the first or the second: not both it and the opposite */
    *ret = (TcgCompare){ always ? COND_TSTEQ : COND_TSTNE, TCG_I32, x, y };
    return -1;
}

/* -- branches --------------------------------------------------------------------------------------------------------- */

static void decide(Fold *f, TcgId id, unsigned taken)
{
    TcgNode *n = fn_node(f->fn, id);
    TcgIrBlock *b = fn_block(f->fn, n->block);

    n->op = OP_br;
    n->type = TCG_VOID;
    n->aux = 0;
    n->arg[0] = n->arg[1] = 0;
    b->succ[0] = b->succ[taken];
    b->succ[1] = 0;
    b->num_succ = 1;
    f->graph_changed = true;
}

static void set_branch(Fold *f, TcgId id, const TcgCompare *c)
{
    TcgNode *n = fn_node(f->fn, id);

    n->op = OP_brcond;
    n->type = c->type;
    n->aux = c->cond;
    n->arg[0] = c->a;
    n->arg[1] = c->b;
}

/* A branch on the flags of a comparison of floating point is one on its operands. */
static void fold_branch_fp(Fold *f, TcgId id)
{
    TcgNode *n = fn_node(f->fn, id);
    const TcgNode *a = fn_node(f->fn, n->arg[0]);

    if (a->op == OP_flags_fp && n->aux < FC_AL) {
        n->op = OP_br_fp;
        n->type = TCG_V128;
        n->aux = a->aux | n->aux << TCG_FP_COND_SHIFT;
        n->arg[0] = a->arg[0];
        n->arg[1] = a->arg[1];
    }
}

static void fold_branch(Fold *f, TcgId id)
{
    TcgFn *fn = f->fn;
    TcgCompare c;
    int known;

    if (fn_node(fn, id)->op == OP_brflag) {
        const TcgNode *n = fn_node(fn, id);

        known = compare_of_choice(f, n->aux, n->arg[0], id, &c);
        if (known == -2) {
            fold_branch_fp(f, id);
            return;
        }
    } else {
        const TcgNode *n = fn_node(fn, id);

        c = (TcgCompare){ n->aux, n->type, n->arg[0], n->arg[1] };
        known = -1;
    }
    if (known < 0) {
        known = tcg_simplify_compare(fn, &c);
    }
    if (known >= 0 || fn_block(fn, fn_node(fn, id)->block)->succ[0] == fn_block(fn, fn_node(fn, id)->block)->succ[1]) {
        decide(f, id, known == 0);
        return;
    }
    set_branch(f, id, &c);
    /* A branch on a condition of flags that is no comparison. */
    if ((c.cond == COND_NE || c.cond == COND_EQ) && fn_node(fn, c.a)->op == OP_flags_cond &&
        fn_node(fn, c.b)->op == OP_const && fn_node(fn, c.b)->imm == 0) {
        const TcgNode *a = fn_node(fn, c.a);
        TcgNode *n = fn_node(fn, id);

        n->op = OP_brflag;
        n->type = TCG_I32;
        n->aux = a->aux ^ (c.cond == COND_EQ);
        n->arg[0] = a->arg[0];
        n->arg[1] = 0;
    }
}

/* -- values -------------------------------------------------------------------------------------------------------------- */

/* The bits set in the bytes of an integer, added up, are those set in it. */
static void fold_popcnt(Fold *f, TcgId id)
{
    TcgFn *fn = f->fn;
    const TcgNode *n = fn_node(fn, id), *sum = fn_node(fn, n->arg[0]), *bits, *from;
    TcgId x, count;
    TcgType t;

    if (sum->op != OP_vsad || n->imm || n->aux < 2 || fn_node(fn, sum->arg[1])->op != OP_const ||
        fn_node(fn, sum->arg[1])->imm) {
        return;
    }
    bits = fn_node(fn, sum->arg[0]);
    from = bits->op == OP_vpopcnt8 ? fn_node(fn, bits->arg[0]) : bits;
    if (from->op != OP_vfrom || from == bits) {
        return;
    }
    x = from->arg[0];
    t = from->aux == 3 ? TCG_I64 : TCG_I32;
    count = id;
    if (t != n->type) {
        count = tcg_fn_node_new(fn, OP_popcnt, t);
        tcg_fn_insert_before(fn, id, count);
        fn_node(fn, id)->op = t == TCG_I64 ? OP_trunc : OP_zext;
        fn_node(fn, id)->arg[0] = count;
    }
    fn_node(fn, count)->op = OP_popcnt;
    fn_node(fn, count)->arg[0] = x;
    fn_node(fn, id)->aux = 0;
}

static void fold_value(Fold *f, TcgId id)
{
    TcgFn *fn = f->fn;
    TcgNode *n;
    TcgProto p;
    TcgId by;

    if (fn_node(fn, id)->op == OP_vget) {
        fold_popcnt(f, id);
    }
    n = fn_node(fn, id);
    p = (TcgProto){ .op = n->op, .type = n->type, .aux = n->aux, .imm = n->imm };
    memcpy(p.arg, n->arg, sizeof(p.arg));
    if (p.op == OP_flags_cond || p.op == OP_select_fc) {
        TcgCompare c;

        /* Where simplify finds no comparison, one may be made of a new sum, or of several. */
        if (compare_of_choice(f, p.aux, p.arg[0], id, &c) == -1) {
            if (p.op == OP_flags_cond) {
                p = (TcgProto){ .op = OP_setcond, .type = c.type, .aux = c.cond, .arg = { c.a, c.b } };
            } else {
                p = (TcgProto){ .op = OP_select_cmp, .type = p.type, .aux = c.cond, .imm = c.type,
                                .arg = { c.a, c.b, p.arg[1], p.arg[2] } };
            }
        }
    }
    by = tcg_simplify(fn, &p);
    if (by) {
        replace(f, id, by);
        return;
    }
    n = fn_node(fn, id);
    n->op = p.op;
    n->type = p.type;
    n->aux = p.aux;
    n->imm = p.imm;
    memcpy(n->arg, p.arg, sizeof(n->arg));
    by = find_equal(f, id);
    if (by) {
        replace(f, id, by);
    } else if (n->op == OP_vget && fn_node(fn, n->arg[0])->op == OP_ld_env) {
        f->narrow = true;
    }
}

/* A sum's or product's other lanes are its first operand's: better one that has none. Of two NaNs the helper chooses. */
static void fold_fp(Fold *f, TcgId id)
{
    TcgNode *n = fn_node(f->fn, id);
    TcgId a = n->arg[0];

    if (tcg_fp_may_swap(n->aux) && tcg_zero_above(f->fn, n->arg[1], tcg_fp_es(n->aux)) &&
        !tcg_zero_above(f->fn, a, tcg_fp_es(n->aux))) {
        n->arg[0] = n->arg[1];
        n->arg[1] = a;
        n->aux ^= TCG_FP_SWAPPED;
    }
}

/* A phi of one value and itself is that value. */
static void fold_phi(Fold *f, TcgId id)
{
    const TcgNode *n = fn_node(f->fn, id);
    TcgId only = 0;

    for (uint32_t i = 0; i < n->list_len; i++) {
        TcgId v = current(f->fn, *fn_list(f->fn, n->list + i));

        if (v != id && v != only) {
            if (only) {
                return;
            }
            only = v;
        }
    }
    if (only) {
        replace(f, id, only);
    }
}

/* -- pairs around loops -------------------------------------------------------------------------------------------------- */

static bool is_half(const TcgFn *fn, TcgId v, unsigned lane, TcgId of)
{
    const TcgNode *n = fn_node(fn, v);

    return n->op == OP_vget && n->aux == 3 && n->imm == lane && (!of || n->arg[0] == of);
}

/* Whether phis a and b are the halves of one vector wherever they come from, unless it is from themselves. */
static bool are_halves(const TcgFn *fn, TcgId a, TcgId b)
{
    const TcgNode *x = fn_node(fn, a), *y = fn_node(fn, b);

    if (x->op != OP_phi || y->op != OP_phi || x->block != y->block || a == b) {
        return false;
    }
    for (uint32_t i = 0; i < x->list_len; i++) {
        TcgId lo = current(fn, *fn_list(fn, x->list + i)), hi = current(fn, *fn_list(fn, y->list + i));

        if ((lo != a || hi != b) && (!is_half(fn, lo, 0, 0) || !is_half(fn, hi, 1, fn_node(fn, lo)->arg[0]))) {
            return false;
        }
    }
    return true;
}

/* Phis a and b become halves of a phi of vectors. */
static void join_phis(Fold *f, TcgId a, TcgId b)
{
    TcgFn *fn = f->fn;
    uint32_t len = fn_node(fn, a)->list_len, list = tcg_fn_list_new(fn, len);
    TcgId phi = tcg_fn_node_new(fn, OP_phi, TCG_V128), at = tcg_fn_after_phis(fn, fn_node(fn, a)->block);
    TcgId half[2] = { a, b };

    for (uint32_t i = 0; i < len; i++) {
        TcgId lo = current(fn, *fn_list(fn, fn_node(fn, a)->list + i));

        *fn_list(fn, list + i) = lo == a ? phi : fn_node(fn, lo)->arg[0];
    }
    fn_node(fn, phi)->list = list;
    fn_node(fn, phi)->list_len = len;
    tcg_fn_insert_before(fn, a, phi);
    for (unsigned i = 0; i < 2; i++) {
        TcgId get = tcg_fn_node_new(fn, OP_vget, TCG_I64);
        TcgNode *n = fn_node(fn, get);

        n->aux = 3;
        n->imm = i;
        n->arg[0] = phi;
        tcg_fn_insert_before(fn, at, get);
        replace(f, half[i], get);
    }
}

/* Two registers that are loaded and stored as a pair, but in different iterations of a loop, stay together. */
static void join_pairs(Fold *f)
{
    TcgFn *fn = f->fn;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);

        for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
            const TcgNode *n = fn_node(fn, id);
            TcgId a = n->arg[0], b = n->arg[1];

            if (n->op == OP_vpair && are_halves(fn, a, b)) {
                join_phis(f, a, b);
            }
        }
    }
}

static void walk(Fold *f)
{
    TcgFn *fn = f->fn;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);
        TcgId next;

        for (TcgId id = fn_block(fn, block)->first; id; id = next) {
            TcgNode *n = fn_node(fn, id);
            const TcgOpDef *def = &tcg_op_def[n->op];
            unsigned args = def->args;

            next = n->next;
            for (unsigned a = 0; a < args; a++) {
                n->arg[a] = current(fn, n->arg[a]);
            }
            if (n->op == OP_phi) {
                fold_phi(f, id);
                continue;
            }
            if (def->flags & TCGF_PURE) {
                fold_value(f, id);
                continue;
            }
            for (uint32_t a = 0; a < n->list_len; a++) {
                TcgId *v = fn_list(fn, n->list + a);

                *v = current(fn, *v);
            }
            if (n->map) {
                const TcgStateMap *m = fn_map(fn, n->map);

                for (uint32_t e = 0; e < m->num; e++) {
                    TcgMapEntry *entry = fn_map_entry(fn, m->first + e);

                    entry->value = current(fn, entry->value);
                }
            }
            if (n->op == OP_brcond || n->op == OP_brflag) {
                fold_branch(f, id);
            } else if (n->op == OP_fp) {
                fold_fp(f, id);
            }
        }
    }
}

/* -- afterwards --------------------------------------------------------------------------------------------------- */

/* What the walk passed before a value was replaced: phis' arguments that come around a loop. */
static void rename_phis(TcgFn *fn)
{
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        TcgId id = fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->first;

        for (; id && fn_node(fn, id)->op == OP_phi; id = fn_node(fn, id)->next) {
            const TcgNode *n = fn_node(fn, id);

            for (uint32_t a = 0; a < n->list_len; a++) {
                TcgId *v = fn_list(fn, n->list + a);

                *v = current(fn, *v);
            }
        }
    }
}

/* The graph anew, and phis with the values of the edges that are left. */
void tcg_fn_update_graph(TcgFn *fn)
{
    uint32_t num = fn->blocks->len;
    uint32_t *old = tcg_fn_scratch(fn, 0, 2 * num * sizeof(uint32_t));

    for (uint32_t b = 1; b < num; b++) {
        old[2 * b] = fn_block(fn, b)->preds;
        old[2 * b + 1] = fn_block(fn, b)->num_preds;
    }
    tcg_fn_compute_order(fn);
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);
        const TcgIrBlock *b = fn_block(fn, block);

        for (TcgId id = b->first; id && fn_node(fn, id)->op == OP_phi; id = fn_node(fn, id)->next) {
            uint32_t list = tcg_fn_list_new(fn, b->num_preds);
            TcgNode *n = fn_node(fn, id);

            for (uint32_t p = 0; p < b->num_preds; p++) {
                uint32_t k = 0;

                while (*fn_list(fn, old[2 * block] + k) != *fn_list(fn, b->preds + p)) {
                    k++;
                }
                *fn_list(fn, list + p) = *fn_list(fn, n->list + k);
            }
            n->list = list;
            n->list_len = b->num_preds;
        }
    }
}

/* A vector that is loaded only for some of its elements: these are loaded instead. */
static void narrow_loads(TcgFn *fn)
{
    uint32_t num = fn->nodes->len;
    uint32_t *uses = tcg_fn_scratch(fn, 0, num * sizeof(uint32_t));     /* other than by vget */

    memset(uses, 0, num * sizeof(uint32_t));
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        for (TcgId id = fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->first; id; id = fn_node(fn, id)->next) {
            const TcgNode *n = fn_node(fn, id);

            for (unsigned a = 0; a < tcg_op_def[n->op].args; a++) {
                uses[n->arg[a]] += n->op != OP_vget;
            }
            for (uint32_t a = 0; a < n->list_len; a++) {
                uses[*fn_list(fn, n->list + a)]++;
            }
            for (uint32_t e = 0; n->map && e < fn_map(fn, n->map)->num; e++) {
                uses[fn_map_entry(fn, fn_map(fn, n->map)->first + e)->value]++;
            }
        }
    }
    for (TcgId id = 1; id < num; id++) {
        TcgNode *n = fn_node(fn, id);
        TcgId vec = n->arg[0], ld, next;
        unsigned es = n->aux;
        uint64_t offset;

        if (n->op != OP_vget || !n->block || fn_node(fn, vec)->op != OP_ld_env || uses[vec]) {
            continue;
        }
        /* Loads that were made for this vector stand before it. */
        offset = fn_node(fn, vec)->imm + (n->imm << es);
        for (ld = fn_node(fn, vec)->prev; ld; ld = next) {
            const TcgNode *l = fn_node(fn, ld);

            next = l->prev;
            if (l->op != OP_ld_env || l->type >= TCG_V128) {
                ld = 0;
                break;
            }
            if (l->imm == offset && l->aux == es && l->type == (es == 3 ? TCG_I64 : TCG_I32)) {
                break;
            }
        }
        if (!ld) {
            ld = tcg_fn_node_new(fn, OP_ld_env, es == 3 ? TCG_I64 : TCG_I32);
            fn_node(fn, ld)->aux = es;
            fn_node(fn, ld)->imm = offset;
            tcg_fn_insert_before(fn, vec, ld);
        }
        n = fn_node(fn, id);
        tcg_fn_remove(fn, id);
        n->op = OP_get_reg;
        n->arg[0] = ld;
    }
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        for (TcgId id = fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->first; id; id = fn_node(fn, id)->next) {
            TcgNode *n = fn_node(fn, id);

            for (unsigned a = 0; a < tcg_op_def[n->op].args; a++) {
                n->arg[a] = current(fn, n->arg[a]);
            }
            for (uint32_t a = 0; a < n->list_len; a++) {
                *fn_list(fn, n->list + a) = current(fn, *fn_list(fn, n->list + a));
            }
            for (uint32_t e = 0; n->map && e < fn_map(fn, n->map)->num; e++) {
                TcgMapEntry *entry = fn_map_entry(fn, fn_map(fn, n->map)->first + e);

                entry->value = current(fn, entry->value);
            }
        }
    }
}

void tcg_fold(TcgFn *fn)
{
    Fold f;

    if (fn->config->naive) {
        return;
    }
    f.fn = fn;
    f.graph_changed = f.replaced = f.narrow = false;
    memset(f.table, 0, sizeof(f.table));
    if (fn->has_loops) {
        join_pairs(&f);
    }
    walk(&f);
    if (f.replaced && fn->rpo->len > 1) {
        rename_phis(fn);
    }
    if (f.graph_changed) {
        tcg_fn_update_graph(fn);
    }
    if (f.narrow) {
        narrow_loads(fn);
    }
}
