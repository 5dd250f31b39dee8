// SPDX-License-Identifier: Apache-2.0
/* The training loop. What a step depends on is in the plan set, the state and the config; everything else (order of
 * images, draws, rates) is a pure function of (seed, epoch, position), so a run can stop and go on anywhere. */
#include "train/train.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "comm/agree.h"
#include "data/loader.h"
#include "export/export.h"
#include "train/checkpoint.h"
#include "train/run.h"
#include "train/schedule.h"
#include "train/share.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRAIN_PLAN = 0, EVAL_PLAN = 1, LOADER_THREADS = 1, LOADER_DEPTH = 4 };
enum { HOPELESS = 100 };            /* skipped updates in a row: more than the loss scale has halvings */
static const double EXPLODED = 1e5; /* a loss beyond this has nothing to do with learning any more */

typedef struct trainer {
    const gd_train_options *options;
    const gd_config *config;
    gd_staged staged;
    gd_arena arena;
    gd_split split;
    gd_train_set set;
    gd_train_state state;
    double mean;               /* of all channels, in bytes */
    char data[GD_STAGED_TEXT]; /* what tells these images from others */
    int64_t steps_per_epoch, steps;
    gd_loader *loader;
    double started, epoch_started; /* seconds on the clock */
    int64_t epoch_images;          /* since epoch_started */
    int skipped;                   /* updates in a row, up to the last one */
} trainer;

/* Rank 0 writes what there is to write. */
static bool leads(const trainer *t) { return !t->options->comm || t->options->comm->rank == 0; }

/* What the tally counted since it was cleared, over all ranks. The view must be what the device has. */
typedef struct counts {
    double loss, images, correct;
} counts;

static gd_status count_all(const trainer *t, counts *all, gd_error *error)
{
    const gd_tally *tally = gd_plan_set_tally(t->set.plans);
    const gd_comm *comm = t->options->comm;
    double own[] = {tally->loss, (double)tally->images, (double)tally->correct};
    if (comm)
        GD_TRY(comm->sum(comm, own, 3, error));
    *all = (counts){own[0], own[1], own[2]};
    return GD_OK;
}

static int64_t steps_done(const trainer *t)
{
    return (int64_t)t->state.epoch * t->steps_per_epoch + (int64_t)t->state.batch;
}

static bool stop_wanted(const trainer *t) { return t->options->stop && *t->options->stop; }

/* All ranks stop behind the same step: where there are several, when the votes that came with its gradients say so. */
static bool stop_agreed(const trainer *t)
{
    return t->options->comm ? gd_plan_set_tally(t->set.plans)->stop : stop_wanted(t);
}

/* ---- batches ---- */

/* Into the plan's inputs; one that the plan does not have is passed over. */
static void feed(const trainer *t, int plan, const gd_batch *batch)
{
    const struct {
        const char *name;
        const void *from;
    } inputs[] = {{"images", batch->images}, {"draws", batch->draws}};
    gd_desc desc;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        void *to = gd_plan_value(t->set.plans, plan, inputs[i].name, &desc);
        if (to && inputs[i].from)
            memcpy(to, inputs[i].from, gd_desc_bytes(desc));
    }
    void *targets = gd_plan_value(t->set.plans, plan, "targets", &desc);
    gd_convert(targets, desc.type, batch->targets, GD_F32, gd_desc_count(desc));
}

static gd_status open_loader(trainer *t, gd_error *error)
{
    const gd_train_config *train = &t->config->train;
    gd_loader_free(t->loader);
    t->loader = NULL;
    const gd_loader_options options = {
        .images = &t->staged.train,
        .rows = t->split.train,
        .n_rows = t->split.n_train,
        .n_classes = t->staged.n_classes,
        .batch = t->set.micro,
        .shard = t->set.shard,
        .training = true,
        .augment = &t->config->augment,
        .mean = t->mean,
        .seed = train->seed,
        .first_epoch = (int)t->state.epoch,
        .last_epoch = train->epochs,
        .first_batch = (int64_t)t->state.batch * train->accumulate,
        .threads = LOADER_THREADS,
        .depth = LOADER_DEPTH,
    };
    return gd_loader_new(&options, &t->loader, error);
}

/* ---- one step: `accumulate` micro-batches and an update ---- */

static gd_status run_step(trainer *t, gd_error *error)
{
    const gd_train_config *train = &t->config->train;
    gd_record *record = gd_plan_set_record(t->set.plans);
    gd_tally *tally = gd_plan_set_tally(t->set.plans);
    double loss_before = tally->loss;
    int64_t images_before = tally->images;
    int64_t step = steps_done(t);

    for (int micro = 0; micro < train->accumulate; micro++) {
        const gd_batch *batch;
        GD_TRY(gd_loader_next(t->loader, &batch, error));
        if (!batch)
            return gd_fail(error, GD_INTERNAL, "the loader ended before the epoch");
        *record = (gd_record){
            .seed = train->seed,
            .step = step,
            .first_sample = batch->first,
            .epoch = (int32_t)t->state.epoch,
            .stop = stop_wanted(t),
            .valid = batch->valid,
            .batch = t->set.micro,
            .micro = micro,
            .micros = train->accumulate,
            .learning_rate = (float)gd_schedule_rate(train, step, t->steps, t->steps_per_epoch),
            /* early on the average follows the weights more closely: it must not remember their start */
            .average_decay = (float)fmin(train->average, (double)(step + 1) / (double)(step + 10)),
        };
        feed(t, TRAIN_PLAN, batch);
        bool last = micro == train->accumulate - 1;
        GD_TRY(gd_plan_run(t->set.plans, TRAIN_PLAN, last ? GD_STEP_UPDATE : GD_BACKWARD, error));
    }
    int64_t images = tally->images - images_before; /* 0: the device has not told of a run yet */
    double loss = images > 0 ? (tally->loss - loss_before) / (double)images : 0;
    if (!isfinite(loss) || loss > EXPLODED)
        return gd_fail(error, GD_NUMERIC,
                       "the loss is %g at step %lld of epoch %d: training has diverged; try a lower "
                       "train.learning_rate (now %g) or train.clip_norm",
                       loss, (long long)t->state.batch + 1, (int)t->state.epoch + 1, train->learning_rate);
    t->skipped = tally->skip ? t->skipped + 1 : 0;
    if (t->skipped == HOPELESS)
        return gd_fail(
            error, GD_NUMERIC,
            "%d updates in a row were skipped, up to step %lld of epoch %d: gradients are not finite, and the "
            "weights stand still; try a lower train.learning_rate (now %g)%s",
            HOPELESS, (long long)t->state.batch + 1, (int)t->state.epoch + 1, train->learning_rate,
            train->loss_scale > 0 ? " or train.loss_scale=0" : "");
    t->state.batch++;
    gd_member_step(t->options->member, steps_done(t));
    t->epoch_images += (int64_t)t->set.micro * train->accumulate;
    return GD_OK;
}

/* The loader knows micro-batches only: those behind the last whole update of an epoch are passed over. */
static gd_status skip_tail(trainer *t, gd_error *error)
{
    int64_t have = gd_loader_batches(t->loader), used = t->steps_per_epoch * t->config->train.accumulate;
    for (int64_t i = used; i < have; i++) {
        const gd_batch *batch;
        GD_TRY(gd_loader_next(t->loader, &batch, error));
    }
    return GD_OK;
}

/* ---- validation ---- */

static gd_status clear_tally(const trainer *t, gd_error *error)
{
    GD_TRY(gd_plan_set_pull(t->set.plans, GD_SPACE_TALLY, error));
    gd_tally *tally = gd_plan_set_tally(t->set.plans);
    tally->loss = 0;
    tally->images = tally->correct = 0;
    return gd_plan_set_push(t->set.plans, GD_SPACE_TALLY, error);
}

static gd_status validate(trainer *t, double *loss, double *accuracy, gd_error *error)
{
    gd_loader *loader = NULL;
    gd_status status;
    const gd_loader_options options = {
        .images = &t->staged.train,
        .rows = t->split.validation,
        .n_rows = t->split.n_validation,
        .n_classes = t->staged.n_classes,
        .batch = t->set.micro,
        .shard = t->set.shard,
        .last_epoch = 1,
        .threads = LOADER_THREADS,
        .depth = LOADER_DEPTH,
    };
    GD_TRY_TO(done, clear_tally(t, error));
    GD_TRY_TO(done, gd_loader_new(&options, &loader, error));
    for (;;) {
        const gd_batch *batch;
        GD_TRY_TO(done, gd_loader_next(loader, &batch, error));
        if (!batch)
            break;
        *gd_plan_set_record(t->set.plans) =
            (gd_record){.first_sample = batch->first, .valid = batch->valid, .micros = 1};
        feed(t, EVAL_PLAN, batch);
        GD_TRY_TO(done, gd_plan_run(t->set.plans, EVAL_PLAN, GD_FORWARD, error));
    }
    GD_TRY_TO(done, gd_plan_set_pull(t->set.plans, GD_SPACE_TALLY, error));
    counts all;
    GD_TRY_TO(done, count_all(t, &all, error));
    *loss = all.loss / all.images;
    *accuracy = all.correct / all.images;
done:
    gd_loader_free(loader);
    return status;
}

/* ---- state in and out ---- */

static gd_run_path checkpoint_of(const trainer *t) { return gd_run_file(t->options->run, "checkpoint.safetensors"); }

static gd_status tally_to_state(trainer *t, gd_error *error)
{
    GD_TRY(gd_plan_set_pull(t->set.plans, GD_SPACE_TALLY, error));
    const gd_tally *tally = gd_plan_set_tally(t->set.plans);
    counts all;
    GD_TRY(count_all(t, &all, error));
    t->state.loss = all.loss;
    t->state.images = all.images;
    t->state.correct = all.correct;
    t->state.applied = (double)tally->applied;
    t->state.not_finite = tally->not_finite;
    t->state.loss_scale = (double)tally->loss_scale;
    t->state.good = tally->good;
    return GD_OK;
}

static gd_status state_to_tally(const trainer *t, gd_error *error)
{
    GD_TRY(gd_plan_set_pull(t->set.plans, GD_SPACE_TALLY, error));
    gd_tally *tally = gd_plan_set_tally(t->set.plans);
    if (leads(t)) { /* sums over all ranks: one goes on from them */
        tally->loss = t->state.loss;
        tally->images = (int64_t)t->state.images;
        tally->correct = (int64_t)t->state.correct;
    }
    tally->applied = (int64_t)t->state.applied;
    tally->not_finite = (int32_t)t->state.not_finite;
    tally->loss_scale = (float)t->state.loss_scale;
    tally->good = (int32_t)t->state.good;
    return gd_plan_set_push(t->set.plans, GD_SPACE_TALLY, error);
}

static gd_status save(trainer *t, gd_error *error)
{
    gd_train_state state;
    GD_TRY(tally_to_state(t, error));
    if (!leads(t))
        return GD_OK;
    state = t->state;
    state.seconds += gd_seconds() - t->started;
    return gd_checkpoint_save(checkpoint_of(t).text, &t->set, &state, t->config, t->data, error);
}

/* ---- what a reader of the run sees ---- */

static void tell(trainer *t, gd_progress progress)
{
    const gd_train_config *train = &t->config->train;
    const gd_tally *tally = gd_plan_set_tally(t->set.plans);
    double elapsed = gd_seconds() - t->epoch_started;
    progress.epochs = train->epochs;
    progress.steps = t->steps_per_epoch;
    progress.images_per_second = elapsed > 0 ? (double)t->epoch_images / elapsed : 0;
    if (!progress.epoch_ended) {
        progress.epoch = (int)t->state.epoch + 1;
        progress.step = (int64_t)t->state.batch;
        progress.loss = tally->images ? tally->loss / (double)tally->images : 0;
        progress.accuracy = tally->images ? (double)tally->correct / (double)tally->images : 0;
    }
    int64_t done = steps_done(t);
    progress.learning_rate = gd_schedule_rate(train, done > 0 ? done - 1 : 0, t->steps, t->steps_per_epoch);
    progress.seconds_left =
        progress.images_per_second > 0 ? (double)(t->steps - done) * train->batch / progress.images_per_second : 0;
    if (t->options->progress)
        t->options->progress(t->options->argument, &progress);
}

static gd_status record_epoch(trainer *t, const gd_progress *p, gd_error *error)
{
    gd_text line = {0};
    gd_text_add(&line,
                "{\"epoch\":%d,\"step\":%lld,\"loss\":%.9g,\"accuracy\":%.9g,\"learning_rate\":%.9g,"
                "\"images_per_second\":%.1f,\"seconds\":%.3f",
                p->epoch, (long long)p->epoch * t->steps_per_epoch, p->loss, p->accuracy, p->learning_rate,
                p->images_per_second, p->seconds);
    if (p->has_validation)
        gd_text_add(&line, ",\"validation_loss\":%.9g,\"validation_accuracy\":%.9g,\"best\":%s", p->validation_loss,
                    p->validation_accuracy, p->is_best ? "true" : "false");
    gd_text_add(&line, "}");
    gd_status status = gd_text_status(&line, error);
    if (status == GD_OK)
        status = gd_file_append_line(gd_run_file(t->options->run, "metrics.jsonl").text, line.at, error);
    gd_text_release(&line);
    return status;
}

/* ---- epochs ---- */

static gd_status end_epoch(trainer *t, gd_error *error)
{
    GD_TRY(gd_plan_set_pull(t->set.plans, GD_SPACE_TALLY, error));
    const gd_train_config *train = &t->config->train;
    gd_progress p = {.epoch_ended = true, .epoch = (int)t->state.epoch + 1, .step = t->steps_per_epoch};
    counts all;
    GD_TRY(count_all(t, &all, error));
    p.loss = t->state.train_loss = all.loss / all.images;
    p.accuracy = t->state.train_accuracy = all.correct / all.images;
    p.seconds = gd_seconds() - t->epoch_started;
    p.learning_rate = gd_schedule_rate(train, (int64_t)p.epoch * t->steps_per_epoch - 1, t->steps, t->steps_per_epoch);
    p.images_per_second = p.seconds > 0 ? (double)t->epoch_images / p.seconds : 0;
    t->state.epoch++;
    t->state.batch = 0;
    if (t->split.n_validation > 0) {
        p.has_validation = true;
        GD_TRY(validate(t, &p.validation_loss, &p.validation_accuracy, error));
        p.is_best = t->state.best_epoch == 0 || p.validation_accuracy > t->state.best_accuracy ||
                    (p.validation_accuracy == t->state.best_accuracy && p.validation_loss < t->state.best_loss);
        t->state.waited = p.is_best ? 0 : t->state.waited + 1;
        if (p.is_best) {
            t->state.best_epoch = p.epoch;
            t->state.best_accuracy = p.validation_accuracy;
            t->state.best_loss = p.validation_loss;
        }
    }
    GD_TRY(clear_tally(t, error));
    bool early = train->patience > 0 && t->state.waited >= train->patience;
    bool finished = early || t->state.epoch >= train->epochs;
    t->state.finished = finished;
    if (leads(t) && (p.is_best || (!p.has_validation && finished)))
        GD_TRY(gd_parameters_save(gd_run_file(t->options->run, "best.safetensors").text, &t->set, error));
    if (leads(t))
        GD_TRY(record_epoch(t, &p, error));
    bool due = train->checkpoint_every > 0 && (int)t->state.epoch % train->checkpoint_every == 0;
    if (finished || due)
        GD_TRY(save(t, error));
    tell(t, p);
    t->epoch_started = gd_seconds();
    t->epoch_images = 0;
    return GD_OK;
}

static gd_status run_epochs(trainer *t, gd_error *error)
{
    t->epoch_started = gd_seconds();
    while (!t->state.finished) {
        while ((int64_t)t->state.batch < t->steps_per_epoch) {
            if (stop_agreed(t)) {
                GD_TRY(save(t, error));
                return gd_fail(
                    error, GD_STOPPED,
                    "stopped in epoch %d at step %d, and saved; the same command goes on (train: with --resume)",
                    (int)t->state.epoch + 1, (int)t->state.batch);
            }
            GD_TRY(run_step(t, error));
            tell(t, (gd_progress){0});
        }
        GD_TRY(skip_tail(t, error));
        GD_TRY(end_epoch(t, error));
    }
    return GD_OK;
}

/* ---- setting up ---- */

static bool resumes(const trainer *t) { return t->options->resume && gd_file_exists(checkpoint_of(t).text); }

/* Into the run's log, which all ranks share. */
static void log_line(const trainer *t, const char *text)
{
    if (t->options->comm)
        gd_run_log(t->options->run, "rank %d: %s", t->options->comm->rank, text);
    else
        gd_run_log(t->options->run, "%s", text);
}

static void tell_note(const trainer *t, const char *text)
{
    log_line(t, text);
    if (t->options->note)
        t->options->note(t->options->argument, text);
}

static gd_status prepare(trainer *t, gd_error *error)
{
    const gd_config *config = t->config;
    const gd_train_config *train = &config->train;
    GD_TRY(gd_staged_open(t->options->staged, GD_OPEN_TRAIN, &t->staged, error));
    GD_TRY(gd_split_make(&t->staged.train, t->staged.classes, t->staged.n_classes, config->data.validation,
                         config->data.fold, config->data.folds, train->seed, &t->arena, &t->split, error));
    gd_build_input input = gd_build_input_of(&t->staged);
    t->steps_per_epoch = t->split.n_train / train->batch;
    t->steps = t->steps_per_epoch * train->epochs;
    if (t->steps_per_epoch == 0)
        return gd_fail(
            error, GD_INVALID,
            "train.batch %d is larger than the %lld images that are trained on; --set train.batch=N makes it smaller",
            train->batch, (long long)t->split.n_train);
    for (int c = 0; c < input.channels; c++)
        t->mean += t->staged.mean[c] / input.channels;
    gd_staged_describe(&t->staged, t->data);
    const char *kernels = NULL;
    if (resumes(t))
        GD_TRY(gd_checkpoint_kernels(checkpoint_of(t).text, &t->arena, &kernels, error));
    GD_TRY(gd_train_set_make(config, &input, t->options->device, t->options->comm, kernels, &t->set, error));
    if (t->set.note[0])
        tell_note(t, t->set.note);
    return GD_OK;
}

/* A fresh start, or where the checkpoint left off. */
static gd_status find_start(trainer *t, gd_error *error)
{
    if (!resumes(t))
        return gd_train_set_init(&t->set, t->config->train.seed, error);
    gd_text note = {0};
    gd_status status = gd_checkpoint_load(checkpoint_of(t).text, &t->set, &t->state, t->config, t->data, &note, error);
    if (status == GD_OK && note.length)
        tell_note(t, note.at);
    gd_text_release(&note);
    if (t->state.finished && t->state.epoch < t->config->train.epochs && t->config->train.patience == 0)
        t->state.finished = 0; /* train.epochs was raised */
    return status;
}

static gd_status set_up(trainer *t, gd_error *error)
{
    GD_TRY(prepare(t, error));
    return find_start(t, error);
}

/* All ranks together, from where rank 0 stands. */
static gd_status start(trainer *t, gd_error *error)
{
    char line[128];
    if (t->options->comm)
        GD_TRY(gd_train_share(t->options->comm, &t->set, &t->state, t->config, t->data, error));
    if (t->state.applied + t->state.not_finite > 0)
        GD_TRY(state_to_tally(t, error));
    if (!t->state.finished)
        GD_TRY(open_loader(t, error));
    snprintf(line, sizeof line, "start at epoch %d step %d", (int)t->state.epoch, (int)t->state.batch);
    log_line(t, line);
    if (!leads(t))
        return GD_OK;
    snprintf(line, sizeof line, "{\"event\":\"start\",\"epoch\":%d}", (int)t->state.epoch);
    return gd_file_append_line(gd_run_file(t->options->run, "metrics.jsonl").text, line, error);
}

static gd_status run_to_end(trainer *t, gd_error *error)
{
    const gd_train_options *options = t->options;
    GD_TRY(run_epochs(t, error));
    return leads(t) ? gd_export_trained(options->config, &t->staged, t->set.net,
                                        gd_run_file(options->run, "best.safetensors").text,
                                        gd_run_file(options->run, "model.safetensors").text, error)
                    : GD_OK;
}

gd_status gd_train(const gd_train_options *options, gd_train_result *result, gd_error *error)
{
    trainer *t = &(trainer){.options = options, .config = options->config, .started = gd_seconds()};
    bool alone = false; /* no other rank knows of what has failed */
    gd_status status;
    GD_TRY_TO(done, gd_comm_agree(options->comm, set_up(t, error), error));
    GD_TRY_TO(done, gd_comm_agree(options->comm, start(t, error), error));
    gd_member_begin(options->member, steps_done(t));
    status = run_to_end(t, error);
    alone = status != GD_OK && status != GD_STOPPED;
    GD_TRY_TO(done, status);
    *result = (gd_train_result){
        .epochs = (int)t->state.epoch,
        .stopped_early = t->state.epoch < options->config->train.epochs,
        .best_epoch = (int)t->state.best_epoch,
        .best_accuracy = t->state.best_accuracy,
        .best_loss = t->state.best_loss,
        .train_accuracy = t->state.train_accuracy,
        .train_loss = t->state.train_loss,
        .seconds = t->state.seconds + gd_seconds() - t->started,
    };
done:
    if (status != GD_OK && error) {
        char line[600];
        snprintf(line, sizeof line, "ended: %s", error->message);
        log_line(t, line);
    }
    if (alone && options->member)
        gd_member_tell(options->member, status, gd_status_exit_code(status), error); /* does not return */
    if (alone)
        gd_comm_give_up(options->comm, error);
    gd_loader_free(t->loader);
    gd_train_set_release(&t->set);
    gd_staged_close(&t->staged);
    gd_arena_release(&t->arena);
    return status;
}
