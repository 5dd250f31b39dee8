// SPDX-License-Identifier: Apache-2.0
#include "monitor/rows.h"

#include "base/rng.h"
#include "monitor/features.h"

#include <stdlib.h>
#include <string.h>

gd_status gd_rows_init(gd_rows *rows, int dims, int most, uint64_t seed, gd_error *error)
{
    *rows = (gd_rows){.dims = dims, .most = most, .seed = seed};
    if (dims < 1 || most < 1)
        return gd_fail(error, GD_INVALID, "a sample of %d rows of %d numbers: 1 or more of both", most, dims);
    rows->heap = malloc(sizeof *rows->heap * (size_t)most);
    rows->row = malloc(sizeof *rows->row * (size_t)most * (size_t)dims);
    if (rows->heap && rows->row)
        return GD_OK;
    gd_rows_release(rows);
    return gd_fail(error, GD_NOMEM, "out of memory for %d rows of %d numbers", most, dims);
}

void gd_rows_release(gd_rows *rows)
{
    free(rows->heap);
    free(rows->row);
    *rows = (gd_rows){0};
}

static void swap(gd_rows_key *a, gd_rows_key *b)
{
    const gd_rows_key was = *a;
    *a = *b;
    *b = was;
}

static void rise(gd_rows_key *heap, int i)
{
    for (; i > 0 && heap[i].key > heap[(i - 1) / 2].key; i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

static void sink(gd_rows_key *heap, int n)
{
    for (int i = 0, child = 1; child < n; i = child, child = 2 * i + 1) {
        if (child + 1 < n && heap[child + 1].key > heap[child].key)
            child++;
        if (heap[i].key >= heap[child].key)
            return;
        swap(&heap[i], &heap[child]);
    }
}

static void take(gd_rows *rows, uint64_t key, const float *row)
{
    int at = rows->n;
    if (rows->n < rows->most) {
        rows->heap[rows->n++] = (gd_rows_key){key, at};
        rise(rows->heap, rows->n - 1);
    } else if (key < rows->heap[0].key) {
        at = rows->heap[0].at;
        rows->heap[0].key = key;
        sink(rows->heap, rows->n);
    } else {
        return;
    }
    memcpy(rows->row + (size_t)at * (size_t)rows->dims, row, sizeof(float) * (size_t)rows->dims);
}

void gd_rows_add(gd_rows *rows, uint32_t stream, uint64_t first, const float *row, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const float *of = row + (size_t)i * (size_t)rows->dims;
        if (!gd_features_finite(of, rows->dims))
            continue;
        const gd_philox random = gd_rng(rows->seed, GD_RNG_ROWS, stream, first + (uint64_t)i);
        take(rows, (uint64_t)random.at[0] << 32 | random.at[1], of);
        rows->seen++;
    }
}

void gd_rows_merge(gd_rows *rows, const gd_rows *more)
{
    for (int i = 0; i < more->n; i++)
        take(rows, more->heap[i].key, more->row + (size_t)more->heap[i].at * (size_t)more->dims);
    rows->seen += more->seen;
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = ((const gd_rows_key *)a)->key, y = ((const gd_rows_key *)b)->key;
    return (x > y) - (x < y);
}

gd_status gd_rows_copy(const gd_rows *rows, float *to, gd_error *error)
{
    gd_rows_key *sorted = malloc(sizeof *sorted * (size_t)(rows->n + 1));
    if (!sorted)
        return gd_fail(error, GD_NOMEM, "out of memory for %d rows", rows->n);
    memcpy(sorted, rows->heap, sizeof *sorted * (size_t)rows->n);
    qsort(sorted, (size_t)rows->n, sizeof *sorted, by_key);
    for (int i = 0; i < rows->n; i++)
        memcpy(to + (size_t)i * (size_t)rows->dims, rows->row + (size_t)sorted[i].at * (size_t)rows->dims,
               sizeof *to * (size_t)rows->dims);
    free(sorted);
    return GD_OK;
}
