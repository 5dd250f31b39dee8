// SPDX-License-Identifier: Apache-2.0
/* The readers of the forms of bodies and what they share; body.c chooses among them. */
#ifndef GD_BODY_FORM_H
#define GD_BODY_FORM_H

#include "body/body.h"

/* A body, or a part of one, and where its pictures go. */
typedef struct gd_body {
    gd_place place;         /* for errors: a file named "body" or "part 2" */
    const char *parameters; /* of its Content-Type, from the first semicolon on */
    const uint8_t *bytes;
    size_t length;
    int channels; /* the model's */
    gd_pictures *pictures;
    int before; /* pictures that were there before the body; a part of it counts from there too */
} gd_body;

gd_status gd_body_read_npy(const gd_body *body, gd_error *error);
gd_status gd_body_read_json(const gd_body *body, gd_error *error);
gd_status gd_body_read_multipart(const gd_body *body, gd_error *error);

/* Reads a part by its own type; NULL: a file. */
gd_status gd_body_read_part(gd_body *part, const char *content_type, gd_error *error);

/* Appends the picture that a PNG or JPEG file holds. `place`: of the file, for what is wrong with it. */
gd_status gd_body_add_file(const gd_body *body, gd_place place, const void *file, size_t length, gd_error *error);

/* Appends copies of the pictures of a uint8 array (H,W), (H,W,C) or (N,H,W,C) by its rank, 2 to 4; FORMAT where C is
 * not 1 or 3. There are as many pixels as the sizes say. */
gd_status gd_body_add_array(const gd_body *body, gd_place place, int rank, const uint64_t *size, const uint8_t *pixels,
                            gd_error *error);

#endif
