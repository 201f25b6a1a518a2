/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SSA construction: get_reg and set_reg become values; loads and stores of the CPU object appear where they must;
 * each EXIT operation gets its state map.
 *
 * Blocks are walked in reverse postorder. For each row that the region touches, the state at a point is what the row
 * holds (cur) and what the CPU object's field holds (env): each either a value, or a "content", which is a name for
 * what the field held at some point (the region's entry, after a call that writes it, the start of a block) and is
 * loaded only if somebody asks. A row is dirty where cur and env differ. Stores happen at exits and before calls that
 * see the row, never merely because a block ends: at a join a dirty row is a phi and stays dirty. What a loop does to
 * a row is found by a scan of its body, so that one walk suffices. Where far more rows meet than there are registers,
 * the least used are stored and become contents instead.
 *
 * `start` is what a row held at the start of the current guest instruction, kept for those that it has changed.
 */
#include "core/tcg/backend.h"

#include <string.h>

typedef uint32_t Ref;                           /* a node, or CONTENT | index */
enum { CONTENT = 0x80000000u, INSN_ENTRY = 0xffffffffu };

typedef struct Content {
    uint32_t row;                               /* dense */
    uint32_t block;
    TcgId after;                                /* the node after which the field holds it; 0: the block's start */
    TcgId ld;                                   /* 0: nobody asked for it yet */
} Content;

typedef struct RowState {
    Ref cur, env, start;
    TcgId stamp;                                /* start is valid for this insn_start */
} RowState;

typedef struct RowInfo {
    uint16_t row;
    uint8_t type, mo;
    bool local;
    uint32_t offset;
} RowInfo;

typedef struct BlockOut {
    TcgId insn;                                 /* the current instruction: its insn_start, INSN_ENTRY, 0: ambiguous */
    uint32_t insns;                             /* begun so far */
} BlockOut;

/* What a loop does to a row. */
enum { LOOP_SETS = 1, LOOP_CALL_READS = 2, LOOP_CALL_WRITES = 4 };

typedef struct Ssa {
    TcgFn *fn;
    bool naive;
    bool has_add;                               /* the backend has OP_add_env */
    uint32_t num_rows;                          /* dense; 0 is the PC's */
    RowInfo *rows;
    uint16_t *dense;                            /* by row, then by local: dense number + 1 */
    RowState *states;                           /* by block, row: the state at its end once it has been walked */
    BlockOut *outs;
    uint8_t *loop;                              /* by header block (0: the region), row; one more: it has an insn_start */
    uint8_t *in_field;                          /* by block with several predecessors, row: see choose_fields; NULL: none */
    uint8_t *reloads;                           /* by row: it is so in one of them */
    uint32_t num_contents;
    uint32_t num_phis;                          /* made here */
    /* the block being walked */
    uint32_t block;
    RowState *st;
    TcgId insn;
    uint32_t insns;
    TcgId pc_ld;                                /* a load of the entry PC in pc_block, where it is the block walked */
    uint32_t pc_block;
} Ssa;

/* Scratch slots: 0 rows and states, 1 contents, 2 phis made, 3 the graph's stack. */
static inline Content *content(Ssa *s, Ref r)
{
    return (Content *)s->fn->scratch[1]->data + (r & ~CONTENT);
}

static Ref content_new(Ssa *s, uint32_t row, uint32_t block, TcgId after)
{
    uint32_t i = s->num_contents++;

    if (s->fn->scratch[1]->len < s->num_contents * sizeof(Content)) {
        g_byte_array_set_size(s->fn->scratch[1], 2 * s->num_contents * sizeof(Content) + 1024);
    }
    *content(s, i) = (Content){ row, block, after, 0 };
    return CONTENT | i;
}

static uint32_t dense_index(const Ssa *s, unsigned row)
{
    return s->dense[row < TCG_LOCAL ? row : s->fn->config->target->num_regs + (row - TCG_LOCAL)] - 1u;
}

/* -- rows ------------------------------------------------------------------------------------------------------------ */

static void add_row(Ssa *s, unsigned row)
{
    const TcgTarget *target = s->fn->config->target;
    uint16_t *d = &s->dense[row < TCG_LOCAL ? row : target->num_regs + (row - TCG_LOCAL)];

    if (!*d) {
        RowInfo *r = &s->rows[s->num_rows];

        *d = ++s->num_rows;
        r->row = row;
        r->type = tcg_row_type(s->fn, row);
        r->mo = tcg_type_mo(r->type);
        r->local = row >= TCG_LOCAL;
        r->offset = r->local ? 0 : target->regs[row].offset;
    }
}

static void collect_rows(Ssa *s)
{
    TcgFn *fn = s->fn;
    uint32_t max = fn->config->target->num_regs + fn->locals->len;
    size_t dense_size = (max * sizeof(uint16_t) + 7) & ~(size_t)7, rows_size = max * sizeof(RowInfo);
    uint32_t num = fn->nodes->len;
    uint8_t *p = tcg_fn_scratch(fn, 2, dense_size + rows_size);

    s->dense = (uint16_t *)p;
    s->rows = (RowInfo *)(p + dense_size);
    memset(s->dense, 0, dense_size);
    s->num_rows = 0;
    add_row(s, fn->config->target->pc_reg);
    for (uint32_t i = 0; i < fn->rows->len; i++) {
        add_row(s, g_array_index(fn->rows, uint16_t, i));
    }
    for (TcgId id = 1; id < num && !fn->rows_noted; id++) {
        const TcgNode *n = fn_node(fn, id);

        if ((n->op == OP_get_reg || n->op == OP_set_reg) && n->block) {
            add_row(s, n->aux);
        }
    }
}

/* Whether a call reads or writes a row through the CPU object. */
static bool call_sees(const TcgFn *fn, TcgHelperRegs how, uint32_t list, uint32_t len, unsigned row)
{
    if (how != HREGS_LISTED) {
        return how == HREGS_ALL;
    }
    for (uint32_t i = 0; i < len; i++) {
        if (*fn_list(fn, list + i) == row) {
            return true;
        }
    }
    return false;
}

static bool call_reads(const Ssa *s, const TcgNode *n, uint32_t r)
{
    return !s->rows[r].local && call_sees(s->fn, call_helper(n)->reads, n->reads, n->num_reads, s->rows[r].row);
}

static bool call_writes(const Ssa *s, const TcgNode *n, uint32_t r)
{
    return !s->rows[r].local && call_sees(s->fn, call_helper(n)->writes, n->writes, n->num_writes, s->rows[r].row);
}

/* -- loops -------------------------------------------------------------------------------------------------------------- */

static void scan_block(const Ssa *s, uint32_t block, uint8_t *ret)
{
    const TcgFn *fn = s->fn;

    for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
        const TcgNode *n = fn_node(fn, id);

        if (n->op == OP_set_reg) {
            ret[dense_index(s, n->aux)] |= LOOP_SETS;
        } else if (n->op == OP_insn_start) {
            ret[s->num_rows] = 1;
        } else if (n->op == OP_call && (call_helper(n)->reads || call_helper(n)->writes)) {
            for (uint32_t r = 0; r < s->num_rows; r++) {
                ret[r] |= (call_reads(s, n, r) ? LOOP_CALL_READS : 0) | (call_writes(s, n, r) ? LOOP_CALL_WRITES : 0);
            }
        }
    }
}

static bool is_header(const TcgFn *fn, const TcgIrBlock *b)
{
    for (uint32_t p = 0; p < b->num_preds; p++) {
        if (fn_block(fn, *fn_list(fn, b->preds + p))->order >= b->order) {
            return true;
        }
    }
    return false;
}

/* The loop of a header: all that reaches an edge back to it without passing through it. all: what the region does. */
static void scan_loop(Ssa *s, uint32_t head, const uint8_t *all, uint8_t *ret)
{
    TcgFn *fn = s->fn;
    uint32_t *stack = tcg_fn_scratch(fn, 3, fn->blocks->len * sizeof(uint32_t)), top = 0;
    TcgIrBlock *h = fn_block(fn, head);

    h->mark = head;
    scan_block(s, head, ret);
    for (uint32_t p = 0; p < h->num_preds; p++) {
        uint32_t pred = *fn_list(fn, h->preds + p);

        if (fn_block(fn, pred)->order < h->order || fn_block(fn, pred)->mark == head) {
            continue;
        }
        if (!tcg_fn_dominates(fn, head, pred)) {
            /* There is another way in: what comes back may be of a path that never was here. */
            for (uint32_t r = 0; r <= s->num_rows; r++) {
                ret[r] = all[r] && r != s->num_rows ? LOOP_SETS | LOOP_CALL_READS | LOOP_CALL_WRITES : all[r];
            }
            return;
        }
        fn_block(fn, pred)->mark = head;
        stack[top++] = pred;
        while (top) {
            uint32_t block = stack[--top];
            TcgIrBlock *b = fn_block(fn, block);

            scan_block(s, block, ret);
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

static void scan_loops(Ssa *s)
{
    TcgFn *fn = s->fn;
    uint8_t *all = s->loop;                     /* there is no block 0 */

    memset(s->loop, 0, fn->blocks->len * (s->num_rows + 1));
    for (uint32_t b = 1; b < fn->blocks->len; b++) {
        fn_block(fn, b)->mark = 0;
        if (fn_block(fn, b)->order) {
            scan_block(s, b, all);
        }
    }
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t b = g_array_index(fn->rpo, uint32_t, i);

        if (is_header(fn, fn_block(fn, b))) {
            scan_loop(s, b, all, s->loop + b * (s->num_rows + 1));
        }
    }
}

/* -- rows that joins find in the CPU object --------------------------------------------------------------------------- */

/*
 * A loop that names many more rows than there are registers: those that it names least are in their fields where its
 * paths meet, stored to by the blocks that lead there, rather than being phis that would be copied from slot to slot. With
 * a few too many it is better to let the allocator choose: a copy costs less than a load that waits for a store.
 */
enum { INT_ROWS = 9, VEC_ROWS = 10, PRED_ROWS = 4, ROWS_TOO_MANY = 6, DEPTH_LIMIT = 4, DEPTH_SHIFT = 3 };

static void count_names(const Ssa *s, uint32_t block, uint32_t *ret, bool *flags)
{
    const TcgFn *fn = s->fn;

    for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
        const TcgNode *n = fn_node(fn, id);

        if (n->op == OP_get_reg || n->op == OP_set_reg) {
            uint32_t r = dense_index(s, n->aux);

            ret[r]++;
            flags[r] |= n->op == OP_set_reg && tcg_op_def[fn_node(fn, n->arg[0])->op].flags & TCGF_FLAGS;
        }
    }
}

enum { ROWS_INT, ROWS_VEC, ROWS_WIDE, ROWS_PRED, ROWS_CLASSES };

/* Which rows there are registers of one kind for. */
static unsigned rows_class(TcgType t)
{
    return t == TCG_PRED ? ROWS_PRED : tcg_type_is_wide(t) ? ROWS_WIDE : t == TCG_V128 ? ROWS_VEC : ROWS_INT;
}

/* Rows that the marked blocks name least are in their fields at joins there. head: what they are marked with. */
static void choose_in(Ssa *s, uint32_t head, const uint32_t *names, const bool *flags, uint64_t *weight)
{
    TcgFn *fn = s->fn;

    memset(weight, 0, s->num_rows * sizeof(*weight));
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);
        const TcgIrBlock *b = fn_block(fn, block);

        for (uint32_t r = 1; r < s->num_rows && b->mark == head; r++) {
            if (!s->loop[r]) {
                continue;                       /* it is in its field already: nobody sets it */
            }
            weight[r] += (uint64_t)names[block * s->num_rows + r] << DEPTH_SHIFT * MIN(b->loop_depth, DEPTH_LIMIT);
        }
    }
    for (unsigned class = ROWS_INT; class < ROWS_CLASSES; class++) {
        static const uint8_t limits[] = { [ROWS_INT] = INT_ROWS, [ROWS_VEC] = VEC_ROWS, [ROWS_WIDE] = VEC_ROWS,
                                          [ROWS_PRED] = PRED_ROWS };
        unsigned limit = limits[class], num = 0;
        uint64_t least = 0;

        for (uint32_t r = 1; r < s->num_rows; r++) {
            num += weight[r] && rows_class(s->rows[r].type) == class;
        }
        /* the limit-th of them, by weight */
        for (uint32_t r = 1; r < s->num_rows && num > limit + ROWS_TOO_MANY; r++) {
            unsigned above = 0;

            if (rows_class(s->rows[r].type) != class) {
                continue;
            }
            for (uint32_t q = 1; q < s->num_rows; q++) {
                above += rows_class(s->rows[q].type) == class &&
                         (weight[q] > weight[r] || (weight[q] == weight[r] && q < r));
            }
            if (above == limit - 1) {
                least = weight[r];
            }
        }
        for (uint32_t i = 0; i < fn->rpo->len; i++) {
            uint32_t block = g_array_index(fn->rpo, uint32_t, i);
            const TcgIrBlock *b = fn_block(fn, block);

            for (uint32_t r = 1; r < s->num_rows && b->mark == head && b->num_preds > 1; r++) {
                if (weight[r] && rows_class(s->rows[r].type) == class) {
                    bool in = num > limit + ROWS_TOO_MANY && weight[r] < least && !s->rows[r].local && !flags[r];

                    s->in_field[block * s->num_rows + r] = in;
                }
            }
        }
    }
}

static void choose_fields(Ssa *s)
{
    TcgFn *fn = s->fn;
    uint32_t num_blocks = fn->blocks->len, *stack = tcg_fn_scratch(fn, 3, num_blocks * sizeof(uint32_t));
    g_autofree uint32_t *names = g_new0(uint32_t, (size_t)num_blocks * s->num_rows);
    g_autofree uint64_t *weight = g_new(uint64_t, s->num_rows);
    g_autofree bool *flags = g_new0(bool, s->num_rows);

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);

        count_names(s, block, names + block * s->num_rows, flags);
        fn_block(fn, block)->mark = num_blocks;
    }
    choose_in(s, num_blocks, names, flags, weight);
    for (uint32_t i = 0; i < fn->rpo->len; i++) {           /* inner loops after those that they are in */
        uint32_t head = g_array_index(fn->rpo, uint32_t, i), top = 0;
        const TcgIrBlock *h = fn_block(fn, head);
        bool loop = false;

        for (uint32_t p = 0; p < h->num_preds; p++) {
            uint32_t pred = *fn_list(fn, h->preds + p);

            if (fn_block(fn, pred)->order >= h->order && tcg_fn_dominates(fn, head, pred)) {
                loop = true;
                if (pred != head && fn_block(fn, pred)->mark != head) {
                    fn_block(fn, pred)->mark = head;
                    stack[top++] = pred;
                }
            }
        }
        if (!loop) {
            continue;
        }
        fn_block(fn, head)->mark = head;
        while (top) {
            const TcgIrBlock *b = fn_block(fn, stack[--top]);

            for (uint32_t q = 0; q < b->num_preds; q++) {
                uint32_t up = *fn_list(fn, b->preds + q);

                if (fn_block(fn, up)->mark != head) {
                    fn_block(fn, up)->mark = head;
                    stack[top++] = up;
                }
            }
        }
        choose_in(s, head, names, flags, weight);
    }
    for (uint32_t b = 1; b < num_blocks; b++) {
        for (uint32_t r = 1; r < s->num_rows; r++) {
            s->reloads[r] |= s->in_field[b * s->num_rows + r];
        }
    }
}

static inline bool is_in_field(const Ssa *s, uint32_t block, uint32_t r)
{
    return s->in_field && s->in_field[block * s->num_rows + r];
}

/* -- values ------------------------------------------------------------------------------------------------------------- */

static void make_ld(Ssa *s, TcgId id, uint32_t row)
{
    TcgNode *n = fn_node(s->fn, id);

    n->op = OP_ld_env;
    n->type = s->rows[row].type;
    n->aux = s->rows[row].mo;
    n->imm = s->rows[row].offset;
}

/* The value of ref, available before node `before` of `block` (0: at the block's end, which has been walked). */
static TcgId value_of(Ssa *s, Ref ref, uint32_t block, TcgId before)
{
    TcgFn *fn = s->fn;
    Content *c;
    TcgId ld;

    if (!(ref & CONTENT)) {
        return ref;
    }
    c = content(s, ref);
    if (c->ld) {
        return c->ld;
    }
    ld = tcg_fn_node_new(fn, OP_ld_env, TCG_VOID);
    c->ld = ld;
    make_ld(s, ld, c->row);
    fn_node(fn, ld)->list = (ref & ~CONTENT) + 1;
    if (c->block == block && before && s->st[c->row].env == ref) {
        tcg_fn_insert_before(fn, before, ld);
    } else if ((c->block != block || !before) && s->states[c->block * s->num_rows + c->row].env == ref) {
        /* Its own block has been walked and left the field alone: as late as possible. */
        tcg_fn_insert_before(fn, fn_block(fn, c->block)->last, ld);
    } else if (c->after) {
        tcg_fn_insert_after(fn, c->after, ld);
    } else {
        tcg_fn_insert_before(fn, tcg_fn_after_phis(fn, c->block), ld);
    }
    return ld;
}

/* A load of a content is known by that name. */
static Ref ref_of(Ssa *s, TcgId v)
{
    const TcgNode *n = fn_node(s->fn, v);

    return n->op == OP_ld_env && n->list ? CONTENT | (n->list - 1) : v;
}

static inline TcgId renamed(const TcgFn *fn, TcgId v)
{
    const TcgNode *n = fn_node(fn, v);

    return n->op == OP_get_reg ? n->arg[0] : v;
}

/* of_start: of what the row held at the start of the instruction, not of what it holds. */
static TcgId phi_new(Ssa *s, uint32_t block, uint32_t row, bool of_start)
{
    TcgFn *fn = s->fn;
    TcgId id = tcg_fn_node_new(fn, OP_phi, s->rows[row].type);
    uint32_t len = fn_block(fn, block)->num_preds, list = tcg_fn_list_new(fn, len);

    fn_node(fn, id)->list = list;
    fn_node(fn, id)->list_len = len;
    fn_node(fn, id)->pos = row;
    fn_node(fn, id)->aux = of_start;
    tcg_fn_insert_first(fn, block, id);
    s->num_phis++;
    return id;
}

/* -- the PC ------------------------------------------------------------------------------------------------------- */

/* Whether ref is the region's entry PC plus a constant. */
static bool pc_offset(Ssa *s, Ref ref, int64_t *ret)
{
    const TcgNode *n;

    if (ref == CONTENT) {
        *ret = 0;
        return true;
    }
    n = fn_node(s->fn, ref & CONTENT ? 0 : ref);
    if (n->op != OP_add || ref_of(s, n->arg[0]) != CONTENT || fn_node(s->fn, n->arg[1])->op != OP_const) {
        return false;
    }
    *ret = fn_node(s->fn, n->arg[1])->imm;
    return true;
}

/* The entry PC before a node of the block walked: loaded there while the field still holds it, lest it live long. */
static TcgId entry_pc(Ssa *s, TcgId before)
{
    TcgFn *fn = s->fn;

    if (s->pc_block == s->block) {
        return s->pc_ld;
    }
    if (s->st[0].env != CONTENT) {
        return value_of(s, CONTENT, s->block, before);
    }
    s->pc_ld = tcg_fn_node_new(fn, OP_ld_env, TCG_VOID);
    s->pc_block = s->block;
    make_ld(s, s->pc_ld, 0);
    fn_node(fn, s->pc_ld)->list = 1;
    tcg_fn_insert_before(fn, before, s->pc_ld);
    return s->pc_ld;
}

static int64_t insn_delta(const Ssa *s)
{
    g_assert(s->insn);                          /* else the translator left out an insn_start at a join */
    return s->insn == INSN_ENTRY ? 0 : (int64_t)fn_node(s->fn, s->insn)->imm;
}

/* The entry PC + delta. */
static Ref pc_at(Ssa *s, int64_t delta, TcgId before)
{
    TcgFn *fn = s->fn;
    TcgId base, k, id;

    if (delta == 0) {
        return CONTENT;
    }
    base = entry_pc(s, before);
    k = tcg_fn_const(fn, s->rows[0].type, delta);
    id = tcg_fn_node_new(fn, OP_add, s->rows[0].type);
    fn_node(fn, id)->arg[0] = base;
    fn_node(fn, id)->arg[1] = k;
    tcg_fn_insert_before(fn, before, id);
    return id;
}

static Ref insn_pc(Ssa *s, TcgId before)
{
    return pc_at(s, insn_delta(s), before);
}

/* -- effects ------------------------------------------------------------------------------------------------------ */

static bool differs(Ssa *s, uint32_t row, Ref a, Ref b)
{
    int64_t da, db;

    return a != b && !(row == 0 && pc_offset(s, a, &da) && pc_offset(s, b, &db) && da == db);
}

static inline void stamp(Ssa *s, RowState *st)
{
    if (st->stamp != s->insn) {
        st->stamp = s->insn;
        st->start = st->cur;
    }
}

static void store(Ssa *s, uint32_t row, Ref ref, TcgId before)
{
    TcgFn *fn = s->fn;
    TcgId v = value_of(s, ref, s->block, before), id = tcg_fn_node_new(fn, OP_st_env, s->rows[row].type);
    TcgNode *n = fn_node(fn, id);

    n->aux = s->rows[row].mo;
    n->imm = s->rows[row].offset;
    n->arg[0] = v;
    tcg_fn_insert_before(fn, before, id);
    s->st[row].env = ref;
}

static void store_dirty(Ssa *s, uint32_t first, TcgId before)
{
    for (uint32_t r = first; r < s->num_rows; r++) {
        if (!s->rows[r].local && differs(s, r, s->st[r].cur, s->st[r].env)) {
            store(s, r, s->st[r].cur, before);
        }
    }
}

/* The PC's field becomes the entry PC + delta, before the region is left. */
static void store_pc(Ssa *s, int64_t delta, TcgId before)
{
    int64_t in_env;

    if (s->has_add && pc_offset(s, s->st[0].env, &in_env)) {
        if (delta != in_env) {
            TcgId k = tcg_fn_const(s->fn, s->rows[0].type, delta - in_env);
            TcgId id = tcg_fn_node_new(s->fn, OP_add_env, s->rows[0].type);
            TcgNode *n = fn_node(s->fn, id);

            n->aux = s->rows[0].mo;
            n->imm = s->rows[0].offset;
            n->arg[0] = k;
            tcg_fn_insert_before(s->fn, before, id);
        }
    } else {
        Ref pc = pc_at(s, delta, before);

        if (differs(s, 0, pc, s->st[0].env)) {
            store(s, 0, pc, before);
        }
    }
}

static inline void add_entry(TcgFn *fn, unsigned row, TcgId value)
{
    uint32_t i = fn->map_entries->len;

    if (G_UNLIKELY(i >= fn->entry_cap)) {
        tcg_fn_room(fn, &fn->map_entries, &fn->entry_cap, i + 1);
    }
    fn->map_entries->len = i + 1;
    *fn_map_entry(fn, i) = (TcgMapEntry){ row, value, LOC_NONE };
}

/* What an operation's argument has become. */
static inline TcgId argument(Ssa *s, TcgId v, TcgId user)
{
    return G_UNLIKELY(v == s->fn->entry_pc) ? entry_pc(s, user) : renamed(s->fn, v);
}

static void add_map(Ssa *s, TcgId exit)
{
    TcgFn *fn = s->fn;
    int64_t delta = insn_delta(s), in_env;
    TcgStateMap map = { .first = fn->map_entries->len, .insns = s->insns ? s->insns - 1 : 0 };
    uint32_t m = fn->maps->len;

    if (pc_offset(s, s->st[0].env, &in_env)) {
        map.pc_delta = delta - in_env;
    } else {
        add_entry(fn, s->rows[0].row, value_of(s, insn_pc(s, exit), s->block, exit));
    }
    for (uint32_t r = 1; r < s->num_rows; r++) {
        RowState *st = &s->st[r];
        Ref start = st->stamp == s->insn ? st->start : st->cur;

        if (start != st->env && !s->rows[r].local) {
            add_entry(fn, s->rows[r].row, value_of(s, start, s->block, exit));
        }
    }
    map.num = fn->map_entries->len - map.first;
    if (G_UNLIKELY(m >= fn->map_cap)) {
        tcg_fn_room(fn, &fn->maps, &fn->map_cap, m + 1);
    }
    fn->maps->len = m + 1;
    *fn_map(fn, m) = map;
    fn_node(fn, exit)->map = m;
}

static void do_call(Ssa *s, TcgId id)
{
    TcgFn *fn = s->fn;
    const TcgNode *n = fn_node(fn, id);
    const TcgHelper *h = call_helper(n);
    uint32_t list = n->list, len = n->list_len;

    for (uint32_t i = 0; i < len; i++) {
        *fn_list(fn, list + i) = argument(s, *fn_list(fn, list + i), id);
    }
    if (h->reads || h->writes) {
        for (uint32_t r = 0; r < s->num_rows; r++) {
            RowState *st = &s->st[r];

            /* What a call may write but need not is stored first too. */
            if (call_reads(s, fn_node(fn, id), r) || call_writes(s, fn_node(fn, id), r)) {
                Ref v = r == 0 && st->stamp != s->insn ? insn_pc(s, id) : st->cur;

                if (differs(s, r, v, st->env)) {
                    store(s, r, v, id);
                }
            }
        }
    }
    if (h->flags & (HELPER_MAY_RAISE | HELPER_NO_RETURN)) {
        add_map(s, id);
    }
    if (h->writes) {
        for (uint32_t r = 0; r < s->num_rows; r++) {
            if (call_writes(s, fn_node(fn, id), r)) {
                s->st[r].cur = s->st[r].env = content_new(s, r, s->block, id);
                s->st[r].stamp = 0;             /* a fault later in this instruction leaves it */
            }
        }
    }
}

static void do_get(Ssa *s, TcgId id, TcgNode *n)
{
    uint32_t r = dense_index(s, n->aux);
    RowState *st = &s->st[r];
    Ref cur = st->cur;

    if (cur == 0) {                             /* a local that was not set: any value will do */
        n->arg[0] = tcg_fn_const(s->fn, n->type, 0);
        tcg_fn_remove(s->fn, id);
        return;
    }
    if (cur == st->env && !s->rows[r].local) {
        bool fresh = cur & CONTENT && !content(s, cur)->ld && content(s, cur)->block == s->block;

        if (!fresh && s->in_field && s->reloads[r] && cur & CONTENT && content(s, cur)->block != s->block) {
            /* Another load rather than one value that lives from there to here. */
            Ref again = content_new(s, r, s->block, 0);

            if (st->stamp == s->insn && st->start == cur) {
                st->start = again;
            }
            cur = st->cur = st->env = again;
            fresh = true;
        }
        if (fresh || s->naive) {
            make_ld(s, id, r);
            if (fresh) {
                content(s, cur)->ld = id;
                n->list = (cur & ~CONTENT) + 1;
            }
            return;
        }
    }
    cur = value_of(s, cur, s->block, id);
    fn_node(s->fn, id)->arg[0] = cur;
    tcg_fn_remove(s->fn, id);
}

static void do_set(Ssa *s, TcgId id, TcgNode *n)
{
    uint32_t r = dense_index(s, n->aux);
    RowState *st = &s->st[r];
    TcgId v = n->arg[0];

    if (s->naive && !s->rows[r].local) {
        if (st->stamp != s->insn) {
            stamp(s, st);
            st->start = value_of(s, st->cur, s->block, id);     /* the field's content, before it is lost */
            n = fn_node(s->fn, id);
        }
        n->op = OP_st_env;
        n->type = s->rows[r].type;
        n->aux = s->rows[r].mo;
        n->imm = s->rows[r].offset;
        st->cur = st->env = v;
        return;
    }
    stamp(s, st);
    st->cur = ref_of(s, v);
    tcg_fn_remove(s->fn, id);
}

/* What a successor wants in the CPU object is stored. */
static void store_for_joins(Ssa *s, TcgId before)
{
    const TcgFn *fn = s->fn;

    for (unsigned e = 0; s->in_field && e < fn_block(fn, s->block)->num_succ; e++) {
        uint32_t to = fn_block(fn, s->block)->succ[e];

        for (uint32_t r = 1; r < s->num_rows && fn_block(fn, to)->num_preds > 1; r++) {
            if (is_in_field(s, to, r) && s->st[r].cur != s->st[r].env) {
                store(s, r, s->st[r].cur, before);
            }
        }
    }
}

/* Whether a block does nothing but set the PC and leave the region. */
static bool only_leaves(const TcgFn *fn, uint32_t block)
{
    for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
        const TcgNode *n = fn_node(fn, id);
        bool end = n->op == OP_goto_tb || n->op == OP_goto_ptr || n->op == OP_exit;
        bool pc = n->op == OP_set_reg && n->aux == fn->config->target->pc_reg;

        if (!end && !pc && n->op != OP_get_reg && n->op != OP_insn_start && !(tcg_op_def[n->op].flags & TCGF_PURE)) {
            return false;
        }
    }
    return true;
}

static bool both_leave(const Ssa *s)
{
    const TcgIrBlock *b = fn_block(s->fn, s->block);

    for (unsigned i = 0; i < 2; i++) {
        const TcgIrBlock *to = fn_block(s->fn, b->succ[i]);

        if (to->num_preds != 1 || to->loop_depth != b->loop_depth || !only_leaves(s->fn, b->succ[i])) {
            return false;
        }
    }
    return true;
}

static void walk_block(Ssa *s)
{
    TcgFn *fn = s->fn;
    TcgId next;

    for (TcgId id = fn_block(fn, s->block)->first; id; id = next) {
        TcgNode *n = fn_node(fn, id);
        unsigned op = n->op;

        next = n->next;
        if (op == OP_insn_start) {
            s->insn = id;
            s->insns++;
            continue;
        }
        if (op == OP_get_reg) {
            if (id == fn->entry_pc) {
                tcg_fn_remove(fn, id);          /* loaded where it is wanted */
            } else {
                do_get(s, id, n);
            }
            continue;
        }
        for (TcgId *a = n->arg, *end = a + tcg_op_def[op].args; a < end; a++) {
            if (fn_node(fn, *a)->op == OP_get_reg) {
                TcgId v = argument(s, *a, id);

                end = fn_node(fn, id)->arg + (end - n->arg);
                a = fn_node(fn, id)->arg + (a - n->arg);
                n = fn_node(fn, id);
                *a = v;
            }
        }
        if (op == OP_set_reg) {
            do_set(s, id, n);
            continue;
        }
        switch (op) {
        case OP_call:
            do_call(s, id);
            break;
        case OP_goto_tb:
            if (n->aux & TCG_GOTO_SETS_PC) {
                n->aux &= ~TCG_GOTO_SETS_PC;
                store_dirty(s, 1, id);
                store_pc(s, (int32_t)fn_node(fn, id)->imm, id);
                break;
            }
            /* fall through */
        case OP_goto_ptr: case OP_exit:
            store_dirty(s, 0, id);
            break;
        case OP_brcond: case OP_brflag: case OP_br_fp:
            if (both_leave(s)) {
                store_dirty(s, 1, id);          /* once, not in each of the two; the PC differs */
            }
            store_for_joins(s, id);
            break;
        case OP_br:
            store_for_joins(s, id);
            break;
        default:
            if (tcg_op_def[op].flags & TCGF_EXIT) {
                add_map(s, id);
            }
        }
    }
}

/* -- joins -------------------------------------------------------------------------------------------------------- */

static void join_row(Ssa *s, uint32_t block, uint32_t r, bool header)
{
    TcgFn *fn = s->fn;
    const TcgIrBlock *b = fn_block(fn, block);
    RowState *st = &s->st[r];
    bool local = s->rows[r].local, clean = true, same_cur = true, same_env = true, same_start = true, started = false;
    unsigned does = header ? s->loop[block * (s->num_rows + 1) + r] : 0;
    Ref cur = 0, env = 0, start = 0;
    bool first = true;

    st->stamp = 0;
    for (uint32_t p = 0; p < b->num_preds; p++) {
        uint32_t pred = *fn_list(fn, b->preds + p);
        const RowState *ps = &s->states[pred * s->num_rows + r];

        if (fn_block(fn, pred)->order >= b->order) {
            continue;
        }
        if (first) {
            cur = ps->cur;
            env = ps->env;
            start = ps->stamp == s->insn ? ps->start : cur;
            first = false;
        }
        same_cur &= ps->cur == cur;
        same_env &= ps->env == env;
        clean &= ps->cur == ps->env;
        same_start &= (ps->stamp == s->insn ? ps->start : ps->cur) == start;
        started |= ps->stamp == s->insn;
    }
    if (local) {
        st->env = 0;
        st->cur = does & LOOP_SETS || !same_cur ? phi_new(s, block, r, false) : cur;
        return;
    }
    if (s->insn && (started || does & (r ? LOOP_SETS | LOOP_CALL_WRITES : LOOP_SETS))) {
        /* Paths through one instruction meet, or it loops. What a call in it wrote is not undone. */
        st->stamp = s->insn;
        st->start = r && (!same_start || does & LOOP_CALL_WRITES) ? phi_new(s, block, r, true) : start;
    }
    if (is_in_field(s, block, r)) {             /* all that lead here have stored it, or will */
        st->cur = st->env = content_new(s, r, block, 0);
        return;
    }
    /* The PC's field is stored to by calls even where its row is clean. */
    if (r == 0 && does & (LOOP_CALL_READS | LOOP_CALL_WRITES)) {
        clean = false;
    }
    if (s->naive || (clean && !(does & LOOP_SETS))) {
        bool keep = clean && same_env && !(does & LOOP_CALL_WRITES) && !(does & LOOP_SETS);

        if (clean || r) {
            st->cur = st->env = keep ? env : content_new(s, r, block, 0);
            return;
        }
    }
    st->env = same_env && !(does & (LOOP_CALL_READS | LOOP_CALL_WRITES)) &&
              !(s->naive && does & LOOP_SETS) ? env : content_new(s, r, block, 0);
    st->cur = does & (LOOP_SETS | LOOP_CALL_WRITES) || !same_cur ? phi_new(s, block, r, false) : cur;
}

static void enter_block(Ssa *s, uint32_t block)
{
    TcgFn *fn = s->fn;
    const TcgIrBlock *b = fn_block(fn, block);
    bool header;

    s->block = block;
    s->st = &s->states[block * s->num_rows];
    if (b->num_preds == 1) {
        uint32_t pred = *fn_list(fn, b->preds);

        memcpy(s->st, &s->states[pred * s->num_rows], s->num_rows * sizeof(RowState));
        s->insn = s->outs[pred].insn;
        s->insns = s->outs[pred].insns;
        return;
    }
    header = fn->has_loops && is_header(fn, b);
    s->insn = 0;
    for (uint32_t p = 0, any = 0; p < b->num_preds; p++) {
        uint32_t pred = *fn_list(fn, b->preds + p);

        if (fn_block(fn, pred)->order >= b->order) {
            continue;
        }
        if (!any++) {
            s->insn = s->outs[pred].insn;
            s->insns = s->outs[pred].insns;
        } else if (s->insn != s->outs[pred].insn) {
            s->insn = 0;
        }
    }
    if (header && s->loop[block * (s->num_rows + 1) + s->num_rows]) {
        s->insn = 0;
    }
    for (uint32_t r = 0; r < s->num_rows; r++) {
        join_row(s, block, r, header);
    }
}

static TcgId undefined(TcgFn *fn, TcgType type)
{
    return tcg_fn_const(fn, type, 0);
}

static void fill_phis(Ssa *s)
{
    TcgFn *fn = s->fn;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);

        for (TcgId id = fn_block(fn, block)->first; id && fn_node(fn, id)->op == OP_phi; id = fn_node(fn, id)->next) {
            uint32_t list = fn_node(fn, id)->list, row = fn_node(fn, id)->pos;
            bool of_start = fn_node(fn, id)->aux;

            for (uint32_t p = 0; p < fn_block(fn, block)->num_preds; p++) {
                uint32_t pred = *fn_list(fn, fn_block(fn, block)->preds + p);
                const RowState *st = &s->states[pred * s->num_rows + row];
                Ref ref = of_start && st->stamp == s->outs[pred].insn ? st->start : st->cur;
                TcgId v;

                if (s->in_field && s->reloads[row] && ref & CONTENT && st->env == ref && content(s, ref)->block != pred) {
                    v = tcg_fn_node_new(fn, OP_ld_env, TCG_VOID);
                    make_ld(s, v, row);
                    tcg_fn_insert_before(fn, fn_block(fn, pred)->last, v);
                } else {
                    v = ref ? value_of(s, ref, pred, 0) : undefined(fn, s->rows[row].type);
                }

                *fn_list(fn, list + p) = v;
            }
            fn_node(fn, id)->aux = fn_node(fn, id)->pos = 0;
        }
    }
}

/* A phi of one value and itself is that value. Its node becomes a get_reg of it, which renamed() looks through. */
static bool drop_trivial_phis(Ssa *s)
{
    TcgFn *fn = s->fn;
    bool any = false, changed = true;

    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < fn->rpo->len; i++) {
            uint32_t block = g_array_index(fn->rpo, uint32_t, i);
            TcgId next;

            for (TcgId id = fn_block(fn, block)->first; id && fn_node(fn, id)->op == OP_phi; id = next) {
                TcgNode *n = fn_node(fn, id);
                TcgId only = 0;
                bool trivial = true;

                next = n->next;
                for (uint32_t p = 0; p < n->list_len; p++) {
                    TcgId *v = fn_list(fn, n->list + p);

                    while (fn_node(fn, *v)->op == OP_get_reg) {
                        *v = fn_node(fn, *v)->arg[0];
                    }
                    if (*v != id && *v != only) {
                        trivial = only == 0;
                        only = *v;
                        if (!trivial) {
                            break;
                        }
                    }
                }
                if (trivial && only) {
                    n->op = OP_get_reg;
                    n->arg[0] = only;
                    tcg_fn_remove(fn, id);
                    any = changed = true;
                }
            }
        }
    }
    return any;
}

static TcgId chased(const TcgFn *fn, TcgId v)
{
    while (fn_node(fn, v)->op == OP_get_reg) {
        v = fn_node(fn, v)->arg[0];
    }
    return v;
}

static void rename_all(TcgFn *fn)
{
    for (TcgId id = 1; id < fn->nodes->len; id++) {
        TcgNode *n = fn_node(fn, id);

        if (!n->block) {
            continue;
        }
        for (unsigned i = 0; i < tcg_op_def[n->op].args; i++) {
            n->arg[i] = chased(fn, n->arg[i]);
        }
        for (uint32_t i = 0; i < n->list_len; i++) {
            *fn_list(fn, n->list + i) = chased(fn, *fn_list(fn, n->list + i));
        }
    }
    for (uint32_t i = 0; i < fn->map_entries->len; i++) {
        fn_map_entry(fn, i)->value = chased(fn, fn_map_entry(fn, i)->value);
    }
}

static bool has_add(const Ssa *s)
{
    const TcgBackend *be = s->fn->config->backend;
    TcgNode n = { .op = OP_add_env, .type = s->rows[0].type, .aux = s->rows[0].mo, .imm = s->rows[0].offset };

    return be->has_op && be->has_op(be, &n);
}

void tcg_ssa(TcgFn *fn)
{
    Ssa s = { .fn = fn, .naive = fn->config->naive };
    uint32_t num_blocks = fn->blocks->len;
    size_t states, outs, loop, fields;
    Content *c;
    uint8_t *p;

    tcg_fn_compute_order(fn);
    collect_rows(&s);
    s.has_add = !s.naive && has_add(&s);
    states = num_blocks * s.num_rows * sizeof(RowState);
    outs = num_blocks * sizeof(BlockOut);
    loop = fn->has_loops ? num_blocks * (s.num_rows + 1) : 0;
    fields = fn->has_loops ? (num_blocks + 1) * s.num_rows : 0;
    p = tcg_fn_scratch(fn, 0, states + outs + loop + fields);
    s.states = (RowState *)p;
    s.outs = (BlockOut *)(p + states);
    s.loop = p + states + outs;
    if (fn->has_loops && !s.naive) {
        s.reloads = s.loop + loop;
        s.in_field = s.reloads + s.num_rows;
        memset(s.reloads, 0, fields);
    }
    if (fn->has_loops) {
        scan_loops(&s);
        if (!s.naive) {
            choose_fields(&s);
        }
    }
    s.block = fn->entry;
    s.st = &s.states[fn->entry * s.num_rows];
    s.insn = INSN_ENTRY;
    s.num_contents = s.num_rows;
    c = tcg_fn_scratch(fn, 1, s.num_rows * sizeof(Content));
    for (uint32_t r = 0; r < s.num_rows; r++) {
        Ref ref = s.rows[r].local ? 0 : CONTENT | r;

        c[r] = (Content){ r, fn->entry, 0, 0 };
        s.st[r] = (RowState){ ref, ref, 0, 0 };
    }
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);

        if (i) {
            enter_block(&s, block);
        }
        walk_block(&s);
        s.outs[block] = (BlockOut){ s.insn, s.insns };
    }
    if (s.num_phis) {
        fill_phis(&s);
        if (drop_trivial_phis(&s)) {
            rename_all(fn);
        }
    }
}
