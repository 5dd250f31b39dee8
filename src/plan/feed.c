// SPDX-License-Identifier: Apache-2.0
/* How a step's inputs reach a device that is not the host, without waiting for it:
 *
 *     host writes images, draws, targets        staging 0 | staging 1        one is filled while the other is copied
 *     gd_plan_run ── copy ──► INPUT, record ── steps ── copy ──► tally of that turn
 *
 * A staging buffer is written again only when the event behind its last run is reached. So the host runs ahead by one
 * run at most, and sees the tally of the run before. */
#include "plan/set.h"

#include <stdlib.h>
#include <string.h>

enum { TURNS = 2 };

typedef struct staging {
    unsigned char *input; /* INPUT as it will be */
    gd_record *record;
    gd_tally *tally; /* comes back */
    gd_event *done;
    bool written; /* by the host, since it was last copied */
    bool used;    /* since the tally was last pulled or pushed */
} staging;

struct gd_feed {
    gd_record *record; /* on the device */
    staging turn[TURNS];
    int now;
    void *memory; /* of all turns, in memory that copies read at speed */
};

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

gd_status gd_feed_new(gd_plan_set *set, gd_error *error)
{
    const gd_device *device = set->options.device;
    if (device->is_host)
        return GD_OK;
    gd_feed *feed = set->feed = calloc(1, sizeof *feed);
    if (!feed)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    size_t input = aligned(set->bytes[GD_SPACE_INPUT]), record = aligned(sizeof(gd_record)),
           tally = aligned(sizeof(gd_tally)), each = input + record + tally;
    void *on_device;
    GD_TRY(device->alloc(sizeof *feed->record, &on_device, error));
    feed->record = on_device;
    GD_TRY(device->alloc_staging(TURNS * each, &feed->memory, error));
    for (int i = 0; i < TURNS; i++) {
        staging *turn = &feed->turn[i];
        turn->input = (unsigned char *)feed->memory + (size_t)i * each;
        turn->record = (gd_record *)(turn->input + input);
        turn->tally = (gd_tally *)(turn->input + input + record);
        GD_TRY(device->event_new(&turn->done, error));
    }
    for (int i = 0; i < GD_PLAN_STREAMS; i++)
        set->ctx[i].record = feed->record;
    return GD_OK;
}

void gd_feed_free(gd_plan_set *set)
{
    gd_feed *feed = set->feed;
    if (!feed)
        return;
    for (int i = 0; i < TURNS; i++)
        set->options.device->event_free(feed->turn[i].done);
    set->options.device->free_staging(feed->memory);
    set->options.device->free(feed->record);
    free(feed);
    set->feed = NULL;
}

void *gd_feed_input(const gd_plan_set *set, const gd_slot *slot)
{
    staging *turn = &set->feed->turn[set->feed->now];
    turn->written = true;
    return turn->input + slot->offset;
}

gd_status gd_feed_begin(gd_plan_set *set, gd_error *error)
{
    if (!set->feed)
        return GD_OK;
    const gd_device *device = set->options.device;
    gd_stream *stream = set->stream[0];
    staging *turn = &set->feed->turn[set->feed->now];
    *turn->record = set->record;
    gd_status status = GD_OK;
    if (turn->written)
        status = device->copy_in(stream, set->space[GD_SPACE_INPUT], turn->input, set->bytes[GD_SPACE_INPUT]);
    if (status == GD_OK)
        status = device->copy_in(stream, set->feed->record, turn->record, sizeof *turn->record);
    turn->written = false;
    return status == GD_OK ? GD_OK : gd_fail(error, status, "cannot copy a batch to the device");
}

/* The next turn is ready for the host when its last run has passed; what that left in the tally is the newest known. */
gd_status gd_feed_end(gd_plan_set *set, gd_error *error)
{
    if (!set->feed)
        return GD_OK;
    const gd_device *device = set->options.device;
    gd_feed *feed = set->feed;
    staging *turn = &feed->turn[feed->now];
    gd_status status = device->copy_out(set->stream[0], turn->tally, set->space[GD_SPACE_TALLY], sizeof *turn->tally);
    if (status == GD_OK)
        status = device->record(turn->done, set->stream[0]);
    if (status != GD_OK)
        return gd_fail(error, status, "cannot read the tally back");
    turn->used = true;
    feed->now = (feed->now + 1) % TURNS;
    turn = &feed->turn[feed->now];
    GD_TRY(device->await(turn->done, error));
    if (turn->used)
        *(gd_tally *)set->view[GD_SPACE_TALLY] = *turn->tally;
    return GD_OK;
}

void gd_feed_forget(gd_plan_set *set)
{
    for (int i = 0; set->feed && i < TURNS; i++)
        set->feed->turn[i].used = false;
}
