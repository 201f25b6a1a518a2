/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log's sink: one file or stderr, written a whole message at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/keyval.h"
#include "core/log.h"
#include "core/near.h"

unsigned log_mask;
static FILE *log_file;                          /* NULL: stderr */

static const struct {
    const char *name;
    unsigned mask;
    const char *desc;
} log_items[] = {
    { "in_asm", LOG_IN_ASM, "guest instructions as they are translated: addresses, bytes, patterns" },
    { "ir", LOG_IR, "the intermediate representation after translation and after optimisation" },
    { "op", LOG_IR, "the same as ir" },
    { "out_asm", LOG_OUT_ASM, "host code that was made: addresses and bytes" },
    { "int", LOG_INT, "exceptions and interrupts" },
    { "mmu", LOG_MMU, "address translation" },
    { "exec", LOG_EXEC, "each block before it runs" },
    { "cpu", LOG_CPU, "registers before each block" },
    { "guest_errors", LOG_GUEST_ERRORS, "what the guest does and its manuals forbid" },
    { "unimp", LOG_UNIMP, "what the guest uses and is not modelled" },
    { "strace", LOG_STRACE, "in user mode: system calls" },
    { "page", LOG_PAGE, "in user mode: the program's memory as it starts" },
    { "stats", LOG_STATS, "counters, at exit" },
    { "trace-hash", LOG_TRACE_HASH, "with -icount: one number for all that the CPUs did, at exit" },
    { "nochain", LOG_NOCHAIN, "do not chain blocks, so that exec and cpu see each one" },
};

/*
 * Begun anew, or, "+FILE", written behind. Its descriptor is none that a program in user mode opens or closes by chance,
 * and writers that share the file do not write over each other.
 */
static FILE *open_file(const char *file)
{
    enum { HIGH = 500 };
    bool more = *file == '+';
    int fd = open(file + more, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (more ? 0 : O_TRUNC), 0666);
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

    if (high >= 0) {
        close(fd);
        fd = high;
    }
    return fd < 0 ? NULL : fdopen(fd, "a");
}

bool log_set(const char *list, const char *file, GError **error)
{
    unsigned mask = 0;
    g_auto(GStrv) words = g_strsplit(list ? list : "", ",", -1);

    for (unsigned w = 0; words[w]; w++) {
        bool found = *words[w] == '\0';

        for (unsigned i = 0; i < G_N_ELEMENTS(log_items); i++) {
            if (strcmp(words[w], log_items[i].name) == 0 || strcmp(words[w], "all") == 0) {
                /* all: what may be logged, not what changes how the guest runs */
                mask |= *words[w] == 'a' && log_items[i].mask == LOG_NOCHAIN ? 0 : log_items[i].mask;
                found = true;
            }
        }
        if (!found) {
            NearNames *near = near_new(words[w]);
            g_autofree char *text = NULL;

            for (unsigned i = 0; i < G_N_ELEMENTS(log_items); i++) {
                near_add(near, log_items[i].name);
            }
            text = near_finish(near);
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: unknown log item%s: -d help lists them",
                        words[w], text);
            return false;
        }
    }
    if (file) {
        FILE *f = open_file(file);

        if (!f) {
            g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", file, g_strerror(errno));
            return false;
        }
        log_close();
        log_file = f;
    }
    log_mask = mask;
    return true;
}

char *log_help(void)
{
    GString *s = g_string_new("Log items (comma-separated):\n");

    for (unsigned i = 0; i < G_N_ELEMENTS(log_items); i++) {
        g_string_append_printf(s, "%-13s %s\n", log_items[i].name, log_items[i].desc);
    }
    return g_string_free(s, FALSE);
}

void log_close(void)
{
    if (log_file) {
        fclose(log_file);
        log_file = NULL;
    }
    log_mask = 0;
}

void log_write(const char *fmt, ...)
{
    FILE *f = log_file ? log_file : stderr;
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    fwrite(text, 1, strlen(text), f);           /* stdio locks the stream for each call */
    fflush(f);
}
