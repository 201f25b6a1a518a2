/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Accesses that lie together mostly lie in one page, and one look into the TLB does for all of them: OP_guest_page asks
 * whether the TLB has a page, for loads and stores as they are; its result is what the host's address is more, or 0.
 * Looking has no effect: it may be done for an access that is not come to, and is done outside loops, if the address is
 * known there. Where the result is 0 each access looks by itself, as ever, so that faults, devices, pages that hold code
 * and whatever else the slow path is for stay where they are.
 *
 * - Addresses that differ by a constant: what is asked for is all that they touch. OP_guest_ldh and OP_guest_sth.
 * - Addresses that differ by small indices (elements of an interpreter's registers): what is asked for is the page of the
 *   first element. OP_guest_ldn and OP_guest_stn compare their address with the page's, which is another operand: far from
 *   all of theirs, if there is none.
 *
 * What was found holds until something may change a translation that this CPU uses, and must be seen: a helper does, which
 * may be a TLB maintenance instruction or its completion, and a fence, since a store to a device may change what is where.
 * Slow paths fill and evict entries only; what other CPUs ask for is done when the region has been left. A store that may
 * change its own page (a ROM device's) is run alone, by core/exec.
 */
#include "core/tcg/ir_int.h"
#include "core/tcg/backend.h"

#include <string.h>

enum {
    MAX_TERMS = 3, MAX_DEPTH = 6,
    MAX_SPAN = 512,                             /* of accesses that differ by constants, in bytes */
    MAX_NEAR = 256,                             /* of offsets beside an index */
    ENOUGH = 3,                                 /* accesses with an index that pay for a look beside them */
};

/* An address: values shifted left, in order of their ids, and a constant. */
typedef struct Sum {
    TcgId term[MAX_TERMS];
    uint8_t shift[MAX_TERMS];
    unsigned num;
    int64_t offset;
} Sum;

typedef struct Group {
    Sum sum;                                    /* of the first's address, without what is added to it */
    TcgId first;
    TcgId at;                                   /* the address that is looked for, less an offset */
    bool near;                                  /* they have indices, which are not in sum */
    uint32_t outside;                           /* the block at whose end it is looked for; 0: before the first */
    uint32_t epoch;
    int64_t lo, hi;                             /* offsets of all: from, and up to where */
    unsigned access;                            /* TCG_PAGE_READ, TCG_PAGE_WRITE */
    unsigned num;
    TcgId page, start;                          /* the nodes, once they are made */
} Group;

typedef struct SamePage {
    TcgFn *fn;
    GArray *groups;
    uint32_t *group_of;                         /* by node: index of its group + 1; scratch slot 0 */
    uint32_t *epoch_in, *epoch_out;             /* by block; scratch slot 1 */
} SamePage;

static bool ends_epoch(const TcgNode *n)
{
    return (n->op == OP_call && !(call_helper(n)->flags & HELPER_PURE)) || n->op == OP_fence;
}

/* False: it has too many terms. */
static bool add_terms(const TcgFn *fn, TcgId v, unsigned shift, unsigned depth, Sum *s)
{
    const TcgNode *n = fn_node(fn, v), *c;
    unsigned i;

    if (n->op == OP_const) {
        s->offset += (int64_t)(n->imm << shift);
        return true;
    }
    if (depth && n->type == TCG_I64) {
        c = fn_node(fn, n->arg[1]);
        switch (n->op) {
        case OP_add:
            return add_terms(fn, n->arg[0], shift, depth - 1, s) && add_terms(fn, n->arg[1], shift, depth - 1, s);
        case OP_addshl:
            if (shift + n->aux >= 64) {
                break;
            }
            return add_terms(fn, n->arg[0], shift, depth - 1, s) &&
                   add_terms(fn, n->arg[1], shift + n->aux, depth - 1, s);
        case OP_sub:
            if (c->op == OP_const) {
                s->offset -= (int64_t)(c->imm << shift);
                return add_terms(fn, n->arg[0], shift, depth - 1, s);
            }
            break;
        case OP_shl:
            if (c->op == OP_const && c->imm + shift < 64) {
                return add_terms(fn, n->arg[0], shift + (unsigned)c->imm, depth - 1, s);
            }
            break;
        }
    }
    if (s->num == MAX_TERMS) {
        return false;
    }
    for (i = s->num++; i && s->term[i - 1] > v; i--) {
        s->term[i] = s->term[i - 1];
        s->shift[i] = s->shift[i - 1];
    }
    s->term[i] = v;
    s->shift[i] = (uint8_t)shift;
    return true;
}

static Sum sum_of(const TcgFn *fn, TcgId v)
{
    Sum s = { .num = 0 };

    if (!add_terms(fn, v, 0, MAX_DEPTH, &s)) {
        s = (Sum){ .term = { v }, .num = 1 };
    }
    return s;
}

/* A value that v does not exceed, unsigned. */
static uint64_t max_of(const TcgFn *fn, TcgId v, unsigned depth)
{
    const TcgNode *n = fn_node(fn, v);
    uint64_t all = node_type(n) == TCG_I64 ? UINT64_MAX : UINT32_MAX, a, b;
    const TcgNode *c = fn_node(fn, n->arg[1]);

    if (!depth--) {
        return all;
    }
    switch (n->op) {
    case OP_const:
        return n->imm & all;
    case OP_guest_ld: case OP_guest_ldh: case OP_guest_ldn:
        return (n->imm & MO_SIGN) || (n->imm & MO_SIZE) >= MO_64 ? all : UINT64_MAX >> (64 - 8 * memop_size((MemOp)n->imm));
    case OP_extract:
        return UINT64_MAX >> (64 - (n->aux >> 8));
    case OP_setcond: case OP_flags_cond:
        return 1;
    case OP_zext:
        return MIN(max_of(fn, n->arg[0], depth), UINT32_MAX);
    case OP_and:
        a = max_of(fn, n->arg[0], depth);
        b = max_of(fn, n->arg[1], depth);
        return MIN(all, MIN(a, b));
    case OP_shr:
        return c->op == OP_const ? MIN(all, max_of(fn, n->arg[0], depth)) >> (c->imm & (all == UINT32_MAX ? 31 : 63)) : all;
    default:
        return all;
    }
}

/*
 * Takes the indices out of a sum: what is less than a page, all together. What is left is to be one value, or none.
 * False: there are none, or more is left.
 */
static bool take_indices(const TcgFn *fn, Sum *s)
{
    Sum rest = { .offset = s->offset };
    uint64_t most = 0, page = (uint64_t)1 << fn->config->target->page_bits;

    for (unsigned i = 0; i < s->num; i++) {
        uint64_t max = max_of(fn, s->term[i], MAX_DEPTH);

        if (max < page && s->shift[i] < 16 && most + (max << s->shift[i]) < page) {
            most += max << s->shift[i];
        } else {
            rest.term[rest.num] = s->term[i];
            rest.shift[rest.num++] = s->shift[i];
        }
    }
    if (rest.num == s->num || rest.num > 1 || rest.shift[0]) {
        return false;
    }
    *s = rest;
    return true;
}

static bool same_terms(const Sum *a, const Sum *b)
{
    return a->num == b->num && !memcmp(a->term, b->term, sizeof(a->term)) && !memcmp(a->shift, b->shift, sizeof(a->shift));
}

/* Those of which nothing else is asked than a translation. */
static bool is_plain(const TcgNode *n)
{
    return (n->op == OP_guest_ld || n->op == OP_guest_st) && !(n->imm & (MO_KIND | MO_ALIGN));
}

/* Numbers what ends epochs, and blocks where different epochs meet, as if the epoch were a variable. */
static void find_epochs(SamePage *p)
{
    TcgFn *fn = p->fn;
    uint32_t blocks = fn->blocks->len;
    bool changed = true;

    p->epoch_in = tcg_fn_scratch(fn, 1, 2 * blocks * sizeof(*p->epoch_in));
    p->epoch_out = p->epoch_in + blocks;
    memset(p->epoch_in, 0, 2 * blocks * sizeof(*p->epoch_in));
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < fn->rpo->len; i++) {
            uint32_t block = g_array_index(fn->rpo, uint32_t, i), in = block == fn->entry ? block : 0, out;
            const TcgIrBlock *b = fn_block(fn, block);

            for (uint32_t k = 0; k < b->num_preds; k++) {
                uint32_t from = p->epoch_out[*fn_list(fn, b->preds + k)];

                in = !from || from == in ? in : in ? block : from;
            }
            if (p->epoch_in[block] == block) {
                in = block;                     /* once different ones have met, they do */
            }
            out = in;
            for (TcgId id = b->first; id; id = fn_node(fn, id)->next) {
                out = ends_epoch(fn_node(fn, id)) ? blocks + id : out;
            }
            changed |= in != p->epoch_in[block] || out != p->epoch_out[block];
            p->epoch_in[block] = in;
            p->epoch_out[block] = out;
        }
    }
}

/*
 * The block at whose end a page is looked for: one outside loops that `block` is in, where v is known and the epoch is the
 * same. 0: there is none.
 */
static uint32_t find_outside(const SamePage *p, uint32_t block, TcgId v, uint32_t epoch)
{
    const TcgFn *fn = p->fn;
    uint32_t made = fn_node(fn, v)->block, ret = 0;

    for (uint32_t d = block; d != fn->entry;) {
        d = fn_block(fn, d)->idom;
        if (made && !tcg_fn_dominates(fn, made, d)) {
            break;
        }
        if (p->epoch_out[d] == epoch && fn_block(fn, d)->loop_depth < fn_block(fn, ret ? ret : block)->loop_depth) {
            ret = d;
        }
    }
    return ret;
}

/* Whether an access may belong to a group. */
static bool may_join(const SamePage *p, const Group *g, const TcgNode *n, const Group *new)
{
    const TcgFn *fn = p->fn;
    const TcgNode *first = fn_node(fn, g->first);
    uint32_t from = g->outside ? g->outside : first->block;

    return g->epoch == new->epoch && g->near == new->near && same_terms(&g->sum, &new->sum) &&
           memop_mmu(first->imm) == memop_mmu(n->imm) &&
           (g->near ? (uint64_t)(new->sum.offset - g->sum.offset + MAX_NEAR) <= 2 * MAX_NEAR
                    : new->lo < new->hi && g->lo < g->hi &&
                      (uint64_t)MAX(new->hi, g->hi) - (uint64_t)MIN(new->lo, g->lo) <= MAX_SPAN) &&
           fn_block(fn, n->block)->loop_depth >= fn_block(fn, from)->loop_depth &&
           (n->block == from || tcg_fn_dominates(fn, from, n->block));
}

/* Puts an access into a group; one with an index, if near. */
static void note(SamePage *p, TcgId id, uint32_t epoch, bool near)
{
    TcgFn *fn = p->fn;
    const TcgNode *n = fn_node(fn, id);
    Group new = {
        .sum = sum_of(fn, n->arg[0]), .first = id, .at = n->arg[0], .near = near, .epoch = epoch, .num = 1,
        .access = tcg_op_loads(n->op) ? TCG_PAGE_READ : TCG_PAGE_WRITE,
    };

    if (near) {
        if (!take_indices(fn, &new.sum)) {
            return;
        }
        new.sum.offset += tcg_access_offset(n);
        new.lo = new.hi = new.sum.offset;
    } else {
        new.lo = new.sum.offset + tcg_access_offset(n);
        new.hi = new.lo + memop_size(n->imm);
    }
    for (unsigned i = p->groups->len; i-- > 0;) {
        Group *g = &g_array_index(p->groups, Group, i);

        if (may_join(p, g, fn_node(fn, id), &new)) {
            g->lo = MIN(g->lo, new.lo);
            g->hi = MAX(g->hi, new.hi);
            g->access |= new.access;
            g->num++;
            p->group_of[id] = i + 1;
            return;
        }
    }
    if (near) {
        new.at = new.sum.num ? new.sum.term[0] : tcg_fn_const(fn, TCG_I64, (uint64_t)new.sum.offset);
    }
    new.outside = find_outside(p, fn_node(fn, id)->block, new.at, epoch);
    g_array_append_val(p->groups, new);
    p->group_of[id] = p->groups->len;
}

static void note_all(SamePage *p, bool near)
{
    TcgFn *fn = p->fn;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i), epoch = p->epoch_in[block];

        for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
            const TcgNode *n = fn_node(fn, id);

            epoch = ends_epoch(n) ? fn->blocks->len + id : epoch;
            if (is_plain(n) && !p->group_of[id] && (near || fn_node(fn, n->arg[0])->op != OP_const)) {
                note(p, id, epoch, near);
            }
        }
    }
}

/* A node where a group's page is looked for. */
static TcgId place(TcgFn *fn, const Group *g, TcgOpcode op, TcgId a, TcgId b)
{
    TcgId id = tcg_fn_node_new(fn, op, TCG_I64);
    TcgNode *n = fn_node(fn, id);

    n->arg[0] = a;
    n->arg[1] = b;
    fn_node(fn, a)->uses++;
    fn_node(fn, b)->uses += b != 0;
    tcg_fn_insert_before(fn, g->outside ? fn_block(fn, g->outside)->last : g->first, id);
    return id;
}

static void look(TcgFn *fn, Group *g)
{
    int64_t lo = g->near ? (g->sum.num ? g->sum.offset : 0) : g->lo - g->sum.offset;
    TcgNode *n;

    if (lo != (int16_t)lo) {
        return;
    }
    g->page = place(fn, g, OP_guest_page, g->at, 0);
    n = fn_node(fn, g->page);
    n->aux = (uint16_t)lo;
    n->imm = tcg_page_imm(memop_mmu(fn_node(fn, g->first)->imm), g->access, g->near ? 1 : (uint32_t)(g->hi - g->lo));
    if (g->near) {
        uint64_t page = (uint64_t)1 << fn->config->target->page_bits;
        TcgId at = lo ? place(fn, g, OP_add, g->at, tcg_fn_const(fn, TCG_I64, (uint64_t)lo)) : g->at;
        TcgId start = place(fn, g, OP_and, at, tcg_fn_const(fn, TCG_I64, -page));
        TcgId far = place(fn, g, OP_xor, at, tcg_fn_const(fn, TCG_I64, (uint64_t)1 << 63));

        g->start = place(fn, g, OP_select_cmp, g->page, tcg_fn_const(fn, TCG_I64, 0));
        n = fn_node(fn, g->start);
        n->aux = COND_NE;
        n->imm = TCG_I64;
        n->arg[2] = start;
        n->arg[3] = far;
        fn_node(fn, start)->uses++;
        fn_node(fn, far)->uses++;
    }
}

/* Makes an access one that knows its page. */
static void use_page(TcgFn *fn, TcgNode *n, const Group *g)
{
    bool loads = tcg_op_loads(n->op);

    if (g->near) {
        n->op = loads ? OP_guest_ldn : OP_guest_stn;
        n->arg[tcg_access_start(n)] = g->start;
        fn_node(fn, g->start)->uses++;
    } else {
        n->op = loads ? OP_guest_ldh : OP_guest_sth;
    }
    n->arg[tcg_access_page(n)] = g->page;
    fn_node(fn, g->page)->uses++;
}

static bool pays(const Group *g)
{
    return g->outside || g->num >= (g->near ? ENOUGH : 2);
}

void tcg_same_page(TcgFn *fn)
{
    SamePage p = { .fn = fn };
    uint32_t num = fn->nodes->len;

    if (!fn->config->backend->access_page || fn->config->layout->direct || fn->config->naive) {
        return;
    }
    find_epochs(&p);
    p.group_of = tcg_fn_scratch(fn, 0, num * sizeof(*p.group_of));
    memset(p.group_of, 0, num * sizeof(*p.group_of));
    p.groups = g_array_new(FALSE, FALSE, sizeof(Group));
    note_all(&p, true);
    for (TcgId id = 1; id < num; id++) {
        if (p.group_of[id] && !pays(&g_array_index(p.groups, Group, p.group_of[id] - 1))) {
            p.group_of[id] = 0;
        }
    }
    note_all(&p, false);
    for (TcgId id = 1; id < num; id++) {
        Group *g = p.group_of[id] ? &g_array_index(p.groups, Group, p.group_of[id] - 1) : NULL;

        if (!g || !pays(g)) {
            continue;
        }
        if (!g->page) {
            look(fn, g);
        }
        if (g->page) {
            use_page(fn, fn_node(fn, id), g);
        }
    }
    g_array_unref(p.groups);
}
