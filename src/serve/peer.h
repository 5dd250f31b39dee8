// SPDX-License-Identifier: Apache-2.0
/* Connections and how long each may still take over what it does: a guard cuts off those that are late. libmicrohttpd
 * notices silence alone; a client that sends a byte now and then keeps it waiting for ever. */
#ifndef GD_SERVE_PEER_H
#define GD_SERVE_PEER_H

#include "base/status.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_peer_state {
    GD_PEER_IDLE,  /* asks for nothing */
    GD_PEER_SENDS, /* a request, of which we have the header */
    GD_PEER_WAITS, /* for us */
    GD_PEER_TAKES, /* its answer */
} gd_peer_state;

typedef struct gd_http_peer {
    struct gd_http_peer *next, *previous;
    int socket;
    gd_peer_state state;  /* these three are atomic */
    uint64_t since, late; /* when it came to be in it; when it is cut off: not while it waits */
    uint64_t looked;      /* when the guard has asked whether an idle one is still there */
} gd_http_peer;

typedef struct gd_peers {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t guard;
    gd_http_peer *first;
    int n, most; /* above nine tenths of most, idle ones make room */
    int peak;    /* of n, since it last was half of it */
    bool ending, guarded;
} gd_peers;

gd_status gd_peers_init(gd_peers *peers, int most, gd_error *error); /* starts the guard */
void gd_peers_release(gd_peers *peers);                              /* none is left */

gd_http_peer *gd_peer_add(gd_peers *peers, int socket);   /* NULL: out of memory */
void gd_peer_remove(gd_peers *peers, gd_http_peer *peer); /* before its socket is closed */

/* It is in a state now, and may stay so for as long. Accepts NULL. */
void gd_peer_set(gd_http_peer *peer, gd_peer_state state, double seconds);

/* Who sends or takes has no more than `seconds` from now. */
void gd_peers_hurry(gd_peers *peers, double seconds);

bool gd_peers_idle(gd_peers *peers, double seconds); /* whether all have been so for as long */
int gd_peers_count(gd_peers *peers);

/* Whether of many that there were half are gone. Once for each time that it is so: 1000 that go are 500, 250, ... */
bool gd_peers_halved(gd_peers *peers);

#ifdef __cplusplus
}
#endif
#endif
