/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is in memory when a machine starts: pieces of images, written again at every reset, and the contract of the
 * module that understands image formats (modules/loader).
 */
#ifndef CORE_EXEC_LOADER_H
#define CORE_EXEC_LOADER_H

#include <glib.h>
#include "core/exec/memory.h"
#include "core/qom/machine.h"

/* -- pieces of memory ------------------------------------------------------------------------------------------- */

/*
 * data appears at addr of as now and at every reset of the machine; mem_size beyond data's length is zero. Takes a
 * reference. Data that overlaps, and pieces outside RAM and ROM, are errors that name both; where zeros and data meet, the
 * data stays (linkers place .bss behind .data's initial values, and other things there too).
 */
bool rom_add(Machine *m, const char *name, AddressSpace *as, hwaddr addr, GBytes *data, uint64_t mem_size, GError **error);
/* The same in the view of one physical address space. */
bool rom_add_pas(Machine *m, const char *name, AddressSpace *as, hwaddr addr, GBytes *data, uint64_t mem_size, Pas pas,
                 GError **error);
/* The same for a piece that is dropped, before or later, if another piece wants any of its place. */
bool rom_add_yielding(Machine *m, const char *name, AddressSpace *as, hwaddr addr, GBytes *data, GError **error);

/* Narrows [*first, *last] of as to its largest part without a piece. False: no piece lies there, nothing changed. */
void rom_dump(const Machine *m, GString *out);  /* a line each */
bool rom_largest_gap(Machine *m, AddressSpace *as, hwaddr *first, hwaddr *last);

/* -- images ---------------------------------------------------------------------------------------------------------- */

typedef enum ImageFormat {
    IMAGE_RAW,                                  /* anything else */
    IMAGE_ELF,
    IMAGE_LINUX_ARM64,                          /* "Image" with Linux's header */
    IMAGE_UBOOT,                                /* legacy uImage */
    IMAGE_HEX,                                  /* Intel HEX */
} ImageFormat;

typedef struct ImageSegment {
    hwaddr addr;                                /* of a placed image (ELF: physical); others: 0, the board places it */
    uint64_t mem_size;                          /* at least data's length */
    GBytes *data;
} ImageSegment;

typedef struct Image {
    ImageFormat format;
    char *path;
    GArray *segments;                           /* ImageSegment */
    hwaddr entry;                               /* of a placed image */
    hwaddr load_addr;                           /* uImage */
    uint16_t elf_machine;                       /* e_machine */
    bool elf64, big_endian;
    uint64_t text_offset, image_size;           /* Linux Image: from the start of a 2 MiB aligned base; memory it needs */
    bool any_base;                              /* Linux Image: may be at any 2 MiB boundary of memory */
} Image;

typedef struct LoaderOps {
    /* Reads a file, uncompressed if it is gzip, and finds out its format (raw_only: does not look). NULL with GError. */
    Image *(*open)(const char *path, bool raw_only, GError **error);
    void (*free)(Image *image);
} LoaderOps;

/* Whether the file says itself where its segments go and where it starts. */
static inline bool image_is_placed(const Image *image)
{
    return image->format == IMAGE_ELF || image->format == IMAGE_UBOOT || image->format == IMAGE_HEX;
}

/* False with GError: an ELF file that is not for such a CPU. Other formats do not say. */
bool loader_fits_cpu(const Image *image, const CPUState *cs, GError **error);
/* The loader of a machine whose modules need "loader". */
const LoaderOps *loader_ops(Machine *m, GError **error);
/*
 * Carries out m->config.loaders (-device loader) against `as`, or, with a CPU of another cluster than the first, against
 * what that cluster sees: the program does it for each machine that is built.
 * Starts of CPUs are set at reset, after the board's.
 */
bool loader_run_options(Machine *m, AddressSpace *as, GError **error);

#endif
