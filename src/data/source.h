// SPDX-License-Identifier: Apache-2.0
/* From any source of images to a staged set:
 *
 *     folder or archive → files (listed, then read) → reader of a format → sink → staged.safetensors
 *
 * A reader knows a format and nothing of staging: it tells the sink which classes there are, then each image with its
 * split and class. The sink selects classes, decodes (in parallel), fits sizes, counts what it rejects, and writes.
 */
#ifndef GD_DATA_SOURCE_H
#define GD_DATA_SOURCE_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- files ---- */
typedef struct gd_file_entry {
    const char *path;    /* below the root, '/' between */
    const char *trouble; /* NULL, or why it cannot be used; its path is then made fit to print */
} gd_file_entry;

typedef struct gd_files {
    gd_arena arena;
    const char *root; /* folder or archive */
    bool archive;
    int64_t n;
    gd_file_entry *at; /* (n) by path in a folder, as stored in an archive; no hidden ones (data/walk.h) */
} gd_files;

gd_status gd_files_list(const char *root, gd_files *files, gd_error *error);
void gd_files_release(gd_files *files); /* accepts {0} */

/* The part of a path behind its last '/'. */
const char *gd_base_name(const char *path);

/* The bytes of a file: the visitor's to free. `at` NULL: it could not be read, `trouble` says why. */
typedef struct gd_file_bytes {
    uint8_t *at;
    size_t length;
    const char *trouble;
} gd_file_bytes;
typedef gd_status (*gd_file_visit)(void *context, int64_t file, gd_file_bytes bytes, gd_error *error);

/* Visits the files that are `wanted` (n), in their order. A file of more than `most` bytes is a trouble. A broken
 * archive ends the reading; so does a visitor that fails. */
gd_status gd_files_read(const gd_files *files, const bool *wanted, size_t most, gd_file_visit visit, void *context,
                        gd_error *error);

/* ---- the sink ---- */
typedef enum gd_part { GD_PART_TRAIN, GD_PART_TEST, GD_PARTS } gd_part;
extern const char *const gd_part_names[GD_PARTS];

/* Whoever wants to watch; members may be NULL. Called on the caller's thread. */
typedef struct gd_stage_watch {
    void *context;
    void (*progress)(void *context, const char *doing, int64_t done, int64_t total); /* total 0: unknown */
    void (*rejected)(void *context, const char *file, const char *reason);
    void (*note)(void *context, const char *text); /* what a user should know, but no failure */
} gd_stage_watch;

typedef struct gd_sink gd_sink;

/* Borrows everything until freed. `path`: of the staged set; pixels are spooled beside it, in a file without a name. */
gd_status gd_sink_new(const char *path, const gd_data_config *data, const gd_stage_watch *watch, gd_sink **sink,
                      gd_error *error);
void gd_sink_free(gd_sink *sink); /* accepts NULL */

/* First: the classes of the source (n), copied. INVALID when data.classes names another one; nothing
 * else here is INVALID. */
gd_status gd_sink_classes(gd_sink *sink, const char *const *classes, int n, gd_error *error);
/* Whether images of the source's class number `class` are wanted. */
bool gd_sink_wants(const gd_sink *sink, int class);
/* How many images are going to come, for progress. */
void gd_sink_expect(gd_sink *sink, int64_t images);
void gd_sink_note(gd_sink *sink, const char *text);

/* Where an image belongs. Splits are stored by ascending `order`, in whatever order their images come. */
typedef struct gd_sample {
    gd_part part;
    int class; /* of the source's; samples of unwanted ones are passed over */
    int64_t order;
    const char *name; /* of its file, or NULL; borrowed until the sink is freed */
} gd_sample;

/* Pixels (H,W,C), C 1 or 3; borrowed during the call. */
gd_status gd_sink_pixels(gd_sink *sink, gd_sample sample, const uint8_t *pixels, int height, int width, int channels,
                         gd_error *error);
/* A PNG or JPEG file; takes `bytes`, also on failure. What cannot be decoded is rejected. */
gd_status gd_sink_picture(gd_sink *sink, gd_sample sample, uint8_t *bytes, size_t length, gd_error *error);
gd_status gd_sink_reject(gd_sink *sink, const char *file, const char *reason, gd_error *error);

/* Writes the set; it appears whole or not at all. FORMAT: more rejected than data.max_rejected, no images, a class
 * without training images. */
gd_status gd_sink_finish(gd_sink *sink, const char *source, const char *settings, gd_error *error);

/* ---- readers ---- */
typedef struct gd_reader {
    const char *name;                     /* as in data.format */
    bool (*knows)(const gd_files *files); /* by the names of the files alone */
    gd_status (*read)(const gd_files *files, gd_sink *sink, gd_error *error);
} gd_reader;
extern const gd_reader gd_reader_idx, gd_reader_cifar10, gd_reader_cifar100, gd_reader_folder;

/* An IDX array of bytes: big-endian header {0, 0, 8, rank, dimensions}, then the bytes. Source:
 * yann.lecun.com/exdb/mnist, "the IDX file format". */
typedef struct gd_idx {
    int rank; /* 1 … 3 */
    int64_t dim[3];
    const uint8_t *data; /* borrows the bytes */
} gd_idx;
gd_status gd_idx_parse(const char *name, const uint8_t *bytes, size_t length, gd_idx *idx, gd_error *error);

/* Records {labels, 3072 bytes RGB in planes}: `labels` is 1 (CIFAR-10) or 2 (CIFAR-100: coarse, fine); the last label
 * counts. Checks length and labels, gives the number of records. Source: cs.toronto.edu/~kriz/cifar.html. */
enum { GD_CIFAR_SIDE = 32, GD_CIFAR_PLANE = GD_CIFAR_SIDE * GD_CIFAR_SIDE };
gd_status gd_cifar_parse(const char *name, const uint8_t *bytes, size_t length, int labels, int n_classes, int64_t *n,
                         gd_error *error);
void gd_cifar_pixels(const uint8_t *planes, uint8_t *pixels); /* (3,32,32) → (32,32,3) */

#ifdef __cplusplus
}
#endif
#endif
