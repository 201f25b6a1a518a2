/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module "fpu": its interface is the table of operations that core/fpu.h declares. */
#include "core/module.h"
#include "modules/fpu/fpu_int.h"

const FloatOps fpu_ops = {
#define FLOAT_ENTRY(f, op, shape)         .f##_##op = f##_##op,
#define FLOAT_SPECIAL(name, result, args) .name = name,
#include "core/fpu.def"
};

CHIMERA_MODULE(.name = "fpu", .interface = &fpu_ops);
