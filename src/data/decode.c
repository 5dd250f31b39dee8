// SPDX-License-Identifier: Apache-2.0
#include "data/decode_codec.h"

#include <stdlib.h>
#include <string.h>

gd_status gd_picture_make(uint64_t height, uint64_t width, int channels, gd_picture *picture, gd_error *error)
{
    *picture = (gd_picture){0};
    if (height == 0 || width == 0 || height > GD_PICTURE_SIDE || width > GD_PICTURE_SIDE ||
        height * width > GD_PICTURE_PIXELS)
        return gd_fail(error, GD_FORMAT,
                       "a picture of %llux%llu pixels is outside the limits: %d a side, %d million in all",
                       (unsigned long long)width, (unsigned long long)height, GD_PICTURE_SIDE, GD_PICTURE_PIXELS >> 20);
    picture->pixels = malloc((size_t)(height * width) * (size_t)channels);
    if (!picture->pixels)
        return gd_fail(error, GD_NOMEM, "out of memory for a picture of %dx%d pixels", (int)width, (int)height);
    picture->height = (int)height;
    picture->width = (int)width;
    picture->channels = channels;
    return GD_OK;
}

gd_status gd_decode_make(uint64_t height, uint64_t width, int64_t most, int channels, gd_picture *picture,
                         gd_error *error)
{
    const uint64_t pixels = height * width;
    if (pixels > (uint64_t)most && pixels <= GD_PICTURE_PIXELS) /* beyond those, the limits are said */
        return gd_fail(error, GD_FORMAT, "a picture of %dx%d pixels where %lld are the most: send a smaller one",
                       (int)width, (int)height, (long long)most);
    return gd_picture_make(height, width, channels, picture, error);
}

void gd_picture_release(gd_picture *picture)
{
    free(picture->pixels);
    *picture = (gd_picture){0};
}

void gd_grey_to_colour(const uint8_t *from, int64_t n, uint8_t *to)
{
    for (int64_t i = 0; i < n; i++)
        to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
}

void gd_colour_to_grey(const uint8_t *from, int64_t n, uint8_t *to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = (uint8_t)((299 * from[3 * i] + 587 * from[3 * i + 1] + 114 * from[3 * i + 2] + 500) / 1000);
}

static gd_status convert(gd_picture *picture, int channels, gd_error *error)
{
    gd_picture other;
    GD_TRY(gd_picture_make((uint64_t)picture->height, (uint64_t)picture->width, channels, &other, error));
    int64_t n = (int64_t)picture->height * picture->width;
    if (channels == 1)
        gd_colour_to_grey(picture->pixels, n, other.pixels);
    else
        gd_grey_to_colour(picture->pixels, n, other.pixels);
    gd_picture_release(picture);
    *picture = other;
    return GD_OK;
}

/* EXIF orientations as what to do to upright the stored rows. With the axes swapped, row and column change places
 * before the mirrors, which act on the upright picture.
 *
 *     1 none          2 mirror columns     3 both mirrors (half a turn)    4 mirror rows
 *     5 swap          6 swap, columns (a quarter clockwise)                7 swap, both    8 swap, rows
 */
static gd_status orient(gd_picture *picture, int orientation, gd_error *error)
{
    if (orientation < 2 || orientation > 8)
        return GD_OK;
    int swap = orientation >= 5;
    int mirror_columns = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    int mirror_rows = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    int h = swap ? picture->width : picture->height, w = swap ? picture->height : picture->width;
    int c = picture->channels;
    gd_picture upright;
    GD_TRY(gd_picture_make((uint64_t)h, (uint64_t)w, c, &upright, error));
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int v = mirror_rows ? h - 1 - y : y, u = mirror_columns ? w - 1 - x : x;
            size_t row = (size_t)(swap ? u : v), column = (size_t)(swap ? v : u);
            memcpy(upright.pixels + ((size_t)y * (size_t)w + (size_t)x) * (size_t)c,
                   picture->pixels + (row * (size_t)picture->width + column) * (size_t)c, (size_t)c);
        }
    gd_picture_release(picture);
    *picture = upright;
    return GD_OK;
}

static gd_status decode(const uint8_t *bytes, size_t length, int channels, int64_t most, gd_picture *picture,
                        gd_error *error)
{
    int orientation = 1;
    if (length == 0)
        return gd_fail(error, GD_FORMAT, "the file is empty");
    if (gd_is_png(bytes, length))
        GD_TRY(gd_decode_png(bytes, length, most, picture, error));
    else if (gd_is_jpeg(bytes, length))
        GD_TRY(gd_decode_jpeg(bytes, length, most, picture, &orientation, error));
    else
        return gd_fail(error, GD_FORMAT, "neither PNG nor JPEG");
    if (channels != 0 && channels != picture->channels)
        GD_TRY(convert(picture, channels, error));
    return orient(picture, orientation, error);
}

gd_status gd_decode_within(const char *name, const void *bytes, size_t length, int channels, int64_t most_pixels,
                           gd_picture *picture, gd_error *error)
{
    *picture = (gd_picture){0};
    gd_error cause = {0};
    gd_status status = decode(bytes, length, channels, most_pixels, picture, &cause);
    if (status != GD_OK) {
        gd_picture_release(picture);
        gd_fail_at(error, status, (gd_place){name, 0, 0}, "%s", cause.message);
    }
    return status;
}

gd_status gd_decode(const char *name, const void *bytes, size_t length, int channels, gd_picture *picture,
                    gd_error *error)
{
    return gd_decode_within(name, bytes, length, channels, GD_PICTURE_PIXELS, picture, error);
}
