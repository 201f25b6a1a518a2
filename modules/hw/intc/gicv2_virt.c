/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GICv2 virtualization: the hypervisor's GICH registers with four list registers, and the guest's GICV interface
 * (Arm IHI 0048B, chapter 5), banked by the accessing CPU.
 */
#include "core/bits.h"
#include "modules/hw/intc/gicv2_int.h"

enum { HCR_EN = 1 << 0, HCR_UIE = 1 << 1, HCR_LRENPIE = 1 << 2, HCR_NPIE = 1 << 3, HCR_VGRP0EIE = 1 << 4,
       HCR_VGRP0DIE = 1 << 5, HCR_VGRP1EIE = 1 << 6, HCR_VGRP1DIE = 1 << 7, HCR_EOICOUNT_SHIFT = 27 };
enum { VCTLR_GRP0 = 1 << 0, VCTLR_GRP1 = 1 << 1, VCTLR_ACKCTL = 1 << 2, VCTLR_FIQEN = 1 << 3, VCTLR_CBPR = 1 << 4,
       VCTLR_EOIMODE = 1 << 9, VCTLR_ALL = 0x21f };
enum { LR_PENDING = 1, LR_ACTIVE = 2 };
#define LR_HW BIT32(31)
#define LR_EOI BIT32(19)

static unsigned lr_state(uint32_t lr)
{
    return lr >> 28 & 3;
}

static uint8_t lr_prio(uint32_t lr)
{
    return (uint8_t)((lr >> 23 & 31) << 3);
}

static bool lr_group1(uint32_t lr)
{
    return lr >> 30 & 1;
}

/* The INTID, with the sending CPU of a virtual SGI. */
static uint32_t lr_id(uint32_t lr)
{
    uint32_t id = lr & 0x3ff;

    return id < 16 && !(lr & LR_HW) ? id | (lr >> 10 & 7) << 10 : id;
}

static uint8_t group_mask(const Gicv2Cpu *c, bool group1)
{
    unsigned bpr = group1 && !(c->vctlr & VCTLR_CBPR) ? c->vabpr - 1u : c->vbpr;

    return (uint8_t)(0xff << (bpr + 1));
}

static uint8_t running(const Gicv2Cpu *c)
{
    return c->vap ? (uint8_t)(ctz32(c->vap) << (8 - PRI_BITS)) : PRI_IDLE;
}

static int pending_lr(const Gicv2Cpu *c)
{
    int best = -1;

    if (!(c->hcr & HCR_EN)) {
        return -1;
    }
    for (unsigned i = 0; i < NUM_LRS; i++) {
        uint32_t lr = c->lr[i];

        if (lr_state(lr) == LR_PENDING && c->vctlr & (lr_group1(lr) ? VCTLR_GRP1 : VCTLR_GRP0) &&
            (best < 0 || lr_prio(lr) < lr_prio(c->lr[best]))) {
            best = (int)i;
        }
    }
    return best;
}

static bool can_preempt(const Gicv2Cpu *c, uint32_t lr)
{
    uint8_t now = running(c), mask = group_mask(c, lr_group1(lr));

    return lr_prio(lr) < c->vpmr && (now == PRI_IDLE || (lr_prio(lr) & mask) < (now & mask));
}

static uint32_t eisr(const Gicv2Cpu *c)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < NUM_LRS; i++) {
        v |= lr_state(c->lr[i]) == 0 && !(c->lr[i] & LR_HW) && c->lr[i] & LR_EOI ? BIT32(i) : 0;
    }
    return v;
}

static uint32_t elrsr(const Gicv2Cpu *c)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < NUM_LRS; i++) {
        v |= lr_state(c->lr[i]) == 0 && (c->lr[i] & LR_HW || !(c->lr[i] & LR_EOI)) ? BIT32(i) : 0;
    }
    return v;
}

static uint32_t misr(const Gicv2Cpu *c)
{
    uint32_t v = eisr(c) ? 1 : 0, hcr = c->hcr;
    unsigned valid = 0, pending = 0;

    for (unsigned i = 0; i < NUM_LRS; i++) {
        valid += lr_state(c->lr[i]) != 0;
        pending += (lr_state(c->lr[i]) & LR_PENDING) != 0;
    }
    v |= hcr & HCR_UIE && valid <= 1 ? 1 << 1 : 0;
    v |= hcr & HCR_LRENPIE && hcr >> HCR_EOICOUNT_SHIFT ? 1 << 2 : 0;
    v |= hcr & HCR_NPIE && pending == 0 ? 1 << 3 : 0;
    v |= hcr & HCR_VGRP0EIE && c->vctlr & VCTLR_GRP0 ? 1 << 4 : 0;
    v |= hcr & HCR_VGRP0DIE && !(c->vctlr & VCTLR_GRP0) ? 1 << 5 : 0;
    v |= hcr & HCR_VGRP1EIE && c->vctlr & VCTLR_GRP1 ? 1 << 6 : 0;
    v |= hcr & HCR_VGRP1DIE && !(c->vctlr & VCTLR_GRP1) ? 1 << 7 : 0;
    return v;
}

void gicv2_virt_update(Gicv2State *s, unsigned cpu)
{
    Gicv2Cpu *c = &s->cpu[cpu];
    int i = pending_lr(c);
    bool signal = i >= 0 && can_preempt(c, c->lr[i]);
    bool fiq = signal && !lr_group1(c->lr[i]) && c->vctlr & VCTLR_FIQEN;

    irq_set(&s->virq[cpu], signal && !fiq);
    irq_set(&s->vfiq[cpu], fiq);
    irq_set(&s->maintenance[cpu], c->hcr & HCR_EN && misr(c));
}

void gicv2_virt_reset(Gicv2Cpu *c)
{
    c->hcr = c->vap = c->vctlr = 0;
    memset(c->lr, 0, sizeof(c->lr));
    c->vpmr = 0;
    c->vbpr = MIN_BPR;
    c->vabpr = MIN_BPR + 1;
}

/* -- the hypervisor's side --------------------------------------------------------------------------------- */

static Gicv2Cpu *hyp_cpu(Gicv2State *s)
{
    return &s->cpu[gicv2_cpu(s, &s->hyp)];
}

static void hyp_changed(Gicv2State *s)
{
    gicv2_virt_update(s, gicv2_cpu(s, &s->hyp));
}

static uint64_t hcr_read(void *dev, const RegDef *r, unsigned n)
{
    return hyp_cpu(dev)->hcr;
}

static void hcr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    hyp_cpu(dev)->hcr = v & (0xffu | 31u << HCR_EOICOUNT_SHIFT);
    hyp_changed(dev);
}

static uint64_t vmcr_read(void *dev, const RegDef *r, unsigned n)
{
    const Gicv2Cpu *c = hyp_cpu(dev);

    return (uint32_t)(c->vpmr >> 3) << 27 | (uint32_t)c->vbpr << 21 | (uint32_t)c->vabpr << 18 | c->vctlr;
}

static void vmcr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2Cpu *c = hyp_cpu(dev);

    c->vpmr = (uint8_t)((v >> 27 & 31) << 3);
    c->vbpr = (uint8_t)MAX(v >> 21 & 7, MIN_BPR);
    c->vabpr = (uint8_t)MAX(v >> 18 & 7, MIN_BPR + 1);
    c->vctlr = v & VCTLR_ALL;
    hyp_changed(dev);
}

static uint64_t misr_read(void *dev, const RegDef *r, unsigned n)
{
    return misr(hyp_cpu(dev));
}

static uint64_t eisr_read(void *dev, const RegDef *r, unsigned n)
{
    return eisr(hyp_cpu(dev));
}

static uint64_t elrsr_read(void *dev, const RegDef *r, unsigned n)
{
    return elrsr(hyp_cpu(dev));
}

static uint64_t vap_read(void *dev, const RegDef *r, unsigned n)
{
    return hyp_cpu(dev)->vap;
}

static void vap_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    hyp_cpu(dev)->vap = (uint32_t)v;
    hyp_changed(dev);
}

static uint64_t lr_read(void *dev, const RegDef *r, unsigned n)
{
    return hyp_cpu(dev)->lr[n];
}

static void lr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    hyp_cpu(dev)->lr[n] = (uint32_t)v & ~(7u << 20);
    hyp_changed(dev);
}

static void ignored(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
}

/* GICH_VTR: five priority and preemption bits, four list registers. */
const RegDef gicv2_hyp_regs[] = {
    { 0x000, "GICH_HCR",    .read = hcr_read, .write = hcr_write },
    { 0x004, "GICH_VTR",    .reset = 4u << 29 | 4u << 26 | (NUM_LRS - 1) },
    { 0x008, "GICH_VMCR",   .read = vmcr_read, .write = vmcr_write },
    { 0x010, "GICH_MISR",   .read = misr_read, .write = ignored },
    { 0x020, "GICH_EISR0",  .read = eisr_read, .write = ignored },
    { 0x024, "GICH_EISR1",  .reset = 0 },
    { 0x030, "GICH_ELRSR0", .read = elrsr_read, .write = ignored },
    { 0x034, "GICH_ELRSR1", .reset = 0 },
    { 0x0f0, "GICH_APR",    .read = vap_read, .write = vap_write },
    { 0x100, "GICH_LR",     .count = NUM_LRS, .read = lr_read, .write = lr_write },
};
const unsigned gicv2_hyp_num_regs = G_N_ELEMENTS(gicv2_hyp_regs);

/* -- the guest's side -------------------------------------------------------------------------------------- */

static Gicv2Cpu *guest_cpu(Gicv2State *s)
{
    return &s->cpu[gicv2_cpu(s, &s->vcpu)];
}

static void guest_changed(Gicv2State *s)
{
    gicv2_virt_update(s, gicv2_cpu(s, &s->vcpu));
}

static uint64_t vctlr_read(void *dev, const RegDef *r, unsigned n)
{
    return guest_cpu(dev)->vctlr;
}

static void vctlr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    guest_cpu(dev)->vctlr = v & VCTLR_ALL;
    guest_changed(dev);
}

static uint64_t vpmr_read(void *dev, const RegDef *r, unsigned n)
{
    return guest_cpu(dev)->vpmr;
}

static void vpmr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    guest_cpu(dev)->vpmr = v & PRI_MASK;
    guest_changed(dev);
}

static uint64_t vbpr_read(void *dev, const RegDef *r, unsigned n)
{
    return guest_cpu(dev)->vbpr;
}

static void vbpr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    guest_cpu(dev)->vbpr = (uint8_t)MAX(v & 7, MIN_BPR);
    guest_changed(dev);
}

static uint64_t vabpr_read(void *dev, const RegDef *r, unsigned n)
{
    return guest_cpu(dev)->vabpr;
}

static void vabpr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    guest_cpu(dev)->vabpr = (uint8_t)MAX(v & 7, MIN_BPR + 1);
    guest_changed(dev);
}

static uint32_t visible_pending(const Gicv2Cpu *c, bool alias)
{
    int i = pending_lr(c);

    if (i < 0) {
        return GIC_SPURIOUS;
    }
    if (alias) {
        return lr_group1(c->lr[i]) ? lr_id(c->lr[i]) : GIC_SPURIOUS;
    }
    return lr_group1(c->lr[i]) && !(c->vctlr & VCTLR_ACKCTL) ? 1022 : lr_id(c->lr[i]);
}

static uint64_t acknowledge(Gicv2State *s, bool alias)
{
    Gicv2Cpu *c = guest_cpu(s);
    int i = pending_lr(c);
    uint32_t ret, lr;

    if (i < 0 || !can_preempt(c, c->lr[i])) {
        return GIC_SPURIOUS;
    }
    lr = c->lr[i];
    ret = visible_pending(c, alias);
    if ((ret & 0x3ff) >= GIC_MAX_IRQS) {
        return ret;
    }
    c->vap |= BIT32((lr_prio(lr) & group_mask(c, lr_group1(lr))) >> (8 - PRI_BITS));
    c->lr[i] = deposit32(lr, 28, 2, LR_ACTIVE);
    guest_changed(s);
    return ret;
}

static uint64_t viar_read(void *dev, const RegDef *r, unsigned n)
{
    return acknowledge(dev, false);
}

static uint64_t vaiar_read(void *dev, const RegDef *r, unsigned n)
{
    return acknowledge(dev, true);
}

static void deactivate(Gicv2State *s, uint32_t id)
{
    Gicv2Cpu *c = guest_cpu(s);

    for (unsigned i = 0; i < NUM_LRS; i++) {
        uint32_t lr = c->lr[i];

        if (lr_state(lr) & LR_ACTIVE && lr_id(lr) == id) {
            c->lr[i] = deposit32(lr, 28, 2, lr_state(lr) & LR_PENDING);
            if (lr & LR_HW) {
                gicv2_deactivate(s, gicv2_cpu(s, &s->vcpu), lr >> 10 & 0x3ff);
            }
            return;
        }
    }
    c->hcr = deposit32(c->hcr, HCR_EOICOUNT_SHIFT, 5, (c->hcr >> HCR_EOICOUNT_SHIFT) + 1);
}

static void end(Gicv2State *s, uint64_t v)
{
    Gicv2Cpu *c = guest_cpu(s);
    uint32_t id = v & 0x1fff;

    if ((id & 0x3ff) >= GIC_MAX_IRQS || !c->vap) {
        return;
    }
    c->vap &= c->vap - 1;
    if (!(c->vctlr & VCTLR_EOIMODE)) {
        deactivate(s, id);
    }
    guest_changed(s);
}

static void veoir_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    end(dev, v);
}

static void vdir_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;

    if (guest_cpu(s)->vctlr & VCTLR_EOIMODE && (v & 0x3ff) < GIC_MAX_IRQS) {
        deactivate(s, v & 0x1fff);
        guest_changed(s);
    }
}

static uint64_t vrpr_read(void *dev, const RegDef *r, unsigned n)
{
    return running(guest_cpu(dev));
}

static uint64_t vhppir_read(void *dev, const RegDef *r, unsigned n)
{
    return visible_pending(guest_cpu(dev), false);
}

static uint64_t vahppir_read(void *dev, const RegDef *r, unsigned n)
{
    return visible_pending(guest_cpu(dev), true);
}

static uint64_t guest_ap_read(void *dev, const RegDef *r, unsigned n)
{
    return guest_cpu(dev)->vap;
}

static void guest_ap_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    guest_cpu(dev)->vap = (uint32_t)v;
    guest_changed(dev);
}

const RegDef gicv2_vcpu_regs[] = {
    { 0x0000, "GICV_CTLR",   .read = vctlr_read, .write = vctlr_write },
    { 0x0004, "GICV_PMR",    .read = vpmr_read, .write = vpmr_write },
    { 0x0008, "GICV_BPR",    .read = vbpr_read, .write = vbpr_write },
    { 0x000c, "GICV_IAR",    .access = 4, .read = viar_read, .write = ignored },
    { 0x0010, "GICV_EOIR",   .access = 4, .write = veoir_write },
    { 0x0014, "GICV_RPR",    .read = vrpr_read, .write = ignored },
    { 0x0018, "GICV_HPPIR",  .read = vhppir_read, .write = ignored },
    { 0x001c, "GICV_ABPR",   .read = vabpr_read, .write = vabpr_write },
    { 0x0020, "GICV_AIAR",   .access = 4, .read = vaiar_read, .write = ignored },
    { 0x0024, "GICV_AEOIR",  .access = 4, .write = veoir_write },
    { 0x0028, "GICV_AHPPIR", .read = vahppir_read, .write = ignored },
    { 0x00d0, "GICV_APR0",   .read = guest_ap_read, .write = guest_ap_write },
    { 0x00fc, "GICV_IIDR",   .reset = 0x0202143b },
    { 0x1000, "GICV_DIR",    .access = 4, .write = vdir_write },
};
const unsigned gicv2_vcpu_num_regs = G_N_ELEMENTS(gicv2_vcpu_regs);
