/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What EL3 traps of RAS and limited ordering regions: SCR_EL3.TERR and TLOR; EA makes DISR_EL1 zero below it. */
        .include "system.inc"
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
        mov     x0, #0x1234
        msr     s3_0_c12_c1_1, x0                       /* DISR_EL1 */
        ldr     x0, =(1 | 1 << 3 | 3 << 4 | 1 << 10 | 1 << 14 | 1 << 15)
        msr     scr_el3, x0
        mov     x0, #0x3c5
        msr     spsr_el3, x0
        adr     x0, low
        mov     x1, #0x40000000
        add     x0, x0, x1
        msr     elr_el3, x0
        eret
low:    mrs     x10, s3_0_c12_c1_1
        put     x10
        mrs     x0, s3_0_c5_c3_0                        /* ERRIDR_EL1 */
        msr     s3_0_c10_c4_3, x1                       /* LORC_EL1 */
        b       .
        .ltorg
caught: mrs     x10, esr_el3
        put     x10
        mrs     x11, elr_el3
        add     x11, x11, #4
        msr     elr_el3, x11
        eret
        vectors caught
end:
