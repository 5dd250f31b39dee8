// SPDX-License-Identifier: Apache-2.0
/* safetensors: the one file format of staged sets, checkpoints and models. Reading maps the file; writing streams it.
 *
 *     8 bytes little-endian header length | JSON header, padded with spaces | data
 *
 * The data starts at a multiple of 64, tensors follow each other without holes, metadata values are strings. A reader
 * trusts nothing: header length, offsets, shapes, overlaps and holes are checked against the file's size.
 * Source: github.com/huggingface/safetensors, README "Format".
 */
#ifndef GD_STORE_SAFETENSORS_H
#define GD_STORE_SAFETENSORS_H

#include "base/attr.h"
#include "tensor/tensor.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_tensor_entry {
    const char *name;
    gd_desc desc;     /* rank 0 with count 1 is a scalar in the file format; here it becomes rank 1, dim 1 */
    const void *data; /* read: aligned for its type */
    size_t bytes;     /* of data; written: not looked at, desc says it */
} gd_tensor_entry;

/* ---- reading ---- */
typedef struct gd_safetensors {
    gd_arena arena;
    const char *name; /* path; stands in messages */
    int n;
    gd_tensor_entry *tensor;   /* in order of data; borrow the mapping */
    gd_tensor_entry **by_name; /* the same in order of names, for find */
    const gd_attr *metadata;   /* map of strings, or NULL */
    void *map;
    size_t map_bytes;
} gd_safetensors;

/* Maps and checks a file. FORMAT names file and place of what is wrong; IO when it cannot be opened. */
gd_status gd_safetensors_open(const char *path, gd_safetensors *file, gd_error *error);

/* The same on memory that the caller keeps alive, aligned to 8 bytes; `name` stands for the file in messages. */
gd_status gd_safetensors_read(const char *name, const void *bytes, size_t length, gd_safetensors *file,
                              gd_error *error);
void gd_safetensors_close(gd_safetensors *file); /* accepts {0} */

/* By name, or NULL. `require` instead fails with FORMAT, also when type or shape is not `desc` (rank 0: any). */
const gd_tensor_entry *gd_safetensors_find(const gd_safetensors *file, const char *name);
gd_status gd_safetensors_require(const gd_safetensors *file, const char *name, gd_desc desc,
                                 const gd_tensor_entry **entry, gd_error *error);
const char *gd_safetensors_metadata(const gd_safetensors *file, const char *key); /* or NULL */

/* ---- writing ---- */
/* Adds one string to a map of metadata; NULL for `text` is what an earlier allocation that failed left: NOMEM. */
gd_status gd_metadata_add(gd_arena *arena, gd_attr *metadata, const char *key, const char *text, gd_error *error);

/* All at once: the file appears whole under `path` or not at all (written beside it, synced, renamed). `metadata`: a
 * map of strings or NULL. Tensors are written in the order given; INVALID where one would not lie at a multiple of its
 * type's bytes: wide types come first, or follow a pad tensor. */
gd_status gd_safetensors_write(const char *path, const gd_tensor_entry *tensors, int n, const gd_attr *metadata,
                               gd_error *error);

/* Streaming, for sets larger than memory: begin with names and shapes (data NULL), append the bytes of each tensor in
 * order, in pieces of any size; finish makes the file appear, abandon removes it. IO at the first write that fails. */
typedef struct gd_safetensors_writer gd_safetensors_writer;
gd_status gd_safetensors_begin(const char *path, const gd_tensor_entry *tensors, int n, const gd_attr *metadata,
                               gd_safetensors_writer **writer, gd_error *error);
gd_status gd_safetensors_append(gd_safetensors_writer *writer, const void *bytes, size_t length, gd_error *error);
gd_status gd_safetensors_finish(gd_safetensors_writer *writer, gd_error *error); /* frees the writer, also on failure */
void gd_safetensors_abandon(gd_safetensors_writer *writer);                      /* accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
