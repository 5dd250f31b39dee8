// SPDX-License-Identifier: Apache-2.0
/* Whether a disk is to be written now: not while it is too full, nor at once after it failed. What stops and what goes
 * on is said on standard error, a line each. */
#ifndef GD_SERVE_DISK_H
#define GD_SERVE_DISK_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_disk {
    const char *folder;                                /* borrowed */
    double limit;                                      /* per cent; goes on one below it */
    double (*used)(const char *folder, void *context); /* gd_disk_used, or a test's */
    void *context;
    double ask;         /* when it is looked at again */
    double retry, wait; /* after a failure: not before, and for how long then */
    bool full, failing;
} gd_disk;

/* In per cent, of blocks or of inodes, whichever is fuller, as df counts; negative where the system cannot say. */
double gd_disk_used(const char *folder, void *context);

/* `now` is gd_seconds(). Looks at the disk at most every second. */
bool gd_disk_ready(gd_disk *disk, double now);

/* A write failed, and why: nothing for a second, after the next failure for two, and so on up to a minute. */
void gd_disk_failed(gd_disk *disk, double now, const char *why);

/* A write succeeded. */
void gd_disk_wrote(gd_disk *disk);

#ifdef __cplusplus
}
#endif
#endif
