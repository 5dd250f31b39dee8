// SPDX-License-Identifier: Apache-2.0
#include "cli/predict_output.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static gd_status failed(const gd_output *output, int reason, gd_error *error)
{
    return output->regular ? gd_fail(error, GD_IO, "cannot write '%s': %s", output->name, strerror(reason))
                           : gd_fail(error, GD_IO, "cannot write to standard output: %s", strerror(reason));
}

gd_status gd_output_open(const char *name, gd_output *output, gd_error *error)
{
    *output = (gd_output){.name = name, .file = -1};
    if (strcmp(name, "-") == 0) {
        output->file = STDOUT_FILENO;
        return GD_OK;
    }
    output->regular = true;
    GD_TRY(gd_file_replaceable(name, error));
    output->file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (output->file < 0)
        return failed(output, errno, error);
    if (flock(output->file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return gd_fail(error, GD_IO, "cannot write '%s': another process is writing it", name);
    return gd_file_map(name, &output->earlier, &output->earlier_bytes, error);
}

bool gd_output_earlier(const gd_output *output, const char **line, size_t *length, bool *whole)
{
    const size_t left = output->earlier_bytes - (size_t)output->bytes;
    if (left == 0)
        return false;
    *line = (const char *)output->earlier + output->bytes;
    const char *newline = memchr(*line, '\n', left);
    *whole = newline != NULL;
    *length = newline ? (size_t)(newline - *line) : left;
    return true;
}

void gd_output_keep(gd_output *output)
{
    const char *line;
    size_t length;
    bool whole;
    if (gd_output_earlier(output, &line, &length, &whole) && whole) {
        output->bytes += (int64_t)length + 1;
        output->lines++;
    }
}

static void forget_earlier(gd_output *output)
{
    gd_file_unmap(output->earlier, output->earlier_bytes);
    output->earlier = NULL;
    output->earlier_bytes = 0;
}

gd_status gd_output_begin(gd_output *output, gd_error *error)
{
    forget_earlier(output);
    if (output->regular && (ftruncate(output->file, output->bytes) != 0 || lseek(output->file, 0, SEEK_END) < 0))
        return failed(output, errno, error);
    return GD_OK;
}

gd_status gd_output_add(gd_output *output, const gd_text *line, gd_error *error)
{
    for (size_t written = 0; written < line->length;) {
        const ssize_t n = write(output->file, line->at + written, line->length - written);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            const int reason = errno;
            if (output->regular && ftruncate(output->file, output->bytes) != 0) /* no half line */
                return failed(output, errno, error);
            return failed(output, reason, error);
        }
        written += (size_t)n;
    }
    output->lines++;
    output->bytes += (int64_t)line->length;
    return GD_OK;
}

gd_status gd_output_sync(gd_output *output, gd_error *error)
{
    return !output->regular || fsync(output->file) == 0 || errno == EINVAL ? GD_OK : failed(output, errno, error);
}

void gd_output_close(gd_output *output)
{
    forget_earlier(output);
    if (output->regular && output->file >= 0)
        close(output->file);
    output->file = -1;
}
