// SPDX-License-Identifier: Apache-2.0
/* Where a request ends and the next begins must be beyond doubt, or whoever stands between a client and this server may
 * see other requests than it does (RFC 9112, 11.2). What libmicrohttpd lets pass is looked at here. */
#ifndef GD_SERVE_FRAME_H
#define GD_SERVE_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct MHD_Connection;

/* What is wrong with a request's header, as a sentence's end, and the code to answer it with; NULL: nothing. The
 * connection is to be closed behind that answer. */
const char *gd_frame_fault(struct MHD_Connection *connection, const char *method, const char *version, int *code);

/* Decodes %XX in place, as libmicrohttpd would, but for %00, which would end the path early. Returns the length. */
size_t gd_frame_unescape(void *context, struct MHD_Connection *connection, char *path);

#ifdef __cplusplus
}
#endif
#endif
