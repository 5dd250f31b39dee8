// SPDX-License-Identifier: Apache-2.0
/* Any bytes as JSON: an error with a place, or a tree that survives being printed and read again. */
#include "base/json.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root, *again;
    gd_text first = {0}, second = {0};
    gd_json_limits limits = {16, 4096};
    if (gd_json_parse(&arena, "fuzz", (const char *)data, size, limits, &root, &error) == GD_OK) {
        gd_attr_print_json(root, &first);
        if (gd_json_parse(&arena, "again", first.at, first.length, limits, &again, &error) != GD_OK)
            abort();
        gd_attr_print_json(again, &second);
        if (strcmp(first.at, second.at) != 0)
            abort();
    } else if (error.line < 1 || error.column < 1) {
        abort();
    }
    gd_text_release(&first);
    gd_text_release(&second);
    gd_arena_release(&arena);
    return 0;
}
