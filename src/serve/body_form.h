// SPDX-License-Identifier: Apache-2.0
/* What the readers of the forms of bodies share; body.c chooses among them. */
#ifndef GD_SERVE_BODY_FORM_H
#define GD_SERVE_BODY_FORM_H

#include "serve/body.h"

/* A body, or a part of one, and where its pictures go. */
typedef struct gd_body {
    const char *name; /* for the place of errors: "body", "part 2" */
    const uint8_t *bytes;
    size_t length;
    int channels; /* the model's */
    gd_pictures *pictures;
    int before; /* pictures that were there before this body, not this part */
} gd_body;

/* Room for `more` pictures behind those that there are; FORMAT beyond GD_BODY_PICTURES. */
gd_status gd_body_reserve(const gd_body *body, int64_t more, gd_error *error);

/* Appends the picture that a PNG or JPEG file holds. `name`: the place of what is wrong with it, or NULL. */
gd_status gd_body_add_file(const gd_body *body, const char *name, const void *file, size_t length, gd_error *error);

/* Appends a copy of (H,W,C) pixels; `channels` is 1 or 3. */
gd_status gd_body_add_pixels(const gd_body *body, uint64_t height, uint64_t width, int channels, const uint8_t *pixels,
                             gd_error *error);

#endif
