// SPDX-License-Identifier: Apache-2.0
/* A model of scaling: how long a training step takes on N ranks of a machine, from the plan of one of them.
 *
 *     compute      each step takes the longest of FLOPs / rate, bytes / bandwidth and the least that a step takes; on a
 *                  processor that feeds its products by turns with computing, they take FLOPs / rate + bytes / feed
 *     sums         each starts when the plan's event lets it, one after another, while compute goes on as far as the
 *                  plan lets it; what compute waits for is lost
 *     the slowest  all wait for it: of N normal step times the largest is mean + deviation * E[largest of N]
 *
 * What it does not know: decoding and loading of images, and other users of the machine. */
#ifndef GD_SCALE_PREDICT_H
#define GD_SCALE_PREDICT_H

#include "plan/plan.h"
#include "scale/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is asked. */
typedef struct gd_scaling {
    const gd_machine *machine;
    const gd_plan *plan; /* to train, of the rank with most images; made with a communicator of so many ranks */
    int ranks;
    int micro, accumulate; /* images of a micro-batch over all ranks; micro-batches per update */
} gd_scaling;

/* Where the time of an update goes, in seconds. */
typedef struct gd_prediction {
    double flops_bound, memory_bound, least_bound; /* steps that are bound so */
    double alone;                                  /* all of them: an update of this rank with no others */
    double sums;                                   /* what sums take */
    double exposed;                                /* as much longer as the update is for them */
    double slowest;                                /* waiting for the slowest rank */
    double update;
    double throughput; /* images/s of all ranks */
    double efficiency; /* throughput / that of as many such ranks that need not wait for each other */
} gd_prediction;

/* What is expected, and between which bounds it lies when all that is uncertain is at its ends. */
typedef struct gd_forecast {
    gd_prediction expected;
    double throughput[2], efficiency[2];
} gd_forecast;

/* Whether a step multiplies by weights: a convolution's, or a linear layer's, in any direction. */
bool gd_step_is_product(const gd_step *step);

/* INVALID where the machine has no such arithmetic, or the ranks need a network of which nothing is known. */
gd_status gd_forecast_make(const gd_scaling *scaling, gd_forecast *forecast, gd_error *error);

/* Mean of the largest of n standard normal numbers. */
double gd_largest_of(int n);

/* For people, with what dominates; and as one JSON object. */
void gd_forecast_print(const gd_scaling *scaling, const gd_forecast *forecast, gd_text *out);
void gd_forecast_print_json(const gd_scaling *scaling, const gd_forecast *forecast, gd_text *out);

#ifdef __cplusplus
}
#endif
#endif
