// SPDX-License-Identifier: Apache-2.0
#include "format/own.h"
#include "monitor/sample.h"

#include <math.h>
#include <stdio.h>

static void print_common(gd_json_out *json, int64_t present, int64_t absent)
{
    gd_json_begin(json, "common", '{', true);
    gd_json_whole_out(json, "num_present", present);
    gd_json_whole_out(json, "num_missing", absent);
    gd_json_end(json);
}

static void print_buckets(gd_json_out *json, const gd_sketch *sketch)
{
    gd_bucket bucket[GD_SKETCH_BUCKETS];
    gd_sketch_buckets(sketch, bucket);
    gd_json_begin(json, "buckets", '[', false);
    for (int i = 0; i < GD_SKETCH_BUCKETS; i++) {
        gd_json_begin(json, NULL, '{', true);
        gd_json_real_out(json, "lower_bound", bucket[i].lower);
        gd_json_real_out(json, "upper_bound", bucket[i].upper);
        gd_json_whole_out(json, "count", (int64_t)bucket[i].count);
        gd_json_end(json);
    }
    gd_json_end(json);
}

static void print_sketch(gd_json_out *json, const gd_sketch *sketch)
{
    gd_json_begin(json, "sketch", '{', false);
    gd_json_begin(json, "parameters", '{', true);
    gd_json_real_out(json, "c", GD_SKETCH_C);
    gd_json_whole_out(json, "k", GD_SKETCH_K);
    gd_json_end(json);
    gd_json_begin(json, "data", '[', false);
    for (int h = 0; h < sketch->levels; h++) {
        size_t n;
        const double *x = gd_sketch_level(sketch, h, &n);
        gd_json_reals_out(json, NULL, x, (int64_t)n);
    }
    gd_json_end(json);
    gd_json_end(json);
}

static void print_numbers(gd_json_out *json, const gd_column *column)
{
    const gd_sketch *sketch = column->sketch;
    const gd_moments *m = &sketch->moments;
    gd_json_begin(json, "numerical_statistics", '{', false);
    print_common(json, (int64_t)m->n, (int64_t)m->absent);
    if (m->n > 0) {
        gd_json_real_out(json, "mean", gd_moments_mean(m));
        gd_json_real_out(json, "sum", gd_moments_sum(m));
        gd_json_real_out(json, "std_dev", gd_moments_deviation(m));
        gd_json_real_out(json, "min", m->min);
        gd_json_real_out(json, "max", m->max);
        gd_json_begin(json, "distribution", '{', false);
        gd_json_begin(json, "kll", '{', false);
        print_buckets(json, sketch);
        print_sketch(json, sketch);
        gd_json_end(json);
        gd_json_end(json);
    }
    gd_json_end(json);
}

static void print_names(gd_json_out *json, const gd_categories *names)
{
    int distinct = names->other > 0;
    for (int i = 0; i < names->n; i++)
        distinct += names->category[i].count > 0;
    gd_json_begin(json, "string_statistics", '{', false);
    print_common(json, (int64_t)gd_categories_total(names), (int64_t)names->absent);
    gd_json_whole_out(json, "distinct_count", distinct);
    gd_json_begin(json, "distribution", '{', false);
    gd_json_begin(json, "categorical", '{', false);
    gd_json_begin(json, "buckets", '[', false);
    for (int i = 0; i < names->n; i++) {
        if (names->category[i].count == 0)
            continue;
        gd_json_begin(json, NULL, '{', true);
        gd_json_string_out(json, "value", names->category[i].name);
        gd_json_whole_out(json, "count", (int64_t)names->category[i].count);
        gd_json_end(json);
    }
    for (int i = 0; i < 4; i++)
        gd_json_end(json);
}

static void print_quantiles(gd_json_out *json, const gd_sketch *sketch)
{
    static const double shares[] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};
    gd_sample sample;
    if (gd_sample_of_sketch(&sample, sketch, NULL) != GD_OK) {
        json->text->failed = 1;
        return;
    }
    gd_json_begin(json, "quantiles", '{', true);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        char key[GD_JSON_REAL];
        snprintf(key, sizeof key, "%g", shares[i]);
        gd_json_real_out(json, key, gd_sample_quantile(&sample, shares[i]));
    }
    gd_json_end(json);
    gd_json_real_out(json, "rank_error", sample.error);
    gd_sample_release(&sample);
}

static void print_own(gd_json_out *json, const gd_column *column)
{
    gd_json_begin(json, "griddle", '{', false);
    gd_json_string_out(json, "kind", gd_column_kinds[column->kind]);
    gd_json_string_out(json, "of", gd_column_ofs[column->of]);
    if (column->kind == GD_COLUMN_WHOLE)
        gd_json_whole_out(json, "broken", column->broken);
    if (column->names)
        gd_json_whole_out(json, "other", (int64_t)column->names->other);
    else if (column->sketch->moments.n > 0)
        print_quantiles(json, column->sketch);
    gd_json_end(json);
}

void gd_statistics_print_sealed(const gd_profile *profile, const char *baseline, gd_text *out)
{
    gd_json_out json = {.text = out};
    gd_json_begin(&json, NULL, '{', false);
    gd_json_whole_out(&json, "version", 0);
    gd_json_begin(&json, "dataset", '{', true);
    gd_json_whole_out(&json, "item_count", profile->items);
    gd_json_end(&json);
    gd_json_begin(&json, "features", '[', false);
    for (int i = 0; i < profile->n_columns; i++) {
        const gd_column *column = &profile->column[i];
        gd_json_begin(&json, NULL, '{', false);
        gd_json_string_out(&json, "name", column->name);
        gd_json_string_out(&json, "inferred_type", gd_managed_types[column->kind]);
        if (column->names)
            print_names(&json, column->names);
        else
            print_numbers(&json, column);
        print_own(&json, column);
        gd_json_end(&json);
    }
    gd_json_end(&json);
    if (baseline) {
        gd_json_begin(&json, "griddle", '{', true);
        gd_json_string_out(&json, "baseline", baseline);
        gd_json_end(&json);
    }
    gd_json_end(&json);
    gd_text_add(out, "\n");
}

void gd_statistics_print(const gd_profile *profile, gd_text *out) { gd_statistics_print_sealed(profile, NULL, out); }
