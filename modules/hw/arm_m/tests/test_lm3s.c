/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of Stellaris LM3S6965 as its data sheet describes them. */
#include "core/bits.h"
#include "modules/hw/arm_m/lm3s.h"
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_arm_m);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_arm_m), NULL };

/* -- system control ---------------------------------------------------------------------------------------------------------- */

enum { SRCR1 = 0x44, SYS_RIS = 0x50, SYS_IMC = 0x54, SYS_MISC = 0x58, RESC = 0x5c, RCC = 0x60, PLLCFG = 0x64, RCC2 = 0x70 };

static void clock_is(void *opaque, uint32_t hz)
{
    *(uint32_t *)opaque = hz;
}

static void listen_to_clock(DevTest *t, void *opaque)
{
    lm3s_sysctl_on_clock(t->dev, clock_is, opaque);
}

static void test_pll(void)
{
    DevTest *t = devtest_new(modules, "lm3s-sysctl", NULL);

    g_assert_cmphex(devtest_read32(t, SYS_RIS), ==, 0);
    devtest_write32(t, SYS_IMC, 1 << 6);
    devtest_write32(t, RCC, 0x078e0ac0);        /* power for the PLL: it locks */
    g_assert_cmphex(devtest_read32(t, SYS_RIS), ==, 1 << 6);
    g_assert_cmphex(devtest_read32(t, SYS_MISC), ==, 1 << 6);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, SYS_MISC, 1 << 6);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_clock(void)
{
    uint32_t hz = 0;
    DevTest *t = devtest_new_setup(modules, "lm3s-sysctl", listen_to_clock, &hz, NULL);

    g_assert_cmpuint(hz, ==, 12000000);         /* the internal oscillator */
    devtest_write32(t, RCC, 0x07800b80);        /* a crystal of 8 MHz, undivided */
    g_assert_cmpuint(hz, ==, 8000000);
    devtest_write32(t, RCC, 0x01c00380);        /* PLL / 4 */
    g_assert_cmpuint(hz, ==, 50000000);
    devtest_write32(t, RCC, 0x00c00380);        /* faster than it can */
    g_assert_cmpuint(hz, ==, 50000000);
    devtest_write32(t, RCC, 0x04c00380);        /* PLL / 10 */
    g_assert_cmpuint(hz, ==, 20000000);
    devtest_write32(t, RCC2, 0x9f800000);       /* RCC2 takes over: PLL / 64 */
    g_assert_cmpuint(hz, ==, 3125000);
    devtest_write32(t, RCC2, 0x80000870);       /* the 32.768 kHz of hibernation, divided by one */
    g_assert_cmpuint(hz, ==, 32768);
    /* crystal * F / (R + 1) is 400 MHz */
    g_assert_cmphex(devtest_read32(t, PLLCFG), ==, 50 << 5);
    devtest_write32(t, RCC, 0x01c002c0);        /* 6 MHz */
    g_assert_cmphex(devtest_read32(t, PLLCFG), ==, 200 << 5 | 2);
    devtest_reset(t);
    g_assert_cmpuint(hz, ==, 12000000);
    devtest_free(t);
}

static void test_resets(void)
{
    DevTest *t = devtest_new(modules, "lm3s-sysctl", NULL);

    g_assert_cmphex(devtest_read32(t, RESC), ==, 2);
    devtest_set_irq(t, "reset", LM3S_RESET_WATCHDOG, 1);
    devtest_reset(t);
    g_assert_cmphex(devtest_read32(t, RESC), ==, 2 | 8);
    devtest_write32(t, RESC, 0);
    devtest_set_irq(t, "reset", LM3S_RESET_SOFTWARE, 1);
    devtest_reset(t);
    g_assert_cmphex(devtest_read32(t, RESC), ==, 0x10);
    devtest_write32(t, SRCR1, BIT32(16) | BIT32(3));            /* there is no module of bit 3 */
    g_assert_cmphex(devtest_read32(t, SRCR1), ==, BIT32(16));
    g_assert_true(devtest_irq_n(t, "module", 32 + 16));
    devtest_write32(t, SRCR1, 0);
    g_assert_false(devtest_irq_n(t, "module", 32 + 16));
    /* protection of flash is taken on for good, and has two addresses */
    devtest_write32(t, 0x400, 0xfffffffe);
    devtest_write32(t, 0x134, 0xfffffffd);
    g_assert_cmphex(devtest_read32(t, 0x400), ==, 0xfffffffc);
    devtest_free(t);
}

/* -- general-purpose timers -------------------------------------------------------------------------------------------------- */

enum {
    CFG = 0x00, TAMR = 0x04, TBMR = 0x08, CTL = 0x0c, IMR = 0x18, RIS = 0x1c, MIS = 0x20, ICR = 0x24, TAILR = 0x28, TBILR = 0x2c,
    TAMATCHR = 0x30, TBMATCHR = 0x34, TAPR = 0x38, TBPR = 0x3c, TAR = 0x48, TBR = 0x4c,
};
enum { US = 1000, TAEN = 1, TBEN = 0x100 };

static DevTest *new_timer(void)
{
    return devtest_new(modules, "lm3s-gptm", "frequency", "1000000", NULL);
}

static void test_periodic(void)
{
    DevTest *t = new_timer();

    g_assert_cmphex(devtest_read32(t, TAILR), ==, UINT32_MAX);
    g_assert_cmphex(devtest_read32(t, TAR), ==, UINT32_MAX);
    devtest_write32(t, TAMR, 2);
    devtest_write32(t, TAILR, 0x12345);
    g_assert_cmphex(devtest_read32(t, TBILR), ==, 1);
    devtest_write32(t, TBILR, 7);               /* not in 32 bits */
    g_assert_cmphex(devtest_read32(t, TAILR), ==, 0x12345);
    devtest_write32(t, TAILR, 9);
    devtest_write32(t, IMR, 1);
    devtest_write32(t, CTL, TAEN);
    devtest_step(t, 8 * US);
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 1);
    g_assert_false(devtest_irq(t, "timer-a"));
    devtest_step(t, 1 * US);
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 0);
    g_assert_true(devtest_irq(t, "timer-a"));
    g_assert_cmphex(devtest_read32(t, MIS), ==, 1);
    devtest_write32(t, ICR, 1);
    g_assert_false(devtest_irq(t, "timer-a"));
    devtest_step(t, 1 * US);
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 9);            /* its period is 10 */
    devtest_step(t, 8 * US);
    g_assert_false(devtest_irq(t, "timer-a"));
    devtest_step(t, 1 * US);
    g_assert_true(devtest_irq(t, "timer-a"));
    /* a new interval is loaded at once */
    devtest_write32(t, ICR, 1);
    devtest_write32(t, TAILR, 99);
    devtest_step(t, 98 * US);
    g_assert_cmphex(devtest_read32(t, RIS), ==, 0);
    devtest_step(t, 1 * US);
    g_assert_cmphex(devtest_read32(t, RIS), ==, 1);
    devtest_free(t);
}

static void test_one_shot(void)
{
    DevTest *t = new_timer();

    devtest_write32(t, TAMR, 1);
    devtest_write32(t, TAILR, 100000);
    devtest_write32(t, CTL, TAEN);
    devtest_step(t, 99999 * US);
    g_assert_cmphex(devtest_read32(t, CTL), ==, TAEN);
    devtest_step(t, 1 * US);
    g_assert_cmphex(devtest_read32(t, RIS), ==, 1);
    g_assert_cmphex(devtest_read32(t, CTL), ==, 0);
    g_assert_false(devtest_irq(t, "timer-a"));  /* masked */
    devtest_step(t, 500 * US);
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 100000);       /* loaded again, and stands */
    devtest_free(t);
}

static void test_pair(void)
{
    DevTest *t = new_timer();

    devtest_write32(t, CFG, 4);
    devtest_write32(t, TAMR, 2);
    devtest_write32(t, TBMR, 1);
    devtest_write32(t, TAILR, 0xffff0009);
    g_assert_cmphex(devtest_read32(t, TAILR), ==, 9);
    devtest_write32(t, TBILR, 99);
    devtest_write32(t, TAPR, 4);                /* five clocks a count */
    devtest_write32(t, IMR, 0x101);
    devtest_write32(t, CTL, TAEN | TBEN);
    devtest_step(t, 44 * US);
    g_assert_false(devtest_irq(t, "timer-a"));
    devtest_step(t, 1 * US);
    g_assert_true(devtest_irq(t, "timer-a"));
    g_assert_false(devtest_irq(t, "timer-b"));
    g_assert_cmpuint(devtest_read32(t, TBR), ==, 54);
    devtest_step(t, 54 * US);
    g_assert_true(devtest_irq(t, "timer-b"));
    g_assert_cmphex(devtest_read32(t, CTL), ==, TAEN);
    devtest_write32(t, ICR, 0x100);
    g_assert_false(devtest_irq(t, "timer-b"));
    g_assert_true(devtest_irq(t, "timer-a"));
    devtest_free(t);
}

static void test_rtc(void)
{
    DevTest *t = new_timer();
    const int64_t second = 1000 * 1000 * US;

    devtest_write32(t, CFG, 1);
    devtest_write32(t, TAMATCHR, 3);
    devtest_write32(t, IMR, 8);
    devtest_write32(t, CTL, TAEN);
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 1);
    devtest_step(t, second);
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 2);
    g_assert_false(devtest_irq(t, "timer-a"));
    devtest_step(t, second);
    g_assert_true(devtest_irq(t, "timer-a"));
    g_assert_cmphex(devtest_read32(t, MIS), ==, 8);
    devtest_write32(t, ICR, 8);
    devtest_step(t, second);
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 0);
    g_assert_false(devtest_irq(t, "timer-a"));
    devtest_free(t);
}

/* The data sheet's example: from 10 to 6, four edges of either kind. */
static void test_edge_count(void)
{
    DevTest *t = new_timer();

    devtest_write32(t, CFG, 4);
    devtest_write32(t, TAMR, 3);
    devtest_write32(t, TAILR, 10);
    devtest_write32(t, TAMATCHR, 6);
    devtest_write32(t, IMR, 2);
    devtest_write32(t, CTL, 0xc | TAEN);
    for (unsigned i = 0; i < 3; i++) {
        devtest_set_irq(t, "ccp", 0, !(i & 1));
    }
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 7);
    g_assert_false(devtest_irq(t, "timer-a"));
    devtest_set_irq(t, "ccp", 0, 0);
    g_assert_true(devtest_irq(t, "timer-a"));
    g_assert_cmphex(devtest_read32(t, CTL), ==, 0xc);
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 10);
    devtest_set_irq(t, "ccp", 0, 1);            /* ignored: it has stopped */
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 10);
    devtest_free(t);
}

static void test_edge_time(void)
{
    DevTest *t = new_timer();

    devtest_write32(t, CFG, 4);
    devtest_write32(t, TBMR, 7);
    devtest_write32(t, TBILR, 1000);
    devtest_write32(t, IMR, 0x400);
    devtest_write32(t, CTL, TBEN);              /* rising */
    devtest_step(t, 100 * US);
    devtest_set_irq(t, "ccp", 1, 1);
    g_assert_true(devtest_irq(t, "timer-b"));
    devtest_step(t, 50 * US);
    devtest_set_irq(t, "ccp", 1, 0);
    g_assert_cmpuint(devtest_read32(t, TBR), ==, 900);
    devtest_set_irq(t, "ccp", 1, 1);
    g_assert_cmpuint(devtest_read32(t, TBR), ==, 850);
    devtest_free(t);
}

/* The system clock changes under a counter. */
static void test_rate(void)
{
    DevTest *t = new_timer();

    devtest_write32(t, TAMR, 2);
    devtest_write32(t, TAILR, 999);
    devtest_write32(t, CTL, TAEN);
    devtest_step(t, 499 * US);
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 500);
    lm3s_gptm_set_frequency(t->dev, 2000000);
    devtest_step(t, 249 * US);
    g_assert_cmpuint(devtest_read32(t, TAR), ==, 2);
    g_assert_cmphex(devtest_read32(t, RIS), ==, 0);
    devtest_step(t, 1 * US);
    g_assert_cmphex(devtest_read32(t, RIS), ==, 1);
    devtest_free(t);
}

/* -- I2C ----------------------------------------------------------------------------------------------------------------------- */

/* As driverlib sends: single, and in a burst, which is ended after the error. */
static void test_i2c(void)
{
    enum { MCS = 0x04, MIMR = 0x10, MRIS = 0x14, MICR = 0x1c, MCR = 0x20, BUSBSY = 0x40, IDLE = 0x20, NAK = 6 };
    DevTest *t = devtest_new(modules, "lm3s-i2c", NULL);

    devtest_write32(t, MCS, 7);                 /* the master is off */
    g_assert_cmphex(devtest_read32(t, MCS), ==, IDLE);
    devtest_write32(t, MCR, 0x10);
    devtest_write32(t, 0x00, 0x3b << 1);
    devtest_write32(t, MIMR, 1);
    devtest_write32(t, MCS, 7);                 /* START, RUN, STOP */
    g_assert_cmphex(devtest_read32(t, MCS), ==, IDLE | NAK);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, MICR, 1);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, MCS, 3);
    g_assert_cmphex(devtest_read32(t, MCS), ==, BUSBSY | NAK);
    devtest_write32(t, MCS, 4);
    g_assert_cmphex(devtest_read32(t, MCS), ==, IDLE);
    g_assert_cmphex(devtest_read32(t, MRIS), ==, 1);
    devtest_free(t);
}

/* -- ADC ----------------------------------------------------------------------------------------------------------------------- */

enum { ACTSS = 0x00, ADC_RIS = 0x04, ADC_IM = 0x08, ISC = 0x0c, OSTAT = 0x10, EMUX = 0x14, USTAT = 0x18, PSSI = 0x28, SSMUX0 = 0x40,
       SSCTL0 = 0x44, SSFIFO0 = 0x48, SSFSTAT0 = 0x4c, SS = 0x20 };

static void test_adc(void)
{
    DevTest *t = devtest_new(modules, "lm3s-adc", "ain1", "700", "ain2", "100", NULL);

    devtest_write32(t, SSMUX0, 0x0210);
    devtest_write32(t, SSCTL0, 0xe1000);        /* 0, 1, 2, differential 0, the temperature, and the end */
    devtest_write32(t, PSSI, 1);                /* not enabled */
    g_assert_cmphex(devtest_read32(t, SSFSTAT0), ==, 0x100);
    devtest_write32(t, ACTSS, 1);
    devtest_write32(t, ADC_IM, 1);
    devtest_write32(t, PSSI, 1);
    g_assert_true(devtest_irq(t, "ss0"));
    g_assert_cmphex(devtest_read32(t, SSFSTAT0), ==, 0x050);
    g_assert_cmpuint(devtest_read32(t, SSFIFO0), ==, 0);
    g_assert_cmpuint(devtest_read32(t, SSFIFO0), ==, 700);
    g_assert_cmpuint(devtest_read32(t, SSFIFO0), ==, 100);
    g_assert_cmpuint(devtest_read32(t, SSFIFO0), ==, (1023 - 700) / 2);
    g_assert_cmpuint(devtest_read32(t, SSFIFO0), ==, 557);      /* 25 degrees: 1.633 V of 3 */
    g_assert_cmphex(devtest_read32(t, USTAT), ==, 0);
    devtest_read32(t, SSFIFO0);
    g_assert_cmphex(devtest_read32(t, USTAT), ==, 1);
    devtest_write32(t, ISC, 1);
    g_assert_false(devtest_irq(t, "ss0"));
    devtest_free(t);
}

static void test_adc_triggers(void)
{
    DevTest *t = devtest_new(modules, "lm3s-adc", "ain3", "5", NULL);

    devtest_write32(t, EMUX, 0x5000);           /* sequencer 3, which ends with its only sample, by a timer */
    devtest_write32(t, SSMUX0 + 3 * SS, 3);
    devtest_write32(t, SSCTL0 + 3 * SS, 6);
    devtest_write32(t, ACTSS, 8);
    devtest_write32(t, PSSI, 8);
    g_assert_cmphex(devtest_read32(t, ADC_RIS), ==, 0);
    devtest_set_irq(t, "trigger", 0, 1);
    devtest_set_irq(t, "trigger", 0, 0);
    g_assert_cmphex(devtest_read32(t, ADC_RIS), ==, 8);
    g_assert_cmphex(devtest_read32(t, SSFSTAT0 + 3 * SS), ==, 0x1000);
    devtest_set_irq(t, "trigger", 0, 1);
    g_assert_cmphex(devtest_read32(t, OSTAT), ==, 8);
    g_assert_cmpuint(devtest_read32(t, SSFIFO0 + 3 * SS), ==, 5);
    g_assert_cmphex(devtest_read32(t, SSFSTAT0 + 3 * SS), ==, 0x100);
    devtest_write32(t, EMUX, 0xf000);           /* always: there is one whenever one looks */
    g_assert_cmpuint(devtest_read32(t, SSFIFO0 + 3 * SS), ==, 5);
    g_assert_cmphex(devtest_read32(t, SSFSTAT0 + 3 * SS), ==, 0x1000);
    devtest_free(t);
}

/* -- flash --------------------------------------------------------------------------------------------------------------------- */

static void test_flash(void)
{
    enum { FMA = 0x00, FMD = 0x04, FMC = 0x08, FCRIS = 0x0c, FCIM = 0x10, FCMISC = 0x14, WRITE = 1, ERASE = 2, MERASE = 4 };
    DevTest *t = devtest_new(modules, "lm3s-flash", "size", "0x1000", NULL);
    uint8_t *flash = devtest_ram(t, 0);
    const uint32_t key = 0xa4420000;

    memset(flash, 0x55, 0x1800);
    devtest_write32(t, FMA, 0x404);
    devtest_write32(t, FMC, ERASE);             /* no key */
    g_assert_cmphex(ldl_le_p(flash + 0x404), ==, 0x55555555);
    devtest_write32(t, FMC, key | ERASE);
    g_assert_cmphex(ldl_le_p(flash + 0x3fc), ==, 0x55555555);
    g_assert_cmphex(ldl_le_p(flash + 0x400), ==, UINT32_MAX);
    g_assert_cmphex(ldl_le_p(flash + 0x7fc), ==, UINT32_MAX);
    g_assert_cmphex(ldl_le_p(flash + 0x800), ==, 0x55555555);
    devtest_write32(t, FMD, 0x12345678);
    devtest_write32(t, FMC, key | WRITE);
    g_assert_cmphex(devtest_read32(t, FMC), ==, 0);
    devtest_write32(t, FMD, 0xffff0000);
    devtest_write32(t, FMC, key | WRITE);       /* only clears bits */
    g_assert_cmphex(ldl_le_p(flash + 0x404), ==, 0x12340000);
    g_assert_cmphex(devtest_read32(t, FCRIS), ==, 2);
    devtest_write32(t, FCIM, 2);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, FCMISC, 2);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, FMA, 0x1000);
    devtest_write32(t, FMC, key | ERASE);       /* behind its end */
    g_assert_cmphex(devtest_read32(t, FCRIS), ==, 1);
    g_assert_cmphex(ldl_le_p(flash + 0x1000), ==, 0x55555555);
    devtest_write32(t, FMA, 0);
    devtest_write32(t, FMC, key | MERASE);
    g_assert_cmphex(ldl_le_p(flash + 0xffc), ==, UINT32_MAX);
    g_assert_cmphex(ldl_le_p(flash + 0x1000), ==, 0x55555555);
    devtest_free(t);
}

static void test_fuzz(gconstpointer type)
{
    devtest_fuzz(devtest_new(modules, type, NULL), 5);
}

int main(int argc, char **argv)
{
    static const char *const fuzzed[] = { "lm3s-sysctl", "lm3s-gptm", "lm3s-i2c", "lm3s-adc", "lm3s-flash" };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lm3s/sysctl/pll", test_pll);
    g_test_add_func("/lm3s/sysctl/clock", test_clock);
    g_test_add_func("/lm3s/sysctl/resets", test_resets);
    g_test_add_func("/lm3s/gptm/periodic", test_periodic);
    g_test_add_func("/lm3s/gptm/one-shot", test_one_shot);
    g_test_add_func("/lm3s/gptm/pair", test_pair);
    g_test_add_func("/lm3s/gptm/rtc", test_rtc);
    g_test_add_func("/lm3s/gptm/edge-count", test_edge_count);
    g_test_add_func("/lm3s/gptm/edge-time", test_edge_time);
    g_test_add_func("/lm3s/gptm/rate", test_rate);
    g_test_add_func("/lm3s/i2c", test_i2c);
    g_test_add_func("/lm3s/adc/samples", test_adc);
    g_test_add_func("/lm3s/adc/triggers", test_adc_triggers);
    g_test_add_func("/lm3s/flash", test_flash);
    for (unsigned i = 0; i < G_N_ELEMENTS(fuzzed); i++) {
        g_autofree char *path = g_strconcat("/lm3s/fuzz/", fuzzed[i], NULL);

        g_test_add_data_func(path, fuzzed[i], test_fuzz);
    }
    return g_test_run();
}
