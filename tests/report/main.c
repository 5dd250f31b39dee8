// SPDX-License-Identifier: Apache-2.0
/* Pages of checks that never happened: griddle-report-scenes FOLDER writes one for each scene. */
#include "report/report.h"
#include "scenes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVIL "<img src=x onerror=\"document.title=1\"></style><script>alert('&amp;')</script>\xe2\x80\xae\xff\n"

static const scene scenes[] = {
    {"fine", .baseline = 3000, .window = 1500, .classes = 10, .side = 32, .hours = 30},
    {"dark", .baseline = 3000, .window = 2400, .classes = 10, .side = 32, .hours = 60, .from = 0.55, .dim = 0.45,
     .broken = true},
    {"mix", .baseline = 3000, .window = 1800, .classes = 5, .side = 48, .hours = 200, .from = 0.3, .lean = 0.5},
    {"few", .baseline = 3000, .window = 3, .classes = 10, .side = 32, .hours = 3},
    {"tiny", .baseline = 6, .window = 1, .classes = 4, .side = 32, .hours = 1},
    {"some", .baseline = 3000, .window = 60, .classes = 2, .side = 64, .hours = 6},
    {"dead", .baseline = 3000, .window = 900, .classes = 10, .side = 32, .hours = 5, .dead = true},
    {"managed", .baseline = 2000, .window = 900, .columns = 8, .plain = true, .lost = true},
    {"plain", .baseline = 2000, .window = 900, .classes = 3, .side = 32, .hours = 0.6, .plain = true},
    {"empty", .baseline = 1000, .window = 0, .classes = 10, .side = 32, .broken = true},
    {"unknown", .baseline = 400, .window = 200, .classes = 10, .side = 32, .unknown = true},
    {"evil", .baseline = 1500, .window = 700, .classes = 1000, .side = 64, .hours = 9000, .lean = 0.3, .dim = 0.4,
     .broken = true, .evil = EVIL},
    {"wide", .baseline = 500, .window = 500, .columns = GD_PROFILE_COLUMNS, .evil = "\""},
};

static gd_status print(const scene *s, const gd_baseline *b, const gd_window *w, const char *path, gd_error *error)
{
    gd_arena arena = {0};
    gd_verdict verdict;
    gd_text text = {0};
    gd_report report = {
        .baseline = b,
        .window = w,
        .verdict = &verdict,
        .title = s->evil ? s->evil : "scones-unlimited / AllTraffic",
        .threshold = s->plain ? NAN : 0.6,
        .made_ms = 1780646400000,
    };
    for (int i = 0; s->broken && i < 3; i++)
        report.complaints[i] = s->evil
                                   ? s->evil
                                   : "capture/2026/06/01/09/17-23-551.jsonl:41: 'captureData' has no 'endpointOutput': "
                                     "is the capture mode InputOnly?";
    gd_status status = gd_verdict_make(b, w, &arena, &verdict, error);
    if (status == GD_OK)
        status = gd_report_print(&report, &text, error);
    FILE *file = status == GD_OK ? fopen(path, "wb") : NULL;
    if (status == GD_OK && (!file || fwrite(text.at, 1, text.length, file) != text.length))
        status = gd_fail(error, GD_IO, "cannot write '%s'", path);
    if (file && fclose(file) != 0)
        status = gd_fail(error, GD_IO, "cannot write '%s'", path);
    gd_text_release(&text);
    gd_arena_release(&arena);
    return status;
}

static gd_status make(const scene *s, const char *folder, gd_error *error)
{
    static gd_baseline baseline;
    static gd_window window;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.html", folder, s->name);
    gd_status status = scene_baseline(s, &baseline, error);
    if (status == GD_OK)
        status = scene_window(s, &baseline, &window, error);
    if (status == GD_OK)
        status = print(s, &baseline, &window, path, error);
    gd_window_release(&window);
    gd_baseline_release(&baseline);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: griddle-report-scenes FOLDER [SCENE]\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        gd_error error = {0};
        if ((argc < 3 || strcmp(argv[2], scenes[i].name) == 0) && make(&scenes[i], argv[1], &error) != GD_OK) {
            fprintf(stderr, "griddle-report-scenes: %s: %s\n", scenes[i].name, error.message);
            return 1;
        }
    }
    return 0;
}
