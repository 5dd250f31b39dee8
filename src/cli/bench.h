// SPDX-License-Identifier: Apache-2.0
/* What benchmarks of training share. */
#ifndef GD_CLI_BENCH_H
#define GD_CLI_BENCH_H

#include "cli/engine.h"

/* The config that options like --network and --batch come to, and the shape of its images. */
gd_status gd_bench_config(gd_command *command, gd_config *config, gd_error *error);
gd_status gd_bench_input(const gd_command *command, const gd_config *config, gd_build_input *input, gd_error *error);

/* Images of noise, targets that go round the classes, draws that change nothing. */
void gd_bench_fill(const gd_train_set *set);

/* One training step. On a device of its own the host runs ahead by one run: in the middle of many, a call takes as long
 * as a run does. */
gd_status gd_bench_step(const gd_train_set *set, int64_t number, gd_error *error);

/* griddle bench dist */
gd_status gd_bench_dist(gd_command *command, gd_error *error);

#endif
