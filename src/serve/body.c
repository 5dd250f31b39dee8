// SPDX-License-Identifier: Apache-2.0
#include "serve/body_form.h"
#include "serve/media.h"

#include <stdlib.h>
#include <string.h>

static gd_status read_file(gd_body *body, gd_error *error)
{
    return gd_body_add_file(body, body->name, body->bytes, body->length, error);
}

static const struct {
    const char *type;
    gd_status (*read)(gd_body *body, gd_error *error);
} forms[] = {
    {"image/png", read_file},
    {"image/jpeg", read_file},
    {"image/jpg", read_file},
    {"application/x-image", read_file},
    {"application/octet-stream", read_file},
};

/* The row of `forms`; -1: there is none. */
static int find_form(const char *content_type)
{
    gd_span type;
    const char *at = content_type ? content_type : "application/octet-stream";
    if (!gd_media_word(&at, &type) || (*at && *at != ';'))
        return -1;
    for (int i = 0; i < (int)(sizeof forms / sizeof *forms); i++) {
        if (gd_span_is(type, forms[i].type))
            return i;
    }
    return -1;
}

bool gd_body_is_read(const char *content_type) { return find_form(content_type) >= 0; }

gd_status gd_body_decode(const char *content_type, const void *bytes, size_t length, int channels,
                         gd_pictures *pictures, gd_error *error)
{
    const int form = find_form(content_type);
    if (form < 0)
        return gd_fail(error, GD_UNSUPPORTED, "content type '%.100s' is not read: send " GD_BODY_TYPES, content_type);
    if (length == 0)
        return gd_fail(error, GD_FORMAT, "the body is empty");
    gd_body body = {"body", bytes, length, channels, pictures, pictures->n};
    pictures->several = false;
    gd_status status = forms[form].read(&body, error);
    while (status != GD_OK && pictures->n > body.before)
        gd_picture_release(&pictures->picture[--pictures->n]);
    return status;
}

void gd_pictures_clear(gd_pictures *pictures)
{
    while (pictures->n > 0)
        gd_picture_release(&pictures->picture[--pictures->n]);
    pictures->several = false;
}

void gd_pictures_release(gd_pictures *pictures)
{
    gd_pictures_clear(pictures);
    free(pictures->picture);
    *pictures = (gd_pictures){0};
}

gd_status gd_body_reserve(const gd_body *body, int64_t more, gd_error *error)
{
    gd_pictures *pictures = body->pictures;
    const int64_t of_body = pictures->n - body->before + more;
    if (of_body > GD_BODY_PICTURES)
        return gd_fail(error, GD_FORMAT, "%lld pictures are more than the %d that one request may have: send several",
                       (long long)of_body, GD_BODY_PICTURES);
    const int need = pictures->n + (int)more;
    if (need <= pictures->capacity)
        return GD_OK;
    const int capacity = need > 2 * pictures->capacity ? need : 2 * pictures->capacity;
    gd_picture *grown = realloc(pictures->picture, (size_t)capacity * sizeof *grown);
    if (!grown)
        return gd_fail(error, GD_NOMEM, "out of memory for a table of %d pictures", capacity);
    pictures->picture = grown;
    pictures->capacity = capacity;
    return GD_OK;
}

/* Takes the picture, into room that was reserved. Files are small beside their pictures: without this bound, each of
 * GD_BODY_PICTURES could have the size that one alone may have. */
static gd_status append(const gd_body *body, gd_picture picture, gd_error *error)
{
    int64_t pixels = (int64_t)picture.height * picture.width;
    for (int i = body->before; i < body->pictures->n; i++)
        pixels += (int64_t)body->pictures->picture[i].height * body->pictures->picture[i].width;
    if (pixels > GD_PICTURE_PIXELS) {
        gd_picture_release(&picture);
        return gd_fail(error, GD_FORMAT,
                       "%lld pixels are more than the %d that the pictures of one request may have in all",
                       (long long)pixels, GD_PICTURE_PIXELS);
    }
    body->pictures->picture[body->pictures->n++] = picture;
    return GD_OK;
}

gd_status gd_body_add_file(const gd_body *body, const char *name, const void *file, size_t length, gd_error *error)
{
    gd_picture picture;
    GD_TRY(gd_body_reserve(body, 1, error));
    GD_TRY(gd_decode(name, file, length, body->channels, &picture, error));
    return append(body, picture, error);
}
