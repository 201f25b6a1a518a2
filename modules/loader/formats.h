/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The formats, each a file: look at the bytes, and fill in the image if they are of that format. */
#ifndef MODULES_LOADER_FORMATS_H
#define MODULES_LOADER_FORMATS_H

#include "core/exec/loader.h"

Image *image_open(const char *path, bool raw_only, GError **error);
void image_free(Image *image);

/*
 * Each: true if the bytes are of the format, with *image filled; false with *error set if they claim to be and are
 * broken; false without error if they are something else.
 */
bool elf_parse(GBytes *bytes, Image *image, GError **error);
bool linux_arm64_parse(GBytes *bytes, Image *image, GError **error);
bool uboot_parse(GBytes *bytes, Image *image, GError **error);
bool hex_parse(GBytes *bytes, Image *image, GError **error);

/* Adds [offset, offset + len) of bytes as a segment. */
void image_add_segment(Image *image, hwaddr addr, GBytes *bytes, gsize offset, gsize len, uint64_t mem_size);
bool image_error(GError **error, const Image *image, const char *what);
/* Inflates a whole gzip stream; NULL with GError. */
GBytes *image_gunzip(GBytes *bytes, const Image *image, GError **error);

#endif
