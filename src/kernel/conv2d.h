// SPDX-License-Identifier: Apache-2.0
/* conv2d: cross-correlation of an NHWC image with K filters, and what follows it in one pass (`post`).
 *
 *     z[n,p,q,k] = b[k] + sum_{r,s,c} x[n, p*stride + r*dilation - pad, q*stride + s*dilation - pad, g*(C/G) + c]
 *                                     * w[k,r,s,c],     g = k / (K/G)
 *     y = act(z + residual)
 *
 *     dx[n,h,w,c] = sum over the (p,q,r,s,k) that read it of dy * w          (bwd_data, "dgrad")
 *     dw[k,r,s,c] = sum_{n,p,q} dy[n,p,q,k] * x[…]     db[k] = sum dy        (bwd_weight, "wgrad")
 *
 * Shapes    x (N,H,W,C)  w (K,R,S,C/G)  b (K) or absent  residual (N,P,Q,K) or absent  ->  y (N,P,Q,K)
 *           P = (H + 2*pad - dilation*(R-1) - 1)/stride + 1, Q likewise; G divides C and K
 * Values    f32, bf16 or f16 storage, f32 accumulation; w, b, dw, db are f32. Outside the image x reads as 0.
 * Post      activation and residual are for plans without backward: infer refuses them in training, where bn_apply
 *           and relu carry them.
 * Memory    borrows all; y may be residual. bwd_data reads w, dy; bwd_weight reads x, dy.
 * Exact     |got - want| <= k eps S with S the sum of |terms|.
 * Source    Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", 2016.
 */
#ifndef GD_KERNEL_CONV2D_H
#define GD_KERNEL_CONV2D_H

#include "kernel/activation.h"
#include "kernel/kernel.h"

enum {
    CONV2D_X = GD_IN(0),
    CONV2D_RESIDUAL = GD_IN(1),
    CONV2D_W = GD_PARAM(0),
    CONV2D_B = GD_PARAM(1),
    CONV2D_Y = GD_OUT(0),
    CONV2D_DX = GD_DIN(0),
    CONV2D_DW = GD_DPARAM(0),
    CONV2D_DB = GD_DPARAM(1),
    CONV2D_DY = GD_DOUT(0)
};

typedef struct gd_conv2d_params {
    int filters; /* K */
    int kernel;  /* R = S */
    int stride, pad, dilation, groups;
    bool bias;
    int activation; /* gd_activation */
} gd_conv2d_params;

/* The sizes of a problem by their letters. */
typedef struct gd_conv2d_sizes {
    int64_t N, H, W, C, K, R, S, P, Q;
    int64_t group_C, group_K; /* C/G, K/G */
} gd_conv2d_sizes;

static inline gd_conv2d_sizes gd_conv2d_sizes_of(const gd_problem *problem)
{
    const int64_t *x = problem->desc[CONV2D_X].dim, *w = problem->desc[CONV2D_W].dim, *y = problem->desc[CONV2D_Y].dim;
    const gd_conv2d_params *p = (const gd_conv2d_params *)problem->params;
    gd_conv2d_sizes z = {x[0], x[1], x[2], x[3], w[0], w[1], w[2], y[1], y[2], w[3], w[0] / p->groups};
    return z;
}

GD_DECLARE_REF(gd_conv2d_fwd);
GD_DECLARE_REF(gd_conv2d_bwd_data);
GD_DECLARE_REF(gd_conv2d_bwd_weight);

/* oneDNN: jit convolutions over NHWC, weights in its own blocked form. */
gd_status gd_conv2d_fwd_onednn_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
gd_status gd_conv2d_bwd_data_onednn_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
gd_status gd_conv2d_bwd_weight_onednn_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);

/* Direct convolution (kernel/conv2d_direct.h): pixels times blocks of 16 filters in registers, any shape. Both run by
 * gd_conv2d_direct_run and are released by gd_conv2d_direct_release. */
gd_status gd_conv2d_fwd_avx512_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
gd_status gd_conv2d_fwd_avx2_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
gd_status gd_conv2d_direct_run(const gd_call *, const gd_ctx *);
void gd_conv2d_direct_release(void *state);

/* CUDA: implicit GEMM on tensor cores, for multiples of 8 channels. */
GD_EXTERN const char *gd_conv2d_mma_accepts(const gd_problem *);
GD_DECLARE_CUDA(gd_conv2d_fwd, mma);
GD_DECLARE_CUDA(gd_conv2d_bwd_data, mma);
GD_DECLARE_CUDA(gd_conv2d_bwd_weight, mma);
GD_DECLARE_CUDA_PREPARE(gd_conv2d_fwd, mma);
GD_DECLARE_CUDA_PREPARE(gd_conv2d_bwd_data, mma);
GD_DECLARE_CUDA_PREPARE(gd_conv2d_bwd_weight, mma);

GD_DECLARE_CUDA(gd_conv2d_fwd, simt);
GD_DECLARE_CUDA(gd_conv2d_bwd_data, simt);
GD_DECLARE_CUDA(gd_conv2d_bwd_weight, simt);
GD_DECLARE_CUDA_PREPARE(gd_conv2d_fwd, simt);
GD_DECLARE_CUDA_PREPARE(gd_conv2d_bwd_data, simt);
GD_DECLARE_CUDA_PREPARE(gd_conv2d_bwd_weight, simt);

/* CUDA: a window of one pixel by cuBLASLt, where that is installed. */
GD_EXTERN const char *gd_conv2d_cublaslt_accepts(const gd_problem *);
GD_EXTERN void gd_conv2d_cublaslt_release(void *state);
GD_DECLARE_CUDA(gd_conv2d_fwd, cublaslt);
GD_DECLARE_CUDA(gd_conv2d_bwd_data, cublaslt);
GD_DECLARE_CUDA(gd_conv2d_bwd_weight, cublaslt);
GD_DECLARE_CUDA_PREPARE(gd_conv2d_fwd, cublaslt);
GD_DECLARE_CUDA_PREPARE(gd_conv2d_bwd_data, cublaslt);
GD_DECLARE_CUDA_PREPARE(gd_conv2d_bwd_weight, cublaslt);

/* CUDA: by cuDNN, where that is installed. */
GD_DECLARE_CUDNN(gd_conv2d_fwd);
GD_DECLARE_CUDNN(gd_conv2d_bwd_data);
GD_DECLARE_CUDNN(gd_conv2d_bwd_weight);

#endif
