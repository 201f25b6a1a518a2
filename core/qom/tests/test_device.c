/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices: realize and reset order, interrupt wiring; machines: the lock, requests, resets. */
#include "core/keyval.h"
#include "core/qom/machine.h"

typedef struct Dev {
    Device parent;
    GString *log;
    IrqLine out[2];
    int in[3];
    bool fail;
    Object *peer;
} Dev;

DECLARE_OBJECT(Dev, DEV, "dev")

static void dev_in(void *opaque, unsigned n, int level)
{
    DEV(opaque)->in[n] = level;
}

static void dev_init(Object *obj)
{
    Dev *d = DEV(obj);

    device_init_irq_in(&d->parent, NULL, dev_in, 3);
    device_init_irq_out(&d->parent, "out", d->out, 2);
}

static bool dev_realize(Device *dev, GError **error)
{
    if (DEV(dev)->fail) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "told to fail");
        return false;
    }
    return true;
}

static void dev_unrealize(Device *dev)
{
    if (DEV(dev)->log) {
        g_string_append_printf(DEV(dev)->log, "unrealize %s;", dev->parent.name);
    }
}

static void dev_reset(Device *dev, ResetType type)
{
    if (DEV(dev)->log) {
        g_string_append_printf(DEV(dev)->log, "reset %s %d;", dev->parent.name, type);
    }
}

static void dev_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = dev_realize;
    dc->unrealize = dev_unrealize;
    dc->reset = dev_reset;
}

static const Property dev_props[] = {
    PROP_DEF("fail", Dev, fail, PROP_BOOL, false, "realize fails"),
    PROP_LINK_DEF("peer", Dev, peer, "dev", "another"),
    PROP_END
};

static const TypeInfo dev_type = {
    .name = "dev", .parent = TYPE_DEVICE, .instance_size = sizeof(Dev), .props = dev_props, .init = dev_init,
    .class_init = dev_class_init,
};
static const TypeInfo board_type = { .name = "board", .parent = TYPE_MACHINE };

static Machine *machine(void)
{
    TypeRegistry *types = type_registry_new(NULL, NULL);
    Machine *m;

    g_assert_true(type_register(types, &dev_type, NULL));
    g_assert_true(type_register(types, &board_type, NULL));
    m = machine_new(types, "board", NULL);
    g_assert_nonnull(m);
    return m;
}

static void finish(Machine *m)
{
    TypeRegistry *types = object_types(&m->parent.parent);

    machine_free(m);
    type_registry_free(types);
}

static Dev *dev(void *parent, const char *name, GString *log)
{
    Dev *d = DEV(object_new_child(parent, name, "dev", NULL));

    d->log = log;
    return d;
}

static void reset_fn(void *opaque)
{
    g_string_append(opaque, "fn;");
}

static void reset_user(void *opaque)
{
    g_string_append(opaque, "user;");
}

static void test_life(void)
{
    Machine *m = machine();
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    Dev *a = dev(m, "a", log), *b = dev(m, "b", log), *c = dev(b, "c", log), *bad = dev(m, "bad", log);

    g_assert_true(device_realize(&a->parent, NULL) && device_realize(&b->parent, NULL) &&
                  device_realize(&c->parent, NULL));
    g_assert_true(c->parent.machine == m);
    object_set_bool(&bad->parent.parent, "fail", true);
    g_assert_false(device_realize(&bad->parent, &error));
    g_assert_cmpstr(error->message, ==, "told to fail");
    g_assert_false(bad->parent.realized);
    g_assert_false(object_set(&a->parent.parent, "fail", "on", NULL));
    machine_add_reset(m, RESET_PHASE_USER, reset_user, log, NULL);      /* phases, not this order, decide */
    machine_add_reset(m, RESET_PHASE_BOARD, reset_fn, log, NULL);
    machine_reset(m, RESET_WARM);
    g_assert_cmpstr(log->str, ==, "reset a 1;reset c 1;reset b 1;fn;user;");
    g_string_truncate(log, 0);
    finish(m);
    g_assert_cmpstr(log->str, ==, "unrealize c;unrealize b;unrealize a;");
}

static void test_irq(void)
{
    Machine *m = machine();
    Dev *a = dev(m, "a", NULL), *b = dev(m, "b", NULL);

    device_connect_irq(&a->parent, "out", 1, &b->parent, NULL, 2);
    irq_raise(&a->out[1]);
    g_assert_cmpint(b->in[2], ==, 1);
    device_connect_irq(&a->parent, "out", 1, &b->parent, NULL, 0);      /* sees the level it joins */
    g_assert_cmpint(b->in[0], ==, 1);
    b->in[2] = 7;
    irq_set(&a->out[1], 5);                     /* no change: nobody hears */
    g_assert_cmpint(b->in[2], ==, 7);
    irq_lower(&a->out[1]);
    g_assert_cmpint(b->in[2], ==, 0);
    g_assert_cmpint(b->in[0], ==, 0);
    irq_pulse(&a->out[0]);                      /* goes nowhere */
    device_set_irq_in(&b->parent, NULL, 1, 4);
    g_assert_cmpint(b->in[1], ==, 1);
    g_assert_true(device_has_irq_in(&b->parent, NULL) && !device_has_irq_in(&b->parent, "x"));
    g_assert_true(device_irq_out(&a->parent, "out", 1) == &a->out[1]);
    finish(m);
}

static void test_link_cycle(void)
{
    Machine *m = machine();
    g_autoptr(GString) log = g_string_new(NULL);
    Dev *a = dev(m, "a", log), *b = dev(m, "b", log);

    object_set_link(&a->parent.parent, "peer", &b->parent.parent);
    object_set_link(&b->parent.parent, "peer", &a->parent.parent);
    g_assert_true(device_realize(&a->parent, NULL) && device_realize(&b->parent, NULL));
    finish(m);                                  /* LeakSanitizer sees whether both went */
    g_assert_cmpstr(log->str, ==, "unrealize b;unrealize a;");
}

static gpointer locker(gpointer opaque)
{
    Machine *m = opaque;

    machine_lock(m);
    g_assert_true(machine_lock_held(m));
    machine_set_state(m, RUN_RUNNING);
    machine_unlock(m);
    return NULL;
}

static void test_lock(void)
{
    Machine *m = machine();
    GThread *t;

    machine_lock(NULL);
    machine_unlock(NULL);
    g_assert_true(machine_lock_held(NULL));
    g_assert_false(machine_lock_held(m));
    machine_lock(m);
    machine_lock(m);
    machine_unlock(m);
    g_assert_true(machine_lock_held(m));
    t = g_thread_new("locker", locker, m);
    while (m->state != RUN_RUNNING) {
        machine_wait(m);
    }
    machine_unlock(m);
    g_assert_false(machine_lock_held(m));
    g_thread_join(t);
    machine_request_shutdown(m, 3);
    g_assert_true(m->shutdown_requested && m->exit_status == 3);
    finish(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qom/device/life", test_life);
    g_test_add_func("/qom/device/irq", test_irq);
    g_test_add_func("/qom/device/link-cycle", test_link_cycle);
    g_test_add_func("/qom/machine/lock", test_lock);
    return g_test_run();
}
