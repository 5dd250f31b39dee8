// SPDX-License-Identifier: Apache-2.0
/* A tile product of 16 x 16 x 32 in every pair of majors, against plain loops; on each path the same source. */
#include "selftest.h"

constexpr int ld = 40; // padded: neither 16 nor 32

template <typename T, gd_major major_a, gd_major major_b> __global__ void tile_kernel(float *c, const T *a, const T *b)
{
    if constexpr (gd_has_mma<T>) {
        GD_SHARED(T, tile_a, [32 * ld]);
        GD_SHARED(T, tile_b, [32 * ld]);
        GD_SHARED(float, tile_c, [16 * 20]);
        for (int i = (int)threadIdx.x; i < 16 * 32; i += 32) {
            int m = i / 32, k = i % 32;
            tile_a[major_a == GD_ROW_MAJOR ? m * ld + k : k * ld + m] = a[i];
            tile_b[major_b == GD_ROW_MAJOR ? k * ld + m : m * ld + k] = b[k * 16 + m];
        }
        __syncthreads();
        gd_frag_c sum;
        gd_frag_fill(sum, 1);
        for (int k = 0; k < 32; k += 16) {
            gd_frag_a<T, major_a> fa;
            gd_frag_b<T, major_b> fb;
            gd_frag_load_a(fa, tile_a + (major_a == GD_ROW_MAJOR ? k : k * ld), ld);
            gd_frag_load_b(fb, tile_b + (major_b == GD_ROW_MAJOR ? k * ld : k), ld);
            gd_mma(sum, fa, fb);
        }
        gd_frag_store(tile_c, 20, sum);
        __syncthreads();
        for (int i = (int)threadIdx.x; i < 256; i += 32)
            c[i] = tile_c[i / 16 * 20 + i % 16];
    }
}

template <typename T>
static bool is_product(const std::vector<float> &c, const std::vector<T> &a, const std::vector<T> &b)
{
    for (int i = 0; i < 256; i++) {
        float want = 1;
        for (int k = 0; k < 32; k++)
            want += (float)a[i / 16 * 32 + k] * (float)b[k * 16 + i % 16];
        REQUIRE(c[i] == want);
    }
    return true;
}

template <typename T, gd_major major_a, gd_major major_b> static bool multiplies()
{
    auto a = samples<T>(16 * 32), b = samples<T>(32 * 16, 3);
    Device<T> da(a), db(b);
    Device<float> dc(256);
    WORKS(GD_LAUNCH((tile_kernel<T, major_a, major_b>), 1, 32, 0, nullptr, dc.data, da.data, db.data));
    return is_product(dc.get(), a, b);
}

TEST(tile_row_row) { return multiplies<__half, GD_ROW_MAJOR, GD_ROW_MAJOR>(); }
TEST(tile_row_column) { return multiplies<__half, GD_ROW_MAJOR, GD_COLUMN_MAJOR>(); }
TEST(tile_column_row) { return multiplies<__half, GD_COLUMN_MAJOR, GD_ROW_MAJOR>(); }
TEST(tile_column_column) { return multiplies<__half, GD_COLUMN_MAJOR, GD_COLUMN_MAJOR>(); }
TEST(tile_bf16)
{
    return multiplies<__nv_bfloat16, GD_ROW_MAJOR, GD_COLUMN_MAJOR>() &&
           multiplies<__nv_bfloat16, GD_COLUMN_MAJOR, GD_ROW_MAJOR>();
}

/* Every element of c is visited once, with its own coordinates: a is the unit matrix, so c = b + 100. */
__global__ void visit_kernel(float *c, const __half *b)
{
    GD_SHARED(__half, tile_a, [256]);
    GD_SHARED(__half, tile_b, [256]);
    GD_SHARED(float, scratch, [256]);
    for (int i = (int)threadIdx.x; i < 256; i += 32) {
        tile_a[i] = gd_store<__half>(i / 16 == i % 16 ? 1.0f : 0.0f);
        tile_b[i] = b[i];
    }
    __syncwarp();
    gd_frag_a<__half> fa;
    gd_frag_b<__half> fb;
    gd_frag_c sum;
    gd_frag_load_a(fa, tile_a, 16);
    gd_frag_load_b(fb, tile_b, 16);
    gd_frag_fill(sum, 100);
    gd_mma(sum, fa, fb);
    for (int turn = 0; turn < 2; turn++) /* the second one writes where other lanes have just read */
        gd_frag_visit(sum, scratch, [&](int row, int column, float left, float right) {
            atomicAdd(&c[row * 16 + column], left);
            atomicAdd(&c[row * 16 + column + 1], right);
        });
}

TEST(tile_visit)
{
    auto b = samples<__half>(256);
    Device<__half> db(b);
    Device<float> dc(std::vector<float>(256, 0.0f));
    WORKS(GD_LAUNCH(visit_kernel, 1, 32, 0, nullptr, dc.data, db.data));
    auto c = dc.get();
    for (int i = 0; i < 256; i++)
        REQUIRE(c[i] == 2 * ((float)b[i] + 100));
    return true;
}
