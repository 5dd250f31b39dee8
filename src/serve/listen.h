// SPDX-License-Identifier: Apache-2.0
/* The socket that connections come to. */
#ifndef GD_SERVE_LISTEN_H
#define GD_SERVE_LISTEN_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Binds and listens; port 0 takes any that is free. IO names address and port. */
gd_status gd_listen(const char *host, int port, int *socket, gd_error *error);

/* The socket that a supervisor has opened and hands on (systemd's LISTEN_FDS): -1 where there is none. INVALID for
 * several, or what is none. */
gd_status gd_listen_inherit(int *socket, gd_error *error);

/* The address that clients connect to, as "127.0.0.1:8080" or "[::1]:8080"; returns `text`. */
const char *gd_listen_name(int socket, char *text, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
