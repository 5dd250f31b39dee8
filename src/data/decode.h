// SPDX-License-Identifier: Apache-2.0
/* Decoding: the bytes of a PNG or JPEG file to pixels. Which of the two it is, the first bytes decide, never the name.
 *
 *     PNG   all colour types, depths and interlacing; 16 bits are scaled to 8; an opaque alpha channel is dropped, a
 *           translucent one is composed over white; gamma and colour profiles are ignored, as elsewhere in training
 *     JPEG  baseline and progressive, grey, YCbCr, RGB, CMYK and YCCK (Adobe's inverted convention, as in browsers and
 *           Pillow); the EXIF orientation is applied; a file that ends too early or whose data are damaged is refused
 *
 * Colour to grey is ITU-R BT.601 luma, (299 R + 587 G + 114 B) / 1000, which is also a JPEG's own Y.
 * Depends on base, libpng and libjpeg alone: the front program links it. Thread-safe; no state.
 */
#ifndef GD_DATA_DECODE_H
#define GD_DATA_DECODE_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Refused before anything is allocated: a longer side, more pixels. And while decoding: more scans of a
 * progressive JPEG, or scans of ten times those pixels in all. */
enum { GD_PICTURE_SIDE = 16384, GD_PICTURE_PIXELS = 64 << 20, GD_PICTURE_SCANS = 100 };

/* {0} is an empty picture. */
typedef struct gd_picture {
    int height, width, channels;
    uint8_t *pixels; /* (H,W,C), owned: gd_picture_release */
} gd_picture;

/* `channels`: 1 or 3, or 0 for the file's own (grey 1, colour and palette 3). FORMAT, with `name` as the place, when
 * the file is broken, too large, or neither PNG nor JPEG; `picture` is then empty. */
gd_status gd_decode(const char *name, const void *bytes, size_t length, int channels, gd_picture *picture,
                    gd_error *error);
/* The same for pictures of up to `most_pixels`, which are GD_PICTURE_PIXELS or fewer. */
gd_status gd_decode_within(const char *name, const void *bytes, size_t length, int channels, int64_t most_pixels,
                           gd_picture *picture, gd_error *error);
void gd_picture_release(gd_picture *picture); /* accepts {0} */

/* A picture whose pixels are still to be written. FORMAT for a size of 0 or beyond the limits; NOMEM. */
gd_status gd_picture_make(uint64_t height, uint64_t width, int channels, gd_picture *picture, gd_error *error);

/* What can be said of the file besides its pixels; a monitor calls these format, bytes and quality, too. Reads the
 * first bytes and, of a JPEG, its markers up to the first scan; what is broken further on it does not see. */
typedef struct gd_description {
    const char *format; /* "png", "jpeg"; NULL: neither */
    size_t bytes;
    int quality; /* of a JPEG, 1 to 100: that at which libjpeg's quantisation of luma (or grey) has the nearest sum, so
                    the one that libjpeg was asked for, if it was libjpeg; 0: no JPEG, or one that does not say */
} gd_description;
gd_description gd_decode_describe(const void *bytes, size_t length);

/* n pixels of grey to colour; of colour to grey. */
void gd_grey_to_colour(const uint8_t *from, int64_t n, uint8_t *to);
void gd_colour_to_grey(const uint8_t *from, int64_t n, uint8_t *to);

#ifdef __cplusplus
}
#endif
#endif
