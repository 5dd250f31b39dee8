// SPDX-License-Identifier: Apache-2.0
/* Fetching a file by https:, verified while it comes. The file appears whole and verified, or not at all. */
#ifndef GD_DATA_FETCH_H
#define GD_DATA_FETCH_H

#include "base/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_fetch_options {
    const char *address; /* https:, or file: */
    const char *path;    /* where to; its folder exists */
    const char *sha256;  /* 64 hexadecimal digits, or "": not checked */
    int tries;           /* 0: 5 */
    int pause_ms;        /* before the second try, doubled before each further one; 0: 1000 */
    void *context;
    void (*progress)(void *context, const char *doing, int64_t done,
                     int64_t total); /* (optional) bytes; total 0: unknown */
} gd_fetch_options;

/* What has come of an interrupted transfer ("<path>.part") is gone on with after a failed try, and with a digest also
 * by a later process. Repeats what may pass: no connection, a broken one, HTTP 408, 429, 5xx; goes on to https:
 * addresses alone when redirected. Proxies come from the environment as curl's do, further authorities from
 * SSL_CERT_FILE. Two processes that fetch to one path: the second waits and finds the file. FORMAT with both digests
 * when they differ; IO names address and cause. */
gd_status gd_fetch(const gd_fetch_options *options, gd_error *error);

/* FORMAT with both digests when a file's SHA-256 is not `sha256`, in either case of letters. */
gd_status gd_sha256_check(const char *path, const char *sha256, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
