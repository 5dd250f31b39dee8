// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "monitor/special.h"
#include "monitor/verdict_own.h"

#include <math.h>
#include <string.h>

const gd_column_rule *gd_rule_of(const gd_rules *rules, const char *name)
{
    for (int i = 0; i < rules->n; i++) {
        if (strcmp(rules->column[i].name, name) == 0)
            return &rules->column[i];
    }
    return NULL;
}

/* ---- shares that a rule asks for ---- */

static bool too_few_agree(const gd_verdict *v, int64_t agree, int64_t of, double share)
{
    if (!((double)agree < share * (double)of - 1e-9))
        return false;
    return share >= 1 || isnan(v->level) || gd_binomial_lower(agree, of, share) <= GD_RULE_CHANCE;
}

static const char *found(gd_making *m, int64_t agree, int64_t of)
{
    return gd_words_share(m->arena, (double)agree / (double)of);
}

/* ---- data types ---- */

static int64_t whole_in(const gd_sketch *sketch)
{
    uint64_t whole = 0;
    for (int h = 0; h < sketch->levels; h++) {
        size_t n;
        const double *x = gd_sketch_level(sketch, h, &n);
        for (size_t i = 0; i < n; i++)
            whole += (uint64_t)(x[i] == floor(x[i])) << h;
    }
    return (int64_t)whole;
}

static int64_t of_type(const gd_column *column, gd_column_kind wanted)
{
    const int64_t present = gd_column_present(column);
    if ((wanted == GD_COLUMN_NAMES) != (column->kind == GD_COLUMN_NAMES))
        return 0;
    if (wanted != GD_COLUMN_WHOLE)
        return present;
    return column->kind == GD_COLUMN_WHOLE ? present - column->broken : whole_in(column->sketch);
}

static gd_status check_type(gd_making *m, const gd_column_rule *rule, const gd_column *column)
{
    const int64_t present = gd_column_present(column), agree = of_type(column, rule->kind);
    const double wanted = m->baseline->rules.datatype_threshold;
    if (rule->any_kind || !too_few_agree(m->verdict, agree, present, wanted))
        return GD_OK;
    if (isnan(m->verdict->level))
        return gd_verdict_violate(
            m, GD_DATA_TYPE, rule->name,
            gd_arena_printf(m->arena,
                            "Data type match requirement is not met. Expected data type: %s, Expected match: %.1f%%. "
                            "Observed: Only %g%% of data is %s.",
                            gd_managed_types[rule->kind], 100 * wanted, 100 * (double)agree / (double)present,
                            gd_managed_types[rule->kind]));
    const char *share = found(m, agree, present), *least = gd_words_share(m->arena, wanted);
    if (!share || !least)
        return gd_verdict_violate(m, GD_DATA_TYPE, rule->name, NULL);
    return gd_verdict_violate(m, GD_DATA_TYPE, rule->name,
                              gd_arena_printf(m->arena, "%s of '%s' are %s, where at least %s have to be.", share,
                                              rule->name, gd_column_kind_words[rule->kind], least));
}

static gd_status check_sign(gd_making *m, const gd_column_rule *rule, const gd_column *column)
{
    if (!rule->non_negative || !column->sketch || column->sketch->moments.n == 0 || column->sketch->moments.min >= 0)
        return GD_OK;
    const int64_t present = gd_column_present(column);
    const char *least = gd_words_number(m->arena, column->sketch->moments.min);
    if (!least)
        return gd_verdict_violate(m, GD_DATA_TYPE, rule->name, NULL);
    return gd_verdict_violate(m, GD_DATA_TYPE, rule->name,
                              gd_arena_printf(m->arena, "'%s' must not be negative: the least of %lld value%s is %s.",
                                              rule->name, (long long)present, gd_plural(present), least));
}

/* ---- completeness ---- */

static gd_status check_completeness(gd_making *m, const gd_column_rule *rule, const gd_column *column)
{
    const int64_t present = gd_column_present(column), items = gd_profile_possible(&m->window->profile, column);
    if (isnan(rule->completeness) || !too_few_agree(m->verdict, present, items, rule->completeness))
        return GD_OK;
    const char *share = found(m, present, items), *least = gd_words_share(m->arena, rule->completeness);
    if (!share || !least)
        return gd_verdict_violate(m, GD_COMPLETENESS, rule->name, NULL);
    return gd_verdict_violate(m, GD_COMPLETENESS, rule->name,
                              gd_arena_printf(m->arena,
                                              "'%s' is missing from %lld of %lld %s: %s have it, where at least %s "
                                              "have to.",
                                              rule->name, (long long)(items - present), (long long)items,
                                              gd_words_items(m->verdict, items), share, least));
}

/* ---- domains ---- */

/* A window's names come in the reference's order, as a domain's mostly do. */
static bool in_domain(const gd_column_rule *rule, int at, const char *name)
{
    if (at < rule->n_domain && strcmp(rule->domain[at], name) == 0)
        return true;
    for (int i = 0; i < rule->n_domain; i++) {
        if (strcmp(rule->domain[i], name) == 0)
            return true;
    }
    return false;
}

static gd_status check_domain(gd_making *m, const gd_column_rule *rule, const gd_column *column)
{
    const gd_categories *names = column->names;
    const gd_category *stranger = NULL;
    if (rule->n_domain == 0 || !names)
        return GD_OK;
    int64_t agree = rule->n_domain > GD_CATEGORIES ? (int64_t)names->other : 0; /* more than are told apart */
    for (int i = 0; i < names->n; i++) {
        const gd_category *c = &names->category[i];
        if (c->count > 0 && in_domain(rule, i, c->name))
            agree += (int64_t)c->count;
        else if (c->count > 0 && (!stranger || c->count > stranger->count))
            stranger = c;
    }
    const int64_t present = gd_column_present(column);
    if (!too_few_agree(m->verdict, agree, present, m->baseline->rules.domain_threshold))
        return GD_OK;
    const char *share = found(m, agree, present),
               *least = gd_words_share(m->arena, m->baseline->rules.domain_threshold);
    if (!share || !least)
        return gd_verdict_violate(m, GD_CATEGORICAL_VALUES, rule->name, NULL);
    return gd_verdict_violate(
        m, GD_CATEGORICAL_VALUES, rule->name,
        gd_arena_printf(m->arena,
                        "%lld of %lld value%s of '%s' %s none of the %d that are allowed%s%.64s%s: %s are, "
                        "where at least %s have to be.",
                        (long long)(present - agree), (long long)present, gd_plural(present), rule->name,
                        present - agree == 1 ? "is" : "are", rule->n_domain, stranger ? ", such as '" : "",
                        stranger ? stranger->name : "", stranger ? "'" : "", share, least));
}

/* ---- columns that are missing or new ---- */

static gd_status check_missing(gd_making *m, const gd_column_rule *rule)
{
    const gd_column *reference = gd_profile_column(&m->baseline->profile, rule->name);
    if (reference && reference->of != GD_OF_ANSWER && reference->of != GD_OF_TABLE)
        return GD_OK;
    if (reference && gd_profile_possible(&m->window->profile, reference) == 0)
        return GD_OK;
    const int n = m->window->profile.n_columns;
    return gd_verdict_violate(
        m, GD_MISSING_COLUMN, rule->name,
        gd_arena_printf(m->arena,
                        "'%s' is missing: none of %lld %s has it. There %s %d column%s, and %d in the baseline's "
                        "constraints.",
                        rule->name, (long long)m->verdict->items, gd_words_items(m->verdict, m->verdict->items),
                        n == 1 ? "is" : "are", n, gd_plural(n), m->baseline->rules.n));
}

static gd_status check_extra(gd_making *m, const gd_column *column)
{
    if (column->of != GD_OF_TABLE || gd_rule_of(&m->baseline->rules, column->name) ||
        gd_profile_column(&m->baseline->profile, column->name))
        return GD_OK;
    const int n = m->window->profile.n_columns;
    return gd_verdict_violate(
        m, GD_EXTRA_COLUMN, column->name,
        gd_arena_printf(m->arena,
                        "'%s' is new: the baseline does not have it. There %s %d column%s, and %d in the baseline's "
                        "constraints.",
                        column->name, n == 1 ? "is" : "are", n, gd_plural(n), m->baseline->rules.n));
}

static gd_status check_present(gd_making *m, const gd_column_rule *rule, const gd_column *column)
{
    if (gd_column_present(column) > 0) {
        GD_TRY(check_type(m, rule, column));
        GD_TRY(check_sign(m, rule, column));
        GD_TRY(check_domain(m, rule, column));
    }
    return check_completeness(m, rule, column);
}

gd_status gd_verdict_rules(gd_making *m)
{
    const gd_profile *window = &m->window->profile;
    const gd_rules *rules = &m->baseline->rules;
    if (window->items == 0 || rules->disabled)
        return GD_OK;
    for (int i = 0; i < rules->n; i++) {
        const gd_column *column = gd_profile_column(window, rules->column[i].name);
        GD_TRY(column ? check_present(m, &rules->column[i], column) : check_missing(m, &rules->column[i]));
    }
    for (int i = 0; i < window->n_columns; i++)
        GD_TRY(check_extra(m, &window->column[i]));
    return GD_OK;
}
