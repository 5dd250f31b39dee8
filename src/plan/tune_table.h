// SPDX-License-Identifier: Apache-2.0
/* The table of measured entries, as it lies in the cache: text, a line for each problem.
 *
 *     griddle tuned entries 1
 *     NVIDIA A10G, sm_86, driver 13.0, runtime 13.0, griddle 0.1.0
 *     mma 41200 simt 130500 | conv2d fwd BF16 training {"filters":64,…} x=128x32x32x64:BF16
 *
 * First what it was measured on, then the nanoseconds of each entry that took the problem, in the list's order. Whoever
 * wrote it: it has bounds, and all that it can do is to choose among entries that accept a problem.
 */
#ifndef GD_PLAN_TUNE_TABLE_H
#define GD_PLAN_TUNE_TABLE_H

#include "base/arena.h"
#include "base/text.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GD_TUNED_ENTRIES = 8,     /* of a problem */
    GD_TUNED_PROBLEM = 1000,  /* bytes of its text */
    GD_TUNED_PROBLEMS = 2000, /* of a table; the oldest goes where one more comes */
    GD_TUNED_BYTES = 1 << 22  /* of the file */
};

typedef struct gd_tuned {
    const char *problem;
    int n;
    struct {
        char name[16];
        int64_t nanoseconds;
    } entry[GD_TUNED_ENTRIES];
} gd_tuned;

typedef struct gd_tune_table {
    int n, capacity;
    gd_tuned *at;
    gd_arena arena; /* its texts */
} gd_tune_table;    /* {0} is a valid empty one */

/* Adds the lines of `text` to a table. FORMAT, and nothing added, where it is no table, is malformed, or was measured
 * on something else than `machine`; the message says which. */
gd_status gd_tune_table_parse(gd_tune_table *table, const char *machine, const char *text, size_t length,
                              gd_error *error);
void gd_tune_table_print(const gd_tune_table *table, const char *machine, gd_text *out);

const gd_tuned *gd_tune_table_find(const gd_tune_table *table, const char *problem);

/* Adds or replaces; copies. INVALID where it is beyond a bound. */
gd_status gd_tune_table_put(gd_tune_table *table, const gd_tuned *tuned, gd_error *error);

/* The fastest entry's name: the first that takes at most 3% longer than the shortest time, so that noise does not
 * choose between equals. */
const char *gd_tuned_fastest(const gd_tuned *tuned);

void gd_tune_table_release(gd_tune_table *table);

#ifdef __cplusplus
}
#endif
#endif
