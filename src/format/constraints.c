// SPDX-License-Identifier: Apache-2.0
#include "format/own.h"

#include <math.h>

static const char *enabled(bool is) { return is ? "Enabled" : "Disabled"; }

static void print_column(gd_json_out *json, const gd_column_rule *rule)
{
    gd_json_begin(json, NULL, '{', false);
    gd_json_string_out(json, "name", rule->name);
    gd_json_string_out(json, "inferred_type", gd_managed_types[rule->kind]);
    if (!isnan(rule->completeness))
        gd_json_real_out(json, "completeness", rule->completeness);
    if (rule->kind != GD_COLUMN_NAMES) {
        gd_json_begin(json, "num_constraints", '{', true);
        gd_json_bool_out(json, "is_non_negative", rule->non_negative);
        gd_json_end(json);
    } else if (rule->n_domain > 0) {
        gd_json_begin(json, "string_constraints", '{', false);
        gd_json_begin(json, "domains", '[', true);
        for (int i = 0; i < rule->n_domain; i++)
            gd_json_string_out(json, NULL, rule->domain[i]);
        gd_json_end(json);
        gd_json_end(json);
    }
    if (!isnan(rule->threshold)) {
        gd_json_begin(json, "monitoringConfigOverrides", '{', false);
        gd_json_begin(json, "distribution_constraints", '{', true);
        gd_json_real_out(json, "comparison_threshold", rule->threshold);
        gd_json_end(json);
        gd_json_end(json);
    }
    gd_json_end(json);
}

static void print_config(gd_json_out *json, const gd_rules *rules)
{
    gd_json_begin(json, "monitoring_config", '{', false);
    gd_json_string_out(json, "evaluate_constraints", enabled(!rules->disabled));
    gd_json_string_out(json, "emit_metrics", "Enabled");
    gd_json_real_out(json, "datatype_check_threshold", rules->datatype_threshold);
    gd_json_real_out(json, "domain_content_threshold", rules->domain_threshold);
    gd_json_begin(json, "distribution_constraints", '{', false);
    gd_json_string_out(json, "perform_comparison", enabled(rules->compare));
    gd_json_real_out(json, "comparison_threshold", rules->threshold);
    gd_json_string_out(json, "comparison_method", rules->robust ? "Robust" : "Simple");
    gd_json_end(json);
    gd_json_end(json);
}

void gd_rules_print(const gd_rules *rules, gd_text *out)
{
    gd_json_out json = {.text = out};
    gd_json_begin(&json, NULL, '{', false);
    gd_json_whole_out(&json, "version", 0);
    gd_json_begin(&json, "features", '[', false);
    for (int i = 0; i < rules->n; i++)
        print_column(&json, &rules->column[i]);
    gd_json_end(&json);
    print_config(&json, rules);
    if (!isnan(rules->alarms_per_month)) {
        gd_json_begin(&json, "griddle", '{', false);
        gd_json_real_out(&json, "alarms_per_month", rules->alarms_per_month);
        gd_json_real_out(&json, "checks_per_month", rules->checks_per_month);
        gd_json_end(&json);
    }
    gd_json_end(&json);
    gd_text_add(out, "\n");
}
