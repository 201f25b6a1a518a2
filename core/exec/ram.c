/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RAM blocks: private anonymous memory with huge pages. A block that cannot fit the host's free memory is refused
 * when it is made, rather than killed when the guest uses it.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "core/bits.h"
#include "core/exec/memory_int.h"

#define HUGE_PAGE (UINT64_C(2) << 20)
enum { FILL_STEP = 1 << 20 };

/* Bytes that the host could still give: available memory and free swap; UINT64_MAX if it does not say. */
static uint64_t host_available(void)
{
    g_autofree char *text = NULL;
    uint64_t sum = 0;
    bool found = false;

    if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL)) {
        return UINT64_MAX;
    }
    for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
        if (g_str_has_prefix(p, "MemAvailable:") || g_str_has_prefix(p, "SwapFree:")) {
            sum += g_ascii_strtoull(strchr(p, ':') + 1, NULL, 10) << 10;
            found = found || *p == 'M';
        }
    }
    return found ? sum : UINT64_MAX;
}

RamBlock *ram_block_new(const char *name, uint64_t size, GError **error)
{
    uint64_t available = host_available();
    uint64_t length, slack;
    uint8_t *map;
    RamBlock *rb;

    g_assert(size > 0);
    if (size > available || size > UINT64_C(1) << 46) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "%s of %" G_GUINT64_FORMAT " MiB does not fit this host, which has %" G_GUINT64_FORMAT
                    " MiB available: ask for less", name, size >> 20, available >> 20);
        return NULL;
    }
    length = align_up(size, 4096);
    slack = length >= HUGE_PAGE ? HUGE_PAGE : 0;
    map = mmap(NULL, length + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "%s of %" G_GUINT64_FORMAT " MiB: the host gives no memory: %s", name, size >> 20,
                    g_strerror(errno));
        return NULL;
    }
    rb = g_new0(RamBlock, 1);
    rb->name = g_strdup(name);
    rb->size = size;
    rb->host = map;
    if (slack) {
        uint8_t *start = (uint8_t *)align_up((uintptr_t)map, HUGE_PAGE);

        if (start != map) {
            munmap(map, start - map);
        }
        munmap(start + length, map + slack - start);
        rb->host = start;
        madvise(start, length, MADV_HUGEPAGE);  /* a host without them is only slower */
    }
    return rb;
}

/* A file of FILL_STEP bytes v, without a name; -1: there is none. */
static int fill_file(uint8_t v)
{
    struct rlimit limit;
    void *map;
    int fd;

    if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur < FILL_STEP || (fd = memfd_create("fill", MFD_CLOEXEC)) < 0) {
        return -1;
    }
    if (ftruncate(fd, FILL_STEP) < 0 ||
        (map = mmap(NULL, FILL_STEP, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED) {
        close(fd);
        return -1;
    }
    memset(map, v, FILL_STEP);
    munmap(map, FILL_STEP);
    return fd;
}

void ram_fill(RamBlock *rb, ram_addr offset, uint8_t v)
{
    ram_addr at = MIN(align_up(offset, FILL_STEP), rb->size);
    int fd = rb->size - at >= FILL_STEP ? fill_file(v) : -1;

    memset(rb->host + offset, v, at - offset);
    /* the same pages again and again, each of them the block's own when it is written */
    while (fd >= 0 && rb->size - at >= FILL_STEP &&
           mmap(rb->host + at, FILL_STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, 0) != MAP_FAILED) {
        at += FILL_STEP;
    }
    memset(rb->host + at, v, rb->size - at);
    if (fd >= 0) {
        close(fd);
    }
}

void ram_block_free(RamBlock *rb)
{
    if (rb) {
        if (rb->code) {
            rb->on_free(rb);
        }
        munmap(rb->host, align_up(rb->size, 4096));
        g_free(rb->tags);
        g_free(rb->name);
        g_free(rb);
    }
}

uint8_t *ram_tags(RamBlock *rb, bool create)
{
    uint8_t *tags = __atomic_load_n(&rb->tags, __ATOMIC_ACQUIRE), *mine;

    if (tags || !create) {
        return tags;
    }
    mine = g_malloc0(rb->size / 16 + 1);
    if (!__atomic_compare_exchange_n(&rb->tags, &tags, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        g_free(mine);
        return tags;
    }
    return mine;
}

void ram_written(RamBlock *rb, ram_addr offset, uint64_t len)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);    /* what was written, then whether it is code: see tb_cache.c */
    if (__atomic_load_n(&rb->code, __ATOMIC_ACQUIRE)) {
        rb->on_write(rb, offset, len);
    }
}

#if defined(__SANITIZE_THREAD__)
#define COPY_BY_ATOMICS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define COPY_BY_ATOMICS 1
#endif
#endif

static bool is_one_access(const void *host, uint64_t len)
{
    return len <= 8 && is_pow2(len) && ((uintptr_t)host & (len - 1)) == 0;
}

void ram_read(const void *host, void *buf, uint64_t len)
{
    if (is_one_access(host, len)) {
        uint64_t v = len == 1 ? __atomic_load_n((const uint8_t *)host, __ATOMIC_RELAXED)
                   : len == 2 ? __atomic_load_n((const uint16_t *)host, __ATOMIC_RELAXED)
                   : len == 4 ? __atomic_load_n((const uint32_t *)host, __ATOMIC_RELAXED)
                   : __atomic_load_n((const uint64_t *)host, __ATOMIC_RELAXED);

        memcpy(buf, &v, len);
        return;
    }
#ifdef COPY_BY_ATOMICS
    for (uint64_t i = 0; i < len; i++) {
        ((uint8_t *)buf)[i] = __atomic_load_n((const uint8_t *)host + i, __ATOMIC_RELAXED);
    }
#else
    memcpy(buf, host, len);
#endif
}

void ram_write(void *host, const void *buf, uint64_t len)
{
    if (is_one_access(host, len)) {
        uint64_t v = 0;

        memcpy(&v, buf, len);
        if (len == 1) {
            __atomic_store_n((uint8_t *)host, v, __ATOMIC_RELAXED);
        } else if (len == 2) {
            __atomic_store_n((uint16_t *)host, v, __ATOMIC_RELAXED);
        } else if (len == 4) {
            __atomic_store_n((uint32_t *)host, v, __ATOMIC_RELAXED);
        } else {
            __atomic_store_n((uint64_t *)host, v, __ATOMIC_RELAXED);
        }
        return;
    }
#ifdef COPY_BY_ATOMICS
    for (uint64_t i = 0; i < len; i++) {
        __atomic_store_n((uint8_t *)host + i, ((const uint8_t *)buf)[i], __ATOMIC_RELAXED);
    }
#else
    memcpy(host, buf, len);
#endif
}
