/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU_ON twice, and AFFINITY_INFO until the CPU is on: it is being started (2) or on (0), never off (1) any more. */
        .include "system.inc"
        .globl  _start
_start: ldr     x0, =0xc4000004
        mov     x1, #1
        mov     x2, #0
        hvc     #0
        put     x0
        ldr     x0, =0xc4000003
        mov     x1, #1
        adr     x2, 3f
        mov     x3, #0
        hvc     #0
        mov     x20, x0
        ldr     x0, =0xc4000003
        mov     x1, #1
        adr     x2, 3f
        mov     x3, #0
        hvc     #0
        mov     x21, x0
        mov     x22, #0
1:      ldr     x0, =0xc4000004
        mov     x1, #1
        mov     x2, #0
        hvc     #0
        cmp     w0, #1
        cinc    x22, x22, eq
        cbnz    w0, 1b
        put     x20
        add     w21, w21, #5                            /* ON_PENDING or ALREADY_ON */
        lsr     w21, w21, #1
        put     x21
        put     x22
        off     hvc
3:      wfi
        b       3b
