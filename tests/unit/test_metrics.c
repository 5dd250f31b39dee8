// SPDX-License-Identifier: Apache-2.0
#include "serve/histogram.h"
#include "serve/metrics.h"
#include "unit.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const char *const two[] = {"bicycle", "motorcycle"};

static gd_metrics *make(void)
{
    gd_error error = {0};
    gd_metrics *metrics;
    CHECK_OK(gd_metrics_new(&metrics, &error), &error);
    return metrics;
}

static gd_variant_metrics *variant_of(gd_metrics *metrics, const char *name, const char *const *classes, int n)
{
    gd_error error = {0};
    gd_variant_metrics *variant;
    CHECK_OK(gd_metrics_variant(metrics, name, classes, n, &variant, &error), &error);
    return variant;
}

/* The text, until the next one is written. */
static const char *written(gd_metrics *metrics)
{
    static gd_text text;
    text.length = 0;
    gd_metrics_write(metrics, &text);
    CHECK(!text.failed);
    return text.at;
}

/* The value of a series, written as in the text; NAN: it is not there. */
static double value_of(const char *text, const char *series)
{
    const size_t length = strlen(series);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, series, length) == 0 && line[length] == ' ')
            return strtod(line + length, NULL);
    }
    return NAN;
}

static int occurrences(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

TEST(counts_a_request_where_it_came)
{
    gd_metrics *metrics = make();
    gd_variant_metrics *variant = variant_of(metrics, "AllTraffic", two, 2);
    const gd_request_times times = {
        .receive = 12000, .queue = 25000, .decode = 60001, .compute = 310000, .total = 420000};
    gd_metrics_request(variant, 200, &times, 2801, 25);
    gd_metrics_request(variant, 413, &(gd_request_times){.total = 70000000000u}, 100, 60);
    gd_metrics_request(variant, 1000, &(gd_request_times){.total = 1}, 0, 0);
    const char *text = written(metrics);
    CHECK_EQ_INT((long long)value_of(text, "griddle_requests_total{variant=\"AllTraffic\",code=\"200\"}"), 1);
    CHECK_EQ_INT((long long)value_of(text, "griddle_requests_total{variant=\"AllTraffic\",code=\"413\"}"), 1);
    CHECK_EQ_INT((long long)value_of(text, "griddle_requests_total{variant=\"AllTraffic\",code=\"0\"}"), 1);
    CHECK(isnan(value_of(text, "griddle_requests_total{variant=\"AllTraffic\",code=\"404\"}")));
    CHECK_EQ_INT((long long)value_of(text, "griddle_received_bytes_total{variant=\"AllTraffic\"}"), 2901);
    CHECK_EQ_INT((long long)value_of(text, "griddle_sent_bytes_total{variant=\"AllTraffic\"}"), 85);
    CHECK_CONTAINS(text, "griddle_request_duration_seconds_sum{variant=\"AllTraffic\"} 70.000420001\n");
    CHECK_CONTAINS(text, "griddle_request_duration_seconds_count{variant=\"AllTraffic\"} 3\n");
    CHECK_CONTAINS(text, "griddle_request_duration_seconds_bucket{variant=\"AllTraffic\",le=\"0.0004\"} 1\n");
    CHECK_CONTAINS(text, "griddle_request_duration_seconds_bucket{variant=\"AllTraffic\",le=\"0.0005\"} 2\n");
    CHECK_CONTAINS(text, "griddle_request_duration_seconds_bucket{variant=\"AllTraffic\",le=\"63\"} 2\n");
    CHECK_CONTAINS(text, "griddle_request_duration_seconds_bucket{variant=\"AllTraffic\",le=\"+Inf\"} 3\n");
    CHECK_CONTAINS(text, "griddle_receive_duration_seconds_bucket{variant=\"AllTraffic\",le=\"2e-05\"} 1\n");
    CHECK_CONTAINS(text, "griddle_queue_duration_seconds_bucket{variant=\"AllTraffic\",le=\"2e-05\"} 0\n");
    CHECK_CONTAINS(text, "griddle_queue_duration_seconds_bucket{variant=\"AllTraffic\",le=\"2.5e-05\"} 1\n");
    CHECK_CONTAINS(text, "griddle_decode_duration_seconds_sum{variant=\"AllTraffic\"} 0.000060001\n");
    CHECK_CONTAINS(text, "griddle_compute_duration_seconds_count{variant=\"AllTraffic\"} 1\n");
    gd_metrics_free(metrics);
}

TEST(counts_pictures_classes_and_the_queue)
{
    gd_metrics *metrics = make();
    gd_variant_metrics *variant = variant_of(metrics, "v", two, 2);
    gd_metrics_prediction(variant, 1, 0.975f);
    gd_metrics_prediction(variant, 1, 0.5f);
    gd_metrics_prediction(variant, 0, 1.0f);
    gd_metrics_prediction(variant, 0, NAN);
    gd_metrics_prediction(variant, 2, 2.0f);
    gd_metrics_batch(variant, 3);
    gd_metrics_batch(variant, 1000);
    gd_metrics_queue(variant, +1);
    gd_metrics_queue(variant, +1);
    gd_metrics_queue(variant, -1);
    const char *text = written(metrics);
    CHECK_CONTAINS(text, "griddle_predictions_total{variant=\"v\",class=\"bicycle\"} 2\n");
    CHECK_CONTAINS(text, "griddle_predictions_total{variant=\"v\",class=\"motorcycle\"} 2\n");
    CHECK_CONTAINS(text, "griddle_predictions_total{variant=\"v\",class=\"\"} 1\n");
    CHECK_CONTAINS(text, "griddle_confidence_sum{variant=\"v\"} 3.475000\n");
    CHECK_CONTAINS(text, "griddle_confidence_bucket{variant=\"v\",le=\"0.1\"} 1\n");
    CHECK_CONTAINS(text, "griddle_confidence_bucket{variant=\"v\",le=\"0.5\"} 2\n");
    CHECK_CONTAINS(text, "griddle_confidence_bucket{variant=\"v\",le=\"0.9\"} 2\n");
    CHECK_CONTAINS(text, "griddle_confidence_bucket{variant=\"v\",le=\"1\"} 5\n");
    CHECK_CONTAINS(text, "griddle_batch_size_bucket{variant=\"v\",le=\"2\"} 0\n");
    CHECK_CONTAINS(text, "griddle_batch_size_bucket{variant=\"v\",le=\"4\"} 1\n");
    CHECK_CONTAINS(text, "griddle_batch_size_bucket{variant=\"v\",le=\"+Inf\"} 2\n");
    CHECK_CONTAINS(text, "griddle_batch_size_sum{variant=\"v\"} 1003\n");
    CHECK_CONTAINS(text, "griddle_queue_depth{variant=\"v\"} 1\n");
    gd_metrics_free(metrics);
}

TEST(bounds_of_seconds_ascend_in_steps_of_at_most_28_percent)
{
    const gd_histogram_scale *scale = &gd_scale_seconds;
    CHECK_EQ_INT((long long)scale->bound[0], 20000);
    CHECK_EQ_INT((long long)scale->bound[scale->n - 1], 63000000000);
    for (int i = 1; i < scale->n; i++) {
        CHECK(scale->bound[i] > scale->bound[i - 1]);
        CHECK((double)scale->bound[i] <= 1.2801 * (double)scale->bound[i - 1]);
    }
}

TEST(a_value_counts_at_its_bound_and_above_it_one_further)
{
    for (int i = 0; i < gd_scale_seconds.n; i++) {
        gd_histogram histogram = {0};
        gd_histogram_add(&histogram, &gd_scale_seconds, gd_scale_seconds.bound[i]);
        CHECK_EQ_INT((long long)histogram.bucket[i], 1);
        gd_histogram_add(&histogram, &gd_scale_seconds, gd_scale_seconds.bound[i] + 1);
        CHECK_EQ_INT((long long)histogram.bucket[i + 1], 1);
    }
}

TEST(names_are_escaped_and_two_that_look_the_same_are_one)
{
    gd_metrics *metrics = make();
    const char *const classes[] = {"a\"b\\c\nd", "\xff", "\xfe", "gr\xc3\xb6\xc3\x9f"};
    gd_variant_metrics *variant = variant_of(metrics, "m\"\xc0", classes, 4);
    CHECK(variant_of(metrics, "m\"\xc1", classes, 4) == variant);
    for (int i = 0; i < 4; i++)
        gd_metrics_prediction(variant, i, 1.0f);
    const char *text = written(metrics);
    CHECK_CONTAINS(text, "{variant=\"m\\\"\xef\xbf\xbd\",class=\"a\\\"b\\\\c\\nd\"} 1\n");
    CHECK_CONTAINS(text, ",class=\"\xef\xbf\xbd\"} 2\n");
    CHECK_CONTAINS(text, ",class=\"gr\xc3\xb6\xc3\x9f\"} 1\n");
    gd_metrics_free(metrics);
}

TEST(a_model_of_other_classes_counts_by_their_names)
{
    gd_metrics *metrics = make();
    const char *const turned[] = {"motorcycle", "scooter"};
    gd_variant_metrics *before = variant_of(metrics, "v", two, 2), *after = variant_of(metrics, "v", turned, 2);
    CHECK(before != after);
    CHECK(variant_of(metrics, "v", two, 2) == before);
    CHECK(variant_of(metrics, "v", two, 1) != before);
    gd_metrics_prediction(before, 1, 0.9f);
    gd_metrics_prediction(after, 0, 0.9f);
    gd_metrics_prediction(after, 1, 0.9f);
    gd_metrics_request(before, 200, &(gd_request_times){.total = 1}, 1, 1);
    gd_metrics_request(after, 200, &(gd_request_times){.total = 1}, 1, 1);
    gd_metrics_reload(after, 0);
    gd_metrics_reload(after, 1);
    gd_metrics_reload(after, 1);
    const char *text = written(metrics);
    CHECK_CONTAINS(text, "{variant=\"v\",class=\"bicycle\"} 0\n");
    CHECK_CONTAINS(text, "{variant=\"v\",class=\"motorcycle\"} 2\n");
    CHECK_CONTAINS(text, "{variant=\"v\",class=\"scooter\"} 1\n");
    CHECK_CONTAINS(text, "griddle_requests_total{variant=\"v\",code=\"200\"} 2\n");
    CHECK_CONTAINS(text, "griddle_reloads_total{variant=\"v\",result=\"taken\"} 1\n");
    CHECK_CONTAINS(text, "griddle_reloads_total{variant=\"v\",result=\"refused\"} 2\n");
    gd_metrics_free(metrics);
}

TEST(says_which_model_answers)
{
    gd_metrics *metrics = make();
    gd_error error = {0};
    gd_variant_metrics *variant = variant_of(metrics, "v", two, 2);
    CHECK(!strstr(written(metrics), "griddle_model_info{"));
    const char *const first[] = {"file", "a\\b.safetensors", "classes", "2", NULL};
    CHECK_OK(gd_metrics_model(metrics, variant, first, &error), &error);
    CHECK_CONTAINS(written(metrics), "griddle_model_info{variant=\"v\",file=\"a\\\\b.safetensors\",classes=\"2\"} 1\n");
    CHECK_OK(gd_metrics_model(metrics, variant, (const char *const[]){"file", "c", NULL}, &error), &error);
    const char *text = written(metrics);
    CHECK_CONTAINS(text, "griddle_model_info{variant=\"v\",file=\"c\"} 1\n");
    CHECK_EQ_INT(occurrences(text, "griddle_model_info{"), 1);
    CHECK_CONTAINS(text, "griddle_build_info{version=\"" GRIDDLE_VERSION "\"} 1\n");
    CHECK_OK(gd_metrics_model(metrics, variant, NULL, &error), &error);
    CHECK(!strstr(written(metrics), "griddle_model_info{"));
    gd_metrics_free(metrics);
}

TEST(variants_and_classes_have_a_bound)
{
    enum { CLASSES = 3000, NAMES = GD_METRICS_VARIANTS + 20 };
    gd_metrics *metrics = make();
    static const char *classes[CLASSES];
    for (int i = 0; i < CLASSES; i++)
        classes[i] = unit_text("class %d", i);
    gd_variant_metrics *large = variant_of(metrics, "large", classes, CLASSES);
    for (int i = 0; i < CLASSES; i++)
        gd_metrics_prediction(large, i, 1.0f);
    for (int i = 1; i < NAMES; i++)
        gd_metrics_request(variant_of(metrics, unit_text("model-%d", i), NULL, 0), 200, &(gd_request_times){.total = 1},
                           0, 0);
    const char *text = written(metrics);
    CHECK_EQ_INT(occurrences(text, "\ngriddle_predictions_total{variant=\"large\""), GD_METRICS_CLASSES + 1);
    CHECK_CONTAINS(text, unit_text("variant=\"large\",class=\"\"} %d\n", CLASSES - GD_METRICS_CLASSES));
    CHECK_EQ_INT(occurrences(text, "\ngriddle_queue_depth{"), GD_METRICS_VARIANTS + 1);
    CHECK_CONTAINS(text, "griddle_requests_total{variant=\"\",code=\"200\"} 20\n");
    CHECK(variant_of(metrics, "large", classes, CLASSES) == large);
    gd_error error = {0};
    gd_variant_metrics *late = variant_of(metrics, "late", two, 2);
    CHECK_OK(gd_metrics_model(metrics, late, (const char *const[]){"file", "x", NULL}, &error), &error);
    CHECK(!strstr(written(metrics), "griddle_model_info{"));
    gd_metrics_free(metrics);
}

static double answer(void *context) { return *(const double *)context; }

TEST(takes_numbers_that_others_keep)
{
    gd_metrics *metrics = make();
    gd_error error = {0};
    double dropped = 3, fill = 0.25;
    const gd_metrics_source counter = {"griddle_capture_dropped_total", "counter", "Left out.", answer, &dropped};
    CHECK_OK(gd_metrics_add(metrics, counter, &error), &error);
    const gd_metrics_source gauge = {"griddle_capture_fill_ratio", "gauge", "How full.", answer, &fill};
    CHECK_OK(gd_metrics_add(metrics, gauge, &error), &error);
    dropped = 4;
    CHECK_CONTAINS(written(metrics), "# HELP griddle_capture_dropped_total Left out.\n"
                                     "# TYPE griddle_capture_dropped_total counter\n"
                                     "griddle_capture_dropped_total 4\n");
    CHECK_CONTAINS(written(metrics), "griddle_capture_fill_ratio 0.25\n");
    CHECK_FAILS(gd_metrics_add(metrics, counter, &error), GD_INVALID, &error,
                "metric 'griddle_capture_dropped_total' is there already");
    const char *const refused[][3] = {
        {"griddle_queue_depth", "gauge", "is there already"},
        {"griddle_x", "counter", "_total"},
        {"_total", "counter", "_total"},
        {"9_total", "counter", "no name"},
        {"a b", "gauge", "no name"},
        {"", "gauge", "no name"},
        {"x", "histogram", "is a 'histogram'"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const gd_metrics_source bad = {refused[i][0], refused[i][1], "", answer, &fill};
        CHECK_FAILS(gd_metrics_add(metrics, bad, &error), GD_INVALID, &error, refused[i][2]);
    }
    gd_metrics_free(metrics);
}

TEST(knows_the_process_even_when_no_descriptor_is_left)
{
    gd_metrics *metrics = make();
    const int before = (int)value_of(written(metrics), "process_open_fds");
    struct rlimit limit, small = {.rlim_cur = 64};
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    small.rlim_max = limit.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &small) == 0);
    int taken[64], n = 0;
    while (n < 64 && (taken[n] = dup(STDIN_FILENO)) >= 0)
        n++;
    const char *text = written(metrics);
    for (int i = 0; i < n; i++)
        close(taken[i]);
    setrlimit(RLIMIT_NOFILE, &limit);
    CHECK(n < 64);
    CHECK_EQ_INT((long long)value_of(text, "process_open_fds"), before + n);
    CHECK_EQ_INT((long long)value_of(text, "process_max_fds"), 64);
    CHECK(value_of(text, "process_cpu_seconds_total") > 0);
    CHECK(value_of(text, "process_resident_memory_bytes") > 100e3);
    CHECK(value_of(text, "process_virtual_memory_bytes") > value_of(text, "process_resident_memory_bytes"));
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const double age = (double)now.tv_sec - value_of(text, "process_start_time_seconds");
    CHECK(age > -2 && age < 600);
    gd_metrics_free(metrics);
}

enum { THREADS = 4, ROUNDS = 200000 };

static void *count_requests(void *argument)
{
    gd_variant_metrics *variant = argument;
    const gd_request_times times = {
        .receive = 1, .queue = 30000, .decode = 500000, .compute = 7000000, .total = 8000000};
    for (int i = 0; i < ROUNDS; i++) {
        gd_metrics_queue(variant, +1);
        gd_metrics_queue(variant, -1);
        gd_metrics_prediction(variant, i % 2, 0.5f);
        gd_metrics_request(variant, 200, &times, 3, 2);
    }
    return NULL;
}

TEST(many_threads_count_while_the_text_is_made_and_models_come)
{
    gd_metrics *metrics = make();
    gd_variant_metrics *variant = variant_of(metrics, "v", two, 2);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, count_requests, variant) == 0);
    for (int i = 0; i < 20; i++) {
        gd_error error = {0};
        const char *text = written(metrics);
        CHECK(value_of(text, "griddle_decode_duration_seconds_count{variant=\"v\"}") ==
              value_of(text, "griddle_decode_duration_seconds_bucket{variant=\"v\",le=\"+Inf\"}"));
        const char *const other[] = {unit_text("class %d", i)};
        gd_metrics_prediction(variant_of(metrics, "v", other, 1), 0, 1.0f);
        CHECK_OK(gd_metrics_model(metrics, variant, (const char *const[]){"file", other[0], NULL}, &error), &error);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const char *text = written(metrics);
    CHECK_EQ_INT((long long)value_of(text, "griddle_requests_total{variant=\"v\",code=\"200\"}"), THREADS * ROUNDS);
    CHECK_EQ_INT((long long)value_of(text, "griddle_queue_depth{variant=\"v\"}"), 0);
    CHECK_EQ_INT((long long)value_of(text, "griddle_sent_bytes_total{variant=\"v\"}"), 2 * THREADS * ROUNDS);
    CHECK_EQ_INT((long long)value_of(text, "griddle_compute_duration_seconds_sum{variant=\"v\"}"),
                 THREADS * ROUNDS * 7 / 1000);
    CHECK_EQ_INT((long long)value_of(text, "griddle_predictions_total{variant=\"v\",class=\"bicycle\"}"),
                 THREADS * ROUNDS / 2);
    gd_metrics_free(metrics);
}
