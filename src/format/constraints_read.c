// SPDX-License-Identifier: Apache-2.0
/* Our own keys are known all. The managed format has more than are of use here: unknown ones are passed over, but for
 * those that are nearly one of its keys. */
#include "base/field.h"
#include "format/own.h"

#include <math.h>
#include <string.h>

enum { RULES = 4096 };

typedef struct own {
    double alarms_per_month, checks_per_month;
} own;

static const gd_field own_fields[] = {
    GD_FIELD_REAL(own, alarms_per_month, "1", 1e-6, 1000, "false alarms a month, on average"),
    GD_FIELD_REAL(own, checks_per_month, "720", 0.01, 1e6, "how often is looked"),
    {0},
};

/* `keys` end with NULL. */
static gd_status check_spelling(const gd_attr *map, const char *const *keys, gd_error *error)
{
    int n = 0;
    while (keys[n])
        n++;
    for (const gd_attr *one = map && map->kind == GD_ATTR_MAP ? map->first : NULL; one; one = one->next) {
        int i = 0;
        while (i < n && strcmp(one->key, keys[i]) != 0)
            i++;
        const char *near = i < n ? NULL : gd_nearest(one->key, keys, n);
        if (near)
            return gd_fail_at(error, GD_INVALID, one->key_place.file ? one->key_place : one->place,
                              "unknown key '%s'; did you mean '%s'?", one->key, near);
    }
    return GD_OK;
}

static gd_status optional_real(const gd_attr *map, const char *key, double most, double *value, gd_error *error)
{
    const gd_attr *node = gd_attr_find(map, key);
    return node ? gd_attr_real(node, 0, most, value, error) : GD_OK;
}

/* "Enabled" or not. */
static gd_status optional_switch(const gd_attr *map, const char *key, bool *value, gd_error *error)
{
    static const char *const words[] = {"Disabled", "Enabled"};
    const gd_attr *node = gd_attr_find(map, key);
    int word = *value;
    if (node)
        GD_TRY(gd_attr_word(node, words, 2, &word, error));
    *value = word == 1;
    return GD_OK;
}

static gd_status no_memory(gd_error *error) { return gd_fail(error, GD_NOMEM, "out of memory for constraints"); }

static gd_status read_domain(const gd_attr *list, gd_rules *rules, gd_column_rule *rule, gd_error *error)
{
    if (!list)
        return GD_OK;
    if (list->kind != GD_ATTR_LIST)
        return gd_fail_at(error, GD_INVALID, list->place, "'domains' is no list");
    rule->domain = gd_arena_alloc(&rules->arena, (size_t)gd_attr_count(list) + 1, sizeof *rule->domain);
    if (!rule->domain)
        return no_memory(error);
    for (const gd_attr *name = list->first; name; name = name->next) {
        if (name->kind != GD_ATTR_SCALAR)
            return gd_fail_at(error, GD_INVALID, name->place, "a name in 'domains' is no text");
        const char *text = gd_arena_text(&rules->arena, name->text);
        if (!text)
            return no_memory(error);
        rule->domain[rule->n_domain++] = text;
    }
    return GD_OK;
}

static gd_status check_rule(const gd_attr *from, gd_error *error)
{
    static const char *const keys[] = {
        "name", "inferred_type", "completeness", "num_constraints", "string_constraints", "monitoringConfigOverrides",
        NULL};
    static const char *const of_numbers[] = {"is_non_negative", NULL}, *const of_names[] = {"domains", NULL};
    GD_TRY(check_spelling(from, keys, error));
    GD_TRY(check_spelling(gd_attr_find(from, "num_constraints"), of_numbers, error));
    return check_spelling(gd_attr_find(from, "string_constraints"), of_names, error);
}

static gd_status read_threshold(const gd_attr *overrides, gd_column_rule *rule, gd_error *error)
{
    GD_TRY(optional_real(overrides, "comparison_threshold", 1, &rule->threshold, error));
    return optional_real(gd_attr_find(overrides, "distribution_constraints"), "comparison_threshold", 1,
                         &rule->threshold, error);
}

static gd_status read_rule(const gd_attr *from, gd_rules *rules, gd_error *error)
{
    const char *name;
    const gd_attr *type;
    gd_column_kind kind;
    bool any;
    gd_column_rule *rule = &rules->column[rules->n];
    GD_TRY(check_rule(from, error));
    GD_TRY(gd_member_text(from, "name", &name, error));
    GD_TRY(gd_member(from, "inferred_type", &type, error));
    GD_TRY(gd_managed_kind(type, &kind, &any, error));
    if (!name[0] || strlen(name) >= GD_COLUMN_NAME)
        return gd_fail_at(error, GD_INVALID, from->place, "a column's name has %zu bytes, outside 1 to %d",
                          strlen(name), GD_COLUMN_NAME - 1);
    for (int i = 0; i < rules->n; i++) {
        if (strcmp(rules->column[i].name, name) == 0)
            return gd_fail_at(error, GD_INVALID, from->place, "column '%s' has constraints already", name);
    }
    *rule = (gd_column_rule){.kind = kind, .any_kind = any, .completeness = NAN, .threshold = NAN};
    memcpy(rule->name, name, strlen(name) + 1);
    rules->n++;
    GD_TRY(optional_real(from, "completeness", 1, &rule->completeness, error));
    const gd_attr *sign = gd_attr_find(gd_attr_find(from, "num_constraints"), "is_non_negative");
    if (sign)
        GD_TRY(gd_attr_bool(sign, &rule->non_negative, error));
    GD_TRY(read_domain(gd_attr_find(gd_attr_find(from, "string_constraints"), "domains"), rules, rule, error));
    return read_threshold(gd_attr_find(from, "monitoringConfigOverrides"), rule, error);
}

static gd_status read_columns(const gd_attr *root, gd_rules *rules, gd_error *error)
{
    const gd_attr *list;
    GD_TRY(gd_member(root, "features", &list, error));
    if (list->kind != GD_ATTR_LIST || gd_attr_count(list) > RULES)
        return gd_fail_at(error, GD_INVALID, list->place, "'features' is no list of at most %d columns", RULES);
    rules->column = gd_arena_alloc(&rules->arena, (size_t)gd_attr_count(list) + 1, sizeof *rules->column);
    if (!rules->column)
        return no_memory(error);
    for (const gd_attr *one = list->first; one; one = one->next)
        GD_TRY(read_rule(one, rules, error));
    return GD_OK;
}

static gd_status read_config(const gd_attr *config, gd_rules *rules, gd_error *error)
{
    static const char *const methods[] = {"Simple", "Robust"};
    static const char *const keys[] = {"evaluate_constraints",     "emit_metrics",
                                       "datatype_check_threshold", "domain_content_threshold",
                                       "distribution_constraints", NULL};
    static const char *const of_distributions[] = {"perform_comparison",       "comparison_threshold",
                                                   "comparison_method",        "categorical_comparison_threshold",
                                                   "categorical_drift_method", NULL};
    const gd_attr *distribution = gd_attr_find(config, "distribution_constraints");
    const gd_attr *method = gd_attr_find(distribution, "comparison_method");
    bool evaluate = true;
    int word = rules->robust;
    GD_TRY(check_spelling(config, keys, error));
    GD_TRY(check_spelling(distribution, of_distributions, error));
    GD_TRY(optional_switch(config, "evaluate_constraints", &evaluate, error));
    GD_TRY(optional_real(config, "datatype_check_threshold", 1, &rules->datatype_threshold, error));
    GD_TRY(optional_real(config, "domain_content_threshold", 1, &rules->domain_threshold, error));
    GD_TRY(optional_switch(distribution, "perform_comparison", &rules->compare, error));
    GD_TRY(optional_real(distribution, "comparison_threshold", 1, &rules->threshold, error));
    if (method)
        GD_TRY(gd_attr_word(method, methods, 2, &word, error));
    rules->robust = word == 1;
    rules->disabled = !evaluate;
    return GD_OK;
}

static gd_status read_own(const gd_attr *block, gd_rules *rules, gd_error *error)
{
    own to = {NAN, NAN};
    gd_arena arena = {0};
    gd_status status = GD_OK;
    if (block && block->kind != GD_ATTR_MAP)
        return gd_fail_at(error, GD_INVALID, block->place, "'griddle' is no map");
    if (block)
        status = gd_fields_read(own_fields, &to, block, &arena, error);
    rules->alarms_per_month = to.alarms_per_month;
    rules->checks_per_month = to.checks_per_month;
    gd_arena_release(&arena);
    return status;
}

gd_status gd_rules_read(const char *path, gd_rules *rules, gd_error *error)
{
    gd_arena arena = {0};
    gd_attr *root;
    *rules =
        (gd_rules){.compare = true, .robust = true, .threshold = 0.1, .datatype_threshold = 1, .domain_threshold = 1};
    static const char *const keys[] = {"version", "features", "monitoring_config", "griddle", NULL};
    gd_status status = gd_json_file(path, &arena, &root, error);
    if (status == GD_OK)
        status = check_spelling(root, keys, error);
    if (status == GD_OK)
        status = read_columns(root, rules, error);
    if (status == GD_OK)
        status = read_config(gd_attr_find(root, "monitoring_config"), rules, error);
    if (status == GD_OK)
        status = read_own(gd_attr_find(root, "griddle"), rules, error);
    gd_arena_release(&arena);
    if (status != GD_OK) {
        gd_arena_release(&rules->arena);
        *rules = (gd_rules){0};
    }
    return status;
}
