/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Contexts whose code is alike. A kernel that is mapped without global translations, as page table isolation does it, is a
 * context of its own in each process, though all of them walk the same tables for it. An entry of the jump cache for one is
 * right for the others if a walk in those reads what the walk that it was made of had read. So of each page of code the
 * descriptors are kept, with what was in them, and a context uses such entries when it was looked whether all of them still
 * say the same: a processor might have walked for all these pages at that time. What flushes a context flushes that it
 * was looked; what flushes one of the pages ends the group.
 */
#include "core/bits.h"
#include "core/exec/exec_int.h"

enum { ROWS = 4, MAX_DESCS = 16384, MAX_ASKED = 64 };

typedef struct Desc {
    const uint64_t *at;
    uint64_t value;
} Desc;

typedef struct Group {
    CodeGroup is;
    uint64_t serial;                            /* a number that was never used before; 0: the row is free */
    uint64_t used;                              /* when, for replacement */
    GArray *descs;                              /* Desc */
    GHashTable *known;                          /* descriptors, by address: place in descs + 1; translations, as odd numbers */
    uint64_t shifts;                            /* bit n: some are of 2^n bytes */
    uint64_t lo, hi;                            /* all lie between, addresses without tag */
} Group;

struct Alike {
    Group row[ROWS];
    uint64_t last_serial, now;
    unsigned num;                               /* rows that are not free */
};

static Alike *alike_of(CPUState *cs)
{
    CPUExec *e = cs->exec;

    if (!e->alike) {
        e->alike = g_new0(Alike, 1);
        for (unsigned i = 0; i < ROWS; i++) {
            e->alike->row[i].descs = g_array_new(FALSE, FALSE, sizeof(Desc));
            e->alike->row[i].known = g_hash_table_new(g_direct_hash, g_direct_equal);
        }
    }
    return e->alike;
}

void alike_free(CPUState *cs)
{
    Alike *a = cs->exec->alike;

    for (unsigned i = 0; a && i < ROWS; i++) {
        g_array_unref(a->row[i].descs);
        g_hash_table_unref(a->row[i].known);
    }
    g_clear_pointer(&cs->exec->alike, g_free);
}

static void group_end(Alike *a, Group *g)
{
    if (g->serial) {
        g->serial = g->shifts = 0;
        g_array_set_size(g->descs, 0);
        g_hash_table_remove_all(g->known);
        a->num--;
    }
}

static bool group_is(const Group *g, const CodeGroup *is)
{
    return g->serial && g->is.first == is->first && g->is.id[0] == is->id[0] && g->is.id[1] == is->id[1] &&
           g->is.id[2] == is->id[2] && g->is.id[3] == is->id[3];
}

static Group *group_get(Alike *a, const CodeGroup *is)
{
    Group *oldest = &a->row[0];

    for (unsigned i = 0; i < ROWS; i++) {
        Group *g = &a->row[i];

        if (group_is(g, is)) {
            return g;
        }
        oldest = g->used < oldest->used || (oldest->serial && !g->serial) ? g : oldest;
    }
    group_end(a, oldest);
    oldest->is = *is;
    oldest->serial = ++a->last_serial;
    oldest->lo = UINT64_MAX;
    oldest->hi = 0;
    a->num++;
    return oldest;
}

static bool still_says(const Desc *d)
{
    return __atomic_load_n(d->at, __ATOMIC_RELAXED) == d->value;
}

/* The group of all whose descriptors a context was found to say the same; NULL: there is none. */
static Group *group_of(Alike *a, const TlbAlike *c)
{
    for (unsigned i = 0; a && i < ROWS; i++) {
        Group *g = &a->row[i];

        if (g->serial && g->serial == c->serial && g->descs->len == c->upto) {
            return g;
        }
    }
    return NULL;
}

/* The group that the context which fetches is found to belong to; NULL: to none. */
static Group *group_now(CPUState *cs)
{
    const CPUClass *cc = cs->exec->ec->cc;
    Alike *a = cs->exec->alike;
    CodeGroup is;
    TlbAlike *c;
    Group *g;

    if (!cc->code_group || !cc->code_group(cs, cs->fetch_mmu, &is)) {
        return NULL;
    }
    c = tlb_alike(cs, cs->fetch_mmu);
    g = group_of(a, c);
    if (g && group_is(g, &is)) {
        return g;
    }
    a = alike_of(cs);
    g = group_get(a, &is);
    g->used = ++a->now;
    for (unsigned i = c->serial == g->serial ? c->upto : 0; i < g->descs->len; i++) {
        if (!still_says(&g_array_index(g->descs, Desc, i))) {
            group_end(a, g);
            g = group_get(a, &is);
            break;
        }
    }
    *c = (TlbAlike){ g->serial, g->descs->len };
    return g;
}

uint64_t alike_group(CPUState *cs)
{
    const Group *g = group_now(cs);

    return g ? g->serial : 0;
}

static vaddr untagged(vaddr addr)
{
    return addr & mask64(0, 56);
}

static void *key_of(vaddr addr, unsigned shift)
{
    return (void *)(uintptr_t)(untagged(addr) >> shift << 7 | shift << 1 | 1);
}

static bool has(const Group *g, vaddr addr)
{
    for (uint64_t shifts = g->shifts; shifts; shifts &= shifts - 1) {
        if (g_hash_table_contains(g->known, key_of(addr, ctz64(shifts)))) {
            return true;
        }
    }
    return false;
}

/* Adds what a walk read. False: the page has no place in the group. */
static bool add(CPUState *cs, Alike *a, Group *g, vaddr pc)
{
    TlbWalk w = { 0 };

    if (!cs->exec->ec->cc->walk_code(cs, pc, cs->fetch_mmu, &w) || !tlb_is_as(cs, &w.page, cs->fetch_mmu)) {
        return false;
    }
    if (g->descs->len + w.num > MAX_DESCS) {
        group_end(a, g);
        cpu_mode_changed(cs);                   /* into a new one */
        return false;
    }
    /* what is known said the same when this context was looked at; a page of it that now says something else ends that */
    for (unsigned i = 0; i < w.num; i++) {
        Desc d = { w.at[i], w.value[i] };
        unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(g->known, d.at));

        if (!still_says(&d) || (n && g_array_index(g->descs, Desc, n - 1).value != d.value)) {
            group_end(a, g);
            cpu_mode_changed(cs);
            return false;
        }
        if (!n) {
            g_array_append_val(g->descs, d);
            g_hash_table_insert(g->known, (void *)d.at, GUINT_TO_POINTER(g->descs->len));
        }
    }
    g_hash_table_insert(g->known, key_of(pc, ctz64(w.page.size)), GUINT_TO_POINTER(1));
    g->shifts |= w.page.size;
    g->lo = MIN(g->lo, untagged(pc) & ~(w.page.size - 1));
    g->hi = MAX(g->hi, untagged(pc) | (w.page.size - 1));
    *tlb_alike(cs, cs->fetch_mmu) = (TlbAlike){ g->serial, g->descs->len };
    return true;
}

bool alike_has(CPUState *cs, vaddr pc)
{
    Alike *a = cs->exec->alike;
    Group *g = group_of(a, tlb_alike(cs, cs->fetch_mmu));

    return g && pc >= g->is.first && (has(g, pc) || add(cs, a, g, pc));
}

/* Whether a translation of 2^shift bytes that the group has lies in a range. */
static bool in_range(const Group *g, unsigned shift, vaddr first, vaddr last)
{
    uint64_t blocks = (last >> shift) - (first >> shift);

    for (uint64_t n = 0; n <= blocks && blocks <= MAX_ASKED; n++) {
        if (g_hash_table_contains(g->known, key_of(first + (n << shift), shift))) {
            return true;
        }
    }
    return blocks > MAX_ASKED;
}

void alike_flush(CPUState *cs, vaddr first, vaddr last)
{
    Alike *a = cs->exec->alike;

    for (unsigned i = 0; a && a->num && i < ROWS; i++) {
        Group *g = &a->row[i];

        if (untagged(first) <= untagged(last) && (untagged(first) > g->hi || untagged(last) < g->lo)) {
            continue;
        }
        for (uint64_t shifts = g->shifts; shifts; shifts &= shifts - 1) {
            if (in_range(g, ctz64(shifts), first, last)) {
                group_end(a, g);
                cpu_mode_changed(cs);
                break;
            }
        }
    }
}

void alike_forget(CPUState *cs)
{
    Alike *a = cs->exec->alike;

    for (unsigned i = 0; a && i < ROWS; i++) {
        group_end(a, &a->row[i]);
    }
    cpu_mode_changed(cs);
}
