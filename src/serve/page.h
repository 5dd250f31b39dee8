// SPDX-License-Identifier: Apache-2.0
/* The page of GET /: page.html as bytes, made by page.cmake. It needs nothing but this server: POST invocations and GET
 * metrics, both relative, so that it works behind a proxy's path (which must end in '/').
 *
 * It asks for application/json;verbose, takes the server's part of the time from the answer's header
 * `Server-Timing: total;dur=MILLISECONDS`, and the words for a refusal from its body: text, or the "error" or "message"
 * of a JSON object. After a 401 it asks for a bearer token. Beside the name it shows the labels "file", "input" and
 * "classes" of griddle_model_info. */
#ifndef GD_SERVE_PAGE_H
#define GD_SERVE_PAGE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const char gd_page[]; /* text/html; charset=utf-8; no final 0 */
extern const size_t gd_page_bytes;

/* The header Content-Security-Policy that goes with it: this page's own script and style by their hashes, pictures that
 * it holds itself, requests to this server, and nothing else. */
extern const char gd_page_policy[];

#ifdef __cplusplus
}
#endif
#endif
