// SPDX-License-Identifier: Apache-2.0
/* Going through a source with threads: what is known of each picture when it is taken, what is found by looking at it,
 * and the telling of it. Private to the room.
 *
 *     take (in order): lots, some pictures together ──► look (all threads) ──► tell (in order): see
 */
#ifndef GD_SURVEY_SURVEY_H
#define GD_SURVEY_SURVEY_H

#include "survey/lot.h"
#include "survey/source.h"

/* A thread's. */
typedef struct gd_looker {
    gd_session *session; /* NULL: not made yet, or there is no model */
    float *probability;  /* (classes) */
    gd_pictures pictures;
    gd_lot lot; /* in hand */
} gd_looker;

/* `take` fills looker->lot and what else it has at hand, `look` finds out what is lacking. Both get the source's own
 * struct, which begins with the survey. */
struct gd_survey;
typedef struct gd_survey_steps {
    gd_status (*take)(struct gd_survey *survey, int looker, bool *more, gd_error *error);
    gd_status (*look)(struct gd_survey *survey, int looker, gd_error *error);
} gd_survey_steps;

/* Of any source; the first member of its own. */
typedef struct gd_survey {
    gd_survey_steps steps;
    const gd_survey_options *o;
    const gd_see *see;
    gd_survey_counts *counts;
    int threads;
    gd_looker *looker;      /* (threads) */
    const char *output[1];  /* the model's features */
    bool computes_features; /* with the model */
    int channels;           /* that pictures are decoded to; 0: what they have */
} gd_survey;

bool gd_survey_wants(const gd_survey *survey);
bool gd_survey_stopped(const gd_survey *survey);

/* Whether looking at its picture would tell something new of an item. */
bool gd_survey_lacks(const gd_survey *survey, const gd_lot_item *item);

/* What is not known of item i from its pixels. `figures`: tell them, too. */
gd_status gd_survey_look(gd_survey *survey, gd_looker *looker, gd_lot *lot, int i, const gd_image *image, bool figures,
                         gd_error *error);

/* The whole. STOPPED. */
gd_status gd_survey_run(gd_survey *survey, gd_survey_steps steps, const gd_survey_options *options, const gd_see *see,
                        gd_survey_counts *counts, gd_error *error);

#endif
