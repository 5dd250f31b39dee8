// SPDX-License-Identifier: Apache-2.0
/* Pictures that lie there: rows of a staged set, PNG and JPEG files. A lot is some rows, or one file. */
#include "base/file.h"
#include "base/pipe.h"
#include "data/walk.h"
#include "survey/survey.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ROWS = 16, FILE_BYTES = 1 << 28 };

/* ---- rows of a staged set ---- */

typedef struct set_survey {
    gd_survey base; /* first */
    const gd_images *images;
    const int64_t *rows;
    int64_t n, next;
    bool resized;
    int64_t *taken; /* (threads): the first of a lot's */
} set_survey;

static int64_t row_of(const set_survey *s, int64_t i) { return s->rows ? s->rows[i] : i; }

static gd_status take_rows(gd_survey *base, int looker, bool *more, gd_error *error)
{
    set_survey *s = (set_survey *)base;
    gd_lot *lot = &base->looker[looker].lot;
    for (s->taken[looker] = s->next; s->next < s->n && lot->n < ROWS; s->next++) {
        const int64_t row = row_of(s, s->next);
        ptrdiff_t name;
        gd_lot_item *item;
        GD_TRY(gd_lot_add_text(lot, s->images->names ? s->images->names[row] : "picture", &name, error));
        GD_TRY(gd_lot_add(lot, name, s->images->names ? 0 : row + 1, &item, error));
        item->sighting.label = s->images->labels[row];
        item->wanted = gd_survey_wants(base);
    }
    *more = lot->n > 0;
    return GD_OK;
}

static gd_status look_at_rows(gd_survey *base, int looker, gd_error *error)
{
    set_survey *s = (set_survey *)base;
    gd_looker *l = &base->looker[looker];
    const gd_images *images = s->images;
    const size_t bytes = (size_t)images->height * (size_t)images->width * (size_t)images->channels;
    for (int i = 0; i < l->lot.n; i++) {
        const gd_image image = {images->height, images->width, images->channels,
                                images->pixels + (size_t)row_of(s, s->taken[looker] + i) * bytes};
        GD_TRY(gd_survey_look(base, l, &l->lot, i, &image, !s->resized, error));
    }
    return GD_OK;
}

gd_status gd_survey_images(const gd_images *images, const int64_t *rows, int64_t n, bool resized,
                           const gd_survey_options *options, const gd_see *see, gd_survey_counts *counts,
                           gd_error *error)
{
    set_survey s = {.images = images, .rows = rows, .n = rows ? n : images->n, .resized = resized};
    *counts = (gd_survey_counts){0};
    if (options->model && gd_model_describe(options->model)->channels != images->channels)
        return gd_fail(error, GD_INVALID, "the model reads %d channels where the images have %d",
                       gd_model_describe(options->model)->channels, images->channels);
    s.taken = calloc(GD_PIPE_THREADS, sizeof *s.taken);
    if (!s.taken)
        return gd_fail(error, GD_NOMEM, "out of memory for a reader of a staged set");
    const gd_status status =
        gd_survey_run(&s.base, (gd_survey_steps){take_rows, look_at_rows}, options, see, counts, error);
    free(s.taken);
    return status;
}

/* ---- files ---- */

typedef struct file_survey {
    gd_survey base; /* first */
    const gd_survey_file *file;
    int64_t n, next;
} file_survey;

static gd_status take_file(gd_survey *base, int looker, bool *more, gd_error *error)
{
    file_survey *s = (file_survey *)base;
    gd_lot *lot = &base->looker[looker].lot;
    ptrdiff_t path;
    gd_lot_item *item;
    *more = s->next < s->n;
    if (!*more)
        return GD_OK;
    const gd_survey_file *file = &s->file[s->next++];
    GD_TRY(gd_lot_add_text(lot, file->path, &path, error));
    GD_TRY(gd_lot_add(lot, path, 0, &item, error));
    item->sighting.label = file->label;
    item->wanted = gd_survey_wants(base);
    return GD_OK;
}

static gd_status look_at_bytes(gd_survey *base, gd_looker *l, const void *bytes, size_t length, gd_error *error)
{
    gd_picture picture = {0};
    gd_lot_item *item = &l->lot.item[0];
    const gd_description file = gd_decode_describe(bytes, length);
    GD_TRY(gd_decode(l->lot.text.at + item->file, bytes, length, base->channels, &picture, error));
    gd_lot_describe(item, &file);
    const gd_image image = {picture.height, picture.width, picture.channels, picture.pixels};
    const gd_status status = gd_survey_look(base, l, &l->lot, 0, &image, true, error);
    gd_picture_release(&picture);
    return status;
}

/* Whatever is wrong with a file is that file's: it is noted and left out. */
static gd_status look_at_file(gd_survey *base, int looker, gd_error *error)
{
    gd_looker *l = &base->looker[looker];
    gd_arena arena = {0};
    gd_error broken = {0};
    char *bytes;
    size_t length;
    gd_status status = gd_file_read(l->lot.text.at + l->lot.item[0].file, FILE_BYTES, &arena, &bytes, &length, &broken);
    if (status == GD_OK)
        status = look_at_bytes(base, l, bytes, length, &broken);
    gd_arena_release(&arena);
    if (status == GD_FORMAT || status == GD_IO) {
        gd_picture_release(&l->lot.item[0].picture);
        l->lot.n = 0;
        gd_lot_note(&l->lot, &broken);
        return GD_OK;
    }
    return status == GD_OK ? GD_OK : gd_fail(error, status, "%s", broken.message);
}

gd_status gd_survey_files(const gd_survey_file *files, int64_t n, const gd_survey_options *options, const gd_see *see,
                          gd_survey_counts *counts, gd_error *error)
{
    file_survey s = {.file = files, .n = n};
    return gd_survey_run(&s.base, (gd_survey_steps){take_file, look_at_file}, options, see, counts, error);
}

/* ---- which files ---- */

static bool like_picture(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

/* The class that the last folder of a path is named as; -1: none. */
static int class_of(const char *path, const char *const *classes, int n_classes)
{
    const char *end = strrchr(path, '/');
    if (!end)
        return -1;
    const char *begin = end;
    while (begin > path && begin[-1] != '/')
        begin--;
    for (int c = 0; c < n_classes; c++) {
        if (strlen(classes[c]) == (size_t)(end - begin) && memcmp(classes[c], begin, (size_t)(end - begin)) == 0)
            return c;
    }
    return -1;
}

gd_status gd_survey_find_files(const char *folder, const char *const *classes, int n_classes, gd_arena *arena,
                               const gd_survey_file **files, int64_t *n, gd_error *error)
{
    gd_walk walk = {0};
    gd_status status;
    *n = 0;
    GD_TRY_TO(done, gd_walk_folder(folder, GD_LOOPS_PASS, &walk, error));
    gd_survey_file *list = gd_arena_alloc(arena, (size_t)walk.n + 1, sizeof *list);
    *files = list;
    for (int64_t i = 0; list && i < walk.n; i++) {
        if (!like_picture(walk.at[i].path))
            continue;
        const char *path = gd_arena_printf(arena, "%s/%s", folder, walk.at[i].path);
        if (!path)
            list = NULL;
        else
            list[(*n)++] = (gd_survey_file){path, class_of(path, classes, n_classes)};
    }
    if (!list)
        status = gd_fail(error, GD_NOMEM, "out of memory for %lld files", (long long)walk.n);
    else if (*n == 0)
        status = gd_fail(error, GD_INVALID, "no pictures below '%s': none of %lld file%s ends in .png, .jpg or .jpeg",
                         folder, (long long)walk.n, gd_plural(walk.n));
done:
    gd_walk_release(&walk);
    return status;
}
