// SPDX-License-Identifier: Apache-2.0
/* cuBLASLt, of the major version that this library was built for, where it is there. */
#ifndef GD_CUDA_CUBLASLT_H
#define GD_CUDA_CUBLASLT_H

#include <cublasLt.h>

/* name without cublasLt, result, parameters: what is called of it. cublaslt.c holds them against the header. */
#define GD_CUBLASLT_MAP(X)                                                                                             \
    X(GetVersion, size_t, (void))                                                                                      \
    X(Create, cublasStatus_t, (cublasLtHandle_t *))                                                                    \
    X(MatmulDescCreate, cublasStatus_t, (cublasLtMatmulDesc_t *, cublasComputeType_t, cudaDataType_t))                 \
    X(MatmulDescDestroy, cublasStatus_t, (cublasLtMatmulDesc_t))                                                       \
    X(MatmulDescSetAttribute, cublasStatus_t,                                                                          \
      (cublasLtMatmulDesc_t, cublasLtMatmulDescAttributes_t, const void *, size_t))                                    \
    X(MatrixLayoutCreate, cublasStatus_t, (cublasLtMatrixLayout_t *, cudaDataType_t, uint64_t, uint64_t, int64_t))     \
    X(MatrixLayoutDestroy, cublasStatus_t, (cublasLtMatrixLayout_t))                                                   \
    X(MatmulPreferenceCreate, cublasStatus_t, (cublasLtMatmulPreference_t *))                                          \
    X(MatmulPreferenceDestroy, cublasStatus_t, (cublasLtMatmulPreference_t))                                           \
    X(MatmulPreferenceSetAttribute, cublasStatus_t,                                                                    \
      (cublasLtMatmulPreference_t, cublasLtMatmulPreferenceAttributes_t, const void *, size_t))                        \
    X(MatmulAlgoGetHeuristic, cublasStatus_t,                                                                          \
      (cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, \
       cublasLtMatrixLayout_t, cublasLtMatmulPreference_t, int, cublasLtMatmulHeuristicResult_t *, int *))             \
    X(Matmul, cublasStatus_t,                                                                                          \
      (cublasLtHandle_t, cublasLtMatmulDesc_t, const void *, const void *, cublasLtMatrixLayout_t, const void *,       \
       cublasLtMatrixLayout_t, const void *, const void *, cublasLtMatrixLayout_t, void *, cublasLtMatrixLayout_t,     \
       const cublasLtMatmulAlgo_t *, void *, size_t, cudaStream_t))

typedef struct gd_cublaslt {
#define GD_CUBLASLT_MEMBER(name, result, parameters) result(*name) parameters;
    GD_CUBLASLT_MAP(GD_CUBLASLT_MEMBER)
#undef GD_CUBLASLT_MEMBER
    cublasLtHandle_t handle;
} gd_cublaslt;

/* Loads it once a process, on the card that is open. NULL: it is not there, or does not start. */
const gd_cublaslt *gd_cublaslt_get(void);

/* "13.0.2", or "" where it is not there. */
void gd_cublaslt_version(char *text, size_t bytes);

#endif
