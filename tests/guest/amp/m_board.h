/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* amp-virt as the first named cluster sees it. */
#ifndef M_BOARD_H
#define M_BOARD_H

#include <stdint.h>

#define REG(addr) (*(volatile uint32_t *)(uintptr_t)(addr))
#define UART_DR REG(0x40000000)
#define UART_CR REG(0x40000030)
#define CPU_NUMBER REG(0x4000e000)
#define MHU_TO_A 0x40010000u
#define NVIC_ISER REG(0xe000e100)
enum { IRQ_MHU_LOW = 4, IRQ_MHU_HIGH = 5 };

static inline void print(const char *text)
{
    while (*text) {
        UART_DR = (uint8_t)*text++;
    }
}

void program(void);
void mhu_handler(void);

#endif
