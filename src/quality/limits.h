// SPDX-License-Identifier: Apache-2.0
/* What figures of quality are held against, and which fall short. Private to the room.
 *
 *     a file      constraints.json of the managed format: a threshold for each figure, and which side of it is wrong
 *     a baseline  what its labelled pictures' figures were, less what chance allows. With se the standard error of the
 *                 baseline's figure on n of its pictures, that of a difference to a window of m is se sqrt(1 + n / m),
 *                 and z of them fall below by chance as seldom as the baseline's alarms_per_month says, whatever m:
 *                 P(Z > z) = level / figures. The share that so many pictures are below with that chance is
 *                 the threshold; of a handful it is 0, as all of them may be wrong by chance.
 *     suggested   from a window's own figures, to be written: likewise with m = n and z = 2, which a window as
 *                 large and as good goes below by chance once in 44 times, each figure on its own. Change it to what
 *                 you need.
 */
#ifndef GD_QUALITY_LIMITS_H
#define GD_QUALITY_LIMITS_H

#include "base/text.h"
#include "monitor/baseline.h"
#include "quality/grades.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_limit {
    int metric; /* of the grades' */
    double threshold;
    bool greater;        /* more is a violation; else less is */
    double reference;    /* the baseline's figure; NaN: the threshold is a file's */
    int64_t n_reference; /* of so many pictures */
} gd_limit;

typedef struct gd_limits {
    int n;
    gd_limit limit[GD_METRICS];
} gd_limits;

/* Of settled grades, for all three. INVALID, with the place, for a figure that is not known here and for constraints of
 * the other kind of model; FORMAT, IO. */
gd_status gd_limits_read(const char *path, const gd_grades *grades, gd_limits *limits, gd_error *error);
void gd_limits_of_baseline(const gd_baseline *baseline, const gd_grades *grades, gd_limits *limits);
void gd_limits_suggest(const gd_grades *grades, gd_limits *limits);

/* As constraints.json. */
void gd_limits_print(const gd_limits *limits, const gd_grades *grades, gd_text *out);

/* A figure that is not known is neither well nor ill. */
bool gd_limit_broken(const gd_limit *limit, const gd_grades *grades);

/* "LessThanThreshold", as the managed format has it. */
const char *gd_limit_operator(const gd_limit *limit);

/* One or two sentences with both numbers, of one that is broken. */
void gd_limit_describe(const gd_limit *limit, const gd_grades *grades, gd_text *out);

#ifdef __cplusplus
}
#endif
#endif
