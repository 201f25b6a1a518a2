/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mostly read-only memory: a store aborts, before and after a read-check-write instruction stores; AssuredOnly memory by
 * an address that stage 1 has not assured, and that it has; a first table where VTCR_EL2.TL0 does not want it.
 */
        .include "system.inc"
        .include "d128.inc"
        .set    MRO, 1 << 6                             /* S2PIR_EL2 index 1 */
        .set    ASSURED, 1 << 58
        .set    PROTECTED, 1 << 52
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        ldr     x0, =HCRX_TCR2EN
        msr     s3_4_c1_c2_2, x0
        stage2  s2l1, s2l2
        ldr     x0, =s2l1
        ldr     x1, =0x4bd                              /* S2PIR_EL2 index 0, dirty */
        str     x1, [x0]
        mov     x3, #512
1:      ldr     x1, [x2]
        bic     x1, x1, #0x40
        str     x1, [x2], #8
        subs    x3, x3, #1
        b.ne    1b
        sub     x2, x2, #4096
        ldr     x1, =(0x404007bd | MRO)                 /* 4 MiB on: tables; 6 MiB on: assured only */
        str     x1, [x2, #16]
        ldr     x1, =(0x406007bd | ASSURED)
        str     x1, [x2, #24]
        mov     x0, #0x2e                               /* 0: all, 1: mostly read-only */
        msr     s3_4_c10_c2_5, x0                       /* S2PIR_EL2 */
        ldr     x1, =(0x80023560 | 1 << 36 | 1 << 34)   /* S2PIE, AssuredOnly */
        msr     vtcr_el2, x1
        /* stage 1's table, by EL2 */
        ldr     x0, =0x40400000
        ldr     x1, =0x0060000000000405
        str     x1, [x0]
        ldr     x1, =0x0000000040000701
        str     x1, [x0, #8]
        ldr     x1, =(0x40000701 | PROTECTED | 1 << 54)
        str     x1, [x0, #16]
        msr     ttbr0_el1, x0
        mov     x1, #0xff
        msr     mair_el1, x1
        ldr     x1, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
        msr     tcr_el1, x1
        mov     x1, #1                                  /* PnCH */
        msr     s3_0_c2_c0_3, x1
        ldr     x1, =0x30d00801
        msr     sctlr_el1, x1
        to_el1  0x80000001, guest
guest:  ldr     x2, =0x40401000
        str     x2, [x2]
        mov     x3, #0x10
        .inst   0x3820a000 | 3 << 16 | 2 << 5 | 4       /* RCWSWP X3, X4, [X2] */
        mrs     x5, nzcv
        put     x5
        ldr     x3, [x2]
        put     x3
        str     x2, [x2, #8]
        ldr     x3, [x2, #8]
        put     x3
        ldr     x2, =0x40600000
        ldr     x3, [x2]                                /* not Protected */
        ldr     x2, =0x80600000
        ldr     x3, [x2]
        mov     x3, #0x99
        put     x3
        hvc     #0                                      /* TL0 on */
        ldr     x3, [x2, #8]

caught: mrs     x10, esr_el2
        put     x10
        mrs     x11, hpfar_el2
        lsr     x12, x10, #26
        cmp     x12, #0x20
        b.eq    done
        cmp     x12, #0x16
        b.eq    top
        put     x11
        mrs     x11, elr_el2
        add     x11, x11, #4
        msr     elr_el2, x11
        eret
top:    ldr     x1, =(0x80023560 | 1 << 36 | 1 << 41)   /* TL0 */
        msr     vtcr_el2, x1
        tlbi    vmalls12e1
        dsb     sy
        isb
        eret
done:   off     smc
        vectors caught
        .data
        .balign 4096
s2l1:   .zero   4096
s2l2:   .zero   4096
