// SPDX-License-Identifier: Apache-2.0
/* The ONE preprocessing: from a picture of any size to the bytes that a network reads. Staging and the inference
 * library both call it, so that what was trained on and what is asked about are made alike. Normalising is the
 * network's own first op; grey and colour are the decoder's (data/decode.h).
 */
#ifndef GD_IMAGE_H
#define GD_IMAGE_H

#include "base/status.h"
#include "griddle/image.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_IMAGE_SIDE = 16384, GD_IMAGE_CHANNELS = 4 }; /* at most */

/* Scales a picture until it just covers height x width, then cuts out the middle: `to` (height,width,C) is overwritten.
 *
 *     size    one side becomes the target's; the other, side * target / other side rounded down
 *     cut     from (size - target) / 2 on, a half rounded to even, as torchvision's Resize and CenterCrop do
 *     pixels  a triangle filter, widened where the picture shrinks (antialias), across and then down, each time rounded
 *             to a byte: the same bits as Pillow's Image.resize(…, BILINEAR), but for pictures more than twice as high
 * as wide, where newer versions of it go down first: there within one grey level (its src/libImaging/Resample.c)
 *
 * A picture of the target's size is copied. Only the pixels that stay are computed. `work`: gd_image_fit_bytes(...)
 * bytes aligned for double; they serve pictures of any size, so a caller allocates once. INVALID for a picture without
 * pixels or with more than GD_IMAGE_SIDE on a side. Thread-safe on distinct `to` and `work`. */
gd_status gd_image_fit(const gd_image *from, int height, int width, uint8_t *to, void *work, gd_error *error);
size_t gd_image_fit_bytes(int height, int width, int channels);

/* Left to right; `to` (H,W,C) is another place. */
void gd_image_mirror(const gd_image *from, uint8_t *to);

#ifdef __cplusplus
}
#endif
#endif
