// SPDX-License-Identifier: Apache-2.0
/* JSON as people read it, value by value: two spaces a level, short lists in one line. What is no number is null. Keys
 * are NULL in lists. Failure is the text's (base/text.h). */
#ifndef GD_FORMAT_JSON_OUT_H
#define GD_FORMAT_JSON_OUT_H

#include "base/text.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_JSON_OUT_DEPTH = 32, GD_JSON_REAL = 32 /* bytes */ };

typedef struct gd_json_out {
    gd_text *text;
    int depth;
    bool some[GD_JSON_OUT_DEPTH];  /* a level has a member already */
    char close[GD_JSON_OUT_DEPTH]; /* '}' or ']' */
    bool line[GD_JSON_OUT_DEPTH];  /* it stays in one line */
} gd_json_out;                     /* {.text = …} */

/* `kind`: '{' or '['; `line`: its members stay in one line. */
void gd_json_begin(gd_json_out *json, const char *key, char kind, bool line);
void gd_json_end(gd_json_out *json);

void gd_json_string_out(gd_json_out *json, const char *key, const char *value); /* NULL: null */
void gd_json_real_out(gd_json_out *json, const char *key, double value);
void gd_json_whole_out(gd_json_out *json, const char *key, int64_t value);
void gd_json_bool_out(gd_json_out *json, const char *key, bool value);

/* n numbers as one list in one line. */
void gd_json_reals_out(gd_json_out *json, const char *key, const double *value, int64_t n);

/* The shortest digits that are read back as the same number; "null" where it is none. Returns how many bytes. */
int gd_json_real_text(char text[GD_JSON_REAL], double value);

#ifdef __cplusplus
}
#endif
#endif
