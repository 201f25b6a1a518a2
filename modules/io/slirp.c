/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * -netdev user: a network of its own behind libslirp 4.7, with DHCP, DNS and NAT through the host's sockets.
 * Options: net=A/N (10.0.2.0/24), host= (.2), dhcpstart= (.15), dns= (.3), hostname=, domainname=, restrict=on,
 * ipv4=, ipv6=, tftp=, bootfile=, and any number of hostfwd=tcp|udp:[hostaddr]:hostport-[guestaddr]:guestport (several
 * in one option as hostfwd=...,hostfwd=...). Not supported: smb, guestfwd, dnssearch.
 * libslirp is polled by a GSource of the machine's main context and called with the machine lock held.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include "core/exec/clock.h"
#include "core/io/backends.h"
#include "core/io/net.h"
#include "core/log.h"
#include "core/module.h"
#include "core/qom/machine.h"

#define TYPE_SLIRP "netdev-user"
#define MAX_QUEUED 256

typedef struct SlirpNet {
    NetBackend parent;
    Slirp *slirp;
    GSource *source;
    bool kicked;                                /* the guest has sent: libslirp may have answers waiting */
    GArray *fds;                                /* PollFd: that the context waits for */
    GArray *wanted;                             /* PollFd: what libslirp asked for last */
    GQueue queue;                               /* (GBytes *) frames that the card had no room for */
    char *hostname, *domainname, *tftp, *bootfile;
} SlirpNet;

DECLARE_OBJECT(SlirpNet, SLIRP_NET, TYPE_SLIRP)

typedef struct PollFd {
    GPollFD poll;
} PollFd;

typedef struct SlirpSource {
    GSource source;
    SlirpNet *net;
    gint64 deadline;                            /* us; of libslirp's own timeouts */
} SlirpSource;

/* -- frames ------------------------------------------------------------------------------------------------ */

static void drain(SlirpNet *s)
{
    while (!g_queue_is_empty(&s->queue) && net_can_deliver(&s->parent)) {
        GBytes *frame = g_queue_pop_head(&s->queue);
        gsize len;
        const void *data = g_bytes_get_data(frame, &len);

        net_deliver(&s->parent, data, len);
        g_bytes_unref(frame);
    }
}

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
    SlirpNet *s = opaque;

    if (g_queue_get_length(&s->queue) < MAX_QUEUED) {   /* beyond: lost, as in any router */
        g_queue_push_tail(&s->queue, g_bytes_new(buf, len));
    }
    drain(s);
    return (ssize_t)len;
}

static void slirp_net_send(NetBackend *nb, const uint8_t *frame, size_t len)
{
    SlirpNet *s = SLIRP_NET(nb);

    slirp_input(s->slirp, frame, (int)len);
    s->kicked = true;                           /* what waited for this frame goes out in the next poll */
    g_main_context_wakeup(nb->context);
}

static void slirp_net_ready(NetBackend *nb)
{
    drain(SLIRP_NET(nb));
}

/* -- what libslirp asks of us ------------------------------------------------------------------------------ */

static void guest_error(const char *msg, void *opaque)
{
    log_guest_error("netdev user: %s\n", msg);
}

static int64_t clock_get_ns(void *opaque)
{
    return g_get_monotonic_time() * 1000;
}

/* Its timers (router advertisements) follow the host's clock, as its sockets do. */
typedef struct SlirpTimer {
    SlirpNet *net;
    SlirpTimerCb fn;
    void *opaque;
    GSource *source;
} SlirpTimer;

static gboolean timer_fired(gpointer opaque)
{
    SlirpTimer *t = opaque;
    Machine *m = io_machine(t->net);

    machine_lock(m);
    g_source_set_ready_time(t->source, -1);
    t->fn(t->opaque);
    machine_unlock(m);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch_plain(GSource *source, GSourceFunc fn, gpointer opaque)
{
    return fn(opaque);
}

static void *slirp_timer_new(SlirpTimerCb fn, void *fn_opaque, void *opaque)
{
    static const GSourceFuncs funcs = { .dispatch = dispatch_plain };
    SlirpTimer *t = g_new0(SlirpTimer, 1);

    *t = (SlirpTimer){ opaque, fn, fn_opaque, g_source_new((GSourceFuncs *)&funcs, sizeof(GSource)) };
    g_source_set_callback(t->source, timer_fired, t, NULL);
    g_source_attach(t->source, t->net->parent.context);
    return t;
}

static void slirp_timer_free(void *timer, void *opaque)
{
    SlirpTimer *t = timer;

    g_source_destroy(t->source);
    g_source_unref(t->source);
    g_free(t);
}

static void slirp_timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
    g_source_set_ready_time(((SlirpTimer *)timer)->source, expire_ms * 1000);
}

static void register_poll_fd(int fd, void *opaque)
{
}

static void slirp_notify(void *opaque)
{
    SlirpNet *s = opaque;

    s->kicked = true;
    g_main_context_wakeup(s->parent.context);
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new = slirp_timer_new,
    .timer_free = slirp_timer_free,
    .timer_mod = slirp_timer_mod,
    .register_poll_fd = register_poll_fd,
    .unregister_poll_fd = register_poll_fd,
    .notify = slirp_notify,
};

/* -- polling ----------------------------------------------------------------------------------------------- */

static int add_poll(int fd, int events, void *opaque)
{
    SlirpNet *s = opaque;
    PollFd p = { { .fd = fd } };

    p.poll.events |= events & SLIRP_POLL_IN ? G_IO_IN : 0;
    p.poll.events |= events & SLIRP_POLL_OUT ? G_IO_OUT : 0;
    p.poll.events |= events & SLIRP_POLL_PRI ? G_IO_PRI : 0;
    p.poll.events |= events & SLIRP_POLL_ERR ? G_IO_ERR : 0;
    p.poll.events |= events & SLIRP_POLL_HUP ? G_IO_HUP : 0;
    g_array_append_val(s->wanted, p);
    return (int)s->wanted->len - 1;
}

static int get_revents(int i, void *opaque)
{
    SlirpNet *s = opaque;
    unsigned r = g_array_index(s->fds, PollFd, i).poll.revents;

    return (r & G_IO_IN ? SLIRP_POLL_IN : 0) | (r & G_IO_OUT ? SLIRP_POLL_OUT : 0) |
           (r & G_IO_PRI ? SLIRP_POLL_PRI : 0) | (r & G_IO_ERR ? SLIRP_POLL_ERR : 0) |
           (r & G_IO_HUP ? SLIRP_POLL_HUP : 0);
}

/*
 * The set of descriptors may change with every call, so each round asks for it: prepare takes the set and has the context
 * wait for it, dispatch hands the results over. A set that is the same stays as it is: each descriptor that comes or goes
 * wakes the context up, which then does not wait at all.
 */
static bool fds_are_wanted(const SlirpNet *s)
{
    for (guint i = 0; i < MIN(s->fds->len, s->wanted->len); i++) {
        const GPollFD *a = &g_array_index(s->fds, PollFd, i).poll, *b = &g_array_index(s->wanted, PollFd, i).poll;

        if (a->fd != b->fd || a->events != b->events) {
            return false;
        }
    }
    return s->fds->len == s->wanted->len;
}

static void drop_fds(GSource *source, SlirpNet *s)
{
    for (guint i = 0; i < s->fds->len; i++) {
        g_source_remove_poll(source, &g_array_index(s->fds, PollFd, i).poll);
    }
    g_array_set_size(s->fds, 0);
}

static gboolean source_prepare(GSource *source, gint *timeout)
{
    SlirpNet *s = ((SlirpSource *)source)->net;
    Machine *m = io_machine(s);
    uint32_t wait = UINT32_MAX;

    machine_lock(m);
    g_array_set_size(s->wanted, 0);
    slirp_pollfds_fill(s->slirp, &wait, add_poll, s);
    if (!fds_are_wanted(s)) {
        drop_fds(source, s);
        g_array_append_vals(s->fds, s->wanted->data, s->wanted->len);
        for (guint i = 0; i < s->fds->len; i++) {
            g_source_add_poll(source, &g_array_index(s->fds, PollFd, i).poll);
        }
    }
    *timeout = s->kicked ? 0 : wait > INT_MAX ? -1 : (gint)wait;
    ((SlirpSource *)source)->deadline = *timeout < 0 ? INT64_MAX : g_source_get_time(source) + *timeout * 1000;
    machine_unlock(m);
    return FALSE;
}

static gboolean source_check(GSource *source)
{
    SlirpNet *s = ((SlirpSource *)source)->net;

    for (guint i = 0; i < s->fds->len; i++) {
        if (g_array_index(s->fds, PollFd, i).poll.revents) {
            return TRUE;
        }
    }
    return g_source_get_time(source) >= ((SlirpSource *)source)->deadline;
}

static gboolean source_dispatch(GSource *source, GSourceFunc fn, gpointer opaque)
{
    SlirpNet *s = ((SlirpSource *)source)->net;
    Machine *m = io_machine(s);

    machine_lock(m);
    s->kicked = false;
    slirp_pollfds_poll(s->slirp, 0, get_revents, s);
    drain(s);
    machine_unlock(m);
    return G_SOURCE_CONTINUE;
}

/* -- options ----------------------------------------------------------------------------------------------- */

static bool bad(GError **error, const char *key, const char *value, const char *why)
{
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: %s", key, value, why);
    return false;
}

static bool get_address(KeyVal *kv, const char *key, struct in_addr *addr, GError **error)
{
    const char *text = keyval_get(kv, key);

    return !text || inet_pton(AF_INET, text, addr) == 1 || bad(error, key, text, "expected an IPv4 address");
}

/* net=10.0.2.0/24 or 10.0.2.0/255.255.255.0; the network's own addresses follow it. */
static bool get_network(KeyVal *kv, SlirpConfig *c, GError **error)
{
    const char *text = keyval_get(kv, "net");
    g_auto(GStrv) parts = NULL;
    uint32_t net, mask = 0xffffff00;

    if (!text) {
        text = "10.0.2.0/24";
    }
    parts = g_strsplit(text, "/", 2);
    if (inet_pton(AF_INET, parts[0], &c->vnetwork) != 1) {
        return bad(error, "net", text, "expected a network as 10.0.2.0/24");
    }
    if (parts[0] && parts[1]) {
        struct in_addr m;
        guint64 bits;

        if (g_ascii_string_to_unsigned(parts[1], 10, 4, 30, &bits, NULL)) {
            mask = UINT32_MAX << (32 - bits);
        } else if (inet_pton(AF_INET, parts[1], &m) == 1) {
            mask = ntohl(m.s_addr);
        } else {
            return bad(error, "net", text, "expected a network as 10.0.2.0/24");
        }
    }
    net = ntohl(c->vnetwork.s_addr) & mask;
    c->vnetwork.s_addr = htonl(net);
    c->vnetmask.s_addr = htonl(mask);
    c->vhost.s_addr = htonl(net | (2 & ~mask));
    c->vnameserver.s_addr = htonl(net | (3 & ~mask));
    c->vdhcp_start.s_addr = htonl(net | (15 & ~mask));
    if (!get_address(kv, "host", &c->vhost, error) || !get_address(kv, "dns", &c->vnameserver, error) ||
        !get_address(kv, "dhcpstart", &c->vdhcp_start, error)) {
        return false;
    }
    if ((ntohl(c->vhost.s_addr) & mask) != net || (ntohl(c->vnameserver.s_addr) & mask) != net ||
        (ntohl(c->vdhcp_start.s_addr) & mask) != net || c->vhost.s_addr == c->vnameserver.s_addr) {
        return bad(error, "net", text, "host, dns and dhcpstart must be different addresses in it");
    }
    return true;
}

static bool get_port(const char *text, int least, int *port)
{
    guint64 v;

    if (!g_ascii_string_to_unsigned(text, 10, (guint64)least, 65535, &v, NULL)) {
        return false;
    }
    *port = (int)v;
    return true;
}

/* "tcp:[hostaddr]:hostport-[guestaddr]:guestport" */
static bool add_hostfwd(SlirpNet *s, const char *text, GError **error)
{
    struct in_addr host = { .s_addr = INADDR_ANY }, guest = { .s_addr = 0 };
    g_auto(GStrv) sides = g_strsplit(text, "-", 2), h = NULL, g = NULL;
    int host_port, guest_port;
    bool udp;

    if (!sides[0] || !sides[1]) {
        return bad(error, "hostfwd", text, "expected tcp|udp:[HOST]:PORT-[GUEST]:PORT");
    }
    h = g_strsplit(sides[0], ":", 3);
    g = g_strsplit(sides[1], ":", 2);
    if (g_strv_length(h) != 3 || g_strv_length(g) != 2 ||
        !((udp = strcmp(h[0], "udp") == 0) || strcmp(h[0], "tcp") == 0 || !*h[0]) ||
        (*h[1] && inet_pton(AF_INET, h[1], &host) != 1) || !get_port(h[2], 0, &host_port) ||
        (*g[0] && inet_pton(AF_INET, g[0], &guest) != 1) || !get_port(g[1], 1, &guest_port)) {
        return bad(error, "hostfwd", text, "expected tcp|udp:[HOST]:PORT-[GUEST]:PORT");
    }
    if (slirp_add_hostfwd(s->slirp, udp, host, host_port, guest, guest_port) < 0) {
        return bad(error, "hostfwd", text, g_strerror(errno));
    }
    return true;
}

/* hostfwd may be given several times: what nobody else took. */
static bool other_option(void *opaque, const char *key, const char *value, GError **error)
{
    if (strcmp(key, "hostfwd") == 0) {
        return add_hostfwd(opaque, value, error);
    }
    if (strcmp(key, "guestfwd") == 0 || strcmp(key, "smb") == 0 || strcmp(key, "smbserver") == 0 ||
        strcmp(key, "dnssearch") == 0 || strcmp(key, "tftp-server-name") == 0 || g_str_has_prefix(key, "ipv6-")) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "%s: not supported yet", key);
        return false;
    }
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: unknown option of a user network", key);
    return false;
}

static bool slirp_net_open(NetBackend *nb, KeyVal *kv, GError **error)
{
    static const GSourceFuncs funcs = {
        .prepare = source_prepare, .check = source_check, .dispatch = source_dispatch,
    };
    SlirpNet *s = SLIRP_NET(nb);
    SlirpConfig c = { .version = 4, .in_enabled = true, .in6_enabled = true, .vprefix_len = 64 };
    bool restricted = false;

    s->hostname = g_strdup(keyval_get(kv, "hostname"));
    s->domainname = g_strdup(keyval_get(kv, "domainname"));
    s->tftp = g_strdup(keyval_get(kv, "tftp"));
    s->bootfile = g_strdup(keyval_get(kv, "bootfile"));
    if (!keyval_get_bool(kv, "restrict", &restricted, error) || !keyval_get_bool(kv, "ipv4", &c.in_enabled, error) ||
        !keyval_get_bool(kv, "ipv6", &c.in6_enabled, error) || !get_network(kv, &c, error)) {
        return false;
    }
    c.restricted = restricted;
    c.vhostname = s->hostname;
    c.vdomainname = s->domainname;
    c.tftp_path = s->tftp;
    c.bootfile = s->bootfile;
    inet_pton(AF_INET6, "fec0::", &c.vprefix_addr6);
    inet_pton(AF_INET6, "fec0::2", &c.vhost6);
    inet_pton(AF_INET6, "fec0::3", &c.vnameserver6);
    s->slirp = slirp_new(&c, &callbacks, s);
    if (!s->slirp) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "libslirp refuses the configuration");
        return false;
    }
    if (!keyval_foreach_unused(kv, other_option, s, error)) {
        return false;
    }
    s->source = g_source_new((GSourceFuncs *)&funcs, sizeof(SlirpSource));
    ((SlirpSource *)s->source)->net = s;
    g_source_attach(s->source, nb->context);
    return true;
}

static void slirp_net_init(Object *obj)
{
    SlirpNet *s = SLIRP_NET(obj);

    s->fds = g_array_new(FALSE, TRUE, sizeof(PollFd));
    s->wanted = g_array_new(FALSE, TRUE, sizeof(PollFd));
    g_queue_init(&s->queue);
}

static void slirp_net_dispose(Object *obj)
{
    SlirpNet *s = SLIRP_NET(obj);

    if (s->source) {
        g_source_destroy(s->source);
        g_clear_pointer(&s->source, g_source_unref);
    }
    g_clear_pointer(&s->slirp, slirp_cleanup);
}

static void slirp_net_finalize(Object *obj)
{
    SlirpNet *s = SLIRP_NET(obj);

    g_array_unref(s->fds);
    g_array_unref(s->wanted);
    g_queue_clear_full(&s->queue, (GDestroyNotify)g_bytes_unref);
    g_free(s->hostname);
    g_free(s->domainname);
    g_free(s->tftp);
    g_free(s->bootfile);
}

static void slirp_class_init(ObjectClass *oc, const TypeInfo *info)
{
    NetBackendClass *nc = NETDEV_CLASS(oc);

    oc->dispose = slirp_net_dispose;
    nc->open = slirp_net_open;
    nc->send = slirp_net_send;
    nc->receive_ready = slirp_net_ready;
}

static const TypeInfo slirp_type = {
    .name = TYPE_SLIRP,
    .parent = TYPE_NETDEV,
    .desc = "user networking: DHCP, DNS, NAT and port forwarding without privileges",
    .instance_size = sizeof(SlirpNet),
    .class_init = slirp_class_init,
    .init = slirp_net_init,
    .finalize = slirp_net_finalize,
};

static const TypeInfo *const types[] = { &slirp_type, NULL };

CHIMERA_MODULE(.name = "io-slirp", .types = types);
