// SPDX-License-Identifier: Apache-2.0
/* A growing text: what printers write into. */
#ifndef GD_BASE_TEXT_H
#define GD_BASE_TEXT_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_text {
    char *at; /* 0-terminated once anything was added; NULL before */
    size_t length, capacity;
    int failed; /* an allocation failed: later additions do nothing */
} gd_text;      /* {0} is a valid empty text */

void gd_text_add(gd_text *text, const char *format, ...) GD_PRINTF(2, 3);
void gd_text_add_n(gd_text *text, const char *bytes, size_t length);
void gd_text_add_json(gd_text *text, const char *string); /* with its quotes, escaped */

/* NOMEM if any addition failed. */
gd_status gd_text_status(const gd_text *text, gd_error *error);
void gd_text_release(gd_text *text);

#ifdef __cplusplus
}
#endif
#endif
