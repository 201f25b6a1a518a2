/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What EL2 traps of RAS, limited ordering regions and debug: the syndromes; MDCR_EL2.TDA is not for MDRAR_EL1. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        mov     x0, #1 << 9                             /* MDCR_EL2.TDA */
        msr     mdcr_el2, x0
        to_el1  1 << 31 | 1 << 35 | 1 << 36, guest      /* TLOR, TERR */
guest:  mrs     x0, s3_0_c5_c3_0                        /* ERRIDR_EL1 */
        mrs     x0, s3_0_c10_c4_7                       /* LORID_EL1 */
        mrs     x0, mdrar_el1
        hvc     #0
        mrs     x0, mdrar_el1
        mrs     x0, mdccint_el1
        hvc     #1

caught: mrs     x10, esr_el2
        put     x10
        lsr     x11, x10, #26
        cmp     x11, #0x16
        b.ne    next
        tbnz    x10, #0, done
        mov     x0, #1 << 11                            /* TDRA */
        msr     mdcr_el2, x0
        eret
next:   mrs     x11, elr_el2
        add     x11, x11, #4
        msr     elr_el2, x11
        eret
done:   off     smc
        vectors caught
