/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between memory.c, address_space.c, ram.c and the TLB: private to this folder. */
#ifndef CORE_EXEC_MEMORY_INT_H
#define CORE_EXEC_MEMORY_INT_H

#include "core/exec/memory.h"

RamBlock *ram_block_new(const char *name, uint64_t size, GError **error);
void ram_block_free(RamBlock *rb);
/* memory_region_fill */
void ram_fill(RamBlock *rb, ram_addr offset, uint8_t v);

/* Something about mr (or below it) changed: every space that shows it gets new views. */
void memory_region_changed(MemoryRegion *mr);
void address_space_update(AddressSpace *as);
/* The root goes before the space: it shows nothing from now on. */
void address_space_lose_root(AddressSpace *as);

/*
 * One access of 1, 2, 4 or 8 bytes to a region with callbacks, lock taken, in the sizes its callbacks implement.
 * *value has its lowest byte at the lowest address, whatever the device's byte order.
 */
MemTxResult memory_region_access(MemoryRegion *mr, hwaddr offset, unsigned size, uint64_t *value, MemTxAttrs attrs,
                                 bool write);
/* The largest size the region accepts for an aligned access at offset of at most len bytes; 0: none. */
unsigned memory_region_best_size(const MemoryRegion *mr, hwaddr offset, uint64_t len);

/* Whether accesses of that direction go to host memory. */
static inline bool memory_region_is_ram(const MemoryRegion *mr, bool write)
{
    return mr->kind == MR_RAM || (mr->kind == MR_ROM_DEVICE && mr->rom_reads && !write);
}

/* Copies that tolerate the guest's own accesses at the same time; aligned powers of two up to 8 are whole. */
void ram_read(const void *host, void *buf, uint64_t len);
void ram_write(void *host, const void *buf, uint64_t len);

/* ", PATH" of the object that it belongs to, if it is in the machine. */
void memory_region_append_owner(const MemoryRegion *mr, GString *out);

#endif
