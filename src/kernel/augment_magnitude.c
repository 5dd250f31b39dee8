// SPDX-License-Identifier: Apache-2.0
#include "kernel/augment.h"

#include <math.h>

gd_status gd_augment_fwd_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_augment_params *p = call->problem->params;
    const int64_t *dim = call->problem->desc[AUGMENT_X].dim, N = dim[0], H = dim[1], W = dim[2], C = dim[3];
    const uint8_t *x = call->at[AUGMENT_X];
    const gd_draw *draws = call->at[AUGMENT_DRAWS], none = {.contrast = 1};
    double *y = call->at[AUGMENT_Y];
    for (int64_t i = 0; i < N * H * W * C; i++) {
        int64_t n = i / (H * W * C), h = i / (W * C) % H, w = i / C % W, c = i % C;
        const gd_draw *d = draws ? &draws[n] : &none;
        int64_t from_h = gd_augment_source(h + d->dy, H, p->edge), from_w = gd_augment_source(w + d->dx, W, p->edge);
        double mean = fabs(gd_augment_channel(p->mean, c)), u = mean;
        if (from_h >= 0 && from_w >= 0)
            u = x[((n * H + from_h) * W + (d->flip ? W - 1 - from_w : from_w)) * C + c];
        y[i] =
            (u * fabs((double)d->contrast) + fabs((double)d->brightness) + mean) / gd_augment_channel(p->deviation, c);
    }
    return GD_OK;
}
