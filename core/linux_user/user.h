/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running a Linux program of another architecture: what main() calls. */
#ifndef CORE_LINUX_USER_USER_H
#define CORE_LINUX_USER_USER_H

#include "core/module.h"

/*
 * `chimera user [OPTIONS] [--] PROGRAM ARGS`; argv[0] is "user" or the name that we were started by. arch: what that
 * name stands for, or NULL: the ELF header says. Returns the exit status; -1 with GError: main prints it.
 */
int linux_user_main(ModuleLoader *ml, const char *arch, int argc, char **argv, GError **error);

#endif
