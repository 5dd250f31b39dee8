// SPDX-License-Identifier: Apache-2.0
#include "survey/lot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void gd_lot_clear(gd_lot *lot)
{
    for (int i = 0; i < lot->n; i++)
        gd_picture_release(&lot->item[i].picture);
    lot->n = 0;
    lot->n_numbers = lot->text.length = 0;
    lot->broken = 0;
    lot->first = (gd_error){0};
}

void gd_lot_release(gd_lot *lot)
{
    gd_lot_clear(lot);
    free(lot->item);
    free(lot->number);
    gd_text_release(&lot->text);
    *lot = (gd_lot){0};
}

static const gd_sighting nothing = {.time_ms = INT64_MIN, .bytes = -1, .label = -1};

gd_status gd_lot_add(gd_lot *lot, ptrdiff_t file, int64_t line, gd_lot_item **item, gd_error *error)
{
    if (lot->n == lot->capacity) {
        const int capacity = lot->capacity ? 2 * lot->capacity : 16;
        gd_lot_item *grown = realloc(lot->item, (size_t)capacity * sizeof *grown);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for %d pictures", capacity);
        lot->item = grown;
        lot->capacity = capacity;
    }
    *item = &lot->item[lot->n++];
    **item = (gd_lot_item){nothing, -1, -1, -1, file, line, false, {0}};
    for (int i = 0; i < GD_FIGURES; i++)
        (*item)->sighting.figure[i] = NAN;
    return GD_OK;
}

gd_status gd_lot_add_numbers(gd_lot *lot, size_t n, ptrdiff_t *at, gd_error *error)
{
    if (lot->n_numbers + n > lot->number_capacity) {
        const size_t capacity = 2 * lot->number_capacity + n;
        float *grown = realloc(lot->number, capacity * sizeof *grown);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for %zu numbers", capacity);
        lot->number = grown;
        lot->number_capacity = capacity;
    }
    *at = (ptrdiff_t)lot->n_numbers;
    lot->n_numbers += n;
    return GD_OK;
}

gd_status gd_lot_add_text(gd_lot *lot, const char *text, ptrdiff_t *at, gd_error *error)
{
    *at = (ptrdiff_t)lot->text.length;
    gd_text_add_n(&lot->text, text, strlen(text) + 1);
    return gd_text_status(&lot->text, error);
}

void gd_lot_note(gd_lot *lot, const gd_error *what)
{
    if (lot->broken++ == 0)
        lot->first = *what;
}

bool gd_lot_is_answered(const gd_lot_item *item) { return item->probability >= 0 || item->sighting.class_alone > 0; }

void gd_lot_describe(gd_lot_item *item, const gd_description *description)
{
    if (description->format && item->format < 0 && !item->sighting.format) {
        item->sighting.format = description->format;
        item->sighting.bytes = (int64_t)description->bytes;
        item->sighting.quality = description->quality;
    }
}
