// SPDX-License-Identifier: Apache-2.0
/* griddle-cuda-probe prints what the wrappers of cuda/kernel do on this card, as tables: which lane gets which element
 * from ldmatrix, what mma makes of a warp's registers, where tiles go in memory, what asynchronous copies, sums over a
 * warp and conversions leave.
 *
 * nvcc builds it, and tests/cuda_on_cpu does; what both print must be the same bytes, which tests/golden/cuda-sm_NN.txt
 * holds for each path. Fragments of wmma (70) are opaque, so there tables show memory alone. Values are small whole
 * numbers: sums are exact in every order. */
#include "kernel/machine.cuh"

#include <cstdio>
#include <cstring>
#include <vector>

/* ---- host and card ---- */

static bool is_well = true;

static void require(cudaError_t error, const char *what)
{
    if (error != cudaSuccess && is_well)
        fprintf(stderr, "griddle-cuda-probe: %s: %s (%s)\n", what, cudaGetErrorString(error), cudaGetErrorName(error));
    is_well = is_well && error == cudaSuccess;
}

template <typename T> struct on_card {
    T *data = nullptr;
    size_t n;
    explicit on_card(size_t count) : n(count)
    {
        require(cudaMalloc(reinterpret_cast<void **>(&data), n * sizeof(T)), "cudaMalloc");
        require(cudaMemset(data, 0, n * sizeof(T)), "cudaMemset");
    }
    explicit on_card(const std::vector<T> &from) : on_card(from.size())
    {
        require(cudaMemcpy(data, from.data(), n * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
    }
    ~on_card() { cudaFree(data); }
    on_card(const on_card &) = delete;
    on_card &operator=(const on_card &) = delete;
    std::vector<T> get() const
    {
        std::vector<T> to(n);
        require(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
        require(cudaMemcpy(to.data(), data, n * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy");
        return to;
    }
};

static float sample(size_t i) { return static_cast<float>((i * 37 + i / 11 * 5) % 15) - 7; }

template <typename T> static std::vector<T> samples(size_t n, size_t first)
{
    std::vector<T> values(n);
    for (size_t i = 0; i < n; i++)
        values[i] = T(sample(i + first));
    return values;
}

/* Two 16-bit elements a word, as a register holds them. */
template <typename T> static std::vector<unsigned> packed(size_t n_words, size_t first)
{
    std::vector<T> values = samples<T>(2 * n_words, first);
    std::vector<unsigned> words(n_words);
    memcpy(words.data(), values.data(), n_words * sizeof(unsigned));
    return words;
}

template <typename T> static unsigned bits_of(T value)
{
    unsigned bits = 0;
    memcpy(&bits, &value, sizeof value);
    return bits;
}

/* ---- tables ---- */

static void print(const char *format, unsigned value) { printf(format, value); }
static void print(const char *format, float value) { printf(format, static_cast<double>(value)); }

template <typename T>
static void print_table(const char *name, const char *format, size_t columns, const std::vector<T> &at)
{
    printf("\n%s\n", name);
    for (size_t i = 0; i < at.size(); i++) {
        if (i % columns == 0)
            printf("%2zu:", i / columns);
        print(format, at[i]);
        if (i % columns == columns - 1)
            printf("\n");
    }
}

__global__ void path_kernel(unsigned *path) { *path = GD_SM; }

/* Element (row, column) of 32 rows of 8 is 256 row + column; lane l gives the address of row l. */
template <bool is_transposed> __global__ void ldmatrix_kernel(unsigned *registers)
{
#if GD_SM >= 75
    GD_SHARED(unsigned short, rows, [32 * 8]);
    unsigned lane = threadIdx.x, to[4];
    for (unsigned i = 0; i < 8; i++)
        rows[lane * 8 + i] = static_cast<unsigned short>(256 * lane + i);
    __syncwarp();
    gd_ldmatrix_x4<is_transposed>(to, rows + lane * 8);
    for (unsigned i = 0; i < 4; i++)
        registers[lane * 4 + i] = to[i];
#else
    (void)registers;
#endif
}

template <typename T, int k> __global__ void mma_kernel(float *c, const unsigned *a, const unsigned *b)
{
#if GD_SM >= 75
    unsigned lane = threadIdx.x, ra[4], rb[2];
    float rc[4];
    for (unsigned i = 0; i < k / 4; i++)
        ra[i] = a[lane * (k / 4) + i];
    for (unsigned i = 0; i < k / 8; i++)
        rb[i] = b[lane * (k / 8) + i];
    for (unsigned i = 0; i < 4; i++)
        rc[i] = static_cast<float>(1000 * lane + 100 * i);
    if constexpr (k == 8) {
        gd_mma_m16n8k8<T>(rc, ra, rb);
    } else {
#if GD_SM >= 80
        gd_mma_m16n8k16<T>(rc, ra, rb);
#endif
    }
    for (unsigned i = 0; i < 4; i++)
        c[lane * 4 + i] = rc[i];
#else
    (void)c, (void)a, (void)b;
#endif
}

/* c = a · b + 1 through shared memory; who[row][column]: the lane to which gd_frag_visit gave the element, after that.
 */
template <typename T, gd_major major_a, gd_major major_b>
__global__ void tile_kernel(float *c, unsigned *who, const T *a, const T *b)
{
    if constexpr (gd_has_mma<T>) {
        constexpr int ld = 24;
        GD_SHARED(T, tile_a, [16 * ld]);
        GD_SHARED(T, tile_b, [16 * ld]);
        GD_SHARED(float, tile_c, [16 * 16]);
        GD_SHARED(float, scratch, [256]);
        for (int i = static_cast<int>(threadIdx.x); i < 256; i += 32) {
            tile_a[i / 16 * ld + i % 16] = a[i];
            tile_b[i / 16 * ld + i % 16] = b[i];
        }
        __syncwarp();
        gd_frag_a<T, major_a> fa;
        gd_frag_b<T, major_b> fb;
        gd_frag_c sum;
        gd_frag_load_a(fa, tile_a, ld);
        gd_frag_load_b(fb, tile_b, ld);
        gd_frag_fill(sum, 1);
        gd_mma(sum, fa, fb);
        gd_frag_store(tile_c, 16, sum);
        __syncwarp();
        for (int i = static_cast<int>(threadIdx.x); i < 256; i += 32)
            c[i] = tile_c[i];
        gd_frag_visit(sum, scratch, [&](int row, int column, float left, float right) {
            who[row * 16 + column] = left == tile_c[row * 16 + column] ? threadIdx.x : 99;
            who[row * 16 + column + 1] = right == tile_c[row * 16 + column + 1] ? threadIdx.x : 99;
        });
    }
}

/* Two groups of copies; of the first every third is invalid, of the second every fifth. */
__global__ void copy_kernel(unsigned *to, const unsigned *from)
{
    GD_SHARED(unsigned, stage, [2][128]);
    unsigned lane = threadIdx.x;
    for (unsigned group = 0; group < 2; group++)
        for (unsigned i = 0; i < 4; i++)
            stage[group][lane * 4 + i] = 0xffffffff;
    gd_copy_async16(&stage[0][lane * 4], from + lane * 4, lane % 3 != 0);
    gd_copy_commit();
    gd_copy_async16(&stage[1][lane * 4], from + (31 - lane) * 4, lane % 5 != 0);
    gd_copy_commit();
    gd_copy_wait<1>();
    __syncwarp();
    for (unsigned i = 0; i < 4; i++)
        to[i * 32 + lane] = stage[0][i * 32 + lane];
    gd_copy_wait<0>();
    __syncwarp();
    for (unsigned i = 0; i < 4; i++)
        to[128 + i * 32 + lane] = stage[1][i * 32 + lane];
}

__global__ void sum_kernel(float *to, const float *from)
{
    unsigned thread = threadIdx.x;
    to[thread * 3] = gd_warp_sum(from[thread]);
    to[thread * 3 + 1] = gd_warp_max(from[thread]);
    to[thread * 3 + 2] = gd_block_sum(from[thread]);
}

template <typename T> __global__ void convert_kernel(T *narrow, float *back, const float *from)
{
    narrow[threadIdx.x] = gd_store<T>(from[threadIdx.x]);
    back[threadIdx.x] = gd_load(narrow[threadIdx.x]);
}

/* ---- each of them launched and printed ---- */

template <bool is_transposed> static void show_ldmatrix(const char *name)
{
    on_card<unsigned> registers(32 * 4);
    require(GD_LAUNCH((ldmatrix_kernel<is_transposed>), 1, 32, 0, nullptr, registers.data), name);
    print_table(name, " %08x", 4, registers.get());
}

template <typename T, int k> static void show_mma(const char *name)
{
    on_card<unsigned> a(packed<T>(32 * k / 4, 0)), b(packed<T>(32 * k / 8, 5));
    on_card<float> c(32 * 4);
    require(GD_LAUNCH((mma_kernel<T, k>), 1, 32, 0, nullptr, c.data, a.data, b.data), name);
    print_table(name, " %6g", 4, c.get());
}

template <typename T, gd_major major_a, gd_major major_b> static void show_tile(const char *name)
{
    on_card<T> a(samples<T>(256, 0)), b(samples<T>(256, 3));
    on_card<float> c(256);
    on_card<unsigned> who(256);
    require(GD_LAUNCH((tile_kernel<T, major_a, major_b>), 1, 32, 0, nullptr, c.data, who.data, a.data, b.data), name);
    print_table(name, " %5g", 16, c.get());
    print_table("visited by lane", " %2u", 16, who.get());
}

template <typename T>
static void show_tiles(const char *row_row, const char *row_column, const char *column_row, const char *column_column)
{
    show_tile<T, GD_ROW_MAJOR, GD_ROW_MAJOR>(row_row);
    show_tile<T, GD_ROW_MAJOR, GD_COLUMN_MAJOR>(row_column);
    show_tile<T, GD_COLUMN_MAJOR, GD_ROW_MAJOR>(column_row);
    show_tile<T, GD_COLUMN_MAJOR, GD_COLUMN_MAJOR>(column_column);
}

static void show_copies(const char *name)
{
    std::vector<unsigned> from(128);
    for (unsigned i = 0; i < 128; i++)
        from[i] = 0x1000 + i;
    on_card<unsigned> source(from), to(256);
    require(GD_LAUNCH(copy_kernel, 1, 32, 0, nullptr, to.data, source.data), name);
    print_table(name, " %04x", 16, to.get());
}

static void show_sums(const char *name)
{
    on_card<float> from(samples<float>(96, 2)), to(96 * 3);
    require(GD_LAUNCH(sum_kernel, 1, 96, 0, nullptr, to.data, from.data), name);
    print_table(name, " %4g", 12, to.get());
}

/* Ties, subnormal numbers, the largest and beyond, of either type. */
template <typename T> static void show_conversions(const char *name)
{
    const std::vector<float> values = {
        0.0f,         -0.0f,       1.0f,         1.00048828125f, 1.00146484375f, 1.0009765625f,  65504.0f, 65519.0f,
        65520.0f,     -1e6f,       6.103515e-5f, 6.0975552e-5f,  5.9604645e-8f,  2.9802322e-8f,  2.98e-8f, 3e-8f,
        8.940697e-8f, 1.00390625f, 1.01171875f,  3.3895314e38f,  3.4e38f,        1.1754944e-38f, 1e-40f,   -3.14159274f,
    };
    const unsigned n = static_cast<unsigned>(values.size());
    on_card<float> from(values), back(n);
    on_card<T> narrow(n);
    require(GD_LAUNCH((convert_kernel<T>), 1, n, 0, nullptr, narrow.data, back.data, from.data), name);
    std::vector<T> narrows = narrow.get();
    std::vector<float> backs = back.get();
    std::vector<unsigned> rows;
    for (unsigned i = 0; i < n; i++) {
        rows.push_back(bits_of(values[i]));
        rows.push_back(bits_of(narrows[i]));
        rows.push_back(bits_of(backs[i]));
    }
    print_table(name, " %08x", 3, rows);
}

static void show_tables()
{
    on_card<unsigned> path_on_card(1);
    require(GD_LAUNCH(path_kernel, 1, 1, 0, nullptr, path_on_card.data), "no kernel for this card");
    unsigned path = path_on_card.get()[0];
    printf("path %u\n", path);
    if (path >= 75) {
        show_ldmatrix<false>("ldmatrix x4: registers of each lane");
        show_ldmatrix<true>("ldmatrix x4 transposed: registers of each lane");
        show_mma<__half, 8>("mma m16n8k8 f16: registers of each lane");
    }
    if (path >= 80) {
        show_mma<__half, 16>("mma m16n8k16 f16: registers of each lane");
        show_mma<__nv_bfloat16, 16>("mma m16n8k16 bf16: registers of each lane");
        show_tiles<__nv_bfloat16>("tile bf16, rows by rows", "tile bf16, rows by columns", "tile bf16, columns by rows",
                                  "tile bf16, columns by columns");
    }
    show_tiles<__half>("tile f16, rows by rows", "tile f16, rows by columns", "tile f16, columns by rows",
                       "tile f16, columns by columns");
    show_copies("copies of 16 bytes, two groups");
    show_sums("of 96 threads: sum of the warp, largest of the warp, sum of the block");
    show_conversions<__half>("f32 to f16 and back");
    show_conversions<__nv_bfloat16>("f32 to bf16 and back");
}

int main()
{
    show_tables();
    return is_well ? 0 : 1;
}
