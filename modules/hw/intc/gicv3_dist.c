/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GICv3: the distributor's registers (Arm IHI 0069G, 12.9), affinity routing enabled. */
#include "core/bits.h"
#include "modules/hw/intc/gicv3_int.h"

enum { CTLR_ARE_S = 1 << 4, CTLR_ARE_NS = 1 << 5, CTLR_DS = 1 << 6, CTLR_E1NWF = 1 << 7 };

static bool is_ns(GICv3State *s)
{
    return gicv3_ns_access(s, &s->dist);
}

static uint64_t ctlr_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3State *s = dev;
    uint32_t g0 = s->enable_groups >> G0 & 1, g1s = s->enable_groups >> G1S & 1, g1ns = s->enable_groups >> G1NS & 1;

    if (s->ds) {
        return g0 | g1ns << 1 | CTLR_ARE_S | CTLR_DS | (s->e1nwf ? CTLR_E1NWF : 0);
    }
    if (is_ns(s)) {
        return g1ns << 1 | CTLR_ARE_S;          /* bit 4 is ARE_NS in this view */
    }
    return g0 | g1ns << 1 | g1s << 2 | CTLR_ARE_S | CTLR_ARE_NS | (s->e1nwf ? CTLR_E1NWF : 0);
}

static uint8_t group_bits(bool g0, bool g1s, bool g1ns)
{
    return (uint8_t)(g0 << G0 | g1s << G1S | g1ns << G1NS);
}

static void ctlr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;
    bool old_ds = s->ds;

    if (s->ds) {
        s->enable_groups = group_bits(v & 1, false, v >> 1 & 1);
        s->e1nwf = v & CTLR_E1NWF;
    } else if (is_ns(s)) {
        s->enable_groups = group_bits(s->enable_groups >> G0 & 1, s->enable_groups >> G1S & 1, v >> 1 & 1);
    } else {
        s->enable_groups = group_bits(v & 1, v >> 2 & 1, v >> 1 & 1);
        s->e1nwf = v & CTLR_E1NWF;
        s->ds = v & CTLR_DS;                    /* once set, it stays until reset */
    }
    if (s->ds && !old_ds) {
        s->enable_groups &= (uint8_t)~(1 << G1S);
    }
    gicv3_update_all(s);
}

static uint64_t typer_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3State *s = dev;

    /* No1N, A3V, ten INTID bits, SecurityExtn, ITLinesNumber */
    return BIT32(25) | BIT32(24) | 9u << 19 | (s->ds ? 0 : BIT32(10)) | (s->num_words - 1);
}

/* Bits of one word, those of Secure interrupts hidden from Non-secure accesses. */
enum { W_GROUP, W_GRPMOD, W_ENABLED, W_PENDING, W_ACTIVE };

static uint64_t bits_read(GICv3State *s, unsigned n, unsigned what)
{
    const GicWord *w = &s->word[n];
    uint32_t v = 0;

    if (n == 0 || n >= s->num_words) {          /* the redistributors have SGIs and PPIs */
        return 0;
    }
    switch (what) {
    case W_GROUP:
        return is_ns(s) ? 0 : w->group;
    case W_GRPMOD:
        return is_ns(s) || s->ds ? 0 : w->grpmod;
    case W_ENABLED:
        v = w->enabled;
        break;
    case W_PENDING:
        v = w->pending | (w->level & ~w->edge);
        break;
    case W_ACTIVE:
        v = w->active;
        break;
    }
    return v & gicv3_visible(s, w, &s->dist);
}

/* INTIDs 1020 and up do not exist. */
static uint32_t existing(unsigned n)
{
    return n == 31 ? 0x0fffffff : UINT32_MAX;
}

static void bits_change(GICv3State *s, unsigned n, uint32_t *field, uint32_t set, uint32_t clear)
{
    if (n == 0 || n >= s->num_words) {
        return;
    }
    *field = ((*field & ~clear) | set) & existing(n);
    gicv3_update_all(s);
}

static uint64_t igroup_read(void *dev, const RegDef *r, unsigned n)
{
    return bits_read(dev, n, W_GROUP);
}

static void igroup_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    if (!is_ns(s)) {
        bits_change(s, n, &s->word[n].group, (uint32_t)v, UINT32_MAX);
    }
}

static uint64_t igrpmod_read(void *dev, const RegDef *r, unsigned n)
{
    return bits_read(dev, n, W_GRPMOD);
}

static void igrpmod_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    if (!is_ns(s) && !s->ds) {
        bits_change(s, n, &s->word[n].grpmod, (uint32_t)v, UINT32_MAX);
    }
}

static uint64_t enabled_read(void *dev, const RegDef *r, unsigned n)
{
    return bits_read(dev, n, W_ENABLED);
}

static uint64_t pending_read(void *dev, const RegDef *r, unsigned n)
{
    return bits_read(dev, n, W_PENDING);
}

static uint64_t active_read(void *dev, const RegDef *r, unsigned n)
{
    return bits_read(dev, n, W_ACTIVE);
}

/* NSACR lets Non-secure code set (1) and clear (2) the pending bits of Secure interrupts. */
static uint32_t nsacr_allows(const GICv3State *s, unsigned n, unsigned least)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < 32; i++) {
        mask |= (s->nsacr[n * 2 + i / 16] >> (2 * (i % 16)) & 3) >= least ? BIT32(i) : 0;
    }
    return mask;
}

static uint32_t writable(GICv3State *s, unsigned n, uint64_t v, unsigned nsacr_least)
{
    uint32_t mask = gicv3_visible(s, &s->word[n], &s->dist);

    if (is_ns(s) && nsacr_least && n) {
        mask |= nsacr_allows(s, n, nsacr_least);
    }
    return (uint32_t)v & mask;
}

static void isenable_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    bits_change(s, n, &s->word[n].enabled, writable(s, n, v, 0), 0);
}

static void icenable_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    bits_change(s, n, &s->word[n].enabled, 0, writable(s, n, v, 0));
}

static void ispend_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    bits_change(s, n, &s->word[n].pending, writable(s, n, v, 1), 0);
}

static void icpend_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    bits_change(s, n, &s->word[n].pending, 0, writable(s, n, v, 2));
}

static void isactive_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    bits_change(s, n, &s->word[n].active, writable(s, n, v, 0), 0);
}

static void icactive_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    bits_change(s, n, &s->word[n].active, 0, writable(s, n, v, 0));
}

/* Four interrupts a register. */
static bool prio_visible(GICv3State *s, unsigned irq)
{
    return irq >= GIC_INTERNAL && irq < s->num_irq &&
           gicv3_visible(s, &s->word[irq / 32], &s->dist) >> (irq % 32) & 1;
}

static uint64_t ipriority_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3State *s = dev;
    uint32_t v = 0;

    for (unsigned i = 0; i < 4; i++) {
        if (prio_visible(s, 4 * n + i)) {
            v |= (uint32_t)gicv3_prio_read(s->prio[4 * n + i], is_ns(s)) << (8 * i);
        }
    }
    return v;
}

static void ipriority_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    for (unsigned i = 0; i < 4; i++) {
        if (prio_visible(s, 4 * n + i)) {
            s->prio[4 * n + i] = gicv3_prio_write((uint8_t)(v >> (8 * i)), is_ns(s));
        }
    }
    gicv3_update_all(s);
}

/* Two bits an interrupt; the upper one says edge-triggered. */
static uint64_t icfgr_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3State *s = dev;
    uint32_t edge, v = 0;

    if (n < 2 || n / 2 >= s->num_words) {
        return 0;
    }
    edge = (s->word[n / 2].edge & gicv3_visible(s, &s->word[n / 2], &s->dist)) >> (16 * (n % 2));
    for (unsigned i = 0; i < 16; i++) {
        v |= (edge >> i & 1) << (2 * i + 1);
    }
    return v;
}

static void icfgr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;
    uint32_t edge = 0, mask;

    if (n < 2 || n / 2 >= s->num_words) {
        return;
    }
    for (unsigned i = 0; i < 16; i++) {
        edge |= (uint32_t)(v >> (2 * i + 1) & 1) << i;
    }
    mask = gicv3_visible(s, &s->word[n / 2], &s->dist) & (0xffffu << (16 * (n % 2)));
    bits_change(s, n / 2, &s->word[n / 2].edge, (edge << (16 * (n % 2))) & mask, mask);
}

static uint64_t nsacr_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3State *s = dev;

    return s->ds || is_ns(s) || n < 2 || n / 2 >= s->num_words ? 0 : s->nsacr[n];
}

static void nsacr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    if (!s->ds && !is_ns(s) && n >= 2 && n / 2 < s->num_words) {
        s->nsacr[n] = (uint32_t)v;
    }
}

/* n is the INTID. */
static uint64_t irouter_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3State *s = dev;

    return prio_visible(s, n) ? s->router[n] : 0;
}

static void irouter_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3State *s = dev;

    if (prio_visible(s, n)) {
        s->router[n] = v & UINT64_C(0xff00ffffff);
        gicv3_route(s, n);
        gicv3_update_all(s);
    }
}

static void ignored(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
}

/* ITARGETSR and the SGI registers of GICv2 are RES0 with affinity routing. */
const RegDef gicv3_dist_regs[] = {
    { 0x0000, "GICD_CTLR",       .read = ctlr_read, .write = ctlr_write },
    { 0x0004, "GICD_TYPER",      .read = typer_read, .write = ignored },
    { 0x0008, "GICD_IIDR",       .reset = 0x43b },
    { 0x000c, "GICD_TYPER2",     .reset = 0 },
    { 0x0010, "GICD_STATUSR",    .reset = 0, .write = ignored },
    { 0x0080, "GICD_IGROUPR",    .count = 32, .read = igroup_read, .write = igroup_write },
    { 0x0100, "GICD_ISENABLER",  .count = 32, .access = 4, .read = enabled_read, .write = isenable_write },
    { 0x0180, "GICD_ICENABLER",  .count = 32, .access = 4, .read = enabled_read, .write = icenable_write },
    { 0x0200, "GICD_ISPENDR",    .count = 32, .access = 4, .read = pending_read, .write = ispend_write },
    { 0x0280, "GICD_ICPENDR",    .count = 32, .access = 4, .read = pending_read, .write = icpend_write },
    { 0x0300, "GICD_ISACTIVER",  .count = 32, .access = 4, .read = active_read, .write = isactive_write },
    { 0x0380, "GICD_ICACTIVER",  .count = 32, .access = 4, .read = active_read, .write = icactive_write },
    { 0x0400, "GICD_IPRIORITYR", .count = 255, .read = ipriority_read, .write = ipriority_write },
    { 0x0800, "GICD_ITARGETSR",  .count = 255, .reset = 0, .write = ignored },
    { 0x0c00, "GICD_ICFGR",      .count = 64, .read = icfgr_read, .write = icfgr_write },
    { 0x0d00, "GICD_IGRPMODR",   .count = 32, .read = igrpmod_read, .write = igrpmod_write },
    { 0x0e00, "GICD_NSACR",      .count = 64, .read = nsacr_read, .write = nsacr_write },
    { 0x0f00, "GICD_SGIR",       .reset = 0, .write = ignored },
    { 0x0f10, "GICD_CPENDSGIR",  .count = 4, .reset = 0, .write = ignored },
    { 0x0f20, "GICD_SPENDSGIR",  .count = 4, .reset = 0, .write = ignored },
    { 0x6000, "GICD_IROUTER",    .count = 1020, .width = 8, .read = irouter_read, .write = irouter_write },
    { 0xffd0, "GICD_PIDR4",      .reset = 0x44 },
    { 0xffd4, "GICD_PIDR5",      .reset = 0 },
    { 0xffd8, "GICD_PIDR6",      .reset = 0 },
    { 0xffdc, "GICD_PIDR7",      .reset = 0 },
    { 0xffe0, "GICD_PIDR0",      .reset = 0x92 },
    { 0xffe4, "GICD_PIDR1",      .reset = 0xb4 },
    { 0xffe8, "GICD_PIDR2",      .reset = 0x3b },
    { 0xffec, "GICD_PIDR3",      .reset = 0 },
    { 0xfff0, "GICD_CIDR0",      .reset = 0x0d },
    { 0xfff4, "GICD_CIDR1",      .reset = 0xf0 },
    { 0xfff8, "GICD_CIDR2",      .reset = 0x05 },
    { 0xfffc, "GICD_CIDR3",      .reset = 0xb1 },
};
const unsigned gicv3_dist_num_regs = G_N_ELEMENTS(gicv3_dist_regs);
