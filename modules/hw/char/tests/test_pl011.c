/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PL011: data both ways, FIFOs and their levels, the receive timeout, interrupts, loopback. */
#include <string.h>
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_char);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_char), NULL };

enum { DR = 0x00, RSR = 0x04, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34, IMSC = 0x38,
       RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48 };
enum { FEN = 1 << 4, RXFE = 1 << 4, RXFF = 1 << 6, TXFE = 1 << 7 };
enum { INT_RX = 1 << 4, INT_TX = 1 << 5, INT_RT = 1 << 6, INT_BE = 1 << 9, INT_OE = 1 << 10 };

static DevTest *new_uart(void)
{
    return devtest_new(modules, "pl011", NULL);
}

static void test_ids(void)
{
    static const uint8_t ids[8] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    DevTest *t = new_uart();

    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(devtest_read32(t, 0xfe0 + 4 * i), ==, ids[i]);
    }
    g_assert_cmphex(devtest_read32(t, CR), ==, 0x300);
    g_assert_cmphex(devtest_read32(t, IFLS), ==, 0x12);
    g_assert_cmphex(devtest_read32(t, FR), ==, RXFE | TXFE);
    devtest_free(t);
}

static void test_transmit(void)
{
    DevTest *t = new_uart();
    g_autofree char *out = NULL;

    devtest_write32(t, CR, 0x301);
    devtest_write32(t, IMSC, INT_TX);
    g_assert_false(devtest_irq(t, "intr"));
    devtest_write32(t, DR, 'h');
    devtest_write(t, NULL, DR, 1, 'i');
    g_assert_true(devtest_irq(t, "intr"));
    g_assert_cmphex(devtest_read32(t, MIS), ==, INT_TX);
    devtest_write32(t, ICR, INT_TX);
    g_assert_false(devtest_irq(t, "intr"));
    out = devtest_output(t, "chardev");
    g_assert_cmpstr(out, ==, "hi");
    devtest_free(t);
}

/* A byte arriving raises UARTINTR; reading it lowers the line. */
static void test_rx_interrupt(void)
{
    DevTest *t = new_uart();

    devtest_write32(t, IMSC, INT_RX);
    devtest_feed(t, "chardev", "A", 1);
    g_assert_true(devtest_irq(t, "intr"));
    g_assert_cmphex(devtest_read32(t, FR) & RXFE, ==, 0);
    g_assert_cmphex(devtest_read32(t, DR), ==, 'A');
    g_assert_false(devtest_irq(t, "intr"));
    g_assert_cmphex(devtest_read32(t, FR) & RXFE, ==, RXFE);
    devtest_free(t);
}

/* With the FIFO on, the trigger is half of 32 bytes; fewer raise the timeout after 32 bit periods. */
static void test_fifo(void)
{
    DevTest *t = new_uart();
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    devtest_write32(t, LCR_H, FEN | 0x60);
    devtest_write32(t, IBRD, 13);               /* 24 MHz / 16 / 13.02 = 115200 */
    devtest_write32(t, FBRD, 1);
    devtest_write32(t, IMSC, INT_RX | INT_RT);
    devtest_feed(t, "chardev", text, 15);
    g_assert_false(devtest_irq(t, "intr"));
    devtest_step(t, 277000);
    g_assert_false(devtest_irq(t, "intr"));
    devtest_step(t, 1000);
    g_assert_cmphex(devtest_read32(t, MIS), ==, INT_RT);
    devtest_feed(t, "chardev", text + 15, 1);
    g_assert_cmphex(devtest_read32(t, MIS), ==, INT_RT | INT_RX);
    g_assert_cmphex(devtest_read32(t, DR), ==, '0');
    g_assert_cmphex(devtest_read32(t, MIS), ==, INT_RT);
    devtest_feed(t, "chardev", text + 16, 20);  /* 36 in all: 32 fit beside the one that was read, three wait */
    g_assert_cmphex(devtest_read32(t, FR) & RXFF, ==, RXFF);
    for (unsigned i = 1; i < 36; i++) {
        g_assert_cmphex(devtest_read32(t, DR), ==, (uint8_t)text[i]);
    }
    g_assert_cmphex(devtest_read32(t, FR) & RXFE, ==, RXFE);
    g_assert_false(devtest_irq(t, "intr"));
    devtest_free(t);
}

static void test_loopback(void)
{
    DevTest *t = new_uart();
    g_autofree char *out = NULL;

    devtest_write32(t, CR, 0x381 | 0xc00);      /* LBE, RTS, DTR */
    g_assert_cmphex(devtest_read32(t, FR) & 7, ==, 3);
    devtest_write32(t, DR, 'x');
    devtest_write32(t, DR, 'y');                /* the holding register is full: an overrun */
    g_assert_cmphex(devtest_read32(t, RIS) & INT_OE, ==, INT_OE);
    g_assert_cmphex(devtest_read32(t, DR), ==, 'x' | 0x800);
    g_assert_cmphex(devtest_read32(t, RSR), ==, 8);
    devtest_write32(t, RSR, 0);
    g_assert_cmphex(devtest_read32(t, RSR), ==, 0);
    out = devtest_output(t, "chardev");
    g_assert_cmpstr(out, ==, "");
    devtest_free(t);
}

static void test_fuzz(void)
{
    devtest_fuzz(new_uart(), 50);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hw/pl011/ids", test_ids);
    g_test_add_func("/hw/pl011/transmit", test_transmit);
    g_test_add_func("/hw/pl011/rx_interrupt", test_rx_interrupt);
    g_test_add_func("/hw/pl011/fifo", test_fifo);
    g_test_add_func("/hw/pl011/loopback", test_loopback);
    g_test_add_func("/hw/pl011/fuzz", test_fuzz);
    return g_test_run();
}
