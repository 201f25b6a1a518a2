/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * amp-virt: the board virt, and beside its A-profile CPUs any number of clusters of other cores (-cluster), each with
 * memory and devices of its own. Of no real hardware; docs/machines.md has its map.
 *
 * A cluster sees 32 bits of addresses of its own: code TCM at 0, data TCM at 0x20000000, its UART, timer and doorbells
 * at 0x40000000. SRAM is at one address for all, and so is the reset controller's register frame but for its base. Each
 * CPU has a private page that says which it is. The A-profile CPUs reach every TCM through a window, to load firmware.
 * Cluster 0 is that of the A-profile; of any two, the lower is the "application" side of the MHU between them.
 * A named cluster of A-profile cores has a GICv2 of its own among its devices, and no EL2, EL3 or PSCI.
 */
#include <inttypes.h>
#include <string.h>

#include "core/exec/cpu.h"
#include "core/exec/loader.h"
#include "core/io/char.h"
#include "core/keyval.h"
#include "modules/hw/arm/amp_ctrl.h"
#include "modules/hw/arm/boards.h"
#include "modules/hw/arm/virt.h"
#include "targets/arm/iface/m_profile.h"

#define TYPE_AMP_VIRT "amp-virt"
#define TYPE_AMP_IDAU "amp-idau"

enum { MAX_CLUSTERS = 8 };                      /* with that of the A-profile */
#define MiB (UINT64_C(1) << 20)

/* -- the map ---------------------------------------------------------------------------------------------------------- */

/* What all see at one address: SRAM; the first SCPI_AREA bytes are for the kernel's SCPI driver, a slot a cluster. */
#define SRAM_BASE UINT64_C(0x28000000)
#define SRAM_SIZE MiB
enum { SCPI_AREA = 0x10000, SCPI_SLOT = 0x200 };
/* What the A-profile CPUs see. */
#define A_CTRL_BASE UINT64_C(0x2a000000)
#define A_MHU_BASE UINT64_C(0x2b000000)         /* to cluster n: + n * A_MHU_STRIDE */
#define A_MHU_STRIDE UINT64_C(0x10000)
#define A_WINDOW_BASE UINT64_C(0x30000000)      /* of cluster n: + (n - 1) * A_WINDOW_STRIDE: code, and data half way */
#define A_WINDOW_STRIDE UINT64_C(0x02000000)
/* A piece of the RAM that the kernel leaves alone, and that the clusters see. */
#define SHARED_RAM_OFFSET UINT64_C(0x06000000)
#define SHARED_RAM_SIZE MiB
#define MIN_RAM (128 * MiB)
/* What a cluster sees. */
#define M_CODE_BASE UINT64_C(0x00000000)
#define M_DATA_BASE UINT64_C(0x20000000)
#define M_PERIPH_BASE UINT64_C(0x40000000)
#define M_RAM_BASE UINT64_C(0x60000000)
enum { M_UART = 0x0000, M_TIMER = 0x1000, M_CPUID = 0xe000, M_CTRL = 0xf000, M_MHU = 0x10000, M_MHU_STRIDE = 0x1000,
       M_PERIPH_SIZE = 0x20000, M_CPUID_SIZE = 0x1000, M_GIC_DIST = 0x8000, M_GIC_CPU = 0xa000 };
/* Bit 28 of an address below 0x60000000 tells the Security states apart, with idau=on; without it both are the same. */
#define M_SECURE UINT64_C(0x10000000)
/* Interrupts of a cluster: UART, the timer's two and both, and three for each other cluster n, from IRQ_MHU + 3 * n on. */
enum { IRQ_UART = 0, IRQ_TIMER1 = 1, IRQ_TIMER2 = 2, IRQ_MHU = 4, MHU_LINES = 3,
       NUM_M_IRQS = IRQ_MHU + MHU_LINES * MAX_CLUSTERS };
/* A CPU with fewer inputs than this gets UART and timer on input 0, and every doorbell on input 1. */
G_STATIC_ASSERT(NUM_M_IRQS <= 32);              /* inputs of an "irq-or" */
enum { MAX_GIC_CPUS = 8 };
enum { DEFAULT_CODE = 256 << 10, DEFAULT_DATA = 256 << 10, MIN_TCM = 4096, MAX_TCM = 16 << 20 };

enum { PHANDLE_MHU = PHANDLE_FREE, PHANDLE_SHMEM = PHANDLE_FREE + 0x100 };

/* -- types ------------------------------------------------------------------------------------------------------------ */

/* A CPU's own page. */
typedef struct AmpCpu {
    uint32_t number, member, count;             /* of the cluster; in the cluster; CPUs of the cluster */
    MemoryRegion root, cluster, page, secure_page;
} AmpCpu;

typedef struct AmpCluster {
    const ClusterOption *o;
    unsigned number;                            /* 1 is the first */
    Object *box;                                /* its devices, in the composition tree */
    MemoryRegion root, code, data, code_secure, data_secure, periph, periph_secure, ctrl, sram, sram_secure, ram;
    MemoryRegion mhu[MAX_CLUSTERS], window_code, window_data;
    Cluster *cluster;
    GPtrArray *cpus;                            /* (AmpCpu *), owned */
    Device *gate[2];                            /* of CPUs with few inputs */
    Device *gic;                                /* of A-profile CPUs */
} AmpCluster;

typedef struct AmpVirt {
    VirtMachine parent;
    char *scpi;                                 /* property */
    bool idau;
    MemoryRegion sram;
    Device *ctrl;
    GPtrArray *clusters;                        /* (AmpCluster *), owned */
} AmpVirt;
DECLARE_OBJECT(AmpVirt, AMP_VIRT, TYPE_AMP_VIRT)

/* -- which CPU am I --------------------------------------------------------------------------------------------------- */

static MemTxResult cpuid_read(void *opaque, hwaddr addr, unsigned size, uint64_t *ret_value, MemTxAttrs attrs)
{
    const AmpCpu *c = opaque;

    *ret_value = addr == 0 ? c->member : addr == 4 ? c->number : addr == 8 ? c->count : 0;
    return MEMTX_OK;
}

static MemTxResult cpuid_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    return MEMTX_OK;
}

static const MemoryRegionOps cpuid_ops = { .read = cpuid_read, .write = cpuid_write, .impl_min = 4, .impl_max = 4 };

static void amp_cpu_free(void *opaque)
{
    AmpCpu *c = opaque;

    memory_region_destroy(&c->page);
    memory_region_destroy(&c->secure_page);
    memory_region_destroy(&c->cluster);
    memory_region_destroy(&c->root);
    g_free(c);
}

static void amp_cluster_free(void *opaque)
{
    AmpCluster *c = opaque;
    MemoryRegion *const all[] = {
        &c->window_code, &c->window_data, &c->code_secure, &c->data_secure, &c->periph_secure, &c->ctrl, &c->sram,
        &c->sram_secure, &c->ram, &c->code, &c->data, &c->periph, &c->root,
    };

    g_ptr_array_unref(c->cpus);
    for (unsigned i = 0; i < MAX_CLUSTERS; i++) {
        memory_region_destroy(&c->mhu[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        memory_region_destroy(all[i]);
    }
    g_free(c);
}

/* -- IDAU: with bit 28 an address is Secure, and what is code there may be Non-secure callable ----------------------------- */

static ArmIdauResult idau_check(ArmIdau *idau, uint32_t addr)
{
    bool secure = addr & M_SECURE && addr < M_RAM_BASE;

    return (ArmIdauResult){ .ns = !secure, .nsc = secure && addr < M_DATA_BASE, .region = (int)(addr >> 28) };
}

static void idau_init(Object *obj)
{
    ((ArmIdau *)obj)->check = idau_check;
}

const TypeInfo amp_idau_type = {
    .name = TYPE_AMP_IDAU, .parent = TYPE_ARM_IDAU, .desc = "amp-virt's attribution of addresses", .init = idau_init,
};

/* -- a cluster's memory ----------------------------------------------------------------------------------------------- */

static bool tcm_size(const char *what, uint64_t asked, uint64_t def, uint64_t *ret, GError **error)
{
    *ret = asked ? asked : def;
    if (*ret < MIN_TCM || *ret > MAX_TCM || *ret % MIN_TCM) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%" PRIu64 ": 4 KiB to 16 MiB, whole pages of 4 KiB", what, *ret);
        return false;
    }
    return true;
}

static void add_alias(AmpCluster *c, MemoryRegion *alias, const char *name, MemoryRegion *of, hwaddr offset, uint64_t size,
                      MemoryRegion *container, hwaddr at)
{
    memory_region_init_alias(alias, c->box, name, of, offset, size);
    memory_region_add(container, at, alias, 0);
}

static bool add_cluster_memory(AmpVirt *a, AmpCluster *c, GError **error)
{
    VirtMachine *v = &a->parent;
    hwaddr window = A_WINDOW_BASE + (c->number - 1) * A_WINDOW_STRIDE;
    uint64_t code, data;

    memory_region_init(&c->root, c->box, c->o->name, UINT64_C(1) << 32);
    memory_region_init(&c->periph, c->box, "peripherals", M_PERIPH_SIZE);
    if (!tcm_size("tcm-code", c->o->tcm_code, DEFAULT_CODE, &code, error) ||
        !tcm_size("tcm-data", c->o->tcm_data, DEFAULT_DATA, &data, error) ||
        !memory_region_init_ram(&c->code, c->box, "tcm-code", code, error) ||
        !memory_region_init_ram(&c->data, c->box, "tcm-data", data, error)) {
        return false;
    }
    memory_region_add(&c->root, M_CODE_BASE, &c->code, 0);
    memory_region_add(&c->root, M_DATA_BASE, &c->data, 0);
    memory_region_add(&c->root, M_PERIPH_BASE, &c->periph, 0);
    add_alias(c, &c->code_secure, "tcm-code-secure", &c->code, 0, code, &c->root, M_CODE_BASE | M_SECURE);
    add_alias(c, &c->data_secure, "tcm-data-secure", &c->data, 0, data, &c->root, M_DATA_BASE | M_SECURE);
    add_alias(c, &c->periph_secure, "peripherals-secure", &c->periph, 0, M_PERIPH_SIZE, &c->root, M_PERIPH_BASE | M_SECURE);
    add_alias(c, &c->sram, "sram-view", &a->sram, 0, SRAM_SIZE, &c->root, SRAM_BASE);
    add_alias(c, &c->sram_secure, "sram-secure", &a->sram, 0, SRAM_SIZE, &c->root, SRAM_BASE | M_SECURE);
    add_alias(c, &c->ram, "shared-ram", &v->ram, SHARED_RAM_OFFSET, SHARED_RAM_SIZE, &c->root, M_RAM_BASE);
    add_alias(c, &c->ctrl, "ctrl-view", device_region(a->ctrl, NULL), 0, AMP_CTRL_SIZE, &c->periph, M_CTRL);
    add_alias(c, &c->window_code, "window-code", &c->code, 0, code, &v->sysmem, window);
    add_alias(c, &c->window_data, "window-data", &c->data, 0, data, &v->sysmem, window + A_WINDOW_STRIDE / 2);
    return true;
}

/* -- a cluster's CPUs ------------------------------------------------------------------------------------------------- */

static unsigned num_inputs(Device *cpu)
{
    for (unsigned i = 0; cpu->irq_in && i < cpu->irq_in->len; i++) {
        const DeviceIrqIn *in = &g_array_index(cpu->irq_in, DeviceIrqIn, i);

        if (strcmp(in->name, "irq") == 0) {
            return in->count;
        }
    }
    return 0;
}

static bool is_a_profile(const Object *cpu)
{
    return class_find_property(cpu->oc, "mp-affinity") != NULL;
}

static bool cpu_fits(Object *cpu, GError **error)
{
    if (!num_inputs(DEVICE(cpu)) || !class_find_property(cpu->oc, "start-powered-off")) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "cpu=%s: does not fit: machine amp-virt has no way to start it",
                    cpu->oc->info->name);
        return false;
    }
    return true;
}

static void add_cpu_page(AmpVirt *a, AmpCluster *c, CPUState *cs, unsigned member)
{
    AmpCpu *p = g_new0(AmpCpu, 1);
    Machine *m = &a->parent.parent;
    g_autofree char *name = g_strdup_printf("%s-cpu%u", c->o->name, member);

    g_ptr_array_add(c->cpus, p);
    p->number = c->number;
    p->member = member;
    p->count = c->o->count;
    memory_region_init(&p->root, c->box, name, UINT64_C(1) << 32);
    add_alias(c, &p->cluster, c->o->name, &c->root, 0, UINT64_C(1) << 32, &p->root, 0);
    memory_region_init_io(&p->page, c->box, &cpuid_ops, p, "cpuid", M_CPUID_SIZE);
    memory_region_add(&p->root, M_PERIPH_BASE + M_CPUID, &p->page, 1);
    memory_region_init_alias(&p->secure_page, c->box, "cpuid-secure", &p->page, 0, M_CPUID_SIZE);
    memory_region_add(&p->root, (M_PERIPH_BASE | M_SECURE) + M_CPUID, &p->secure_page, 1);
    cpu_set_address_space(cs, address_space_new(m, &p->root, name));
}

/* Before the first A-profile CPU: the interrupt controller of all. */
static bool add_gic(AmpCluster *c, const CPUState *first, GError **error)
{
    Object *gic;

    if (c->o->count > MAX_GIC_CPUS) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "count=%u: the cluster's GICv2 serves %u CPUs", c->o->count,
                    MAX_GIC_CPUS);
        return false;
    }
    gic = object_new_child(c->box, "gic", "arm_gic", error);
    if (!gic) {
        return false;
    }
    object_set_uint(gic, "num-cpu", c->o->count);
    object_set_uint(gic, "first-cpu", first->index);
    object_set_uint(gic, "num-irq", 32 + 32);
    if (!device_realize(DEVICE(gic), error)) {
        return false;
    }
    c->gic = DEVICE(gic);
    memory_region_add(&c->periph, M_GIC_DIST, device_region(c->gic, "dist"), 0);
    memory_region_add(&c->periph, M_GIC_CPU, device_region(c->gic, "cpu"), 0);
    return true;
}

static bool add_cpu(AmpVirt *a, AmpCluster *c, unsigned member, GError **error)
{
    CPUState *cs = cluster_add_cpu(c->cluster, c->o->cpu, error);
    Object *obj = cs ? &cs->parent.parent : NULL;
    unsigned n;

    if (!cs || !cpu_fits(obj, error)) {
        return false;
    }
    if (is_a_profile(obj)) {
        if (!c->gic && !add_gic(c, cs, error)) {
            return false;
        }
        object_set_uint(obj, "mp-affinity", c->number << 8 | member);
        object_set_bool(obj, "el2", false);
        object_set_bool(obj, "el3", false);
    }
    if (a->idau && class_find_property(obj->oc, "idau") && class_find_property(obj->oc, "init-svtor")) {
        Object *idau = object_child(c->box, "idau");

        if (!idau) {
            idau = object_new_child(c->box, "idau", TYPE_AMP_IDAU, error);
        }
        object_set_link(obj, "idau", idau);
        object_set_uint(obj, "init-svtor", M_CODE_BASE | M_SECURE);
    }
    if (c->o->frequency) {
        object_set_uint(obj, "frequency", c->o->frequency);
    }
    if (!amp_ctrl_add(a->ctrl, cs, c->number, member, c->o->kernel != NULL, &n, error)) {
        return false;
    }
    add_cpu_page(a, c, cs, member);
    if (!device_realize(&cs->parent, error)) {
        return false;
    }
    if (is_a_profile(obj)) {
        virt_connect_cpu(c->gic, &cs->parent, member, false);
    }
    if (device_has_irq_out(&cs->parent, "lockup")) {
        device_connect_irq(&cs->parent, "lockup", 0, a->ctrl, "lockup", n);
    }
    if (device_has_irq_out(&cs->parent, "sysresetreq")) {
        device_connect_irq(&cs->parent, "sysresetreq", 0, a->ctrl, "reset", n);
    }
    return true;
}

/* An interrupt of the cluster: to each of its CPUs. */
static void connect_irq(AmpCluster *c, Device *src, const char *out, unsigned n, unsigned irq)
{
    for (unsigned i = 0; i < c->cluster->cpus->len; i++) {
        Device *cpu = &CPU(c->cluster->cpus->pdata[i])->parent;

        if (num_inputs(cpu) >= NUM_M_IRQS) {
            device_connect_irq(src, out, n, cpu, "irq", irq);
        }
    }
    if (c->gic) {
        device_connect_irq(src, out, n, c->gic, "spi", irq);
    }
    if (c->gate[0]) {
        device_connect_irq(src, out, n, c->gate[irq >= IRQ_MHU], "in", irq);
    }
}

static bool add_gates(AmpCluster *c, GError **error)
{
    for (unsigned i = 0; i < c->cluster->cpus->len; i++) {
        Device *cpu = &CPU(c->cluster->cpus->pdata[i])->parent;

        if (num_inputs(cpu) >= NUM_M_IRQS || is_a_profile(&cpu->parent)) {
            continue;
        }
        for (unsigned g = 0; g < 2; g++) {
            if (!c->gate[g]) {
                Object *gate = object_new_child(c->box, g ? "doorbells" : "interrupts", "irq-or", error);

                if (!gate || !device_realize(DEVICE(gate), error)) {
                    return false;
                }
                c->gate[g] = DEVICE(gate);
            }
            device_connect_irq(c->gate[g], "out", 0, cpu, "irq", MIN(g, num_inputs(cpu) - 1));
        }
    }
    return true;
}

/* -- a cluster's devices ---------------------------------------------------------------------------------------------- */

static bool add_cluster_devices(AmpVirt *a, AmpCluster *c, unsigned serial, GError **error)
{
    Object *uart = object_new_child(c->box, "uart", "pl011", error), *timer;
    Chardev *chr = machine_take_serial(&a->parent.parent, serial);

    if (!uart || (chr && !object_set(uart, "chardev", chardev_id(chr), error)) || !device_realize(DEVICE(uart), error)) {
        return false;
    }
    memory_region_add(&c->periph, M_UART, device_region(DEVICE(uart), NULL), 0);
    connect_irq(c, DEVICE(uart), "intr", 0, IRQ_UART);
    timer = object_new_child(c->box, "timer", "sp804", error);
    if (!timer || !device_realize(DEVICE(timer), error)) {
        return false;
    }
    memory_region_add(&c->periph, M_TIMER, device_region(DEVICE(timer), NULL), 0);
    connect_irq(c, DEVICE(timer), "timint", 0, IRQ_TIMER1);
    connect_irq(c, DEVICE(timer), "timint", 1, IRQ_TIMER2);
    return true;
}

/* The doorbells between clusters low and high, of which low may be the A-profile's. */
static bool add_mhu(AmpVirt *a, AmpCluster *low, AmpCluster *high, GError **error)
{
    VirtMachine *v = &a->parent;
    unsigned from = low ? low->number : 0;
    g_autofree char *name = g_strdup_printf("mhu%u-%u", from, high->number);
    Object *mhu = object_new_child(&v->parent.parent.parent, name, "arm-mhu", error);
    MemoryRegion *regs;

    if (!mhu || !device_realize(DEVICE(mhu), error)) {
        return false;
    }
    regs = device_region(DEVICE(mhu), NULL);
    if (low) {
        add_alias(low, &low->mhu[high->number], name, regs, 0, M_MHU_STRIDE, &low->periph,
                  M_MHU + high->number * M_MHU_STRIDE);
    } else {
        virt_map(v, DEVICE(mhu), NULL, A_MHU_BASE + high->number * A_MHU_STRIDE, 0);
    }
    add_alias(high, &high->mhu[from], name, regs, 0, M_MHU_STRIDE, &high->periph, M_MHU + from * M_MHU_STRIDE);
    for (unsigned i = 0; i < MHU_LINES; i++) {
        if (low) {
            connect_irq(low, DEVICE(mhu), "ap", i, IRQ_MHU + MHU_LINES * high->number + i);
        } else {
            virt_connect_spi(v, DEVICE(mhu), "ap", i, VIRT_FIRST_FREE_SPI + MHU_LINES * high->number + i);
        }
        connect_irq(high, DEVICE(mhu), "scp", i, IRQ_MHU + MHU_LINES * from + i);
    }
    return true;
}

static bool load_firmware(AmpVirt *a, AmpCluster *c, GError **error)
{
    Machine *m = &a->parent.parent;
    const LoaderOps *ops = loader_ops(m, error);
    Image *image = ops ? ops->open(c->o->kernel, false, error) : NULL;
    bool ok = image && loader_fits_cpu(image, c->cluster->cpus->pdata[0], error);

    if (ok && (image->format == IMAGE_LINUX_ARM64 || image->format == IMAGE_UBOOT)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: a kernel of AArch64 or U-Boot's, not firmware", c->o->kernel);
        ok = false;
    }
    for (unsigned i = 0; ok && i < image->segments->len; i++) {
        const ImageSegment *s = &g_array_index(image->segments, ImageSegment, i);

        ok = rom_add(m, c->o->kernel, c->cluster->as, s->addr, s->data, s->mem_size, error);
    }
    if (image) {
        ops->free(image);
    }
    return ok;
}

static bool add_cluster(AmpVirt *a, const ClusterOption *o, GError **error)
{
    VirtMachine *v = &a->parent;
    Machine *m = &v->parent;
    AmpCluster *c = g_new0(AmpCluster, 1);
    g_autofree char *box = g_strconcat(o->name, "-devices", NULL);

    c->o = o;
    c->number = a->clusters->len + 1;
    c->cpus = g_ptr_array_new_with_free_func(amp_cpu_free);
    g_ptr_array_add(a->clusters, c);
    if (c->number >= MAX_CLUSTERS) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "too many clusters: machine amp-virt has room for %u", MAX_CLUSTERS - 1);
        return false;
    }
    if (object_child(&m->parent.parent, o->name)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "name=%s: the machine has something of this name", o->name);
        return false;
    }
    c->box = object_new_child(&m->parent.parent, box, TYPE_CONTAINER, error);
    if (!c->box || !add_cluster_memory(a, c, error)) {
        return false;
    }
    c->cluster = cluster_new(m, o->name, address_space_new(m, &c->root, o->name));
    for (unsigned i = 0; i < o->count; i++) {
        if (!add_cpu(a, c, i, error)) {
            return false;
        }
    }
    return add_gates(c, error) && add_cluster_devices(a, c, c->number + v->secure, error) &&
           (!o->kernel || load_firmware(a, c, error));
}

/* -- the device tree -------------------------------------------------------------------------------------------------- */

static void describe_memory(Fdt *f)
{
    const hwaddr ram = VIRT_RAM_BASE + SHARED_RAM_OFFSET;
    g_autofree char *reserved = g_strdup_printf("/reserved-memory/amp@%" PRIx64, ram);
    g_autofree char *sram = g_strdup_printf("/sram@%" PRIx64, SRAM_BASE);
    g_autofree char *ctrl = g_strdup_printf("/amp/control@%" PRIx64, A_CTRL_BASE);

    fdt_node(f, "/reserved-memory");
    FDT_CELLS(f, "/reserved-memory", "#address-cells", 2);
    FDT_CELLS(f, "/reserved-memory", "#size-cells", 2);
    fdt_empty(f, "/reserved-memory", "ranges");
    fdt_node(f, reserved);
    fdt_str(f, reserved, "compatible", "chimera,amp-memory");
    FDT_REGS(f, reserved, ram, SHARED_RAM_SIZE);
    fdt_empty(f, reserved, "no-map");

    /* the rest of the SRAM is nobody's, so that programs may map it */
    fdt_node(f, sram);
    fdt_str(f, sram, "compatible", "mmio-sram");
    FDT_REGS(f, sram, SRAM_BASE, SCPI_AREA);
    FDT_CELLS(f, sram, "#address-cells", 1);
    FDT_CELLS(f, sram, "#size-cells", 1);
    FDT_CELLS(f, sram, "ranges", 0, SRAM_BASE >> 32, (uint32_t)SRAM_BASE, SCPI_AREA);

    fdt_node(f, "/amp");
    fdt_str(f, "/amp", "compatible", "chimera,amp");
    FDT_CELLS(f, "/amp", "#address-cells", 2);
    FDT_CELLS(f, "/amp", "#size-cells", 2);
    fdt_empty(f, "/amp", "ranges");
    FDT_REGS(f, "/amp", SRAM_BASE + SCPI_AREA, SRAM_SIZE - SCPI_AREA);
    fdt_node(f, ctrl);
    fdt_str(f, ctrl, "compatible", "chimera,amp-ctrl");
    FDT_REGS(f, ctrl, A_CTRL_BASE, AMP_CTRL_SIZE);
}

static void describe_cluster(Fdt *f, const AmpCluster *c, unsigned first_cpu)
{
    const hwaddr mhu_at = A_MHU_BASE + c->number * A_MHU_STRIDE, window = A_WINDOW_BASE + (c->number - 1) * A_WINDOW_STRIDE;
    const uint32_t spi = VIRT_FIRST_FREE_SPI + MHU_LINES * c->number, slot = (c->number - 1) * SCPI_SLOT;
    g_autofree char *mhu = g_strdup_printf("/mhu@%" PRIx64, mhu_at);
    g_autofree char *node = g_strdup_printf("/amp/cluster@%" PRIx64, window);
    g_autofree char *shmem = g_strdup_printf("/sram@%" PRIx64 "/scp-shmem@%x", SRAM_BASE, slot);

    fdt_node(f, mhu);
    fdt_bytes(f, mhu, "compatible", "arm,mhu\0arm,primecell", sizeof("arm,mhu\0arm,primecell"));
    FDT_REGS(f, mhu, mhu_at, 0x1000);
    FDT_CELLS(f, mhu, "interrupts", FDT_SPI, spi, FDT_LEVEL, FDT_SPI, spi + 1, FDT_LEVEL, FDT_SPI, spi + 2, FDT_LEVEL);
    FDT_CELLS(f, mhu, "#mbox-cells", 1);
    FDT_CELLS(f, mhu, "clocks", PHANDLE_CLOCK);
    fdt_str(f, mhu, "clock-names", "apb_pclk");
    FDT_CELLS(f, mhu, "phandle", PHANDLE_MHU + c->number);

    fdt_node(f, shmem);
    fdt_bytes(f, shmem, "compatible", "arm,scpi-shmem\0arm,scp-shmem", sizeof("arm,scpi-shmem\0arm,scp-shmem"));
    FDT_CELLS(f, shmem, "reg", slot, SCPI_SLOT);
    FDT_CELLS(f, shmem, "phandle", PHANDLE_SHMEM + c->number);

    fdt_node(f, node);
    fdt_str(f, node, "compatible", "chimera,amp-cluster");
    fdt_str(f, node, "label", c->o->name);
    FDT_REGS(f, node, window, c->code.size, window + A_WINDOW_STRIDE / 2, c->data.size);
    FDT_CELLS(f, node, "chimera,first-cpu", first_cpu);
    FDT_CELLS(f, node, "chimera,cpus", c->o->count);
    FDT_CELLS(f, node, "mboxes", PHANDLE_MHU + c->number, 0);
}

/* The cluster that is Linux's system control processor. */
static void describe_scpi(Fdt *f, const AmpCluster *c)
{
    fdt_node(f, "/scpi");
    fdt_str(f, "/scpi", "compatible", "arm,scpi");
    FDT_CELLS(f, "/scpi", "mboxes", PHANDLE_MHU + c->number, 1);
    FDT_CELLS(f, "/scpi", "shmem", PHANDLE_SHMEM + c->number);
    fdt_node(f, "/scpi/sensors");
    fdt_str(f, "/scpi/sensors", "compatible", "arm,scpi-sensors");
    FDT_CELLS(f, "/scpi/sensors", "#thermal-sensor-cells", 1);
}

static bool describe(AmpVirt *a, GError **error)
{
    Fdt *f = a->parent.fdt;
    const AmpCluster *scpi = NULL;
    unsigned first = 0;

    describe_memory(f);
    for (unsigned i = a->clusters->len; i-- > 0;) {
        first += ((AmpCluster *)a->clusters->pdata[i])->o->count;
    }
    /* a tree's later nodes are found first */
    for (unsigned i = a->clusters->len; i-- > 0;) {
        const AmpCluster *c = a->clusters->pdata[i];

        first -= c->o->count;
        describe_cluster(f, c, first);
        if (a->scpi && strcmp(a->scpi, c->o->name) == 0) {
            scpi = c;
        }
    }
    if (scpi) {
        describe_scpi(f, scpi);
    } else if (a->scpi) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "scpi=%s: there is no such cluster: -cluster makes one", a->scpi);
        return false;
    }
    return true;
}

/* -- the machine ------------------------------------------------------------------------------------------------------ */

static bool add_controller(AmpVirt *a, GError **error)
{
    Object *ctrl = object_new_child(&a->parent.parent.parent.parent, "amp-ctrl", TYPE_AMP_CTRL, error);

    if (!ctrl || !device_realize(DEVICE(ctrl), error)) {
        return false;
    }
    a->ctrl = DEVICE(ctrl);
    virt_map(&a->parent, a->ctrl, NULL, A_CTRL_BASE, 0);
    return true;
}

static bool amp_virt_build(Machine *m, GError **error)
{
    AmpVirt *a = AMP_VIRT(m);
    VirtMachine *v = &a->parent;

    if (m->config.ram_size < MIN_RAM) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-m: the machine amp-virt needs 128 MiB of memory at least");
        return false;
    }
    if (!virt_build_devices(v, error) || !memory_region_init_ram(&a->sram, &m->parent.parent, "sram", SRAM_SIZE, error) ||
        !add_controller(a, error)) {
        return false;
    }
    memory_region_add(&v->sysmem, SRAM_BASE, &a->sram, 0);
    for (unsigned i = 0; i < m->config.clusters->len; i++) {
        const ClusterOption *o = m->config.clusters->pdata[i];

        if (!add_cluster(a, o, error)) {
            g_prefix_error(error, "-cluster %s: ", o->name);
            return false;
        }
    }
    for (unsigned high = 0; high < a->clusters->len; high++) {
        for (unsigned low = 0; low <= high; low++) {
            if (!add_mhu(a, low ? a->clusters->pdata[low - 1] : NULL, a->clusters->pdata[high], error)) {
                return false;
            }
        }
    }
    return describe(a, error) && virt_load(v, error);
}

static void amp_virt_init(Object *obj)
{
    AMP_VIRT(obj)->clusters = g_ptr_array_new_with_free_func(amp_cluster_free);
}

static void amp_virt_finalize(Object *obj)
{
    AmpVirt *a = AMP_VIRT(obj);

    g_ptr_array_unref(a->clusters);
    memory_region_destroy(&a->sram);
}

static void amp_virt_class_init(ObjectClass *oc, const TypeInfo *info)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->default_cpu = "cortex-a72";
    mc->default_ram = 512 * MiB;
    mc->takes |= TAKES_CLUSTERS;
    mc->build = amp_virt_build;
}

static const Property amp_virt_props[] = {
    PROP_DEF("scpi", AmpVirt, scpi, PROP_STRING, 0, "the cluster that is Linux's system control processor"),
    PROP_DEF("idau", AmpVirt, idau, PROP_BOOL, 0, "bit 28 of a cluster's address is its security"),
    PROP_END
};

const TypeInfo amp_virt_type = {
    .name = TYPE_AMP_VIRT, .parent = TYPE_VIRT, .desc = "virt with clusters of other cores", .init = amp_virt_init,
    .instance_size = sizeof(AmpVirt), .class_init = amp_virt_class_init, .props = amp_virt_props,
    .finalize = amp_virt_finalize,
};
