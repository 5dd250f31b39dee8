// SPDX-License-Identifier: Apache-2.0
/* A column's numbers in order: what two of which are compared. Those of a sketch stand for several each once it has
 * halved any. */
#ifndef GD_MONITOR_SAMPLE_H
#define GD_MONITOR_SAMPLE_H

#include "base/status.h"
#include "monitor/sketch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Ranks of a sketch's sample are off by `error` at most, all of them together, but with this chance. */
#define GD_SAMPLE_CHANCE 1e-9

typedef struct gd_sample {
    size_t items;
    double *x;      /* (items) ascending; owned */
    uint64_t *upto; /* (items) how many numbers each and those before it stand for; owned. NULL: one each */
    gd_moments moments;
    double error; /* share of all numbers; 0: exact */
} gd_sample;

/* Returns owned; NOMEM. */
gd_status gd_sample_of_sketch(gd_sample *sample, const gd_sketch *sketch, gd_error *error);
void gd_sample_release(gd_sample *sample);

/* How many of the numbers the first i items stand for. */
static inline double gd_sample_count(const gd_sample *s, size_t i)
{
    return s->upto ? (i > 0 ? (double)s->upto[i - 1] : 0) : (double)i;
}

/* How many numbers are <= x, and how many < x. */
double gd_sample_rank(const gd_sample *sample, double x);
double gd_sample_rank_below(const gd_sample *sample, double x);

/* The least number with at least the share q of all at or below it (numpy's "inverted_cdf"); NaN of nothing. */
double gd_sample_quantile(const gd_sample *sample, double q);

/* Of numbers on a circle, 0 to `period`: the direction of their sum, by 4,096 of them spread evenly where there are
 * more. NaN of nothing. */
double gd_sample_circular_mean(const gd_sample *sample, double period);

/* The circle cut open at `cut`: the same numbers as cut - period to cut. Returns owned; INVALID where a number is
 * outside of 0 to period. */
gd_status gd_sample_unwrap(gd_sample *to, const gd_sample *from, double cut, double period, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
