// SPDX-License-Identifier: Apache-2.0
/* A window along time: how many pictures, how sure the answers, which classes, and each figure's mean, in up to
 * GD_TIMELINE_SLOTS slots of equal width, which doubles as often as the window outgrows them. So any window, of a
 * minute or of a year, in constant memory; times may come in any order.
 *
 * Slots begin at multiples of their width since 1970, and their width is a minute times a power of two.
 */
#ifndef GD_MONITOR_TIMELINE_H
#define GD_MONITOR_TIMELINE_H

#include "monitor/profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of a slot's means: image/figures.h's, then these. Hue has none: it is on a circle. */
enum { GD_TIMELINE_CONFIDENCE = GD_FIGURES, GD_TIMELINE_UNCERTAINTY, GD_TIMELINE_MARGIN, GD_TIMELINE_FIGURES };
enum {
    GD_TIMELINE_SLOTS = 128,
    GD_TIMELINE_CONFIDENCES = 50, /* bins of equal width, 0 to 1 */
    GD_TIMELINE_CLASSES = 12      /* that are told apart; all others are one */
};

typedef struct gd_time_slot {
    int64_t items;
    double sum[GD_TIMELINE_FIGURES];
    uint32_t count[GD_TIMELINE_FIGURES];
    uint32_t confidence[GD_TIMELINE_CONFIDENCES];
    uint32_t class[GD_TIMELINE_CLASSES + 1];
} gd_time_slot;

typedef struct gd_timeline {                   /* a plain struct: copied by assignment */
    int n_classes, shown[GD_TIMELINE_CLASSES]; /* classes that have a count of their own */
    int64_t width_ms, first_ms;                /* of slot[0]; width 0: nothing yet */
    int n;                                     /* slots, empty ones between among them */
    gd_time_slot slot[GD_TIMELINE_SLOTS];
    int64_t timeless; /* pictures whose time is not known: in no slot */
} gd_timeline;

/* `shown`: the n classes that are told apart, GD_TIMELINE_CLASSES at most. */
void gd_timeline_init(gd_timeline *timeline, const int *shown, int n);
void gd_timeline_add(gd_timeline *timeline, const gd_sighting *sighting, const gd_answer_figures *answer);

/* The confidence below which the share q of a slot's pictures is, to half a bin; NaN of none. */
double gd_time_slot_quantile(const gd_time_slot *slot, double q);

#ifdef __cplusplus
}
#endif
#endif
