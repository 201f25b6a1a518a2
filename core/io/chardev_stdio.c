/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process's own terminal, pipes or files. A terminal is put into raw mode when the main loop first runs (so that
 * errors on the command line leave it alone) and restored when the chardev goes. Output goes through an open file of
 * our own where that is possible, since O_NONBLOCK on descriptor 1 would be the parent shell's problem too.
 * Options: signal=on|off: whether Ctrl-C and Ctrl-Z act on us (default on).
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include "core/io/chardev_int.h"

typedef struct StdioPort {
    FdPort port;
    bool is_tty, raw, signal;
    bool ready;                                 /* the main loop has run */
    struct termios saved;
    GSource *start;
} StdioPort;

static void restore(StdioPort *s)
{
    if (s->raw) {
        s->raw = false;
        tcsetattr(STDIN_FILENO, TCSANOW, &s->saved);
    }
}

static void make_raw(StdioPort *s)
{
    struct termios t;

    if (!s->is_tty || s->raw || tcgetattr(STDIN_FILENO, &s->saved) != 0) {
        return;
    }
    t = s->saved;
    t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t.c_oflag |= OPOST;
    t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    if (!s->signal) {
        t.c_lflag &= ~(tcflag_t)ISIG;
    }
    t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    /* from a background job this would stop us: then leave the terminal alone */
    if (tcgetpgrp(STDIN_FILENO) == getpgrp() && tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0) {
        s->raw = true;
    }
}

static gboolean started(gpointer opaque)
{
    StdioPort *s = opaque;
    Machine *m = io_machine(s->port.chr);

    machine_lock(m);
    make_raw(s);
    s->ready = true;
    fdport_resume(&s->port);
    machine_unlock(m);
    return G_SOURCE_REMOVE;
}

static size_t stdio_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    return fdport_write(chr->priv, buf, len);
}

static void stdio_accept_input(Chardev *chr)
{
    StdioPort *s = chr->priv;

    if (s->ready) {
        fdport_resume(&s->port);
    }
}

static void stdio_free(Chardev *chr)
{
    StdioPort *s = chr->priv;

    fdport_flush(&s->port, byte_queue_data(&chr->out), byte_queue_len(&chr->out));
    g_source_destroy(s->start);
    g_source_unref(s->start);
    fdport_close(&s->port);
    restore(s);
    g_free(s);
}

static const ChardevOps stdio_ops = {
    .kind = "stdio", .write = stdio_write, .accept_input = stdio_accept_input, .attached = stdio_accept_input,
    .free = stdio_free,
};

/* Descriptor 1 again, as an open file of our own that does not block; -1: not possible or not needed. */
static int reopen_stdout(void)
{
    struct stat st;

    if (fstat(STDOUT_FILENO, &st) != 0 || !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))) {
        return -1;
    }
    return open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

Chardev *chardev_stdio_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error)
{
    StdioPort *s;
    Chardev *chr;
    bool signal = true;
    int out;

    if (!keyval_get_bool(kv, "signal", &signal, error)) {
        return NULL;
    }
    for (unsigned i = 0; backends->children && i < backends->children->len; i++) {
        const Object *o = backends->children->pdata[i];

        if (chardev_find(backends, o->name) && chardev_find(backends, o->name)->ops == &stdio_ops) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE,
                        "standard input and output are in use by chardev '%s': share them with mux=on", o->name);
            return NULL;
        }
    }
    s = g_new0(StdioPort, 1);
    chr = chardev_new(backends, id, &stdio_ops, s, g_strdup("stdio"), context, error);
    if (!chr) {
        g_free(s);
        return NULL;
    }
    s->signal = signal;
    s->is_tty = isatty(STDIN_FILENO);
    out = reopen_stdout();
    fdport_open(&s->port, chr, STDIN_FILENO, out >= 0 ? out : STDOUT_FILENO);
    s->port.out_owned = s->port.nonblock = out >= 0;
    chr->is_open = true;
    s->start = g_idle_source_new();
    g_source_set_priority(s->start, G_PRIORITY_DEFAULT);
    g_source_set_callback(s->start, started, s, NULL);
    g_source_attach(s->start, context);
    return chr;
}
