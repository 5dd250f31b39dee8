// SPDX-License-Identifier: Apache-2.0
/* What a window must keep to, besides being like its baseline. */
#ifndef GD_MONITOR_RULES_H
#define GD_MONITOR_RULES_H

#include "monitor/profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of one column, as constraints.json has it and a person may have changed it. */
typedef struct gd_column_rule {
    char name[GD_COLUMN_NAME];
    gd_column_kind kind;
    bool any_kind;       /* "Unknown": the kind is not looked at */
    double completeness; /* least share that is present; NaN: any */
    bool non_negative;
    int n_domain; /* names that are allowed; 0: any */
    const char **domain;
    double threshold; /* of the distance, where there is one of its own (monitoringConfigOverrides); NaN: none */
} gd_column_rule;

typedef struct gd_rules {
    double alarms_per_month, checks_per_month;   /* what thresholds follow from; NaN: a managed file, without them */
    bool disabled;                               /* evaluate_constraints: nothing is a violation */
    bool compare;                                /* distribution_constraints.perform_comparison */
    bool robust;                                 /* comparison_method */
    double threshold;                            /* comparison_threshold: of the distance, where the above are NaN */
    double datatype_threshold, domain_threshold; /* least share that agrees, 0 to 1 */
    int n;
    gd_column_rule *column;
    gd_arena arena; /* all of the above */
} gd_rules;

/* A baseline that had more than a share allows, by luck: so seldom may it ask for too much. */
#define GD_RULE_LUCK 1e-3

/* The rules that follow from a profile, in their own arena: each column's kind; classes are the domain of answers; what
 * answers and tables have must be there as often as the least share that the profile may come of, below 1 also where
 * all of its items have it: 1 is for people to ask for. Numbers must not be negative where they cannot be, as of
 * pictures, or where the profile's least is 0. NOMEM. */
gd_status gd_rules_of(const gd_profile *profile, double alarms_per_month, double checks_per_month, gd_rules *rules,
                      gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
