// SPDX-License-Identifier: Apache-2.0
/* Which elements decay, for kernels. The ranges that do not (kernel/decay.h) travel as a launch's argument, some tens
 * at a time, so that no table has to lie on the card; a launch is for the elements up to where the next tens begin:
 *
 *     undecayed     [b0,e0) [b1,e1) …         [b64,e64) …
 *     launches      |0 ────────────────────────|b64 ────────── count|
 *
 * Borders ascend, so an element that an odd number of them have passed lies inside a range.
 */
#ifndef GD_CUDA_DECAY_CUH
#define GD_CUDA_DECAY_CUH

#include "range.cuh"

enum { GD_DECAY_PAIRS = 64 };

struct gd_decay {
    int64_t border[2 * GD_DECAY_PAIRS];
    int borders;

    __device__ bool of(int64_t i) const
    {
        int passed = 0, left = borders;
        while (left > 0) {
            int middle = left / 2;
            bool behind = border[passed + middle] <= i;
            passed += behind ? middle + 1 : 0;
            left = behind ? left - middle - 1 : middle;
        }
        return passed % 2 == 0;
    }
};

/* The Op of a range that has a `decay`, over all `count` elements. */
template <class Op> gd_status gd_decay_run(const gd_ctx *ctx, const int64_t *undecayed, int n, int64_t count, Op op)
{
    int64_t begin = 0;
    int done = 0;
    do {
        int pairs = n - done < GD_DECAY_PAIRS ? n - done : GD_DECAY_PAIRS;
        int64_t end = done + pairs < n ? undecayed[2 * (done + pairs)] : count;
        for (int i = 0; i < 2 * pairs; i++)
            op.decay.border[i] = undecayed[2 * done + i];
        op.decay.borders = 2 * pairs;
        GD_TRY(gd_range_run(ctx, begin, end, op));
        begin = end;
        done += pairs;
    } while (done < n);
    return GD_OK;
}

#endif
