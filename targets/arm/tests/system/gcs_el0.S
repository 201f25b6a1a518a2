/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EL0's guarded control stack, with calls that are hot, what it may not do, and what EL1 does to it. */
        .include "gcs.inc"
        .globl  _start
_start:
        .ifdef  HOST
        ldr     x0, =(1 << 34 | 1 << 31 | 1 << 27)      /* E2H, RW, TGE */
        msr     hcr_el2, x0
        isb
        .endif
        adr     x0, vec
        msr     vbar_el1, x0
        indirect l1, l2
        ldr     x0, =USER_GCS + 0x1000
        msr     s3_3_c2_c5_1, x0
        mov     x0, #PCRSEL | RVCHKEN
        msr     s3_0_c2_c5_2, x0                        /* GCSCRE0_EL1 */
        gcscr   STREN
        ldr     x0, =USER_GCS + 0x800
        mov     x1, #0x77
        gcssttr 1, 0
        ldr     x10, [x0]
        put     x10
        try     gcsstr 1, 0                             /* it is not EL1's */
        try     str x1, [x0]
        mov     x0, #0x3c0
        msr     spsr_el1, x0
        adr     x0, user
        ldr     x1, =USER_CODE
        add     x0, x0, x1
        msr     elr_el1, x0
        eret

user:   mov     x16, #1
        chkfeat
        mov     x10, x16
        svc     #1
        mov     x0, #0
        ldr     x1, =20000
1:      bl      outer
        subs    x1, x1, #1
        b.ne    1b
        mov     x10, x0
        svc     #1
        adr     x21, 2f                                 /* EL0 may not read the pointer */
        mrs     x0, s3_3_c2_c5_1
2:      adr     x21, 3f
        mov     x1, #1
        gcspushm x1
3:      adr     x30, 4f
        adr     x21, 4f
        ret                                             /* not what the stack has: it is empty */
4:      bl      5f
5:      adr     x30, 6f
        adr     x21, 6f
        ret
6:      svc     #0
outer:  mov     x2, x30
        bl      inner
        bl      inner
        ret     x2
inner:  add     x0, x0, #1
        ret

caught: mrs     x11, esr_el1
        lsr     x12, x11, #26
        cmp     x12, #0x15
        b.ne    1f
        tbz     x11, #0, 2f
        put     x10
        eret
1:      put     x11
        msr     elr_el1, x21
        eret
2:      mrs     x10, s3_3_c2_c5_1
        put     x10
        .ifdef  HOST
        off     smc
        .else
        off     hvc
        .endif
        vectors caught
        .data
        .balign 4096
l1:     .zero   4096
l2:     .zero   4096
