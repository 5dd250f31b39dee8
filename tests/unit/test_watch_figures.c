// SPDX-License-Identifier: Apache-2.0
#include "unit.h"
#include "watch/figures.h"
#include "watch/page.h"

#include <math.h>
#include <string.h>

/* A verdict on one column of numbers, with a name that every format has to escape. */
static gd_verdict verdict_of(gd_column_verdict *column, gd_column *reference, gd_column *current, gd_sketch *sketch)
{
    const double x[] = {1, 2, 6};
    gd_sketch_init(sketch, 1);
    gd_sketch_add(sketch, x, 3);
    strcpy(reference->name, "a\"b\\c");
    *current = *reference;
    current->sketch = sketch;
    *column = (gd_column_verdict){.reference = reference,
                                  .current = current,
                                  .compared = GD_COMPARED,
                                  .numbers = {.psi = 0.25, .wasserstein = INFINITY},
                                  .p = 0.5,
                                  .distance = 0.125,
                                  .alarm = true};
    return (gd_verdict){.items = 4,
                        .n_columns = 1,
                        .column = column,
                        .features_compared = GD_NOT_COMPARABLE,
                        .accuracy = {0.75, 0.1, 0.7, 0.8}};
}

TEST(escapes_for_prometheus)
{
    gd_column_verdict column;
    gd_column reference = {0}, current;
    static gd_sketch sketch;
    gd_text text = {0};
    const gd_verdict verdict = verdict_of(&column, &reference, &current, &sketch);
    const gd_watched window = {.to_ms = 5000, .violated = true, .accuracy = {0.75, 0.1, 0.7, 0.8}};
    gd_prometheus_print(&window, &verdict, 0.5, 2, &text);
    CHECK_CONTAINS(text.at, "griddle_monitor_violated 1\n");
    CHECK_CONTAINS(text.at, "griddle_monitor_column_psi{column=\"a\\\"b\\\\c\"} 0.25\n");
    CHECK_CONTAINS(text.at, "griddle_monitor_column_wasserstein{column=\"a\\\"b\\\\c\"} +Inf\n");
    CHECK_CONTAINS(text.at, "griddle_monitor_column_alarm{column=\"a\\\"b\\\\c\"} 1\n");
    CHECK_CONTAINS(text.at, "griddle_monitor_window_end_timestamp_seconds 5\n");
    CHECK_CONTAINS(text.at, "griddle_monitor_alerts_waiting 2\n");
    CHECK(!strstr(text.at, "features"));
    gd_text_release(&text);
}

TEST(says_what_cloudwatch_knows)
{
    gd_column_verdict column;
    gd_column reference = {0}, current;
    static gd_sketch sketch;
    gd_text text = {0};
    const gd_verdict verdict = verdict_of(&column, &reference, &current, &sketch);
    gd_cloudwatch_print(&(gd_cloudwatch){"e\"", "s", 3600000}, &verdict, &text);
    const char *dimensions = "\"Timestamp\":\"1970-01-01T01:00:00Z\",\"Dimensions\":[{\"Name\":\"Endpoint\",\"Value\":"
                             "\"e\\\"\"},{\"Name\":\"MonitoringSchedule\",\"Value\":\"s\"}]";
    CHECK_TEXT(
        text.at,
        unit_text("{\"MetricName\":\"feature_data_a\\\"b\\\\c\",%s,\"StatisticValues\":{\"SampleCount\":3,\"Sum\":9,"
                  "\"Minimum\":1,\"Maximum\":6}}\n"
                  "{\"MetricName\":\"feature_non_null_a\\\"b\\\\c\",%s,\"StatisticValues\":{\"SampleCount\":4,"
                  "\"Sum\":3,\"Minimum\":0,\"Maximum\":1}}\n"
                  "{\"MetricName\":\"feature_baseline_drift_a\\\"b\\\\c\",%s,\"Value\":0.125}\n"
                  "{\"MetricName\":\"estimated_accuracy\",%s,\"Value\":0.75}\n",
                  dimensions, dimensions, dimensions, dimensions));
    gd_text_release(&text);
}

TEST(lists_windows_and_escapes_their_words)
{
    gd_history history = {.lock = -1};
    gd_error error = {0};
    gd_text text = {0};
    gd_watched window = {.to_ms = 3600000, .result = GD_WATCHED_FAILED, .accuracy = {NAN, NAN, NAN, NAN}};
    gd_watched_say(&window, "<script>alert('x')</script> & \"more\"");
    CHECK_OK(gd_watch_page_print(&(gd_watch_page){&history, &window, "<b>captured", 0}, &text, &error), &error);
    CHECK_CONTAINS(text.at, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &#34;more&#34;");
    CHECK_CONTAINS(text.at, "&lt;b&gt;captured");
    CHECK(!strstr(text.at, "<script") && !strstr(text.at, "<b>captured"));
    CHECK(!strstr(text.at, "report.html")); /* there is none of a window that was not checked */
    gd_text_release(&text);
}

TEST(links_to_reports_that_are_there)
{
    gd_watched windows[] = {{.from_ms = 0, .to_ms = 3600000}, {.from_ms = 3600000, .to_ms = 7200000}},
               last = windows[1];
    gd_history history = {.lock = -1, .n = 2, .window = windows};
    gd_error error = {0};
    gd_text text = {0};
    last.from_ms = 7200000;
    last.to_ms = 10800000;
    CHECK_OK(gd_watch_page_print(&(gd_watch_page){&history, &last, "captured", 3600000}, &text, &error), &error);
    CHECK_CONTAINS(text.at, "href=\"1970-01-01T0200/report.html\"");
    CHECK_CONTAINS(text.at, "href=\"1970-01-01T0100/report.html\"");
    CHECK(!strstr(text.at, "1970-01-01T0000/report.html"));
    gd_text_release(&text);
}
