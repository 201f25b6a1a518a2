/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What first translations get instead of fold, dce, lower and regalloc: liveness in one walk backward, registers in
 * one walk forward, for regions without loops that need no lowering. What comes out is what regalloc promises.
 *
 * - Backward, each definition comes after all its uses: so it is known there whether it is dead, a recipe or code, and
 *   where its last use is. A comparison that only feeds a branch or a selection is joined with it on the way.
 * - Forward, a value is in at most one register, and in its frame slot once it has one, which is written right after its
 *   definition. Who is evicted: the value that was used longest ago. Dead values lose their registers when somebody
 *   looks for one.
 * - A block with one predecessor starts as that one ended; any other with empty registers. Phis are in frame slots,
 *   which the predecessors write at their ends: until then nothing reads them, so edges need not be split.
 */
#include <string.h>
#include "core/tcg/backend.h"

enum { MAX_HEIGHT = 3 };

/*
 * Positions ascend by 2 from node to node in the order of emission; a map is wanted at its node's position + 1.
 * All zero: nobody wants it, and it is nowhere.
 */
typedef struct QuickVal {
    uint32_t end;                               /* its last use; 0: none */
    uint32_t used;                              /* the last one so far */
    uint16_t slot;                              /* its number + 1; 0: none */
    uint8_t reg;                                /* its number + 1; 0: none */
    uint8_t height;                             /* recipes between it and a map */
    bool is_const;
    bool crosses;                               /* a call comes while it is alive */
} QuickVal;
G_STATIC_ASSERT(sizeof(QuickVal) == 16);

typedef struct QuickSlot {
    uint32_t end;                               /* of the last value in it */
    uint8_t log;                                /* tcg_type_slots of it */
} QuickSlot;

typedef struct QuickBlock {
    TcgRegSet free;                             /* at its end, if it has successors */
    TcgId regs[TCG_NUM_HOST_REGS];
} QuickBlock;

struct TcgQuick {
    /* kept between regions */
    QuickVal *val;
    uint32_t cap_vals;
    QuickBlock *blk;
    uint32_t cap_blocks;
    QuickSlot *slots;
    uint32_t cap_slots, cap_leaves;
    /* of this region */
    TcgFn *fn;
    const TcgBackend *be;
    TcgNode *node;                              /* fn's; moves when nodes are made */
    unsigned num_slots;
    TcgId regs[TCG_NUM_HOST_REGS];
    TcgRegSet free;                             /* allocatable and bound to no value */
    TcgRegSet pinned;                           /* not to be touched before the current node */
    uint32_t pos;
    uint32_t dead;                              /* values that end here or before are not wanted any more */
    TcgId at;                                   /* copies are put before this node */
};
typedef struct TcgQuick Quick;

static inline TcgRegSet class_of(const Quick *q, TcgId id)
{
    return tcg_regs_of(node_type(&q->node[id]));
}

static inline unsigned slots_of(const Quick *q, TcgId id)
{
    return tcg_type_slots(node_type(&q->node[id]));
}

/* -- backward -------------------------------------------------------------------------------------------------------- */

static void init_vals(Quick *q, uint32_t first)
{
    uint32_t len = q->fn->nodes->len;

    if (G_UNLIKELY(len > q->cap_vals)) {
        q->cap_vals = 2 * len;
        q->val = g_renew(QuickVal, q->val, q->cap_vals);
    }
    memset(&q->val[first], 0, (len - first) * sizeof(QuickVal));
}

static inline void use(TcgNode *n, QuickVal *v, uint32_t pos)
{
    n->uses++;
    v->is_const = n->op == OP_const;
    v->end = MAX(v->end, pos);
}

static inline void use_by_map(TcgNode *n, QuickVal *v, uint32_t pos)
{
    n->map_uses++;
    v->is_const = n->op == OP_const;
    v->end = MAX(v->end, pos);
}

bool tcg_join_compare(TcgFn *fn, TcgNode *n)
{
    const TcgNode *flags = fn_node(fn, n->arg[0]);
    TcgCompare c;

    if (n->op == OP_brflag && flags->op == OP_flags_fp && n->aux < FC_AL) {
        n->op = OP_br_fp;
        n->type = TCG_V128;
        n->aux = flags->aux | n->aux << TCG_FP_COND_SHIFT;
        n->arg[0] = flags->arg[0];
        n->arg[1] = flags->arg[1];
    } else if ((flags->op == OP_flags_sub || flags->op == OP_flags_logic || flags->op == OP_flags_add ||
                flags->op == OP_ptest) &&
               tcg_compare_of_flags(fn, n->aux, n->arg[0], &c) == -1 && tcg_simplify_compare(fn, &c) == -1) {
        n->aux = c.cond;
        n->arg[0] = c.a;
        if (n->op == OP_select_fc) {
            n->op = OP_select_cmp;
            n->imm = c.type;
            n->arg[3] = n->arg[2];
            n->arg[2] = n->arg[1];
        } else {
            n->op = n->op == OP_brflag ? OP_brcond : OP_setcond;
            n->type = c.type;
        }
        n->arg[1] = c.b;
    } else {
        return false;
    }
    return true;
}

/* A comparison of flags that node id uses becomes its own. */
static void join_compare(Quick *q, TcgId id)
{
    TcgFn *fn = q->fn;
    uint32_t num = fn->nodes->len;
    TcgNode joined = q->node[id];

    bool ok = tcg_join_compare(fn, &joined);

    q->node = fn_node(fn, 0);
    init_vals(q, num);                          /* of new constants */
    if (ok && q->be->has_op(q->be, &joined)) {
        q->node[id] = joined;
    }
}

/* As tcg_widths: the value whose register stands for v's where an operation uses it. */
static inline TcgId same_register(const Quick *q, TcgId v)
{
    const TcgNode *n = &q->node[v];

    while (G_UNLIKELY(n->op == OP_trunc || n->op == OP_zext) && q->be->upper_is_zero &&
           (n->op == OP_trunc || q->be->upper_is_zero(q->fn, n->arg[0]))) {
        v = n->arg[0];
        n = &q->node[v];
    }
    return v;
}

/* The values that phis of a block's successors take at its end. */
static void use_by_phis(Quick *q, uint32_t block, uint32_t pos)
{
    const TcgFn *fn = q->fn;
    const TcgIrBlock *b = fn_block(fn, block);

    for (unsigned e = 0; e < b->num_succ; e++) {
        const TcgIrBlock *to = fn_block(fn, b->succ[e]);
        uint32_t k = 0;

        while (to->num_preds && *fn_list(fn, to->preds + k) != block) {
            k++;
        }
        for (TcgId id = to->first; id && q->node[id].op == OP_phi; id = q->node[id].next) {
            if (q->node[id].uses) {
                TcgId *v = fn_list(fn, q->node[id].list + k), arg = same_register(q, *v);

                *v = arg;
                use(&q->node[arg], &q->val[arg], pos);
            }
        }
    }
}

/* A value that only maps want and that can be computed when they are written back: so its operands are wanted then. */
static void use_by_recipe(Quick *q, TcgId id)
{
    const TcgNode *n = &q->node[id];
    const QuickVal *v = &q->val[id];

    for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
        QuickVal *arg = &q->val[n->arg[k]];

        use_by_map(&q->node[n->arg[k]], arg, v->end);
        arg->height = MAX(arg->height, v->height + 1);
    }
}

static void find_uses(Quick *q)
{
    TcgFn *fn = q->fn;
    static const bool takes_flags[TCG_NUM_OPS] = {
        [OP_brflag] = true, [OP_select_fc] = true, [OP_flags_cond] = true,
    };
    uint32_t pos = 2 * (fn->nodes->len + fn->blocks->len + 1), call = UINT32_MAX;
    TcgNode *node = q->node;                    /* copies: a store might change what q points to */
    QuickVal *val = q->val;

    for (uint32_t i = fn->rpo->len; i-- > 0;) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);
        const TcgIrBlock *b = fn_block(fn, block);
        TcgId prev;

        pos -= 2;
        if (b->num_succ) {
            use_by_phis(q, block, pos);
        }
        for (TcgId id = b->last; id; id = prev) {
            TcgNode *n = &node[id];
            QuickVal *v = &val[id];
            unsigned op = n->op, flags, args;

            prev = n->prev;
            if (op == OP_insn_start) {
                tcg_fn_remove(fn, id);          /* the maps know what it said */
                continue;
            }
            flags = tcg_op_def[op].flags;
            args = tcg_op_def[op].args;
            if (!n->uses && (!(flags & (TCGF_EFFECT | TCGF_END)) ||
                             (op == OP_call && (call_helper(n)->flags & HELPER_PURE)))) {
                if (!n->map_uses) {
                    tcg_fn_remove(fn, id);
                    continue;
                }
                if (flags & TCGF_PURE && v->height < MAX_HEIGHT && tcg_may_be_recipe(n)) {
                    use_by_recipe(q, id);
                    continue;
                }
                n->uses = 1;
            }
            pos -= 2;
            n->pos = pos;
            v->crosses = v->end > call;
            if (G_UNLIKELY(takes_flags[op])) {
                join_compare(q, id);
                node = q->node;
                val = q->val;
                n = &node[id];
                args = tcg_op_def[n->op].args;
            }
            for (TcgId *a = n->arg, *end = a + args; a < end; a++) {
                TcgId arg = same_register(q, *a);

                *a = arg;
                use(&node[arg], &val[arg], pos);
            }
            if (op == OP_call) {
                for (uint32_t k = 0; k < n->list_len; k++) {
                    TcgId *a = fn_list(fn, n->list + k), arg = same_register(q, *a);

                    *a = arg;
                    use(&node[arg], &val[arg], pos);
                }
                call = pos;
            }
            if (n->map) {
                const TcgStateMap *m = fn_map(fn, n->map);
                const TcgMapEntry *e = fn_map_entry(fn, m->first);

                for (uint32_t k = 0, num = m->num; k < num; k++) {
                    use_by_map(&node[e[k].value], &val[e[k].value], pos + 1);
                }
            }
        }
    }
}

/* -- where values are ------------------------------------------------------------------------------------------------ */

static TcgId new_mov(Quick *q, TcgId id, TcgLoc src, TcgLoc dst)
{
    TcgType type = node_type(&q->node[id]);
    TcgId m = tcg_fn_node_new(q->fn, OP_mov, type == TCG_I32 && q->be->upper_is_zero ? TCG_I64 : type);
    TcgNode *n;

    q->node = fn_node(q->fn, 0);
    n = &q->node[m];
    n->arg[0] = id;
    n->in[0] = src;
    n->out = dst;
    n->uses = 1;
    return m;
}

/* A copy of value id before the current node. */
static void copy(Quick *q, TcgId id, TcgLoc src, TcgLoc dst)
{
    TcgId m = new_mov(q, id, src, dst);

    tcg_fn_insert_before(q->fn, q->at, m);
}

/* A slot of 1 << log that nothing else uses between these positions. A part of a larger one never serves alone. */
static uint16_t take_slot(Quick *q, unsigned log, uint32_t from, uint32_t end)
{
    unsigned step = 1u << log, s;

    for (s = 0; s + step <= q->num_slots; s += step) {
        if (q->slots[s].log == log && q->slots[s].end < from) {
            break;
        }
    }
    if (s + step > q->num_slots) {
        unsigned old = q->num_slots;

        s = (old + step - 1) & -step;
        if (s + step > q->cap_slots) {
            q->fn->too_large = true;            /* what comes of it is not used */
            return 1;
        }
        q->num_slots = s + step;
        memset(&q->slots[old], 0, (q->num_slots - old) * sizeof(QuickSlot));
    }
    for (unsigned i = 0; i < step; i++) {
        q->slots[s + i] = (QuickSlot){ end, (uint8_t)log };
    }
    return (uint16_t)(s + 1);
}

static inline TcgLoc slot_loc(const QuickVal *v)
{
    return TCG_LOC(LOC_SLOT, v->slot - 1u);
}

static inline TcgLoc reg_loc(const QuickVal *v)
{
    return TCG_LOC(LOC_REG, v->reg - 1u);
}

/* Gives the value a slot that has held it since its definition. */
static void ensure_slot(Quick *q, TcgId id)
{
    QuickVal *v = &q->val[id];
    TcgLoc out = q->node[id].out;
    TcgId m;

    if (v->slot || v->is_const) {
        return;
    }
    g_assert(loc_kind(out) == LOC_REG);
    v->slot = take_slot(q, slots_of(q, id), q->node[id].pos, v->end);
    m = new_mov(q, id, out, slot_loc(v));
    tcg_fn_insert_before(q->fn, q->node[id].next, m);
}

/* Where the value is: in a block that several lead to, perhaps in a slot that it gets now. Nodes move. */
static TcgLoc where(Quick *q, TcgId id)
{
    const QuickVal *v = &q->val[id];

    if (v->reg) {
        return reg_loc(v);
    }
    if (v->is_const) {
        return TCG_LOC(LOC_CONST, id);
    }
    ensure_slot(q, id);
    return slot_loc(v);
}

static inline void bind(Quick *q, TcgId id, unsigned r)
{
    q->regs[r] = id;
    q->val[id].reg = (uint8_t)(r + 1);
    q->free &= ~reg_bit(r);
}

static inline void unbind(Quick *q, TcgId id)
{
    q->free |= reg_bit(q->val[id].reg - 1u);
    q->val[id].reg = 0;
}

static inline TcgRegSet bound(const Quick *q)
{
    return q->be->allocatable & ~q->free;
}

/* Registers of set whose values are dead become free. */
static void expire(Quick *q, TcgRegSet set)
{
    for (TcgRegSet s = set & bound(q) & ~q->pinned; s; s &= s - 1) {
        TcgId id = q->regs[__builtin_ctzll(s)];

        if (q->val[id].end <= q->dead) {
            unbind(q, id);
        }
    }
}

/* Wanted after the current node; map_here: or by its own map. */
static inline bool is_live_after(const Quick *q, TcgId id, bool map_here)
{
    return q->val[id].end > q->pos + !map_here;
}

/* Empties register r before the current node; the value goes to a free register outside avoid, or to its slot. */
static void vacate(Quick *q, unsigned r, TcgRegSet avoid)
{
    TcgId id = q->regs[r];
    QuickVal *v = &q->val[id];
    TcgRegSet other = q->free & ~avoid & ~q->pinned & class_of(q, id);

    if (v->is_const || v->slot || v->end <= q->dead) {
        unbind(q, id);
    } else if (other) {
        TcgRegSet liked = v->crosses ? other & q->be->callee_saved : other;
        unsigned to = __builtin_ctzll(liked ? liked : other);

        copy(q, id, TCG_LOC(LOC_REG, r), TCG_LOC(LOC_REG, to));
        unbind(q, id);
        bind(q, id, to);
    } else {
        ensure_slot(q, id);
        unbind(q, id);
    }
}

/* Of a non-empty set the register that suits the value best. */
static inline unsigned choose(const Quick *q, TcgRegSet set, TcgId id)
{
    TcgRegSet liked = q->val[id].crosses ? set & q->be->callee_saved : set & ~q->be->callee_saved;

    return __builtin_ctzll(liked ? liked : set);
}

/*
 * A register of set for value id, emptied if it must be: rather none of dislike; what is moved for it goes nowhere
 * in avoid.
 */
static unsigned alloc_reg2(Quick *q, TcgRegSet set, TcgId id, TcgRegSet dislike, TcgRegSet avoid)
{
    unsigned best = TCG_NUM_HOST_REGS;
    uint32_t best_score = 0;

    set &= q->be->allocatable & ~q->pinned;
    if (!(set & q->free & ~dislike)) {
        expire(q, set);
    }
    if (set & q->free) {
        TcgRegSet liked = set & q->free & ~dislike;

        return choose(q, liked ? liked : set & q->free, id);
    }
    for (TcgRegSet s = set; s; s &= s - 1) {
        unsigned r = __builtin_ctzll(s);
        const QuickVal *v = &q->val[q->regs[r]];
        uint32_t ago = q->pos - v->used, score = v->slot || v->is_const ? 2 * ago : ago;

        if (best == TCG_NUM_HOST_REGS || score > best_score) {
            best = r;
            best_score = score;
        }
    }
    g_assert(best < TCG_NUM_HOST_REGS);                  /* else the constraint cannot be met */
    vacate(q, best, avoid | set);
    return best;
}

static inline unsigned alloc_reg(Quick *q, TcgRegSet set, TcgId id, TcgRegSet avoid)
{
    return alloc_reg2(q, set, id, avoid, avoid);
}

/* Puts a value that is in no register into one of set. */
static void load(Quick *q, TcgId id, TcgRegSet set, TcgRegSet avoid)
{
    unsigned r = alloc_reg(q, set, id, avoid);

    copy(q, id, where(q, id), TCG_LOC(LOC_REG, r));
    bind(q, id, r);
}

/* -- nodes ----------------------------------------------------------------------------------------------------------- */

/* Puts the argument whose register the result takes in one that may be overwritten. */
static unsigned place_same(Quick *q, TcgId id, unsigned k, const TcgConstraint *c, TcgRegSet avoid)
{
    TcgId arg = q->node[id].arg[k];
    const QuickVal *v = &q->val[arg];
    TcgRegSet both = c->arg[k] & q->be->allocatable & c->out, rest;
    unsigned r = v->reg - 1u;

    if (v->reg && (both & reg_bit(r)) && !(q->pinned & reg_bit(r)) && !is_live_after(q, arg, true)) {
        return r;
    }
    rest = v->reg ? both & ~reg_bit(r) : both;
    if (rest & ~q->pinned) {
        r = alloc_reg(q, rest, id, avoid);
        copy(q, arg, where(q, arg), TCG_LOC(LOC_REG, r));
    } else {
        /* it must be overwritten where it is: what goes on living is a copy */
        g_assert(v->reg && (both & reg_bit(r)));
        vacate(q, r, avoid | both);
    }
    return r;
}

/* Puts argument k in a register of its set, or leaves it where it is if that is allowed. */
static void place_arg(Quick *q, TcgId id, unsigned k, const TcgConstraint *c, TcgRegSet avoid)
{
    TcgId arg = q->node[id].arg[k];
    QuickVal *v = &q->val[arg];
    TcgRegSet set = c->arg[k] & q->be->allocatable;
    bool same = c->out_same_as == (int)k;
    unsigned r = v->reg - 1u;

    v->used = q->pos;
    if (v->is_const && c->arg_const[k] && (!v->reg || same || !(set & reg_bit(r)))) {
        q->node[id].in[k] = TCG_LOC(LOC_CONST, arg);
        return;
    }
    if (same) {
        r = place_same(q, id, k, c, avoid);
    } else if (!v->reg) {
        if (c->arg_slot[k] && v->slot && (!(set & q->free & ~q->pinned) || !is_live_after(q, arg, false))) {
            q->node[id].in[k] = slot_loc(v);
            return;
        }
        load(q, arg, set, avoid);
        r = v->reg - 1u;
    } else if (!(set & reg_bit(r))) {
        r = alloc_reg(q, set, arg, avoid);      /* which may have moved the value itself to make room */
        copy(q, arg, where(q, arg), TCG_LOC(LOC_REG, r));
    }
    q->node[id].in[k] = TCG_LOC(LOC_REG, r);
    q->pinned |= reg_bit(r);
}

static void place_list(Quick *q, TcgId id)
{
    TcgFn *fn = q->fn;
    uint32_t list = q->node[id].list, len = q->node[id].list_len, locs = tcg_fn_list_new(fn, len);

    for (uint32_t k = 0; k < len; k++) {
        TcgId arg = *fn_list(fn, list + k);
        QuickVal *v = &q->val[arg];
        bool vector = tcg_type_is_vec(node_type(&q->node[arg]));

        v->used = q->pos;
        if (v->is_const && !vector) {
            *fn_list(fn, locs + k) = TCG_LOC(LOC_CONST, arg);
            continue;
        }
        if (v->is_const && !v->reg) {
            load(q, arg, class_of(q, arg), 0);
        }
        *fn_list(fn, locs + k) = where(q, arg);
        if (v->reg) {
            q->pinned |= reg_bit(v->reg - 1u);
        }
    }
    q->node[id].arg_locs = locs;
}

/*
 * Values that are needed later leave the registers that the node destroys. Arguments stay where they were put. An access
 * may fault when it has destroyed them, a call's map is wanted afterwards: so what a map needs leaves as well.
 */
static void save_clobbered(Quick *q, TcgRegSet clobbers)
{
    for (TcgRegSet s = clobbers & bound(q); s; s &= s - 1) {
        unsigned r = __builtin_ctzll(s);

        if (is_live_after(q, q->regs[r], true)) {
            vacate(q, r, clobbers);
        }
    }
}

static void add_leaves(Quick *q, TcgId id)
{
    GArray *leaves = q->fn->map_leaves;
    unsigned args = tcg_op_def[q->node[id].op].args;

    for (unsigned k = 0; k < args; k++) {
        TcgId arg = q->node[id].arg[k];
        TcgLoc loc;

        if (node_is_recipe(&q->node[arg])) {
            add_leaves(q, arg);
            continue;
        }
        if (G_UNLIKELY(leaves->len == q->cap_leaves)) {
            guint len = leaves->len;

            q->cap_leaves = 2 * len + 64;
            g_array_set_size(leaves, q->cap_leaves);
            leaves->len = len;
        }
        loc = q->val[arg].is_const ? TCG_LOC(LOC_CONST, arg) : where(q, arg);
        g_array_index(leaves, TcgMapLeaf, leaves->len++) = (TcgMapLeaf){ arg, loc };
    }
}

static void locate_map(Quick *q, TcgId id)
{
    TcgFn *fn = q->fn;
    TcgStateMap *m = fn_map(fn, q->node[id].map);
    TcgMapEntry *e = fn_map_entry(fn, m->first);

    if (m->num && e->loc != LOC_NONE) {         /* it is another node's too, and has its locations */
        TcgStateMap own = *m;
        uint32_t first = fn->map_entries->len;

        g_array_set_size(fn->map_entries, first + own.num);
        fn->entry_cap = MAX(fn->entry_cap, first + own.num);
        memcpy(fn_map_entry(fn, first), fn_map_entry(fn, own.first), own.num * sizeof(TcgMapEntry));
        own.first = first;
        q->node[id].map = fn->maps->len;
        g_array_append_val(fn->maps, own);
        fn->map_cap = MAX(fn->map_cap, fn->maps->len);
        m = fn_map(fn, q->node[id].map);
        e = fn_map_entry(fn, first);
    }
    m->leaves = fn->map_leaves->len;
    for (uint32_t k = 0; k < m->num; k++) {
        TcgId v = e[k].value;

        if (q->val[v].is_const) {
            e[k].loc = TCG_LOC(LOC_CONST, v);
        } else if (node_is_recipe(&q->node[v])) {
            e[k].loc = TCG_LOC(LOC_RECIPE, v);
            add_leaves(q, v);
        } else {
            e[k].loc = where(q, v);
        }
    }
    m->num_leaves = fn->map_leaves->len - m->leaves;
}

static inline void release_if_dead(Quick *q, TcgId id)
{
    if (q->val[id].reg && q->val[id].end <= q->dead) {
        unbind(q, id);
    }
}

/* The other argument of a commutative op had better be overwritten. */
static void swap_if_better(Quick *q, TcgNode *n, const TcgConstraint *c)
{
    TcgId a = n->arg[0], b = n->arg[1];
    unsigned rb = q->val[b].reg - 1u;

    if (a != b && !q->val[a].is_const && !q->val[b].is_const && c->arg[0] == c->arg[1] && q->val[b].reg &&
        (c->out & reg_bit(rb)) && !is_live_after(q, b, true) && (!q->val[a].reg || is_live_after(q, a, true))) {
        n->arg[0] = b;
        n->arg[1] = a;
    }
}

static inline void bind_result(Quick *q, TcgId id, unsigned r)
{
    q->node[id].out = TCG_LOC(LOC_REG, r);
    q->val[id].used = q->pos;
    bind(q, id, r);
}

static void place_result(Quick *q, TcgId id, const TcgConstraint *c, TcgRegSet in_regs)
{
    TcgNode *n = &q->node[id];
    bool wanted = n->uses || n->map_uses, is_call = n->op == OP_call;
    bool same = c->out_same_as >= 0 && loc_kind(n->in[c->out_same_as]) == LOC_REG;
    unsigned r;

    if (!wanted && (is_call || (!same && !is_single(c->out)))) {
        return;
    }
    if (same) {
        r = loc_num(n->in[c->out_same_as]);
    } else {
        bool apart = c->out_early || c->out_same_as >= 0;
        TcgRegSet set = c->out & q->be->allocatable & (apart ? ~in_regs : ~UINT64_C(0));

        if (!is_call && !(set & q->free)) {
            q->dead = q->pos + 1;               /* its map is wanted only if there will be no result */
        }
        r = alloc_reg2(q, set, id, is_call ? 0 : c->clobbers, in_regs | c->clobbers);
    }
    if (wanted) {
        bind_result(q, id, r);
    } else {
        q->node[id].out = TCG_LOC(LOC_REG, r);
    }
}

/* Of the registers of its arguments those that die with the node, and that its result had better be in. */
static inline TcgRegSet dying(const Quick *q, const TcgNode *n, const TcgOpDef *def)
{
    if (loc_kind(n->in[0]) == LOC_REG && q->free & reg_bit(loc_num(n->in[0]))) {
        return reg_bit(loc_num(n->in[0]));
    }
    return def->flags & TCGF_COMM && loc_kind(n->in[1]) == LOC_REG ? q->free & reg_bit(loc_num(n->in[1])) : 0;
}

/*
 * A node that is plain: any registers of the types' will do, and constants and slots for arguments that are not in
 * `regs`; nothing is destroyed.
 */
static void alloc_plain(Quick *q, TcgId id, unsigned regs)
{
    TcgNode *n = &q->node[id];
    const TcgOpDef *def = &tcg_op_def[n->op];
    unsigned args = def->args;
    QuickVal *val = q->val;
    uint32_t pos = n->pos;
    TcgRegSet set;

    q->at = id;
    q->pos = pos;
    q->dead = pos - 1;
    q->pinned = 0;
    for (unsigned k = 0; k < args; k++) {
        TcgId arg = n->arg[k];
        QuickVal *v = &val[arg];

        v->used = pos;
        if (!v->reg) {
            TcgRegSet class = class_of(q, arg);

            if (v->is_const && !(regs >> k & 1)) {
                n->in[k] = TCG_LOC(LOC_CONST, arg);
                continue;
            }
            if (v->slot && !(regs >> k & 1) && (!(q->free & class & ~q->pinned) || !is_live_after(q, arg, false))) {
                n->in[k] = slot_loc(v);
                continue;
            }
            load(q, arg, class, 0);
            n = &q->node[id];
        }
        n->in[k] = reg_loc(v);
        q->pinned |= reg_bit(v->reg - 1u);
    }
    if (n->map) {
        locate_map(q, id);
        n = &q->node[id];
    }
    q->dead = pos;
    for (unsigned k = 0; k < args; k++) {
        release_if_dead(q, n->arg[k]);
    }
    if (!def->results || !(n->uses || n->map_uses)) {
        return;
    }
    set = q->be->allocatable & tcg_regs_of(node_type(n));
    if (!(set & q->free)) {
        TcgRegSet in_regs = q->pinned;

        q->pinned = 0;
        q->dead = q->pos + 1;                   /* its map is wanted only if there will be no result */
        bind_result(q, id, alloc_reg2(q, set, id, 0, in_regs));
    } else {
        TcgRegSet best = dying(q, n, def) & set & (val[id].crosses ? q->be->callee_saved : ~UINT64_C(0));

        bind_result(q, id, best ? (unsigned)__builtin_ctzll(best) : choose(q, set & q->free, id));
    }
}

static void alloc_node(Quick *q, TcgId id)
{
    TcgNode *n = &q->node[id];
    const TcgOpDef *def = &tcg_op_def[n->op];
    unsigned args = def->args, done = 0;
    bool is_call = n->op == OP_call, has_result = def->results && n->type != TCG_VOID;
    TcgRegSet avoid, in_regs;
    TcgConstraint c;

    memset(&c, 0, sizeof(c));
    c.out_same_as = -1;
    q->be->constraints(q->be, q->fn, n, &c);
    q->at = id;
    q->pos = n->pos;
    q->dead = n->pos - 1;
    q->pinned = 0;
    avoid = c.clobbers;
    if (c.out_same_as == 0 && args == 2 && (def->flags & TCGF_COMM)) {
        swap_if_better(q, n, &c);
    }
    /* the narrowest choice first; then the one that the result takes last, so that it avoids the others */
    for (unsigned k = 0; k < args; k++) {
        avoid |= is_single(c.arg[k]) ? c.arg[k] : 0;
    }
    for (unsigned k = 0; avoid != c.clobbers && k < args; k++) {
        if (is_single(c.arg[k])) {
            done |= 1u << k;
            place_arg(q, id, k, &c, avoid);
        }
    }
    for (unsigned k = 0; k < args; k++) {
        if (!(done >> k & 1) && c.out_same_as != (int)k) {
            place_arg(q, id, k, &c, avoid);
        }
    }
    if (c.out_same_as >= 0 && !(done >> c.out_same_as & 1)) {
        place_arg(q, id, (unsigned)c.out_same_as, &c, avoid);
    }
    if (is_call) {
        place_list(q, id);
    }
    in_regs = q->pinned;
    if (c.clobbers) {
        save_clobbered(q, c.clobbers);
    }
    if (q->node[id].map) {
        locate_map(q, id);
    }
    n = &q->node[id];
    q->dead = q->pos;
    for (unsigned k = 0; k < args; k++) {
        release_if_dead(q, n->arg[k]);
    }
    for (uint32_t k = 0; is_call && k < n->list_len; k++) {
        release_if_dead(q, *fn_list(q->fn, n->list + k));
    }
    q->pinned = 0;
    if (has_result) {
        place_result(q, id, &c, in_regs);
    }
}

/* -- blocks ------------------------------------------------------------------------------------------------------------ */

/* The state of the registers becomes that one (NULL: nothing is in any). */
static void enter_state(Quick *q, const TcgId *regs, TcgRegSet free)
{
    for (TcgRegSet s = bound(q); s; s &= s - 1) {
        q->val[q->regs[__builtin_ctzll(s)]].reg = 0;
    }
    q->free = q->be->allocatable;
    for (TcgRegSet s = regs ? q->be->allocatable & ~free : 0; s; s &= s - 1) {
        unsigned r = __builtin_ctzll(s);

        bind(q, regs[r], r);
    }
}

static void start_block(Quick *q, uint32_t i, uint32_t block)
{
    const TcgIrBlock *b = fn_block(q->fn, block);

    if (b->num_preds == 1) {
        uint32_t pred = *fn_list(q->fn, b->preds);
        const QuickBlock *from = &q->blk[pred];

        if (i == 0 || g_array_index(q->fn->rpo, uint32_t, i - 1) != pred) {
            enter_state(q, from->regs, from->free);
        }
    } else {
        enter_state(q, NULL, 0);
    }
}

static void end_block(Quick *q, uint32_t block)
{
    TcgFn *fn = q->fn;
    QuickBlock *blk = &q->blk[block];
    unsigned num_succ = fn_block(fn, block)->num_succ;

    q->at = fn_block(fn, block)->last;
    for (unsigned e = 0; e < num_succ; e++) {
        const TcgIrBlock *to = fn_block(fn, fn_block(fn, block)->succ[e]);
        uint32_t k = 0;

        while (*fn_list(fn, to->preds + k) != block) {
            k++;
        }
        for (TcgId id = to->first; q->node[id].op == OP_phi; id = q->node[id].next) {
            QuickVal *v = &q->val[id];
            TcgId arg = *fn_list(fn, q->node[id].list + k);

            if (!v->slot) {
                v->slot = take_slot(q, slots_of(q, id), q->node[q->at].pos, v->end);
                q->node[id].out = slot_loc(v);
            }
            copy(q, arg, where(q, arg), slot_loc(v));
        }
    }
    if (num_succ) {
        memcpy(blk->regs, q->regs, sizeof(blk->regs));
        blk->free = q->free;
    }
}

/* -- the pass ---------------------------------------------------------------------------------------------------------- */

static Quick *working_memory(TcgFn *fn)
{
    Quick *q = fn->quick;

    if (!q) {
        q = fn->quick = g_new0(Quick, 1);
        q->cap_slots = fn->config->backend->num_slots;
        q->slots = g_new(QuickSlot, q->cap_slots);
    }
    if (!fn->map_leaves) {
        fn->map_leaves = g_array_new(FALSE, FALSE, sizeof(TcgMapLeaf));
    }
    if (fn->blocks->len > q->cap_blocks) {
        q->cap_blocks = 2 * fn->blocks->len;
        q->blk = g_renew(QuickBlock, q->blk, q->cap_blocks);
    }
    fn->map_leaves->len = 0;
    return q;
}

void tcg_quick_free(TcgFn *fn)
{
    if (fn->quick) {
        g_free(fn->quick->val);
        g_free(fn->quick->blk);
        g_free(fn->quick->slots);
        g_free(fn->quick);
        fn->quick = NULL;
    }
}

void tcg_quick(TcgFn *fn)
{
    const TcgBackend *be = fn->config->backend;
    Quick *q = working_memory(fn);

    g_assert(!fn->has_loops);
    q->fn = fn;
    q->be = be;
    q->node = fn_node(fn, 0);
    q->num_slots = 0;
    q->free = q->be->allocatable;
    init_vals(q, 0);
    find_uses(q);
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);
        TcgId next;

        start_block(q, i, block);
        for (TcgId id = fn_block(fn, block)->first; id; id = next) {
            const TcgNode *n = &q->node[id];
            unsigned op = n->op, how;

            next = n->next;
            if (!n->pos || op == OP_phi) {
                continue;                       /* a recipe, or nothing at all */
            }
            how = be->plain[op];
            if (how & TCG_PLAIN) {
                alloc_plain(q, id, how);
            } else {
                alloc_node(q, id);
            }
        }
        end_block(q, block);
    }
    fn->frame_slots = (q->num_slots + 1) & ~1u;
    if (fn->config->verify) {
        tcg_regalloc_assert(fn);
    }
}
