// SPDX-License-Identifier: Apache-2.0
/* A fair sample of bounded size out of any number of rows (a picture's features): each row gets a random key, and those
 * with the least keys are kept (bottom-k sampling: E. Cohen, H. Kaplan, "Summarizing data using bottom-k sketches",
 * 2007). A key is a pure function of (seed, stream, number in the stream), so that samples of parts merge into what one
 * sample of all would be, whatever the order. What is kept are `most` rows drawn without replacement, each as likely.
 * Rows that hold what is not finite are left out.
 */
#ifndef GD_MONITOR_ROWS_H
#define GD_MONITOR_ROWS_H

#include "base/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_rows_key {
    uint64_t key;
    int at; /* in `row` */
} gd_rows_key;

typedef struct gd_rows {
    int dims, most, n; /* numbers in a row; rows to keep; rows kept */
    int64_t seen;
    uint64_t seed;
    gd_rows_key *heap; /* (most), n of them in use: no key is greater than that of its parent, (i - 1) / 2 */
    float *row;        /* (most,dims), at the heap's places */
} gd_rows;

/* Owned by the caller until released. INVALID for dims or most below 1; NOMEM. */
gd_status gd_rows_init(gd_rows *rows, int dims, int most, uint64_t seed, gd_error *error);
void gd_rows_release(gd_rows *rows); /* accepts {0} */

/* row (n,dims): numbers `first`, first + 1 … of a stream (an hour, a file, a rank): no two rows that ever meet have the
 * same stream and number. */
void gd_rows_add(gd_rows *rows, uint32_t stream, uint64_t first, const float *row, int64_t n);

/* As if `more`'s rows had been added to `rows`, too: of the same dims and seed, and with at least as many kept. */
void gd_rows_merge(gd_rows *rows, const gd_rows *more);

/* The kept rows by rising key: to (n,dims). The same for the same rows, however they came. NOMEM. */
gd_status gd_rows_copy(const gd_rows *rows, float *to, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
