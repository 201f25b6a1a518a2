/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbols of ELF files (gABI chapter 4; little-endian, 32 and 64 bits): functions, and labels in sections of code, without
 * the mapping symbols of the Arm ELF ABIs ("$x"). A file is somebody else's: nothing in it is trusted.
 */
#include <elf.h>
#include <string.h>
#include "core/exec/symbols.h"

typedef struct Symbol {
    uint64_t addr, size;                        /* 0: to the next one, but no more than MAX_UNSIZED */
    const char *name;                           /* in the table's file, or its text */
    bool function;
} Symbol;

enum { MAX_UNSIZED = 64 << 10 };

typedef struct Load {
    uint64_t offset, addr, size;
} Load;

struct SymbolTable {
    char *file;                                 /* its bytes: names are in them */
    GArray *symbols;                            /* Symbol, by address */
    GArray *loads;                              /* Load */
    GStringChunk *names;                        /* those of a text */
};

/* The fields of both classes that are needed. */
typedef struct Section {
    uint32_t type, link;
    uint64_t flags, offset, size;
} Section;

typedef struct Elf {
    const uint8_t *data;
    uint64_t size;
    bool wide, thumb;                           /* thumb: bit 0 of a function's address is no part of it */
    uint64_t shoff, phoff;
    unsigned shnum, phnum;
} Elf;

static const void *at(const Elf *e, uint64_t offset, uint64_t len)
{
    return offset <= e->size && len <= e->size - offset ? e->data + offset : NULL;
}

static bool read_header(Elf *e)
{
    const Elf64_Ehdr *h = at(e, 0, sizeof(*h));
    const Elf32_Ehdr *n = at(e, 0, sizeof(*n));

    if (!n || memcmp(n->e_ident, ELFMAG, SELFMAG) != 0 || n->e_ident[EI_DATA] != ELFDATA2LSB) {
        return false;
    }
    e->wide = n->e_ident[EI_CLASS] == ELFCLASS64;
    e->thumb = n->e_machine == EM_ARM;
    if (e->wide && h) {
        e->shoff = h->e_shoff;
        e->phoff = h->e_phoff;
        e->shnum = h->e_shentsize == sizeof(Elf64_Shdr) ? h->e_shnum : 0;
        e->phnum = h->e_phentsize == sizeof(Elf64_Phdr) ? h->e_phnum : 0;
        return true;
    }
    e->shoff = n->e_shoff;
    e->phoff = n->e_phoff;
    e->shnum = n->e_shentsize == sizeof(Elf32_Shdr) ? n->e_shnum : 0;
    e->phnum = n->e_phentsize == sizeof(Elf32_Phdr) ? n->e_phnum : 0;
    return n->e_ident[EI_CLASS] == ELFCLASS32;
}

static bool read_section(const Elf *e, unsigned n, Section *ret)
{
    if (n >= e->shnum) {
        return false;
    }
    if (e->wide) {
        Elf64_Shdr s;
        const void *p = at(e, e->shoff + n * sizeof(s), sizeof(s));

        if (p) {
            memcpy(&s, p, sizeof(s));
            *ret = (Section){ s.sh_type, s.sh_link, s.sh_flags, s.sh_offset, s.sh_size };
        }
        return p;
    } else {
        Elf32_Shdr s;
        const void *p = at(e, e->shoff + n * sizeof(s), sizeof(s));

        if (p) {
            memcpy(&s, p, sizeof(s));
            *ret = (Section){ s.sh_type, s.sh_link, s.sh_flags, s.sh_offset, s.sh_size };
        }
        return p;
    }
}

static void read_loads(const Elf *e, GArray *out)
{
    for (unsigned i = 0; i < e->phnum; i++) {
        Elf64_Phdr w = { 0 };
        Elf32_Phdr n;
        const void *p = at(e, e->phoff + i * (e->wide ? sizeof(w) : sizeof(n)), e->wide ? sizeof(w) : sizeof(n));

        if (p && e->wide) {
            memcpy(&w, p, sizeof(w));
        } else if (p) {
            memcpy(&n, p, sizeof(n));
            w.p_type = n.p_type;
            w.p_offset = n.p_offset;
            w.p_vaddr = n.p_vaddr;
            w.p_filesz = n.p_filesz;
        }
        if (w.p_type == PT_LOAD) {
            Load l = { w.p_offset, w.p_vaddr, w.p_filesz };

            g_array_append_val(out, l);
        }
    }
}

static void read_symbols(const Elf *e, const Section *table, GArray *out)
{
    uint64_t entry = e->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    const uint8_t *p = at(e, table->offset, table->size);
    Section strings;

    if (!p || !read_section(e, table->link, &strings) || !at(e, strings.offset, strings.size)) {
        return;
    }
    for (uint64_t n = 0; n < table->size / entry; n++) {
        Elf64_Sym w;
        Elf32_Sym s;
        Section in;
        Symbol sym;
        unsigned type;

        if (e->wide) {
            memcpy(&w, p + n * entry, sizeof(w));
        } else {
            memcpy(&s, p + n * entry, sizeof(s));
            w = (Elf64_Sym){ s.st_name, s.st_info, s.st_other, s.st_shndx, s.st_value, s.st_size };
        }
        type = ELF64_ST_TYPE(w.st_info);
        if ((type != STT_FUNC && type != STT_NOTYPE && type != STT_GNU_IFUNC) || w.st_name >= strings.size ||
            !read_section(e, w.st_shndx, &in) || !(in.flags & SHF_EXECINSTR)) {
            continue;
        }
        sym = (Symbol){ w.st_value, w.st_size, (const char *)e->data + strings.offset + w.st_name, type != STT_NOTYPE };
        if (*sym.name && *sym.name != '$' && memchr(sym.name, 0, strings.size - w.st_name)) {
            sym.addr &= ~(uint64_t)(e->thumb && sym.function);
            g_array_append_val(out, sym);
        }
    }
}

/* "ADDRESS TYPE NAME", of code. */
static void read_text(SymbolTable *t, const char *text, gsize len)
{
    const char *end = text + len;

    t->names = g_string_chunk_new(4096);
    for (const char *line = text, *next; line < end; line = next) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        g_autofree char *copy = g_strndup(line, (size_t)((stop ? stop : end) - line));
        char *rest;
        Symbol sym = { .addr = g_ascii_strtoull(copy, &rest, 16), .function = true };

        next = stop ? stop + 1 : end;
        if (rest != copy && *rest == ' ' && rest[1] && strchr("tTwW", rest[1]) && rest[2] == ' ' && rest[3]) {
            rest[3 + strcspn(rest + 3, " \t\r")] = 0;
            sym.name = g_string_chunk_insert(t->names, rest + 3);
            g_array_append_val(t->symbols, sym);
        }
    }
}

/* Of those at one address the one that is found last: functions, then those that say where they end. */
static int by_address(gconstpointer a, gconstpointer b)
{
    const Symbol *p = a, *q = b;

    if (p->addr != q->addr) {
        return p->addr < q->addr ? -1 : 1;
    }
    return p->function != q->function ? p->function - q->function : (p->size != 0) - (q->size != 0);
}

SymbolTable *symbols_load(const char *path)
{
    char *file;
    gsize size;
    SymbolTable *t;
    Elf e = { 0 };
    Section s;

    /* a copy: who cuts a file that is mapped ends us; and /proc's have no size */
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) || !g_file_get_contents(path, &file, &size, NULL)) {
        return NULL;
    }
    t = g_new0(SymbolTable, 1);
    t->file = file;
    t->symbols = g_array_new(FALSE, FALSE, sizeof(Symbol));
    t->loads = g_array_new(FALSE, FALSE, sizeof(Load));
    e.data = (const uint8_t *)file;
    e.size = size;
    if (read_header(&e)) {
        read_loads(&e, t->loads);
        for (unsigned i = 0; read_section(&e, i, &s); i++) {
            if (s.type == SHT_SYMTAB || s.type == SHT_DYNSYM) {
                read_symbols(&e, &s, t->symbols);
            }
        }
    } else if (size && g_ascii_isxdigit(file[0])) {
        read_text(t, file, size);
    }
    if (!t->symbols->len) {
        symbols_free(t);
        return NULL;
    }
    g_array_sort(t->symbols, by_address);
    return t;
}

void symbols_free(SymbolTable *t)
{
    if (t) {
        g_array_unref(t->symbols);
        g_array_unref(t->loads);
        if (t->names) {
            g_string_chunk_free(t->names);
        }
        g_free(t->file);
        g_free(t);
    }
}

const char *symbols_find(const SymbolTable *t, uint64_t addr, uint64_t *ret_offset)
{
    unsigned low = 0, high = t->symbols->len;
    const Symbol *s;

    while (low < high) {                        /* the last that does not begin after it */
        unsigned mid = low + (high - low) / 2;

        if (g_array_index(t->symbols, Symbol, mid).addr <= addr) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (!low) {
        return NULL;
    }
    s = &g_array_index(t->symbols, Symbol, low - 1);
    *ret_offset = addr - s->addr;
    return *ret_offset < (s->size ? s->size : MAX_UNSIZED) ? s->name : NULL;
}

bool symbols_file_address(const SymbolTable *t, uint64_t offset, uint64_t *ret)
{
    for (unsigned i = 0; i < t->loads->len; i++) {
        const Load *l = &g_array_index(t->loads, Load, i);

        if (offset >= l->offset && offset - l->offset < l->size) {
            *ret = offset - l->offset + l->addr;
            return true;
        }
    }
    return false;
}
