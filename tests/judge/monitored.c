// SPDX-License-Identifier: Apache-2.0
/* What judges ask of a monitor's files: tables of numbers (a tensor F64 or I64 of one dimension per column) into a
 * baseline's folder, and a window of them held against one. */
#include "base/file.h"
#include "cli/command.h"
#include "format/files.h"
#include "store/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static gd_status add_column(gd_profile *profile, const gd_tensor_entry *of, gd_error *error)
{
    const int64_t n = gd_desc_count(of->desc);
    const bool whole = of->desc.type == GD_I64;
    double *x = malloc((size_t)(n + 1) * sizeof *x);
    if (!x || (!whole && of->desc.type != GD_F64)) {
        free(x);
        return gd_fail(error, GD_FORMAT, "'%s' is no column of F64 or I64", of->name);
    }
    for (int64_t i = 0; i < n; i++)
        x[i] = whole ? (double)((const int64_t *)of->data)[i] : ((const double *)of->data)[i];
    const gd_status status =
        gd_profile_add_numbers(profile, of->name, whole ? GD_COLUMN_WHOLE : GD_COLUMN_NUMBERS, x, (size_t)n, error);
    free(x);
    return status;
}

static gd_status add_table(const char *path, gd_profile *profile, gd_error *error)
{
    gd_safetensors file;
    GD_TRY(gd_safetensors_open(path, &file, error));
    gd_status status = GD_OK;
    for (int i = 0; i < file.n && status == GD_OK; i++)
        status = add_column(profile, &file.tensor[i], error);
    gd_safetensors_close(&file);
    return status == GD_OK ? gd_profile_settle(profile, error) : status;
}

static gd_status baseline(gd_command *command, gd_error *error)
{
    gd_baseline b = {0};
    gd_status status;
    GD_TRY_TO(done, gd_profile_init(&b.profile, &(gd_profile_options){.seed = 1}, error));
    GD_TRY_TO(done, add_table(command->word[0], &b.profile, error));
    GD_TRY_TO(done, gd_rules_of(&b.profile, 1, 100, &b.rules, error));
    GD_TRY_TO(done, gd_baseline_write(command->word[1], &b, error));
done:
    gd_baseline_release(&b);
    return status;
}

static gd_status check(gd_command *command, gd_error *error)
{
    gd_baseline b = {0};
    gd_window w = {0};
    gd_verdict v;
    gd_arena arena = {0};
    gd_text out = {0};
    gd_status status;
    GD_TRY_TO(done, gd_baseline_read(command->word[1], &b, error));
    GD_TRY_TO(done, gd_window_init(&w, &b, 2, error));
    GD_TRY_TO(done, add_table(command->word[0], &w.profile, error));
    GD_TRY_TO(done, gd_window_settle(&w, &b, error));
    GD_TRY_TO(done, gd_verdict_make(&b, &w, &arena, &v, error));
    gd_verdict_print_json(&v, &b, &w, &out);
    GD_TRY_TO(done, gd_text_status(&out, error));
    printf("%s", out.at);
done:
    gd_text_release(&out);
    gd_arena_release(&arena);
    gd_window_release(&w);
    gd_baseline_release(&b);
    return status;
}

static const gd_verb verbs[] = {
    {"baseline", "TABLE FOLDER", 2, 2, "a baseline of a table", "baseline a b\n", NULL, baseline},
    {"check", "TABLE FOLDER", 2, 2, "a window held against it", "check a b\n", NULL, check},
    {0},
};

int main(int argc, char **argv) { return gd_command_main(verbs, argc, argv); }
