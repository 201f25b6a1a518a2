/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Code that is mapped for the upper range by ASID, through the same tables for all: what is called there is what those
 * say, for an ASID that was not used before, and for others after what invalidates their translations.
 */
        .include "system.inc"
        .set    FN, 0xffffff8000000000
        .set    PTE, 0x0040000000000f03         /* a page of memory, not global, of EL1 alone */

        /* ASID n */
        .macro  asid n
        mov     x0, #\n
        orr     x0, x19, x0, lsl #48
        msr     ttbr0_el1, x0
        isb
        .endm

        /* The page is that of \fn. */
        .macro  map fn
        ldr     x0, =\fn
        orr     x0, x0, x21
        str     x0, [x20]
        dsb     ishst
        .endm

        .macro  done
        dsb     ish
        isb
        .endm

        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        stage1  table, 0x40000741
        ldr     x19, =table
        ldr     x20, =upper3
        ldr     x21, =PTE
        ldr     x22, =FN
        ldr     x0, =upper1
        ldr     x1, =upper2
        ldr     x2, =other3
        ldr     x3, =other1
        ldr     x4, =other2
        orr     x5, x1, #3
        str     x5, [x0]
        orr     x5, x20, #3
        str     x5, [x1]
        orr     x5, x4, #3
        str     x5, [x3]
        orr     x5, x2, #3
        str     x5, [x4]
        ldr     x5, =one
        orr     x5, x5, x21
        str     x5, [x2]
        map     one
        ldr     x0, =upper1
        msr     ttbr1_el1, x0
        ldr     x1, =(25 | 25 << 16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 24 | 1 << 26 | 3 << 28 | 2 << 30 | 2 << 32)
        msr     tcr_el1, x1
        isb
        asid    1
        bl      calls                           /* 1000 */
        asid    2
        bl      calls                           /* 1000 */
        map     two
        asid    3
        bl      calls                           /* 2000: nothing was kept for it */
        mov     x0, #1
        lsl     x0, x0, #48
        tlbi    aside1, x0
        done
        asid    1
        bl      calls                           /* 2000 */
        map     one
        mov     x0, #3
        lsl     x0, x0, #48
        ubfx    x1, x22, #12, #44
        orr     x0, x0, x1
        tlbi    vae1, x0
        done
        asid    3
        bl      calls                           /* 1000 */
        map     two
        ubfx    x0, x22, #12, #44
        tlbi    vaae1, x0
        done
        bl      calls                           /* 2000 */
        asid    1
        bl      calls                           /* 2000 */
        asid    2
        bl      calls                           /* 2000 */
        ldr     x0, =other1
        msr     ttbr1_el1, x0
        asid    4
        bl      calls                           /* 1000: other tables */
        ldr     x0, =upper1
        msr     ttbr1_el1, x0
        asid    5
        bl      calls                           /* 2000 */
        asid    4
        tlbi    vmalle1
        done
        bl      calls                           /* 2000 */
        ldr     x0, =upper2
        ldr     x1, =other3
        orr     x1, x1, #3
        str     x1, [x0]
        dsb     ishst
        asid    6
        bl      calls                           /* 1000: another table of pages */
        off     hvc
        vectors caught

caught: mrs     x10, esr_el1
        put     x10
        mrs     x10, far_el1
        put     x10
        off     hvc

        /* Prints the sum of what the page's code returns a thousand times. */
calls:  mov     x29, x30
        mov     x9, #1000
        mov     x10, #0
1:      blr     x22
        add     x10, x10, x0
        subs    x9, x9, #1
        b.ne    1b
        put     x10
        ret     x29

        .balign 4096
one:    mov     x0, #1
        ret
        .balign 4096
two:    mov     x0, #2
        ret

        .data
        .balign 4096
table:  .zero   4096
upper1: .zero   4096
upper2: .zero   4096
upper3: .zero   4096
other1: .zero   4096
other2: .zero   4096
other3: .zero   4096
