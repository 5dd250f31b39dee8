// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a table of measured entries: an error and nothing added, or a table that survives being printed and read
 * again. */
#include "plan/tune_table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char machine[] = "card, sm_80, griddle 1";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gd_tune_table table = {0}, again = {0};
    gd_error error = {0};
    gd_text first = {0}, second = {0};
    if (gd_tune_table_parse(&table, machine, (const char *)data, size, &error) == GD_OK) {
        gd_tune_table_print(&table, machine, &first);
        if (gd_tune_table_parse(&again, machine, first.at, first.length, &error) != GD_OK)
            abort();
        gd_tune_table_print(&again, machine, &second);
        if (strcmp(first.at, second.at) != 0)
            abort();
        for (int i = 0; i < table.n; i++) {
            const gd_tuned *found = gd_tune_table_find(&table, table.at[i].problem);
            if (found != &table.at[i] || !gd_tuned_fastest(found)[0])
                abort();
        }
    } else if (table.n > 0) {
        abort();
    }
    gd_text_release(&first);
    gd_text_release(&second);
    gd_tune_table_release(&table);
    gd_tune_table_release(&again);
    return 0;
}
