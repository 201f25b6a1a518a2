/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translation tables of 64 and of 128 bits and what hardens them: a kernel for the board "virt" that runs at EL3 from
 * flash. For each case of the list (descriptors.py) it writes words of memory and the registers of both EL1&0 and EL2&0,
 * executes an AT instruction, and writes PAR_EL1 (128 bits) and what is in those words then.
 */
        .include "cases.inc"
        .set    UART, 0x09000000

        .macro  mrrs rt, op1, crn, crm, op2
        .inst   0xd5780000 | \op1 << 16 | \crn << 12 | \crm << 8 | \op2 << 5 | \rt
        .endm
        .macro  msrr rt, op1, crn, crm, op2
        .inst   0xd5580000 | \op1 << 16 | \crn << 12 | \crm << 8 | \op2 << 5 | \rt
        .endm
        /* The next word, to a register of either level. */
        .macro  both el1, el2
        ldr     x2, [x19], #8
        msr     \el1, x2
        msr     \el2, x2
        .endm
        .macro  at_case op
        \op
        b       after
        .endm

        .text
        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el3, x0
        ldr     x0, =(1 | 3 << 4 | 1 << 8 | 1 << 10 | 1 << 38 | 0x1f << 43)     /* NS, HXEn, TCR2En to D128En */
        msr     scr_el3, x0
        ldr     x0, =(1 << 14 | 1 << 17)                /* TCR2En, D128En */
        msr     s3_4_c1_c2_2, x0                        /* HCRX_EL2 */
        ldr     x19, =cases
next:   ldr     x20, [x19], #8                          /* how many words of memory */
        cbz     x20, finish
        ldr     x21, [x19], #8                          /* operation */
        ldr     x22, [x19], #8                          /* address */
        ldp     x2, x3, [x19], #16
        msrr    2, 0, 2, 0, 0                           /* TTBR0_EL1, TTBR1_EL1, TTBR0_EL2, TTBR1_EL2 */
        msrr    2, 0, 2, 0, 1
        msrr    2, 4, 2, 0, 0
        msrr    2, 4, 2, 0, 1
        ldp     x2, x3, [x19], #16
        msrr    2, 4, 2, 1, 0                           /* VTTBR_EL2 */
        both    tcr_el1, tcr_el2
        both    s3_0_c2_c0_3, s3_4_c2_c0_3              /* TCR2 */
        both    mair_el1, mair_el2
        both    s3_0_c10_c2_1, s3_4_c10_c1_1            /* MAIR2 */
        both    s3_0_c10_c2_3, s3_4_c10_c2_3            /* PIR */
        both    s3_0_c10_c2_2, s3_4_c10_c2_2            /* PIRE0 */
        both    s3_0_c10_c2_4, s3_4_c10_c2_4            /* POR */
        both    s3_3_c10_c2_4, s3_3_c10_c2_4            /* POR_EL0 */
        both    sctlr_el1, sctlr_el2
        both    vtcr_el2, vtcr_el2
        both    s3_4_c10_c2_5, s3_4_c10_c2_5            /* S2PIR_EL2 */
        both    s3_0_c10_c2_5, s3_0_c10_c2_5            /* S2POR_EL1 */
        both    hcr_el2, hcr_el2
        mov     x23, x19
        mov     x0, x20
1:      ldp     x2, x3, [x19], #16
        str     x3, [x2]
        subs    x0, x0, #1
        b.ne    1b
        dsb     sy
        isb
        tlbi    alle1
        tlbi    alle2
        dsb     sy
        isb
        adr     x0, ops
        add     x0, x0, x21, lsl #3
        br      x0
ops:    at_case "at s1e1r, x22"
        at_case "at s1e1w, x22"
        at_case "at s1e0r, x22"
        at_case "at s1e0w, x22"
        at_case "at s12e1r, x22"
        at_case "at s12e1w, x22"
        at_case "at s12e0r, x22"
        at_case "at s12e0w, x22"
        at_case "at s1e2r, x22"
        at_case "at s1e2w, x22"
after:  isb
        mrrs    24, 0, 7, 4, 0
write:  mov     x0, x24
        bl      put
        mov     x0, x25
        bl      put
2:      ldr     x1, [x23], #16
        ldr     x0, [x1]
        str     xzr, [x1]
        bl      put
        subs    x20, x20, #1
        b.ne    2b
        b       next

finish: mov     w0, #0x18                               /* semihosting: SYS_EXIT */
        adr     x1, exit
        hlt     #0xf000
        .balign 8
exit:   .quad   0x20026, 0

put:    ldr     x4, =UART
        mov     x5, #8
3:      strb    w0, [x4]
        lsr     x0, x0, #8
        subs    x5, x5, #1
        b.ne    3b
        ret
        .ltorg

        .balign 2048
vectors:
        .rept   16
        b       taken
        .balign 128
        .endr
taken:  mrs     x24, esr_el3
        mov     x25, #-1
        adr     x0, write
        msr     elr_el3, x0
        eret
        .balign 8
        CASES
