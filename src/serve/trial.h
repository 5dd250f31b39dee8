// SPDX-License-Identifier: Apache-2.0
/* What a model is asked before it serves: whether it answers, and how many pictures at once it answers best. */
#ifndef GD_SERVE_TRIAL_H
#define GD_SERVE_TRIAL_H

#include "griddle/infer.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_TRIAL_BATCH = 16 };

/* A grey picture's answer must be probabilities; else NUMERIC, which names the file `path`. What every other session
 * answers is the same by the library's promise. */
gd_status gd_trial_answer(gd_session *session, const gd_model_info *info, const char *path, gd_error *error);

/* The smallest power of two up to GD_TRIAL_BATCH, for which the session is made, that is within 10% of the best time a
 * picture: less is not worth it that the first of a batch waits for the last, and all others for the batch. The time
 * for that is short, as nobody is answered before: a model too slow to be measured in it has nothing to win from more
 * pictures, which fill its steps one by one. */
gd_status gd_trial_batch(gd_session *session, const gd_model_info *info, int *batch, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
