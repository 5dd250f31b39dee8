// SPDX-License-Identifier: Apache-2.0
/* What the server counts, and its text for Prometheus (version 0.0.4). Counting is a handful of relaxed atomic
 * additions, no lock and no allocation; docs/metrics.md explains each metric. */
#ifndef GD_SERVE_METRICS_H
#define GD_SERVE_METRICS_H

#include "base/text.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The Content-Type of the text. */
#define GD_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Clients may name models, and a model may have any number of classes: a text has a bound all the same. */
enum { GD_METRICS_VARIANTS = 128, GD_METRICS_CLASSES = 1024 };

typedef struct gd_metrics gd_metrics;

/* What is counted for one variant or model, of one list of classes. Lives as long as gd_metrics: a model that is
 * replaced goes on counting where it was. */
typedef struct gd_variant_metrics gd_variant_metrics;

gd_status gd_metrics_new(gd_metrics **metrics, gd_error *error);
void gd_metrics_free(gd_metrics *metrics); /* accepts NULL */

/* Finds or makes what counts for this name and these classes, which are copied. A model replaced by one of other
 * classes gets another one: predictions count by the class's name, all else where it did before. Name "" is for
 * requests that belong to no variant; names after the first GD_METRICS_VARIANTS count there too, and classes after the
 * first GD_METRICS_CLASSES of a variant under the class "". Thread-safe, takes a lock. */
gd_status gd_metrics_variant(gd_metrics *metrics, const char *name, const char *const *classes, int n_classes,
                             gd_variant_metrics **variant, gd_error *error);

/* What answers for the variant now, as labels of griddle_model_info: a name and its value in turn, ended by NULL, e.g.
 * "file", "model.safetensors", "classes", "10". Copied. NULL: no model does any more. Of variants that count under ""
 * nothing is said. Thread-safe, takes a lock. */
gd_status gd_metrics_model(gd_metrics *metrics, gd_variant_metrics *variant, const char *const *labels,
                           gd_error *error);

/* Nanoseconds of one request's stations; 0: it did not come that far. */
typedef struct gd_request_times {
    uint64_t receive; /* from its header to the last byte of its body */
    uint64_t queue;   /* until a worker took it */
    uint64_t decode;  /* body to pictures */
    uint64_t compute; /* pictures to probabilities: of its whole batch */
    uint64_t total;   /* from its header until its answer was handed to the network */
} gd_request_times;

void gd_metrics_request(gd_variant_metrics *variant, int code, const gd_request_times *times, uint64_t received,
                        uint64_t sent);
void gd_metrics_prediction(gd_variant_metrics *variant, int class, float confidence);
void gd_metrics_batch(gd_variant_metrics *variant, int pictures);
void gd_metrics_queue(gd_variant_metrics *variant, int change);  /* requests that wait: +1, -1 */
void gd_metrics_reload(gd_variant_metrics *variant, int failed); /* a model was read anew, or refused */

/* Numbers that others keep: read by whichever thread makes the text, under the metrics'
 * lock: `read` must call nothing of this header that takes it. `kind` is "counter" (then the name ends in _total) or
 * "gauge"; strings are borrowed for ever. */
typedef struct gd_metrics_source {
    const char *name, *kind, *help;
    double (*read)(void *context);
    void *context;
} gd_metrics_source;

/* INVALID for a name that Prometheus would refuse, one that is taken, or another kind. */
gd_status gd_metrics_add(gd_metrics *metrics, gd_metrics_source source, gd_error *error);

/* All of it, the process's own figures too. Thread-safe. */
void gd_metrics_write(gd_metrics *metrics, gd_text *text);

#ifdef __cplusplus
}
#endif
#endif
