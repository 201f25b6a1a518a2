/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GICv3: Arm Generic Interrupt Controller, architecture version 3 (Arm IHI 0069G), affinity routing only.
 * This file: the objects, wiring, reset and state, and which interrupt is pending for which CPU.
 * Modelled: SGIs, PPIs, SPIs, both security states, the system-register CPU interface and its virtualization.
 * Not modelled: LPIs and the ITS, message-based SPIs, 1-of-N routing, legacy (GICv2) operation (docs/CAVEATS.md).
 * Wiring: regions "dist", "redist" (128 KiB a CPU); irq in "spi"[num-irq - 32], "ppi"[32 a CPU]: index CPU * 32 + INTID;
 * irq out "irq", "fiq", "virq", "vfiq", "maintenance", one a CPU; children "cpu[n]" (targets/arm/iface/gicv3_cpu.h).
 */
#include "core/bits.h"
#include "core/keyval.h"
#include "modules/hw/intc/gicv3_int.h"
#include "modules/hw/intc/intc.h"

/* -- what is pending --------------------------------------------------------------------------------------- */

GicGroup gicv3_group(const GICv3State *s, const GicWord *w, unsigned bit)
{
    if (w->group >> bit & 1) {
        return G1NS;
    }
    return !s->ds && w->grpmod >> bit & 1 ? G1S : G0;
}

uint32_t gicv3_visible(const GICv3State *s, const GicWord *w, const RegBank *bank)
{
    return gicv3_ns_access(s, bank) ? w->group : UINT32_MAX;
}

uint8_t gicv3_prio_read(uint8_t prio, bool ns)
{
    return ns ? (uint8_t)(prio << 1) : prio;
}

uint8_t gicv3_prio_write(uint8_t value, bool ns)
{
    return (ns ? 0x80 | value >> 1 : value) & PRI_MASK;
}

GicWord *gicv3_word(GICv3Cpu *c, unsigned irq)
{
    return irq < GIC_INTERNAL ? &c->word : &c->gic->word[irq / 32];
}

uint8_t gicv3_prio(const GICv3Cpu *c, unsigned irq)
{
    return irq < GIC_INTERNAL ? c->prio[irq] : c->gic->prio[irq];
}

/* Pending, enabled and not active, of groups that are enabled here and in the distributor. */
static uint32_t candidates(const GICv3Cpu *c, const GicWord *w)
{
    const GICv3State *s = c->gic;
    uint32_t cand = (w->pending | (w->level & ~w->edge)) & w->enabled & ~w->active;
    uint32_t g1ns = w->group, g1s = s->ds ? 0 : ~w->group & w->grpmod, g0 = ~(g1ns | g1s);
    uint32_t allowed = 0;

    if (!cand) {
        return 0;
    }
    allowed |= s->enable_groups >> G0 & 1 && c->igrpen[G0] ? g0 : 0;
    allowed |= s->enable_groups >> G1S & 1 && c->igrpen[G1S] ? g1s : 0;
    allowed |= s->enable_groups >> G1NS & 1 && c->igrpen[G1NS] ? g1ns : 0;
    return cand & allowed;
}

static void find_pending(GICv3Cpu *c)
{
    const GICv3State *s = c->gic;
    unsigned best_prio = 0x100;

    c->hppi = (GicPending){ GIC_SPURIOUS, PRI_IDLE, G0 };
    for (unsigned n = 0; n < s->num_words; n++) {
        const GicWord *w = n == 0 ? &c->word : &s->word[n];
        uint32_t bits = candidates(c, w);

        for (bits &= n == 0 ? UINT32_MAX : c->mine[n]; bits; bits &= bits - 1) {
            unsigned bit = ctz32(bits), irq = n * 32 + bit;
            uint8_t prio = n == 0 ? c->prio[irq] : s->prio[irq];

            if (prio < best_prio) {
                best_prio = prio;
                c->hppi = (GicPending){ (uint16_t)irq, prio, gicv3_group(s, w, bit) };
            }
        }
    }
}

/* Group 0 is FIQ; Group 1 is IRQ in the state it belongs to, FIQ elsewhere and at EL3 (4.6.2). */
static bool is_fiq(const GICv3Cpu *c, GicGroup group)
{
    if (group == G0) {
        return true;
    }
    if (c->gic->ds || !c->have_el3) {
        return false;
    }
    return c->in_el3 || c->secure != (group == G1S);
}

void gicv3_update_cpu(GICv3Cpu *c)
{
    bool irq = false, fiq = false;

    find_pending(c);
    if (c->hppi.irq != GIC_SPURIOUS && gicv3_can_preempt(c, &c->hppi)) {
        fiq = is_fiq(c, c->hppi.group);
        irq = !fiq;
    }
    irq_set(&c->gic->irq[c->index], irq);
    irq_set(&c->gic->fiq[c->index], fiq);
}

void gicv3_update_all(GICv3State *s)
{
    for (unsigned i = 0; i < s->num_cpu; i++) {
        gicv3_update_cpu(s->cpu[i]);
    }
}

void gicv3_update_spi(GICv3State *s, unsigned irq)
{
    if (s->target[irq] >= 0) {
        gicv3_update_cpu(s->cpu[s->target[irq]]);
    }
}

/* GICD_IROUTER: Aff3 in bits 39:32, Aff2 to Aff0 in 23:0. */
void gicv3_route(GICv3State *s, unsigned irq)
{
    uint32_t affinity = (uint32_t)(s->router[irq] >> 8 & 0xff000000) | (uint32_t)(s->router[irq] & 0xffffff);

    s->target[irq] = -1;
    for (unsigned i = 0; i < s->num_cpu; i++) {
        uint32_t *mine = &s->cpu[i]->mine[irq / 32];

        *mine &= ~BIT32(irq % 32);
        if (s->target[irq] < 0 && s->cpu[i]->affinity == affinity) {
            s->target[irq] = (int16_t)i;
            *mine |= BIT32(irq % 32);
        }
    }
}

static void route_all(GICv3State *s)
{
    for (unsigned irq = GIC_INTERNAL; irq < s->num_irq; irq++) {
        gicv3_route(s, irq);
    }
}

/* -- input lines ------------------------------------------------------------------------------------------- */

static void set_line(GicWord *w, unsigned bit, int level)
{
    uint32_t mask = BIT32(bit);

    if (level && !(w->level & mask) && w->edge & mask) {
        w->pending |= mask;
    }
    w->level = deposit32(w->level, bit, 1, level != 0);
}

static void spi_in(void *opaque, unsigned n, int level)
{
    GICv3State *s = opaque;
    unsigned irq = n + GIC_INTERNAL;

    gicv3_lock(s);
    set_line(&s->word[irq / 32], irq % 32, level);
    gicv3_update_spi(s, irq);
    gicv3_unlock(s);
}

static void ppi_in(void *opaque, unsigned n, int level)
{
    GICv3State *s = opaque;
    GICv3Cpu *c = s->cpu[n / 32];

    gicv3_lock(s);
    set_line(&c->word, n % 32, level);
    gicv3_update_cpu(c);
    gicv3_unlock(s);
}

/* -- a CPU's part ------------------------------------------------------------------------------------------ */

static void cpu_reset(Device *dev, ResetType type)
{
    GICv3Cpu *c = GICV3_CPU(dev);
    GICv3State *s = c->gic;
    uint32_t level = c->word.level;

    gicv3_lock(s);
    c->waker = 6;                               /* asleep */
    c->nsacr = 0;
    c->word = (GicWord){ .level = level, .edge = 0xffff, .group = s->reset_nonsecure ? UINT32_MAX : 0 };
    memset(c->prio, 0, sizeof(c->prio));
    c->in_el3 = c->secure = c->have_el3;
    c->pmr = 0;
    c->bpr0 = MIN_BPR0;
    c->bpr1[0] = MIN_BPR0;
    c->bpr1[1] = MIN_BPR1_NS;
    memset(c->ap, 0, sizeof(c->ap));
    memset(c->igrpen, 0, sizeof(c->igrpen));
    memset(c->cbpr, 0, sizeof(c->cbpr));
    memset(c->eoimode, 0, sizeof(c->eoimode));
    c->eoimode_el3 = 0;
    gicv3_virt_reset(c);
    gicv3_update_cpu(c);
    gicv3_virt_update(c);
    gicv3_unlock(s);
}

static bool cpu_post_load(void *opaque, GError **error)
{
    GICv3Cpu *c = opaque;

    gicv3_lock(c->gic);
    gicv3_update_cpu(c);
    gicv3_virt_update(c);
    gicv3_unlock(c->gic);
    return true;
}

static bool cpu_realize(Device *dev, GError **error)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    c->parent.ops = &gicv3_cpuif_ops;
    c->affinity = c->index;                     /* until a CPU is attached */
    c->hppi.irq = GIC_SPURIOUS;
    regbank_init(&c->bank, dev, "redist", gicv3_redist_regs, gicv3_redist_num_regs, NULL, GIC_REDIST_SIZE);
    c->bank.mr.lock = &c->gic->lock;
    return true;
}

static void cpu_unrealize(Device *dev)
{
    regbank_destroy(&GICV3_CPU(dev)->bank);
}

static const VMStateField word_vmstate[] = {
    VMSTATE_UINT(GicWord, group),
    VMSTATE_UINT(GicWord, grpmod),
    VMSTATE_UINT(GicWord, enabled),
    VMSTATE_UINT(GicWord, pending),
    VMSTATE_UINT(GicWord, active),
    VMSTATE_UINT(GicWord, level),
    VMSTATE_UINT(GicWord, edge),
    VMSTATE_END
};

static const VMStateField cpu_vmstate[] = {
    VMSTATE_UINT(GICv3Cpu, waker),
    VMSTATE_UINT(GICv3Cpu, nsacr),
    VMSTATE_STRUCT(GICv3Cpu, word, word_vmstate),
    VMSTATE_BYTES(GICv3Cpu, prio),
    VMSTATE_BOOL(GICv3Cpu, in_el3),
    VMSTATE_BOOL(GICv3Cpu, secure),
    VMSTATE_UINT(GICv3Cpu, pmr),
    VMSTATE_UINT(GICv3Cpu, bpr0),
    VMSTATE_UINT_ARRAY(GICv3Cpu, bpr1),
    VMSTATE_UINT_ARRAY(GICv3Cpu, ap),
    VMSTATE_UINT_ARRAY(GICv3Cpu, igrpen),
    VMSTATE_UINT_ARRAY(GICv3Cpu, cbpr),
    VMSTATE_UINT_ARRAY(GICv3Cpu, eoimode),
    VMSTATE_UINT(GICv3Cpu, eoimode_el3),
    VMSTATE_UINT(GICv3Cpu, ich_hcr),
    VMSTATE_UINT_ARRAY(GICv3Cpu, ich_ap),
    VMSTATE_UINT_ARRAY(GICv3Cpu, ich_lr),
    VMSTATE_UINT(GICv3Cpu, vpmr),
    VMSTATE_UINT_ARRAY(GICv3Cpu, vbpr),
    VMSTATE_UINT(GICv3Cpu, veoim),
    VMSTATE_UINT(GICv3Cpu, vcbpr),
    VMSTATE_UINT(GICv3Cpu, vackctl),
    VMSTATE_UINT(GICv3Cpu, vfiqen),
    VMSTATE_UINT_ARRAY(GICv3Cpu, vigrpen),
    VMSTATE_POST_LOAD(cpu_post_load),
    VMSTATE_END
};

static void cpu_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = cpu_realize;
    dc->unrealize = cpu_unrealize;
    dc->reset = cpu_reset;
    dc->vmstate = cpu_vmstate;
}

const TypeInfo gicv3_cpuif_type = {
    .name = TYPE_GICV3_CPUIF,
    .parent = TYPE_DEVICE,
    .desc = "GICv3 CPU interface",
    .instance_size = sizeof(GICv3CpuIf),
    .abstract = true,
};

const TypeInfo gicv3_cpu_type = {
    .name = TYPE_GICV3_CPU,
    .parent = TYPE_GICV3_CPUIF,
    .desc = "GICv3 redistributor and CPU interface of one CPU",
    .instance_size = sizeof(GICv3Cpu),
    .class_init = cpu_class_init,
};

/* -- the whole --------------------------------------------------------------------------------------------- */

static void gicv3_init(Object *obj)
{
    g_rec_mutex_init(&GICV3(obj)->lock);
}

static void gicv3_finalize(Object *obj)
{
    GICv3State *s = GICV3(obj);

    g_rec_mutex_clear(&s->lock);
    g_free(s->cpu);
    g_free(s->target);
}

static bool gicv3_realize(Device *dev, GError **error)
{
    GICv3State *s = GICV3(dev);

    if (s->num_cpu < 1 || s->num_cpu > GICV3_MAX_CPUS) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "a GICv3 has 1 to %u CPUs, not %u", GICV3_MAX_CPUS,
                    s->num_cpu);
        return false;
    }
    if (s->num_irq < 64 || s->num_irq > 1024 || s->num_irq % 32) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE,
                    "num-irq: %u is not a multiple of 32 from 64 to 1024", s->num_irq);
        return false;
    }
    s->num_words = s->num_irq / 32;
    s->num_irq = MIN(s->num_irq, GIC_MAX_IRQS);
    s->ds = !s->has_security;
    s->target = g_new(int16_t, s->num_irq);
    device_init_irq_out(dev, "irq", s->irq, s->num_cpu);
    device_init_irq_out(dev, "fiq", s->fiq, s->num_cpu);
    device_init_irq_out(dev, "virq", s->virq, s->num_cpu);
    device_init_irq_out(dev, "vfiq", s->vfiq, s->num_cpu);
    device_init_irq_out(dev, "maintenance", s->maintenance, s->num_cpu);
    device_init_irq_in(dev, "spi", spi_in, s->num_irq - GIC_INTERNAL);
    device_init_irq_in(dev, "ppi", ppi_in, s->num_cpu * 32);

    regbank_init(&s->dist, dev, "dist", gicv3_dist_regs, gicv3_dist_num_regs, NULL, 0x10000);
    s->dist.mr.lock = &s->lock;
    memory_region_init(&s->redists, &dev->parent, "redist", (uint64_t)s->num_cpu * GIC_REDIST_SIZE);
    device_init_region(dev, "redist", &s->redists);
    s->cpu = g_new0(GICv3Cpu *, s->num_cpu);
    for (unsigned i = 0; i < s->num_cpu; i++) {
        g_autofree char *name = g_strdup_printf("cpu[%u]", i);
        Object *obj = object_new_child(&dev->parent, name, TYPE_GICV3_CPU, error);

        if (!obj) {
            return false;
        }
        s->cpu[i] = GICV3_CPU(obj);
        s->cpu[i]->gic = s;
        s->cpu[i]->index = i;
        if (!device_realize(DEVICE(obj), error)) {
            return false;
        }
        memory_region_add(&s->redists, (hwaddr)i * GIC_REDIST_SIZE, &s->cpu[i]->bank.mr, 0);
    }
    route_all(s);
    return true;
}

static void gicv3_unrealize(Device *dev)
{
    GICv3State *s = GICV3(dev);

    regbank_destroy(&s->dist);
    memory_region_destroy(&s->redists);
}

static void gicv3_reset(Device *dev, ResetType type)
{
    GICv3State *s = GICV3(dev);

    gicv3_lock(s);
    s->ds = !s->has_security;
    s->enable_groups = 0;
    s->e1nwf = false;
    for (unsigned n = 1; n < GIC_WORDS; n++) {
        s->word[n] = (GicWord){ .level = s->word[n].level, .group = s->reset_nonsecure ? UINT32_MAX : 0 };
    }
    memset(s->prio, 0, sizeof(s->prio));
    memset(s->nsacr, 0, sizeof(s->nsacr));
    memset(s->router, 0, sizeof(s->router));
    route_all(s);
    gicv3_update_all(s);
    gicv3_unlock(s);
}

static bool gicv3_post_load(void *opaque, GError **error)
{
    GICv3State *s = opaque;

    gicv3_lock(s);
    route_all(s);
    gicv3_update_all(s);
    gicv3_unlock(s);
    return true;
}

static const VMStateField gicv3_vmstate[] = {
    VMSTATE_BOOL(GICv3State, ds),
    VMSTATE_UINT(GICv3State, enable_groups),
    VMSTATE_BOOL(GICv3State, e1nwf),
    VMSTATE_STRUCT_ARRAY(GICv3State, word, word_vmstate),
    VMSTATE_BYTES(GICv3State, prio),
    VMSTATE_UINT_ARRAY(GICv3State, nsacr),
    VMSTATE_UINT_ARRAY(GICv3State, router),
    VMSTATE_POST_LOAD(gicv3_post_load),
    VMSTATE_END
};

static const Property gicv3_props[] = {
    PROP_DEF("num-cpu", GICv3State, num_cpu, PROP_U32, 1, "CPUs"),
    PROP_DEF("num-irq", GICv3State, num_irq, PROP_U32, 288, "interrupts, SGIs and PPIs included"),
    PROP_DEF("has-security-extensions", GICv3State, has_security, PROP_BOOL, false, "two security states"),
    PROP_DEF("irq-reset-nonsecure", GICv3State, reset_nonsecure, PROP_BOOL, false,
             "interrupts start in Non-secure Group 1, as firmware would leave them"),
    PROP_END
};

static void gicv3_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = gicv3_realize;
    dc->unrealize = gicv3_unrealize;
    dc->reset = gicv3_reset;
    dc->vmstate = gicv3_vmstate;
    dc->category = "Interrupt controllers";
}

const TypeInfo gicv3_type = {
    .name = TYPE_GICV3,
    .parent = TYPE_DEVICE,
    .desc = "Arm Generic Interrupt Controller v3",
    .instance_size = sizeof(GICv3State),
    .props = gicv3_props,
    .class_init = gicv3_class_init,
    .init = gicv3_init,
    .finalize = gicv3_finalize,
};
