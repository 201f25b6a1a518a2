/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of memory that come back at every reset, and -device loader. */
#include <inttypes.h>

#include "core/bits.h"
#include "core/exec/cpu.h"
#include "core/exec/loader.h"
#include "core/keyval.h"

/* -- pieces --------------------------------------------------------------------------------------------------------- */

typedef struct Rom {
    char *name;
    AddressSpace *as;
    hwaddr addr;
    GBytes *data;
    uint64_t mem_size;
    Pas pas;
    bool yields;                                /* goes when another piece wants its place */
} Rom;

typedef struct RomList {
    GPtrArray *roms;                            /* Rom, in order of adding */
    bool was_reset;                             /* else they are all as they were added */
} RomList;

static void rom_free(void *opaque)
{
    Rom *r = opaque;

    g_free(r->name);
    g_bytes_unref(r->data);
    g_free(r);
}

static bool write_zeros(AddressSpace *as, hwaddr addr, uint64_t len, MemTxAttrs attrs)
{
    static const uint8_t zeros[4096];
    MemTxResult res = MEMTX_OK;

    while (len && res == MEMTX_OK) {
        uint64_t n = MIN(len, sizeof(zeros));

        res = address_space_write(as, addr, attrs, zeros, n);
        addr += n;
        len -= n;
    }
    return res == MEMTX_OK;
}

static MemTxAttrs rom_attrs(const Rom *r)
{
    return (MemTxAttrs){ .pas = r->pas, .debug = 1, .requester = MEMTX_NO_REQUESTER };
}

static bool rom_write_data(const Rom *r)
{
    gsize len;
    const void *data = g_bytes_get_data(r->data, &len);

    return address_space_write(r->as, r->addr, rom_attrs(r), data, len) == MEMTX_OK;
}

static bool rom_write_zeros(const Rom *r)
{
    uint64_t len = g_bytes_get_size(r->data);

    return write_zeros(r->as, r->addr + len, r->mem_size - len, rom_attrs(r));
}

/* Where one piece's zeros and another's bytes meet, the bytes stay. */
static void roms_reset(void *opaque)
{
    RomList *list = opaque;

    if (!list->was_reset) {
        list->was_reset = true;
        return;
    }
    for (unsigned i = 0; i < list->roms->len; i++) {
        rom_write_zeros(list->roms->pdata[i]);
    }
    for (unsigned i = 0; i < list->roms->len; i++) {
        rom_write_data(list->roms->pdata[i]);
    }
}

static void rom_list_free(void *opaque)
{
    RomList *list = opaque;

    g_ptr_array_unref(list->roms);
    g_free(list);
}

static RomList *rom_list(Machine *m)
{
    RomList *list = m->roms;

    if (!list) {
        list = g_new0(RomList, 1);
        list->roms = g_ptr_array_new_with_free_func(rom_free);
        m->roms = list;
        machine_add_reset(m, RESET_PHASE_MEMORY, roms_reset, list, rom_list_free);
    }
    return list;
}

void rom_dump(const Machine *m, GString *out)
{
    const RomList *list = m->roms;

    for (unsigned i = 0; list && i < list->roms->len; i++) {
        const Rom *r = list->roms->pdata[i];

        g_string_append_printf(out, "addr=%016" PRIx64 " size=0x%06" PRIx64 " mem=%s name=\"%s\"\n", r->addr, r->mem_size,
                               address_space_name(r->as), r->name);
    }
}

static bool overlap(const Rom *a, uint64_t a_size, const Rom *b, uint64_t b_size)
{
    return a->as == b->as && a->pas == b->pas && a_size && b_size && a->addr < b->addr + b_size && b->addr < a->addr + a_size;
}

typedef struct RamPiece {
    const RamBlock *ram;
    uint64_t offset, len;
} RamPiece;

/* Whether two of its addresses are the same byte of RAM: boards show memory again behind its end. */
static bool meets_itself(const Rom *r)
{
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(RamPiece));

    for (uint64_t done = 0; done < r->mem_size;) {
        hwaddr at = r->addr + done;
        MemorySection s = address_space_lookup(r->as, at, r->pas);
        RamPiece p = { s.mr ? s.mr->ram : NULL, s.offset, MIN(s.last - at, r->mem_size - done - 1) + 1 };

        for (unsigned i = 0; p.ram && i < pieces->len; i++) {
            const RamPiece *o = &g_array_index(pieces, RamPiece, i);

            if (o->ram == p.ram && o->offset < p.offset + p.len && p.offset < o->offset + o->len) {
                return true;
            }
        }
        g_array_append_val(pieces, p);
        done += p.len;
    }
    return false;
}

static bool add(Machine *m, const Rom *rom, GError **error)
{
    RomList *list = rom_list(m);
    Rom *r = g_memdup2(rom, sizeof(*rom));
    const char *name = rom->name;
    hwaddr addr = rom->addr;
    gsize len = g_bytes_get_size(rom->data);
    uint64_t mem_size = MAX(rom->mem_size, len);

    r->name = g_strdup(name);
    r->mem_size = mem_size;
    g_bytes_ref(r->data);
    for (unsigned i = 0; i < list->roms->len; i++) {
        const Rom *o = list->roms->pdata[i];
        bool all = o->yields || r->yields;

        if (!overlap(o, all ? o->mem_size : g_bytes_get_size(o->data), r, all ? mem_size : len)) {
            continue;
        }
        if (o->yields) {
            write_zeros(o->as, o->addr, o->mem_size, rom_attrs(o));
            g_ptr_array_remove_index(list->roms, i--);
        } else if (r->yields) {
            rom_free(r);
            return true;
        } else {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: 0x%" PRIx64 " to 0x%" PRIx64 " overlaps %s at 0x%" PRIx64,
                        name, addr, addr + mem_size - 1, o->name, o->addr);
            rom_free(r);
            return false;
        }
    }
    if (meets_itself(r)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: 0x%" PRIx64 " to 0x%" PRIx64 " does not fit: the memory there ends "
                    "and is seen again", name, addr, addr + mem_size - 1);
        rom_free(r);
        return false;
    }
    if (!rom_write_zeros(r) || !rom_write_data(r)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: 0x%" PRIx64 " to 0x%" PRIx64 " is not all memory of this machine",
                    name, addr, addr + mem_size - (mem_size != 0));
        rom_free(r);
        return false;
    }
    for (unsigned i = 0; i < list->roms->len; i++) {
        const Rom *o = list->roms->pdata[i];

        if (overlap(o, g_bytes_get_size(o->data), r, mem_size)) {
            rom_write_data(o);
        }
    }
    g_ptr_array_add(list->roms, r);
    return true;
}

bool rom_add_pas(Machine *m, const char *name, AddressSpace *as, hwaddr addr, GBytes *data, uint64_t mem_size, Pas pas,
                 GError **error)
{
    Rom rom = { .name = (char *)name, .as = as, .addr = addr, .data = data, .mem_size = mem_size, .pas = pas };

    return add(m, &rom, error);
}

bool rom_add(Machine *m, const char *name, AddressSpace *as, hwaddr addr, GBytes *data, uint64_t mem_size, GError **error)
{
    return rom_add_pas(m, name, as, addr, data, mem_size, PAS_NONSECURE, error);
}

bool rom_add_yielding(Machine *m, const char *name, AddressSpace *as, hwaddr addr, GBytes *data, GError **error)
{
    Rom rom = { .name = (char *)name, .as = as, .addr = addr, .data = data, .pas = PAS_NONSECURE, .yields = true };

    return add(m, &rom, error);
}

/* The lowest piece that ends above `from` and starts at last or below, or NULL. */
static const Rom *next_rom(const RomList *list, const AddressSpace *as, hwaddr from, hwaddr last)
{
    const Rom *best = NULL;

    for (unsigned i = 0; list && i < list->roms->len; i++) {
        const Rom *r = list->roms->pdata[i];

        if (r->as == as && r->addr <= last && r->addr + r->mem_size > from && (!best || r->addr < best->addr)) {
            best = r;
        }
    }
    return best;
}

bool rom_largest_gap(Machine *m, AddressSpace *as, hwaddr *first, hwaddr *last)
{
    hwaddr at = *first, best = *first, size = 0;
    const Rom *r = next_rom(m->roms, as, at, *last);

    if (!r) {
        return false;
    }
    for (; r; r = next_rom(m->roms, as, at, *last)) {
        if (r->addr > at && r->addr - at > size) {
            best = at;
            size = r->addr - at;
        }
        at = r->addr + r->mem_size;
    }
    if (at <= *last && *last - at + 1 > size) {
        best = at;
        size = *last - at + 1;
    }
    *first = best;
    *last = best + size - 1;
    return size != 0;
}

/* -- -device loader --------------------------------------------------------------------------------------------------- */

const LoaderOps *loader_ops(Machine *m, GError **error)
{
    const LoaderOps *ops = type_registry_interface(object_types(&m->parent.parent), "loader");

    if (!ops) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "the module \"loader\" is not loaded");
    }
    return ops;
}

typedef struct Start {
    CPUState *cs;
    hwaddr pc;
} Start;

static void start_at(void *opaque)
{
    Start *s = opaque;

    CPU_CLASS_OF(s->cs)->set_pc(s->cs, s->pc);
}

bool loader_fits_cpu(const Image *image, const CPUState *cs, GError **error)
{
    const CPUClass *cc = CPU_CLASS_OF(cs);

    if (image->format != IMAGE_ELF ||
        (cc->elf_machine && image->elf_machine == cc->elf_machine && image->elf64 == cc->elf64 && !image->big_endian)) {
        return true;
    }
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: an ELF file of another architecture (machine %u%s), not %s",
                image->path, image->elf_machine, image->big_endian ? ", big-endian" : "", cc->arch);
    return false;
}

/* cs: the CPU that it starts; NULL: it is for one of the machine's. */
static bool fits(Machine *m, const Image *image, const CPUState *cs, GError **error)
{
    for (unsigned i = 0; !cs && i < m->cpus->len; i++) {
        if (loader_fits_cpu(image, m->cpus->pdata[i], NULL)) {
            return true;
        }
    }
    return loader_fits_cpu(image, cs ? cs : m->cpus->pdata[0], error);
}

static bool load_file(Machine *m, AddressSpace *as, const LoaderOption *o, const CPUState *cs, hwaddr *ret_entry, GError **error)
{
    const LoaderOps *ops = loader_ops(m, error);
    Image *image = ops ? ops->open(o->file, o->force_raw, error) : NULL;
    bool ok = image && fits(m, image, cs, error);

    for (unsigned i = 0; ok && i < image->segments->len; i++) {
        ImageSegment *s = &g_array_index(image->segments, ImageSegment, i);
        bool moves = !image_is_placed(image) || image->format == IMAGE_UBOOT;
        hwaddr addr = moves && o->has_addr ? o->addr : s->addr;

        if (!image_is_placed(image) && !o->has_addr) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-device loader: %s: a raw file wants addr=", o->file);
            ok = false;
        } else {
            ok = rom_add(m, o->file, as, addr, s->data, s->mem_size, error);
        }
    }
    if (ok) {
        *ret_entry = image_is_placed(image) ? image->entry : o->addr;
    }
    if (image) {
        ops->free(image);
    }
    return ok;
}

bool loader_run_options(Machine *m, AddressSpace *as, GError **error)
{
    for (unsigned i = 0; m->config.loaders && i < m->config.loaders->len; i++) {
        const LoaderOption *o = m->config.loaders->pdata[i];
        hwaddr entry = o->addr;
        AddressSpace *seen = as;
        const CPUState *cs = NULL;

        if (o->cpu_num >= 0) {
            if ((unsigned)o->cpu_num >= m->cpus->len) {
                g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-device loader: cpu-num=%d: the machine has %u CPUs",
                            o->cpu_num, m->cpus->len);
                return false;
            }
            cs = m->cpus->pdata[o->cpu_num];
            if (cs->cluster != m->clusters->pdata[0]) {        /* a CPU of the first cluster sees what `as` is */
                seen = cs->cluster->as;
            }
        }
        if (o->file) {
            if (!load_file(m, seen, o, cs, &entry, error)) {
                return false;
            }
        } else if (o->data_len) {
            uint64_t value = o->data_be ? bswap64(o->data) >> (64 - 8 * o->data_len) : o->data;
            g_autoptr(GBytes) bytes = g_bytes_new(&value, o->data_len);

            if (!rom_add(m, "-device loader,data=", seen, o->addr, bytes, o->data_len, error)) {
                return false;
            }
        }
        if (o->cpu_num >= 0) {
            Start *s = g_new(Start, 1);

            *s = (Start){ .cs = m->cpus->pdata[o->cpu_num], .pc = entry };
            machine_add_reset(m, RESET_PHASE_USER, start_at, s, g_free);
        }
    }
    return true;
}
