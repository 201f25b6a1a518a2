/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running CPUs: a host thread each, or one for all in turns. A turn serves what others asked, delivers exceptions and
 * interrupts, and then stays inside (exec_run_inside): find the block, run it, act on how it left.
 *
 * A request is a bit in cs->requests, then a negative poll word. The CPU clears the poll word first and takes the bits
 * afterwards, so a request is either seen now or makes the next block leave at its entry.
 */
#include <stddef.h>
#include <sys/mman.h>
#include "core/bits.h"
#include "core/exec/exec_int.h"
#include "core/exec/memory_int.h"
#include "core/exec/perf.h"
#include "core/exec/tb_int.h"
#include "core/keyval.h"
#include "core/log.h"

enum { SLICE_US = 2000, CONTROL_US = 100 };

/* -- the jump cache --------------------------------------------------------------------------------------------------- */

void jc_flush(CPUState *cs)
{
    CPUExec *e = cs->exec;

    memset(e->jc_tags, 0, sizeof(e->jc_tags));  /* tags are never used again */
    e->jc_dead = e->last_tag | CPU_TAG_VARIANT;
    e->jc_entered = e->jc_lost = 0;
    cs->jc_tag = 0;
    cs->key_valid = false;
}

/*
 * The two places where the entries of addr's page are counted: neighbours are beside each other, in few pages of the host.
 * Pages that share one do not share the other. The tag byte of an address is no part of it.
 */
static void jc_places(CPUState *cs, vaddr addr, uint32_t *ret[2])
{
    uint64_t page = (addr & mask64(0, 56)) >> cs->exec->ec->cc->tcg->page_bits;
    uint64_t far = page / JC_COUNTS * UINT64_C(0x9e3779b97f4a7c15) >> 32;

    ret[0] = &cs->exec->jc_count[0][page % JC_COUNTS];
    ret[1] = &cs->exec->jc_count[1][(page ^ far) % JC_COUNTS];
}

static void jc_count(CPUState *cs, vaddr addr, int n)
{
    uint32_t *place[2];

    jc_places(cs, addr, place);
    *place[0] += n;
    *place[1] += n;
}

/* Whether addr's page may have entries. One place is not enough: a page that is flushed often may share it with code. */
static bool jc_counts(CPUState *cs, vaddr addr)
{
    uint32_t *place[2];

    jc_places(cs, addr, place);
    return *place[0] && *place[1];
}

/* Index bits of the jump cache that are the same in a block's address and in its place in RAM, as jc_enter sees to. */
static unsigned jc_page_bits(CPUState *cs)
{
    const ExecClass *ec = cs->exec->ec;

    return MIN(ec->cc->tcg->page_bits - ec->layout.jc_shift, cs->exec->jc_bits);
}

/* The lowest bits of the index of an address, or of its place in RAM (jc_page_bits). */
static unsigned jc_index(const CPUExec *e, uint64_t addr, unsigned bits)
{
    return addr >> e->ec->layout.jc_shift & mask64(0, bits);
}

/*
 * Where generated code looks. What it finds taken by another PC or tag is pushed to the entry beside it, which is the
 * other one of its pair, half a page away: there find_code looks.
 */
static TcgJumpEntry *jc_entry(CPUState *cs, vaddr pc)
{
    return &cs->jc[(pc & cs->jc_mask) >> cs->exec->ec->layout.jc_shift];
}

static TcgJumpEntry *jc_beside(CPUState *cs, const TcgJumpEntry *j)
{
    return &cs->exec->jc_table[(unsigned)(j - cs->exec->jc_table) ^ cs->exec->jc_other];
}

/* What is beside comes back to where generated code looks. */
static const TcgJumpEntry *jc_look(CPUState *cs, vaddr pc)
{
    TcgJumpEntry *j = jc_entry(cs, pc), *beside, other;

    if (j->pc == pc && j->tag == cs->jc_tag) {
        return j;
    }
    beside = jc_beside(cs, j);
    if (beside->pc != pc || beside->tag != cs->jc_tag) {
        return NULL;
    }
    other = *beside;
    *beside = *j;
    *j = other;
    return j;
}

static void jc_clear(CPUState *cs, TcgJumpEntry *j)
{
    if (j->tb) {
        jc_count(cs, j->pc, -1);
    }
    *j = (TcgJumpEntry){ .tag = UINT64_MAX };
}

/* An empty table; NULL: no memory. */
static TcgJumpEntry *jc_table_new(unsigned parts, unsigned bits)
{
    size_t size = parts * sizeof(TcgJumpEntry) << bits;
    TcgJumpEntry *table = aligned_alloc(MIN(size, JC_HUGE), size);

    if (!table) {
        return NULL;
    }
    if (size >= JC_HUGE) {
        madvise(table, size, MADV_HUGEPAGE);
    }
    madvise(table, size, MADV_POPULATE_WRITE);                  /* a kernel that cannot leaves it to faults */
    memset(table, 0, size);
    for (unsigned i = 0; i < parts; i++) {
        table[i << bits].tag = UINT64_MAX;                      /* zeros are an entry of PC 0 */
    }
    return table;
}

/* The table is known last: a vfork's child may be killed on the way, and its CPU is another's then (exec_attach). */
static void jc_use(CPUState *cs, TcgJumpEntry *table, unsigned bits)
{
    CPUExec *e = cs->exec;

    e->jc_bits = bits;
    e->jc_entered = e->jc_lost = 0;
    cs->jc = table;
    cs->jc_mask = (BIT32(bits) - 1) << e->ec->layout.jc_shift;
    __atomic_store_n(&e->jc_table, table, __ATOMIC_RELEASE);
}

static void jc_init(CPUState *cs)
{
    CPUExec *e = cs->exec;
    unsigned bits = e->x->user ? JC_USER_BITS : JC_BITS;
    TcgJumpEntry *table;

    e->jc_parts = e->x->user ? 1 : JC_PARTS;
    table = jc_table_new(e->jc_parts, bits);
    g_assert(table);                            /* as for any other allocation */
    jc_use(cs, table, bits);
    e->jc_other = 1u << (jc_page_bits(cs) - 1);
}

/*
 * A larger table with the present one's entries. Without memory for it the present one stays. Who ends on the way leaves
 * counts that are too high, never too low.
 */
static void jc_grow(CPUState *cs)
{
    CPUExec *e = cs->exec;
    unsigned bits = e->jc_bits + JC_GROWS_BY, n = 1u << e->jc_bits;
    TcgJumpEntry *old = e->jc_table, *table = jc_table_new(1, bits);

    if (!table) {
        return;
    }
    __atomic_store_n(&e->jc_table, NULL, __ATOMIC_SEQ_CST);     /* as in jc_use */
    for (unsigned i = 0; i < n; i++) {
        unsigned at = jc_index(e, old[i].pc, bits);

        if (!old[i].tb) {
            continue;
        }
        at ^= table[at].tb ? e->jc_other : 0;
        if (old[i].tag > e->jc_dead && !table[at].tb) {
            table[at] = old[i];
        } else {
            jc_count(cs, old[i].pc, -1);
        }
    }
    jc_use(cs, table, bits);
    free(old);
}

/*
 * Whether it is time for a larger table: of the last entries, half as many as it has, a quarter took the places of others
 * that may be wanted. They came of as many misses, which take as long as a larger table does.
 */
static bool jc_is_small(CPUState *cs)
{
    CPUExec *e = cs->exec;
    bool small;

    if (!e->x->user || e->jc_bits == JC_USER_MAX_BITS || ++e->jc_entered <= 1u << e->jc_bits >> 1) {
        return false;
    }
    small = e->jc_lost > e->jc_entered / 4;
    e->jc_entered = e->jc_lost = 0;
    return small;
}

/* Entries of forgotten tags are counted too, until something takes their place. */
void jc_flush_page(CPUState *cs, vaddr addr, uint64_t size)
{
    const CPUExec *e = cs->exec;
    unsigned bits, slots;

    if (!e->ec) {
        return;                                 /* never ran */
    }
    bits = e->ec->cc->tcg->page_bits;
    slots = 1u << jc_page_bits(cs);
    for (uint64_t n = 0; n <= (size - 1) >> bits; n++) {
        vaddr page = (addr & ~mask64(0, bits)) + (n << bits);

        for (unsigned i = 0; jc_counts(cs, page) && i < slots * e->jc_parts; i++) {
            unsigned first = jc_index(e, page, e->jc_bits);
            TcgJumpEntry *j = &e->jc_table[i / slots << e->jc_bits | (first + i % slots)];

            if (j->tb && ((j->pc ^ page) & mask64(0, 56)) >> bits == 0) {
                jc_clear(cs, j);
            }
        }
    }
}

static void jc_forget_block(CPUState *cs, const TranslationBlock *tb, ram_addr offset)
{
    const CPUExec *e = cs->exec;
    unsigned bits, n;

    if (!e->ec) {
        return;                                 /* never ran */
    }
    bits = jc_page_bits(cs);
    n = e->jc_parts << e->jc_bits;
    for (unsigned i = jc_index(e, offset, bits); i < n; i += 1u << bits) {
        TcgJumpEntry *j = &e->jc_table[i], *beside = jc_beside(cs, j);

        if (j->tb == tb) {
            jc_clear(cs, j);
        }
        if (beside->tb == tb) {
            jc_clear(cs, beside);
        }
    }
}

/* The same by the CPU itself: what it knows of the block nobody changes meanwhile. */
static void jc_forget_own(CPUState *cs, const TranslationBlock *tb)
{
    const CPUExec *e = cs->exec;
    uint64_t pc = __atomic_load_n(&tb->jc_pc, __ATOMIC_RELAXED);

    if (pc == JC_PCS) {
        jc_forget_block(cs, tb, tb->offset);
        return;
    }
    for (unsigned part = 0; pc && e->ec && part < e->jc_parts; part++) {
        unsigned at = jc_index(e, pc, e->jc_bits);
        TcgJumpEntry *j = &e->jc_table[part << e->jc_bits | at], *beside = jc_beside(cs, j);

        if (j->tb == tb) {
            jc_clear(cs, j);
        }
        if (beside->tb == tb) {
            jc_clear(cs, beside);
        }
    }
}

void jc_forget(CPUState *cs, bool own, const TranslationBlock *gone)
{
    CPUExec *e = cs->exec;
    unsigned req = CPU_REQ_JC_GONE;

    if (own) {
        for (const TranslationBlock *tb = gone; tb; tb = tb->page_next) {
            jc_forget_own(cs, tb);
        }
        return;
    }
    g_mutex_lock(&e->work_lock);
    for (const TranslationBlock *tb = gone; tb && req == CPU_REQ_JC_GONE; tb = tb->page_next) {
        if (e->num_jc_gone == JC_GONE) {
            req = CPU_REQ_JC;
            e->num_jc_gone = 0;                 /* the flush forgets them as well */
        } else {
            e->jc_gone[e->num_jc_gone++] = (JcGone){ tb, tb->offset };
        }
    }
    g_mutex_unlock(&e->work_lock);
    cpu_request_quiet(cs, req);
}

static void jc_forget_gone(CPUState *cs)
{
    CPUExec *e = cs->exec;

    g_mutex_lock(&e->work_lock);
    for (unsigned i = 0; i < e->num_jc_gone; i++) {
        jc_forget_block(cs, e->jc_gone[i].tb, e->jc_gone[i].offset);
    }
    e->num_jc_gone = 0;
    g_mutex_unlock(&e->work_lock);
}

void jc_flush_contexts(CPUState *cs, uint64_t mask, uint64_t value)
{
    CPUExec *e = cs->exec;

    for (unsigned i = 0; i < NUM_JC_TAGS; i++) {
        if (e->jc_tags[i].kind == JC_OWN && ((e->jc_tags[i].context ^ value) & mask) == 0) {
            e->jc_tags[i].tag = 0;
        }
    }
    cs->jc_tag = 0;
    cs->key_valid = false;
}

static bool jc_tag_is(const JcTag *t, const CPUKey *key, uint64_t context, JcKind kind)
{
    return t->tag && t->context == context && t->kind == kind && t->key.w[0] == key->w[0] && t->key.w[1] == key->w[1];
}

void cpu_update_key(CPUState *cs)
{
    CPUExec *e = cs->exec;
    const CPUClass *cc = e->ec->cc;
    uint64_t context, h, variant = 0;
    JcTag *set, *row;
    unsigned part;
    JcKind kind;
    CPUKey key;

    cc->get_key(cs, &cs->key, &cs->fetch_mmu);
    kind = e->jc_own[cs->fetch_mmu] ? JC_OWN : e->jc_group[cs->fetch_mmu] ? JC_GROUP : JC_SHARED;
    context = kind == JC_GROUP ? alike_group(cs) : 0;
    if (!context) {
        kind = kind == JC_GROUP ? JC_OWN : kind;
        context = tlb_context_id(cs, cs->fetch_mmu, kind == JC_SHARED);
    }
    e->jc_kind = kind;
    key = cs->key;
    if (cc->key_variant_shift) {
        variant = key.w[0] >> cc->key_variant_shift & CPU_TAG_VARIANT;
        key.w[0] ^= variant << cc->key_variant_shift;
    }
    row = e->jc_last[cs->fetch_mmu];
    h = (key.w[0] ^ key.w[1] * 31 ^ context * 17 ^ kind) * UINT64_C(0x9e3779b97f4a7c15);
    set = &e->jc_tags[(h >> 56) % (NUM_JC_TAGS / JC_TAG_WAYS) * JC_TAG_WAYS];
    if (row && !jc_tag_is(row, &key, context, kind)) {
        row = NULL;
    }
    for (unsigned way = 0; way < JC_TAG_WAYS && !row; way++) {
        row = jc_tag_is(&set[way], &key, context, kind) ? &set[way] : NULL;
    }
    if (!row) {
        row = set;
        for (unsigned way = 1; way < JC_TAG_WAYS && row->tag; way++) {
            row = !set[way].tag || set[way].used < row->used ? &set[way] : row;
        }
        e->last_tag += CPU_TAG_VARIANT + 1;
        *row = (JcTag){ .key = key, .context = context, .kind = kind, .tag = e->last_tag };
    }
    row->used = ++e->tag_uses;
    e->jc_last[cs->fetch_mmu] = row;
    cs->jc_tag = row->tag | variant;
    /* a kernel's and its programs' are never of the same part */
    part = (cs->fetch_mmu << 1 | (row->tag / (CPU_TAG_VARIANT + 1) & 1)) & (e->jc_parts - 1);
    cs->jc = e->jc_table + (part << e->jc_bits);
    cs->key_valid = true;
}

/* Whether what is at pc may be entered with the present tag. If not, or if another kind of tag may do, it is changed. */
static bool jc_fits(CPUState *cs, vaddr pc)
{
    CPUExec *e = cs->exec;
    uint8_t *own = &e->jc_own[cs->fetch_mmu], *group = &e->jc_group[cs->fetch_mmu];
    bool global;

    if (e->x->user) {
        return true;
    }
    if (*own) {
        if (--*own == 0) {
            cpu_mode_changed(cs);
        }
        return cs->key_valid;
    }
    global = tlb_is_global(cs, pc, cs->fetch_mmu);
    if (e->jc_kind == JC_SHARED && global) {
        return true;
    }
    if (e->jc_kind == JC_SHARED || (global && --*group == 0)) {
        *group = global ? 0 : JC_RUN;
        cpu_mode_changed(cs);
        return false;
    }
    if (!global) {
        *group = JC_RUN;
    }
    if (e->jc_kind == JC_GROUP && !global && !alike_has(cs, pc)) {
        *own = JC_RUN;
        cpu_mode_changed(cs);
    }
    return cs->key_valid;
}

static void jc_enter(CPUState *cs, vaddr pc, TranslationBlock *tb)
{
    const TcgJumpEntry *found = jc_look(cs, pc);
    CPUExec *e = cs->exec;
    TcgJumpEntry *j;

    if ((found && found->tb == tb) || !jc_fits(cs, pc) ||
        ((pc ^ tb->offset) >> e->ec->layout.jc_shift & mask64(0, jc_page_bits(cs)))) {
        return;
    }
    if (jc_is_small(cs)) {
        jc_grow(cs);
    }
    j = jc_entry(cs, pc);
    if (j->tb && (j->pc != pc || j->tag != cs->jc_tag)) {
        TcgJumpEntry *beside = jc_beside(cs, j);

        e->jc_lost += beside->tb && beside->tag > e->jc_dead;
        jc_clear(cs, beside);
        *beside = *j;
        j->tb = NULL;
    }
    if (!j->tb) {
        jc_count(cs, pc, 1);
    }
    if (__atomic_load_n(&tb->jc_pc, __ATOMIC_RELAXED) != pc) {
        uint64_t none = 0;

        if (!__atomic_compare_exchange_n(&tb->jc_pc, &none, pc ? pc : JC_PCS, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) &&
            none != pc) {
            __atomic_store_n(&tb->jc_pc, JC_PCS, __ATOMIC_RELAXED);
        }
    }
    *j = (TcgJumpEntry){ .pc = pc, .tag = cs->jc_tag, .code = tb->code.entry, .tb = tb };
}

void jc_enter_ahead(CPUState *cs, vaddr pc, TranslationBlock *tb)
{
    if (cs->key_valid && !(cs->jc_tag & CPU_TAG_VARIANT) && !(cs->exec->x->config.stress & ACCEL_STRESS_EXITS)) {
        jc_enter(cs, pc, tb);
    }
}

/*
 * TcgLayout.find: does what the loop would do next if that is looking and no more. While interrupts are asked for, the
 * loop looks at each exit whether they can be taken.
 */
static const void *find_code(CPUState *cs)
{
    CPUExec *e = cs->exec;
    TranslationBlock *tb, *region;
    const TcgJumpEntry *j;
    vaddr pc;

    stats_inc(&e->stats, STAT_jc_miss);
    if (cs->counted || cs->raised || e->alone || e->single || e->debug_run >= DEBUG_STEP ||
        __atomic_load_n(&cs->poll, __ATOMIC_RELAXED) < 0 || __atomic_load_n(&cs->irq_lines, __ATOMIC_RELAXED) ||
        log_enabled(LOG_EXEC | LOG_CPU | LOG_NOCHAIN) || e->x->config.stress & ACCEL_STRESS_EXITS) {
        return NULL;
    }
    if (!cs->key_valid) {
        cpu_update_key(cs);
    }
    pc = e->ec->cc->get_pc(cs);
    j = jc_look(cs, pc);
    if (j) {
        return j->code;
    }
    tb = tb_get_cached(cs);
    if (!tb) {
        return NULL;
    }
    region = __atomic_load_n(&tb->region, __ATOMIC_ACQUIRE);
    tb = region ? region : tb;
    if (cs->key_valid) {
        jc_enter(cs, e->ec->cc->get_pc(cs), tb);        /* check_pc may have changed it */
    }
    return tb->code.entry;
}

static const void *find_code_timed(CPUState *cs)
{
    uint64_t began = tcg_ticks();
    const void *code = find_code(cs);

    stats_add(&cs->exec->stats, STAT_find_ns, tcg_ticks() - began);
    return code;
}

/* -- inside ------------------------------------------------------------------------------------------------------------ */

static void log_block(CPUState *cs, vaddr pc, const TranslationBlock *tb)
{
    if (log_enabled(LOG_EXEC)) {
        log_write("exec: cpu %u pc 0x%016" G_GINT64_MODIFIER "x key %" G_GINT64_MODIFIER "x:%" G_GINT64_MODIFIER
                  "x insns %u\n", cs->index, pc, cs->key.w[1], cs->key.w[0], tb->insns);
    }
    if (log_enabled(LOG_CPU) && cs->exec->ec->cc->dump) {
        GString *out = g_string_new(NULL);

        cs->exec->ec->cc->dump(cs, out);
        log_write("%s", out->str);
        g_string_free(out, TRUE);
    }
}

/*
 * The poll word was cleared before this asks, and is set after what it tells of: nothing is missed. In counted mode
 * a turn ends when what it was granted is spent; who wants control waits for that.
 */
static bool must_leave(CPUState *cs, ExecThread *t)
{
    const ExecMachine *x = t->x;

    if (cs->counted) {
        return cs->poll <= 0 || cs->raised || cs->halted || __atomic_load_n(&x->paused, __ATOMIC_SEQ_CST);
    }
    return __atomic_load_n(&cs->poll, __ATOMIC_SEQ_CST) < 0 || cs->raised || cs->halted ||
           __atomic_load_n(&x->exclusive, __ATOMIC_SEQ_CST) || __atomic_load_n(&x->paused, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST) || epoch_moved(&t->epoch);
}

/*
 * The block to run, and whether it is one instruction that is to be left afterwards. NULL: fetching raised, or a
 * breakpoint is there.
 */
static TranslationBlock *next_block(CPUState *cs, vaddr *ret_pc, bool *ret_single)
{
    const CPUExec *e = cs->exec;
    const CPUClass *cc = e->ec->cc;

    *ret_pc = cc->get_pc(cs);
    *ret_single = true;
    if (e->alone) {
        bool step = e->debug_run >= DEBUG_STEP;

        return step && cc->check_pc && !cc->check_pc(cs) ? NULL : tb_get_alone(cs);
    }
    if (!e->single) {
        const TcgJumpEntry *j = jc_look(cs, *ret_pc);
        TranslationBlock *tb = j ? j->tb : tb_get(cs, false), *region;

        region = tb ? __atomic_load_n(&tb->region, __ATOMIC_ACQUIRE) : NULL;
        tb = region ? region : tb;              /* another CPU may have made it */
        *ret_pc = cc->get_pc(cs);               /* check_pc may have changed it */
        if (!tb || !cs->counted || tb->insns <= (uint32_t)cs->poll) {
            *ret_single = false;
            return tb;
        }
    }
    return tb_get(cs, true);
}

/* A block was left at its entry: perhaps because it ran often. */
static void heat(CPUState *cs, TranslationBlock *tb)
{
    CPUExec *e = cs->exec;
    ExecMachine *x = e->x;
    int word;

    if (!x->config.heat) {
        return;
    }
    g_mutex_lock(&x->tb_lock);                  /* it came here by another's edge perhaps, and never saw the block */
    word = tb->heat;
    g_mutex_unlock(&x->tb_lock);
    if (word >= 0 && cs->heat[word] < 0) {
        cs->heat[word] = MAX((int32_t)x->config.heat, INT8_MAX);       /* enough for the block to be entered */
        jc_forget_block(cs, tb, tb->offset);
        if (!log_enabled(LOG_EXEC | LOG_CPU | LOG_NOCHAIN)) {
            tb_make_region(cs, tb);
        }
    }
}

/* Runs blocks until something outside wants the CPU, or an exception or a halt does. */
void exec_run_inside(CPUState *cs)
{
    CPUExec *e = cs->exec;
    ExecThread *t = e->thread;
    ExecMachine *x = e->x;
    unsigned stress = x->config.stress;
    bool chain = !log_enabled(LOG_NOCHAIN) && !(stress & ACCEL_STRESS_EXITS);
    TranslationBlock *last = NULL;              /* left by its unlinked slot */
    unsigned slot = 0;

    __atomic_store_n(&t->running, true, __ATOMIC_SEQ_CST);
    while (!must_leave(cs, t)) {
        TranslationBlock *tb;
        bool single, stepped = true;
        uint64_t began;
        uintptr_t left;
        vaddr pc;

        if (stress) {
            stress_turn(cs);
        }
        if (!cs->key_valid) {
            cpu_update_key(cs);
        }
        tb = next_block(cs, &pc, &single);
        if (!tb) {
            if (cs->counted && cs->raised) {
                counted_charge(cs);
            }
            break;
        }
        /* filling the TLB may have flushed the key */
        if (chain && tb->rb && cs->key_valid && !single && (!last || !tb_link(x, cs, last, slot, tb))) {
            jc_enter(cs, pc, tb);
        }
        last = NULL;
        if (stress) {
            stress_found(cs, tb);
        }
        if (log_enabled(LOG_EXEC | LOG_CPU)) {
            log_block(cs, pc, tb);
        }
        if (cs->counted) {
            counted_begin(cs, single);
        }
        began = x->costs ? tcg_ticks() : 0;
        left = tcg_run(x->be, x->buf, cs, tb->code.entry, &cs->fp);
        stats_inc(&e->stats, STAT_tb_exit);
        if (G_UNLIKELY(x->costs)) {
            stats_add(&e->stats, STAT_code_ns, tcg_ticks() - began);
        }
        if (cs->counted) {
            counted_left(cs, ((TranslationBlock *)(left & ~(uintptr_t)TCG_EXIT_MASK))->insns,
                         (left & TCG_EXIT_MASK) == TCG_EXIT_RAISED, e->redo != REDO_NONE || e->watch_hit.cs);
        }
        e->single = false;
        e->alone = e->alone && (left & TCG_EXIT_MASK) == TCG_EXIT_POLL;         /* nothing ran */
        switch ((TcgExit)(left & TCG_EXIT_MASK)) {
        case TCG_EXIT_POLL:
            heat(cs, (TranslationBlock *)(left & ~(uintptr_t)TCG_EXIT_MASK));
            break;
        case TCG_EXIT_RAISED:
            if (e->redo) {
                e->alone = e->redo == REDO_ALONE;
                e->single = e->redo == REDO_SINGLE;
                e->redo = REDO_NONE;
                cs->raised = 0;
                cpu_key_changed(cs);            /* in the middle of a block it need not be that of its start */
            } else if (e->watch_hit.cs) {
                e->watch_hit.cs = NULL;
                cs->raised = 0;
                cpu_key_changed(cs);
                debug_stop(cs, DEBUG_STOP_WATCH, e->watch_hit.point, e->watch_hit.addr);
                stepped = false;
            } else if (cs->raised && !x->user && !cs->counted && e->debug_run < DEBUG_STEP &&
                       !__atomic_load_n(&cs->irq_lines, __ATOMIC_RELAXED)) {
                cpu_take_exception(cs);         /* as a turn begins */
            }
            break;
        case TCG_EXIT_LOOKUP:
            if (__atomic_load_n(&cs->irq_lines, __ATOMIC_RELAXED)) {
                cpu_leave(cs);                  /* perhaps it was unmasked */
            }
            break;
        default:
            last = single ? NULL : (TranslationBlock *)(left & ~(uintptr_t)TCG_EXIT_MASK);
            slot = (left & TCG_EXIT_MASK) - TCG_EXIT_CHAIN;
        }
        if (!tb->rb) {
            tb_put(cs, tb);
            last = NULL;
        }
        if (e->debug_run >= DEBUG_STEP) {
            if (stepped && !cs->raised && (left & TCG_EXIT_MASK) != TCG_EXIT_POLL) {
                debug_stepped(cs);
            }
            e->alone = true;
            cs->halted = false;
        }
    }
    __atomic_store_n(&t->running, false, __ATOMIC_SEQ_CST);
}

static void run_work(CPUState *cs)
{
    CPUExec *e = cs->exec;

    for (;;) {
        CpuWork *w;

        g_mutex_lock(&e->work_lock);
        w = g_queue_pop_head(&e->work);
        g_mutex_unlock(&e->work_lock);
        if (!w) {
            return;
        }
        w->fn(cs, w->opaque);
        if (w->done) {
            g_mutex_lock(&e->x->lock);
            *w->done = true;
            g_cond_broadcast(&e->x->cond);
            g_mutex_unlock(&e->x->lock);
        }
        g_free(w);
    }
}

/* Serves what others posted; returns the bits. */
uint32_t exec_serve(CPUState *cs)
{
    uint32_t req;

    if (!cs->counted) {
        __atomic_store_n(&cs->poll, 0, __ATOMIC_SEQ_CST);
    }
    req = __atomic_exchange_n(&cs->requests, 0, __ATOMIC_SEQ_CST);
    if (req & CPU_REQ_TLB) {
        tlb_serve(cs);
    }
    if (req & CPU_REQ_JC) {
        jc_flush(cs);
    }
    if (req & CPU_REQ_JC_GONE) {
        jc_forget_gone(cs);
    }
    if (req & CPU_REQ_WORK) {
        run_work(cs);
    }
    return req;
}

void cpu_take_exception(CPUState *cs)
{
    const CPUClass *cc = cs->exec->ec->cc;

    stats_inc(&cs->exec->stats, STAT_exceptions);
    cc->do_exception(cs);
    cs->raised = 0;
    cpu_update_key(cs);
    if (log_enabled(LOG_TRACE_HASH)) {
        trace_event(cs, TRACE_EXCEPTION, cc->get_pc(cs), 0);
    }
}

bool exec_turn(CPUState *cs)
{
    CPUExec *e = cs->exec;
    const CPUClass *cc = e->ec->cc;
    ExecThread *t = e->thread;
    uint32_t req;

    epoch_quiescent(&t->epoch);                 /* before requests: what went is not in our caches afterwards */
    req = exec_serve(cs);
    if (__atomic_load_n(&t->x->verify_due, __ATOMIC_ACQUIRE)) {
        tb_verify(t->x, cs);
    }
    if (__atomic_load_n(&cs->powered_off, __ATOMIC_SEQ_CST) || e->debug_run == DEBUG_HOLD) {
        return false;
    }
    if (cs->raised) {
        cpu_take_exception(cs);
        if (e->debug_run >= DEBUG_STEP) {
            debug_stepped(cs);
            return true;
        }
    }
    if (e->debug_run >= DEBUG_STEP) {
        e->alone = true;
        cs->halted = false;                     /* waiting for an interrupt may end at any time */
    } else if (((req & CPU_REQ_INTERRUPT) || __atomic_load_n(&cs->irq_lines, __ATOMIC_SEQ_CST)) && cc->take_interrupt(cs)) {
        stats_inc(&e->stats, STAT_interrupts);
        cs->halted = false;
        cpu_mode_changed(cs);
        if (log_enabled(LOG_TRACE_HASH)) {
            trace_event(cs, TRACE_INTERRUPT, cc->get_pc(cs), 0);
        }
    }
    if (cs->halted) {
        if (!cc->has_work(cs)) {
            return false;
        }
        cs->halted = false;
    }
    exec_run_inside(cs);
    if (cs->nap_us && t->cpus->len > 1) {
        cs->halted = false;                     /* the others' turns are pause enough */
    }
    return !cs->halted && !__atomic_load_n(&cs->powered_off, __ATOMIC_RELAXED);
}

/* -- threads ------------------------------------------------------------------------------------------------------------ */

bool exec_has_reason(CPUState *cs)
{
    if (__atomic_load_n(&cs->requests, __ATOMIC_SEQ_CST)) {
        return true;
    }
    if (__atomic_load_n(&cs->powered_off, __ATOMIC_SEQ_CST) || cs->exec->debug_run == DEBUG_HOLD) {
        return false;
    }
    return !cs->halted || cs->exec->ec->cc->has_work(cs);
}

static bool has_reason(ExecThread *t, bool parked)
{
    ExecMachine *x = t->x;

    if (__atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST) || __atomic_load_n(&x->paused, __ATOMIC_SEQ_CST) != parked) {
        return true;
    }
    for (unsigned i = 0; i < t->cpus->len; i++) {
        CPUState *cs = t->cpus->pdata[i];

        if (parked ? __atomic_load_n(&cs->requests, __ATOMIC_SEQ_CST) & CPU_REQ_WORK : exec_has_reason(cs)) {
            return true;
        }
    }
    return false;
}

/* end: of g_get_monotonic_time(); 0: without limit. */
static void thread_sleep(ExecThread *t, bool parked, int64_t end)
{
    epoch_offline(&t->epoch);
    g_mutex_lock(&t->lock);
    __atomic_store_n(&t->sleeping, true, __ATOMIC_SEQ_CST);
    while (!has_reason(t, parked)) {
        if (!end) {
            g_cond_wait(&t->cond, &t->lock);
        } else if (!g_cond_wait_until(&t->cond, &t->lock, end)) {
            break;
        }
    }
    __atomic_store_n(&t->sleeping, false, __ATOMIC_SEQ_CST);
    if (t->cpus->len > 1) {
        g_cond_broadcast(&t->cond);             /* the slicer goes on */
    }
    g_mutex_unlock(&t->lock);
    epoch_online(&t->epoch);
}

/*
 * Stands between instructions until the pause ends; does what it is asked meanwhile, and says that it is not parked
 * while it does.
 */
static void park(ExecThread *t)
{
    ExecMachine *x = t->x;

    g_mutex_lock(&x->lock);
    while (x->paused && !__atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST)) {
        t->parked = true;
        g_cond_broadcast(&x->cond);
        g_mutex_unlock(&x->lock);
        thread_sleep(t, true, 0);
        g_mutex_lock(&x->lock);
        t->parked = false;
        if (x->paused && !__atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST)) {
            g_mutex_unlock(&x->lock);
            for (unsigned i = 0; i < t->cpus->len; i++) {
                exec_serve(t->cpus->pdata[i]);
            }
            g_mutex_lock(&x->lock);
        }
    }
    t->parked = false;
    g_mutex_unlock(&x->lock);
    for (unsigned i = 0; i < t->cpus->len; i++) {
        /* Interrupts that came while it stood were served as bits only: look again. */
        cpu_request(t->cpus->pdata[i], CPU_REQ_INTERRUPT);
    }
}

void exec_sleep(ExecThread *t, int64_t ns)
{
    stats_inc(&CPU(t->cpus->pdata[0])->exec->stats, STAT_wfi);
    thread_sleep(t, false, ns < 0 ? 0 : g_get_monotonic_time() + MIN(ns, INT64_MAX / 2) / 1000 + 1);
}

bool exec_wants_control(ExecMachine *x)
{
    const Machine *m = x->machine;

    return __atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST) || __atomic_load_n(&x->paused, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&m->shutdown_requested, __ATOMIC_ACQUIRE) ||
           __atomic_load_n(&m->reset_requested, __ATOMIC_ACQUIRE);
}

void exec_give_control(ExecThread *t)
{
    ExecMachine *x = t->x;

    while (exec_wants_control(x) && !__atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST)) {
        if (__atomic_load_n(&x->paused, __ATOMIC_SEQ_CST)) {
            park(t);
            continue;
        }
        /* the main loop may wait for a CPU before it comes to what it is to do: a debugger's or the monitor's request */
        for (unsigned i = 0; i < t->cpus->len; i++) {
            CPUState *cs = t->cpus->pdata[i];

            if (__atomic_load_n(&cs->requests, __ATOMIC_SEQ_CST) & CPU_REQ_WORK) {
                cpu_request(cs, exec_serve(cs) & CPU_REQ_INTERRUPT);
            }
        }
        g_usleep(CONTROL_US);
    }
}

void exec_wait_exclusive(ExecMachine *x)
{
    if (__atomic_load_n(&x->exclusive, __ATOMIC_SEQ_CST)) {
        g_mutex_lock(&x->lock);
        g_cond_broadcast(&x->cond);
        while (x->exclusive) {
            g_cond_wait(&x->cond, &x->lock);
        }
        g_mutex_unlock(&x->lock);
    }
}

static void thread_main(ExecThread *t)
{
    ExecMachine *x = t->x;

    epoch_online(&t->epoch);
    while (!__atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST)) {
        bool busy = false;

        if (__atomic_load_n(&x->paused, __ATOMIC_SEQ_CST)) {
            park(t);
            continue;
        }
        for (unsigned i = 0; i < t->cpus->len; i++) {
            CPUState *cs = t->cpus->pdata[i];

            exec_wait_exclusive(x);
            __atomic_store_n(&t->current, cs, __ATOMIC_RELAXED);
            busy |= exec_turn(cs);
        }
        exec_wait_exclusive(x);
        if (!busy) {
            CPUState *cs = t->cpus->pdata[0];
            bool nap = cs->halted && cs->nap_us;

            stats_inc(&cs->exec->stats, STAT_wfi);
            thread_sleep(t, false, nap ? g_get_monotonic_time() + cs->nap_us : 0);
            cs->halted = cs->halted && !nap;
        }
    }
    epoch_offline(&t->epoch);
}

static void *thread_start(void *opaque)
{
    ExecThread *t = opaque;
    ExecMachine *x = t->x;

    __atomic_store_n(&t->self, g_thread_self(), __ATOMIC_RELAXED);
    if (x->counted) {
        counted_main(t);
    } else {
        thread_main(t);
    }
    g_mutex_lock(&x->lock);
    t->parked = true;
    g_cond_broadcast(&x->cond);
    g_mutex_unlock(&x->lock);
    return NULL;
}

/* With several CPUs on one thread: ends each one's turn after a while. Sleeps while they all do. */
static void *slicer_main(void *opaque)
{
    ExecMachine *x = opaque;
    ExecThread *t = x->threads->pdata[0];

    while (!__atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST)) {
        CPUState *cs;

        g_mutex_lock(&t->lock);
        while (t->sleeping && !__atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST)) {
            g_cond_wait(&t->cond, &t->lock);
        }
        g_mutex_unlock(&t->lock);
        cs = __atomic_load_n(&t->current, __ATOMIC_RELAXED);
        g_usleep(SLICE_US);
        if (cs && !__atomic_load_n(&t->sleeping, __ATOMIC_RELAXED)) {
            __atomic_store_n(&cs->poll, -1, __ATOMIC_SEQ_CST);
        }
    }
    return NULL;
}

void exec_exclusive_begin(ExecMachine *x, ExecThread *self)
{
    g_mutex_lock(&x->lock);
    __atomic_store_n(&self->running, false, __ATOMIC_SEQ_CST);
    g_cond_broadcast(&x->cond);
    while (x->exclusive) {
        g_cond_wait(&x->cond, &x->lock);
    }
    __atomic_store_n(&x->exclusive, true, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < x->threads->len; i++) {
        ExecThread *t = x->threads->pdata[i];

        if (t == self) {
            continue;
        }
        for (unsigned k = 0; k < t->cpus->len; k++) {
            __atomic_store_n(&CPU(t->cpus->pdata[k])->poll, -1, __ATOMIC_SEQ_CST);
        }
        while (__atomic_load_n(&t->running, __ATOMIC_SEQ_CST)) {
            g_cond_wait(&x->cond, &x->lock);
        }
    }
    g_mutex_unlock(&x->lock);
}

void exec_exclusive_end(ExecMachine *x, ExecThread *self)
{
    g_mutex_lock(&x->lock);
    __atomic_store_n(&x->exclusive, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&self->running, true, __ATOMIC_SEQ_CST);
    g_cond_broadcast(&x->cond);
    g_mutex_unlock(&x->lock);
}

/* -- what main calls ---------------------------------------------------------------------------------------------------- */

bool exec_init(Machine *m, const AccelConfig *config, GError **error)
{
    ExecMachine *x = exec_machine(m);

    exec_register_types(object_types(&m->parent.parent));
    x->config = *config;
    if (x->config.counted || x->config.one_insn) {
        x->config.heat = 0;                     /* a turn is counted in blocks; regions are made of blocks */
    }
    x->be = tcg_backend_find(config->backend);
    if (!x->be) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED,
                    "accelerator '%s' is not available on this host: use -accel tci", config->backend);
        return false;
    }
    x->buf = tcg_codebuf_new(x->config.code_size ? x->config.code_size : (size_t)128 << 20, x->be, error);
    if (!x->buf) {
        return false;
    }
    if (!perf_new(x, &x->perf, error)) {
        return false;
    }
    exec_costs_init(x);
    x->tbs = tb_cache_new();
    x->tb_pool = tb_pool_new();
    x->worker = tb_worker_new(x);
    x->paused = true;
    if (x->config.counted) {
        x->config.single_thread = true;
        counted_init(x);
    } else if (!m->clock) {
        m->clock = clock_new(m->context, m);
    }
    return true;
}

static ExecClass *exec_class(ExecMachine *x, const CPUClass *cc)
{
    ExecClass *ec;

    for (unsigned i = 0; i < x->classes->len; i++) {
        ec = x->classes->pdata[i];
        if (ec->cc == cc) {
            return ec;
        }
    }
    ec = g_new0(ExecClass, 1);
    ec->cc = cc;
    ec->index = x->classes->len;
    ec->layout = (TcgLayout){
        .tlb_offset = offsetof(CPUState, tlb), .raised_offset = offsetof(CPUState, raised),
        .left_offset = offsetof(CPUState, left), .counted = x->config.counted,
        .poll_offset = offsetof(CPUState, poll), .heat_offset = offsetof(CPUState, heat), .jc_offset = offsetof(CPUState, jc),
        .jc_tag_offset = offsetof(CPUState, jc_tag), .direct_base_offset = offsetof(CPUState, direct_base),
        .jc_mask_offset = offsetof(CPUState, jc_mask), .jc_shift = cc->insn_align,
        .find = x->costs ? find_code_timed : find_code,
        .mem = x->costs || x->config.stress & (ACCEL_STRESS_EXITS | ACCEL_STRESS_FLUSH) ? &watched_mem_ops : &tlb_mem_ops,
        .costs_offset = offsetof(CPUState, costs),
        /* a back end that cannot resume an access asks tlb_find each time */
        .direct = x->user && tcg_backend_has_faults(x->be) && !(x->config.stress & ACCEL_STRESS_SLOW),
    };
    ec->config = (TcgConfig){
        .backend = x->be, .target = cc->tcg, .layout = &ec->layout, .naive = x->config.naive,
        .verify = x->config.stress & ACCEL_STRESS_VERIFY,
        .costs = x->costs,
    };
    ec->checked_layout = ec->layout;
    ec->checked_layout.direct = false;
    ec->checked_config = ec->config;
    ec->checked_config.layout = &ec->checked_layout;
    g_ptr_array_add(x->classes, ec);
    return ec;
}

void exec_attach(ExecMachine *x, CPUState *cs)
{
    CPUExec *e = cs->exec;

    e->ec = exec_class(x, CPU_CLASS_OF(cs));
    exec_costs_attach(cs);
    if (!e->jc_table) {
        jc_init(cs);
    }
    for (unsigned i = 0; i < CPU_HEAT_WORDS; i++) {
        cs->heat[i] = (int32_t)x->config.heat;
    }
}

ExecThread *exec_thread_new(ExecMachine *x)
{
    ExecThread *t = g_new0(ExecThread, 1);

    t->x = x;
    t->cpus = g_ptr_array_new();
    g_mutex_init(&t->lock);
    g_cond_init(&t->cond);
    epoch_thread_add(x->epoch, &t->epoch);
    g_ptr_array_add(x->threads, t);
    return t;
}

void exec_thread_free(ExecThread *t)
{
    g_ptr_array_remove(t->x->threads, t);
    epoch_thread_remove(&t->epoch);
    g_ptr_array_unref(t->cpus);
    g_mutex_clear(&t->lock);
    g_cond_clear(&t->cond);
    g_free(t);
}

void exec_start(Machine *m)
{
    ExecMachine *x = exec_machine(m);

    g_assert(x->be && x->threads->len == 0);
    for (unsigned i = 0; i < m->cpus->len; i++) {
        CPUState *cs = m->cpus->pdata[i];
        CPUExec *e = cs->exec;
        ExecThread *t = x->config.single_thread && i ? x->threads->pdata[0] : exec_thread_new(x);

        exec_attach(x, cs);
        e->gen = e->gen ? e->gen : tcg_gen_new(&e->ec->config);
        e->thread = t;
        g_ptr_array_add(t->cpus, cs);
        tlb_flush_all(cs);
    }
    if (x->counted) {
        counted_start(x);
    }
    x->stopping = false;
    for (unsigned i = 0; i < x->threads->len; i++) {
        ExecThread *t = x->threads->pdata[i];
        g_autofree char *name = g_strdup_printf("cpu%u", i);

        t->thread = g_thread_new(name, thread_start, t);
    }
    if (x->config.single_thread && !x->counted && m->cpus->len > 1) {
        x->slicer = g_thread_new("slicer", slicer_main, x);
    }
}

void exec_kick_all(ExecMachine *x)
{
    if (x->user) {
        g_mutex_lock(&x->lock);                 /* threads come and go */
    }
    for (unsigned i = 0; i < x->threads->len; i++) {
        ExecThread *t = x->threads->pdata[i];

        for (unsigned k = 0; k < t->cpus->len; k++) {
            cpu_kick(t->cpus->pdata[k]);
        }
    }
    if (x->user) {
        g_mutex_unlock(&x->lock);
    }
}

static void resume(Machine *m)
{
    ExecMachine *x = exec_machine(m);

    if (x->user) {
        g_mutex_lock(&x->lock);
        x->stop_pending = false;
        __atomic_store_n(&x->paused, false, __ATOMIC_SEQ_CST);
        g_cond_broadcast(&x->cond);
        g_mutex_unlock(&x->lock);
        return;
    }
    clock_set_running(m->clock, true);
    if (m->state != RUN_SHUTDOWN) {
        machine_set_state(m, RUN_RUNNING);
    }
    g_mutex_lock(&x->lock);
    x->stop_pending = false;
    __atomic_store_n(&x->paused, false, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&x->lock);
    exec_kick_all(x);
}

void exec_resume(Machine *m)
{
    debug_tell(exec_machine(m), true);
    resume(m);
}

static void wait_parked(ExecMachine *x)
{
    g_mutex_lock(&x->lock);
    for (unsigned i = 0; i < x->threads->len; i++) {
        const ExecThread *t = x->threads->pdata[i];

        if (!t->parked && !t->outside) {
            g_cond_wait(&x->cond, &x->lock);
            i = UINT32_MAX;                     /* user mode's threads come and go */
        }
    }
    g_mutex_unlock(&x->lock);
}

static void pause_all(Machine *m)
{
    ExecMachine *x = exec_machine(m);

    g_mutex_lock(&x->lock);
    __atomic_store_n(&x->paused, true, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&x->lock);
    exec_kick_all(x);
    wait_parked(x);
    if (x->user) {
        return;
    }
    clock_set_running(m->clock, false);
    if (m->state == RUN_RUNNING) {
        machine_set_state(m, RUN_PAUSED);
    }
}

void exec_pause(Machine *m)
{
    pause_all(m);
    debug_tell(exec_machine(m), false);
}

void debug_hold(Machine *m)
{
    if (exec_machine(m)->told_running) {
        pause_all(m);
    }
}

void debug_release(Machine *m)
{
    ExecMachine *x = exec_machine(m);
    bool held;

    g_mutex_lock(&x->lock);
    held = x->told_running && x->paused && !x->stop_pending;    /* a CPU that stopped: debug_poll will tell */
    g_mutex_unlock(&x->lock);
    if (held && x->threads->len) {
        resume(m);
    }
}

static void nothing(CPUState *cs G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
}

/* All threads parked, and nothing that was asked of a CPU before (a power-on) is left to be done. */
static void finish_work(Machine *m)
{
    ExecMachine *x = exec_machine(m);

    for (unsigned i = 0; x->threads->len && i < m->cpus->len; i++) {
        cpu_run_on(m->cpus->pdata[i], nothing, NULL, true);
    }
    wait_parked(x);
}

void exec_reset(Machine *m)
{
    ExecMachine *x = exec_machine(m);
    bool ran = !__atomic_load_n(&x->paused, __ATOMIC_SEQ_CST);

    pause_all(m);
    __atomic_store_n(&m->reset_requested, false, __ATOMIC_RELEASE);    /* this is it */
    finish_work(m);
    machine_lock(m);
    for (unsigned i = 0; i < m->cpus->len; i++) {
        cpu_begin_anew(m->cpus->pdata[i]);
    }
    machine_reset(m, RESET_COLD);
    for (unsigned i = 0; i < m->cpus->len; i++) {
        CPUState *cs = m->cpus->pdata[i];

        tlb_flush_all(cs);
        cpu_key_changed(cs);
    }
    machine_unlock(m);
    if (ran) {
        resume(m);
    }
}

void exec_stop(Machine *m)
{
    ExecMachine *x = exec_machine(m);

    if (!x->threads->len) {
        return;
    }
    __atomic_store_n(&x->stopping, true, __ATOMIC_SEQ_CST);
    exec_kick_all(x);
    for (unsigned i = 0; i < x->threads->len; i++) {
        ExecThread *t = x->threads->pdata[i];

        g_thread_join(t->thread);
    }
    if (x->slicer) {
        g_thread_join(x->slicer);
        x->slicer = NULL;
    }
    tb_worker_stop(x->worker);
    clock_set_running(m->clock, false);
    machine_lock(m);                            /* changes of the map look at the threads */
    while (x->threads->len) {
        ExecThread *t = x->threads->pdata[x->threads->len - 1];

        for (unsigned i = 0; i < t->cpus->len; i++) {
            CPU(t->cpus->pdata[i])->exec->thread = NULL;
        }
        exec_thread_free(t);
    }
    __atomic_store_n(&x->paused, true, __ATOMIC_SEQ_CST);
    machine_unlock(m);
}

/* -- changes of the map -------------------------------------------------------------------------------------------------- */

/* By a CPU's own access: its next instruction sees it. */
static void space_changed(void *opaque, AddressSpace *as)
{
    static const TlbFlush all = { .globals = true };
    ExecMachine *x = opaque;

    for (unsigned i = 0; i < x->threads->len; i++) {
        ExecThread *t = x->threads->pdata[i];
        bool own = __atomic_load_n(&t->self, __ATOMIC_RELAXED) == g_thread_self();

        for (unsigned k = 0; k < t->cpus->len; k++) {
            CPUState *cs = t->cpus->pdata[k];

            if (cs->as == as && own) {
                tlb_flush(cs, &all);            /* what the access under way knows of its page is a copy */
                cpu_leave(cs);                  /* jumps between blocks of a page do not ask */
            } else if (cs->as == as) {
                tlb_post(cs, &all);
            }
        }
    }
}

void exec_watch_space(ExecMachine *x, AddressSpace *as)
{
    MemoryListener l = { space_changed, x };

    address_space_remove_listener(as, x);
    address_space_add_listener(as, &l);
}
