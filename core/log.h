/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log: what -d turns on and -D sends to a file.
 * The sink is process-wide by nature (it is stderr's cousin); it is the one mutable object that core/ owns
 * outside a machine, and it is set up before any thread starts.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <glib.h>
#include "core/forward.h"

typedef enum LogMask {
    LOG_IN_ASM       = 1 << 0,
    LOG_IR           = 1 << 1,
    LOG_OUT_ASM      = 1 << 2,
    LOG_INT          = 1 << 3,
    LOG_MMU          = 1 << 4,
    LOG_EXEC         = 1 << 5,
    LOG_GUEST_ERRORS = 1 << 6,
    LOG_UNIMP        = 1 << 7,
    LOG_STATS        = 1 << 8,
    LOG_CPU          = 1 << 9,      /* registers before each block */
    LOG_TRACE_HASH   = 1 << 11,     /* a hash of what the CPUs did, at exit */
    LOG_STRACE       = 1 << 12,     /* user mode: system calls */
    LOG_PAGE         = 1 << 13,     /* user mode: a program's memory as it starts */
    LOG_NOCHAIN      = 1 << 10,     /* not a log: blocks are not chained, so that exec and cpu see each one */
} LogMask;

extern unsigned log_mask;                       /* read on hot paths; written only by log_set */

/* Parses a -d LIST ("in_asm,int"; NULL: none) and opens -D FILE (NULL: stderr). */
bool log_set(const char *list, const char *file, GError **error);
char *log_help(void);                           /* what -d help prints; newly allocated */
void log_close(void);

static inline bool log_enabled(LogMask mask)
{
    return G_UNLIKELY(log_mask & mask);
}

/* One whole line or block of text, written at once so that CPU threads do not interleave. Adds no newline. */
void log_write(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

#define log_printf(mask, ...) do { if (log_enabled(mask)) { log_write(__VA_ARGS__); } } while (0)
/* The guest did what the manual forbids or leaves open; the answer given is the architecture's. */
#define log_guest_error(...) log_printf(LOG_GUEST_ERRORS, __VA_ARGS__)
/* The guest used something that the model knows about and does not do (docs/CAVEATS.md has the row). */
#define log_unimp(...) log_printf(LOG_UNIMP, __VA_ARGS__)

#endif
