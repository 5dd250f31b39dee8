// SPDX-License-Identifier: Apache-2.0
#include "serve/frame.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

/* Of one request's header. */
typedef struct frame {
    int hosts, lengths, codings;
    bool chunked, malformed;
} frame;

/* RFC 9110, 5.6.2. */
static bool is_token(const char *text, size_t length)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    return length > 0 && strspn(text, letters) == length;
}

static bool has_control(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *name, size_t name_length,
                            const char *value, size_t value_length)
{
    frame *f = context;
    (void)kind;
    f->malformed = f->malformed || !is_token(name, name_length) || has_control(value, value_length);
    f->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
    f->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        f->codings++;
        f->chunked = value && strcasecmp(value, "chunked") == 0;
    }
    return MHD_YES;
}

const char *gd_frame_fault(struct MHD_Connection *connection, const char *method, const char *version, int *code)
{
    frame f = {0};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, look, &f);
    *code = MHD_HTTP_BAD_REQUEST;
    if (!is_token(method, strlen(method)))
        return "a method that is no word";
    if (f.malformed)
        return "a header with a name that is no word or a value with control characters";
    if (f.hosts > 1)
        return "more than one Host";
    if (f.lengths > 1)
        return "more than one Content-Length";
    if (f.lengths > 0 && f.codings > 0)
        return "both Content-Length and Transfer-Encoding";
    if (f.codings > 0 && strcmp(version, MHD_HTTP_VERSION_1_0) == 0)
        return "Transfer-Encoding in HTTP/1.0";
    if (f.codings > 1 || (f.codings == 1 && !f.chunked)) { /* libmicrohttpd would wait for its end for ever */
        *code = MHD_HTTP_NOT_IMPLEMENTED;
        return "a Transfer-Encoding other than chunked";
    }
    return NULL;
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    const char *at = lower ? strchr(digits, lower) : NULL;
    return at ? (int)(at - digits) : -1;
}

size_t gd_frame_unescape(void *context, struct MHD_Connection *connection, char *path)
{
    char *to = path;
    (void)context;
    (void)connection;
    for (const char *from = path; *from;) {
        const int high = *from == '%' ? digit(from[1]) : -1, low = high >= 0 ? digit(from[2]) : -1;
        if (low >= 0 && high + low > 0) {
            *to++ = (char)(high << 4 | low);
            from += 3;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return (size_t)(to - path);
}
