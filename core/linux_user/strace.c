/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -strace: each system call as a line in the log, "PID name(arguments) = result", from its row in syscalls.def. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "core/linux_user/user_int.h"
#include "core/log.h"

static void text_arg(GString *s, Thread *t, vaddr addr)
{
    g_autofree char *text = NULL, *quoted = NULL;
    int err;

    if (!addr) {
        g_string_append(s, "NULL");
        return;
    }
    text = mem_string(t, addr, &err);
    if (!text) {
        g_string_append_printf(s, "0x%" PRIx64, addr);
        return;
    }
    quoted = g_strescape(text, NULL);
    g_string_append_printf(s, "\"%s\"", quoted);
}

void strace_call(Thread *t, const LinuxCallRow *row, const uint64_t *a)
{
    GString *s = g_string_new(NULL);

    g_string_append_printf(s, "%d %s(", t->tid, row->name);
    for (unsigned i = 0; row->args[i]; i++) {
        if (i) {
            g_string_append_c(s, ',');
        }
        switch (row->args[i]) {
        case 'd': case 'f':
            g_string_append_printf(s, "%d", (int32_t)a[i]);
            break;
        case 'u':
            g_string_append_printf(s, "%u", (uint32_t)a[i]);
            break;
        case 'l':
            g_string_append_printf(s, "%" PRId64, (int64_t)a[i]);
            break;
        case 'o': case 'O':
            g_string_append_printf(s, "0%o", (uint32_t)a[i]);
            break;
        case 's':
            text_arg(s, t, a[i]);
            break;
        default:
            if (strchr("pm", row->args[i]) && !a[i]) {
                g_string_append(s, "NULL");
            } else {
                g_string_append_printf(s, "0x%" PRIx64, a[i]);
            }
        }
    }
    log_write("%s)", s->str);
    g_string_free(s, TRUE);
}

void strace_result(const LinuxCallRow *row, int64_t r)
{
    if (r == LINUX_ERESTART) {
        log_write(" = ? (restarted)\n");
    } else if (r == LINUX_NO_RESULT || r == LINUX_EXITED) {
        log_write(" = ?\n");
    } else if (r < 0 && r >= -4095) {
        log_write(" = -1 errno=%d (%s)\n", (int)-r, strerror((int)-r));
    } else if (strchr("pmb", row->name[0]) && (strcmp(row->name, "mmap") == 0 || strcmp(row->name, "brk") == 0)) {
        log_write(" = 0x%" PRIx64 "\n", (uint64_t)r);
    } else {
        log_write(" = %" PRId64 "\n", r);
    }
}
