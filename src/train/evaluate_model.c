// SPDX-License-Identifier: Apache-2.0
#include "train/evaluate_model.h"

#include "base/parallel.h"

#include <stdlib.h>

enum { BATCH = 32, MAX_THREADS = 64 };

typedef struct share {
    const gd_images *images;
    int n_classes;
    float *probabilities;
    gd_session *session[MAX_THREADS];
    gd_status status[MAX_THREADS];
    gd_error error[MAX_THREADS];
    int64_t each; /* images per session */
} share;

static void predict_share(void *argument, int64_t begin, int64_t end)
{
    share *s = argument;
    const gd_images *images = s->images;
    size_t bytes = (size_t)images->height * (size_t)images->width * (size_t)images->channels;
    for (int64_t i = begin; i < end; i++) {
        int64_t first = i * s->each, past = first + s->each < images->n ? first + s->each : images->n;
        for (int64_t at = first; at < past && s->status[i] == GD_OK; at += BATCH) {
            gd_image picture[BATCH];
            int n = past - at < BATCH ? (int)(past - at) : BATCH;
            for (int p = 0; p < n; p++)
                picture[p] = (gd_image){images->height, images->width, images->channels,
                                        images->pixels + (size_t)(at + p) * bytes};
            s->status[i] =
                gd_session_run(s->session[i], picture, n, s->probabilities + at * s->n_classes, &s->error[i]);
        }
    }
}

gd_status gd_predict_images(const gd_model *model, const gd_images *images, int threads, float *probabilities,
                            gd_error *error)
{
    const gd_model_info *info = gd_model_describe(model);
    if (images->channels != info->channels)
        return gd_fail(error, GD_INVALID, "the model reads %d channels where the images have %d", info->channels,
                       images->channels);
    threads = threads > MAX_THREADS ? MAX_THREADS : threads < 1 ? 1 : threads;
    share *s = calloc(1, sizeof *s);
    gd_status status = GD_OK;
    if (!s)
        return gd_fail(error, GD_NOMEM, "out of memory for an evaluation");
    s->images = images;
    s->n_classes = info->n_classes;
    s->probabilities = probabilities;
    s->each = (images->n + threads - 1) / threads;
    GD_TRY_TO(done, gd_session_new(model, &(gd_session_options){.max_batch = BATCH}, &s->session[0], error));
    for (int i = 1; i < threads; i++)
        GD_TRY_TO(done, gd_session_clone(s->session[0], &s->session[i], error));
    gd_parallel_for(threads, threads, 1, predict_share, s);
    for (int i = 0; i < threads && status == GD_OK; i++) {
        status = s->status[i];
        if (status != GD_OK && error)
            *error = s->error[i];
    }
done:
    for (int i = 0; i < threads; i++)
        gd_session_free(s->session[i]);
    free(s);
    return status;
}
