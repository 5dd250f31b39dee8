// SPDX-License-Identifier: Apache-2.0
/* Every key of the config, with its default, range and meaning; and their description as text. */
#include "base/text.h"
#include "config/config.h"

#include <limits.h>
#include <string.h>

static const gd_field data_fields[] = {
    GD_FIELD_TEXT(gd_data_config, source, "",
                  "where the images are: a file, a folder, a file: or https: address; required"),
    GD_FIELD_TEXT(gd_data_config, sha256, "", "digest of the fetched file, 64 hexadecimal digits; empty: not checked"),
    GD_FIELD_CHOICE(gd_data_config, format, "auto", GD_FORMAT_CHOICES, "of the source; auto: by its content"),
    GD_FIELD_TEXTS(gd_data_config, classes, "[]", "which classes, in this order; empty: all of the source"),
    GD_FIELD_INT(gd_data_config, size, "0", 0, 4096,
                 "side of the staged square, in pixels; 0: as it is (all images must agree)"),
    GD_FIELD_INT(gd_data_config, channels, "0", 0, 3, "1: grey, 3: colour, 0: as the source"),
    GD_FIELD_REAL(gd_data_config, validation, "0.1", 0, 0.9,
                  "share of the training images held out to choose the best model; 0: train on all, keep the last"),
    GD_FIELD_INT(gd_data_config, fold, "0", 0, 999, "cross-validation: which fold is held out, from 0"),
    GD_FIELD_INT(gd_data_config, folds, "0", 0, 1000, "cross-validation: how many folds; 0: none"),
    GD_FIELD_REAL(gd_data_config, test, "0", 0, 0.9, "share drawn as test split where a folder has none; 0: none"),
    GD_FIELD_INT(gd_data_config, max_rejected, "0", 0, INT_MAX, "how many broken files are tolerated"),
    {0},
};

static const gd_field model_fields[] = {
    GD_FIELD_TEXT(gd_model_config, network, "resnet-9",
                  "resnet-9, resnet-20 32 44 56 110 (small images), resnet-18 34 50, lenet, or layers"),
    GD_FIELD_INT(gd_model_config, width, "0", 0, 4096, "channels of the first stage; 0: the network's own"),
    GD_FIELD_CHOICE(gd_model_config, stem, "auto", GD_STEM_CHOICES,
                    "of resnet-18 34 50: auto is cifar for images of at most 64 pixels"),
    GD_FIELD_REAL(gd_model_config, dropout, "0", 0, 0.95, "share of features dropped before the last layer"),
    GD_FIELD_TREE(gd_model_config, layers, "with network: layers, the list of layers (docs/networks.md)"),
    {0},
};

static const gd_field batch_norm_fields[] = {
    GD_FIELD_INT_OR(gd_batch_norm_config, group, "32", "all", 65536,
                    "images normalised together, whatever the number of processes; all: the whole batch"),
    GD_FIELD_REAL(gd_batch_norm_config, momentum, "0.1", 0, 1, "share of the newest step in the running statistics"),
    GD_FIELD_REAL(gd_batch_norm_config, epsilon, "1e-5", 1e-12, 1, "added to the variance"),
    {0},
};

static const gd_field augment_fields[] = {
    GD_FIELD_CHOICE(gd_augment, flip, "none", GD_FLIP_CHOICES,
                    "mirror left to right; alternate: every other epoch, from a random start"),
    GD_FIELD_INT(gd_augment, crop, "0", 0, 256, "shift to each side by up to this many pixels"),
    GD_FIELD_CHOICE(gd_augment, edge, "reflect", GD_EDGE_CHOICES, "what a shift brings in from outside the image"),
    GD_FIELD_INT(gd_augment, cutout, "0", 0, 4096, "side of the square cut out, in pixels; 0: none"),
    GD_FIELD_REAL(gd_augment, brightness, "0", 0, 1, "added, up to this share of the full range, either way"),
    GD_FIELD_REAL(gd_augment, contrast, "0", 0, 1, "factor within 1 plus or minus this"),
    {0},
};

static const gd_field train_fields[] = {
    GD_FIELD_INT(gd_train_config, epochs, "30", 1, 100000, "passes over the training images"),
    GD_FIELD_INT(gd_train_config, batch, "128", 1, 65536, "images per update, over all processes"),
    GD_FIELD_UINT64(gd_train_config, seed, "0", "of all that is drawn"),
    GD_FIELD_CHOICE(
        gd_train_config, precision, "auto", GD_PRECISION_CHOICES,
        "of activations; auto: bf16 where the processor has it, else fp32; fp16 is computed on any processor, slower "
        "than fp32; fp64 is for checks"),
    GD_FIELD_REAL(
        gd_train_config, loss_scale, "0", 0, 16777216,
        "of fp16 alone: factor of the loss in backward, which keeps small gradients from becoming 0; 0: begins "
        "at 65536, doubles after 2000 updates, halves when a gradient overflows"),
    GD_FIELD_CHOICE(gd_train_config, optimizer, "nesterov", GD_OPTIMIZER_CHOICES, "how gradients become updates"),
    GD_FIELD_REAL(gd_train_config, learning_rate, "0", 0, 1000,
                  "the highest of the schedule; 0: 0.1, with adamw 0.001"),
    GD_FIELD_REAL(gd_train_config, momentum, "0.9", 0, 0.9999, "of sgd and nesterov; adamw's beta1"),
    GD_FIELD_REAL(gd_train_config, beta2, "0.999", 0, 0.999999, "of adamw"),
    GD_FIELD_REAL(gd_train_config, epsilon, "1e-8", 0, 1, "of adamw"),
    GD_FIELD_REAL(gd_train_config, weight_decay, "5e-4", 0, 10, "on weights; not on normalisation and biases"),
    GD_FIELD_CHOICE(gd_train_config, schedule, "one-cycle", GD_SCHEDULE_CHOICES, "of the learning rate"),
    GD_FIELD_REAL(gd_train_config, warmup, "0.2", 0, 1, "share of all steps in which the rate rises from 0"),
    GD_FIELD_INTS(gd_train_config, steps, "[]", 1, 100000, "with schedule: step, epochs at which the rate falls"),
    GD_FIELD_REAL(gd_train_config, step_factor, "0.1", 0, 1, "with schedule: step, the rate's factor there"),
    GD_FIELD_REAL(gd_train_config, label_smoothing, "0", 0, 0.9, "share of a target spread over all classes"),
    GD_FIELD_REALS(gd_train_config, class_weights, "[]", 0, 1e6, "weight of each class in the loss; empty: 1 each"),
    GD_FIELD_REAL(gd_train_config, average, "0", 0, 0.999999, "decay of the average of the weights; 0: none"),
    GD_FIELD_REAL(gd_train_config, clip_norm, "0", 0, 1e9, "longest gradient; 0: any"),
    GD_FIELD_INT(gd_train_config, accumulate, "1", 1, 65536, "parts that a batch is worked off in, to save memory"),
    GD_FIELD_INT(gd_train_config, checkpoint_every, "1", 0, 100000,
                 "epochs between checkpoints; 0: only when stopped and at the end"),
    GD_FIELD_INT(gd_train_config, patience, "0", 0, 100000,
                 "stop after so many epochs without a better validation; 0: never"),
    GD_FIELD_REAL(
        gd_train_config, bucket_mb, "0", 0, 4096,
        "with several processes, MB of gradients that are summed together while backward goes on; 0: an eighth "
        "of all, but at least 4"),
    GD_FIELD_CHOICE(gd_train_config, reduce_precision, "fp32", GD_REDUCE_CHOICES,
                    "with several processes, of gradients on their way between them; sums of batch norm's statistics "
                    "stay in fp32"),
    GD_FIELD_INT(gd_train_config, threads, "0", 0, 1024, "0: as many as this process may use"),
    GD_FIELD_REAL(gd_train_config, tune, "5", 0, 3600,
                  "on a GPU, seconds at most for measuring which kernel entries are fastest, once for each shape and "
                  "card; 0: the first of each list"),
    {0},
};

static const gd_field evaluate_fields[] = {
    GD_FIELD_BOOL(gd_evaluate_config, flip, "false",
                  "average the answers to an image and its mirror image; stored with the model"),
    {0},
};

const gd_field gd_config_fields[] = {
    GD_FIELD_SECTION(gd_config, data, data_fields, "images and their splits"),
    GD_FIELD_SECTION(gd_config, model, model_fields, "the network"),
    GD_FIELD_SECTION(gd_config, batch_norm, batch_norm_fields, "of all its batch normalisations"),
    GD_FIELD_SECTION(gd_config, augment, augment_fields, "how training images are varied"),
    GD_FIELD_SECTION(gd_config, train, train_fields, "the training run"),
    GD_FIELD_SECTION(gd_config, evaluate, evaluate_fields, "evaluation and prediction"),
    GD_FIELD_TREE(gd_config, impl, "map from op to the kernel entry it must use; empty: the best of each"),
    {0},
};

/* ---- described ---- */

static void describe_values(const gd_field *field, gd_text *out)
{
    switch (field->kind) {
    case GD_FIELD_KIND_INT:
    case GD_FIELD_KIND_REAL:
        gd_text_add(out, "%.10g to %.10g%s%s", field->least, field->most, field->choices ? " or " : "",
                    field->choices ? field->choices : "");
        break;
    case GD_FIELD_KIND_INTS:
    case GD_FIELD_KIND_REALS:
        gd_text_add(out, "list of %.10g to %.10g", field->least, field->most);
        break;
    case GD_FIELD_KIND_UINT64:
        gd_text_add(out, "0 to 2^64 - 1");
        break;
    case GD_FIELD_KIND_BOOL:
        gd_text_add(out, "true, false");
        break;
    case GD_FIELD_KIND_CHOICE:
        for (const char *word = field->choices; *word; word += strspn(word, " ")) {
            int length = (int)strcspn(word, " ");
            gd_text_add(out, "%s%.*s", word == field->choices ? "" : ", ", length, word);
            word += length;
        }
        break;
    case GD_FIELD_KIND_TEXTS:
        gd_text_add(out, "list of texts");
        break;
    case GD_FIELD_KIND_TREE:
        gd_text_add(out, "map or list");
        break;
    default:
        gd_text_add(out, "text");
    }
}

static void describe_row(const char *section, const gd_field *field, gd_text *out)
{
    const char *fallback = field->fallback[0] ? field->fallback : "empty";
    gd_text_add(out, "| `%s%s%s` | %s | ", section, section[0] ? "." : "", field->key, fallback);
    describe_values(field, out);
    gd_text_add(out, " | %s |\n", field->help);
}

void gd_config_describe(gd_text *out)
{
    static const char head[] = "| key | default | values | meaning |\n|---|---|---|---|\n";
    for (const gd_field *section = gd_config_fields; section->key; section++) {
        gd_text_add(out, "%s## %s: %s\n\n%s", section == gd_config_fields ? "" : "\n", section->key, section->help,
                    head);
        if (section->kind != GD_FIELD_KIND_SECTION)
            describe_row("", section, out);
        for (const gd_field *field = section->fields; field && field->key; field++)
            describe_row(section->key, field, out);
    }
}
