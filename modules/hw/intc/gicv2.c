/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GICv2: Arm Generic Interrupt Controller, architecture version 2, as the GIC-400 has it (Arm IHI 0048B, DDI 0471).
 * This file: the object, wiring, reset and state, and which interrupt is pending for which CPU.
 * Modelled: up to eight CPUs, SGIs, PPIs, SPIs, groups, two security states, virtualization with four list registers.
 * Not modelled: interrupt bypass, non-secure access control (GICD_NSACR) (docs/CAVEATS.md).
 * Banked registers go by the requester of an access: the number of the CPU, "first-cpu" being CPU 0 of the controller.
 * Wiring: regions "dist", "cpu", "hyp", "vcpu"; irq in "spi"[num-irq - 32], "ppi"[32 a CPU]: index CPU * 32 + INTID;
 * irq out "irq", "fiq", "virq", "vfiq", "maintenance", one a CPU.
 */
#include "core/bits.h"
#include "core/keyval.h"
#include "core/log.h"
#include "modules/hw/intc/gicv2_int.h"
#include "modules/hw/intc/intc.h"

unsigned gicv2_cpu(const Gicv2State *s, const RegBank *b)
{
    unsigned n = b->attrs.requester - s->first_cpu;

    return n < s->num_cpu ? n : 0;
}

Gicv2Word *gicv2_word(Gicv2State *s, unsigned cpu, unsigned n)
{
    return n == 0 ? &s->cpu[cpu].word : &s->word[n];
}

uint8_t gicv2_running(const Gicv2Cpu *c)
{
    uint32_t all = c->ap[0] | c->ap[1];

    return all ? (uint8_t)(ctz32(all) << (8 - PRI_BITS)) : PRI_IDLE;
}

/* Group 1 has its own binary point unless CBPR; its scale is one higher for the same split. */
uint8_t gicv2_group_mask(const Gicv2Cpu *c, bool group1)
{
    unsigned bpr = group1 && !(c->ctlr & 1 << 4) ? c->abpr - 1u : c->bpr;

    return (uint8_t)(0xff << (bpr + 1));
}

bool gicv2_can_preempt(const Gicv2Cpu *c)
{
    uint8_t running = gicv2_running(c), mask = gicv2_group_mask(c, c->hppi_group1);

    return c->hppi != GIC_SPURIOUS && c->hppi_prio < c->pmr &&
           (running == PRI_IDLE || (c->hppi_prio & mask) < (running & mask));
}

static void find_pending(Gicv2State *s, unsigned cpu)
{
    Gicv2Cpu *c = &s->cpu[cpu];
    unsigned best = 0x100;

    c->hppi = GIC_SPURIOUS;
    c->hppi_prio = PRI_IDLE;
    c->hppi_group1 = false;
    for (unsigned n = 0; n < s->num_words; n++) {
        const Gicv2Word *w = gicv2_word(s, cpu, n);
        uint32_t bits = (w->pending | (w->level & ~w->edge)) & w->enabled & ~w->active;

        bits &= (s->ctlr & 1 && c->ctlr & 1 ? ~w->group : 0) | (s->ctlr & 2 && c->ctlr & 2 ? w->group : 0);
        for (; bits; bits &= bits - 1) {
            unsigned irq = n * 32 + ctz32(bits);
            uint8_t prio = n == 0 ? c->prio[irq] : s->prio[irq];

            if (prio < best && (n == 0 || s->target[irq] >> cpu & 1)) {
                best = prio;
                c->hppi = irq;
                c->hppi_prio = prio;
                c->hppi_group1 = w->group >> (irq % 32) & 1;
            }
        }
    }
}

void gicv2_update_cpu(Gicv2State *s, unsigned cpu)
{
    Gicv2Cpu *c = &s->cpu[cpu];
    bool signal, fiq;

    find_pending(s, cpu);
    signal = gicv2_can_preempt(c);
    fiq = signal && !c->hppi_group1 && c->ctlr & 1 << 3;        /* FIQEn */
    irq_set(&s->irq[cpu], signal && !fiq);
    irq_set(&s->fiq[cpu], fiq);
}

void gicv2_update(Gicv2State *s)
{
    for (unsigned i = 0; i < s->num_cpu; i++) {
        gicv2_update_cpu(s, i);
    }
}

void gicv2_deactivate(Gicv2State *s, unsigned cpu, unsigned irq)
{
    if (irq >= s->num_irq) {
        log_guest_error("gicv2: end of INTID %u, which does not exist\n", irq);
        return;
    }
    gicv2_word(s, cpu, irq / 32)->active &= ~BIT32(irq % 32);
    gicv2_update(s);
}

/* -- input lines ------------------------------------------------------------------------------------------- */

static void set_line(Gicv2Word *w, unsigned bit, int level)
{
    uint32_t mask = BIT32(bit);

    if (level && !(w->level & mask) && w->edge & mask) {
        w->pending |= mask;
    }
    w->level = deposit32(w->level, bit, 1, level != 0);
}

static void spi_in(void *opaque, unsigned n, int level)
{
    Gicv2State *s = opaque;
    unsigned irq = n + GIC_INTERNAL;

    g_rec_mutex_lock(&s->lock);
    set_line(&s->word[irq / 32], irq % 32, level);
    for (unsigned cpu = 0; cpu < s->num_cpu; cpu++) {
        if (s->target[irq] >> cpu & 1) {
            gicv2_update_cpu(s, cpu);
        }
    }
    g_rec_mutex_unlock(&s->lock);
}

static void ppi_in(void *opaque, unsigned n, int level)
{
    Gicv2State *s = opaque;

    g_rec_mutex_lock(&s->lock);
    set_line(&s->cpu[n / 32].word, n % 32, level);
    gicv2_update_cpu(s, n / 32);
    g_rec_mutex_unlock(&s->lock);
}

/* -- the object -------------------------------------------------------------------------------------------- */

static void gicv2_init(Object *obj)
{
    g_rec_mutex_init(&GICV2(obj)->lock);
}

static void gicv2_finalize(Object *obj)
{
    g_rec_mutex_clear(&GICV2(obj)->lock);
}

static bool gicv2_realize(Device *dev, GError **error)
{
    Gicv2State *s = GICV2(dev);

    if (s->num_cpu < 1 || s->num_cpu > GICV2_MAX_CPUS) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE,
                    "a GICv2 has 1 to %u CPUs, not %u: use a GICv3 for more", GICV2_MAX_CPUS, s->num_cpu);
        return false;
    }
    if (s->num_irq < 64 || s->num_irq > 1024 || s->num_irq % 32) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE,
                    "num-irq: %u is not a multiple of 32 from 64 to 1024", s->num_irq);
        return false;
    }
    s->num_words = s->num_irq / 32;
    s->num_irq = MIN(s->num_irq, GIC_MAX_IRQS);
    for (unsigned i = 0; i < s->num_cpu; i++) {
        s->cpu[i].hppi = GIC_SPURIOUS;
        s->cpu[i].bpr = MIN_BPR;
        s->cpu[i].abpr = MIN_BPR + 1;
    }
    device_init_irq_out(dev, "irq", s->irq, s->num_cpu);
    device_init_irq_out(dev, "fiq", s->fiq, s->num_cpu);
    device_init_irq_out(dev, "virq", s->virq, s->num_cpu);
    device_init_irq_out(dev, "vfiq", s->vfiq, s->num_cpu);
    device_init_irq_out(dev, "maintenance", s->maintenance, s->num_cpu);
    device_init_irq_in(dev, "spi", spi_in, s->num_irq - GIC_INTERNAL);
    device_init_irq_in(dev, "ppi", ppi_in, s->num_cpu * 32);
    regbank_init(&s->dist, dev, "dist", gicv2_dist_regs, gicv2_dist_num_regs, NULL, 0x1000);
    regbank_init(&s->cpuif, dev, "cpu", gicv2_cpuif_regs, gicv2_cpuif_num_regs, NULL, 0x2000);
    s->dist.mr.lock = s->cpuif.mr.lock = &s->lock;
    if (s->has_virt) {
        regbank_init(&s->hyp, dev, "hyp", gicv2_hyp_regs, gicv2_hyp_num_regs, NULL, 0x1000);
        regbank_init(&s->vcpu, dev, "vcpu", gicv2_vcpu_regs, gicv2_vcpu_num_regs, NULL, 0x2000);
        s->hyp.mr.lock = s->vcpu.mr.lock = &s->lock;
    }
    return true;
}

static void gicv2_unrealize(Device *dev)
{
    Gicv2State *s = GICV2(dev);

    regbank_destroy(&s->dist);
    regbank_destroy(&s->cpuif);
    regbank_destroy(&s->hyp);
    regbank_destroy(&s->vcpu);
}

static void gicv2_reset(Device *dev, ResetType type)
{
    Gicv2State *s = GICV2(dev);
    uint32_t group = s->reset_nonsecure ? UINT32_MAX : 0;

    g_rec_mutex_lock(&s->lock);
    s->ctlr = 0;
    for (unsigned n = 1; n < GIC_WORDS; n++) {
        s->word[n] = (Gicv2Word){ .level = s->word[n].level, .group = group };
    }
    memset(s->prio, 0, sizeof(s->prio));
    memset(s->target, s->num_cpu == 1 ? 1 : 0, sizeof(s->target));
    for (unsigned i = 0; i < GICV2_MAX_CPUS; i++) {
        Gicv2Cpu *c = &s->cpu[i];

        c->word = (Gicv2Word){ .level = c->word.level, .group = group, .edge = 0xffff, .enabled = 0xffff };
        memset(c->prio, 0, sizeof(c->prio));
        memset(c->sgi_source, 0, sizeof(c->sgi_source));
        c->ctlr = 0;
        c->ap[0] = c->ap[1] = 0;
        /* Non-secure code cannot raise a mask that is in the Secure half: firmware would have */
        c->pmr = s->reset_nonsecure ? 0x80 : 0;
        c->bpr = MIN_BPR;
        c->abpr = MIN_BPR + 1;
        gicv2_virt_reset(c);
    }
    gicv2_update(s);
    for (unsigned i = 0; i < s->num_cpu; i++) {
        gicv2_virt_update(s, i);
    }
    g_rec_mutex_unlock(&s->lock);
}

static bool gicv2_post_load(void *opaque, GError **error)
{
    Gicv2State *s = opaque;

    g_rec_mutex_lock(&s->lock);
    gicv2_update(s);
    for (unsigned i = 0; i < s->num_cpu; i++) {
        gicv2_virt_update(s, i);
    }
    g_rec_mutex_unlock(&s->lock);
    return true;
}

static const VMStateField word_vmstate[] = {
    VMSTATE_UINT(Gicv2Word, group),
    VMSTATE_UINT(Gicv2Word, enabled),
    VMSTATE_UINT(Gicv2Word, pending),
    VMSTATE_UINT(Gicv2Word, active),
    VMSTATE_UINT(Gicv2Word, level),
    VMSTATE_UINT(Gicv2Word, edge),
    VMSTATE_END
};

static const VMStateField cpu_vmstate[] = {
    VMSTATE_STRUCT(Gicv2Cpu, word, word_vmstate),
    VMSTATE_BYTES(Gicv2Cpu, prio),
    VMSTATE_BYTES(Gicv2Cpu, sgi_source),
    VMSTATE_UINT(Gicv2Cpu, ctlr),
    VMSTATE_UINT_ARRAY(Gicv2Cpu, ap),
    VMSTATE_UINT(Gicv2Cpu, pmr),
    VMSTATE_UINT(Gicv2Cpu, bpr),
    VMSTATE_UINT(Gicv2Cpu, abpr),
    VMSTATE_UINT(Gicv2Cpu, hcr),
    VMSTATE_UINT(Gicv2Cpu, vap),
    VMSTATE_UINT_ARRAY(Gicv2Cpu, lr),
    VMSTATE_UINT(Gicv2Cpu, vctlr),
    VMSTATE_UINT(Gicv2Cpu, vpmr),
    VMSTATE_UINT(Gicv2Cpu, vbpr),
    VMSTATE_UINT(Gicv2Cpu, vabpr),
    VMSTATE_END
};

static const VMStateField gicv2_vmstate[] = {
    VMSTATE_UINT(Gicv2State, ctlr),
    VMSTATE_STRUCT_ARRAY(Gicv2State, word, word_vmstate),
    VMSTATE_BYTES(Gicv2State, prio),
    VMSTATE_BYTES(Gicv2State, target),
    VMSTATE_STRUCT_ARRAY(Gicv2State, cpu, cpu_vmstate),
    VMSTATE_POST_LOAD(gicv2_post_load),
    VMSTATE_END
};

static const Property gicv2_props[] = {
    PROP_DEF("num-cpu", Gicv2State, num_cpu, PROP_U32, 1, "CPUs, 1 to 8"),
    PROP_DEF("first-cpu", Gicv2State, first_cpu, PROP_U32, 0, "the machine's number of the first of them"),
    PROP_DEF("num-irq", Gicv2State, num_irq, PROP_U32, 288, "interrupts, SGIs and PPIs included"),
    PROP_DEF("has-security-extensions", Gicv2State, has_security, PROP_BOOL, false, "two security states"),
    PROP_DEF("has-virtualization-extensions", Gicv2State, has_virt, PROP_BOOL, false, "regions hyp and vcpu"),
    PROP_DEF("irq-reset-nonsecure", Gicv2State, reset_nonsecure, PROP_BOOL, false,
             "interrupts start in Group 1, as firmware would leave them"),
    PROP_END
};

static void gicv2_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = gicv2_realize;
    dc->unrealize = gicv2_unrealize;
    dc->reset = gicv2_reset;
    dc->vmstate = gicv2_vmstate;
    dc->category = "Interrupt controllers";
}

const TypeInfo gicv2_type = {
    .name = TYPE_GICV2,
    .parent = TYPE_DEVICE,
    .desc = "Arm Generic Interrupt Controller v2",
    .instance_size = sizeof(Gicv2State),
    .props = gicv2_props,
    .class_init = gicv2_class_init,
    .init = gicv2_init,
    .finalize = gicv2_finalize,
};
