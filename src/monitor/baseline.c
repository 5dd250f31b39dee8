// SPDX-License-Identifier: Apache-2.0
#include "monitor/baseline.h"

#include "monitor/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what labels tell ---- */

static gd_status count_confusion(gd_competence *c, int classes, const int32_t *label, const int32_t *answer, int64_t n,
                                 gd_error *error)
{
    c->confusion = calloc((size_t)classes * (size_t)classes + 1, sizeof *c->confusion);
    if (!c->confusion)
        return gd_fail(error, GD_NOMEM, "out of memory for the confusion of %d classes", classes);
    const int64_t strange = gd_confusion_count(c->confusion, classes, label, answer, NULL, n);
    if (strange > 0)
        return gd_fail(error, GD_INVALID, "%lld of %lld labels or answers are none of the %d classes",
                       (long long)strange, (long long)n, classes);
    return GD_OK;
}

static int parts_for(int classes)
{
    const int parts = GD_SHIFT_CELLS / (classes > 0 ? classes : 1);
    return parts < GD_SHIFT_PARTS ? parts : GD_SHIFT_PARTS;
}

static gd_status fit(gd_competence *c, int classes, const int32_t *label, const int32_t *answer,
                     const float *confidence, uint8_t *right, int64_t n, gd_error *error)
{
    int64_t n_right = 0;
    for (int64_t i = 0; i < n; i++) {
        right[i] = label[i] == answer[i];
        n_right += right[i];
    }
    const double share = (double)n_right / (double)n;
    c->accuracy = gd_estimate_of_share(share, sqrt(share * (1 - share) / (double)n), (double)n, GD_Z95);
    c->calibration_error = gd_calibration_error(confidence, right, NULL, n);
    if (n >= GD_CALIBRATION_LEAST)
        GD_TRY(gd_calibration_fit(&c->calibration, confidence, right, n, error));
    if (classes <= GD_SHIFT_CLASSES && parts_for(classes) > 0)
        GD_TRY(gd_shift_table_init(&c->shift, classes, parts_for(classes), label, answer, confidence, n, error));
    c->n = n;
    return GD_OK;
}

gd_status gd_competence_fit(gd_competence *c, int classes, const int32_t *label, const int32_t *answer,
                            const float *confidence, int64_t n, gd_error *error)
{
    *c = (gd_competence){0};
    if (n < 1)
        return GD_OK;
    uint8_t *right = malloc((size_t)n);
    gd_status status = right ? count_confusion(c, classes, label, answer, n, error)
                             : gd_fail(error, GD_NOMEM, "out of memory for %lld labels", (long long)n);
    if (status == GD_OK)
        status = fit(c, classes, label, answer, confidence, right, n, error);
    free(right);
    if (status != GD_OK)
        gd_competence_release(c);
    return status;
}

void gd_competence_release(gd_competence *c)
{
    gd_shift_table_release(&c->shift);
    free(c->confusion);
    *c = (gd_competence){0};
}

void gd_baseline_release(gd_baseline *b)
{
    gd_profile_release(&b->profile);
    gd_arena_release(&b->rules.arena);
    gd_competence_release(&b->competence);
    gd_directions_release(&b->directions);
    gd_gallery_release(&b->typical);
    *b = (gd_baseline){0};
}

/* ---- a window ---- */

static int class_of(const gd_profile *profile, const char *name)
{
    for (int c = 0; c < profile->options.n_classes; c++) {
        if (strcmp(profile->options.classes[c], name) == 0)
            return c;
    }
    return -1;
}

/* The classes that the baseline answered most, most frequent first: they are told apart in time. */
static int frequent_classes(const gd_profile *profile, int *class)
{
    const gd_category *most[GD_TIMELINE_CLASSES];
    const gd_column *answers = gd_profile_column(profile, "prediction");
    int n = 0, n_classes = 0;
    for (int i = 0; answers && answers->names && i < answers->names->n; i++) {
        const gd_category *here = &answers->names->category[i];
        int at = n;
        while (at > 0 && most[at - 1]->count < here->count)
            at--;
        if (at == GD_TIMELINE_CLASSES)
            continue;
        n += n < GD_TIMELINE_CLASSES;
        memmove(&most[at + 1], &most[at], (size_t)(n - 1 - at) * sizeof *most);
        most[at] = here;
    }
    for (int i = 0; i < n; i++) {
        const int c = class_of(profile, most[i]->name);
        if (c >= 0)
            class[n_classes++] = c;
    }
    return n_classes;
}

static gd_status make_counts(gd_window *w, const gd_baseline *b, gd_error *error)
{
    const gd_competence *c = &b->competence;
    if (c->calibration.n > 0)
        w->step = calloc((size_t)c->calibration.n, sizeof *w->step);
    if (c->shift.classes > 0)
        w->cell = calloc((size_t)c->shift.classes * (size_t)c->shift.parts, sizeof *w->cell);
    if ((c->calibration.n > 0 && !w->step) || (c->shift.classes > 0 && !w->cell))
        return gd_fail(error, GD_NOMEM, "out of memory for a window");
    return GD_OK;
}

gd_status gd_window_init(gd_window *w, const gd_baseline *b, uint64_t seed, gd_error *error)
{
    const gd_profile_options *of = &b->profile.options;
    const gd_profile_options options = {.n_classes = of->n_classes,
                                        .classes = of->classes,
                                        .n_features = of->n_features,
                                        .rows = GD_WINDOW_ROWS,
                                        .seed = seed,
                                        .like = &b->profile};
    int class[GD_TIMELINE_CLASSES];
    gd_status status;
    *w = (gd_window){0};
    GD_TRY_TO(failed, gd_profile_init(&w->profile, &options, error));
    GD_TRY_TO(failed, make_counts(w, b, error));
    GD_TRY_TO(failed, gd_gallery_init(&w->gallery, GD_WINDOW_PICTURES, seed, error));
    gd_timeline_init(&w->timeline, class, frequent_classes(&b->profile, class));
    return GD_OK;
failed:
    gd_window_release(w);
    return status;
}

void gd_window_release(gd_window *w)
{
    gd_profile_release(&w->profile);
    gd_gallery_release(&w->gallery);
    free(w->step);
    free(w->cell);
    free(w->map);
    *w = (gd_window){0};
}

gd_status gd_window_add(gd_window *w, const gd_baseline *b, const gd_sighting *s, gd_error *error)
{
    const gd_answer_figures answer = gd_sighting_answer(s, w->profile.options.n_classes);
    gd_timeline_add(&w->timeline, s, &answer);
    const float confidence = (float)answer.confidence;
    const bool sure = answer.class >= 0 && isfinite(confidence);
    if (sure && w->step)
        gd_calibration_count(&b->competence.calibration, &confidence, 1, w->step);
    if (sure && w->cell)
        w->cell[gd_shift_cell(&b->competence.shift, answer.class, confidence)]++;
    return gd_profile_add(&w->profile, s, error);
}

gd_status gd_window_settle(gd_window *w, const gd_baseline *b, gd_error *error)
{
    GD_TRY(gd_profile_settle(&w->profile, error));
    const gd_rows *rows = &w->profile.rows;
    if (rows->n == 0 || b->directions.dims != rows->dims || b->directions.dims < 2)
        return GD_OK;
    float *row = malloc((size_t)rows->n * (size_t)rows->dims * sizeof *row);
    w->map = malloc((size_t)rows->n * sizeof *w->map);
    gd_status status = row && w->map ? gd_rows_copy(rows, row, error)
                                     : gd_fail(error, GD_NOMEM, "out of memory for a map of %d pictures", rows->n);
    for (int i = 0; status == GD_OK && i < rows->n; i++) {
        double at[2];
        gd_features_project(&b->directions, row + (size_t)i * (size_t)rows->dims, 2, at);
        w->map[i][0] = (float)at[0];
        w->map[i][1] = (float)at[1];
    }
    w->n_map = status == GD_OK ? rows->n : 0;
    free(row);
    return status;
}
