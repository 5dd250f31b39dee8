// SPDX-License-Identifier: Apache-2.0
/* What a source tells, kept as lines: "PLACE label L brightness B format answer A features F". */
#ifndef GD_TESTS_SURVEYED_H
#define GD_TESTS_SURVEYED_H

#include "base/text.h"
#include "survey/source.h"
#include "unit.h"

#include <math.h>
#include <string.h>

typedef struct surveyed {
    gd_survey_options options;
    gd_survey_counts counts;
    gd_survey_captured captured;
    gd_text told;
    int n, pictures, stop_at; /* stop_at 0: never */
    volatile int stop;
    bool wants;
} surveyed;

static inline void surveyed_number(gd_text *text, const char *name, double x)
{
    if (isfinite(x))
        gd_text_add(text, " %s %.4g", name, x);
}

static inline gd_status surveyed_see(void *context, const gd_sighting *s, const gd_image *picture, const char *place,
                                     gd_error *error)
{
    surveyed *all = context;
    const char *slash = strrchr(place, '/');
    (void)error;
    gd_text_add(&all->told, "%s", slash ? slash + 1 : place);
    if (s->label >= 0)
        gd_text_add(&all->told, " label %d", s->label);
    if (s->time_ms != INT64_MIN)
        gd_text_add(&all->told, " at %lld", (long long)s->time_ms);
    surveyed_number(&all->told, "brightness", s->figure[GD_BRIGHTNESS]);
    surveyed_number(&all->told, "height", s->figure[GD_HEIGHT]);
    if (s->format)
        gd_text_add(&all->told, " %s of %lld", s->format, (long long)s->bytes);
    for (int c = 0; s->probability && c < all->options.n_classes; c++)
        surveyed_number(&all->told, c ? "," : "answer", (double)s->probability[c]);
    if (s->class_alone > 0)
        gd_text_add(&all->told, " class %d", s->class_alone - 1);
    for (int f = 0; s->features && f < all->options.n_features; f++)
        surveyed_number(&all->told, f ? "," : "features", (double)s->features[f]);
    gd_text_add(&all->told, "\n");
    all->n++;
    all->pictures += picture != NULL;
    if (all->stop_at > 0 && all->n >= all->stop_at)
        all->stop = 1;
    return GD_OK;
}

static inline bool surveyed_wants(void *context) { return ((surveyed *)context)->wants; }

static inline gd_see surveyed_by(surveyed *all)
{
    all->options.stop = &all->stop;
    return (gd_see){all, surveyed_see, surveyed_wants};
}

#endif
