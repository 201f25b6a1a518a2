/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HCRX_EL2.GCSEn is needed below EL2, whose own stack works without; stage 2 has its say of EL1's, and VTCR_EL2.GCSH. */
        .include "gcs.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        mov     x0, #PCRSEL
        msr     s3_4_c2_c5_0, x0                        /* GCSCR_EL2 */
        isb
        mov     x16, #1
        chkfeat
        put     x16
        ldr     x0, =stack                              /* its MMU is off: memory without permissions */
        msr     s3_4_c2_c5_1, x0
        bl      1f
1:      ldr     x1, =stack - 8
        ldr     x1, [x1]
        sub     x10, x1, x30
        put     x10
        msr     s3_4_c2_c5_0, xzr
        mov     x0, #1 << 14                            /* TCR2En without GCSEn */
        msr     s3_4_c1_c2_2, x0
        stage2  s2l1, s2l2
        ldr     x4, =0x4060077d                         /* EL1's stack: read-only */
        str     x4, [x2, #24]
        to_el1  0x80000001, guest
guest:  indirect l1, l2
        gcspr   GCS + 0x1000
        gcscr   PCRSEL
        mov     x16, #1
        chkfeat
        put     x16
        bl      2f
2:      hvc     #0
        mov     x16, #1
        chkfeat
        put     x16
        bl      3f
3:      b       .

caught: mrs     x10, esr_el2
        put     x10
        lsr     x11, x10, #26
        and     x11, x11, #63
        cmp     x11, #0x16
        b.ne    4f
        ldr     x0, =1 << 14 | 1 << 22
        msr     s3_4_c1_c2_2, x0
        eret
4:      ldr     x0, =s2l2
        ldr     x1, =0x406007fd                         /* writable, and not AssuredOnly, which GCSH wants */
        ldr     x2, [x0, #24]
        str     x1, [x0, #24]
        ldr     x3, =0x80023560 | 1 << 40
        msr     vtcr_el2, x3
        dsb     sy
        tlbi    vmalls12e1
        dsb     sy
        isb
        cmp     x1, x2
        b.eq    5f
        eret
5:      off     smc
        vectors caught
        .data
        .balign 4096
l1:     .zero   4096
l2:     .zero   4096
s2l1:   .zero   4096
s2l2:   .zero   4096
        .zero   64
stack:  .quad   0
