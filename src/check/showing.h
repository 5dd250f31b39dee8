// SPDX-License-Identifier: Apache-2.0
/* A gallery that is filled while sources tell of pictures: which ones it will keep depends on their number and on those
 * before them, and is asked ahead of these, from other threads. So some more are wanted than are kept. Private to the
 * room.
 */
#ifndef GD_CHECK_SHOWING_H
#define GD_CHECK_SHOWING_H

#include "monitor/gallery.h"

#include <pthread.h>

typedef struct gd_showing {
    gd_gallery *gallery;
    int n_classes; /* 0: no answers */
    pthread_mutex_t lock;
    uint64_t asked;
} gd_showing;

void gd_showing_init(gd_showing *showing, gd_gallery *gallery, int n_classes);
void gd_showing_release(gd_showing *showing);

bool gd_showing_wants(gd_showing *showing);

/* `*exhibit`: the one kept, of which only `at` is still to be filled in; NULL: it was not. */
gd_status gd_showing_see(gd_showing *showing, const gd_sighting *sighting, const gd_image *picture, const char *place,
                         gd_exhibit **exhibit, gd_error *error);

#endif
