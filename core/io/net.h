/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network backends: Ethernet frames in, frames out. All calls are made with the machine lock held. A kind is a type
 * "netdev-KIND" below TYPE_NETDEV, usually of a module (modules/io/slirp.c), found when -netdev names it.
 */
#ifndef CORE_IO_NET_H
#define CORE_IO_NET_H

#include <glib.h>
#include "core/keyval.h"
#include "core/qom/object.h"

#define TYPE_NETDEV "netdev"
#define NETDEV_PREFIX "netdev-"                 /* of the types that -netdev KIND names */

typedef struct NetBackendClass {
    ObjectClass parent;
    /* Takes its options; context is where it may put sources. */
    bool (*open)(NetBackend *nb, KeyVal *opts, GError **error);
    void (*send)(NetBackend *nb, const uint8_t *frame, size_t len);     /* from the guest */
    void (*receive_ready)(NetBackend *nb);      /* the device can take frames again; may be NULL */
} NetBackendClass;

struct NetBackend {
    Object parent;
    char *id;
    GMainContext *context;
    void *device;                               /* the card's opaque; NULL: none attached */
    bool (*can_receive)(void *device);
    void (*receive)(void *device, const uint8_t *frame, size_t len);
};

DECLARE_OBJECT(NetBackend, NETDEV, TYPE_NETDEV)
DECLARE_CLASS(NetBackendClass, NETDEV, TYPE_NETDEV)

extern const TypeInfo netdev_type;              /* abstract; registered with the first netdev */

/* The card's half, at realize; an error if another has it. nb may be NULL in all of these: an unplugged cable. */
bool net_attach(NetBackend *nb, void *device, bool (*can_receive)(void *),
                void (*receive)(void *, const uint8_t *, size_t), GError **error);
void net_detach(NetBackend *nb, void *device);
void net_send(NetBackend *nb, const uint8_t *frame, size_t len);
void net_receive_ready(NetBackend *nb);

/* The backend's half: false: no card, or it has no room now. */
bool net_can_deliver(NetBackend *nb);
void net_deliver(NetBackend *nb, const uint8_t *frame, size_t len);

/* An address as 52:54:00:12:34:56, not a multicast one; and back, newly allocated. */
bool net_parse_mac(const char *text, uint8_t *ret_mac, GError **error);
char *net_format_mac(const uint8_t *mac);

/* -netdev KIND,id=ID,...: loads the module that provides the type "netdev-KIND" and opens it. */
NetBackend *netdev_new_from_opts(Object *backends, const char *opts, GMainContext *context, GError **error);
NetBackend *netdev_find(Object *backends, const char *id);

#endif
