// SPDX-License-Identifier: Apache-2.0
#include "check/run_images.h"

#include "base/file.h"
#include "config/config.h"
#include "data/cache.h"

#include <sys/stat.h>

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The files of the validation split, if they all lie where they did, as they did. */
static const gd_survey_file *find_originals(const gd_config *config, gd_run_images *r)
{
    gd_staging staging;
    const gd_images *images = &r->staged.train;
    const int64_t n = r->split.n_validation;
    if (!images->names || gd_staging_find(config, NULL, &r->arena, &staging, NULL) != GD_OK ||
        !is_folder(staging.source) || !gd_staged_current(r->staged.path, staging.settings))
        return NULL;
    gd_survey_file *files = gd_arena_alloc(&r->arena, (size_t)n + 1, sizeof *files);
    for (int64_t i = 0; files && i < n; i++) {
        const int64_t row = r->split.validation[i];
        const char *path = gd_arena_printf(&r->arena, "%s/%s", staging.source, images->names[row]);
        if (!path || !gd_file_exists(path))
            return NULL;
        files[i] = (gd_survey_file){path, images->labels[row]};
    }
    return files;
}

static gd_status open_set(const gd_config *config, const char *staged, bool originals, gd_run_images *r,
                          gd_error *error)
{
    const gd_data_config *data = &config->data;
    GD_TRY(gd_staged_open(staged, GD_OPEN_TRAIN, &r->staged, error));
    GD_TRY(gd_split_make(&r->staged.train, r->staged.classes, r->staged.n_classes, data->validation, data->fold,
                         data->folds, config->train.seed, &r->arena, &r->split, error));
    r->size = data->size;
    r->originals = originals && r->size > 0 ? find_originals(config, r) : NULL;
    return GD_OK;
}

gd_status gd_run_images_open(const char *run, bool originals, gd_run_images *r, gd_error *error)
{
    gd_config config = {0};
    *r = (gd_run_images){0};
    const char *path = gd_arena_printf(&r->arena, "%s/config.yaml", run);
    const char *staged = gd_arena_printf(&r->arena, "%s/staged.safetensors", run);
    gd_status status = path && staged ? gd_config_read(path, NULL, 0, &config, error)
                                      : gd_fail(error, GD_NOMEM, "out of memory for a run");
    if (status == GD_OK)
        status = open_set(&config, staged, originals, r, error);
    gd_config_release(&config);
    if (status != GD_OK)
        gd_run_images_release(r);
    return status;
}

void gd_run_images_release(gd_run_images *r)
{
    gd_staged_close(&r->staged);
    gd_arena_release(&r->arena);
    *r = (gd_run_images){0};
}
