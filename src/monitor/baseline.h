// SPDX-License-Identifier: Apache-2.0
/* What a window is held against: a reference's profile, what its labels say of the model, and the rules. And the
 * window.
 */
#ifndef GD_MONITOR_BASELINE_H
#define GD_MONITOR_BASELINE_H

#include "monitor/accuracy.h"
#include "monitor/gallery.h"
#include "monitor/rules.h"
#include "monitor/shift.h"
#include "monitor/timeline.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What labels of pictures that the model was not trained on tell of it. */
typedef struct gd_competence {
    int64_t n;            /* 0: no labels */
    gd_estimate accuracy; /* as measured, with its interval */
    double calibration_error;
    gd_calibration calibration;
    gd_shift_table shift; /* classes 0: none */
    int64_t *confusion;   /* (classes,classes), owned: row label, column answer */
} gd_competence;

/* From n pictures' labels, answers and confidences: (n) each. What there are too few pictures or too many classes for
 * (accuracy.h, shift.h) is left out. Owned by the caller until released. INVALID for labels or answers outside 0 to
 * classes - 1; NOMEM. */
gd_status gd_competence_fit(gd_competence *competence, int classes, const int32_t *label, const int32_t *answer,
                            const float *confidence, int64_t n, gd_error *error);
void gd_competence_release(gd_competence *competence); /* accepts {0} */

enum {
    GD_BASELINE_ROWS = 2000, /* of features that are kept, for the test of a window's */
    GD_WINDOW_ROWS = 1000,
    GD_BASELINE_PICTURES = 24, /* typical ones */
    GD_WINDOW_PICTURES = 256   /* of which those that stand out are shown */
};

typedef struct gd_baseline {
    gd_profile profile;
    gd_rules rules;
    gd_competence competence;
    gd_directions directions; /* of the features; dims 0: none */
    gd_gallery typical;       /* a few of its pictures; n 0: none */
    char model[65];           /* digest of the model's file (survey/model.h); "": not known */
    char source[256];         /* what it was made of, in words */
} gd_baseline;
void gd_baseline_release(gd_baseline *baseline); /* accepts {0} */

typedef struct gd_window {
    gd_profile profile;
    int64_t *step, *cell; /* owned: counts by the baseline's calibration and shift table; NULL: it has none */
    gd_timeline timeline;
    gd_gallery gallery;
    float (*map)[2]; /* owned, (n_map): a fair sample of pictures along the baseline's first two directions */
    int n_map;
    int64_t records, broken, unread; /* lines that were read, that are no records; files that could not be read */
    int64_t unfinished;              /* half lines at the ends of files, as where a server was killed, or writes */
    int64_t from_ms, to_ms;          /* as asked for; 0, 0: everything */
} gd_window;
/* Owned by the caller until released. NOMEM. */
gd_status gd_window_init(gd_window *window, const gd_baseline *baseline, uint64_t seed, gd_error *error);
void gd_window_release(gd_window *window); /* accepts {0} */

/* A picture, without its pixels: these go to window->gallery, if that wants them. */
gd_status gd_window_add(gd_window *window, const gd_baseline *baseline, const gd_sighting *sighting, gd_error *error);

/* Once, at the end: settles the profile, draws the map. */
gd_status gd_window_settle(gd_window *window, const gd_baseline *baseline, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
