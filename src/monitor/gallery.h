// SPDX-License-Identifier: Apache-2.0
/* A fair sample of a window's pictures, small, to be looked at: bottom-k sampling as in rows.h. Each is kept as it is,
 * or scaled down until it fits GD_GALLERY_SIDE, with what its sighting said.
 */
#ifndef GD_MONITOR_GALLERY_H
#define GD_MONITOR_GALLERY_H

#include "monitor/profile.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_GALLERY_SIDE = 64 /* pixels */, GD_GALLERY_PLACE = 192 };

typedef struct gd_exhibit {
    uint64_t key; /* the least are kept */
    int height, width;
    uint8_t pixels[GD_GALLERY_SIDE * GD_GALLERY_SIDE * 3]; /* (height,width,3) */
    int64_t time_ms;
    double figure[GD_FIGURES];
    gd_answer_figures answer;
    double at[2];                 /* along the first two principal directions of the baseline; NaN: not known */
    char place[GD_GALLERY_PLACE]; /* "FILE:LINE", or a file's name: where it is from; shortened at its start */
} gd_exhibit;

typedef struct gd_gallery {
    int most, n;
    uint64_t seed, seen;
    gd_exhibit *exhibit; /* (most), owned; the n first, in no order */
} gd_gallery;

gd_status gd_gallery_init(gd_gallery *gallery, int most, uint64_t seed, gd_error *error); /* NOMEM */
void gd_gallery_release(gd_gallery *gallery);                                             /* accepts {0} */

/* Whether the next picture will be kept: only then need it be decoded. Then gd_gallery_add is called, else
 * gd_gallery_pass. */
bool gd_gallery_wants(const gd_gallery *gallery);
void gd_gallery_pass(gd_gallery *gallery);
/* `*exhibit`: the one kept, whose answer and place in the space of features the caller fills in; NULL: it was not. */
gd_status gd_gallery_add(gd_gallery *gallery, const gd_image *picture, const gd_sighting *sighting, const char *place,
                         gd_exhibit **exhibit, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
