/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Address spaces: regions flattened into one sorted list of ranges per physical address space, published whole, and
 * the accesses that go through them. A view is read inside an epoch (epoch.h) and retired when replaced.
 */
#include "core/bits.h"
#include "core/exec/exec_int.h"
#include "core/exec/host16_int.h"
#include "core/exec/memory_int.h"
#include "core/log.h"

typedef struct FlatRange {
    hwaddr start, last;
    hwaddr offset;                              /* in mr, of start */
    MemoryRegion *mr;
    uint64_t readonly;                          /* a bool without padding: views are compared as bytes */
} FlatRange;

struct FlatView {
    unsigned refs;                              /* PAS that share it; written under the machine lock */
    unsigned num;
    FlatRange range[];
};

/*
 * The largest range of RAM that a view has, where nearly all accesses go. It can be read without an epoch: `version` is odd
 * while it is written, and another one afterwards.
 */
typedef struct MainRam {
    unsigned version;                           /* atomic, as all of it */
    hwaddr start, last, offset;
    MemoryRegion *mr;                           /* NULL: there is none */
} MainRam;

struct AddressSpace {
    ExecMachine *x;
    bool own_x;
    MemoryRegion *root;
    char *name;
    FlatView *view[NUM_PAS];                    /* atomic */
    MainRam main[NUM_PAS];
    GArray *listeners;                          /* MemoryListener */
    bool dirty;
};

/* -- flattening ---------------------------------------------------------------------------------------------------- */

/* Addresses while rendering go beyond 64 bits on both sides (an alias's base, the end of everything). */
typedef __int128 wide;

static wide region_size(const MemoryRegion *mr)
{
    return mr->size == UINT64_MAX ? (wide)1 << 64 : (wide)mr->size;
}

/* Puts [start, end) of mr where nothing is yet: what was rendered before is on top. */
static void place(GArray *ranges, MemoryRegion *mr, wide base, wide start, wide end, bool readonly)
{
    unsigned i = 0;

    while (i < ranges->len && g_array_index(ranges, FlatRange, i).last < start) {
        i++;
    }
    while (start < end) {
        wide gap_end = end;

        if (i < ranges->len) {
            const FlatRange *r = &g_array_index(ranges, FlatRange, i);

            if (r->start <= start) {
                start = (wide)r->last + 1;
                i++;
                continue;
            }
            gap_end = MIN(end, (wide)r->start);
        }
        FlatRange n = {
            .start = start, .last = gap_end - 1, .offset = start - base, .mr = mr, .readonly = readonly,
        };
        g_array_insert_val(ranges, i, n);
        i++;
        start = gap_end;
    }
}

static void render(GArray *ranges, MemoryRegion *mr, wide base, wide start, wide end, bool readonly, Pas pas)
{
    if (!mr->enabled || (mr->pas_mask && !(mr->pas_mask & 1u << pas))) {
        return;
    }
    start = MAX(start, base);
    end = MIN(end, base + region_size(mr));
    if (start >= end) {
        return;
    }
    readonly |= mr->readonly;
    for (unsigned i = 0; mr->subregions && i < mr->subregions->len; i++) {
        MemoryRegion *sub = mr->subregions->pdata[i];

        render(ranges, sub, base + sub->addr, start, end, readonly, pas);
    }
    if (mr->kind == MR_ALIAS) {
        if (mr->alias) {
            render(ranges, mr->alias, base - mr->alias_offset, start, end, readonly, pas);
        }
    } else if (mr->kind != MR_CONTAINER) {
        place(ranges, mr, base, start, end, readonly);
    }
}

static FlatView *flatten(AddressSpace *as, Pas pas)
{
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(FlatRange));
    unsigned num = 0;
    FlatView *v;

    if (as->root) {
        render(ranges, as->root, 0, 0, (wide)1 << 64, false, pas);
    }
    for (unsigned i = 0; i < ranges->len; i++) {
        const FlatRange *r = &g_array_index(ranges, FlatRange, i);
        FlatRange *prev = num ? &g_array_index(ranges, FlatRange, num - 1) : NULL;

        if (prev && prev->mr == r->mr && prev->last + 1 == r->start && prev->readonly == r->readonly &&
            prev->offset + (r->start - prev->start) == r->offset) {
            prev->last = r->last;
        } else {
            g_array_index(ranges, FlatRange, num) = *r;
            num++;
        }
    }
    v = g_malloc(sizeof(FlatView) + num * sizeof(FlatRange));
    v->refs = 1;
    v->num = num;
    if (num) {
        memcpy(v->range, ranges->data, num * sizeof(FlatRange));
    }
    for (unsigned i = 0; i < num; i++) {
        if (v->range[i].mr->machine != as->x->machine) {
            v->range[i].mr->machine = as->x->machine;
        }
    }
    g_array_unref(ranges);
    return v;
}

/* Under the machine lock: until main_end nobody takes what *m says. */
static void main_begin(MainRam *m)
{
    __atomic_store_n(&m->version, m->version + 1, __ATOMIC_SEQ_CST);
}

static void main_end(MainRam *m, const FlatView *v)
{
    FlatRange best = { .start = 1 };

    for (unsigned i = 0; i < v->num; i++) {
        const FlatRange *r = &v->range[i];

        if (r->mr->kind == MR_RAM && !r->readonly && (!best.mr || r->last - r->start > best.last - best.start)) {
            best = *r;
        }
    }
    __atomic_store_n(&m->start, best.start, __ATOMIC_RELAXED);
    __atomic_store_n(&m->last, best.last, __ATOMIC_RELAXED);
    __atomic_store_n(&m->offset, best.offset, __ATOMIC_RELAXED);
    __atomic_store_n(&m->mr, best.mr, __ATOMIC_RELAXED);
    __atomic_store_n(&m->version, m->version + 1, __ATOMIC_RELEASE);
}

static bool main_has(const MainRam *m, hwaddr addr, MemorySection *ret)
{
    unsigned version = __atomic_load_n(&m->version, __ATOMIC_ACQUIRE);
    hwaddr start = __atomic_load_n(&m->start, __ATOMIC_RELAXED), last = __atomic_load_n(&m->last, __ATOMIC_RELAXED);

    if (addr < start || addr > last || version & 1) {
        return false;
    }
    *ret = (MemorySection){
        .mr = __atomic_load_n(&m->mr, __ATOMIC_RELAXED), .start = start, .last = last,
        .offset = __atomic_load_n(&m->offset, __ATOMIC_RELAXED) + (addr - start),
    };
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return ret->mr && __atomic_load_n(&m->version, __ATOMIC_RELAXED) == version;
}

static void rebuild(AddressSpace *as)
{
    FlatView *old[NUM_PAS];

    as->dirty = false;
    memcpy(old, as->view, sizeof(old));
    for (unsigned pas = 0; pas < NUM_PAS; pas++) {
        FlatView *v = flatten(as, pas);

        /* Views are mostly alike: one serves them all. */
        for (unsigned i = 0; i < pas; i++) {
            FlatView *o = as->view[i];

            if (o->num == v->num && memcmp(o->range, v->range, v->num * sizeof(FlatRange)) == 0) {
                g_free(v);
                v = o;
                v->refs++;
                break;
            }
        }
        main_begin(&as->main[pas]);
        __atomic_store_n(&as->view[pas], v, __ATOMIC_SEQ_CST);
        main_end(&as->main[pas], v);
    }
    for (unsigned i = 0; i < as->listeners->len; i++) {
        const MemoryListener *l = &g_array_index(as->listeners, MemoryListener, i);

        l->changed(l->opaque, as);
    }
    for (unsigned pas = 0; pas < NUM_PAS; pas++) {
        if (old[pas] && --old[pas]->refs == 0) {
            epoch_retire(as->x->epoch, g_free, old[pas]);
        }
    }
}

void address_space_update(AddressSpace *as)
{
    machine_lock(as->x->machine);
    if (as->x->tx_depth) {
        as->dirty = true;
    } else {
        rebuild(as);
    }
    machine_unlock(as->x->machine);
}

void address_space_lose_root(AddressSpace *as)
{
    machine_lock(as->x->machine);
    as->root = NULL;
    rebuild(as);
    machine_unlock(as->x->machine);
}

void memory_transaction_begin(Machine *m)
{
    if (m) {
        machine_lock(m);
        exec_machine(m)->tx_depth++;
        machine_unlock(m);
    }
}

void memory_transaction_commit(Machine *m)
{
    ExecMachine *x;

    if (!m) {
        return;
    }
    machine_lock(m);
    x = exec_machine(m);
    g_assert(x->tx_depth > 0);
    if (--x->tx_depth == 0) {
        for (unsigned i = 0; i < x->spaces->len; i++) {
            AddressSpace *as = x->spaces->pdata[i];

            if (as->dirty) {
                rebuild(as);
            }
        }
    }
    machine_unlock(m);
}

AddressSpace *address_space_new(Machine *m, MemoryRegion *root, const char *name)
{
    AddressSpace *as = g_new0(AddressSpace, 1);

    as->own_x = !m;
    as->x = m ? exec_machine(m) : exec_machine_new(NULL);
    as->root = root;
    as->name = g_strdup(name);
    as->listeners = g_array_new(FALSE, FALSE, sizeof(MemoryListener));
    machine_lock(m);
    if (!root->spaces) {
        root->spaces = g_ptr_array_new();
    }
    g_ptr_array_add(root->spaces, as);
    g_ptr_array_add(as->x->spaces, as);
    rebuild(as);
    machine_unlock(m);
    return as;
}

void address_space_free(AddressSpace *as)
{
    Machine *m;

    if (!as) {
        return;
    }
    m = as->x->machine;
    machine_lock(m);
    if (as->root) {
        g_ptr_array_remove(as->root->spaces, as);
    }
    g_ptr_array_remove(as->x->spaces, as);
    machine_unlock(m);
    for (unsigned pas = 0; pas < NUM_PAS; pas++) {
        if (--as->view[pas]->refs == 0) {
            epoch_retire(as->x->epoch, g_free, as->view[pas]);
        }
    }
    if (as->own_x) {
        exec_machine_free(as->x);
    }
    g_array_unref(as->listeners);
    g_free(as->name);
    g_free(as);
}

MemoryRegion *address_space_root(const AddressSpace *as)
{
    return as->root;
}

const char *address_space_name(const AddressSpace *as)
{
    return as->name;
}

void address_space_add_listener(AddressSpace *as, const MemoryListener *l)
{
    machine_lock(as->x->machine);
    g_array_append_val(as->listeners, *l);
    machine_unlock(as->x->machine);
}

void address_space_remove_listener(AddressSpace *as, void *opaque)
{
    machine_lock(as->x->machine);
    for (unsigned i = 0; i < as->listeners->len; i++) {
        if (g_array_index(as->listeners, MemoryListener, i).opaque == opaque) {
            g_array_remove_index(as->listeners, i);
            break;
        }
    }
    machine_unlock(as->x->machine);
}

/* -- looking up -------------------------------------------------------------------------------------------------- */

static MemorySection lookup(const FlatView *v, hwaddr addr)
{
    MemorySection s = { .start = 0, .last = UINT64_MAX };
    unsigned lo = 0, hi = v->num;

    while (lo < hi) {                           /* the first range that ends at addr or later */
        unsigned mid = (lo + hi) / 2;

        if (v->range[mid].last < addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (lo < v->num && v->range[lo].start <= addr) {
        const FlatRange *r = &v->range[lo];

        s.mr = r->mr;
        s.offset = r->offset + (addr - r->start);
        s.start = r->start;
        s.last = r->last;
        s.readonly = r->readonly;
        return s;
    }
    if (lo > 0) {
        s.start = v->range[lo - 1].last + 1;
    }
    if (lo < v->num) {
        s.last = v->range[lo].start - 1;
    }
    return s;
}

MemorySection address_space_lookup(AddressSpace *as, hwaddr addr, Pas pas)
{
    MemorySection s;
    unsigned token;

    if (main_has(&as->main[pas], addr, &s)) {
        return s;
    }
    token = epoch_enter(as->x->epoch);
    s = lookup(__atomic_load_n(&as->view[pas], __ATOMIC_SEQ_CST), addr);
    epoch_leave(as->x->epoch, token);
    return s;
}

/* Follows IOMMUs; *as and *addr become where the access ends. A section without a region: refused. */
static MemorySection resolve(AddressSpace **as, hwaddr *addr, MemTxAttrs attrs, bool write)
{
    MemorySection s = address_space_lookup(*as, *addr, attrs.pas);

    for (unsigned depth = 0; s.mr && s.mr->kind == MR_IOMMU; depth++) {
        IommuEntry e = s.mr->translate(s.mr->opaque, s.offset, attrs, write);
        hwaddr left = e.mask - (s.offset & e.mask);     /* bytes after this one that translate alike */
        hwaddr room = s.last - *addr;

        if (depth == 4 || !e.target || !(write ? e.writable : e.readable)) {
            return (MemorySection){ .start = *addr, .last = *addr + MIN(left, room) };
        }
        *addr = (e.addr & ~e.mask) | (s.offset & e.mask);
        *as = e.target;
        s = address_space_lookup(*as, *addr, attrs.pas);
        s.last = MIN(s.last, *addr + MIN(left, room));
        s.start = MAX(s.start, *addr);
    }
    return s;
}

/* Why an access to where nothing answers fails. */
static MemTxResult nothing(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, bool write)
{
    if (!attrs.debug) {
        log_guest_error("%s: %s at 0x%" G_GINT64_MODIFIER "x, where nothing is\n", as->name, write ? "write" : "read",
                        addr);
    }
    return MEMTX_DECODE_ERROR;
}

static void write_ram(const MemorySection *s, AddressSpace *as, hwaddr addr, MemTxAttrs attrs, const void *buf,
                      uint64_t len)
{
    if (s->readonly && !attrs.debug) {
        log_guest_error("%s: write to ROM at 0x%" G_GINT64_MODIFIER "x ignored\n", as->name, addr);
        return;
    }
    ram_write(s->mr->ram->host + s->offset, buf, len);
    ram_written(s->mr->ram, s->offset, len);
}

static MemTxResult any_length(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, uint8_t *buf, uint64_t len, bool write)
{
    MemTxResult result = MEMTX_OK;

    while (len) {
        AddressSpace *at = as;
        hwaddr where = addr;
        MemorySection s = resolve(&at, &where, attrs, write);
        uint64_t run = MIN(len - 1, s.last - where) + 1;
        MemTxResult res = MEMTX_OK;

        if (!s.mr) {
            res = nothing(at, where, attrs, write);
            if (!write) {
                memset(buf, 0, run);
            }
        } else if (memory_region_is_ram(s.mr, write) || (attrs.debug && s.mr->ram)) {
            if (write) {
                write_ram(&s, at, where, attrs, buf, run);
            } else {
                ram_read(s.mr->ram->host + s.offset, buf, run);
            }
        } else {
            unsigned size = memory_region_best_size(s.mr, s.offset, run);
            uint64_t v = 0;

            if (!size) {
                res = MEMTX_DECODE_ERROR;
                size = 1;
            } else if (write) {
                memcpy(&v, buf, size);
                res = memory_region_access(s.mr, s.offset, size, &v, attrs, true);
            } else {
                res = memory_region_access(s.mr, s.offset, size, &v, attrs, false);
            }
            if (!write) {
                memcpy(buf, &v, size);
            }
            run = size;
        }
        result = result == MEMTX_OK ? res : result;
        buf += run;
        addr += run;
        len -= run;
    }
    return result;
}

MemTxResult address_space_read(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, void *buf, uint64_t len)
{
    return any_length(as, addr, attrs, buf, len, false);
}

MemTxResult address_space_write(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, const void *buf, uint64_t len)
{
    return any_length(as, addr, attrs, (uint8_t *)buf, len, true);
}

/* One access. value is in the bytes' order. */
static MemTxResult one(AddressSpace *as, hwaddr addr, unsigned size, uint64_t *value, MemTxAttrs attrs, bool write)
{
    AddressSpace *at = as;
    hwaddr where = addr;
    MemorySection s = resolve(&at, &where, attrs, write);

    if (!s.mr) {
        if (!write) {
            *value = 0;
        }
        return nothing(at, where, attrs, write);
    }
    if (s.last - where < size - 1) {
        return any_length(as, addr, attrs, (uint8_t *)value, size, write);
    }
    if (memory_region_is_ram(s.mr, write) || (attrs.debug && s.mr->ram)) {
        if (write) {
            write_ram(&s, at, where, attrs, value, size);
        } else {
            *value = 0;
            ram_read(s.mr->ram->host + s.offset, value, size);
        }
        return MEMTX_OK;
    }
    return memory_region_access(s.mr, s.offset, size, value, attrs, write);
}

uint64_t address_space_ld(AddressSpace *as, hwaddr addr, unsigned size, bool big_endian, MemTxAttrs attrs,
                          MemTxResult *result)
{
    MemTxResult res = MEMTX_OK;
    MemorySection s;
    uint64_t v = 0;

    if (size == 8 && main_has(&as->main[attrs.pas], addr, &s) && s.last - addr >= 7 && (s.offset & 7) == 0) {
        v = __atomic_load_n((const uint64_t *)(s.mr->ram->host + s.offset), __ATOMIC_RELAXED);  /* as walks of tables do */
    } else {
        res = one(as, addr, size, &v, attrs, false);
    }
    if (result) {
        *result = res;
    }
    return big_endian ? bswap_size(v, size) : v;
}

void address_space_st(AddressSpace *as, hwaddr addr, unsigned size, bool big_endian, uint64_t value, MemTxAttrs attrs,
                      MemTxResult *result)
{
    uint64_t v = big_endian ? bswap_size(value, size) : value;
    MemTxResult res = one(as, addr, size, &v, attrs, true);

    if (result) {
        *result = res;
    }
}

uint64_t address_space_cas(AddressSpace *as, hwaddr addr, unsigned size, uint64_t expect, uint64_t value,
                           MemTxAttrs attrs, MemTxResult *result)
{
    MemorySection s = resolve(&as, &addr, attrs, true);
    MemTxResult res = MEMTX_ERROR;
    uint64_t old = 0;

    g_assert(size == 4 || size == 8);
    if (s.mr && s.mr->kind == MR_RAM && !s.readonly && s.last - addr >= size - 1 && (addr & (size - 1)) == 0) {
        void *host = s.mr->ram->host + s.offset;

        res = MEMTX_OK;
        if (size == 4) {
            uint32_t e = expect;

            __atomic_compare_exchange_n((uint32_t *)host, &e, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
            old = e;
        } else {
            uint64_t e = expect;

            __atomic_compare_exchange_n((uint64_t *)host, &e, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
            old = e;
        }
        if (old == expect) {
            ram_written(s.mr->ram, s.offset, size);
        }
    }
    if (result) {
        *result = res;
    }
    return old;
}

static u128 join16(const uint64_t v[2], bool big_endian)
{
    return big_endian ? (u128)bswap64(v[0]) << 64 | bswap64(v[1]) : (u128)v[1] << 64 | v[0];
}

static void split16(u128 v, bool big_endian, uint64_t ret[2])
{
    uint64_t lo = (uint64_t)v, hi = (uint64_t)(v >> 64);

    ret[0] = big_endian ? bswap64(hi) : lo;
    ret[1] = big_endian ? bswap64(lo) : hi;
}

/* Where 16 aligned bytes of RAM are, or NULL. */
static void *find16(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, bool write, MemorySection *ret)
{
    MemorySection s = resolve(&as, &addr, attrs, write);

    *ret = s;
    if (!s.mr || !memory_region_is_ram(s.mr, write) || (write && s.readonly) || s.last - addr < 15 || (addr & 15) ||
        (s.offset & 15)) {
        return NULL;
    }
    return s.mr->ram->host + s.offset;
}

void address_space_ld128(AddressSpace *as, hwaddr addr, bool big_endian, MemTxAttrs attrs, uint64_t ret[2],
                         MemTxResult *result)
{
    MemorySection s;
    void *host = find16(as, addr, attrs, false, &s);

    split16(host ? host_load16(host) : 0, big_endian, ret);
    *result = host ? MEMTX_OK : s.mr ? MEMTX_ERROR : MEMTX_DECODE_ERROR;
}

bool address_space_cas128(AddressSpace *as, hwaddr addr, bool big_endian, uint64_t expect_ret[2],
                          const uint64_t value[2], MemTxAttrs attrs, MemTxResult *result)
{
    MemorySection s;
    void *host = find16(as, addr, attrs, true, &s);
    u128 expect = join16(expect_ret, big_endian);
    bool same = false;

    if (host) {
        same = host_cas16(host, &expect, join16(value, big_endian));
        split16(expect, big_endian, expect_ret);
        if (same) {
            ram_written(s.mr->ram, s.offset, 16);
        }
    }
    *result = host ? MEMTX_OK : MEMTX_ERROR;
    return same;
}

void *address_space_ram_ptr(AddressSpace *as, hwaddr addr, uint64_t len, MemTxAttrs attrs)
{
    MemorySection s = address_space_lookup(as, addr, attrs.pas);

    if (!s.mr || s.mr->kind != MR_RAM || s.readonly || len == 0 || s.last - addr < len - 1) {
        return NULL;
    }
    return s.mr->ram->host + s.offset;
}

void address_space_dump(AddressSpace *as, GString *out)
{
    static const char *const names[NUM_PAS] = { "secure", "non-secure", "root", "realm" };
    unsigned token = epoch_enter(as->x->epoch);

    for (unsigned pas = 0; pas < NUM_PAS; pas++) {
        const FlatView *v = __atomic_load_n(&as->view[pas], __ATOMIC_SEQ_CST);
        unsigned same = 0;

        while (same < pas && __atomic_load_n(&as->view[same], __ATOMIC_SEQ_CST) != v) {
            same++;
        }
        g_string_append_printf(out, "%s, %s", as->name, names[pas]);
        if (same < pas) {
            g_string_append_printf(out, ": as %s\n", names[same]);
            continue;
        }
        g_string_append(out, ":\n");
        for (unsigned i = 0; i < v->num; i++) {
            const FlatRange *r = &v->range[i];

            g_string_append_printf(out, "  %016" G_GINT64_MODIFIER "x-%016" G_GINT64_MODIFIER "x %s @%016"
                                   G_GINT64_MODIFIER "x%s", r->start, r->last, r->mr->name, r->offset,
                                   r->readonly ? " (read only)" : "");
            memory_region_append_owner(r->mr, out);
            g_string_append_c(out, '\n');
        }
    }
    epoch_leave(as->x->epoch, token);
}
