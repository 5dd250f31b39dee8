// SPDX-License-Identifier: Apache-2.0
/* linear by the kernels of direct convolution: a matrix product is a pointwise convolution over images of one pixel.
 *
 *     x (N,C)  w (K,C)  y (N,K)     as     x (N,1,1,C)  w (K,1,1,C)  y (N,1,1,K)
 */
#include "kernel/conv2d_direct.h"
#include "kernel/linear.h"

#include <stdlib.h>

typedef struct direct {
    gd_conv2d_params params;
    gd_problem problem; /* the convolution */
    gd_pack pack;       /* its own, of (K,1,1,C) */
    void *state;        /* its own */
} direct;

static gd_desc as_image(gd_desc desc) { return gd_desc_4(desc.type, desc.dim[0], 1, 1, desc.dim[1]); }

static gd_status pack(const void *state, void *to, const float *from, gd_desc desc, const gd_ctx *ctx)
{
    const direct *d = state;
    return d->pack.run(d->pack.state, to, from, as_image(desc), ctx);
}

void gd_linear_direct_release(void *state)
{
    direct *d = state;
    if (d) {
        gd_conv2d_direct_release(d->state);
        free(d);
    }
}

static gd_status prepare(const gd_problem *problem,
                         gd_status (*convolution)(const gd_problem *, int, gd_needs *, gd_error *), int threads,
                         gd_needs *needs, gd_error *error)
{
    const gd_linear_params *p = problem->params;
    direct *d = calloc(1, sizeof *d);
    if (!d)
        return gd_fail(error, GD_NOMEM, "out of memory for a linear layer");
    d->params = (gd_conv2d_params){.filters = p->features,
                                   .kernel = 1,
                                   .stride = 1,
                                   .dilation = 1,
                                   .groups = 1,
                                   .bias = p->bias,
                                   .activation = p->activation};
    d->problem = (gd_problem){.params = &d->params, .type = problem->type, .training = problem->training};
    d->problem.desc[CONV2D_X] = as_image(problem->desc[LINEAR_X]);
    d->problem.desc[CONV2D_W] = as_image(problem->desc[LINEAR_W]);
    d->problem.desc[CONV2D_B] = problem->desc[LINEAR_B];
    d->problem.desc[CONV2D_Y] = as_image(problem->desc[LINEAR_Y]);

    gd_status status = convolution(&d->problem, threads, needs, error);
    if (status != GD_OK) {
        gd_linear_direct_release(d);
        return status;
    }
    d->state = needs->state;
    d->pack = needs->pack[0];
    needs->state = d;
    needs->pack[0].state = d;
    needs->pack[0].run = pack;
    return GD_OK;
}

gd_status gd_linear_fwd_avx512_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    return prepare(problem, gd_conv2d_fwd_avx512_prepare, threads, needs, error);
}

gd_status gd_linear_fwd_avx2_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    return prepare(problem, gd_conv2d_fwd_avx2_prepare, threads, needs, error);
}

gd_status gd_linear_direct_run(const gd_call *call, const gd_ctx *ctx)
{
    const direct *d = call->state;
    gd_call convolution = {.problem = &d->problem, .state = d->state};
    convolution.at[CONV2D_X] = call->at[LINEAR_X];
    convolution.at[CONV2D_W] = call->at[LINEAR_W];
    convolution.at[CONV2D_B] = call->at[LINEAR_B];
    convolution.at[CONV2D_Y] = call->at[LINEAR_Y];
    return gd_conv2d_direct_run(&convolution, ctx);
}
