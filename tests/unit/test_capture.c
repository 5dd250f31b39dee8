// SPDX-License-Identifier: Apache-2.0
#include "captured.h"
#include "serve/capture.h"

#include "base/clock.h"
#include "base/file.h"

#include <math.h>
#include <pthread.h>

static gd_capture_options usual(void)
{
    return (gd_capture_options){.folder = unit_folder(),
                                .endpoint = "griddle",
                                .percent = 100.0,
                                .input = true,
                                .output = true,
                                .disk_percent = 100.0};
}

static gd_capture *open_capture(const gd_capture_options *options)
{
    gd_capture *capture;
    gd_error error = {0};
    CHECK_OK(gd_capture_open(options, &capture, &error), &error);
    return capture;
}

/* About three thousand bytes, as a picture has. */
static void put(gd_capture *capture, const char *event_id)
{
    static const char picture[3000];
    gd_capture_put(capture, &(gd_capture_record){.variant = "AllTraffic",
                                                 .input_type = "image/png",
                                                 .input = picture,
                                                 .input_bytes = sizeof picture,
                                                 .output_type = "application/json",
                                                 .output = "[0.97,0.03]",
                                                 .output_bytes = 11,
                                                 .event_id = event_id,
                                                 .time_ms = 1795741323456});
}

TEST(close_loses_nothing)
{
    const gd_capture_options options = usual();
    gd_capture *capture = open_capture(&options);
    for (int i = 0; i < 100; i++)
        put(capture, "e");
    CHECK_EQ_INT(gd_capture_count(capture).dropped, 0);
    gd_capture_close(capture);
    CHECK_EQ_INT(captured_count(captured_text(unit_folder()), "}\n"), 100);
}

typedef struct putter {
    pthread_t thread;
    gd_capture *capture;
    int number;
} putter;

static void *put_many(void *argument)
{
    const putter *p = argument;
    char id[32];
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "<%d.%d>", p->number, i);
        put(p->capture, id);
    }
    return NULL;
}

TEST(many_threads_lose_nothing)
{
    gd_capture_options options = usual();
    options.file_bytes = 1 << 20;
    gd_capture *capture = open_capture(&options);
    putter putters[4];
    for (int i = 0; i < 4; i++) {
        putters[i] = (putter){.capture = capture, .number = i};
        pthread_create(&putters[i].thread, NULL, put_many, &putters[i]);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(putters[i].thread, NULL);
    gd_capture_close(capture);

    const int n = captured_files(unit_folder());
    CHECK(n >= 8 && n < 12);
    int seen[4][500] = {{0}};
    for (int i = 0; i < n; i++) {
        const char *at = captured_file(captured.path[i]);
        for (int of, number; (at = strstr(at, "\"<")); at++) {
            CHECK(sscanf(at, "\"<%d.%d>", &of, &number) == 2);
            seen[of][number]++;
        }
    }
    for (int i = 0; i < 4 * 500; i++)
        CHECK_EQ_INT(seen[i / 500][i % 500], 1);
}

TEST(a_record_is_on_the_disk_within_seconds_and_idle_costs_nothing)
{
    const gd_capture_options options = usual();
    gd_capture *capture = open_capture(&options);
    const double start = gd_seconds();
    put(capture, "e");
    while (gd_capture_count(capture).records == 0 && gd_seconds() - start < 10.0)
        usleep(10000);
    CHECK(gd_seconds() - start < 3.0);
    CHECK_EQ_INT(captured_count(captured_text(unit_folder()), "}\n"), 1);

    struct timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    usleep(500000);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    CHECK((double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec) < 0.001);
    gd_capture_close(capture);
}

TEST(what_finds_no_room_is_counted)
{
    gd_capture_options options = usual();
    options.buffer_bytes = 2000; /* less than a record */
    gd_capture *capture = open_capture(&options);
    for (int i = 0; i < 50; i++)
        put(capture, "e");
    CHECK_EQ_INT(gd_capture_count(capture).dropped, 50);
    gd_capture_close(capture);
    CHECK_EQ_INT(captured_files(unit_folder()), 0);

    options.buffer_bytes = 10000; /* of which the writer may or may not make room in time */
    capture = open_capture(&options);
    for (int i = 0; i < 50; i++)
        put(capture, "e");
    gd_capture_end(capture);
    put(capture, "e");
    const gd_capture_counts counts = gd_capture_count(capture);
    gd_capture_close(capture);
    const int written = captured_count(captured_text(unit_folder()), "}\n");
    CHECK(written >= 3 && counts.dropped >= 1);
    CHECK_EQ_INT(counts.records, written);
    CHECK_EQ_INT(written + (long long)counts.dropped, 51);
}

TEST(a_disk_that_is_too_full_is_not_written)
{
    gd_capture_options options = usual();
    options.disk_percent = 0.000001;
    const int before = captured_listen();
    gd_capture *capture = open_capture(&options);
    const double start = gd_seconds();
    put(capture, "e");
    put(capture, "e");
    while (gd_capture_count(capture).refused < 2 && gd_seconds() - start < 10.0)
        usleep(10000);
    const gd_capture_counts counts = gd_capture_count(capture);
    gd_capture_close(capture);
    const char *said = captured_said(before);
    unlink(unit_path("said"));
    CHECK(counts.refused == 2 && counts.records == 0 && counts.bytes == 0);
    CHECK_EQ_INT(captured_files(unit_folder()), 0);
    CHECK_EQ_INT(captured_count(said, "\n"), 1);
    CHECK_CONTAINS(said, "capture stops: the disk of");
}

TEST(draws_as_many_as_asked)
{
    static const double percents[] = {0.0, 0.5, 20.0, 99.0, 100.0};
    for (int i = 0; i < 5; i++) {
        gd_capture_options options = usual();
        options.percent = percents[i];
        gd_capture *capture = open_capture(&options);
        const double p = percents[i] / 100.0;
        int n = 0;
        for (int trial = 0; trial < 100000; trial++)
            n += gd_capture_draw(capture);
        gd_capture_close(capture);
        CHECK_NEAR(n, 100000 * p, 6.0 * sqrt(100000 * p * (1.0 - p))); /* one false alarm in 10^9 */
    }
}

TEST(figures_and_modes_are_as_asked)
{
    gd_capture_options options = usual();
    options.input = false;
    gd_capture *capture = open_capture(&options);
    const gd_capture_record record = {.variant = "v",
                                      .input = "in",
                                      .input_bytes = 2,
                                      .output = "out",
                                      .output_bytes = 3,
                                      .event_id = "e",
                                      .figures = "{}"};
    gd_capture_put(capture, &record);
    gd_capture_close(capture);
    options.figures = true;
    capture = open_capture(&options);
    gd_capture_put(capture, &record);
    gd_capture_close(capture);
    const char *all = captured_text(unit_folder());
    CHECK_EQ_INT(captured_count(all, "endpointOutput"), 2);
    CHECK_EQ_INT(captured_count(all, "endpointInput"), 0);
    CHECK_EQ_INT(captured_count(all, ",\"griddle\":{}}\n"), 1);
}

TEST(a_half_line_of_a_killed_process_is_cut_off)
{
    gd_error error = {0};
    const gd_capture_options options = usual();
    CHECK_OK(gd_folder_make(unit_path("e/v/2026/11/27/01"), &error), &error);
    CHECK_OK(gd_file_write(unit_path("e/v/2026/11/27/01/f.jsonl"), "{}\n{\"", 5, &error), &error);
    const int before = captured_listen();
    gd_capture_close(open_capture(&options));
    CHECK_CONTAINS(captured_said(before), "cut a half line of 2 bytes off");
    CHECK_TEXT(captured_file(unit_path("e/v/2026/11/27/01/f.jsonl")), "{}\n");
}

TEST(after_the_end_no_file_is_open)
{
    const gd_capture_options options = usual();
    const int before = captured_descriptors(); /* not later, when the writer may be looking for half lines */
    gd_capture *capture = open_capture(&options);
    put(capture, "e");
    gd_capture_end(capture);
    CHECK_EQ_INT(captured_descriptors(), before);
    CHECK_EQ_INT(captured_count(captured_text(unit_folder()), "}\n"), 1);
    CHECK_EQ_INT(gd_capture_count(capture).records, 1);
    gd_capture_close(capture);
}

TEST(refuses_options_out_of_range)
{
    gd_capture *capture;
    gd_error error = {0};
    gd_capture_options options = usual();
    options.percent = 100.1;
    CHECK_FAILS(gd_capture_open(&options, &capture, &error), GD_INVALID, &error, "100.1%");
    options.percent = NAN;
    CHECK_FAILS(gd_capture_open(&options, &capture, &error), GD_INVALID, &error, "outside 0 to 100");
    options = usual();
    options.disk_percent = 101.0;
    CHECK_FAILS(gd_capture_open(&options, &capture, &error), GD_INVALID, &error, "101%");
    options = usual();
    options.file_seconds = -1.0;
    CHECK_FAILS(gd_capture_open(&options, &capture, &error), GD_INVALID, &error, "-1 seconds");
    options = usual();
    options.endpoint = "..";
    CHECK_FAILS(gd_capture_open(&options, &capture, &error), GD_INVALID, &error, "endpoint '..'");
    options.endpoint = NULL;
    CHECK_FAILS(gd_capture_open(&options, &capture, &error), GD_INVALID, &error, "no endpoint");
    CHECK(capture == NULL);
    gd_capture_close(NULL);
}

TEST(options_are_copied)
{
    char folder[512], endpoint[] = "one", type[] = "text/json";
    const char *types[] = {type, NULL};
    snprintf(folder, sizeof folder, "%s", unit_folder());
    gd_capture_options options = usual();
    options.folder = folder;
    options.endpoint = endpoint;
    options.json_types = types;
    gd_capture *capture = open_capture(&options);
    memset(folder, 'x', strlen(folder));
    memset(endpoint, 'x', strlen(endpoint));
    memset(type, 'x', strlen(type));
    types[0] = NULL;
    gd_capture_put(capture,
                   &(gd_capture_record){
                       .input_type = "text/json", .input = "[]", .input_bytes = 2, .output = "", .event_id = "e"});
    gd_capture_close(capture);
    CHECK_CONTAINS(captured_text(unit_path("one")), "\"data\":\"[]\",\"encoding\":\"JSON\"");
}
