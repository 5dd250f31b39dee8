// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "store/safetensors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, ALIGN = 64 };

struct gd_safetensors_writer {
    gd_file_draft draft;
    size_t written, total; /* bytes of data */
};

static gd_status add_metadata(const gd_attr *metadata, gd_text *header, gd_error *error)
{
    gd_text_add(header, "\"__metadata__\":{");
    for (const gd_attr *child = metadata->first; child; child = child->next) {
        if (child->kind != GD_ATTR_SCALAR)
            return gd_fail(error, GD_INVALID, "metadata '%s' is no text", child->key);
        gd_text_add_json(header, child->key);
        gd_text_add(header, ":");
        gd_text_add_json(header, child->text);
        gd_text_add(header, child->next ? "," : "");
    }
    gd_text_add(header, "}");
    return GD_OK;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static gd_status check_names(const gd_tensor_entry *tensors, int n, gd_error *error)
{
    gd_status status = GD_OK;
    const char **name = malloc((size_t)n * sizeof *name + 1);
    if (!name)
        return gd_fail(error, GD_NOMEM, "out of memory for %d tensors", n);
    for (int i = 0; i < n; i++)
        name[i] = tensors[i].name;
    qsort(name, (size_t)n, sizeof *name, by_name);
    for (int i = 1; i < n && status == GD_OK; i++) {
        if (strcmp(name[i - 1], name[i]) == 0)
            status = gd_fail(error, GD_INVALID, "two tensors have the name '%s'", name[i]);
    }
    free(name);
    return status;
}

/* The header with its length before it and spaces behind it, up to where the data begins. What the reader would refuse
 * is refused here, before a file is made of it. */
static gd_status make_header(const gd_tensor_entry *tensors, int n, const gd_attr *metadata, gd_text *header,
                             size_t *total, gd_error *error)
{
    gd_text_add_n(header, "\0\0\0\0\0\0\0\0{", LENGTH_BYTES + 1);
    if (metadata)
        GD_TRY(add_metadata(metadata, header, error));
    GD_TRY(check_names(tensors, n, error));
    *total = 0;
    for (int i = 0; i < n; i++) {
        const gd_desc desc = tensors[i].desc;
        const size_t bytes = gd_desc_bytes(desc);
        if (desc.rank == 0 || *total % gd_type_bytes(desc.type) != 0)
            return gd_fail(error, GD_INVALID,
                           "tensor '%s' has no shape, or would lie at byte %zu: put wide types first", tensors[i].name,
                           *total);
        gd_text_add(header, i || metadata ? ",\n" : "");
        gd_text_add_json(header, tensors[i].name);
        gd_text_add(header, ":{\"dtype\":\"%s\",\"shape\":[", gd_type_name(desc.type));
        for (int d = 0; d < desc.rank; d++)
            gd_text_add(header, d ? ",%lld" : "%lld", (long long)desc.dim[d]);
        gd_text_add(header, "],\"data_offsets\":[%zu,%zu]}", *total, *total + bytes);
        *total += bytes;
    }
    gd_text_add(header, "}");
    gd_text_add(header, "%*s", (int)((ALIGN - header->length % ALIGN) % ALIGN), "");
    GD_TRY(gd_text_status(header, error));
    for (int i = 0; i < LENGTH_BYTES; i++)
        header->at[i] = (char)((uint64_t)(header->length - LENGTH_BYTES) >> (8 * i));
    return GD_OK;
}

gd_status gd_metadata_add(gd_arena *arena, gd_attr *metadata, const char *key, const char *text, gd_error *error)
{
    gd_attr *node = text ? gd_attr_new(arena, GD_ATTR_SCALAR, text) : NULL;
    if (!node)
        return gd_fail(error, GD_NOMEM, "out of memory for the metadata of a file");
    node->quoted = true;
    if (gd_attr_append(arena, metadata, key, node) != GD_OK)
        return gd_fail(error, GD_NOMEM, "out of memory for the metadata of a file");
    return GD_OK;
}

static gd_status put(gd_safetensors_writer *writer, const void *bytes, size_t length, gd_error *error)
{
    if (length > 0 && fwrite(bytes, 1, length, writer->draft.stream) != length)
        return gd_fail(error, GD_IO, "cannot write '%s': %s", writer->draft.path, strerror(errno));
    return GD_OK;
}

gd_status gd_safetensors_begin(const char *path, const gd_tensor_entry *tensors, int n, const gd_attr *metadata,
                               gd_safetensors_writer **writer, gd_error *error)
{
    gd_status status = GD_OK;
    gd_text header = {0};
    *writer = calloc(1, sizeof **writer);
    if (!*writer)
        return gd_fail(error, GD_NOMEM, "out of memory for writing '%s'", path);
    GD_TRY_TO(done, make_header(tensors, n, metadata, &header, &(*writer)->total, error));
    GD_TRY_TO(done, gd_file_begin(&(*writer)->draft, path, error));
    GD_TRY_TO(done, put(*writer, header.at, header.length, error));
done:
    gd_text_release(&header);
    if (status != GD_OK) {
        gd_safetensors_abandon(*writer);
        *writer = NULL;
    }
    return status;
}

gd_status gd_safetensors_append(gd_safetensors_writer *writer, const void *bytes, size_t length, gd_error *error)
{
    if (length > writer->total - writer->written)
        return gd_fail(error, GD_INVALID, "'%s': %zu bytes more than the %zu that its tensors have", writer->draft.path,
                       length - (writer->total - writer->written), writer->total);
    writer->written += length;
    return put(writer, bytes, length, error);
}

gd_status gd_safetensors_finish(gd_safetensors_writer *writer, gd_error *error)
{
    gd_status status = GD_OK;
    if (writer->written != writer->total)
        status = gd_fail(error, GD_INVALID, "'%s': %zu bytes written of the %zu that its tensors have",
                         writer->draft.path, writer->written, writer->total);
    if (status == GD_OK)
        status = gd_file_commit(&writer->draft, error);
    gd_safetensors_abandon(writer);
    return status;
}

void gd_safetensors_abandon(gd_safetensors_writer *writer)
{
    if (!writer)
        return;
    gd_file_abandon(&writer->draft);
    free(writer);
}

gd_status gd_safetensors_write(const char *path, const gd_tensor_entry *tensors, int n, const gd_attr *metadata,
                               gd_error *error)
{
    gd_safetensors_writer *writer;
    GD_TRY(gd_safetensors_begin(path, tensors, n, metadata, &writer, error));
    for (int i = 0; i < n; i++) {
        gd_status status = gd_safetensors_append(writer, tensors[i].data, gd_desc_bytes(tensors[i].desc), error);
        if (status != GD_OK) {
            gd_safetensors_abandon(writer);
            return status;
        }
    }
    return gd_safetensors_finish(writer, error);
}
