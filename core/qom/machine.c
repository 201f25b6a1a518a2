/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machines: the configuration, the lock, run states and requests to the main loop. */
#include <string.h>
#include <sys/random.h>
#include "core/qom/machine.h"

typedef struct MachineReset {
    ResetPhase phase;
    void (*fn)(void *opaque);
    void *opaque;
    void (*free_opaque)(void *opaque);
} MachineReset;

static void reset_free(void *data)
{
    MachineReset *r = data;

    if (r->free_opaque) {
        r->free_opaque(r->opaque);
    }
    g_free(r);
}

static void drive_option_free(void *p)
{
    DriveOption *d = p;

    g_free(d->interface);
    g_free(d);
}

static void loader_option_free(void *p)
{
    LoaderOption *l = p;

    g_free(l->file);
    g_free(l);
}

void cluster_option_free(ClusterOption *c)
{
    if (c) {
        g_free(c->name);
        g_free(c->cpu);
        g_free(c->kernel);
        g_free(c);
    }
}

static void machine_init(Object *obj)
{
    Machine *m = MACHINE(obj);

    object_set_name(obj, "machine");
    g_rec_mutex_init(&m->lock);
    g_cond_init(&m->cond);
    g_mutex_init(&m->cond_mutex);
    if (!MACHINE_CLASS_OF(m)->no_main_loop) {
        m->context = g_main_context_ref(g_main_context_default());
    }
    m->clusters = g_ptr_array_new();
    m->cpus = g_ptr_array_new();
    m->resets = g_ptr_array_new_with_free_func(reset_free);
    m->config.serials = g_ptr_array_new();
    m->config.drives = g_ptr_array_new_with_free_func(drive_option_free);
    m->config.loaders = g_ptr_array_new_with_free_func(loader_option_free);
    m->config.clusters = g_ptr_array_new_with_free_func((GDestroyNotify)cluster_option_free);
    m->state = RUN_PAUSED;
}

static void machine_finalize(Object *obj)
{
    Machine *m = MACHINE(obj);
    MachineConfig *c = &m->config;

    if (m->exec) {
        m->exec_free(m->exec);
    }
    g_free(c->cpu);
    g_free(c->kernel);
    g_free(c->initrd);
    g_free(c->append);
    g_free(c->dtb);
    g_free(c->dumpdtb);
    g_free(c->bios);
    g_free(c->nic);
    g_free(c->nic_mac);
    g_ptr_array_unref(c->serials);
    g_ptr_array_unref(c->drives);
    g_ptr_array_unref(c->loaders);
    g_ptr_array_unref(c->clusters);
    g_ptr_array_unref(m->clusters);
    g_ptr_array_unref(m->cpus);
    g_ptr_array_unref(m->resets);
    for (unsigned i = 0; i < G_N_ELEMENTS(m->quit_signals) && m->quit_signals[i]; i++) {
        g_source_destroy(m->quit_signals[i]);
        g_source_unref(m->quit_signals[i]);
    }
    g_clear_pointer(&m->context, g_main_context_unref);
    g_mutex_clear(&m->cond_mutex);
    g_cond_clear(&m->cond);
    g_rec_mutex_clear(&m->lock);
}

const TypeInfo machine_type = {
    .name = TYPE_MACHINE,
    .parent = TYPE_DEVICE,
    .desc = "a machine",
    .instance_size = sizeof(Machine),
    .class_size = sizeof(MachineClass),
    .abstract = true,
    .init = machine_init,
    .finalize = machine_finalize,
};

Machine *machine_new(TypeRegistry *types, const char *type, GError **error)
{
    Object *obj = object_new(types, type, error);

    return obj ? MACHINE(obj) : NULL;
}

void machine_free(Machine *m)
{
    if (m) {
        object_dispose_tree(&m->parent.parent);
        object_unref(&m->parent.parent);
    }
}

void machine_lock(Machine *m)
{
    if (m) {
        if (!g_rec_mutex_trylock(&m->lock)) {
            __atomic_fetch_add(&m->lock_waiters, 1, __ATOMIC_RELAXED);
            g_rec_mutex_lock(&m->lock);
            __atomic_fetch_sub(&m->lock_waiters, 1, __ATOMIC_RELAXED);
        }
        if (m->lock_depth++ == 0) {
            __atomic_store_n(&m->lock_owner, g_thread_self(), __ATOMIC_RELAXED);
        }
    }
}

void machine_unlock(Machine *m)
{
    if (m) {
        g_assert(machine_lock_held(m));
        if (--m->lock_depth == 0) {
            __atomic_store_n(&m->lock_owner, NULL, __ATOMIC_RELAXED);
        }
        g_rec_mutex_unlock(&m->lock);
    }
}

bool machine_random(Machine *m, void *buf, size_t len)
{
    uint8_t *p = buf;

    if (!m || !m->config.seed_set) {
        return getrandom(buf, len, GRND_NONBLOCK) == (ssize_t)len;
    }
    machine_lock(m);
    while (len) {
        uint64_t z = m->config.seed += UINT64_C(0x9e3779b97f4a7c15);    /* splitmix64 */
        size_t n = MIN(len, sizeof(z));

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        memcpy(p, &z, n);
        p += n;
        len -= n;
    }
    machine_unlock(m);
    return true;
}

bool machine_lock_wanted(Machine *m)
{
    return __atomic_load_n(&m->lock_waiters, __ATOMIC_RELAXED) != 0;
}

bool machine_lock_held(Machine *m)
{
    return !m || __atomic_load_n(&m->lock_owner, __ATOMIC_RELAXED) == g_thread_self();
}

void machine_wait(Machine *m)
{
    g_assert(machine_lock_held(m) && m->lock_depth == 1);
    g_mutex_lock(&m->cond_mutex);               /* a signal after the unlock is not missed: it needs this mutex */
    machine_unlock(m);
    g_cond_wait(&m->cond, &m->cond_mutex);
    g_mutex_unlock(&m->cond_mutex);
    machine_lock(m);
}

void machine_set_state(Machine *m, RunState state)
{
    machine_lock(m);
    m->state = state;
    g_mutex_lock(&m->cond_mutex);
    g_cond_broadcast(&m->cond);
    g_mutex_unlock(&m->cond_mutex);
    machine_unlock(m);
}

void machine_request_reset(Machine *m)
{
    __atomic_store_n(&m->reset_requested, true, __ATOMIC_RELEASE);
    g_main_context_wakeup(m->context);
}

void machine_request_shutdown(Machine *m, int status)
{
    __atomic_store_n(&m->exit_status, status, __ATOMIC_RELAXED);
    __atomic_store_n(&m->shutdown_requested, true, __ATOMIC_RELEASE);
    g_main_context_wakeup(m->context);
}

void machine_request_quit(Machine *m)
{
    __atomic_store_n(&m->quit_requested, true, __ATOMIC_RELAXED);
    machine_request_shutdown(m, 0);
}

void machine_add_reset(Machine *m, ResetPhase phase, void (*fn)(void *opaque), void *opaque,
                       void (*free_opaque)(void *opaque))
{
    MachineReset *r = g_new(MachineReset, 1);

    *r = (MachineReset){ phase, fn, opaque, free_opaque };
    g_ptr_array_add(m->resets, r);
}

Chardev *machine_take_serial(Machine *m, unsigned index)
{
    Chardev *chr = index < m->config.serials->len ? m->config.serials->pdata[index] : NULL;

    if (chr) {
        m->config.serials->pdata[index] = NULL;
    }
    return chr;
}

static DriveOption *find_drive(Machine *m, const char *interface, int index)
{
    int next = 0;

    for (unsigned i = 0; i < m->config.drives->len; i++) {
        DriveOption *d = m->config.drives->pdata[i];
        int number;

        if (strcmp(d->interface, interface) != 0) {
            continue;
        }
        number = d->index >= 0 ? d->index : next;
        next = number + 1;
        if (number == index && !d->taken) {
            return d;
        }
    }
    return NULL;
}

BlockBackend *machine_take_drive(Machine *m, const char *interface, int index)
{
    DriveOption *d = find_drive(m, interface, index);

    if (!d) {
        return NULL;
    }
    d->taken = true;
    return d->blk;
}

bool machine_has_drive(Machine *m, const char *interface, int index)
{
    return find_drive(m, interface, index) != NULL;
}

void machine_reset(Machine *m, ResetType type)
{
    device_reset(&m->parent, type);
    for (ResetPhase phase = 0; phase < NUM_RESET_PHASES; phase++) {
        for (unsigned i = 0; i < m->resets->len; i++) {
            const MachineReset *r = m->resets->pdata[i];

            if (r->phase == phase) {
                r->fn(r->opaque);
            }
        }
    }
}
