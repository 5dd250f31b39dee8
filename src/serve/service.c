// SPDX-License-Identifier: Apache-2.0
#include "serve/service.h"

#include "serve/page.h"
#include "serve/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- answers without a model ---- */

void gd_request_complain(gd_request *r, int code, const char *name, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    gd_complaint_write(&r->text, name, message);
    gd_exchange_answer(&r->exchange, code, "application/json", r->text.at, r->text.failed ? 0 : r->text.length);
}

void gd_request_answer_text(gd_request *r, const char *type)
{
    gd_exchange_answer(&r->exchange, r->text.failed ? 503 : 200, type, r->text.at, r->text.failed ? 0 : r->text.length);
}

static gd_service_state state_of(gd_service *s)
{
    return (gd_service_state)__atomic_load_n(&s->state, __ATOMIC_RELAXED);
}

static void serve_ready(gd_request *r)
{
    const gd_service_state state = state_of(r->service);
    if (state == GD_SERVICE_READY)
        gd_exchange_answer(&r->exchange, 200, NULL, NULL, 0);
    else
        gd_request_complain(r, 503, "ServiceUnavailable", "%s",
                            state == GD_SERVICE_STARTING ? "the model is being loaded" : "the server is ending");
}

static void serve_alive(gd_request *r) { gd_exchange_answer(&r->exchange, 200, NULL, NULL, 0); }

static void serve_metrics(gd_request *r)
{
    r->text.length = 0;
    gd_metrics_write(r->service->options.metrics, &r->text);
    gd_request_answer_text(r, GD_METRICS_TYPE);
}

static void serve_parameters(gd_request *r)
{
    r->text.length = 0;
    gd_text_add(&r->text,
                "{\"MaxConcurrentTransforms\":%d,\"BatchStrategy\":\"SINGLE_RECORD\",\"MaxPayloadInMB\":%zu}\n",
                2 * r->service->options.workers, r->service->options.body_bytes >> 20);
    gd_request_answer_text(r, "application/json");
}

static void serve_page(gd_request *r)
{
    gd_exchange_add_header(&r->exchange, "Content-Security-Policy", gd_page_policy);
    gd_exchange_add_header(&r->exchange, "X-Content-Type-Options", "nosniff");
    gd_exchange_add_header(&r->exchange, "Referrer-Policy", "no-referrer");
    gd_exchange_answer(&r->exchange, 200, "text/html; charset=utf-8", gd_page, gd_page_bytes);
}

/* ---- addresses ---- */

typedef struct gd_route {
    const char *method, *path; /* a * stands for one part of a path */
    void (*serve)(gd_request *request);
    unsigned traits;
} gd_route;

enum {
    OPEN = 1,    /* asks for no token: says nothing of models or traffic */
    INVOKES = 2, /* its body is pictures */
    NAMED = 4,   /* only where clients name models */
};

static const gd_route routes[] = {
    {"GET", "/ping", serve_ready, OPEN},
    {"POST", "/invocations", gd_serve_invocation, INVOKES},
    {"POST", "/endpoints/*/invocations", gd_serve_invocation, INVOKES},
    {"GET", "/", serve_page, OPEN},
    {"GET", "/metrics", serve_metrics, 0},
    {"GET", "/readyz", serve_ready, OPEN},
    {"GET", "/livez", serve_alive, OPEN},
    {"GET", "/execution-parameters", serve_parameters, 0},
    {"GET", "/models", gd_serve_model_list, 0},
    {"POST", "/models", gd_serve_model_load, NAMED},
    {"GET", "/models/*", gd_serve_model_show, 0},
    {"DELETE", "/models/*", gd_serve_model_unload, NAMED},
    {"POST", "/models/*/invoke", gd_serve_named_invocation, INVOKES},
};
enum { N_ROUTES = sizeof routes / sizeof *routes };

/* Whether `path` is the route's; what stands for its * goes to `part`. */
static bool match(const char *pattern, const char *path, char *part, size_t part_bytes)
{
    const char *star = strchr(pattern, '*');
    part[0] = '\0';
    if (!star)
        return strcmp(pattern, path) == 0;
    const size_t before = (size_t)(star - pattern), rest = strlen(star + 1);
    if (strncmp(pattern, path, before) != 0)
        return false;
    const size_t n = strcspn(path + before, "/");
    if (n == 0 || n >= part_bytes || strcmp(path + before + n, star + 1) != 0 || strlen(path + before + n) != rest)
        return false;
    memcpy(part, path + before, n);
    part[n] = '\0';
    return true;
}

/* NULL: the request is answered. */
static const gd_route *find_route(gd_request *r)
{
    const char *method = strcmp(r->exchange.method, "HEAD") == 0 ? "GET" : r->exchange.method;
    r->allow[0] = '\0';
    for (int i = 0; i < N_ROUTES; i++) {
        if (!match(routes[i].path, r->exchange.path, r->part, sizeof r->part) ||
            ((routes[i].traits & NAMED) && !r->service->options.models))
            continue;
        if (strcmp(routes[i].method, method) == 0)
            return &routes[i];
        const size_t n = strlen(r->allow);
        snprintf(r->allow + n, sizeof r->allow - n, "%s%s", n > 0 ? ", " : "",
                 strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method);
    }
    if (!r->allow[0]) {
        gd_request_complain(r, 404, "ValidationError", "nothing is at '%.200s'", r->exchange.path);
        return NULL;
    }
    gd_exchange_add_header(&r->exchange, "Allow", r->allow);
    gd_request_complain(r, 405, "ValidationError", "'%.200s' takes %s, not %.20s", r->exchange.path, r->allow,
                        r->exchange.method);
    return NULL;
}

/* ---- what the HTTP side calls ---- */

static void begin(void *context, gd_exchange *exchange)
{
    gd_request *r = (gd_request *)exchange;
    gd_service *s = context;
    r->service = s;
    r->counted = s->none;
    r->variant[0] = '\0';
    r->leased = r->captured = false;
    r->job.times = (gd_request_times){0};
    r->route = find_route(r);
    if (!r->route)
        return;
    if (s->options.tokens && !(r->route->traits & OPEN) &&
        !gd_tokens_accept(s->options.tokens, gd_exchange_header(exchange, "Authorization"))) {
        gd_exchange_add_header(exchange, "WWW-Authenticate", "Bearer");
        gd_request_complain(r, 401, "AccessDeniedException", "this server wants a bearer token");
        return;
    }
    if ((r->route->traits & INVOKES) && gd_invocation_is_welcome(r) && state_of(s) == GD_SERVICE_STARTING) {
        gd_exchange_add_header(exchange, "Retry-After", "1");
        gd_request_complain(r, 503, "ServiceUnavailable", "the model is being loaded");
    }
}

static void handle(void *context, gd_exchange *exchange)
{
    gd_request *r = (gd_request *)exchange;
    (void)context;
    r->route->serve(r);
}

static void end(void *context, gd_exchange *exchange, bool sent)
{
    gd_request *r = (gd_request *)exchange;
    gd_service *s = context;
    const int code = sent ? exchange->code : 499; /* the client was gone: nginx's number for it */
    gd_request_times times = r->job.times;
    times.receive = exchange->received ? exchange->received - exchange->began : 0;
    times.total = gd_nanoseconds() - exchange->began;
    gd_metrics_request(r->counted, code, &times, exchange->body_bytes, exchange->answer_bytes);
    if (s->options.log) {
        char client[64];
        const gd_access access = {exchange->id,
                                  gd_exchange_client(exchange, client, sizeof client),
                                  exchange->method,
                                  exchange->path,
                                  r->variant,
                                  code,
                                  exchange->time_ms,
                                  exchange->body_bytes,
                                  exchange->answer_bytes,
                                  times};
        gd_access_log_put(s->options.log, &access);
    }
}

/* A large answer is rare, and one that memory did not suffice for may fit another time. */
static void keep_small(gd_text *text)
{
    enum { KEPT = 16 << 10 };
    if (text->capacity > KEPT || text->failed)
        gd_text_release(text);
}

static void rest(gd_exchange *exchange)
{
    gd_request *r = (gd_request *)exchange;
    keep_small(&r->text);
    keep_small(&r->figures);
    keep_small(&r->job.answer);
}

static void drop(gd_exchange *exchange)
{
    gd_request *r = (gd_request *)exchange;
    gd_text_release(&r->text);
    gd_text_release(&r->figures);
    gd_text_release(&r->job.answer);
}

void gd_service_attach(gd_service *service, gd_http_options *http)
{
    http->exchange_bytes = sizeof(gd_request);
    http->context = service;
    http->begin = begin;
    http->handle = handle;
    http->end = end;
    http->rest = rest;
    http->drop = drop;
}

/* ---- the service itself ---- */

gd_status gd_service_new(const gd_service_options *options, gd_service **result, gd_error *error)
{
    gd_service *s = calloc(1, sizeof *s);
    *result = NULL;
    if (!s)
        return gd_fail(error, GD_NOMEM, "out of memory for the server");
    s->options = *options;
    const gd_status status = gd_metrics_variant(options->metrics, "", NULL, 0, &s->none, error);
    if (status == GD_OK)
        *result = s;
    else
        free(s);
    return status;
}

void gd_service_free(gd_service *service) { free(service); }

void gd_service_set(gd_service *s, gd_service_state state) { __atomic_store_n(&s->state, state, __ATOMIC_RELAXED); }

static double read_connections(void *s) { return gd_http_connections(((gd_service *)s)->http); }
static double read_exchanges(void *s) { return gd_http_exchanges(((gd_service *)s)->http); }
static double read_ready(void *s) { return state_of(s) == GD_SERVICE_READY; }
static double read_records(void *s) { return (double)gd_capture_count(((gd_service *)s)->options.capture).records; }
static double read_bytes(void *s) { return (double)gd_capture_count(((gd_service *)s)->options.capture).bytes; }
static double read_dropped(void *s) { return (double)gd_capture_count(((gd_service *)s)->options.capture).dropped; }
static double read_refused(void *s) { return (double)gd_capture_count(((gd_service *)s)->options.capture).refused; }
static double read_log_dropped(void *s) { return (double)gd_access_log_dropped(((gd_service *)s)->options.log); }

gd_status gd_service_watch(gd_service *s, gd_http *http, gd_error *error)
{
    const gd_metrics_source always[] = {
        {"griddle_ready", "gauge", "1 while models are loaded and answer", read_ready, s},
        {"griddle_connections", "gauge", "open connections", read_connections, s},
        {"griddle_requests_in_flight", "gauge", "requests whose header has been read and that have not ended",
         read_exchanges, s},
    };
    const gd_metrics_source capture[] = {
        {"griddle_capture_records_total", "counter", "records written", read_records, s},
        {"griddle_capture_bytes_total", "counter", "bytes written", read_bytes, s},
        {"griddle_capture_dropped_total", "counter", "records left out, as the buffer was full", read_dropped, s},
        {"griddle_capture_refused_total", "counter", "records left out, as the disk was full or failed", read_refused,
         s},
    };
    const gd_metrics_source log = {"griddle_access_log_dropped_total", "counter", "lines left out of the access log",
                                   read_log_dropped, s};
    s->http = http;
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        GD_TRY(gd_metrics_add(s->options.metrics, always[i], error));
    for (size_t i = 0; s->options.capture && i < sizeof capture / sizeof *capture; i++)
        GD_TRY(gd_metrics_add(s->options.metrics, capture[i], error));
    return s->options.log ? gd_metrics_add(s->options.metrics, log, error) : GD_OK;
}
