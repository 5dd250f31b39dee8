// SPDX-License-Identifier: Apache-2.0
#include "serve/disk.h"

#include <stdio.h>
#include <sys/statvfs.h>

#define ASK_SECONDS 1.0
#define MOST_WAIT 60.0

static double percent(fsblkcnt_t all, fsblkcnt_t free, fsblkcnt_t available)
{
    const double used = (double)(all - free), ours = used + (double)available;
    return ours > 0 ? 100.0 * used / ours : 0.0;
}

double gd_disk_used(const char *folder, void *context)
{
    (void)context;
    struct statvfs s;
    if (statvfs(folder, &s) != 0)
        return -1.0;
    const double blocks = percent(s.f_blocks, s.f_bfree, s.f_bavail),
                 inodes = percent(s.f_files, s.f_ffree, s.f_favail);
    return blocks > inodes ? blocks : inodes;
}

bool gd_disk_ready(gd_disk *disk, double now)
{
    if (disk->failing && now < disk->retry)
        return false;
    if (now < disk->ask)
        return !disk->full;
    disk->ask = now + ASK_SECONDS;
    const double used = disk->used(disk->folder, disk->context);
    if (used < 0.0) /* writing will tell */
        return !disk->full;
    const double again = disk->limit > 1.0 ? disk->limit - 1.0 : disk->limit;
    if (!disk->full && used >= disk->limit && disk->limit < 100.0) {
        disk->full = true;
        fprintf(stderr, "griddle: capture stops: the disk of '%s' is %.1f%% full, the limit is %g%%\n", disk->folder,
                used, disk->limit);
    } else if (disk->full && used < again) {
        disk->full = false;
        fprintf(stderr, "griddle: capture goes on: the disk of '%s' is %.1f%% full, the limit is %g%%\n", disk->folder,
                used, disk->limit);
    }
    return !disk->full;
}

void gd_disk_failed(gd_disk *disk, double now, const char *why)
{
    if (disk->failing && now < disk->retry) /* another file of the same failure */
        return;
    if (!disk->failing)
        fprintf(stderr, "griddle: capture stops: %s; it is tried again in a second, then ever more rarely\n", why);
    disk->wait = !disk->failing ? 1.0 : 2.0 * disk->wait < MOST_WAIT ? 2.0 * disk->wait : MOST_WAIT;
    disk->retry = now + disk->wait;
    disk->failing = true;
}

void gd_disk_wrote(gd_disk *disk)
{
    if (disk->failing)
        fprintf(stderr, "griddle: capture goes on: '%s' can be written again\n", disk->folder);
    disk->failing = false;
}
