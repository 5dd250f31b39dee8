// SPDX-License-Identifier: Apache-2.0
/* Which elements of a block decay (kernel/decay.h), as a table on the card that lives as long as the plan. */
#ifndef GD_CUDA_UNDECAYED_CUH
#define GD_CUDA_UNDECAYED_CUH

#include "launch.cuh"

#include <stdlib.h>

struct gd_undecayed {
    int64_t *pair; /* (n, 2) on the card; NULL: n is 0 */
    int n;

    /* Element i lies in none of the ranges: a search among their ends, which ascend. */
    __device__ bool decays(int64_t i) const
    {
        int low = 0, high = n;
        while (low < high) {
            int middle = (low + high) / 2;
            if (pair[2 * middle + 1] <= i)
                low = middle + 1;
            else
                high = middle;
        }
        return low == n || i < pair[2 * low];
    }
};

/* Releases what gd_undecayed_new made; accepts NULL. */
static inline void gd_undecayed_free(void *state)
{
    gd_undecayed *table = (gd_undecayed *)state;
    if (table)
        cudaFree(table->pair);
    free(table);
}

static inline gd_status gd_undecayed_new(const int64_t *pairs, int n, void **state, gd_error *error)
{
    gd_undecayed *table = (gd_undecayed *)calloc(1, sizeof *table);
    size_t bytes = (size_t)n * 2 * sizeof *pairs;
    cudaError_t reason = cudaSuccess;
    if (!table)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    *state = table;
    table->n = n;
    if (n > 0)
        reason = cudaMalloc((void **)&table->pair, bytes);
    if (n > 0 && reason == cudaSuccess)
        reason = cudaMemcpy(table->pair, pairs, bytes, cudaMemcpyHostToDevice);
    if (n > 0 && reason == cudaSuccess)
        reason = cudaStreamSynchronize(NULL); /* other streams do not wait for what cudaMemcpy has begun */
    if (reason == cudaSuccess)
        return GD_OK;
    gd_undecayed_free(table);
    *state = NULL;
    return gd_fail(error, reason == cudaErrorMemoryAllocation ? GD_NOMEM : GD_DEVICE, "cuda: %s",
                   cudaGetErrorString(reason));
}

/* One more update was applied: behind everything that reads how many there were. */
__global__ static void gd_count_update_kernel(gd_tally *tally) { tally->applied += !tally->skip; }

static inline gd_status gd_count_update(const gd_ctx *ctx)
{
    return gd_launched(GD_LAUNCH(gd_count_update_kernel, 1, 1, 0, gd_stream_of(ctx), ctx->tally));
}

#endif
