/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Non-secure software for secure.c: a vector table whose every entry leaves its registers in ns_dump, functions that Secure
 * code calls, and the veneers that they call.
 */
    .syntax unified
    .thumb
    .arch   armv8-m.main
    .fpu    fpv5-sp-d16
    .section .ns.vectors, "a"
    .global ns_vectors
ns_vectors:
    .word   0x28190000, 1
    .rept   46
    .word   ns_trap + 1
    .endr

    .section .ns.bss, "aw", %nobits
    .global ns_dump, ns_word, ns_fp
    .balign 256
    /* R0-R12, LR, IPSR, APSR, CONTROL, SP, count, CFSR, action, LR to return with, its first word on the stack */
ns_dump:
    .space  128
ns_word:
    .space  128
ns_fp:
    .space  256

    .section .ns.text, "ax"
    .macro  function name
    .global \name
    .thumb_func
\name:
    .endm

    .thumb_func
ns_trap:
    push    {r0, r1}
    ldr     r0, =ns_dump
    mrs     r1, apsr
    str     r1, [r0, #60]
    ldr     r1, [sp]
    str     r1, [r0]
    ldr     r1, [sp, #4]
    str     r1, [r0, #4]
    add     r1, r0, #8
    stm     r1, {r2-r12}
    str     lr, [r0, #52]
    mrs     r1, ipsr
    str     r1, [r0, #56]
    mrs     r1, control
    str     r1, [r0, #64]
    add     r1, sp, #8
    str     r1, [r0, #68]
    ldr     r1, [r0, #72]
    adds    r1, #1
    str     r1, [r0, #72]
    ldr     r1, =0xe000ed28
    ldr     r1, [r1]
    str     r1, [r0, #76]
    ldr     r1, [r0, #80]
    cbz     r1, 1f
    push    {r2, lr}
    blx     r1
    pop     {r2, lr}
1:  ldr     r0, =ns_dump
    ldr     r1, [r0, #84]
    cbz     r1, 2f
    mov     lr, r1
2:  pop     {r0, r1}
    bx      lr

    /* actions */
function ns_skip
    ldr     r0, =ns_dump
    ldr     r1, [r0, #68]
    ldr     r2, [r0, #52]
    tst     r2, #4
    it      ne
    mrsne   r1, psp
    ldr     r2, [r1, #24]
    ldrh    r3, [r2]
    cmp     r3, #0xe800
    ite     hs
    addhs   r2, #4
    addlo   r2, #2
    str     r2, [r1, #24]
    bx      lr
function ns_use_fp
    vmov.f32 s0, #1.0
    vmov.f32 s15, #2.0
    bx      lr
function ns_pend_0
    ldr     r0, =0xe000e200                 @ WI for a Secure interrupt
    movs    r1, #1
    str     r1, [r0]
    dsb
    isb
    bx      lr

    /* functions */
function ns_add_1
    adds    r0, #1
    bx      lr
function ns_look
    push    {r4, r5}
    ldr     r4, =ns_dump
    str     lr, [r4, #52]
    mrs     r5, ipsr
    str     r5, [r4, #56]
    mrs     r5, control
    str     r5, [r4, #64]
    add     r5, sp, #8
    str     r5, [r4, #68]
    pop     {r4, r5}
    bx      lr
function ns_load
    ldr     r0, [r0]
    bx      lr
function ns_load8
    ldrb    r0, [r0]
    bx      lr
function ns_store
    str     r1, [r0]
    dsb
    isb
    bx      lr
function ns_call
    push    {r4, lr}
    mov     r4, r0
    mov     r0, r1
    blx     r4
    pop     {r4, pc}
function ns_udf
    udf     #0
    bx      lr
function ns_bxns
    bxns    r0
    bx      lr
function ns_blxns
    push    {r4, lr}
    blxns   r0
    pop     {r4, pc}
function ns_tta
    tta     r0, r0
    bx      lr
function ns_tt
    tt      r0, r0
    bx      lr
function ns_sg
    sg
    mov     r0, lr
    bx      lr
function ns_svc
    svc     #1
    bx      lr
function ns_fp_add
    vadd.f32 s0, s1, s2
    bx      lr
function ns_fp_store
    ldr     r1, =ns_fp
    vstmia  r1, {s0-s31}
    bx      lr
function ns_fp_regs
    vmov.f32 s0, #1.0
    vmov.f32 s15, #2.0
    bx      lr
function ns_mrs_primask
    mrs     r0, primask
    bx      lr
function ns_mrs_control
    mrs     r0, control
    bx      lr
function ns_mrs_faultmask
    mrs     r0, faultmask
    bx      lr
    /* the Secure registers, which it cannot name: 0 */
function ns_mrs_ns_alias
    mov     r0, #5
    mrs     r0, msp_ns
    bx      lr
function ns_msr_control
    msr     control, r0
    isb
    bx      lr
function ns_push
    sub     sp, #0x100
    add     sp, #0x100
    bx      lr
function ns_vlstm
    vlstm   r0
    bx      lr
function ns_cps
    cpsid   i
    bx      lr
    .ltorg

    /* Non-secure callable: SG, and what is none */
    .section .nsc, "ax"
    .balign 32
function veneer_add_2
    sg
    b.w     secure_add_2
function veneer_look
    sg
    b.w     secure_look
function veneer_hook
    sg
    b.w     secure_hook
    .balign 32
function no_veneer
    nop
    bx      lr
    .balign 32
    /* SG at an address that no alignment helps: it may be at any halfword */
    nop
function veneer_at_halfword
    sg
    b.w     secure_add_2

    .text
    .thumb_func
secure_add_2:
    adds    r0, #2
    bxns    lr
    .thumb_func
secure_look:
    ldr     r1, =secure_seen
    str     lr, [r1]
    mrs     r2, control
    str     r2, [r1, #4]
    mrs     r2, ipsr
    str     r2, [r1, #8]
    mov     r2, sp
    str     r2, [r1, #12]
    bxns    lr
    /* a C function of the case, from Non-secure code; hook_sp: the Secure stack as that left it */
    .thumb_func
secure_hook:
    ldr     r1, =hook_sp
    mov     r2, sp
    str     r2, [r1]
    push    {r4, lr}
    ldr     r1, =hook
    ldr     r1, [r1]
    blx     r1
    pop     {r4, lr}
    bxns    lr
    .global call_ns, bxns_to
    /* u32 call_ns(fn, a, b) */
    .thumb_func
call_ns:
    push    {r4-r11, lr}
    sub     sp, #4
    bic     r4, r0, #1
    mov     r0, r1
    mov     r1, r2
    ldr     r2, =secure_sp
    mov     r3, sp
    str     r3, [r2]
    blxns   r4
    .global call_ns_return
call_ns_return:
    add     sp, #4
    pop     {r4-r11, pc}
    /* bxns_to(fn, psr): as BLXNS would, with an IPSR of the caller's choice */
    .thumb_func
bxns_to:
    push    {r4-r11, lr}
    sub     sp, #4
    adr     r2, 1f
    adds    r2, #1
    push    {r1}
    push    {r2}
    ldr     r2, =0xfeffffff
    mov     lr, r2
    bic     r0, #1
    bxns    r0
    .balign 4
1:  add     sp, #4
    pop     {r4-r11, pc}
    .ltorg
