/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WFET X5 and WFIT X7 at EL0, both trapped: the syndromes. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        mrs     x0, sctlr_el1
        bic     x0, x0, #1 << 16
        bic     x0, x0, #1 << 18
        msr     sctlr_el1, x0
        isb
        mov     x0, #0x3c0
        msr     spsr_el1, x0
        adr     x0, user
        msr     elr_el1, x0
        mov     x5, #-1
        mov     x7, #-1
        eret
user:   wfe                                             /* the event of the exception return */
        .inst   0xd5031005
        .inst   0xd5031027
        svc     #0
caught: mrs     x10, esr_el1
        lsr     x11, x10, #26
        cmp     x11, #0x15
        b.eq    1f
        put     x10
        mrs     x11, elr_el1
        add     x11, x11, #4
        msr     elr_el1, x11
        eret
1:      off     hvc
        vectors caught
