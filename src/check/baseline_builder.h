// SPDX-License-Identifier: Apache-2.0
/* A baseline while it is made, picture by picture. Private to the room. */
#ifndef GD_CHECK_BASELINE_BUILDER_H
#define GD_CHECK_BASELINE_BUILDER_H

#include "check/showing.h"
#include "monitor/baseline.h"
#include "survey/source.h"

typedef struct gd_baseline_builder {
    gd_baseline *baseline;
    gd_showing show;
    float *typical; /* (GD_BASELINE_PICTURES, n_features) of the gallery's */
    int64_t n, capacity;
    int32_t *label, *answer; /* (n) of the pictures whose label is known */
    float *confidence;
} gd_baseline_builder;

/* n_classes 0: pictures alone; n_features 0: none. To be released whatever comes. NOMEM. */
gd_status gd_baseline_builder_init(gd_baseline_builder *builder, gd_baseline *baseline, int n_classes,
                                   const char *const *classes, int n_features, gd_error *error);
void gd_baseline_builder_release(gd_baseline_builder *builder); /* accepts {0} */

/* What sources tell. */
gd_see gd_baseline_builder_see(gd_baseline_builder *builder);

/* All but rules and words. */
gd_status gd_baseline_builder_finish(gd_baseline_builder *builder, gd_error *error);

#endif
