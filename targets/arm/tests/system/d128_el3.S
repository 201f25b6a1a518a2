/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EL3's stage 1 with descriptors of 128 bits: TCR_EL3.D128, TTBR0_EL3 of 64 bits, PIR_EL3, PAR_EL1 of 128 bits. */
        .include "system.inc"
        .include "d128.inc"
        .set    SKL2, 2 << 45                           /* of the high half: a block of 256 MiB at level 1 */
        .globl  _start
        .macro  entry index, low, high
        ldr     x1, =\low
        ldr     x2, =\high
        stp     x1, x2, [x0, #16 * \index]
        .endm
_start: adr     x0, vec
        msr     vbar_el3, x0
        ldr     x0, =0x40100000                         /* 16 entries of level 1: 32 bits of address */
        entry   0, 0x405, SKL2
        entry   4, 0x40000701, SKL2
        entry   8, 0x40000701, (SKL2 | 1 << 51)         /* read-only */
        msr     ttbr0_el3, x0
        mov     x0, #0xff
        msr     mair_el3, x0
        mov     x0, #0x87
        msr     s3_6_c10_c2_3, x0                       /* PIR_EL3 */
        ldr     x0, =(32 | 1 << 8 | 1 << 10 | 3 << 12 | 2 << 16 | 1 << 23 | 1 << 31 | 1 << 38)
        msr     tcr_el3, x0
        ldr     x0, =0x30c51831
        msr     sctlr_el3, x0
        dsb     sy
        isb
        ldr     x20, =0x80123458
        ldr     x0, =0x40123458
        str     x20, [x0]
        ldr     x0, [x20]
        put     x0
        at      s1e3r, x20
        isb
        mrrs    0, 0, 7, 4, 0
        put     x1
        at      s1e3w, x20
        isb
        mrrs    0, 0, 7, 4, 0
        and     x0, x0, #0xffff
        put     x0
        str     x0, [x20]
        b       .
caught: mrs     x10, esr_el3
        put     x10
        b       .
        vectors caught
