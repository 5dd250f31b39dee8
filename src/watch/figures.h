// SPDX-License-Identifier: Apache-2.0
/* A watch's figures for others' dashboards. docs/monitor-watch.md explains each.
 */
#ifndef GD_WATCH_FIGURES_H
#define GD_WATCH_FIGURES_H

#include "monitor/verdict.h"
#include "watch/watched.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Prometheus' text format 0.0.4, for node_exporter's textfile collector. `verdict` NULL: the window was not checked.
 * `seconds`: what the check took; `waiting`: alerts on their way. */
void gd_prometheus_print(const gd_watched *window, const gd_verdict *verdict, double seconds, int waiting,
                         gd_text *out);

/* Lines of cloudwatch_metrics.jsonl as the managed monitor's containers write them, with its names:
 *
 *     feature_data_COLUMN            StatisticValues of the window's numbers
 *     feature_non_null_COLUMN        StatisticValues of 1 for each item that has a value and 0 for each that has not
 *     feature_baseline_drift_COLUMN  Value: the distance from the baseline
 *     estimated_accuracy             Value, where there is an estimate: our own
 */
typedef struct gd_cloudwatch {
    const char *endpoint, *schedule; /* values of the dimensions Endpoint and MonitoringSchedule */
    int64_t time_ms;                 /* of the metrics */
} gd_cloudwatch;
void gd_cloudwatch_print(const gd_cloudwatch *of, const gd_verdict *verdict, gd_text *out);

#ifdef __cplusplus
}
#endif
#endif
