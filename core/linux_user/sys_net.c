/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls that pass arrays of addresses: vectors and messages. The vectors are copied with their addresses made
 * the host's; the data itself stays where it is.
 */
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include "core/linux_user/user_int.h"

/* The guest's msghdr of the generic 64-bit ABI is the host's. */
typedef struct GuestIovec {
    uint64_t base, len;
} GuestIovec;

struct iovec *vectors_arg(Thread *t, vaddr addr, uint64_t n, int *ret_errno)
{
    struct iovec *v;

    if (n > IOV_MAX) {
        *ret_errno = EINVAL;
        return NULL;
    }
    v = g_new0(struct iovec, n + 1);
    if (n && !user_read(t->cs, v, addr, n * sizeof(*v))) {
        g_free(v);
        *ret_errno = EFAULT;
        return NULL;
    }
    for (uint64_t i = 0; i < n; i++) {
        v[i].iov_base = g2h_or_null(t->p, (uintptr_t)v[i].iov_base);
    }
    return v;
}
G_STATIC_ASSERT(sizeof(GuestIovec) == sizeof(struct iovec));

static int64_t vector(Thread *t, long nr, const uint64_t *a)
{
    int err = 0;
    g_autofree struct iovec *v = vectors_arg(t, a[1], (uint64_t)(uint32_t)a[2], &err);

    return v ? safe_syscall(t, nr, (uint64_t)(int64_t)(int32_t)a[0], (uintptr_t)v, a[2], a[3], a[4], a[5]) : -err;
}

int64_t linux_call_readv(Thread *t, const uint64_t *a)
{
    return vector(t, SYS_readv, a);
}

int64_t linux_call_writev(Thread *t, const uint64_t *a)
{
    return vector(t, SYS_writev, a);
}

int64_t linux_call_preadv(Thread *t, const uint64_t *a)
{
    return vector(t, SYS_preadv, a);
}

int64_t linux_call_pwritev(Thread *t, const uint64_t *a)
{
    return vector(t, SYS_pwritev, a);
}

int64_t linux_call_preadv2(Thread *t, const uint64_t *a)
{
    return vector(t, SYS_preadv2, a);
}

int64_t linux_call_pwritev2(Thread *t, const uint64_t *a)
{
    return vector(t, SYS_pwritev2, a);
}

int64_t linux_call_vmsplice(Thread *t, const uint64_t *a)
{
    return vector(t, SYS_vmsplice, a);
}

/* -- sockets --------------------------------------------------------------------------------------------------------- */

/* Families whose options and control messages hold addresses of memory that the kernel accesses on its own. */
static bool has_family(uint64_t family)
{
    return (int)family != AF_RDS && (int)family != AF_XDP;
}

int64_t linux_call_socket(Thread *t, const uint64_t *a)
{
    return has_family(a[0]) ? safe_syscall(t, SYS_socket, a[0], a[1], a[2], 0, 0, 0) : -EAFNOSUPPORT;
}

int64_t linux_call_socketpair(Thread *t, const uint64_t *a)
{
    return has_family(a[0]) ? safe_syscall(t, SYS_socketpair, a[0], a[1], a[2], (uintptr_t)g2h_or_null(t->p, a[3]), 0, 0) :
           -EAFNOSUPPORT;
}

typedef struct SocketOption {
    int level, first, last;
} SocketOption;

/* Options with addresses inside: packet filters' tables, data that TCP maps by itself, a list of addresses of SCTP's. */
static const SocketOption refused_options[] = {
    { SOL_IP, 64, 67 }, { SOL_IP, 96, 99 }, { SOL_IP, 128, 132 }, { SOL_IPV6, 64, 65 }, { IPPROTO_TCP, 35, 35 },
    { IPPROTO_SCTP, 111, 111 },                 /* SCTP_SOCKOPT_CONNECTX3 */
};
/* Options that are a struct sock_fprog: a length, and the address of a filter's instructions. */
static const SocketOption filter_options[] = {
    { SOL_SOCKET, SO_ATTACH_FILTER, SO_ATTACH_FILTER }, { SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_CBPF },
    { SOL_PACKET, 22 /* PACKET_FANOUT_DATA */, 22 },
};

static bool option_in(const SocketOption *list, unsigned n, const uint64_t *a)
{
    for (unsigned i = 0; i < n; i++) {
        if ((int)a[1] == list[i].level && (int)a[2] >= list[i].first && (int)a[2] <= list[i].last) {
            return true;
        }
    }
    return false;
}

int64_t linux_call_setsockopt(Thread *t, const uint64_t *a)
{
    const uint64_t fd = (uint64_t)(int64_t)(int32_t)a[0];
    struct sock_fprog filter;

    if (option_in(refused_options, G_N_ELEMENTS(refused_options), a)) {
        return -ENOPROTOOPT;
    }
    if (option_in(filter_options, G_N_ELEMENTS(filter_options), a) && (uint32_t)a[4] == sizeof(filter)) {
        if (!user_read(t->cs, &filter, a[3], sizeof(filter))) {
            return -EFAULT;
        }
        filter.filter = g2h_or_null(t->p, (uintptr_t)filter.filter);
        return safe_syscall(t, SYS_setsockopt, fd, a[1], a[2], (uintptr_t)&filter, sizeof(filter), 0);
    }
    return safe_syscall(t, SYS_setsockopt, fd, a[1], a[2], (uintptr_t)g2h_or_null(t->p, a[3]), a[4], 0);
}

int64_t linux_call_getsockopt(Thread *t, const uint64_t *a)
{
    if (option_in(refused_options, G_N_ELEMENTS(refused_options), a)) {
        return -ENOPROTOOPT;
    }
    return safe_syscall(t, SYS_getsockopt, (uint64_t)(int64_t)(int32_t)a[0], a[1], a[2], (uintptr_t)g2h_or_null(t->p, a[3]),
                        (uintptr_t)g2h_or_null(t->p, a[4]), 0);
}

/* -- messages -------------------------------------------------------------------------------------------------------- */

static int64_t message(Thread *t, long nr, const uint64_t *a)
{
    g_autofree struct iovec *v = NULL;
    struct msghdr guest, h;
    int err = 0;
    int64_t r;

    if (!user_read(t->cs, &guest, a[1], sizeof(guest))) {
        return -EFAULT;
    }
    if (guest.msg_iovlen > IOV_MAX) {
        return -EMSGSIZE;
    }
    v = vectors_arg(t, (uintptr_t)guest.msg_iov, guest.msg_iovlen, &err);
    if (!v) {
        return -err;
    }
    h = guest;
    h.msg_name = g2h_or_null(t->p, (uintptr_t)guest.msg_name);
    h.msg_control = g2h_or_null(t->p, (uintptr_t)guest.msg_control);
    h.msg_iov = v;
    r = safe_syscall(t, nr, (uint64_t)(int64_t)(int32_t)a[0], (uintptr_t)&h, a[2], 0, 0, 0);
    if (r >= 0 && nr == SYS_recvmsg) {
        guest.msg_namelen = h.msg_namelen;
        guest.msg_controllen = h.msg_controllen;
        guest.msg_flags = h.msg_flags;
        if (!user_write(t->cs, a[1], &guest, sizeof(guest))) {
            return -EFAULT;
        }
    }
    return r;
}

int64_t linux_call_sendmsg(Thread *t, const uint64_t *a)
{
    return message(t, SYS_sendmsg, a);
}

int64_t linux_call_recvmsg(Thread *t, const uint64_t *a)
{
    return message(t, SYS_recvmsg, a);
}

enum { SECOND = 1000000000 };

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * (int64_t)SECOND + t.tv_nsec;
}

/*
 * As the kernel does it: one after another until one fails, or the time *left (nanoseconds; NULL: for ever) is over,
 * which it looks at after each. flags: MSG_WAITFORONE may be among them.
 */
static int64_t messages(Thread *t, long nr, const uint64_t *a, int64_t *left)
{
    uint32_t flags = (uint32_t)a[3] & ~(uint32_t)MSG_WAITFORONE;
    uint64_t n = MIN((uint32_t)a[2], IOV_MAX), done = 0;
    int64_t end = left ? now() + *left : 0;

    while (done < n && (!left || !done || *left > 0)) {
        vaddr at = a[1] + done * sizeof(struct mmsghdr);
        const uint64_t one[6] = { a[0], at, flags };
        int64_t r = message(t, nr, one);
        uint32_t len = (uint32_t)r;

        if (r < 0) {
            return done ? (int64_t)done : r;
        }
        if (!user_write(t->cs, at + offsetof(struct mmsghdr, msg_len), &len, sizeof(len))) {
            return -EFAULT;
        }
        done++;
        flags |= (uint32_t)a[3] & MSG_WAITFORONE ? MSG_DONTWAIT : 0;
        if (left) {
            *left = MAX(end - now(), 0);
        }
    }
    return (int64_t)done;
}

int64_t linux_call_sendmmsg(Thread *t, const uint64_t *a)
{
    return messages(t, SYS_sendmsg, a, NULL);
}

int64_t linux_call_recvmmsg(Thread *t, const uint64_t *a)
{
    struct timespec time;
    int64_t left, r;

    if (!a[4]) {
        return messages(t, SYS_recvmsg, a, NULL);
    }
    if (!user_read(t->cs, &time, a[4], sizeof(time))) {
        return -EFAULT;
    }
    if (time.tv_sec < 0 || (uint64_t)time.tv_nsec >= SECOND) {
        return -EINVAL;
    }
    left = MIN(time.tv_sec, INT32_MAX) * (int64_t)SECOND + time.tv_nsec;
    r = messages(t, SYS_recvmsg, a, &left);
    time = (struct timespec){ left / SECOND, left % SECOND };
    return r > 0 && !user_write(t->cs, a[4], &time, sizeof(time)) ? -EFAULT : r;
}
