/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the debugger's tests debug on M-profile, at address 0: a loop with a call, an IT block, a store and an SVC. */
        .syntax unified
        .thumb
        .cfi_sections .debug_frame
        .globl  vectors
vectors:
        .word   0x20001000, start + 1
        .rept   9
        .word   fault + 1
        .endr
        .word   svcall + 1
        .rept   4
        .word   fault + 1
        .endr

        .globl  start, loop, square, svcall, block, store, after_svc
        .thumb_func
start:  ldr     r1, =0x20000100
        movs    r4, #0
        .thumb_func
loop:   adds    r4, #1
        mov     r0, r4
        bl      square
store:  str     r0, [r1]
block:  cmp     r4, r4
        ittet   eq
        moveq   r5, #1
        addeq.w r6, r6, #0x10000
        movne   r5, #2
        moveq   r7, #3
        svc     #0
after_svc:
        b       loop

        .thumb_func
square: push    {r4, lr}
        muls    r0, r0, r0
        pop     {r4, pc}

        .thumb_func
svcall: .cfi_startproc
        adds    r2, #1
        bx      lr
        .cfi_endproc

        .thumb_func
fault:  b       fault
