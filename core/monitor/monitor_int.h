/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. */
#ifndef CORE_MONITOR_MONITOR_INT_H
#define CORE_MONITOR_MONITOR_INT_H

#include "core/exec/debug.h"
#include "core/monitor/monitor.h"

typedef struct MonitorTable {
    const MonitorCommand *rows;
    unsigned num;
    void *opaque;
} MonitorTable;

typedef struct MonitorSession MonitorSession;

struct Monitor {
    Machine *m;
    GArray *tables;                             /* MonitorTable; the last first */
    GPtrArray *sessions;                        /* (MonitorSession *) */
    CPUState *cpu;                              /* NULL: the first */
};

/* commands.c, info.c, monitor.c: the rows that are always there */
extern const MonitorTable monitor_commands, monitor_info, monitor_help;

/*
 * expr.c: numbers (0x, decimal), $REGISTER of cs, + - * / % & | ^ << >> ~ ( ). Blanks belong to it.
 */
bool monitor_eval(CPUState *cs, const char *text, uint64_t *ret, GError **error);

/* session.c */
MonitorSession *monitor_session_new(Monitor *mon);
bool monitor_session_open(MonitorSession *s, Chardev *chr, GError **error);
void monitor_session_free(MonitorSession *s);

/* Printing. */
void monitor_print(MonitorCall *c, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* What a command could be that begins with this line, as words that the last one may become. Owned by the caller. */
GPtrArray *monitor_complete(Monitor *mon, const char *line);

#endif
