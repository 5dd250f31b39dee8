// SPDX-License-Identifier: Apache-2.0
#include "watch/append.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many of the lines' first bytes are the file's last ones. `*torn`: else the file ends within a line. -1: errno. */
static ssize_t written_before(int file, off_t size, const char *lines, size_t length, bool *torn)
{
    const size_t n = (off_t)length < size ? length : (size_t)size;
    char *tail = malloc(n + 1);
    if (!tail || pread(file, tail, n, size - (off_t)n) != (ssize_t)n) {
        free(tail);
        return -1;
    }
    size_t common = n;
    while (common > 0 && memcmp(tail + n - common, lines, common) != 0)
        common--;
    *torn = common == 0 && n > 0 && tail[n - 1] != '\n';
    free(tail);
    return (ssize_t)common;
}

static bool write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t n = write(file, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : ENOSPC;
            return false;
        }
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

gd_status gd_append(const char *path, const char *lines, size_t length, gd_error *error)
{
    struct stat info;
    bool torn = false;
    gd_status status = GD_OK;
    const int file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0 || fstat(file, &info) != 0) {
        status = gd_fail(error, GD_IO, "cannot append to '%s': %s", path, strerror(errno));
    } else if (!S_ISREG(info.st_mode)) {
        status = gd_fail(error, GD_IO, "cannot append to '%s': it is not a regular file", path);
    } else {
        const ssize_t before = written_before(file, info.st_size, lines, length, &torn);
        const bool done = before >= 0 && (!torn || write_all(file, "\n", 1)) &&
                          write_all(file, lines + before, length - (size_t)before) &&
                          (fsync(file) == 0 || errno == EINVAL);
        if (!done) {
            status = gd_fail(error, GD_IO, "cannot append to '%s': %s", path, strerror(errno));
            if (ftruncate(file, info.st_size) != 0) /* half a line may stay, and is completed the next time */
                status = GD_IO;
        }
    }
    if (file >= 0)
        close(file);
    return status;
}
