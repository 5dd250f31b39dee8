// SPDX-License-Identifier: Apache-2.0
/* dropout over whole batches, for the loops of both directions: to = mask from / (1 - rate). */
#ifndef GD_KERNEL_DROPOUT_LANES_H
#define GD_KERNEL_DROPOUT_LANES_H

#include "base/parallel.h"
#include "kernel/dropout.h"
#include "kernel/variant.h"

enum { WORDS = 256, PIECE = 8192 }; /* elements whose words are drawn together; elements in a piece, about */

typedef struct dropout_job {
    const gd_record *record;
    const gd_dropout_params *params;
    int64_t length; /* of a sample */
    const store_t *from;
    store_t *to;
} dropout_job;

/* Samples [begin, end) of the batch. */
static void drop(void *argument, int64_t begin, int64_t end)
{
    const dropout_job *job = argument;
    const float rate = (float)job->params->rate;
    const real scale = (real)(1 / (1 - job->params->rate));
    for (int64_t row = begin; row < end; row++) {
        const store_t *from = job->from + row * job->length;
        store_t *to = job->to + row * job->length;
        for (int64_t e = 0; e < job->length; e += WORDS) {
            uint32_t words[WORDS];
            const int count = job->length - e < WORDS ? (int)(job->length - e) : WORDS;
            for (int i = 0; i < (count + 3) / 4; i++) {
                gd_philox four =
                    gd_dropout_words(job->record, job->params->key, job->record->first_sample + row, e / 4 + i);
                for (int lane = 0; lane < 4; lane++)
                    words[4 * i + lane] = four.at[lane];
            }
            for (int i = 0; i < count; i++)
                to[e + i] = store(gd_rng_unit(words[i]) < rate ? 0 : load(from[e + i]) * scale);
        }
    }
}

static inline gd_status drop_all(const gd_call *call, const gd_ctx *ctx, const store_t *from, store_t *to)
{
    const gd_desc desc = call->problem->desc[DROPOUT_X];
    dropout_job job = {ctx->record, call->problem->params, gd_desc_count(desc) / desc.dim[0], from, to};
    gd_parallel_for(ctx->threads, desc.dim[0], 1 + PIECE / job.length, drop, &job);
    return GD_OK;
}

#endif
