// SPDX-License-Identifier: Apache-2.0
#include "monitor/category.h"

#include "base/digest.h"
#include "monitor/distance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void gd_categories_release(gd_categories *t)
{
    gd_arena_release(&t->arena);
    *t = (gd_categories){0};
}

/* Where a name is, or the free slot where it would be; there are twice as many slots as names. */
static int slot_of(const gd_categories *t, const char *name, size_t length)
{
    int slot = (int)(gd_digest(GD_DIGEST_START, name, length) % GD_CATEGORY_SLOTS);
    while (t->slot[slot] > 0) {
        const gd_category *c = &t->category[t->slot[slot] - 1];
        if (c->length == length && memcmp(c->name, name, length) == 0)
            break;
        slot = (slot + 1) % GD_CATEGORY_SLOTS;
    }
    return slot;
}

gd_status gd_categories_add(gd_categories *t, const char *name, size_t length, uint64_t count, gd_error *error)
{
    if (!name) {
        t->absent += count;
        return GD_OK;
    }
    const int slot = length <= GD_CATEGORY_BYTES ? slot_of(t, name, length) : -1;
    if (slot >= 0 && t->slot[slot] > 0) {
        t->category[t->slot[slot] - 1].count += count;
    } else if (slot < 0 || t->n == GD_CATEGORIES) {
        t->other += count;
    } else {
        const char *copy = gd_arena_text_n(&t->arena, name, length);
        if (!copy)
            return gd_fail(error, GD_NOMEM, "out of memory for %d categories", t->n + 1);
        t->category[t->n++] = (gd_category){copy, length, count};
        t->slot[slot] = (uint16_t)t->n;
    }
    return GD_OK;
}

gd_status gd_categories_merge(gd_categories *t, const gd_categories *other, gd_error *error)
{
    for (int i = 0; i < other->n; i++)
        GD_TRY(
            gd_categories_add(t, other->category[i].name, other->category[i].length, other->category[i].count, error));
    t->other += other->other;
    t->absent += other->absent;
    return GD_OK;
}

gd_status gd_categories_know(gd_categories *t, const gd_categories *reference, gd_error *error)
{
    for (int i = 0; i < reference->n; i++)
        GD_TRY(gd_categories_add(t, reference->category[i].name, reference->category[i].length, 0, error));
    return GD_OK;
}

uint64_t gd_categories_total(const gd_categories *t)
{
    uint64_t all = t->other;
    for (int i = 0; i < t->n; i++)
        all += t->category[i].count;
    return all;
}

gd_status gd_categories_compare(const gd_categories *reference, const gd_categories *current, gd_category_comparison *c,
                                gd_error *error)
{
    *c = (gd_category_comparison){NAN, NAN, NAN, NAN, {.statistic = NAN, .p = NAN}};
    const double n = (double)gd_categories_total(reference), m = (double)gd_categories_total(current);
    if (n == 0 || m == 0)
        return GD_OK;
    static const double empty[GD_CATEGORIES + 1];
    double p[GD_CATEGORIES + 1], q[GD_CATEGORIES + 1];
    const int cells = reference->n + 1; /* the last: what the reference has no name for */
    memcpy(q, empty, sizeof q);
    for (int i = 0; i < reference->n; i++)
        p[i] = (double)reference->category[i].count;
    p[reference->n] = (double)reference->other;
    q[reference->n] = (double)current->other;
    for (int i = 0; i < current->n; i++) {
        const gd_category *now = &current->category[i];
        const int known = reference->slot[slot_of(reference, now->name, now->length)];
        q[known > 0 ? known - 1 : reference->n] += (double)now->count;
    }
    c->linf = gd_distance_linf(cells, p, q);
    c->robust = gd_distance_robust(c->linf, n, m);
    c->js = gd_distance_js(cells, p, q);
    c->psi = gd_distance_psi(cells, p, q);
    return gd_chi_square_test(cells, p, q, &c->test, error);
}
