/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network backends: the abstract type, what cards call, and -netdev. */
#include <stdio.h>
#include <string.h>
#include "core/io/net.h"
#include "core/near.h"

static void netdev_finalize(Object *obj)
{
    NetBackend *nb = NETDEV(obj);

    g_free(nb->id);
    if (nb->context) {
        g_main_context_unref(nb->context);
    }
}

const TypeInfo netdev_type = {
    .name = TYPE_NETDEV,
    .parent = TYPE_OBJECT,
    .desc = "a network backend",
    .instance_size = sizeof(NetBackend),
    .class_size = sizeof(NetBackendClass),
    .abstract = true,
    .finalize = netdev_finalize,
};

bool net_parse_mac(const char *text, uint8_t *ret_mac, GError **error)
{
    unsigned b[6];
    char end;

    if (strlen(text) != 17 ||
        sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &end) != 6) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "mac=%s: expected six bytes as 52:54:00:12:34:56", text);
        return false;
    }
    if (b[0] & 1) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "mac=%s: is a multicast address", text);
        return false;
    }
    for (unsigned i = 0; i < 6; i++) {
        ret_mac[i] = (uint8_t)b[i];
    }
    return true;
}

char *net_format_mac(const uint8_t *m)
{
    return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

bool net_attach(NetBackend *nb, void *device, bool (*can_receive)(void *),
                void (*receive)(void *, const uint8_t *, size_t), GError **error)
{
    if (!nb) {
        return true;
    }
    if (nb->device) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "netdev '%s' is in use", nb->id);
        return false;
    }
    nb->device = device;
    nb->can_receive = can_receive;
    nb->receive = receive;
    return true;
}

void net_detach(NetBackend *nb, void *device)
{
    if (nb && nb->device == device) {
        nb->device = NULL;
        nb->can_receive = NULL;
        nb->receive = NULL;
    }
}

void net_send(NetBackend *nb, const uint8_t *frame, size_t len)
{
    if (nb) {
        NETDEV_CLASS_OF(nb)->send(nb, frame, len);
    }
}

void net_receive_ready(NetBackend *nb)
{
    if (nb && NETDEV_CLASS_OF(nb)->receive_ready) {
        NETDEV_CLASS_OF(nb)->receive_ready(nb);
    }
}

bool net_can_deliver(NetBackend *nb)
{
    return nb->device && nb->can_receive(nb->device);
}

void net_deliver(NetBackend *nb, const uint8_t *frame, size_t len)
{
    if (nb->device) {
        nb->receive(nb->device, frame, len);
    }
}

NetBackend *netdev_find(Object *backends, const char *id)
{
    Object *obj = object_child(backends, id);

    return obj && object_is_a(obj, TYPE_NETDEV) ? NETDEV(obj) : NULL;
}

NetBackend *netdev_new_from_opts(Object *backends, const char *opts, GMainContext *context, GError **error)
{
    static const char *const not_yet[] = {
        "tap", "bridge", "socket", "stream", "dgram", "hubport", "vde", "vhost-user", "vhost-vdpa", "l2tpv3",
        "af-xdp", "passt",
    };
    TypeRegistry *types = object_types(backends);
    g_autoptr(KeyVal) kv = keyval_parse(opts, "type", error);
    g_autofree char *type = NULL;
    g_autoptr(GError) why = NULL;
    const char *kind, *id;
    NetBackend *nb;

    if (!kv || !(kind = keyval_need(kv, "type", error)) || !keyval_get_id(kv, "id", true, &id, error)) {
        goto fail;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(not_yet); i++) {
        if (strcmp(kind, not_yet[i]) == 0) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "%s: not supported yet", kind);
            goto fail;
        }
    }
    if (object_child(backends, id)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "the id '%s' is taken", id);
        goto fail;
    }
    if (!type_class_known(types, TYPE_NETDEV) && !type_register(types, &netdev_type, error)) {
        goto fail;
    }
    type = g_strconcat(NETDEV_PREFIX, kind, NULL);
    nb = (NetBackend *)object_new(types, type, &why);
    if (!nb) {
        if (g_error_matches(why, USAGE_ERROR, USAGE_ERROR_UNKNOWN)) {
            NearNames *near = near_new(kind);
            g_autofree char *text = NULL;

            near_add(near, "user");
            for (unsigned i = 0; i < G_N_ELEMENTS(not_yet); i++) {
                near_add(near, not_yet[i]);
            }
            text = near_finish(near);
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: unknown%s", kind, text);
        } else {
            g_propagate_error(error, g_steal_pointer(&why));
        }
        goto fail;
    }
    nb->id = g_strdup(id);
    nb->context = context ? g_main_context_ref(context) : NULL;
    object_add_child(backends, id, &nb->parent);
    if (!NETDEV_CLASS_OF(nb)->open(nb, kv, error) || !keyval_check_all_used(kv, error)) {
        object_remove_child(backends, &nb->parent);
        goto fail;
    }
    return nb;

fail:
    g_prefix_error(error, "-netdev %s: ", opts);
    return NULL;
}
