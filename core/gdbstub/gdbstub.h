/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server of gdb's remote serial protocol (gdb manual, "Remote Protocol") on a character backend. A cluster is a process
 * of the protocol (an inferior), each of its CPUs a thread; all stop together.
 */
#ifndef CORE_GDBSTUB_GDBSTUB_H
#define CORE_GDBSTUB_GDBSTUB_H

#include "core/monitor/monitor.h"
#include "core/qom/machine.h"

typedef struct GdbServers GdbServers;

/* None yet. mon runs what `monitor` asks for, and gets the command `gdbserver`. */
GdbServers *gdbservers_new(Machine *m, Monitor *mon);
/*
 * One more. spec: "tcp:HOST:PORT", "unix:PATH", "pty", "stdio", "chardev:ID", and ",cluster=NAME" for one that shows this
 * cluster alone. The main loop's thread, when the board was built.
 */
bool gdbservers_open(GdbServers *g, const char *spec, GError **error);
/* When the CPUs have ended: debuggers that wait hear the exit status. Accepts NULL. */
void gdbservers_free(GdbServers *g);

#endif
