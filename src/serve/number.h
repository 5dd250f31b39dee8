// SPDX-License-Identifier: Apache-2.0
/* A probability as text. An answer of a thousand classes is a thousand of them, and printf takes 0.3 us for each. */
#ifndef GD_SERVE_NUMBER_H
#define GD_SERVE_NUMBER_H

#include "base/text.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_NUMBER_BYTES = 24 };

/* What printf's %.9g gives for a finite value, correctly rounded, without a final 0. Returns its length. */
int gd_number_print(float value, char to[GD_NUMBER_BYTES]);

/* Appends the value, or null where it is none, as JSON has no other word for that; a list of n, `between` them "," or
 * ", ". */
void gd_number_add(gd_text *text, float value);
void gd_number_add_list(gd_text *text, const float *value, int64_t n, const char *between);

#ifdef __cplusplus
}
#endif
#endif
