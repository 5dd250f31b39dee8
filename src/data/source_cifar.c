// SPDX-License-Identifier: Apache-2.0
/* CIFAR-10 and CIFAR-100 in their binary form. */
#include "data/source.h"

#include <stdlib.h>
#include <string.h>

enum { PIXELS = 3 * GD_CIFAR_PLANE, MAX_NAMES = 1 << 16 };
static const size_t max_bytes = (size_t)2 << 30;

/* What tells the two apart. */
typedef struct cifar {
    int labels, n_classes;
    const char *names, *train_prefix, *test;
} cifar;
static const cifar cifar10 = {1, 10, "batches.meta.txt", "data_batch", "test_batch.bin"};
static const cifar cifar100 = {2, 100, "fine_label_names.txt", "train", "test.bin"};

gd_status gd_cifar_parse(const char *name, const uint8_t *bytes, size_t length, int labels, int n_classes, int64_t *n,
                         gd_error *error)
{
    gd_place place = {name, 0, 0};
    size_t record = (size_t)labels + PIXELS;
    *n = 0;
    if (length == 0 || length % record != 0)
        return gd_fail_at(error, GD_FORMAT, place, "%zu bytes are not whole records of %zu: truncated, or no CIFAR-%d",
                          length, record, n_classes);
    for (size_t i = 0; i < length / record; i++) {
        int label = bytes[i * record + (size_t)labels - 1];
        if (label >= n_classes)
            return gd_fail_at(error, GD_FORMAT, place, "label %d of record %zu is outside 0 … %d", label, i,
                              n_classes - 1);
    }
    *n = (int64_t)(length / record);
    return GD_OK;
}

void gd_cifar_pixels(const uint8_t *planes, uint8_t *pixels)
{
    for (int i = 0; i < GD_CIFAR_PLANE; i++)
        for (int c = 0; c < 3; c++)
            pixels[3 * i + c] = planes[c * GD_CIFAR_PLANE + i];
}

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

/* Which part a file belongs to, or -1. */
static int part_of(const cifar *layout, const char *path)
{
    const char *name = gd_base_name(path);
    if (strcmp(name, layout->test) == 0)
        return GD_PART_TEST;
    return strncmp(name, layout->train_prefix, strlen(layout->train_prefix)) == 0 && ends_in(name, ".bin")
               ? GD_PART_TRAIN
               : -1;
}

static bool knows(const cifar *layout, const gd_files *files)
{
    bool has_train = false, has_names = false;
    for (int64_t i = 0; i < files->n; i++) {
        has_train = has_train || part_of(layout, files->at[i].path) == GD_PART_TRAIN;
        has_names = has_names || strcmp(gd_base_name(files->at[i].path), layout->names) == 0;
    }
    return has_train && has_names;
}

typedef struct visit_state {
    const gd_files *files;
    const cifar *layout;
    gd_sink *sink;
    int64_t *rank; /* (files) of a file among its like by name: batches come in any order */
} visit_state;

static gd_status trouble(const char *name, gd_file_bytes bytes, gd_error *error)
{
    return gd_fail_at(error, GD_IO, (gd_place){name, 0, 0}, "cannot read it: %s", bytes.trouble);
}

/* One class a line; blank lines at the end. */
static gd_status parse_names(const char *name, char *text, const cifar *layout, gd_sink *sink, gd_error *error)
{
    const char *classes[100];
    int n = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest), n++)
        if (n < layout->n_classes)
            classes[n] = line;
    if (n != layout->n_classes)
        return gd_fail_at(error, GD_FORMAT, (gd_place){name, 0, 0}, "%d class names, %d are needed", n,
                          layout->n_classes);
    return gd_sink_classes(sink, classes, n, error);
}

static gd_status on_names(void *context, int64_t file, gd_file_bytes bytes, gd_error *error)
{
    visit_state *state = context;
    const char *name = state->files->at[file].path;
    if (!bytes.at)
        return trouble(name, bytes, error);
    char *text = malloc(bytes.length + 1);
    gd_status status = GD_OK;
    if (!text) {
        status = gd_fail(error, GD_NOMEM, "out of memory for '%s'", name);
    } else {
        memcpy(text, bytes.at, bytes.length);
        text[bytes.length] = '\0';
        status = parse_names(name, text, state->layout, state->sink, error);
    }
    free(text);
    free(bytes.at);
    return status;
}

static gd_status on_batch(void *context, int64_t file, gd_file_bytes bytes, gd_error *error)
{
    visit_state *state = context;
    const cifar *layout = state->layout;
    const char *name = state->files->at[file].path;
    if (!bytes.at)
        return trouble(name, bytes, error);
    int64_t n;
    size_t record = (size_t)layout->labels + PIXELS;
    gd_part part = (gd_part)part_of(layout, name);
    gd_status status = gd_cifar_parse(name, bytes.at, bytes.length, layout->labels, layout->n_classes, &n, error);
    for (int64_t i = 0; i < n && status == GD_OK; i++) {
        const uint8_t *at = bytes.at + (size_t)i * record;
        uint8_t pixels[PIXELS];
        gd_sample sample = {part, at[layout->labels - 1], state->rank[file] << 32 | i, NULL};
        if (!gd_sink_wants(state->sink, sample.class))
            continue;
        gd_cifar_pixels(at + layout->labels, pixels);
        status = gd_sink_pixels(state->sink, sample, pixels, GD_CIFAR_SIDE, GD_CIFAR_SIDE, 3, error);
    }
    free(bytes.at);
    return status;
}

static gd_status read_all(const cifar *layout, const gd_files *files, gd_sink *sink, gd_error *error)
{
    visit_state state = {files, layout, sink, calloc((size_t)files->n + 1, sizeof(int64_t))};
    bool *names = calloc((size_t)files->n + 1, sizeof *names), *batches = calloc((size_t)files->n + 1, sizeof *batches);
    gd_status status = GD_OK;
    int64_t n_names = 0;
    if (!state.rank || !names || !batches) {
        status = gd_fail(error, GD_NOMEM, "out of memory for %lld files", (long long)files->n);
        goto done;
    }
    for (int64_t i = 0; i < files->n; i++) {
        const char *path = files->at[i].path;
        names[i] = strcmp(gd_base_name(path), layout->names) == 0 && n_names++ == 0;
        batches[i] = part_of(layout, path) >= 0;
        for (int64_t j = 0; batches[i] && j < files->n; j++)
            state.rank[i] += part_of(layout, files->at[j].path) >= 0 && strcmp(files->at[j].path, path) < 0;
    }
    if (n_names == 0) {
        status = gd_fail(error, GD_FORMAT, "no '%s' with the class names in '%s'", layout->names, files->root);
        goto done;
    }
    /* the names may stand behind the images */
    GD_TRY_TO(done, gd_files_read(files, names, MAX_NAMES, on_names, &state, error));
    GD_TRY_TO(done, gd_files_read(files, batches, max_bytes, on_batch, &state, error));
done:
    free(batches);
    free(names);
    free(state.rank);
    return status;
}

static bool knows_10(const gd_files *files) { return knows(&cifar10, files); }
static bool knows_100(const gd_files *files) { return knows(&cifar100, files); }
static gd_status read_10(const gd_files *files, gd_sink *sink, gd_error *error)
{
    return read_all(&cifar10, files, sink, error);
}
static gd_status read_100(const gd_files *files, gd_sink *sink, gd_error *error)
{
    return read_all(&cifar100, files, sink, error);
}

const gd_reader gd_reader_cifar10 = {"cifar10", knows_10, read_10};
const gd_reader gd_reader_cifar100 = {"cifar100", knows_100, read_100};
