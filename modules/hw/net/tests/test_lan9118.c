/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The LAN9118 as its data sheet and its drivers use it: identification, frames both ways, filters, interrupts, EEPROM. */
#include "core/bits.h"
#include "tests/lib/testnet.h"

DEVTEST_MODULE(hw_net);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_net), NULL };

enum {
    RX_STATUS = 0x40, RX_PEEK = 0x44, TX_STATUS = 0x48, ID_REV = 0x50, INT_CFG = 0x54, INT_STS = 0x58, INT_EN = 0x5c,
    BYTE_TEST = 0x64, FIFO_INT = 0x68, RX_CFG = 0x6c, TX_CFG = 0x70, HW_CFG = 0x74, RX_DP = 0x78, RX_INF = 0x7c, TX_INF = 0x80,
    PMT = 0x84, GPT_CFG = 0x8c, GPT_CNT = 0x90, FREE_RUN = 0x9c, RX_DROP = 0xa0, MAC_CMD = 0xa4, MAC_DATA = 0xa8, E2P_CMD = 0xb0,
    E2P_DATA = 0xb4,
};
enum { MAC_CR = 1, ADDRH, ADDRL, HASHH, HASHL, MII_ACC, MII_DATA };
#define FIRST_LAST (3u << 12)
#define RXEN 4u
#define TXEN 8u

static DevTest *new_nic(void)
{
    return devtest_new_setup(modules, "lan9118", testnet_setup, NULL, "mac", "52:54:00:12:34:57", "id-rev", "0x92200000", NULL);
}

static uint32_t mac_read(DevTest *t, unsigned n)
{
    devtest_write32(t, MAC_CMD, BIT32(31) | BIT32(30) | n);
    g_assert_cmphex(devtest_read32(t, MAC_CMD) >> 31, ==, 0);
    return devtest_read32(t, MAC_DATA);
}

static void mac_write(DevTest *t, unsigned n, uint32_t value)
{
    devtest_write32(t, MAC_DATA, value);
    devtest_write32(t, MAC_CMD, BIT32(31) | n);
}

static uint32_t phy_read(DevTest *t, unsigned phy, unsigned n)
{
    mac_write(t, MII_ACC, phy << 11 | n << 6 | 1);
    g_assert_cmphex(mac_read(t, MII_ACC) & 1, ==, 0);
    return mac_read(t, MII_DATA);
}

static void phy_write(DevTest *t, unsigned n, uint32_t value)
{
    mac_write(t, MII_DATA, value);
    mac_write(t, MII_ACC, 1 << 11 | n << 6 | 2 | 1);
}

/* A frame of len bytes from 52:54:00:00:00:01. */
static void deliver(DevTest *t, const char *to, size_t len)
{
    uint8_t frame[2048] = { 0 };

    for (unsigned i = 0; i < len; i++) {
        frame[i] = (uint8_t)(i * 7);
    }
    memcpy(frame, to, 6);
    memcpy(frame + 6, "RT\0\0\0\1\x08\0", 8);
    net_deliver(&testnet_of(t)->parent, frame, len);
}

static void start(DevTest *t, uint32_t cr)
{
    mac_write(t, MAC_CR, RXEN | TXEN | cr);
    devtest_write32(t, TX_CFG, 2);
}

#define OWN "RT\0\x12\x34\x57"
#define ALL "\xff\xff\xff\xff\xff\xff"

static void test_identity(void)
{
    DevTest *t = new_nic();

    g_assert_cmphex(devtest_read32(t, ID_REV), ==, 0x92200000);
    g_assert_cmphex(devtest_read32(t, BYTE_TEST), ==, 0x87654321);
    g_assert_cmphex(devtest_read32(t, HW_CFG), ==, 0x50000);
    g_assert_cmphex(devtest_read32(t, TX_INF), ==, 4608);
    g_assert_cmphex(devtest_read32(t, FIFO_INT), ==, 0x48000000);
    g_assert_cmphex(devtest_read32(t, PMT) & 1, ==, 1);
    g_assert_cmphex(devtest_read32(t, E2P_CMD), ==, 0x100);
    g_assert_cmphex(mac_read(t, ADDRL), ==, 0x12005452);
    g_assert_cmphex(mac_read(t, ADDRH), ==, 0x5734);
    g_assert_cmphex(mac_read(t, MAC_CR), ==, 0x40000);
    g_assert_cmphex(phy_read(t, 1, 2), ==, 7);
    g_assert_cmphex(phy_read(t, 1, 3), ==, 0xc0c3);
    g_assert_cmphex(phy_read(t, 2, 2), ==, 0xffff);
    g_assert_cmphex(phy_read(t, 1, 1), ==, 0x782d);
    /* two halves make a register; what is read twice is one read */
    g_assert_cmphex(devtest_read(t, NULL, BYTE_TEST, 2), ==, 0x4321);
    g_assert_cmphex(devtest_read(t, NULL, BYTE_TEST + 2, 2), ==, 0x8765);
    devtest_write(t, NULL, FIFO_INT, 2, 0x0102);
    g_assert_cmphex(devtest_read32(t, FIFO_INT), ==, 0x48000000);
    devtest_write(t, NULL, FIFO_INT + 2, 2, 0x0304);
    g_assert_cmphex(devtest_read32(t, FIFO_INT), ==, 0x03040102);
    devtest_free(t);
}

static void test_phy(void)
{
    DevTest *t = new_nic();

    phy_write(t, 30, 0x40);
    g_assert_cmphex(phy_read(t, 1, 29) & 0x40, ==, 0x40);
    g_assert_cmphex(phy_read(t, 1, 29), ==, 0);
    devtest_write32(t, INT_STS, UINT32_MAX);
    g_assert_cmphex(devtest_read32(t, INT_STS) & BIT32(18), ==, 0);
    phy_write(t, 0, 0x1200);                    /* negotiate again: it is done at once */
    g_assert_cmphex(devtest_read32(t, INT_STS) & BIT32(18), ==, BIT32(18));
    g_assert_cmphex(phy_read(t, 1, 0), ==, 0x1000);
    g_assert_cmphex(phy_read(t, 1, 5), ==, 0x45e1);
    g_assert_cmphex(phy_read(t, 1, 31), ==, 0x1018);
    phy_write(t, 0, 0x8000);
    g_assert_cmphex(phy_read(t, 1, 0), ==, 0x3000);
    devtest_free(t);
    t = devtest_new(modules, "lan9118", NULL);  /* no cable */
    g_assert_cmphex(phy_read(t, 1, 1), ==, 0x7809);
    g_assert_cmphex(devtest_read32(t, ID_REV), ==, 0x01180001);
    devtest_free(t);
}

static void test_send(void)
{
    DevTest *t = new_nic();
    GString *sent = testnet_of(t)->sent;
    uint32_t words[16];

    devtest_write32(t, 0x20, BIT32(31) | FIRST_LAST | 64);
    devtest_write32(t, 0x20, 0xabcd0000 | 64);
    for (unsigned i = 0; i < 16; i++) {
        words[i] = 0x01010101 * i;
        devtest_write32(t, 0x20 + 4 * (i % 8), words[i]);
    }
    g_assert_cmpuint(sent->len, ==, 0);         /* it may not send yet */
    g_assert_cmphex(devtest_read32(t, TX_INF), ==, 4608 - 18 * 4);
    start(t, 0);
    g_assert_cmpmem(sent->str, sent->len, words, 64);
    g_assert_cmphex(devtest_read32(t, TX_INF), ==, 1 << 16 | 4608);
    g_assert_cmphex(devtest_read32(t, INT_STS) & BIT32(21), ==, BIT32(21));
    g_assert_cmphex(devtest_read32(t, TX_STATUS), ==, 0xabcd0000);
    g_assert_cmphex(devtest_read32(t, TX_INF), ==, 4608);
    /* two segments: 3 bytes from the second byte of a word, 16-byte alignment; 7 bytes; padded to 60 */
    g_string_truncate(sent, 0);
    devtest_write32(t, 0x20, 1 << 24 | 1 << 16 | 1 << 13 | 3);
    devtest_write32(t, 0x20, 0x00010000 | 10);
    devtest_write32(t, 0x20, 0x33221100);
    devtest_write32(t, 0x20, 0xdead);
    devtest_write32(t, 0x20, 0xdead);
    devtest_write32(t, 0x20, 0xdead);
    devtest_write32(t, 0x20, 1 << 12 | 7);
    devtest_write32(t, 0x20, 0x00010000 | 10);
    devtest_write32(t, 0x20, 0x77665544);
    g_assert_cmpuint(sent->len, ==, 0);
    devtest_write32(t, 0x20, 0xaa998800 | 0x88);
    g_assert_cmpuint(sent->len, ==, 60);
    g_assert_cmpmem(sent->str, 10, "\x11\x22\x33\x44\x55\x66\x77\x88\x88\x99", 10);
    g_assert_cmphex((uint8_t)sent->str[10], ==, 0);
    /* segments of different tags: an error, and the FIFO is empty */
    devtest_write32(t, 0x20, 1 << 13 | 4);
    devtest_write32(t, 0x20, 0x00010000 | 8);
    devtest_write32(t, 0x20, 0);
    devtest_write32(t, 0x20, 1 << 12 | 4);
    devtest_write32(t, 0x20, 0x00020000 | 8);
    devtest_write32(t, 0x20, 0);
    g_assert_cmphex(devtest_read32(t, INT_STS) & BIT32(13), ==, BIT32(13));
    g_assert_cmpuint(sent->len, ==, 60);
    devtest_write32(t, TX_CFG, 1);              /* STOP_TX */
    g_assert_cmphex(devtest_read32(t, TX_CFG), ==, 0);
    g_assert_cmphex(devtest_read32(t, INT_STS) & BIT32(25), ==, BIT32(25));
    devtest_free(t);
}

/* 3.2.9 of the standard: over a frame with its sequence the register comes to this constant. */
static uint32_t residue(const uint8_t *p, size_t len)
{
    uint32_t crc = UINT32_MAX;

    while (len--) {
        for (unsigned i = 0, byte = *p; i < 8; i++, byte >>= 1) {
            crc = (crc >> 1) ^ ((crc ^ byte) & 1 ? 0xedb88320 : 0);
        }
        p++;
    }
    return crc;
}

static void test_receive(void)
{
    DevTest *t = new_nic();
    uint32_t words[32];

    deliver(t, OWN, 100);                       /* nobody listens */
    g_assert_cmphex(devtest_read32(t, RX_INF), ==, 0);
    start(t, 0);
    devtest_write32(t, RX_CFG, 2 << 8);
    devtest_write32(t, INT_EN, BIT32(3));
    devtest_write32(t, INT_CFG, 0x111);
    g_assert_false(devtest_irq(t, "irq"));
    deliver(t, OWN, 100);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmphex(devtest_read32(t, RX_INF), ==, 1 << 16 | 108);
    g_assert_cmphex(devtest_read32(t, RX_PEEK), ==, 104 << 16 | 0x20);
    g_assert_cmphex(devtest_read32(t, RX_STATUS), ==, 104 << 16 | 0x20);
    g_assert_cmphex(devtest_read32(t, RX_STATUS), ==, 0);
    for (unsigned i = 0; i < 27; i++) {
        words[i] = devtest_read32(t, 4 * (i % 8));
    }
    g_assert_cmpmem((uint8_t *)words + 2, 6, OWN, 6);
    g_assert_cmphex(residue((uint8_t *)words + 2, 104), ==, 0xdebb20e3);
    g_assert_cmphex(devtest_read32(t, RX_INF), ==, 0);
    devtest_write32(t, INT_STS, BIT32(3));
    g_assert_false(devtest_irq(t, "irq"));
    /* short frames have 60 bytes; a broadcast; 32-byte alignment of what is read */
    devtest_write32(t, RX_CFG, 2u << 30);
    deliver(t, ALL, 20);
    deliver(t, OWN, 61);
    g_assert_cmphex(devtest_read32(t, RX_STATUS), ==, 64 << 16 | 0x2020);
    g_assert_cmphex(devtest_read32(t, RX_STATUS), ==, 65 << 16 | 0x20);
    for (unsigned i = 0; i < 16; i++) {
        devtest_read32(t, 0);
    }
    g_assert_cmphex(devtest_read32(t, 0), ==, ldl_le_p((const uint8_t *)OWN));
    g_assert_cmphex(devtest_read32(t, RX_INF), ==, 16 * 4);
    for (unsigned i = 1; i < 24; i++) {
        devtest_read32(t, 0);
    }
    g_assert_cmphex(devtest_read32(t, INT_STS) & BIT32(14), ==, 0);
    devtest_read32(t, 0);                       /* one too many */
    g_assert_cmphex(devtest_read32(t, INT_STS) & BIT32(14), ==, BIT32(14));
    /* a packet may be thrown away before or while it is read */
    devtest_write32(t, RX_CFG, 0);
    deliver(t, OWN, 400);
    deliver(t, OWN, 401);
    deliver(t, ALL, 402);
    devtest_write32(t, RX_DP, BIT32(31));
    g_assert_cmphex(devtest_read32(t, RX_DP), ==, 0);
    devtest_read32(t, 0);
    devtest_write32(t, RX_DP, BIT32(31));
    g_assert_cmphex(devtest_read32(t, 0), ==, UINT32_MAX);
    devtest_write32(t, RX_CFG, 0x8000);
    g_assert_cmphex(devtest_read32(t, RX_INF), ==, 0);
    devtest_free(t);
}

/* A frame of 60 bytes goes out. */
static void send(DevTest *t)
{
    devtest_write32(t, 0x20, FIRST_LAST | 60);
    devtest_write32(t, 0x20, 60);
    for (unsigned i = 0; i < 15; i++) {
        devtest_write32(t, 0x20, i);
    }
}

/* TSFL and TSFF are of the moment when the FIFO comes there; RSFL is back as long as it is there. */
static void test_status_levels(void)
{
    enum { TSFF = BIT32(8), TSFL = BIT32(7), RSFL = BIT32(3) };
    DevTest *t = new_nic();

    start(t, 0);
    devtest_write32(t, FIFO_INT, 1 << 16);
    devtest_write32(t, INT_EN, TSFF | TSFL | RSFL);
    devtest_write32(t, INT_CFG, 0x111);
    send(t);
    g_assert_false(devtest_irq(t, "irq"));
    send(t);                                    /* two are more than one */
    g_assert_cmphex(devtest_read32(t, INT_STS) & (TSFF | TSFL), ==, TSFL);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, INT_STS, TSFL);
    g_assert_false(devtest_irq(t, "irq"));
    send(t);                                    /* it was above before */
    g_assert_cmphex(devtest_read32(t, INT_STS) & TSFL, ==, 0);
    devtest_read32(t, TX_STATUS);
    devtest_read32(t, TX_STATUS);
    send(t);
    g_assert_cmphex(devtest_read32(t, INT_STS) & TSFL, ==, TSFL);
    devtest_write32(t, TX_CFG, BIT32(15) | 2);  /* emptied */
    g_assert_cmphex(devtest_read32(t, INT_STS) & TSFL, ==, TSFL);
    devtest_write32(t, INT_STS, TSFL);
    for (unsigned i = 0; i < 127; i++) {
        send(t);
    }
    g_assert_cmphex(devtest_read32(t, INT_STS) & (TSFF | TSFL), ==, TSFL);
    send(t);
    g_assert_cmphex(devtest_read32(t, INT_STS) & (TSFF | TSFL), ==, TSFF | TSFL);
    devtest_write32(t, INT_STS, TSFF | TSFL);
    g_assert_false(devtest_irq(t, "irq"));
    send(t);                                    /* waits for room */
    g_assert_cmphex(devtest_read32(t, TX_INF), ==, 128 << 16 | (4608 - 17 * 4));
    g_assert_false(devtest_irq(t, "irq"));
    devtest_read32(t, TX_STATUS);               /* and fills it again */
    g_assert_cmphex(devtest_read32(t, TX_INF), ==, 128 << 16 | 4608);
    g_assert_cmphex(devtest_read32(t, INT_STS) & (TSFF | TSFL), ==, 0);
    devtest_read32(t, TX_STATUS);
    send(t);
    g_assert_cmphex(devtest_read32(t, INT_STS) & (TSFF | TSFL), ==, TSFF);
    devtest_write32(t, INT_STS, TSFF);
    g_assert_false(devtest_irq(t, "irq"));
    deliver(t, OWN, 100);
    deliver(t, OWN, 100);
    devtest_write32(t, INT_STS, RSFL);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_read32(t, RX_STATUS);
    devtest_write32(t, INT_STS, RSFL);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_read32(t, RX_STATUS);
    devtest_write32(t, INT_STS, RSFL);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_full(void)
{
    DevTest *t = new_nic();
    unsigned n = 0;

    start(t, 0);
    while (net_can_deliver(&testnet_of(t)->parent)) {
        deliver(t, OWN, 1514);
        n++;
    }
    g_assert_cmpuint(n, ==, 6);                 /* 10560 bytes by 1520 */
    g_assert_cmphex(devtest_read32(t, RX_DROP), ==, 0);
    deliver(t, OWN, 1514);
    g_assert_cmphex(devtest_read32(t, INT_STS) & BIT32(6), ==, BIT32(6));
    g_assert_cmphex(devtest_read32(t, RX_DROP), ==, 1);
    g_assert_cmphex(devtest_read32(t, RX_DROP), ==, 0);
    devtest_write32(t, RX_DP, BIT32(31));
    devtest_read32(t, RX_STATUS);
    g_assert_true(net_can_deliver(&testnet_of(t)->parent));
    devtest_free(t);
}

static unsigned received(DevTest *t)
{
    unsigned n = 0;

    while (devtest_read32(t, RX_INF) >> 16) {
        devtest_read32(t, RX_STATUS);
        devtest_write32(t, RX_DP, BIT32(31));
        n++;
    }
    return n;
}

static void test_filter(void)
{
    static const char other[] = "RT\0\x99\x98\x97", multi[] = "\x01\0\x5e\0\0\x01", multi6[] = "\x33\x33\0\0\0\x01";
    DevTest *t = new_nic();

    start(t, 0);
    deliver(t, other, 64);
    deliver(t, multi, 64);
    g_assert_cmpuint(received(t), ==, 0);
    deliver(t, ALL, 64);
    g_assert_cmpuint(received(t), ==, 1);
    start(t, BIT32(11));                        /* no broadcasts */
    deliver(t, ALL, 64);
    g_assert_cmpuint(received(t), ==, 0);
    start(t, BIT32(19));                        /* all multicasts */
    deliver(t, multi, 64);
    deliver(t, other, 64);
    g_assert_cmpuint(received(t), ==, 1);
    start(t, BIT32(18));                        /* everything */
    deliver(t, other, 64);
    g_assert_cmpuint(received(t), ==, 1);
    start(t, BIT32(17));                        /* all but its own */
    deliver(t, other, 64);
    deliver(t, OWN, 64);
    g_assert_cmpuint(received(t), ==, 1);
    /* Linux's ether_crc() >> 26: of 01:00:5e:00:00:01 it is 31, of 33:33:00:00:00:01 62 */
    start(t, BIT32(13));
    deliver(t, multi, 64);
    deliver(t, multi6, 64);
    g_assert_cmpuint(received(t), ==, 0);
    mac_write(t, HASHL, BIT32(31));
    deliver(t, multi, 64);
    deliver(t, multi6, 64);
    deliver(t, OWN, 64);
    g_assert_cmpuint(received(t), ==, 2);
    mac_write(t, HASHH, BIT32(30));
    deliver(t, multi6, 64);
    g_assert_cmpuint(received(t), ==, 1);
    start(t, BIT32(31));                        /* what the filter refuses comes marked */
    deliver(t, other, 64);
    g_assert_cmphex(devtest_read32(t, RX_STATUS), ==, BIT32(30) | 68 << 16 | 0x20);
    devtest_free(t);
}

static void test_loopback(void)
{
    DevTest *t = new_nic();

    for (unsigned how = 0; how < 2; how++) {
        start(t, BIT32(20) | (how ? 0 : BIT32(21)));
        phy_write(t, 0, how ? 0x6100 : 0x3000);
        devtest_write32(t, 0x20, FIRST_LAST | 60);
        devtest_write32(t, 0x20, 60);
        devtest_write32(t, 0x20, ldl_le_p((const uint8_t *)OWN));
        for (unsigned i = 1; i < 15; i++) {
            devtest_write32(t, 0x20, i == 1 ? 0x5734 : 0);
        }
        g_assert_cmpuint(testnet_of(t)->sent->len, ==, 0);
        g_assert_cmpuint(received(t), ==, 1);
    }
    devtest_free(t);
}

static void test_interrupts(void)
{
    DevTest *t = new_nic();

    devtest_write32(t, INT_CFG, 0x22000111);    /* 34 times 10 us */
    devtest_write32(t, INT_EN, BIT32(31));      /* asks for itself */
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmphex(devtest_read32(t, INT_CFG), ==, 0x22001111);
    devtest_write32(t, INT_STS, BIT32(31));
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, INT_EN, 0);
    devtest_write32(t, INT_EN, BIT32(31));
    g_assert_cmphex(devtest_read32(t, INT_CFG), ==, 0x22003111);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 339999);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 1);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, INT_CFG, 0x101);         /* active low */
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, INT_STS, BIT32(31));
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, INT_CFG, 0x111);
    /* the timer: 100 us a count; it interrupts as it wraps */
    devtest_write32(t, INT_EN, BIT32(19));
    devtest_write32(t, GPT_CFG, BIT32(29) | 9);
    devtest_step(t, 350000);
    g_assert_cmphex(devtest_read32(t, GPT_CNT), ==, 6);
    devtest_step(t, 649999);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 1);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, INT_STS, BIT32(19));
    devtest_step(t, 1000000);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, GPT_CFG, 9);
    g_assert_cmphex(devtest_read32(t, GPT_CNT), ==, 0xffff);
    g_assert_cmpuint(devtest_read32(t, FREE_RUN), ==, 2340000 / 40);
    /* room to send: a level, until the threshold is out of reach */
    devtest_write32(t, INT_STS, UINT32_MAX);
    devtest_write32(t, INT_EN, BIT32(9));
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, FIFO_INT, 25u << 24);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, INT_STS, BIT32(9));
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, FIFO_INT, 255u << 24);
    devtest_write32(t, INT_STS, BIT32(9));
    g_assert_false(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void eeprom(DevTest *t, unsigned command, unsigned at, unsigned data)
{
    devtest_write32(t, E2P_DATA, data);
    devtest_write32(t, E2P_CMD, BIT32(31) | command << 28 | at);
    g_assert_cmphex(devtest_read32(t, E2P_CMD) >> 31, ==, 0);
}

static void test_eeprom(void)
{
    DevTest *t = new_nic();

    for (unsigned i = 0; i < 8; i++) {
        eeprom(t, 0, i, 0);
        g_assert_cmphex(devtest_read32(t, E2P_DATA), ==, (uint8_t)("\xa5" OWN "\xff")[i]);
    }
    eeprom(t, 3, 6, 0x58);                      /* not enabled */
    eeprom(t, 0, 6, 0);
    g_assert_cmphex(devtest_read32(t, E2P_DATA), ==, 0x57);
    eeprom(t, 2, 0, 0);
    eeprom(t, 3, 6, 0x58);
    g_assert_cmphex(mac_read(t, ADDRH), ==, 0x5734);
    eeprom(t, 7, 0, 0);
    g_assert_cmphex(mac_read(t, ADDRH), ==, 0x5834);
    mac_write(t, ADDRH, 0);
    devtest_write32(t, HW_CFG, 1);              /* soft reset */
    g_assert_cmphex(devtest_read32(t, HW_CFG), ==, 0x50000);
    g_assert_cmphex(mac_read(t, ADDRH), ==, 0x5834);
    eeprom(t, 2, 0, 0);
    eeprom(t, 6, 0, 0);                         /* all erased: there is no address */
    eeprom(t, 7, 0, 0);
    g_assert_cmphex(devtest_read32(t, E2P_CMD) & 0x100, ==, 0);
    devtest_free(t);
}

static void test_fuzz(void)
{
    devtest_fuzz(new_nic(), 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lan9118/identity", test_identity);
    g_test_add_func("/lan9118/phy", test_phy);
    g_test_add_func("/lan9118/send", test_send);
    g_test_add_func("/lan9118/receive", test_receive);
    g_test_add_func("/lan9118/status-levels", test_status_levels);
    g_test_add_func("/lan9118/full", test_full);
    g_test_add_func("/lan9118/filter", test_filter);
    g_test_add_func("/lan9118/loopback", test_loopback);
    g_test_add_func("/lan9118/interrupts", test_interrupts);
    g_test_add_func("/lan9118/eeprom", test_eeprom);
    g_test_add_func("/lan9118/fuzz", test_fuzz);
    return g_test_run();
}
