// SPDX-License-Identifier: Apache-2.0
/* How long a sum over ranks takes.
 *
 *     ring    2 (N - 1) hops, one after another; each rank sends 2 (N - 1) / N of the bytes. M machines: 2 (M - 1) of
 * the hops go over the network, and all bytes pass each machine's network once tree    up and down a chain on each
 * machine and a binary tree over machines; each rank sends 2 times the bytes
 *
 * Latencies, shares of bandwidth and the form of the law are those by which NCCL itself chooses (NVIDIA/nccl, commit
 * 01afd20a77, src/graph/tuning.cc). */
#include "plan/plan.h"
#include "scale/machine.h"

#include <math.h>

typedef struct algorithm {
    double start, link, network; /* latencies: of the sum, of a hop by NVLink, of one over the network, us */
    double share;                /* of the bus bandwidth */
    bool tree;
    bool has_plateau; /* large sums over several machines have 1.9 times the latency */
} algorithm;

static const algorithm nccl[] = {
    {8.4, 3.4, 9.6, 1, false, true},        /* ring, simple protocol */
    {3.6, 0.47, 2.7, 0.25, false, false},   /* ring, low latency */
    {0, 28, 50, 0.9, true, false},          /* tree, simple protocol, in chunks of 256 KiB */
    {4.4, 0.52, 5, 0.9 / 3.8, true, false}, /* tree, low latency */
};

static double seconds(const algorithm *a, double bus, double bytes, int ranks, int machines)
{
    const double hops = a->tree ? 2 * ((double)ranks / machines - 1) : 2.0 * (ranks - machines),
                 far_hops = a->tree ? 2 * log2(machines) : 2.0 * (machines - 1);
    const bool plateau = a->has_plateau && machines > 1 && bytes >= ranks / 16.0 * 65536;
    const double latency = a->start + hops * a->link + far_hops * a->network;
    return latency * (plateau ? 1.9 : 1) * 1e-6 +
           (a->tree ? 2 * bytes : gd_wire_bytes(bytes, ranks)) / (bus * a->share * 1e9);
}

double gd_machine_sum_seconds(const gd_machine *machine, double bytes, int ranks)
{
    const int machines = (ranks + machine->ranks - 1) / machine->ranks;
    const double bus = machines > 1 && machine->network < machine->link ? machine->network : machine->link;
    const algorithm measured = {machine->start, machine->hop, machine->hop, 1, false, false};
    double best = INFINITY;
    if (ranks == 1)
        return 0;
    if (machine->collectives == GD_COLLECTIVES_RING)
        return seconds(&measured, bus, bytes, ranks, machines);
    for (size_t i = 0; i < sizeof nccl / sizeof *nccl; i++)
        best = fmin(best, seconds(&nccl[i], bus, bytes, ranks, machines));
    return best;
}
