// SPDX-License-Identifier: Apache-2.0
/* Whole runs: ranks that share a folder see the images that one process sees, agree on loss, accuracy and the best
 * epoch, write once, stop together, and go on in another number. In f64, where what they compute differs by rounding
 * alone. */
#include "data_stage.h"
#include "threads.h"
#include "train/train.h"

#include <math.h>

enum { IMAGES = 60, CLASSES = 3, MOST_RANKS = 4 };

static const char recipe[] =
    "data: {source: none, validation: 0.25}\n" /* 15 images: of the last batch most ranks have none */
    "batch_norm: {group: 3}\n"
    "augment: {flip: random}\n"
    "train: {batch: 12, epochs: 3, threads: 1, precision: fp64, average: 0.9}\n"
    "model:\n"
    "  network: layers\n"
    "  layers:\n"
    "    - conv2d: {filters: 4, kernel: 3, pad: 1}\n"
    "    - batch_norm\n"
    "    - relu\n"
    "    - global_pool\n";

/* One run, and what came of it on each rank. */
typedef struct run {
    const char *folder, *staged;
    bool resume;
    int stopped; /* the rank that is asked to stop; -1: none */
    gd_status status[MOST_RANKS];
    gd_train_result result[MOST_RANKS];
    gd_error error[MOST_RANKS];
} run;

static const char *stage_pictures(void)
{
    for (int i = 0; i < IMAGES; i++)
        put_file(unit_path("pictures/%c/%02d.png", 'a' + i % CLASSES, i), pattern_png(i, 6, 6, 1));
    gd_staged set = staged_of(unit_text("source: %s", unit_path("pictures")));
    gd_staged_close(&set);
    return unit_path("set.safetensors");
}

static void train(void *argument, const gd_comm *comm)
{
    run *r = argument;
    const volatile sig_atomic_t stop = comm->rank == r->stopped;
    gd_config config;
    gd_error error = {0};
    CHECK_OK(gd_config_parse("recipe", recipe, strlen(recipe), NULL, 0, &config, &error), &error);
    const gd_train_options options = {.config = &config,
                                      .run = r->folder,
                                      .staged = r->staged,
                                      .resume = r->resume,
                                      .stop = &stop,
                                      .comm = comm->ranks > 1 ? comm : NULL};
    r->status[comm->rank] = gd_train(&options, &r->result[comm->rank], &r->error[comm->rank]);
    gd_config_release(&config);
}

static run run_of(const char *staged, const char *name)
{
    run r = {.folder = unit_path("%s", name), .staged = staged, .stopped = -1};
    gd_error error = {0};
    CHECK_OK(gd_folder_make(r.folder, &error), &error);
    return r;
}

static void check_same(const run *one, const run *many, int ranks)
{
    for (int i = 0; i < ranks; i++) {
        const gd_train_result *a = &one->result[0], *b = &many->result[i];
        CHECK_OK(many->status[i], &many->error[i]);
        CHECK_EQ_INT(b->epochs, a->epochs);
        CHECK_EQ_INT(b->best_epoch, a->best_epoch);
        CHECK_NEAR(b->train_loss, a->train_loss, 1e-10);
        CHECK_NEAR(b->best_loss, a->best_loss, 1e-10);
        CHECK(b->train_accuracy == a->train_accuracy && b->best_accuracy == a->best_accuracy);
    }
}

/* Lines of a file. */
static int lines_of(const char *folder, const char *file)
{
    blob text = get_file(unit_text("%s/%s", folder, file));
    int n = 0;
    for (size_t i = 0; i < text.length; i++)
        n += text.at[i] == '\n';
    free(text.at);
    return n;
}

/* The training loss of epoch 1, as the run's folder has it. */
static double first_loss(const char *folder)
{
    blob text = get_file(unit_text("%s/metrics.jsonl", folder));
    char *all = calloc(1, text.length + 1);
    CHECK(all);
    memcpy(all, text.at, text.length);
    const char *line = strstr(all, "{\"epoch\":1,"), *loss = line ? strstr(line, "\"loss\":") : NULL;
    CHECK(loss);
    double value = strtod(loss + strlen("\"loss\":"), NULL);
    free(all);
    free(text.at);
    return value;
}

TEST(several_ranks_train_what_one_trains)
{
    const char *staged = stage_pictures();
    run one = run_of(staged, "one");
    ranks_run(1, train, &one);
    CHECK_OK(one.status[0], &one.error[0]);
    for (int ranks = 2; ranks <= MOST_RANKS; ranks++) {
        run many = run_of(staged, unit_text("many-%d", ranks));
        ranks_run(ranks, train, &many);
        check_same(&one, &many, ranks);
        CHECK_EQ_INT(lines_of(many.folder, "metrics.jsonl"), lines_of(one.folder, "metrics.jsonl"));
        CHECK(gd_file_exists(unit_text("%s/model.safetensors", many.folder)));
    }
}

TEST(one_that_is_asked_stops_all_and_others_go_on)
{
    const char *staged = stage_pictures();
    run one = run_of(staged, "one"), many = run_of(staged, "many");
    ranks_run(1, train, &one);
    many.stopped = 2;
    ranks_run(3, train, &many);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_INT(many.status[i], GD_STOPPED);
        CHECK_CONTAINS(many.error[i].message, "stopped in epoch 1 at step 1");
    }
    many.resume = true;
    many.stopped = -1;
    ranks_run(4, train, &many);
    check_same(&one, &many, 4);
    CHECK_NEAR(first_loss(many.folder), first_loss(one.folder), 1e-8); /* what was counted before counts once */
    CHECK_EQ_INT(lines_of(many.folder, "metrics.jsonl"), lines_of(one.folder, "metrics.jsonl") + 1); /* another start */
}
