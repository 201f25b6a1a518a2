/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line, parsed: what main.c builds a machine from. Names are not looked up here, only text is split. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "core/exec/exec.h"
#include "core/keyval.h"
#include "core/qom/machine.h"

typedef enum Action {
    ACTION_RUN,
    ACTION_VERSION,
    ACTION_HELP,
    ACTION_LIST_MACHINES,
    ACTION_LIST_CPUS,
    ACTION_LIST_DEVICES,
    ACTION_LIST_OBJECTS,
    ACTION_LIST_LOG,
    ACTION_LIST_ACCELS,
    ACTION_LIST_CHARDEVS,
    ACTION_LIST_NETDEVS,
    ACTION_DESCRIBE,                            /* properties of arg[0], a machine, CPU, device or object */
    ACTION_DECODE,                              /* arg[0]: ISA[,CPU[,feature=...]] */
    ACTION_WRITE_MANIFEST,                      /* arg[0]: the module, arg[1]: the manifest */
} Action;

typedef struct Options {
    Action action;
    char *arg[2];
    char *program;                              /* argv[0]'s last part */
    char *target;                               /* -target ARCH, or NULL */
    KeyVal *machine;                            /* "type" and properties, all -M together */
    MachineConfig config;                       /* what options set directly; serials, drives, loaders unused */
    AccelConfig accel;
    char *accel_name;                           /* owns accel.backend */
    GPtrArray *chardevs, *netdevs;              /* (char *): as core/io parses them */
    GPtrArray *serials;                         /* (char *) */
    GPtrArray *drives, *blockdevs, *nics;       /* (KeyVal *) */
    GPtrArray *clusters;                        /* (KeyVal *): -cluster, "name" first */
    GPtrArray *devices, *objects;               /* (KeyVal *), "driver" and "qom-type" first */
    GPtrArray *globals;                         /* (char *): "type.prop=value", checked */
    bool semihosting, semihosting_user;         /* -semihosting, -semihosting-config enable=, userspace= */
    char *semihosting_chardev;                  /* or NULL */
    char *semihosting_target;                   /* auto, native, gdb; NULL: auto */
    GPtrArray *semihosting_args;                /* (char *) */
    bool paused;                                /* -S */
    bool no_shutdown;
    bool nographic, display_none;
    bool nodefaults;
    bool monitor_none;
    GPtrArray *monitors;                        /* (char *): -monitor, specs as -serial takes them */
    GPtrArray *mons;                            /* (KeyVal *): -mon, "chardev" first */
    GPtrArray *gdbs;                            /* (char *): -gdb, -s */
    GPtrArray *symbols;                         /* (char *): -symbols */
    bool snapshot;                              /* every drive's writes go to a temporary overlay */
    char *log_items, *log_file;
    char *pidfile;
} Options;

/* NULL with GError that names the option. */
Options *options_parse(int argc, char **argv, GError **error);
void options_free(Options *o);                  /* accepts NULL */
/* The text of -help, newly allocated. */
char *options_help(void);
/* "virtio-net" -> the error of a thing that is known and not done. Always returns false. */
bool not_supported(const char *what, GError **error);

#endif
