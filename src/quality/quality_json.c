// SPDX-License-Identifier: Apache-2.0
/* Quality as JSON: statistics.json, constraint_violations.json and what --json prints. */
#include "captured/time.h"
#include "format/json_out.h"
#include "quality/quality.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ALL_CELLS = 100 /* classes: of more, a confusion's cells that are 0 are left out */ };

/* As the managed format writes what is no number. */
static void real_out(gd_json_out *json, const char *key, double value)
{
    if (isnan(value))
        gd_json_string_out(json, key, "NaN");
    else
        gd_json_real_out(json, key, value);
}

static void metric_out(gd_json_out *json, const char *key, double value, double deviation)
{
    gd_json_begin(json, key, '{', true);
    real_out(json, "value", value);
    real_out(json, "standard_deviation", deviation);
    gd_json_end(json);
}

/* ---- the managed part ---- */

/* Keys are positions, as the labels of the managed monitor are; names stand under "griddle". */
static void print_confusion(gd_json_out *json, const gd_grades *g)
{
    gd_json_begin(json, "confusion_matrix", '{', false);
    for (int row = 0; row < g->n_classes; row++) {
        char key[16];
        snprintf(key, sizeof key, "%d", row);
        gd_json_begin(json, key, '{', true);
        for (int column = 0; column < g->n_classes; column++) {
            const int64_t n = g->confusion[(ptrdiff_t)row * g->n_classes + column];
            if (n == 0 && g->n_classes > ALL_CELLS)
                continue;
            snprintf(key, sizeof key, "%d", column);
            gd_json_whole_out(json, key, n);
        }
        gd_json_end(json);
    }
    gd_json_end(json);
}

typedef enum axis { FALSE_POSITIVES, TRUE_POSITIVES, PRECISION } axis;

static void axis_out(gd_json_out *json, const char *key, const gd_grades *g, axis of)
{
    gd_json_begin(json, key, '[', true);
    for (int i = 0; i < g->curves.n; i++) {
        const gd_curve_point *p = &g->point[i];
        gd_json_real_out(json, NULL,
                         of == FALSE_POSITIVES  ? p->false_positive_rate
                         : of == TRUE_POSITIVES ? p->true_positive_rate
                                                : p->precision);
    }
    gd_json_end(json);
}

static void print_curves(gd_json_out *json, const gd_grades *g)
{
    gd_json_begin(json, "receiver_operating_characteristic_curve", '{', false);
    axis_out(json, "false_positive_rates", g, FALSE_POSITIVES);
    axis_out(json, "true_positive_rates", g, TRUE_POSITIVES);
    gd_json_end(json);
    gd_json_begin(json, "precision_recall_curve", '{', false);
    axis_out(json, "precisions", g, PRECISION);
    axis_out(json, "recalls", g, TRUE_POSITIVES);
    gd_json_end(json);
}

static void print_metrics(gd_json_out *json, const gd_grades *g)
{
    gd_json_begin(json, g->positive >= 0 ? "binary_classification_metrics" : "multiclass_classification_metrics", '{',
                  false);
    print_confusion(json, g);
    for (int i = 0; i < g->n_metrics; i++) {
        const gd_metric *m = &g->metric[i];
        char constant[64];
        metric_out(json, m->name, m->value, m->deviation);
        snprintf(constant, sizeof constant, "%s_best_constant_classifier", m->name);
        if (!isnan(m->constant))
            metric_out(json, constant, m->constant, m->constant_deviation);
    }
    if (g->curves.n > 0)
        print_curves(json, g);
    gd_json_end(json);
}

/* ---- our own part ---- */

static void print_bins(gd_json_out *json, const gd_grades *g)
{
    gd_json_begin(json, "reliability", '[', false);
    for (int i = 0; i < GD_RELIABILITY_BINS; i++) {
        const gd_reliability *bin = &g->bin[i];
        gd_json_begin(json, NULL, '{', true);
        gd_json_real_out(json, "from", (double)i / GD_RELIABILITY_BINS);
        gd_json_real_out(json, "to", (double)(i + 1) / GD_RELIABILITY_BINS);
        gd_json_whole_out(json, "count", bin->n);
        gd_json_real_out(json, "confidence", bin->confidence / (double)bin->n); /* of none: null */
        gd_json_real_out(json, "accuracy", (double)bin->right / (double)bin->n);
        gd_json_end(json);
    }
    gd_json_end(json);
}

static void print_merge(gd_json_out *json, const gd_quality *q)
{
    const gd_merge_counts *c = &q->merge.counts;
    gd_json_begin(json, "merge", '{', false);
    gd_json_whole_out(json, "records", c->records);
    gd_json_whole_out(json, "labels", q->truth.ids.n);
    gd_json_whole_out(json, "merged", c->merged);
    gd_json_whole_out(json, "late_labels", c->late);
    gd_json_whole_out(json, "repeated_labels", q->truth.repeated);
    gd_json_whole_out(json, "contradicting_labels", q->truth.contradicting);
    gd_json_whole_out(json, "labels_of_no_class", c->unknown);
    gd_json_whole_out(json, "labels_without_record", c->labels_left);
    gd_json_whole_out(json, "records_without_label", c->without_label);
    gd_json_whole_out(json, "records_without_answer", c->without_answer);
    gd_json_whole_out(json, "records_of_several_pictures", c->several);
    gd_json_whole_out(json, "answers_of_a_class_alone", q->grades.n_alone);
    gd_json_whole_out(json, "records_of_a_repeated_id", c->again);
    gd_json_whole_out(json, "broken_lines", q->merge.captured.read.broken);
    gd_json_whole_out(json, "broken_label_lines", q->truth.read.broken);
    gd_json_end(json);
}

static void print_own(gd_json_out *json, const gd_quality *q)
{
    const gd_grades *g = &q->grades;
    const gd_captured_options *read = &q->merge.what->read;
    const double interval[2] = {g->accuracy.low, g->accuracy.high};
    char when[GD_TIME_TEXT];
    gd_json_begin(json, "griddle", '{', false);
    gd_json_begin(json, "classes", '[', true);
    for (int c = 0; c < g->n_classes; c++)
        gd_json_string_out(json, NULL, q->merge.classes[c]);
    gd_json_end(json);
    gd_json_string_out(json, "positive", g->positive >= 0 ? q->merge.classes[g->positive] : NULL);
    if (read->from_ms)
        gd_json_string_out(json, "from", gd_time_text(read->from_ms, when));
    if (read->to_ms)
        gd_json_string_out(json, "to", gd_time_text(read->to_ms, when));
    gd_json_reals_out(json, "accuracy_interval", interval, 2);
    gd_json_begin(json, "standard_errors", '{', true);
    for (int i = 0; i < g->n_metrics; i++)
        gd_json_real_out(json, g->metric[i].name, g->metric[i].error);
    gd_json_end(json);
    metric_out(json, "calibration_error", g->calibration_error, g->calibration_deviation);
    metric_out(json, "brier_score", g->brier_score, g->brier_deviation);
    if (g->positive >= 0)
        gd_json_real_out(json, "average_precision", g->curves.average_precision);
    print_bins(json, g);
    print_merge(json, q);
    gd_json_end(json);
}

static void print_statistics(gd_json_out *json, const gd_quality *q)
{
    gd_json_whole_out(json, "version", 0);
    gd_json_begin(json, "dataset", '{', true);
    gd_json_whole_out(json, "item_count", q->grades.n);
    gd_json_end(json);
    print_metrics(json, &q->grades);
    print_own(json, q);
}

/* The format names a violation's figure "metric_name" where it is of quality, and its schema has "feature_name". */
static void print_violations(gd_json_out *json, const gd_quality *q)
{
    gd_json_begin(json, "violations", '[', false);
    for (int i = 0; i < q->n_violations; i++) {
        const gd_quality_violation *v = &q->violation[i];
        gd_json_begin(json, NULL, '{', false);
        gd_json_string_out(json, "feature_name", v->metric);
        gd_json_string_out(json, "metric_name", v->metric);
        gd_json_string_out(json, "constraint_check_type", v->check);
        gd_json_string_out(json, "description", v->description);
        gd_json_end(json);
    }
    gd_json_end(json);
}

/* ---- documents ---- */

void gd_quality_print_statistics(const gd_quality *q, gd_text *out)
{
    gd_json_out json = {.text = out};
    gd_json_begin(&json, NULL, '{', false);
    print_statistics(&json, q);
    gd_json_end(&json);
    gd_text_add(out, "\n");
}

void gd_quality_print_violations(const gd_quality *q, gd_text *out)
{
    gd_json_out json = {.text = out};
    gd_json_begin(&json, NULL, '{', false);
    print_violations(&json, q);
    gd_json_end(&json);
    gd_text_add(out, "\n");
}

static void print_worth(gd_json_out *json, const gd_quality *q)
{
    gd_json_begin(json, "worth", '{', true);
    gd_json_whole_out(json, "wrong", q->worth.wrong.n);
    gd_json_whole_out(json, "unsure", q->worth.unsure.n);
    gd_json_whole_out(json, "wrong_pictures", q->written.wrong);
    gd_json_whole_out(json, "unsure_pictures", q->written.unsure);
    gd_json_whole_out(json, "broken_pictures", q->written.broken);
    gd_json_end(json);
}

void gd_quality_print_json(const gd_quality *q, const gd_quality_options *o, gd_text *out)
{
    gd_json_out json = {.text = out};
    gd_json_begin(&json, NULL, '{', false);
    print_statistics(&json, q);
    print_violations(&json, q);
    gd_json_whole_out(&json, "checked", q->limits.n);
    if (o->worth > 0)
        print_worth(&json, q);
    gd_json_string_out(&json, "folder", o->out);
    gd_json_end(&json);
    gd_text_add(out, "\n");
}
