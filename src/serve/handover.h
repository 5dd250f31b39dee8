// SPDX-License-Identifier: Apache-2.0
/* From one process to its successor without a connection refused: both share the listening socket for a while.
 *
 *     successor                            the one that serves
 *     connects to PATH ──────────────────►
 *                      ◄────────────────── the listening socket (SCM_RIGHTS)
 *     loads its models
 *     serves           ── "ready" ───────► stops accepting, finishes, ends
 *     binds PATH
 *
 * A successor that fails says nothing, and nothing has happened.
 */
#ifndef GD_SERVE_HANDOVER_H
#define GD_SERVE_HANDOVER_H

#include "base/status.h"

#include <stdbool.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_SUCCESSORS = 4 };

typedef struct gd_handover {
    const char *path; /* borrowed; NULL: there is none */
    int predecessor;  /* connection to it; -1: none */
    int door;         /* listens at path */
    dev_t device;     /* this and the next: the file that it has made there */
    ino_t inode;
    int socket; /* what is given away */
    int successor[GD_SUCCESSORS];
} gd_handover;

/* Asks who serves at `path` for its socket: -1 where nobody is there. IO for what is no socket, or another user's. */
gd_status gd_handover_ask(gd_handover *handover, const char *path, int *socket, gd_error *error);

/* The models answer: the predecessor, if any, may end; `socket` is offered at the path from now on. */
gd_status gd_handover_take(gd_handover *handover, int socket, gd_error *error);

/* For poll: at most 1 + GD_SUCCESSORS. And what to do when one has something. True: a successor is ready. */
int gd_handover_files(const gd_handover *handover, int *files);
bool gd_handover_serve(gd_handover *handover, int file);

bool gd_handover_is_given(const gd_handover *handover); /* somebody has the socket, and is not ready */

void gd_handover_release(gd_handover *handover); /* and its file, unless a successor has made another one there */

#ifdef __cplusplus
}
#endif
#endif
