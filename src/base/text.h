// SPDX-License-Identifier: Apache-2.0
/* A growing text: what printers write into. */
#ifndef GD_BASE_TEXT_H
#define GD_BASE_TEXT_H

#include "base/status.h"

#include <stdint.h>

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

/* A string as JSON, which is YAML's double-quoted form too: with its quotes, unprintable characters escaped, bytes that
 * are no UTF-8 replaced by U+FFFD. */
void gd_text_add_json(gd_text *text, const char *string);

/* Bytes in base64 (RFC 4648, section 4), padded. */
void gd_text_add_base64(gd_text *text, const void *data, size_t length);

/* What is behind a noun of which there are n: "" of 1, else "s". */
const char *gd_plural(int64_t n);

/* The character at the start of `bytes` (`left` of them): its length, 1 to 4, or 0 where that is no valid UTF-8. */
int gd_utf8_decode(const char *bytes, size_t left, uint32_t *character);

/* How many columns of a terminal a text takes: 0 for marks that sit on the letter before them, 2 for wide characters of
 * East Asia and pictographs, else 1. */
int gd_text_columns(const char *string);

/* A string as a table's cell of `columns`: cut behind a whole character or padded with spaces. */
void gd_text_add_cell(gd_text *text, const char *string, int columns);

/* What was added from byte `from` on without control characters, which a terminal obeys: each is '?'. */
void gd_text_plain(gd_text *text, size_t from);

/* NOMEM if any addition failed. */
gd_status gd_text_status(const gd_text *text, gd_error *error);
void gd_text_release(gd_text *text);

#ifdef __cplusplus
}
#endif
#endif
