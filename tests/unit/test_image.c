// SPDX-License-Identifier: Apache-2.0
/* What can be known by thinking. That the bits are Pillow's, tests/judge/resize_as_pillow.py shows. */
#include "image/image.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* Fits into exactly the workspace that is promised, so that the sanitizers see one byte more. */
static void fit(const gd_image *from, int height, int width, uint8_t *to)
{
    gd_error error = {0};
    void *work = malloc(gd_image_fit_bytes(height, width, from->channels));
    gd_status status = gd_image_fit(from, height, width, to, work, &error);
    free(work);
    CHECK_OK(status, &error);
}

TEST(halving_weighs_as_a_triangle)
{
    /* Windows of 4 pixels with weights 1 3 3 1, the one outside left out and the rest scaled up. */
    const uint8_t pixels[8] = {0, 70, 140, 255, 0, 70, 140, 255};
    uint8_t to[2];
    fit(&(gd_image){2, 4, 1, pixels}, 1, 2, to);
    CHECK_EQ_INT(to[0], 50);  /* (3*0 + 3*70 + 140) / 7 */
    CHECK_EQ_INT(to[1], 179); /* (70 + 3*140 + 3*255) / 7 = 179.3 */
}

TEST(doubling_interpolates)
{
    const uint8_t pixels[2] = {0, 100};
    uint8_t to[4 * 4];
    fit(&(gd_image){1, 2, 1, pixels}, 2, 4, to);
    const uint8_t want[8] = {0, 25, 75, 100, 0, 25, 75, 100};
    CHECK(memcmp(to, want, sizeof want) == 0);
}

TEST(what_has_the_size_is_copied)
{
    uint8_t pixels[5 * 3 * 3], to[5 * 3 * 3];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 37);
    fit(&(gd_image){5, 3, 3, pixels}, 5, 3, to);
    CHECK(memcmp(to, pixels, sizeof pixels) == 0);
}

TEST(the_middle_stays)
{
    uint8_t pixels[16], to[4];
    for (int i = 0; i < 16; i++)
        pixels[i] = (uint8_t)i;
    /* Halves go to even: 1 over is cut behind, 3 over leave 2 before. */
    const int over[] = {0, 1, 2, 3, 4, 5, 7}, cut[] = {0, 0, 1, 2, 2, 2, 4};
    for (int i = 0; i < 7; i++) {
        fit(&(gd_image){1, 1 + over[i], 1, pixels}, 1, 1, to);
        CHECK_EQ_INT(to[0], cut[i]);
        fit(&(gd_image){1 + over[i], 1, 1, pixels}, 1, 1, to);
        CHECK_EQ_INT(to[0], cut[i]);
    }
}

TEST(one_colour_stays_one_colour)
{
    static uint8_t pixels[61 * 47 * 4], to[40 * 40 * 4];
    for (int channels = 1; channels <= 4; channels++) {
        for (int size = 1; size <= 40; size += 13) {
            for (size_t i = 0; i < sizeof pixels; i++)
                pixels[i] = (uint8_t)(255 - i % (size_t)channels);
            fit(&(gd_image){61, 47, channels, pixels}, size, 41 - size, to);
            for (int i = 0; i < size * (41 - size) * channels; i++)
                CHECK_EQ_INT(to[i], 255 - i % channels);
        }
    }
}

TEST(the_longest_sides_fit_the_workspace)
{
    uint8_t *pixels = calloc(2 * GD_IMAGE_SIDE, 1), to[5 * 4];
    memset(pixels, 9, 2 * GD_IMAGE_SIDE);
    fit(&(gd_image){2, GD_IMAGE_SIDE, 1, pixels}, 5, 4, to);
    CHECK_EQ_INT(to[19], 9);
    fit(&(gd_image){GD_IMAGE_SIDE, 2, 1, pixels}, 5, 4, to);
    CHECK_EQ_INT(to[19], 9);
    fit(&(gd_image){2, GD_IMAGE_SIDE, 1, pixels}, 2, 4, to);
    CHECK_EQ_INT(to[7], 9);
    free(pixels);
}

TEST(refuses_what_is_no_picture)
{
    gd_error error = {0};
    uint8_t pixel = 0, to;
    const int sizes[][3] = {{0, 1, 1}, {1, 0, 1}, {-1, 1, 1}, {GD_IMAGE_SIDE + 1, 1, 1}, {1, 1, 0}, {1, 1, 5}};
    for (int i = 0; i < 6; i++) {
        const gd_image image = {sizes[i][0], sizes[i][1], sizes[i][2], &pixel};
        CHECK_FAILS(gd_image_fit(&image, 1, 1, &to, NULL, &error), GD_INVALID, &error, "a picture of");
    }
}

TEST(mirrors)
{
    const uint8_t pixels[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, want[] = {5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8};
    uint8_t to[12];
    gd_image_mirror(&(gd_image){2, 3, 2, pixels}, to);
    CHECK(memcmp(to, want, sizeof want) == 0);
}
