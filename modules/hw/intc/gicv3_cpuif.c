/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GICv3: the CPU interface as system registers (Arm IHI 0069G, 12.2; DDI 0487, D19 for traps). Five priority bits,
 * 24-bit INTIDs reported as 16, no SEIs, SRE fixed at 1. Access at EL1 goes to gicv3_virt.c when HCR_EL2 says so.
 */
#include "core/bits.h"
#include "core/log.h"
#include "modules/hw/intc/gicv3_int.h"

enum { SCR_IRQ = 1 << 1, SCR_FIQ = 1 << 2 };
enum { HCR_FMO = 1 << 3, HCR_IMO = 1 << 4 };
enum { ICH_HCR_TC = 1 << 10, ICH_HCR_TALL0 = 1 << 11, ICH_HCR_TALL1 = 1 << 12, ICH_HCR_TDIR = 1 << 14 };

/* -- priorities -------------------------------------------------------------------------------------------- */

/* Bits of a priority that decide preemption, for a binary point of the Group 0 scale (0 to 7). */
static uint8_t group_mask(unsigned bpr)
{
    return (uint8_t)(0xff << (bpr + 1));
}

static unsigned binary_point(const GICv3Cpu *c, GicGroup group)
{
    bool ns = group == G1NS;

    if (group == G0 || c->cbpr[ns]) {
        return c->bpr0;
    }
    /* Non-secure values are one higher for the same split (4.8.2) */
    return ns ? c->bpr1[1] - 1u : c->bpr1[0];
}

uint8_t gicv3_running_priority(const GICv3Cpu *c)
{
    uint32_t all = c->ap[G0] | c->ap[G1S] | c->ap[G1NS];

    return all ? (uint8_t)(ctz32(all) << (8 - PRI_BITS)) : PRI_IDLE;
}

bool gicv3_can_preempt(const GICv3Cpu *c, const GicPending *p)
{
    uint8_t running = gicv3_running_priority(c), mask = group_mask(binary_point(c, p->group));

    return p->prio < c->pmr && (running == PRI_IDLE || (p->prio & mask) < (running & mask));
}

/* Non-secure code sees the lower half of the priorities, when Group 0 is EL3's (4.8.1). */
static bool ns_priorities(const GICv3Context *ctx)
{
    return ctx->have_el3 && !ctx->secure && ctx->el < 3 && ctx->scr_el3 & SCR_FIQ;
}

/* -- acknowledge, end -------------------------------------------------------------------------------------- */

static void acknowledge(GICv3Cpu *c)
{
    GicPending p = c->hppi;
    GicWord *w = gicv3_word(c, p.irq);
    uint8_t prio = p.prio & group_mask(binary_point(c, p.group));

    w->active |= BIT32(p.irq % 32);
    w->pending &= ~BIT32(p.irq % 32);
    c->ap[p.group] |= BIT32(prio >> (8 - PRI_BITS));
    gicv3_update_cpu(c);
}

/* What IAR and HPPIR of a group give, pending priority aside: an INTID, or 1020 to 1023. */
static unsigned visible_pending(const GICv3Cpu *c, const GICv3Context *ctx, bool group1)
{
    if (c->hppi.irq == GIC_SPURIOUS) {
        return GIC_SPURIOUS;
    }
    if (ctx->el == 3 && !group1 && c->hppi.group != G0 && !c->gic->ds) {
        return c->hppi.group == G1S ? 1020 : 1021;
    }
    if (!group1) {
        return c->hppi.group == G0 && (ctx->secure || !ctx->have_el3 || ctx->el == 3 || c->gic->ds)
               ? c->hppi.irq : GIC_SPURIOUS;
    }
    if (c->gic->ds) {
        return c->hppi.group == G1NS ? c->hppi.irq : GIC_SPURIOUS;
    }
    return c->hppi.group == (ctx->secure ? G1S : G1NS) ? c->hppi.irq : GIC_SPURIOUS;
}

static unsigned iar_read(GICv3Cpu *c, const GICv3Context *ctx, bool group1)
{
    unsigned irq;

    if (c->hppi.irq == GIC_SPURIOUS || !gicv3_can_preempt(c, &c->hppi)) {
        return GIC_SPURIOUS;
    }
    irq = visible_pending(c, ctx, group1);
    if (irq < GIC_MAX_IRQS) {
        acknowledge(c);
    }
    return irq;
}

static void deactivate(GICv3Cpu *c, const GICv3Context *ctx, unsigned irq)
{
    GICv3State *s = c->gic;
    GicWord *w;

    if (irq >= s->num_irq) {
        log_guest_error("gicv3: deactivation of INTID %u, which does not exist\n", irq);
        return;
    }
    w = gicv3_word(c, irq);
    if (!s->ds && !ctx->secure && ctx->el < 3 && gicv3_group(s, w, irq % 32) != G1NS) {
        return;                                 /* Non-secure code cannot end Secure interrupts */
    }
    w->active &= ~BIT32(irq % 32);
    if (irq < GIC_INTERNAL) {
        gicv3_update_cpu(c);
    } else {
        gicv3_update_spi(s, irq);
    }
}

static void eoir_write(GICv3Cpu *c, const GICv3Context *ctx, bool group1, unsigned irq)
{
    GicGroup group = !group1 ? G0 : ctx->secure && !c->gic->ds ? G1S : G1NS;
    bool split = ctx->el == 3 ? c->eoimode_el3 : c->eoimode[!ctx->secure];
    uint32_t all = c->ap[G0] | c->ap[G1S] | c->ap[G1NS];

    if (irq >= GIC_MAX_IRQS) {
        return;                                 /* what a spurious acknowledge gave */
    }
    if (irq >= c->gic->num_irq) {
        log_guest_error("gicv3: end of INTID %u, which does not exist\n", irq);
        return;
    }
    /* priority drop: the highest active priority, if it is this group's */
    if (all && c->ap[group] & (all & -all)) {
        c->ap[group] &= c->ap[group] - 1;
    } else if (all) {
        log_guest_error("gicv3: end of INTID %u out of order\n", irq);
    }
    if (!split) {
        deactivate(c, ctx, irq);
    }
    gicv3_update_cpu(c);
}

/* -- SGIs -------------------------------------------------------------------------------------------------- */

/* What NSACR lets Non-secure code send: Group 0 with 1, Secure Group 1 with 2. */
static bool may_send(const GICv3Cpu *c, unsigned irq, GicGroup wanted, bool ns)
{
    GicGroup have = gicv3_group(c->gic, &c->word, irq);

    if (have == wanted) {
        return !ns || c->gic->ds || have == G1NS || (c->nsacr >> (2 * irq) & 3) >= (have == G0 ? 1u : 2u);
    }
    /* a Non-secure SGI1R reaches Secure interrupts as far as NSACR says */
    return ns && !c->gic->ds && wanted == G1NS && have != G1NS &&
           (c->nsacr >> (2 * irq) & 3) >= (have == G0 ? 1u : 2u);
}

static void send_sgi(GICv3Cpu *from, const GICv3Context *ctx, GicGroup wanted, uint64_t v)
{
    GICv3State *s = from->gic;
    unsigned irq = extract64(v, 24, 4);
    bool all_others = v >> 40 & 1;
    uint32_t cluster = (uint32_t)(extract64(v, 48, 8) << 24 | extract64(v, 32, 8) << 16 | extract64(v, 16, 8) << 8);
    unsigned range = extract64(v, 44, 4);

    for (unsigned i = 0; i < s->num_cpu; i++) {
        GICv3Cpu *c = s->cpu[i];
        unsigned aff0 = c->affinity & 0xff;

        if (all_others ? c == from
                       : (c->affinity & 0xffffff00) != cluster || aff0 / 16 != range || !(v >> (aff0 % 16) & 1)) {
            continue;
        }
        if (may_send(c, irq, wanted, ctx->have_el3 && !ctx->secure)) {
            c->word.pending |= BIT32(irq);
            gicv3_update_cpu(c);
        }
    }
}

/* -- control registers ------------------------------------------------------------------------------------- */

static uint64_t ctlr_el1_read(const GICv3Cpu *c, bool ns)
{
    /* RSS: SGIs reach 256 CPUs a cluster; A3V; IDbits 1: 24; PRIbits */
    return BIT32(18) | BIT32(15) | 1u << 11 | (PRI_BITS - 1) << 8 | (uint32_t)c->eoimode[ns] << 1 | c->cbpr[ns];
}

static uint64_t ctlr_el3_read(const GICv3Cpu *c)
{
    return BIT32(18) | BIT32(15) | 1u << 11 | (PRI_BITS - 1) << 8 | (c->gic->ds ? BIT32(17) : 0) |
           (uint32_t)c->eoimode[1] << 4 | (uint32_t)c->eoimode[0] << 3 | (uint32_t)c->eoimode_el3 << 2 |
           (uint32_t)c->cbpr[1] << 1 | c->cbpr[0];
}

static void bpr_write(uint8_t *bpr, uint64_t v, unsigned least)
{
    *bpr = (uint8_t)MAX(v & 7, least);
}

static uint64_t bpr1_read(const GICv3Cpu *c, const GICv3Context *ctx)
{
    bool ns = !ctx->secure;

    if (c->cbpr[ns] && ctx->el < 3) {
        return ns ? MIN(c->bpr0 + 1u, 7u) : c->bpr0;
    }
    return c->bpr1[ns];
}

static void bpr1_write(GICv3Cpu *c, const GICv3Context *ctx, uint64_t v)
{
    bool ns = !ctx->secure;

    if (c->cbpr[ns] && ctx->el < 3) {
        if (!ns) {
            bpr_write(&c->bpr0, v, MIN_BPR0);
        }
        return;
    }
    bpr_write(&c->bpr1[ns], v, ns ? MIN_BPR1_NS : MIN_BPR0);
}

static uint64_t pmr_read(const GICv3Cpu *c, const GICv3Context *ctx)
{
    if (ns_priorities(ctx)) {
        return c->pmr & 0x80 ? (uint8_t)(c->pmr << 1) : 0;
    }
    return c->pmr;
}

static void pmr_write(GICv3Cpu *c, const GICv3Context *ctx, uint64_t v)
{
    if (ns_priorities(ctx)) {
        if (!(c->pmr & 0x80)) {
            return;                             /* Secure code has masked everything Non-secure */
        }
        v = 0x80 | (v & 0xff) >> 1;
    }
    c->pmr = v & PRI_MASK;
}

static uint64_t rpr_read(const GICv3Cpu *c, const GICv3Context *ctx)
{
    uint8_t prio = gicv3_running_priority(c);

    if (ns_priorities(ctx)) {
        return prio == PRI_IDLE ? PRI_IDLE : prio & 0x80 ? (uint8_t)(prio << 1) : 0;
    }
    return prio;
}

/* -- routing of accesses ----------------------------------------------------------------------------------- */

typedef enum RegClass { CLASS_GROUP0, CLASS_GROUP1, CLASS_COMMON, CLASS_DIR, CLASS_SGI, CLASS_OTHER } RegClass;

static RegClass class_of(GICv3Reg reg)
{
    switch (reg) {
    case GICV3_ICC_IAR0_EL1:
    case GICV3_ICC_EOIR0_EL1:
    case GICV3_ICC_HPPIR0_EL1:
    case GICV3_ICC_BPR0_EL1:
    case GICV3_ICC_AP0R0_EL1 ... GICV3_ICC_AP0R3_EL1:
    case GICV3_ICC_IGRPEN0_EL1:
        return CLASS_GROUP0;
    case GICV3_ICC_IAR1_EL1:
    case GICV3_ICC_EOIR1_EL1:
    case GICV3_ICC_HPPIR1_EL1:
    case GICV3_ICC_BPR1_EL1:
    case GICV3_ICC_AP1R0_EL1 ... GICV3_ICC_AP1R3_EL1:
    case GICV3_ICC_IGRPEN1_EL1:
        return CLASS_GROUP1;
    case GICV3_ICC_PMR_EL1:
    case GICV3_ICC_RPR_EL1:
    case GICV3_ICC_CTLR_EL1:
        return CLASS_COMMON;
    case GICV3_ICC_DIR_EL1:
        return CLASS_DIR;
    case GICV3_ICC_SGI1R_EL1:
    case GICV3_ICC_ASGI1R_EL1:
    case GICV3_ICC_SGI0R_EL1:
        return CLASS_SGI;
    default:
        return CLASS_OTHER;
    }
}

/* GICV3_OK: go on, at the virtual interface if *virtual. */
static GICv3Result route(const GICv3Cpu *c, const GICv3Context *ctx, RegClass class, bool *virtual)
{
    static const struct { uint32_t trap; uint64_t hcr, scr; } rules[] = {
        [CLASS_GROUP0] = { ICH_HCR_TALL0, HCR_FMO, SCR_FIQ },
        [CLASS_GROUP1] = { ICH_HCR_TALL1, HCR_IMO, SCR_IRQ },
        [CLASS_COMMON] = { ICH_HCR_TC, HCR_FMO | HCR_IMO, SCR_FIQ | SCR_IRQ },
        [CLASS_DIR]    = { ICH_HCR_TC | ICH_HCR_TDIR, HCR_FMO | HCR_IMO, SCR_FIQ | SCR_IRQ },
        [CLASS_SGI]    = { ICH_HCR_TC, HCR_FMO | HCR_IMO, SCR_FIQ | SCR_IRQ },
        [CLASS_OTHER]  = { 0, 0, 0 },
    };
    bool el2_enabled = ctx->hcr_el2 != 0 || c->ich_hcr != 0;

    *virtual = false;
    if (ctx->el == 1 && el2_enabled && !(ctx->have_el3 && ctx->secure && !(ctx->scr_el3 & BIT64(18)))) {
        if (c->ich_hcr & rules[class].trap) {
            return GICV3_TRAP_EL2;
        }
        if (ctx->hcr_el2 & rules[class].hcr) {
            if (class == CLASS_SGI) {
                return GICV3_TRAP_EL2;
            }
            *virtual = true;
            return GICV3_OK;
        }
    }
    if (ctx->have_el3 && ctx->el < 3 && rules[class].scr && (ctx->scr_el3 & rules[class].scr) == rules[class].scr) {
        return GICV3_TRAP_EL3;
    }
    return GICV3_OK;
}

static GICv3Result read_reg(GICv3Cpu *c, const GICv3Context *ctx, GICv3Reg reg, uint64_t *v)
{
    bool ns = !ctx->secure;
    GicGroup g1 = ns || c->gic->ds ? G1NS : G1S;

    switch (reg) {
    case GICV3_ICC_PMR_EL1:
        *v = pmr_read(c, ctx);
        break;
    case GICV3_ICC_IAR0_EL1:
    case GICV3_ICC_IAR1_EL1:
        *v = iar_read(c, ctx, reg == GICV3_ICC_IAR1_EL1);
        break;
    case GICV3_ICC_HPPIR0_EL1:
    case GICV3_ICC_HPPIR1_EL1:
        *v = visible_pending(c, ctx, reg == GICV3_ICC_HPPIR1_EL1);
        break;
    case GICV3_ICC_BPR0_EL1:
        *v = c->bpr0;
        break;
    case GICV3_ICC_BPR1_EL1:
        *v = bpr1_read(c, ctx);
        break;
    case GICV3_ICC_AP0R0_EL1:
        *v = c->ap[G0];
        break;
    case GICV3_ICC_AP1R0_EL1:
        *v = c->ap[g1];
        break;
    case GICV3_ICC_RPR_EL1:
        *v = rpr_read(c, ctx);
        break;
    case GICV3_ICC_CTLR_EL1:
        *v = ctlr_el1_read(c, ns);
        break;
    case GICV3_ICC_SRE_EL1:
        *v = 7;                                 /* DIB, DFB, SRE */
        break;
    case GICV3_ICC_SRE_EL2:
    case GICV3_ICC_SRE_EL3:
        *v = 15;                                /* and Enable */
        break;
    case GICV3_ICC_IGRPEN0_EL1:
        *v = c->igrpen[G0];
        break;
    case GICV3_ICC_IGRPEN1_EL1:
        *v = c->igrpen[g1];
        break;
    case GICV3_ICC_CTLR_EL3:
        *v = ctlr_el3_read(c);
        break;
    case GICV3_ICC_IGRPEN1_EL3:
        *v = c->igrpen[G1NS] | c->igrpen[G1S] << 1;
        break;
    default:
        return GICV3_UNDEFINED;
    }
    return GICV3_OK;
}

static GICv3Result write_reg(GICv3Cpu *c, const GICv3Context *ctx, GICv3Reg reg, uint64_t v)
{
    bool ns = !ctx->secure;
    GicGroup g1 = ns || c->gic->ds ? G1NS : G1S;

    switch (reg) {
    case GICV3_ICC_PMR_EL1:
        pmr_write(c, ctx, v);
        break;
    case GICV3_ICC_EOIR0_EL1:
    case GICV3_ICC_EOIR1_EL1:
        eoir_write(c, ctx, reg == GICV3_ICC_EOIR1_EL1, v & 0xffffff);
        break;
    case GICV3_ICC_DIR_EL1:
        if (ctx->el == 3 ? c->eoimode_el3 : c->eoimode[ns]) {
            deactivate(c, ctx, v & 0xffffff);
        } else {
            log_guest_error("gicv3: ICC_DIR_EL1 written while EOImode is 0\n");
        }
        break;
    case GICV3_ICC_BPR0_EL1:
        bpr_write(&c->bpr0, v, MIN_BPR0);
        break;
    case GICV3_ICC_BPR1_EL1:
        bpr1_write(c, ctx, v);
        break;
    case GICV3_ICC_AP0R0_EL1:
        c->ap[G0] = (uint32_t)v;
        break;
    case GICV3_ICC_AP1R0_EL1:
        c->ap[g1] = (uint32_t)v;
        break;
    case GICV3_ICC_SGI1R_EL1:
        send_sgi(c, ctx, g1, v);
        break;
    case GICV3_ICC_ASGI1R_EL1:
        send_sgi(c, ctx, ns && !c->gic->ds ? G1S : G1NS, v);
        break;
    case GICV3_ICC_SGI0R_EL1:
        send_sgi(c, ctx, G0, v);
        break;
    case GICV3_ICC_CTLR_EL1:
        c->cbpr[ns] = v & 1;
        c->eoimode[ns] = v >> 1 & 1;
        break;
    case GICV3_ICC_SRE_EL1:
    case GICV3_ICC_SRE_EL2:
    case GICV3_ICC_SRE_EL3:
        break;                                  /* all bits fixed */
    case GICV3_ICC_IGRPEN0_EL1:
        c->igrpen[G0] = v & 1;
        break;
    case GICV3_ICC_IGRPEN1_EL1:
        c->igrpen[g1] = v & 1;
        break;
    case GICV3_ICC_CTLR_EL3:
        c->cbpr[0] = v & 1;
        c->cbpr[1] = v >> 1 & 1;
        c->eoimode_el3 = v >> 2 & 1;
        c->eoimode[0] = v >> 3 & 1;
        c->eoimode[1] = v >> 4 & 1;
        break;
    case GICV3_ICC_IGRPEN1_EL3:
        c->igrpen[G1NS] = v & 1;
        c->igrpen[G1S] = v >> 1 & 1;
        break;
    default:
        return GICV3_UNDEFINED;
    }
    gicv3_update_cpu(c);
    return GICV3_OK;
}

static GICv3Result cpuif_access(GICv3CpuIf *cif, const GICv3Context *ctx, GICv3Reg reg, bool write, uint64_t *value)
{
    GICv3Cpu *c = (GICv3Cpu *)cif;
    GICv3Result ret;
    bool virtual;

    if (reg >= GICV3_ICH_AP0R0_EL2) {
        gicv3_lock(c->gic);
        ret = gicv3_hyp_access(c, reg, write, value);
        gicv3_unlock(c->gic);
        return ret;
    }
    gicv3_lock(c->gic);
    ret = route(c, ctx, class_of(reg), &virtual);
    if (ret == GICV3_OK && virtual) {
        ret = gicv3_virt_access(c, reg, write, value);
    } else if (ret == GICV3_OK) {
        c->secure = ctx->secure;
        c->in_el3 = ctx->el == 3;
        ret = write ? write_reg(c, ctx, reg, *value) : read_reg(c, ctx, reg, value);
    }
    gicv3_unlock(c->gic);
    return ret;
}

static void cpuif_attach(GICv3CpuIf *cif, uint64_t mpidr, bool have_el3)
{
    GICv3Cpu *c = (GICv3Cpu *)cif;
    GICv3State *s = c->gic;

    gicv3_lock(s);
    c->affinity = (uint32_t)(mpidr >> 8 & 0xff000000) | (uint32_t)(mpidr & 0xffffff);
    c->attached = true;
    c->have_el3 = have_el3;
    c->in_el3 = c->secure = have_el3;
    for (unsigned irq = GIC_INTERNAL; irq < s->num_irq; irq++) {
        gicv3_route(s, irq);
    }
    gicv3_update_all(s);
    gicv3_unlock(s);
}

static void cpuif_state_changed(GICv3CpuIf *cif, bool in_el3, bool secure)
{
    GICv3Cpu *c = (GICv3Cpu *)cif;

    gicv3_lock(c->gic);
    c->in_el3 = in_el3;
    c->secure = secure;
    gicv3_update_cpu(c);
    gicv3_unlock(c->gic);
}

const GICv3CpuIfOps gicv3_cpuif_ops = {
    .attach = cpuif_attach, .access = cpuif_access, .state_changed = cpuif_state_changed,
};
