// SPDX-License-Identifier: Apache-2.0
#include "quality/limits.h"

#include "base/field.h"
#include "format/json_out.h"
#include "format/member.h"
#include "monitor/alarm.h"
#include "monitor/special.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const operators[] = {"LessThanThreshold", "GreaterThanThreshold"};

const char *gd_limit_operator(const gd_limit *limit) { return operators[limit->greater]; }

/* The key of constraints.json. */
static const char *key_of(bool binary)
{
    return binary ? "binary_classification_constraints" : "multiclass_classification_constraints";
}

/* ---- of figures ---- */

/* Kullback and Leibler's divergence of shares x and p. */
static double divergence(double x, double p) { return (x > 0 ? x * log(x / p) : 0) + (1 - x) * log((1 - x) / (1 - p)); }

/* The share, of m pictures, that those with p are below with the chance P(Z > z). The root of the deviance, half a
 * picture away (P. McCullagh, J. A. Nelder, "Generalized Linear Models", 4.4), is normal also of few pictures, where
 * none of them may be nothing strange, and 0 is returned. `pictures` has the doubt about p in it. */
static double least_by_chance(double p, double pictures, double m, double z)
{
    double low = 0, high = p;
    if (2 * pictures * divergence(0, p) <= z * z)
        return 0;
    for (int round = 0; round < 60; round++) {
        const double middle = (low + high) / 2;
        if (2 * pictures * divergence(middle, p) > z * z)
            low = middle;
        else
            high = middle;
    }
    return fmax(0, low - 0.5 / m);
}

/* All of n, or none, may be one less or one more: half of one is taken for it (Jeffreys). */
static gd_limit limit_of(int metric, bool mistakes, double value, double error, double n, double m, double z)
{
    const bool edge = !(value > 0 && value < 1 && error > 0);
    const double share = edge ? (value * n + 0.5) / (n + 1) : value;
    const double square = edge ? share * (1 - share) / n : error * error;
    const double pictures = share * (1 - share) / (square * (1 + n / m)); /* of a difference between n of them and m */
    const double threshold =
        mistakes ? 1 - least_by_chance(1 - share, pictures, m, z) : least_by_chance(share, pictures, m, z);
    return (gd_limit){metric, threshold, mistakes, value, (int64_t)n};
}

void gd_limits_suggest(const gd_grades *g, gd_limits *limits)
{
    limits->n = 0;
    for (int i = 0; i < g->n_metrics; i++) {
        const gd_metric *m = &g->metric[i];
        if (m->known)
            limits->limit[limits->n++] = limit_of(i, m->mistakes, m->value, m->error, (double)g->n, (double)g->n, 2);
    }
}

/* Metrics begin with the figures of a confusion, which are all that a baseline knows of. */
void gd_limits_of_baseline(const gd_baseline *baseline, const gd_grades *g, gd_limits *limits)
{
    const gd_competence *c = &baseline->competence;
    const gd_rules *rules = &baseline->rules;
    double value[GD_QUALITY_FIGURES], error[GD_QUALITY_FIGURES];
    limits->n = 0;
    if (rules->disabled || c->n < 2 || !c->confusion || g->n == 0 ||
        baseline->profile.options.n_classes != g->n_classes)
        return;
    const bool managed = isnan(rules->alarms_per_month);
    const double level =
        managed ? GD_ALARM_LEVEL_MAX : gd_alarm_level(rules->alarms_per_month, rules->checks_per_month);
    gd_quality_figures(c->confusion, g->n_classes, g->positive, value);
    gd_grades_errors(c->confusion, g->n_classes, g->positive, error);
    int figures = 0;
    for (int f = 0; f < GD_QUALITY_FIGURES; f++)
        figures += g->positive >= 0 || gd_quality_names[f].multiclass;
    const double z = gd_normal_point(level / figures);
    for (int f = 0, i = 0; f < GD_QUALITY_FIGURES; f++) {
        if (g->positive < 0 && !gd_quality_names[f].multiclass)
            continue;
        if (!isnan(value[f]) && !isnan(error[f]))
            limits->limit[limits->n++] =
                limit_of(i, g->metric[i].mistakes, value[f], error[f], (double)c->n, (double)g->n, z);
        i++;
    }
}

/* ---- as a file ---- */

void gd_limits_print(const gd_limits *limits, const gd_grades *g, gd_text *out)
{
    gd_json_out json = {.text = out};
    gd_json_begin(&json, NULL, '{', false);
    gd_json_whole_out(&json, "version", 0);
    gd_json_begin(&json, key_of(g->positive >= 0), '{', false);
    for (int i = 0; i < limits->n; i++) {
        const gd_limit *limit = &limits->limit[i];
        gd_json_begin(&json, g->metric[limit->metric].name, '{', true);
        gd_json_real_out(&json, "threshold", limit->threshold);
        gd_json_string_out(&json, "comparison_operator", gd_limit_operator(limit));
        gd_json_end(&json);
    }
    gd_json_end(&json);
    gd_json_end(&json);
    gd_text_add(out, "\n");
}

static gd_status read_limit(const gd_attr *node, const gd_grades *g, gd_limit *limit, gd_error *error)
{
    const char *names[GD_METRICS];
    const gd_attr *comparison;
    int side;
    for (int i = 0; i < g->n_metrics; i++)
        names[i] = g->metric[i].name;
    for (limit->metric = 0; limit->metric < g->n_metrics; limit->metric++) {
        if (strcmp(names[limit->metric], node->key) == 0)
            break;
    }
    if (limit->metric == g->n_metrics) {
        const char *nearest = gd_nearest(node->key, names, g->n_metrics);
        return gd_fail_at(error, GD_INVALID, node->key_place, "no figure is called '%.64s'%s%s%s", node->key,
                          nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    }
    if (node->kind != GD_ATTR_MAP)
        return gd_fail_at(error, GD_FORMAT, node->place, "'%.64s' is no JSON object", node->key);
    GD_TRY(gd_member_real(node, "threshold", 0, 1, &limit->threshold, error));
    GD_TRY(gd_member(node, "comparison_operator", &comparison, error));
    GD_TRY(gd_attr_word(comparison, operators, 2, &side, error));
    limit->greater = side == 1;
    limit->reference = NAN;
    limit->n_reference = 0;
    return GD_OK;
}

static gd_status read_limits(const gd_attr *root, const gd_grades *g, gd_limits *limits, gd_error *error)
{
    const bool binary = g->positive >= 0;
    const gd_attr *map = gd_attr_find(root, key_of(binary));
    if (!map && gd_attr_find(root, key_of(!binary)))
        return gd_fail_at(error, GD_INVALID, root->place, "'%s' where the model has %d classes, and '%s' is needed",
                          key_of(!binary), g->n_classes, key_of(binary));
    if (!map || map->kind != GD_ATTR_MAP)
        return gd_fail_at(error, GD_FORMAT, root->place, "no constraints of quality: '%s' is missing", key_of(binary));
    for (const gd_attr *node = map->first; node; node = node->next)
        GD_TRY(read_limit(node, g, &limits->limit[limits->n++], error)); /* keys differ, so they are few enough */
    return GD_OK;
}

gd_status gd_limits_read(const char *path, const gd_grades *g, gd_limits *limits, gd_error *error)
{
    gd_arena arena = {0};
    gd_attr *root;
    limits->n = 0;
    gd_status status = gd_json_file(path, &arena, &root, error);
    if (status == GD_OK)
        status = read_limits(root, g, limits, error);
    gd_arena_release(&arena);
    return status;
}

/* ---- checking ---- */

bool gd_limit_broken(const gd_limit *limit, const gd_grades *g)
{
    const gd_metric *m = &g->metric[limit->metric];
    return m->known && (limit->greater ? m->value > limit->threshold : m->value < limit->threshold);
}

void gd_limit_describe(const gd_limit *limit, const gd_grades *g, gd_text *out)
{
    const gd_metric *m = &g->metric[limit->metric];
    const char *side = limit->greater ? "more" : "less";
    if (!isnan(limit->reference)) {
        gd_text_add(out,
                    "%s is %.4f of %" PRId64 " labelled picture%s, and was %.4f of %" PRId64
                    " in the baseline; %s than %.4f is more than chance.",
                    m->name, m->value, g->n, gd_plural(g->n), limit->reference, limit->n_reference, side,
                    limit->threshold);
        return;
    }
    const gd_estimate e = gd_estimate_of_share(m->value, m->error, (double)g->n, GD_Z95);
    gd_text_add(out, "%s is %.4f of %" PRId64 " labelled picture%s, %s than the constraint's %.4f.", m->name, m->value,
                g->n, gd_plural(g->n), side, limit->threshold);
    if (e.low <= limit->threshold && limit->threshold <= e.high)
        gd_text_add(out, " It may be chance: the 95%% interval, %.4f to %.4f, holds the threshold.", e.low, e.high);
}
