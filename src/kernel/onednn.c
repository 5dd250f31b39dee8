// SPDX-License-Identifier: Apache-2.0
#include "kernel/onednn.h"

#include "base/digest.h"
#include "kernel/activation.h"
#include "kernel/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ARGS = 6, MOST_STAGED = 3 };

#if defined(__x86_64__) /* whoever runs these entries has AVX2 */
#define WIDEN gd_cast_fwd_avx2_f32
#define NARROW gd_cast_fwd_avx2_f16
#else
#define WIDEN gd_cast_fwd_ref_f32
#define NARROW gd_cast_fwd_ref_f16
#endif

/* An activation in f16, and where in WORK it stands as f32. */
typedef struct staged {
    int operand;
    bool is_output;
    size_t offset;
    gd_problem widen, narrow; /* as casts */
} staged;

typedef struct gd_onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arg[MOST_ARGS];
    int operand[MOST_ARGS]; /* whose memory it is */
    int n_args;
    size_t scratch_bytes;
    bool clears_scratch; /* before each run */

    /* The parameter's two forms, and the reorder between them: to pack a weight, or to unpack its gradient. */
    dnnl_memory_desc_t ours, theirs;
    dnnl_primitive_t reorder;
    dnnl_exec_arg_t unpack[2]; /* of a gradient: from WORK to DPARAM */
    bool unpacks;

    bool stages;
    staged stage[MOST_STAGED];
    int n_staged;
} gd_onednn;

gd_status gd_onednn_status(dnnl_status_t status, const char *what, gd_error *error)
{
    if (status == dnnl_success)
        return GD_OK;
    static const char *const words[] = {"success",       "out of memory", "invalid arguments", "unimplemented",
                                        "iterator ends", "runtime error", "not required"};
    const char *word = (size_t)status < sizeof words / sizeof *words ? words[status] : "unknown status";
    return gd_fail(error, status == dnnl_out_of_memory ? GD_NOMEM : GD_UNSUPPORTED, "oneDNN cannot %s: %s", what, word);
}

#define TRY_DNNL(expression, what) GD_TRY(gd_onednn_status((expression), what, error))

static gd_status new_state(gd_onednn **state, gd_error *error)
{
    gd_onednn *made = calloc(1, sizeof *made);
    *state = made;
    if (!made)
        return gd_fail(error, GD_NOMEM, "out of memory for a oneDNN primitive");
    TRY_DNNL(dnnl_engine_create(&made->engine, dnnl_cpu, 0), "make an engine");
    TRY_DNNL(dnnl_stream_create(&made->stream, made->engine, dnnl_stream_default_flags), "make a stream");
    return GD_OK;
}

void gd_onednn_release(void *argument)
{
    gd_onednn *state = argument;
    if (!state)
        return;
    for (int i = 0; i < state->n_args; i++)
        dnnl_memory_destroy(state->arg[i].memory);
    for (int i = 0; i < 2; i++)
        dnnl_memory_destroy(state->unpack[i].memory);
    dnnl_primitive_destroy(state->primitive);
    dnnl_primitive_destroy(state->reorder);
    dnnl_stream_destroy(state->stream);
    dnnl_engine_destroy(state->engine);
    free(state);
}

dnnl_data_type_t gd_onednn_type(gd_type type) { return type == GD_BF16 ? dnnl_bf16 : dnnl_f32; }

gd_status gd_onednn_activation(gd_desc desc, dnnl_memory_desc_t *md, gd_error *error)
{
    dnnl_dims_t dims = {desc.dim[0], desc.dim[1]};
    dnnl_format_tag_t tag = dnnl_nc;
    if (desc.rank == 4) {
        dims[1] = desc.dim[3];
        dims[2] = desc.dim[1];
        dims[3] = desc.dim[2];
        tag = dnnl_nhwc;
    }
    return gd_onednn_status(dnnl_memory_desc_init_by_tag(md, desc.rank, dims, gd_onednn_type(desc.type), tag),
                            "describe an activation", error);
}

static gd_status new_memory(gd_onednn *state, const dnnl_memory_desc_t *md, dnnl_memory_t *memory, gd_error *error)
{
    return gd_onednn_status(dnnl_memory_create(memory, md, state->engine, DNNL_MEMORY_NONE), "make a memory", error);
}

static gd_status add_arg(gd_onednn *state, int arg, int operand, const dnnl_memory_desc_t *md, gd_error *error)
{
    if (state->n_args == MOST_ARGS)
        return gd_fail(error, GD_INTERNAL, "a oneDNN primitive has more than %d arguments", MOST_ARGS);
    GD_TRY(new_memory(state, md, &state->arg[state->n_args].memory, error));
    state->arg[state->n_args].arg = arg;
    state->operand[state->n_args++] = operand;
    return GD_OK;
}

/* An argument that is an activation. */
static gd_status add_activation(gd_onednn *state, int arg, int operand, bool is_output, const dnnl_memory_desc_t *md,
                                gd_error *error)
{
    if (state->stages) {
        if (state->n_staged == MOST_STAGED)
            return gd_fail(error, GD_INTERNAL, "a oneDNN primitive has more than %d activations", MOST_STAGED);
        int64_t count = (int64_t)(dnnl_memory_desc_get_size(md) / sizeof(float));
        staged *s = &state->stage[state->n_staged++];
        *s = (staged){operand, is_output, 0, {.type = GD_F32}, {.type = GD_F16}};
        s->widen.desc[CAST_X] = s->narrow.desc[CAST_Y] = gd_desc_1(GD_F16, count);
        s->widen.desc[CAST_Y] = s->narrow.desc[CAST_X] = gd_desc_1(GD_F32, count);
    }
    return add_arg(state, arg, operand, md, error);
}

static gd_status new_reorder(gd_onednn *state, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                             gd_error *error)
{
    dnnl_primitive_desc_t pd = NULL;
    TRY_DNNL(dnnl_reorder_primitive_desc_create(&pd, from, state->engine, to, state->engine, NULL),
             "describe a reorder of weights");
    dnnl_status_t made = dnnl_primitive_create(&state->reorder, pd);
    dnnl_primitive_desc_destroy(pd);
    return gd_onednn_status(made, "compile a reorder of weights", error);
}

static void round_to_f16(float *values, size_t bytes)
{
    for (size_t i = 0; i < bytes / sizeof *values; i++)
        values[i] = gd_f16_to_f32(gd_f32_to_f16(values[i]));
}

static gd_status pack(const void *argument, void *to, const float *from, gd_desc desc, const gd_ctx *ctx)
{
    (void)desc, (void)ctx;
    const gd_onednn *state = argument;
    dnnl_memory_t source = NULL, target = NULL;
    gd_status status = GD_OK;
    dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, NULL}, {DNNL_ARG_TO, NULL}};
    if (dnnl_memory_create(&source, &state->ours, state->engine, (void *)from) != dnnl_success ||
        dnnl_memory_create(&target, &state->theirs, state->engine, to) != dnnl_success) {
        status = GD_NOMEM;
    } else {
        args[0].memory = source;
        args[1].memory = target;
        if (dnnl_primitive_execute(state->reorder, state->stream, 2, args) != dnnl_success ||
            dnnl_stream_wait(state->stream) != dnnl_success)
            status = GD_DEVICE;
        else if (state->stages)
            round_to_f16(to, dnnl_memory_desc_get_size(&state->theirs));
    }
    dnnl_memory_destroy(source);
    dnnl_memory_destroy(target);
    return status;
}

static gd_status add_weight(gd_onednn *state, int arg, int operand, const dnnl_memory_desc_t *ours,
                            const dnnl_memory_desc_t *theirs, gd_needs *needs, gd_error *error)
{
    GD_TRY(add_arg(state, arg, operand, theirs, error));
    if (dnnl_memory_desc_equal(ours, theirs) && !state->stages)
        return GD_OK;
    state->ours = *ours;
    state->theirs = *theirs;
    GD_TRY(new_reorder(state, ours, theirs, error));
    gd_pack *item = &needs->pack[operand - GD_FIRST_PARAM];
    *item = (gd_pack){.packer = "onednn",
                      .type = state->stages                    ? GD_F16
                              : theirs->data_type == dnnl_bf16 ? GD_BF16
                                                               : GD_F32,
                      .bytes = dnnl_memory_desc_get_size(theirs),
                      .state = state,
                      .run = pack};
    /* Two forms are equal when their descriptions are: a digest of the description is the key. */
    snprintf(item->layout, sizeof item->layout, "%016llx",
             (unsigned long long)gd_digest(GD_DIGEST_START, theirs, sizeof *theirs));
    return GD_OK;
}

static size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

static gd_status add_weight_gradient(gd_onednn *state, int arg, int operand, const dnnl_memory_desc_t *ours,
                                     const dnnl_memory_desc_t *theirs, gd_needs *needs, gd_error *error)
{
    if (dnnl_memory_desc_equal(ours, theirs))
        return add_arg(state, arg, operand, theirs, error);
    state->ours = *ours;
    state->theirs = *theirs;
    state->unpacks = true;
    needs->work_bytes += rounded(dnnl_memory_desc_get_size(theirs));
    GD_TRY(add_arg(state, arg, operand, theirs, error));
    GD_TRY(new_reorder(state, theirs, ours, error));
    state->unpack[0].arg = DNNL_ARG_FROM;
    state->unpack[1].arg = DNNL_ARG_TO;
    GD_TRY(new_memory(state, theirs, &state->unpack[0].memory, error));
    return new_memory(state, ours, &state->unpack[1].memory, error);
}

/* Attributes that put the scratchpad into our hands, and the layer's post operations; the caller destroys them. */
static gd_status new_attr(const gd_onednn_layer *layer, dnnl_primitive_attr_t *attr, gd_error *error)
{
    dnnl_post_ops_t post;
    TRY_DNNL(dnnl_primitive_attr_create(attr), "make attributes");
    TRY_DNNL(dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user), "take over the scratchpad");
    TRY_DNNL(dnnl_post_ops_create(&post), "make post operations");
    dnnl_status_t made = dnnl_success;
    if (layer->has_residual)
        made = dnnl_post_ops_append_binary(post, dnnl_binary_add, &layer->y);
    if (made == dnnl_success && layer->activation == GD_ACTIVATION_RELU)
        made = dnnl_post_ops_append_eltwise(post, 1, dnnl_eltwise_relu, 0, 0);
    if (made == dnnl_success)
        made = dnnl_primitive_attr_set_post_ops(*attr, post);
    dnnl_post_ops_destroy(post);
    return gd_onednn_status(made, "append a post operation", error);
}

/* Which argument of the direction's primitive is which operand, in which form. */
static gd_status add_operands(gd_onednn *state, const gd_onednn_layer *layer, gd_direction direction,
                              const_dnnl_primitive_desc_t pd, gd_needs *needs, gd_error *error)
{
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    state->scratch_bytes = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
    needs->work_bytes += state->scratch_bytes;
    if (state->scratch_bytes > 0)
        GD_TRY(add_arg(state, DNNL_ARG_SCRATCHPAD, GD_WORK, scratch, error));
    switch (direction) {
    case GD_FWD:
        GD_TRY(add_activation(state, DNNL_ARG_SRC, GD_IN(0), false, &layer->x, error));
        GD_TRY(add_activation(state, DNNL_ARG_DST, GD_OUT(0), true, &layer->y, error));
        if (layer->has_bias)
            GD_TRY(add_arg(state, DNNL_ARG_BIAS, GD_PARAM(1), &layer->bias, error));
        if (layer->has_residual)
            GD_TRY(add_activation(state, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, GD_IN(1), false, &layer->y,
                                  error));
        break;
    case GD_BWD_DATA:
        GD_TRY(add_activation(state, DNNL_ARG_DIFF_DST, GD_DOUT(0), false, &layer->y, error));
        GD_TRY(add_activation(state, DNNL_ARG_DIFF_SRC, GD_DIN(0), true, &layer->x, error));
        break;
    default:
        state->clears_scratch = layer->clears_scratch;
        GD_TRY(add_activation(state, DNNL_ARG_SRC, GD_IN(0), false, &layer->x, error));
        GD_TRY(add_activation(state, DNNL_ARG_DIFF_DST, GD_DOUT(0), false, &layer->y, error));
        if (layer->has_bias)
            GD_TRY(add_arg(state, DNNL_ARG_DIFF_BIAS, GD_DPARAM(1), &layer->bias, error));
        return add_weight_gradient(state, DNNL_ARG_DIFF_WEIGHTS, GD_DPARAM(0), &layer->weight,
                                   dnnl_primitive_desc_query_md(pd, dnnl_query_diff_weights_md, 0), needs, error);
    }
    return add_weight(state, DNNL_ARG_WEIGHTS, GD_PARAM(0), &layer->weight,
                      dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), needs, error);
}

gd_status gd_onednn_prepare(const gd_onednn_layer *layer, gd_direction direction, const_dnnl_op_desc_t forward,
                            const_dnnl_op_desc_t backward, gd_needs *needs, gd_error *error)
{
    gd_onednn *state = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t hint = NULL, gradient = NULL;
    gd_status status;
    GD_TRY_TO(done, new_state(&state, error));
    state->stages = layer->storage == GD_F16;
    GD_TRY_TO(done, new_attr(layer, &attr, error));
    GD_TRY_TO(done, gd_onednn_status(dnnl_primitive_desc_create(&hint, forward, attr, state->engine, NULL),
                                     "compute this layer", error));
    if (direction != GD_FWD)
        GD_TRY_TO(done, gd_onednn_status(dnnl_primitive_desc_create(&gradient, backward, attr, state->engine, hint),
                                         "compute this gradient", error));
    const_dnnl_primitive_desc_t pd = direction == GD_FWD ? hint : gradient;
    GD_TRY_TO(done, gd_onednn_status(dnnl_primitive_create(&state->primitive, pd), "compile a primitive", error));
    GD_TRY_TO(done, add_operands(state, layer, direction, pd, needs, error));
    for (int i = 0; i < state->n_staged; i++) {
        state->stage[i].offset = rounded(needs->work_bytes);
        needs->work_bytes = state->stage[i].offset + gd_desc_bytes(state->stage[i].widen.desc[CAST_Y]);
    }
    needs->state = state;
done:
    dnnl_primitive_desc_destroy(gradient);
    dnnl_primitive_desc_destroy(hint);
    dnnl_primitive_attr_destroy(attr);
    if (status != GD_OK)
        gd_onednn_release(state);
    return status;
}

/* What the gradient in the library's form takes at the start of WORK. */
static size_t gradient_bytes(const gd_onednn *state)
{
    return state->unpacks ? rounded(dnnl_memory_desc_get_size(&state->theirs)) : 0;
}

gd_status gd_onednn_bind(gd_call *call)
{
    gd_onednn *state = call->state;
    unsigned char *work = call->at[GD_WORK];
    size_t gradient = gradient_bytes(state);
    for (int i = 0; i < state->n_args; i++) {
        void *at = call->at[state->operand[i]];
        for (int k = 0; k < state->n_staged; k++) {
            if (state->stage[k].operand == state->operand[i])
                at = work + state->stage[k].offset;
        }
        if (state->operand[i] == GD_WORK)
            at = work + gradient;
        else if (state->unpacks && state->operand[i] == GD_DPARAM(0)) {
            dnnl_memory_set_data_handle(state->unpack[0].memory, work);
            dnnl_memory_set_data_handle(state->unpack[1].memory, at);
            at = work;
        }
        if (dnnl_memory_set_data_handle(state->arg[i].memory, at) != dnnl_success)
            return GD_INTERNAL;
    }
    return GD_OK;
}

/* Widens all inputs, or narrows all outputs. */
static gd_status convert(const gd_onednn *state, const gd_call *call, bool outputs, const gd_ctx *ctx)
{
    gd_status status = GD_OK;
    for (int i = 0; i < state->n_staged && status == GD_OK; i++) {
        const staged *s = &state->stage[i];
        void *narrow = call->at[s->operand], *wide = (unsigned char *)call->at[GD_WORK] + s->offset;
        if (s->is_output != outputs)
            continue;
        if (outputs)
            status = NARROW(&(gd_call){&s->narrow, NULL, {[CAST_X] = wide, [CAST_Y] = narrow}}, ctx);
        else
            status = WIDEN(&(gd_call){&s->widen, NULL, {[CAST_X] = narrow, [CAST_Y] = wide}}, ctx);
    }
    return status;
}

gd_status gd_onednn_run(const gd_call *call, const gd_ctx *ctx)
{
    const gd_onednn *state = call->state;
    GD_TRY(convert(state, call, false, ctx));
    if (state->clears_scratch && state->scratch_bytes > 0)
        memset((unsigned char *)call->at[GD_WORK] + gradient_bytes(state), 0, state->scratch_bytes);
    if (dnnl_primitive_execute(state->primitive, state->stream, state->n_args, state->arg) != dnnl_success)
        return GD_DEVICE;
    if (state->unpacks && dnnl_primitive_execute(state->reorder, state->stream, 2, state->unpack) != dnnl_success)
        return GD_DEVICE;
    if (dnnl_stream_wait(state->stream) != dnnl_success)
        return GD_DEVICE;
    return convert(state, call, true, ctx);
}
