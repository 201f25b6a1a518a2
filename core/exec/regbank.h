/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Register banks: a device's registers as rows. A row names offset, width, reset value, which bits the guest may
 * write, which it clears by writing 1, and hooks where a register has an effect. The bank is the device's MMIO
 * region; unknown offsets are logged and read as zero.
 */
#ifndef CORE_EXEC_REGBANK_H
#define CORE_EXEC_REGBANK_H

#include "core/exec/memory.h"
#include "core/qom/device.h"

struct RegDef {
    uint32_t offset;
    const char *name;                           /* as the manual spells it */
    uint32_t reset;
    uint32_t rw;                                /* bits a write sets (when there is no write hook) */
    uint32_t w1c;                               /* bits a write of 1 clears */
    /* n is the element of an array row. read's result replaces the stored value; write does all the work itself. */
    uint64_t (*read)(void *dev, const RegDef *r, unsigned n);
    void (*write)(void *dev, const RegDef *r, unsigned n, uint64_t value);
    void (*after)(void *dev, const RegDef *r, unsigned n);      /* after the plain store of rw and w1c bits */
    uint16_t count;                             /* array row: elements (0 means 1), `stride` bytes apart (0: width) */
    uint16_t stride;
    uint8_t width;                              /* bytes: 1, 2, 4 (0 means 4), 8 */
    uint8_t access;                             /* sizes in bytes or'd that may access it (0: any up to width) */
    uint16_t index;                             /* into the value array, when it is not the row's own position */
    bool no_store;                              /* has no stored value */
};

struct RegBank {
    MemoryRegion mr;
    Device *dev;
    const RegDef *defs;
    unsigned num_defs;
    uint32_t *values;                           /* the device's array; row i's value is values[i] (arrays: see below) */
    uint16_t *units;                            /* offset >> unit_shift -> row + 1; 0: no register */
    uint32_t num_units;
    MemTxAttrs attrs;                           /* of the access under way: hooks may look */
    uint8_t unit_shift;                         /* log2 bytes: the finest alignment of the rows, 4 at most */
};

/*
 * values has one element per row; an array row's elements, and registers wider than 4 bytes, are kept by their hooks.
 * size is the region's, in bytes. The region is registered with the device under `name` (NULL: "regs").
 */
void regbank_init(RegBank *bank, Device *dev, const char *name, const RegDef *defs, unsigned num_defs, uint32_t *values,
                  uint64_t size);
void regbank_reset(RegBank *bank);              /* every stored value := its reset */
void regbank_destroy(RegBank *bank);

#endif
