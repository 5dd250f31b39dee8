// SPDX-License-Identifier: Apache-2.0
/* Source: RFC 7578 (form data), RFC 2046, 5.1 (boundaries).
 *
 *     --BOUNDARY\r\n header: value\r\n … \r\n content \r\n--BOUNDARY\r\n … content \r\n--BOUNDARY--
 *
 * What stands before the first boundary and behind the last one is passed over. */
#include "body/body_form.h"
#include "body/media.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_BOUNDARY = 70, MOST_HEADERS = 4096 /* bytes of one part's */ };

typedef struct multipart {
    const gd_body *body;
    const uint8_t *at, *end;
    char delimiter[MOST_BOUNDARY + 5]; /* "\r\n--BOUNDARY" */
    size_t length;                     /* of it */
    bool closed;                       /* the last one was passed */
    int parts, pictures;               /* parts seen, and those of them that are pictures */
    gd_error *error;
} multipart;

/* What the headers of a part say. */
typedef struct part_headers {
    char text[MOST_HEADERS + 1];
    const char *type; /* NULL: none */
    bool has_file_name;
} part_headers;

static gd_status read_boundary(multipart *m)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'()+_,-./:=? ";
    const char *at = m->body->parameters;
    gd_span name, value = {0};
    while (gd_media_parameter(&at, &name, &value) && !gd_span_is(name, "boundary"))
        continue;
    if (value.length == 0)
        return gd_fail(m->error, GD_FORMAT, "the Content-Type multipart/form-data has no boundary");
    if (value.length > MOST_BOUNDARY)
        return gd_fail(m->error, GD_FORMAT, "a boundary of %zu characters is longer than %d", value.length,
                       MOST_BOUNDARY);
    m->length = (size_t)snprintf(m->delimiter, sizeof m->delimiter, "\r\n--%.*s", (int)value.length, value.at);
    if (strspn(m->delimiter + 4, letters) != value.length || m->delimiter[m->length - 1] == ' ')
        return gd_fail(m->error, GD_FORMAT, "the boundary has a character that boundaries must not have");
    return GD_OK;
}

/* Whether a delimiter's line ends at `at`, behind its boundary; then it is passed. */
static bool pass_line(multipart *m, const uint8_t *at)
{
    m->closed = m->end - at >= 2 && memcmp(at, "--", 2) == 0;
    if (m->closed) {
        m->at = m->end;
        return true;
    }
    while (at < m->end && (*at == ' ' || *at == '\t'))
        at++;
    if (m->end - at < 2 || memcmp(at, "\r\n", 2) != 0)
        return false;
    m->at = at + 2;
    return true;
}

/* Moves behind the next delimiter's line; returns where the delimiter begins, NULL: there is none. */
static const uint8_t *pass_delimiter(multipart *m, const uint8_t *from)
{
    const uint8_t *found = from;
    while ((found = memmem(found, (size_t)(m->end - found), m->delimiter, m->length))) {
        if (pass_line(m, found + m->length))
            return found;
        found += m->length; /* a line of the content that begins as the delimiter does */
    }
    return NULL;
}

static bool pass_first(multipart *m)
{
    const size_t length = m->length - 2; /* no line ends before it where the body begins with it */
    if (m->body->length >= length && memcmp(m->at, m->delimiter + 2, length) == 0 && pass_line(m, m->at + length))
        return true;
    return pass_delimiter(m, m->at) != NULL;
}

static gd_status malformed(const multipart *m, gd_place place, const char *what)
{
    return gd_fail_at(m->error, GD_FORMAT, place, "%s", what);
}

/* One header, `name: value`, 0-terminated. */
static gd_status read_header(const multipart *m, char *line, part_headers *headers, gd_place place)
{
    char *value = strchr(line, ':');
    gd_span name, parameter;
    if (!value || *line == ' ' || *line == '\t')
        return malformed(m, place, "a line of the part's header is no 'name: value'");
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcasecmp(line, "Content-Type") == 0) {
        headers->type = value;
    } else if (strcasecmp(line, "Content-Transfer-Encoding") == 0) {
        if (strcasecmp(value, "binary") != 0 && strcasecmp(value, "8bit") != 0 && strcasecmp(value, "7bit") != 0)
            return gd_fail_at(m->error, GD_FORMAT, place,
                              "transfer encoding '%.40s' is not read: send the bytes as they are", value);
    } else if (strcasecmp(line, "Content-Disposition") == 0) {
        const char *at = value;
        if (!gd_media_word(&at, &name))
            return malformed(m, place, "the part's Content-Disposition is malformed");
        while (gd_media_parameter(&at, &name, &parameter))
            headers->has_file_name |= gd_span_is(name, "filename") || gd_span_is(name, "filename*");
        if (*at)
            return malformed(m, place, "the part's Content-Disposition is malformed");
    }
    return GD_OK;
}

/* Moves behind the empty line that ends the headers. */
static gd_status read_headers(multipart *m, part_headers *headers, gd_place place)
{
    headers->type = NULL;
    headers->has_file_name = false;
    const uint8_t *start = m->at - 2; /* the line end before: without headers, the empty line comes at once */
    const uint8_t *stop = memmem(start, (size_t)(m->end - start), "\r\n\r\n", 4);
    if (!stop)
        return malformed(m, place, "the body ends within the part's header");
    const size_t length = stop > m->at ? (size_t)(stop - m->at) : 0;
    if (length > MOST_HEADERS)
        return gd_fail_at(m->error, GD_FORMAT, place, "a header of %zu bytes is longer than %d", length, MOST_HEADERS);
    memcpy(headers->text, m->at, length);
    headers->text[length] = '\0';
    m->at = stop + 4;
    if (strlen(headers->text) != length)
        return malformed(m, place, "a zero byte stands in the part's header");
    for (char *line = headers->text, *next; *line; line = next) {
        char *stops = strstr(line, "\r\n");
        next = stops ? stops + 2 : line + strlen(line);
        if (stops)
            *stops = '\0';
        GD_TRY(read_header(m, line, headers, place));
    }
    return GD_OK;
}

static gd_status read_part(multipart *m)
{
    char name[24];
    part_headers headers;
    const gd_place place = {name, 0, 0};
    snprintf(name, sizeof name, "part %d", ++m->parts);
    GD_TRY(read_headers(m, &headers, place));
    const uint8_t *content = m->at;
    const uint8_t *stop = pass_delimiter(m, content - 2); /* whose line end may be the header's */
    if (!stop)
        return malformed(m, place, "the body ends within the part: its boundary is missing");
    if (!headers.type && !headers.has_file_name)
        return GD_OK;
    m->pictures++;
    gd_body part = *m->body;
    part.place = place;
    part.bytes = content;
    part.length = stop > content ? (size_t)(stop - content) : 0;
    return gd_body_read_part(&part, headers.type, m->error);
}

gd_status gd_body_read_multipart(const gd_body *body, gd_error *error)
{
    multipart m = {.body = body, .at = body->bytes, .end = body->bytes + body->length, .error = error};
    GD_TRY(read_boundary(&m));
    if (!pass_first(&m))
        return gd_fail_at(error, GD_FORMAT, body->place, "the boundary '%s' of the Content-Type is not there",
                          m.delimiter + 4);
    while (!m.closed)
        GD_TRY(read_part(&m));
    if (m.pictures == 0)
        return gd_fail_at(error, GD_FORMAT, body->place,
                          "none of %d parts is a picture: that needs a file name or a Content-Type", m.parts);
    body->pictures->several = true;
    return GD_OK;
}
