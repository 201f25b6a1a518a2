/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guarded control stacks at EL1: calls and returns, pushes and pops, switches, stores, and what is refused. */
        .include "gcs.inc"
        .globl  _start
_start: adr     x0, vec
        msr     vbar_el1, x0
        indirect l1, l2
        mov     x16, #3
        chkfeat
        put     x16
        gcscr   PUSHMEN
        bl      plain                                   /* off: nothing of a stack */
        gcspushm x16
        mov     x2, #7
        gcspopm x2
        put     x2
        gcspr   GCS + 0x1007
        put_gcspr
        gcscr   PCRSEL | RVCHKEN | PUSHMEN | STREN
        mov     x16, #3
        chkfeat
        put     x16
        bl      shows
        put_gcspr
        adr     x2, shows
        blr     x2
        mov     x9, #100
1:      bl      nests
        subs    x9, x9, #1
        b.ne    1b
        put_gcspr
        bl      wrong
        bl      wrong_a
        put_gcspr

        ldr     x0, =GCS + 0x800                        /* plain accesses of the stack */
        try     str x0, [x0]
        ldr     x1, [x0]
        put     x1
        gcspr   PLAIN + 0x100                           /* accesses of the stack elsewhere */
        mov     x30, #5
        try     bl plain
        put     x30
        try     ret
        put_gcspr
        gcspr   GCS + 0x1000

        ldr     x0, =GCS + 0x800
        mov     x1, #0x1234
        gcsstr  1, 0
        ldr     x2, [x0]
        put     x2
        add     x0, x0, #4
        try     gcsstr 1, 0
        gcscr   PCRSEL | RVCHKEN
        ldr     x0, =GCS + 0x800
        try     gcsstr 1, 0
        try     gcspushm x1
        gcscr   PCRSEL | RVCHKEN | PUSHMEN | STREN
        gcspushm x1
        put_gcspr
        gcspopm x2
        put     x2
        add     x1, x1, #1
        gcspushm x1
        try     gcspopm x3
        gcspr   GCS + 0x1000

        ldr     x0, =GCS + 0x2ff8                       /* another stack, and its token */
        ldr     x1, =GCS + 0x2001
        gcsstr  1, 0
        gcsss1  x0
        put_gcspr
        ldr     x1, [x0]
        put     x1
        gcsss2  x2
        put     x2
        ldr     x1, [x2]
        put     x1
        put_gcspr
        try     gcsss2 x0
        ldr     x0, =GCS + 0x800
        try     gcsss1 x0
        add     x0, x0, #4
        try     gcsss1 x0
        hint    #19                                     /* GCSB DSYNC */
        gcscr   PCRSEL                                  /* returns go where the stack says */
        gcspr   GCS + 0x1000
        bl      lies
        put_gcspr
        off     hvc

plain:  ret
shows:  put_gcspr
        mrs     x0, s3_0_c2_c5_1
        ldr     x1, [x0]
        sub     x1, x1, x30
        put     x1
        mov     x3, x30
        ret     x3
nests:  mov     x8, x30
        bl      plain
        ret     x8
wrong:  mov     x20, x30
        adr     x30, plain
        try     ret
        put_gcspr
        ret     x20
wrong_a:
        mov     x20, x30
        adr     x30, plain
        try     retaa
        ret     x20
lies:   adr     x30, _start
        ret

caught: mrs     x10, esr_el1
        put     x10
        msr     elr_el1, x21
        eret
        vectors caught
        .data
        .balign 4096
l1:     .zero   4096
l2:     .zero   4096
