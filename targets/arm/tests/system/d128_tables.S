/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 1 with descriptors of 128 bits, which code runs under: 39 bits of address, a first table of 2048 entries
 * (TTBR0_EL1.SKL 1), blocks of 256 MiB that skip two levels, a page that a store makes dirty, one that it may not, one
 * that nobody executes, what TLBIP forgets, PAR_EL1 of 128 bits.
 */
        .include "system.inc"
        .include "d128.inc"
        .set    SKL1, 1 << 45                           /* of the high half */
        .set    SKL2, 2 << 45
        .set    PI_RW, 1 << 51
        .set    MEMORY, 0x701                           /* valid, AF, inner shareable, attribute 0 */
        .set    DEVICE, 0x405
        .set    CLEAN, 1 << 7
        .globl  _start
        .macro  entry table, index, low, high
        ldr     x0, =\table
        ldr     x1, =\low
        ldr     x2, =\high
        stp     x1, x2, [x0, #16 * \index]
        .endm
_start: adr     x0, vec
        msr     vbar_el1, x0
        entry   l1, 0, DEVICE, SKL2
        entry   l1, 4, (0x40000000 | MEMORY), SKL2
        entry   l1, 8, (l2 + 1), 0
        entry   l2, 0, (l3 + 1), 0
        entry   l3, 0, (page + MEMORY + CLEAN), PI_RW
        entry   l3, 1, (page + MEMORY), PI_RW
        ldr     x2, =l1 + 2                             /* SKL */
        mov     x3, #0
        msrr    2, 0, 2, 0, 0
        mov     x0, #0xff
        msr     mair_el1, x0
        mov     x0, #0x5e                               /* 0: all, 1: RW */
        msr     s3_0_c10_c2_3, x0                       /* PIR_EL1 */
        msr     s3_0_c10_c2_2, xzr                      /* PIRE0_EL1 */
        ldr     x0, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
        msr     tcr_el1, x0
        mov     x0, #1 << 5
        msr     s3_0_c2_c0_3, x0                        /* TCR2_EL1.D128 */
        ldr     x0, =0x30d00801
        msr     sctlr_el1, x0
        dsb     sy
        isb
        mov     x0, #0x1234
        put     x0

        ldr     x20, =0x80000008
        at      s1e1w, x20
        isb
        mrrs    0, 0, 7, 4, 0
        put     x0
        put     x1
        str     x20, [x20]                              /* clean, and no hardware */
        at      s1e1r, x20
        isb
        mrrs    0, 0, 7, 4, 0
        and     x0, x0, #0xfff
        put     x0
        ldr     x2, =page
        sub     x1, x1, x2
        put     x1
        ldr     x0, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32 | 3 << 39)
        msr     tcr_el1, x0                             /* HA, HD */
        isb
        str     x20, [x20]
        ldr     x2, =l3
        ldp     x0, x1, [x2]
        ldr     x3, =page
        sub     x0, x0, x3
        put     x0
        put     x1
        ldr     x0, [x20]
        put     x0
        adr     x21, 1f
        ldr     x0, =0x80001000
        br      x0                                      /* not executable */
1:
        /* another page, known by TLBIP */
        ldr     x0, =other + MEMORY
        str     x0, [x2]
        dsb     sy
        lsr     x1, x20, #12
        mov     x0, #0
        sysp    0, 0, 8, 3, 1                           /* TLBIP VAE1IS, X0, X1 */
        dsb     sy
        isb
        ldr     x0, [x20]
        put     x0
        ldr     x0, =page + MEMORY
        str     x0, [x2]
        dsb     sy
        mov     x0, #1 << 46                            /* a range: granule 4K, two pages */
        sysp    0, 0, 8, 6, 1                           /* TLBIP RVAE1 */
        dsb     sy
        isb
        ldr     x0, [x20]
        put     x0
        /* levels that go beyond the last, and a reserved one */
        ldr     x0, =SKL1
        str     x0, [x2, #8]
        dsb     sy
        tlbi    vmalle1
        dsb     sy
        ldr     x0, [x20]
        ldr     x0, =0x40000000000
        ldr     x0, [x0]
        off     hvc

caught: mrs     x10, esr_el1
        put     x10
        mrs     x11, elr_el1
        add     x11, x11, #4
        lsr     x10, x10, #26
        cmp     x10, #0x21
        csel    x11, x21, x11, eq
        msr     elr_el1, x11
        eret
        vectors caught
        .data
        .balign 32768
l1:     .zero   32768
l2:     .zero   4096
l3:     .zero   4096
page:   .zero   4096
other:  .zero   8
        .quad   0x5678
        .zero   4080
