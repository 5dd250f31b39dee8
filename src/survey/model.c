// SPDX-License-Identifier: Apache-2.0
#include "survey/model.h"

#include "base/digest.h"
#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static gd_status find_file(const char *word, gd_survey_model *model, gd_error *error)
{
    struct stat info;
    model->is_run = stat(word, &info) == 0 && S_ISDIR(info.st_mode);
    const int length = snprintf(model->path, sizeof model->path, model->is_run ? "%s/model.safetensors" : "%s", word);
    if ((size_t)length >= sizeof model->path)
        return gd_fail(error, GD_IO, "cannot open a path of %d bytes, more than %zu", length, sizeof model->path - 1);
    if (model->is_run && !gd_file_exists(model->path))
        return gd_fail(error, GD_IO, "'%s' has no model.safetensors: train it to the end first", word);
    return GD_OK;
}

static gd_status digest(gd_survey_model *model, gd_error *error)
{
    void *map;
    size_t bytes;
    GD_TRY(gd_file_map(model->path, &map, &bytes, error));
    snprintf(model->digest, sizeof model->digest, "%016" PRIx64, gd_digest(GD_DIGEST_START, map, bytes));
    gd_file_unmap(map, bytes);
    return GD_OK;
}

gd_status gd_survey_model_open(const char *word, gd_survey_model *model, gd_error *error)
{
    *model = (gd_survey_model){0};
    GD_TRY(find_file(word, model, error));
    GD_TRY(gd_model_open(model->path, &model->model, error));
    model->info = gd_model_describe(model->model);
    const gd_status status = digest(model, error);
    if (status != GD_OK)
        gd_survey_model_release(model);
    return status;
}

gd_status gd_survey_model_has_classes(const gd_survey_model *model, int n, const char *const *classes,
                                      const char *whose, gd_error *error)
{
    const gd_model_info *info = model->info;
    if (info->n_classes != n)
        return gd_fail(error, GD_INVALID, "model '%s' has %d classes where '%s' has %d", model->path, info->n_classes,
                       whose, n);
    for (int c = 0; c < n; c++) {
        if (strcmp(info->classes[c], classes[c]) != 0)
            return gd_fail(error, GD_INVALID, "class %d is '%s' to model '%s' and '%s' in '%s'", c, info->classes[c],
                           model->path, classes[c], whose);
    }
    return GD_OK;
}

void gd_survey_model_release(gd_survey_model *model)
{
    gd_model_free(model->model);
    *model = (gd_survey_model){0};
}
