/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Firmware that resets its CPU twice by SYSRESETREQ; the cluster's other CPU waits meanwhile. */
#include "tests/guest/amp/m_board.h"

#define STARTS(cpu) REG(0x28030000 + 4 * (cpu))
#define AIRCR REG(0xe000ed0c)
enum { VECTKEY = 0x05fa0000, SYSRESETREQ = 4, SYS_EXIT = 0x18, APPLICATION_EXIT = 0x20026 };

void mhu_handler(void)
{
}

void program(void)
{
    static const char digits[] = "0123456789";
    register uint32_t op __asm__("r0") = SYS_EXIT, why __asm__("r1") = APPLICATION_EXIT;

    STARTS(CPU_NUMBER)++;
    if (CPU_NUMBER == 0) {
        while (!STARTS(1)) {
        }
        print((char[]){ digits[STARTS(0)], ' ', digits[STARTS(1)], '\n', '\0' });
        if (STARTS(0) < 3) {
            AIRCR = VECTKEY | SYSRESETREQ;
        } else {
            __asm__ volatile("bkpt #0xab" : : "r" (op), "r" (why) : "memory");
        }
    }
    for (;;) {
        __asm__ volatile("wfi");
    }
}
