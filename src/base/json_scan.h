// SPDX-License-Identifier: Apache-2.0
/* JSON's words, for who reads a document as it comes and needs no tree (base/json.h makes one). Nothing is allocated;
 * lines and columns are counted only when a place is asked for. */
#ifndef GD_BASE_JSON_SCAN_H
#define GD_BASE_JSON_SCAN_H

#include "base/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_json_scan {
    const char *at, *end; /* what is still to be read */
    const char *file, *text;
    const char *marked; /* up to here lines and columns are counted */
    int line, column;
    gd_error *error;
} gd_json_scan;

/* Borrows all of it. */
gd_json_scan gd_json_scan_of(const char *file, const char *text, size_t length, gd_error *error);

/* The place of a byte of the text. In the text's order, all places together cost one pass. */
gd_place gd_json_place(gd_json_scan *scan, const char *at);

/* FORMAT, at scan->at. */
gd_status gd_json_malformed(gd_json_scan *scan, const char *what);

void gd_json_skip_space(gd_json_scan *scan);

/* Skips white space; passes `c` if it comes then. */
bool gd_json_take(gd_json_scan *scan, char c);

/* Behind an opening quote: bytes that `to` of gd_json_string must have room for. Never more than are left. */
size_t gd_json_string_room(const gd_json_scan *scan);

/* Reads the rest of a string, the closing quote too, into `to`, as UTF-8 without a final 0; with NULL for `to` it only
 * passes it. FORMAT for unescaped control characters, invalid UTF-8, lone surrogates, \u0000. */
gd_status gd_json_string(gd_json_scan *scan, char *to, size_t *length);

/* How many bytes at scan->at are a number as JSON writes it; 0: none. */
size_t gd_json_number_length(const gd_json_scan *scan);

#ifdef __cplusplus
}
#endif
#endif
