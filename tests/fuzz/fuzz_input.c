// SPDX-License-Identifier: Apache-2.0
/* Any bytes as the lines of a batch: each is answered for by members of a JSON object, of its own keys none, whether it
 * asks for a picture or not. */
#include "base/json.h"
#include "cli/predict_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const gd_input *input, const gd_input_item *item)
{
    gd_arena arena = {0};
    gd_text begin = {0}, object = {0};
    gd_asked asked;
    gd_attr *root;
    gd_error error = {0};
    const gd_status status = gd_input_read(input, item, &arena, &asked, &begin, &error);
    if (status == GD_OK ? !asked.path == !asked.bytes : error.message[0] == '\0')
        abort();
    if (status == GD_OK && asked.bytes && asked.length > item->line.length)
        abort();
    gd_text_add(&object, "{%s,\"class\":0,\"probability\":0,\"probabilities\":0,\"error\":0,\"model\":0}", begin.at);
    if (begin.length > GD_LINE_BACK || memchr(begin.at, '\n', begin.length) ||
        gd_json_parse(&arena, "begin", object.at, object.length, (gd_json_limits){0}, &root, &error) != GD_OK)
        abort();
    gd_text_release(&object);
    gd_text_release(&begin);
    gd_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volatile sig_atomic_t stop;
    char name[64];
    gd_input *input;
    gd_input_item item = {0};
    gd_error error = {0};
    bool more = true;
    const int file = memfd_create("lines", MFD_CLOEXEC);
    if (file < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    if (gd_input_open(name, &stop, &input, &error) != GD_OK)
        abort();
    for (int64_t last = 0; gd_input_take(input, &item, &more, &error) == GD_OK && more; last = item.number) {
        if (item.number <= last || item.too_long || memchr(item.line.at, '\n', item.line.length))
            abort();
        check_item(input, &item);
    }
    if (more)
        abort();
    gd_input_close(input);
    gd_text_release(&item.line);
    close(file);
    return 0;
}
