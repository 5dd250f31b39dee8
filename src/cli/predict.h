// SPDX-License-Identifier: Apache-2.0
#ifndef GD_CLI_PREDICT_H
#define GD_CLI_PREDICT_H

#include "cli/command.h"
#include "griddle/infer.h"

extern const gd_verb gd_verb_predict;

/* griddle predict RUN|MODEL --input … --output …, the model being open; `path` is where it lies. */
gd_status gd_predict_batch(gd_command *command, const gd_model *model, const char *path, gd_error *error);

#endif
