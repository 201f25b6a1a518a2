/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads every encoding of MRS at EL1 and writes, for each, what was read and the exception class plus 256, or 0: a
 * kernel for the board "virt" (sysreg_oracle.py).
 */
        .set    UART, 0x09000000
        .set    ENCODINGS, 32768                        /* o0:op1:CRn:CRm:op2 */

        .text
        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #3 << 20
        msr     cpacr_el1, x0
        ldr     x20, =out
        mov     w21, #0
next:   ldr     w1, =0xd5300000                         /* mrs x0, ... */
        orr     w1, w1, w21, lsl #5
        adr     x2, slot
        str     w1, [x2]
        dc      cvau, x2
        dsb     sy
        ic      iallu
        dsb     sy
        isb
        mov     x0, #0
        mov     x9, #0
slot:   nop
        b       store
caught: mrs     x10, elr_el1
        adr     x2, slot
        cmp     x10, x2
        b.ne    .
        mrs     x9, esr_el1
        lsr     x9, x9, #26
        orr     x9, x9, #256
        add     x10, x10, #4
        msr     elr_el1, x10
        eret
store:  stp     x0, x9, [x20], #16
        add     w21, w21, #1
        cmp     w21, #ENCODINGS
        b.ne    next
        ldr     x1, =out
        mov     x3, #UART
1:      ldrb    w4, [x3, #0x18]
        tbnz    w4, #5, 1b
        ldrb    w4, [x1], #1
        strb    w4, [x3]
        cmp     x1, x20
        b.ne    1b
        ldr     w0, =0x84000008                         /* PSCI SYSTEM_OFF */
        hvc     #0
        b       .
        .ltorg

        .balign 2048
vectors:
        .rept   16
        b       caught
        .balign 128
        .endr

        .bss
        .balign 4096
out:    .skip   ENCODINGS * 16
