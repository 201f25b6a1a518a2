/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aborts of 64-byte accesses name their registers: at stage 1 with ST64BV, at stage 2 with LD64B. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        adr     x0, vec1
        msr     vbar_el1, x0
        stage2  s2l1, s2l2
        str     xzr, [x2, #24]                          /* 6 MiB on: not mapped */
        mov     x0, #7
        msr     S3_4_C1_C2_2, x0                        /* HCRX_EL2: no traps */
        stage1  table, 0
        to_el1  0x80000001, guest
guest:  ldr     x2, =0x80080000
        .inst   0xf825b04a                              /* ST64BV X5, X10, [X2] */
        b       .
stage1: mrs     x10, esr_el1
        put     x10
        ldr     x2, =0x40600000
        .inst   0xf83fd04c                              /* LD64B X12, [X2] */
        b       .
caught: mrs     x10, esr_el2
        put     x10
        off     smc
        vectors caught
        .balign 2048
vec1:   .rept   16
        b       stage1
        .balign 128
        .endr
        .data
        .balign 4096
table:  .zero   4096
s2l1:   .zero   4096
s2l2:   .zero   4096
