/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What EL2 traps of MRRS, MSRR and TLBIP: HCRX_EL2.D128En, HCR_EL2.TVM and TRVM, TTLB; EL1's own names are UNDEFINED. */
        .include "system.inc"
        .include "d128.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        adr     x0, vec1
        msr     vbar_el1, x0
        msr     s3_4_c1_c2_2, xzr                       /* HCRX_EL2 */
        to_el1  1 << 31, guest
guest:  mrrs    2, 0, 2, 0, 0                           /* TTBR0_EL1 */
        msrr    4, 0, 2, 0, 1                           /* TTBR1_EL1 */
        mrrs    6, 0, 7, 4, 0                           /* PAR_EL1 */
        msrr    8, 0, 13, 0, 6                          /* RCWMASK_EL1 */
        mrrs    30, 0, 13, 0, 3                         /* RCWSMASK_EL1 */
        mrs     x0, s3_0_c13_c0_6                       /* 64 bits are not asked for */
        mrrs    0, 4, 2, 0, 0                           /* TTBR0_EL2: UNDEFINED */
        sysp    2, 0, 8, 7, 1                           /* TLBIP VAE1: not asked for */
        hvc     #1
        ldr     x2, =0x123456789abcdef0
        ldr     x3, =0xfedcba9876543210
        msrr    2, 0, 7, 4, 0
        mrrs    0, 0, 7, 4, 0
        put     x0
        put     x1
        msrr    2, 0, 2, 0, 1                           /* TTBR1_EL1: TVM */
        mrrs    2, 0, 2, 0, 0                           /* TTBR0_EL1: TRVM */
        mrrs    2, 0, 13, 0, 6
        sysp    2, 0, 8, 3, 5                           /* TLBIP VALE1IS */
        sysp    31, 0, 9, 6, 7                          /* TLBIP RVAALE1NXS */
        hvc     #2

caught: mrs     x10, esr_el2
        lsr     x11, x10, #26
        cmp     x11, #0x16
        b.ne    next
        tbnz    x10, #1, done
        ldr     x0, =HCRX_D128EN
        msr     s3_4_c1_c2_2, x0
        ldr     x0, =(1 << 31 | 1 << 30 | 1 << 26 | 1 << 25)
        msr     hcr_el2, x0
        eret
next:   put     x10
        mrs     x11, elr_el2
        add     x11, x11, #4
        msr     elr_el2, x11
        eret
undef:  mrs     x10, esr_el1
        put     x10
        mrs     x11, elr_el1
        add     x11, x11, #4
        msr     elr_el1, x11
        eret
done:   off     smc
        vectors caught
        .balign 2048
vec1:   .rept   16
        b       undef
        .balign 128
        .endr
