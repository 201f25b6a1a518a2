/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this module share: a prototype for each operation of core/fpu.def, and the table of them.
 */
#ifndef FPU_FPU_INT_H
#define FPU_FPU_INT_H

#include "core/fpu.h"

#define FLOAT_ENTRY(f, op, shape)         FLOAT_RET_##shape(f) f##_##op FLOAT_ARGS_##shape(f);
#define FLOAT_SPECIAL(name, result, args) result name args;
#include "core/fpu.def"

extern const FloatOps fpu_ops;

/*
 * The tables of estimate.c. Reciprocal: of a in [256, 512), standing for [0.5, 1), as r in [256, 512),
 * standing for [1, 2). Square root: of a in [128, 512), standing for [0.25, 1). With precise all are eight or
 * sixteen times that: a in [2048, 4096) or [1024, 4096), r in [4096, 8192).
 */
unsigned recip_table(unsigned a, bool precise);
unsigned rsqrt_table(unsigned a, bool precise);

#endif
