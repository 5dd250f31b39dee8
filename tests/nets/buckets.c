// SPDX-License-Identifier: Apache-2.0
/* What must hold of any plan that ranks share, whatever the net, the size of buckets and the number of ranks:
 *
 *     shares     are whole groups, follow one another and make up the batch
 *     buckets    cut the block of gradients without a gap or an overlap
 *     events     of a sum are signalled behind all that writes into its bucket, and nothing writes there later
 *     update     begins when the last sum is through
 *     all ranks  make the same sums in the same order
 */
#include "base/rng.h"
#include "comm/planned.h"
#include "kernel/all_reduce.h"
#include "nets.h"
#include "train/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sum {
    size_t begin, end; /* of its bucket, in bytes of the gradients, before they become narrow */
    size_t bytes;
} sum;

typedef struct sums {
    int n;
    sum at[400];
} sums;

/* Whether a step writes into [begin, end) of the block that is summed. */
static bool writes(const gd_plan *plan, const gd_step *step, gd_space space, size_t begin, size_t end)
{
    if (!step->op)
        return false;
    const uint32_t written = gd_op_writes(step->op, &step->problem, step->direction);
    for (int i = 0; i < GD_OPERANDS; i++) {
        const gd_slot *slot = step->slot[i] >= 0 && (written & GD_BIT(i)) ? &plan->slot[step->slot[i]] : NULL;
        if (slot && slot->space == space && slot->offset < end && slot->offset + slot->bytes > begin)
            return true;
    }
    return false;
}

static int signaller(const gd_plan *plan, int event)
{
    for (int s = 0; s < plan->n_steps; s++) {
        if (plan->step[s].signal == event)
            return s;
    }
    return -1;
}

/* The sums of a plan, in order; "" where all holds. `space`: where gradients are when they are complete. */
static const char *take_sums(const gd_plan *plan, gd_space space, size_t element, sums *found)
{
    int last = -1, ready = -1;
    found->n = 0;
    for (int s = 0; s < plan->n_steps; s++) {
        const gd_step *step = &plan->step[s];
        if (!step->op || strcmp(step->op->name, "all_reduce") != 0)
            continue;
        const gd_slot *slot = &plan->slot[step->slot[ALL_REDUCE_DW]];
        const gd_desc desc = step->problem.desc[ALL_REDUCE_DW];
        const size_t begin = slot->offset / gd_type_bytes(desc.type) * element,
                     end = begin + (size_t)gd_desc_count(desc) * element;
        const int signalled = signaller(plan, step->wait);
        if (found->n == (int)(sizeof found->at / sizeof *found->at))
            return "more sums than a test expects";
        found->at[found->n++] = (sum){begin, end, gd_step_reduced_bytes(step)};
        if (step->stream != 1 || step->phase != GD_REDUCE)
            return "a sum is not on the communication stream";
        if (signalled < 0 || signalled >= s || plan->step[signalled].stream != 0)
            return "a sum waits for nothing that is computed before it";
        if (signalled < ready)
            return "sums are not in the order in which their gradients are complete";
        for (int w = 0; w < plan->n_steps; w++) {
            const bool behind = w > signalled && plan->step[w].phase <= GD_BACKWARD;
            if (behind && writes(plan, &plan->step[w], space, begin, end))
                return "something is written into a bucket behind its event";
        }
        ready = signalled;
        last = s;
    }
    if (last < 0)
        return "no sums";
    for (int s = last + 1; s < plan->n_steps; s++) { /* what uses them is behind the last one's event */
        if (plan->step[s].wait >= 0 && plan->step[s].wait == plan->step[last].signal)
            return "";
        if (plan->step[s].phase > GD_REDUCE)
            return "the update does not wait for the last sum";
    }
    return "nothing waits for the last sum";
}

static int by_begin(const void *a, const void *b)
{
    const sum *x = a, *y = b;
    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* That they cut [0, bytes) into pieces. */
static const char *check_cut(const sums *found, size_t bytes)
{
    sums sorted = *found;
    size_t at = 0;
    qsort(sorted.at, (size_t)sorted.n, sizeof *sorted.at, by_begin);
    for (int i = 0; i < sorted.n; i++) {
        if (sorted.at[i].begin != at)
            return "buckets leave a gap, or overlap";
        at = sorted.at[i].end;
    }
    return at == bytes ? "" : "buckets do not end where the gradients do";
}

/* One rank's plan. */
static gd_status check_rank(const nets_case *net, const gd_config *config, int rank, int ranks, sums *found,
                            gd_shard *shard, const char **complaint, gd_error *error)
{
    static const double mean[3] = {120, 125, 130}, deviation[3] = {60, 65, 70};
    const gd_build_input input = {net->height, net->width, net->channels, net->classes, mean, deviation};
    const gd_comm comm = gd_comm_planned(rank, ranks);
    const gd_space space = config->train.accumulate > 1 ? GD_SPACE_ACCUM : GD_SPACE_GRAD;
    gd_train_set set;
    GD_TRY(gd_train_set_plan(config, &input, NULL, &comm, &set, error));
    const size_t element = gd_type_bytes(set.precision == GD_F64 ? GD_F64 : GD_F32);
    *shard = set.shard;
    if (set.shard.images <= 0 || set.shard.first % set.group != 0) {
        *complaint = "a share is not of whole groups";
        gd_train_set_release(&set);
        return GD_OK;
    }
    *complaint = take_sums(gd_plan_set_plan(set.plans, 0), space, element, found);
    if (!(*complaint)[0])
        *complaint = check_cut(found, gd_plan_set_bytes(set.plans, GD_SPACE_PARAM) + element); /* and the votes */
    gd_train_set_release(&set);
    return GD_OK;
}

static gd_status check_ranks(const nets_case *net, const gd_config *config, int ranks, const char **complaint,
                             gd_error *error)
{
    sums first, own;
    int next = 0;
    for (int rank = 0; rank < ranks; rank++) {
        gd_shard shard;
        GD_TRY(check_rank(net, config, rank, ranks, rank == 0 ? &first : &own, &shard, complaint, error));
        if ((*complaint)[0])
            return GD_OK;
        if (rank > 0 && (own.n != first.n || memcmp(own.at, first.at, sizeof *own.at * (size_t)own.n) != 0))
            *complaint = "ranks do not make the same sums";
        if (shard.first != next)
            *complaint = "shares do not follow one another";
        next += shard.images;
    }
    if (next != config->train.batch / config->train.accumulate)
        *complaint = "shares do not make up the batch";
    return GD_OK;
}

gd_status nets_check_buckets(const nets_case *net, const char **complaint, char *way, size_t bytes, gd_error *error)
{
    static const char *const widths[] = {"fp32", "bf16", "fp16"};
    const gd_philox r = gd_rng(net->seed, GD_RNG_TEST, 9, 0);
    const int accumulate = 1 + (int)(r.at[0] % 3), micro = net->batch * (1 + (int)(r.at[1] % 4)),
              group = net->group > 0 ? net->group : 1, groups = (micro + group - 1) / group,
              most = groups < 9 ? groups : 9, ranks = 1 + (int)(r.at[2] % (uint32_t)most);
    const double bucket = (double)(r.at[3] % 4096) / (1 << 20); /* up to 4 KiB, 0: by the net's size */
    gd_arena arena = {0};
    gd_text text = {0};
    gd_config config = {0};
    gd_status status = GD_NOMEM;
    const char *set[] = {gd_arena_printf(&arena, "train.accumulate=%d", accumulate),
                         gd_arena_printf(&arena, "train.batch=%d", accumulate * micro),
                         gd_arena_printf(&arena, "train.bucket_mb=%.9f", bucket),
                         gd_arena_printf(&arena, "train.reduce_precision=%s", widths[net->seed % 3]),
                         "train.precision=fp32"};
    enum { SETTINGS = sizeof set / sizeof *set };
    for (int i = 0; i < SETTINGS; i++) {
        if (!set[i])
            goto done;
    }
    snprintf(way, bytes, "%d ranks, %d images in groups of %d, %d micro-batches, buckets of %.0f bytes, %s", ranks,
             micro, net->group, accumulate, bucket * (1 << 20), widths[net->seed % 3]);
    nets_print(net, &text);
    GD_TRY_TO(done, gd_text_status(&text, error));
    GD_TRY_TO(done, gd_config_parse("net", text.at, text.length, set, SETTINGS, &config, error));
    status = check_ranks(net, &config, ranks, complaint, error);
done:
    gd_config_release(&config);
    gd_text_release(&text);
    gd_arena_release(&arena);
    return status;
}
