/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Debug exceptions, each written out as it is taken: a kernel for the board "virt", built for LEVEL 1 (debug.py: EL0 and
 * EL1 debugged from EL1) or 2 (from EL2: HCR_EL2.TGE, and MDCR_EL2.TDE for EL1). The MMU is off.
 *
 * A record: ESR, FAR (of a watchpoint, else 0), ELR from _start on, SPSR. A case begins with a record of zeros.
 * - A step exception: stepping goes on while x27 counts down; then MDSCR_EL1.SS is cleared.
 * - A breakpoint, a watchpoint: its register 0 is disabled.
 * - A data abort: over it, with SPSR as it is. SVC 0 and HVC 0 end the case; other SVCs return.
 */
        .if     LEVEL == 1
        .macro  reg_get r, name
        mrs     \r, \name\()_el1
        .endm
        .macro  reg_set name, r
        msr     \name\()_el1, \r
        .endm
        .set    KERNEL, 0x3c5                           /* EL1h, masked */
        .set    OWN, 1 << 1                             /* DBGBCR: PMC for the kernel's level */
        .else
        .macro  reg_get r, name
        mrs     \r, \name\()_el2
        .endm
        .macro  reg_set name, r
        msr     \name\()_el2, \r
        .endm
        .set    KERNEL, 0x3c9
        .set    OWN, 1 << 13 | 1 << 1
        .endif
        .set    UART, 0x09000000
        .set    D, 1 << 9
        .set    SS, 1 << 21
        .set    MD_SS, 1
        .set    KDE, 1 << 13
        .set    MDE, 1 << 15
        .set    USER, 2 << 1                            /* PMC, PAC: EL0 */
        .set    ALL, 0xf << 5                           /* DBGBCR.BAS */
        .set    EL1H, 0x3c5

        /* Enters the code that follows, up to "end", with this SPSR, MDSCR_EL1 and number of steps. */
        .macro  case spsr, mdscr, steps=0
        mov     x27, #\steps
        ldr     x0, =\mdscr
        ldr     x1, =\spsr
        bl      enter
        .endm
        .macro  end
        svc     #0
        .endm
        .macro  set name, value
        ldr     x0, =\value
        msr     \name, x0
        .endm
        .macro  breakpoint n, control, value
        set     dbgbvr\n\()_el1, \value
        set     dbgbcr\n\()_el1, \control + 1
        .endm
        .macro  watchpoint control, value
        set     dbgwvr0_el1, \value
        set     dbgwcr0_el1, \control + 1
        .endm
        .set    LOADS, 1 << 3
        .set    STORES, 2 << 3

        .text
        .globl  _start
_start: adr     x0, vectors
        reg_set vbar, x0
        ldr     x28, =out
        ldr     x0, =stack
        mov     sp, x0
        ldr     x20, =data
        ldr     x21, =0x0008000000000000                /* no such physical address */
        msr     oslar_el1, xzr
        .if     LEVEL == 2
        ldr     x0, =1 << 31 | 1 << 27
        msr     hcr_el2, x0
        .endif
        isb

        /* 1: stepping EL0, a load-exclusive, a fault, SVC */
        case    SS, MD_SS, 9
        nop
        b       1f
        nop
1:      ldxr    w0, [x20]
        stxr    w1, w0, [x20]
        ldr     x2, [x21]
        add     x2, x2, #1
        svc     #1
        nop
        bl      2f
2:      cbz     xzr, 3f
        nop
3:      nop
        end
        /* 2: entered with the step pending */
        case    0, MD_SS, 0
        nop
        end
        /* 3: the kernel's own level, D clear; masking ends it */
        case    KERNEL - D + SS, MD_SS + KDE, 9
        nop
        br      x19
        nop
        ldr     x2, [x21]
        msr     daifset, #8
        nop
        end
        /* 4: not with D, not without KDE, not with the OS lock */
        case    KERNEL + SS, MD_SS + KDE, 9
        nop
        end
        case    KERNEL - D + SS, MD_SS, 9
        nop
        end
        set     oslar_el1, 1
        case    SS, MD_SS, 9
        nop
        end
        msr     oslar_el1, xzr

        /* 7: breakpoints at EL0 */
        breakpoint 0, USER + ALL, bp0
        case    0, MDE
        nop
bp0:    add     x0, x0, #1
        end
        /* not of another level; not without MDE */
        breakpoint 0, OWN + ALL, bp1
        case    0, MDE
bp1:    nop
        end
        breakpoint 0, USER + ALL, bp2
        case    0, 0
bp2:    nop
        end
        /* 10: the kernel's */
        breakpoint 0, OWN + ALL, bp3
        case    KERNEL - D, MDE + KDE
        nop
bp3:    nop
        end
        breakpoint 0, OWN + ALL, bp4
        case    KERNEL, MDE + KDE
bp4:    nop
        end
        /* 12: linked to a context */
        .if     LEVEL == 1
        set     contextidr_el1, 0x1234
        breakpoint 4, USER + ALL + (3 << 20), 0x1234
        breakpoint 0, USER + ALL + (1 << 20) + (4 << 16), bp5
        case    0, MDE
        nop
bp5:    nop
        end
        set     contextidr_el1, 0x1235
        breakpoint 0, USER + ALL + (1 << 20) + (4 << 16), bp6
        case    0, MDE
bp6:    nop
        end
        msr     dbgbcr4_el1, xzr
        .else
        case    0, 0
        end
        case    0, 0
        end
        .endif
        /* 14: a step goes before a breakpoint, and a breakpoint stops what is stepped */
        breakpoint 0, USER + ALL, bp7
        case    SS, MDE + MD_SS, 3
        nop
bp7:    nop
        nop
        end

        /* 15: watchpoints: a load by any of its bytes, not a store */
        watchpoint USER + LOADS + (0xff << 5), data + 8
        case    0, MDE
        str     x0, [x20, #8]
        ldr     x0, [x20]
        ldr     x0, [x20, #16]
        ldrb    w0, [x20, #15]
        ldrb    w0, [x20, #15]
        end
        watchpoint USER + STORES + (0x0c << 5), data
        case    0, MDE
        ldr     x0, [x20]
        strh    wzr, [x20]
        strh    wzr, [x20, #4]
        strb    wzr, [x20, #3]
        strb    wzr, [x20, #3]
        end
        /* 17: the second of a pair; nothing of the instruction is done */
        watchpoint USER + LOADS + STORES + (0xff << 5), data + 8
        case    0, MDE
        mov     x5, #7
        ldp     x5, x6, [x20], #16
        sub     x20, x20, #16
        end
        /* 18: a masked range */
        watchpoint USER + LOADS + STORES + (0xff << 5) + (6 << 24), data + 64
        case    0, MDE
        ldr     x0, [x20, #56]
        str     x0, [x20, #128]
        str     x0, [x20, #96]
        end
        /* 19: EL0's watchpoint and the kernel: a plain load is not, an unprivileged one at EL1 is */
        watchpoint USER + LOADS + STORES + (0xff << 5), data
        case    KERNEL - D, MDE + KDE
        ldr     x0, [x20]
        ldtr    x0, [x20]
        end
        watchpoint OWN + LOADS + STORES + (0xff << 5), data
        case    KERNEL - D, MDE + KDE
        dc      cvau, x20
        str     x0, [x20, #8]
        str     x0, [x20]
        end
        /* 21: a store-exclusive; stepped */
        watchpoint USER + STORES + (0xff << 5), data
        case    SS, MDE + MD_SS, 6
        ldr     x0, [x20]
        str     x0, [x20]
        nop
        end
        .if     LEVEL == 2
        /* 22: EL1 by MDCR_EL2.TDE, whatever D is */
        ldr     x0, =1 << 31
        msr     hcr_el2, x0
        mov     x0, #1 << 8
        msr     mdcr_el2, x0
        case    EL1H + SS, MD_SS, 3
        nop
        nop
        hvc     #0
        /* 23: without it they would go to EL1, which has no KDE */
        msr     mdcr_el2, xzr
        case    EL1H - D + SS, MD_SS, 3
        nop
        hvc     #0
        .endif

finish: ldr     x1, =out
        mov     x3, #UART
1:      ldrb    w4, [x3, #0x18]
        tbnz    w4, #5, 1b
        ldrb    w4, [x1], #1
        strb    w4, [x3]
        cmp     x1, x28
        b.ne    1b
        ldr     w0, =0x84000008                         /* PSCI SYSTEM_OFF */
        .if     LEVEL == 1
        hvc     #0
        .else
        smc     #0
        .endif
        b       .

enter:  stp     xzr, xzr, [x28], #16
        stp     xzr, xzr, [x28], #16
        msr     mdscr_el1, x0
        isb
        reg_set elr, x30
        reg_set spsr, x1
        add     x19, x30, #8
        eret

handler:
        reg_get x26, esr
        reg_get x25, far
        reg_get x24, elr
        reg_get x23, spsr
        lsr     w22, w26, #26
        and     w18, w22, #0x3e
        cmp     w18, #0x34
        csel    x25, x25, xzr, eq
        adr     x17, _start
        sub     x17, x24, x17
        stp     x26, x25, [x28], #16
        stp     x17, x23, [x28], #16
        b.eq    watch
        cmp     w18, #0x32
        b.eq    step
        cmp     w18, #0x30
        b.eq    break
        cmp     w18, #0x24
        b.eq    abort
        tst     w26, #0xffff
        b.ne    return
        cmp     w22, #0x15
        b.eq    next
        cmp     w22, #0x16
        b.ne    finish                                  /* what nobody expects is the last record */
next:   msr     mdscr_el1, xzr
        isb
        br      x24                                     /* still at the kernel's level, masked */
abort:  add     x24, x24, #4
        reg_set elr, x24
return: eret
step:   cbz     x27, 1f
        sub     x27, x27, #1
        orr     x23, x23, #SS
        reg_set spsr, x23
        eret
1:      mrs     x18, mdscr_el1
        bic     x18, x18, #MD_SS
        msr     mdscr_el1, x18
        eret
break:  msr     dbgbcr0_el1, xzr
        isb
        eret
watch:  msr     dbgwcr0_el1, xzr
        isb
        eret

        .ltorg
        .balign 2048
vectors:
        .rept   16
        b       handler
        .balign 128
        .endr

        .bss
        .balign 4096
data:   .skip   4096
        .skip   4096
stack:
out:    .skip   65536
