// SPDX-License-Identifier: Apache-2.0
/* conv2d with a window of one pixel is a product of matrices, and cuBLASLt's. It sees columns where we see rows: a
 * tensor (…, C) is a matrix of C rows, stored column by column, one for each pixel, and the weights (K, C) one of C
 * rows and K columns.
 *
 *     fwd         y (K, pixels) = w^T (K, C)       x  (C, pixels)
 *     bwd_data   dx (C, pixels) = w   (C, K)       dy (K, pixels)
 *     bwd_weight dw (C, K)      = x   (C, pixels)  dy^T (pixels, K)
 *
 * Sums are f32, TF32 is not asked for. Where a sum is split, its parts go through WORK in f32 and are added in a step
 * of their own: no atomics. Which algorithm it is, cuBLASLt's heuristic says when the plan is built. */
#include "cublaslt/cublaslt.h"
#include "kernel/conv2d.h"

#include <stdlib.h>

enum { MOST_WORK = 32 << 20, SLOT_ALIGNMENT = 64, ELEMENT_ALIGNMENT = 4 };

typedef struct product {
    int a, b, d; /* operands */
    bool transpose_a, transpose_b;
} product;

static const product forward = {CONV2D_W, CONV2D_X, CONV2D_Y, true, false};
static const product backward_data = {CONV2D_W, CONV2D_DY, CONV2D_DX, false, false};
static const product backward_weight = {CONV2D_X, CONV2D_DY, CONV2D_DW, false, true};

typedef struct lt_state {
    cublasLtMatmulDesc_t matmul;
    cublasLtMatrixLayout_t a, b, d;
    cublasLtMatmulAlgo_t algorithm;
    size_t work_bytes;
} lt_state;

const char *gd_conv2d_cublaslt_accepts(const gd_problem *problem)
{
    const gd_conv2d_params *p = problem->params;
    if (p->kernel != 1 || p->stride != 1 || p->pad != 0)
        return "needs a window of one pixel, stride 1 and no padding";
    if (p->groups != 1)
        return "needs one group";
    if (p->bias || p->activation || problem->desc[CONV2D_RESIDUAL].rank)
        return "needs no bias, residual or activation";
    return gd_cublaslt_get() ? NULL : "cuBLASLt is not there";
}

/* ---- what cuBLASLt is told ---- */

/* An operand's type there: weights are packed into the type of activations. */
static gd_type type_of(const gd_problem *problem, int operand)
{
    return operand == CONV2D_W ? problem->type : problem->desc[operand].type;
}

static bool make_layout(const gd_cublaslt *lt, const gd_problem *problem, int operand, cublasLtMatrixLayout_t *layout)
{
    const gd_type type = type_of(problem, operand);
    const gd_desc desc = problem->desc[operand];
    const int64_t rows = desc.dim[desc.rank - 1], columns = gd_desc_count(desc) / rows;
    const cudaDataType_t its = type == GD_F32 ? CUDA_R_32F : type == GD_F16 ? CUDA_R_16F : CUDA_R_16BF;
    return lt->MatrixLayoutCreate(layout, its, (uint64_t)rows, (uint64_t)columns, rows) == CUBLAS_STATUS_SUCCESS;
}

static bool set_transpose(const gd_cublaslt *lt, const lt_state *state, cublasLtMatmulDescAttributes_t which, bool is)
{
    const int32_t operation = is ? CUBLAS_OP_T : CUBLAS_OP_N;
    return lt->MatmulDescSetAttribute(state->matmul, which, &operation, sizeof operation) == CUBLAS_STATUS_SUCCESS;
}

/* f32 masters and gradients lie at any multiple of their size in PARAM and GRAD, all else at a slot's beginning. */
static uint32_t alignment_of(const gd_problem *problem, int operand)
{
    const bool in_a_block = operand == CONV2D_DW || (operand == CONV2D_W && problem->type == GD_F32);
    return in_a_block ? ELEMENT_ALIGNMENT : SLOT_ALIGNMENT;
}

static bool set_preference(const gd_cublaslt *lt, cublasLtMatmulPreference_t preference, const gd_problem *problem,
                           const product *of)
{
    const uint64_t work = MOST_WORK;
    const uint32_t reduction = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE, a = alignment_of(problem, of->a),
                   b = alignment_of(problem, of->b), d = alignment_of(problem, of->d);
    const struct {
        cublasLtMatmulPreferenceAttributes_t which;
        const void *value;
        size_t bytes;
    } all[] = {
        {CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &work, sizeof work},
        {CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &reduction, sizeof reduction},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &a, sizeof a},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &b, sizeof b},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &d, sizeof d},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &d, sizeof d},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (lt->MatmulPreferenceSetAttribute(preference, all[i].which, all[i].value, all[i].bytes) !=
            CUBLAS_STATUS_SUCCESS)
            return false;
    }
    return true;
}

static gd_status choose_algorithm(const gd_cublaslt *lt, const gd_problem *problem, const product *of, lt_state *state,
                                  gd_error *error)
{
    cublasLtMatmulPreference_t preference;
    cublasLtMatmulHeuristicResult_t found;
    int n = 0;
    if (lt->MatmulPreferenceCreate(&preference) != CUBLAS_STATUS_SUCCESS)
        return gd_fail(error, GD_NOMEM, "out of memory for cuBLASLt");
    bool ok = set_preference(lt, preference, problem, of) &&
              lt->MatmulAlgoGetHeuristic(lt->handle, state->matmul, state->a, state->b, state->d, state->d, preference,
                                         1, &found, &n) == CUBLAS_STATUS_SUCCESS &&
              n > 0 && found.state == CUBLAS_STATUS_SUCCESS;
    lt->MatmulPreferenceDestroy(preference);
    if (!ok)
        return gd_fail(error, GD_UNSUPPORTED, "cuBLASLt has no algorithm for it");
    state->algorithm = found.algo;
    state->work_bytes = found.workspaceSize;
    return GD_OK;
}

void gd_conv2d_cublaslt_release(void *state)
{
    const gd_cublaslt *lt = gd_cublaslt_get();
    lt_state *s = state;
    if (!s)
        return;
    cublasLtMatrixLayout_t layouts[] = {s->a, s->b, s->d};
    for (int i = 0; i < 3; i++) {
        if (layouts[i])
            lt->MatrixLayoutDestroy(layouts[i]);
    }
    if (s->matmul)
        lt->MatmulDescDestroy(s->matmul);
    free(s);
}

static gd_status describe(const gd_cublaslt *lt, const gd_problem *problem, const product *of, lt_state *state,
                          gd_error *error)
{
    if (lt->MatmulDescCreate(&state->matmul, CUBLAS_COMPUTE_32F, CUDA_R_32F) != CUBLAS_STATUS_SUCCESS ||
        !set_transpose(lt, state, CUBLASLT_MATMUL_DESC_TRANSA, of->transpose_a) ||
        !set_transpose(lt, state, CUBLASLT_MATMUL_DESC_TRANSB, of->transpose_b) ||
        !make_layout(lt, problem, of->a, &state->a) || !make_layout(lt, problem, of->b, &state->b) ||
        !make_layout(lt, problem, of->d, &state->d))
        return gd_fail(error, GD_UNSUPPORTED, "cuBLASLt does not take its description");
    return GD_OK;
}

static gd_status prepare(const gd_problem *problem, const product *of, gd_needs *needs, gd_error *error)
{
    const gd_cublaslt *lt = gd_cublaslt_get();
    lt_state *state = calloc(1, sizeof *state);
    if (!state)
        return gd_fail(error, GD_NOMEM, "out of memory for cuBLASLt");
    gd_status status = describe(lt, problem, of, state, error);
    if (status == GD_OK)
        status = choose_algorithm(lt, problem, of, state, error);
    if (status == GD_OK) {
        needs->state = state;
        needs->work_bytes = state->work_bytes;
    } else {
        gd_conv2d_cublaslt_release(state);
    }
    return status;
}

/* Halves of the weights are those that `mma` asks for: one item for both. */
static gd_status prepare_with_weights(const gd_problem *problem, int threads, const product *of, gd_needs *needs,
                                      gd_error *error)
{
    if (problem->type != GD_F32)
        GD_TRY(gd_conv2d_fwd_mma_prepare(problem, threads, needs, error));
    return prepare(problem, of, needs, error);
}

gd_status gd_conv2d_fwd_cublaslt_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    return prepare_with_weights(problem, threads, &forward, needs, error);
}

gd_status gd_conv2d_bwd_data_cublaslt_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    return prepare_with_weights(problem, threads, &backward_data, needs, error);
}

gd_status gd_conv2d_bwd_weight_cublaslt_prepare(const gd_problem *problem, int threads, gd_needs *needs,
                                                gd_error *error)
{
    (void)threads;
    return prepare(problem, &backward_weight, needs, error);
}

/* ---- a step ---- */

static gd_status run(const gd_call *call, const gd_ctx *ctx, const product *of)
{
    static const float one = 1, zero = 0;
    const gd_cublaslt *lt = gd_cublaslt_get();
    const lt_state *s = call->state;
    void *d = call->at[of->d];
    cublasStatus_t status =
        lt->Matmul(lt->handle, s->matmul, &one, call->at[of->a], s->a, call->at[of->b], s->b, &zero, d, s->d, d, s->d,
                   &s->algorithm, call->at[GD_WORK], s->work_bytes, (cudaStream_t)ctx->stream);
    return status == CUBLAS_STATUS_SUCCESS ? GD_OK : GD_DEVICE;
}

gd_status gd_conv2d_fwd_cublaslt(const gd_call *call, const gd_ctx *ctx) { return run(call, ctx, &forward); }
gd_status gd_conv2d_bwd_data_cublaslt(const gd_call *call, const gd_ctx *ctx) { return run(call, ctx, &backward_data); }

gd_status gd_conv2d_bwd_weight_cublaslt(const gd_call *call, const gd_ctx *ctx)
{
    return call->at[CONV2D_DW] ? run(call, ctx, &backward_weight) : GD_OK;
}
