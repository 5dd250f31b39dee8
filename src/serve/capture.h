// SPDX-License-Identifier: Apache-2.0
/* Capture: what was asked and answered, as lines of JSON in the managed service's format, for the monitor and for eyes.
 *
 *     DIR/ENDPOINT/VARIANT/yyyy/mm/dd/hh/mm-ss-mmm-UUID.jsonl        UTC, of the file's first record
 *
 *     {"captureData":{"endpointInput":{"observedContentType":"image/png","mode":"INPUT","data":"…","encoding":"BASE64"},
 *      "endpointOutput":{"observedContentType":"application/json","mode":"OUTPUT","data":"[0.97,0.03]","encoding":"JSON"}},
 *      "eventMetadata":{"eventId":"…","inferenceId":"…","customAttributes":["…"],"inferenceTime":"2026-11-27T01:02:03Z"},
 *      "eventVersion":"0","griddle":{…}}
 *
 * Writing has a thread and a bounded buffer of its own and is never in an answer's way: a record for which there is no
 * room, or no disk, is counted and left out. Lines are whole also where the disk is full; kill -9 loses at most what
 * the last flush (every second) had not written. Where it hits in the middle of a write, the file ends without a
 * newline: the next process that opens the folder cuts that half line off, and a reader leaves it out.
 */
#ifndef GD_SERVE_CAPTURE_H
#define GD_SERVE_CAPTURE_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_capture gd_capture;

typedef struct gd_capture_options {
    const char *folder;                               /* DIR; made where it is not there */
    const char *endpoint;                             /* ENDPOINT where a request names none */
    double percent;                                   /* of requests, 0 to 100, drawn for each */
    bool input, output;                               /* which of the two */
    bool figures;                                     /* "griddle": the pictures' figures and the network's features */
    const char *const *json_types, *const *csv_types; /* content types written as text; each ends with NULL; NULL: JSON
                                                         for application/json, CSV for text/csv */
    double disk_percent;                              /* nothing is written while the disk is fuller; 0: 75 */
    size_t buffer_bytes;                              /* 0: 64 MiB */
    size_t file_bytes;                                /* a new file after so many; 0: 16 MiB */
    double file_seconds;                              /* and after so long; 0: 60 */
} gd_capture_options;

typedef struct gd_capture_record {
    /* Folders' names: what is none (name.h), or beyond the first 256 of a process, goes to the options'
     * endpoint and to "AllTraffic", as does NULL. */
    const char *endpoint, *variant;
    const char *input_type, *output_type;         /* content types; NULL: there was none */
    const void *input, *output;                   /* bodies */
    size_t input_bytes, output_bytes;             /* theirs */
    const char *event_id;                         /* a UUID, the request's id */
    const char *inference_id, *custom_attributes; /* headers; NULL: there were none */
    int64_t time_ms;                              /* since 1970, when it arrived */
    const char *figures;                          /* JSON text behind "griddle":, an object; NULL: none */
} gd_capture_record;

typedef struct gd_capture_counts {
    uint64_t records, bytes; /* written */
    uint64_t dropped;        /* no room in the buffer */
    uint64_t refused;        /* the disk was too full, or failed */
} gd_capture_counts;

/* Makes the folder and starts the thread. IO where the folder cannot be made or written, INVALID for options out of
 * their range. */
gd_status gd_capture_open(const gd_capture_options *options, gd_capture **capture, gd_error *error);

/* Whether the next request is one to record: draws. Any thread. */
bool gd_capture_draw(gd_capture *capture);

/* Copies the record into the buffer. Any thread; does not wait for the disk. */
void gd_capture_put(gd_capture *capture, const gd_capture_record *record);

gd_capture_counts gd_capture_count(gd_capture *capture);

/* Writes what is buffered, syncs, ends the thread. What is put afterwards is dropped and counted. Accepts NULL. */
void gd_capture_end(gd_capture *capture);

/* Ends and frees. Accepts NULL. Nobody may put any more. */
void gd_capture_close(gd_capture *capture);

#ifdef __cplusplus
}
#endif
#endif
