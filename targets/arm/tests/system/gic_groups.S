/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Firmware at EL3: a Non-secure Group 1 interrupt is FIQ there, and IRQ below. */
        .include "system.inc"
        .globl  _start
_start: ldr     x1, =0x080a0000                         /* the redistributor: awake */
        str     wzr, [x1, #0x14]
        ldr     x1, =0x08000000
        mov     w2, #0x37
        str     w2, [x1]
        ldr     x1, =0x080b0000
        mov     w2, #-1
        str     w2, [x1, #0x80]
        str     w2, [x1, #0x100]
        mov     x0, #0xff
        msr     S3_0_C4_C6_0, x0                        /* ICC_PMR_EL1 */
        mov     x0, #3
        msr     S3_6_C12_C12_7, x0                      /* ICC_IGRPEN1_EL3 */
        mov     w2, #0x100
        str     w2, [x1, #0x200]
        isb
        mrs     x10, isr_el1
        put     x10
        mrs     x0, scr_el3
        orr     x0, x0, #1
        orr     x0, x0, #1 << 10
        msr     scr_el3, x0
        mov     x0, #1 << 31
        msr     hcr_el2, x0
        isb
        mov     x0, #0x3c5
        msr     spsr_el3, x0
        mov     x1, #0                                  /* Non-secure code runs from memory */
        ldr     x2, =0x40080000
1:      ldr     x3, [x1], #8
        str     x3, [x2], #8
        cmp     x1, #4096
        b.lo    1b
        adr     x0, 2f
        ldr     x2, =0x40080000
        add     x0, x0, x2
        msr     elr_el3, x0
        eret
2:      mrs     x10, isr_el1
        put     x10
        b       .
