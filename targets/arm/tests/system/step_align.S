/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A branch whose target is misaligned: the exception, and where. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        stage1  table, 0x40000741
        msr     oslar_el1, xzr
        isb
        mov     x0, #1
        msr     mdscr_el1, x0
        isb
        mov     x0, #1 << 21
        msr     spsr_el1, x0
        adr     x0, user
        orr     x0, x0, #0x80000000
        and     x0, x0, #~0x40000000
        msr     elr_el1, x0
        ldr     x5, =0x80000002
        eret
user:   br      x5
caught: mrs     x10, esr_el1
        put     x10
        mrs     x10, elr_el1
        put     x10
        off     hvc
        vectors caught
        .data
        .balign 4096
table:  .zero   4096
