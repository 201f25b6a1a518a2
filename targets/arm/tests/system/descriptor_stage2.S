/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Access flag of a descriptor that stage 2 has read-only: an abort to EL2, and no store. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        stage2  s2l1, s2l2
        ldr     x4, =0x4040077d                         /* 4 MiB on: read-only */
        str     x4, [x2, #16]
        stage1  0x40400000, 0x0060000040000301, 1 << 39
        to_el1  0x80000001, guest
guest:  ldr     x2, =0x80080000
        ldr     x3, [x2]
        hvc     #0
caught: mrs     x10, esr_el2
        put     x10
        ldr     x5, =0x40400000
        ldr     x10, [x5, #16]
        put     x10
        off     smc
        vectors caught
        .data
        .balign 4096
s2l1:   .zero   4096
s2l2:   .zero   4096
