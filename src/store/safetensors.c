// SPDX-License-Identifier: Apache-2.0
#include "store/safetensors.h"

#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, MOST_HEADER = 100000000 /* as the format's own library has it */ };

static bool parse_size(const gd_attr *node, int64_t *value)
{
    if (!node || node->kind != GD_ATTR_SCALAR || node->quoted || !node->text[0])
        return false;
    *value = 0;
    for (const char *c = node->text; *c; c++) {
        if (*c < '0' || *c > '9' || *value > (INT64_MAX - 9) / 10)
            return false;
        *value = *value * 10 + (*c - '0');
    }
    return true;
}

/* Fills desc; *bytes is what type and shape need. */
static gd_status parse_desc(const gd_attr *node, gd_desc *desc, int64_t *bytes, gd_error *error)
{
    const gd_attr *type = gd_attr_find(node, "dtype"), *shape = gd_attr_find(node, "shape");
    if (!type || type->kind != GD_ATTR_SCALAR || !shape || shape->kind != GD_ATTR_LIST)
        return gd_fail_at(error, GD_FORMAT, node->place, "tensor '%s': needs dtype, shape and data_offsets", node->key);
    if (!gd_type_parse(type->text, &desc->type))
        return gd_fail_at(error, GD_FORMAT, type->place, "tensor '%s': type '%s' is not known here", node->key,
                          type->text);
    int64_t count = 1, most = INT64_MAX / (int64_t)gd_type_bytes(desc->type);
    desc->rank = 0;
    for (const gd_attr *dim = shape->first; dim; dim = dim->next) {
        int64_t size;
        if (desc->rank == GD_MAX_RANK)
            return gd_fail_at(error, GD_FORMAT, shape->place, "tensor '%s': has more than %d dimensions", node->key,
                              GD_MAX_RANK);
        if (!parse_size(dim, &size) || (size != 0 && count > most / size))
            return gd_fail_at(error, GD_FORMAT, dim->place, "tensor '%s': dimension %d is no size, or too large",
                              node->key, desc->rank);
        desc->dim[desc->rank++] = size;
        count *= size;
    }
    if (desc->rank == 0)
        *desc = gd_desc_1(desc->type, 1);
    *bytes = count * (int64_t)gd_type_bytes(desc->type);
    return GD_OK;
}

static gd_status parse_tensor(const gd_attr *node, const unsigned char *data, int64_t data_bytes,
                              gd_tensor_entry *entry, gd_error *error)
{
    const gd_attr *offsets = gd_attr_find(node, "data_offsets");
    int64_t bytes = 0, begin, end;
    GD_TRY(parse_desc(node, &entry->desc, &bytes, error));
    if (!offsets || gd_attr_count(offsets) != 2 || gd_attr_count(node) != 3 || !parse_size(offsets->first, &begin) ||
        !parse_size(offsets->last, &end))
        return gd_fail_at(error, GD_FORMAT, node->place,
                          "tensor '%s': needs dtype, shape, data_offsets [begin, end], and nothing else", node->key);
    if (begin > end || end > data_bytes)
        return gd_fail_at(error, GD_FORMAT, offsets->place, "tensor '%s': lies at [%lld, %lld) in %lld bytes of data",
                          node->key, (long long)begin, (long long)end, (long long)data_bytes);
    if (end - begin != bytes)
        return gd_fail_at(error, GD_FORMAT, offsets->place, "tensor '%s': has %lld bytes where its shape needs %lld",
                          node->key, (long long)(end - begin), (long long)bytes);
    if ((uintptr_t)(data + begin) % gd_type_bytes(entry->desc.type) != 0)
        return gd_fail_at(error, GD_FORMAT, offsets->place,
                          "tensor '%s': does not lie at a multiple of its type's %zu bytes", node->key,
                          gd_type_bytes(entry->desc.type));
    entry->name = node->key;
    entry->data = data + begin;
    entry->bytes = (size_t)bytes;
    return GD_OK;
}

static int by_data(const void *left, const void *right)
{
    const gd_tensor_entry *a = left, *b = right;
    if (a->data != b->data)
        return (const char *)a->data < (const char *)b->data ? -1 : 1;
    return a->bytes != b->bytes ? (a->bytes < b->bytes ? -1 : 1) : strcmp(a->name, b->name);
}

static int by_name(const void *left, const void *right)
{
    return strcmp((*(gd_tensor_entry *const *)left)->name, (*(gd_tensor_entry *const *)right)->name);
}

/* Every byte of the data belongs to exactly one tensor. */
static gd_status check_cover(const gd_safetensors *file, gd_place place, const char *data, size_t bytes,
                             gd_error *error)
{
    size_t at = 0;
    for (int i = 0; i < file->n; i++) {
        const gd_tensor_entry *entry = &file->tensor[i];
        size_t begin = (size_t)((const char *)entry->data - data);
        if (begin != at)
            return gd_fail_at(error, GD_FORMAT, place,
                              "tensor '%s': begins at byte %zu where the one before ends at %zu", entry->name, begin,
                              at);
        at += entry->bytes;
    }
    if (at != bytes)
        return gd_fail_at(error, GD_FORMAT, place, "%zu bytes of data where the tensors end at %zu", bytes, at);
    return GD_OK;
}

static gd_status parse_metadata(gd_safetensors *file, const gd_attr *node, gd_error *error)
{
    if (node->kind != GD_ATTR_MAP)
        return gd_fail_at(error, GD_FORMAT, node->place, "metadata is no map");
    for (const gd_attr *child = node->first; child; child = child->next) {
        if (child->kind != GD_ATTR_SCALAR || !child->quoted)
            return gd_fail_at(error, GD_FORMAT, child->place, "metadata '%s' is no text", child->key);
    }
    file->metadata = node;
    return GD_OK;
}

static gd_status parse_header(gd_safetensors *file, const char *name, const unsigned char *bytes, size_t length,
                              gd_error *error)
{
    const gd_place place = {name, 0, 0};
    uint64_t header = 0;
    if (length < LENGTH_BYTES)
        return gd_fail_at(error, GD_FORMAT, place, "not a safetensors file: %zu bytes", length);
    for (int i = 0; i < LENGTH_BYTES; i++)
        header |= (uint64_t)bytes[i] << (8 * i);
    if (header > MOST_HEADER || header < 2 || header > length - LENGTH_BYTES || bytes[LENGTH_BYTES] != '{')
        return gd_fail_at(error, GD_FORMAT, place,
                          "not a safetensors file, or cut short: a header of %llu bytes in %zu",
                          (unsigned long long)header, length);
    gd_attr *root;
    GD_TRY(gd_json_parse(&file->arena, name, (const char *)bytes + LENGTH_BYTES, (size_t)header, (gd_json_limits){0},
                         &root, error));

    const unsigned char *data = bytes + LENGTH_BYTES + header;
    const size_t data_bytes = length - LENGTH_BYTES - (size_t)header;
    const size_t n = (size_t)gd_attr_count(root);
    file->tensor = gd_arena_alloc(&file->arena, n, sizeof *file->tensor);
    file->by_name = gd_arena_alloc(&file->arena, n, sizeof *file->by_name);
    if (!file->tensor || !file->by_name)
        return gd_fail_at(error, GD_NOMEM, place, "out of memory for %zu tensors", n);
    for (const gd_attr *node = root->first; node; node = node->next) {
        if (strcmp(node->key, "__metadata__") == 0) {
            GD_TRY(parse_metadata(file, node, error));
        } else {
            GD_TRY(parse_tensor(node, data, (int64_t)data_bytes, &file->tensor[file->n], error));
            file->n++;
        }
    }
    qsort(file->tensor, (size_t)file->n, sizeof *file->tensor, by_data);
    for (int i = 0; i < file->n; i++)
        file->by_name[i] = &file->tensor[i];
    qsort(file->by_name, (size_t)file->n, sizeof *file->by_name, by_name);
    return check_cover(file, place, (const char *)data, data_bytes, error);
}

gd_status gd_safetensors_read(const char *name, const void *bytes, size_t length, gd_safetensors *file, gd_error *error)
{
    *file = (gd_safetensors){0};
    file->name = gd_arena_text(&file->arena, name); /* the places of the metadata borrow it */
    gd_status status = file->name ? parse_header(file, file->name, bytes, length, error)
                                  : gd_fail(error, GD_NOMEM, "out of memory for '%s'", name);
    if (status != GD_OK)
        gd_safetensors_close(file);
    return status;
}

gd_status gd_safetensors_open(const char *path, gd_safetensors *file, gd_error *error)
{
    void *map = NULL;
    size_t bytes = 0;
    *file = (gd_safetensors){0};
    GD_TRY(gd_file_map(path, &map, &bytes, error));
    gd_status status = gd_safetensors_read(path, map, bytes, file, error);
    if (status != GD_OK) {
        gd_file_unmap(map, bytes);
        return status;
    }
    file->map = map;
    file->map_bytes = bytes;
    return GD_OK;
}

void gd_safetensors_close(gd_safetensors *file)
{
    if (file->map)
        gd_file_unmap(file->map, file->map_bytes);
    gd_arena_release(&file->arena);
    *file = (gd_safetensors){0};
}

const gd_tensor_entry *gd_safetensors_find(const gd_safetensors *file, const char *name)
{
    const gd_tensor_entry wanted = {.name = name}, *key = &wanted;
    gd_tensor_entry *const *found =
        file->n ? bsearch(&key, file->by_name, (size_t)file->n, sizeof *file->by_name, by_name) : NULL;
    return found ? *found : NULL;
}

gd_status gd_safetensors_require(const gd_safetensors *file, const char *name, gd_desc desc,
                                 const gd_tensor_entry **entry, gd_error *error)
{
    char want[64], got[64];
    const gd_place place = {file->name, 0, 0};
    *entry = gd_safetensors_find(file, name);
    if (!*entry)
        return gd_fail_at(error, GD_FORMAT, place, "no tensor '%s'", name);
    if (desc.rank != 0 && ((*entry)->desc.type != desc.type || !gd_desc_same_shape((*entry)->desc, desc)))
        return gd_fail_at(error, GD_FORMAT, place, "tensor '%s' is %s %s where %s %s is needed", name,
                          gd_type_name((*entry)->desc.type), gd_desc_text((*entry)->desc, got, sizeof got),
                          gd_type_name(desc.type), gd_desc_text(desc, want, sizeof want));
    return GD_OK;
}

const char *gd_safetensors_metadata(const gd_safetensors *file, const char *key)
{
    const gd_attr *value = gd_attr_find(file->metadata, key);
    return value ? value->text : NULL;
}
