/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From options to a machine that runs: backends, the board, devices of the user, the main loop. */
#include "core/program.h"

int run_machine(ModuleLoader *ml, Options *o, GError **error)
{
    if (!keyval_has(o->machine, "type")) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "no machine: name one with -M: -M help lists them");
        return -1;
    }
    if (!module_find(ml, MODULE_MACHINE, "machine", keyval_get(o->machine, "type"), o->target, error)) {
        return -1;
    }
    not_supported("running a machine", error);
    return -1;
}
