/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of STM32F405 against ST's RM0090. */
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_arm_m);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_arm_m), NULL };

static void test_gpio(void)
{
    DevTest *t = devtest_new(modules, "stm32f4-gpio", "port", "0", NULL);

    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0xa8000000);   /* table in 8.4 */
    g_assert_cmphex(devtest_read32(t, 0x0c), ==, 0x64000000);
    devtest_write32(t, 0x00, 0xa8000001);       /* pin 0 is an output */
    devtest_write32(t, 0x18, 1);
    g_assert_true(devtest_irq_n(t, "out", 0));
    g_assert_cmphex(devtest_read32(t, 0x14), ==, 1);
    g_assert_cmphex(devtest_read32(t, 0x10) & 1, ==, 1);
    devtest_write(t, NULL, 0x1a, 2, 1);         /* the reset half */
    g_assert_false(devtest_irq_n(t, "out", 0));
    devtest_write32(t, 0x18, 0x00020002);       /* setting wins */
    g_assert_cmphex(devtest_read32(t, 0x14), ==, 2);
    devtest_set_irq(t, "in", 5, 1);
    g_assert_true(devtest_irq_n(t, "pin", 5));
    g_assert_cmphex(devtest_read32(t, 0x10) & 1 << 5, ==, 1 << 5);
    devtest_write32(t, 0x00, 0xa8000c01);       /* analog: its input is cut off */
    g_assert_false(devtest_irq_n(t, "pin", 5));
    devtest_write32(t, 0x0c, 0x64000010);       /* pin 2: pull-up */
    g_assert_cmphex(devtest_read32(t, 0x10) & 4, ==, 4);
    devtest_write32(t, 0x1c, 0x10001);          /* locks pin 0 */
    devtest_write32(t, 0x1c, 0x00001);
    devtest_write32(t, 0x1c, 0x10001);
    g_assert_cmphex(devtest_read32(t, 0x1c), ==, 0x10001);
    devtest_write32(t, 0x00, 0xa8000004);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0xa8000005);
    devtest_free(t);
}

static void test_exti(void)
{
    DevTest *t = devtest_new(modules, "stm32f4-syscfg", NULL);

    g_assert_true(devtest_irq_n(t, "remap", 0));
    devtest_set_irq(t, "pin", 16 * 2 + 13, 1);  /* C13 */
    g_assert_false(devtest_irq_n(t, "exti", 13));
    devtest_write32(t, 0x14, 2 << 4);
    g_assert_true(devtest_irq_n(t, "exti", 13));
    devtest_write32(t, 0x00, 3);
    g_assert_false(devtest_irq_n(t, "remap", 0));
    g_assert_true(devtest_irq_n(t, "remap", 3));
    devtest_free(t);

    t = devtest_new(modules, "stm32f4-exti", NULL);
    devtest_write32(t, 0x0c, 1 << 13);          /* falling */
    devtest_write32(t, 0x00, 1 << 13 | 1 << 22);
    devtest_set_irq(t, "line", 13, 1);
    g_assert_false(devtest_irq_n(t, "irq", 6));
    devtest_set_irq(t, "line", 13, 0);
    g_assert_true(devtest_irq_n(t, "irq", 6));
    g_assert_cmphex(devtest_read32(t, 0x14), ==, 1 << 13);
    devtest_write32(t, 0x14, 1 << 13);
    g_assert_false(devtest_irq_n(t, "irq", 6));
    devtest_write32(t, 0x10, 1 << 22);          /* by software */
    g_assert_true(devtest_irq_n(t, "irq", 13));
    devtest_write32(t, 0x14, 1 << 22);
    g_assert_cmphex(devtest_read32(t, 0x10), ==, 0);
    devtest_free(t);
}

static void test_rcc(void)
{
    DevTest *t = devtest_new(modules, "stm32f4-rcc", NULL);

    g_assert_cmphex(devtest_read32(t, 0x74), ==, 0x0e000000);   /* the power came */
    devtest_write32(t, 0x00, 0x01010081);       /* the crystal and the PLL */
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x03030083);
    devtest_write32(t, 0x08, 2);
    g_assert_cmphex(devtest_read32(t, 0x08), ==, 0xa);
    devtest_write32(t, 0x00, 0x00010000);       /* what is used stays on */
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x03030000);
    devtest_write32(t, 0x30, 0x55);
    g_assert_cmphex(devtest_read32(t, 0x30), ==, 0x55);
    devtest_write32(t, 0x20, 1 << 11);
    g_assert_true(devtest_irq_n(t, "reset", 4 * 32 + 11));
    devtest_write32(t, 0x0c, 1 << 8);           /* LSIRDYIE */
    devtest_write32(t, 0x74, 1 | 1 << 24);
    g_assert_cmphex(devtest_read32(t, 0x74), ==, 3);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x0c, 1 << 16);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, 0x70, 0x8101);           /* the backup domain is closed */
    g_assert_cmphex(devtest_read32(t, 0x70), ==, 0);
    devtest_set_irq(t, "dbp", 0, 1);
    devtest_write32(t, 0x70, 0x8101);
    g_assert_cmphex(devtest_read32(t, 0x70), ==, 0x8103);
    g_assert_true(devtest_irq_n(t, "rtc-clock", 0));
    devtest_set_irq(t, "cause", 1, 1);          /* IWDG */
    devtest_reset(t);
    g_assert_cmphex(devtest_read32(t, 0x74), ==, 1u << 29 | 1 << 26);
    g_assert_cmphex(devtest_read32(t, 0x70), ==, 0x8103);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x83);
    devtest_free(t);
}

static void test_pwr(void)
{
    DevTest *t = devtest_new(modules, "stm32f4-pwr", NULL);

    devtest_write32(t, 0x00, 0x4100);
    g_assert_true(devtest_irq(t, "dbp"));
    devtest_write32(t, 0x04, 1 << 9);
    g_assert_cmphex(devtest_read32(t, 0x04), ==, 0x4208);
    devtest_free(t);
}

/* 84 MHz / 84 is a microsecond. */
static void test_timer_up(void)
{
    DevTest *t = devtest_new(modules, "stm32f2xx-timer", "kind", "general16", NULL);

    devtest_write32(t, 0x28, 83);               /* PSC, not before an update */
    devtest_write32(t, 0x2c, 999);              /* ARR */
    devtest_write32(t, 0x14, 1);                /* UG */
    g_assert_cmphex(devtest_read32(t, 0x10), ==, 1);
    devtest_write32(t, 0x10, 0);
    devtest_write32(t, 0x34, 250);
    devtest_write32(t, 0x0c, 1 | 2);            /* UIE, CC1IE */
    devtest_write32(t, 0x00, 1);
    devtest_step(t, 249999);
    g_assert_false(devtest_irq(t, "irq"));
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 249);
    devtest_step(t, 1);
    g_assert_true(devtest_irq(t, "cc"));
    g_assert_cmphex(devtest_read32(t, 0x10), ==, 2);
    devtest_write32(t, 0x10, ~2u);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 749000);
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 999);
    g_assert_false(devtest_irq(t, "up"));
    devtest_step(t, 1000);
    g_assert_true(devtest_irq(t, "up"));
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 0);
    for (unsigned i = 0; i < 1000; i++) {       /* looking does not move it */
        devtest_step(t, 7);
        devtest_read32(t, 0x24);
    }
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 7);
    devtest_write32(t, 0x10, 0);
    devtest_write32(t, 0x0c, 0);
    devtest_step(t, 3600 * INT64_C(1000000000));        /* an hour, without interrupts */
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 7);
    g_assert_cmphex(devtest_read32(t, 0x10) & 3, ==, 3);
    devtest_free(t);
}

static void test_timer_modes(void)
{
    DevTest *t = devtest_new(modules, "stm32f2xx-timer", "kind", "advanced", "frequency", "1000000", NULL);

    devtest_write32(t, 0x00, 1 << 7 | 1 << 3);  /* one pulse, the reload value preloaded */
    devtest_write32(t, 0x2c, 99);
    devtest_write32(t, 0x00, 1 << 7 | 1 << 3 | 1);
    devtest_step(t, 101000);
    g_assert_cmphex(devtest_read32(t, 0x00) & 1, ==, 1);        /* it still was 65535 */
    devtest_write32(t, 0x14, 1);
    devtest_write32(t, 0x10, 0);
    devtest_step(t, 99000);
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 99);
    devtest_step(t, 1000);
    g_assert_cmphex(devtest_read32(t, 0x00) & 1, ==, 0);
    g_assert_cmphex(devtest_read32(t, 0x10) & 1, ==, 1);
    devtest_reset(t);
    devtest_write32(t, 0x2c, 9);
    devtest_write32(t, 0x00, 1 << 4);           /* down */
    devtest_write32(t, 0x30, 2);                /* an update every third time */
    devtest_write32(t, 0x14, 1);
    devtest_write32(t, 0x10, 0);
    devtest_write32(t, 0x0c, 1);
    devtest_write32(t, 0x00, 1 << 4 | 1);
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 9);
    devtest_step(t, 4000);
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 5);
    devtest_step(t, 25000);
    g_assert_false(devtest_irq(t, "up"));
    devtest_step(t, 1000);
    g_assert_true(devtest_irq(t, "up"));
    devtest_reset(t);
    devtest_write32(t, 0x2c, 10);
    devtest_write32(t, 0x00, 3 << 5);           /* up and down */
    devtest_write32(t, 0x40, 4);                /* CCR4 */
    devtest_write32(t, 0x00, 3 << 5 | 1);
    devtest_step(t, 8000);
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 8);
    g_assert_cmphex(devtest_read32(t, 0x10) & 0x11, ==, 0x10);
    devtest_step(t, 5000);
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 7);
    g_assert_cmphex(devtest_read32(t, 0x00) & 1 << 4, ==, 1 << 4);
    devtest_step(t, 10000);
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 3);
    g_assert_cmphex(devtest_read32(t, 0x00) & 1 << 4, ==, 0);
    devtest_write32(t, 0x44, 0x8000);           /* MOE */
    devtest_write32(t, 0x0c, 1 << 7);
    devtest_write32(t, 0x14, 1 << 7);           /* break */
    g_assert_true(devtest_irq(t, "brk"));
    g_assert_cmphex(devtest_read32(t, 0x44), ==, 0);
    devtest_free(t);
    t = devtest_new(modules, "stm32f2xx-timer", "kind", "basic", NULL);
    devtest_write32(t, 0x18, UINT32_MAX);       /* it has no channels */
    devtest_write32(t, 0x0c, UINT32_MAX);
    g_assert_cmphex(devtest_read32(t, 0x18), ==, 0);
    g_assert_cmphex(devtest_read32(t, 0x0c), ==, 0x101);
    devtest_free(t);
    t = devtest_new(modules, "stm32f2xx-timer", "kind", "general32", NULL);
    g_assert_cmphex(devtest_read32(t, 0x2c), ==, UINT32_MAX);
    devtest_write32(t, 0x18, 1);                /* channel 1 captures */
    devtest_write32(t, 0x24, 0x12345678);
    devtest_write32(t, 0x14, 2);
    g_assert_cmphex(devtest_read32(t, 0x10), ==, 2);
    g_assert_cmphex(devtest_read32(t, 0x34), ==, 0x12345678);
    g_assert_cmphex(devtest_read32(t, 0x10), ==, 0);
    devtest_free(t);
}

static void test_watchdogs(void)
{
    static const int64_t ms = 1000000;
    DevTest *t = devtest_new(modules, "stm32f4-iwdg", NULL);

    devtest_write32(t, 0x08, 31);               /* protected */
    g_assert_cmpuint(devtest_read32(t, 0x08), ==, 0xfff);
    devtest_write32(t, 0x00, 0x5555);
    devtest_write32(t, 0x04, 1);                /* 32000 / 8 */
    devtest_write32(t, 0x08, 39);               /* 10 ms */
    devtest_write32(t, 0x00, 0xcccc);
    devtest_step(t, 9 * ms);
    devtest_write32(t, 0x00, 0xaaaa);
    devtest_step(t, 9 * ms);
    g_assert_false(t->machine->reset_requested);
    g_assert_cmpint(clock_deadline(t->machine->clock) - t->now, ==, ms);
    devtest_step(t, 1 * ms);
    g_assert_cmpint(clock_deadline(t->machine->clock), ==, INT64_MAX);
    devtest_free(t);

    t = devtest_new(modules, "stm32f4-wwdg", "frequency", "4096000", NULL);    /* a count a millisecond */
    devtest_write32(t, 0x04, 0x250);            /* the window is open at 0x50, and a warning */
    devtest_write32(t, 0x00, 0xe0);
    devtest_step(t, 17 * ms);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0xcf);
    devtest_write32(t, 0x00, 0x60);             /* in the window */
    g_assert_cmpint(clock_deadline(t->machine->clock) - t->now, ==, 32 * ms);
    devtest_step(t, 32 * ms);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x08, 0);
    g_assert_false(devtest_irq(t, "irq"));
    g_assert_cmpint(clock_deadline(t->machine->clock) - t->now, ==, 1 * ms);
    devtest_free(t);
}

static void unlock(DevTest *t, uint32_t cr)
{
    devtest_write32(t, 0x04, 0x45670123);
    devtest_write32(t, 0x04, 0xcdef89ab);
    devtest_write32(t, 0x10, cr);
}

static void test_flash(void)
{
    DevTest *t = devtest_new(modules, "stm32f4-flash", NULL);

    g_assert_cmphex(devtest_read(t, "memory", 0x1234, 4), ==, UINT32_MAX);
    devtest_write(t, "memory", 0x1000, 4, 0);   /* locked */
    g_assert_cmphex(devtest_read32(t, 0x0c), ==, 1 << 7);
    devtest_write32(t, 0x0c, 0xf3);
    devtest_write32(t, 0x10, 1);
    g_assert_cmphex(devtest_read32(t, 0x10), ==, 1u << 31);
    unlock(t, 1 << 24 | 2 << 8 | 1);            /* words, an interrupt at the end */
    devtest_write(t, "memory", 0x1000, 4, 0x12345678);
    devtest_write(t, "memory", 0x1000, 4, 0xfffff0ff);
    devtest_write(t, "memory", 0x4000, 4, 0);
    g_assert_cmphex(devtest_read(t, "memory", 0x1000, 4), ==, 0x12345078);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x0c, 1);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write(t, "memory", 0x2000, 1, 0);   /* of another width */
    g_assert_cmphex(devtest_read32(t, 0x0c), ==, 1 << 6);
    devtest_write32(t, 0x0c, 0xf3);
    devtest_write32(t, 0x10, 1 << 16 | 0 << 3 | 2);     /* sector 0 */
    g_assert_cmphex(devtest_read(t, "memory", 0x1000, 4), ==, UINT32_MAX);
    g_assert_cmphex(devtest_read(t, "memory", 0x4000, 4), ==, 0);
    devtest_write32(t, 0x08, 0x08192a3b);
    devtest_write32(t, 0x08, 0x4c5d6e7f);
    devtest_write32(t, 0x14, 0x0ffdaaec);       /* sector 1 is protected */
    devtest_write32(t, 0x10, 1 << 16 | 1 << 3 | 2);
    g_assert_cmphex(devtest_read32(t, 0x0c), ==, 1 << 4);
    g_assert_cmphex(devtest_read(t, "memory", 0x4000, 4), ==, 0);
    devtest_write32(t, 0x10, 1u << 31);
    devtest_write32(t, 0x04, 1);                /* a wrong key: locked until reset */
    unlock(t, 1);
    g_assert_cmphex(devtest_read32(t, 0x10) >> 31, ==, 1);
    devtest_reset(t);
    unlock(t, 1);
    g_assert_cmphex(devtest_read32(t, 0x10), ==, 1);
    devtest_free(t);
}

static void test_rtc(void)
{
    static const int64_t second = 1000000000;
    DevTest *t = devtest_new(modules, "stm32f4-rtc", NULL);

    g_assert_cmphex(devtest_read32(t, 0x04), ==, 0x2101);
    devtest_write32(t, 0x50, 1);
    g_assert_cmphex(devtest_read32(t, 0x50), ==, 0);
    devtest_set_irq(t, "dbp", 0, 1);
    devtest_set_irq(t, "clock", 0, 1);
    devtest_write32(t, 0x50 + 4 * 19, 0xcafe);
    devtest_write32(t, 0x0c, 0x80);             /* protected */
    g_assert_cmphex(devtest_read32(t, 0x0c) & 0x40, ==, 0);
    devtest_write32(t, 0x24, 0xca);
    devtest_write32(t, 0x24, 0x53);
    devtest_write32(t, 0x0c, 0x80);
    g_assert_cmphex(devtest_read32(t, 0x0c) & 0x40, ==, 0x40);
    devtest_write32(t, 0x00, 0x235958);
    devtest_write32(t, 0x04, 0x24 << 16 | 3 << 13 | 0x02 << 8 | 0x28);  /* a Wednesday in a leap year */
    devtest_step(t, 5 * second);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x235958);
    devtest_write32(t, 0x1c, 0x80u << 24 | 0x80 << 16 | 0x80 << 8 | 0x02);      /* alarm A, at second 2 */
    devtest_write32(t, 0x08, 1 << 12 | 1 << 8);
    devtest_write32(t, 0x0c, 0);
    devtest_step(t, 3 * second);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x000001);
    g_assert_cmphex(devtest_read32(t, 0x04), ==, 0x24 << 16 | 4 << 13 | 0x02 << 8 | 0x29);
    g_assert_false(devtest_irq(t, "alarm"));
    devtest_step(t, second + second / 2);
    g_assert_true(devtest_irq(t, "alarm"));
    g_assert_cmpuint(devtest_read32(t, 0x28), ==, 127);         /* half of 255 */
    devtest_write32(t, 0x0c, ~(1u << 8 | 0x80));
    g_assert_false(devtest_irq(t, "alarm"));
    devtest_write32(t, 0x14, 2047);             /* 2048 / 32768 * 16 = 1 s */
    devtest_write32(t, 0x08, 1 << 14 | 1 << 10);
    devtest_step(t, second);
    g_assert_true(devtest_irq(t, "wakeup"));
    devtest_reset(t);                           /* the backup domain goes on */
    g_assert_cmphex(devtest_read32(t, 0x50 + 4 * 19), ==, 0xcafe);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x000003);
    devtest_set_irq(t, "backup-reset", 0, 1);
    g_assert_cmphex(devtest_read32(t, 0x50 + 4 * 19), ==, 0);
    devtest_free(t);
}

static void test_spi_and_i2c(void)
{
    DevTest *t = devtest_new(modules, "stm32f4-spi", NULL);

    g_assert_cmphex(devtest_read32(t, 0x08), ==, 2);
    devtest_write32(t, 0x0c, 1);                /* it is off */
    g_assert_cmphex(devtest_read32(t, 0x08), ==, 2);
    devtest_write32(t, 0x00, 1 << 6 | 1 << 2);  /* a master */
    devtest_write32(t, 0x04, 1 << 6);           /* RXNEIE */
    devtest_write32(t, 0x0c, 0x9f);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x0c, 0);                /* too early */
    g_assert_cmphex(devtest_read32(t, 0x08), ==, 0x43);
    g_assert_cmphex(devtest_read32(t, 0x0c), ==, 0xff);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_read32(t, 0x08);
    g_assert_cmphex(devtest_read32(t, 0x08), ==, 2);
    devtest_write32(t, 0x04, 3);
    g_assert_true(devtest_irq(t, "tx-dma"));
    devtest_free(t);

    t = devtest_new(modules, "stm32f4-i2c", NULL);
    devtest_write32(t, 0x00, 1);
    devtest_write32(t, 0x04, 3 << 8 | 42);
    devtest_write32(t, 0x00, 1 | 1 << 8);       /* START */
    g_assert_cmphex(devtest_read32(t, 0x14), ==, 1);
    g_assert_cmphex(devtest_read32(t, 0x18), ==, 3);
    g_assert_true(devtest_irq(t, "event"));
    devtest_write32(t, 0x10, 0x3a);
    g_assert_false(devtest_irq(t, "event"));
    g_assert_true(devtest_irq(t, "error"));
    g_assert_cmphex(devtest_read32(t, 0x14), ==, 1 << 10);      /* nobody is there */
    devtest_write32(t, 0x14, 0);
    g_assert_false(devtest_irq(t, "error"));
    devtest_write32(t, 0x00, 1 | 1 << 9);       /* STOP */
    g_assert_cmphex(devtest_read32(t, 0x18), ==, 0);
    devtest_free(t);
}

static void test_adc(void)
{
    DevTest *t = devtest_new(modules, "stm32f4-adc", "in3", "1650", "in4", "3300", NULL);

    devtest_write32(t, 0x34, 3);
    devtest_write32(t, 0x08, 1 | 1 << 30);      /* one of channel 3 */
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x12);
    g_assert_cmphex(devtest_read32(t, 0x300), ==, 0x12);
    g_assert_cmpuint(devtest_read32(t, 0x4c), ==, 2047);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x10);
    devtest_write32(t, 0x04, 1 << 8 | 1 << 5 | 2 << 24);        /* a sequence, 8 bits, an interrupt */
    devtest_write32(t, 0x2c, 2 << 20);
    devtest_write32(t, 0x34, 4 | 3 << 5 | 17 << 10);
    devtest_write32(t, 0x08, 1 | 1 << 10 | 1 << 30);            /* EOC of each */
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmpuint(devtest_read32(t, 0x4c), ==, 255);
    g_assert_cmpuint(devtest_read32(t, 0x4c), ==, 127);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmpuint(devtest_read32(t, 0x4c), ==, 1501 >> 4);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, 0x104, 0);
    devtest_write32(t, 0x138, 4 << 15);         /* JSQ4 of ADC2 */
    devtest_write32(t, 0x114, 95);              /* less an offset */
    devtest_write32(t, 0x108, 1 | 1 << 22);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 0xc);
    g_assert_cmpuint(devtest_read32(t, 0x13c), ==, 4000);
    devtest_free(t);
}

static void test_crc_and_rng(void)
{
    DevTest *t = devtest_new(modules, "stm32f4-crc", NULL);
    uint32_t first;

    devtest_write32(t, 0x00, 0x12345678);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0xdf8a8a2b);
    devtest_write32(t, 0x08, 1);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, UINT32_MAX);
    devtest_free(t);
    t = devtest_new(modules, "stm32f4-rng", NULL);
    g_assert_cmphex(devtest_read32(t, 0x04), ==, 0);
    devtest_write32(t, 0x00, 1 << 2 | 1 << 3);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmphex(devtest_read32(t, 0x04), ==, 1);
    first = devtest_read32(t, 0x08);
    for (unsigned i = 0; i < 4 && devtest_read32(t, 0x08) == first; i++) {
        g_assert_cmpuint(i, <, 3);
    }
    devtest_free(t);
}

static void test_dma(void)
{
    DevTest *t = devtest_new(modules, "stm32f4-dma", NULL);
    uint32_t *ram = devtest_ram(t, 0);

    for (unsigned i = 0; i < 8; i++) {
        ram[i] = 0x1000 + i;
    }
    devtest_write32(t, 0x14, 8);                /* stream 0: eight words, memory to memory */
    devtest_write32(t, 0x18, 0);
    devtest_write32(t, 0x1c, 0x100);
    devtest_write32(t, 0x10, 2 << 13 | 2 << 11 | 3 << 9 | 2 << 6 | 1 << 4 | 1);
    g_assert_cmpuint(ram[0x40], ==, 0);
    devtest_step(t, 1000);
    g_assert_cmpmem(ram, 32, ram + 0x40, 32);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x30);
    g_assert_cmphex(devtest_read32(t, 0x10) & 1, ==, 0);
    devtest_write32(t, 0x08, 0x3d);
    g_assert_false(devtest_irq_n(t, "irq", 0));
    /* stream 5, channel 4: bytes to a register, as long as it asks, round and round */
    devtest_write32(t, 0x10 + 0x18 * 5 + 4, 3);
    devtest_write32(t, 0x10 + 0x18 * 5 + 8, 0x200);
    devtest_write32(t, 0x10 + 0x18 * 5 + 12, 4);
    devtest_write32(t, 0x10 + 0x18 * 5, 4 << 25 | 1 << 10 | 1 << 8 | 1 << 6 | 1);
    devtest_step(t, 5000);
    g_assert_cmpuint(ram[0x80], ==, 0);
    devtest_set_irq(t, "request", 8 * 5 + 4, 1);
    devtest_step(t, 1000);
    devtest_set_irq(t, "request", 8 * 5 + 4, 0);
    g_assert_cmphex(ram[0x80], ==, 1);          /* 4096 items: the last is the first of three */
    g_assert_cmpuint(devtest_read32(t, 0x10 + 0x18 * 5 + 4), ==, 2);
    g_assert_cmphex(devtest_read32(t, 0x04), ==, 0x30 << 6);
    devtest_write32(t, 0x10 + 0x18 * 5, 0);
    devtest_write32(t, 0x14, 1);
    devtest_write32(t, 0x18, 0x80000000);       /* nothing is there */
    devtest_write32(t, 0x10, 2 << 6 | 1 << 2 | 1);
    devtest_step(t, 2000000);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 8);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    devtest_free(t);
}

static void test_fuzz(void)
{
    static const char *const names[][2] = {
        { "stm32f4-rcc" }, { "stm32f4-pwr" }, { "stm32f4-gpio" }, { "stm32f4-syscfg" }, { "stm32f4-exti" }, { "stm32f4-iwdg" },
        { "stm32f4-wwdg" }, { "stm32f4-rtc" }, { "stm32f2xx-timer", "basic" }, { "stm32f2xx-timer", "one" },
        { "stm32f2xx-timer", "two" },
        { "stm32f4-spi" }, { "stm32f4-i2c" }, { "stm32f4-adc" }, { "stm32f4-crc" }, { "stm32f4-rng" }, { "stm32f4-dma" },
        { "stm32f2xx-timer", "general32" }, { "stm32f2xx-timer", "advanced" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        devtest_fuzz(names[i][1] ? devtest_new(modules, names[i][0], "kind", names[i][1], NULL)
                                 : devtest_new(modules, names[i][0], NULL), 5);
    }
    devtest_fuzz(devtest_new(modules, "stm32f4-flash", NULL), 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stm32/gpio", test_gpio);
    g_test_add_func("/stm32/exti", test_exti);
    g_test_add_func("/stm32/rcc", test_rcc);
    g_test_add_func("/stm32/pwr", test_pwr);
    g_test_add_func("/stm32/timer-up", test_timer_up);
    g_test_add_func("/stm32/timer-modes", test_timer_modes);
    g_test_add_func("/stm32/watchdogs", test_watchdogs);
    g_test_add_func("/stm32/flash", test_flash);
    g_test_add_func("/stm32/rtc", test_rtc);
    g_test_add_func("/stm32/spi-and-i2c", test_spi_and_i2c);
    g_test_add_func("/stm32/adc", test_adc);
    g_test_add_func("/stm32/crc-and-rng", test_crc_and_rng);
    g_test_add_func("/stm32/dma", test_dma);
    g_test_add_func("/stm32/fuzz", test_fuzz);
    return g_test_run();
}
