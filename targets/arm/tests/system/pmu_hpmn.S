/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MDCR_EL2: HPMN after reset, the counters that it leaves to EL1, those of EL2 (HPME), and TPMCR. */
        .include "system.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        mrs     x10, mdcr_el2
        mrs     x11, pmcr_el0
        ubfx    x11, x11, #11, #5
        and     x10, x10, #31
        sub     x10, x10, x11
        put     x10
        mov     x0, #-1
        msr     pmcntenset_el0, x0
        mov     x0, #2
        msr     mdcr_el2, x0
        isb
        to_el1  1 << 31, guest
guest:  mrs     x10, pmcr_el0
        ubfx    x10, x10, #11, #5
        put     x10
        mrs     x10, pmcntenset_el0
        put     x10
        mov     x0, #-1
        msr     pmcntenclr_el0, x0                      /* EL2's go on */
        mov     x0, #1
        msr     pmcr_el0, x0
        mov     x0, #8
        msr     pmswinc_el0, x0                         /* counter 3 is not there */
        hvc     #0
        mrs     x10, pmcr_el0
        b       .

caught: add     x20, x20, #1
        cmp     x20, #2
        b.eq    trap
        mrs     x10, pmcntenset_el0
        and     x10, x10, #15
        put     x10
        mov     x0, #8
        msr     pmswinc_el0, x0                         /* HPME is clear, whatever PMCR_EL0.E is */
        isb
        mrs     x10, pmevcntr3_el0
        put     x10
        mov     x0, #1 << 27                            /* NSH: at EL2 too */
        msr     pmevtyper3_el0, x0
        mov     x0, #0x82                               /* HPME */
        msr     mdcr_el2, x0
        msr     pmcr_el0, xzr
        isb
        mov     x0, #8
        msr     pmswinc_el0, x0
        isb
        mrs     x10, pmevcntr3_el0
        put     x10
        mov     x0, #0x22                               /* TPMCR */
        msr     mdcr_el2, x0
        isb
        eret
trap:   mrs     x10, esr_el2
        put     x10
        off     smc
        vectors caught
