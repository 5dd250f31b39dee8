// SPDX-License-Identifier: Apache-2.0
/* Counts of categories: predicted classes, formats, anything with names. At most GD_CATEGORIES names are told apart,
 * the first to come; what comes after is `other`. A window's table begins with the reference's names
 * (gd_categories_know), so that what both have in common is found whatever comes first. */
#ifndef GD_MONITOR_CATEGORY_H
#define GD_MONITOR_CATEGORY_H

#include "base/arena.h"
#include "monitor/chi_square.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_CATEGORIES = 1024, GD_CATEGORY_BYTES = 255 /* a longer name is `other` */, GD_CATEGORY_SLOTS = 2048 };

typedef struct gd_category {
    const char *name; /* of `length` bytes and a 0; owned by the table */
    size_t length;
    uint64_t count;
} gd_category;

typedef struct gd_categories { /* {0} is an empty table */
    gd_arena arena;
    gd_category category[GD_CATEGORIES]; /* (n) in the order they came in */
    int n;
    uint64_t other, absent;
    uint16_t slot[GD_CATEGORY_SLOTS]; /* by digest of the name: 1 + its place in `category`, 0: free */
} gd_categories;

void gd_categories_release(gd_categories *table);

/* `count` more of a name; 0 makes it known. NULL: absent. NOMEM. */
gd_status gd_categories_add(gd_categories *table, const char *name, size_t length, uint64_t count, gd_error *error);
gd_status gd_categories_merge(gd_categories *table, const gd_categories *other, gd_error *error);
gd_status gd_categories_know(gd_categories *table, const gd_categories *reference, gd_error *error);

/* How many were counted, `other` among them. */
uint64_t gd_categories_total(const gd_categories *table);

/* How the mix of now differs from the reference's; names that the reference does not have are one category, with what
 * is `other` on either side. */
typedef struct gd_category_comparison {
    double linf, robust, js, psi; /* distance.h */
    gd_chi_square test;
} gd_category_comparison;

/* All NaN where either side counted nothing. NOMEM. */
gd_status gd_categories_compare(const gd_categories *reference, const gd_categories *current,
                                gd_category_comparison *comparison, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
