/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guest memory: a range of the process reserved without access, in which the guest's mappings are made over the
 * reservation. A sorted list of what is mapped says where there is room, what may be executed, and what
 * /proc/self/maps shows. The lowest 64 KiB and the last page are never mapped.
 *
 * Translated code goes whenever the mapping under it changes; stores into mapped code do not matter before the
 * guest says so, as the architectures with explicit maintenance have it.
 */
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "core/keyval.h"
#include "core/linux_user/user_int.h"

enum { LOWEST = 0x10000, PROT_SEM = 8, PROT_RWX = PROT_READ | PROT_WRITE | PROT_EXEC };
#define MIN_RESERVE (UINT64_C(1) << 28)
#define STACK_GAP (UINT64_C(1) << 20)           /* nothing comes so near below the stack of the kernel's own choice */
#define RESERVE_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/*
 * Where the kernel does not put mappings of its own choice, as long as there is room above: for a moment there are
 * holes in the reservation (mremap), into which nothing of the emulator's may come. Below the program, above the
 * shadow of AddressSanitizer.
 */
#define LOW_BASE (UINT64_C(0x11) << 40)
enum { LOW_STEP_BITS = 21, LOW_STEPS = 1 << 20 };

static void *low_base(void)
{
    uint32_t where = 0;

    if (getrandom(&where, sizeof(where), GRND_NONBLOCK) < 0) {
        where = 0;                              /* a kernel that has just begun: it is not a secret */
    }
    return (void *)(uintptr_t)(LOW_BASE + ((uint64_t)(where & (LOW_STEPS - 1)) << LOW_STEP_BITS));
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The reservation's lowest pages are never mapped: where it begins a mapping begins. A fork's child has it where we do. */
uintptr_t mem_base_of(const Process *p, int pid)
{
    g_autofree char *exe = g_strdup_printf("/proc/%d/exe", pid), *name = g_strdup_printf("/proc/%d/maps", pid);
    const uint64_t low_end = LOW_BASE + ((uint64_t)LOW_STEPS << LOW_STEP_BITS);
    g_autofree char *text = NULL;
    uint64_t found = 0;

    if (!same_file(exe, "/proc/self/exe") || !g_file_get_contents(name, &text, NULL, NULL)) {
        return 0;
    }
    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        uint64_t start = g_ascii_strtoull(line, NULL, 16);

        if (start == p->mem.base) {
            return p->mem.base;
        }
        if (!found && start >= LOW_BASE && start < low_end) {
            found = start;
        }
    }
    return found;
}

static void vma_free(void *opaque)
{
    Vma *v = opaque;

    g_free(v->file);
    g_free(v);
}

static Vma *vma_copy(const Vma *v)
{
    Vma *r = g_new(Vma, 1);

    *r = *v;                                    /* file and all */
    return r;
}

bool mem_reserve(Process *p, GError **error)
{
    uint64_t size = p->o->reserve ? page_up(p->o->reserve) : UINT64_C(1) << 46;
    void *at = MAP_FAILED;

    if (!p->o->base) {
        at = mmap(low_base(), size, PROT_NONE, RESERVE_FLAGS | MAP_FIXED_NOREPLACE, -1, 0);
    }
    while (at == MAP_FAILED) {
        at = mmap((void *)p->o->base, size, PROT_NONE, RESERVE_FLAGS | (p->o->base ? MAP_FIXED_NOREPLACE : 0), -1, 0);
        if (at == MAP_FAILED) {
            if (p->o->reserve || size / 2 < MIN_RESERVE) {
                g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED,
                            "guest memory: %" PRIu64 " bytes cannot be reserved: %s", size, g_strerror(errno));
                return false;
            }
            size /= 2;
        }
    }
    p->mem.base = (uintptr_t)at;
    p->mem.size = size;
    p->stack_top = size - 0x100000;
    p->stack_low = p->stack_top - MIN(page_up(MIN(p->o->stack_size, size)) + LINUX_PAGE, p->stack_top - LOWEST);
    p->mmap_top = p->search_top = p->stack_low - MIN(STACK_GAP, p->stack_low - LOWEST);
    p->vmas = g_ptr_array_new_with_free_func(vma_free);
    g_rec_mutex_init(&p->map_lock);
    return true;
}

/* -- the list; under map_lock ---------------------------------------------------------------------------------------- */

static Vma *vma_at(const Process *p, unsigned i)
{
    return p->vmas->pdata[i];
}

/* The first that ends above addr; the list's length if there is none. */
static unsigned find(const Process *p, vaddr addr)
{
    unsigned lo = 0, hi = p->vmas->len;

    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;

        if (vma_at(p, mid)->end <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* A boundary at addr, if something is mapped across it. */
static void split(Process *p, vaddr addr)
{
    unsigned i = find(p, addr);

    if (i < p->vmas->len && vma_at(p, i)->start < addr) {
        Vma *upper = vma_copy(vma_at(p, i));

        upper->offset += addr - upper->start;
        upper->start = addr;
        upper->file = g_strdup(upper->file);
        vma_at(p, i)->end = addr;
        g_ptr_array_insert(p->vmas, (int)i + 1, upper);
    }
}

/* True: something was there. */
static bool take_out(Process *p, vaddr start, vaddr end)
{
    unsigned i, n;

    split(p, start);
    split(p, end);
    i = find(p, start);
    for (n = i; n < p->vmas->len && vma_at(p, n)->start < end; n++) {
    }
    if (n > i) {
        g_ptr_array_remove_range(p->vmas, i, n - i);
    }
    return n > i;
}

static void forget(Process *p, vaddr start, vaddr end)
{
    if (take_out(p, start, end) && end > p->search_top) {
        unsigned i = find(p, start);
        vaddr next = i < p->vmas->len ? MIN(vma_at(p, i)->start, p->mmap_top) : p->mmap_top;
        vaddr last = i ? vma_at(p, i - 1)->end : 0;

        p->hole_max = MAX(p->hole_max, next > last ? next - last : 0);
    }
}

static bool alike(const Vma *a, const Vma *b)
{
    return a->end == b->start && a->prot == b->prot && a->shared == b->shared && g_strcmp0(a->file, b->file) == 0 &&
           (!a->file || a->file[0] == '[' || a->offset + (a->end - a->start) == b->offset);
}

static void merge_around(Process *p, unsigned i)
{
    if (i + 1 < p->vmas->len && alike(vma_at(p, i), vma_at(p, i + 1))) {
        vma_at(p, i)->end = vma_at(p, i + 1)->end;
        g_ptr_array_remove_index(p->vmas, i + 1);
    }
}

static void remember(Process *p, const Vma *v)
{
    unsigned i;

    take_out(p, v->start, v->end);
    i = find(p, v->start);
    g_ptr_array_insert(p->vmas, (int)i, vma_copy(v));
    merge_around(p, i);
    if (i) {
        merge_around(p, i - 1);
    }
}

/* The highest room for len bytes below top, which is search_top or mmap_top; 0 if there is none. */
static vaddr find_room_below(Process *p, vaddr top, uint64_t len)
{
    uint64_t hole = top == p->search_top ? p->hole_max : 0;

    for (unsigned i = find(p, top); ; i--) {
        vaddr low;

        if (i < p->vmas->len && vma_at(p, i)->start < top) {
            top = vma_at(p, i)->start;
        }
        low = i ? MAX(vma_at(p, i - 1)->end, (vaddr)LOWEST) : LOWEST;
        if (top > low && top - low >= len) {
            p->search_top = top - len;
            p->hole_max = hole;
            return top - len;
        }
        hole = MAX(hole, top > low ? top - low : 0);
        if (i == 0) {
            return 0;
        }
    }
}

static vaddr find_room(Process *p, uint64_t len)
{
    vaddr addr = len > p->hole_max ? find_room_below(p, p->search_top, len) : 0;

    return addr ? addr : find_room_below(p, p->mmap_top, len);
}

static bool is_free(const Process *p, vaddr start, uint64_t len)
{
    unsigned i = find(p, start);

    return i >= p->vmas->len || vma_at(p, i)->start >= start + len;
}

static bool is_mapped(const Process *p, vaddr start, uint64_t len)
{
    vaddr end = start + len;

    for (unsigned i = find(p, start); start < end; i++) {
        if (i >= p->vmas->len || vma_at(p, i)->start > start) {
            return false;
        }
        start = vma_at(p, i)->end;
    }
    return true;
}

/* A range that the guest may name. */
static bool in_range(const Process *p, vaddr addr, uint64_t len)
{
    vaddr end = p->mem.size - LINUX_PAGE;

    return addr < end && len <= end - addr;
}

unsigned mem_prot(void *opaque, vaddr addr)
{
    Process *p = opaque;
    unsigned prot = 0, i;

    g_rec_mutex_lock(&p->map_lock);
    i = find(p, addr);
    if (i < p->vmas->len && vma_at(p, i)->start <= addr) {
        uint32_t guest = vma_at(p, i)->prot;

        prot = (guest & PROT_READ ? PROT_R : 0) | (guest & PROT_WRITE ? PROT_W : 0) | (guest & PROT_EXEC ? PROT_X : 0) |
               (guest & p->target->prot_guarded ? 1u << USER_PROT_SHIFT : 0);
        prot |= prot ? 0 : 1u << (USER_PROT_SHIFT + 7);         /* mapped all the same */
    }
    g_rec_mutex_unlock(&p->map_lock);
    return prot;
}

bool mem_mapping(void *opaque, vaddr addr, UserMapping *ret)
{
    Process *p = opaque;
    bool found = false;
    unsigned i;

    g_rec_mutex_lock(&p->map_lock);
    i = find(p, addr);
    if (i < p->vmas->len) {
        const Vma *v = vma_at(p, i);

        found = v->start <= addr && v->file && v->file[0] == '/';
        if (found) {
            *ret = (UserMapping){ v->start, v->end, v->offset, g_strdup(v->file) };
        }
    }
    g_rec_mutex_unlock(&p->map_lock);
    return found;
}

/* What the host maps it with: it never executes guest code itself. */
static int host_prot(uint32_t prot)
{
    return (int)(prot & (PROT_READ | PROT_WRITE)) | (prot & PROT_EXEC ? PROT_READ : 0);
}

static void *host(const Process *p, vaddr addr)
{
    return (void *)(p->mem.base + addr);
}

/* -- calls ----------------------------------------------------------------------------------------------------------- */

static char *file_name(int fd)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);

    return g_file_read_link(link, NULL);
}

/* Of a file system that is memory, which can have tags. */
static bool in_memory(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

/* After a change of the list: [addr, addr + len) is as its stretches say. tags: they start as zeroes. */
static void update_tags(Process *p, vaddr addr, uint64_t len, bool tags)
{
    vaddr end = addr + len;

    if (!(p->prot_bits & p->target->prot_tagged)) {
        return;
    }
    if (tags) {
        user_clear_tags(p->m, addr, len);
    }
    user_set_page_bits(p->m, addr, len, 0);
    for (unsigned i = find(p, addr); i < p->vmas->len && vma_at(p, i)->start < end; i++) {
        const Vma *v = vma_at(p, i);

        if (v->prot & p->target->prot_tagged) {
            user_set_page_bits(p->m, MAX(v->start, addr), MIN(v->end, end) - MAX(v->start, addr), p->target->tagged_bit);
        }
    }
}

/* The reservation again. */
static int64_t unmap_locked(Process *p, vaddr addr, uint64_t len)
{
    if (mmap(host(p, addr), len, PROT_NONE, RESERVE_FLAGS | MAP_FIXED, -1, 0) == MAP_FAILED) {
        return -errno;
    }
    user_code_unmapped(p->m, addr, len);
    forget(p, addr, addr + len);
    update_tags(p, addr, len, true);
    return 0;
}

/* After a call that failed: what was there may be unmapped now; the host keeps either all of it or nothing. */
static void hold(Process *p, vaddr addr, uint64_t len)
{
    if (mmap(host(p, addr), len, PROT_NONE, RESERVE_FLAGS | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED) {
        user_code_changed(p->m, addr, len);
        forget(p, addr, addr + len);
        update_tags(p, addr, len, true);
    }
}

static bool is_huge(int fd)
{
    struct statfs st;

    return fstatfs(fd, &st) == 0 && st.f_type == HUGETLBFS_MAGIC;
}

static int64_t mmap_locked(Process *p, vaddr addr, uint64_t len, uint32_t prot, int flags, int fd, uint64_t offset)
{
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    int host_flags = (flags & ~(MAP_FIXED_NOREPLACE | MAP_GROWSDOWN | MAP_32BIT)) | MAP_FIXED;
    Vma v;

    if (host_flags & MAP_HUGETLB || (!(flags & MAP_ANONYMOUS) && is_huge(fd))) {
        return -ENOMEM;                         /* as if no huge pages were reserved: they would not end where len says */
    }
    if (fixed) {
        if (addr & (LINUX_PAGE - 1)) {
            return -EINVAL;
        }
        if (!in_range(p, addr, len)) {
            return -ENOMEM;
        }
        if (flags & MAP_FIXED_NOREPLACE && !is_free(p, addr, len)) {
            return -EEXIST;
        }
        if (addr < LOWEST && !(addr == 0 && len == 0)) {
            return -EPERM;
        }
    } else {
        addr &= ~(vaddr)(LINUX_PAGE - 1);
        if (addr < LOWEST || !in_range(p, addr, len) || !is_free(p, addr, len) ||
            (addr < p->stack_low && addr + len > p->mmap_top)) {
            addr = find_room(p, len);
        }
        if (!addr) {
            return -ENOMEM;
        }
    }
    if (prot & p->target->prot_tagged && !(flags & MAP_ANONYMOUS) && !in_memory(fd)) {
        return -EINVAL;
    }
    if (mmap(host(p, addr), len, host_prot(prot), host_flags, fd, (off_t)offset) == MAP_FAILED) {
        int err = errno;

        hold(p, addr, len);
        return -err;
    }
    user_code_changed(p->m, addr, len);
    v = (Vma){
        .start = addr, .end = addr + len, .prot = prot, .shared = (flags & MAP_TYPE) != MAP_PRIVATE, .offset = offset,
        .file = flags & MAP_ANONYMOUS ? NULL : file_name(fd), .in_memory = flags & MAP_ANONYMOUS || in_memory(fd),
    };
    remember(p, &v);
    update_tags(p, addr, len, true);
    return (int64_t)addr;
}

int64_t mem_mmap(Process *p, vaddr addr, uint64_t len, uint32_t prot, int flags, int fd, uint64_t offset)
{
    int64_t ret;

    if (!len || (offset & (LINUX_PAGE - 1)) || len > p->mem.size) {
        return len > p->mem.size ? -ENOMEM : -EINVAL;
    }
    prot &= PROT_RWX | p->prot_bits;            /* the kernel ignores others here */
    g_rec_mutex_lock(&p->map_lock);
    ret = mmap_locked(p, addr & p->mem.addr_mask, page_up(len), prot, flags, fd, offset);
    g_rec_mutex_unlock(&p->map_lock);
    return ret;
}

int64_t mem_munmap(Process *p, vaddr addr, uint64_t len)
{
    int64_t ret;

    addr &= p->mem.addr_mask;
    if ((addr & (LINUX_PAGE - 1)) || !len || len > p->mem.size || !in_range(p, addr, page_up(len))) {
        return -EINVAL;
    }
    g_rec_mutex_lock(&p->map_lock);
    ret = unmap_locked(p, addr, page_up(len));
    g_rec_mutex_unlock(&p->map_lock);
    return ret;
}

static int64_t mprotect_locked(Process *p, vaddr addr, uint64_t len, uint32_t prot)
{
    uint64_t mapped = mem_mapped(p, addr, len);
    vaddr end = addr + len;
    int64_t ret = 0;

    if (end > addr + mapped) {
        end = addr + mapped;                    /* a hole: what comes before it is changed */
        ret = -ENOMEM;
    }
    user_code_changed(p->m, addr, len);
    split(p, addr);
    split(p, end);
    for (unsigned i = find(p, addr); i < p->vmas->len && vma_at(p, i)->start < end; i++) {
        Vma *v = vma_at(p, i);

        if (prot & p->target->prot_tagged && !v->in_memory) {
            ret = -EINVAL;
            break;
        }
        if (mprotect(host(p, v->start), v->end - v->start, host_prot(prot)) < 0) {
            ret = -errno;                       /* and here */
            break;
        }
        v->prot = prot | (v->prot & p->target->prot_tagged);
    }
    update_tags(p, addr, len, false);
    for (unsigned i = find(p, end) + 1; i-- > 0;) {
        if (i < p->vmas->len && vma_at(p, i)->end < addr) {
            break;
        }
        if (i < p->vmas->len) {
            merge_around(p, i);
        }
    }
    return ret;
}

int64_t mem_mprotect(Process *p, vaddr addr, uint64_t len, uint32_t prot)
{
    int64_t ret;

    addr &= p->mem.addr_mask;
    if ((addr & (LINUX_PAGE - 1)) || prot & ~(PROT_RWX | PROT_SEM | p->prot_bits | PROT_GROWSDOWN | PROT_GROWSUP)) {
        return -EINVAL;
    }
    if (!len) {
        return 0;
    }
    if (len > p->mem.size || !in_range(p, addr, page_up(len))) {
        return -ENOMEM;
    }
    g_rec_mutex_lock(&p->map_lock);
    ret = mprotect_locked(p, addr, page_up(len), prot & (PROT_RWX | p->prot_bits));
    g_rec_mutex_unlock(&p->map_lock);
    return ret;
}

static int64_t mremap_locked(Process *p, vaddr addr, uint64_t old_len, uint64_t new_len, int flags, vaddr new_addr)
{
    unsigned i = find(p, addr);
    Vma v;

    if (i >= p->vmas->len || vma_at(p, i)->start > addr || vma_at(p, i)->end < addr + old_len) {
        return -EFAULT;
    }
    v = *vma_at(p, i);
    if (flags & MREMAP_FIXED && addr + old_len > new_addr && new_addr + new_len > addr) {
        return -EINVAL;
    }
    if (!(flags & MREMAP_FIXED)) {
        if (new_len <= old_len && !(flags & MREMAP_DONTUNMAP)) {
            return new_len < old_len && unmap_locked(p, addr + new_len, old_len - new_len) < 0 ? -ENOMEM : (int64_t)addr;
        }
        if (!(flags & MREMAP_DONTUNMAP) && in_range(p, addr, new_len) &&
            is_free(p, addr + old_len, new_len - old_len)) {
            new_addr = addr;
        } else if (flags & MREMAP_MAYMOVE) {
            new_addr = find_room(p, new_len);
        } else {
            return -ENOMEM;
        }
        if (!new_addr) {
            return -ENOMEM;
        }
    }
    if (new_addr == addr) {
        /* the reservation behind it must go first: the host grows a mapping only into nothing */
        if (munmap(host(p, addr + old_len), new_len - old_len) < 0 ||
            mremap(host(p, addr), old_len, new_len, 0) == MAP_FAILED) {
            hold(p, addr + old_len, new_len - old_len);
            return -ENOMEM;
        }
    } else {
        if (mremap(host(p, addr), old_len, new_len, MREMAP_MAYMOVE | MREMAP_FIXED | (flags & MREMAP_DONTUNMAP),
                   host(p, new_addr)) == MAP_FAILED) {
            int err = errno;

            hold(p, new_addr, new_len);
            return -err;
        }
        if (!(flags & MREMAP_DONTUNMAP) && old_len) {
            mmap(host(p, addr), old_len, PROT_NONE, RESERVE_FLAGS | MAP_FIXED, -1, 0);
        }
    }
    v.offset += addr - v.start;
    v.file = g_strdup(v.file);
    if (new_addr == addr || flags & MREMAP_DONTUNMAP) {
        user_code_changed(p->m, addr, old_len);
    } else {
        user_code_unmapped(p->m, addr, old_len);
    }
    user_code_changed(p->m, new_addr, new_len);
    if (!(flags & MREMAP_DONTUNMAP)) {
        forget(p, addr, addr + old_len);
    }
    v.start = new_addr;
    v.end = new_addr + new_len;
    remember(p, &v);
    if (new_addr != addr) {
        update_tags(p, new_addr, new_len, true);
        if (v.prot & p->target->prot_tagged) {
            user_copy_tags(p->m, new_addr, addr, MIN(old_len, new_len));
        }
        update_tags(p, addr, old_len, true);
    } else {
        update_tags(p, addr, new_len, false);
    }
    return (int64_t)new_addr;
}

int64_t mem_mremap(Process *p, vaddr addr, uint64_t old_len, uint64_t new_len, int flags, vaddr new_addr)
{
    int64_t ret;

    addr &= p->mem.addr_mask;
    if ((addr & (LINUX_PAGE - 1)) || !new_len || flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) ||
        (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE)) || old_len > p->mem.size ||
        new_len > p->mem.size) {
        return new_len > p->mem.size ? -ENOMEM : -EINVAL;
    }
    old_len = page_up(old_len);
    new_len = page_up(new_len);
    if (!in_range(p, addr, old_len) || (flags & MREMAP_FIXED && ((new_addr & (LINUX_PAGE - 1)) || new_addr < LOWEST ||
                                                                !in_range(p, new_addr, new_len)))) {
        return flags & MREMAP_FIXED ? -EINVAL : -EFAULT;
    }
    g_rec_mutex_lock(&p->map_lock);
    ret = mremap_locked(p, addr, old_len, new_len, flags, new_addr);
    g_rec_mutex_unlock(&p->map_lock);
    return ret;
}

int64_t mem_brk(Process *p, vaddr addr)
{
    vaddr old, new;

    g_rec_mutex_lock(&p->map_lock);
    old = page_up(p->brk);
    new = page_up(addr);
    if (addr >= p->brk_start && in_range(p, p->brk_start, addr - p->brk_start)) {
        if (new < old) {
            unmap_locked(p, new, old - new);
            p->brk = addr;
        } else if (new == old ||
                   (is_free(p, old, new - old) &&
                    mmap_locked(p, old, new - old, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                                0) >= 0)) {
            p->brk = addr;
            if (new > old) {
                mem_name(p, old, "[heap]");
            }
        }
    }
    addr = p->brk;
    g_rec_mutex_unlock(&p->map_lock);
    return (int64_t)addr;
}

int64_t mem_range_call(Thread *t, long nr, vaddr addr, uint64_t len, const uint64_t *rest)
{
    const uint64_t none[4] = { 0 }, *r = rest ? rest : none;
    Process *p = t->p;
    int64_t ret;
    bool whole;

    addr &= p->mem.addr_mask;
    if (addr & (LINUX_PAGE - 1) && nr != SYS_mlock && nr != SYS_munlock && nr != SYS_mlock2) {
        return -EINVAL;
    }
    len += addr & (LINUX_PAGE - 1);
    addr &= ~(vaddr)(LINUX_PAGE - 1);
    if (len > p->mem.size || !in_range(p, addr, page_up(len))) {
        return -ENOMEM;
    }
    g_rec_mutex_lock(&p->map_lock);
    whole = is_mapped(p, addr, page_up(len));
    g_rec_mutex_unlock(&p->map_lock);
    if (!whole && nr != SYS_madvise && nr != SYS_munlock && nr != SYS_mbind) {
        return -ENOMEM;                         /* the reservation would do, for the host */
    }
    ret = safe_syscall(t, nr, (uintptr_t)host(p, addr), len, r[0], r[1], r[2], r[3]);
    return ret == 0 && !whole ? -ENOMEM : ret;
}

int64_t mem_shmat(Process *p, int id, vaddr addr, int flags)
{
    struct shmid_ds ds;
    int64_t ret;
    uint64_t len;

    if (shmctl(id, IPC_STAT, &ds) < 0) {
        return -errno;
    }
    len = page_up(ds.shm_segsz);
    addr &= p->mem.addr_mask;
    if (addr && flags & SHM_RND) {
        addr &= ~(vaddr)(LINUX_PAGE - 1);
    }
    if (addr && ((addr & (LINUX_PAGE - 1)) || addr < LOWEST || !in_range(p, addr, len))) {
        return -EINVAL;
    }
    g_rec_mutex_lock(&p->map_lock);
    if (!addr) {
        addr = find_room(p, len);
    } else if (!(flags & SHM_REMAP) && !is_free(p, addr, len)) {
        addr = 0;
    }
    if (!addr) {
        ret = -EINVAL;
    } else if (shmat(id, host(p, addr), (flags & ~SHM_EXEC) | SHM_REMAP) == (void *)-1) {
        ret = -errno;
        hold(p, addr, len);
    } else {
        Vma v = {
            .start = addr, .end = addr + len, .shared = true, .in_memory = true,
            .file = g_strdup_printf("/SYSV%08x", ds.shm_perm.__key),
            .prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0),
        };

        user_code_changed(p->m, addr, len);
        remember(p, &v);
        ret = (int64_t)addr;
    }
    g_rec_mutex_unlock(&p->map_lock);
    return ret;
}

int64_t mem_shmdt(Process *p, vaddr addr)
{
    int64_t ret = -EINVAL;
    unsigned i;

    addr &= p->mem.addr_mask;
    g_rec_mutex_lock(&p->map_lock);
    /* all pieces of what was attached at addr; the host detaches it with the last of them */
    for (i = find(p, addr); i < p->vmas->len; i++) {
        const Vma *v = vma_at(p, i);

        if (v->shared && v->start >= addr && v->offset == v->start - addr && v->file &&
            g_str_has_prefix(v->file, "/SYSV") && unmap_locked(p, v->start, v->end - v->start) == 0) {
            ret = 0;
            i--;                                /* the list closed up */
        }
    }
    g_rec_mutex_unlock(&p->map_lock);
    return ret;
}

/* -- what is shown --------------------------------------------------------------------------------------------------- */

void mem_name(Process *p, vaddr addr, const char *name)
{
    unsigned i;

    g_rec_mutex_lock(&p->map_lock);
    i = find(p, addr);
    if (i < p->vmas->len && vma_at(p, i)->start <= addr) {
        g_free(vma_at(p, i)->file);
        vma_at(p, i)->file = g_strdup(name);
        merge_around(p, i);
        if (i) {
            merge_around(p, i - 1);
        }
    }
    g_rec_mutex_unlock(&p->map_lock);
}

int64_t mem_name_range(Process *p, vaddr addr, uint64_t len, const char *name)
{
    g_autofree char *shown = name ? g_strdup_printf("[anon:%s]", name) : NULL;
    vaddr end, at;
    int64_t ret = 0;

    addr &= p->mem.addr_mask;
    if (addr & (LINUX_PAGE - 1) || len > p->mem.size || !in_range(p, addr, page_up(len))) {
        return len > p->mem.size ? -ENOMEM : -EINVAL;
    }
    end = addr + page_up(len);
    at = addr;
    g_rec_mutex_lock(&p->map_lock);
    split(p, addr);
    split(p, end);
    for (unsigned i = find(p, addr); ret != -EBADF && i < p->vmas->len && vma_at(p, i)->start < end; i++) {
        Vma *v = vma_at(p, i);

        ret = v->start > at ? -ENOMEM : ret;    /* a hole; what there is gets the name */
        at = v->end;
        if (v->file && v->file[0] == '/') {
            ret = -EBADF;
        } else if (!v->file || g_str_has_prefix(v->file, "[anon:")) {
            g_free(v->file);
            v->file = g_strdup(shown);
        }
    }
    g_rec_mutex_unlock(&p->map_lock);
    return ret ? ret : at < end ? -ENOMEM : 0;
}

uint64_t mem_mapped(Process *p, vaddr addr, uint64_t len)
{
    vaddr at = addr;

    g_rec_mutex_lock(&p->map_lock);
    for (unsigned i = find(p, addr); i < p->vmas->len && at - addr < len && vma_at(p, i)->start <= at; i++) {
        at = vma_at(p, i)->end;
    }
    g_rec_mutex_unlock(&p->map_lock);
    return MIN(at - addr, len);
}

bool mem_ends_above(Process *p, vaddr addr)
{
    bool r;

    g_rec_mutex_lock(&p->map_lock);
    r = find(p, addr & p->mem.addr_mask) < p->vmas->len;
    g_rec_mutex_unlock(&p->map_lock);
    return r;
}

void mem_maps_line(const Vma *v, GString *out)
{
    bool real = v->file && v->file[0] == '/';
    struct stat st = { 0 };
    gsize at = out->len;

    if (real && stat(v->file, &st) < 0) {
        memset(&st, 0, sizeof(st));
    }
    g_string_append_printf(out, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %lu ", v->start, v->end,
                           v->prot & PROT_READ ? 'r' : '-', v->prot & PROT_WRITE ? 'w' : '-',
                           v->prot & PROT_EXEC ? 'x' : '-', v->shared ? 's' : 'p', real ? v->offset : 0,
                           (unsigned)(st.st_dev >> 8 & 0xfff), (unsigned)(st.st_dev & 0xff), (unsigned long)st.st_ino);
    if (v->file) {
        while (out->len - at < 73) {
            g_string_append_c(out, ' ');
        }
        g_string_append(out, v->file);
    }
    g_string_append_c(out, '\n');
}

void mem_each(Process *p, void (*fn)(const Vma *v, void *opaque), void *opaque)
{
    g_rec_mutex_lock(&p->map_lock);
    for (unsigned i = 0; i < p->vmas->len; i++) {
        fn(vma_at(p, i), opaque);
    }
    g_rec_mutex_unlock(&p->map_lock);
}

static void append_line(const Vma *v, void *opaque)
{
    mem_maps_line(v, opaque);
}

void mem_maps(Process *p, GString *out)
{
    mem_each(p, append_line, out);
}

char *mem_string(Thread *t, vaddr addr, int *ret_errno)
{
    GString *s = g_string_new(NULL);

    for (;;) {
        char buf[256];
        size_t n = MIN(sizeof(buf), LINUX_PAGE - (addr & (LINUX_PAGE - 1)));
        const char *end;

        if (!user_read(t->cs, buf, addr, n)) {
            g_string_free(s, TRUE);
            *ret_errno = EFAULT;
            return NULL;
        }
        end = memchr(buf, 0, n);
        g_string_append_len(s, buf, end ? end - buf : (gssize)n);
        if (end) {
            return g_string_free(s, FALSE);
        }
        addr += n;
        if (s->len > 0x200000) {
            g_string_free(s, TRUE);
            *ret_errno = E2BIG;
            return NULL;
        }
    }
}
