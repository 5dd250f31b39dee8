// SPDX-License-Identifier: Apache-2.0
/* Random valid nets: every way to compute one must give the same loss and gradients.
 *
 * A net is a config text with `network: layers`, made from a seed; so a failure can be run, read and shrunk. */
#ifndef GD_TESTS_NETS_H
#define GD_TESTS_NETS_H

#include "base/text.h"
#include "config/config.h"
#include "net/net.h"
#include "plan/plan.h"

enum { NETS_MAX_LAYERS = 12 };

/* A net as a list of independent pieces of YAML, so that shrinking can leave some out. */
typedef struct nets_case {
    uint64_t seed;
    int height, width, channels, classes, batch, group;
    double label_smoothing;
    int n_layers;
    char layer[NETS_MAX_LAYERS][1500];
} nets_case;

void nets_generate(uint64_t seed, nets_case *made);

/* The config that `griddle` reads, with how to show it as a comment at its head. */
void nets_print(const nets_case *net, gd_text *out);

/* One way to compute a net. */
typedef struct nets_variant {
    const char *name;
    gd_type precision;
    uint32_t passes;
    uint64_t shuffle;
    bool poison, all_reduce;
} nets_variant;

/* What comes out: the loss, and the gradient of every trained parameter, as doubles. */
typedef struct nets_answer {
    double loss;
    int64_t n;
    double *gradient; /* (n), malloc'd */
    int n_segments;
    gd_segment *segment; /* (n_segments), malloc'd; names borrow from `arena` */
    gd_arena arena;
} nets_answer;
gd_status nets_run(const nets_case *net, const nets_variant *variant, nets_answer *answer, gd_error *error);
void nets_answer_release(nets_answer *answer);

/* Inputs of a net's training plan, drawn from its seed: images, draws, targets. */
void nets_fill_inputs(const nets_case *net, const gd_plan_set *set);

/* Runs every variant against the double build. "" in `complaint` when all agree; else the first that does not. Returns
 * INVALID only where the net cannot be built. */
gd_status nets_check(const nets_case *net, char *complaint, size_t bytes);

/* Leaves out layers as long as the complaint stays. */
void nets_shrink(nets_case *net);

#endif
