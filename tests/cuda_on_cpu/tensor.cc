// SPDX-License-Identifier: Apache-2.0
/* Tensor cores: ldmatrix, mma.sync and wmma. Register layouts are those of the PTX ISA, "Matrix fragments for
 * mma.m16n8k8 / mma.m16n8k16" and "ldmatrix".
 */
#include "block.h"
#include "check.h"
#include "finding.h"
#include "memory.h"
#include "settings.h"
#include "sum.h"

#include <cstring>
#include <numeric>

namespace emulator
{
static uint16_t half_of(uint32_t word, int which) { return (uint16_t)(word >> 16 * which); }

// ---- ldmatrix: lanes 8j … 8j + 7 give the rows of matrix j; lane l gets two elements of row l / 4 of each ----
struct MatrixLoad {
    uint32_t *to;
    const char *row;
    bool is_transposed;
};

static uint16_t element_of(Thread *warp, int matrix, int row, int column)
{
    uint16_t value;
    memcpy(&value, static_cast<MatrixLoad *>(warp[matrix * 8 + row].payload)->row + column * 2, 2);
    return value;
}

static void deal_rows(Thread *warp, unsigned)
{
    for (int l = 0; l < 32; l++) {
        auto *mine = static_cast<MatrixLoad *>(warp[l].payload);
        for (int j = 0; j < 4; j++) {
            int g = l / 4, t = l % 4 * 2;
            uint32_t low = mine->is_transposed ? element_of(warp, j, t, g) : element_of(warp, j, g, t);
            uint32_t high = mine->is_transposed ? element_of(warp, j, t + 1, g) : element_of(warp, j, g, t + 1);
            mine->to[j] = low | high << 16;
        }
    }
}

void ldmatrix_x4(uint32_t to[4], const void *row, bool is_transposed)
{
    const void *pc = __builtin_return_address(0);
    if ((uintptr_t)row % 16)
        finding("misaligned", pc, "a row of ldmatrix begins at a multiple of 16 bytes");
    if (!is_shared(row))
        finding("illegal address", pc, "ldmatrix reads shared memory only");
    check_access(row, 16, Access::READ, pc);
    MatrixLoad mine = {to, static_cast<const char *>(row), is_transposed};
    meet_whole_warp(deal_rows, &mine, "ldmatrix");
}

// ---- mma.sync m16n8k8 and m16n8k16: group g = lane / 4, t = lane % 4 ----
struct Product {
    float *c;
    const uint32_t *a, *b;
    int k;
    element type;
};

static void multiply(Thread *warp, unsigned)
{
    uint16_t a[16][16], b[8][16]; // b by column
    auto *first = static_cast<Product *>(warp->payload);
    for (int l = 0; l < 32; l++) {
        auto *mine = static_cast<Product *>(warp[l].payload);
        int g = l / 4, t = l % 4;
        for (int i = 0; i < mine->k / 4; i++)
            for (int e = 0; e < 2; e++)
                a[g + i % 2 * 8][t * 2 + e + i / 2 * 8] = half_of(mine->a[i], e);
        for (int i = 0; i < mine->k / 8; i++)
            for (int e = 0; e < 2; e++)
                b[g][t * 2 + e + i * 8] = half_of(mine->b[i], e);
    }
    for (int l = 0; l < 32; l++) {
        auto *mine = static_cast<Product *>(warp[l].payload);
        for (int i = 0; i < 4; i++)
            mine->c[i] = tensor_sum(mine->c[i], a[l / 4 + i / 2 * 8], b[l % 4 * 2 + i % 2], first->k, first->type);
    }
}

void mma_m16n8(float c[4], const uint32_t *a, const uint32_t *b, int k, element type)
{
    Product mine = {c, a, b, k, type};
    meet_whole_warp(multiply, &mine, "mma.sync");
}

// ---- wmma ----
int fragment_place(int lane, int i)
{
    static uint8_t places[256];
    static bool is_drawn;
    if (!is_drawn) {
        std::iota(places, places + 256, 0);
        Random random(settings().seed);
        for (unsigned n = 255; n > 0 && settings().seed; n--)
            std::swap(places[n], places[random.below(n + 1)]);
        is_drawn = true;
    }
    return places[lane * 8 + i];
}

void wmma_touch(const void *p, size_t leading_dim, size_t element_bytes)
{
    const void *pc = __builtin_return_address(0);
    if ((uintptr_t)p % 32)
        finding("misaligned", pc, "a wmma tile begins at a multiple of 32 bytes");
    if (leading_dim * element_bytes % 16)
        finding("misaligned", pc, "wmma: a leading dimension of %zu is not a multiple of 16 bytes", leading_dim);
}

struct TileProduct {
    float *d;
    const uint16_t *a, *b;
    const float *c;
    element type;
};

static void multiply_tile(Thread *warp, unsigned)
{
    uint16_t a[16][16], b[16][16]; // b by column
    for (int l = 0; l < 32; l++)
        for (int i = 0; i < 8; i++) {
            auto *mine = static_cast<TileProduct *>(warp[l].payload);
            int place = fragment_place(l, i);
            a[place / 16][place % 16] = mine->a[i];
            b[place % 16][place / 16] = mine->b[i];
        }
    for (int l = 0; l < 32; l++)
        for (int i = 0; i < 8; i++) {
            auto *mine = static_cast<TileProduct *>(warp[l].payload);
            int place = fragment_place(l, i);
            mine->d[i] = tensor_sum(mine->c[i], a[place / 16], b[place % 16], 16, mine->type);
        }
}

void wmma_m16n16k16(float d[8], const uint16_t a[8], const uint16_t b[8], const float c[8], element type)
{
    TileProduct mine = {d, a, b, c, type};
    meet_whole_warp(multiply_tile, &mine, "wmma::mma_sync");
}
} // namespace emulator
