/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a session with a program has beyond that with a machine (gdb manual, "General Query Packets", "Host I/O
 * Packets"): signals and which of them stop it, what the system's kernel tells of a process, and files as the program
 * sees them, to be read.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/bits.h"
#include "core/gdbstub/stub_int.h"

/* -- signals ----------------------------------------------------------------------------------------------------------- */

/* The protocol's numbers (gdb, include/gdb/signals.def), by which those that many systems have are told. */
static const uint8_t signal_numbers[] = {
    [SIGHUP] = 1, [SIGINT] = 2, [SIGQUIT] = 3, [SIGILL] = 4, [SIGTRAP] = 5, [SIGABRT] = 6, [SIGFPE] = 8, [SIGKILL] = 9,
    [SIGBUS] = 10, [SIGSEGV] = 11, [SIGSYS] = 12, [SIGPIPE] = 13, [SIGALRM] = 14, [SIGTERM] = 15, [SIGURG] = 16,
    [SIGSTOP] = 17, [SIGTSTP] = 18, [SIGCONT] = 19, [SIGCHLD] = 20, [SIGTTIN] = 21, [SIGTTOU] = 22, [SIGIO] = 23,
    [SIGXCPU] = 24, [SIGXFSZ] = 25, [SIGVTALRM] = 26, [SIGPROF] = 27, [SIGWINCH] = 28, [SIGUSR1] = 30, [SIGUSR2] = 31,
    [SIGPWR] = 32,
    [32] = 77, [33] = 45, [34] = 46, [35] = 47, [36] = 48, [37] = 49, [38] = 50, [39] = 51, [40] = 52, [41] = 53, [42] = 54,
    [43] = 55, [44] = 56, [45] = 57, [46] = 58, [47] = 59, [48] = 60, [49] = 61, [50] = 62, [51] = 63, [52] = 64, [53] = 65,
    [54] = 66, [55] = 67, [56] = 68, [57] = 69, [58] = 70, [59] = 71, [60] = 72, [61] = 73, [62] = 74, [63] = 75, [64] = 78,
};
enum { SIGNAL_POLL = 33, SIGNAL_UNKNOWN = 143 };

unsigned gdb_signal_of_host(int sig)
{
    unsigned n = sig > 0 && (unsigned)sig < G_N_ELEMENTS(signal_numbers) ? signal_numbers[sig] : 0;

    return n ? n : SIGNAL_UNKNOWN;
}

int gdb_signal_to_host(uint64_t sig)
{
    for (unsigned i = 1; i < G_N_ELEMENTS(signal_numbers); i++) {
        if (signal_numbers[i] && signal_numbers[i] == sig) {
            return (int)i;
        }
    }
    return sig == SIGNAL_POLL ? SIGIO : 0;
}

/* "SIGNAL;SIGNAL...": these are passed on without a stop, and no others. */
static void do_pass_signals(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    uint64_t passed = 0, sig;

    while (*at) {
        int host;

        if (!hex_number(&at, &sig) || (*at && *at++ != ';')) {
            gdbstub_reply_bad(s);
            return;
        }
        host = gdb_signal_to_host(sig);
        passed |= host ? BIT64(host - 1) : 0;
    }
    s->passed = passed;
    s->program->pass_signals(s->opaque, passed);
    gdbstub_reply_ok(s);
}

/* -- objects ----------------------------------------------------------------------------------------------------------- */

static void reply_object(GdbStub *s, GdbObject what, const char *args)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    if (s->program->read(s->opaque, s->general, what, bytes)) {
        gdbstub_reply_part(s, bytes->data, bytes->len, args);
    } else {
        gdbstub_reply(s, "E01");
    }
}

static void do_auxv(GdbStub *s, const Packet *p)
{
    reply_object(s, GDB_AUXV, p->args);
}

/* "PID:OFFSET,LENGTH", without a PID the one that there is. */
static void do_exec_file(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    uint64_t pid = 0;

    if ((*at != ':' && !hex_number(&at, &pid)) || *at++ != ':' ||
        (pid && pid != g_array_index(s->inferiors, Inferior, 0).pid)) {
        gdbstub_reply_bad(s);
        return;
    }
    reply_object(s, GDB_EXEC_FILE, at);
}

static void do_read_siginfo(GdbStub *s, const Packet *p)
{
    reply_object(s, GDB_SIGINFO, p->args);
}

/* "OFFSET:DATA" */
static void do_write_siginfo(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    uint64_t offset;
    size_t len;
    char text[20];

    if (!hex_number(&at, &offset) || *at++ != ':') {
        gdbstub_reply_bad(s);
        return;
    }
    len = p->len - (size_t)(at - p->args);
    if (!s->program->write_siginfo(s->opaque, s->general, offset, (const uint8_t *)at, len)) {
        gdbstub_reply(s, "E01");
        return;
    }
    g_snprintf(text, sizeof(text), "%zx", len);
    gdbstub_reply(s, text);
}

/* -- files ------------------------------------------------------------------------------------------------------------- */

enum { FILE_UNKNOWN_ERROR = 9999, FILE_MAX_PATH = 4096, FILE_WRITING = 0xe0b /* WRONLY RDWR APPEND CREAT TRUNC EXCL */ };

static void reply_file_error(GdbStub *s, int error)
{
    /* those that the protocol knows have Linux's numbers, but for one */
    static const uint8_t known[] = {
        EPERM, ENOENT, EINTR, EBADF, EACCES, EFAULT, EBUSY, EEXIST, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, EFBIG,
        ENOSPC, ESPIPE, EROFS,
    };
    char text[32];
    bool is_known = memchr(known, error, sizeof(known));

    g_snprintf(text, sizeof(text), "F-1,%x", error == ENAMETOOLONG ? 91 : is_known ? error : FILE_UNKNOWN_ERROR);
    gdbstub_reply(s, text);
}

/* A path in hex, up to a comma or the end. NULL: replied. */
static char *path_at(GdbStub *s, const char **p)
{
    size_t n = strcspn(*p, ",");
    g_autofree char *path = n % 2 || n > 2 * FILE_MAX_PATH ? NULL : g_malloc0(n / 2 + 1);

    if (!path || n == 0 || !hex_bytes(p, (uint8_t *)path, n / 2) || strlen(path) != n / 2) {
        reply_file_error(s, EINVAL);
        return NULL;
    }
    return g_steal_pointer(&path);
}

static void reply_file_data(GdbStub *s, const void *data, size_t len)
{
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out, "F%zx;", len);
    g_string_append_len(out, data, (gssize)len);
    gdblink_send(&s->link, out->str, out->len);
}

static void reply_file_number(GdbStub *s, unsigned n)
{
    char text[16];

    g_snprintf(text, sizeof(text), "F%x", n);
    gdbstub_reply(s, text);
}

/* "0": the program's own file system, as if it had one */
static void do_file_setfs(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply_file_number(s, 0);
}

/* PATH,FLAGS,MODE */
static void do_file_open(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    g_autofree char *path = path_at(s, &at);
    uint64_t flags, mode;
    unsigned n = 0;
    int fd;

    if (!path) {
        return;
    }
    if (*at++ != ',' || !gdb_parse_range(&at, &flags, &mode) || *at) {
        reply_file_error(s, EINVAL);
        return;
    }
    while (n < G_N_ELEMENTS(s->file) && s->file[n] >= 0) {
        n++;
    }
    if (n == G_N_ELEMENTS(s->file) || flags & FILE_WRITING) {
        reply_file_error(s, flags & FILE_WRITING ? EACCES : EMFILE);
        return;
    }
    fd = s->program->open(s->opaque, path);
    if (fd < 0) {
        reply_file_error(s, -fd);
        return;
    }
    s->file[n] = fd;
    reply_file_number(s, n);
}

/* A file's number; the host's, or -1: replied. */
static int file_at(GdbStub *s, const char **p, unsigned *ret_n)
{
    uint64_t n;

    if (!hex_number(p, &n) || n >= G_N_ELEMENTS(s->file) || s->file[n] < 0) {
        reply_file_error(s, EBADF);
        return -1;
    }
    *ret_n = (unsigned)n;
    return s->file[n];
}

static void do_file_close(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    unsigned n;
    int fd = file_at(s, &at, &n);

    if (fd >= 0) {
        close(fd);
        s->file[n] = -1;
        reply_file_number(s, 0);
    }
}

/* FILE,COUNT,OFFSET */
static void do_file_pread(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    uint8_t buf[GDB_MAX_PACKET / 2];
    uint64_t count, offset;
    unsigned n;
    int fd = file_at(s, &at, &n);
    ssize_t got;

    if (fd < 0) {
        return;
    }
    if (*at++ != ',' || !gdb_parse_range(&at, &count, &offset) || *at || offset > INT64_MAX) {
        reply_file_error(s, EINVAL);
        return;
    }
    got = pread(fd, buf, MIN(count, sizeof(buf)), (off_t)offset);
    if (got < 0) {
        reply_file_error(s, errno);
    } else {
        reply_file_data(s, buf, (size_t)got);
    }
}

/* Their struct stat: big-endian (gdb manual, "struct stat" of the File-I/O extension). */
static void do_file_fstat(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    unsigned n;
    int fd = file_at(s, &at, &n);
    uint8_t buf[64];
    struct stat st;

    if (fd < 0) {
        return;
    }
    if (fstat(fd, &st) < 0) {
        reply_file_error(s, errno);
        return;
    }
    stl_be_p(buf, (uint32_t)st.st_dev);
    stl_be_p(buf + 4, (uint32_t)st.st_ino);
    stl_be_p(buf + 8, st.st_mode);
    stl_be_p(buf + 12, (uint32_t)st.st_nlink);
    stl_be_p(buf + 16, st.st_uid);
    stl_be_p(buf + 20, st.st_gid);
    stl_be_p(buf + 24, (uint32_t)st.st_rdev);
    stq_be_p(buf + 28, (uint64_t)st.st_size);
    stq_be_p(buf + 36, (uint64_t)st.st_blksize);
    stq_be_p(buf + 44, (uint64_t)st.st_blocks);
    stl_be_p(buf + 52, (uint32_t)st.st_atime);
    stl_be_p(buf + 56, (uint32_t)st.st_mtime);
    stl_be_p(buf + 60, (uint32_t)st.st_ctime);
    reply_file_data(s, buf, sizeof(buf));
}

static void do_file_readlink(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    g_autofree char *path = path_at(s, &at);
    g_autofree char *link = NULL;

    if (!path) {
        return;
    }
    link = s->program->read_link(s->opaque, path);
    if (!link) {
        reply_file_error(s, errno);
    } else {
        reply_file_data(s, link, strlen(link));
    }
}

/* Nothing of the host's is changed for a debugger. */
static void do_file_change(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply_file_error(s, EACCES);
}

void gdb_close_files(GdbStub *s)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(s->file); i++) {
        if (s->file[i] >= 0) {
            close(s->file[i]);
            s->file[i] = -1;
        }
    }
}

/* -- the table --------------------------------------------------------------------------------------------------------- */

const char gdb_program_supported[] = ";qXfer:auxv:read+;qXfer:exec-file:read+;qXfer:siginfo:read+;qXfer:siginfo:write+;"
                                     "QPassSignals+;exec-events+";

const PacketRow gdb_program_rows[] = {
    { .name = "QPassSignals:", .fn = do_pass_signals },
    { .name = "qXfer:auxv:read::", .fn = do_auxv },
    { .name = "qXfer:exec-file:read:", .fn = do_exec_file },
    { .name = "qXfer:siginfo:read::", .fn = do_read_siginfo },
    { .name = "qXfer:siginfo:write::", .fn = do_write_siginfo },
    { .name = "vFile:setfs:", .fn = do_file_setfs },
    { .name = "vFile:open:", .fn = do_file_open },
    { .name = "vFile:close:", .fn = do_file_close },
    { .name = "vFile:pread:", .fn = do_file_pread },
    { .name = "vFile:fstat:", .fn = do_file_fstat },
    { .name = "vFile:readlink:", .fn = do_file_readlink },
    { .name = "vFile:pwrite:", .fn = do_file_change },
    { .name = "vFile:unlink:", .fn = do_file_change },
};
const unsigned gdb_num_program_rows = G_N_ELEMENTS(gdb_program_rows);
