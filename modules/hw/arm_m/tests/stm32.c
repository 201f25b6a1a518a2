/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Firmware for STM32F405 (chips.py): resets by software and both watchdogs, counted in a backup register and told by RCC_CSR;
 * then flash that is erased and programmed, a text sent by DMA, a timer's and a pin's interrupt.
 */
#include "modules/hw/arm_m/tests/chip.h"

#define USART1 0x40011000
#define FLASH 0x40023c00
#define STREAM7 0x400264b8                      /* of DMA2 */
#define TIM5 0x40000c00
#define EXTI 0x40013c00

static volatile unsigned timers, pins;

static void tim5(void)
{
    REG(TIM5 + 0x10) = 0;
    timers++;
}

static void exti3(void)
{
    REG(EXTI + 0x14) = 1 << 3;
    pins++;
}

static void put(char c)
{
    while (!(REG(USART1) & 0x80)) {
    }
    REG(USART1 + 4) = c;
}

static void resets(void)
{
    uint32_t step;

    value("flags", REG(0x40023874));
    REG(0x40023874) = 1 << 24;
    REG(0x40007000) |= 1 << 8;                  /* DBP */
    step = REG(0x40002850);
    REG(0x40002850) = step + 1;
    switch (step) {
    case 0:
        REG(0xe000ed0c) = 0x05fa0004;
        break;
    case 1:
        REG(0x40003000) = 0x5555;
        REG(0x40003008) = 10;
        REG(0x40003000) = 0xcccc;
        break;
    case 2:
        REG(0x40002c00) = 0xff;
        break;
    default:
        return;
    }
    for (;;) {
    }
}

static void run(void)
{
    static const char text[] = "by DMA\n";

    REG(USART1 + 0xc) = 1 << 13 | 1 << 3;
    resets();
    REG(FLASH + 4) = 0x45670123;
    REG(FLASH + 4) = 0xcdef89ab;
    REG(FLASH + 0x10) = 1 << 16 | 11 << 3 | 2;
    REG(FLASH + 0x10) = 2 << 8 | 1;
    REG(0x080e0000) = 0x1234abcd;
    REG(FLASH + 0x10) = 1u << 31;
    REG(0x080e0000) = 0;                        /* locked */
    value("flash", REG(0x000e0000));
    REG(USART1 + 0x14) = 1 << 7;
    REG(STREAM7 + 4) = sizeof(text) - 1;
    REG(STREAM7 + 8) = USART1 + 4;
    REG(STREAM7 + 12) = (uint32_t)text;
    REG(STREAM7) = 4 << 25 | 1 << 10 | 1 << 6 | 1;
    while (!(REG(0x40026404) & 1 << 27)) {
    }
    REG(0xe000e104) = 1 << (50 - 32);
    REG(0xe000e100) = 1 << 9;
    REG(TIM5 + 0x2c) = 8399;                    /* 100 us */
    REG(TIM5 + 0x0c) = 1;
    REG(TIM5) = 1;
    while (timers < 10) {
    }
    REG(TIM5) = 0;
    REG(0x40020000) = (REG(0x40020000) & ~0xc0u) | 1 << 6;      /* A3 is an output */
    REG(EXTI + 8) = 1 << 3;
    REG(EXTI) = 1 << 3;
    REG(0x40020018) = 1 << 3;
    while (!pins) {
    }
    value("pins", pins);
    end();
}

__attribute__((section(".vectors"), used)) void *const vectors[16 + 82] = {
    stack_top, run, fault, fault, fault, fault, fault, [16 + 9] = exti3, [16 + 50] = tim5,
};
