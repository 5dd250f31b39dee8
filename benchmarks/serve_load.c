// SPDX-License-Identifier: Apache-2.0
/* A load generator that tells answers from refusals, which wrk does not, and can wait after a refusal, as clients
 * should:
 *
 *     serve_load PORT CONNECTIONS SECONDS REST FOLDER PICTURES
 *
 * Posts FOLDER/0.png, FOLDER/1.png, … to /invocations on so many connections that are kept alive, each with one request
 * at a time. A connection that was refused (429, 503) rests REST seconds, half or one and a half of it at most, by
 * chance. The first second is not counted. Prints one JSON object: per kind of answer the number, and the median and
 * 99th percentile from the first byte sent to the last byte read; `failed` counts all else that can happen. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PICTURES = 1000, MOST_TIMES = 1 << 22, ANSWER_BYTES = 8192, REQUEST_BYTES = 32768, EVENTS = 256 };
enum { OK = 200, TOO_MANY = 429, UNAVAILABLE = 503 };
static const double WARM_UP = 1;

typedef struct times {
    float *ms;
    int n;
} times;

typedef struct request {
    char bytes[REQUEST_BYTES];
    size_t length;
} request;

typedef struct connection {
    int fd; /* -1: none */
    const request *request;
    double start, due; /* due: of the next request, where it rests; else 0 */
    size_t sent, read;
    char answer[ANSWER_BYTES + 1];
} connection;

typedef struct load {
    struct sockaddr_in address;
    int epoll, n_connections, n_requests, next;
    connection *connections;
    const request *requests;
    double rest, begin; /* begin: of what is counted */
    times accepted, refused;
    int64_t failed;
} load;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool make_request(const char *folder, int i, request *r)
{
    char path[4096], body[REQUEST_BYTES - 512];
    snprintf(path, sizeof path, "%s/%d.png", folder, i);
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    const size_t length = fread(body, 1, sizeof body, file);
    fclose(file);
    const int head = snprintf(r->bytes, 512,
                              "POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
                              "Content-Length: %zu\r\n\r\n",
                              length);
    memcpy(r->bytes + head, body, length);
    r->length = (size_t)head + length;
    return length > 0 && length < sizeof body;
}

static void drop(connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static bool open_connection(load *l, connection *c)
{
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return false;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    return (connect(c->fd, (struct sockaddr *)&l->address, sizeof l->address) == 0 || errno == EINPROGRESS) &&
           epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0;
}

/* Sends as much as goes now; the rest goes when epoll says so. False: the connection is gone. */
static bool send_on(connection *c)
{
    while (c->sent < c->request->length) {
        const ssize_t n = send(c->fd, c->request->bytes + c->sent, c->request->length - c->sent, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == ENOTCONN;
        c->sent += (size_t)n;
    }
    return true;
}

static bool rests(const connection *c) { return c->due > 0; }

static void rest(load *l, connection *c, double now) { c->due = now + l->rest * (0.5 + drand48()); }

static void begin(load *l, connection *c, double now)
{
    c->request = &l->requests[l->next];
    l->next = (l->next + 1) % l->n_requests;
    c->start = now;
    c->due = 0;
    c->sent = c->read = 0;
    if ((c->fd < 0 && !open_connection(l, c)) || !send_on(c)) {
        l->failed++;
        drop(c);
        rest(l, c, now);
    }
}

static void note(times *t, double took)
{
    if (t->n < MOST_TIMES)
        t->ms[t->n++] = (float)(1e3 * took);
}

/* The status of a whole answer, 0 while it is not whole, -1 where it is none. */
static int parse(connection *c, bool *closes)
{
    c->answer[c->read] = '\0';
    const char *end = strstr(c->answer, "\r\n\r\n");
    if (!end)
        return c->read < ANSWER_BYTES ? 0 : -1;
    const char *length = strcasestr(c->answer, "\r\ncontent-length:"),
               *close = strcasestr(c->answer, "connection: close");
    int status;
    if (sscanf(c->answer, "HTTP/1.1 %d", &status) != 1 || !length || length > end)
        return -1;
    *closes = close && close < end;
    const size_t whole = (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
    return c->read < whole ? 0 : c->read == whole ? status : -1;
}

static void on_answer(load *l, connection *c, int status, bool closes)
{
    const double now = seconds();
    const bool counts = c->start >= l->begin, refused = status == TOO_MANY || status == UNAVAILABLE;
    if (status != OK && !refused)
        l->failed++;
    else if (counts)
        note(refused ? &l->refused : &l->accepted, now - c->start);
    if (closes || status < 0)
        drop(c);
    if (status == OK || l->rest == 0)
        begin(l, c, now);
    else
        rest(l, c, now);
}

static void on_readable(load *l, connection *c)
{
    while (c->fd >= 0 && !rests(c)) {
        const ssize_t n = recv(c->fd, c->answer + c->read, ANSWER_BYTES - c->read, 0);
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
            return;
        bool closes = true;
        int status = -1;
        if (n > 0) {
            c->read += (size_t)n;
            status = parse(c, &closes);
        }
        if (status)
            on_answer(l, c, status, closes);
    }
    /* what comes while it rests can only be the end of the connection */
    if (c->fd >= 0 && rests(c) && (recv(c->fd, c->answer, 1, MSG_PEEK) >= 0 || errno != EAGAIN))
        drop(c);
}

static void run(load *l, double until)
{
    for (int i = 0; i < l->n_connections; i++)
        begin(l, &l->connections[i], seconds());
    for (double now = seconds(); now < until; now = seconds()) {
        double earliest = until;
        for (int i = 0; i < l->n_connections; i++) {
            connection *c = &l->connections[i];
            if (rests(c) && c->due <= now)
                begin(l, c, now);
            if (rests(c) && c->due < earliest)
                earliest = c->due;
        }
        struct epoll_event events[EVENTS];
        const int n = epoll_wait(l->epoll, events, EVENTS, (int)ceil(1e3 * (earliest - now)));
        for (int i = 0; i < n; i++) {
            connection *c = events[i].data.ptr;
            if (c->fd >= 0 && !rests(c) && events[i].events & EPOLLOUT && !send_on(c)) {
                l->failed++;
                drop(c);
                rest(l, c, seconds());
            }
            on_readable(l, c);
        }
    }
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void print(const char *kind, times *t, double length)
{
    qsort(t->ms, (size_t)t->n, sizeof *t->ms, ascending);
    printf("\"%s\": {\"n\": %d, \"per_second\": %.3f", kind, t->n, (double)t->n / length);
    if (t->n)
        printf(", \"p50_ms\": %.4f, \"p99_ms\": %.4f", (double)t->ms[t->n / 2], (double)t->ms[t->n - 1 - t->n / 100]);
    printf("}, ");
}

int main(int argc, char **argv)
{
    const int n = argc == 7 ? atoi(argv[2]) : 0, pictures = argc == 7 ? atoi(argv[6]) : 0;
    if (n < 1 || pictures < 1 || pictures > MOST_PICTURES) {
        fprintf(stderr, "usage: serve_load PORT CONNECTIONS SECONDS REST FOLDER PICTURES\n");
        return 2;
    }
    const double length = atof(argv[3]);
    request *requests = calloc((size_t)pictures, sizeof *requests);
    load l = {
        .address = {.sin_family = AF_INET,
                    .sin_port = htons((uint16_t)atoi(argv[1])),
                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
        .epoll = epoll_create1(0),
        .n_connections = n,
        .n_requests = pictures,
        .connections = calloc((size_t)n, sizeof *l.connections),
        .requests = requests,
        .rest = atof(argv[4]),
        .begin = seconds() + WARM_UP,
        .accepted.ms = malloc(MOST_TIMES * sizeof(float)),
        .refused.ms = malloc(MOST_TIMES * sizeof(float)),
    };
    const struct rlimit files = {(rlim_t)n + 64, (rlim_t)n + 64};
    bool well = requests && l.connections && l.accepted.ms && l.refused.ms && l.epoll >= 0 &&
                (setrlimit(RLIMIT_NOFILE, &files) == 0 || sysconf(_SC_OPEN_MAX) >= n + 64);
    if (!well)
        fprintf(stderr, "serve_load: no memory or no file descriptors for %d connections\n", n);
    for (int i = 0; well && i < pictures; i++) {
        well = make_request(argv[5], i, &requests[i]);
        if (!well)
            fprintf(stderr, "serve_load: '%s/%d.png' cannot be read, is empty or larger than 32 kB\n", argv[5], i);
    }
    if (well) {
        for (int i = 0; i < n; i++)
            l.connections[i].fd = -1;
        run(&l, l.begin + length);
        printf("{");
        print("accepted", &l.accepted, length);
        print("refused", &l.refused, length);
        printf("\"failed\": %lld}\n", (long long)l.failed);
        for (int i = 0; i < n; i++)
            drop(&l.connections[i]);
    }
    close(l.epoll);
    free(l.connections);
    free(requests);
    free(l.accepted.ms);
    free(l.refused.ms);
    return well ? 0 : 1;
}
