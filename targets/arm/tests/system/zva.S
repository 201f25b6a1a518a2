/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DC ZVA zeroes the block around its address and nothing else; an abort reports the address itself; at EL0 it is
 * trapped, and DCZID_EL0 says so, until SCTLR_EL1.DZE is set.
 */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        mov     x9, #0
        stage1  table, 0x40000741
        ldr     x5, =0x80200000
        mov     x1, #-1
        mov     x2, #0
1:      str     x1, [x5, x2]                            /* 256 bytes of ones */
        add     x2, x2, #8
        cmp     x2, #256
        b.lo    1b
        add     x6, x5, #93
        dc      zva, x6                                 /* bytes 64 to 127 */
        bl      ones
        ldr     x7, =0x1080000045
        dc      zva, x7                                 /* no such address */
        mov     x0, #0x3c0
        msr     spsr_el1, x0
        adr     x0, user
        mov     x1, #0x40000000
        add     x0, x0, x1                     /* where EL0 may execute it */
        msr     elr_el1, x0
        eret
/* Prints how many of the 256 bytes are ones in all, and where the first and last zero doubleword is. */
ones:   mov     x10, #0
        mov     x11, #-1
        mov     x12, #0
        mov     x2, #0
1:      ldr     x1, [x5, x2]
        cmn     x1, #1
        cinc    x10, x10, eq
        cbnz    x1, 2f
        cmn     x11, #1
        csel    x11, x2, x11, eq
        mov     x12, x2
2:      add     x2, x2, #8
        cmp     x2, #256
        b.lo    1b
        put     x10
        put     x11
        put     x12
        ret
user:   mrs     x9, dczid_el0
        dc      zva, x5
        mrs     x9, dczid_el0
        dc      zva, x5
        svc     #0
caught: mrs     x10, esr_el1
        put     x10
        mrs     x11, far_el1
        put     x11
        put     x9
        lsr     x11, x10, #26
        cmp     x11, #0x15
        b.eq    done
        cmp     x11, #0x18
        b.ne    1f
        mrs     x0, sctlr_el1
        orr     x0, x0, #1 << 14
        msr     sctlr_el1, x0
1:      mrs     x11, elr_el1
        add     x11, x11, #4
        msr     elr_el1, x11
        eret
done:   bl      ones
        off     hvc
        vectors caught
        .data
        .balign 4096
table:  .zero   4096
