/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs single A64 instructions on many register states and writes what they did: a program for Linux, and
 * as it is also a kernel for the board "virt" at EL1. insn_oracle.py makes insn_oracle.inc: instructions,
 * states, sizes.
 *
 * A state is V0-V31, X0-X29, SP, NZCV, FPCR; a result is V0-V31, X0-X29, SP, NZCV, FPSR, a hash of the
 * memory that the pointers of a state lead to. Written: a hash a test over its states or, with RAW, each
 * result. X30 is the return address of the call that loads the state, and not looked at.
 */
        .include "insn_oracle.inc"

        .set    UART, 0x09000000
        .set    STATE_V, 0
        .set    STATE_X, 512
        .set    STATE_SP, STATE_X + 240
        .set    STATE_NZCV, STATE_SP + 8
        .set    STATE_FPCR, STATE_SP + 16               /* in a result: FPSR */
        .set    STATE_MEMORY, STATE_SP + 24             /* in a result: the hash */
        .set    STATE_SIZE, STATE_SP + 32

        .set    CTL_STATE, 0
        .set    CTL_TEST, 8
        .set    CTL_ROUND, 16
        .set    CTL_OUT, 24
        .set    CTL_HASH, 32
        .set    CTL_BARE, 40

        .text
        .globl  _start
_start:
        mov     x19, sp
        cbnz    x19, start                              /* Linux gives a stack */
#ifdef __AARCH64EB__
        mrs     x0, sctlr_el1
        orr     x0, x0, #1 << 25                        /* EE, before data is touched */
        msr     sctlr_el1, x0
        isb
#endif
        adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #3 << 20
        msr     cpacr_el1, x0
        /* the first GiB is devices, the second memory, as they are */
        adrp    x0, tables
        mov     x1, #0x401
        str     x1, [x0]
        mov     x1, #0x705
        movk    x1, #0x4000, lsl #16
        str     x1, [x0, #8]
        msr     ttbr0_el1, x0
        mov     x0, #0xff00
        msr     mair_el1, x0
        ldr     x0, =0x803519                    /* 39 bits, 4 KiB, write-back, shareable, no TTBR1 */
        msr     tcr_el1, x0
        dsb     sy
        tlbi    vmalle1
        dsb     sy
        isb
        mrs     x0, sctlr_el1
        orr     x0, x0, #1 << 0
        orr     x0, x0, #1 << 2
        orr     x0, x0, #1 << 12
        bic     x0, x0, #1 << 1
        .if     ALIGN_CHECK
        orr     x0, x0, #1 << 1
        .endif
        bic     x0, x0, #1 << 3
        msr     sctlr_el1, x0
        isb
        ldr     x29, =ctl
        mov     x0, #1
        str     x0, [x29, #CTL_BARE]

start:  ldr     x29, =ctl
        ldr     x0, =out
        str     x0, [x29, #CTL_OUT]
next:   ldr     x29, =ctl
        ldp     x0, x1, [x29, #CTL_TEST]
        mov     x2, #ROUNDS
        madd    x3, x0, x2, x1
        mov     x4, #STATES
        udiv    x5, x3, x4
        msub    x3, x5, x4, x3
        mov     x4, #STATE_SIZE
        ldr     x5, =states
        madd    x3, x3, x4, x5
        str     x3, [x29, #CTL_STATE]
        ldr     x5, =tests
        add     x5, x5, x0, lsl #5
        br      x5

/* After a test: its result is in `result`. */
after:  ldr     x29, =ctl
        ldp     x0, x1, [x29, #CTL_TEST]
        ldp     x2, x3, [x29, #CTL_OUT]
        ldr     x4, =result
        mov     x5, #STATE_SIZE / 8
        .if     RAW
1:      ldr     x6, [x4], #8
        str     x6, [x2], #8
        subs    x5, x5, #1
        b.ne    1b
        .else
        bl      hash
        .endif
        add     x1, x1, #1
        cmp     x1, #ROUNDS
        b.ne    2f
        mov     x1, #0
        add     x0, x0, #1
        .if     !RAW
        str     x3, [x2], #8
        mov     x3, #0
        .endif
2:      stp     x0, x1, [x29, #CTL_TEST]
        stp     x2, x3, [x29, #CTL_OUT]
        ldr     x4, =TESTS
        cmp     x0, x4
        b.ne    next
        /* write everything; x2 is the end */
        ldr     x1, =out
        sub     x2, x2, x1
        ldr     x4, [x29, #CTL_BARE]
        cbnz    x4, bare_exit
        mov     x20, x1
        mov     x21, x2
3:      mov     x0, #1
        mov     x1, x20
        mov     x2, x21
        mov     x8, #64                                 /* write */
        svc     #0
        cmp     x0, #0
        b.le    4f
        add     x20, x20, x0
        subs    x21, x21, x0
        b.ne    3b
4:      mov     x0, #0
        mov     x8, #93                                 /* exit */
        svc     #0
bare_exit:
        bl      print
        ldr     w0, =0x84000008                         /* PSCI SYSTEM_OFF */
        hvc     #0
        b       .

/* x2 bytes at x1 to the UART */
print:  mov     x3, #UART
1:      ldrb    w4, [x3, #0x18]
        tbnz    w4, #5, 1b
        ldrb    w4, [x1], #1
        strb    w4, [x3]
        subs    x2, x2, #1
        b.ne    1b
        ret

/* x3: the hash so far; x5 doublewords at x4. Clobbers x6. */
hash:   ldr     x7, =0x100000001b3
1:      ldr     x6, [x4], #8
        eor     x3, x3, x6
        mul     x3, x3, x7
        eor     x3, x3, x3, lsr #29
        subs    x5, x5, #1
        b.ne    1b
        ret

        .macro  each_v op
        .irp    n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
        one_v   \op, \n
        .endr
        \op     q30, q31, [x29, #STATE_V + 30 * 16]
        .endm
        .macro  one_v op, n
        .altmacro
        pair_v  \op, \n, %(\n + 1)
        .noaltmacro
        .endm
        .macro  pair_v op, n, m
        \op     q\n, q\m, [x29, #STATE_V + \n * 16]
        .endm
        .macro  each_x op
        .irp    n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26
        one_x   \op, \n
        .endr
        .endm
        .macro  one_x op, n
        .altmacro
        pair_x  \op, \n, %(\n + 1)
        .noaltmacro
        .endm
        .macro  pair_x op, n, m
        \op     x\n, x\m, [x28, #\n * 8]
        .endm

/* Everything but X30 from the state. */
load:   ldr     x29, =ctl
        ldr     x29, [x29, #CTL_STATE]
        each_v  ldp
        ldr     x0, [x29, #STATE_SP]
        mov     sp, x0
        ldr     x0, [x29, #STATE_NZCV]
        msr     nzcv, x0
        ldr     x0, [x29, #STATE_FPCR]
        msr     fpcr, x0
        msr     fpsr, xzr
        add     x28, x29, #STATE_X
        ldp     x0, x1, [x28]
        each_x  ldp
        ldp     x28, x29, [x28, #28 * 8]
        ret

/* Everything but X30 to the result. */
save:   msr     tpidr_el0, x29
        ldr     x29, =result
        each_v  stp
        str     x28, [x29, #STATE_X + 28 * 8]
        add     x28, x29, #STATE_X
        stp     x0, x1, [x28]
        each_x  stp
        mrs     x0, tpidr_el0
        str     x0, [x28, #29 * 8]
        mov     x0, sp
        str     x0, [x29, #STATE_SP]
        mrs     x0, nzcv
        str     x0, [x29, #STATE_NZCV]
        mrs     x0, fpsr
        str     x0, [x29, #STATE_FPCR]
        msr     fpcr, xzr
        .if     MEMORY
        mov     x19, x30
        mov     x3, #0
        ldr     x4, =memory
        mov     x5, #MEMORY / 8
        bl      hash
        str     x3, [x29, #STATE_MEMORY]
        mov     x30, x19
        .endif
        ret
        .ltorg

        .balign 2048
vectors:
        .rept   16
        b       unexpected
        .balign 128
        .endr
unexpected:
        mrs     x0, esr_el1
        mrs     x1, elr_el1
        ldr     x29, =ctl
        ldr     x2, [x29, #CTL_TEST]
        ldr     x4, =exception
        stp     x0, x1, [x4, #8]
        str     x2, [x4, #24]
        mov     x1, x4
        mov     x2, #32
        b       bare_exit
        .ltorg

        .balign 32
        .macro  test word, before
        .balign 32
        bl      load
        .inst   \before
        .inst   \word
        bl      save
        b       after
        .endm
tests:  TEST_LIST
        .balign 4096

        .data
        .balign 16
exception:
        .ascii  "EXCEPTN!"
        .quad   0, 0, 0
ctl:    .quad   0, 0, 0, 0, 0, 0
        .balign 16
states: STATE_LIST
        .balign 16
memory: MEMORY_CONTENT
        .balign 16
result: .skip   STATE_SIZE, 0

        .bss
        .balign 4096
tables: .skip   4096
out:    .skip   OUT_SIZE
