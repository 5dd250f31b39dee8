// SPDX-License-Identifier: Apache-2.0
/* Media types and parameters as headers write them (RFC 9110, 5.6 and 8.3), cut out of a text without copying:
 *
 *     multipart/form-data; boundary="a b"           application/json;verbose, image/png;q=0.1
 */
#ifndef GD_BODY_MEDIA_H
#define GD_BODY_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A piece of a text, without a 0 behind it. */
typedef struct gd_span {
    const char *at;
    size_t length;
} gd_span;

/* Ignores case. */
bool gd_span_is(gd_span span, const char *word);

/* A word at *at, with white space around it, such as `form-data` or `image/png`; false: there is none. */
bool gd_media_word(const char **at, gd_span *word);

/* The next `;name=value`, `;name="value"` or `;name` (value.at is then NULL). The value of a quoted one is what stands
 * between the quotes, backslashes too. False: there is none, *at is then at the end, on a comma, or on what is
 * malformed. */
bool gd_media_parameter(const char **at, gd_span *name, gd_span *value);

/* To behind the next comma outside quotes; false: there is none. */
bool gd_media_next(const char **at);

#ifdef __cplusplus
}
#endif
#endif
