// SPDX-License-Identifier: Apache-2.0
#include "watch/figures.h"
#include "watch/period.h"

#include <math.h>
#include <stdio.h>

static void begin(const gd_cloudwatch *of, const char *kind, const char *column, gd_text *out)
{
    char name[GD_COLUMN_NAME + 32], time[GD_TIME_TEXT];
    snprintf(name, sizeof name, "%s%s", kind, column);
    gd_text_add(out, "{\"MetricName\":");
    gd_text_add_json(out, name);
    gd_text_add(out, ",\"Timestamp\":\"%s\",\"Dimensions\":[{\"Name\":\"Endpoint\",\"Value\":",
                gd_time_text(of->time_ms, time));
    gd_text_add_json(out, of->endpoint);
    gd_text_add(out, "},{\"Name\":\"MonitoringSchedule\",\"Value\":");
    gd_text_add_json(out, of->schedule);
    gd_text_add(out, "}],");
}

static void end_with_value(double value, gd_text *out) { gd_text_add(out, "\"Value\":%.9g}\n", value); }

static void end_with_statistics(double n, double sum, double least, double most, gd_text *out)
{
    gd_text_add(out, "\"StatisticValues\":{\"SampleCount\":%.17g,\"Sum\":%.17g,\"Minimum\":%.17g,\"Maximum\":%.17g}}\n",
                n, sum, least, most);
}

void gd_cloudwatch_print(const gd_cloudwatch *of, const gd_verdict *verdict, gd_text *out)
{
    for (int i = 0; i < verdict->n_columns; i++) {
        const gd_column_verdict *c = &verdict->column[i];
        const double items = (double)verdict->items;
        if (c->current) {
            const double present = (double)gd_column_present(c->current);
            const gd_moments *m = c->current->sketch ? &c->current->sketch->moments : NULL;
            if (m && m->n > 0) {
                begin(of, "feature_data_", c->current->name, out);
                end_with_statistics((double)m->n, m->sum + m->carry, m->min, m->max, out);
            }
            begin(of, "feature_non_null_", c->current->name, out);
            end_with_statistics(items, present, present >= items, present > 0, out);
        }
        if (c->compared == GD_COMPARED && isfinite(c->distance)) {
            begin(of, "feature_baseline_drift_", c->reference->name, out);
            end_with_value(c->distance, out);
        }
    }
    if (isfinite(verdict->accuracy.value)) {
        begin(of, "estimated_accuracy", "", out);
        end_with_value(verdict->accuracy.value, out);
    }
}
