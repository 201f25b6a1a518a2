/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel for the board "virt" at EL1 that runs short pieces of code and writes what they observed. a64_directed.py
 * makes a64_directed.inc: the pieces, the translation tables and what memory holds.
 *
 * A piece appends doublewords to what is written with `out Xn` (X28 points there); it begins with X0-X27 zero, FPCR and
 * FPSR zero, X26 at the window (pages of many kinds), X27 zero. An exception appends ESR, FAR, SPSR and the offset of
 * the return address in its piece, and goes on at X27 if that is not zero, else behind the instruction; X9 and X10 are
 * lost. `el0` goes on at EL0, `el1` back at EL1.
 */
        .include "a64_directed.inc"

        .set    UART, 0x09000000
        .set    EL1_CALL, 0x7e1

        .macro  out reg
        str     \reg, [x28], #8
        .endm
        .macro  el0
        adr     x9, 99f
        msr     elr_el1, x9
        msr     spsr_el1, xzr
        eret
99:
        .endm
        .macro  el1
        svc     #EL1_CALL
        .endm

        .text
        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #3 << 20
        msr     cpacr_el1, x0
        mov     x0, #3 << 8                             /* EL0 may read the counters */
        msr     cntkctl_el1, x0
        ldr     x0, =tables
        msr     ttbr0_el1, x0
        ldr     x0, =MAIR
        msr     mair_el1, x0
        ldr     x0, =TCR
        msr     tcr_el1, x0
        dsb     sy
        tlbi    vmalle1
        dsb     sy
        isb
        ldr     x0, =SCTLR
        msr     sctlr_el1, x0
        isb
        ldr     x0, =stack
        msr     sp_el0, x0
        ldr     x28, =results
        msr     tpidr_el1, xzr
next:   ldr     x0, =pieces
        mrs     x1, tpidr_el1
        ldr     x2, [x0, x1, lsl #3]
        cbz     x2, finish
        add     x1, x1, #1
        msr     tpidr_el1, x1
        msr     tpidrro_el0, x2
        ldr     x0, =SCTLR
        msr     sctlr_el1, x0
        ldr     x0, =TCR
        msr     tcr_el1, x0
        mrs     x0, id_aa64pfr1_el1
        tst     x0, #0xf00
        b.eq    1f
        msr     tco, #0                                 /* what an exception set */
1:      msr     fpcr, xzr
        msr     fpsr, xzr
        msr     nzcv, xzr
        isb
        mov     x25, x2
        ldr     x0, =stack
        mov     sp, x0
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,27,29,30
        mov     x\n, #0
        .endr
        ldr     x26, =WINDOW
        br      x25
/* A piece ends by branching here, at EL1. */
done:   mrs     x1, tpidr_el1
        ldr     x2, =ends
        add     x2, x2, x1, lsl #3
        str     x28, [x2, #-8]
        b       next
finish: ldr     x1, =ends
        ldr     x2, =PIECES * 8
        bl      print
        ldr     x1, =results
        sub     x2, x28, x1
        bl      print
        ldr     w0, =0x84000008                         /* PSCI SYSTEM_OFF */
        hvc     #0
        b       .

print:  mov     x3, #UART
1:      ldrb    w4, [x3, #0x18]
        tbnz    w4, #5, 1b
        ldrb    w4, [x1], #1
        strb    w4, [x3]
        subs    x2, x2, #1
        b.ne    1b
        ret
        .ltorg

        .balign 2048
vectors:
        .rept   16
        b       taken
        .balign 128
        .endr
taken:  mrs     x9, esr_el1
        ldr     x10, =0x56000000 + EL1_CALL
        cmp     x9, x10
        b.eq    back
        str     x9, [x28], #8
        mrs     x9, far_el1
        str     x9, [x28], #8
        mrs     x9, spsr_el1
        str     x9, [x28], #8
        mrs     x9, elr_el1
        mrs     x10, tpidrro_el0
        sub     x10, x9, x10
        str     x10, [x28], #8
        add     x9, x9, #4
        cmp     x27, #0
        csel    x9, x27, x9, ne
        msr     elr_el1, x9
        mrs     x10, spsr_el1
        bic     x10, x10, #3 << 10                      /* BTYPE */
        msr     spsr_el1, x10
        eret
back:   mrs     x9, elr_el1
        br      x9
        .ltorg

        .balign 4096
        PIECES_CODE
        .balign 4096

        .data
        .balign 4096
tables: TABLES
        .balign 16
pieces: PIECES_LIST
        .quad   0
ends:   .skip   PIECES * 8, 0
        .balign 4096
memory: MEMORY_CONTENT

        .bss
        .balign 4096
        .skip   4096
stack:  .skip   4096
        .balign 16
scratch: .skip  64                                      /* at its address with stage 1 off, too */
results:
        .skip   1 << 20
