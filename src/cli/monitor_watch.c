// SPDX-License-Identifier: Apache-2.0
/* griddle monitor watch: is it still so, every hour, and who wants to know. */
#include "base/pipe.h"
#include "cli/monitor.h"
#include "cli/stop.h"
#include "serve/listen.h"
#include "watch/period.h"
#include "watch/watch.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int turn; /* the only way in from a handler */

static void on_hangup(int number)
{
    (void)number;
    turn = 1;
}

/* As a service is asked to look again; but nohup's wish is kept. */
static void catch_hangup(void)
{
    struct sigaction before, action = {.sa_handler = on_hangup};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

static void say(const char *line)
{
    char whole[1100];
    snprintf(whole, sizeof whole, "griddle: %s\n", line);
    fputs(whole, stderr);
}

/* ---- words ---- */

static gd_status duration(const gd_command *command, const char *flag, int64_t least, int64_t most, int64_t fallback,
                          int64_t *ms, gd_error *error)
{
    const char *text = gd_command_option(command, flag);
    *ms = fallback;
    if (!text || (gd_duration_read(text, ms) && *ms >= least && *ms <= most))
        return GD_OK;
    return gd_fail(error, GD_INVALID,
                   "option '%s' is '%s' where a time from %g seconds to %g days is needed, as 90s, 5m, 1h or 30d", flag,
                   text, (double)least / 1000, (double)most / 86400000);
}

static gd_status read_times(const gd_command *command, gd_watch_options *o, gd_error *error)
{
    const int64_t second = 1000, hour = 3600 * second, day = 24 * hour;
    GD_TRY(duration(command, "--every", second, day, 300 * second, &o->every_ms, error));
    GD_TRY(duration(command, "--window", second, 31 * day, hour, &o->window_ms, error));
    GD_TRY(duration(command, "--lag", second, day, 60 * second, &o->lag_ms, error));
    GD_TRY(duration(command, "--keep", hour, 3660 * day, 30 * day, &o->keep_ms, error));
    GD_TRY(duration(command, "--patience", second, 31 * day, 3 * hour, &o->patience_ms, error));
    if (o->keep_ms < 2 * o->window_ms)
        return gd_fail(error, GD_INVALID,
                       "what is kept, %g h, has less than two windows of %g h: give --keep and --window other times",
                       (double)o->keep_ms / hour, (double)o->window_ms / hour);
    GD_TRY(gd_command_int(command, "--catch-up", 1, 10000, 24, &o->catch_up, error));
    GD_TRY(gd_command_int(command, "--violate-after", 1, 1000, 1, &o->violate_after, error));
    return gd_command_int(command, "--recover-after", 1, 1000, 2, &o->recover_after, error);
}

static gd_status read_check(gd_command *command, gd_watch_options *o, gd_error *error)
{
    gd_check_options *c = &o->check;
    GD_TRY(gd_monitor_out(command, &o->folder, error));
    GD_TRY(gd_monitor_baseline(command, &c->baseline, error));
    GD_TRY(gd_monitor_capture(command, &c->what, error));
    o->from_ms = c->what.read.from_ms - c->what.read.from_ms % 1000; /* as the history's lines have it */
    for (int i = 0; i < command->n_words; i++) {
        if (access(command->word[i], R_OK) != 0)
            return gd_fail(error, GD_IO, "cannot read captures '%s': no such folder", command->word[i]);
    }
    c->what.read.paths = command->word;
    c->model = gd_command_option(command, "--model");
    c->report = true;
    c->checks_per_month = NAN;
    GD_TRY(gd_monitor_number(command, "--alarms-per-month", 1e-3, 1e3, NAN, &c->alarms_per_month, error));
    GD_TRY(gd_monitor_number(command, "--threshold", 0, 1, NAN, &c->threshold, error));
    return gd_command_int(command, "--threads", 1, GD_PIPE_THREADS, 0, &c->threads, error);
}

/* ---- whom to tell ---- */

/* The address holds a secret, as chats' do: it is handed on by the environment, which nobody else can see. */
static gd_status read_webhook(gd_command *command, gd_watch_options *o, gd_error *error)
{
    const char *address = gd_command_option(command, "--webhook");
    const char **words = gd_arena_alloc(&command->arena, 2, sizeof *words);
    const char **secrets = gd_arena_alloc(&command->arena, 2, sizeof *secrets);
    char self[PATH_MAX];
    address = address ? address : getenv("GRIDDLE_WEBHOOK");
    if (!address || !*address)
        return GD_OK;
    if (strncmp(address, "https://", 8) != 0 && strncmp(address, "http://", 7) != 0)
        return gd_fail(error, GD_INVALID, "the webhook's address must begin with https:// or http://");
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    if (!words || !secrets)
        return gd_fail(error, GD_NOMEM, "out of memory for the command line");
    words[0] = gd_arena_printf(&command->arena, "%s/griddle-webhook", self);
    secrets[0] = gd_arena_printf(&command->arena, "GRIDDLE_WEBHOOK=%s", address);
    if (!words[0] || !secrets[0])
        return gd_fail(error, GD_NOMEM, "out of memory for the command line");
    if (access(words[0], X_OK) != 0)
        return gd_fail(error, GD_IO, "no program '%s': the installation is not whole", words[0]);
    o->webhook = words;
    o->secrets = secrets;
    return GD_OK;
}

static gd_status read_outlets(gd_command *command, gd_watch_options *o, gd_error *error)
{
    const char *text = gd_command_option(command, "--command");
    const char **words = gd_arena_alloc(&command->arena, 4, sizeof *words);
    if (!words)
        return gd_fail(error, GD_NOMEM, "out of memory for the command line");
    o->metrics = gd_command_option(command, "--metrics");
    o->cloudwatch = gd_command_option(command, "--cloudwatch");
    if (text) {
        words[0] = "/bin/sh";
        words[1] = "-c";
        words[2] = text;
        o->command = words;
    }
    GD_TRY(gd_monitor_number(command, "--command-limit", 0.1, 3600, 60, &o->command_seconds, error));
    return read_webhook(command, o, error);
}

/* ---- figures over HTTP ---- */

typedef struct outlet {
    int socket;
    gd_endpoint *endpoint; /* NULL: none */
} outlet;

/* "9464", ":9464", "0.0.0.0:9464", "[::1]:9464". */
static bool read_address(const char *text, char host[256], int *port)
{
    const char *colon = strrchr(text, ':'), *digits = colon ? colon + 1 : text;
    const size_t length = colon ? (size_t)(colon - text) : 0;
    const bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
    char *end;
    const long number = strtol(digits, &end, 10);
    if (*digits < '0' || *digits > '9' || *end || number > 65535 || length >= 256)
        return false;
    *port = (int)number;
    snprintf(host, 256, "%.*s", (int)(bracketed ? length - 2 : length), text + bracketed);
    if (length == 0)
        snprintf(host, 256, "127.0.0.1");
    return bracketed || !strchr(host, ':');
}

static gd_status open_outlet(const gd_command *command, outlet *out, gd_error *error)
{
    const char *address = gd_command_option(command, "--listen");
    char host[256], name[128], line[256];
    int port;
    if (!address)
        return GD_OK;
    if (gd_command_has(command, "--once"))
        return gd_fail(error, GD_INVALID,
                       "'--listen' with '--once': nobody can fetch figures from a watch that ends; "
                       "--metrics FILE keeps them");
    if (!read_address(address, host, &port))
        return gd_fail(
            error, GD_INVALID,
            "option '--listen' is '%s' where a port or an address with one is needed, as 9464, 0.0.0.0:9464 or "
            "[::1]:9464",
            address);
    GD_TRY(gd_listen(host, port, &out->socket, error));
    GD_TRY(gd_endpoint_open(out->socket, &out->endpoint, error));
    snprintf(line, sizeof line, "figures are at http://%s/metrics", gd_listen_name(out->socket, name, sizeof name));
    say(line);
    return GD_OK;
}

static void close_outlet(outlet *out)
{
    gd_endpoint_close(out->endpoint);
    if (out->socket >= 0)
        close(out->socket);
}

/* ---- */

static gd_status watch(gd_command *command, gd_watch_options *options, gd_error *error)
{
    outlet out = {.socket = -1};
    bool violated = false;
    gd_status status = open_outlet(command, &out, error);
    options->endpoint = out.endpoint;
    if (status == GD_OK)
        status = gd_watch_captures(options, &violated, error);
    close_outlet(&out);
    if (status == GD_OK && violated)
        command->exit_code = GD_MONITOR_VIOLATIONS;
    return gd_monitor_end(command, status);
}

static gd_status run_watch(gd_command *command, gd_error *error)
{
    gd_watch_options options = {.check = {.stop = &gd_stop_catch(true)->signal}, .turn = &turn, .say = say};
    catch_hangup();
    GD_TRY(read_check(command, &options, error));
    GD_TRY(read_times(command, &options, error));
    GD_TRY(read_outlets(command, &options, error));
    options.once = gd_command_has(command, "--once");
    return watch(command, &options, error);
}

static const gd_option options[] = {
    {"--baseline", NULL, "DIR", "what griddle monitor baseline wrote; read anew for each window"},
    {"-o", NULL, "DIR", "folder of history, index.html and reports; one watch at a time"},
    {"--window", NULL, "TIME", "what is checked at once, end to end: 1h, the default, 15m, 1d"},
    {"--every", NULL, "TIME", "how often to look whether a window is over; default 5m"},
    {"--lag", NULL, "TIME", "how long after its end a window is over, for captures to be there; default 1m"},
    {"--once", NULL, NULL, "check what is over now, and end: for cron; exits with 3 while the state is violated"},
    {"--from", NULL, "TIME", "where a new history begins; default: with the last window that is over"},
    {"--catch-up", NULL, "N", "windows that are still checked after a standstill; default 24"},
    {"--patience", NULL, "TIME", "how long a window is tried again whose captures cannot be read; default 3h"},
    {"--keep", NULL, "TIME", "how long reports and history are kept; default 30d"},
    {"--violate-after", NULL, "N", "violated windows in a row that make an alarm; default 1"},
    {"--recover-after", NULL, "N", "fine windows in a row that end it; default 2"},
    {"--webhook", NULL, "URL", "POST alarms and recoveries there, as JSON; default $GRIDDLE_WEBHOOK"},
    {"--command", NULL, "COMMAND", "run it by /bin/sh on alarms and recoveries: $GRIDDLE_EVENT, $GRIDDLE_TEXT …"},
    {"--command-limit", NULL, "SECONDS", "that it may take; default 60"},
    {"--metrics", NULL, "FILE", "figures for Prometheus, by node_exporter's textfile collector"},
    {"--listen", NULL, "[HOST:]PORT",
     "the same over HTTP: GET /metrics, /healthz; HOST is 127.0.0.1, PORT 0 any that is free"},
    {"--cloudwatch", NULL, "FILE", "append lines of cloudwatch_metrics.jsonl"},
    {"--model", NULL, "RUN|MODEL", "computes answers and features that were not captured, of captured pictures"},
    {"--endpoint", NULL, "NAME", "of captures that hold several"},
    {"--variant", NULL, "NAME", "likewise"},
    {"--threshold", NULL, "P", "of confidence: a line in the reports"},
    {"--alarms-per-month", NULL, "N", "false alarms to live with, while all is as it was; default: the baseline's"},
    GD_OPTION_THREADS,
    {0},
};

const gd_verb gd_verb_monitor_watch = {
    "monitor watch",
    "CAPTURE…",
    1,
    -1,
    "is it still so, every hour: reports, metrics, and alarms when that changes (docs/monitor-watch.md)",
    "griddle monitor watch captured --baseline monitors/scones -o watches/scones\n"
    "griddle monitor watch captured --baseline monitors/scones -o watches/scones --window 15m \\\n"
    "    --metrics /var/lib/node_exporter/scones.prom --webhook https://chat.example.com/hooks/…\n"
    "7 * * * *  griddle monitor watch /srv/captured --baseline /srv/baseline -o /srv/watch --once   # crontab\n",
    options,
    run_watch,
};
