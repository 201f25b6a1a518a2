/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine's servers: those of the command line, and those of the monitor's command. */
#include <string.h>
#include "core/gdbstub/gdbstub.h"
#include "core/gdbstub/stub_int.h"

struct GdbServers {
    Machine *m;
    Monitor *mon;
    GPtrArray *stubs;                           /* (GdbStub *) */
};

bool gdbservers_open(GdbServers *g, const char *spec, GError **error)
{
    GdbStub *s = gdbstub_new(g->m, g->mon, spec, error);

    if (s) {
        g_ptr_array_add(g->stubs, s);
    }
    return s != NULL;
}

static void do_gdbserver(MonitorCall *c)
{
    const char *spec = c->num_args ? c->args[0] : "tcp::1234";
    GdbServers *g = c->opaque;
    g_autoptr(GError) error = NULL;

    if (strcmp(spec, "none") == 0) {
        for (unsigned i = g->stubs->len; i-- > 0;) {
            if (!gdbstub_is_busy(g->stubs->pdata[i])) {
                gdbstub_free(g_ptr_array_remove_index(g->stubs, i));
            }
        }
    } else if (gdbservers_open(g, spec, &error)) {
        g_string_append_printf(c->out, "waiting for gdb on %s\n", spec);
    } else {
        g_string_append_printf(c->out, "%s\n", error->message);
    }
}

static const MonitorCommand rows[] = {
    { "gdbserver", "[SPEC|none]", "wait for gdb there (tcp::1234), or close all such places", do_gdbserver },
};

GdbServers *gdbservers_new(Machine *m, Monitor *mon)
{
    GdbServers *g = g_new0(GdbServers, 1);

    g->m = m;
    g->mon = mon;
    g->stubs = g_ptr_array_new();
    monitor_add_commands(mon, rows, G_N_ELEMENTS(rows), g);
    return g;
}

void gdbservers_free(GdbServers *g)
{
    if (g) {
        for (unsigned i = 0; i < g->stubs->len; i++) {
            gdbstub_free(g->stubs->pdata[i]);
        }
        g_ptr_array_unref(g->stubs);
        g_free(g);
    }
}
