// SPDX-License-Identifier: Apache-2.0
/* Two numbers per channel out of many rows: statistics, sums of gradients. The rows come in segments (batch norm's
 * groups, an image's pixels), each with an answer of its own. In a fixed order, so the same bits each time:
 *
 *     segment:  | chunk 0 | chunk 1 | …       a block for each chunk and 32 channels, 8 rows at a time
 *     block:    thread (c, r) takes rows r, r+8, r+16 … of its chunk in f32; the 8 are merged in order, in f64
 *     WORK      partial[segment][chunk][2][C]   f32
 *     then      a block for each segment and 32 channels: thread (c, y) of Y merges chunks y, y+Y, y+2Y … in order,
 * then y merges what y + Y/2 has, y what y + Y/4 has, … in f64
 *
 * An Op says what to do:
 *
 *     void take(float &a, float &b, int64_t row, int c, int taken) const    one more row; `taken` before it
 *     static void merge(double &a, double &b, double n, double a2, double b2, double n2)    n rows, then n2 rows
 *     void finish(int64_t segment, int c, double a, double b, int64_t rows) const            writes the answer
 */
#ifndef GD_CUDA_COLUMNS_CUH
#define GD_CUDA_COLUMNS_CUH

#include "launch.cuh"

enum { GD_COLUMNS_X = 32, GD_COLUMNS_Y = 8, GD_COLUMNS_CHUNK = 64, GD_COLUMNS_MOST = 512, GD_COLUMNS_FINISH_Y = 32 };

/* Segments of `segment_rows` rows, the last one maybe smaller, in chunks of `chunk_rows`. */
struct gd_columns {
    int64_t rows, segment_rows, segments, chunk_rows, chunks;
    int C;
};

static inline gd_columns gd_columns_of(int64_t rows, int64_t segment_rows, int64_t C)
{
    gd_columns z = {rows, segment_rows, gd_ceil(rows, segment_rows), GD_COLUMNS_CHUNK, 0, (int)C};
    while (gd_ceil(segment_rows, z.chunk_rows) > GD_COLUMNS_MOST)
        z.chunk_rows *= 2;
    z.chunks = gd_ceil(segment_rows, z.chunk_rows);
    return z;
}

static inline size_t gd_columns_work(gd_columns z) { return (size_t)(z.segments * z.chunks * 2 * z.C) * sizeof(float); }

__device__ inline int64_t gd_columns_rows(gd_columns z, int64_t segment)
{
    int64_t left = z.rows - segment * z.segment_rows;
    return left < z.segment_rows ? left : z.segment_rows;
}

__device__ inline int64_t gd_columns_chunk_rows(gd_columns z, int64_t segment, int64_t chunk)
{
    int64_t left = gd_columns_rows(z, segment) - chunk * z.chunk_rows;
    return left < 0 ? 0 : left < z.chunk_rows ? left : z.chunk_rows;
}

template <class Op>
__global__ void __launch_bounds__(GD_COLUMNS_X *GD_COLUMNS_Y) gd_columns_kernel(gd_columns z, Op op, float *partial)
{
    GD_SHARED(float, a, [GD_COLUMNS_Y][GD_COLUMNS_X]);
    GD_SHARED(float, b, [GD_COLUMNS_Y][GD_COLUMNS_X]);
    unsigned tiles = (unsigned)(z.C + GD_COLUMNS_X - 1) / GD_COLUMNS_X, all = blockIdx.x / tiles;
    int c = (int)(blockIdx.x % tiles) * GD_COLUMNS_X + (int)threadIdx.x, y = (int)threadIdx.y;
    int64_t segment = all / (unsigned)z.chunks, chunk = all % (unsigned)z.chunks;
    int64_t rows = gd_columns_chunk_rows(z, segment, chunk), first = segment * z.segment_rows + chunk * z.chunk_rows;
    float sum_a = 0, sum_b = 0;
    int taken = 0;
    for (int64_t r = y; r < rows && c < z.C; r += GD_COLUMNS_Y)
        op.take(sum_a, sum_b, first + r, c, taken++);
    a[y][threadIdx.x] = sum_a;
    b[y][threadIdx.x] = sum_b;
    __syncthreads();
    if (y > 0 || c >= z.C)
        return;
    double all_a = 0, all_b = 0, n = 0;
    for (int i = 0; i < GD_COLUMNS_Y; i++) {
        double more = (double)((rows - i + GD_COLUMNS_Y - 1) / GD_COLUMNS_Y);
        if (i < rows)
            Op::merge(all_a, all_b, n, (double)a[i][threadIdx.x], (double)b[i][threadIdx.x], more);
        n += i < rows ? more : 0;
    }
    float *to = partial + (segment * z.chunks + chunk) * 2 * z.C + c;
    to[0] = (float)all_a;
    to[z.C] = (float)all_b;
}

/* blockDim.y: a power of two, at most GD_COLUMNS_FINISH_Y. */
template <class Op>
__global__ void __launch_bounds__(GD_COLUMNS_X *GD_COLUMNS_FINISH_Y)
    gd_columns_finish_kernel(gd_columns z, Op op, const float *partial)
{
    GD_SHARED(double, a, [GD_COLUMNS_FINISH_Y][GD_COLUMNS_X]);
    GD_SHARED(double, b, [GD_COLUMNS_FINISH_Y][GD_COLUMNS_X]);
    GD_SHARED(double, n, [GD_COLUMNS_FINISH_Y][GD_COLUMNS_X]);
    unsigned tiles = (unsigned)(z.C + GD_COLUMNS_X - 1) / GD_COLUMNS_X, x = threadIdx.x, y = threadIdx.y;
    int64_t segment = blockIdx.x / tiles;
    int c = (int)(blockIdx.x % tiles * GD_COLUMNS_X + x);
    double all_a = 0, all_b = 0, all = 0;
    for (int64_t chunk = y; chunk < z.chunks && c < z.C; chunk += blockDim.y) {
        const float *from = partial + (segment * z.chunks + chunk) * 2 * z.C + c;
        double rows = (double)gd_columns_chunk_rows(z, segment, chunk);
        if (rows > 0)
            Op::merge(all_a, all_b, all, (double)from[0], (double)from[z.C], rows);
        all += rows;
    }
    for (unsigned apart = blockDim.y / 2; apart > 0; apart /= 2) {
        a[y][x] = all_a;
        b[y][x] = all_b;
        n[y][x] = all;
        __syncthreads();
        if (y < apart && n[y + apart][x] > 0) {
            Op::merge(all_a, all_b, all, a[y + apart][x], b[y + apart][x], n[y + apart][x]);
            all += n[y + apart][x];
        }
        __syncthreads();
    }
    if (y == 0 && c < z.C)
        op.finish(segment, c, all_a, all_b, gd_columns_rows(z, segment));
}

template <class Op> gd_status gd_columns_run(const gd_ctx *ctx, gd_columns z, Op op, void *work)
{
    dim3 block(GD_COLUMNS_X, GD_COLUMNS_Y), finish(GD_COLUMNS_X, 1);
    unsigned blocks = (unsigned)(gd_ceil(z.C, GD_COLUMNS_X) * z.segments);
    while (finish.y < GD_COLUMNS_FINISH_Y && finish.y < z.chunks)
        finish.y *= 2;
    GD_TRY(gd_launched(GD_LAUNCH((gd_columns_kernel<Op>), (unsigned)(blocks * z.chunks), block, 0, gd_stream_of(ctx), z,
                                 op, (float *)work)));
    return gd_launched(
        GD_LAUNCH((gd_columns_finish_kernel<Op>), blocks, finish, 0, gd_stream_of(ctx), z, op, (const float *)work));
}

/* Plain sums of both. */
struct gd_columns_sums {
    __device__ static void merge(double &a, double &b, double, double a2, double b2, double)
    {
        a += a2;
        b += b2;
    }
};

#endif
