// SPDX-License-Identifier: Apache-2.0
/* Captures: a lot is some records' pictures, and those bodies of theirs that have to be looked at. */
#include "survey/lot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of a lot, before no further record is added to it. */
enum { MOST_PICTURES = 32, MOST_NUMBERS = 1 << 15, MOST_BYTES = 1 << 18 };

/* A record whose body is looked at. */
typedef struct request {
    int first, n; /* its items in the lot; n 0: the body will tell */
    bool wanted;  /* then: any of them */
    size_t body, length;
    ptrdiff_t type; /* in the lot's text; -1: none */
} request;

typedef struct hand {
    int n;
    request request[MOST_PICTURES];
    gd_text bodies;
} hand;

typedef struct survey {
    gd_survey base; /* first */
    const gd_survey_capture *what;
    gd_captured *reader;
    gd_survey_captured *captured;
    hand *hand; /* (threads) */

    char endpoint[256], variant[256]; /* those of the first record */
    bool begun;
    const char *file; /* of the record before, and where the lot's text has it */
    ptrdiff_t file_at;
} survey;

static gd_place place_of(const gd_captured_record *record)
{
    return (gd_place){record->file, record->line < INT32_MAX ? (int)record->line : INT32_MAX, 0};
}

/* ---- of which endpoint ---- */

static gd_status check_one(const char *what, const char *first, const char *here, gd_error *error)
{
    if (strcmp(first, here) == 0)
        return GD_OK;
    return gd_fail(error, GD_INVALID, "captures of %ss '%s' and '%s': name one of them with --%s", what, first, here,
                   what);
}

/* Whether the record is of what was asked for. */
static gd_status belongs(survey *s, const gd_captured_record *record, bool *here, gd_error *error)
{
    const char *endpoint = record->endpoint ? record->endpoint : "", *variant = record->variant ? record->variant : "";
    *here = (!s->what->endpoint || strcmp(s->what->endpoint, endpoint) == 0) &&
            (!s->what->variant || strcmp(s->what->variant, variant) == 0);
    s->captured->elsewhere += !*here;
    if (!*here)
        return GD_OK;
    if (!s->begun) {
        snprintf(s->endpoint, sizeof s->endpoint, "%s", endpoint);
        snprintf(s->variant, sizeof s->variant, "%s", variant);
        s->begun = true;
    }
    GD_TRY(check_one("endpoint", s->endpoint, endpoint, error));
    return check_one("variant", s->variant, variant, error);
}

/* ---- what is recorded ---- */

/* Where the model has class c of the answer. */
static int class_of(const gd_survey_options *o, const gd_captured_record *record, int c)
{
    if (!record->classes || strcmp(record->classes[c], o->classes[c]) == 0)
        return c;
    for (int i = 0; i < o->n_classes; i++) {
        if (strcmp(record->classes[c], o->classes[i]) == 0)
            return i;
    }
    return -1;
}

static gd_status check_answer(const gd_survey_options *o, const gd_captured_record *record, gd_error *error)
{
    if (record->n_classes != o->n_classes)
        return gd_fail_at(error, GD_INVALID, place_of(record),
                          "an answer of %d probabilities where the model has %d classes: it is another model's",
                          record->n_classes, o->n_classes);
    for (int c = 0; record->classes && c < o->n_classes; c++) {
        if (class_of(o, record, c) < 0)
            return gd_fail_at(error, GD_INVALID, place_of(record),
                              "the answer has class '%.64s', which the model has not: it is another model's",
                              record->classes[c]);
    }
    return GD_OK;
}

static gd_status add_answer(const survey *s, gd_lot *lot, int i, const gd_captured_record *record, int picture,
                            gd_error *error)
{
    const gd_survey_options *o = s->base.o;
    const double *from = record->probability + (ptrdiff_t)picture * record->n_classes;
    GD_TRY(gd_lot_add_numbers(lot, (size_t)o->n_classes, &lot->item[i].probability, error));
    float *to = lot->number + lot->item[i].probability;
    for (int c = 0; c < o->n_classes; c++)
        to[class_of(o, record, c)] = (float)from[c];
    return GD_OK;
}

static gd_status add_seen(const survey *s, gd_lot *lot, int i, const gd_captured_picture *seen, gd_error *error)
{
    gd_lot_item *item = &lot->item[i];
    memcpy(item->sighting.figure, seen->figure, sizeof seen->figure);
    item->sighting.bytes = seen->bytes;
    item->sighting.quality = seen->quality;
    if (seen->format)
        GD_TRY(gd_lot_add_text(lot, seen->format, &item->format, error));
    if (s->base.o->n_features == 0 || seen->n_features != s->base.o->n_features)
        return GD_OK;
    GD_TRY(gd_lot_add_numbers(lot, (size_t)seen->n_features, &item->features, error));
    memcpy(lot->number + item->features, seen->features, (size_t)seen->n_features * sizeof *lot->number);
    return GD_OK;
}

/* ---- taking ---- */

/* The record's body, for the thread to look at. */
static gd_status add_request(survey *s, hand *hand, gd_lot *lot, const gd_captured_record *record, request request,
                             gd_error *error)
{
    const void *bytes;
    gd_error broken = {0};
    const gd_status status = gd_captured_body(s->reader, &record->input, &bytes, &request.length, &broken);
    if (status == GD_FORMAT) {
        gd_lot_note(lot, &broken);
        return GD_OK;
    }
    if (status != GD_OK)
        return gd_fail(error, status, "%s", broken.message);
    request.type = -1;
    if (record->input.type)
        GD_TRY(gd_lot_add_text(lot, record->input.type, &request.type, error));
    request.body = hand->bodies.length;
    gd_text_add_n(&hand->bodies, bytes, request.length);
    hand->request[hand->n++] = request;
    return gd_text_status(&hand->bodies, error);
}

static gd_status add_record(survey *s, hand *hand, gd_lot *lot, const gd_captured_record *record, gd_error *error)
{
    const bool answered = record->probability && s->base.o->n_classes > 0;
    const bool readable = record->input.encoding && gd_body_is_read(record->input.type);
    request request = {.first = lot->n, .n = record->pictures || record->probability ? record->n_pictures : 0};
    bool lacks = request.n == 0;
    if (answered)
        GD_TRY(check_answer(s->base.o, record, error));
    if (s->file != record->file || lot->text.length == 0) {
        GD_TRY(gd_lot_add_text(lot, record->file, &s->file_at, error));
        s->file = record->file;
    }
    for (int i = 0; i < request.n; i++) {
        gd_lot_item *item;
        const int at = lot->n;
        GD_TRY(gd_lot_add(lot, s->file_at, record->line, &item, error));
        item->sighting.time_ms = record->time_ms;
        item->wanted = gd_survey_wants(&s->base);
        if (record->pictures)
            GD_TRY(add_seen(s, lot, at, &record->pictures[i], error));
        if (answered)
            GD_TRY(add_answer(s, lot, at, record, i, error));
        lacks = lacks || gd_survey_lacks(&s->base, &lot->item[at]);
    }
    if (request.n == 0) {
        request.wanted = gd_survey_wants(&s->base);
        s->captured->blind += !readable;
    }
    return lacks && readable ? add_request(s, hand, lot, record, request, error) : GD_OK;
}

/* Records, until they are a lot. One whose pictures only its body tells of is the last in its lot, as they come behind
 * all others there. */
static gd_status take(gd_survey *base, int looker, bool *more, gd_error *error)
{
    survey *s = (survey *)base;
    gd_lot *lot = &base->looker[looker].lot;
    hand *hand = &s->hand[looker];
    hand->n = 0;
    hand->bodies.length = 0;
    s->file = NULL;
    bool open = true;
    while (open && lot->n < MOST_PICTURES && lot->n_numbers < MOST_NUMBERS && hand->bodies.length < MOST_BYTES) {
        const gd_captured_record *record;
        bool here;
        GD_TRY(gd_captured_next(s->reader, &record, error));
        if (!record)
            break;
        GD_TRY(belongs(s, record, &here, error));
        if (here)
            GD_TRY(add_record(s, hand, lot, record, error));
        open = !gd_survey_stopped(base) && (hand->n == 0 || hand->request[hand->n - 1].n > 0);
        *more = true;
    }
    return GD_OK;
}

/* ---- looking ---- */

/* The pictures of a body whose number nobody knew. */
static gd_status add_pictures(gd_lot *lot, const request *r, int n, gd_error *error)
{
    const gd_lot_item *like = &lot->item[r->first];
    const ptrdiff_t file = like->file;
    const int64_t line = like->line, time_ms = like->sighting.time_ms;
    for (int i = 1; i < n; i++) {
        gd_lot_item *item;
        GD_TRY(gd_lot_add(lot, file, line, &item, error));
        item->sighting.time_ms = time_ms;
        item->wanted = r->wanted;
    }
    return GD_OK;
}

static gd_status look_at(survey *s, gd_looker *looker, const request *r, const char *bodies, gd_error *error)
{
    gd_lot *lot = &looker->lot;
    gd_pictures *pictures = &looker->pictures;
    const char *type = r->type >= 0 ? lot->text.at + r->type : NULL;
    gd_error broken = {0};
    gd_pictures_clear(pictures);
    const gd_status status = gd_body_decode(type, bodies + r->body, r->length, s->base.channels, pictures, &broken);
    if (status != GD_OK && status != GD_FORMAT && status != GD_UNSUPPORTED)
        return gd_fail(error, status, "%s", broken.message);
    if (status == GD_OK && r->n > 0 && pictures->n != r->n)
        gd_fail(&broken, GD_FORMAT, "a body of %d pictures where %d were answered", pictures->n, r->n);
    (void)add_pictures;
    return GD_OK;
}
