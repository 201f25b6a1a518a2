/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * EL3's indirect permissions, overlay and guarded control stack, by TCR_EL3; then what SCR_EL3 traps of such registers
 * from EL1.
 */
        .include "system.inc"
        .set    RAM, 0x40000000
        .set    TABLE, 0x40100000
        .globl  _start
_start: mov     x0, #0
        mov     x1, #RAM                                /* the flash is Secure: the lower level runs in RAM */
        adr     x2, end
1:      ldr     x3, [x0], #8
        str     x3, [x1], #8
        cmp     x0, x2
        b.lo    1b
        dsb     sy
        ic      iallu
        adr     x0, vec
        msr     vbar_el3, x0
        ldr     x0, =TABLE
        ldr     x1, =0x0068000000000741                 /* index 15: flash, devices; RAM */
        str     x1, [x0]
        ldr     x1, =0x0068000040000741
        str     x1, [x0, #8]
        ldr     x1, =0x0000000040000741                 /* RAM by indices 1, 2 with an overlay, and 3 */
        str     x1, [x0, #16]
        ldr     x1, =0x1008000040000701
        str     x1, [x0, #24]
        ldr     x1, =0x0008000040000741
        str     x1, [x0, #32]
        ldr     x1, =0x0008000040000761                 /* by 3, Non-secure */
        str     x1, [x0, #40]
        msr     ttbr0_el3, x0
        mov     x1, #0xff
        msr     mair_el3, x1
        ldr     x1, =0xe000000000009510                 /* PIR_EL3: a stack, RW, R */
        msr     s3_6_c10_c2_3, x1
        mov     x1, #0x17                               /* POR_EL3: read; all of index 0 */
        msr     s3_6_c10_c2_4, x1
        ldr     x1, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 2 << 16 | 1 << 23 | 1 << 31 | 1 << 35 | 1 << 36)
        msr     tcr_el3, x1
        ldr     x1, =0x30c50831
        dsb     sy
        isb
        msr     sctlr_el3, x1
        isb
        ldr     x0, =0x80200000
        str     x0, [x0]
        ldr     x0, =0xc0200000
        ldr     x1, [x0]
        str     x0, [x0]
        ldr     x0, =0x100200100
        str     x0, [x0]
        mov     x1, #0x21                               /* PCRSEL, RVCHKEN */
        msr     s3_6_c2_c5_0, x1                        /* GCSCR_EL3 */
        msr     s3_6_c2_c5_1, x0                        /* GCSPR_EL3 */
        isb
        bl      shows
        mrs     x10, s3_6_c2_c5_1
        and     x10, x10, #0xfff
        put     x10
        ldr     x0, =0x140200100
        msr     s3_6_c2_c5_1, x0
        bl      2f
2:      msr     s3_6_c2_c5_0, xzr

        ldr     x0, =(1 | 3 << 4 | 1 << 10)
        msr     scr_el3, x0
        mov     x0, #0x3c5
        msr     spsr_el3, x0
        adr     x0, low
        mov     x1, #RAM
        add     x0, x0, x1
        msr     elr_el3, x0
        eret
shows:  ldr     x1, [x0, #-8]
        sub     x10, x1, x30
        put     x10
        ret
low:    mrs     x0, s3_0_c2_c0_3                        /* TCR2_EL1 */
        msr     s3_0_c1_c0_3, x0                        /* SCTLR2_EL1 */
        mrs     x0, s3_0_c10_c2_3                       /* PIR_EL1 */
        msr     s3_3_c10_c2_4, x0                       /* POR_EL0 */
        mrs     x0, s3_0_c10_c2_1                       /* MAIR2_EL1 */
        mrs     x0, s3_0_c2_c5_1                        /* GCSPR_EL1 */
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
