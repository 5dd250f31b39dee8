// SPDX-License-Identifier: Apache-2.0
/* Pictures that nobody took, for tests of what is made of a baseline and a window: figures, files, features and answers
 * with labels, drawn from distributions that a harm moves. The model is calibrated: of answers with confidence p, a
 * share of p is right. */
#ifndef GD_TESTS_MONITORED_H
#define GD_TESTS_MONITORED_H

#include "base/rng.h"
#include "format/files.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MONITORED_CLASSES = 3, MONITORED_FEATURES = 8 };

typedef struct monitored_harm {
    float darker;  /* brightness less */
    float turned;  /* hue, degrees */
    float strange; /* features more */
    float unsure;  /* logits less: 0 to 1 */
    float cats;    /* share of pictures whose likeliest class is 0, more than a third */
    bool no_file, no_answer, no_features;
} monitored_harm;

typedef struct monitored_picture {
    float probability[MONITORED_CLASSES], features[MONITORED_FEATURES];
    gd_sighting sighting;
} monitored_picture;

static const char *const monitored_classes[] = {"cat", "dog", "\"bird\" \xc3\xa9"};

static inline double monitored_uniform(uint64_t seed, uint32_t what, int i)
{
    return (double)gd_rng_unit(gd_rng(seed, GD_RNG_TEST, what, (uint64_t)i).at[0]);
}

/* Between -1.7 and 1.7, of deviation 1 / sqrt(3), more in the middle. */
static inline double monitored_middle(uint64_t seed, uint32_t what, int i)
{
    return monitored_uniform(seed, what, i) + monitored_uniform(seed, what + 100, i) +
           monitored_uniform(seed, what + 200, i) - 1.5;
}

static inline void monitored_draw(uint64_t seed, int i, const monitored_harm *harm, monitored_picture *p)
{
    gd_sighting *s = &p->sighting;
    const double u = monitored_uniform(seed, 50, i),
                 sure = (1 - (double)harm->unsure) * 4 * monitored_uniform(seed, 51, i);
    const int first = u < (double)harm->cats ? 0 : (int)(MONITORED_CLASSES * monitored_uniform(seed, 52, i));
    double sum = 0, below = 0;
    *s = (gd_sighting){.time_ms = 1700000000000 + 1000 * (int64_t)i, .bytes = -1, .label = -1};
    for (int k = 0; k < GD_FIGURES; k++)
        s->figure[k] = 0.5 + 0.1 * monitored_middle(seed, (uint32_t)k, i);
    s->figure[GD_BRIGHTNESS] -= (double)harm->darker;
    s->figure[GD_HUE] = fmod(355 + 20 * monitored_middle(seed, GD_HUE, i) + (double)harm->turned + 360, 360);
    s->figure[GD_HEIGHT] = s->figure[GD_WIDTH] = 32;
    if (!harm->no_file) {
        s->format = monitored_uniform(seed, 53, i) < 0.7 ? "png" : "jpeg";
        s->bytes = 1000 + (int64_t)(2000 * monitored_uniform(seed, 54, i));
        s->quality = s->format[0] == 'j' ? 80 + (int)(10 * monitored_uniform(seed, 55, i)) : 0;
    }
    for (int k = 0; k < MONITORED_CLASSES; k++) {
        p->probability[k] = (float)exp((k == first ? sure : 0) + 0.3 * monitored_uniform(seed, 60 + (uint32_t)k, i));
        sum += (double)p->probability[k];
    }
    for (int k = 0; k < MONITORED_CLASSES; k++)
        p->probability[k] /= (float)sum;
    const double which = monitored_uniform(seed, 56, i);
    for (int k = 0; k < MONITORED_CLASSES && s->label < 0; k++) {
        below += (double)p->probability[k];
        if (which < below || k == MONITORED_CLASSES - 1)
            s->label = k;
    }
    for (int k = 0; k < MONITORED_FEATURES; k++)
        p->features[k] = (float)(monitored_middle(seed, 300 + (uint32_t)k, i) + (k < 3 ? (double)harm->strange : 0));
    s->probability = harm->no_answer ? NULL : p->probability;
    s->features = harm->no_features ? NULL : p->features;
}

static inline void monitored_profile(uint64_t seed, int n, gd_profile *profile, gd_competence *competence)
{
    const gd_profile_options options = {.n_classes = MONITORED_CLASSES,
                                        .classes = monitored_classes,
                                        .n_features = MONITORED_FEATURES,
                                        .rows = 500,
                                        .scatter = true,
                                        .seed = seed};
    const monitored_harm none = {0};
    int32_t *label = malloc(sizeof *label * (size_t)n), *answer = malloc(sizeof *answer * (size_t)n);
    float *confidence = malloc(sizeof *confidence * (size_t)n);
    gd_error error = {0};
    CHECK_OK(gd_profile_init(profile, &options, &error), &error);
    for (int i = 0; i < n; i++) {
        monitored_picture p;
        monitored_draw(seed, i, &none, &p);
        const gd_answer_figures of = gd_answer_of(p.probability, MONITORED_CLASSES);
        CHECK_OK(gd_profile_add(profile, &p.sighting, &error), &error);
        label[i] = p.sighting.label;
        answer[i] = of.class;
        confidence[i] = (float)of.confidence;
    }
    CHECK_OK(gd_profile_settle(profile, &error), &error);
    CHECK_OK(gd_competence_fit(competence, MONITORED_CLASSES, label, answer, confidence, n, &error), &error);
    free(label);
    free(answer);
    free(confidence);
}

/* Of n pictures, with labels. One false alarm in `checks` checks. */
static inline void monitored_baseline(uint64_t seed, int n, double checks, gd_baseline *baseline)
{
    gd_error error = {0};
    *baseline = (gd_baseline){.model = "0123456789abcdef", .source = "pictures that nobody took"};
    monitored_profile(seed, n, &baseline->profile, &baseline->competence);
    CHECK_OK(gd_directions_init(&baseline->directions, &baseline->profile.features, &error), &error);
    CHECK_OK(gd_rules_of(&baseline->profile, 1, checks, &baseline->rules, &error), &error);
}

static inline void monitored_window(const gd_baseline *baseline, uint64_t seed, int n, const monitored_harm *harm,
                                    gd_window *window)
{
    gd_error error = {0};
    CHECK_OK(gd_window_init(window, baseline, seed, &error), &error);
    for (int i = 0; i < n; i++) {
        monitored_picture p;
        monitored_draw(seed, i, harm, &p);
        CHECK_OK(gd_window_add(window, baseline, &p.sighting, &error), &error);
    }
    CHECK_OK(gd_window_settle(window, baseline, &error), &error);
}

static inline const gd_column_verdict *monitored_column(const gd_verdict *v, const char *name)
{
    for (int i = 0; i < v->n_columns; i++) {
        if (strcmp((v->column[i].reference ? v->column[i].reference : v->column[i].current)->name, name) == 0)
            return &v->column[i];
    }
    return NULL;
}

/* The description of what a feature is accused of, or NULL. */
static inline const char *monitored_violation(const gd_verdict *v, const char *feature, gd_violation_kind kind)
{
    for (int i = 0; i < v->n_violations; i++) {
        if (v->violation[i].kind == kind && strcmp(v->violation[i].feature, feature) == 0)
            return v->violation[i].description;
    }
    return NULL;
}

#endif
