// SPDX-License-Identifier: Apache-2.0
/* The tree itself; attr_text.c reads and prints it. */
#include "base/attr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

gd_attr *gd_attr_new(gd_arena *arena, gd_attr_kind kind, const char *text)
{
    gd_attr *node = gd_arena_alloc(arena, 1, sizeof *node);
    if (!node)
        return NULL;
    node->kind = kind;
    if (kind == GD_ATTR_SCALAR) {
        node->text = gd_arena_text(arena, text ? text : "");
        if (!node->text)
            return NULL;
    }
    return node;
}

gd_status gd_attr_append(gd_arena *arena, gd_attr *parent, const char *key, gd_attr *child)
{
    child->key = gd_arena_text(arena, key);
    if (key && !child->key)
        return GD_NOMEM;
    child->next = NULL;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    return GD_OK;
}

gd_attr *gd_attr_find(const gd_attr *map, const char *key)
{
    if (!map || map->kind != GD_ATTR_MAP)
        return NULL;
    gd_attr *child = map->first;
    while (child && strcmp(child->key, key) != 0)
        child = child->next;
    return child;
}

int gd_attr_count(const gd_attr *node)
{
    int n = 0;
    for (const gd_attr *child = node->first; child; child = child->next)
        n++;
    return n;
}

typedef struct keyed {
    const gd_attr *node;
    int position;
} keyed;

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    int order = strcmp(x->node->key, y->node->key);
    return order ? order : (x->position > y->position) - (x->position < y->position);
}

gd_status gd_attr_check_keys(const gd_attr *map, gd_status status, gd_error *error)
{
    gd_arena scratch = {0};
    int n = 0, total = gd_attr_count(map);
    keyed *sorted = gd_arena_alloc(&scratch, (size_t)total, sizeof *sorted);
    if (!sorted)
        return gd_fail(error, GD_NOMEM, "out of memory for a map of %d keys", total);
    for (const gd_attr *child = map->first; child; child = child->next, n++)
        sorted[n] = (keyed){child, n};
    qsort(sorted, (size_t)total, sizeof *sorted, by_key);
    int found = -1; /* the first in the text, not in the alphabet */
    for (int i = 1; i < total; i++) {
        if (strcmp(sorted[i].node->key, sorted[i - 1].node->key) == 0 &&
            (found < 0 || sorted[i].position < sorted[found].position))
            found = i;
    }
    if (found < 0) {
        status = GD_OK;
    } else {
        const gd_attr *again = sorted[found].node, *before = sorted[found - 1].node;
        gd_place place = again->key_place.line ? again->key_place : again->place;
        if (before->key_place.line)
            gd_fail_at(error, status, place, "key '%s' is given twice, first in line %d", again->key,
                       before->key_place.line);
        else
            gd_fail_at(error, status, place, "key '%s' is given twice", again->key);
    }
    gd_arena_release(&scratch);
    return status;
}

/* Puts `value` where `old` stands. */
static void replace(gd_attr *parent, gd_attr *old, gd_attr *value)
{
    gd_attr **link = &parent->first;
    while (*link != old)
        link = &(*link)->next;
    *link = value;
    value->key = old->key;
    value->next = old->next;
    if (parent->last == old)
        parent->last = value;
}

static gd_attr *find_index(const gd_attr *list, const char *step)
{
    size_t digits = strspn(step, "0123456789");
    if (digits == 0 || digits > 6 || step[digits])
        return NULL;
    gd_attr *child = list->first;
    for (int i = atoi(step); child && i > 0; i--)
        child = child->next;
    return child;
}

enum { MAX_DEPTH = 64 }; /* trees are walked by recursion */

gd_status gd_attr_set(gd_arena *arena, gd_attr *root, const char *path, gd_attr *value, gd_error *error)
{
    gd_attr *node = root;
    int steps = 0;
    for (const char *step = path;; step++) {
        size_t length = strcspn(step, ".");
        const char *name = gd_arena_text_n(arena, step, length);
        if (!name)
            return gd_fail_at(error, GD_NOMEM, value->place, "out of memory for '%s'", path);
        if (length == 0 || steps++ == MAX_DEPTH)
            return gd_fail_at(error, GD_INVALID, value->place, "path '%s' has %s", path,
                              length ? "more than 64 steps" : "an empty step");
        int above = (int)(step - path) - 1;
        if (node->kind == GD_ATTR_SCALAR)
            return gd_fail_at(error, GD_INVALID, value->place, "'%.*s' is '%s', not a map that could have '%s'",
                              above > 0 ? above : 0, path, node->text, name);
        gd_attr *child = node->kind == GD_ATTR_MAP ? gd_attr_find(node, name) : find_index(node, name);
        if (node->kind == GD_ATTR_LIST && !child)
            return gd_fail_at(error, GD_INVALID, value->place, "'%.*s' is a list of %d, which has no '%s'",
                              above > 0 ? above : 0, path, gd_attr_count(node), name);
        bool ends = step[length] == '\0';
        bool empty = child && child->kind == GD_ATTR_SCALAR && !child->quoted && !child->text[0];
        gd_attr *put = ends ? value : !child || empty ? gd_attr_new(arena, GD_ATTR_MAP, NULL) : NULL;
        if (!ends && put)
            put->place = value->place;
        if (!ends && !put && !child)
            return gd_fail_at(error, GD_NOMEM, value->place, "out of memory for '%s'", path);
        if (put && child)
            replace(node, child, put);
        else if (put && gd_attr_append(arena, node, name, put) != GD_OK)
            return gd_fail_at(error, GD_NOMEM, value->place, "out of memory for '%s'", path);
        if (put)
            put->key_place = value->place;
        if (ends)
            return GD_OK;
        node = put ? put : child;
        step += length;
    }
}

gd_attr *gd_attr_copy(gd_arena *arena, const gd_attr *node)
{
    gd_attr *copy = gd_attr_new(arena, node->kind, node->text);
    if (!copy)
        return NULL;
    copy->quoted = node->quoted;
    copy->place = node->place;
    copy->key_place = node->key_place;
    for (const gd_attr *child = node->first; child; child = child->next) {
        gd_attr *twin = gd_attr_copy(arena, child);
        if (!twin || gd_attr_append(arena, copy, child->key, twin) != GD_OK)
            return NULL;
    }
    return copy;
}

/* Edits between two words: insert, delete, change, swap neighbours (optimal string alignment: Damerau 1964, and
 * restricted as in Oommen, Loke 1997). */
enum { MAX_WORD = 64 };
static int edits(const char *a, size_t n, const char *b, size_t m)
{
    int row[3][MAX_WORD + 1]; /* this one and the two before, in turn */
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int least = before[j - 1] + (a[i - 1] != b[j - 1]);
            if (before[j] + 1 < least)
                least = before[j] + 1;
            if (now[j - 1] + 1 < least)
                least = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && earlier[j - 2] + 1 < least)
                least = earlier[j - 2] + 1;
            now[j] = least;
        }
    }
    return row[n % 3][m];
}

const char *gd_nearest(const char *word, const char *const *names, int n)
{
    size_t length = strlen(word);
    const char *nearest = NULL;
    int least = (int)(length + 2) / 3 + 1; /* more than a third changed is another word */
    for (int i = 0; i < n && length <= MAX_WORD; i++) {
        size_t other = strlen(names[i]);
        int distance = other <= MAX_WORD ? edits(word, length, names[i], other) : least;
        if (distance < least) {
            least = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
