/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Regions: building and editing them, and their graph: predecessors, reverse postorder, dominators (Cooper, Harvey
 * and Kennedy, "A Simple, Fast Dominance Algorithm"), loop depth. The text form is in irtext.c.
 */
#include "core/tcg/ir_int.h"

#include <string.h>

const TcgOpDef tcg_op_def[TCG_NUM_OPS] = {
#define COMM TCGF_COMM
#define PURE TCGF_PURE
#define EXIT TCGF_EXIT
#define EFFECT TCGF_EFFECT
#define END TCGF_END
#define REG TCGF_REG
#define ARGT TCGF_ARGT
#define VEC TCGF_VEC
#define FLAGS TCGF_FLAGS
#define PRED TCGF_PRED
#define OP(name, out, in, flags) \
    [OP_##name] = { #name, out, in, (flags) & TCGF_ARGT ? TCG_I32 : (flags) & TCGF_PRED ? TCG_PRED : TCG_VOID, flags },
#include "core/tcg/ops.def"
#undef OP
#undef COMM
#undef PURE
#undef EXIT
#undef EFFECT
#undef END
#undef REG
#undef ARGT
#undef VEC
#undef FLAGS
#undef PRED
};

/* Bit nzcv of entry c: see TcgFlagCond. Pairs are each other's complement, but AL and NV both hold always. */
const uint16_t tcg_flag_truth[16] = {
    [FC_EQ] = 0xf0f0, [FC_NE] = 0x0f0f, [FC_CS] = 0xcccc, [FC_CC] = 0x3333,
    [FC_MI] = 0xff00, [FC_PL] = 0x00ff, [FC_VS] = 0xaaaa, [FC_VC] = 0x5555,
    [FC_HI] = 0x0c0c, [FC_LS] = 0xf3f3, [FC_GE] = 0xaa55, [FC_LT] = 0x55aa,
    [FC_GT] = 0x0a05, [FC_LE] = 0xf5fa, [FC_AL] = 0xffff, [FC_NV] = 0xffff,
};

/*
 * Room for num elements, *cap of them from now on, in one of a region's arrays. Where regions are verified little more is
 * made, elements move each time, and where they were is spoilt: whoever kept a pointer is found.
 */
void tcg_fn_room(TcgFn *fn, GArray **array, uint32_t *cap, uint32_t num)
{
    guint size = g_array_get_element_size(*array), len = (*array)->len;

    *cap = num + (fn->config->verify ? num / 64 : *cap);
    if (fn->config->verify) {
        GArray *moved = g_array_sized_new(FALSE, FALSE, size, *cap);

        g_array_append_vals(moved, (*array)->data, len);
        memset((*array)->data, 0xa5, (size_t)len * size);
        g_array_free(*array, TRUE);
        *array = moved;
    }
    g_array_set_size(*array, *cap);
    (*array)->len = len;
}

TcgFn *tcg_fn_new(const TcgConfig *config)
{
    TcgFn *fn = g_new0(TcgFn, 1);

    fn->config = config;
    fn->nodes = g_array_sized_new(FALSE, FALSE, sizeof(TcgNode), 512);
    fn->blocks = g_array_sized_new(FALSE, FALSE, sizeof(TcgIrBlock), 32);
    fn->lists = g_array_sized_new(FALSE, FALSE, sizeof(uint32_t), 256);
    fn->maps = g_array_sized_new(FALSE, FALSE, sizeof(TcgStateMap), 64);
    fn->map_entries = g_array_sized_new(FALSE, FALSE, sizeof(TcgMapEntry), 256);
    fn->locals = g_array_sized_new(FALSE, FALSE, sizeof(uint8_t), 16);
    fn->rpo = g_array_sized_new(FALSE, FALSE, sizeof(uint32_t), 32);
    tcg_fn_room(fn, &fn->nodes, &fn->node_cap, 512);
    fn->node = (TcgNode *)fn->nodes->data;
    tcg_fn_room(fn, &fn->maps, &fn->map_cap, 64);
    tcg_fn_room(fn, &fn->map_entries, &fn->entry_cap, 256);
    tcg_fn_room(fn, &fn->blocks, &fn->block_cap, 32);
    tcg_fn_room(fn, &fn->lists, &fn->list_cap, 256);
    for (unsigned i = 0; i < G_N_ELEMENTS(fn->scratch); i++) {
        fn->scratch[i] = g_byte_array_sized_new(1024);
    }
    fn->rows = g_array_sized_new(FALSE, FALSE, sizeof(uint16_t), 64);
    fn->row_seen = g_byte_array_new();
    g_byte_array_set_size(fn->row_seen, config->target->num_regs);
    memset(fn->row_seen->data, 0, fn->row_seen->len);
    tcg_fn_rows_grow(fn);
    tcg_fn_clear(fn);
    return fn;
}

void tcg_fn_free(TcgFn *fn)
{
    if (!fn) {
        return;
    }
    tcg_regalloc_free(fn);
    tcg_quick_free(fn);
    if (fn->map_leaves) {
        g_array_free(fn->map_leaves, TRUE);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(fn->scratch); i++) {
        g_byte_array_free(fn->scratch[i], TRUE);
    }
    g_array_free(fn->nodes, TRUE);
    g_array_free(fn->blocks, TRUE);
    g_array_free(fn->lists, TRUE);
    g_array_free(fn->maps, TRUE);
    g_array_free(fn->map_entries, TRUE);
    g_array_free(fn->locals, TRUE);
    g_array_free(fn->rpo, TRUE);
    g_array_free(fn->rows, TRUE);
    g_byte_array_free(fn->row_seen, TRUE);
    g_free(fn);
}

void tcg_fn_clear(TcgFn *fn)
{
    fn->nodes->len = 1;
    memset(fn_node(fn, 0), 0, sizeof(TcgNode));
    fn->blocks->len = 1;
    memset(fn_block(fn, 0), 0, sizeof(TcgIrBlock));
    fn->maps->len = 1;
    memset(fn_map(fn, 0), 0, sizeof(TcgStateMap));
    if (fn->config->verify) {
        fn->node_cap = fn->map_cap = fn->block_cap = 1;
        fn->list_cap = 0;
    }
    fn->lists->len = fn->map_entries->len = fn->locals->len = fn->rpo->len = 0;
    fn->entry = 0;
    fn->entry_pc = 0;
    fn->num_insns = 0;
    fn->frame_slots = 0;
    for (guint i = 0; i < fn->rows->len; i++) {
        unsigned row = g_array_index(fn->rows, uint16_t, i);

        fn->row_seen->data[row < TCG_LOCAL ? row : fn->config->target->num_regs + (row - TCG_LOCAL)] = 0;
    }
    fn->rows->len = 0;
    fn->rows_noted = fn->has_loops = fn->lacks = fn->too_large = fn->counted = false;
    fn->done = 0;
}

void tcg_fn_rows_grow(TcgFn *fn)
{
    guint len = fn->rows->len;

    g_array_set_size(fn->rows, fn->row_seen->len);
    fn->rows->len = len;
}

void tcg_fn_grow(TcgFn *fn)
{
    tcg_fn_room(fn, &fn->nodes, &fn->node_cap, fn->nodes->len + 1);
    fn->node = (TcgNode *)fn->nodes->data;
}

static __attribute__((noinline)) TcgId const_new(TcgFn *fn, TcgType type, uint64_t lo, uint64_t hi, unsigned h)
{
    TcgId id = tcg_fn_node_new(fn, OP_const, type);
    TcgNode *n = fn_node(fn, id);

    n->imm = lo;
    n->imm2 = hi;
    fn->const_cache[h] = id;
    return id;
}

/* The cache may have what was a constant in another region. */
static inline TcgId const_find(TcgFn *fn, TcgType type, uint64_t lo, uint64_t hi)
{
    unsigned h = ((lo ^ hi << 7) * 0x9e3779b97f4a7c15ull + type * 0x9e3779b9u) >> 58;
    TcgId id = fn->const_cache[h];
    const TcgNode *n = fn_node(fn, id);

    if (G_LIKELY(id < fn->nodes->len) && n->imm == lo && n->imm2 == hi && n->op == OP_const && n->type == type && !n->block &&
        id) {
        return id;
    }
    return const_new(fn, type, lo, hi, h);
}

TcgId tcg_fn_const(TcgFn *fn, TcgType type, uint64_t value)
{
    return const_find(fn, type, type == TCG_I32 ? (uint32_t)value : value, 0);
}

TcgId tcg_fn_const_v(TcgFn *fn, uint64_t lo, uint64_t hi)
{
    return const_find(fn, TCG_V128, lo, hi);
}

TcgId tcg_fn_const_wide(TcgFn *fn, TcgType type, uint64_t lo, uint64_t hi)
{
    return const_find(fn, type, lo, hi);
}

uint32_t tcg_fn_block_new(TcgFn *fn)
{
    uint32_t b = fn->blocks->len;

    if (G_UNLIKELY(b >= fn->block_cap)) {
        tcg_fn_room(fn, &fn->blocks, &fn->block_cap, b + 1);
    }
    fn->blocks->len = b + 1;
    memset(fn_block(fn, b), 0, sizeof(TcgIrBlock));
    return b;
}

uint32_t tcg_fn_list_new(TcgFn *fn, uint32_t len)
{
    uint32_t first = fn->lists->len;

    if (len) {
        if (G_UNLIKELY(first + len > fn->list_cap)) {
            tcg_fn_room(fn, &fn->lists, &fn->list_cap, first + len);
        }
        fn->lists->len = first + len;
        memset(fn_list(fn, first), 0, len * sizeof(uint32_t));
    }
    return first;
}

void *tcg_fn_scratch(TcgFn *fn, unsigned slot, size_t bytes)
{
    GByteArray *a = fn->scratch[slot];

    if (a->len < bytes) {
        g_byte_array_set_size(a, bytes);
    }
    return a->data;
}

TcgType tcg_row_type(const TcgFn *fn, unsigned row)
{
    return row < TCG_LOCAL ? fn->config->target->regs[row].type
                           : (TcgType)g_array_index(fn->locals, uint8_t, row - TCG_LOCAL);
}

static TcgType lane_type(const TcgNode *n)
{
    return n->aux == 3 ? TCG_I64 : TCG_I32;
}

TcgType tcg_arg_type(const TcgFn *fn, const TcgNode *n, unsigned i)
{
    switch (n->op) {
    case OP_set_reg:
        return tcg_row_type(fn, n->aux);
    case OP_call:
        return ((const TcgHelper *)(uintptr_t)n->imm)->args[i];
    case OP_select: case OP_select_fc:
        return i == 0 ? TCG_I32 : (TcgType)n->type;
    case OP_select_cmp:
        return i < 2 ? (TcgType)n->imm : (TcgType)n->type;
    case OP_trunc: case OP_vpair: case OP_guest_ld: case OP_guest_ldx: case OP_guest_ldh: case OP_guest_ldn:
        return TCG_I64;
    case OP_zext: case OP_sext: case OP_flags_cond: case OP_brflag:
        return TCG_I32;
    case OP_guest_st: case OP_guest_rmw: case OP_guest_cas:
        return i == 0 ? TCG_I64 : (TcgType)n->type;
    case OP_guest_stx: case OP_guest_sth: case OP_guest_stn:
        return i == 1 ? (TcgType)n->type : TCG_I64;
    case OP_vdup: case OP_vfrom:
        return lane_type(n);
    case OP_vset:
        return i == 0 ? TCG_V128 : lane_type(n);
    case OP_vget: case OP_fp_to_int:
        return TCG_V128;
    case OP_vlow: case OP_vhigh:
        return (TcgType)(n->type + 1);
    case OP_vcat:
        return (TcgType)(n->type - 1);
    case OP_vsel: case OP_vmasked:
        return i == 0 ? TCG_PRED : (TcgType)n->type;
    case OP_pfrom: case OP_pwhile:
        return TCG_I64;
    case OP_pto:
        return TCG_PRED;
    case OP_guest_ldm:
        return i == 0 ? TCG_I64 : TCG_PRED;
    case OP_guest_stm:
        return i == 0 ? TCG_I64 : i == 1 ? (TcgType)n->type : TCG_PRED;
    default:
        return n->type;
    }
}

/* -- lists of a block ----------------------------------------------------------------------------------------- */

void tcg_fn_insert_after(TcgFn *fn, TcgId where, TcgId id)
{
    TcgId next = fn_node(fn, where)->next;

    if (next) {
        tcg_fn_insert_before(fn, next, id);
    } else {
        tcg_fn_append(fn, fn_node(fn, where)->block, id);
    }
}

void tcg_fn_insert_first(TcgFn *fn, uint32_t block, TcgId id)
{
    TcgId first = fn_block(fn, block)->first;

    if (first) {
        tcg_fn_insert_before(fn, first, id);
    } else {
        tcg_fn_append(fn, block, id);
    }
}

/* -- the graph -------------------------------------------------------------------------------------------------- */

bool tcg_fn_dominates(const TcgFn *fn, uint32_t a, uint32_t b)
{
    unsigned order = fn_block(fn, a)->order;

    while (fn_block(fn, b)->order > order) {
        b = fn_block(fn, b)->idom;
    }
    return a == b;
}

static uint32_t common_dominator(const TcgFn *fn, uint32_t a, uint32_t b)
{
    while (a != b) {
        while (fn_block(fn, a)->order > fn_block(fn, b)->order) {
            a = fn_block(fn, a)->idom;
        }
        while (fn_block(fn, b)->order > fn_block(fn, a)->order) {
            b = fn_block(fn, b)->idom;
        }
    }
    return a;
}

/* Fills rpo and order. Iterative: a stack entry is a block, its `mark` the next successor to visit. */
static void order_blocks(TcgFn *fn)
{
    uint32_t num = fn->blocks->len, top = 0, post = 0;
    uint32_t *stack = tcg_fn_scratch(fn, 3, 2 * num * sizeof(uint32_t)), *out = stack + num;

    for (uint32_t b = 1; b < num; b++) {
        TcgIrBlock *blk = fn_block(fn, b);

        blk->order = blk->mark = blk->num_preds = blk->loop_depth = 0;
    }
    stack[top++] = fn->entry;
    fn_block(fn, fn->entry)->order = 1;         /* visited */
    while (top) {
        TcgIrBlock *b = fn_block(fn, stack[top - 1]);

        if (b->mark < b->num_succ) {
            /* The second successor first, so that the first one follows its block in the order. */
            uint32_t s = b->succ[b->num_succ - 1 - b->mark++];

            if (!fn_block(fn, s)->order) {
                fn_block(fn, s)->order = 1;
                stack[top++] = s;
            }
        } else {
            out[post++] = stack[--top];
        }
    }
    g_array_set_size(fn->rpo, post);
    for (uint32_t i = 0; i < post; i++) {
        uint32_t b = out[post - 1 - i];

        g_array_index(fn->rpo, uint32_t, i) = b;
        fn_block(fn, b)->order = i + 1;
    }
}

/* True: an edge leads back in the order. */
static bool find_preds(TcgFn *fn)
{
    uint32_t total = 0, at;
    bool back = false;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        TcgIrBlock *b = fn_block(fn, g_array_index(fn->rpo, uint32_t, i));

        for (uint32_t s = 0; s < b->num_succ; s++) {
            fn_block(fn, b->succ[s])->num_preds++;
            total++;
        }
    }
    at = tcg_fn_list_new(fn, total);
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        TcgIrBlock *b = fn_block(fn, g_array_index(fn->rpo, uint32_t, i));

        b->preds = at;
        at += b->num_preds;
        b->num_preds = 0;
    }
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);
        TcgIrBlock *b = fn_block(fn, block);

        for (uint32_t s = 0; s < b->num_succ; s++) {
            TcgIrBlock *succ = fn_block(fn, b->succ[s]);

            *fn_list(fn, succ->preds + succ->num_preds++) = block;
            back |= succ->order <= b->order;
        }
    }
    return back;
}

static void find_dominators(TcgFn *fn, bool has_back_edges)
{
    bool changed = true;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->idom = 0;
    }
    fn_block(fn, fn->entry)->idom = fn->entry;
    while (changed) {
        changed = false;
        for (uint32_t i = 1; i < fn->rpo->len; i++) {
            TcgIrBlock *b = fn_block(fn, g_array_index(fn->rpo, uint32_t, i));
            uint32_t idom = 0;

            for (uint32_t p = 0; p < b->num_preds; p++) {
                uint32_t pred = *fn_list(fn, b->preds + p);

                if (fn_block(fn, pred)->idom) {
                    idom = idom ? common_dominator(fn, pred, idom) : pred;
                }
            }
            if (b->idom != idom) {
                b->idom = idom;
                changed = has_back_edges;       /* else all were known when they were asked for */
            }
        }
    }
}

/*
 * Loop depth: a loop is a block that an edge leads back to in the order, and all that reach such an edge without
 * passing through that block. Where another way leads in (an irreducible loop), that takes in more than the loop.
 */
static void find_loops(TcgFn *fn)
{
    uint32_t num = fn->blocks->len;
    uint32_t *stack = tcg_fn_scratch(fn, 3, num * sizeof(uint32_t));

    for (uint32_t b = 1; b < num; b++) {
        fn_block(fn, b)->loop_depth = 0;
        fn_block(fn, b)->mark = 0;
    }
    fn->has_loops = false;
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t head = g_array_index(fn->rpo, uint32_t, i), top = 0;
        TcgIrBlock *h = fn_block(fn, head);

        for (uint32_t p = 0; p < h->num_preds; p++) {
            uint32_t pred = *fn_list(fn, h->preds + p);

            if (fn_block(fn, pred)->order < h->order || fn_block(fn, pred)->mark == head) {
                continue;
            }
            if (h->mark != head) {
                h->mark = head;
                h->loop_depth++;
                fn->has_loops = true;
            }
            if (pred == head) {
                continue;
            }
            fn_block(fn, pred)->mark = head;
            stack[top++] = pred;
            while (top) {
                TcgIrBlock *b = fn_block(fn, stack[--top]);

                b->loop_depth++;
                for (uint32_t q = 0; q < b->num_preds; q++) {
                    uint32_t up = *fn_list(fn, b->preds + q);

                    if (fn_block(fn, up)->mark != head) {
                        fn_block(fn, up)->mark = head;
                        stack[top++] = up;
                    }
                }
            }
        }
    }
}

/* A block that leads to two which lead nowhere: most guest blocks with a conditional branch. */
static bool two_leaves(TcgFn *fn, TcgIrBlock *e)
{
    uint32_t preds;

    if (e->succ[0] == e->succ[1] || fn_block(fn, e->succ[0])->num_succ || fn_block(fn, e->succ[1])->num_succ) {
        return false;
    }
    for (uint32_t b = 1; b < fn->blocks->len; b++) {
        fn_block(fn, b)->order = 0;
    }
    preds = tcg_fn_list_new(fn, 2);
    g_array_set_size(fn->rpo, 3);
    g_array_index(fn->rpo, uint32_t, 0) = fn->entry;
    e->order = 1;
    e->idom = fn->entry;
    e->num_preds = e->loop_depth = 0;
    for (unsigned i = 0; i < 2; i++) {
        TcgIrBlock *leaf = fn_block(fn, e->succ[i]);

        g_array_index(fn->rpo, uint32_t, i + 1) = e->succ[i];
        leaf->order = i + 2;
        leaf->idom = fn->entry;
        leaf->loop_depth = 0;
        leaf->num_preds = 1;
        leaf->preds = preds + i;
        *fn_list(fn, preds + i) = fn->entry;
    }
    fn->has_loops = false;
    return true;
}

void tcg_fn_compute_order(TcgFn *fn)
{
    TcgIrBlock *e = fn_block(fn, fn->entry);
    bool back;

    if (e->num_succ == 0) {                     /* one block: the common case */
        for (uint32_t b = 1; b < fn->blocks->len; b++) {
            fn_block(fn, b)->order = 0;
        }
        g_array_set_size(fn->rpo, 1);
        g_array_index(fn->rpo, uint32_t, 0) = fn->entry;
        e->order = 1;
        e->idom = fn->entry;
        e->num_preds = e->loop_depth = 0;
        fn->has_loops = false;
        return;
    }
    if (e->num_succ == 2 && two_leaves(fn, e)) {
        return;
    }
    order_blocks(fn);
    back = find_preds(fn);
    find_dominators(fn, back);
    fn->has_loops = false;
    if (back) {
        find_loops(fn);
    }
}

uint32_t tcg_fn_pred_index(const TcgFn *fn, const TcgIrBlock *b, uint32_t pred)
{
    for (uint32_t i = 0; i < b->num_preds; i++) {
        if (*fn_list(fn, b->preds + i) == pred) {
            return i;
        }
    }
    g_assert_not_reached();
}

uint32_t tcg_fn_split_edge(TcgFn *fn, uint32_t p, unsigned e)
{
    uint32_t to = fn_block(fn, p)->succ[e], new = fn->blocks->len, list = fn->lists->len;
    TcgIrBlock b = {
        .succ = { to }, .num_succ = 1, .preds = list, .num_preds = 1, .idom = p,
        .loop_depth = MIN(fn_block(fn, p)->loop_depth, fn_block(fn, to)->loop_depth),
    };
    TcgIrBlock *target;

    g_array_append_val(fn->blocks, b);
    g_array_append_val(fn->lists, p);
    fn_block(fn, p)->succ[e] = new;
    target = fn_block(fn, to);
    *fn_list(fn, target->preds + tcg_fn_pred_index(fn, target, p)) = new;
    tcg_fn_append(fn, new, tcg_fn_node_new(fn, OP_br, TCG_VOID));
    return new;
}
