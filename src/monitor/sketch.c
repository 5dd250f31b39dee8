// SPDX-License-Identifier: Apache-2.0
#include "monitor/sketch.h"

#include "base/rng.h"
#include "monitor/sort.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The managed sketch's rounding: even, and never below 4. */
static int even_capacity(double share) { return 2 * ((int)ceil(share / 2) + 1); }

/* The lowest level is where numbers arrive, and not sorted by the handful. Those that come many at a time are sorted a
 * block at a time. */
enum { BUFFER = 512, BLOCK = GD_SKETCH_BLOCK };

static int capacity(const gd_sketch *s, int level)
{
    const int share = even_capacity(GD_SKETCH_K * pow(GD_SKETCH_C, s->levels - 1 - level));
    return level == 0 && share < BUFFER ? BUFFER : share;
}

static void grow(gd_sketch *s, int levels)
{
    if (s->levels >= levels)
        return;
    for (; s->levels < levels; s->levels++)
        s->start[s->levels + 1] = GD_SKETCH_ITEMS;
    s->room = 0;
    for (int h = 0; h < levels; h++)
        s->room += capacity(s, h);
}

static int count_at(const gd_sketch *s, int level) { return s->start[level + 1] - s->start[level]; }

/* Half of a level goes up; an odd one, its least, stays.
 *
 *     free ─────► level h-1 … │ level h: stays │ goes up │ level h+1 …       what is below moves up by what went
 */
static void halve(gd_sketch *s, int level)
{
    double work[GD_SKETCH_ITEMS];
    grow(s, level + 2);
    double *x = s->item + s->start[level];
    const int n = count_at(s, level), stays = n % 2, half = n / 2;
    gd_sort_doubles(x, work, (size_t)n);
    const uint32_t before = s->halvings[level]++;
    const gd_philox word = gd_rng(s->seed, GD_RNG_SKETCH, (uint32_t)level, before / 2);
    const int second = before % 2, coin = (int)(word.at[0] & 1) ^ second;
    for (int i = half - 1; i >= 0; i--)
        x[stays + half + i] = x[stays + coin + 2 * i];
    memmove(s->item + s->start[0] + half, s->item + s->start[0],
            sizeof *x * (size_t)(s->start[level] + stays - s->start[0]));
    for (int h = 0; h <= level; h++)
        s->start[h] += half;
    s->start[level + 1] -= half;
    s->variance += second ? 0 : ldexp(1, 2 * level);
}

/* Into a level, as many at a time as there is room for. Where there is none, some level has its share. */
static void put(gd_sketch *s, int level, const double *x, size_t n)
{
    grow(s, level + 1);
    while (n > 0) {
        const int free = s->room - (GD_SKETCH_ITEMS - s->start[0]);
        if (free <= 0) {
            int full = 0;
            while (count_at(s, full) < capacity(s, full))
                full++;
            halve(s, full);
            continue;
        }
        const size_t here = n < (size_t)free ? n : (size_t)free;
        double *to = s->item + s->start[0] - here;
        memmove(to, s->item + s->start[0], sizeof *x * (size_t)(s->start[level] - s->start[0]));
        for (int h = 0; h <= level; h++)
            s->start[h] -= (int)here;
        memcpy(s->item + s->start[level], x, sizeof *x * here);
        x += here;
        n -= here;
    }
}

void gd_sketch_init(gd_sketch *s, uint64_t seed)
{
    *s = (gd_sketch){.seed = seed, .start[0] = GD_SKETCH_ITEMS};
    grow(s, 1);
}

/* The level at which a block of n numbers goes in, once it is sorted: of each 2^level of them one. This is off by no
 * more than 2^level either way, variance 4^level / 4, and spares the halvings of all levels below. Those of a sketch of
 * h + 1 levels have a variance of about 2^h / 1150 for each number, and this one of 2^h / 16384 at most. */
static int block_level(const gd_sketch *s, size_t n)
{
    enum { ENOUGH = 6 }; /* what is left to do is little then */
    const int level = (s->levels - 1) / 2;
    return 2 * n < BLOCK ? 0 : level < ENOUGH ? level : ENOUGH;
}

/* Sorted numbers, a multiple of 2^level. */
static void put_sampled(gd_sketch *s, int level, double *x, size_t n)
{
    const size_t each = (size_t)1 << level;
    const gd_philox word = gd_rng(s->seed, GD_RNG_SKETCH, GD_SKETCH_LEVELS, s->blocks++);
    const size_t which = word.at[0] & (each - 1);
    for (size_t i = 0; i < n / each; i++)
        x[i] = x[i * each + which];
    put(s, level, x, n / each);
    s->variance += ldexp(1, 2 * level - 2);
}

void gd_sketch_add(gd_sketch *s, const double *x, size_t n)
{
    double block[BLOCK], work[BLOCK];
    gd_moments_add(&s->moments, x, n);
    for (size_t first = 0; first < n; first += BLOCK) {
        size_t kept = 0;
        for (size_t i = first; i < n && i < first + BLOCK; i++)
            if (gd_is_number(x[i]))
                block[kept++] = x[i];
        const int level = block_level(s, kept);
        const size_t alone = level > 0 ? kept % ((size_t)1 << level) : kept;
        put(s, 0, block, alone);
        if (level > 0) {
            gd_sort_doubles(block + alone, work, kept - alone);
            put_sampled(s, level, block + alone, kept - alone);
        }
    }
}

void gd_sketch_merge(gd_sketch *s, const gd_sketch *other)
{
    for (int h = other->levels - 1; h >= 0; h--)
        put(s, h, other->item + other->start[h], (size_t)count_at(other, h));
    s->variance += other->variance;
    gd_moments_merge(&s->moments, &other->moments);
}

uint64_t gd_sketch_rank(const gd_sketch *s, double x)
{
    uint64_t rank = 0;
    for (int h = 0; h < s->levels; h++)
        for (int i = s->start[h]; i < s->start[h + 1]; i++)
            rank += (uint64_t)(s->item[i] <= x) << h;
    return rank;
}

uint64_t gd_sketch_rank_below(const gd_sketch *s, double x)
{
    uint64_t rank = 0;
    for (int h = 0; h < s->levels; h++)
        for (int i = s->start[h]; i < s->start[h + 1]; i++)
            rank += (uint64_t)(s->item[i] < x) << h;
    return rank;
}

double gd_sketch_error(const gd_sketch *s, double chance)
{
    return s->variance > 0 ? sqrt(2 * s->variance * log(2 / chance)) / (double)s->moments.n : 0;
}

void gd_sketch_buckets(const gd_sketch *s, gd_bucket bucket[GD_SKETCH_BUCKETS])
{
    const double min = s->moments.min, width = (s->moments.max - min) / GD_SKETCH_BUCKETS;
    uint64_t below = 0;
    for (int i = 0; i < GD_SKETCH_BUCKETS; i++) {
        const int last = i == GD_SKETCH_BUCKETS - 1;
        const double upper = last ? s->moments.max : min + width * (i + 1);
        const uint64_t up_to = last ? s->moments.n : gd_sketch_rank_below(s, upper);
        bucket[i] = (gd_bucket){i > 0 ? bucket[i - 1].upper : min, upper, up_to - below};
        below = up_to;
    }
}

const double *gd_sketch_level(const gd_sketch *s, int level, size_t *n)
{
    *n = (size_t)count_at(s, level);
    return s->item + s->start[level];
}

/* A managed level halves at k c^h or more of its numbers; what stands above it has come through it. */
static double managed_variance(const gd_sketch_parts *parts)
{
    double variance = 0, above = 0;
    for (int h = parts->levels - 2; h >= 0; h--) {
        above += ldexp((double)parts->n[h + 1], h + 1);
        variance += ceil(above / ldexp(even_capacity(parts->k * pow(parts->c, h)), h)) * ldexp(1, 2 * h);
    }
    return variance;
}

gd_status gd_sketch_restore(gd_sketch *s, const gd_sketch_parts *parts, uint64_t seed, gd_error *error)
{
    if (parts->levels < 0 || parts->levels > GD_SKETCH_LEVELS)
        return gd_fail(error, GD_FORMAT, "a sketch of %d levels; at most %d", parts->levels, GD_SKETCH_LEVELS);
    if (!(parts->k >= 2 && parts->k <= 1e6 && parts->c > 0.5 && parts->c < 1))
        return gd_fail(error, GD_FORMAT, "a sketch with k = %g and c = %g; 2 to 1e6 and 0.5 to 1", parts->k, parts->c);
    double n = 0;
    for (int h = 0; h < parts->levels; h++) {
        n += ldexp((double)parts->n[h], h);
        for (size_t i = 0; i < parts->n[h]; i++)
            if (!(parts->level[h][i] >= parts->moments.min && parts->level[h][i] <= parts->moments.max))
                return gd_fail(error, GD_FORMAT, "a sketch's level %d holds %.17g, which is not within %.17g to %.17g",
                               h, parts->level[h][i], parts->moments.min, parts->moments.max);
    }
    if (n > ldexp(1, 40))
        return gd_fail(error, GD_FORMAT, "a sketch stands for %.0f numbers; at most 2^40", n);
    if (n != (double)parts->moments.n)
        return gd_fail(error, GD_FORMAT, "a sketch stands for %.0f numbers where %" PRIu64 " are said to be present", n,
                       parts->moments.n);
    gd_sketch_init(s, seed);
    for (int h = parts->levels - 1; h >= 0; h--)
        put(s, h, parts->level[h], parts->n[h]);
    s->moments = parts->moments;
    s->variance += parts->variance >= 0 ? parts->variance : managed_variance(parts);
    return GD_OK;
}
