/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A loop whose code is large: at each of its accesses 58 constants are what registers would have if it faulted. */
        .globl  main
main:   sub     sp, sp, #64
        mov     x2, sp
        mov     x0, #20000
1:
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        movi    v\n\().16b, #\n + 1
        .endr
        .irp    n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28
        mov     x\n, #0xff << \n
        .endr
        .rept   190
        st1     {v0.16b-v3.16b}, [x2]
        .endr
        subs    x0, x0, #1
        b.ne    1b
        mov     w0, #0
        b       exit
