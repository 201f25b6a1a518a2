/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device trees by libfdt: what is written here is our own, so its failures are our own mistakes. */
#include <libfdt.h>
#include <string.h>

#include "core/bits.h"
#include "core/keyval.h"
#include "modules/hw/arm/fdt.h"

enum { ROOM = 1 << 20 };

struct Fdt {
    void *blob;
};

Fdt *fdt_new(void)
{
    Fdt *f = g_new(Fdt, 1);
    int err;

    f->blob = g_malloc0(ROOM);
    err = fdt_create_empty_tree(f->blob, ROOM);
    g_assert(err == 0);
    return f;
}

Fdt *fdt_from_file(const char *path, GError **error)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *data = NULL;
    gsize len;
    Fdt *f;

    if (!g_file_get_contents(path, &data, &len, &err)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-dtb: %s: %s", path,
                    g_error_matches(err, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? "there is no such file" : err->message);
        return NULL;
    }
    if (len < sizeof(struct fdt_header) || fdt_check_full(data, len) != 0 || len > ROOM / 2) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-dtb: %s: not a device tree blob, or a damaged one", path);
        return NULL;
    }
    f = g_new(Fdt, 1);
    f->blob = g_malloc0(ROOM);
    if (fdt_open_into(data, f->blob, ROOM) != 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-dtb: %s: a device tree blob of a version that is not supported",
                    path);
        fdt_free(f);
        return NULL;
    }
    return f;
}

void fdt_free(Fdt *f)
{
    if (f) {
        g_free(f->blob);
        g_free(f);
    }
}

static int offset(const Fdt *f, const char *path)
{
    int off = fdt_path_offset(f->blob, path);

    g_assert(off >= 0);
    return off;
}

bool fdt_has_node(const Fdt *f, const char *path)
{
    return fdt_path_offset(f->blob, path) >= 0;
}

void fdt_node(Fdt *f, const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);
    int err;

    if (fdt_has_node(f, path)) {
        return;
    }
    err = fdt_add_subnode(f->blob, offset(f, parent), strrchr(path, '/') + 1);
    g_assert(err >= 0);
}

void fdt_bytes(Fdt *f, const char *path, const char *prop, const void *value, gsize len)
{
    int err = fdt_setprop(f->blob, offset(f, path), prop, value, len);

    g_assert(err == 0);
}

void fdt_str(Fdt *f, const char *path, const char *prop, const char *value)
{
    fdt_bytes(f, path, prop, value, strlen(value) + 1);
}

void fdt_empty(Fdt *f, const char *path, const char *prop)
{
    fdt_bytes(f, path, prop, NULL, 0);
}

void fdt_u32s(Fdt *f, const char *path, const char *prop, unsigned n, const uint32_t *cells)
{
    g_autofree uint8_t *buf = g_malloc(4 * n);

    for (unsigned i = 0; i < n; i++) {
        stl_be_p(buf + 4 * i, cells[i]);
    }
    fdt_bytes(f, path, prop, buf, 4 * n);
}

void fdt_u64(Fdt *f, const char *path, const char *prop, uint64_t value)
{
    fdt_regs(f, path, prop, 1, &value);
}

void fdt_regs(Fdt *f, const char *path, const char *prop, unsigned n, const uint64_t *values)
{
    g_autofree uint8_t *buf = g_malloc(8 * n);

    for (unsigned i = 0; i < n; i++) {
        stq_be_p(buf + 8 * i, values[i]);
    }
    fdt_bytes(f, path, prop, buf, 8 * n);
}

GBytes *fdt_blob(Fdt *f)
{
    int err = fdt_pack(f->blob);

    g_assert(err == 0);
    return g_bytes_new(f->blob, fdt_totalsize(f->blob));
}
