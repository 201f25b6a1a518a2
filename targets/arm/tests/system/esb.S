/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual SError: ESB at EL1 defers it while it is masked, and DISR_EL1 is VDISR_EL2 then; else it is taken. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        msr     vbar_el1, x0
        mov     x0, #0x1234
        msr     s3_4_c5_c2_3, x0                        /* VSESR_EL2 */
        to_el1  1 << 31 | 1 << 5 | 1 << 8, guest
guest:  esb
        mrs     x10, s3_0_c12_c1_1                      /* DISR_EL1 */
        put     x10
        msr     s3_0_c12_c1_1, xzr
        hvc     #0
        msr     daifclr, #4
        b       .

caught: mrs     x0, currentel
        cmp     x0, #4
        b.eq    serror
        mrs     x10, hcr_el2
        and     x10, x10, #1 << 8
        put     x10
        mrs     x10, s3_4_c12_c1_1                      /* VDISR_EL2: the guest cleared it */
        put     x10
        mrs     x10, s3_0_c12_c1_1
        put     x10
        mrs     x0, hcr_el2
        orr     x0, x0, #1 << 8
        msr     hcr_el2, x0
        eret
serror: mrs     x10, esr_el1
        put     x10
        off     smc
        vectors caught
