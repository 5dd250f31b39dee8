// SPDX-License-Identifier: Apache-2.0
#include "image/figures.h"

#include "image/image.h"

#include <math.h>
#include <string.h>

const gd_figure_info gd_figure_table[GD_FIGURES] = {
    [GD_BRIGHTNESS] = {"brightness", "share"},
    [GD_CONTRAST] = {"contrast", "share"},
    [GD_SATURATION] = {"saturation", "share"},
    [GD_HUE] = {"hue", "degrees"},
    [GD_SHARPNESS] = {"sharpness", "levels^2"},
    [GD_ENTROPY] = {"entropy", "bits"},
    [GD_RED] = {"red", "share"},
    [GD_GREEN] = {"green", "share"},
    [GD_BLUE] = {"blue", "share"},
    [GD_HEIGHT] = {"height", "pixels"},
    [GD_WIDTH] = {"width", "pixels"},
    [GD_ASPECT] = {"aspect", "ratio"},
};

enum { LEVELS = 256, BLOCK = 256 /* pixels that are walked over together */ };

/* Sums over pixels. Of the parts of a colour by its greatest one in units of 2^-21, so that those of a block fit into
 * 32 bits: max - min, and its direction as (across, up / sqrt(3)), each up to 2. */
typedef struct colours {
    int64_t red, green, blue;
    int64_t chroma, across, up;
} colours;

static const float unit = 1 << 21;

typedef struct edges {
    int64_t n, sum, squares;
} edges;

/* A piece of a row: its luma, and what it adds to the sums. Loop by loop, so that all but the first work on many pixels
 * at once. */
static void walk_block(const uint8_t *pixels, int n, uint8_t *luma, colours *sums)
{
    uint8_t r[BLOCK], g[BLOCK], b[BLOCK], most[BLOCK], least[BLOCK];
    int32_t red = 0, green = 0, blue = 0, chroma = 0, across = 0, up = 0;
    for (int x = 0; x < n; x++) {
        r[x] = pixels[3 * x];
        g[x] = pixels[3 * x + 1];
        b[x] = pixels[3 * x + 2];
    }
    for (int x = 0; x < n; x++) {
        luma[x] = (uint8_t)((299u * r[x] + 587u * g[x] + 114u * b[x] + 500) / 1000);
        red += r[x];
        green += g[x];
        blue += b[x];
    }
    for (int x = 0; x < n; x++) {
        const uint8_t larger = r[x] > g[x] ? r[x] : g[x], smaller = r[x] < g[x] ? r[x] : g[x];
        most[x] = larger > b[x] ? larger : b[x];
        least[x] = smaller < b[x] ? smaller : b[x];
    }
    for (int x = 0; x < n; x++) {
        const float per_most = unit / (float)(most[x] + (most[x] == 0)); /* of black, all else is 0 */
        chroma += (int32_t)((float)(most[x] - least[x]) * per_most);
        across += (int32_t)((float)(2 * r[x] - g[x] - b[x]) * per_most);
        up += (int32_t)((float)(g[x] - b[x]) * per_most);
    }
    sums->red += red;
    sums->green += green;
    sums->blue += blue;
    sums->chroma += chroma;
    sums->across += across;
    sums->up += up;
}

static void walk_row(const uint8_t *pixels, int width, uint8_t *luma, colours *sums)
{
    for (int x = 0; x < width; x += BLOCK)
        walk_block(pixels + 3 * x, width - x < BLOCK ? width - x : BLOCK, luma + x, sums);
}

static void count_row(const uint8_t *luma, int width, uint32_t *histogram)
{
    for (int x = 0; x < width; x++)
        histogram[luma[x]]++;
}

/* The Laplacian of the inner pixels of `row`. In pieces whose squares, 1020^2 at most, 32 bits hold. */
static void walk_edges(const uint8_t *above, const uint8_t *row, const uint8_t *below, int width, edges *e)
{
    enum { PIECE = 1024 };
    for (int first = 1; first < width - 1; first += PIECE) {
        const int end = first + PIECE < width - 1 ? first + PIECE : width - 1;
        int32_t sum = 0, squares = 0;
        for (int x = first; x < end; x++) {
            const int l = above[x] + below[x] + row[x - 1] + row[x + 1] - 4 * row[x];
            sum += l;
            squares += l * l;
        }
        e->sum += sum;
        e->squares += squares;
        e->n += end - first;
    }
}

static void of_histogram(const uint32_t *histogram, double n, double *value)
{
    double total = 0, squares = 0, entropy = 0;
    for (int y = 0; y < LEVELS; y++)
        total += (double)histogram[y] * y;
    for (int y = 0; y < LEVELS; y++) {
        const double share = histogram[y] / n, away = y - total / n;
        squares += share * away * away;
        entropy -= share > 0 ? share * log2(share) : 0;
    }
    value[GD_BRIGHTNESS] = total / n / 255;
    value[GD_CONTRAST] = sqrt(squares) / 255;
    value[GD_ENTROPY] = entropy > 0 ? entropy : 0; /* and not -0 */
}

static void of_colours(const colours *sums, double n, double *value)
{
    const double degrees = 57.29577951308232, root_3 = 1.7320508075688772;
    const double hue = atan2(root_3 * (double)sums->up, (double)sums->across) * degrees;
    value[GD_HUE] = sums->across == 0 && sums->up == 0 ? NAN : hue < 0 ? hue + 360 : hue;
    value[GD_SATURATION] = (double)sums->chroma / (double)unit / n;
    value[GD_RED] = (double)sums->red / n / 255;
    value[GD_GREEN] = (double)sums->green / n / 255;
    value[GD_BLUE] = (double)sums->blue / n / 255;
}

static void of_edges(const edges *e, double *value)
{
    const double n = (double)e->n, mean = n > 0 ? (double)e->sum / n : 0;
    value[GD_SHARPNESS] = n > 0 ? (double)e->squares / n - mean * mean : 0;
}

gd_status gd_image_figures(const gd_image *image, double value[GD_FIGURES], gd_error *error)
{
    const int height = image->height, width = image->width, channels = image->channels;
    if (height < 1 || width < 1 || height > GD_IMAGE_SIDE || width > GD_IMAGE_SIDE || (channels != 1 && channels != 3))
        return gd_fail(error, GD_INVALID, "a picture of %dx%dx%d has no figures: sides are 1 to %d, channels 1 or 3",
                       height, width, channels, GD_IMAGE_SIDE);
    uint32_t histogram[LEVELS] = {0};
    uint8_t ring[3][GD_IMAGE_SIDE]; /* luma of the last three rows */
    const uint8_t *luma[3] = {NULL};
    colours sums = {0};
    edges e = {0};
    for (int y = 0; y < height; y++) {
        const uint8_t *row = image->pixels + (size_t)y * (size_t)width * (size_t)channels;
        luma[0] = luma[1];
        luma[1] = luma[2];
        luma[2] = channels == 1 ? row : ring[y % 3];
        if (channels == 3)
            walk_row(row, width, ring[y % 3], &sums);
        count_row(luma[2], width, histogram);
        if (y >= 2)
            walk_edges(luma[0], luma[1], luma[2], width, &e);
    }
    const double n = (double)height * width;
    of_histogram(histogram, n, value);
    of_edges(&e, value);
    of_colours(&sums, n, value);
    if (channels == 1)
        value[GD_RED] = value[GD_GREEN] = value[GD_BLUE] = value[GD_BRIGHTNESS];
    value[GD_HEIGHT] = height;
    value[GD_WIDTH] = width;
    value[GD_ASPECT] = (double)width / height;
    return GD_OK;
}
