// SPDX-License-Identifier: Apache-2.0
/* A run's own images: its staged set, and which of them training held out for validation. */
#ifndef GD_CHECK_RUN_IMAGES_H
#define GD_CHECK_RUN_IMAGES_H

#include "data/staged.h"
#include "survey/source.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_run_images {
    gd_staged staged;
    gd_split split;                  /* of staged.train */
    int size;                        /* pixels of a side that staging scaled them to; 0: it did not */
    const gd_survey_file *originals; /* (split.n_validation) the files that these were staged from; NULL: they are not
                                        there any more as they were, or not in a folder, or not looked for */
    gd_arena arena;
} gd_run_images;

/* Owned by the caller until released. `originals`: look for them where `size` is not 0. IO, FORMAT, INVALID of the
 * run's config.yaml and staged.safetensors. */
gd_status gd_run_images_open(const char *run, bool originals, gd_run_images *images, gd_error *error);
void gd_run_images_release(gd_run_images *images); /* accepts {0} */

#ifdef __cplusplus
}
#endif
#endif
