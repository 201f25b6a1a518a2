/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device bench. */
#include <stdarg.h>
#include <string.h>
#include "core/bits.h"
#include "core/exec/exec.h"
#include "core/io/backends.h"
#include "core/io/char.h"
#include "tests/lib/devtest.h"

#define TYPE_DEVTEST_MACHINE "devtest-machine"
#define REGION_BASE UINT64_C(0x100000000)
#define REGION_STRIDE UINT64_C(0x100000000)

static const TypeInfo devtest_machine_type = {
    .name = TYPE_DEVTEST_MACHINE,
    .parent = TYPE_MACHINE,
    .desc = "the bench",
    .instance_size = sizeof(Machine),
};

static void no_error(const GError *error)
{
    g_assert_no_error(error);
}

static void connect_chars(const Property *p, void *opaque)
{
    DevTest *t = opaque;
    g_autoptr(GError) error = NULL;
    g_autofree char *opts = NULL, *have = NULL;

    if (p->type != PROP_CHAR) {
        return;
    }
    have = object_get(&t->dev->parent, p->name, NULL);
    if (have && *have) {
        return;
    }
    opts = g_strdup_printf("ringbuf,id=%s,size=1M", p->name);
    chardev_new_from_opts(t->machine->backends, opts, NULL, &error);
    no_error(error);
    object_set(&t->dev->parent, p->name, p->name, &error);
    no_error(error);
}

/* What setup has put on the device. */
static bool realize_below(Object *obj, void *opaque)
{
    g_autoptr(GError) error = NULL;

    if (object_is_a(obj, TYPE_DEVICE) && !DEVICE(obj)->realized) {
        device_realize(DEVICE(obj), &error);
        no_error(error);
    }
    return true;
}

static void start(DevTest *t)
{
    g_autoptr(GError) error = NULL;

    t->attrs = MEMTX_ATTRS_NONE;
    t->attrs.requester = 0;
    t->types = type_registry_new(NULL, NULL);
    exec_register_types(t->types);
    type_register(t->types, &devtest_machine_type, &error);
    no_error(error);
    for (unsigned i = 0; i < t->modules->len; i++) {
        const ChimeraModule *module = t->modules->pdata[i];

        for (const TypeInfo *const *type = module->types; type && *type; type++) {
            type_register(t->types, *type, &error);
            no_error(error);
        }
        if (module->interface) {
            type_registry_add_interface(t->types, module->name, module->interface);
        }
    }
    t->machine = machine_new(t->types, TYPE_DEVTEST_MACHINE, &error);
    no_error(error);
    t->machine->clock = clock_new(NULL, t->machine);
    clock_run(t->machine->clock, t->now);
    io_backends_init(t->machine);
    memory_region_init(&t->root, NULL, "bench", UINT64_MAX);
    memory_region_init_ram(&t->ram, NULL, "ram", DEVTEST_RAM_SIZE, &error);
    no_error(error);
    memory_region_add(&t->root, 0, &t->ram, 0);
    t->machine->sysmem = address_space_new(t->machine, &t->root, "bench");
    t->dev = DEVICE(object_new_child(&t->machine->parent.parent, "dut", t->type, &error));
    no_error(error);
    for (unsigned i = 0; i + 1 < t->props->len; i += 2) {
        object_set(&t->dev->parent, t->props->pdata[i], t->props->pdata[i + 1], &error);
        no_error(error);
    }
    if (t->setup) {
        t->setup(t, t->opaque);
    }
    class_foreach_property(t->dev->parent.oc, connect_chars, t);
    machine_lock(t->machine);
    device_realize(t->dev, &error);
    no_error(error);
    object_foreach(&t->dev->parent, realize_below, NULL);
    for (unsigned i = 0; i < t->dev->regions->len; i++) {
        memory_region_add(&t->root, REGION_BASE + i * REGION_STRIDE,
                          g_array_index(t->dev->regions, DeviceRegion, i).mr, 0);
    }
    device_reset(t->dev, RESET_COLD);
    machine_unlock(t->machine);
}

static void stop(DevTest *t)
{
    Clock *clock = t->machine->exec ? NULL : t->machine->clock;     /* core/exec frees it with the machine */

    machine_free(t->machine);
    clock_free(clock);
    memory_region_destroy(&t->ram);
    memory_region_destroy(&t->root);
    type_registry_free(t->types);
}

static DevTest *new_va(const ChimeraModule *const *modules, const char *type, void (*setup)(DevTest *, void *),
                       void *opaque, va_list args)
{
    DevTest *t = g_new0(DevTest, 1);
    const char *text;

    t->modules = g_ptr_array_new();
    t->props = g_ptr_array_new_with_free_func(g_free);
    t->type = g_strdup(type);
    t->setup = setup;
    t->opaque = opaque;
    for (; *modules; modules++) {
        g_ptr_array_add(t->modules, (gpointer)*modules);
    }
    while ((text = va_arg(args, const char *))) {
        g_ptr_array_add(t->props, g_strdup(text));
    }
    start(t);
    return t;
}

DevTest *devtest_new(const ChimeraModule *const *modules, const char *type, ...)
{
    va_list args;
    DevTest *t;

    va_start(args, type);
    t = new_va(modules, type, NULL, NULL, args);
    va_end(args);
    return t;
}

DevTest *devtest_new_setup(const ChimeraModule *const *modules, const char *type, void (*setup)(DevTest *, void *),
                           void *opaque, ...)
{
    va_list args;
    DevTest *t;

    va_start(args, opaque);
    t = new_va(modules, type, setup, opaque, args);
    va_end(args);
    return t;
}

/* The state goes into a second device, which must then save the same and drive its outputs alike. */
static void check_save(DevTest *t)
{
    g_autoptr(GVariant) before = g_variant_ref_sink(device_save(t->dev)), after = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *diff = NULL;
    DevTest copy = {
        .modules = t->modules, .props = t->props, .type = t->type, .setup = t->setup, .opaque = t->opaque,
        .now = t->now,
    };

    start(&copy);
    machine_lock(copy.machine);
    device_load(copy.dev, before, &error);
    no_error(error);
    after = g_variant_ref_sink(device_save(copy.dev));
    machine_unlock(copy.machine);
    diff = vmstate_diff(before, after, 10);
    g_assert_cmpstr(diff, ==, NULL);
    for (unsigned i = 0; i < t->dev->irq_out->len; i++) {
        const DeviceIrqOut *a = &g_array_index(t->dev->irq_out, DeviceIrqOut, i);
        const DeviceIrqOut *b = &g_array_index(copy.dev->irq_out, DeviceIrqOut, i);

        for (unsigned n = 0; n < a->count; n++) {
            if (irq_level(&a->lines[n]) != irq_level(&b->lines[n])) {
                g_error("after loading, output %s[%u] is %d", a->name, n, irq_level(&b->lines[n]));
            }
        }
    }
    stop(&copy);
}

void devtest_free(DevTest *t)
{
    if (!t->no_save_check) {
        check_save(t);
    }
    stop(t);
    g_ptr_array_unref(t->modules);
    g_ptr_array_unref(t->props);
    g_free(t->type);
    g_free(t);
}

void devtest_reset(DevTest *t)
{
    machine_lock(t->machine);
    device_reset(t->dev, RESET_WARM);
    machine_unlock(t->machine);
}

static uint64_t region_base(DevTest *t, const char *name)
{
    for (unsigned i = 0; i < t->dev->regions->len; i++) {
        if (!name || strcmp(g_array_index(t->dev->regions, DeviceRegion, i).name, name) == 0) {
            return REGION_BASE + i * REGION_STRIDE;
        }
    }
    g_error("no region %s", name);
}

uint64_t devtest_read(DevTest *t, const char *region, uint64_t offset, unsigned size)
{
    return address_space_ld(t->machine->sysmem, region_base(t, region) + offset, size, false, t->attrs, &t->result);
}

void devtest_write(DevTest *t, const char *region, uint64_t offset, unsigned size, uint64_t value)
{
    address_space_st(t->machine->sysmem, region_base(t, region) + offset, size, false, value, t->attrs, &t->result);
}

void *devtest_ram(DevTest *t, uint64_t addr)
{
    g_assert(addr < DEVTEST_RAM_SIZE);
    return (uint8_t *)memory_region_ram_ptr(&t->ram) + addr;
}

bool devtest_irq_n(DevTest *t, const char *name, unsigned n)
{
    return irq_level(device_irq_out(t->dev, name, n));
}

void devtest_set_irq(DevTest *t, const char *name, unsigned n, int level)
{
    machine_lock(t->machine);
    device_set_irq_in(t->dev, name, n, level);
    machine_unlock(t->machine);
}

static Chardev *chardev_of(DevTest *t, const char *prop)
{
    g_autofree char *id = object_get(&t->dev->parent, prop, NULL);
    Chardev *chr = chardev_find(t->machine->backends, id);

    g_assert(chr);
    return chr;
}

void devtest_feed(DevTest *t, const char *prop, const void *buf, size_t len)
{
    machine_lock(t->machine);
    chardev_feed(chardev_of(t, prop), buf, len);
    machine_unlock(t->machine);
}

char *devtest_output(DevTest *t, const char *prop)
{
    return chardev_ringbuf_take(chardev_of(t, prop), NULL);
}

void devtest_step(DevTest *t, int64_t ns)
{
    t->now += ns;
    clock_run(t->machine->clock, t->now);
}

/* -- replay ------------------------------------------------------------------------------------------------ */

typedef struct Bytes {
    const uint8_t *p;
    size_t left;
} Bytes;

/* n bytes, little-endian; zeros after the end. */
static uint64_t take(Bytes *b, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < n; i++) {
        if (b->left) {
            v |= (uint64_t)*b->p++ << (8 * i);
            b->left--;
        }
    }
    return v;
}

static void feed_first(const Property *p, void *opaque)
{
    DevTest *t = opaque;

    if (p->type == PROP_CHAR) {
        devtest_feed(t, p->name, "fuzz\001\377", 6);
        g_free(devtest_output(t, p->name));
    }
}

static void access_one(DevTest *t, Bytes *b, bool write)
{
    const DeviceRegion *region;
    unsigned which, size;
    uint64_t offset, length;

    if (t->dev->regions->len == 0) {
        return;
    }
    which = (unsigned)take(b, 1);
    region = &g_array_index(t->dev->regions, DeviceRegion, which % t->dev->regions->len);
    size = 1u << (which >> 4 & 3);
    t->attrs.pas = which >> 6 & 1 ? PAS_SECURE : PAS_NONSECURE;
    length = MIN(region->mr->size, UINT64_C(0x1000000));
    offset = take(b, 1) & 1 ? take(b, 3) : take(b, 2) & 0xfff;  /* most registers are low */
    offset = offset % length & ~(uint64_t)(size - 1);
    if (write) {
        uint64_t value = take(b, 1);

        /* small numbers, addresses in RAM, all ones, anything */
        value = value < 64 ? value : value < 128 ? take(b, 3) % DEVTEST_RAM_SIZE
              : value < 140 ? UINT64_MAX : take(b, size);
        devtest_write(t, region->name, offset, size, value);
    } else {
        devtest_read(t, region->name, offset, size);
    }
}

void devtest_replay(DevTest *t, const uint8_t *data, size_t len)
{
    Bytes b = { data, len };

    while (b.left) {
        unsigned op = (unsigned)take(&b, 1);

        switch (op % 16) {
        case 0: case 1: case 2: case 3:
            access_one(t, &b, false);
            break;
        case 4: case 5: case 6: case 7: case 8: case 9:
            access_one(t, &b, true);
            break;
        case 10:
            if (t->dev->irq_in->len) {
                unsigned v = (unsigned)take(&b, 2);
                const DeviceIrqIn *in = &g_array_index(t->dev->irq_in, DeviceIrqIn, v % t->dev->irq_in->len);

                devtest_set_irq(t, in->name, (v >> 2) % in->count, v >> 15);
            }
            break;
        case 11:
            class_foreach_property(t->dev->parent.oc, feed_first, t);
            break;
        case 12:
            devtest_step(t, (int64_t)take(&b, 4));
            break;
        case 13: {                              /* something for DMA to find */
            uint64_t at = take(&b, 3) % (DEVTEST_RAM_SIZE - 16);

            for (unsigned i = 0; i < 16; i++) {
                *(uint8_t *)devtest_ram(t, at + i) = (uint8_t)take(&b, 1);
            }
            break;
        }
        case 14:
            t->attrs.requester = take(&b, 1) % 8;
            break;
        default:
            if (op >> 4 == 0) {
                devtest_reset(t);
            }
            break;
        }
    }
}

void devtest_fuzz(DevTest *t, unsigned rounds)
{
    uint8_t data[2000];

    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned j = 0; j < sizeof(data); j++) {
            data[j] = (uint8_t)g_test_rand_int();
        }
        devtest_replay(t, data, sizeof(data));
    }
    devtest_free(t);
}
