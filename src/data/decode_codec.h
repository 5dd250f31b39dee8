// SPDX-License-Identifier: Apache-2.0
/* The two codecs behind gd_decode. Each is one file because each leaves its library by longjmp. */
#ifndef GD_DATA_DECODE_CODEC_H
#define GD_DATA_DECODE_CODEC_H

#include "data/decode.h"

#include <stdbool.h>

/* By the first bytes. */
bool gd_is_png(const uint8_t *bytes, size_t length);
bool gd_is_jpeg(const uint8_t *bytes, size_t length);

/* Decode into 1 or 3 channels, as the file has; on failure what `picture` holds is still to be released. `most`:
 * pixels; more are refused before anything is allocated. `orientation`: EXIF's, 1 … 8, of what was decoded. Errors
 * carry no place. */
gd_status gd_decode_png(const uint8_t *bytes, size_t length, int64_t most, gd_picture *picture, gd_error *error);
gd_status gd_decode_jpeg(const uint8_t *bytes, size_t length, int64_t most, gd_picture *picture, int *orientation,
                         gd_error *error);

/* gd_picture_make for the codecs. */
gd_status gd_decode_make(uint64_t height, uint64_t width, int64_t most, int channels, gd_picture *picture,
                         gd_error *error);

#endif
