/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small register machine's bytecode: what two interpreters of it share. */
#ifndef BENCH_PROGRAMS_VM_H
#define BENCH_PROGRAMS_VM_H

#include "bench/programs/bench.h"

typedef enum Op { OP_SET, OP_MOVE, OP_ADD, OP_SUB, OP_MUL, OP_XOR, OP_SHR, OP_LOAD, OP_STORE, OP_LESS, OP_JUMP_IF,
                  OP_JUMP, OP_END, NUM_OPS } Op;

typedef struct Insn {
    uint8_t op, a, b, c;
    int32_t imm;
} Insn;

enum { VM_REGS = 16, VM_MEMORY = 256 };

/*
 * r0: rounds. For each, a loop of 64 turns that walks memory with a multiplicative generator, and a short inner loop
 * whose length depends on what was read.
 */
static const Insn vm_program[] = {
    { OP_SET, 1, 0, 0, 0 },                     /* i = 0 */
    { OP_SET, 2, 0, 0, 12345 },                 /* x */
    { OP_SET, 3, 0, 0, 1103515245 },
    { OP_SET, 4, 0, 0, 1 },
    { OP_SET, 5, 0, 0, 0 },                     /* sum */
    { OP_SET, 6, 0, 0, 16 },
    { OP_SET, 13, 0, 0, 64 },
    /* 7: outer */
    { OP_SET, 7, 0, 0, 0 },                     /* k = 0 */
    /* 8: middle */
    { OP_MUL, 2, 2, 3, 0 },
    { OP_ADD, 2, 2, 13, 0 },
    { OP_SHR, 8, 2, 6, 0 },
    { OP_LOAD, 9, 8, 0, 0 },
    { OP_XOR, 9, 9, 2, 0 },
    { OP_STORE, 9, 8, 0, 0 },
    { OP_ADD, 5, 5, 9, 0 },
    { OP_SET, 10, 0, 0, 3 },                    /* n = 3 */
    /* 16: inner */
    { OP_SUB, 10, 10, 4, 0 },
    { OP_MOVE, 11, 5, 0, 0 },
    { OP_SHR, 11, 11, 4, 0 },
    { OP_XOR, 5, 5, 11, 0 },
    { OP_SET, 12, 0, 0, 0 },
    { OP_LESS, 12, 12, 10, 0 },
    { OP_JUMP_IF, 12, 0, 0, 16 },
    { OP_ADD, 7, 7, 4, 0 },
    { OP_LESS, 12, 7, 13, 0 },
    { OP_JUMP_IF, 12, 0, 0, 8 },
    { OP_ADD, 1, 1, 4, 0 },
    { OP_LESS, 12, 1, 0, 0 },
    { OP_JUMP_IF, 12, 0, 0, 7 },
    { OP_END, 0, 0, 0, 0 },
};

#endif
