// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 1000 };

typedef struct record {
    int64_t n, grain;
    int seen[MOST];     /* how often each index was visited */
    int64_t ends[MOST]; /* of the piece that begins there */
} record;

static void note(void *argument, int64_t begin, int64_t end)
{
    record *r = argument;
    r->ends[begin] = end;
    for (int64_t i = begin; i < end; i++)
        r->seen[i]++;
}

static void check_cut(int threads, int64_t n, int64_t grain)
{
    record r = {.n = n, .grain = grain};
    gd_parallel_for(threads, n, grain, note, &r);
    for (int64_t i = 0; i < n; i++)
        CHECK_EQ_INT(r.seen[i], 1);
    for (int64_t begin = 0; begin < n; begin += grain)
        CHECK_EQ_INT(r.ends[begin], begin + grain < n ? begin + grain : n);
}

TEST(pieces_are_of_the_grain_on_any_number_of_threads)
{
    for (int threads = 1; threads <= 4; threads++) {
        check_cut(threads, 0, 10);
        check_cut(threads, 1, 10);
        check_cut(threads, 10, 10);
        check_cut(threads, 11, 10);
        check_cut(threads, 997, 13);
        check_cut(threads, 5, 1);
        check_cut(threads, 3, MOST);
    }
}

/* One partial result a piece, added in order: what kernels do. */
typedef struct partials {
    float at[MOST];
} partials;

static void add_up(void *argument, int64_t begin, int64_t end)
{
    partials *p = argument;
    float sum = 0;
    for (int64_t i = begin; i < end; i++)
        sum += 1.0f / (float)(i + 1);
    p->at[begin / 32] = sum;
}

TEST(a_sum_by_pieces_has_the_same_bits_on_any_number_of_threads)
{
    float sums[4];
    for (int threads = 1; threads <= 4; threads++) {
        partials p = {{0}};
        gd_parallel_for(threads, 10000, 32, add_up, &p);
        sums[threads - 1] = 0;
        for (int i = 0; i < (10000 + 31) / 32; i++)
            sums[threads - 1] += p.at[i];
    }
    for (int i = 1; i < 4; i++)
        CHECK(memcmp(&sums[i], &sums[0], sizeof *sums) == 0);
}

TEST(there_is_a_thread) { CHECK(gd_parallel_threads() >= 1); }
