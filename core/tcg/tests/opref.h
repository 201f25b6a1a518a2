/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pure IR operations compute, said once more and in another way than core/tcg/eval.c, for the tests. */
#ifndef CORE_TCG_TESTS_OPREF_H
#define CORE_TCG_TESTS_OPREF_H

#include "core/tcg/ir_int.h"

/* False: not a pure operation that it knows. i32 results are zero-extended. */
bool op_reference(TcgOpcode op, TcgType type, unsigned aux, uint64_t imm, const TcgVecVal *arg, TcgVecVal *ret);
bool ref_cond(TcgCond c, TcgType type, uint64_t a, uint64_t b);
/* Whether the condition holds in flags nzcv, from the manual's definitions. */
bool ref_flag(TcgFlagCond c, unsigned nzcv);
/* What a read-modify-write leaves in memory; values of size bytes, zero-extended. */
uint64_t ref_rmw(TcgRmw op, uint64_t old, uint64_t v, unsigned size);

#endif
