/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chardevs that are files, named pipes and pseudo-terminals. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "core/io/chardev_int.h"

typedef struct FilePort {
    FdPort port;
    int slave;                                  /* pty: held open, so that a reader may come and go; -1: none */
} FilePort;

static size_t file_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    return fdport_write(chr->priv, buf, len);
}

static void file_accept_input(Chardev *chr)
{
    fdport_resume(chr->priv);
}

static void file_free(Chardev *chr)
{
    FilePort *f = chr->priv;

    if (f->slave < 0) {
        fdport_flush(&f->port, byte_queue_data(&chr->out), byte_queue_len(&chr->out));
    } else {
        close(f->slave);
    }
    fdport_close(&f->port);
    g_free(f);
}

static const ChardevOps file_ops = {
    .kind = "file", .write = file_write, .accept_input = file_accept_input, .attached = file_accept_input,
    .free = file_free,
};
static const ChardevOps pipe_ops = {
    .kind = "pipe", .write = file_write, .accept_input = file_accept_input, .attached = file_accept_input,
    .free = file_free,
};
static const ChardevOps pty_ops = {
    .kind = "pty", .write = file_write, .accept_input = file_accept_input, .attached = file_accept_input,
    .free = file_free,
};

static int open_path(const char *path, int flags, GError **error)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);

    if (fd < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
    }
    return fd;
}

/* Takes over the descriptors, also when it fails. */
static Chardev *port_new(Object *backends, const char *id, const ChardevOps *ops, int in, int out, int slave,
                         char *filename, GMainContext *context, GError **error)
{
    FilePort *f = g_new0(FilePort, 1);
    Chardev *chr = chardev_new(backends, id, ops, f, filename, context, error);

    f->slave = slave;
    fdport_open(&f->port, chr, in, out);
    f->port.in_owned = f->port.out_owned = true;
    f->port.nonblock = ops != &file_ops;
    if (!chr) {
        fdport_close(&f->port);
        g_free(f);
        return NULL;
    }
    chr->is_open = true;
    return chr;
}

/* path=, append=on, input-path= */
Chardev *chardev_file_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error)
{
    const char *path = keyval_need(kv, "path", error), *input = keyval_get(kv, "input-path");
    bool append = false;
    int in = -1, out;

    if (!path || !keyval_get_bool(kv, "append", &append, error)) {
        return NULL;
    }
    out = open_path(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), error);
    if (out < 0) {
        return NULL;
    }
    if (input && (in = open_path(input, O_RDONLY, error)) < 0) {
        close(out);
        return NULL;
    }
    return port_new(backends, id, &file_ops, in, out, -1, g_strdup("file"), context, error);
}

/* path=: PATH.in and PATH.out, or PATH both ways. Opened for reading and writing, so that nobody need be there. */
Chardev *chardev_pipe_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error)
{
    const char *path = keyval_need(kv, "path", error);
    g_autofree char *in_path = NULL, *out_path = NULL;
    int in, out;

    if (!path) {
        return NULL;
    }
    in_path = g_strconcat(path, ".in", NULL);
    out_path = g_strconcat(path, ".out", NULL);
    in = open_path(in_path, O_RDWR | O_NONBLOCK, NULL);
    out = open_path(out_path, O_RDWR | O_NONBLOCK, NULL);
    if (in < 0 || out < 0) {
        if (in >= 0) {
            close(in);
        }
        if (out >= 0) {
            close(out);
        }
        in = out = open_path(path, O_RDWR | O_NONBLOCK, error);
        if (in < 0) {
            g_prefix_error(error, "neither %s and %s nor ", in_path, out_path);
            return NULL;
        }
    }
    return port_new(backends, id, &pipe_ops, in, out, -1, g_strdup("pipe"), context, error);
}

/* chardev_filename gives "pty:/dev/pts/N". */
Chardev *chardev_pty_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), slave = -1;
    char name[128];
    struct termios t;

    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, name, sizeof(name)) != 0 || (slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "no pseudo-terminal: %s",
                    g_strerror(errno));
        if (master >= 0) {
            close(master);
        }
        return NULL;
    }
    if (tcgetattr(slave, &t) == 0) {
        cfmakeraw(&t);
        tcsetattr(slave, TCSANOW, &t);
    }
    return port_new(backends, id, &pty_ops, master, master, slave, g_strconcat("pty:", name, NULL), context, error);
}
