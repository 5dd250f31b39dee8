// SPDX-License-Identifier: Apache-2.0
/* Time per run of an entry: single runs until there are enough, median and half the distance between the quartiles. */
#include "check.h"

#include <stdlib.h>
#include <time.h>

enum { MOST_RUNS = 400, FEWEST_RUNS = 5 };
static const double enough_s = 0.4;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

gd_status check_time(const check_answer *answer, const gd_impl *impl, const gd_device *device, int threads,
                     check_timing *timing, gd_error *error)
{
    check_attempt attempt = {.answer = answer, .impl = impl, .device = device, .threads = threads};
    double run_s[MOST_RUNS];
    gd_status status = check_attempt_prepare(&attempt, error);
    *timing = (check_timing){0};
    if (status != GD_OK)
        goto done;
    GD_TRY_TO(done, check_attempt_run(&attempt)); /* warm */
    int n = 0;
    for (double start = now_s(); n < MOST_RUNS && (n < FEWEST_RUNS || now_s() - start < enough_s); n++) {
        double begin = now_s();
        GD_TRY_TO(done, impl->run(&attempt.call, &attempt.ctx));
        GD_TRY_TO(done, device->synchronize(attempt.stream, error));
        run_s[n] = now_s() - begin;
    }
    qsort(run_s, (size_t)n, sizeof *run_s, compare);
    *timing = (check_timing){run_s[n / 2], (run_s[n * 3 / 4] - run_s[n / 4]) / 2, n};
done:
    check_attempt_release(&attempt);
    return status;
}
