// SPDX-License-Identifier: Apache-2.0
/* Which form of answer a client likes best (RFC 9110, 12.5.1). */
#include "body/media.h"
#include "serve/answer.h"

#include <string.h>

/* One media range: the forms that it names, how exactly, and how much it likes them. */
typedef struct range {
    bool names[GD_ANSWER_VERBOSE + 1];
    int exactness; /* 1: any type, 2: any of a kind, 3: a type, 4: a type and a parameter of it */
    int quality;   /* q in thousandths */
} range;

/* 0 to 1 with up to three digits behind the point. */
static bool read_quality(gd_span text, int *quality)
{
    if (text.length == 0 || text.length > 5 || (text.at[0] != '0' && text.at[0] != '1') ||
        (text.length > 1 && text.at[1] != '.'))
        return false;
    *quality = (text.at[0] - '0') * 1000;
    for (size_t i = 2, weight = 100; i < text.length; i++, weight /= 10) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *quality += (text.at[i] - '0') * (int)weight;
    }
    return *quality <= 1000;
}

/* Reads up to the next comma; false: not a media range. */
static bool read_range(const char **at, range *r)
{
    gd_span type, name, value;
    *r = (range){.quality = 1000};
    if (!gd_media_word(at, &type))
        return false;
    const bool any = gd_span_is(type, "*/*") || gd_span_is(type, "application/*");
    r->exactness = gd_span_is(type, "*/*") ? 1 : any ? 2 : 3;
    r->names[GD_ANSWER_JSON] = r->names[GD_ANSWER_VERBOSE] = any || gd_span_is(type, "application/json");
    r->names[GD_ANSWER_LINES] = any || gd_span_is(type, "application/jsonlines");
    while (gd_media_parameter(at, &name, &value)) {
        if (gd_span_is(name, "q") && !read_quality(value, &r->quality))
            return false;
        if (gd_span_is(name, "verbose") && (!value.at || gd_span_is(value, "true")) && !any) {
            r->names[GD_ANSWER_JSON] = r->names[GD_ANSWER_LINES] = false;
            r->exactness = 4;
        }
    }
    return **at == '\0' || **at == ',';
}

gd_answer_form gd_answer_negotiate(const char *accept)
{
    enum { FORMS = GD_ANSWER_VERBOSE + 1 };
    int exactness[FORMS] = {0}, quality[FORMS] = {0}; /* of the range that names a form most exactly */
    const char *at = accept ? accept : "";
    if (at[strspn(at, " \t,")] == '\0')
        return GD_ANSWER_JSON;
    do {
        range r;
        if (!read_range(&at, &r))
            continue;
        for (int form = GD_ANSWER_JSON; form < FORMS; form++) {
            if (r.names[form] && r.exactness > exactness[form]) {
                exactness[form] = r.exactness;
                quality[form] = r.quality;
            }
        }
    } while (gd_media_next(&at));

    int liked = GD_ANSWER_NONE; /* whose quality is 0: what is not taken */
    for (int form = GD_ANSWER_JSON; form < FORMS; form++) {
        if (quality[form] > quality[liked] ||
            (quality[form] == quality[liked] && quality[form] > 0 && exactness[form] > exactness[liked]))
            liked = form;
    }
    return (gd_answer_form)liked;
}
