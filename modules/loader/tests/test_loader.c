/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Image formats: what each yields, and that no truncation or damage of a file does worse than an error. */
#include <elf.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <glib/gstdio.h>

#include "core/bits.h"
#include "modules/loader/formats.h"

static Image *open_bytes(const void *data, gsize len, GError **error)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "chimera-loader-XXXXXX", NULL);
    int fd = g_mkstemp(path);
    Image *image;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, data, len, NULL));
    image = image_open(path, false, error);
    g_assert_true((image != NULL) == (error == NULL || *error == NULL));
    g_unlink(path);
    return image;
}

static GByteArray *make_elf(void)
{
    Elf64_Ehdr e = { .e_ident = ELFMAG, .e_type = ET_EXEC, .e_machine = EM_AARCH64, .e_entry = 0x40080010,
                     .e_phoff = sizeof(e), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 };
    Elf64_Phdr p[2] = {
        { .p_type = PT_LOAD, .p_offset = 0x100, .p_paddr = 0x40080000, .p_filesz = 0x20, .p_memsz = 0x80 },
        { .p_type = PT_NOTE, .p_offset = 0x100, .p_filesz = 4, .p_memsz = 4 },
    };
    GByteArray *a = g_byte_array_new();

    e.e_ident[EI_CLASS] = ELFCLASS64;
    e.e_ident[EI_DATA] = ELFDATA2LSB;
    g_byte_array_append(a, (void *)&e, sizeof(e));
    g_byte_array_append(a, (void *)p, sizeof(p));
    g_byte_array_set_size(a, 0x120);
    memset(a->data + sizeof(e) + sizeof(p), 0xa5, a->len - sizeof(e) - sizeof(p));
    return a;
}

static void test_elf(void)
{
    g_autoptr(GByteArray) a = make_elf();
    Image *image = open_bytes(a->data, a->len, NULL);
    const ImageSegment *s;

    g_assert_cmpint(image->format, ==, IMAGE_ELF);
    g_assert_cmphex(image->entry, ==, 0x40080010);
    g_assert_cmpuint(image->elf_machine, ==, EM_AARCH64);
    g_assert_cmpuint(image->segments->len, ==, 1);
    s = &g_array_index(image->segments, ImageSegment, 0);
    g_assert_cmphex(s->addr, ==, 0x40080000);
    g_assert_cmphex(s->mem_size, ==, 0x80);
    g_assert_cmphex(g_bytes_get_size(s->data), ==, 0x20);
    image_free(image);
}

/* Every prefix, and every byte of the headers set to each of a few values: an image or an error, no crash. */
static void test_elf_damage(void)
{
    static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
    g_autoptr(GByteArray) a = make_elf();
    unsigned errors = 0;

    for (guint len = EI_NIDENT; len < a->len; len++) {
        g_autoptr(GBytes) b = g_bytes_new(a->data, len);
        g_autoptr(GError) error = NULL;
        Image image = { .path = (char *)"x", .segments = g_array_new(FALSE, TRUE, sizeof(ImageSegment)) };

        g_assert_false(elf_parse(b, &image, &error));
        g_assert_nonnull(error);
        for (guint i = 0; i < image.segments->len; i++) {
            g_bytes_unref(g_array_index(image.segments, ImageSegment, i).data);
        }
        g_array_unref(image.segments);
    }
    for (guint i = SELFMAG; i < sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr); i++) {
        for (unsigned v = 0; v < G_N_ELEMENTS(values); v++) {
            uint8_t old = a->data[i];
            g_autoptr(GError) error = NULL;
            Image *image;

            a->data[i] = values[v];
            image = open_bytes(a->data, a->len, &error);
            errors += image == NULL;
            image_free(image);
            a->data[i] = old;
        }
    }
    g_assert_cmpuint(errors, >, 50);
}

static void test_linux(void)
{
    uint8_t h[4096] = { 0 };
    g_autoptr(GError) error = NULL;
    Image *image;

    stq_le_p(h + 8, 0);
    stq_le_p(h + 16, 0x10000);
    stq_le_p(h + 24, 0xa);
    memcpy(h + 56, "ARM\x64", 4);
    image = open_bytes(h, sizeof(h), NULL);
    g_assert_cmpint(image->format, ==, IMAGE_LINUX_ARM64);
    g_assert_cmphex(image->image_size, ==, 0x10000);
    g_assert_true(image->any_base);
    image_free(image);
    stq_le_p(h + 8, UINT64_C(1) << 40);
    g_assert_null(open_bytes(h, sizeof(h), &error));
    g_assert_nonnull(error);
}

static void test_gzip(void)
{
    uint8_t h[4096] = { 0 }, out[4096];
    z_stream z = { .next_in = h, .avail_in = sizeof(h), .next_out = out, .avail_out = sizeof(out) };
    g_autoptr(GError) error = NULL;
    Image *image;

    stq_le_p(h + 16, 0x1000);
    memcpy(h + 56, "ARM\x64", 4);
    g_assert_cmpint(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    g_assert_cmpint(deflate(&z, Z_FINISH), ==, Z_STREAM_END);
    deflateEnd(&z);
    image = open_bytes(out, z.total_out, NULL);
    g_assert_cmpint(image->format, ==, IMAGE_LINUX_ARM64);
    image_free(image);
    g_assert_null(open_bytes(out, z.total_out / 2, &error));
    g_assert_nonnull(error);
}

static void test_uboot(void)
{
    uint8_t h[128] = { 0 };
    g_autoptr(GError) error = NULL;
    Image *image;

    stl_be_p(h, 0x27051956);
    stl_be_p(h + 12, 64);
    stl_be_p(h + 16, 0x40200000);
    stl_be_p(h + 20, 0x40200040);
    image = open_bytes(h, sizeof(h), NULL);
    g_assert_cmpint(image->format, ==, IMAGE_UBOOT);
    g_assert_cmphex(image->entry, ==, 0x40200040);
    image_free(image);
    stl_be_p(h + 12, 65);
    g_assert_null(open_bytes(h, sizeof(h), &error));
    g_assert_nonnull(error);
}

static Image *open_text(const char *text, GError **error)
{
    return open_bytes(text, strlen(text), error);
}

static void assert_segment(const Image *image, unsigned n, hwaddr addr, const char *bytes, gsize len)
{
    const ImageSegment *s = &g_array_index(image->segments, ImageSegment, n);
    gsize have;
    const void *data = g_bytes_get_data(s->data, &have);

    g_assert_cmphex(s->addr, ==, addr);
    g_assert_cmpuint(s->mem_size, ==, len);
    g_assert_cmpmem(data, have, bytes, len);
}

static void test_hex(void)
{
    Image *image = open_text("020000044000BA\n", NULL);

    g_assert_cmpint(image->format, ==, IMAGE_RAW);
    image_free(image);
    /* a linear base, lines out of order that join, another base, a start; all line ends there are, lower case */
    image = open_text(":020000044000BA\r\n"
                      ":03000400050607E7\n"
                      "\n"
                      ":0400000001020304f2  \r\n"
                      ":020000044010AA\n"
                      ":01FFFF00AA57\n"
                      ":0400000540000004B3\n"
                      ":00000001FF", NULL);
    g_assert_cmpint(image->format, ==, IMAGE_HEX);
    g_assert_cmpuint(image->segments->len, ==, 2);
    assert_segment(image, 0, 0x40000000, "\1\2\3\4\5\6\7", 7);
    assert_segment(image, 1, 0x4010ffff, "\xaa", 1);
    g_assert_cmphex(image->entry, ==, 0x40000004);
    image_free(image);

    /* a linear base carries into the next 64 KiB; without a start, the lowest address is it */
    image = open_text(":020000041000EA\n:02FFFF00ABCD88\n:00000001FF\n", NULL);
    assert_segment(image, 0, 0x1000ffff, "\xab\xcd", 2);
    g_assert_cmphex(image->entry, ==, 0x1000ffff);
    image_free(image);

    /* in a segment the offset wraps; a start at CS:IP */
    image = open_text(":020000021000EC\n:02FFFF00ABCD88\n:0400000312340005AE\n:00000001FF\n", NULL);
    g_assert_cmpuint(image->segments->len, ==, 2);
    assert_segment(image, 0, 0x10000, "\xcd", 1);
    assert_segment(image, 1, 0x1ffff, "\xab", 1);
    g_assert_cmphex(image->entry, ==, 0x12345);
    image_free(image);
}

static void test_hex_damage(void)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        { ":0400000001020304F2\n:00000001FE\n", "line 2: checksum FE, where FF is right" },
        { ":0400000001020304F3\n:00000001FF\n", "line 1: checksum F3, where F2 is right" },
        { ":0400000001020304F2\n", "no end record" },
        { ":0400000001020304F2\n\n:0400000601020304EC\n", "line 3: a type of record that does not exist" },
        { ":0400000001020304F2\n:040001000102\n", "line 2: the record's length is not the line's" },
        { ":0400000001020304F2\n0400000001020304F2\n", "line 2: a record begins with ':'" },
        { ":0400000001020304F2\n:00000001F\n", "line 2: not pairs of hexadecimal digits" },
        { ":0400000001020304F2\n:0000000xFF\n", "line 2: not pairs of hexadecimal digits" },
        { ":0400000001020304F2\n:010000040ABC\n", "checksum|another length" },
        { ":010000040AF1\n:00000001FF\n", "line 1: a record of this type has another length" },
        { ":0400000001020304F2\n:00000001FF\n:00000001FF\n", "line 3: there is more after the end record" },
        { ":0400000001020304F2\n:0100030055A7\n:00000001FF\n", "the byte at 0x3 is there twice" },
        { ":00000001FF\n", "nothing to load" },
    };
    g_autofree char *line = g_strnfill(2 * 261, '0');
    g_autofree char *text = g_strdup_printf(":%s\n", line);
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) why = NULL;

        g_assert_null(open_text(rows[i].text, &why));
        g_assert_true(g_regex_match_simple(rows[i].error, why->message, 0, 0));
        /* and no truncation does worse than an error */
        for (unsigned n = 1; rows[i].text[n]; n++) {
            g_autoptr(GError) ignored = NULL;

            image_free(open_bytes(rows[i].text, n, &ignored));
        }
    }
    g_assert_null(open_text(text, &error));
    g_assert_nonnull(strstr(error->message, "line 1: longer than any record"));
}

static void test_raw(void)
{
    g_autoptr(GError) error = NULL;
    Image *image = open_bytes("hello", 5, NULL);

    g_assert_cmpint(image->format, ==, IMAGE_RAW);
    g_assert_cmpuint(g_array_index(image->segments, ImageSegment, 0).mem_size, ==, 5);
    image_free(image);
    g_assert_null(image_open("/nonexistent/file", false, &error));
    g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/loader/elf", test_elf);
    g_test_add_func("/loader/elf-damage", test_elf_damage);
    g_test_add_func("/loader/linux", test_linux);
    g_test_add_func("/loader/gzip", test_gzip);
    g_test_add_func("/loader/uboot", test_uboot);
    g_test_add_func("/loader/hex", test_hex);
    g_test_add_func("/loader/hex-damage", test_hex_damage);
    g_test_add_func("/loader/raw", test_raw);
    return g_test_run();
}
