/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A load or store takes a constant that was added to its address, if the backend has room for it in the instruction
 * (TcgBackend.access_offset): aux is then what it adds to its address, from INT16_MIN to INT16_MAX. Only where nothing
 * else wants the sum, which would need its register anyway.
 */
#include "core/tcg/ir_int.h"
#include "core/tcg/backend.h"

void tcg_address(TcgFn *fn)
{
    if (!fn->config->backend->access_offset) {
        return;
    }
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        const TcgIrBlock *b = fn_block(fn, g_array_index(fn->rpo, uint32_t, i));

        for (TcgId id = b->first; id; id = fn_node(fn, id)->next) {
            TcgNode *n = fn_node(fn, id), *sum = fn_node(fn, n->arg[0]);
            const TcgNode *c = fn_node(fn, sum->arg[1]);

            if ((n->op == OP_guest_ld || n->op == OP_guest_st) && sum->op == OP_add && sum->uses == 1 && c->op == OP_const &&
                fn_node(fn, sum->arg[0])->op != OP_const && (int64_t)c->imm == (int16_t)c->imm) {
                TcgNode *base = fn_node(fn, sum->arg[0]);

                n->aux = (uint16_t)c->imm;
                n->arg[0] = sum->arg[0];
                sum->uses = 0;
                base->map_uses += sum->map_uses != 0;           /* the sum is a recipe now, or nothing */
            }
        }
    }
}
