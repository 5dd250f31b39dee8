// SPDX-License-Identifier: Apache-2.0
/* Files for the tests of `data`: pictures, gzip, archives, written with the same libraries that read them. Pictures
 * hold a pattern of their seed, so that a test can tell which is which. Everything fails the test where it cannot be
 * made. */
#ifndef GD_TESTS_DATA_FILES_H
#define GD_TESTS_DATA_FILES_H

#include "base/file.h"
#include "config/config.h"
#include "unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <jpeglib.h>
#include <libgen.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef struct blob {
    uint8_t *at; /* free() */
    size_t length;
} blob;

/* Smooth, so that JPEG keeps it nearly as it is. */
static inline int pattern(int seed, int y, int x, int c)
{
    return (40 + 37 * seed + 60 * c + 11 * seed * c) % 120 + 20 + (2 * y + x) % 110;
}

static inline uint8_t *pattern_pixels(int seed, int height, int width, int channels)
{
    uint8_t *pixels = malloc((size_t)height * (size_t)width * (size_t)channels), *at = pixels;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++)
                *at++ = (uint8_t)pattern(seed, y, x, c);
    return pixels;
}

/* `format`: PNG_FORMAT_GRAY, _RGB, _RGBA …; `pixels` in that format. */
static inline blob png_of(png_uint_32 format, int height, int width, const void *pixels)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = (png_uint_32)width, .height = (png_uint_32)height, .format = format};
    png_alloc_size_t length = 0;
    CHECK(png_image_write_to_memory(&image, NULL, &length, 0, pixels, 0, NULL));
    blob file = {malloc(length), length};
    CHECK(png_image_write_to_memory(&image, file.at, &length, 0, pixels, 0, NULL));
    file.length = length;
    return file;
}

static inline blob pattern_png(int seed, int height, int width, int channels)
{
    uint8_t *pixels = pattern_pixels(seed, height, width, channels);
    blob file = png_of(channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB, height, width, pixels);
    free(pixels);
    return file;
}

/* `orientation`: 0, or an EXIF one. `scans`, `n_scans`: a progressive script, or NULL. */
static inline blob jpeg_of(const uint8_t *pixels, int height, int width, int channels, int orientation,
                           const jpeg_scan_info *scans, int n_scans)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long length = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &length);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = channels;
    jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 98, TRUE);
    if (scans) {
        jpeg.scan_info = scans;
        jpeg.num_scans = n_scans;
    }
    jpeg_start_compress(&jpeg, TRUE);
    if (orientation) {
        /* little-endian TIFF with one entry: orientation, SHORT */
        unsigned char exif[32] = {'E', 'x', 'i',  'f',  0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0,
                                  1,   0,   0x12, 0x01, 3, 0, 1,   0,   0,  0, 0, 0, 0, 0};
        exif[24] = (unsigned char)orientation;
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif, sizeof exif);
    }
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + (size_t)jpeg.next_scanline * (size_t)width * (size_t)channels);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return (blob){bytes, length};
}

static inline blob pattern_jpeg(int seed, int height, int width, int channels)
{
    uint8_t *pixels = pattern_pixels(seed, height, width, channels);
    blob file = jpeg_of(pixels, height, width, channels, 0, NULL, 0);
    free(pixels);
    return file;
}

static inline blob blob_of(const void *bytes, size_t length)
{
    blob copy = {malloc(length + 1), length};
    memcpy(copy.at, bytes, length);
    return copy;
}

/* Takes `plain`. */
static inline blob gzip_of(blob plain)
{
    z_stream stream = {0};
    CHECK_EQ_INT(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&stream, plain.length) + 32;
    blob packed = {malloc(room), 0};
    stream.next_in = plain.at;
    stream.avail_in = (uInt)plain.length;
    stream.next_out = packed.at;
    stream.avail_out = (uInt)room;
    CHECK_EQ_INT(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.length = room - stream.avail_out;
    deflateEnd(&stream);
    free(plain.at);
    return packed;
}

/* Writes a file and the folders above it; takes `content`. */
static inline const char *put_file(const char *path, blob content)
{
    gd_error error = {0};
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    CHECK_OK(gd_folder_make(dirname(folder), &error), &error);
    CHECK_OK(gd_file_write(path, content.at, content.length, &error), &error);
    free(content.at);
    return path;
}

static inline blob get_file(const char *path)
{
    FILE *stream = fopen(path, "rb");
    CHECK(stream != NULL);
    blob content = {malloc((size_t)1 << 22), 0};
    content.length = fread(content.at, 1, (size_t)1 << 22, stream);
    fclose(stream);
    return content;
}

/* An archive of n entries in this order; format "pax" or "zip", filter "gzip", "xz" or NULL. Takes the contents. */
typedef struct packed_file {
    const char *name;
    blob content;
} packed_file;
static inline const char *put_archive(const char *path, const char *format, const char *filter,
                                      const packed_file *entries, int n)
{
    struct archive *writer = archive_write_new();
    CHECK_EQ_INT(archive_write_set_format_by_name(writer, format), ARCHIVE_OK);
    if (filter)
        CHECK_EQ_INT(archive_write_add_filter_by_name(writer, filter), ARCHIVE_OK);
    CHECK_EQ_INT(archive_write_open_filename(writer, path), ARCHIVE_OK);
    for (int i = 0; i < n; i++) {
        struct archive_entry *header = archive_entry_new();
        archive_entry_set_pathname(header, entries[i].name);
        archive_entry_set_filetype(header, AE_IFREG);
        archive_entry_set_perm(header, 0644);
        archive_entry_set_size(header, (int64_t)entries[i].content.length);
        CHECK_EQ_INT(archive_write_header(writer, header), ARCHIVE_OK);
        CHECK_EQ_INT(archive_write_data(writer, entries[i].content.at, entries[i].content.length),
                     (long long)entries[i].content.length);
        archive_entry_free(header);
        free(entries[i].content.at);
    }
    CHECK_EQ_INT(archive_write_close(writer), ARCHIVE_OK);
    archive_write_free(writer);
    return path;
}

/* A config out of lines of its `data` section: "source: x\n  size: 8". */
static inline gd_config data_config(const char *lines)
{
    gd_config config;
    gd_error error = {0};
    const char *text = unit_text("data:\n  %s\n", lines);
    CHECK_OK(gd_config_parse("test.yaml", text, strlen(text), NULL, 0, &config, &error), &error);
    return config;
}

#endif
