/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the board virt is made of, for boards that are virt and more: their machine types are below TYPE_VIRT, and their
 * build() calls virt_build_devices, adds what is theirs to memory, interrupts and device tree, and calls virt_load.
 */
#ifndef MODULES_HW_ARM_VIRT_H
#define MODULES_HW_ARM_VIRT_H

#include "core/exec/memory.h"
#include "core/qom/machine.h"
#include "modules/hw/arm/fdt.h"

#define TYPE_VIRT "virt-aarch64-machine"

/* SPIs of the interrupt controller; 0 to 63 are virt's own. */
enum { VIRT_NUM_SPI = 256, VIRT_FIRST_FREE_SPI = 64 };
/* Memory from here up to VIRT_FREE_END, and below the RAM, is not virt's own. */
#define VIRT_FREE_BASE UINT64_C(0x10000000)
#define VIRT_FREE_END UINT64_C(0x3fffffff)
#define VIRT_RAM_BASE UINT64_C(0x40000000)

/* Device tree: interrupt specifiers, and nodes that others refer to. PHANDLE_FREE and up are not virt's own. */
enum { FDT_SPI = 0, FDT_PPI = 1, FDT_EDGE = 1, FDT_LEVEL = 4 };
enum { PHANDLE_CLOCK = 0x8000, PHANDLE_GIC = 0x8001, PHANDLE_FREE = 0x9000 };

typedef struct VirtMachine {
    Machine parent;
    /* properties */
    bool secure, virtualization, highmem, dtb_randomness;
    char *gic_version, *mte;
    /* wiring */
    unsigned gic;                               /* 2 or 3 */
    MemoryRegion sysmem, ram, secure_ram;
    Device *gic_dev, *gpio, *power_key;
    Cluster *cluster;
    Fdt *fdt;
    /* what CPU 0 starts with at reset */
    hwaddr boot_pc, boot_dtb;
    bool boot_kernel;
} VirtMachine;
DECLARE_OBJECT(VirtMachine, VIRT, TYPE_VIRT)

/* Memory, interrupt controller, CPUs, devices, and their part of the device tree. */
bool virt_build_devices(VirtMachine *v, GError **error);
/* Images, the finished device tree, and how CPU 0 starts. Afterwards the tree is what the guest gets. */
bool virt_load(VirtMachine *v, GError **error);
/* A region of a device at an address; pas_mask: the views in which it appears, 0: all. */
void virt_map(VirtMachine *v, Device *dev, const char *region, hwaddr base, uint8_t pas_mask);
/* The lines between an A-profile CPU and its interrupt controller, of which it is CPU n. */
void virt_connect_cpu(Device *gic, Device *cpu, unsigned n, bool virtualization);
void virt_connect_spi(VirtMachine *v, Device *dev, const char *out, unsigned n, unsigned spi);

#endif
