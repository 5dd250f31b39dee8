// SPDX-License-Identifier: Apache-2.0
#include "watch/endpoint.h"

#include "base/clock.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST = 4096 /* bytes of header */, GLANCE_MS = 100 /* between looks at `stop` */ };
static const double patience = 2; /* seconds */

struct gd_endpoint {
    int socket;
    pthread_t thread;
    int stop; /* atomic */
    pthread_mutex_t lock;
    gd_text metrics; /* under the lock */
};

static bool is_over(const gd_endpoint *endpoint) { return __atomic_load_n(&endpoint->stop, __ATOMIC_RELAXED); }

/* ---- a connection ---- */

typedef struct client {
    const gd_endpoint *endpoint;
    int socket;
    double end; /* of our patience */
} client;

/* Whether there is something to do about it. */
static bool await(const client *c, short events)
{
    struct pollfd one = {.fd = c->socket, .events = events};
    while (!is_over(c->endpoint) && gd_seconds() < c->end) {
        if (poll(&one, 1, GLANCE_MS) > 0)
            return true;
    }
    return false;
}

/* A header, with a 0 behind it. False: none came. */
static bool receive(const client *c, char request[REQUEST])
{
    for (size_t length = 0; length + 1 < REQUEST && await(c, POLLIN);) {
        const ssize_t n = recv(c->socket, request + length, REQUEST - 1 - length, MSG_DONTWAIT);
        if (n <= 0)
            return false;
        length += (size_t)n;
        request[length] = '\0';
        if (memmem(request, length, "\r\n\r\n", 4) || memmem(request, length, "\n\n", 2))
            return true;
    }
    return false;
}

static void send_all(const client *c, const char *bytes, size_t length)
{
    while (length > 0 && await(c, POLLOUT)) {
        const ssize_t n = send(c->socket, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes += n;
        length -= (size_t)n;
    }
}

/* A connection that is closed with something unread takes back what it has sent. */
static void part(const client *c)
{
    char rest[1024];
    shutdown(c->socket, SHUT_WR);
    while (await(c, POLLIN) && recv(c->socket, rest, sizeof rest, MSG_DONTWAIT) > 0)
        ;
}

/* ---- an answer ---- */

typedef struct answer {
    const char *status, *body; /* body NULL: the metrics */
} answer;

/* Of "GET /metrics?x HTTP/1.1": cuts the line into its words. */
static answer answer_to(char *request)
{
    request[strcspn(request, "\r\n")] = '\0';
    char *left, *method = strtok_r(request, " ", &left), *target = strtok_r(NULL, " ?", &left);
    if (!method || !target || target[0] != '/')
        return (answer){"400 Bad Request", "not an HTTP request\n"};
    if (strcmp(method, "GET") != 0)
        return (answer){"405 Method Not Allowed\r\nAllow: GET", "GET is all that is answered here\n"};
    if (strcmp(target, "/metrics") == 0)
        return (answer){"200 OK", NULL};
    if (strcmp(target, "/healthz") == 0)
        return (answer){"200 OK", "ok\n"};
    return (answer){"404 Not Found", "here are /metrics and /healthz\n"};
}

static void print(gd_endpoint *endpoint, answer a, gd_text *out)
{
    const char *type = a.body ? "text/plain; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8";
    pthread_mutex_lock(&endpoint->lock);
    const char *body = a.body ? a.body : endpoint->metrics.at ? endpoint->metrics.at : "";
    gd_text_add(out, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", a.status,
                type, strlen(body));
    gd_text_add_n(out, body, strlen(body));
    pthread_mutex_unlock(&endpoint->lock);
}

static void serve(gd_endpoint *endpoint, int socket)
{
    char request[REQUEST];
    const client c = {endpoint, socket, gd_seconds() + patience};
    gd_text out = {0};
    if (receive(&c, request))
        print(endpoint, answer_to(request), &out);
    if (out.length > 0 && !out.failed) {
        send_all(&c, out.at, out.length);
        part(&c);
    }
    gd_text_release(&out);
}

static void *run(void *context)
{
    gd_endpoint *endpoint = context;
    while (!is_over(endpoint)) {
        struct pollfd one = {.fd = endpoint->socket, .events = POLLIN};
        if (poll(&one, 1, GLANCE_MS) <= 0)
            continue;
        const int socket = accept4(endpoint->socket, NULL, NULL, SOCK_CLOEXEC);
        if (socket < 0) { /* no more files: that may pass */
            poll(NULL, 0, GLANCE_MS);
            continue;
        }
        serve(endpoint, socket);
        close(socket);
    }
    return NULL;
}

/* ---- */

gd_status gd_endpoint_open(int socket, gd_endpoint **result, gd_error *error)
{
    sigset_t all, before;
    gd_endpoint *endpoint = calloc(1, sizeof *endpoint);
    *result = NULL;
    if (!endpoint)
        return gd_fail(error, GD_NOMEM, "out of memory for an endpoint");
    endpoint->socket = socket;
    pthread_mutex_init(&endpoint->lock, NULL);
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&endpoint->thread, NULL, run, endpoint);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        free(endpoint);
        return gd_fail(error, GD_IO, "cannot start a thread: %s", strerror(failed));
    }
    *result = endpoint;
    return GD_OK;
}

void gd_endpoint_tell(gd_endpoint *endpoint, const gd_text *metrics)
{
    gd_text copy = {0};
    gd_text_add_n(&copy, metrics->at ? metrics->at : "", metrics->length);
    if (copy.failed || metrics->failed) {
        gd_text_release(&copy);
        return;
    }
    pthread_mutex_lock(&endpoint->lock);
    gd_text_release(&endpoint->metrics);
    endpoint->metrics = copy;
    pthread_mutex_unlock(&endpoint->lock);
}

void gd_endpoint_close(gd_endpoint *endpoint)
{
    if (!endpoint)
        return;
    __atomic_store_n(&endpoint->stop, 1, __ATOMIC_RELAXED);
    pthread_join(endpoint->thread, NULL);
    gd_text_release(&endpoint->metrics);
    pthread_mutex_destroy(&endpoint->lock);
    free(endpoint);
}
