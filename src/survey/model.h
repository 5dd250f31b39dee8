// SPDX-License-Identifier: Apache-2.0
/* The model that a monitor asks, and what tells it from another. */
#ifndef GD_SURVEY_MODEL_H
#define GD_SURVEY_MODEL_H

#include "base/status.h"
#include "griddle/infer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_survey_model {
    gd_model *model; /* owned; NULL: none */
    const gd_model_info *info;
    bool is_run;     /* it was named by its run's folder */
    char path[4096]; /* of its file */
    char digest[65]; /* of its bytes: FNV-1a, hexadecimal, as `griddle predict` puts it beside each answer */
} gd_survey_model;

/* A run's folder, or a model's file. Owned by the caller until released. gd_model_open's errors; IO for a run that has
 * no model yet. */
gd_status gd_survey_model_open(const char *word, gd_survey_model *model, gd_error *error);
/* Whether its classes are these n, in their order; INVALID with the first that differs. `whose`: who has them, in
 * words. */
gd_status gd_survey_model_has_classes(const gd_survey_model *model, int n, const char *const *classes,
                                      const char *whose, gd_error *error);

void gd_survey_model_release(gd_survey_model *model); /* accepts {0} */

#ifdef __cplusplus
}
#endif
#endif
