/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU objects and clusters: making them, and what other threads may ask of a CPU. How one runs is cpu_loop.c. */
#include "core/bits.h"
#include "core/exec/exec_int.h"
#include "core/exec/regdev.h"
#include "core/exec/tb_int.h"
#include "core/keyval.h"

static void cpu_init(Object *obj)
{
    CPUState *cs = CPU(obj);
    const CPUClass *cc = CPU_CLASS_OF(obj);

    cs->exec = g_new0(CPUExec, 1);
    g_mutex_init(&cs->exec->work_lock);
    g_queue_init(&cs->exec->work);
    tlb_init(cs, cc->tcg->page_bits);
    counted_cpu_init(cs);
}

static void cpu_finalize(Object *obj)
{
    CPUState *cs = CPU(obj);
    CpuWork *w;

    g_assert(!cs->exec->thread);                /* exec_stop comes first */
    if (cs->exec->gen) {
        tcg_gen_free(cs->exec->gen);
    }
    if (cs->exec->checked_gen) {
        tcg_gen_free(cs->exec->checked_gen);
    }
    g_free(cs->exec->fetch);
    while ((w = g_queue_pop_head(&cs->exec->work))) {
        g_free(w);
    }
    g_mutex_clear(&cs->exec->work_lock);
    tlb_free(cs);
    counted_cpu_free(cs);
    free(cs->exec->jc_table);
    alike_free(cs);
    g_free(cs->costs);
    g_free(cs->exec);
}

static const Property cpu_props[] = {
    PROP_DEF("frequency", CPUState, frequency, PROP_U64, 0, "in Hz; 0: none of its own (counted mode: as -icount says)"),
    PROP_END
};

const TypeInfo cpu_type = {
    .name = TYPE_CPU,
    .parent = TYPE_DEVICE,
    .desc = "a CPU",
    .props = cpu_props,
    .instance_size = sizeof(CPUState),
    .class_size = sizeof(CPUClass),
    .abstract = true,
    .init = cpu_init,
    .finalize = cpu_finalize,
};

/* -- clusters ---------------------------------------------------------------------------------------------------------- */

static void cluster_init(Object *obj)
{
    Cluster *c = object_check(obj, TYPE_CLUSTER);

    c->cpus = g_ptr_array_new();
}

static void cluster_finalize(Object *obj)
{
    Cluster *c = object_check(obj, TYPE_CLUSTER);

    g_assert(!c->debug);                        /* a debugger removes its points before it goes */
    g_ptr_array_unref(c->cpus);
    g_free(c->name);
}

const TypeInfo cluster_type = {
    .name = TYPE_CLUSTER,
    .parent = TYPE_OBJECT,
    .desc = "the CPUs that run one software image",
    .instance_size = sizeof(Cluster),
    .init = cluster_init,
    .finalize = cluster_finalize,
};

void exec_register_types(TypeRegistry *types)
{
    static const TypeInfo *const own[] = { &cpu_type, &cluster_type, &reg_device_type };

    for (unsigned i = 0; i < G_N_ELEMENTS(own); i++) {
        if (!type_class_known(types, own[i]->name)) {
            type_register(types, own[i], NULL);
        }
    }
}

Cluster *cluster_new(Machine *m, const char *name, AddressSpace *as)
{
    TypeRegistry *types = object_types(&m->parent.parent);
    Cluster *c;

    exec_register_types(types);
    c = object_check(object_new(types, TYPE_CLUSTER, NULL), TYPE_CLUSTER);
    c->name = g_strdup(name);
    c->as = as;
    object_add_child(&m->parent.parent, name, &c->parent);
    g_ptr_array_add(m->clusters, c);
    exec_watch_space(exec_machine(m), as);
    return c;
}

static Machine *machine_of(Object *obj)
{
    while (!object_is_a(obj, TYPE_MACHINE)) {
        obj = obj->parent;
    }
    return MACHINE(obj);
}

/* "feature=on", "feature=off", "+feature", "-feature". */
static bool set_feature(CPUState *cs, const char *text, GError **error)
{
    g_autofree char *name = g_strdup(text);
    char *eq = strchr(name, '=');

    if (*text == '+' || *text == '-') {
        return object_set(&cs->parent.parent, name + 1, *text == '+' ? "on" : "off", error);
    }
    if (eq) {
        *eq = '\0';
    }
    return object_set(&cs->parent.parent, name, eq ? eq + 1 : "on", error);
}

CPUState *cluster_add_cpu(Cluster *c, const char *cpu, GError **error)
{
    g_auto(GStrv) part = g_strsplit(cpu, ",", -1);
    Machine *m = machine_of(&c->parent);
    ObjectClass *oc = type_class(object_types(&c->parent), part[0] ? part[0] : "", error);
    CPUState *cs;

    if (!oc) {
        return NULL;
    }
    if (!class_is_a(oc, TYPE_CPU) || oc->info->abstract) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "'%s' is not a CPU: -cpu help lists them", part[0]);
        return NULL;
    }
    cs = CPU(object_new_with_class(oc));
    for (unsigned i = 1; part[0] && part[i]; i++) {
        if (!set_feature(cs, part[i], error)) {
            object_unref(&cs->parent.parent);
            return NULL;
        }
    }
    cs->cluster = c;
    cs->as = c->as;
    cs->exec->x = exec_machine(m);
    cs->index = m->cpus->len;
    g_ptr_array_add(c->cpus, cs);
    g_ptr_array_add(m->cpus, cs);
    object_add_child(&c->parent, "cpu[*]", &cs->parent.parent);
    return cs;
}

void cpu_set_address_space(CPUState *cs, AddressSpace *as)
{
    cs->as = as;
    exec_watch_space(cs->exec->x, as);
}

/* -- what others ask ---------------------------------------------------------------------------------------------------- */

/* Its own thread does not sleep: it asks has_work, under its lock, whether to. */
static void wake(ExecThread *t)
{
    if (t && __atomic_load_n(&t->sleeping, __ATOMIC_SEQ_CST) &&
        __atomic_load_n(&t->self, __ATOMIC_RELAXED) != g_thread_self()) {
        g_mutex_lock(&t->lock);
        g_cond_broadcast(&t->cond);
        g_mutex_unlock(&t->lock);
    }
}

void cpu_leave(CPUState *cs)
{
    if (cs->counted) {
        counted_leave(cs);
    } else {
        __atomic_store_n(&cs->poll, -1, __ATOMIC_SEQ_CST);
    }
}

void cpu_kick(CPUState *cs)
{
    cpu_leave(cs);
    if (cs->counted) {
        counted_wake(cs);
    }
    wake(cs->exec->thread);
}

void cpu_request_quiet(CPUState *cs, uint32_t bits)
{
    __atomic_or_fetch(&cs->requests, bits, __ATOMIC_SEQ_CST);
    cpu_leave(cs);
}

void cpu_request(CPUState *cs, uint32_t bits)
{
    __atomic_or_fetch(&cs->requests, bits, __ATOMIC_SEQ_CST);
    cpu_kick(cs);
}

void cpu_change_line(CPUState *cs, unsigned bit, int level)
{
    if (level) {
        if (!(__atomic_fetch_or(&cs->irq_lines, BIT32(bit), __ATOMIC_SEQ_CST) & BIT32(bit))) {
            cpu_request(cs, CPU_REQ_INTERRUPT);
        }
    } else {
        __atomic_and_fetch(&cs->irq_lines, ~BIT32(bit), __ATOMIC_SEQ_CST);
    }
}

void cpu_set_line(CPUState *cs, unsigned bit, int level)
{
    if (!cs->counted || counted_set_line(cs, bit, level)) {
        cpu_change_line(cs, bit, level);
    }
}

void exec_send_event(CPUState *cs, void (*fn)(CPUState *cs))
{
    if (!cs->counted || counted_send_event(cs, fn)) {
        fn(cs);
    }
}

void cpu_wake(CPUState *cs)
{
    /* What woke it was written before; its thread says that it sleeps before it looks. */
    unsigned word = 0;

    __atomic_exchange_n(&word, 1, __ATOMIC_SEQ_CST);
    if (cs->counted) {
        counted_wake(cs);
    }
    wake(cs->exec->thread);
}

void cpu_run_on(CPUState *cs, void (*fn)(CPUState *cs, void *opaque), void *opaque, bool wait)
{
    ExecMachine *x = cs->exec->x;
    CpuWork *w;
    bool done = false;

    if (x->user) {                              /* a debugger, while it stands: it may be in the host's kernel */
        fn(cs, opaque);
        return;
    }
    w = g_new0(CpuWork, 1);
    w->fn = fn;
    w->opaque = opaque;
    w->done = wait ? &done : NULL;
    g_mutex_lock(&cs->exec->work_lock);
    g_queue_push_tail(&cs->exec->work, w);
    g_mutex_unlock(&cs->exec->work_lock);
    cpu_request(cs, CPU_REQ_WORK);
    if (wait) {
        g_mutex_lock(&x->lock);
        while (!done) {
            g_cond_wait(&x->cond, &x->lock);
        }
        g_mutex_unlock(&x->lock);
    }
}

void cpu_begin_anew(CPUState *cs)
{
    cs->halted = false;
    cs->raised = 0;
    cs->exec->alone = cs->exec->single = false;
    cs->exec->redo = REDO_NONE;
}

typedef struct PowerOn {
    void (*fn)(CPUState *cs, void *opaque);
    void *opaque;
} PowerOn;

static void power_on(CPUState *cs, void *opaque)
{
    PowerOn *p = opaque;

    if (p->fn) {
        p->fn(cs, p->opaque);
    }
    tlb_flush_all(cs);                          /* out of reset it has none of what it knew before */
    cpu_begin_anew(cs);                         /* an exception may have been on its way when it went off */
    cpu_key_changed(cs);
    __atomic_store_n(&cs->powered_off, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&cs->starting, false, __ATOMIC_SEQ_CST);
    g_free(p);
}

bool cpu_power_on(CPUState *cs, void (*fn)(CPUState *cs, void *opaque), void *opaque)
{
    PowerOn *p;

    if (!__atomic_load_n(&cs->powered_off, __ATOMIC_SEQ_CST) || __atomic_exchange_n(&cs->starting, true, __ATOMIC_SEQ_CST)) {
        return false;
    }
    p = g_new(PowerOn, 1);
    *p = (PowerOn){ fn, opaque };
    cpu_run_on(cs, power_on, p, false);
    return true;
}

void cpu_power_off_self(CPUState *cs)
{
    __atomic_store_n(&cs->powered_off, true, __ATOMIC_SEQ_CST);
    cpu_leave(cs);
}
