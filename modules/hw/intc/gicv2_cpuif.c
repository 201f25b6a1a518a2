/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GICv2: the CPU interfaces' registers (Arm IHI 0048B, 4.4), banked by the accessing CPU. */
#include "core/bits.h"
#include "core/log.h"
#include "modules/hw/intc/gicv2_int.h"

enum { CTLR_GRP0 = 1 << 0, CTLR_GRP1 = 1 << 1, CTLR_ACKCTL = 1 << 2, CTLR_FIQEN = 1 << 3, CTLR_CBPR = 1 << 4,
       CTLR_EOIMODES = 1 << 9, CTLR_EOIMODENS = 1 << 10 };

static bool is_ns(const Gicv2State *s)
{
    return gicv2_is_ns(s, &s->cpuif);
}

static unsigned me(const Gicv2State *s)
{
    return gicv2_cpu(s, &s->cpuif);
}

static Gicv2Cpu *mine(Gicv2State *s)
{
    return &s->cpu[me(s)];
}

static uint64_t ctlr_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;
    uint32_t v = mine(s)->ctlr;

    return is_ns(s) ? (v & CTLR_GRP1 ? 1 : 0) | (v & CTLR_EOIMODENS ? 1 << 9 : 0) : v;
}

static void ctlr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Cpu *c = mine(s);

    if (is_ns(s)) {
        c->ctlr = (c->ctlr & ~(uint32_t)(CTLR_GRP1 | CTLR_EOIMODENS)) | (v & 1 ? CTLR_GRP1 : 0) |
                  (v & 1 << 9 ? CTLR_EOIMODENS : 0);
    } else {
        c->ctlr = v & (CTLR_GRP0 | CTLR_GRP1 | CTLR_ACKCTL | CTLR_FIQEN | CTLR_CBPR | CTLR_EOIMODES |
                       (s->has_security ? CTLR_EOIMODENS : 0));
    }
    gicv2_update_cpu(s, me(s));
}

static uint64_t pmr_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;
    uint8_t pmr = mine(s)->pmr;

    return !is_ns(s) ? pmr : pmr & 0x80 ? (uint8_t)(pmr << 1) : 0;
}

static void pmr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Cpu *c = mine(s);

    if (is_ns(s)) {
        if (!(c->pmr & 0x80)) {
            return;                             /* Secure code has masked everything Non-secure */
        }
        v = 0x80 | (v & 0xff) >> 1;
    }
    c->pmr = v & PRI_MASK;
    gicv2_update_cpu(s, me(s));
}

static uint64_t bpr_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;
    const Gicv2Cpu *c = mine(s);

    if (!is_ns(s)) {
        return c->bpr;
    }
    return c->ctlr & CTLR_CBPR ? MIN(c->bpr + 1u, 7u) : c->abpr;
}

static void bpr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Cpu *c = mine(s);

    if (!is_ns(s)) {
        c->bpr = (uint8_t)MAX(v & 7, MIN_BPR);
    } else if (!(c->ctlr & CTLR_CBPR)) {
        c->abpr = (uint8_t)MAX(v & 7, MIN_BPR + 1);
    }
    gicv2_update_cpu(s, me(s));
}

static uint64_t abpr_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;

    return is_ns(s) ? 0 : mine(s)->abpr;
}

static void abpr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;

    if (!is_ns(s)) {
        mine(s)->abpr = (uint8_t)MAX(v & 7, MIN_BPR + 1);
        gicv2_update_cpu(s, me(s));
    }
}

/* An SGI comes with the number of the CPU that sent it. */
static uint32_t with_source(const Gicv2Cpu *c)
{
    return c->hppi < 16 ? c->hppi | ctz32(c->sgi_source[c->hppi] | 0x100) % 8 << 10 : c->hppi;
}

/* What an acknowledge of `alias` (the Group 1 registers) or of the plain ones may see: 1022, 1023 or the INTID. */
static uint32_t visible_pending(Gicv2State *s, const Gicv2Cpu *c, bool alias)
{
    if (c->hppi == GIC_SPURIOUS) {
        return GIC_SPURIOUS;
    }
    if (is_ns(s) || alias) {
        return c->hppi_group1 ? with_source(c) : GIC_SPURIOUS;
    }
    return c->hppi_group1 && !(c->ctlr & CTLR_ACKCTL) ? 1022 : with_source(c);
}

static uint64_t acknowledge(Gicv2State *s, bool alias)
{
    Gicv2Cpu *c = mine(s);
    unsigned irq = c->hppi;
    uint32_t ret;
    Gicv2Word *w;

    if (!gicv2_can_preempt(c)) {
        return GIC_SPURIOUS;
    }
    ret = visible_pending(s, c, alias);
    if ((ret & 0x3ff) >= GIC_MAX_IRQS) {
        return ret;
    }
    w = gicv2_word(s, me(s), irq / 32);
    w->active |= BIT32(irq % 32);
    if (irq < 16) {
        c->sgi_source[irq] &= (uint8_t)(c->sgi_source[irq] - 1);
        w->pending = deposit32(w->pending, irq, 1, c->sgi_source[irq] != 0);
    } else {
        w->pending &= ~BIT32(irq % 32);
    }
    c->ap[c->hppi_group1] |= BIT32((c->hppi_prio & gicv2_group_mask(c, c->hppi_group1)) >> (8 - PRI_BITS));
    gicv2_update(s);
    return ret;
}

static uint64_t iar_read(void *dev, const RegDef *r, unsigned n)
{
    return acknowledge(dev, false);
}

static uint64_t aiar_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;

    return is_ns(s) ? 0 : acknowledge(s, true);
}

static void end(Gicv2State *s, unsigned irq, bool alias)
{
    Gicv2Cpu *c = mine(s);
    uint32_t all = c->ap[0] | c->ap[1], lowest = all & -all;
    bool split = c->ctlr & (is_ns(s) ? CTLR_EOIMODENS : CTLR_EOIMODES), group1;

    irq &= 0x3ff;
    if (irq >= GIC_MAX_IRQS) {
        return;                                 /* what a spurious acknowledge gave */
    }
    if (irq >= s->num_irq) {
        log_guest_error("gicv2: end of INTID %u, which does not exist\n", irq);
        return;
    }
    group1 = gicv2_word(s, me(s), irq / 32)->group >> (irq % 32) & 1;
    if ((is_ns(s) || alias) && !group1) {
        log_guest_error("gicv2: end of INTID %u of Group 0 where Group 1 ends\n", irq);
        return;
    }
    if (lowest && c->ap[group1] & lowest) {
        c->ap[group1] &= ~lowest;
    } else if (lowest) {
        log_guest_error("gicv2: end of INTID %u out of order\n", irq);
    }
    if (!split) {
        gicv2_deactivate(s, me(s), irq);
    } else {
        gicv2_update_cpu(s, me(s));
    }
}

static void eoir_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    end(dev, (unsigned)v, false);
}

static void aeoir_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;

    if (!is_ns(s)) {
        end(s, (unsigned)v, true);
    }
}

static void dir_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    unsigned irq = v & 0x3ff;

    if (!(mine(s)->ctlr & (is_ns(s) ? CTLR_EOIMODENS : CTLR_EOIMODES))) {
        log_guest_error("gicv2: GICC_DIR written while EOImode is 0\n");
    } else if (irq < s->num_irq && is_ns(s) && !(gicv2_word(s, me(s), irq / 32)->group >> (irq % 32) & 1)) {
        log_guest_error("gicv2: Non-secure deactivation of INTID %u of Group 0\n", irq);
    } else {
        gicv2_deactivate(s, me(s), irq);
    }
}

static uint64_t rpr_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;
    uint8_t prio = gicv2_running(mine(s));

    if (!is_ns(s) || prio == PRI_IDLE) {
        return prio;
    }
    return prio & 0x80 ? (uint8_t)(prio << 1) : 0;
}

static uint64_t hppir_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;

    return visible_pending(s, mine(s), false);
}

static uint64_t ahppir_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;

    return is_ns(s) ? 0 : visible_pending(s, mine(s), true);
}

/* Non-secure code sees the upper half of Group 1's active priorities as its own (4.4.13). */
static uint64_t apr_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;

    return is_ns(s) ? mine(s)->ap[1] >> 16 : mine(s)->ap[0];
}

static void apr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Cpu *c = mine(s);

    if (is_ns(s)) {
        c->ap[1] = (c->ap[1] & 0xffff) | (uint32_t)v << 16;
    } else {
        c->ap[0] = (uint32_t)v;
    }
    gicv2_update_cpu(s, me(s));
}

static uint64_t nsapr_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;

    return is_ns(s) ? 0 : mine(s)->ap[1];
}

static void nsapr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;

    if (!is_ns(s)) {
        mine(s)->ap[1] = (uint32_t)v;
        gicv2_update_cpu(s, me(s));
    }
}

static uint64_t zero(void *dev, const RegDef *r, unsigned n)
{
    return 0;
}

static void ignored(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
}

const RegDef gicv2_cpuif_regs[] = {
    { 0x0000, "GICC_CTLR",   .read = ctlr_read, .write = ctlr_write },
    { 0x0004, "GICC_PMR",    .read = pmr_read, .write = pmr_write },
    { 0x0008, "GICC_BPR",    .read = bpr_read, .write = bpr_write },
    { 0x000c, "GICC_IAR",    .access = 4, .read = iar_read, .write = ignored },
    { 0x0010, "GICC_EOIR",   .access = 4, .write = eoir_write },
    { 0x0014, "GICC_RPR",    .read = rpr_read, .write = ignored },
    { 0x0018, "GICC_HPPIR",  .read = hppir_read, .write = ignored },
    { 0x001c, "GICC_ABPR",   .read = abpr_read, .write = abpr_write },
    { 0x0020, "GICC_AIAR",   .access = 4, .read = aiar_read, .write = ignored },
    { 0x0024, "GICC_AEOIR",  .access = 4, .write = aeoir_write },
    { 0x0028, "GICC_AHPPIR", .read = ahppir_read, .write = ignored },
    { 0x00d0, "GICC_APR0",   .read = apr_read, .write = apr_write },
    /* of more than 32 group priorities */
    { 0x00d4, "GICC_APR1-3", .count = 3, .read = zero, .write = ignored },
    { 0x00e0, "GICC_NSAPR0", .read = nsapr_read, .write = nsapr_write },
    { 0x00e4, "GICC_NSAPR1-3", .count = 3, .read = zero, .write = ignored },
    { 0x00fc, "GICC_IIDR",   .reset = 0x0202143b },
    { 0x1000, "GICC_DIR",    .access = 4, .write = dir_write },
};
const unsigned gicv2_cpuif_num_regs = G_N_ELEMENTS(gicv2_cpuif_regs);
