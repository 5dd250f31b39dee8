// SPDX-License-Identifier: Apache-2.0
/* A run's folder: what lies where.
 *
 *     config.yaml            as resolved          metrics.jsonl     a line per epoch, a line per start
 *     staged.safetensors     the staged set, or a link to it
 *     checkpoint.safetensors the last, resumable  best.safetensors  parameters of the best epoch
 *     model.safetensors      folded: what evaluate, predict and serve read
 *     evaluation.json        log.txt
 */
#ifndef GD_TRAIN_RUN_H
#define GD_TRAIN_RUN_H

#include "base/status.h"

typedef struct gd_run_path {
    char text[4096];
} gd_run_path;

/* "<folder>/<file>". */
gd_run_path gd_run_file(const char *folder, const char *file);

/* One line to log.txt, with the time (UTC) before it. Failures are ignored: a log must not stop a run. */
void gd_run_log(const char *folder, const char *format, ...) GD_PRINTF(2, 3);

#endif
