/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GICv3 virtualization: the hypervisor's ICH_* registers with four list registers, and the virtual CPU interface that
 * a guest at EL1 sees through the ICC_* encodings (Arm IHI 0069G, chapter 6). The lists decide alone: a virtual
 * interrupt with HW set also deactivates its physical one.
 */
#include "core/bits.h"
#include "modules/hw/intc/gicv3_int.h"

enum { HCR_EN = 1 << 0, HCR_UIE = 1 << 1, HCR_LRENPIE = 1 << 2, HCR_NPIE = 1 << 3, HCR_VGRP0EIE = 1 << 4,
       HCR_VGRP0DIE = 1 << 5, HCR_VGRP1EIE = 1 << 6, HCR_VGRP1DIE = 1 << 7 };
#define HCR_EOICOUNT_SHIFT 27
#define HCR_WRITABLE (0xffu | 7u << 10 | 1u << 14 | 31u << 27)
enum { LR_PENDING = 1, LR_ACTIVE = 2 };
#define LR_HW BIT64(61)
#define LR_GROUP1 BIT64(60)
#define LR_EOI BIT64(41)                        /* of a software interrupt: maintenance interrupt at its end */
#define LR_WRITABLE (mask64(0, 45) | mask64(48, 8) | mask64(60, 4))

static unsigned lr_state(uint64_t lr)
{
    return (unsigned)(lr >> 62);
}

static uint8_t lr_prio(uint64_t lr)
{
    return (uint8_t)(lr >> 48) & PRI_MASK;
}

static bool lr_group1(uint64_t lr)
{
    return lr & LR_GROUP1;
}

static uint8_t group_mask(unsigned bpr)
{
    return (uint8_t)(0xff << (bpr + 1));
}

static unsigned binary_point(const GICv3Cpu *c, bool group1)
{
    return !group1 || c->vcbpr ? c->vbpr[0] : c->vbpr[1] - 1u;
}

static uint8_t running(const GICv3Cpu *c)
{
    uint32_t all = c->ich_ap[0] | c->ich_ap[1];

    return all ? (uint8_t)(ctz32(all) << (8 - PRI_BITS)) : PRI_IDLE;
}

/* The pending list register of the highest priority whose group is enabled, or -1. */
static int pending_lr(const GICv3Cpu *c)
{
    int best = -1;

    if (!(c->ich_hcr & HCR_EN)) {
        return -1;
    }
    for (unsigned i = 0; i < NUM_LRS; i++) {
        uint64_t lr = c->ich_lr[i];

        if (lr_state(lr) == LR_PENDING && c->vigrpen[lr_group1(lr)] &&
            (best < 0 || lr_prio(lr) < lr_prio(c->ich_lr[best]))) {
            best = (int)i;
        }
    }
    return best;
}

static bool can_preempt(const GICv3Cpu *c, uint64_t lr)
{
    uint8_t now = running(c), mask = group_mask(binary_point(c, lr_group1(lr)));

    return lr_prio(lr) < c->vpmr && (now == PRI_IDLE || (lr_prio(lr) & mask) < (now & mask));
}

/* List registers whose end asks for a maintenance interrupt. */
static uint32_t eisr(const GICv3Cpu *c)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < NUM_LRS; i++) {
        uint64_t lr = c->ich_lr[i];

        v |= lr_state(lr) == 0 && !(lr & LR_HW) && lr & LR_EOI ? BIT32(i) : 0;
    }
    return v;
}

/* Empty list registers: nothing in them, nobody waiting for their end. */
static uint32_t elrsr(const GICv3Cpu *c)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < NUM_LRS; i++) {
        uint64_t lr = c->ich_lr[i];

        v |= lr_state(lr) == 0 && (lr & LR_HW || !(lr & LR_EOI)) ? BIT32(i) : 0;
    }
    return v;
}

static uint32_t misr(const GICv3Cpu *c)
{
    uint32_t v = 0, hcr = c->ich_hcr;
    unsigned valid = 0, pending = 0;

    for (unsigned i = 0; i < NUM_LRS; i++) {
        valid += lr_state(c->ich_lr[i]) != 0;
        pending += (lr_state(c->ich_lr[i]) & LR_PENDING) != 0;
    }
    v |= eisr(c) ? 1 << 0 : 0;
    v |= hcr & HCR_UIE && valid <= 1 ? 1 << 1 : 0;
    v |= hcr & HCR_LRENPIE && hcr >> HCR_EOICOUNT_SHIFT ? 1 << 2 : 0;
    v |= hcr & HCR_NPIE && pending == 0 ? 1 << 3 : 0;
    v |= hcr & HCR_VGRP0EIE && c->vigrpen[0] ? 1 << 4 : 0;
    v |= hcr & HCR_VGRP0DIE && !c->vigrpen[0] ? 1 << 5 : 0;
    v |= hcr & HCR_VGRP1EIE && c->vigrpen[1] ? 1 << 6 : 0;
    v |= hcr & HCR_VGRP1DIE && !c->vigrpen[1] ? 1 << 7 : 0;
    return v;
}

void gicv3_virt_update(GICv3Cpu *c)
{
    GICv3State *s = c->gic;
    int i = pending_lr(c);
    bool signal = i >= 0 && can_preempt(c, c->ich_lr[i]);
    /* with VFIQEn, which is fixed at 1 for system registers, Group 0 is vFIQ */
    bool fiq = signal && !lr_group1(c->ich_lr[i]);

    irq_set(&s->virq[c->index], signal && !fiq);
    irq_set(&s->vfiq[c->index], fiq);
    irq_set(&s->maintenance[c->index], c->ich_hcr & HCR_EN && misr(c));
}

void gicv3_virt_reset(GICv3Cpu *c)
{
    c->ich_hcr = 0;
    memset(c->ich_ap, 0, sizeof(c->ich_ap));
    memset(c->ich_lr, 0, sizeof(c->ich_lr));
    c->vpmr = 0;
    c->vbpr[0] = MIN_BPR0;
    c->vbpr[1] = MIN_BPR1_NS;
    c->veoim = c->vcbpr = c->vackctl = 0;
    c->vfiqen = 1;
    memset(c->vigrpen, 0, sizeof(c->vigrpen));
}

/* -- the guest's side -------------------------------------------------------------------------------------- */

static unsigned virt_pending_irq(const GICv3Cpu *c, bool group1)
{
    int i = pending_lr(c);

    return i >= 0 && lr_group1(c->ich_lr[i]) == group1 ? (uint32_t)c->ich_lr[i] : GIC_SPURIOUS;
}

static unsigned virt_acknowledge(GICv3Cpu *c, bool group1)
{
    int i = pending_lr(c);
    uint64_t lr;
    uint8_t prio;

    if (i < 0 || lr_group1(c->ich_lr[i]) != group1 || !can_preempt(c, c->ich_lr[i])) {
        return GIC_SPURIOUS;
    }
    lr = c->ich_lr[i];
    prio = lr_prio(lr) & group_mask(binary_point(c, group1));
    c->ich_ap[group1] |= BIT32(prio >> (8 - PRI_BITS));
    c->ich_lr[i] = deposit64(lr, 62, 2, LR_ACTIVE);
    return (uint32_t)lr;
}

/* Ends the list register's activity; a hardware interrupt's physical one is deactivated with it. */
static void end_lr(GICv3Cpu *c, unsigned i)
{
    uint64_t lr = c->ich_lr[i];

    c->ich_lr[i] = deposit64(lr, 62, 2, lr_state(lr) & LR_PENDING);
    if (lr & LR_HW) {
        unsigned irq = extract64(lr, 32, 13);

        if (irq < c->gic->num_irq) {
            gicv3_word(c, irq)->active &= ~BIT32(irq % 32);
            if (irq < GIC_INTERNAL) {
                gicv3_update_cpu(c);
            } else {
                gicv3_update_spi(c->gic, irq);
            }
        }
    }
}

static int active_lr(const GICv3Cpu *c, uint32_t irq)
{
    for (unsigned i = 0; i < NUM_LRS; i++) {
        if ((uint32_t)c->ich_lr[i] == irq && lr_state(c->ich_lr[i]) & LR_ACTIVE) {
            return (int)i;
        }
    }
    return -1;
}

/* An end without a list register: the hypervisor counts it. */
static void count_eoi(GICv3Cpu *c)
{
    uint32_t n = c->ich_hcr >> HCR_EOICOUNT_SHIFT;

    c->ich_hcr = deposit32(c->ich_hcr, HCR_EOICOUNT_SHIFT, 5, n + 1);
}

static void virt_eoi(GICv3Cpu *c, bool group1, uint32_t irq)
{
    uint32_t all = c->ich_ap[0] | c->ich_ap[1];
    int i;

    if (irq >= GIC_MAX_IRQS && irq <= GIC_SPURIOUS) {
        return;
    }
    if (!all || !(c->ich_ap[group1] & (all & -all))) {
        return;                                 /* nothing of this group runs */
    }
    c->ich_ap[group1] &= c->ich_ap[group1] - 1;
    if (c->veoim) {
        return;
    }
    i = active_lr(c, irq);
    if (i < 0) {
        count_eoi(c);
    } else if (lr_group1(c->ich_lr[i]) == group1) {
        end_lr(c, (unsigned)i);
    }
}

static void virt_dir(GICv3Cpu *c, uint32_t irq)
{
    int i;

    if (!c->veoim || (irq >= GIC_MAX_IRQS && irq <= GIC_SPURIOUS)) {
        return;
    }
    i = active_lr(c, irq);
    if (i < 0) {
        count_eoi(c);
    } else {
        end_lr(c, (unsigned)i);
    }
}

GICv3Result gicv3_virt_access(GICv3Cpu *c, GICv3Reg reg, bool write, uint64_t *value)
{
    uint64_t v = write ? *value : 0;

    switch (reg) {
    case GICV3_ICC_PMR_EL1:
        if (write) {
            c->vpmr = v & PRI_MASK;
        }
        *value = c->vpmr;
        break;
    case GICV3_ICC_IAR0_EL1:
    case GICV3_ICC_IAR1_EL1:
        if (write) {
            return GICV3_UNDEFINED;
        }
        *value = virt_acknowledge(c, reg == GICV3_ICC_IAR1_EL1);
        break;
    case GICV3_ICC_HPPIR0_EL1:
    case GICV3_ICC_HPPIR1_EL1:
        if (write) {
            return GICV3_UNDEFINED;
        }
        *value = virt_pending_irq(c, reg == GICV3_ICC_HPPIR1_EL1);
        break;
    case GICV3_ICC_EOIR0_EL1:
    case GICV3_ICC_EOIR1_EL1:
        if (!write) {
            return GICV3_UNDEFINED;
        }
        virt_eoi(c, reg == GICV3_ICC_EOIR1_EL1, v & 0xffffff);
        break;
    case GICV3_ICC_DIR_EL1:
        if (!write) {
            return GICV3_UNDEFINED;
        }
        virt_dir(c, v & 0xffffff);
        break;
    case GICV3_ICC_RPR_EL1:
        if (write) {
            return GICV3_UNDEFINED;
        }
        *value = running(c);
        break;
    case GICV3_ICC_BPR0_EL1:
        if (write) {
            c->vbpr[0] = (uint8_t)MAX(v & 7, MIN_BPR0);
        }
        *value = c->vbpr[0];
        break;
    case GICV3_ICC_BPR1_EL1:
        if (write && !c->vcbpr) {
            c->vbpr[1] = (uint8_t)MAX(v & 7, MIN_BPR1_NS);
        }
        *value = c->vcbpr ? MIN(c->vbpr[0] + 1u, 7u) : c->vbpr[1];
        break;
    case GICV3_ICC_AP0R0_EL1:
    case GICV3_ICC_AP1R0_EL1:
        if (write) {
            c->ich_ap[reg == GICV3_ICC_AP1R0_EL1] = (uint32_t)v;
        }
        *value = c->ich_ap[reg == GICV3_ICC_AP1R0_EL1];
        break;
    case GICV3_ICC_CTLR_EL1:
        if (write) {
            c->vcbpr = v & 1;
            c->veoim = v >> 1 & 1;
        }
        *value = BIT32(15) | 1u << 11 | (PRI_BITS - 1) << 8 | (uint32_t)c->veoim << 1 | c->vcbpr;
        break;
    case GICV3_ICC_IGRPEN0_EL1:
    case GICV3_ICC_IGRPEN1_EL1:
        if (write) {
            c->vigrpen[reg == GICV3_ICC_IGRPEN1_EL1] = v & 1;
        }
        *value = c->vigrpen[reg == GICV3_ICC_IGRPEN1_EL1];
        break;
    default:
        return GICV3_UNDEFINED;
    }
    gicv3_virt_update(c);
    return GICV3_OK;
}

/* -- the hypervisor's side --------------------------------------------------------------------------------- */

static uint64_t vmcr_read(const GICv3Cpu *c)
{
    return (uint64_t)c->vpmr << 24 | (uint64_t)c->vbpr[0] << 21 | (uint64_t)c->vbpr[1] << 18 |
           (uint64_t)c->veoim << 9 | (uint64_t)c->vcbpr << 4 | (uint64_t)c->vfiqen << 3 | (uint64_t)c->vackctl << 2 |
           (uint64_t)c->vigrpen[1] << 1 | c->vigrpen[0];
}

static void vmcr_write(GICv3Cpu *c, uint64_t v)
{
    c->vpmr = (uint8_t)(v >> 24) & PRI_MASK;
    c->vbpr[0] = (uint8_t)MAX(extract64(v, 21, 3), MIN_BPR0);
    c->vbpr[1] = (uint8_t)MAX(extract64(v, 18, 3), MIN_BPR1_NS);
    c->veoim = v >> 9 & 1;
    c->vcbpr = v >> 4 & 1;
    c->vigrpen[1] = v >> 1 & 1;
    c->vigrpen[0] = v & 1;
}

GICv3Result gicv3_hyp_access(GICv3Cpu *c, GICv3Reg reg, bool write, uint64_t *value)
{
    uint64_t v = write ? *value : 0;

    switch (reg) {
    case GICV3_ICH_AP0R0_EL2:
    case GICV3_ICH_AP1R0_EL2:
        if (write) {
            c->ich_ap[reg == GICV3_ICH_AP1R0_EL2] = (uint32_t)v;
        }
        *value = c->ich_ap[reg == GICV3_ICH_AP1R0_EL2];
        break;
    case GICV3_ICH_HCR_EL2:
        if (write) {
            c->ich_hcr = (uint32_t)v & HCR_WRITABLE;
        }
        *value = c->ich_hcr;
        break;
    case GICV3_ICH_VTR_EL2:
        if (write) {
            return GICV3_UNDEFINED;
        }
        /* PRIbits, PREbits, IDbits 1 (24), A3V, nV4, TDS, ListRegs */
        *value = (uint64_t)(PRI_BITS - 1) << 29 | (uint64_t)(PRI_BITS - 1) << 26 | 1u << 23 | BIT32(21) | BIT32(20) |
                 BIT32(19) | (NUM_LRS - 1);
        break;
    case GICV3_ICH_MISR_EL2:
        if (write) {
            return GICV3_UNDEFINED;
        }
        *value = misr(c);
        break;
    case GICV3_ICH_EISR_EL2:
        if (write) {
            return GICV3_UNDEFINED;
        }
        *value = eisr(c);
        break;
    case GICV3_ICH_ELRSR_EL2:
        if (write) {
            return GICV3_UNDEFINED;
        }
        *value = elrsr(c);
        break;
    case GICV3_ICH_VMCR_EL2:
        if (write) {
            vmcr_write(c, v);
        }
        *value = vmcr_read(c);
        break;
    default:
        if (reg < GICV3_ICH_LR0_EL2 || reg >= GICV3_ICH_LR0_EL2 + NUM_LRS) {
            return GICV3_UNDEFINED;
        }
        if (write) {
            c->ich_lr[reg - GICV3_ICH_LR0_EL2] = v & LR_WRITABLE;
        }
        *value = c->ich_lr[reg - GICV3_ICH_LR0_EL2];
        break;
    }
    gicv3_virt_update(c);
    return GICV3_OK;
}
