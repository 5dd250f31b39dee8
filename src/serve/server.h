// SPDX-License-Identifier: Apache-2.0
/* The server as a whole: puts its parts together, obeys signals, ends in order.
 *
 *     SIGTERM, SIGINT   no more connections; what is under way is finished; capture and log are flushed; exit 0
 *                       a second one ends the process at once; a successor (handover.h) is as a first one
 *     SIGHUP            models whose files are others, tokens, certificates and the access log are opened anew
 */
#ifndef GD_SERVE_SERVER_H
#define GD_SERVE_SERVER_H

#include "serve/capture.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_server_model {
    char name[64];
    char path[4096];
    double weight;
} gd_server_model;

typedef struct gd_server_options {
    const char *host;
    int port;
    const gd_server_model *model; /* variants, or models to begin with */
    int n_models;
    const char *models; /* folder below which clients may load more; NULL: they may not */
    int workers;        /* of each model */
    int batch, queue;
    double timeout, linger, idle, receive; /* seconds */
    const char *accept;
    size_t body_bytes;
    int64_t pixels; /* of a request's pictures */
    int connections, per_address, http_threads;
    const char *certificate, *key; /* PEM files; NULL: no TLS */
    const char *tokens, *log;      /* files; NULL: none */
    const char *handover;          /* a socket's path; NULL: none */
    gd_capture_options capture;    /* folder NULL: none */
} gd_server_options;

/* Returns when a signal has ended it: OK, or what kept it from starting or ending in order. */
gd_status gd_server_run(const gd_server_options *options, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
