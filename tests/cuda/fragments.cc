// SPDX-License-Identifier: Apache-2.0
/* Which element each lane's values are, of the tensor-core instructions that cuda/kernel/instruction.cuh names, as
 * CUTLASS has it: its traits, asked on the host. tools/make-golden-fragments.py builds and runs this, and
 * tests/golden/fragments.txt holds what it prints. */
#include <cute/atom/copy_traits_sm75.hpp>
#include <cute/atom/mma_traits_sm75.hpp>
#include <cute/atom/mma_traits_sm80.hpp>

#include <cstdio>
#include <cutlass/version.h>

/* `layout` takes (lane, value) to row + column * rows. */
template <typename Layout> static void print_operand(const char *instruction, const char *operand, int rows)
{
    const int values = cute::size<1>(Layout());
    printf("\n%s %s\n", instruction, operand);
    for (int lane = 0; lane < 32; lane++) {
        printf("%2d:", lane);
        for (int value = 0; value < values; value++) {
            int at = Layout()(lane, value);
            printf(" %d,%d", at % rows, at / rows);
        }
        printf("\n");
    }
}

/* A is M by K, B is N by K there. */
template <typename Operation> static void print_mma(const char *name)
{
    using Traits = cute::MMA_Traits<Operation>;
    const int m = cute::size<0>(typename Traits::Shape_MNK()), n = cute::size<1>(typename Traits::Shape_MNK());
    print_operand<typename Traits::ALayout>(name, "a: m,k", m);
    print_operand<typename Traits::BLayout>(name, "b: n,k", n);
    print_operand<typename Traits::CLayout>(name, "c: m,n", m);
}

/* Both layouts take (lane, bit) to a bit of the warp's 32 rows of 128; the row that lane l points to is l. */
template <typename Operation> static void print_ldmatrix(const char *name)
{
    using Traits = cute::Copy_Traits<Operation>;
    enum { BITS = 16, ROW = 128 };
    printf("\n%s: row,column\n", name);
    for (int lane = 0; lane < 32; lane++) {
        printf("%2d:", lane);
        for (int bit = 0; bit < ROW; bit += BITS) {
            int at = typename Traits::DstLayout()(lane, bit), row = 0;
            while (int(typename Traits::SrcLayout()(row, 0)) != at / ROW * ROW)
                row++;
            printf(" %d,%d", row, at % ROW / BITS);
        }
        printf("\n");
    }
}

int main()
{
    printf("CUTLASS %d.%d.%d: of each lane, its values in order\n", CUTLASS_MAJOR, CUTLASS_MINOR, CUTLASS_PATCH);
    print_ldmatrix<cute::SM75_U32x4_LDSM_N>("ldmatrix x4");
    print_ldmatrix<cute::SM75_U16x8_LDSM_T>("ldmatrix x4 transposed");
    print_mma<cute::SM75_16x8x8_F32F16F16F32_TN>("mma m16n8k8 f16");
    print_mma<cute::SM80_16x8x16_F32F16F16F32_TN>("mma m16n8k16 f16");
    print_mma<cute::SM80_16x8x16_F32BF16BF16F32_TN>("mma m16n8k16 bf16");
    return 0;
}
