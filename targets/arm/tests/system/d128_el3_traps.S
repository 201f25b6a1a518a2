/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What EL3 traps: SCR_EL3.D128En for MRRS and MSRR, RCWMASKEn for the masks of either width; TLBIP and EL3 itself are free. */
        .include "system.inc"
        .include "d128.inc"
        .globl  _start
_start: mov     x0, #0
        mov     x1, #0x40000000                         /* the flash is Secure: the lower level runs in RAM */
        adr     x2, end
1:      ldr     x3, [x0], #8
        str     x3, [x1], #8
        cmp     x0, x2
        b.lo    1b
        dsb     sy
        ic      iallu
        adr     x0, vec
        msr     vbar_el3, x0
        mov     x2, #1
        mov     x3, #2
        msrr    2, 0, 13, 0, 6
        mrrs    4, 0, 13, 0, 6
        put     x5
        ldr     x0, =(1 | 3 << 4 | 1 << 10)
        msr     scr_el3, x0
        mov     x0, #0x3c5
        msr     spsr_el3, x0
        adr     x0, low
        mov     x1, #0x40000000
        add     x0, x0, x1
        msr     elr_el3, x0
        eret
low:    mrrs    2, 0, 2, 0, 0                           /* TTBR0_EL1 */
        mrrs    2, 0, 13, 0, 6
        mrs     x0, s3_0_c13_c0_3
        msr     s3_0_c13_c0_6, x0
        sysp    2, 0, 8, 7, 1
        smc     #1
        mrs     x0, s3_0_c13_c0_3
        msrr    2, 0, 13, 0, 3
        b       .
        .ltorg
caught: mrs     x10, esr_el3
        put     x10
        mrs     x11, elr_el3
        lsr     x12, x10, #26
        cmp     x12, #0x17
        b.ne    next
        ldr     x0, =(1 | 3 << 4 | 1 << 10 | 1 << 42)   /* RCWMASKEn */
        msr     scr_el3, x0
        eret
next:   add     x11, x11, #4
        msr     elr_el3, x11
        eret
        vectors caught
end:
