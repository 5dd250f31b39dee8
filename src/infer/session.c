// SPDX-License-Identifier: Apache-2.0
/* A session: plans of 1, 2, 4 … max_batch pictures over one memory, and what lies around them. Clones have plans and
 * memory of their own, and the weights in common.
 *
 *     pictures of any size → fit → pixels (max_batch,H,W,C) U8 → plans → probabilities, kept outputs
 *
 * A run of n pictures takes the largest plan that n fills, then the largest that the rest fills, so that nothing is
 * computed for pictures that are not there.
 */
#include "infer/session.h"
#include "base/file.h"
#include "image/image.h"
#include "infer/model.h"
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BATCH = 1024, MOST_PLANS = 11 /* 1, 2, 4 … 512, and the greatest */ };

typedef struct kept {
    int64_t count; /* per picture */
    float *values; /* (max_batch, count) */
} kept;

struct gd_session {
    const gd_model *model;
    gd_arena arena; /* all below but net and set */
    gd_net *net;    /* the model's, with the outputs asked for */
    gd_plan_set *set;
    uint32_t features;              /* of the CPU, as it was when the weights were packed */
    int n_plans, batch[MOST_PLANS]; /* ascending */
    int max_batch, n_kept;
    kept *kept;
    const char **kept_name; /* (n_kept) */
    size_t image_bytes;
    uint8_t *pixels, *mirrored; /* (max_batch,H,W,C) */
    float *mirror_answer;       /* (max_batch, classes) */
    void *work;                 /* of gd_image_fit */
};

static gd_status add_outputs(gd_session *session, const gd_session_options *options, gd_error *error)
{
    const gd_net *net = session->net;
    session->kept = gd_arena_alloc(&session->arena, (size_t)options->n_outputs, sizeof *session->kept);
    session->kept_name = gd_arena_alloc(&session->arena, (size_t)options->n_outputs, sizeof *session->kept_name);
    if (!session->kept || !session->kept_name)
        return gd_fail(error, GD_NOMEM, "out of memory for a session");
    for (int i = 0; i < options->n_outputs; i++) {
        const char *name = options->outputs[i];
        const gd_value_id id = gd_net_find_value(net, name);
        if (id < 0 || net->value[id].producer < 0)
            return gd_fail(error, GD_INVALID, "output '%s': the graph computes no such value", name);
        kept *k = &session->kept[i];
        session->kept_name[i] = gd_arena_text(&session->arena, name);
        k->count = gd_desc_count(net->value[id].desc);
        k->values = gd_arena_alloc(&session->arena, (size_t)session->max_batch, (size_t)k->count * sizeof(float));
        if (!session->kept_name[i] || !k->values)
            return gd_fail(error, GD_NOMEM, "out of memory for output '%s'", name);
        session->n_kept++;
        bool is_output = false;
        for (int o = 0; o < net->n_outputs; o++)
            is_output = is_output || net->output[o] == id;
        if (!is_output)
            GD_TRY(gd_net_add_output(session->net, id, error));
    }
    return GD_OK;
}

/* The values of a parameter, out of the file, or widened in memory that is as large as the largest of them. */
typedef struct parameters {
    const gd_model *model;
    float *widened;
} parameters;

static gd_status read_parameter(void *argument, const gd_segment *segment, const float **values, gd_error *error)
{
    const parameters *p = argument;
    const gd_tensor_entry *entry;
    GD_TRY(gd_safetensors_require(&p->model->file, segment->name, (gd_desc){0}, &entry, error));
    *values = entry->desc.type == GD_F32 ? entry->data : p->widened;
    if (*values == p->widened)
        gd_convert(p->widened, GD_F32, entry->data, entry->desc.type, segment->count);
    return GD_OK;
}

static gd_status fill(gd_session *session, gd_error *error)
{
    const gd_safetensors *file = &session->model->file;
    const gd_net *net = session->net;
    int64_t most = 1;
    for (int i = 0; i < net->n_params; i++)
        most = gd_desc_count(net->param[i].desc) > most ? gd_desc_count(net->param[i].desc) : most;
    parameters p = {session->model, malloc((size_t)most * sizeof(float))};
    gd_status status = p.widened ? gd_plan_set_fill(session->set, read_parameter, &p, error)
                                 : gd_fail(error, GD_NOMEM, "out of memory for a session");
    free(p.widened);
    gd_file_leave(file->map, file->map_bytes);
    return status;
}

/* `of`: (optional) the session whose weights these plans read. */
static gd_status make_plans(gd_session *session, const gd_session *of, gd_error *error)
{
    gd_plan_options plans[MOST_PLANS];
    for (int batch = 1; batch < session->max_batch; batch *= 2)
        session->batch[session->n_plans++] = batch;
    session->batch[session->n_plans++] = session->max_batch;
    for (int i = 0; i < session->n_plans; i++)
        plans[i] = (gd_plan_options){GD_MODE_INFER, session->batch[i], GD_F32, false, GD_PASS_ALL};
    session->features = of ? of->features : gd_cpu_features();
    const gd_set_options options = {.device = &gd_device_cpu,
                                    .threads = 1,
                                    .features = session->features,
                                    .fixed = true,
                                    .weights_of = of ? of->set : NULL};
    GD_TRY(gd_plan_set_new(session->net, plans, session->n_plans, &options, &session->set, error));
    return of ? GD_OK : fill(session, error);
}

static gd_status make_buffers(gd_session *session, gd_error *error)
{
    const gd_model_info *info = &session->model->info;
    const size_t n = (size_t)session->max_batch;
    session->image_bytes = (size_t)info->height * info->width * info->channels;
    session->pixels = gd_arena_alloc(&session->arena, n, session->image_bytes);
    session->mirrored = gd_arena_alloc(&session->arena, info->flip ? n : 0, session->image_bytes);
    session->mirror_answer = gd_arena_alloc(&session->arena, n, (size_t)info->n_classes * sizeof(float));
    session->work = gd_arena_alloc(&session->arena, gd_image_fit_bytes(info->height, info->width, info->channels), 1);
    if (!session->pixels || !session->mirrored || !session->mirror_answer || !session->work)
        return gd_fail(error, GD_NOMEM, "out of memory for %d pictures of %dx%dx%d", session->max_batch, info->height,
                       info->width, info->channels);
    return GD_OK;
}

/* `pixels` (batch,H,W,C) through plan i. */
static gd_status run_plan(gd_session *session, int i, const uint8_t *pixels, float *probabilities, gd_error *error)
{
    const size_t batch = (size_t)session->batch[i];
    gd_plan_set_record(session->set)->valid = session->batch[i];
    memcpy(gd_plan_value(session->set, i, "images", NULL), pixels, batch * session->image_bytes);
    GD_TRY(gd_plan_run(session->set, i, GD_FORWARD, error));
    memcpy(probabilities, gd_plan_value(session->set, i, "probabilities", NULL),
           batch * (size_t)session->model->info.n_classes * sizeof(float));
    return GD_OK;
}

/* Pictures [first, first + batch of plan i). */
static gd_status answer(gd_session *session, int i, int first, float *probabilities, gd_error *error)
{
    const gd_model_info *info = &session->model->info;
    const int batch = session->batch[i];
    const uint8_t *pixels = session->pixels + (size_t)first * session->image_bytes;
    GD_TRY(run_plan(session, i, pixels, probabilities, error));
    for (int k = 0; k < session->n_kept; k++) {
        const kept *keep = &session->kept[k];
        gd_desc desc;
        const void *from = gd_plan_value(session->set, i, session->kept_name[k], &desc);
        gd_convert(keep->values + first * keep->count, GD_F32, from, desc.type, batch * keep->count);
    }
    if (!info->flip)
        return GD_OK;
    for (int b = 0; b < batch; b++) {
        const gd_image image = {info->height, info->width, info->channels, pixels + (size_t)b * session->image_bytes};
        gd_image_mirror(&image, session->mirrored + (size_t)b * session->image_bytes);
    }
    GD_TRY(run_plan(session, i, session->mirrored, session->mirror_answer, error));
    for (int c = 0; c < batch * info->n_classes; c++)
        probabilities[c] = 0.5f * (probabilities[c] + session->mirror_answer[c]);
    return GD_OK;
}

static gd_status make(const gd_model *model, const gd_session_options *options, const gd_session *of,
                      gd_session **session, gd_error *error)
{
    gd_status status;
    gd_session *s = calloc(1, sizeof *s);
    *session = NULL;
    if (!s)
        return gd_fail(error, GD_NOMEM, "out of memory for a session");
    s->model = model;
    s->max_batch = options->max_batch;
    GD_TRY_TO(failed, gd_net_rebatch(model->net, 1, &s->net, error));
    GD_TRY_TO(failed, add_outputs(s, options, error));
    GD_TRY_TO(failed, make_plans(s, of, error));
    GD_TRY_TO(failed, make_buffers(s, error));
    *session = s;
    return GD_OK;
failed:
    gd_session_free(s);
    return status;
}

gd_status gd_session_new(const gd_model *model, const gd_session_options *options, gd_session **session,
                         gd_error *error)
{
    gd_session_options o = options ? *options : (gd_session_options){0};
    *session = NULL;
    if (o.max_batch < 0 || o.max_batch > MOST_BATCH)
        return gd_fail(error, GD_INVALID, "a session for %d pictures at once where 1 to %d are possible", o.max_batch,
                       MOST_BATCH);
    o.max_batch = o.max_batch ? o.max_batch : 1;
    return make(model, &o, NULL, session, error);
}

/* Reads of `of` what its runs never write. */
gd_status gd_session_clone(const gd_session *of, gd_session **clone, gd_error *error)
{
    return make(of->model, &(gd_session_options){of->max_batch, of->n_kept, of->kept_name}, of, clone, error);
}

void gd_session_cut(gd_session *session, int threads) { gd_plan_set_cut(session->set, threads); }

void gd_session_free(gd_session *session)
{
    if (!session)
        return;
    gd_plan_set_free(session->set);
    gd_net_free(session->net);
    gd_arena_release(&session->arena);
    free(session);
}

gd_status gd_session_run(gd_session *session, const gd_image *images, int n, float *probabilities, gd_error *error)
{
    const gd_model_info *info = &session->model->info;
    if (n < 1 || n > session->max_batch)
        return gd_fail(error, GD_INVALID, "%d pictures in a session for 1 to %d", n, session->max_batch);
    for (int i = 0; i < n; i++) {
        uint8_t *to = session->pixels + (size_t)i * session->image_bytes;
        if (images[i].channels != info->channels)
            return gd_fail(error, GD_INVALID, "picture %d has %d channels where the model reads %d", i,
                           images[i].channels, info->channels);
        GD_TRY(gd_image_fit(&images[i], info->height, info->width, to, session->work, error));
    }
    for (int first = 0, plan = session->n_plans - 1; first < n; first += session->batch[plan]) {
        while (session->batch[plan] > n - first)
            plan--;
        GD_TRY(answer(session, plan, first, probabilities + (size_t)first * info->n_classes, error));
    }
    return GD_OK;
}

const float *gd_session_output(const gd_session *session, const char *name, int64_t *count)
{
    for (int i = 0; i < session->n_kept; i++) {
        if (strcmp(session->kept_name[i], name) == 0) {
            *count = session->kept[i].count;
            return session->kept[i].values;
        }
    }
    return NULL;
}

const char *gd_infer_isa(void)
{
    const uint32_t features = gd_cpu_features();
    return features & GD_AVX512_BF16 ? "avx512-bf16"
           : features & GD_AVX512    ? "avx512"
           : features & GD_AVX2      ? "avx2"
                                     : "portable";
}

const char *gd_infer_version(void) { return GRIDDLE_VERSION; }
