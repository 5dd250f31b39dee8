// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"
#include "unit.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

TEST(memory_is_zeroed_aligned_and_apart)
{
    gd_arena arena = {0};
    unsigned char *before = NULL;
    for (int i = 0; i < 2000; i++) {
        unsigned char *block = gd_arena_alloc(&arena, 33, 1);
        CHECK(block != NULL);
        CHECK_EQ_INT((uintptr_t)block % alignof(max_align_t), 0);
        for (int k = 0; k < 33; k++)
            CHECK_EQ_INT(block[k], 0);
        memset(block, 0xff, 33);
        CHECK(before == NULL || before[32] == 0xff);
        before = block;
    }
    gd_arena_release(&arena);
    CHECK(arena.head == NULL);
}

TEST(large_and_impossible_sizes)
{
    gd_arena arena = {0};
    unsigned char *large = gd_arena_alloc(&arena, 1 << 20, 3);
    CHECK(large != NULL);
    large[(3 << 20) - 1] = 1;
    CHECK(gd_arena_alloc(&arena, SIZE_MAX / 2, 3) == NULL); /* the product overflows */
    CHECK(gd_arena_alloc(&arena, SIZE_MAX, 1) == NULL);
    CHECK(gd_arena_alloc(&arena, 0, 8) != NULL);
    gd_arena_release(&arena);
    gd_arena_release(&arena);
}

TEST(texts)
{
    gd_arena arena = {0};
    CHECK(gd_arena_text(&arena, NULL) == NULL);
    CHECK_TEXT(gd_arena_text(&arena, "abc"), "abc");
    CHECK_TEXT(gd_arena_text_n(&arena, "abcdef", 3), "abc");
    CHECK_TEXT(gd_arena_printf(&arena, "%d of %s", 3, "four"), "3 of four");
    gd_arena_release(&arena);
}
