/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WFI and WFIT sleep until the timer, though a WFE slept before and the event register is set. */
        .include "system.inc"
        .set    GICD, 0x08000000
        .set    GICC, 0x08010000

        /* How often \wait returns before the virtual timer, in 16 ms, has fired: 1 if that is hardly more than once. */
        .macro  returns wait:vararg
        mrs     x0, cntfrq_el0
        lsr     x0, x0, #6
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        isb
        mov     x10, #0
        mov     x7, #-1
        sevl
93:     \wait
        add     x10, x10, #1
        mrs     x0, cntv_ctl_el0
        tbz     x0, #2, 93b
        msr     cntv_ctl_el0, xzr
        isb
        cmp     x10, #16
        cset    x10, lo
        put     x10
        .endm

        .globl  _start
_start: ldr     x1, =GICD
        mov     w0, #1
        str     w0, [x1]
        mov     w0, #1 << 27
        str     w0, [x1, #0x100]
        ldr     x1, =GICC
        mov     w0, #0xff
        str     w0, [x1, #4]
        mov     w0, #1
        str     w0, [x1]
        mov     x0, #(1 << 2 | 12 << 4)                 /* CNTKCTL_EL1: the event stream is on */
        msr     cntkctl_el1, x0
        isb
        sevl
        wfe
        wfe
        wfe
        msr     cntkctl_el1, xzr
        isb
        returns wfi
        returns .inst 0xd5031027                        /* WFIT X7 */
        mrs     x7, cntvct_el0                          /* and it ends when its time has come, without an interrupt */
        mov     x0, #50000
        add     x7, x7, x0
        .inst   0xd5031027
        mrs     x0, cntvct_el0
        cmp     x0, x7
        cset    x10, hs
        put     x10
        off     hvc
