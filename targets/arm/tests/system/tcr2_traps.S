/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What EL2 traps of the registers of permission indirection and overlays, by HCRX_EL2 and by HCR_EL2.TVM, and what EL1
 * keeps from EL0: the syndromes. What TCR2_EL1 says does not act while it is disabled.
 */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        mov     x0, #-1
        msr     s3_4_c2_c0_3, x0                        /* TCR2_EL2 */
        mrs     x10, s3_4_c2_c0_3
        and     x10, x10, #0x1e                         /* PIE, E0POE, POE, AIE */
        put     x10
        msr     s3_4_c2_c0_3, xzr
        mov     x0, #0
        msr     s3_4_c1_c2_2, x0                        /* HCRX_EL2 */
        mov     x20, #0
        to_el1  1 << 31, guest
guest:  mrs     x0, s3_0_c2_c0_3                        /* TCR2_EL1 */
        msr     s3_0_c1_c0_3, x0                        /* SCTLR2_EL1 */
        mrs     x0, s3_0_c10_c2_3                       /* PIR_EL1: not HCRX_EL2's */
        hvc     #0
        mrs     x0, s3_0_c2_c0_3
        msr     s3_0_c10_c2_2, x0                       /* PIRE0_EL1 */
        msr     s3_3_c10_c2_4, x0                       /* POR_EL0 */
        msr     s3_0_c10_c2_5, x0                       /* S2POR_EL1 */
        mrs     x0, s3_0_c10_c2_4                       /* POR_EL1 */
        msr     s3_0_c10_c2_1, x0                       /* MAIR2_EL1 */
        hvc     #1
        adr     x0, low
        msr     vbar_el1, x0
        msr     cpacr_el1, xzr
        mov     x0, #0x3c0
        msr     spsr_el1, x0
        adr     x0, user
        msr     elr_el1, x0
        eret
user:   mrs     x0, s3_3_c10_c2_4
        b       .

caught: mrs     x10, esr_el2
        put     x10
        lsr     x11, x10, #26
        cmp     x11, #0x16
        b.ne    next
        tbnz    x10, #1, done
        mov     x0, #3 << 14                            /* TCR2En, SCTLR2En */
        msr     s3_4_c1_c2_2, x0
        ldr     x0, =1 << 31 | 1 << 26                  /* TVM */
        tbz     x10, #0, 1f
        ldr     x0, =1 << 31
1:      msr     hcr_el2, x0
        eret
next:   mrs     x11, elr_el2
        add     x11, x11, #4
        msr     elr_el2, x11
        eret
done:   off     smc
        vectors caught
        .balign 2048
low:    .rept   16
        mrs     x10, esr_el1
        put     x10
        hvc     #2
        .balign 128
        .endr
