// SPDX-License-Identifier: Apache-2.0
#include "check/baseline_make.h"

#include "base/file.h"
#include "check/baseline_builder.h"
#include "check/run_images.h"
#include "check/trained.h"
#include "data/decode.h"
#include "format/files.h"
#include "survey/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Of pictures, how many are looked at to see whether they are training images; and how many of those make them so:
 * public sets hold some pictures twice. */
enum { SAMPLE = 200, TELLING = 10 /* one in so many */ };

typedef struct job {
    const gd_baseline_options *o;
    gd_baseline *baseline;
    gd_baseline_told *told;
    gd_survey_model model;
    gd_arena arena;
    gd_run_images run;
    gd_trained trained; /* the run's training images; digest NULL: not known */
    bool statistics_alone;
    gd_baseline_builder builder;
} job;

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static void note(job *j, const char *format, ...) GD_PRINTF(2, 3);
static void note(job *j, const char *format, ...)
{
    const size_t used = strlen(j->told->note), room = sizeof j->told->note - used;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(j->told->note + used, room, format, arguments);
    va_end(arguments);
}

static void note_scaled(job *j, int size)
{
    note(
        j,
        "the images were scaled to %d pixels when they were staged, and their originals are not at hand: no figures of "
        "pictures (brightness, sharpness …) are in this baseline; name a folder of pictures, or a capture, to have "
        "them\n",
        size);
}

/* ---- the run ---- */

/* What it was trained on, as far as it is still there: a run's model may be all that was kept of it. */
static gd_status open_trained(job *j, gd_error *error)
{
    gd_error missing = {0};
    if (!j->model.is_run)
        return GD_OK;
    if (gd_run_images_open(j->o->model, false, &j->run, &missing) != GD_OK) {
        note(j, "not known what '%s' was trained on (%s): take care that it was not on these\n", j->o->model,
             missing.message);
        return GD_OK;
    }
    return gd_trained_init(&j->trained, &j->run.staged.train, j->run.split.train, j->run.split.n_train, error);
}

static void judge(job *j, int64_t had, int64_t looked)
{
    j->statistics_alone = had * TELLING >= looked && had > 0;
    if (j->statistics_alone)
        note(j,
             "%" PRId64 " of %" PRId64 " picture%s looked at %s that '%s' was trained on, and of those a model is "
             "over-confident: the baseline holds statistics of the images alone, no answers\n",
             had, looked, gd_plural(looked), had == 1 ? "is one" : "are ones", j->o->model);
}

/* ---- surveys ---- */

static gd_survey_options options_of(const job *j)
{
    const gd_profile_options *profile = &j->baseline->profile.options;
    return (gd_survey_options){.model = j->statistics_alone ? NULL : j->model.model,
                               .n_classes = profile->n_classes,
                               .classes = profile->classes,
                               .n_features = profile->n_features,
                               .channels = j->model.info->channels,
                               .threads = j->o->threads,
                               .stop = j->o->stop};
}

static gd_status begin(job *j, gd_error *error)
{
    const gd_model_info *info = j->model.info;
    const bool alone = j->statistics_alone, features = info->features && info->n_features <= GD_FEATURES_MOST;
    return gd_baseline_builder_init(&j->builder, j->baseline, alone ? 0 : info->n_classes, info->classes,
                                    !alone && features ? (int)info->n_features : 0, error);
}

static gd_status survey_images(job *j, const gd_images *images, const int64_t *rows, int64_t n, bool resized,
                               gd_error *error)
{
    GD_TRY(begin(j, error));
    const gd_survey_options options = options_of(j);
    const gd_see see = gd_baseline_builder_see(&j->builder);
    return gd_survey_images(images, rows, n, resized, &options, &see, &j->told->seen, error);
}

static gd_status survey_files(job *j, const gd_survey_file *files, int64_t n, gd_error *error)
{
    GD_TRY(begin(j, error));
    const gd_survey_options options = options_of(j);
    const gd_see see = gd_baseline_builder_see(&j->builder);
    return gd_survey_files(files, n, &options, &see, &j->told->seen, error);
}

/* What narrows captures down would be ignored. */
static gd_status refuse_window(const job *j, gd_error *error)
{
    const gd_survey_capture *what = &j->o->what;
    if (what->endpoint || what->variant || what->read.from_ms || what->read.to_ms)
        return gd_fail(error, GD_INVALID, "--from, --to, --endpoint and --variant are of captures, and '%s' is none",
                       j->o->data ? j->o->data : j->o->model);
    return GD_OK;
}

/* ---- the run's validation split ---- */

static gd_status make_of_run(job *j, gd_error *error)
{
    const char *run = j->o->model;
    GD_TRY(refuse_window(j, error));
    if (!j->model.is_run)
        return gd_fail(error, GD_INVALID,
                       "'%s' is a model, which does not say what it was not trained on: name reference images too, as "
                       "griddle monitor baseline MODEL DATA -o DIR",
                       run);
    GD_TRY(gd_run_images_open(run, true, &j->run, error));
    const gd_run_images *r = &j->run;
    const int64_t n = r->split.n_validation;
    if (n == 0)
        return gd_fail(
            error, GD_INVALID,
            "'%s' was trained on all its images (data.validation: 0): name others, such as a test split in "
            "its staged set, by griddle monitor baseline %s %s/staged.safetensors -o DIR, or train with --set "
            "data.validation=0.1",
            run, run, run);
    snprintf(j->baseline->source, sizeof j->baseline->source, "the %" PRId64 " validation image%s of %s", n,
             gd_plural(n), run);
    if (r->originals)
        return survey_files(j, r->originals, n, error);
    if (r->size > 0)
        note_scaled(j, r->size);
    return survey_images(j, &r->staged.train, r->split.validation, n, r->size > 0, error);
}

/* ---- a folder of pictures ---- */

/* Whether a file is a training image; one that is broken is none, and is told of later. */
static gd_status look_at_file(const job *j, const char *path, int64_t *had, int64_t *looked, gd_error *error)
{
    gd_arena arena = {0};
    gd_picture picture = {0};
    char *bytes;
    size_t length;
    bool has = false;
    gd_status status = gd_file_read(path, (size_t)1 << 28, &arena, &bytes, &length, NULL);
    if (status == GD_OK)
        status = gd_decode(NULL, bytes, length, j->trained.channels, &picture, NULL);
    const bool whole = status == GD_OK;
    if (whole) {
        const gd_image image = {picture.height, picture.width, picture.channels, picture.pixels};
        status = gd_trained_has(&j->trained, &image, &has, error);
        *had += has;
        ++*looked;
    }
    gd_picture_release(&picture);
    gd_arena_release(&arena);
    return whole ? status : GD_OK;
}

static gd_status sample_files(job *j, const gd_survey_file *files, int64_t n, gd_error *error)
{
    int64_t had = 0, looked = 0;
    const int64_t step = n > SAMPLE ? n / SAMPLE : 1;
    for (int64_t i = 0; j->trained.digest && i < n && looked < SAMPLE; i += step)
        GD_TRY(look_at_file(j, files[i].path, &had, &looked, error));
    judge(j, had, looked);
    return GD_OK;
}

static gd_status make_of_files(job *j, const gd_survey_file *files, int64_t n, gd_error *error)
{
    GD_TRY(refuse_window(j, error));
    GD_TRY(open_trained(j, error));
    GD_TRY(sample_files(j, files, n, error));
    snprintf(j->baseline->source, sizeof j->baseline->source, "%" PRId64 " picture%s of %s", n, gd_plural(n),
             j->o->data);
    return survey_files(j, files, n, error);
}

/* ---- a staged set ---- */

static gd_status sample_images(job *j, const gd_images *images, gd_error *error)
{
    int64_t had = 0, looked = 0;
    const int64_t step = images->n > SAMPLE ? images->n / SAMPLE : 1;
    const size_t bytes = (size_t)images->height * (size_t)images->width * (size_t)images->channels;
    for (int64_t i = 0; j->trained.digest && i < images->n && looked < SAMPLE; i += step, looked++) {
        bool has;
        const gd_image image = {images->height, images->width, images->channels, images->pixels + (size_t)i * bytes};
        GD_TRY(gd_trained_has(&j->trained, &image, &has, error));
        had += has;
    }
    judge(j, had, looked);
    return GD_OK;
}

/* Whether staging scaled the pictures: it does where it was told their size. */
static bool is_scaled(const gd_staged *set)
{
    const char *settings = gd_safetensors_metadata(&set->file, "settings");
    return settings && !strstr(settings, "\"size\":0,");
}

static gd_status make_of_staged(job *j, const char *path, gd_error *error)
{
    gd_staged set = {0};
    gd_status status;
    GD_TRY(refuse_window(j, error));
    GD_TRY(open_trained(j, error));
    GD_TRY_TO(done, gd_staged_open(path, GD_OPEN_TRAIN | GD_OPEN_TEST, &set, error));
    /* its labels are positions among its classes */
    GD_TRY_TO(done, gd_survey_model_has_classes(&j->model, set.n_classes, set.classes, set.path, error));
    const bool test = set.test.n > 0;
    const gd_images *images = test ? &set.test : &set.train;
    GD_TRY_TO(done, sample_images(j, images, error));
    snprintf(j->baseline->source, sizeof j->baseline->source, "%s%" PRId64 " image%s of %s",
             test ? "the test split's " : "", images->n, gd_plural(images->n), path);
    if (is_scaled(&set))
        note_scaled(j, images->height);
    status = survey_images(j, images, NULL, 0, is_scaled(&set), error);
done:
    gd_staged_close(&set);
    return status;
}

/* ---- captures, tables ---- */

static gd_status make_of_captures(job *j, gd_error *error)
{
    const char *const paths[] = {j->o->data, NULL};
    gd_survey_capture what = j->o->what;
    what.read.paths = paths;
    GD_TRY(begin(j, error));
    const gd_survey_options options = options_of(j);
    const gd_see see = gd_baseline_builder_see(&j->builder);
    GD_TRY(gd_survey_captures(&what, &options, &see, &j->told->captured, &j->told->seen, error));
    const gd_captured_counts *read = &j->told->captured.read;
    if (j->told->seen.pictures == 0)
        return gd_fail(error, GD_FORMAT,
                       "'%s': no records to make a baseline of: %" PRId64 " line%s, of which %" PRId64
                       " are broken and %" PRId64 " outside the window of time",
                       j->o->data, read->lines, gd_plural(read->lines), read->broken, read->outside);
    snprintf(j->baseline->source, sizeof j->baseline->source, "%" PRId64 " captured picture%s of %s",
             j->told->seen.pictures, gd_plural(j->told->seen.pictures), j->o->data);
    return GD_OK;
}

static gd_status make_of_table(job *j, const char *path, gd_error *error)
{
    GD_TRY(refuse_window(j, error));
    GD_TRY(gd_baseline_builder_init(&j->builder, j->baseline, 0, NULL, 0, error));
    GD_TRY(gd_survey_table(path, &j->baseline->profile, j->o->stop, error));
    snprintf(j->baseline->source, sizeof j->baseline->source, "table %s", path);
    return GD_OK;
}

/* ---- the whole ---- */

/* Of a folder without pictures. */
static gd_status check_captures(const char *folder, gd_error *error)
{
    const gd_captured_options options = {.paths = (const char *const[]){folder, NULL}};
    gd_captured *reader;
    gd_error none = {0};
    const gd_status status = gd_captured_open(&options, &reader, &none);
    gd_captured_close(reader);
    if (status != GD_INVALID)
        return status == GD_OK ? GD_OK : gd_fail(error, status, "%s", none.message);
    return gd_fail(error, GD_INVALID,
                   "neither pictures nor captures below '%s': no file ends in .png, .jpg, .jpeg, .jsonl or .jsonl.gz, "
                   "and there are no folders yyyy/mm/dd/hh",
                   folder);
}

static gd_status make_of_folder(job *j, const char *folder, gd_error *error)
{
    const gd_survey_file *files;
    int64_t n;
    gd_error none = {0};
    const char *staged = gd_arena_printf(&j->arena, "%s/staged.safetensors", folder);
    if (!staged)
        return gd_fail(error, GD_NOMEM, "out of memory for a path");
    if (gd_file_exists(staged))
        return make_of_staged(j, staged, error);
    const gd_status status =
        gd_survey_find_files(folder, j->model.info->classes, j->model.info->n_classes, &j->arena, &files, &n, &none);
    if (status == GD_OK)
        return make_of_files(j, files, n, error);
    if (status != GD_INVALID)
        return gd_fail(error, status, "%s", none.message);
    GD_TRY(check_captures(folder, error));
    return make_of_captures(j, error);
}

static gd_status make(job *j, gd_error *error)
{
    const char *model = j->o->model, *data = j->o->data;
    if (!data && ends_with(model, ".safetensors") && gd_survey_is_table(model))
        return make_of_table(j, model, error);
    const bool is_set = data && !is_folder(data) && ends_with(data, ".safetensors");
    if (is_set && gd_survey_is_table(data))
        return gd_fail(error, GD_INVALID,
                       "'%s' is a table of numbers, of which '%s' computes nothing: leave that out, as griddle monitor "
                       "baseline %s -o DIR",
                       data, model, data);
    GD_TRY(gd_survey_model_open(model, &j->model, error));
    memcpy(j->baseline->model, j->model.digest, sizeof j->baseline->model);
    if (!data)
        return make_of_run(j, error);
    if (is_folder(data))
        return make_of_folder(j, data, error);
    return is_set ? make_of_staged(j, data, error) : make_of_captures(j, error);
}

static gd_status check_counts(const job *j, gd_error *error)
{
    const gd_survey_counts *seen = &j->told->seen;
    if (j->baseline->profile.items > 0)
        return GD_OK;
    if (seen->broken > 0)
        return gd_fail(error, GD_FORMAT, "none of %" PRId64 " picture%s can be decoded; the first: %s", seen->broken,
                       gd_plural(seen->broken), seen->first.message);
    return gd_fail(error, GD_FORMAT, "nothing to make a baseline of");
}

gd_status gd_baseline_make(const gd_baseline_options *options, gd_baseline *baseline, gd_baseline_told *reference,
                           gd_error *error)
{
    job j = {.o = options, .baseline = baseline, .told = reference};
    *baseline = (gd_baseline){0};
    *reference = (gd_baseline_told){0};
    gd_status status = make(&j, error);
    if (status == GD_OK)
        status = gd_baseline_builder_finish(&j.builder, error);
    if (status == GD_OK)
        status = check_counts(&j, error);
    if (status == GD_OK)
        status = gd_rules_of(&baseline->profile, options->alarms_per_month, options->checks_per_month, &baseline->rules,
                             error);
    gd_baseline_builder_release(&j.builder);
    gd_trained_release(&j.trained);
    gd_run_images_release(&j.run);
    gd_survey_model_release(&j.model);
    gd_arena_release(&j.arena);
    return status;
}
