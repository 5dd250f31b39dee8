// SPDX-License-Identifier: Apache-2.0
#include "data/source_set.h"

#include "base/text.h"
#include "data/decode.h"
#include "data/staged.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TENSORS = 3 * GD_PARTS };

/* The drawn test split is a property of the staged set, not of a run. */
static const uint64_t test_seed = 0;

static int by_place(const void *a, const void *b)
{
    const gd_item *x = a, *y = b;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void sort_items(gd_staged_draft *draft, int64_t count[GD_PARTS])
{
    qsort(draft->items, (size_t)draft->n, sizeof *draft->items, by_place);
    for (int p = 0; p < GD_PARTS; p++)
        count[p] = 0;
    for (int64_t i = 0; i < draft->n; i++)
        count[draft->items[i].part]++;
}

/* There is something to tell apart; every class has training images, and enough to give some away where a test split is
 * drawn. */
static gd_status check_classes(const gd_staged_draft *draft, bool draws_test, gd_error *error)
{
    if (draft->n_classes < 2)
        return gd_fail(error, GD_FORMAT, "the source holds images of 1 class, '%s': a classifier needs 2 or more",
                       draft->classes[0]);
    int64_t *members = calloc((size_t)draft->n_classes, sizeof *members);
    if (!members)
        return gd_fail(error, GD_NOMEM, "out of memory for %d classes", draft->n_classes);
    for (int64_t i = 0; i < draft->n; i++)
        members[draft->items[i].label] += draft->items[i].part == GD_PART_TRAIN;
    int empty = 0, first_empty = -1, single = -1;
    for (int c = draft->n_classes - 1; c >= 0; c--) {
        if (members[c] == 0) {
            empty++;
            first_empty = c;
        } else if (members[c] == 1) {
            single = c;
        }
    }
    free(members);
    if (empty > 0)
        return gd_fail(error, GD_FORMAT,
                       "%d of %d classes have no training images, the first is '%s': choose with data.classes", empty,
                       draft->n_classes, draft->classes[first_empty]);
    if (draws_test && single >= 0)
        return gd_fail(error, GD_FORMAT, "class '%s' has 1 image: data.test cannot draw a test split from it",
                       draft->classes[single]);
    return GD_OK;
}

static gd_status draw_test(gd_staged_draft *draft, gd_error *error)
{
    gd_arena arena = {0};
    gd_split split;
    int32_t *labels = malloc((size_t)draft->n * sizeof *labels);
    if (!labels)
        return gd_fail(error, GD_NOMEM, "out of memory for %lld labels", (long long)draft->n);
    for (int64_t i = 0; i < draft->n; i++)
        labels[i] = draft->items[i].label;
    gd_images images = {.n = draft->n, .labels = labels};
    gd_status status = gd_split_make(&images, draft->classes, draft->n_classes, draft->data->test, 0, 0, test_seed,
                                     &arena, &split, error);
    for (int64_t i = 0; status == GD_OK && i < split.n_validation; i++)
        draft->items[split.validation[i]].part = GD_PART_TEST;
    free(labels);
    gd_arena_release(&arena);
    return status;
}

/* An item's pixels with that many channels: in the spool or made in `buffer`. */
static const uint8_t *pixels_of(const gd_staged_draft *draft, const gd_item *item, int channels, uint8_t *buffer)
{
    const uint8_t *pixels = draft->spool + item->offset;
    int64_t n = (int64_t)draft->height * draft->width;
    if (item->channels == channels)
        return pixels;
    if (channels == 1)
        gd_colour_to_grey(pixels, n, buffer);
    else
        gd_grey_to_colour(pixels, n, buffer);
    return buffer;
}

/* Over the training images, which come first: sums of whole numbers, exact in any order. */
static void measure(const gd_staged_draft *draft, int64_t n, int channels, uint8_t *buffer, double *mean,
                    double *deviation)
{
    int64_t pixels = (int64_t)draft->height * draft->width;
    uint64_t sum[3] = {0}, squares[3] = {0};
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *at = pixels_of(draft, &draft->items[i], channels, buffer);
        for (int c = 0; c < channels; c++) {
            uint64_t s = 0, q = 0;
            for (int64_t k = c; k < pixels * channels; k += channels) {
                s += at[k];
                q += (uint32_t)at[k] * at[k];
            }
            sum[c] += s;
            squares[c] += q;
        }
    }
    for (int c = 0; c < channels; c++) {
        double count = (double)n * (double)pixels, m = (double)sum[c] / count;
        double variance = (double)squares[c] / count - m * m;
        mean[c] = m;
        /* a channel that never changes carries nothing, and must not be divided by 0 */
        deviation[c] = variance > 1e-6 ? sqrt(variance) : 1;
    }
}

static gd_status put_text(gd_arena *arena, gd_attr *map, const char *key, gd_text *text, gd_error *error)
{
    gd_status status = gd_text_status(text, error);
    if (status == GD_OK)
        status = gd_metadata_add(arena, map, key, text->at, error);
    gd_text_release(text);
    return status;
}

static gd_status put_numbers(gd_arena *arena, gd_attr *map, const char *key, const double *numbers, int n,
                             gd_error *error)
{
    gd_text text = {0};
    for (int i = 0; i < n; i++)
        gd_text_add(&text, "%s%.17g", i ? "," : "[", numbers[i]);
    gd_text_add(&text, "]");
    return put_text(arena, map, key, &text, error);
}

static gd_status describe(gd_staged_draft *draft, const char *source, const char *settings, int channels,
                          const double *mean, const double *deviation, gd_attr **map, gd_error *error)
{
    gd_arena *arena = &draft->arena;
    gd_text classes = {0}, rejected = {0};
    *map = gd_attr_new(arena, GD_ATTR_MAP, NULL);
    if (!*map)
        return gd_fail(error, GD_NOMEM, "out of memory for metadata");
    GD_TRY(gd_metadata_add(arena, *map, "format", "griddle-staged", error));
    GD_TRY(gd_metadata_add(arena, *map, "format_version", "1", error));
    GD_TRY(gd_metadata_add(arena, *map, "source", source, error));
    GD_TRY(gd_metadata_add(arena, *map, "settings", settings, error));
    GD_TRY(put_numbers(arena, *map, "mean", mean, channels, error));
    GD_TRY(put_numbers(arena, *map, "deviation", deviation, channels, error));
    for (int c = 0; c < draft->n_classes; c++) {
        gd_text_add(&classes, c ? "," : "[");
        gd_text_add_json(&classes, draft->classes[c]);
    }
    gd_text_add(&classes, "]");
    GD_TRY(put_text(arena, *map, "classes", &classes, error));
    if (draft->rejected)
        gd_attr_print_json(draft->rejected, &rejected);
    else
        gd_text_add(&rejected, "[]");
    return put_text(arena, *map, "rejected", &rejected, error);
}

/* ---- writing ---- */

/* Labels first: they need the alignment that bytes do not. */
static int list_tensors(const gd_staged_draft *draft, const int64_t *count, int channels, const gd_text *names,
                        gd_tensor_entry *tensors)
{
    static const char *const label_names[GD_PARTS] = {"train.labels", "test.labels"};
    static const char *const image_names[GD_PARTS] = {"train.images", "test.images"};
    static const char *const name_names[GD_PARTS] = {"train.names", "test.names"};
    int n = 0;
    for (int p = 0; p < GD_PARTS; p++)
        if (count[p] > 0)
            tensors[n++] = (gd_tensor_entry){.name = label_names[p], .desc = gd_desc_1(GD_I32, count[p])};
    for (int p = 0; p < GD_PARTS; p++)
        if (count[p] > 0)
            tensors[n++] = (gd_tensor_entry){.name = image_names[p],
                                             .desc = gd_desc_4(GD_U8, count[p], draft->height, draft->width, channels)};
    for (int p = 0; p < GD_PARTS; p++)
        if (names[p].length > 0)
            tensors[n++] = (gd_tensor_entry){.name = name_names[p], .desc = gd_desc_1(GD_U8, (int64_t)names[p].length)};
    return n;
}

static gd_status append_all(const gd_staged_draft *draft, int channels, const gd_text *names, uint8_t *buffer,
                            gd_safetensors_writer *writer, gd_error *error)
{
    size_t bytes = (size_t)draft->height * (size_t)draft->width * (size_t)channels;
    for (int64_t i = 0; i < draft->n; i++) {
        int32_t label = draft->items[i].label;
        GD_TRY(gd_safetensors_append(writer, &label, sizeof label, error));
    }
    for (int64_t i = 0; i < draft->n; i++)
        GD_TRY(gd_safetensors_append(writer, pixels_of(draft, &draft->items[i], channels, buffer), bytes, error));
    for (int p = 0; p < GD_PARTS; p++)
        GD_TRY(gd_safetensors_append(writer, names[p].at, names[p].length, error));
    return GD_OK;
}

gd_status gd_staged_write(const char *path, gd_staged_draft *draft, const char *source, const char *settings,
                          gd_error *error)
{
    int64_t count[GD_PARTS];
    sort_items(draft, count);
    bool draws_test = count[GD_PART_TEST] == 0 && draft->data->test > 0;
    GD_TRY(check_classes(draft, draws_test, error));
    if (draws_test) {
        GD_TRY(draw_test(draft, error));
        sort_items(draft, count);
    }
    int channels = draft->data->channels;
    bool named = true;
    gd_text names[GD_PARTS] = {{0}, {0}};
    for (int64_t i = 0; i < draft->n; i++) {
        const gd_item *item = &draft->items[i];
        if (draft->data->channels == 0 && item->channels > channels)
            channels = item->channels;
        named = named && item->name;
        if (named)
            gd_text_add_n(&names[item->part], item->name, strlen(item->name) + 1);
    }
    double mean[3], deviation[3];
    gd_tensor_entry tensors[MAX_TENSORS];
    gd_safetensors_writer *writer = NULL;
    gd_attr *metadata;
    uint8_t *buffer = malloc((size_t)draft->height * (size_t)draft->width * 3);
    gd_status status = buffer ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for an image");
    if (status != GD_OK)
        goto done;
    for (int p = 0; p < GD_PARTS; p++)
        GD_TRY_TO(done, gd_text_status(&names[p], error));
    measure(draft, count[GD_PART_TRAIN], channels, buffer, mean, deviation);
    GD_TRY_TO(done, describe(draft, source, settings, channels, mean, deviation, &metadata, error));
    int n = list_tensors(draft, count, channels, names, tensors);
    GD_TRY_TO(done, gd_safetensors_begin(path, tensors, n, metadata, &writer, error));
    status = append_all(draft, channels, names, buffer, writer, error);
    if (status == GD_OK)
        status = gd_safetensors_finish(writer, error);
    else
        gd_safetensors_abandon(writer);
done:
    for (int p = 0; p < GD_PARTS; p++)
        gd_text_release(&names[p]);
    free(buffer);
    return status;
}
