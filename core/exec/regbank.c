/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Register banks: rows found by an index of the region, one entry a unit of 1, 2 or 4 bytes. A narrow access reads
 * its lanes of the register; a narrow write sets its lanes and leaves the others, and w1c bits outside the lanes are
 * not cleared. An access that spans several registers is one access to each, lowest first.
 */
#include "core/bits.h"
#include "core/exec/regbank.h"
#include "core/log.h"

static unsigned width_of(const RegDef *r)
{
    return r->width ? r->width : 4;
}

static unsigned count_of(const RegDef *r)
{
    return r->count ? r->count : 1;
}

static unsigned stride_of(const RegDef *r)
{
    return r->stride ? r->stride : width_of(r);
}

/* The row's stored value, or NULL if it has none: arrays and wide registers are their hooks'. */
static uint32_t *value_of(RegBank *b, const RegDef *r)
{
    if (!b->values || r->no_store || count_of(r) > 1 || width_of(r) > 4) {
        return NULL;
    }
    return &b->values[r->index ? r->index : r - b->defs];
}

/* The row at an offset, the element and the byte in it; NULL: none. */
static const RegDef *find(RegBank *b, hwaddr offset, unsigned *ret_n, unsigned *ret_byte)
{
    uint64_t unit = offset >> b->unit_shift;
    const RegDef *r;

    if (unit >= b->num_units || !b->units[unit]) {
        return NULL;
    }
    r = &b->defs[b->units[unit] - 1];
    *ret_n = (offset - r->offset) / stride_of(r);
    *ret_byte = (offset - r->offset) % stride_of(r);
    return *ret_byte < width_of(r) ? r : NULL;
}

static uint64_t load(RegBank *b, const RegDef *r, unsigned n)
{
    uint32_t *value = value_of(b, r);
    uint64_t v;

    if (!r->read) {
        return value ? *value : r->reset;
    }
    v = r->read(b->dev, r, n);
    if (value) {
        *value = v;
    }
    return v;
}

static void store(RegBank *b, const RegDef *r, unsigned n, uint64_t v, uint64_t lanes)
{
    uint32_t *value = value_of(b, r);

    if (r->write) {
        uint64_t full = mask64(0, 8 * width_of(r));

        if (lanes != full) {
            uint64_t old = value ? *value : r->read ? r->read(b->dev, r, n) : 0;

            v = (old & ~lanes) | (v & lanes);
        }
        r->write(b->dev, r, n, v & full);
        return;
    }
    if (value) {
        *value = (*value & ~(r->rw & lanes)) | (v & r->rw & lanes);
        *value &= ~(v & r->w1c & lanes);
        if (!r->rw && !r->w1c && !r->after) {
            log_guest_error("%s: write of 0x%" G_GINT64_MODIFIER "x to the read-only %s\n", b->mr.name, v, r->name);
        }
    }
    if (r->after) {
        r->after(b->dev, r, n);
    }
}

/* Part of an access that lies in one register, or in none. */
static unsigned part(RegBank *b, hwaddr offset, unsigned size, uint64_t *v, bool write)
{
    unsigned n, byte, bytes;
    const RegDef *r = find(b, offset, &n, &byte);
    uint64_t lanes;

    if (!r) {
        bytes = MIN(size, (1u << b->unit_shift) - (offset & ((1u << b->unit_shift) - 1)));
        log_guest_error("%s: %s at offset 0x%" G_GINT64_MODIFIER "x, where no register is\n", b->mr.name,
                        write ? "write" : "read", offset);
        if (!write) {
            *v = 0;
        }
        return bytes;
    }
    bytes = MIN(size, width_of(r) - byte);
    if (r->access && !(r->access & size)) {
        log_guest_error("%s: %s does not take accesses of %u bytes\n", b->mr.name, r->name, size);
        if (!write) {
            *v = 0;
        }
        return bytes;
    }
    lanes = mask64(8 * byte, 8 * bytes);
    if (write) {
        store(b, r, n, (*v << (8 * byte)) & lanes, lanes);
    } else {
        *v = (load(b, r, n) & lanes) >> (8 * byte);
    }
    return bytes;
}

static MemTxResult bank_read(void *opaque, hwaddr offset, unsigned size, uint64_t *ret_value, MemTxAttrs attrs)
{
    RegBank *b = opaque;
    uint64_t all = 0;

    b->attrs = attrs;
    for (unsigned done = 0; done < size;) {
        uint64_t v = 0;
        unsigned bytes = part(b, offset + done, size - done, &v, false);

        all |= v << (8 * done);
        done += bytes;
    }
    *ret_value = all;
    return MEMTX_OK;
}

static MemTxResult bank_write(void *opaque, hwaddr offset, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    RegBank *b = opaque;

    b->attrs = attrs;
    for (unsigned done = 0; done < size;) {
        uint64_t v = value >> (8 * done);

        done += part(b, offset + done, size - done, &v, true);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps bank_ops = { .read = bank_read, .write = bank_write, .min_size = 1, .max_size = 4 };
static const MemoryRegionOps bank_ops_wide = { .read = bank_read, .write = bank_write, .min_size = 1, .max_size = 8 };

void regbank_init(RegBank *b, Device *dev, const char *name, const RegDef *defs, unsigned num_defs, uint32_t *values,
                  uint64_t size)
{
    unsigned shift = 2, widest = 4;

    for (unsigned i = 0; i < num_defs; i++) {
        const RegDef *r = &defs[i];

        g_assert(is_pow2(width_of(r)) && width_of(r) <= 8 && stride_of(r) >= width_of(r));
        g_assert(r->offset + (uint64_t)stride_of(r) * (count_of(r) - 1) + width_of(r) <= size);
        while (shift && ((r->offset | width_of(r) | stride_of(r)) & ((1u << shift) - 1))) {
            shift--;
        }
        widest = MAX(widest, width_of(r));
    }
    b->dev = dev;
    b->defs = defs;
    b->num_defs = num_defs;
    b->values = values;
    b->unit_shift = shift;
    b->num_units = 0;
    for (unsigned i = 0; i < num_defs; i++) {
        const RegDef *r = &defs[i];
        uint64_t end = r->offset + (uint64_t)stride_of(r) * (count_of(r) - 1) + width_of(r);

        b->num_units = MAX(b->num_units, (end + (1u << shift) - 1) >> shift);
    }
    b->units = g_new0(uint16_t, b->num_units);
    for (unsigned i = 0; i < num_defs; i++) {
        const RegDef *r = &defs[i];

        for (unsigned n = 0; n < count_of(r); n++) {
            for (unsigned byte = 0; byte < width_of(r); byte += 1u << shift) {
                uint64_t unit = (r->offset + (uint64_t)n * stride_of(r) + byte) >> shift;

                g_assert(!b->units[unit]);      /* two rows at one offset */
                b->units[unit] = i + 1;
            }
        }
    }
    memory_region_init_io(&b->mr, &dev->parent, widest == 8 ? &bank_ops_wide : &bank_ops, b, name ? name : "regs", size);
    device_init_region(dev, name ? name : "regs", &b->mr);
    regbank_reset(b);
}

void regbank_reset(RegBank *b)
{
    for (unsigned i = 0; i < b->num_defs; i++) {
        uint32_t *value = value_of(b, &b->defs[i]);

        if (value) {
            *value = b->defs[i].reset;
        }
    }
}

void regbank_destroy(RegBank *b)
{
    if (b->units) {
        memory_region_destroy(&b->mr);
        g_clear_pointer(&b->units, g_free);
    }
}
