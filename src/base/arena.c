// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gd_arena_block {
    struct gd_arena_block *next;
    size_t used, bytes;
    alignas(max_align_t) unsigned char data[];
};

enum { BLOCK_BYTES = 16384 };

void *gd_arena_alloc(gd_arena *arena, size_t count, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size != 0 && count > (SIZE_MAX / 2) / size)
        return NULL;
    size_t bytes = (count * size + align - 1) / align * align;
    struct gd_arena_block *block = arena->head;
    if (!block || block->bytes - block->used < bytes) {
        size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = malloc(sizeof *block + capacity);
        if (!block)
            return NULL;
        block->used = 0;
        block->bytes = capacity;
        block->next = arena->head;
        arena->head = block;
    }
    void *data = block->data + block->used;
    block->used += bytes;
    return memset(data, 0, bytes);
}

char *gd_arena_text_n(gd_arena *arena, const char *text, size_t length)
{
    char *copy = gd_arena_alloc(arena, length + 1, 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *gd_arena_text(gd_arena *arena, const char *text)
{
    return text ? gd_arena_text_n(arena, text, strlen(text)) : NULL;
}

char *gd_arena_printf(gd_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : gd_arena_alloc(arena, (size_t)length + 1, 1);
    if (text) {
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    return text;
}

void gd_arena_release(gd_arena *arena)
{
    while (arena->head) {
        struct gd_arena_block *next = arena->head->next;
        free(arena->head);
        arena->head = next;
    }
}
