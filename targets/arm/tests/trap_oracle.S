/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads every encoding of MRS at one level with controls of the levels above it as trap_oracle.py says, and writes the
 * syndrome of each (0: it was read): firmware for the board "virt" with all levels. LEVEL, SCR, HCR, MDCR2, MDCR3,
 * CPTR2, CNTHCTL, PMUSER and MDSCR are given.
 */
        .set    UART, 0x09000000
        .set    RAM, 0x40000000
        .set    ENCODINGS, 32768                        /* o0:op1:CRn:CRm:op2 */

        .text
        .globl  _start
_start: mov     x0, #0
        mov     x1, #RAM
        adr     x2, end
1:      ldr     x3, [x0], #8
        str     x3, [x1], #8
        cmp     x0, x2
        b.lo    1b
        ic      iallu
        dsb     sy
        isb
        adr     x0, here
        mov     x1, #RAM
        add     x0, x0, x1
        br      x0
here:   adr     x0, vectors
        msr     vbar_el3, x0
        msr     vbar_el2, x0
        msr     vbar_el1, x0
        .macro  control name, value
        ldr     x0, =\value
        msr     \name, x0
        .endm
        control scr_el3, (0x531 | SCR)                  /* NS, HCE, RW */
        control cptr_el3, 0
        control hcr_el2, (1 << 31 | HCR)
        control mdcr_el2, MDCR2
        control mdcr_el3, MDCR3
        control cptr_el2, CPTR2
        control cnthctl_el2, CNTHCTL
        control cpacr_el1, (3 << 20)
        control pmuserenr_el0, PMUSER
        control mdscr_el1, MDSCR
        isb
        adr     x0, sweep
        .if     LEVEL == 3
        br      x0
        .else
        msr     elr_el3, x0
        .if     LEVEL == 0
        mov     x0, #0x3c0
        .else
        mov     x0, #(0x3c1 | LEVEL << 2)
        .endif
        msr     spsr_el3, x0
        eret
        .endif

sweep:  mov     x20, #UART
        mov     w21, #0
next:   mov     w1, #0xd5300000                         /* mrs x0, ... */
        orr     w1, w1, w21, lsl #5
        adr     x2, slot
        str     w1, [x2]
        dc      cvau, x2
        dsb     sy
        ic      ivau, x2
        dsb     sy
        isb
        mov     w9, #0
slot:   nop
        mov     w3, #4
2:      ldrb    w4, [x20, #0x18]
        tbnz    w4, #5, 2b
        strb    w9, [x20]
        lsr     w9, w9, #8
        subs    w3, w3, #1
        b.ne    2b
        add     w21, w21, #1
        cmp     w21, #ENCODINGS
        b.ne    next
        b       .

        .macro  skip el
        mrs     x9, esr_\el
        mrs     x10, elr_\el
        add     x10, x10, #4
        msr     elr_\el, x10
        eret
        .endm
caught: mrs     x10, currentel
        cmp     x10, #8
        b.eq    2f
        b.hi    3f
        skip    el1
2:      skip    el2
3:      skip    el3
        .ltorg

        .balign 2048
vectors:
        .rept   16
        b       caught
        .balign 128
        .endr
end:
