/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vector table and start of firmware on amp-virt. The CPUs of a cluster share all memory: each has a stack of its own. */
#include "tests/guest/amp/m_board.h"

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_top[];

static void lockup(void)
{
    __asm__ volatile("udf #0");                 /* at HardFault's priority: a fault that cannot be taken */
}

/* The table's stack is CPU 0's: the others move down before anything is on it. CPU 0 alone sets memory up. */
__attribute__((naked, used)) static void reset(void)
{
    __asm__ volatile("ldr r0, =0x4000e000\n"
                     "ldr r0, [r0]\n"
                     "ldr r1, =stack_top\n"
                     "lsls r2, r0, #12\n"
                     "subs r1, r1, r2\n"
                     "mov sp, r1\n"
                     "bl start\n"
                     "b .\n");
}

__attribute__((used)) void start(void);
void start(void)
{
    if (CPU_NUMBER == 0) {
        for (uint32_t *to = data_start, *from = data_load; to < data_end;) {
            *to++ = *from++;
        }
        for (uint32_t *to = bss_start; to < bss_end;) {
            *to++ = 0;
        }
    }
    UART_CR = 0x301;
    program();
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16 + 32] = {
    stack_top, (const void *)reset, [2 ... 15] = (const void *)lockup,
    [16 ... 47] = (const void *)mhu_handler,
};
