// SPDX-License-Identifier: Apache-2.0
#include "cli/predict_progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const double bar_seconds = 0.1, line_seconds = 5;

void gd_batch_progress_begin(gd_batch_progress *progress, bool silent)
{
    const double now = gd_seconds();
    *progress = (gd_batch_progress){isatty(STDERR_FILENO), silent, now, now, 0};
}

void gd_batch_progress_clear(gd_batch_progress *progress)
{
    if (progress->width > 0)
        fprintf(stderr, "\r%*s\r", progress->width, "");
    progress->width = 0;
}

static void add_bar(char *text, size_t bytes, double part)
{
    enum { CELLS = 24 };
    char bar[CELLS + 1];
    const int full = (int)(part * CELLS);
    for (int i = 0; i < CELLS; i++)
        bar[i] = i < full ? '=' : i == full ? '>' : ' ';
    bar[CELLS] = '\0';
    snprintf(text, bytes, "[%s] ", bar);
}

void gd_batch_progress_show(gd_batch_progress *progress, int64_t done, int64_t lines, double part_before, double part)
{
    const double now = gd_seconds(), spent = now - progress->start;
    if (progress->silent || now - progress->last < (progress->terminal ? bar_seconds : line_seconds))
        return;
    progress->last = now;
    char bar[64] = "", share[16] = "", left[64] = "";
    if (part >= 0) {
        snprintf(share, sizeof share, " (%d%%)", (int)(100 * part));
        if (progress->terminal)
            add_bar(bar, sizeof bar, part);
        if (part > part_before) {
            const int64_t seconds = (int64_t)(spent * (1 - part) / (part - part_before));
            snprintf(left, sizeof left, "  %" PRId64 ":%02d left", seconds / 60, (int)(seconds % 60));
        }
    }
    char text[192];
    const int width = snprintf(text, sizeof text, "%s%" PRId64 " pictures%s  %.0f/s%s", bar, lines, share,
                               (double)done / spent, left);
    if (!progress->terminal) {
        fprintf(stderr, "%s\n", text);
        return;
    }
    fprintf(stderr, "\r%-*s", progress->width, text);
    progress->width = width > progress->width ? width : progress->width;
    fflush(stderr);
}
