// SPDX-License-Identifier: Apache-2.0
/* Bearer tokens (RFC 6750) out of a file: one a line, empty lines and those that begin with # aside. */
#ifndef GD_SERVE_TOKENS_H
#define GD_SERVE_TOKENS_H

#include "base/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_tokens gd_tokens;

/* FORMAT for a file without tokens, or with one of fewer than 16 characters. */
gd_status gd_tokens_open(const char *path, gd_tokens **tokens, gd_error *error);
gd_status gd_tokens_reload(gd_tokens *tokens, gd_error *error); /* on failure the old ones stay */
void gd_tokens_free(gd_tokens *tokens);                         /* accepts NULL */

/* Whether the value of the header Authorization (NULL: there is none) carries one of them. Takes as long for a wrong
 * token as for another of its length. Any thread. */
bool gd_tokens_accept(gd_tokens *tokens, const char *authorization);

#ifdef __cplusplus
}
#endif
#endif
