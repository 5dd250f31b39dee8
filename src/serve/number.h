// SPDX-License-Identifier: Apache-2.0
/* A probability as text. An answer of a thousand classes is a thousand of them, and printf takes 0.3 us for each. */
#ifndef GD_SERVE_NUMBER_H
#define GD_SERVE_NUMBER_H

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_NUMBER_BYTES = 24 };

/* What printf's %.9g gives for a finite value, correctly rounded, without a final 0. Returns its length. */
int gd_number_print(float value, char to[GD_NUMBER_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
