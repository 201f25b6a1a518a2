/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * 64K granules: the output address has bits 51 to 48, which are a fault where TCR_EL1.IPS says 48. And 52-bit virtual
 * addresses.
 */
        .include "system.inc"
        .globl  _start
_start: ldr     x0, =table
        ldr     x1, =0x0060000000000405                 /* level 2: blocks of 512 MiB */
        str     x1, [x0]
        ldr     x1, =0x006000004000f701                 /* bits 15 to 12 are bits 51 to 48 */
        str     x1, [x0, #8]
        ldr     x1, =0x0000000040000701
        str     x1, [x0, #16]
        msr     ttbr0_el1, x0
        mov     x1, #0xff
        msr     mair_el1, x1
        ldr     x1, =(25 | 1 << 8 | 1 << 10 | 1 << 14 | 3 << 12 | 1 << 23 | 6 << 32)
        msr     tcr_el1, x1
        ldr     x1, =0x30d00801
        msr     sctlr_el1, x1
        dsb     sy
        isb
        ldr     x2, =0x20123000
        at      s1e1r, x2
        isb
        mrs     x10, par_el1
        put     x10
        mrs     x1, tcr_el1
        and     x1, x1, #~(3 << 32)
        orr     x1, x1, #1 << 32
        msr     tcr_el1, x1
        isb
        tlbi    vmalle1
        dsb     sy
        isb
        at      s1e1r, x2
        isb
        mrs     x10, par_el1
        put     x10
        ldr     x0, =table
        orr     x1, x0, #3
        ldr     x0, =level1
        str     x1, [x0]
        str     x1, [x0, #4096]                         /* bit 51 of the virtual address */
        mrs     x1, tcr_el1
        bic     x1, x1, #63
        orr     x1, x1, #12
        ldr     x2, =0x0008000040124000
        msr     ttbr0_el1, x0
        msr     tcr_el1, x1
        isb
        tlbi    vmalle1
        dsb     sy
        isb
        at      s1e1r, x2
        isb
        mrs     x10, par_el1
        put     x10
        off     hvc
        .data
        .balign 65536
table:  .zero   65536
level1: .zero   65536
