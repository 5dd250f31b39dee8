// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a config: an error with a place, or a config that is the same after being printed and read again. Any
 * YAML tree survives that too. */
#include "base/text.h"
#include "config/config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tree_round_trips(const char *text, size_t size)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *root, *again;
    gd_text first = {0}, second = {0};
    if (gd_yaml_parse(&arena, "fuzz", text, size, &root, &error) == GD_OK) {
        gd_attr_print_yaml(root, 0, &first);
        if (gd_yaml_parse(&arena, "again", first.at, first.length, &again, &error) != GD_OK)
            abort();
        gd_attr_print_yaml(again, 0, &second);
        if (strcmp(first.at, second.at) != 0)
            abort();
    } else if (error.line < 1 || error.column < 1) {
        abort();
    }
    gd_text_release(&first);
    gd_text_release(&second);
    gd_arena_release(&arena);
}

static void config_round_trips(const char *text, size_t size)
{
    gd_config config, again;
    gd_error error = {0};
    gd_text first = {0}, second = {0};
    if (gd_config_parse("fuzz", text, size, NULL, 0, &config, &error) != GD_OK)
        return;
    gd_config_print(&config, &first);
    if (gd_config_parse("again", first.at, first.length, NULL, 0, &again, &error) != GD_OK)
        abort();
    gd_config_print(&again, &second);
    if (strcmp(first.at, second.at) != 0)
        abort();
    gd_text_release(&first);
    gd_text_release(&second);
    gd_config_release(&config);
    gd_config_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tree_round_trips((const char *)data, size);
    config_round_trips((const char *)data, size);
    return 0;
}
