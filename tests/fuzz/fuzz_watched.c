// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a line of a watch's history: it is none, and that has a place; or it is one, and the line that is
 * written of it is read as the same. */
#include "watch/watched.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gd_watched window;
    gd_error error = {0};
    gd_text line = {0}, again = {0};
    if (gd_watched_read("history.jsonl", 1, (const char *)data, size, &window, &error) != GD_OK) {
        if (error.status != GD_FORMAT || error.line != 1 || !error.message[0])
            abort();
        return 0;
    }
    gd_watched_print(&window, &line);
    if (gd_watched_read("history.jsonl", 1, line.at, line.length, &window, &error) != GD_OK)
        abort();
    gd_watched_print(&window, &again);
    if (strcmp(line.at, again.at) != 0)
        abort();
    gd_watched next = window;
    gd_watched_follow(&next, &window, 1, 1, 1);
    gd_text_release(&line);
    gd_text_release(&again);
    return 0;
}
