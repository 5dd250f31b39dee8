// SPDX-License-Identifier: Apache-2.0
#include "survey/survey.h"

#include "base/pipe.h"
#include "image/image.h"
#include "monitor/gallery.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lots that each thread may be ahead: a picture of many millions of pixels among small ones holds the others up. */
enum { AHEAD = 8, PLACE = 4200 };

bool gd_survey_wants(const gd_survey *survey)
{
    return survey->see->wants_picture && survey->see->wants_picture(survey->see->context);
}

bool gd_survey_stopped(const gd_survey *survey) { return survey->o->stop && *survey->o->stop; }

/* ---- looking ---- */

bool gd_survey_lacks(const gd_survey *s, const gd_lot_item *item)
{
    const bool answer = s->o->model && s->o->n_classes > 0 && !gd_lot_is_answered(item);
    const bool features = s->computes_features && item->features < 0;
    return item->wanted || answer || features || !isfinite(item->sighting.figure[GD_BRIGHTNESS]);
}

static int scaled(int side, int longer)
{
    const int to = (int)lround((double)side * GD_GALLERY_SIDE / longer);
    return longer <= GD_GALLERY_SIDE ? side : to > 0 ? to : 1;
}

/* A copy no larger than what a gallery keeps: many wait to be told, and a camera's would fill the memory. */
static gd_status keep(gd_lot_item *item, const gd_image *image, gd_error *error)
{
    const int longer = image->height > image->width ? image->height : image->width;
    const int height = scaled(image->height, longer), width = scaled(image->width, longer);
    GD_TRY(gd_picture_make((uint64_t)height, (uint64_t)width, image->channels, &item->picture, error));
    void *work = malloc(gd_image_fit_bytes(height, width, image->channels));
    if (!work)
        return gd_fail(error, GD_NOMEM, "out of memory for a picture of %dx%d", image->height, image->width);
    const gd_status status = gd_image_fit(image, height, width, item->picture.pixels, work, error);
    free(work);
    return status;
}

/* Answer and features of item i, those that it lacks. */
static gd_status ask(gd_survey *s, gd_looker *looker, gd_lot *lot, int i, const gd_image *image, gd_error *error)
{
    const bool answer = s->o->n_classes > 0 && !gd_lot_is_answered(&lot->item[i]);
    const bool features = s->computes_features && lot->item[i].features < 0;
    if (!s->o->model || (!answer && !features))
        return GD_OK;
    if (!looker->session)
        GD_TRY(gd_session_clone(s->looker[0].session, &looker->session, error));
    GD_TRY(gd_session_run(looker->session, image, 1, looker->probability, error));
    if (answer) {
        const size_t n = (size_t)s->o->n_classes;
        GD_TRY(gd_lot_add_numbers(lot, n, &lot->item[i].probability, error));
        memcpy(lot->number + lot->item[i].probability, looker->probability, n * sizeof *lot->number);
    }
    if (features) {
        int64_t n;
        const float *value = gd_session_output(looker->session, s->output[0], &n);
        GD_TRY(gd_lot_add_numbers(lot, (size_t)n, &lot->item[i].features, error));
        memcpy(lot->number + lot->item[i].features, value, (size_t)n * sizeof *lot->number);
    }
    return GD_OK;
}

gd_status gd_survey_look(gd_survey *s, gd_looker *looker, gd_lot *lot, int i, const gd_image *image, bool figures,
                         gd_error *error)
{
    double *figure = lot->item[i].sighting.figure;
    if (figures && !isfinite(figure[GD_BRIGHTNESS]))
        GD_TRY(gd_image_figures(image, figure, error));
    if (lot->item[i].wanted)
        GD_TRY(keep(&lot->item[i], image, error));
    return ask(s, looker, lot, i, image, error);
}

/* ---- what the pipe calls ---- */

static gd_status take(void *context, int looker, bool *more, gd_error *error)
{
    gd_survey *s = context;
    *more = false;
    if (gd_survey_stopped(s))
        return GD_OK;
    gd_lot_clear(&s->looker[looker].lot);
    return s->steps.take(s, looker, more, error);
}

static gd_status work(void *context, int looker, void *result, gd_error *error)
{
    gd_survey *s = context;
    gd_lot *lot = result, *hand = &s->looker[looker].lot;
    GD_TRY(s->steps.look(s, looker, error));
    const gd_lot empty = *lot;
    *lot = *hand;
    *hand = empty;
    return GD_OK;
}

static gd_status tell_item(const gd_survey *s, const gd_lot *lot, gd_lot_item *item, gd_error *error)
{
    char place[PLACE];
    gd_sighting *sighting = &item->sighting;
    const gd_picture *p = &item->picture;
    const gd_image picture = {p->height, p->width, p->channels, p->pixels};
    if (item->probability >= 0)
        sighting->probability = lot->number + item->probability;
    if (item->features >= 0)
        sighting->features = lot->number + item->features;
    if (item->format >= 0)
        sighting->format = lot->text.at + item->format;
    const char *file = item->file >= 0 ? lot->text.at + item->file : "";
    if (item->line > 0)
        snprintf(place, sizeof place, "%s:%" PRId64, file, item->line);
    s->counts->pictures++;
    s->counts->labelled += sighting->label >= 0;
    return s->see->see(s->see->context, sighting, p->pixels ? &picture : NULL, item->line > 0 ? place : file, error);
}

static gd_status give(void *context, void *result, gd_error *error)
{
    gd_survey *s = context;
    gd_lot *lot = result;
    if (lot->broken > 0 && s->counts->broken == 0)
        s->counts->first = lot->first;
    s->counts->broken += lot->broken;
    for (int i = 0; i < lot->n && !gd_survey_stopped(s); i++)
        GD_TRY(tell_item(s, lot, &lot->item[i], error));
    gd_lot_clear(lot);
    return GD_OK;
}

static bool tick(void *context) { return !gd_survey_stopped(context); }

static void release(void *result) { gd_lot_release(result); }

/* ---- the whole ---- */

static gd_status prepare(gd_survey *s, gd_error *error)
{
    const gd_model_info *info = s->o->model ? gd_model_describe(s->o->model) : NULL;
    if (info && s->o->n_classes > 0 && info->n_classes != s->o->n_classes)
        return gd_fail(error, GD_INVALID, "the model knows %d classes where %d are asked for", info->n_classes,
                       s->o->n_classes);
    s->computes_features = info && info->features && s->o->n_features > 0;
    if (s->computes_features && info->n_features != s->o->n_features)
        return gd_fail(error, GD_INVALID, "the model has %" PRId64 " features where %d are asked for", info->n_features,
                       s->o->n_features);
    s->output[0] = s->computes_features ? info->features : NULL;
    s->channels = info ? info->channels : s->o->channels;
    s->threads = s->o->threads > 0 ? s->o->threads : gd_pipe_cores();
    s->threads = s->threads < GD_PIPE_THREADS ? s->threads : GD_PIPE_THREADS;
    s->looker = calloc((size_t)s->threads, sizeof *s->looker);
    if (!s->looker)
        return gd_fail(error, GD_NOMEM, "out of memory for %d threads", s->threads);
    for (int i = 0; info && i < s->threads; i++) {
        s->looker[i].probability = calloc((size_t)info->n_classes, sizeof *s->looker->probability);
        if (!s->looker[i].probability)
            return gd_fail(error, GD_NOMEM, "out of memory for %d classes", info->n_classes);
    }
    const gd_session_options session = {.n_outputs = s->computes_features, .outputs = s->output};
    return info ? gd_session_new(s->o->model, &session, &s->looker[0].session, error) : GD_OK;
}

gd_status gd_survey_run(gd_survey *s, gd_survey_steps steps, const gd_survey_options *options, const gd_see *see,
                        gd_survey_counts *counts, gd_error *error)
{
    s->steps = steps;
    s->o = options;
    s->see = see;
    s->counts = counts;
    *counts = (gd_survey_counts){0};
    gd_status status = prepare(s, error);
    if (status == GD_OK) {
        const gd_pipe pipe = {s, s->threads, AHEAD, sizeof(gd_lot), take, work, give, tick, release};
        status = gd_pipe_run(&pipe, error);
    }
    for (int i = 0; s->looker && i < s->threads; i++) {
        gd_session_free(s->looker[i].session);
        free(s->looker[i].probability);
        gd_pictures_release(&s->looker[i].pictures);
        gd_lot_release(&s->looker[i].lot);
    }
    free(s->looker);
    if (status == GD_OK && gd_survey_stopped(s))
        status = gd_fail(error, GD_STOPPED, "stopped behind %" PRId64 " picture%s", counts->pictures,
                         gd_plural(counts->pictures));
    return status;
}
