// SPDX-License-Identifier: Apache-2.0
/* Nets against PyTorch. tools/make-golden-nets.py has a net described, computes it in double and leaves a golden file:
 *
 *     loss, <parameter> …     F64: the loss, and its gradient by every trained parameter
 *     metadata                `seed`, and the `config` of that seed as it was then
 *
 * Parameters and inputs follow from the seed and are not in it. */
#include "nets.h"
#include "store/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parameters and inputs of a lowered net, in the arena; they borrow its memory. */
static gd_status list_tensors(const nets_lowered *lowered, gd_arena *arena, gd_tensor_entry **tensors, int *count,
                              gd_error *error)
{
    static const char *const inputs[] = {"targets", "draws", "images"}; /* behind wider types, as the format wants */
    int n;
    const gd_segment *segments = gd_plan_set_segments(lowered->set, &n);
    const char *masters = gd_plan_set_space(lowered->set, GD_SPACE_PARAM);
    gd_tensor_entry *to = *tensors = gd_arena_alloc(arena, (size_t)n + 3, sizeof *to);
    if (!to)
        return gd_fail(error, GD_NOMEM, "out of memory");
    for (int i = 0; i < n; i++, to++) {
        to->name = segments[i].name;
        to->desc = segments[i].desc;
        to->desc.type = lowered->real;
        to->data = masters + (size_t)segments[i].offset * gd_type_bytes(lowered->real);
    }
    for (int i = 0; i < 3; i++, to++) {
        to->name = inputs[i];
        to->data = gd_plan_value(lowered->set, 0, inputs[i], &to->desc);
    }
    *count = n + 3;
    return GD_OK;
}

gd_status nets_describe(const nets_case *net, const char *path, gd_error *error)
{
    nets_lowered lowered;
    gd_text config = {0}, graph = {0};
    gd_arena arena = {0};
    gd_tensor_entry *tensors = NULL;
    int n = 0;
    gd_attr *metadata = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    gd_status status;
    GD_TRY_TO(done, nets_lower(net, &nets_truth, &lowered, error));
    nets_print(net, &config);
    GD_TRY_TO(done, gd_net_print_json(lowered.net, &graph));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "config", config.at, error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "graph", graph.at, error));
    GD_TRY_TO(done, list_tensors(&lowered, &arena, &tensors, &n, error));
    status = gd_safetensors_write(path, tensors, n, metadata, error);
done:
    gd_text_release(&config);
    gd_text_release(&graph);
    gd_arena_release(&arena);
    nets_lowered_release(&lowered);
    return status;
}

/* The net that a golden file is of. FORMAT where its seed gives another one by now. */
static gd_status find_net(const gd_safetensors *file, nets_case *net, gd_error *error)
{
    const char *seed = gd_safetensors_metadata(file, "seed"), *config = gd_safetensors_metadata(file, "config");
    if (!seed || !config)
        return gd_fail(error, GD_FORMAT, "'%s' names no seed or has no config", file->name);
    nets_generate(strtoull(seed, NULL, 10), net);
    gd_text now = {0};
    nets_print(net, &now);
    gd_status status = gd_text_status(&now, error);
    if (status == GD_OK && strcmp(now.at, config) != 0)
        status = gd_fail(error, GD_FORMAT, "'%s' is of another net than seed %s gives: run tools/make-golden-nets.py",
                         file->name, seed);
    gd_text_release(&now);
    return status;
}

/* What PyTorch answers, laid out as `like`, whose segments it borrows. */
static gd_status read_answer(const gd_safetensors *file, const nets_answer *like, nets_answer *want, gd_error *error)
{
    const gd_tensor_entry *entry;
    *want = (nets_answer){.n = like->n, .n_segments = like->n_segments, .segment = like->segment};
    want->gradient = calloc((size_t)like->n + 1, sizeof *want->gradient);
    if (!want->gradient)
        return gd_fail(error, GD_NOMEM, "out of memory");
    GD_TRY(gd_safetensors_require(file, "loss", gd_desc_1(GD_F64, 1), &entry, error));
    want->loss = *(const double *)entry->data;
    for (int i = 0; i < like->n_segments; i++) {
        gd_desc desc = like->segment[i].desc;
        desc.type = GD_F64;
        GD_TRY(gd_safetensors_require(file, like->segment[i].name, desc, &entry, error));
        memcpy(want->gradient + like->segment[i].offset, entry->data, gd_desc_bytes(desc));
    }
    return GD_OK;
}

gd_status nets_against(const char *path, char *complaint, size_t bytes, gd_error *error)
{
    static const nets_variant variants[] = {
        {.name = "double", .precision = GD_F64, .passes = GD_PASS_ALL},
        {.name = "double unfused", .precision = GD_F64},
        {.name = "fp32", .precision = GD_F32, .passes = GD_PASS_ALL},
        {.name = "fp32 unfused", .precision = GD_F32},
    };
    gd_safetensors file = {0};
    nets_case net;
    complaint[0] = '\0';
    gd_status status = gd_safetensors_open(path, &file, error);
    if (status == GD_OK)
        status = find_net(&file, &net, error);
    for (size_t i = 0; status == GD_OK && !complaint[0] && i < sizeof variants / sizeof *variants; i++) {
        nets_answer got, want = {0};
        nets_room room;
        char why[300];
        status = nets_run(&net, &variants[i], &got, error);
        if (status == GD_OK)
            status = read_answer(&file, &got, &want, error);
        if (status == GD_OK)
            status = nets_room_measure(&net, &want, variants[i].precision, &room, error);
        if (status == GD_OK && !nets_agree(&got, &want, &room, why, sizeof why))
            snprintf(complaint, bytes, "%s: %s", variants[i].name, why);
        free(want.gradient);
        nets_answer_release(&got);
    }
    gd_safetensors_close(&file);
    return status;
}
