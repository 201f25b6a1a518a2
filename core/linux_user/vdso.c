/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The vDSO: a shared object of one page that the program finds by AT_SYSINFO_EHDR (vdso(7)). It is made here, at
 * start-up, from the target's code and symbols: headers, a hash table, versioned dynamic symbols, and unwind
 * information for what is a function (gABI chapters 4 and 5; LSB 5, symbol versioning and exception frames). The
 * code that a signal handler returns to has none: unwinders know it by its instructions. No section headers.
 */
#include <elf.h>
#include <string.h>
#include "core/linux_user/user_int.h"

enum { NUM_PHDRS = 3, MAX_SYMBOLS = 16, DW_PCREL_SDATA4 = 0x1b, DW_UDATA4 = 0x03, DW_TABLE = 0x3b };

typedef struct Builder {
    uint8_t *page;
    unsigned at;
    GString *names;                             /* .dynstr */
} Builder;

static unsigned align(Builder *b, unsigned to)
{
    b->at = (b->at + to - 1) & ~(to - 1);
    return b->at;
}

static unsigned put(Builder *b, const void *data, unsigned len)
{
    unsigned at = b->at;

    g_assert(at + len <= LINUX_PAGE);
    memcpy(b->page + at, data, len);
    b->at += len;
    return at;
}

static void put8(Builder *b, unsigned v)
{
    uint8_t byte = (uint8_t)v;

    put(b, &byte, 1);
}

static void put32(Builder *b, unsigned v)
{
    uint32_t word = v;

    put(b, &word, sizeof(word));
}

static void patch32(Builder *b, unsigned at, unsigned v)
{
    uint32_t word = v;

    memcpy(b->page + at, &word, sizeof(word));
}

static unsigned name(Builder *b, const char *text)
{
    unsigned at = (unsigned)b->names->len;

    g_string_append_len(b->names, text, (gssize)strlen(text) + 1);
    return at;
}

static unsigned elf_hash(const char *text)
{
    uint32_t h = 0;

    for (; *text; text++) {
        uint32_t top;

        h = (h << 4) + (uint8_t)*text;
        top = h & 0xf0000000;
        h ^= top >> 24 ^ top;
    }
    return h;
}

/* One bucket: all symbols in a chain. */
static unsigned put_hash(Builder *b, const LinuxVdso *v)
{
    unsigned at = align(b, 8);

    put32(b, 1);
    put32(b, v->num_symbols + 1);
    put32(b, v->num_symbols);                   /* the bucket */
    for (unsigned i = 0; i <= v->num_symbols; i++) {
        put32(b, i ? i - 1 : 0);
    }
    return at;
}

static unsigned put_symbols(Builder *b, const LinuxVdso *v, unsigned code)
{
    Elf64_Sym sym = { 0 };
    unsigned at = align(b, 8);

    put(b, &sym, sizeof(sym));
    for (unsigned i = 0; i < v->num_symbols; i++) {
        const LinuxVdsoSymbol *s = &v->symbols[i];

        sym = (Elf64_Sym){
            .st_name = name(b, s->name), .st_info = ELF64_ST_INFO(STB_GLOBAL, s->function ? STT_FUNC : STT_NOTYPE),
            .st_shndx = 1, .st_value = code + s->offset, .st_size = s->size,
        };
        put(b, &sym, sizeof(sym));
    }
    return at;
}

/* Version 1 is the object itself, 2 the symbols'. */
static unsigned put_versions(Builder *b, const LinuxVdso *v, unsigned soname, unsigned version, unsigned *ret_versym)
{
    const uint16_t local = VER_NDX_LOCAL, ours = 2;
    unsigned at;

    *ret_versym = align(b, 2);
    put(b, &local, sizeof(local));
    for (unsigned i = 0; i < v->num_symbols; i++) {
        put(b, &ours, sizeof(ours));
    }
    at = align(b, 8);
    for (unsigned i = 1; i <= 2; i++) {
        const Elf64_Verdef def = {
            .vd_version = VER_DEF_CURRENT, .vd_flags = i == 1 ? VER_FLG_BASE : 0, .vd_ndx = (uint16_t)i, .vd_cnt = 1,
            .vd_hash = elf_hash(i == 1 ? v->soname : v->version), .vd_aux = sizeof(def),
            .vd_next = i == 1 ? sizeof(Elf64_Verdef) + sizeof(Elf64_Verdaux) : 0,
        };
        const Elf64_Verdaux aux = { .vda_name = i == 1 ? soname : version };

        put(b, &def, sizeof(def));
        put(b, &aux, sizeof(aux));
    }
    return at;
}

/* A frame description of the functions, which leave the stack and the return address alone, and the table that
 * PT_GNU_EH_FRAME leads to. */
static unsigned put_unwind(Builder *b, const LinuxVdso *v, unsigned code, unsigned *ret_size)
{
    const LinuxVdsoSymbol *first = NULL;
    unsigned end = 0, header = align(b, 4), cie, fde, len;

    for (unsigned i = 0; i < v->num_symbols; i++) {
        if (v->symbols[i].function) {
            first = first ? first : &v->symbols[i];
            end = v->symbols[i].offset + v->symbols[i].size;
        }
    }
    b->at += 20;                                /* the header, which is known below */
    cie = b->at;
    put32(b, 0);
    put32(b, 0);
    put8(b, 1);
    put(b, "zR", 3);
    put8(b, 4);                                 /* code alignment */
    put8(b, 0x78);                              /* data alignment: -8 */
    put8(b, v->dwarf_return);
    put8(b, 1);
    put8(b, DW_PCREL_SDATA4);
    put8(b, 0x0c);                              /* DW_CFA_def_cfa sp, 0 */
    put8(b, v->dwarf_sp);
    put8(b, 0);
    align(b, 4);
    patch32(b, cie, b->at - cie - 4);
    fde = b->at;
    put32(b, 0);
    put32(b, b->at - cie);
    put32(b, code + first->offset - b->at);
    put32(b, end - first->offset);
    put8(b, 0);
    align(b, 4);
    patch32(b, fde, b->at - fde - 4);
    put32(b, 0);
    len = b->at;
    b->at = header;
    put8(b, 1);
    put8(b, DW_PCREL_SDATA4);
    put8(b, DW_UDATA4);
    put8(b, DW_TABLE);
    put32(b, cie - b->at);
    put32(b, 1);
    put32(b, code + first->offset - header);
    put32(b, fde - header);
    b->at = len;
    *ret_size = len - header;
    return header;
}

static void put_dynamic(Builder *b, const Elf64_Dyn *dyn, unsigned n, Elf64_Phdr *ph)
{
    *ph = (Elf64_Phdr){ .p_type = PT_DYNAMIC, .p_flags = PF_R, .p_align = 8, .p_filesz = n * sizeof(*dyn) };
    ph->p_offset = ph->p_vaddr = ph->p_paddr = put(b, dyn, n * sizeof(*dyn));
    ph->p_memsz = ph->p_filesz;
}

/* Builds the object in page, zeroes. Returns the offset of the code. */
static unsigned build(uint8_t *page, uint16_t machine, const LinuxVdso *v)
{
    Builder b = { .page = page, .names = g_string_new(NULL) };
    Elf64_Phdr ph[NUM_PHDRS] = { { 0 } };
    Elf64_Ehdr h = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_DYN,
        .e_machine = machine, .e_version = EV_CURRENT, .e_phoff = sizeof(h), .e_ehsize = sizeof(h),
        .e_phentsize = sizeof(ph[0]), .e_phnum = NUM_PHDRS,
    };
    unsigned hash, code, symtab, versym, verdef, dynstr, unwind, unwind_size, soname, version;

    g_assert(v->num_symbols <= MAX_SYMBOLS);
    name(&b, "");
    soname = name(&b, v->soname);
    version = name(&b, v->version);
    b.at = sizeof(h) + sizeof(ph);
    code = align(&b, 16);
    put(&b, v->code, v->code_size);
    hash = put_hash(&b, v);
    symtab = put_symbols(&b, v, code);
    verdef = put_versions(&b, v, soname, version, &versym);
    unwind = put_unwind(&b, v, code, &unwind_size);
    dynstr = put(&b, b.names->str, (unsigned)b.names->len);
    align(&b, 8);
    {
        const Elf64_Dyn dyn[] = {
            { DT_SONAME, { soname } }, { DT_HASH, { hash } }, { DT_STRTAB, { dynstr } }, { DT_SYMTAB, { symtab } },
            { DT_STRSZ, { b.names->len } }, { DT_SYMENT, { sizeof(Elf64_Sym) } }, { DT_VERSYM, { versym } },
            { DT_VERDEF, { verdef } }, { DT_VERDEFNUM, { 2 } }, { DT_NULL, { 0 } },
        };

        put_dynamic(&b, dyn, G_N_ELEMENTS(dyn), &ph[1]);
    }
    ph[0] = (Elf64_Phdr){
        .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_align = LINUX_PAGE, .p_filesz = b.at, .p_memsz = b.at,
    };
    ph[2] = (Elf64_Phdr){
        .p_type = PT_GNU_EH_FRAME, .p_flags = PF_R, .p_align = 4, .p_offset = unwind, .p_vaddr = unwind,
        .p_paddr = unwind, .p_filesz = unwind_size, .p_memsz = unwind_size,
    };
    b.at = 0;
    put(&b, &h, sizeof(h));
    put(&b, ph, sizeof(ph));
    g_string_free(b.names, TRUE);
    return code;
}

bool vdso_map(Process *p, uint16_t machine)
{
    const LinuxVdso *v = &p->target->vdso;
    int64_t at = mem_mmap(p, 0, LINUX_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at < 0) {
        return false;
    }
    p->vdso = (vaddr)at;
    p->sigreturn = p->vdso + build(g2h(p, p->vdso), machine, v) + v->sigreturn;
    mem_mprotect(p, p->vdso, LINUX_PAGE, PROT_READ | PROT_EXEC);
    mem_name(p, p->vdso, "[vdso]");
    return true;
}
