/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Firmware of a cluster of A-profile cores on amp-virt, number 2: answers value * value + sequence, sleeping until its
 * doorbell's interrupt in between; before that it has waited for its generic timer's, to see that it comes. The first
 * CPU alone does so; others sleep. The map is that of a cluster (docs/machines.md).
 */
#define MAILBOX 0x28020000
#define UART 0x40000000
#define GICD 0x40008000
#define GICC 0x4000a000
#define MHU_TO_A 0x40010000
#define TIMER_ID 30                             /* the physical timer */
#define DOORBELL_ID 36                          /* interrupt 4 of the cluster: SPI 4 */

    .text
    .global _start
_start:
    mrs x0, mpidr_el1
    ands x0, x0, #0xff
    b.eq 1f
0:  wfi
    b 0b
1:  ldr x0, =0x20001000
    mov sp, x0
    adr x0, vectors
    msr vbar_el1, x0
    ldr x20, =GICD
    ldr x21, =GICC
    ldr x22, =MHU_TO_A
    ldr x19, =MAILBOX
    mov w23, #0                                 // the timer's interrupts
    mov w0, #1 << TIMER_ID
    str w0, [x20, #0x100]
    mov w0, #1 << (DOORBELL_ID - 32)
    str w0, [x20, #0x104]
    mov w0, #1
    strb w0, [x20, #0x800 + DOORBELL_ID]
    str w0, [x20]
    mov w1, #0xff
    str w1, [x21, #4]
    str w0, [x21]
    mov x0, #1000
    msr cntp_tval_el0, x0
    mov x0, #1
    msr cntp_ctl_el0, x0
    isb
2:  msr daifset, #2
    cbnz w23, 3f
    wfi
    msr daifclr, #2
    isb
    b 2b
3:  ldr x0, =UART
    mov w1, #0x301
    str w1, [x0, #0x30]
    adr x1, text
4:  ldrb w2, [x1], #1
    cbz w2, 5f
    str w2, [x0]
    b 4b
5:  mov w3, #0                                  // answered
6:  msr daifset, #2
    ldr w1, [x19]
    cmp w1, w3
    b.ne 7f
    wfi
    msr daifclr, #2
    isb
    b 6b
7:  dmb sy
    ldr w4, [x19, #4]
    madd w4, w4, w4, w1
    str w4, [x19, #12]
    dmb sy
    str w1, [x19, #8]
    mov w3, w1
    mov w0, #1
    str w0, [x22, #0x008]
    b 6b

interrupt:
    ldr w0, [x21, #0xc]
    cmp w0, #TIMER_ID
    b.ne 8f
    add w23, w23, #1
    msr cntp_ctl_el0, xzr
    b 9f
8:  mov w1, #-1
    str w1, [x22, #0x110]
9:  dsb sy
    str w0, [x21, #0x10]
    eret
    .ltorg
text:
    .asciz "a: ready\n"
    .balign 2048
vectors:
    .skip 0x280
    b interrupt
