// SPDX-License-Identifier: Apache-2.0
#include "serve/trial.h"

#include "base/clock.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* n times the same grey picture, and room for the answers. */
typedef struct trial {
    uint8_t *pixels;
    gd_image image[GD_TRIAL_BATCH];
    float *probabilities; /* (n, classes) */
} trial;

static gd_status make(trial *t, const gd_model_info *info, int n, gd_error *error)
{
    const size_t bytes = (size_t)info->height * (size_t)info->width * (size_t)info->channels;
    t->pixels = malloc(bytes);
    t->probabilities = malloc((size_t)n * (size_t)info->n_classes * sizeof *t->probabilities);
    if (!t->pixels || !t->probabilities)
        return gd_fail(error, GD_NOMEM, "out of memory for a trial of %d pictures", n);
    memset(t->pixels, 128, bytes);
    for (int i = 0; i < n; i++)
        t->image[i] = (gd_image){info->height, info->width, info->channels, t->pixels};
    return GD_OK;
}

static void release(trial *t)
{
    free(t->pixels);
    free(t->probabilities);
}

gd_status gd_trial_answer(gd_session *session, const gd_model_info *info, const char *path, gd_error *error)
{
    trial t = {0};
    double sum = 0;
    gd_status status = make(&t, info, 1, error);
    if (status == GD_OK)
        status = gd_session_run(session, t.image, 1, t.probabilities, error);
    for (int c = 0; status == GD_OK && c < info->n_classes; c++)
        sum += (double)t.probabilities[c];
    release(&t);
    if (status == GD_OK && !(fabs(sum - 1) < 1e-3)) /* not for NaN either */
        return gd_fail(error, GD_NUMERIC, "'%s' fails its self-test: probabilities of a grey picture sum to %g", path,
                       sum);
    return status;
}

/* The least time of a few runs of n pictures. */
static gd_status measure(gd_session *session, const trial *t, int n, double *seconds, gd_error *error)
{
    *seconds = INFINITY;
    for (int i = 0; i < 3; i++) {
        const double start = gd_seconds();
        GD_TRY(gd_session_run(session, t->image, n, t->probabilities, error));
        *seconds = fmin(*seconds, gd_seconds() - start);
    }
    return GD_OK;
}

gd_status gd_trial_batch(gd_session *session, const gd_model_info *info, int *batch, gd_error *error)
{
    const double most_seconds = 8e-3, worth_it = 1.1;
    trial t = {0};
    double each[8], best = INFINITY, spent = 0;
    int tried = 0;
    gd_status status = make(&t, info, GD_TRIAL_BATCH, error);
    for (int n = 1; status == GD_OK && n <= GD_TRIAL_BATCH && spent <= most_seconds; n *= 2) {
        double seconds = INFINITY;
        status = measure(session, &t, n, &seconds, error);
        each[tried] = seconds / n;
        best = fmin(best, each[tried++]);
        spent += 3 * seconds;
    }
    release(&t);
    *batch = 1;
    for (int i = 0; i < tried && each[i] > worth_it * best; i++)
        *batch *= 2;
    return status;
}
