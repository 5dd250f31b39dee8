// SPDX-License-Identifier: Apache-2.0
#include "nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far apart two answers to one net are. */
static void distance(const nets_answer *a, const nets_answer *b, nets_room *apart)
{
    apart->loss = fabs(a->loss - b->loss);
    for (int s = 0; s < b->n_segments; s++) {
        const gd_segment *segment = &b->segment[s];
        double sum = 0;
        for (int64_t i = segment->offset; i < segment->offset + segment->count; i++)
            sum += (a->gradient[i] - b->gradient[i]) * (a->gradient[i] - b->gradient[i]);
        apart->segment[s] = sqrt(sum);
    }
}

static double norm(const nets_answer *answer)
{
    double sum = 0;
    for (int64_t i = 0; i < answer->n; i++)
        sum += answer->gradient[i] * answer->gradient[i];
    return sqrt(sum);
}

/* What rounding does to a net hangs on its condition: a batch norm over few values divides by a small deviation, a
 * value may lie on the kink of a relu, two may tie in a max pool. So it is measured: double runs again and again, and
 * each time all that a step writes is moved at random by up to an epsilon of the other precision (Parker, "Monte Carlo
 * arithmetic", 1997). What a variant may be off is FACTOR times the most that this moved a gradient (few draws do not
 * see the worst, and sums round at each term where a draw moves their result), and FLOOR epsilon of all gradients. */
gd_status nets_room_measure(const nets_case *net, const nets_answer *want, gd_type precision, nets_room *room,
                            gd_error *error)
{
    enum { DRAWS = 12, FACTOR = 16, FLOOR = 32 };
    double epsilon = gd_type_epsilon(precision);
    *room = (nets_room){0};
    if (want->n_segments > NETS_MAX_SEGMENTS)
        return gd_fail(error, GD_INVALID, "net %llu has more parameters than a room", (unsigned long long)net->seed);
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        nets_variant noisy = nets_truth;
        nets_answer got;
        nets_room apart;
        noisy.noise = epsilon;
        noisy.draw = draw;
        gd_status status = nets_run(net, &noisy, &got, error);
        if (status == GD_OK) {
            distance(&got, want, &apart);
            room->loss = fmax(room->loss, apart.loss);
            for (int s = 0; s < want->n_segments; s++)
                room->segment[s] = fmax(room->segment[s], apart.segment[s]);
        }
        nets_answer_release(&got);
        GD_TRY(status);
    }
    double all = norm(want);
    room->loss = FACTOR * room->loss + FLOOR * epsilon * fmax(1, fabs(want->loss));
    for (int s = 0; s < want->n_segments; s++)
        room->segment[s] = FACTOR * room->segment[s] + FLOOR * epsilon * all;
    return GD_OK;
}

bool nets_agree(const nets_answer *got, const nets_answer *want, const nets_room *room, char *complaint, size_t bytes)
{
    nets_room apart;
    distance(got, want, &apart);
    if (!(apart.loss <= room->loss)) {
        snprintf(complaint, bytes, "loss is %.9g where %.9g is wanted, give or take %.3g", got->loss, want->loss,
                 room->loss);
        return false;
    }
    for (int s = 0; s < want->n_segments; s++) {
        if (!(apart.segment[s] <= room->segment[s])) {
            snprintf(complaint, bytes, "gradient of %s is off by %.3g where rounding gives %.3g, of %.3g in all",
                     want->segment[s].name, apart.segment[s], room->segment[s], norm(want));
            return false;
        }
    }
    return true;
}

static bool same_bits(const nets_answer *a, const nets_answer *b)
{
    return a->n == b->n && a->loss == b->loss && memcmp(a->gradient, b->gradient, sizeof(double) * (size_t)a->n) == 0;
}

const nets_variant nets_truth = {.name = "double", .precision = GD_F64, .passes = GD_PASS_ALL};

/* Does agreeing within this room say much? */
static bool is_vague(const nets_answer *want, const nets_room *room)
{
    for (int s = 0; s < want->n_segments; s++)
        if (!(room->segment[s] <= 0.1 * norm(want)))
            return true;
    return false;
}

/* As training does with a gradient that is beyond f16: again with half the loss scale. */
static gd_status run_scaled(const nets_case *net, const nets_variant *variant, nets_answer *got, gd_error *error)
{
    nets_variant scaled = *variant;
    gd_status status = nets_run(net, &scaled, got, error);
    while (status == GD_OK && scaled.loss_scale > 1 && !isfinite(norm(got))) {
        nets_answer_release(got);
        scaled.loss_scale /= 2;
        status = nets_run(net, &scaled, got, error);
    }
    return status;
}

gd_status nets_check(const nets_case *net, const gd_device *device, nets_verdict *verdict, char *complaint,
                     size_t bytes, gd_error *error)
{
    static const nets_variant variants[] = {
        {.name = "fp32", .precision = GD_F32, .passes = GD_PASS_ALL},
        {.name = "fp32 poisoned", .precision = GD_F32, .passes = GD_PASS_ALL, .poison = true},
        {.name = "fp32 with all-reduce", .precision = GD_F32, .passes = GD_PASS_ALL, .all_reduce = true},
        {.name = "fp32, a bucket for each layer",
         .precision = GD_F32,
         .passes = GD_PASS_ALL,
         .all_reduce = true,
         .bucket_bytes = 1},
        {.name = "fp32 on 2 ranks", .precision = GD_F32, .passes = GD_PASS_ALL, .poison = true, .ranks = 2},
        {.name = "fp32 on 5 ranks, a bucket for each layer",
         .precision = GD_F32,
         .passes = GD_PASS_ALL,
         .poison = true,
         .bucket_bytes = 1,
         .ranks = 5},
        {.name = "double on 3 ranks", .precision = GD_F64, .poison = true, .bucket_bytes = 1000, .ranks = 3},
        {.name = "fp32 unfused", .precision = GD_F32, .poison = true},
        {.name = "fp32, entries shuffled 1", .precision = GD_F32, .passes = GD_PASS_ALL, .shuffle = 1, .poison = true},
        {.name = "fp32, entries shuffled 2", .precision = GD_F32, .shuffle = 2, .poison = true},
        {.name = "bf16", .precision = GD_BF16, .passes = GD_PASS_ALL, .poison = true},
        {.name = "bf16 unfused, entries shuffled", .precision = GD_BF16, .shuffle = 3, .poison = true},
        {.name = "fp16", .precision = GD_F16, .passes = GD_PASS_ALL, .poison = true, .loss_scale = 1024},
        {.name = "fp16 unfused, entries shuffled",
         .precision = GD_F16,
         .shuffle = 4,
         .poison = true,
         .loss_scale = 1024},
        {.name = "double unfused", .precision = GD_F64, .poison = true},
    };
    static const gd_type precisions[] = {GD_F64, GD_F32, GD_BF16, GD_F16};
    enum { LIKE_FIRST = 4 }; /* the first ones differ in nothing that may change a bit */
    nets_answer want, first = {0};
    nets_room room[GD_TYPES];
    gd_status status = nets_run(net, &nets_truth, &want, error);
    for (size_t i = 0; status == GD_OK && i < sizeof precisions / sizeof *precisions; i++)
        status = nets_room_measure(net, &want, precisions[i], &room[precisions[i]], error);
    *verdict = status == GD_OK && is_vague(&want, &room[GD_F32]) ? NETS_VAGUE : NETS_AGREE;
    for (size_t i = 0; status == GD_OK && *verdict != NETS_DIFFER && i < sizeof variants / sizeof *variants; i++) {
        nets_variant on_device = variants[i], *variant = &on_device;
        if (!device->is_host && (variant->precision == GD_F64 || variant->ranks > 1))
            continue; /* the references' alone; the ranks' communicator adds what lies on the host */
        variant->device = device;
        nets_answer got;
        gd_error fault = {0};
        char why[300];
        if (run_scaled(net, variant, &got, &fault) != GD_OK) {
            snprintf(complaint, bytes, "%s: %s", variant->name, fault.message);
            *verdict = NETS_DIFFER;
        } else if (!nets_agree(&got, &want, &room[variant->precision], why, sizeof why)) {
            snprintf(complaint, bytes, "%s: %s", variant->name, why);
            *verdict = NETS_DIFFER;
        } else if (i > 0 && i < LIKE_FIRST && !same_bits(&got, &first)) {
            snprintf(complaint, bytes, "%s: other bits than fp32", variant->name);
            *verdict = NETS_DIFFER;
        }
        if (i == 0)
            first = got;
        else
            nets_answer_release(&got);
    }
    nets_answer_release(&want);
    nets_answer_release(&first);
    return status;
}

void nets_shrink(nets_case *net, const gd_device *device)
{
    char complaint[400];
    nets_verdict verdict;
    for (int i = 0; i < net->n_layers;) {
        nets_case less = *net;
        memmove(less.layer[i], less.layer[i + 1], sizeof less.layer[0] * (size_t)(less.n_layers - i - 1));
        less.n_layers--;
        if (nets_check(&less, device, &verdict, complaint, sizeof complaint, NULL) == GD_OK && verdict == NETS_DIFFER)
            *net = less; /* still wrong without this layer */
        else
            i++;
    }
}
