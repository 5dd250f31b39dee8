// SPDX-License-Identifier: Apache-2.0
#include "build/build.h"
#include "kernel/augment.h"
#include "kernel/bn_apply.h"
#include "kernel/bn_stats.h"
#include "kernel/dropout.h"
#include "kernel/softmax_xent.h"
#include "unit.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double mean[] = {120, 121, 122}, deviation[] = {60, 61, 62};

static gd_build_input input_of(int side, int channels, int n_classes)
{
    return (gd_build_input){side, side, channels, n_classes, mean, deviation};
}

/* A net of settings for the command line, over nothing but a source. */
static gd_status build(const char *const *set, int n_set, gd_build_input input, gd_net **net, gd_error *error)
{
    gd_config config;
    const char *text = "data:\n  source: x\n";
    CHECK_OK(gd_config_parse("c", text, strlen(text), set, n_set, &config, error), error);
    gd_status status = gd_build_net(&config, &input, 8, net, error);
    gd_config_release(&config);
    return status;
}

/* A net of a list of layers, each line indented by four. */
static gd_status build_layers(const char *layers, gd_net **net, gd_error *error)
{
    gd_config config;
    gd_build_input input = input_of(16, 3, 5);
    const char *text = unit_text("data:\n  source: x\nmodel:\n  network: layers\n  layers:\n%s", layers);
    CHECK_OK(gd_config_parse("c", text, strlen(text), NULL, 0, &config, error), error);
    gd_status status = gd_build_net(&config, &input, 8, net, error);
    gd_config_release(&config);
    return status;
}

static const gd_node *node_of(const gd_net *net, const char *name)
{
    for (int i = 0; i < net->n_nodes; i++) {
        if (strcmp(net->node[i].name, name) == 0)
            return &net->node[i];
    }
    unit_fail(__FILE__, __LINE__, "no node is called '%s'", name);
    return NULL;
}

static const char *shape_of(const gd_net *net, const char *value)
{
    char text[64];
    gd_value_id id = gd_net_find_value(net, value);
    return id < 0 ? unit_text("no '%s'", value) : unit_text("%s", gd_desc_text(net->value[id].desc, text, sizeof text));
}

/* What a node reads, by name. */
static const char *input_name(const gd_net *net, const char *node, int i)
{
    gd_value_id id = node_of(net, node)->in[i];
    return id < 0 ? "nothing" : net->value[id].name;
}

/* FLOPs for an image, of convolutions and linear layers: what the literature gives. */
static double products(const gd_net *net)
{
    double flops = 0;
    for (int i = 0; i < net->n_nodes; i++) {
        const gd_node *node = &net->node[i];
        gd_problem problem;
        if (strcmp(node->op->name, "conv2d") != 0 && strcmp(node->op->name, "linear") != 0)
            continue;
        CHECK_EQ_INT(gd_net_problem(net, node, true, &problem, NULL), GD_OK);
        flops += node->op->flops(&problem, GD_FWD);
    }
    return flops / net->batch;
}

/* ---- the zoo ---- */

TEST(the_zoo_is_what_the_papers_say)
{
    static const struct {
        const char *network;
        int side, channels, classes;
        double mega_flops, tolerance, parameters; /* of torchvision and of He et al. */
        const char *features;
    } zoo[] = {
        {"resnet-9", 32, 3, 10, 36.28, 0.01, 153882, "8x64"},
        {"resnet-20", 32, 3, 10, 81.63, 0.01, 272474, "8x64"},
        {"resnet-32", 32, 3, 10, 138.25, 0.01, 466906, "8x64"},
        {"resnet-44", 32, 3, 10, 194.87, 0.01, 661338, "8x64"},
        {"resnet-56", 32, 3, 10, 251.50, 0.01, 855770, "8x64"},
        {"resnet-110", 32, 3, 10, 506.30, 0.01, 1730714, "8x64"},
        {"resnet-18", 32, 3, 10, 1110.8, 0.1, 11173962, "8x512"},
        {"resnet-18", 224, 3, 1000, 3628.1, 0.1, 11689512, "8x512"},
        {"resnet-34", 224, 3, 1000, 7328, 1, 21797672, "8x512"},
        {"resnet-50", 224, 3, 1000, 8178, 1, 25557032, "8x2048"},
        {"lenet", 28, 1, 10, 22.13, 0.01, 454922, "8x128"},
    };
    for (size_t i = 0; i < sizeof zoo / sizeof *zoo; i++) {
        gd_net *net;
        gd_error error = {0};
        const char *set = unit_text("model.network=%s", zoo[i].network);
        CHECK_OK(build(&set, 1, input_of(zoo[i].side, zoo[i].channels, zoo[i].classes), &net, &error), &error);
        CHECK_NEAR(products(net) / 1e6, zoo[i].mega_flops, zoo[i].tolerance);
        CHECK_EQ_INT(gd_net_count_params(net), (long long)zoo[i].parameters);
        CHECK_TEXT(shape_of(net, "features"), zoo[i].features);
        gd_net_free(net);
    }
}

TEST(what_every_net_has_around_it)
{
    static const char *const set[] = {"augment.edge=zero", "model.dropout=0.2", "train.label_smoothing=0.1",
                                      "train.class_weights=[1,2,3]"};
    gd_net *net;
    gd_error error = {0};
    CHECK_OK(build(set, 4, input_of(32, 3, 3), &net, &error), &error);
    CHECK_TEXT(shape_of(net, "images"), "8x32x32x3");
    CHECK_TEXT(shape_of(net, "draws"), "8x20");
    CHECK_TEXT(shape_of(net, "targets"), "8x3");
    CHECK_TEXT(shape_of(net, "input"), "8x32x32x3");
    CHECK_TEXT(shape_of(net, "logits"), "8x3");
    CHECK_TEXT(shape_of(net, "loss"), "8");
    CHECK_TEXT(input_name(net, "input", 0), "images");
    CHECK_TEXT(input_name(net, "input", 1), "draws");
    CHECK_TEXT(input_name(net, "dropout", 0), "features");
    CHECK_TEXT(input_name(net, "logits", 0), "dropout");
    CHECK_TEXT(input_name(net, "loss", 0), "logits");
    CHECK_TEXT(input_name(net, "loss", 1), "targets");
    CHECK_EQ_INT(net->n_outputs, 2);
    CHECK_TEXT(net->value[net->output[0]].name, "logits");
    CHECK_TEXT(net->value[net->output[1]].name, "loss");

    const gd_augment_params *augment = node_of(net, "input")->params;
    CHECK_EQ_INT(augment->edge, GD_EDGE_ZERO);
    CHECK_NEAR(augment->mean.at[2], 122, 0);
    CHECK_NEAR(augment->deviation.at[1], 61, 0);
    const gd_softmax_xent_params *loss = node_of(net, "loss")->params;
    CHECK_NEAR(loss->label_smoothing, 0.1, 0);
    CHECK_EQ_INT(loss->class_weights.n, 3);
    CHECK_NEAR(((const gd_dropout_params *)node_of(net, "dropout")->params)->rate, 0.2, 0);
    gd_net_free(net);
}

TEST(batch_norm_as_the_config_says)
{
    static const char *const set[] = {"batch_norm.group=4", "batch_norm.momentum=0.2", "batch_norm.epsilon=0.001",
                                      "model.network=resnet-20"};
    gd_net *net;
    gd_error error = {0};
    CHECK_OK(build(set, 4, input_of(32, 3, 10), &net, &error), &error);
    const gd_bn_stats_params *stats = node_of(net, "stage2.block1.bn2.stats")->params;
    const gd_bn_apply_params *apply = node_of(net, "stage2.block1.bn2")->params;
    CHECK_EQ_INT(stats->group, 4);
    CHECK_NEAR(stats->momentum, 0.2, 0);
    CHECK_EQ_INT(apply->group, 4);
    CHECK_NEAR(apply->epsilon, 0.001, 0);
    CHECK_EQ_INT(apply->activation, GD_ACTIVATION_RELU);
    CHECK_TEXT(shape_of(net, "stage2.block1.bn2.stats"), "2x2x32");

    /* the sum is the last batch norm's; where the shape changes, the shortcut is a convolution */
    CHECK_TEXT(input_name(net, "stage2.block1.bn2", 2), "stage2.block1.shortcut.bn");
    CHECK_TEXT(input_name(net, "stage2.block2.bn2", 2), "stage2.block1.bn2");
    CHECK_TEXT(input_name(net, "stage1.block1.bn2", 2), "stem.bn");
    CHECK_EQ_INT(gd_net_find_value(net, "stage1.block1.shortcut.conv"), -1);
    CHECK(gd_net_find_param(net, "stage1.block1.conv1.w") >= 0);
    CHECK(gd_net_find_param(net, "stage1.block1.bn1.gamma") >= 0);
    CHECK(gd_net_find_param(net, "stage2.block1.shortcut.conv.w") >= 0);
    gd_net_free(net);
}

TEST(stems_and_widths)
{
    gd_net *net;
    gd_error error = {0};
    const char *set[] = {"model.network=resnet-18", "model.width=8", "model.stem=auto"};
    CHECK_OK(build(set, 3, input_of(64, 3, 10), &net, &error), &error);
    CHECK_TEXT(shape_of(net, "stem.bn"), "8x64x64x8");
    CHECK_TEXT(shape_of(net, "features"), "8x64");
    gd_net_free(net);
    CHECK_OK(build(set, 3, input_of(65, 3, 10), &net, &error), &error);
    CHECK_TEXT(shape_of(net, "stem.pool"), "8x17x17x8");
    gd_net_free(net);
    set[2] = "model.stem=imagenet";
    CHECK_OK(build(set, 3, input_of(32, 3, 10), &net, &error), &error);
    CHECK_TEXT(shape_of(net, "stem.pool"), "8x8x8x8");
    gd_net_free(net);
    set[2] = "model.stem=cifar";
    CHECK_OK(build(set, 3, input_of(224, 3, 10), &net, &error), &error);
    CHECK_TEXT(shape_of(net, "stem.bn"), "8x224x224x8");
    gd_net_free(net);
    set[0] = "model.network=resnet-9";
    CHECK_OK(build(set, 2, input_of(32, 3, 10), &net, &error), &error);
    CHECK_TEXT(shape_of(net, "stage3.block.add"), "8x4x4x32");
    gd_net_free(net);
    set[0] = "model.network=lenet";
    CHECK_OK(build(set, 2, input_of(28, 1, 10), &net, &error), &error);
    CHECK_TEXT(shape_of(net, "features"), "8x32");
    gd_net_free(net);
}

TEST(networks_that_cannot_be)
{
    static const struct {
        const char *set, *why;
        int side;
    } cases[] = {
        {"model.network=resnet-21", "--set model.network=resnet-21: no network is called 'resnet-21'; did you mean",
         32},
        {"model.network=layer", "did you mean 'layers'?", 32},
        {"model.network=inception", "there are resnet-9, resnet-20 32 44 56 110, resnet-18 34 50, lenet, layers", 32},
        {"model.network=resnet-9", "--set model.network=resnet-9: pool2d 'stage3.pool': kernel 2 is larger", 4},
        {"train.class_weights=[1,2]", "--set train.class_weights=[1,2]: softmax_xent 'loss': ", 32},
        {"train.class_weights=[0,0,0,0,0,0,0,0,0,0]", "class_weights are all 0", 32},
        {"augment.crop=28", "--set augment.crop=28: augment.crop 28 is not below the side of the images, 28", 28},
        {"augment.cutout=29", "augment.cutout 29 is larger than the side of the images, 28 pixels", 28},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gd_net *net;
        gd_error error = {0};
        CHECK_FAILS(build(&cases[i].set, 1, input_of(cases[i].side, 3, 10), &net, &error), GD_INVALID, &error,
                    cases[i].why);
        CHECK(net == NULL);
    }
}

/* ---- layers ---- */

TEST(a_list_of_layers)
{
    gd_net *net;
    gd_error error = {0};
    CHECK_OK(build_layers("    - conv2d:\n        filters: 8\n        pad: 1\n      name: stem\n"
                          "    - relu\n"
                          "    - relu:\n"
                          "    - conv2d: {filters: 4, bias: true}\n"
                          "    - batch_norm\n"
                          "    - dropout: {rate: 0.25}\n"
                          "    - dropout\n"
                          "    - global_pool: {kind: average}\n",
                          &net, &error),
             &error);
    CHECK_TEXT(shape_of(net, "stem"), "8x16x16x8");
    CHECK(gd_net_find_param(net, "stem.w") >= 0);
    CHECK_TEXT(input_name(net, "relu.2", 0), "relu.1");
    CHECK_TEXT(shape_of(net, "conv2d.2"), "8x14x14x4"); /* the second, though the first has a name */
    CHECK(gd_net_find_param(net, "conv2d.2.b") >= 0);
    CHECK_TEXT(input_name(net, "batch_norm.1", 1), "batch_norm.1.stats");
    const gd_dropout_params *first = node_of(net, "dropout.1")->params, *second = node_of(net, "dropout.2")->params;
    CHECK_NEAR(first->rate, 0.25, 0);
    CHECK_NEAR(second->rate, 0.5, 0);
    CHECK(first->key != second->key);
    CHECK_TEXT(shape_of(net, "features"), "8x4");
    CHECK_TEXT(node_of(net, "features")->op->name, "global_pool");
    CHECK_EQ_INT(node_of(net, "stem")->place.line, 6);
    CHECK_EQ_INT(node_of(net, "stem")->place.column, 7);
    gd_net_free(net);
}

TEST(features_are_made_where_the_list_has_none)
{
    gd_net *net;
    gd_error error = {0};
    CHECK_OK(build_layers("    - relu\n", &net, &error), &error); /* still an image */
    CHECK_TEXT(shape_of(net, "features"), "8x768");
    gd_net_free(net);
    CHECK_OK(build_layers("    - flatten\n    - linear: {features: 6}\n", &net, &error), &error);
    CHECK_TEXT(shape_of(net, "flatten.1"), "8x768");
    CHECK_TEXT(shape_of(net, "features"), "8x6");
    CHECK_TEXT(input_name(net, "logits", 0), "features");
    gd_net_free(net);
    CHECK_OK(build_layers("    - flatten:\n      name: features\n", &net, &error), &error);
    CHECK_TEXT(input_name(net, "logits", 0), "features");
    gd_net_free(net);
}

TEST(residual_blocks)
{
    gd_net *net;
    gd_error error = {0};
    CHECK_OK(build_layers("    - residual:\n"
                          "        layers:\n"
                          "          - conv2d: {filters: 8, stride: 2, pad: 1}\n"
                          "          - batch_norm: {activation: relu}\n"
                          "          - conv2d: {filters: 8, pad: 1}\n"
                          "          - batch_norm\n"
                          "        shortcut:\n"
                          "          - conv2d: {filters: 8, kernel: 1, stride: 2}\n"
                          "        activation: relu\n"
                          "      name: down\n"
                          "    - residual:\n"
                          "        layers:\n"
                          "          - conv2d: {filters: 8, pad: 1}\n"
                          "          - residual: {layers: [relu]}\n"
                          "          - batch_norm: {activation: relu}\n",
                          &net, &error),
             &error);
    const gd_bn_apply_params *last = node_of(net, "down.batch_norm.2")->params;
    CHECK_TEXT(input_name(net, "down.batch_norm.2", 2), "down.shortcut.conv2d.1"); /* takes the sum along */
    CHECK_EQ_INT(last->activation, GD_ACTIVATION_RELU);
    CHECK_TEXT(input_name(net, "down.batch_norm.1", 2), "nothing");
    CHECK_TEXT(input_name(net, "residual.2.conv2d.1", 0), "down.batch_norm.2");
    CHECK_TEXT(input_name(net, "residual.2.residual.1.add", 0), "residual.2.residual.1.relu.1");
    CHECK_TEXT(input_name(net, "residual.2.residual.1.add", 1), "residual.2.conv2d.1");
    CHECK_TEXT(input_name(net, "residual.2.batch_norm.1", 2), "nothing"); /* has an activation of its own */
    CHECK_TEXT(input_name(net, "residual.2.add", 0), "residual.2.batch_norm.1");
    CHECK_TEXT(input_name(net, "residual.2.add", 1), "down.batch_norm.2");
    gd_net_free(net);
}

TEST(layers_that_read_others)
{
    gd_net *net;
    gd_error error = {0};
    CHECK_OK(build_layers("    - conv2d: {filters: 8, pad: 1}\n      name: wide\n"
                          "    - conv2d: {filters: 8, kernel: 1}\n      in: input\n      name: narrow\n"
                          "    - add: {activation: relu}\n      in: [wide, narrow]\n"
                          "    - residual:\n        layers:\n"
                          "          - relu:\n            in: wide\n            name: narrow\n"
                          "          - relu:\n            in: narrow\n"
                          "      in: narrow\n",
                          &net, &error),
             &error);
    CHECK_TEXT(input_name(net, "narrow", 0), "input");
    CHECK_TEXT(input_name(net, "add.1", 0), "wide");
    CHECK_TEXT(input_name(net, "add.1", 1), "narrow");
    CHECK_TEXT(input_name(net, "residual.1.narrow", 0), "wide");
    CHECK_TEXT(input_name(net, "residual.1.relu.2", 0), "residual.1.narrow"); /* the block's own first */
    CHECK_TEXT(input_name(net, "residual.1.add", 1), "narrow");
    gd_net_free(net);
}

TEST(layers_that_cannot_be)
{
    static const struct {
        const char *layers, *why;
    } cases[] = {
        {"    - conv2d: {filters: 8, kernel: 19}\n", "c:6:7: conv2d 'conv2d.1': kernel 19 is larger than padded"},
        {"    - conv2d: {filtres: 8}\n", "c:6:16: conv2d 'conv2d.1': unknown key 'filtres'; did you mean 'filters'?"},
        {"    - conv2d\n", "c:6:7: conv2d 'conv2d.1': 'filters' is missing"},
        {"    - conv2d:\n      filters: 8\n", "c:7:7: a layer has one op, here 'conv2d' and 'filters'"},
        {"    - relu: {x: 1}\n", "nothing can be set here"},
        {"    - conv: {filters: 8}\n", "c:6:7: no layer is called 'conv'"},
        {"    - batchnorm\n", "did you mean 'batch_norm'?"},
        {"    - batch_norm: {group: 3}\n", "unknown key 'group'"},
        {"    - augment\n", "no layer is called 'augment'"},
        {"    - bn_stats\n", "no layer is called 'bn_stats'"},
        {"    - sgd\n", "no layer is called 'sgd'"},
        {"    - name: x\n", "a layer is an op"},
        {"    - [relu]\n", "a layer is an op"},
        {"    -\n", "a layer is an op"},
        {"    - relu:\n      name: logits\n", "c:7:13: 'logits' cannot be the name of a layer"},
        {"    - relu:\n      name: a b\n", "'a b' cannot be the name"},
        {"    - relu:\n      name: a.b\n", "'a.b' cannot be the name"},
        {"    - relu:\n      name: ''\n", "'' cannot be the name"},
        {"    - relu:\n      name: x\n    - relu:\n      name: x\n", "c:8:7: relu 'x': name 'x' is used twice"},
        {"    - relu:\n      in: stem\n", "c:7:11: no layer before is called 'stem'"},
        {"    - relu:\n      name: stem\n    - relu:\n      in: stme\n", "did you mean 'stem'?"},
        {"    - relu:\n      in: []\n", "'in' is the name of a layer"},
        {"    - add:\n      in: [input, input, input, input, input]\n", "a list of at most four"},
        {"    - dropout:\n      in: [input, input]\n", "'dropout' reads one layer"},
        {"    - dropout: {rate: 1}\n", "'rate' is 1, outside 0 to 0.95"},
        {"    - residual\n", "residual block 'residual.1' needs 'layers', a list"},
        {"    - residual: {layers: [relu], shortcut: relu}\n", "'shortcut' is one too"},
        {"    - residual: {layers: [relu], activation: gelu}\n", "c:6:46: 'activation' is 'gelu'"},
        {"    - residual: {layers: [{conv2d: {filters: 4, pad: 1}}, batch_norm]}\n",
         "bn_apply 'residual.1.batch_norm.1': residual is 8x16x16x3"},
        {"    - residual:\n        layers:\n          - conv2d: {filters: 4}\n", "c:6:7: add 'residual.1.add': "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gd_net *net;
        gd_error error = {0};
        CHECK_FAILS(build_layers(cases[i].layers, &net, &error), GD_INVALID, &error, cases[i].why);
        CHECK(net == NULL);
    }
}

/* ---- configs ---- */

static int is_config(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".yaml") == 0;
}

TEST(every_shipped_config_builds)
{
    struct dirent **files;
    int n = scandir(unit_source("configs"), &files, is_config, alphasort);
    CHECK(n >= 5);
    for (int i = 0; i < n; i++) {
        gd_config config;
        gd_error error = {0};
        gd_net *net;
        bool grey = strcmp(files[i]->d_name, "fashion-mnist.yaml") == 0;
        CHECK_OK(gd_config_read(unit_source(unit_text("configs/%s", files[i]->d_name)), NULL, 0, &config, &error),
                 &error);
        int side = config.data.size ? config.data.size : grey ? 28 : 32;
        gd_build_input input = input_of(side, grey ? 1 : 3, config.data.classes.n ? config.data.classes.n : 10);
        CHECK_OK(gd_build_net(&config, &input, config.train.batch, &net, &error), &error);
        gd_net_free(net);
        gd_config_release(&config);
        free(files[i]);
    }
    free(files);
}

/* The example in docs/networks.md, which is everybody's first. */
TEST(the_documented_example_builds)
{
    gd_net *net;
    gd_error error = {0};
    FILE *file = fopen(unit_source("docs/networks.md"), "r");
    CHECK(file != NULL);
    char line[256], text[4096] = "data:\n  source: x\n";
    bool inside = false;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "```", 3) == 0 && inside)
            break;
        if (inside)
            strncat(text, line, sizeof text - strlen(text) - 1);
        inside |= strcmp(line, "```yaml\n") == 0;
    }
    fclose(file);
    CHECK_CONTAINS(text, "network: layers");
    gd_config config;
    gd_build_input input = input_of(32, 3, 10);
    CHECK_OK(gd_config_parse("networks.md", text, strlen(text), NULL, 0, &config, &error), &error);
    CHECK_OK(gd_build_net(&config, &input, 8, &net, &error), &error);
    CHECK_TEXT(shape_of(net, "features"), "8x64");
    gd_net_free(net);
    gd_config_release(&config);
}

/* ---- initial values ---- */

typedef struct moments {
    double mean, deviation, least, most;
} moments;

static moments moments_of(const float *at, int64_t n)
{
    moments m = {0, 0, at[0], at[0]};
    for (int64_t i = 0; i < n; i++) {
        m.mean += at[i] / (double)n;
        m.least = fmin(m.least, at[i]);
        m.most = fmax(m.most, at[i]);
    }
    for (int64_t i = 0; i < n; i++)
        m.deviation += (at[i] - m.mean) * (at[i] - m.mean) / (double)n;
    m.deviation = sqrt(m.deviation);
    return m;
}

static float *initial(const gd_net *net, const char *name, uint64_t seed, int64_t *n)
{
    gd_param_id id = gd_net_find_param(net, name);
    CHECK(id >= 0);
    *n = gd_desc_count(net->param[id].desc);
    float *to = malloc((size_t)*n * sizeof *to);
    gd_init_param(net, id, seed, to);
    return to;
}

TEST(initial_values)
{
    gd_net *net;
    gd_error error = {0};
    int64_t n;
    CHECK_OK(build(NULL, 0, input_of(32, 3, 10), &net, &error), &error);

    float *w = initial(net, "stage3.conv.w", 1, &n), *same = initial(net, "stage3.conv.w", 1, &n),
          *other = initial(net, "stage3.conv.w", 2, &n);
    moments m = moments_of(w, n);
    double he = sqrt(2.0 / (9 * 64)), root = sqrt((double)n);
    CHECK_NEAR(m.mean, 0, 4 * he / root);
    CHECK_NEAR(m.deviation, he, 4 * he / sqrt(2) / root);
    CHECK(m.most > 3 * he && m.most < 6 * he && m.least < -3 * he && m.least > -6 * he); /* normal tails */
    CHECK(memcmp(w, same, (size_t)n * sizeof *w) == 0);
    int equal = 0;
    for (int64_t i = 0; i < n; i++)
        equal += w[i] == other[i];
    CHECK(equal < 5);
    free(w);
    free(same);
    free(other);

    float *u = initial(net, "logits.w", 1, &n); /* uniform in ±1/sqrt(64) */
    m = moments_of(u, n);
    CHECK(m.least >= -0.125 && m.most <= 0.125 && m.least < -0.12 && m.most > 0.12);
    CHECK_NEAR(m.deviation, 0.125 / sqrt(3), 0.01);
    free(u);

    static const struct {
        const char *name;
        double first, last;
    } constant[] = {
        {"logits.b", 0, 0}, {"stem.bn.gamma", 1, 1}, {"stem.bn.beta", 0, 0}, {"stem.bn.stats.running", 0, 1}};
    for (int i = 0; i < 4; i++) {
        float *c = initial(net, constant[i].name, 1, &n);
        for (int64_t k = 0; k < n; k++)
            CHECK_NEAR(c[k], k < n / 2 ? constant[i].first : constant[i].last, 0);
        free(c);
    }
    gd_net_free(net);
}
