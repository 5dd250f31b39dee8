// SPDX-License-Identifier: Apache-2.0
/* The config of a run: YAML text → attribute tree (--set edits it) → these structs, with defaults filled in, ranges
 * checked, unknown keys refused with the nearest known one. docs/config.md is printed from the same tables. */
#ifndef GD_CONFIG_H
#define GD_CONFIG_H

#include "base/field.h"
#include "kernel/augment.h"
#include "plan/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GD_FORMAT_CHOICES "auto idx cifar10 cifar100 folder"
typedef enum gd_format {
    GD_FORMAT_AUTO,
    GD_FORMAT_IDX,
    GD_FORMAT_CIFAR10,
    GD_FORMAT_CIFAR100,
    GD_FORMAT_FOLDER
} gd_format;

typedef struct gd_data_config {
    const char
        *source; /* a file, a folder, file: or https: address; relative paths: to the config's folder, then here */
    const char *sha256; /* of the fetched file; "": not checked */
    int format;         /* gd_format */
    gd_texts classes;   /* which, in this order; empty: all, in the source's order (folders: sorted) */
    int size;           /* side of the staged square, pixels; 0: as it is (all images must agree) */
    int channels;       /* 0: as the source (grey 1, colour 3) */
    double validation;  /* share of train held out */
    int fold, folds;    /* cross-validation; folds 0: none */
    double test;        /* share drawn as test split where a folder has none; 0: none */
    int max_rejected;   /* broken files that are tolerated */
} gd_data_config;

/* How training images are varied: the `augment` section of the config. */
#define GD_FLIP_CHOICES "none random alternate"
typedef enum gd_flip { GD_FLIP_NONE, GD_FLIP_RANDOM, GD_FLIP_ALTERNATE } gd_flip;
typedef struct gd_augment {
    int flip;          /* gd_flip; alternate: each image is flipped every other epoch, from a random start */
    int crop;          /* pixels of shift to each side */
    int edge;          /* gd_edge */
    int cutout;        /* side of the square, pixels; 0: none */
    double brightness; /* up to this fraction of 255, added; uniform in +- */
    double contrast;   /* factor in 1 +- this, uniform, about the set's mean */
} gd_augment;

typedef struct gd_model_config {
    const char *network;   /* resnet-9 | resnet-20 … | resnet-18 | resnet-34 | resnet-50 | lenet | layers */
    int width;             /* of the first stage; 0: the network's own */
    int stem;              /* gd_stem */
    double dropout;        /* before the last layer */
    const gd_attr *layers; /* with network: layers */
} gd_model_config;
#define GD_STEM_CHOICES "auto cifar imagenet"
typedef enum gd_stem { GD_STEM_AUTO, GD_STEM_CIFAR, GD_STEM_IMAGENET } gd_stem;

typedef struct gd_batch_norm_config {
    int group; /* images that are normalised together; 0: the whole batch */
    double momentum, epsilon;
} gd_batch_norm_config;

#define GD_PRECISION_CHOICES "auto fp32 bf16 fp16 fp64"
typedef enum gd_precision {
    GD_PRECISION_AUTO,
    GD_PRECISION_FP32,
    GD_PRECISION_BF16,
    GD_PRECISION_FP16,
    GD_PRECISION_FP64
} gd_precision;
#define GD_REDUCE_CHOICES "fp32 bf16 fp16"
typedef enum gd_reduce_precision { GD_REDUCE_FP32, GD_REDUCE_BF16, GD_REDUCE_FP16 } gd_reduce_precision;
#define GD_OPTIMIZER_CHOICES "sgd nesterov adamw"
#define GD_SCHEDULE_CHOICES "constant step cosine one-cycle"
typedef enum gd_schedule_kind {
    GD_SCHEDULE_CONSTANT,
    GD_SCHEDULE_STEP,
    GD_SCHEDULE_COSINE,
    GD_SCHEDULE_ONE_CYCLE
} gd_schedule_kind;

typedef struct gd_train_config {
    int epochs, batch;
    uint64_t seed;
    int precision;        /* gd_precision */
    double loss_scale;    /* of fp16; 0: dynamic */
    int optimizer;        /* gd_optimizer */
    double learning_rate; /* the highest of the schedule */
    double momentum, beta2, epsilon, weight_decay;
    int schedule;  /* gd_schedule_kind */
    double warmup; /* share of all steps in which the rate rises linearly from 0 (one-cycle: its rising side) */
    gd_ints steps; /* step: epochs at which the rate is multiplied */
    double step_factor;
    double label_smoothing;
    gd_reals class_weights; /* empty: 1 each; else one per class */
    double average;         /* decay of the average of weights; 0: none */
    double clip_norm;       /* 0: none */
    int accumulate;         /* micro-batches per update: `batch` is split into this many */
    int checkpoint_every;   /* epochs; 0: only when stopped and at the end */
    int patience;           /* early stopping: epochs without a better validation; 0: never */
    double bucket_mb;       /* of gradients that are reduced together; 0: by the model's size */
    int reduce_precision;   /* gd_reduce_precision */
    int threads;            /* 0: as many as this process may use */
    double tune;            /* seconds for measuring entries, on a device that tells time */
} gd_train_config;

typedef struct gd_evaluate_config {
    bool flip; /* average the probabilities of each image and its mirror image; stored with the model */
} gd_evaluate_config;

typedef struct gd_config {
    gd_data_config data;
    gd_model_config model;
    gd_batch_norm_config batch_norm;
    gd_augment augment;
    gd_train_config train;
    gd_evaluate_config evaluate;
    const gd_attr *impl; /* map op → entry name to force */

    gd_arena arena;   /* all texts above */
    gd_attr *tree;    /* as resolved: every key, defaults too; places where they were given */
    const char *path; /* of the YAML file; "" where there was none */
} gd_config;

/* Reads a file, applies `set` (n texts "a.b=value", later ones win), binds. INVALID with file, line and column; a bad
 * --set is named as `--set train.epochs=x`. Overriding data.source drops data.sha256 unless that is set too. */
gd_status gd_config_read(const char *path, const char *const *set, int n_set, gd_config *config, gd_error *error);

/* The same from a text; `name` stands for the file in messages. */
gd_status gd_config_parse(const char *name, const char *text, size_t length, const char *const *set, int n_set,
                          gd_config *config, gd_error *error);
void gd_config_release(gd_config *config);

/* Where a setting was given ("train.batch"), or what it stands in; for complaints of those who use it. */
gd_place gd_config_place(const gd_config *config, const char *path);

/* The resolved config as block-style YAML, one key a line: what a run keeps as config.yaml. Reading it back gives the
 * same config. */
gd_status gd_config_print(const gd_config *config, struct gd_text *out);

/* The tables as Markdown: every key, default, range, meaning. */
void gd_config_describe(struct gd_text *out);

/* The table of the whole, a section a field. */
extern const gd_field gd_config_fields[];

/* YAML alone: one document into a tree; FORMAT→INVALID with place; duplicate keys, aliases that loop, more than 10,000
 * nodes or 64 levels are refused. */
gd_status gd_yaml_parse(gd_arena *arena, const char *name, const char *text, size_t length, gd_attr **root,
                        gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
