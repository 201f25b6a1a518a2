/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * amp-ctrl: holds CPUs in reset, starts them at an address, and stops them while the machine runs. Of no real hardware;
 * docs/machines.md has its registers:
 *
 *   0x000  COUNT    how many CPUs it controls
 *   0x100 + 0x20 * n, for CPU n:
 *     0x00 CONTROL  bit 0 RUN: 1 releases the CPU, which starts from reset; 0 holds it
 *     0x04 STATUS   bit 0 RUNNING, bit 1 SLEEPING, bit 2 LOCKUP
 *     0x08 VECTOR   where a released CPU starts: M-profile: the (Secure) vector table; others: the first instruction
 *     0x0c NSVECTOR M-profile with the Security Extension: the Non-secure vector table
 *     0x10 ID       bits 15:8 the cluster's number, bits 7:0 the CPU's number in it
 *
 * A change of RUN reaches the CPU between two instructions of its, not within the write: STATUS tells when. RUN written 0
 * and then 1 restarts a CPU. It is no matter who writes: a CPU may stop or restart itself.
 * Wiring: region "regs", irq in "lockup"[n], "reset"[n] (which restarts CPU n).
 */
#include <string.h>
#include "core/exec/regbank.h"
#include "core/keyval.h"
#include "core/log.h"
#include "core/qom/machine.h"
#include "modules/hw/arm/amp_ctrl.h"

enum { CONTROL, STATUS, VECTOR, NSVECTOR, ID, REGS_PER_CPU };
enum { CONTROL_RUN = 1, STATUS_RUNNING = 1, STATUS_SLEEPING = 2, STATUS_LOCKUP = 4 };
enum { COUNT, PER_CPU, NUM_REGS = PER_CPU + REGS_PER_CPU };

typedef struct AmpCtrl {
    Device parent;
    /* wiring */
    RegBank bank;
    CPUState *cpu[AMP_CTRL_MAX_CPUS];
    unsigned num;
    uint32_t id[AMP_CTRL_MAX_CPUS];
    uint32_t reset_vector[AMP_CTRL_MAX_CPUS], reset_nsvector[AMP_CTRL_MAX_CPUS];
    bool started[AMP_CTRL_MAX_CPUS];
    /* guest state, under the machine's lock */
    uint32_t vector[AMP_CTRL_MAX_CPUS], nsvector[AMP_CTRL_MAX_CPUS];
    bool run[AMP_CTRL_MAX_CPUS];
    bool stop[AMP_CTRL_MAX_CPUS];               /* RUN was 0, and the CPU does not know yet */
    bool lockup[AMP_CTRL_MAX_CPUS];
} AmpCtrl;
DECLARE_OBJECT(AmpCtrl, AMP_CTRL, TYPE_AMP_CTRL)

/* -- on the CPU's own thread ------------------------------------------------------------------------------------------ */

static unsigned number_of(const AmpCtrl *s, const CPUState *cs)
{
    unsigned n = 0;

    while (s->cpu[n] != cs) {
        n++;
    }
    return n;
}

static bool has_vector_tables(CPUState *cs)
{
    return class_find_property(cs->parent.parent.oc, "init-svtor") != NULL;
}

static void start(CPUState *cs, void *opaque)
{
    AmpCtrl *s = opaque;
    unsigned n = number_of(s, cs);
    bool tables = has_vector_tables(cs);

    machine_lock(s->parent.machine);
    if (tables) {
        object_set_uint(&cs->parent.parent, "init-svtor", s->vector[n]);
        object_set_uint(&cs->parent.parent, "init-nsvtor", s->nsvector[n]);
    }
    device_reset(&cs->parent, RESET_WARM);
    if (!tables) {
        CPU_CLASS_OF(cs)->set_pc(cs, s->vector[n]);
    }
    machine_unlock(s->parent.machine);
}

static void apply(CPUState *cs, void *opaque)
{
    AmpCtrl *s = opaque;
    unsigned n = number_of(s, cs);
    bool run, stop;

    machine_lock(s->parent.machine);
    run = s->run[n];
    stop = s->stop[n];
    s->stop[n] = false;
    machine_unlock(s->parent.machine);
    if (stop) {
        cpu_power_off_self(cs);
    }
    if (run) {
        cpu_power_on(cs, start, s);             /* false: it runs already */
    }
}

/* Under the machine's lock. */
static void set_run(AmpCtrl *s, unsigned n, bool run, bool stop)
{
    s->run[n] = run;
    s->stop[n] |= stop;
    cpu_run_on(s->cpu[n], apply, s, false);
}

/* -- registers -------------------------------------------------------------------------------------------------------- */

static uint64_t count_read(void *dev, const RegDef *r, unsigned n)
{
    return AMP_CTRL(dev)->num;
}

static uint64_t control_read(void *dev, const RegDef *r, unsigned n)
{
    return AMP_CTRL(dev)->run[n] ? CONTROL_RUN : 0;
}

static void control_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    AmpCtrl *s = dev;

    if (n >= s->num) {
        log_guest_error("amp-ctrl: there is no CPU %u\n", n);
        return;
    }
    if (s->run[n] == ((value & CONTROL_RUN) != 0)) {
        return;
    }
    set_run(s, n, value & CONTROL_RUN, !(value & CONTROL_RUN));
}

static void reset_in(void *opaque, unsigned n, int level)
{
    AmpCtrl *s = opaque;

    if (level && n < s->num && s->run[n]) {
        set_run(s, n, true, true);
    }
}

static uint64_t status_read(void *dev, const RegDef *r, unsigned n)
{
    AmpCtrl *s = dev;
    const CPUState *cs = n < s->num ? s->cpu[n] : NULL;

    if (!cs || __atomic_load_n(&cs->powered_off, __ATOMIC_SEQ_CST)) {
        return 0;
    }
    return STATUS_RUNNING | (__atomic_load_n(&cs->halted, __ATOMIC_RELAXED) ? STATUS_SLEEPING : 0) |
           (s->lockup[n] ? STATUS_LOCKUP : 0);
}

static uint64_t vector_read(void *dev, const RegDef *r, unsigned n)
{
    AmpCtrl *s = dev;

    return r->offset & 4 ? s->nsvector[n] : s->vector[n];
}

static void vector_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    AmpCtrl *s = dev;

    *(r->offset & 4 ? &s->nsvector[n] : &s->vector[n]) = (uint32_t)value;
}

static uint64_t id_read(void *dev, const RegDef *r, unsigned n)
{
    return AMP_CTRL(dev)->id[n];
}

#define PER(at, name, ...) { at, name, .count = AMP_CTRL_MAX_CPUS, .stride = 0x20, __VA_ARGS__ }
static const RegDef ctrl_regs[NUM_REGS] = {
    [COUNT] = { 0x000, "COUNT", .read = count_read },
    [PER_CPU + CONTROL]  = PER(0x100, "CONTROL", .read = control_read, .write = control_write),
    [PER_CPU + STATUS]   = PER(0x104, "STATUS", .read = status_read),
    [PER_CPU + VECTOR]   = PER(0x108, "VECTOR", .read = vector_read, .write = vector_write),
    [PER_CPU + NSVECTOR] = PER(0x10c, "NSVECTOR", .read = vector_read, .write = vector_write),
    [PER_CPU + ID]       = PER(0x110, "ID", .read = id_read),
};

/* -- the device ------------------------------------------------------------------------------------------------------- */

bool amp_ctrl_add(Device *ctrl, CPUState *cs, unsigned number, unsigned member, bool started, unsigned *ret_n,
                  GError **error)
{
    AmpCtrl *s = AMP_CTRL(ctrl);
    Object *obj = &cs->parent.parent;
    unsigned n = s->num;

    if (n == AMP_CTRL_MAX_CPUS) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "too many CPUs: %u at most, all clusters together",
                    AMP_CTRL_MAX_CPUS);
        return false;
    }
    object_set_bool(obj, "start-powered-off", !started);
    s->cpu[n] = cs;
    s->id[n] = number << 8 | member;
    s->started[n] = started;
    if (has_vector_tables(cs)) {
        s->reset_vector[n] = (uint32_t)object_get_uint(obj, "init-svtor");
        s->reset_nsvector[n] = (uint32_t)object_get_uint(obj, "init-nsvtor");
    }
    *ret_n = s->num++;
    return true;
}

static void lockup_in(void *opaque, unsigned n, int level)
{
    AMP_CTRL(opaque)->lockup[n] = level;
}

static bool ctrl_realize(Device *dev, GError **error)
{
    AmpCtrl *s = AMP_CTRL(dev);

    regbank_init(&s->bank, dev, NULL, ctrl_regs, NUM_REGS, NULL, AMP_CTRL_SIZE);
    return true;
}

static void ctrl_unrealize(Device *dev)
{
    regbank_destroy(&AMP_CTRL(dev)->bank);
}

/* The CPUs' own resets hold them, or not, by "start-powered-off". */
static void ctrl_reset(Device *dev, ResetType type)
{
    AmpCtrl *s = AMP_CTRL(dev);

    for (unsigned n = 0; n < s->num; n++) {
        s->vector[n] = s->reset_vector[n];
        s->nsvector[n] = s->reset_nsvector[n];
        if (has_vector_tables(s->cpu[n])) {
            object_set_uint(&s->cpu[n]->parent.parent, "init-svtor", s->vector[n]);
            object_set_uint(&s->cpu[n]->parent.parent, "init-nsvtor", s->nsvector[n]);
        }
        s->run[n] = s->started[n];
        s->stop[n] = s->lockup[n] = false;
        __atomic_store_n(&s->cpu[n]->powered_off, !s->started[n], __ATOMIC_SEQ_CST);
    }
}

static const VMStateField ctrl_vmstate[] = {
    VMSTATE_UINT_ARRAY(AmpCtrl, vector), VMSTATE_UINT_ARRAY(AmpCtrl, nsvector), VMSTATE_UINT_ARRAY(AmpCtrl, run),
    VMSTATE_UINT_ARRAY(AmpCtrl, stop), VMSTATE_UINT_ARRAY(AmpCtrl, lockup), VMSTATE_END
};

static void ctrl_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "lockup", lockup_in, AMP_CTRL_MAX_CPUS);
    device_init_irq_in(DEVICE(obj), "reset", reset_in, AMP_CTRL_MAX_CPUS);
}

static void ctrl_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = ctrl_realize;
    dc->unrealize = ctrl_unrealize;
    dc->reset = ctrl_reset;
    dc->vmstate = ctrl_vmstate;
    dc->category = "Misc";
}

const TypeInfo amp_ctrl_type = {
    .name = TYPE_AMP_CTRL, .parent = TYPE_DEVICE, .desc = "holds and starts the CPUs of amp-virt's clusters",
    .instance_size = sizeof(AmpCtrl), .class_init = ctrl_class_init, .init = ctrl_init,
};
