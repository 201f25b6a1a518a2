/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EL0: PMUSERENR_EL0 can be read always; MDSCR_EL1.TDCC traps the debug communications channel. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        msr     pmuserenr_el0, xzr
        mov     x0, #0x1234
        movk    x0, #0x5678, lsl #32
        msr     dbgdtr_el0, x0
        mrs     x10, dbgdtr_el0                         /* one word goes out, the other one comes in */
        put     x10
        mrs     x10, dbgdtrrx_el0
        put     x10
        msr     dbgdtrtx_el0, xzr
        mrs     x10, dbgdtr_el0
        put     x10
        mov     x0, #0x3c0
        msr     spsr_el1, x0
        adr     x0, user
        msr     elr_el1, x0
        mov     x0, #1 << 12
        msr     mdscr_el1, x0
        isb
        eret
user:   mrs     x0, pmuserenr_el0
        mrs     x0, mdccsr_el0
        mrs     x0, dbgdtrrx_el0
        msr     dbgdtr_el0, x0
        svc     #0
caught: mrs     x10, esr_el1
        put     x10
        lsr     x11, x10, #26
        cmp     x11, #0x15
        b.eq    1f
        mrs     x11, elr_el1
        add     x11, x11, #4
        msr     elr_el1, x11
        eret
1:      off     hvc
        vectors caught
