/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Intel HEX (Hexadecimal Object File Format Specification, revision A, 1988): lines of ":", a length, a 16-bit offset, a
 * type, the data and a sum, in hexadecimal. Types: 00 data, 01 end, 02 segment base, 03 start at CS:IP, 04 upper half of
 * the base, 05 start at a linear address. Bytes that follow each other become one segment, wherever their lines are; with
 * no start, it is the lowest address.
 */
#include <inttypes.h>
#include <string.h>

#include "modules/loader/formats.h"

enum { DATA, END, SEGMENT_BASE, SEGMENT_START, LINEAR_BASE, LINEAR_START, NUM_TYPES };
enum { HEADER = 4, MAX_RECORD = HEADER + 255 + 1 };

typedef struct Hex {
    Image *image;
    unsigned line;
    uint32_t base;
    bool linear;                                /* the base is a linear one: addresses run through 4 GiB, not through 64 KiB */
    bool started, ended;
    GByteArray *data;                           /* all data, in the order of the file */
    GArray *runs;                               /* Run */
} Hex;

typedef struct Run {
    uint64_t addr, offset, len;                 /* offset in data */
} Run;

static bool bad_line(const Hex *h, const char *what, GError **error)
{
    g_autofree char *text = g_strdup_printf("Intel HEX: line %u: %s", h->line, what);

    return image_error(error, h->image, text);
}

static void add_byte(Hex *h, uint32_t addr, uint8_t byte)
{
    Run *last = h->runs->len ? &g_array_index(h->runs, Run, h->runs->len - 1) : NULL;

    if (last && last->addr + last->len == addr) {
        last->len++;
    } else {
        g_array_append_vals(h->runs, &(Run){ .addr = addr, .offset = h->data->len, .len = 1 }, 1);
    }
    g_byte_array_append(h->data, &byte, 1);
}

static uint32_t big_endian(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

/* r: length, offset, type, data. */
static bool take_record(Hex *h, const uint8_t *r, GError **error)
{
    static const uint8_t lengths[NUM_TYPES] = { [SEGMENT_BASE] = 2, [SEGMENT_START] = 4, [LINEAR_BASE] = 2, [LINEAR_START] = 4 };
    const uint8_t *data = r + HEADER;
    uint32_t offset = big_endian(r + 1, 2);

    if (r[3] >= NUM_TYPES) {
        return bad_line(h, "a type of record that does not exist", error);
    }
    if (r[3] != DATA && r[0] != lengths[r[3]]) {
        return bad_line(h, "a record of this type has another length", error);
    }
    switch (r[3]) {
    case DATA:
        for (unsigned i = 0; i < r[0]; i++) {
            add_byte(h, h->base + (h->linear ? offset + i : (offset + i) & 0xffff), data[i]);
        }
        break;
    case END:
        h->ended = true;
        break;
    case SEGMENT_BASE:
    case LINEAR_BASE:
        h->linear = r[3] == LINEAR_BASE;
        h->base = big_endian(data, 2) << (h->linear ? 16 : 4);
        break;
    case SEGMENT_START:
        h->image->entry = (big_endian(data, 2) << 4) + big_endian(data + 2, 2);
        h->started = true;
        break;
    case LINEAR_START:
        h->image->entry = big_endian(data, 4);
        h->started = true;
        break;
    }
    return true;
}

/* One line without its end. */
static bool take_line(Hex *h, const char *p, gsize len, GError **error)
{
    uint8_t r[MAX_RECORD], sum = 0;
    unsigned n = 0;

    while (len && g_ascii_isspace(p[len - 1])) {
        len--;
    }
    if (len == 0) {
        return true;
    }
    if (h->ended) {
        return bad_line(h, "there is more after the end record", error);
    }
    if (p[0] != ':') {
        return bad_line(h, "a record begins with ':'", error);
    }
    for (gsize i = 1; i < len; i += 2, n++) {
        int high = g_ascii_xdigit_value(p[i]), low = i + 1 < len ? g_ascii_xdigit_value(p[i + 1]) : -1;

        if (high < 0 || low < 0) {
            return bad_line(h, "not pairs of hexadecimal digits", error);
        }
        if (n == MAX_RECORD) {
            return bad_line(h, "longer than any record", error);
        }
        r[n] = (uint8_t)(high << 4 | low);
        sum += r[n];
    }
    if (n < HEADER + 1 || n != HEADER + 1u + r[0]) {
        return bad_line(h, "the record's length is not the line's", error);
    }
    if (sum) {
        g_autofree char *what = g_strdup_printf("checksum %02X, where %02X is right", r[n - 1], (uint8_t)(r[n - 1] - sum));

        return bad_line(h, what, error);
    }
    return take_record(h, r, error);
}

static int compare_runs(const void *a, const void *b)
{
    const Run *x = a, *y = b;

    return x->addr < y->addr ? -1 : x->addr > y->addr ? 1 : x->offset < y->offset ? -1 : 1;
}

static bool add_segments(Hex *h, GError **error)
{
    g_autoptr(GByteArray) bytes = NULL;

    g_array_sort(h->runs, compare_runs);
    for (unsigned i = 0; i < h->runs->len; i++) {
        const Run *run = &g_array_index(h->runs, Run, i);
        const Run *next = i + 1 < h->runs->len ? run + 1 : NULL;
        g_autoptr(GBytes) whole = NULL;

        if (next && next->addr < run->addr + run->len) {
            g_autofree char *what = g_strdup_printf("Intel HEX: the byte at 0x%" PRIx64 " is there twice", next->addr);

            return image_error(error, h->image, what);
        }
        bytes = bytes ? bytes : g_byte_array_new();
        g_byte_array_append(bytes, h->data->data + run->offset, (guint)run->len);
        if (!next || next->addr != run->addr + run->len) {
            uint64_t len = bytes->len;

            whole = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
            image_add_segment(h->image, run->addr + run->len - len, whole, 0, len, len);
        }
    }
    return true;
}

bool hex_parse(GBytes *file, Image *image, GError **error)
{
    gsize len, line_len;
    const char *p = g_bytes_get_data(file, &len), *end = p + len;
    Hex h = { .image = image };
    bool ok = true;

    /* ":" and a length and an offset in hexadecimal: no code of ours begins so */
    if (len < 11 || p[0] != ':') {
        return false;
    }
    for (unsigned i = 1; i < 11; i++) {
        if (!g_ascii_isxdigit(p[i])) {
            return false;
        }
    }
    image->format = IMAGE_HEX;
    h.data = g_byte_array_new();
    h.runs = g_array_new(FALSE, FALSE, sizeof(Run));
    for (; ok && p < end; p += MIN(line_len + 1, (gsize)(end - p))) {
        const char *newline = memchr(p, '\n', (gsize)(end - p));

        line_len = (gsize)((newline ? newline : end) - p);
        h.line++;
        ok = take_line(&h, p, line_len, error);
    }
    if (ok && !h.ended) {
        ok = image_error(error, image, "Intel HEX: there is no end record: the file is truncated");
    }
    if (ok && h.runs->len == 0) {
        ok = image_error(error, image, "Intel HEX: nothing to load");
    }
    ok = ok && add_segments(&h, error);
    if (ok && !h.started) {
        image->entry = g_array_index(image->segments, ImageSegment, 0).addr;
    }
    g_byte_array_unref(h.data);
    g_array_unref(h.runs);
    return ok;
}
