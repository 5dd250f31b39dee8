// SPDX-License-Identifier: Apache-2.0
/* Exchanges: where they come from and go to, and what handlers ask of them and say. */
#include "serve/http_own.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_BODY = 16 << 10 }; /* bytes that an exchange keeps for the next one */

/* ---- they are made once and used again ---- */

void gd_exchange_free(gd_exchange *x)
{
    if (x->http->options.drop)
        x->http->options.drop(x);
    free(x->body);
    free(x);
}

gd_exchange *gd_exchange_take(gd_http *http)
{
    pthread_mutex_lock(&http->lock);
    gd_exchange *x = http->free;
    if (x) {
        http->free = x->next;
        http->n_free--;
    }
    pthread_mutex_unlock(&http->lock);
    if (!x) {
        x = calloc(1, http->options.exchange_bytes);
        if (!x)
            return NULL;
        x->http = http;
    }
    __atomic_add_fetch(&http->bodies_bytes, x->body_capacity, __ATOMIC_RELAXED);
    x->holders = 1;
    return x;
}

void gd_exchange_hold(gd_exchange *x) { __atomic_add_fetch(&x->holders, 1, __ATOMIC_RELAXED); }

void gd_exchange_release(gd_exchange *x)
{
    gd_http *http = x->http;
    if (__atomic_sub_fetch(&x->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    __atomic_sub_fetch(&http->bodies_bytes, x->body_capacity, __ATOMIC_RELAXED); /* of those under way alone */
    if (x->body_capacity > KEPT_BODY) {
        free(x->body);
        x->body = NULL;
        x->body_capacity = 0;
    }
    if (http->options.rest)
        http->options.rest(x);
    x->body_bytes = 0;
    x->code = x->n_headers = 0;
    x->type = x->answer = NULL;
    x->answer_bytes = 0;
    x->suspended = x->resumed = x->refused = x->malformed = false;
    pthread_mutex_lock(&http->lock);
    const bool keep = http->n_free < GD_HTTP_KEPT;
    if (keep) {
        http->n_free++;
        x->next = http->free;
        http->free = x;
    }
    pthread_mutex_unlock(&http->lock);
    if (!keep)
        gd_exchange_free(x);
}

/* ---- what handlers ask and say ---- */

const char *gd_exchange_header(const gd_exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *gd_exchange_client(const gd_exchange *x, char *text, size_t bytes)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *at = info ? info->client_addr : NULL;
    const socklen_t length = at && at->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (!at || getnameinfo(at, length, text, (socklen_t)bytes, NULL, 0, NI_NUMERICHOST) != 0)
        snprintf(text, bytes, "?");
    return text;
}

void gd_exchange_answer(gd_exchange *x, int code, const char *type, const void *bytes, size_t length)
{
    x->code = code;
    x->type = type;
    x->answer = bytes;
    x->answer_bytes = length;
}

void gd_exchange_add_header(gd_exchange *x, const char *name, const char *value)
{
    if (x->n_headers < GD_EXCHANGE_HEADERS) {
        x->header[x->n_headers].name = name;
        x->header[x->n_headers++].value = value;
    }
}

void gd_exchange_suspend(gd_exchange *x)
{
    x->suspended = true;
    MHD_suspend_connection(x->connection);
}

void gd_exchange_resume(gd_exchange *x)
{
    struct MHD_Connection *connection = x->connection;
    __atomic_store_n(&x->resumed, true, __ATOMIC_RELEASE);
    MHD_resume_connection(connection);
}

void gd_exchange_see(const gd_exchange *x) { (void)__atomic_load_n(&x->resumed, __ATOMIC_ACQUIRE); }
