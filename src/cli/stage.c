// SPDX-License-Identifier: Apache-2.0
/* griddle stage: from a source of images to a staged set. A program of its own: curl, libarchive and OpenSSL come with
 * no other verb. `griddle serve` starts it, too, for a model in an archive. */
#include "data/stage.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "data/archive.h"
#include "data/staged.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- while it runs ---- */

enum { MOST_TOLD = 20 };

typedef struct stage_view {
    bool terminal, drawn; /* standard error is one; a line of progress stands there */
    gd_text rejected;     /* the first of them, told when staging fails of several; else the report tells of all */
    int64_t n_rejected;
} stage_view;

static void on_progress(void *context, const char *doing, int64_t done, int64_t total)
{
    stage_view *view = context;
    if (!view->terminal)
        return;
    view->drawn = true;
    if (total > 0)
        fprintf(stderr, "\r%s: %" PRId64 " of %" PRId64 " (%d%%)\033[K", doing, done, total,
                (int)((double)done / (double)total * 100));
    else
        fprintf(stderr, "\r%s: %" PRId64 "\033[K", doing, done);
}

static void on_rejected(void *context, const char *file, const char *reason)
{
    stage_view *view = context;
    if (view->n_rejected++ < MOST_TOLD)
        gd_text_add(&view->rejected, "rejected '%s': %s\n", file, reason);
}

static void end_line(stage_view *view)
{
    if (view->drawn)
        fputs("\r\033[K", stderr);
    view->drawn = false;
}

static void on_note(void *context, const char *text)
{
    end_line(context);
    fprintf(stderr, "griddle: %s\n", text);
}

/* ---- the report ---- */

static gd_status count_classes(const gd_images *images, int n_classes, int64_t **count, gd_error *error)
{
    *count = calloc((size_t)n_classes, sizeof **count);
    if (!*count)
        return gd_fail(error, GD_NOMEM, "out of memory for %d classes", n_classes);
    for (int64_t i = 0; i < images->n; i++)
        (*count)[images->labels[i]]++;
    return GD_OK;
}

static void print_json_split(const char *name, const gd_images *images, const gd_staged *set, const int64_t *count,
                             gd_text *out)
{
    gd_text_add(out, "\"%s\":{\"images\":%" PRId64 ",\"classes\":{", name, images->n);
    for (int c = 0; c < set->n_classes; c++) {
        gd_text_add(out, c ? "," : "");
        gd_text_add_json(out, set->classes[c]);
        gd_text_add(out, ":%" PRId64, count[c]);
    }
    gd_text_add(out, "}}");
}

static void print_json_numbers(const char *name, const double *numbers, int n, gd_text *out)
{
    gd_text_add(out, ",\"%s\":[", name);
    for (int i = 0; i < n; i++)
        gd_text_add(out, "%s%.9g", i ? "," : "", numbers[i]);
    gd_text_add(out, "]");
}

static void print_json(const gd_staged *set, bool fresh, const gd_attr *rejected, int64_t *const count[GD_PARTS],
                       gd_text *out)
{
    gd_text_add(out, "{\"staged\":");
    gd_text_add_json(out, set->path);
    gd_text_add(out, ",\"fresh\":%s,\"height\":%d,\"width\":%d,\"channels\":%d,\"splits\":{", fresh ? "true" : "false",
                set->train.height, set->train.width, set->train.channels);
    print_json_split("train", &set->train, set, count[GD_PART_TRAIN], out);
    if (set->test.n > 0) {
        gd_text_add(out, ",");
        print_json_split("test", &set->test, set, count[GD_PART_TEST], out);
    }
    gd_text_add(out, "},\"rejected\":");
    gd_attr_print_json(rejected, out);
    print_json_numbers("mean", set->mean, set->train.channels, out);
    print_json_numbers("deviation", set->deviation, set->train.channels, out);
    gd_text_add(out, "}\n");
}

static void print_numbers(const char *name, const double *numbers, int n, gd_text *out)
{
    gd_text_add(out, "%s", name);
    for (int i = 0; i < n; i++)
        gd_text_add(out, " %.2f", numbers[i]);
}

static void print_table(const gd_staged *set, bool fresh, const gd_attr *rejected, int64_t *const count[GD_PARTS],
                        gd_text *out)
{
    int width = 5;
    for (int c = 0; c < set->n_classes; c++)
        width = gd_text_columns(set->classes[c]) > width ? gd_text_columns(set->classes[c]) : width;
    gd_text_add(out, "%-*s %9s %9s\n", width, "class", "train", "test");
    for (int c = 0; c < set->n_classes; c++) {
        gd_text_add_cell(out, set->classes[c], width);
        gd_text_add(out, " %9" PRId64 " %9" PRId64 "\n", count[GD_PART_TRAIN][c], count[GD_PART_TEST][c]);
    }
    gd_text_add(out, "%-*s %9" PRId64 " %9" PRId64 "\n\n", width, "all", set->train.n, set->test.n);
    for (const gd_attr *row = rejected->first; row; row = row->next) {
        const gd_attr *file = gd_attr_find(row, "file"), *reason = gd_attr_find(row, "reason");
        gd_text_add(out, "rejected '%s': %s\n", file && file->text ? file->text : "",
                    reason && reason->text ? reason->text : "");
    }
    gd_text_add(out, "images    %dx%d %s, %d rejected\n", set->train.width, set->train.height,
                set->train.channels == 1 ? "grey" : "colour", gd_attr_count(rejected));
    print_numbers("mean     ", set->mean, set->train.channels, out);
    print_numbers("\ndeviation", set->deviation, set->train.channels, out);
    gd_text_add(out, "\nstaged    %s (%s)\n", set->path, fresh ? "new" : "up to date");
}

static gd_status report(const char *path, bool fresh, bool json, gd_error *error)
{
    gd_staged set;
    gd_arena arena = {0};
    gd_attr *rejected = NULL;
    gd_text text = {0};
    int64_t *count[GD_PARTS] = {NULL, NULL};
    gd_status status;
    GD_TRY(gd_staged_open(path, GD_OPEN_TRAIN | GD_OPEN_TEST, &set, error));
    const char *list = gd_safetensors_metadata(&set.file, "rejected");
    list = list ? list : "[]";
    GD_TRY_TO(done,
              gd_json_parse(&arena, path, list, strlen(list), (gd_json_limits){.nodes = 20000000}, &rejected, error));
    GD_TRY_TO(done, count_classes(&set.train, set.n_classes, &count[GD_PART_TRAIN], error));
    GD_TRY_TO(done, count_classes(&set.test, set.n_classes, &count[GD_PART_TEST], error));
    if (json)
        print_json(&set, fresh, rejected, count, &text);
    else
        print_table(&set, fresh, rejected, count, &text);
    GD_TRY_TO(done, gd_text_status(&text, error));
    fwrite(text.at, 1, text.length, stdout);
done:
    gd_text_release(&text);
    for (int p = 0; p < GD_PARTS; p++)
        free(count[p]);
    gd_arena_release(&arena);
    gd_staged_close(&set);
    return status;
}

/* ---- the verb ---- */

static gd_status stage(gd_command *command, gd_error *error)
{
    const char *const *set;
    int n_set;
    gd_config config = {0};
    gd_staging staging;
    stage_view view = {.terminal = isatty(STDERR_FILENO)};
    gd_stage_watch watch = {&view, on_progress, on_rejected, on_note};
    bool fresh;
    gd_status status;
    GD_TRY(gd_command_values(command, "--set", &set, &n_set, error));
    GD_TRY(gd_config_read(command->word[0], set, n_set, &config, error));
    GD_TRY_TO(done, gd_staging_find(&config, gd_command_option(command, "--out"), &command->arena, &staging, error));
    status = gd_stage(&config, &staging, &watch, &fresh, error);
    end_line(&view);
    if (status != GD_OK && view.n_rejected > 1 && view.rejected.at)
        fputs(view.rejected.at, stderr);
    if (status != GD_OK && view.n_rejected > MOST_TOLD)
        fprintf(stderr, "… and %" PRId64 " more\n", view.n_rejected - MOST_TOLD);
    if (status == GD_OK)
        status = report(staging.staged, fresh, gd_command_has(command, "--json"), error);
done:
    gd_text_release(&view.rejected);
    gd_config_release(&config);
    return status;
}

/* ---- what griddle-serve asks ---- */

static gd_status unpack(gd_command *command, gd_error *error)
{
    static const size_t most = (size_t)4 << 30; /* a gzip of little may be one of much */
    return gd_archive_unpack(command->word[0], command->word[1], most, error);
}

static const gd_option options[] = {
    GD_OPTION_SET,
    {"--out", NULL, "FILE|DIR", "where to put the staged set; default: in the cache"},
    GD_OPTION_JSON,
    {0},
};

static const gd_verb verbs[] = {
    {"stage", "CONFIG", 1, 1, "fetch, verify, unpack, select and fit images into one staged set",
     "griddle stage configs/fashion-mnist.yaml\n"
     "griddle stage configs/scones.yaml --set data.source=file:cifar-100-binary.tar.gz --json\n",
     options, stage},
    {"unpack", "ARCHIVE FOLDER", 2, 2, "the *.safetensors of an archive, for griddle serve",
     "griddle-stage unpack model.tar.gz folder\n", NULL, unpack},
    {0},
};

int main(int argc, char **argv)
{
    gd_command_init();
    return gd_command_main(verbs, argc, argv);
}
