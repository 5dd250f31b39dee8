// SPDX-License-Identifier: Apache-2.0
/* What a set of predictions is worth: pure functions of probabilities and labels. */
#ifndef GD_TRAIN_EVALUATION_H
#define GD_TRAIN_EVALUATION_H

#include "base/arena.h"
#include "base/text.h"

#include <stdint.h>

typedef struct gd_class_score {
    double precision, recall, f1; /* 0 where nothing was predicted, or nothing is there */
    int64_t images;               /* of this class */
} gd_class_score;

typedef struct gd_evaluation {
    int64_t images, correct;
    int n_classes;
    double accuracy;
    double interval[2]; /* 95%, Wilson's score interval */
    double loss;        /* mean of -log p(label) */
    int top_k;          /* 5, or fewer where there are fewer classes */
    double top_k_accuracy;
    double ece;                /* expected calibration error, 15 bins of equal width */
    gd_class_score *per_class; /* (n_classes) */
    int64_t *confusion;        /* (n_classes, n_classes): row label, column prediction */
    int32_t *prediction;       /* (images) */
} gd_evaluation;

/* probabilities (n, n_classes), labels (n). All arrays live in `arena`. */
gd_status gd_evaluate(const float *probabilities, const int32_t *labels, int64_t n, int n_classes, gd_arena *arena,
                      gd_evaluation *evaluation, gd_error *error);

/* Two models on the same images. */
typedef struct gd_pairing {
    int64_t only_a, only_b; /* images that just one of them has right */
    double p;               /* exact McNemar test, two-sided */
    double difference;      /* accuracy of b less that of a */
    double interval[2];     /* of the difference, 95% (paired, normal approximation) */
} gd_pairing;
gd_pairing gd_evaluation_pair(const gd_evaluation *a, const gd_evaluation *b, const int32_t *labels);

/* {"accuracy": …, "interval": […], "loss", "images", "top_k", "per_class": {name: {…}}, "confusion", "ece"}, without
 * the closing brace, so that a caller can add to it. */
void gd_evaluation_print_json(const gd_evaluation *evaluation, const char *const *classes, gd_text *out);

/* For people: a summary, a line per class, and the confusion matrix where there are at most 20 classes. */
void gd_evaluation_print(const gd_evaluation *evaluation, const char *const *classes, gd_text *out);

#endif
