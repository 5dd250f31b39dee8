// SPDX-License-Identifier: Apache-2.0
/* Names of models, variants and endpoints: they stand in addresses, in labels of metrics and, as folders, in the
 * capture's paths. */
#ifndef GD_SERVE_NAME_H
#define GD_SERVE_NAME_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_NAME_LENGTH = 63 /* at most */ };

/* What a name is, for messages. */
#define GD_NAME_RULE "1 to 63 characters A-Z a-z 0-9 - _ ., of which the first is no dot"

bool gd_name_is_good(const char *name);

#ifdef __cplusplus
}
#endif
#endif
