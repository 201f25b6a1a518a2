/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory regions: making them, nesting them, and calling the device behind one. How regions become what a CPU sees
 * at an address is address_space.c.
 */
#include "core/bits.h"
#include "core/exec/exec_int.h"
#include "core/exec/memory_int.h"
#include "core/log.h"

static void init(MemoryRegion *mr, Object *owner, const char *name, MemoryRegionKind kind, uint64_t size)
{
    g_assert(size > 0);
    *mr = (MemoryRegion){
        .name = g_strdup(name), .kind = kind, .owner = owner, .size = size, .enabled = true,
    };
}

void memory_region_init(MemoryRegion *mr, Object *owner, const char *name, uint64_t size)
{
    init(mr, owner, name, MR_CONTAINER, size);
}

void memory_region_init_io(MemoryRegion *mr, Object *owner, const MemoryRegionOps *ops, void *opaque, const char *name,
                           uint64_t size)
{
    init(mr, owner, name, MR_MMIO, size);
    mr->ops = ops;
    mr->opaque = opaque;
}

bool memory_region_init_ram(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, GError **error)
{
    init(mr, owner, name, MR_RAM, size);
    mr->ram = ram_block_new(name, size, error);
    return mr->ram != NULL;
}

bool memory_region_init_rom(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, GError **error)
{
    bool ok = memory_region_init_ram(mr, owner, name, size, error);

    mr->readonly = true;
    return ok;
}

bool memory_region_init_rom_device(MemoryRegion *mr, Object *owner, const MemoryRegionOps *ops, void *opaque,
                                   const char *name, uint64_t size, GError **error)
{
    init(mr, owner, name, MR_ROM_DEVICE, size);
    mr->ops = ops;
    mr->opaque = opaque;
    mr->rom_reads = true;
    mr->ram = ram_block_new(name, size, error);
    return mr->ram != NULL;
}

void memory_region_init_alias(MemoryRegion *mr, Object *owner, const char *name, MemoryRegion *target, hwaddr offset,
                              uint64_t size)
{
    init(mr, owner, name, MR_ALIAS, size);
    mr->alias = target;
    mr->alias_offset = offset;
    if (!target->aliases) {
        target->aliases = g_ptr_array_new();
    }
    g_ptr_array_add(target->aliases, mr);
}

void memory_region_init_iommu(MemoryRegion *mr, Object *owner, const char *name, uint64_t size,
                              IommuEntry (*translate)(void *, hwaddr, MemTxAttrs, bool), void *opaque)
{
    init(mr, owner, name, MR_IOMMU, size);
    mr->translate = translate;
    mr->opaque = opaque;
}

void memory_region_destroy(MemoryRegion *mr)
{
    if (!mr || !mr->name) {
        return;
    }
    if (mr->container) {
        memory_region_del(mr->container, mr);
    }
    while (mr->subregions && mr->subregions->len) {
        memory_region_del(mr, mr->subregions->pdata[mr->subregions->len - 1]);
    }
    while (mr->aliases && mr->aliases->len) {
        MemoryRegion *a = mr->aliases->pdata[mr->aliases->len - 1];

        if (a->container) {
            memory_region_del(a->container, a);
        }
        a->alias = NULL;
        g_ptr_array_set_size(mr->aliases, mr->aliases->len - 1);
    }
    if (mr->alias) {
        g_ptr_array_remove(mr->alias->aliases, mr);
    }
    for (unsigned i = 0; mr->spaces && i < mr->spaces->len; i++) {
        address_space_lose_root(mr->spaces->pdata[i]);
    }
    g_clear_pointer(&mr->subregions, g_ptr_array_unref);
    g_clear_pointer(&mr->aliases, g_ptr_array_unref);
    g_clear_pointer(&mr->spaces, g_ptr_array_unref);
    if (mr->kind != MR_MMIO) {
        g_clear_pointer(&mr->ram, ram_block_free);
    }
    g_free((char *)mr->name);
    mr->name = NULL;
}

void memory_region_changed(MemoryRegion *mr)
{
    for (unsigned i = 0; mr->spaces && i < mr->spaces->len; i++) {
        address_space_update(mr->spaces->pdata[i]);
    }
    for (unsigned i = 0; mr->aliases && i < mr->aliases->len; i++) {
        memory_region_changed(mr->aliases->pdata[i]);
    }
    if (mr->container) {
        memory_region_changed(mr->container);
    }
}

void memory_region_add(MemoryRegion *container, hwaddr addr, MemoryRegion *mr, int priority)
{
    unsigned i = 0;

    g_assert(!mr->container);
    mr->container = container;
    mr->addr = addr;
    mr->priority = priority;
    if (!container->subregions) {
        container->subregions = g_ptr_array_new();
    }
    /* Highest priority first; among equals the newest. */
    while (i < container->subregions->len && ((MemoryRegion *)container->subregions->pdata[i])->priority > priority) {
        i++;
    }
    g_ptr_array_insert(container->subregions, i, mr);
    memory_region_changed(container);
}

void memory_region_del(MemoryRegion *container, MemoryRegion *mr)
{
    g_assert(mr->container == container);
    g_ptr_array_remove(container->subregions, mr);
    mr->container = NULL;
    memory_region_changed(container);
}

void memory_region_set_enabled(MemoryRegion *mr, bool enabled)
{
    if (mr->enabled != enabled) {
        mr->enabled = enabled;
        memory_region_changed(mr);
    }
}

void memory_region_set_readonly(MemoryRegion *mr, bool readonly)
{
    if (mr->readonly != readonly) {
        mr->readonly = readonly;
        memory_region_changed(mr);
    }
}

void memory_region_rom_device_set_romd(MemoryRegion *mr, bool reads_memory)
{
    g_assert(mr->kind == MR_ROM_DEVICE);
    if (mr->rom_reads != reads_memory) {
        mr->rom_reads = reads_memory;
        memory_region_changed(mr);
    }
}

void *memory_region_ram_ptr(MemoryRegion *mr)
{
    return mr->ram ? mr->ram->host : NULL;
}

void memory_region_fill(MemoryRegion *mr, uint64_t offset, uint8_t v)
{
    ram_fill(mr->ram, offset, v);
}

/* -- calling the device ---------------------------------------------------------------------------------------- */

static unsigned min_size(const MemoryRegion *mr)
{
    return mr->ops->min_size ? mr->ops->min_size : 1;
}

static unsigned max_size(const MemoryRegion *mr)
{
    return mr->ops->max_size ? mr->ops->max_size : 4;
}

unsigned memory_region_best_size(const MemoryRegion *mr, hwaddr offset, uint64_t len)
{
    unsigned size = max_size(mr);

    while (size >= min_size(mr) && (size > len || (!mr->ops->unaligned && offset & (size - 1)))) {
        size >>= 1;
    }
    return size >= min_size(mr) ? size : 0;
}

/* One call. value is in the bytes' order (lowest first). */
static MemTxResult call(MemoryRegion *mr, hwaddr offset, unsigned size, uint64_t *value, MemTxAttrs attrs, bool write)
{
    const MemoryRegionOps *ops = mr->ops;
    uint64_t v = write ? *value & mask64(0, 8 * size) : 0;
    MemTxResult res;

    if (write) {
        return ops->write(mr->opaque, offset, size, ops->big_endian ? bswap_size(v, size) : v, attrs);
    }
    res = ops->read(mr->opaque, offset, size, &v, attrs);
    v &= mask64(0, 8 * size);
    *value = ops->big_endian ? bswap_size(v, size) : v;
    return res;
}

static MemTxResult call_sized(MemoryRegion *mr, hwaddr offset, unsigned size, uint64_t *value, MemTxAttrs attrs,
                              bool write)
{
    unsigned impl_min = mr->ops->impl_min ? mr->ops->impl_min : min_size(mr);
    unsigned impl_max = mr->ops->impl_max ? mr->ops->impl_max : max_size(mr);
    MemTxResult res = MEMTX_OK;

    if (size > impl_max) {
        uint64_t all = 0;

        for (unsigned i = 0; i < size; i += impl_max) {
            uint64_t part = *value >> (8 * i);
            MemTxResult r = call(mr, offset + i, impl_max, &part, attrs, write);

            all |= part << (8 * i);
            res = res == MEMTX_OK ? r : res;
        }
        if (!write) {
            *value = all;
        }
        return res;
    }
    if (size < impl_min) {
        unsigned shift = 8 * (offset & (impl_min - 1));
        uint64_t wide = write ? (*value & mask64(0, 8 * size)) << shift : 0;

        g_assert(shift + 8 * size <= 8 * impl_min);
        res = call(mr, offset & ~(hwaddr)(impl_min - 1), impl_min, &wide, attrs, write);
        if (!write) {
            *value = (wide >> shift) & mask64(0, 8 * size);
        }
        return res;
    }
    return call(mr, offset, size, value, attrs, write);
}

MemTxResult memory_region_access(MemoryRegion *mr, hwaddr offset, unsigned size, uint64_t *value, MemTxAttrs attrs,
                                 bool write)
{
    GRecMutex *lock = mr->lock;
    MemTxResult res;

    if (attrs.debug || size < min_size(mr) || size > max_size(mr) || (!mr->ops->unaligned && offset & (size - 1)) ||
        !(write ? (void *)mr->ops->write : (void *)mr->ops->read)) {
        if (!attrs.debug) {
            log_guest_error("%s: %s of %u bytes at offset 0x%" G_GINT64_MODIFIER "x is not accepted\n", mr->name,
                            write ? "write" : "read", size, offset);
        }
        if (!write) {
            *value = 0;
        }
        return MEMTX_DECODE_ERROR;
    }
    if (mr->lockless) {
        return call_sized(mr, offset, size, value, attrs, write);
    }
    if (lock) {
        g_rec_mutex_lock(lock);
    } else {
        machine_lock(mr->machine);
    }
    if (mr->busy) {
        log_guest_error("%s: accessed by a transfer that it started itself\n", mr->name);
        if (!write) {
            *value = 0;
        }
        res = MEMTX_ERROR;
    } else {
        mr->busy = true;
        res = call_sized(mr, offset, size, value, attrs, write);
        mr->busy = false;
    }
    if (lock) {
        g_rec_mutex_unlock(lock);
    } else {
        machine_unlock(mr->machine);
    }
    return res;
}

/* -- the tree as text -------------------------------------------------------------------------------------------- */

/* Of which device it is: devices name their regions alike. */
void memory_region_append_owner(const MemoryRegion *mr, GString *out)
{
    if (mr->owner && mr->owner->parent) {
        g_autofree char *path = object_path(mr->owner);

        g_string_append_printf(out, ", %s", path);
    }
}

static void dump(const MemoryRegion *mr, hwaddr base, unsigned depth, GString *out)
{
    static const char *const kinds[] = { "container", "ram", "rom device", "i/o", "alias", "iommu" };
    hwaddr last = base + (mr->size == UINT64_MAX ? UINT64_MAX - base : mr->size - 1);

    g_string_append_printf(out, "%*s%016" G_GINT64_MODIFIER "x-%016" G_GINT64_MODIFIER "x (prio %d, %s): %s", 2 * depth,
                           "", base, last, mr->priority, mr->kind == MR_RAM && mr->readonly ? "rom" : kinds[mr->kind],
                           mr->name);
    if (mr->kind == MR_ALIAS && mr->alias) {
        g_string_append_printf(out, " = %s @%016" G_GINT64_MODIFIER "x", mr->alias->name, mr->alias_offset);
    }
    memory_region_append_owner(mr->kind == MR_ALIAS && mr->alias ? mr->alias : mr, out);
    g_string_append(out, mr->enabled ? "\n" : " [disabled]\n");
    for (unsigned i = 0; mr->subregions && i < mr->subregions->len; i++) {
        const MemoryRegion *sub = mr->subregions->pdata[i];

        dump(sub, base + sub->addr, depth + 1, out);
    }
}

void memory_region_dump(const MemoryRegion *mr, GString *out)
{
    dump(mr, mr->container ? mr->addr : 0, 0, out);
}
