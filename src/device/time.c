// SPDX-License-Identifier: Apache-2.0
#include "device/device.h"

typedef struct recording {
    const gd_device *device;
    gd_stream *stream;
    gd_graph *graph;
} recording;

static gd_status replay(void *argument)
{
    const recording *r = argument;
    return r->device->replay(r->graph, r->stream);
}

gd_status gd_device_time(const gd_device *device, gd_stream *stream, gd_status (*work)(void *argument), void *argument,
                         double *seconds, gd_error *error)
{
    if (!device->capture_begin)
        return device->time(stream, work, argument, seconds, error);
    recording r = {device, stream, NULL};
    GD_TRY(device->capture_begin(stream, error));
    gd_status status = work(argument);
    gd_status ended = device->capture_end(stream, &r.graph, error);
    if (status == GD_OK)
        status = ended;
    if (status == GD_OK)
        status = device->replay(r.graph, stream); /* brings the graph there */
    if (status == GD_OK)
        status = device->time(stream, replay, &r, seconds, error);
    device->graph_free(r.graph);
    return status;
}
