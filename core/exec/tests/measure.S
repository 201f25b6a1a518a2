/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What measure.py measures: as a Linux program (USER), or a kernel on "virt" that turns it off, or, with FOREVER, goes on. */
    .text
    .global _start
    .type _start, %function
_start:
#ifndef USER
    adr     x0, stack
    mov     sp, x0
    mov     x1, #3 << 20
    msr     cpacr_el1, x1
    isb
#endif
    bl      asks
    bl      odd
again:
    bl      spin
#ifdef FOREVER
    b       again
#endif
#ifdef USER
    mov     x0, #0
    mov     x8, #93
    svc     #0
#else
    ldr     w0, =0x84000008
    hvc     #0
1:  wfi
    b       1b
#endif
    .size _start, . - _start

/* 100 system calls, or 100 reads of a device's register. */
    .type asks, %function
asks:
    mov     x19, #100
    mov     x2, #0x09000000
1:
#ifdef USER
    mov     x8, #173
    svc     #0
#else
    ldr     w0, [x2, #0x18]
#endif
    subs    x19, x19, #1
    b.ne    1b
    ret
    .size asks, . - asks

/* 50 divisions that only a helper can do. */
    .type odd, %function
odd:
    mov     x19, #50
    movi    d0, #0
1:  fdiv    d1, d0, d0
    subs    x19, x19, #1
    b.ne    1b
    ret
    .size odd, . - odd

/* A loop with a call, which runs often. */
    .type spin, %function
spin:
    mov     x20, x30
    ldr     w19, =200000
1:  bl      leaf
    subs    x19, x19, #1
    b.ne    1b
    ret     x20
    .size spin, . - spin

    .type leaf, %function
leaf:
    add     x1, x1, x19
    eor     x1, x1, x1, lsr #3
    ret
    .size leaf, . - leaf

    .ltorg
    .bss
    .balign 16
    .skip 4096
stack:
