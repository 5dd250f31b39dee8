// SPDX-License-Identifier: Apache-2.0
#include "serve/body.h"

#include "data_files.h"

static gd_pictures decode(const char *type, blob body, int channels)
{
    gd_pictures pictures = {0};
    gd_error error = {0};
    CHECK_OK(gd_body_decode(type, body.at, body.length, channels, &pictures, &error), &error);
    free(body.at);
    return pictures;
}

static void fails(const char *type, blob body, gd_status status, const char *why)
{
    gd_pictures pictures = {0};
    gd_error error = {0};
    CHECK_FAILS(gd_body_decode(type, body.at, body.length, 3, &pictures, &error), status, &error, why);
    CHECK_EQ_INT(pictures.n, 0);
    gd_pictures_release(&pictures);
    free(body.at);
}

/* Pictures of pattern(), the first with `seed`, of what PNG keeps exactly. */
static void check_patterns(const gd_pictures *pictures, int seed, int n, int height, int width, int channels)
{
    CHECK_EQ_INT(pictures->n, n);
    for (int i = 0; i < n; i++) {
        const gd_picture *picture = &pictures->picture[i];
        CHECK_EQ_INT(picture->height, height);
        CHECK_EQ_INT(picture->width, width);
        CHECK_EQ_INT(picture->channels, channels);
        uint8_t *want = pattern_pixels(seed + i, height, width, channels);
        const bool same = memcmp(picture->pixels, want, (size_t)(height * width * channels)) == 0;
        free(want);
        CHECK(same);
    }
}

TEST(types_that_are_read)
{
    static const char *const read[] = {
        "image/png",           "image/jpeg", "Image/JPG", "application/x-image", "application/octet-stream",
        " image/png ; a=\"b\""};
    static const char *const others[] = {
        "image/webp", "text/csv",       "",          "/",
        "image",      "image/png x=\"", "image/*",   "application/x-www-form-urlencoded",
        "image/pngx", "image/pn",       "image/png,"};
    CHECK(gd_body_is_read(NULL));
    for (size_t i = 0; i < sizeof read / sizeof *read; i++)
        CHECK(gd_body_is_read(read[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK(!gd_body_is_read(others[i]));
        fails(others[i], pattern_png(1, 2, 2, 3), GD_UNSUPPORTED, "is not read: send image/png");
    }
}

TEST(a_file_is_told_by_its_first_bytes)
{
    static const char *const types[] = {NULL, "image/png", "image/jpeg", "application/x-image"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        gd_pictures pictures = decode(types[i], pattern_png(4, 5, 7, 3), 3);
        check_patterns(&pictures, 4, 1, 5, 7, 3);
        CHECK(!pictures.several);
        gd_pictures_release(&pictures);
        pictures = decode(types[i], pattern_jpeg(4, 16, 8, 3), 3);
        CHECK_NEAR(pictures.picture[0].pixels[0], pattern(4, 0, 0, 0), 6);
        gd_pictures_release(&pictures);
    }
}

TEST(pictures_get_the_models_channels)
{
    gd_pictures pictures = decode("image/png", pattern_png(2, 4, 4, 3), 1);
    const int grey = (299 * pattern(2, 1, 2, 0) + 587 * pattern(2, 1, 2, 1) + 114 * pattern(2, 1, 2, 2) + 500) / 1000;
    CHECK_EQ_INT(pictures.picture[0].channels, 1);
    CHECK_EQ_INT(pictures.picture[0].pixels[1 * 4 + 2], grey);
    gd_pictures_release(&pictures);
    pictures = decode("image/png", pattern_png(2, 4, 4, 1), 3);
    for (int c = 0; c < 3; c++)
        CHECK_EQ_INT(pictures.picture[0].pixels[(1 * 4 + 2) * 3 + c], pattern(2, 1, 2, 0));
    gd_pictures_release(&pictures);
}

TEST(bodies_are_appended_and_a_bad_one_leaves_nothing)
{
    gd_pictures pictures = {0};
    gd_error error = {0};
    for (int i = 0; i < 3; i++) {
        blob body = pattern_png(i, 3, 3, 3);
        CHECK_OK(gd_body_decode("image/png", body.at, body.length, 3, &pictures, &error), &error);
        CHECK_FAILS(gd_body_decode("image/png", body.at, body.length - 9, 3, &pictures, &error), GD_FORMAT, &error,
                    "body: broken PNG");
        free(body.at);
        check_patterns(&pictures, 0, i + 1, 3, 3, 3);
    }
    gd_picture *table = pictures.picture;
    gd_pictures_clear(&pictures);
    CHECK_EQ_INT(pictures.n, 0);
    CHECK(pictures.picture == table);
    gd_pictures_release(&pictures);
    CHECK(pictures.picture == NULL);
}

TEST(what_is_no_picture)
{
    fails("image/png", blob_of("", 0), GD_FORMAT, "the body is empty");
    fails("image/png", blob_of("hello", 5), GD_FORMAT, "body: neither PNG nor JPEG");
}
