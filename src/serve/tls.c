// SPDX-License-Identifier: Apache-2.0
#include "serve/tls.h"

#include "base/file.h"

#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 20, CHAIN = 16 };

typedef struct pair {
    gnutls_x509_crt_t certificate[CHAIN];
    unsigned n;
    gnutls_x509_privkey_t key;
} pair;

struct gd_tls {
    char *certificate, *key; /* paths */
    pthread_rwlock_t lock;
    pair pair;
};

static gd_tls *serving; /* of the process: libmicrohttpd's callback has no context */

static void release(pair *p)
{
    for (unsigned i = 0; i < p->n; i++)
        gnutls_x509_crt_deinit(p->certificate[i]);
    if (p->key)
        gnutls_x509_privkey_deinit(p->key);
    *p = (pair){0};
}

static gd_status read_datum(const char *path, gd_arena *arena, gnutls_datum_t *datum, gd_error *error)
{
    char *text;
    size_t bytes;
    GD_TRY(gd_file_read(path, MOST_BYTES, arena, &text, &bytes, error));
    *datum = (gnutls_datum_t){(unsigned char *)text, (unsigned)bytes};
    return GD_OK;
}

static gd_status read_pair(const gd_tls *tls, gd_arena *arena, pair *p, gd_error *error)
{
    gnutls_datum_t certificate, key;
    unsigned char of_certificate[64], of_key[64];
    size_t n_certificate = sizeof of_certificate, n_key = sizeof of_key;
    GD_TRY(read_datum(tls->certificate, arena, &certificate, error));
    GD_TRY(read_datum(tls->key, arena, &key, error));
    p->n = CHAIN;
    int code = gnutls_x509_crt_list_import(p->certificate, &p->n, &certificate, GNUTLS_X509_FMT_PEM,
                                           GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (code <= 0) {
        p->n = 0;
        return gd_fail(error, GD_FORMAT, "'%s' holds no certificate in PEM: %s", tls->certificate,
                       code < 0 ? gnutls_strerror(code) : "it is empty");
    }
    if (gnutls_x509_privkey_init(&p->key) < 0)
        return gd_fail(error, GD_NOMEM, "out of memory for a key");
    code = gnutls_x509_privkey_import2(p->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (code < 0)
        return gd_fail(error, GD_FORMAT, "'%s' holds no key in PEM without a password: %s", tls->key,
                       gnutls_strerror(code));
    gnutls_x509_crt_get_key_id(p->certificate[0], 0, of_certificate, &n_certificate);
    gnutls_x509_privkey_get_key_id(p->key, 0, of_key, &n_key);
    if (n_certificate != n_key || memcmp(of_certificate, of_key, n_key) != 0)
        return gd_fail(error, GD_FORMAT, "the key in '%s' is not that of the certificate in '%s'", tls->key,
                       tls->certificate);
    return GD_OK;
}

gd_status gd_tls_reload(gd_tls *tls, gd_error *error)
{
    gd_arena arena = {0};
    pair fresh = {0};
    const gd_status status = read_pair(tls, &arena, &fresh, error);
    if (status == GD_OK) {
        pthread_rwlock_wrlock(&tls->lock);
        const pair old = tls->pair;
        tls->pair = fresh;
        pthread_rwlock_unlock(&tls->lock);
        fresh = old;
    }
    release(&fresh);
    gd_arena_release(&arena);
    return status;
}

gd_status gd_tls_open(const char *certificate, const char *key, gd_tls **result, gd_error *error)
{
    gd_tls *tls = calloc(1, sizeof *tls);
    *result = NULL;
    if (!tls)
        return gd_fail(error, GD_NOMEM, "out of memory for TLS");
    pthread_rwlock_init(&tls->lock, NULL);
    tls->certificate = strdup(certificate);
    tls->key = strdup(key);
    gd_status status = tls->certificate && tls->key ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for TLS");
    if (status == GD_OK)
        status = gd_tls_reload(tls, error);
    if (status == GD_OK)
        *result = serving = tls;
    else
        gd_tls_free(tls);
    return status;
}

void gd_tls_free(gd_tls *tls)
{
    if (!tls)
        return;
    if (serving == tls)
        serving = NULL;
    release(&tls->pair);
    pthread_rwlock_destroy(&tls->lock);
    free(tls->certificate);
    free(tls->key);
    free(tls);
}

/* Copies, which GnuTLS frees with the connection: a reload does not wait for handshakes. */
int gd_tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certificates,
                    unsigned *n, gnutls_ocsp_data_st **ocsp, unsigned *n_ocsp, gnutls_privkey_t *key, unsigned *flags)
{
    gd_tls *tls = serving;
    unsigned copied = 0;
    (void)session;
    (void)info;
    *ocsp = NULL;
    *n_ocsp = 0;
    *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    pthread_rwlock_rdlock(&tls->lock);
    const pair *p = &tls->pair;
    gnutls_pcert_st *list = gnutls_calloc(p->n, sizeof *list);
    int code = list ? gnutls_privkey_init(key) : GNUTLS_E_MEMORY_ERROR;
    if (code == 0) {
        code = gnutls_privkey_import_x509(*key, p->key, GNUTLS_PRIVKEY_IMPORT_COPY);
        for (; code == 0 && copied < p->n; copied += code == 0)
            code = gnutls_pcert_import_x509(&list[copied], p->certificate[copied], 0);
        if (code != 0)
            gnutls_privkey_deinit(*key);
    }
    pthread_rwlock_unlock(&tls->lock);
    if (code == 0) {
        *certificates = list;
        *n = copied;
        return 0;
    }
    while (copied > 0)
        gnutls_pcert_deinit(&list[--copied]);
    gnutls_free(list);
    return -1;
}
