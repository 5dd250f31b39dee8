// SPDX-License-Identifier: Apache-2.0
#include "survey/show.h"

void gd_show_init(gd_show *show, gd_gallery *gallery, int n_classes)
{
    *show = (gd_show){.gallery = gallery, .n_classes = n_classes};
    pthread_mutex_init(&show->lock, NULL);
}

void gd_show_release(gd_show *show) { pthread_mutex_destroy(&show->lock); }

bool gd_show_wants(gd_show *show)
{
    pthread_mutex_lock(&show->lock);
    gd_gallery ahead = *show->gallery;
    ahead.seen = show->asked++;
    const bool wants = gd_gallery_wants(&ahead);
    pthread_mutex_unlock(&show->lock);
    return wants;
}

static gd_status add(gd_show *show, const gd_sighting *sighting, const gd_image *picture, const char *place,
                     gd_exhibit **exhibit, gd_error *error)
{
    GD_TRY(gd_gallery_add(show->gallery, picture, sighting, place, exhibit, error));
    if (*exhibit && sighting->probability)
        (*exhibit)->answer = gd_answer_of(sighting->probability, show->n_classes);
    return GD_OK;
}

gd_status gd_show_see(gd_show *show, const gd_sighting *sighting, const gd_image *picture, const char *place,
                      gd_exhibit **exhibit, gd_error *error)
{
    gd_status status = GD_OK;
    *exhibit = NULL;
    pthread_mutex_lock(&show->lock);
    if (picture)
        status = add(show, sighting, picture, place, exhibit, error);
    else
        gd_gallery_pass(show->gallery);
    pthread_mutex_unlock(&show->lock);
    return status;
}
