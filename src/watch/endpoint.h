// SPDX-License-Identifier: Apache-2.0
/* The watch's figures over HTTP, for a Prometheus that fetches them itself. One thread, one client at a time, each with
 * its own connection:
 *
 *     GET /metrics    200, what the last window's figures are (watch/figures.h); nothing before there is one
 *     GET /healthz    200, "ok"
 *     anything else   404; 405 for other methods; 400 for what is no request
 *
 * Written out here as a request's first line is all that there is to read, and an HTTP library brings its TLS along: 7
 * MB to load at each start. Who sends slowly is cut off after two seconds, who sends more than 4 KB of header at once.
 */
#ifndef GD_WATCH_ENDPOINT_H
#define GD_WATCH_ENDPOINT_H

#include "base/text.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_endpoint gd_endpoint;

/* Answers whoever connects to the socket, which listens and is the caller's to close, later. NOMEM, IO. */
gd_status gd_endpoint_open(int socket, gd_endpoint **endpoint, gd_error *error);

/* What GET /metrics answers from now on; copied. Where there is no memory for it, it is as it was. */
void gd_endpoint_tell(gd_endpoint *endpoint, const gd_text *metrics);

void gd_endpoint_close(gd_endpoint *endpoint); /* in no time; accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
