// SPDX-License-Identifier: Apache-2.0
/* Arena: many small allocations of one lifetime, freed together.
 *
 * Four lifetimes in all: process, plan, step, request. An arena is not thread-safe; give each thread its own.
 */
#ifndef GD_BASE_ARENA_H
#define GD_BASE_ARENA_H

#include "base/status.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_arena {
    struct gd_arena_block *head; /* the newest block; NULL: empty */
} gd_arena;                      /* {0} is a valid empty arena */

/* Zeroed memory aligned for any type, or NULL when there is none. count * size is checked for overflow. */
void *gd_arena_alloc(gd_arena *arena, size_t count, size_t size);

/* A copy of `text` (NULL gives NULL), or of its first `length` bytes, with a final 0. */
char *gd_arena_text(gd_arena *arena, const char *text);
char *gd_arena_text_n(gd_arena *arena, const char *text, size_t length);

/* printf into the arena; NULL when there is no memory. */
char *gd_arena_printf(gd_arena *arena, const char *format, ...) GD_PRINTF(2, 3);

/* Frees everything; the arena is empty and usable again. */
void gd_arena_release(gd_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
