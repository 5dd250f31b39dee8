// SPDX-License-Identifier: Apache-2.0
/* A picture in memory. */
#ifndef GRIDDLE_IMAGE_H
#define GRIDDLE_IMAGE_H

#include <stdint.h>

typedef struct gd_image {
    int height, width, channels;
    const uint8_t *pixels; /* (H,W,C): rows from the top, without gaps, channels together; borrowed */
} gd_image;

#endif
