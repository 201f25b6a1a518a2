/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls on files: what differs from the host's is open's flags, struct stat, epoll_event (packed on some
 * hosts), and paths below the sysroot. Terminal ioctls and their structs are alike.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/kd.h>
#include <linux/loop.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/sockios.h>
#include <linux/vt.h>
#include <net/if.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "core/linux_user/user_int.h"
#include "core/log.h"

#define INT(x) ((uint64_t)(int64_t)(int32_t)(x))
/* The kernel's O_LARGEFILE, which libc hides. */
#ifdef __x86_64__
#define HOST_O_LARGEFILE 0100000u
#else
#define HOST_O_LARGEFILE 0400000u
#endif

/* -- paths ----------------------------------------------------------------------------------------------------------- */

/* The kernel's own file systems are the host's: a sysroot has empty folders where they would be. */
static bool is_kernels(const char *path)
{
    static const char *const folders[] = { "dev", "proc", "sys" };
    size_t n;

    path += strspn(path, "/");
    n = strcspn(path, "/");
    for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
        if (strlen(folders[i]) == n && strncmp(path, folders[i], n) == 0) {
            return true;
        }
    }
    return false;
}

char *path_in_sysroot(const Process *p, const char *path)
{
    if (p->o->sysroot && path[0] == '/' && path[strspn(path, "/")] && !is_kernels(path)) {
        char *inside = g_build_filename(p->o->sysroot, path, NULL);
        struct stat st;

        if (lstat(inside, &st) == 0) {
            return inside;
        }
        g_free(inside);
    }
    return g_strdup(path);
}

char *path_arg(Thread *t, vaddr addr, int *ret_errno)
{
    char *path = mem_string(t, addr, ret_errno), *inside;

    if (!path) {
        return NULL;
    }
    inside = path_in_sysroot(t->p, path);
    g_free(path);
    return inside;
}

/* -- opening --------------------------------------------------------------------------------------------------------- */

static uint64_t host_flags(const Process *p, uint32_t flags)
{
    const LinuxOpenFlags *o = &p->target->open;
    uint32_t h = flags & ~(o->directory | o->nofollow | o->direct | o->largefile);

    h |= flags & o->directory ? O_DIRECTORY : 0;
    h |= flags & o->nofollow ? O_NOFOLLOW : 0;
    h |= flags & o->direct ? O_DIRECT : 0;
    h |= flags & o->largefile ? HOST_O_LARGEFILE : 0;
    return h;
}

static uint32_t guest_flags(const Process *p, uint32_t flags)
{
    const LinuxOpenFlags *o = &p->target->open;
    uint32_t g = flags & ~(uint32_t)(O_DIRECTORY | O_NOFOLLOW | O_DIRECT | HOST_O_LARGEFILE);

    g |= flags & O_DIRECTORY ? o->directory : 0;
    g |= flags & O_NOFOLLOW ? o->nofollow : 0;
    g |= flags & O_DIRECT ? o->direct : 0;
    g |= flags & HOST_O_LARGEFILE ? o->largefile : 0;
    return g;
}

int64_t linux_call_openat(Thread *t, const uint64_t *a)
{
    int err = 0;
    g_autofree char *path = path_arg(t, a[1], &err);
    uint64_t flags = host_flags(t->p, (uint32_t)a[2]);
    int64_t r;

    if (!path) {
        return -err;
    }
    if (procfs_open(t, (int)a[0], path, (int)flags, &r)) {
        return r;
    }
    r = safe_syscall(t, SYS_openat, INT(a[0]), (uintptr_t)path, flags, a[3], 0, 0);
    return r >= 0 ? procfs_not_memory(r) : r;
}

/* struct open_how, its first version; what came later must be zeroes */
typedef struct GuestOpenHow {
    uint64_t flags, mode, resolve;
} GuestOpenHow;

int64_t linux_call_openat2(Thread *t, const uint64_t *a)
{
    int err = 0;
    g_autofree char *path = NULL;
    GuestOpenHow how;
    int64_t r;

    if (a[3] < sizeof(how)) {
        return -EINVAL;
    }
    if (a[3] > LINUX_PAGE) {
        return -E2BIG;
    }
    if (!user_read(t->cs, &how, a[2], sizeof(how))) {
        return -EFAULT;
    }
    for (uint64_t i = sizeof(how); i < a[3]; i++) {
        uint8_t byte = 0;

        if (!user_read(t->cs, &byte, a[2] + i, 1) || byte) {
            return byte ? -E2BIG : -EFAULT;
        }
    }
    if (how.flags > UINT32_MAX) {
        return -EINVAL;
    }
    path = how.resolve ? mem_string(t, a[1], &err) : path_arg(t, a[1], &err);
    if (!path) {
        return -err;
    }
    how.flags = host_flags(t->p, (uint32_t)how.flags);
    if (!how.resolve && procfs_open(t, (int)a[0], path, (int)how.flags, &r)) {
        return r;
    }
    r = safe_syscall(t, SYS_openat2, INT(a[0]), (uintptr_t)path, (uintptr_t)&how, sizeof(how), 0, 0);
    return r >= 0 ? procfs_not_memory(r) : r;
}

int64_t linux_call_open_by_handle_at(Thread *t, const uint64_t *a)
{
    return safe_syscall(t, SYS_open_by_handle_at, INT(a[0]), (uintptr_t)g2h_or_null(t->p, a[1]),
                        host_flags(t->p, (uint32_t)a[2]), 0, 0, 0);
}

int64_t linux_call_fanotify_init(Thread *t, const uint64_t *a)
{
    return safe_syscall(t, SYS_fanotify_init, a[0], host_flags(t->p, (uint32_t)a[1]), 0, 0, 0, 0);
}

int64_t linux_call_mq_open(Thread *t, const uint64_t *a)
{
    return safe_syscall(t, SYS_mq_open, (uintptr_t)g2h_or_null(t->p, a[0]), host_flags(t->p, (uint32_t)a[1]), a[2],
                        (uintptr_t)g2h_or_null(t->p, a[3]), 0, 0);
}

int64_t linux_call_mq_notify(Thread *t, const uint64_t *a)
{
    struct sigevent ev;

    if (!a[1]) {
        return safe_syscall(t, SYS_mq_notify, INT(a[0]), 0, 0, 0, 0, 0);
    }
    if (!user_read(t->cs, &ev, a[1], sizeof(ev))) {
        return -EFAULT;
    }
    if (ev.sigev_notify == SIGEV_THREAD) {      /* the value is the address of a message that the kernel is to send */
        ev.sigev_value.sival_ptr = g2h(t->p, (uintptr_t)ev.sigev_value.sival_ptr);
    }
    return safe_syscall(t, SYS_mq_notify, INT(a[0]), (uintptr_t)&ev, 0, 0, 0, 0);
}

int64_t linux_call_pipe2(Thread *t, const uint64_t *a)
{
    return safe_syscall(t, SYS_pipe2, (uintptr_t)g2h_or_null(t->p, a[0]), host_flags(t->p, (uint32_t)a[1]), 0, 0, 0, 0);
}

int64_t linux_call_fcntl(Thread *t, const uint64_t *a)
{
    int64_t r;

    switch ((int)a[1]) {
    case F_GETFL:
        r = safe_syscall(t, SYS_fcntl, INT(a[0]), a[1], 0, 0, 0, 0);
        return r < 0 ? r : guest_flags(t->p, (uint32_t)r);
    case F_SETFL:
        return safe_syscall(t, SYS_fcntl, INT(a[0]), a[1], host_flags(t->p, (uint32_t)a[2]), 0, 0, 0);
    case F_GETLK: case F_SETLK: case F_SETLKW: case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
    case F_GETOWN_EX: case F_SETOWN_EX: case 17 /* F_GETOWNER_UIDS */: case F_GET_RW_HINT: case F_SET_RW_HINT:
    case F_GET_FILE_RW_HINT: case F_SET_FILE_RW_HINT:
        return safe_syscall(t, SYS_fcntl, INT(a[0]), a[1], (uintptr_t)g2h_or_null(t->p, a[2]), 0, 0, 0);
    case F_SETSIG:
        /* its codes are those of faults */
        return a[2] == SIGSEGV || a[2] == SIGBUS ? -EINVAL :
               safe_syscall(t, SYS_fcntl, INT(a[0]), F_SETSIG, a[2], 0, 0, 0);
    case F_DUPFD: case F_DUPFD_CLOEXEC: case F_GETFD: case F_SETFD: case F_GETOWN: case F_SETOWN: case F_GETSIG:
    case F_GETLEASE: case F_SETLEASE: case F_NOTIFY: case 1027 /* F_DUPFD_QUERY */: case 1028 /* F_CREATED_QUERY */:
    case 1029 /* F_CANCELLK */: case F_GETPIPE_SZ: case F_SETPIPE_SZ: case F_ADD_SEALS: case F_GET_SEALS:
        return safe_syscall(t, SYS_fcntl, INT(a[0]), a[1], a[2], 0, 0, 0);
    }
    return fcntl((int)a[0], F_GETFD) < 0 ? -EBADF : -EINVAL;            /* of others the argument may be an address */
}

int64_t linux_call_faccessat(Thread *t, const uint64_t *a)
{
    int err = 0;
    g_autofree char *path = path_arg(t, a[1], &err);

    return path ? safe_syscall(t, SYS_faccessat, INT(a[0]), (uintptr_t)path, a[2], 0, 0, 0) : -err;
}

int64_t linux_call_faccessat2(Thread *t, const uint64_t *a)
{
    int err = 0;
    g_autofree char *path = path_arg(t, a[1], &err);

    return path ? safe_syscall(t, SYS_faccessat2, INT(a[0]), (uintptr_t)path, a[2], a[3], 0, 0) : -err;
}

int64_t linux_call_readlinkat(Thread *t, const uint64_t *a)
{
    int err = 0;
    g_autofree char *path = path_arg(t, a[1], &err);

    if (!path) {
        return -err;
    }
    if (procfs_is_exe(t, (int)a[0], path)) {
        size_t n = MIN(strlen(t->p->exe), a[3]);

        return (int64_t)a[3] <= 0 ? -EINVAL : user_write(t->cs, a[2], t->p->exe, n) ? (int64_t)n : -EFAULT;
    }
    return safe_syscall(t, SYS_readlinkat, INT(a[0]), (uintptr_t)path, (uintptr_t)g2h_or_null(t->p, a[2]), a[3], 0, 0);
}

/* -- stat ------------------------------------------------------------------------------------------------------------ */

/* asm-generic/stat.h, 64 bits */
typedef struct GuestStat {
    uint64_t dev, ino;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev, pad1;
    int64_t size;
    int32_t blksize, pad2;
    int64_t blocks, atime;
    uint64_t atime_ns;
    int64_t mtime;
    uint64_t mtime_ns;
    int64_t ctime;
    uint64_t ctime_ns;
    uint32_t unused[2];
} GuestStat;
G_STATIC_ASSERT(sizeof(GuestStat) == 128);

static int64_t put_stat(Thread *t, vaddr addr, const struct stat *st)
{
    const GuestStat g = {
        .dev = st->st_dev, .ino = st->st_ino, .mode = st->st_mode, .nlink = (uint32_t)st->st_nlink, .uid = st->st_uid,
        .gid = st->st_gid, .rdev = st->st_rdev, .size = st->st_size, .blksize = (int32_t)st->st_blksize,
        .blocks = st->st_blocks, .atime = st->st_atim.tv_sec, .atime_ns = (uint64_t)st->st_atim.tv_nsec,
        .mtime = st->st_mtim.tv_sec, .mtime_ns = (uint64_t)st->st_mtim.tv_nsec,
        .ctime = st->st_ctim.tv_sec, .ctime_ns = (uint64_t)st->st_ctim.tv_nsec,
    };

    return user_write(t->cs, addr, &g, sizeof(g)) ? 0 : -EFAULT;
}

int64_t linux_call_fstat(Thread *t, const uint64_t *a)
{
    struct stat st;

    return fstat((int)a[0], &st) < 0 ? -errno : put_stat(t, a[1], &st);
}

int64_t linux_call_fstatat(Thread *t, const uint64_t *a)
{
    int err = 0;
    g_autofree char *path = path_arg(t, a[1], &err);
    struct stat st;

    if (!path) {
        return -err;
    }
    if (!(a[3] & AT_SYMLINK_NOFOLLOW) && procfs_is_exe(t, (int)a[0], path)) {
        return stat(t->p->exe, &st) < 0 ? -errno : put_stat(t, a[2], &st);
    }
    return fstatat((int)a[0], path, &st, (int)a[3]) < 0 ? -errno : put_stat(t, a[2], &st);
}

int64_t linux_call_statx(Thread *t, const uint64_t *a)
{
    int err = 0;
    g_autofree char *path = path_arg(t, a[1], &err);

    if (path && !(a[2] & AT_SYMLINK_NOFOLLOW) && procfs_is_exe(t, (int)a[0], path)) {
        g_free(path);
        path = g_strdup(t->p->exe);
    }
    return path ? safe_syscall(t, SYS_statx, INT(a[0]), (uintptr_t)path, a[2], a[3],
                               (uintptr_t)g2h_or_null(t->p, a[4]), 0) : -err;
}

int64_t linux_call_statfs(Thread *t, const uint64_t *a)
{
    int err = 0;
    g_autofree char *path = path_arg(t, a[0], &err);

    return path ? safe_syscall(t, SYS_statfs, (uintptr_t)path, (uintptr_t)g2h_or_null(t->p, a[1]), 0, 0, 0, 0) : -err;
}

/* -- waiting --------------------------------------------------------------------------------------------------------- */

typedef struct GuestEpoll {
    uint32_t events, pad;
    uint64_t data;
} GuestEpoll;

int64_t linux_call_epoll_ctl(Thread *t, const uint64_t *a)
{
    struct epoll_event e = { 0 };
    GuestEpoll g;

    if (a[3]) {
        if (!user_read(t->cs, &g, a[3], sizeof(g))) {
            return -EFAULT;
        }
        e.events = g.events;
        e.data.u64 = g.data;
    }
    return safe_syscall(t, SYS_epoll_ctl, INT(a[0]), a[1], INT(a[2]), a[3] ? (uintptr_t)&e : 0, 0, 0);
}

enum { MAX_EVENTS = 1 << 20 };                  /* at once: more than there are descriptors */

static int64_t epoll(Thread *t, long nr, const uint64_t *a, uint64_t timeout)
{
    int max = (int)a[2];
    g_autofree struct epoll_event *e = NULL;
    int64_t n;

    if (max <= 0 || (unsigned)max > INT32_MAX / sizeof(GuestEpoll)) {
        return -EINVAL;
    }
    max = MIN(max, MAX_EVENTS);
    e = g_new(struct epoll_event, (unsigned)max);
    n = safe_syscall(t, nr, INT(a[0]), (uintptr_t)e, (uint64_t)max, timeout, (uintptr_t)g2h_or_null(t->p, a[4]), a[5]);
    for (int64_t i = 0; i < n; i++) {
        const GuestEpoll g = { .events = e[i].events, .data = e[i].data.u64 };

        if (!user_write(t->cs, a[1] + (uint64_t)i * sizeof(g), &g, sizeof(g))) {
            return -EFAULT;
        }
    }
    return n;
}

int64_t linux_call_epoll_pwait(Thread *t, const uint64_t *a)
{
    return epoll(t, SYS_epoll_pwait, a, INT(a[3]));
}

int64_t linux_call_epoll_pwait2(Thread *t, const uint64_t *a)
{
    return epoll(t, 441 /* epoll_pwait2 */, a, (uintptr_t)g2h_or_null(t->p, a[3]));
}

int64_t linux_call_pselect6(Thread *t, const uint64_t *a)
{
    uint64_t mask[2];

    if (a[5]) {
        if (!user_read(t->cs, mask, a[5], sizeof(mask))) {
            return -EFAULT;
        }
        mask[0] = (uintptr_t)g2h_or_null(t->p, mask[0]);
    }
    return safe_syscall(t, SYS_pselect6, INT(a[0]), (uintptr_t)g2h_or_null(t->p, a[1]),
                        (uintptr_t)g2h_or_null(t->p, a[2]), (uintptr_t)g2h_or_null(t->p, a[3]),
                        (uintptr_t)g2h_or_null(t->p, a[4]), a[5] ? (uintptr_t)mask : 0);
}

/* -- ioctl ----------------------------------------------------------------------------------------------------------- */

/* Requests whose argument is a number. */
static const uint32_t plain_ioctls[] = {
    TCSBRK, TCSBRKP, TCXONC, TCFLSH, TIOCSCTTY, TIOCNOTTY, TIOCEXCL, TIOCNXCL, TIOCSBRK, TIOCCBRK, TIOCGPTPEER, TIOCVHANGUP,
    FIOCLEX, FIONCLEX, FICLONE, BLKRRPART, BLKFLSBUF, LOOP_SET_FD, LOOP_CLR_FD, LOOP_CHANGE_FD, LOOP_SET_CAPACITY,
    LOOP_SET_DIRECT_IO, LOOP_SET_BLOCK_SIZE, LOOP_CTL_ADD, LOOP_CTL_REMOVE, LOOP_CTL_GET_FREE, NS_GET_USERNS, NS_GET_PARENT,
    NS_GET_NSTYPE, RTC_AIE_ON, RTC_AIE_OFF, RTC_UIE_ON, RTC_UIE_OFF, TUNSETNOCSUM, TUNSETDEBUG, TUNSETPERSIST, TUNSETOWNER,
    TUNSETLINK, TUNSETGROUP, KDSETMODE, KDSKBMODE, KDMKTONE, KIOCSOUND, KDSETLED, VT_ACTIVATE, VT_WAITACTIVE, VT_RELDISP,
    VT_DISALLOCATE, SIOCGSKNS,
};
/* Those whose argument is the address of data without further addresses, laid out alike on all 64-bit machines. */
static const uint32_t data_ioctls[] = {
    TCGETS, TCSETS, TCSETSW, TCSETSF, 0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d,                  /* and termios2 */
    TCGETA, TCSETA, TCSETAW, TCSETAF, TIOCGLCKTRMIOS, TIOCSLCKTRMIOS, TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP,
    TIOCGSID, TIOCOUTQ, FIONREAD, FIONBIO, FIOASYNC, FIOQSIZE, TIOCGPTN, TIOCSPTLCK, TIOCGPTLCK, TIOCGPKT, TIOCGEXCL,
    TIOCMGET, TIOCMSET, TIOCMBIS, TIOCMBIC, TIOCGSOFTCAR, TIOCSSOFTCAR, TIOCGETD, TIOCSETD, TIOCSTI, TIOCPKT, TIOCLINUX,
    TIOCGDEV, TIOCGICOUNT,
    FIOSETOWN, SIOCSPGRP, FIOGETOWN, SIOCGPGRP, SIOCATMARK, 0x8906, 0x8907, 0x80108906, 0x80108907,    /* stamps */
    SIOCGIFNAME, SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFADDR, SIOCSIFADDR, SIOCGIFDSTADDR, SIOCSIFDSTADDR, SIOCGIFBRDADDR,
    SIOCSIFBRDADDR, SIOCGIFNETMASK, SIOCSIFNETMASK, SIOCGIFMETRIC, SIOCSIFMETRIC, SIOCGIFMTU, SIOCSIFMTU, SIOCSIFNAME,
    SIOCSIFHWADDR, SIOCGIFHWADDR, SIOCADDMULTI, SIOCDELMULTI, SIOCGIFINDEX, SIOCGIFPFLAGS, SIOCSIFPFLAGS, SIOCGIFTXQLEN,
    SIOCSIFTXQLEN, SIOCOUTQNSD, SIOCGARP, SIOCSARP, SIOCDARP, SIOCGIFMAP, SIOCBRADDBR, SIOCBRDELBR, SIOCBRADDIF, SIOCBRDELIF,
    BLKGETSIZE, BLKROGET, BLKROSET, BLKRASET, BLKRAGET, BLKSSZGET, BLKBSZGET, BLKGETSIZE64, BLKPBSZGET, BLKIOMIN, BLKIOOPT,
    BLKALIGNOFF, BLKDISCARD, BLKDISCARDZEROES, BLKZEROOUT, BLKROTATIONAL, BLKSECTGET, LOOP_SET_STATUS64, LOOP_GET_STATUS64,
    LOOP_CONFIGURE, 0x301 /* HDIO_GETGEO */,
    FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_GETVERSION, FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR, FS_IOC_GETFSLABEL,
    FS_IOC_SETFSLABEL, FS_IOC_FIEMAP, FICLONERANGE, FIDEDUPERANGE, FITRIM, FIFREEZE, FITHAW, FIBMAP, FIGETBSZ,
    0x40305828, 0x40305829, 0x4030582a, 0x4030582b, 0x40305839,        /* reserving and zeroing ranges, as XFS has it */
    NS_GET_OWNER_UID, RNDGETENTCNT, RNDADDTOENTCNT, RTC_RD_TIME, RTC_SET_TIME, RTC_ALM_READ, RTC_ALM_SET, RTC_WKALM_RD,
    RTC_WKALM_SET, TUNSETIFF, TUNGETIFF, TUNGETFEATURES, TUNSETOFFLOAD, TUNSETSNDBUF, TUNGETSNDBUF, TUNGETVNETHDRSZ,
    TUNSETVNETHDRSZ, KDGETMODE, KDGKBMODE, KDGKBTYPE, KDGETLED, VT_OPENQRY, VT_GETMODE, VT_SETMODE, VT_GETSTATE,
    0x40085400 /* TFD_IOC_SET_TICKS */,
};

static bool in_list(const uint32_t *list, unsigned n, uint32_t request)
{
    for (unsigned i = 0; i < n; i++) {
        if (list[i] == request) {
            return true;
        }
    }
    return false;
}

/* The list of interfaces: a struct with the address of a buffer. */
static int64_t interfaces(Thread *t, const uint64_t *a)
{
    struct ifconf guest, h;
    int64_t r;

    if (!user_read(t->cs, &guest, a[2], sizeof(guest))) {
        return -EFAULT;
    }
    h = guest;
    h.ifc_buf = g2h_or_null(t->p, (uintptr_t)guest.ifc_buf);
    r = safe_syscall(t, SYS_ioctl, INT(a[0]), SIOCGIFCONF, (uintptr_t)&h, 0, 0, 0);
    guest.ifc_len = h.ifc_len;
    return r >= 0 && !user_write(t->cs, a[2], &guest, sizeof(guest)) ? -EFAULT : r;
}

/* A device's own: struct ifreq with the address of data, which has none. */
static int64_t ethtool(Thread *t, const uint64_t *a)
{
    struct ifreq r;

    if (!user_read(t->cs, &r, a[2], sizeof(r))) {
        return -EFAULT;
    }
    r.ifr_data = g2h_or_null(t->p, (uintptr_t)r.ifr_data);
    return safe_syscall(t, SYS_ioctl, INT(a[0]), SIOCETHTOOL, (uintptr_t)&r, 0, 0, 0);
}

int64_t linux_call_ioctl(Thread *t, const uint64_t *a)
{
    uint32_t request = (uint32_t)a[1];

    if (in_list(data_ioctls, G_N_ELEMENTS(data_ioctls), request)) {
        return safe_syscall(t, SYS_ioctl, INT(a[0]), request, (uintptr_t)g2h_or_null(t->p, a[2]), 0, 0, 0);
    }
    if (in_list(plain_ioctls, G_N_ELEMENTS(plain_ioctls), request)) {
        return safe_syscall(t, SYS_ioctl, INT(a[0]), request, a[2], 0, 0, 0);
    }
    if (request == SIOCGIFCONF) {
        return interfaces(t, a);
    }
    if (request == SIOCETHTOOL) {
        return ethtool(t, a);
    }
    if (fcntl((int)a[0], F_GETFD) < 0) {
        return -EBADF;
    }
    log_unimp("user: ioctl 0x%08x\n", request);
    return -ENOTTY;
}
