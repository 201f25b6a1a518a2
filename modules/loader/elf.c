/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ELF executables: the program headers of type PT_LOAD, by physical address (System V ABI, chapter 5). */
#include <elf.h>
#include <string.h>

#include "core/bits.h"
#include "modules/loader/formats.h"

/* Reads n bytes at offset in the file's byte order; the caller has checked the range. */
static uint64_t field(const uint8_t *p, gsize offset, unsigned n, bool big_endian)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < n; i++) {
        v |= (uint64_t)p[offset + i] << (8 * (big_endian ? n - 1 - i : i));
    }
    return v;
}

/* Where the fields are in the two classes: offset and size. */
typedef struct ElfField {
    uint8_t offset, size;
} ElfField;
typedef struct ElfLayout {
    gsize ehdr_size, phdr_size;
    ElfField e_entry, e_phoff, e_phentsize, e_phnum, p_offset, p_paddr, p_filesz, p_memsz;
} ElfLayout;

#define FIELD(type, f) { offsetof(type, f), sizeof(((type *)0)->f) }
#define LAYOUT(E, P) { \
    sizeof(E), sizeof(P), FIELD(E, e_entry), FIELD(E, e_phoff), FIELD(E, e_phentsize), FIELD(E, e_phnum), \
    FIELD(P, p_offset), FIELD(P, p_paddr), FIELD(P, p_filesz), FIELD(P, p_memsz) }
static const ElfLayout layouts[2] = { LAYOUT(Elf32_Ehdr, Elf32_Phdr), LAYOUT(Elf64_Ehdr, Elf64_Phdr) };

bool elf_parse(GBytes *bytes, Image *image, GError **error)
{
    gsize len;
    const uint8_t *h = g_bytes_get_data(bytes, &len);

    if (len < EI_NIDENT || memcmp(h, ELFMAG, SELFMAG) != 0) {
        return false;
    }
    image->format = IMAGE_ELF;
    if ((h[EI_CLASS] != ELFCLASS32 && h[EI_CLASS] != ELFCLASS64) ||
        (h[EI_DATA] != ELFDATA2LSB && h[EI_DATA] != ELFDATA2MSB)) {
        return image_error(error, image, "ELF: the class or byte order in the header is none that exists");
    }
    image->elf64 = h[EI_CLASS] == ELFCLASS64;
    image->big_endian = h[EI_DATA] == ELFDATA2MSB;

    const ElfLayout *l = &layouts[image->elf64];
    bool be = image->big_endian;

    if (len < l->ehdr_size) {
        return image_error(error, image, "ELF: the file is truncated");
    }
#define EHDR(f) field(h, l->f.offset, l->f.size, be)
    image->entry = EHDR(e_entry);
    image->elf_machine = field(h, offsetof(Elf64_Ehdr, e_machine), 2, be);

    uint64_t phoff = EHDR(e_phoff), phentsize = EHDR(e_phentsize), phnum = EHDR(e_phnum);
    if (field(h, offsetof(Elf64_Ehdr, e_type), 2, be) == ET_REL || phnum == 0) {
        return image_error(error, image, "ELF: an object file, not a program: link it first");
    }
    if (phentsize != l->phdr_size || phoff > len || phnum * phentsize > len - phoff) {
        return image_error(error, image, "ELF: the program headers are outside the file");
    }
    for (uint64_t i = 0; i < phnum; i++) {
        const uint8_t *p = h + phoff + i * phentsize;
#define PHDR(f) field(p, l->f.offset, l->f.size, be)
        uint64_t offset = PHDR(p_offset), filesz = PHDR(p_filesz), memsz = PHDR(p_memsz), paddr = PHDR(p_paddr);

        if (field(p, 0, 4, be) != PT_LOAD || memsz == 0) {
            continue;
        }
        if (offset > len || filesz > len - offset) {
            return image_error(error, image, "ELF: a segment is outside the file: it is truncated");
        }
        if (filesz > memsz || memsz > UINT64_MAX - paddr) {
            return image_error(error, image, "ELF: a segment's size is absurd");
        }
        image_add_segment(image, paddr, bytes, offset, filesz, memsz);
    }
    if (image->segments->len == 0) {
        return image_error(error, image, "ELF: nothing to load");
    }
    return true;
}
