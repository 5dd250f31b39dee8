// SPDX-License-Identifier: Apache-2.0
/* Staging in tests: lines of a config's `data` section to a set that is open, or to the error that must come. */
#ifndef GD_TESTS_DATA_STAGE_H
#define GD_TESTS_DATA_STAGE_H

#include "data/stage.h"
#include "data/staged.h"
#include "data_files.h"

static inline gd_status stage_to(const char *out, const char *lines, bool *fresh, gd_error *error)
{
    gd_config config = data_config(lines);
    gd_arena arena = {0};
    gd_staging staging;
    gd_status status = gd_staging_find(&config, out, &arena, &staging, error);
    if (status == GD_OK)
        status = gd_stage(&config, &staging, NULL, fresh, error);
    gd_arena_release(&arena);
    gd_config_release(&config);
    return status;
}

/* Into the test's folder, with a cache of its own there. */
static inline gd_staged staged_of(const char *lines)
{
    gd_staged set;
    gd_error error = {0};
    bool fresh;
    const char *out = unit_path("set.safetensors");
    setenv("GRIDDLE_CACHE", unit_path("cache"), 1);
    CHECK_OK(stage_to(out, lines, &fresh, &error), &error);
    CHECK_OK(gd_staged_open(out, GD_OPEN_TRAIN | GD_OPEN_TEST, &set, &error), &error);
    return set;
}

/* Staging must fail so, and leave nothing. */
static inline void stage_fails(const char *lines, gd_status status, const char *text)
{
    gd_error error = {0};
    bool fresh;
    const char *out = unit_path("set.safetensors");
    setenv("GRIDDLE_CACHE", unit_path("cache"), 1);
    CHECK_FAILS(stage_to(out, lines, &fresh, &error), status, &error, text);
    CHECK(!gd_file_exists(out));
}

#endif
