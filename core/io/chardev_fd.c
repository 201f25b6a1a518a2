/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all chardevs on file descriptors share: reading on demand, writing without blocking. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>
#include "core/io/chardev_int.h"

static void drop_source(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

static gboolean readable(gint fd, GIOCondition cond, gpointer opaque)
{
    FdPort *port = opaque;
    Machine *m = io_machine(port->chr);
    uint8_t buf[4096];
    unsigned room;
    ssize_t n;
    gboolean stay = G_SOURCE_CONTINUE;

    machine_lock(m);
    if (!port->in_source || g_source_is_destroyed(g_main_current_source())) {
        machine_unlock(m);                      /* stopped while we waited for the lock */
        return G_SOURCE_REMOVE;
    }
    room = chardev_room(port->chr);
    if (room == 0) {
        drop_source(&port->in_source);
        machine_unlock(m);
        return G_SOURCE_REMOVE;
    }
    n = read(fd, buf, MIN(room, sizeof(buf)));
    if (n > 0) {
        chardev_deliver(port->chr, buf, (unsigned)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        drop_source(&port->in_source);
        stay = G_SOURCE_REMOVE;
        if (port->closed) {
            port->closed(port, port->opaque);
        } else {
            chardev_event(port->chr, CHR_EVENT_CLOSED);
            if (port->in_owned) {
                if (port->out == port->in) {
                    port->out = -1;
                    drop_source(&port->out_source);
                }
                close(port->in);
            }
            port->in = -1;
        }
    }
    machine_unlock(m);
    return stay;
}

static gboolean writable(gint fd, GIOCondition cond, gpointer opaque)
{
    FdPort *port = opaque;
    Machine *m = io_machine(port->chr);

    machine_lock(m);
    if (port->out_source && !g_source_is_destroyed(g_main_current_source())) {
        drop_source(&port->out_source);         /* a write that is still short makes a new one */
        chardev_out_ready(port->chr);
    }
    machine_unlock(m);
    return G_SOURCE_REMOVE;
}

void fdport_open(FdPort *port, Chardev *chr, int in, int out)
{
    port->chr = chr;
    port->in = in;
    port->out = out;
}

void fdport_resume(FdPort *port)
{
    if (port->in >= 0 && !port->in_source && chardev_room(port->chr) > 0) {
        port->in_source = chardev_fd_source(port->chr, port->in, G_IO_IN | G_IO_HUP | G_IO_ERR,
                                            G_SOURCE_FUNC(readable), port);
    }
}

size_t fdport_write(FdPort *port, const uint8_t *buf, size_t len)
{
    size_t done = 0;

    if (port->out < 0) {
        return len;                             /* nobody there: as an unplugged cable */
    }
    while (done < len) {
        size_t part = len - done;
        ssize_t n;

        if (!port->nonblock) {
            struct pollfd pfd = { .fd = port->out, .events = POLLOUT };

            part = MIN(part, PIPE_BUF);
            if (poll(&pfd, 1, 0) == 0) {
                break;
            }
        }
        n = write(port->out, buf + done, part);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            return len;                         /* a broken pipe swallows the rest */
        }
    }
    if (done < len && !port->out_source) {
        port->out_source = chardev_fd_source(port->chr, port->out, G_IO_OUT | G_IO_HUP | G_IO_ERR,
                                             G_SOURCE_FUNC(writable), port);
    }
    return done;
}

void fdport_flush(FdPort *port, const uint8_t *buf, size_t len)
{
    gint64 end = g_get_monotonic_time() + G_USEC_PER_SEC;

    while (len && port->out >= 0) {
        struct pollfd pfd = { .fd = port->out, .events = POLLOUT };
        gint64 left = end - g_get_monotonic_time();
        ssize_t n;

        if (left <= 0 || poll(&pfd, 1, (int)(left / 1000) + 1) <= 0) {
            return;
        }
        n = write(port->out, buf, MIN(len, PIPE_BUF));
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
        if (n > 0) {
            buf += n;
            len -= (size_t)n;
        }
    }
}

void fdport_close(FdPort *port)
{
    drop_source(&port->in_source);
    drop_source(&port->out_source);
    if (port->in_owned && port->in >= 0) {
        close(port->in);
    }
    if (port->out_owned && port->out >= 0 && port->out != port->in) {
        close(port->out);
    }
    port->in = port->out = -1;
}
