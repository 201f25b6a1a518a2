/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Proof that a region was allocated soundly: an abstract run over it in which each register and slot holds the name of
 * the value that was last put there, or nothing that is known where paths bring different ones. Each use, map entry
 * and phi must then find the name that the IR gives it; a definition makes other copies of its name stale (they are
 * from the last time round a loop). Knows nothing of how the allocator works.
 */
#include <string.h>
#include "core/tcg/backend.h"

typedef struct Check {
    const TcgFn *fn;
    const TcgBackend *be;
    unsigned num_locs;
    TcgId *in;                                  /* per block, num_locs names */
    bool *reached;
    TcgId *state;
    GString *why;                               /* NULL while states are still being found */
    bool bad;
} Check;

static void fail(Check *c, TcgId id, const char *what, unsigned k)
{
    if (c->why && !c->bad) {
        g_string_append_printf(c->why, "%%%u %s: %s %u", id, tcg_op_def[fn_node(c->fn, id)->op].name, what, k);
        c->bad = true;
    }
}

/* The value whose name is at loc, of so many frame slots; 0: unknown. */
static TcgId name_at(Check *c, TcgLoc loc, unsigned slots)
{
    unsigned n = loc_num(loc);
    TcgId name;

    switch (loc_kind(loc)) {
    case LOC_REG:
        return n < TCG_NUM_HOST_REGS ? c->state[n] : 0;
    case LOC_SLOT:
        if (n + slots > c->fn->frame_slots || (n & (slots - 1))) {
            return 0;
        }
        n += TCG_NUM_HOST_REGS;
        name = c->state[n];
        for (unsigned i = 1; i < slots; i++) {
            name = c->state[n + i] == name ? name : 0;
        }
        return name;
    case LOC_CONST:
        return fn_node(c->fn, n)->op == OP_const ? n : 0;
    default:
        return 0;
    }
}

static void set_name(Check *c, TcgLoc loc, unsigned slots, TcgId name)
{
    unsigned n = loc_num(loc);

    if (loc_kind(loc) == LOC_REG) {
        c->state[n] = name;
    } else if (loc_kind(loc) == LOC_SLOT && n + slots <= c->fn->frame_slots) {
        for (unsigned i = 0; i < slots; i++) {
            c->state[TCG_NUM_HOST_REGS + n + i] = name;
        }
    }
}

static void forget(Check *c, TcgId name)
{
    for (unsigned i = 0; i < c->num_locs; i++) {
        if (c->state[i] == name) {
            c->state[i] = 0;
        }
    }
}

static TcgType type_of(Check *c, TcgId id)
{
    return node_type(fn_node(c->fn, id));
}

static unsigned slots_of(Check *c, TcgId id)
{
    return 1u << tcg_type_slots(type_of(c, id));
}

static bool holds(Check *c, TcgLoc loc, TcgId value)
{
    return name_at(c, loc, slots_of(c, value)) == value && (loc_kind(loc) != LOC_REG ||
           tcg_regs_of(type_of(c, value)) >> loc_num(loc) & 1);
}

static uint32_t check_leaves(Check *c, TcgId id, TcgId recipe, uint32_t leaf)
{
    const TcgNode *n = fn_node(c->fn, recipe);

    for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
        if (node_is_recipe(fn_node(c->fn, n->arg[k]))) {
            leaf = check_leaves(c, id, n->arg[k], leaf);
        } else {
            const TcgMapLeaf *l = &g_array_index(c->fn->map_leaves, TcgMapLeaf, leaf++);

            if (l->value != n->arg[k] || !holds(c, l->loc, l->value)) {
                fail(c, id, "a recipe's operand is not where the map says: value", n->arg[k]);
            }
        }
    }
    return leaf;
}

static void check_map(Check *c, TcgId id)
{
    const TcgStateMap *m = fn_map(c->fn, fn_node(c->fn, id)->map);
    uint32_t leaf = m->leaves;

    for (uint32_t k = 0; k < m->num; k++) {
        const TcgMapEntry *e = fn_map_entry(c->fn, m->first + k);

        if (loc_kind(e->loc) == LOC_RECIPE) {
            if (loc_num(e->loc) != e->value || !node_is_recipe(fn_node(c->fn, e->value))) {
                fail(c, id, "not a recipe: map entry", k);
            }
            leaf = check_leaves(c, id, e->value, leaf);
        } else if (!holds(c, e->loc, e->value)) {
            fail(c, id, "map does not find value", e->value);
        }
    }
    if (leaf != m->leaves + m->num_leaves) {
        fail(c, id, "wrong number of leaves in map", fn_node(c->fn, id)->map);
    }
}

static void check_node(Check *c, TcgId id)
{
    const TcgNode *n = fn_node(c->fn, id);
    const TcgOpDef *def = &tcg_op_def[n->op];
    TcgConstraint t;
    TcgRegSet in_regs = 0;

    if (n->op == OP_phi || n->op == OP_insn_start || n->op == OP_const ||
        (((def->flags & TCGF_PURE) || n->op == OP_ld_env) && n->out == LOC_NONE)) {
        return;
    }
    if (n->op == OP_mov) {
        if (!holds(c, n->in[0], n->arg[0])) {
            fail(c, id, "does not copy value", n->arg[0]);
        }
        set_name(c, n->out, slots_of(c, n->arg[0]), n->arg[0]);
        if (loc_kind(n->out) == LOC_REG && !(c->be->allocatable >> loc_num(n->out) & 1)) {
            fail(c, id, "writes a register that is not its own:", loc_num(n->out));
        }
        return;
    }
    memset(&t, 0, sizeof(t));
    t.out_same_as = -1;
    c->be->constraints(c->be, c->fn, n, &t);
    for (unsigned k = 0; k < def->args; k++) {
        unsigned kind = loc_kind(n->in[k]), num = loc_num(n->in[k]);

        if (kind == LOC_REG) {
            in_regs |= UINT64_C(1) << num;
        }
        if (!holds(c, n->in[k], n->arg[k])) {
            fail(c, id, "does not find argument", k);
        } else if (kind == LOC_REG ? !(t.arg[k] >> num & 1) : kind == LOC_SLOT ? !t.arg_slot[k] : !t.arg_const[k]) {
            fail(c, id, "cannot take from there argument", k);
        }
    }
    for (uint32_t k = 0; n->op == OP_call && k < n->list_len; k++) {
        TcgId arg = *fn_list(c->fn, n->list + k);
        TcgLoc loc = *fn_list(c->fn, n->arg_locs + k);

        if (!holds(c, loc, arg) || (loc_kind(loc) == LOC_CONST && tcg_type_is_vec(type_of(c, arg)))) {
            fail(c, id, "does not find list argument", k);
        }
        if (loc_kind(loc) == LOC_REG) {
            in_regs |= UINT64_C(1) << loc_num(loc);
        }
    }
    for (unsigned r = 0; r < TCG_NUM_HOST_REGS; r++) {
        if (t.clobbers >> r & 1) {
            c->state[r] = 0;
        }
    }
    if (n->map) {
        check_map(c, id);
    }
    if (t.out_same_as >= 0 && loc_kind(n->in[t.out_same_as]) == LOC_REG && !(c->be->plain[n->op] & TCG_PLAIN)) {
        c->state[loc_num(n->in[t.out_same_as])] = 0;
        if (n->out != n->in[t.out_same_as] && n->out != LOC_NONE) {
            fail(c, id, "result is not where argument is:", (unsigned)t.out_same_as);
        }
    }
    if (n->out != LOC_NONE) {
        unsigned r = loc_num(n->out);

        if (loc_kind(n->out) != LOC_REG || !(t.out & c->be->allocatable & UINT64_C(1) << r) ||
            !(tcg_regs_of(node_type(n)) >> r & 1)) {
            fail(c, id, "cannot put its result in", r);
        } else if (t.out_early && (in_regs & ~(t.out_same_as >= 0 ? UINT64_C(1) << r : 0) & UINT64_C(1) << r)) {
            fail(c, id, "result overwrites an argument in", r);
        }
        forget(c, id);
        set_name(c, n->out, 1, id);
    }
}

/* Enters the current state, which is that at the end of p, into successor b's. True if that changed it. */
static bool join(Check *c, uint32_t p, uint32_t b)
{
    const TcgFn *fn = c->fn;
    const TcgIrBlock *blk = fn_block(fn, b);
    TcgId *in = &c->in[(size_t)b * c->num_locs], *old = g_memdup2(c->state, c->num_locs * sizeof(TcgId));
    uint32_t index = 0;
    bool changed = !c->reached[b];

    while (index < blk->num_preds && *fn_list(fn, blk->preds + index) != p) {
        index++;
    }
    if (index == blk->num_preds) {
        fail(c, blk->first, "does not know its predecessor", p);
        g_free(old);
        return false;
    }
    for (TcgId id = blk->first; fn_node(fn, id)->op == OP_phi; id = fn_node(fn, id)->next) {
        TcgId arg = *fn_list(fn, fn_node(fn, id)->list + index);

        if (fn_node(fn, id)->out != LOC_NONE && !holds(c, fn_node(fn, id)->out, arg)) {
            fail(c, id, "finds no value on the edge from block", p);
        }
    }
    for (TcgId id = blk->first; fn_node(fn, id)->op == OP_phi; id = fn_node(fn, id)->next) {
        forget(c, id);
    }
    for (TcgId id = blk->first; fn_node(fn, id)->op == OP_phi; id = fn_node(fn, id)->next) {
        set_name(c, fn_node(fn, id)->out, slots_of(c, id), id);
    }
    for (unsigned i = 0; i < c->num_locs; i++) {
        if (!c->reached[b]) {
            in[i] = c->state[i];
        } else if (in[i] && in[i] != c->state[i]) {
            in[i] = 0;
            changed = true;
        }
    }
    c->reached[b] = true;
    memcpy(c->state, old, c->num_locs * sizeof(TcgId));
    g_free(old);
    return changed;
}

static bool run(Check *c)
{
    const TcgFn *fn = c->fn;
    bool changed = false;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t b = g_array_index(fn->rpo, uint32_t, i);

        if (!c->reached[b]) {
            fail(c, fn_block(fn, b)->first, "no way leads to block", b);
            continue;
        }
        memcpy(c->state, &c->in[(size_t)b * c->num_locs], c->num_locs * sizeof(TcgId));
        for (TcgId id = fn_block(fn, b)->first; id; id = fn_node(fn, id)->next) {
            check_node(c, id);
        }
        for (unsigned e = 0; e < fn_block(fn, b)->num_succ; e++) {
            changed |= join(c, b, fn_block(fn, b)->succ[e]);
        }
    }
    return changed;
}

bool tcg_regalloc_check(const TcgFn *fn, GString *ret_why)
{
    GString *why = g_string_new(NULL);
    Check c = { .fn = fn, .be = fn->config->backend, .num_locs = TCG_NUM_HOST_REGS + fn->frame_slots };

    c.in = g_new0(TcgId, (size_t)fn->blocks->len * c.num_locs);
    c.reached = g_new0(bool, fn->blocks->len);
    c.state = g_new0(TcgId, c.num_locs);
    c.reached[fn->entry] = true;
    while (run(&c)) {
    }
    c.why = why;
    if (fn->frame_slots > c.be->num_slots) {
        fail(&c, 0, "frame slots:", fn->frame_slots);
    }
    run(&c);
    if (c.bad && ret_why) {
        g_string_append(ret_why, why->str);
    }
    g_string_free(why, TRUE);
    g_free(c.in);
    g_free(c.reached);
    g_free(c.state);
    return !c.bad;
}

void tcg_regalloc_assert(const TcgFn *fn)
{
    GString *why = g_string_new("allocation: ");

    if (!fn->too_large && !tcg_regalloc_check(fn, why)) {
        g_assertion_message(G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, why->str);
    }
    g_string_free(why, TRUE);
}
