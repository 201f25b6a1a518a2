/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module toy: the made-up architecture and its board. */
#include "core/module.h"
#include "targets/toy/cpu.h"

static const TypeInfo *const types[] = {
    &toy_cpu_type, &toy_a_type, &toy_b_type, &toy_io_type, &toy_machine_type, NULL
};

CHIMERA_MODULE(.name = "toy", .types = types);
