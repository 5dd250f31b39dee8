// SPDX-License-Identifier: Apache-2.0
/* What pool2d and global_pool share: the kinds of pooling, and which value of a window is its maximum. */
#ifndef GD_KERNEL_POOL_H
#define GD_KERNEL_POOL_H

#define GD_POOL_CHOICES "max average"
typedef enum gd_pool { GD_POOL_MAX, GD_POOL_AVERAGE } gd_pool;

/* Does `value`, met later in the window, replace `best`? The first of equal values stays; a NaN counts as greater than
 * all and replaces even another NaN, so that a NaN is never hidden. */
#define GD_POOL_REPLACES(value, best) (((value) > (best)) | ((value) != (value)))

#endif
