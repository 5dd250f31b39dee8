// SPDX-License-Identifier: Apache-2.0
/* griddle-webhook: posts its standard input, JSON, to $GRIDDLE_WEBHOOK. `griddle monitor watch` starts it for each
 * alert, so that the HTTP library comes with nothing else, and so that what hangs can be killed. Exits with 0 where it
 * was taken (2xx). Redirections are not followed: nobody else gets what was meant for one. */
#include "base/text.h"
#include "cli/command.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT = 10 /* seconds */, BODY_BYTES = 4 << 20 };

static gd_status read_input(gd_text *body, gd_error *error)
{
    char piece[16384];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, stdin)) > 0 && body->length <= BODY_BYTES)
        gd_text_add_n(body, piece, n);
    if (ferror(stdin) || body->length > BODY_BYTES)
        return gd_fail(error, GD_IO, "cannot read standard input, or it has more than %d bytes", BODY_BYTES);
    return gd_text_status(body, error);
}

/* Of an address only what is no secret: "https://chat.example.com". */
static void print_host(const char *address, char *text, size_t bytes)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL;
    snprintf(text, bytes, "the webhook");
    if (parts && curl_url_set(parts, CURLUPART_URL, address, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        snprintf(text, bytes, "%s://%s", scheme, host);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
}

static size_t drop(char *bytes, size_t size, size_t n, void *context)
{
    (void)bytes;
    (void)context;
    return size * n;
}

static void set_up(CURL *curl, const char *address, const gd_text *body, const struct curl_slist *headers)
{
    const char *authorities = getenv("SSL_CERT_FILE");
    curl_easy_setopt(curl, CURLOPT_URL, address);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "griddle/" GRIDDLE_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->at ? body->at : "");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->length);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    if (authorities && *authorities)
        curl_easy_setopt(curl, CURLOPT_CAINFO, authorities);
}

static gd_status post(const char *address, const gd_text *body, gd_error *error)
{
    char host[256];
    long http = 0;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    print_host(address, host, sizeof host);
    gd_status status = GD_OK;
    if (!curl || !headers) {
        status = gd_fail(error, GD_NOMEM, "out of memory for a connection");
    } else {
        set_up(curl, address, body, headers);
        const CURLcode code = curl_easy_perform(curl); /* its own words may hold the address */
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http);
        if (code != CURLE_OK)
            status = gd_fail(error, GD_IO, "cannot post to %s: %s", host, curl_easy_strerror(code));
        else if (http < 200 || http > 299)
            status = gd_fail(error, GD_IO, "%s answered HTTP %ld", host, http);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

int main(void)
{
    gd_error error = {0};
    gd_text body = {0};
    const char *address = getenv("GRIDDLE_WEBHOOK");
    gd_command_init();
    gd_status status =
        address && *address ? read_input(&body, &error) : gd_fail(&error, GD_INVALID, "$GRIDDLE_WEBHOOK is not set");
    if (status == GD_OK && curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        status = gd_fail(&error, GD_NOMEM, "out of memory for a connection");
    if (status == GD_OK)
        status = post(address, &body, &error);
    if (status != GD_OK)
        gd_command_complain(&error);
    gd_text_release(&body);
    curl_global_cleanup();
    return gd_status_exit_code(status);
}
