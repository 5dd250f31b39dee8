// SPDX-License-Identifier: Apache-2.0
/* A model that answers: sessions on threads of their own behind one queue. Immutable once made; a model file that
 * changes becomes another one, and the old ends when its last request is answered.
 *
 *     put ──► queue ──► worker: bodies → pictures → session → answers ──► answered ──► seen
 */
#ifndef GD_SERVE_HOSTED_H
#define GD_SERVE_HOSTED_H

#include "body/body.h"
#include "griddle/infer.h"
#include "serve/answer.h"
#include "serve/metrics.h"
#include "serve/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_hosted gd_hosted;

/* What a worker saw of one request, until `seen` returns. */
typedef struct gd_seen {
    const gd_model_info *info;
    const gd_pictures *pictures;
    const float *probabilities; /* (pictures, classes) */
    const float *features;      /* (pictures, info->n_features), or NULL */
} gd_seen;

/* A request on its way. The owner fills the first part; a worker the second, calls answered, and seen at the very last,
 * whatever became of it. */
typedef struct gd_job {
    gd_queued queued;
    const char *content_type; /* borrowed until answered */
    const void *body;         /* borrowed until seen */
    size_t body_bytes;
    gd_answer_form form;
    uint64_t deadline; /* gd_nanoseconds; UINT64_MAX: none */
    void (*answered)(struct gd_job *job);
    void (*seen)(struct gd_job *job, const gd_seen *seen); /* NULL where there were no pictures or no probabilities */

    int code;       /* 200, 400, 500, 504 */
    gd_text answer; /* probabilities, or a complaint as JSON; kept from one request to the next */
    gd_request_times times;
    uint64_t put; /* when it was put into the queue */
} gd_job;

typedef struct gd_hosted_options {
    int workers;    /* threads, each with a session */
    int batch;      /* most pictures of different requests at once; 0: what the model's own times say */
    int queue;      /* requests that may wait */
    int64_t pixels; /* of a request's pictures at most; 0: GD_PICTURE_PIXELS */
    bool features;  /* sessions keep the network's features, for seen */
} gd_hosted_options;

/* Opens the model, makes sessions, asks it about a picture and holds the answer against what probabilities are,
 * measures how many pictures at once are best, starts the workers. Whatever fails: nothing is left. It counts as
 * `name`. */
gd_status gd_hosted_new(const char *path, const gd_hosted_options *options, gd_metrics *metrics, const char *name,
                        gd_hosted **hosted, gd_error *error);

/* False: the queue is full. Else the caller puts a job for sure: what is not to be undone may be done between the two.
 * Any thread. */
bool gd_hosted_admit(gd_hosted *hosted);
void gd_hosted_put(gd_hosted *hosted, gd_job *job);

const gd_model_info *gd_hosted_info(const gd_hosted *hosted);
gd_variant_metrics *gd_hosted_metrics(const gd_hosted *hosted);
int gd_hosted_batch(const gd_hosted *hosted);
int gd_hosted_workers(const gd_hosted *hosted);

/* Answers what waits, ends the threads, frees. Accepts NULL. Nobody may put any more. */
void gd_hosted_free(gd_hosted *hosted);

/* A complaint as clients get it: {"code":CODE,"message":TEXT}. */
void gd_complaint_write(gd_text *text, const char *code, const char *message);

#ifdef __cplusplus
}
#endif
#endif
