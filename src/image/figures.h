// SPDX-License-Identifier: Apache-2.0
/* A picture's own figures: what can be said of its pixels without knowing what is in it. A monitor compares those of
 * today's pictures with those that a model was tried on; capture files and profiles name them as the table here does,
 * and the names stay.
 *
 *     name        unit      formula, over all pixels; of a grey picture R = G = B = Y
 *     brightness  share     mean(Y) / 255
 *     contrast    share     standard deviation(Y) / 255, of the population: 0 to 0.5
 *     saturation  share     mean((max - min) / max) of each pixel's R, G, B, as in HSV; a black pixel's is 0
 *     hue         degrees   the direction of the sum of all pixels' colours, which is the circular mean of their hues,
 *                           each weighing as much as it is coloured:
 *                               atan2(sum(sqrt(3) (G - B) / max), sum((2R - G - B) / max)), 0 to 360; red is 0, green
 *                           120. NaN where that sum is 0: there is no colour, as in a grey picture
 *     sharpness   levels^2  variance of the Laplacian of Y, up + down + left + right - 4 * middle, over the pixels that
 *                           have all four neighbours; 0 where none has
 *     entropy     bits      -sum(p log2(p)) of the histogram of Y: 0 to 8
 *     red         share     mean(R) / 255; likewise green, blue
 *     height      pixels    likewise width
 *     aspect      ratio     width / height
 *
 * Y = (299 R + 587 G + 114 B + 500) / 1000 rounded down, 0 to 255: ITU-R BT.601 luma, what decoding makes of colour
 * where a model reads grey. Sharpness after J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy",
 * 2000; it is that of this picture at this size, and pictures of other sizes have another one.
 */
#ifndef GD_IMAGE_FIGURES_H
#define GD_IMAGE_FIGURES_H

#include "base/status.h"
#include "griddle/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_figure {
    GD_BRIGHTNESS,
    GD_CONTRAST,
    GD_SATURATION,
    GD_HUE,
    GD_SHARPNESS,
    GD_ENTROPY,
    GD_RED,
    GD_GREEN,
    GD_BLUE,
    GD_HEIGHT,
    GD_WIDTH,
    GD_ASPECT,
    GD_FIGURES
} gd_figure;

typedef struct gd_figure_info {
    const char *name, *unit;
} gd_figure_info;
extern const gd_figure_info gd_figure_table[GD_FIGURES];

/* One walk over the pixels, summed in integers; a pixel's saturation and hue are rounded to 2^-21, so the former is
 * exact to 1e-6. The same bits on every machine, but for what atan2 and log2 round. Allocates nothing; takes 55 KB of
 * stack. INVALID for a picture without pixels, with more than GD_IMAGE_SIDE on a side, or with other than 1 or 3
 * channels. Thread-safe. */
gd_status gd_image_figures(const gd_image *image, double value[GD_FIGURES], gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
