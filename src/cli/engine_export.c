// SPDX-License-Identifier: Apache-2.0
/* griddle export: the trained model in another form. */
#include "base/file.h"
#include "cli/engine.h"
#include "export/export.h"
#include "train/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static gd_status run_export(gd_command *command, gd_error *error)
{
    const char *to = gd_command_option(command, "-o"), *format = gd_command_option(command, "--format"),
               *precision = gd_command_option(command, "--precision");
    gd_type type = GD_F32;
    if (!to)
        return gd_fail(error, GD_INVALID, "export wants -o FILE");
    if (format && (strcmp(format, "onnx") == 0 || strcmp(format, "sagemaker") == 0))
        return gd_fail(error, GD_INVALID, "--format %s is not there yet; use --format safetensors", format);
    if (format && strcmp(format, "safetensors") != 0)
        return gd_command_unknown("format", format, (const char *const[]){"safetensors", "onnx", "sagemaker"}, 3,
                                  error);
    if (precision && strcmp(precision, "int8") == 0)
        return gd_fail(error, GD_INVALID, "--precision int8 is not there yet; use fp32 or bf16");
    if (precision && strcmp(precision, "bf16") == 0)
        type = GD_BF16;
    else if (precision && strcmp(precision, "fp32") != 0)
        return gd_command_unknown("precision", precision, (const char *const[]){"fp32", "bf16", "int8"}, 3, error);
    gd_run_path model = gd_run_file(command->word[0], "model.safetensors");
    struct stat info;
    if (stat(command->word[0], &info) == 0 && !S_ISDIR(info.st_mode))
        snprintf(model.text, sizeof model.text, "%s", command->word[0]);
    else if (!gd_file_exists(command->word[0]))
        return gd_fail(error, GD_IO, "there is no run or model '%s'", command->word[0]);
    else if (!gd_file_exists(model.text))
        return gd_fail(error, GD_IO, "'%s' has no model.safetensors: train it to the end first", command->word[0]);
    struct stat place;
    if (stat(model.text, &info) == 0 && stat(to, &place) == 0 && info.st_ino == place.st_ino &&
        info.st_dev == place.st_dev)
        return gd_fail(error, GD_INVALID, "-o '%s' is the model itself; name another file", to);
    GD_TRY(gd_export_model(model.text, to, type, error));
    if (gd_command_has(command, "--json"))
        printf("{\"model\":\"%s\"}\n", to);
    return GD_OK;
}

static const gd_option options[] = {
    {"-o", NULL, "FILE", "where the model goes"},
    {"--format", NULL, "NAME", "safetensors (default); onnx and sagemaker are not there yet"},
    {"--precision", NULL, "NAME", "of the stored parameters: fp32 (default) or bf16"},
    GD_OPTION_JSON,
    {0},
};

const gd_verb gd_verb_export = {
    "export",
    "RUN|MODEL",
    1,
    1,
    "the trained model as a file of its own",
    "griddle export runs/fashion-mnist -o clothes.safetensors\n"
    "griddle export runs/fashion-mnist -o small.safetensors --precision bf16\n",
    options,
    run_export,
};
