/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Ethernet controller of LM3S6965 as its data sheet and its drivers use it. */
#include "core/bits.h"
#include "tests/lib/testnet.h"

DEVTEST_MODULE(hw_net);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_net), NULL };

enum { RIS = 0x00, IM = 0x04, RCTL = 0x08, TCTL = 0x0c, DATA = 0x10, IA0 = 0x14, IA1 = 0x18, THR = 0x1c, MCTL = 0x20, MTXD = 0x2c,
       MRXD = 0x30, NP = 0x34, TR = 0x38 };
enum { RXINT = 1, TXER = 2, TXEMP = 4, FOV = 8, MDINT = 0x20, PHYINT = 0x40 };

static DevTest *new_nic(void)
{
    DevTest *t = devtest_new_setup(modules, "stellaris-enet", testnet_setup, NULL, NULL);

    devtest_write32(t, IA0, 0x12005452);
    devtest_write32(t, IA1, 0x5734);
    return t;
}

static void deliver(DevTest *t, const char *to, size_t len)
{
    uint8_t frame[2048] = { 0 };

    for (unsigned i = 0; i < len; i++) {
        frame[i] = (uint8_t)(i * 7);
    }
    memcpy(frame, to, 6);
    net_deliver(&testnet_of(t)->parent, frame, len);
}

#define OWN "RT\0\x12\x34\x57"
#define ALL "\xff\xff\xff\xff\xff\xff"
#define GROUP "\x01\0\x5e\0\0\1"

/* Reads a frame; its length as the FIFO says it. */
static unsigned take(DevTest *t)
{
    uint32_t first = devtest_read32(t, DATA), len = first & 0xffff;

    for (unsigned i = 4; i < len; i += 4) {
        devtest_read32(t, DATA);
    }
    return len;
}

static uint16_t phy_read(DevTest *t, unsigned n)
{
    devtest_write32(t, MCTL, n << 3 | 1);
    g_assert_cmphex(devtest_read32(t, MCTL) & 1, ==, 0);
    return (uint16_t)devtest_read32(t, MRXD);
}

static void phy_write(DevTest *t, unsigned n, uint16_t v)
{
    devtest_write32(t, MTXD, v);
    devtest_write32(t, MCTL, n << 3 | 3);
}

static void test_reset_values(void)
{
    DevTest *t = new_nic();

    g_assert_cmphex(devtest_read32(t, RIS), ==, 0);
    g_assert_cmphex(devtest_read32(t, IM), ==, 0x7f);
    g_assert_cmphex(devtest_read32(t, RCTL), ==, 8);
    g_assert_cmphex(devtest_read32(t, THR), ==, 0x3f);
    g_assert_cmphex(phy_read(t, 0), ==, 0x3100);
    g_assert_cmphex(phy_read(t, 1), ==, 0x786d);                /* linked, negotiated */
    g_assert_cmphex(phy_read(t, 2), ==, 0x000e);
    g_assert_cmphex(phy_read(t, 3), ==, 0x7237);
    devtest_free(t);
}

static void test_phy(void)
{
    DevTest *t = new_nic();

    phy_read(t, 17);
    devtest_write32(t, RIS, MDINT);
    g_assert_false(devtest_irq(t, "irq"));
    g_assert_cmphex(phy_read(t, 17), ==, 0);    /* reading has cleared it */
    g_assert_cmphex(devtest_read32(t, RIS), ==, MDINT);
    g_assert_true(devtest_irq(t, "irq"));
    phy_write(t, 17, 0x0100);                   /* tell when negotiation ends */
    phy_write(t, 0, 0x1200);
    g_assert_cmphex(devtest_read32(t, RIS) & PHYINT, ==, PHYINT);
    g_assert_cmphex(phy_read(t, 17), ==, 0x0105);
    phy_write(t, 0, 0x0000);                    /* 10 Mbit/s, half duplex, no negotiation */
    g_assert_cmphex(phy_read(t, 1) & 0x24, ==, 4);
    g_assert_cmphex(phy_read(t, 18), ==, 0x0300);
    devtest_free(t);
}

static void test_receive(void)
{
    DevTest *t = new_nic();
    uint32_t word;

    deliver(t, OWN, 100);                       /* off */
    g_assert_cmpuint(devtest_read32(t, NP), ==, 0);
    devtest_write32(t, RCTL, 1);
    deliver(t, OWN, 101);
    deliver(t, ALL, 42);
    deliver(t, "RT\0\0\0\2", 64);               /* another's */
    deliver(t, GROUP, 64);
    g_assert_cmpuint(devtest_read32(t, NP), ==, 2);
    g_assert_true(devtest_irq(t, "irq"));
    word = devtest_read32(t, DATA);
    g_assert_cmpuint(word & 0xffff, ==, 2 + 101 + 4);
    g_assert_cmphex(word >> 16, ==, 'T' << 8 | 'R');
    devtest_write32(t, RIS, RXINT);             /* seen */
    g_assert_false(devtest_irq(t, "irq"));
    for (unsigned i = 4; i + 4 < 107; i += 4) {
        word = devtest_read32(t, DATA);
        if (i == 8) {
            g_assert_cmphex(word, ==, 0x3f38312a);
        }
    }
    devtest_read32(t, DATA);                    /* the last, of which 3 bytes are the FCS */
    g_assert_true(devtest_irq(t, "irq"));       /* there is one more */
    g_assert_cmpuint(devtest_read32(t, NP), ==, 1);
    g_assert_cmpuint(take(t), ==, 2 + 60 + 4);  /* as short as a wire has them */
    g_assert_cmpuint(devtest_read32(t, NP), ==, 0);
    g_assert_false(devtest_irq(t, "irq"));
    g_assert_cmphex(devtest_read32(t, DATA), ==, 0);
    /* all of a group, all of all */
    devtest_write32(t, RCTL, 3);
    deliver(t, GROUP, 64);
    deliver(t, "RT\0\0\0\2", 64);
    g_assert_cmpuint(devtest_read32(t, NP), ==, 1);
    devtest_write32(t, RCTL, 5);
    deliver(t, "RT\0\0\0\2", 64);
    g_assert_cmpuint(devtest_read32(t, NP), ==, 2);
    devtest_write32(t, RCTL, 0x10);
    g_assert_cmpuint(devtest_read32(t, NP), ==, 0);
    g_assert_cmphex(devtest_read32(t, RCTL), ==, 0);
    devtest_free(t);
}

/* The FCS of 60 zero bytes behind a frame, in the place where software finds it. */
static void test_fcs(void)
{
    static const uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    DevTest *t = new_nic();
    uint32_t words[17], crc = UINT32_MAX;

    devtest_write32(t, RCTL, 1);
    net_deliver(&testnet_of(t)->parent, frame, sizeof(frame));
    for (unsigned i = 0; i < 17; i++) {
        words[i] = devtest_read32(t, DATA);
    }
    /* over a frame and its FCS the register ends as 0xdebb20e3, whatever the frame */
    for (unsigned i = 2; i < 66; i++) {
        uint8_t byte = ((uint8_t *)words)[i];

        for (unsigned bit = 0; bit < 8; bit++, byte >>= 1) {
            crc = crc >> 1 ^ ((crc ^ byte) & 1 ? 0xedb88320 : 0);
        }
    }
    g_assert_cmphex(crc, ==, 0xdebb20e3);
    devtest_free(t);
}

static void test_overrun(void)
{
    DevTest *t = new_nic();

    devtest_write32(t, RCTL, 1);
    deliver(t, OWN, 1514);
    g_assert_false(net_can_deliver(&testnet_of(t)->parent));
    deliver(t, OWN, 1514);                      /* from one who does not ask */
    g_assert_cmpuint(devtest_read32(t, NP), ==, 1);
    g_assert_cmphex(devtest_read32(t, RIS), ==, FOV | RXINT);
    g_assert_cmpuint(take(t), ==, 1520);
    g_assert_true(net_can_deliver(&testnet_of(t)->parent));
    devtest_free(t);
}

static void put_frame(DevTest *t, unsigned data)
{
    devtest_write32(t, DATA, data | 0x6261 << 16);
    for (unsigned i = 2; i < 14 + data; i += 4) {
        devtest_write32(t, DATA, 0x66656463);
    }
}

static void test_send(void)
{
    DevTest *t = new_nic();
    GString *sent = testnet_of(t)->sent;

    put_frame(t, 50);
    devtest_write32(t, TR, 1);
    g_assert_cmphex(devtest_read32(t, TR), ==, 1);              /* waits for the transmitter */
    g_assert_cmpuint(sent->len, ==, 0);
    devtest_write32(t, TCTL, 1);
    g_assert_cmphex(devtest_read32(t, TR), ==, 0);
    g_assert_cmphex(devtest_read32(t, RIS), ==, TXEMP);
    g_assert_cmpuint(sent->len, ==, 64);
    g_assert_cmpint(memcmp(sent->str, "abcdefcdef", 10), ==, 0);
    g_string_truncate(sent, 0);
    put_frame(t, 10);                           /* not padded, and padded */
    devtest_write32(t, TR, 1);
    g_assert_cmpuint(sent->len, ==, 24);
    g_string_truncate(sent, 0);
    devtest_write32(t, TCTL, 3);
    put_frame(t, 10);
    devtest_write32(t, TR, 1);
    g_assert_cmpuint(sent->len, ==, 60);
    g_assert_cmpint(sent->str[24], ==, 0);
    g_string_truncate(sent, 0);
    devtest_write32(t, DATA, 2033);             /* longer than it can be */
    devtest_write32(t, RIS, TXEMP);
    devtest_write32(t, TR, 1);
    g_assert_cmphex(devtest_read32(t, RIS), ==, TXER);
    g_assert_cmpuint(sent->len, ==, 0);
    devtest_free(t);
}

static void test_early(void)
{
    DevTest *t = new_nic();
    GString *sent = testnet_of(t)->sent;

    devtest_write32(t, TCTL, 1);
    devtest_write32(t, THR, 1);                 /* from 36 bytes on, without NEWTX */
    put_frame(t, 10);
    g_assert_cmpuint(sent->len, ==, 0);
    devtest_write32(t, TR, 1);
    g_assert_cmpuint(sent->len, ==, 24);
    put_frame(t, 50);
    g_assert_cmpuint(sent->len, ==, 24 + 64);
    devtest_free(t);
}

static void test_loopback(void)
{
    DevTest *t = new_nic();

    devtest_write32(t, RCTL, 5);
    devtest_write32(t, TCTL, 1);
    phy_write(t, 0, 0x4000);
    put_frame(t, 86);
    devtest_write32(t, TR, 1);
    g_assert_cmpuint(testnet_of(t)->sent->len, ==, 0);
    g_assert_cmpuint(devtest_read32(t, NP), ==, 1);
    g_assert_cmpuint(take(t), ==, 106);
    devtest_free(t);
}

static void test_fuzz(void)
{
    devtest_fuzz(new_nic(), 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stellaris-enet/reset-values", test_reset_values);
    g_test_add_func("/stellaris-enet/phy", test_phy);
    g_test_add_func("/stellaris-enet/receive", test_receive);
    g_test_add_func("/stellaris-enet/fcs", test_fcs);
    g_test_add_func("/stellaris-enet/overrun", test_overrun);
    g_test_add_func("/stellaris-enet/send", test_send);
    g_test_add_func("/stellaris-enet/early", test_early);
    g_test_add_func("/stellaris-enet/loopback", test_loopback);
    g_test_add_func("/stellaris-enet/fuzz", test_fuzz);
    return g_test_run();
}
