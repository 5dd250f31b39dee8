// SPDX-License-Identifier: Apache-2.0
/* CIFAR records of both kinds. Whatever is accepted must be whole records with labels in range. */
#include "data/source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum;

static void parse(const uint8_t *bytes, size_t length, int labels, int n_classes)
{
    gd_error error = {0};
    int64_t n;
    uint8_t pixels[3 * GD_CIFAR_PLANE];
    if (gd_cifar_parse("fuzz", bytes, length, labels, n_classes, &n, &error) != GD_OK)
        return;
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *record = bytes + i * (labels + 3 * GD_CIFAR_PLANE);
        if (record[labels - 1] >= n_classes)
            abort();
        gd_cifar_pixels(record + labels, pixels);
        sum += pixels[0];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size, 1, 10);
    parse(data, size, 2, 100);
    return 0;
}
