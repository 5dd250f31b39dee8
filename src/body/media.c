// SPDX-License-Identifier: Apache-2.0
#include "body/media.h"

#include <string.h>
#include <strings.h>

bool gd_span_is(gd_span span, const char *word)
{
    return strlen(word) == span.length && strncasecmp(span.at, word, span.length) == 0;
}

static void skip_space(const char **at) { *at += strspn(*at, " \t"); }

/* RFC 9110, 5.6.2, and the slash of types. */
static gd_span cut_word(const char **at)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~/";
    const gd_span word = {*at, strspn(*at, letters)};
    *at += word.length;
    return word;
}

/* Behind the quoted string that begins at `at`; NULL: it is not closed. */
static const char *behind_quotes(const char *at)
{
    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1])
            at++;
    }
    return *at ? at + 1 : NULL;
}

/* False, and *at where it was: a quoted string is not closed. */
static bool cut_value(const char **at, gd_span *value)
{
    if (**at != '"') {
        *value = cut_word(at);
        return true;
    }
    const char *behind = behind_quotes(*at);
    if (!behind)
        return false;
    *value = (gd_span){*at + 1, (size_t)(behind - *at) - 2};
    *at = behind;
    return true;
}

bool gd_media_word(const char **at, gd_span *word)
{
    skip_space(at);
    *word = cut_word(at);
    skip_space(at);
    return word->length > 0;
}

bool gd_media_parameter(const char **at, gd_span *name, gd_span *value)
{
    *name = *value = (gd_span){0};
    skip_space(at);
    while (name->length == 0) { /* none between two semicolons is allowed */
        if (**at != ';')
            return false;
        ++*at;
        skip_space(at);
        *name = cut_word(at);
    }
    if (**at == '=') {
        ++*at;
        if (!cut_value(at, value))
            return false;
    }
    skip_space(at);
    return true;
}

bool gd_media_next(const char **at)
{
    const char *c = *at;
    while (c && *c && *c != ',')
        c = *c == '"' ? behind_quotes(c) : c + 1;
    if (!c || !*c)
        return false;
    *at = c + 1;
    return true;
}
