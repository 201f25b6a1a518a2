/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The security controller of the IoT kit and SSE-200 (Arm DDI 0577, 101104: "Secure Privilege Control Block" and "Non-secure
 * Privilege Control Block") with the peripheral protection controllers that it drives (CoreLink SIE-200, DDI 0571), and the
 * IDAU (bit 28 of an address: Secure).
 * A port of a PPC lets an access through whose security is the port's, and that is privileged unless unprivileged accesses
 * of that security are allowed. Others read as zero and write nothing, or are bus errors, by SECRESPCFG, and interrupt.
 * The controller's own blocks take privileged accesses alone, the Secure one Secure ones.
 * Not modelled: master security controllers (there is no other master: SECMSCINTSTAT is 0), bridges, bus wait states.
 * Wiring: regions "secure", "nonsecure", "secure-regs" and "nonsecure-regs" (behind these), irq in "mpc"[32] (by the bits of
 * SECMPCINTSTATUS), out "ppc", "mpc". Property "apb0-ports": which the first APB controller has.
 */
#include <inttypes.h>

#include "core/bits.h"
#include "core/exec/regbank.h"
#include "core/log.h"
#include "modules/hw/arm_m/mps2.h"
#include "modules/hw/arm_m/sse.h"
#include "targets/arm/iface/m_profile.h"

enum {
    SECRESPCFG, NSCCFG, MPCSTAT, PPCSTAT, PPCCLR, PPCEN, MSCSTAT, MSCCLR, MSCEN, BRGSTAT, BRGCLR, BRGEN, NS, SP, NSMSCEXP, S_IDS,
    S_NUM = S_IDS + CMSDK_NUM_IDS, NSP = 0, NS_IDS, NS_NUM = NS_IDS + CMSDK_NUM_IDS, NUM_MPCS = 32,
};
enum { NSC_CODE = 1, NSC_RAM = 2, PORT_SECURE_BLOCK = -1, PORT_NONSECURE_BLOCK = -2, EXPANSION_PORTS = 0xffff };

typedef struct SecCtl SecCtl;
typedef struct Gate {
    SecCtl *s;
    MemoryRegion mr, *target;
    MemoryRegionOps ops;
    SsePpc ppc;
    int port;                                   /* or PORT_ */
} Gate;

struct SecCtl {
    Device parent;
    /* wiring */
    RegBank secure, nonsecure;
    IrqLine ppc_irq, mpc_irq;
    GPtrArray *gates;                           /* (Gate *) */
    uint32_t apb0_ports;
    /* guest state */
    uint32_t reg[S_NUM], ns_reg[NS_NUM];
    uint32_t ns[SSE_NUM_PPCS], sp[SSE_NUM_PPCS], nsp[SSE_NUM_PPCS];
};
DECLARE_OBJECT(SecCtl, SSE_SECCTL, "sse-secctl")

static void update(SecCtl *s)
{
    irq_set(&s->ppc_irq, (s->reg[PPCSTAT] & s->reg[PPCEN]) != 0);
    irq_set(&s->mpc_irq, s->reg[MPCSTAT] != 0);
}

/* -- gates --------------------------------------------------------------------------------------------------------------- */

static bool passes(const Gate *g, MemTxAttrs attrs)
{
    const SecCtl *s = g->s;
    bool secure = attrs.pas == PAS_SECURE, nonsecure_port;

    if (attrs.debug) {
        return true;
    }
    if (g->port < 0) {
        return attrs.privileged && (secure || g->port == PORT_NONSECURE_BLOCK);
    }
    nonsecure_port = s->ns[g->ppc] >> g->port & 1;
    return secure != nonsecure_port &&
           (attrs.privileged || (nonsecure_port ? s->nsp : s->sp)[g->ppc] >> g->port & 1);
}

/* Bits of SECPPCINTSTAT: APB controllers in the lower half, AHB ones in the upper. */
static uint32_t status_bit(SsePpc ppc)
{
    return BIT32(ppc >= APB_PPC0 ? ppc - APB_PPC0 : 16 + ppc);
}

static MemTxResult refuse(Gate *g, hwaddr addr, MemTxAttrs attrs, const char *what)
{
    SecCtl *s = g->s;

    log_guest_error("%s: %s %s %s at 0x%" PRIx64 " of %s is refused\n", s->parent.parent.name,
                    attrs.pas == PAS_SECURE ? "Secure" : "Non-secure", attrs.privileged ? "privileged" : "unprivileged", what,
                    addr, g->target->name);
    if (g->port >= 0) {
        s->reg[PPCSTAT] |= status_bit(g->ppc);
        update(s);
    }
    return s->reg[SECRESPCFG] & 1 ? MEMTX_ERROR : MEMTX_OK;
}

static MemTxResult gate_read(void *opaque, hwaddr addr, unsigned size, uint64_t *ret_value, MemTxAttrs attrs)
{
    Gate *g = opaque;

    if (passes(g, attrs)) {
        return g->target->ops->read(g->target->opaque, addr, size, ret_value, attrs);
    }
    *ret_value = 0;
    return refuse(g, addr, attrs, "read");
}

static MemTxResult gate_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    Gate *g = opaque;

    return passes(g, attrs) ? g->target->ops->write(g->target->opaque, addr, size, value, attrs) :
                              refuse(g, addr, attrs, "write");
}

static Gate *new_gate(SecCtl *s, SsePpc ppc, int port, const char *name, MemoryRegion *target)
{
    Gate *g = g_new0(Gate, 1);

    *g = (Gate){ .s = s, .target = target, .ops = *target->ops, .ppc = ppc, .port = port };
    g->ops.read = gate_read;
    g->ops.write = gate_write;
    memory_region_init_io(&g->mr, &s->parent.parent, &g->ops, g, name, target->size);
    g->mr.lock = target->lock;
    g_ptr_array_add(s->gates, g);
    return g;
}

MemoryRegion *sse_secctl_gate(Device *secctl, SsePpc ppc, unsigned port, MemoryRegion *target)
{
    g_assert(target->ops && port < 16 && ppc < SSE_NUM_PPCS);
    return &new_gate(SSE_SECCTL(secctl), ppc, (int)port, target->name, target)->mr;
}

static void gate_free(void *opaque)
{
    Gate *g = opaque;

    memory_region_destroy(&g->mr);
    g_free(g);
}

/* -- registers ----------------------------------------------------------------------------------------------------------- */

static uint32_t ports_of(const SecCtl *s, unsigned ppc)
{
    return ppc == APB_PPC0 ? s->apb0_ports : ppc == APB_PPC1 ? 1 :
           (ppc >= AHB_PPCEXP0 && ppc < APB_PPC0) || ppc >= APB_PPCEXP0 ? EXPANSION_PORTS : 0;
}

static uint32_t *group_of(SecCtl *s, const RegDef *r)
{
    return r->offset == 0x50 ? s->ns : s->secure.defs + SP == r ? s->sp : s->nsp;
}

static uint64_t group_read(void *dev, const RegDef *r, unsigned n)
{
    return group_of(dev, r)[n];
}

static void group_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    group_of(dev, r)[n] = v & ports_of(dev, n);
}

static void clear_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    SSE_SECCTL(dev)->reg[PPCSTAT] &= ~v;
    update(dev);
}

static void after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

#define GROUP(id, at, name) \
    [id] = { at, name, .read = group_read, .write = group_write, .count = SSE_NUM_PPCS, .no_store = true }
static const RegDef secure_regs[S_NUM] = {
    [SECRESPCFG] = { 0x010, "SECRESPCFG", .rw = 1 }, [NSCCFG] = { 0x014, "NSCCFG", .rw = NSC_CODE | NSC_RAM },
    [MPCSTAT] = { 0x01c, "SECMPCINTSTATUS" }, [PPCSTAT] = { 0x020, "SECPPCINTSTAT" },
    [PPCCLR] = { 0x024, "SECPPCINTCLR", .write = clear_write, .no_store = true },
    [PPCEN] = { 0x028, "SECPPCINTEN", .rw = 0x00f100f3, .after = after },
    [MSCSTAT] = { 0x030, "SECMSCINTSTAT" }, [MSCCLR] = { 0x034, "SECMSCINTCLR", .rw = 0, .w1c = UINT32_MAX },
    [MSCEN] = { 0x038, "SECMSCINTEN", .rw = 0xffff0000 },
    [BRGSTAT] = { 0x040, "BRGINTSTAT" }, [BRGCLR] = { 0x044, "BRGINTCLR", .w1c = UINT32_MAX },
    [BRGEN] = { 0x048, "BRGINTEN", .rw = UINT32_MAX },
    GROUP(NS, 0x050, "NSPPC"), GROUP(SP, 0x090, "SPPPC"), [NSMSCEXP] = { 0x0d0, "NSMSCEXP", .rw = 0xffff0000 },
    ARM_ID_ROWS(S_IDS, 0x52, 0x0b),
};
static const RegDef nonsecure_regs[NS_NUM] = { GROUP(NSP, 0x090, "NSPPPC"), ARM_ID_ROWS(NS_IDS, 0x53, 0x0b) };

static void mpc_in(void *opaque, unsigned n, int level)
{
    SecCtl *s = opaque;

    s->reg[MPCSTAT] = (s->reg[MPCSTAT] & ~BIT32(n)) | (level ? BIT32(n) : 0);
    update(s);
}

/* -- the device ---------------------------------------------------------------------------------------------------------- */

static void secctl_init(Object *obj)
{
    SecCtl *s = SSE_SECCTL(obj);

    s->gates = g_ptr_array_new_with_free_func(gate_free);
    device_init_irq_in(DEVICE(obj), "mpc", mpc_in, NUM_MPCS);
    device_init_irq_out(DEVICE(obj), "ppc", &s->ppc_irq, 1);
    device_init_irq_out(DEVICE(obj), "mpc", &s->mpc_irq, 1);
}

static void secctl_finalize(Object *obj)
{
    g_ptr_array_unref(SSE_SECCTL(obj)->gates);
}

static bool secctl_realize(Device *dev, GError **error)
{
    SecCtl *s = SSE_SECCTL(dev);

    regbank_init(&s->secure, dev, "secure-regs", secure_regs, S_NUM, s->reg, 0x1000);
    regbank_init(&s->nonsecure, dev, "nonsecure-regs", nonsecure_regs, NS_NUM, s->ns_reg, 0x1000);
    device_init_region(dev, "secure", &new_gate(s, 0, PORT_SECURE_BLOCK, "secure", &s->secure.mr)->mr);
    device_init_region(dev, "nonsecure", &new_gate(s, 0, PORT_NONSECURE_BLOCK, "nonsecure", &s->nonsecure.mr)->mr);
    return true;
}

static void secctl_unrealize(Device *dev)
{
    SecCtl *s = SSE_SECCTL(dev);

    g_ptr_array_set_size(s->gates, 0);
    regbank_destroy(&s->secure);
    regbank_destroy(&s->nonsecure);
}

static void secctl_reset(Device *dev, ResetType type)
{
    SecCtl *s = SSE_SECCTL(dev);
    uint32_t mpc = s->reg[MPCSTAT];

    regbank_reset(&s->secure);
    regbank_reset(&s->nonsecure);
    s->reg[MPCSTAT] = mpc;                      /* inputs */
    memset(s->ns, 0, sizeof(s->ns));
    memset(s->sp, 0, sizeof(s->sp));
    memset(s->nsp, 0, sizeof(s->nsp));
    update(s);
}

static bool secctl_post_load(void *s, GError **error)
{
    update(s);
    return true;
}

static const VMStateField secctl_vmstate[] = {
    VMSTATE_REGS(SecCtl, secure), VMSTATE_UINT_ARRAY(SecCtl, ns), VMSTATE_UINT_ARRAY(SecCtl, sp), VMSTATE_UINT_ARRAY(SecCtl, nsp),
    VMSTATE_POST_LOAD(secctl_post_load), VMSTATE_END
};

static const Property secctl_props[] = {
    { .name = "apb0-ports", .type = PROP_U32, .offset = offsetof(SecCtl, apb0_ports), .def = 0x1f,
      .help = "ports of the first APB controller: 7 of the IoT kit, 31 of SSE-200" }, PROP_END
};

static void secctl_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = secctl_realize;
    dc->unrealize = secctl_unrealize;
    dc->reset = secctl_reset;
    dc->vmstate = secctl_vmstate;
    dc->category = "Misc";
}

const TypeInfo sse_secctl_type = {
    .name = "sse-secctl", .parent = TYPE_DEVICE, .desc = "security controller of Arm's IoT kit and SSE-200",
    .instance_size = sizeof(SecCtl), .props = secctl_props, .init = secctl_init, .finalize = secctl_finalize,
    .class_init = secctl_class_init,
};

/* -- the IDAU ------------------------------------------------------------------------------------------------------------ */

typedef struct SseIdau {
    ArmIdau parent;
    SecCtl *secctl;
} SseIdau;

static ArmIdauResult idau_check(ArmIdau *idau, uint32_t addr)
{
    const SecCtl *s = ((SseIdau *)idau)->secctl;
    uint32_t nsc = s ? __atomic_load_n(&s->reg[NSCCFG], __ATOMIC_RELAXED) : 0;
    unsigned region = addr >> 28;
    bool secure = region & 1;

    if (region >= 0xe) {
        return (ArmIdauResult){ .ns = true, .exempt = true, .region = -1 };
    }
    return (ArmIdauResult){
        .ns = !secure, .nsc = (region == 1 && nsc & NSC_CODE) || (region == 3 && nsc & NSC_RAM), .region = region,
    };
}

void sse_idau_attach(Object *idau, Device *secctl)
{
    ((SseIdau *)idau)->secctl = SSE_SECCTL(secctl);
}

static void idau_init(Object *obj)
{
    ((ArmIdau *)obj)->check = idau_check;
}

const TypeInfo sse_idau_type = {
    .name = "sse-idau", .parent = TYPE_ARM_IDAU, .desc = "IDAU of Arm's IoT kit and SSE-200", .instance_size = sizeof(SseIdau),
    .init = idau_init,
};
