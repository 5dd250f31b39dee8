// SPDX-License-Identifier: Apache-2.0
/* What can be known by thinking; judge/figures_as_numpy.py has the rest. */
#include "image/figures.h"

#include "data/decode.h"
#include "data_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double figure_of(int height, int width, int channels, const uint8_t *pixels, gd_figure figure)
{
    double value[GD_FIGURES];
    gd_error error = {0};
    CHECK_OK(gd_image_figures(&(gd_image){height, width, channels, pixels}, value, &error), &error);
    return value[figure];
}

TEST(names_stay_as_capture_files_have_them)
{
    static const char *const names[GD_FIGURES] = {"brightness", "contrast", "saturation", "hue",
                                                  "sharpness",  "entropy",  "red",        "green",
                                                  "blue",       "height",   "width",      "aspect"};
    for (int i = 0; i < GD_FIGURES; i++)
        CHECK_TEXT(gd_figure_table[i].name, names[i]);
}

TEST(hue_goes_around_the_circle)
{
    static const uint8_t colours[6][3] = {{9, 0, 0}, {255, 255, 0}, {0, 80, 0}, {0, 1, 1}, {0, 0, 255}, {70, 0, 70}};
    for (int i = 0; i < 6; i++)
        CHECK_NEAR(figure_of(1, 1, 3, colours[i], GD_HUE), 60.0 * i, 1e-5);
    const uint8_t around_red[6] = {255, 0, 128, 255, 128, 0}; /* 330 and 30 degrees: not 180 in the mean */
    const double hue = figure_of(1, 2, 3, around_red, GD_HUE);
    CHECK(fmin(hue, 360 - hue) < 0.2);
}

TEST(without_colour_there_is_no_hue)
{
    const uint8_t greys[6] = {0, 0, 0, 77, 77, 77}, opposite[6] = {255, 0, 0, 0, 255, 255};
    CHECK(isnan(figure_of(1, 6, 1, greys, GD_HUE)));
    CHECK(isnan(figure_of(1, 2, 3, greys, GD_HUE)));
    CHECK(isnan(figure_of(1, 2, 3, opposite, GD_HUE)));
    CHECK_NEAR(figure_of(1, 2, 3, opposite, GD_SATURATION), 1, 1e-6);
}

TEST(luma_is_what_decoding_makes_of_colour)
{
    enum { SIDE = 65, N = SIDE * SIDE };
    static uint8_t colour[3 * N], grey[N];
    for (int i = 0; i < 3 * N; i++)
        colour[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    gd_colour_to_grey(colour, N, grey);
    for (int i = 0; i < 3; i++) {
        const gd_figure figure = (gd_figure[]){GD_BRIGHTNESS, GD_SHARPNESS, GD_ENTROPY}[i];
        CHECK_NEAR(figure_of(SIDE, SIDE, 3, colour, figure), figure_of(SIDE, SIDE, 1, grey, figure), 0);
    }
}

TEST(a_checkerboard_has_one_bit_and_half_of_all_contrast)
{
    enum { SIDE = 8 };
    uint8_t pixels[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++)
        pixels[i] = (i / SIDE + i) % 2 ? 255 : 0;
    CHECK_NEAR(figure_of(SIDE, SIDE, 1, pixels, GD_ENTROPY), 1, 1e-12);
    CHECK_NEAR(figure_of(SIDE, SIDE, 1, pixels, GD_CONTRAST), 0.5, 1e-12);
    CHECK_NEAR(figure_of(SIDE, SIDE, 1, pixels, GD_SHARPNESS), 1020.0 * 1020, 1e-6);
    CHECK_NEAR(figure_of(2, SIDE, 1, pixels, GD_SHARPNESS), 0, 0);
    CHECK_NEAR(figure_of(2, SIDE, 1, pixels, GD_ASPECT), 4, 0);
}

TEST(what_is_no_picture_has_no_figures)
{
    const uint8_t pixels[16] = {0};
    double value[GD_FIGURES];
    gd_error error = {0};
    CHECK_FAILS(gd_image_figures(&(gd_image){2, 2, 4, pixels}, value, &error), GD_INVALID, &error, "2x2x4");
    CHECK_FAILS(gd_image_figures(&(gd_image){0, 2, 1, pixels}, value, &error), GD_INVALID, &error, "0x2x1");
    CHECK_FAILS(gd_image_figures(&(gd_image){1, 16385, 1, pixels}, value, &error), GD_INVALID, &error, "1 to 16384");
}

TEST(a_jpeg_says_its_quality_as_soon_as_it_is_known)
{
    blob file = pattern_jpeg(1, 16, 24, 3);
    const int quality = gd_decode_describe(file.at, file.length).quality;
    int before = 0;
    CHECK_EQ_INT(quality, 98);
    for (size_t length = 0; length <= file.length; length++) {
        uint8_t *exact = malloc(length + !length); /* the sanitizers see one byte more */
        memcpy(exact, file.at, length);
        const gd_description d = gd_decode_describe(exact, length);
        free(exact);
        CHECK_TEXT(d.format ? d.format : "none", length < 3 ? "none" : "jpeg");
        CHECK(d.quality == before || (before == 0 && d.quality == quality));
        before = d.quality;
    }
    free(file.at);
}
