/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A loop that never ends, in a page of its own, for a debugger to set the PC to: test_gdb.py's in_hot_loop. */
        .text
        .balign 4096
        .globl  hot, hot_middle, hot_rare, hot_tail, hot_leaf
hot:    add     x9, x9, #1
        and     x10, x9, #7
        cbnz    x10, hot_middle
        bl      hot_leaf
hot_middle:
        add     x11, x11, x9
        str     x9, [x12]                       /* turns */
        tst     x9, #0xffff
        b.ne    hot_tail
hot_rare:
        str     x9, [x12, #8]
hot_tail:
        cmp     x9, x14
        b.ne    hot
        mov     x9, #0
        b       hot
hot_leaf:
        add     x13, x13, #1
        ret
        .balign 4096

        .data
        .balign 8
        .globl  turns
turns:  .quad   0, 0
