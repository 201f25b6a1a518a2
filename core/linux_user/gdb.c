/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program under a debugger (-g): a session of core/gdbstub on a thread of ours, with a socket. The thread has a
 * descriptor table of its own, so that the program's is as it is without a debugger: nothing that closes descriptors
 * cuts the connection, children inherit none of it, and nothing stays open for us that the program has closed. What it
 * is to look at is told by a signal that the thread waits for together with its socket: SIGBUS, which the guest cannot
 * block, with a value of ours. The same signal calls a thread out of the host's kernel.
 *
 * Signals that the debugger wants to hear of have our handler whatever the guest does with them; what the host would
 * have done by itself is done when the debugger has let the signal through.
 *
 * A call of a thread whose registers the debugger changed while it waited in the host's kernel, as it does to call a
 * function, has its result when the thread is back where it was, or is made again then.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include "core/exec/exec.h"
#include "core/gdbstub/program.h"
#include "core/keyval.h"
#include "core/linux_user/user_int.h"

enum { HIGH_FD = 900, HOST_STACK = 256 << 10, SEND_SECONDS = 30, MAX_STATE = 256, MAX_TEXT = 16384 };

/* What threads of the program ask of the debugger's, one at a time. */
typedef enum Request { ASK_NOTHING, ASK_END, ASK_HAND_OVER, ASK_TAKE_BACK } Request;

struct UserGdb {
    Process *p;
    GdbStub *stub;
    int tid;
    int listener, peer, memory;                 /* descriptors of its thread's; -1: none */
    char *path;                                 /* of a Unix socket, which goes with the program */
    char *state;                                /* of a connection that execve left */
    bool away;                                  /* the connection was handed over */
    /* by threads_lock */
    bool attached;
    uint64_t pass;                              /* signals that do not stop it */
    /* by lock */
    GMutex lock;
    GCond cond;
    Request request;
    bool ready, failed;
    char how;                                   /* END */
    int value;
    struct sockaddr_un to;                      /* HAND_OVER: where to send it */
    socklen_t to_len;
};

static const char kick_mark;                    /* its address is the value of our signal */

/* -- the signal ---------------------------------------------------------------------------------------------------- */

USER_IN_HANDLER bool gdb_is_kick(int sig, const siginfo_t *info)
{
    return sig == SIGBUS && info->si_code == SI_QUEUE && info->si_value.sival_ptr == (void *)&kick_mark;
}

/* The debugger's thread waits for SIGBUS: one that was the program's goes to the program's first. */
USER_IN_HANDLER void gdb_forward(int sig, siginfo_t *info)
{
    if (sig == SIGBUS && syscall(SYS_gettid) != getpid()) {
        syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), sig, info);
    }
}

static void kick(int tid)
{
    siginfo_t info = { .si_signo = SIGBUS, .si_code = SI_QUEUE };

    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = (void *)&kick_mark;
    syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, SIGBUS, &info);
}

static void notify(void *opaque)
{
    kick(((UserGdb *)opaque)->tid);
}

/* -- what a session asks ---------------------------------------------------------------------------------------------- */

static void write_out(void *opaque, const uint8_t *buf, size_t len)
{
    UserGdb *g = opaque;

    while (len && g->peer >= 0) {
        ssize_t n = send(g->peer, buf, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            shutdown(g->peer, SHUT_RDWR);       /* reading from it tells that it is gone */
            return;
        }
        buf += MAX(n, 0);
        len -= (size_t)MAX(n, 0);
    }
}

static int thread_of(void *opaque, const CPUState *cs)
{
    Process *p = ((UserGdb *)opaque)->p;
    int tid = 0;

    g_mutex_lock(&p->threads_lock);
    for (unsigned i = 0; i < p->threads->len; i++) {
        const Thread *t = p->threads->pdata[i];

        tid = t->cs == cs ? t->tid : tid;
    }
    g_mutex_unlock(&p->threads_lock);
    return tid;
}

static void describe(void *opaque, const CPUState *cs, GString *out)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/comm", thread_of(opaque, cs)), *text = NULL;

    if (g_file_get_contents(path, &text, NULL, NULL)) {
        g_string_append(out, g_strchomp(text));
    }
}

size_t gdb_memory(void *opaque, vaddr addr, void *buf, size_t len, bool write)
{
    Process *p = opaque;
    uint64_t mapped = mem_mapped(p, addr, len);
    struct iovec own = { buf, mapped }, other = { g2h(p, addr), mapped };
    ssize_t n;

    if (!mapped) {
        return 0;
    }
    if (p->gdb->memory >= 0) {                  /* whatever the protection */
        off_t at = (off_t)(uintptr_t)g2h(p, addr);

        n = write ? pwrite(p->gdb->memory, buf, mapped, at) : pread(p->gdb->memory, buf, mapped, at);
    } else {
        n = write ? process_vm_writev(getpid(), &own, 1, &other, 1, 0) : process_vm_readv(getpid(), &own, 1, &other, 1, 0);
    }
    return n < 0 ? 0 : (size_t)n;
}

/* Under threads_lock. */
static Thread *find_thread(Process *p, const CPUState *cs)
{
    for (unsigned i = 0; i < p->threads->len; i++) {
        Thread *t = p->threads->pdata[i];

        if (t->cs == cs) {
            return t;
        }
    }
    return NULL;
}

static bool read_object(void *opaque, const CPUState *cs, GdbObject what, GByteArray *out)
{
    Process *p = ((UserGdb *)opaque)->p;
    bool ok = true;
    Thread *t;

    switch (what) {
    case GDB_AUXV:
        g_byte_array_set_size(out, p->auxv_size);
        return gdb_memory(p, p->auxv, out->data, out->len, false) == out->len;
    case GDB_EXEC_FILE:
        g_byte_array_append(out, (const uint8_t *)p->exe, (guint)strlen(p->exe));
        return true;
    case GDB_SIGINFO:
        g_mutex_lock(&p->threads_lock);
        t = find_thread(p, cs);
        ok = t && t->stopped_for;
        if (ok) {
            g_byte_array_append(out, (const uint8_t *)t->stopped_for, sizeof(*t->stopped_for));
        }
        g_mutex_unlock(&p->threads_lock);
        return ok;
    }
    return false;
}

static bool write_siginfo(void *opaque, const CPUState *cs, uint64_t offset, const uint8_t *buf, size_t len)
{
    Process *p = ((UserGdb *)opaque)->p;
    Thread *t;
    bool ok;

    g_mutex_lock(&p->threads_lock);
    t = find_thread(p, cs);
    ok = t && t->stopped_for && offset <= sizeof(*t->stopped_for) && len <= sizeof(*t->stopped_for) - offset;
    if (ok) {
        memcpy((uint8_t *)t->stopped_for + offset, buf, len);
    }
    g_mutex_unlock(&p->threads_lock);
    return ok;
}

static void set_attached(void *opaque, bool attached)
{
    UserGdb *g = opaque;

    g_mutex_lock(&g->p->threads_lock);
    g->attached = attached;
    g->pass = 0;
    signals_retake(g->p, g->p->action);
    g_mutex_unlock(&g->p->threads_lock);
}

static void pass_signals(void *opaque, uint64_t mask)
{
    UserGdb *g = opaque;

    g_mutex_lock(&g->p->threads_lock);
    g->pass = mask;
    signals_retake(g->p, g->p->action);
    g_mutex_unlock(&g->p->threads_lock);
}

static void going(void *opaque)
{
    Process *p = ((UserGdb *)opaque)->p;

    g_mutex_lock(&p->threads_lock);
    for (unsigned i = 0; i < p->threads->len; i++) {
        Thread *t = p->threads->pdata[i];
        int sig = exec_user_injected(t->cs);

        if (sig) {
            __atomic_store_n(&t->injected, sig, __ATOMIC_SEQ_CST);
        }
        if (t->tid && (sig || exec_user_is_redirected(t->cs))) {
            kick(t->tid);
        }
    }
    g_mutex_unlock(&p->threads_lock);
}

static void kill_process(void *opaque)
{
    UserGdb *g = opaque;

    if (g->path) {
        unlink(g->path);
    }
    kill(getpid(), SIGKILL);
}

/* The thread that files of /proc are asked for. Every thread stands, or is in the host's kernel. */
static Thread *some_thread(Process *p)
{
    Thread *t;

    g_mutex_lock(&p->threads_lock);
    t = p->threads->len ? p->threads->pdata[0] : NULL;
    g_mutex_unlock(&p->threads_lock);
    return t;
}

static int open_file(void *opaque, const char *path)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    Process *p = ((UserGdb *)opaque)->p;
    g_autofree char *inside = path_in_sysroot(p, path);
    Thread *t = some_thread(p);
    int64_t r;
    int fd;

    if (t && procfs_open(t, AT_FDCWD, inside, flags, &r)) {
        return (int)r;
    }
    fd = open(inside, flags);
    return fd < 0 ? -errno : fd;
}

static char *read_link(void *opaque, const char *path)
{
    Process *p = ((UserGdb *)opaque)->p;
    g_autofree char *inside = path_in_sysroot(p, path);
    char buf[PATH_MAX + 1];
    Thread *t = some_thread(p);
    ssize_t n;

    if (t && procfs_is_exe(t, AT_FDCWD, inside)) {
        return g_strdup(p->exe);
    }
    n = readlink(inside, buf, sizeof(buf) - 1);
    return n < 0 ? NULL : g_strndup(buf, (gsize)n);
}

static const GdbProgram program = {
    .write = write_out, .thread = thread_of, .describe = describe, .read = read_object, .write_siginfo = write_siginfo,
    .attached = set_attached, .pass_signals = pass_signals, .going = going, .kill = kill_process, .open = open_file,
    .read_link = read_link,
};

/* -- its thread ---------------------------------------------------------------------------------------------------- */

/* Moves a descriptor to where nobody counts. */
static void move_up(int *fd)
{
    int high = *fd < 0 ? -1 : fcntl(*fd, F_DUPFD_CLOEXEC, HIGH_FD);

    if (*fd >= 0 && high < 0) {
        high = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    }
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = high;
}

/* A table of its own, with nothing of the program's in it. */
static bool own_descriptors(UserGdb *g)
{
    int keep[] = { g->listener, g->peer }, low, high;

    if (unshare(CLONE_FILES) < 0) {
        return false;
    }
    low = MIN(keep[0], keep[1]);
    high = MAX(keep[0], keep[1]);
    if (low > 0) {
        syscall(SYS_close_range, 0, low - 1, 0);
    }
    if (high - low > 1) {
        syscall(SYS_close_range, low + 1, high - 1, 0);
    }
    syscall(SYS_close_range, high + 1, ~0u, 0);
    for (int i = 0; i < 3; i++) {
        if (open("/dev/null", O_RDWR | O_CLOEXEC) != i) {
            break;
        }
    }
    g->memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    move_up(&g->memory);
    return true;
}

static void hand_over(UserGdb *g)
{
    g_autofree char *state = gdbstub_state(g->stub);
    g_autofree char *text = g_strdup_printf("%s,%s", state ? state : "", g->path ? g->path : "");
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control = { .bytes = { 0 } };
    struct iovec data = { text, strlen(text) + 1 };
    unsigned num = g->listener >= 0 ? 2 : 1;
    struct msghdr msg = {
        .msg_name = &g->to, .msg_namelen = g->to_len, .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(num * sizeof(int)),
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    int fds[2] = { g->peer, g->listener }, fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(num * sizeof(int));
    memcpy(CMSG_DATA(c), fds, num * sizeof(int));
    g->away = state && g->peer >= 0 && fd >= 0 && sendmsg(fd, &msg, MSG_NOSIGNAL) >= 0;
    if (fd >= 0) {
        close(fd);
    }
}

/* What threads have asked for, if it can be done now. */
static void serve(UserGdb *g)
{
    bool done = true;

    g_mutex_lock(&g->lock);
    switch (g->request) {
    case ASK_NOTHING:
        break;
    case ASK_END:
        g_mutex_unlock(&g->lock);               /* a CPU may be what is waited for */
        done = gdbstub_ended(g->stub, g->how, g->value);
        g_mutex_lock(&g->lock);
        if (done && g->path) {
            unlink(g->path);
        }
        break;
    case ASK_HAND_OVER:
        hand_over(g);
        break;
    case ASK_TAKE_BACK:
        g->away = false;
        break;
    }
    if (done && g->request != ASK_NOTHING) {
        g->request = ASK_NOTHING;
        g_cond_broadcast(&g->cond);
    }
    g_mutex_unlock(&g->lock);
}

static void accept_peer(UserGdb *g)
{
    struct timeval tv = { .tv_sec = SEND_SECONDS };
    int one = 1;

    g->peer = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC);
    move_up(&g->peer);
    if (g->peer >= 0) {
        setsockopt(g->peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        setsockopt(g->peer, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
        gdbstub_arrived(g->stub);
    }
}

static void hear(UserGdb *g)
{
    uint8_t buf[4096];
    unsigned room = gdbstub_room(g->stub);
    ssize_t n;

    if (!room) {
        return;
    }
    n = recv(g->peer, buf, MIN(room, sizeof(buf)), MSG_DONTWAIT);
    if (n > 0) {
        gdbstub_feed(g->stub, buf, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(g->peer);
        g->peer = -1;
        gdbstub_gone(g->stub);
        if (g->listener < 0) {
            debug_go(g->p->m);                  /* nobody will ever come */
        }
    }
}

static void *gdb_main(void *opaque)
{
    UserGdb *g = opaque;
    sigset_t waiting;

    sigfillset(&waiting);
    sigdelset(&waiting, SIGBUS);
    g_mutex_lock(&g->lock);
    g->failed = !own_descriptors(g);
    g->tid = (int)syscall(SYS_gettid);
    g->ready = true;
    g_cond_broadcast(&g->cond);
    g_mutex_unlock(&g->lock);
    if (g->failed) {
        return NULL;
    }
    exec_user_debug_wait(g->p->m);
    g->stub = gdbprogram_new(g->p->m, (unsigned)getpid(), &program, g);
    if (g->state && !gdbstub_continue(g->stub, g->state)) {
        gdbstub_arrived(g->stub);
    }
    for (;;) {
        struct pollfd fd = { .fd = g->away ? -1 : g->peer >= 0 ? g->peer : g->listener, .events = POLLIN };

        serve(g);
        if (!g->away) {
            debug_poll(g->p->m);
            while (gdbstub_work(g->stub)) {
                serve(g);
                debug_poll(g->p->m);
            }
            serve(g);
        }
        fd.fd = g->away ? -1 : g->peer >= 0 ? g->peer : g->listener;
        if (ppoll(&fd, 1, NULL, &waiting) > 0) {
            if (g->peer >= 0) {
                hear(g);
            } else {
                accept_peer(g);
            }
        }
    }
    return NULL;
}

/* -- beginning ------------------------------------------------------------------------------------------------------- */

/* A socket that listens at the address; it is closed if it cannot. name: what the user gave. */
static int listen_at(int fd, const struct sockaddr *at, socklen_t len, const char *name, GError **error)
{
    if (fd < 0 || bind(fd, at, len) < 0 || listen(fd, 1) < 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "-g %s: %s", name, g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static int listen_tcp(const char *port, GError **error)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    guint64 n;
    int fd, one = 1;

    if (!g_ascii_string_to_unsigned(port, 10, 1, UINT16_MAX, &n, NULL)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-g %s: not a port", port);
        return -1;
    }
    at.sin_port = htons((uint16_t)n);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    }
    return listen_at(fd, (struct sockaddr *)&at, sizeof(at), port, error);
}

static int listen_unix(const char *path, GError **error)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd;

    if (strlen(path) >= sizeof(at.sun_path)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-g %s: too long for a socket's path", path);
        return -1;
    }
    memcpy(at.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 && errno == ECONNREFUSED) {
        unlink(path);                           /* of one that is gone */
    }
    return listen_at(fd, (struct sockaddr *)&at, sizeof(at), path, error);
}

/* "fd:PEER:LISTENER,FLAGS,SIGNALS,PATH", as gdb_before_exec writes it */
static bool take_over(UserGdb *g, const char *spec)
{
    int used = 0;
    const char *path;

    if (sscanf(spec, "fd:%d:%d,%n", &g->peer, &g->listener, &used) != 2 || !used ||
        !(path = strrchr(spec + used, ',')) || fcntl(g->peer, F_GETFD) < 0) {
        return false;
    }
    g->state = g_strndup(spec + used, (gsize)(path - (spec + used)));
    g->path = path[1] ? g_strdup(path + 1) : NULL;
    return true;
}

bool gdb_open(Process *p, const char *spec, GError **error)
{
    UserGdb *g = g_new0(UserGdb, 1);

    g->p = p;
    g->listener = g->peer = g->memory = -1;
    g_mutex_init(&g->lock);
    g_cond_init(&g->cond);
    if (g_str_has_prefix(spec, "fd:")) {
        if (!take_over(g, spec)) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-g %s: not a connection", spec);
            return false;
        }
    } else if (spec[strspn(spec, "0123456789")] == '\0') {
        g->listener = listen_tcp(spec, error);
    } else {
        g->listener = listen_unix(spec, error);
        g->path = g->listener >= 0 ? g_canonicalize_filename(spec, NULL) : NULL;
    }
    if (g->listener < 0 && g->peer < 0) {
        return false;
    }
    move_up(&g->listener);
    move_up(&g->peer);
    p->gdb = g;
    return true;
}

bool gdb_start(Thread *t)
{
    UserGdb *g = t->p->gdb;
    uint64_t all = ~UINT64_C(0), old;
    pthread_attr_t attr;
    pthread_t thread;
    int listener = g->listener, peer = g->peer;
    bool ok;

    exec_user_debug(t->p->m, notify, g);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, HOST_STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all));
    ok = pthread_create(&thread, &attr, gdb_main, g) == 0;
    pthread_attr_destroy(&attr);
    signals_of_libc(t);
    g_mutex_lock(&g->lock);
    while (ok && !g->ready) {
        g_cond_wait(&g->cond, &g->lock);
    }
    g_mutex_unlock(&g->lock);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
    if (listener >= 0) {
        close(listener);
    }
    if (peer >= 0) {
        close(peer);
    }
    return ok && !g->failed;
}

/* -- for threads of the program -------------------------------------------------------------------------------------- */

/* how, value: ASK_END's. */
static void ask(UserGdb *g, CPUState *cs, Request request, char how, int value)
{
    if (cs) {
        exec_user_set_outside(cs, true);
    }
    g_mutex_lock(&g->lock);
    while (g->request != ASK_NOTHING) {         /* another's */
        g_cond_wait(&g->cond, &g->lock);
    }
    g->request = request;
    g->how = how;
    g->value = value;
    kick(g->tid);
    while (g->request != ASK_NOTHING) {
        g_cond_wait(&g->cond, &g->lock);
    }
    g_mutex_unlock(&g->lock);
    if (cs) {
        exec_user_set_outside(cs, false);
    }
}

void gdb_exits(Process *p, Thread *t, char how, int value)
{
    UserGdb *g = p->gdb;

    if (!g || (t && t->vfork)) {
        return;
    }
    if (t) {
        exec_user_gate(t->cs);
    }
    ask(g, t ? t->cs : NULL, ASK_END, how, value);
}

bool gdb_wants(const Process *p, int sig)
{
    return p->gdb && p->gdb->attached && !(p->gdb->pass >> (sig - 1) & 1);
}

bool gdb_is_attached(const Process *p)
{
    return p->gdb && p->gdb->attached;
}

static bool wants(Process *p, int sig)
{
    bool ret;

    g_mutex_lock(&p->threads_lock);
    ret = gdb_wants(p, sig);
    g_mutex_unlock(&p->threads_lock);
    return ret;
}

int gdb_signal(Thread *t, int sig, siginfo_t *info)
{
    const DebugStop why = { .kind = DEBUG_STOP_SIGNAL, .cs = t->cs, .sig = sig };
    int got = 0;

    t->stopped_for = info;
    do {
        exec_user_gate(t->cs);
        if (!wants(t->p, sig)) {
            t->stopped_for = NULL;
            return sig;
        }
    } while (!exec_user_report(t->cs, &why, &got));
    t->stopped_for = NULL;
    if (got == DEBUG_SIGNAL_SAME || got == sig) {
        return sig;
    }
    if (got) {
        *info = (siginfo_t){ .si_signo = got, .si_code = SI_USER };
        info->si_pid = getpid();
        info->si_uid = getuid();
    }
    return got;
}

bool gdb_call_begins(Thread *t)
{
    t->redirected |= exec_user_gate(t->cs);
    exec_user_set_outside(t->cs, true);
    return !t->redirected;
}

void gdb_call_ends(Thread *t)
{
    exec_user_set_outside(t->cs, false);
    t->redirected |= exec_user_gate(t->cs);
}

void gdb_try_held(Thread *t)
{
    const LinuxTarget *target = t->p->target;

    if (!t->held || CPU_CLASS_OF(t->cs)->get_pc(t->cs) != t->held_pc || target->get_sp(t->cs) != t->held_sp) {
        return;
    }
    t->held = false;
    if (t->held_result == LINUX_ERESTART) {
        target->restart(t->cs);
    } else {
        target->set_result(t->cs, (uint64_t)t->held_result);
    }
}

bool gdb_holds_result(Thread *t, vaddr pc, vaddr sp, int64_t result)
{
    if (!t->redirected) {
        return false;
    }
    t->redirected = false;
    t->held = true;
    t->held_pc = pc;
    t->held_sp = sp;
    t->held_result = result == -EINTR ? LINUX_ERESTART : result;
    gdb_try_held(t);
    return true;
}

/* -- execve ---------------------------------------------------------------------------------------------------------- */

/* A datagram with the descriptors; its text. */
static char *receive(int fd, int ret_fds[2])
{
    char text[MAX_STATE + sizeof(((struct sockaddr_un *)0)->sun_path)] = { 0 };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct iovec data = { text, sizeof(text) - 1 };
    struct msghdr msg = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *c;

    if (recvmsg(fd, &msg, MSG_DONTWAIT) <= 0 || !(c = CMSG_FIRSTHDR(&msg)) || c->cmsg_type != SCM_RIGHTS) {
        return NULL;
    }
    memcpy(ret_fds, CMSG_DATA(c), MIN(c->cmsg_len - CMSG_LEN(0), 2 * sizeof(int)));
    for (unsigned i = 0; i < 2; i++) {
        int high = ret_fds[i] < 0 ? -1 : fcntl(ret_fds[i], F_DUPFD, HIGH_FD);

        if (high >= 0) {
            close(ret_fds[i]);
            ret_fds[i] = high;
        }
    }
    return g_strdup(text);
}

char *gdb_before_exec(Thread *t, int ret_fds[2])
{
    UserGdb *g = t->p->gdb;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    socklen_t len = sizeof(at);
    g_autofree char *text = NULL;
    int fd;

    ret_fds[0] = ret_fds[1] = -1;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    /* a name of the kernel's choice, in no file system */
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at.sun_family)) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    exec_user_gate(t->cs);
    g_mutex_lock(&g->lock);
    g->to = at;
    g->to_len = len;
    g_mutex_unlock(&g->lock);
    ask(g, t->cs, ASK_HAND_OVER, 0, 0);
    text = receive(fd, ret_fds);
    close(fd);
    return text ? g_strdup_printf("fd:%d:%d,%s", ret_fds[0], ret_fds[1], text) : NULL;
}

void gdb_exec_failed(Thread *t, const int fds[2])
{
    for (unsigned i = 0; i < 2; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    ask(t->p->gdb, t->cs, ASK_TAKE_BACK, 0, 0);
}

void gdb_forked(Thread *t)
{
    Process *p = t->p;
    bool taken = p->gdb->attached && !t->vfork;

    p->gdb = NULL;                              /* its thread is not here; its memory may be in its hands */
    if (taken) {
        signals_retake(p, p->action);
    }
}
