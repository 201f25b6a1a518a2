/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What boards with M-profile CPUs have in common: the CPU on its cluster, devices by a table, and the firmware of
 * -kernel: an ELF file, Intel HEX, or raw bytes for the start of the memory that the vector table is in.
 */
#ifndef MODULES_HW_ARM_M_BOARD_H
#define MODULES_HW_ARM_M_BOARD_H

#include "core/exec/cpu.h"
#include "core/exec/memory.h"
#include "core/qom/machine.h"

enum { BOARD_MAX_IRQS = 4, BOARD_NMI = -2 };

/* A device. */
typedef struct BoardDevice {
    const char *name, *type;
    hwaddr addr;
    const char *prop, *value;                   /* a property that is set, or NULL */
    int serial;                                 /* number of the -serial that it takes + 1; 0: none */
    struct {
        const char *out;                        /* NULL: no more */
        int irq;                                /* of the CPU; BOARD_NMI */
    } irqs[BOARD_MAX_IRQS];
} BoardDevice;

/* The CPU of m->config.cpu, not realized. NULL with GError. */
Device *board_cpu(Machine *m, const char *cluster, GError **error);
/* Creates, wires and maps the device; the CPU is realized. NULL with GError. */
Device *board_add(Machine *m, MemoryRegion *root, const BoardDevice *row, Device *cpu, GError **error);
/* All of a table, up to a row without name. */
bool board_add_all(Machine *m, MemoryRegion *root, const BoardDevice *rows, Device *cpu, GError **error);
/*
 * Behind devices: a range of a bus that answers everywhere. What has no model reads as zero, ignores writes, and is logged
 * (-d unimp).
 */
void board_add_background(Machine *m, MemoryRegion *root, MemoryRegion *mr, const char *name, hwaddr addr, uint64_t size);
/* Puts -kernel into memory; raw bytes go to `base`. True if there is none. */
bool board_load(Machine *m, hwaddr base, GError **error);

#endif
