// SPDX-License-Identifier: Apache-2.0
/* Base64 in, as RFC 4648 has it (sections 4 and 5): the alphabet of files or of URLs, padded or not, and nothing
 * between. */
#ifndef GD_BASE_BASE64_H
#define GD_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room that `length` characters need. */
#define GD_BASE64_BYTES(length) ((length) / 4 * 3 + (length) % 4)

/* `length` characters into `to`, which has that room and may be `text`; `*bytes` of them were made. False: `text` is no
 * base64, from its character `*bytes` on, counted from 0; that is `length` where it ends within a byte. */
bool gd_base64_decode(const char *text, size_t length, void *to, size_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
