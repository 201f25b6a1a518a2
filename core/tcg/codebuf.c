/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Code memory that is never writable and executable at once: shared memory without a name, mapped twice. Allocation
 * bumps an offset, so that threads which translate at the same time need no lock; nothing is freed but all at once
 * (tcg_codebuf_reset). Code at once comes from pieces that were allocated so.
 * A host whose instruction cache is not coherent with its data cache is not supported.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/tcg/backend.h"

/* Code reaches code by displacements of 31 bits and a sign. */
#define MAX_SIZE ((size_t)1 << 31)
enum {
    CODE_ALIGN = 16, PRESENT_STEP = 64 << 10,
    PIECE_SMALL = 24 << 10, PIECE_LARGE = 64 << 10, PIECE_LEFT = 3 << 10,       /* less is left alone */
};

/*
 * Makes the pages below end present in both views, some of them at a time: a page fault costs more than a page. Where the
 * kernel maps what is around a page that is read, one of them does for the other view.
 */
static void make_present(TcgCodeBuf *buf, size_t end)
{
    size_t old = __atomic_load_n(&buf->present, __ATOMIC_RELAXED);
    size_t next = MIN((end + PRESENT_STEP - 1) / PRESENT_STEP * PRESENT_STEP, buf->size);

    if (end > old && __atomic_compare_exchange_n(&buf->present, &old, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        madvise(buf->rw + old, next - old, MADV_POPULATE_WRITE);        /* a kernel that cannot leaves it to faults */
        (void)*(const volatile uint8_t *)(buf->rx + old);
    }
}

TcgCodeBuf *tcg_codebuf_new(size_t size, const TcgBackend *be, GError **error)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    TcgCodeBuf *buf = g_new0(TcgCodeBuf, 1);
    void *rw, *rx;

    size = (MAX(size, page) + page - 1) / page * page;
    buf->be = be;
    if (size > MAX_SIZE) {
        errno = EFBIG;
        goto fail;
    }
    rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rw == MAP_FAILED) {
        goto fail;
    }
    buf->rw = rw;
    buf->size = size;
    /* of shared memory, an old length of 0 makes another mapping: no file, which a limit could refuse (setrlimit(2)) */
    rx = mremap(rw, 0, size, MREMAP_MAYMOVE);
    if (rx == MAP_FAILED) {
        goto fail;
    }
    buf->rx = rx;
    if (mprotect(rx, size, PROT_READ | PROT_EXEC) < 0) {
        goto fail;
    }
    make_present(buf, 1);
    buf->thunks = be->init_buf(be, buf);
    buf->thunks = (buf->thunks + CODE_ALIGN - 1) / CODE_ALIGN * CODE_ALIGN;
    g_assert(buf->thunks <= size);
    buf->used = buf->thunks;
    buf->starts = g_malloc0_n(size / CODE_ALIGN / 64 + 1, sizeof(*buf->starts));
    return buf;

fail:
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "no memory for %zu bytes of code: %s", size,
                g_strerror(errno));
    tcg_codebuf_free(buf);
    return NULL;
}

void tcg_codebuf_free(TcgCodeBuf *buf)
{
    if (!buf) {
        return;
    }
    if (buf->rx) {
        munmap((void *)buf->rx, buf->size);
    }
    if (buf->rw) {
        munmap(buf->rw, buf->size);
    }
    g_free(buf->starts);
    g_free(buf);
}

void tcg_codebuf_reset(TcgCodeBuf *buf)
{
    size_t words = tcg_codebuf_used(buf) / CODE_ALIGN / 64 + 1;

    memset(buf->starts, 0, words * sizeof(*buf->starts));
    memset(buf->pieces, 0, sizeof(buf->pieces));
    __atomic_store_n(&buf->used, buf->thunks, __ATOMIC_RELEASE);
}

size_t tcg_codebuf_used(const TcgCodeBuf *buf)
{
    return __atomic_load_n(&buf->used, __ATOMIC_RELAXED);
}

size_t tcg_codebuf_size(const TcgCodeBuf *buf)
{
    return buf->size;
}

const void *tcg_codebuf_thunks(const TcgCodeBuf *buf, size_t *ret_size)
{
    *ret_size = buf->thunks;
    return buf->rx;
}

uint8_t *tcg_codebuf_reserve(TcgCodeBuf *buf, size_t max)
{
    size_t old = __atomic_load_n(&buf->used, __ATOMIC_RELAXED);

    max = (max + CODE_ALIGN - 1) / CODE_ALIGN * CODE_ALIGN;
    do {
        if (max > buf->size - old) {
            return NULL;
        }
    } while (!__atomic_compare_exchange_n(&buf->used, &old, old + max, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    if (G_UNLIKELY(old + max > __atomic_load_n(&buf->present, __ATOMIC_RELAXED))) {
        make_present(buf, old + max);
    }
    return buf->rw + old;
}

void tcg_codebuf_commit(TcgCodeBuf *buf, uint8_t *start, size_t max, uint8_t *end)
{
    size_t first = (size_t)(start - buf->rw), last = (size_t)(end - buf->rw);
    size_t reserved = first + (max + CODE_ALIGN - 1) / CODE_ALIGN * CODE_ALIGN;

    last = (last + CODE_ALIGN - 1) / CODE_ALIGN * CODE_ALIGN;
    g_assert(last >= first && last <= reserved);
    __atomic_compare_exchange_n(&buf->used, &reserved, last, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

/* Nobody is to make a new piece for this place: somebody has the one that was there. */
#define PIECE_TAKEN UINT64_MAX

static size_t piece_left(uint64_t piece)
{
    return piece == PIECE_TAKEN ? 0 : (piece >> 32) - (uint32_t)piece;
}

/* A piece of another's turn, if there is enough of it. */
static bool take_other(TcgCodeBuf *buf, unsigned turn, TcgCodeTaken *ret)
{
    for (unsigned i = 1; i < TCG_CODE_PIECES; i++) {
        unsigned n = (turn + i) % TCG_CODE_PIECES;
        uint64_t piece = __atomic_load_n(&buf->pieces[n], __ATOMIC_RELAXED);

        if (piece_left(piece) >= PIECE_LEFT &&
            __atomic_compare_exchange_n(&buf->pieces[n], &piece, PIECE_TAKEN, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            *ret = (TcgCodeTaken){ buf->rw + (uint32_t)piece, piece_left(piece), n };
            return true;
        }
    }
    return false;
}

bool tcg_codebuf_take(TcgCodeBuf *buf, TcgCodeTaken *ret)
{
    unsigned turn = __atomic_fetch_add(&buf->turn, 1, __ATOMIC_RELAXED) % TCG_CODE_TURNS;
    size_t max = CLAMP(tcg_codebuf_used(buf) / 16, PIECE_SMALL, PIECE_LARGE) / CODE_ALIGN * CODE_ALIGN;
    uint64_t piece = __atomic_exchange_n(&buf->pieces[turn], PIECE_TAKEN, __ATOMIC_ACQUIRE);

    if (piece_left(piece) >= PIECE_LEFT) {
        *ret = (TcgCodeTaken){ buf->rw + (uint32_t)piece, piece_left(piece), turn };
        return true;
    }
    if (piece == PIECE_TAKEN && take_other(buf, turn, ret)) {
        return true;
    }
    *ret = (TcgCodeTaken){ tcg_codebuf_reserve(buf, max), max, turn };
    return ret->start || take_other(buf, turn, ret);
}

void tcg_codebuf_give_back(TcgCodeBuf *buf, const TcgCodeTaken *taken, const uint8_t *end)
{
    size_t last = ((size_t)(end - buf->rw) + CODE_ALIGN - 1) / CODE_ALIGN * CODE_ALIGN;
    size_t limit = (size_t)(taken->start - buf->rw) + taken->max;

    g_assert(last <= limit);
    /* where it was; else where nobody's turn is; else where somebody else's was, who will find another place for his */
    for (unsigned i = 0; i <= TCG_CODE_PIECES; i++) {
        uint64_t *place = &buf->pieces[i ? TCG_CODE_PIECES - i : taken->turn];
        uint64_t there = __atomic_load_n(place, __ATOMIC_RELAXED), piece = (uint64_t)limit << 32 | last;

        if (piece_left(there) < PIECE_LEFT &&
            __atomic_compare_exchange_n(place, &there, piece, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
            return;
        }
    }
    tcg_codebuf_commit(buf, buf->rw + last, limit - last, buf->rw + last);      /* all of it, if it is the newest */
}

void tcg_codebuf_mark(TcgCodeBuf *buf, const uint8_t *p)
{
    size_t n = (size_t)(p - buf->rw) / CODE_ALIGN;

    __atomic_fetch_or(&buf->starts[n / 64], UINT64_C(1) << (n % 64), __ATOMIC_RELEASE);
}

const uint8_t *tcg_codebuf_start(const TcgCodeBuf *buf, const void *pc)
{
    size_t at = (size_t)((const uint8_t *)pc - buf->rx), i, n;
    uint64_t bits;

    if ((const uint8_t *)pc < buf->rx || at >= buf->size) {
        return NULL;
    }
    n = at / CODE_ALIGN;
    i = n / 64;
    bits = __atomic_load_n(&buf->starts[i], __ATOMIC_ACQUIRE) & (UINT64_MAX >> (63 - n % 64));
    while (!bits && i-- > 0) {
        bits = __atomic_load_n(&buf->starts[i], __ATOMIC_ACQUIRE);
    }
    return bits ? buf->rx + (i * 64 + 63 - (size_t)__builtin_clzll(bits)) * CODE_ALIGN : NULL;
}
