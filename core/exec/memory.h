/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory regions, RAM and address spaces.
 * A region is what a device or board offers; regions nest in containers by address and priority; an AddressSpace
 * flattens its root into one FlatView per physical address space and publishes each whole. CPUs read views without a
 * lock; a change of the map builds new ones, then tells the listeners (TLBs flush), then retires the old ones.
 */
#ifndef CORE_EXEC_MEMORY_H
#define CORE_EXEC_MEMORY_H

#include "core/qom/object.h"

/* Physical address spaces, as views and attributes name them. An architecture without any uses PAS_NONSECURE. */
typedef enum Pas { PAS_SECURE, PAS_NONSECURE, PAS_ROOT, PAS_REALM, NUM_PAS } Pas;

/* What travels with every access. */
typedef struct MemTxAttrs {
    unsigned pas : 2;
    unsigned privileged : 1;
    unsigned fetch : 1;
    unsigned debug : 1;                         /* the debugger or a loader: no side effects */
    unsigned requester : 16;                    /* CPU number or a device's id; MEMTX_NO_REQUESTER */
} MemTxAttrs;
#define MEMTX_NO_REQUESTER 0xffff
#define MEMTX_ATTRS_NONE ((MemTxAttrs){ .pas = PAS_NONSECURE, .requester = MEMTX_NO_REQUESTER })
#define MEMTX_ATTRS_DEBUG ((MemTxAttrs){ .pas = PAS_NONSECURE, .debug = 1, .requester = MEMTX_NO_REQUESTER })

typedef enum MemTxResult {
    MEMTX_OK,
    MEMTX_ERROR,                                /* the device refused: an external abort */
    MEMTX_DECODE_ERROR,                         /* nothing is there */
} MemTxResult;

typedef struct MemoryRegionOps {
    /* addr is the offset in the region, size 1, 2, 4 or 8. Values are the guest's numbers (see big_endian). */
    MemTxResult (*read)(void *opaque, hwaddr addr, unsigned size, uint64_t *ret_value, MemTxAttrs attrs);
    MemTxResult (*write)(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs);
    bool big_endian;
    uint8_t min_size, max_size;                 /* what the device accepts (0: 1 and 4); others are a decode error... */
    uint8_t impl_min, impl_max;                 /* what the callbacks implement (0: min, max): others are split/widened */
    bool unaligned;
} MemoryRegionOps;

typedef enum MemoryRegionKind {
    MR_CONTAINER, MR_RAM, MR_ROM_DEVICE, MR_MMIO, MR_ALIAS, MR_IOMMU,
} MemoryRegionKind;

typedef struct IommuEntry {
    hwaddr addr;                                /* translated, page aligned */
    hwaddr mask;                                /* page size - 1 */
    bool readable, writable;
    AddressSpace *target;
} IommuEntry;

struct MemoryRegion {
    const char *name;                           /* owned */
    MemoryRegionKind kind;
    Object *owner;                              /* for info mtree; may be NULL */
    uint64_t size;                              /* bytes; UINT64_MAX means 2^64 */
    const MemoryRegionOps *ops;
    void *opaque;
    GRecMutex *lock;                            /* taken around the callbacks; NULL: the machine's */
    bool lockless;                              /* the callbacks need no lock */
    RamBlock *ram;                              /* RAM and ROM device; of MMIO: another's, which debug accesses see, or NULL */
    bool readonly;                              /* RAM: writes are ignored and logged */
    bool rom_reads;                             /* ROM device: reads go to memory (else to ops) */
    MemoryRegion *alias;
    hwaddr alias_offset;
    IommuEntry (*translate)(void *opaque, hwaddr addr, MemTxAttrs attrs, bool write);
    uint8_t pas_mask;                           /* views in which it appears; 0: all */
    bool enabled;
    int priority;
    hwaddr addr;                                /* in its container */
    MemoryRegion *container;
    GPtrArray *subregions;
    Machine *machine;                           /* whose lock it uses by default; set when mapped */
    bool busy;                                  /* a callback is under way; under the lock */
    GPtrArray *aliases;                         /* (MemoryRegion *) aliases of this one */
    GPtrArray *spaces;                          /* (AddressSpace *) whose root this is */
};

void memory_region_init(MemoryRegion *mr, Object *owner, const char *name, uint64_t size);          /* container */
void memory_region_init_io(MemoryRegion *mr, Object *owner, const MemoryRegionOps *ops, void *opaque, const char *name,
                           uint64_t size);
/* Private anonymous memory, huge pages advised, zeroed. False with GError when the host has not enough. */
bool memory_region_init_ram(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, GError **error);
bool memory_region_init_rom(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, GError **error);
bool memory_region_init_rom_device(MemoryRegion *mr, Object *owner, const MemoryRegionOps *ops, void *opaque,
                                   const char *name, uint64_t size, GError **error);
void memory_region_init_alias(MemoryRegion *mr, Object *owner, const char *name, MemoryRegion *target, hwaddr offset,
                              uint64_t size);
void memory_region_init_iommu(MemoryRegion *mr, Object *owner, const char *name, uint64_t size,
                              IommuEntry (*translate)(void *, hwaddr, MemTxAttrs, bool), void *opaque);
/* No CPU runs, and no device accesses memory: they read what a region has, and its RAM, without holding it. */
void memory_region_destroy(MemoryRegion *mr);
/* Higher priority wins where regions overlap. Changes are applied to every AddressSpace that shows the container. */
void memory_region_add(MemoryRegion *container, hwaddr addr, MemoryRegion *mr, int priority);
void memory_region_del(MemoryRegion *container, MemoryRegion *mr);
void memory_region_set_enabled(MemoryRegion *mr, bool enabled);
void memory_region_set_readonly(MemoryRegion *mr, bool readonly);
void memory_region_rom_device_set_romd(MemoryRegion *mr, bool reads_memory);
void *memory_region_ram_ptr(MemoryRegion *mr);  /* host address; writes through it need ram_written() */
/* Before anybody sees it: from offset to its end it is v. What nobody writes to takes no memory. */
void memory_region_fill(MemoryRegion *mr, uint64_t offset, uint8_t v);
/* Several changes, one new view. Nest. */
void memory_transaction_begin(Machine *m);
void memory_transaction_commit(Machine *m);

/* -- RAM --------------------------------------------------------------------------------------------------------- */

struct RamBlock {
    char *name;
    uint8_t *host;
    uint64_t size;
    uint32_t id;                                /* unique in the process's life of the machine */
    void *code;                                 /* atomic: what was translated of it (tb_cache.c); NULL: nothing ever */
    void (*on_write)(RamBlock *rb, ram_addr offset, uint64_t len);      /* set before code */
    void (*on_free)(RamBlock *rb);
    uint8_t *tags;                              /* atomic: ram_tags; NULL: all zero */
};
/* Allocation tags of RAM, for architectures that have them: a byte for each 16. NULL: none was ever created. */
uint8_t *ram_tags(RamBlock *rb, bool create);
/* Somebody other than a CPU's store path changed [offset, offset + len): translations of it go. */
void ram_written(RamBlock *rb, ram_addr offset, uint64_t len);

/* -- address spaces -------------------------------------------------------------------------------------------- */

/* m may be NULL in a unit test. A space that nobody frees goes with its machine. */
AddressSpace *address_space_new(Machine *m, MemoryRegion *root, const char *name);
void address_space_free(AddressSpace *as);
const char *address_space_name(const AddressSpace *as);
MemoryRegion *address_space_root(const AddressSpace *as);           /* NULL: it has lost it */

/* Any length, any alignment; RAM is copied, MMIO is called in the sizes it accepts. The first failure is returned. */
MemTxResult address_space_read(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, void *buf, uint64_t len);
MemTxResult address_space_write(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, const void *buf, uint64_t len);
/* One access of 1, 2, 4, 8 bytes, little- or big-endian as the suffix says: descriptors, page tables. RAM accesses are
 * single-copy atomic when aligned. *result may be NULL. */
uint64_t address_space_ld(AddressSpace *as, hwaddr addr, unsigned size, bool big_endian, MemTxAttrs attrs,
                          MemTxResult *result);
void address_space_st(AddressSpace *as, hwaddr addr, unsigned size, bool big_endian, uint64_t value, MemTxAttrs attrs,
                      MemTxResult *result);
/* Compare and swap of 4 or 8 bytes (page-table access flags): the old value. Only on RAM (MEMTX_ERROR elsewhere). */
uint64_t address_space_cas(AddressSpace *as, hwaddr addr, unsigned size, uint64_t expect, uint64_t value,
                           MemTxAttrs attrs, MemTxResult *result);
/* The same of 16 bytes, as a number's halves, low first. Both only on RAM, aligned; expect_ret becomes what was there. */
void address_space_ld128(AddressSpace *as, hwaddr addr, bool big_endian, MemTxAttrs attrs, uint64_t ret[2],
                         MemTxResult *result);
bool address_space_cas128(AddressSpace *as, hwaddr addr, bool big_endian, uint64_t expect_ret[2],
                          const uint64_t value[2], MemTxAttrs attrs, MemTxResult *result);

/* A piece of a view: what is at an address. */
typedef struct MemorySection {
    MemoryRegion *mr;                           /* a leaf, or NULL: nothing there */
    hwaddr offset;                              /* in mr (for RAM: in its RamBlock) of the address asked for */
    hwaddr start;                               /* first and last address of the run that is alike */
    hwaddr last;
    bool readonly;
} MemorySection;
/* Looks addr up in the current view, following IOMMU regions never. */
MemorySection address_space_lookup(AddressSpace *as, hwaddr addr, Pas pas);
/* Direct host pointer to len bytes of RAM, or NULL if they are not plain RAM in one piece. */
void *address_space_ram_ptr(AddressSpace *as, hwaddr addr, uint64_t len, MemTxAttrs attrs);

typedef struct MemoryListener {
    void (*changed)(void *opaque, AddressSpace *as);    /* new views are published */
    void *opaque;
} MemoryListener;
void address_space_add_listener(AddressSpace *as, const MemoryListener *l);
void address_space_remove_listener(AddressSpace *as, void *opaque);
void address_space_dump(AddressSpace *as, GString *out);                /* info mtree -f */
void memory_region_dump(const MemoryRegion *mr, GString *out);          /* info mtree */

#endif
