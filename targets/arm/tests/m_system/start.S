/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vector table, one entry for every exception, and sequences whose registers matter (test.h). */
    .syntax unified
    .thumb
    .section .vectors, "ax"
    .global vectors
vectors:
    .word   stack_top, reset + 1
    .rept   46
    .word   trap + 1
    .endr

    .text
    .global reset, trap
    .type   reset, %function
    .type   trap, %function
    .thumb_func
reset:
    ldr     r0, =data_from
    ldr     r1, =data_start
    ldr     r2, =data_end
1:  cmp     r1, r2
    bhs     2f
    ldr     r3, [r0]
    str     r3, [r1]
    adds    r0, #4
    adds    r1, #4
    b       1b
2:  ldr     r1, =bss_start
    ldr     r2, =bss_end
    movs    r3, #0
3:  cmp     r1, r2
    bhs     4f
    str     r3, [r1]
    adds    r1, #4
    b       3b
4:  bl      main
    b       .

    /* u32 on_trap(sp, lr, saved): what it returns is branched to */
    .thumb_func
trap:
    mrs     r0, msp
    mov     r1, lr
    mov     r2, r8
    mov     r3, r9
    push    {r4-r7}
    mov     r4, r10
    mov     r5, r11
    push    {r2-r5}
    mov     r2, sp
    bl      on_trap
    pop     {r4-r7}
    mov     r8, r4
    mov     r9, r5
    mov     r10, r6
    mov     r11, r7
    pop     {r4-r7}
    bx      r0

    .global on_psp, svc_regs, svc_regs_return, svc_with_sp, call, bx_to, probe_read, probe_read8, probe_write
    .thumb_func
on_psp:
    push    {r4-r6, lr}
    mov     r4, r0
    mov     r0, r1
    msr     psp, r2
    msr     control, r3
    isb
    blx     r4
    mov     r6, r0
    svc     #0x7f                       /* nPRIV is cleared */
    movs    r1, #0
    msr     control, r1
    isb
    mov     r0, r6
    pop     {r4-r6, pc}

    .thumb_func
svc_regs:
    push    {r4-r7, lr}
    mov     r1, r8
    mov     r2, r9
    mov     r3, r10
    mov     r4, r11
    push    {r0-r4}
    adds    r0, #32
    ldmia   r0!, {r1-r5}
    mov     r8, r1
    mov     r9, r2
    mov     r10, r3
    mov     r11, r4
    mov     r12, r5
    subs    r0, #52
    ldr     r1, =0x12345679
    mov     lr, r1
    ldmia   r0, {r0-r7}
    svc     #1
svc_regs_return:
    push    {r0}
    ldr     r0, [sp, #4]
    adds    r0, #4
    stmia   r0!, {r1-r7}
    mov     r1, r8
    mov     r2, r9
    mov     r3, r10
    mov     r4, r11
    mov     r5, r12
    stmia   r0!, {r1-r5}
    subs    r0, #52
    pop     {r1}
    str     r1, [r0]
    mov     r1, lr
    str     r1, [r0, #52]
    pop     {r0-r4}
    mov     r8, r1
    mov     r9, r2
    mov     r10, r3
    mov     r11, r4
    pop     {r4-r7, pc}

    .thumb_func
svc_with_sp:
    push    {r4, r5, r6, lr}
    mov     r4, sp
    subs    r5, r4, r0
    mov     sp, r5
    svc     #1
    mov     r0, sp
    subs    r0, r5
    mov     sp, r4
    pop     {r4, r5, r6, pc}

    .thumb_func
call:
    push    {r4, lr}
    blx     r0
    pop     {r4, pc}

    .thumb_func
bx_to:
    bx      r0

    .thumb_func
probe_read:
    mov     r1, r0
    ldr     r0, =0xdead0000
    ldr     r0, [r1]
    bx      lr
    .thumb_func
probe_read8:
    mov     r1, r0
    ldr     r0, =0xdead0000
    ldrb    r0, [r1]
    bx      lr
    .thumb_func
probe_write:
    str     r1, [r0]
    bx      lr
    .ltorg
