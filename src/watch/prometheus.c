// SPDX-License-Identifier: Apache-2.0
/* https://prometheus.io/docs/instrumenting/exposition_formats/; names and units as in
 * https://prometheus.io/docs/practices/naming/. */
#include "watch/figures.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void head(gd_text *out, const char *name, const char *kind, const char *help)
{
    gd_text_add(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void gauge(gd_text *out, const char *name, const char *help, double value)
{
    if (isnan(value))
        return;
    head(out, name, "gauge", help);
    gd_text_add(out, "%s %.15g\n", name, value);
}

/* A label's value: backslash, quote and newline escaped, what is no UTF-8 replaced. */
static void label(gd_text *out, const char *value)
{
    uint32_t character;
    for (size_t left = strlen(value), n; left > 0; left -= n, value += n) {
        n = (size_t)gd_utf8_decode(value, left, &character);
        if (n == 0) {
            n = 1;
            gd_text_add(out, "\xef\xbf\xbd");
        } else if (*value == '\n') {
            gd_text_add(out, "\\n");
        } else {
            gd_text_add(out, "%s%.*s", *value == '\\' || *value == '"' ? "\\" : "", (int)n, value);
        }
    }
}

static const char *name_of(const gd_column_verdict *c) { return c->reference ? c->reference->name : c->current->name; }

static bool is_numbers(const gd_column_verdict *c)
{
    return (c->reference ? c->reference : c->current)->kind != GD_COLUMN_NAMES;
}

static double psi_of(const gd_column_verdict *c) { return is_numbers(c) ? c->numbers.psi : c->categories.psi; }
static double wasserstein_of(const gd_column_verdict *c) { return is_numbers(c) ? c->numbers.wasserstein : NAN; }
static double distance_of(const gd_column_verdict *c) { return c->distance; }
static double p_of(const gd_column_verdict *c) { return c->p; }
static double alarm_of(const gd_column_verdict *c) { return c->alarm; }

static const struct {
    const char *name, *help;
    double (*of)(const gd_column_verdict *);
} columns[] = {
    {"griddle_monitor_column_psi", "Population stability index of a column against the baseline.", psi_of},
    {"griddle_monitor_column_wasserstein", "How far a column moved, in the baseline's deviations.", wasserstein_of},
    {"griddle_monitor_column_distance", "The managed monitor's distance of a column, 0 to 1.", distance_of},
    {"griddle_monitor_column_p", "Chance of so great a difference where nothing changed.", p_of},
    {"griddle_monitor_column_alarm", "1: the column is an alarm.", alarm_of},
};

static void print_columns(const gd_verdict *v, gd_text *out)
{
    for (size_t f = 0; f < sizeof columns / sizeof *columns; f++) {
        bool begun = false;
        for (int i = 0; i < v->n_columns; i++) {
            const double value = v->column[i].compared == GD_COMPARED ? columns[f].of(&v->column[i]) : NAN;
            if (isnan(value))
                continue;
            if (!begun)
                head(out, columns[f].name, "gauge", columns[f].help);
            begun = true;
            gd_text_add(out, "%s{column=\"", columns[f].name);
            label(out, name_of(&v->column[i]));
            if (isinf(value))
                gd_text_add(out, "\"} %cInf\n", value < 0 ? '-' : '+');
            else
                gd_text_add(out, "\"} %.9g\n", value);
        }
    }
}

static void print_verdict(const gd_verdict *v, gd_text *out)
{
    print_columns(v, out);
    if (v->features_compared == GD_COMPARED) {
        gauge(out, "griddle_monitor_features_distance", "How far the features' mean is from the baseline's.",
              v->features.distance);
        gauge(out, "griddle_monitor_features_p", "Chance of so great a distance where nothing changed.", v->features.p);
    }
}

void gd_prometheus_print(const gd_watched *window, const gd_verdict *verdict, double seconds, int waiting, gd_text *out)
{
    gauge(out, "griddle_monitor_violated", "1: the state is violated, 0: it is ok.", window->violated);
    head(out, "griddle_monitor_windows_total", "counter", "Windows, by what was found in them.");
    for (int i = 0; i < GD_WATCHED_RESULTS; i++)
        gd_text_add(out, "griddle_monitor_windows_total{result=\"%s\"} %" PRId64 "\n", gd_watched_result_names[i],
                    window->totals[i]);
    gauge(out, "griddle_monitor_window_end_timestamp_seconds", "Where the last window ended, since 1970.",
          (double)window->to_ms / 1000);
    gauge(out, "griddle_monitor_pictures", "Pictures of the last window.", (double)window->pictures);
    gauge(out, "griddle_monitor_violations", "Violations of the last window.", window->violations);
    gauge(out, "griddle_monitor_estimated_accuracy", "Accuracy of the last window, estimated without labels.",
          window->accuracy.value);
    gauge(out, "griddle_monitor_estimated_accuracy_low", "Lower end of its 95% interval.", window->accuracy.low);
    gauge(out, "griddle_monitor_estimated_accuracy_high", "Upper end of its 95% interval.", window->accuracy.high);
    gauge(out, "griddle_monitor_check_seconds", "What the last check took.", seconds);
    gauge(out, "griddle_monitor_alerts_waiting", "Alerts that were not delivered yet.", waiting);
    if (verdict)
        print_verdict(verdict, out);
}
