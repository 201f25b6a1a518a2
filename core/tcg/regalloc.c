/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Register allocation: one forward walk over the blocks in reverse postorder that knows, for each value, where it is
 * wanted next.
 *
 * - A value is in at most one register, and in its frame slot once it has one. A slot is written right after the
 *   value's definition: values are in SSA form, so it holds from there on, and evicting costs nothing where it happens.
 *   Constants are rebuilt instead. Who is evicted: the value wanted furthest ahead.
 * - A block with one predecessor starts as that one ended. One with several (or with phis) starts in a state taken
 *   from one predecessor; copies at the end of the others bring that state about. Critical edges are split for this,
 *   and joined again where no copy was needed.
 * - What a register of the guest holds goes, if it can, where the phi of the same register is in the loop around: so that
 *   going round takes few copies. Constants that are no immediates keep a register through a loop that has one to spare.
 * - A value that only maps need is the first to lose its register. A recipe has none; its operands count as needed
 *   at the map. Recipes that grow too large are computed after all.
 *
 * After Belady's rule for evictions; liveness of SSA values by walking from each use up to the definition
 * (Appel and Palsberg, Modern Compiler Implementation, 19.6).
 */
#include <string.h>
#include "core/tcg/backend.h"

enum { NO_REG = 0xff, NEVER = 0x7fffffff, RECIPE_LIMIT = 8, LOOP_RESERVE = 6, LOOP_SPARE = 2, LOOP_SPARE_CONST = 5,
       HOISTED_COPIES = 3, NUM_HOMES = 128, WEB_PAIRS = 256 };
#define ALL_REGS (~UINT64_C(0))

/* One use; chains ascend in position. */
typedef struct RaUse {
    uint32_t pos, next;
} RaUse;

typedef struct RaVal {
    uint32_t use;                               /* by nodes, from the current position on */
    uint32_t map_use;                           /* by maps: the last one in each block */
    uint32_t def, end;                          /* positions that bound where it lives */
    uint32_t hot;                               /* a loop that lasts up to here wants it again; a recipe's size */
    int32_t slot;                               /* -1: none */
    TcgId phi;                                  /* phi that takes this value over an edge */
    TcgId web, web_next;                        /* of its phi web: the first member, the next one; 0: none, the last */
    uint16_t row;                               /* register of the guest that it is, + 1; 0: none is known */
    uint8_t reg;
    bool is_const;
} RaVal;

/* Values that share one slot, at its first member: those of phis and their arguments of which no two live at once. */
typedef struct RaWeb {
    uint32_t def, end;                          /* bounds of all members */
    uint32_t num;
    int32_t slot;                               /* -1: none yet */
} RaWeb;

typedef struct RaBlock {
    uint32_t start, end;                        /* positions; edges' uses are at end */
    bool started, done;
    TcgId in[TCG_NUM_HOST_REGS], out[TCG_NUM_HOST_REGS];
} RaBlock;

typedef struct RaSlot {
    uint32_t end;                               /* of the last value in it */
    uint8_t log;                                /* tcg_type_slots of it */
} RaSlot;

typedef struct RaMove {
    TcgId value;
    TcgLoc src, dst;
} RaMove;

typedef struct TcgRegalloc {
    /* kept between regions */
    GArray *vals, *webs, *uses, *bits, *work, *blocks, *moves, *calls, *slots, *maps_seen, *consts;
    /* of this region */
    TcgFn *fn;
    const TcgBackend *be;
    TcgRegSet allocatable;                      /* of the backend's, those of types that there are */
    TcgNode *node;                              /* fn's; moves when nodes are made */
    RaUse *use;
    uint32_t num_uses, cap_uses;
    RaVal *val;
    RaWeb *web;                                 /* by first member; where RaVal.web says so */
    RaBlock *blk;
    uint64_t *live_in, *live_out;
    unsigned words;                             /* of a row of live bits; 0: the region is one block */
    unsigned num_slots;
    int32_t temp_slot[4];                       /* by tcg_type_slots */
    TcgId regs[TCG_NUM_HOST_REGS];
    TcgRegSet free;                             /* allocatable and bound to no value */
    TcgRegSet pinned;                           /* not to be touched before the current node */
    uint8_t home[NUM_HOMES];                    /* by row: where a loop wants its value */
    TcgRegSet homes;                            /* of the last loop begun */
    uint32_t block, pos, block_end;
    TcgId at;                                   /* copies are put before this node */
} TcgRegalloc;

static inline TcgNode *node_of(const TcgRegalloc *ra, TcgId id)
{
    return &ra->node[id];
}

static inline const TcgOpDef *def_of(const TcgNode *n)
{
    return &tcg_op_def[n->op];
}

static inline bool has_result(const TcgNode *n)
{
    return def_of(n)->results && n->type != TCG_VOID;
}

/* Nothing happens if the result is not wanted. */
static inline bool is_removable(const TcgNode *n)
{
    return (def_of(n)->flags & TCGF_PURE) || n->op == OP_ld_env;
}

static inline bool takes_registers(const TcgNode *n)
{
    return n->op != OP_const && n->op != OP_phi && n->op != OP_insn_start && !(is_removable(n) && n->uses == 0 &&
           (n->map_uses == 0 || node_is_recipe(n)));
}

static inline TcgId phi_arg(const TcgFn *fn, const TcgNode *phi, uint32_t index)
{
    return *fn_list(fn, phi->list + index);
}

static inline bool block_has_phi(const TcgFn *fn, const TcgIrBlock *b)
{
    return b->first && fn_node(fn, b->first)->op == OP_phi;
}

/* -- before: edges, uses, positions ------------------------------------------------------------------------------- */

static void split_critical_edges(TcgFn *fn)
{
    bool any = false;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t p = g_array_index(fn->rpo, uint32_t, i), after = i;

        for (unsigned e = 0; fn_block(fn, p)->num_succ == 2 && e < 2; e++) {
            const TcgIrBlock *to = fn_block(fn, fn_block(fn, p)->succ[e]);

            if (to->num_preds > 1 || block_has_phi(fn, to)) {
                uint32_t new = tcg_fn_split_edge(fn, p, e);

                g_array_insert_val(fn->rpo, ++after, new);
                any = true;
            }
        }
        i = after;
    }
    for (uint32_t i = 0; any && i < fn->rpo->len; i++) {
        fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->order = i + 1;
    }
}

/* Takes blocks that tcg_fn_split_edge made out again if they stayed empty. */
static void join_empty_edges(TcgFn *fn, uint32_t first_new)
{
    uint32_t kept = 0;

    if (fn->blocks->len == first_new) {
        return;
    }
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t num = g_array_index(fn->rpo, uint32_t, i);
        TcgIrBlock *b = fn_block(fn, num);

        if (num >= first_new && b->first == b->last) {
            TcgIrBlock *p = fn_block(fn, *fn_list(fn, b->preds)), *to = fn_block(fn, b->succ[0]);

            p->succ[p->succ[0] == num ? 0 : 1] = b->succ[0];
            *fn_list(fn, to->preds + tcg_fn_pred_index(fn, to, num)) = *fn_list(fn, b->preds);
            b->order = 0;
        } else {
            b->order = ++kept;
            g_array_index(fn->rpo, uint32_t, kept - 1) = num;
        }
    }
    g_array_set_size(fn->rpo, kept);
}

/* Counts uses and map_uses anew, so that what is dead, what is a recipe and what is computed is known. */
static void count_uses(TcgFn *fn)
{
    for (TcgId id = 1; id < fn->nodes->len; id++) {
        TcgNode *n = fn_node(fn, id);

        n->uses = n->map_uses = 0;
    }
    for (uint32_t i = fn->rpo->len; i-- > 0;) {
        uint32_t num = g_array_index(fn->rpo, uint32_t, i);
        const TcgIrBlock *b = fn_block(fn, num);

        for (unsigned e = 0; e < b->num_succ; e++) {
            const TcgIrBlock *to = fn_block(fn, b->succ[e]);

            if (block_has_phi(fn, to)) {
                uint32_t k = tcg_fn_pred_index(fn, to, num);

                for (TcgId id = to->first; fn_node(fn, id)->op == OP_phi; id = fn_node(fn, id)->next) {
                    fn_node(fn, phi_arg(fn, fn_node(fn, id), k))->uses++;
                }
            }
        }
        for (TcgId id = b->last; id; id = fn_node(fn, id)->prev) {
            TcgNode *n = fn_node(fn, id);

            if (n->op == OP_phi || n->op == OP_const) {
                continue;
            }
            if (takes_registers(n)) {
                for (unsigned k = 0; k < def_of(n)->args; k++) {
                    fn_node(fn, n->arg[k])->uses++;
                }
                for (uint32_t k = 0; n->op == OP_call && k < n->list_len; k++) {
                    fn_node(fn, *fn_list(fn, n->list + k))->uses++;
                }
                if (n->map) {
                    const TcgStateMap *m = fn_map(fn, n->map);

                    for (uint32_t k = 0; k < m->num; k++) {
                        fn_node(fn, fn_map_entry(fn, m->first + k)->value)->map_uses++;
                    }
                }
            } else if (n->map_uses) {
                for (unsigned k = 0; k < def_of(n)->args; k++) {
                    fn_node(fn, n->arg[k])->map_uses++;
                }
            }
        }
    }
}

static void make_real(TcgFn *fn, TcgId id)
{
    TcgNode *n = fn_node(fn, id);

    n->uses++;
    for (unsigned k = 0; k < def_of(n)->args; k++) {
        if (node_is_recipe(fn_node(fn, n->arg[k]))) {
            make_real(fn, n->arg[k]);
        } else {
            fn_node(fn, n->arg[k])->uses++;
        }
    }
}

/* Numbers the nodes, and bounds the size of recipes (written out as trees, they could double at each step). */
static void number_nodes(TcgRegalloc *ra)
{
    TcgFn *fn = ra->fn;
    uint32_t pos = 2;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t num = g_array_index(fn->rpo, uint32_t, i);
        RaBlock *blk = &ra->blk[num];

        blk->start = pos;
        for (TcgId id = fn_block(fn, num)->first; id; id = fn_node(fn, id)->next) {
            TcgNode *n = fn_node(fn, id);
            RaVal *v = &ra->val[id];

            n->pos = pos;
            n->out = LOC_NONE;
            memset(n->in, 0, sizeof(n->in));
            v->def = v->end = n->op == OP_phi ? blk->start : pos;
            pos += 2;
            if (node_is_recipe(n)) {
                uint32_t size = 1;

                for (unsigned k = 0; k < def_of(n)->args; k++) {
                    if (node_is_recipe(fn_node(fn, n->arg[k]))) {
                        size += ra->val[n->arg[k]].hot;
                    }
                }
                if (size > RECIPE_LIMIT) {
                    size = 1;
                    for (unsigned k = 0; k < def_of(n)->args; k++) {
                        if (node_is_recipe(fn_node(fn, n->arg[k]))) {
                            make_real(fn, n->arg[k]);
                        }
                    }
                }
                v->hot = size;
            }
        }
        blk->end = pos + 1;
        pos += 2;
    }
}

static inline bool test_live(const uint64_t *bits, unsigned words, uint32_t block, TcgId id)
{
    return words && (bits[(size_t)block * words + id / 64] >> (id % 64) & 1);
}

/* Returns what the bit was. */
static inline bool set_live(uint64_t *bits, unsigned words, uint32_t block, TcgId id)
{
    uint64_t *w = &bits[(size_t)block * words + id / 64], bit = UINT64_C(1) << (id % 64);
    bool was = *w & bit;

    *w |= bit;
    return was;
}

/* id is wanted at the start of block: so it is at the ends of its predecessors, up to the definition. */
static void mark_live_in(TcgRegalloc *ra, TcgId id, uint32_t block)
{
    TcgFn *fn = ra->fn;
    RaVal *v = &ra->val[id];
    uint32_t def_block = fn_node(fn, id)->block;

    if (set_live(ra->live_in, ra->words, block, id)) {
        return;
    }
    g_array_set_size(ra->work, 0);
    g_array_append_val(ra->work, block);
    while (ra->work->len) {
        const TcgIrBlock *b = fn_block(fn, g_array_index(ra->work, uint32_t, ra->work->len - 1));

        g_array_set_size(ra->work, ra->work->len - 1);
        for (uint32_t k = 0; k < b->num_preds; k++) {
            uint32_t p = *fn_list(fn, b->preds + k);

            if (!fn_block(fn, p)->order) {
                continue;
            }
            set_live(ra->live_out, ra->words, p, id);
            v->end = MAX(v->end, ra->blk[p].end);
            if (p != def_block && !set_live(ra->live_in, ra->words, p, id)) {
                g_array_append_val(ra->work, p);
            }
        }
    }
}

static inline uint32_t use_pos(const TcgRegalloc *ra, uint32_t use)
{
    return ra->use[use].pos;
}

static void prepend_use(TcgRegalloc *ra, uint32_t *chain, uint32_t pos)
{
    if (G_UNLIKELY(ra->num_uses >= ra->cap_uses)) {
        ra->cap_uses = MAX(2 * ra->cap_uses, 1024);
        g_array_set_size(ra->uses, ra->cap_uses);
        ra->use = (RaUse *)ra->uses->data;
    }
    ra->use[ra->num_uses] = (RaUse) { pos, *chain };
    *chain = ra->num_uses++;
}

static void touch(TcgRegalloc *ra, TcgId id, uint32_t pos, uint32_t block)
{
    RaVal *v = &ra->val[id];

    v->end = MAX(v->end, pos);
    if (ra->words && !v->is_const && node_of(ra, id)->block != block) {
        mark_live_in(ra, id, block);
    }
}

static void add_use(TcgRegalloc *ra, TcgId id, uint32_t pos, uint32_t block)
{
    RaVal *v = &ra->val[id];

    if (!v->use || use_pos(ra, v->use) != pos) {
        prepend_use(ra, &v->use, pos);
    }
    touch(ra, id, pos, block);
}

static void add_map_use(TcgRegalloc *ra, TcgId id, uint32_t pos, uint32_t block)
{
    const TcgNode *n = node_of(ra, id);
    RaVal *v = &ra->val[id];

    if (node_is_recipe(n)) {
        for (unsigned k = 0; k < def_of(n)->args; k++) {
            add_map_use(ra, n->arg[k], pos, block);
        }
    } else if (!v->is_const && !(v->map_use && use_pos(ra, v->map_use) <= ra->blk[block].end)) {
        prepend_use(ra, &v->map_use, pos);
        touch(ra, id, pos, block);
    }
}

static void collect_uses(TcgRegalloc *ra)
{
    TcgFn *fn = ra->fn;

    for (uint32_t i = fn->rpo->len; i-- > 0;) {
        uint32_t num = g_array_index(fn->rpo, uint32_t, i);
        const TcgIrBlock *b = fn_block(fn, num);

        for (unsigned e = 0; e < b->num_succ; e++) {
            const TcgIrBlock *to = fn_block(fn, b->succ[e]);

            if (block_has_phi(fn, to)) {
                uint32_t k = tcg_fn_pred_index(fn, to, num);

                for (TcgId id = to->first; node_of(ra, id)->op == OP_phi; id = node_of(ra, id)->next) {
                    TcgId arg = phi_arg(fn, node_of(ra, id), k);

                    add_use(ra, arg, ra->blk[num].end, num);
                    ra->val[arg].phi = id;
                }
            }
        }
        for (TcgId id = b->last; id; id = node_of(ra, id)->prev) {
            const TcgNode *n = node_of(ra, id);

            if (!takes_registers(n)) {
                continue;
            }
            for (unsigned k = 0; k < def_of(n)->args; k++) {
                add_use(ra, n->arg[k], n->pos, num);
            }
            if (n->op == OP_call) {
                for (uint32_t k = 0; k < n->list_len; k++) {
                    add_use(ra, *fn_list(fn, n->list + k), n->pos, num);
                }
                g_array_append_val(ra->calls, n->pos);
            }
            if (n->map) {
                const TcgStateMap *m = fn_map(fn, n->map);

                for (uint32_t k = 0; k < m->num; k++) {
                    const TcgMapEntry *e = fn_map_entry(fn, m->first + k);

                    add_map_use(ra, e->value, n->pos, num);
                    if (e->row < NUM_HOMES) {
                        ra->val[e->value].row = (uint16_t)(e->row + 1);
                    }
                }
            }
        }
    }
}

/* -- where values are ---------------------------------------------------------------------------------------------- */

static TcgLoc where(const TcgRegalloc *ra, TcgId id)
{
    const RaVal *v = &ra->val[id];

    if (v->reg != NO_REG) {
        return TCG_LOC(LOC_REG, v->reg);
    }
    if (v->is_const) {
        return TCG_LOC(LOC_CONST, id);
    }
    g_assert(v->slot >= 0);
    return TCG_LOC(LOC_SLOT, v->slot);
}

/* A copy of value id before node `before`. */
static void insert_mov(TcgRegalloc *ra, TcgId before, TcgId id, TcgLoc src, TcgLoc dst)
{
    TcgType type = node_type(node_of(ra, id));
    TcgNode *n;
    TcgId m;

    m = tcg_fn_node_new(ra->fn, OP_mov, type == TCG_I32 && ra->be->upper_is_zero ? TCG_I64 : type);
    ra->node = fn_node(ra->fn, 0);
    n = node_of(ra, m);
    n->arg[0] = id;
    n->in[0] = src;
    n->out = dst;
    n->uses = 1;
    tcg_fn_insert_before(ra->fn, before, m);
}

/* A slot of 1 << log that nothing else uses between these positions. A part of a larger one never serves alone. */
static int32_t take_slot(TcgRegalloc *ra, unsigned log, uint32_t from, uint32_t end)
{
    unsigned step = 1u << log, s;

    for (s = 0; s + step <= ra->num_slots; s += step) {
        const RaSlot *slot = &g_array_index(ra->slots, RaSlot, s);

        if (slot->log == log && slot->end < from) {
            break;
        }
    }
    if (s + step > ra->num_slots) {
        unsigned old = ra->num_slots;

        s = (old + step - 1) & -step;
        if (s + step > ra->be->num_slots) {
            ra->fn->too_large = true;           /* what comes of it is not used */
            return 0;
        }
        ra->num_slots = s + step;
        g_array_set_size(ra->slots, ra->num_slots);
        memset(&g_array_index(ra->slots, RaSlot, old), 0, (ra->num_slots - old) * sizeof(RaSlot));
    }
    for (unsigned i = 0; i < step; i++) {
        g_array_index(ra->slots, RaSlot, s + i) = (RaSlot) { end, (uint8_t)log };
    }
    return (int32_t)s;
}

/* A slot for the value: its web's, which copies of a phi's arguments need not leave. */
static int32_t slot_for(TcgRegalloc *ra, TcgId id)
{
    RaVal *v = &ra->val[id];
    unsigned log = tcg_type_slots(node_type(node_of(ra, id)));
    RaWeb *w = v->web ? &ra->web[v->web] : NULL;

    if (w && w->slot < 0 && ra->num_slots < ra->be->num_slots / 2u) {
        w->slot = take_slot(ra, log, w->def, w->end);
    }
    return w && w->slot >= 0 ? w->slot : take_slot(ra, log, v->def, v->end);
}

/* Gives the value a slot that has held it since its definition. */
static void ensure_slot(TcgRegalloc *ra, TcgId id)
{
    RaVal *v = &ra->val[id];
    const TcgNode *n = node_of(ra, id);
    TcgId after = n->next;
    TcgLoc out = n->out;

    if (v->slot >= 0 || v->is_const) {
        return;
    }
    g_assert(loc_kind(out) == LOC_REG);
    v->slot = slot_for(ra, id);
    while (n->op == OP_phi && node_of(ra, after)->op == OP_phi) {
        after = node_of(ra, after)->next;
    }
    insert_mov(ra, after, id, out, TCG_LOC(LOC_SLOT, v->slot));
}

static void bind(TcgRegalloc *ra, TcgId id, unsigned r)
{
    ra->regs[r] = id;
    ra->val[id].reg = (uint8_t)r;
    ra->free &= ~reg_bit(r);
}

static void unbind(TcgRegalloc *ra, TcgId id)
{
    unsigned r = ra->val[id].reg;

    ra->regs[r] = 0;
    ra->val[id].reg = NO_REG;
    ra->free |= reg_bit(r);
}

/* The state of the registers becomes that one. */
static void enter_state(TcgRegalloc *ra, const TcgId *regs)
{
    for (TcgRegSet s = ra->allocatable & ~ra->free; s; s &= s - 1) {
        ra->val[ra->regs[__builtin_ctzll(s)]].reg = NO_REG;
    }
    memset(ra->regs, 0, sizeof(ra->regs));
    ra->free = ra->allocatable;
    for (TcgRegSet s = regs ? ra->allocatable : 0; s; s &= s - 1) {
        unsigned r = __builtin_ctzll(s);

        if (regs[r]) {
            bind(ra, regs[r], r);
        }
    }
}

/* The next position at which a node wants it. */
static uint32_t next_use(TcgRegalloc *ra, RaVal *v)
{
    uint32_t pos;

    while (v->use && use_pos(ra, v->use) < ra->pos) {
        v->use = ra->use[v->use].next;
    }
    pos = v->use ? use_pos(ra, v->use) : NEVER;
    return v->hot >= ra->pos ? MIN(pos, v->hot + 1) : pos;
}

/* Wanted after the current node; map_here: or by its own map. */
static bool is_live_after(TcgRegalloc *ra, TcgId id, bool map_here)
{
    RaVal *v = &ra->val[id];
    uint32_t u;

    next_use(ra, v);
    if (v->is_const && v->hot >= ra->pos) {
        return true;                            /* the loop wants it where it is */
    }
    u = v->use;
    if (u && use_pos(ra, u) == ra->pos) {
        u = ra->use[u].next;
    }
    if (u && use_pos(ra, u) <= ra->block_end) {
        return true;
    }
    while (v->map_use && use_pos(ra, v->map_use) < ra->pos) {
        v->map_use = ra->use[v->map_use].next;
    }
    u = v->map_use;
    if (u && use_pos(ra, u) == ra->pos && !map_here) {
        u = ra->use[u].next;
    }
    return (u && use_pos(ra, u) <= ra->block_end) || test_live(ra->live_out, ra->words, ra->block, id);
}

/* How little the value would miss its register. */
static uint32_t eviction_score(TcgRegalloc *ra, TcgId id)
{
    RaVal *v = &ra->val[id];
    uint32_t next = next_use(ra, v), ahead;

    if (next == NEVER) {
        return NEVER;
    }
    ahead = next - MIN(next, ra->pos);
    return v->slot >= 0 || v->is_const ? MIN(2 * ahead, NEVER - 1) : ahead;
}

/* Empties register r before the current node; the value goes to a free register outside avoid, or to its slot. */
static void vacate(TcgRegalloc *ra, unsigned r, TcgRegSet avoid)
{
    TcgId id = ra->regs[r];
    RaVal *v = &ra->val[id];
    TcgRegSet other = ra->free & ~avoid & ~ra->pinned & tcg_regs_of(node_type(node_of(ra, id)));

    if (!v->is_const && v->slot < 0 && other) {
        unsigned to = __builtin_ctzll(other);

        insert_mov(ra, ra->at, id, TCG_LOC(LOC_REG, r), TCG_LOC(LOC_REG, to));
        unbind(ra, id);
        bind(ra, id, to);
    } else {
        ensure_slot(ra, id);
        unbind(ra, id);
    }
}

/* Of a non-empty set the register that suits the value best. */
static unsigned choose(TcgRegalloc *ra, TcgRegSet set, TcgId id)
{
    const RaVal *v = &ra->val[id];
    TcgRegSet liked;
    bool crosses;

    if (v->phi) {
        TcgLoc home = node_of(ra, v->phi)->out;

        if (loc_kind(home) == LOC_REG && (set & reg_bit(loc_num(home)))) {
            return loc_num(home);
        }
    }
    if (v->row && ra->home[v->row - 1] != NO_REG && (set & reg_bit(ra->home[v->row - 1]))) {
        return ra->home[v->row - 1];
    }
    while (ra->calls->len && g_array_index(ra->calls, uint32_t, ra->calls->len - 1) <= ra->pos) {
        g_array_set_size(ra->calls, ra->calls->len - 1);
    }
    crosses = ra->calls->len && g_array_index(ra->calls, uint32_t, ra->calls->len - 1) < v->end;
    liked = set & ~ra->homes;
    set = liked ? liked : set;
    liked = crosses ? set & ra->be->callee_saved : set & ~ra->be->callee_saved;
    return __builtin_ctzll(liked ? liked : set);
}

/*
 * A register of set for value id, emptied if it must be: rather none of dislike; what is moved for it goes nowhere
 * in avoid.
 */
static unsigned alloc_reg2(TcgRegalloc *ra, TcgRegSet set, TcgId id, TcgRegSet dislike, TcgRegSet avoid)
{
    unsigned best = NO_REG;
    uint32_t best_score = 0;

    set &= ra->allocatable & ~ra->pinned;
    if (set & ra->free) {
        TcgRegSet liked = set & ra->free & ~dislike;

        return choose(ra, liked ? liked : set & ra->free, id);
    }
    for (TcgRegSet s = set; s; s &= s - 1) {
        unsigned r = __builtin_ctzll(s);
        uint32_t score = eviction_score(ra, ra->regs[r]);

        if (best == NO_REG || score > best_score) {
            best = r;
            best_score = score;
        }
    }
    g_assert(best != NO_REG);                   /* else the constraint cannot be met */
    vacate(ra, best, avoid | set);
    return best;
}

static unsigned alloc_reg(TcgRegalloc *ra, TcgRegSet set, TcgId id, TcgRegSet avoid)
{
    return alloc_reg2(ra, set, id, avoid, avoid);
}

/* -- nodes ------------------------------------------------------------------------------------------------------------ */

/* Puts argument k in a register of its set. */
static void place_arg(TcgRegalloc *ra, TcgId id, unsigned k, const TcgConstraint *c, TcgRegSet avoid)
{
    TcgId arg = node_of(ra, id)->arg[k];
    RaVal *v = &ra->val[arg];
    TcgRegSet set = c->arg[k] & ra->allocatable;
    bool same = c->out_same_as == (int)k;
    unsigned r;

    if (v->is_const && c->arg_const[k] && (v->reg == NO_REG || same || !(set & reg_bit(v->reg)))) {
        node_of(ra, id)->in[k] = TCG_LOC(LOC_CONST, arg);
        return;
    }
    if (same) {
        TcgRegSet both = set & c->out;

        if (v->reg != NO_REG && (both & reg_bit(v->reg)) && !(ra->pinned & reg_bit(v->reg)) &&
            !is_live_after(ra, arg, true)) {
            r = v->reg;
        } else {
            TcgRegSet rest = v->reg != NO_REG ? both & ~reg_bit(v->reg) : both;

            if (rest & ~ra->pinned) {
                r = alloc_reg(ra, rest, id, avoid);
                insert_mov(ra, ra->at, arg, where(ra, arg), TCG_LOC(LOC_REG, r));
            } else {
                /* it must be overwritten where it is: what goes on living is a copy */
                r = v->reg;
                g_assert(r != NO_REG && (both & reg_bit(r)));
                vacate(ra, r, avoid | both);
            }
        }
        node_of(ra, id)->in[k] = TCG_LOC(LOC_REG, r);
        ra->pinned |= reg_bit(r);
        return;
    }
    if (v->reg == NO_REG && c->arg_slot[k] && v->slot >= 0 &&
        (!(set & ra->free & ~ra->pinned) || !is_live_after(ra, arg, false))) {
        node_of(ra, id)->in[k] = TCG_LOC(LOC_SLOT, v->slot);
        return;
    }
    if (v->reg == NO_REG) {
        r = alloc_reg(ra, set, arg, avoid);
        insert_mov(ra, ra->at, arg, where(ra, arg), TCG_LOC(LOC_REG, r));
        bind(ra, arg, r);
    } else if (set & reg_bit(v->reg)) {
        r = v->reg;
    } else {
        r = alloc_reg(ra, set, arg, avoid);
        /* alloc_reg may have moved the value itself to make room */
        insert_mov(ra, ra->at, arg, where(ra, arg), TCG_LOC(LOC_REG, r));
    }
    node_of(ra, id)->in[k] = TCG_LOC(LOC_REG, r);
    ra->pinned |= reg_bit(r);
}

static void place_list(TcgRegalloc *ra, TcgId id)
{
    TcgFn *fn = ra->fn;
    uint32_t list = node_of(ra, id)->list, len = node_of(ra, id)->list_len, locs = fn->lists->len;

    g_array_set_size(fn->lists, locs + len);
    for (uint32_t k = 0; k < len; k++) {
        TcgId arg = *fn_list(fn, list + k);

        bool vector = tcg_type_is_vec(node_type(node_of(ra, arg)));

        if (ra->val[arg].is_const && vector && ra->val[arg].reg == NO_REG) {
            unsigned r = alloc_reg(ra, tcg_regs_of(node_type(node_of(ra, arg))), arg, 0);

            insert_mov(ra, ra->at, arg, TCG_LOC(LOC_CONST, arg), TCG_LOC(LOC_REG, r));
            bind(ra, arg, r);
        }
        if (ra->val[arg].is_const && !vector) {
            *fn_list(fn, locs + k) = TCG_LOC(LOC_CONST, arg);
        } else {
            *fn_list(fn, locs + k) = where(ra, arg);
        }
        if (ra->val[arg].reg != NO_REG) {
            ra->pinned |= reg_bit(ra->val[arg].reg);
        }
    }
    node_of(ra, id)->arg_locs = locs;
}

/*
 * Values that are needed later leave the registers that the node destroys. Arguments stay where they were put. by_map:
 * so do those that a map may need, since an access may fault when it has destroyed them.
 */
static void save_clobbered(TcgRegalloc *ra, TcgRegSet clobbers, bool by_map)
{
    for (TcgRegSet s = clobbers & ra->allocatable & ~ra->free; s; s &= s - 1) {
        unsigned r = __builtin_ctzll(s);
        TcgId id = ra->regs[r];

        if (!is_live_after(ra, id, true) && !(by_map && node_of(ra, id)->map_uses)) {
            continue;                           /* dies here */
        }
        if (ra->val[id].is_const) {
            unbind(ra, id);
        } else {
            vacate(ra, r, clobbers);
        }
    }
}

static void add_leaves(TcgRegalloc *ra, TcgId id)
{
    const TcgNode *n = node_of(ra, id);

    for (unsigned k = 0; k < def_of(n)->args; k++) {
        TcgMapLeaf leaf = { n->arg[k], LOC_NONE };

        if (node_is_recipe(node_of(ra, leaf.value))) {
            add_leaves(ra, leaf.value);
        } else {
            leaf.loc = ra->val[leaf.value].is_const ? TCG_LOC(LOC_CONST, leaf.value) : where(ra, leaf.value);
            g_array_append_val(ra->fn->map_leaves, leaf);
        }
    }
}

static void locate_map(TcgRegalloc *ra, TcgId id)
{
    TcgFn *fn = ra->fn;
    uint32_t map = node_of(ra, id)->map;
    TcgStateMap *m;
    uint32_t leaves = fn->map_leaves->len;

    /* two accesses of an instruction may share a map: each needs its own locations */
    if (g_array_index(ra->maps_seen, bool, map)) {
        TcgStateMap copy = *fn_map(fn, map);
        uint32_t first = fn->map_entries->len;

        g_array_set_size(fn->map_entries, first + copy.num);
        memcpy(fn_map_entry(fn, first), fn_map_entry(fn, copy.first), copy.num * sizeof(TcgMapEntry));
        copy.first = first;
        node_of(ra, id)->map = map = fn->maps->len;
        g_array_append_val(fn->maps, copy);
    } else {
        g_array_index(ra->maps_seen, bool, map) = true;
    }
    m = fn_map(fn, map);
    for (uint32_t k = 0; k < m->num; k++) {
        TcgMapEntry *e = fn_map_entry(fn, m->first + k);

        if (ra->val[e->value].is_const) {
            e->loc = TCG_LOC(LOC_CONST, e->value);
        } else if (node_is_recipe(node_of(ra, e->value))) {
            e->loc = TCG_LOC(LOC_RECIPE, e->value);
            add_leaves(ra, e->value);
        } else {
            e->loc = where(ra, e->value);
        }
    }
    m->leaves = leaves;
    m->num_leaves = fn->map_leaves->len - leaves;
}

static void release_if_dead(TcgRegalloc *ra, TcgId id, bool map_here)
{
    if (ra->val[id].reg != NO_REG && !is_live_after(ra, id, map_here)) {
        unbind(ra, id);
    }
}

/* After the map's node. Most values are in a later map as well. */
static inline void release_map_value(TcgRegalloc *ra, TcgId id)
{
    const RaVal *v = &ra->val[id];

    if (v->reg != NO_REG && !(v->map_use && use_pos(ra, v->map_use) > ra->pos &&
                              use_pos(ra, v->map_use) <= ra->block_end)) {
        release_if_dead(ra, id, false);
    }
}

static void release_map(TcgRegalloc *ra, const TcgStateMap *m)
{
    const TcgMapEntry *e = fn_map_entry(ra->fn, m->first);
    const TcgMapLeaf *l = &g_array_index(ra->fn->map_leaves, TcgMapLeaf, m->leaves);

    for (uint32_t k = 0; k < m->num; k++) {
        release_map_value(ra, e[k].value);      /* a recipe is in no register */
    }
    for (uint32_t k = 0; k < m->num_leaves; k++) {
        release_map_value(ra, l[k].value);
    }
}

/* The other argument of a commutative op had better be overwritten. */
static void swap_if_better(TcgRegalloc *ra, TcgNode *n, const TcgConstraint *c)
{
    const RaVal *a = &ra->val[n->arg[0]], *b = &ra->val[n->arg[1]];

    if (n->arg[0] != n->arg[1] && !a->is_const && !b->is_const && c->arg[0] == c->arg[1] &&
        b->reg != NO_REG && (c->out & reg_bit(b->reg)) && !is_live_after(ra, n->arg[1], true) &&
        (a->reg == NO_REG || is_live_after(ra, n->arg[0], true))) {
        TcgId t = n->arg[0];

        n->arg[0] = n->arg[1];
        n->arg[1] = t;
    }
}

static void alloc_node(TcgRegalloc *ra, TcgId id)
{
    TcgNode *n = node_of(ra, id);
    unsigned args = def_of(n)->args, done = 0;
    bool is_call = n->op == OP_call;
    TcgConstraint c;
    TcgRegSet avoid, in_regs = 0;

    memset(&c, 0, sizeof(c));
    c.out_same_as = -1;
    ra->be->constraints(ra->be, ra->fn, n, &c);
    ra->at = id;
    ra->pos = n->pos;
    ra->pinned = 0;
    avoid = c.clobbers;
    if (c.out_same_as == 0 && args == 2 && (def_of(n)->flags & TCGF_COMM)) {
        swap_if_better(ra, n, &c);
    }
    for (unsigned k = 0; k < args; k++) {
        if (is_single(c.arg[k])) {
            avoid |= c.arg[k];
        }
    }
    /* the narrowest choice first; then the one that the result takes last, so that it avoids the others */
    for (unsigned k = 0; k < args; k++) {
        if (is_single(c.arg[k])) {
            done |= 1u << k;
            place_arg(ra, id, k, &c, avoid);
        }
    }
    for (unsigned k = 0; k < args; k++) {
        if (!(done >> k & 1) && c.out_same_as != (int)k) {
            place_arg(ra, id, k, &c, avoid);
        }
    }
    if (c.out_same_as >= 0 && !(done >> c.out_same_as & 1)) {
        place_arg(ra, id, (unsigned)c.out_same_as, &c, avoid);
    }
    if (is_call) {
        place_list(ra, id);
        in_regs = ra->pinned;
    }
    for (unsigned k = 0; k < args; k++) {
        TcgLoc in = node_of(ra, id)->in[k];

        if (loc_kind(in) == LOC_REG) {
            in_regs |= reg_bit(loc_num(in));
        }
    }
    if (c.clobbers) {
        save_clobbered(ra, c.clobbers, !is_call && node_of(ra, id)->map);
    }
    if (node_of(ra, id)->map) {
        locate_map(ra, id);
    }
    n = node_of(ra, id);                        /* nodes move when moves are added */
    for (unsigned k = 0; k < args; k++) {
        release_if_dead(ra, n->arg[k], is_call);
    }
    for (uint32_t k = 0; is_call && k < n->list_len; k++) {
        release_if_dead(ra, *fn_list(ra->fn, n->list + k), true);
    }
    /* a call's map is wanted when the call is over, an access's only if there will be no result */
    if (!is_call && n->map) {
        release_map(ra, fn_map(ra->fn, n->map));
    }
    ra->pinned = 0;
    if (has_result(n)) {
        bool wanted = n->uses || n->map_uses;
        bool same = c.out_same_as >= 0 && loc_kind(n->in[c.out_same_as]) == LOC_REG;

        if (wanted || (!is_call && (same || is_single(c.out)))) {
            unsigned r;

            if (same) {
                r = loc_num(n->in[c.out_same_as]);
            } else {
                bool apart = c.out_early || c.out_same_as >= 0;

                r = alloc_reg2(ra, c.out & (apart ? ~in_regs : ALL_REGS), id, is_call ? 0 : c.clobbers,
                              in_regs | c.clobbers);
                n = node_of(ra, id);
            }
            n->out = TCG_LOC(LOC_REG, r);
            if (wanted) {
                bind(ra, id, r);
            }
            release_if_dead(ra, id, false);
        }
    }
    if (is_call && n->map) {
        release_map(ra, fn_map(ra->fn, n->map));
    }
}

/* -- blocks ----------------------------------------------------------------------------------------------------------- */

/* Emits ra->moves, which happen at once, as copies one after another. keep: registers that hold what they should. */
static void parallel_moves(TcgRegalloc *ra, TcgRegSet keep)
{
    RaMove *m = (RaMove *)ra->moves->data;
    unsigned n = ra->moves->len;
    TcgRegSet used = keep;

    for (unsigned i = 0; i < n; i++) {
        if (loc_kind(m[i].dst) == LOC_REG) {
            used |= reg_bit(loc_num(m[i].dst));
        }
    }
    while (n && !ra->fn->too_large) {           /* a frame without room for a cycle's value has none that ends */
        bool progress = false;
        TcgRegSet sources = 0, other;
        TcgLoc temp;

        for (unsigned i = 0; i < n;) {
            bool blocked = false;

            for (unsigned j = 0; j < n && !blocked; j++) {
                blocked = j != i && m[i].dst == m[j].src;
            }
            if (blocked) {
                i++;
                continue;
            }
            insert_mov(ra, ra->at, m[i].value, m[i].src, m[i].dst);
            m[i] = m[--n];
            progress = true;
        }
        if (progress || !n) {
            continue;
        }
        /* all that is left are cycles: one source goes aside */
        for (unsigned i = 0; i < n; i++) {
            if (loc_kind(m[i].src) == LOC_REG) {
                sources |= reg_bit(loc_num(m[i].src));
            }
        }
        other = ra->allocatable & ~used & ~sources & tcg_regs_of(node_type(node_of(ra, m[0].value)));
        if (other) {
            temp = TCG_LOC(LOC_REG, __builtin_ctzll(other));
        } else {
            unsigned log = MAX(tcg_type_slots(node_type(node_of(ra, m[0].value))), 1);

            if (ra->temp_slot[log] < 0) {
                ra->temp_slot[log] = take_slot(ra, log, 0, UINT32_MAX);
            }
            temp = TCG_LOC(LOC_SLOT, ra->temp_slot[log]);
        }
        insert_mov(ra, ra->at, m[0].value, m[0].src, temp);
        m[0].src = temp;
    }
}

/* Copies at the end of p, whose last state is the current one, that make the state in which its successor starts. */
static void match_edge(TcgRegalloc *ra, uint32_t p)
{
    TcgFn *fn = ra->fn;
    uint32_t to = fn_block(fn, p)->succ[0], k = tcg_fn_pred_index(fn, fn_block(fn, to), p);
    const TcgId *want = ra->blk[to].in;
    TcgRegSet keep = 0;

    g_assert(fn_block(fn, p)->num_succ == 1);
    ra->at = fn_block(fn, p)->last;
    g_array_set_size(ra->moves, 0);
    for (TcgRegSet s = ra->allocatable; s; s &= s - 1) {
        unsigned r = __builtin_ctzll(s);
        RaMove m = { want[r], LOC_NONE, TCG_LOC(LOC_REG, r) };

        if (!m.value) {
            continue;
        }
        if (node_of(ra, m.value)->op == OP_phi && node_of(ra, m.value)->block == to) {
            m.value = phi_arg(fn, node_of(ra, m.value), k);
        }
        m.src = where(ra, m.value);
        if (m.src == m.dst) {
            keep |= reg_bit(r);
        } else {
            g_array_append_val(ra->moves, m);
        }
    }
    for (TcgId id = fn_block(fn, to)->first; node_of(ra, id)->op == OP_phi; id = node_of(ra, id)->next) {
        RaMove m = { phi_arg(fn, node_of(ra, id), k), LOC_NONE, node_of(ra, id)->out };

        if (loc_kind(m.dst) == LOC_SLOT) {
            m.src = where(ra, m.value);
            if (m.src != m.dst && ra->val[m.value].slot != (int32_t)loc_num(m.dst)) {   /* a slot of the web: it is there */
                g_array_append_val(ra->moves, m);
            }
        }
    }
    parallel_moves(ra, keep);
}

/* Registers for values that the loop does not want go to those that it does. */
static void make_room_in_loop(TcgRegalloc *ra, uint32_t block, uint32_t loop_end)
{
    static const TcgRegSet classes[] = { INT_REGS, VEC_REGS, WIDE_REGS, PRED_REGS };
    unsigned phis[TCG_NUM_TYPES] = { 0 };

    for (TcgId id = fn_block(ra->fn, block)->first; node_of(ra, id)->op == OP_phi; id = node_of(ra, id)->next) {
        phis[node_type(node_of(ra, id))]++;
    }
    phis[TCG_I64] += phis[TCG_I32];
    phis[TCG_V512] += phis[TCG_V256];
    for (unsigned i = 0; i < G_N_ELEMENTS(classes); i++) {
        static const uint8_t type[] = { TCG_I64, TCG_V128, TCG_V512, TCG_PRED };
        TcgRegSet cls = ra->allocatable & classes[i];
        unsigned reserve = i < 2 ? LOOP_RESERVE : 1;
        TcgRegSet through = 0;

        for (TcgRegSet s = cls & ~ra->free; s; s &= s - 1) {
            unsigned r = __builtin_ctzll(s);
            RaVal *v = &ra->val[ra->regs[r]];

            if (next_use(ra, v) <= loop_end) {
                v->hot = MAX(v->hot, loop_end);
            } else {
                through |= reg_bit(r);
            }
        }
        while (through && (unsigned)__builtin_popcountll(ra->free & cls) < phis[type[i]] + reserve) {
            unsigned worst = __builtin_ctzll(through);

            for (TcgRegSet s = through; s; s &= s - 1) {
                unsigned r = __builtin_ctzll(s);

                if (eviction_score(ra, ra->regs[r]) > eviction_score(ra, ra->regs[worst])) {
                    worst = r;
                }
            }
            through &= ~reg_bit(worst);
            ensure_slot(ra, ra->regs[worst]);
            unbind(ra, ra->regs[worst]);
        }
    }
}

/* Values that the loop wants and that are in their slots take registers that are free, so that it need not load them. */
static void load_for_loop(TcgRegalloc *ra, uint32_t block, uint32_t loop_end)
{
    for (unsigned w = 0; w < ra->words; w++) {
        for (uint64_t bits = ra->live_in[(size_t)block * ra->words + w]; bits; bits &= bits - 1) {
            TcgId id = w * 64 + (unsigned)__builtin_ctzll(bits);
            RaVal *v = &ra->val[id];
            TcgRegSet cls = ra->free & tcg_regs_of(node_type(node_of(ra, id)));

            if (v->reg == NO_REG && v->slot >= 0 && next_use(ra, v) <= loop_end &&
                __builtin_popcountll(cls) > LOOP_SPARE) {
                v->hot = MAX(v->hot, loop_end);
                bind(ra, id, choose(ra, cls, id));
            }
        }
    }
}

/* So do constants that are no immediates. */
static void keep_consts_for_loop(TcgRegalloc *ra, uint32_t loop_end)
{
    for (unsigned i = 0; i < ra->consts->len; i++) {
        TcgId id = g_array_index(ra->consts, TcgId, i);
        RaVal *v = &ra->val[id];
        TcgRegSet cls = ra->free & tcg_regs_of(node_type(node_of(ra, id)));

        if (v->reg == NO_REG && next_use(ra, v) <= loop_end && __builtin_popcountll(cls) > LOOP_SPARE_CONST) {
            v->hot = MAX(v->hot, loop_end);
            bind(ra, id, choose(ra, cls, id));
        }
    }
}

static unsigned reg_in_state(const TcgRegalloc *ra, const TcgId *regs, TcgId id)
{
    for (TcgRegSet s = ra->allocatable; s; s &= s - 1) {
        if (regs[__builtin_ctzll(s)] == id) {
            return __builtin_ctzll(s);
        }
    }
    return NO_REG;
}

static void place_phi(TcgRegalloc *ra, TcgId id, const TcgId *from, uint32_t from_index)
{
    TcgNode *n = node_of(ra, id);
    RaVal *v = &ra->val[id];
    TcgRegSet cls = tcg_regs_of(n->type) & ra->allocatable;
    TcgId arg = phi_arg(ra->fn, n, from_index);
    unsigned r = NO_REG;

    if (from && arg != id) {
        r = reg_in_state(ra, from, arg);
    }
    if (r == NO_REG || !(ra->free & reg_bit(r))) {
        r = NO_REG;
        if (ra->free & cls) {
            r = choose(ra, ra->free & cls, id);
        } else {
            uint32_t best = next_use(ra, v);

            for (TcgRegSet s = cls; s; s &= s - 1) {
                unsigned c = __builtin_ctzll(s);
                TcgId other = ra->regs[c];
                bool mine = node_of(ra, other)->op == OP_phi && node_of(ra, other)->block == n->block;

                if (!mine && next_use(ra, &ra->val[other]) > best) {
                    best = next_use(ra, &ra->val[other]);
                    r = c;
                }
            }
            if (r != NO_REG) {
                ensure_slot(ra, ra->regs[r]);
                unbind(ra, ra->regs[r]);
            }
        }
    }
    n = node_of(ra, id);
    if (r != NO_REG) {
        n->out = TCG_LOC(LOC_REG, r);
        bind(ra, id, r);
        if (v->row) {
            ra->home[v->row - 1] = (uint8_t)r;
            ra->homes |= reg_bit(r);
        }
    } else {
        v->slot = slot_for(ra, id);
        n->out = TCG_LOC(LOC_SLOT, v->slot);
    }
}

/* The state in which a block with several predecessors starts, and the copies at those that are done. */
static void start_merge(TcgRegalloc *ra, uint32_t block)
{
    TcgFn *fn = ra->fn;
    uint32_t num_preds = fn_block(fn, block)->num_preds, preds = fn_block(fn, block)->preds, chosen = 0, index = 0;
    uint32_t loop_end = 0;
    RaBlock *blk = &ra->blk[block];

    for (uint32_t k = 0; k < num_preds; k++) {
        uint32_t p = *fn_list(fn, preds + k);

        if (!fn_block(fn, p)->order) {
            continue;
        }
        if (!ra->blk[p].done) {
            loop_end = MAX(loop_end, ra->blk[p].end);
        } else if (!chosen || fn_block(fn, p)->loop_depth > fn_block(fn, chosen)->loop_depth ||
                   (fn_block(fn, p)->loop_depth == fn_block(fn, chosen)->loop_depth &&
                    fn_block(fn, p)->order > fn_block(fn, chosen)->order)) {
            chosen = p;
            index = k;
        }
    }
    enter_state(ra, chosen ? ra->blk[chosen].out : NULL);
    for (TcgRegSet s = ra->allocatable & ~ra->free; s; s &= s - 1) {
        TcgId id = ra->regs[__builtin_ctzll(s)];

        if (ra->val[id].is_const ? ra->val[id].hot < ra->blk[block].start : !test_live(ra->live_in, ra->words, block, id)) {
            unbind(ra, id);
        }
    }
    if (loop_end) {
        make_room_in_loop(ra, block, loop_end);
        ra->homes = 0;
    }
    for (unsigned round = 0; round < 2; round++) {
        if (round == 1 && loop_end) {
            keep_consts_for_loop(ra, loop_end);
        }
        for (TcgId id = fn_block(fn, block)->first; node_of(ra, id)->op == OP_phi; id = node_of(ra, id)->next) {
            const TcgNode *n = node_of(ra, id);

            if (round == 0 ? n->uses : !n->uses && n->map_uses) {
                place_phi(ra, id, chosen ? ra->blk[chosen].out : NULL, index);
            }
        }
    }
    if (loop_end) {
        load_for_loop(ra, block, loop_end);
    }
    memcpy(blk->in, ra->regs, sizeof(blk->in));
    blk->started = true;
    for (uint32_t k = 0; k < num_preds; k++) {
        uint32_t p = *fn_list(fn, preds + k);

        if (fn_block(fn, p)->order && ra->blk[p].done) {
            enter_state(ra, ra->blk[p].out);
            match_edge(ra, p);
        }
    }
    enter_state(ra, blk->in);
}

static void start_block(TcgRegalloc *ra, uint32_t block)
{
    TcgFn *fn = ra->fn;
    const TcgIrBlock *b = fn_block(fn, block);

    ra->block = block;
    ra->pos = ra->blk[block].start;
    ra->block_end = ra->blk[block].end;
    ra->pinned = 0;
    if (b->num_preds > 1 || block_has_phi(fn, b)) {
        start_merge(ra, block);
    } else if (b->num_preds == 1 && fn_block(fn, *fn_list(fn, b->preds))->order &&
               ra->blk[*fn_list(fn, b->preds)].done) {
        enter_state(ra, ra->blk[*fn_list(fn, b->preds)].out);
        for (TcgRegSet s = ra->allocatable & ~ra->free; s; s &= s - 1) {
            TcgId id = ra->regs[__builtin_ctzll(s)];

            if (!ra->val[id].is_const && !test_live(ra->live_in, ra->words, block, id)) {
                unbind(ra, id);
            }
        }
    } else {
        enter_state(ra, NULL);
        ra->blk[block].started = true;
    }
}

static void end_block(TcgRegalloc *ra, uint32_t block)
{
    const TcgIrBlock *b = fn_block(ra->fn, block);

    memcpy(ra->blk[block].out, ra->regs, sizeof(ra->regs));
    ra->blk[block].done = true;
    if (b->num_succ == 1 && ra->blk[b->succ[0]].started) {
        match_edge(ra, block);
    }
}

/*
 * Copies on the edge that a loop goes round by, when there are few, go before the branch, so that the edge is the branch
 * itself: what leaves the loop does not read their destinations.
 */
static void hoist_edges(TcgRegalloc *ra)
{
    TcgFn *fn = ra->fn;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        TcgIrBlock *b = fn_block(fn, g_array_index(fn->rpo, uint32_t, i)), *from;
        uint32_t other;
        const TcgNode *end;
        TcgRegSet busy;
        unsigned copies = 0;
        TcgConstraint c;
        bool ok;

        if (b->num_preds != 1 || b->num_succ != 1) {
            continue;
        }
        from = fn_block(fn, *fn_list(fn, b->preds));
        if (from->num_succ != 2) {
            continue;
        }
        other = from->succ[fn_block(fn, from->succ[0]) == b];
        ok = fn_block(fn, other)->loop_depth < b->loop_depth;
        end = node_of(ra, from->last);
        ra->be->constraints(ra->be, fn, end, &c);
        busy = c.clobbers;
        for (unsigned k = 0; k < def_of(end)->args; k++) {
            busy |= loc_kind(end->in[k]) == LOC_REG ? reg_bit(loc_num(end->in[k])) : 0;
        }
        for (TcgId id = b->first; ok && id != b->last; id = node_of(ra, id)->next) {
            const TcgNode *n = node_of(ra, id);
            TcgId was = loc_kind(n->out) == LOC_REG ? ra->blk[end->block].out[loc_num(n->out)] : 0;

            ok = n->op == OP_mov && loc_kind(n->out) == LOC_REG && !(busy & reg_bit(loc_num(n->out))) &&
                 ++copies <= HOISTED_COPIES &&
                 !(was && (ra->val[was].is_const || test_live(ra->live_in, ra->words, other, was)));
        }
        while (ok && b->first != b->last) {
            TcgId id = b->first;

            tcg_fn_remove(fn, id);
            tcg_fn_insert_before(fn, from->last, id);
        }
    }
}

/* -- webs: phis and their arguments that can share a slot --------------------------------------------------------- */

/* Whether one of the uses in the chain lies after from, up to to. */
static bool used_between(const TcgRegalloc *ra, uint32_t use, uint32_t from, uint32_t to)
{
    while (use && use_pos(ra, use) <= from) {
        use = ra->use[use].next;
    }
    return use && use_pos(ra, use) <= to;
}

/* Whether a is live where b is defined. */
static bool lives_at_def(const TcgRegalloc *ra, TcgId a, TcgId b)
{
    uint32_t block = node_of(ra, b)->block, def = ra->val[b].def;
    const RaVal *v = &ra->val[a];

    if (node_of(ra, a)->block == block ? v->def > def : !test_live(ra->live_in, ra->words, block, a)) {
        return false;
    }
    return test_live(ra->live_out, ra->words, block, a) || used_between(ra, v->use, def, ra->blk[block].end) ||
           used_between(ra, v->map_use, def, ra->blk[block].end);
}

static void make_web(TcgRegalloc *ra, TcgId id)
{
    RaVal *v = &ra->val[id];

    if (!v->web) {
        v->web = id;
        v->web_next = 0;
        ra->web[id] = (RaWeb){ v->def, v->end, 1, -1 };
    }
}

static void join_webs(TcgRegalloc *ra, TcgId a, TcgId b)
{
    TcgId to, from, last;
    RaWeb *w;

    make_web(ra, a);
    make_web(ra, b);
    to = ra->val[a].web;
    from = ra->val[b].web;
    w = &ra->web[to];
    if (to == from || w->num * ra->web[from].num > WEB_PAIRS) {
        return;
    }
    for (TcgId x = to; x; x = ra->val[x].web_next) {
        for (TcgId y = from; y; y = ra->val[y].web_next) {
            if (ra->val[x].def == ra->val[y].def || lives_at_def(ra, x, y) || lives_at_def(ra, y, x)) {
                return;
            }
        }
    }
    w->def = MIN(w->def, ra->web[from].def);
    w->end = MAX(w->end, ra->web[from].end);
    w->num += ra->web[from].num;
    for (last = to; ra->val[last].web_next; last = ra->val[last].web_next) {
    }
    ra->val[last].web_next = from;
    for (TcgId y = from; y; y = ra->val[y].web_next) {
        ra->val[y].web = to;
    }
}

static void find_webs(TcgRegalloc *ra)
{
    TcgFn *fn = ra->fn;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        const TcgIrBlock *b = fn_block(fn, g_array_index(fn->rpo, uint32_t, i));

        for (TcgId id = b->first; id && node_of(ra, id)->op == OP_phi; id = node_of(ra, id)->next) {
            const TcgNode *n = node_of(ra, id);

            for (uint32_t k = 0; k < n->list_len && (n->uses || n->map_uses); k++) {
                TcgId arg = phi_arg(fn, n, k);

                if (arg != id && !ra->val[arg].is_const && fn_block(fn, *fn_list(fn, b->preds + k))->order) {
                    join_webs(ra, id, arg);
                }
            }
        }
    }
}

/* -- the pass --------------------------------------------------------------------------------------------------------- */

static void *sized(GArray *a, size_t n)
{
    g_array_set_size(a, n);
    if (n) {
        memset(a->data, 0, n * g_array_get_element_size(a));
    }
    return a->data;
}

static TcgRegalloc *working_memory(TcgFn *fn)
{
    TcgRegalloc *ra = fn->regalloc;

    if (!ra) {
        ra = fn->regalloc = g_new0(TcgRegalloc, 1);
        ra->vals = g_array_new(FALSE, FALSE, sizeof(RaVal));
        ra->webs = g_array_new(FALSE, FALSE, sizeof(RaWeb));
        ra->uses = g_array_new(FALSE, FALSE, sizeof(RaUse));
        ra->bits = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        ra->work = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        ra->blocks = g_array_new(FALSE, FALSE, sizeof(RaBlock));
        ra->moves = g_array_new(FALSE, FALSE, sizeof(RaMove));
        ra->calls = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        ra->slots = g_array_new(FALSE, FALSE, sizeof(RaSlot));
        ra->maps_seen = g_array_new(FALSE, FALSE, sizeof(bool));
        ra->consts = g_array_new(FALSE, FALSE, sizeof(TcgId));
    }
    if (!fn->map_leaves) {
        fn->map_leaves = g_array_new(FALSE, FALSE, sizeof(TcgMapLeaf));
    }
    return ra;
}

void tcg_regalloc_free(TcgFn *fn)
{
    TcgRegalloc *ra = fn->regalloc;

    if (ra) {
        GArray *const all[] = { ra->vals, ra->webs, ra->uses, ra->bits, ra->work, ra->blocks, ra->moves, ra->calls, ra->slots,
                                ra->maps_seen, ra->consts };

        for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
            g_array_free(all[i], TRUE);
        }
        g_free(ra);
        fn->regalloc = NULL;
    }
}

void tcg_regalloc(TcgFn *fn)
{
    TcgRegalloc *ra = working_memory(fn);
    uint32_t first_split = fn->blocks->len;

    split_critical_edges(fn);
    count_uses(fn);

    ra->fn = fn;
    ra->be = fn->config->backend;
    g_array_set_size(ra->vals, fn->nodes->len);
    ra->val = (RaVal *)ra->vals->data;
    g_array_set_size(ra->webs, fn->nodes->len);
    ra->web = (RaWeb *)ra->webs->data;
    ra->node = fn_node(fn, 0);
    ra->blk = sized(ra->blocks, fn->blocks->len);
    sized(ra->maps_seen, fn->maps->len);
    ra->words = fn->rpo->len > 1 ? (fn->nodes->len + 63) / 64 : 0;
    ra->live_in = sized(ra->bits, 2 * (size_t)ra->words * fn->blocks->len);
    ra->live_out = ra->live_in + (size_t)ra->words * fn->blocks->len;
    ra->num_uses = 1;                           /* chains end with 0 */
    g_array_set_size(ra->calls, 0);
    g_array_set_size(fn->map_leaves, 0);
    g_array_set_size(ra->consts, 0);
    ra->num_slots = 0;
    memset(ra->temp_slot, 0xff, sizeof(ra->temp_slot));
    memset(ra->home, NO_REG, sizeof(ra->home));
    ra->homes = 0;
    memset(ra->regs, 0, sizeof(ra->regs));
    ra->allocatable = ra->be->allocatable & (INT_REGS | VEC_REGS);
    for (TcgId id = 0; id < fn->nodes->len; id++) {
        const TcgNode *n = fn_node(fn, id);

        ra->val[id] = (RaVal) { .reg = NO_REG, .slot = -1, .is_const = n->op == OP_const };
        ra->allocatable |= ra->be->allocatable & tcg_regs_of(node_type(n));
        if (n->op == OP_const && n->type == TCG_I64 && (int64_t)n->imm != (int32_t)n->imm) {
            g_array_append_val(ra->consts, id);
        }
    }
    ra->free = ra->allocatable;
    number_nodes(ra);
    collect_uses(ra);
    find_webs(ra);

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);
        TcgId id, next;

        start_block(ra, block);
        for (id = fn_block(fn, block)->first; id; id = next) {
            next = node_of(ra, id)->next;
            if (takes_registers(node_of(ra, id))) {
                alloc_node(ra, id);
            }
        }
        end_block(ra, block);
    }
    hoist_edges(ra);
    join_empty_edges(fn, first_split);
    fn->frame_slots = (ra->num_slots + 1) & ~1u;
    if (fn->config->verify) {
        tcg_regalloc_assert(fn);
    }
}
