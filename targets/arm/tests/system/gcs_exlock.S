/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PSTATE.EXLOCK: ELR_EL1 and SPSR_EL1 after an exception from EL1 itself, and the return. */
        .include "gcs.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        indirect l1, l2
        gcspr   GCS + 0x1000
        gcscr   PCRSEL | RVCHKEN | EXLOCKEN
        adr     x19, first
        svc     #0
        b       .

first:  mrs     x10, spsr_el1
        and     x10, x10, #1 << 34                      /* what was before: not locked */
        put     x10
        adr     x19, locked
        mrs     x1, elr_el1
        msr     elr_el1, x1
        b       .
locked: mrs     x10, esr_el1
        put     x10
        mrs     x10, spsr_el1
        and     x10, x10, #1 << 34
        put     x10
        gcspushx
        put_gcspr
        mov     x1, #8
        ldr     x0, =GCS + 0xfe0                        /* 9, ELR, SPSR, LR */
        ldr     x10, [x0]
        put     x10
        gcspopx
        put_gcspr
        adr     x1, 1f
        msr     elr_el1, x1                             /* not locked, but so the return is illegal */
        adr     x19, illegal
        eret
1:      b       .
illegal:
        mrs     x10, esr_el1
        put     x10
        gcscr   PCRSEL | RVCHKEN
        adr     x1, 2f
        msr     elr_el1, x1
        mov     x1, #0x3c5
        msr     spsr_el1, x1
        eret
2:      gcscr   PCRSEL | RVCHKEN | EXLOCKEN
        adr     x19, good
        svc     #1
        put_gcspr
        adr     x19, bad
        svc     #2
        b       .

good:   gcspushx
        mrs     x1, elr_el1
        mrs     x2, spsr_el1
        msr     elr_el1, xzr
        msr     spsr_el1, xzr
        msr     elr_el1, x1
        msr     spsr_el1, x2
        gcspopcx
        eret
bad:    gcspushx
        mrs     x2, spsr_el1
        eor     x2, x2, #1 << 28
        msr     spsr_el1, x2
        adr     x19, check
        gcspopcx
        b       .
check:  mrs     x10, esr_el1
        bic     x10, x10, #0x3e0                        /* Rn is unknown */
        put     x10
        put_gcspr
        off     hvc
caught: br      x19
        vectors caught
        .data
        .balign 4096
l1:     .zero   4096
l2:     .zero   4096
