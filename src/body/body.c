// SPDX-License-Identifier: Apache-2.0
#include "body/body_form.h"
#include "body/media.h"

#include <stdlib.h>
#include <string.h>

static gd_status read_file(const gd_body *body, gd_error *error)
{
    return gd_body_add_file(body, body->place, body->bytes, body->length, error);
}

typedef struct reader {
    const char *type;
    gd_status (*read)(const gd_body *body, gd_error *error);
} reader;

static const reader readers[] = {
    {"image/png", read_file},
    {"image/jpeg", read_file},
    {"image/jpg", read_file},
    {"application/x-image", read_file},
    {"application/octet-stream", read_file},
    {"application/x-npy", gd_body_read_npy},
    {"application/json", gd_body_read_json},
    {"multipart/form-data", gd_body_read_multipart},
};

/* NULL: nothing reads this type. `parameters`: what follows the type. */
static const reader *find_reader(const char *content_type, const char **parameters)
{
    gd_span type;
    *parameters = content_type ? content_type : "application/octet-stream";
    if (!gd_media_word(parameters, &type) || (**parameters && **parameters != ';'))
        return NULL;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (gd_span_is(type, readers[i].type))
            return &readers[i];
    }
    return NULL;
}

bool gd_body_is_read(const char *content_type)
{
    const char *parameters;
    return find_reader(content_type, &parameters) != NULL;
}

gd_status gd_body_decode(const char *content_type, const void *bytes, size_t length, int channels,
                         gd_pictures *pictures, gd_error *error)
{
    gd_body body = {{"body", 0, 0}, NULL, bytes, length, channels, pictures, pictures->n};
    const reader *found = find_reader(content_type, &body.parameters);
    if (!found)
        return gd_fail(error, GD_UNSUPPORTED, "content type '%.100s' is not read: send " GD_BODY_TYPES, content_type);
    if (length == 0)
        return gd_fail(error, GD_FORMAT, "the body is empty");
    pictures->several = false;
    gd_status status = found->read(&body, error);
    while (status != GD_OK && pictures->n > body.before)
        gd_picture_release(&pictures->picture[--pictures->n]);
    return status;
}

gd_status gd_body_read_part(gd_body *part, const char *content_type, gd_error *error)
{
    const reader *found = find_reader(content_type, &part->parameters);
    if (!found || found->read == gd_body_read_multipart)
        return gd_fail_at(error, GD_FORMAT, part->place,
                          "content type '%.100s' is not read in a part: send " GD_BODY_FILE_TYPES, content_type);
    return found->read(part, error);
}

void gd_pictures_clear(gd_pictures *pictures)
{
    while (pictures->n > 0)
        gd_picture_release(&pictures->picture[--pictures->n]);
}

void gd_pictures_release(gd_pictures *pictures)
{
    gd_pictures_clear(pictures);
    free(pictures->picture);
    *pictures = (gd_pictures){0};
}

/* Room for one more. */
static gd_status reserve(const gd_body *body, gd_error *error)
{
    gd_pictures *pictures = body->pictures;
    if (pictures->n - body->before == GD_BODY_PICTURES)
        return gd_fail(error, GD_FORMAT, "more than the %d pictures that one request may have: send several requests",
                       GD_BODY_PICTURES);
    if (pictures->n < pictures->capacity)
        return GD_OK;
    const int capacity = pictures->capacity ? 2 * pictures->capacity : 1;
    gd_picture *grown = realloc(pictures->picture, (size_t)capacity * sizeof *grown);
    if (!grown)
        return gd_fail(error, GD_NOMEM, "out of memory for a table of %d pictures", capacity);
    pictures->picture = grown;
    pictures->capacity = capacity;
    return GD_OK;
}

static int64_t most_pixels(const gd_body *body)
{
    const int64_t most = body->pictures->most_pixels;
    return most > 0 && most < GD_PICTURE_PIXELS ? most : GD_PICTURE_PIXELS;
}

/* Takes the picture, for which there is room. */
static gd_status append(const gd_body *body, gd_picture picture, gd_error *error)
{
    int64_t pixels = (int64_t)picture.height * picture.width;
    for (int i = body->before; i < body->pictures->n; i++)
        pixels += (int64_t)body->pictures->picture[i].height * body->pictures->picture[i].width;
    if (pixels > most_pixels(body)) { /* files are small beside what they become: many could take all memory */
        gd_picture_release(&picture);
        return gd_fail(error, GD_FORMAT,
                       "%lld pixels are more than the %lld that the pictures of one request may have in all",
                       (long long)pixels, (long long)most_pixels(body));
    }
    body->pictures->picture[body->pictures->n++] = picture;
    return GD_OK;
}

static gd_status add_file(const gd_body *body, const void *file, size_t length, gd_error *error)
{
    gd_picture picture;
    GD_TRY(reserve(body, error));
    GD_TRY(gd_decode_within(NULL, file, length, body->channels, most_pixels(body), &picture, error));
    return append(body, picture, error);
}

gd_status gd_body_add_file(const gd_body *body, gd_place place, const void *file, size_t length, gd_error *error)
{
    gd_error cause = {0};
    const gd_status status = add_file(body, file, length, &cause);
    return status == GD_OK ? GD_OK : gd_fail_at(error, status, place, "%s", cause.message);
}

/* A copy of (H,W,C) pixels, C 1 or 3. */
static gd_status add_pixels(const gd_body *body, uint64_t height, uint64_t width, int channels, const uint8_t *pixels,
                            gd_error *error)
{
    gd_picture picture;
    GD_TRY(reserve(body, error));
    GD_TRY(gd_picture_make(height, width, body->channels ? body->channels : channels, &picture, error));
    const int64_t n = (int64_t)(height * width);
    if (channels == picture.channels)
        memcpy(picture.pixels, pixels, (size_t)n * (size_t)channels);
    else if (channels == 1)
        gd_grey_to_colour(pixels, n, picture.pixels);
    else
        gd_colour_to_grey(pixels, n, picture.pixels);
    return append(body, picture, error);
}

gd_status gd_body_add_array(const gd_body *body, gd_place place, int rank, const uint64_t *size, const uint8_t *pixels,
                            gd_error *error)
{
    const uint64_t n = rank == 4 ? size[0] : 1, height = size[rank == 4], width = size[(rank == 4) + 1];
    const uint64_t channels = rank == 2 ? 1 : size[rank - 1];
    if (channels != 1 && channels != 3)
        return gd_fail_at(error, GD_FORMAT, place, "an array has %llu channels, its last axis, not 1 or 3",
                          (unsigned long long)channels);
    if (rank == 4)
        body->pictures->several = true;
    for (uint64_t i = 0; i < n; i++, pixels += height * width * channels) {
        gd_error cause = {0};
        const gd_status status = add_pixels(body, height, width, (int)channels, pixels, &cause);
        if (status != GD_OK)
            return gd_fail_at(error, status, place, "%s", cause.message);
    }
    return GD_OK;
}
