/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chardevs: queues, the mux and its escapes, files, pipes, sockets, ptys, and what bad options get. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "core/io/backends.h"
#include "core/io/char.h"
#include "core/keyval.h"
#include "core/qom/machine.h"

#define TYPE_TEST_MACHINE "test-machine"

static const TypeInfo test_machine_type = {
    .name = TYPE_TEST_MACHINE, .parent = TYPE_MACHINE, .instance_size = sizeof(Machine),
};

typedef struct Fixture {
    TypeRegistry *types;
    Machine *m;
    GMainContext *context;
    char *dir;
} Fixture;

/* A device that takes `room` bytes. */
typedef struct Sink {
    CharBackend be;
    unsigned room;
    GString *got;
    unsigned opened, closed, breaks;
} Sink;

static unsigned sink_can_receive(void *opaque)
{
    return ((Sink *)opaque)->room;
}

static void sink_receive(void *opaque, const uint8_t *buf, unsigned len)
{
    Sink *s = opaque;

    g_assert_cmpuint(len, <=, s->room);
    s->room -= len;
    g_string_append_len(s->got, (const char *)buf, len);
}

static void sink_event(void *opaque, ChrEvent ev)
{
    Sink *s = opaque;

    s->opened += ev == CHR_EVENT_OPENED;
    s->closed += ev == CHR_EVENT_CLOSED;
    s->breaks += ev == CHR_EVENT_BREAK;
}

static void sink_connect(Sink *s, Chardev *chr, unsigned room)
{
    g_autoptr(GError) error = NULL;

    memset(s, 0, sizeof(*s));
    s->room = room;
    s->got = g_string_new(NULL);
    g_assert_true(chardev_attach(chr, &s->be, &error));
    g_assert_no_error(error);
    char_connect(&s->be, s, sink_can_receive, sink_receive, sink_event);
}

static void sink_clear(Sink *s)
{
    char_disconnect(&s->be);
    g_string_free(s->got, TRUE);
}

static void setup(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    f->types = type_registry_new(NULL, NULL);
    g_assert_true(type_register(f->types, &test_machine_type, &error));
    f->m = machine_new(f->types, TYPE_TEST_MACHINE, &error);
    g_assert_no_error(error);
    f->context = f->m->context;
    io_backends_init(f->m);
    f->dir = g_dir_make_tmp("chimera-char-XXXXXX", NULL);
}

static void teardown(Fixture *f, gconstpointer data)
{
    machine_free(f->m);
    type_registry_free(f->types);
    g_rmdir(f->dir);
    g_free(f->dir);
}

/* Runs the main loop until the text is there (or fails after five seconds). */
static void wait_for(Fixture *f, GString *got, const char *text)
{
    gint64 end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

    while (strcmp(got->str, text) != 0 && g_get_monotonic_time() < end) {
        g_main_context_iteration(f->context, FALSE);
        g_usleep(100);
    }
    g_assert_cmpstr(got->str, ==, text);
}

static Chardev *from_opts(Fixture *f, const char *opts)
{
    g_autoptr(GError) error = NULL;
    Chardev *chr = chardev_new_from_opts(f->m->backends, opts, f->context, &error);

    g_assert_no_error(error);
    return chr;
}

static void feed(Chardev *chr, const char *text)
{
    chardev_feed(chr, (const uint8_t *)text, strlen(text));
}

static void test_feed(Fixture *f, gconstpointer data)
{
    Chardev *chr = from_opts(f, "ringbuf,id=a");
    g_autofree char *out = NULL;
    Sink s;

    feed(chr, "before");                        /* nobody is there yet: it waits */
    sink_connect(&s, chr, 3);
    char_accept_input(&s.be);
    g_assert_cmpstr(s.got->str, ==, "bef");
    s.room = 100;
    feed(chr, "after");                         /* order is kept */
    g_assert_cmpstr(s.got->str, ==, "beforeafter");
    char_write(&s.be, (const uint8_t *)"out", 3);
    out = chardev_ringbuf_take(chr, NULL);
    g_assert_cmpstr(out, ==, "out");
    chardev_send_break(chr);
    g_assert_cmpuint(s.breaks, ==, 1);
    sink_clear(&s);
}

static void test_ringbuf_bound(Fixture *f, gconstpointer data)
{
    Chardev *chr = from_opts(f, "ringbuf,id=a,size=4");
    g_autofree char *out = NULL;
    Sink s;

    sink_connect(&s, chr, 0);
    char_write(&s.be, (const uint8_t *)"abcdef", 6);
    out = chardev_ringbuf_take(chr, NULL);
    g_assert_cmpstr(out, ==, "cdef");
    sink_clear(&s);
}

static void test_mux(Fixture *f, gconstpointer data)
{
    Chardev *chr = from_opts(f, "ringbuf,id=con,mux=on"), *base = chardev_find(f->m->backends, "con-base");
    Sink a, b;
    char *out;

    sink_connect(&a, chr, 100);
    sink_connect(&b, chr, 100);
    feed(base, "x\001cy\001cz\001\001\001q.");
    g_assert_cmpstr(a.got->str, ==, "xz\001.");
    g_assert_cmpstr(b.got->str, ==, "y");
    char_write(&a.be, (const uint8_t *)"1", 1);
    char_write(&b.be, (const uint8_t *)"2", 1);
    out = chardev_ringbuf_take(base, NULL);
    g_assert_cmpstr(out, ==, "12");
    g_free(out);
    feed(chr, "\001h");
    out = chardev_ringbuf_take(base, NULL);
    g_assert_nonnull(strstr(out, "Ctrl-A x"));
    g_free(out);
    feed(chr, "\001b");
    g_assert_cmpuint(a.breaks, ==, 1);
    g_assert_cmpuint(b.breaks, ==, 0);
    sink_clear(&a);
    sink_clear(&b);
}

/* A device that takes nothing does not keep Ctrl-A x from working. */
static void test_mux_quit(Fixture *f, gconstpointer data)
{
    Chardev *chr = from_opts(f, "ringbuf,id=con,mux=on"), *base = chardev_find(f->m->backends, "con-base");
    Sink a;

    sink_connect(&a, chr, 2);
    f->m->exit_status = 7;
    feed(base, "hello\001x");
    g_assert_cmpstr(a.got->str, ==, "he");
    g_assert_true(f->m->shutdown_requested);
    g_assert_cmpint(f->m->exit_status, ==, 0);
    a.room = 100;
    char_accept_input(&a.be);
    g_assert_cmpstr(a.got->str, ==, "hello");
    sink_clear(&a);
}

/* Nor do the many bytes before it, which wait in their order. */
static void test_mux_full(Fixture *f, gconstpointer data)
{
    Chardev *chr = from_opts(f, "ringbuf,id=con,mux=on"), *base = chardev_find(f->m->backends, "con-base");
    Sink a;

    sink_connect(&a, chr, 2);
    for (unsigned i = 0; i < 20000; i++) {
        feed(base, i % 2 ? "b" : "a");
    }
    g_assert_false(f->m->shutdown_requested);
    feed(base, "\001x");
    g_assert_true(f->m->shutdown_requested);
    a.room = 100000;
    char_accept_input(&a.be);
    g_assert_cmpuint(a.got->len, ==, 20000);
    g_assert_cmpstr(a.got->str + 19990, ==, "ababababab");
    sink_clear(&a);
}

static void test_file(Fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->dir, "out", NULL), *in = g_build_filename(f->dir, "in", NULL);
    g_autofree char *spec = g_strconcat("file:", path, NULL);
    g_autofree char *opts = g_strdup_printf("file,id=b,path=%s,append=on,input-path=%s", path, in);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    Chardev *chr = chardev_new_from_spec(f->m->backends, "a", spec, f->context, &error);
    Sink s;

    g_assert_no_error(error);
    sink_connect(&s, chr, 0);
    char_write(&s.be, (const uint8_t *)"hello ", 6);
    sink_clear(&s);
    g_assert_true(g_file_set_contents(in, "input", -1, NULL));
    chr = from_opts(f, opts);
    sink_connect(&s, chr, 2);
    char_write(&s.be, (const uint8_t *)"world", 5);
    wait_for(f, s.got, "in");
    s.room = 10;
    char_accept_input(&s.be);
    wait_for(f, s.got, "input");
    while (!s.closed) {
        g_main_context_iteration(f->context, TRUE);
    }
    sink_clear(&s);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "hello world");
    g_remove(path);
    g_remove(in);
}

static void test_pipe(Fixture *f, gconstpointer data)
{
    g_autofree char *base = g_build_filename(f->dir, "p", NULL);
    g_autofree char *in = g_strconcat(base, ".in", NULL), *out = g_strconcat(base, ".out", NULL);
    g_autofree char *spec = g_strconcat("pipe:", base, NULL);
    g_autoptr(GError) error = NULL;
    static uint8_t big[4000000];
    g_autofree uint8_t *read_back = g_malloc(sizeof(big));
    Chardev *chr;
    size_t got = 0, sent = sizeof(big) / 2;
    int wr, rd;
    Sink s;

    g_assert_cmpint(mkfifo(in, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out, 0600), ==, 0);
    chr = chardev_new_from_spec(f->m->backends, "a", spec, f->context, &error);
    g_assert_no_error(error);
    sink_connect(&s, chr, 100);
    wr = open(in, O_WRONLY);
    rd = open(out, O_RDONLY | O_NONBLOCK);
    g_assert_cmpint(write(wr, "typed", 5), ==, 5);
    wait_for(f, s.got, "typed");
    for (unsigned i = 0; i < sizeof(big); i++) {
        big[i] = (uint8_t)(i * 7 + i / 256);
    }
    char_write(&s.be, big, sizeof(big) / 2);    /* more than the pipe holds: the rest waits */
    while (got < sizeof(big)) {
        if (sent < sizeof(big) && got > sent / 2) {
            size_t n = MIN(sizeof(big) - sent, 300001);

            char_write(&s.be, big + sent, n);   /* behind what waits */
            sent += n;
        }
        ssize_t n = read(rd, read_back + got, sizeof(big) - got);

        got += n > 0 ? (size_t)n : 0;
        g_main_context_iteration(f->context, FALSE);
    }
    g_assert_cmpmem(read_back, got, big, sizeof(big));
    sink_clear(&s);
    close(wr);
    close(rd);
    g_remove(in);
    g_remove(out);
}

static void test_pty(Fixture *f, gconstpointer data)
{
    Chardev *chr = from_opts(f, "pty,id=a");
    const char *name = chardev_filename(chr);
    char buf[16];
    Sink s;
    int fd;

    g_assert_true(g_str_has_prefix(name, "pty:/dev/"));
    fd = open(name + 4, O_RDWR | O_NOCTTY);
    g_assert_cmpint(fd, >=, 0);
    sink_connect(&s, chr, 100);
    g_assert_cmpint(write(fd, "in\003\n", 4), ==, 4);
    wait_for(f, s.got, "in\003\n");
    char_write(&s.be, (const uint8_t *)"out\n", 4);
    g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 4);
    g_assert_cmpmem(buf, 4, "out\n", 4);
    close(fd);
    sink_clear(&s);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    return fd;
}

static void test_unix_server(Fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->dir, "sock", NULL);
    g_autofree char *spec = g_strdup_printf("unix:%s,server,nowait", path);
    g_autoptr(GError) error = NULL;
    Chardev *chr = chardev_new_from_spec(f->m->backends, "a", spec, f->context, &error);
    char buf[16];
    Sink s;

    g_assert_no_error(error);
    sink_connect(&s, chr, 100);
    char_write(&s.be, (const uint8_t *)"lost", 4);
    for (unsigned round = 1; round <= 2; round++) {     /* it listens again when the peer goes */
        int fd = connect_unix(path);

        g_string_truncate(s.got, 0);
        g_assert_cmpint(write(fd, "ping", 4), ==, 4);
        wait_for(f, s.got, "ping");
        g_assert_cmpuint(s.opened, ==, round);
        char_write(&s.be, (const uint8_t *)"pong", 4);
        g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 4);
        close(fd);
        while (s.closed < round) {
            g_main_context_iteration(f->context, TRUE);
        }
    }
    sink_clear(&s);
}

/* A client that tries again does not hold the main loop up while the server's queue is full. */
static void test_reconnect(Fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->dir, "sock", NULL);
    g_autofree char *opts = g_strdup_printf("socket,id=a,path=%s,reconnect=1", path);
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), filler[8], num = 0, fd;
    gint64 end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC / 2;
    Sink s;

    sink_connect(&s, from_opts(f, opts), 100);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(listener, 0), ==, 0);
    do {
        filler[num] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    } while (connect(filler[num++], (struct sockaddr *)&addr, sizeof(addr)) == 0 && num < 8);
    g_assert_cmpint(errno, ==, EAGAIN);
    while (g_get_monotonic_time() < end) {      /* the first attempt is after a second */
        g_main_context_iteration(f->context, FALSE);
        g_usleep(1000);
    }
    g_assert_cmpuint(s.opened, ==, 0);
    for (int i = 0; i < num - 1; i++) {
        close(accept(listener, NULL, NULL));
    }
    fd = accept(listener, NULL, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, "hi", 2), ==, 2);
    wait_for(f, s.got, "hi");
    g_assert_cmpuint(s.opened, ==, 1);
    for (int i = 0; i < num; i++) {
        close(filler[i]);
    }
    close(fd);
    close(listener);
    g_remove(path);
    sink_clear(&s);
}

static void test_tcp(Fixture *f, gconstpointer data)
{
    Chardev *server = NULL, *client;
    g_autofree char *spec = NULL;
    unsigned port = 20000 + (unsigned)getpid() % 20000;
    Sink a, b;

    for (unsigned i = 0; !server && i < 50; i++) {
        g_autofree char *opts = g_strdup_printf("socket,id=s,host=127.0.0.1,port=%u,server=on,wait=off", ++port);

        server = chardev_new_from_opts(f->m->backends, opts, f->context, NULL);
    }
    g_assert_nonnull(server);
    spec = g_strdup_printf("socket,id=c,host=127.0.0.1,port=%u,nodelay=on", port);
    client = from_opts(f, spec);
    sink_connect(&a, server, 100);
    sink_connect(&b, client, 100);
    char_write(&b.be, (const uint8_t *)"to server", 9);
    wait_for(f, a.got, "to server");
    char_write(&a.be, (const uint8_t *)"to client", 9);
    wait_for(f, b.got, "to client");
    sink_clear(&a);
    sink_clear(&b);
}

static void test_fd(Fixture *f, gconstpointer data)
{
    g_autofree char *opts = NULL;
    int pair[2];
    Sink s;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    opts = g_strdup_printf("socket,id=a,fd=%d", pair[0]);
    sink_connect(&s, from_opts(f, opts), 100);
    g_assert_cmpint(write(pair[1], "hi", 2), ==, 2);
    wait_for(f, s.got, "hi");
    close(pair[1]);
    while (!s.closed) {
        g_main_context_iteration(f->context, TRUE);
    }
    sink_clear(&s);
}

static void test_testdev(Fixture *f, gconstpointer data)
{
    Sink s;

    sink_connect(&s, from_opts(f, "testdev,id=t"), 100);
    char_write(&s.be, (const uint8_t *)"xx3", 3);
    g_assert_false(f->m->shutdown_requested);
    char_write(&s.be, (const uint8_t *)"q", 1);
    g_assert_true(f->m->shutdown_requested);
    g_assert_cmpint(f->m->exit_status, ==, 7);
    sink_clear(&s);
}

static void test_errors(Fixture *f, gconstpointer data)
{
    static const struct { const char *text, *error; } specs[] = {
        { "stdo", "expected" }, { "tcp:nowhere", "HOST:PORT" }, { "tcp::65536", "at most" },
        { "telnet:localhost:1", "not supported" },
        { "file:/nonexistent/x", "No such file" }, { "chardev:nobody", "there is no chardev" },
        { "unix:/nonexistent/x", "No such file" },
    }, opts[] = {
        { "nul,id=x", "near names: null" }, { "null", "id=: missing" }, { "udp,id=x", "not supported" },
        { "null,id=x,size=1", "size" }, { "socket,id=x", "needs one of" }, { "file,id=x", "path=: missing" },
        { "ringbuf,id=x,size=0", "size" }, { "socket,id=x,path=/x,telnet=on", "not supported" },
        { "null,id=dup", "is taken" }, { "socket,id=x,fd=1000000", "Bad file descriptor" },
    };
    Chardev *dup = from_opts(f, "null,id=dup");
    g_autoptr(GError) error = NULL;
    CharBackend other = { 0 };
    Sink s;

    for (unsigned i = 0; i < G_N_ELEMENTS(specs); i++) {
        g_autoptr(GError) e = NULL;

        g_assert_null(chardev_new_from_spec(f->m->backends, "x", specs[i].text, f->context, &e));
        g_assert_nonnull(e);
        g_assert_nonnull(strstr(e->message, specs[i].error));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(opts); i++) {
        g_autoptr(GError) e = NULL;

        g_assert_null(chardev_new_from_opts(f->m->backends, opts[i].text, f->context, &e));
        g_assert_nonnull(e);
        g_test_message("%s", e->message);
        g_assert_nonnull(strstr(e->message, opts[i].error));
    }
    g_assert_null(chardev_new_from_spec(f->m->backends, "x", "none", f->context, &error));
    g_assert_no_error(error);
    sink_connect(&s, dup, 1);
    g_assert_false(chardev_attach(dup, &other, &error));
    g_assert_error(error, USAGE_ERROR, USAGE_ERROR_VALUE);
    sink_clear(&s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/io/char/" #name, Fixture, NULL, setup, test_##name, teardown)
    TEST(feed);
    TEST(ringbuf_bound);
    TEST(mux);
    TEST(mux_quit);
    TEST(mux_full);
    TEST(file);
    TEST(pipe);
    TEST(pty);
    TEST(unix_server);
    TEST(reconnect);
    TEST(tcp);
    TEST(fd);
    TEST(testdev);
    TEST(errors);
    return g_test_run();
}
