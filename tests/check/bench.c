// SPDX-License-Identifier: Apache-2.0
/* Time per run of an entry: until there are enough, median and half the distance between the quartiles. On the host,
 * of single runs; on a device that tells time, of some in a row, as what launching them costs is paid once, when a step
 * is captured. */
#include "base/clock.h"
#include "check.h"

#include <stdlib.h>

enum { MOST_RUNS = 400, FEWEST_RUNS = 5, IN_A_ROW = 20 };
static const double enough_s = 0.4, enough_on_device_s = 0.1;

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static gd_status run_in_a_row(void *argument)
{
    const check_attempt *attempt = argument;
    for (int i = 0; i < IN_A_ROW; i++)
        GD_TRY(attempt->impl->run(&attempt->call, &attempt->ctx));
    return GD_OK;
}

static gd_status sample(check_attempt *attempt, double *seconds, gd_error *error)
{
    const gd_device *device = attempt->device;
    if (device->time) {
        gd_status status = gd_device_time(device, attempt->stream, run_in_a_row, attempt, seconds, error);
        *seconds /= IN_A_ROW;
        return status;
    }
    double begin = gd_seconds();
    GD_TRY(attempt->impl->run(&attempt->call, &attempt->ctx));
    GD_TRY(device->synchronize(attempt->stream, error));
    *seconds = gd_seconds() - begin;
    return GD_OK;
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
    double enough = device->time ? enough_on_device_s : enough_s;
    int n = 0;
    for (double start = gd_seconds(); n < MOST_RUNS && (n < FEWEST_RUNS || gd_seconds() - start < enough); n++) {
        GD_TRY_TO(done, sample(&attempt, &run_s[n], error));
    }
    qsort(run_s, (size_t)n, sizeof *run_s, compare);
    *timing = (check_timing){run_s[n / 2], (run_s[n * 3 / 4] - run_s[n / 4]) / 2, n};
done:
    check_attempt_release(&attempt);
    return status;
}
