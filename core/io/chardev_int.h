/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between chardev.c and the kinds of chardevs. */
#ifndef CORE_IO_CHARDEV_INT_H
#define CORE_IO_CHARDEV_INT_H

#include "core/io/backends.h"
#include "core/io/char.h"
#include "core/keyval.h"
#include "core/qom/machine.h"

typedef struct ChardevOps {
    const char *kind;
    /* Takes up to len bytes now; fewer means: call chardev_out_ready later. */
    size_t (*write)(Chardev *chr, const uint8_t *buf, size_t len);
    void (*accept_input)(Chardev *chr);         /* the device has room; may be NULL */
    void (*attached)(Chardev *chr);             /* a device has connected; may be NULL */
    void (*free)(Chardev *chr);                 /* releases priv; may be NULL */
} ChardevOps;

/* Bytes that wait: those in array before start are gone. */
typedef struct ByteQueue {
    GByteArray *array;
    guint start;
} ByteQueue;

static inline guint byte_queue_len(const ByteQueue *q)
{
    return q->array->len - q->start;
}

static inline const uint8_t *byte_queue_data(const ByteQueue *q)
{
    return q->array->data + q->start;
}

/* Takes n from the front. What is left moves only when it is less than what went. */
static inline void byte_queue_drop(ByteQueue *q, guint n)
{
    q->start += n;
    if (q->start > q->array->len / 2) {
        g_byte_array_remove_range(q->array, 0, q->start);
        q->start = 0;
    }
}

struct Chardev {
    Object parent;
    const ChardevOps *ops;
    void *priv;
    char *id;
    char *filename;
    GMainContext *context;
    CharBackend *be;                            /* the device; NULL: none (a mux has its own list) */
    bool is_open;                               /* events since OPENED or CLOSED */
    ByteQueue in;                               /* fed, not yet taken by the device */
    ByteQueue out;                              /* written, not yet taken by the host */
    bool out_lost;                              /* said once that output was dropped */
};

/* Takes over filename; priv only when it succeeds. */
Chardev *chardev_new(Object *backends, const char *id, const ChardevOps *ops, void *priv, char *filename,
                     GMainContext *context, GError **error);

/* The kinds. kv holds their options; each takes what it knows. */
Chardev *chardev_stdio_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error);
Chardev *chardev_file_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error);
Chardev *chardev_pipe_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error);
Chardev *chardev_pty_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error);
Chardev *chardev_socket_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error);
/* Takes over inner's device side. */
Chardev *chardev_mux_new(Object *backends, const char *id, Chardev *inner, GMainContext *context, GError **error);
bool chardev_mux_attach(Chardev *chr, CharBackend *be, GError **error);
void chardev_mux_detach(Chardev *chr, CharBackend *be);
void chardev_mux_feed(Chardev *chr, const uint8_t *buf, size_t len);

/* For the kinds: how much the device takes now; gives it bytes (at most that many); room for output again. */
unsigned chardev_room(Chardev *chr);
void chardev_deliver(Chardev *chr, const uint8_t *buf, unsigned len);
void chardev_event(Chardev *chr, ChrEvent ev);
void chardev_out_ready(Chardev *chr);

/*
 * File descriptors: what stdio, files, pipes, ptys and sockets have in common. Reading stops while the device has no
 * room. Writes never block: an fd that is not O_NONBLOCK is polled first and given at most PIPE_BUF bytes at a time.
 */
typedef struct FdPort FdPort;
struct FdPort {
    Chardev *chr;
    int in, out;                                /* -1: none */
    bool in_owned, out_owned;
    bool nonblock;                              /* out is O_NONBLOCK */
    GSource *in_source, *out_source;
    /* End of input or an error; the port has stopped reading. NULL: CHR_EVENT_CLOSED is sent. */
    void (*closed)(FdPort *port, void *opaque);
    void *opaque;
};

void fdport_open(FdPort *port, Chardev *chr, int in, int out);
void fdport_resume(FdPort *port);               /* starts to read, if it is not */
size_t fdport_write(FdPort *port, const uint8_t *buf, size_t len);
/* Waits at most a second for the host to take buf, at the end. */
void fdport_flush(FdPort *port, const uint8_t *buf, size_t len);
void fdport_close(FdPort *port);

/* A source of context that calls fn with the machine lock held; the caller owns the reference. */
GSource *chardev_fd_source(Chardev *chr, int fd, GIOCondition cond, GSourceFunc fn, void *opaque);

#endif
