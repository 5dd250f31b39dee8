// SPDX-License-Identifier: Apache-2.0
/* Captures: a lot is some records' pictures, and those bodies of theirs that have to be looked at. */
#include "base/pipe.h"
#include "survey/origin.h"
#include "survey/survey.h"

#include <stdlib.h>
#include <string.h>

/* Of a lot, before no further record is added to it. */
enum { MOST_PICTURES = 128, MOST_NUMBERS = 1 << 15, MOST_BYTES = 1 << 18 };

/* A record whose body is looked at. */
typedef struct body_request {
    int first, n; /* its items in the lot */
    bool open;    /* how many there are the body will tell: as yet there is one */
    size_t body, length;
    ptrdiff_t type; /* in the lot's text; -1: none */
} body_request;

/* What a thread has in hand besides its lot. */
typedef struct in_hand {
    int n;
    body_request request[MOST_PICTURES];
    gd_text bodies;
} in_hand;

typedef struct survey {
    gd_survey base; /* first */
    const gd_survey_capture *what;
    gd_captured *reader;
    gd_survey_captured *captured;
    in_hand *held; /* (threads) */

    bool begun;
    ptrdiff_t file; /* of the record before, in its lot's text; -1: it is the lot's first */
} survey;

/* ---- what is recorded ---- */

static gd_status add_answer(const survey *s, gd_lot *lot, int i, const gd_captured_record *record, int picture,
                            gd_error *error)
{
    const gd_survey_options *o = s->base.o;
    if (record->answered) {
        lot->item[i].sighting.class_alone = 1 + gd_origin_class(record, picture, o->n_classes, o->classes);
        return GD_OK;
    }
    GD_TRY(gd_lot_add_numbers(lot, (size_t)o->n_classes, &lot->item[i].probability, error));
    float *probability = lot->number + lot->item[i].probability;
    gd_origin_answer(record, picture, o->n_classes, o->classes, probability);
    if (gd_answer_of(probability, o->n_classes).class < 0 && s->captured->odd++ == 0)
        gd_fail_at(&s->captured->first_odd, GD_FORMAT, gd_origin_place(record), "numbers that are no probabilities");
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
static gd_status add_request(survey *s, in_hand *held, gd_lot *lot, const gd_captured_record *record,
                             body_request request, gd_error *error)
{
    const void *bytes;
    gd_error broken = {0};
    const gd_status status = gd_captured_body(s->reader, &record->input, &bytes, &request.length, &broken);
    if (status == GD_FORMAT) {
        lot->n -= request.open;
        gd_lot_note(lot, &broken);
        return GD_OK;
    }
    if (status != GD_OK)
        return gd_fail(error, status, "%s", broken.message);
    request.type = -1;
    if (record->input.type)
        GD_TRY(gd_lot_add_text(lot, record->input.type, &request.type, error));
    request.body = held->bodies.length;
    gd_text_add_n(&held->bodies, bytes, request.length);
    held->request[held->n++] = request;
    return gd_text_status(&held->bodies, error);
}

/* One of a record's pictures. */
static gd_status add_picture(survey *s, gd_lot *lot, const gd_captured_record *record, int i, bool answered,
                             gd_error *error)
{
    gd_lot_item *item;
    const int at = lot->n;
    GD_TRY(gd_lot_add(lot, s->file, record->line, &item, error));
    item->sighting.time_ms = record->time_ms;
    item->wanted = gd_survey_wants(&s->base);
    if (record->pictures)
        GD_TRY(add_seen(s, lot, at, &record->pictures[i], error));
    return answered ? add_answer(s, lot, at, record, i, error) : GD_OK;
}

static gd_status add_file(survey *s, gd_lot *lot, const char *file, gd_error *error)
{
    if (s->file >= 0 && strcmp(lot->text.at + s->file, file) == 0)
        return GD_OK;
    return gd_lot_add_text(lot, file, &s->file, error);
}

static gd_status add_record(survey *s, in_hand *held, gd_lot *lot, const gd_captured_record *record, gd_error *error)
{
    const bool answered = gd_origin_answers(record, s->base.o->n_classes, s->base.o->classes, s->captured);
    const bool readable = record->input.encoding && gd_body_is_read(record->input.type);
    const int n = gd_origin_pictures(record, answered);
    body_request request = {.first = lot->n, .n = n, .open = n == 0};
    bool lacks = request.open;
    if (request.open && !readable && !record->output.encoding) {
        s->captured->blind++;
        return GD_OK;
    }
    GD_TRY(add_file(s, lot, record->file, error));
    request.n += request.open;
    for (int i = 0; i < request.n; i++) {
        GD_TRY(add_picture(s, lot, record, i, answered, error));
        lacks = lacks || gd_survey_lacks(&s->base, &lot->item[lot->n - 1]);
    }
    return lacks && readable ? add_request(s, held, lot, record, request, error) : GD_OK;
}

/* Records, until they are a lot. One whose pictures only its body tells of is the last in its lot, as they come behind
 * all others there. */
static gd_status take(gd_survey *base, int looker, bool *more, gd_error *error)
{
    survey *s = (survey *)base;
    gd_lot *lot = &base->looker[looker].lot;
    in_hand *held = &s->held[looker];
    held->n = 0;
    held->bodies.length = 0;
    s->file = -1;
    bool full = false;
    while (!full && !gd_survey_stopped(base)) {
        const gd_captured_record *record;
        bool here;
        GD_TRY(gd_captured_next(s->reader, &record, error));
        if (!record)
            break;
        GD_TRY(gd_origin_belongs(s->what, record, s->captured, &s->begun, &here, error));
        if (here)
            GD_TRY(add_record(s, held, lot, record, error));
        full = lot->n >= MOST_PICTURES || lot->n_numbers >= MOST_NUMBERS || held->bodies.length >= MOST_BYTES ||
               (held->n > 0 && held->request[held->n - 1].open);
        *more = true;
    }
    return GD_OK;
}

/* ---- looking ---- */

/* The further pictures of a body that was not known to have them. */
static gd_status add_further(gd_lot *lot, body_request *r, int n, gd_error *error)
{
    for (; r->n < n; r->n++) {
        gd_lot_item *item, *first = &lot->item[r->first];
        const gd_sighting sighting = first->sighting;
        const bool wanted = first->wanted;
        GD_TRY(gd_lot_add(lot, first->file, first->line, &item, error));
        item->sighting.time_ms = sighting.time_ms;
        item->wanted = wanted;
    }
    return GD_OK;
}

/* Nothing but what is recorded is known of the pictures. `why`: with a place in the body. */
static void give_up(gd_lot *lot, const body_request *r, const gd_error *why)
{
    const gd_lot_item *item = &lot->item[r->first];
    const gd_place place = {lot->text.at + item->file, item->line < INT32_MAX ? (int)item->line : INT32_MAX, 1};
    char text[sizeof why->message];
    gd_error broken = {0};
    gd_fail_at(&broken, GD_FORMAT, place, "%s", gd_error_text(why, text, sizeof text));
    gd_lot_note(lot, &broken);
    lot->n -= r->open;
}

static gd_status look_at(survey *s, gd_looker *looker, body_request *r, const char *bodies, gd_error *error)
{
    gd_lot *lot = &looker->lot;
    gd_pictures *pictures = &looker->pictures;
    gd_error broken = {0};
    gd_pictures_clear(pictures);
    gd_status status = gd_body_decode(r->type >= 0 ? lot->text.at + r->type : NULL, bodies + r->body, r->length,
                                      s->base.channels, pictures, &broken);
    if (status == GD_OK && !r->open && pictures->n != r->n)
        status = gd_fail(&broken, GD_FORMAT, "body: %d picture%s where %d were answered", pictures->n,
                         gd_plural(pictures->n), r->n);
    if (status == GD_FORMAT) {
        give_up(lot, r, &broken);
        return GD_OK;
    }
    if (status != GD_OK)
        return gd_fail(error, status, "%s", broken.message);
    GD_TRY(add_further(lot, r, pictures->n, error));
    for (int i = 0; i < r->n; i++) {
        const gd_picture *p = &pictures->picture[i];
        const gd_image image = {p->height, p->width, p->channels, p->pixels};
        const gd_description file = gd_decode_describe(bodies + r->body, r->length);
        if (!pictures->several)
            gd_lot_describe(&lot->item[r->first + i], &file);
        GD_TRY(gd_survey_look(&s->base, looker, lot, r->first + i, &image, true, error));
    }
    return GD_OK;
}

static gd_status look(gd_survey *base, int looker, gd_error *error)
{
    survey *s = (survey *)base;
    in_hand *held = &s->held[looker];
    for (int i = 0; i < held->n; i++)
        GD_TRY(look_at(s, &base->looker[looker], &held->request[i], held->bodies.at, error));
    return GD_OK;
}

gd_status gd_survey_captures(const gd_survey_capture *what, const gd_survey_options *options, const gd_see *see,
                             gd_survey_captured *captured, gd_survey_counts *counts, gd_error *error)
{
    survey s = {.what = what, .captured = captured};
    gd_status status;
    *captured = (gd_survey_captured){0};
    *counts = (gd_survey_counts){0};
    s.held = calloc(GD_PIPE_THREADS, sizeof *s.held);
    if (!s.held)
        return gd_fail(error, GD_NOMEM, "out of memory for a reader of captures");
    status = gd_captured_open(&what->read, &s.reader, error);
    if (status == GD_OK) {
        status = gd_survey_run(&s.base, (gd_survey_steps){take, look}, options, see, counts, error);
        if (status == GD_OK)
            status = gd_origin_check(captured, error);
        captured->read = *gd_captured_count(s.reader);
    }
    gd_captured_close(s.reader);
    for (int i = 0; i < GD_PIPE_THREADS; i++)
        gd_text_release(&s.held[i].bodies);
    free(s.held);
    return status;
}
