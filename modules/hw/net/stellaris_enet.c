/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ethernet controller of Stellaris LM3S6965 (its data sheet, "Ethernet Controller"): MAC with a FIFO of 2 KiB each way behind
 * one register, and its PHY behind MII management.
 * A frame in the receive FIFO has its length before it and its FCS behind; one in the transmit FIFO has the length of its
 * data. RXINT comes with a frame, comes again when one has been read and another waits, and goes with the last: so that a
 * driver which takes one frame an interrupt sees all, and one that takes all is not called for none.
 * Sending and MII transactions take no time, and the link is up at 100 Mbit/s whenever there is a network. With early
 * transmission (MACTHR) the processor is always fast enough. Not modelled: collisions, frames with a bad FCS, LEDs.
 * Wiring: region "regs", irq "irq", net "netdev".
 */
#include "core/bits.h"
#include "core/exec/regdev.h"
#include "core/io/net.h"
#include "core/log.h"
#include "modules/hw/net/fcs.h"
#include "modules/hw/net/net.h"

#define TYPE_STELLARIS_ENET "stellaris-enet"

enum { RIS, IM, RCTL, TCTL, DATA, IA0, IA1, THR, MCTL, MDV, MTXD, MRXD, NP, TR, NUM_REGS };
enum { INT_PHY = 0x40, INT_MD = 0x20, INT_FOV = 0x08, INT_TXEMP = 0x04, INT_TXER = 0x02, INT_RX = 0x01, INT_ALL = 0x7f };
enum {
    RCTL_RSTFIFO = 0x10, RCTL_PRMS = 0x04, RCTL_AMUL = 0x02, RCTL_RXEN = 0x01, TCTL_PADEN = 0x02, TCTL_TXEN = 0x01,
    THR_OFF = 0x3f, MCTL_WRITE = 2, MCTL_START = 1, TR_NEWTX = 1,
};
/* The PHY's registers. */
enum { MR0, MR1, MR2, MR3, MR4, MR5, MR6, MR16 = 16, MR17, MR18, MR19, MR23 = 23, MR24, NUM_MR = 32 };
enum {
    MR0_RESET = 0x8000, MR0_LOOPBK = 0x4000, MR0_ANEGEN = 0x1000, MR0_RANEG = 0x0200, MR0_WRITABLE = 0x7d80,
    MR1_ANEGC = 0x20, MR1_LINK = 0x04, MR17_LSCHG = 0x04, MR17_ANEGCOMP = 0x01,
};
enum { FIFO = 2048, LENGTH = 2, HEADER = 14, FCS = 4, MIN_FRAME = 60, MAX_FRAME = 1518, MAX_DATA = 2032 };

typedef struct StellarisEnet {
    RegDevice parent;
    /* wiring */
    IrqLine irq;
    NetBackend *nb;
    /* guest state */
    uint32_t reg[NUM_REGS];
    uint16_t phy[NUM_MR];
    uint8_t tx[FIFO], rx[FIFO];                 /* rx: frames from rx[0] on, each in whole words */
    uint32_t tx_used, rx_used;
    uint32_t rx_at;                             /* what was read of the first */
} StellarisEnet;
DECLARE_OBJECT(StellarisEnet, STELLARIS_ENET, TYPE_STELLARIS_ENET)

static void update(void *dev)
{
    StellarisEnet *s = STELLARIS_ENET(dev);

    irq_set(&s->irq, (s->reg[RIS] & s->reg[IM]) != 0);
}

static void interrupt(StellarisEnet *s, uint32_t ris)
{
    s->reg[RIS] |= ris;
    update(s);
}

static void after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

static void iack_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    STELLARIS_ENET(dev)->reg[RIS] &= ~v;
    update(dev);
}

/* -- receiving --------------------------------------------------------------------------------------------------------------- */

/* Bytes that a frame takes of the FIFO. */
static size_t room_for(size_t len)
{
    return align_up(LENGTH + MAX(len, MIN_FRAME) + FCS, 4);
}

static bool filter_passes(const StellarisEnet *s, const uint8_t *to)
{
    static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    if (s->reg[RCTL] & RCTL_PRMS || memcmp(to, all, 6) == 0) {
        return true;
    }
    if (to[0] & 1) {
        return s->reg[RCTL] & RCTL_AMUL;
    }
    return ldl_le_p(to) == s->reg[IA0] && lduw_le_p(to + 4) == s->reg[IA1];
}

static void rx_frame(StellarisEnet *s, const uint8_t *frame, size_t len)
{
    size_t padded = MAX(len, MIN_FRAME);        /* a wire has none that are shorter */
    uint8_t *p = s->rx + s->rx_used;

    if (!(s->reg[RCTL] & RCTL_RXEN) || len < HEADER || len > MAX_FRAME || !filter_passes(s, frame)) {
        return;
    }
    if (s->rx_used + room_for(len) > FIFO) {
        interrupt(s, INT_FOV);
        return;
    }
    memset(p, 0, room_for(len));
    stw_le_p(p, (uint16_t)(LENGTH + padded + FCS));
    memcpy(p + LENGTH, frame, len);
    stl_le_p(p + LENGTH + padded, net_fcs(p + LENGTH, padded));
    s->rx_used += room_for(len);
    s->reg[NP]++;
    interrupt(s, INT_RX);
}

static bool can_receive(void *opaque)
{
    StellarisEnet *s = opaque;

    return !(s->reg[RCTL] & RCTL_RXEN) || s->rx_used + room_for(MAX_FRAME) <= FIFO;
}

static void receive(void *opaque, const uint8_t *frame, size_t len)
{
    rx_frame(opaque, frame, len);
}

static void rx_clear(StellarisEnet *s)
{
    s->rx_used = s->rx_at = s->reg[NP] = 0;
    s->reg[RIS] &= ~(uint32_t)INT_RX;
}

static uint64_t data_read(void *dev, const RegDef *r, unsigned n)
{
    StellarisEnet *s = STELLARIS_ENET(dev);
    uint32_t word, size;

    if (!s->reg[NP]) {
        log_guest_error("%s: a read of the empty receive FIFO\n", TYPE_STELLARIS_ENET);
        return 0;
    }
    word = ldl_le_p(s->rx + s->rx_at);
    s->rx_at += 4;
    size = align_up(lduw_le_p(s->rx), 4);
    if (s->rx_at == size) {
        s->rx_used -= size;
        memmove(s->rx, s->rx + size, s->rx_used);
        s->rx_at = 0;
        s->reg[NP]--;
        s->reg[RIS] = (s->reg[RIS] & ~(uint32_t)INT_RX) | (s->reg[NP] ? INT_RX : 0);
        update(s);
        net_receive_ready(s->nb);
    }
    return word;
}

static void rctl_after(void *dev, const RegDef *r, unsigned n)
{
    StellarisEnet *s = STELLARIS_ENET(dev);

    if (s->reg[RCTL] & RCTL_RSTFIFO) {
        s->reg[RCTL] &= ~(uint32_t)RCTL_RSTFIFO;
        rx_clear(s);
    }
    update(s);
    net_receive_ready(s->nb);
}

/* -- sending ----------------------------------------------------------------------------------------------------------------- */

static void transmit(StellarisEnet *s)
{
    size_t data = lduw_le_p(s->tx), len = HEADER + data, have = s->tx_used;
    uint8_t *frame = s->tx + LENGTH;

    s->reg[TR] = s->tx_used = 0;
    if (data > MAX_DATA) {
        interrupt(s, INT_TXER);
        return;
    }
    if (have < LENGTH + len) {
        log_guest_error("%s: a frame of %zu bytes with fewer of them in the FIFO\n", TYPE_STELLARIS_ENET, len);
        memset(s->tx + have, 0, FIFO - have);
    }
    if (s->reg[TCTL] & TCTL_PADEN && len < MIN_FRAME) {
        memset(frame + len, 0, MIN_FRAME - len);
        len = MIN_FRAME;
    }
    interrupt(s, INT_TXEMP);
    if (s->phy[MR0] & MR0_LOOPBK) {
        rx_frame(s, frame, len);
    } else {
        net_send(s->nb, frame, len);
    }
}

/* NEWTX, or as many bytes in the FIFO as MACTHR wants. */
static void tx_run(StellarisEnet *s)
{
    bool early = s->reg[THR] != THR_OFF && s->tx_used >= 4 * (s->reg[THR] * 8 + 1) &&
                 s->tx_used >= (uint32_t)(LENGTH + HEADER + lduw_le_p(s->tx));

    if (s->reg[TCTL] & TCTL_TXEN && (s->reg[TR] & TR_NEWTX || early)) {
        transmit(s);
    }
}

static void data_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    StellarisEnet *s = STELLARIS_ENET(dev);

    if (s->tx_used == FIFO) {
        log_guest_error("%s: the transmit FIFO is full\n", TYPE_STELLARIS_ENET);
        return;
    }
    stl_le_p(s->tx + s->tx_used, (uint32_t)v);
    s->tx_used += 4;
    tx_run(s);
}

static void tx_after(void *dev, const RegDef *r, unsigned n)
{
    tx_run(dev);
}

/* -- MII management and the PHY ---------------------------------------------------------------------------------------------- */

static void phy_event(StellarisEnet *s, uint16_t what)
{
    s->phy[MR17] |= what;
    if (s->phy[MR17] & s->phy[MR17] >> 8 & 0xff) {
        interrupt(s, INT_PHY);
    }
}

static void phy_negotiate(StellarisEnet *s)
{
    bool negotiates = s->phy[MR0] & MR0_ANEGEN;

    s->phy[MR1] &= ~(MR1_ANEGC | MR1_LINK);
    s->phy[MR5] = s->phy[MR6] = s->phy[MR18] = 0;
    if (!s->nb) {
        return;
    }
    s->phy[MR1] |= MR1_LINK | (negotiates ? MR1_ANEGC : 0);
    s->phy[MR18] = 0x0f00;                      /* full duplex, 100 Mbit/s, a signal, locked */
    if (negotiates) {
        s->phy[MR5] = 0x41e1;
        s->phy[MR6] = 1;
    } else {
        s->phy[MR18] = 0x0300 | (s->phy[MR0] & 0x0100 ? 0x0800 : 0) | (s->phy[MR0] & 0x2000 ? 0x0400 : 0);
    }
    phy_event(s, MR17_LSCHG | (negotiates ? MR17_ANEGCOMP : 0));
}

static void phy_reset(StellarisEnet *s)
{
    static const uint16_t values[NUM_MR] = {
        [MR0] = 0x3100, [MR1] = 0x7849, [MR2] = 0x000e, [MR3] = 0x7237, [MR4] = 0x01e1, [MR16] = 0x0140, [MR19] = 0x4000,
        [MR23] = 0x0010, [MR24] = 0x00c0,
    };

    memcpy(s->phy, values, sizeof(s->phy));
    phy_negotiate(s);
}

static uint16_t phy_read(StellarisEnet *s, unsigned n)
{
    uint16_t v = s->phy[n];

    if (n == MR17) {
        s->phy[MR17] &= 0xff00;                 /* status is cleared by reading */
    }
    return v;
}

static void phy_write(StellarisEnet *s, unsigned n, uint16_t v)
{
    switch (n) {
    case MR0:
        if (v & MR0_RESET) {
            phy_reset(s);
            break;
        }
        s->phy[MR0] = v & MR0_WRITABLE;
        if (v & MR0_RANEG || !(v & MR0_ANEGEN)) {
            phy_negotiate(s);
        }
        break;
    case MR4:
        s->phy[MR4] = (v & 0xa1e0) | 1;
        break;
    case MR17:
        s->phy[MR17] = (v & 0xff00) | (s->phy[MR17] & 0xff);
        phy_event(s, 0);
        break;
    case MR16:
    case MR19:
    case MR23:
    case MR24:
        s->phy[n] = v;
        break;
    default:
        log_guest_error("%s: write of 0x%x to the read-only PHY register %u\n", TYPE_STELLARIS_ENET, v, n);
    }
}

static void mctl_after(void *dev, const RegDef *r, unsigned n)
{
    StellarisEnet *s = STELLARIS_ENET(dev);
    unsigned reg = extract32(s->reg[MCTL], 3, 5);

    if (!(s->reg[MCTL] & MCTL_START)) {
        return;
    }
    s->reg[MCTL] &= ~(uint32_t)MCTL_START;
    if (s->reg[MCTL] & MCTL_WRITE) {
        phy_write(s, reg, (uint16_t)s->reg[MTXD]);
    } else {
        s->reg[MRXD] = phy_read(s, reg);
    }
    interrupt(s, INT_MD);
}

/* -- the device -------------------------------------------------------------------------------------------------------------- */

static const RegDef regs[NUM_REGS] = {
    [RIS] = { 0x00, "MACRIS", .write = iack_write }, [IM] = { 0x04, "MACIM", .reset = INT_ALL, .rw = INT_ALL, .after = after },
    [RCTL] = { 0x08, "MACRCTL", .reset = 0x08, .rw = 0x1f, .after = rctl_after },
    [TCTL] = { 0x0c, "MACTCTL", .rw = 0x17, .after = tx_after },
    [DATA] = { 0x10, "MACDATA", .read = data_read, .write = data_write, .no_store = true, .access = 4 },
    [IA0] = { 0x14, "MACIA0", .rw = UINT32_MAX }, [IA1] = { 0x18, "MACIA1", .rw = 0xffff },
    [THR] = { 0x1c, "MACTHR", .reset = THR_OFF, .rw = 0x3f }, [MCTL] = { 0x20, "MACMCTL", .rw = 0xfb, .after = mctl_after },
    [MDV] = { 0x24, "MACMDV", .reset = 0x80, .rw = 0xff }, [MTXD] = { 0x2c, "MACMTXD", .rw = 0xffff },
    [MRXD] = { 0x30, "MACMRXD", .rw = 0xffff }, [NP] = { 0x34, "MACNP" },
    [TR] = { 0x38, "MACTR", .rw = TR_NEWTX, .after = tx_after },
};

static void enet_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "irq", &STELLARIS_ENET(obj)->irq, 1);
}

static bool enet_realize(Device *dev, GError **error)
{
    return net_attach(STELLARIS_ENET(dev)->nb, dev, can_receive, receive, error);
}

static void enet_unrealize(Device *dev)
{
    net_detach(STELLARIS_ENET(dev)->nb, dev);
}

static void enet_reset(Device *dev, ResetType type)
{
    StellarisEnet *s = STELLARIS_ENET(dev);

    rx_clear(s);
    s->tx_used = 0;
    phy_reset(s);
}

static const VMStateField enet_vmstate[] = {
    VMSTATE_UINT_ARRAY(StellarisEnet, phy), VMSTATE_BYTES(StellarisEnet, tx), VMSTATE_BYTES(StellarisEnet, rx),
    VMSTATE_UINT(StellarisEnet, tx_used), VMSTATE_UINT(StellarisEnet, rx_used), VMSTATE_UINT(StellarisEnet, rx_at), VMSTATE_END
};

static const Property enet_props[] = {
    { .name = "netdev", .type = PROP_NET, .offset = offsetof(StellarisEnet, nb), .help = "the network it is on" }, PROP_END
};

static const RegDeviceSpec enet_spec = {
    .category = "Network", REG_DEVICE_REGS(StellarisEnet, regs), .vmstate = enet_vmstate, .realize = enet_realize,
    .unrealize = enet_unrealize, .reset = enet_reset, .update = update,
};

const TypeInfo stellaris_enet_type = {
    .name = TYPE_STELLARIS_ENET, .desc = "Stellaris Ethernet controller", .instance_size = sizeof(StellarisEnet),
    .props = enet_props, .init = enet_init, REG_DEVICE_TYPE(enet_spec),
};
