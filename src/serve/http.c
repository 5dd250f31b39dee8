// SPDX-License-Identifier: Apache-2.0
#include "serve/http.h"

#include "serve/peer.h"
#include "serve/tls.h"
#include "serve/uuid.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    KEPT_BODY = 16 << 10, /* bytes that an exchange keeps for the next one */
    SWALLOWED = 4,        /* bodies of up to so many times the limit are read to their end, so that the client, which
                             sends before it listens, hears why they are refused */
};

struct gd_http {
    gd_http_options options;
    struct MHD_Daemon *daemon;
    struct MHD_Response *ok; /* 200 and nothing more, of which there are many */
    gd_peers peers;
    pthread_mutex_t lock; /* of the free ones */
    gd_exchange *free;
    int exchanges;       /* atomic: begun, not ended */
    size_t bodies_bytes; /* atomic */
    bool draining;       /* atomic */
};

uint64_t gd_nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool is_draining(gd_http *http) { return __atomic_load_n(&http->draining, __ATOMIC_RELAXED); }

/* ---- exchanges are made once and used again ---- */

static void free_exchange(gd_exchange *x)
{
    if (x->http->options.drop)
        x->http->options.drop(x);
    free(x->body);
    free(x);
}

static gd_exchange *take_exchange(gd_http *http)
{
    pthread_mutex_lock(&http->lock);
    gd_exchange *x = http->free;
    if (x)
        http->free = x->next;
    pthread_mutex_unlock(&http->lock);
    if (!x) {
        x = calloc(1, http->options.exchange_bytes);
        if (!x)
            return NULL;
        x->http = http;
    }
    x->holders = 1;
    return x;
}

void gd_exchange_hold(gd_exchange *x) { __atomic_add_fetch(&x->holders, 1, __ATOMIC_RELAXED); }

void gd_exchange_release(gd_exchange *x)
{
    gd_http *http = x->http;
    if (__atomic_sub_fetch(&x->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (x->body_capacity > KEPT_BODY) {
        __atomic_sub_fetch(&http->bodies_bytes, x->body_capacity, __ATOMIC_RELAXED);
        free(x->body);
        x->body = NULL;
        x->body_capacity = 0;
    }
    x->body_bytes = 0;
    x->code = x->n_headers = 0;
    x->type = x->answer = NULL;
    x->answer_bytes = 0;
    x->suspended = x->refused = false;
    pthread_mutex_lock(&http->lock);
    x->next = http->free;
    http->free = x;
    pthread_mutex_unlock(&http->lock);
}

/* ---- what handlers ask and say ---- */

const char *gd_exchange_header(const gd_exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *gd_exchange_client(const gd_exchange *x, char *text, size_t bytes)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *at = info ? info->client_addr : NULL;
    const socklen_t length = at && at->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (!at || getnameinfo(at, length, text, (socklen_t)bytes, NULL, 0, NI_NUMERICHOST) != 0)
        snprintf(text, bytes, "?");
    return text;
}

void gd_exchange_answer(gd_exchange *x, int code, const char *type, const void *bytes, size_t length)
{
    x->code = code;
    x->type = type;
    x->answer = bytes;
    x->answer_bytes = length;
}

void gd_exchange_add_header(gd_exchange *x, const char *name, const char *value)
{
    if (x->n_headers < GD_EXCHANGE_HEADERS) {
        x->header[x->n_headers].name = name;
        x->header[x->n_headers++].value = value;
    }
}

void gd_exchange_suspend(gd_exchange *x)
{
    x->suspended = true;
    MHD_suspend_connection(x->connection);
}

void gd_exchange_resume(gd_exchange *x) { MHD_resume_connection(x->connection); }

static void answer_plainly(gd_exchange *x, int code, const char *text)
{
    gd_exchange_answer(x, code, "application/json", text, strlen(text));
}

static void answer_too_large(gd_exchange *x)
{
    answer_plainly(x, MHD_HTTP_CONTENT_TOO_LARGE,
                   "{\"code\":\"ValidationError\",\"message\":\"the body is larger than this server takes\"}\n");
}

/* ---- receiving ---- */

/* Memory follows what has arrived, not what was announced. False: the exchange is answered. */
static bool append(gd_exchange *x, const char *bytes, size_t n)
{
    gd_http *http = x->http;
    const size_t limit = http->options.body_bytes, need = x->body_bytes + n;
    if (need > limit) {
        answer_too_large(x);
        return false;
    }
    if (need > x->body_capacity) {
        size_t capacity = x->body_capacity ? 2 * x->body_capacity : 4096;
        capacity = capacity < need ? need : capacity;
        capacity = capacity < limit ? capacity : limit;
        const size_t more = capacity - x->body_capacity;
        const bool fits = __atomic_add_fetch(&http->bodies_bytes, more, __ATOMIC_RELAXED) <= http->options.bodies_bytes;
        char *body = fits ? realloc(x->body, capacity) : NULL;
        if (!body) {
            __atomic_sub_fetch(&http->bodies_bytes, more, __ATOMIC_RELAXED);
            gd_exchange_add_header(x, "Retry-After", "1");
            answer_plainly(x, MHD_HTTP_SERVICE_UNAVAILABLE,
                           "{\"code\":\"ServiceUnavailable\",\"message\":\"too many bodies at once\"}\n");
            return false;
        }
        x->body = body;
        x->body_capacity = capacity;
    }
    memcpy(x->body + x->body_bytes, bytes, n);
    x->body_bytes = need;
    return true;
}

static enum MHD_Result send_answer(gd_exchange *x)
{
    gd_http *http = x->http;
    gd_peer_may_take(x->peer, http->options.receive_seconds, false);
    if (x->code == MHD_HTTP_OK && !x->type && x->n_headers == 0 && !is_draining(http))
        return MHD_queue_response(x->connection, MHD_HTTP_OK, http->ok);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(x->answer_bytes, (void *)(uintptr_t)x->answer, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    if (x->type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, x->type);
    MHD_add_response_header(response, "x-amzn-RequestId", x->id);
    for (int i = 0; i < x->n_headers; i++) /* a value with a line break, from a request, is not added */
        MHD_add_response_header(response, x->header[i].name, x->header[i].value);
    if (is_draining(http))
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    const enum MHD_Result queued = MHD_queue_response(x->connection, (unsigned)x->code, response);
    MHD_destroy_response(response);
    return queued;
}

/* A client that waits for leave to send its body, or has one that is not worth reading, is answered at once; its
 * connection is closed then. */
static bool must_answer_now(gd_exchange *x)
{
    const char *length = gd_exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return gd_exchange_header(x, MHD_HTTP_HEADER_EXPECT) ||
           (length && strtoull(length, NULL, 10) > SWALLOWED * (unsigned long long)x->http->options.body_bytes);
}

static gd_exchange *begin(gd_http *http, struct MHD_Connection *connection, const char *path, const char *method)
{
    gd_exchange *x = take_exchange(http);
    if (!x)
        return NULL;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    x->connection = connection;
    x->peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    x->path = path;
    x->method = method;
    x->time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    x->began = gd_nanoseconds();
    x->received = 0;
    gd_uuid(x->id);
    __atomic_add_fetch(&http->exchanges, 1, __ATOMIC_RELAXED);
    gd_peer_may_take(x->peer, http->options.receive_seconds, false);
    http->options.begin(http->options.context, x);
    const char *length = gd_exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (x->code == 0 && length && strtoull(length, NULL, 10) > http->options.body_bytes)
        answer_too_large(x);
    x->refused = x->code != 0;
    return x;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *bytes, size_t *n, void **state)
{
    gd_http *http = context;
    gd_exchange *x = *state;
    (void)version;
    if (!x) {
        *state = x = begin(http, connection, path, method);
        if (!x)
            return MHD_NO;
        return x->refused && must_answer_now(x) ? send_answer(x) : MHD_YES;
    }
    if (*n > 0) {
        if (!x->refused)
            x->refused = !append(x, bytes, *n);
        *n = 0;
        return MHD_YES;
    }
    if (x->suspended || x->refused) /* another thread has answered; or begin, and the body is over */
        return send_answer(x);
    x->received = gd_nanoseconds();
    gd_peer_may_take(x->peer, -1, false);
    http->options.handle(http->options.context, x);
    return x->suspended ? MHD_YES : send_answer(x);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    gd_http *http = context;
    gd_exchange *x = *state;
    (void)connection;
    *state = NULL;
    if (!x)
        return;
    gd_peer_may_take(x->peer, http->options.idle_seconds + http->options.receive_seconds, true);
    http->options.end(http->options.context, x, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    __atomic_sub_fetch(&http->exchanges, 1, __ATOMIC_RELAXED);
    gd_exchange_release(x);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    gd_http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        gd_peer_remove(&http->peers, *socket_context);
        return;
    }
    const int socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    gd_http_peer *peer = gd_peer_add(&http->peers, socket);
    *socket_context = peer;
    gd_peer_may_take(peer, http->options.idle_seconds + http->options.receive_seconds, true);
}

/* ---- starting and ending ---- */

static void fill_in(gd_http_options *o)
{
    o->connections = o->connections ? o->connections : 4096;
    o->header_bytes = o->header_bytes ? o->header_bytes : 32 << 10;
    o->body_bytes = o->body_bytes ? o->body_bytes : 6 << 20;
    o->bodies_bytes = o->bodies_bytes ? o->bodies_bytes : 64 * o->body_bytes;
    o->idle_seconds = o->idle_seconds > 0 ? o->idle_seconds : 75;
    o->receive_seconds = o->receive_seconds > 0 ? o->receive_seconds : 30;
}

gd_status gd_http_start(const gd_http_options *options, gd_http **result, gd_error *error)
{
    gd_status status = GD_OK;
    gd_http *http = calloc(1, sizeof *http);
    *result = NULL;
    if (!http) {
        close(options->socket);
        return gd_fail(error, GD_NOMEM, "out of memory for the server");
    }
    http->options = *options;
    gd_http_options *o = &http->options;
    fill_in(o);
    pthread_mutex_init(&http->lock, NULL);
    GD_TRY_TO(failed, gd_peers_init(&http->peers, o->connections, error));
    http->ok = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    const int threads = o->threads > 1 ? o->threads : 0; /* a pool of one is refused */
    const int each = threads ? (o->connections + threads - 1) / threads * threads : o->connections;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)(uintptr_t)gd_tls_retrieve},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
    };
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME | (o->tls ? MHD_USE_TLS : 0), 0, NULL,
        NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, o->socket, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)threads,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)each, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)o->per_address,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->header_bytes, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(o->idle_seconds < 1 ? 1 : o->idle_seconds), MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)(256 << 10), MHD_OPTION_ARRAY, o->tls ? tls : tls + 2, MHD_OPTION_END);
    if (!http->ok || !http->daemon)
        GD_TRY_TO(failed, gd_fail(error, GD_IO, "cannot start an HTTP server with %d threads for %d connections",
                                  o->threads, o->connections));
    *result = http;
    return GD_OK;
failed:
    if (!http->daemon)
        close(o->socket);
    gd_http_stop(http);
    gd_http_free(http);
    return status;
}

int gd_http_quiesce(gd_http *http)
{
    __atomic_store_n(&http->draining, true, __ATOMIC_RELAXED);
    return MHD_quiesce_daemon(http->daemon);
}

static bool all_idle(gd_http *http, double seconds)
{
    const uint64_t now = gd_nanoseconds();
    bool idle = true;
    pthread_mutex_lock(&http->peers.lock);
    for (const gd_http_peer *p = http->peers.first; p; p = p->next) {
        const uint64_t since = __atomic_load_n(&p->idle, __ATOMIC_RELAXED);
        idle = idle && since && (double)(now - since) * 1e-9 >= seconds;
    }
    pthread_mutex_unlock(&http->peers.lock);
    return idle;
}

bool gd_http_drain(gd_http *http, double linger_seconds, double most_seconds)
{
    const uint64_t start = gd_nanoseconds();
    const struct timespec pause = {0, 2000000};
    while ((double)(gd_nanoseconds() - start) * 1e-9 < most_seconds) {
        if (gd_http_connections(http) == 0 || (gd_http_exchanges(http) == 0 && all_idle(http, linger_seconds)))
            break;
        nanosleep(&pause, NULL);
    }
    return gd_http_exchanges(http) == 0;
}

void gd_http_stop(gd_http *http)
{
    if (!http)
        return;
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    http->daemon = NULL;
}

void gd_http_free(gd_http *http)
{
    if (!http)
        return;
    gd_peers_release(&http->peers);
    if (http->ok)
        MHD_destroy_response(http->ok);
    while (http->free) {
        gd_exchange *next = http->free->next;
        free_exchange(http->free);
        http->free = next;
    }
    pthread_mutex_destroy(&http->lock);
    free(http);
}

int gd_http_connections(gd_http *http) { return gd_peers_count(&http->peers); }
int gd_http_exchanges(gd_http *http) { return __atomic_load_n(&http->exchanges, __ATOMIC_RELAXED); }
