// SPDX-License-Identifier: Apache-2.0
/* The model of scaling against what others have published of ResNet-50 on ImageNet, which is what it can be held
 * against without a GPU.
 *
 *     fitted   one number, the spread of step times, on the two rows of DGX A100 under MXNet
 *     not      everything else; peaks, shares of them and NCCL's latencies come from their sources (scale/machine.c)
 *
 * Sources: [1] NVIDIA DeepLearningExamples, MxNet/Classification/RN50v1.5; [2] the same, PyTorch ConvNets/resnet50v1.5;
 * [3] horovod pull request 542, hierarchical, p3.16xlarge by what it says of its authors and rates; [4] MLPerf v0.6,
 * v0.7 and v4.0, NVIDIA's single machines, per GPU. */
#include "base/file.h"
#include "comm/planned.h"
#include "config/config.h"
#include "scale/fit.h"
#include "train/train.h"
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char resnet_50[] = "data: {source: none}\nmodel: {network: resnet-50}\n"
                                "train: {optimizer: nesterov, tune: 0}\n";

/* ResNet-50 on `ranks` ranks with `batch` images each. */
static gd_prediction predict(const gd_machine *machine, int ranks, int batch, const char *precision)
{
    static const double mean[3] = {127, 127, 127}, deviation[3] = {64, 64, 64};
    const gd_build_input input = {224, 224, 3, 1000, mean, deviation};
    const gd_comm comm = gd_comm_planned(0, ranks);
    const char *const set[] = {unit_text("train.batch=%d", ranks * batch), unit_text("train.precision=%s", precision)};
    gd_error error = {0};
    gd_config config;
    gd_train_set planned;
    gd_forecast forecast;
    CHECK_OK(gd_config_parse("recipe", resnet_50, strlen(resnet_50), set, 2, &config, &error), &error);
    CHECK_OK(gd_train_set_plan(&config, &input, NULL, &comm, &planned, &error), &error);
    const gd_scaling scaling = {machine, gd_plan_set_plan(planned.plans, 0), ranks, planned.micro, 1};
    CHECK_OK(gd_forecast_make(&scaling, &forecast, &error), &error);
    gd_train_set_release(&planned);
    gd_config_release(&config);
    CHECK(forecast.throughput[0] <= forecast.expected.throughput);
    CHECK(forecast.throughput[1] >= forecast.expected.throughput);
    return forecast.expected;
}

static gd_machine machine_of(const char *name)
{
    static gd_arena none;
    gd_machine machine;
    gd_error error = {0};
    CHECK_OK(gd_machine_find(name, &none, &machine, &error), &error); /* a known one needs no memory */
    return machine;
}

static double speed_up(const char *machine, int ranks, int batch, const char *precision)
{
    const gd_machine m = machine_of(machine);
    return predict(&m, ranks, batch, precision).throughput / predict(&m, 1, batch, precision).throughput;
}

static void check_within(const char *what, double got, double published, double share)
{
    printf("%-40s predicted %10.2f, published %10.2f: %+.1f%%\n", what, got, published, 100 * (got / published - 1));
    CHECK_NEAR(got / published, 1, share);
}

TEST(the_fitted_number_is_what_it_was_fitted_to)
{
    const double published = (7.76 + 7.82) / 2; /* [1] DGX A100: fp16 and tf32 */
    check_within("8 A100 under MXNet, times one", speed_up("dgx-a100", 8, 256, "fp16"), published, 0.002);
}

/* The figures that the model must reproduce. Ranks that lose nothing, 8 times, 16 times and 100%, would come within 15%
 * of all but the second; so the last is asked for from 8 to 256 ranks, as it was measured, and what is lost is in
 * docs/parallel.md. */
TEST(published_scaling_within_15_percent)
{
    check_within("8 V100 of a DGX-1 under MXNet [1]", speed_up("dgx-1", 8, 192, "fp16"), 7.79, 0.15);
    check_within("8 V100 of a DGX-1 under PyTorch [2]", speed_up("dgx-1", 8, 256, "fp16"), 6.93, 0.15);
    check_within("16 V100 of a DGX-2 under MXNet [1]", speed_up("dgx-2", 16, 256, "fp16"), 14.39, 0.15);
    const gd_machine p3 = machine_of("p3.16xlarge");
    const double kept = predict(&p3, 256, 128, "fp32").efficiency / predict(&p3, 8, 128, "fp32").efficiency;
    check_within("256 V100 with Horovod, % of 8 [3]", 100 * kept, 91, 0.15);
}

/* One GPU, nothing of it fitted. What libraries reach with fusion on an H100 [4] is 1.18 times what this plan, which
 * fuses less, could; a framework on an A100 [1] stays at 0.67 of it: the bounds of a forecast are as wide as that.
 */
TEST(published_throughput_of_one_gpu)
{
    gd_machine m = machine_of("dgx-1");
    check_within("V100 under MXNet, images/s [1]", predict(&m, 1, 192, "fp16").throughput, 1376, 0.15);
    check_within("V100, MLPerf v0.6, images/s [4]", predict(&m, 1, 208, "fp16").throughput, 1402, 0.15);
    check_within("V100 in fp32 under MXNet, images/s [1]", predict(&m, 1, 96, "fp32").throughput, 384, 0.15);
    m = machine_of("dgx-a100");
    check_within("A100 80 GB under MXNet, images/s [1]", predict(&m, 1, 256, "fp16").throughput, 2180, 0.5);
    m.memory = 1555;
    check_within("A100 40 GB, MLPerf v0.7, images/s [4]", predict(&m, 1, 408, "fp16").throughput, 2806, 0.15);
    m = machine_of("dgx-h100");
    check_within("H100, MLPerf v4.0, images/s [4]", predict(&m, 1, 400, "fp16").throughput, 7156, 0.2);
    m.memory = 4800;
    check_within("H200, MLPerf v4.0, images/s [4]", predict(&m, 1, 400, "fp16").throughput, 7945, 0.15);
}

/* ---- the parts ---- */

TEST(a_sum_takes_its_latency_or_its_bytes)
{
    const gd_machine p3 = machine_of("p3.16xlarge"), ring = {.ranks = 4,
                                                             .collectives = GD_COLLECTIVES_RING,
                                                             .link = 2,
                                                             .network = 0.5,
                                                             .start = 10,
                                                             .hop = 1};
    CHECK(gd_machine_sum_seconds(&p3, 1e6, 1) == 0);
    CHECK_NEAR(gd_machine_sum_seconds(&ring, 8e6, 4), 16e-6 + 12e6 / 2e9, 1e-12);
    CHECK_NEAR(gd_machine_sum_seconds(&ring, 8e6, 8), 24e-6 + 14e6 / 0.5e9, 1e-12);
    CHECK_NEAR(gd_machine_sum_seconds(&p3, 1e9, 8), 1.75e9 / 120e9, 1e-4);
    for (double bytes = 8; bytes < 1e9; bytes *= 3) {
        CHECK(gd_machine_sum_seconds(&p3, bytes, 8) < gd_machine_sum_seconds(&p3, 3 * bytes, 8));
        CHECK(gd_machine_sum_seconds(&p3, bytes, 8) < gd_machine_sum_seconds(&p3, bytes, 16));
    }
}

/* Compute that is as long as it likes, and sums behind it: what is hidden and what is not. */
TEST(sums_are_hidden_as_far_as_the_plan_lets_them)
{
    gd_machine m = machine_of("dgx-1");
    const gd_prediction fast = predict(&m, 8, 64, "fp16");
    CHECK(fast.exposed > 0 && fast.exposed < 0.3 * fast.sums); /* the last bucket, alone, behind backward */
    m.overlap = 0;
    const gd_prediction serial = predict(&m, 8, 64, "fp16");
    CHECK_NEAR(serial.exposed, serial.sums, 1e-9);
    CHECK_NEAR(serial.alone, fast.alone, 1e-12);
    m.overlap = 1;
    m.link = 0.01; /* so slow that computing is over long before */
    const gd_prediction slow = predict(&m, 8, 64, "fp16");
    CHECK(slow.exposed > 0.9 * slow.sums && slow.exposed < slow.sums);
    m.spread = 0;
    CHECK(predict(&m, 8, 64, "fp16").slowest == 0);
}

/* What feeding takes comes on top of arithmetic: half the bandwidth, twice as long; where it is hidden, the longer of
 * the two counts. */
TEST(products_are_fed_by_turns_with_computing)
{
    gd_machine m = machine_of("dgx-1");
    const double hidden = predict(&m, 1, 64, "fp16").alone;
    m.feed = 1e9;
    const double arithmetic = predict(&m, 1, 64, "fp16").alone;
    CHECK(arithmetic < hidden);
    m.feed = 800;
    const double fast = predict(&m, 1, 64, "fp16").alone;
    m.feed = 400;
    const double slow = predict(&m, 1, 64, "fp16").alone;
    CHECK(fast > arithmetic);
    CHECK_NEAR((slow - arithmetic) / (fast - arithmetic), 2, 1e-3);
}

TEST(one_rank_waits_for_nobody)
{
    const gd_machine m = machine_of("dgx-1");
    const gd_prediction alone = predict(&m, 1, 64, "fp16");
    CHECK(alone.exposed == 0 && alone.slowest == 0 && alone.sums == 0);
    CHECK_NEAR(alone.efficiency, 1, 1e-12);
    CHECK_NEAR(alone.flops_bound + alone.memory_bound + alone.least_bound, alone.update, 1e-12);
    CHECK_NEAR(alone.throughput, 64 / alone.update, 1e-9);
    const gd_prediction two = predict(&m, 2, 64, "fp16");
    CHECK_NEAR(two.slowest / two.alone, 0.5642 * m.spread, 1e-6); /* E[largest of 2] = 1 / sqrt(pi) */
}

/* ---- machines ---- */

/* ResNet-18 on CIFAR's images, 64 on each of 4 ranks, and what its steps take by themselves. */
typedef struct planned {
    gd_config config;
    gd_train_set set;
    const gd_plan *plan;
    double *step;
} planned;

static planned plan_of_four(void)
{
    static const double mean[3] = {127, 127, 127}, deviation[3] = {64, 64, 64};
    const gd_build_input input = {32, 32, 3, 10, mean, deviation};
    const gd_comm comm = gd_comm_planned(0, 4);
    const char *const set[] = {"train.batch=256", "train.precision=fp32", "train.bucket_mb=4",
                               "model.network=resnet-18"};
    planned p;
    gd_error error = {0};
    CHECK_OK(gd_config_parse("recipe", resnet_50, strlen(resnet_50), set, 4, &p.config, &error), &error);
    CHECK_OK(gd_train_set_plan(&p.config, &input, NULL, &comm, &p.set, &error), &error);
    p.plan = gd_plan_set_plan(p.set.plans, 0);
    p.step = calloc((size_t)p.plan->n_steps, sizeof *p.step);
    CHECK(p.step);
    return p;
}

static void release(planned *p)
{
    free(p->step);
    gd_train_set_release(&p->set);
    gd_config_release(&p->config);
}

/* Products take per_flop and per_byte, all else bytes at 100 GB/s. */
static void time_steps(planned *p, double per_flop, double per_byte)
{
    for (int i = 0; i < p->plan->n_steps; i++) {
        const gd_cost cost = p->plan->step[i].cost;
        p->step[i] = p->plan->step[i].stream                 ? 0
                     : gd_step_is_product(&p->plan->step[i]) ? cost.flops * per_flop + cost.bytes * per_byte
                                                             : cost.bytes / 100e9;
    }
}

/* What a made-up machine would be measured to do describes it again. */
TEST(a_machine_is_found_again_from_its_times)
{
    const gd_machine truth = {.name = "truth",
                              .ranks = 4,
                              .tflops_32 = 2,
                              .tflops_16 = 2,
                              .memory = 50,
                              .flops_reached = 1,
                              .memory_reached = 1,
                              .feed = 20,
                              .collectives = GD_COLLECTIVES_RING,
                              .link = 3,
                              .hop = 20,
                              .overlap = 0.4,
                              .spread = 0.05};
    planned p = plan_of_four();
    gd_error error = {0};
    gd_forecast all, alone, again;
    gd_machine found;
    gd_sum_time sums[6];
    const gd_scaling four = {&truth, p.plan, 4, 256, 1}, one = {&truth, p.plan, 1, 64, 1},
                     refound = {&found, p.plan, 4, 256, 1};
    CHECK_OK(gd_forecast_make(&four, &all, &error), &error);
    CHECK_OK(gd_forecast_make(&one, &alone, &error), &error);
    time_steps(&p, 1 / 4e12, 1 / 40e9); /* by themselves twice as fast as all together */
    for (int i = 0; i < 6; i++) {
        sums[i].bytes = 4096 << 2 * i;
        sums[i].seconds = gd_machine_sum_seconds(&truth, sums[i].bytes, 4);
    }
    const gd_measured measured = {sums, 6, p.step, alone.expected.update, all.expected.update, 0.05 * gd_largest_of(4)};
    CHECK_OK(gd_machine_fit(&measured, p.plan, 4, 256, "found", &found, &error), &error);
    CHECK_NEAR(found.tflops_32, 2, 1e-9);
    CHECK_NEAR(found.memory, 50, 1e-9);
    CHECK_NEAR(found.feed, 20, 1e-9);
    CHECK_NEAR(found.link, 3, 1e-6);
    CHECK_NEAR(found.hop, 20, 1e-6);
    CHECK_NEAR(found.spread, 0.05, 1e-9);
    CHECK_NEAR(found.overlap, 0.4, 1e-4);
    CHECK_OK(gd_forecast_make(&refound, &again, &error), &error);
    CHECK_NEAR(again.expected.update / all.expected.update, 1, 1e-4);
    release(&p);
}

/* Where products take time by their FLOPs alone nothing is said of feeding; where by their bytes alone, arithmetic
 * keeps the best rate that was seen. What an update takes is met in any case. */
TEST(products_of_one_kind_describe_a_machine_too)
{
    planned p = plan_of_four();
    gd_error error = {0};
    gd_machine found;
    gd_forecast alone;
    const gd_scaling one = {&found, p.plan, 1, 64, 1};
    const gd_measured measured = {.step = p.step, .without = 0.25, .with = 0.25};
    time_steps(&p, 1 / 4e12, 0);
    CHECK_OK(gd_machine_fit(&measured, p.plan, 1, 64, "found", &found, &error), &error);
    CHECK(found.feed == 0);
    CHECK_NEAR(found.tflops_32 / found.memory, 4.0 / 100, 1e-9);
    CHECK_OK(gd_forecast_make(&one, &alone, &error), &error);
    CHECK_NEAR(alone.expected.update, 0.25, 1e-9);
    time_steps(&p, 1 / 4e12, -1 / 1e12); /* the more bytes the faster, by some chance */
    CHECK_OK(gd_machine_fit(&measured, p.plan, 1, 64, "found", &found, &error), &error);
    CHECK(found.feed == 0);
    CHECK(found.tflops_32 / found.memory > 4.001 / 100);

    double best = 0; /* FLOPs a byte */
    time_steps(&p, 0, 1 / 40e9);
    for (int i = 0; i < p.plan->n_steps; i++) {
        const gd_cost cost = p.plan->step[i].cost;
        best = gd_step_is_product(&p.plan->step[i]) ? fmax(best, cost.flops / cost.bytes) : best;
    }
    CHECK_OK(gd_machine_fit(&measured, p.plan, 1, 64, "found", &found, &error), &error);
    CHECK(found.feed > 0);
    CHECK_NEAR(found.tflops_32 / found.memory, 0.040 * best / 100, 1e-6);
    CHECK_OK(gd_forecast_make(&one, &alone, &error), &error);
    CHECK_NEAR(alone.expected.update, 0.25, 1e-9);
    CHECK_NEAR(alone.throughput[0] / alone.expected.throughput, 0.65, 1e-9); /* all of it is computing */
    CHECK_NEAR(alone.throughput[1] / alone.expected.throughput, 1.2, 1e-9);

    const gd_plan nothing = {.name = "nothing"};
    CHECK_FAILS(gd_machine_fit(&measured, &nothing, 1, 64, "found", &found, &error), GD_INVALID, &error,
                "'nothing' has no convolution");
    release(&p);
}

TEST(a_machine_comes_back_from_its_file)
{
    const char *path = unit_path("here.json");
    gd_arena arena = {0};
    gd_text text = {0}, again = {0};
    gd_machine machine;
    gd_error error = {0};
    gd_machine written = machine_of("p3dn");
    written.feed = 12.5;
    CHECK_OK(gd_machine_print(&written, &arena, &text, &error), &error);
    CHECK_OK(gd_file_write(path, text.at, text.length, &error), &error);
    CHECK_OK(gd_machine_find(path, &arena, &machine, &error), &error);
    CHECK(machine.feed == 12.5);
    CHECK_OK(gd_machine_print(&machine, &arena, &again, &error), &error);
    CHECK_TEXT(again.at, text.at);
    CHECK_OK(gd_file_write(path, "{\"name\": \"x\"}", 13, &error), &error);
    CHECK_FAILS(gd_machine_find(path, &arena, &machine, &error), GD_INVALID, &error, "ranks");
    CHECK_OK(gd_file_write(path, "[1]", 3, &error), &error);
    CHECK_FAILS(gd_machine_find(path, &arena, &machine, &error), GD_INVALID, &error, "a machine is an object");
    CHECK_FAILS(gd_machine_find("p4", &arena, &machine, &error), GD_INVALID, &error, "there are p3.16xlarge, p3dn");
    gd_text_release(&text);
    gd_text_release(&again);
    gd_arena_release(&arena);
}
