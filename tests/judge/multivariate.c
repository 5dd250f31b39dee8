// SPDX-License-Identifier: Apache-2.0
/* What judges ask of src/monitor's functions over several numbers at once. Reads tensors, prints a line per result: its
 * name, then its numbers. */
#include "base/file.h"
#include "cli/command.h"
#include "monitor/accuracy.h"
#include "monitor/features.h"
#include "monitor/quality.h"
#include "monitor/shift.h"
#include "store/safetensors.h"

#include <stdio.h>
#include <stdlib.h>

static void put(const char *name, const double *value, int64_t n)
{
    printf("%s", name);
    for (int64_t i = 0; i < n; i++)
        printf(" %.17g", value[i]);
    printf("\n");
}

static gd_status get(const gd_safetensors *file, const char *name, gd_type type, const void **data, int64_t *n,
                     gd_error *error)
{
    const gd_tensor_entry *entry;
    GD_TRY(gd_safetensors_require(file, name, (gd_desc){0}, &entry, error));
    if (entry->desc.type != type)
        return gd_fail(error, GD_FORMAT, "'%s' is of another type", name);
    *data = entry->data;
    *n = entry->desc.dim[0];
    return GD_OK;
}

/* "rows" (n,d) F32, added in two parts: the moments of all; directions; coordinates and errors behind 2 directions. */
static gd_status features_of(const float *rows, int64_t n, int d, gd_error *error)
{
    gd_scatter all = {0}, part = {0};
    gd_directions directions = {0};
    gd_status status = GD_OK;
    double *covariance = malloc(sizeof(double) * (size_t)d * (size_t)d), *at = malloc(sizeof(double) * 2 * (size_t)n);
    GD_TRY_TO(done, gd_scatter_init(&all, d, error));
    GD_TRY_TO(done, gd_scatter_init(&part, d, error));
    gd_scatter_add(&all, rows, n / 3);
    gd_scatter_add(&part, rows + (size_t)(n / 3) * (size_t)d, n - n / 3);
    gd_scatter_merge(&all, &part);
    gd_scatter_covariance(&all, covariance);
    GD_TRY_TO(done, gd_directions_init(&directions, &all, error));
    for (int64_t i = 0; i < n; i++)
        gd_features_project(&directions, rows + (size_t)i * (size_t)d, 2, at + 2 * i);
    put("mean", all.mean, d);
    put("covariance", covariance, (int64_t)d * d);
    put("variance", directions.variance, d);
    put("vector", directions.vector, (int64_t)d * d);
    put("at", at, 2 * n);
done:
    free(covariance);
    free(at);
    gd_scatter_release(&all);
    gd_scatter_release(&part);
    gd_directions_release(&directions);
    return status;
}

static gd_status features(gd_command *command, gd_error *error)
{
    gd_safetensors file;
    const gd_tensor_entry *rows;
    GD_TRY(gd_safetensors_open(command->word[0], &file, error));
    gd_status status = gd_safetensors_require(&file, "rows", (gd_desc){0}, &rows, error);
    if (status == GD_OK)
        status = features_of(rows->data, rows->desc.dim[0], (int)rows->desc.dim[1], error);
    gd_safetensors_close(&file);
    return status;
}

/* "confidence" (n) F32, "right" (n) U8: steps, calibration error; the estimate for the counts of "window" (m) F32. */
static gd_status calibration(gd_command *command, gd_error *error)
{
    gd_safetensors file;
    const void *confidence, *right, *window;
    int64_t n, m, counts[GD_CALIBRATION_STEPS] = {0};
    gd_calibration c;
    GD_TRY(gd_safetensors_open(command->word[0], &file, error));
    gd_status status = GD_OK;
    GD_TRY_TO(done, get(&file, "confidence", GD_F32, &confidence, &n, error));
    GD_TRY_TO(done, get(&file, "right", GD_U8, &right, &n, error));
    GD_TRY_TO(done, get(&file, "window", GD_F32, &window, &m, error));
    GD_TRY_TO(done, gd_calibration_fit(&c, confidence, right, n, error));
    gd_calibration_count(&c, window, m, counts);
    const gd_estimate estimate = gd_calibration_accuracy(&c, counts, 1.959963984540054);
    const double ece = gd_calibration_error(confidence, right, NULL, n);
    put("top", c.top, c.n);
    put("count", c.count, c.n);
    put("right", c.right, c.n);
    put("ece", &ece, 1);
    put("estimate", (const double[]){estimate.value, estimate.deviation, estimate.low, estimate.high}, 4);
done:
    gd_safetensors_close(&file);
    return status;
}

static gd_status quality_of(const int32_t *label, const int32_t *answer, const float *p, int classes, int64_t n,
                            gd_error *error)
{
    enum { POINTS = 101 };
    static gd_curve_point point[POINTS];
    double value[GD_QUALITY_FIGURES], brier = gd_brier(p, classes, label, NULL, n);
    gd_curves curves;
    int64_t *confusion = calloc((size_t)classes * (size_t)classes, sizeof *confusion);
    float *score = malloc(sizeof(float) * (size_t)n);
    uint8_t *positive = malloc((size_t)n);
    gd_confusion_count(confusion, classes, label, answer, NULL, n);
    for (int class = -1; class < classes; class ++) {
        gd_quality_figures(confusion, classes, class, value);
        put("figures", value, GD_QUALITY_FIGURES);
        if (class < 0)
            continue;
        for (int64_t i = 0; i < n; i++) {
            score[i] = p[i * classes + class];
            positive[i] = label[i] == class;
        }
        const gd_status status = gd_quality_curves(score, positive, NULL, n, POINTS, point, &curves, error);
        if (status != GD_OK)
            return status;
        put("areas", (const double[]){curves.auc, curves.average_precision}, 2);
        for (int i = 0; i < curves.n; i++)
            put("point",
                (const double[]){class, point[i].threshold, point[i].false_positive_rate, point[i].true_positive_rate,
                                 point[i].precision},
                5);
    }
    put("brier", &brier, 1);
    free(confusion);
    free(score);
    free(positive);
    return GD_OK;
}

/* "label", "answer" (n) I32, "probabilities" (n,classes) F32: a line of figures weighted, then lines for each class as
 * the positive one. */
static gd_status quality(gd_command *command, gd_error *error)
{
    gd_safetensors file;
    const void *label, *answer;
    const gd_tensor_entry *p;
    int64_t n;
    GD_TRY(gd_safetensors_open(command->word[0], &file, error));
    gd_status status = GD_OK;
    GD_TRY_TO(done, get(&file, "label", GD_I32, &label, &n, error));
    GD_TRY_TO(done, get(&file, "answer", GD_I32, &answer, &n, error));
    GD_TRY_TO(done, gd_safetensors_require(&file, "probabilities", (gd_desc){0}, &p, error));
    status = quality_of(label, answer, p->data, (int)p->desc.dim[1], n, error);
done:
    gd_safetensors_close(&file);
    return status;
}

/* "label", "answer" (n) I32, "confidence" (n) F32, "counts" (classes * parts) I32 of the window: the mix. */
static gd_status shift(gd_command *command, gd_error *error)
{
    enum { MOST = 64 };
    int classes, parts;
    gd_safetensors file;
    const void *label, *answer, *confidence, *from;
    int64_t n, cells, counts[MOST * GD_SHIFT_PARTS];
    double mix[MOST], deviation[MOST];
    gd_shift_table table = {0};
    gd_shift found;
    GD_TRY(gd_command_int(command, "--classes", 1, MOST, 2, &classes, error));
    GD_TRY(gd_command_int(command, "--parts", 1, GD_SHIFT_PARTS, 1, &parts, error));
    GD_TRY(gd_safetensors_open(command->word[0], &file, error));
    gd_status status = GD_OK;
    GD_TRY_TO(done, get(&file, "label", GD_I32, &label, &n, error));
    GD_TRY_TO(done, get(&file, "answer", GD_I32, &answer, &n, error));
    GD_TRY_TO(done, get(&file, "confidence", GD_F32, &confidence, &n, error));
    GD_TRY_TO(done, get(&file, "counts", GD_I32, &from, &cells, error));
    GD_TRY_TO(done, gd_shift_table_init(&table, classes, parts, label, answer, confidence, n, error));
    for (int64_t i = 0; i < cells; i++)
        counts[i] = ((const int32_t *)from)[i];
    GD_TRY_TO(done, gd_shift_of(&table, counts, 1.959963984540054, mix, deviation, &found, error));
    for (int i = 0; i < classes * parts; i++) {
        double row[MOST];
        for (int j = 0; j < classes; j++)
            row[j] = (double)table.count[i * classes + j];
        put("row", row, classes);
    }
    put("mix", mix, classes);
    put("deviation", deviation, classes);
    put("condition", &found.condition, 1);
done:
    gd_shift_table_release(&table);
    gd_safetensors_close(&file);
    return status;
}

static const gd_option shift_options[] = {
    {"--classes", NULL, "N", "classes"}, {"--parts", NULL, "N", "parts of the confidences"}, {0}};
static const gd_verb verbs[] = {
    {"features", "IN", 1, 1, "moments and directions", "features a\n", NULL, features},
    {"calibration", "IN", 1, 1, "steps and an estimate", "calibration a\n", NULL, calibration},
    {"quality", "IN", 1, 1, "figures and curves", "quality a\n", NULL, quality},
    {"shift", "IN", 1, 1, "the mix of a window", "shift a --classes 3\n", shift_options, shift},
    {0},
};

int main(int argc, char **argv) { return gd_command_main(verbs, argc, argv); }
