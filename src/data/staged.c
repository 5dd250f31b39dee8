// SPDX-License-Identifier: Apache-2.0
#include "data/staged.h"

#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CLASSES = 1 << 20, MAX_SIDE = 1 << 14 };

static gd_status broken(const gd_staged *staged, const char *what, gd_error *error)
{
    return gd_fail_at(error, GD_FORMAT, (gd_place){staged->path, 0, 0}, "not a staged set: %s", what);
}

/* A metadata text that holds a JSON array. */
static gd_status read_list(gd_staged *staged, const char *key, const gd_attr **list, gd_error *error)
{
    const char *text = gd_safetensors_metadata(&staged->file, key);
    gd_attr *root = NULL;
    if (!text)
        return broken(staged, "metadata is incomplete", error);
    GD_TRY(gd_json_parse(&staged->arena, staged->path, text, strlen(text), (gd_json_limits){2, MAX_CLASSES + 1}, &root,
                         error));
    if (root->kind != GD_ATTR_LIST)
        return broken(staged, "a metadata value is no list", error);
    *list = root;
    return GD_OK;
}

static gd_status read_classes(gd_staged *staged, gd_error *error)
{
    const gd_attr *list;
    GD_TRY(read_list(staged, "classes", &list, error));
    int n = gd_attr_count(list);
    const char **classes = gd_arena_alloc(&staged->arena, (size_t)n + 1, sizeof *classes);
    if (!classes)
        return gd_fail(error, GD_NOMEM, "out of memory for %d class names", n);
    if (n < 1)
        return broken(staged, "it has no classes", error);
    for (const gd_attr *name = list->first; name; name = name->next) {
        if (name->kind != GD_ATTR_SCALAR || !name->quoted)
            return broken(staged, "a class name is no text", error);
        classes[staged->n_classes++] = name->text;
    }
    staged->classes = classes;
    return GD_OK;
}

static gd_status read_numbers(gd_staged *staged, const char *key, int channels, double least, double *to,
                              gd_error *error)
{
    const gd_attr *list;
    GD_TRY(read_list(staged, key, &list, error));
    if (gd_attr_count(list) != channels)
        return broken(staged, "mean or deviation and channels differ in number", error);
    for (const gd_attr *number = list->first; number; number = number->next, to++) {
        char *end = NULL;
        *to = number->kind == GD_ATTR_SCALAR ? strtod(number->text, &end) : NAN;
        if (!end || *end || !(*to >= least && *to <= 255))
            return broken(staged, "mean or deviation is outside 0 … 255", error);
    }
    return GD_OK;
}

/* The names' bytes as an array of texts into them. */
static gd_status read_names(gd_staged *staged, const gd_tensor_entry *entry, gd_images *images, gd_error *error)
{
    const char *at = entry->data, *end = at + entry->bytes;
    const char **names = gd_arena_alloc(&staged->arena, (size_t)images->n, sizeof *names);
    if (!names)
        return gd_fail(error, GD_NOMEM, "out of memory for %lld names", (long long)images->n);
    for (int64_t i = 0; i < images->n; i++) {
        const char *stop = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;
        if (!stop)
            return broken(staged, "fewer names than images", error);
        names[i] = at;
        at = stop + 1;
    }
    if (at != end)
        return broken(staged, "more names than images", error);
    images->names = names;
    return GD_OK;
}

static gd_status read_split(gd_staged *staged, const char *split, gd_images *images, gd_error *error)
{
    char name[3][32];
    const char *const part[3] = {"images", "labels", "names"};
    const gd_tensor_entry *pixels, *labels, *names;
    for (int i = 0; i < 3; i++)
        snprintf(name[i], sizeof name[i], "%s.%s", split, part[i]);
    GD_TRY(gd_safetensors_require(&staged->file, name[0], (gd_desc){0}, &pixels, error));
    const gd_desc *desc = &pixels->desc;
    if (desc->type != GD_U8 || desc->rank != 4 || desc->dim[0] < 1 || desc->dim[1] < 1 || desc->dim[1] > MAX_SIDE ||
        desc->dim[2] < 1 || desc->dim[2] > MAX_SIDE || desc->dim[3] < 1 || desc->dim[3] > 4)
        return broken(staged, "images are not (n,H,W,C) bytes", error);
    GD_TRY(gd_safetensors_require(&staged->file, name[1], gd_desc_1(GD_I32, desc->dim[0]), &labels, error));
    *images = (gd_images){.n = desc->dim[0],
                          .height = (int)desc->dim[1],
                          .width = (int)desc->dim[2],
                          .channels = (int)desc->dim[3],
                          .pixels = pixels->data,
                          .labels = labels->data};
    for (int64_t i = 0; i < images->n; i++)
        if (images->labels[i] < 0 || images->labels[i] >= staged->n_classes)
            return gd_fail_at(error, GD_FORMAT, (gd_place){staged->path, 0, 0},
                              "not a staged set: %s image %lld has label %d of %d classes", split, (long long)i,
                              (int)images->labels[i], staged->n_classes);
    names = gd_safetensors_find(&staged->file, name[2]);
    if (names)
        GD_TRY(read_names(staged, names, images, error));
    return GD_OK;
}

static gd_status read_staged(int open, gd_staged *staged, gd_error *error)
{
    const char *format = gd_safetensors_metadata(&staged->file, "format");
    const char *version = gd_safetensors_metadata(&staged->file, "format_version");
    if (!format || strcmp(format, "griddle-staged") != 0)
        return broken(staged, "metadata has no format griddle-staged", error);
    if (!version || strcmp(version, "1") != 0)
        return gd_fail_at(error, GD_FORMAT, (gd_place){staged->path, 0, 0},
                          "staged set of version '%s', this program reads version 1: stage again",
                          version ? version : "");
    GD_TRY(read_classes(staged, error));
    if (open & GD_OPEN_TRAIN)
        GD_TRY(read_split(staged, "train", &staged->train, error));
    if ((open & GD_OPEN_TEST) && gd_safetensors_find(&staged->file, "test.images"))
        GD_TRY(read_split(staged, "test", &staged->test, error));
    const gd_images *train = &staged->train, *test = &staged->test;
    if (train->n && test->n &&
        (train->height != test->height || train->width != test->width || train->channels != test->channels))
        return broken(staged, "train and test images differ in shape", error);
    int channels = train->n ? train->channels : test->channels;
    if (channels == 0)
        return GD_OK;
    GD_TRY(read_numbers(staged, "mean", channels, 0, staged->mean, error));
    return read_numbers(staged, "deviation", channels, 1e-6, staged->deviation, error);
}

gd_status gd_staged_open(const char *path, int open, gd_staged *staged, gd_error *error)
{
    *staged = (gd_staged){0};
    snprintf(staged->path, sizeof staged->path, "%s", path);
    gd_status status;
    GD_TRY_TO(fail, gd_safetensors_open(path, &staged->file, error));
    GD_TRY_TO(fail, read_staged(open, staged, error));
    return GD_OK;
fail:
    gd_staged_close(staged);
    return status;
}

const char *gd_staged_describe(const gd_staged *staged, char text[GD_STAGED_TEXT])
{
    const gd_images *images = &staged->train;
    double mean = 0;
    for (int c = 0; c < images->channels; c++)
        mean += staged->mean[c] / images->channels;
    snprintf(text, GD_STAGED_TEXT, "%lld images of %dx%dx%d in %d classes, mean %.17g", (long long)images->n,
             images->height, images->width, images->channels, staged->n_classes, mean);
    return text;
}

void gd_staged_close(gd_staged *staged)
{
    gd_safetensors_close(&staged->file);
    gd_arena_release(&staged->arena);
    *staged = (gd_staged){0};
}
