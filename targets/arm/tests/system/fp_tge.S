/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Floating point that CPACR_EL1 traps from EL0 below HCR_EL2.TGE: an unknown class. CPTR_EL2's own trap has one. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        ldr     x0, =(1 << 31 | 1 << 27)
        msr     hcr_el2, x0
        msr     cptr_el2, xzr
        msr     cpacr_el1, xzr
        mov     x9, #0
1:      isb
        mov     x0, #0x3c0
        msr     spsr_el2, x0
        adr     x0, user
        msr     elr_el2, x0
        eret
user:   fmov    d0, #1.0
        b       .
caught: mrs     x10, esr_el2
        put     x10
        cbnz    x9, 2f
        mov     x9, #3 << 20
        msr     cpacr_el1, x9
        mov     x0, #1 << 10
        msr     cptr_el2, x0
        b       1b
2:      off     smc
        vectors caught
