/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sums that are addresses go into the loads and stores that use them, if the backend has room for them there:
 *
 * - A constant (TcgBackend.access_offset): aux is then what is added, from INT16_MIN to INT16_MAX.
 * - In the direct layout, another value, shifted left by up to 3 (access_index): OP_guest_ldx, OP_guest_stx, whose offset
 *   is from -8192 to 8191. With TLBs the address is wanted in a register anyway.
 *
 * - Wherever it is, a shifted value that is added and not wanted otherwise goes into the addition (OP_addshl).
 *
 * Only where nothing but accesses wants the sum, which would need its register anyway; outside the loop that computes it,
 * it is computed again. That a sum's operands now live as long as its accesses is mostly no loss: what is an array's start
 * or an index has more uses.
 */
#include "core/tcg/ir_int.h"
#include "core/tcg/backend.h"

#include <string.h>

/* By value, in scratch slot 0. */
typedef struct Address {
    TcgFn *fn;
    uint32_t *wanted;                           /* how many accesses have it as address, or sums as an operand, that need it not */
    uint32_t *outside;                          /* how many uses a sum has outside the loop that computes it */
    TcgId *copy;                                /* ... for which it is computed here, last */
    uint32_t num;                               /* of values that there were */
} Address;

static void start(Address *a)
{
    a->num = a->fn->nodes->len;
    a->wanted = tcg_fn_scratch(a->fn, 0, 3 * a->num * sizeof(*a->wanted));
    a->outside = a->wanted + a->num;
    a->copy = a->outside + a->num;
    memset(a->wanted, 0, 3 * a->num * sizeof(*a->wanted));
}

static bool is_indexed(const TcgNode *n)
{
    return n->op == OP_guest_ldx || n->op == OP_guest_stx;
}

static bool is_access(const TcgNode *n)
{
    return n->op == OP_guest_ld || n->op == OP_guest_st;
}

static bool is_const(const TcgFn *fn, TcgId v)
{
    return fn_node(fn, v)->op == OP_const;
}

/* Whether all that use v are accesses, or sums, that need it no longer. */
static bool goes_away(const Address *a, TcgId v)
{
    return fn_node(a->fn, v)->uses == a->wanted[v];
}

static bool is_scale(const TcgFn *fn, const TcgNode *n)
{
    const TcgNode *c = fn_node(fn, n->arg[1]);

    return n->op == OP_shl && n->type == TCG_I64 && c->op == OP_const && c->imm >= 1 && c->imm <= 3;
}

/* The use of a value by one operation, gone or new. */
static void move_use(TcgFn *fn, TcgId from, TcgId to)
{
    if (from) {
        fn_node(fn, from)->uses--;
    }
    if (to) {
        fn_node(fn, to)->uses++;
    }
}

/* v has lost its last use: it is a recipe now, or nothing, and its operands are used less. */
static void unused(TcgFn *fn, TcgId v)
{
    const TcgNode *n = fn_node(fn, v);

    for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
        TcgNode *arg = fn_node(fn, n->arg[k]);

        arg->uses--;
        arg->map_uses += n->map_uses != 0;
    }
}

/* Whether an access takes its address's constant; then what it adds in all. A sum of 32 bits would not wrap then. */
static bool takes(const TcgFn *fn, const TcgNode *n, int64_t *ret)
{
    const TcgNode *sum = fn_node(fn, n->arg[0]), *c = fn_node(fn, sum->arg[1]);

    if (sum->op != OP_add || sum->type != TCG_I64 || c->op != OP_const || is_const(fn, sum->arg[0]) ||
        (int64_t)c->imm != (int16_t)c->imm) {
        return false;
    }
    *ret = (int64_t)c->imm + ((int16_t)n->aux >> (is_indexed(n) ? 2 : 0));
    return is_indexed(n) ? *ret >= -8192 && *ret <= 8191 : *ret == (int16_t)*ret;
}

static void take_const(Address *a, TcgId id)
{
    TcgFn *fn = a->fn;
    TcgNode *n = fn_node(fn, id);
    TcgId sum_id = n->arg[0];
    const TcgNode *sum = fn_node(fn, sum_id);
    int64_t offset;

    if (!takes(fn, n, &offset) || sum_id >= a->num || !goes_away(a, sum_id)) {
        return;
    }
    n->aux = (uint16_t)(is_indexed(n) ? (uint64_t)offset << 2 | (n->aux & 3) : (uint64_t)offset);
    n->arg[0] = sum->arg[0];
    a->wanted[sum_id]--;
    move_use(fn, sum_id, sum->arg[0]);
    if (!sum->uses) {
        unused(fn, sum_id);
    }
}

/* A use by code in a block, of a value that is an argument or in the list of id (a phi's: at the predecessor's end). */
typedef void UseFn(Address *a, TcgId id, TcgId *use, uint32_t block);

static void each_use(Address *a, UseFn *f)
{
    TcgFn *fn = a->fn;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i);

        for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
            const TcgNode *n = fn_node(fn, id);
            unsigned args = tcg_op_def[n->op].flags & TCGF_PURE && !n->uses ? 0 : tcg_op_def[n->op].args;

            for (unsigned k = 0; k < args; k++) {
                TcgId use = fn_node(fn, id)->arg[k];

                f(a, id, &use, block);
                fn_node(fn, id)->arg[k] = use;
            }
            for (uint32_t k = 0; k < fn_node(fn, id)->list_len; k++) {
                n = fn_node(fn, id);
                f(a, id, fn_list(fn, n->list + k), n->op == OP_phi ? *fn_list(fn, fn_block(fn, block)->preds + k) : block);
            }
        }
    }
}

static bool is_outside(const Address *a, TcgId v, uint32_t block)
{
    const TcgNode *n = fn_node(a->fn, v);

    return v < a->num && a->wanted[v] && fn_block(a->fn, block)->loop_depth < fn_block(a->fn, n->block)->loop_depth;
}

static void count_outside(Address *a, TcgId id, TcgId *use, uint32_t block)
{
    a->outside[*use] += is_outside(a, *use, block);
}

static void copy_outside(Address *a, TcgId id, TcgId *use, uint32_t block)
{
    TcgFn *fn = a->fn;
    TcgId sum = *use, copy;
    bool phi = fn_node(fn, id)->op == OP_phi;

    if (!is_outside(a, sum, block) || a->wanted[sum] + a->outside[sum] != fn_node(fn, sum)->uses) {
        return;
    }
    copy = a->copy[sum];
    if (!copy || fn_node(fn, copy)->block != block) {
        copy = tcg_fn_node_new(fn, OP_add, TCG_I64);
        memcpy(fn_node(fn, copy)->arg, fn_node(fn, sum)->arg, sizeof(fn_node(fn, sum)->arg));
        tcg_fn_insert_before(fn, phi ? fn_block(fn, block)->last : id, copy);
        a->copy[sum] = phi ? 0 : copy;          /* one at the end of its block is too late for others */
        for (unsigned k = 0; k < 2; k++) {
            move_use(fn, 0, fn_node(fn, copy)->arg[k]);
        }
    }
    move_use(fn, sum, copy);
    a->outside[sum]--;
    *use = copy;
}

static void count_const(Address *a, TcgId id)
{
    int64_t offset;

    if (takes(a->fn, fn_node(a->fn, id), &offset)) {
        a->wanted[fn_node(a->fn, id)->arg[0]]++;
    }
}

static void take_index(Address *a, TcgId id)
{
    TcgFn *fn = a->fn;
    TcgNode *n = fn_node(fn, id);
    TcgId sum_id = n->arg[0], base, index;
    const TcgNode *sum = fn_node(fn, sum_id);
    int offset = (int16_t)n->aux;
    unsigned scale = 0;

    if (is_indexed(n) || !a->wanted[sum_id] || !goes_away(a, sum_id) || offset < -8192 || offset > 8191) {
        return;
    }
    base = sum->arg[0];
    index = sum->arg[1];
    if (is_scale(fn, fn_node(fn, base)) && !is_scale(fn, fn_node(fn, index))) {
        base = sum->arg[1];
        index = sum->arg[0];
    }
    if (is_scale(fn, fn_node(fn, index)) && goes_away(a, index)) {
        scale = (unsigned)fn_node(fn, fn_node(fn, index)->arg[1])->imm;
    }
    a->wanted[sum_id]--;
    move_use(fn, sum_id, base);
    move_use(fn, 0, scale ? fn_node(fn, index)->arg[0] : index);
    if (!sum->uses) {
        unused(fn, sum_id);
        if (scale) {
            a->wanted[index]--;
            if (!fn_node(fn, index)->uses) {
                unused(fn, index);
            }
        }
    }
    index = scale ? fn_node(fn, index)->arg[0] : index;
    n->arg[0] = base;
    n->arg[n->op == OP_guest_ld ? 1 : 2] = index;
    n->op = n->op == OP_guest_ld ? OP_guest_ldx : OP_guest_stx;
    n->aux = (uint16_t)(offset << 2 | (int)scale);
}

/* Calls f for the loads and stores. */
static void each_access(Address *a, void (*f)(Address *a, TcgId id))
{
    TcgFn *fn = a->fn;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        for (TcgId id = fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->first; id; id = fn_node(fn, id)->next) {
            if (is_access(fn_node(fn, id)) || is_indexed(fn_node(fn, id))) {
                f(a, id);
            }
        }
    }
}

/* Constants of sums that only accesses want, inside the loop that computes them. */
static void take_consts(Address *a)
{
    start(a);
    each_access(a, count_const);
    if (a->fn->has_loops) {
        each_use(a, count_outside);
        each_use(a, copy_outside);
    }
    each_access(a, take_const);
}

static void count(Address *a, TcgId id)
{
    const TcgNode *n = fn_node(a->fn, id), *sum = fn_node(a->fn, n->arg[0]);

    if (is_access(n) && sum->op == OP_add && sum->type == TCG_I64 && sum->block == n->block && !is_const(a->fn, sum->arg[1]) &&
        !is_const(a->fn, sum->arg[0])) {
        a->wanted[n->arg[0]]++;
    }
}

/* A shifted operand is not wanted by a sum that stays. */
static void count_scaled(Address *a)
{
    TcgFn *fn = a->fn;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        for (TcgId id = fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->first; id; id = fn_node(fn, id)->next) {
            const TcgNode *sum = fn_node(fn, id);

            if (sum->op == OP_add && a->wanted[id] && goes_away(a, id)) {
                unsigned k = is_scale(fn, fn_node(fn, sum->arg[1])) ? 1 : 0;

                if (is_scale(fn, fn_node(fn, sum->arg[k]))) {
                    a->wanted[sum->arg[k]]++;
                }
            }
        }
    }
}

/* A sum with a shifted value that nothing else wants. */
static void take_shift(TcgFn *fn, TcgId id)
{
    TcgNode *n = fn_node(fn, id), probe;
    unsigned k = 2;

    if (n->op != OP_add || !n->uses || is_const(fn, n->arg[0]) || is_const(fn, n->arg[1])) {
        return;
    }
    while (k-- > 0) {
        TcgId shifted = n->arg[k];
        const TcgNode *s = fn_node(fn, shifted), *c = fn_node(fn, s->arg[1]);

        if (s->op != OP_shl || s->type != n->type || s->uses != 1 || c->op != OP_const || c->imm < 1 || c->imm > 3 ||
            is_const(fn, s->arg[0])) {
            continue;
        }
        probe = (TcgNode){ .op = OP_addshl, .type = n->type, .aux = (uint16_t)c->imm };
        if (!fn->config->backend->has_op(fn->config->backend, &probe)) {
            return;
        }
        n->op = OP_addshl;
        n->aux = probe.aux;
        n->arg[0] = n->arg[1 - k];
        n->arg[1] = s->arg[0];
        move_use(fn, shifted, s->arg[0]);
        unused(fn, shifted);
        return;
    }
}

void tcg_address(TcgFn *fn)
{
    const TcgBackend *be = fn->config->backend;
    Address a = { .fn = fn };

    if (be->access_offset) {
        take_consts(&a);
    }
    if (be->access_index && fn->config->layout->direct) {
        start(&a);
        each_access(&a, count);
        count_scaled(&a);
        each_access(&a, take_index);
        if (be->access_offset) {
            take_consts(&a);                    /* of what indices are added to */
        }
    }
    for (uint32_t i = 0; !fn->config->naive && i < fn->rpo->len; i++) {
        for (TcgId id = fn_block(fn, g_array_index(fn->rpo, uint32_t, i))->first; id; id = fn_node(fn, id)->next) {
            take_shift(fn, id);
        }
    }
}
