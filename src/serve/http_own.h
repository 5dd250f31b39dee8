// SPDX-License-Identifier: Apache-2.0
/* What the files of the HTTP side share. */
#ifndef GD_SERVE_HTTP_OWN_H
#define GD_SERVE_HTTP_OWN_H

#include "serve/http.h"
#include "serve/peer.h"

#include <microhttpd.h>

enum { GD_HTTP_KEPT = 256 /* exchanges, for the next ones */ };

struct gd_http {
    gd_http_options options;
    struct MHD_Daemon *daemon;
    struct MHD_Response *ok; /* 200 and nothing more, of which there are many */
    gd_peers peers;
    gd_acceptor acceptor;
    int accepted, arrived; /* atomic: connections given to the library; those of which it has said that they begin */
    uint64_t accepted_at;  /* the last one; the acceptor's */
    pthread_mutex_t lock;  /* of the free ones */
    gd_exchange *free;
    int n_free;
    int exchanges;       /* atomic: begun, not ended */
    size_t bodies_bytes; /* atomic */
    bool draining;       /* atomic */
    bool closed;         /* atomic: no more exchanges are begun */
};

gd_exchange *gd_exchange_take(gd_http *http); /* held once; NULL: out of memory */
void gd_exchange_free(gd_exchange *exchange);

/* What the thread that resumed it wrote before can be read from now on. */
void gd_exchange_see(const gd_exchange *exchange);

#endif
