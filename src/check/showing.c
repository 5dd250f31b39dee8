// SPDX-License-Identifier: Apache-2.0
#include "check/showing.h"

void gd_showing_init(gd_showing *showing, gd_gallery *gallery, int n_classes)
{
    *showing = (gd_showing){.gallery = gallery, .n_classes = n_classes};
    pthread_mutex_init(&showing->lock, NULL);
}

void gd_showing_release(gd_showing *showing) { pthread_mutex_destroy(&showing->lock); }

bool gd_showing_wants(gd_showing *showing)
{
    pthread_mutex_lock(&showing->lock);
    gd_gallery ahead = *showing->gallery;
    ahead.seen = showing->asked++;
    const bool wants = gd_gallery_wants(&ahead);
    pthread_mutex_unlock(&showing->lock);
    return wants;
}

static gd_status add(gd_showing *showing, const gd_sighting *sighting, const gd_image *picture, const char *place,
                     gd_exhibit **exhibit, gd_error *error)
{
    GD_TRY(gd_gallery_add(showing->gallery, picture, sighting, place, exhibit, error));
    if (*exhibit)
        (*exhibit)->answer = gd_sighting_answer(sighting, showing->n_classes);
    return GD_OK;
}

gd_status gd_showing_see(gd_showing *showing, const gd_sighting *sighting, const gd_image *picture, const char *place,
                         gd_exhibit **exhibit, gd_error *error)
{
    gd_status status = GD_OK;
    *exhibit = NULL;
    pthread_mutex_lock(&showing->lock);
    if (picture)
        status = add(showing, sighting, picture, place, exhibit, error);
    else
        gd_gallery_pass(showing->gallery);
    pthread_mutex_unlock(&showing->lock);
    return status;
}
