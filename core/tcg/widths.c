/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One register for a value and its extension, for backends that have it so (TcgBackend.upper_is_zero): an
 * operation of i32 takes any register whose lower half is the value, and mostly clears the upper half of its result's.
 *
 * - A user of trunc(x) takes x.
 * - A user of zext(v) takes v, if v's operation clears the upper half.
 *
 * An integer argument's type need not be its operation's from here on (PROP_WIDTHS). State maps keep the extensions:
 * what they hold is written by its type.
 */
#include "core/tcg/backend.h"

/* The value that stands for v where an operation uses it. */
static TcgId same_register(const TcgFn *fn, TcgId v)
{
    const TcgNode *n = fn_node(fn, v);

    while (n->op == OP_trunc || (n->op == OP_zext && fn->config->backend->upper_is_zero(fn, n->arg[0]))) {
        v = n->arg[0];
        n = fn_node(fn, v);
    }
    return v;
}

void tcg_widths(TcgFn *fn)
{
    if (!fn->config->backend->upper_is_zero) {
        return;
    }
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        const TcgIrBlock *b = fn_block(fn, g_array_index(fn->rpo, uint32_t, i));

        for (TcgId id = b->first; id; id = fn_node(fn, id)->next) {
            TcgNode *n = fn_node(fn, id);

            for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
                n->arg[k] = same_register(fn, n->arg[k]);
            }
            for (uint32_t k = 0; k < n->list_len; k++) {
                TcgId *v = fn_list(fn, n->list + k);

                *v = same_register(fn, *v);
            }
        }
    }
}
