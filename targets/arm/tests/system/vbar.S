/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The low bits of VBAR_EL1 are zero. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        add     x0, x0, #3
        msr     vbar_el1, x0
        isb
        mrs     x1, vbar_el1
        sub     x1, x1, x0
        put     x1
        .inst   0
        b       .
caught: mrs     x10, esr_el1
        put     x10
        off     hvc
        vectors caught
