/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a CPU's PC to a translation block: the fetch TLB says which RAM it is, the cache whether it is translated.
 * The translator gets a copy of the bytes, taken after the page was declared code, and the copy's end is the end of
 * what was checked: the page, the RAM page, or a smaller range. What cannot be one cached block is one instruction
 * that is run once: code in a device, and an instruction that goes on in the next page.
 */
#include <time.h>
#include "core/bits.h"
#include "core/exec/memory_int.h"
#include "core/exec/perf.h"
#include "core/exec/tb_plan.h"
#include "core/log.h"

/* A block's cut: it is one instruction long; its accesses are watched; above, which breakpoints its page has (debug_break_at). */
enum { CUT_SINGLE = 1, CUT_CHECKED = 2, CUT_STOPS_SHIFT = 2 };
enum { MAX_INSNS = 128, MAX_INSN_BYTES = 16, MAX_TRIES = 3, MAX_AHEAD = 16 };

/* A block that is new, whose own next ones are yet to be made; NULL: none, though it may have been tried. */
typedef struct Ahead {
    TranslationBlock *tb;
    vaddr pc;
    bool tried;
} Ahead;

static void log_code(CPUState *cs, const TranslateInput *in, const TranslateResult *res)
{
    const CPUClass *cc = cs->exec->ec->cc;
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "IN: cpu %u, %u instructions\n", cs->index, res->insns);
    for (unsigned at = 0; at < res->bytes;) {
        unsigned len = MIN(1u << cc->insn_align, res->bytes - at);
        GString *text = g_string_new(NULL);

        if (cc->describe_insn) {
            cc->describe_insn(cs, in->bytes + at, in->len - at, text, &len);
            len = CLAMP(len, 1, res->bytes - at);
        }
        g_string_append_printf(out, "0x%016" G_GINT64_MODIFIER "x:  ", in->pc + (uint64_t)in->delta + at);
        for (unsigned i = 0; i < len; i++) {
            g_string_append_printf(out, "%02x", in->bytes[at + i]);
        }
        g_string_append_printf(out, "  %s\n", text->str);
        g_string_free(text, TRUE);
        at += len;
    }
    log_write("%s\n", out->str);
    g_string_free(out, TRUE);
}

/*
 * Everybody out, and the buffer is empty. Blocks that the caller held are gone. False: half of it was free, as somebody was
 * first, or as what is wanted takes more.
 */
static bool recycle(CPUState *cs, bool full)
{
    ExecMachine *x = cs->exec->x;
    bool reset;

    exec_exclusive_begin(x, cs->exec->thread);
    reset = !full || tcg_codebuf_used(x->buf) > tcg_codebuf_size(x->buf) / 2;
    if (reset) {
        tb_reset(x);
        perf_reset(x->perf);
        stats_inc(&cs->exec->stats, STAT_tb_flushed);
    }
    exec_exclusive_end(x, cs->exec->thread);
    cs->exec->recycled++;
    return reset;
}

/* Nanoseconds, for statistics; reading a clock takes long beside what a block takes: 0 if nobody looks at them. */
static uint64_t clock_if_asked(void)
{
    struct timespec t = { 0 };

    if (G_UNLIKELY(log_enabled(LOG_STATS))) {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    }
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Since a clock_if_asked, without what asking takes. */
static uint64_t time_since(const ExecMachine *x, uint64_t began)
{
    uint64_t ns = clock_if_asked() - began;

    return ns - MIN(ns, x->clock_ns);
}

uint64_t tb_clock_cost(void)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < 32; i++) {
        uint64_t began = clock_if_asked();

        least = MIN(least, clock_if_asked() - began);
    }
    return least;
}

static TranslationBlock *tb_new(const CPUState *cs, const TranslateInput *in)
{
    TranslationBlock *tb = tb_alloc(cs->exec->x->tb_pool);

    tb->cc = cs->exec->ec->cc;
    tb->key = in->key;
    tb->heat = -1;
    tb->edge = tb->few_edges;
    return tb;
}

/* User mode's code goes to memory directly, where no watchpoint is seen. */
static bool must_check(const CPUState *cs)
{
    return cs->exec->ec->layout.direct && debug_has_watches(cs);
}

static TcgGen *generator(const CPUState *cs, bool checked)
{
    CPUExec *e = cs->exec;

    if (checked && !e->checked_gen) {
        e->checked_gen = tcg_gen_new(&e->ec->checked_config);
    }
    return checked ? e->checked_gen : e->gen;
}

typedef enum Emitted { EMITTED, EMIT_TOO_LARGE, EMIT_NO_ROOM } Emitted;

/* Emits what was generated. The block has no place yet. */
static Emitted emit(ExecMachine *x, Stats *stats, TcgGen *g, TranslationBlock *tb, vaddr pc)
{
    g_autoptr(GString) ir = log_enabled(LOG_IR) ? g_string_new(NULL) : NULL;
    bool room;

    if (ir) {
        tcg_gen_dump(g, ir);
        tcg_gen_dump_after(g, "lq", ir);        /* but for registers, where the optimiser goes on to lay out a region */
    }
    room = tcg_gen_finish(g, x->buf, &tb->code);
    if (ir) {
        tcg_gen_dump_after(g, NULL, NULL);
        log_write("IR: 0x%016" G_GINT64_MODIFIER "x\n%s\n", pc, ir->str);
    }
    if (!room) {
        return EMIT_NO_ROOM;
    }
    if (!tb->code.entry) {
        return EMIT_TOO_LARGE;
    }
    if (log_enabled(LOG_OUT_ASM)) {
        GString *out = g_string_new(NULL);

        tcg_code_dump(x->be, &tb->code, out);
        log_write("OUT: 0x%016" G_GINT64_MODIFIER "x at %p\n%s\n", pc, tb->code.entry, out->str);
        g_string_free(out, TRUE);
    }
    if (tb->code.num_chains > G_N_ELEMENTS(tb->few_edges)) {
        tb->edge = g_new0(TbEdge, tb->code.num_chains);
    }
    stats_add(stats, STAT_tb_host_bytes, tb->code.size);
    perf_code(x->perf, &tb->code, pc, tb->cold);
    return EMITTED;
}

/* The same by a CPU, which makes room. What may be made smaller is too large if half of the buffer was free twice. */
static Emitted emit_by(CPUState *own, TcgGen *g, TranslationBlock *tb, vaddr pc, bool divisible)
{
    unsigned vain = 0;
    Emitted done;

    while ((done = emit(own->exec->x, &own->exec->stats, g, tb, pc)) == EMIT_NO_ROOM) {
        vain += !recycle(own, true);
        if (divisible && vain == 2) {
            return EMIT_TOO_LARGE;
        }
    }
    return done;
}

/*
 * One block; heat: the word that it counts down, -1: none; alone: who ran it comes back to the loop. NULL: the instruction
 * does not fit into in->len.
 */
static TranslationBlock *translate(CPUState *cs, const TranslateInput *in, int heat, bool alone)
{
    CPUExec *e = cs->exec;
    TcgGen *g = generator(cs, must_check(cs));
    TranslationBlock *tb = tb_new(cs, in);
    TranslateInput part = *in;
    TranslateResult res = { 0 };
    bool at_once = (heat >= 0 || alone) && !log_enabled(LOG_IR), done = false;

    if (stress_recycles(cs)) {
        recycle(cs, false);
    }
    tb->heat = heat;
    while (!done) {
        tcg_gen_begin(g, tb);
        if (alone) {
            tcg_gen_alone(g);
        }
        if (in->pc_is_constant) {
            tcg_gen_at(g, in->pc);
        }
        if (heat >= 0 || alone) {               /* else there will be no other */
            tcg_gen_quick(g);
        }
        if (at_once) {
            tcg_gen_at_once(g, e->x->buf);
        }
        if (heat >= 0) {
            e->notes = e->notes ? e->notes : tb_new_notes(e->x->tb_pool);
            tcg_gen_notes(g, e->notes);
        }
        tcg_gen_poll(g, heat);
        res = (TranslateResult){ 0 };
        tb->cc->translate(cs, g, &part, &res);
        done = tcg_gen_end(g);
        if (res.bytes == 0) {
            tb_free(tb);
            return NULL;
        }
        if (!done) {                            /* again, by the passes */
            at_once = false;
            continue;
        }
        g_assert(res.bytes <= in->len);
        done = emit_by(cs, g, tb, in->pc, res.insns > 1) == EMITTED;
        g_assert(done || res.insns > 1);
        part.max_insns = res.insns / 2;
    }
    if (log_enabled(LOG_IN_ASM)) {
        log_code(cs, in, &res);
    }
    if (tb->code.jumps) {
        tb_set_notes(e->x->tb_pool, tb, e->notes);
        e->notes = NULL;
    }
    tb->bytes = res.bytes;
    tb->insns = res.insns;
    stats_inc(&e->stats, STAT_tb_translated);
    stats_add(&e->stats, STAT_tb_guest_insns, res.insns);
    return tb;
}

/* A key with what the page says of its code. */
static CPUKey key_on_page(const CPUClass *cc, CPUKey key, const TlbInfo *info)
{
    if (cc->key_page_shift) {
        key.w[0] = deposit64(key.w[0], cc->key_page_shift, 1, info->user & 1);
    }
    return key;
}

/* Copies n bytes of code from addr on, over the end of a page and from devices too. *ret_key: by
 * the last page. False: raised. */
static bool fetch_bytes(CPUState *cs, vaddr addr, uint8_t *buf, unsigned n, CPUKey *ret_key)
{
    const CPUClass *cc = cs->exec->ec->cc;
    uint64_t page_mask = BIT64(cc->tcg->page_bits) - 1;

    while (n) {
        TlbInfo info;
        uint64_t in_page = addr & page_mask;
        unsigned len, unit = 1u << cc->insn_align;

        if (!tlb_find(cs, addr, unit, ACCESS_FETCH, cs->fetch_mmu, false, &info)) {
            return false;
        }
        *ret_key = key_on_page(cc, cs->key, &info);
        len = MIN(n, info.hi - in_page + 1);
        if (cs->exec->x->user) {
            if (!user_fetch(cs, addr, buf, len)) {
                return false;
            }
        } else if (info.mr && memory_region_is_ram(info.mr, false)) {
            ram_read(info.mr->ram->host + info.offset + in_page, buf, len);
        } else {
            MemTxAttrs attrs = info.attrs;
            MemTxResult r = MEMTX_DECODE_ERROR;
            uint64_t v = 0;

            attrs.fetch = 1;
            len = MIN(len, unit);
            if (info.mr && info.mr->ops) {
                r = memory_region_access(info.mr, info.offset + in_page, len, &v, attrs, false);
            }
            if (r != MEMTX_OK) {
                cc->bus_error(cs, addr, info.paddr + in_page, ACCESS_FETCH, cs->fetch_mmu, r);
                return false;
            }
            memcpy(buf, &v, len);
        }
        addr += len;
        buf += len;
        n -= len;
    }
    return true;
}

TranslationBlock *tb_get_alone(CPUState *cs)
{
    const CPUClass *cc = cs->exec->ec->cc;
    vaddr pc = cc->get_pc(cs);
    uint8_t buf[MAX_INSN_BYTES];
    unsigned unit = 1u << cc->insn_align;

    /* Only as many bytes as the instruction has: a device may mind more. */
    for (unsigned n = 0; n < MAX_INSN_BYTES; n += unit) {
        TranslateInput in = {
            .bytes = buf, .len = n + unit, .max_insns = 1, .pc = pc,
            .page_offset = pc & (BIT64(cc->tcg->page_bits) - 1),
        };
        TranslationBlock *tb;

        if (!fetch_bytes(cs, pc + n, buf + n, unit, &in.key)) {
            return NULL;
        }
        tb = translate(cs, &in, -1, true);
        if (tb) {
            return tb;
        }
    }
    g_assert_not_reached();                     /* the translator takes no instruction of so many bytes */
}

void tb_put(CPUState *cs, TranslationBlock *tb)
{
    /* Its code may still be looked at by a thread that prints it; nobody else knows it. */
    epoch_retire(cs->exec->x->epoch, tb_free, tb);
}

/*
 * User mode: whether the page may be executed and is what the key says. Who is to make a block asks after tb_begin: whoever
 * takes it away later moves the page's generation on. ahead: nothing is raised.
 */
static bool may_run(CPUState *cs, const CPUKey *key, vaddr pc, bool ahead, TlbInfo *ret)
{
    const CPUClass *cc = cs->exec->ec->cc;

    return tlb_find(cs, pc, 1u << cc->insn_align, ACCESS_FETCH, cs->fetch_mmu, ahead, ret) &&
           key_on_page(cc, *key, ret).w[0] == key->w[0];
}

/*
 * A block for RAM. NULL: its first instruction does not fit the page, or the page changes faster than it is read. ahead:
 * nobody is there yet, and nothing is raised.
 */
static TranslationBlock *make(CPUState *cs, const CPUKey *key, vaddr pc, RamBlock *rb, ram_addr offset, unsigned len,
                              uint64_t cut, bool whole_page, bool ahead)
{
    ExecMachine *x = cs->exec->x;
    TranslateInput in = {
        .key = *key, .len = MIN(len, TB_MAX_BYTES), .pc = pc,
        .max_insns = x->config.one_insn || cut & CUT_SINGLE ? 1 : MAX_INSNS,
        .page_offset = pc & (BIT64(cs->exec->ec->cc->tcg->page_bits) - 1), .pc_is_constant = x->user,
    };
    int heat = x->config.heat && whole_page && !cut ? (int)(offset >> 2 & (CPU_HEAT_WORDS - 1)) : -1;
    uint8_t bytes[TB_MAX_BYTES];

    for (unsigned tries = 0; tries < MAX_TRIES; tries++) {
        uint64_t generation = tb_begin(x, cs, rb, offset, in.len);
        TranslationBlock *tb, *in_cache = NULL;
        TlbInfo info;

        if (!x->user) {
            ram_read(rb->host + offset, bytes, in.len);
        } else if (!may_run(cs, key, pc, ahead, &info) ||
                   !(ahead ? user_read(cs, bytes, pc, in.len) : user_fetch(cs, pc, bytes, in.len))) {
            tb_abandon(x, rb, offset);
            return NULL;
        }
        in.bytes = bytes;
        tb = translate(cs, &in, heat, false);
        if (!tb) {
            tb_abandon(x, rb, offset);
            return NULL;
        }
        tb->rb = rb;
        tb->offset = tb->start = offset;
        tb->cut = cut;
        tb->whole_page = whole_page;
        tb->hash = tb_hash_bytes(bytes, tb->bytes);
        if (tb_insert(x, tb, generation, &in_cache)) {
            if (in_cache != tb) {
                tb_free(tb);
            }
            return in_cache;
        }
        tb_free(tb);
    }
    return NULL;                                /* written all the time: one instruction, uncached, gets on */
}

static bool may_look_ahead(const CPUState *cs, const TranslationBlock *tb)
{
    return tb->whole_page && !tb->cut && !cs->counted && !cs->cluster->debug && !cs->exec->x->config.one_insn &&
           !log_enabled(LOG_NOCHAIN | LOG_IN_ASM | LOG_EXEC);
}

/* A whole block of tb's RAM, for one that it leads to; *ret_made: it was not there yet. NULL: it cannot be made. */
static TranslationBlock *next_to(CPUState *cs, const TranslationBlock *tb, vaddr pc, ram_addr offset, bool *ret_made)
{
    uint64_t page_mask = MIN(BIT64(tb->cc->tcg->page_bits), CODE_PAGE) - 1;
    CPUKey key = tb_key_inside(tb->cc, &tb->key);
    TranslationBlock *next;

    next = tb_lookup(cs->exec->x, tb->cc, &key, tb->rb, offset, 0, offset & ~page_mask, offset | page_mask);
    *ret_made = !next;
    if (next) {
        return next;
    }
    return make(cs, &key, pc, tb->rb, offset, (unsigned)(page_mask + 1 - (offset & page_mask)), 0, true, true);
}

/* Where the call returns to that a block ends in: the distance from its entry; 0: it ends in none. */
static int64_t back_from(const TcgCode *code)
{
    if (code->jumps) {
        return code->jump_back;
    }
    return code->num_chains == 1 && code->chain[0].back != code->chain[0].delta ? code->chain[0].back : 0;
}

/* The block that a direct jump of tb's leads to; NULL: it cannot be made ahead. */
static TranslationBlock *target_ahead(CPUState *cs, const TranslationBlock *tb, vaddr pc, vaddr to, bool *ret_made)
{
    ExecMachine *x = cs->exec->x;
    uint64_t page_mask = MIN(BIT64(tb->cc->tcg->page_bits), CODE_PAGE) - 1;
    ram_addr offset = (tb->offset & ~page_mask) | (to & page_mask);

    if ((to ^ pc) & ~page_mask) {
        CPUKey key = tb_key_inside(tb->cc, &tb->key);
        TlbInfo info;

        if (!x->user || !may_run(cs, &key, to, true, &info) || !info.mr || info.mr->ram != tb->rb || info.lo ||
            info.hi != page_mask) {
            return NULL;
        }
        offset = info.offset + (to & page_mask);
    }
    return next_to(cs, tb, to, offset, ret_made);
}

/* What the call that ends `from` returns to, if that is on its page: put where the return looks. Returned if it is new. */
static Ahead ahead_of_call(CPUState *cs, const Ahead *from)
{
    uint64_t page_mask = MIN(BIT64(from->tb->cc->tcg->page_bits), CODE_PAGE) - 1;
    int64_t back = back_from(&from->tb->code);
    vaddr to = from->pc + (uint64_t)back;
    TranslationBlock *next;
    bool made;

    if (!back || (to ^ from->pc) & ~page_mask) {
        return (Ahead){ 0 };
    }
    next = next_to(cs, from->tb, to, from->tb->offset + (uint64_t)back, &made);
    if (next) {
        jc_enter_ahead(cs, to, next);
    }
    return (Ahead){ made ? next : NULL, to, made };
}

/* What `from` leads to, if that is one place, which is known: linked. Returned if it is new. */
static Ahead ahead_of_jump(CPUState *cs, const Ahead *from)
{
    const TcgCode *code = &from->tb->code;
    TranslationBlock *next;
    bool made = false;
    vaddr to;

    if (code->num_chains != 1 || code->returns || code->jumps) {
        return (Ahead){ 0 };
    }
    to = from->pc + (uint64_t)(int64_t)code->chain[0].delta;
    next = target_ahead(cs, from->tb, from->pc, to, &made);
    if (next) {
        tb_link(cs->exec->x, cs, from->tb, 0, next);
    }
    return (Ahead){ made ? next : NULL, to, made };
}

/*
 * What a block surely leads to, if that is on its page, is made with it and linked: so code is not left on the way, and is
 * not changed after it ran, which takes a processor longer. What a call returns to is made with it as well. Returns whether it
 * tried to make any.
 */
static bool make_ahead(CPUState *cs, TranslationBlock *tb, vaddr pc)
{
    Ahead queue[MAX_AHEAD + 1] = { { tb, pc, true } };
    unsigned num = 1, recycled = cs->exec->recycled;
    bool tried = false;

    for (unsigned i = 0; i < num && num < MAX_AHEAD; i++) {
        for (unsigned k = 0; k < 2; k++) {
            Ahead next = k ? ahead_of_jump(cs, &queue[i]) : ahead_of_call(cs, &queue[i]);

            tried |= next.tried;
            if (recycled != cs->exec->recycled) {               /* no block is where it was */
                return tried;
            }
            if (next.tb) {
                queue[num++] = next;
            }
        }
    }
    return tried;
}

static TranslationBlock *get(CPUState *cs, bool single, bool cached)
{
    CPUExec *e = cs->exec;
    const CPUClass *cc = e->ec->cc;
    uint64_t page_mask = BIT64(cc->tcg->page_bits) - 1;
    vaddr pc;
    TranslationBlock *tb;
    uint64_t stops = 0, cut;
    ram_addr offset, first;
    bool whole_page;
    CPUKey key;
    unsigned len;
    TlbInfo info;

    if (cc->check_pc && !cc->check_pc(cs)) {
        return NULL;
    }
    pc = cc->get_pc(cs);
    if (!tlb_find(cs, pc, 1u << cc->insn_align, ACCESS_FETCH, cs->fetch_mmu, false, &info)) {
        return NULL;
    }
    len = info.hi - (pc & page_mask) + 1;
    if (cs->cluster->debug && !e->exempt) {
        DebugPointKind kind;

        if (cached) {
            return NULL;
        }
        if (debug_break_at(cs, pc, page_mask, &stops, &len, &kind)) {
            debug_stop(cs, DEBUG_STOP_BREAK, kind, 0);
            return NULL;
        }
    }
    if (!info.mr || !memory_region_is_ram(info.mr, false)) {
        return cached ? NULL : tb_get_alone(cs);
    }
    offset = info.offset + (pc & page_mask);
    len = MIN(len, CODE_PAGE - (offset & (CODE_PAGE - 1)));
    stats_inc(&e->stats, STAT_tb_lookup);
    key = key_on_page(cc, cs->key, &info);
    cut = stops << CUT_STOPS_SHIFT | (must_check(cs) ? CUT_CHECKED : 0) | (single ? CUT_SINGLE : 0);
    whole_page = info.lo == 0 && info.hi == page_mask;
    first = whole_page ? offset & ~(MIN(page_mask + 1, CODE_PAGE) - 1) : offset;
    tb = tb_lookup(e->x, cc, &key, info.mr->ram, offset, cut, first, offset + len - 1);
    if (cached) {
        return tb;
    }
    if (!tb) {
        uint64_t began = clock_if_asked();

        tb = make(cs, &key, pc, info.mr->ram, offset, len, cut, whole_page, false);
        if (tb && may_look_ahead(cs, tb) && make_ahead(cs, tb, pc) && !tb_is_valid(e->x, tb)) {     /* no room for both */
            tb = make(cs, &key, pc, info.mr->ram, offset, len, cut, whole_page, false);
        }
        stats_add(&e->stats, STAT_tb_ns, time_since(e->x, began));
    }
    return tb || cs->raised ? tb : tb_get_alone(cs);
}

TranslationBlock *tb_get(CPUState *cs, bool single)
{
    return get(cs, single, false);
}

TranslationBlock *tb_get_cached(CPUState *cs)
{
    return get(cs, false, true);
}

/* -- regions ------------------------------------------------------------------------------------------------------------- */

struct TbRegion {
    CPUState *cs;                               /* whose class and features; no more is asked of it */
    Plan plan;
    unsigned num;                               /* plan.num as it was planned */
    TranslateInput in;
    TranslationBlock *tb;
    uint64_t generation;
    uint8_t bytes[];                            /* tb->bytes from tb->start on */
};

/* False: the piece has no instruction. */
static bool generate_piece(TbRegion *r, TcgGen *g, unsigned n, unsigned copy)
{
    const Piece *piece = &r->plan.piece[n];
    int64_t delta = piece->in.delta;
    TranslationBlock *tb = r->tb;
    TranslateInput *in = &r->in;
    TranslateResult res = { 0 };

    in->key = delta ? tb_key_inside(tb->cc, &tb->key) : tb->key;
    in->delta = delta;
    in->bytes = r->bytes + (tb->offset + (uint64_t)delta - tb->start);
    in->len = tb_piece_len(&r->plan, piece);
    tcg_region_start(g, n, copy);
    tb->cc->translate(r->cs, g, in, &res);
    if (res.bytes && copy == 0) {
        tb->insns += res.insns;
        if (log_enabled(LOG_IN_ASM)) {
            log_code(r->cs, in, &res);
        }
    }
    return res.bytes != 0;
}

/* False: a piece has no instruction. */
static bool generate(TbRegion *r, TcgGen *g)
{
    const Plan *p = &r->plan;
    TranslationBlock *tb = r->tb;
    TranslateInput *in = &r->in;

    tb->insns = 0;
    tcg_gen_begin(g, tb);
    if (in->pc_is_constant) {
        tcg_gen_at(g, in->pc);
    }
    for (unsigned i = 0; i < p->num; i++) {
        tcg_region_block(g, &p->piece[i].in);
    }
    if (!p->piece[0].in.poll) {
        tcg_gen_poll(g, -1);
    }
    for (unsigned i = 0; i < p->num; i++) {
        for (unsigned n = 0; n < p->piece[i].in.copies; n++) {
            if (!generate_piece(r, g, i, n)) {
                return false;
            }
        }
    }
    return true;
}

static void abandon_region(ExecMachine *x, TbRegion *r)
{
    tb_abandon(x, r->tb->rb, r->tb->offset);
    tb_free(r->tb);
}

void tb_region_drop(ExecMachine *x, TbRegion *r)
{
    abandon_region(x, r);
    g_free(r);
}

bool tb_region_has(const TbRegion *r, const TranslationBlock *tb)
{
    bool found = false;

    for (unsigned i = 0; i < r->num && !found; i++) {
        found = r->plan.piece[i].tb == tb;
    }
    return found;
}

const RamBlock *tb_region_ram(const TbRegion *r)
{
    return r->tb->rb;
}

const ExecClass *tb_region_class(const TbRegion *r)
{
    return r->cs->exec->ec;
}

/* own: the CPU on whose thread it is made, which makes room for it; NULL: nobody does. */
static void make_region(ExecMachine *x, TbRegion *r, TcgGen *g, Stats *stats, CPUState *own)
{
    uint64_t began = clock_if_asked();
    bool done = false;
    unsigned insns, host_bytes;

    for (; !done; tb_plan_smaller(&r->plan)) {
        Emitted e;

        if (r->plan.num == 0 || !generate(r, g)) {
            abandon_region(x, r);
            return;
        }
        e = own ? emit_by(own, g, r->tb, r->in.pc, true) : emit(x, stats, g, r->tb, r->in.pc);
        if (e == EMIT_NO_ROOM) {
            abandon_region(x, r);
            return;
        }
        done = e == EMITTED;
    }
    r->tb->hash = tb_hash_bytes(r->bytes, r->tb->bytes);
    insns = r->tb->insns;
    host_bytes = r->tb->code.size;
    stats_add(stats, STAT_region_ns, time_since(x, began));
    if (tb_supersede(x, r->tb, r->generation)) {                /* it is everybody's from here on, and may be gone */
        stats_inc(stats, STAT_regions);
        stats_add(stats, STAT_region_insns, insns);
        stats_add(stats, STAT_region_host_bytes, host_bytes);
    } else {
        tb_free(r->tb);
    }
}

void tb_region_make(ExecMachine *x, TbRegion *r, TcgGen *g, Stats *stats)
{
    if (tb_is_outdated(x, r->tb, r->generation)) {
        abandon_region(x, r);
    } else {
        make_region(x, r, g, stats, NULL);
    }
}

/*
 * Whether the plan still holds now that stores move the generation on: its entry is there, and the bytes are those that its
 * blocks were made of.
 */
static bool is_as_planned(ExecMachine *x, const TbRegion *r, int64_t first)
{
    bool same = tb_is_valid(x, r->tb->cold);

    for (unsigned i = 0; i < r->num && same; i++) {
        const Piece *p = &r->plan.piece[i];

        same = tb_hash_bytes(r->bytes + (p->in.delta - first), p->bytes) == p->hash;
    }
    return same;
}

/* What is needed to make it, and its page being code since then. NULL: it cannot be made. */
static TbRegion *new_region(CPUState *cs, TranslationBlock *entry)
{
    ExecMachine *x = cs->exec->x;
    vaddr pc = entry->cc->get_pc(cs);
    TranslateInput in = {
        .key = entry->key, .pc = pc, .max_insns = MAX_INSNS, .page_offset = pc & (BIT64(entry->cc->tcg->page_bits) - 1),
        .pc_is_constant = x->user,
    };
    int64_t first = 0, end = 0;
    Plan p;
    TranslationBlock *tb;
    TbRegion *r;

    tb_plan(x, &p, entry, pc);
    for (unsigned i = 0; i < p.num; i++) {
        first = MIN(first, p.piece[i].in.delta);
        end = MAX(end, p.piece[i].in.delta + p.piece[i].bytes);
    }
    tb = tb_new(cs, &in);
    tb->rb = entry->rb;
    tb->offset = entry->offset;
    tb->start = entry->offset + (uint64_t)first;
    tb->bytes = (uint32_t)(end - first);
    tb->whole_page = true;
    tb->cold = entry;
    r = g_malloc(sizeof(*r) + tb->bytes);
    *r = (TbRegion){ .cs = cs, .plan = p, .num = p.num, .in = in, .tb = tb };
    r->generation = tb_begin(x, cs, tb->rb, tb->start, tb->bytes);
    if (!x->user) {
        ram_read(tb->rb->host + tb->start, r->bytes, tb->bytes);
    } else if (!user_fetch(cs, pc + (uint64_t)first, r->bytes, tb->bytes)) {
        cs->raised = 0;
        tb_region_drop(x, r);
        return NULL;
    }
    if (!is_as_planned(x, r, first)) {
        tb_region_drop(x, r);
        return NULL;
    }
    return r;
}

void tb_make_region(CPUState *cs, TranslationBlock *entry)
{
    CPUExec *e = cs->exec;
    ExecMachine *x = e->x;
    TbWorkerSays says = TB_WORKER_DOES_NOT;
    TbRegion *r;

    if (__atomic_load_n(&entry->region, __ATOMIC_RELAXED)) {
        return;                                 /* another CPU was first, or the worker was ready */
    }
    /* a log has it where it was needed; bytes that change would be late each time */
    if (!x->config.wait_regions && !log_enabled(LOG_IN_ASM | LOG_IR | LOG_OUT_ASM) && !tb_changes(x, entry)) {
        says = tb_worker_ask(x->worker, entry);
    }
    if (says == TB_WORKER_BUSY) {
        return;
    }
    r = new_region(cs, entry);
    if (!r) {
        return;
    }
    if (says == TB_WORKER_DOES) {
        says = tb_worker_post(x->worker, r, entry);
    }
    if (says == TB_WORKER_BUSY) {
        tb_region_drop(x, r);
    } else if (says == TB_WORKER_DOES_NOT) {
        make_region(x, r, e->gen, &e->stats, cs);
        g_free(r);
    }
}
