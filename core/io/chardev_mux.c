/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The multiplexer: several devices (a serial port, the monitor) on one chardev, and the escape key Ctrl-A.
 * Input goes to the device in focus; what it does not take yet waits here, so that the escapes always work. Beyond a
 * bound it is dropped, and a line of the log says so.
 */
#include <string.h>
#include "core/io/chardev_int.h"
#include "core/log.h"

#define MUX_MAX 4
#define MUX_QUEUE (16u << 20)
#define MUX_READ 4096                           /* at a time */
#define ESCAPE 0x01

typedef struct Mux {
    Chardev *chr;
    CharBackend inner;                          /* our hold on what is below */
    CharBackend *fe[MUX_MAX];
    ByteQueue queue[MUX_MAX];
    unsigned focus;
    bool escape;                                /* the last byte was Ctrl-A */
    bool lost;                                  /* said once that input was dropped */
} Mux;

static void drain_one(Mux *mux, unsigned f)
{
    ByteQueue *queue = &mux->queue[f];

    while (mux->fe[f] && byte_queue_len(queue)) {
        CharBackend *be = mux->fe[f];
        uint8_t buf[64];
        unsigned n = be->can_receive ? be->can_receive(be->opaque) : 0;

        n = MIN(n, MIN((unsigned)sizeof(buf), byte_queue_len(queue)));
        if (n == 0) {
            return;
        }
        memcpy(buf, byte_queue_data(queue), n);
        byte_queue_drop(queue, n);
        be->receive(be->opaque, buf, n);
    }
}

/* Those out of focus may still have some of what was typed before the switch. */
static void drain(Mux *mux)
{
    for (unsigned i = 0; i < MUX_MAX; i++) {
        drain_one(mux, i);
    }
}

static void say(Mux *mux, const char *text)
{
    char_write(&mux->inner, (const uint8_t *)text, strlen(text));
}

static void send_event(CharBackend *be, ChrEvent ev)
{
    if (be && be->event) {
        be->event(be->opaque, ev);
    }
}

static void switch_focus(Mux *mux)
{
    unsigned f = mux->focus;

    do {
        f = (f + 1) % MUX_MAX;
    } while (!mux->fe[f] && f != mux->focus);
    mux->focus = f;
}

static void put(Mux *mux, uint8_t c)
{
    ByteQueue *queue = &mux->queue[mux->focus];

    if (byte_queue_len(queue) < MUX_QUEUE) {
        g_byte_array_append(queue->array, &c, 1);
    } else if (!mux->lost) {
        mux->lost = true;
        log_guest_error("chardev %s: nobody takes its input, which is dropped\n", mux->chr->id);
    }
}

/* The byte after Ctrl-A. */
static void escaped(Mux *mux, uint8_t c)
{
    switch (c) {
    case ESCAPE:
        put(mux, c);
        break;
    case 'x':
        say(mux, "\r\nchimera: terminated\r\n");
        if (io_machine(mux->chr)) {
            machine_request_quit(io_machine(mux->chr));
        }
        break;
    case 'c':
        switch_focus(mux);
        send_event(mux->fe[mux->focus], CHR_EVENT_FOCUS);
        break;
    case 'b':
        send_event(mux->fe[mux->focus], CHR_EVENT_BREAK);
        break;
    case 'h':
    case '?':
        say(mux, "\r\nCtrl-A h       this help\r\n"
                 "Ctrl-A x       end the emulator\r\n"
                 "Ctrl-A b       send a break\r\n"
                 "Ctrl-A c       switch between the devices on this terminal\r\n"
                 "Ctrl-A Ctrl-A  send Ctrl-A\r\n");
        break;
    default:
        break;
    }
}

/* All is read, whatever waits: there may be an escape in it. */
static unsigned mux_can_receive(void *opaque)
{
    return MUX_READ;
}

static void mux_receive(void *opaque, const uint8_t *buf, unsigned len)
{
    Mux *mux = opaque;

    for (unsigned i = 0; i < len; i++) {
        if (mux->escape) {
            mux->escape = false;
            escaped(mux, buf[i]);
        } else if (buf[i] == ESCAPE) {
            mux->escape = true;
        } else {
            put(mux, buf[i]);
        }
    }
    drain(mux);
}

void chardev_mux_feed(Chardev *chr, const uint8_t *buf, size_t len)
{
    mux_receive(chr->priv, buf, (unsigned)len);
}

static void mux_event(void *opaque, ChrEvent ev)
{
    Mux *mux = opaque;

    if (ev == CHR_EVENT_BREAK) {
        send_event(mux->fe[mux->focus], ev);
        return;
    }
    mux->chr->is_open = ev == CHR_EVENT_OPENED;
    for (unsigned i = 0; i < MUX_MAX; i++) {
        send_event(mux->fe[i], ev);
    }
}

static size_t mux_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    Mux *mux = chr->priv;

    char_write(&mux->inner, buf, len);          /* queues what does not go at once */
    return len;
}

static void mux_accept_input(Chardev *chr)
{
    Mux *mux = chr->priv;

    drain(mux);
    char_accept_input(&mux->inner);
}

static void mux_attached(Chardev *chr)
{
    Mux *mux = chr->priv;

    if (mux->inner.chr && mux->inner.chr->ops->attached) {
        mux->inner.chr->ops->attached(mux->inner.chr);
    }
    drain(mux);
}

static void mux_free(Chardev *chr)
{
    Mux *mux = chr->priv;

    char_disconnect(&mux->inner);
    for (unsigned i = 0; i < MUX_MAX; i++) {
        if (mux->fe[i]) {
            char_disconnect(mux->fe[i]);
        }
    }
    for (unsigned i = 0; i < MUX_MAX; i++) {
        g_byte_array_unref(mux->queue[i].array);
    }
    g_free(mux);
    chr->priv = NULL;
}

static const ChardevOps mux_ops = {
    .kind = "mux", .write = mux_write, .accept_input = mux_accept_input, .attached = mux_attached, .free = mux_free,
};

bool chardev_is_mux(const Chardev *chr)
{
    return chr->ops == &mux_ops;
}

bool chardev_mux_attach(Chardev *chr, CharBackend *be, GError **error)
{
    Mux *mux = chr->priv;

    for (unsigned i = 0; i < MUX_MAX; i++) {
        if (!mux->fe[i]) {
            mux->fe[i] = be;
            be->chr = chr;
            be->tag = i;
            if (!mux->fe[mux->focus]) {
                mux->focus = i;
            }
            return true;
        }
    }
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "chardev '%s' has %u users already", chr->id, MUX_MAX);
    return false;
}

void chardev_mux_detach(Chardev *chr, CharBackend *be)
{
    Mux *mux = chr->priv;

    for (unsigned i = 0; mux && i < MUX_MAX; i++) {
        if (mux->fe[i] == be) {
            mux->fe[i] = NULL;
            byte_queue_drop(&mux->queue[i], byte_queue_len(&mux->queue[i]));
            if (mux->focus == i) {
                switch_focus(mux);
            }
        }
    }
}

Chardev *chardev_mux_new(Object *backends, const char *id, Chardev *inner, GMainContext *context, GError **error)
{
    Mux *mux = g_new0(Mux, 1);
    Chardev *chr = chardev_new(backends, id, &mux_ops, mux, g_strdup("mux"), context, error);

    if (!chr) {
        g_free(mux);
        return NULL;
    }
    mux->chr = chr;
    for (unsigned i = 0; i < MUX_MAX; i++) {
        mux->queue[i].array = g_byte_array_new();
    }
    if (!chardev_attach(inner, &mux->inner, error)) {
        object_remove_child(backends, &chr->parent);
        return NULL;
    }
    char_connect(&mux->inner, mux, mux_can_receive, mux_receive, mux_event);
    return chr;
}
