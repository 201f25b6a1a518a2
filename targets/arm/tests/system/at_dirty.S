/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AT for a write leaves the dirty state alone; a store sets it. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        stage1  table, 0x0068000040000781, 3 << 39
        ldr     x2, =0x80080000
        at      s1e1w, x2
        isb
        mrs     x10, par_el1
        and     x10, x10, #0xfff
        put     x10
        ldr     x0, =table
        ldr     x10, [x0, #16]
        put     x10
        ldr     x2, =0x80100000
        str     x2, [x2]
        ldr     x10, [x0, #16]
        put     x10
        off     hvc
caught: mrs     x10, esr_el1
        put     x10
        off     hvc
        vectors caught
        .data
        .balign 4096
table:  .zero   4096
