// SPDX-License-Identifier: Apache-2.0
#include "train/checkpoint.h"

#include "base/text.h"
#include "store/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION "1"
enum { STATE_FIELDS = sizeof(gd_train_state) / sizeof(double) };

static const struct {
    const char *name;
    gd_space space;
} planes[] = {{"param", GD_SPACE_PARAM},
              {"moment1", GD_SPACE_MOMENT1},
              {"moment2", GD_SPACE_MOMENT2},
              {"average", GD_SPACE_AVERAGE}};
enum { PLANES = sizeof planes / sizeof *planes };

static gd_type real_of(const gd_train_set *set) { return set->precision == GD_F64 ? GD_F64 : GD_F32; }

/* A tensor for every segment of every plane of the set: `entry` has room for PLANES * segments. Moments belong to
 * trained parameters only. */
static int list_tensors(const gd_train_set *set, gd_arena *arena, gd_tensor_entry *entry)
{
    int n_segments, n = 0;
    const gd_segment *segments = gd_plan_set_segments(set->plans, &n_segments);
    gd_type real = real_of(set);
    for (int p = 0; p < PLANES; p++) {
        char *block = gd_plan_set_space(set->plans, planes[p].space);
        bool moments = planes[p].space == GD_SPACE_MOMENT1 || planes[p].space == GD_SPACE_MOMENT2;
        for (int i = 0; block && i < n_segments; i++) {
            if (moments && segments[i].role == GD_ROLE_RUNNING)
                continue;
            gd_desc desc = segments[i].desc;
            desc.type = real;
            entry[n].name = gd_arena_printf(arena, "%s/%s", planes[p].name, segments[i].name);
            entry[n].desc = desc;
            entry[n].data = block + (size_t)segments[i].offset * gd_type_bytes(real);
            entry[n++].bytes = gd_desc_bytes(desc);
        }
    }
    return n;
}

/* What the bits of a run depend on besides config and kernels. */
static void describe_machine(const gd_train_set *set, gd_text *out)
{
    gd_text_add(out, "version %s\nprecision %s\nthreads %d\n", GRIDDLE_VERSION, gd_type_name(set->precision),
                gd_plan_set_plan(set->plans, 0)->step[0].ctx->threads);
}

gd_status gd_checkpoint_save(const char *path, const gd_train_set *set, const gd_train_state *state,
                             const gd_config *config, const char *data, gd_error *error)
{
    gd_arena arena = {0};
    gd_text config_text = {0}, machine = {0}, kernels = {0};
    gd_status status = GD_OK;
    int n_segments, n;
    gd_plan_set_segments(set->plans, &n_segments);
    gd_tensor_entry *entry = gd_arena_alloc(&arena, (size_t)(PLANES * n_segments + 1), sizeof *entry);
    gd_attr *metadata = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    if (!entry || !metadata) {
        status = gd_fail(error, GD_NOMEM, "out of memory for a checkpoint");
        goto done;
    }
    for (int p = 0; p < PLANES; p++)
        GD_TRY_TO(done, gd_plan_set_pull(set->plans, planes[p].space, error));
    /* wide types come first, so that every tensor lies at a multiple of its type */
    entry[0] = (gd_tensor_entry){"state", gd_desc_1(GD_F64, STATE_FIELDS), state, sizeof *state};
    n = 1 + list_tensors(set, &arena, entry + 1);
    GD_TRY_TO(done, gd_config_print(config, &config_text));
    describe_machine(set, &machine);
    gd_plan_print_kernels(set->plans, &kernels);
    GD_TRY_TO(done, gd_text_status(&machine, error));
    GD_TRY_TO(done, gd_text_status(&kernels, error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "format", "griddle-checkpoint", error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "format_version", FORMAT_VERSION, error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "config", config_text.at, error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "data", data, error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "machine", machine.at, error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "kernels", kernels.at, error));
    status = gd_safetensors_write(path, entry, n, metadata, error);
done:
    gd_text_release(&config_text);
    gd_text_release(&machine);
    gd_text_release(&kernels);
    gd_arena_release(&arena);
    return status;
}

/* The first line in which two texts differ: its two forms without the line's end. True when they do. */
static bool first_difference(const char *a, const char *b, char *line_a, char *line_b, size_t bytes,
                             const char *ignored_key)
{
    while (*a || *b) {
        size_t length_a = strcspn(a, "\n"), length_b = strcspn(b, "\n");
        bool same = length_a == length_b && memcmp(a, b, length_a) == 0;
        const char *key = a + strspn(a, " ");
        bool ignored = ignored_key && strncmp(key, ignored_key, strlen(ignored_key)) == 0;
        if (!same && !ignored) {
            snprintf(line_a, bytes, "%.*s", (int)(length_a - strspn(a, " ")), a + strspn(a, " "));
            snprintf(line_b, bytes, "%.*s", (int)(length_b - strspn(b, " ")), b + strspn(b, " "));
            return true;
        }
        a += length_a + (a[length_a] == '\n');
        b += length_b + (b[length_b] == '\n');
    }
    return false;
}

static gd_status compare_config(const gd_safetensors *file, const char *path, const gd_config *config, gd_error *error)
{
    gd_text now = {0};
    char was_line[200], now_line[200];
    const char *was = gd_safetensors_metadata(file, "config");
    gd_status status = gd_config_print(config, &now);
    if (status == GD_OK && !was)
        status = gd_fail(error, GD_FORMAT, "%s: no config in this checkpoint", path);
    else if (status == GD_OK && first_difference(was, now.at, was_line, now_line, sizeof was_line, "epochs:"))
        status = gd_fail(error, GD_INVALID,
                         "cannot resume %s with another config: it was made with '%s', now it is '%s'; only "
                         "train.epochs may change",
                         path, was_line, now_line);
    gd_text_release(&now);
    return status;
}

/* Opens a checkpoint of this config and these images. Close `file` whatever comes back. */
static gd_status open_checkpoint(const char *path, const gd_config *config, const char *data, gd_safetensors *file,
                                 gd_error *error)
{
    GD_TRY(gd_safetensors_open(path, file, error));
    const char *format = gd_safetensors_metadata(file, "format");
    if (!format || strcmp(format, "griddle-checkpoint") != 0)
        return gd_fail(error, GD_FORMAT, "%s: not a checkpoint of griddle", path);
    GD_TRY(compare_config(file, path, config, error));
    const gd_tensor_entry *entry;
    gd_train_state state;
    GD_TRY(gd_safetensors_require(file, "state", gd_desc_1(GD_F64, STATE_FIELDS), &entry, error));
    memcpy(&state, entry->data, sizeof state);
    if (state.epoch > config->train.epochs)
        return gd_fail(error, GD_INVALID, "cannot resume %s: %.0f epochs are done, train.epochs is %d", path,
                       state.epoch, config->train.epochs);
    const char *its = gd_safetensors_metadata(file, "data");
    if (data && (!its || strcmp(its, data) != 0))
        return gd_fail(error, GD_INVALID,
                       "cannot resume %s: it was trained on other images (%s; now %s); name another --out", path,
                       its ? its : "it does not say which", data);
    return GD_OK;
}

gd_status gd_checkpoint_check(const char *path, const gd_config *config, const char *data, gd_error *error)
{
    gd_safetensors file = {0};
    gd_status status = open_checkpoint(path, config, data, &file, error);
    gd_safetensors_close(&file);
    return status;
}

gd_status gd_checkpoint_kernels(const char *path, gd_arena *arena, const char **kernels, gd_error *error)
{
    gd_safetensors file = {0};
    gd_status status = gd_safetensors_open(path, &file, error);
    if (status == GD_OK) {
        const char *recorded = gd_safetensors_metadata(&file, "kernels");
        *kernels = gd_arena_text(arena, recorded ? recorded : "");
        if (!*kernels)
            status = gd_fail(error, GD_NOMEM, "out of memory for a checkpoint's kernels");
    }
    gd_safetensors_close(&file);
    return status;
}

/* What is not as it was when the checkpoint was made. */
static void compare_machine(const gd_safetensors *file, const gd_train_set *set, gd_text *note)
{
    gd_text now[2] = {0};
    static const char *const keys[] = {"machine", "kernels"};
    describe_machine(set, &now[0]);
    gd_plan_print_kernels(set->plans, &now[1]);
    for (int i = 0; i < 2; i++) {
        char was_line[200], now_line[200];
        const char *was = gd_safetensors_metadata(file, keys[i]);
        if (was && now[i].at && first_difference(was, now[i].at, was_line, now_line, sizeof was_line, NULL))
            gd_text_add(note, "%s'%s' was '%s'", note->length ? ", " : "", now_line, was_line);
        gd_text_release(&now[i]);
    }
    if (note->length)
        gd_text_add(note, " when the checkpoint was made: the final bits may differ");
}

gd_status gd_checkpoint_load(const char *path, const gd_train_set *set, gd_train_state *state, const gd_config *config,
                             const char *data, gd_text *note, gd_error *error)
{
    gd_safetensors file = {0};
    gd_arena arena = {0};
    gd_status status;
    int n_segments, n;
    gd_plan_set_segments(set->plans, &n_segments);
    gd_tensor_entry *wanted = gd_arena_alloc(&arena, (size_t)(PLANES * n_segments + 1), sizeof *wanted);
    const gd_tensor_entry *found;
    if (!wanted) {
        status = gd_fail(error, GD_NOMEM, "out of memory for the list of a checkpoint's tensors");
        goto done;
    }
    GD_TRY_TO(done, open_checkpoint(path, config, data, &file, error));
    for (int p = 0; p < PLANES; p++)
        GD_TRY_TO(done, gd_plan_set_pull(set->plans, planes[p].space, error));
    n = list_tensors(set, &arena, wanted);
    for (int i = 0; i < n; i++) /* all are checked before any is taken */
        GD_TRY_TO(done, gd_safetensors_require(&file, wanted[i].name, wanted[i].desc, &found, error));
    GD_TRY_TO(done, gd_safetensors_require(&file, "state", gd_desc_1(GD_F64, STATE_FIELDS), &found, error));
    memcpy(state, found->data, sizeof *state);
    for (int i = 0; i < n; i++)
        memcpy((void *)wanted[i].data, gd_safetensors_find(&file, wanted[i].name)->data, wanted[i].bytes);
    for (int p = 0; p < PLANES; p++)
        GD_TRY_TO(done, gd_plan_set_push(set->plans, planes[p].space, error));
    gd_plan_set_touch(set->plans);
    compare_machine(&file, set, note);
done:
    gd_safetensors_close(&file);
    gd_arena_release(&arena);
    return status;
}

gd_status gd_parameters_save(const char *path, const gd_train_set *set, gd_error *error)
{
    gd_arena arena = {0};
    gd_status status = GD_OK;
    int n_segments;
    const gd_segment *segments = gd_plan_set_segments(set->plans, &n_segments);
    gd_space space = gd_plan_set_bytes(set->plans, GD_SPACE_AVERAGE) ? GD_SPACE_AVERAGE : GD_SPACE_PARAM;
    GD_TRY(gd_plan_set_pull(set->plans, space, error));
    const char *block = gd_plan_set_space(set->plans, space);
    gd_tensor_entry *entry = gd_arena_alloc(&arena, (size_t)n_segments + 1, sizeof *entry);
    gd_attr *metadata = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    if (!entry || !metadata) {
        status = gd_fail(error, GD_NOMEM, "out of memory for parameters");
        goto done;
    }
    for (int i = 0; i < n_segments; i++) {
        gd_desc desc = segments[i].desc;
        desc.type = real_of(set);
        entry[i] = (gd_tensor_entry){
            segments[i].name, desc, block + (size_t)segments[i].offset * gd_type_bytes(desc.type), gd_desc_bytes(desc)};
    }
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "format", "griddle-parameters", error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "format_version", FORMAT_VERSION, error));
    status = gd_safetensors_write(path, entry, n_segments, metadata, error);
done:
    gd_arena_release(&arena);
    return status;
}
