/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs: ELF files into guest memory, and the stack that a program starts with (System V ABI, gABI chapter 5;
 * Linux, fs/binfmt_elf.c's contract in Documentation/filesystems and getauxval(3)). 64-bit little-endian files.
 */
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/keyval.h"
#include "core/linux_user/user_int.h"

enum { MAX_PHNUM = 512, MAX_INTERP = 4096 };

static bool fail(GError **error, const char *name, const char *why)
{
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: %s", name, why);
    return false;
}

bool elf_identify(const uint8_t *header, size_t len, const char *name, LinuxElf *ret, GError **error)
{
    const Elf64_Ehdr *h = (const Elf64_Ehdr *)header;

    if (len < sizeof(Elf32_Ehdr) || memcmp(header, ELFMAG, SELFMAG) != 0) {
        return fail(error, name, "not an ELF program");
    }
    ret->elf64 = header[EI_CLASS] == ELFCLASS64;
    ret->big_endian = header[EI_DATA] == ELFDATA2MSB;
    ret->machine = ret->big_endian ? GUINT16_FROM_BE(h->e_machine) : h->e_machine;
    return true;
}

/* -- loading --------------------------------------------------------------------------------------------------------- */

typedef struct Image {
    vaddr load_bias, entry, phdr, first, brk;
    unsigned phnum;
    uint16_t machine;
    char *interp;                               /* owned */
} Image;

static bool read_headers(int fd, const char *name, Elf64_Ehdr *h, Elf64_Phdr **ret, GError **error)
{
    Elf64_Phdr *ph;
    size_t size;

    if (pread(fd, h, sizeof(*h), 0) != sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
        h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB) {
        return fail(error, name, "not a 64-bit little-endian ELF file, or truncated");
    }
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN) {
        return fail(error, name, "an ELF file, but not a program");
    }
    if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phnum > MAX_PHNUM) {
        return fail(error, name, "its ELF program headers are not valid");
    }
    size = h->e_phnum * sizeof(*ph);
    ph = g_malloc(size);
    if (pread(fd, ph, size, (off_t)h->e_phoff) != (ssize_t)size) {
        g_free(ph);
        return fail(error, name, "its ELF program headers are truncated");
    }
    *ret = ph;
    return true;
}

static bool check_segment(const Elf64_Phdr *ph, uint64_t file_size)
{
    return ph->p_filesz <= ph->p_memsz && ph->p_offset <= file_size && ph->p_filesz <= file_size - ph->p_offset &&
           (ph->p_vaddr & (LINUX_PAGE - 1)) == (ph->p_offset & (LINUX_PAGE - 1)) &&
           ph->p_vaddr < (UINT64_C(1) << 56) && ph->p_memsz < (UINT64_C(1) << 48);
}

static bool map_segment(Process *p, int fd, const Elf64_Phdr *ph, vaddr bias, uint32_t code_prot)
{
    uint32_t prot = (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
                    (ph->p_flags & PF_X ? PROT_EXEC | code_prot : 0);
    vaddr start = (bias + ph->p_vaddr) & ~(vaddr)(LINUX_PAGE - 1), file_end = bias + ph->p_vaddr + ph->p_filesz;
    vaddr end = page_up(bias + ph->p_vaddr + ph->p_memsz), file_page_end = page_up(file_end);
    int flags = MAP_PRIVATE | MAP_FIXED;

    if (ph->p_filesz) {
        uint64_t offset = ph->p_offset & ~(uint64_t)(LINUX_PAGE - 1);

        if (mem_mmap(p, start, file_page_end - start, prot, flags, fd, offset) < 0) {
            return false;
        }
    } else {
        file_page_end = start;
    }
    if (end > file_page_end && mem_mmap(p, file_page_end, end - file_page_end, prot, flags | MAP_ANONYMOUS, -1, 0) < 0) {
        return false;
    }
    if (ph->p_memsz > ph->p_filesz && ph->p_filesz && (file_end & (LINUX_PAGE - 1)) && prot & PROT_WRITE) {
        memset(g2h(p, file_end), 0, page_up(file_end) - file_end);      /* loaders use what is left of the page */
    }
    return true;
}

/* The PROT_* bits for code that the file's properties ask for (Linux extensions to gABI: NT_GNU_PROPERTY_TYPE_0). */
static uint32_t prot_by_property(const Process *p, int fd, const Elf64_Phdr *ph)
{
    enum { NAME = 4, ALIGN = 8 };
    const LinuxTarget *target = p->target;
    size_t at = sizeof(Elf64_Nhdr) + NAME, len = MIN(ph->p_filesz, (size_t)LINUX_PAGE);
    g_autofree uint8_t *note = g_malloc0(len + 1);
    Elf64_Nhdr h;

    if (len < at || pread(fd, note, len, (off_t)ph->p_offset) != (ssize_t)len) {
        return 0;
    }
    memcpy(&h, note, sizeof(h));
    if (h.n_namesz != NAME || h.n_type != NT_GNU_PROPERTY_TYPE_0 || memcmp(note + sizeof(h), ELF_NOTE_GNU, NAME) != 0 ||
        h.n_descsz > len - at) {
        return 0;
    }
    for (len = at + h.n_descsz; len - at >= 8;) {
        uint32_t property[3] = { 0 };           /* type, size, the first word */
        size_t size;

        memcpy(property, note + at, MIN(sizeof(property), len - at));
        if (property[1] > len - at - 8) {
            return 0;
        }
        if (property[0] == target->guarded_property && property[1] == 4) {
            return property[2] & target->guarded_bit ? target->prot_guarded & p->prot_bits : 0;
        }
        size = 8 + (((size_t)property[1] + ALIGN - 1) & ~(size_t)(ALIGN - 1));
        at += MIN(size, len - at);
    }
    return 0;
}

static bool load_image(Process *p, int fd, const char *name, bool is_interp, Image *img, GError **error)
{
    g_autofree Elf64_Phdr *ph = NULL;
    const Elf64_Phdr *properties = NULL;
    vaddr first = UINT64_MAX, last = 0;
    uint32_t code_prot = 0;
    struct stat st;
    Elf64_Ehdr h;

    if (!read_headers(fd, name, &h, &ph, error)) {
        return false;
    }
    if (fstat(fd, &st) < 0) {
        return fail(error, name, g_strerror(errno));
    }
    for (unsigned i = 0; i < h.e_phnum; i++) {
        if (ph[i].p_type == PT_LOAD) {
            if (!check_segment(&ph[i], (uint64_t)st.st_size)) {
                return fail(error, name, "an ELF segment is not valid, or truncated");
            }
            first = MIN(first, ph[i].p_vaddr & ~(vaddr)(LINUX_PAGE - 1));
            last = MAX(last, page_up(ph[i].p_vaddr + ph[i].p_memsz));
        } else if (ph[i].p_type == PT_GNU_PROPERTY) {
            properties = &ph[i];
        } else if (ph[i].p_type == PT_INTERP && !is_interp && !img->interp) {
            if (ph[i].p_filesz < 2 || ph[i].p_filesz > MAX_INTERP) {
                return fail(error, name, "its interpreter's name is not valid");
            }
            img->interp = g_malloc0(ph[i].p_filesz + 1);
            if (pread(fd, img->interp, ph[i].p_filesz, (off_t)ph[i].p_offset) != (ssize_t)ph[i].p_filesz) {
                return fail(error, name, "truncated");
            }
        }
    }
    if (first >= last || last - first > p->mem.size / 4) {
        return fail(error, name, "it has nothing to load, or more than there is room for");
    }
    if (h.e_type == ET_DYN) {
        vaddr hint = is_interp ? 0 : p->mem.size / 3 * 2 & ~(vaddr)0xffffff;
        int64_t at = mem_mmap(p, hint, last - first, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (at < 0) {
            return fail(error, name, "no room in guest memory");
        }
        img->load_bias = (vaddr)at - first;
        mem_munmap(p, (vaddr)at, last - first);         /* what lies between segments is not mapped */
    } else if (last > p->mem.size - LINUX_PAGE) {
        return fail(error, name, "its addresses lie outside the guest's memory");
    }
    if (properties && !img->interp) {
        code_prot = prot_by_property(p, fd, properties);        /* what has an interpreter leaves it to that */
        p->guarded |= code_prot != 0;
    }
    for (unsigned i = 0; i < h.e_phnum; i++) {
        if (ph[i].p_type == PT_LOAD && ph[i].p_memsz) {
            if (!map_segment(p, fd, &ph[i], img->load_bias, code_prot)) {
                return fail(error, name, "an ELF segment cannot be mapped");
            }
            if (h.e_phoff >= ph[i].p_offset && h.e_phoff < ph[i].p_offset + ph[i].p_filesz) {
                img->phdr = img->load_bias + ph[i].p_vaddr + (h.e_phoff - ph[i].p_offset);
            }
        }
    }
    img->first = img->load_bias + first;
    img->brk = img->load_bias + last;
    img->entry = img->load_bias + h.e_entry;
    img->phnum = h.e_phnum;
    img->machine = h.e_machine;
    return true;
}

bool elf_load(Process *p, int fd, const char *name, LoadedElf *ret, GError **error)
{
    Image img = { 0 }, interp = { 0 };
    bool ok = load_image(p, fd, name, false, &img, error);

    *ret = (LoadedElf){
        .entry = img.entry, .start = img.entry, .base = img.first, .phdr = img.phdr, .phnum = img.phnum, .brk = img.brk,
        .machine = img.machine,
    };
    if (ok && img.interp) {
        g_autofree char *path = path_in_sysroot(p, img.interp);
        int ifd = open(path, O_RDONLY | O_CLOEXEC), err = errno;
        g_autofree char *shown = g_strescape(path, NULL);       /* the file's word: anything may be in it */

        if (ifd < 0) {
            g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(err),
                        "%s: its interpreter %s: %s: say with -L where the libraries are", name, shown, g_strerror(err));
            ok = false;
        } else {
            ok = load_image(p, ifd, shown, true, &interp, error);
            close(ifd);
            ret->start = interp.entry;
            ret->interp_base = interp.first;
        }
    }
    g_free(img.interp);
    g_free(interp.interp);
    return ok;
}

/* -- the stack ------------------------------------------------------------------------------------------------------- */

typedef struct StackBuilder {
    Process *p;
    vaddr sp, limit;
    bool ok;
} StackBuilder;

static vaddr push(StackBuilder *b, const void *data, size_t len)
{
    if (len > b->sp - b->limit) {
        b->ok = false;
        return 0;
    }
    b->sp -= len;
    memcpy(g2h(b->p, b->sp), data, len);
    return b->sp;
}

static vaddr push_text(StackBuilder *b, const char *text)
{
    return push(b, text, strlen(text) + 1);
}

vaddr elf_stack(Process *p, CPUState *cs, const LoadedElf *elf, char **argv, char **env, GError **error)
{
    GArray *words = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    StackBuilder b = { .p = p, .ok = true };
    unsigned argc = g_strv_length(argv), envc = g_strv_length(env);
    vaddr random, exe, platform;
    uint8_t bytes[16] = { 0 };

    if (mem_mmap(p, p->stack_low, p->stack_top - p->stack_low, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) < 0) {
        g_array_unref(words);
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "no room for a stack of %" PRIu64 " bytes",
                    p->o->stack_size);
        return 0;
    }
    mem_name(p, p->stack_low, "[stack]");
    b.limit = p->stack_low + LINUX_PAGE;
    b.sp = p->stack_top - 8;                    /* a null word ends the stack */
    exe = push_text(&b, p->name);
    p->arg_end = p->env_end = b.sp;
#define WORD(v) do { uint64_t w_ = (v); g_array_append_val(words, w_); } while (0)
    WORD(argc);
    {
        g_autofree vaddr *at = g_new0(vaddr, argc + envc + 1);

        for (unsigned i = envc; i-- > 0;) {
            at[argc + i] = push_text(&b, env[i]);
        }
        p->arg_end = b.sp;
        for (unsigned i = argc; i-- > 0;) {
            at[i] = push_text(&b, argv[i]);
        }
        p->arg_start = b.sp;
        for (unsigned i = 0; i < argc; i++) {
            WORD(at[i]);
        }
        WORD(0);
        for (unsigned i = 0; i < envc; i++) {
            WORD(at[argc + i]);
        }
        WORD(0);
    }
    platform = push_text(&b, p->target->platform);
    b.sp &= ~(vaddr)15;
    if (!machine_random(p->m, bytes, sizeof(bytes))) {
        memcpy(bytes, &b.sp, sizeof(b.sp));     /* a kernel that has none yet: the program's own affair */
    }
    random = push(&b, bytes, sizeof(bytes));
    {
        const uint64_t aux[][2] = {
            { AT_PHDR, elf->phdr }, { AT_PHENT, sizeof(Elf64_Phdr) }, { AT_PHNUM, elf->phnum },
            { AT_PAGESZ, LINUX_PAGE }, { AT_BASE, elf->interp_base }, { AT_FLAGS, 0 }, { AT_ENTRY, elf->entry },
            { AT_UID, getuid() }, { AT_EUID, geteuid() }, { AT_GID, getgid() }, { AT_EGID, getegid() },
            { AT_HWCAP, p->target->hwcap(cs, 0) }, { AT_HWCAP2, p->target->hwcap(cs, 1) },
            { AT_CLKTCK, (uint64_t)sysconf(_SC_CLK_TCK) }, { AT_RANDOM, random }, { AT_PLATFORM, platform },
            { AT_SYSINFO_EHDR, p->vdso }, { AT_SECURE, 0 }, { AT_EXECFN, exe }, { AT_MINSIGSTKSZ, 8192 }, { AT_NULL, 0 },
        };
        unsigned first = words->len;

        for (unsigned i = 0; i < G_N_ELEMENTS(aux); i++) {
            WORD(aux[i][0]);
            WORD(aux[i][1]);
        }
        p->auxv_size = (words->len - first) * 8;
        b.sp = (b.sp - words->len * 8) & ~(vaddr)15;
        p->auxv = b.sp + first * 8;
    }
#undef WORD
    b.ok &= b.sp >= b.limit && b.sp < p->stack_top;
    if (b.ok) {
        memcpy(g2h(p, b.sp), words->data, words->len * 8);
    } else {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "the arguments and the environment do not fit the stack");
    }
    g_array_unref(words);
    return b.ok ? b.sp : 0;
}
