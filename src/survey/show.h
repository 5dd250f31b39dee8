// SPDX-License-Identifier: Apache-2.0
/* A gallery that is filled while sources tell of pictures: which ones it will keep depends on their number and on those
 * before them, and is asked ahead of these, from other threads. So some more are wanted than are kept. Private to the
 * room.
 */
#ifndef GD_SURVEY_SHOW_H
#define GD_SURVEY_SHOW_H

#include "monitor/gallery.h"

#include <pthread.h>

typedef struct gd_show {
    gd_gallery *gallery;
    int n_classes; /* 0: no answers */
    pthread_mutex_t lock;
    uint64_t asked;
} gd_show;

void gd_show_init(gd_show *show, gd_gallery *gallery, int n_classes);
void gd_show_release(gd_show *show);

bool gd_show_wants(gd_show *show);

/* `*exhibit`: the one kept, of which only `at` is still to be filled in; NULL: it was not. */
gd_status gd_show_see(gd_show *show, const gd_sighting *sighting, const gd_image *picture, const char *place,
                      gd_exhibit **exhibit, gd_error *error);

#endif
