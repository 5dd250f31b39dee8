// SPDX-License-Identifier: Apache-2.0
#include "quality/texts.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SLOTS = 64 };

/* The slot that a text has, or would have. Linear probing; of slots at most half are taken. */
static int64_t slot_of(const gd_texts *texts, const char *text)
{
    uint64_t hash = gd_digest(texts->seed, text, strlen(text));
    hash ^= hash >> 32; /* the lower bits of a product depend on lower bits alone */
    int64_t slot = (int64_t)(hash & (uint64_t)(texts->slots - 1));
    while (texts->slot[slot] > 0 && strcmp(texts->at[texts->slot[slot] - 1], text) != 0)
        slot = (slot + 1) & (texts->slots - 1);
    return slot;
}

int64_t gd_texts_find(const gd_texts *texts, const char *text)
{
    return texts->slots > 0 ? (int64_t)texts->slot[slot_of(texts, text)] - 1 : -1;
}

static gd_status no_memory(const gd_texts *texts, gd_error *error)
{
    return gd_fail(error, GD_NOMEM, "out of memory for %lld texts", (long long)texts->n + 1);
}

static gd_status grow(gd_texts *texts, gd_error *error)
{
    const int64_t slots = texts->slots > 0 ? 2 * texts->slots : SLOTS;
    uint32_t *slot = calloc((size_t)slots, sizeof *slot);
    const char **at = slot ? realloc(texts->at, (size_t)slots / 2 * sizeof *at) : NULL;
    if (!at) {
        free(slot);
        return no_memory(texts, error);
    }
    if (texts->slots == 0 && getrandom(&texts->seed, sizeof texts->seed, GRND_NONBLOCK) < 0)
        texts->seed = 0; /* early in a machine's life: as good as any, if not as secret */
    texts->seed ^= texts->slots == 0 ? GD_DIGEST_START : 0;
    free(texts->slot);
    texts->slot = slot;
    texts->slots = slots;
    texts->at = at;
    texts->capacity = slots / 2;
    for (int64_t i = 0; i < texts->n; i++)
        slot[slot_of(texts, at[i])] = (uint32_t)(i + 1);
    return GD_OK;
}

gd_status gd_texts_put(gd_texts *texts, const char *text, int64_t *number, gd_error *error)
{
    *number = gd_texts_find(texts, text);
    if (*number >= 0)
        return GD_OK;
    if (texts->n == INT32_MAX)
        return gd_fail(error, GD_INVALID, "more than %d distinct texts", INT32_MAX);
    if (texts->n == texts->capacity)
        GD_TRY(grow(texts, error));
    const char *copy = gd_arena_text(&texts->arena, text);
    if (!copy)
        return no_memory(texts, error);
    texts->slot[slot_of(texts, text)] = (uint32_t)(texts->n + 1);
    texts->at[texts->n] = copy;
    *number = texts->n++;
    return GD_OK;
}

void gd_texts_release(gd_texts *texts)
{
    gd_arena_release(&texts->arena);
    free(texts->at);
    free(texts->slot);
    *texts = (gd_texts){0};
}
