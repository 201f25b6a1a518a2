/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Accesses whose addresses differ by a constant mostly lie in one page, and one look into the TLB does for all of them:
 * before the first, OP_guest_page asks whether all that they touch lies in a page that the TLB has, for loads and stores as
 * they are; its result is what the host's address is more, or 0. The accesses become OP_guest_ldh and OP_guest_sth: where
 * that is 0 each looks by itself, as ever, so that faults, devices, pages that hold code and whatever else the slow path is
 * for stay where they are. Looking has no effect: it may be done for an access that is not come to.
 *
 * What was found holds until something may change a translation that this CPU uses, and must be seen: a helper does, which
 * may be a TLB maintenance instruction or its completion, and a fence, since a store to a device may change what is where.
 * Slow paths fill and evict entries only; what other CPUs ask for is done when the region has been left. A store that may
 * change its own page (a ROM device's) is run alone, by core/exec.
 */
#include "core/tcg/ir_int.h"
#include "core/tcg/backend.h"

#include <string.h>

enum { MAX_TERMS = 3, MAX_DEPTH = 6, MAX_SPAN = 512 };

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
    uint32_t epoch;
    int64_t lo, hi;                             /* offsets of all: from, and up to where */
    unsigned access;                            /* TCG_PAGE_READ, TCG_PAGE_WRITE */
    unsigned num;
    TcgId page;                                 /* the node, once it is made */
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

/* Whether an access may belong to a group. */
static bool may_join(const SamePage *p, const Group *g, const TcgNode *n, const Sum *s, uint32_t epoch)
{
    const TcgFn *fn = p->fn;
    const TcgNode *first = fn_node(fn, g->first);
    int64_t lo = s->offset + tcg_access_offset(n), hi = lo + memop_size(n->imm);

    return g->epoch == epoch && same_terms(&g->sum, s) && memop_mmu(first->imm) == memop_mmu(n->imm) &&
           MAX(hi, g->hi) - MIN(lo, g->lo) <= MAX_SPAN &&
           fn_block(fn, n->block)->loop_depth >= fn_block(fn, first->block)->loop_depth &&
           (n->block == first->block || tcg_fn_dominates(fn, first->block, n->block));
}

static void note(SamePage *p, TcgId id, uint32_t epoch)
{
    const TcgNode *n = fn_node(p->fn, id);
    Sum s = sum_of(p->fn, n->arg[0]);
    unsigned access = n->op == OP_guest_ld ? TCG_PAGE_READ : TCG_PAGE_WRITE;
    int64_t lo = s.offset + tcg_access_offset(n), hi = lo + memop_size(n->imm);
    Group new = { .sum = s, .first = id, .epoch = epoch, .lo = lo, .hi = hi, .access = access, .num = 1 };

    for (unsigned i = p->groups->len; i-- > 0;) {
        Group *g = &g_array_index(p->groups, Group, i);

        if (may_join(p, g, n, &s, epoch)) {
            g->lo = MIN(g->lo, lo);
            g->hi = MAX(g->hi, hi);
            g->access |= access;
            g->num++;
            p->group_of[id] = i + 1;
            return;
        }
    }
    g_array_append_val(p->groups, new);
    p->group_of[id] = p->groups->len;
}

static void look(TcgFn *fn, Group *g)
{
    TcgId id = tcg_fn_node_new(fn, OP_guest_page, TCG_I64), at = fn_node(fn, g->first)->arg[0];
    int64_t lo = g->lo - g->sum.offset;
    TcgNode *n = fn_node(fn, id);

    n->arg[0] = at;
    n->aux = (uint16_t)lo;
    n->imm = tcg_page_imm(memop_mmu(fn_node(fn, g->first)->imm), g->access, (uint32_t)(g->hi - g->lo));
    fn_node(fn, at)->uses++;
    tcg_fn_insert_before(fn, g->first, id);
    g->page = id;
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
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t block = g_array_index(fn->rpo, uint32_t, i), epoch = p.epoch_in[block];

        for (TcgId id = fn_block(fn, block)->first; id; id = fn_node(fn, id)->next) {
            const TcgNode *n = fn_node(fn, id);

            epoch = ends_epoch(n) ? fn->blocks->len + id : epoch;
            if (is_plain(n) && fn_node(fn, n->arg[0])->op != OP_const) {
                note(&p, id, epoch);
            }
        }
    }
    for (TcgId id = 1; id < num; id++) {
        Group *g = p.group_of[id] ? &g_array_index(p.groups, Group, p.group_of[id] - 1) : NULL;
        TcgNode *n;

        if (!g || g->num < 2) {
            continue;
        }
        if (!g->page) {
            int64_t lo = g->lo - g->sum.offset;

            if (lo != (int16_t)lo) {
                continue;
            }
            look(fn, g);
        }
        n = fn_node(fn, id);
        n->arg[n->op == OP_guest_ld ? 1 : 2] = g->page;
        n->op = n->op == OP_guest_ld ? OP_guest_ldh : OP_guest_sth;
        fn_node(fn, g->page)->uses++;
    }
    g_array_unref(p.groups);
}
