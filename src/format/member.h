// SPDX-License-Identifier: Apache-2.0
/* JSON that somebody else wrote, or a person changed: what must be there and in which form, with the place of what is
 * not so. */
#ifndef GD_FORMAT_MEMBER_H
#define GD_FORMAT_MEMBER_H

#include "base/attr.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* FORMAT with the place where a file is no JSON map. The tree borrows `path`. */
gd_status gd_json_file(const char *path, gd_arena *arena, gd_attr **root, gd_error *error);

/* A member of a map, which must be there. FORMAT with the place. */
gd_status gd_member(const gd_attr *map, const char *key, const gd_attr **member, gd_error *error);
gd_status gd_member_real(const gd_attr *map, const char *key, double least, double most, double *value,
                         gd_error *error);
gd_status gd_member_text(const gd_attr *map, const char *key, const char **text, gd_error *error);
gd_status gd_member_count(const gd_attr *map, const char *key, int64_t *value, gd_error *error); /* 0 to 2^40 */

/* Which of n words; FORMAT with the place, naming the nearest. */
gd_status gd_attr_word(const gd_attr *node, const char *const *words, int n, int *value, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
