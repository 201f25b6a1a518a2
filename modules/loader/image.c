/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file as an image: gzip taken off, the format found out. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/keyval.h"
#include "modules/loader/formats.h"

enum { HUGE_FILE = 4 << 20 };

/* No guest memory that a compressed kernel goes to is larger; it bounds what a forged file can make us allocate. */
#define MAX_UNCOMPRESSED (UINT64_C(1) << 30)

bool image_error(GError **error, const Image *image, const char *what)
{
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: %s", image->path, what);
    return false;
}

void image_add_segment(Image *image, hwaddr addr, GBytes *bytes, gsize offset, gsize len, uint64_t mem_size)
{
    ImageSegment s = { .addr = addr, .mem_size = mem_size, .data = g_bytes_new_from_bytes(bytes, offset, len) };

    g_array_append_val(image->segments, s);
}

static void segment_clear(void *opaque)
{
    g_bytes_unref(((ImageSegment *)opaque)->data);
}

GBytes *image_gunzip(GBytes *bytes, const Image *image, GError **error)
{
    gsize len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);
    g_autoptr(GByteArray) out = g_byte_array_new();
    z_stream z = { .next_in = (Bytef *)data, .avail_in = len };
    static const guint chunk = 1 << 20;
    int ret = Z_OK;

    if (len > UINT32_MAX || inflateInit2(&z, 15 + 16) != Z_OK) {
        image_error(error, image, "gzip: too large");
        return NULL;
    }
    while (ret == Z_OK && out->len < MAX_UNCOMPRESSED) {
        guint have = out->len;

        g_byte_array_set_size(out, have + chunk);
        z.next_out = out->data + have;
        z.avail_out = chunk;
        ret = inflate(&z, Z_NO_FLUSH);
        g_byte_array_set_size(out, have + chunk - z.avail_out);
    }
    inflateEnd(&z);
    if (ret != Z_STREAM_END) {
        image_error(error, image, "gzip: the file is truncated or damaged");
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

typedef struct Huge {
    void *map;
    size_t len;
} Huge;

static void huge_free(void *opaque)
{
    Huge *h = opaque;

    munmap(h->map, h->len);
    g_free(h);
}

/* A file of some megabytes in huge pages: smaller ones take as long as its bytes. NULL: it is no such file. */
static GBytes *read_huge(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    size_t have = 0;
    ssize_t n = 1;
    Huge *h;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < HUGE_FILE) {
        goto fail;
    }
    h = g_new(Huge, 1);
    *h = (Huge){ .len = (size_t)st.st_size };
    h->map = mmap(NULL, h->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (h->map == MAP_FAILED) {
        g_free(h);
        goto fail;
    }
    madvise(h->map, h->len, MADV_HUGEPAGE);     /* a host without them is only slower */
    while (have < h->len && n > 0) {
        n = read(fd, (char *)h->map + have, h->len - have);
        have += n > 0 ? (size_t)n : 0;
    }
    if (have == h->len) {
        close(fd);
        return g_bytes_new_with_free_func(h->map, h->len, huge_free, h);
    }
    huge_free(h);

fail:
    if (fd >= 0) {
        close(fd);
    }
    return NULL;
}

static GBytes *read_file(const char *path, GError **error)
{
    g_autoptr(GError) err = NULL;
    GBytes *huge = read_huge(path);
    char *contents;
    gsize len;

    if (huge) {
        return huge;
    }
    if (!g_file_get_contents(path, &contents, &len, &err)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: %s", path,
                    g_error_matches(err, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? "there is no such file" : err->message);
        return NULL;
    }
    return g_bytes_new_take(contents, len);
}

Image *image_open(const char *path, bool raw_only, GError **error)
{
    static bool (*const parse[])(GBytes *, Image *, GError **) = { elf_parse, linux_arm64_parse, uboot_parse,
                                                                       hex_parse };
    g_autoptr(GBytes) bytes = read_file(path, error);
    g_autoptr(GError) err = NULL;
    const uint8_t *contents;
    gsize len;
    Image *image;

    if (!bytes) {
        return NULL;
    }
    contents = g_bytes_get_data(bytes, &len);
    image = g_new0(Image, 1);
    image->path = g_strdup(path);
    image->segments = g_array_new(FALSE, TRUE, sizeof(ImageSegment));
    g_array_set_clear_func(image->segments, segment_clear);
    if (!raw_only && len >= 2 && contents[0] == 0x1f && contents[1] == 0x8b) {
        GBytes *plain = image_gunzip(bytes, image, error);

        if (!plain) {
            image_free(image);
            return NULL;
        }
        g_bytes_unref(bytes);
        bytes = plain;
    }
    for (unsigned i = 0; !raw_only && i < G_N_ELEMENTS(parse); i++) {
        if (parse[i](bytes, image, &err)) {
            return image;
        }
        if (err) {
            g_propagate_error(error, g_steal_pointer(&err));
            image_free(image);
            return NULL;
        }
    }
    image->format = IMAGE_RAW;
    len = g_bytes_get_size(bytes);
    if (len == 0) {
        image_error(error, image, "the file is empty");
        image_free(image);
        return NULL;
    }
    image_add_segment(image, 0, bytes, 0, len, len);
    return image;
}

void image_free(Image *image)
{
    if (image) {
        g_array_unref(image->segments);
        g_free(image->path);
        g_free(image);
    }
}
