/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs short pieces of T16 and T32 on many register states and writes what they did: an image for M-profile boards, linked
 * at CODE, with 14 KiB of memory at DATA. m_oracle.py makes m_oracle.inc: pieces, states, sizes.
 *
 * The harness is one handler, of SVC and of every fault: a piece runs in Thread mode on the process stack, is started by an
 * exception return to a frame of its state, and ends with SVC or with its fault. A result is what the handler finds:
 * registers, the frame, status registers, a hash of the memory that the pointers of a state lead to. Written to the file
 * m_oracle.out by semihosting: a hash a piece over its states or, with RAW, each result. Armv6-M's instructions alone,
 * but where MAIN is set.
 */
        .include "m_oracle.inc"
        .syntax unified
        .thumb

        .set    CTL, DATA                       /* piece, round, state, hash, end of out, file, started */
        .set    C_TEST, 0
        .set    C_ROUND, 4
        .set    C_STATE, 8
        .set    C_HASH, 12
        .set    C_OUT, 16
        .set    C_FILE, 20
        .set    C_STARTED, 24
        .set    C_MAGIC, 28
        .set    C_BLOCK, 32
        .set    REC, DATA + 0x100
        .set    MEMORY_AT, DATA + 0x400
        .set    OUT, DATA + 0x3000
        .set    STACK, DATA + 0x3800

        /* a state: R0-R12, SP, LR, xPSR, FPSCR, -, S0-S31 */
        .set    S_FP, 72
        .set    STATE_SIZE, 200
        /* a result: R0-R12, SP, LR, PC, xPSR, IPSR, CFSR, HFSR, MMFAR, BFAR, PRIMASK, BASEPRI, FPSCR, hash, S0-S31 */
        .set    R_SP, 52
        .set    R_CFSR, 72
        .set    R_HASH, 100
        .set    R_FP, 104
        .set    RESULT_WORDS, 26 + 32

        .text
        .word   STACK, reset + 1, handler + 1, handler + 1, handler + 1, handler + 1, handler + 1, handler + 1
        .word   0, 0, 0, handler + 1, handler + 1, 0, handler + 1, handler + 1

        .thumb_func
reset:
        .if     MAIN
        ldr     r0, =0xe000ed24
        ldr     r1, =0x000f0000                 /* SHCSR: the faults are exceptions of their own */
        str     r1, [r0]
        .endif
        ldr     r0, =0xe000ed14
        ldr     r1, =CCR
        str     r1, [r0]
        .if     FP
        ldr     r0, =0xe000ed88
        ldr     r1, =0x00f00000
        str     r1, [r0]
        ldr     r0, =0xe000ef34
        movs    r1, #0                          /* FPCCR: frames have no floating point */
        str     r1, [r0]
        dsb
        isb
        .endif
        ldr     r7, =CTL
        ldr     r0, [r7, #C_MAGIC]
        ldr     r1, =0x600dcafe
        cmp     r0, r1
        beq     again
        str     r1, [r7, #C_MAGIC]
        movs    r0, #0
        str     r0, [r7, #C_TEST]
        str     r0, [r7, #C_ROUND]
        str     r0, [r7, #C_STATE]
        str     r0, [r7, #C_HASH]
        str     r0, [r7, #C_STARTED]
        ldr     r0, =OUT
        str     r0, [r7, #C_OUT]
        movs    r0, #1
        ldr     r1, =open
        bkpt    0xab
        str     r0, [r7, #C_FILE]
        svc     #0

/* A piece came here: its number is the last word written. */
again:  mov     r0, r7
        movs    r1, #4
        bl      write
        movs    r0, #0x18
        ldr     r1, =0x20023
        bkpt    0xab

        .align  2
open:   .word   name, 5, 12
name:   .asciz  "m_oracle.out"
        .align  2
        .ltorg

/* What the piece left. */
        .thumb_func
handler:
        ldr     r0, =CTL
        ldr     r1, [r0, #C_STARTED]
        cmp     r1, #0
        bne     1f
        movs    r1, #1
        str     r1, [r0, #C_STARTED]
        b       start
1:      ldr     r0, =REC + 16
        stmia   r0!, {r4-r7}
        mov     r4, r8
        mov     r5, r9
        mov     r6, r10
        mov     r7, r11
        stmia   r0!, {r4-r7}
        mrs     r1, psp
        str     r1, [r0, #R_SP - 48]
        /* a frame that is not in the memory of the state is not there */
        ldr     r2, =MEMORY_AT
        subs    r2, r1, r2
        ldr     r3, =MEMORY - 32
        ldr     r7, =REC
        movs    r4, #0
        movs    r5, #0
        movs    r6, #0
        cmp     r2, r3
        bhi     2f
        lsls    r3, r1, #30
        bne     2f
        ldmia   r1!, {r3-r6}
        str     r3, [r7, #0]
        str     r4, [r7, #4]
        str     r5, [r7, #8]
        str     r6, [r7, #12]
        ldmia   r1!, {r3-r6}
        str     r3, [r7, #48]
2:      str     r4, [r7, #56]
        str     r6, [r7, #64]
        ldr     r0, =CTL
        ldr     r1, [r0, #C_TEST]
        lsls    r1, r1, #3
        ldr     r0, =tests
        ldr     r0, [r0, r1]
        subs    r5, r5, r0                      /* where, from the piece's start */
        str     r5, [r7, #60]
        mrs     r0, ipsr
        str     r0, [r7, #68]
        adds    r7, #R_CFSR
        .if     MAIN
        ldr     r6, =0xe000ed28
        ldr     r0, [r6]
        str     r0, [r6]
        ldr     r1, [r6, #4]
        str     r1, [r6, #4]
        movs    r2, #0
        movs    r3, #0
        lsls    r4, r0, #24
        bpl     3f
        ldr     r2, [r6, #12]
3:      lsls    r4, r0, #16
        bpl     4f
        ldr     r3, [r6, #16]
        lsrs    r3, r3, #3                      /* that of an unaligned access is aligned by the other emulator */
4:      mrs     r4, primask
        mrs     r5, basepri
        stmia   r7!, {r0-r5}
        movs    r0, #0
        msr     basepri, r0
        .else
        mrs     r4, primask
        movs    r0, #0
        movs    r1, #0
        movs    r2, #0
        movs    r3, #0
        movs    r5, #0
        stmia   r7!, {r0-r5}
        .endif
        msr     primask, r0
        .if     FP
        vmrs    r1, fpscr
        str     r1, [r7]
        ldr     r1, =REC + R_FP
        vstmia  r1!, {s0-s31}
        .else
        str     r0, [r7]
        .endif

        /* the memory, hashed if there is some */
        ldr     r7, =CTL
        movs    r0, #0
        ldr     r1, [r7, #C_TEST]
        lsls    r1, r1, #3
        ldr     r2, =tests + 4
        ldr     r1, [r2, r1]
        lsls    r1, r1, #24
        beq     5f
        ldr     r1, =MEMORY_AT
        ldr     r2, =MEMORY_AT + MEMORY
        bl      hash
5:      ldr     r1, =REC
        ldr     r2, =R_HASH
        str     r0, [r1, r2]
        .if     RAW
        ldr     r0, =REC
        ldr     r1, =RESULT_WORDS * 4
        bl      write
        .else
        ldr     r0, [r7, #C_HASH]
        ldr     r1, =REC
        ldr     r2, =REC + RESULT_WORDS * 4
        bl      hash
        str     r0, [r7, #C_HASH]
        .endif

        /* the next state, the next piece */
        ldr     r0, [r7, #C_STATE]
        adds    r0, #1
        cmp     r0, #STATES
        bne     6f
        movs    r0, #0
6:      str     r0, [r7, #C_STATE]
        ldr     r0, [r7, #C_ROUND]
        adds    r0, #1
        str     r0, [r7, #C_ROUND]
        cmp     r0, #ROUNDS
        bne     start
        movs    r0, #0
        str     r0, [r7, #C_ROUND]
        .if     !RAW
        ldr     r0, [r7, #C_OUT]
        ldr     r1, [r7, #C_HASH]
        stmia   r0!, {r1}
        str     r0, [r7, #C_OUT]
        movs    r1, #0
        str     r1, [r7, #C_HASH]
        ldr     r1, =OUT + 0x400
        cmp     r0, r1
        bne     7f
        bl      flush
        .endif
7:      ldr     r0, [r7, #C_TEST]
        adds    r0, #1
        str     r0, [r7, #C_TEST]
        ldr     r1, =TESTS
        cmp     r0, r1
        bne     start
        bl      flush
        movs    r0, #2
        ldr     r1, =CTL + C_FILE
        bkpt    0xab
        movs    r0, #0x18
        ldr     r1, =0x20026
        bkpt    0xab
        .ltorg

/* Starts the piece, with the state. */
        .thumb_func
start:  ldr     r7, =CTL
        ldr     r0, [r7, #C_TEST]
        lsls    r0, r0, #3
        ldr     r6, =tests
        adds    r6, r0
        ldr     r5, [r6, #4]                    /* kind of content, IT and T bits */
        lsls    r0, r5, #24
        lsrs    r0, r0, #24
        beq     2f
        ldr     r1, =MEMORY
        muls    r0, r1, r0
        ldr     r2, =content
        subs    r2, r2, r1
        adds    r0, r2
        ldr     r1, =MEMORY_AT
        ldr     r2, =MEMORY_AT + MEMORY
1:      ldmia   r0!, {r3, r4}
        stmia   r1!, {r3, r4}
        cmp     r1, r2
        bne     1b
2:      ldr     r0, [r7, #C_STATE]
        ldr     r1, =STATE_SIZE
        muls    r0, r1, r0
        lsls    r2, r5, #24
        beq     3f
        ldr     r2, =STATE_SIZE * STATES
3:      adds    r0, r2
        ldr     r2, =states
        adds    r7, r0, r2
        .if     FP
        add     r0, r7, #S_FP
        vldmia  r0, {s0-s31}
        ldr     r0, [r7, #64]
        vmsr    fpscr, r0
        .endif
        /* the frame; bit 9 of xPSR: SP is 4 above it */
        ldr     r0, [r7, #52]
        subs    r0, #32
        lsrs    r5, r5, #8
        lsls    r5, r5, #8                      /* IT and T */
        ldr     r1, [r7, #60]
        orrs    r5, r1
        movs    r1, #4
        tst     r0, r1
        beq     4f
        ldr     r2, =0x200
        orrs    r5, r2
        subs    r0, r0, r1
4:      msr     psp, r0
        ldr     r4, [r6]                        /* PC */
        mov     r8, r4
        mov     r9, r5
        ldmia   r7!, {r1-r4}
        stmia   r0!, {r1-r4}
        ldr     r1, [r7, #32]                   /* R12 */
        ldr     r2, [r7, #40]                   /* LR */
        mov     r3, r8
        mov     r4, r9
        stmia   r0!, {r1-r4}
        ldr     r0, [r7, #16]
        mov     r8, r0
        ldr     r0, [r7, #20]
        mov     r9, r0
        ldr     r0, [r7, #24]
        mov     r10, r0
        ldr     r0, [r7, #28]
        mov     r11, r0
        ldmia   r7!, {r4-r6}
        ldr     r7, [r7]
        ldr     r0, =0xfffffffd
        bx      r0
        .ltorg

/* r0: the hash so far, r1 to r2: words; r3 is lost */
        .thumb_func
hash:   push    {r4, r5, lr}
        ldr     r4, =16777619
        movs    r5, #7
1:      ldmia   r1!, {r3}
        eors    r0, r3
        rors    r0, r5
        muls    r0, r4, r0
        cmp     r1, r2
        bne     1b
        pop     {r4, r5, pc}

/* What is in `out`. */
        .thumb_func
flush:  ldr     r0, =CTL
        ldr     r1, [r0, #C_OUT]
        ldr     r2, =OUT
        str     r2, [r0, #C_OUT]
        subs    r1, r1, r2
        mov     r0, r2
/* r0: from, r1: bytes */
        .thumb_func
write:  ldr     r2, =CTL + C_BLOCK
        str     r0, [r2, #4]
        str     r1, [r2, #8]
        ldr     r0, =CTL
        ldr     r0, [r0, #C_FILE]
        str     r0, [r2]
        movs    r0, #5
        mov     r1, r2
        bkpt    0xab
        bx      lr
        .ltorg

/* Where branches by register go to. R8 tells how many of these ran, if R9 is odd. */
        .align  2
        .globl  sled
sled:   .rept   SLED
        add     r8, r9
        .endr
        svc     #0

        .align  2
states: STATE_LIST
        .align  3
content:
        CONTENT
        .align  2
tests:  TEST_LIST
        .space  PAD
        .align  2
        PIECES
        .align  2
        .space  64
