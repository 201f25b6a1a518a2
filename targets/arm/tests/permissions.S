/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stage 1 allows: a kernel for the board "virt". For each set-up of the list (permissions.py) it maps PAGES pages,
 * and tries on each: a load, a store, a swap, a fetch at EL1, an unprivileged load and store, a fetch at EL0, a store
 * to a guarded control stack of EL1 and to one of EL0. It writes the ESR of each (0 if there was no exception), and
 * what the page's descriptor is afterwards.
 */
        .include "setups.inc"
        .set    UART, 0x09000000
        .set    TEST, 0x80000000
        .set    PROBES, 10

        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        ldr     x19, =setups
        ldr     x1, =0xff
        msr     mair_el1, x1
        mov     x1, #1 << 9                             /* STREn */
        msr     s3_0_c2_c5_0, x1                        /* GCSCR_EL1 */
next:   ldr     x0, =l1
        msr     ttbr0_el1, x0
        ldp     x1, x2, [x19]                           /* the kernel's RAM and devices */
        str     x1, [x0, #8]
        str     x2, [x0]
        orr     x2, x2, #0x40000000                     /* RAM once more, never executed */
        str     x2, [x0, #24]
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
        msr     tcr_el1, x0
        ldr     x0, [x19, #24]
        msr     s3_0_c2_c0_3, x0                        /* TCR2_EL1 */
        ldr     x0, [x19, #32]
        msr     s3_0_c10_c2_3, x0                       /* PIR_EL1 */
        ldr     x0, [x19, #40]
        msr     s3_0_c10_c2_2, x0                       /* PIRE0_EL1 */
        ldr     x0, [x19, #48]
        msr     s3_0_c10_c2_4, x0                       /* POR_EL1 */
        ldr     x0, [x19, #56]
        msr     s3_3_c10_c2_4, x0                       /* POR_EL0 */
        ldr     x24, [x19, #64]                         /* PSTATE of EL1 */
        and     x0, x24, #1 << 22
        msr     s3_0_c4_c2_3, x0                        /* PAN */
        ldr     x0, [x19, #72]
        dsb     sy
        tlbi    vmalle1
        dsb     sy
        isb
        msr     sctlr_el1, x0
        isb

        ldr     x20, =TEST
        ldr     x26, =result + 0x80000000
        ldr     x27, =l3
        mov     x25, #PAGES
        .macro  probe insn:vararg
        mov     x22, #0
        adr     x21, 9f
        \insn
9:      str     x22, [x26], #8
        .endm
        .macro  fetch spsr
        msr     elr_el1, x20
        msr     spsr_el1, \spsr
        eret
        .endm
2:      mov     x23, #0x3c0
        add     x28, x20, #8
        mov     x0, #0
        probe   ldr x1, [x20, #8]
        probe   str x0, [x20, #8]
        probe   swp x0, x1, [x28]
        probe   fetch x24
        probe   ldtr x1, [x20, #8]
        probe   sttr x0, [x20, #8]
        probe   fetch x23
        probe   .inst 0xd91f0f80                        /* GCSSTR x0, [x28] */
        probe   .inst 0xd91f1f80                        /* GCSSTTR x0, [x28] */
        ldr     x0, [x27], #8
        str     x0, [x26], #8
        add     x20, x20, #4096
        subs    x25, x25, #1
        b.ne    2b

        ldr     x0, =0x30d00800
        msr     sctlr_el1, x0
        isb
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
        hvc     #0
        b       .

        .balign 2048
vectors:
        .rept   16
        mrs     x22, esr_el1
        msr     elr_el1, x21
        msr     spsr_el1, x24
        eret
        .balign 128
        .endr
        .balign 4096
page:   svc     #0
        .balign 4096
l1:     .zero   4096
l2:     .zero   4096
l3:     .zero   4096
result: .zero   PAGES * PROBES * 8
