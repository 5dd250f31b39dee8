// SPDX-License-Identifier: Apache-2.0
#include "data/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DIGEST_TEXT = 2 * EVP_MAX_MD_SIZE + 1, PIECE = 1 << 16, TRIES = 5, PAUSE_MS = 1000 };

/* A file as it comes, and the digest of what has come. */
typedef struct transfer {
    const gd_fetch_options *options;
    char part[4104];
    int file;
    EVP_MD_CTX *digest;
    int64_t have;    /* bytes in the file and in the digest */
    int write_errno; /* the write that failed, or 0 */
} transfer;

/* ---- digests ---- */

static bool digest_begin(EVP_MD_CTX *digest) { return EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1; }

static void digest_text(EVP_MD_CTX *digest, char text[DIGEST_TEXT])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_DigestFinal_ex(digest, bytes, &n);
    text[0] = '\0';
    for (unsigned i = 0; i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

/* Adds a file from its present position to its end; -1 and errno, or the bytes. */
static int64_t digest_file(EVP_MD_CTX *digest, int file)
{
    unsigned char piece[PIECE];
    int64_t all = 0;
    ssize_t n;
    while ((n = read(file, piece, sizeof piece)) > 0) {
        EVP_DigestUpdate(digest, piece, (size_t)n);
        all += n;
    }
    return n < 0 ? -1 : all;
}

static gd_status compare(const char *subject, const char *got, const char *wanted, gd_error *error)
{
    if (strcasecmp(got, wanted) == 0)
        return GD_OK;
    return gd_fail(error, GD_FORMAT, "'%s' has SHA-256 %s, data.sha256 is %s", subject, got, wanted);
}

gd_status gd_sha256_check(const char *path, const char *sha256, gd_error *error)
{
    char text[DIGEST_TEXT];
    gd_status status = GD_OK;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (!digest || !digest_begin(digest))
        status = gd_fail(error, GD_NOMEM, "out of memory for a digest");
    else if (file < 0 || digest_file(digest, file) < 0)
        status = gd_fail(error, GD_IO, "cannot read '%s': %s", path, strerror(errno));
    else
        digest_text(digest, text);
    if (file >= 0)
        close(file);
    EVP_MD_CTX_free(digest);
    return status == GD_OK ? compare(path, text, sha256, error) : status;
}

/* ---- one try ---- */

static size_t on_bytes(char *bytes, size_t size, size_t n, void *context)
{
    transfer *to = context;
    size_t length = size * n;
    for (size_t done = 0; done < length;) {
        ssize_t written = write(to->file, bytes + done, length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            to->write_errno = written < 0 ? errno : ENOSPC;
            return CURL_WRITEFUNC_ERROR;
        }
        EVP_DigestUpdate(to->digest, bytes + done, (size_t)written);
        to->have += written;
        done += (size_t)written;
    }
    return length;
}

static int on_progress(void *context, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up)
{
    transfer *to = context;
    (void)up_total;
    (void)up;
    int64_t before = to->have - done; /* of an earlier try */
    if (to->options->progress && done > 0)
        to->options->progress(to->options->context, "fetching", to->have, total > 0 ? before + total : 0);
    return 0;
}

/* Empties the file: what is in it is not the beginning of what comes. */
static bool start_over(transfer *to)
{
    to->have = 0;
    return digest_begin(to->digest) && ftruncate(to->file, 0) == 0 && lseek(to->file, 0, SEEK_SET) == 0;
}

static void set_up(CURL *curl, transfer *to, char why[CURL_ERROR_SIZE])
{
    const char *authorities = getenv("SSL_CERT_FILE");
    curl_easy_setopt(curl, CURLOPT_URL, to->options->address);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,file");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 100L); /* bytes/s, for so many seconds: a dead connection */
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 30L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "griddle/" GRIDDLE_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, to);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, to);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)to->have);
    if (authorities && *authorities)
        curl_easy_setopt(curl, CURLOPT_CAINFO, authorities);
}

/* One try. *again: the failure may pass. */
static gd_status try_once(transfer *to, bool *again, gd_error *error)
{
    char why[CURL_ERROR_SIZE] = "";
    long http = 0;
    *again = false;
    CURL *curl = curl_easy_init();
    if (!curl)
        return gd_fail(error, GD_NOMEM, "out of memory for a connection");
    set_up(curl, to, why);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http);
    curl_easy_cleanup(curl);
    switch (code) {
    case CURLE_OK:
        return GD_OK;
    case CURLE_WRITE_ERROR:
        if (to->write_errno != 0)
            return gd_fail(error, GD_IO, "cannot write '%s': %s", to->options->path, strerror(to->write_errno));
        break;
    case CURLE_RANGE_ERROR: /* a server that cannot go on in the middle */
    case CURLE_BAD_DOWNLOAD_RESUME:
        *again = to->have > 0 && start_over(to);
        break;
    case CURLE_HTTP_RETURNED_ERROR:
        *again = http == 408 || http == 429 || http >= 500;
        return gd_fail(error, GD_IO, "cannot fetch '%s': HTTP %ld", to->options->address, http);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        *again = true;
        break;
    default:
        break;
    }
    return gd_fail(error, GD_IO, "cannot fetch '%s': %s", to->options->address, *why ? why : curl_easy_strerror(code));
}

/* ---- all tries ---- */

/* Opens and locks the part. *theirs: another process finished while we waited. */
static gd_status open_part(transfer *to, bool *theirs, gd_error *error)
{
    const char *path = to->options->path;
    struct stat ours, there;
    for (;;) {
        to->file = open(to->part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (to->file < 0 || flock(to->file, LOCK_EX) != 0)
            return gd_fail(error, GD_IO, "cannot write '%s': %s", path, strerror(errno));
        /* whoever held the lock has renamed or removed what we opened */
        bool same = fstat(to->file, &ours) == 0 && stat(to->part, &there) == 0 && ours.st_ino == there.st_ino;
        if (same)
            return GD_OK;
        close(to->file);
        to->file = -1;
        *theirs = access(path, R_OK) == 0;
        if (*theirs)
            return GD_OK;
    }
}

/* Digests what an earlier process left; without a wanted digest nothing could tell whether it still fits. */
static bool take_over(transfer *to)
{
    if (!digest_begin(to->digest))
        return false;
    to->have = *to->options->sha256 ? digest_file(to->digest, to->file) : 0;
    return to->have > 0 || start_over(to);
}

static gd_status try_all(transfer *to, gd_error *error)
{
    int tries = to->options->tries > 0 ? to->options->tries : TRIES;
    int64_t first_pause = to->options->pause_ms > 0 ? to->options->pause_ms : PAUSE_MS, pause_ms = first_pause;
    for (int i = 1;; i++, pause_ms *= 2) {
        gd_error cause = {0};
        bool again;
        int64_t had = to->have;
        gd_status status = try_once(to, &again, &cause);
        if (status == GD_OK)
            return GD_OK;
        if (to->have > had) { /* it moved: a long file over a bad line */
            i = 1;
            pause_ms = first_pause;
        }
        if (!again || i >= tries)
            return again && tries > 1 ? gd_fail(error, status, "%s, after %d tries", cause.message, i)
                                      : gd_fail(error, status, "%s", cause.message);
        struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
        nanosleep(&pause, NULL);
    }
}

static gd_status run(transfer *to, gd_error *error)
{
    const gd_fetch_options *options = to->options;
    char text[DIGEST_TEXT];
    if (!take_over(to))
        return gd_fail(error, GD_IO, "cannot write '%s': %s", options->path, strerror(errno));
    bool resumed = to->have > 0, complete = false;
    if (resumed) { /* all may have come already: only the renaming was missing */
        EVP_MD_CTX *copy = EVP_MD_CTX_new();
        if (!copy || EVP_MD_CTX_copy_ex(copy, to->digest) != 1) {
            EVP_MD_CTX_free(copy);
            return gd_fail(error, GD_NOMEM, "out of memory for a digest");
        }
        digest_text(copy, text);
        EVP_MD_CTX_free(copy);
        complete = strcasecmp(text, options->sha256) == 0;
    }
    if (!complete) {
        GD_TRY(try_all(to, error));
        digest_text(to->digest, text);
        if (resumed && strcasecmp(text, options->sha256) != 0) {
            /* the part was of another file: once more from the start */
            if (!start_over(to))
                return gd_fail(error, GD_IO, "cannot write '%s': %s", options->path, strerror(errno));
            GD_TRY(try_all(to, error));
            digest_text(to->digest, text);
        }
        gd_status status = *options->sha256 ? compare(options->address, text, options->sha256, error) : GD_OK;
        if (status != GD_OK)
            unlink(to->part);
        GD_TRY(status);
    }
    if (fsync(to->file) != 0 || rename(to->part, options->path) != 0)
        return gd_fail(error, GD_IO, "cannot write '%s': %s", options->path, strerror(errno));
    return GD_OK;
}

gd_status gd_fetch(const gd_fetch_options *options, gd_error *error)
{
    transfer to = {.options = options, .file = -1};
    bool theirs = false;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return gd_fail(error, GD_NOMEM, "out of memory for a connection");
    gd_status status;
    to.digest = EVP_MD_CTX_new();
    if (!to.digest)
        status = gd_fail(error, GD_NOMEM, "out of memory for a digest");
    else if (snprintf(to.part, sizeof to.part, "%s.part", options->path) >= (int)sizeof to.part)
        status = gd_fail(error, GD_IO, "the path '%.64s…' is too long", options->path);
    else
        status = open_part(&to, &theirs, error);
    if (status == GD_OK && theirs)
        status = *options->sha256 ? gd_sha256_check(options->path, options->sha256, error) : GD_OK;
    else if (status == GD_OK)
        status = run(&to, error);
    if (to.file >= 0) {
        /* without a digest nobody could go on with it, and nobody wants an empty one */
        struct stat info;
        if (status != GD_OK && (!*options->sha256 || (fstat(to.file, &info) == 0 && info.st_size == 0)))
            unlink(to.part);
        close(to.file);
    }
    EVP_MD_CTX_free(to.digest);
    curl_global_cleanup();
    return status;
}
