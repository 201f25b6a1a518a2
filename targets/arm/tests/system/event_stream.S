/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host at EL2 waits for its own event stream, which CNTHCTL_EL2 has. */
        .include "system.inc"
        .globl  _start
_start: ldr     x0, =(1 << 34 | 1 << 31 | 1 << 27)
        msr     hcr_el2, x0
        isb
        mov     x0, #(1 << 2 | 10 << 4 | 3)
        msr     cntkctl_el1, x0
        isb
        mrs     x0, cnthctl_el2
        put     x0
        sevl
        wfe
        wfe
        off     smc
