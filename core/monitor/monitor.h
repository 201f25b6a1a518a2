/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The human monitor: commands about a running machine, a row of a table each, for a person at a terminal (a session on a
 * character backend), for a debugger (`monitor ...`) and for scripts. Everything here runs in the main loop's thread
 * with no lock held.
 */
#ifndef CORE_MONITOR_MONITOR_H
#define CORE_MONITOR_MONITOR_H

#include "core/exec/cpu.h"
#include "core/io/char.h"
#include "core/qom/machine.h"

typedef struct Monitor Monitor;

/* A command being done. */
typedef struct MonitorCall {
    Monitor *mon;
    Machine *m;
    char **args;                                /* behind the command's name, split at blanks; quotes keep blanks */
    unsigned num_args;
    const char *text;                           /* the same, not split */
    const char *format;                         /* what stood behind a slash ("4xw" of x/4xw), or NULL */
    void *opaque;                               /* of monitor_add_commands */
    GString *out;                               /* what it prints */
} MonitorCall;

typedef struct MonitorCommand {
    const char *name;                           /* "info registers"; other spellings behind bars: "cont|c" */
    const char *args;                           /* for help: "[-a]"; NULL: it takes none */
    const char *help;                           /* one line */
    void (*run)(MonitorCall *c);
    unsigned min_args;                          /* with fewer, the usage is printed */
    /* Completion of argument n (0: the first): adds what it can be to words (owned). May be NULL. */
    void (*complete)(Monitor *mon, unsigned n, GPtrArray *words);
    bool takes_format;                          /* a word that begins with a slash is MonitorCall.format */
} MonitorCommand;

Monitor *monitor_new(Machine *m);
/* Ends its sessions. Accepts NULL. */
void monitor_free(Monitor *mon);
/* Rows in addition; they stay the caller's. A row that has been there goes before. */
void monitor_add_commands(Monitor *mon, const MonitorCommand *rows, unsigned num, void *opaque);

/* Does one line; what it prints, newly allocated. A mistake in it is one line of that. */
char *monitor_execute(Monitor *mon, const char *line);
/* A session on chr. False with GError: it is in use. */
bool monitor_open(Monitor *mon, Chardev *chr, GError **error);

/* The CPU that commands are about (`cpu N`). */
CPUState *monitor_cpu(Monitor *mon);
void monitor_set_cpu(Monitor *mon, CPUState *cs);

#endif
