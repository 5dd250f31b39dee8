// SPDX-License-Identifier: Apache-2.0
/* A model file over a set of images, by the inference library: what `predict` answers is what `evaluate` judges. */
#ifndef GD_TRAIN_EVALUATE_MODEL_H
#define GD_TRAIN_EVALUATE_MODEL_H

#include "data/staged.h"
#include "griddle/infer.h"

/* probabilities (images->n, classes): every image exactly once, shared out to `threads` sessions. INVALID when the
 * model and the images do not fit. */
gd_status gd_predict_images(const gd_model *model, const gd_images *images, int threads, float *probabilities,
                            gd_error *error);

#endif
