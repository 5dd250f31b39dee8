// SPDX-License-Identifier: Apache-2.0
#include "serve/server.h"

#include "serve/handover.h"
#include "serve/listen.h"
#include "serve/service.h"
#include "serve/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    LOOK_MS = 1000,     /* how often files are looked at */
    DRAIN_SECONDS = 25, /* the managed service kills after 30 */
};

typedef struct server {
    const gd_server_options *options;
    gd_metrics *metrics;
    gd_fleet *fleet;
    gd_capture *capture;
    gd_access_log *log;
    gd_tokens *tokens;
    gd_tls *tls;
    gd_service *service;
    gd_http *http;
    int socket;  /* the HTTP side's once that is there */
    bool shared; /* it has been listening before us: who connects finds a predecessor, or waits, until we are ready */
    bool supervised; /* it is a supervisor's, and listens after us */
    bool succeeded;  /* another process accepts those who connect */
    gd_handover handover;
    int signals, events[2]; /* what the keeper has done comes through a pipe */
    gd_order *loads;        /* (n_models) */
    gd_order reload;
    bool reloading, again; /* again: it has been asked for meanwhile */
    int loaded;
    gd_error failed; /* of a load */
    uint64_t start;
} server;

static void say(const char *format, ...) GD_PRINTF(1, 2);
static void say(const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    const size_t length = n < 0 ? 0 : (size_t)n < sizeof line - 1 ? (size_t)n : sizeof line - 2;
    line[length] = '\n';
    if (write(STDERR_FILENO, line, length + 1) < 0)
        return; /* nobody to tell */
}

/* ---- HTTP ---- */

/* Connections are files. */
static int raise_file_limit(int connections)
{
    enum { OTHERS = 64 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return connections;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= (rlim_t)connections + OTHERS)
        return connections;
    const int possible = limit.rlim_cur > 2 * OTHERS ? (int)limit.rlim_cur - OTHERS : OTHERS;
    say("griddle: %d connections need more files than the %ju that this process may open (ulimit -n): %d are taken",
        connections, (uintmax_t)limit.rlim_cur, possible);
    return possible;
}

static void say_address(const server *s, const char *doing)
{
    char name[96];
    gd_listen_name(s->socket, name, sizeof name);
    say("%s %s://%s", doing, s->tls ? "https" : "http", name);
}

static gd_status start_http(server *s, gd_error *error)
{
    const gd_server_options *o = s->options;
    gd_http_options http = {.threads = o->http_threads,
                            .connections = raise_file_limit(o->connections),
                            .per_address = o->per_address,
                            .body_bytes = o->body_bytes,
                            .idle_seconds = o->idle,
                            .receive_seconds = o->receive};
    gd_service_attach(s->service, &http);
    http.tls = s->tls != NULL;
    http.socket = s->socket;
    const gd_status status = gd_http_start(&http, &s->http, error);
    if (status != GD_OK) {
        s->socket = -1; /* taken all the same */
        return status;
    }
    GD_TRY(gd_service_watch(s->service, s->http, error));
    say_address(s, "listening on");
    return GD_OK;
}

/* ---- what the keeper says, by its own thread ---- */

typedef struct event {
    gd_order *order;
    gd_status status;
    gd_error error;
} event;

/* A pipe takes so much at once whole (PIPE_BUF). */
_Static_assert(sizeof(event) <= 4096, "an event is written in one piece");

static void tell(gd_order *order, gd_status status, const gd_error *error)
{
    const server *s = order->context;
    const event e = {order, status, *error};
    while (write(s->events[1], &e, sizeof e) < 0 && errno == EINTR) {
    }
}

static void order_reload(server *s, gd_order_kind kind)
{
    if (s->reloading) {
        s->again = s->again || kind == GD_ORDER_RELOAD;
        return;
    }
    s->reloading = true;
    s->again = false;
    s->reload = (gd_order){.kind = kind, .done = tell, .context = s};
    gd_fleet_order(s->fleet, &s->reload);
}

static void describe(void *context, const gd_fleet_item *item)
{
    const gd_model_info *info = gd_hosted_info(item->hosted);
    (void)context;
    const int workers = gd_hosted_workers(item->hosted), batch = gd_hosted_batch(item->hosted);
    say("  %s: %s, %d classes, %dx%dx%d, %d worker%s, up to %d picture%s at once", item->name, item->path,
        info->n_classes, info->height, info->width, info->channels, workers, workers > 1 ? "s" : "", batch,
        batch > 1 ? "s" : "");
}

static gd_status become_ready(server *s, gd_error *error)
{
    gd_service_set(s->service, GD_SERVICE_READY);
    if (!s->http)
        GD_TRY(start_http(s, error));
    if (s->options->handover)
        GD_TRY(gd_handover_take(&s->handover, s->socket, error));
    say("ready after %.0f ms", (double)(gd_nanoseconds() - s->start) * 1e-6);
    gd_fleet_visit(s->fleet, describe, NULL);
    return GD_OK;
}

static void on_reloaded(server *s, const gd_error *error)
{
    char text[1024], others[48] = "";
    const gd_order *order = &s->reload;
    if (order->refused > 1)
        snprintf(others, sizeof others, ", and %d others", order->refused - 1);
    if (order->refused > 0)
        say("griddle: %s%s; the model in memory goes on", gd_error_text(error, text, sizeof text), others);
    else if (order->kind == GD_ORDER_RELOAD && order->replaced == 0)
        say("no model's file has changed");
    if (order->replaced > 0) {
        say("models are read anew (%d):", order->replaced);
        gd_fleet_visit(s->fleet, describe, NULL);
    }
    s->reloading = false;
    if (s->again)
        order_reload(s, GD_ORDER_RELOAD);
}

static void on_event(server *s)
{
    event e;
    if (read(s->events[0], &e, sizeof e) != (ssize_t)sizeof e)
        return;
    if (e.order == &s->reload) {
        on_reloaded(s, &e.error);
        return;
    }
    if (e.status != GD_OK && s->failed.status == GD_OK)
        s->failed = e.error;
    if (++s->loaded == s->options->n_models && s->failed.status == GD_OK)
        become_ready(s, &s->failed); /* a failure ends the loop */
}

/* ---- signals ---- */

static void on_hangup(server *s)
{
    gd_error error = {0};
    char text[1024];
    if (s->tokens && gd_tokens_reload(s->tokens, &error) != GD_OK)
        say("griddle: %s; the tokens in memory go on", gd_error_text(&error, text, sizeof text));
    error = (gd_error){0};
    if (s->tls && gd_tls_reload(s->tls, &error) != GD_OK)
        say("griddle: %s; the certificate in memory goes on", gd_error_text(&error, text, sizeof text));
    error = (gd_error){0};
    if (s->log && gd_access_log_reopen(s->log, &error) != GD_OK)
        say("griddle: %s", gd_error_text(&error, text, sizeof text));
    order_reload(s, GD_ORDER_RELOAD);
}

static gd_status watch_signals(server *s, gd_error *error)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL); /* before the first thread, which inherits it */
    s->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (s->signals < 0 || pipe2(s->events, O_CLOEXEC) != 0)
        return gd_fail(error, GD_IO, "cannot watch signals: %s", strerror(errno));
    return GD_OK;
}

/* From now on a signal ends the process by itself. */
static void let_signals_kill(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Until a signal, or a model that cannot be loaded, ends it. */
static gd_status loop(server *s, gd_error *error)
{
    enum { OWN = 2 };
    struct pollfd at[OWN + 1 + GD_SUCCESSORS] = {{s->signals, POLLIN, 0}, {s->events[0], POLLIN, 0}};
    for (;;) {
        int files[1 + GD_SUCCESSORS];
        const int n_files = gd_handover_files(&s->handover, files);
        for (int i = 0; i < n_files; i++)
            at[OWN + i] = (struct pollfd){files[i], POLLIN, 0};
        const int n = poll(at, OWN + (nfds_t)n_files, LOOK_MS);
        if (n < 0 && errno != EINTR)
            return gd_fail(error, GD_IO, "poll: %s", strerror(errno));
        if (n > 0 && at[1].revents)
            on_event(s);
        if (s->failed.status != GD_OK) {
            *error = s->failed;
            return s->failed.status;
        }
        if (n > 0 && at[0].revents) {
            struct signalfd_siginfo info;
            if (read(s->signals, &info, sizeof info) != (ssize_t)sizeof info)
                continue;
            if (info.ssi_signo != SIGHUP)
                return GD_OK;
            on_hangup(s);
        }
        for (int i = 0; n > 0 && i < n_files; i++) {
            if (at[OWN + i].revents && gd_handover_serve(&s->handover, files[i])) {
                say("another process has taken over");
                s->succeeded = true;
                return GD_OK;
            }
        }
        if (n == 0 && s->http && gd_http_has_calmed(s->http))
            malloc_trim(0); /* the allocator would keep a rush hour's memory for good */
        if (n == 0)
            order_reload(s, GD_ORDER_LOOK);
    }
}

/* ---- putting together, taking apart ---- */

/* A predecessor's, a supervisor's, or our own. */
static gd_status open_socket(server *s, gd_error *error)
{
    const gd_server_options *o = s->options;
    if (o->handover)
        GD_TRY(gd_handover_ask(&s->handover, o->handover, &s->socket, error));
    if (s->socket < 0) {
        GD_TRY(gd_listen_inherit(&s->socket, error));
        s->supervised = s->socket >= 0;
    }
    s->shared = s->socket >= 0;
    return s->shared ? GD_OK : gd_listen(o->host, o->port, &s->socket, error);
}

static gd_status start(server *s, gd_error *error)
{
    const gd_server_options *o = s->options;
    const gd_hosted_options hosted = {.workers = o->workers,
                                      .batch = o->batch,
                                      .queue = o->queue,
                                      .pixels = o->pixels,
                                      .features = o->capture.folder && o->capture.figures};
    GD_TRY(watch_signals(s, error));
    GD_TRY(gd_metrics_new(&s->metrics, error));
    GD_TRY(gd_fleet_new(&hosted, s->metrics, &s->fleet, error));
    if (o->capture.folder)
        GD_TRY(gd_capture_open(&o->capture, &s->capture, error));
    if (o->log)
        GD_TRY(gd_access_log_open(o->log, &s->log, error));
    if (o->tokens)
        GD_TRY(gd_tokens_open(o->tokens, &s->tokens, error));
    if (o->certificate)
        GD_TRY(gd_tls_open(o->certificate, o->key, &s->tls, error));
    const gd_service_options service = {.fleet = s->fleet,
                                        .metrics = s->metrics,
                                        .capture = s->capture,
                                        .figures = o->capture.figures,
                                        .log = s->log,
                                        .tokens = s->tokens,
                                        .models = o->models,
                                        .accept = o->accept,
                                        .timeout = o->timeout,
                                        .body_bytes = o->body_bytes,
                                        .workers = o->workers};
    GD_TRY(gd_service_new(&service, &s->service, error));
    s->loads = calloc((size_t)o->n_models + 1, sizeof *s->loads);
    if (!s->loads)
        return gd_fail(error, GD_NOMEM, "out of memory for %d models", o->n_models);
    GD_TRY(open_socket(s, error));
    if (s->shared)
        say_address(s, "taking over");
    else
        GD_TRY(start_http(s, error));
    for (int i = 0; i < o->n_models; i++) {
        gd_order *order = &s->loads[i];
        *order = (gd_order){.kind = GD_ORDER_LOAD, .weight = o->model[i].weight, .done = tell, .context = s};
        memcpy(order->name, o->model[i].name, sizeof order->name);
        memcpy(order->path, o->model[i].path, sizeof order->path);
        gd_fleet_order(s->fleet, order);
    }
    return o->n_models == 0 ? become_ready(s, error) : GD_OK;
}

static gd_socket_fate fate_of_socket(const server *s)
{
    if (s->succeeded || s->supervised)
        return GD_SOCKET_STAYS;
    return gd_handover_is_given(&s->handover) ? GD_SOCKET_MAY_CLOSE : GD_SOCKET_CLOSES;
}

/* Requests end before their models, and those before what they write to. */
static gd_status end(server *s, gd_error *error)
{
    let_signals_kill();
    if (!s->http) /* nobody has been let in yet */
        return GD_OK;
    gd_service_set(s->service, GD_SERVICE_ENDING);
    gd_fleet_end(s->fleet);
    close(gd_http_quiesce(s->http, fate_of_socket(s)));
    const bool drained = gd_http_drain(s->http, s->options->linger, DRAIN_SECONDS);
    if (!drained)
        return gd_fail(error, GD_IO, "%d requests had not ended after %d s", gd_http_exchanges(s->http), DRAIN_SECONDS);
    return GD_OK;
}

static void release(server *s)
{
    gd_http_stop(s->http);
    close(s->events[0]); /* the keeper is waited for, and may wait for somebody to read what it says */
    gd_fleet_free(s->fleet);
    if (!s->http && s->socket >= 0)
        close(s->socket);
    gd_http_free(s->http);
    gd_service_free(s->service);
    gd_capture_close(s->capture);
    gd_access_log_close(s->log);
    gd_tokens_free(s->tokens);
    gd_tls_free(s->tls);
    gd_handover_release(&s->handover);
    gd_metrics_free(s->metrics);
    free(s->loads);
    close(s->signals);
    close(s->events[1]);
}

gd_status gd_server_run(const gd_server_options *options, gd_error *error)
{
    server s = {.options = options, .socket = -1, .signals = -1, .events = {-1, -1}, .start = gd_nanoseconds()};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    gd_status status = start(&s, error);
    if (status == GD_OK)
        status = loop(&s, error);
    const gd_status ended = end(&s, error);
    if (ended != GD_OK) {
        gd_capture_end(s.capture); /* workers may still use the rest, which the end of the process frees */
        gd_access_log_end(s.log);
        return status == GD_OK ? ended : status;
    }
    if (status == GD_OK)
        say("ended");
    release(&s);
    return status;
}
