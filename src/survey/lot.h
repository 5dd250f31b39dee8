// SPDX-License-Identifier: Apache-2.0
/* Pictures on their way through threads: what is known of each when it is taken, what is found by looking at it, and
 * the telling of it. Private to the room.
 *
 *     take (in order): lots, some pictures together ──► work (all threads): gd_look ──► tell (in order): see
 */
#ifndef GD_SURVEY_LOT_H
#define GD_SURVEY_LOT_H

#include "base/text.h"
#include "body/body.h"
#include "survey/source.h"

#include <stddef.h>

typedef struct gd_lot_item {
    gd_sighting sighting;                    /* but for its pointers, which are the offsets below until it is told */
    ptrdiff_t probability, features, format; /* in the lot's numbers; its text. -1: none */
    ptrdiff_t file;                          /* in its text: a path */
    int64_t line;                            /* in that file; 0: it is the picture's own */
    bool wanted;
    gd_picture picture; /* where it is wanted and was looked at */
} gd_lot_item;

/* Keeps its memory from use to use; {0} is empty. */
typedef struct gd_lot {
    int n, capacity;
    gd_lot_item *item; /* (capacity) */
    size_t n_numbers, number_capacity;
    float *number;
    gd_text text;
    int64_t broken;
    gd_error first;
} gd_lot;

void gd_lot_clear(gd_lot *lot);
void gd_lot_release(gd_lot *lot);

/* A further item of which nothing is known, in the file at offset `file`; where it lies until the next. NOMEM. */
gd_status gd_lot_add(gd_lot *lot, ptrdiff_t file, int64_t line, gd_lot_item **item, gd_error *error);

/* Room for n numbers; a text. Their offsets. NOMEM. */
gd_status gd_lot_add_numbers(gd_lot *lot, size_t n, ptrdiff_t *at, gd_error *error);
gd_status gd_lot_add_text(gd_lot *lot, const char *text, ptrdiff_t *at, gd_error *error);

/* Notes something that is broken. */
void gd_lot_note(gd_lot *lot, const gd_error *what);

/* ---- a survey ---- */

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

/* What a description of the file that a picture came in says. */
void gd_lot_describe(gd_lot_item *item, const gd_description *description);

/* The whole. STOPPED. */
gd_status gd_survey_run(gd_survey *survey, gd_survey_steps steps, const gd_survey_options *options, const gd_see *see,
                        gd_survey_counts *counts, gd_error *error);

#endif
