/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two CPUs add to the same words by RCWCAS and RCWCASP: nothing is lost. */
        .include "system.inc"
        .set    ROUNDS, 20000
        .globl  _start
        /* Clobbers X2 to X8. */
        .macro  add_up
        ldr     x20, =word
        ldr     x21, =pair
        mov     x8, #ROUNDS
1:      ldr     x2, [x20]
        mov     x6, x2
        add     x4, x2, #2
        .inst   0x19200800 | 6 << 16 | 20 << 5 | 4      /* RCWCAS X6, X4, [X20] */
        cmp     x6, x2
        b.ne    1b
        subs    x8, x8, #1
        b.ne    1b
        mov     x2, #1 << 5
        msr     s3_0_c2_c0_3, x2                        /* TCR2_EL1.D128 */
        isb
        mov     x8, #ROUNDS
2:      ldp     x2, x3, [x21]
        mov     x6, x2
        mov     x7, x3
        add     x4, x2, #2
        add     x5, x3, #3
        .inst   0x19200c00 | 6 << 16 | 21 << 5 | 4      /* RCWCASP X6, X7, X4, X5, [X21] */
        cmp     x6, x2
        ccmp    x7, x3, #0, eq
        b.ne    2b
        subs    x8, x8, #1
        b.ne    2b
        .endm
_start: ldr     x0, =0xc4000003                         /* CPU_ON */
        mov     x1, #1
        adr     x2, other
        mov     x3, #0
        hvc     #0
        add_up
        ldr     x1, =ready
3:      ldar    x0, [x1]
        cbz     x0, 3b
        ldr     x0, [x20]
        put     x0
        ldp     x0, x1, [x21]
        put     x0
        put     x1
        off     hvc
other:  add_up
        ldr     x1, =ready
        mov     x0, #1
        stlr    x0, [x1]
4:      wfi
        b       4b
        .data
        .balign 16
pair:   .quad   0, 0
word:   .quad   0
ready:  .quad   0
