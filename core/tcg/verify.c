/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of valid IR. Before ssa: registers are read and written by row, there are no phis and no maps. After it
 * (PROP_SSA) rows are gone, every EXIT operation has a map. Always: lists, graph, types, and each value's definition
 * dominates its uses. The rules after regalloc are regcheck.c's.
 */
#include "core/tcg/ir_int.h"

#include <string.h>

typedef struct Verifier {
    const TcgFn *fn;
    GString *why;
    TcgFn *graph;                               /* its own computation of the graph */
    uint32_t *position;                         /* by node: place in its block, from 1; 0: in no reachable block */
    TcgId node;
} Verifier;

static bool fail(Verifier *v, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static bool fail(Verifier *v, const char *fmt, ...)
{
    va_list ap;

    if (v->node) {
        const TcgNode *n = fn_node(v->fn, v->node);

        g_string_append_printf(v->why, "node %u (%s) in b%u: ", v->node, tcg_op_def[n->op].name, n->block);
    }
    va_start(ap, fmt);
    g_string_append_vprintf(v->why, fmt, ap);
    va_end(ap);
    return false;
}

/* -- structure --------------------------------------------------------------------------------------------------- */

static bool check_block(Verifier *v, uint32_t block)
{
    const TcgFn *fn = v->fn;
    const TcgIrBlock *b = fn_block(fn, block);
    uint32_t position = 0, want;
    bool past_phis = false;
    TcgId prev = 0;

    v->node = 0;
    if (!b->first || !b->last) {
        return fail(v, "b%u is empty", block);
    }
    for (TcgId id = b->first; id; id = fn_node(fn, id)->next) {
        const TcgNode *n;

        if (id >= fn->nodes->len) {
            return fail(v, "b%u lists a node that is not there", block);
        }
        n = fn_node(fn, id);
        v->node = id;
        if (n->op >= TCG_NUM_OPS || n->type >= TCG_NUM_TYPES) {
            return fail(v, "no such operation or type");
        }
        if (n->block != block || n->prev != prev || v->position[id]) {
            return fail(v, "the block's list is broken");
        }
        v->position[id] = ++position;
        if ((n->op == OP_phi && past_phis) || n->op == OP_const) {
            return fail(v, n->op == OP_phi ? "a phi after other operations" : "a constant in a block");
        }
        past_phis |= n->op != OP_phi;
        if (!(tcg_op_def[n->op].flags & TCGF_END) != (n->next != 0)) {
            return fail(v, n->next ? "the block goes on after its end" : "the block does not end");
        }
        prev = id;
    }
    if (prev != b->last) {
        return fail(v, "is not the block's last by its record");
    }
    want = fn_node(fn, prev)->op == OP_br ? 1 :
           tcg_op_branches(fn_node(fn, prev)->op) ? 2 : 0;
    if (b->num_succ != want) {
        return fail(v, "%u successors, not %u", b->num_succ, want);
    }
    for (uint32_t s = 0; s < b->num_succ; s++) {
        if (b->succ[s] == 0 || b->succ[s] >= fn->blocks->len) {
            return fail(v, "a successor that is no block");
        }
        if (b->succ[s] == fn->entry) {
            return fail(v, "leads to the entry");
        }
    }
    return true;
}

/* -- one node ------------------------------------------------------------------------------------------------------ */

static bool int_type(TcgType t)
{
    return t == TCG_I32 || t == TCG_I64;
}

static bool check_use(Verifier *v, TcgId value, TcgType type, uint32_t block, uint32_t position)
{
    const TcgFn *fn = v->fn;
    const TcgNode *n;

    if (value == 0 || value >= fn->nodes->len) {
        return fail(v, "an argument is missing");
    }
    n = fn_node(fn, value);
    if (!tcg_op_def[n->op].results || node_type(n) == TCG_VOID) {
        return fail(v, "node %u has no result", value);
    }
    if (node_type(n) != type && !(fn->done & PROP_WIDTHS && int_type(type) && int_type(node_type(n)))) {
        return fail(v, "node %u has the wrong type", value);
    }
    if (n->op == OP_const) {
        return true;
    }
    if (!v->position[value]) {
        return fail(v, "node %u is in no block that runs", value);
    }
    if (n->block == block ? v->position[value] >= position : !tcg_fn_dominates(v->graph, n->block, block)) {
        return fail(v, "node %u does not dominate its use", value);
    }
    return true;
}

static bool check_memop(Verifier *v, const TcgNode *n)
{
    unsigned size = memop_size(n->imm);

    if (n->imm >> 32 || (n->imm & MO_SIZE) > MO_512) {
        return fail(v, "no such access");
    }
    if (tcg_type_is_wide(n->type) || n->type == TCG_PRED || n->op == OP_guest_ldm || n->op == OP_guest_stm) {
        bool masked = n->op == OP_guest_ldm || n->op == OP_guest_stm;

        return (tcg_type_is_vec(n->type) && size == tcg_type_size(n->type) && !(n->imm & (MO_SIGN | MO_BE)) &&
                (masked ? n->aux <= 3 && !(n->imm & MO_ORDER) : tcg_op_loads(n->op) || tcg_op_stores(n->op))) ||
               fail(v, "no such access to a vector");
    }
    if (n->type == TCG_V128 && size < 16
        ? size < 4 || n->imm & MO_SIGN || (!tcg_op_loads(n->op) && !tcg_op_stores(n->op))
        : size > tcg_type_size(n->type)) {
        return fail(v, "the access does not fit the type");
    }
    if (n->op == OP_guest_rmw && (n->aux >= TCG_NUM_RMWS || n->type == TCG_V128)) {
        return fail(v, "no such read-modify-write");
    }
    return true;
}

static bool check_type(Verifier *v, const TcgNode *n)
{
    const TcgOpDef *def = &tcg_op_def[n->op];
    unsigned width = n->type == TCG_I32 ? 32 : 64, pos = n->aux & 0xff, len = n->aux >> 8;

    if (def->flags & TCGF_VEC) {
        bool lanes = n->op == OP_vget, ok = lanes ? n->type == (n->aux == 3 ? TCG_I64 : TCG_I32) : n->type == TCG_V128 ||
                                            (tcg_type_is_wide(n->type) && tcg_op_lanewise(n->op));

        if (!ok || n->aux > 3) {
            return fail(v, "bad vector type or element size");
        }
        if ((n->op == OP_vget || n->op == OP_vset || n->op == OP_vdup_lane) && n->imm >= 16u >> n->aux) {
            return fail(v, "no such lane");
        }
        if (((n->op == OP_vshl || n->op == OP_vror) && n->imm >= 8u << n->aux) ||
            ((n->op == OP_vshr || n->op == OP_vsar) && n->imm > 8u << n->aux)) {
            return fail(v, "the count is too large");
        }
        if (n->op == OP_vmasked) {
            TcgNode inner = tcg_masked_op(n);

            return (inner.op < TCG_NUM_OPS && tcg_op_lanewise(inner.op) && inner.op != OP_vmasked && inner.op != OP_vdup &&
                    tcg_op_def[inner.op].result == TCG_VOID && tcg_op_def[inner.op].args <= 2 &&
                    n->arg[3] == (tcg_op_def[inner.op].args == 2 ? n->arg[3] : n->arg[2]) && check_type(v, &inner)) ||
                   fail(v, "no such masked operation");
        }
        if (((n->op == OP_vcmp || n->op == OP_pcmp) && n->imm >= TCG_NUM_CONDS) || !(tcg_vec_sizes(n->op) >> n->aux & 1) ||
            (n->op == OP_vbyterev && (n->imm <= n->aux || n->imm > 3)) || (n->op == OP_vclmul && n->imm & ~UINT64_C(0x11)) ||
            (n->op == OP_vshuf && n->imm > 0xff) || (n->op == OP_vsha1r && n->imm > 3) ||
            (n->op == OP_vgfaff && n->imm > 0x1ff) || (n->op == OP_vtern && n->imm > 0xff)) {
            return fail(v, "the operation has no such form");
        }
        return true;
    }
    switch (n->op) {
    case OP_get_reg: case OP_set_reg:
        if (n->aux >= TCG_LOCAL ? n->aux - (unsigned)TCG_LOCAL >= v->fn->locals->len
                                : n->aux >= v->fn->config->target->num_regs) {
            return fail(v, "no such row");
        }
        return n->op == OP_set_reg || n->type == tcg_row_type(v->fn, n->aux) || fail(v, "not the row's type");
    case OP_ld_env: case OP_st_env:
        return (n->type != TCG_VOID && 1u << (n->aux & MO_SIZE) <= tcg_type_size(n->type) &&
                (int_type(n->type) || (n->aux & MO_SIZE) == tcg_type_mo(n->type))) ||
               fail(v, "the field does not fit the type");
    case OP_add_env:
        return (int_type(n->type) && 1u << n->aux == tcg_type_size(n->type)) || fail(v, "the field does not fit the type");
    case OP_select: case OP_phi: case OP_mov: case OP_select_fc: case OP_select_cmp:
        if (n->type == TCG_VOID || (n->op == OP_select_fc && n->aux > 15) ||
            (n->op == OP_select_cmp && (!int_type(n->imm) || n->aux >= TCG_NUM_CONDS))) {
            return fail(v, "bad type or condition");
        }
        return true;
    case OP_extract: case OP_sextract: case OP_deposit:
        return (int_type(n->type) && len >= 1 && pos + len <= width) || fail(v, "the field does not fit the type");
    case OP_extract2:
        return (int_type(n->type) && n->aux < width) || fail(v, "the position does not fit the type");
    case OP_addshl:
        return (int_type(n->type) && n->aux <= 3) || fail(v, "the count does not fit");
    case OP_trunc: case OP_flags_cond: case OP_brflag:
        return (n->type == TCG_I32 && (n->op == OP_trunc || n->aux < 16)) || fail(v, "bad type or condition");
    case OP_zext: case OP_sext:
        return n->type == TCG_I64 || fail(v, "bad type");
    case OP_setcond: case OP_brcond:
        return (int_type(n->type) && n->aux < TCG_NUM_CONDS) || fail(v, "bad type or condition");
    case OP_guest_ldh: case OP_guest_sth: case OP_guest_ldn: case OP_guest_stn:
        if (fn_node(v->fn, n->arg[tcg_access_page(n)])->op != OP_guest_page) {
            return fail(v, "not a page");
        }
        /* fall through */
    case OP_guest_ld: case OP_guest_st: case OP_guest_ldx: case OP_guest_stx: case OP_guest_rmw: case OP_guest_cas:
    case OP_guest_ldm: case OP_guest_stm:
        return check_memop(v, n);
    case OP_vpopcnt8:
        return tcg_type_is_vec(n->type) || fail(v, "bad type");
    case OP_vlow: case OP_vhigh:
        return n->type == TCG_V128 || n->type == TCG_V256 || fail(v, "bad type");
    case OP_vcat:
        return tcg_type_is_wide(n->type) || fail(v, "bad type");
    case OP_pfrom: case OP_pto:
        return (n->type == (n->op == OP_pfrom ? TCG_PRED : TCG_I64) && n->aux <= 3) || fail(v, "bad type or element size");
    case OP_pand: case OP_por: case OP_pxor: case OP_pandn: case OP_ptest:
        return n->type == TCG_PRED || fail(v, "bad type");
    case OP_pnot: case OP_pwhile:
        return (n->type == TCG_PRED && n->imm >= 1 && n->imm <= 64) || fail(v, "bad type or number of lanes");
    case OP_vpair: case OP_vext: case OP_vtbl:
        return (n->type == TCG_V128 && (n->op != OP_vext || n->imm < 16)) || fail(v, "bad type or count");
    case OP_fp: case OP_fp_cmp: case OP_flags_fp: case OP_br_fp:
        return (n->type == TCG_V128 && tcg_fp_es(n->aux) >= 1 && tcg_fp_to(n->aux) >= 1 &&
                tcg_fp_op(n->aux) < TCG_NUM_FP_OPS) || fail(v, "no such operation on floating point");
    case OP_fp_to_int:
        return n->type == (tcg_fp_to(n->aux) == 3 ? TCG_I64 : TCG_I32) || fail(v, "bad type");
    case OP_br_vec:
        return (n->type == TCG_V128 && n->aux <= COND_NE) || fail(v, "bad type or condition");
    case OP_call:
        for (unsigned i = 0; i < call_helper(n)->num_args; i++) {
            if (call_helper(n)->args[i] == TCG_PRED) {
                return fail(v, "a predicate for a helper");
            }
        }
        return (n->type == call_helper(n)->ret && n->type != TCG_PRED) || fail(v, "not the helper's type");
    case OP_goto_tb:
        return (n->aux & ~TCG_GOTO_SETS_PC) < TCG_MAX_CHAINS || fail(v, "no such slot");
    default:
        return !def->args || int_type(n->type) || fail(v, "bad type");
    }
}

static bool check_map(Verifier *v, const TcgNode *n)
{
    const TcgFn *fn = v->fn;
    const TcgStateMap *m;

    if (n->map >= fn->maps->len) {
        return fail(v, "no such map");
    }
    m = fn_map(fn, n->map);
    if (m->first + m->num > fn->map_entries->len) {
        return fail(v, "no such map entries");
    }
    for (uint32_t i = 0; i < m->num; i++) {
        const TcgMapEntry *e = fn_map_entry(fn, m->first + i);
        TcgType type;

        if (e->row >= fn->config->target->num_regs) {
            return fail(v, "the map names no register");
        }
        for (uint32_t k = 0; k < i; k++) {
            if (fn_map_entry(fn, m->first + k)->row == e->row) {
                return fail(v, "the map names a register twice");
            }
        }
        if (e->row == fn->config->target->pc_reg && m->pc_delta) {
            return fail(v, "the map gives the PC twice");
        }
        type = tcg_row_type(fn, e->row);
        if (type == TCG_PRED && e->value < fn->nodes->len && fn_node(fn, e->value)->type == TCG_I64) {
            type = TCG_I64;                     /* the backend has no predicates */
        }
        if (!check_use(v, e->value, type, n->block, v->position[v->node])) {
            return false;
        }
    }
    return true;
}

static bool check_call(Verifier *v, const TcgNode *n)
{
    const TcgFn *fn = v->fn;
    const TcgHelper *h = call_helper(n);

    if (n->list_len != h->num_args) {
        return fail(v, "%u arguments, not %u", n->list_len, h->num_args);
    }
    if ((n->num_reads && h->reads != HREGS_LISTED) || (n->num_writes && h->writes != HREGS_LISTED)) {
        return fail(v, "lists registers, which its helper does not say");
    }
    for (uint32_t i = 0; i < n->num_reads + n->num_writes; i++) {
        uint32_t row = *fn_list(fn, i < n->num_reads ? n->reads + i : n->writes + i - n->num_reads);

        if (row >= fn->config->target->num_regs) {
            return fail(v, "lists no register");
        }
    }
    if (h->flags & HELPER_NO_RETURN && fn_node(fn, n->next)->op != OP_raise_exit) {
        return fail(v, "never returns, but the block goes on");
    }
    return true;
}

static bool needs_map(const TcgNode *n)
{
    return n->op == OP_call ? call_helper(n)->flags & (HELPER_MAY_RAISE | HELPER_NO_RETURN)
                            : tcg_op_def[n->op].flags & TCGF_EXIT;
}

static bool check_node(Verifier *v, TcgId id)
{
    const TcgFn *fn = v->fn;
    const TcgNode *n = fn_node(fn, id);
    const TcgOpDef *def = &tcg_op_def[n->op];
    bool ssa = fn->done & PROP_SSA;

    v->node = id;
    if (ssa ? def->flags & TCGF_REG : n->op == OP_phi || n->map) {
        return fail(v, ssa ? "a register access after ssa" : "a phi or a map before ssa");
    }
    if (ssa && needs_map(n) != (n->map != 0)) {
        return fail(v, n->map ? "has a map" : "has no map");
    }
    if (!check_type(v, n)) {
        return false;
    }
    for (unsigned i = 0; i < def->args; i++) {
        if (!check_use(v, n->arg[i], tcg_arg_type(fn, n, i), n->block, v->position[id])) {
            return false;
        }
    }
    if (n->op == OP_call) {
        if (!check_call(v, n)) {
            return false;
        }
        for (uint32_t i = 0; i < n->list_len; i++) {
            if (!check_use(v, *fn_list(fn, n->list + i), tcg_arg_type(fn, n, i), n->block, v->position[id])) {
                return false;
            }
        }
    }
    if (n->op == OP_phi) {
        const TcgIrBlock *b = fn_block(fn, n->block);

        if (n->list_len != b->num_preds) {
            return fail(v, "%u values for %u predecessors", n->list_len, b->num_preds);
        }
        for (uint32_t i = 0; i < n->list_len; i++) {
            if (!check_use(v, *fn_list(fn, n->list + i), n->type, *fn_list(fn, b->preds + i), UINT32_MAX)) {
                return false;
            }
        }
    }
    return !n->map || check_map(v, n);
}

/* -- the region -------------------------------------------------------------------------------------------------------- */

/* The graph as the blocks' ends have it, whether or not fn has computed its own yet. */
static TcgFn *copy_graph(const TcgFn *fn)
{
    TcgFn *g = tcg_fn_new(fn->config);

    for (uint32_t b = 1; b < fn->blocks->len; b++) {
        TcgIrBlock *to = fn_block(g, tcg_fn_block_new(g));
        const TcgIrBlock *from = fn_block(fn, b);

        to->num_succ = from->num_succ;
        memcpy(to->succ, from->succ, sizeof(to->succ));
    }
    g->entry = fn->entry;
    return g;
}

static bool check_graph(Verifier *v)
{
    const TcgFn *fn = v->fn;

    v->node = 0;
    if (fn->entry == 0 || fn->entry >= fn->blocks->len) {
        return fail(v, "no entry");
    }
    for (uint32_t b = 1; b < fn->blocks->len; b++) {
        const TcgIrBlock *block = fn_block(fn, b);

        if (block->num_succ > 2) {
            return fail(v, "b%u has too many successors", b);
        }
        for (uint32_t s = 0; s < block->num_succ; s++) {
            if (block->succ[s] == 0 || block->succ[s] >= fn->blocks->len) {
                return fail(v, "b%u leads to no block", b);
            }
        }
    }
    v->graph = copy_graph(fn);
    tcg_fn_compute_order(v->graph);
    if (!(fn->done & PROP_SSA)) {
        return true;
    }
    for (uint32_t b = 1; b < fn->blocks->len; b++) {
        const TcgIrBlock *have = fn_block(fn, b), *want = fn_block(v->graph, b);

        if (have->order != want->order) {
            return fail(v, "the order of b%u is out of date", b);
        }
        if (!have->order) {
            continue;
        }
        if (have->num_preds != want->num_preds || have->idom != want->idom || have->loop_depth != want->loop_depth) {
            return fail(v, "what is known of b%u's place in the graph is out of date", b);
        }
        for (uint32_t p = 0; p < have->num_preds; p++) {
            if (*fn_list(fn, have->preds + p) != *fn_list(v->graph, want->preds + p)) {
                return fail(v, "the predecessors of b%u are out of date", b);
            }
        }
    }
    return true;
}

static bool check_all(Verifier *v)
{
    const TcgFn *fn = v->fn;
    const GArray *rpo;

    if (!check_graph(v)) {
        return false;
    }
    rpo = v->graph->rpo;
    for (uint32_t i = 0; i < rpo->len; i++) {
        if (!check_block(v, g_array_index(rpo, uint32_t, i))) {
            return false;
        }
    }
    if (fn->done & PROP_ALLOCATED) {
        return true;
    }
    for (uint32_t i = 0; i < rpo->len; i++) {
        for (TcgId id = fn_block(fn, g_array_index(rpo, uint32_t, i))->first; id; id = fn_node(fn, id)->next) {
            if (!check_node(v, id)) {
                return false;
            }
        }
    }
    return true;
}

bool tcg_verify(const TcgFn *fn, GString *ret_why)
{
    Verifier v = { fn, ret_why, NULL, g_new0(uint32_t, fn->nodes->len), 0 };
    bool ok = check_all(&v);

    tcg_fn_free(v.graph);
    g_free(v.position);
    return ok;
}
