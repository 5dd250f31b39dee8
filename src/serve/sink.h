// SPDX-License-Identifier: Apache-2.0
/* A bounded buffer of records and the thread that writes them: what capture and the access log share.
 *
 *     any thread ── put ──► half A │ filling          the two change places at least every second
 *     the writer ◄─ each ── half B │ being written
 *
 * Who puts a record copies it, at most wakes the writer, and waits for nothing else: a record for which there is no
 * room is counted and left out. The writer sleeps until there is a record, then for a second or until so much has come
 * together that a write is worth it. Without records it uses no CPU.
 */
#ifndef GD_SERVE_SINK_H
#define GD_SERVE_SINK_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_sink gd_sink;

/* A record is put as pieces, one behind the other. */
typedef struct gd_sink_piece {
    const void *at;
    size_t bytes;
} gd_sink_piece;

/* On the writer's thread, on which all signals are blocked. */
typedef struct gd_sink_writer {
    void (*record)(void *context, const void *record, size_t bytes); /* in the order of their puts; 8-byte aligned */
    /* After the last of those at hand, and once at the start. Returns after how many seconds it wants to be called even
     * if no record comes; INFINITY: only behind the next one. */
    double (*flush)(void *context);
    void *context;
} gd_sink_writer;

/* `buffer_bytes` for records and 16 to 31 bytes more for each. Starts the thread under a name of at most 15 characters.
 * INVALID, NOMEM. */
gd_status gd_sink_open(size_t buffer_bytes, const char *name, gd_sink_writer writer, gd_sink **sink, gd_error *error);

/* False: no room. */
bool gd_sink_put(gd_sink *sink, const gd_sink_piece *pieces, int n);

/* Has the writer take what there is and flush now, without waiting for either. */
void gd_sink_hurry(gd_sink *sink);

uint64_t gd_sink_dropped(gd_sink *sink);

/* Writes what is buffered, flushes, ends the thread. What is put afterwards is dropped and counted. */
void gd_sink_end(gd_sink *sink);

/* Ends and frees. Accepts NULL. Nobody may put any more. */
void gd_sink_close(gd_sink *sink);

#ifdef __cplusplus
}
#endif
#endif
