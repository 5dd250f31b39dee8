// SPDX-License-Identifier: Apache-2.0
/* A sample of all of an array's numbers: what those of sketches are held against. */
#ifndef GD_TESTS_SORTED_H
#define GD_TESTS_SORTED_H

#include "monitor/sample.h"
#include "monitor/sort.h"

#include <stdlib.h>

/* What is no number (moments.h) is counted as absent. Returns owned; NOMEM. */
static inline gd_status sample_of_floats(gd_sample *s, const float *x, size_t n, gd_error *error)
{
    double *wide = malloc((n + 1) * sizeof *wide);
    *s = (gd_sample){.x = malloc((n + 1) * sizeof *s->x)};
    if (!wide || !s->x) {
        free(wide);
        gd_sample_release(s);
        return gd_fail(error, GD_NOMEM, "out of memory for %zu numbers", n);
    }
    for (size_t i = 0; i < n; i++) {
        wide[i] = (double)x[i];
        if (gd_is_number(wide[i]))
            s->x[s->items++] = wide[i];
    }
    gd_moments_add(&s->moments, wide, n);
    gd_sort_doubles(s->x, wide, s->items);
    free(wide);
    return GD_OK;
}

#endif
