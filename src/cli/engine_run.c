// SPDX-License-Identifier: Apache-2.0
/* griddle run: the whole road, resumable. A folder of pictures needs no config: one is written into the run. */
#include "base/file.h"
#include "base/text.h"
#include "cli/engine.h"
#include "cli/engine_ranks.h"
#include "data/walk.h"
#include "train/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* At most 64 images a batch, and some batches an epoch. */
static int choose_batch(int64_t files)
{
    int batch = 64;
    while (batch > 2 && batch * 4 > files)
        batch /= 2;
    return batch;
}

/* A config for a folder of pictures: defaults, and what a folder of unknown pictures needs. Kept if it is there: the
 * user may have edited it. */
static gd_status write_config(const char *pictures, const char *path, gd_error *error)
{
    char absolute[4096];
    gd_text text = {0};
    if (gd_file_exists(path))
        return GD_OK;
    if (!realpath(pictures, absolute))
        return gd_fail(error, GD_IO, "cannot find '%s'", pictures);
    gd_walk walk;
    GD_TRY(gd_walk_folder(pictures, GD_LOOPS_FAIL, &walk, error));
    int batch = choose_batch(walk.n);
    gd_walk_release(&walk);
    gd_text_add(&text, "# Written by `griddle run FOLDER`; every key: griddle config --keys\ndata:\n  source: ");
    gd_text_add_json(&text, absolute);
    gd_text_add(&text,
                "\n  format: folder\n  size: 64\n  channels: 3\n  test: 0.1\n  max_rejected: 100\n"
                "model:\n  network: resnet-9\naugment:\n  flip: random\n  crop: 6\n  brightness: 0.1\n"
                "  contrast: 0.1\ntrain:\n  epochs: 30\n  batch: %d\n  label_smoothing: 0.1\n",
                batch);
    gd_status status = gd_text_status(&text, error);
    if (status == GD_OK)
        status = gd_file_write(path, text.at, text.length, error);
    gd_text_release(&text);
    return status;
}

/* Folders of the same name share a default run: the second must not be answered with the first one's model. */
static gd_status check_source(const char *pictures, const char *run, const gd_config *config, gd_error *error)
{
    char wanted[4096], kept[4096];
    if (!realpath(pictures, wanted))
        return gd_fail(error, GD_IO, "cannot find '%s'", pictures);
    if (realpath(config->data.source, kept) && strcmp(kept, wanted) == 0)
        return GD_OK;
    return gd_fail(error, GD_INVALID, "'%s' is a run of the pictures in '%s', not of '%s'; name another --out", run,
                   config->data.source, pictures);
}

/* A run among the pictures would be taken for a class of them. */
static gd_status check_apart(const char *pictures, const char *run, gd_error *error)
{
    char around[4096], inside[4096], *slash;
    gd_engine_path part;
    snprintf(part.text, sizeof part.text, "%s%s", run[0] == '/' ? "" : "./", run);
    while (!realpath(part.text, inside)) { /* not made yet: where it would be */
        slash = strrchr(part.text, '/');
        slash[slash == part.text] = '\0'; /* "/" and "." are there */
    }
    if (!realpath(pictures, around))
        return gd_fail(error, GD_IO, "cannot find '%s'", pictures);
    size_t n = strlen(around);
    if (strncmp(around, inside, n) != 0 || (inside[n] != '/' && inside[n] != '\0'))
        return GD_OK;
    return gd_fail(error, GD_INVALID, "the run '%s' would lie among the pictures in '%s'; name another --out", run,
                   pictures);
}

static gd_status run_road(gd_command *command, gd_error *error)
{
    gd_config config = {0};
    gd_engine_path folder;
    gd_run_path config_path;
    gd_text text = {0};
    gd_train_result result = {0};
    gd_staged staged = {0};
    gd_status status;
    const gd_device *device;
    const gd_team alone = {0};
    gd_seat seat;
    GD_TRY(gd_engine_seat(&seat, error));
    if (seat.ranks > 1)
        return gd_fail(error, GD_INVALID, "'run' is for one process; several share 'griddle train'");
    GD_TRY(gd_engine_device(command, &device, error));
    gd_engine_find_folder(command, command->word[0], &folder);
    snprintf(config_path.text, sizeof config_path.text, "%s", command->word[0]);
    if (is_folder(command->word[0])) {
        GD_TRY(check_apart(command->word[0], folder.text, error));
        GD_TRY(gd_engine_take_folder(&folder, error));
        config_path = gd_run_file(folder.text, "pictures.yaml");
        GD_TRY(write_config(command->word[0], config_path.text, error));
        GD_TRY_TO(done, gd_engine_config(command, config_path.text, &config, error));
        GD_TRY_TO(done, check_source(command->word[0], folder.text, &config, error));
    } else {
        GD_TRY_TO(done, gd_engine_config(command, config_path.text, &config, error));
        GD_TRY_TO(done, gd_engine_take_folder(&folder, error));
    }
    GD_TRY_TO(done, gd_engine_stage_run(command, config_path.text, &config, folder.text, error));
    GD_TRY_TO(done, gd_config_print(&config, &text));
    GD_TRY_TO(done, gd_file_write(gd_run_file(folder.text, "config.yaml").text, text.at, text.length, error));
    GD_TRY_TO(done, gd_engine_train(command, &config, device, folder.text, true, &alone, &result, error));
    GD_TRY_TO(done, gd_staged_open(gd_run_file(folder.text, "staged.safetensors").text, GD_OPEN_TEST, &staged, error));
    if (staged.test.n > 0)
        status = gd_engine_evaluate_run(command, folder.text, error);
    else
        fprintf(stderr, "no test split, so nothing is evaluated; data.test holds some images out\n");
    if (staged.test.n == 0 && gd_command_has(command, "--json"))
        gd_engine_print_result(folder.text, &result);
done:
    gd_staged_close(&staged);
    gd_text_release(&text);
    gd_config_release(&config);
    return status;
}

static const gd_option options[] = {GD_OPTION_SET, GD_OPTION_OUT, GD_OPTION_DEVICE, GD_OPTION_JSON, {0}};

const gd_verb gd_verb_run = {
    "run",
    "CONFIG|FOLDER",
    1,
    1,
    "the whole road: stage, train, evaluate; goes on where it was stopped",
    "griddle run configs/fashion-mnist.yaml\n"
    "griddle run pictures/                     a folder with a folder of pictures per class\n",
    options,
    run_road,
};
