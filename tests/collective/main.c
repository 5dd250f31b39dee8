// SPDX-License-Identifier: Apache-2.0
#include "collective.h"

#include "comm/mpi.h"

#include <stdlib.h>

static int number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text && *text ? (int)strtol(text, NULL, 10) : otherwise;
}

gd_status collective_open(collective *c, gd_error *error)
{
    *c = (collective){0};
    GD_TRY(gd_device_open_cuda(&c->device, error));
    if (getenv("OMPI_COMM_WORLD_SIZE"))
        GD_TRY(gd_mpi_open(&c->over, error));
    if (c->over)
        return gd_nccl_open(c->over->rank, c->over->ranks, c->over, &c->comm, error);
    return gd_nccl_open(number("RANK", 0), number("WORLD_SIZE", 1), NULL, &c->comm, error);
}

void collective_close(collective *c, const gd_error *failure)
{
    if (c->comm && failure)
        c->comm->abort(c->comm, failure->message);
    if (c->comm && c->comm->close)
        c->comm->close(c->comm);
    if (c->over)
        c->over->close(c->over);
}

static const gd_option train_options[] = {
    GD_OPTION_SET,
    {"--comm", NULL, "NAME", "nccl, the default; mpi: on the CPU; self: alone; none"},
    {"--resume", NULL, NULL, "go on from the checkpoint"},
    {"--plant", NULL, "FAULT", "no-event: sums do not wait for backward; no-wait: updates do not wait for sums"},
    {0},
};

static const gd_verb verbs[] = {
    {"check", "", 0, 0, "numbers", "griddle-collective check\n", NULL, collective_check},
    {"abort", "", 0, 0, "a sum that never comes", "griddle-collective abort\n", NULL, collective_abort},
    {"hang", "", 0, 0, "sums until a rank is gone", "griddle-collective hang\n", NULL, collective_hang},
    {"train", "CONFIG RUN", 2, 2, "a run in a folder with a staged set",
     "griddle-collective train bars.yaml runs/bars\n", train_options, collective_train},
    {0},
};

int main(int argc, char **argv) { return gd_command_main(verbs, argc, argv); }
