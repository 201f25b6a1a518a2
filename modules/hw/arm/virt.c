/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt: a board of no real hardware, whose memory and interrupt map firmware and kernels know from QEMU's board of that
 * name. Everything is described to the guest in a device tree.
 * Not there (docs/CAVEATS.md): PCI Express, the SMMU, the GIC's ITS, ACPI tables, hotplug, the secure GPIO.
 */
#include <inttypes.h>
#include <string.h>

#include "core/bits.h"
#include "core/exec/cpu.h"
#include "core/exec/loader.h"
#include "core/io/block.h"
#include "core/io/char.h"
#include "core/io/fwcfg.h"
#include "core/file.h"
#include "core/keyval.h"
#include "core/qom/machine.h"
#include "modules/hw/arm/boards.h"
#include "modules/hw/arm/virt.h"

enum { MAX_CPUS = 123, MAX_CPUS_GICV2 = 8, NUM_TRANSPORTS = 32, NUM_IRQ = VIRT_NUM_SPI };

/* -- the memory and interrupt map ----------------------------------------------------------------------------------- */

enum {
    FLASH, GIC_DIST, GIC_CPU, GIC_HYP, GIC_VCPU, GIC_REDIST, UART, RTC, FW_CFG, GPIO, SECURE_UART, VIRTIO, SECURE_MEM, RAM,
};
typedef struct MapEntry {
    hwaddr base, size;
    int spi;                                    /* first SPI, or -1 */
} MapEntry;
static const MapEntry map[] = {
    [FLASH]       = { 0x00000000, 0x08000000, -1 },
    [GIC_DIST]    = { 0x08000000, 0x00010000, -1 },
    [GIC_CPU]     = { 0x08010000, 0x00010000, -1 },
    [GIC_HYP]     = { 0x08030000, 0x00010000, -1 },
    [GIC_VCPU]    = { 0x08040000, 0x00010000, -1 },
    [GIC_REDIST]  = { 0x080a0000, 0x00f60000, -1 },
    [UART]        = { 0x09000000, 0x00001000, 1 },
    [RTC]         = { 0x09010000, 0x00001000, 2 },
    [FW_CFG]      = { 0x09020000, 0x00000018, -1 },
    [GPIO]        = { 0x09030000, 0x00001000, 7 },
    [SECURE_UART] = { 0x09040000, 0x00001000, 8 },
    [VIRTIO]      = { 0x0a000000, 0x00000200, 16 },     /* one of NUM_TRANSPORTS */
    [SECURE_MEM]  = { 0x0e000000, 0x01000000, -1 },
    [RAM]         = { 0x40000000, UINT64_C(255) << 30, -1 },
};
/* PPIs, as interrupt numbers. */
enum { PPI_MAINTENANCE = 25, PPI_HYP = 26, PPI_VIRT = 27, PPI_HYPVIRT = 28, PPI_SEC = 29, PPI_PHYS = 30, PPI_PMU = 23 };
/* The CPU's timer outputs, in their order (phys, virt, hyp, sec, hypvirt). */
static const uint8_t timer_ppi[] = { PPI_PHYS, PPI_VIRT, PPI_HYP, PPI_SEC, PPI_HYPVIRT };

enum { PHANDLE_GPIO = 0x8002, PHANDLE_CPU = 0x8100 };
#define CLOCK_HZ 24000000
/* Of 2 MiB: what a Linux kernel's base is aligned to. */
#define KERNEL_ALIGN UINT64_C(0x200000)

static bool psci_is_smc(const VirtMachine *v)
{
    return v->virtualization;
}

/* -- devices ------------------------------------------------------------------------------------------------------------ */

void virt_map(VirtMachine *v, Device *dev, const char *region, hwaddr base, uint8_t pas_mask)
{
    MemoryRegion *mr = device_region(dev, region);

    mr->pas_mask = pas_mask;
    memory_region_add(&v->sysmem, base, mr, 0);
}

void virt_connect_spi(VirtMachine *v, Device *dev, const char *out, unsigned n, unsigned spi)
{
    device_connect_irq(dev, out, n, v->gic_dev, "spi", spi);
}

/* A device with one region and one line, at an entry of the map. NULL with GError. */
static Device *add_simple(VirtMachine *v, const char *type, const char *name, unsigned entry, uint8_t pas_mask,
                          GError **error)
{
    Object *obj = object_new_child(&v->parent.parent.parent, name, type, error);

    if (!obj || !device_realize(DEVICE(obj), error)) {
        return NULL;
    }
    virt_map(v, DEVICE(obj), NULL, map[entry].base, pas_mask);
    virt_connect_spi(v, DEVICE(obj), "intr", 0, map[entry].spi);
    return DEVICE(obj);
}

static bool add_uart(VirtMachine *v, const char *name, unsigned entry, unsigned serial, uint8_t pas_mask, GError **error)
{
    Object *obj = object_new_child(&v->parent.parent.parent, name, "pl011", error);
    Chardev *chr = machine_take_serial(&v->parent, serial);
    g_autofree char *path = g_strdup_printf("/pl011@%" PRIx64, map[entry].base);

    if (!obj || (chr && !object_set(obj, "chardev", chardev_id(chr), error)) || !device_realize(DEVICE(obj), error)) {
        return false;
    }
    virt_map(v, DEVICE(obj), NULL, map[entry].base, pas_mask);
    virt_connect_spi(v, DEVICE(obj), "intr", 0, map[entry].spi);

    fdt_node(v->fdt, path);
    fdt_bytes(v->fdt, path, "compatible", "arm,pl011\0arm,primecell", sizeof("arm,pl011\0arm,primecell"));
    FDT_REGS(v->fdt, path, map[entry].base, map[entry].size);
    FDT_CELLS(v->fdt, path, "interrupts", FDT_SPI, map[entry].spi, FDT_LEVEL);
    FDT_CELLS(v->fdt, path, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
    fdt_bytes(v->fdt, path, "clock-names", "uartclk\0apb_pclk", sizeof("uartclk\0apb_pclk"));
    if (entry == UART) {
        fdt_str(v->fdt, "/chosen", "stdout-path", path);
    } else {
        fdt_str(v->fdt, path, "status", "disabled");
        fdt_str(v->fdt, path, "secure-status", "okay");
        fdt_node(v->fdt, "/secure-chosen");
        fdt_str(v->fdt, "/secure-chosen", "stdout-path", path);
    }
    return true;
}

static bool add_rtc(VirtMachine *v, GError **error)
{
    static const char path[] = "/pl031@9010000";

    Object *obj = object_new_child(&v->parent.parent.parent, "rtc", "pl031", error);

    if (!obj || (v->parent.config.rtc_vm_clock && !object_set(obj, "clock", "vm", error)) ||
        !device_realize(DEVICE(obj), error)) {
        return false;
    }
    virt_map(v, DEVICE(obj), NULL, map[RTC].base, 0);
    virt_connect_spi(v, DEVICE(obj), "intr", 0, map[RTC].spi);
    fdt_node(v->fdt, path);
    fdt_bytes(v->fdt, path, "compatible", "arm,pl031\0arm,primecell", sizeof("arm,pl031\0arm,primecell"));
    FDT_REGS(v->fdt, path, map[RTC].base, map[RTC].size);
    FDT_CELLS(v->fdt, path, "interrupts", FDT_SPI, map[RTC].spi, FDT_LEVEL);
    FDT_CELLS(v->fdt, path, "clocks", PHANDLE_CLOCK);
    fdt_str(v->fdt, path, "clock-names", "apb_pclk");
    return true;
}

/* PL061 pin 3 is the power button, as a key that Linux's gpio-keys reports. */
static bool add_gpio(VirtMachine *v, GError **error)
{
    static const char path[] = "/pl061@9030000";
    Object *key;

    v->gpio = add_simple(v, "pl061", "gpio", GPIO, 0, error);
    if (!v->gpio) {
        return false;
    }
    key = object_new_child(&v->parent.parent.parent, "power-button", "gpio-key", error);
    if (!key || !device_realize(DEVICE(key), error)) {
        return false;
    }
    v->power_key = DEVICE(key);
    device_connect_irq(v->power_key, "out", 0, v->gpio, "in", 3);

    fdt_node(v->fdt, path);
    fdt_bytes(v->fdt, path, "compatible", "arm,pl061\0arm,primecell", sizeof("arm,pl061\0arm,primecell"));
    FDT_REGS(v->fdt, path, map[GPIO].base, map[GPIO].size);
    FDT_CELLS(v->fdt, path, "#gpio-cells", 2);
    fdt_empty(v->fdt, path, "gpio-controller");
    FDT_CELLS(v->fdt, path, "interrupts", FDT_SPI, map[GPIO].spi, FDT_LEVEL);
    FDT_CELLS(v->fdt, path, "clocks", PHANDLE_CLOCK);
    fdt_str(v->fdt, path, "clock-names", "apb_pclk");
    FDT_CELLS(v->fdt, path, "phandle", PHANDLE_GPIO);
    fdt_node(v->fdt, "/gpio-keys");
    fdt_str(v->fdt, "/gpio-keys", "compatible", "gpio-keys");
    fdt_node(v->fdt, "/gpio-keys/poweroff");
    fdt_str(v->fdt, "/gpio-keys/poweroff", "label", "GPIO Key Poweroff");
    FDT_CELLS(v->fdt, "/gpio-keys/poweroff", "linux,code", 116);
    FDT_CELLS(v->fdt, "/gpio-keys/poweroff", "gpios", PHANDLE_GPIO, 3, 0);
    return true;
}

static bool add_virtio(VirtMachine *v, GError **error)
{
    /* devices of the user take transports from the last to the first, so that Linux finds them in order */
    for (unsigned i = 0; i < NUM_TRANSPORTS; i++) {
        hwaddr base = map[VIRTIO].base + i * map[VIRTIO].size;
        g_autofree char *name = g_strdup_printf("virtio-mmio[%u]", i);
        Object *obj = object_new_child(&v->parent.parent.parent, name, "virtio-mmio", error);

        if (!obj || !device_realize(DEVICE(obj), error)) {
            return false;
        }
        virt_map(v, DEVICE(obj), NULL, base, 0);
        virt_connect_spi(v, DEVICE(obj), "intr", 0, map[VIRTIO].spi + i);
    }
    for (unsigned i = NUM_TRANSPORTS; i-- > 0;) {
        hwaddr base = map[VIRTIO].base + i * map[VIRTIO].size;
        g_autofree char *path = g_strdup_printf("/virtio_mmio@%" PRIx64, base);

        fdt_node(v->fdt, path);
        fdt_str(v->fdt, path, "compatible", "virtio,mmio");
        FDT_REGS(v->fdt, path, base, map[VIRTIO].size);
        FDT_CELLS(v->fdt, path, "interrupts", FDT_SPI, map[VIRTIO].spi + i, FDT_EDGE);
        fdt_empty(v->fdt, path, "dma-coherent");
    }
    return true;
}

/* Firmware finds it in the tree; there is nothing in it but its signature and the numbers of CPUs. */
static bool add_fw_cfg(VirtMachine *v, GError **error)
{
    static const char path[] = "/fw-cfg@9020000";
    Object *obj = object_new_child(&v->parent.parent.parent, "fw-cfg", "fw_cfg_mem", error);
    uint8_t smp[2], max_smp[2];
    FwCfgClass *fc;

    if (!obj || !device_realize(DEVICE(obj), error)) {
        return false;
    }
    stw_le_p(smp, (uint16_t)v->parent.config.smp);
    stw_le_p(max_smp, (uint16_t)v->parent.config.max_smp);
    fc = FW_CFG_CLASS_OF(obj);
    if (!fc->add_item(DEVICE(obj), FW_CFG_NB_CPUS, smp, sizeof(smp), error) ||
        !fc->add_item(DEVICE(obj), FW_CFG_MAX_CPUS, max_smp, sizeof(max_smp), error)) {
        return false;
    }
    virt_map(v, DEVICE(obj), NULL, map[FW_CFG].base, 0);
    fdt_node(v->fdt, path);
    fdt_str(v->fdt, path, "compatible", "qemu,fw-cfg-mmio");
    FDT_REGS(v->fdt, path, map[FW_CFG].base, map[FW_CFG].size);
    fdt_empty(v->fdt, path, "dma-coherent");
    return true;
}

/* Two banks; the first is the boot ROM, Secure only where there is EL3. */
static bool add_flash(VirtMachine *v, GError **error)
{
    hwaddr size = map[FLASH].size / 2;

    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *name = g_strdup_printf("flash[%u]", i);
        Object *obj = object_new_child(&v->parent.parent.parent, name, "cfi.pflash01", error);
        BlockBackend *blk = machine_take_drive(&v->parent, "pflash", i);

        if (!obj) {
            return false;
        }
        object_set_uint(obj, "size", size);
        if ((blk && !object_set(obj, "drive", block_id(blk), error)) || !device_realize(DEVICE(obj), error)) {
            return false;
        }
        virt_map(v, DEVICE(obj), NULL, map[FLASH].base + i * size, v->secure && i == 0 ? 1 << PAS_SECURE : 0);
    }
    fdt_node(v->fdt, "/flash@0");
    fdt_str(v->fdt, "/flash@0", "compatible", "cfi-flash");
    if (v->secure) {
        FDT_REGS(v->fdt, "/flash@0", map[FLASH].base + size, size);
    } else {
        FDT_REGS(v->fdt, "/flash@0", map[FLASH].base, size, map[FLASH].base + size, size);
    }
    FDT_CELLS(v->fdt, "/flash@0", "bank-width", 4);
    return true;
}

/* -- interrupt controller and CPUs ------------------------------------------------------------------------------------ */

static bool add_gic(VirtMachine *v, GError **error)
{
    static const char path[] = "/intc@8000000";
    unsigned smp = v->parent.config.smp;
    Object *obj = object_new_child(&v->parent.parent.parent, "gic", v->gic == 3 ? "arm-gicv3" : "arm_gic", error);

    if (!obj) {
        return false;
    }
    v->gic_dev = DEVICE(obj);
    object_set_uint(obj, "num-cpu", smp);
    object_set_uint(obj, "num-irq", NUM_IRQ + 32);
    object_set_bool(obj, "has-security-extensions", v->secure);
    if (v->gic == 2) {
        object_set_bool(obj, "has-virtualization-extensions", v->virtualization);
    }
    /* a kernel that is started directly at Non-secure EL1 or EL2 finds its interrupts in the group that it can use */
    object_set_bool(obj, "irq-reset-nonsecure", v->secure && !v->parent.config.bios);
    if (!device_realize(v->gic_dev, error)) {
        return false;
    }
    virt_map(v, v->gic_dev, "dist", map[GIC_DIST].base, 0);

    fdt_node(v->fdt, path);
    FDT_CELLS(v->fdt, path, "#interrupt-cells", 3);
    fdt_empty(v->fdt, path, "interrupt-controller");
    FDT_CELLS(v->fdt, path, "#address-cells", 2);
    FDT_CELLS(v->fdt, path, "#size-cells", 2);
    fdt_empty(v->fdt, path, "ranges");
    FDT_CELLS(v->fdt, path, "phandle", PHANDLE_GIC);
    if (v->gic == 3) {
        hwaddr redists = (hwaddr)smp * 0x20000;

        virt_map(v, v->gic_dev, "redist", map[GIC_REDIST].base, 0);
        fdt_str(v->fdt, path, "compatible", "arm,gic-v3");
        FDT_CELLS(v->fdt, path, "#redistributor-regions", 1);
        FDT_REGS(v->fdt, path, map[GIC_DIST].base, map[GIC_DIST].size, map[GIC_REDIST].base,
                 MIN(map[GIC_REDIST].size, redists));
    } else {
        virt_map(v, v->gic_dev, "cpu", map[GIC_CPU].base, 0);
        fdt_str(v->fdt, path, "compatible", "arm,cortex-a15-gic");
        if (v->virtualization) {
            virt_map(v, v->gic_dev, "hyp", map[GIC_HYP].base, 0);
            virt_map(v, v->gic_dev, "vcpu", map[GIC_VCPU].base, 0);
            FDT_REGS(v->fdt, path, map[GIC_DIST].base, map[GIC_DIST].size, map[GIC_CPU].base, map[GIC_CPU].size,
                     map[GIC_HYP].base, map[GIC_HYP].size, map[GIC_VCPU].base, map[GIC_VCPU].size);
        } else {
            FDT_REGS(v->fdt, path, map[GIC_DIST].base, map[GIC_DIST].size, map[GIC_CPU].base, map[GIC_CPU].size);
        }
    }
    if (v->virtualization) {
        FDT_CELLS(v->fdt, path, "interrupts", FDT_PPI, PPI_MAINTENANCE - 16, FDT_LEVEL);
    }
    return true;
}

/* Aff0 counts to 8 (GICv2) or 16 (GICv3), whose SGIs reach that many at once. */
static uint64_t affinity(const VirtMachine *v, unsigned cpu)
{
    unsigned per = v->gic == 3 ? 16 : 8;

    return (uint64_t)(cpu / per) << 8 | cpu % per;
}

void virt_connect_cpu(Device *gic, Device *cpu, unsigned n, bool virtualization)
{
    static const char *const lines[] = { "irq", "fiq", "virq", "vfiq" };

    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        device_connect_irq(gic, lines[i], n, cpu, lines[i], 0);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(timer_ppi); i++) {
        device_connect_irq(cpu, "timer", i, gic, "ppi", n * 32 + timer_ppi[i]);
    }
    device_connect_irq(cpu, "pmu", 0, gic, "ppi", n * 32 + PPI_PMU);
    if (virtualization) {
        device_connect_irq(gic, "maintenance", n, gic, "ppi", n * 32 + PPI_MAINTENANCE);
    }
}

/* mte=on|off: all RAM has allocation tags if the CPU's model says so, which mte=on wants and mte=off takes away. */
static bool set_tag_memory(VirtMachine *v, Object *cpu, GError **error)
{
    bool on = false;

    if (!v->mte || !class_find_property(cpu->oc, "mte")) {
        return true;
    }
    parse_bool("mte", v->mte, &on, NULL);
    if (on && !object_get_bool(cpu, "mte")) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "mte=on: the CPU model has no memory tagging: -cpu max has it");
        return false;
    }
    return on || object_set(cpu, "mte", "off", error);
}

static bool add_cpus(VirtMachine *v, GError **error)
{
    MachineClass *mc = MACHINE_CLASS_OF(v);
    MachineConfig *c = &v->parent.config;
    bool firmware = c->bios || machine_has_drive(&v->parent, "pflash", 0);

    fdt_node(v->fdt, "/cpus");
    FDT_CELLS(v->fdt, "/cpus", "#address-cells", 1);
    FDT_CELLS(v->fdt, "/cpus", "#size-cells", 0);
    v->cluster = cluster_new(&v->parent, "cluster0", v->parent.sysmem);
    for (unsigned n = 0; n < c->smp; n++) {
        CPUState *cs = cluster_add_cpu(v->cluster, c->cpu ? c->cpu : mc->default_cpu, error);
        Object *obj = cs ? &cs->parent.parent : NULL;
        g_autofree char *name = g_strdup_printf("cpu[%u]", n);

        if (!cs) {
            return false;
        }
        if (!class_find_property(obj->oc, "mp-affinity") || !class_find_property(obj->oc, "psci-conduit")) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: not a CPU for the machine virt", c->cpu);
            return false;
        }
        if (!set_tag_memory(v, obj, error)) {
            return false;
        }
        object_set_uint(obj, "mp-affinity", affinity(v, n));
        object_set_bool(obj, "el2", v->virtualization);
        object_set_bool(obj, "el3", v->secure);
        object_set_bool(obj, "start-powered-off", n > 0 && !(firmware && v->secure));
        if (!(firmware && v->secure) && !object_set(obj, "psci-conduit", psci_is_smc(v) ? "smc" : "hvc", error)) {
            return false;
        }
        if (v->gic == 3) {
            object_set_link(obj, "gicv3-cpuif", object_child(&v->gic_dev->parent, name));
        }
        if (!device_realize(&cs->parent, error)) {
            return false;
        }
        virt_connect_cpu(v->gic_dev, &cs->parent, n, v->virtualization);
    }
    for (unsigned n = c->smp; n-- > 0;) {
        g_autofree char *path = g_strdup_printf("/cpus/cpu@%x", (unsigned)affinity(v, n));
        const char *type = ((Object *)v->cluster->cpus->pdata[n])->oc->info->name;
        int model = (int)(strlen(type) - strlen("-aarch64-cpu"));
        g_autofree char *compatible = g_str_has_prefix(type, "max-") ? g_strdup("arm,armv8")
                                                                     : g_strdup_printf("arm,%.*s", model, type);

        fdt_node(v->fdt, path);
        fdt_str(v->fdt, path, "device_type", "cpu");
        fdt_str(v->fdt, path, "compatible", compatible);
        FDT_CELLS(v->fdt, path, "reg", (uint32_t)affinity(v, n));
        FDT_CELLS(v->fdt, path, "phandle", PHANDLE_CPU + n);
        if (c->smp > 1) {
            fdt_str(v->fdt, path, "enable-method", "psci");
        }
    }
    if (!(firmware && v->secure)) {
        fdt_node(v->fdt, "/psci");
        fdt_bytes(v->fdt, "/psci", "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci",
                  sizeof("arm,psci-1.0\0arm,psci-0.2\0arm,psci"));
        fdt_str(v->fdt, "/psci", "method", psci_is_smc(v) ? "smc" : "hvc");
        FDT_CELLS(v->fdt, "/psci", "cpu_suspend", 0xc4000001);
        FDT_CELLS(v->fdt, "/psci", "cpu_off", 0x84000002);
        FDT_CELLS(v->fdt, "/psci", "cpu_on", 0xc4000003);
        FDT_CELLS(v->fdt, "/psci", "migrate", 0xc4000005);
    }
    fdt_node(v->fdt, "/timer");
    fdt_bytes(v->fdt, "/timer", "compatible", "arm,armv8-timer\0arm,armv7-timer", sizeof("arm,armv8-timer\0arm,armv7-timer"));
    fdt_empty(v->fdt, "/timer", "always-on");
    FDT_CELLS(v->fdt, "/timer", "interrupts", FDT_PPI, PPI_SEC - 16, FDT_LEVEL, FDT_PPI, PPI_PHYS - 16, FDT_LEVEL,
              FDT_PPI, PPI_VIRT - 16, FDT_LEVEL, FDT_PPI, PPI_HYP - 16, FDT_LEVEL);
    fdt_node(v->fdt, "/pmu");
    fdt_str(v->fdt, "/pmu", "compatible", "arm,armv8-pmuv3");
    FDT_CELLS(v->fdt, "/pmu", "interrupts", FDT_PPI, PPI_PMU - 16, FDT_LEVEL);
    return true;
}

/* -- memory ---------------------------------------------------------------------------------------------------------------- */

static bool add_memory(VirtMachine *v, GError **error)
{
    uint64_t size = v->parent.config.ram_size;
    Object *owner = &v->parent.parent.parent;
    g_autofree char *path = g_strdup_printf("/memory@%" PRIx64, map[RAM].base);

    if (size > map[RAM].size) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-m: the machine virt has room for 255 GiB of memory at most");
        return false;
    }
    if (!memory_region_init_ram(&v->ram, owner, "mach-virt.ram", size, error)) {
        return false;
    }
    memory_region_add(&v->sysmem, map[RAM].base, &v->ram, 0);
    fdt_node(v->fdt, path);
    fdt_str(v->fdt, path, "device_type", "memory");
    FDT_REGS(v->fdt, path, map[RAM].base, size);
    if (v->secure) {
        if (!memory_region_init_ram(&v->secure_ram, owner, "virt.secure-ram", map[SECURE_MEM].size, error)) {
            return false;
        }
        v->secure_ram.pas_mask = 1 << PAS_SECURE;
        memory_region_add(&v->sysmem, map[SECURE_MEM].base, &v->secure_ram, 0);
        fdt_node(v->fdt, "/secram@e000000");
        fdt_str(v->fdt, "/secram@e000000", "device_type", "memory");
        FDT_REGS(v->fdt, "/secram@e000000", map[SECURE_MEM].base, map[SECURE_MEM].size);
        fdt_str(v->fdt, "/secram@e000000", "status", "disabled");
        fdt_str(v->fdt, "/secram@e000000", "secure-status", "okay");
    }
    return true;
}

/* -- starting --------------------------------------------------------------------------------------------------------------- */

static void reset_cpus(void *opaque)
{
    VirtMachine *v = opaque;
    CPUState *cs = v->cluster->cpus->pdata[0];
    uint64_t args[4] = { v->boot_dtb };

    if (v->boot_kernel) {
        CPU_CLASS_OF(cs)->boot(cs, v->boot_pc, args);
    } else {
        CPU_CLASS_OF(cs)->set_pc(cs, v->boot_pc);
    }
}

static bool read_file(const char *path, GBytes **ret, GError **error)
{
    g_autoptr(GError) err = NULL;
    char *data;
    gsize len;

    if (!g_file_get_contents(path, &data, &len, &err)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: %s", path,
                    g_error_matches(err, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? "there is no such file" : err->message);
        return false;
    }
    *ret = g_bytes_new_take(data, len);
    return true;
}

/* Puts the kernel into memory; *ret_end: the first address that it does not use. */
static bool load_kernel(VirtMachine *v, hwaddr *ret_end, GError **error)
{
    Machine *m = &v->parent;
    const LoaderOps *ops = loader_ops(m, error);
    Image *image = ops ? ops->open(m->config.kernel, false, error) : NULL;
    hwaddr base = map[RAM].base, end = base;
    bool ok = image != NULL;

    if (!ok) {
        return false;
    }
    v->boot_kernel = true;
    if (image->format == IMAGE_ELF && (image->elf_machine != 183 || !image->elf64)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: an ELF file of another architecture (machine %u), not AArch64",
                    m->config.kernel, image->elf_machine);
        ok = false;
    }
    for (unsigned i = 0; ok && i < image->segments->len; i++) {
        ImageSegment *s = &g_array_index(image->segments, ImageSegment, i);
        hwaddr addr = image->format == IMAGE_LINUX_ARM64 ? base + (image->any_base ? KERNEL_ALIGN : 0) + image->text_offset :
                      image->format == IMAGE_RAW ? base + 0x80000 : s->addr;

        if (image->format == IMAGE_LINUX_ARM64 && s->mem_size > m->config.ram_size - (addr - base)) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE,
                        "%s: the kernel needs %" PRIu64 " MiB of memory: give the machine more with -m", m->config.kernel,
                        (s->mem_size + (addr - base)) >> 20);
            ok = false;
            break;
        }
        ok = rom_add(m, m->config.kernel, m->sysmem, addr, s->data,
                     image->format == IMAGE_LINUX_ARM64 ? g_bytes_get_size(s->data) : s->mem_size, error);
        end = MAX(end, addr + s->mem_size);
        v->boot_pc = image_is_placed(image) ? image->entry : addr;
    }
    ops->free(image);
    *ret_end = end;
    return ok;
}

static bool load_bios(VirtMachine *v, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;

    if (!read_file(v->parent.config.bios, &bytes, error)) {
        return false;
    }
    if (g_bytes_get_size(bytes) == 0 || g_bytes_get_size(bytes) > map[FLASH].size / 2) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: firmware must be 1 byte to 64 MiB", v->parent.config.bios);
        return false;
    }
    v->boot_pc = map[FLASH].base;
    return rom_add_pas(&v->parent, v->parent.config.bios, v->parent.sysmem, map[FLASH].base, bytes, 0, PAS_SECURE, error);
}

bool virt_load(VirtMachine *v, GError **error)
{
    Machine *m = &v->parent;
    MachineConfig *c = &m->config;
    hwaddr base = map[RAM].base, kernel_end = base, dtb_at = base;
    g_autoptr(GBytes) initrd = NULL, dtb = NULL;

    if (c->initrd && !c->kernel) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-initrd: wants a -kernel to give it to");
        return false;
    }
    if (c->append && !c->kernel) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-append: wants a -kernel to give it to");
        return false;
    }
    if (c->bios && !load_bios(v, error)) {
        return false;
    }
    if (c->kernel && !c->bios && !load_kernel(v, &kernel_end, error)) {
        return false;
    }
    if (c->kernel && c->bios) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "-kernel with -bios: not supported yet");
        return false;
    }
    if (c->dtb) {
        /* the user's tree, with the memory and what the kernel is to be told */
        g_autofree char *memory = g_strdup_printf("/memory@%" PRIx64, base);
        Fdt *own = fdt_from_file(c->dtb, error);

        if (!own) {
            return false;
        }
        fdt_free(v->fdt);
        v->fdt = own;
        fdt_node(own, "/chosen");
        if (fdt_has_node(own, "/memory")) {
            FDT_REGS(own, "/memory", base, c->ram_size);
        } else {
            fdt_node(own, memory);
            fdt_str(own, memory, "device_type", "memory");
            FDT_REGS(own, memory, base, c->ram_size);
        }
    }
    if (c->kernel) {
        hwaddr initrd_at = MAX(base + MIN(c->ram_size / 2, UINT64_C(128) << 20), align_up(kernel_end, KERNEL_ALIGN));

        dtb_at = initrd_at;
        if (c->initrd) {
            if (!read_file(c->initrd, &initrd, error)) {
                return false;
            }
            if (g_bytes_get_size(initrd) > c->ram_size - MIN(c->ram_size, initrd_at - base)) {
                g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE,
                            "%s: does not fit into memory beside the kernel: give the machine more with -m", c->initrd);
                return false;
            }
            if (!rom_add(m, c->initrd, m->sysmem, initrd_at, initrd, 0, error)) {
                return false;
            }
            fdt_u64(v->fdt, "/chosen", "linux,initrd-start", initrd_at);
            fdt_u64(v->fdt, "/chosen", "linux,initrd-end", initrd_at + g_bytes_get_size(initrd));
            dtb_at = align_up(initrd_at + g_bytes_get_size(initrd), KERNEL_ALIGN);
        }
        if (c->append) {
            fdt_str(v->fdt, "/chosen", "bootargs", c->append);
        }
    }
    dtb = fdt_blob(v->fdt);
    if (c->dumpdtb) {
        gsize len;
        const char *data = g_bytes_get_data(dtb, &len);

        if (!file_write(c->dumpdtb, data, len, error)) {
            g_prefix_error(error, "dumpdtb: ");
            return false;
        }
    }
    v->boot_dtb = dtb_at;
    /* without a kernel to be told of it, the tree is where firmware may look, unless the user wants that memory */
    if (c->kernel ? !rom_add(m, "device tree", m->sysmem, dtb_at, dtb, 0, error)
                  : !rom_add_yielding(m, "device tree", m->sysmem, dtb_at, dtb, error)) {
        return false;
    }
    machine_add_reset(m, RESET_PHASE_BOARD, reset_cpus, v, NULL);
    return true;
}

static bool check_options(VirtMachine *v, GError **error)
{
    MachineConfig *c = &v->parent.config;
    const char *gic = v->gic_version ? v->gic_version : "2";
    bool on;

    if (strcmp(gic, "2") == 0) {
        v->gic = 2;
    } else if (strcmp(gic, "3") == 0 || strcmp(gic, "max") == 0) {
        v->gic = 3;
    } else {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "gic-version=%s: wants 2, 3 or max%s", gic,
                    strcmp(gic, "4") == 0 || strcmp(gic, "host") == 0 ? " (others are not supported yet)" : "");
        return false;
    }
    if (c->bios && machine_has_drive(&v->parent, "pflash", 0)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-bios: the flash has an image already (if=pflash)");
        return false;
    }
    if (v->mte && !parse_bool("mte", v->mte, &on, error)) {
        return false;
    }
    if (v->gic == 2 && c->smp > MAX_CPUS_GICV2) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-smp %u: a GICv2 serves 8 CPUs: use gic-version=3", c->smp);
        return false;
    }
    return true;
}

/*
 * What a kernel places itself by, and its first entropy. A run that is to repeat has them only if -seed says from where.
 */
static void add_randomness(VirtMachine *v)
{
    uint8_t kaslr[8], entropy[32];
    Machine *m = &v->parent;

    if (v->dtb_randomness && (m->config.seed_set || !m->config.counted) &&
        machine_random(m, kaslr, sizeof(kaslr)) && machine_random(m, entropy, sizeof(entropy))) {
        fdt_bytes(v->fdt, "/chosen", "kaslr-seed", kaslr, sizeof(kaslr));
        fdt_bytes(v->fdt, "/chosen", "rng-seed", entropy, sizeof(entropy));
    }
}

bool virt_build_devices(VirtMachine *v, GError **error)
{
    Machine *m = &v->parent;

    if (!check_options(v, error)) {
        return false;
    }
    memory_region_init(&v->sysmem, &m->parent.parent, "system", UINT64_MAX);
    m->sysmem = address_space_new(m, &v->sysmem, "memory");
    v->fdt = fdt_new();
    fdt_str(v->fdt, "/", "compatible", "linux,dummy-virt");
    fdt_str(v->fdt, "/", "model", "linux,dummy-virt");
    FDT_CELLS(v->fdt, "/", "#address-cells", 2);
    FDT_CELLS(v->fdt, "/", "#size-cells", 2);
    FDT_CELLS(v->fdt, "/", "interrupt-parent", PHANDLE_GIC);
    fdt_empty(v->fdt, "/", "dma-coherent");
    fdt_node(v->fdt, "/chosen");
    fdt_node(v->fdt, "/apb-pclk");
    fdt_str(v->fdt, "/apb-pclk", "compatible", "fixed-clock");
    FDT_CELLS(v->fdt, "/apb-pclk", "#clock-cells", 0);
    FDT_CELLS(v->fdt, "/apb-pclk", "clock-frequency", CLOCK_HZ);
    fdt_str(v->fdt, "/apb-pclk", "clock-output-names", "clk24mhz");
    FDT_CELLS(v->fdt, "/apb-pclk", "phandle", PHANDLE_CLOCK);

    if (!add_memory(v, error) || !add_gic(v, error) || !add_cpus(v, error)) {
        return false;
    }
    add_randomness(v);
    return add_flash(v, error) && add_uart(v, "uart0", UART, 0, 0, error) &&
           (!v->secure || add_uart(v, "uart1", SECURE_UART, 1, 1 << PAS_SECURE, error)) && add_rtc(v, error) &&
           add_gpio(v, error) && add_fw_cfg(v, error) && add_virtio(v, error);
}

static bool virt_build(Machine *m, GError **error)
{
    return virt_build_devices(VIRT(m), error) && virt_load(VIRT(m), error);
}

static void virt_powerdown(Machine *m)
{
    VirtMachine *v = VIRT(m);

    object_set_bool(&v->power_key->parent, "pressed", true);
}

static void virt_finalize(Object *obj)
{
    VirtMachine *v = VIRT(obj);

    memory_region_destroy(&v->sysmem);
    memory_region_destroy(&v->ram);
    memory_region_destroy(&v->secure_ram);
    fdt_free(v->fdt);
}

static void virt_class_init(ObjectClass *oc, const TypeInfo *info G_GNUC_UNUSED)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->arch = "aarch64";
    mc->default_cpu = "cortex-a57";
    mc->default_ram = UINT64_C(128) << 20;
    mc->default_smp = 1;
    mc->max_smp = MAX_CPUS;
    mc->drive_device = "virtio-blk-device";
    mc->nic_device = "virtio-net-device";
    mc->takes = TAKES_KERNEL | TAKES_INITRD | TAKES_APPEND | TAKES_DTB | TAKES_DUMPDTB | TAKES_BIOS;
    mc->build = virt_build;
    mc->powerdown = virt_powerdown;
}

static const Property virt_props[] = {
    PROP_DEF("secure", VirtMachine, secure, PROP_BOOL, 0, "EL3 and the Secure state, with memory and a UART of their own"),
    PROP_DEF("virtualization", VirtMachine, virtualization, PROP_BOOL, 0, "EL2"),
    PROP_DEF("gic-version", VirtMachine, gic_version, PROP_STRING, 0, "2, 3, or max"),
    PROP_DEF("mte", VirtMachine, mte, PROP_STRING, 0, "whether RAM has allocation tags; default: if the CPU has tagging"),
    PROP_DEF("dtb-randomness", VirtMachine, dtb_randomness, PROP_BOOL, 1, "kaslr-seed and rng-seed in the device tree"),
    PROP_DEF("highmem", VirtMachine, highmem, PROP_BOOL, 1, "accepted; there is nothing above the RAM"),
    PROP_END
};

const TypeInfo virt_type = {
    .name = TYPE_VIRT, .parent = TYPE_MACHINE, .desc = "ARM Virtual Machine", .instance_size = sizeof(VirtMachine),
    .class_init = virt_class_init, .props = virt_props, .finalize = virt_finalize,
};
