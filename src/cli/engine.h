// SPDX-License-Identifier: Apache-2.0
/* The verbs of griddle-engine, a file each, and what they share. */
#ifndef GD_CLI_ENGINE_H
#define GD_CLI_ENGINE_H

#include "cli/command.h"
#include "cli/stop.h"
#include "config/config.h"
#include "data/staged.h"
#include "dist/team.h"
#include "train/train.h"

extern const gd_verb gd_verb_config, gd_verb_net, gd_verb_plan, gd_verb_train, gd_verb_evaluate, gd_verb_export,
    gd_verb_run, gd_verb_bench, gd_verb_info;

typedef struct gd_engine_path {
    char text[4096];
} gd_engine_path;

/* Where a program lies that is installed beside this one; whether it is there is another question. */
gd_status gd_engine_find_program(const char *name, gd_engine_path *path, gd_error *error);

/* The config that a command names, with its --set; its network exists. */
gd_status gd_engine_config(gd_command *command, const char *path, gd_config *config, gd_error *error);

/* The run's folder: --out, or runs/<name of the config>. */
void gd_engine_find_folder(const gd_command *command, const char *config_path, gd_engine_path *folder);

/* Makes it, and keeps it locked until the process ends: IO where another one has it. */
gd_status gd_engine_take_folder(const gd_engine_path *folder, gd_error *error);

/* Makes sure that the staged set of this config is there, and says where: at `out`, or (NULL) in the cache. `more`:
 * settings before the command's own --set, ends with NULL; may be NULL. griddle-stage is started only where something
 * is to be done; its messages go to standard error. */
gd_status gd_engine_stage(gd_command *command, const char *config_path, const char *const *more, const char *out,
                          gd_engine_path *staged, gd_error *error);

/* The same for the run in `folder`. Where it has begun already, a config or images that are not those of its checkpoint
 * are INVALID, and its files stay as they are. */
gd_status gd_engine_stage_run(gd_command *command, const char *config_path, const gd_config *config, const char *folder,
                              gd_error *error);

/* What a run needs before it trains: takes its folder (`leads`; else it is another rank's), stages, keeps the config.
 * INVALID where a run is there and --resume was not given. */
gd_status gd_engine_begin_run(gd_command *command, const gd_config *config, const gd_engine_path *folder, bool leads,
                              gd_error *error);

/* Trains in `folder`, alone or as one of `team` (one that was not joined: alone), shows progress, answers signals.
 * STOPPED sets command->exit_code to 128 + signal. */
gd_status gd_engine_train(gd_command *command, const gd_config *config, const gd_device *device, const char *folder,
                          bool resume, const gd_team *team, gd_train_result *result, gd_error *error);

/* What training came to, as one JSON object on standard output. */
void gd_engine_print_result(const char *folder, const gd_train_result *result);

/* Evaluates folder/model.safetensors on the test split of its staged set, writes evaluation.json, prints. A set without
 * a test split is INVALID. */
gd_status gd_engine_evaluate_run(gd_command *command, const char *folder, gd_error *error);

/* The device that --device names. auto, and no word of it: CUDA where there is a card, else the CPU, which is said on
 * standard error where something looks like a card and cannot be used. UNSUPPORTED, DEVICE as gd_device_open_cuda. */
gd_status gd_engine_device(const gd_command *command, const gd_device **device, gd_error *error);

#endif
