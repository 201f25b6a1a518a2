/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cache maintenance of a page of EL0's with PSTATE.PAN: no abort; a load: one. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        stage1  table, 0x40000741
        msr     pan, #1
        ldr     x5, =0x80080000
        dc      cvac, x5
        dc      civac, x5
        dc      cvau, x5
        ic      ivau, x5
        ldr     x6, [x5]
        put     x6
caught: mrs     x10, esr_el1
        put     x10
        off     hvc
        vectors caught
        .data
        .balign 4096
table:  .zero   4096
