// SPDX-License-Identifier: Apache-2.0
#include "serve/lines.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many of `length` bytes end with a newline. */
static size_t whole(const char *bytes, size_t length)
{
    const char *newline = memrchr(bytes, '\n', length);
    return newline ? (size_t)(newline - bytes) + 1 : 0;
}

gd_lines_result gd_lines_append(int file, const char *lines, size_t length)
{
    gd_lines_result done = {0};
    while (done.bytes < length && done.reason == 0) {
        const ssize_t n = write(file, lines + done.bytes, length - done.bytes);
        if (n > 0)
            done.bytes += (size_t)n;
        else if (n == 0)
            done.reason = ENOSPC;
        else if (errno != EINTR)
            done.reason = errno;
    }
    const size_t kept = whole(lines, done.bytes);
    if (kept == done.bytes)
        return done;

    /* Writing left the file's position behind our part; somebody else's words behind it stay. */
    struct stat info;
    const off_t here = lseek(file, 0, SEEK_CUR);
    done.torn = here < 0 || fstat(file, &info) != 0 || info.st_size != here ||
                ftruncate(file, here - (off_t)(done.bytes - kept)) != 0;
    if (!done.torn)
        done.bytes = kept;
    return done;
}

long long gd_lines_mend(int file)
{
    char piece[16384];
    struct stat info;
    if (fstat(file, &info) != 0)
        return -1;
    off_t end = info.st_size;
    while (end > 0) {
        const size_t want = end < (off_t)sizeof piece ? (size_t)end : sizeof piece;
        const ssize_t got = pread(file, piece, want, end - (off_t)want);
        if (got != (ssize_t)want) {
            errno = got < 0 ? errno : EIO;
            return -1;
        }
        const size_t kept = whole(piece, want);
        end -= (off_t)(want - kept);
        if (kept > 0)
            break;
    }
    if (end < info.st_size && ftruncate(file, end) != 0)
        return -1;
    return info.st_size - end;
}
