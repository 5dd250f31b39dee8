// SPDX-License-Identifier: Apache-2.0
#include "check/baseline_builder.h"

#include <stdlib.h>
#include <string.h>

enum { SEED = 1 };

gd_status gd_baseline_builder_init(gd_baseline_builder *b, gd_baseline *baseline, int n_classes,
                                   const char *const *classes, int n_features, gd_error *error)
{
    const gd_profile_options options = {.n_classes = n_classes,
                                        .classes = classes,
                                        .n_features = n_features,
                                        .rows = GD_BASELINE_ROWS,
                                        .scatter = true,
                                        .seed = SEED};
    *b = (gd_baseline_builder){.baseline = baseline};
    GD_TRY(gd_profile_init(&baseline->profile, &options, error));
    GD_TRY(gd_gallery_init(&baseline->typical, GD_BASELINE_PICTURES, SEED, error));
    gd_showing_init(&b->show, &baseline->typical, n_classes);
    b->typical = calloc((size_t)GD_BASELINE_PICTURES * (size_t)n_features + 1, sizeof *b->typical);
    return b->typical ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for a baseline");
}

void gd_baseline_builder_release(gd_baseline_builder *b)
{
    if (b->show.gallery)
        gd_showing_release(&b->show);
    free(b->typical);
    free(b->label);
    free(b->answer);
    free(b->confidence);
    *b = (gd_baseline_builder){0};
}

/* ---- seeing ---- */

static gd_status grow(gd_baseline_builder *b, gd_error *error)
{
    if (b->n < b->capacity)
        return GD_OK;
    const int64_t capacity = b->capacity ? 2 * b->capacity : 1024;
    int32_t *label = realloc(b->label, (size_t)capacity * sizeof *label);
    b->label = label ? label : b->label;
    int32_t *answer = realloc(b->answer, (size_t)capacity * sizeof *answer);
    b->answer = answer ? answer : b->answer;
    float *confidence = realloc(b->confidence, (size_t)capacity * sizeof *confidence);
    b->confidence = confidence ? confidence : b->confidence;
    if (!label || !answer || !confidence)
        return gd_fail(error, GD_NOMEM, "out of memory for the answers to %lld pictures", (long long)capacity);
    b->capacity = capacity;
    return GD_OK;
}

static gd_status add_label(gd_baseline_builder *b, const gd_sighting *sighting, gd_error *error)
{
    if (sighting->label < 0 || !sighting->probability)
        return GD_OK;
    const gd_answer_figures answer = gd_answer_of(sighting->probability, b->show.n_classes);
    if (answer.class < 0)
        return GD_OK;
    GD_TRY(grow(b, error));
    b->label[b->n] = sighting->label;
    b->answer[b->n] = answer.class;
    b->confidence[b->n++] = (float)answer.confidence;
    return GD_OK;
}

static gd_status see(void *context, const gd_sighting *sighting, const gd_image *picture, const char *place,
                     gd_error *error)
{
    gd_baseline_builder *b = context;
    gd_profile *profile = &b->baseline->profile;
    const size_t n = (size_t)profile->options.n_features;
    gd_exhibit *exhibit;
    GD_TRY(gd_showing_see(&b->show, sighting, picture, place, &exhibit, error));
    if (exhibit && sighting->features)
        memcpy(b->typical + (size_t)(exhibit - b->show.gallery->exhibit) * n, sighting->features, n * sizeof(float));
    GD_TRY(add_label(b, sighting, error));
    return gd_profile_add(profile, sighting, error);
}

static bool wants_picture(void *context) { return gd_showing_wants(&((gd_baseline_builder *)context)->show); }

gd_see gd_baseline_builder_see(gd_baseline_builder *b) { return (gd_see){b, see, wants_picture}; }

/* ---- the end ---- */

gd_status gd_baseline_builder_finish(gd_baseline_builder *b, gd_error *error)
{
    gd_baseline *baseline = b->baseline;
    const gd_profile *profile = &baseline->profile;
    GD_TRY(gd_profile_settle(&baseline->profile, error));
    if (profile->features.dims > 0 && profile->features.n >= 2)
        GD_TRY(gd_directions_init(&baseline->directions, &profile->features, error));
    for (int i = 0; baseline->directions.dims >= 2 && i < baseline->typical.n; i++)
        gd_features_project(&baseline->directions, b->typical + (ptrdiff_t)i * baseline->directions.dims, 2,
                            baseline->typical.exhibit[i].at);
    return gd_competence_fit(&baseline->competence, profile->options.n_classes, b->label, b->answer, b->confidence,
                             b->n, error);
}
