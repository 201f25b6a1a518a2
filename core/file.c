/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that the user names for output. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/file.h"

static bool failed(const char *path, int code, GError **error)
{
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(code), "%s: %s", path, g_strerror(code));
    return false;
}

bool file_write(const char *path, const void *data, size_t len, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
    const char *p = data;

    if (fd < 0) {
        return failed(path, errno, error);
    }
    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno != EINTR) {
            int code = errno;

            close(fd);
            return failed(path, code, error);
        }
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        }
    }
    return close(fd) == 0 || failed(path, errno, error);
}

void file_remove(const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        unlink(path);
    }
}
