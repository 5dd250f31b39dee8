// SPDX-License-Identifier: Apache-2.0
/* A thread that accepts connections and hands them on. It stops for sure and leaves the socket listening, for another
 * process that shares it: libmicrohttpd 0.9.75, asked to do so, aborts now and then (MHD_quiesce_daemon and a thread of
 * its pool both take the socket out of the same epoll set).
 *
 * Where there is no room for more, or the process has no more files, connections wait in the system's queue. */
#ifndef GD_SERVE_ACCEPTOR_H
#define GD_SERVE_ACCEPTOR_H

#include "base/status.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of the socket when we accept no more, and so of those who wait to be accepted. */
typedef enum gd_socket_fate {
    GD_SOCKET_CLOSES,    /* nobody else has it: who is connected comes in, nobody is connected any more */
    GD_SOCKET_MAY_CLOSE, /* who has it besides may fail: who is connected comes in */
    GD_SOCKET_STAYS,     /* who has it besides takes them */
} gd_socket_fate;

typedef struct gd_acceptor {
    int socket;
    bool (*has_room)(void *context);
    void (*take)(void *context, int socket, const struct sockaddr *address,
                 socklen_t length); /* the socket is its own */
    void *context;

    pthread_t thread;
    int stop[2]; /* a pipe */
    bool started;
} gd_acceptor;

/* The fields up to `context` are filled in. Borrows the socket, which does not block. */
gd_status gd_acceptor_start(gd_acceptor *acceptor, gd_error *error);

/* None is accepted any more when this returns. Accepts an acceptor that was never started. */
void gd_acceptor_stop(gd_acceptor *acceptor, gd_socket_fate fate);

#ifdef __cplusplus
}
#endif
#endif
