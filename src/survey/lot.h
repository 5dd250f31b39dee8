// SPDX-License-Identifier: Apache-2.0
/* Some pictures on their way through threads: what is known of each. Private to the room. */
#ifndef GD_SURVEY_LOT_H
#define GD_SURVEY_LOT_H

#include "base/text.h"
#include "body/body.h"
#include "data/decode.h"
#include "monitor/profile.h"

#include <stddef.h>

typedef struct gd_lot_item {
    gd_sighting sighting;                    /* but for its pointers, which are the offsets below until it is told */
    ptrdiff_t probability, features, format; /* in the lot's numbers; its text. -1: none */
    ptrdiff_t file;                          /* in its text: a path */
    int64_t line;                            /* in that file; 0: it is the picture's own */
    bool wanted;
    gd_picture picture; /* where it is wanted and was looked at */
} gd_lot_item;

/* Keeps its memory from use to use; {0} is empty. */
typedef struct gd_lot {
    int n, capacity;
    gd_lot_item *item; /* (capacity) */
    size_t n_numbers, number_capacity;
    float *number;
    gd_text text;
    int64_t broken;
    gd_error first;
} gd_lot;

void gd_lot_clear(gd_lot *lot);
void gd_lot_release(gd_lot *lot);

/* A further item of which nothing is known, in the file at offset `file`; where it lies until the next. NOMEM. */
gd_status gd_lot_add(gd_lot *lot, ptrdiff_t file, int64_t line, gd_lot_item **item, gd_error *error);

/* Room for n numbers; a text. Their offsets. NOMEM. */
gd_status gd_lot_add_numbers(gd_lot *lot, size_t n, ptrdiff_t *at, gd_error *error);
gd_status gd_lot_add_text(gd_lot *lot, const char *text, ptrdiff_t *at, gd_error *error);

/* Notes something that is broken. */
void gd_lot_note(gd_lot *lot, const gd_error *what);

/* Whether its answer is known. */
bool gd_lot_is_answered(const gd_lot_item *item);

/* What a description of the file that a picture came in says. */
void gd_lot_describe(gd_lot_item *item, const gd_description *description);

#endif
