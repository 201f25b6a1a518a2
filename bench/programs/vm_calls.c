/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An interpreter of bytecode that calls a function for each operation by a table. */
#include "bench/programs/vm.h"

typedef struct Vm {
    uint64_t r[VM_REGS], memory[VM_MEMORY];
} Vm;

typedef const Insn *Handler(Vm *vm, const Insn *pc);

#define BINARY(name, expression) \
static const Insn *op_##name(Vm *vm, const Insn *pc) \
{ \
    uint64_t x = vm->r[pc->b], y = vm->r[pc->c]; \
    \
    vm->r[pc->a] = expression; \
    return pc + 1; \
}

BINARY(add, x + y)
BINARY(sub, x - y)
BINARY(mul, x * y)
BINARY(xor, x ^ y)
BINARY(shr, x >> (y & 63))
BINARY(less, x < y)

static const Insn *op_set(Vm *vm, const Insn *pc)
{
    vm->r[pc->a] = (uint64_t)(int64_t)pc->imm;
    return pc + 1;
}

static const Insn *op_move(Vm *vm, const Insn *pc)
{
    vm->r[pc->a] = vm->r[pc->b];
    return pc + 1;
}

static const Insn *op_load(Vm *vm, const Insn *pc)
{
    vm->r[pc->a] = vm->memory[vm->r[pc->b] % VM_MEMORY];
    return pc + 1;
}

static const Insn *op_store(Vm *vm, const Insn *pc)
{
    vm->memory[vm->r[pc->b] % VM_MEMORY] = vm->r[pc->a];
    return pc + 1;
}

static const Insn *op_jump_if(Vm *vm, const Insn *pc)
{
    return vm->r[pc->a] ? vm_program + pc->imm : pc + 1;
}

static const Insn *op_jump(Vm *vm, const Insn *pc)
{
    (void)vm;
    return vm_program + pc->imm;
}

static const Insn *op_end(Vm *vm, const Insn *pc)
{
    (void)vm, (void)pc;
    return NULL;
}

int main(int argc, char **argv)
{
    static Handler *const handler[NUM_OPS] = {
        [OP_SET] = op_set, [OP_MOVE] = op_move, [OP_ADD] = op_add, [OP_SUB] = op_sub, [OP_MUL] = op_mul,
        [OP_XOR] = op_xor, [OP_SHR] = op_shr, [OP_LOAD] = op_load, [OP_STORE] = op_store, [OP_LESS] = op_less,
        [OP_JUMP_IF] = op_jump_if, [OP_JUMP] = op_jump, [OP_END] = op_end,
    };
    Vm *vm = calloc(1, sizeof(*vm));

    vm->r[0] = bench_rounds(argc, argv);
    for (const Insn *pc = vm_program; pc;) {
        pc = handler[pc->op](vm, pc);
    }
    return bench_result(vm->r[5]);
}
