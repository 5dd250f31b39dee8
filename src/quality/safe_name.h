// SPDX-License-Identifier: Apache-2.0
/* Names of files and folders out of texts that may be a stranger's: one component of a path, never hidden, never longer
 * than file systems allow. Different texts give different names. Private to the room. */
#ifndef GD_QUALITY_SAFE_NAME_H
#define GD_QUALITY_SAFE_NAME_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_SAFE_NAME = 240 /* bytes, with the 0: an ending has room behind it */ };

/* Of an id: ASCII letters, digits, '-', '_' and '.' are kept, anything else, and a '.' in front, is %XX. */
void gd_safe_id(const char *text, char name[GD_SAFE_NAME]);

/* Of a class, whose folder is its name wherever that can be: all but '/', '\', '%', control characters, what is no
 * UTF-8, and what makes it hidden or is lost at an end ('.', ' ') is kept. */
void gd_safe_class(const char *text, char name[GD_SAFE_NAME]);

#ifdef __cplusplus
}
#endif
#endif
