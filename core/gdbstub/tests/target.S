/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the debugger's tests debug: a kernel for the board "virt" with one or two CPUs. Each CPU counts in a loop; the
 * first also calls, stores and loads through a page table that maps the same RAM at two addresses, does an exclusive
 * sequence, takes an exception, and runs code that it has changed.
 */
        .set    ALIAS, 0x80000000               /* virtual; RAM from 0x40000000 on is there as well */

        .globl  _start
_start: ldr     x0, =stack
        mov     sp, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #3 << 20
        msr     cpacr_el1, x0
        bl      mmu_on
        /* PSCI CPU_ON of CPU 1; there may be none */
        ldr     x0, =0xc4000003
        mov     x1, #1
        adr     x2, second
        mov     x3, #0
        hvc     #0
        mov     x20, #0
        fmov    d0, #1.5
        ldr     x0, =0x123456789abcdef0
        ldr     x19, =data
loop:   add     x20, x20, #1
        mov     x0, x20
        bl      square
        str     x0, [x19]                       /* data */
        ldr     x1, [x19, #8]                   /* read_only */
        bl      exclusive
        ldr     w2, [x19, #32]
        add     w2, w2, #1
        strh    w2, [x19, #34]
        svc     #1
after_svc:
        bl      patched
        b       loop

        .globl  square
square: stp     x29, x30, [sp, #-16]!
        mov     x29, sp
        mul     x0, x0, x0
        ldp     x29, x30, [sp], #16
        ret

        .globl  exclusive
exclusive:
        add     x3, x19, #16
1:      ldxr    x4, [x3]
        add     x4, x4, #1
        stxr    w5, x4, [x3]
        cbnz    w5, 1b
        .globl  exclusive_end
exclusive_end:
        ret

        /* ends where a block of code starts anew each time */
        .globl  patched
patched:
        ldr     w6, =0x91000400                 /* add x0, x0, #1 */
        adr     x7, hole
        str     w6, [x7]
        dc      cvau, x7
        dsb     ish
        ic      ivau, x7
        dsb     ish
        isb
        .globl  hole
hole:   nop
        ret

        .globl  second
second: ldr     x0, =stack2
        mov     sp, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        mov     x21, #0
        ldr     x22, =data
loop2:  add     x21, x21, #1
        str     x21, [x22, #24]                 /* data2 */
        yield
        b       loop2

        /* 1 GiB blocks: 0 devices, 1 RAM, 2 the same RAM */
mmu_on: ldr     x0, =0xff
        msr     mair_el1, x0
        ldr     x0, =25 | 1 << 23 | 2 << 32 | 3 << 12 | 1 << 10 | 1 << 8
        msr     tcr_el1, x0
        ldr     x1, =table
        ldr     x2, =0x0000000000000401 | 1 << 2
        str     x2, [x1]
        ldr     x2, =0x0000000040000701
        str     x2, [x1, #8]
        str     x2, [x1, #16]
        msr     ttbr0_el1, x1
        dsb     sy
        isb
        mrs     x0, sctlr_el1
        orr     x0, x0, #1
        msr     sctlr_el1, x0
        isb
        ret

        .balign 2048
        .globl  vectors
vectors:
        .rept   4
        b       .
        .balign 128
        .endr
        .globl  handler
handler:                                        /* from the current level with SP_ELx */
        add     x23, x23, #1
        eret
        .balign 2048

        .data
        .balign 4096
table:  .skip   4096
        .globl  data, read_only, counter, data2, half
data:   .quad   0
read_only:
        .quad   0x1122334455667788
counter:
        .quad   0
data2:  .quad   0
half:   .word   0, 0
        .balign 16
        .skip   4096
stack:  .skip   4096
stack2:

#include "hot.S"
