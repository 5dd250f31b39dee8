// SPDX-License-Identifier: Apache-2.0
/* The access log: a line of JSON per request,
 *
 *     {"time":"2026-11-27T01:02:03.456Z","id":"…","client":"127.0.0.1","method":"POST","path":"/invocations","code":200,
 *      "variant":"AllTraffic","received":2801,"sent":25,"receive_us":12,"queue_us":8,"decode_us":60,"compute_us":310,
 *      "total_us":420}
 *
 * written by a thread of its own out of a bounded buffer: a pipe that nobody reads stops no answer. What finds no room
 * is counted and left out. Long words are cut, so that a line has at most PIPE_BUF bytes and enters a pipe as a whole.
 * SIGHUP opens the file anew (logrotate).
 */
#ifndef GD_SERVE_ACCESS_H
#define GD_SERVE_ACCESS_H

#include "serve/metrics.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_access_log gd_access_log;

typedef struct gd_access {
    const char *id, *client, *method, *path, *variant; /* borrowed for the call; a stranger's words, any bytes */
    int code;
    int64_t time_ms; /* since 1970 */
    uint64_t received, sent;
    gd_request_times times;
} gd_access;

/* "-": standard output. IO where it cannot be opened: also a named pipe that nobody reads. */
gd_status gd_access_log_open(const char *path, gd_access_log **log, gd_error *error);
void gd_access_log_put(gd_access_log *log, const gd_access *access); /* any thread */
gd_status gd_access_log_reopen(gd_access_log *log, gd_error *error);
uint64_t gd_access_log_dropped(gd_access_log *log);

/* Writes what is buffered; waits at most a second for a reader. What is put afterwards is dropped and counted. Accepts
 * NULL. */
void gd_access_log_end(gd_access_log *log);

/* Ends and frees. Accepts NULL. Nobody may put any more. */
void gd_access_log_close(gd_access_log *log);

#ifdef __cplusplus
}
#endif
#endif
