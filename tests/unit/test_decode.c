// SPDX-License-Identifier: Apache-2.0
#include "data/decode.h"

#include "data_files.h"

static gd_picture decode(blob file, int channels)
{
    gd_picture picture;
    gd_error error = {0};
    CHECK_OK(gd_decode("x", file.at, file.length, channels, &picture, &error), &error);
    free(file.at);
    return picture;
}

static void fails(blob file, const char *why)
{
    gd_picture picture;
    gd_error error = {0};
    CHECK_FAILS(gd_decode("folder/x.png", file.at, file.length, 0, &picture, &error), GD_FORMAT, &error, why);
    CHECK(picture.pixels == NULL);
    free(file.at);
}

static void check_pattern(const gd_picture *picture, int seed, int height, int width, int channels, int tolerance)
{
    CHECK_EQ_INT(picture->height, height);
    CHECK_EQ_INT(picture->width, width);
    CHECK_EQ_INT(picture->channels, channels);
    const uint8_t *at = picture->pixels;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++, at++)
                CHECK_NEAR(*at, pattern(seed, y, x, c), tolerance);
}

TEST(png_keeps_every_byte)
{
    for (int channels = 1; channels <= 3; channels += 2) {
        gd_picture picture = decode(pattern_png(3, 5, 7, channels), 0);
        check_pattern(&picture, 3, 5, 7, channels, 0);
        gd_picture_release(&picture);
    }
}

/* Written without libpng's simplified interface, which knows no interlacing and takes 16 bits for linear light. */
static blob png_by_rows(int height, int width, int bits, int colour, int interlace, const uint8_t *pixels)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    const char *path = unit_path("x.png");
    FILE *stream = fopen(path, "wb");
    png_init_io(png, stream);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, bits, colour, interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    const size_t row_bytes = png_get_rowbytes(png, info);
    for (int passes = png_set_interlace_handling(png); passes > 0; passes--)
        for (int y = 0; y < height; y++)
            png_write_row(png, pixels + (size_t)y * row_bytes);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(stream);
    return get_file(path);
}

TEST(interlaced_png_is_as_any_other)
{
    enum { MOST = 11 * 13 * 4 };
    static const int colours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                  PNG_COLOR_TYPE_RGB_ALPHA};
    uint8_t pixels[MOST];
    for (int i = 0; i < MOST; i++)
        pixels[i] = (uint8_t)(37 * i + i / 7);
    for (int height = 1; height <= 11; height += 5) /* 1: passes that have no rows */
        for (size_t i = 0; i < 4; i++) {
            gd_picture plain = decode(png_by_rows(height, 13, 8, colours[i], PNG_INTERLACE_NONE, pixels), 0);
            gd_picture passes = decode(png_by_rows(height, 13, 8, colours[i], PNG_INTERLACE_ADAM7, pixels), 0);
            CHECK_EQ_INT(passes.channels, i < 2 ? 1 : 3);
            CHECK(memcmp(plain.pixels, passes.pixels, (size_t)(height * 13 * plain.channels)) == 0);
            if (i % 2 == 0)
                CHECK(memcmp(pixels, passes.pixels, (size_t)(height * 13 * plain.channels)) == 0);
            gd_picture_release(&plain);
            gd_picture_release(&passes);
        }
}

TEST(png_of_16_bits_is_scaled)
{
    const uint8_t deep[] = {0, 0, 0x80, 0x80, 0xff, 0xff};
    gd_picture picture = decode(png_by_rows(1, 3, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, deep), 0);
    CHECK_EQ_INT(picture.channels, 1);
    CHECK_EQ_INT(picture.pixels[0], 0);
    CHECK_EQ_INT(picture.pixels[1], 0x80);
    CHECK_EQ_INT(picture.pixels[2], 0xff);
    gd_picture_release(&picture);
}

TEST(opaque_alpha_is_dropped_and_translucent_composed_over_white)
{
    const uint8_t pixels[3 * 4] = {10, 20, 30, 255, 10, 20, 30, 0, 100, 0, 200, 128};
    gd_picture picture = decode(png_of(PNG_FORMAT_RGBA, 1, 3, pixels), 0);
    const int want[9] = {10, 20, 30, 255, 255, 255, 177, 127, 227};
    CHECK_EQ_INT(picture.channels, 3);
    for (int i = 0; i < 9; i++)
        CHECK_EQ_INT(picture.pixels[i], want[i]);
    gd_picture_release(&picture);
}

TEST(palette_is_colour)
{
    const uint8_t pixels[4] = {0, 1, 2, 1}, palette[9] = {1, 2, 3, 40, 50, 60, 7, 8, 9};
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = 4,
                       .height = 1,
                       .format = PNG_FORMAT_RGB_COLORMAP,
                       .colormap_entries = 3};
    uint8_t bytes[1024];
    png_alloc_size_t length = sizeof bytes;
    CHECK(png_image_write_to_memory(&image, bytes, &length, 0, pixels, 0, palette));
    gd_picture picture = decode(blob_of(bytes, length), 0);
    CHECK_EQ_INT(picture.channels, 3);
    for (int i = 0; i < 12; i++)
        CHECK_EQ_INT(picture.pixels[i], palette[3 * pixels[i / 3] + i % 3]);
    gd_picture_release(&picture);
}

TEST(grey_and_colour_turn_into_each_other)
{
    gd_picture picture = decode(pattern_png(1, 4, 4, 1), 3);
    CHECK_EQ_INT(picture.channels, 3);
    for (int c = 0; c < 3; c++)
        CHECK_EQ_INT(picture.pixels[3 * 5 + c], pattern(1, 1, 1, 0));
    gd_picture_release(&picture);

    const uint8_t colours[9] = {255, 255, 255, 255, 0, 0, 10, 200, 90};
    picture = decode(png_of(PNG_FORMAT_RGB, 1, 3, colours), 1);
    CHECK_EQ_INT(picture.channels, 1);
    CHECK_EQ_INT(picture.pixels[0], 255);
    CHECK_EQ_INT(picture.pixels[1], 76);
    CHECK_EQ_INT(picture.pixels[2], 131);
    gd_picture_release(&picture);
}

TEST(jpeg_in_grey_and_colour)
{
    for (int channels = 1; channels <= 3; channels += 2) {
        gd_picture picture = decode(pattern_jpeg(2, 16, 24, channels), 0);
        check_pattern(&picture, 2, 16, 24, channels, 8);
        gd_picture_release(&picture);
    }
}

TEST(jpeg_stands_upright_after_every_orientation)
{
    /* left to right 3 columns, top to bottom 2 rows, of 8x8 blocks; where the dark block lies tells the turn */
    enum { W = 24, H = 16 };
    static const int row[9] = {0, 0, 0, 1, 1, 0, 0, 2, 2}, column[9] = {0, 0, 2, 2, 0, 0, 1, 1, 0};
    uint8_t pixels[H * W];
    memset(pixels, 200, sizeof pixels);
    for (int y = 0; y < 8; y++)
        memset(pixels + y * W, 40, 8);
    for (int orientation = 1; orientation <= 8; orientation++) {
        gd_picture picture = decode(jpeg_of(pixels, H, W, 1, orientation, NULL, 0), 0);
        CHECK_EQ_INT(picture.width, orientation >= 5 ? H : W);
        CHECK_EQ_INT(picture.height, orientation >= 5 ? W : H);
        for (int y = 0; y < picture.height; y++)
            for (int x = 0; x < picture.width; x++)
                CHECK_NEAR(picture.pixels[y * picture.width + x],
                           y / 8 == row[orientation] && x / 8 == column[orientation] ? 40 : 200, 4);
        gd_picture_release(&picture);
    }
}

TEST(every_truncation_of_a_png_is_refused)
{
    blob whole = pattern_png(0, 9, 9, 3);
    for (size_t length = 0; length < whole.length; length++)
        fails(blob_of(whole.at, length), length < 8 ? "" : "broken PNG");
    free(whole.at);
}

TEST(every_truncation_of_a_jpeg_is_refused)
{
    blob whole = pattern_jpeg(0, 24, 24, 3);
    for (size_t length = 0; length < whole.length; length++)
        fails(blob_of(whole.at, length), length < 3 ? "" : "broken JPEG");
    free(whole.at);
}

TEST(damage_is_refused)
{
    blob png = pattern_png(0, 9, 9, 3);
    png.at[png.length - 20] ^= 0x10; /* in the pixels: a checksum does not fit */
    fails(png, "folder/x.png: broken PNG");
    fails(blob_of("GIF89a and so on", 16), "neither PNG nor JPEG");
    fails(blob_of("", 0), "empty");
}

TEST(a_picture_that_claims_to_be_huge_is_refused_before_memory_is_taken)
{
    blob png = pattern_png(0, 9, 9, 3);
    /* width and height are at 16 and 20, the checksum of IHDR at 29 */
    png.at[16 + 2] = png.at[20 + 2] = 0x30; /* 12,297 a side: 151 million pixels */
    uint32_t crc = (uint32_t)crc32(0, png.at + 12, 17);
    for (int i = 0; i < 4; i++)
        png.at[29 + i] = (uint8_t)(crc >> (24 - 8 * i));
    fails(png, "outside the limits");
}

TEST(a_progressive_jpeg_of_too_many_scans_is_refused)
{
    /* one scan per coefficient, and one more for its last bit */
    jpeg_scan_info scans[1 + 2 * 63] = {{1, {0}, 0, 0, 0, 0}};
    for (int k = 1; k < 64; k++) {
        scans[2 * k - 1] = (jpeg_scan_info){1, {0}, k, k, 0, 1};
        scans[2 * k] = (jpeg_scan_info){1, {0}, k, k, 1, 0};
    }
    uint8_t *pixels = pattern_pixels(0, 16, 16, 1);
    fails(jpeg_of(pixels, 16, 16, 1, 0, scans, 127), "101 scans are too many for 256 pixels");
    gd_picture picture =
        decode(jpeg_of(pixels, 16, 16, 1, 0, (jpeg_scan_info[]){{1, {0}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 0}}, 2), 0);
    gd_picture_release(&picture);
    free(pixels);
}
