// SPDX-License-Identifier: Apache-2.0
/* gd_train over a communicator. Faults of streams are planted here, in a copy of the device's table: what ships stays
 * as it is. */
#include "train/train.h"
#include "collective.h"
#include "comm/mpi.h"
#include "train/run.h"

#include <stdio.h>
#include <string.h>

static const gd_device *real;
static gd_stream *streams[2]; /* of the plan set: compute, communication */
static int n_streams;

static gd_status note_stream(gd_stream **stream, gd_error *error)
{
    gd_status status = real->stream_new(stream, error);
    if (status == GD_OK && n_streams < 2)
        streams[n_streams++] = *stream;
    return status;
}

static gd_status miss_event(gd_stream *stream, gd_event *event)
{
    return stream == streams[1] ? GD_OK : real->wait(stream, event);
}

static gd_status miss_wait(gd_stream *stream, gd_event *event)
{
    return stream == streams[0] ? GD_OK : real->wait(stream, event);
}

static gd_status plant(const char *fault, gd_device *device, gd_error *error)
{
    if (strcmp(fault, "no-event") != 0 && strcmp(fault, "no-wait") != 0)
        return gd_command_unknown("fault", fault, (const char *const[]){"no-event", "no-wait"}, 2, error);
    device->stream_new = note_stream;
    device->wait = strcmp(fault, "no-event") == 0 ? miss_event : miss_wait;
    return GD_OK;
}

static gd_status train(gd_command *command, collective *c, const gd_device *device, gd_error *error)
{
    const char *const *set;
    int n_set;
    gd_config config = {0};
    gd_train_result result = {0};
    gd_status status;
    gd_run_path staged = gd_run_file(command->word[1], "staged.safetensors");
    GD_TRY(gd_command_values(command, "--set", &set, &n_set, error));
    GD_TRY_TO(done, gd_config_read(command->word[0], set, n_set, &config, error));
    const gd_train_options options = {
        .config = &config, .run = command->word[1], .staged = staged.text, .device = device, .comm = c->comm};
    GD_TRY_TO(done, gd_train(&options, &result, error));
    printf("ok train: %d epochs, loss %.9g\n", result.epochs, result.train_loss);
done:
    gd_config_release(&config);
    return status;
}

static gd_status open_named(const char *name, collective *c, gd_error *error)
{
    if (!name || strcmp(name, "nccl") == 0)
        return collective_open(c, error);
    if (strcmp(name, "mpi") == 0) {
        c->device = &gd_device_cpu;
        return gd_mpi_open(&c->comm, error);
    }
    c->comm = strcmp(name, "self") == 0 ? &gd_comm_self : NULL;
    return gd_device_open_cuda(&c->device, error);
}

gd_status collective_train(gd_command *command, gd_error *error)
{
    const char *fault = gd_command_option(command, "--plant");
    collective c = {0};
    gd_device device;
    gd_status status = open_named(gd_command_option(command, "--comm"), &c, error);
    if (status == GD_OK) {
        real = c.device;
        device = *c.device;
    }
    if (status == GD_OK && fault)
        status = plant(fault, &device, error);
    if (status == GD_OK)
        status = train(command, &c, &device, error);
    collective_close(&c, status == GD_OK ? NULL : error);
    return status;
}
