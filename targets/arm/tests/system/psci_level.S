/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A CPU that EL1 starts by SMC begins at EL2. */
        .include "system.inc"
        .globl  _start
_start: to_el1  1 << 31, 1f
1:      ldr     x0, =0xc4000003
        mov     x1, #1
        adr     x2, 3f
        mov     x3, #0x77
        smc     #0
2:      wfe
        b       2b
3:      mrs     x10, currentel
        put     x10
        put     x0
        off     smc
