// SPDX-License-Identifier: Apache-2.0
#include "format/own.h"

#include <math.h>

/* ---- constraint_violations.json ---- */

static void print_violations(gd_json_out *json, const gd_verdict *verdict)
{
    gd_json_begin(json, "violations", '[', false);
    for (int i = 0; i < verdict->n_violations; i++) {
        const gd_violation *v = &verdict->violation[i];
        gd_json_begin(json, NULL, '{', false);
        gd_json_string_out(json, "feature_name", v->feature);
        gd_json_string_out(json, "constraint_check_type", gd_violation_names[v->kind]);
        gd_json_string_out(json, "description", v->description);
        gd_json_end(json);
    }
    gd_json_end(json);
}

void gd_violations_print(const gd_verdict *verdict, gd_text *out)
{
    gd_json_out json = {.text = out};
    gd_json_begin(&json, NULL, '{', false);
    print_violations(&json, verdict);
    gd_json_end(&json);
    gd_text_add(out, "\n");
}

/* ---- check.json ---- */

static const char *const compared_words[] = {
    [GD_COMPARED] = "compared", [GD_NOT_COMPARABLE] = "not comparable", [GD_TOO_FEW] = "too few"};

static void print_least(gd_json_out *json, gd_compared compared, uint64_t least)
{
    gd_json_string_out(json, "compared", compared_words[compared]);
    if (compared == GD_TOO_FEW && least > 0)
        gd_json_whole_out(json, "least", (int64_t)least);
}

/* Of one side of a column. */
static void print_side(gd_json_out *json, const char *key, const gd_column *column)
{
    if (!column)
        return;
    gd_json_begin(json, key, '{', true);
    gd_json_whole_out(json, "present", gd_column_present(column));
    if (column->sketch && column->sketch->moments.n > 0) {
        const gd_moments *m = &column->sketch->moments;
        gd_json_real_out(json, "mean", gd_moments_mean(m));
        gd_json_real_out(json, "std_dev", gd_moments_deviation(m));
        gd_json_real_out(json, "min", m->min);
        gd_json_real_out(json, "max", m->max);
    }
    gd_json_end(json);
}

static const char *const hows[] = {"limit", "drawn", "farthest"}; /* by gd_chi_square_how */

static void print_figures(gd_json_out *json, const gd_column_verdict *v)
{
    const gd_comparison *n = &v->numbers;
    const gd_category_comparison *c = &v->categories;
    if (v->reference->names) {
        gd_json_real_out(json, "psi", c->psi);
        gd_json_real_out(json, "js", c->js);
        gd_json_real_out(json, "linf", c->linf);
        gd_json_real_out(json, "robust", c->robust);
        gd_json_real_out(json, "chi_square", c->test.statistic);
        gd_json_string_out(json, "p_by", hows[c->test.how]);
        return;
    }
    gd_json_real_out(json, "baseline_mean", v->was);
    gd_json_real_out(json, "window_mean", v->now);
    gd_json_real_out(json, "moved", v->moved);
    gd_json_real_out(json, "psi", n->psi);
    gd_json_real_out(json, "js", n->js);
    gd_json_real_out(json, "wasserstein", n->wasserstein);
    gd_json_real_out(json, "ks", n->ks);
    gd_json_real_out(json, "robust", n->robust);
    if (isnan(n->kuiper))
        gd_json_real_out(json, "anderson_darling", n->anderson);
    else
        gd_json_real_out(json, "kuiper", n->kuiper);
}

static void print_column(gd_json_out *json, const gd_column_verdict *v)
{
    const gd_column *any = v->reference ? v->reference : v->current;
    gd_json_begin(json, NULL, '{', false);
    gd_json_string_out(json, "name", any->name);
    gd_json_string_out(json, "kind", gd_column_kinds[any->kind]);
    print_least(json, v->compared, v->least);
    gd_json_bool_out(json, "alarm", v->alarm);
    print_side(json, "baseline", v->reference);
    print_side(json, "window", v->current);
    if (v->reference && v->compared != GD_NOT_COMPARABLE) {
        gd_json_real_out(json, "p", v->p);
        gd_json_real_out(json, "adjusted_p", v->adjusted);
        gd_json_real_out(json, "distance", v->distance);
        gd_json_real_out(json, "threshold", v->threshold);
        print_figures(json, v);
    }
    gd_json_end(json);
}

static void print_features(gd_json_out *json, const gd_verdict *v)
{
    gd_json_begin(json, "features", '{', false);
    print_least(json, v->features_compared, GD_FEATURES_TEST_LEAST);
    gd_json_bool_out(json, "alarm", v->features_alarm);
    gd_json_real_out(json, "distance", v->features.distance);
    gd_json_real_out(json, "statistic", v->features.statistic);
    gd_json_real_out(json, "p", v->features.p);
    gd_json_real_out(json, "adjusted_p", v->features_adjusted);
    gd_json_end(json);
}

static void print_estimate(gd_json_out *json, const char *key, const gd_estimate *estimate)
{
    gd_json_begin(json, key, '{', true);
    gd_json_real_out(json, "value", estimate->value);
    gd_json_real_out(json, "std_dev", estimate->deviation);
    gd_json_real_out(json, "low", estimate->low);
    gd_json_real_out(json, "high", estimate->high);
    gd_json_end(json);
}

static void print_accuracy(gd_json_out *json, const gd_verdict *v, const gd_competence *competence)
{
    gd_json_begin(json, "estimated_accuracy", '{', false);
    print_least(json, v->accuracy_compared, v->accuracy_least);
    gd_json_bool_out(json, "alarm", v->accuracy_alarm);
    print_estimate(json, "window", &v->accuracy);
    print_estimate(json, "baseline", &v->baseline_accuracy);
    gd_json_real_out(json, "baseline_calibration_error", competence->n > 0 ? competence->calibration_error : NAN);
    gd_json_real_out(json, "p", v->accuracy_p);
    gd_json_real_out(json, "adjusted_p", v->accuracy_adjusted);
    gd_json_end(json);
}

static void print_shift(gd_json_out *json, const gd_verdict *v, const gd_profile *profile)
{
    if (!v->mix)
        return;
    gd_json_begin(json, "label_shift", '{', false);
    print_estimate(json, "accuracy", &v->shift.accuracy);
    gd_json_real_out(json, "condition", v->shift.condition);
    gd_json_whole_out(json, "unseen_classes", v->shift.unseen);
    gd_json_whole_out(json, "strange_pictures", v->shift.strange);
    gd_json_begin(json, "mix", '[', false);
    for (int i = 0; i < profile->options.n_classes; i++) {
        gd_json_begin(json, NULL, '{', true);
        gd_json_string_out(json, "class", profile->options.classes[i]);
        gd_json_real_out(json, "share", v->mix[i]);
        gd_json_real_out(json, "std_dev", v->mix_deviation[i]);
        gd_json_end(json);
    }
    gd_json_end(json);
    gd_json_end(json);
}

static void print_window(gd_json_out *json, const gd_window *w)
{
    gd_json_begin(json, "window", '{', true);
    gd_json_whole_out(json, "items", w->profile.items);
    gd_json_whole_out(json, "records", w->records);
    gd_json_whole_out(json, "broken_records", w->broken);
    gd_json_whole_out(json, "unfinished_records", w->unfinished);
    gd_json_whole_out(json, "unread_files", w->unread);
    if (w->from_ms != 0 || w->to_ms != 0) {
        gd_json_whole_out(json, "from_ms", w->from_ms);
        gd_json_whole_out(json, "to_ms", w->to_ms);
    }
    gd_json_end(json);
}

static void print_baseline(gd_json_out *json, const gd_baseline *b)
{
    gd_json_begin(json, "baseline", '{', true);
    gd_json_whole_out(json, "items", b->profile.items);
    gd_json_whole_out(json, "labelled", b->competence.n);
    gd_json_string_out(json, "model", b->model[0] ? b->model : NULL);
    gd_json_string_out(json, "source", b->source[0] ? b->source : NULL);
    gd_json_end(json);
}

void gd_verdict_print_json(const gd_verdict *verdict, const gd_baseline *baseline, const gd_window *window,
                           gd_text *out)
{
    gd_json_out json = {.text = out};
    gd_arena arena = {0};
    const char *summary = gd_verdict_summary(verdict, &arena);
    out->failed |= !summary;
    gd_json_begin(&json, NULL, '{', false);
    gd_json_string_out(&json, "summary", summary);
    gd_json_bool_out(&json, "too_few", verdict->too_few);
    print_violations(&json, verdict);
    print_window(&json, window);
    print_baseline(&json, baseline);
    gd_json_real_out(&json, "level", verdict->level);
    gd_json_whole_out(&json, "tests", verdict->tests);
    print_accuracy(&json, verdict, &baseline->competence);
    print_features(&json, verdict);
    print_shift(&json, verdict, &baseline->profile);
    gd_json_begin(&json, "columns", '[', false);
    for (int i = 0; i < verdict->n_columns; i++)
        print_column(&json, &verdict->column[i]);
    gd_json_end(&json);
    gd_json_end(&json);
    gd_text_add(out, "\n");
    gd_arena_release(&arena);
}
