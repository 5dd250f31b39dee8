// SPDX-License-Identifier: Apache-2.0
/* Reading baseline.safetensors (own.h says what is in it). Whoever fails leaves a baseline that can be released.
 */
#ifndef GD_FORMAT_UNPACK_H
#define GD_FORMAT_UNPACK_H

#include "format/own.h"

typedef struct gd_unpacking {
    const gd_safetensors *file;
    gd_baseline *baseline;
    gd_arena arena;
    gd_place place; /* the file */
    gd_error *error;
} gd_unpacking;

/* A tensor's numbers, however they are shaped; none where it is absent. `want`: exactly so many. FORMAT. */
gd_status gd_unpack_take(gd_unpacking *u, const char *name, gd_type type, const void **data, int64_t *count);
gd_status gd_unpack_want(gd_unpacking *u, const char *name, gd_type type, int64_t wanted, const void **data);
gd_status gd_unpack_wrong(gd_unpacking *u, const char *what);
bool gd_are_finite(const double *x, int64_t n);
bool gd_are_counts(const int64_t *x, int64_t n); /* 0 to 2^40 */

/* ---- unpack_whole.c: of all pictures together ---- */
gd_status gd_unpack_features(gd_unpacking *u, gd_profile_options *options); /* makes the profile, too */
gd_status gd_unpack_directions(gd_unpacking *u);
gd_status gd_unpack_competence(gd_unpacking *u);
gd_status gd_unpack_pictures(gd_unpacking *u, const gd_attr *places);

#endif
