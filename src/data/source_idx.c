// SPDX-License-Identifier: Apache-2.0
/* MNIST and its kin: pairs of IDX files, plain or gzip, `train-images-idx3-ubyte[.gz]` and `t10k-…`. */
#include "data/archive.h"
#include "data/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_FASHION = 10, MAX_CLASSES = 256, MAX_SIDE = 1 << 12 };
static const size_t max_bytes = (size_t)2 << 30;

/* github.com/zalandoresearch/fashion-mnist, "Labels" */
static const char *const fashion[N_FASHION] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                               "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

gd_status gd_idx_parse(const char *name, const uint8_t *bytes, size_t length, gd_idx *idx, gd_error *error)
{
    gd_place place = {name, 0, 0};
    *idx = (gd_idx){0};
    if (length < 4 || bytes[0] != 0 || bytes[1] != 0)
        return gd_fail_at(error, GD_FORMAT, place, "no IDX file: it does not begin with two zero bytes");
    if (bytes[2] != 8)
        return gd_fail_at(error, GD_FORMAT, place, "IDX file of type 0x%02x: only bytes (0x08) are images or labels",
                          bytes[2]);
    if (bytes[3] < 1 || bytes[3] > 3)
        return gd_fail_at(error, GD_FORMAT, place, "IDX file of %d dimensions: 1 to 3 are known", bytes[3]);
    idx->rank = bytes[3];
    size_t header = 4 + 4 * (size_t)idx->rank;
    if (length < header)
        return gd_fail_at(error, GD_FORMAT, place, "IDX file ends in its header: %zu bytes of %zu", length, header);
    uint64_t count = 1;
    for (int i = 0; i < idx->rank; i++) {
        const uint8_t *at = bytes + 4 + 4 * i;
        uint32_t dim = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        /* so that the product cannot overflow: 2^32 * 2^12 * 2^12 */
        if (dim == 0 || (i > 0 && dim > MAX_SIDE))
            return gd_fail_at(error, GD_FORMAT, place, "IDX dimension %d is %u, outside 1 … %d", i, (unsigned)dim,
                              MAX_SIDE);
        idx->dim[i] = dim;
        count *= dim;
    }
    if (length - header != count)
        return gd_fail_at(error, GD_FORMAT, place, "IDX file has %zu bytes of data, its header says %llu",
                          length - header, (unsigned long long)count);
    idx->data = bytes + header;
    return GD_OK;
}

static const char *find(const char *text, const char *part) { return text ? strstr(text, part) : NULL; }

/* Which part a file of images belongs to, or -1 where it is none. */
static int images_part(const char *path)
{
    const char *name = gd_base_name(path);
    if (!find(name, "images") || !find(name, "idx3"))
        return -1;
    return find(name, "train") ? GD_PART_TRAIN : find(name, "t10k") || find(name, "test") ? GD_PART_TEST : -1;
}

/* Whether `labels` is the file of labels that belongs to `images`: the same path with the words exchanged. */
static bool is_partner(const char *images, const char *labels)
{
    size_t folder = (size_t)(gd_base_name(images) - images);
    if (strncmp(images, labels, folder) != 0)
        return false;
    images += folder;
    labels += folder;
    for (; *images && *labels; images++, labels++) {
        if (strncmp(images, "images", 6) == 0 && strncmp(labels, "labels", 6) == 0) {
            images += 5;
            labels += 5;
        } else if (strncmp(images, "idx3", 4) == 0 && strncmp(labels, "idx1", 4) == 0) {
            images += 3;
            labels += 3;
        } else if (*images != *labels) {
            return false;
        }
    }
    return *images == *labels;
}

static bool knows(const gd_files *files)
{
    for (int64_t i = 0; i < files->n; i++)
        if (images_part(files->at[i].path) >= 0)
            return true;
    return false;
}

/* The two files of a part, unpacked. */
typedef struct file_pair {
    int64_t file[2]; /* images, labels: of the listing, or -1 */
    uint8_t *bytes[2];
    size_t length[2];
} file_pair;

typedef struct visit_state {
    const gd_files *files;
    file_pair pairs[GD_PARTS];
} visit_state;

static gd_status on_file(void *context, int64_t file, gd_file_bytes bytes, gd_error *error)
{
    visit_state *state = context;
    const char *name = state->files->at[file].path;
    if (!bytes.at)
        return gd_fail_at(error, GD_IO, (gd_place){name, 0, 0}, "cannot read it: %s", bytes.trouble);
    if (bytes.length >= 2 && bytes.at[0] == 0x1f && bytes.at[1] == 0x8b) {
        gd_file_bytes packed = bytes;
        gd_status status = gd_gunzip(name, packed.at, packed.length, max_bytes, &bytes.at, &bytes.length, error);
        free(packed.at);
        GD_TRY(status);
    }
    for (int p = 0; p < GD_PARTS; p++)
        for (int i = 0; i < 2; i++)
            if (state->pairs[p].file[i] == file) {
                state->pairs[p].bytes[i] = bytes.at;
                state->pairs[p].length[i] = bytes.length;
            }
    return GD_OK;
}

static gd_status find_pairs(const gd_files *files, file_pair pairs[GD_PARTS], bool *wanted, gd_error *error)
{
    for (int p = 0; p < GD_PARTS; p++)
        pairs[p] = (file_pair){.file = {-1, -1}};
    for (int64_t i = 0; i < files->n; i++) {
        int part = images_part(files->at[i].path);
        if (part < 0)
            continue;
        if (pairs[part].file[0] >= 0)
            return gd_fail(error, GD_FORMAT, "two files of %s images: '%s' and '%s'", gd_part_names[part],
                           files->at[pairs[part].file[0]].path, files->at[i].path);
        pairs[part].file[0] = i;
        for (int64_t j = 0; j < files->n; j++)
            if (j != i && is_partner(files->at[i].path, files->at[j].path))
                pairs[part].file[1] = j;
        if (pairs[part].file[1] < 0)
            return gd_fail_at(error, GD_FORMAT, (gd_place){files->at[i].path, 0, 0},
                              "there is no file of labels beside it");
        wanted[i] = wanted[pairs[part].file[1]] = true;
    }
    return GD_OK;
}

static gd_status add_part(const gd_files *files, const file_pair *pair, gd_part part, int n_classes, gd_sink *sink,
                          gd_error *error)
{
    const char *name[2] = {files->at[pair->file[0]].path, files->at[pair->file[1]].path};
    gd_idx images, labels;
    GD_TRY(gd_idx_parse(name[0], pair->bytes[0], pair->length[0], &images, error));
    GD_TRY(gd_idx_parse(name[1], pair->bytes[1], pair->length[1], &labels, error));
    if (images.rank != 3 || labels.rank != 1)
        return gd_fail_at(error, GD_FORMAT, (gd_place){images.rank != 3 ? name[0] : name[1], 0, 0},
                          "images have 3 dimensions, labels 1; here they have %d and %d", images.rank, labels.rank);
    if (images.dim[0] != labels.dim[0])
        return gd_fail_at(error, GD_FORMAT, (gd_place){name[1], 0, 0}, "%lld labels for %lld images",
                          (long long)labels.dim[0], (long long)images.dim[0]);
    int h = (int)images.dim[1], w = (int)images.dim[2];
    for (int64_t i = 0; i < images.dim[0]; i++) {
        if (labels.data[i] >= n_classes)
            return gd_fail_at(error, GD_FORMAT, (gd_place){name[1], 0, 0}, "label %d of image %lld is outside 0 … %d",
                              labels.data[i], (long long)i, n_classes - 1);
        gd_sample sample = {part, labels.data[i], i, NULL};
        GD_TRY(gd_sink_pixels(sink, sample, images.data + i * h * w, h, w, 1, error));
    }
    return GD_OK;
}

/* The classes of Fashion-MNIST by name, those of others by number up to the highest label of the training images. */
static gd_status name_classes(const visit_state *state, gd_sink *sink, int *n, gd_error *error)
{
    char number[MAX_CLASSES][4];
    const char *name[MAX_CLASSES];
    const file_pair *pair = &state->pairs[state->pairs[GD_PART_TRAIN].file[0] >= 0 ? GD_PART_TRAIN : GD_PART_TEST];
    const char *first = state->files->at[pair->file[0]].path;
    *n = N_FASHION;
    if (strcasestr(state->files->root, "fashion") || strcasestr(first, "fashion"))
        return gd_sink_classes(sink, fashion, N_FASHION, error);
    gd_idx labels;
    GD_TRY(gd_idx_parse(state->files->at[pair->file[1]].path, pair->bytes[1], pair->length[1], &labels, error));
    *n = 0;
    for (int64_t i = 0; i < labels.dim[0]; i++)
        *n = labels.data[i] >= *n ? labels.data[i] + 1 : *n;
    for (int c = 0; c < *n; c++) {
        snprintf(number[c], sizeof number[c], "%d", c);
        name[c] = number[c];
    }
    return gd_sink_classes(sink, name, *n, error);
}

static gd_status read_all(const gd_files *files, gd_sink *sink, gd_error *error)
{
    visit_state state = {.files = files};
    bool *wanted = calloc((size_t)files->n + 1, sizeof *wanted);
    int n_classes;
    gd_status status = GD_OK;
    if (!wanted)
        return gd_fail(error, GD_NOMEM, "out of memory for %lld files", (long long)files->n);
    GD_TRY_TO(done, find_pairs(files, state.pairs, wanted, error));
    GD_TRY_TO(done, gd_files_read(files, wanted, max_bytes, on_file, &state, error));
    GD_TRY_TO(done, name_classes(&state, sink, &n_classes, error));
    for (int p = 0; p < GD_PARTS; p++)
        if (state.pairs[p].file[0] >= 0)
            GD_TRY_TO(done, add_part(files, &state.pairs[p], (gd_part)p, n_classes, sink, error));
done:
    for (int p = 0; p < GD_PARTS; p++)
        for (int i = 0; i < 2; i++)
            free(state.pairs[p].bytes[i]);
    free(wanted);
    return status;
}

const gd_reader gd_reader_idx = {"idx", knows, read_all};
