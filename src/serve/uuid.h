// SPDX-License-Identifier: Apache-2.0
/* Random UUIDs (RFC 4122, version 4), for requests, events and files. */
#ifndef GD_SERVE_UUID_H
#define GD_SERVE_UUID_H

#ifdef __cplusplus
extern "C" {
#endif

void gd_uuid(char text[37]); /* any thread */

#ifdef __cplusplus
}
#endif
#endif
