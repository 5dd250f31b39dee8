// SPDX-License-Identifier: Apache-2.0
#include "monitor/rules.h"

#include "monitor/special.h"

#include <math.h>
#include <string.h>

/* What pictures and files have is nothing that must be there; the managed format gives each column a completeness, and
 * 0 is the one that asks for nothing. */
static double completeness_of(const gd_profile *profile, const gd_column *column)
{
    if (column->of == GD_OF_PICTURE || column->of == GD_OF_FILE)
        return 0;
    return gd_binomial_share(gd_column_present(column), gd_profile_possible(profile, column), GD_RULE_LUCK);
}

/* Of what is known to be; of other columns where the least is 0: that is a bound, and -0.1 below 0.2 would be chance.
 */
static bool is_non_negative(const gd_column *column)
{
    const gd_moments *m = column->sketch ? &column->sketch->moments : NULL;
    return m && m->n > 0 && m->min >= 0 && (column->of != GD_OF_TABLE || m->min == 0);
}

static gd_status rule_of(const gd_profile *profile, const gd_column *column, gd_rules *rules, gd_error *error)
{
    gd_column_rule *rule = &rules->column[rules->n++];
    *rule = (gd_column_rule){.kind = column->kind == GD_COLUMN_CIRCLE ? GD_COLUMN_NUMBERS : column->kind,
                             .completeness = completeness_of(profile, column),
                             .non_negative = is_non_negative(column),
                             .threshold = NAN};
    memcpy(rule->name, column->name, sizeof rule->name);
    if (column->of != GD_OF_ANSWER || !column->names)
        return GD_OK;
    rule->n_domain = profile->options.n_classes;
    rule->domain = gd_arena_alloc(&rules->arena, (size_t)rule->n_domain + 1, sizeof *rule->domain);
    bool all = rule->domain != NULL;
    for (int i = 0; all && i < rule->n_domain; i++) {
        rule->domain[i] = gd_arena_text(&rules->arena, profile->options.classes[i]);
        all = rule->domain[i] != NULL;
    }
    return all ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for the rules of %d columns", profile->n_columns);
}

gd_status gd_rules_of(const gd_profile *profile, double alarms_per_month, double checks_per_month, gd_rules *rules,
                      gd_error *error)
{
    *rules = (gd_rules){.alarms_per_month = alarms_per_month,
                        .checks_per_month = checks_per_month,
                        .compare = true,
                        .robust = true,
                        .threshold = 0.1,
                        .datatype_threshold = 1,
                        .domain_threshold = 1};
    rules->column = gd_arena_alloc(&rules->arena, (size_t)profile->n_columns + 1, sizeof *rules->column);
    if (!rules->column)
        return gd_fail(error, GD_NOMEM, "out of memory for the rules of %d columns", profile->n_columns);
    gd_status status = GD_OK;
    for (int i = 0; i < profile->n_columns && status == GD_OK; i++)
        status = rule_of(profile, &profile->column[i], rules, error);
    if (status != GD_OK) {
        gd_arena_release(&rules->arena);
        *rules = (gd_rules){0};
    }
    return status;
}
