/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cycle counter counts at the levels that PMCCFILTR_EL0 leaves to it; PMCR_EL0.D makes it count each 64th cycle. */
        .include "system.inc"

        /* X10: whether it counted at EL1, and at EL0 */
        .macro  counted filter
        ldr     x0, =\filter
        msr     pmccfiltr_el0, x0
        msr     pmccntr_el0, xzr
        isb
        mov     x0, #100
92:     subs    x0, x0, #1
        b.ne    92b
        mrs     x10, pmccntr_el0
        cmp     x10, #0
        cset    x10, ne
        put     x10
        mrs     x11, pmccntr_el0
        adr     x0, 93f
        msr     elr_el1, x0
        mov     x0, #0x3c0
        msr     spsr_el1, x0
        adr     x21, 94f
        eret
93:     mov     x0, #100
        subs    x0, x0, #1
        b.ne    . - 4
        svc     #0
94:     mrs     x10, pmccntr_el0
        cmp     x10, x11
        cset    x10, ne
        put     x10
        .endm

        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        mov     x0, #1 << 31
        msr     pmcntenset_el0, x0
        mov     x0, #0x41                               /* E, LC */
        msr     pmcr_el0, x0
        counted 1 << 31                                 /* P: not at EL1 */
        counted 3 << 30                                 /* nor at EL0 */
        msr     pmccfiltr_el0, xzr
        mov     x0, #9                                  /* E, D */
        msr     pmcr_el0, x0
        isb
        mrs     x1, cntvct_el0
        msr     pmccntr_el0, xzr
        mrs     x2, cntvct_el0
        mov     x5, #50000
        add     x5, x5, x2
1:      mrs     x3, cntvct_el0
        cmp     x3, x5
        b.lo    1b
        mrs     x10, pmccntr_el0
        mrs     x4, cntvct_el0
        sub     x1, x4, x1                              /* at most and at least so many times 16 ns */
        sub     x2, x3, x2
        add     x11, x1, #8
        cmp     x11, x10, lsl #2
        cset    x12, hs
        add     x11, x2, #-8
        cmp     x11, x10, lsl #2
        cset    x13, ls
        put     x12
        put     x13
        off     hvc
caught: br      x21
        vectors caught
