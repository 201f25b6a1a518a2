/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Character backends. A Chardev (stdio, file, pipe, socket, pty, null, mux, ringbuf for tests) is one end; a
 * CharBackend, embedded in a device as a PROP_CHAR property, is the other. All calls are made in the main loop's
 * thread or with the machine lock held; writes may come from CPU threads.
 */
#ifndef CORE_IO_CHAR_H
#define CORE_IO_CHAR_H

#include <glib.h>
#include "core/qom/object.h"

typedef enum ChrEvent { CHR_EVENT_OPENED, CHR_EVENT_CLOSED, CHR_EVENT_BREAK } ChrEvent;

struct CharBackend {
    Chardev *chr;                               /* NULL: not connected: writes vanish, nothing is read */
    unsigned tag;                               /* the mux input it is */
    void *opaque;
    unsigned (*can_receive)(void *opaque);      /* bytes the device takes now */
    void (*receive)(void *opaque, const uint8_t *buf, unsigned len);
    void (*event)(void *opaque, ChrEvent ev);   /* may be NULL */
};

/* The device's half, at realize. */
void char_connect(CharBackend *be, void *opaque, unsigned (*can_receive)(void *), void (*receive)(void *, const uint8_t *,
                  unsigned), void (*event)(void *, ChrEvent));
void char_disconnect(CharBackend *be);
/* Writes all of it, or buffers what the host side does not take at once; never blocks a CPU for long. */
void char_write(CharBackend *be, const uint8_t *buf, size_t len);
/* The device has room again: the backend goes on feeding it. */
void char_accept_input(CharBackend *be);

/* The backend's half: "stdio", "mon:stdio", "file:PATH", "pty", "tcp:...", "unix:...", "pipe:", "null", "none" as -serial
 * takes them; NULL with GError. "none" gives NULL without error. */
Chardev *chardev_new_from_spec(Object *backends, const char *id, const char *spec, GMainContext *context, GError **error);
/* -chardev KIND,id=ID,... */
Chardev *chardev_new_from_opts(Object *backends, const char *opts, GMainContext *context, GError **error);
Chardev *chardev_find(Object *backends, const char *id);
/* Connects a device's property to a chardev; an error if it is taken and not a mux. */
bool chardev_attach(Chardev *chr, CharBackend *be, GError **error);
/* What a test or the monitor types, as if it came from the host. */
void chardev_feed(Chardev *chr, const uint8_t *buf, size_t len);

#endif
