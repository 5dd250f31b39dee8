// SPDX-License-Identifier: Apache-2.0
/* What is answered at which address: the hosting contract of SageMaker (docs/serving.md has it all).
 *
 *     GET  /ping, /readyz      200 once models are loaded and have tested themselves; 503 before, and while ending
 *     GET  /livez              200
 *     POST /invocations        a body's pictures → probabilities; also /endpoints/NAME/invocations
 *     GET  /execution-parameters, /metrics, /
 *     /models …                where models are named by clients
 */
#ifndef GD_SERVE_SERVICE_H
#define GD_SERVE_SERVICE_H

#include "serve/access.h"
#include "serve/capture.h"
#include "serve/fleet.h"
#include "serve/http.h"
#include "serve/tokens.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_service gd_service;

typedef struct gd_service_options {
    gd_fleet *fleet; /* these are borrowed */
    gd_metrics *metrics;
    gd_capture *capture; /* NULL: none */
    bool figures;        /* of captured pictures */
    gd_access_log *log;  /* NULL: none */
    gd_tokens *tokens;   /* NULL: anybody may ask */
    const char *models;  /* folder below which clients may load models; NULL: they may not */
    const char *accept;  /* for requests without Accept; NULL: application/json */
    double timeout;      /* seconds from its arrival to its answer that a request is worth */
    size_t body_bytes;   /* what the HTTP side takes, to be told */
    int workers;         /* likewise */
} gd_service_options;

typedef enum gd_service_state { GD_SERVICE_STARTING, GD_SERVICE_READY, GD_SERVICE_ENDING } gd_service_state;

gd_status gd_service_new(const gd_service_options *options, gd_service **service, gd_error *error);
void gd_service_free(gd_service *service); /* accepts NULL */
void gd_service_set(gd_service *service, gd_service_state state);

/* Fills what the HTTP side calls. */
void gd_service_attach(gd_service *service, gd_http_options *http);

/* Once it has started: its figures join the metrics. */
gd_status gd_service_watch(gd_service *service, gd_http *http, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
