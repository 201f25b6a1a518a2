/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the program: what main() chooses from. Each returns the exit status; -1 with GError: main prints it. */
#ifndef CORE_PROGRAM_H
#define CORE_PROGRAM_H

#include "core/module.h"
#include "core/options.h"

/* lists.c: what there is, from manifests alone, and the properties of one thing. */
int list_machines(ModuleLoader *ml);
int list_cpus(ModuleLoader *ml);
int list_devices(ModuleLoader *ml);
int list_objects(ModuleLoader *ml);
int list_accels(void);
int list_chardevs(void);
int list_netdevs(ModuleLoader *ml);
int describe_properties(ModuleLoader *ml, const char *name, const char *arch, GError **error);

/* decode.c: hex words from standard input through an instruction set's tables. isa: NAME[,CPU[,feature=...]] */
int decode_words(ModuleLoader *ml, const char *isa, GError **error);

/* run.c: builds the machine and runs it to its end. */
int run_machine(ModuleLoader *ml, Options *o, GError **error);

#endif
