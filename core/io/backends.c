/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How properties of devices find backends, and backends their machine. */
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include "core/io/backends.h"
#include "core/io/block.h"
#include "core/io/char.h"
#include "core/io/net.h"
#include "core/keyval.h"
#include "core/near.h"
#include "core/qom/machine.h"

Machine *io_machine(const void *backend)
{
    for (Object *o = (Object *)backend; o; o = o->parent) {
        if (object_is_a(o, TYPE_MACHINE)) {
            return MACHINE(o);
        }
    }
    return NULL;
}

/* "there is no KIND 'id'", with the near ones. */
static void unknown(Object *backends, const char *kind, const char *type, const char *id, GError **error)
{
    NearNames *near = near_new(id);
    g_autofree char *text = NULL;

    for (unsigned i = 0; backends->children && i < backends->children->len; i++) {
        const Object *o = backends->children->pdata[i];

        if (object_is_a(o, type)) {
            near_add(near, o->name);
        }
    }
    text = near_finish(near);
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "there is no %s '%s'%s", kind, id, text);
}

static bool set_char(void *opaque, Object *obj, CharBackend *be, const char *id, GError **error)
{
    Chardev *chr = chardev_find(opaque, id);

    if (!chr) {
        unknown(opaque, "chardev", "chardev", id, error);
        return false;
    }
    return chardev_attach(chr, be, error);
}

static BlockBackend *find_block(void *opaque, Object *obj, const char *id, GError **error)
{
    BlockBackend *blk = block_find(opaque, id);

    if (!blk) {
        unknown(opaque, "drive", "blockdev", id, error);
    }
    return blk;
}

static NetBackend *find_net(void *opaque, Object *obj, const char *id, GError **error)
{
    NetBackend *nb = netdev_find(opaque, id);

    if (!nb) {
        unknown(opaque, "netdev", "netdev", id, error);
    }
    return nb;
}

static char *backend_id(void *opaque, Object *obj, const Property *p, const void *field)
{
    switch (p->type) {
    case PROP_CHAR: {
        const CharBackend *be = field;

        return be->chr ? g_strdup(chardev_id(be->chr)) : NULL;
    }
    case PROP_BLOCK: {
        const BlockBackend *blk = *(BlockBackend *const *)field;

        return blk ? g_strdup(block_id(blk)) : NULL;
    }
    case PROP_NET: {
        const NetBackend *nb = *(NetBackend *const *)field;

        return nb ? g_strdup(nb->id) : NULL;
    }
    default:
        g_assert_not_reached();
    }
}

static gboolean on_signal(void *opaque)
{
    machine_request_quit(opaque);
    return G_SOURCE_CONTINUE;
}

void quit_signals_attach(Machine *m)
{
    static const int signals[G_N_ELEMENTS(m->quit_signals)] = { SIGTERM, SIGINT, SIGHUP };

    for (unsigned i = 0; i < G_N_ELEMENTS(signals) && !m->quit_signals[i]; i++) {
        m->quit_signals[i] = g_unix_signal_source_new(signals[i]);
        g_source_set_callback(m->quit_signals[i], on_signal, m, NULL);
        g_source_attach(m->quit_signals[i], m->context);
    }
}

void io_backends_init(Machine *m)
{
    PropertyResolvers r = {
        .set_char = set_char, .find_block = find_block, .find_net = find_net, .backend_id = backend_id,
    };

    if (!m->backends) {
        m->backends = object_new_child(&m->parent.parent, "backends", TYPE_CONTAINER, NULL);
    }
    r.opaque = m->backends;
    type_registry_set_resolvers(object_types(&m->parent.parent), &r);
}
