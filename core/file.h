/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that the user names for output. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <glib.h>
#include "core/forward.h"

/*
 * Writes all of data into what path names: the file is created, or emptied and written in place, never replaced, so
 * that links, pipes and terminals are what they were. GError names the path.
 */
bool file_write(const char *path, const void *data, size_t len, GError **error);
/* Removes path if it is a plain file itself, not a link, a pipe or a device. */
void file_remove(const char *path);

#endif
