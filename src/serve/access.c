// SPDX-License-Identifier: Apache-2.0
#include "serve/access.h"

#include "base/clock.h"
#include "serve/lines.h"
#include "serve/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 4 << 20,
    WRITE_BYTES = 64 << 10,
    POLL_MS = 250 /* how often a writer that waits for a reader looks whether the log is being closed */
};
#define CLOSE_SECONDS 1.0 /* so long a reader is waited for when the log is closed */

/* A line has at most PIPE_BUF bytes: it goes into a pipe whole or not at all, and without waiting once poll says that
 * there is room. Longer words, which only a stranger's are, are cut. A byte takes up to 6 when it is escaped. */
enum { ID, CLIENT, METHOD, PATH, VARIANT, WORDS };
static const size_t most[WORDS] = {[ID] = 64, [CLIENT] = 64, [METHOD] = 32, [PATH] = 384, [VARIANT] = 64};
enum { FIXED_BYTES = 340 }; /* keys, the time, and numbers of 20 digits */
_Static_assert(6 * (64 + 64 + 32 + 384 + 64) + FIXED_BYTES <= PIPE_BUF, "a line may be longer than a pipe takes whole");

struct gd_access_log {
    gd_sink *sink;
    char *path;      /* NULL: standard output */
    atomic_int next; /* what reopen opened and the writer takes over; -1: nothing */
    atomic_bool closing;
    atomic_uint_least64_t lost; /* lines that could not be written */

    /* the writer's */
    int file;
    bool regular;
    bool broken; /* the file ends in the middle of a line */
    bool failing;
    double give_up; /* when closing: not waited for a reader after this; 0: not yet known */
    gd_text lines;
};

/* ---- putting ---- */

/* In the buffer: this, then the words, each with its 0. */
typedef struct buffered {
    int code;
    int64_t time_ms;
    uint64_t received, sent;
    gd_request_times times;
    size_t bytes[WORDS]; /* with the 0 */
} buffered;

void gd_access_log_put(gd_access_log *log, const gd_access *a)
{
    const char *const words[WORDS] = {a->id, a->client, a->method, a->path, a->variant};
    buffered head = {
        .code = a->code, .time_ms = a->time_ms, .received = a->received, .sent = a->sent, .times = a->times};
    gd_sink_piece pieces[1 + 2 * WORDS] = {{&head, sizeof head}};
    int n = 1;
    for (int i = 0; i < WORDS; i++) {
        const size_t length = words[i] ? strnlen(words[i], most[i]) : 0;
        head.bytes[i] = length + 1;
        pieces[n++] = (gd_sink_piece){words[i], length};
        pieces[n++] = (gd_sink_piece){"", 1};
    }
    gd_sink_put(log->sink, pieces, n);
}

/* ---- the writer ---- */

static void add_line(gd_text *text, const buffered *b)
{
    static const char *const keys[WORDS] = {"id", "client", "method", "path", "variant"};
    char when[32];
    struct tm utc;
    const time_t seconds = (time_t)(b->time_ms / 1000);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &utc));
    gd_text_add(text, "{\"time\":\"%s.%03dZ\"", when, (int)(b->time_ms % 1000));
    const char *word = (const char *)(b + 1);
    for (int i = 0; i < WORDS; word += b->bytes[i++]) {
        if (i == VARIANT)
            gd_text_add(text, ",\"code\":%d", b->code);
        gd_text_add(text, ",\"%s\":", keys[i]);
        gd_text_add_json(text, word);
    }
    gd_text_add(text, ",\"received\":%" PRIu64 ",\"sent\":%" PRIu64, b->received, b->sent);
    const struct {
        const char *key;
        uint64_t ns;
    } times[] = {{"receive_us", b->times.receive},
                 {"queue_us", b->times.queue},
                 {"decode_us", b->times.decode},
                 {"compute_us", b->times.compute},
                 {"total_us", b->times.total}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        gd_text_add(text, ",\"%s\":%" PRIu64, times[i].key, times[i].ns / 1000);
    gd_text_add_n(text, "}\n", 2);
}

static void complain(gd_access_log *log, int reason)
{
    if (!log->failing)
        fprintf(stderr, "griddle: the access log stops: cannot write '%s': %s\n",
                log->path ? log->path : "standard output", strerror(reason));
    log->failing = true;
}

/* Whether there is room in a pipe, a socket or a terminal; waits for it, but not for ever once the log is closed. */
static bool wait_for_room(gd_access_log *log)
{
    struct pollfd p = {.fd = log->file, .events = POLLOUT};
    bool late = log->give_up > 0.0 && gd_seconds() >= log->give_up;
    while (poll(&p, 1, late ? 0 : POLL_MS) <= 0) { /* a pipe that was closed has room too: write says so */
        if (late)
            return false;
        if (!atomic_load(&log->closing))
            continue;
        if (log->give_up == 0.0)
            log->give_up = gd_seconds() + CLOSE_SECONDS;
        late = gd_seconds() >= log->give_up;
    }
    return true;
}

/* One line; as a rule with a single write. Returns 0 or the reason. */
static int stream_line(gd_access_log *log, const char *line, size_t length)
{
    for (size_t done = 0; done < length;) {
        if (!wait_for_room(log))
            return EAGAIN;
        const ssize_t n = write(log->file, line + done, length - done);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
    }
    return 0;
}

/* Writes into a regular file; returns how many bytes are done with. */
static size_t append(gd_access_log *log, int *reason)
{
    if (log->broken) { /* the half line becomes one of its own */
        if (write(log->file, "\n", 1) != 1) {
            *reason = errno;
            return 0;
        }
        log->broken = false;
    }
    const gd_lines_result done = gd_lines_append(log->file, log->lines.at, log->lines.length);
    *reason = done.reason;
    log->broken = done.torn;
    return done.bytes;
}

static const char *line_end(const char *at, const char *end)
{
    return (char *)memchr(at, '\n', (size_t)(end - at)) + 1;
}

static void write_lines(gd_access_log *log)
{
    if (log->lines.length == 0)
        return;
    const char *at = log->lines.at, *const end = at + log->lines.length;
    int reason = 0;
    if (log->regular)
        at += append(log, &reason);
    while (!log->regular && at < end && reason == 0) {
        const char *next = line_end(at, end);
        reason = stream_line(log, at, (size_t)(next - at));
        at = reason ? at : next;
    }
    if (reason)
        complain(log, reason);
    else
        log->failing = false;
    for (; at < end; at = line_end(at, end))
        atomic_fetch_add_explicit(&log->lost, 1, memory_order_relaxed);
    log->lines.length = 0;
}

static void write_record(void *context, const void *record, size_t bytes)
{
    gd_access_log *log = context;
    (void)bytes;
    const size_t before = log->lines.length;
    add_line(&log->lines, record);
    if (log->lines.failed) {
        log->lines.failed = 0;
        log->lines.length = before;
        atomic_fetch_add_explicit(&log->lost, 1, memory_order_relaxed);
    }
    if (log->lines.length >= WRITE_BYTES)
        write_lines(log);
}

static void use(gd_access_log *log, int file)
{
    struct stat info;
    log->file = file;
    log->regular = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
    log->broken = log->failing = false;
}

static double flush(void *context)
{
    gd_access_log *log = context;
    write_lines(log);
    const int next = atomic_exchange(&log->next, -1);
    if (next >= 0) {
        close(log->file);
        use(log, next);
    }
    return INFINITY;
}

/* ---- opening and closing ---- */

static gd_status open_file(const gd_access_log *log, int *file, gd_error *error)
{
    /* not blocking: nobody is waited for behind a named pipe */
    *file = log->path ? open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640)
                      : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (*file < 0)
        return gd_fail(error, GD_IO, "cannot open the access log '%s': %s", log->path ? log->path : "standard output",
                       strerror(errno));
    return GD_OK;
}

static void release(gd_access_log *log)
{
    const int next = atomic_load(&log->next);
    if (next >= 0)
        close(next);
    if (log->file >= 0)
        close(log->file);
    gd_text_release(&log->lines);
    free(log->path);
    free(log);
}

gd_status gd_access_log_open(const char *path, gd_access_log **out, gd_error *error)
{
    *out = NULL;
    gd_access_log *log = calloc(1, sizeof *log);
    if (!log)
        return gd_fail(error, GD_NOMEM, "out of memory for the access log");
    gd_status status = GD_OK;
    log->file = -1;
    atomic_store(&log->next, -1);
    if (strcmp(path, "-") != 0 && !(log->path = strdup(path)))
        status = gd_fail(error, GD_NOMEM, "out of memory for the access log");
    int file = -1;
    if (status == GD_OK)
        status = open_file(log, &file, error);
    if (status == GD_OK) {
        use(log, file);
        const gd_sink_writer writer = {.record = write_record, .flush = flush, .context = log};
        status = gd_sink_open(BUFFER_BYTES, "griddle-access", writer, &log->sink, error);
    }
    if (status != GD_OK) {
        release(log);
        return status;
    }
    *out = log;
    return GD_OK;
}

gd_status gd_access_log_reopen(gd_access_log *log, gd_error *error)
{
    int file;
    if (!log->path)
        return GD_OK;
    GD_TRY(open_file(log, &file, error));
    const int unused = atomic_exchange(&log->next, file);
    if (unused >= 0)
        close(unused);
    gd_sink_hurry(log->sink);
    return GD_OK;
}

uint64_t gd_access_log_dropped(gd_access_log *log)
{
    return gd_sink_dropped(log->sink) + atomic_load_explicit(&log->lost, memory_order_relaxed);
}

void gd_access_log_end(gd_access_log *log)
{
    if (!log)
        return;
    atomic_store(&log->closing, true);
    gd_sink_end(log->sink);
}

void gd_access_log_close(gd_access_log *log)
{
    if (!log)
        return;
    gd_access_log_end(log);
    gd_sink_close(log->sink);
    release(log);
}
