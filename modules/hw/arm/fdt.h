/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device tree being written: libfdt with the room, the paths and the cells taken care of. */
#ifndef MODULES_HW_ARM_FDT_H
#define MODULES_HW_ARM_FDT_H

#include <glib.h>
#include "core/forward.h"

typedef struct Fdt Fdt;

Fdt *fdt_new(void);
/* An existing blob, to be completed; NULL with GError if it is none. */
Fdt *fdt_from_file(const char *path, GError **error);
void fdt_free(Fdt *f);
/* A node by path; its parents exist. A node that is there already stays. */
void fdt_node(Fdt *f, const char *path);
bool fdt_has_node(const Fdt *f, const char *path);
void fdt_str(Fdt *f, const char *path, const char *prop, const char *value);
/* Several strings: "a\0b" and its whole length with the last NUL. */
void fdt_bytes(Fdt *f, const char *path, const char *prop, const void *value, gsize len);
void fdt_empty(Fdt *f, const char *path, const char *prop);
void fdt_u32s(Fdt *f, const char *path, const char *prop, unsigned n, const uint32_t *cells);
void fdt_u64(Fdt *f, const char *path, const char *prop, uint64_t value);
/* reg and the like: pairs of 64-bit address and size. */
void fdt_regs(Fdt *f, const char *path, const char *prop, unsigned n, const uint64_t *values);
#define FDT_CELLS(f, path, prop, ...) \
    fdt_u32s(f, path, prop, sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, (const uint32_t[]){ __VA_ARGS__ })
#define FDT_REGS(f, path, ...) \
    fdt_regs(f, path, "reg", sizeof((uint64_t[]){ __VA_ARGS__ }) / 8, (const uint64_t[]){ __VA_ARGS__ })
/* The finished blob. */
GBytes *fdt_blob(Fdt *f);

#endif
