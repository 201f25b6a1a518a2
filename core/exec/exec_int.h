/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a machine has of core/exec: private to this folder. */
#ifndef CORE_EXEC_EXEC_INT_H
#define CORE_EXEC_EXEC_INT_H

#include "core/exec/epoch.h"
#include "core/exec/memory.h"
#include "core/qom/machine.h"

typedef struct ExecMachine {
    Machine *machine;                           /* NULL in a unit test without one */
    EpochDomain *epoch;
    GPtrArray *spaces;                          /* (AddressSpace *) */
    unsigned tx_depth;                          /* memory_transaction_begin; under the machine lock */
} ExecMachine;

/* The machine's, made when first asked for and freed with the machine. */
ExecMachine *exec_machine(Machine *m);
ExecMachine *exec_machine_new(Machine *m);
void exec_machine_free(ExecMachine *x);

#endif
