// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a baseline's constraints.json, statistics.json or baseline.safetensors (the first byte says which): an
 * error that names its place, or what can be written, read again as the same, and judged. */
#include "format/own.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct memory_file {
    int file;
    char path[64];
} memory_file;

static memory_file put(const void *data, size_t size)
{
    memory_file f = {.file = memfd_create("baseline", MFD_CLOEXEC)};
    if (f.file < 0 || write(f.file, data, size) != (ssize_t)size)
        abort();
    snprintf(f.path, sizeof f.path, "/proc/self/fd/%d", f.file);
    return f;
}

static void check_refused(gd_status status, const gd_error *error)
{
    if ((status != GD_FORMAT && status != GD_INVALID && status != GD_UNSUPPORTED) || !error->message[0])
        abort();
}

static void try_rules(const char *path)
{
    gd_rules rules, again;
    gd_error error = {0};
    gd_text first = {0}, second = {0};
    const gd_status status = gd_rules_read(path, &rules, &error);
    if (status != GD_OK) {
        check_refused(status, &error);
        return;
    }
    gd_rules_print(&rules, &first);
    const memory_file f = put(first.at, first.length);
    if (gd_rules_read(f.path, &again, &error) != GD_OK)
        abort();
    gd_rules_print(&again, &second);
    if (strcmp(first.at, second.at) != 0)
        abort();
    close(f.file);
    gd_text_release(&first);
    gd_text_release(&second);
    gd_arena_release(&rules.arena);
    gd_arena_release(&again.arena);
}

/* Whatever its seal says: nobody hits that by chance. */
static gd_status try_tensors(const char *path, gd_baseline *baseline, gd_error *error)
{
    gd_safetensors file;
    GD_TRY(gd_safetensors_open(path, &file, error));
    const gd_status status = gd_unpack(&file, baseline, error);
    gd_safetensors_close(&file);
    return status;
}

/* Against a window that has the same columns. */
static void judge(gd_baseline *baseline)
{
    gd_window window = {0};
    gd_verdict verdict;
    gd_arena arena = {0};
    gd_error error = {0};
    gd_text out = {0};
    if (gd_rules_of(&baseline->profile, 1, 100, &baseline->rules, &error) != GD_OK ||
        gd_window_init(&window, baseline, 1, &error) != GD_OK)
        abort();
    if (gd_profile_merge(&window.profile, &baseline->profile, &error) != GD_OK && error.status != GD_INVALID)
        abort();
    if (gd_verdict_make(baseline, &window, &arena, &verdict, &error) != GD_OK || !gd_verdict_summary(&verdict, &arena))
        abort();
    gd_statistics_print(&baseline->profile, &out);
    gd_verdict_print_json(&verdict, baseline, &window, &out);
    gd_verdict_print(&verdict, baseline, &window, &out);
    if (out.failed)
        abort();
    gd_text_release(&out);
    gd_arena_release(&arena);
    gd_window_release(&window);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gd_baseline baseline = {0};
    gd_error error = {0};
    gd_status status = GD_OK;
    if (size == 0)
        return 0;
    const memory_file f = put(data + 1, size - 1);
    if (*data % 3 == 0)
        try_rules(f.path);
    else
        status = *data % 3 == 1 ? gd_statistics_read(f.path, &baseline.profile, &error)
                                : try_tensors(f.path, &baseline, &error);
    if (status != GD_OK)
        check_refused(status, &error);
    else if (*data % 3 != 0)
        judge(&baseline);
    gd_baseline_release(&baseline);
    close(f.file);
    return 0;
}
