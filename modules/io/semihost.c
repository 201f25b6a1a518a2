/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Semihosting calls (Arm, "Semihosting for AArch32 and AArch64", version 3): files, console, time, exit, done on the host.
 *
 * Numbers in a parameter block are words of the caller's width. A buffer or string that the program may not access
 * makes the call fail with EFAULT. One call moves at most 16 MiB and says so in its result, as the specification lets it.
 * The console (":tt") is the chardev of -semihosting-config, else standard input and output. A call that has nothing to
 * read yet, or whose command still runs, waits: its instruction runs again when there is something.
 * errno has the host's numbers, as newlib expects. Open files are not part of a machine's saved state.
 *
 * With target=gdb, or target=auto while a debugger is connected, files, console and commands are those of the debugger's
 * host (semihost_remote.c); what a call moves is then at most 64 KiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/exec/clock.h"
#include "core/exec/loader.h"
#include "core/exec/semihost.h"
#include "core/io/backends.h"
#include "core/io/char.h"
#include "core/log.h"
#include "core/module.h"
#include "core/qom/machine.h"
#include "modules/io/semihost_int.h"

enum {
    SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITEC = 0x03, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06,
    SYS_READC = 0x07, SYS_ISERROR = 0x08, SYS_ISTTY = 0x09, SYS_SEEK = 0x0a, SYS_FLEN = 0x0c, SYS_TMPNAM = 0x0d,
    SYS_REMOVE = 0x0e, SYS_RENAME = 0x0f, SYS_CLOCK = 0x10, SYS_TIME = 0x11, SYS_SYSTEM = 0x12, SYS_ERRNO = 0x13,
    SYS_GET_CMDLINE = 0x15, SYS_HEAPINFO = 0x16, SYS_EXIT = 0x18, SYS_EXIT_EXTENDED = 0x20, SYS_ELAPSED = 0x30,
    SYS_TICKFREQ = 0x31,
};
#define APPLICATION_EXIT 0x20026                /* ADP_Stopped_ApplicationExit */
#define MAX_TRANSFER (UINT64_C(16) << 20)
#define CHUNK 65536
#define MAX_TEXT 4096                           /* of names and commands */
#define MAX_FILES 256
#define CONSOLE_QUEUE 4096

typedef enum FileKind { FILE_FREE, FILE_HOST, FILE_REMOTE, FILE_STDIN, FILE_STDOUT, FILE_STDERR, FILE_FEATURES } FileKind;
enum { TARGET_AUTO, TARGET_NATIVE, TARGET_GDB };

typedef struct File {
    FileKind kind;
    int fd;                                     /* FILE_HOST; FILE_REMOTE: the debugger's number */
    uint64_t pos;                               /* FILE_FEATURES */
} File;

/* A command of SYS_SYSTEM under way, or ended and not yet told. Under the machine lock. */
typedef struct Command {
    CPUState *cs;
    bool ended;
    int status;
    GSource *watch;
} Command;

typedef struct HostSemihost {
    Semihost parent;
    /* wiring */
    CharBackend chr;
    char *cmdline;
    uint32_t target;
    RemoteCalls *remote;
    /* under files_lock, which no thread takes but those of CPUs (and reset, when they stand) */
    GMutex files_lock;
    File files[MAX_FILES];                      /* a handle is the place here + 1 */
    int last_errno;
    /* under the machine lock */
    GByteArray *input;                          /* typed, not yet read */
    bool input_ended;
    GPtrArray *waiting;                         /* (CPUState *) for input */
    GSource *stdin_source;                      /* without a chardev, while somebody waits */
    GPtrArray *commands;                        /* (Command *) */
} HostSemihost;

DECLARE_OBJECT(HostSemihost, HOST_SEMIHOST, TYPE_SEMIHOST)

static const uint8_t features[] = { 'S', 'H', 'F', 'B', 0x03 };     /* extended exit; :tt for append is stderr */

/* One call under way. */
typedef struct Context {
    HostSemihost *s;
    Machine *m;
    CPUState *cs;
    const SemihostCall *call;
    uint64_t arg[4];
    bool wait;
} Context;

/* -- guest memory -------------------------------------------------------------------------------------------------- */

static uint64_t fail(Context *c, int err)
{
    c->s->last_errno = err;
    return UINT64_MAX;
}

static uint64_t from_guest(const Context *c, const uint8_t *p)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < c->call->word; i++) {
        v |= (uint64_t)p[c->call->big_endian ? c->call->word - 1 - i : i] << 8 * i;
    }
    return v;
}

static void to_guest(const Context *c, uint8_t *p, uint64_t v)
{
    for (unsigned i = 0; i < c->call->word; i++) {
        p[c->call->big_endian ? c->call->word - 1 - i : i] = (uint8_t)(v >> 8 * i);
    }
}

/* The fields of the parameter block. */
static bool args(Context *c, unsigned n)
{
    uint8_t raw[4 * 8];

    if (!semihost_read(c->cs, c->call, c->call->param, raw, n * c->call->word)) {
        fail(c, EFAULT);
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        c->arg[i] = from_guest(c, raw + i * c->call->word);
    }
    return true;
}

/* n words to addr. */
static bool put_words(Context *c, uint64_t addr, const uint64_t *v, unsigned n)
{
    uint8_t raw[4 * 8];

    for (unsigned i = 0; i < n; i++) {
        to_guest(c, raw + i * c->call->word, v[i]);
    }
    if (!semihost_write(c->cs, c->call, addr, raw, n * c->call->word)) {
        fail(c, EFAULT);
        return false;
    }
    return true;
}

/* A string of a given length, newly allocated; NULL: errno says why. */
static char *text(Context *c, uint64_t addr, uint64_t len)
{
    g_autofree char *s = NULL;

    if (len >= MAX_TEXT) {
        fail(c, ENAMETOOLONG);
        return NULL;
    }
    s = g_malloc0(len + 1);
    if (!semihost_read(c->cs, c->call, addr, s, len)) {
        fail(c, EFAULT);
        return NULL;
    }
    if (strlen(s) != len) {                     /* some count the zero at its end */
        if (strlen(s) + 1 != len) {
            fail(c, EINVAL);
            return NULL;
        }
    }
    return g_steal_pointer(&s);
}

/* -- the debugger's host ---------------------------------------------------------------------------------------------- */

/* The call is for it. */
static bool is_remote(const Context *c)
{
    return c->s->target == TARGET_GDB ||
           (c->s->target == TARGET_AUTO && (debug_has_host(c->cs) || remote_calls_has(c->s->remote, c->cs, c->call)));
}

/*
 * What it answers to a request of gdb's File-I/O protocol, whose addresses from DEBUG_HOST_BASE on are buf's. -1: errno says
 * why, or c->wait.
 */
G_GNUC_PRINTF(4, 5) static int64_t ask(Context *c, void *buf, size_t len, const char *fmt, ...)
{
    g_autofree char *request = NULL;
    int64_t result = -1;
    int err = 0;
    va_list ap;

    va_start(ap, fmt);
    request = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    c->wait = !remote_calls_ask(c->s->remote, c->cs, c->call, request, buf, len, &result, &err);
    if (!c->wait && err) {
        fail(c, err);
        result = -1;
    }
    return result;
}

/* Returns the bytes that went. */
static size_t remote_write(Context *c, int fd, const uint8_t *buf, size_t len)
{
    int64_t n = len ? ask(c, (uint8_t *)buf, len, "write,%x,%" PRIx64 ",%zx", fd, DEBUG_HOST_BASE, len) : 0;

    return n < 0 ? 0 : MIN((uint64_t)n, len);
}

/* Returns the bytes that came, or -1. */
static ssize_t remote_read(Context *c, int fd, uint8_t *buf, size_t len)
{
    int64_t n = len ? ask(c, buf, len, "read,%x,%" PRIx64 ",%zx", fd, DEBUG_HOST_BASE, len) : 0;

    return n < 0 ? -1 : (ssize_t)MIN((uint64_t)n, len);
}

/* -- the console ------------------------------------------------------------------------------------------------------ */

static void write_fd(int fd, const uint8_t *buf, size_t len)
{
    while (len) {
        ssize_t n = write(fd, buf, len);

        if (n >= 0) {
            buf += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            GPollFD p = { .fd = fd, .events = G_IO_OUT };

            if (g_poll(&p, 1, 1000) <= 0) {     /* nobody reads: as a terminal that was left */
                return;
            }
        } else if (errno != EINTR) {
            return;
        }
    }
}

/* Returns the bytes that went. */
static size_t console_write(Context *c, bool is_stderr, const uint8_t *buf, size_t len)
{
    HostSemihost *s = c->s;

    if (is_remote(c)) {
        return remote_write(c, is_stderr ? STDERR_FILENO : STDOUT_FILENO, buf, len);
    }
    if (s->chr.chr) {
        machine_lock(s->parent.machine);
        char_write(&s->chr, buf, len);
        machine_unlock(s->parent.machine);
    } else {
        write_fd(is_stderr ? STDERR_FILENO : STDOUT_FILENO, buf, len);
    }
    return len;
}

static void wake_readers(HostSemihost *s)
{
    for (unsigned i = 0; i < s->waiting->len; i++) {
        semihost_wake(s->waiting->pdata[i]);
    }
    g_ptr_array_set_size(s->waiting, 0);
}

static unsigned console_can_receive(void *opaque)
{
    const HostSemihost *s = opaque;

    return CONSOLE_QUEUE - MIN(CONSOLE_QUEUE, s->input->len);
}

static void console_receive(void *opaque, const uint8_t *buf, unsigned len)
{
    HostSemihost *s = opaque;

    g_byte_array_append(s->input, buf, len);
    wake_readers(s);
}

static void console_event(void *opaque, ChrEvent ev)
{
    HostSemihost *s = opaque;

    if (ev != CHR_EVENT_BREAK) {
        s->input_ended = ev == CHR_EVENT_CLOSED;
        wake_readers(s);
    }
}

/* Another reader of the process's own input: a chardev. */
static bool stdin_is_taken(const HostSemihost *s)
{
    Object *backends = s->parent.machine->backends;

    for (unsigned i = 0; backends && backends->children && i < backends->children->len; i++) {
        const Chardev *chr = chardev_find(backends, ((const Object *)backends->children->pdata[i])->name);

        if (chr && strcmp(chardev_filename(chr), "stdio") == 0) {
            return true;
        }
    }
    return false;
}

static gboolean stdin_ready(gint fd, GIOCondition cond G_GNUC_UNUSED, gpointer opaque)
{
    HostSemihost *s = opaque;
    bool more = true;
    uint8_t buf[256];
    ssize_t n;

    machine_lock(s->parent.machine);
    n = read(fd, buf, sizeof(buf));
    if (n > 0) {
        g_byte_array_append(s->input, buf, (guint)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        s->input_ended = true;
    }
    if (n > 0 || s->input_ended) {
        g_source_destroy(s->stdin_source);      /* the rest is for whoever asks next */
        g_source_unref(s->stdin_source);
        s->stdin_source = NULL;
        more = false;
        wake_readers(s);
    }
    machine_unlock(s->parent.machine);
    return more;
}

/* With the machine lock: cs will be woken when there is input or none will come. */
static void wait_for_input(HostSemihost *s, CPUState *cs)
{
    g_ptr_array_add(s->waiting, cs);
    if (!s->chr.chr && !s->stdin_source) {
        s->stdin_source = g_unix_fd_source_new(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR);
        g_source_set_callback(s->stdin_source, G_SOURCE_FUNC(stdin_ready), s, NULL);
        g_source_attach(s->stdin_source, s->parent.machine->context);
    }
}

/* At most len bytes; 0: the end, or c->wait. */
static size_t console_read(Context *c, uint8_t *buf, size_t len)
{
    HostSemihost *s = c->s;
    ssize_t came;
    size_t n;

    if (is_remote(c)) {
        came = remote_read(c, STDIN_FILENO, buf, len);
        return came < 0 ? 0 : (size_t)came;
    }
    machine_lock(c->m);
    n = MIN(len, s->input->len);
    if (n) {
        memcpy(buf, s->input->data, n);
        g_byte_array_remove_range(s->input, 0, (guint)n);
    } else if (len && !s->input_ended && (s->chr.chr || !stdin_is_taken(s))) {
        wait_for_input(s, c->cs);
        c->wait = true;
    }
    if (n && s->chr.chr) {
        char_accept_input(&s->chr);
    }
    machine_unlock(c->m);
    return n;
}

/* -- files -------------------------------------------------------------------------------------------------------------- */

static File *file_of(Context *c, uint64_t handle)
{
    if (handle == 0 || handle > MAX_FILES || c->s->files[handle - 1].kind == FILE_FREE) {
        fail(c, EBADF);
        return NULL;
    }
    return &c->s->files[handle - 1];
}

static void file_close(File *f)
{
    if (f->kind == FILE_HOST) {
        close(f->fd);
    }
    f->kind = FILE_FREE;
}

/* The twelve modes of fopen: r, rb, r+, r+b, w, ... */
static int open_flags(unsigned mode)
{
    static const int flags[] = { O_RDONLY, O_RDWR, O_WRONLY | O_CREAT | O_TRUNC, O_RDWR | O_CREAT | O_TRUNC,
                                 O_WRONLY | O_CREAT | O_APPEND, O_RDWR | O_CREAT | O_APPEND };

    return flags[mode / 2] | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;    /* a pipe without a partner holds no CPU up */
}

/* The same in gdb's numbers. */
static unsigned remote_open_flags(unsigned mode)
{
    enum { RDONLY = 0, WRONLY = 1, RDWR = 2, APPEND = 8, CREAT = 0x200, TRUNC = 0x400 };
    static const uint16_t flags[] = { RDONLY, RDWR, WRONLY | CREAT | TRUNC, RDWR | CREAT | TRUNC, WRONLY | CREAT | APPEND,
                                      RDWR | CREAT | APPEND };

    return flags[mode / 2];
}

static uint64_t sys_open(Context *c)
{
    g_autofree char *name = NULL;
    File f = { .kind = FILE_HOST };
    unsigned i = 0;

    if (!args(c, 3) || !(name = text(c, c->arg[0], c->arg[2]))) {
        return UINT64_MAX;
    }
    if (c->arg[1] > 11) {
        return fail(c, EINVAL);
    }
    while (i < MAX_FILES && c->s->files[i].kind != FILE_FREE) {
        i++;
    }
    if (i == MAX_FILES) {
        return fail(c, EMFILE);
    }
    if (strcmp(name, ":tt") == 0) {
        f.kind = c->arg[1] < 4 ? FILE_STDIN : c->arg[1] < 8 ? FILE_STDOUT : FILE_STDERR;
    } else if (strcmp(name, ":semihosting-features") == 0) {
        if (c->arg[1] > 1) {
            return fail(c, EACCES);
        }
        f.kind = FILE_FEATURES;
    } else if (is_remote(c)) {
        size_t len = strlen(name) + 1;

        f.kind = FILE_REMOTE;
        f.fd = (int)ask(c, name, len, "open,%" PRIx64 "/%zx,%x,%x", DEBUG_HOST_BASE, len,
                        remote_open_flags((unsigned)c->arg[1]), 0644);
        if (f.fd < 0) {
            return UINT64_MAX;
        }
    } else {
        struct stat st;

        f.fd = open(name, open_flags((unsigned)c->arg[1]), 0644);
        if (f.fd < 0) {
            return fail(c, errno);
        }
        if (fstat(f.fd, &st) == 0 && S_ISDIR(st.st_mode)) {
            close(f.fd);
            return fail(c, EISDIR);
        }
    }
    c->s->files[i] = f;
    return i + 1;
}

static uint64_t sys_close(Context *c)
{
    File *f = args(c, 1) ? file_of(c, c->arg[0]) : NULL;

    if (!f || (f->kind == FILE_REMOTE && ask(c, NULL, 0, "close,%x", f->fd) < 0 && c->wait)) {
        return UINT64_MAX;
    }
    file_close(f);
    return 0;
}

/* Of one call: a request to the debugger's host is answered at once. */
static uint64_t max_transfer(const Context *c, const File *f)
{
    bool console = f->kind == FILE_STDIN || f->kind == FILE_STDOUT || f->kind == FILE_STDERR;

    return f->kind == FILE_REMOTE || (console && is_remote(c)) ? CHUNK : MAX_TRANSFER;
}

/* Returns how many bytes went. */
static size_t file_write(Context *c, File *f, const uint8_t *buf, size_t len)
{
    size_t done = 0;

    if (f->kind == FILE_STDOUT || f->kind == FILE_STDERR) {
        return console_write(c, f->kind == FILE_STDERR, buf, len);
    }
    if (f->kind == FILE_REMOTE) {
        return remote_write(c, f->fd, buf, len);
    }
    if (f->kind != FILE_HOST) {
        fail(c, EBADF);
        return 0;
    }
    while (done < len) {
        ssize_t n = write(f->fd, buf + done, len - done);

        if (n < 0 && errno != EINTR) {
            fail(c, errno);
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return done;
}

static uint64_t sys_write(Context *c)
{
    g_autofree uint8_t *buf = g_malloc(CHUNK);
    File *f = args(c, 3) ? file_of(c, c->arg[0]) : NULL;
    uint64_t left, end;

    if (!f) {
        return UINT64_MAX;
    }
    left = c->arg[2];
    end = left - MIN(left, max_transfer(c, f));
    for (uint64_t addr = c->arg[1]; left > end;) {
        size_t n = MIN(left - end, CHUNK), done;

        if (!semihost_read(c->cs, c->call, addr, buf, n)) {
            fail(c, EFAULT);
            break;
        }
        done = file_write(c, f, buf, n);
        addr += done;
        left -= done;
        if (done < n) {
            break;
        }
    }
    return left;
}

/* Returns how many bytes came: fewer than len: the end, an error (errno), or c->wait. */
static size_t file_read(Context *c, File *f, uint8_t *buf, size_t len, bool *ret_error)
{
    ssize_t n;

    switch (f->kind) {
    case FILE_STDIN:
        return console_read(c, buf, len);
    case FILE_FEATURES:
        n = (ssize_t)MIN(len, sizeof(features) - MIN(f->pos, sizeof(features)));
        memcpy(buf, features + MIN(f->pos, sizeof(features)), (size_t)n);
        f->pos += (uint64_t)n;
        return (size_t)n;
    case FILE_REMOTE:
        n = remote_read(c, f->fd, buf, len);
        *ret_error = n < 0;
        return n < 0 ? 0 : (size_t)n;
    case FILE_HOST:
        do {
            n = read(f->fd, buf, len);
        } while (n < 0 && errno == EINTR);
        if (n < 0) {
            fail(c, errno);
            *ret_error = true;
            return 0;
        }
        return (size_t)n;
    default:
        fail(c, EBADF);
        *ret_error = true;
        return 0;
    }
}

/* 0: all of it; what is missing at the end of a file; all of it at the end, and for an error. */
static uint64_t sys_read(Context *c)
{
    g_autofree uint8_t *buf = g_malloc(CHUNK);
    File *f = args(c, 3) ? file_of(c, c->arg[0]) : NULL;
    uint64_t left, end;
    bool error = false;

    if (!f) {
        return UINT64_MAX;
    }
    left = c->arg[2];
    end = left - MIN(left, max_transfer(c, f));
    for (uint64_t addr = c->arg[1]; left > end;) {
        size_t n = MIN(left - end, CHUNK), came;

        if (f->kind == FILE_STDIN && left < c->arg[2]) {
            break;                              /* what is typed is given at once */
        }
        came = file_read(c, f, buf, n, &error);
        if (error && left == c->arg[2]) {
            return UINT64_MAX;
        }
        if (came && !semihost_write(c->cs, c->call, addr, buf, came)) {
            fail(c, EFAULT);
            break;
        }
        addr += came;
        left -= came;
        if (came < n) {
            break;
        }
    }
    return left;
}

static uint64_t sys_istty(Context *c)
{
    const File *f = args(c, 1) ? file_of(c, c->arg[0]) : NULL;

    if (!f) {
        return UINT64_MAX;
    }
    switch (f->kind) {
    case FILE_HOST:
        return isatty(f->fd) != 0;
    case FILE_REMOTE:
        return ask(c, NULL, 0, "isatty,%x", f->fd) == 1;
    case FILE_STDIN:
    case FILE_STDOUT:
    case FILE_STDERR:
        return 1;
    default:
        return 0;
    }
}

static uint64_t sys_seek(Context *c)
{
    File *f = args(c, 2) ? file_of(c, c->arg[0]) : NULL;

    if (!f) {
        return UINT64_MAX;
    }
    if (f->kind == FILE_FEATURES) {
        if (c->arg[1] > sizeof(features)) {
            return fail(c, EINVAL);
        }
        f->pos = c->arg[1];
        return 0;
    }
    if (f->kind == FILE_REMOTE) {
        return ask(c, NULL, 0, "lseek,%x,%" PRIx64 ",0", f->fd, c->arg[1]) < 0 ? UINT64_MAX : 0;
    }
    if (f->kind != FILE_HOST) {
        return fail(c, ESPIPE);
    }
    if (c->arg[1] > INT64_MAX || lseek(f->fd, (off_t)c->arg[1], SEEK_SET) < 0) {
        return fail(c, c->arg[1] > INT64_MAX ? EINVAL : errno);
    }
    return 0;
}

static uint64_t remote_flen(Context *c, const File *f)
{
    enum { STAT_SIZE = 64, ST_SIZE = 28 };      /* of the protocol's struct stat; big-endian */
    uint8_t st[STAT_SIZE];
    uint64_t size = 0;

    if (ask(c, st, sizeof(st), "fstat,%x,%" PRIx64, f->fd, DEBUG_HOST_BASE) < 0) {
        return UINT64_MAX;
    }
    for (unsigned i = 0; i < 8; i++) {
        size = size << 8 | st[ST_SIZE + i];
    }
    return size;
}

static uint64_t sys_flen(Context *c)
{
    const File *f = args(c, 1) ? file_of(c, c->arg[0]) : NULL;
    struct stat st;

    if (!f) {
        return UINT64_MAX;
    }
    if (f->kind == FILE_FEATURES) {
        return sizeof(features);
    }
    if (f->kind == FILE_REMOTE) {
        return remote_flen(c, f);
    }
    if (f->kind != FILE_HOST) {
        return fail(c, EINVAL);
    }
    if (fstat(f->fd, &st) != 0) {
        return fail(c, errno);
    }
    return (uint64_t)st.st_size;
}

static uint64_t sys_tmpnam(Context *c)
{
    g_autofree char *name = NULL;

    if (!args(c, 3)) {
        return UINT64_MAX;
    }
    if (c->arg[1] > 255) {
        return fail(c, EINVAL);
    }
    name = g_strdup_printf("%s/chimera-%ld-%02x", g_get_tmp_dir(), (long)getpid(), (unsigned)c->arg[1]);
    if (strlen(name) + 1 > c->arg[2]) {
        return fail(c, ENOSPC);
    }
    return semihost_write(c->cs, c->call, c->arg[0], name, strlen(name) + 1) ? 0 : fail(c, EFAULT);
}

/* The result of these two is 0 or an error number. */
static uint64_t sys_remove(Context *c)
{
    g_autofree char *name = args(c, 2) ? text(c, c->arg[0], c->arg[1]) : NULL;

    if (name && is_remote(c)) {
        size_t len = strlen(name) + 1;

        return ask(c, name, len, "unlink,%" PRIx64 "/%zx", DEBUG_HOST_BASE, len) < 0 ? (uint64_t)c->s->last_errno : 0;
    }
    if (!name || remove(name) != 0) {
        fail(c, name ? errno : c->s->last_errno);
        return (uint64_t)c->s->last_errno;
    }
    return 0;
}

static uint64_t sys_rename(Context *c)
{
    g_autofree char *from = args(c, 4) ? text(c, c->arg[0], c->arg[1]) : NULL;
    g_autofree char *to = from ? text(c, c->arg[2], c->arg[3]) : NULL;

    if (to && is_remote(c)) {
        size_t len = strlen(from) + 1, to_len = strlen(to) + 1;
        g_autoptr(GByteArray) both = g_byte_array_new();

        g_byte_array_append(both, (uint8_t *)from, (guint)len);
        g_byte_array_append(both, (uint8_t *)to, (guint)to_len);
        return ask(c, both->data, both->len, "rename,%" PRIx64 "/%zx,%" PRIx64 "/%zx", DEBUG_HOST_BASE, len,
                   DEBUG_HOST_BASE + len, to_len) < 0 ? (uint64_t)c->s->last_errno : 0;
    }
    if (!to || rename(from, to) != 0) {
        fail(c, to ? errno : c->s->last_errno);
        return (uint64_t)c->s->last_errno;
    }
    return 0;
}

/* -- console calls -------------------------------------------------------------------------------------------------- */

static uint64_t sys_writec(Context *c)
{
    uint8_t ch;

    if (!semihost_read(c->cs, c->call, c->call->param, &ch, 1)) {
        return fail(c, EFAULT);
    }
    return console_write(c, false, &ch, 1) == 1 ? 0 : UINT64_MAX;
}

static uint64_t sys_write0(Context *c)
{
    uint64_t max = is_remote(c) ? CHUNK : MAX_TRANSFER, n;
    g_autoptr(GByteArray) text = g_byte_array_new();
    bool ok = true, end = false;
    uint8_t ch;

    while (text->len < max && !end) {
        ok = semihost_read(c->cs, c->call, c->call->param + text->len, &ch, 1);
        end = !ok || !ch;
        if (!end) {
            g_byte_array_append(text, &ch, 1);
        }
    }
    n = console_write(c, false, text->data, text->len);
    if (!ok || !end) {
        return fail(c, EFAULT);
    }
    return n == text->len ? 0 : UINT64_MAX;
}

static uint64_t sys_readc(Context *c)
{
    uint8_t ch;

    return console_read(c, &ch, 1) ? ch : UINT64_MAX;
}

/* -- commands -------------------------------------------------------------------------------------------------------- */

static void command_free(void *opaque)
{
    Command *cmd = opaque;

    if (cmd->watch) {
        g_source_destroy(cmd->watch);
        g_source_unref(cmd->watch);
    }
    g_free(cmd);
}

static void command_ended(GPid pid, gint wait_status, gpointer opaque)
{
    Command *cmd = opaque;
    Machine *m = io_machine(cmd->cs);

    g_spawn_close_pid(pid);
    machine_lock(m);
    cmd->ended = true;
    cmd->status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
    semihost_wake(cmd->cs);
    machine_unlock(m);
}

static uint64_t sys_system(Context *c)
{
    g_autofree char *line = args(c, 2) ? text(c, c->arg[0], c->arg[1]) : NULL;
    char *argv[] = { (char *)"/bin/sh", (char *)"-c", line, NULL };
    uint64_t status = UINT64_MAX;
    Command *cmd = NULL;
    GPid pid;

    if (!line) {
        return UINT64_MAX;
    }
    if (is_remote(c)) {
        size_t len = strlen(line) + 1;

        return (uint64_t)ask(c, line, len, "system,%" PRIx64 "/%zx", DEBUG_HOST_BASE, len);
    }
    machine_lock(c->m);
    for (unsigned i = 0; i < c->s->commands->len && !cmd; i++) {
        cmd = c->s->commands->pdata[i];
        cmd = cmd->cs == c->cs ? cmd : NULL;
    }
    if (cmd && cmd->ended) {
        status = (uint64_t)cmd->status;
        g_ptr_array_remove(c->s->commands, cmd);
    } else if (cmd) {
        c->wait = true;
    } else if (g_spawn_async(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL)) {
        cmd = g_new0(Command, 1);
        cmd->cs = c->cs;
        cmd->watch = g_child_watch_source_new(pid);
        g_source_set_callback(cmd->watch, G_SOURCE_FUNC(command_ended), cmd, NULL);
        g_source_attach(cmd->watch, c->m->context);
        g_ptr_array_add(c->s->commands, cmd);
        c->wait = true;
    } else {
        fail(c, EAGAIN);
    }
    machine_unlock(c->m);
    return status;
}

/* -- time, place, end ------------------------------------------------------------------------------------------------- */

static uint64_t sys_elapsed(Context *c)
{
    uint64_t now = (uint64_t)clock_now(c->m->clock), words[2] = { now, now >> 32 };

    return put_words(c, c->call->param, words, c->call->word == 8 ? 1 : 2) ? 0 : UINT64_MAX;
}

static uint64_t sys_get_cmdline(Context *c)
{
    const char *line = c->s->cmdline ? c->s->cmdline : "";
    uint64_t len = strlen(line), words[2];

    if (!args(c, 2)) {
        return UINT64_MAX;
    }
    if (len + 1 > c->arg[1]) {
        return fail(c, E2BIG);
    }
    if (!semihost_write(c->cs, c->call, c->arg[0], line, len + 1)) {
        return fail(c, EFAULT);
    }
    words[0] = c->arg[0];
    words[1] = len;
    return put_words(c, c->call->param, words, 2) ? 0 : UINT64_MAX;
}

/*
 * Heap base and limit, stack base and limit: the largest part, of the RAM in which the block lies, that nothing was
 * loaded into. If nothing at all was, the program knows better where its heap may start, and is told 0.
 */
static uint64_t sys_heapinfo(Context *c)
{
    MemorySection at;
    MemTxAttrs attrs;
    uint64_t words[4] = { 0 };
    hwaddr paddr;

    if (!args(c, 1)) {
        return UINT64_MAX;
    }
    if (semihost_translate(c->cs, c->call, c->arg[0], &paddr, &attrs)) {
        at = address_space_lookup(c->cs->as, paddr, (Pas)attrs.pas);
        if (at.mr && at.mr->kind == MR_RAM && !at.readonly) {
            bool loaded = rom_largest_gap(c->m, c->cs->cluster->as, &at.start, &at.last);
            hwaddr limit = (at.last + 1) & ~(hwaddr)15;

            if (c->call->word == 4 && limit > UINT32_MAX) {
                limit = UINT32_MAX & ~15u;
            }
            words[0] = loaded ? (at.start + 15) & ~(hwaddr)15 : 0;
            words[1] = words[2] = limit;
            words[3] = words[0];
        }
    }
    return put_words(c, c->arg[0], words, 4) ? 0 : UINT64_MAX;
}

static uint64_t sys_exit(Context *c, bool extended)
{
    uint64_t reason = c->call->param, status = 0;

    if (c->call->word == 8 || extended) {
        if (!args(c, 2)) {
            return UINT64_MAX;
        }
        reason = c->arg[0];
        status = c->arg[1];
    }
    if (reason != APPLICATION_EXIT) {
        log_guest_error("semihosting: the program stopped with reason 0x%" G_GINT64_MODIFIER "x\n", reason);
        status = 1;
    }
    machine_request_shutdown(c->m, (int)(status & 0xff));
    c->wait = true;                             /* for the machine's end */
    return 0;
}

/* -- all of them --------------------------------------------------------------------------------------------------------- */

static uint64_t dispatch(Context *c)
{
    switch (c->call->op) {
    case SYS_OPEN:
        return sys_open(c);
    case SYS_CLOSE:
        return sys_close(c);
    case SYS_WRITEC:
        return sys_writec(c);
    case SYS_WRITE0:
        return sys_write0(c);
    case SYS_WRITE:
        return sys_write(c);
    case SYS_READ:
        return sys_read(c);
    case SYS_READC:
        return sys_readc(c);
    case SYS_ISERROR:
        return args(c, 1) ? c->arg[0] >> (8 * c->call->word - 1) & 1 : 1;
    case SYS_ISTTY:
        return sys_istty(c);
    case SYS_SEEK:
        return sys_seek(c);
    case SYS_FLEN:
        return sys_flen(c);
    case SYS_TMPNAM:
        return sys_tmpnam(c);
    case SYS_REMOVE:
        return sys_remove(c);
    case SYS_RENAME:
        return sys_rename(c);
    case SYS_CLOCK:
        return (uint64_t)(clock_now(c->m->clock) / 10000000);
    case SYS_TIME:
        return c->m->config.rtc_vm_clock ? (uint64_t)(clock_now(c->m->clock) / 1000000000)
                                         : (uint64_t)(g_get_real_time() / 1000000);
    case SYS_SYSTEM:
        return sys_system(c);
    case SYS_ERRNO:
        return (uint64_t)c->s->last_errno;
    case SYS_GET_CMDLINE:
        return sys_get_cmdline(c);
    case SYS_HEAPINFO:
        return sys_heapinfo(c);
    case SYS_EXIT:
        return sys_exit(c, false);
    case SYS_EXIT_EXTENDED:
        return sys_exit(c, true);
    case SYS_ELAPSED:
        return sys_elapsed(c);
    case SYS_TICKFREQ:
        return 1000000000;
    default:
        log_guest_error("semihosting: there is no call 0x%x\n", c->call->op);
        return fail(c, ENOSYS);
    }
}

static SemihostResult host_call(Semihost *base, CPUState *cs, const SemihostCall *call, uint64_t *ret_value)
{
    HostSemihost *s = HOST_SEMIHOST(base);
    Context c = { .s = s, .m = base->machine, .cs = cs, .call = call };

    g_mutex_lock(&s->files_lock);
    *ret_value = dispatch(&c);
    g_mutex_unlock(&s->files_lock);
    if (call->word == 4) {
        *ret_value &= UINT32_MAX;
    }
    return c.wait ? SEMIHOST_WAIT : SEMIHOST_DONE;
}

/* A program that starts anew has no files open. By the main loop, CPUs stand. */
static void host_reset(void *opaque)
{
    HostSemihost *s = opaque;

    for (unsigned i = 0; i < MAX_FILES; i++) {
        file_close(&s->files[i]);
    }
    s->last_errno = 0;
    remote_calls_reset(s->remote);
    g_ptr_array_set_size(s->waiting, 0);
    g_ptr_array_set_size(s->commands, 0);
}

static bool host_complete(Object *obj, GError **error G_GNUC_UNUSED)
{
    HostSemihost *s = HOST_SEMIHOST(obj);

    s->parent.machine = io_machine(obj);
    s->parent.machine->semihost = &s->parent;
    char_connect(&s->chr, s, console_can_receive, console_receive, console_event);
    machine_add_reset(s->parent.machine, RESET_PHASE_HOST, host_reset, s, NULL);
    return true;
}

static void host_dispose(Object *obj)
{
    HostSemihost *s = HOST_SEMIHOST(obj);

    if (s->chr.chr) {
        char_disconnect(&s->chr);
    }
    if (s->stdin_source) {
        g_source_destroy(s->stdin_source);
        g_source_unref(s->stdin_source);
        s->stdin_source = NULL;
    }
    host_reset(s);
    if (s->parent.machine) {
        s->parent.machine->semihost = NULL;
    }
}

static void host_init(Object *obj)
{
    HostSemihost *s = HOST_SEMIHOST(obj);

    g_mutex_init(&s->files_lock);
    s->input = g_byte_array_new();
    s->waiting = g_ptr_array_new();
    s->commands = g_ptr_array_new_with_free_func(command_free);
    s->remote = remote_calls_new();
}

static void host_finalize(Object *obj)
{
    HostSemihost *s = HOST_SEMIHOST(obj);

    g_mutex_clear(&s->files_lock);
    g_byte_array_unref(s->input);
    g_ptr_array_unref(s->waiting);
    g_ptr_array_unref(s->commands);
    remote_calls_free(s->remote);
}

static void host_class_init(ObjectClass *oc, const TypeInfo *info G_GNUC_UNUSED)
{
    ((SemihostClass *)oc)->call = host_call;
    oc->complete = host_complete;
    oc->dispose = host_dispose;
}

static const char *const target_names[] = { [TARGET_AUTO] = "auto", [TARGET_NATIVE] = "native", [TARGET_GDB] = "gdb", NULL };

static const Property host_props[] = {
    { .name = "target", .type = PROP_ENUM, .offset = offsetof(HostSemihost, target), .names = target_names,
      .help = "who does the calls: this process, or the debugger" },
    { .name = "chardev", .type = PROP_CHAR, .offset = offsetof(HostSemihost, chr), .help = "the console" },
    { .name = "cmdline", .type = PROP_STRING, .offset = offsetof(HostSemihost, cmdline),
      .help = "what SYS_GET_CMDLINE tells" },
    { .name = "userspace", .type = PROP_BOOL, .offset = offsetof(HostSemihost, parent.userspace),
      .help = "unprivileged code may call, too" },
    PROP_END
};

static const TypeInfo host_type = {
    .name = TYPE_SEMIHOST,
    .parent = TYPE_OBJECT,
    .desc = "semihosting: a program's files, console and exit on the host",
    .instance_size = sizeof(HostSemihost),
    .class_size = sizeof(SemihostClass),
    .props = host_props,
    .class_init = host_class_init,
    .init = host_init,
    .finalize = host_finalize,
};

static const TypeInfo *const types[] = { &host_type, NULL };

CHIMERA_MODULE(.name = "io-semihost", .types = types);
