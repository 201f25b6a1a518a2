/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs programs at EL0, and at each exception writes what the program's state was: a kernel for the board "virt" with
 * a GICv2. precise.py makes precise.inc: programs, their states, the content of memory.
 *
 * Each program runs several times from the same state:
 * - in steps: all its words but one are BRK;
 * - with faults: of its data pages the one that faulted last is mapped, or the two that one instruction needs, read-only
 *   until a write faults;
 * - with interrupts: once for each of its slots (a NOP), which holds a store that makes an SGI pending.
 * A fault that no page cures is stepped over.
 *
 * A record: ESR (all ones: an interrupt), FAR and ELR (16 bits each); a hash of X0-X30, SP, V0-V31, ELR, NZCV, FPSR,
 * FPCR; a hash of memory around the borders of the pages; with RAW all those registers. The last record of a run is
 * that of the program's SVC.
 */
        .include "precise.inc"

        .set    UART, 0x09000000
        .set    GICD, 0x08000000
        .set    GICC, 0x08010000
        .set    USER, 0x80000000                        /* page 0: code; 2 to 8: data; 15: GICD */
        .set    DATA_PAGE, 2
        .set    DATA_PAGES, 7
        .set    BORDER, 160                             /* bytes looked at on each side of a border */
        .set    BRK, 0xd4200000
        .set    TRIGGER, 0xb900037d                     /* str w29, [x27] */

        .set    F_SP, 248
        .set    F_V, 256
        .set    F_ELR, 768
        .set    F_NZCV, 776
        .set    F_FPSR, 784
        .set    F_FPCR, 792
        .set    F_SIZE, 800

        .set    CTL_PROGRAM, 0
        .set    CTL_RUN, 8                              /* 0: steps; 1: faults; 2 + n: slot n */
        .set    CTL_OUT, 16
        .set    CTL_AT, 24                              /* the word that is not BRK */
        .set    CTL_NEW, 32                             /* the pages that are mapped */
        .set    CTL_OLD, 40
        .set    CTL_ELR, 48                             /* of the last fault that mapped one */

        .set    P_CODE, 0
        .set    P_WORDS, 8
        .set    P_SLOTS, 16
        .set    P_NUM_SLOTS, 24
        .set    P_STATE, 32
        .set    P_SIZE, 40

        .macro  pair_q op, n
        .altmacro
        pair_qq \op, \n, %(\n + 1)
        .noaltmacro
        .endm
        .macro  pair_qq op, n, m
        \op     q\n, q\m, [x1, #\n * 16]
        .endm
        .macro  pair_x op, n
        .altmacro
        pair_xx \op, \n, %(\n + 1)
        .noaltmacro
        .endm
        .macro  pair_xx op, n, m
        \op     x\n, x\m, [sp, #\n * 8]
        .endm

        .text
        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #3 << 20
        msr     cpacr_el1, x0
        ldr     x0, =frame
        mov     sp, x0
        /* the first GiB is devices, the second memory, as they are; the third is the program's */
        ldr     x0, =tables
        mov     x1, #0x401
        str     x1, [x0]
        mov     x1, #0x705
        movk    x1, #0x4000, lsl #16
        str     x1, [x0, #8]
        add     x1, x0, #4096
        orr     x2, x1, #3
        str     x2, [x0, #16]
        add     x2, x1, #4096
        orr     x3, x2, #3
        str     x3, [x1]
        ldr     x3, =code
        mov     x4, #0x7c7                              /* normal, read-only, executable */
        orr     x3, x3, x4
        str     x3, [x2]
        ldr     x3, =GICD + 0x443
        orr     x3, x3, #1 << 54
        str     x3, [x2, #15 * 8]
        msr     ttbr0_el1, x0
        mov     x0, #0xff00
        msr     mair_el1, x0
        ldr     x0, =0x803519                           /* 39 bits, 4 KiB, write-back, shareable, no TTBR1 */
        msr     tcr_el1, x0
        dsb     sy
        tlbi    vmalle1
        dsb     sy
        isb
        mrs     x0, sctlr_el1
        mov     x1, #0x1015                             /* I, SA0, C, M */
        orr     x0, x0, x1
        bic     x0, x0, #1 << 1
        bic     x0, x0, #1 << 3
        msr     sctlr_el1, x0
        isb
        ldr     x0, =GICD
        mov     w1, #1
        str     w1, [x0]
        mov     w1, #0xffff
        str     w1, [x0, #0x100]
        ldr     x0, =GICC
        mov     w1, #0xff
        str     w1, [x0, #4]
        mov     w1, #1
        str     w1, [x0]
        ldr     x0, =out
        ldr     x1, =ctl
        str     x0, [x1, #CTL_OUT]

/* -- a run ------------------------------------------------------------------------------------------------- */
run:    ldr     x28, =ctl
        bl      program
        ldr     x0, [x27, #P_CODE]
        ldr     x1, [x27, #P_WORDS]
        ldr     x2, [x28, #CTL_RUN]
        ldr     x3, =code
        ldr     w5, =BRK
1:      ldr     w4, [x0], #4
        cmp     x2, #0
        csel    w4, w4, w5, ne
        str     w4, [x3], #4
        subs    x1, x1, #1
        b.ne    1b
        ldr     x3, =code
        cbnz    x2, 2f
        ldr     x0, [x27, #P_CODE]
        ldr     w4, [x0]
        str     w4, [x3]
        str     xzr, [x28, #CTL_AT]
2:      subs    x2, x2, #2
        b.lt    3f
        ldr     x0, [x27, #P_SLOTS]
        ldr     w0, [x0, x2, lsl #2]
        ldr     w4, =TRIGGER
        str     w4, [x3, x0, lsl #2]
3:      mov     x1, #4096
4:      dc      cvau, x3
        add     x3, x3, #16
        subs    x1, x1, #16
        b.ne    4b
        dsb     ish
        ic      ialluis
        /* memory, and its pages */
        ldr     x0, =memory_content
        ldr     x1, =memory
        mov     x2, #DATA_PAGES * 4096
5:      ldp     x3, x4, [x0], #16
        stp     x3, x4, [x1], #16
        subs    x2, x2, #16
        b.ne    5b
        ldr     x3, [x28, #CTL_RUN]
        mov     x0, #DATA_PAGE
6:      mov     x1, #0x747
        cmp     x3, #1
        csel    x1, xzr, x1, eq
        bl      map
        add     x0, x0, #1
        cmp     x0, #DATA_PAGE + DATA_PAGES
        b.ne    6b
        stp     xzr, xzr, [x28, #CTL_NEW]
        str     xzr, [x28, #CTL_ELR]
        ldr     x0, =GICD + 0xf10                       /* what the last run's end left pending */
        mov     w1, #-1
        str     w1, [x0]
        ldr     x0, [x27, #P_STATE]
        mov     x1, sp
        mov     x2, #F_SIZE
7:      ldr     x3, [x0], #8
        str     x3, [x1], #8
        subs    x2, x2, #8
        b.ne    7b
        dsb     ish
        isb

resume: add     x1, sp, #F_V
        .irp    n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
        pair_q  ldp, \n
        .endr
        add     x2, sp, #F_ELR
        ldp     x0, x1, [x2]
        msr     elr_el1, x0
        msr     spsr_el1, x1
        ldp     x0, x1, [x2, #F_FPSR - F_ELR]
        msr     fpsr, x0
        msr     fpcr, x1
        ldr     x0, [sp, #F_SP]
        msr     sp_el0, x0
        .irp    n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
        pair_x  ldp, \n
        .endr
        ldr     x30, [sp, #240]
        ldp     x0, x1, [sp]
        eret

/* x27: the program's row */
program:
        ldr     x0, [x28, #CTL_PROGRAM]
        ldr     x27, =programs
        mov     x1, #P_SIZE
        madd    x27, x0, x1, x27
        ret

/* Maps data page x0 with attributes x1 (0: not). Clobbers x2, x4, x5. */
map:    ldr     x2, =tables + 8192
        ldr     x4, =memory
        sub     x5, x0, #DATA_PAGE
        add     x4, x4, x5, lsl #12
        orr     x4, x4, x1
        orr     x4, x4, #1 << 54
        cmp     x1, #0
        csel    x4, xzr, x4, eq
        str     x4, [x2, x0, lsl #3]
        dsb     ishst
        ldr     x4, =USER >> 12
        add     x4, x4, x0
        tlbi    vaae1is, x4
        dsb     ish
        isb
        ret

/* -- exceptions -------------------------------------------------------------------------------------------- */
/* To the frame; X30 is there already. */
save:
        .irp    n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
        pair_x  stp, \n
        .endr
        stp     x0, x1, [sp]
        mrs     x0, sp_el0
        str     x0, [sp, #F_SP]
        add     x1, sp, #F_V
        .irp    n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
        pair_q  stp, \n
        .endr
        mrs     x0, elr_el1
        mrs     x1, spsr_el1
        and     x1, x1, #0xf0000000
        add     x2, sp, #F_ELR
        stp     x0, x1, [x2]
        mrs     x0, fpsr
        mrs     x1, fpcr
        stp     x0, x1, [x2, #F_FPSR - F_ELR]
        msr     fpcr, xzr
        ldr     x28, =ctl
        ret

sync:   str     x30, [sp, #240]
        bl      save
        mrs     x26, esr_el1
        mrs     x25, far_el1
        lsr     w21, w26, #26
        cmp     w21, #0x24
        csel    x25, x25, xzr, eq                       /* of others it tells nothing */
        bl      record
        cmp     w21, #0x15                              /* SVC: the end */
        b.eq    ended
        cmp     w21, #0x3c                              /* BRK: a step */
        b.eq    step
        cmp     w21, #0x24                              /* a data abort */
        b.ne    over
        ldr     x0, [x28, #CTL_RUN]
        cmp     x0, #1
        b.ne    over
        and     w0, w26, #0x3c
        cmp     w0, #4                                  /* translation */
        b.eq    fault
        cmp     w0, #12                                 /* permission */
        b.eq    fault
over:   ldr     x0, [sp, #F_ELR]
        add     x0, x0, #4
        str     x0, [sp, #F_ELR]
        b       resume                                  /* in steps: to a BRK */

/* The next word instead of the last. */
step:   bl      program
        ldr     x0, [x28, #CTL_AT]
        ldr     x1, [sp, #F_ELR]
        ldr     x2, =USER
        sub     x1, x1, x2
        ldr     x2, [x27, #P_WORDS]
        cmp     x1, x2, lsl #2
        b.hs    unexpected
        str     x1, [x28, #CTL_AT]
        ldr     x2, =code
        ldr     w3, =BRK
        str     w3, [x2, x0]
        ldr     x3, [x27, #P_CODE]
        ldr     w3, [x3, x1]
        str     w3, [x2, x1]
        add     x0, x0, x2
        add     x1, x1, x2
        dc      cvau, x0
        dc      cvau, x1
        dsb     ish
        ic      ivau, x0
        ic      ivau, x1
        dsb     ish
        isb
        b       resume

/* Maps the page that x25 is in. */
fault:  ubfx    x0, x25, #12, #4
        sub     x1, x0, #DATA_PAGE
        cmp     x1, #DATA_PAGES
        b.hs    unexpected
        mov     x1, #0x747
        mov     x3, #0x7c7                              /* read-only */
        tst     w26, #1 << 6
        csel    x19, x1, x3, ne
        ldr     x2, =tables + 8192
        ldr     x2, [x2, x0, lsl #3]
        cbz     x2, 1f
        tbz     w26, #6, unexpected                     /* what can be read faulted when it was read */
        tbz     x2, #7, unexpected                      /* what can be written, when it was written */
        b       2f
1:      mov     x21, x0
        ldp     x22, x23, [x28, #CTL_NEW]
        ldr     x0, [sp, #F_ELR]
        ldr     x1, [x28, #CTL_ELR]
        str     x0, [x28, #CTL_ELR]
        stp     x21, x22, [x28, #CTL_NEW]
        cmp     x0, x1
        b.eq    3f
        str     xzr, [x28, #CTL_OLD]                    /* another instruction: the last one's page goes */
        mov     x0, x22
        mov     x1, #0
        cbz     x0, 3f
        bl      map
3:      mov     x0, x23
        mov     x1, #0
        cbz     x0, 4f
        bl      map
4:      mov     x0, x21
2:      mov     x1, x19
        bl      map
        b       resume

ended:  bl      program
        ldp     x0, x1, [x28, #CTL_PROGRAM]
        ldr     x2, [x27, #P_NUM_SLOTS]
        add     x1, x1, #1
        sub     x3, x1, #2
        cmp     x3, x2
        b.ne    1f
        add     x0, x0, #1
        mov     x1, #0
1:      stp     x0, x1, [x28, #CTL_PROGRAM]
        ldr     x2, =PROGRAMS
        cmp     x0, x2
        b.ne    run
        b       finish

irq:    str     x30, [sp, #240]
        bl      save
        ldr     x0, =GICC
        ldr     w1, [x0, #12]
        str     w1, [x0, #16]
        mov     w26, #-1
        mov     x25, #0
        bl      record
        b       resume

/* Appends a record: w26, x25. */
record: mov     x24, x30
        ldr     x19, [x28, #CTL_OUT]
        ldr     x0, [sp, #F_ELR]
        and     x0, x0, #0xffff
        bfi     x0, x25, #16, #16
        bfi     x0, x26, #32, #32
        str     x0, [x19], #8
        mov     x3, #0
        mov     x4, sp
        mov     x5, #F_SIZE / 8
        bl      hash
        str     x3, [x19], #8
        mov     x3, #0
        ldr     x8, =memory + 4096 - BORDER
        mov     x9, #DATA_PAGES - 1
1:      mov     x4, x8
        mov     x5, #BORDER / 4
        bl      hash
        add     x8, x8, #4096
        subs    x9, x9, #1
        b.ne    1b
        str     x3, [x19], #8
        .if     RAW
        mov     x4, sp
        mov     x5, #F_SIZE / 8
2:      ldr     x0, [x4], #8
        str     x0, [x19], #8
        subs    x5, x5, #1
        b.ne    2b
        .endif
        str     x19, [x28, #CTL_OUT]
        ldr     x0, =out_end
        cmp     x19, x0
        b.hs    unexpected
        ret     x24

/* x3: the hash so far; x5 doublewords at x4. Clobbers x6, x7. */
hash:   ldr     x7, =0x100000001b3
1:      ldr     x6, [x4], #8
        eor     x3, x3, x6
        mul     x3, x3, x7
        eor     x3, x3, x3, lsr #29
        subs    x5, x5, #1
        b.ne    1b
        ret

unexpected:
        ldr     x0, =out
        ldr     x1, =0x214e545045435845                 /* EXCEPTN! */
        mrs     x2, esr_el1
        mrs     x3, elr_el1
        mrs     x4, far_el1
        stp     x1, x2, [x0]
        stp     x3, x4, [x0, #16]
        ldr     x28, =ctl
        add     x0, x0, #32
        str     x0, [x28, #CTL_OUT]
finish: ldr     x1, =out
        ldr     x2, [x28, #CTL_OUT]
        mov     x3, #UART
1:      ldrb    w4, [x3, #0x18]
        tbnz    w4, #5, 1b
        ldrb    w4, [x1], #1
        strb    w4, [x3]
        cmp     x1, x2
        b.ne    1b
        ldr     w0, =0x84000008                         /* PSCI SYSTEM_OFF */
        hvc     #0
        b       .
        .ltorg

        .balign 2048
vectors:
        .rept   8
        b       unexpected
        .balign 128
        .endr
        b       sync
        .balign 128
        b       irq
        .balign 128
        .rept   6
        b       unexpected
        .balign 128
        .endr

        .data
        .balign 8
ctl:    .quad   0, 0, 0, 0, 0, 0, 0
programs:
        PROGRAM_LIST
        .balign 16
memory_content:
        MEMORY_CONTENT

        .bss
        .balign 4096
tables: .skip   3 * 4096
code:   .skip   4096
memory: .skip   DATA_PAGES * 4096
frame:  .skip   F_SIZE
out:    .skip   OUT_SIZE
out_end:
        .skip   4096
