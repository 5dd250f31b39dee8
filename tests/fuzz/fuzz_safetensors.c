// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a safetensors file: an error that names the file, or tensors that cover the data once, each found by its
 * name and readable to its last byte. */
#include "store/safetensors.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const gd_safetensors *file, const uint8_t *end)
{
    const uint8_t *at = file->n ? file->tensor[0].data : end;
    for (int i = 0; i < file->n; i++) {
        const gd_tensor_entry *entry = &file->tensor[i];
        if (entry->data != at || entry->bytes != gd_desc_bytes(entry->desc) || entry->desc.rank < 1 ||
            gd_safetensors_find(file, entry->name) != entry)
            abort();
        for (size_t b = 0; b < entry->bytes; b++)
            (void)*(const volatile uint8_t *)(at + b);
        at += entry->bytes;
    }
    if (at != end)
        abort();
    for (const gd_attr *text = file->metadata ? file->metadata->first : NULL; text; text = text->next) {
        if (gd_safetensors_metadata(file, text->key) != text->text)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gd_safetensors file;
    gd_error error = {0};
    gd_status status = gd_safetensors_read("fuzz", data, size, &file, &error);
    if (status == GD_OK)
        check(&file, data + size);
    else if (status != GD_FORMAT || error.status != GD_FORMAT || strcmp(error.file, "fuzz") != 0 || file.n != 0)
        abort();
    gd_safetensors_close(&file);
    return 0;
}
