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

typedef struct gd_http_peer {
    struct gd_http_peer *next, *previous;
    int socket;
    uint64_t late; /* atomic: when it is cut off; UINT64_MAX: it waits for us */
    uint64_t idle; /* atomic: since when it has asked for nothing; 0: it does */
} gd_http_peer;

typedef struct gd_peers {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t guard;
    gd_http_peer *first;
    int n, most; /* above nine tenths of most, idle ones make room */
    bool ending, guarded;
} gd_peers;

gd_status gd_peers_init(gd_peers *peers, int most, gd_error *error); /* starts the guard */
void gd_peers_release(gd_peers *peers);                              /* none is left */

gd_http_peer *gd_peer_add(gd_peers *peers, int socket);   /* NULL: out of memory */
void gd_peer_remove(gd_peers *peers, gd_http_peer *peer); /* before its socket is closed */

/* It has `seconds` from now; without end for a negative number. */
void gd_peer_may_take(gd_http_peer *peer, double seconds, bool idle);

int gd_peers_count(gd_peers *peers);

#ifdef __cplusplus
}
#endif
#endif
