// SPDX-License-Identifier: Apache-2.0
/* Quantiles of numbers that go by, in constant memory: the sketch of Karnin, Lang, Liberty, "Optimal quantile
 * approximation in streams", 2016 (KLL), with the managed monitor's k = 2048 and c = 0.64.
 *
 *     level h holds numbers that each stand for 2^h; the top one up to k of them, each lower one c times as many
 *     full: the lowest level that has its share is sorted, and of each pair of numbers the first or the second, by a
 *           coin, goes up a level as one that stands for two. The next time at that level it is the other one (Ivkin,
 *           Liberty, Lang, Karnin, Braverman, "Streaming quantiles algorithms with small space and update time", 2019),
 *           so that two times together are off by no more than one
 *
 * Numbers that come by the thousands skip the lower levels: blocks of 8,192 are sorted, and of each 2^h neighbours one,
 * by a coin of 2^h sides, goes in at level h, as one of 2^h goes through the sampler at the foot of the published
 * sketch, but off by less. So a million floats take 8 ms, doubles 14, and 28 where they come one by one.
 *
 * Up to 2,050 numbers are kept as they are. After that the rank of a number is off by a sum of fair coins, 2^h for each
 * two times that level h was halved and 2^h / 2 for each block that went in at level h, so by Hoeffding
 *
 *     P(|rank off| > t) <= 2 exp(-t^2 / (2 variance)),      variance = sum of these coins' squares,
 *
 * which gd_sketch_error tells as a share: at a chance of 1% about 0.08% for a million numbers, and no less true of
 * merged sketches, whatever they hold.
 *
 * A sketch is a plain struct without pointers, 54 KB: copied by assignment. Coins come from `seed`: the same numbers in
 * the same calls give the same bits. Sketches that will be merged get different seeds (the hour, the rank), or their
 * errors add up where they should cancel. Nothing here allocates; 200 KB of stack. Thread-safe. */
#ifndef GD_MONITOR_SKETCH_H
#define GD_MONITOR_SKETCH_H

#include "base/status.h"
#include "monitor/moments.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GD_SKETCH_K 2048
#define GD_SKETCH_C 0.64
enum {
    GD_SKETCH_LEVELS = 48,  /* 2^58 numbers */
    GD_SKETCH_ITEMS = 6656, /* what all these levels may hold together, and a bit */
    GD_SKETCH_BUCKETS = 10,
    GD_SKETCH_BLOCK = 8192
};

typedef struct gd_sketch {
    gd_moments moments;
    double variance; /* of a rank, at most, in numbers^2 */
    uint64_t seed;
    int levels, room; /* room: what the levels may hold together */
    uint64_t blocks;  /* that went in sorted */
    uint32_t halvings[GD_SKETCH_LEVELS];
    int start[GD_SKETCH_LEVELS + 1]; /* level h is item[start[h]] up to item[start[h + 1]]; what is free comes first */
    double item[GD_SKETCH_ITEMS];
} gd_sketch;

void gd_sketch_init(gd_sketch *sketch, uint64_t seed);

/* Numbers, best by blocks of GD_SKETCH_BLOCK or all at once; what is none (moments.h) is counted as absent. */
void gd_sketch_add(gd_sketch *sketch, const double *x, size_t n);

/* What `other`, which is another one, has seen too. */
void gd_sketch_merge(gd_sketch *sketch, const gd_sketch *other);

/* How many numbers were <= x, and how many were < x, about. Exact below the least, above the greatest. */
uint64_t gd_sketch_rank(const gd_sketch *sketch, double x);
uint64_t gd_sketch_rank_below(const gd_sketch *sketch, double x);

/* What a rank is off by, as a share of all numbers, but with that chance: 0 while nothing has been halved. */
double gd_sketch_error(const gd_sketch *sketch, double chance);

/* Ten ranges of equal width from min to max; each has its lower end, the last both. As statistics.json wants them. */
typedef struct gd_bucket {
    double lower, upper;
    uint64_t count;
} gd_bucket;
void gd_sketch_buckets(const gd_sketch *sketch, gd_bucket bucket[GD_SKETCH_BUCKETS]);

/* The levels from 0 up, which are "data" of a managed sketch: borrows from the sketch. */
const double *gd_sketch_level(const gd_sketch *sketch, int level, size_t *n);

/* The levels that a file has, of this house or the managed monitor's (whose levels shrink upwards, so that its ranks
 * are off by more). `variance` as above; negative: not known, then the most it can be for a managed sketch of that k
 * and c. FORMAT where the levels do not stand for moments->n numbers from min to max, or for more than 2^40. */
typedef struct gd_sketch_parts {
    gd_moments moments;
    double variance;
    double k, c;
    int levels;
    const double *const *level; /* (levels) borrowed */
    const size_t *n;            /* (levels) */
} gd_sketch_parts;
gd_status gd_sketch_restore(gd_sketch *sketch, const gd_sketch_parts *parts, uint64_t seed, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
