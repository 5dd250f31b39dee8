// SPDX-License-Identifier: Apache-2.0
/* griddle bench dist: how fast these ranks sum, how much of that a training step hides, and a description of the
 * machine for griddle plan --machine. Every rank runs it at the same time; rank 0 prints.
 *
 * Bandwidths are those of NVIDIA's nccl-tests (its doc/PERFORMANCE.md): algorithm bandwidth = bytes / time; bus
 * bandwidth = that times 2 (ranks - 1) / ranks, what a link must carry for it, the same for any number of ranks. */
#include "base/clock.h"
#include "base/file.h"
#include "cli/bench.h"
#include "cli/engine_ranks.h"
#include "comm/agree.h"
#include "scale/fit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SMALLEST = 1 << 12, /* bytes summed, then four times as many, and so on */
    SIZES = 8,          /* up to 64 MiB */
    ROUNDS = 7,         /* of with, without, alone, in turn, as the machine may change its mind */
    RUN = 3,            /* steps timed together, so that a device need not be waited for after each */
    STEP_ROUNDS = 10    /* of single steps, of which the shortest counts */
};

/* What all ranks came to. */
typedef struct dist {
    gd_command *command;
    const gd_comm *comm;
    const gd_device *device;
    const volatile sig_atomic_t *stop; /* NULL: a signal ends this process */
    gd_config config;
    gd_comm nothing; /* the same ranks, whose sums do nothing */
    gd_sum_time sum[SIZES];
    gd_train_set real, mute; /* the same step, with sums and with ones that do nothing */
    double with, without, alone, lag;
    double *step; /* seconds of each step of the plan */
} dist;

/* One rank has nothing to add. */
static int n_sums(const dist *d) { return d->comm->ranks > 1 ? SIZES : 0; }

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* A number of every rank's, and their mean. */
static gd_status mean_of_ranks(const gd_comm *comm, double *value, gd_error *error)
{
    GD_TRY(comm->sum(comm, value, 1, error));
    *value /= comm->ranks;
    return GD_OK;
}

/* All ranks come here before any goes on; a signal to one stops all. */
static gd_status meet(const dist *d, gd_error *error)
{
    int signal = d->stop ? (int)*d->stop : 0;
    GD_TRY(gd_engine_share_signal(d->comm, &signal, error));
    if (signal == 0)
        return GD_OK;
    d->command->exit_code = 128 + signal;
    return gd_fail(error, GD_STOPPED, "stopped");
}

/* ---- sums of one size after another ---- */

static gd_status time_sums(const dist *d, void *data, gd_stream *stream, size_t bytes, int times, double *seconds,
                           gd_error *error)
{
    GD_TRY(meet(d, error));
    double start = gd_seconds();
    for (int i = 0; i < times; i++) {
        gd_status status = d->comm->all_reduce(d->comm, data, (int64_t)(bytes / sizeof(float)), GD_F32, stream);
        if (status != GD_OK)
            return gd_fail(error, status, "a sum of %zu bytes failed", bytes);
    }
    GD_TRY(d->device->synchronize(stream, error));
    *seconds = (gd_seconds() - start) / times;
    return mean_of_ranks(d->comm, seconds, error);
}

static gd_status measure_sums(dist *d, gd_error *error)
{
    enum { LEAST_TIMES = 3, MOST_TIMES = 500 };
    const double worth = 0.05; /* seconds to spend on a size */
    gd_stream *stream = NULL;
    void *data = NULL;
    gd_status status;
    if (n_sums(d) == 0)
        return GD_OK;
    GD_TRY_TO(done, d->device->alloc((size_t)SMALLEST << 2 * (SIZES - 1), &data, error));
    if (!d->device->is_host)
        GD_TRY_TO(done, d->device->stream_new(&stream, error));
    for (int i = 0; i < SIZES; i++) {
        const size_t bytes = (size_t)SMALLEST << 2 * i;
        double seconds = 0;
        GD_TRY_TO(done, time_sums(d, data, stream, bytes, 1, &seconds, error)); /* warm up */
        GD_TRY_TO(done, time_sums(d, data, stream, bytes, LEAST_TIMES, &seconds, error));
        const double times = fmin(fmax(worth / (seconds + 1e-9), LEAST_TIMES), MOST_TIMES); /* the same on all ranks */
        GD_TRY_TO(done, time_sums(d, data, stream, bytes, (int)times, &seconds, error));
        d->sum[i] = (gd_sum_time){(double)bytes, seconds};
    }
done:
    d->device->stream_free(stream);
    d->device->free(data);
    return status;
}

/* ---- a real step ---- */

static gd_status mute_sum(const gd_comm *comm, void *data, int64_t count, gd_type type, void *stream)
{
    (void)comm, (void)data, (void)count, (void)type, (void)stream;
    return GD_OK;
}

static gd_status time_steps(const dist *d, const gd_train_set *set, double *seconds, gd_error *error)
{
    GD_TRY(meet(d, error));
    double start = gd_seconds();
    for (int i = 0; i < RUN; i++)
        GD_TRY(gd_bench_step(set, i, error));
    GD_TRY(gd_plan_set_pull(set->plans, GD_SPACE_TALLY, error)); /* waits */
    *seconds = (gd_seconds() - start) / RUN;
    return GD_OK;
}

static gd_status run_step(void *argument)
{
    const gd_step *step = argument;
    return step->impl->run(&step->call, step->ctx);
}

/* The sums of a step, of its gradients as they are, with nothing beside them. */
static gd_status time_alone(const dist *d, double *seconds, gd_error *error)
{
    const gd_plan *plan = gd_plan_set_plan(d->real.plans, 0);
    gd_stream *stream = NULL;
    GD_TRY(meet(d, error));
    double start = gd_seconds();
    for (int s = 0; s < plan->n_steps; s++) {
        gd_step *step = &plan->step[s];
        if (gd_step_reduced_bytes(step) == 0)
            continue;
        stream = step->ctx->stream;
        gd_status status = d->device->launch(stream, run_step, step);
        if (status != GD_OK)
            return gd_fail(error, status, "'%s' failed", step->name);
    }
    GD_TRY(d->device->synchronize(stream, error));
    *seconds = gd_seconds() - start;
    return GD_OK;
}

static gd_status time_step(const dist *d, gd_step *step, double *seconds, gd_error *error)
{
    if (d->device->time)
        return d->device->time(NULL, run_step, step, seconds, error);
    double start = gd_seconds();
    gd_status status = run_step(step);
    *seconds = gd_seconds() - start;
    return status == GD_OK ? GD_OK : gd_fail(error, status, "'%s' failed", step->name);
}

/* Steps that need no other rank, each by itself: the shortest of some rounds, while other ranks do the same. */
static gd_status measure_steps(dist *d, gd_error *error)
{
    const gd_plan *plan = gd_plan_set_plan(d->mute.plans, 0);
    d->step = calloc((size_t)plan->n_steps, sizeof *d->step);
    if (!d->step)
        return gd_fail(error, GD_NOMEM, "out of memory");
    for (int round = 0; round < STEP_ROUNDS; round++) {
        for (int s = 0; s < plan->n_steps; s++) {
            double seconds;
            if (!plan->step[s].impl || plan->step[s].stream != 0)
                continue;
            GD_TRY(time_step(d, &plan->step[s], &seconds, error));
            d->step[s] = round == 0 ? seconds : fmin(d->step[s], seconds);
        }
    }
    return GD_OK;
}

/* By how much the slowest rank is later than the mean, as a share of it. */
static gd_status lag_of(const dist *d, double seconds, double *lag, gd_error *error)
{
    double *all = calloc((size_t)d->comm->ranks, sizeof *all), sum = 0, most = 0;
    if (!all)
        return gd_fail(error, GD_NOMEM, "out of memory");
    all[d->comm->rank] = seconds;
    gd_status status = d->comm->sum(d->comm, all, d->comm->ranks, error);
    for (int i = 0; i < d->comm->ranks; i++) {
        sum += all[i];
        most = fmax(most, all[i]);
    }
    *lag = most * d->comm->ranks / sum - 1;
    free(all);
    return status;
}

static gd_status measure_update(dist *d, gd_error *error)
{
    double with[ROUNDS], without[ROUNDS], alone[ROUNDS], lag[ROUNDS], ignored;
    GD_TRY(time_steps(d, &d->real, &ignored, error)); /* warm up */
    GD_TRY(time_steps(d, &d->mute, &ignored, error));
    for (int i = 0; i < ROUNDS; i++) {
        GD_TRY(time_steps(d, &d->real, &with[i], error));
        GD_TRY(time_steps(d, &d->mute, &without[i], error));
        GD_TRY(lag_of(d, without[i], &lag[i], error));
        GD_TRY(time_alone(d, &alone[i], error));
    }
    d->with = median(with, ROUNDS);
    d->without = median(without, ROUNDS);
    d->alone = median(alone, ROUNDS);
    d->lag = median(lag, ROUNDS) * sqrt(RUN); /* of one step, from means of RUN, and the same on all ranks */
    GD_TRY(mean_of_ranks(d->comm, &d->with, error));
    GD_TRY(mean_of_ranks(d->comm, &d->without, error));
    return mean_of_ranks(d->comm, &d->alone, error);
}

/* ---- what came of it ---- */

/* How much longer an update takes for its sums, and for waiting for the slowest rank; the share of the sums that it
 * does not take longer for is hidden. */
static double longer_of(const dist *d) { return fmax(d->with - d->without, 0); }
static double overlap_of(const dist *d) { return fmax(1 - longer_of(d) / d->alone, 0); }

static void print_table(const dist *d, gd_text *out)
{
    const int ranks = d->comm->ranks;
    gd_text_add(out, "%d rank%s by %s on %s\n", ranks, ranks == 1 ? "" : "s", d->comm->name, d->device->name);
    if (ranks > 1)
        gd_text_add(out, "%12s %12s %14s %12s\n", "bytes", "us", "algorithm GB/s", "bus GB/s");
    for (int i = 0; i < n_sums(d); i++) {
        const gd_sum_time *sum = &d->sum[i];
        gd_text_add(out, "%12.0f %12.1f %14.3f %12.3f\n", sum->bytes, sum->seconds * 1e6,
                    sum->bytes / sum->seconds * 1e-9, gd_wire_bytes(sum->bytes, ranks) / sum->seconds * 1e-9);
    }
    gd_text_add(out, "%s, %d images at once, %s: an update takes %.3f ms, %.0f images/s\n", d->config.model.network,
                d->real.micro, gd_type_name(d->real.precision), d->with * 1e3, d->real.micro / d->with);
    if (ranks > 1)
        gd_text_add(out, "without its sums %.3f ms; they alone %.3f ms, of which %.0f%% are hidden\n", d->without * 1e3,
                    d->alone * 1e3, 100 * overlap_of(d));
    if (ranks > 1 && longer_of(d) > d->alone)
        gd_text_add(out, "and ranks wait %.3f ms for one another\n", (longer_of(d) - d->alone) * 1e3);
}

static void print_json(const dist *d, gd_text *out)
{
    const int ranks = d->comm->ranks;
    gd_text_add(out, "{\"communicator\":\"%s\",\"device\":\"%s\",\"ranks\":%d,\"sums\":[", d->comm->name,
                d->device->name, ranks);
    for (int i = 0; i < n_sums(d); i++) {
        const gd_sum_time *sum = &d->sum[i];
        gd_text_add(out, "%s{\"bytes\":%.0f,\"seconds\":%.9f,\"algorithm_gb_s\":%.6g,\"bus_gb_s\":%.6g}", i ? "," : "",
                    sum->bytes, sum->seconds, sum->bytes / sum->seconds * 1e-9,
                    gd_wire_bytes(sum->bytes, ranks) / sum->seconds * 1e-9);
    }
    gd_text_add(out,
                "],\"network\":\"%s\",\"batch\":%d,\"precision\":\"%s\",\"threads\":%d,\"seconds\":{\"update\":%.9f,"
                "\"without_sums\":%.9f,\"sums\":%.9f},\"images_per_second\":%.2f",
                d->config.model.network, d->real.micro, gd_type_name(d->real.precision),
                gd_plan_set_plan(d->real.plans, 0)->step[0].ctx->threads, d->with, d->without, d->alone,
                d->real.micro / d->with);
    if (ranks > 1)
        gd_text_add(out, ",\"overlap\":%.4f", overlap_of(d));
    gd_text_add(out, "}\n");
}

static gd_status describe(const dist *d, const char *path, gd_error *error)
{
    char host[256] = "";
    gd_machine machine;
    gd_text text = {0};
    gd_status status;
    const gd_measured measured = {d->sum, n_sums(d), d->step, d->without, d->with, d->lag};
    gethostname(host, sizeof host - 1);
    const char *name = gd_arena_printf(&d->command->arena, "%s, measured with %d ranks", host, d->comm->ranks);
    if (!name)
        return gd_fail(error, GD_NOMEM, "out of memory");
    GD_TRY(gd_machine_fit(&measured, gd_plan_set_plan(d->mute.plans, 0), d->comm->ranks, d->mute.micro, name, &machine,
                          error));
    GD_TRY_TO(done, gd_machine_print(&machine, &d->command->arena, &text, error));
    gd_text_add(&text, "\n");
    GD_TRY_TO(done, gd_text_status(&text, error));
    status = gd_file_write(path, text.at, text.length, error);
done:
    gd_text_release(&text);
    return status;
}

static gd_status report(const dist *d, gd_error *error)
{
    const char *path = gd_command_option(d->command, "--describe");
    gd_text text = {0};
    if (d->comm->rank > 0)
        return GD_OK;
    if (path)
        GD_TRY(describe(d, path, error));
    (gd_command_has(d->command, "--json") ? print_json : print_table)(d, &text);
    gd_status status = gd_text_status(&text, error);
    if (status == GD_OK)
        fputs(text.at, stdout);
    gd_text_release(&text);
    return status;
}

static gd_status make_set(const dist *d, const gd_build_input *input, const gd_comm *comm, gd_train_set *set,
                          gd_error *error)
{
    GD_TRY(gd_train_set_make(&d->config, input, d->device, comm, NULL, set, error));
    GD_TRY(gd_train_set_init(set, 0, error));
    gd_bench_fill(set);
    return GD_OK;
}

static gd_status prepare(dist *d, gd_error *error)
{
    gd_build_input input;
    d->nothing = *d->comm;
    d->nothing.all_reduce = mute_sum;
    GD_TRY(gd_bench_config(d->command, &d->config, error));
    GD_TRY(gd_bench_input(d->command, &d->config, &input, error));
    GD_TRY(make_set(d, &input, d->comm, &d->real, error));
    return make_set(d, &input, &d->nothing, &d->mute, error);
}

static gd_status measure(dist *d, const gd_team *team, gd_error *error)
{
    GD_TRY(gd_comm_agree(d->comm, prepare(d, error), error));
    gd_member_begin(team->member, 0);
    GD_TRY(measure_sums(d, error));
    GD_TRY(measure_update(d, error));
    GD_TRY(measure_steps(d, error));
    return report(d, error);
}

/* The watch over the ranks leaves its files in a folder of the run: this one is for nothing else. */
static void remove_folder(const char *folder)
{
    static const char *const files[] = {"ranks.json", "log.txt"};
    char path[4096];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        remove(path);
    }
    rmdir(folder);
}

gd_status gd_bench_dist(gd_command *command, gd_error *error)
{
    static const char *const others[] = {"--seconds", "--steps", "--profile"};
    char folder[] = "/tmp/griddle-bench-XXXXXX";
    dist d = {.command = command, .comm = &gd_comm_self};
    gd_team team = {0};
    gd_seat seat;
    gd_status status;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (gd_command_has(command, others[i]))
            return gd_fail(error, GD_INVALID, "%s is for `griddle bench train`", others[i]);
    }
    GD_TRY(gd_engine_seat(&seat, error));
    if (!mkdtemp(folder))
        return gd_fail(error, GD_IO, "cannot make a folder in /tmp: %s", strerror(errno));
    GD_TRY_TO(done, gd_engine_join(command, &seat, folder, &team, &d.device, error));
    d.comm = team.comm ? team.comm : &gd_comm_self;
    d.stop = team.stop;
    status = measure(&d, &team, error);
done:
    free(d.step);
    gd_train_set_release(&d.real);
    gd_train_set_release(&d.mute);
    gd_config_release(&d.config);
    gd_engine_leave(command, &team, status, error);
    remove_folder(folder);
    return status;
}
