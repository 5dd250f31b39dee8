// SPDX-License-Identifier: Apache-2.0
#include "monitor/gallery.h"

#include "base/rng.h"
#include "image/image.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gd_status gd_gallery_init(gd_gallery *gallery, int most, uint64_t seed, gd_error *error)
{
    *gallery = (gd_gallery){.most = most, .seed = seed};
    gallery->exhibit = calloc((size_t)most + 1, sizeof *gallery->exhibit);
    return gallery->exhibit ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for %d pictures", most);
}

void gd_gallery_release(gd_gallery *gallery)
{
    free(gallery->exhibit);
    *gallery = (gd_gallery){0};
}

/* ---- which ---- */

static uint64_t key_of(const gd_gallery *gallery)
{
    const gd_philox words = gd_rng(gallery->seed, GD_RNG_GALLERY, 0, gallery->seen);
    return (uint64_t)words.at[0] << 32 | words.at[1];
}

static int greatest(const gd_gallery *gallery)
{
    int at = 0;
    for (int i = 1; i < gallery->n; i++) {
        if (gallery->exhibit[i].key > gallery->exhibit[at].key)
            at = i;
    }
    return at;
}

bool gd_gallery_wants(const gd_gallery *gallery)
{
    return gallery->n < gallery->most ||
           (gallery->most > 0 && key_of(gallery) < gallery->exhibit[greatest(gallery)].key);
}

void gd_gallery_pass(gd_gallery *gallery) { gallery->seen++; }

/* ---- keeping ---- */

static int scaled(int side, int longer)
{
    const int to = (int)lround((double)side * GD_GALLERY_SIDE / longer);
    return longer <= GD_GALLERY_SIDE ? side : to > 0 ? to : 1;
}

/* (n) of `channels`, in place, to (n,3). */
static void spread(uint8_t *pixels, int n, int channels)
{
    for (int i = n - 1; channels != 3 && i >= 0; i--) {
        for (int c = 2; c >= 0; c--)
            pixels[3 * i + c] = pixels[channels * i + (channels > 3 ? c : 0)];
    }
}

static gd_status shrink(const gd_image *picture, gd_exhibit *exhibit, gd_error *error)
{
    const int longer = picture->height > picture->width ? picture->height : picture->width;
    const int height = scaled(picture->height, longer), width = scaled(picture->width, longer);
    if (picture->channels != 1 && picture->channels != 3)
        return gd_fail(error, GD_INVALID, "a picture of %d channels, where 1 or 3 can be shown", picture->channels);
    void *work = malloc(gd_image_fit_bytes(height, width, picture->channels));
    if (!work)
        return gd_fail(error, GD_NOMEM, "out of memory for a picture of %dx%d", picture->height, picture->width);
    const gd_status status = gd_image_fit(picture, height, width, exhibit->pixels, work, error);
    free(work);
    exhibit->height = height;
    exhibit->width = width;
    spread(exhibit->pixels, height * width, picture->channels);
    return status;
}

gd_status gd_gallery_add(gd_gallery *gallery, const gd_image *picture, const gd_sighting *sighting, const char *place,
                         gd_exhibit **exhibit, gd_error *error)
{
    const uint64_t key = key_of(gallery);
    *exhibit = NULL;
    gallery->seen++;
    if (gallery->most == 0 || (gallery->n == gallery->most && key >= gallery->exhibit[greatest(gallery)].key))
        return GD_OK;
    gd_exhibit *e = &gallery->exhibit[gallery->n < gallery->most ? gallery->n : greatest(gallery)];
    GD_TRY(shrink(picture, e, error));
    gallery->n += gallery->n < gallery->most;
    const size_t length = strlen(place), skip = length < sizeof e->place ? 0 : length - sizeof e->place + 1;
    e->key = key;
    e->time_ms = sighting->time_ms;
    memcpy(e->figure, sighting->figure, sizeof e->figure);
    e->answer = (gd_answer_figures){-1, NAN, NAN, NAN};
    e->at[0] = e->at[1] = NAN;
    snprintf(e->place, sizeof e->place, "%s", place + skip);
    *exhibit = e;
    return GD_OK;
}
