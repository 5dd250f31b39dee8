// SPDX-License-Identifier: Apache-2.0
/* Random valid nets: every way to compute one must give the same loss and gradients.
 *
 * A net is a config text with `network: layers`, made from a seed; so a failure can be run, read and shrunk. */
#ifndef GD_TESTS_NETS_H
#define GD_TESTS_NETS_H

#include "base/text.h"
#include "comm/shard.h"
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
    const gd_device *device; /* NULL: the CPU */
    gd_type precision;
    uint32_t passes;
    uint64_t shuffle;
    bool poison, all_reduce;
    size_t bucket_bytes; /* of the all-reduce; 0: by the model's size */
    int ranks;           /* that share the batch, as many as it has groups at most; 0: one */
    const gd_comm *comm; /* of one of several ranks, set by nets_run */
    double loss_scale;   /* 0: 1; the answer is without it */
    double noise;        /* (double only) share by which all that a step writes, and parameters, are moved at most */
    uint64_t draw;       /* of the noise */
} nets_variant;
extern const nets_variant nets_truth; /* in double */

/* A net lowered so, its parameters and inputs in place. */
typedef struct nets_lowered {
    gd_config config;
    gd_net *net; /* as it was before passes */
    gd_plan_set *set;
    gd_shard shard; /* of the batch */
    gd_type real;   /* of its parameters */
} nets_lowered;
gd_status nets_lower(const nets_case *net, const nets_variant *variant, nets_lowered *lowered, gd_error *error);
void nets_lowered_release(nets_lowered *lowered); /* whatever nets_lower returned */

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

/* How far an answer may lie from the truth: the loss, and of every segment the norm of the difference. */
enum { NETS_MAX_SEGMENTS = 200 };
typedef struct nets_room {
    double loss, segment[NETS_MAX_SEGMENTS];
} nets_room;

/* The room that `precision` needs for this net: some times what rounding at that precision does to `want`, measured by
 * rounding double at random (compare.c). */
gd_status nets_room_measure(const nets_case *net, const nets_answer *want, gd_type precision, nets_room *room,
                            gd_error *error);

/* Is `got` within the room around `want`? If not, the first departure is in `complaint`. */
bool nets_agree(const nets_answer *got, const nets_answer *want, const nets_room *room, char *complaint, size_t bytes);

/* Runs every variant on `device` against the double build on the CPU. Where one differs, `complaint` says how. VAGUE:
 * none does, but rounding in fp32 moves a gradient by more than a tenth of all, so that agreeing says little. Fails
 * only where the net cannot be built. */
typedef enum nets_verdict { NETS_AGREE, NETS_VAGUE, NETS_DIFFER } nets_verdict;
gd_status nets_check(const nets_case *net, const gd_device *device, nets_verdict *verdict, char *complaint,
                     size_t bytes, gd_error *error);

/* Leaves out layers as long as the net differs. */
void nets_shrink(nets_case *net, const gd_device *device);

/* ---- what ranks share: buckets.c ---- */

/* Plans the net for a number of ranks, a size of buckets and a precision on the wire that its seed draws; `way` says
 * which. "" in *complaint where shares, buckets and events are as they must be; a constant text. */
gd_status nets_check_buckets(const nets_case *net, const char **complaint, char *way, size_t bytes, gd_error *error);

/* ---- against PyTorch: golden.c ---- */

/* What PyTorch needs to compute a net: safetensors with its `graph`, its `config`, its parameters and inputs. */
gd_status nets_describe(const nets_case *net, const char *path, gd_error *error);

/* Holds the net of a golden file against the loss and the gradients in it. "" in `complaint` where they agree. */
gd_status nets_against(const char *path, char *complaint, size_t bytes, gd_error *error);

#endif
