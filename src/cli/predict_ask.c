// SPDX-License-Identifier: Apache-2.0
#include "cli/predict_ask.h"

#include "data/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than the largest picture that decode takes has without compression, so that it can tell. */
static const size_t most_bytes = (size_t)1 << 30;

static gd_status make_room(gd_asker *asker, gd_error *error)
{
    asker->probability = calloc((size_t)asker->info->n_classes, sizeof *asker->probability);
    return asker->probability ? GD_OK
                              : gd_fail(error, GD_NOMEM, "out of memory for %d classes", asker->info->n_classes);
}

gd_status gd_asker_init(gd_asker *asker, const gd_model *model, gd_error *error)
{
    *asker = (gd_asker){.info = gd_model_describe(model)};
    GD_TRY(gd_session_new(model, NULL, &asker->session, error));
    return make_room(asker, error);
}

gd_status gd_asker_clone(const gd_asker *asker, gd_asker *clone, gd_error *error)
{
    *clone = (gd_asker){.info = asker->info};
    GD_TRY(gd_session_clone(asker->session, &clone->session, error));
    return make_room(clone, error);
}

void gd_asker_release(gd_asker *asker)
{
    gd_session_free(asker->session);
    free(asker->probability);
    free(asker->file);
    *asker = (gd_asker){0};
}

gd_status gd_ask_bytes(gd_asker *asker, const char *name, const void *bytes, size_t length, gd_error *error)
{
    gd_picture picture = {0};
    GD_TRY(gd_decode(name, bytes, length, asker->info->channels, &picture, error));
    const gd_image pixels = {picture.height, picture.width, picture.channels, picture.pixels};
    gd_status status = gd_session_run(asker->session, &pixels, 1, asker->probability, error);
    gd_picture_release(&picture);
    GD_TRY(status);
    for (int c = 0; c < asker->info->n_classes; c++) {
        if (!isfinite(asker->probability[c]))
            return gd_fail(error, GD_NUMERIC, "'%s': the model's answer is not a number", name);
    }
    return GD_OK;
}

static gd_status failed(const char *path, int reason, gd_error *error)
{
    return gd_fail(error, GD_IO, "cannot read '%s': %s", path, strerror(reason));
}

/* The file into asker->file: read and not mapped, as a mapped one that somebody cuts short ends the process. */
static gd_status read_file(gd_asker *asker, int file, const char *path, size_t *length, gd_error *error)
{
    struct stat info;
    if (fstat(file, &info) != 0)
        return failed(path, errno, error);
    if (S_ISDIR(info.st_mode))
        return failed(path, EISDIR, error);
    if (!S_ISREG(info.st_mode))
        return gd_fail(error, GD_IO, "cannot read '%s': it is not a regular file", path);
    const size_t bytes = (size_t)info.st_size;
    if (bytes > most_bytes)
        return gd_fail(error, GD_FORMAT, "'%s' has %zu bytes where a picture has at most %zu", path, bytes, most_bytes);
    if (bytes > asker->file_bytes) {
        free(asker->file);
        asker->file = malloc(bytes);
        asker->file_bytes = asker->file ? bytes : 0;
        if (!asker->file)
            return gd_fail(error, GD_NOMEM, "out of memory for '%s' of %zu bytes", path, bytes);
    }
    ssize_t got = 1;
    for (*length = 0; *length < bytes && got > 0; *length += got > 0 ? (size_t)got : 0)
        got = read(file, asker->file + *length, bytes - *length);
    return got < 0 ? failed(path, errno, error) : GD_OK;
}

gd_status gd_ask_file(gd_asker *asker, const char *path, gd_error *error)
{
    size_t length = 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* nobody is waited for behind a pipe */
    if (file < 0)
        return gd_fail(error, GD_IO, "cannot open '%s': %s", path, strerror(errno));
    gd_status status = read_file(asker, file, path, &length, error);
    close(file);
    return status == GD_OK ? gd_ask_bytes(asker, path, asker->file, length, error) : status;
}

int gd_ask_likeliest(const gd_asker *asker)
{
    int best = 0;
    for (int c = 1; c < asker->info->n_classes; c++)
        best = asker->probability[c] > asker->probability[best] ? c : best;
    return best;
}

void gd_ask_print_json(const gd_asker *asker, gd_text *out)
{
    const int best = gd_ask_likeliest(asker);
    gd_text_add(out, "\"class\":");
    gd_text_add_json(out, asker->info->classes[best]);
    gd_text_add(out, ",\"probability\":%.9g,\"probabilities\":[", (double)asker->probability[best]);
    for (int c = 0; c < asker->info->n_classes; c++)
        gd_text_add(out, c ? ",%.9g" : "%.9g", (double)asker->probability[c]);
    gd_text_add(out, "]");
}
