/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AT at EL1 whose table stage 2 does not map aborts to EL2. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        stage2  s2l1, s2l2
        str     xzr, [x2, #24]                          /* 6 MiB on: not mapped */
        stage1  0x40400000, 0x40600003
        to_el1  0x80000001, guest
guest:  ldr     x2, =0x80080000
        at      s1e1r, x2
        hvc     #0
caught: mrs     x10, esr_el2
        put     x10
        mrs     x10, hpfar_el2
        put     x10
        off     smc
        vectors caught
        .data
        .balign 4096
s2l1:   .zero   4096
s2l2:   .zero   4096
