// SPDX-License-Identifier: Apache-2.0
/* A table is mapped, and read column by column, a piece at a time: pieces that were read leave the memory again. */
#include "base/file.h"
#include "base/text.h"
#include "store/safetensors.h"
#include "survey/source.h"

#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 14 /* numbers */, LEAVE = 1 << 22 /* bytes */ };

bool gd_survey_is_table(const char *path)
{
    gd_safetensors file = {0};
    if (gd_safetensors_open(path, &file, NULL) != GD_OK)
        return false;
    const char *format = gd_safetensors_metadata(&file, "format");
    const bool table = !format || strncmp(format, "griddle-", 8) != 0;
    gd_safetensors_close(&file);
    return table;
}

static gd_status check(const gd_safetensors *file, gd_error *error)
{
    const gd_place place = {file->name, 0, 0};
    if (file->n == 0)
        return gd_fail_at(error, GD_INVALID, place, "a table without columns");
    for (int i = 0; i < file->n; i++) {
        const gd_tensor_entry *column = &file->tensor[i], *first = &file->tensor[0];
        char shape[64];
        if (!column->name[0])
            return gd_fail_at(error, GD_INVALID, place, "tensor %d has no name, which a column needs", i);
        if (column->desc.rank != 1)
            return gd_fail_at(error, GD_INVALID, place,
                              "tensor '%s' of %s is no column of a table: one dimension is needed", column->name,
                              gd_desc_text(column->desc, shape, sizeof shape));
        if (column->desc.dim[0] != first->desc.dim[0])
            return gd_fail_at(error, GD_INVALID, place, "column '%s' has %lld row%s where '%s' has %lld", column->name,
                              (long long)column->desc.dim[0], gd_plural(column->desc.dim[0]), first->name,
                              (long long)first->desc.dim[0]);
    }
    return GD_OK;
}

static void convert(double *to, const gd_tensor_entry *column, int64_t first, int64_t n)
{
    const char *from = (const char *)column->data + (size_t)first * gd_type_bytes(column->desc.type);
    const gd_type type = column->desc.type;
    if (type == GD_F64) {
        memcpy(to, from, (size_t)n * sizeof *to);
    } else if (type == GD_F32) {
        for (int64_t i = 0; i < n; i++)
            to[i] = (double)((const float *)from)[i];
    } else {
        for (int64_t i = 0; i < n; i++)
            to[i] = gd_load(from, type, i);
    }
}

/* Whole pages from the one of `from` on, before that of `to`. */
static void leave(const gd_safetensors *file, const char *from, const char *to)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *begin = file->map;
    const size_t first = (size_t)(from - begin) / page * page, past = (size_t)(to - begin) / page * page;
    if (past > first)
        gd_file_leave(begin + first, past - first);
}

static gd_status add_column(const gd_safetensors *file, const gd_tensor_entry *column, gd_profile *profile,
                            const volatile int *stop, gd_error *error)
{
    double piece[PIECE];
    const int64_t n = column->desc.dim[0];
    const bool whole = gd_type_epsilon(column->desc.type) == 0;
    const char *data = column->data, *left = data;
    for (int64_t at = 0; at < n; at += PIECE) {
        const int64_t here = n - at < PIECE ? n - at : PIECE;
        if (stop && *stop)
            return gd_fail(error, GD_STOPPED, "stopped in column '%s'", column->name);
        convert(piece, column, at, here);
        GD_TRY(gd_profile_add_numbers(profile, column->name, whole ? GD_COLUMN_WHOLE : GD_COLUMN_NUMBERS, piece,
                                      (size_t)here, error));
        const char *behind = data + (size_t)(at + here) * gd_type_bytes(column->desc.type);
        if (behind - left >= LEAVE || at + here == n) {
            leave(file, left, behind);
            left = behind;
        }
    }
    return GD_OK;
}

gd_status gd_survey_table(const char *path, gd_profile *profile, const volatile int *stop, gd_error *error)
{
    gd_safetensors file = {0};
    gd_status status = gd_safetensors_open(path, &file, error);
    if (status == GD_OK)
        status = check(&file, error);
    for (int i = 0; status == GD_OK && i < file.n; i++)
        status = add_column(&file, &file.tensor[i], profile, stop, error);
    gd_safetensors_close(&file);
    return status;
}
