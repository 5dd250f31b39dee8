// SPDX-License-Identifier: Apache-2.0
/* A machine as far as the time of a training step hangs on it: what one rank computes and moves, and how fast ranks sum
 * what they have. Some are known by name; `griddle bench dist` measures the one it runs on and describes it in JSON. */
#ifndef GD_SCALE_MACHINE_H
#define GD_SCALE_MACHINE_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How sums are made: as NCCL does over NVLink, with the algorithm that is fastest by NCCL's own numbers, or by one ring
 * as it was measured. */
typedef enum gd_collectives { GD_COLLECTIVES_NCCL, GD_COLLECTIVES_RING } gd_collectives;

typedef struct gd_machine {
    const char *name;
    double tflops_32, tflops_16;          /* peak of a rank in fp32 and fp16, TFLOP/s */
    double memory;                        /* peak of a rank's memory, GB/s */
    double flops_reached, memory_reached; /* shares of those peaks that good kernels reach */
    double feed;  /* a processor without spare threads computes and loads by turns: the bandwidth at which products get
                     their operands, in time that adds to their arithmetic's, GB/s; 0: that is hidden */
    double least; /* what the shortest step takes, us */
    double link;  /* bus bandwidth of a sum on one machine (gd_wire_bytes / time), GB/s */
    double network;    /* and of one over several machines; 0: none is known */
    double start, hop; /* a measured ring's latencies, us: of a sum, of each of its 2 (ranks - 1) hops */
    double overlap;    /* share of a sum's time that takes nothing from what is computed meanwhile */
    double spread;     /* of a rank's step times: standard deviation / mean */
    int ranks;         /* on one machine */
    int collectives;   /* gd_collectives */
    bool has_bf16;     /* at the rate of fp16 */
} gd_machine;

/* The machine of that name, or the one that a file describes; texts are in `arena`. INVALID names the machines. */
gd_status gd_machine_find(const char *name_or_path, gd_arena *arena, gd_machine *machine, gd_error *error);

/* As a file describes it: one JSON object. */
gd_status gd_machine_print(const gd_machine *machine, gd_arena *arena, gd_text *out, gd_error *error);

/* Seconds that `ranks` ranks on such machines need for a sum of so many bytes. */
double gd_machine_sum_seconds(const gd_machine *machine, double bytes, int ranks);

#ifdef __cplusplus
}
#endif
#endif
