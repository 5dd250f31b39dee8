// SPDX-License-Identifier: Apache-2.0
#include "serve/peer.h"

#include "serve/http.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
    LONG_IDLE = 2, /* seconds: when there are too many */
    ASK = 5,       /* seconds between two questions whether an idle one is still there: there may be thousands */
    MANY = 64,     /* connections whose memory is worth giving back */
};

/* Readers see that the other side has gone; libmicrohttpd closes then. The socket is open, as peers are removed before
 * theirs is closed, under the lock that the guard holds. */
static void cut(const gd_http_peer *peer) { shutdown(peer->socket, SHUT_RDWR); }

/* Its side has ended, and all that it said has been read. Of last bytes and an end that come together edge-triggered
 * epoll tells but once, and libmicrohttpd, which has read the bytes, waits for more. */
static bool has_ended(const gd_http_peer *peer)
{
    char byte;
    return recv(peer->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool is_to_be_cut(gd_http_peer *peer, uint64_t now, bool crowded)
{
    const gd_peer_state state = (gd_peer_state)__atomic_load_n((int *)&peer->state, __ATOMIC_ACQUIRE);
    const uint64_t since = __atomic_load_n(&peer->since, __ATOMIC_RELAXED);
    if (state == GD_PEER_WAITS)
        return false;
    if (now > __atomic_load_n(&peer->late, __ATOMIC_RELAXED))
        return true;
    if (state == GD_PEER_SENDS)
        return has_ended(peer);
    if (state == GD_PEER_IDLE && crowded && now > since + (uint64_t)LONG_IDLE * 1000000000)
        return true;
    if (state != GD_PEER_IDLE || (peer->looked > since && now < peer->looked + (uint64_t)ASK * 1000000000))
        return false;
    peer->looked = now;
    return has_ended(peer);
}

static void look(const gd_peers *peers)
{
    const uint64_t now = gd_nanoseconds();
    const bool crowded = peers->n > peers->most - peers->most / 10;
    for (gd_http_peer *p = peers->first; p; p = p->next) {
        if (is_to_be_cut(p, now, crowded))
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
    peer->state = GD_PEER_WAITS; /* until it is set */
    pthread_mutex_lock(&peers->lock);
    peer->next = peers->first;
    if (peer->next)
        peer->next->previous = peer;
    peers->first = peer;
    if (peers->n++ == 0)
        pthread_cond_signal(&peers->changed);
    if (peers->n > peers->peak)
        peers->peak = peers->n;
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

void gd_peer_set(gd_http_peer *peer, gd_peer_state state, double seconds)
{
    if (!peer)
        return;
    const uint64_t now = gd_nanoseconds();
    __atomic_store_n(&peer->late, now + (uint64_t)(seconds * 1e9), __ATOMIC_RELAXED);
    __atomic_store_n(&peer->since, now, __ATOMIC_RELAXED);
    __atomic_store_n((int *)&peer->state, (int)state, __ATOMIC_RELEASE);
}

void gd_peers_hurry(gd_peers *peers, double seconds)
{
    const uint64_t end = gd_nanoseconds() + (uint64_t)(seconds * 1e9);
    pthread_mutex_lock(&peers->lock);
    for (gd_http_peer *p = peers->first; p; p = p->next) {
        if (__atomic_load_n(&p->late, __ATOMIC_RELAXED) > end)
            __atomic_store_n(&p->late, end, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&peers->lock);
}

bool gd_peers_idle(gd_peers *peers, double seconds)
{
    const uint64_t now = gd_nanoseconds();
    bool idle = true;
    pthread_mutex_lock(&peers->lock);
    for (const gd_http_peer *p = peers->first; p; p = p->next) {
        idle = idle && __atomic_load_n((const int *)&p->state, __ATOMIC_ACQUIRE) == GD_PEER_IDLE &&
               (double)(now - __atomic_load_n(&p->since, __ATOMIC_RELAXED)) * 1e-9 >= seconds;
    }
    pthread_mutex_unlock(&peers->lock);
    return idle;
}

int gd_peers_count(gd_peers *peers)
{
    pthread_mutex_lock(&peers->lock);
    const int n = peers->n;
    pthread_mutex_unlock(&peers->lock);
    return n;
}

bool gd_peers_halved(gd_peers *peers)
{
    pthread_mutex_lock(&peers->lock);
    const bool halved = peers->peak >= MANY && peers->n <= peers->peak / 2;
    if (halved)
        peers->peak = peers->n;
    pthread_mutex_unlock(&peers->lock);
    return halved;
}
