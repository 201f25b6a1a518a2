/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An interpreter of bytecode that jumps from each operation to the next by a table of labels. */
#include "bench/programs/vm.h"

static uint64_t run(uint64_t rounds, uint64_t *memory)
{
    static const void *const label[NUM_OPS] = {
        [OP_SET] = &&set, [OP_MOVE] = &&move, [OP_ADD] = &&add, [OP_SUB] = &&sub, [OP_MUL] = &&mul, [OP_XOR] = &&xor,
        [OP_SHR] = &&shr, [OP_LOAD] = &&load, [OP_STORE] = &&store, [OP_LESS] = &&less, [OP_JUMP_IF] = &&jump_if,
        [OP_JUMP] = &&jump, [OP_END] = &&end,
    };
    uint64_t r[VM_REGS] = { rounds };
    const Insn *pc = vm_program;

#define NEXT goto *label[pc->op]
    NEXT;
set:
    r[pc->a] = (uint64_t)(int64_t)pc->imm, pc++;
    NEXT;
move:
    r[pc->a] = r[pc->b], pc++;
    NEXT;
add:
    r[pc->a] = r[pc->b] + r[pc->c], pc++;
    NEXT;
sub:
    r[pc->a] = r[pc->b] - r[pc->c], pc++;
    NEXT;
mul:
    r[pc->a] = r[pc->b] * r[pc->c], pc++;
    NEXT;
xor:
    r[pc->a] = r[pc->b] ^ r[pc->c], pc++;
    NEXT;
shr:
    r[pc->a] = r[pc->b] >> (r[pc->c] & 63), pc++;
    NEXT;
load:
    r[pc->a] = memory[r[pc->b] % VM_MEMORY], pc++;
    NEXT;
store:
    memory[r[pc->b] % VM_MEMORY] = r[pc->a], pc++;
    NEXT;
less:
    r[pc->a] = r[pc->b] < r[pc->c], pc++;
    NEXT;
jump_if:
    pc = r[pc->a] ? vm_program + pc->imm : pc + 1;
    NEXT;
jump:
    pc = vm_program + pc->imm;
    NEXT;
end:
    return r[5];
}

int main(int argc, char **argv)
{
    uint64_t memory[VM_MEMORY] = { 0 };

    return bench_result(run(bench_rounds(argc, argv), memory));
}
