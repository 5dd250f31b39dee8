// SPDX-License-Identifier: Apache-2.0
/* flatten: an image as one row. A view: y is x under another shape, dx is dy, and nothing is computed.
 *
 * Shapes    x (N,H,W,C)  ->  y (N, H*W*C); any x of two dimensions or more
 */
#ifndef GD_KERNEL_FLATTEN_H
#define GD_KERNEL_FLATTEN_H

#include "kernel/kernel.h"

enum { FLATTEN_X = GD_IN(0), FLATTEN_Y = GD_OUT(0) };

#endif
