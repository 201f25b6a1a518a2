/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GICv2: the distributor's registers (Arm IHI 0048B, 4.3). */
#include "core/bits.h"
#include "core/log.h"
#include "modules/hw/intc/gicv2_int.h"

static bool is_ns(const Gicv2State *s)
{
    return gicv2_is_ns(s, &s->dist);
}

static unsigned me(const Gicv2State *s)
{
    return gicv2_cpu(s, &s->dist);
}

/* Word n as the accessing CPU sees it; NULL past the last. */
static Gicv2Word *word(Gicv2State *s, unsigned n)
{
    return n < s->num_words ? gicv2_word(s, me(s), n) : NULL;
}

/* Non-secure accesses see Group 1 alone. INTIDs from 1020 on do not exist. */
static uint32_t visible(const Gicv2State *s, const Gicv2Word *w, unsigned n)
{
    return (is_ns(s) ? w->group : UINT32_MAX) & (n == 31 ? 0x0fffffff : UINT32_MAX);
}

static uint64_t ctlr_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;

    return is_ns(s) ? s->ctlr >> 1 : s->ctlr;
}

static void ctlr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;

    s->ctlr = is_ns(s) ? (s->ctlr & 1) | (v & 1) << 1 : v & 3;
    gicv2_update(s);
}

static uint64_t typer_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;

    return (s->has_security ? BIT32(10) : 0) | (s->num_cpu - 1) << 5 | (s->num_words - 1);
}

static uint64_t igroup_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;
    const Gicv2Word *w = word(s, n);

    return w && !is_ns(s) ? w->group : 0;
}

static void igroup_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Word *w = word(s, n);

    if (w && !is_ns(s)) {
        w->group = (uint32_t)v & visible(s, w, n);
        gicv2_update(s);
    }
}

static uint64_t enabled_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;
    const Gicv2Word *w = word(s, n);

    return w ? w->enabled & visible(s, w, n) : 0;
}

static void isenable_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Word *w = word(s, n);

    if (w) {
        w->enabled |= (uint32_t)v & visible(s, w, n);
        gicv2_update(s);
    }
}

static void icenable_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Word *w = word(s, n);

    if (w) {
        w->enabled &= ~((uint32_t)v & visible(s, w, n) & (n ? UINT32_MAX : 0xffff0000));   /* SGIs stay enabled */
        gicv2_update(s);
    }
}

static uint64_t pending_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;
    const Gicv2Word *w = word(s, n);

    return w ? (w->pending | (w->level & ~w->edge)) & visible(s, w, n) : 0;
}

/* SGIs' pending bits are read-only here. */
static void ispend_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Word *w = word(s, n);

    if (w) {
        w->pending |= (uint32_t)v & visible(s, w, n) & (n ? UINT32_MAX : 0xffff0000);
        gicv2_update(s);
    }
}

static void icpend_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Word *w = word(s, n);

    if (w) {
        w->pending &= ~((uint32_t)v & visible(s, w, n) & (n ? UINT32_MAX : 0xffff0000));
        gicv2_update(s);
    }
}

static uint64_t active_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;
    const Gicv2Word *w = word(s, n);

    return w ? w->active & visible(s, w, n) : 0;
}

static void isactive_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Word *w = word(s, n);

    if (w) {
        w->active |= (uint32_t)v & visible(s, w, n);
        gicv2_update(s);
    }
}

static void icactive_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Word *w = word(s, n);

    if (w) {
        w->active &= ~((uint32_t)v & visible(s, w, n));
        gicv2_update(s);
    }
}

/* Whether the access may see INTID irq. */
static bool may_see(Gicv2State *s, unsigned irq)
{
    const Gicv2Word *w = word(s, irq / 32);

    return w && irq < s->num_irq && visible(s, w, irq / 32) >> (irq % 32) & 1;
}

static uint8_t *prio_of(Gicv2State *s, unsigned irq)
{
    return irq < GIC_INTERNAL ? &s->cpu[me(s)].prio[irq] : &s->prio[irq];
}

static uint64_t ipriority_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;
    uint8_t prio = may_see(s, n) ? *prio_of(s, n) : 0;

    return is_ns(s) ? (uint8_t)(prio << 1) : prio;
}

static void ipriority_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;

    if (may_see(s, n)) {
        *prio_of(s, n) = (is_ns(s) ? 0x80 | (v & 0xff) >> 1 : v) & PRI_MASK;
        gicv2_update(s);
    }
}

/* The first 32 say who is reading; with one CPU all are RAZ/WI. */
static uint64_t itargets_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;

    if (s->num_cpu == 1) {
        return 0;
    }
    if (n < GIC_INTERNAL) {
        return 1u << me(s);
    }
    return may_see(s, n) ? s->target[n] : 0;
}

static void itargets_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;

    if (s->num_cpu > 1 && n >= GIC_INTERNAL && may_see(s, n)) {
        s->target[n] = (uint8_t)(v & ((1u << s->num_cpu) - 1));
        gicv2_update(s);
    }
}

static uint64_t icfgr_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;
    const Gicv2Word *w = word(s, n / 2);
    uint32_t v = 0;

    for (unsigned i = 0; w && i < 16; i++) {
        v |= ((w->edge & visible(s, w, n / 2)) >> (16 * (n % 2) + i) & 1) << (2 * i + 1);
    }
    return v;
}

static void icfgr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    Gicv2Word *w = word(s, n / 2);

    if (!w || n == 0) {                         /* SGIs are edge-triggered */
        return;
    }
    for (unsigned i = 0; i < 16; i++) {
        unsigned bit = 16 * (n % 2) + i;

        if (visible(s, w, n / 2) >> bit & 1) {
            w->edge = deposit32(w->edge, bit, 1, v >> (2 * i + 1) & 1);
        }
    }
    gicv2_update(s);
}

/* -- SGIs -------------------------------------------------------------------------------------------------- */

static void sgi_set(Gicv2State *s, unsigned cpu, unsigned irq, uint8_t sources)
{
    Gicv2Cpu *c = &s->cpu[cpu];

    c->sgi_source[irq] = sources;
    c->word.pending = deposit32(c->word.pending, irq, 1, sources != 0);
}

static void sgir_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;
    unsigned from = me(s), irq = v & 15, filter = v >> 24 & 3;
    uint8_t targets = (uint8_t)(v >> 16);

    if (filter == 3) {
        log_guest_error("gicv2: GICD_SGIR with the reserved target filter\n");
        return;
    }
    targets = filter == 0 ? targets : filter == 1 ? (uint8_t)~(1u << from) : (uint8_t)(1u << from);
    for (unsigned i = 0; i < s->num_cpu; i++) {
        bool group1 = s->cpu[i].word.group >> irq & 1;

        /* NSATT: a Secure write says which group it means; a Non-secure one means Group 1 */
        if (targets >> i & 1 && (!s->has_security || group1 == (is_ns(s) || v >> 15 & 1))) {
            sgi_set(s, i, irq, s->cpu[i].sgi_source[irq] | (uint8_t)(1u << from));
        }
    }
    gicv2_update(s);
}

static uint64_t sgi_pending_read(void *dev, const RegDef *r, unsigned n)
{
    Gicv2State *s = dev;

    return may_see(s, n) ? s->cpu[me(s)].sgi_source[n] : 0;
}

static void cpendsgir_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;

    if (may_see(s, n)) {
        sgi_set(s, me(s), n, s->cpu[me(s)].sgi_source[n] & (uint8_t)~v);
        gicv2_update(s);
    }
}

static void spendsgir_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Gicv2State *s = dev;

    if (may_see(s, n)) {
        sgi_set(s, me(s), n, s->cpu[me(s)].sgi_source[n] | (uint8_t)(v & ((1u << s->num_cpu) - 1)));
        gicv2_update(s);
    }
}

static void ignored(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
}

const RegDef gicv2_dist_regs[] = {
    { 0x000, "GICD_CTLR",       .read = ctlr_read, .write = ctlr_write },
    { 0x004, "GICD_TYPER",      .read = typer_read, .write = ignored },
    { 0x008, "GICD_IIDR",       .reset = 0x0200143b },
    { 0x080, "GICD_IGROUPR",    .count = 32, .read = igroup_read, .write = igroup_write },
    { 0x100, "GICD_ISENABLER",  .count = 32, .access = 4, .read = enabled_read, .write = isenable_write },
    { 0x180, "GICD_ICENABLER",  .count = 32, .access = 4, .read = enabled_read, .write = icenable_write },
    { 0x200, "GICD_ISPENDR",    .count = 32, .access = 4, .read = pending_read, .write = ispend_write },
    { 0x280, "GICD_ICPENDR",    .count = 32, .access = 4, .read = pending_read, .write = icpend_write },
    { 0x300, "GICD_ISACTIVER",  .count = 32, .access = 4, .read = active_read, .write = isactive_write },
    { 0x380, "GICD_ICACTIVER",  .count = 32, .access = 4, .read = active_read, .write = icactive_write },
    { 0x400, "GICD_IPRIORITYR", .count = 1020, .width = 1, .read = ipriority_read, .write = ipriority_write },
    { 0x800, "GICD_ITARGETSR",  .count = 1020, .width = 1, .read = itargets_read, .write = itargets_write },
    { 0xc00, "GICD_ICFGR",      .count = 64, .read = icfgr_read, .write = icfgr_write },
    { 0xe00, "GICD_NSACR",      .count = 64, .reset = 0, .write = ignored },
    { 0xf00, "GICD_SGIR",       .access = 4, .write = sgir_write },
    { 0xf10, "GICD_CPENDSGIR",  .count = 16, .width = 1, .read = sgi_pending_read, .write = cpendsgir_write },
    { 0xf20, "GICD_SPENDSGIR",  .count = 16, .width = 1, .read = sgi_pending_read, .write = spendsgir_write },
    { 0xfd0, "GICD_PIDR4",      .reset = 0x04 },
    { 0xfd4, "GICD_PIDR5",      .reset = 0 },
    { 0xfd8, "GICD_PIDR6",      .reset = 0 },
    { 0xfdc, "GICD_PIDR7",      .reset = 0 },
    { 0xfe0, "GICD_PIDR0",      .reset = 0x90 },
    { 0xfe4, "GICD_PIDR1",      .reset = 0xb4 },
    { 0xfe8, "GICD_PIDR2",      .reset = 0x2b },
    { 0xfec, "GICD_PIDR3",      .reset = 0 },
    { 0xff0, "GICD_CIDR0",      .reset = 0x0d },
    { 0xff4, "GICD_CIDR1",      .reset = 0xf0 },
    { 0xff8, "GICD_CIDR2",      .reset = 0x05 },
    { 0xffc, "GICD_CIDR3",      .reset = 0xb1 },
};
const unsigned gicv2_dist_num_regs = G_N_ELEMENTS(gicv2_dist_regs);
