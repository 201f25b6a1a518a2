/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chardevs that are sockets, TCP or Unix: server or client, or a descriptor that was inherited. A server serves one
 * peer at a time and listens again when it goes; while nobody is there, output vanishes as on an unplugged cable.
 * Options: path= | host= port= | fd=; server=on, wait=on|off (default on: creation returns when a peer is there),
 * nodelay=on, reconnect=SECONDS (client). Looking up a name and connecting again may take any time: a thread does it,
 * and the main loop hears of the end. Not supported: telnet, websocket, TLS, abstract addresses.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib-unix.h>
#include "core/io/chardev_int.h"

typedef struct SocketAddress {
    char *path, *host, *service;                /* path, or the others */
    bool server;
} SocketAddress;

typedef struct SocketPort SocketPort;

/* A connection that is being made, by a thread of its own, which touches addr, context and fd alone. */
typedef struct Attempt {
    SocketPort *port;                           /* NULL: nobody waits for it any more; machine lock */
    SocketAddress addr;
    Machine *m;
    GMainContext *context;
    int fd;                                     /* the result; -1: failed */
} Attempt;

struct SocketPort {
    FdPort port;
    int listener;                               /* -1: none */
    GSource *accept_source, *retry_source;
    Attempt *attempt;                           /* under way, or NULL */
    SocketAddress addr;
    bool nodelay, unlink_path;
    unsigned reconnect;                         /* seconds; 0: never */
};

static void accept_next(SocketPort *s);
static void start_retry(SocketPort *s);

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", what, g_strerror(errno));
    return false;
}

static bool unix_address(const char *path, struct sockaddr_un *addr, GError **error)
{
    memset(addr, 0, sizeof(*addr));
    addr->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(addr->sun_path)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: longer than %zu bytes", path,
                    sizeof(addr->sun_path) - 1);
        return false;
    }
    memcpy(addr->sun_path, path, strlen(path));
    return true;
}

static void clear_address(SocketAddress *a)
{
    g_free(a->path);
    g_free(a->host);
    g_free(a->service);
}

/* A connected or listening socket, or -1. */
static int tcp_socket(const SocketAddress *s, GError **error)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = s->server ? AI_PASSIVE : 0 }, *list;
    const char *host = s->host && *s->host ? s->host : NULL;
    int ret, fd = -1;

    if (s->service[strspn(s->service, "0123456789")] == '\0' && g_ascii_strtoull(s->service, NULL, 10) > UINT16_MAX) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s:%s: a port is 65535 at most", host ? host : "", s->service);
        return -1;
    }
    ret = getaddrinfo(host, s->service, &hints, &list);
    if (ret != 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s:%s: %s", host ? host : "", s->service,
                    gai_strerror(ret));
        return -1;
    }
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        int one = 1;

        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd < 0) {
            continue;
        }
        if (s->server) {
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        }
        if (s->server ? bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, 1) != 0
                      : connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            int saved = errno;

            close(fd);
            fd = -1;
            errno = saved;
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        g_autofree char *what = g_strdup_printf("%s:%s", host ? host : "", s->service);

        fail(error, what);
    }
    return fd;
}

static int unix_socket(const SocketAddress *s, GError **error)
{
    struct sockaddr_un addr;
    struct stat st;
    int fd;

    if (!unix_address(s->path, &addr, error)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        fail(error, s->path);
        return -1;
    }
    if (s->server && lstat(s->path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        unlink(s->path);                        /* what an earlier run left */
    }
    if (s->server ? bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 || listen(fd, 1) != 0
                  : connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
        fail(error, s->path);
        close(fd);
        return -1;
    }
    return fd;
}

static int any_socket(const SocketAddress *s, GError **error)
{
    return s->path ? unix_socket(s, error) : tcp_socket(s, error);
}

static void peer_arrived(SocketPort *s, int fd)
{
    int one = 1;

    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    if (s->nodelay && !s->addr.path) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    s->port.in = s->port.out = fd;
    s->port.in_owned = s->port.out_owned = s->port.nonblock = true;
    chardev_event(s->port.chr, CHR_EVENT_OPENED);
    fdport_resume(&s->port);
}

static void free_attempt(gpointer opaque)
{
    Attempt *a = opaque;

    if (a->fd >= 0) {
        close(a->fd);
    }
    clear_address(&a->addr);
    g_free(a);
}

static gboolean attempt_ended(gpointer opaque)
{
    Attempt *a = opaque;
    SocketPort *s;

    machine_lock(a->m);
    s = a->port;
    if (s) {
        s->attempt = NULL;
        if (a->fd >= 0) {
            peer_arrived(s, a->fd);
            a->fd = -1;
        } else {
            start_retry(s);
        }
    }
    machine_unlock(a->m);
    return G_SOURCE_REMOVE;
}

static gpointer run_attempt(gpointer opaque)
{
    Attempt *a = opaque;
    GMainContext *context = a->context;
    GSource *source = g_idle_source_new();

    a->fd = any_socket(&a->addr, NULL);
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, attempt_ended, a, free_attempt);
    g_source_attach(source, context);
    g_source_unref(source);
    if (context) {
        g_main_context_unref(context);          /* if it has gone by now, the attempt goes with it */
    }
    return NULL;
}

static gboolean try_again(gpointer opaque)
{
    SocketPort *s = opaque;
    Machine *m = io_machine(s->port.chr);
    GMainContext *context = s->port.chr->context;

    machine_lock(m);
    if (s->retry_source) {
        Attempt *a = g_new0(Attempt, 1);

        g_clear_pointer(&s->retry_source, g_source_unref);
        *a = (Attempt){
            .port = s, .m = m, .context = context ? g_main_context_ref(context) : NULL, .fd = -1,
            .addr = { g_strdup(s->addr.path), g_strdup(s->addr.host), g_strdup(s->addr.service), false },
        };
        s->attempt = a;
        g_thread_unref(g_thread_new("reconnect", run_attempt, a));
    }
    machine_unlock(m);
    return G_SOURCE_REMOVE;
}

static void start_retry(SocketPort *s)
{
    s->retry_source = g_timeout_source_new_seconds(s->reconnect);
    g_source_set_callback(s->retry_source, try_again, s, NULL);
    g_source_attach(s->retry_source, s->port.chr->context);
}

static void peer_gone(FdPort *port, void *opaque)
{
    SocketPort *s = opaque;

    fdport_close(port);
    byte_queue_drop(&port->chr->out, byte_queue_len(&port->chr->out));
    chardev_event(port->chr, CHR_EVENT_CLOSED);
    if (s->listener >= 0) {
        accept_next(s);
    } else if (s->reconnect) {
        start_retry(s);
    }
}

static gboolean accepted(gint listener, GIOCondition cond, gpointer opaque)
{
    SocketPort *s = opaque;
    Machine *m = io_machine(s->port.chr);
    gboolean ret = G_SOURCE_CONTINUE;

    machine_lock(m);
    if (s->accept_source) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0) {
            g_source_destroy(s->accept_source);
            g_clear_pointer(&s->accept_source, g_source_unref);
            peer_arrived(s, fd);
            ret = G_SOURCE_REMOVE;
        }
    }
    machine_unlock(m);
    return ret;
}

static void accept_next(SocketPort *s)
{
    s->accept_source = chardev_fd_source(s->port.chr, s->listener, G_IO_IN, G_SOURCE_FUNC(accepted), s);
}

static size_t socket_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    return fdport_write(chr->priv, buf, len);
}

static void socket_accept_input(Chardev *chr)
{
    fdport_resume(chr->priv);
}

static void socket_free(Chardev *chr)
{
    SocketPort *s = chr->priv;

    fdport_flush(&s->port, byte_queue_data(&chr->out), byte_queue_len(&chr->out));
    if (s->accept_source) {
        g_source_destroy(s->accept_source);
        g_source_unref(s->accept_source);
    }
    if (s->retry_source) {
        g_source_destroy(s->retry_source);
        g_source_unref(s->retry_source);
    }
    if (s->attempt) {
        s->attempt->port = NULL;
    }
    fdport_close(&s->port);
    if (s->listener >= 0) {
        close(s->listener);
    }
    if (s->unlink_path) {
        unlink(s->addr.path);
    }
    clear_address(&s->addr);
    g_free(s);
}

static const ChardevOps socket_ops = {
    .kind = "socket", .write = socket_write, .accept_input = socket_accept_input, .attached = socket_accept_input,
    .free = socket_free,
};

/* Opens what the options name: *fd is a listener or a connection, or -1 when a client will try again. */
static bool open_socket(SocketPort *s, uint64_t given, bool have_fd, int *fd, GError **error)
{
    if (have_fd) {
        int type;
        socklen_t len = sizeof(type);

        *fd = (int)given;
        if (getsockopt(*fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0) {
            g_autofree char *what = g_strdup_printf("fd=%d", *fd);

            return fail(error, what);
        }
        return true;
    }
    *fd = any_socket(&s->addr, s->reconnect ? NULL : error);
    s->unlink_path = *fd >= 0 && s->addr.path && s->addr.server;
    return *fd >= 0 || s->reconnect;
}

/* Runs the main loop until somebody connects; false: the user ends the program before that. */
static bool wait_for_peer(SocketPort *s, GError **error)
{
    Machine *m = io_machine(s->port.chr);
    bool quit = false;

    while (s->port.in < 0 && !quit) {
        g_main_context_iteration(s->port.chr->context, TRUE);
        quit = m && m->quit_requested;
    }
    if (quit) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "nobody has connected");
    }
    return !quit;
}

Chardev *chardev_socket_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error)
{
    SocketPort *s = g_new0(SocketPort, 1);
    Chardev *chr;
    bool wait = true, telnet = false, websocket = false, have_fd;
    uint64_t reconnect = 0, given = 0;
    int fd = -1;

    s->listener = s->port.in = s->port.out = -1;
    s->addr.path = g_strdup(keyval_get(kv, "path"));
    s->addr.host = g_strdup(keyval_get(kv, "host"));
    s->addr.service = g_strdup(keyval_get(kv, "port"));
    have_fd = keyval_has(kv, "fd");
    if (!keyval_get_bool(kv, "server", &s->addr.server, error) || !keyval_get_bool(kv, "wait", &wait, error) ||
        !keyval_get_bool(kv, "nodelay", &s->nodelay, error) || !keyval_get_bool(kv, "telnet", &telnet, error) ||
        !keyval_get_bool(kv, "websocket", &websocket, error) ||
        !keyval_get_uint(kv, "reconnect", 86400, &reconnect, error) ||
        !keyval_get_uint(kv, "fd", INT32_MAX, &given, error)) {
        goto fail;
    }
    s->reconnect = (unsigned)reconnect;
    if (telnet || websocket) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "telnet and websocket: not supported yet");
        goto fail;
    }
    if ((s->addr.path != NULL) + (s->addr.service != NULL) + have_fd != 1) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "a socket needs one of path=, host= and port=, fd=");
        goto fail;
    }
    if (s->reconnect && (s->addr.server || have_fd)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "reconnect is for clients with an address");
        goto fail;
    }
    if (s->addr.server && io_machine(backends)) {
        quit_signals_attach(io_machine(backends));
    }
    if (!open_socket(s, given, have_fd, &fd, error)) {
        goto fail;
    }
    if (s->addr.server) {
        s->listener = fd;
        fd = -1;
    }
    chr = chardev_new(backends, id, &socket_ops, s,
                      s->addr.path ? g_strconcat("unix:", s->addr.path, NULL) :
                      have_fd ? g_strdup_printf("fd:%u", (unsigned)given) :
                      g_strdup_printf("tcp:%s:%s", s->addr.host ? s->addr.host : "", s->addr.service), context, error);
    g_assert(chr);                              /* the id was checked */
    fdport_open(&s->port, chr, -1, -1);
    s->port.closed = peer_gone;
    s->port.opaque = s;
    if (fd >= 0) {
        peer_arrived(s, fd);
    } else if (s->listener >= 0) {
        accept_next(s);
        if (wait && !(keyval_check_all_used(kv, error) && wait_for_peer(s, error))) {
            object_remove_child(backends, &chr->parent);
            return NULL;
        }
    } else {
        start_retry(s);
    }
    return chr;

fail:
    clear_address(&s->addr);
    g_free(s);
    return NULL;
}
