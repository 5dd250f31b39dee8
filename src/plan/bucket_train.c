// SPDX-License-Identifier: Apache-2.0
/* Buckets: the gradients lie in one block, in net order, and backward fills it from its end. The block is cut into
 * ranges of about one size; when the last segment of one has been written, its all-reduce goes to the communication
 * stream, while backward goes on. The statistics behind the gradients are written before everything else and are a
 * bucket too.
 *
 *     GRAD    | first layers …      | …          … | … last layers | statistics |
 *     bucket           3                   2                1             0
 *     closed       at the end         ◄─── as backward goes ───     at its beginning
 *
 * A small net has one bucket, as each costs a round of messages. Where gradients are accumulated, that is done bucket
 * by bucket too, with every micro-batch; the all-reduce, of phase REDUCE, runs with the last one only.
 *
 * Gradients may travel in 16 bits, statistics never do, and then are a bucket of their own:
 *
 *     compute         … last of the bucket ─► narrow ─┐                … end of backward ─► widen ─► update
 *     communication                                   └─► all_reduce ───────────────────────┘
 */
#include "kernel/cast.h"
#include "plan/set.h"

/* About 8 buckets, so that an eighth of the communication is left when backward ends; none below the size at which
 * bandwidth, not latency, is what a message costs. */
enum { MOST_BUCKETS = 8, SMALLEST_BYTES = 4 << 20 };

static bool travels_in_16_bits(const gd_plan_set *set)
{
    return set->options.comm && (set->options.reduced_as == GD_BF16 || set->options.reduced_as == GD_F16);
}

static int64_t elements_of_a_bucket(const gd_plan_set *set)
{
    size_t element = gd_type_bytes(set->real), bytes = set->options.bucket_bytes;
    if (bytes == 0) {
        bytes = (size_t)set->params * element / MOST_BUCKETS + 1;
        bytes = bytes < SMALLEST_BYTES ? SMALLEST_BYTES : bytes;
    }
    return bytes < element ? 1 : (int64_t)(bytes / element);
}

static void start_bucket(gd_lowering *lowering, int64_t end)
{
    lowering->bucket[lowering->n_buckets++] = (gd_bucket){.begin = end, .end = end, .reduced = -1};
}

gd_status gd_buckets_make(gd_lowering *lowering, gd_error *error)
{
    gd_plan_set *set = lowering->set;
    const int64_t most = elements_of_a_bucket(set);
    const bool apart = set->params > most || travels_in_16_bits(set); /* the statistics */
    lowering->bucket = gd_arena_alloc(&set->arena, (size_t)set->n_segments + 1, sizeof *lowering->bucket);
    if (!lowering->bucket)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    for (int i = set->n_segments - 1; i >= 0; i--) {
        const gd_segment *segment = &set->segment[i];
        const gd_bucket *last = &lowering->bucket[lowering->n_buckets - 1];
        bool full = lowering->n_buckets > 0 && last->end - last->begin >= most;
        bool statistics_end = apart && segment->offset + segment->count == set->trained;
        if (lowering->n_buckets == 0 || full || statistics_end)
            start_bucket(lowering, segment->offset + segment->count);
        lowering->bucket[lowering->n_buckets - 1].begin = segment->offset;
        lowering->bucket[lowering->n_buckets - 1].missing++;
    }
    lowering->bucket[0].end += set->options.comm != NULL; /* the votes, which come before all gradients */
    return GD_OK;
}

/* The event that the last step on the compute stream signals. */
static int ready_event(gd_plan_set *set, gd_plan *plan)
{
    gd_step *step = &plan->step[plan->n_steps - 1];
    while (step->stream != 0)
        step--;
    if (step->signal < 0)
        step->signal = set->n_events++;
    return step->signal;
}

/* Between the block of gradients and the one that travels. */
static gd_status lower_cast(gd_lowering *lowering, const char *name, const gd_bucket *bucket, gd_space from,
                            gd_space to, int wait, gd_error *error)
{
    gd_plan_set *set = lowering->set;
    const gd_type type[] = {from == GD_SPACE_WIRE ? set->options.reduced_as : set->real,
                            to == GD_SPACE_WIRE ? set->options.reduced_as : set->real};
    const gd_space space[] = {from, to};
    const int operand[] = {CAST_X, CAST_Y};
    gd_step step = gd_step_of(NULL, gd_op_find("cast"), GD_FWD, GD_REDUCE, -1);
    step.name = gd_arena_printf(&set->arena, "%s.%d", name, (int)(bucket - lowering->bucket));
    if (!step.name)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    step.problem.type = type[1];
    step.problem.desc[CAST_X] = gd_desc_1(type[0], bucket->end - bucket->begin);
    for (int i = 0; i < 2; i++) {
        int *slot = &step.slot[operand[i]];
        size_t element = gd_type_bytes(type[i]);
        GD_TRY(gd_lower_slot(lowering, space[i], (size_t)(bucket->end - bucket->begin) * element,
                             gd_space_name(space[i]), slot, error));
        lowering->plan->slot[*slot].offset = (size_t)bucket->begin * element;
    }
    step.wait = wait;
    GD_TRY(gd_op_infer(step.op, &step.problem, error));
    return gd_lower_step(lowering, &step, error);
}

/* What backward has left in `gradients` becomes the sum over all ranks, there or, where it travels in 16 bits, in WIRE.
 */
static gd_status reduce(gd_lowering *lowering, gd_bucket *bucket, gd_space gradients, gd_error *error)
{
    gd_plan_set *set = lowering->set;
    const bool narrow = travels_in_16_bits(set) && bucket->begin < set->trained;
    const gd_block blocks[] = {{GD_DPARAM(0), gradients}};
    const gd_range range = {bucket->begin, bucket->end};
    const int number = (int)(bucket - lowering->bucket);
    gd_step step;
    if (narrow)
        GD_TRY(lower_cast(lowering, "narrow", bucket, gradients, GD_SPACE_WIRE, -1, error));
    int ready = ready_event(set, lowering->plan);
    GD_TRY(gd_lower_range(lowering, "all_reduce", number, GD_REDUCE, NULL, range, blocks, 1, &step, error));
    step.stream = 1;
    step.wait = ready;
    if (narrow) {
        gd_slot *slot = &lowering->plan->slot[step.slot[GD_DPARAM(0)]];
        const size_t element = gd_type_bytes(set->options.reduced_as);
        *slot = (gd_slot){.space = GD_SPACE_WIRE,
                          .offset = (size_t)bucket->begin * element,
                          .bytes = (size_t)(bucket->end - bucket->begin) * element,
                          .first = slot->first,
                          .last = slot->last,
                          .name = gd_space_name(GD_SPACE_WIRE)};
        step.problem.type = step.problem.desc[GD_DPARAM(0)].type = set->options.reduced_as;
        step.signal = bucket->reduced = set->n_events++;
    }
    return gd_lower_step(lowering, &step, error);
}

static gd_space gradients_of(const gd_plan_set *set)
{
    return set->options.update.accumulate > 1 ? GD_SPACE_ACCUM : GD_SPACE_GRAD;
}

static gd_status close_bucket(gd_lowering *lowering, gd_bucket *bucket, gd_error *error)
{
    gd_plan_set *set = lowering->set;
    const gd_block blocks[] = {{GD_DPARAM(0), GD_SPACE_GRAD}, {GD_PARAM(0), GD_SPACE_ACCUM}};
    const gd_range range = {bucket->begin, bucket->end};
    const int number = (int)(bucket - lowering->bucket);
    gd_step step;
    bucket->missing = -1;
    if (gradients_of(set) == GD_SPACE_ACCUM) {
        GD_TRY(gd_lower_range(lowering, "accumulate", number, GD_BACKWARD, NULL, range, blocks, 2, &step, error));
        GD_TRY(gd_lower_step(lowering, &step, error));
    }
    return set->options.comm ? reduce(lowering, bucket, gradients_of(set), error) : GD_OK;
}

gd_status gd_buckets_written(gd_lowering *lowering, const gd_step *step, gd_error *error)
{
    const gd_plan *plan = lowering->plan;
    const size_t element = gd_type_bytes(lowering->set->real);
    for (int i = 0; i < GD_MAX_PARAM; i++) {
        if (step->slot[GD_DPARAM(i)] < 0)
            continue;
        int64_t at = (int64_t)(plan->slot[step->slot[GD_DPARAM(i)]].offset / element);
        for (int b = 0; b < lowering->n_buckets; b++) {
            gd_bucket *bucket = &lowering->bucket[b];
            if (at >= bucket->begin && at < bucket->end && --bucket->missing == 0)
                GD_TRY(close_bucket(lowering, bucket, error));
        }
    }
    return GD_OK;
}

gd_status gd_buckets_close(gd_lowering *lowering, gd_error *error)
{
    for (int b = 0; b < lowering->n_buckets; b++) {
        if (lowering->bucket[b].missing > 0)
            GD_TRY(close_bucket(lowering, &lowering->bucket[b], error));
    }
    for (int b = 0; b < lowering->n_buckets; b++) {
        const gd_bucket *bucket = &lowering->bucket[b];
        if (bucket->reduced >= 0)
            GD_TRY(lower_cast(lowering, "widen", bucket, GD_SPACE_WIRE, gradients_of(lowering->set), bucket->reduced,
                              error));
    }
    return GD_OK;
}
