// SPDX-License-Identifier: Apache-2.0
/* griddle config | net | plan: the three stages of lowering, printed. */
#include "base/text.h"
#include "cli/engine.h"
#include "comm/planned.h"
#include "scale/predict.h"
#include "train/train.h"

#include <stdio.h>
#include <string.h>

enum { MAX_RANKS = 1 << 20 };

static gd_status print_text(gd_text *text, gd_status status, gd_error *error)
{
    if (status == GD_OK)
        status = gd_text_status(text, error);
    if (status == GD_OK && text->at)
        fputs(text->at, stdout);
    gd_text_release(text);
    return status;
}

static gd_status show_config(gd_command *command, gd_error *error)
{
    gd_config config = {0};
    gd_text text = {0};
    if (gd_command_has(command, "--keys")) {
        if (gd_command_has(command, "--json") || gd_command_has(command, "--set") || command->n_words)
            return gd_fail(error, GD_INVALID, "config --keys lists what a config may have; it takes nothing besides");
        gd_config_describe(&text);
        return print_text(&text, GD_OK, error);
    }
    if (command->n_words == 0)
        return gd_fail(error, GD_INVALID, "config wants a file, or --keys for what may stand in one");
    gd_status status = gd_engine_config(command, command->word[0], &config, error);
    if (status == GD_OK && gd_command_has(command, "--json")) {
        status = gd_attr_print_json(config.tree, &text);
        gd_text_add(&text, "\n");
    } else if (status == GD_OK) {
        status = gd_config_print(&config, &text);
    }
    gd_config_release(&config);
    return print_text(&text, status, error);
}

/* The shape of the data: --input and --classes, or the staged set in the cache, made if need be: looking at a plan
 * leaves runs as they are. */
static gd_status find_input(gd_command *command, gd_build_input *input, gd_error *error)
{
    static const double middle[4] = {127.5, 127.5, 127.5, 127.5}, spread[4] = {64, 64, 64, 64};
    const char *shape = gd_command_option(command, "--input");
    if (shape) {
        *input = (gd_build_input){.mean = middle, .deviation = spread};
        char end;
        if (sscanf(shape, "%dx%dx%d%c", &input->height, &input->width, &input->channels, &end) != 3 ||
            input->height < 1 || input->width < 1 || (input->channels != 1 && input->channels != 3) ||
            input->height > 4096 || input->width > 4096)
            return gd_fail(error, GD_INVALID, "--input '%s': height x width x channels is wanted, as 32x32x3", shape);
        return gd_command_int(command, "--classes", 2, 100000, 10, &input->n_classes, error);
    }
    gd_engine_path path;
    GD_TRY(gd_engine_stage(command, command->word[0], NULL, NULL, &path, error));
    gd_staged staged = {0};
    gd_status status = gd_staged_open(path.text, GD_OPEN_TRAIN, &staged, error);
    if (status == GD_OK) {
        *input = gd_build_input_of(&staged);
        double *numbers = gd_arena_alloc(&command->arena, 8, sizeof *numbers);
        if (!numbers) {
            status = gd_fail(error, GD_NOMEM, "out of memory");
        } else {
            memcpy(numbers, staged.mean, sizeof staged.mean);
            memcpy(numbers + 4, staged.deviation, sizeof staged.deviation);
            input->mean = numbers;
            input->deviation = numbers + 4;
        }
    }
    gd_staged_close(&staged);
    return status;
}

static gd_status show_net(gd_command *command, gd_error *error)
{
    gd_config config = {0};
    gd_build_input input;
    gd_net *net = NULL;
    gd_text text = {0};
    gd_status status;
    GD_TRY_TO(done, gd_engine_config(command, command->word[0], &config, error));
    GD_TRY_TO(done, find_input(command, &input, error));
    GD_TRY_TO(done, gd_build_net(&config, &input, config.train.batch, &net, error));
    if (gd_command_has(command, "--json")) {
        GD_TRY_TO(done, gd_net_print_json(net, &text));
        gd_text_add(&text, "\n");
    } else {
        gd_net_print(net, &text);
    }
done:
    gd_net_free(net);
    gd_config_release(&config);
    return print_text(&text, status, error);
}

/* What is asked of `griddle plan`. */
typedef struct plan_question {
    gd_config config;
    gd_build_input input;
    const gd_device *device;
    int rank, ranks;
    bool has_ranks; /* else of one process that has no others */
} plan_question;

static gd_status make_plan(const plan_question *asked, int rank, gd_train_set *set, gd_error *error)
{
    const gd_comm comm = gd_comm_planned(rank, asked->ranks);
    return gd_train_set_plan(&asked->config, &asked->input, asked->device, asked->has_ranks ? &comm : NULL, set, error);
}

static gd_status print_plan(gd_command *command, const plan_question *asked, gd_text *out, gd_error *error)
{
    gd_train_set set = {0};
    GD_TRY(make_plan(asked, asked->rank, &set, error));
    if (set.note[0])
        fprintf(stderr, "griddle: %s\n", set.note);
    if (asked->ranks > 1)
        gd_text_add(out, "rank %d of %d: images %d to %d of every %d\n", asked->rank, asked->ranks, set.shard.first,
                    set.shard.first + set.shard.images - 1, set.micro);
    gd_plan_print(set.plans, gd_command_has(command, "--eval") ? 1 : 0, out);
    gd_train_set_release(&set);
    return GD_OK;
}

/* Of the rank with most images, as all wait for it. */
static gd_status make_longest_plan(const plan_question *asked, gd_train_set *set, gd_error *error)
{
    gd_shard most = {0};
    int busiest = 0;
    GD_TRY(make_plan(asked, 0, set, error));
    for (int rank = 0; rank < asked->ranks; rank++) {
        gd_shard shard;
        GD_TRY(gd_shard_of(set->micro, set->group, rank, asked->ranks, &shard, error));
        if (shard.images > most.images) {
            most = shard;
            busiest = rank;
        }
    }
    if (busiest == 0)
        return GD_OK;
    gd_train_set_release(set);
    return make_plan(asked, busiest, set, error);
}

static gd_status print_forecast(gd_command *command, const plan_question *asked, gd_text *out, gd_error *error)
{
    gd_train_set set = {0};
    gd_machine machine;
    gd_forecast forecast;
    gd_status status;
    GD_TRY(gd_machine_find(gd_command_option(command, "--machine"), &command->arena, &machine, error));
    GD_TRY_TO(done, make_longest_plan(asked, &set, error));
    const gd_scaling scaling = {&machine, gd_plan_set_plan(set.plans, 0), asked->ranks, set.micro,
                                asked->config.train.accumulate};
    GD_TRY_TO(done, gd_forecast_make(&scaling, &forecast, error));
    (gd_command_has(command, "--json") ? gd_forecast_print_json : gd_forecast_print)(&scaling, &forecast, out);
done:
    gd_train_set_release(&set);
    return status;
}

static gd_status show_plan(gd_command *command, gd_error *error)
{
    const bool forecast = gd_command_has(command, "--machine");
    plan_question asked = {.has_ranks = gd_command_has(command, "--ranks")};
    gd_text text = {0};
    gd_status status;
    if (forecast && (gd_command_has(command, "--rank") || gd_command_has(command, "--eval")))
        return gd_fail(error, GD_INVALID, "--machine predicts how fast all ranks train: leave out --rank and --eval");
    if (!forecast && gd_command_has(command, "--json"))
        return gd_fail(error, GD_INVALID, "--json is for predictions: add --machine");
    GD_TRY(gd_engine_device(command, &asked.device, error));
    GD_TRY(gd_command_int(command, "--ranks", 1, MAX_RANKS, 1, &asked.ranks, error));
    GD_TRY(gd_command_int(command, "--rank", 0, asked.ranks - 1, 0, &asked.rank, error));
    GD_TRY_TO(done, gd_engine_config(command, command->word[0], &asked.config, error));
    GD_TRY_TO(done, find_input(command, &asked.input, error));
    status = forecast ? print_forecast(command, &asked, &text, error) : print_plan(command, &asked, &text, error);
done:
    gd_config_release(&asked.config);
    return print_text(&text, status, error);
}

static const gd_option config_options[] = {
    GD_OPTION_SET,
    {"--keys", NULL, NULL, "every key that a config may have, with default, range and meaning"},
    GD_OPTION_JSON,
    {0},
};

#define INPUT_OPTIONS                                                                                                  \
    {"--input", NULL, "HxWxC", "shape of the images, where the data shall not be looked at"},                          \
    {                                                                                                                  \
        "--classes", NULL, "N", "how many classes, with --input; default 10"                                           \
    }

static const gd_option net_options[] = {GD_OPTION_SET, INPUT_OPTIONS, GD_OPTION_JSON, {0}};
static const gd_option plan_options[] = {
    GD_OPTION_SET,
    INPUT_OPTIONS,
    {"--eval", NULL, NULL, "the plan of validation in place of that of training"},
    {"--ranks", NULL, "N", "of one of so many processes that share the batch; none of them need be there"},
    {"--rank", NULL, "R", "which of them; default 0"},
    {"--machine", NULL, "NAME|FILE", "in place of the plan a prediction: how fast they would be on such machines"},
    GD_OPTION_JSON,
    GD_OPTION_DEVICE,
    {0},
};

const gd_verb gd_verb_config = {
    "config",
    "[CONFIG]",
    0,
    1,
    "the config as resolved: every key, defaults too",
    "griddle config configs/scones.yaml --set train.epochs=40\ngriddle config --keys\n",
    config_options,
    show_config,
};
const gd_verb gd_verb_net = {
    "net",
    "CONFIG",
    1,
    1,
    "the network: layers, shapes, parameters, FLOPs",
    "griddle net configs/fashion-mnist.yaml\ngriddle net configs/cifar10.yaml --input 32x32x3 --classes 10\n",
    net_options,
    show_net,
};
const gd_verb gd_verb_plan = {
    "plan",
    "CONFIG",
    1,
    1,
    "the plan: every step, the kernel chosen and why others refused, memory",
    "griddle plan configs/fashion-mnist.yaml --set train.precision=fp32\n"
    "griddle plan configs/cifar10.yaml --input 32x32x3 --ranks 4\n"
    "griddle plan configs/cifar10.yaml --input 32x32x3 --ranks 4 --set train.precision=fp16 --machine p3.16xlarge\n",
    plan_options,
    show_plan,
};
