// SPDX-License-Identifier: Apache-2.0
/* Kernels as kernels are: each must be right under every schedule, without a finding. */
#include "selftest.h"

#include <cmath>
#include <cstring>

__global__ void matmul_kernel(float *c, const float *a, const float *b, int n)
{
    GD_SHARED(float, tile_a, [16][17]);
    GD_SHARED(float, tile_b, [16][17]);
    int x = (int)threadIdx.x, y = (int)threadIdx.y;
    int column = (int)blockIdx.x * 16 + x, row = (int)blockIdx.y * 16 + y;
    float sum = 0;
    for (int k = 0; k < n; k += 16) {
        tile_a[y][x] = row < n && k + x < n ? a[row * n + k + x] : 0;
        tile_b[y][x] = k + y < n && column < n ? b[(k + y) * n + column] : 0;
        __syncthreads();
        for (int i = 0; i < 16; i++)
            sum += tile_a[y][i] * tile_b[i][x];
        __syncthreads();
    }
    if (row < n && column < n)
        c[row * n + column] = sum;
}

TEST(matmul)
{
    const int n = 37;
    auto a = samples<float>(n * n), b = samples<float>(n * n, 5);
    Device<float> da(a), db(b), dc(n * n);
    WORKS(GD_LAUNCH(matmul_kernel, dim3(3, 3), dim3(16, 16), 0, nullptr, dc.data, da.data, db.data, n));
    auto c = dc.get();
    for (int i = 0; i < n * n; i++) {
        float want = 0;
        for (int k = 0; k < n; k++)
            want += a[i / n * n + k] * b[k * n + i % n];
        REQUIRE(c[i] == want);
    }
    return true;
}

__global__ void warp_sum_kernel(float *sums, float *largest, const float *x)
{
    float value = x[blockIdx.x * blockDim.x + threadIdx.x], sum = gd_warp_sum(value), most = gd_warp_max(value);
    if (threadIdx.x % 32 == 0) {
        unsigned warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
        sums[warp] = sum;
        largest[warp] = most;
    }
}

TEST(warp_sum)
{
    auto x = samples<float>(1024);
    Device<float> dx(x), sums(32), largest(32);
    WORKS(GD_LAUNCH(warp_sum_kernel, 4, 256, 0, nullptr, sums.data, largest.data, dx.data));
    auto got = sums.get(), most = largest.get();
    for (size_t warp = 0; warp < 32; warp++) {
        float want = 0, want_most = -1e9f;
        for (size_t i = 0; i < 32; i++) {
            want += x[warp * 32 + i];
            want_most = fmaxf(want_most, x[warp * 32 + i]);
        }
        REQUIRE(got[warp] == want && most[warp] == want_most);
    }
    return true;
}

__global__ void block_sum_kernel(float *sums, const float *x)
{
    float once = gd_block_sum(x[blockIdx.x * blockDim.x + threadIdx.x]), twice = gd_block_sum(once);
    if (threadIdx.x == 0)
        sums[blockIdx.x] = twice / (float)blockDim.x;
}

TEST(block_sum)
{
    auto x = samples<float>(3 * 192);
    Device<float> dx(x), sums(3);
    WORKS(GD_LAUNCH(block_sum_kernel, 3, 192, 0, nullptr, sums.data, dx.data));
    auto got = sums.get();
    for (size_t block = 0; block < 3; block++) {
        float want = 0;
        for (size_t i = 0; i < 192; i++)
            want += x[block * 192 + i];
        REQUIRE(got[block] == want);
    }
    return true;
}

/* Each step's 1024 floats are on their way while the last step's are added. */
__global__ void double_buffer_kernel(float *y, const float *x, int steps)
{
    GD_DYNAMIC_SHARED(float, buffer);
    int i = (int)threadIdx.x * 4;
    float sum = 0;
    gd_copy_async16(buffer + i, x + i, true);
    gd_copy_commit();
    for (int step = 0; step < steps; step++) {
        int next = step + 1, to = next % 2 * 1024;
        gd_copy_async16(buffer + to + i, x + next * 1024 + i, next < steps); // past the end: zeros
        gd_copy_commit();
        gd_copy_wait<1>();
        __syncthreads();
        for (int n = 0; n < 4; n++)
            sum += buffer[step % 2 * 1024 + (i + n * 256 + 4) % 1024]; // what others have copied
        __syncthreads();
    }
    gd_copy_wait<0>();
    y[threadIdx.x] = sum;
}

TEST(double_buffer)
{
    const int steps = 5;
    auto x = samples<float>(steps * 1024);
    Device<float> dx(x), dy(256);
    WORKS(GD_LAUNCH(double_buffer_kernel, 1, 256, 8192, nullptr, dy.data, dx.data, steps));
    auto y = dy.get();
    for (size_t t = 0; t < 256; t++) {
        float want = 0;
        for (size_t step = 0; step < steps; step++)
            for (size_t n = 0; n < 4; n++)
                want += x[step * 1024 + (t * 4 + n * 256 + 4) % 1024];
        REQUIRE(y[t] == want);
    }
    return true;
}

template <typename T> __global__ void double_it(T *y, const T *x, int n)
{
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x) * gd_vector<T>::n;
    if (i >= n)
        return;
    gd_vector<T> value = gd_vector_load(x + i);
    for (int e = 0; e < gd_vector<T>::n; e++)
        value.at[e] = gd_store<T>(2 * gd_load(value.at[e]));
    gd_vector_store(y + i, value);
}

template <typename T> static bool doubles()
{
    auto x = samples<T>(1000);
    Device<T> dx(x), dy(x.size());
    WORKS(GD_LAUNCH(double_it<T>, 4, 64, 0, nullptr, dy.data, dx.data, 1000));
    auto y = dy.get();
    for (size_t i = 0; i < x.size(); i++)
        REQUIRE((float)y[i] == 2 * (float)x[i]);
    return true;
}

TEST(vectors) { return doubles<float>() && doubles<__half>() && doubles<__nv_bfloat16>(); }

__global__ void count_kernel(unsigned *counts, float *sum)
{
    atomicAdd(&counts[(threadIdx.x + blockIdx.x) % 7], 1u);
    atomicAdd(sum, 0.5f);
}

TEST(atomics)
{
    Device<unsigned> counts(std::vector<unsigned>(7, 0));
    Device<float> sum(std::vector<float>(1, 0.0f));
    WORKS(GD_LAUNCH(count_kernel, 7, 96, 0, nullptr, counts.data, sum.data));
    for (unsigned count : counts.get())
        REQUIRE(count == 96);
    REQUIRE(sum.get()[0] == 7 * 96 / 2);
    return true;
}

static unsigned half_bits(float value) { return __half_as_ushort(__float2half(value)); }
static unsigned bf16_bits(float value) { return __bfloat16_as_ushort(__float2bfloat16(value)); }

/* Every half and bfloat16 there is survives the way to float and back; ties go to even, too large to infinity. */
TEST(conversions)
{
    for (unsigned bits = 0; bits < 65536; bits++) {
        __half h = __ushort_as_half((unsigned short)bits);
        __nv_bfloat16 b = __ushort_as_bfloat16((unsigned short)bits);
        REQUIRE(std::isnan((float)h) ? std::isnan((float)__half((float)h)) : half_bits((float)h) == bits);
        REQUIRE(std::isnan((float)b) ? std::isnan((float)__nv_bfloat16((float)b)) : bf16_bits((float)b) == bits);
        if (bits % 0x8000 >= 0x7bff)
            continue;
        float middle = ((float)h + (float)__ushort_as_half((unsigned short)(bits + 1))) / 2;
        REQUIRE(half_bits(middle) == bits + bits % 2);
        REQUIRE(half_bits(nextafterf(middle, (float)h)) == bits);
    }
    REQUIRE(half_bits(65519.996f) == 0x7bff && half_bits(65520.0f) == 0x7c00 && half_bits(-1e30f) == 0xfc00);
    REQUIRE(half_bits(0x1p-25f) == 0 && half_bits(0x1.000002p-25f) == 1 && half_bits(-0.0f) == 0x8000);
    REQUIRE(bf16_bits(0x1.01p0f) == 0x3f80 && bf16_bits(0x1.03p0f) == 0x3f82);
    REQUIRE(bf16_bits(3.4e38f) == 0x7f80);
    return true;
}
