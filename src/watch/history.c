// SPDX-License-Identifier: Apache-2.0
#include "watch/history.h"

#include "base/file.h"
#include "watch/append.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { LINE_BYTES = 2048 };

/* ---- the lock ---- */

static gd_status lock_folder(const char *folder, int *lock, gd_error *error)
{
    char path[4096], process[32] = "";
    snprintf(path, sizeof path, "%s/watch.lock", folder);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*lock < 0)
        return gd_fail(error, GD_IO, "cannot write '%s': %s", path, strerror(errno));
    if (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        const int reason = errno;
        const ssize_t n = pread(*lock, process, sizeof process - 1, 0);
        process[n > 0 ? strcspn(process, "\n") : 0] = '\0';
        close(*lock);
        *lock = -1;
        if (reason == EWOULDBLOCK)
            return gd_fail(error, GD_IO, "process %s watches with '%s' already: end it, or name another folder: -o DIR",
                           process[0] ? process : "of an unknown number", folder);
        return gd_fail(error, GD_IO, "cannot lock '%s': %s", path, strerror(reason));
    }
    const int length = snprintf(process, sizeof process, "%ld\n", (long)getpid());
    if (ftruncate(*lock, 0) != 0 || pwrite(*lock, process, (size_t)length, 0) != length)
        return gd_fail(error, GD_IO, "cannot write '%s': %s", path, strerror(errno));
    return GD_OK;
}

/* ---- reading ---- */

static gd_status add(gd_history *history, const gd_watched *window, gd_error *error)
{
    if (!history->window || history->n == history->room) {
        const int room = history->room > 0 ? 2 * history->room : 64;
        gd_watched *more = realloc(history->window, (size_t)room * sizeof *more);
        if (!more)
            return gd_fail(error, GD_NOMEM, "out of memory for a history of %d windows", room);
        history->window = more;
        history->room = room;
    }
    history->window[history->n++] = *window;
    return GD_OK;
}

static gd_status read_lines(gd_history *history, const char *text, size_t length, gd_error *error)
{
    gd_watched window;
    int number = 1;
    for (const char *end; (end = memchr(text, '\n', length)); number++) {
        const size_t bytes = (size_t)(end - text);
        const gd_watched *last = gd_history_last(history);
        GD_TRY(gd_watched_read(history->path, number, text, bytes, &window, error));
        if (last && window.from_ms < last->to_ms)
            return gd_fail_at(error, GD_FORMAT, (gd_place){history->path, number, 1},
                              "the window begins before the one of the line above has ended; take one of them out");
        GD_TRY(add(history, &window, error));
        text += bytes + 1;
        length -= bytes + 1;
    }
    return GD_OK;
}

static gd_status read_history(gd_history *history, gd_error *error)
{
    gd_arena arena = {0};
    char *text;
    size_t length;
    if (!gd_file_exists(history->path))
        return GD_OK;
    gd_status status =
        gd_file_read(history->path, (size_t)GD_HISTORY_WINDOWS * LINE_BYTES, &arena, &text, &length, error);
    if (status == GD_OK)
        status = read_lines(history, text, length, error);
    if (status == GD_OK) {
        const char *newline = memrchr(text, '\n', length);
        const size_t whole = newline ? (size_t)(newline - text) + 1 : 0;
        if (whole < length && truncate(history->path, (off_t)whole) != 0)
            status = gd_fail(error, GD_IO, "cannot cut half a line off '%s': %s", history->path, strerror(errno));
    }
    gd_arena_release(&arena);
    return status;
}

gd_status gd_history_open(const char *folder, gd_history *history, gd_error *error)
{
    *history = (gd_history){.lock = -1};
    if ((size_t)snprintf(history->path, sizeof history->path, "%s/history.jsonl", folder) >= sizeof history->path - 64)
        return gd_fail(error, GD_IO, "the path '%.64s…' is too long", folder);
    GD_TRY(gd_folder_make(folder, error));
    GD_TRY(lock_folder(folder, &history->lock, error));
    return read_history(history, error);
}

void gd_history_close(gd_history *history)
{
    if (history->lock >= 0)
        close(history->lock);
    free(history->window);
    *history = (gd_history){.lock = -1};
}

const gd_watched *gd_history_last(const gd_history *history)
{
    return history->n > 0 ? &history->window[history->n - 1] : NULL;
}

/* ---- writing ---- */

gd_status gd_history_append(gd_history *history, const gd_watched *window, gd_error *error)
{
    gd_text line = {0};
    GD_TRY(add(history, window, error)); /* before the file, which cannot take it back */
    gd_watched_print(window, &line);
    gd_text_add(&line, "\n");
    gd_status status = gd_text_status(&line, error);
    if (status == GD_OK)
        status = gd_append(history->path, line.at, line.length, error);
    if (status != GD_OK)
        history->n--;
    gd_text_release(&line);
    return status;
}

/* All lines anew: the windows [first, end). */
static gd_status write_again(gd_history *history, int first, int end, gd_error *error)
{
    gd_text lines = {0};
    for (int i = first; i < end; i++) {
        gd_watched_print(&history->window[i], &lines);
        gd_text_add(&lines, "\n");
    }
    gd_status status = gd_text_status(&lines, error);
    if (status == GD_OK)
        status = gd_file_write(history->path, lines.at ? lines.at : "", lines.length, error);
    if (status == GD_OK) {
        history->n = end - first;
        memmove(history->window, history->window + first, (size_t)history->n * sizeof *history->window);
    }
    gd_text_release(&lines);
    return status;
}

gd_status gd_history_keep(gd_history *history, int64_t since_ms, gd_error *error)
{
    int first = history->n > GD_HISTORY_WINDOWS ? history->n - GD_HISTORY_WINDOWS : 0;
    while (first + 1 < history->n && history->window[first].to_ms < since_ms) /* the last one is what it goes on from */
        first++;
    const bool enough = first > history->n / 16; /* not the whole file for every window */
    return enough ? write_again(history, first, history->n, error) : GD_OK;
}

static bool is_uncounted(gd_watched_result result)
{
    return result == GD_WATCHED_EMPTY || result == GD_WATCHED_UNREADABLE || result == GD_WATCHED_SKIPPED;
}

gd_status gd_history_take_back(gd_history *history, int64_t now_ms, int *n, gd_error *error)
{
    int end = history->n;
    while (end > 0 && history->window[end - 1].to_ms > now_ms && is_uncounted(history->window[end - 1].result))
        end--;
    *n = history->n - end;
    return *n > 0 ? write_again(history, 0, end, error) : GD_OK;
}
