/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Character backends: the object that all kinds share, its two queues, and the syntax of -serial and -chardev.
 * Input that the device has no room for waits at its source, or in `in` when it was fed; output that the host does not
 * take at once waits in `out`, up to a bound beyond which it is dropped and a line of the log says so.
 */
#include <glib-unix.h>
#include <string.h>
#include "core/io/chardev_int.h"
#include "core/log.h"
#include "core/near.h"

#define TYPE_CHARDEV "chardev"
#define MAX_OUT (16u << 20)

DECLARE_OBJECT(Chardev, CHARDEV, TYPE_CHARDEV)

static void chardev_dispose(Object *obj)
{
    Chardev *chr = CHARDEV(obj);

    if (chr->be) {
        char_disconnect(chr->be);
    }
    if (chr->ops && chr->ops->free) {
        chr->ops->free(chr);
    }
    chr->ops = NULL;
}

static void chardev_finalize(Object *obj)
{
    Chardev *chr = CHARDEV(obj);

    g_byte_array_unref(chr->in.array);
    g_byte_array_unref(chr->out.array);
    g_free(chr->id);
    g_free(chr->filename);
    if (chr->context) {
        g_main_context_unref(chr->context);
    }
}

static void chardev_init(Object *obj)
{
    Chardev *chr = CHARDEV(obj);

    chr->in.array = g_byte_array_new();
    chr->out.array = g_byte_array_new();
}

static void chardev_class_init(ObjectClass *oc, const TypeInfo *info)
{
    oc->dispose = chardev_dispose;
}

static const TypeInfo chardev_type = {
    .name = TYPE_CHARDEV,
    .parent = TYPE_OBJECT,
    .desc = "a character backend",
    .instance_size = sizeof(Chardev),
    .class_init = chardev_class_init,
    .init = chardev_init,
    .finalize = chardev_finalize,
};

static bool id_is_free(Object *backends, const char *id, GError **error)
{
    if (object_child(backends, id)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "the id '%s' is taken", id);
        return false;
    }
    return true;
}

Chardev *chardev_new(Object *backends, const char *id, const ChardevOps *ops, void *priv, char *filename,
                     GMainContext *context, GError **error)
{
    TypeRegistry *types = object_types(backends);
    ObjectClass *oc = type_class_known(types, TYPE_CHARDEV);
    Chardev *chr;

    if (!oc) {
        if (!type_register(types, &chardev_type, error)) {
            return NULL;
        }
        oc = type_class(types, TYPE_CHARDEV, NULL);
    }
    if (!id_is_free(backends, id, error)) {
        g_free(filename);
        return NULL;
    }
    chr = CHARDEV(object_new_with_class(oc));
    chr->ops = ops;
    chr->priv = priv;
    chr->id = g_strdup(id);
    chr->filename = filename;
    chr->context = context ? g_main_context_ref(context) : NULL;
    object_add_child(backends, id, &chr->parent);
    return chr;
}

Chardev *chardev_find(Object *backends, const char *id)
{
    Object *obj = object_child(backends, id);

    return obj && object_is_a(obj, TYPE_CHARDEV) ? CHARDEV(obj) : NULL;
}

const char *chardev_id(const Chardev *chr)
{
    return chr->id;
}

const char *chardev_filename(const Chardev *chr)
{
    return chr->filename;
}

/* -- the device's half ------------------------------------------------------------------------------------- */

bool chardev_attach(Chardev *chr, CharBackend *be, GError **error)
{
    if (be->chr) {
        char_disconnect(be);
    }
    if (chardev_is_mux(chr)) {
        return chardev_mux_attach(chr, be, error);
    }
    if (chr->be) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE,
                    "chardev '%s' is in use: two devices share one only with mux=on", chr->id);
        return false;
    }
    chr->be = be;
    be->chr = chr;
    return true;
}

void char_connect(CharBackend *be, void *opaque, unsigned (*can_receive)(void *),
                  void (*receive)(void *, const uint8_t *, unsigned), void (*event)(void *, ChrEvent))
{
    be->opaque = opaque;
    be->can_receive = can_receive;
    be->receive = receive;
    be->event = event;
    if (be->chr) {
        if (be->chr->ops->attached) {
            be->chr->ops->attached(be->chr);
        }
        if (event && be->chr->is_open) {
            event(opaque, CHR_EVENT_OPENED);
        }
    }
}

void char_disconnect(CharBackend *be)
{
    Chardev *chr = be->chr;

    be->can_receive = NULL;
    be->receive = NULL;
    be->event = NULL;
    be->chr = NULL;
    if (chr && chardev_is_mux(chr)) {
        chardev_mux_detach(chr, be);
    } else if (chr) {
        chr->be = NULL;
    }
}

static void queue_out(Chardev *chr, const uint8_t *buf, size_t len)
{
    size_t room = MAX_OUT - MIN(MAX_OUT, byte_queue_len(&chr->out));

    if (len > room) {
        if (!chr->out_lost) {
            chr->out_lost = true;
            log_guest_error("chardev %s: nobody reads its output, which is dropped\n", chr->id);
        }
        len = room;
    }
    g_byte_array_append(chr->out.array, buf, (guint)len);
}

void char_write(CharBackend *be, const uint8_t *buf, size_t len)
{
    Chardev *chr = be->chr;
    size_t done = 0;

    if (!chr || !chr->ops) {
        return;
    }
    if (byte_queue_len(&chr->out) == 0) {
        done = chr->ops->write(chr, buf, len);
    }
    if (done < len) {
        queue_out(chr, buf + done, len - done);
    }
}

void chardev_out_ready(Chardev *chr)
{
    if (byte_queue_len(&chr->out)) {
        size_t done = chr->ops->write(chr, byte_queue_data(&chr->out), byte_queue_len(&chr->out));

        byte_queue_drop(&chr->out, (guint)done);
    }
}

/* What was fed before is taken first. True: all of it is gone. */
static bool drain_in(Chardev *chr)
{
    while (byte_queue_len(&chr->in)) {
        uint8_t buf[256];
        unsigned n = chr->be && chr->be->can_receive ? chr->be->can_receive(chr->be->opaque) : 0;

        n = MIN(n, MIN(byte_queue_len(&chr->in), (unsigned)sizeof(buf)));
        if (n == 0) {
            return false;
        }
        memcpy(buf, byte_queue_data(&chr->in), n);      /* receive may feed again */
        byte_queue_drop(&chr->in, n);
        chr->be->receive(chr->be->opaque, buf, n);
    }
    return true;
}

void char_accept_input(CharBackend *be)
{
    Chardev *chr = be->chr;

    if (!chr || !chr->ops || (chr->be == be && !drain_in(chr))) {
        return;
    }
    if (chr->ops->accept_input) {
        chr->ops->accept_input(chr);
    }
}

/* -- the host's half --------------------------------------------------------------------------------------- */

unsigned chardev_room(Chardev *chr)
{
    return byte_queue_len(&chr->in) || !chr->be || !chr->be->can_receive ? 0 : chr->be->can_receive(chr->be->opaque);
}

void chardev_deliver(Chardev *chr, const uint8_t *buf, unsigned len)
{
    chr->be->receive(chr->be->opaque, buf, len);
}

void chardev_event(Chardev *chr, ChrEvent ev)
{
    if (ev != CHR_EVENT_BREAK) {
        if (chr->is_open == (ev == CHR_EVENT_OPENED)) {
            return;
        }
        chr->is_open = ev == CHR_EVENT_OPENED;
    }
    if (chr->be && chr->be->event) {
        chr->be->event(chr->be->opaque, ev);
    }
}

void chardev_feed(Chardev *chr, const uint8_t *buf, size_t len)
{
    if (chardev_is_mux(chr)) {
        chardev_mux_feed(chr, buf, len);
    } else {
        g_byte_array_append(chr->in.array, buf, (guint)len);
        drain_in(chr);
    }
}

void chardev_send_break(Chardev *chr)
{
    chardev_event(chr, CHR_EVENT_BREAK);
}

GSource *chardev_fd_source(Chardev *chr, int fd, GIOCondition cond, GSourceFunc fn, void *opaque)
{
    GSource *source = g_unix_fd_source_new(fd, cond);

    g_source_set_callback(source, fn, opaque, NULL);
    g_source_attach(source, chr->context);
    return source;
}

/* -- null, ringbuf, testdev -------------------------------------------------------------------------------- */

static size_t null_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    return len;
}

static const ChardevOps null_ops = { .kind = "null", .write = null_write };

static Chardev *null_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error)
{
    return chardev_new(backends, id, &null_ops, NULL, g_strdup("null"), context, error);
}

typedef struct Ringbuf {
    GByteArray *data;
    uint64_t size;
} Ringbuf;

static size_t ringbuf_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    Ringbuf *rb = chr->priv;

    g_byte_array_append(rb->data, buf, (guint)len);
    if (rb->data->len > rb->size) {             /* the oldest go */
        g_byte_array_remove_range(rb->data, 0, (guint)(rb->data->len - rb->size));
    }
    return len;
}

static void ringbuf_free(Chardev *chr)
{
    Ringbuf *rb = chr->priv;

    g_byte_array_unref(rb->data);
    g_free(rb);
}

static const ChardevOps ringbuf_ops = { .kind = "ringbuf", .write = ringbuf_write, .free = ringbuf_free };

static Chardev *ringbuf_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error)
{
    uint64_t size = 65536;
    Ringbuf *rb;

    if (!keyval_get_size(kv, "size", 1, &size, error)) {
        return NULL;
    }
    if (size == 0 || size > (256u << 20)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "size: 1 to 256M");
        return NULL;
    }
    rb = g_new0(Ringbuf, 1);
    rb->data = g_byte_array_new();
    rb->size = size;
    return chardev_new(backends, id, &ringbuf_ops, rb, g_strdup("ringbuf"), context, error);
}

char *chardev_ringbuf_take(Chardev *chr, size_t *len)
{
    Ringbuf *rb = chr->priv;
    char *text;

    g_assert(chr->ops == &ringbuf_ops);
    text = g_strndup((const char *)rb->data->data, 0);
    text = g_realloc(text, rb->data->len + 1);
    if (rb->data->len) {
        memcpy(text, rb->data->data, rb->data->len);
    }
    text[rb->data->len] = '\0';
    if (len) {
        *len = rb->data->len;
    }
    g_byte_array_set_size(rb->data, 0);
    return text;
}

/* What kvm-unit-tests writes to end: a decimal number and 'q'; the exit status is the number times two plus one. */
static size_t testdev_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    GByteArray *text = chr->priv;

    for (size_t i = 0; i < len; i++) {
        if (g_ascii_isdigit(buf[i]) && text->len < 9) {
            g_byte_array_append(text, &buf[i], 1);
            continue;
        }
        if (buf[i] == 'q') {
            int value = 0;
            Machine *m = io_machine(chr);

            for (guint j = 0; j < text->len; j++) {
                value = value * 10 + (text->data[j] - '0');
            }
            if (m) {
                machine_request_shutdown(m, ((value << 1) | 1) & 0xff);
            }
        }
        g_byte_array_set_size(text, 0);
    }
    return len;
}

static void testdev_free(Chardev *chr)
{
    g_byte_array_unref(chr->priv);
}

static const ChardevOps testdev_ops = { .kind = "testdev", .write = testdev_write, .free = testdev_free };

static Chardev *testdev_new(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error)
{
    return chardev_new(backends, id, &testdev_ops, g_byte_array_new(), g_strdup("testdev"), context, error);
}

/* -- syntax ------------------------------------------------------------------------------------------------ */

static const struct Kind {
    const char *name;
    Chardev *(*new)(Object *backends, const char *id, KeyVal *kv, GMainContext *context, GError **error);
    const char *help;
} kinds[] = {
    { "null", null_new, "takes what is written, gives nothing" },
    { "stdio", chardev_stdio_new, "the terminal, or standard input and output: signal=" },
    { "file", chardev_file_new, "a file: path=, append=, input-path=" },
    { "pipe", chardev_pipe_new, "named pipes, PATH.in and PATH.out or PATH: path=" },
    { "pty", chardev_pty_new, "a pseudo-terminal, whose name is printed" },
    { "socket", chardev_socket_new, "path=, or host= and port=, or fd=: server=, wait=, nodelay=, reconnect=" },
    { "ringbuf", ringbuf_new, "memory that keeps the latest: size=" },
    { "memory", ringbuf_new, "the same" },
    { "testdev", testdev_new, "a number and q: the exit status" },
};
static const char *const not_yet[] = {
    "udp", "vc", "msmouse", "wctablet", "hub", "console", "serial", "tty", "parallel", "parport", "braille",
    "spicevmc", "spiceport", "dbus", "qemu-vdagent",
};

void chardev_foreach_kind(void (*fn)(const char *name, const char *help, void *opaque), void *opaque)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        fn(kinds[i].name, kinds[i].help, opaque);
    }
}

static const struct Kind *find_kind(const char *name, GError **error)
{
    NearNames *near;
    g_autofree char *text = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(not_yet); i++) {
        if (strcmp(not_yet[i], name) == 0) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "%s: not supported yet", name);
            return NULL;
        }
    }
    near = near_new(name);
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        near_add(near, kinds[i].name);
    }
    text = near_finish(near);
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: unknown kind%s", name, text);
    return NULL;
}

/* Makes a chardev of kv's options; with mux, `id` names the mux and "ID-base" what is below it. */
static Chardev *create(Object *backends, const char *id, const char *kind_name, KeyVal *kv, bool mux,
                       GMainContext *context, GError **error)
{
    const struct Kind *kind = find_kind(kind_name, error);
    g_autofree char *base = NULL;
    Chardev *chr;

    if (!kind) {
        return NULL;
    }
    base = mux ? g_strconcat(id, "-base", NULL) : g_strdup(id);
    if (!id_is_free(backends, id, error) || !id_is_free(backends, base, error)) {
        return NULL;
    }
    chr = kind->new(backends, base, kv, context, error);
    if (chr && !keyval_check_all_used(kv, error)) {
        object_remove_child(backends, &chr->parent);
        return NULL;
    }
    if (chr && mux) {
        Chardev *inner = chr;

        chr = chardev_mux_new(backends, id, inner, context, error);
        if (!chr) {
            object_remove_child(backends, &inner->parent);
        }
    }
    return chr;
}

Chardev *chardev_new_from_opts(Object *backends, const char *opts, GMainContext *context, GError **error)
{
    g_autoptr(KeyVal) kv = keyval_parse(opts, "backend", error);
    const char *kind, *id;
    bool mux = false;
    Chardev *chr;

    if (!kv || !(kind = keyval_need(kv, "backend", error)) || !keyval_get_id(kv, "id", true, &id, error) ||
        !keyval_get_bool(kv, "mux", &mux, error)) {
        g_prefix_error(error, "-chardev %s: ", opts);
        return NULL;
    }
    chr = create(backends, id, kind, kv, mux, context, error);
    if (!chr) {
        g_prefix_error(error, "-chardev %s: ", opts);
    }
    return chr;
}

/* "HOST:PORT,server=on,..." or "PATH,server=on": what follows the first comma are the options of a socket. */
static KeyVal *socket_options(const char *text, bool tcp, GError **error)
{
    const char *comma = strchr(text, ',');
    g_autofree char *address = comma ? g_strndup(text, (gsize)(comma - text)) : g_strdup(text);
    g_autoptr(KeyVal) kv = keyval_parse(comma ? comma + 1 : "", NULL, error);

    if (!kv) {
        return NULL;
    }
    if (tcp) {
        char *colon = strrchr(address, ':');

        if (!colon || !colon[1]) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "expected HOST:PORT");
            return NULL;
        }
        *colon = '\0';
        if (address[0] == '[' && colon[-1] == ']') {
            colon[-1] = '\0';
            keyval_set(kv, "host", address + 1);
        } else {
            keyval_set(kv, "host", address);
        }
        keyval_set(kv, "port", colon + 1);
    } else {
        keyval_set(kv, "path", address);
    }
    return g_steal_pointer(&kv);
}

static Chardev *from_spec(Object *backends, const char *id, const char *spec, GMainContext *context, GError **error)
{
    g_autoptr(KeyVal) kv = NULL;
    const char *kind = spec, *p;
    bool mux = g_str_has_prefix(spec, "mon:");

    if (mux) {
        spec += 4;
        kind = spec;
    }
    if ((p = g_str_has_prefix(spec, "tcp:") ? spec + 4 : NULL)) {
        kv = socket_options(p, true, error);
        kind = "socket";
    } else if ((p = g_str_has_prefix(spec, "unix:") ? spec + 5 : NULL)) {
        kv = socket_options(p, false, error);
        kind = "socket";
    } else if ((p = g_str_has_prefix(spec, "file:") ? spec + 5 : NULL)) {
        kv = keyval_new();
        keyval_set(kv, "path", p);
        kind = "file";
    } else if ((p = g_str_has_prefix(spec, "pipe:") ? spec + 5 : NULL)) {
        kv = keyval_new();
        keyval_set(kv, "path", p);
        kind = "pipe";
    } else if (g_str_has_prefix(spec, "telnet:") || g_str_has_prefix(spec, "websocket:") ||
               g_str_has_prefix(spec, "udp:") || g_str_has_prefix(spec, "/dev/") || strcmp(spec, "vc") == 0 ||
               g_str_has_prefix(spec, "vc:")) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "not supported yet");
        return NULL;
    } else if (strcmp(spec, "stdio") == 0 || strcmp(spec, "pty") == 0 || strcmp(spec, "null") == 0) {
        kv = keyval_new();
        if (mux && *spec == 's') {
            keyval_set(kv, "signal", "off");    /* Ctrl-C is the guest's */
        }
    } else {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "expected [mon:]stdio, file:PATH, pipe:PATH, pty, "
                    "tcp:HOST:PORT[,server=on], unix:PATH[,server=on], chardev:ID, null or none");
        return NULL;
    }
    return kv ? create(backends, id, kind, kv, mux, context, error) : NULL;
}

Chardev *chardev_new_from_spec(Object *backends, const char *id, const char *spec, GMainContext *context,
                               GError **error)
{
    Chardev *chr;

    if (strcmp(spec, "none") == 0) {
        return NULL;
    }
    if (g_str_has_prefix(spec, "chardev:")) {
        chr = chardev_find(backends, spec + 8);
        if (!chr) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "there is no chardev '%s'", spec + 8);
        }
    } else {
        chr = from_spec(backends, id, spec, context, error);
    }
    if (!chr) {
        g_prefix_error(error, "%s: ", spec);
    }
    return chr;
}
