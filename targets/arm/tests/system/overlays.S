/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * EL0 writes POR_EL0, and what was translated before is checked with the new value at once: 200 values in turn, each of
 * which has one of seven pages readable. Prints how many loads were refused, how many were right, and the last syndrome;
 * then AT of any access, AT for a read of a page that its overlay refuses, and an attribute of MAIR2_EL1.
 */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        ldr     x0, =l2
        mov     x1, #0
        ldr     x2, =0x0060000040000741                 /* EL0 reads and writes; the overlay is the block's number */
1:      add     x3, x2, x1, lsl #60
        str     x3, [x0, x1, lsl #3]
        add     x1, x1, #1
        cmp     x1, #8
        b.lo    1b
        ldr     x1, =0x7820000040000745                 /* the page of the program, executable, attribute 9 */
        str     x1, [x0, #64]
        mov     x1, #3 << 28
        msr     s3_3_c10_c2_4, x1                       /* POR_EL0 */
        mov     x1, #4 | 16                             /* E0POE, AIE */
        msr     s3_0_c2_c0_3, x1
        ldr     x1, =0xff00
        msr     s3_0_c10_c2_1, x1                       /* MAIR2_EL1 */
        stage1  table, (l2 + 3)
        mov     x1, #1 << 29                            /* E0POE */
        msr     cpacr_el1, x1
        mov     x0, #0x3c0
        msr     spsr_el1, x0
        adr     x0, user
        ldr     x1, =0x41000000
        add     x0, x0, x1
        msr     elr_el1, x0
        mov     x20, #0                                 /* refused */
        mov     x21, #0                                 /* right */
        isb
        eret

user:   mov     x19, #0
2:      mov     x1, #7
        udiv    x2, x19, x1
        msub    x1, x2, x1, x19                         /* the page that can be read now */
        lsl     x3, x1, #2
        mov     x4, #1
        lsl     x4, x4, x3
        lsl     x5, x19, #36                            /* another value each time */
        orr     x4, x4, x5
        orr     x4, x4, #3 << 28                        /* the program's own: read, execute */
        msr     s3_3_c10_c2_4, x4
        isb
        mov     x6, #0
        ldr     x7, =0x80000000
3:      mov     x8, #0                                  /* 1: refused */
        ldr     x9, [x7]
        cmp     x6, x1
        cset    w9, ne
        cmp     x8, x9
        cinc    x21, x21, eq
        add     x7, x7, #0x200000
        add     x6, x6, #1
        cmp     x6, #7
        b.lo    3b
        add     x19, x19, #1
        cmp     x19, #200
        b.lo    2b
        svc     #0

caught: mrs     x10, esr_el1
        lsr     x11, x10, #26
        and     x11, x11, #63
        cmp     x11, #0x15
        b.eq    4f
        mov     x12, x10
        mov     x8, #1
        add     x20, x20, #1
        mrs     x11, elr_el1
        add     x11, x11, #4
        msr     elr_el1, x11
        eret
4:      put     x20
        put     x21
        put     x12
        msr     s3_3_c10_c2_4, xzr
        isb
        ldr     x2, =0x80200000
        sys     #0, c7, c9, #2, x2                      /* AT S1E1A */
        isb
        mrs     x10, par_el1
        put     x10
        at      s1e0r, x2
        isb
        mrs     x10, par_el1
        put     x10
        ldr     x2, =0x81000000
        at      s1e1r, x2
        isb
        mrs     x10, par_el1
        put     x10
        off     hvc
        vectors caught
        .data
        .balign 4096
table:  .zero   4096
l2:     .zero   4096
