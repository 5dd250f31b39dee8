// SPDX-License-Identifier: Apache-2.0
#include "collective.h"

#include <stdio.h>
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
    return gd_nccl_open(number("RANK", 0), number("WORLD_SIZE", 1), NULL, &c->comm, error);
}

void collective_close(collective *c)
{
    if (c->comm)
        c->comm->close(c->comm);
}

/* NCCL's version; exit code 77 and the reason where there is none of use. */
static gd_status say_version(gd_command *command, gd_error *error)
{
    const gd_device *device;
    const gd_comm *comm;
    gd_error why = {0};
    GD_TRY(gd_device_open_cuda(&device, error));
    if (*gd_nccl_version())
        return printf("%s\n", gd_nccl_version()) > 0 ? GD_OK : GD_IO;
    gd_nccl_open(0, 1, NULL, &comm, &why);
    printf("%s\n", why.message);
    command->exit_code = 77;
    return GD_OK;
}

static const gd_option train_options[] = {
    GD_OPTION_SET,
    {"--comm", NULL, "NAME", "nccl, the default; self: alone; none"},
    {"--plant", NULL, "FAULT", "no-event: sums do not wait for backward; no-wait: updates do not wait for sums"},
    {0},
};

static const gd_verb verbs[] = {
    {"version", "", 0, 0, "of NCCL", "griddle-collective version\n", NULL, say_version},
    {"check", "", 0, 0, "numbers", "griddle-collective check\n", NULL, collective_check},
    {"abort", "", 0, 0, "a sum that never comes", "griddle-collective abort\n", NULL, collective_abort},
    {"train", "CONFIG RUN", 2, 2, "a run in a folder with a staged set",
     "griddle-collective train bars.yaml runs/bars\n", train_options, collective_train},
    {0},
};

int main(int argc, char **argv) { return gd_command_main(verbs, argc, argv); }
