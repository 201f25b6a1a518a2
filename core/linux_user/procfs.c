/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of /proc (proc(5)) that speak of the program, its memory or its CPU: the host's would speak of the emulator.
 * Each is made when it is opened, as a file in memory. What a mapping has in memory is counted by the host, whose
 * mappings may be larger than the guest's where they differ in what only the guest knows: shared out by size then.
 * Not made: numa_maps, as in a kernel without NUMA; pagemap and mem cannot be opened, since their offsets would be
 * the emulator's addresses.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>
#include "core/linux_user/user_int.h"

/* -- names ----------------------------------------------------------------------------------------------------------- */

static bool is_own_thread(Process *p, int tid)
{
    bool found = tid == getpid();

    g_mutex_lock(&p->threads_lock);
    for (unsigned i = 0; !found && i < p->threads->len; i++) {
        found = ((const Thread *)p->threads->pdata[i])->tid == tid;
    }
    g_mutex_unlock(&p->threads_lock);
    return found;
}

/* A number of a process or thread of ours before a '/', which is skipped; -1. */
static int own_number(Process *p, const char **at)
{
    char *end;
    long n = **at >= '1' && **at <= '9' ? strtol(*at, &end, 10) : 0;

    if (n <= 0 || n > INT32_MAX || *end != '/' || !is_own_thread(p, (int)n)) {
        return -1;
    }
    *at = end;
    return (int)n;
}

/* "/proc/self/X", "/proc/PID/task/TID/X" and their like, of this process: X, and *ret_tid, 0: the process. Else NULL. */
static const char *own_file(Thread *t, const char *path, int *ret_tid)
{
    const char *at = path;

    *ret_tid = 0;
    if (!g_str_has_prefix(at, "/proc/")) {
        return NULL;
    }
    at += strlen("/proc/");
    at += strspn(at, "/");
    if (g_str_has_prefix(at, "self/")) {
        at += strlen("self");
    } else if (g_str_has_prefix(at, "thread-self/")) {
        at += strlen("thread-self");
        *ret_tid = t->tid;
    } else if (own_number(t->p, &at) < 0) {
        return NULL;
    }
    at += strspn(at, "/");
    if (g_str_has_prefix(at, "task/")) {
        at += strlen("task/");
        *ret_tid = own_number(t->p, &at);
        if (*ret_tid < 0) {
            return NULL;
        }
        at += strspn(at, "/");
    }
    return at;
}

/* A path that begins at a descriptor of a folder in /proc, from the root. Else NULL. */
static char *from_folder(int dirfd, const char *path)
{
    g_autofree char *link = NULL, *folder = NULL;
    struct statfs fs;

    if (dirfd == AT_FDCWD || path[0] == '/' || !path[0] || fstatfs(dirfd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
        return NULL;
    }
    link = g_strdup_printf("/proc/self/fd/%d", dirfd);
    folder = g_file_read_link(link, NULL);
    return folder ? g_strconcat(folder, "/", path, NULL) : NULL;
}

bool procfs_is_exe(Thread *t, int dirfd, const char *path)
{
    g_autofree char *whole = from_folder(dirfd, path);
    int tid;

    return g_strcmp0(own_file(t, whole ? whole : path, &tid), "exe") == 0;
}

/* -- what is in memory ----------------------------------------------------------------------------------------------- */

/* The counters of smaps that are kibibytes and add up, in its order. */
static const char *const counter_names[] = {
    "Rss", "Pss", "Pss_Dirty", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous",
    "KSM", "LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb", "Private_Hugetlb", "Swap",
    "SwapPss", "Locked",
};
enum { RSS = 0, PSS = 1, ANONYMOUS = 8, NUM_COUNTERS = G_N_ELEMENTS(counter_names) };
typedef struct Counters {
    uint64_t kb[NUM_COUNTERS];
} Counters;

/* A mapping of the host's in the guest's memory, by guest addresses. */
typedef struct HostMap {
    vaddr start, end;
    Counters c;
} HostMap;

static void read_line(const Process *p, GArray *maps, bool *in, const char *line)
{
    uint64_t start, end, kb;
    char name[32];

    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2) {
        const HostMap m = { start - p->mem.base, end - p->mem.base, { { 0 } } };

        *in = start >= p->mem.base && m.start < p->mem.size;
        if (*in) {
            g_array_append_val(maps, m);
        }
    } else if (*in && sscanf(line, "%31[A-Za-z_]: %" SCNu64 " kB", name, &kb) == 2) {
        for (unsigned i = 0; i < NUM_COUNTERS; i++) {
            if (strcmp(name, counter_names[i]) == 0) {
                g_array_index(maps, HostMap, maps->len - 1).c.kb[i] = kb;
            }
        }
    }
}

/* (HostMap), by address. */
static GArray *host_maps(const Process *p)
{
    GArray *maps = g_array_new(FALSE, FALSE, sizeof(HostMap));
    g_autofree char *text = NULL;
    bool in = false;

    if (g_file_get_contents("/proc/self/smaps", &text, NULL, NULL)) {
        for (char *line = text, *next; line; line = next) {
            next = strchr(line, '\n');
            if (next) {
                *next++ = '\0';
            }
            read_line(p, maps, &in, line);
        }
    }
    return maps;
}

typedef struct Sums {
    Process *p;
    GArray *maps;                               /* (HostMap) */
    GString *out;                               /* smaps; or NULL */
    Counters all;
    vaddr start, end;                           /* of all */
    uint64_t anon, file, shmem;                 /* resident, KiB */
    uint64_t pss_anon, pss_file, pss_shmem;
    uint64_t size, data, stack, text, lib;      /* KiB */
} Sums;

static bool is_file(const Vma *v)
{
    return v->file && v->file[0] == '/';
}

static void add_counters(const Sums *s, const Vma *v, Counters *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (unsigned i = 0; i < s->maps->len; i++) {
        const HostMap *m = &g_array_index(s->maps, HostMap, i);
        vaddr from = MAX(m->start, v->start), to = MIN(m->end, v->end);

        for (unsigned k = 0; from < to && k < NUM_COUNTERS; k++) {
            ret->kb[k] += (uint64_t)((unsigned __int128)m->c.kb[k] * (to - from) / (m->end - m->start));
        }
    }
}

static void append_counters(GString *out, const Counters *c, unsigned from)
{
    for (unsigned i = from; i < NUM_COUNTERS; i++) {
        g_autofree char *name = g_strconcat(counter_names[i], ":", NULL);

        g_string_append_printf(out, "%-16s%8" PRIu64 " kB\n", name, c->kb[i]);
    }
}

static void add_vma(const Vma *v, void *opaque)
{
    uint64_t kb = (v->end - v->start) >> 10, anon;
    Sums *s = opaque;
    Counters c;

    add_counters(s, v, &c);
    for (unsigned i = 0; i < NUM_COUNTERS; i++) {
        s->all.kb[i] += c.kb[i];
    }
    s->start = MIN(s->start, v->start);
    s->end = MAX(s->end, v->end);
    anon = MIN(c.kb[ANONYMOUS], c.kb[RSS]);
    s->anon += anon;
    s->pss_anon += MIN(anon, c.kb[PSS]);
    *(is_file(v) ? &s->file : &s->shmem) += c.kb[RSS] - anon;
    *(is_file(v) ? &s->pss_file : &s->pss_shmem) += c.kb[PSS] - MIN(anon, c.kb[PSS]);
    s->size += kb;
    if (g_strcmp0(v->file, "[stack]") == 0) {
        s->stack += kb;
    } else if (v->prot & PROT_WRITE && !v->shared) {
        s->data += kb;
    } else if (v->prot & PROT_EXEC && is_file(v)) {
        *(strcmp(v->file, s->p->exe) == 0 ? &s->text : &s->lib) += kb;
    }
    if (s->out) {
        mem_maps_line(v, s->out);
        g_string_append_printf(s->out, "%-16s%8" PRIu64 " kB\n%-16s%8u kB\n%-16s%8u kB\n", "Size:", kb, "KernelPageSize:",
                               LINUX_PAGE >> 10, "MMUPageSize:", LINUX_PAGE >> 10);
        append_counters(s->out, &c, 0);
        g_string_append_printf(s->out, "%-16s%8u\nVmFlags: %s%s%s%smr mw me %s%s\n", "THPeligible:", 0,
                               v->prot & PROT_READ ? "rd " : "", v->prot & PROT_WRITE ? "wr " : "",
                               v->prot & PROT_EXEC ? "ex " : "", v->shared ? "sh " : "", v->shared ? "ms " : "",
                               v->prot & PROT_WRITE && !v->shared ? "ac " : "");
    }
}

static void sum(Process *p, GString *out, Sums *ret)
{
    *ret = (Sums){ .p = p, .maps = host_maps(p), .out = out, .start = UINT64_MAX };
    mem_each(p, add_vma, ret);
    g_array_unref(ret->maps);
}

static void make_smaps(Thread *t, int tid G_GNUC_UNUSED, GString *out)
{
    Sums s;

    sum(t->p, out, &s);
}

static void make_rollup(Thread *t, int tid G_GNUC_UNUSED, GString *out)
{
    static const char *const pss_names[] = { "Pss_Anon:", "Pss_File:", "Pss_Shmem:" };
    Counters head = { { 0 } };
    Sums s;

    sum(t->p, NULL, &s);
    g_string_append_printf(out, "%08" PRIx64 "-%08" PRIx64 " ---p 00000000 00:00 0 ", s.start, s.end);
    while (out->len < 73) {
        g_string_append_c(out, ' ');
    }
    g_string_append(out, "[rollup]\n");
    for (unsigned i = RSS; i <= PSS + 1; i++) {
        g_autofree char *name = g_strconcat(counter_names[i], ":", NULL);

        g_string_append_printf(out, "%-16s%8" PRIu64 " kB\n", name, s.all.kb[i]);
    }
    head.kb[0] = s.pss_anon;
    head.kb[1] = s.pss_file;
    head.kb[2] = s.pss_shmem;
    for (unsigned i = 0; i < G_N_ELEMENTS(pss_names); i++) {
        g_string_append_printf(out, "%-16s%8" PRIu64 " kB\n", pss_names[i], head.kb[i]);
    }
    append_counters(out, &s.all, PSS + 2);
}

static void make_statm(Thread *t, int tid G_GNUC_UNUSED, GString *out)
{
    const unsigned page = LINUX_PAGE >> 10;
    Sums s;

    sum(t->p, NULL, &s);
    g_string_append_printf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " 0 %" PRIu64 " 0\n", s.size / page,
                           s.all.kb[RSS] / page, (s.file + s.shmem) / page, s.text / page, (s.data + s.stack) / page);
}

/* -- the others ------------------------------------------------------------------------------------------------------ */

static void make_maps(Thread *t, int tid G_GNUC_UNUSED, GString *out)
{
    mem_maps(t->p, out);
}

/* By the kernel: it may be another's thread that asks. */
static void guest_bytes(Thread *t, vaddr addr, size_t len, GString *out)
{
    g_autofree char *buf = g_malloc(len + 1);
    struct iovec to = { buf, len }, from = { g2h(t->p, addr), len };
    ssize_t n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

    if (n > 0) {
        g_string_append_len(out, buf, n);
    }
}

static void make_auxv(Thread *t, int tid G_GNUC_UNUSED, GString *out)
{
    guest_bytes(t, t->p->auxv, t->p->auxv_size, out);
}

static void make_cmdline(Thread *t, int tid G_GNUC_UNUSED, GString *out)
{
    guest_bytes(t, t->p->arg_start, t->p->arg_end - t->p->arg_start, out);
}

static void make_environ(Thread *t, int tid G_GNUC_UNUSED, GString *out)
{
    guest_bytes(t, t->p->arg_end, t->p->env_end - t->p->arg_end, out);
}

static char *host_text(int tid, const char *name)
{
    g_autofree char *path = tid ? g_strdup_printf("/proc/self/task/%d/%s", tid, name) : g_strconcat("/proc/self/", name, NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

/* The host's line with what speaks of the emulator replaced; numbers as proc(5) counts fields. */
static void make_stat(Thread *t, int tid, GString *out)
{
    g_autofree char *text = host_text(tid, "stat");
    char *end = text ? strrchr(text, ')') : NULL;
    const Process *p = t->p;
    g_auto(GStrv) f = NULL;
    unsigned threads;
    Sums s;

    if (!end) {
        return;
    }
    sum(t->p, NULL, &s);
    g_mutex_lock(&t->p->threads_lock);
    threads = t->vfork ? 1 : p->threads->len;
    g_mutex_unlock(&t->p->threads_lock);
    f = g_strsplit(end + 2, " ", -1);
    g_string_append_len(out, text, end + 1 - text);
    for (unsigned i = 0; f[i]; i++) {
        const struct {
            unsigned field;
            uint64_t value;
        } own[] = {
            { 20, threads }, { 23, s.size << 10 }, { 24, s.all.kb[RSS] / (LINUX_PAGE >> 10) }, { 28, p->stack_top },
            { 47, p->brk_start }, { 48, p->arg_start }, { 49, p->arg_end }, { 50, p->arg_end }, { 51, p->env_end },
        };
        bool replaced = false;

        for (unsigned k = 0; k < G_N_ELEMENTS(own); k++) {
            if (own[k].field == i + 3) {
                g_string_append_printf(out, " %" PRIu64, own[k].value);
                replaced = true;
            }
        }
        if (!replaced) {
            g_string_append_printf(out, " %s", f[i]);
        }
    }
}

typedef struct SignalSets {
    uint64_t blocked, ignored, caught;
    unsigned threads;
} SignalSets;

static SignalSets signal_sets(Thread *t, int tid)
{
    Process *p = t->p;
    SignalSets r = { .blocked = t->mask };

    g_mutex_lock(&p->threads_lock);
    for (unsigned i = 0; i < p->threads->len; i++) {
        const Thread *other = p->threads->pdata[i];

        r.blocked = other->tid == (tid ? tid : getpid()) ? other->mask : r.blocked;
    }
    for (unsigned sig = 1; sig <= LINUX_NSIG; sig++) {
        r.ignored |= (uint64_t)(t->action[sig].handler == 1) << (sig - 1);
        r.caught |= (uint64_t)(t->action[sig].handler > 1) << (sig - 1);
    }
    r.threads = t->vfork ? 1 : p->threads->len;
    g_mutex_unlock(&p->threads_lock);
    return r;
}

static void make_status(Thread *t, int tid, GString *out)
{
    g_autofree char *text = host_text(tid, "status");
    const SignalSets sets = signal_sets(t, tid);
    g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
    Sums s;

    sum(t->p, NULL, &s);
    for (unsigned i = 0; lines && lines[i] && lines[i][0]; i++) {
        const struct {
            const char *name;
            uint64_t kb;
        } sizes[] = {
            { "VmPeak:", s.size }, { "VmSize:", s.size }, { "VmHWM:", s.all.kb[RSS] }, { "VmRSS:", s.all.kb[RSS] },
            { "RssAnon:", s.anon }, { "RssFile:", s.file }, { "RssShmem:", s.shmem }, { "VmData:", s.data },
            { "VmStk:", s.stack }, { "VmExe:", s.text }, { "VmLib:", s.lib }, { "VmSwap:", s.all.kb[16] },
        };
        const struct {
            const char *name;
            uint64_t set;
        } signals[] = { { "SigBlk:", sets.blocked }, { "SigIgn:", sets.ignored }, { "SigCgt:", sets.caught } };
        bool done = false;

        for (unsigned k = 0; k < G_N_ELEMENTS(sizes); k++) {
            if (g_str_has_prefix(lines[i], sizes[k].name)) {
                g_string_append_printf(out, "%s\t%8" PRIu64 " kB\n", sizes[k].name, sizes[k].kb);
                done = true;
            }
        }
        for (unsigned k = 0; k < G_N_ELEMENTS(signals); k++) {
            if (g_str_has_prefix(lines[i], signals[k].name)) {
                g_string_append_printf(out, "%s\t%016" PRIx64 "\n", signals[k].name, signals[k].set);
                done = true;
            }
        }
        if (g_str_has_prefix(lines[i], "Threads:")) {
            g_string_append_printf(out, "Threads:\t%u\n", sets.threads);
        } else if (!done && !g_str_has_prefix(lines[i], "x86_") && !g_str_has_prefix(lines[i], "untag_mask:")) {
            g_string_append_printf(out, "%s\n", lines[i]);
        }
    }
}

/* One for each CPU that the program may run on. */
static void make_cpuinfo(Thread *t, int tid G_GNUC_UNUSED, GString *out)
{
    cpu_set_t set;

    if (!t->p->target->cpuinfo || sched_getaffinity(0, sizeof(set), &set) < 0) {
        return;
    }
    for (unsigned i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &set)) {
            t->p->target->cpuinfo(t->cs, i, out);
        }
    }
}

/* -- opening --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*make)(Thread *t, int tid, GString *out);             /* NULL: what error says */
    int error;
} own_files[] = {
    { "maps", make_maps, 0 },
    { "auxv", make_auxv, 0 },
    { "cmdline", make_cmdline, 0 },
    { "environ", make_environ, 0 },
    { "stat", make_stat, 0 },
    { "statm", make_statm, 0 },
    { "status", make_status, 0 },
    { "smaps", make_smaps, 0 },
    { "smaps_rollup", make_rollup, 0 },
    { "numa_maps", NULL, ENOENT },
    { "pagemap", NULL, EPERM },
    { "mem", NULL, EACCES },
};

static int64_t memory_file(const char *name, int flags, const GString *s)
{
    int fd = memfd_create(name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    gsize at = 0;

    while (fd >= 0 && at < s->len) {
        ssize_t n = write(fd, s->str + at, s->len - at);

        if (n <= 0) {
            break;
        }
        at += (gsize)n;
    }
    return fd < 0 ? -errno : lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd;
}

bool procfs_open(Thread *t, int dirfd, const char *path, int flags, int64_t *ret)
{
    g_autofree char *whole = from_folder(dirfd, path);
    g_autoptr(GString) s = NULL;
    const char *name;
    int tid = 0;

    path = whole ? whole : path;
    name = own_file(t, path, &tid);
    if (!name && strcmp(path, "/proc/cpuinfo") == 0 && t->p->target->cpuinfo) {
        s = g_string_new(NULL);
        make_cpuinfo(t, 0, s);
        *ret = memory_file("cpuinfo", flags, s);
        return true;
    }
    if (!name) {
        return false;
    }
    if (strcmp(name, "exe") == 0) {
        int fd = open(t->p->exe, flags);

        *ret = fd < 0 ? -errno : fd;
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(own_files); i++) {
        if (strcmp(name, own_files[i].name) == 0) {
            if (own_files[i].make) {
                s = g_string_new(NULL);
                own_files[i].make(t, tid, s);
                *ret = memory_file(name, flags, s);
            } else {
                *ret = -own_files[i].error;
            }
            return true;
        }
    }
    return false;
}

/* /proc/PID/mem or pagemap of this process, by whatever name. */
static bool is_own_memory(int fd)
{
    g_autofree char *link = NULL, *name = NULL, *prefix = NULL;
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
        return false;
    }
    link = g_strdup_printf("/proc/self/fd/%d", fd);
    name = g_file_read_link(link, NULL);
    prefix = g_strdup_printf("/%d/", (int)getpid());
    return name && (g_str_has_suffix(name, "/mem") || g_str_has_suffix(name, "/pagemap")) && strstr(name, prefix);
}

int64_t procfs_not_memory(int64_t fd)
{
    if (is_own_memory((int)fd)) {
        close((int)fd);
        return -EACCES;
    }
    return fd;
}
