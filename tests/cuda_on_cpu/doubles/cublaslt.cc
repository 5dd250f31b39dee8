// SPDX-License-Identifier: Apache-2.0
/* cuBLASLt, as far as Griddle calls it, with its ABI: takes note of descriptors, holds a call against what the real one
 * demands of it (what is wrong is a finding), and computes it on the emulated card.
 *
 * Demands (cuBLAS documentation, "cublasLtMatmul()"): column order, so that a leading dimension is at least the rows;
 * types out of its table; scales of the scale's type, on the host; an algorithm that its heuristic gave for the very
 * same descriptors; the workspace that this algorithm asked for; pointers aligned as the preference said they would be.
 */
#include "cublasLt.h"
#include "doubles/device.h"
#include "tensor/tensor.h"

#include <cstdlib>
#include <cstring>
#include <vector>

struct cublasLtMatmulDescOpaque_t {
    cublasComputeType_t compute;
    cudaDataType_t scale;
    int32_t transpose_a, transpose_b;
};

struct cublasLtMatrixLayoutOpaque_t {
    cudaDataType_t type;
    uint64_t rows, columns;
    int64_t leading;
};

struct cublasLtMatmulPreferenceOpaque_t {
    uint64_t workspace;
    uint32_t reductions, alignment[4];
};

using namespace gd_double;

#define refuse(why) (wrong_call(__func__, why), CUBLAS_STATUS_INVALID_VALUE)

// ---- descriptors ----
size_t cublasLtGetVersion(void) { return 130002; }

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    static int it;
    *handle = reinterpret_cast<cublasLtHandle_t>(&it);
    return library_call() ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *to, cublasComputeType_t compute, cudaDataType_t scale)
{
    *to = new cublasLtMatmulDescOpaque_t{compute, scale, CUBLAS_OP_N, CUBLAS_OP_N};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t matmul)
{
    delete matmul;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t matmul, cublasLtMatmulDescAttributes_t which,
                                              const void *value, size_t bytes)
{
    if (bytes != sizeof(int32_t))
        return refuse("an attribute of another size");
    memcpy(which == CUBLASLT_MATMUL_DESC_TRANSA ? &matmul->transpose_a : &matmul->transpose_b, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *to, cudaDataType_t type, uint64_t rows,
                                          uint64_t columns, int64_t leading)
{
    *to = nullptr;
    if (rows == 0 || columns == 0 || leading < (int64_t)rows)
        return refuse("a leading dimension below the rows");
    *to = new cublasLtMatrixLayoutOpaque_t{type, rows, columns, leading};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)
{
    delete layout;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *to)
{
    *to = new cublasLtMatmulPreferenceOpaque_t{0, 7, {256, 256, 256, 256}};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    delete preference;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t to,
                                                    cublasLtMatmulPreferenceAttributes_t which, const void *value,
                                                    size_t bytes)
{
    const bool is_workspace = which == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
    if (bytes != (is_workspace ? sizeof to->workspace : sizeof to->reductions))
        return refuse("a preference of another size");
    void *place = is_workspace                                          ? (void *)&to->workspace
                  : which == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK ? (void *)&to->reductions
                                                                        : &to->alignment[which - 5];
    memcpy(place, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

// ---- a product ----
struct Product {
    cublasLtMatmulDescOpaque_t matmul;
    cublasLtMatrixLayoutOpaque_t a, b, d;
    uint64_t m, n, k;
};

static bool is_in_the_table(cudaDataType_t a, cudaDataType_t b, cudaDataType_t d)
{
    return a == b && (d == a || d == CUDA_R_32F);
}

/* NULL, or what is wrong. */
static const char *read_product(cublasLtMatmulDesc_t matmul, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d, Product *to)
{
    const bool ta = matmul->transpose_a == CUBLAS_OP_T, tb = matmul->transpose_b == CUBLAS_OP_T;
    *to = {*matmul, *a, *b, *d, d->rows, d->columns, ta ? a->rows : a->columns};
    if (memcmp(c, d, sizeof *c) != 0)
        return "C is not as D is";
    if ((ta ? a->columns : a->rows) != to->m || (tb ? b->rows : b->columns) != to->n ||
        (tb ? b->columns : b->rows) != to->k)
        return "the sizes of A, B and D do not fit";
    if (matmul->compute != CUBLAS_COMPUTE_32F || matmul->scale != CUDA_R_32F)
        return "sums or scales of another type";
    return is_in_the_table(a->type, b->type, d->type) ? nullptr : "types that are not in the table";
}

static uint64_t digest(const Product &p, const uint32_t alignment[4])
{
    const uint64_t all[] = {(uint64_t)p.matmul.transpose_a,
                            (uint64_t)p.matmul.transpose_b,
                            p.m,
                            p.n,
                            p.k,
                            (uint64_t)p.a.type,
                            (uint64_t)p.d.type,
                            (uint64_t)p.a.leading,
                            (uint64_t)p.b.leading,
                            (uint64_t)p.d.leading,
                            alignment[0],
                            alignment[1],
                            alignment[3]};
    uint64_t sum = 0;
    for (uint64_t value : all)
        sum = sum * 0x9e3779b97f4a7c15 + value;
    return sum;
}

/* Long sums are split, where the preference allows that without atomics. */
static uint64_t workspace_of(const Product &p, const cublasLtMatmulPreferenceOpaque_t &preference)
{
    const uint64_t bytes = p.k > 32 ? 2 * p.m * p.n * sizeof(float) : 0;
    return bytes <= preference.workspace && preference.reductions == CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE ? bytes : 0;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t matmul, cublasLtMatrixLayout_t a,
                                              cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                                              cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference, int,
                                              cublasLtMatmulHeuristicResult_t *result, int *found)
{
    Product product;
    const char *wrong = read_product(matmul, a, b, c, d, &product);
    *found = !wrong;
    if (wrong)
        return refuse(wrong);
    const uint32_t *alignment = preference->alignment;
    *result = {};
    result->workspaceSize = workspace_of(product, *preference);
    result->algo.data[0] = digest(product, alignment);
    result->algo.data[1] = result->workspaceSize;
    for (int i = 0; i < 4; i++)
        result->algo.data[2 + i] = alignment[i];
    return CUBLAS_STATUS_SUCCESS;
}

struct Work {
    Product p;
    float alpha, beta;
    const void *a, *b;
    void *d, *workspace;
    size_t workspace_bytes;
};

static gd_type type_of(cudaDataType_t type)
{
    return type == CUDA_R_32F ? GD_F32 : type == CUDA_R_16F ? GD_F16 : GD_BF16;
}

static size_t bytes_of(const cublasLtMatrixLayoutOpaque_t &layout)
{
    return (size_t)layout.leading * layout.columns * gd_type_bytes(type_of(layout.type));
}

static std::vector<float> numbers(const cublasLtMatrixLayoutOpaque_t &layout, const void *at)
{
    std::vector<float> all((size_t)layout.leading * layout.columns);
    gd_convert(all.data(), GD_F32, at, type_of(layout.type), (int64_t)all.size());
    return all;
}

static void multiply(const void *argument)
{
    const Work &w = *static_cast<const Work *>(argument);
    const Product &p = w.p;
    const auto a = numbers(p.a, w.a), b = numbers(p.b, w.b);
    auto d = numbers(p.d, w.d);
    const bool ta = p.matmul.transpose_a == CUBLAS_OP_T, tb = p.matmul.transpose_b == CUBLAS_OP_T;
    for (uint64_t j = 0; j < p.n; j++)
        for (uint64_t i = 0; i < p.m; i++) {
            float sum = 0;
            for (uint64_t l = 0; l < p.k; l++)
                sum += a[ta ? l + i * (uint64_t)p.a.leading : i + l * (uint64_t)p.a.leading] *
                       b[tb ? j + l * (uint64_t)p.b.leading : l + j * (uint64_t)p.b.leading];
            float &to = d[i + j * (uint64_t)p.d.leading];
            to = w.alpha * sum + (w.beta == 0 ? 0 : w.beta * to);
        }
    gd_convert(w.d, type_of(p.d.type), d.data(), GD_F32, (int64_t)d.size());
    if (w.workspace_bytes)
        memset(w.workspace, 0xff, w.workspace_bytes); // parts of sums, which nobody may need afterwards
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t matmul, const void *alpha, const void *a,
                              cublasLtMatrixLayout_t a_layout, const void *b, cublasLtMatrixLayout_t b_layout,
                              const void *beta, const void *c, cublasLtMatrixLayout_t c_layout, void *d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t *algorithm, void *workspace,
                              size_t workspace_bytes, cudaStream_t stream)
{
    Work w{};
    const char *wrong = read_product(matmul, a_layout, b_layout, c_layout, d_layout, &w.p);
    if (wrong)
        return refuse(wrong);
    uint32_t alignment[4];
    for (int i = 0; i < 4; i++)
        alignment[i] = (uint32_t)algorithm->data[2 + i];
    if (algorithm->data[0] != digest(w.p, alignment))
        return refuse("an algorithm of another product");
    if (workspace_bytes < algorithm->data[1] || (workspace_bytes && ((uintptr_t)workspace % 16 || !workspace)))
        return refuse("a workspace that is too small, or not aligned");
    const void *const pointers[] = {a, b, c, d};
    for (int i = 0; i < 4; i++)
        if ((uintptr_t)pointers[i] % alignment[i])
            return refuse("an operand that is not aligned as was said");
    w.alpha = *static_cast<const float *>(alpha), w.beta = *static_cast<const float *>(beta);
    w.a = a, w.b = b, w.d = d, w.workspace = workspace, w.workspace_bytes = algorithm->data[1];
    const gd_emulated_span spans[] = {{const_cast<void *>(a), bytes_of(w.p.a), false},
                                      {const_cast<void *>(b), bytes_of(w.p.b), false},
                                      {d, bytes_of(w.p.d), true},
                                      {workspace, w.workspace_bytes, true}};
    return library_call()(stream, "cublasLtMatmul", spans, 4, multiply, &w, sizeof w) == cudaSuccess
               ? CUBLAS_STATUS_SUCCESS
               : CUBLAS_STATUS_EXECUTION_FAILED;
}
