/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SMSC LAN9118 and LAN9220: an Ethernet controller of 10 and 100 Mbit/s with its PHY, behind FIFOs (SMSC's data sheets; its
 * registers as drivers/net/ethernet/smsc/smsc911x.h names them). Transmit commands A and B with segments, offsets and
 * alignment; receive data with offset, end alignment and fast forward; both status FIFOs; address, hash and promiscuous
 * filtering; both loopbacks; the EEPROM that the MAC address comes from; the general purpose timer, the free-running
 * counter, the interrupt and its deassertion interval.
 * The bus is 32 or 16 bits wide: a register is read with its lower half and written with its upper half.
 * Sending, MAC and PHY accesses and EEPROM commands take no time, and the link is up at 100 Mbit/s whenever there is a
 * network. Not modelled: wake-up frames, flow control, checksum offload of the LAN9220, GPIO, an external PHY, WORD_SWAP,
 * and VLAN tags that make a frame longer than its limit.
 * Wiring: region "regs" (256 bytes), irq "irq" (the pin's level), net "netdev". Properties: "mac" (in the EEPROM), "id-rev".
 */
#include "core/bits.h"
#include "core/exec/clock.h"
#include "core/exec/memory.h"
#include "core/io/net.h"
#include "core/keyval.h"
#include "core/log.h"
#include "core/qom/machine.h"
#include "modules/hw/net/fcs.h"
#include "modules/hw/net/net.h"

#define TYPE_LAN9118 "lan9118"

enum { SIZE = 0x100, STATUS_WORDS = 128, TX_WORDS = 14 * 256 - STATUS_WORDS, RX_WORDS = 14 * 240, RX_STATUS_WORDS = 14 * 16 };
enum {
    RX_DATA = 0x00, TX_DATA = 0x20, RX_STATUS = 0x40, RX_STATUS_PEEK = 0x44, TX_STATUS = 0x48, TX_STATUS_PEEK = 0x4c,
    ID_REV = 0x50, INT_CFG = 0x54, INT_STS = 0x58, INT_EN = 0x5c, BYTE_TEST = 0x64, FIFO_INT = 0x68, RX_CFG = 0x6c,
    TX_CFG = 0x70, HW_CFG = 0x74, RX_DP_CTRL = 0x78, RX_FIFO_INF = 0x7c, TX_FIFO_INF = 0x80, PMT_CTRL = 0x84, GPIO_CFG = 0x88,
    GPT_CFG = 0x8c, GPT_CNT = 0x90, WORD_SWAP = 0x98, FREE_RUN = 0x9c, RX_DROP = 0xa0, MAC_CSR_CMD = 0xa4, MAC_CSR_DATA = 0xa8,
    AFC_CFG = 0xac, E2P_CMD = 0xb0, E2P_DATA = 0xb4,
};
enum {
    INT_SW = BIT32(31), INT_TXSTOP = BIT32(25), INT_RXSTOP = BIT32(24), INT_RXDFH = BIT32(23), INT_TX_IOC = BIT32(21),
    INT_GPT = BIT32(19), INT_PHY = BIT32(18), INT_RXE = BIT32(14), INT_TXE = BIT32(13), INT_TDFO = BIT32(10),
    INT_TDFA = BIT32(9), INT_TSFF = BIT32(8), INT_TSFL = BIT32(7), INT_RXDF = BIT32(6), INT_RSFF = BIT32(4),
    INT_RSFL = BIT32(3),
    INT_ALL = INT_SW | INT_TXSTOP | INT_RXSTOP | INT_RXDFH | INT_TX_IOC | BIT32(20) | INT_GPT | INT_PHY | BIT32(17) | BIT32(16) |
              BIT32(15) | INT_RXE | INT_TXE | INT_TDFO | INT_TDFA | INT_TSFF | INT_TSFL | INT_RXDF | INT_RSFF | INT_RSFL | 7,
};
enum {
    CFG_DEAS = 0xff000000, CFG_DEAS_CLR = BIT32(14), CFG_DEAS_STS = BIT32(13), CFG_IRQ_INT = BIT32(12), CFG_IRQ_EN = BIT32(8),
    CFG_IRQ_POL = BIT32(4), CFG_IRQ_TYPE = BIT32(0),
    TXCFG_TXS_DUMP = BIT32(15), TXCFG_TXD_DUMP = BIT32(14), TXCFG_TXSAO = BIT32(2), TXCFG_TX_ON = BIT32(1), TXCFG_STOP = BIT32(0),
    RXCFG_DUMP = BIT32(15), HW_SF = BIT32(20), HW_SRST = BIT32(0), RX_FFWD = BIT32(31), CSR_READ = BIT32(30),
    PMT_PHY_RST = BIT32(10), PMT_PM_MODE = 3 << 12, PMT_WUPS = 3 << 4, PMT_READY = 1, GPT_EN = BIT32(29), E2P_LOADED = BIT32(8),
};
/* Words that go before a packet's data in the transmit FIFO. */
enum {
    A_ON_COMP = BIT32(31), A_FIRST = BIT32(13), A_LAST = BIT32(12), A_SIZE = 0x7ff, B_NO_CRC = BIT32(13), B_NO_PAD = BIT32(12),
    B_LENGTH = 0x7ff,
    TXS_ES = BIT32(15), TXS_NO_CARRIER = BIT32(10), RXS_FILTER = BIT32(30), RXS_ES = BIT32(15), RXS_BCAST = BIT32(13),
    RXS_MCAST = BIT32(10), RXS_LONG = BIT32(7), RXS_TYPE = BIT32(5),
};
/* The MAC's registers, by index. */
enum { MAC_CR = 1, ADDRH, ADDRL, HASHH, HASHL, MII_ACC, MII_DATA, FLOW, VLAN1, VLAN2, WUFF, WUCSR, NUM_MAC };
enum {
    CR_RXALL = BIT32(31), CR_LOOPBK = BIT32(21), CR_FDPX = BIT32(20), CR_MCPAS = BIT32(19), CR_PRMS = BIT32(18),
    CR_INVFILT = BIT32(17), CR_HFILT = BIT32(15), CR_HPFILT = BIT32(13), CR_BCAST = BIT32(11), CR_TXEN = BIT32(3),
    CR_RXEN = BIT32(2), CR_ALL = 0x90bfbdec,
    MII_WRITE = 2, MII_BUSY = 1, FLOW_BUSY = 1,
};
/* The PHY's registers (IEEE 802.3, 22.2.4, and the vendor's). */
enum { BMCR, BMSR, ID1, ID2, ANAR, ANLPAR, ANER, MODE = 17, SPECIAL, CONTROL = 27, SOURCE = 29, MASK, STATUS, NUM_PHY };
enum {
    BMCR_RESET = 0x8000, BMCR_LOOPBACK = 0x4000, BMCR_AN = 0x1000, BMCR_RESTART = 0x0200, BMSR_AN_DONE = 0x20, BMSR_LINK = 4,
    SOURCE_ENERGY = 0x80, SOURCE_AN_DONE = 0x40, SOURCE_LINK_DOWN = 0x10,
};
enum { EEPROM_SIZE = 128, EEPROM_MAGIC = 0xa5, MIN_FRAME = 60, MAX_FRAME = 2047, FCS = 4, GPT_NS = 100000, DEAS_NS = 10000 };
enum { E2P_READ, E2P_EWDS, E2P_EWEN, E2P_WRITE, E2P_WRAL, E2P_ERASE, E2P_ERAL, E2P_RELOAD };

typedef struct Lan9118 {
    Device parent;
    /* wiring */
    MemoryRegion mr;
    IrqLine irq;
    NetBackend *nb;
    uint32_t id_rev;
    uint8_t mac[6];
    /* guest state; the registers that have a stored value, by offset / 4 */
    uint32_t reg[SIZE / 4], mac_reg[NUM_MAC];
    uint16_t phy[NUM_PHY];
    uint8_t eeprom[EEPROM_SIZE];
    bool eeprom_writable;
    uint32_t tx[TX_WORDS], tx_used;             /* packets that are not complete, or that the transmitter must not send yet */
    uint32_t tx_status[STATUS_WORDS], tx_status_head, tx_status_used;
    uint32_t rx[RX_WORDS], rx_head, rx_used;
    uint32_t rx_status[RX_STATUS_WORDS], rx_status_head, rx_status_used;
    uint16_t rx_packet[RX_STATUS_WORDS];        /* words of each packet whose first word was not read yet */
    uint32_t rx_packet_head, rx_packet_used;
    uint32_t rx_left, rx_pad;                   /* words of the packet that is being read, and that follow for alignment */
    uint32_t half;                              /* of an access of two times 16 bits */
    uint8_t half_at;                            /* its offset + 1; 0: none */
    bool asserted;                              /* the interrupt, before the pin */
    bool tx_above, tx_full;                     /* the transmit status FIFO is, when last looked at; follow from the rest */
    int64_t counting_since;                     /* FREE_RUN */
    Timer gpt, deassertion;
} Lan9118;
DECLARE_OBJECT(Lan9118, LAN9118, TYPE_LAN9118)

/* -- interrupts ---------------------------------------------------------------------------------------------------------- */

static uint32_t *reg(Lan9118 *s, unsigned offset)
{
    return &s->reg[offset / 4];
}

/* HW_CFG.TX_FIF_SZ divides 16 KiB; each direction's status words come out of its share. */
static unsigned tx_kib(Lan9118 *s)
{
    return extract32(*reg(s, HW_CFG), 16, 4);
}

static unsigned tx_capacity(Lan9118 *s)
{
    return tx_kib(s) * 256 - STATUS_WORDS;
}

static unsigned rx_capacity(Lan9118 *s)
{
    return (16 - tx_kib(s)) * 240;
}

static unsigned rx_status_capacity(Lan9118 *s)
{
    return (16 - tx_kib(s)) * 16;
}

static void drive(Lan9118 *s)
{
    uint32_t cfg = *reg(s, INT_CFG);
    bool high = (cfg & CFG_IRQ_TYPE) && (cfg & CFG_IRQ_POL);        /* an open drain is always active low */

    irq_set(&s->irq, cfg & CFG_IRQ_EN && s->asserted == high);
}

static bool tx_status_above(Lan9118 *s)
{
    return s->tx_status_used > extract32(*reg(s, FIFO_INT), 16, 8);
}

static bool tx_status_full(Lan9118 *s)
{
    return s->tx_status_used == STATUS_WORDS;
}

/*
 * INT_STS latches what happened. The transmit status FIFO's bits are set when it comes to be above its level, or full: a
 * driver that reads the status behind the store that completes a frame could not get there from an interrupt that comes back.
 * The receive status FIFO's are set as long as it is so: drivers look at the FIFO for the last time before they clear RSFL,
 * and a frame that came in between would otherwise wait for ever.
 */
static void update(Lan9118 *s)
{
    uint32_t levels = *reg(s, FIFO_INT), sts = 0;
    bool tx_above = tx_status_above(s), tx_full = tx_status_full(s), pending;

    if ((tx_capacity(s) - s->tx_used) * 4 > extract32(levels, 24, 8) * 64) {
        sts |= INT_TDFA;
    }
    if (tx_full && !s->tx_full) {
        sts |= INT_TSFF;
    }
    if (tx_above && !s->tx_above) {
        sts |= INT_TSFL;
    }
    s->tx_full = tx_full;
    s->tx_above = tx_above;
    if (s->rx_status_used == rx_status_capacity(s)) {
        sts |= INT_RSFF;
    }
    if (s->rx_status_used > extract32(levels, 0, 8)) {
        sts |= INT_RSFL;
    }
    if (s->phy[SOURCE] & s->phy[MASK]) {
        sts |= INT_PHY;
    }
    *reg(s, INT_STS) |= sts;
    pending = *reg(s, INT_STS) & *reg(s, INT_EN);
    if (s->asserted && !pending && *reg(s, INT_CFG) & CFG_DEAS) {
        timer_mod(&s->deassertion, clock_now(device_clock(&s->parent)) + (int64_t)extract32(*reg(s, INT_CFG), 24, 8) * DEAS_NS);
    }
    s->asserted = pending && !timer_armed(&s->deassertion);
    drive(s);
}

static void interrupt(Lan9118 *s, uint32_t sts)
{
    *reg(s, INT_STS) |= sts;
    update(s);
}

static void deasserted(void *opaque)
{
    update(opaque);
}

/* -- the PHY ------------------------------------------------------------------------------------------------------------- */

static void phy_negotiate(Lan9118 *s)
{
    s->phy[BMSR] &= ~(BMSR_AN_DONE | BMSR_LINK);
    s->phy[ANLPAR] = s->phy[ANER] = s->phy[STATUS] = 0;
    if (!s->nb) {
        return;
    }
    s->phy[BMSR] |= BMSR_LINK;
    s->phy[SOURCE] |= SOURCE_ENERGY;
    if (s->phy[BMCR] & BMCR_AN) {
        s->phy[BMSR] |= BMSR_AN_DONE;
        s->phy[ANLPAR] = 0x45e1;                /* any speed, pause frames, acknowledged */
        s->phy[ANER] = 1;
        s->phy[SOURCE] |= SOURCE_AN_DONE;
        s->phy[STATUS] = 0x1000 | (s->phy[ANAR] & 0x100 ? 6 : s->phy[ANAR] & 0x80 ? 2 : s->phy[ANAR] & 0x40 ? 5 : 1) << 2;
    }
}

static void phy_reset(Lan9118 *s)
{
    memset(s->phy, 0, sizeof(s->phy));
    s->phy[BMCR] = 0x3000;
    s->phy[BMSR] = 0x7809;
    s->phy[ID1] = 0x0007;
    s->phy[ID2] = s->id_rev >> 16 == 0x9220 ? 0xc0c3 : 0xc0d1;
    s->phy[ANAR] = 0x01e1;
    s->phy[SPECIAL] = 0x00e1;
    phy_negotiate(s);
}

static uint16_t phy_read(Lan9118 *s, unsigned n)
{
    uint16_t v = s->phy[n];

    if (n == SOURCE) {
        s->phy[SOURCE] = 0;
    }
    return v;
}

static void phy_write(Lan9118 *s, unsigned n, uint16_t v)
{
    switch (n) {
    case BMCR:
        if (v & BMCR_RESET) {
            phy_reset(s);
            break;
        }
        s->phy[BMCR] = v & ~(BMCR_RESET | BMCR_RESTART | 0x7f);
        if (v & BMCR_RESTART || !(v & BMCR_AN)) {
            phy_negotiate(s);
        }
        break;
    case ANAR:
        s->phy[ANAR] = v & 0xfdff;
        break;
    case MODE:
    case SPECIAL:
    case CONTROL:
        s->phy[n] = v;
        break;
    case MASK:
        s->phy[MASK] = v & 0xff;
        break;
    default:
        log_guest_error("%s: write of 0x%x to the read-only PHY register %u\n", TYPE_LAN9118, v, n);
    }
}

static void mii_access(Lan9118 *s)
{
    uint32_t acc = s->mac_reg[MII_ACC];
    bool ours = extract32(acc, 11, 5) == 1;
    unsigned n = extract32(acc, 6, 5);

    s->mac_reg[MII_ACC] &= ~(uint32_t)MII_BUSY;
    if (!(acc & MII_BUSY)) {
        return;
    }
    if (!(acc & MII_WRITE)) {
        s->mac_reg[MII_DATA] = ours ? phy_read(s, n) : 0xffff;
    } else if (ours) {
        phy_write(s, n, s->mac_reg[MII_DATA]);
    }
}

/* -- receiving ----------------------------------------------------------------------------------------------------------- */

/* The hash table has a bit for each value of the six upper bits of the register, which are its lower in this order. */
static bool hash_matches(const Lan9118 *s, const uint8_t *address)
{
    uint32_t crc = ~net_fcs(address, 6);
    unsigned bit = 0;

    for (unsigned i = 0; i < 6; i++) {
        bit = bit << 1 | (crc >> i & 1);
    }
    return s->mac_reg[bit & 32 ? HASHH : HASHL] >> (bit & 31) & 1;
}

static bool is_own(const Lan9118 *s, const uint8_t *address)
{
    return ldl_le_p(address) == s->mac_reg[ADDRL] && lduw_le_p(address + 4) == (s->mac_reg[ADDRH] & 0xffff);
}

static bool is_broadcast(const uint8_t *address)
{
    static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    return memcmp(address, all, 6) == 0;
}

/* The table "Address filtering modes". */
static bool filter_passes(const Lan9118 *s, const uint8_t *address)
{
    uint32_t cr = s->mac_reg[MAC_CR];
    bool multicast = address[0] & 1;

    if (is_broadcast(address)) {
        return !(cr & CR_BCAST);
    }
    if (cr & CR_PRMS || (multicast && cr & CR_MCPAS)) {
        return true;
    }
    if (cr & CR_HPFILT && (multicast || cr & CR_HFILT)) {
        return hash_matches(s, address);
    }
    return is_own(s, address) == !(cr & CR_INVFILT);
}

static void rx_push(Lan9118 *s, uint32_t word)
{
    s->rx[(s->rx_head + s->rx_used++) % RX_WORDS] = word;
}

static unsigned rx_offset(Lan9118 *s)
{
    return extract32(*reg(s, RX_CFG), 8, 5);
}

static unsigned words_for(Lan9118 *s, size_t len)
{
    return (rx_offset(s) + len + FCS + 3) / 4;
}

static bool has_room(Lan9118 *s, size_t len)
{
    return s->rx_status_used < rx_status_capacity(s) && s->rx_packet_used < rx_status_capacity(s) &&
           s->rx_used + words_for(s, len) <= rx_capacity(s);
}

static void drop(Lan9118 *s)
{
    uint32_t before = *reg(s, RX_DROP);

    *reg(s, RX_DROP) = before + 1;
    interrupt(s, INT_RXDF | (before == INT32_MAX ? INT_RXDFH : 0));
}

static void rx_frame(Lan9118 *s, const uint8_t *frame, size_t frame_len)
{
    uint8_t bytes[32 + MAX_FRAME + 2 * FCS] = { 0 };
    size_t len = MAX(frame_len, MIN_FRAME);     /* a wire has none that are shorter */
    uint8_t *p = bytes + rx_offset(s);
    uint32_t status;
    bool passes;

    if (!(s->mac_reg[MAC_CR] & CR_RXEN) || frame_len < 14 || len > MAX_FRAME) {
        return;
    }
    passes = filter_passes(s, frame);
    if (!passes && !(s->mac_reg[MAC_CR] & CR_RXALL)) {
        return;
    }
    if (!has_room(s, len)) {
        drop(s);
        return;
    }
    memcpy(p, frame, frame_len);
    stl_le_p(p + len, net_fcs(p, len));
    status = (uint32_t)(len + FCS) << 16 | (passes ? 0 : RXS_FILTER) | (len + FCS > 1518 ? RXS_LONG | RXS_ES : 0);
    status |= is_broadcast(frame) ? RXS_BCAST : frame[0] & 1 ? RXS_MCAST : 0;
    status |= (frame[12] << 8 | frame[13]) >= 0x600 ? RXS_TYPE : 0;
    s->rx_status[(s->rx_status_head + s->rx_status_used++) % RX_STATUS_WORDS] = status;
    s->rx_packet[(s->rx_packet_head + s->rx_packet_used++) % RX_STATUS_WORDS] = words_for(s, len);
    for (unsigned i = 0; i < words_for(s, len); i++) {
        rx_push(s, ldl_le_p(bytes + 4 * i));
    }
    update(s);
}

static bool can_receive(void *opaque)
{
    Lan9118 *s = opaque;

    return !(s->mac_reg[MAC_CR] & CR_RXEN) || has_room(s, 1514);
}

static void receive(void *opaque, const uint8_t *frame, size_t len)
{
    rx_frame(opaque, frame, len);
}

/* The next packet, if none is under way. */
static void rx_begin(Lan9118 *s)
{
    static const uint8_t align[] = { 1, 4, 8, 1 };
    unsigned unit = align[*reg(s, RX_CFG) >> 30];

    if (s->rx_left || s->rx_pad || !s->rx_packet_used) {
        return;
    }
    s->rx_left = s->rx_packet[s->rx_packet_head];
    s->rx_packet_head = (s->rx_packet_head + 1) % RX_STATUS_WORDS;
    s->rx_packet_used--;
    s->rx_pad = (unit - s->rx_left % unit) % unit;
}

static uint32_t rx_pop(Lan9118 *s)
{
    uint32_t word = 0;

    rx_begin(s);
    if (s->rx_left) {
        word = s->rx[s->rx_head];
        s->rx_head = (s->rx_head + 1) % RX_WORDS;
        s->rx_used--;
        if (--s->rx_left == 0) {
            net_receive_ready(s->nb);
        }
    } else if (s->rx_pad) {
        s->rx_pad--;
    } else {
        log_guest_error("%s: a read of the empty receive data FIFO\n", TYPE_LAN9118);
        interrupt(s, INT_RXE);
    }
    return word;
}

static void rx_fast_forward(Lan9118 *s)
{
    rx_begin(s);
    s->rx_head = (s->rx_head + s->rx_left) % RX_WORDS;
    s->rx_used -= s->rx_left;
    s->rx_left = s->rx_pad = 0;
    net_receive_ready(s->nb);
}

static uint32_t rx_status_pop(Lan9118 *s, bool peek)
{
    uint32_t v = s->rx_status[s->rx_status_head];

    if (!s->rx_status_used) {
        return 0;
    }
    if (!peek) {
        s->rx_status_head = (s->rx_status_head + 1) % RX_STATUS_WORDS;
        s->rx_status_used--;
        net_receive_ready(s->nb);
    }
    return v;
}

static void rx_clear(Lan9118 *s)
{
    s->rx_head = s->rx_used = s->rx_status_head = s->rx_status_used = s->rx_packet_head = s->rx_packet_used = 0;
    s->rx_left = s->rx_pad = 0;
    memset(s->rx_status, 0, sizeof(s->rx_status));
}

/* -- sending ------------------------------------------------------------------------------------------------------------- */

/* Words of a segment's data that stand in the FIFO. */
static unsigned segment_words(uint32_t a)
{
    static const uint8_t align[] = { 4, 16, 32, 4 };
    unsigned unit = align[extract32(a, 24, 2)], bytes = extract32(a, 16, 5) + (a & A_SIZE);

    return (bytes + unit - 1) / unit * unit / 4;
}

/* Words of the packet at the head of the FIFO; 0: it is not complete. */
static unsigned packet_words(const Lan9118 *s)
{
    for (unsigned at = 0; at + 2 <= s->tx_used;) {
        uint32_t a = s->tx[at];

        at += 2 + segment_words(a);
        if (a & A_LAST && at <= s->tx_used) {
            return at;
        }
    }
    return 0;
}

static void transmit(Lan9118 *s, uint8_t *frame, size_t len, uint32_t a, uint32_t b)
{
    uint32_t cr = s->mac_reg[MAC_CR], status = b & 0xffff0000;
    bool loops = cr & CR_LOOPBK || s->phy[BMCR] & BMCR_LOOPBACK;

    if (b & B_NO_CRC) {
        len -= MIN(len, FCS);                   /* it brings its own */
    } else if (!(b & B_NO_PAD) && len < MIN_FRAME) {
        memset(frame + len, 0, MIN_FRAME - len);
        len = MIN_FRAME;
    }
    if (!s->nb && !loops && !(cr & CR_FDPX)) {
        status |= TXS_ES | TXS_NO_CARRIER;
    }
    if (s->tx_status_used == STATUS_WORDS) {
        s->tx_status_head = (s->tx_status_head + 1) % STATUS_WORDS;     /* TXSAO: over the oldest */
        s->tx_status_used--;
    }
    s->tx_status[(s->tx_status_head + s->tx_status_used++) % STATUS_WORDS] = status;
    if (a & A_ON_COMP) {
        *reg(s, INT_STS) |= INT_TX_IOC;
    }
    if (loops) {
        rx_frame(s, frame, len);
    } else if (len) {
        net_send(s->nb, frame, len);
    }
}

/* The packet of `words` at the head of the FIFO. False: its commands make none. */
static bool send_first(Lan9118 *s, unsigned words)
{
    uint8_t frame[MAX_FRAME + MIN_FRAME];
    uint32_t first_b = s->tx[1], on_comp = 0;
    size_t len = 0;

    for (unsigned at = 0; at < words;) {
        uint32_t a = s->tx[at], b = s->tx[at + 1];
        unsigned size = a & A_SIZE, skip = extract32(a, 16, 5);
        const uint8_t *data = (const uint8_t *)&s->tx[at + 2] + skip;       /* hosts are little-endian */

        if (!(a & A_FIRST) != (at != 0) || ((b ^ first_b) & (0xffff0000 | B_LENGTH)) || len + size > (b & B_LENGTH)) {
            return false;
        }
        memcpy(frame + len, data, size);
        len += size;
        on_comp |= a & A_ON_COMP;
        at += 2 + segment_words(a);
    }
    if (len != (first_b & B_LENGTH)) {
        return false;
    }
    transmit(s, frame, len, on_comp, first_b);
    return true;
}

static void tx_run(Lan9118 *s)
{
    unsigned words;

    while (*reg(s, TX_CFG) & TXCFG_TX_ON && s->mac_reg[MAC_CR] & CR_TXEN &&
           (s->tx_status_used < STATUS_WORDS || *reg(s, TX_CFG) & TXCFG_TXSAO) && (words = packet_words(s))) {
        if (!send_first(s, words)) {
            log_guest_error("%s: transmit commands that do not fit together\n", TYPE_LAN9118);
            *reg(s, INT_STS) |= INT_TXE;
            s->tx_used = 0;
            break;
        }
        s->tx_used -= words;
        memmove(s->tx, s->tx + words, s->tx_used * sizeof(uint32_t));
    }
    update(s);
}

static void tx_push(Lan9118 *s, uint32_t word)
{
    if (s->tx_used == tx_capacity(s)) {
        log_guest_error("%s: the transmit data FIFO is full\n", TYPE_LAN9118);
        interrupt(s, INT_TDFO);
        return;
    }
    s->tx[s->tx_used++] = word;
    tx_run(s);
}

static uint32_t tx_status_pop(Lan9118 *s, bool peek)
{
    uint32_t v = s->tx_status[s->tx_status_head];

    if (!s->tx_status_used) {
        return 0;
    }
    if (!peek) {
        s->tx_status_head = (s->tx_status_head + 1) % STATUS_WORDS;
        s->tx_status_used--;
        tx_run(s);
    }
    return v;
}

/* -- the MAC and its EEPROM ------------------------------------------------------------------------------------------------ */

static void load_address(Lan9118 *s)
{
    *reg(s, E2P_CMD) &= ~(uint32_t)E2P_LOADED;
    if (s->eeprom[0] == EEPROM_MAGIC) {
        s->mac_reg[ADDRL] = ldl_le_p(s->eeprom + 1);
        s->mac_reg[ADDRH] = lduw_le_p(s->eeprom + 5);
        *reg(s, E2P_CMD) |= E2P_LOADED;
    }
}

static void eeprom_command(Lan9118 *s, uint32_t v)
{
    uint8_t at = v & (EEPROM_SIZE - 1);
    unsigned command = extract32(v, 28, 3);

    *reg(s, E2P_CMD) = (*reg(s, E2P_CMD) & E2P_LOADED) | (v & 0x700000ff);
    if (!(v >> 31)) {
        return;
    }
    switch (command) {
    case E2P_READ:
        *reg(s, E2P_DATA) = s->eeprom[at];
        break;
    case E2P_EWDS:
    case E2P_EWEN:
        s->eeprom_writable = command == E2P_EWEN;
        break;
    case E2P_RELOAD:
        load_address(s);
        break;
    default:
        if (!s->eeprom_writable) {
            log_guest_error("%s: a write to the EEPROM, which is not enabled\n", TYPE_LAN9118);
        } else if (command == E2P_WRITE || command == E2P_ERASE) {
            s->eeprom[at] = command == E2P_WRITE ? *reg(s, E2P_DATA) : 0xff;
        } else {
            memset(s->eeprom, command == E2P_WRAL ? (int)(*reg(s, E2P_DATA) & 0xff) : 0xff, EEPROM_SIZE);
        }
    }
}

static void mac_write(Lan9118 *s, unsigned n, uint32_t v)
{
    uint32_t old = s->mac_reg[MAC_CR];

    switch (n) {
    case MAC_CR:
        s->mac_reg[MAC_CR] = v & CR_ALL;
        if (old & ~v & CR_RXEN) {
            *reg(s, INT_STS) |= INT_RXSTOP;
        }
        tx_run(s);
        net_receive_ready(s->nb);
        break;
    case ADDRH:
    case MII_DATA:
        s->mac_reg[n] = v & 0xffff;
        break;
    case MII_ACC:
        s->mac_reg[n] = v & 0xffff;
        mii_access(s);
        break;
    case FLOW:
        s->mac_reg[n] = v & ~(uint32_t)FLOW_BUSY;
        break;
    default:
        s->mac_reg[n] = v;
    }
}

static void mac_command(Lan9118 *s, uint32_t v)
{
    unsigned n = v & 0xff;

    *reg(s, MAC_CSR_CMD) = v & 0x400000ff;
    if (!(v >> 31)) {
        return;
    }
    if (n < MAC_CR || n >= NUM_MAC) {
        log_unimp("%s: MAC register %u\n", TYPE_LAN9118, n);
        if (v & CSR_READ) {
            *reg(s, MAC_CSR_DATA) = 0;
        }
    } else if (v & CSR_READ) {
        *reg(s, MAC_CSR_DATA) = s->mac_reg[n];
    } else {
        mac_write(s, n, *reg(s, MAC_CSR_DATA));
    }
}

/* -- registers ----------------------------------------------------------------------------------------------------------- */

static int64_t now(Lan9118 *s)
{
    return clock_now(device_clock(&s->parent));
}

static int64_t gpt_period(Lan9118 *s)
{
    return ((int64_t)(*reg(s, GPT_CFG) & 0xffff) + 1) * GPT_NS;
}

static void gpt_expired(void *opaque)
{
    Lan9118 *s = opaque;

    timer_mod(&s->gpt, now(s) + gpt_period(s));
    interrupt(s, INT_GPT);
}

static uint32_t gpt_count(Lan9118 *s)
{
    int64_t left = s->gpt.expire - now(s);

    return !timer_armed(&s->gpt) ? 0xffff : left > 0 ? (uint32_t)((left - 1) / GPT_NS) : 0;
}

static void gpt_write(Lan9118 *s, uint32_t v)
{
    *reg(s, GPT_CFG) = v & (GPT_EN | 0xffff);
    if (v & GPT_EN) {
        timer_mod(&s->gpt, now(s) + gpt_period(s));
    } else {
        timer_del(&s->gpt);
    }
}

/* What HW_CFG.SRST leaves is the PHY and the EEPROM, from which the address comes again. */
static void soft_reset(Lan9118 *s)
{
    timer_del(&s->gpt);
    timer_del(&s->deassertion);
    memset(s->reg, 0, sizeof(s->reg));
    memset(s->mac_reg, 0, sizeof(s->mac_reg));
    *reg(s, FIFO_INT) = 0x48000000;
    *reg(s, HW_CFG) = 5 << 16;
    *reg(s, PMT_CTRL) = PMT_READY;
    *reg(s, GPT_CFG) = 0xffff;
    s->mac_reg[MAC_CR] = CR_PRMS;
    s->mac_reg[ADDRH] = 0xffff;
    s->mac_reg[ADDRL] = UINT32_MAX;
    s->eeprom_writable = false;
    s->tx_used = s->tx_status_head = s->tx_status_used = 0;
    s->half_at = 0;
    s->half = 0;
    s->asserted = false;
    s->counting_since = now(s);
    rx_clear(s);
    load_address(s);
    update(s);
    net_receive_ready(s->nb);
}

static void hw_cfg_write(Lan9118 *s, uint32_t v)
{
    unsigned size = extract32(v, 16, 4);

    if (v & HW_SRST) {
        soft_reset(s);
        return;
    }
    if (size < 2 || size > 14) {
        log_guest_error("%s: a transmit FIFO of %u KiB\n", TYPE_LAN9118, size);
        size = tx_kib(s);
    }
    if (size != tx_kib(s)) {                    /* only when both are empty, says the data sheet */
        s->tx_used = 0;
        rx_clear(s);
    }
    *reg(s, HW_CFG) = size << 16 | (v & HW_SF);
}

static void tx_cfg_write(Lan9118 *s, uint32_t v)
{
    if (v & TXCFG_TXS_DUMP) {
        s->tx_status_head = s->tx_status_used = 0;
    }
    if (v & TXCFG_TXD_DUMP) {
        s->tx_used = 0;
    }
    *reg(s, TX_CFG) = v & (TXCFG_TXSAO | TXCFG_TX_ON);
    if (v & TXCFG_STOP) {
        *reg(s, TX_CFG) &= ~(uint32_t)TXCFG_TX_ON;
        *reg(s, INT_STS) |= INT_TXSTOP;
    }
    tx_run(s);
}

static uint32_t reg_read(Lan9118 *s, unsigned offset)
{
    uint32_t v;

    if (offset < TX_DATA) {
        return rx_pop(s);
    }
    switch (offset) {
    case RX_STATUS:
    case RX_STATUS_PEEK:
        return rx_status_pop(s, offset == RX_STATUS_PEEK);
    case TX_STATUS:
    case TX_STATUS_PEEK:
        return tx_status_pop(s, offset == TX_STATUS_PEEK);
    case ID_REV:
        return s->id_rev;
    case INT_CFG:
        return *reg(s, INT_CFG) | (*reg(s, INT_STS) & *reg(s, INT_EN) ? CFG_IRQ_INT : 0) |
               (timer_armed(&s->deassertion) ? CFG_DEAS_STS : 0);
    case BYTE_TEST:
        return 0x87654321;
    case RX_FIFO_INF:
        return s->rx_status_used << 16 | s->rx_used * 4;
    case TX_FIFO_INF:
        return s->tx_status_used << 16 | (tx_capacity(s) - s->tx_used) * 4;
    case GPT_CNT:
        return gpt_count(s);
    case FREE_RUN:
        return (uint32_t)muldiv64((uint64_t)(now(s) - s->counting_since), 25, 1000);
    case RX_DROP:
        v = *reg(s, RX_DROP);
        *reg(s, RX_DROP) = 0;
        return v;
    case INT_STS: case INT_EN: case FIFO_INT: case RX_CFG: case TX_CFG: case HW_CFG: case PMT_CTRL: case GPIO_CFG: case GPT_CFG:
    case WORD_SWAP: case MAC_CSR_CMD: case MAC_CSR_DATA: case AFC_CFG: case E2P_CMD: case E2P_DATA:
        return *reg(s, offset);
    case RX_DP_CTRL:                            /* done at once */
        return 0;
    default:
        log_guest_error("%s: read at offset 0x%x, where no register is\n", TYPE_LAN9118, offset);
        return 0;
    }
}

static void reg_write(Lan9118 *s, unsigned offset, uint32_t v)
{
    if (offset >= TX_DATA && offset < RX_STATUS) {
        tx_push(s, v);
        return;
    }
    switch (offset) {
    case INT_CFG:
        if (v & CFG_DEAS_CLR) {
            timer_del(&s->deassertion);
        }
        *reg(s, INT_CFG) = v & (CFG_DEAS | CFG_IRQ_EN | CFG_IRQ_POL | CFG_IRQ_TYPE);
        break;
    case INT_STS:
        *reg(s, INT_STS) &= ~v;
        break;
    case INT_EN:
        if (~*reg(s, INT_EN) & v & INT_SW) {
            *reg(s, INT_STS) |= INT_SW;
        }
        *reg(s, INT_EN) = v & INT_ALL;
        break;
    case BYTE_TEST:                             /* wakes it up */
        *reg(s, PMT_CTRL) &= ~(uint32_t)PMT_PM_MODE;
        break;
    case RX_CFG:
        if (v & RXCFG_DUMP) {
            rx_clear(s);
            net_receive_ready(s->nb);
        }
        *reg(s, RX_CFG) = v & 0xcfff1f00;
        break;
    case TX_CFG:
        tx_cfg_write(s, v);
        break;
    case HW_CFG:
        hw_cfg_write(s, v);
        break;
    case RX_DP_CTRL:
        if (v & RX_FFWD) {
            rx_fast_forward(s);
        }
        break;
    case PMT_CTRL:
        if (v & PMT_PHY_RST) {
            phy_reset(s);
        }
        *reg(s, PMT_CTRL) = (v & 0x334e) | (*reg(s, PMT_CTRL) & ~v & PMT_WUPS) | PMT_READY;
        break;
    case GPT_CFG:
        gpt_write(s, v);
        break;
    case MAC_CSR_CMD:
        mac_command(s, v);
        break;
    case E2P_CMD:
        eeprom_command(s, v);
        break;
    case E2P_DATA:
        *reg(s, E2P_DATA) = v & 0xff;
        break;
    case FIFO_INT: case GPIO_CFG: case WORD_SWAP: case MAC_CSR_DATA: case AFC_CFG:
        *reg(s, offset) = v;
        break;
    default:
        log_guest_error("%s: write of 0x%x at offset 0x%x, where nothing can be written\n", TYPE_LAN9118, v, offset);
    }
    update(s);
}

static MemTxResult lan_read(void *opaque, hwaddr addr, unsigned size, uint64_t *ret_value, MemTxAttrs attrs)
{
    Lan9118 *s = opaque;
    unsigned at = addr & ~(hwaddr)3;

    if (size == 4) {
        *ret_value = reg_read(s, at);
    } else if (!(addr & 2)) {
        s->half = reg_read(s, at);
        s->half_at = (uint8_t)(at + 1);
        *ret_value = s->half & 0xffff;
    } else {
        *ret_value = (s->half_at == at + 1 ? s->half : reg_read(s, at)) >> 16;
        s->half_at = 0;
    }
    return MEMTX_OK;
}

static MemTxResult lan_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    Lan9118 *s = opaque;
    unsigned at = addr & ~(hwaddr)3;

    if (size == 4) {
        reg_write(s, at, (uint32_t)value);
    } else if (!(addr & 2)) {
        s->half = (uint32_t)value;
        s->half_at = (uint8_t)(at + 1);
    } else {
        uint32_t low = s->half_at == at + 1 ? s->half & 0xffff : 0;

        s->half_at = 0;
        reg_write(s, at, (uint32_t)value << 16 | low);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps lan_ops = { .read = lan_read, .write = lan_write, .min_size = 2, .max_size = 4 };

/* -- the device ---------------------------------------------------------------------------------------------------------- */

static bool lan_realize(Device *dev, GError **error)
{
    Lan9118 *s = LAN9118(dev);

    memory_region_init_io(&s->mr, &dev->parent, &lan_ops, s, "regs", SIZE);
    device_init_region(dev, "regs", &s->mr);
    timer_init(&s->gpt, device_clock(dev), gpt_expired, s);
    timer_init(&s->deassertion, device_clock(dev), deasserted, s);
    memset(s->eeprom, 0xff, sizeof(s->eeprom));
    s->eeprom[0] = EEPROM_MAGIC;
    memcpy(s->eeprom + 1, s->mac, sizeof(s->mac));
    return net_attach(s->nb, s, can_receive, receive, error);
}

static void lan_unrealize(Device *dev)
{
    Lan9118 *s = LAN9118(dev);

    net_detach(s->nb, s);
    timer_del(&s->gpt);
    timer_del(&s->deassertion);
    memory_region_destroy(&s->mr);
}

static void lan_reset(Device *dev, ResetType type)
{
    Lan9118 *s = LAN9118(dev);

    phy_reset(s);
    soft_reset(s);
}

static bool lan_post_load(void *opaque, GError **error)
{
    Lan9118 *s = opaque;

    s->tx_above = tx_status_above(s);
    s->tx_full = tx_status_full(s);
    drive(s);
    return true;
}

static const VMStateField lan_vmstate[] = {
    VMSTATE_UINT_ARRAY(Lan9118, reg), VMSTATE_UINT_ARRAY(Lan9118, mac_reg), VMSTATE_UINT_ARRAY(Lan9118, phy),
    VMSTATE_UINT_ARRAY(Lan9118, eeprom), VMSTATE_BOOL(Lan9118, eeprom_writable),
    VMSTATE_UINT_ARRAY(Lan9118, tx), VMSTATE_UINT(Lan9118, tx_used),
    VMSTATE_UINT_ARRAY(Lan9118, tx_status), VMSTATE_UINT(Lan9118, tx_status_head), VMSTATE_UINT(Lan9118, tx_status_used),
    VMSTATE_UINT_ARRAY(Lan9118, rx), VMSTATE_UINT(Lan9118, rx_head), VMSTATE_UINT(Lan9118, rx_used),
    VMSTATE_UINT_ARRAY(Lan9118, rx_status), VMSTATE_UINT(Lan9118, rx_status_head), VMSTATE_UINT(Lan9118, rx_status_used),
    VMSTATE_UINT_ARRAY(Lan9118, rx_packet), VMSTATE_UINT(Lan9118, rx_packet_head), VMSTATE_UINT(Lan9118, rx_packet_used),
    VMSTATE_UINT(Lan9118, rx_left), VMSTATE_UINT(Lan9118, rx_pad), VMSTATE_UINT(Lan9118, half), VMSTATE_UINT(Lan9118, half_at),
    VMSTATE_BOOL(Lan9118, asserted), VMSTATE_UINT(Lan9118, counting_since), VMSTATE_TIMER(Lan9118, gpt),
    VMSTATE_TIMER(Lan9118, deassertion), VMSTATE_POST_LOAD(lan_post_load), VMSTATE_END
};

static bool mac_set(Object *obj, const Property *p, const char *value, GError **error)
{
    return net_parse_mac(value, LAN9118(obj)->mac, error);
}

static char *mac_get(Object *obj, const Property *p)
{
    return net_format_mac(LAN9118(obj)->mac);
}

static void lan_init(Object *obj)
{
    Lan9118 *s = LAN9118(obj);
    static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

    memcpy(s->mac, mac, sizeof(mac));
    device_init_irq_out(DEVICE(obj), "irq", &s->irq, 1);
}

static const Property lan_props[] = {
    { .name = "netdev", .type = PROP_NET, .offset = offsetof(Lan9118, nb), .help = "the network it is on" },
    { .name = "mac", .type = PROP_STRING, .offset = offsetof(Lan9118, mac), .set = mac_set, .get = mac_get,
      .help = "the address in its EEPROM; 52:54:00:12:34:56 by default" },
    { .name = "id-rev", .type = PROP_U32, .offset = offsetof(Lan9118, id_rev), .def = 0x01180001,
      .help = "ID_REV: which chip; 0x92200000 is a LAN9220" },
    PROP_END
};

static void lan_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = lan_realize;
    dc->unrealize = lan_unrealize;
    dc->reset = lan_reset;
    dc->vmstate = lan_vmstate;
    dc->category = "Network";
}

const TypeInfo lan9118_type = {
    .name = TYPE_LAN9118, .parent = TYPE_DEVICE, .desc = "SMSC LAN9118 Ethernet controller", .instance_size = sizeof(Lan9118),
    .props = lan_props, .init = lan_init, .class_init = lan_class_init,
};
