/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bit-banding of Cortex-M3 and M4 (their Technical Reference Manuals, "Bit-banding"): each word of 0x22000000 to
 * 0x23ffffff is a bit of the first MiB at 0x20000000, each of 0x42000000 to 0x43ffffff one at 0x40000000. A read gives
 * the bit; a write changes it in one locked read-modify-write of the access's size.
 */
#include "core/qom/machine.h"
#include "targets/arm/m_int.h"

enum { ALIAS_OFFSET = 0x02000000, ALIAS_SIZE = 0x02000000 };

typedef struct Place {
    hwaddr addr;
    uint64_t bit;
} Place;

static Place place_of(hwaddr base, hwaddr offset, unsigned size)
{
    unsigned bit = offset / 4 % (8 * size);

    return (Place){ .addr = base + offset / 4 / (8 * size) * size, .bit = BIT64(bit) };
}

static MemTxResult bit_read(ARMMCPU *cpu, hwaddr base, hwaddr offset, unsigned size, uint64_t *ret_value, MemTxAttrs attrs)
{
    Place p = place_of(base, offset, size);
    MemTxResult r;
    uint64_t v = address_space_ld(cpu->parent.as, p.addr, size, false, attrs, &r);

    *ret_value = (v & p.bit) != 0;
    return r;
}

static MemTxResult bit_write(ARMMCPU *cpu, hwaddr base, hwaddr offset, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    Place p = place_of(base, offset, size);
    AddressSpace *as = cpu->parent.as;
    MemTxResult r;
    uint64_t v;

    if (address_space_ram_ptr(as, p.addr & ~(hwaddr)3, 4, attrs)) {
        /* memory: against whatever else changes the word */
        unsigned shift = 8 * (p.addr & 3);
        uint32_t bit = (uint32_t)(p.bit << shift), old, seen;

        seen = address_space_ld(as, p.addr & ~(hwaddr)3, 4, false, attrs, &r);
        do {
            old = seen;
            seen = address_space_cas(as, p.addr & ~(hwaddr)3, 4, old, value & 1 ? old | bit : old & ~bit, attrs, &r);
        } while (r == MEMTX_OK && seen != old);
        return r;
    }
    v = address_space_ld(as, p.addr, size, false, attrs, &r);
    if (r == MEMTX_OK) {
        address_space_st(as, p.addr, size, false, value & 1 ? v | p.bit : v & ~p.bit, attrs, &r);
    }
    return r;
}

#define SIDE(name, base) \
    static MemTxResult name##_read(void *opaque, hwaddr addr, unsigned size, uint64_t *ret_value, MemTxAttrs attrs) \
    { \
        return bit_read(opaque, base, addr, size, ret_value, attrs); \
    } \
    static MemTxResult name##_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs) \
    { \
        return bit_write(opaque, base, addr, size, value, attrs); \
    } \
    static const MemoryRegionOps name##_ops = { \
        .read = name##_read, .write = name##_write, .min_size = 1, .max_size = 4 \
    };
SIDE(sram, 0x20000000)
SIDE(peripheral, 0x40000000)

void arm_m_bitband_init(ARMMCPU *cpu)
{
    ArmMSystem *s = cpu->system;
    Object *obj = &cpu->parent.parent.parent;

    memory_region_init_io(&s->bitband[0], obj, &sram_ops, cpu, "bitband-sram", ALIAS_SIZE);
    memory_region_init_io(&s->bitband[1], obj, &peripheral_ops, cpu, "bitband-peripheral", ALIAS_SIZE);
    memory_region_add(&s->root, 0x20000000 + ALIAS_OFFSET, &s->bitband[0], 1);
    memory_region_add(&s->root, 0x40000000 + ALIAS_OFFSET, &s->bitband[1], 1);
}
