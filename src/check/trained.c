// SPDX-License-Identifier: Apache-2.0
#include "check/trained.h"

#include "base/digest.h"
#include "image/image.h"

#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

gd_status gd_trained_init(gd_trained *trained, const gd_images *images, const int64_t *rows, int64_t n, gd_error *error)
{
    const size_t bytes = (size_t)images->height * (size_t)images->width * (size_t)images->channels;
    *trained = (gd_trained){images->height, images->width, images->channels, n, malloc((size_t)(n + 1) * 8)};
    if (!trained->digest)
        return gd_fail(error, GD_NOMEM, "out of memory for %lld pictures", (long long)n);
    for (int64_t i = 0; i < n; i++)
        trained->digest[i] = gd_digest(GD_DIGEST_START, images->pixels + (size_t)rows[i] * bytes, bytes);
    qsort(trained->digest, (size_t)n, sizeof *trained->digest, ascending);
    return GD_OK;
}

void gd_trained_release(gd_trained *trained)
{
    free(trained->digest);
    *trained = (gd_trained){0};
}

static gd_status look_up(const gd_trained *t, const gd_image *picture, uint8_t *pixels, void *work, bool *has,
                         gd_error *error)
{
    GD_TRY(gd_image_fit(picture, t->height, t->width, pixels, work, error));
    const uint64_t digest =
        gd_digest(GD_DIGEST_START, pixels, (size_t)t->height * (size_t)t->width * (size_t)t->channels);
    *has = t->n > 0 && bsearch(&digest, t->digest, (size_t)t->n, sizeof digest, ascending);
    return GD_OK;
}

gd_status gd_trained_has(const gd_trained *t, const gd_image *picture, bool *has, gd_error *error)
{
    *has = false;
    if (picture->channels != t->channels)
        return gd_fail(error, GD_INVALID, "a picture of %d channels where the run was trained on %d", picture->channels,
                       t->channels);
    uint8_t *pixels = malloc((size_t)t->height * (size_t)t->width * (size_t)t->channels);
    void *work = malloc(gd_image_fit_bytes(t->height, t->width, t->channels));
    gd_status status;
    if (pixels && work)
        status = look_up(t, picture, pixels, work, has, error);
    else
        status = gd_fail(error, GD_NOMEM, "out of memory for a picture");
    free(pixels);
    free(work);
    return status;
}
