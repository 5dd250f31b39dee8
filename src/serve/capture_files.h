// SPDX-License-Identifier: Apache-2.0
/* The files that capture's lines go into: DIR/ENDPOINT/VARIANT/yyyy/mm/dd/hh/mm-ss-mmm-UUID.jsonl, several open at
 * once. One thread at a time.
 *
 * Lines are whole. Each write(2) is of whole lines, and what it leaves half at a full disk is cut off again. kill -9
 * within a write can leave a half line, as file systems write page by page: the next process that opens the folder cuts
 * it off; until then it is the last of its file and has no newline, like a line that is just being written.
 *
 * Nothing is written while the disk is too full, and after an error the next file is tried later and later, up to a
 * minute: both are said once on standard error when they begin and when they end.
 *
 * A store in the network (s3://) would take a file where it ends: it is complete then and changes no more. */
#ifndef GD_SERVE_CAPTURE_FILES_H
#define GD_SERVE_CAPTURE_FILES_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_capture_files gd_capture_files;

typedef struct gd_capture_files_options {
    const char *folder, *endpoint; /* borrowed */
    double disk_percent, file_seconds;
    size_t file_bytes;
    /* (optional) how full the disk of `folder` is, in per cent, instead of statvfs; negative: unknown */
    double (*disk_used)(const char *folder, void *context);
    void *context;
} gd_capture_files_options;

/* What became of lines. */
typedef struct gd_capture_tally {
    uint64_t lines, bytes; /* written */
    uint64_t refused;      /* the disk was too full, or failed */
} gd_capture_tally;

gd_status gd_capture_files_open(const gd_capture_files_options *options, gd_capture_files **files, gd_error *error);

/* Whether lines can be written now; asks the disk at most every second. Where not, the caller refuses instead of
 * adding. */
bool gd_capture_files_ready(gd_capture_files *files);

/* A line with its newline. What is no name (name.h; NULL) is replaced: the endpoint
 * by the options', the variant by AllTraffic; so are names beyond the first 256, which a stranger makes up. */
void gd_capture_files_add(gd_capture_files *files, const char *endpoint, const char *variant, int64_t time_ms,
                          const char *line, size_t length);
void gd_capture_files_refuse(gd_capture_files *files); /* counts a line that was not even made */

/* Writes what was added and ends files whose time is over. Returns in how many seconds the next one's is, or INFINITY.
 */
double gd_capture_files_flush(gd_capture_files *files);

gd_capture_tally gd_capture_files_tally(const gd_capture_files *files);

/* Flushes, syncs and ends all files. */
void gd_capture_files_end(gd_capture_files *files);

/* Ends and frees. Accepts NULL. */
void gd_capture_files_close(gd_capture_files *files);

/* Cuts off half lines that a killed process left below `folder`, in the newest hours of every variant; says so on
 * standard error. Files that a living process writes are left alone. */
void gd_capture_mend(const char *folder);

#ifdef __cplusplus
}
#endif
#endif
