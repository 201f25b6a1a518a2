/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Character backends. A Chardev (stdio, file, pipe, socket, pty, null, mux, ringbuf, testdev) is one end; a
 * CharBackend, embedded in a device as a PROP_CHAR property, is the other. All calls are made with the machine lock
 * held (core/io/backends.h); writes may come from CPU threads.
 */
#ifndef CORE_IO_CHAR_H
#define CORE_IO_CHAR_H

#include <glib.h>
#include "core/qom/object.h"

typedef enum ChrEvent {
    CHR_EVENT_OPENED,                           /* somebody is at the other end */
    CHR_EVENT_CLOSED,                           /* and went: end of input, a closed connection */
    CHR_EVENT_BREAK,
    CHR_EVENT_FOCUS,                            /* of a mux: what is typed goes to this one from now on */
} ChrEvent;

struct CharBackend {
    Chardev *chr;                               /* NULL: not connected: writes vanish, nothing is read */
    unsigned tag;                               /* the mux input it is */
    void *opaque;
    unsigned (*can_receive)(void *opaque);      /* bytes the device takes now; NULL: not connected yet */
    void (*receive)(void *opaque, const uint8_t *buf, unsigned len);
    void (*event)(void *opaque, ChrEvent ev);   /* may be NULL */
};

/* The device's half, at realize. */
void char_connect(CharBackend *be, void *opaque, unsigned (*can_receive)(void *),
                  void (*receive)(void *, const uint8_t *, unsigned), void (*event)(void *, ChrEvent));
void char_disconnect(CharBackend *be);
/* Writes all of it, or buffers what the host side does not take at once; never blocks a CPU for long. */
void char_write(CharBackend *be, const uint8_t *buf, size_t len);
/* The device has room again: the backend goes on feeding it, perhaps before this returns. */
void char_accept_input(CharBackend *be);

/*
 * The backend's half: "stdio", "mon:stdio", "file:PATH", "pty", "tcp:HOST:PORT,server=on", "unix:PATH", "pipe:PATH",
 * "chardev:ID", "null", "none" as -serial takes them; NULL with GError. "none" gives NULL without error.
 * The chardev is a child of backends and lives as long as that; context runs its sources.
 */
Chardev *chardev_new_from_spec(Object *backends, const char *id, const char *spec, GMainContext *context,
                               GError **error);
/* -chardev KIND,id=ID,... */
Chardev *chardev_new_from_opts(Object *backends, const char *opts, GMainContext *context, GError **error);
/* Calls fn for each kind that -chardev takes. */
void chardev_foreach_kind(void (*fn)(const char *name, const char *help, void *opaque), void *opaque);
Chardev *chardev_find(Object *backends, const char *id);
const char *chardev_id(const Chardev *chr);
bool chardev_is_mux(const Chardev *chr);        /* others are on it, too */
/* What it is on the host, as query-chardev names it: "stdio", "pty:/dev/pts/3", "file"; owned by chr. */
const char *chardev_filename(const Chardev *chr);
/* Connects a device's property to a chardev; an error if it is taken and not a mux. */
bool chardev_attach(Chardev *chr, CharBackend *be, GError **error);
/* What a test or the monitor types, as if it came from the host. What the device does not take yet is kept. */
void chardev_feed(Chardev *chr, const uint8_t *buf, size_t len);
/* A line break, as if it came from the host. */
void chardev_send_break(Chardev *chr);
/* ringbuf: takes what the guest has written since the last call; newly allocated, NUL-terminated, *len optional. */
char *chardev_ringbuf_take(Chardev *chr, size_t *len);

#endif
