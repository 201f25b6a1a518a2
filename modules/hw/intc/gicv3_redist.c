/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GICv3: a redistributor's registers, RD_base then SGI_base frame (Arm IHI 0069G, 12.11). No LPIs. */
#include "core/bits.h"
#include "modules/hw/intc/gicv3_int.h"

#define SGI_BASE 0x10000

static bool is_ns(GICv3Cpu *c)
{
    return gicv3_ns_access(c->gic, &c->bank);
}

static uint32_t visible(GICv3Cpu *c)
{
    return gicv3_visible(c->gic, &c->word, &c->bank);
}

/* Affinity, processor number, whether it is the last of its region. */
static uint64_t typer_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    return (uint64_t)c->affinity << 32 | (uint64_t)c->index << 8 | (c->index + 1 == c->gic->num_cpu ? BIT32(4) : 0);
}

static uint64_t waker_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    return is_ns(c) ? 0 : c->waker;
}

/* ChildrenAsleep follows ProcessorSleep at once. Sleep does not hold interrupts back. */
static void waker_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    if (!is_ns(c)) {
        c->waker = v & 2 ? 6 : 0;
    }
}

static void ignored(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
}

static uint64_t igroup_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    return is_ns(c) ? 0 : c->word.group;
}

static void igroup_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    if (!is_ns(c)) {
        c->word.group = (uint32_t)v;
        gicv3_update_cpu(c);
    }
}

static uint64_t igrpmod_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    return is_ns(c) || c->gic->ds ? 0 : c->word.grpmod;
}

static void igrpmod_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    if (!is_ns(c) && !c->gic->ds) {
        c->word.grpmod = (uint32_t)v;
        gicv3_update_cpu(c);
    }
}

static uint64_t enabled_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    return c->word.enabled & visible(c);
}

static uint64_t pending_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    return (c->word.pending | (c->word.level & ~c->word.edge)) & visible(c);
}

static uint64_t active_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    return c->word.active & visible(c);
}

static void change(GICv3Cpu *c, uint32_t *field, uint64_t set, uint64_t clear)
{
    *field = (*field & ~((uint32_t)clear & visible(c))) | ((uint32_t)set & visible(c));
    gicv3_update_cpu(c);
}

static void isenable_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    change(c, &c->word.enabled, v, 0);
}

static void icenable_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    change(c, &c->word.enabled, 0, v);
}

static void ispend_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    change(c, &c->word.pending, v, 0);
}

static void icpend_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    change(c, &c->word.pending, 0, v);
}

static void isactive_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    change(c, &c->word.active, v, 0);
}

static void icactive_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    change(c, &c->word.active, 0, v);
}

static uint64_t ipriority_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3Cpu *c = GICV3_CPU(dev);
    uint32_t v = 0;

    for (unsigned i = 0; i < 4; i++) {
        if (visible(c) >> (4 * n + i) & 1) {
            v |= (uint32_t)gicv3_prio_read(c->prio[4 * n + i], is_ns(c)) << (8 * i);
        }
    }
    return v;
}

static void ipriority_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    for (unsigned i = 0; i < 4; i++) {
        if (visible(c) >> (4 * n + i) & 1) {
            c->prio[4 * n + i] = gicv3_prio_write((uint8_t)(v >> (8 * i)), is_ns(c));
        }
    }
    gicv3_update_cpu(c);
}

/* ICFGR0 (SGIs) is fixed: edge-triggered. */
static uint64_t icfgr_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3Cpu *c = GICV3_CPU(dev);
    uint32_t v = 0;

    for (unsigned i = 0; i < 16; i++) {
        v |= ((c->word.edge & visible(c)) >> (16 * n + i) & 1) << (2 * i + 1);
    }
    return v;
}

static void icfgr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);
    uint32_t edge = 0;

    if (n == 1) {
        for (unsigned i = 0; i < 16; i++) {
            edge |= (uint32_t)(v >> (2 * i + 1) & 1) << (16 + i);
        }
        change(c, &c->word.edge, edge, 0xffff0000 & ~edge);
    }
}

static uint64_t nsacr_read(void *dev, const RegDef *r, unsigned n)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    return is_ns(c) || c->gic->ds ? 0 : c->nsacr;
}

static void nsacr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    GICv3Cpu *c = GICV3_CPU(dev);

    if (!is_ns(c) && !c->gic->ds) {
        c->nsacr = (uint32_t)v;
    }
}

const RegDef gicv3_redist_regs[] = {
    { 0x0000, "GICR_CTLR",    .reset = 0, .write = ignored },
    { 0x0004, "GICR_IIDR",    .reset = 0x43b },
    { 0x0008, "GICR_TYPER",   .width = 8, .read = typer_read, .write = ignored },
    { 0x0010, "GICR_STATUSR", .reset = 0, .write = ignored },
    { 0x0014, "GICR_WAKER",   .read = waker_read, .write = waker_write },
    { 0x0070, "GICR_PROPBASER", .width = 8, .reset = 0, .write = ignored },
    { 0x0078, "GICR_PENDBASER", .width = 8, .reset = 0, .write = ignored },
    { 0xffd0, "GICR_PIDR4",   .reset = 0x44 },
    { 0xffd4, "GICR_PIDR5",   .reset = 0 },
    { 0xffd8, "GICR_PIDR6",   .reset = 0 },
    { 0xffdc, "GICR_PIDR7",   .reset = 0 },
    { 0xffe0, "GICR_PIDR0",   .reset = 0x93 },
    { 0xffe4, "GICR_PIDR1",   .reset = 0xb4 },
    { 0xffe8, "GICR_PIDR2",   .reset = 0x3b },
    { 0xffec, "GICR_PIDR3",   .reset = 0 },
    { 0xfff0, "GICR_CIDR0",   .reset = 0x0d },
    { 0xfff4, "GICR_CIDR1",   .reset = 0xf0 },
    { 0xfff8, "GICR_CIDR2",   .reset = 0x05 },
    { 0xfffc, "GICR_CIDR3",   .reset = 0xb1 },
    { SGI_BASE + 0x080, "GICR_IGROUPR0",   .read = igroup_read, .write = igroup_write },
    { SGI_BASE + 0x100, "GICR_ISENABLER0", .access = 4, .read = enabled_read, .write = isenable_write },
    { SGI_BASE + 0x180, "GICR_ICENABLER0", .access = 4, .read = enabled_read, .write = icenable_write },
    { SGI_BASE + 0x200, "GICR_ISPENDR0",   .access = 4, .read = pending_read, .write = ispend_write },
    { SGI_BASE + 0x280, "GICR_ICPENDR0",   .access = 4, .read = pending_read, .write = icpend_write },
    { SGI_BASE + 0x300, "GICR_ISACTIVER0", .access = 4, .read = active_read, .write = isactive_write },
    { SGI_BASE + 0x380, "GICR_ICACTIVER0", .access = 4, .read = active_read, .write = icactive_write },
    { SGI_BASE + 0x400, "GICR_IPRIORITYR", .count = 8, .read = ipriority_read, .write = ipriority_write },
    { SGI_BASE + 0xc00, "GICR_ICFGR",      .count = 2, .read = icfgr_read, .write = icfgr_write },
    { SGI_BASE + 0xd00, "GICR_IGRPMODR0",  .read = igrpmod_read, .write = igrpmod_write },
    { SGI_BASE + 0xe00, "GICR_NSACR",      .read = nsacr_read, .write = nsacr_write },
};
const unsigned gicv3_redist_num_regs = G_N_ELEMENTS(gicv3_redist_regs);
