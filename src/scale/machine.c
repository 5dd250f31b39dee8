// SPDX-License-Identifier: Apache-2.0
/* Machines by name and by file. */
#include "scale/machine.h"

#include "base/field.h"
#include "base/file.h"
#include "base/json.h"

#include <string.h>

/* Shares of the peaks that library kernels reach: GEMMs 60 to 80% of the tensor cores' (A100: CUTLASS 77%, cuBLAS 80%,
 * NVIDIA/cutlass issues 105 and 106), streaming kernels 80 to 90% of the memory's. Not fitted. */
#define FLOPS_REACHED 0.7
#define MEMORY_REACHED 0.8

/* A short kernel in a CUDA graph takes 3.4 us on a V100 (A. Gray, "Getting started with CUDA graphs", NVIDIA, 2019). */
#define LEAST 3.4

/* NVLinks of a GPU times what NCCL counts on per link, GB/s (NVIDIA/nccl, src/graph/topo.h: 20, 20 and 20.6; tuning.cc
 * stops at 235 on an A100). */
#define LINK_V100 (6 * 20.0)
#define LINK_A100 235
#define LINK_H100 (18 * 20.6)

/* Of a network's line rate NCCL reaches 85 to 96% over InfiniBand (NVIDIA/nccl-tests issue 119); over TCP two p3dn
 * reach 6 GB/s of 12.5 (NVIDIA/nccl issue 398), as their processors set the limit, which 25 Gb/s stays below. */
#define NETWORK_REACHED 0.9
#define NETWORK_P3DN 6

/* THE ONE FITTED NUMBER. Ranks wait for the slowest, so that 8 lose 1.42 times the spread of their step times. Eight
 * A100 are 7.76 times as fast as one in mixed precision and 7.82 times in tf32 (NVIDIA's MXNet ResNet-50 v1.5, DGX
 * A100), of which sums that overlap with backward take next to nothing. */
#define SPREAD 0.0185

/* clang-format off */
#define GPUS(count, half, bf16, single, bandwidth, links, line_rate)                                                   \
    .ranks = (count), .tflops_16 = (half), .has_bf16 = (bf16), .tflops_32 = (single), .memory = (bandwidth),           \
    .flops_reached = FLOPS_REACHED, .memory_reached = MEMORY_REACHED, .least = LEAST,                                  \
    .collectives = GD_COLLECTIVES_NCCL, .link = (links), .network = (line_rate), .overlap = 1, .spread = SPREAD
/* clang-format on */

/* Peaks are the makers': V100 SXM2, A100 SXM (40 GB: 1,555 GB/s; 80 GB: 2,039), H100 SXM, dense. */
static const gd_machine machines[] = {
    {"p3.16xlarge", GPUS(8, 125, false, 15.7, 900, LINK_V100, 25 / 8.0 * NETWORK_REACHED)},
    {"p3dn", GPUS(8, 125, false, 15.7, 900, LINK_V100, NETWORK_P3DN)},
    {"dgx-1", GPUS(8, 125, false, 15.7, 900, LINK_V100, 4 * 100 / 8.0 * NETWORK_REACHED)},
    {"dgx-2", GPUS(16, 125, false, 15.7, 900, LINK_V100, 8 * 100 / 8.0 * NETWORK_REACHED)},
    {"dgx-a100", GPUS(8, 312, true, 19.5, 2039, LINK_A100, 8 * 200 / 8.0 * NETWORK_REACHED)},
    {"dgx-h100", GPUS(8, 989, true, 67, 3350, LINK_H100, 8 * 400 / 8.0 * NETWORK_REACHED)},
};
enum { MACHINES = sizeof machines / sizeof *machines };

static const gd_field fields[] = {
    GD_FIELD_TEXT(gd_machine, name, NULL, "what it is called"),
    GD_FIELD_INT(gd_machine, ranks, NULL, 1, 1024, "ranks on one machine"),
    GD_FIELD_REAL(gd_machine, tflops_32, NULL, 1e-6, 1e6, "peak of a rank in fp32, TFLOP/s"),
    GD_FIELD_REAL(gd_machine, tflops_16, NULL, 1e-6, 1e6, "peak of a rank in fp16, TFLOP/s"),
    GD_FIELD_BOOL(gd_machine, has_bf16, NULL, "bf16 at the rate of fp16"),
    GD_FIELD_REAL(gd_machine, memory, NULL, 1e-3, 1e6, "peak of a rank's memory, GB/s"),
    GD_FIELD_REAL(gd_machine, flops_reached, NULL, 0.01, 1, "share of the peak rate that kernels reach"),
    GD_FIELD_REAL(gd_machine, memory_reached, NULL, 0.01, 1, "share of the memory's peak that kernels reach"),
    GD_FIELD_REAL(gd_machine, feed, "0", 0, 1e6,
                  "bandwidth at which convolutions and linear layers get their operands, in time that adds to their "
                  "arithmetic's, GB/s; 0: that is hidden"),
    GD_FIELD_REAL(gd_machine, least, NULL, 0, 1e6, "what the shortest step takes, us"),
    GD_FIELD_CHOICE(gd_machine, collectives, NULL, "nccl ring", "how sums are made"),
    GD_FIELD_REAL(gd_machine, link, NULL, 1e-6, 1e6, "bus bandwidth of a sum on one machine, GB/s"),
    GD_FIELD_REAL(gd_machine, network, NULL, 0, 1e6, "and over several machines, GB/s; 0: none is known"),
    GD_FIELD_REAL(gd_machine, start, NULL, 0, 1e9, "latency of a sum by ring, us"),
    GD_FIELD_REAL(gd_machine, hop, NULL, 0, 1e9, "and of each hop of it, us"),
    GD_FIELD_REAL(gd_machine, overlap, NULL, 0, 1, "share of a sum's time that takes nothing from computing"),
    GD_FIELD_REAL(gd_machine, spread, NULL, 0, 1, "standard deviation of a rank's step times / mean"),
    {0},
};

static gd_status read_file(const char *path, gd_arena *arena, gd_machine *machine, gd_error *error)
{
    enum { MOST_BYTES = 1 << 16 };
    char *text;
    size_t bytes;
    gd_attr *root;
    const char *name = gd_arena_text(arena, path);
    if (!name)
        return gd_fail(error, GD_NOMEM, "out of memory for a machine");
    GD_TRY(gd_file_read(path, MOST_BYTES, arena, &text, &bytes, error));
    GD_TRY(gd_json_parse(arena, name, text, bytes, (gd_json_limits){0}, &root, error));
    if (root->kind != GD_ATTR_MAP)
        return gd_fail_at(error, GD_INVALID, root->place, "a machine is an object, as `griddle bench dist` writes it");
    return gd_fields_read(fields, machine, root, arena, error);
}

gd_status gd_machine_find(const char *name_or_path, gd_arena *arena, gd_machine *machine, gd_error *error)
{
    gd_text names = {0};
    for (int i = 0; i < MACHINES; i++) {
        if (strcmp(name_or_path, machines[i].name) == 0) {
            *machine = machines[i];
            return GD_OK;
        }
    }
    for (int i = 0; i < MACHINES; i++)
        gd_text_add(&names, "%s, ", machines[i].name);
    gd_status status =
        gd_file_exists(name_or_path)
            ? read_file(name_or_path, arena, machine, error)
            : gd_fail(error, GD_INVALID,
                      "no machine is called '%s', and there is no such file; there are %sand what `griddle bench dist "
                      "--describe FILE` writes",
                      name_or_path, names.at ? names.at : "");
    gd_text_release(&names);
    return status;
}

gd_status gd_machine_print(const gd_machine *machine, gd_arena *arena, gd_text *out, gd_error *error)
{
    const gd_attr *tree = gd_fields_print(fields, machine, arena);
    if (!tree)
        return gd_fail(error, GD_NOMEM, "out of memory for a machine");
    GD_TRY(gd_attr_print_json(tree, out));
    return gd_text_status(out, error);
}
