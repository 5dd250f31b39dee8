// SPDX-License-Identifier: Apache-2.0
#include "monitor/timeline.h"

#include <math.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define FARTHEST_MS (INT64_C(1) << 52) /* a hundred thousand years: what is beyond is no time */

void gd_timeline_init(gd_timeline *t, const int *shown, int n)
{
    memset(t, 0, sizeof *t);
    t->n_classes = n < GD_TIMELINE_CLASSES ? n : GD_TIMELINE_CLASSES;
    for (int i = 0; i < t->n_classes; i++)
        t->shown[i] = shown[i];
}

/* ---- room for a time ---- */

static int64_t floor_to(int64_t time, int64_t width)
{
    const int64_t rest = time % width;
    return time - (rest < 0 ? rest + width : rest);
}

static void add_slot(gd_time_slot *to, const gd_time_slot *from)
{
    to->items += from->items;
    for (int i = 0; i < GD_TIMELINE_FIGURES; i++) {
        to->sum[i] += from->sum[i];
        to->count[i] += from->count[i];
    }
    for (int i = 0; i < GD_TIMELINE_CONFIDENCES; i++)
        to->confidence[i] += from->confidence[i];
    for (int i = 0; i <= GD_TIMELINE_CLASSES; i++)
        to->class[i] += from->class[i];
}

/* Slots twice as wide: two become one, or one half of what begins or ends in the middle of one. */
static void fold(gd_timeline *t)
{
    const int64_t width = t->width_ms * 2, first = floor_to(t->first_ms, width);
    const int behind = first < t->first_ms; /* slot 0 is the second half */
    const int n = (t->n + behind + 1) / 2;
    for (int i = 0; i < t->n; i++) {
        const int to = (i + behind) / 2;
        if (to == i)
            continue;
        if ((i + behind) % 2 == 0)
            t->slot[to] = t->slot[i];
        else
            add_slot(&t->slot[to], &t->slot[i]);
    }
    memset(t->slot + n, 0, (size_t)(t->n - n) * sizeof *t->slot);
    t->first_ms = first;
    t->width_ms = width;
    t->n = n;
}

static gd_time_slot *slot_of(gd_timeline *t, int64_t time)
{
    if (t->width_ms == 0) {
        t->width_ms = MINUTE_MS;
        t->first_ms = floor_to(time, MINUTE_MS);
        t->n = 1;
    }
    for (;;) {
        const int64_t at = floor_to(time, t->width_ms), end = t->first_ms + t->n * t->width_ms;
        const int64_t first = at < t->first_ms ? at : t->first_ms, last = at >= end ? at + t->width_ms : end;
        if ((last - first) / t->width_ms <= GD_TIMELINE_SLOTS) {
            const int before = (int)((t->first_ms - first) / t->width_ms);
            if (before > 0) {
                memmove(t->slot + before, t->slot, (size_t)t->n * sizeof *t->slot);
                memset(t->slot, 0, (size_t)before * sizeof *t->slot);
            }
            t->first_ms = first;
            t->n = (int)((last - first) / t->width_ms);
            return &t->slot[(at - first) / t->width_ms];
        }
        fold(t);
    }
}

/* ---- adding ---- */

static void add_figure(gd_time_slot *slot, int i, double x)
{
    if (!isfinite(x))
        return;
    slot->sum[i] += x;
    slot->count[i]++;
}

static int place_of(const gd_timeline *t, int class)
{
    for (int i = 0; i < t->n_classes; i++) {
        if (t->shown[i] == class)
            return i;
    }
    return GD_TIMELINE_CLASSES;
}

void gd_timeline_add(gd_timeline *t, const gd_sighting *sighting, const gd_answer_figures *answer)
{
    if (sighting->time_ms < -FARTHEST_MS || sighting->time_ms > FARTHEST_MS) {
        t->timeless++;
        return;
    }
    gd_time_slot *slot = slot_of(t, sighting->time_ms);
    slot->items++;
    for (int i = 0; i < GD_FIGURES; i++) {
        if (i != GD_HUE)
            add_figure(slot, i, sighting->figure[i]);
    }
    if (!answer || answer->class < 0)
        return;
    add_figure(slot, GD_TIMELINE_CONFIDENCE, answer->confidence);
    add_figure(slot, GD_TIMELINE_UNCERTAINTY, answer->uncertainty);
    add_figure(slot, GD_TIMELINE_MARGIN, answer->margin);
    if (isfinite(answer->confidence)) {
        const int bin = (int)(answer->confidence * GD_TIMELINE_CONFIDENCES);
        slot->confidence[bin < GD_TIMELINE_CONFIDENCES ? bin : GD_TIMELINE_CONFIDENCES - 1]++;
    }
    slot->class[place_of(t, answer->class)]++;
}

double gd_time_slot_quantile(const gd_time_slot *slot, double q)
{
    uint64_t n = 0, below = 0;
    for (int i = 0; i < GD_TIMELINE_CONFIDENCES; i++)
        n += slot->confidence[i];
    for (int i = 0; n > 0 && i < GD_TIMELINE_CONFIDENCES; i++) {
        const uint64_t here = slot->confidence[i];
        if (here > 0 && (double)(below + here) >= q * (double)n) {
            const double part = (q * (double)n - (double)below) / (double)here; /* evenly within a bin */
            return (i + fmin(fmax(part, 0), 1)) / GD_TIMELINE_CONFIDENCES;
        }
        below += here;
    }
    return NAN;
}
