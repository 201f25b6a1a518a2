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
    const char *prop2, *value2;                 /* and another */
} BoardDevice;

/* Creates, wires and maps the device (root NULL: the caller does that); the CPU is realized. NULL with GError. */
Device *board_add(Machine *m, MemoryRegion *root, const BoardDevice *row, Device *cpu, GError **error);
/* All of a table, up to a row without name. */
bool board_add_all(Machine *m, MemoryRegion *root, const BoardDevice *rows, Device *cpu, GError **error);
/*
 * Behind devices: a range of a bus that answers everywhere. What has no model reads as zero, ignores writes, and is logged
 * (-d unimp).
 */
void board_add_background(Machine *m, MemoryRegion *root, MemoryRegion *mr, const char *name, hwaddr addr, uint64_t size);
/* A board with one CPU: what its maker chose of it; 0: as the CPU has it. */
typedef struct BoardCpu {
    uint32_t frequency;                         /* Hz */
    unsigned num_irq, num_prio_bits;
    bool bitband;
} BoardCpu;

/* The CPU on m->sysmem, the devices, and -kernel, raw bytes at base: what comes after such a board's memory. */
bool board_finish(Machine *m, MemoryRegion *root, const BoardCpu *c, const BoardDevice *devices, hwaddr base, GError **error);
/* For class_init: M-profile CPUs of these models (NULL at the end, the default first), -kernel, and RAM of that size. */
void board_class_init(ObjectClass *oc, const char *const *cpus, unsigned num_cpus, uint64_t ram,
                      bool (*build)(Machine *m, GError **error));
/* Puts -kernel into memory; raw bytes go to `base`. True if there is none. */
bool board_load(Machine *m, hwaddr base, GError **error);

#endif
