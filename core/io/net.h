/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network backends: frames in, frames out. Main loop's thread or machine lock, as char.h. */
#ifndef CORE_IO_NET_H
#define CORE_IO_NET_H

#include <glib.h>
#include "core/qom/object.h"

/* What a backend module (modules/io/slirp.c) implements. */
typedef struct NetBackendOps {
    const char *kind;                                   /* "user", ... */
    void (*send)(NetBackend *nb, const uint8_t *frame, size_t len);     /* from the guest */
    void (*receive_ready)(NetBackend *nb);              /* the device can take frames again */
    void (*free)(NetBackend *nb);
} NetBackendOps;

struct NetBackend {
    Object parent;
    const NetBackendOps *ops;
    char *id;
    void *device;                                       /* the card's opaque; NULL: none attached */
    bool (*can_receive)(void *device);
    void (*receive)(void *device, const uint8_t *frame, size_t len);
};

void net_attach(NetBackend *nb, void *device, bool (*can_receive)(void *), void (*receive)(void *, const uint8_t *, size_t));
void net_send(NetBackend *nb, const uint8_t *frame, size_t len);        /* guest to host; nb may be NULL */
/* -netdev KIND,id=ID,...: loads the module that provides the type "netdev-KIND" and opens it. */
NetBackend *netdev_new_from_opts(Object *backends, const char *opts, GMainContext *context, GError **error);
NetBackend *netdev_find(Object *backends, const char *id);

#endif
