/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stores to code: of another page than what runs, of its own, of both at once; what is written runs next. */
        .include "system.inc"
        .globl  _start
        .balign 4096
_start: adr     x0, vec
        msr     vbar_el1, x0
        mov     x19, #(3 << 20)
        msr     cpacr_el1, x19
        isb
        mov     x19, #300
        mov     x20, #0
        ldr     w2, =0x91000694         // add x20, x20, #1
        ldr     w3, =0x91000a94         // add x20, x20, #2
1:      bl      other
        ldr     x1, =other
        tst     x19, #1
        csel    w4, w2, w3, eq
        str     w4, [x1]
        bl      other
        str     w3, [x1, #4]
        tst     x19, #3
        b.ne    2f
        bl      crosses
2:      bl      own
        subs    x19, x19, #1
        b.ne    1b
        put     x20
        off     hvc
caught: mrs     x10, esr_el1
        put     x10
        off     hvc
        .ltorg

        .balign 4096
other:  add     x20, x20, #1
        add     x20, x20, #3
        ret
own:    adr     x10, 3f                 // the instruction behind the store
        ldr     w11, [x10]
        eor     w11, w11, #(1 << 10)
        str     w11, [x10]
3:      add     x20, x20, #4
        adr     x10, filler             // and a page that does not change
        ldr     q0, [x10]
        str     q0, [x10]
        ret

        .balign 4096
filler: .fill   1022, 4, 0xd503201f
crosses:
        nop
patch:  add     x20, x20, #5            // the last of its page
        add     x20, x20, #6
        mov     x12, x30
        adr     x13, patch
        ldr     w14, [x13]
        ldr     w15, [x13, #4]
        eor     w14, w14, #(1 << 11)
        eor     w15, w15, #(1 << 10)
        orr     x14, x14, x15, lsl #32
        str     x14, [x13]
        ldr     w16, [x13]
        add     x20, x20, x16, lsr #28
        mov     x30, x12
        ret
        vectors caught
