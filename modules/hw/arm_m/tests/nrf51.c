/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Firmware for nRF51 (chips.py): resets by software, by the watchdog, and out of system off by button A, counted in GPREGRET and
 * told by RESETREAS; then a timer's event that toggles a pin by PPI and GPIOTE, the temperature, flash with and without leave.
 */
#include "modules/hw/arm_m/tests/chip.h"

#define UART 0x40002000
#define POWER 0x40000000
#define GPIO 0x50000000
#define TIMER0 0x40008000
#define NVMC 0x4001e000
#define PAGE 0x3fc00

static void put(char c)
{
    REG(UART + 0x11c) = 0;
    REG(UART + 0x51c) = c;
    while (!REG(UART + 0x11c)) {
    }
}

static void resets(void)
{
    uint32_t step = REG(POWER + 0x51c);

    value("reasons", REG(POWER + 0x400));
    REG(POWER + 0x400) = UINT32_MAX;
    REG(POWER + 0x51c) = step + 1;
    switch (step) {
    case 0:
        REG(0xe000ed0c) = 0x05fa0004;
        break;
    case 1:
        REG(0x40010504) = 100;
        REG(0x40010000) = 1;
        break;
    case 2:
        REG(GPIO + 0x700 + 4 * 17) = 3 << 16;   /* sensed when low */
        print("off\n");
        REG(POWER + 0x500) = 1;
        break;
    default:
        return;
    }
    for (;;) {
    }
}

static void run(void)
{
    REG(UART + 0x500) = 4;
    REG(UART + 0x008) = 1;
    resets();
    REG(0x40006510) = 3 | 4 << 8 | 3 << 16;     /* GPIOTE: a task toggles pin 4 */
    REG(GPIO + 0x700 + 4 * 4) = 1;
    REG(0x4001f510) = TIMER0 + 0x140;
    REG(0x4001f514) = 0x40006000;
    REG(0x4001f504) = 1;
    REG(TIMER0 + 0x510) = 4;
    REG(TIMER0 + 0x508) = 3;
    REG(TIMER0 + 0x540) = 1000;
    REG(TIMER0) = 1;
    while (!(REG(GPIO + 0x510) & 1 << 4)) {
    }
    value("event", REG(TIMER0 + 0x140));
    REG(0x4000c000) = 1;
    while (!REG(0x4000c100)) {
    }
    value("temperature", REG(0x4000c508));
    REG(NVMC + 0x504) = 2;
    REG(NVMC + 0x508) = PAGE;
    REG(NVMC + 0x504) = 1;
    REG(PAGE) = 0x1234;
    REG(NVMC + 0x504) = 0;
    REG(PAGE) = 0;
    value("flash", REG(PAGE));
    end();
}

__attribute__((section(".vectors"), used)) void *const vectors[48] = { stack_top, run, fault, fault };
