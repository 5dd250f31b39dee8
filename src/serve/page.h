// SPDX-License-Identifier: Apache-2.0
/* The page at /: page.html, as it was compiled in. */
#ifndef GD_SERVE_PAGE_H
#define GD_SERVE_PAGE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const char gd_page[];
extern const size_t gd_page_bytes;
extern const char gd_page_policy[]; /* its Content-Security-Policy: no network but this server, no script but its own */

#ifdef __cplusplus
}
#endif
#endif
