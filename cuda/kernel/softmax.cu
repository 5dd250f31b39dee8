// SPDX-License-Identifier: Apache-2.0
#include "kernel/softmax.h"
#include "rows.cuh"

namespace
{

enum { AT_ONCE = 4 };

template <int WARPS, class T> __global__ void forward_kernel(const T *x, T *y, int64_t N, int64_t K, float scale)
{
    enum { LANES = 32 * WARPS };
    for (int64_t n = gd_team_row(); n < N; n += gd_team_rows()) {
        const T *row = x + n * K;
        gd_exp_sum e = {-INFINITY, 0};
        for (int64_t k = threadIdx.x; k < K; k += AT_ONCE * LANES) {
            float value[AT_ONCE];
            int there = 0;
            for (int i = 0; i < AT_ONCE; i++) {
                bool is_there = k + i * LANES < K;
                value[i] = is_there ? gd_load(row[k + i * LANES]) : 0;
                there += is_there;
            }
            e.take(value, there, scale);
        }
        e = gd_team_exp_sum<WARPS>(e, scale);
        for (int64_t k = threadIdx.x; k < K; k += LANES) /* y may be x: a lane writes what it alone reads */
            y[n * K + k] = gd_store<T>(expf((gd_load(row[k]) - e.largest) * scale) / e.sum);
    }
}

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_softmax_params *p = (const gd_softmax_params *)call->problem->params;
    const gd_desc x = call->problem->desc[SOFTMAX_X];
    return GD_LAUNCH_ROWS(forward_kernel, T, x.dim[0], x.dim[1], ctx, (const T *)call->at[SOFTMAX_X],
                          (T *)call->at[SOFTMAX_Y], x.dim[0], x.dim[1], (float)(1 / p->temperature));
}

} // namespace

gd_status gd_softmax_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return forward<T>(call, ctx));
}
