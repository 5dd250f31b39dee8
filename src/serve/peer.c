// SPDX-License-Identifier: Apache-2.0
#include "serve/peer.h"

#include "serve/http.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { LONG_IDLE = 2 /* seconds: when there are too many */ };

/* Readers see that the other side has gone; libmicrohttpd closes then. The socket is open, as peers are removed before
 * theirs is closed, under the lock that the guard holds. */
static void cut(const gd_http_peer *peer) { shutdown(peer->socket, SHUT_RDWR); }

static void look(const gd_peers *peers)
{
    const uint64_t now = gd_nanoseconds(), long_idle = (uint64_t)LONG_IDLE * 1000000000;
    const bool crowded = peers->n > peers->most - peers->most / 10;
    for (const gd_http_peer *p = peers->first; p; p = p->next) {
        const uint64_t idle = __atomic_load_n(&p->idle, __ATOMIC_RELAXED);
        if (now > __atomic_load_n(&p->late, __ATOMIC_RELAXED) || (crowded && idle && now > idle + long_idle))
            cut(p);
    }
}

/* Sleeps while there is nobody to look at. */
static void *guard(void *argument)
{
    gd_peers *peers = argument;
    pthread_mutex_lock(&peers->lock);
    while (!peers->ending) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += 1;
        if (peers->n == 0)
            pthread_cond_wait(&peers->changed, &peers->lock);
        else
            pthread_cond_timedwait(&peers->changed, &peers->lock, &until);
        look(peers);
    }
    pthread_mutex_unlock(&peers->lock);
    return NULL;
}

gd_status gd_peers_init(gd_peers *peers, int most, gd_error *error)
{
    pthread_condattr_t clock;
    *peers = (gd_peers){.most = most};
    if (pthread_condattr_init(&clock) != 0 || pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) != 0 ||
        pthread_mutex_init(&peers->lock, NULL) != 0 || pthread_cond_init(&peers->changed, &clock) != 0)
        return gd_fail(error, GD_NOMEM, "out of memory for connections");
    pthread_condattr_destroy(&clock);
    peers->guarded = pthread_create(&peers->guard, NULL, guard, peers) == 0;
    return peers->guarded ? GD_OK : gd_fail(error, GD_NOMEM, "cannot start a thread that guards connections");
}

void gd_peers_release(gd_peers *peers)
{
    if (!peers->guarded)
        return;
    pthread_mutex_lock(&peers->lock);
    peers->ending = true;
    pthread_cond_signal(&peers->changed);
    pthread_mutex_unlock(&peers->lock);
    pthread_join(peers->guard, NULL);
    pthread_cond_destroy(&peers->changed);
    pthread_mutex_destroy(&peers->lock);
}

gd_http_peer *gd_peer_add(gd_peers *peers, int socket)
{
    gd_http_peer *peer = calloc(1, sizeof *peer);
    if (!peer) { /* closed as soon as it is looked at */
        shutdown(socket, SHUT_RDWR);
        return NULL;
    }
    peer->socket = socket;
    peer->late = UINT64_MAX;
    pthread_mutex_lock(&peers->lock);
    peer->next = peers->first;
    if (peer->next)
        peer->next->previous = peer;
    peers->first = peer;
    if (peers->n++ == 0)
        pthread_cond_signal(&peers->changed);
    pthread_mutex_unlock(&peers->lock);
    return peer;
}

void gd_peer_remove(gd_peers *peers, gd_http_peer *peer)
{
    if (!peer)
        return;
    pthread_mutex_lock(&peers->lock);
    if (peer->next)
        peer->next->previous = peer->previous;
    *(peer->previous ? &peer->previous->next : &peers->first) = peer->next;
    peers->n--;
    pthread_mutex_unlock(&peers->lock);
    free(peer);
}

void gd_peer_may_take(gd_http_peer *peer, double seconds, bool idle)
{
    if (!peer)
        return;
    const uint64_t now = gd_nanoseconds();
    __atomic_store_n(&peer->late, seconds < 0 ? UINT64_MAX : now + (uint64_t)(seconds * 1e9), __ATOMIC_RELAXED);
    __atomic_store_n(&peer->idle, idle ? now : 0, __ATOMIC_RELAXED);
}

int gd_peers_count(gd_peers *peers)
{
    pthread_mutex_lock(&peers->lock);
    const int n = peers->n;
    pthread_mutex_unlock(&peers->lock);
    return n;
}
