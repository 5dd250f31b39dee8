// SPDX-License-Identifier: Apache-2.0
/* What readers pour images into. How many there will be, and whether they are grey or colour, is known only at the end,
 * and a staged set begins with that: so pixels first go to a spool, a file without a name beside the set, as they come.
 */
#include "base/parallel.h"
#include "data/decode.h"
#include "data/source_set.h"
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const gd_part_names[GD_PARTS] = {"train", "test"};

/* Pictures are decoded many at a time, as many as these bytes hold, packed and unpacked. */
enum { MAX_PENDING = 1024, PENDING_BYTES = 32 << 20 };

/* A picture on its way through the decoder. */
typedef struct pending {
    gd_sample sample;
    uint8_t *bytes;
    size_t length;
    gd_picture picture; /* decoded, and fitted to data.size */
    gd_error error;
} pending;

struct gd_sink {
    gd_staged_draft set;
    const gd_stage_watch *watch;
    const char *path;
    FILE *spool;
    int64_t spooled; /* bytes */
    int64_t expected;
    int64_t item_room;
    int *label; /* (source classes) → label, or -1 */
    int n_source_classes;
    char first_name[256]; /* the first image, which all others must be as large as */
    int threads, n_pending;
    size_t pending_bytes;
    pending *pending; /* (MAX_PENDING) */
};

gd_status gd_sink_new(const char *path, const gd_data_config *data, const gd_stage_watch *watch, gd_sink **result,
                      gd_error *error)
{
    *result = NULL;
    gd_sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return gd_fail(error, GD_NOMEM, "out of memory for staging");
    sink->set.data = data;
    sink->watch = watch;
    sink->path = path;
    sink->threads = gd_parallel_threads();
    sink->pending = calloc(MAX_PENDING, sizeof *sink->pending);
    char *name = gd_arena_printf(&sink->set.arena, "%s.spool-XXXXXX", path);
    gd_status status = GD_OK;
    int file = -1;
    if (!sink->pending || !name)
        status = gd_fail(error, GD_NOMEM, "out of memory for staging");
    else if ((file = mkostemp(name, O_CLOEXEC)) < 0)
        status = gd_fail(error, GD_IO, "cannot write '%s': %s", path, strerror(errno));
    else if (unlink(name) != 0 || !(sink->spool = fdopen(file, "w+b"))) {
        status = gd_fail(error, GD_IO, "cannot write '%s': %s", path, strerror(errno));
        close(file);
    }
    if (status != GD_OK)
        gd_sink_free(sink);
    else
        *result = sink;
    return status;
}

void gd_sink_free(gd_sink *sink)
{
    if (!sink)
        return;
    for (int i = 0; i < sink->n_pending; i++) {
        free(sink->pending[i].bytes);
        gd_picture_release(&sink->pending[i].picture);
    }
    if (sink->spool)
        fclose(sink->spool);
    free(sink->pending);
    free(sink->label);
    free(sink->set.items);
    gd_arena_release(&sink->set.arena);
    free(sink);
}

/* ---- classes ---- */

static gd_status select_classes(gd_sink *sink, const char *const *classes, int n, gd_error *error)
{
    const gd_texts *wanted = &sink->set.data->classes;
    for (int label = 0; label < wanted->n; label++) {
        int c = 0;
        while (c < n && strcmp(classes[c], wanted->at[label]) != 0)
            c++;
        if (c == n) {
            const char *near = gd_nearest(wanted->at[label], classes, n);
            return gd_fail(error, GD_INVALID, "the source has no class '%s' among its %d%s%s%s", wanted->at[label], n,
                           near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        }
        sink->label[c] = label;
    }
    return GD_OK;
}

gd_status gd_sink_classes(gd_sink *sink, const char *const *classes, int n, gd_error *error)
{
    const gd_texts *wanted = &sink->set.data->classes;
    gd_staged_draft *set = &sink->set;
    bool all = wanted->n == 0;
    set->n_classes = all ? n : wanted->n;
    const char **kept = gd_arena_alloc(&set->arena, (size_t)set->n_classes, sizeof *kept);
    sink->label = malloc((size_t)n * sizeof *sink->label);
    sink->n_source_classes = n;
    if (!kept || !sink->label)
        return gd_fail(error, GD_NOMEM, "out of memory for %d classes", n);
    for (int c = 0; c < n; c++)
        sink->label[c] = all ? c : -1;
    for (int c = 0; c < set->n_classes; c++)
        if (!(kept[c] = gd_arena_text(&set->arena, all ? classes[c] : wanted->at[c])))
            return gd_fail(error, GD_NOMEM, "out of memory for %d classes", n);
    set->classes = kept;
    return all ? GD_OK : select_classes(sink, classes, n, error);
}

bool gd_sink_wants(const gd_sink *sink, int class)
{
    return class >= 0 && class < sink->n_source_classes && sink->label[class] >= 0;
}

void gd_sink_expect(gd_sink *sink, int64_t images) { sink->expected = images; }

void gd_sink_note(gd_sink *sink, const char *text)
{
    if (sink->watch && sink->watch->note)
        sink->watch->note(sink->watch->context, text);
}

/* ---- images ---- */

static void tell_progress(gd_sink *sink, int64_t every)
{
    int64_t done = sink->set.n + sink->set.n_rejected;
    if (sink->watch && sink->watch->progress && done % every == 0)
        sink->watch->progress(sink->watch->context, "reading images", done, sink->expected);
}

static gd_status check_size(gd_sink *sink, gd_sample sample, int height, int width, gd_error *error)
{
    gd_staged_draft *set = &sink->set;
    const char *name = sample.name ? sample.name : sample.part == GD_PART_TRAIN ? "training images" : "test images";
    if (set->n == 0) {
        set->height = height;
        set->width = width;
        snprintf(sink->first_name, sizeof sink->first_name, "%s", name);
    }
    if (set->height != height || set->width != width)
        return gd_fail(error, GD_FORMAT,
                       "'%s' has %dx%d pixels and '%s' has %dx%d: give data.size to bring all to one size",
                       sink->first_name, set->width, set->height, name, width, height);
    return GD_OK;
}

/* Takes what is as large as all others into the spool. */
static gd_status spool(gd_sink *sink, gd_sample sample, const uint8_t *pixels, int height, int width, int channels,
                       gd_error *error)
{
    gd_staged_draft *set = &sink->set;
    GD_TRY(check_size(sink, sample, height, width, error));
    if (set->n == sink->item_room) {
        int64_t more = sink->item_room ? 2 * sink->item_room : 4096;
        gd_item *grown = realloc(set->items, (size_t)more * sizeof *grown);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for a list of %lld images", (long long)more);
        set->items = grown;
        sink->item_room = more;
    }
    size_t bytes = (size_t)height * (size_t)width * (size_t)channels;
    if (fwrite(pixels, 1, bytes, sink->spool) != bytes)
        return gd_fail(error, GD_IO, "cannot write '%s': %s", sink->path, strerror(errno));
    set->items[set->n++] = (gd_item){.part = sample.part,
                                     .label = sink->label[sample.class],
                                     .channels = channels,
                                     .order = sample.order,
                                     .offset = sink->spooled,
                                     .name = sample.name};
    sink->spooled += (int64_t)bytes;
    return GD_OK;
}

/* Fits a picture to size x size. */
static gd_status fit(gd_image from, int size, gd_picture *to, gd_error *error)
{
    void *work = malloc(gd_image_fit_bytes(size, size, from.channels));
    uint8_t *pixels = malloc((size_t)size * (size_t)size * (size_t)from.channels);
    gd_status status = work && pixels ? gd_image_fit(&from, size, size, pixels, work, error)
                                      : gd_fail(error, GD_NOMEM, "out of memory for a picture of %dx%d", size, size);
    free(work);
    if (status == GD_OK)
        *to = (gd_picture){size, size, from.channels, pixels};
    else
        free(pixels);
    return status;
}

gd_status gd_sink_pixels(gd_sink *sink, gd_sample sample, const uint8_t *pixels, int height, int width, int channels,
                         gd_error *error)
{
    if (!gd_sink_wants(sink, sample.class))
        return GD_OK;
    int size = sink->set.data->size;
    gd_picture fitted = {height, width, channels, NULL};
    if (size > 0) {
        GD_TRY(fit((gd_image){height, width, channels, pixels}, size, &fitted, error));
        pixels = fitted.pixels;
    }
    gd_status status = spool(sink, sample, pixels, fitted.height, fitted.width, channels, error);
    gd_picture_release(&fitted);
    tell_progress(sink, 1000);
    return status;
}

static void decode_some(void *argument, int64_t begin, int64_t end)
{
    gd_sink *sink = argument;
    const gd_data_config *data = sink->set.data;
    for (int64_t i = begin; i < end; i++) {
        pending *it = &sink->pending[i];
        gd_picture decoded;
        it->error = (gd_error){0};
        if (gd_decode(it->sample.name, it->bytes, it->length, data->channels, &decoded, &it->error) != GD_OK)
            continue;
        if (data->size == 0) {
            it->picture = decoded;
            continue;
        }
        gd_image image = {decoded.height, decoded.width, decoded.channels, decoded.pixels};
        fit(image, data->size, &it->picture, &it->error);
        gd_picture_release(&decoded);
    }
}

static gd_status flush(gd_sink *sink, gd_error *error)
{
    gd_status status = GD_OK;
    gd_parallel_for(sink->threads, sink->n_pending, 1, decode_some, sink);
    for (int i = 0; i < sink->n_pending; i++) {
        pending *it = &sink->pending[i];
        const gd_picture *picture = &it->picture;
        if (status == GD_OK && it->error.status == GD_FORMAT)
            status = gd_sink_reject(sink, it->sample.name, it->error.message, error);
        else if (status == GD_OK && it->error.status != GD_OK)
            status = gd_fail(error, it->error.status, "'%s': %s", it->sample.name, it->error.message);
        else if (status == GD_OK)
            status =
                spool(sink, it->sample, picture->pixels, picture->height, picture->width, picture->channels, error);
        free(it->bytes);
        gd_picture_release(&it->picture);
    }
    sink->n_pending = 0;
    sink->pending_bytes = 0;
    tell_progress(sink, 1);
    return status;
}

/* Before the first one is decoded nobody knows how large they are. */
static bool is_full(const gd_sink *sink)
{
    const gd_staged_draft *set = &sink->set;
    int64_t side = set->data->size, pixels = side > 0 ? side * side : (int64_t)set->height * set->width;
    int64_t room = pixels > 0 ? PENDING_BYTES / (3 * pixels) : 1;
    room = room < sink->threads ? sink->threads : room;
    return sink->n_pending >= (room < MAX_PENDING ? room : MAX_PENDING) || sink->pending_bytes > PENDING_BYTES;
}

gd_status gd_sink_picture(gd_sink *sink, gd_sample sample, uint8_t *bytes, size_t length, gd_error *error)
{
    if (!gd_sink_wants(sink, sample.class)) {
        free(bytes);
        return GD_OK;
    }
    sink->pending[sink->n_pending++] = (pending){.sample = sample, .bytes = bytes, .length = length};
    sink->pending_bytes += length;
    return is_full(sink) ? flush(sink, error) : GD_OK;
}

gd_status gd_sink_reject(gd_sink *sink, const char *file, const char *reason, gd_error *error)
{
    gd_staged_draft *set = &sink->set;
    if (set->n_rejected++ == 0)
        set->first_rejected = gd_arena_printf(&set->arena, "'%s': %s", file, reason);
    gd_attr *row = gd_attr_new(&set->arena, GD_ATTR_MAP, NULL);
    gd_attr *name = gd_attr_new(&set->arena, GD_ATTR_SCALAR, file);
    gd_attr *why = gd_attr_new(&set->arena, GD_ATTR_SCALAR, reason);
    if (!set->rejected)
        set->rejected = gd_attr_new(&set->arena, GD_ATTR_LIST, NULL);
    if (!set->rejected || !row || !name || !why)
        return gd_fail(error, GD_NOMEM, "out of memory for a list of rejected files");
    name->quoted = why->quoted = true;
    GD_TRY(gd_attr_append(&set->arena, row, "file", name));
    GD_TRY(gd_attr_append(&set->arena, row, "reason", why));
    GD_TRY(gd_attr_append(&set->arena, set->rejected, NULL, row));
    if (sink->watch && sink->watch->rejected)
        sink->watch->rejected(sink->watch->context, file, reason);
    return GD_OK;
}

gd_status gd_sink_finish(gd_sink *sink, const char *source, const char *settings, gd_error *error)
{
    gd_staged_draft *set = &sink->set;
    GD_TRY(flush(sink, error));
    if (set->n_rejected > set->data->max_rejected)
        return gd_fail(error, GD_FORMAT, "rejected files: %lld, data.max_rejected allows %d; the first: %s",
                       (long long)set->n_rejected, set->data->max_rejected,
                       set->first_rejected ? set->first_rejected : "");
    if (set->n == 0)
        return gd_fail(error, GD_FORMAT, "'%s' holds no images of the wanted classes", source);
    if (fflush(sink->spool) != 0)
        return gd_fail(error, GD_IO, "cannot write '%s': %s", sink->path, strerror(errno));
    void *map = mmap(NULL, (size_t)sink->spooled, PROT_READ, MAP_SHARED, fileno(sink->spool), 0);
    if (map == MAP_FAILED)
        return gd_fail(error, GD_IO, "cannot map the spool of '%s': %s", sink->path, strerror(errno));
    set->spool = map;
    gd_status status = gd_staged_write(sink->path, set, source, settings, error);
    munmap(map, (size_t)sink->spooled);
    return status;
}
