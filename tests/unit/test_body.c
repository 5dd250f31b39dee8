// SPDX-License-Identifier: Apache-2.0
#include "bodies.h"

TEST(types_that_are_read)
{
    static const char *const read[] = {
        "image/png",           "image/jpeg",          "Image/JPG", "application/x-image", "application/octet-stream",
        "application/x-npy",   "multipart/form-data", /* without a boundary its body is bad, not its type */
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
    CHECK_OK(gd_body_decode("application/json", "[[[[1]]]]", 9, 3, &pictures, &error), &error);
    CHECK(pictures.several);
    CHECK_OK(gd_body_decode("application/json", "[[[1]]]", 7, 3, &pictures, &error), &error);
    CHECK(!pictures.several);
    gd_pictures_release(&pictures);
    CHECK(pictures.picture == NULL);
}

TEST(what_is_no_picture)
{
    fails("image/png", blob_of("", 0), GD_FORMAT, "the body is empty");
    fails("image/png", blob_of("hello", 5), GD_FORMAT, "body: neither PNG nor JPEG");
}

TEST(pixels_of_one_request_are_bounded_in_all)
{
    /* each picture is within the limits of one, two of them are not */
    const int side = 6000;
    uint8_t *pixels = calloc((size_t)side * (size_t)side, 1);
    blob png = png_of(PNG_FORMAT_GRAY, side, side, pixels);
    free(pixels);
    fails("multipart/form-data; boundary=b", multipart_of("b", 2, &png), GD_FORMAT,
          "part 2: 72000000 pixels are more than the 67108864 that the pictures of one request may have in all");
    free(png.at);
}

TEST(whoever_decodes_may_take_fewer_pixels)
{
    const char *const type = "multipart/form-data; boundary=b";
    blob file[] = {pattern_png(0, 4, 5, 3), pattern_jpeg(1, 16, 8, 3)};
    blob two = multipart_of("b", 2, &file[0]);
    gd_pictures pictures = {.most_pixels = 40};
    gd_error error = {0};
    CHECK_OK(gd_body_decode(type, two.at, two.length, 3, &pictures, &error), &error);
    CHECK_FAILS(gd_body_decode("image/jpeg", file[1].at, file[1].length, 3, &pictures, &error), GD_FORMAT, &error,
                "a picture of 8x16 pixels where 40 are the most: send a smaller one");
    pictures.most_pixels = 39;
    error = (gd_error){0};
    CHECK_FAILS(gd_body_decode(type, two.at, two.length, 3, &pictures, &error), GD_FORMAT, &error,
                "part 2: 40 pixels are more than the 39 that the pictures of one request may have in all");
    pictures.most_pixels = 19;
    error = (gd_error){0};
    CHECK_FAILS(gd_body_decode("image/png", file[0].at, file[0].length, 3, &pictures, &error), GD_FORMAT, &error,
                "a picture of 5x4 pixels where 19 are the most");
    gd_pictures_release(&pictures);
    for (int i = 0; i < 2; i++)
        free(file[i].at);
    free(two.at);
}
