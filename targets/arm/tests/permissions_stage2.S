/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stage 2 allows: a kernel for the board "virt" with EL2. For each set-up of the list (permissions.py) it maps
 * PAGES pages in stage 2, and tries on each, with stage 1 off: a load, a store, a swap and a fetch at EL1, a load, a
 * store and a fetch at EL0; then it turns stage 1 on with its table in the page and lets the walk set the Access flag.
 * It writes the ESR of each, which is that of HVC where there was no abort, and what the descriptor is afterwards.
 */
        .include "setups.inc"
        .set    UART, 0x09000000
        .set    TEST, 0x80000000
        .set    PROBES, 9
        .set    TABLE, 0x800                            /* stage 1's, in the page */

        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el2, x0
        adr     x0, guest_vectors
        msr     vbar_el1, x0
        ldr     x0, =0x80000001                         /* RW, VM */
        msr     hcr_el2, x0
        ldr     x19, =setups
        mov     x1, #0xff
        msr     mair_el1, x1
        ldr     x1, =(31 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32 | 1 << 39)    /* HA */
        msr     tcr_el1, x1
next:   ldr     x0, =l1
        msr     vttbr_el2, x0
        ldp     x1, x2, [x19]                           /* RAM and devices */
        str     x1, [x0, #8]
        str     x2, [x0]
        ldr     x1, =l2
        orr     x2, x1, #3
        str     x2, [x0, #16]
        ldr     x0, =l3
        orr     x2, x0, #3
        str     x2, [x1]
        add     x1, x19, #SETUP_HEAD
        mov     x2, #PAGES
1:      ldr     x3, [x1], #8
        str     x3, [x0], #8
        subs    x2, x2, #1
        b.ne    1b
        ldr     x0, [x19, #16]
        msr     vtcr_el2, x0
        ldr     x0, [x19, #24]
        msr     s3_4_c10_c2_5, x0                       /* S2PIR_EL2 */
        ldr     x0, [x19, #32]
        msr     s3_0_c10_c2_5, x0                       /* S2POR_EL1 */
        dsb     sy
        tlbi    vmalls12e1
        dsb     sy
        isb

        ldr     x20, =TEST
        ldr     x26, =result
        ldr     x27, =l3
        mov     x25, #PAGES
        .macro  probe spsr, at
        mov     x1, #\spsr
        msr     spsr_el2, x1
        \at
        msr     elr_el2, x1
        adr     x21, 9f
        mov     x0, #0
        eret
9:      str     x22, [x26], #8
        .endm
2:      ldr     x0, =0x30d00800
        msr     sctlr_el1, x0
        probe   0x3c5, "adr x1, load"
        probe   0x3c5, "adr x1, store"
        probe   0x3c5, "adr x1, swap"
        probe   0x3c5, "mov x1, x20"
        probe   0x3c0, "adr x1, load"
        probe   0x3c0, "adr x1, store"
        probe   0x3c0, "mov x1, x20"
        ldr     x0, =0x0040000040000301                 /* Normal, no Access flag */
        ldr     x1, =page + TABLE
        str     x0, [x1, #8]
        add     x1, x20, #TABLE
        msr     ttbr0_el1, x1
        dsb     sy
        tlbi    vmalle1
        dsb     sy
        ldr     x0, =0x30d00801
        msr     sctlr_el1, x0
        isb
        probe   0x3c5, "adr x1, nothing"
        ldr     x0, [x27], #8
        str     x0, [x26], #8
        add     x20, x20, #4096
        sub     x25, x25, #1
        cbnz    x25, 2b

        ldr     x0, =result
        mov     x1, #PAGES * PROBES * 8
        ldr     x2, =UART
3:      ldrb    w3, [x0], #1
        strb    w3, [x2]
        subs    x1, x1, #1
        b.ne    3b
        add     x19, x19, #SETUP_HEAD
        add     x19, x19, #PAGES * 8
        ldr     x0, =setups_end
        cmp     x19, x0
        b.lo    next
        ldr     x0, =0x84000008
        smc     #0
        b       .

load:   ldr     x0, [x20, #8]
        svc     #0
store:  str     x0, [x20, #8]
        svc     #0
swap:   add     x1, x20, #8
        swp     x0, x0, [x1]
        svc     #0
nothing:
        hvc     #0

        .balign 2048
vectors:
        .rept   16
        mrs     x22, esr_el2
        br      x21
        .balign 128
        .endr
guest_vectors:
        .rept   16
        hvc     #0
        .balign 128
        .endr
        .balign 4096
page:   svc     #0
        .balign 4096
l1:     .zero   4096
l2:     .zero   4096
l3:     .zero   4096
result: .zero   PAGES * PROBES * 8
