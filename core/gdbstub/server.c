/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine's servers, each on a character backend: those of the command line, and those of the monitor's command. */
#include <string.h>
#include "core/exec/exec.h"
#include "core/gdbstub/gdbstub.h"
#include "core/gdbstub/stub_int.h"
#include "core/io/char.h"
#include "core/keyval.h"

typedef struct GdbServer {
    Machine *m;
    GdbStub *stub;
    CharBackend chr;
    GSource *source;                            /* something is to be done */
    bool arrived, gone;                         /* a peer, as of events that were not acted on yet */
    char *chardev;                              /* the id of the one that we made; NULL: it is the user's */
} GdbServer;

struct GdbServers {
    Machine *m;
    Monitor *mon;
    GPtrArray *servers;                         /* (GdbServer *) */
};

/* -- the connection -------------------------------------------------------------------------------------------------- */

static gboolean work(gpointer opaque)
{
    GdbServer *v = opaque;
    bool more;

    if (v->gone) {
        v->gone = false;
        gdbstub_gone(v->stub);
    }
    if (v->arrived) {
        v->arrived = false;
        gdbstub_arrived(v->stub);
    }
    more = gdbstub_work(v->stub);
    machine_lock(v->m);
    if (!more && !v->gone && !v->arrived) {
        g_source_destroy(v->source);
        g_clear_pointer(&v->source, g_source_unref);
    }
    char_accept_input(&v->chr);
    machine_unlock(v->m);
    return G_SOURCE_CONTINUE;
}

/* Under the machine lock. */
static void schedule(GdbServer *v)
{
    if (!v->source) {
        v->source = g_idle_source_new();
        g_source_set_priority(v->source, G_PRIORITY_DEFAULT);
        g_source_set_callback(v->source, work, v, NULL);
        g_source_attach(v->source, v->m->context);
    }
}

static unsigned can_receive(void *opaque)
{
    GdbServer *v = opaque;

    return v->gone || v->arrived ? 0 : gdbstub_room(v->stub);
}

static void receive(void *opaque, const uint8_t *buf, unsigned len)
{
    GdbServer *v = opaque;

    gdbstub_feed(v->stub, buf, len);
    schedule(v);
}

static void event(void *opaque, ChrEvent ev)
{
    GdbServer *v = opaque;

    if (ev == CHR_EVENT_BREAK) {
        return;
    }
    v->arrived = ev == CHR_EVENT_OPENED;
    v->gone |= ev == CHR_EVENT_CLOSED;
    schedule(v);
}

static void write_out(void *opaque, const uint8_t *buf, size_t len)
{
    GdbServer *v = opaque;

    machine_lock(v->m);
    char_write(&v->chr, buf, len);
    machine_unlock(v->m);
}

/* -- making one ------------------------------------------------------------------------------------------------------- */

static bool add_inferiors(GdbServer *v, const char *cluster, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    unsigned num = 0;

    for (unsigned i = 0; i < v->m->clusters->len; i++) {
        Cluster *c = v->m->clusters->pdata[i];

        g_string_append_printf(names, "%s%s", i ? ", " : "", c->name);
        if (c->cpus->len && (!cluster || strcmp(cluster, c->name) == 0)) {
            gdbstub_add_inferior(v->stub, c, i + 1);
            num++;
        }
    }
    if (num == 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "cluster %s: unknown: there are: %s", cluster ? cluster : "",
                    names->str);
    }
    return num > 0;
}

/* Of "ADDRESS,KEY=VALUE...": a socket is a server that nobody waits for, and cluster= is ours. */
static char *chardev_spec(const char *spec, char **ret_cluster, GError **error)
{
    bool socket = g_str_has_prefix(spec, "tcp:") || g_str_has_prefix(spec, "unix:");
    const char *comma = strchr(spec, ',');
    g_autoptr(KeyVal) kv = keyval_parse(comma ? comma + 1 : "", NULL, error);
    g_autofree char *address = comma ? g_strndup(spec, (gsize)(comma - spec)) : g_strdup(spec), *rest = NULL;

    if (!kv) {
        return NULL;
    }
    *ret_cluster = g_strdup(keyval_get(kv, "cluster"));
    keyval_set(kv, "cluster", NULL);
    if (socket && !keyval_has(kv, "server")) {
        keyval_set(kv, "server", "on");
    }
    if (socket && !keyval_has(kv, "wait")) {
        keyval_set(kv, "wait", "off");
    }
    if (g_str_has_prefix(spec, "tcp:") && !keyval_has(kv, "nodelay")) {
        keyval_set(kv, "nodelay", "on");
    }
    rest = keyval_to_string(kv);
    return g_strconcat(address, *rest ? "," : "", rest, NULL);
}

static void server_free(GdbServer *v)
{
    gdbstub_free(v->stub);
    machine_lock(v->m);
    if (v->source) {
        g_source_destroy(v->source);
        g_source_unref(v->source);
    }
    if (v->chr.chr) {
        char_disconnect(&v->chr);
    }
    if (v->chardev && object_child(v->m->backends, v->chardev)) {
        object_remove_child(v->m->backends, object_child(v->m->backends, v->chardev));
    }
    machine_unlock(v->m);
    g_free(v->chardev);
    g_free(v);
}

static GdbServer *server_new(Machine *m, Monitor *mon, const char *spec, GError **error)
{
    g_autofree char *cluster = NULL, *dev = chardev_spec(spec, &cluster, error), *id = NULL;
    GdbServer *v;
    Chardev *chr;

    if (!dev) {
        return NULL;
    }
    v = g_new0(GdbServer, 1);
    v->m = m;
    v->stub = gdbstub_new(m, mon, write_out, v);
    for (unsigned n = 0; !id || chardev_find(m->backends, id); n++) {
        g_free(id);
        id = g_strdup_printf("gdb%u", n);
    }
    chr = add_inferiors(v, cluster, error) ? chardev_new_from_spec(m->backends, id, dev, m->context, error) : NULL;
    if (chr && !g_str_has_prefix(dev, "chardev:")) {
        v->chardev = g_strdup(id);
    }
    if (!chr || !chardev_attach(chr, &v->chr, error)) {
        server_free(v);
        return NULL;
    }
    machine_lock(m);
    char_connect(&v->chr, v, can_receive, receive, event);
    machine_unlock(m);
    return v;
}

/* -- all of them ------------------------------------------------------------------------------------------------------- */

bool gdbservers_open(GdbServers *g, const char *spec, GError **error)
{
    GdbServer *v = server_new(g->m, g->mon, spec, error);

    if (v) {
        g_ptr_array_add(g->servers, v);
    }
    return v != NULL;
}

static void do_gdbserver(MonitorCall *c)
{
    const char *spec = c->num_args ? c->args[0] : "tcp::1234";
    GdbServers *g = c->opaque;
    g_autoptr(GError) error = NULL;

    if (strcmp(spec, "none") == 0) {
        for (unsigned i = g->servers->len; i-- > 0;) {
            if (!((GdbServer *)g->servers->pdata[i])->stub->busy) {     /* we are called from what its peer asked for */
                server_free(g_ptr_array_remove_index(g->servers, i));
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
    g->servers = g_ptr_array_new();
    monitor_add_commands(mon, rows, G_N_ELEMENTS(rows), g);
    return g;
}

void gdbservers_free(GdbServers *g)
{
    if (g) {
        for (unsigned i = 0; i < g->servers->len; i++) {
            server_free(g->servers->pdata[i]);
        }
        g_ptr_array_unref(g->servers);
        g_free(g);
    }
}
