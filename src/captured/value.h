// SPDX-License-Identifier: Apache-2.0
/* Values of a JSON text that is read as it comes (base/json_scan.h gives its words): numbers, objects member by member,
 * and what is passed over. All of it is looked at, also what nobody asks for; nothing is allocated. */
#ifndef GD_CAPTURED_VALUE_H
#define GD_CAPTURED_VALUE_H

#include "base/json_scan.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GD_VALUE_DEPTH = 64,   /* lists and objects in one another, of what is passed over */
    GD_VALUE_DIGITS = 1000 /* characters of a number */
};

/* Passes a value of any kind; a key may come twice in it. FORMAT where it is none. */
gd_status gd_value_pass(gd_json_scan *scan);

/* Passes `word` (true, false, null) if it comes then. */
bool gd_value_take(gd_json_scan *scan, const char *word);

/* Reads a number to the nearest double. FORMAT where there is none, and for one beyond the range of doubles. */
gd_status gd_value_number(gd_json_scan *scan, double *value);

/* An object, member by member:
 *
 *     gd_members members = {.names = names};
 *     for (int key;;) {
 *         GD_TRY(gd_members_next(scan, &members, &key));
 *         if (key == GD_MEMBER_END)
 *             break;
 *         …pass or read the value behind the colon…
 *     }
 */
enum { GD_MEMBER_END = -2, GD_MEMBER_OTHER = -1 };

typedef struct gd_members {
    const char *const *names; /* at most 64; ends with NULL */
    uint64_t seen;            /* bit i: names[i] has come */
    int next;                 /* the one that is tried first: members mostly come in the same order */
    bool begun;
} gd_members;

/* `*key`: which of the names the next member has, or one of the two above. FORMAT where there is no object, and for one
 * of the names that comes twice. */
gd_status gd_members_next(gd_json_scan *scan, gd_members *members, int *key);

/* A list, element by element: passes what stands before the next one, or the end of it. */
gd_status gd_elements_next(gd_json_scan *scan, bool *begun, bool *more);

#ifdef __cplusplus
}
#endif
#endif
