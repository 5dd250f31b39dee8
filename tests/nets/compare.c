// SPDX-License-Identifier: Apache-2.0
#include "nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole net's error is bounded by what its layers lose, some `epsilon` of what passes through each, amplified by the
 * condition of what follows (a batch norm over few values divides by a small deviation). Measured against the size of
 * all gradients, some thousand epsilon leave room for that and none for a mistake, which shows at the size of a
 * gradient. In bf16 that room is the size of a gradient: only the gross is seen there, the rest is the kernels' own
 * tests'. */
static double limit_of(gd_type precision) { return precision == GD_BF16 ? 2 : 4000 * gd_type_epsilon(precision); }

bool nets_agree(const nets_answer *got, const nets_answer *want, gd_type precision, char *complaint, size_t bytes)
{
    double limit = limit_of(precision), all = 0;
    for (int64_t i = 0; i < want->n; i++)
        all += want->gradient[i] * want->gradient[i];
    all = sqrt(all);
    if (!(fabs(got->loss - want->loss) <= limit * fmax(1, fabs(want->loss)))) {
        snprintf(complaint, bytes, "loss is %.9g where %.9g is wanted", got->loss, want->loss);
        return false;
    }
    for (int s = 0; s < want->n_segments; s++) {
        const gd_segment *segment = &want->segment[s];
        double off = 0;
        for (int64_t i = segment->offset; i < segment->offset + segment->count; i++)
            off += (got->gradient[i] - want->gradient[i]) * (got->gradient[i] - want->gradient[i]);
        if (!(sqrt(off) <= limit * all)) {
            snprintf(complaint, bytes, "gradient of %s is off by %.3g of %.3g", segment->name, sqrt(off), all);
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

static bool is_finite(const nets_answer *answer)
{
    double sum = answer->loss;
    for (int64_t i = 0; i < answer->n; i++)
        sum += fabs(answer->gradient[i]);
    return isfinite(sum);
}

/* Does the gradient hang on last bits, whoever computes it? A value may lie on the kink of a relu, two may tie in a max
 * pool, a batch norm may divide by next to nothing. Then double departs from itself, and by more than the limit, when
 * the parameters move by a small part of the limit. */
static bool is_touchy(const nets_case *net, const nets_answer *want, gd_type precision)
{
    enum { DRAWS = 8, CONDITION = 250 };
    bool touchy = false;
    nets_variant nudged = nets_truth;
    nudged.nudge = (float)limit_of(precision) / CONDITION;
    for (nudged.nudges = 1; !touchy && nudged.nudges <= DRAWS; nudged.nudges++) {
        nets_answer got;
        char why[300];
        touchy = nets_run(net, &nudged, &got, NULL) == GD_OK && !nets_agree(&got, want, precision, why, sizeof why);
        nets_answer_release(&got);
    }
    return touchy;
}

gd_status nets_check(const nets_case *net, nets_verdict *verdict, char *complaint, size_t bytes, gd_error *error)
{
    static const nets_variant variants[] = {
        {.name = "fp32", .precision = GD_F32, .passes = GD_PASS_ALL},
        {.name = "fp32 poisoned", .precision = GD_F32, .passes = GD_PASS_ALL, .poison = true},
        {.name = "fp32 with all-reduce", .precision = GD_F32, .passes = GD_PASS_ALL, .all_reduce = true},
        {.name = "fp32 unfused", .precision = GD_F32, .poison = true},
        {.name = "fp32, entries shuffled 1", .precision = GD_F32, .passes = GD_PASS_ALL, .shuffle = 1, .poison = true},
        {.name = "fp32, entries shuffled 2", .precision = GD_F32, .shuffle = 2, .poison = true},
        {.name = "bf16", .precision = GD_BF16, .passes = GD_PASS_ALL, .poison = true},
        {.name = "bf16 unfused, entries shuffled", .precision = GD_BF16, .shuffle = 3, .poison = true},
        {.name = "double unfused", .precision = GD_F64, .poison = true},
    };
    enum { LIKE_FIRST = 3 }; /* the first ones differ in nothing that may change a bit */
    nets_answer want, first = {0};
    *verdict = NETS_AGREE;
    gd_status status = nets_run(net, &nets_truth, &want, error);
    for (size_t i = 0; status == GD_OK && *verdict != NETS_DIFFER && i < sizeof variants / sizeof *variants; i++) {
        const nets_variant *variant = &variants[i];
        nets_answer got;
        gd_error fault = {0};
        char why[300];
        if (nets_run(net, variant, &got, &fault) != GD_OK) {
            snprintf(complaint, bytes, "%s: %s", variant->name, fault.message);
            *verdict = NETS_DIFFER;
        } else if (!nets_agree(&got, &want, variant->precision, why, sizeof why)) {
            snprintf(complaint, bytes, "%s: %s", variant->name, why);
            *verdict = is_finite(&got) && is_touchy(net, &want, variant->precision) ? NETS_TOUCHY : NETS_DIFFER;
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

void nets_shrink(nets_case *net)
{
    char complaint[400];
    nets_verdict verdict;
    for (int i = 0; i < net->n_layers;) {
        nets_case less = *net;
        memmove(less.layer[i], less.layer[i + 1], sizeof less.layer[0] * (size_t)(less.n_layers - i - 1));
        less.n_layers--;
        if (nets_check(&less, &verdict, complaint, sizeof complaint, NULL) == GD_OK && verdict == NETS_DIFFER)
            *net = less; /* still wrong without this layer */
        else
            i++;
    }
}
