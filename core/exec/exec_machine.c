/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine's part of core/exec: made when first asked for, freed with the machine. */
#include "core/exec/exec_int.h"

ExecMachine *exec_machine_new(Machine *m)
{
    ExecMachine *x = g_new0(ExecMachine, 1);

    x->machine = m;
    x->epoch = epoch_domain_new();
    x->spaces = g_ptr_array_new();
    return x;
}

void exec_machine_free(ExecMachine *x)
{
    if (x) {
        while (x->spaces->len) {
            address_space_free(x->spaces->pdata[x->spaces->len - 1]);
        }
        epoch_domain_free(x->epoch);
        g_ptr_array_unref(x->spaces);
        g_free(x);
    }
}

static void free_it(void *x)
{
    exec_machine_free(x);
}

ExecMachine *exec_machine(Machine *m)
{
    ExecMachine *x = __atomic_load_n((ExecMachine **)&m->exec, __ATOMIC_ACQUIRE);

    if (!x) {
        machine_lock(m);
        if (!m->exec) {
            m->exec_free = free_it;
            __atomic_store_n((ExecMachine **)&m->exec, exec_machine_new(m), __ATOMIC_RELEASE);
        }
        x = m->exec;
        machine_unlock(m);
    }
    return x;
}
