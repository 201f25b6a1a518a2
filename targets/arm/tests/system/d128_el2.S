/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EL2's registers of 128 bits, and what E2H makes of EL1's names; the high halves of both levels are apart. */
        .include "system.inc"
        .include "d128.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el2, x0
        mov     x2, #0x1000
        mov     x3, #0x11
        msrr    2, 0, 2, 0, 0                           /* TTBR0_EL1 */
        mov     x3, #0x22
        msrr    2, 4, 2, 0, 0                           /* TTBR0_EL2 */
        mov     x3, #0x33
        msrr    2, 4, 2, 1, 0                           /* VTTBR_EL2 */
        mrrs    4, 5, 2, 0, 0                           /* TTBR0_EL12: UNDEFINED without E2H */
        ldr     x0, =(1 << 31 | 1 << 34)
        msr     hcr_el2, x0
        isb
        mrrs    4, 0, 2, 0, 0                           /* TTBR0_EL2 */
        put     x5
        mrrs    4, 5, 2, 0, 0                           /* TTBR0_EL12: EL1's */
        put     x5
        mov     x3, #0x44
        msrr    2, 0, 2, 0, 1                           /* TTBR1_EL2 */
        mov     x3, #0x55
        msrr    2, 5, 2, 0, 1                           /* TTBR1_EL12 */
        mrrs    4, 4, 2, 0, 1
        put     x5
        msr     hcr_el2, xzr
        isb
        mrrs    4, 0, 2, 0, 1                           /* TTBR1_EL1 */
        put     x5
        mrrs    4, 4, 2, 1, 0
        put     x5
        off     smc
caught: mrs     x10, esr_el2
        put     x10
        mrs     x11, elr_el2
        add     x11, x11, #4
        msr     elr_el2, x11
        eret
        vectors caught
