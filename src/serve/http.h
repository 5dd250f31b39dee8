// SPDX-License-Identifier: Apache-2.0
/* HTTP/1.1 over libmicrohttpd, and nothing of what is served.
 *
 * Threads of its own receive requests and call three functions: `begin` when a header is there, which may refuse before
 * any of the body is read; `handle` when the body is there too, which answers, or suspends the exchange for another
 * thread to answer; `end` when the answer is with the network or the client is gone. None of them may wait.
 *
 *     header ── begin ── body … ── handle ─┬─ gd_exchange_answer ──────────────────────────► sent ── end
 *                                          └─ gd_exchange_suspend … (worker) … gd_exchange_resume ─┘
 *
 * Every answer but an empty 200 carries the request's id, which is in the access log too.
 *
 * A client that takes too long to say what it wants, or to take its answer, is cut off: silence by libmicrohttpd, a
 * trickle by a guard here.
 */
#ifndef GD_SERVE_HTTP_H
#define GD_SERVE_HTTP_H

#include "base/status.h"
#include "serve/acceptor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_http gd_http;
struct MHD_Connection;
struct gd_http_peer;

enum { GD_EXCHANGE_HEADERS = 8 };

/* A request and its answer. Reused for others once it has ended and nobody holds it. */
typedef struct gd_exchange {
    /* the request; strings hold until the answer is sent */
    const char *method, *path;
    char *body;
    size_t body_bytes;
    char id[37];              /* a UUID */
    int64_t time_ms;          /* when its header was there, since 1970 */
    uint64_t began, received; /* header there, body there; gd_nanoseconds */

    /* the answer */
    int code; /* 0: none yet */
    const char *type;
    const void *answer; /* borrowed until `end` */
    size_t answer_bytes;
    int n_headers;
    struct {
        const char *name, *value; /* likewise */
    } header[GD_EXCHANGE_HEADERS];

    /* http's own */
    gd_http *http;
    struct MHD_Connection *connection;
    struct gd_http_peer *peer;
    struct gd_exchange *next;
    size_t body_capacity;
    int holders; /* atomic */
    bool suspended, refused, malformed;
    bool resumed;    /* atomic: what another thread has written is there */
    char fault[128]; /* the answer to a malformed one */
} gd_exchange;

typedef struct gd_http_options {
    int socket;             /* listens; taken */
    int threads;            /* that receive and send */
    int connections;        /* at once; 0: 4096 */
    int per_address;        /* of one address at once; 0: no limit */
    bool tls;               /* with what gd_tls_open has read */
    size_t header_bytes;    /* request line and header; 0: 32 KiB */
    size_t body_bytes;      /* 0: 6 MiB; more is answered with 413 */
    size_t bodies_bytes;    /* all bodies at once; 0: 64 times that; more is answered with 503 */
    double idle_seconds;    /* a connection without a request; 0: 75 */
    double receive_seconds; /* for a request to arrive, for an answer to be taken; 0: 30 */

    size_t exchange_bytes; /* of the caller's struct that begins with a gd_exchange */
    void *context;
    void (*begin)(void *context, gd_exchange *exchange);
    void (*handle)(void *context, gd_exchange *exchange);
    void (*end)(void *context, gd_exchange *exchange, bool sent);
    void (*rest)(gd_exchange *exchange); /* it has ended and nobody holds it: gives back what is not worth keeping */
    void (*drop)(gd_exchange *exchange); /* frees what the caller's struct owns, before it is freed itself */
} gd_http_options;

/* Takes the socket, also on failure. */
gd_status gd_http_start(const gd_http_options *options, gd_http **http, gd_error *error);

/* Accepts no more; each answer from now on closes its connection. The socket goes on listening until it is closed: the
 * caller's now, who may have given it to another process. */
int gd_http_quiesce(gd_http *http, gd_socket_fate fate);

/* Waits until no connection is left, or no exchange is under way and those left have been idle for `linger_seconds`, or
 * `most_seconds` are over; no exchange is begun any more then. Whether none was left. */
bool gd_http_drain(gd_http *http, double linger_seconds, double most_seconds);

/* Closes all connections and ends the threads; nothing may be suspended. Exchanges that are held live until free,
 * before which their holders have to be gone. Both accept NULL. */
void gd_http_stop(gd_http *http);
void gd_http_free(gd_http *http);

int gd_http_connections(gd_http *http);
int gd_http_exchanges(gd_http *http); /* begun, and not ended */

/* Whether of many connections half are gone, and what they took has been freed. Once for each time that it is so. */
bool gd_http_has_calmed(gd_http *http);

/* ---- an exchange ---- */

const char *gd_exchange_header(const gd_exchange *exchange, const char *name);         /* NULL: not there */
const char *gd_exchange_client(const gd_exchange *exchange, char *text, size_t bytes); /* the address */

/* Code, content type (NULL: none) and body (NULL: empty), all borrowed until `end`. */
void gd_exchange_answer(gd_exchange *exchange, int code, const char *type, const void *bytes, size_t length);
void gd_exchange_add_header(gd_exchange *exchange, const char *name, const char *value);

/* In handle: another thread will answer and resume. From then on only that thread touches it. */
void gd_exchange_suspend(gd_exchange *exchange);
void gd_exchange_resume(gd_exchange *exchange);

/* Keeps body and id after the end; not what libmicrohttpd owns: method, path, headers. */
void gd_exchange_hold(gd_exchange *exchange);
void gd_exchange_release(gd_exchange *exchange);

uint64_t gd_nanoseconds(void); /* of a clock that only goes forward */

#ifdef __cplusplus
}
#endif
#endif
