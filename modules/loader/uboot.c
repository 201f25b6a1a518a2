/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* U-Boot's legacy image: a 64-byte big-endian header with load address and entry point, then the data. */
#include "core/bits.h"
#include "modules/loader/formats.h"

enum { MAGIC = 0, SIZE = 12, LOAD = 16, ENTRY = 20, COMPRESSION = 31, HEADER = 64 };
#define UBOOT_MAGIC 0x27051956
enum { COMP_NONE = 0, COMP_GZIP = 1 };

bool uboot_parse(GBytes *bytes, Image *image, GError **error)
{
    gsize len;
    const uint8_t *h = g_bytes_get_data(bytes, &len);
    g_autoptr(GBytes) body = NULL;

    if (len < HEADER || (uint32_t)ldl_be_p(h + MAGIC) != UBOOT_MAGIC) {
        return false;
    }
    image->format = IMAGE_UBOOT;
    image->load_addr = (uint32_t)ldl_be_p(h + LOAD);
    image->entry = (uint32_t)ldl_be_p(h + ENTRY);
    if ((uint32_t)ldl_be_p(h + SIZE) > len - HEADER) {
        return image_error(error, image, "U-Boot image: the file is truncated");
    }
    body = g_bytes_new_from_bytes(bytes, HEADER, (uint32_t)ldl_be_p(h + SIZE));
    switch (h[COMPRESSION]) {
    case COMP_NONE:
        break;
    case COMP_GZIP: {
        GBytes *plain = image_gunzip(body, image, error);

        if (!plain) {
            return false;
        }
        g_bytes_unref(body);
        body = plain;
        break;
    }
    default:
        return image_error(error, image, "U-Boot image: its compression is not supported yet (gzip and none are)");
    }
    image_add_segment(image, image->load_addr, body, 0, g_bytes_get_size(body), g_bytes_get_size(body));
    return true;
}
