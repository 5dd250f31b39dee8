// SPDX-License-Identifier: Apache-2.0
/* Sorting numbers by their digits (LSD radix sort), in a fraction of the time that qsort takes. */
#ifndef GD_MONITOR_SORT_H
#define GD_MONITOR_SORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ascending; -0 before 0. No NaN; n below 2^32. `work` has room for n more. Allocates nothing; takes 8 KB of stack.
 * Thread-safe. */
void gd_sort_doubles(double *x, double *work, size_t n);

#ifdef __cplusplus
}
#endif
#endif
