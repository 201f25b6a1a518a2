/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HCR_EL2.APK: EL1's access to the keys of pointer authentication traps while it is clear. */
        .include "system.inc"
        .arch   armv8.3-a
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        to_el1  1 << 31, guest
guest:  msr     apgakeyhi_el1, x0
        b       .
caught: mrs     x10, esr_el2
        put     x10
        cbnz    x20, 1f
        mov     x20, #1
        to_el1  0x10080000000, 2f
1:      off     smc
2:      msr     apiakeylo_el1, x0
        hvc     #7
        vectors caught
