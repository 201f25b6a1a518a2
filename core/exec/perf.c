/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /tmp/perf-PID.map: a line "START SIZE NAME" for each piece of code, in hexadecimal (Linux, tools/perf/Documentation/
 * jit-interface.txt). It has no time in it: when the code buffer is emptied it begins anew, so what it says is true of
 * the code that is there at the end.
 *
 * jit-PID.dump: code with its time, for perf inject (jitdump-specification.txt beside it). What is loaded later to the same
 * addresses is what is there from then on. A page of the file is mapped as code: that is how perf comes to know of it.
 *
 * Both are written with a call for each record, since a process in user mode ends when it likes. A program may close the
 * descriptors, and may open others in their place: each is looked at before it is written to.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "core/exec/perf.h"
#include "core/exec/symbols.h"
#include "core/keyval.h"

enum {
    HIGH_FD = 520, NO_FD = -1,
    DUMP_MAGIC = 0x4a695444, DUMP_VERSION = 1, DUMP_X86_64 = 62,        /* EM_X86_64 */
    DUMP_CODE_LOAD = 0, DUMP_CODE_CLOSE = 3,
};

typedef struct DumpHeader {
    uint32_t magic, version, size, machine, pad, pid;
    uint64_t time, flags;
} DumpHeader;

typedef struct DumpRecord {
    uint32_t id, size;
    uint64_t time;
} DumpRecord;

/* A name and the code follow. */
typedef struct DumpLoad {
    DumpRecord head;
    uint32_t pid, tid;
    uint64_t vma, addr, size, index;
} DumpLoad;

typedef struct Output {
    char *path;
    int fd;
    dev_t dev;
    ino_t ino;
} Output;

/* Guest addresses that a file is mapped to, whose addresses are `delta` less; its table may be NULL. */
typedef struct Mapped {
    vaddr start, end;
    uint64_t delta;
    const SymbolTable *symbols;
} Mapped;

struct Perf {
    ExecMachine *x;
    GMutex lock;                                /* a leaf */
    char *folder;                               /* where the dump is */
    Output map, dump;                           /* path NULL: not wanted */
    void *marker;
    uint64_t index;                             /* of code in the dump */
    GPtrArray *symbols;                         /* (SymbolTable *) of addresses as they are */
    GHashTable *files;                          /* user mode: path to SymbolTable, or NULL */
    GArray *mapped;                             /* Mapped */
};

/* -- files ----------------------------------------------------------------------------------------------------------------- */

static bool output_open(Output *o, int flags)
{
    int fd = open(o->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
    int high = fd < 0 ? NO_FD : fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
    struct stat st;

    if (high >= 0) {
        close(fd);
        fd = high;
    }
    o->fd = fd;
    if (fd < 0 || fstat(fd, &st) < 0) {
        return false;
    }
    o->dev = st.st_dev;
    o->ino = st.st_ino;
    return true;
}

/* Whether the descriptor is still the file's; if not, it is opened again. */
static bool output_ready(Output *o)
{
    struct stat st;

    return (o->fd >= 0 && fstat(o->fd, &st) == 0 && st.st_dev == o->dev && st.st_ino == o->ino) || output_open(o, 0);
}

/* A full disk, say, costs names, and nothing else. */
static void output_write(Output *o, const struct iovec *parts, int num)
{
    if (output_ready(o)) {
        ssize_t done = writev(o->fd, parts, num);

        (void)done;
    }
}

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void map_line(Perf *p, const void *start, size_t size, const char *name)
{
    g_autofree char *line = g_strdup_printf("%" PRIxPTR " %zx %s\n", (uintptr_t)start, size, name);
    struct iovec part = { line, strlen(line) };

    output_write(&p->map, &part, 1);
}

static void dump_code(Perf *p, const void *start, size_t size, const char *name)
{
    size_t len = strlen(name) + 1;
    DumpLoad r = {
        .head = { DUMP_CODE_LOAD, (uint32_t)(sizeof(r) + len + size), now() },
        .pid = (uint32_t)getpid(), .tid = (uint32_t)syscall(SYS_gettid),
        .vma = (uintptr_t)start, .addr = (uintptr_t)start, .size = size, .index = p->index++,
    };
    struct iovec parts[] = { { &r, sizeof(r) }, { (char *)name, len }, { (void *)start, size } };

    output_write(&p->dump, parts, G_N_ELEMENTS(parts));
}

static void told(Perf *p, const void *start, size_t size, const char *name)
{
    if (p->map.path) {
        map_line(p, start, size, name);
    }
    if (p->dump.path) {
        dump_code(p, start, size, name);
    }
}

static void tell_thunks(Perf *p)
{
    size_t size;
    const void *start = tcg_codebuf_thunks(p->x->buf, &size);

    told(p, start, size, "chimera.shared");
}

static bool failed(const Output *o, GError **error)
{
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "%s: %s", o->path, g_strerror(errno));
    return false;
}

static bool open_map(Perf *p, GError **error)
{
    g_free(p->map.path);
    p->map.path = g_strdup_printf("/tmp/perf-%d.map", getpid());
    return output_open(&p->map, O_TRUNC) || failed(&p->map, error);
}

static bool open_dump(Perf *p, GError **error)
{
    DumpHeader h = {
        .magic = DUMP_MAGIC, .version = DUMP_VERSION, .size = sizeof(h), .machine = DUMP_X86_64,
        .pid = (uint32_t)getpid(), .time = now(),
    };
    struct iovec part = { &h, sizeof(h) };

    g_free(p->dump.path);
    p->dump.path = g_strdup_printf("%s/jit-%d.dump", p->folder, getpid());
    p->index = 0;
    if (!output_open(&p->dump, O_TRUNC)) {
        return failed(&p->dump, error);
    }
    output_write(&p->dump, &part, 1);
    p->marker = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_EXEC, MAP_PRIVATE, p->dump.fd, 0);
    if (p->marker == MAP_FAILED) {
        p->marker = NULL;
        return failed(&p->dump, error);
    }
    return true;
}

bool perf_new(ExecMachine *x, Perf **ret, GError **error)
{
    const AccelConfig *c = &x->config;
    Perf *p;

    *ret = NULL;
    if (!c->perfmap && !c->jitdump) {
        return true;
    }
    if (strcmp(tcg_backend_name(x->be), "tcg") != 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-%s: an interpreter makes no code that perf could see",
                    c->perfmap ? "perfmap" : "jitdump");
        return false;
    }
    p = g_new0(Perf, 1);
    p->x = x;
    g_mutex_init(&p->lock);
    p->folder = g_get_current_dir();
    p->symbols = g_ptr_array_new();
    p->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    p->mapped = g_array_new(FALSE, FALSE, sizeof(Mapped));
    p->map.fd = p->dump.fd = NO_FD;
    if ((c->perfmap && !open_map(p, error)) || (c->jitdump && !open_dump(p, error))) {
        perf_free(p);
        return false;
    }
    tell_thunks(p);
    *ret = p;
    return true;
}

static void free_table(gpointer key G_GNUC_UNUSED, gpointer value, gpointer opaque G_GNUC_UNUSED)
{
    symbols_free(value);
}

void perf_free(Perf *p)
{
    if (!p) {
        return;
    }
    if (p->dump.path && p->marker) {
        DumpRecord r = { DUMP_CODE_CLOSE, sizeof(r), now() };
        struct iovec part = { &r, sizeof(r) };

        output_write(&p->dump, &part, 1);
        munmap(p->marker, (size_t)sysconf(_SC_PAGESIZE));
    }
    for (unsigned i = 0; i < 2; i++) {
        Output *o = i ? &p->dump : &p->map;

        if (o->fd >= 0) {
            close(o->fd);
        }
        g_free(o->path);
    }
    for (unsigned i = 0; i < p->symbols->len; i++) {
        symbols_free(p->symbols->pdata[i]);
    }
    g_ptr_array_unref(p->symbols);
    g_hash_table_foreach(p->files, free_table, NULL);
    g_hash_table_unref(p->files);
    g_array_unref(p->mapped);
    g_mutex_clear(&p->lock);
    g_free(p->folder);
    g_free(p);
}

/* -- names ----------------------------------------------------------------------------------------------------------------- */

static bool find_mapped(const Perf *p, vaddr pc, Mapped *ret)
{
    for (unsigned i = 0; i < p->mapped->len; i++) {
        const Mapped *m = &g_array_index(p->mapped, Mapped, i);

        if (pc >= m->start && pc < m->end) {
            *ret = *m;
            return true;
        }
    }
    return false;
}

/* User mode: what is mapped there, and its symbols, which are read once. */
static bool map_file(Perf *p, vaddr pc, Mapped *ret)
{
    UserMapping at;
    gpointer table;
    uint64_t addr;

    if (!exec_user_mapping(p->x, pc, &at)) {
        return false;
    }
    g_mutex_lock(&p->lock);
    if (!g_hash_table_lookup_extended(p->files, at.path, NULL, &table)) {
        table = symbols_load(at.path);
        g_hash_table_insert(p->files, g_strdup(at.path), table);
    }
    *ret = (Mapped){ .start = at.start, .end = at.end, .symbols = table };
    if (table && symbols_file_address(table, at.offset + (pc - at.start), &addr)) {
        ret->delta = pc - addr;
    } else {
        ret->symbols = NULL;
    }
    if (!find_mapped(p, pc, &(Mapped){ 0 })) {
        g_array_append_val(p->mapped, *ret);
    }
    g_mutex_unlock(&p->lock);
    g_free(at.path);
    return true;
}

/* may_ask: the caller may wait for who changes the map of memory. */
static const char *find_name(Perf *p, vaddr pc, bool may_ask, uint64_t *ret_offset)
{
    const char *name = NULL;
    Mapped m;

    if (p->x->user) {
        bool found;

        pc &= exec_user_mask(p->x);
        g_mutex_lock(&p->lock);
        found = find_mapped(p, pc, &m);
        g_mutex_unlock(&p->lock);
        found = found || (may_ask && map_file(p, pc, &m));
        return found && m.symbols ? symbols_find(m.symbols, pc - m.delta, ret_offset) : NULL;
    }
    for (unsigned i = 0; i < p->symbols->len && !name; i++) {
        name = symbols_find(p->symbols->pdata[i], pc, ret_offset);
    }
    return name;
}

void perf_code(Perf *p, const TcgCode *code, vaddr pc, bool region)
{
    g_autofree char *text = NULL;
    uint64_t offset = 0;
    const char *name;

    if (!p) {
        return;
    }
    /* a region's block has been here before it; they that make regions are waited for by who changes the map */
    name = find_name(p, pc, !region, &offset);
    if (name && offset) {
        text = g_strdup_printf("%s+0x%" PRIx64 "%s", name, offset, region ? ".region" : "");
    } else if (name) {
        text = g_strdup_printf("%s%s", name, region ? ".region" : "");
    } else {
        text = g_strdup_printf("guest-0x%" PRIx64 "%s", pc, region ? ".region" : "");
    }
    g_mutex_lock(&p->lock);
    told(p, code->entry, code->text_size, text);
    g_mutex_unlock(&p->lock);
}

bool exec_perf_symbols(Machine *m, const char *path)
{
    Perf *p = exec_machine(m)->perf;
    SymbolTable *t = p ? symbols_load(path) : NULL;

    if (t) {
        g_ptr_array_add(p->symbols, t);
    }
    return t;
}

/* -- what changes ---------------------------------------------------------------------------------------------------------- */

void perf_reset(Perf *p)
{
    if (p) {
        g_mutex_lock(&p->lock);
        if (p->map.path && output_ready(&p->map) && ftruncate(p->map.fd, 0) == 0) {
            size_t size;
            const void *start = tcg_codebuf_thunks(p->x->buf, &size);

            map_line(p, start, size, "chimera.shared");
        }
        g_mutex_unlock(&p->lock);
    }
}

void perf_unmapped(Perf *p, vaddr addr, uint64_t len)
{
    if (!p) {
        return;
    }
    g_mutex_lock(&p->lock);
    for (unsigned i = p->mapped->len; i-- > 0;) {
        Mapped *m = &g_array_index(p->mapped, Mapped, i), rest = *m;

        if (m->start < addr + len && addr < m->end) {
            m->end = addr;
            rest.start = addr + len;
            if (m->start >= m->end) {
                g_array_remove_index_fast(p->mapped, i);
            }
            if (rest.start < rest.end) {
                g_array_append_val(p->mapped, rest);
            }
        }
    }
    g_mutex_unlock(&p->lock);
}

void perf_lock(Perf *p)
{
    if (p) {
        g_mutex_lock(&p->lock);
    }
}

void perf_unlock(Perf *p)
{
    if (p) {
        g_mutex_unlock(&p->lock);
    }
}

void perf_forked(Perf *p)
{
    if (!p) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        Output *o = i ? &p->dump : &p->map;

        if (o->path && output_ready(o)) {
            close(o->fd);
        }
        o->fd = NO_FD;
    }
    if (p->marker) {
        munmap(p->marker, (size_t)sysconf(_SC_PAGESIZE));
        p->marker = NULL;
    }
    if (p->map.path) {
        open_map(p, NULL);
    }
    if (p->dump.path) {
        open_dump(p, NULL);
    }
    tell_thunks(p);
}
