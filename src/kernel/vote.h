// SPDX-License-Identifier: Apache-2.0
/* vote: whether a rank was asked to stop, on its way with the gradients, so that all stop behind the same step.
 *
 *     votes      = record.stop                                (fwd)
 *     tally.stop = votes > 0                                  (update; votes are summed over the ranks by then)
 *
 * Shapes    votes (1)
 * Values    f32 (f64 in the double build).
 * Exact     yes.
 */
#ifndef GD_KERNEL_VOTE_H
#define GD_KERNEL_VOTE_H

#include "kernel/kernel.h"

enum { VOTE_VOTES = GD_PARAM(0) };

GD_DECLARE_REF(gd_vote_fwd);
GD_DECLARE_REF(gd_vote_update);
GD_DECLARE_CUDA(gd_vote_fwd, simt);
GD_DECLARE_CUDA(gd_vote_update, simt);

#endif
