// SPDX-License-Identifier: Apache-2.0
/* IDX files, plain and gzip. Whatever is accepted must lie within the bytes: all of it is read. */
#include "data/archive.h"
#include "data/source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum;

static void parse(const uint8_t *bytes, size_t length)
{
    gd_idx idx;
    gd_error error = {0};
    if (gd_idx_parse("fuzz", bytes, length, &idx, &error) != GD_OK)
        return;
    size_t count = 1;
    for (int i = 0; i < idx.rank; i++)
        count *= (size_t)idx.dim[i];
    for (size_t i = 0; i < count; i++)
        sum += idx.data[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gd_error error = {0};
    uint8_t *plain;
    size_t length;
    if (gd_gunzip("fuzz", data, size, 1 << 20, &plain, &length, &error) == GD_OK) {
        parse(plain, length);
        free(plain);
    }
    parse(data, size);
    return 0;
}
