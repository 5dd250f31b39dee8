// SPDX-License-Identifier: Apache-2.0
/* Bodies of requests for tests: made, decoded, refused. */
#ifndef GD_TESTS_BODIES_H
#define GD_TESTS_BODIES_H

#include "body/body.h"

#include "data_files.h"

static inline gd_pictures decode(const char *type, blob body, int channels)
{
    gd_pictures pictures = {0};
    gd_error error = {0};
    CHECK_OK(gd_body_decode(type, body.at, body.length, channels, &pictures, &error), &error);
    free(body.at);
    return pictures;
}

static inline void fails(const char *type, blob body, gd_status status, const char *why)
{
    gd_pictures pictures = {0};
    gd_error error = {0};
    CHECK_FAILS(gd_body_decode(type, body.at, body.length, 3, &pictures, &error), status, &error, why);
    CHECK_EQ_INT(pictures.n, 0);
    gd_pictures_release(&pictures);
    free(body.at);
}

/* Pictures of pattern(), the first with `seed`, of what PNG keeps exactly. */
static inline void check_patterns(const gd_pictures *pictures, int seed, int n, int height, int width, int channels)
{
    CHECK_EQ_INT(pictures->n, n);
    for (int i = 0; i < n; i++) {
        const gd_picture *picture = &pictures->picture[i];
        CHECK_EQ_INT(picture->height, height);
        CHECK_EQ_INT(picture->width, width);
        CHECK_EQ_INT(picture->channels, channels);
        uint8_t *want = pattern_pixels(seed + i, height, width, channels);
        const bool same = memcmp(picture->pixels, want, (size_t)height * (size_t)width * (size_t)channels) == 0;
        free(want);
        CHECK(same);
    }
}

/* `version`: the major one. `data` bytes 0, 1, 2 … follow. */
static inline blob npy_of(int version, const char *header, size_t data)
{
    const size_t length = strlen(header), start = version == 1 ? 10 : 12;
    blob file = {malloc(start + length + data), start + length + data};
    memcpy(file.at, "\x93NUMPY", 6);
    file.at[6] = (uint8_t)version;
    file.at[7] = 0;
    for (size_t i = 8; i < start; i++)
        file.at[i] = (uint8_t)(length >> (8 * (i - 8)));
    memcpy(file.at + start, header, length);
    for (size_t i = 0; i < data; i++)
        file.at[start + length + i] = (uint8_t)i;
    return file;
}

/* Text with \n for the line ends, and @ for a picture: pattern 0, then 1 … */
static inline blob form_of(const char *text)
{
    blob body = {malloc(1 << 16), 0};
    int seed = 0;
    for (; *text; text++) {
        if (*text == '@') {
            blob png = pattern_png(seed++, 4, 5, 3);
            memcpy(body.at + body.length, png.at, png.length);
            body.length += png.length;
            free(png.at);
            continue;
        }
        if (*text == '\n')
            body.at[body.length++] = '\r';
        body.at[body.length++] = (uint8_t)*text;
    }
    return body;
}

/* `n` parts with the same file. */
static inline blob multipart_of(const char *boundary, int n, const blob *file)
{
    blob body = {malloc((size_t)n * (file->length + 100) + 100), 0};
    for (int i = 0; i < n; i++) {
        body.length += (size_t)sprintf((char *)body.at + body.length,
                                       "--%s\r\nContent-Disposition: form-data; filename=\"%d\"\r\n\r\n", boundary, i);
        memcpy(body.at + body.length, file->at, file->length);
        body.length += file->length;
        body.length += (size_t)sprintf((char *)body.at + body.length, "\r\n");
    }
    body.length += (size_t)sprintf((char *)body.at + body.length, "--%s--\r\n", boundary);
    return body;
}

#endif
