// SPDX-License-Identifier: Apache-2.0
#include "serve/http_own.h"

#include "serve/frame.h"
#include "serve/tls.h"
#include "serve/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    HURRY = 5,     /* seconds that clients have for what they send and take while the server ends */
    SWALLOWED = 4, /* bodies of up to so many times the limit are read to their end, so that the client, which sends
                      before it listens, hears why they are refused */
};

uint64_t gd_nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool is_draining(gd_http *http) { return __atomic_load_n(&http->draining, __ATOMIC_RELAXED); }

static void set_peer(gd_http *http, gd_http_peer *peer, gd_peer_state state)
{
    double seconds = http->options.receive_seconds;
    if (state == GD_PEER_IDLE)
        seconds += http->options.idle_seconds;
    else if (is_draining(http) && seconds > HURRY)
        seconds = HURRY;
    gd_peer_set(peer, state, seconds);
}

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
    set_peer(http, x->peer, GD_PEER_TAKES);
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

/* A client that waits for leave to send its body, or has one that is not worth reading, or whose end is in doubt, is
 * answered at once; its connection is closed then. */
static bool must_answer_now(gd_exchange *x)
{
    const char *length = gd_exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return x->malformed || gd_exchange_header(x, MHD_HTTP_HEADER_EXPECT) ||
           (length && strtoull(length, NULL, 10) > SWALLOWED * (unsigned long long)x->http->options.body_bytes);
}

static void refuse_malformed(gd_exchange *x, int code, const char *fault)
{
    snprintf(x->fault, sizeof x->fault, "{\"code\":\"ValidationError\",\"message\":\"%s\"}\n", fault);
    x->n_headers = 0;
    answer_plainly(x, code, x->fault);
    x->malformed = true;
}

/* RFC 9112, 3.2.2: a target may be a whole URL, as clients of a proxy send it. Whose it is does not matter here. */
static const char *path_of(const char *target)
{
    const char *host = strncasecmp(target, "http://", 7) == 0    ? target + 7
                       : strncasecmp(target, "https://", 8) == 0 ? target + 8
                                                                 : NULL;
    if (!host)
        return target;
    const char *path = strchr(host, '/');
    return path ? path : "/";
}

static gd_exchange *begin(gd_http *http, struct MHD_Connection *connection, const char *path, const char *method,
                          const char *version)
{
    gd_exchange *x = gd_exchange_take(http);
    if (!x)
        return NULL;
    __atomic_add_fetch(&http->exchanges, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&http->closed, __ATOMIC_SEQ_CST)) { /* in this order, as gd_http_drain has them in the other */
        __atomic_sub_fetch(&http->exchanges, 1, __ATOMIC_RELAXED);
        gd_exchange_release(x);
        return NULL;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    x->connection = connection;
    x->peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    x->path = path_of(path);
    x->method = method;
    x->time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    x->began = gd_nanoseconds();
    x->received = 0;
    gd_uuid(x->id);
    set_peer(http, x->peer, GD_PEER_SENDS);
    http->options.begin(http->options.context, x);
    int code;
    const char *fault = gd_frame_fault(connection, method, version, &code);
    const char *length = gd_exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (fault)
        refuse_malformed(x, code, fault);
    else if (x->code == 0 && length && strtoull(length, NULL, 10) > http->options.body_bytes)
        answer_too_large(x);
    x->refused = x->code != 0;
    return x;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *bytes, size_t *n, void **state)
{
    gd_http *http = context;
    gd_exchange *x = *state;
    if (!x) {
        *state = x = begin(http, connection, path, method, version);
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
    gd_exchange_see(x);
    if (x->suspended || x->refused) /* another thread has answered; or begin, and the body is over */
        return send_answer(x);
    x->received = gd_nanoseconds();
    set_peer(http, x->peer, GD_PEER_WAITS);
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
    gd_exchange_see(x);
    set_peer(http, x->peer, GD_PEER_IDLE);
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
    set_peer(http, peer, GD_PEER_IDLE);
    __atomic_add_fetch(&http->arrived, 1, __ATOMIC_RELEASE);
}

/* Those on their way count: the library closes what is beyond its own limit. One that it had no memory for never
 * arrives, and is forgotten. */
static bool has_room(void *context)
{
    gd_http *http = context;
    const uint64_t long_ago = 1000000000;
    const int arrived = __atomic_load_n(&http->arrived, __ATOMIC_ACQUIRE);
    if (gd_nanoseconds() - http->accepted_at > long_ago)
        __atomic_store_n(&http->accepted, arrived, __ATOMIC_RELAXED);
    const int coming = __atomic_load_n(&http->accepted, __ATOMIC_RELAXED) - arrived;
    return gd_http_connections(http) + coming < http->options.connections;
}

static void take_connection(void *context, int socket, const struct sockaddr *address, socklen_t length)
{
    gd_http *http = context;
    http->accepted_at = gd_nanoseconds();
    __atomic_add_fetch(&http->accepted, 1, __ATOMIC_RELAXED);
    if (MHD_add_connection(http->daemon, socket, address, length) != MHD_YES) /* it has closed it */
        __atomic_sub_fetch(&http->accepted, 1, __ATOMIC_RELAXED);
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
    const int most = 2 * o->connections + 64 * threads;  /* in no thread's way: the acceptor sees to the limit */
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)(uintptr_t)gd_tls_retrieve},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
    };
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
            MHD_USE_ITC | (o->tls ? MHD_USE_TLS : 0),
        0, NULL, NULL, on_request, http, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)threads, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)most, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)o->per_address,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->header_bytes, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(o->idle_seconds < 1 ? 1 : o->idle_seconds), MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, gd_frame_unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_THREAD_STACK_SIZE, (size_t)(256 << 10),
        MHD_OPTION_ARRAY, o->tls ? tls : tls + 2, MHD_OPTION_END);
    if (!http->ok || !http->daemon)
        GD_TRY_TO(failed, gd_fail(error, GD_IO, "cannot start an HTTP server with %d threads for %d connections",
                                  o->threads, o->connections));
    http->acceptor = (gd_acceptor){.socket = o->socket, .has_room = has_room, .take = take_connection, .context = http};
    GD_TRY_TO(failed, gd_acceptor_start(&http->acceptor, error));
    *result = http;
    return GD_OK;
failed:
    gd_http_stop(http);
    gd_http_free(http);
    return status;
}

int gd_http_quiesce(gd_http *http, gd_socket_fate fate)
{
    const int socket = http->options.socket;
    http->options.socket = -1;
    __atomic_store_n(&http->draining, true, __ATOMIC_RELAXED);
    gd_peers_hurry(&http->peers, HURRY);
    gd_acceptor_stop(&http->acceptor, fate); /* last: who connects between this and the socket's end is thrown out */
    return socket;
}

/* A connection may be with the library, whose threads have not looked at it yet. One that it had no memory for it never
 * does. */
static bool all_arrived(gd_http *http, double seconds)
{
    const double most_seconds = 1;
    return seconds > most_seconds ||
           __atomic_load_n(&http->arrived, __ATOMIC_ACQUIRE) >= __atomic_load_n(&http->accepted, __ATOMIC_RELAXED);
}

static bool is_drained(gd_http *http, double seconds, double linger_seconds)
{
    return all_arrived(http, seconds) &&
           (gd_http_connections(http) == 0 ||
            (gd_http_exchanges(http) == 0 && gd_peers_idle(&http->peers, linger_seconds)));
}

/* A request that comes on an idle connection just when that was to be closed is let in or not, but not forgotten: the
 * library may not be stopped while one is suspended. */
bool gd_http_drain(gd_http *http, double linger_seconds, double most_seconds)
{
    const uint64_t start = gd_nanoseconds();
    const struct timespec pause = {0, 2000000};
    bool closed = false;
    double seconds = 0;
    while (seconds < most_seconds) {
        if (!closed && is_drained(http, seconds, linger_seconds)) {
            __atomic_store_n(&http->closed, true, __ATOMIC_SEQ_CST);
            closed = true;
        }
        if (closed && gd_http_exchanges(http) == 0)
            return true;
        nanosleep(&pause, NULL);
        seconds = (double)(gd_nanoseconds() - start) * 1e-9;
    }
    __atomic_store_n(&http->closed, true, __ATOMIC_SEQ_CST);
    return gd_http_exchanges(http) == 0;
}

void gd_http_stop(gd_http *http)
{
    if (!http)
        return;
    gd_acceptor_stop(&http->acceptor, GD_SOCKET_STAYS);
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    http->daemon = NULL;
    if (http->options.socket >= 0)
        close(http->options.socket);
    http->options.socket = -1;
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
        gd_exchange_free(http->free);
        http->free = next;
    }
    pthread_mutex_destroy(&http->lock);
    free(http);
}

int gd_http_connections(gd_http *http) { return gd_peers_count(&http->peers); }
bool gd_http_has_calmed(gd_http *http) { return gd_peers_halved(&http->peers); }
int gd_http_exchanges(gd_http *http) { return __atomic_load_n(&http->exchanges, __ATOMIC_SEQ_CST); }
