// SPDX-License-Identifier: Apache-2.0
/* Rows of the picture pass once: each is resampled across into `row`, which is added, weighted, to the sums of the
 * output rows in whose window it lies. So the workspace depends on the target and not on the picture:
 *
 *     down    H windows       where each output row gathers, and the sum of its weights
 *     across  W windows       the same for output columns
 *     sum     (H,W,C) i32     of the output rows, in units of 2^-22
 *     weight  W * taps i32    of the output columns; W * taps <= 2 * picture's width + 3 * W
 *     row     (W,C) u8
 */
#include "image/image.h"

#include <math.h>
#include <string.h>

enum { BITS = 22, HALF = 1 << (BITS - 1) }; /* of a weight: 8 of the pixel and 2 to spare are left of 32 */

/* An output pixel gathers input pixels [first, last) with weights (1 - |distance|)+ / total. */
typedef struct window {
    double centre, total;
    int first, last;
} window;

typedef struct axis {
    int from, to;         /* size of the picture, and what it becomes */
    int cut, size;        /* of which [cut, cut + size) stays */
    double scale, spread; /* input pixels per output pixel; half the width of the triangle */
} axis;

static axis make_axis(int from, int to, int size)
{
    const int over = to - size;
    axis a = {.from = from, .to = to, .size = size, .cut = over / 2 + (over % 4 == 3)};
    a.scale = (double)from / to;
    a.spread = a.scale < 1.0 ? 1.0 : a.scale;
    return a;
}

static double triangle(const axis *a, const window *w, int i)
{
    double distance = fabs((i - w->centre + 0.5) * (1.0 / a->spread));
    return distance < 1.0 ? 1.0 - distance : 0.0;
}

static int32_t weight_of(const axis *a, const window *w, int i)
{
    return (int32_t)(0.5 + triangle(a, w, i) / w->total * (1 << BITS));
}

static void fill_windows(const axis *a, window *windows)
{
    for (int i = 0; i < a->size; i++) {
        window *w = &windows[i];
        w->centre = (a->cut + i + 0.5) * a->scale;
        w->first = (int)(w->centre - a->spread + 0.5);
        w->last = (int)(w->centre + a->spread + 0.5);
        w->first = w->first < 0 ? 0 : w->first;
        w->last = w->last > a->from ? a->from : w->last;
        w->total = 0;
        for (int x = w->first; x < w->last; x++)
            w->total += triangle(a, w, x);
    }
}

static int taps_of(const axis *a) { return (int)ceil(a->spread) * 2 + 1; }

static uint8_t to_byte(int32_t sum)
{
    sum >>= BITS;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/* channels is a constant in each call, so that the inner loops unroll. */
static inline void gather(const uint8_t *from, int width, const window *windows, const int32_t *weight, int taps,
                          uint8_t *row, int channels)
{
    for (int i = 0; i < width; i++, weight += taps) {
        int32_t sum[GD_IMAGE_CHANNELS] = {HALF, HALF, HALF, HALF};
        const uint8_t *at = from + (size_t)windows[i].first * channels;
        const int n = windows[i].last - windows[i].first;
        for (int x = 0; x < n; x++) {
            for (int c = 0; c < channels; c++)
                sum[c] += at[x * channels + c] * weight[x];
        }
        for (int c = 0; c < channels; c++)
            row[i * channels + c] = to_byte(sum[c]);
    }
}

static void gather_row(const uint8_t *from, int width, const window *windows, const int32_t *weight, int taps,
                       uint8_t *row, int channels)
{
    switch (channels) {
    case 1:
        gather(from, width, windows, weight, taps, row, 1);
        break;
    case 3:
        gather(from, width, windows, weight, taps, row, 3);
        break;
    default:
        gather(from, width, windows, weight, taps, row, channels);
    }
}

static void resample(const gd_image *from, const axis *rows, const axis *columns, uint8_t *to, void *work)
{
    const int channels = from->channels, taps = taps_of(columns);
    const size_t stride = (size_t)columns->size * channels, count = stride * rows->size;
    window *down = work, *across = down + rows->size;
    int32_t *sum = (int32_t *)(across + columns->size), *weight = sum + count;
    uint8_t *row = (uint8_t *)(weight + (size_t)columns->size * taps);

    fill_windows(rows, down);
    fill_windows(columns, across);
    for (int i = 0; i < columns->size; i++) {
        for (int x = across[i].first; x < across[i].last; x++)
            weight[(size_t)i * taps + x - across[i].first] = weight_of(columns, &across[i], x);
    }
    for (size_t i = 0; i < count; i++)
        sum[i] = HALF;
    for (int y = down[0].first, first = 0; y < down[rows->size - 1].last; y++) {
        gather_row(from->pixels + (size_t)y * from->width * channels, columns->size, across, weight, taps, row,
                   channels);
        while (down[first].last <= y)
            first++;
        for (int i = first; i < rows->size && down[i].first <= y; i++) {
            const int32_t w = weight_of(rows, &down[i], y);
            int32_t *into = sum + i * stride;
            for (size_t x = 0; x < stride; x++)
                into[x] += row[x] * w;
        }
    }
    for (size_t i = 0; i < count; i++)
        to[i] = to_byte(sum[i]);
}

size_t gd_image_fit_bytes(int height, int width, int channels)
{
    const size_t count = (size_t)height * width * channels;
    return ((size_t)height + width) * sizeof(window) +
           (count + 2 * (size_t)GD_IMAGE_SIDE + 3 * (size_t)width) * sizeof(int32_t) + (size_t)width * channels;
}

gd_status gd_image_fit(const gd_image *from, int height, int width, uint8_t *to, void *work, gd_error *error)
{
    const int h = from->height, w = from->width, channels = from->channels;
    if (h < 1 || w < 1 || h > GD_IMAGE_SIDE || w > GD_IMAGE_SIDE || channels < 1 || channels > GD_IMAGE_CHANNELS)
        return gd_fail(error, GD_INVALID, "a picture of %dx%dx%d where 1x1x1 to %dx%dx%d are possible", h, w, channels,
                       GD_IMAGE_SIDE, GD_IMAGE_SIDE, GD_IMAGE_CHANNELS);
    const int64_t by_height = (int64_t)w * height, by_width = (int64_t)h * width;
    const axis rows = make_axis(h, by_height >= by_width ? height : (int)(by_width / w), height);
    const axis columns = make_axis(w, by_height >= by_width ? (int)(by_height / h) : width, width);
    if (rows.to != h || columns.to != w) {
        resample(from, &rows, &columns, to, work);
        return GD_OK;
    }
    const size_t stride = (size_t)width * channels;
    for (int y = 0; y < height; y++)
        memcpy(to + y * stride, from->pixels + ((size_t)(rows.cut + y) * w + columns.cut) * channels, stride);
    return GD_OK;
}

void gd_image_mirror(const gd_image *from, uint8_t *to)
{
    const size_t channels = (size_t)from->channels, width = (size_t)from->width;
    for (size_t y = 0; y < (size_t)from->height; y++) {
        for (size_t x = 0; x < width; x++)
            memcpy(to + (y * width + width - 1 - x) * channels, from->pixels + (y * width + x) * channels, channels);
    }
}
