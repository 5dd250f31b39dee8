// SPDX-License-Identifier: Apache-2.0
/* conv2d by cuDNN, in three directions. Sums are of f32 whatever is stored; f32 by FMA, as tensor cores would round it
 * to TF32, 16 bits on tensor cores.
 *
 * Algorithms are those that multiply matrices and give the same bits each time: NVIDIA's list of what does not
 * (developer guide, "Reproducibility") has BWD_DATA_ALGO_0, BWD_FILTER_ALGO_0 and _3. Winograd's and Fourier's are left
 * out, as what they round is not bounded by the sum of |terms| of one output.
 *
 * In 16 bits cuDNN reads w and b in the storage type: items that a PACK step makes, w's the same as that of `mma`. It
 * would write dw so, too, where the contract wants f32: so bwd_weight is for f32 alone. db is our own sum.
 */
#include "kernel/conv2d.h"

#include "cudnn/state.h"
#include "kernel/cast.h"

enum { X, Y, BIAS };
enum { ALIGNMENT = 256 };

/* Scratch beyond this is memory that a larger batch has better use for. */
static const size_t most_scratch = (size_t)1 << 30;

static size_t aligned(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

/* ---- parameters ---- */

/* By the kernel that `cast` has. */
static gd_status pack(const void *state, void *to, const float *from, gd_desc desc, const gd_ctx *ctx)
{
    gd_problem problem = {.type = *(const gd_type *)state};
    problem.desc[CAST_X] = gd_desc_1(GD_F32, gd_desc_count(desc));
    problem.desc[CAST_Y] = gd_desc_1(problem.type, gd_desc_count(desc));
    gd_call call = {.problem = &problem};
    call.at[CAST_X] = (void *)from;
    call.at[CAST_Y] = to;
    return gd_cast_fwd_simt(&call, ctx);
}

/* A parameter as the storage type; f32 is read as it is. */
static void ask_for(const gd_problem *problem, int operand, const char *layout, gd_needs *needs)
{
    static const gd_type f16 = GD_F16, bf16 = GD_BF16;
    if (problem->type == GD_F32 || problem->desc[operand].rank == 0)
        return;
    gd_pack *asked = &needs->pack[operand - GD_FIRST_PARAM];
    *asked = (gd_pack){.packer = "cast",
                       .type = problem->type,
                       .bytes = (size_t)gd_desc_count(problem->desc[operand]) * gd_type_bytes(problem->type),
                       .state = problem->type == GD_F16 ? &f16 : &bf16,
                       .run = pack};
    for (int i = 0; layout[i]; i++)
        asked->layout[i] = layout[i];
}

/* ---- descriptors ---- */

static gd_status describe(const gd_problem *problem, gd_cudnn_state *s, gd_error *error)
{
    const gd_conv2d_params *p = problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    const cudnnMathType_t math = problem->type == GD_F32 ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH;
    GD_TRY(gd_cudnn_image(s, X, problem->type, z.N, z.H, z.W, z.C, error));
    GD_TRY(gd_cudnn_image(s, Y, problem->type, z.N, z.P, z.Q, z.K, error));
    GD_TRY(gd_cudnn_image(s, BIAS, problem->type, 1, 1, 1, z.K, error));
    GD_TRY(gd_cudnn_answer(gd_cudnn.cudnnCreateFilterDescriptor(&s->filter), "a descriptor", error));
    GD_TRY(
        gd_cudnn_answer(gd_cudnn.cudnnSetFilter4dDescriptor(s->filter, gd_cudnn_type(problem->type), CUDNN_TENSOR_NHWC,
                                                            (int)z.K, (int)z.group_C, (int)z.R, (int)z.S),
                        "filters", error));
    GD_TRY(gd_cudnn_answer(gd_cudnn.cudnnCreateConvolutionDescriptor(&s->convolution), "a descriptor", error));
    GD_TRY(gd_cudnn_answer(gd_cudnn.cudnnSetConvolution2dDescriptor(s->convolution, p->pad, p->pad, p->stride,
                                                                    p->stride, p->dilation, p->dilation,
                                                                    CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
                           "a convolution", error));
    GD_TRY(gd_cudnn_answer(gd_cudnn.cudnnSetConvolutionGroupCount(s->convolution, p->groups), "groups", error));
    return gd_cudnn_answer(gd_cudnn.cudnnSetConvolutionMathType(s->convolution, math), "a kind of product", error);
}

static cudnnStatus_t scratch_of(gd_direction direction, const gd_cudnn_state *s, cudnnHandle_t handle, int algorithm,
                                size_t *bytes)
{
    if (direction == GD_FWD)
        return gd_cudnn.cudnnGetConvolutionForwardWorkspaceSize(
            handle, s->image[X], s->filter, s->convolution, s->image[Y], (cudnnConvolutionFwdAlgo_t)algorithm, bytes);
    if (direction == GD_BWD_DATA)
        return gd_cudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(handle, s->filter, s->image[Y], s->convolution,
                                                                     s->image[X],
                                                                     (cudnnConvolutionBwdDataAlgo_t)algorithm, bytes);
    return gd_cudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize(
        handle, s->image[X], s->image[Y], s->convolution, s->filter, (cudnnConvolutionBwdFilterAlgo_t)algorithm, bytes);
}

/* The first of these that cuDNN offers with scratch that is not too much. */
static gd_status choose(gd_direction direction, const int *algorithms, int n, gd_cudnn_state *s, gd_error *error)
{
    gd_status status = GD_UNSUPPORTED;
    cudnnHandle_t handle = gd_cudnn_take(NULL);
    for (int i = 0; handle && i < n && status == GD_UNSUPPORTED; i++) {
        gd_error refusal = {0};
        cudnnStatus_t answer = scratch_of(direction, s, handle, algorithms[i], &s->scratch_bytes);
        s->algorithm = algorithms[i];
        status = gd_cudnn_answer(answer, "this convolution", &refusal);
        if (status == GD_OK && s->scratch_bytes > most_scratch)
            status = gd_fail(&refusal, GD_UNSUPPORTED, "cuDNN wants %zu MB of scratch, and %zu MB is what it may have",
                             s->scratch_bytes >> 20, most_scratch >> 20);
        if (status != GD_OK && (status != GD_UNSUPPORTED || i == n - 1))
            gd_fail(error, status, "%s", refusal.message);
    }
    if (!handle)
        return gd_fail(error, GD_DEVICE, "cuDNN does not take a stream");
    gd_cudnn_give_back();
    return status;
}

/* ---- forward ---- */

/* What follows the sum is a call that has it inside, which takes one algorithm alone where there is no activation. */
static bool has_post(const gd_problem *problem)
{
    const gd_conv2d_params *p = problem->params;
    return p->bias || p->activation != GD_ACTIVATION_NONE || problem->desc[CONV2D_RESIDUAL].rank > 0;
}

/* That call reads a bias always: zeros behind the scratch, where there is none. */
static bool needs_zeros(const gd_problem *problem) { return has_post(problem) && !problem->desc[CONV2D_B].rank; }

static gd_status prepare_forward(const gd_problem *problem, gd_needs *needs, gd_error *error)
{
    static const int algorithms[] = {CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
                                     CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM};
    const gd_conv2d_params *p = problem->params;
    gd_cudnn_state *s;
    GD_TRY(gd_cudnn_state_new(needs, &s, error));
    GD_TRY(describe(problem, s, error));
    if (has_post(problem))
        GD_TRY(gd_cudnn_activation(
            s, p->activation == GD_ACTIVATION_RELU ? CUDNN_ACTIVATION_RELU : CUDNN_ACTIVATION_IDENTITY, error));
    GD_TRY(choose(GD_FWD, algorithms, has_post(problem) ? 1 : 2, s, error));
    needs->work_bytes = s->scratch_bytes;
    if (needs_zeros(problem))
        needs->work_bytes = aligned(s->scratch_bytes) + gd_desc_bytes(gd_desc_1(problem->type, p->filters));
    ask_for(problem, CONV2D_W, "krsc", needs);
    ask_for(problem, CONV2D_B, "k", needs);
    return GD_OK;
}

static gd_status forward_with_post(cudnnHandle_t handle, const gd_call *call, const gd_ctx *ctx)
{
    const gd_problem *problem = call->problem;
    const gd_conv2d_params *p = problem->params;
    const gd_cudnn_state *s = call->state;
    const void *bias = call->at[CONV2D_B], *residual = call->at[CONV2D_RESIDUAL];
    void *work = call->at[GD_WORK], *y = call->at[CONV2D_Y];
    if (needs_zeros(problem)) {
        void *zeros = (char *)work + aligned(s->scratch_bytes);
        if (cudaMemsetAsync(zeros, 0, gd_desc_bytes(gd_desc_1(problem->type, p->filters)), ctx->stream) != cudaSuccess)
            return GD_DEVICE;
        bias = zeros;
    }
    /* Without a residual y stands for it, times 0, which is not read. */
    GD_CUDNN_TRY(gd_cudnn.cudnnConvolutionBiasActivationForward(
        handle, &gd_cudnn_one, s->image[X], call->at[CONV2D_X], s->filter, call->at[CONV2D_W], s->convolution,
        (cudnnConvolutionFwdAlgo_t)s->algorithm, work, s->scratch_bytes, residual ? &gd_cudnn_one : &gd_cudnn_zero,
        s->image[Y], residual ? residual : y, s->image[BIAS], bias, s->activation, s->image[Y], y));
    return GD_OK;
}

static gd_status forward(cudnnHandle_t handle, const gd_call *call, const gd_ctx *ctx)
{
    const gd_cudnn_state *s = call->state;
    if (has_post(call->problem))
        return forward_with_post(handle, call, ctx);
    GD_CUDNN_TRY(gd_cudnn.cudnnConvolutionForward(handle, &gd_cudnn_one, s->image[X], call->at[CONV2D_X], s->filter,
                                                  call->at[CONV2D_W], s->convolution,
                                                  (cudnnConvolutionFwdAlgo_t)s->algorithm, call->at[GD_WORK],
                                                  s->scratch_bytes, &gd_cudnn_zero, s->image[Y], call->at[CONV2D_Y]));
    return GD_OK;
}

/* ---- backward ---- */

static gd_status prepare_backward_data(const gd_problem *problem, gd_needs *needs, gd_error *error)
{
    static const int algorithms[] = {CUDNN_CONVOLUTION_BWD_DATA_ALGO_1};
    gd_cudnn_state *s;
    GD_TRY(gd_cudnn_state_new(needs, &s, error));
    GD_TRY(describe(problem, s, error));
    GD_TRY(choose(GD_BWD_DATA, algorithms, 1, s, error));
    needs->work_bytes = s->scratch_bytes;
    ask_for(problem, CONV2D_W, "krsc", needs);
    return GD_OK;
}

static gd_status backward_data(cudnnHandle_t handle, const gd_call *call, const gd_ctx *ctx)
{
    const gd_cudnn_state *s = call->state;
    (void)ctx;
    GD_CUDNN_TRY(gd_cudnn.cudnnConvolutionBackwardData(
        handle, &gd_cudnn_one, s->filter, call->at[CONV2D_W], s->image[Y], call->at[CONV2D_DY], s->convolution,
        (cudnnConvolutionBwdDataAlgo_t)s->algorithm, call->at[GD_WORK], s->scratch_bytes, &gd_cudnn_zero, s->image[X],
        call->at[CONV2D_DX]));
    return GD_OK;
}

static gd_status prepare_backward_weight(const gd_problem *problem, gd_needs *needs, gd_error *error)
{
    static const int algorithms[] = {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1};
    gd_cudnn_state *s;
    gd_needs of_bias = {0};
    GD_TRY(gd_cudnn_state_new(needs, &s, error));
    GD_TRY(describe(problem, s, error));
    GD_TRY(choose(GD_BWD_WEIGHT, algorithms, 1, s, error));
    needs->work_bytes = s->scratch_bytes;
    if (problem->desc[CONV2D_DB].rank)
        GD_TRY(gd_conv2d_bwd_weight_simt_prepare(problem, 1, &of_bias, error));
    needs->work_bytes = of_bias.work_bytes > needs->work_bytes ? of_bias.work_bytes : needs->work_bytes;
    return GD_OK;
}

static gd_status backward_weight(cudnnHandle_t handle, const gd_call *call, const gd_ctx *ctx)
{
    const gd_cudnn_state *s = call->state;
    void *dw = call->at[CONV2D_DW];
    if (dw)
        GD_CUDNN_TRY(gd_cudnn.cudnnConvolutionBackwardFilter(
            handle, &gd_cudnn_one, s->image[X], call->at[CONV2D_X], s->image[Y], call->at[CONV2D_DY], s->convolution,
            (cudnnConvolutionBwdFilterAlgo_t)s->algorithm, call->at[GD_WORK], s->scratch_bytes, &gd_cudnn_zero,
            s->filter, dw));
    if (!call->at[CONV2D_DB])
        return GD_OK;
    gd_call of_bias = *call;
    of_bias.at[CONV2D_DW] = NULL;
    return gd_conv2d_bwd_weight_simt(&of_bias, ctx);
}

/* ---- the entries ---- */

gd_status gd_conv2d_fwd_cudnn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    return gd_cudnn_prepared(needs, prepare_forward(problem, needs, error));
}

gd_status gd_conv2d_bwd_data_cudnn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    return gd_cudnn_prepared(needs, prepare_backward_data(problem, needs, error));
}

gd_status gd_conv2d_bwd_weight_cudnn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    return gd_cudnn_prepared(needs, prepare_backward_weight(problem, needs, error));
}

gd_status gd_conv2d_fwd_cudnn(const gd_call *call, const gd_ctx *ctx) { return gd_cudnn_run(call, ctx, forward); }

gd_status gd_conv2d_bwd_data_cudnn(const gd_call *call, const gd_ctx *ctx)
{
    return gd_cudnn_run(call, ctx, backward_data);
}

gd_status gd_conv2d_bwd_weight_cudnn(const gd_call *call, const gd_ctx *ctx)
{
    return gd_cudnn_run(call, ctx, backward_weight);
}
