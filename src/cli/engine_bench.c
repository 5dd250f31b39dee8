// SPDX-License-Identifier: Apache-2.0
/* griddle bench train: how fast a network trains here, on made-up images in memory; and where the time goes. */
#include "base/clock.h"
#include "base/text.h"
#include "cli/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { MAX_SAMPLES = 4096, WARM_UP = 3 };

/* Seconds from this process' start to now; the kernel counts the start in hundredths. */
static double since_start(void)
{
    unsigned long long ticks = 0;
    FILE *stat = fopen("/proc/self/stat", "r");
    int found = stat ? fscanf(stat,
                              "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
                              "%*d %*d %llu",
                              &ticks)
                     : 0;
    if (stat)
        fclose(stat);
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return found == 1 ? (double)t.tv_sec + 1e-9 * (double)t.tv_nsec - (double)ticks / 100 : 0;
}

void gd_bench_fill(const gd_train_set *set)
{
    gd_desc desc;
    uint8_t *images = gd_plan_value(set->plans, 0, "images", &desc);
    for (int64_t i = 0; i < gd_desc_count(desc); i++)
        images[i] = (uint8_t)(i * 2654435761u >> 24);
    gd_draw *draws = gd_plan_value(set->plans, 0, "draws", &desc);
    for (int64_t i = 0; draws && i < desc.dim[0]; i++)
        draws[i] = (gd_draw){.contrast = 1};
    void *targets = gd_plan_value(set->plans, 0, "targets", &desc);
    for (int64_t i = 0; i < desc.dim[0]; i++)
        gd_store(targets, desc.type, i * desc.dim[1] + i % desc.dim[1], 1);
}

gd_status gd_bench_step(const gd_train_set *set, int64_t number, gd_error *error)
{
    *gd_plan_set_record(set->plans) = (gd_record){
        .step = number, .valid = set->shard.images, .batch = set->micro, .micros = 1, .learning_rate = 1e-3f};
    return gd_plan_run(set->plans, 0, GD_STEP_UPDATE, error);
}

static int by_time(const void *a, const void *b)
{
    double x = ((const double *)a)[0], y = ((const double *)b)[0];
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Each step by itself: the shortest of several rounds. */
static gd_status profile(const gd_train_set *set, gd_text *out)
{
    enum { ROUNDS = 7 };
    const gd_plan *plan = gd_plan_set_plan(set->plans, 0);
    double(*times)[2] = malloc(sizeof *times * (size_t)plan->n_steps);
    double total = 0;
    if (!times)
        return GD_NOMEM;
    for (int s = 0; s < plan->n_steps; s++) {
        times[s][0] = 1e9;
        times[s][1] = s;
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int s = 0; s < plan->n_steps; s++) {
            const gd_step *one = &plan->step[s];
            double start = gd_seconds();
            if (one->impl && one->impl->run(&one->call, one->ctx) != GD_OK)
                continue;
            double took = gd_seconds() - start;
            times[s][0] = took < times[s][0] ? took : times[s][0];
        }
    }
    for (int s = 0; s < plan->n_steps; s++)
        total += plan->step[s].impl ? times[s][0] : 0;
    qsort(times, (size_t)plan->n_steps, sizeof *times, by_time);
    gd_text_add(out, "%-36s %-12s %-8s %9s %6s %9s %8s\n", "step", "op", "entry", "ms", "share", "GFLOP/s", "GB/s");
    for (int i = 0; i < plan->n_steps; i++) {
        const gd_step *one = &plan->step[(int)times[i][1]];
        if (one->impl)
            gd_text_add(out, "%-36s %-12s %-8s %9.3f %5.1f%% %9.1f %8.1f\n", one->name, one->op->name, one->impl->name,
                        times[i][0] * 1e3, 100 * times[i][0] / total, one->cost.flops * 1e-9 / times[i][0],
                        one->cost.bytes * 1e-9 / times[i][0]);
    }
    gd_text_add(out, "%.3f ms in all\n", total * 1e3);
    free(times);
    return gd_text_status(out, NULL);
}

gd_status gd_bench_config(gd_command *command, gd_config *config, gd_error *error)
{
    static const char *const flags[][2] = {{"--network", "model.network"},
                                           {"--batch", "train.batch"},
                                           {"--precision", "train.precision"},
                                           {"--width", "model.width"},
                                           {"--threads", "train.threads"}};
    const char *const *given;
    int n_given, n = 0;
    GD_TRY(gd_command_values(command, "--set", &given, &n_given, error));
    const char **set = gd_arena_alloc(&command->arena, sizeof flags / sizeof *flags + (size_t)n_given, sizeof *set);
    for (size_t i = 0; set && i < sizeof flags / sizeof *flags; i++) {
        const char *value = gd_command_option(command, flags[i][0]);
        if (value && !(set[n++] = gd_arena_printf(&command->arena, "%s=%s", flags[i][1], value)))
            set = NULL;
    }
    if (!set)
        return gd_fail(error, GD_NOMEM, "out of memory");
    for (int i = 0; i < n_given; i++)
        set[n++] = given[i];
    static const char text[] = "data:\n  source: none\n";
    return gd_config_parse("bench", text, sizeof text - 1, set, n, config, error);
}

gd_status gd_bench_input(const gd_command *command, const gd_config *config, gd_build_input *input, gd_error *error)
{
    static const double mean[4] = {127.5, 127.5, 127.5, 127.5}, deviation[4] = {64, 64, 64, 64};
    const char *network = config->model.network;
    const bool lenet = network && strcmp(network, "lenet") == 0;
    const char *shape = gd_command_option(command, "--input");
    int classes;
    GD_TRY(gd_command_int(command, "--classes", 2, 100000, 10, &classes, error));
    *input = (gd_build_input){lenet ? 28 : 32, lenet ? 28 : 32, lenet ? 1 : 3, classes, mean, deviation};
    if (shape && sscanf(shape, "%dx%dx%d", &input->height, &input->width, &input->channels) != 3)
        return gd_fail(error, GD_INVALID, "--input '%s': height x width x channels is wanted, as 32x32x3", shape);
    return GD_OK;
}

static gd_status bench_train(gd_command *command, gd_error *error)
{
    gd_config config = {0};
    gd_build_input input;
    gd_train_set set = {0};
    gd_text out = {0};
    double samples[MAX_SAMPLES];
    int n = 0, seconds, most;
    const gd_device *device;
    gd_status status;
    if (gd_command_has(command, "--describe"))
        return gd_fail(error, GD_INVALID, "--describe writes what `griddle bench dist` measures");
    GD_TRY(gd_command_int(command, "--seconds", 0, 3600, 5, &seconds, error));
    GD_TRY(gd_command_int(command, "--steps", 1, MAX_SAMPLES, MAX_SAMPLES, &most, error));
    GD_TRY(gd_engine_device(command, &device, error));
    GD_TRY_TO(done, gd_bench_config(command, &config, error));
    GD_TRY_TO(done, gd_bench_input(command, &config, &input, error));
    if (gd_command_has(command, "--profile") && gd_command_has(command, "--json")) {
        status = gd_fail(error, GD_INVALID, "--profile prints a table: '--profile' and '--json' exclude each other");
        goto done;
    }
    if (gd_command_has(command, "--profile") && !device->is_host) {
        status = gd_fail(error, GD_INVALID, "--profile times steps of the CPU: add --device cpu");
        goto done;
    }
    GD_TRY_TO(done, gd_train_set_make(&config, &input, device, NULL, NULL, &set, error));
    if (set.note[0])
        fprintf(stderr, "griddle: %s\n", set.note);
    GD_TRY_TO(done, gd_train_set_init(&set, 0, error));
    gd_bench_fill(&set);
    GD_TRY_TO(done, gd_bench_step(&set, 0, error));
    GD_TRY_TO(done, gd_plan_set_pull(set.plans, GD_SPACE_TALLY, error));
    double first = since_start();
    if (gd_command_has(command, "--profile")) {
        status = profile(&set, &out);
        if (status == GD_OK)
            fputs(out.at, stdout);
        goto done;
    }
    int warm_up = most == 1 ? 0 : WARM_UP; /* --steps 1: the start alone is wanted */
    for (int i = 0; i < warm_up; i++)
        GD_TRY_TO(done, gd_bench_step(&set, 1 + i, error));
    double start = gd_seconds();
    while (most > 1 && n < most && (n == 0 || gd_seconds() - start < seconds)) {
        double before = gd_seconds();
        GD_TRY_TO(done, gd_bench_step(&set, 1 + warm_up + n, error));
        samples[n++] = set.micro / (gd_seconds() - before);
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    gd_text_add(&out,
                "{\"network\":\"%s\",\"batch\":%d,\"precision\":\"%s\",\"device\":\"%s\",\"threads\":%d,"
                "\"first_step_ms\":%.1f,\"peak_rss_mb\":%.1f,\"images_per_second\":[",
                config.model.network, set.micro, gd_type_name(set.precision), device->name,
                gd_plan_set_plan(set.plans, 0)->step[0].ctx->threads, first * 1e3, (double)usage.ru_maxrss / 1024);
    for (int i = 0; i < n; i++)
        gd_text_add(&out, i ? ",%.2f" : "%.2f", samples[i]);
    gd_text_add(&out, "]}\n");
    GD_TRY_TO(done, gd_text_status(&out, error));
    if (gd_command_has(command, "--json")) {
        fputs(out.at, stdout);
    } else if (n > 0) {
        for (int i = 1; i < n; i++) { /* insertion: n is small, and a median is wanted */
            double x = samples[i];
            int j = i;
            for (; j > 0 && samples[j - 1] > x; j--)
                samples[j] = samples[j - 1];
            samples[j] = x;
        }
        printf("%s batch %d %s: median %.0f images/s (from %.0f to %.0f, n = %d), first step after %.0f ms, "
               "%.0f MB at most\n",
               config.model.network, set.micro, gd_type_name(set.precision), samples[n / 2], samples[0], samples[n - 1],
               n, first * 1e3, (double)usage.ru_maxrss / 1024);
    }
done:
    gd_text_release(&out);
    gd_train_set_release(&set);
    gd_config_release(&config);
    return status;
}

static gd_status run_bench(gd_command *command, gd_error *error)
{
    if (strcmp(command->word[0], "train") == 0)
        return bench_train(command, error);
    if (strcmp(command->word[0], "dist") == 0)
        return gd_bench_dist(command, error);
    return gd_command_unknown("benchmark", command->word[0], (const char *const[]){"train", "dist"}, 2, error);
}

static const gd_option options[] = {
    {"--network", NULL, "NAME", "as model.network; default resnet-9"},
    {"--batch", NULL, "N", "images per step; default 128"},
    {"--precision", NULL, "NAME", "auto, fp32, bf16 or fp16; default auto"},
    {"--width", NULL, "N", "as model.width"},
    {"--threads", NULL, "N", "default: all"},
    {"--input", NULL, "HxWxC", "shape of the images; default 32x32x3, lenet's 28x28x1"},
    {"--classes", NULL, "N", "default 10"},
    {"--seconds", NULL, "S", "how long to measure; default 5"},
    {"--steps", NULL, "N", "train: at most so many; 1: just the first"},
    {"--profile", NULL, NULL, "train: time every step of the plan by itself"},
    {"--describe", NULL, "FILE", "dist: write what was measured, for griddle plan --machine FILE"},
    GD_OPTION_DEVICE,
    GD_OPTION_SET,
    GD_OPTION_JSON,
    {0},
};

const gd_verb gd_verb_bench = {
    "bench",
    "train|dist",
    1,
    1,
    "how fast a network trains on this machine, and how fast ranks sum their gradients",
    "griddle bench train --network resnet-20 --batch 128 --precision bf16\n"
    "griddle bench train --network resnet-20 --profile\n"
    "griddle bench dist --network resnet-20 --describe here.json\n",
    options,
    run_bench,
};
