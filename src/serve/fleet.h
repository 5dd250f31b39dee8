// SPDX-License-Identifier: Apache-2.0
/* The models that are served, by name: variants of one endpoint, among which weights draw, or models that clients name.
 *
 * Loading, replacing and removing are orders to one thread, the keeper, which carries them out one after another;
 * requests go on meanwhile. A replaced model is freed when its last lease has come back. */
#ifndef GD_SERVE_FLEET_H
#define GD_SERVE_FLEET_H

#include "serve/hosted.h"
#include "serve/name.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_fleet gd_fleet;

gd_status gd_fleet_new(const gd_hosted_options *options, gd_metrics *metrics, gd_fleet **fleet, gd_error *error);
void gd_fleet_free(gd_fleet *fleet); /* waits for leases and for an order that is begun; accepts NULL */

/* ---- orders ---- */

typedef enum gd_order_kind {
    GD_ORDER_LOAD,   /* path as `name`; INVALID where there is one of that name */
    GD_ORDER_UNLOAD, /* INVALID where there is none */
    GD_ORDER_RELOAD, /* every model whose file is another one than was loaded; what cannot be read is refused and the
                        old one goes on */
    GD_ORDER_LOOK,   /* likewise, of files that are as they were at the last look: who writes one in place is given
                        time; what is not there or was refused before is passed over */
} gd_order_kind;

typedef struct gd_order {
    gd_order_kind kind;
    char name[GD_NAME_LENGTH + 1];
    char path[4096];
    double weight; /* of LOAD; 0: only by name */
    /* By the keeper. */
    void (*done)(struct gd_order *order, gd_status status, const gd_error *error);
    void *context;
    int replaced, refused; /* by RELOAD and LOOK: models; `error` is of the first that was refused */
    struct gd_order *next; /* the fleet's */
} gd_order;

/* The order is the fleet's until it is done. */
void gd_fleet_order(gd_fleet *fleet, gd_order *order);

/* Orders that are not begun are done as STOPPED from now on. */
void gd_fleet_end(gd_fleet *fleet);

/* ---- requests ---- */

/* A model for the length of a request. */
typedef struct gd_lease {
    char name[GD_NAME_LENGTH + 1];
    gd_hosted *hosted;
    gd_variant_metrics *metrics;
    struct gd_deployment *of;
} gd_lease;

/* By name, or by weight where name is NULL: `draw` is from [0, 1). False: no such model. */
bool gd_fleet_lease(gd_fleet *fleet, const char *name, double draw, gd_lease *lease);
void gd_fleet_return(gd_fleet *fleet, gd_lease *lease);

/* Calls `visit` for each in order of their loading, under the fleet's lock. */
typedef struct gd_fleet_item {
    const char *name, *path;
    double weight;
    const gd_hosted *hosted;
} gd_fleet_item;
void gd_fleet_visit(gd_fleet *fleet, void (*visit)(void *context, const gd_fleet_item *item), void *context);

#ifdef __cplusplus
}
#endif
#endif
