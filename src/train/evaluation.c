// SPDX-License-Identifier: Apache-2.0
#include "train/evaluation.h"

#include <math.h>
#include <stdbool.h>

enum { ECE_BINS = 15, TOP_K = 5 };

/* E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927. */
static void wilson(double hits, double n, double interval[2])
{
    const double z = 1.959963984540054;
    double p = hits / n, centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    interval[0] = fmax(0, centre - half);
    interval[1] = fmin(1, centre + half);
}

static void score_classes(gd_evaluation *e)
{
    for (int c = 0; c < e->n_classes; c++) {
        int64_t labelled = 0, predicted = 0, hit = e->confusion[c * e->n_classes + c];
        for (int o = 0; o < e->n_classes; o++) {
            labelled += e->confusion[c * e->n_classes + o];
            predicted += e->confusion[o * e->n_classes + c];
        }
        gd_class_score *s = &e->per_class[c];
        s->images = labelled;
        s->precision = predicted ? (double)hit / (double)predicted : 0;
        s->recall = labelled ? (double)hit / (double)labelled : 0;
        s->f1 = labelled + predicted ? 2 * (double)hit / (double)(labelled + predicted) : 0;
    }
}

gd_status gd_evaluate(const float *probabilities, const int32_t *labels, int64_t n, int n_classes, gd_arena *arena,
                      gd_evaluation *e, gd_error *error)
{
    size_t K = (size_t)n_classes;
    double bin_confidence[ECE_BINS] = {0};
    int64_t bin_hits[ECE_BINS] = {0}, bin_images[ECE_BINS] = {0}, top = 0;
    *e = (gd_evaluation){.images = n, .n_classes = n_classes, .top_k = n_classes < TOP_K ? n_classes : TOP_K};
    if (n == 0)
        return gd_fail(error, GD_INVALID, "there are no images to evaluate");
    e->per_class = gd_arena_alloc(arena, K, sizeof *e->per_class);
    e->confusion = gd_arena_alloc(arena, K * K, sizeof *e->confusion);
    e->prediction = gd_arena_alloc(arena, (size_t)n, sizeof *e->prediction);
    if (!e->per_class || !e->confusion || !e->prediction)
        return gd_fail(error, GD_NOMEM, "out of memory for an evaluation of %lld images", (long long)n);
    for (int64_t i = 0; i < n; i++) {
        const float *p = probabilities + i * n_classes;
        int label = labels[i], best = 0, better = 0;
        for (int c = 1; c < n_classes; c++)
            best = p[c] > p[best] ? c : best;
        for (int c = 0; c < n_classes; c++)
            better += p[c] > p[label];
        e->prediction[i] = best;
        e->correct += best == label;
        top += better < e->top_k;
        e->confusion[label * n_classes + best]++;
        e->loss -= log(fmax((double)p[label], 1e-38));
        int bin = (int)fmin((double)p[best] * ECE_BINS, ECE_BINS - 1);
        bin_images[bin]++;
        bin_hits[bin] += best == label;
        bin_confidence[bin] += (double)p[best];
    }
    e->accuracy = (double)e->correct / (double)n;
    e->top_k_accuracy = (double)top / (double)n;
    e->loss /= (double)n;
    wilson((double)e->correct, (double)n, e->interval);
    for (int b = 0; b < ECE_BINS; b++)
        e->ece += fabs((double)bin_hits[b] - bin_confidence[b]) / (double)n;
    score_classes(e);
    return GD_OK;
}

gd_pairing gd_evaluation_pair(const gd_evaluation *a, const gd_evaluation *b, const int32_t *labels)
{
    gd_pairing c = {0};
    for (int64_t i = 0; i < a->images; i++) {
        bool in_a = a->prediction[i] == labels[i], in_b = b->prediction[i] == labels[i];
        c.only_a += in_a && !in_b;
        c.only_b += in_b && !in_a;
    }
    /* Under no difference the smaller count is a binomial tail of one half. */
    int64_t changed = c.only_a + c.only_b, fewer = c.only_a < c.only_b ? c.only_a : c.only_b;
    double tail = 0;
    for (int64_t k = 0; k <= fewer; k++)
        tail += exp(lgamma((double)changed + 1) - lgamma((double)k + 1) - lgamma((double)(changed - k) + 1) -
                    (double)changed * log(2));
    double n = (double)a->images, d = (double)(c.only_b - c.only_a);
    double deviation = sqrt(fmax(0, (double)changed - d * d / n)) / n;
    c.p = fmin(1, 2 * tail);
    c.difference = d / n;
    c.interval[0] = c.difference - 1.959963984540054 * deviation;
    c.interval[1] = c.difference + 1.959963984540054 * deviation;
    return c;
}

void gd_evaluation_print_json(const gd_evaluation *e, const char *const *classes, gd_text *out)
{
    gd_text_add(out,
                "{\"accuracy\":%.9g,\"interval\":[%.9g,%.9g],\"loss\":%.9g,\"images\":%lld,\"correct\":%lld,"
                "\"top_k\":{\"k\":%d,\"accuracy\":%.9g},\"ece\":%.9g,\"per_class\":{",
                e->accuracy, e->interval[0], e->interval[1], e->loss, (long long)e->images, (long long)e->correct,
                e->top_k, e->top_k_accuracy, e->ece);
    for (int c = 0; c < e->n_classes; c++) {
        const gd_class_score *s = &e->per_class[c];
        gd_text_add(out, c ? "," : "");
        gd_text_add_json(out, classes[c]);
        gd_text_add(out, ":{\"precision\":%.9g,\"recall\":%.9g,\"f1\":%.9g,\"images\":%lld}", s->precision, s->recall,
                    s->f1, (long long)s->images);
    }
    gd_text_add(out, "},\"confusion\":[");
    for (int r = 0; r < e->n_classes; r++) {
        for (int c = 0; c < e->n_classes; c++)
            gd_text_add(out, c ? ",%lld" : r ? ",[%lld" : "[%lld", (long long)e->confusion[r * e->n_classes + c]);
        gd_text_add(out, "]");
    }
    gd_text_add(out, "]");
}

void gd_evaluation_print(const gd_evaluation *e, const char *const *classes, gd_text *out)
{
    int width = 20;
    for (int c = 0; c < e->n_classes; c++)
        width = gd_text_columns(classes[c]) > width ? gd_text_columns(classes[c]) : width;
    gd_text_add(out, "accuracy %.4f (95%% interval %.4f to %.4f) on %lld images, loss %.4f, top-%d %.4f, ECE %.4f\n",
                e->accuracy, e->interval[0], e->interval[1], (long long)e->images, e->loss, e->top_k, e->top_k_accuracy,
                e->ece);
    gd_text_add(out, "\n%-*s %9s %9s %9s %8s\n", width, "class", "precision", "recall", "F1", "images");
    for (int c = 0; c < e->n_classes; c++) {
        const gd_class_score *s = &e->per_class[c];
        gd_text_add_cell(out, classes[c], width);
        gd_text_add(out, " %9.4f %9.4f %9.4f %8lld\n", s->precision, s->recall, s->f1, (long long)s->images);
    }
    if (e->n_classes > 20)
        return;
    gd_text_add(out, "\nconfusion (row: label, column: prediction)\n");
    for (int r = 0; r < e->n_classes; r++) {
        gd_text_add_cell(out, classes[r], width);
        for (int c = 0; c < e->n_classes; c++)
            gd_text_add(out, " %6lld", (long long)e->confusion[r * e->n_classes + c]);
        gd_text_add(out, "\n");
    }
}
