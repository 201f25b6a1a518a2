/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SCTLR_EL1.EnIA is set; EnIB and EnDB are cleared and set under the same code. */
        .include "system.inc"
        .arch   armv8.3-a
        .globl  _start
        .macro  enable set, clear
        mrs     x9, sctlr_el1
        ldr     x10, =\set
        orr     x9, x9, x10
        ldr     x10, =\clear
        bic     x9, x9, x10
        msr     sctlr_el1, x9
        isb
        .endm
_start: adr     x0, vec
        msr     vbar_el1, x0
        mov     x21, #0x1234
        msr     apiakeylo_el1, x21
        msr     apibkeylo_el1, x21
        msr     apdakeylo_el1, x21
        msr     apdbkeylo_el1, x21
        mov     x19, #200
        mov     x20, #0                 // how often what was signed differs, and what was authenticated
        mov     x22, #0
        ldr     x23, =0x4000abcd
1:      enable  1 << 31, 1 << 30 | 1 << 27 | 1 << 13
        bl      signs
        mov     x24, x20                // not once so far in this turn
        enable  1 << 30 | 1 << 13, 0
        bl      signs
        sub     x24, x20, x24
        cmp     x24, #2
        cinc    x22, x22, ne
        enable  0, 1 << 30
        mov     x0, x23
        pacib   x0, x19
        cmp     x0, x23
        cinc    x22, x22, ne
        subs    x19, x19, #1
        b.ne    1b
        put     x20                     // two in each turn, both where they are enabled
        put     x22
        enable  1 << 30, 0
        mov     x0, x23
        pacib   x0, x19
        eor     x0, x0, #(1 << 50)
        autib   x0, x19
        put     x0                      // FEAT_FPACCOMBINE: raises
        off     hvc
caught: mrs     x10, esr_el1
        put     x10
        off     hvc
        .ltorg
signs:  mov     x14, x30
        mov     x11, x23
        pacib   x11, x19
        cmp     x11, x23
        cinc    x20, x20, ne
        autib   x11, x19
        cmp     x11, x23
        cinc    x22, x22, ne
        mov     x13, x23
        pacdb   x13, x19
        cmp     x13, x23
        cinc    x20, x20, ne
        autdb   x13, x19
        cmp     x13, x23
        cinc    x22, x22, ne
        adr     x15, 2f
        pacib   x15, x19
        brab    x15, x19
        add     x22, x22, #1
2:      adr     x15, 3f
        pacda   x15, x19                // EnDA is clear
        autda   x15, x19
        br      x15
3:      mov     x30, x14
        ret
        vectors caught
