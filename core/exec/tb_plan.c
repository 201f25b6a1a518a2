/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/bits.h"
#include "core/exec/tb_plan.h"

enum {
    LOOP_INSNS = 40, COPIED_INSNS = 96,         /* of a loop that is emitted several times, and of all its copies */
    SHARED_INSNS = 24,                          /* a procedure of more is not there once more for another call */
    MAX_TARGETS = 16,                           /* of a jump by a register, which compares with each */
    NONE = TCG_NO_CALL,
};
G_STATIC_ASSERT(REGION_BLOCKS <= 64);           /* bits of a word */

typedef struct Planner {
    ExecMachine *x;
    Plan *p;
    const TranslationBlock *entry;
    vaddr pc;
} Planner;

static Piece *piece_at(Plan *p, int64_t delta, int call)
{
    for (unsigned i = 0; i < p->num; i++) {
        if (p->piece[i].in.delta == delta && p->piece[i].in.call == call) {
            return &p->piece[i];
        }
    }
    return NULL;
}

/* -- blocks ---------------------------------------------------------------------------------------------------------------- */

/* The block at delta by itself, in the page of the entry, however it was come to; or NULL. */
static const TranslationBlock *block_at(const Planner *l, int64_t delta)
{
    const TranslationBlock *entry = l->entry, *tb = delta ? NULL : entry;
    ram_addr size = MIN(BIT64(entry->cc->tcg->page_bits), CODE_PAGE), page = entry->offset & ~(size - 1);
    ram_addr at = entry->offset + (uint64_t)delta;

    if (at < page || at >= page + size) {
        return NULL;
    }
    for (uint64_t variant = 0; !tb && variant <= (entry->cc->key_variant_shift ? CPU_TAG_VARIANT : 0); variant++) {
        CPUKey key = tb_key_inside(entry->cc, &entry->key);

        key.w[0] |= variant << entry->cc->key_variant_shift;
        tb = tb_lookup(l->x, entry->cc, &key, entry->rb, at, 0, page, page + size - 1);
    }
    tb = tb && tb->cold ? tb->cold : tb;
    return tb && tb->whole_page ? tb : NULL;
}

/* The piece at delta of a call, which is added if there is room. */
static Piece *find_piece(const Planner *l, int64_t delta, int call)
{
    Plan *p = l->p;
    Piece *there = piece_at(p, delta, call);
    const TranslationBlock *tb = there || p->num == REGION_BLOCKS ? NULL : block_at(l, delta);

    if (!tb || p->insns + tb->insns > REGION_INSNS) {
        return there;
    }
    p->insns += tb->insns;
    p->call[call].insns += tb->insns;
    p->piece[p->num] = (Piece){
        .tb = tb, .bytes = tb->bytes, .hash = tb->hash,
        .in = { .delta = delta, .call = call, .calls = NONE, .returned_from = NONE, .copies = 1 },
    };
    return &p->piece[p->num++];
}

/* -- calls ----------------------------------------------------------------------------------------------------------------- */

/*
 * The call that one in `from` of what is at delta becomes: one that it is a part of, if that procedure calls itself; one that
 * is there, if the procedure is large; else a new one. NONE: there are too many.
 */
static int call_of(Plan *p, int from, int64_t delta)
{
    for (int c = from; c != NONE; c = p->call[c].parent) {
        if (p->call[c].entry == delta) {
            return c;
        }
    }
    for (unsigned c = 0; c < p->num_calls; c++) {
        if (p->call[c].entry == delta && p->call[c].insns > SHARED_INSNS) {
            return (int)c;
        }
    }
    if (p->num_calls == G_N_ELEMENTS(p->call)) {
        return NONE;
    }
    p->call[p->num_calls] = (Call){ .parent = from, .entry = delta };
    return (int)p->num_calls++;
}

/*
 * Piece i calls what is at the deltas, to go on at `back`: all of them are taken in, with what is behind the call, or none.
 */
static bool take_call(const Planner *l, unsigned i, const int64_t *delta, unsigned num, int64_t back)
{
    Plan *p = l->p, before = *p;
    int from = p->piece[i].in.call, call;
    Piece *after = find_piece(l, back, from);
    bool ok = after && num;

    if (!ok) {
        *p = before;
        return false;
    }
    /* blocks that overlap may end with the same call */
    call = after->in.returned_from != NONE ? after->in.returned_from : call_of(p, from, delta[0]);
    ok = call != NONE;
    for (unsigned n = 0; ok && n < num; n++) {
        ok = find_piece(l, delta[n], call);
    }
    if (!ok) {
        *p = before;
        return false;
    }
    after->in.returned_from = call;
    p->piece[i].in.calls = call;
    return true;
}

/* What is noted has no page: one that is in another is either not found, or not what is jumped to. */
static void take_jump(const Planner *l, unsigned i)
{
    Plan *p = l->p, before = *p;
    const Piece *from = &p->piece[i];
    const TcgCode *code = &from->tb->code;
    int64_t page = -(int64_t)(l->pc & (CODE_PAGE - 1)), delta[MAX_TARGETS];
    unsigned num = 0;
    bool ok = true;
    int call;

    for (unsigned k = 0; from->tb->notes && k < TCG_NOTES && ok; k++) {
        if (__atomic_load_n(&from->tb->notes[k], __ATOMIC_RELAXED)) {
            ok = num < MAX_TARGETS;
            delta[num++ % MAX_TARGETS] = page + 4 * k;
        }
    }
    ok = ok && num;
    if (ok && code->jump_back) {
        ok = take_call(l, i, delta, num, from->in.delta + code->jump_back);
    }
    call = code->jump_back ? from->in.calls : from->in.call;
    for (unsigned k = 0; ok && k < num; k++) {
        Piece *to = find_piece(l, delta[k], call);

        ok = to;
        if (ok) {
            to->in.jumped_to = true;
        }
    }
    if (!ok) {
        *p = before;
        return;
    }
    p->piece[i].in.stays = true;
}

/* -- loops ----------------------------------------------------------------------------------------------------------------- */

/* Bits of the pieces that piece i may lead to. One that ends where another begins leads to that alone. */
static uint64_t leads_to(Plan *p, unsigned i)
{
    const Piece *from = &p->piece[i];
    const TcgCode *code = &from->tb->code;
    unsigned len = tb_piece_len(p, from);
    uint64_t to = 0;

    if (len < from->bytes) {
        return BIT64(piece_at(p, from->in.delta + len, from->in.call) - p->piece);
    }
    for (unsigned n = 0; n < p->num; n++) {
        const TcgRegionBlock *in = &p->piece[n].in;
        bool led = code->returns && in->returned_from == from->in.call;

        led |= from->in.stays && in->jumped_to && in->call == (code->jump_back ? from->in.calls : from->in.call);
        for (unsigned k = 0; k < code->num_chains; k++) {
            const TcgChain *c = &code->chain[k];

            led |= in->delta == from->in.delta + c->delta &&
                   in->call == (c->back != c->delta ? from->in.calls : from->in.call);
        }
        to |= (uint64_t)led << n;
    }
    return to;
}

/* Where something leads back to there is a poll: in each circle at least once. */
static void mark_loops(Plan *p)
{
    uint64_t todo[REGION_BLOCKS], open = 0, seen = 1;
    unsigned stack[REGION_BLOCKS], depth = 1;

    stack[0] = 0;
    todo[0] = leads_to(p, 0);
    open = 1;
    while (depth) {
        unsigned i = stack[depth - 1], to;

        if (!todo[depth - 1]) {
            open &= ~BIT64(i);
            depth--;
            continue;
        }
        to = ctz64(todo[depth - 1]);
        todo[depth - 1] &= todo[depth - 1] - 1;
        p->piece[to].in.poll |= open >> to & 1;
        if (!(seen >> to & 1)) {
            seen |= BIT64(to);
            open |= BIT64(to);
            stack[depth] = to;
            todo[depth++] = leads_to(p, to);
        }
    }
}

/* Whether nothing but branches ends the piece. */
static bool only_branches(const Piece *piece)
{
    const TcgCode *code = &piece->tb->code;
    bool calls = code->returns || code->jumps || piece->in.jumped_to || piece->in.returned_from != NONE;

    for (unsigned n = 0; n < code->num_chains; n++) {
        calls |= code->chain[n].back != code->chain[n].delta;
    }
    return !calls;
}

static bool is_in_loop(const Piece *head, int64_t end, const Piece *piece)
{
    return piece->in.call == head->in.call && piece->in.delta >= head->in.delta && piece->in.delta < end;
}

/*
 * Where a loop ends that begins with the piece: behind the last branch back to it that it leads to without passing what lies
 * before it; or where the piece begins.
 */
static int64_t loop_end(Plan *p, const Piece *head)
{
    uint64_t seen = BIT64(head - p->piece), todo = seen;
    int64_t end = head->in.delta;

    while (todo) {
        unsigned i = ctz64(todo);
        const Piece *piece = &p->piece[i];

        todo &= todo - 1;
        for (uint64_t to = leads_to(p, i) & ~seen; to; to &= to - 1) {
            const Piece *next = &p->piece[ctz64(to)];

            if (next->in.call == head->in.call && next->in.delta > head->in.delta) {
                seen |= to & -to;
                todo |= to & -to;
            }
        }
        if (leads_to(p, i) >> (head - p->piece) & 1) {
            end = MAX(end, piece->in.delta + tb_piece_len(p, piece));
        }
    }
    return end;
}

/* Chooses the loops that are emitted several times: innermost ones. */
static void copy_loops(Plan *p)
{
    int64_t end[REGION_BLOCKS];

    for (unsigned i = 0; i < p->num; i++) {
        end[i] = loop_end(p, &p->piece[i]);
    }
    for (unsigned i = 0; i < p->num; i++) {
        const Piece *head = &p->piece[i];
        bool ok = end[i] != head->in.delta;
        unsigned insns = 0;

        for (unsigned k = 0; k < p->num && ok; k++) {
            const Piece *in = &p->piece[k];

            if (is_in_loop(head, end[i], in)) {
                ok = (in == head || end[k] == in->in.delta) && only_branches(in);
                insns += in->tb->insns;
            }
        }
        for (unsigned k = 0; k < p->num && ok && insns <= LOOP_INSNS; k++) {
            if (is_in_loop(head, end[i], &p->piece[k])) {
                p->piece[k].in.copies = MIN(COPIED_INSNS / insns, TCG_MAX_COPIES);
                p->piece[k].in.loop_first = head->in.delta;
                p->piece[k].in.loop_end = end[i];
            }
        }
    }
}

/* -- the plan -------------------------------------------------------------------------------------------------------------- */

void tb_plan(ExecMachine *x, Plan *p, const TranslationBlock *entry, vaddr pc)
{
    Planner l = { x, p, entry, pc };

    p->num = p->insns = 0;
    p->num_calls = 1;
    p->call[0] = (Call){ .parent = NONE };
    find_piece(&l, 0, 0);
    for (unsigned i = 0; i < p->num; i++) {
        const TcgCode *code = &p->piece[i].tb->code;
        int64_t at = p->piece[i].in.delta;

        for (unsigned n = 0; n < code->num_chains; n++) {
            int64_t to = at + code->chain[n].delta;

            if (code->chain[n].back != code->chain[n].delta) {
                take_call(&l, i, &to, 1, at + code->chain[n].back);
            } else {
                find_piece(&l, to, p->piece[i].in.call);
            }
        }
        if (code->jumps) {
            take_jump(&l, i);
        }
    }
    mark_loops(p);
    copy_loops(p);
}

unsigned tb_piece_len(const Plan *p, const Piece *piece)
{
    int64_t len = piece->bytes;

    for (unsigned i = 0; i < p->num; i++) {
        int64_t d = p->piece[i].in.delta - piece->in.delta;

        len = p->piece[i].in.call == piece->in.call && d > 0 && d < len ? d : len;
    }
    return (unsigned)len;
}

void tb_plan_smaller(Plan *p)
{
    bool copies = false;

    for (unsigned i = 0; i < p->num; i++) {
        copies |= p->piece[i].in.copies > 1;
        p->piece[i].in.copies = 1;
    }
    if (copies) {
        return;
    }
    p->num /= 2;
    for (unsigned i = 0; i < p->num; i++) {
        p->piece[i].in.poll = true;             /* a piece that no other ends any more may lead back to itself */
    }
}
