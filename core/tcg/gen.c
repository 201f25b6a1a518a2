/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The translator's side: gen.h's calls become nodes of a region; finishing sends it down the pipeline.
 *
 * Operations on constants are folded as they are emitted, unless the configuration is naive: then each call is one
 * node, exactly as written.
 */
#include "core/tcg/ir_int.h"
#include "core/tcg/backend.h"

#include <string.h>

typedef struct RegionBlock {
    TcgRegionBlock is;
    uint32_t block[TCG_MAX_COPIES];             /* by copy */
} RegionBlock;

/* What is known in the block being emitted into: valid while stamp is the generator's. */
typedef struct Known {
    TcgId key;                                  /* of a narrowed value: what it was made of */
    TcgId id;
    uint32_t stamp;
} Known;

struct TcgGen {
    TcgConfig config;
    TcgFn *fn;
    uint32_t block;                             /* being emitted into; 0: the last one has ended */
    bool dead;                                  /* ... which is one that nothing leads to */
    bool passed;                                /* the region has been through the pipeline */
    uint64_t last_delta;                        /* of the last tcg_insn_start */
    GArray *region;                             /* RegionBlock: the region's guest blocks; empty: just the one */
    RegionBlock now;                            /* what is being emitted, in a region */
    uint32_t copy;                              /* ... this copy of it */
    unsigned num_slots;                         /* of OP_goto_tb in use */
    Known *row;                                 /* by row, then by local: the value that it holds */
    uint32_t num_known_rows;
    Known low[16];                              /* by value: its lower half */
    uint32_t stamp;
    bool alone;                                 /* tcg_gen_alone */
    bool quick;                                 /* tcg_gen_quick */
    bool at_pc;                                 /* tcg_gen_at */
    TcgOnce *once;                              /* NULL until tcg_gen_at_once has been called once */
    bool at_once;                               /* code is emitted while it is generated */
    bool ended;                                 /* ... and has been */
    TcgCode code;                               /* ... as this */
    uint64_t pc;
    const char *dump_letters;
    GString *dump_out;
};

TcgGen *tcg_gen_new(const TcgConfig *config)
{
    TcgGen *g = g_new0(TcgGen, 1);

    g->config = *config;
    g->fn = tcg_fn_new(&g->config);
    g->region = g_array_new(FALSE, FALSE, sizeof(RegionBlock));
    g->num_known_rows = g->config.target->num_regs;
    g->row = g_new0(Known, g->num_known_rows);
    g->stamp = 1;
    return g;
}

void tcg_gen_free(TcgGen *g)
{
    if (g) {
        tcg_once_free(g->once);
        tcg_fn_free(g->fn);
        g_array_unref(g->region);
        g_free(g->row);
        g_free(g);
    }
}

TcgFn *tcg_gen_fn(TcgGen *g)
{
    return g->fn;
}

void tcg_gen_begin(TcgGen *g, void *owner)
{
    tcg_fn_clear(g->fn);
    g->fn->owner = owner;
    g->fn->notes = NULL;
    g->fn->rows_noted = true;
    g->block = g->fn->entry = tcg_fn_block_new(g->fn);
    g->dead = g->passed = false;
    g->num_slots = 0;
    g->alone = g->quick = g->at_pc = g->at_once = g->ended = false;
    g->stamp++;
    g_array_set_size(g->region, 0);
}

void tcg_gen_alone(TcgGen *g)
{
    g->alone = true;
}

void tcg_gen_quick(TcgGen *g)
{
    g->quick = !g->config.naive;
}

void tcg_gen_notes(TcgGen *g, uint8_t row[TCG_NOTES])
{
    g->fn->notes = row;
}

void tcg_gen_at(TcgGen *g, uint64_t pc)
{
    g->at_pc = !g->config.naive;
    g->pc = pc;
}

void tcg_gen_at_once(TcgGen *g, TcgCodeBuf *buf)
{
    if (!g->config.naive && g->config.backend->once_new && !g->config.layout->counted) {
        if (!g->once) {
            g->once = tcg_once_new(g->fn);
        }
        g->at_once = true;
        tcg_once_begin(g->once, buf);
    }
}

bool tcg_gen_end(TcgGen *g)
{
    if (g->at_once) {
        g->at_once = false;
        g->ended = tcg_once_end(g->once, &g->code);
        return g->ended;
    }
    return true;
}

/* The region's block at delta of a call; NULL: there is none. */
static const RegionBlock *region_block(const TcgGen *g, int64_t delta, int call)
{
    for (unsigned i = 0; i < g->region->len; i++) {
        const RegionBlock *r = &g_array_index(g->region, RegionBlock, i);

        if (r->is.delta == delta && r->is.call == call) {
            return r;
        }
    }
    return NULL;
}

void tcg_region_block(TcgGen *g, const TcgRegionBlock *b)
{
    RegionBlock r = { .is = *b };

    g_assert(!region_block(g, b->delta, b->call) && b->copies <= TCG_MAX_COPIES);
    for (unsigned i = 0; i < b->copies; i++) {
        r.block[i] = tcg_fn_block_new(g->fn);
    }
    g_array_append_val(g->region, r);
}

void tcg_region_start(TcgGen *g, unsigned n, unsigned copy)
{
    g->now = g_array_index(g->region, RegionBlock, n);
    g->copy = copy;
    tcg_block_start(g, (TcgBlockRef){ g->now.block[copy] });
    if (g->now.is.poll && copy == 0) {
        tcg_insn_start(g, (uint64_t)g->now.is.delta);
        tcg_poll(g);
    }
}

/* Where a tcg_goto of delta leads to in the region; 0: it leaves. */
static uint32_t leads_to(const TcgGen *g, int64_t delta)
{
    const TcgRegionBlock *now = &g->now.is;
    const RegionBlock *to = region_block(g, delta, now->call);
    unsigned copy = 0;

    if (to && now->copies > 1 && delta >= now->loop_first && delta < now->loop_end) {
        copy = delta == now->loop_first ? (g->copy + 1) % now->copies : g->copy;
    }
    return to ? to->block[copy] : 0;
}

bool tcg_gen_finish(TcgGen *g, TcgCodeBuf *buf, TcgCode *ret_code)
{
    TcgFn *fn = g->fn;
    const TcgBackend *be = g->config.backend;

    if (g->ended) {
        *ret_code = g->code;
        return true;
    }
    g_assert(!g->at_once);
    if (!g->passed) {
        g_assert(!g->block || g->dead);
        for (const TcgPass *p = tcg_pipeline; p->run; p++) {
            if (g->quick && p == tcg_pipeline + 1 && tcg_quick_can(fn)) {
                p = tcg_quick_pipeline + 1;
            }
            tcg_pass_run(fn, p);
            if (G_UNLIKELY(g->dump_letters) && strchr(g->dump_letters, p->letter)) {
                g_string_append_printf(g->dump_out, "# after %s\n", p->name);
                tcg_fn_print(fn, g->dump_out);
            }
        }
        g->passed = true;
    }
    if (fn->too_large) {
        *ret_code = (TcgCode){ .entry = NULL };
        return true;
    }
    if (!be->emit(be, fn, buf, ret_code)) {
        return false;
    }
    return true;
}

void tcg_gen_dump(TcgGen *g, GString *out)
{
    tcg_fn_print(g->fn, out);
}

void tcg_gen_dump_after(TcgGen *g, const char *letters, GString *out)
{
    g->dump_letters = letters;
    g->dump_out = out;
}

/* -- emission --------------------------------------------------------------------------------------------------- */

/* The node is appended; what follows the end of a block goes to a block that nothing reaches. */
static inline TcgNode *append(TcgGen *g, TcgOpcode op, TcgType type, TcgId *ret_id)
{
    TcgId id = tcg_fn_node_new(g->fn, op, type);

    if (G_UNLIKELY(!g->block)) {
        g->block = tcg_fn_block_new(g->fn);
        g->dead = true;
        g->stamp++;
    }
    tcg_fn_append(g->fn, g->block, id);
    *ret_id = id;
    return fn_node(g->fn, id);
}

static TcgId emit_in_region(TcgGen *g, TcgProto *p)
{
    TcgNode *n;
    TcgId id;

    if ((tcg_op_def[p->op].flags & TCGF_PURE) && !g->config.naive && !tcg_converts_plainly(g->fn, p->op, p->arg[0])) {
        id = tcg_simplify(g->fn, p);
        if (id) {
            return id;
        }
    }
    if (p->op == OP_trunc && !g->config.naive) {
        Known *low = &g->low[p->arg[0] % G_N_ELEMENTS(g->low)];

        if (low->stamp == g->stamp && low->key == p->arg[0]) {
            return low->id;
        }
        *low = (Known){ p->arg[0], g->fn->nodes->len, g->stamp };       /* what append makes */
    }
    n = append(g, p->op, p->type, &id);
    n->aux = p->aux;
    n->imm = p->imm;
    memcpy(n->arg, p->arg, sizeof(n->arg));
    g->fn->lacks |= !(g->config.backend->plain[p->op] & TCG_HAS) && !g->config.backend->has_op(g->config.backend, n);
    return id;
}

static __attribute__((noinline)) TcgId emit_packed_in_region(TcgGen *g, uint32_t op_type_aux, uint64_t imm, uint64_t ab,
                                                             uint64_t cd)
{
    TcgProto p;

    tcg_unpack(&p, op_type_aux, imm, ab, cd);
    return emit_in_region(g, &p);
}

/* Where code is emitted at once, there is no more to this and the like than who is called. */
TcgVal tcg_emit_packed(TcgGen *g, uint32_t op_type_aux, uint64_t imm, uint64_t ab, uint64_t cd)
{
    return (TcgVal){ G_LIKELY(g->at_once) ? tcg_once_emit(g->once, op_type_aux, imm, ab, cd) :
                                            emit_packed_in_region(g, op_type_aux, imm, ab, cd) };
}

static TcgVal emit0(TcgGen *g, TcgOpcode op, TcgType type, unsigned aux, uint64_t imm)
{
    TcgNode *n;
    TcgId id;

    if (g->at_once) {
        return (TcgVal){ tcg_once_emit(g->once, tcg_packed(op, type, aux), imm, 0, 0) };
    }
    n = append(g, op, type, &id);
    n->aux = aux;
    n->imm = imm;
    return (TcgVal){ id };
}

static void emit1(TcgGen *g, TcgOpcode op, TcgType type, unsigned aux, uint64_t imm, TcgVal a)
{
    TcgNode *n;
    TcgId id;

    if (g->at_once) {
        tcg_once_emit(g->once, tcg_packed(op, type, aux), imm, a.id, 0);
        return;
    }
    n = append(g, op, type, &id);
    n->aux = aux;
    n->imm = imm;
    n->arg[0] = a.id;
}

TcgVal tcg_const(TcgGen *g, TcgType type, uint64_t value)
{
    return (TcgVal){ tcg_fn_const(g->fn, type, value) };
}

TcgVal tcg_const_v(TcgGen *g, uint64_t lo, uint64_t hi)
{
    return (TcgVal){ tcg_fn_const_v(g->fn, lo, hi) };
}

TcgVal tcg_const_wide(TcgGen *g, TcgType type, uint64_t lo, uint64_t hi)
{
    return (TcgVal){ tcg_fn_const_wide(g->fn, type, lo, hi) };
}

TcgType tcg_val_type(TcgGen *g, TcgVal v)
{
    return node_type(fn_node(g->fn, v.id));
}

static inline void note_row(TcgGen *g, unsigned row, unsigned i)
{
    TcgFn *fn = g->fn;
    uint8_t *seen = &fn->row_seen->data[i];

    if (!*seen) {
        *seen = 1;
        fn->lacks |= !tcg_backend_has_type(fn->config->backend, tcg_row_type(fn, row));
        g_array_index(fn->rows, uint16_t, fn->rows->len++) = (uint16_t)row;     /* there is room for all that row_seen has */
    }
}

static inline unsigned row_index(const TcgGen *g, unsigned row)
{
    return row < TCG_LOCAL ? row : g->config.target->num_regs + (row - TCG_LOCAL);
}

/* The block's own reads and writes of a row are known as they are emitted: only its first read is an operation. */
static __attribute__((noinline)) TcgId get_in_region(TcgGen *g, unsigned row)
{
    unsigned i = row_index(g, row);
    Known *k = &g->row[i];
    TcgVal v;

    if (k->stamp == g->stamp && g->block && !g->config.naive) {
        return k->id;
    }
    note_row(g, row, i);
    v = emit0(g, OP_get_reg, tcg_row_type(g->fn, row), row, 0);
    *k = (Known){ 0, v.id, g->stamp };
    return v.id;
}

TcgVal tcg_get_reg(TcgGen *g, unsigned row)
{
    return (TcgVal){ G_LIKELY(g->at_once) ? tcg_once_get(g->once, row) : get_in_region(g, row) };
}

static __attribute__((noinline)) void set_in_region(TcgGen *g, unsigned row, TcgVal v)
{
    unsigned i = row_index(g, row);

    note_row(g, row, i);
    emit1(g, OP_set_reg, TCG_VOID, row, 0, v);
    g->row[i] = (Known){ 0, v.id, g->stamp };
}

void tcg_set_reg(TcgGen *g, unsigned row, TcgVal v)
{
    if (G_LIKELY(g->at_once)) {
        tcg_once_set(g->once, row, v.id);
    } else {
        set_in_region(g, row, v);
    }
}

TcgVal tcg_get_reg_low(TcgGen *g, unsigned row)
{
    if (g->at_once) {
        return (TcgVal){ tcg_once_get_low(g->once, row) };
    }
    return tcg_trunc(g, tcg_get_reg(g, row));
}

void tcg_set_reg_wide(TcgGen *g, unsigned row, TcgVal v)
{
    if (g->at_once) {
        tcg_once_set_wide(g->once, row, v.id);
        return;
    }
    tcg_set_reg(g, row, tcg_val_type(g, v) == TCG_I32 ? tcg_zext(g, v) : v);
}

unsigned tcg_local(TcgGen *g, TcgType type)
{
    uint8_t t = type;

    g_array_append_val(g->fn->locals, t);
    if (g->config.target->num_regs + g->fn->locals->len > g->fn->row_seen->len) {
        guint old = g->fn->row_seen->len;

        g_byte_array_set_size(g->fn->row_seen, old + 64);
        tcg_fn_rows_grow(g->fn);
        memset(g->fn->row_seen->data + old, 0, 64);
    }
    if (row_index(g, TCG_LOCAL + g->fn->locals->len - 1) >= g->num_known_rows) {
        g->row = g_renew(Known, g->row, g->num_known_rows + 64);
        memset(g->row + g->num_known_rows, 0, 64 * sizeof(Known));
        g->num_known_rows += 64;
    }
    return TCG_LOCAL + g->fn->locals->len - 1;
}

TcgVal tcg_ld_env(TcgGen *g, TcgType type, MemOp mo, uint32_t offset)
{
    return emit0(g, OP_ld_env, type, mo & (MO_SIZE | MO_SIGN), offset);
}

void tcg_st_env(TcgGen *g, TcgVal v, MemOp mo, uint32_t offset)
{
    emit1(g, OP_st_env, tcg_val_type(g, v), mo & MO_SIZE, offset, v);
}

void tcg_insn_start(TcgGen *g, uint64_t pc_delta)
{
    bool again = g->fn->num_insns && g->last_delta == pc_delta;        /* the second half of one is not another */

    g->fn->num_insns += !again;
    g->last_delta = pc_delta;
    if (G_LIKELY(g->at_once)) {
        tcg_once_insn(g->once, pc_delta);
    } else {
        emit0(g, OP_insn_start, TCG_VOID, 0, pc_delta);
    }
}

TcgVal tcg_pc(TcgGen *g, int64_t delta)
{
    TcgFn *fn = g->fn;
    unsigned row = g->config.target->pc_reg;
    TcgType type = tcg_row_type(fn, row);

    if (g->at_pc) {
        return tcg_const(g, type, g->pc + (uint64_t)delta);
    }
    if (g->at_once) {
        int64_t is;
        TcgVal pc = { tcg_once_pc(g->once, &is) };

        return tcg_emit(g, OP_add, type, 0, 0, pc, tcg_const(g, type, delta - is), TCG_NOVAL, TCG_NOVAL);
    }
    if (!fn->entry_pc) {
        fn->entry_pc = tcg_fn_node_new(fn, OP_get_reg, type);
        fn_node(fn, fn->entry_pc)->aux = row;
        tcg_fn_insert_first(fn, fn->entry, fn->entry_pc);
    }
    return tcg_emit(g, OP_add, type, 0, 0, (TcgVal){ fn->entry_pc }, tcg_const(g, type, delta), TCG_NOVAL,
                    TCG_NOVAL);
}

/* -- guest memory ------------------------------------------------------------------------------------------------- */

/* Whether the backend moves less than 16 bytes between memory and the lowest lane of a vector. */
static bool has_lane_access(TcgGen *g, TcgOpcode op, MemOp mo)
{
    const TcgBackend *be = g->config.backend;
    TcgNode n = { .op = op, .type = TCG_V128, .imm = mo };

    return be->has_op(be, &n);
}

TcgVal tcg_guest_ld(TcgGen *g, TcgType t, TcgVal addr, MemOp mo)
{
    if (t == TCG_V128 && (mo & MO_SIZE) < MO_128 && !has_lane_access(g, OP_guest_ld, mo)) {
        unsigned es = mo & MO_SIZE;

        return tcg_vec1(g, OP_vfrom, es, tcg_guest_ld(g, es == 3 ? TCG_I64 : TCG_I32, addr, mo), 0);
    }
    return tcg_emit(g, OP_guest_ld, t, 0, mo, addr, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
}

void tcg_guest_st(TcgGen *g, TcgVal addr, TcgVal v, MemOp mo)
{
    if (tcg_val_type(g, v) == TCG_V128 && (mo & MO_SIZE) < MO_128 && !has_lane_access(g, OP_guest_st, mo)) {
        v = tcg_vget(g, mo & MO_SIZE, v, 0);
    }
    tcg_emit(g, OP_guest_st, tcg_val_type(g, v), 0, mo, addr, v, TCG_NOVAL, TCG_NOVAL);
}

TcgVal tcg_address_at(TcgGen *g, TcgVal base, int64_t offset)
{
    if (g->at_once && offset && offset == (int16_t)offset && g->config.backend->access_offset &&
        fn_node(g->fn, base.id)->op != OP_const) {
        return (TcgVal){ tcg_once_offset(g->once, base.id, (uint64_t)offset) };
    }
    return offset ? tcg_addi(g, TCG_I64, base, (uint64_t)offset) : base;
}

TcgVal tcg_guest_rmw(TcgGen *g, TcgType t, TcgRmw op, TcgVal addr, TcgVal v, MemOp mo)
{
    return tcg_emit(g, OP_guest_rmw, t, op, mo, addr, v, TCG_NOVAL, TCG_NOVAL);
}

TcgVal tcg_guest_cas(TcgGen *g, TcgType t, TcgVal addr, TcgVal expect, TcgVal v, MemOp mo)
{
    return tcg_emit(g, OP_guest_cas, t, 0, mo, addr, expect, v, TCG_NOVAL);
}

void tcg_fence(TcgGen *g, unsigned pairs)
{
    emit0(g, OP_fence, TCG_VOID, 0, pairs);
}

/* -- calls ---------------------------------------------------------------------------------------------------------- */

TcgVal tcg_call_regs(TcgGen *g, const TcgHelper *helper, const TcgVal *args, const uint16_t *reads, unsigned num_reads,
                     const uint16_t *writes, unsigned num_writes)
{
    TcgFn *fn = g->fn;
    uint32_t list = tcg_fn_list_new(fn, helper->num_args + num_reads + num_writes), at = list;
    TcgNode *n;
    TcgId id;

    for (unsigned i = 0; i < helper->num_args; i++) {
        *fn_list(fn, at++) = args[i].id;
    }
    for (unsigned i = 0; i < num_reads; i++) {
        *fn_list(fn, at++) = reads[i];
    }
    for (unsigned i = 0; i < num_writes; i++) {
        *fn_list(fn, at++) = writes[i];
    }
    if (g->at_once) {
        id = tcg_fn_node_new(fn, OP_call, helper->ret);
        n = fn_node(fn, id);
    } else {
        n = append(g, OP_call, helper->ret, &id);
    }
    n->imm = (uintptr_t)helper;
    n->list = list;
    n->list_len = helper->num_args;
    n->reads = list + helper->num_args;
    n->num_reads = num_reads;
    n->writes = n->reads + num_reads;
    n->num_writes = num_writes;
    if (g->at_once) {
        tcg_once_call(g->once, id);
        g->block = helper->flags & HELPER_NO_RETURN ? 0 : g->block;
        return helper->ret == TCG_VOID ? TCG_NOVAL : (TcgVal){ id };
    }
    if (helper->writes != HREGS_NONE) {
        g->stamp++;
    }
    if (helper->flags & HELPER_NO_RETURN) {
        append(g, OP_raise_exit, TCG_VOID, &id);
        g->block = 0;
        return TCG_NOVAL;
    }
    return helper->ret == TCG_VOID ? TCG_NOVAL : (TcgVal){ id };
}

TcgVal tcg_call(TcgGen *g, const TcgHelper *helper, const TcgVal *args)
{
    return tcg_call_regs(g, helper, args, NULL, 0, NULL, 0);
}

/* -- vectors of any width ------------------------------------------------------------------------------------------- */

bool tcg_has_type(const TcgGen *g, TcgType type)
{
    return tcg_backend_has_type(g->config.backend, type);
}

bool tcg_has_masked(const TcgGen *g)
{
    const TcgBackend *be = g->config.backend;
    TcgNode n = { .op = OP_guest_ldm, .type = TCG_V128, .imm = MO_128 };

    return be->has_op(be, &n);
}

TcgVec tcg_vec_shape(const TcgGen *g, unsigned bytes)
{
    TcgType type = TCG_V128;

    while (type < TCG_V512 && bytes % (2 * tcg_type_size(type)) == 0 && tcg_has_type(g, (TcgType)(type + 1))) {
        type++;
    }
    return (TcgVec){ .type = type, .num = bytes / tcg_type_size(type) };
}

TcgVec tcg_vecs(TcgGen *g, TcgOpcode op, unsigned es, uint64_t imm, const TcgVec *a, const TcgVec *b, const TcgVec *c)
{
    const TcgVec *shape = c ? c : b ? b : a;    /* the last is a vector, where others may be predicates */
    TcgVec r = { .type = tcg_op_def[op].result ? tcg_op_def[op].result : shape->type, .num = shape->num };

    for (unsigned i = 0; i < shape->num; i++) {
        r.part[i] = tcg_emit(g, op, shape->type, es, imm, a->part[i], b ? b->part[i] : TCG_NOVAL, c ? c->part[i] : TCG_NOVAL,
                             TCG_NOVAL);
    }
    return r;
}

TcgVec tcg_vecs_ld_env(TcgGen *g, unsigned bytes, uint32_t offset)
{
    TcgVec r = tcg_vec_shape(g, bytes);

    for (unsigned i = 0; i < r.num; i++) {
        r.part[i] = tcg_ld_env(g, r.type, tcg_type_mo(r.type), offset + i * tcg_type_size(r.type));
    }
    return r;
}

void tcg_vecs_st_env(TcgGen *g, const TcgVec *v, uint32_t offset)
{
    for (unsigned i = 0; i < v->num; i++) {
        tcg_st_env(g, v->part[i], tcg_type_mo(v->type), offset + i * tcg_type_size(v->type));
    }
}

TcgVec tcg_vecs_pred(TcgGen *g, unsigned bytes, unsigned es, const TcgVal *words)
{
    TcgVec r = tcg_vec_shape(g, bytes);
    unsigned size = tcg_type_size(r.type);

    for (unsigned i = 0; i < r.num; i++) {
        unsigned bit = i * size % 64;
        TcgVal w = words[i * size / 64];

        if (size < 64) {
            w = tcg_extract(g, TCG_I64, w, bit, size);
        }
        r.part[i] = tcg_pfrom(g, es, w);
    }
    r.type = TCG_PRED;
    return r;
}

void tcg_vecs_pred_words(TcgGen *g, unsigned bytes, unsigned es, const TcgVec *p, TcgVal *ret)
{
    unsigned size = bytes / p->num;

    for (unsigned i = 0; i < p->num; i++) {
        TcgVal w = tcg_pto(g, es, p->part[i]);
        unsigned bit = i * size % 64;

        ret[i * size / 64] = bit == 0 ? w : tcg_deposit(g, TCG_I64, ret[i * size / 64], w, bit, size);
    }
}

TcgVec tcg_vecs_while(TcgGen *g, unsigned bytes, unsigned es, TcgVal count)
{
    TcgVec r = tcg_vec_shape(g, bytes);
    unsigned lanes = tcg_type_size(r.type) >> es;
    TcgVal zero = tcg_const(g, TCG_I64, 0);

    for (unsigned i = 0; i < r.num; i++) {
        TcgVal before = tcg_const(g, TCG_I64, i * lanes), left = count;

        if (i) {
            left = tcg_select_cmp(g, TCG_I64, TCG_I64, COND_GTU, count, before, tcg_sub(g, TCG_I64, count, before), zero);
        }
        r.part[i] = tcg_pwhile(g, left, lanes);
    }
    r.type = TCG_PRED;
    return r;
}

TcgVal tcg_guest_ldm(TcgGen *g, TcgType t, unsigned es, TcgVal addr, TcgVal pred, MemOp mo)
{
    return tcg_emit(g, OP_guest_ldm, t, es, mo, addr, pred, TCG_NOVAL, TCG_NOVAL);
}

void tcg_guest_stm(TcgGen *g, unsigned es, TcgVal addr, TcgVal v, TcgVal pred, MemOp mo)
{
    tcg_emit(g, OP_guest_stm, tcg_val_type(g, v), es, mo, addr, v, pred, TCG_NOVAL);
}

/* -- floating point ------------------------------------------------------------------------------------------------ */

bool tcg_has(const TcgGen *g, TcgOpcode op, unsigned es)
{
    const TcgBackend *be = g->config.backend;
    TcgNode n = { .op = op, .type = TCG_V128, .aux = es };

    return be->has_op(be, &n);
}

/* Whether the backend has the operation inline. */
static bool has_fp(TcgGen *g, TcgOpcode op, TcgType type, TcgFp f)
{
    const TcgBackend *be = g->config.backend;
    TcgNode n = { .op = op, .type = type, .aux = f };

    return !g->config.naive && be->has_op(be, &n);
}

TcgVal tcg_fp(TcgGen *g, const TcgHelper *helper, TcgFp f, TcgVal a, TcgVal b, TcgVal c)
{
    b = b.id ? b : a;
    c = c.id ? c : a;
    if (has_fp(g, OP_fp, TCG_V128, f)) {
        return tcg_emit(g, OP_fp, TCG_V128, f, (uintptr_t)helper, a, b, c, TCG_NOVAL);
    }
    return tcg_call(g, helper, (const TcgVal[]){ tcg_const(g, TCG_I32, f), a, b, c });
}

TcgVal tcg_fp_to_int(TcgGen *g, const TcgHelper *helper, TcgFp f, TcgVal a)
{
    TcgType type = tcg_fp_to(f) == 3 ? TCG_I64 : TCG_I32;
    TcgVal v;

    if (has_fp(g, OP_fp_to_int, type, f)) {
        return tcg_emit(g, OP_fp_to_int, type, f, (uintptr_t)helper, a, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
    }
    v = tcg_call(g, helper, (const TcgVal[]){ tcg_const(g, TCG_I32, f), a });
    return type == TCG_I64 ? v : tcg_trunc(g, v);
}

TcgVal tcg_fp_compare(TcgGen *g, const TcgHelper *helper, unsigned es, bool signal, TcgVal a, TcgVal b)
{
    TcgFp f = TCG_FP(0, es, es) | (signal ? TCG_FP_SIGNAL : 0);

    if (has_fp(g, OP_fp_cmp, TCG_V128, f)) {
        tcg_emit(g, OP_fp_cmp, TCG_V128, f, (uintptr_t)helper, a, b, TCG_NOVAL, TCG_NOVAL);
        return tcg_emit(g, OP_flags_fp, TCG_V128, TCG_FP(0, es, es), 0, a, b, TCG_NOVAL, TCG_NOVAL);
    }
    return tcg_call(g, helper, (const TcgVal[]){ tcg_const(g, TCG_I32, f), a, b });
}

/* -- control -------------------------------------------------------------------------------------------------------- */

TcgBlockRef tcg_block(TcgGen *g)
{
    return (TcgBlockRef){ tcg_fn_block_new(g->fn) };
}

static void end_block(TcgGen *g, uint32_t succ0, uint32_t succ1)
{
    TcgIrBlock *b = fn_block(g->fn, g->block);

    b->succ[0] = succ0;
    b->succ[1] = succ1;
    b->num_succ = (succ0 != 0) + (succ1 != 0);
    g->block = 0;
    if (g->at_once) {
        tcg_once_leads_to(g->once, succ0, succ1);
    }
}

void tcg_block_start(TcgGen *g, TcgBlockRef b)
{
    if (g->block) {
        tcg_br(g, b);
    }
    g->block = b.id;
    g->dead = false;
    g->stamp++;
    if (g->at_once) {
        tcg_once_start(g->once, b.id);
    }
}

void tcg_br(TcgGen *g, TcgBlockRef to)
{
    emit0(g, OP_br, TCG_VOID, 0, 0);
    end_block(g, to.id, 0);
}

void tcg_brcond(TcgGen *g, TcgType t, TcgCond c, TcgVal a, TcgVal b, TcgBlockRef if_true, TcgBlockRef if_false)
{
    tcg_emit(g, OP_brcond, t, c, 0, a, b, TCG_NOVAL, TCG_NOVAL);
    end_block(g, if_true.id, if_false.id);
}

void tcg_brflag(TcgGen *g, TcgFlagCond c, TcgVal nzcv, TcgBlockRef if_true, TcgBlockRef if_false)
{
    tcg_emit(g, OP_brflag, TCG_I32, c, 0, nzcv, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
    end_block(g, if_true.id, if_false.id);
}

/* After a branch. */
static void goto_both(TcgGen *g, int64_t if_true, int64_t if_false)
{
    TcgBlockRef yes = tcg_block(g), no = tcg_block(g);

    if (g->at_once && g->num_slots + 2 <= TCG_MAX_CHAINS && g->region->len == 0) {
        tcg_once_goto_both(g->once, yes.id, no.id, g->num_slots, if_true, if_false);
        g->num_slots += 2;
        g->block = 0;
        return;
    }
    end_block(g, yes.id, no.id);
    tcg_block_start(g, yes);
    tcg_goto(g, if_true);
    tcg_block_start(g, no);
    tcg_goto(g, if_false);
}

void tcg_brcond_goto(TcgGen *g, TcgType t, TcgCond c, TcgVal a, TcgVal b, int64_t if_true, int64_t if_false)
{
    tcg_emit(g, OP_brcond, t, c, 0, a, b, TCG_NOVAL, TCG_NOVAL);
    goto_both(g, if_true, if_false);
}

void tcg_brflag_goto(TcgGen *g, TcgFlagCond c, TcgVal nzcv, int64_t if_true, int64_t if_false)
{
    tcg_emit(g, OP_brflag, TCG_I32, c, 0, nzcv, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
    goto_both(g, if_true, if_false);
}

TcgVal tcg_raise_if(TcgGen *g, TcgType t, TcgCond c, TcgVal a, TcgVal b, const TcgHelper *helper)
{
    TcgBlockRef yes, no;
    unsigned row;

    if (g->at_once && tcg_once_raise_if(g->once, t, c, a.id, b.id, helper)) {
        return a;
    }
    yes = tcg_block(g);
    no = tcg_block(g);
    row = tcg_local(g, t);
    tcg_set_reg(g, row, a);
    tcg_brcond(g, t, c, a, b, yes, no);
    tcg_block_start(g, yes);
    tcg_call(g, helper, NULL);
    tcg_block_start(g, no);
    return tcg_get_reg(g, row);
}

void tcg_poll(TcgGen *g)
{
    emit0(g, OP_poll, TCG_VOID, 0, 0);
}

void tcg_gen_poll(TcgGen *g, int heat)
{
    if (g->at_once) {
        tcg_once_poll(g->once, heat);
        return;
    }
    emit0(g, OP_poll, TCG_VOID, 0, (uint64_t)(heat + 1));
}

/* By a chain, or beyond their number by goto_ptr. */
static void leave_to(TcgGen *g, int64_t delta, int64_t back)
{
    if (g->at_once && g->num_slots < TCG_MAX_CHAINS) {
        tcg_once_goto(g->once, g->num_slots++, delta, back);
        end_block(g, 0, 0);
        return;
    }
    if (g->num_slots < TCG_MAX_CHAINS && !g->config.naive) {
        tcg_goto_tb(g, g->num_slots++ | TCG_GOTO_SETS_PC, delta, back);
        return;
    }
    tcg_set_reg(g, g->config.target->pc_reg, tcg_pc(g, delta));
    if (g->num_slots < TCG_MAX_CHAINS) {
        tcg_goto_tb(g, g->num_slots++, delta, back);
    } else {
        tcg_goto_ptr(g);
    }
}

void tcg_goto(TcgGen *g, int64_t delta)
{
    uint32_t inside = leads_to(g, delta);

    if (inside) {
        tcg_br(g, (TcgBlockRef){ inside });
    } else {
        leave_to(g, delta, delta);
    }
}

/* Whether a call comes back to the region, at back. */
static bool comes_back(const TcgGen *g, int64_t back)
{
    const RegionBlock *after = region_block(g, back, g->now.is.call);

    return after && g->now.is.calls != TCG_NO_CALL && after->is.returned_from == g->now.is.calls;
}

void tcg_goto_call(TcgGen *g, int64_t delta, int64_t back)
{
    const RegionBlock *inside = comes_back(g, back) ? region_block(g, delta, g->now.is.calls) : NULL;

    if (inside) {
        tcg_br(g, (TcgBlockRef){ inside->block[0] });
    } else {
        leave_to(g, delta, back);
    }
}

void tcg_return(TcgGen *g, TcgVal pc)
{
    TcgType type = tcg_val_type(g, pc);
    unsigned row = tcg_local(g, type);

    tcg_set_reg(g, row, pc);
    for (unsigned i = 0; i < g->region->len; i++) {
        RegionBlock r = g_array_index(g->region, RegionBlock, i);

        if (r.is.returned_from == g->now.is.call) {
            TcgBlockRef next = tcg_block(g);

            tcg_brcond(g, type, COND_EQ, tcg_get_reg(g, row), tcg_pc(g, r.is.delta), (TcgBlockRef){ r.block[0] }, next);
            tcg_block_start(g, next);
        }
    }
    tcg_set_reg(g, g->config.target->pc_reg, tcg_get_reg(g, row));
    if (g->alone) {
        tcg_exit(g);
        return;
    }
    emit0(g, OP_goto_ptr, TCG_VOID, GOTO_PTR_RETURN, 0);
    end_block(g, 0, 0);
}

/*
 * Goes to the one of num blocks, in the order of their deltas, that is the row's content behind the one at `first`; else to
 * `other`.
 */
static void branch_among(TcgGen *g, unsigned row, TcgType type, int64_t first, const RegionBlock *r, unsigned num,
                         TcgBlockRef other)
{
    if (num == 1) {
        tcg_brcond(g, type, COND_EQ, tcg_get_reg(g, row), tcg_const(g, type, (uint64_t)(r->is.delta - first)),
                   (TcgBlockRef){ r->block[0] }, other);
    } else {
        TcgBlockRef below = tcg_block(g), above = tcg_block(g);

        tcg_brcond(g, type, COND_LTU, tcg_get_reg(g, row), tcg_const(g, type, (uint64_t)(r[num / 2].is.delta - first)), below,
                   above);
        tcg_block_start(g, below);
        branch_among(g, row, type, first, r, num / 2, other);
        tcg_block_start(g, above);
        branch_among(g, row, type, first, r + num / 2, num - num / 2, other);
    }
}

static gint by_delta(gconstpointer a, gconstpointer b)
{
    int64_t x = ((const RegionBlock *)a)->is.delta, y = ((const RegionBlock *)b)->is.delta;

    return (x > y) - (x < y);
}

/* RegionBlock: those of a call that are jumped to, in the order of their deltas. */
static GArray *jump_targets(const TcgGen *g, int call)
{
    GArray *to = g_array_new(FALSE, FALSE, sizeof(RegionBlock));

    for (unsigned i = 0; i < g->region->len; i++) {
        const RegionBlock *r = &g_array_index(g->region, RegionBlock, i);

        if (r->is.jumped_to && r->is.call == call) {
            g_array_append_vals(to, r, 1);
        }
    }
    g_array_sort(to, by_delta);
    return to;
}

TcgVal tcg_jump_inside(TcgGen *g, TcgVal pc, int64_t back)
{
    TcgType type = tcg_val_type(g, pc);
    TcgBlockRef other;
    GArray *to;
    unsigned row;

    if (!g->region->len || !g->now.is.stays || (back && !comes_back(g, back))) {
        return pc;
    }
    to = jump_targets(g, back ? g->now.is.calls : g->now.is.call);
    if (to->len) {
        const RegionBlock *first = (const RegionBlock *)to->data;

        row = tcg_local(g, type);
        other = tcg_block(g);
        tcg_set_reg(g, row, pc);
        if (g->at_pc) {
            branch_among(g, row, type, -(int64_t)g->pc, first, to->len, other);
        } else {                                /* what it is compared with is constant, wherever the code is */
            unsigned behind = tcg_local(g, type);

            tcg_set_reg(g, behind, tcg_sub(g, type, pc, tcg_pc(g, first->is.delta)));
            branch_among(g, behind, type, first->is.delta, first, to->len, other);
        }
        tcg_block_start(g, other);
        pc = tcg_get_reg(g, row);
    }
    g_array_unref(to);
    return pc;
}

void tcg_goto_tb(TcgGen *g, unsigned slot, int64_t delta, int64_t back)
{
    g_assert((slot & ~TCG_GOTO_SETS_PC) < TCG_MAX_CHAINS && delta == (int32_t)delta && back == (int32_t)back);
    emit0(g, OP_goto_tb, TCG_VOID, slot, (uint32_t)delta | (uint64_t)back << 32);
    end_block(g, 0, 0);
}

void tcg_goto_ptr(TcgGen *g)
{
    emit0(g, g->alone ? OP_exit : OP_goto_ptr, TCG_VOID, GOTO_PTR_PLAIN, 0);
    end_block(g, 0, 0);
}

void tcg_goto_ptr_noted(TcgGen *g, int64_t back)
{
    if (g->alone || !g->fn->notes) {
        tcg_goto_ptr(g);
        return;
    }
    emit0(g, OP_goto_ptr, TCG_VOID, GOTO_PTR_JUMP, (uint64_t)back);
    end_block(g, 0, 0);
}

void tcg_exit(TcgGen *g)
{
    emit0(g, OP_exit, TCG_VOID, 0, 0);
    end_block(g, 0, 0);
}
