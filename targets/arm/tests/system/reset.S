/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 50 times: CPU 1 is off, starts, and a reset of the machine follows. Memory keeps the count. */
        .include "system.inc"
        .globl  _start
_start: ldr     x20, =0x4c000000
        ldr     x21, [x20]
        add     x21, x21, #1
        str     x21, [x20]
        cmp     x21, #50
        b.hi    4f
        ldr     x0, =0xc4000004                         /* AFFINITY_INFO: off */
        mov     x1, #1
        mov     x2, #0
        hvc     #0
        cmp     x0, #1
        b.eq    2f
        putc    #'A'
2:      ldr     x0, =0xc4000003                         /* CPU_ON */
        mov     x1, #1
        adr     x2, 5f
        mov     x3, #0
        hvc     #0
        cbz     x0, 3f
        putc    #'E'
3:      ldr     x0, =0x84000009                         /* SYSTEM_RESET */
        hvc     #0
        b       .
4:      put     x21
        off     hvc
5:      wfi
        b       5b
