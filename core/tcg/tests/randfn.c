/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random regions: a random graph first, then variables whose values go through it, with phis where paths meet. */
#include "core/tcg/tests/randfn.h"

enum { MAX_VARS = 96 };

typedef struct Rand {
    TcgFn *fn;
    const RandFn *shape;
    uint64_t *seed;
    unsigned num_vars;
    TcgType type[MAX_VARS];
    bool fixed[MAX_VARS], map_only[MAX_VARS];   /* never set again; used by maps and by others of its kind alone */
    TcgId (*end)[MAX_VARS];                     /* values at the end of each block */
    TcgId *cur;
    uint32_t block;
} Rand;

static unsigned below(Rand *r, unsigned n)
{
    return test_rand(r->seed) % n;
}

static TcgId constant(Rand *r, TcgType t)
{
    return t == TCG_V128 ? tcg_fn_const_v(r->fn, test_rand_edge(r->seed), test_rand_edge(r->seed))
                         : tcg_fn_const(r->fn, t, test_rand_edge(r->seed));
}

static unsigned var_of(Rand *r, TcgType t, bool map_only)
{
    for (;;) {
        unsigned v = below(r, r->num_vars);

        if (r->type[v] == t && (map_only || !r->map_only[v])) {
            return v;
        }
    }
}

static TcgId value(Rand *r, TcgType t, bool map_only)
{
    return below(r, 8) == 0 ? constant(r, t) : r->cur[var_of(r, t, map_only)];
}

static TcgId node(Rand *r, TcgOpcode op, TcgType t)
{
    TcgId id = tcg_fn_node_new(r->fn, op, t);

    tcg_fn_append(r->fn, r->block, id);
    return id;
}

static void add_map(Rand *r, TcgId id)
{
    TcgFn *fn = r->fn;
    TcgStateMap m = { .first = fn->map_entries->len, .insns = below(r, 50), .pc_delta = 4 * below(r, 9) };

    /* two accesses of one instruction share a map, but a value of the first is not in it */
    if (fn->maps->len > 1 && below(r, 4) == 0) {
        const TcgNode *p = fn_node(fn, fn_node(fn, id)->prev);

        if (p->map && fn_node(fn, id)->prev) {
            fn_node(fn, id)->map = p->map;
            return;
        }
    }
    for (unsigned row = 0; row < TEST_PC; row++) {
        TcgMapEntry e = { .row = (uint16_t)row };

        if (below(r, 3)) {
            e.value = r->cur[var_of(r, tcg_row_type(fn, row), true)];
            g_array_append_val(fn->map_entries, e);
            m.num++;
        }
    }
    fn_node(fn, id)->map = fn->maps->len;
    g_array_append_val(fn->maps, m);
}

static TcgId random_pure(Rand *r, TcgType t, bool map_only)
{
    static const uint8_t ints[] = {
        OP_add, OP_sub, OP_mul, OP_mulhu, OP_divu, OP_divs, OP_and, OP_or, OP_xor, OP_andn, OP_not, OP_neg, OP_shl,
        OP_shr, OP_sar, OP_ror, OP_clz, OP_select, OP_select_cmp, OP_select_fc, OP_deposit, OP_extract,
    };
    static const uint8_t vecs[] = { OP_vadd, OP_vsub, OP_vand, OP_vxor, OP_vnot, OP_vbitsel, OP_vsmax, OP_vtbl };
    static const uint8_t to_i32[] = { OP_setcond, OP_flags_add, OP_flags_sub, OP_flags_adc, OP_trunc };
    TcgFn *fn = r->fn;
    TcgOpcode op = t == TCG_V128 ? vecs[below(r, sizeof(vecs))] : ints[below(r, sizeof(ints))];
    TcgType type = t;
    TcgId arg[4] = { 0 }, id;
    TcgNode *n;
    uint64_t imm = 0;
    unsigned aux = 0;

    if (t == TCG_I32 && below(r, 4) == 0) {
        op = to_i32[below(r, sizeof(to_i32))];
        type = op == OP_trunc ? TCG_I32 : TCG_I32 + below(r, 2);
    } else if (t == TCG_I64 && below(r, 8) == 0) {
        op = below(r, 2) ? OP_zext : OP_sext;
    } else if (t == TCG_V128 && below(r, 8) == 0) {
        op = OP_vpair;
    }
    switch (op) {
    case OP_select_cmp:
        imm = TCG_I32 + below(r, 2);
        aux = below(r, TCG_NUM_CONDS);
        break;
    case OP_setcond:
        aux = below(r, TCG_NUM_CONDS);
        break;
    case OP_select_fc:
        aux = below(r, 16);
        break;
    case OP_deposit: case OP_extract:
        aux = below(r, 16) | (1 + below(r, 16)) << 8;
        break;
    case OP_vadd: case OP_vsub: case OP_vsmax:
        aux = below(r, 3);
        break;
    default:
        break;
    }
    id = tcg_fn_node_new(fn, op, type);
    n = fn_node(fn, id);
    n->aux = (uint16_t)aux;
    n->imm = imm;
    for (unsigned k = 0; k < tcg_op_def[op].args; k++) {
        TcgType at = tcg_arg_type(fn, n, k);

        if (op == OP_select_fc && k == 0) {
            arg[k] = tcg_fn_const(fn, TCG_I32, below(r, 16));
        } else {
            arg[k] = value(r, at, map_only);
        }
        n = fn_node(fn, id);
    }
    /* a value as both arguments */
    if (tcg_op_def[op].args == 2 && below(r, 8) == 0 && tcg_arg_type(fn, n, 0) == tcg_arg_type(fn, n, 1)) {
        arg[1] = arg[0];
    }
    for (unsigned k = 0; k < 4; k++) {
        n->arg[k] = arg[k];
    }
    tcg_fn_append(fn, r->block, id);
    return id;
}

static TcgId address(Rand *r)
{
    TcgFn *fn = r->fn;
    TcgId a = r->cur[var_of(r, TCG_I64, false)], id = node(r, OP_and, TCG_I64), id2;
    TcgId within = tcg_fn_const(fn, TCG_I64, TEST_MEM_SIZE / 2 - 1), base = tcg_fn_const(fn, TCG_I64, TEST_MEM_BASE);

    fn_node(fn, id)->arg[0] = a;
    fn_node(fn, id)->arg[1] = within;
    id2 = node(r, OP_add, TCG_I64);
    fn_node(fn, id2)->arg[0] = id;
    fn_node(fn, id2)->arg[1] = base;
    return id2;
}

static void random_access(Rand *r)
{
    TcgFn *fn = r->fn;
    TcgType t = TCG_I32 + below(r, 3);
    unsigned v = var_of(r, t, false);
    MemOp mo = t == TCG_V128 ? MO_128 : below(r, t == TCG_I64 ? 4 : 3);
    TcgId a = address(r), id;

    switch (below(r, t == TCG_V128 ? 2 : 4)) {
    case 0:
        id = node(r, OP_guest_ld, t);
        break;
    case 1:
        id = node(r, OP_guest_st, t);
        break;
    case 2:
        id = node(r, OP_guest_rmw, t);
        fn_node(fn, id)->aux = (uint16_t)below(r, TCG_NUM_RMWS);
        break;
    default:
        id = node(r, OP_guest_cas, t);
    }
    fn_node(fn, id)->imm = mo;
    fn_node(fn, id)->arg[0] = a;
    for (unsigned k = 1; k < tcg_op_def[fn_node(fn, id)->op].args; k++) {
        TcgId arg = value(r, t, false);

        fn_node(fn, id)->arg[k] = arg;
    }
    add_map(r, id);
    if (fn_node(fn, id)->op != OP_guest_st && !r->fixed[v] && below(r, 8)) {
        r->cur[v] = id;
    }
}

static void random_call(Rand *r)
{
    static const uint8_t which[] = { TEST_H_PURE3, TEST_H_ADD32, TEST_H_SIX, TEST_H_VADD, TEST_H_SEE_V,
                                     TEST_H_MAY_RAISE };
    const TcgHelper *h = &test_helpers[which[below(r, sizeof(which))]];
    TcgId list[TCG_HELPER_MAX_ARGS], id;
    uint32_t first;

    for (unsigned k = 0; k < h->num_args; k++) {
        list[k] = value(r, h->args[k], false);
    }
    id = node(r, OP_call, h->ret);
    first = tcg_fn_list_new(r->fn, h->num_args);
    for (unsigned k = 0; k < h->num_args; k++) {
        *fn_list(r->fn, first + k) = list[k];
    }
    fn_node(r->fn, id)->imm = (uintptr_t)h;
    fn_node(r->fn, id)->list = first;
    fn_node(r->fn, id)->list_len = h->num_args;
    if (h->flags & HELPER_MAY_RAISE) {
        add_map(r, id);
    }
    if (h->ret != TCG_VOID && below(r, 8)) {
        unsigned v = var_of(r, h->ret, false);

        if (!r->fixed[v]) {
            r->cur[v] = id;
        }
    }
}

static void fill_block(Rand *r)
{
    TcgFn *fn = r->fn;
    const TcgIrBlock *b = fn_block(fn, r->block);
    unsigned num = below(r, r->shape->nodes + 1);
    TcgId end;

    for (unsigned i = 0; i < num; i++) {
        unsigned kind = below(r, 64), v = below(r, r->num_vars);

        if (kind < r->shape->calls) {
            random_call(r);
        } else if (kind < r->shape->calls + r->shape->maps) {
            random_access(r);
        } else if (!r->fixed[v]) {
            r->cur[v] = random_pure(r, r->type[v], r->map_only[v]);
        }
    }
    if (b->num_succ == 2) {
        TcgType t = TCG_I32 + below(r, 2);
        TcgId a = value(r, t, false), c = value(r, t, false);

        end = node(r, OP_brcond, t);
        fn_node(fn, end)->arg[0] = a;
        fn_node(fn, end)->arg[1] = c;
        fn_node(fn, end)->aux = (uint16_t)below(r, TCG_NUM_CONDS);
    } else {
        /* what a region leaves behind must be seen by somebody */
        for (unsigned v = 0; v < r->num_vars && b->num_succ == 0; v++) {
            if (!r->map_only[v]) {
                TcgType t = r->type[v];
                TcgId st = node(r, OP_st_env, t);

                fn_node(fn, st)->arg[0] = r->cur[v];
                fn_node(fn, st)->imm = test_target.regs[t == TCG_V128 ? TEST_V0 + v % 4 : t == TCG_I64 ? v % 8 :
                                                        TEST_NZCV].offset;
                fn_node(fn, st)->aux = t == TCG_V128 ? MO_128 : t == TCG_I64 ? MO_64 : MO_32;
            }
        }
        node(r, b->num_succ ? OP_br : OP_exit, TCG_VOID);
    }
}

void rand_fn(TcgFn *fn, const RandFn *shape, uint64_t *seed)
{
    Rand r = { .fn = fn, .shape = shape, .seed = seed };
    unsigned n = shape->blocks;

    for (TcgType t = TCG_I32; t <= TCG_V128; t++) {
        for (unsigned i = 0; i < shape->vars[t] && r.num_vars < MAX_VARS; i++) {
            r.fixed[r.num_vars] = i && below(&r, 4) == 0;
            r.map_only[r.num_vars] = i && below(&r, 4) == 0;
            r.type[r.num_vars++] = t;
        }
    }
    r.end = g_malloc0_n(n + 1, sizeof(*r.end));
    for (unsigned i = 0; i < n; i++) {
        tcg_fn_block_new(fn);
    }
    fn->entry = 1;
    for (unsigned i = 1; i <= n; i++) {
        TcgIrBlock *b = fn_block(fn, i);

        if (i < n) {
            b->succ[b->num_succ++] = i + 1;
            if (below(&r, 3)) {
                b->succ[b->num_succ++] = shape->forward ? i + 1 + below(&r, n - i) : 2 + below(&r, n - 1);
                if (b->succ[0] == b->succ[1]) {
                    b->num_succ = 1;
                }
            }
        }
    }
    tcg_fn_compute_order(fn);
    for (unsigned i = 0; i < fn->rpo->len; i++) {
        const TcgIrBlock *b;

        r.block = g_array_index(fn->rpo, uint32_t, i);
        r.cur = r.end[r.block];
        b = fn_block(fn, r.block);
        for (unsigned v = 0; v < r.num_vars; v++) {
            if (i == 0) {
                TcgId id = below(&r, 8) == 0 ? 0 : tcg_fn_node_new(fn, OP_ld_env, r.type[v]);

                if (!id) {
                    id = constant(&r, r.type[v]);
                } else {
                    fn_node(fn, id)->imm = test_target.regs[r.type[v] == TCG_V128 ? TEST_V0 + v % 4 : v % 8].offset;
                    fn_node(fn, id)->aux = r.type[v] == TCG_V128 ? MO_128 : r.type[v] == TCG_I64 ? MO_64 : MO_32;
                    tcg_fn_append(fn, r.block, id);
                }
                r.cur[v] = id;
            } else if (r.fixed[v]) {
                r.cur[v] = r.end[fn->entry][v];
            } else if (b->num_preds == 1 && below(&r, 16)) {
                r.cur[v] = r.end[*fn_list(fn, b->preds)][v];
            } else {
                TcgId id = node(&r, OP_phi, r.type[v]);
                uint32_t list = tcg_fn_list_new(fn, b->num_preds);

                fn_node(fn, id)->list = list;
                fn_node(fn, id)->list_len = b->num_preds;
                fn_node(fn, id)->imm = v;
                r.cur[v] = id;
            }
        }
        fill_block(&r);
    }
    for (unsigned i = 0; i < fn->rpo->len; i++) {
        const TcgIrBlock *b = fn_block(fn, g_array_index(fn->rpo, uint32_t, i));

        for (TcgId id = b->first; fn_node(fn, id)->op == OP_phi; id = fn_node(fn, id)->next) {
            TcgNode *phi = fn_node(fn, id);

            for (unsigned k = 0; k < b->num_preds; k++) {
                *fn_list(fn, phi->list + k) = r.end[*fn_list(fn, b->preds + k)][phi->imm];
            }
            phi->imm = 0;
        }
    }
    g_free(r.end);
}
