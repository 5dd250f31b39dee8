// SPDX-License-Identifier: Apache-2.0
/* Distinct texts, numbered 0, 1, … as they come: a hash table of copies. Private to the room. */
#ifndef GD_QUALITY_TEXTS_H
#define GD_QUALITY_TEXTS_H

#include "base/arena.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_texts {
    gd_arena arena;
    int64_t n, capacity;
    const char **at; /* (n), owned */
    uint64_t seed;   /* another one in each process: whose texts they are cannot make them collide */
    uint32_t *slot;  /* (slots) 0: free; else a number + 1 */
    int64_t slots;   /* a power of two, or 0 */
} gd_texts;          /* {0} is empty; 40 bytes a text, and the text */

/* The text's number; -1: it is not there. */
int64_t gd_texts_find(const gd_texts *texts, const char *text);

/* Its number, a new one where it was not there. NOMEM; INVALID beyond 2^31 texts. */
gd_status gd_texts_put(gd_texts *texts, const char *text, int64_t *number, gd_error *error);

void gd_texts_release(gd_texts *texts);

#ifdef __cplusplus
}
#endif
#endif
