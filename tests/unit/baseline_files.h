// SPDX-License-Identifier: Apache-2.0
/* Baselines in the test's folder, for tests of what is in their files. */
#ifndef GD_TESTS_BASELINE_FILES_H
#define GD_TESTS_BASELINE_FILES_H

#include "base/file.h"
#include "format/own.h"
#include "monitored.h"

static gd_baseline written; /* what write_one wrote; released by who asked for it */

static inline const gd_baseline *write_one(void)
{
    gd_error error = {0};
    monitored_baseline(3, 3000, 720, &written);
    CHECK_OK(gd_baseline_write(unit_folder(), &written, &error), &error);
    return &written;
}

static inline void read_back(gd_baseline *baseline)
{
    gd_error error = {0};
    CHECK_OK(gd_baseline_read(unit_folder(), baseline, &error), &error);
}

static inline void write_text(const char *name, const char *text)
{
    gd_error error = {0};
    CHECK_OK(gd_file_write(unit_path("%s", name), text, strlen(text), &error), &error);
}

/* As the service writes them: of a table, with thresholds and without our block. */
static inline void write_managed(void)
{
    write_text("statistics.json",
               "{\"version\": 0.0, \"dataset\": {\"item_count\": 6}, \"features\": [\n"
               "{\"name\": \"Day Mins\", \"inferred_type\": \"Fractional\", \"numerical_statistics\": {\"common\": "
               "{\"num_present\": 6, \"num_missing\": 0}, \"mean\": 2.0, \"sum\": 12.0, \"std_dev\": 1.0, \"min\": "
               "1.0, \"max\": 4.0, \"distribution\": {\"kll\": {\"buckets\": [{\"lower_bound\": 1.0, "
               "\"upper_bound\": 1.3, \"count\": 2.0}], \"sketch\": {\"parameters\": {\"c\": 0.64, \"k\": 2048.0}, "
               "\"data\": [[1.0, 4.0], [1.5, 2.0]]}}}}},\n"
               "{\"name\": \"State\", \"inferred_type\": \"String\", \"string_statistics\": {\"common\": "
               "{\"num_present\": 6, \"num_missing\": 0}, \"distinct_count\": 2.0, \"distribution\": "
               "{\"categorical\": {\"buckets\": [{\"value\": \"NY\", \"count\": 4}, {\"value\": \"OH\", "
               "\"count\": 2}]}}}},\n"
               "{\"name\": \"Nothing\", \"inferred_type\": \"Unknown\", \"numerical_statistics\": {\"common\": "
               "{\"num_present\": 0, \"num_missing\": 6}}}]}\n");
    write_text("constraints.json",
               "{\"version\": 0.0, \"features\": [{\"name\": \"Day Mins\", \"inferred_type\": \"Fractional\", "
               "\"completeness\": 1.0, \"num_constraints\": {\"is_non_negative\": true}, \"unheard_of\": 3,\n"
               "\"monitoringConfigOverrides\": {\"distribution_constraints\": {\"comparison_threshold\": 0.25}}},\n"
               "{\"name\": \"State\", \"inferred_type\": \"String\", \"completeness\": 0.9, \"string_constraints\": "
               "{\"domains\": [\"NY\", \"OH\"]}}, {\"name\": \"Nothing\", \"inferred_type\": \"Unknown\", "
               "\"completeness\": 0.0, \"newer_than_us\": {}}],\n"
               "\"monitoring_config\": {\"evaluate_constraints\": \"Enabled\", \"emit_metrics\": \"Enabled\", "
               "\"datatype_check_threshold\": 1.0, \"domain_content_threshold\": 0.5, \"distribution_constraints\": "
               "{\"perform_comparison\": \"Enabled\", \"comparison_threshold\": 0.1, \"comparison_method\": "
               "\"Simple\"}}}\n");
}

#endif
