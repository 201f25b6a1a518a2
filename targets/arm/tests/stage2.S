/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 2 aborts as a hypervisor sees them: a kernel for the board "virt" with EL2. EL1 (its MMU off) accesses what
 * stage 2 does not map, from a list of instructions (stage2.py); EL2 writes ESR, FAR and HPFAR of each, and goes on
 * behind it. HVC ends it.
 */
        .set    UART, 0x09000000
        .set    BAD, 0x08123458

        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el2, x0
        adr     x0, table
        ldr     x1, =0x400007fd                         /* 1 GiB: a block, AF, shareable, all access, Normal */
        str     x1, [x0, #8]
        msr     vttbr_el2, x0
        ldr     x1, =0x80023560                         /* T0SZ 32, from level 1, 4K, 40 bits, RES1 */
        msr     vtcr_el2, x1
        ldr     x1, =0x80000001                         /* RW, VM */
        msr     hcr_el2, x1
        mov     x1, #3 << 20
        msr     cpacr_el1, x1
        dsb     sy
        isb
        mov     x1, #0x3c5
        msr     spsr_el2, x1
        adr     x1, guest
        msr     elr_el2, x1
        ldr     x0, =BAD
        mov     x2, #16
        eret

guest:
        .include "accesses.inc"
        hvc     #0

        .macro  put n
        mov     x24, #8
1:      strb    w\n, [x22]
        lsr     x\n, x\n, #8
        subs    x24, x24, #1
        b.ne    1b
        .endm

caught: ldr     x22, =UART
        mrs     x20, esr_el2
        lsr     x21, x20, #26
        cmp     x21, #0x16                              /* HVC */
        b.eq    off
        mrs     x21, far_el2
        mrs     x23, hpfar_el2
        put     20
        put     21
        put     23
        mrs     x20, elr_el2
        add     x20, x20, #4
        msr     elr_el2, x20
        ldr     x0, =BAD
        mov     x2, #16
        eret
off:    ldr     x0, =0x84000008
        smc     #0
        b       .

        .balign 2048
vectors:
        .rept   16
        b       caught
        .balign 128
        .endr
        .balign 4096
table:  .zero   4096
