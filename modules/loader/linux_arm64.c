/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linux's Image for arm64: a 64-byte header before the code (Linux, Documentation/arm64/booting.rst). */
#include <string.h>
#include "core/bits.h"
#include "modules/loader/formats.h"

enum { TEXT_OFFSET = 8, IMAGE_SIZE = 16, FLAGS = 24, MAGIC = 56, HEADER = 64 };
#define ARM64_MAGIC 0x644d5241                  /* "ARM\x64" */
/* Kernels before 3.17 have image_size 0: text_offset is then always this, and the size must be guessed generously. */
#define OLD_TEXT_OFFSET 0x80000

/* Where the last section ends by the PE header that a kernel with an EFI stub has as well; 0 without one. */
static uint64_t pe_end(const uint8_t *h, gsize len)
{
    uint32_t pe = (uint32_t)ldl_le_p(h + 60);
    uint64_t sections, end = 0;

    if (memcmp(h, "MZ", 2)) {
        return 0;
    }
    if (pe + UINT64_C(24) > len) {
        return UINT64_MAX;
    }
    if (memcmp(h + pe, "PE\0", 4)) {
        return 0;
    }
    sections = pe + 24 + (uint64_t)(uint16_t)lduw_le_p(h + pe + 20);
    for (unsigned n = (uint16_t)lduw_le_p(h + pe + 6); n > 0; n--, sections += 40) {
        if (sections + 40 > len) {
            return UINT64_MAX;
        }
        end = MAX(end, (uint64_t)(uint32_t)ldl_le_p(h + sections + 16) + (uint32_t)ldl_le_p(h + sections + 20));
    }
    return end;
}

bool linux_arm64_parse(GBytes *bytes, Image *image, GError **error)
{
    gsize len;
    const uint8_t *h = g_bytes_get_data(bytes, &len);

    if (len < HEADER || (uint32_t)ldl_le_p(h + MAGIC) != ARM64_MAGIC) {
        return false;
    }
    image->format = IMAGE_LINUX_ARM64;
    image->text_offset = ldq_le_p(h + TEXT_OFFSET);
    image->image_size = ldq_le_p(h + IMAGE_SIZE);
    image->any_base = ldq_le_p(h + FLAGS) >> 3 & 1;
    if (image->image_size == 0) {
        image->text_offset = OLD_TEXT_OFFSET;
        image->image_size = len;
    }
    if (ldq_le_p(h + FLAGS) & 1) {
        return image_error(error, image, "a big-endian Linux kernel is not supported yet");
    }
    if (image->text_offset >= 0x200000) {
        return image_error(error, image, "Linux Image: the text offset in the header is absurd");
    }
    /* the size in the header counts .bss as well: less than what the file has means that the file is not whole */
    if (image->image_size < len / 2 || image->image_size > UINT64_C(1) << 32) {
        return image_error(error, image, "Linux Image: the size in the header is absurd");
    }
    if (pe_end(h, len) > len) {
        return image_error(error, image, "Linux Image: the file is truncated");
    }
    image_add_segment(image, 0, bytes, 0, len, MAX(image->image_size, len));
    return true;
}
