// SPDX-License-Identifier: Apache-2.0
/* A certificate and its key from PEM files, for each handshake anew, so that they can be replaced while connections go
 * on. */
#ifndef GD_SERVE_TLS_H
#define GD_SERVE_TLS_H

#include "base/status.h"

#include <gnutls/abstract.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_tls gd_tls;

/* `certificate`: the server's, and behind it those that lead to a root. FORMAT where a file is no PEM, or the key is
 * another certificate's. */
gd_status gd_tls_open(const char *certificate, const char *key, gd_tls **tls, gd_error *error);
gd_status gd_tls_reload(gd_tls *tls, gd_error *error); /* on failure the old ones stay */
void gd_tls_free(gd_tls *tls);                         /* accepts NULL; no connection may be left */

/* What libmicrohttpd asks in a handshake. It knows no context: there is one server in a process. */
int gd_tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certificates,
                    unsigned *n, gnutls_ocsp_data_st **ocsp, unsigned *n_ocsp, gnutls_privkey_t *key, unsigned *flags);

#ifdef __cplusplus
}
#endif
#endif
