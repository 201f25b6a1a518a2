/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of nRF51 against its manual (nRF51 Series Reference Manual 3.0). */
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_arm_m);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_arm_m), NULL };

static void test_uart(void)
{
    DevTest *t = devtest_new(modules, "nrf51-uart", NULL);
    g_autofree char *out = NULL;

    devtest_write32(t, 0x500, 4);
    devtest_write32(t, 0x008, 1);
    devtest_write32(t, 0x304, 1 << 7);
    devtest_write32(t, 0x51c, 'x');
    out = devtest_output(t, "chardev");
    g_assert_cmpstr(out, ==, "x");
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x11c, 0);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, 0x000, 1);
    devtest_feed(t, "chardev", "12345678", 8);  /* six of them fit */
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(devtest_read32(t, 0x108), ==, 1);
        devtest_write32(t, 0x108, 0);
        g_assert_cmphex(devtest_read32(t, 0x518), ==, '1' + i);
    }
    g_assert_cmphex(devtest_read32(t, 0x108), ==, 0);
    devtest_free(t);
}

static void test_timer(void)
{
    DevTest *t = devtest_new(modules, "nrf51-timer", NULL);

    devtest_write32(t, 0x508, 3);
    devtest_write32(t, 0x510, 4);               /* 1 MHz */
    devtest_write32(t, 0x540, 100);
    devtest_write32(t, 0x200, 1);               /* clear at the first comparison */
    devtest_write32(t, 0x304, 1 << 16);
    devtest_write32(t, 0x000, 1);
    devtest_step(t, 99000);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 1000);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x140, 0);
    devtest_step(t, 30000);
    devtest_write32(t, 0x044, 1);               /* capture */
    g_assert_cmpuint(devtest_read32(t, 0x544), ==, 30);
    devtest_step(t, 70000);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x004, 1);
    devtest_write32(t, 0x504, 1);               /* a counter */
    devtest_write32(t, 0x00c, 1);
    devtest_write32(t, 0x000, 1);
    devtest_write32(t, 0x008, 1);
    devtest_write32(t, 0x008, 1);
    devtest_write32(t, 0x044, 1);
    g_assert_cmpuint(devtest_read32(t, 0x544), ==, 2);
    devtest_free(t);
}

static void test_rtc(void)
{
    DevTest *t = devtest_new(modules, "nrf51-timer", "rtc", "on", NULL);

    devtest_write32(t, 0x540, 32768);
    devtest_write32(t, 0x304, 1 << 16);
    devtest_write32(t, 0x000, 1);
    devtest_step(t, 500000000);
    g_assert_cmpuint(devtest_read32(t, 0x504), ==, 16384);
    devtest_step(t, 500000000);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_rng(void)
{
    DevTest *t = devtest_new(modules, "nrf51-rng", NULL);

    devtest_write32(t, 0x200, 1);
    devtest_write32(t, 0x304, 1);
    devtest_write32(t, 0x000, 1);
    devtest_step(t, 1000000);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmpuint(devtest_read32(t, 0x508), <, 256);
    devtest_write32(t, 0x100, 0);
    devtest_step(t, 1000000);                   /* the shortcut has stopped it */
    g_assert_false(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_gpio(void)
{
    DevTest *t = devtest_new(modules, "nrf51-gpio", NULL);

    devtest_write32(t, 0x518, 1 << 3);
    devtest_write32(t, 0x508, 1 << 3);
    g_assert_true(devtest_irq_n(t, "out", 3));
    g_assert_cmphex(devtest_read32(t, 0x514), ==, 1 << 3);
    devtest_write32(t, 0x700 + 4 * 17, 3 << 2); /* an input with its pull-up */
    g_assert_cmphex(devtest_read32(t, 0x510) & 1 << 17, ==, 1 << 17);
    devtest_set_irq(t, "in", 17, 0);
    g_assert_cmphex(devtest_read32(t, 0x510) & 1 << 17, ==, 0);
    devtest_free(t);
}

static void test_clock_and_twi(void)
{
    DevTest *t = devtest_new(modules, "nrf51-clock", NULL);

    devtest_write32(t, 0x304, 2);
    devtest_write32(t, 0x518, 1);
    devtest_write32(t, 0x008, 1);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmphex(devtest_read32(t, 0x418), ==, 0x10001);
    devtest_free(t);
    t = devtest_new(modules, "nrf51-twi", NULL);
    devtest_write32(t, 0x500, 5);
    devtest_write32(t, 0x008, 1);
    g_assert_cmphex(devtest_read32(t, 0x124), ==, 1);
    g_assert_cmphex(devtest_read32(t, 0x4c4), ==, 2);
    devtest_free(t);
}

static void test_spi(void)
{
    DevTest *t = devtest_new(modules, "nrf51-twi", NULL);

    devtest_write32(t, 0x500, 1);
    devtest_write32(t, 0x304, 1 << 2);
    devtest_write32(t, 0x51c, 0x12);
    devtest_write32(t, 0x51c, 0x34);            /* behind the first */
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x108, 0);
    g_assert_cmphex(devtest_read32(t, 0x518), ==, 0xff);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x108, 0);
    devtest_read32(t, 0x518);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_power(void)
{
    DevTest *t = devtest_new(modules, "nrf51-clock", NULL);

    g_assert_cmphex(devtest_read32(t, 0x400), ==, 0);   /* the power came */
    devtest_write32(t, 0x51c, 0xb1);
    devtest_reset(t);
    g_assert_cmphex(devtest_read32(t, 0x400), ==, 1);   /* the pin */
    devtest_set_irq(t, "cause", 0, 1);
    devtest_reset(t);
    g_assert_cmphex(devtest_read32(t, 0x400), ==, 3);   /* and the watchdog */
    g_assert_cmphex(devtest_read32(t, 0x51c), ==, 0xb1);
    devtest_write32(t, 0x400, 2);
    g_assert_cmphex(devtest_read32(t, 0x400), ==, 1);
    devtest_write32(t, 0x538, 4);               /* a second's calibration timer */
    devtest_write32(t, 0x304, 1 << 4);
    devtest_write32(t, 0x014, 1);
    devtest_step(t, 999999999);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 1);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_flash(void)
{
    DevTest *t = devtest_new(modules, "nrf51-nvmc", NULL);

    devtest_write(t, "flash", 0x400, 4, 0);     /* it is not enabled */
    g_assert_cmphex(devtest_read(t, "flash", 0x400, 4), ==, UINT32_MAX);
    devtest_write32(t, 0x504, 1);
    devtest_write(t, "flash", 0x400, 4, 0x12345678);
    devtest_write(t, "flash", 0x400, 4, 0xffff00ff);
    devtest_write(t, "flash", 0x800, 4, 1);
    devtest_write(t, "uicr", 0x80, 4, 2);
    g_assert_cmphex(devtest_read(t, "flash", 0x400, 4), ==, 0x12340078);
    devtest_write32(t, 0x508, 0x400);           /* not with WEN */
    g_assert_cmphex(devtest_read(t, "flash", 0x400, 4), ==, 0x12340078);
    devtest_write32(t, 0x504, 2);
    devtest_write32(t, 0x508, 0x400);
    g_assert_cmphex(devtest_read(t, "flash", 0x400, 4), ==, UINT32_MAX);
    g_assert_cmphex(devtest_read(t, "flash", 0x800, 4), ==, 1);
    devtest_write32(t, 0x514, 1);
    g_assert_cmphex(devtest_read(t, "uicr", 0x80, 4), ==, UINT32_MAX);
    g_assert_cmphex(devtest_read(t, "flash", 0x800, 4), ==, 1);
    devtest_free(t);
}

/* Pulses of an output, counted. */
static void count(void *opaque, unsigned n, int level)
{
    *(unsigned *)opaque += level != 0;
}

static void test_gpiote(void)
{
    DevTest *t = devtest_new(modules, "nrf51-gpiote", NULL);
    unsigned events = 0;

    device_connect_irq_handler(t->dev, "event", 1, count, &events, 0);
    devtest_write32(t, 0x514, 1 | 17 << 8 | 2 << 16);   /* channel 1: events of pin 17 that falls */
    devtest_write32(t, 0x304, 2);
    devtest_set_irq(t, "pin", 17, 1);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_set_irq(t, "pin", 17, 0);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmpuint(events, ==, 1);
    devtest_write32(t, 0x104, 0);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, 0x510, 3 | 4 << 8 | 3 << 16 | 1 << 20);  /* channel 0: a task that toggles pin 4, high at first */
    g_assert_true(devtest_irq_n(t, "own", 4));
    g_assert_true(devtest_irq_n(t, "out", 4));
    devtest_write32(t, 0x000, 1);
    g_assert_false(devtest_irq_n(t, "out", 4));
    devtest_write32(t, 0x308, 2);
    devtest_write32(t, 0x304, 1u << 31);
    devtest_set_irq(t, "detect", 0, 1);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmphex(devtest_read32(t, 0x17c), ==, 1);
    devtest_free(t);

    t = devtest_new(modules, "nrf51-gpio", NULL);
    devtest_write32(t, 0x700 + 4 * 26, 3 << 2 | 3 << 16);       /* pulled up, sensed when low */
    g_assert_false(devtest_irq(t, "detect"));
    devtest_set_irq(t, "in", 26, 0);
    g_assert_true(devtest_irq(t, "detect"));
    devtest_set_irq(t, "own", 4, 1);
    devtest_set_irq(t, "owner-out", 4, 1);
    g_assert_true(devtest_irq_n(t, "out", 4));
    devtest_free(t);
}

/* The task's register is a word of the bench's memory here, at a peripheral's address. */
static void test_ppi(void)
{
    DevTest *t = devtest_new(modules, "nrf51-ppi", NULL);
    g_autoptr(GError) error = NULL;
    MemoryRegion ram = { 0 };

    g_assert_true(memory_region_init_ram(&ram, NULL, "tasks", 0x1000, &error));
    memory_region_add(address_space_root(t->machine->sysmem), 0x4000a000, &ram, 0);
    devtest_write32(t, 0x510 + 8 * 3, 0x40008144);      /* timer 0, COMPARE[1] */
    devtest_write32(t, 0x514 + 8 * 3, 0x4000a00c);      /* timer 2, CLEAR */
    devtest_set_irq(t, "event", 8 * 32 + 17, 1);
    devtest_set_irq(t, "event", 8 * 32 + 17, 0);
    devtest_step(t, 2000);
    g_assert_cmpuint(*(uint32_t *)((uint8_t *)memory_region_ram_ptr(&ram) + 0xc), ==, 0);
    devtest_write32(t, 0x800, 1 << 3);          /* group 0 is channel 3 */
    devtest_write32(t, 0x000, 1);
    g_assert_cmphex(devtest_read32(t, 0x500), ==, 1 << 3);
    devtest_set_irq(t, "event", 8 * 32 + 16, 1);
    devtest_step(t, 2000);
    g_assert_cmpuint(*(uint32_t *)((uint8_t *)memory_region_ram_ptr(&ram) + 0xc), ==, 0);
    devtest_set_irq(t, "event", 8 * 32 + 17, 1);
    devtest_step(t, 2000);
    g_assert_cmpuint(*(uint32_t *)((uint8_t *)memory_region_ram_ptr(&ram) + 0xc), ==, 1);
    devtest_write32(t, 0x004, 1);
    g_assert_cmphex(devtest_read32(t, 0x500), ==, 0);
    memory_region_destroy(&ram);
    devtest_free(t);
}

static void test_timer_events(void)
{
    DevTest *t = devtest_new(modules, "nrf51-timer", "rtc", "on", NULL);
    unsigned ticks = 0, compares = 0;

    device_connect_irq_handler(t->dev, "event", 0, count, &ticks, 0);
    device_connect_irq_handler(t->dev, "event", 16, count, &compares, 0);
    devtest_write32(t, 0x508, 31);              /* 1024 Hz */
    devtest_write32(t, 0x540, 512);
    devtest_write32(t, 0x000, 1);
    devtest_step(t, 250000000);
    g_assert_cmpuint(ticks, ==, 0);             /* EVTEN keeps them */
    devtest_write32(t, 0x344, 1 | 1 << 16);
    devtest_step(t, 500000000);
    g_assert_cmpuint(ticks, ==, 512);
    g_assert_cmpuint(compares, ==, 1);
    devtest_free(t);
}

static void test_wdt(void)
{
    DevTest *t = devtest_new(modules, "nrf51-wdt", NULL);
    unsigned resets = 0;

    device_connect_irq_handler(t->dev, "reset", 0, count, &resets, 0);
    devtest_write32(t, 0x504, 32767);           /* a second */
    devtest_write32(t, 0x508, 3);
    devtest_write32(t, 0x304, 1);
    devtest_write32(t, 0x000, 1);
    devtest_write32(t, 0x504, 1);               /* too late */
    g_assert_cmpuint(devtest_read32(t, 0x504), ==, 32767);
    devtest_step(t, 900000000);
    devtest_write32(t, 0x600, 0x6e524635);
    g_assert_cmphex(devtest_read32(t, 0x404), ==, 2);
    devtest_write32(t, 0x604, 0x6e524635);      /* both have asked */
    g_assert_cmphex(devtest_read32(t, 0x404), ==, 3);
    devtest_step(t, 900000000);
    devtest_write32(t, 0x600, 0x6e524635);      /* one alone is not enough */
    devtest_step(t, 100000000);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmpuint(resets, ==, 0);
    devtest_step(t, 70000);
    g_assert_cmpuint(resets, ==, 1);
    devtest_free(t);
}

static void test_temp_and_adc(void)
{
    DevTest *t = devtest_new(modules, "nrf51-temp", "temperature", "-3500", NULL);

    devtest_write32(t, 0x304, 1);
    devtest_write32(t, 0x000, 1);
    devtest_step(t, 34999);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 1);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmpint((int32_t)devtest_read32(t, 0x508), ==, -14);
    devtest_free(t);
    t = devtest_new(modules, "nrf51-adc", "ain3", "900", NULL);
    devtest_write32(t, 0x500, 1);
    devtest_write32(t, 0x504, 2 | 0 << 2 | 0 << 5 | 1 << 11);   /* 10 bits of AIN3, against 1.2 V */
    devtest_write32(t, 0x000, 1);
    g_assert_cmpuint(devtest_read32(t, 0x400), ==, 1);
    devtest_step(t, 68000);
    g_assert_cmpuint(devtest_read32(t, 0x100), ==, 1);
    g_assert_cmpuint(devtest_read32(t, 0x508), ==, 1023 * 900 / 1200);
    devtest_write32(t, 0x504, 0 | 6 << 2);      /* a third of the supply */
    devtest_write32(t, 0x000, 1);
    devtest_step(t, 20000);
    g_assert_cmpuint(devtest_read32(t, 0x508), ==, 255 * 1000 / 1200);
    devtest_free(t);
}

/* FIPS 197, appendix B. */
static void test_ecb(void)
{
    static const uint8_t key[] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c };
    static const uint8_t in[] = { 0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d, 0x31, 0x31, 0x98, 0xa2, 0xe0, 0x37, 0x07, 0x34 };
    static const uint8_t out[] = { 0x39, 0x25, 0x84, 0x1d, 0x02, 0xdc, 0x09, 0xfb, 0xdc, 0x11, 0x85, 0x97, 0x19, 0x6a, 0x0b, 0x32 };
    DevTest *t = devtest_new(modules, "nrf51-ecb", NULL);

    memcpy(devtest_ram(t, 0x1000), key, 16);
    memcpy(devtest_ram(t, 0x1010), in, 16);
    devtest_write32(t, 0x504, 0x1000);
    devtest_write32(t, 0x304, 1);
    devtest_write32(t, 0x000, 1);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmpmem(devtest_ram(t, 0x1020), 16, out, 16);
    devtest_write32(t, 0x504, 0x80000000);      /* nothing is there */
    devtest_write32(t, 0x000, 1);
    g_assert_cmphex(devtest_read32(t, 0x104), ==, 1);
    devtest_free(t);
}

static void test_qdec_and_lpcomp(void)
{
    DevTest *t = devtest_new(modules, "nrf51-qdec", NULL);

    devtest_write32(t, 0x500, 1);
    devtest_write32(t, 0x508, 1);               /* 256 us */
    devtest_write32(t, 0x000, 1);
    devtest_step(t, 255000);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 0);
    devtest_step(t, 1000);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 1);
    g_assert_cmphex(devtest_read32(t, 0x514), ==, 0);
    devtest_free(t);
    t = devtest_new(modules, "nrf51-lpcomp", NULL);
    devtest_write32(t, 0x000, 1);               /* off */
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 0);
    devtest_write32(t, 0x500, 1);
    devtest_write32(t, 0x304, 1);
    devtest_write32(t, 0x000, 1);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_fuzz(void)
{
    static const char *const names[] = {
        "nrf51-uart", "nrf51-timer", "nrf51-clock", "nrf51-rng", "nrf51-gpio", "nrf51-nvmc", "nrf51-twi", "nrf51-gpiote",
        "nrf51-ppi", "nrf51-wdt", "nrf51-temp", "nrf51-adc", "nrf51-ecb", "nrf51-qdec", "nrf51-lpcomp",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        devtest_fuzz(devtest_new(modules, names[i], NULL), 3);
    }
    devtest_fuzz(devtest_new(modules, "nrf51-timer", "rtc", "on", NULL), 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nrf51/uart", test_uart);
    g_test_add_func("/nrf51/timer", test_timer);
    g_test_add_func("/nrf51/rtc", test_rtc);
    g_test_add_func("/nrf51/rng", test_rng);
    g_test_add_func("/nrf51/gpio", test_gpio);
    g_test_add_func("/nrf51/clock-and-twi", test_clock_and_twi);
    g_test_add_func("/nrf51/spi", test_spi);
    g_test_add_func("/nrf51/power", test_power);
    g_test_add_func("/nrf51/flash", test_flash);
    g_test_add_func("/nrf51/gpiote", test_gpiote);
    g_test_add_func("/nrf51/ppi", test_ppi);
    g_test_add_func("/nrf51/timer-events", test_timer_events);
    g_test_add_func("/nrf51/wdt", test_wdt);
    g_test_add_func("/nrf51/temp-and-adc", test_temp_and_adc);
    g_test_add_func("/nrf51/ecb", test_ecb);
    g_test_add_func("/nrf51/qdec-and-lpcomp", test_qdec_and_lpcomp);
    g_test_add_func("/nrf51/fuzz", test_fuzz);
    return g_test_run();
}
