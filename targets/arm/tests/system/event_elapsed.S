/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event stream's event that came while nobody waited ends the next WFE, and no later one: CNTKCTL_EL1. */
        .include "system.inc"

        /* X10: how long a WFE takes, in 64ths of the stream's period */
        .macro  waited
        mrs     x1, cntvct_el0
        wfe
        isb
        mrs     x2, cntvct_el0
        sub     x10, x2, x1
        lsr     x10, x10, #18
        .endm

        .globl  _start
_start: ldr     x0, =(1 << 2 | 1 << 3 | 15 << 4 | 1 << 17)      /* EVNTIS: 2^24 counts, a quarter of a second */
        msr     cntkctl_el1, x0
        isb
        sevl
        wfe
        wfe                                             /* until a period begins */
        wfe
        mrs     x1, cntvct_el0
        ldr     x0, =(1 << 24 | 1 << 22)                /* a period and a quarter */
        add     x1, x1, x0
1:      mrs     x0, cntvct_el0
        cmp     x0, x1
        b.lo    1b
        waited                                          /* at once */
        put     x10
        waited                                          /* three quarters of a period */
        cmp     x10, #16
        cset    x10, hs
        put     x10
        off     hvc
