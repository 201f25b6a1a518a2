/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In counted mode an event comes to a CPU that is behind in the window at the sender's time: CPU 1, which lets CPU 0 go on
 * and waits a little later, never goes on before the time at which CPU 0 sent. How often it did, of 200 times.
 */
        .include "system.inc"
        .set    GO, 0                                   /* CPU 1's number of the round */
        .set    SENT, 8                                 /* CPU 0's, and when */
        .set    WHEN, 16
        .set    ROUNDS, 200
        .globl  _start
_start: ldr     x20, =0x4c000000
        stp     xzr, xzr, [x20]
        ldr     x0, =0xc4000003                         /* CPU_ON */
        mov     x1, #1
        adr     x2, second
        mov     x3, x20
        hvc     #0
        cbnz    x0, 9f
        mov     x21, #1
1:      ldr     x0, [x20, GO]
        cmp     x0, x21
        b.lo    1b
        and     x0, x21, #63                            /* so that it is anywhere in a window */
        lsl     x0, x0, #3
        add     x0, x0, #100
2:      subs    x0, x0, #1
        b.ne    2b
        mrs     x1, cntvct_el0
        str     x1, [x20, WHEN]
        dmb     sy
        str     x21, [x20, SENT]
        sev
        add     x21, x21, #1
        cmp     x21, ROUNDS
        b.ls    1b
3:      b       3b
9:      putc    #'E'
        off     hvc

second: mov     x20, x0
        mov     x21, #1
        mov     x22, #0
1:      sevl
        wfe                                             /* none is left from before */
        str     x21, [x20, GO]
        mov     x0, #13                                 /* into the window in which CPU 0 sees that */
        mul     x0, x21, x0
        and     x0, x0, #511
        add     x0, x0, #625
5:      subs    x0, x0, #1
        b.ne    5b
2:      wfe
        mrs     x1, cntvct_el0
        ldr     x0, [x20, SENT]
        cmp     x0, x21
        b.hs    3f
        add     x22, x22, #1                            /* not by that event */
        b       2b
3:      ldr     x2, [x20, WHEN]
        cmp     x1, x2
        cinc    x22, x22, lo
        add     x21, x21, #1
        cmp     x21, ROUNDS
        b.ls    1b
        put     x22
        off     hvc
