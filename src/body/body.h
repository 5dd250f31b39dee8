// SPDX-License-Identifier: Apache-2.0
/* From a request's body to pictures, by its Content-Type:
 *
 *     image/png, image/jpeg, image/jpg,              one file; its first bytes decide which kind it is
 *     application/x-image, application/octet-stream
 *     application/x-npy       uint8 of (H,W), (H,W,C) or (N,H,W,C), C order, format versions 1 to 3
 *     application/json        whole numbers 0 to 255 nested as (H,W), (H,W,C) or (N,H,W,C); a file in base64;
 *                             {"b64": base64}; {"image": any of these, but (N,H,W,C)};
 *                             {"instances": [any of these, but (N,H,W,C), …]}
 *     multipart/form-data     a picture per part that has a file name or a Content-Type of its own, which may be any of
 *                             the above and is a file where there is none; fields of a form, which have neither, are
 *                             passed over
 *
 * Grey and colour are converted to what the model reads. Nothing is taken on trust: sizes are held against the bytes
 * that are there before anything is allocated. Thread-safe; no state.
 */
#ifndef GD_BODY_H
#define GD_BODY_H

#include "base/status.h"
#include "data/decode.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For the answer to a body of another type. */
#define GD_BODY_FILE_TYPES                                                                                             \
    "image/png, image/jpeg, application/x-image, application/octet-stream, application/x-npy or application/json"
#define GD_BODY_TYPES GD_BODY_FILE_TYPES ", or several of them as multipart/form-data"

/* Most pictures of one request. */
enum { GD_BODY_PICTURES = 256 };

/* What a worker decodes into, again and again; {0} is empty. */
typedef struct gd_pictures {
    int n, capacity;
    int64_t most_pixels; /* that those of a body may have, each and all; 0: GD_PICTURE_PIXELS, which is the limit */
    gd_picture *picture; /* (capacity) the first n are owned */
    bool several;        /* the last body asked as a list, even of one: answered as a list */
} gd_pictures;

void gd_pictures_clear(gd_pictures *pictures);   /* keeps the table */
void gd_pictures_release(gd_pictures *pictures); /* accepts {0} */

/* Whether bodies of this type are read at all, before one was received. NULL, a request without a type, is: as a file.
 */
bool gd_body_is_read(const char *content_type);

/* Appends; nothing where it fails. FORMAT says what is wrong with the body, in words for the client; UNSUPPORTED: no
 * body of this type is read; NOMEM. `channels`: 1 or 3, the model's; 0: as many as each
 * picture has. */
gd_status gd_body_decode(const char *content_type, const void *bytes, size_t length, int channels,
                         gd_pictures *pictures, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
