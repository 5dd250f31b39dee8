// SPDX-License-Identifier: Apache-2.0
/* A request while it is served. Private to the room. */
#ifndef GD_SERVE_REQUEST_H
#define GD_SERVE_REQUEST_H

#include "serve/service.h"

enum { GD_ENDPOINT = 63 };

struct gd_service {
    gd_service_options options;
    gd_http *http;
    gd_variant_metrics *none; /* of requests that reach no model */
    int state;                /* atomic */
};

typedef struct gd_request {
    gd_exchange exchange; /* first: it is one */
    gd_job job;           /* likewise found again by its place */
    gd_service *service;
    const struct gd_route *route;
    char part[256]; /* what stands for * in the route's path; "" */
    char allow[32]; /* without a route: the methods that there are for its path */

    bool leased;
    gd_lease lease;                   /* given back by the worker */
    char variant[GD_NAME_LENGTH + 1]; /* "" : none */
    gd_variant_metrics *counted;
    char timing[128]; /* Server-Timing */

    bool captured;
    gd_text text; /* an answer's bytes; of a captured request: copies of headers */
    gd_text figures;
    size_t type_at, inference_at, attributes_at; /* into text, 1 up; 0: there was none */
} gd_request;

/* Answers with a complaint; `message` may be freed after. */
void gd_request_complain(gd_request *request, int code, const char *name, const char *format, ...) GD_PRINTF(4, 5);

/* Answers with `text`. */
void gd_request_answer_text(gd_request *request, const char *type);

/* The handlers that have files of their own. */
void gd_serve_invocation(gd_request *request);       /* /invocations */
void gd_serve_named_invocation(gd_request *request); /* /models/NAME/invoke */
bool gd_invocation_is_welcome(gd_request *request);  /* type and Accept; else it is answered */
void gd_serve_model_list(gd_request *request);
void gd_serve_model_load(gd_request *request);
void gd_serve_model_show(gd_request *request);
void gd_serve_model_unload(gd_request *request);

#endif
