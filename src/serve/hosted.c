// SPDX-License-Identifier: Apache-2.0
#include "serve/hosted.h"

#include "base/file.h"
#include "infer/session.h"
#include "serve/cores.h"
#include "serve/http.h"
#include "serve/lone.h"
#include "serve/seat.h"
#include "serve/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_WORKERS = 256,
    TURN_PIXELS = 4 << 20, /* decoded at once, and the request that exceeds them */
    SMALL_BODY = 16 << 10, /* decoded in the time that helpers take to wake up */
};
static const size_t MOST_BYTES = (size_t)8 << 30; /* of a model's file */

typedef struct worker {
    gd_hosted *hosted;
    pthread_t thread;
    bool started;
    gd_session *session;
    gd_pictures *pictures; /* (batch) a request's each */
    gd_job **job;          /* (batch) those of them that have pictures */
    gd_image *image;       /* (capacity) of all requests, in order */
    float *probabilities;  /* (capacity, classes) */
    float *features;       /* (capacity, n_features), or NULL */
    int capacity;
    int seat;         /* while it computes */
    bool lone, leads; /* the only request: to be helped with; helped with */
} worker;

struct gd_hosted {
    gd_arena arena; /* the model's file: read, not mapped, as whoever cuts a mapped file short would end us */
    gd_model *model;
    const gd_model_info *info;
    gd_hosted_options options;
    gd_variant_metrics *metrics;
    gd_queue queue;
    bool queue_made;
    gd_lone lone;
    int helpers; /* of a lone picture, at most */
    worker *worker;
};

/* ---- requests ---- */

void gd_complaint_write(gd_text *text, const char *code, const char *message)
{
    text->length = 0;
    gd_text_add(text, "{\"code\":\"%s\",\"message\":", code);
    gd_text_add_json(text, message);
    gd_text_add(text, "}\n");
}

static void refuse(gd_job *job, int code, const char *name, const char *message)
{
    job->code = code;
    gd_complaint_write(&job->answer, name, message);
    job->answered(job);
    job->seen(job, NULL);
}

static void refuse_late(gd_job *job, uint64_t now)
{
    char text[128];
    snprintf(text, sizeof text, "too late: the request waited %.3f s in the queue", (double)(now - job->put) * 1e-9);
    refuse(job, 504, "ModelError", text);
}

/* False: the job is answered. */
static bool decode(worker *w, gd_job *job, gd_pictures *pictures)
{
    gd_error error = {0};
    const uint64_t start = gd_nanoseconds();
    job->times.queue = start - job->put;
    gd_pictures_clear(pictures);
    if (start > job->deadline) {
        refuse_late(job, start);
        return false;
    }
    const gd_status status =
        gd_body_decode(job->content_type, job->body, job->body_bytes, w->hosted->info->channels, pictures, &error);
    job->times.decode = gd_nanoseconds() - start;
    if (status == GD_OK)
        return true;
    char text[1024];
    gd_error_text(&error, text, sizeof text);
    if (status == GD_NOMEM)
        refuse(job, 503, "ServiceUnavailable", text);
    else
        refuse(job, 400, "ValidationError", text);
    return false;
}

static bool make_room(worker *w, int n)
{
    const gd_model_info *info = w->hosted->info;
    if (n <= w->capacity)
        return true;
    gd_image *image = realloc(w->image, (size_t)n * sizeof *image);
    w->image = image ? image : w->image;
    float *probabilities = realloc(w->probabilities, (size_t)n * info->n_classes * sizeof(float));
    w->probabilities = probabilities ? probabilities : w->probabilities;
    float *features = NULL;
    if (w->hosted->options.features) {
        features = realloc(w->features, (size_t)n * info->n_features * sizeof(float));
        w->features = features ? features : w->features;
    }
    if (!image || !probabilities || (w->hosted->options.features && !features))
        return false;
    w->capacity = n;
    return true;
}

static void keep_features(worker *w, int first, int n)
{
    int64_t count;
    if (!w->features)
        return;
    const float *row = gd_session_output(w->session, w->hosted->info->features, &count);
    memcpy(w->features + (size_t)first * count, row, (size_t)n * count * sizeof(float));
}

/* w->image to w->probabilities. */
static gd_status compute(worker *w, int n, gd_error *error)
{
    const int most = w->hosted->options.batch;
    for (int first = 0; first < n; first += most) {
        const int part = n - first < most ? n - first : most;
        GD_TRY(gd_session_run(w->session, w->image + first, part,
                              w->probabilities + (size_t)first * w->hosted->info->n_classes, error));
        keep_features(w, first, part);
    }
    return GD_OK;
}

static bool all_finite(const float *x, int n)
{
    for (int i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            return false;
    }
    return true;
}

static void count_predictions(const worker *w, const float *probabilities, int n)
{
    const int classes = w->hosted->info->n_classes;
    for (int i = 0; i < n; i++, probabilities += classes) {
        int best = 0;
        for (int c = 1; c < classes; c++)
            best = probabilities[c] > probabilities[best] ? c : best;
        gd_metrics_prediction(w->hosted->metrics, best, probabilities[best]);
    }
}

static void answer(worker *w, gd_job *job, const gd_pictures *pictures, int first)
{
    const gd_model_info *info = w->hosted->info;
    const float *probabilities = w->probabilities + (size_t)first * info->n_classes;
    const gd_seen seen = {info, pictures, probabilities,
                          w->features ? w->features + (size_t)first * info->n_features : NULL};
    if (!all_finite(probabilities, pictures->n * info->n_classes)) {
        refuse(job, 500, "ModelError", "the model's answer is not a number");
        return;
    }
    job->code = 200;
    job->answer.length = 0;
    gd_answer_write(&job->answer, job->form, info, probabilities, pictures->n, pictures->several);
    if (job->answer.failed) {
        gd_text_release(&job->answer);
        refuse(job, 503, "ServiceUnavailable", "out of memory for the answer");
        return;
    }
    job->answered(job);
    count_predictions(w, probabilities, pictures->n);
    job->seen(job, &seen);
}

/* ---- where it computes, and who helps ---- */

static void lead(worker *w)
{
    if (!w->lone || w->leads || !gd_team_lead(&w->hosted->lone.team))
        return;
    w->leads = gd_queue_call(&w->hosted->queue, w->hosted->helpers) > 0;
    if (w->leads)
        gd_session_cut(w->session, 1 + w->hosted->helpers);
    else
        gd_team_leave();
}

static void begin(worker *w, gd_queued *list)
{
    const gd_job *first = (const gd_job *)list;
    w->seat = gd_seat_take();
    w->lone = w->hosted->helpers > 0 && !list->next && !gd_queue_waits(&w->hosted->queue) &&
              gd_lone_wants_help(&w->hosted->lone);
    if (first->body_bytes <= SMALL_BODY)
        lead(w);
}

static void end(worker *w)
{
    if (w->leads) {
        gd_team_leave();
        gd_session_cut(w->session, 1);
    }
    w->leads = false;
    gd_seat_leave(w->seat);
}

static bool is_wanted(void *context) { return gd_queue_waits(context); }

static void help(worker *w)
{
    const int seat = gd_seat_take();
    gd_team_help(&w->hosted->lone.team, is_wanted, &w->hosted->queue);
    gd_seat_leave(seat);
}

/* ---- one turn ---- */

/* The requests whose n pictures are decoded. */
static void compute_and_answer(worker *w, int jobs, int n)
{
    gd_error error = {0};
    lead(w);
    const bool helped = w->leads;
    const uint64_t start = gd_nanoseconds();
    gd_status status = make_room(w, n) ? GD_OK : gd_fail(&error, GD_NOMEM, "out of memory for %d pictures", n);
    if (status == GD_OK) {
        for (int j = 0, i = 0; j < jobs; j++) {
            for (int p = 0; p < w->pictures[j].n; p++) {
                const gd_picture *picture = &w->pictures[j].picture[p];
                w->image[i++] = (gd_image){picture->height, picture->width, picture->channels, picture->pixels};
            }
        }
        status = compute(w, n, &error);
    }
    end(w);
    const uint64_t now = gd_nanoseconds();
    if (n == 1 && helped == w->lone) /* what was to be helped with, and found nobody, tells nothing of help */
        gd_lone_note(&w->hosted->lone, helped, now - start);
    gd_metrics_batch(w->hosted->metrics, n);
    for (int j = 0, first = 0; j < jobs; first += w->pictures[j++].n) {
        w->job[j]->times.compute = now - start;
        if (status == GD_NOMEM)
            refuse(w->job[j], 503, "ServiceUnavailable", error.message);
        else if (status != GD_OK)
            refuse(w->job[j], 500, "ModelError", error.message);
        else if (now > w->job[j]->deadline)
            refuse_late(w->job[j], now);
        else
            answer(w, w->job[j], &w->pictures[j], first);
    }
    for (int j = 0; j < jobs; j++)
        gd_pictures_clear(&w->pictures[j]); /* a large picture's memory is not kept while nobody asks */
}

static int64_t count_pixels(const gd_pictures *pictures)
{
    int64_t n = 0;
    for (int i = 0; i < pictures->n; i++)
        n += (int64_t)pictures->picture[i].height * pictures->picture[i].width;
    return n;
}

/* A list of up to `batch` requests. Files are small beside what they become: those behind a large one are not decoded
 * before it is answered, so that a worker's memory is that of one request. */
static void turn(worker *w, gd_queued *list)
{
    while (list) {
        int jobs = 0, n = 0;
        begin(w, list);
        for (int64_t pixels = 0; list && pixels < TURN_PIXELS;) {
            gd_job *job = (gd_job *)list; /* its first member */
            list = list->next;            /* the job is another's when it is answered */
            gd_metrics_queue(w->hosted->metrics, -1);
            if (decode(w, job, &w->pictures[jobs])) {
                n += w->pictures[jobs].n;
                pixels += count_pixels(&w->pictures[jobs]);
                w->job[jobs++] = job;
            }
        }
        if (jobs > 0)
            compute_and_answer(w, jobs, n);
        else
            end(w);
    }
}

static void *work(void *argument)
{
    worker *w = argument;
    int n;
    gd_seat_prepare();
    for (gd_queued *list; (list = gd_queue_take(&w->hosted->queue, w->hosted->options.batch, &n)) || n > 0;) {
        if (list)
            turn(w, list);
        else
            help(w);
        if (gd_queue_waits(&w->hosted->queue))
            gd_seat_give_way();
    }
    return NULL;
}

/* ---- before it serves ---- */

static gd_status new_session(gd_hosted *h, gd_session **session, gd_error *error)
{
    const gd_session_options options = {h->options.batch, h->options.features ? 1 : 0, &h->info->features};
    return gd_session_new(h->model, &options, session, error);
}

static gd_status choose_batch(gd_hosted *h, gd_error *error)
{
    gd_session *session;
    h->options.batch = GD_TRIAL_BATCH;
    GD_TRY(new_session(h, &session, error));
    const gd_status status = gd_trial_batch(session, h->info, &h->options.batch, error);
    gd_session_free(session);
    return status;
}

static gd_status read_model(gd_hosted *h, const char *path, gd_error *error)
{
    char *bytes;
    size_t n;
    GD_TRY(gd_file_read(path, MOST_BYTES, &h->arena, &bytes, &n, error));
    if (gd_model_read(bytes, n, &h->model, error) == GD_OK)
        return GD_OK;
    snprintf(error->file, sizeof error->file, "%s", path); /* in place of "model in memory" */
    return error->status;
}

static gd_status start_worker(gd_hosted *h, worker *w, gd_error *error)
{
    w->hosted = h;
    if (!w->session)
        GD_TRY(gd_session_clone(h->worker[0].session, &w->session, error));
    w->pictures = calloc((size_t)h->options.batch, sizeof *w->pictures);
    w->job = calloc((size_t)h->options.batch, sizeof *w->job);
    if (!w->pictures || !w->job || !make_room(w, h->options.batch))
        return gd_fail(error, GD_NOMEM, "out of memory for a worker");
    for (int p = 0; p < h->options.batch; p++)
        w->pictures[p].most_pixels = h->options.pixels;
    w->started = pthread_create(&w->thread, NULL, work, w) == 0;
    return w->started ? GD_OK : gd_fail(error, GD_NOMEM, "cannot start a thread for a worker");
}

gd_status gd_hosted_new(const char *path, const gd_hosted_options *options, gd_metrics *metrics, const char *name,
                        gd_hosted **hosted, gd_error *error)
{
    gd_status status = GD_OK;
    *hosted = NULL;
    if (options->workers < 1 || options->workers > MOST_WORKERS)
        return gd_fail(error, GD_INVALID, "%d workers where 1 to %d are possible", options->workers, MOST_WORKERS);
    gd_hosted *h = calloc(1, sizeof *h);
    if (!h)
        return gd_fail(error, GD_NOMEM, "out of memory for a model");
    h->options = *options;
    h->helpers = gd_lone_helpers(options->workers, gd_cores());
    GD_TRY_TO(failed, read_model(h, path, error));
    h->info = gd_model_describe(h->model);
    GD_TRY_TO(failed, gd_metrics_variant(metrics, name, h->info->classes, h->info->n_classes, &h->metrics, error));
    h->options.features = options->features && h->info->features;
    h->worker = calloc((size_t)options->workers, sizeof *h->worker);
    if (!h->worker)
        GD_TRY_TO(failed, gd_fail(error, GD_NOMEM, "out of memory for %d workers", options->workers));
    if (options->batch == 0)
        GD_TRY_TO(failed, choose_batch(h, error));
    GD_TRY_TO(failed, gd_queue_init(&h->queue, options->queue, error));
    h->queue_made = true;
    GD_TRY_TO(failed, new_session(h, &h->worker[0].session, error));
    GD_TRY_TO(failed, gd_trial_answer(h->worker[0].session, h->info, path, error));
    for (int i = 0; i < options->workers; i++)
        GD_TRY_TO(failed, start_worker(h, &h->worker[i], error));
    *hosted = h;
    return GD_OK;
failed:
    gd_hosted_free(h);
    return status;
}

bool gd_hosted_admit(gd_hosted *h) { return gd_queue_admit(&h->queue); }

void gd_hosted_put(gd_hosted *h, gd_job *job)
{
    job->put = gd_nanoseconds();
    gd_metrics_queue(h->metrics, 1);
    gd_queue_put(&h->queue, &job->queued);
}

const gd_model_info *gd_hosted_info(const gd_hosted *h) { return h->info; }
gd_variant_metrics *gd_hosted_metrics(const gd_hosted *h) { return h->metrics; }
int gd_hosted_batch(const gd_hosted *h) { return h->options.batch; }
int gd_hosted_workers(const gd_hosted *h) { return h->options.workers; }

void gd_hosted_free(gd_hosted *h)
{
    if (!h)
        return;
    if (h->queue_made)
        gd_queue_close(&h->queue);
    for (int i = 0; h->worker && i < h->options.workers; i++) {
        worker *w = &h->worker[i];
        if (w->started)
            pthread_join(w->thread, NULL);
        for (int p = 0; w->pictures && p < h->options.batch; p++)
            gd_pictures_release(&w->pictures[p]);
        gd_session_free(w->session);
        free(w->pictures);
        free(w->job);
        free(w->image);
        free(w->probabilities);
        free(w->features);
    }
    if (h->queue_made)
        gd_queue_release(&h->queue);
    free(h->worker);
    gd_model_free(h->model);
    gd_arena_release(&h->arena);
    free(h);
}
